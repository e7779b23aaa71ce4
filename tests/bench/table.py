"""The figures as tables, and each target of the project beside what was measured.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import native
from measure import cost, median, ratio

CLEAN, ESP, BIRTH, KEYED = ("dns", "tcp", "mixed"), ("esp_2", "esp_1000", "udp_esp"), ("esp_100000",), ("cbc", "gcm")
ENOUGH = 100000         # packets, for figures that are above the noise
NEGOTIATION = 8         # frames of a negotiation in ike_child


class Figures:
    def __init__(self, result):
        self.r = result
        self.times, self.memory, self.instructions = result["times"], result["memory"], result["instructions"]

    def packets(self, key):
        return self.r["counts"][key.split("/")[1]]

    def each(self, key, name):
        """Microseconds of tshark for each packet."""
        return median(self.times[key], name) / self.packets(key) * 1e6

    def more(self, key, name, than="off"):
        return cost(self.times[key], name, than, self.packets(key))

    def counted(self, key, name, than="off"):
        """Instructions for each packet more; None where they were not counted."""
        i = self.instructions.get(key)
        return i[name] - i[than] if i and name in i else None

    def worst(self, captures, modes):
        """The largest ratio on/off in time and in instructions, and where; None: not measured."""
        keys = [k for k in (f"plain/{c}/{m}" for c in captures for m in modes) if k in self.times]
        if not keys:
            return None, None, ""
        by_time = {k: ratio(self.times[k], "on", "off") for k in keys}
        by_count = [self.instructions[k]["on"] / self.instructions[k]["off"] for k in keys if k in self.instructions]
        worst = max(by_time, key=by_time.get)
        missing = len(captures) * len(modes) - len(keys)
        return by_time[worst], max(by_count, default=None), " ".join(worst.split("/")[1:]) + (f"; {missing} not measured" if missing else "")


def rows(title, head, lines):
    if lines:
        print(f"\n{title}\n\n| " + " | ".join(head) + " |\n|" + "---|" * len(head))
        for line in lines:
            print("| " + " | ".join(line) + " |")


def number(x, form="{:.2f}"):
    return "-" if x is None else form.format(x)


def plain(f):
    for key in f.times:
        part, capture, mode = key.split("/")
        if part == "plain":
            i = f.instructions.get(key)
            yield [capture, mode, number(f.each(key, "off")), number(f.each(key, "on")), number(ratio(f.times[key], "on", "off"), "{:.3f}"),
                   number(i and i["on"] / i["off"], "{:.3f}"), number(i and i["on"] - i["off"], "{:.0f}"),
                   number((median(f.times[key], "on", "peak") - median(f.times[key], "off", "peak")) / 1024, "{:+.0f}")]


def others(f, part):
    for key in f.times:
        if key.startswith(part + "/"):
            for name in f.times[key]:
                if name != "off":
                    yield [*key.split("/")[1:], name, number(f.each(key, name)), number(f.more(key, name), "{:+.2f}"),
                           number(f.counted(key, name), "{:+.0f}")]


def at_most(limit, value, counted):
    return verdict(value is not None and value <= limit, value, counted is not None and counted <= limit, counted)


def at_least(limit, value, counted):
    return verdict(value is not None and value >= limit, value, counted is not None and counted >= limit, counted)


def verdict(held, value, counted_held, counted):
    if value is None:
        return "not measured"
    word = "held" if held else "missed"
    if counted is None or counted_held == held:
        return word
    return f"{word} in time, {'held' if counted_held else 'missed'} in instructions"


def times_cheaper(f, keys, other, ours):
    """The smallest of other's cost in ours, both above plain tshark, in time and instructions."""
    by_time, by_count = [], []
    for key in keys:
        if key in f.times and other in f.times[key] and ours in f.times[key]:
            mine = f.more(key, ours)
            by_time.append(f.more(key, other) / mine if mine > 0 else float("inf"))
            if f.counted(key, ours) is not None:
                mine = f.counted(key, ours)
                by_count.append(f.counted(key, other) / mine if mine > 0 else float("inf"))
    return min(by_time, default=None), min(by_count, default=None)


