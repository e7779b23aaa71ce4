#!/usr/bin/python3
"""The drawing of the rooms finds what is planted: each kind of circle and each forbidden arrow in
a house of three rooms, and nothing in the house as it was before."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import shutil
import subprocess
import sys
import tempfile

import drawing

# high uses middle, middle uses low; the plugin over them uses all.
USES = {"low": [], "middle": ["low"], "high": ["middle"], "epan": ["low", "middle", "high"]}
HOUSE = {
    "include/noun.h": "struct noun;\n",
    "include/low.h": '#include <noun.h>\nint low_one(void);\nint low_two(void);\n',
    "include/middle.h": '#include <low.h>\nint middle(void);\n',
    "include/high.h": '#include <middle.h>\nint high(void);\n',
    "low/inside.h": "int low_inside(void);\n",
    "low/one.c": '#include <low.h>\n#include "inside.h"\nint low_one(void) { return low_inside(); }\n',
    "low/two.c": '#include <low.h>\n#include "inside.h"\nint low_inside(void) { return 0; }\nint low_two(void) { return 0; }\n',
    "middle/middle.c": '#include <middle.h>\n#include "inside.h"\nint middle(void) { return low_one() + low_inside(); }\n',
    "high/high.h": "int high_inside(void);\n",
    "high/high.c": '#include <high.h>\n#include "high.h"\nint high(void) { return middle(); }\nint high_inside(void) { return 1; }\n',
    "epan/plugin.h": "extern int capture;\n",
    "epan/plugin.c": '#include <high.h>\n#include <low.h>\n#include <middle.h>\n#include "plugin.h"\nint capture;\n'
                     "int plugin(void) { return high() + middle() + low_one(); }\n",
}


def write(folder, path, text):
    os.makedirs(os.path.dirname(os.path.join(folder, path)), exist_ok=True)
    with open(os.path.join(folder, path), "w", encoding="utf-8") as f:
        f.write(text)


def made_of(folder, source, files, kept, seen):
    """The object of a source, compiled where no house before had the same source and headers."""
    key = (source, files[source], *sorted(item for item in files.items() if item[0].endswith(".h")))
    if key not in kept:
        kept[key] = os.path.join(folder, f"{len(kept)}.dir", source + ".o")
        os.makedirs(os.path.dirname(kept[key]))
        subprocess.run(["cc", "-w", *seen, "-c", source, "-o", kept[key]], cwd=folder, check=True)
    return kept[key]


def drawn(folder, files, uses, kept):
    """What is said of a house."""
    for part in ("include", *uses):
        shutil.rmtree(os.path.join(folder, part), ignore_errors=True)
    for path, text in files.items():
        write(folder, path, text)
    # All folders: what the compiler would refuse is to be seen in the drawing.
    seen = [f"-I{part}" for part in ("include", *uses)]
    rows = []
    for room, used in uses.items():
        sources = sorted(p for p in files if p.startswith(room + "/") and p.endswith(".c"))
        made = [made_of(folder, source, files, kept, seen) for source in sources]
        rows.append("\t".join((room, room, ";".join(used), ";".join(made))) + "\n")
    write(folder, "rooms.txt", "".join(rows))
    return drawing.faults(folder, drawing.read_rooms(os.path.join(folder, "rooms.txt")))[0]


def replaced(path, old, new):
    assert old in HOUSE[path], (path, old)
    return {path: HOUSE[path].replace(old, new)}


# What is planted; the files that differ; the USES that differ; words of the lines that must be said,
# a line for each (those that begin with a blank tell of the circle before).
PLANTED = [
    ("nothing", {}, {}, []),
    ("namesakes: a static function, a member, a local",
     {"low/three.c": "struct s { int high; };\nstatic int middle(void) { return 1; }\n"
                     "int low_three(struct s *s) { int plugin = middle(); return s->high + plugin; }\n"}, {}, []),
    ("a circle of two files",
     replaced("low/two.c", "low_inside(void) { return 0; }", "low_inside(void) { return low_one(); }"), {},
     [["low/one.c", "circle of 2 files", "low/one.c -> low/two.c -> low/one.c"], ["low/one.c uses low/two.c: low_inside"],
      ["low/two.c uses low/one.c: low_one"]]),
    ("a circle of three, one arrow of it a pointer in a table",
     {"low/two.c": '#include "inside.h"\nextern int (*const table[])(void);\nint low_inside(void) { return table[0](); }\n'
                   "int low_two(void) { return 0; }\n",
      "low/table.c": "#include <low.h>\nint (*const table[])(void) = { low_one };\n"}, {},
     [["low/one.c", "circle of 3 files"], ["low/one.c uses low/two.c: low_inside"], ["low/table.c uses low/one.c: low_one"],
      ["low/two.c uses low/table.c: table"]]),
    ("a circle by a global",
     {"epan/feed.c": '#include "plugin.h"\nint feed(void) { return capture; }\n',
      **replaced("epan/plugin.c", "return high()", "int feed(void); return feed() + high()")}, {},
     [["epan/feed.c", "circle of 2 files"], ["epan/feed.c uses epan/plugin.c: capture"], ["epan/plugin.c uses epan/feed.c: feed"]]),
    ("a call to a room below that is not named in USES",
     replaced("high/high.c", "return middle()", "int low_two(void); return low_two() + middle()"), {},
     [["high/high.c", "calls low_two of low/two.c", "high does not use low", "USES in CMakeLists.txt: middle"]]),
    ("a call to a room above",
     {"low/three.c": "int high_inside(void);\nint low_three(void) { return high_inside(); }\n"}, {},
     [["low/three.c", "calls high_inside of high/high.c", "high is above low"]]),
    ("a call to the plugin",
     {"high/other.c": "extern int capture;\nint other(void) { return capture; }\n"}, {},
     [["high/other.c", "calls capture of epan/plugin.c", "epan is above high"]]),
    ("a private header of a room that is not named in USES",
     replaced("high/high.c", '#include "high.h"', '#include "high.h"\n#include "inside.h"'), {},
     [["high/high.c", "includes inside.h", "private header of room low", "high does not use"]]),
    ("a private header by its path",
     replaced("high/high.c", '#include "high.h"', '#include "high.h"\n#include "../low/inside.h"'), {},
     [["high/high.c", "includes low/inside.h", "high does not use low"]]),
    ("a private header in a public one",
     replaced("include/high.h", "#include <middle.h>", '#include <middle.h>\n#include "../high/high.h"'), {},
     [["include/high.h", "includes high/high.h", "private to room high"]]),
    ("a circle of headers",
     replaced("include/noun.h", "struct noun", "#ifndef NOUN\n#define NOUN\n#include <low.h>\n#endif\nstruct noun"), {},
     [["include/low.h", "circle of 2 files"], ["include/low.h includes include/noun.h"], ["include/noun.h includes include/low.h"]]),
    ("a room that includes the functions of a higher one",
     replaced("low/two.c", "#include <low.h>", "#include <low.h>\n#include <middle.h>"), {},
     [["low/two.c", "room low", "includes include/middle.h", "room middle, which is not below low"]]),
    ("the same by way of a header of nobody",
     {**replaced("include/low.h", "#include <noun.h>", "#include <both.h>"), "include/both.h": "#include <middle.h>\n",
      **replaced("include/middle.h", "#include <low.h>\n", "")}, {},
     [["include/low.h", "includes include/middle.h", "by way of include/both.h"]]),
    ("a room in USES that is not used", {}, {"high": ["middle", "low"]}, [["CMakeLists.txt", "room high names low"]]),
]


def main():
    faults, kept = [], {}
    with tempfile.TemporaryDirectory() as folder:
        for what, files, uses, expected in PLANTED:
            found = drawn(folder, {**HOUSE, **files}, {**USES, **uses}, kept)
            if len(found) != len(expected) or not all(all(w in line for w in words) for line, words in zip(found, expected)):
                faults.append("\n    ".join([f"planted {what}: expected {len(expected)} lines with {expected}, and the drawing says", *found]))
        gone = made_of(folder, "low/two.c", HOUSE, kept, [])
        os.remove(gone)
        try:
            drawn(folder, HOUSE, USES, kept)
            faults.append("an object that is not there: nothing said")
        except OSError as e:
            if gone not in str(e) or "build first" not in str(e):
                faults.append(f"an object that is not there: said {e}")
    print("\n".join(faults) or f"figure: rooms: {len(PLANTED)} houses drawn, each fault that is planted is named")
    sys.exit(1 if faults else 0)


main()
