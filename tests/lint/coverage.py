#!/usr/bin/python3
"""Line and branch coverage of core and expert, by unit tests and fuzz replay.
usage: coverage.py BUILD_DIR: the counters of a build with --coverage, after its tests have run.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import gzip, json, os, subprocess, sys, tempfile

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
GOAL = 95.0     # per cent of the lines of each of the two


class File:
    def __init__(self):
        self.lines, self.branches = {}, {}

    def add(self, line):
        n = line["line_number"]
        self.lines[n] = self.lines.get(n, 0) + line["count"]
        for i, b in enumerate(line["branches"]):
            self.branches[n, i] = self.branches.get((n, i), 0) + b["count"]


def counts(values):
    return sum(1 for v in values if v), len(values)


def percent(part):
    return 100.0 * part[0] / part[1] if part[1] else 100.0


def read(build):
    """{source below ROOT: File}, over all objects, so that what is inlined counts together."""
    data = [os.path.join(d, f) for d, _, names in os.walk(os.path.abspath(build)) for f in names if f.endswith(".gcda")]
    files = {}
    with tempfile.TemporaryDirectory() as work:
        for i in range(0, len(data), 50):
            subprocess.run(["gcov", "--json-format", "--branch-probabilities", *data[i:i + 50]], cwd=work, check=True,
                           stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            for name in os.listdir(work):
                with gzip.open(os.path.join(work, name)) as f:
                    report = json.load(f)
                for source in report["files"]:
                    path = os.path.relpath(os.path.join(report["current_working_directory"], source["file"]), ROOT)
                    if path.startswith(("plugin/core/", "plugin/report/", "expert/")) and path.endswith(".c"):
                        for line in source["lines"]:
                            files.setdefault(path, File()).add(line)
                os.remove(os.path.join(work, name))
    return files


def ranges(numbers):
    out = []
    for n in numbers:
        if out and n == out[-1][1] + 1:
            out[-1][1] = n
        else:
            out.append([n, n])
    return " ".join(str(a) if a == b else f"{a}-{b}" for a, b in out)


def main():
    files, low = read(sys.argv[1]), []
    if not files:
        sys.exit(f"no counters in {sys.argv[1]}")
    rows = []
    for path, f in files.items():
        lines, branches = counts(f.lines.values()), counts(f.branches.values())
        missed = ranges(n for n in sorted(f.lines) if not f.lines[n])
        rows.append((percent(lines), percent(branches), path, missed))
    for lines, branches, path, missed in sorted(rows):
        print(f"figure: coverage: {path:32} lines {lines:5.1f} %, branches {branches:5.1f} %  {missed}".rstrip())
    for part in ("plugin/core", "plugin/report", "expert"):
        of = [f for path, f in files.items() if path.startswith(part + "/")]
        lines = counts([c for f in of for c in f.lines.values()])
        branches = counts([c for f in of for c in f.branches.values()])
        print(f"figure: coverage: {part}: {lines[0]} of {lines[1]} lines ({percent(lines):.1f} %), "
              f"{branches[0]} of {branches[1]} branches ({percent(branches):.1f} %)")
        if percent(lines) < GOAL:
            low.append(part)
    if low:
        sys.exit(f"coverage: below {GOAL:g} % of the lines: {', '.join(low)}")


main()
