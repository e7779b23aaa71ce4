#!/usr/bin/python3
"""Seeds for the fuzz targets from captures, one folder for each target: OUT/datagrams, OUT/ike,
OUT/frames, OUT/feed, OUT/ipsec, OUT/plan, OUT/keylog, OUT/log, and, made by the program in $ESPIAL_BUILD_DIR where it is built,
OUT/state and OUT/result; the captures' keys in OUT/keys, and a dictionary of all registered numbers in OUT/dict.
usage: make_seeds.py OUT EVERY CAPTURE...  (of the captures each EVERY-th; of these each fourth for streams of datagrams,
whose keys are read for each execution)"""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile

from scapy.all import ICMP, IP, UDP, PcapNgReader, RawPcapNgReader

HERE = os.path.dirname(os.path.abspath(__file__))
FROM_RESPONDER, IS_ESP, IS_AH, ON_4500, IS_ICMP, IS_CLEAR, LATER = 1, 2, 4, 16, 32, 8, 64
LINKS = {1: 1, 113: 2, 276: 3, 101: 4, 0: 5, 9: 6}          # pcap's link types to enum frame_link
WORDS = b"""[peer lisa@corp.example]
ike=DES_CBC/HMAC_MD5_96/PRF_HMAC_MD5/MODP_768
esp=ESP:3DES_CBC/HMAC_SHA1_96
virtual_ip=10.86.152.186
networks=10.2.0.0/24;10.3.0.1-10.3.0.9;2001:db8::/32
[peer 192.0.2.10]
esp=AES_GCM_16_256
"""


def record(packet, initiator):
    """A packet as fuzz_datagrams reads it: kind and octets."""
    ip = packet[IP]
    kind = 0 if ip.src == initiator else FROM_RESPONDER
    if ip.frag:
        return kind | IS_ICMP | IS_ESP, b"\0"
    if ICMP in packet:
        return kind | IS_ICMP, bytes(packet[ICMP])
    if ip.proto in (50, 51):
        return kind | (IS_ESP if ip.proto == 50 else IS_AH), bytes(ip.payload)
    if UDP not in packet:
        return kind | IS_ICMP | IS_CLEAR, bytes(ip)
    body = bytes(packet[UDP].payload)
    if 4500 in (packet[UDP].sport, packet[UDP].dport):
        if body == b"\xff":
            return kind | IS_ICMP | IS_AH, body
        return (kind | ON_4500, body[4:]) if body[:4] == bytes(4) else (kind | ON_4500 | IS_ESP, body)
    return (kind, body) if 500 in (packet[UDP].sport, packet[UDP].dport) else None


def of_packets(packets, base, write, stream):
    packets = [p for p in packets if IP in p]
    records = [r for r in (record(p, packets[0][IP].src) for p in packets) if r and r[1] and len(r[1]) < 65536]
    if stream:
        write("datagrams", base, b"".join(struct.pack(">BH", kind, len(octets)) + octets
                                          for kind, octets in records))
    for i, (kind, octets) in enumerate(records):
        if kind & (IS_ICMP | IS_ESP | IS_AH):
            write("ipsec", f"{base}_{i}", bytes((12 if i % 2 else 20, 2 if i % 2 else 0, i % 256, i % 128)) + octets)
        else:
            write("ike", f"{base}_{i}", bytes((0, 0)) + octets)


def of_frames(capture, base, write):
    frames, link = [], 1
    for octets, meta in RawPcapNgReader(capture):
        frames.append(octets)
        link = meta.linktype
    for i in range(0, len(frames), 8):
        some = b"".join(struct.pack(">H", len(f)) + f for f in frames[i:i + 8])
        write("frames", f"{base}_{i}", bytes((LINKS.get(link, 0),)) + some)
        write("feed", f"{base}_{i}", bytes((LINKS.get(link, 0),)) + some)


def tcp_seed(packets, write):
    """The captures' messages as a stream of RFC 9329, in frames without a link layer."""
    seq, frames = 1000, []
    for octets in [b"IKETCP"] + [o for o in packets]:
        data = octets if octets == b"IKETCP" else struct.pack(">H", len(octets) + 2) + octets
        tcp = struct.pack(">HHIIBBHHH", 40000, 4500, seq, 0, 0x50, 0x18, 65535, 0, 0) + data
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, bytes((192, 0, 2, 10)), bytes((198, 51, 100, 20)))
        total = sum(struct.unpack(">10H", head))
        total = (total & 0xffff) + (total >> 16)
        head = head[:10] + struct.pack(">H", ~(total + (total >> 16)) & 0xffff) + head[12:]
        frames.append(head + tcp)
        seq = (seq + len(data)) % (1 << 32)
    write("frames", "tcp_encap", bytes((4 | 16,)) + b"".join(struct.pack(">H", len(f)) + f for f in frames))


