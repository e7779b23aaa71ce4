"""Many captures, and a series larger than a machine, by array jobs of Slurm on this machine: tasks that are killed, requeued, and
submitted again; the results merged are those of one run, and the series' report that of one machine, octet for octet.
SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

from bulk import PROGRAM, SOURCE, espial, folder_of, results, summary, wait_for
from cluster import SYSTEM, Cluster

SCRIPTS = SOURCE / "contrib/slurm"
NUM = 60


def programs(*words):
    """Processes of the program that have these words in their command lines."""
    found = []
    for line in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            its = line.read_bytes().split(b"\0")
        except OSError:
            continue        # it has just ended
        if its[0] == os.fsencode(PROGRAM) and all(os.fsencode(word) in its for word in words):
            found.append(int(line.parent.name))
    return found


def test_array(place, cluster):
    captures = folder_of(place / "captures", NUM)
    paths = sorted(captures.rglob("*.pcapng"))
    # Nobody writes to these two, which are of the first two tasks: whoever reads one waits, until it is killed.
    slow = paths[8], paths[17]
    for path in slow:
        shutil.move(path, path.with_suffix(".aside"))
        os.mkfifo(path)
    (place / "list").write_text("".join(f"{path}\n" for path in paths))
    array = ["--array=1-4", f"--output={place}/task_%a.out", SCRIPTS / "array.sh", place / "list", place / "results"]
    job = cluster.submit(*array)
    wait_for(lambda: len(programs("--output", place / "results")) == 2 and len(results(place / "results")) == 6)
    # One in the middle by kill -9, one by the administrator.
    before = programs("--output", place / "results")
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
    merged = cluster.submit(f"--dependency=afterany:{again}", f"--output={place}/merged", "--wrap", f"{PROGRAM} --merge --json {place}/results || [ $? = 1 ]")
    states = wait_for(lambda: cluster.ended(merged) and {**cluster.ended(merged), **cluster.ended(again)})
    assert set(states.values()) == {"COMPLETED"}, (states, (place / "task_1.out").read_text())
    run = espial("--output", place / "one", captures)
    assert run.returncode == 1, run
    found = json.loads((place / "merged").read_text())
    assert found == summary(place / "one"), (found, summary(place / "one"))
    assert found["files"]["read"] == NUM and found["files"]["failed"] == 0


def lines_of_readme(place):
    """What contrib/slurm says of a series, with the captures of this test and as few tasks as show it."""
    blocks = re.findall(r"^```sh\n(.*?)^```$", (SCRIPTS / "README.md").read_text(), re.M | re.S)
    found = [block for block in blocks if "series_parts.sh" in block]
    assert len(found) == 1 and "/captures " in found[0] and "--array=1-100 " in found[0], blocks
    return found[0].replace("/captures ", f"{place}/captures ").replace("1-100 ", "1-3 ")


def test_series(place, cluster):
    captures = place / "captures"
    captures.mkdir()
    subprocess.run(["editcap", "-c", "5", SOURCE / "pcaps/v1_xauth_reauth.pcapng", captures / "ring.pcapng"], check=True)
    files = sorted(captures.iterdir())
    wanted = espial("--series", "--json", *files)
    assert wanted.returncode == 1 and len(files) > 6 and not wanted.stderr, wanted
    for script in SCRIPTS.glob("series_*.sh"):
        shutil.copy(script, place)
    # Of this one no more comes than a part of it, until its reader is killed.
    data = files[4].read_bytes()
    files[4].unlink()
    os.mkfifo(files[4])
    said = cluster.ask("bash", "-c", lines_of_readme(place) + "echo $job", cwd=place).split()
    first, second = said[-1], said[-2]
    with files[4].open("wb") as pipe:
        pipe.write(data[:-100])
        pipe.flush()
        wait_for(lambda: list((place / "parts").glob(".espial.*")))
        os.kill(programs("--extract", files[4])[0], signal.SIGKILL)
        states = wait_for(lambda: cluster.ended(first))
    files[4].unlink()
    files[4].write_bytes(data)
    assert sorted(states.values()) == ["COMPLETED", "COMPLETED", "FAILED"], states
    # What is not there is named, and no report is made without it.
    assert wait_for(lambda: cluster.ended(second)) == {second: "FAILED"}
    output = (place / f"slurm-{second}.out").read_text()
    assert f"{files[4]}: has no part" in output and "files of files have no part in parts: submit the first stage again" in output, output
    assert not (place / "report.json").exists()
    cluster.ask("scontrol", "requeue", *(task for task, state in states.items() if state == "FAILED"))
    wait_for(lambda: set((cluster.ended(first) or {}).values()) == {"COMPLETED"})
    cluster.ask("scontrol", "requeue", second)
    wait_for(lambda: cluster.ended(second) == {second: "COMPLETED"})
    assert (place / "report.json").read_bytes() == wanted.stdout
    assert len(list((place / "parts").glob("*.part"))) == len(files)


def test_refused(place):
    """What would do less than is asked for says so, before Slurm and in it."""
    run = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True, "check": False, "cwd": place}
    array = {**os.environ, "ESPIAL": str(PROGRAM), "SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_MAX": "7",
             "SLURM_ARRAY_TASK_COUNT": "2"}
    (place / "list").write_text(f"{SOURCE}/pcaps/5_clean_ikev2.pcapng\n")
    for script in "array.sh", "series_parts.sh":
        for args, env, words in ((["list", "to"], dict(os.environ), f"usage: sbatch --array=1-N {script} LIST "), (["list"], array, "usage: sbatch"),
                                 (["none", "to"], array, "none: the list of "), (["list", "to"], array, "an array of other numbers than N-M or N-M:STEP")):
            done = subprocess.run([SCRIPTS / script, *args], env=env, **run)
            assert done.returncode == 2 and words in done.stderr and not (place / "to").exists(), done
        # A list that is shorter than the array is no failure.
        done = subprocess.run([SCRIPTS / script, "list", "to"], env={**array, "SLURM_ARRAY_TASK_STEP": "4"}, **run)
        assert done.returncode == 0 and not list((place / "to").glob("*.part")) and not list((place / "to").glob("*.jsonl")), done
    report = SCRIPTS / "series_report.sh"
    for args, words in ((["list", "to"], "usage: sbatch series_report.sh LIST PARTS REPORT"), (["none", "to", "report"], "none: the list of files cannot be read"),
                        (["list", "to", "report"], "pcaps/5_clean_ikev2.pcapng: has no part\nespial: 1 files of list have no part in to")):
        done = subprocess.run([report, *args], env=array, **run)
        assert done.returncode == 2 and words in done.stderr and not (place / "report").exists(), done
    # A report that is whole stays where the next one cannot be made.
    subprocess.run([PROGRAM, "--extract", place / "to", SOURCE / "pcaps/5_clean_ikev2.pcapng"], check=True)
    for env, args, status in ((array, [], 0), ({**array, "ESPIAL": "/none"}, [], 127), (array, ["--nope"], 2)):
        done = subprocess.run([report, "list", "to", "report", *args], env=env, **run)
        assert done.returncode == status and "Espial diagnosis" in (place / "report").read_text(), done
        assert not (place / "report.new").exists()


def main():
    missing = [tool for tool in ("slurmctld", "slurmd", "sbatch", "munged") if not shutil.which(tool, path=f"{os.environ['PATH']}:{SYSTEM}")]
    if missing and os.environ.get("ESPIAL_INSIDE"):
        print("the run outside has Slurm")
        return
    assert not missing, f"Slurm is not whole here: {missing}; install slurm-wlm and munge"
    begun = time.monotonic()
    with tempfile.TemporaryDirectory(dir="/tmp") as folder:
        place = Path(folder)
        place.chmod(0o755)      # munge shows its socket to all
        for name in "cluster", "refused", "array", "series":
            (place / name).mkdir()
        test_refused(place / "refused")
        with Cluster(place / "cluster") as cluster:
            test_array(place / "array", cluster)
            test_series(place / "series", cluster)
    print(f"figure: Slurm: {NUM} captures by an array of 4 tasks on one node, two of them killed, and a series in two stages, one task killed, in {time.monotonic() - begun:.0f} s")


main()
