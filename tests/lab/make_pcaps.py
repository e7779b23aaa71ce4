#!/usr/bin/python3
# make_pcaps.py - make the sample captures of pcaps/ with real IKE daemons.
# SPDX-License-Identifier: GPL-2.0-or-later
"""Three network namespaces: client, router, gateway.  Client and gateway each run
strongSwan's charon-systemd with kernel-libipsec (ESP in user space, UDP-encapsulated);
dumpcap listens on the router.  Keys come from the client's log.

usage: make_pcaps.py [--out DIR] [NAME...]     (as root; NAME e.g. 5_clean_ikev2)
"""
import argparse
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from scapy.layers.inet import ICMP, IP, UDP
from scapy.layers.ipsec import ESP, SecurityAssociation

CLIENT, ROUTER, GATEWAY = "espial-client", "espial-router", "espial-gateway"
CLIENT_IP, OTHER_CLIENT_IP, GATEWAY_IP = "192.0.2.10", "192.0.2.11", "198.51.100.20"
GATEWAY_LAN = "10.2.0.1"
VIRTUAL, NOT_HIS = "10.86.152.186", "10.86.152.188"
LISA = "lisa@corp.example"

# ---------------------------------------------------------------- configurations

DAEMON = """
charon-systemd {
  load = random nonce openssl drbg kdf aes sha1 sha2 md5 hmac kernel-libipsec kernel-netlink socket-default vici xauth-generic
  filelog { log { path = %(dir)s/log
    flush_line = yes
    ike_name = yes
    default = 1
    ike = 4
    chd = 4
    mgr = 2 } }
  journal { default = -1 }
  install_virtual_ip = yes
  retransmit_tries = 3
  retransmit_timeout = 1.0
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins { vici { socket = unix://%(dir)s/vici } }
}
"""

CONNECTION = """
  %(name)s {
    version = %(version)s
    aggressive = %(aggressive)s
    local_addrs = %(here)s
    remote_addrs = %(there)s
    proposals = %(ike)s
    %(extra)s
    %(auth)s
    children { %(name)s {
      %(ts)s
      esp_proposals = %(esp)s
    } }
  }
"""


def connection(name, here, there, ike, esp, auth, ts, version=1, extra=""):
    return CONNECTION % dict(
        name=name, here=here, there=there, ike=ike, esp=esp, version=version, extra=extra,
        aggressive="yes" if version == 1 else "no",
        auth="\n    ".join(auth), ts="\n      ".join(ts))


def swanctl_conf(connections, secrets, pools=""):
    return "connections {%s}\nsecrets {\n%s\n}\n%s" % (
        "".join(connections), "\n".join(secrets), pools)


PSK = '  ike-1 { secret = "labsecret" }'


def psk(here, there):
    return ["local { auth = psk\n id = %s }" % here, "remote { auth = psk\n id = %s }" % there]


def xauth_pair(client_password, gateway_password):
    """Client and gateway: IKEv1 aggressive mode, XAUTH, address by Mode Config."""
    ike, esp = "aes128-sha1-modp1536", "aes128-sha1"
    client = swanctl_conf(
        [connection("net", CLIENT_IP, GATEWAY_IP, ike, esp,
                    ["local-1 { auth = psk\n id = %s }" % LISA,
                     "local-2 { auth = xauth\n xauth_id = %s }" % LISA,
                     "remote { auth = psk\n id = gw.corp.example }"],
                    ["remote_ts = 10.2.0.0/24"], extra="vips = 0.0.0.0")],
        [PSK, '  xauth-1 { id = %s\n secret = "%s" }' % (LISA, client_password)])
    gateway = swanctl_conf(
        [connection("net", GATEWAY_IP, "%any", ike, esp,
                    ["local { auth = psk\n id = gw.corp.example }",
                     "remote-1 { auth = psk\n id = %s }" % LISA,
                     "remote-2 { auth = xauth }"],
                    ["local_ts = 10.2.0.0/24"], extra="pools = vpn")],
        [PSK, '  xauth-1 { id = %s\n secret = "%s" }' % (LISA, gateway_password)],
        "pools { vpn { addrs = %s-%s } }\n" % (VIRTUAL, VIRTUAL))
    return client, gateway


