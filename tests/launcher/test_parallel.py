"""Many captures by GNU parallel: two workers here, one killed in the middle, and two over ssh, for which a program stands in that
runs the command here; run again, all are there, and the results merged are those of one run.
SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bulk import PROGRAM, SOURCE, environment, espial, folder_of, results, summary, wait_for, workers_of

NUM = 120
# As ssh does: options, the host, and behind it what a shell there reads; sshd always names the user's shell, which parallel runs.
SSH = """#!/bin/sh
while :; do
    case $1 in
    hostless) exit 255 ;;
    host*) echo "$1" >>"$HOME/sent"; shift; break ;;
    esac
    shift
done
[ "$1" != -- ] || shift
SHELL=/bin/sh exec sh -c "$*"
"""


def commands():
    """The lines of docs/bulk.md that call parallel, here and over ssh, and the one that says which parts failed."""
    text = (SOURCE / "docs/bulk.md").read_text()
    lines = [line for block in re.findall(r"^```\w*\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines()]
    found = [line for line in lines if "| parallel " in line]
    assert len(found) == 2 and " -S " not in found[0] and " -S " in found[1], found
    return *found, *[line for line in lines if line.startswith("awk ")]


def run_line(place, line, **more):
    env = {**environment(), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}", "PARALLEL_HOME": str(place), "HOME": str(place), **more}
    return subprocess.Popen(["bash", "-c", line], env=env, cwd=place, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def wanted(place):
    run = espial("--output", place / "one", place / "captures")
    assert run.returncode == 1, run
    return summary(place / "one")


def below(pid):
    """All processes that it has begun, and they."""
    found = workers_of(pid)
    for child in found:
        found += below(child)
    return found


def reader_of(line, capture):
    """The program that reads a part with that capture, begun by that line; none: []."""
    found = []
    for pid in below(line):
        try:
            words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
        except OSError:
            continue        # it has just ended
        if words[0].endswith(b"espial") and b"--output" in words and os.fsencode(capture) in words:
            found.append(pid)
    return found


def test_here(place):
    folder_of(place / "captures", NUM)
    local = commands()[0]
    # Whoever reads this one waits, until it is killed.
    slow = place / "captures/gateway3/day00/00010.pcapng"
    shutil.move(slow, place / "aside")
    os.mkfifo(slow)
    (place / "results").mkdir()
    line = run_line(place, local)
    wait_for(lambda: len(results(place / "results")) >= NUM // 2)
    os.kill(wait_for(lambda: reader_of(line.pid, slow))[0], signal.SIGKILL)
    line.communicate(timeout=60)
    assert line.returncode, "parallel did not say that a worker was killed"
    assert NUM // 2 <= len(results(place / "results")) < NUM
    slow.unlink()
    shutil.move(place / "aside", slow)
    again = run_line(place, local)
    out, err = again.communicate(timeout=60)
    assert b"had a result already" in out, (out, err)
    assert summary(place / "results") == wanted(place)


def test_ssh(place):
    """The command line as it is sent to other machines, one of which is down; and what parallel's log then says."""
    folder_of(place / "captures", NUM)
    bad = place / "captures/gateway3/day00/00010.pcapng"
    shutil.move(bad, place / "aside")
    bad.write_text("x")
    (place / "ssh").write_text(SSH)
    (place / "ssh").chmod(0o755)
    _, over_ssh, which_failed = commands()
    assert "-S 2/host1,2/host2 " in over_ssh, over_ssh
    for line, failed in ((over_ssh.replace("2/host2 ", "2/host2,2/hostless "), 1), (over_ssh, 0)):
        run = run_line(place, line, PARALLEL_SSH=str(place / "ssh"))
        out, err = run.communicate(timeout=60)
        assert out.count(b" files: ") == len(range(0, NUM, 20)), (out, err)
        out = run_line(place, which_failed).communicate(timeout=60)[0].decode()
        assert out.count("\n") == failed and (str(bad) in out) == bool(failed), (out, err)
        if failed:
            bad.unlink()
            shutil.move(place / "aside", bad)
    sent = (place / "sent").read_text()
    assert "host1" in sent and "host2" in sent, (out, err)
    assert summary(place / "results") == wanted(place), (out, err)


def main():
    if not shutil.which("parallel"):
        assert os.environ.get("ESPIAL_INSIDE"), "GNU parallel is not here; install parallel"
        print("the run outside has GNU parallel")
        return
    begun = time.monotonic()
    for test in test_here, test_ssh:
        with tempfile.TemporaryDirectory() as folder:
            test(Path(folder))
    print(f"figure: GNU parallel: {NUM} captures by two workers, one of them killed, and over ssh, in {time.monotonic() - begun:.0f} s")


main()
