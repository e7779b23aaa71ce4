"""Slurm on this machine alone: slurmctld, slurmd and munged on loopback, in a folder of their own, started and stopped here.
SPDX-License-Identifier: GPL-2.0-or-later"""
import getpass
import os
import signal
import socket
import subprocess
import sys
import time

from bulk import PROGRAM, environment, wait_for, workers_of

SYSTEM = "/usr/sbin:/usr/bin:/sbin:/bin"


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
SchedulerParameters=sched_interval=1
ReturnToService=2
KillWait=2
NodeName={self.host} NodeAddr=127.0.0.1 NodeHostname={self.host} CPUs=2 RealMemory=16000 State=UNKNOWN
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
        # Also what a test that failed has left waiting.
        self.ask("scancel", "--user", getpass.getuser(), check=False)
        limit = time.monotonic() + 15
        while self.ask("squeue", "-h", check=False) and time.monotonic() < limit:
            time.sleep(0.1)
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

    def ask(self, *command, check=True, cwd=None):
        run = subprocess.run(command, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=60, check=False, cwd=cwd or self.place)
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