# ---------------------------------------------------------------- network, daemons

def run(*command, check=True):
    return subprocess.run(command, check=check, text=True, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT).stdout


def inside(namespace, *command, check=True):
    return run("ip", "netns", "exec", namespace, *command, check=check)


def network_up():
    for namespace in (CLIENT, ROUTER, GATEWAY):
        run("ip", "netns", "add", namespace)
        run("ip", "-n", namespace, "link", "set", "lo", "up")
        inside(namespace, "sysctl", "-qw", "net.ipv4.conf.all.rp_filter=0",
               "net.ipv4.conf.default.rp_filter=0", "net.ipv6.conf.all.disable_ipv6=1",
               "net.ipv6.conf.default.disable_ipv6=1")
    for namespace, port, address, router in ((CLIENT, "to_client", CLIENT_IP, "192.0.2.1"),
                                             (GATEWAY, "to_gateway", GATEWAY_IP, "198.51.100.1")):
        run("ip", "link", "add", port, "netns", ROUTER, "type", "veth",
            "peer", "name", "eth0", "netns", namespace)
        run("ip", "-n", ROUTER, "addr", "add", router + "/24", "dev", port)
        run("ip", "-n", ROUTER, "link", "set", port, "up")
        run("ip", "-n", namespace, "addr", "add", address + "/24", "dev", "eth0")
        run("ip", "-n", namespace, "link", "set", "eth0", "up")
        run("ip", "-n", namespace, "route", "add", "default", "via", router)
        run("ip", "-n", namespace, "link", "add", "lan", "type", "veth", "peer", "name", "lan_peer")
        run("ip", "-n", namespace, "link", "set", "lan", "up")
        run("ip", "-n", namespace, "link", "set", "lan_peer", "up")
    run("ip", "-n", CLIENT, "addr", "add", OTHER_CLIENT_IP + "/24", "dev", "eth0")
    run("ip", "-n", GATEWAY, "addr", "add", GATEWAY_LAN + "/24", "dev", "lan")
    inside(ROUTER, "sysctl", "-qw", "net.ipv4.ip_forward=1")
    inside(CLIENT, "ping", "-c", "10", "-i", "0.2", "-w", "5", GATEWAY_IP)


def network_down():
    for namespace in (CLIENT, ROUTER, GATEWAY):
        run("ip", "netns", "del", namespace, check=False)


