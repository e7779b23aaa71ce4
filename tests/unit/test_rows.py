#!/usr/bin/python3
"""Every row of checks.def has a firing and a silent case in some test_check_* program, a
title of its own, a remedy, a reference, and a word on when it is silent and on why it matters.
usage: test_rows.py CHECKS_DEF PROGRAM..."""
# SPDX-License-Identifier: GPL-2.0-or-later
import re
import subprocess
import sys

ROW = re.compile(r'^CHECK\((\w+), \w+, \w+, [\w |]+,\s*((?:"(?:[^"\\]|\\.)*"[\s,]*)+)(?:NO_)?CAUSE\(', re.M)
TEXT = re.compile(r'"((?:[^"\\]|\\.)*)"')


def main():
    rows = ROW.findall(open(sys.argv[1], encoding="utf-8").read())
    seen = {name: set() for name, _ in rows}
    for program in sys.argv[2:]:
        out = subprocess.run([program], capture_output=True, text=True, check=False).stdout
        for line in out.splitlines():
            if line.startswith("row "):
                _, name, *words = line.split()
                seen[name].update(words)
    faults = [f"{name}: no {word} case" for name, words in seen.items() for word in ("fired", "silent") if word not in words]
    titles = [TEXT.findall(texts)[0] for _, texts in rows]
    faults += [f"title used twice: {t}" for t in set(titles) if titles.count(t) > 1]
    faults += [f"{name}: an empty text" for name, texts in rows if "" in TEXT.findall(texts)]
    faults += [f"{name}: no RFC reference" for name, texts in rows if not re.search(r'"RFC \d+ ', texts)]
    print("\n".join(faults) or f"figure: checks: {len(rows)} rows, each with a firing and a silent case, a remedy and a reference")
    sys.exit(1 if faults or not rows else 0)


main()
