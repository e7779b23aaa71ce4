# verify.py - a capture against the truth that its scenario states.
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames are found by Wireshark's own display filters on the decrypted capture; Espial has no
part in it.  What Espial then says is shown beside it."""
import json
import os
import subprocess
import tempfile

from lab import expect


def tshark(pcap, keys, *arguments):
    with tempfile.TemporaryDirectory() as nothing:
        env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(keys or nothing))
        plan = os.path.join(str(keys), "plan")
        more = ["-o", "espial.plan_file:" + plan] if keys and os.path.exists(plan) else []
        done = subprocess.run(["tshark", "-n", "-r", str(pcap), *more, *arguments], env=env, text=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE)
        if done.returncode:
            raise RuntimeError("tshark %s: %s" % (arguments, done.stderr[-300:]))
        return done.stdout


def frames(pcap, keys, shown):
    return [int(number) for number in tshark(pcap, keys, "-Y", shown, "-T", "fields", "-e", "frame.number").split()]


def picked(pcap, keys, truth):
    """A truth is a filter, or (filter, index, slice or tuple of indices among the frames found)."""
    shown, which = (truth, slice(None)) if isinstance(truth, str) else truth
    found = frames(pcap, keys, shown)
    if isinstance(which, slice):
        return found[which]
    return [found[n] for n in (which if isinstance(which, tuple) else (which,)) if -len(found) <= n < len(found)]


def rows(pcap, keys, scenario):
    """(check, frames) of each line that the scenario states; [] where it must stay silent."""
    result = []
    for check, truth in getattr(scenario, "TRUTH", ()):
        found = picked(pcap, keys, truth)
        expect(found, "frames for %s: %s" % (check, truth))
        result.append((check, found))
    return result + [(check, []) for check in getattr(scenario, "SILENT", ())]


def check(pcap, keys, scenario):
    """What holds for every capture: decrypted, nothing malformed, small; then the scenario's own counts."""
    encrypted = frames(pcap, keys, "(isakmp.version == 0x10 && isakmp.flag_e == 1) || isakmp.typepayload == 46")
    plain = frames(pcap, keys, "isakmp.enc.decrypted || (isakmp.version == 0x10 && isakmp.flag_e == 1 && isakmp.typepayload)")
    undecrypted = getattr(scenario, "UNDECRYPTED", None)
    allowed = set(frames(pcap, keys, undecrypted)) if undecrypted else set()
    lost = [n for n in encrypted if n not in plain and n not in allowed]
    expect(not lost or not keys, "IKE frames decrypt: not %s" % lost)
    esp = frames(pcap, keys, "esp && !icmp.type == 3")
    good = frames(pcap, keys, "esp.icv_good == 1 || esp.pad_len")
    lost = [n for n in esp if n not in good and n not in allowed]
    expect(not lost or not keys, "ESP frames decrypt: not %s" % lost)
    if not getattr(scenario, "MALFORMED", False):
        expect(not frames(pcap, keys, "_ws.malformed"), "nothing malformed")
    for shown, count in getattr(scenario, "COUNTS", ()):
        found = frames(pcap, keys, shown)
        expect(len(found) == count if isinstance(count, int) else len(found) in count, "%s: %s of %s" % (shown, found, count))
    expect(os.path.getsize(pcap) < 60000, "the capture is small")


def marked(pcap, keys, *passes):
    """{check: frames that Espial marks with it}; passes is "-2" or nothing."""
    result = {}
    for line in tshark(pcap, keys, *passes, "-Y", "espial.finding", "-T", "fields", "-e", "frame.number", "-e", "espial.finding").splitlines():
        number, names = line.split("\t")
        for name in set(names.split(",")):
            result.setdefault(name, []).append(int(number))
    return result


def espial(pcap, keys):
    """The report of the plugin, or None where tshark has not loaded it."""
    out = tshark(pcap, keys, "-q", "-z", "espial,json")
    at = out.find("{")
    return json.loads(out[at:]) if at >= 0 else None


def said(pcap, keys, quiet=()):
    """Espial's findings as lines."""
    report = espial(pcap, keys)
    return ["    %-8s %-26s %-10s %s %s" % (f["severity"], f["check"], f["basis"], f["frames"], f["detail"])
            for f in report["findings"] if f["severity"] not in quiet]