class Daemon:
    def __init__(self, namespace, directory, conf):
        self.namespace, self.dir = namespace, Path(directory)
        self.dir.mkdir()
        (self.dir / "strongswan.conf").write_text(DAEMON % dict(dir=self.dir))
        (self.dir / "swanctl.conf").write_text(conf)
        env = dict(os.environ, STRONGSWAN_CONF=str(self.dir / "strongswan.conf"))
        self.process = subprocess.Popen(
            ["ip", "netns", "exec", namespace, "/usr/sbin/charon-systemd"],
            env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def start(self):
        for _ in range(100):
            if (self.dir / "vici").exists():
                break
            time.sleep(0.1)
        out = self.swanctl("--load-all", "--noprompt", "--file", str(self.dir / "swanctl.conf"))
        if "loaded 1 connections" not in out and "loaded 2 connections" not in out:
            raise RuntimeError("%s: %s\n%s" % (self.namespace, out, self.log()))

    def swanctl(self, command, *more):
        return inside(self.namespace, "swanctl", command, "--uri", "unix://%s/vici" % self.dir,
                      *more, check=False)

    def initiate(self, child):
        return "completed successfully" in self.swanctl("--initiate", "--child", child,
                                                        "--timeout", "12")

    def log(self):
        return (self.dir / "log").read_text(errors="replace")

    def stop(self):
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Lab:
    """One run: network, the two daemons, the capture on the router."""

    def __init__(self, client_conf, gateway_conf):
        self.client_conf, self.gateway_conf = client_conf, gateway_conf
        self.daemons, self.dumpcap = [], None

    def __enter__(self):
        self.tmp = Path(tempfile.mkdtemp(prefix="espial-lab-"))
        try:
            network_up()
            self.capture = self.tmp / "capture.pcap"
            for namespace, name, conf in ((CLIENT, "client", self.client_conf),
                                          (GATEWAY, "gateway", self.gateway_conf)):
                self.daemons.append(Daemon(namespace, self.tmp / name, conf))
            self.client, self.gateway = self.daemons
            for daemon in self.daemons:
                daemon.start()
            self.dumpcap = subprocess.Popen(
                ["ip", "netns", "exec", ROUTER, "dumpcap", "-q", "-P", "-i", "to_client",
                 "-f", "udp port 500 or udp port 4500 or esp", "-w", str(self.capture)],
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            time.sleep(1.5)
        except BaseException:
            self.__exit__(None, None, None)
            raise
        return self

    def finish(self):
        """End the capture before the daemons, whose own end would say Delete."""
        time.sleep(1.5)
        self.dumpcap.terminate()
        self.dumpcap.wait(10)

    def __exit__(self, *_):
        if self.dumpcap and self.dumpcap.poll() is None:
            self.dumpcap.terminate()
            self.dumpcap.wait(10)
        for daemon in self.daemons:
            daemon.stop()
        network_down()
        shutil.rmtree(self.tmp)


def ping(namespace, source, target, count=3):
    """Number of answers."""
    out = inside(namespace, "ping", "-c", str(count), "-i", "0.2", "-W", "1",
                 "-I", source, target, check=False)
    return int(re.search(r"(\d+) received", out).group(1))


# ---------------------------------------------------------------- keys

IKE2_CRYPT = {"AES_CBC_128": "AES-CBC-128 [RFC3602]", "AES_CBC_256": "AES-CBC-256 [RFC3602]"}
IKE2_AUTH = {"HMAC_SHA2_256_128": "HMAC_SHA2_256_128 [RFC4868]"}
ESP_CRYPT = {"AES_CBC": "AES-CBC [RFC3602]", "3DES_CBC": "TripleDES-CBC [RFC2451]",
             "DES_CBC": "DES-CBC [RFC2405]"}
ESP_AUTH = {"HMAC_SHA1_96": "HMAC-SHA-1-96 [RFC2404]",
            "HMAC_MD5_96": "HMAC-MD5-96 [RFC2403]",
            "HMAC_SHA2_256_128": "HMAC-SHA-256-128 [RFC4868]"}


def dumps(log):
    """Log lines as (ike number, text, bytes of the hex dump below, or None)."""
    line_of = re.compile(r"(?:\S+ )?\d+\[\w+\] (?:<[^|>]*\|(\d+)> )?(.*)")
    result = []
    for line in log.splitlines():
        found = line_of.match(line)
        if not found:
            continue
        number, text = found.groups()
        row = re.match(r" *\d+: ((?:[0-9A-F]{2} )+) ", text + " ")
        if row and result and result[-1][2] is not None:
            result[-1][2].extend(bytes.fromhex(row.group(1)))
            continue
        head = re.match(r"(.*) => \d+ bytes @", text)
        result.append((number, head.group(1) if head else text, bytearray() if head else None))
    return result


def keys_of(log):
    """The client's log -> (list of IKE SAs, list of ESP SAs)."""
    ike, esp = {}, []
    for number, text, data in dumps(log):
        sa = ike.setdefault(number, {})
        if data is not None:
            sa[text] = bytes(data).hex()
        elif m := re.match(r"checkin IKEv(\d) SA .* with SPIs (\w+)_i (\w+)_r", text):
            sa["version"], sa["spi_i"], sa["spi_r"] = m.groups()
        elif m := re.match(r"selected proposal: IKE:(\w+)/(\w+)/", text):
            sa["crypt"], sa["auth"] = m.groups()
        elif m := re.match(r"  using (\w+) for (encryption|integrity)", text):
            sa["esp " + m.group(2)] = m.group(1)
        elif m := re.match(r"  SPI 0x(\w+), src (\S+) dst (\S+)", text):
            spi, src, dst = m.groups()
            way = "responder" if src == GATEWAY_IP else "initiator"
            esp.append(dict(spi=spi, src=src, dst=dst, crypt=sa["esp encryption"],
                            auth=sa["esp integrity"],
                            crypt_key=sa["encryption %s key" % way],
                            auth_key=sa["integrity %s key" % way]))
    return [sa for number, sa in ike.items() if number and "spi_i" in sa], esp


def write_keys(directory, log, plan):
    directory.mkdir(parents=True, exist_ok=True)
    note = "# made by tests/lab from the client's log\n"
    ike, esp = keys_of(log)
    one = ["%s,%s\n" % (sa["spi_i"], sa["encryption key Ka"])
           for sa in ike if "encryption key Ka" in sa]
    two = ['%s,%s,%s,%s,"%s",%s,%s,"%s"\n' % (
        sa["spi_i"], sa["spi_r"], sa["Sk_ei secret"], sa["Sk_er secret"], IKE2_CRYPT[sa["crypt"]],
        sa["Sk_ai secret"], sa["Sk_ar secret"], IKE2_AUTH[sa["auth"]])
        for sa in ike if "Sk_ei secret" in sa]
    three = ['"IPv4","%s","%s","0x%s","%s","0x%s","%s","0x%s"\n' % (
        sa["src"], sa["dst"], sa["spi"], ESP_CRYPT[sa["crypt"]], sa["crypt_key"],
        ESP_AUTH[sa["auth"]], sa["auth_key"]) for sa in esp]
    for name, lines in (("ikev1_decryption_table", one), ("ikev2_decryption_table", two),
                        ("esp_sa", three)):
        (directory / name).write_text(note + "".join(lines))
    (directory / "preferences").write_text("esp.enable_encryption_decode: TRUE\n"
                                           "esp.enable_authentication_check: TRUE\n")
    if plan:
        (directory / "plan").write_text(plan)


# ---------------------------------------------------------------- the captures

def expect(true, what):
    if not true:
        raise RuntimeError("not as expected: " + what)


def wrong_password(lab):
    expect(not lab.client.initiate("net"), "XAUTH must fail")


def wrong_password_lab():
    return xauth_pair("old-password", "new-password")


def des_lab():
    """Bob speaks DES, as the gateway wants it; Lisa offers 3DES."""
    esp = "3des-sha1"

    def client(name, here, ike, user, address):
        return connection(name, here, GATEWAY_IP, ike, esp, psk(user, GATEWAY_IP),
                          ["local_ts = %s/32" % address, "remote_ts = 10.2.0.0/24"])
    return (swanctl_conf([client("bob", OTHER_CLIENT_IP, "des-md5-modp768", "bob@corp.example",
                                 "10.86.152.187"),
                          client("lisa", CLIENT_IP, "3des-md5-modp768", LISA, VIRTUAL)], [PSK]),
            swanctl_conf([connection("net", GATEWAY_IP, "%any", "des-md5-modp768", esp,
                                     ["local { auth = psk\n id = %s }" % GATEWAY_IP,
                                      "remote { auth = psk }"],
                                     ["local_ts = 10.2.0.0/24", "remote_ts = 10.86.152.0/24"])],
                         [PSK]))


def des(lab):
    run("ip", "-n", CLIENT, "addr", "add", "10.86.152.187/32", "dev", "lan")
    expect(lab.client.initiate("bob"), "DES is agreed")
    expect(ping(CLIENT, "10.86.152.187", GATEWAY_LAN, 2) == 2, "pings answered")
    lab.client.swanctl("--terminate", "--ike", "bob")
    expect(not lab.client.initiate("lisa"), "3DES is refused")


def virtual_address_lab():
    return xauth_pair("labpassword", "labpassword")


def virtual_address(lab):
    expect(lab.client.initiate("net"), "tunnel is up")
    expect(ping(CLIENT, VIRTUAL, GATEWAY_LAN) == 3, "pings answered")
    _, esp = keys_of(lab.client.log())
    out = next(sa for sa in esp if sa["dst"] == GATEWAY_IP)
    tunnel = SecurityAssociation(
        ESP, spi=int(out["spi"], 16), crypt_algo="AES-CBC",
        crypt_key=bytes.fromhex(out["crypt_key"]), auth_algo="HMAC-SHA1-96",
        auth_key=bytes.fromhex(out["auth_key"]), tunnel_header=IP(src=CLIENT_IP, dst=GATEWAY_IP),
        nat_t_header=UDP(sport=4500, dport=4500))
    for number in range(3):
        inner = IP(src=NOT_HIS, dst=GATEWAY_LAN) / ICMP(id=4711, seq=number + 1) / (b"espial" * 8)
        packet = tunnel.encrypt(inner, seq_num=4 + number)
        packet[UDP].len, packet[UDP].chksum = len(packet[UDP]), 0
        inside(CLIENT, sys.executable, "-c", SEND, bytes(packet).hex(), GATEWAY_IP)
        time.sleep(0.2)


SEND = """import socket, sys
s = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW)
s.sendto(bytes.fromhex(sys.argv[1]), (sys.argv[2], 0))"""


def planned_lab():
    """No Mode Config; the gateway's IKE takes any address of the net."""
    def half(here, there, my_id, other_id, ts):
        return swanctl_conf([connection("net", here, there, "des-md5-modp768", "3des-sha1",
                                        psk(my_id, other_id), ts)], [PSK])
    return (half(CLIENT_IP, GATEWAY_IP, LISA, GATEWAY_IP,
                 ["local_ts = %s/32" % NOT_HIS, "remote_ts = 10.2.0.0/24"]),
            half(GATEWAY_IP, "%any", GATEWAY_IP, LISA,
                 ["local_ts = 10.2.0.0/24", "remote_ts = 10.86.152.0/24"]))


def planned(lab):
    # The gateway's packet filter: from lisa only what is bound to her.
    inside(GATEWAY, "nft", "add table ip bound; "
           "add chain ip bound input { type filter hook input priority 0; }; "
           "add rule ip bound input ip saddr 10.86.152.0/24 ip saddr != %s drop" % VIRTUAL)
    run("ip", "-n", CLIENT, "addr", "add", NOT_HIS + "/32", "dev", "lan")
    expect(lab.client.initiate("net"), "tunnel is up")
    expect(ping(CLIENT, NOT_HIS, GATEWAY_LAN, 4) == 0, "pings dropped")


PLAN = """# The gateway's planning sheet: which address is bound to which user.
[peer %s]
virtual_ip = %s
""" % (LISA, VIRTUAL)


def clean_lab():
    def half(here, there, my_id, other_id, my_net, other_net):
        return swanctl_conf([connection("net", here, there, "aes256-sha256-modp2048",
                                        "aes128-sha256", psk(my_id, other_id),
                                        ["local_ts = " + my_net, "remote_ts = " + other_net],
                                        version=2)], [PSK])
    return (half(CLIENT_IP, GATEWAY_IP, "site.corp.example", "gw.corp.example",
                 "10.1.0.0/24", "10.2.0.0/24"),
            half(GATEWAY_IP, CLIENT_IP, "gw.corp.example", "site.corp.example",
                 "10.2.0.0/24", "10.1.0.0/24"))


def clean(lab):
    run("ip", "-n", CLIENT, "addr", "add", "10.1.0.1/24", "dev", "lan")
    time.sleep(0.5)
    expect(lab.client.initiate("net"), "tunnel is up")
    expect(ping(CLIENT, "10.1.0.1", GATEWAY_LAN) == 3, "pings answered")
    expect(ping(GATEWAY, GATEWAY_LAN, "10.1.0.1") == 3, "pings answered")
    lab.client.swanctl("--terminate", "--ike", "net")


CAPTURES = {  # name: (configurations, what happens, packets of IKE and of ESP, plan)
    "1_wrong_password": (wrong_password_lab, wrong_password, (7, 0), None),
    "2_3des_against_des": (des_lab, des, (10, 4), None),
    "3_virtual_address": (virtual_address_lab, virtual_address, (12, 9), None),
    "4_virtual_address_planned": (planned_lab, planned, (6, 4), PLAN),
    "5_clean_ikev2": (clean_lab, clean, (6, 12), None),
}


def tshark(directory, pcap, shown):
    command = ["tshark", "-n", "-r", str(pcap), "-Y", shown, "-T", "fields", "-e", "frame.number"]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(directory))
    out = subprocess.run(command, env=env, text=True, check=True, stdout=subprocess.PIPE,
                         stderr=subprocess.DEVNULL).stdout
    return out.split()


def check(pcap, keys, packets):
    """The packets wanted and no more; every encrypted one decrypts."""
    encrypted = tshark(keys, pcap, "isakmp.flags == 1 || isakmp.enc.data || isakmp.typepayload == 46")
    plain = tshark(keys, pcap, "isakmp.enc.decrypted || isakmp.enc.data && isakmp.hash")
    ike, esp = tshark(keys, pcap, "isakmp"), tshark(keys, pcap, "esp")
    good = tshark(keys, pcap, "esp.icv_good == 1 && icmp")
    bad = tshark(keys, pcap, "_ws.malformed")
    expect((len(ike), len(esp)) == packets, "%d IKE and %d ESP packets" % (len(ike), len(esp)))
    expect(set(encrypted) <= set(plain), "IKE frames decrypt: %s of %s" % (plain, encrypted))
    expect(esp == good, "ESP frames decrypt: %s of %s" % (good, esp))
    expect(not bad, "no malformed frames: %s" % bad)
    expect(pcap.stat().st_size < 20000, "capture is small")


def make(name, out):
    configurations, story, packets, plan = CAPTURES[name]
    pcap, keys = out / (name + ".pcapng"), out / (name + ".keys")
    with Lab(*configurations()) as lab:
        story(lab)
        lab.finish()
        # dumpcap's own pcapng names the machine; pcap through editcap does not
        run("editcap", "-F", "pcapng", str(lab.capture), str(pcap))
        write_keys(keys, lab.client.log(), plan)
    check(pcap, keys, packets)
    print("%-28s %5d bytes, %2d IKE and %2d ESP packets" % (
        (name, pcap.stat().st_size) + packets))


def main():
    parser = argparse.ArgumentParser(description="make the sample captures of pcaps/")
    parser.add_argument("--out", type=Path,
                        default=Path(__file__).resolve().parents[2] / "pcaps")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CAPTURES))
    args = parser.parse_args()
    for name in args.names:
        if name not in CAPTURES:
            parser.error("no capture %s" % name)
    if os.geteuid() != 0:
        parser.error("needs root (network namespaces)")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # tidy up on the way out
    args.out.mkdir(parents=True, exist_ok=True)
    for name in args.names or CAPTURES:
        for attempt in range(1, 6):
            try:
                make(name, args.out)
                break
            except RuntimeError as error:
                # mostly a race of the daemons: one more packet, sent again
                print("%s, attempt %d: %s" % (name, attempt, error), file=sys.stderr)
        else:
            sys.exit("%s: given up" % name)


if __name__ == "__main__":
    main()
