"""Many captures by an array job of Slurm: slurmctld, slurmd and munged on this machine alone, started and stopped here; tasks
that are killed, requeued, and submitted again; the results merged are those of one run.
SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bulk import PROGRAM, SOURCE, espial, folder_of, results, summary, wait_for
from cluster import SYSTEM, Cluster

SCRIPT = SOURCE / "contrib/slurm/array.sh"
NUM = 60


def masters_of(place):
    """The programs that read a part of the list."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = line.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[0] == os.fsencode(PROGRAM) and b"--output" in words and os.fsencode(place / "results") in words:
            found.append(int(line.parent.name))
    return found


def test_array(place):
    captures = folder_of(place / "captures", NUM)
    paths = sorted(captures.rglob("*.pcapng"))
    # Nobody writes to these two, which are of the first two tasks: whoever reads one waits, until it is killed.
    slow = paths[11], paths[16]
    for path in slow:
        shutil.move(path, path.with_suffix(".aside"))
        os.mkfifo(path)
    (place / "list").write_text("".join(f"{path}\n" for path in paths))
    array = ["--array=1-4", f"--output={place}/task_%a.out", SCRIPT, place / "list", place / "results"]
    with Cluster(place / "cluster") as cluster:
        job = cluster.submit(*array)
        wait_for(lambda: len(masters_of(place)) == 2 and len(results(place / "results")) == 6)
        # One in the middle by kill -9, one by the administrator.
        before = masters_of(place)
        running = [task for task, state in cluster.states(job).items() if state == "RUNNING"]
        os.kill(before[0], signal.SIGKILL)
        failed = wait_for(lambda: [task for task, state in cluster.states(job).items() if state == "FAILED"])
        cancelled = [task for task in running if task not in failed]
        assert len(running) == 2 and len(cancelled) == 1, (running, failed)
        cluster.ask("scancel", *cancelled)
        states = wait_for(lambda: cluster.ended(job))
        assert sorted(states.values()) == ["CANCELLED", "COMPLETED", "COMPLETED", "FAILED"], states
        assert len(results(place / "results")) == NUM // 2 + 6
        for pid in before:
            wait_for(lambda gone=pid: not Path("/proc", str(gone)).exists())
        for path in slow:
            path.unlink()
            shutil.move(path.with_suffix(".aside"), path)
        # The one is requeued, and the array submitted once more for what is left.
        cluster.ask("scontrol", "requeue", failed[0])
        wait_for(lambda: cluster.states(job)[failed[0]] == "COMPLETED")
        again = cluster.submit(*array)
        merged = cluster.submit(f"--dependency=afterany:{again}", f"--output={place}/merged", "--wrap", f"{PROGRAM} --merge --json {place}/results")
        states = wait_for(lambda: cluster.ended(merged) and cluster.ended(again))
        assert set(states.values()) == {"COMPLETED"}, (states, (place / "task_1.out").read_text())
    run = espial("--output", place / "one", captures)
    assert run.returncode == 1, run
    found = json.loads((place / "merged").read_text())
    assert found == summary(place / "one"), (found, summary(place / "one"))
    assert found["files"]["read"] == NUM and found["files"]["failed"] == 0


def test_refused(place):
    run = subprocess.run([SCRIPT, "list"], stderr=subprocess.PIPE, text=True, check=False, cwd=place)
    assert run.returncode == 2 and "Usage: sbatch --array=1-N" in run.stderr, run


def main():
    missing = [tool for tool in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(tool, path=f"{os.environ['PATH']}:{SYSTEM}")]
    if missing and os.environ.get("ESPIAL_INSIDE"):
        print("the run outside has Slurm")
        return
    assert not missing, f"Slurm is not whole here: {missing}; install slurm-wlm and munge"
    begun = time.monotonic()
    for test in test_refused, test_array:
        with tempfile.TemporaryDirectory(dir="/tmp") as folder:
            Path(folder).chmod(0o755)       # munge shows its socket to all
            (Path(folder) / "cluster").mkdir()
            test(Path(folder))
    print(f"figure: Slurm: {NUM} captures by an array of 4 tasks on one node, two of them killed, in {time.monotonic() - begun:.0f} s")


main()
