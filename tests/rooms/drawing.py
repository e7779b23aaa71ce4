"""The drawing of the house: which file calls or includes which, from the objects that the build
made and from the #include lines, held against the rooms that CMakeLists.txt names.

Only the linker's symbols count: a static function, a member and a parameter that bear the name of
another file's function are namesakes and no arrow."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import subprocess

PUBLIC = "include"          # what every room may include
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.M)
SHOWN_SYMBOLS = 6


class Room:
    """A row of rooms.txt: the folder, the rooms that it may use, and source file -> object."""

    def __init__(self, name, folder, uses, objects):
        self.name, self.folder, self.uses, self.objects = name, folder, uses, objects


def read_rooms(path):
    """Rooms from the ground up.  A row: name, folder, rooms used, objects; tabs between them."""
    rooms = []
    with open(path, encoding="utf-8") as f:
        for line in f.read().splitlines():
            name, folder, uses, objects = line.split("\t")
            sources = {source_of(o): o for o in objects.split(";") if o}
            rooms.append(Room(name, folder, [u for u in uses.split(";") if u], sources))
    return rooms


def source_of(made):
    """CMakeFiles/room_wire.dir/plugin/core/wire/addr.c.o is made of plugin/core/wire/addr.c."""
    return os.path.normpath(re.sub(r"\.(o|obj)$", "", made.rsplit(".dir/", 1)[-1]))


def below(rooms):
    """room: itself and all that it uses, directly or not."""
    found = {}
    for room in rooms:
        found[room.name] = {room.name}.union(*(found[u] for u in room.uses if u in found))
    return found


# --- calls -------------------------------------------------------------------------------------------

def symbols(made):
    """What an object defines for others, and what it asks of others."""
    run = subprocess.run(["nm", "-P", "-g", made], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        raise OSError(f"{made}: {run.stderr.strip()}: build first")
    defined, asked = set(), set()
    for line in run.stdout.splitlines():
        name, kind = line.split()[:2]
        (asked if kind in "Uwv" else defined).add(name)
    return defined, asked


def calls(rooms):
    """{(file, file): symbols that the first uses of the second}, and symbol -> file."""
    seen = {source: symbols(made) for room in rooms for source, made in room.objects.items()}
    home = {name: source for source, (defined, _) in seen.items() for name in defined}
    arrows = {}
    for source, (_, asked) in seen.items():
        for name in asked:
            if name in home and home[name] != source:
                arrows.setdefault((source, home[name]), set()).add(name)
    return arrows, home


# --- includes ----------------------------------------------------------------------------------------

def files_of(root, folder):
    """C files and tables of a folder and of those in it."""
    for at, folders, names in os.walk(os.path.join(root, folder)):
        folders.sort()
        for name in sorted(names):
            if name.endswith((".c", ".h", ".def")):
                yield os.path.relpath(os.path.join(at, name), root)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
        return f.read()


def includes(root, rooms):
    """{(file, file): what was written}, and the #include lines that reach no file a room may
    see but a private header of another room: (file, what was written, that room)."""
    folder_of = {room.name: room.folder for room in rooms}
    private = {}                # name of a header: the rooms that have one
    for room in rooms:
        for path in files_of(root, room.folder):
            private.setdefault(os.path.basename(path), []).append(room.name)
    arrows, foreign = {}, []
    reach = [(PUBLIC, [PUBLIC])] + [(r.folder, [PUBLIC] + [folder_of[u] for u in r.uses if u in folder_of]) for r in rooms]
    for folder, may_see in reach:
        for path in files_of(root, folder):
            for mark, what in INCLUDE.findall(read(root, path)):
                places = ([os.path.dirname(path), folder] if mark == '"' else [folder]) + may_see
                found = [os.path.normpath(os.path.join(p, what)) for p in places]
                found = [f for f in found if os.path.isfile(os.path.join(root, f))]
                if found:
                    arrows[(path, found[0])] = what
                elif os.path.basename(what) in private and (mark == '"' or "/" not in what):
                    foreign.append((path, what, private[os.path.basename(what)][0]))
    return arrows, foreign


# --- circles -----------------------------------------------------------------------------------------

def knots(arrows):
    """Sets of files that reach one another (Tarjan's strongly connected components)."""
    ahead = {}
    for a, b in arrows:
        ahead.setdefault(a, []).append(b)
        ahead.setdefault(b, [])
    number, low, stack, found = {}, {}, [], []

    def visit(node):
        number[node] = low[node] = len(number)
        stack.append(node)
        for other in ahead[node]:
            if other not in number:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], number[other])
        if low[node] == number[node]:
            knot = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(knot) > 1 or node in ahead[node]:
                found.append(sorted(knot))

    for node in sorted(ahead):
        if node not in number:
            visit(node)
    return sorted(found)


def shortest_circle(knot, arrows):
    """A shortest way within the knot that comes back to where it began."""
    best = None
    ahead = {a: sorted(b for a2, b in arrows if a2 == a and b in knot) for a in knot}
    for start in knot:
        ways = [[start]]
        seen = set()
        while ways and (best is None or len(ways[0]) < len(best)):
            way = ways.pop(0)
            for other in ahead[way[-1]]:
                if other == start:
                    best = way + [start] if best is None or len(way) + 1 < len(best) else best
                    ways = []
                    break
                if other not in seen:
                    seen.add(other)
                    ways.append(way + [other])
    return best


