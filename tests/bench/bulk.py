#!/usr/bin/python3
"""Ten thousand small captures by espial --output: files a second, memory, and that a run whose master and workers are killed
goes on to the same summary.  By hand: tests/bench/bulk.py [NUMBER] [--folder DIR].
SPDX-License-Identifier: GPL-2.0-or-later"""
import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "launcher"))
from bulk import PROGRAM, environment, espial, folder_of, summary, whole, workers_of    # noqa: E402


def timed(*args):
    """(seconds, MiB of the largest process, what it says) of the program."""
    read, write = os.pipe()
    begun = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(write, 1)
        os.execve(PROGRAM, [PROGRAM, *map(str, args)], environment())
    os.close(write)
    with open(read, encoding="utf-8") as out:
        said = out.read()
    _, status, used = os.wait4(child, 0)
    assert os.waitstatus_to_exitcode(status) in (0, 1), said
    return time.monotonic() - begun, used.ru_maxrss / 1024, said


def largest(master):
    """Octets of memory that the master and its workers have now."""
    found = []
    for pid in [master, *workers_of(master)]:
        try:
            rows = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            found.append(int(rows["VmHWM"].split()[0]) << 10)
        except (OSError, KeyError):
            found.append(0)
    return found[0], max(found[1:], default=0)


def killed(captures, results, num):
    """A run whose master and one worker are killed in the middle.  Memory of the master and of a worker."""
    master = subprocess.Popen([PROGRAM, "--output", results, "--jobs", "2", captures], env=environment(), stdout=subprocess.DEVNULL)
    most = (0, 0)
    lost, done = 0, 0
    while done < num // 2:
        most = tuple(map(max, most, largest(master.pid)))
        done = len(os.listdir(results)) if results.exists() else 0
        for worker in workers_of(master.pid)[:1] if done > num // 4 and not lost else []:
            try:
                os.kill(worker, 9)
                lost = worker
            except ProcessLookupError:
                pass        # it was done: the next one
        time.sleep(0.05)
    master.kill()
    master.wait()
    return most


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("number", type=int, nargs="?", default=10000)
    parser.add_argument("--folder")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=given.folder) as folder:
        place = Path(folder)
        captures = folder_of(place / "captures", given.number)
        seconds, _, said = timed("--output", place / "one", "--jobs", 2, captures)
        print(said.splitlines()[0])
        print(f"whole: {given.number} files by two processes in {seconds:.1f} s, {given.number / seconds:.0f} files a second")
        seconds, memory, said = timed("--output", place / "one", "--jobs", 2, captures)
        print(f"nothing to do: {seconds:.1f} s, {memory:.0f} MiB")
        master, worker = killed(captures, place / "two", given.number)
        print(f"killed after {len(whole(place / 'two'))} files: at most {master / 2**20:.0f} MiB of the master, {worker / 2**20:.0f} MiB of a worker")
        seconds, _, said = timed("--output", place / "two", "--jobs", 2, captures)
        print(f"gone on: {said.splitlines()[0]}, in {seconds:.1f} s")
        seconds, memory, _ = timed("--merge", "--json", place / "two")
        print(f"merged: {seconds:.1f} s, {memory:.0f} MiB")
        assert summary(place / "one") == summary(place / "two")
        assert espial("--merge", place / "one").stdout == espial("--merge", place / "two").stdout
        print("the summary is that of the run that nobody disturbed")
        print(f"the largest of all processes: {resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024:.0f} MiB")


main()
