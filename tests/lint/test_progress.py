#!/usr/bin/python3
"""tests/progress.py loses no line of ctest's, and names a long test while it runs.  SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import subprocess
import sys
import tempfile

SCRIPT = os.path.join(os.path.dirname(os.path.realpath(__file__)), "..", "progress.py")
FEED = r"""printf '      Start  1: unit/short\n      Start 12: hard/run\n'
printf ' 1/40 Test  #1: unit/short .......   Passed    0.01 sec\n'; sleep 2.5
printf ' 2/40 Test #12: hard/run .........   Passed    2.50 sec\n'; sleep 1.2
printf '100%% tests passed'"""


def run(costs):
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "costs")
        with open(path, "w", encoding="utf-8") as out:
            out.write(costs)
        return subprocess.run(["bash", "-c", f"({FEED}) | {SCRIPT} {path}"], env={**os.environ, "ESPIAL_PROGRESS_SECONDS": "1"},
                              stdout=subprocess.PIPE, text=True, check=True).stdout


said = run("hard/run 3 400.5\nunit/short 9 0.01\n---\nhard/run\n")
lines = said.split("\n")
own = [line for line in lines if "still running" in line]
assert [line for line in lines if line not in own] == [
    "      Start  1: unit/short", "      Start 12: hard/run", " 1/40 Test  #1: unit/short .......   Passed    0.01 sec",
    " 2/40 Test #12: hard/run .........   Passed    2.50 sec", "100% tests passed"], said
assert own and all("hard/run, " in line and " of about 40" in line and "1/40 tests are done" in line for line in own), said
assert 1 <= len(own) <= 3 and lines[-2].startswith(" 2/40"), said
assert "about" not in run("---\n"), "a time that nobody has measured"
print("figure: progress: no line lost, a long test is named while it runs")
sys.exit(0)
