#!/usr/bin/python3
"""Makes the captures of pcaps/ with real IKE daemons.

usage: lab.py [SCENARIO...]          as root; without a name, all of them

Three network namespaces (client, router, gateway), strongSwan with kernel-libipsec in the
outer two, dumpcap on the router.  Keys come from the daemons' logs and are proved: every
ESP packet that carries a known SPI must have a good ICV, or the scenario fails.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, json, os, re, shutil, signal, subprocess, sys, tempfile, time

CLIENT, GATEWAY = "192.0.2.10", "198.51.100.20"
HERE = os.path.dirname(os.path.abspath(__file__))
PCAPS = os.path.join(HERE, "..", "..", "pcaps")
PLUGINS = ("random nonce pem pkcs1 pkcs8 x509 pubkey openssl gcrypt drbg kdf aes sha1 sha2 md5 hmac gmp "
           "kernel-libipsec kernel-netlink socket-default vici updown xauth-generic")
DAEMON = """charon {{
  load = {plugins}
  filelog {{ log {{ path = {folder}/log
    flush_line = yes
    default = 1
    ike = 4
    chd = 4 }} }}
  pid_file = {folder}/pid
  retransmit_tries = 2
  retransmit_timeout = 1.0
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
}}
charon-systemd {{
  load = {plugins}
  filelog {{ log {{ path = {folder}/log
    flush_line = yes
    default = 1
    ike = 4
    chd = 4 }} }}
  retransmit_tries = 2
  retransmit_timeout = 1.0
  i_dont_care_about_security_and_use_aggressive_mode_psk = yes
  plugins {{ vici {{ socket = unix://{folder}/vici }} }}
}}
"""


def run(*cmd, check=True, **more):
    return subprocess.run(cmd, check=check, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, **more)


class Net:
    """The namespaces and every process that is started in them; all gone at the end."""

    def __init__(self, folder):
        self.folder, self.processes, self.mark = folder, [], f"espial{os.getpid()}"

    def name(self, host):
        return f"{self.mark}{host}"

    def inside(self, host, *cmd, check=True):
        return run("ip", "netns", "exec", self.name(host), *cmd, check=check)

    def start(self, host, cmd, **more):
        p = subprocess.Popen(["ip", "netns", "exec", self.name(host), *cmd], stdout=subprocess.DEVNULL,
                             stderr=subprocess.DEVNULL, **more)
        self.processes.append(p)
        return p

    def __enter__(self):
        for host in "crg":
            run("ip", "netns", "add", self.name(host))
            self.inside(host, "ip", "link", "set", "lo", "up")
        for host, addr, router in (("c", CLIENT, "192.0.2.1"), ("g", GATEWAY, "198.51.100.1")):
            self.inside("r", "ip", "link", "add", f"to_{host}", "type", "veth", "peer", "name", "eth0", "netns", self.name(host))
            self.inside("r", "ip", "addr", "add", f"{router}/24", "dev", f"to_{host}")
            self.inside("r", "ip", "link", "set", f"to_{host}", "up")
            self.inside(host, "ip", "addr", "add", f"{addr}/24", "dev", "eth0")
            self.inside(host, "ip", "link", "set", "eth0", "up")
            self.inside(host, "ip", "route", "add", "default", "via", router)
        self.inside("r", "sysctl", "-qw", "net.ipv4.ip_forward=1")
        return self

    def __exit__(self, *_):
        for p in self.processes:
            if p.poll() is None:
                p.terminate()
        for p in self.processes:
            try:
                p.wait(5)
            except subprocess.TimeoutExpired:
                p.kill()
        for host in "crg":
            run("ip", "netns", "del", self.name(host), check=False)

    def daemon(self, host, config):
        folder = os.path.join(self.folder, host)
        os.makedirs(folder)
        for name, text in (("strongswan.conf", DAEMON.format(folder=folder, plugins=PLUGINS)), ("swanctl.conf", config)):
            with open(os.path.join(folder, name), "w") as f:
                f.write(text)
        self.start(host, ["/usr/sbin/charon-systemd"], env=dict(os.environ, STRONGSWAN_CONF=folder + "/strongswan.conf"))
        for _ in range(50):
            if os.path.exists(folder + "/vici"):
                break
            time.sleep(0.2)
        said = self.swanctl(host, "--load-all", "--file", folder + "/swanctl.conf", "--noprompt")
        if "loaded connection" not in said:
            raise SystemExit(f"{host}: {said}")

    def swanctl(self, host, *args):
        return self.inside(host, "swanctl", args[0], "--uri", f"unix://{self.folder}/{host}/vici", *args[1:], check=False).stdout

    def capture(self, path):
        p = self.start("r", ["dumpcap", "-q", "-i", "to_c", "-w", path, "-f", "udp port 500 or udp port 4500 or esp"])
        time.sleep(1.5)
        return p


def connection(local, remote, version, proposals, ids, child, **more):
    text = f"connections {{\n gw {{\n version = {version}\n proposals = {proposals}\n"
    text += f" local_addrs = {local}\n remote_addrs = {remote}\n"
    for key in ("aggressive", "vips", "pools"):
        if key in more:
            text += f" {key} = {more[key]}\n"
    mine, theirs = ids
    text += f" local {{ auth = psk\n id = {mine} }}\n remote {{ auth = psk\n id = {theirs} }}\n"
    text += more.get("rounds", "")
    text += f" children {{ net {{ {child} }} }}\n }}\n}}\n"
    return text + 'secrets { ike-1 { secret = "lab-secret" } ' + more.get("secrets", "") + " }\n" + more.get("rest", "")


def hexes(log, name):
    """The multi-line hex dumps of a daemon's log under one name, in order."""
    found, lines = [], log.splitlines()
    for i, line in enumerate(lines):
        m = re.search(re.escape(name) + r" => (\d+) bytes", line)
        if not m:
            continue
        octets = ""
        for more in lines[i + 1:]:
            row = re.search(r"\s+\d+: ((?:[0-9A-F]{2} ?)+)", more)
            if not row or len(octets) >= 2 * int(m[1]):
                break
            octets += row[1].replace(" ", "").lower()
        found.append(octets[:2 * int(m[1])])
    return found


def tables(net, keys, ike_names, esp_names):
    """Wireshark's key tables from the client's log, SAs in order of the log."""
    log = open(os.path.join(net.folder, "c", "log"), errors="replace").read()
    head = "# made by tests/lab from the daemons' logs\n"
    os.makedirs(keys, exist_ok=True)
    ike = run("tshark", "-n", "-r", os.path.join(net.folder, "all.pcapng"), "-T", "fields", "-e", "isakmp.ispi", "-e",
              "isakmp.rspi", "-Y", "isakmp").stdout
    pairs = []
    for i, r in re.findall(r"^([0-9a-f]{16})\t([0-9a-f]{16})$", ike, re.M):
        if int(r, 16) and (i, r) not in pairs:
            pairs.append((i, r))
    v1, v2 = head, head
    for (i, _), key in zip(pairs, hexes(log, "encryption key Ka")):
        v1 += f"{i},{key}\n"
    for (i, r), *k in zip(pairs, *(hexes(log, f"Sk_{x} secret") for x in ("ei", "er", "ai", "ar"))):
        v2 += f'{i},{r},{k[0]},{k[1]},"{ike_names[0]}",{k[2]},{k[3]},"{ike_names[1]}"\n'
    esp, sas = head, []
    spis = re.findall(r"established with SPIs ([0-9a-f]{8})_i ([0-9a-f]{8})_o", log)
    parts = [hexes(log, f"{what} {who} key") for what in ("encryption", "integrity") for who in ("initiator", "responder")]
    for (mine, theirs), ei, er, ai, ar in zip(spis, *parts):
        sas.append({"out": theirs, "in": mine, "enc": ei, "auth": ai})
        for src, dst, spi, e, a in ((GATEWAY, CLIENT, mine, er, ar), (CLIENT, GATEWAY, theirs, ei, ai)):
            esp += f'"IPv4","{src}","{dst}","0x{spi}","{esp_names[0]}","0x{e}","{esp_names[1]}","0x{a}"\n'
    for name, text in (("ikev1_decryption_table", v1), ("ikev2_decryption_table", v2), ("esp_sa", esp),
                       ("preferences", "esp.enable_encryption_decode: TRUE\nesp.enable_authentication_check: TRUE\n")):
        with open(os.path.join(keys, name), "w") as f:
            f.write(text)
    return sas


INJECT = r'''
import json, sys
from scapy.all import IP, UDP, ICMP, Raw, SecurityAssociation, ESP, conf, send
conf.verb = 0
a = json.loads(sys.argv[1])
sa = SecurityAssociation(ESP, spi=int(a["out"], 16), crypt_algo="AES-CBC", crypt_key=bytes.fromhex(a["enc"]),
                         auth_algo="HMAC-SHA1-96", auth_key=bytes.fromhex(a["auth"]),
                         tunnel_header=IP(src=a["src"], dst=a["dst"]), seq_num=a["seq"])
for n in range(4):
    inner = IP(src=a["inner"], dst="10.2.0.1") / ICMP(id=7, seq=n) / Raw(b"espial" * 4)
    send(IP(src=a["src"], dst=a["dst"]) / UDP(sport=4500, dport=4500, chksum=0) / Raw(bytes(sa.encrypt(inner)[ESP])))
'''


def finish(net, dumper, name, plan=None, names=(("AES-CBC-128 [RFC3602]", "HMAC_SHA1_96 [RFC2404]"),
                                                ("AES-CBC [RFC3602]", "HMAC-SHA-1-96 [RFC2404]"))):
    time.sleep(1)
    dumper.send_signal(signal.SIGINT)
    dumper.wait(10)
    out, keys = os.path.join(PCAPS, name + ".pcapng"), os.path.join(PCAPS, name + ".keys")
    shutil.copy(os.path.join(net.folder, "all.pcapng"), out)
    tables(net, keys, *names)
    if plan:
        with open(os.path.join(keys, "plan"), "w") as f:
            f.write(plan)
    bad = run("tshark", "-n", "-r", out, "-Y", "esp && !(esp.icv_good == 1)", env=dict(os.environ, WIRESHARK_CONFIG_DIR=keys)).stdout
    bad = [line for line in bad.splitlines() if "ESP" in line]
    if bad:
        raise SystemExit(f"{name}: keys do not fit: {bad[0]}")
    print(f"{name}: {os.path.getsize(out)} bytes")


V1 = {"aggressive": "yes"}
XAUTH = "local-2 { auth = xauth\n xauth_id = lisa }\n"


def roadwarrior(net, password):
    """The client's and the gateway's configuration with XAUTH and Mode Config."""
    net.daemon("g", connection(GATEWAY, "%any", 1, "aes128-sha1-modp1536", ("gw.lab.example", "lisa@corp.example"),
                               "local_ts = 10.2.0.0/24\n esp_proposals = aes128-sha1", pools="vpn", **V1,
                               rounds=" remote-2 { auth = xauth }\n",
                               secrets='xauth-1 { id = lisa\n secret = "right" }',
                               rest="pools { vpn { addrs = 10.86.152.186-10.86.152.186 } }\n"))
    net.daemon("c", connection(CLIENT, GATEWAY, 1, "aes128-sha1-modp1536", ("lisa@corp.example", "gw.lab.example"),
                               "remote_ts = 10.2.0.0/24\n esp_proposals = aes128-sha1", vips="0.0.0.0", **V1,
                               rounds=" " + XAUTH, secrets=f'xauth-1 {{ id = lisa\n secret = "{password}" }}'))


def wrong_password(net):
    roadwarrior(net, "changed")
    d = net.capture(net.folder + "/all.pcapng")
    net.swanctl("c", "--initiate", "--child", "net", "--timeout", "5")
    finish(net, d, "1_wrong_password")


def des_against_3des(net):
    ids = ("colleague@corp.example", "gw.lab.example")
    net.daemon("g", connection(GATEWAY, "%any", 1, "des-md5-modp1024", ("gw.lab.example", "%any"),
                               "local_ts = 10.2.0.0/24\n esp_proposals = aes128-sha1", **V1))
    right = connection(CLIENT, GATEWAY, 1, "des-md5-modp1024", ids, "remote_ts = 10.2.0.0/24", **V1)
    wrong = connection(CLIENT, GATEWAY, 1, "3des-md5-modp1024", ("lisa@corp.example", "gw.lab.example"),
                       "remote_ts = 10.2.0.0/24", **V1).replace(" gw {", " lisa {", 1)
    net.daemon("c", right + wrong)
    d = net.capture(net.folder + "/all.pcapng")
    net.swanctl("c", "--initiate", "--ike", "gw", "--timeout", "5")
    net.swanctl("c", "--initiate", "--ike", "lisa", "--timeout", "5")
    finish(net, d, "2_3des_against_des")


def virtual_address(net):
    roadwarrior(net, "right")
    net.inside("g", "ip", "addr", "add", "10.2.0.1/32", "dev", "lo")
    d = net.capture(net.folder + "/all.pcapng")
    net.swanctl("c", "--initiate", "--child", "net", "--timeout", "5")
    net.inside("c", "ping", "-c", "3", "-i", "0.2", "-I", "10.86.152.186", "10.2.0.1", check=False)
    sa = tables(net, os.path.join(net.folder, "keys"), ("", ""), ("", ""))[0]
    sa.update(src=CLIENT, dst=GATEWAY, inner="10.86.152.188", seq=4)
    net.inside("c", "/usr/bin/python3", "-c", INJECT, json.dumps(sa))
    finish(net, d, "3_virtual_address")


def virtual_address_planned(net):
    net.daemon("g", connection(GATEWAY, "%any", 1, "aes128-sha1-modp1536", ("gw.lab.example", "lisa@corp.example"),
                               "local_ts = 10.2.0.0/24\n remote_ts = 10.86.152.0/24\n esp_proposals = aes128-sha1", **V1))
    net.daemon("c", connection(CLIENT, GATEWAY, 1, "aes128-sha1-modp1536", ("lisa@corp.example", "gw.lab.example"),
                               "local_ts = 10.86.152.188/32\n remote_ts = 10.2.0.0/24\n esp_proposals = aes128-sha1", **V1))
    net.inside("g", "ip", "addr", "add", "10.2.0.1/32", "dev", "lo")
    net.inside("g", "sysctl", "-qw", "net.ipv4.icmp_echo_ignore_all=1")     # what a gateway that denies .188 does
    net.inside("c", "ip", "addr", "add", "10.86.152.188/32", "dev", "lo")
    d = net.capture(net.folder + "/all.pcapng")
    net.swanctl("c", "--initiate", "--child", "net", "--timeout", "5")
    net.inside("c", "ping", "-c", "4", "-i", "0.2", "-W", "1", "-I", "10.86.152.188", "10.2.0.1", check=False)
    finish(net, d, "4_virtual_address_planned", plan="# The gateway's planning sheet: which address is bound to which user.\n"
           "[peer lisa@corp.example]\nvirtual_ip = 10.86.152.186\n")


def clean_ikev2(net):
    for host, local, remote, mine, theirs in (("g", GATEWAY, "%any", "gw.lab.example", "lisa@corp.example"),
                                              ("c", CLIENT, GATEWAY, "lisa@corp.example", "gw.lab.example")):
        own, far = ("10.2.0.0/24", "10.1.0.0/24") if host == "g" else ("10.1.0.0/24", "10.2.0.0/24")
        net.daemon(host, connection(local, remote, 2, "aes256-sha256-modp2048", (mine, theirs),
                                    f"local_ts = {own}\n remote_ts = {far}\n esp_proposals = aes128-sha256"))
        net.inside(host, "ip", "addr", "add", "10.2.0.1/32" if host == "g" else "10.1.0.1/32", "dev", "lo")
    d = net.capture(net.folder + "/all.pcapng")
    net.swanctl("c", "--initiate", "--child", "net", "--timeout", "5")
    net.inside("c", "ping", "-c", "3", "-i", "0.2", "-I", "10.1.0.1", "10.2.0.1", check=False)
    net.swanctl("c", "--terminate", "--ike", "gw", "--timeout", "5")
    finish(net, d, "5_clean_ikev2", names=(("AES-CBC-256 [RFC3602]", "HMAC_SHA2_256_128 [RFC4868]"),
                                           ("AES-CBC [RFC3602]", "HMAC-SHA-256-128 [RFC4868]")))


SCENARIOS = {f.__name__: f for f in (wrong_password, des_against_3des, virtual_address, virtual_address_planned, clean_ikev2)}


def main():
    names = sys.argv[1:] or list(SCENARIOS)
    unknown = [n for n in names if n not in SCENARIOS]
    if unknown or os.geteuid() != 0:
        raise SystemExit(__doc__ + "\nscenarios: " + ", ".join(SCENARIOS))
    os.makedirs(PCAPS, exist_ok=True)
    for name in names:
        with tempfile.TemporaryDirectory() as folder:
            os.chmod(folder, 0o755)
            with Net(folder) as net:
                try:
                    SCENARIOS[name](net)
                except subprocess.CalledProcessError as e:
                    raise SystemExit(f"{name}: {' '.join(e.cmd)}: {e.stdout}")


main()