def few(names):
    """The first of the names, and how many more there are."""
    names = sorted(names)
    more = len(names) - SHOWN_SYMBOLS
    return ", ".join(names[:SHOWN_SYMBOLS]) + (f" and {more} more" if more > 0 else "")


def circles(arrows, verb):
    for knot in knots(arrows):
        way = shortest_circle(knot, arrows)
        yield f"{way[0]}: a circle of {len(knot)} files, the shortest {' -> '.join(way)}: put what they share in a file below them"
        for (a, b) in sorted(arrows):
            if a in knot and b in knot:
                what = arrows[(a, b)]
                yield f"    {a} {verb} {b}: {few({what} if isinstance(what, str) else what)}"


# --- what is held against the rooms ------------------------------------------------------------------

def room_of(path, rooms):
    """The room in whose folder a file is; None for a public header."""
    inside = [room for room in rooms if path.startswith(room.folder + "/")]
    return max(inside, key=lambda room: len(room.folder), default=None)


def crossings(arrows, rooms, verb):
    """Arrows from a room to one that it does not use, and from public headers into a room."""
    places = {room.name: i for i, room in enumerate(rooms)}
    for (a, b), what in sorted(arrows.items()):
        from_room, to_room = room_of(a, rooms), room_of(b, rooms)
        if to_room is None or from_room is to_room:
            continue
        what = f"{verb} {few(what)} of {b}" if isinstance(what, set) else f"{verb} {b}"
        if from_room is None:
            yield f"{a}: {what}, which is private to room {to_room.name}: a public header includes only public ones"
        elif to_room.name not in from_room.uses:
            why = f"room {from_room.name} does not use {to_room.name}"
            if places[to_room.name] > places[from_room.name]:
                why = f"room {to_room.name} is above {from_room.name}"
            yield (f"{a}: {what}, but {why} "
                   f"(its USES in CMakeLists.txt: {' '.join(from_room.uses) or 'nothing'})")


def homes(root, home, rooms):
    """Public header -> the rooms that define a function or object that it declares, lowest first."""
    places = [room.name for room in rooms]
    found = {}
    for header in files_of(root, PUBLIC):
        text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", read(root, header), flags=re.S)
        # A declaration at file level: what is within braces are members.
        text = re.sub(r"\{[^{}]*\}", " ", re.sub(r"\{[^{}]*\}", " ", text))
        words = set(re.findall(r"\b(\w+)\s*(?:\(|\[\w*\]\s*;)", text)) & set(home)
        owners = {room_of(home[w], rooms).name for w in words}
        if owners:
            found[header] = sorted(owners, key=places.index)
    return found


def owners_of(path, rooms, lives):
    """Names of the rooms that a file belongs to: a source's folder, a public header's homes."""
    room = room_of(path, rooms)
    return [room.name] if room else lives.get(path, [])


def nouns(arrows, rooms, lives):
    """{(file, file): the way}: who includes which header of an owner, also by way of headers that
    declare no function and so belong to nobody."""
    ahead = {}
    for a, b in arrows:
        ahead.setdefault(a, set()).add(b)
    found = {}
    for start in sorted(ahead):
        ways, seen = [[start]], {start}
        while ways and owners_of(start, rooms, lives):
            way = ways.pop(0)
            for other in sorted(ahead.get(way[-1], set()) - seen):
                seen.add(other)
                if owners_of(other, rooms, lives):
                    found[(start, other)] = way + [other]
                else:
                    ways.append(way + [other])
    return found


def foreign_nouns(reached, rooms, lives):
    """Files of a room, or headers that declare its functions, that include a public header of
    a room that is not below it."""
    lower = below(rooms)
    for (a, b), way in sorted(reached.items()):
        mine, other = owners_of(a, rooms, lives)[0], lives.get(b, [None])[0]
        if other and other not in lower[mine]:
            by = f", by way of {' and '.join(way[1:-1])}" if len(way) > 2 else ""
            whose = f", whose functions are in room {mine}," if a in lives else f" of room {mine}"
            yield (f"{a}{whose} includes {b}{by}: its functions are in room {other}, which is not below {mine}: "
                   f"move what {mine} needs of it to a header of its own")


def unused(called, reached, rooms, lives):
    """Rooms named in USES of which nothing is called and no header included."""
    really = {(mine, other) for a, b in list(called) + list(reached)
              for mine in owners_of(a, rooms, lives) for other in owners_of(b, rooms, lives)}
    for room in rooms[:-1]:
        for used in room.uses:
            if (room.name, used) not in really:
                yield f"CMakeLists.txt: room {room.name} names {used} in USES, and nothing of it is called or included: take it away"


def faults(root, rooms):
    """All that is wrong with the drawing, as lines to print; and its figures."""
    called, home = calls(rooms)
    included, foreign = includes(root, rooms)
    found = list(circles(called, "uses")) + list(circles(included, "includes"))
    found += crossings(called, rooms, "calls")
    found += crossings(included, rooms, "includes")
    found += [f"{a}: includes {what}, a private header of room {room}, which {room_of(a, rooms).name if room_of(a, rooms) else PUBLIC} does not use"
              for a, what, room in foreign]
    lives = homes(root, home, rooms)
    reached = nouns(included, rooms, lives)
    found += foreign_nouns(reached, rooms, lives)
    found += unused(called, reached, rooms, lives)
    files = {path for arrow in list(called) + list(included) for path in arrow}
    return found, f"{len(rooms)} rooms, {len(files)} files, {len(called)} arrows of calls, {len(included)} of includes"
