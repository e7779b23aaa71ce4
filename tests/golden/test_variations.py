#!/usr/bin/python3
"""Captures in which nothing is wrong, varied as captures are: cut, begun late, ended early, of one
direction, doubled by mirrors of all kinds, out of order, with frames missing, with a clock that
steps.  None of it is the peers' fault: no warning or error may appear that the whole capture does
not have.

usage: test_variations.py [--all] [--verbose] [--only NAME] [FOLDER...]    each holds captures and keys as
pcaps/ does, or is one of a laboratory's runs (capture.pcapng beside its key tables).  Without --all a part of
the variations is tried, drawn for each capture by its name: the same ones each time.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse, glob, json, os, random, re, struct, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
TABLES = ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa")
# of the suites that the peers have chosen: true of every part of the capture that shows the choice
OWN = {"weak_encryption", "weak_integrity", "weak_prf", "weak_dh_group", "aggressive_mode_psk", "no_integrity"}
MIRROR, LATER, ROUTER = 18e-6, 400e-6, 3e-3     # seconds between a frame and its copy
FEW = 24        # at most so many places where a capture is made to begin or end
SHARE = {"with tables": 12, "without keys": 8, "with a key log": 1}    # variations of each capture without --all


class Sharkd:
    """One process that opens one file after the other."""

    def __init__(self, config, **preferences):
        self.process = subprocess.Popen(["sharkd", "-"], env=dict(os.environ, WIRESHARK_CONFIG_DIR=config), text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        for name, value in preferences.items():
            self.ask("setconf", name="espial." + name, value=value)

    def ask(self, method, **parameters):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            if line.startswith("{"):
                return json.loads(line)["result"]
        sys.exit("sharkd ended at %s %s" % (method, parameters))

    def loud(self, path):
        """{(check's title, frame): text} of each warning and error."""
        self.ask("load", file=path)
        tap, = self.ask("tap", tap0="expert")["taps"]
        return {(d["m"].split(": ")[0], d["f"]): d["m"] for d in tap["details"] if d["p"] == "ESPIAL" and d["s"] in ("Warning", "Error")}

    def close(self):
        self.process.stdin.close()
        self.process.wait(60)
        self.process.stdout.close()


def read(path):
    """[(time in seconds, octets, reported length)], link type: pcapng of one section, or pcap."""
    data, frames, link, unit, at = open(path, "rb").read(), [], 1, 1e-6, 0
    if data[:4] != b"\x0a\x0d\x0d\x0a":
        link, at = struct.unpack_from("<I", data, 20)[0], 24
        while at < len(data):
            s, us, caught, length = struct.unpack_from("<IIII", data, at)
            frames.append((s + us * 1e-6, data[at + 16:at + 16 + caught], length))
            at += 16 + caught
        return frames, link
    while at < len(data):
        kind, size = struct.unpack_from("<II", data, at)
        if kind == 1:
            link, option = struct.unpack_from("<H", data, at + 8)[0], at + 16
            while option < at + size - 4:
                code, length = struct.unpack_from("<HH", data, option)
                unit = 10.0 ** -data[option + 4] if code == 9 else unit
                option += 4 + (length + 3) // 4 * 4
        elif kind == 6:
            _, high, low, caught, length = struct.unpack_from("<IIIII", data, at + 8)
            frames.append(((high << 32 | low) * unit, data[at + 28:at + 28 + caught], length))
        at += size
    return frames, link


def write(path, frames, link):
    with open(path, "wb") as out:
        out.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 262144, link))
        for time, octets, length in frames:
            s, us = divmod(round(time * 1e6), 1000000)
            out.write(struct.pack("<IIII", s, us, len(octets), length) + octets)


def way(octets, link):
    """Source and destination, None where they are not told."""
    at = {1: 14, 276: 20, 113: 16}.get(link)
    if at is None or len(octets) < at + 40 or octets[at] >> 4 not in (4, 6):
        return None
    size, first = (4, at + 12) if octets[at] >> 4 == 4 else (16, at + 8)
    return octets[first:first + size], octets[first + size:first + 2 * size]


