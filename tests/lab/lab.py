# lab.py - namespaces, daemons and the capture of one scenario.
# SPDX-License-Identifier: GPL-2.0-or-later
"""The network, each box a network namespace:

    client 192.0.2.10 --- west ===== east --- 198.51.100.20 gateway
    2001:db8:1::10         |   ^              2001:db8:2::20
    stranger 203.0.113.66 -+   dumpcap listens here

Client and gateway run charon-systemd.  With kernel "libipsec" the daemon itself does ESP, in
UDP; with kernel "none" nobody does: the daemon believes that the kernel does (xfrm_ok.c), and
the scenario sends the packets with the negotiated keys (craft.py)."""
import ctypes
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import conf
import points
from conf import CLIENT_LAN, CLIENT_LAN6, GATEWAY, GATEWAY6, GATEWAY_LAN, GATEWAY_LAN6

HERE = Path(__file__).resolve().parent
BOXES = ("client", "west", "east", "gateway", "stranger")
LINKS = (  # box, port, addresses, box, port, addresses
    ("client", "eth0", ("192.0.2.10/24", "2001:db8:1::10/64"), "west", "to_client", ("192.0.2.1/24", "2001:db8:1::1/64")),
    ("west", "mid", ("203.0.113.1/30", "2001:db8:3::1/64"), "east", "mid", ("203.0.113.2/30", "2001:db8:3::2/64")),
    ("gateway", "eth0", ("198.51.100.20/24", "2001:db8:2::20/64"), "east", "to_gateway",
     ("198.51.100.1/24", "2001:db8:2::1/64")),
    ("stranger", "eth0", ("203.0.113.66/26",), "west", "to_stranger", ("203.0.113.65/26",)),
)
ROUTES = (("client", "192.0.2.1", "2001:db8:1::1"), ("gateway", "198.51.100.1", "2001:db8:2::1"),
          ("stranger", "203.0.113.65", None))
NETS = (("west", "203.0.113.2", ("198.51.100.0/24",), "2001:db8:3::2", "2001:db8:2::/64"),
        ("east", "203.0.113.1", ("192.0.2.0/24", "203.0.113.64/26"), "2001:db8:3::1", "2001:db8:1::/64"))
NEEDED = {"/usr/sbin/charon-systemd": "charon-systemd", "/usr/sbin/swanctl": "strongswan-swanctl", "/usr/bin/pki": "strongswan-pki",
          "/usr/bin/dumpcap": "wireshark-common", "/usr/bin/editcap": "wireshark-common", "/usr/bin/tshark": "tshark",
          "/usr/sbin/nft": "nftables", "/usr/bin/gcc": "gcc", "/bin/ip": "iproute2", "/bin/ping": "iputils-ping",
          "/usr/lib/ipsec/plugins/libstrongswan-kernel-libipsec.so": "libcharon-extra-plugins",
          "/usr/lib/ipsec/plugins/libstrongswan-eap-mschapv2.so": "libcharon-extauth-plugins",
          "/usr/lib/ipsec/plugins/libstrongswan-openssl.so": "libstrongswan-standard-plugins",
          "/usr/lib/ipsec/plugins/libstrongswan-curve25519.so": "libstrongswan-extra-plugins"}


class NotAsExpected(RuntimeError):
    """The scenario did not go as its file says; most often a race, and worth another try."""


def expect(true, what):
    if not true:
        raise NotAsExpected("not as expected: " + what)


def missing():
    """Debian packages that are not there."""
    return sorted({package for path, package in NEEDED.items() if not os.path.exists(path)})


def run(*command, check=True, **more):
    done = subprocess.run(command, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, **more)
    if check and done.returncode:
        raise RuntimeError("%s: %s" % (" ".join(command), done.stdout))
    return done.stdout


def netns(box):
    return os.environ.get("ESPIAL_LAB", "espial") + "-" + box


def inside(box, *command, check=True, **more):
    return run("ip", "netns", "exec", netns(box), *command, check=check, **more)


