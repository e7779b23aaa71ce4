# libreswan.py - libreswan's pluto as one end of a scenario.
# SPDX-License-Identifier: GPL-2.0-or-later
"""Debian's libreswan and strongSwan packages exclude each other, so pluto runs from an unpacked
package.  The keys come from strongSwan's log at the other end."""
import os
import subprocess
import time
from pathlib import Path

from lab import NotAsExpected, inside, netns, run

CACHE = Path("/var/cache/espial-lab")


def unpacked():
    """The root of the unpacked package; fetched from Debian's archive the first time."""
    root = CACHE / "libreswan"
    if not (root / "usr/libexec/ipsec/pluto").exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        run("apt-get", "download", "libreswan", cwd=CACHE)
        run("dpkg", "-x", str(next(CACHE.glob("libreswan_*.deb"))), str(root))
    missing = [line.split()[0] for line in run("ldd", str(root / "usr/libexec/ipsec/pluto")).splitlines() if "not found" in line]
    if missing:
        raise RuntimeError("libreswan needs %s; run: apt-get install libnss3-tools libldns3 libunbound8 libcurl3-nss "
                           "libevent-core-2.1-7 libevent-pthreads-2.1-7" % " ".join(missing))
    return root / "usr/libexec/ipsec"


class Pluto:
    """One pluto in one box, with the methods of lab.Daemon that scenarios use."""

    def __init__(self, box, directory, connection, secret, shim):
        self.box, self.dir, self.bin = box, Path(directory), unpacked()
        self.dir.mkdir()
        (self.dir / "nss").mkdir()
        (self.dir / "ipsec.conf").write_text("config setup\n    ikev1-policy=accept\n    dnssec-enable=no\n    nssdir=%s/nss\n\nconn net\n%s\n" % (
            self.dir, "\n".join("    %s=%s" % pair for pair in connection.items())))
        (self.dir / "ipsec.secrets").write_text(': PSK "%s"\n' % secret)
        run("certutil", "-N", "-d", "sql:%s/nss" % self.dir, "--empty-password")
        env = dict(os.environ, SHIM=str(shim))
        Path("/usr/libexec/ipsec").mkdir(parents=True, exist_ok=True)   # pluto wants its helpers here
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", netns(box), "sh", "-c",
             'mount --bind "$0" /usr/libexec/ipsec && LD_PRELOAD=$SHIM exec /usr/libexec/ipsec/pluto "$@"', str(self.bin), "--nofork", "--config", str(self.dir / "ipsec.conf"), "--secretsfile",
             str(self.dir / "ipsec.secrets"), "--nssdir", str(self.dir / "nss"), "--rundir", str(self.dir), "--logfile", str(self.dir / "log")],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if (self.dir / "pluto.ctl").exists():
                break
            time.sleep(0.1)
        self.whack("--listen")
        out = inside(box, str(self.bin / "addconn"), "--config", str(self.dir / "ipsec.conf"), "--ctlsocket", str(self.dir / "pluto.ctl"), "net",
                     check=False)
        if "net" not in self.whack("--status"):
            raise RuntimeError("libreswan: %s" % out)

    def whack(self, *arguments):
        return inside(self.box, str(self.bin / "whack"), "--rundir", str(self.dir), *arguments, check=False, timeout=15)

    def initiate(self):
        return "established" in self.whack("--name", "net", "--initiate")

    def terminate(self, **_):
        return self.whack("--name", "net", "--terminate")

    def log(self):
        return ""           # no keys in it

    def stop(self, kill=False):
        if self.process.poll() is None:
            self.process.kill() if kill else self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def bring(lab, box, connection, secret):
    """Start pluto in a box; it is the lab's daemon there from now on."""
    lab.daemons[box] = Pluto(box, lab.tmp / box, connection, secret, lab.tmp / "xfrm_ok.so")
    setattr(lab, box, lab.daemons[box])
    if not lab.daemons[box].process.poll() is None:
        raise NotAsExpected("not as expected: pluto runs")
