"""The program espial against capinfos, which only reads, and against tshark with the plugin.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, shutil, statistics, subprocess
from measure import HERE, ratio, say

CAPTURES = ("dns", "tcp", "mixed", "esp_2", "esp_1000", "esp_100000")
READS, OURS, PLUGIN = "capinfos", "espial", "tshark"
COUNTED = (20000, 80000)        # packets of the two captures whose instructions are compared


def program():
    """The program of this checkout, else the one that is installed."""
    built = os.path.join(HERE, "..", "..", "build", "bin", "espial")
    return os.path.realpath(built) if os.path.exists(built) else shutil.which("espial")


class Native:
    def __init__(self, bench, captures, tshark):
        self.bench, self.captures, self.tshark, self.starts = bench, captures, tshark, {}
        self.espial = program()

    def command(self, name, path):
        return {READS: ["capinfos", "-c", path], OURS: [self.espial, "--json", path],
                PLUGIN: self.bench.command(self.tshark, path, ["-q", "-z", "espial,json"])}[name]

    def once(self, name, path):
        """User seconds and peak KiB.  Exit status 1 is a report with findings."""
        child = subprocess.Popen(self.command(name, path), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                                 env=self.bench.env(self.tshark))
        _, status, used = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        if child.returncode not in (0, 1):
            raise SystemExit(f"bench: {' '.join(child.args)}: exit {child.returncode}")
        return used.ru_utime, used.ru_maxrss

    def start(self, name):
        if name not in self.starts:
            self.starts[name] = statistics.median(self.once(name, self.bench.empty)[0] for _ in range(self.bench.start_rounds))
        return self.starts[name]

    def rounds(self, capture):
        path, names = self.captures.path(capture), (READS, OURS, PLUGIN)
        result = {n: {"start": self.start(n), "times": [], "peak": []} for n in names}
        for _ in range(self.bench.rounds):
            for n in names:
                user, peak = self.once(n, path)
                result[n]["times"].append(max(user - self.start(n), 1e-4))
                result[n]["peak"].append(peak)
        say(f"{'native ' + capture:34} " + "  ".join(f"{n} {statistics.median(r['times']):.2f} s" for n, r in result.items()))
        return result

    def instructions(self, capture):
        """For each packet: of two captures of one kind, what the longer one takes more."""
        result = {}
        for name in (READS, OURS):
            seen = []
            for count in COUNTED:
                log = os.path.join(self.bench.scratch, "callgrind.log")
                subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=" + log,
                                *self.command(name, self.captures.of_length(capture, count))],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
                with open(log, encoding="utf-8") as text:
                    seen.append(int(re.search(r"Collected\s*:\s*(\d+)", text.read()).group(1)))
            result[name] = (seen[1] - seen[0]) / (COUNTED[1] - COUNTED[0])
        say(f"{'native ' + capture:34} " + "  ".join(f"{n} {i:.0f} instr/packet" for n, i in result.items()))
        return result

    def growth(self, capture):
        """Octets by which the peak grows with each packet of the longer one of two captures of as many SAs."""
        count = self.captures.packets
        peak = [statistics.median(self.once(OURS, self.captures.of_length(capture, n))[1] for _ in range(3)) for n in (count // 2, count)]
        return {"octets": (peak[1] - peak[0]) * 1024 / (count - count // 2), "peak": peak[1]}


def measure(a, bench, captures, tshark, results):
    native = Native(bench, captures, tshark)
    if not native.espial:
        say("bench: there is no program espial (cmake --build build --target espial-cli); its figures are left out")
        return
    for capture in CAPTURES:
        results.put("native", capture, native.rounds(capture))
        if a.callgrind and capture != "esp_100000":
            results.put("native", capture + " instructions", native.instructions(capture))
    for capture in ("mixed", "esp_1000"):
        results.put("native", capture + " memory", native.growth(capture))


# --- tables ----------------------------------------------------------------------------


def lines(native, counts):
    for capture in CAPTURES:
        if capture in native:
            r, i = native[capture], native.get(capture + " instructions")
            each = [statistics.median(r[n]["times"]) / counts[capture] * 1e6 for n in (READS, OURS, PLUGIN)]
            yield [capture, *[f"{x:.3f}" for x in each], f"{ratio(r, OURS, READS):.2f}", f"{i[OURS] / i[READS]:.2f}" if i else "-",
                   f"{ratio(r, PLUGIN, OURS):.1f}", f"{statistics.median(r[OURS]['peak']) / 1024:.0f}"]


def targets(native, counts, verdicts):
    """verdicts: at_most and at_least of the tables."""
    at_most, at_least = verdicts

    def over(captures, a, b):
        found = [c for c in captures if c in native]
        by_time = {c: ratio(native[c], a, b) for c in found}
        worst = max(by_time, key=by_time.get, default=None)
        counted = [native[c + " instructions"] for c in found if c + " instructions" in native]
        return by_time.get(worst), max((i[a] / i[b] for i in counted if a in i and b in i), default=None), worst or ""

    for captures, limit in ((("dns", "tcp", "mixed"), 1.5), (("esp_1000",), 2.2)):
        value, counted, at = over(captures, OURS, READS)
        yield [f"espial / capinfos -c, {'no IPsec' if len(captures) > 1 else 'ESP of 1,000 SAs'}", f"<= {limit}", number(value),
               number(counted), at_most(limit, value, counted), "worst: " + at]
    for capture, limit in (("mixed", 25), ("esp_1000", 10)):
        value, _, _ = over((capture,), PLUGIN, OURS)
        yield [f"tshark with the plugin / espial, {capture}", f">= {limit}", number(value), "-", at_least(limit, value, None), "one JSON report each"]
    both = "esp_100000" in native and "esp_2" in native
    value = (statistics.median(native["esp_100000"][OURS]["times"]) / counts["esp_100000"] /
             (statistics.median(native["esp_2"][OURS]["times"]) / counts["esp_2"])) if both else None
    yield ["espial: time of a packet, 100,000 SAs / 2 SAs", "<= 1.5", number(value), "-", at_most(1.5, value, None),
           f"{counts['esp_100000'] // 100000} packets an SA"]
    for capture in ("mixed", "esp_1000"):
        kept = native.get(capture + " memory")
        yield [f"espial: peak memory, {capture}, MiB", "<= 64", number(kept and kept["peak"] / 1024), "-",
               at_most(64, kept and kept["peak"] / 1024, None), f"grows by {kept['octets']:.1f} octets a packet" if kept else ""]


def number(x):
    return "-" if x is None else f"{x:.2f}"