def socket_in(box, *arguments):
    """A socket of another namespace: it stays there, the caller comes back."""
    libc = ctypes.CDLL(None, use_errno=True)
    with open("/proc/self/ns/net") as home, open("/run/netns/" + netns(box)) as there:
        if libc.setns(there.fileno(), 0):
            raise OSError(ctypes.get_errno(), "setns")
        try:
            return socket.socket(*arguments)
        finally:
            libc.setns(home.fileno(), 0)


def network_up():
    for box in BOXES:
        run("ip", "netns", "add", netns(box))
        run("ip", "-n", netns(box), "link", "set", "lo", "up")
        inside(box, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0", "net.ipv4.conf.default.rp_filter=0",
               "net.ipv6.conf.all.accept_dad=0", "net.ipv6.conf.default.accept_dad=0",
               "net.ipv6.conf.default.router_solicitations=0")
    for one, port, addresses, other, other_port, other_addresses in LINKS:
        run("ip", "link", "add", port, "netns", netns(one), "type", "veth", "peer", "name", other_port, "netns", netns(other))
        for box, name, list_ in ((one, port, addresses), (other, other_port, other_addresses)):
            for address in list_:
                run("ip", "-n", netns(box), "addr", "add", address, "dev", name, *(["nodad"] if ":" in address else []))
            run("ip", "-n", netns(box), "link", "set", name, "up")
    for box, four, six in ROUTES:
        run("ip", "-n", netns(box), "route", "add", "default", "via", four)
        if six:
            run("ip", "-n", netns(box), "-6", "route", "add", "default", "via", six)
    for box, four, nets, six, net in NETS:
        for one in nets:
            run("ip", "-n", netns(box), "route", "add", one, "via", four)
        run("ip", "-n", netns(box), "-6", "route", "add", net, "via", six)
        inside(box, "sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
    for box, four, six in (("client", CLIENT_LAN, CLIENT_LAN6), ("gateway", GATEWAY_LAN, GATEWAY_LAN6)):
        space = netns(box)
        run("ip", "-n", space, "link", "add", "lan", "type", "veth", "peer", "name", "lan_peer")
        for name in ("lan", "lan_peer"):
            run("ip", "-n", space, "link", "set", name, "up")
        run("ip", "-n", space, "addr", "add", four + "/24", "dev", "lan")
        run("ip", "-n", space, "addr", "add", six + "/64", "dev", "lan", "nodad")
        # The kernel has no ESP: it would answer "protocol unreachable".
        inside(box, "nft", "add table inet quiet; add chain inet quiet in { type filter hook input priority 0; }; "
               "add rule inet quiet in meta l4proto { esp, ah, comp } drop")
    inside("client", "ping", "-c", "20", "-i", "0.2", "-w", "6", "-n", GATEWAY, check=False)
    inside("client", "ping", "-6", "-c", "2", "-i", "0.2", "-w", "6", "-n", GATEWAY6, check=False)


def network_down():
    for box in BOXES:
        run("ip", "netns", "del", netns(box), check=False)


class Daemon:
    """One charon in one box."""

    def __init__(self, box, directory, swanctl, kernel, settings, certificates=None):
        self.box, self.dir, self.conf = box, Path(directory), swanctl
        self.dir.mkdir()
        (self.dir / "strongswan.conf").write_text(conf.daemon(self.dir, kernel, settings))
        (self.dir / "swanctl.conf").write_text(conf.text(swanctl))
        for folder, files in (certificates or {}).items():
            (self.dir / folder).mkdir()
            for name, data in files.items():
                (self.dir / folder / name).write_bytes(data)
        self.env = dict(os.environ, STRONGSWAN_CONF=str(self.dir / "strongswan.conf"), SWANCTL_DIR=str(self.dir))
        self.kernel, self.process = kernel, None

    def start(self):
        env = dict(self.env)
        if self.kernel != "libipsec":
            env["LD_PRELOAD"] = str(self.dir.parent / "xfrm_ok.so")
        self.process = subprocess.Popen(["ip", "netns", "exec", netns(self.box), "/usr/sbin/charon-systemd"],
                                        env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for _ in range(100):
            if (self.dir / "vici").exists():
                break
            time.sleep(0.1)
        self.load()

    def load(self):
        out = self.swanctl("--load-all", "--noprompt", "--file", str(self.dir / "swanctl.conf"))
        if "failed to load" in out or "0 unloaded" not in out and "successfully loaded" not in out:
            raise RuntimeError("%s: %s\n%s" % (self.box, out, self.log()[-3000:]))

    def reload(self, swanctl):
        """Another configuration from now on."""
        (self.dir / "swanctl.conf").write_text(conf.text(swanctl))
        self.load()

    def swanctl(self, command, *more):
        return inside(self.box, "swanctl", command, "--uri", "unix://%s/vici" % self.dir, *more, check=False, env=self.env)

    def initiate(self, child="net", timeout=10, wait=True):
        out = self.swanctl("--initiate", "--child", child, "--timeout", str(timeout) if wait else "1")
        return "completed successfully" in out

    def terminate(self, **what):
        (kind, name), = what.items()
        return self.swanctl("--terminate", "--" + kind, name, "--timeout", "5")

    def rekey(self, **what):
        (kind, name), = what.items()
        return self.swanctl("--rekey", "--" + kind, name)

    def log(self):
        try:
            return (self.dir / "log").read_text(errors="replace")
        except FileNotFoundError:
            return ""

    def children(self):
        """What its log says of the Child SAs, oldest first."""
        import keys     # takes python3-cryptography, which nothing else here does
        return keys.children(self.log())

    def stop(self, kill=False):
        if self.process and self.process.poll() is None:
            if kill:
                self.process.kill()
            self.process.terminate()
            try:
                self.process.wait(10)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if kill and (self.dir / "vici").exists():
            (self.dir / "vici").unlink()


class Lab:
    """One run: network, daemons, the capture between west and east."""

    def __init__(self, scenario):
        self.scenario = scenario
        self.daemons, self.dumpcaps, self.sockets = {}, [], {}

    def __enter__(self):
        self.tmp = Path(tempfile.mkdtemp(prefix="espial-lab-"))
        scenario = self.scenario
        try:
            network_down()
            network_up()
            self.capture = self.tmp / "capture.pcap"
            if getattr(scenario, "before", None):
                scenario.before(self)
            settings = getattr(scenario, "CHARON", {})
            kernel = getattr(scenario, "KERNEL", "none")
            run("gcc", "-shared", "-fPIC", "-O1", "-o", str(self.tmp / "xfrm_ok.so"), str(HERE / "xfrm_ok.c"), "-ldl")
            certificates = scenario.certificates(self.tmp) if hasattr(scenario, "certificates") else {}
            for box, swanctl in scenario.CONFIGURATIONS.items():
                self.daemons[box] = Daemon(box, self.tmp / box, swanctl, kernel,
                                           conf.merge(settings.get("all", {}), settings.get(box)), certificates.get(box))
                self.daemons[box].start()
            self.client, self.gateway = self.daemons.get("client"), self.daemons.get("gateway")
            if hasattr(scenario, "POINTS"):
                points.listen(self)
            else:
                self.listen(getattr(scenario, "CAPTURE_AT", ("east", "mid")), self.capture)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def listen(self, where, path, *more, wanted=None):
        box, port = where
        wanted = wanted or getattr(self.scenario, "CAPTURE_FILTER", "udp port 500 or udp port 4500 or esp or ah or (ip[6:2] & 0x1fff != 0)")
        self.dumpcaps.append(subprocess.Popen(
            ["ip", "netns", "exec", netns(box), "dumpcap", "-q", "-P", "-i", port, "-f", wanted, "-w", str(path), *more],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL))
        for _ in range(50):
            time.sleep(0.1)
            if list(Path(path).parent.glob(Path(path).stem + "*")):
                break
        time.sleep(0.4)

    def finish(self):
        """End the capture before the daemons, whose own end would say Delete."""
        time.sleep(getattr(self.scenario, "LINGER", 1.0))
        for dumpcap in self.dumpcaps:
            dumpcap.terminate()
            dumpcap.wait(10)

    def __exit__(self, *_):
        for dumpcap in self.dumpcaps:
            if dumpcap.poll() is None:
                dumpcap.terminate()
                dumpcap.wait(10)
        for daemon in self.daemons.values():
            daemon.stop()
        for one in self.sockets.values():
            one.close()
        network_down()
        if os.environ.get("ESPIAL_LAB_KEEP"):
            print("kept: %s" % self.tmp, file=sys.stderr)
        else:
            shutil.rmtree(self.tmp)

    # -------------------------------------------------------------- actions

    def logs(self):
        return [daemon.log() for daemon in self.daemons.values()]

    def ping(self, box, source, target, count=3, size=56, wait=0.2):
        """Number of answers."""
        out = inside(box, "ping", "-n", "-c", str(count), "-i", str(wait), "-W", "1", "-s", str(size), "-I", source, target,
                     check=False)
        found = re.search(r"(\d+) received", out)
        return int(found.group(1)) if found else 0

    def ip(self, box, *arguments):
        return run("ip", "-n", netns(box), *arguments)

    def nft(self, box, rules):
        inside(box, "nft", rules)

    def address(self, box, address, port="lan", change="add"):
        run("ip", "-n", netns(box), "addr", change, address, "dev", port, *(["nodad"] if ":" in address and change == "add" else []))

    def translate(self, *ends):
        """NAT at west for what the client sends, at east for what comes to 203.0.113.2; packets that the
        scenario itself makes there are left as they are."""
        for box in ("west", "east"):
            self.nft(box, "add table ip own; add chain ip own out { type filter hook output priority -300; }; add rule ip own out notrack")
        if "west" in ends:
            rules = ["add rule ip nat post oifname mid udp sport %d snat to 203.0.113.1:%d" % (port, port) for port in (500, 4500)]
            self.nft("west", "add table ip nat; add chain ip nat post { type nat hook postrouting priority 100; }; " + "; ".join(rules))
        if "east" in ends:
            self.nft("east", "add table ip nat; add chain ip nat pre { type nat hook prerouting priority -100; }; "
                     "add rule ip nat pre iifname mid udp dport { 500, 4500 } dnat to " + GATEWAY)

    def drop(self, box, what, name="lost"):
        """The router drops what an nft expression matches; allow(box) lets it through again."""
        self.nft(box, "add table inet %s; add chain inet %s f { type filter hook forward priority 0; }; "
                 "add rule inet %s f %s counter drop" % (name, name, name, what))

    def wait_dropped(self, box, count=1, name="lost"):
        """Until so many packets have been dropped."""
        for _ in range(100):
            if int(re.search(r"packets (\d+)", inside(box, "nft", "list", "table", "inet", name)).group(1)) >= count:
                return
            time.sleep(0.05)
        raise NotAsExpected("not as expected: nothing was dropped")

    def allow(self, box, name="lost"):
        self.nft(box, "delete table inet " + name)

    def send(self, packet, box=None):
        """Put a scapy packet on the wire between west and east, from the side of its source."""
        from scapy.layers.inet import IP
        from scapy.layers.inet6 import IPv6
        six = IPv6 in packet and IP not in packet
        source = packet[IPv6].src if six else packet[IP].src
        west = source.startswith(("192.0.2.", "203.0.113.", "2001:db8:1:"))
        box = box or ("west" if west else "east")
        family = socket.AF_INET6 if six else socket.AF_INET
        key = (box, family)
        if key not in self.sockets:
            self.sockets[key] = socket_in(box, family, socket.SOCK_RAW, socket.IPPROTO_RAW)
        data, to = bytes(packet), packet[IPv6].dst if six else packet[IP].dst
        self.sockets[key].sendto(data, (to, 0))
        time.sleep(0.02)