def targets(f):
    for what, captures, modes, limit in (("no IPsec, display filter", CLEAN, ("filter", "espial.finding"), 1.02),
                                         ("no IPsec, plain listing", CLEAN, ("listing",), 1.05),
                                         ("ESP without keys, listing", ESP, ("listing",), 1.10),
                                         ("ESP, streams that begin, listing", BIRTH, ("listing",), 1.25)):
        value, counted, at = f.worst(captures, modes)
        yield [what + ": tshark with / without", f"<= {limit:.2f}", number(value, "{:.3f}"), number(counted, "{:.3f}"),
               at_most(limit, value, counted), "worst: " + at if at else ""]

    keys = [f"keys/{c}/listing" for c in KEYED]
    has_peek = any("peek" in f.times.get(k, {}) for k in keys)
    value, counted = times_cheaper(f, keys, "Wireshark", "peek" if has_peek else "key log")
    yield ["header peek with keys: Wireshark's ESP decryption / Espial", ">= 3", number(value), number(counted), at_least(3, value, counted),
           "neither verifies ICVs" if has_peek else "Espial verifies each ICV, Wireshark none"]
    value, counted = times_cheaper(f, keys, "Wireshark+ICV", "key log")
    yield ["the same, both verifying ICVs", "", number(value), number(counted), "-", "beside the target"]

    many, few = "plain/esp_100000/listing", "plain/esp_2/listing"
    both = many in f.times and few in f.times
    value = f.each(many, "on") / f.each(few, "on") if both else None
    share = f.more(many, "on") / max(f.more(few, "on"), 0.001) if both else None
    yield ["100,000 SAs: time of a packet / with 2 SAs", "<= 1.3", number(value), "-", at_most(1.3, value, None),
           f"tshark without Espial: {f.each(many, 'off') / f.each(few, 'off'):.2f}, "
           f"Espial's own share: {share:.2f}" if both else ""]

    kept = [f.memory[k]["on"] - f.memory[k]["off"] for k in ("esp_2/listing", "esp_2/two passes") if k in f.memory]
    noise = 2 + 2 ** 20 / (f.packets("memory/esp_2") // 2)
    value = max(kept, default=None)
    yield ["octets kept for a clean ESP packet", "0", number(value, "{:.1f}"), "-", at_most(noise, value, None),
           f"one pass and two; a peak tells no less than {noise:.0f}"]

    m = f.memory.get("ike_child/listing")
    sa = [(m[n] - m["off"]) * NEGOTIATION for n in ("on", "key log")] if m else []
    value = max(sa, default=None)
    yield ["octets of an IKE SA with one Child SA and two streams", "<= 1536", number(value, "{:.0f}"), "-", at_most(1536, value, None),
           f"Child SA inferred: {sa[0]:.0f}, decrypted: {sa[1]:.0f}" if sa else ""]

    value, counted = times_cheaper(f, ["rivals/esp_2/listing"], "lua", "on")
    yield ["ESP packet: Lua script / Espial", ">= 8", number(value), number(counted), at_least(8, value, counted), ""]


    yield from native.targets(f.r["native"], f.r["counts"], (at_most, at_least))


def show(result):
    f = Figures(result)
    print(f"{result['where']}\n{result['packets']:,} packets, {result['runs']} rounds, user time without start-up, medians")
    if result["packets"] < ENOUGH:
        print("\nToo few packets: this shows that the benchmark works, its figures mean little.")
    rows("## tshark with Espial and without", ["capture", "mode", "without, us/packet", "with", "ratio", "ratio of instructions",
                                               "instructions more", "peak, MiB more"], list(plain(f)))
    rows("## With keys", ["capture", "mode", "variant", "us/packet", "more than tshark alone", "instructions more"], list(others(f, "keys")))
    rows("## Instead of Espial", ["capture", "mode", "variant", "us/packet", "more than tshark alone", "instructions more"],
         list(others(f, "rivals")))
    rows("## The program", ["capture", "capinfos -c, us/packet", "espial", "tshark with the plugin", "espial / capinfos", "in instructions",
                            "tshark / espial", "peak of espial, MiB"], list(native.lines(result["native"], result["counts"])))
    rows("## Memory that grows, octets a packet", ["capture", "variant", "octets", "more than tshark alone"],
         [[k, n, number(x, "{:.1f}"), number(x - m["off"], "{:+.1f}")] for k, m in f.memory.items() for n, x in m.items()])
    judged = list(targets(f))
    if result["packets"] < ENOUGH:
        judged = [line[:4] + ["too few packets", line[5]] for line in judged]
    rows("## Targets", ["what", "target", "time or octets", "instructions", "", ""], judged)
