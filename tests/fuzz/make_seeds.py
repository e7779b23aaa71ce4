#!/usr/bin/python3
"""Seeds for fuzz_datagrams from captures: what IKE, ESP and AH they hold, decrypted parts
behind the message where the capture has keys.
usage: make_seeds.py OUT CAPTURE..."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import struct
import sys

from scapy.all import AH, ESP, ICMP, IP, UDP, rdpcap

FROM_RESPONDER, IS_ESP, IS_AH, ON_4500, IS_ICMP = 1, 2, 4, 16, 32


def record(packet, initiator):
    ip = packet[IP]
    kind = 0 if ip.src == initiator else FROM_RESPONDER
    if ICMP in packet:
        return kind | IS_ICMP, bytes(packet[ICMP])
    if ip.proto in (50, 51):
        return kind | (IS_ESP if ip.proto == 50 else IS_AH), bytes(ip.payload)
    if UDP not in packet:
        return None
    body = bytes(packet[UDP].payload)
    if 4500 in (packet[UDP].sport, packet[UDP].dport):
        return (kind | ON_4500, body[4:]) if body[:4] == bytes(4) else (kind | ON_4500 | IS_ESP, body)
    return (kind, body) if 500 in (packet[UDP].sport, packet[UDP].dport) else None


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    for name in sys.argv[2:]:
        packets = [p for p in rdpcap(name) if IP in p]
        seed = b""
        for p in packets:
            r = record(p, packets[0][IP].src)
            if r and r[1] and len(r[1]) < 65536:
                seed += struct.pack(">BH", r[0], len(r[1])) + r[1]
        base = os.path.basename(os.path.dirname(name)) + "_" + os.path.basename(name)
        with open(os.path.join(out, base + ".seed"), "wb") as f:
            f.write(seed)
    print(len(os.listdir(out)), "seeds")


main()