def dictionary(out):
    """Each registered number as it stands on the wire, and the names that a plan may hold."""
    words = {}
    with open(os.path.join(HERE, "..", "..", "include", "espial", "names.def"), encoding="utf-8") as rows:
        for registry, number, name, text in re.findall(r'^ROW(?:_AS)?\((\w+), (0x[0-9a-f]+|\d+), (\w+)(?:, "([^"]*)")?', rows.read(), re.M):
            n = int(number, 0)
            if registry in ("V1", "V2", "V1P", "V2P", "IP", "ID", "EAP", "CP", "TS"):
                words[f"{registry.lower()}_{n & 0xff}"] = "\\x%02x" % (n & 0xff)
            else:
                words[f"{registry.lower()}_{n}"] = "\\x%02x\\x%02x" % (n >> 8 & 0xff, n & 0xff)
            if registry in ("ENCR", "INTEG", "PRF", "KE"):
                words[f"name_{registry.lower()}_{n}"] = text or name
    for i, id_type in enumerate((1, 2, 3, 5, 9, 10, 11)):
        words[f"id_{i}"] = "\\x%02x\\x00\\x00\\x00" % id_type
    for name, text in (("v1", "\\x10"), ("v2", "\\x20"), ("marker", "\\x00\\x00\\x00\\x00"), ("key_length", "\\x80\\x0e\\x01\\x00"),
                       ("ts4", "\\x07\\x00\\x00\\x10"), ("ts6", "\\x08\\x00\\x00\\x28"), ("ip4", "\\x45\\x00"), ("iketcp", "IKETCP"),
                       ("ethertype6", "\\x86\\xdd"), ("vlan", "\\x81\\x00"), ("mpls", "\\x88\\x47"), ("pppoe", "\\x88\\x64"),
                       ("gtp", "\\x08\\x68"), ("vxlan", "\\x12\\xb5"), ("udp4500", "\\x11\\x94"), ("udp500", "\\x01\\xf4")):
        words[name] = text
    with open(os.path.join(out, "dict"), "w", encoding="utf-8") as f:
        f.writelines(f'{name}="{text}"\n' for name, text in sorted(words.items()))


def of_program(captures, write):
    """States without their first line and their sum, which the target adds; heads of results."""
    program = os.path.join(os.environ.get("ESPIAL_BUILD_DIR", os.path.join(HERE, "..", "..", "build")), "bin", "espial")
    if not os.path.exists(program):
        write("state", "none", b"")
        write("result", "none", b"{}")
        return
    with tempfile.TemporaryDirectory() as folder:
        def run(*words):
            subprocess.run([program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False, timeout=300,
                           env={**os.environ, "WIRESHARK_CONFIG_DIR": folder})
        state, results = os.path.join(folder, "state"), os.path.join(folder, "results")
        for capture in captures:
            run("--save-state", state, capture)
            if os.path.exists(state):
                with open(state, "rb") as f:
                    octets = f.read()
                write("state", os.path.basename(capture), octets[octets.index(b"\n") + 1:-32])
                os.unlink(state)
        run("--output", results, *captures)
        for place, _, names in os.walk(results):
            for name in sorted(names):
                if name.endswith(".jsonl"):
                    with open(os.path.join(place, name), "rb") as f:
                        write("result", name, f.readline().rstrip(b"\n"))


def main():
    out, seeds, captures = sys.argv[1], 0, sorted(sys.argv[3:])[::int(sys.argv[2])]
    for folder in ("datagrams", "ike", "frames", "feed", "ipsec", "plan", "state", "result"):
        os.makedirs(os.path.join(out, folder), exist_ok=True)
    for texts in ("keylog", "log"):
        shutil.copytree(os.path.join(HERE, texts), os.path.join(out, texts), dirs_exist_ok=True)

    def write(folder, name, octets):
        nonlocal seeds
        seeds += 1
        with open(os.path.join(out, folder, name), "wb") as f:
            f.write(octets)

    write("plan", "words", WORDS)
    stream = []
    with open(os.path.join(out, "keys"), "wb") as keys:
        for i, capture in enumerate(captures):
            base = os.path.splitext(os.path.basename(capture))[0]
            packets = list(PcapNgReader(capture))
            of_packets(packets, base, write, i % 4 == 0)
            of_frames(capture, base, write)
            stream += [bytes(p[UDP].payload) for p in packets if UDP in p and 4500 in (p[UDP].sport, p[UDP].dport)][:8]
            beside = os.path.splitext(capture)[0] + ".keys"
            for table in sorted(os.listdir(beside) if os.path.isdir(beside) else []):
                with open(os.path.join(beside, table), "rb") as f:
                    text = f.read()
                if table == "plan":
                    write("plan", base, text)
                elif table != "preferences" and i % 4 == 0:
                    keys.write(text)
    tcp_seed(stream, write)
    of_program(captures, write)
    dictionary(out)
    print(f"{seeds} seeds of {len(captures)} captures")


main()
