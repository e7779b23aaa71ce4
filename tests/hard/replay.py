#!/usr/bin/python3
"""Sends the frames of a capture on an interface.  usage: replay.py INTERFACE FILE...
SPDX-License-Identifier: GPL-2.0-or-later
"""
import socket, sys, time
import frames

s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((sys.argv[1], 0))
for path in sys.argv[2:]:
    for f in frames.read(path):
        octets = f.octets if f.link == frames.ETHERNET else bytes(12) + b"\x08\0" + (frames.ip_of(f) or b"")
        if 14 < len(octets) <= 1514:
            s.send(octets)
            time.sleep(0.0005)
