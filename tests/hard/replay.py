#!/usr/bin/python3
"""Sends the frames of a capture on an interface, again and again, from when each tshark whose NAME.err
lies here says that it captures, until each has left a NAME.status, for a minute at most.
usage: replay.py INTERFACE FILE NAME...
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, socket, sys, time
import frames

interface, path, *names = sys.argv[1:]
until = time.time() + 60
while time.time() < until and not all("Capture started" in open(n + ".err", errors="replace").read() for n in names if os.path.exists(n + ".err")):
    time.sleep(0.1)
time.sleep(0.5)
s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
s.bind((interface, 0))
while time.time() < until and not all(os.path.exists(n + ".status") for n in names):
    for f in frames.read(path):
        octets = f.octets if f.link == frames.ETHERNET else bytes(12) + b"\x08\0" + (frames.ip_of(f) or b"")
        if 14 < len(octets) <= 1514:
            s.send(octets)
            time.sleep(0.001)
