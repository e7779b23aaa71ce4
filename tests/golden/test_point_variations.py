#!/usr/bin/python3
"""Sessions without a fault that two places have captured, varied as such captures are: clocks apart, with a drift, set
while they run; one that begins late, ends early, sees one direction, has frames late, out of order, doubled, cut, in a
VLAN.  No warning or error may appear.

usage: test_point_variations.py [--all] [--verbose] [NAME...]       without --all a part of them, drawn by name
SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse, os, random, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.dont_write_bytecode = True
import test_points as base      # noqa: E402
import test_variations as one_place     # noqa: E402
from test_points import points      # noqa: E402

SINGLE = ("5_clean_ikev2", "clean_v2_native", "clean_v1_main", "esp_suites", "children", "rekey_child", "ipcomp", "transport", "slow_user")
SEVERAL = ("points_clean", "points_v1", "points_nat", "points_tunnel_clean")
SHARE = 8


class Seen:
    """A frame at a place, as it is written."""

    def __init__(self, frame, time=None, octets=None):
        self.frame, self.time, self.octets = frame, frame.time if time is None else time, octets or frame.octets

    def to_client(self):
        return self.frame.to_client()


def few(number):
    return sorted({1 + i * (number - 2) // 11 for i in range(12)}) if number > 13 else range(1, number)


def at(its, change):
    return [Seen(seen.frame, change(seen.time), seen.octets) for seen in its]


def late(its, most, seed):
    chance = random.Random(seed)
    return sorted(at(its, lambda time: time + chance.uniform(0, most)), key=lambda seen: seen.time)


def displaced(its, most, seed):
    chance = random.Random(seed)
    order = sorted(range(len(its)), key=lambda number: number + chance.uniform(0, most + 0.5))
    return [its[number] for number in order]


def doubled(its, after):
    return sorted([*its, *at(its, lambda time: time + after)], key=lambda seen: seen.time)


def changed(its):
    """(name, frames) of what one place may have instead."""
    middle, start = its[len(its) // 2].time, its[0].time
    for skew in (-400, -11, -0.3, -0.05, 0.05, 0.3, 11, 400):
        yield "%g s ahead" % skew, at(its, lambda time, by=skew: time + by)
    for step in (-30, -0.5, 0.5, 30):
        yield "its clock steps by %g s" % step, at(its, lambda time, by=step: time + 11 + (by if time >= middle else 0))
    for drift in (-500, -50, 50, 500):
        yield "its clock drifts by %d ppm" % drift, at(its, lambda time, by=drift: time + 3 + (time - start) * by * 1e-6)
    for number in few(len(its)):
        for skew in (0, 11):
            yield "begins late, at %d, %d s ahead" % (number, skew), at(its[number:], lambda time, by=skew: time + by)
            yield "ends early, at %d, %d s ahead" % (len(its) - number, skew), at(its[:-number], lambda time, by=skew: time + by)
    for back in (False, True):
        yield "sees one direction (%d)" % back, [seen for seen in its if seen.to_client() == back]
        yield "sees one direction (%d), 11 s ahead" % back, at([seen for seen in its if seen.to_client() == back], lambda time: time + 11)
    for skew in (-11, -0.05, 0.05, 11):
        for kind in ("ike", "esp"):
            yield "sees %s alone, %g s ahead" % (kind.upper(), skew), at([seen for seen in its if seen.frame.kind == kind], lambda time, by=skew: time + by)
    for most in (0.0005, 0.005, 0.04):
        for seed in (1, 2):
            yield "up to %g ms late (%d)" % (most * 1e3, seed), late(its, most, seed)
            yield "up to %g ms late (%d), 11 s ahead" % (most * 1e3, seed), at(late(its, most, seed), lambda time: time + 11)
    for most in (1, 2, 3):
        yield "out of order by %d" % most, displaced(its, most, most)
    for after in (18e-6, 4e-4):
        yield "each frame twice, after %g s" % after, doubled(its, after)
        yield "each frame twice, after %g s, 11 s ahead" % after, at(doubled(its, after), lambda time: time + 11)
    for size in (64, 100):
        yield "cut at %d" % size, [Seen(seen.frame, None, seen.octets[:size]) for seen in its]
    if all(seen.octets[12:14] == b"\x08\0" for seen in its):
        yield "in a VLAN", [Seen(seen.frame, seen.time + 11, seen.octets[:12] + b"\x81\0\0\7" + seen.octets[12:]) for seen in its]


def one_way(its, back):
    return [seen for seen in its if seen.to_client() == back]


def together(its, others, translated):
    """(name, frames here and there): neither place alone has all."""
    half = len(others) // 2
    for back in (False, True):
        for skew in (-11, -0.3, 0, 0.3, 11):
            here, what = at(one_way(its, back), lambda time, by=skew: time + by), "sees one direction (%d), %g s ahead, and the other one " % (back, skew)
            yield what + "ends early", (here, others[:half])
            yield what + "as well", (here, one_way(others, back))
            if skew != 0.3:         # IKEv1's messages have no number by which their order could be set right
                yield what + "begins late", (here, others[half:])
            if abs(skew) < 1 and not translated:        # else nothing shows how far the clocks are apart, or which session it is
                yield what + "the other", (here, one_way(others, not back))


def origin(name):
    """{place: frames} of a sample, on one clock."""
    frames = points.merged(base.PCAPS / (name + ".pcapng"))
    if name in SINGLE:
        return base.two_places([frame for _, frame in frames], False)[0]
    places = {}
    for place, frame in frames:
        places.setdefault(place, []).append(frame)
    return places


def variations(name):
    places = {place: [Seen(frame) for frame in frames] for place, frames in origin(name).items()}
    link = {place: points.RAW if place == "tunnel" else points.ETHERNET for place in places}
    for place in places:
        if link[place] == points.ETHERNET:
            for what, its in changed(places[place]):
                yield "%s: %s %s" % (name, place, what), {**places, place: its}, link
    for place in places:
        others = {other: its for other, its in places.items() if other != place}
        if link[place] == points.ETHERNET and len(others) == 1:
            for what, its in together(places[place], *others.values(), name == "points_nat"):
                yield "%s: %s %s" % (name, place, what), {**dict(zip(others, [its[1]])), place: its[0]}, link


def merge(path, places, link):
    """As mergecap does it: each file in its own order, the earliest of their next frames first."""
    queues, out = [list(its) for its in places.values()], []
    while any(queues):
        first = min((number for number, queue in enumerate(queues) if queue), key=lambda number: queues[number][0].time)
        seen = queues[first].pop(0)
        out.append((first, seen.time, seen.octets, max(len(seen.octets), len(seen.frame.octets))))
    points.write(path, [(place, link[place]) for place in places], out)


def vary(name, everything):
    """Number of variations, and what is wrong."""
    keys, wrong, tried, chance = base.PCAPS / (name + ".keys"), [], 0, random.Random(name)
    with tempfile.TemporaryDirectory() as scratch:
        path = Path(scratch) / "varied.pcapng"
        for how, folder in (("keys", keys), ("no keys", base.NO_KEYS)):
            process, some = one_place.Sharkd(str(folder)), list(variations(name))
            own = {title for title, _ in process.loud(str(base.PCAPS / (name + ".pcapng")))}
            for what, places, link in some if everything else chance.sample(some, SHARE):
                merge(path, places, link)
                tried += 1
                wrong += ["%s, %s: frame %d: %s" % (what, how, frame, text)
                          for (title, frame), text in process.loud(str(path)).items() if title not in own]
            process.close()
    return tried, wrong


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--all", action="store_true", help="every variation")
    parser.add_argument("--verbose", action="store_true", help="figures for each sample")
    parser.add_argument("names", nargs="*")
    args = parser.parse_args()
    names = [name for name in SINGLE + SEVERAL if not args.names or name in args.names]
    tried, wrong = 0, []
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for name, (number, alarms) in zip(names, pool.map(lambda name: vary(name, args.all), names)):
            tried, wrong = tried + number, wrong + alarms
            if args.verbose:
                print("%-24s %4d variations, %d alarms" % (name, number, len(alarms)), flush=True)
    for line in wrong:
        print("FAILED:", line)
    print("figure: clean captures of several places varied: %d samples, %d variations, %d alarms" % (len(names), tried, len(wrong)))
    sys.exit(bool(wrong) or not tried)


if __name__ == "__main__":
    main()
