#!/usr/bin/python3
"""Passes on what ctest prints, and says of each long test that it still runs: ctest is silent for minutes.

usage: ctest ... | tests/progress.py [COSTS]
  COSTS  ctest's file of how long tests took last time (Testing/Temporary/CTestCostData.txt)"""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import select
import sys
import time

EVERY = float(os.environ.get("ESPIAL_PROGRESS_SECONDS", "60"))      # a test shorter than this is named by ctest alone


def read_costs(path):
    """{test: seconds}; nothing before the first run."""
    try:
        with open(path, encoding="utf-8") as f:
            rows = [line.split() for line in f]
    except OSError:
        return {}
    # "NAME RUNS SECONDS"; a test that has a COST of its own in CMakeLists.txt is not timed there.
    return {row[0]: float(row[2]) for row in rows if len(row) == 3 and row[1] != "0"}


class Running:
    """The tests that have started and not ended, as ctest's lines say."""

    def __init__(self, costs):
        self.costs, self.since, self.told, self.ended = costs, {}, {}, ""

    def see(self, line, now):
        if row := re.match(r"\s*Start\s+\d+: (\S+)", line):
            self.since[row[1]] = self.told[row[1]] = now
        elif row := re.match(r"\s*(\d+/\d+) Test\s+#\d+: (\S+)", line):
            self.ended = row[1]
            self.since.pop(row[2], None)

    def due(self, now):
        """A line for each test that nobody has heard of for so long."""
        for name, since in self.since.items():
            if now - self.told[name] >= EVERY:
                self.told[name] = now
                last = self.costs.get(name, 0)
                of = f" of about {last:.0f} s" if last > now - since else ""
                yield f"      still running: {name}, {now - since:.0f} s{of}" + (f"; {self.ended} tests are done" if self.ended else "")


def main():
    running, pending = Running(read_costs(sys.argv[1]) if len(sys.argv) > 1 else {}), b""
    while True:
        ready = select.select([0], [], [], min(EVERY, 5))[0]
        data = os.read(0, 65536) if ready else None
        if data:
            *lines, pending = (pending + data).split(b"\n")
            for line in lines:
                print(line.decode(errors="replace"), flush=True)
                running.see(line.decode(errors="replace"), time.monotonic())
        elif ready:
            print(pending.decode(errors="replace"), end="", flush=True)
            return
        for line in running.due(time.monotonic()):
            print(line, flush=True)


if __name__ == "__main__":
    main()