def few(n):
    return range(1, n) if n <= FEW else sorted({1 + i * (n - 2) // (FEW - 1) for i in range(FEW)})


def routed(octets, link):
    """The frame behind a router: TTL or hop limit one less, other machine addresses.  None where there is no IP to see."""
    if link != 1 or octets[12:14] not in (b"\x08\x00", b"\x86\xdd"):
        return None
    packet = bytearray(octets[14:])
    if octets[12] == 8 and len(packet) >= 20:
        packet[8] -= packet[8] > 1
        packet[10:12] = b"\0\0"
        total = sum(struct.unpack(">%dH" % ((packet[0] & 15) * 2), packet[:(packet[0] & 15) * 4]))
        total = (total & 0xffff) + (total >> 16)
        packet[10:12] = struct.pack(">H", ~((total & 0xffff) + (total >> 16)) & 0xffff)
    elif octets[12] != 8 and len(packet) >= 40:
        packet[7] -= packet[7] > 1
    else:
        return None
    return b"\x02\0\0\0\0\x0b" + b"\x02\0\0\0\0\x0c" + octets[12:14] + bytes(packet)


def tagged(octets, link):
    """The frame in a VLAN."""
    return octets[:12] + b"\x81\x00\x00\x07" + octets[12:] if link == 1 else None


def copied(frames, link, after, change, part=1.0):
    """Each frame, and its changed copy so much later, for the first part of the frames; None where one cannot be changed so."""
    copies = []
    for t, octets, length in frames[:max(1, int(len(frames) * part))]:
        other = change(octets, link)
        if other is None:
            return None
        copies.append((t + after, other, length + len(other) - len(octets)))
    return sorted(frames + copies, key=lambda f: f[0])


def late(frames, most, seed):
    """Each frame seen up to so many seconds late, as by the queues of a card or of a tap."""
    chance = random.Random(seed)
    return sorted(((t + chance.uniform(0, most), octets, length) for t, octets, length in frames), key=lambda f: f[0])


def displaced(frames, most, seed):
    """Each frame at most so many places away from its own."""
    chance = random.Random(seed)
    order = sorted(range(len(frames)), key=lambda n: n + chance.uniform(0, most + 0.5))
    return [frames[n] for n in order]


def variations(frames, link):
    """(name, frames)."""
    n = len(frames)
    for size in (64, 100):
        yield "cut at %d" % size, [(t, octets[:size], length) for t, octets, length in frames]
    for first in few(n):
        yield "without the first %d" % first, frames[first:]
    for last in few(n):
        yield "without the last %d" % last, frames[:n - last]
    for one in few(n):
        yield "without frame %d" % (one + 1), frames[:one] + frames[one + 1:]
    ways = [way(octets, link) for _, octets, _ in frames]
    if None not in ways and len({frozenset(w) for w in ways}) == 1:     # an address that changes has more than two
        for direction in sorted(set(ways)):
            yield "of one direction", [f for f, w in zip(frames, ways) if w == direction]
    copies = [(t + MIRROR, octets, length) for t, octets, length in frames]
    yield "each frame twice", [f for pair in zip(frames, copies) for f in pair]
    yield "each frame twice, cut at 100", [(t, o[:100], length) for pair in zip(frames, copies) for t, o, length in pair]
    copies = [(t + LATER, octets, length) for t, octets, length in frames]
    yield "each frame twice, later", sorted(frames + copies, key=lambda f: f[0])
    for what, after, change, part in (("behind a router", ROUTER, routed, 1), ("in a VLAN", MIRROR, tagged, 1),
                                      ("behind a router at once", MIRROR, routed, 1), ("in a VLAN, in the first half", MIRROR, tagged, 0.5),
                                      ("as it is, in the first half", ROUTER, lambda octets, _: octets, 0.5)):
        both = copied(frames, link, after, change, part)
        if both:
            yield "each frame again " + what, both
    yield "each frame three times", sorted(frames + copies + [(t + LATER / 2, o, length) for t, o, length in frames], key=lambda f: f[0])
    for most in (0.005, 0.05):
        for seed in range(3):
            yield "up to %g ms late (%d)" % (most * 1e3, seed), late(frames, most, seed)
    for share in (0.05, 0.15):
        for seed in range(2):
            chance = random.Random(seed)
            yield "%g %% lost (%d)" % (share * 100, seed), [f for f in frames if chance.random() >= share]
    for step in (-30.0, -0.5, 0.5, 30.0):
        yield "the clock steps by %g s" % step, [(t + (step if i >= n // 2 else 0), o, length) for i, (t, o, length) in enumerate(frames)]
    for most in (1, 2, 3):
        moved = displaced(frames, most, most)
        yield "out of order by %d" % most, moved
        if len({octets for _, octets, _ in frames}) == len(frames):      # a late copy would be a replay indeed
            yield "out of order by %d on the wire" % most, [(t, o, length) for (t, _, _), (_, o, length) in zip(frames, moved)]


def captures(folders):
    """(name, capture, folder of its keys or None)."""
    for folder in folders:
        own = [path for path in sorted(glob.glob(os.path.join(folder, "capture.pcap*")))]
        for path in own[:1]:
            yield os.path.basename(os.path.normpath(folder)), path, folder
        for path in sorted(glob.glob(os.path.join(folder, "*.pcapng"))) if not own else []:
            # What is varied here is one wire: captures of several are in test_point_variations.py.
            if os.path.exists(path[:-7] + ".points") or os.path.basename(path)[:-7] in FAILING:
                continue
            keys = path[:-7] + ".keys"
            yield os.path.basename(path)[:-7], path, keys if os.path.isdir(keys) else None


def keylog(folder, path):
    with open(path, "w") as out:
        for table in TABLES:
            if os.path.exists(os.path.join(folder, table)):
                out.write(open(os.path.join(folder, table)).read())
    return path


keyless = threading.local()


def without_keys():
    """One process for all captures of a thread."""
    if not hasattr(keyless, "one"):
        keyless.one = Sharkd(os.path.join(ROOT, "tests", "golden"))
    return keyless.one


def vary(name, path, keys, everything):
    """Number of variations, and what is wrong; 0 where the capture itself has something to say."""
    tried, wrong, chance = 0, [], random.Random(name)
    with tempfile.TemporaryDirectory() as scratch:
        ways, own = {"without keys": without_keys()}, []
        if keys:
            plan = {"plan_file": os.path.join(keys, "plan")} if os.path.exists(os.path.join(keys, "plan")) else {}
            own = [("with tables", lambda: Sharkd(keys, **plan))]
            if everything or chance.random() < 0.3:
                os.mkdir(os.path.join(scratch, "empty"))
                log = keylog(keys, os.path.join(scratch, "log"))
                own += [("with a key log", lambda: Sharkd(os.path.join(scratch, "empty"), keylog_file=log, **plan))]
        ways.update((how, make()) for how, make in own)
        frames, link = read(path)
        titles = {how: {title for title, _ in one.loud(path)} for how, one in ways.items()}
        fault = set().union(*titles.values()) - {TITLES[check] for check in OWN}
        for how, one in ways.items() if not fault else ():
            all_of_them = list(variations(frames, link))
            for what, changed in all_of_them if everything else chance.sample(all_of_them, min(SHARE[how], len(all_of_them))):
                varied = os.path.join(scratch, "varied.pcap")
                write(varied, changed, link)
                tried += 1
                wrong += ["%s %s, %s: frame %d: %s" % (name, what, how, frame, text)
                          for (title, frame), text in one.loud(varied).items() if title not in titles[how]]
        for how, _ in own:
            ways[how].close()
    return tried, wrong


def titles():
    """{check: the title that its expert item begins with}."""
    text = open(os.path.join(ROOT, "expert", "checks.def")).read()
    return dict(re.findall(r'^CHECK\((\w+), \w+, \w+, [\w |]+,\s*"([^"]*)"', text, re.M))


def failing():
    """Samples with a tunnel that fails: what tells of it in the whole capture may be a note in Wireshark."""
    with open(os.path.join(ROOT, "tests", "golden", "CAUSES")) as causes:
        return {name for name, verdict, *_ in map(str.split, causes) if verdict == "fails"}


TITLES, FAILING = titles(), failing()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every variation (many minutes)")
    parser.add_argument("--only", action="append", help="captures of this name")
    parser.add_argument("--verbose", action="store_true", help="name the captures that are varied")
    parser.add_argument("folders", nargs="*", default=[os.path.join(ROOT, "pcaps")])
    args = parser.parse_args()
    tried = varied = 0
    alarms = []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        todo = [one for one in captures(args.folders) if not args.only or one[0] in args.only]
        for (name, _, _), (number, wrong) in zip(todo, pool.map(lambda one: vary(*one, args.all), todo)):
            tried, varied, alarms = tried + number, varied + bool(number), alarms + wrong
            if args.verbose and number:
                print("%-30s %5d variations, %d alarms" % (name, number, len(wrong)))
    for line in alarms:
        print("FAILED:", line)
    print("figure: clean captures varied: %d captures, %d variations, %d alarms" % (varied, tried, len(alarms)))
    sys.exit(bool(alarms) or not tried)


if __name__ == "__main__":
    main()
