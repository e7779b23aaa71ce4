#!/usr/bin/python3
"""The tree has no circle of files, and no arrow from a room to one that it does not use: neither
in the calls of the objects that were built nor in the #include lines."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import sys

import drawing

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))


def main():
    try:
        found, figure = drawing.faults(ROOT, drawing.read_rooms(os.path.join(BUILD, "rooms.txt")))
    except OSError as e:
        sys.exit(str(e))
    print("\n".join(found), end="\n" if found else "")
    print(f"figure: rooms: {figure}: {len([f for f in found if not f.startswith(' ')]) or 'no'} faults")
    sys.exit(1 if found else 0)


main()
