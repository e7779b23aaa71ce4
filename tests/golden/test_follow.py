#!/usr/bin/python3
"""Follow stream of what is inside ESP: every octet, in order, from its side, whoever opened it.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import base64, ctypes, hashlib, hmac, json, os, random, struct, subprocess, sys, tempfile
from scapy.layers.inet import IP, UDP, TCP
from scapy.packet import Raw

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RAW_IP, AES128, CBC = 101, 7, 3
ENDS = ("192.0.2.10", "198.51.100.20")
CLIENT, SERVER = "10.1.0.5", "10.2.0.80"
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def aes_cbc(key, iv, clear):
    """By libgcrypt, which the plugin needs anyhow."""
    lib, handle, out = ctypes.CDLL("libgcrypt.so.20"), ctypes.c_void_p(), ctypes.create_string_buffer(len(clear))
    lib.gcry_check_version(None)
    for code in (lib.gcry_cipher_open(ctypes.byref(handle), AES128, CBC, 0),
                 lib.gcry_cipher_setkey(handle, key, ctypes.c_size_t(len(key))),
                 lib.gcry_cipher_setiv(handle, iv, ctypes.c_size_t(len(iv))),
                 lib.gcry_cipher_encrypt(handle, out, ctypes.c_size_t(len(out)), clear, ctypes.c_size_t(len(clear)))):
        assert code == 0
    lib.gcry_cipher_close(handle)
    return out.raw


class Tunnel:
    """A pair of ESP SAs in tunnel mode, with keys made here."""

    def __init__(self, random, ends=ENDS, udp=False):
        self.random, self.ends, self.udp, self.seq = random, ends, udp, [0, 0]
        self.spi = [random.randrange(0x1000, 1 << 32) for _ in ends]
        self.key, self.auth = [random.randbytes(16) for _ in ends], [random.randbytes(32) for _ in ends]

    def rows(self):
        return "".join(f'"IPv4","{self.ends[way]}","{self.ends[1 - way]}","0x{self.spi[way]:08x}","AES-CBC [RFC3602]",'
                       f'"0x{self.key[way].hex()}","HMAC-SHA-256-128 [RFC4868]","0x{self.auth[way].hex()}"\n' for way in (0, 1))

    def seal(self, way, packet):
        """way 0 from the first end, 1 from the second."""
        self.seq[way] += 1
        octets = bytes(packet)
        pad, iv = -(len(octets) + 2) % 16, self.random.randbytes(16)
        body = struct.pack(">II", self.spi[way], self.seq[way]) + iv
        body += aes_cbc(self.key[way], iv, octets + bytes(range(1, pad + 1)) + bytes((pad, 4)))
        body += hmac.new(self.auth[way], body, hashlib.sha256).digest()[:16]
        outer = IP(src=self.ends[way], dst=self.ends[1 - way], id=self.seq[way])
        return outer / UDP(sport=4500, dport=4500, chksum=0) / Raw(body) if self.udp else self.bare(outer, body)

    @staticmethod
    def bare(outer, body):
        outer.proto = 50
        return outer / Raw(body)


class Conversation:
    """One TCP connection of a client (way 0) and a server."""

    def __init__(self, tunnel, seq, port=40000, server_port=80):
        self.tunnel, self.seq, self.ports, self.ends = tunnel, list(seq), (port, server_port), (CLIENT, SERVER)

    def segment(self, way, flags, octets=b"", at=None):
        packet = IP(src=self.ends[way], dst=self.ends[1 - way]) / TCP(
            sport=self.ports[way], dport=self.ports[1 - way], flags=flags, seq=self.seq[way] if at is None else at,
            ack=self.seq[1 - way] if "A" in flags else 0)
        if at is None:
            self.seq[way] = (self.seq[way] + len(octets) + ("S" in flags or "F" in flags)) & 0xffffffff
        return self.tunnel.seal(way, packet / Raw(octets) if octets else packet)

    def open(self):
        return [self.segment(0, "S"), self.segment(1, "SA"), self.segment(0, "A")]

    def say(self, way, octets, size=300):
        return [self.segment(way, "PA", octets[i:i + size]) for i in range(0, len(octets), size)]

    def close(self):
        return [self.segment(0, "FA"), self.segment(1, "FA"), self.segment(0, "A")]


def question(n):
    return b"GET /part/%d HTTP/1.1\r\nHost: files.example\r\n\r\n" % n


def answer(rng, size):
    body = bytes(rng.choice(b"abcdefghijklmnopqrstuvwxyz0123456789\n") for _ in range(size))
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n%s" % (size, body)


def web(rng, tunnel, port, said):
    """Two questions and answers; one segment comes twice, two change places."""
    one = Conversation(tunnel, (rng.randrange(1 << 32), 0xffffff00), port)
    frames = one.open()
    for n in (1, 2):
        asked, told = question(n), answer(rng, 1500)
        frames += one.say(0, asked)
        pieces = one.say(1, told)
        pieces[1:3] = pieces[2:0:-1]
        pieces.insert(4, tunnel.seal(1, IP(src=SERVER, dst=CLIENT) / TCP(sport=80, dport=port, flags="PA", seq=(
            one.seq[1] - len(told)) & 0xffffffff, ack=one.seq[0]) / Raw(told[:300])))
        frames += pieces
        said += [(0, asked), (1, told)]
    return frames + one.close()


def names(rng, tunnel, said):
    frames = []
    for n in range(3):
        for way, octets in ((0, b"question %d" % n), (1, rng.randbytes(40))):
            ports = (5000, 7777)
            frames.append(tunnel.seal(way, IP(src=(CLIENT, SERVER)[way], dst=(SERVER, CLIENT)[way]) /
                                      UDP(sport=ports[way], dport=ports[1 - way]) / Raw(octets)))
            said.append((way, octets))
    return frames


def write(path, packets):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, RAW_IP))
        for n, p in enumerate(packets):
            octets = bytes(p)
            f.write(struct.pack("<IIII", 1700000000 + n // 50, n % 50 * 20000, len(octets), len(octets)) + octets)


class Reader:
    """Either opener of ESP: Espial by its key log, or Wireshark by its own table."""

    def __init__(self, folder, rows, by_espial):
        self.conf = os.path.join(folder, "espial" if by_espial else "wireshark")
        os.makedirs(self.conf)
        table = os.path.join(self.conf, "keys.log" if by_espial else "esp_sa")
        with open(table, "w") as out:
            out.write(rows)
        with open(os.path.join(self.conf, "preferences"), "w") as out:
            out.write(f"espial.keylog_file: {table}\n" if by_espial else "esp.enable_encryption_decode: TRUE\n")

    def env(self):
        return dict(os.environ, WIRESHARK_CONFIG_DIR=self.conf)

    def tshark(self, path, *args):
        run = subprocess.run(["tshark", "-n", "-r", path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                             env=self.env(), timeout=120)
        check(run.returncode == 0, f"{args}: exit {run.returncode}: {run.stderr[-300:]}")
        return run.stdout.decode()

    def follow(self, path, protocol, which, *args):
        """(ends, [(way, octets)]) as tshark prints it, neighbours of one way as one."""
        ends, said = [], []
        for line in self.tshark(path, *args, "-z", f"follow,{protocol},raw,{which}").splitlines():
            if line.startswith("Node "):
                ends.append(line.split(": ", 1)[1])
            elif line.strip() and all(c in "0123456789abcdef" for c in line.strip()):
                said.append((int(line.startswith("\t")), bytes.fromhex(line.strip())))
        return ends, joined(said)

    def sharkd(self, path, *calls):
        asked = "".join(json.dumps({"jsonrpc": "2.0", "id": n, "method": m, "params": p}) + "\n"
                        for n, (m, p) in enumerate([("load", {"file": path})] + list(calls), 1))
        run = subprocess.run(["sharkd", "-"], input=asked, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                             env=self.env(), timeout=120)
        replies = {r["id"]: r for r in map(json.loads, (line for line in run.stdout.splitlines() if line.startswith("{")))}
        return [replies.get(n + 2, {}).get("result", {}) for n in range(len(calls))]

    def sharkd_follow(self, path, protocol, text):
        r, = self.sharkd(path, ("follow", {"follow": protocol, "filter": text}))
        return ([f"{r.get('chost')}:{r.get('cport')}", f"{r.get('shost')}:{r.get('sport')}"],
                joined([(one.get("s", 0), base64.b64decode(one["d"])) for one in r.get("payloads", [])]))


def joined(said):
    out = []
    for way, octets in said:
        if out and out[-1][0] == way:
            octets = out.pop()[1] + octets
        out.append((way, octets))
    return out


def plain(folder, rng, udp):
    """A connection and three datagrams in one tunnel."""
    path, tunnel, told, asked = os.path.join(folder, f"plain{udp}.pcap"), Tunnel(rng, udp=udp), [], []
    web_ends, name_ends = [f"{CLIENT}:40000", f"{SERVER}:80"], [f"{CLIENT}:5000", f"{SERVER}:7777"]
    write(path, web(rng, tunnel, 40000, told) + names(rng, tunnel, asked))
    for by_espial in (True, False):
        r = Reader(os.path.join(folder, f"plain{udp}"), tunnel.rows(), by_espial)
        who = ("Espial" if by_espial else "Wireshark") + (" in UDP" if udp else "")
        for protocol, which, ends, said in (("tcp", "0", web_ends, told), ("http", "0", web_ends, told),
                                            ("tcp", f"{CLIENT}:40000,{SERVER}:80", web_ends, told),
                                            ("udp", "0", name_ends, asked)):
            if udp and protocol == "udp":
                continue        # Wireshark hands over all of a frame's UDP, the outer as well
            for args in (["-q"], ["-q", "-2"], []) if which == "0" else (["-q"],):
                found = r.follow(path, protocol, which, *args)
                check(found == (ends, said), f"{who}: follow,{protocol},{which} {args}: {found[0]} {[(w, len(o)) for w, o in found[1]]}")
            if which == "0":
                check(r.sharkd_follow(path, protocol.upper(), f"{protocol.replace('http', 'tcp')}.stream eq 0") == (ends, said),
                      f"{who}: sharkd's follow of {protocol}")
        # What a right click offers: the followers of the packet's layers, with their filters.
        offered, = r.sharkd(path, ("frame", {"frame": 4, "proto": True}))
        offered = dict(map(tuple, offered.get("fol", [])))
        check(offered.get("TCP") == "tcp.stream eq 0" and offered.get("HTTP") == "tcp.stream eq 0", f"{who}: offers {offered}")
        if by_espial:
            for args in ([], ["-2"]):
                listed = r.tshark(path, *args)
                check(len(listed.splitlines()) > 20 and CLIENT not in listed and ENDS[0] in listed, f"{who}: the packet list")


def twins(folder, rng):
    """Two tunnels at once with the same addresses and ports inside: one conversation to Wireshark, whoever
    opens them, so that one tunnel's packets have to be saved first."""
    path, one = os.path.join(folder, "twins.pcap"), os.path.join(folder, "one.pcap")
    tunnels = [Tunnel(rng), Tunnel(rng, ends=("192.0.2.11", "198.51.100.20"))]
    told = [[], []]
    both = [web(rng, t, 40000, said) for t, said in zip(tunnels, told)]
    write(path, [frame for pair in zip(*both) for frame in pair])
    for by_espial in (True, False):
        r = Reader(os.path.join(folder, "twins"), tunnels[0].rows() + tunnels[1].rows(), by_espial)
        for n, t in enumerate(tunnels):
            r.tshark(path, "-Y", " or ".join(f"esp.spi == 0x{spi:08x}" for spi in t.spi), "-w", one)
            check(r.follow(one, "tcp", "0", "-q")[1] == told[n], f"tunnel {n} alone, opened by {'Espial' if by_espial else 'Wireshark'}")


def main():
    rng = random.Random(6)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        for udp in (False, True):
            plain(folder, rng, udp)
        twins(folder, rng)
    print(f"figure: Follow Stream inside ESP, by Espial's keys and by Wireshark's: {held} comparisons, {failed} differ")
    sys.exit(failed != 0)


main()
