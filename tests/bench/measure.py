"""Runs of tshark, measured: user time, peak memory, instructions.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, statistics, subprocess, sys, tempfile

HERE = os.path.dirname(os.path.abspath(__file__))


def say(text):
    print(text, file=sys.stderr, flush=True)


class Variant:
    """One way to run tshark.  conf is a folder with Wireshark's tables, empty by default."""

    def __init__(self, name, *args, espial=False, conf=None):
        self.name, self.args, self.conf = name, list(args), conf
        if not espial:
            self.args += ["--disable-protocol", "espial"]


class Bench:
    def __init__(self, scratch, rounds, start_rounds):
        self.scratch, self.rounds, self.start_rounds = scratch, rounds, start_rounds
        self.empty = os.path.join(scratch, "empty.pcap")
        self.no_conf = os.path.join(scratch, "conf_none")
        os.makedirs(self.no_conf, exist_ok=True)
        self.starts = {}

    def env(self, variant):
        return dict(os.environ, WIRESHARK_CONFIG_DIR=variant.conf or self.no_conf, LC_ALL="C", TZ="UTC")

    def command(self, variant, path, mode):
        return ["tshark", "-n", "-r", path, *variant.args, *mode]

    def output(self, variant, path, *mode):
        run = subprocess.run(self.command(variant, path, mode), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             env=self.env(variant))
        return run.stdout if run.returncode == 0 else ""

    def once(self, variant, path, mode):
        """User seconds and peak KiB of one run."""
        with tempfile.TemporaryFile() as err:
            child = subprocess.Popen(self.command(variant, path, mode), stdout=subprocess.DEVNULL, stderr=err, env=self.env(variant))
            _, status, used = os.wait4(child.pid, 0)
            child.returncode = os.waitstatus_to_exitcode(status)
            if child.returncode != 0:
                err.seek(0)
                raise SystemExit(f"bench: {' '.join(child.args)}: exit {child.returncode}\n{err.read().decode(errors='replace')[-800:]}")
        return used.ru_utime, used.ru_maxrss

    def start(self, variants, mode):
        """Start-up of each variant, on a capture without packets, taken in turns."""
        key = [(v.conf, tuple(v.args), tuple(mode)) for v in variants]
        wanted = [(k, v) for k, v in zip(key, variants) if k not in self.starts]
        times = {k: [] for k, _ in wanted}
        for _ in range(self.start_rounds if wanted else 0):
            for k, v in wanted:
                times[k].append(self.once(v, self.empty, mode)[0])
        for k in times:
            self.starts[k] = statistics.median(times[k])
        return {v.name: self.starts[k] for k, v in zip(key, variants)}

    def rounds_of(self, title, variants, path, mode):
        """Interleaved: A B C, A B C ...  Times come without start-up."""
        start = self.start(variants, mode)
        result = {v.name: {"start": start[v.name], "times": [], "peak": []} for v in variants}
        for _ in range(self.rounds):
            for v in variants:
                user, peak = self.once(v, path, mode)
                result[v.name]["times"].append(max(user - start[v.name], 1e-4))
                result[v.name]["peak"].append(peak)
        say(f"{title:34} " + "  ".join(f"{n} {statistics.median(r['times']):.2f} s" for n, r in result.items()))
        return result

    def growth(self, title, variants, path, mode, packets):
        """Octets by which the peak grows with each packet of the capture's second half."""
        half, result = packets // 2, {}
        for v in variants:
            peak = [statistics.median(self.once(v, path, [*mode, "-c", str(n)])[1] for _ in range(min(self.rounds, 3)))
                    for n in (half, 2 * half)]
            result[v.name] = (peak[1] - peak[0]) * 1024 / half
        say(f"{title:34} " + "  ".join(f"{n} {x:.1f} octets/packet" for n, x in result.items()))
        return result

    def instructions(self, title, variants, path, mode, packets):
        """Instructions for each packet: from the difference of two runs, so that what
        happens once is not counted."""
        result = {}
        for v in variants:
            seen = []
            for count in (packets // 4, packets):
                log = os.path.join(self.scratch, "callgrind.log")
                run = subprocess.run(["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null", "--log-file=" + log,
                                      *self.command(v, path, [*mode, "-c", str(count)])],
                                     stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env=self.env(v))
                found = re.search(r"Collected\s*:\s*(\d+)", open(log).read())
                if run.returncode != 0 or not found:
                    raise SystemExit(f"bench: callgrind of {v.name}: exit {run.returncode}\n{run.stderr[-800:]}")
                seen.append(int(found.group(1)))
            result[v.name] = (seen[1] - seen[0]) / (packets - packets // 4)
        say(f"{title:34} " + "  ".join(f"{n} {i:.0f} instr/packet" for n, i in result.items()))
        return result


def ratio(result, a, b):
    """Median over the rounds of a's time in b's."""
    return statistics.median(x / y for x, y in zip(result[a]["times"], result[b]["times"]))


def cost(result, a, b, packets):
    """What a takes more than b, microseconds for each packet: median over the rounds."""
    return statistics.median(x - y for x, y in zip(result[a]["times"], result[b]["times"])) / packets * 1e6


def median(result, name, what="times"):
    return statistics.median(result[name][what])
