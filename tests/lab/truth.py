# truth.py - the captures that are there against what their scenarios state, as a test.
# SPDX-License-Identifier: GPL-2.0-or-later
"""Nothing is made and no daemon is needed: `run --truth`.  Every capture has a scenario and every
scenario its captures; keys open what the scenario says; each event and each silence is where
Wireshark's own filters find it, and Espial marks these frames and no others; README.md tells the story."""
import os
import re
from concurrent.futures import ThreadPoolExecutor

import verify

CHECKS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "expert", "checks.def")


# what no small capture can show, and why
NO_CAPTURE = {
    "birthday_bound": "takes 32 GiB under one key",
    "keys_unused": "is of the keys given beside a capture: launcher and unit tests",
    "plan_unmatched": "is of the plan given beside a capture: unit tests",
    "redirect_not_followed": "wants a client that refuses to be redirected: unit tests",
    "nat_t_unsupported": "wants two daemons without NAT traversal in common: unit tests",
    "log_contradicts": "is of a log given beside a capture: unit tests",
    "esp_null_seen": "is silent where keys are given; esp_cleartext shows it without",
}


def words(text):
    return " ".join(text.split())


class Tally:
    def __init__(self):
        self.held, self.failed, self.said, self.octets, self.largest = 0, [], set(), 0, (0, "")

    def expect(self, true, what):
        self.held += bool(true)
        if not true:
            self.failed.append(what)


def one(part, stated, out, tally):
    """One capture; what fails is in the tally."""
    pcap, keys = out / (part + ".pcapng"), out / (part + ".keys")
    try:
        with verify.Opened(pcap, keys if keys.exists() else None) as capture:
            held = verify.check(capture, stated)
            lines, says = verify.rows(capture, stated), capture.marked()
    except Exception as error:      # the others are to be seen as well
        return tally.expect(False, "%s: %s" % (part, error))
    wrong = verify.disagreements(lines, says, stated)
    tally.failed += ["%s: %s" % (part, line) for line in wrong]
    tally.held += held + len(lines) - len([line for line in wrong if line.startswith("DIS")]) + (not wrong)
    tally.said |= {check for check, frames in lines if frames}
    size = pcap.stat().st_size
    tally.octets, tally.largest = tally.octets + size, max(tally.largest, (size, part))


def main(run, names, out):
    tally, scenarios, parts = Tally(), names or run.scenarios(), {}
    text = words((run.PCAPS / "README.md").read_text())
    for name in scenarios:
        scenario = run.load(name)
        for number, part in enumerate(run.files(name, scenario)):
            parts[part] = run.of_part(scenario, number)
        title, _, story = scenario.__doc__.partition("\n")
        tally.expect(words("**%s** %s. %s" % (name, title.rstrip("."), words(story))) in text,
                     "%s: pcaps/README.md does not tell its story; run tests/lab/run --readme" % name)
        tally.expect(story.strip() or title, "%s: no story" % name)
    if not names:
        there = {path.stem for path in out.glob("*.pcapng")}
        tally.expect(there == set(parts), "captures and scenarios differ: %s" % sorted(there ^ set(parts)))
        folders = {path.stem for path in out.glob("*.keys")}
        tally.expect(folders <= there, "keys without a capture: %s" % sorted(folders - there))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda item: one(*item, out, tally), parts.items()))
    checks = re.findall(r"^CHECK\((\w+)", open(CHECKS).read(), re.M)
    without = [check for check in checks if check not in tally.said]
    if not names:
        tally.expect(set(without) <= set(NO_CAPTURE), "checks without a capture: %s" % sorted(set(without) - set(NO_CAPTURE)))
    for line in tally.failed:
        print("FAILED:", line)
    print("checks without a capture: %s" % (", ".join("%s (%s)" % (check, NO_CAPTURE.get(check, "?")) for check in without) or "none"))
    print("figure: laboratory: %d scenarios, %d captures (%.1f MB, the largest %s %d kB), %d truths held, %d failed, "
          "%d of %d checks have a capture" % (len(scenarios), len(parts), tally.octets / 1e6, tally.largest[1], tally.largest[0] / 1000,
                                              tally.held, len(tally.failed), len(checks) - len(without), len(checks)))
    return bool(tally.failed)
