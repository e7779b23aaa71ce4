"""Many captures by an array job of Slurm: slurmctld, slurmd and munged on this machine alone, started and stopped here; tasks
that are killed, requeued, and submitted again; the results merged are those of one run.
SPDX-License-Identifier: GPL-2.0-or-later"""
import getpass
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from bulk import PROGRAM, SOURCE, environment, espial, folder_of, results, summary, wait_for, workers_of

SCRIPT = SOURCE / "contrib/slurm/array.sh"
SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"
NUM = 60


def free_ports(num):
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(num)]
    ports = [one.getsockname()[1] for one in taken]
    for one in taken:
        one.close()
    return ports


class Cluster:
    """One controller and one node."""

    def __init__(self, place):
        self.place, self.running = place, []
        self.host = socket.gethostname().split(".")[0]
        self.env = {**environment(), "SLURM_CONF": str(place / "slurm.conf"), "PATH": f"{os.environ['PATH']}:{SYSTEM}", "ESPIAL": str(PROGRAM)}
        for name in "state", "spool":
            (place / name).mkdir()
        (place / "munge.key").write_bytes(os.urandom(128))
        (place / "munge.key").chmod(0o600)
        controller, node = free_ports(2)
        user = getpass.getuser()
        (place / "slurm.conf").write_text(f"""
ClusterName=espial
SlurmctldHost={self.host}(127.0.0.1)
SlurmctldPort={controller}
SlurmdPort={node}
SlurmUser={user}
SlurmdUser={user}
AuthType=auth/munge
AuthInfo=socket={place}/munge.socket,cred_expire=5
CredType=cred/munge
StateSaveLocation={place}/state
SlurmdSpoolDir={place}/spool
SlurmctldPidFile={place}/slurmctld.pid
SlurmdPidFile={place}/slurmd.pid
SlurmctldLogFile={place}/slurmctld.log
SlurmdLogFile={place}/slurmd.log
SlurmdParameters=config_overrides
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
MpiDefault=none
MailProg=/bin/true
SwitchType=switch/none
ReturnToService=2
KillWait=2
NodeName={self.host} NodeAddr=127.0.0.1 NodeHostname={self.host} CPUs=2 State=UNKNOWN
PartitionName=all Nodes={self.host} Default=YES MaxTime=INFINITE State=UP
""")
        # Nothing here needs cgroups, which a container may not give; older ones know no other way to say so.
        version = tuple(map(int, self.ask("slurmd", "-V").split()[1].split(".")[:2]))
        (place / "cgroup.conf").write_text(f"CgroupPlugin={'disabled' if version >= (23, 2) else 'cgroup/v1'}\n")

    def begin(self, *command):
        log = open(self.place / f"{command[0]}.out", "wb")
        self.running.append(subprocess.Popen(command, env=self.env, stdin=subprocess.DEVNULL, stdout=log, stderr=log, cwd=self.place))
        log.close()

    def __enter__(self):
        self.begin("munged", "--foreground", "--force", f"--key-file={self.place}/munge.key", f"--socket={self.place}/munge.socket",
                   f"--pid-file={self.place}/munge.pid", f"--log-file={self.place}/munge.log", f"--seed-file={self.place}/munge.seed")
        wait_for((self.place / "munge.socket").exists)
        self.begin("slurmctld", "-D")
        self.begin("slurmd", "-D", "-N", self.host)
        try:
            wait_for(lambda: "idle" in self.ask("sinfo", "-h", "-o", "%t", check=False))
        except AssertionError:
            self.__exit__(*sys.exc_info())
            raise
        return self

    def __exit__(self, kind, *_):
        if kind:
            for log in sorted(self.place.glob("*.log")) + sorted(self.place.glob("*.out")):
                print(f"--- {log.name}\n{log.read_text(errors='replace')[-2500:]}", file=sys.stderr)
        else:
            self.ask("scancel", "--user", getpass.getuser(), check=False)
        steps = workers_of(self.running[-1].pid)
        for process in reversed(self.running):
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for step in steps:      # slurmd leaves them to themselves
            try:
                os.kill(step, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def ask(self, *command, check=True, **more):
        run = subprocess.run(command, env={**self.env, **more}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, cwd=self.place)
        assert run.returncode == 0 or not check, run
        return run.stdout

    def submit(self, *args):
        return self.ask("sbatch", "--parsable", *map(str, args)).strip()

    def states(self, job):
        """{task: its state}; a task that waits is in one line with others."""
        rows = [line.split() for line in self.ask("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%i %T").splitlines()]
        return dict(rows)

    def ended(self, job):
        states = self.states(job)
        return states if states and all(s not in ("PENDING", "RUNNING", "COMPLETING", "CONFIGURING", "REQUEUED") for s in states.values()) else None


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
