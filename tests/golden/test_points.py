#!/usr/bin/python3
"""What Espial says of packets that several places have seen, against arithmetic that knows nothing of Espial: what was
lost, rewritten and dropped, and where, with keys and without, in one pass and in two; no second sighting of a packet is
taken for another packet.

The samples have their truth in pcaps/NAME.points (tests/lab/points.py).  Others are made here: a sample of one place
becomes two, a hop apart, some answers do not arrive, one clock is ahead.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import collections, glob, json, os, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
sys.path.insert(0, str(ROOT / "tests" / "lab"))
sys.dont_write_bytecode = True
import points      # noqa: E402

PCAPS, NO_KEYS = ROOT / "pcaps", ROOT / "tests" / "golden"
SINGLE = ("5_clean_ikev2", "clean_v2_native", "clean_v1_main", "esp_suites", "children")
SKEWS = ("0", "0.3", "11", "400")
HOP = 20e-6             # seconds from one place to the next
held = failed = 0


def check(true, what):
    global held, failed
    held, failed = held + bool(true), failed + (not true)
    if not true:
        print("FAILED:", what)


def report(path, keys, *more):
    run = subprocess.run(["tshark", "-n", "-q", *more, "-r", str(path), "-z", "espial,json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                         text=True, timeout=120, env=dict(os.environ, WIRESHARK_CONFIG_DIR=str(keys)))
    check(run.returncode == 0 and "{" in run.stdout, "%s: exit %d: %s" % (path, run.returncode, run.stderr[-300:]))
    return json.loads(run.stdout[run.stdout.index("{"):])


def said(data):
    """Lost, rewritten and dropped, as NAME.points has them."""
    names = [point["name"] for point in data.get("points", [])]
    lost, dropped, changed = collections.defaultdict(list), collections.defaultdict(list), collections.defaultdict(set)
    for one in data.get("between", []):
        way = names[one["from"]], names[one["to"]]
        (dropped if one["inner"] else lost)[way] += one["lost_frames"]
        if one["rewritten"]:
            changed[way].add(one["rewritten"])
    return [{way: sorted(frames) for way, frames in some.items() if frames} for some in (lost, dropped)], changed


def wanted(truth, kind):
    return {(one["from"], one["to"]): one["frames"] for one in truth[kind]}


def no_copies(what, data, frames):
    """A message is repeated where the same place has it twice."""
    of = collections.Counter(finding["check"] for finding in data["findings"])
    check(not any(of[name] for name in points.COPIES), "%s: a second sighting is called %s" % (what, dict(of)))
    for finding in data["findings"] if data["findings"] else ():
        for number in finding["frames"] if finding["check"] == "retransmission" else ():
            place, frame = frames[number - 1]
            check(any(other == place and once.kind and once.body == frame.body for other, once in frames[:number - 1]),
                  "%s: frame %d is no retransmission at %s" % (what, number, place))


def sample(path):
    """One sample against its truth."""
    capture, truth = path.with_suffix(".pcapng"), json.loads(path.read_text())
    frames, keys = points.merged(capture), path.with_suffix(".keys")
    check({name for name, _ in frames} <= set(truth["points"]), "%s has other places: %s" % (capture, truth["points"]))
    for folder in (keys, NO_KEYS):
        once, twice = report(capture, folder), report(capture, folder, "-2")
        what = "%s, keys %s" % (path.stem, folder == keys)
        check(once == twice, what + ": one pass and two differ")
        (lost, dropped), changed = said(once)
        check(lost == wanted(truth, "lost"), "%s: lost %s, not %s" % (what, lost, wanted(truth, "lost")))
        drops = wanted(truth, "dropped") if folder == keys else {}
        check(dropped == drops, "%s: dropped %s, not %s" % (what, dropped, drops))
        for one in truth["rewritten"]:
            there = changed.pop((one["from"], one["to"]), set())
            check(there and there <= set(one["changes"]), "%s: rewritten %s, not %s" % (what, there, one["changes"]))
        check(not changed, "%s: rewritten as well: %s" % (what, dict(changed)))
        no_copies(what, once, frames)


# --- a sample of one place as two ------------------------------------------------------------------

def behind(octets, hops):
    """The frame so many routers further, with the checksum put right; back, where it is less than 0."""
    packet = bytearray(octets)
    packet[22] -= hops
    packet[24:26] = bytes(2)
    total = sum(int.from_bytes(packet[at:at + 2], "big") for at in range(14, 34, 2))
    total = (total & 0xffff) + (total >> 16)
    packet[24:26] = (~((total & 0xffff) + (total >> 16)) & 0xffff).to_bytes(2, "big")
    return b"\2\0\0\0\0\x0b\2\0\0\0\0\x0c" + bytes(packet[12:])


def two_places(frames, lossy):
    """({place: frames}, lost): the second place is a hop nearer to the gateway.  Lossy: every other answer in ESP does
    not arrive."""
    near, far, lost, was, number = [], [], set(), None, 0
    for frame in frames:
        back = frame.to_client()
        other = points.Frame(frame.time + (-HOP if back else HOP), behind(frame.octets, -1 if back else 1), points.ETHERNET)
        answer = frame.kind == "esp" and was not in (None, back)
        was = back if frame.kind == "esp" else was
        number += answer
        gone = lossy and answer and number % 2
        if gone:
            lost.add(other if back else frame)
        if not (gone and back):
            near.append(frame)
        if not (gone and not back):
            far.append(other)
    return {"near": near, "far": far}, lost


def made(name, scratch):
    """Merges of one sample."""
    frames, keys = [frame for _, frame in points.merged(PCAPS / (name + ".pcapng"))], PCAPS / (name + ".keys")
    alone = {folder: report(PCAPS / (name + ".pcapng"), folder) for folder in (keys, NO_KEYS)}
    for lossy in (False, True):
        places, lost = two_places(frames, lossy)
        for place, its in places.items():
            points.write(scratch / ("%s-%s.pcapng" % (name, place)), [(place, points.ETHERNET)], [(0, frame.time, frame.octets) for frame in its])
        for skew in SKEWS:
            one, other, both = (scratch / ("%s-%s.pcapng" % (name, part)) for part in ("near", "far-" + skew, "both-" + skew))
            subprocess.run(["editcap", "-t", skew, str(scratch / (name + "-far.pcapng")), str(other)], check=True)
            subprocess.run(["mergecap", "-I", "none", "-w", str(both), str(one), str(other)], check=True)
            there = points.merged(both)
            order = {place: [number for number, (where, _) in enumerate(there, 1) if where == place] for place in places}
            truth = collections.defaultdict(list)
            for place, its in places.items():
                for frame, number in zip(its, order[place]):
                    if frame in lost:
                        truth[place, "far" if place == "near" else "near"].append(number)
            for folder in (keys, NO_KEYS):
                what = "%s at two places%s, skew %s, keys %s" % (name, ", lossy" if lossy else "", skew, folder == keys)
                data = report(both, folder)
                (got, dropped), changed = said(data)
                check(got == dict(truth), "%s: lost %s, not %s" % (what, got, dict(truth)))
                check(not dropped and not changed, "%s: dropped %s, rewritten %s" % (what, dropped, dict(changed)))
                no_copies(what, data, there)
                if not lossy:
                    texts = [[(f["severity"], f["check"]) for f in it["findings"]] for it in (data, alone[folder])]
                    check(collections.Counter(texts[0]) == collections.Counter(texts[1]), "%s: %s, alone %s" % (what, *texts))


def main():
    only = sys.argv[1:]
    paths = [Path(path) for path in sorted(glob.glob(str(PCAPS / "*.points"))) if not only or Path(path).stem in only]
    names = [name for name in SINGLE if not only or name in only]
    with tempfile.TemporaryDirectory() as scratch, ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(sample, paths))
        list(pool.map(lambda name: made(name, Path(scratch)), names))
    check(only or len(paths) >= 12, "samples of several places: %d" % len(paths))
    print("figure: capture points: %d samples, %d merges made, %d statements held, %d failed" %
          (len(paths), len(names) * 2 * len(SKEWS), held, failed))
    sys.exit(failed != 0)


if __name__ == "__main__":
    main()
