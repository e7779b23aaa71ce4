# points.py - one scenario captured at several places, and what became of its packets between them.
# SPDX-License-Identifier: GPL-2.0-or-later
"""POINTS of a scenario names places in the order from the client to the gateway.  Each is captured by itself and
becomes an interface of NAME.pcapng that has the place's name and a clock of its own.

NAME.points is the truth of what was lost, rewritten and dropped.  It is arithmetic on the single captures, while all
have the machine's one clock: a packet is its octets from the IKE, ESP or AH header on, and it arrived where the next
place has the same octets at the same time.  A dropped packet is one that the gateway's place has, whose contents,
opened with the negotiated keys, never come out of the tunnel's device.  Espial has no part in it."""
import heapq
import json
import struct

PLACES = {"client": ("client", "eth0"), "router-in": ("west", "to_client"), "router-out": ("west", "mid"), "gateway": ("gateway", "eth0"),
          "tunnel": ("gateway", "ipsec0")}
GATEWAY_SIDE = {bytes((198, 51, 100, 20)), bytes((203, 0, 113, 2))}     # what comes from there goes to the client
APART = 0.2             # seconds that a packet takes at most from one place to the next
ETHERNET, RAW = 1, 101
COPIES = ("replay", "duplicate_frame", "nat_mapping_changed")           # what a second sighting must not be called


class Frame:
    """One frame of one place: time by the machine's clock, octets, and what it is."""

    def __init__(self, time, octets, link):
        self.time, self.octets, self.kind = time, octets, None
        ip = octets[14:] if link == ETHERNET else octets
        if len(ip) < 20 or ip[0] >> 4 != 4:
            return
        self.source, self.destination, number = ip[12:16], ip[16:20], ip[9]
        self.ports, body = (0, 0), ip[(ip[0] & 15) * 4:struct.unpack_from("!H", ip, 2)[0]]
        if link != ETHERNET:
            self.kind, self.body = "clear", still(ip)
        elif number in (50, 51):
            self.kind, self.body = "esp" if number == 50 else "ah", body
        elif number == 17 and len(body) > 8 + 1:        # a keepalive is one octet
            self.ports, body = struct.unpack_from("!HH", body), body[8:]
            inside = 4500 in self.ports and body[:4] != bytes(4)
            self.kind, self.body = ("esp", body) if inside else ("ike", body[4:] if 4500 in self.ports else body)

    def to_client(self):
        return self.source in GATEWAY_SIDE

    def ends(self):
        return (self.source, self.ports[0]), (self.destination, self.ports[1])


def still(ip):
    """An IP packet without what a host on the way changes: TTL and checksum."""
    packet = bytearray(ip[:struct.unpack_from("!H", ip, 2)[0]])
    packet[8:9] = packet[10:12] = b""
    return bytes(packet)


def read(path):
    """(frames, link type) of a pcap."""
    data, frames, at = path.read_bytes(), [], 24
    link = struct.unpack_from("<I", data, 20)[0]
    link = RAW if link in (12, 14) else link
    while at < len(data):
        seconds, micro, caught, _ = struct.unpack_from("<IIII", data, at)
        frames.append(Frame(seconds + micro * 1e-6, data[at + 16:at + 16 + caught], link))
        at += 16 + caught
    return frames, link


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack("<II", kind, len(body) + 12) + body + struct.pack("<I", len(body) + 12)


def option(code, value):
    return struct.pack("<HH", code, len(value)) + value + bytes(-len(value) % 4)


def write(path, places, frames):
    """places: [(name, link)]; frames: [(place, time, octets, octets that were sent where some were cut off)] in order."""
    out = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1))
    for name, link in places:
        out += block(1, struct.pack("<HHI", link, 0, 262144) + option(2, name.encode()) + option(9, b"\6") + option(0, b""))
    for place, time, octets, *sent in frames:
        micro = round(time * 1e6)
        out += block(6, struct.pack("<IIIII", place, micro >> 32, micro & 0xffffffff, len(octets), *sent or [len(octets)]) + octets)
    path.write_bytes(out)


def match(sent, met):
    """[(frame sent, frame met or None)]: the same octets, each met once, at about the same time."""
    known = {}
    for frame in met:
        known.setdefault((frame.kind, frame.body), []).append(frame)
    result = []
    for frame in sent:
        others = known.get((frame.kind, frame.body), [])
        nearest = min(others, key=lambda other: abs(other.time - frame.time), default=None)
        if nearest and abs(nearest.time - frame.time) < APART:
            others.remove(nearest)
        else:
            nearest = None
        result.append((frame, nearest))
    return result


def windows(places, cut):
    """(since, until) in which each place captured; one that is not cut did so all the time."""
    return {name: (frames[0].time, frames[-1].time) if name in cut and frames else (0, float("inf")) for name, frames in places.items()}


def opened(frame, streams):
    """The packet inside ESP (AES-CBC), or None."""
    from cryptography.hazmat.backends import default_backend
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
    import keys as keylib
    known = streams.get(frame.body[:4].hex())
    if not known or not known["keys"]:
        return None
    child, way = known["keys"]
    if child["encryption"] != "AES_CBC" or not keylib.esp_is_from(child, way, frame.body):
        raise ValueError("an ESP packet does not open")
    size = keylib.HASHES[child["integrity"]][1]
    one = Cipher(algorithms.AES(bytes(child["encryption %s key" % way])), modes.CBC(frame.body[8:24]), default_backend()).decryptor()
    clear = one.update(frame.body[24:-size]) + one.finalize()
    return still(clear[:-2 - clear[-2]]) if clear[-1] == 4 else None


