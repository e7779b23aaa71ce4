#!/usr/bin/python3
"""The build refuses what the rooms forbid, and names the culprit: a header of Wireshark or of a
room that is not used, a call to a room above, a row of CMakeLists.txt that looks upward.  Each
fault is planted in a copy of the tree, which builds before and with what is lawful."""
# SPDX-License-Identifier: GPL-2.0-or-later
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

import drawing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))
LIKE_THE_BUILD = ("CMAKE_C_COMPILER", "CMAKE_C_COMPILER_LAUNCHER", "CMAKE_PREFIX_PATH", "CMAKE_MAKE_PROGRAM", "Wireshark_DIR")
PLANTED = "planted.c"


def run(args, folder):
    done = subprocess.run(args, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False,
                          env={**os.environ, "LC_ALL": "C"})
    return done.returncode, done.stdout


class Copy:
    """The sources in a folder of their own, configured as the build is, without the tests."""

    def __init__(self, folder):
        self.folder = folder
        shutil.copy(os.path.join(ROOT, "CMakeLists.txt"), folder)
        for part in ("include", "plugin", "expert", "cmake"):
            shutil.copytree(os.path.join(ROOT, part), os.path.join(folder, part))
        with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as f:
            self.cache = dict(re.findall(r"^(\w+):\w+=(.*)$", f.read(), re.M))
        self.cmake = self.cache["CMAKE_COMMAND"]

    def configure(self):
        like = [f"-D{name}={self.cache[name]}" for name in LIKE_THE_BUILD if self.cache.get(name)]
        return run([self.cmake, "-S", ".", "-B", "build", "-G", self.cache["CMAKE_GENERATOR"], "-DBUILD_TESTING=OFF", *like], self.folder)

    def build(self, room, text):
        """The ladder of a room, with one more source in it."""
        path = os.path.join(self.folder, room.folder, PLANTED)
        if text:
            with open(path, "w", encoding="utf-8") as f:
                f.write(text)
        result = run([self.cmake, "--build", "build", "--target", f"ladder_{room.name}", "--parallel", "2"], self.folder)
        if text:
            os.remove(path)
        return result

    def flags(self, room):
        """The compiler's command for a source of that room, without the source and what is made."""
        with open(os.path.join(self.folder, "build", "compile_commands.json"), encoding="utf-8") as f:
            first = next(c for c in json.load(f) if os.path.dirname(os.path.relpath(c["file"], self.folder)) == room.folder)
        words = shlex.split(first["command"])
        return words[:words.index("-o")]


def function_of(room):
    """A function that a room defines for others."""
    for made in room.objects.values():
        found = subprocess.run(["nm", "-P", "-g", made], stdout=subprocess.PIPE, text=True, check=True).stdout
        names = re.findall(r"^(\w+) T ", found, re.M)
        if names:
            return names[0]
    raise OSError(f"room {room.name} defines no function: build first")


def calling(functions):
    """A source that calls them; the prototypes are not theirs, but nothing of it is ever run."""
    return "".join(f"void {f}(void);\n" for f in functions) + "void planted(void);\nvoid planted(void)\n{\n" + \
        "".join(f"    {f}();\n" for f in functions) + "}\n"


def private_headers(room):
    return [os.path.basename(p) for p in drawing.files_of(ROOT, room.folder) if p.endswith(".h")]


def refused(result, *culprits):
    """What is wrong with a refusal: it was none, or it does not name who is to blame."""
    code, said = result
    lacks = [c for c in culprits if c not in said]
    if code == 0:
        return "is built"
    return f"is refused without a word of {' and '.join(lacks)}:\n{said}" if lacks else ""


def refused_headers(copy, rooms, others):
    """Every room and every private header of another that it does not use."""
    tried = 0
    for room in rooms:
        lawful = {h for other in others if other is room or other.name in room.uses for h in private_headers(other)}
        flags, planted = copy.flags(room), os.path.join(copy.folder, room.folder, PLANTED)
        for other in others:
            for header in sorted(set(private_headers(other)) - lawful):
                with open(planted, "w", encoding="utf-8") as f:
                    f.write(f'#include "{header}"\n')
                wrong = refused(run([*flags, "-fsyntax-only", planted], copy.folder), PLANTED, header)
                tried += 1
                if wrong:
                    yield f"{room.folder}: {header} of room {other.name}, which {room.name} does not use, {wrong}"
        os.remove(planted)
    if not tried:
        yield "no room has a private header that another may not see: nothing was tried"


def faults(copy, all_rooms):
    rooms = all_rooms[:-1]
    lower = drawing.below(rooms)
    room = next(r for r in rooms if r.uses)     # the lowest that uses another: quickly built
    used = next(r for r in rooms if r.name in room.uses)
    above = [r for r in all_rooms if r.name not in lower[room.name]]
    code, said = copy.configure()
    if code:
        yield f"the copy is not configured:\n{said}"
        return
    for what, text in (("as it is", ""), (f"with a call to {used.name}", calling([function_of(used)]))):
        code, said = copy.build(room, text)
        if code:
            yield f"{room.folder} {what} is not built:\n{said}"
            return
    for header in ("epan/packet.h", "wsutil/wmem/wmem.h", "epan/espial.h"):
        wrong = refused(copy.build(room, f"#include <{header}>\n"), PLANTED, header)
        if wrong:
            yield f"{room.folder}: #include <{header}> {wrong}"
    functions = [function_of(r) for r in above]
    wrong = refused(copy.build(room, calling(functions)), PLANTED, *functions)
    if wrong:
        yield f"{room.folder}: a call to each room above ({', '.join(functions)}) {wrong}"
    yield from refused_headers(copy, rooms, all_rooms)
    # Last, for the copy is spoilt by it.
    path = os.path.join(copy.folder, "CMakeLists.txt")
    with open(path, encoding="utf-8") as f:
        text = f.read()
    upward, highest = f"espial_room({rooms[0].name}", rooms[-1].name
    with open(path, "w", encoding="utf-8") as f:
        f.write(text.replace(upward, f"{upward} USES {highest}"))
    wrong = refused(copy.configure(), "CMakeLists.txt", f"Room {rooms[0].name} uses {highest}")
    if wrong:
        yield f"CMakeLists.txt: {upward} USES {highest}) {wrong}"


def main():
    try:
        rooms = drawing.read_rooms(os.path.join(BUILD, "rooms.txt"))
        with tempfile.TemporaryDirectory() as folder:
            found = list(faults(Copy(folder), rooms))
    except OSError as e:
        sys.exit(str(e))
    print("\n".join(found) or f"figure: rooms: what {len(rooms)} rooms may not include or call is refused by name")
    sys.exit(1 if found else 0)


main()
