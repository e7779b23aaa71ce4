#!/usr/bin/python3
"""One conversation in every wrapping that IPsec is met in: the report must not change.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import json, os, struct, subprocess, sys, tempfile
from scapy.utils import PcapNgReader
from scapy.layers.inet import IP, UDP, TCP, fragment
from scapy.packet import Raw

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SAMPLE = "5_clean_ikev2"
ETHERNET, RAW, NULL, PPP, SLL, SLL2, WIFI = 1, 101, 0, 9, 113, 276, 105
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def packets():
    """(time, IP packet) of the sample, IKE and ESP alone."""
    for p in PcapNgReader(os.path.join(ROOT, "pcaps", SAMPLE + ".pcapng")):
        if IP in p and UDP in p[IP]:
            yield float(p.time), bytes(p[IP])[:p[IP].len]


def write(path, link, frames):
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for t, octets in frames:
            f.write(struct.pack("<IIII", int(t), int(t % 1 * 1e6), len(octets), len(octets)) + octets)


def tshark(path, *args):
    conf = os.path.join(ROOT, "pcaps", SAMPLE + ".keys")
    run = subprocess.run(["tshark", "-n", "-r", path, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                         env=dict(os.environ, WIRESHARK_CONFIG_DIR=conf), timeout=120)
    check(run.returncode == 0, f"{args}: exit {run.returncode}: {run.stderr[-300:]}")
    return run.stdout


def report(path, *args):
    text = tshark(path, "-q", *args, "-z", "espial,json")
    return json.loads(text[text.index("{"):])


ETH = bytes(12)


def udp4(source, to, octets):
    return bytes(IP(src="203.0.113.1", dst="203.0.113.2") / UDP(sport=source, dport=to) / Raw(octets))


def ipv4(protocol, octets):
    return bytes(IP(src="203.0.113.1", dst="203.0.113.2", proto=protocol) / Raw(octets))


WRAPPED = {
    "ethernet": (ETHERNET, lambda p: ETH + b"\x08\0" + p),
    "VLAN": (ETHERNET, lambda p: ETH + b"\x81\0\0\5\x08\0" + p),
    "QinQ": (ETHERNET, lambda p: ETH + b"\x88\xa8\0\7\x81\0\0\5\x08\0" + p),
    "MPLS": (ETHERNET, lambda p: ETH + b"\x88\x47\0\1\x10\x40\0\1\x21\x40" + p),
    "PPPoE": (ETHERNET, lambda p: ETH + b"\x88\x64\x11\0\0\1" + struct.pack(">H", len(p) + 2) + b"\0\x21" + p),
    "padding": (ETHERNET, lambda p: ETH + b"\x08\0" + p + bytes(9)),
    "raw IP": (RAW, lambda p: p),
    "BSD loopback": (NULL, lambda p: b"\2\0\0\0" + p),
    "PPP": (PPP, lambda p: b"\xff\3\0\x21" + p),
    "Linux cooked": (SLL, lambda p: b"\0\0\0\1\0\6" + bytes(8) + b"\x08\0" + p),
    "Linux cooked 2": (SLL2, lambda p: b"\x08\0\0\0\0\0\0\2\0\1\0\6" + bytes(8) + p),
    "IEEE 802.11": (WIFI, lambda p: b"\x08\1\0\0" + bytes(20) + b"\xaa\xaa\3\0\0\0\x08\0" + p),
    "IP in IP": (RAW, lambda p: ipv4(4, p)),
    "GRE": (RAW, lambda p: ipv4(47, b"\0\0\x08\0" + p)),
    "GRE with key": (RAW, lambda p: ipv4(47, b"\x20\0\x08\0\0\0\0\7" + p)),
    "Ethernet in GRE": (RAW, lambda p: ipv4(47, b"\0\0\x65\x58" + ETH + b"\x08\0" + p)),
    "GTP-U": (RAW, lambda p: udp4(2152, 2152, b"\x30\xff" + struct.pack(">HI", len(p), 9) + p)),
    "VXLAN": (RAW, lambda p: udp4(50000, 4789, b"\x08\0\0\0\0\0\1\0" + ETH + b"\x08\0" + p)),
    "Geneve": (RAW, lambda p: udp4(50000, 6081, b"\0\0\x08\0\0\0\1\0" + p)),
    "6in4 of IPv4 in IPv6": (ETHERNET, lambda p: ETH + b"\x86\xdd\x60\0\0\0" + struct.pack(">H", len(p)) + b"\4\x40" + bytes(31) + b"\1" +
                             p),
    "L2TP": (RAW, lambda p: udp4(1701, 1701, b"\0\2\0\1\0\2" + b"\xff\3\0\x21" + p)),
}


def same(name, path, plain, *args):
    one, two = report(path, *args), report(path, "-2", *args)
    check(one == two, f"{name}: one pass and two differ")
    check(one == plain, f"{name}: not the report of the plain capture: "
          f"{[(k, one[k], plain[k]) for k in plain if one.get(k) != plain[k]][:1]}"[:600])
    shown = [tshark(path, *more, *args, "-T", "fields", "-e", "frame.number", "-e", "espial.stream.packet", "-e", "espial.inner.src")
             for more in ([], ["-2"], ["-Y", "frame"])]
    check(shown[0] == shown[1] == shown[2] and "10." in shown[0], f"{name}: fields differ between ways to read")


def in_tcp(messages):
    """The UDP datagrams as RFC 9329 has them in a stream, cut into segments of 300 octets."""
    seq, out = {}, []
    for t, p in messages:
        ip = IP(p)
        body = bytes(ip[UDP].payload)
        if body == b"\xff":
            continue
        if 500 in (ip[UDP].sport, ip[UDP].dport):
            body = bytes(4) + body
        key = ip.src
        first = not seq
        octets = (b"IKETCP" if first else b"") + struct.pack(">H", len(body) + 2) + body
        port = 40000 if key == list(seq or [key])[0] else 443
        for i in range(0, len(octets), 300):
            at = seq.setdefault(key, 0xfffffff0)
            piece = octets[i:i + 300]
            out.append((t, bytes(IP(src=ip.src, dst=ip.dst) / TCP(sport=port, dport=443 if port == 40000 else 40000,
                                                                   seq=at, flags="PA") / Raw(piece))))
            seq[key] = (at + len(piece)) & 0xffffffff
    return out


def essence(r):
    return ([(s["spi_i"], s["spi_r"], s["proposal"], s["state"]) for s in r["ike_sas"]],
            [(c["spi_i"], c["spi_r"], c["proposal"], c["ts_i"], c["ts_r"], c["basis"]) for c in r["child_sas"]],
            [(s["spi"], s["packets"], s["bytes"], s["last_seq"]) for s in r["streams"]])


def loud(r):
    return [f["check"] for f in r["findings"] if f["severity"] in ("warning", "error")]


def main():
    sample = list(packets())
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        path = os.path.join(folder, "x.pcap")
        write(path, ETHERNET, [(t, ETH + b"\x08\0" + p) for t, p in sample])
        plain = report(path)
        check(len(plain["streams"]) >= 2 and plain["child_sas"] and not loud(plain), "the plain capture holds a tunnel in use")
        for name, (link, wrap) in WRAPPED.items():
            write(path, link, [(t, wrap(p)) for t, p in sample])
            same(name, path, plain)
        write(path, RAW, [(t, p[:20] + struct.pack(">HH", 40500 if p[20:22] == b"\x11\x94" else 40501,
                                                   40500 if p[22:24] == b"\x11\x94" else 40501) + p[24:])
                          for t, p in sample if b"\x11\x94" in p[20:24]])
        moved = report(path, "-d", "udp.port==40500,udpencap")
        check([s["packets"] for s in moved["streams"]] == [s["packets"] for s in plain["streams"]],
              "Decode As of another port is not followed")
        pieces = [(t, bytes(f)) for t, p in sample for f in (fragment(IP(p), 64) if len(p) > 120 else [IP(p)])]
        write(path, RAW, pieces)
        joined = report(path)
        check(essence(joined) == essence(plain) and not loud(joined), f"fragments: {essence(joined)} {loud(joined)}")
        write(path, RAW, in_tcp(sample))
        stream = report(path)
        check(essence(stream) == essence(plain) and not loud(stream), f"TCP: {essence(stream)} not {essence(plain)} {loud(stream)}")
        check(stream == report(path, "-2"), "TCP: one pass and two differ")
        write(path, RAW, [(t, udp4(53, 4500, b"\x12\x34\x81\x80\0\1\0\0\0\0\0\0\1a\0\0\1\0\1")) for t, _ in sample])
        check(not report(path)["streams"], "a name server's answer to port 4500 is no ESP")
    print(f"figure: links: one conversation in {len(WRAPPED)} wrappings, fragments and TCP, {held} held, {failed} failed")
    sys.exit(failed != 0)


main()