def passed(places, cut, streams):
    """Lost, rewritten and dropped, as pairs of places and frames.  streams: SPI -> keys, to open what the gateway receives."""
    lost, rewritten, dropped = {}, {}, {}
    names, within = [name for name in places if name != "tunnel"], windows(places, cut)
    for one, other in [*zip(names, names[1:]), *zip(names[1:], names)]:
        back = names.index(one) > names.index(other)
        sent = [frame for frame in places[one] if frame.kind in ("ike", "esp", "ah") and frame.to_client() == back]
        for frame, met in match(sent, places[other]):
            if not met and within[other][0] <= frame.time <= within[other][1]:
                lost.setdefault((one, other), []).append(frame)
            elif met and met.ends() != frame.ends():
                rewritten.setdefault((one, other), []).append((frame, met))
    if "tunnel" in places:
        inside = [frame.body for frame in places["tunnel"]]
        for frame in places["gateway"]:
            if frame.kind == "esp" and not frame.to_client():
                inner = opened(frame, streams)
                if inner in inside:
                    inside.remove(inner)
                elif inner:
                    dropped.setdefault(("gateway", "tunnel"), []).append(frame)
    return lost, rewritten, dropped


def address(end):
    return "%s:%u" % (".".join(map(str, end[0])), end[1]) if end[1] else ".".join(map(str, end[0]))


def truth(places, numbers, what):
    """The contents of NAME.points; numbers: frame -> its number in the merged capture."""
    lost, rewritten, dropped = what

    def listed(pairs):
        return [{"from": one, "to": other, "frames": sorted(numbers[frame] for frame in frames if frame in numbers)}
                for (one, other), frames in sorted(pairs.items()) if any(frame in numbers for frame in frames)]

    changed = []
    for (one, other), pairs in sorted(rewritten.items()):
        there = [pair for pair in pairs if pair[0] in numbers and pair[1] in numbers]
        first = min(there, key=lambda pair: max(numbers[pair[0]], numbers[pair[1]]))
        texts = {", ".join("%s -> %s" % (address(x), address(y)) for x, y in zip(a.ends(), b.ends()) if x != y) for a, b in there}
        changed.append({"from": one, "to": other, "frames": [numbers[first[0]], numbers[first[1]]], "changes": sorted(texts)})
    return {"points": list(places), "lost": listed(lost), "rewritten": changed, "dropped": listed(dropped)}


def skewed(skew, frame, start):
    """A clock is ahead by seconds, or by what a function of the seconds since the start gives."""
    return frame.time + (skew(frame.time - start) if callable(skew) else skew)


def listen(lab):
    """Captures at all places of a scenario; lab.tmp has them as point-NAME.pcap."""
    for name in lab.scenario.POINTS:
        lab.listen(PLACES[name], lab.tmp / ("point-%s.pcap" % name), wanted="ip" if name == "tunnel" else None)


def finish(lab, name, out):
    """NAME.pcapng and NAME.points of a scenario that has ended; the keys that its packets prove."""
    import keys as keylib
    from scapy.layers.l2 import Ether
    scenario, places, links = lab.scenario, {}, {}
    for place in scenario.POINTS:
        places[place], links[place] = read(lab.tmp / ("point-%s.pcap" % place))
    proved = keylib.Proved([Ether(frame.octets) for place, frames in places.items() for frame in frames if links[place] == ETHERNET], lab.logs())
    cut = getattr(scenario, "CUT", {})
    for place, (first, last) in cut.items():
        places[place] = places[place][int(first * len(places[place])):int(last * len(places[place]))]
    what = passed(places, cut, proved.esp)
    for place, ours in getattr(scenario, "UNSEEN", {}).items():     # what the capture itself did not catch
        places[place] = [frame for number, frame in enumerate(places[place]) if number not in ours]
    for place, change in getattr(scenario, "DISTURBED", {}).items():
        places[place] = change(places[place])
    start = min(frame.time for frames in places.values() for frame in frames)
    merged = list(heapq.merge(*([(skewed(scenario.POINTS[place], frame, start), number, frame) for frame in frames]
                                for number, (place, frames) in enumerate(places.items())), key=lambda one: one[:2]))
    numbers = {frame: number for number, (_, _, frame) in enumerate(merged, 1)}
    write(out / (name + ".pcapng"), [(place, links[place]) for place in places], [(place, time, frame.octets) for time, place, frame in merged])
    (out / (name + ".points")).write_text(json.dumps(truth(places, numbers, what), indent=1) + "\n")
    return proved


def rows(path):
    """(check, frames) of what a capture's truth says, if there is one."""
    if not path.exists():
        return []
    said = json.loads(path.read_text())
    found = (("lost_between", [n for one in said["lost"] for n in one["frames"]]),
             ("rewritten_between", min((sorted(one["frames"]) for one in said["rewritten"]), key=max, default=[])),
             ("dropped_after_arrival", [n for one in said["dropped"] for n in one["frames"]]))
    return [(check, sorted(frames)) for check, frames in found]


def merged(path):
    """[(name of the place, Frame)] of a capture with an interface for each place."""
    data, places, frames, at = path.read_bytes(), [], [], 0
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 1:
            link, name, unit, where = struct.unpack_from("<H", data, at + 8)[0], "", 1e-6, at + 16
            while where < at + size - 4:
                code, length = struct.unpack_from("<HH", data, where)
                if code == 2:
                    name = data[where + 4:where + 4 + length].decode()
                unit = 10.0 ** -data[where + 4] if code == 9 else unit
                where += 4 + (length + 3) // 4 * 4
            places.append((name, RAW if link in (12, 14) else link, unit))
        elif kind == 6:
            place, high, low, caught, _ = struct.unpack_from("<IIIII", data, at + 8)
            name, link, unit = places[place]
            frames.append((name, Frame((high << 32 | low) * unit, data[at + 28:at + 28 + caught], link)))
        at += size
    return frames
