#!/usr/bin/python3
"""docs/architecture.md names what there is: its rooms and what they use are those of the build, each
file of checks is in its table, and each file, function and type that it names exists."""
# SPDX-License-Identifier: GPL-2.0-or-later
import glob
import os
import re
import subprocess
import sys

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))
PAGE = "docs/architecture.md"
# Words in code style that are placeholders.
MADE_UP = {"check_NAME", "ladder_ROOM", "sadb_see_*", "NAME"}


def read(path):
    with open(os.path.join(ROOT, path), encoding="utf-8") as f:
        return f.read()


def rooms_of_build():
    with open(os.path.join(BUILD, "rooms.txt"), encoding="utf-8") as f:
        rows = [line.rstrip("\n").split("\t") for line in f]
    return {folder: set(uses.replace(";", " ").split()) for _, folder, uses, _ in rows}


def rooms_of_page(text):
    rows = re.findall(r"^\| `([\w/]+)` \| [^|]+ \| ([\w ]*) ?\|$", text, re.M)
    return {folder: set(uses.split()) for folder, uses in rows}


def faults(text):
    built, told = rooms_of_build(), rooms_of_page(text)
    for folder in sorted(built.keys() | told.keys()):
        if folder not in told:
            yield f"no row for the room {folder}"
        elif folder not in built:
            yield f"{folder} is no room of CMakeLists.txt"
        elif told[folder] != built[folder] and told[folder] != {"all"}:
            yield f"{folder} uses {' '.join(sorted(told[folder])) or 'nothing'}, and CMakeLists.txt says {' '.join(sorted(built[folder]))}"
    checks = {os.path.basename(path) for path in glob.glob(os.path.join(ROOT, "expert/**/check_*.c"), recursive=True)}
    listed = set(re.findall(r"^\| `(check_\w+\.c)` \|", text, re.M))
    for name in sorted(checks ^ listed):
        yield f"{name} is {'in no row of the table of checks' if name in checks else 'in the table of checks and not in expert/'}"
    source = "".join(read(path) for pattern in ("plugin/**/*.[ch]", "plugin/**/*.def", "expert/*", "include/espial/**/*")
                     for path in glob.glob(pattern, root_dir=ROOT, recursive=True) if os.path.isfile(os.path.join(ROOT, path)))
    files = subprocess.run(["find", ".", "-name", ".git", "-prune", "-o", "-print"], cwd=ROOT, capture_output=True, text=True,
                           check=True).stdout.split("\n")
    for word in sorted(set(re.findall(r"`(?:struct )?([\w./*]+)`", text)) - MADE_UP):
        if re.search(r"[./]", word):
            if not any(path.endswith("/" + word.rstrip("/")) for path in files) and "X" not in word:
                yield f"names {word}, and there is no such file"
        elif not re.search(rf"\b{re.escape(word)}\b", source) and not any(path.endswith("/" + word) for path in files):
            yield f"names {word}, and the sources do not"


def main():
    text = read(PAGE)
    found = [f"{PAGE}: {fault}" for fault in faults(text)]
    # A page on which nothing is wrong must still be read: each kind of fault, planted.
    for old, new, word in (("| `plugin/core/wire` |", "| `plugin/core/wires` |", "no row for the room plugin/core/wire"),
                           ("| points ike wire suite |", "| ike suite |", "plugin/core/sadb uses"),
                           ("| `check_plan.c` |", "| `check_plans.c` |", "check_plan.c is in no row"),
                           ("`feed_frame`", "`feed_frames`", "names feed_frames"), ("`limits.h`", "`limit.h`", "names limit.h")):
        if old not in text or not any(word in fault for fault in faults(text.replace(old, new))):
            found.append(f"tests/rooms/test_map.py: {old} made {new} is not noticed")
    print("\n".join(found) or f"figure: rooms: {PAGE} names nothing that is not there")
    sys.exit(1 if found else 0)


main()
