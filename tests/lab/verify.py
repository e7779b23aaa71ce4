# verify.py - a capture against the truth that its scenario states.
# SPDX-License-Identifier: GPL-2.0-or-later
"""Frames are found by Wireshark's own display filters on the decrypted capture; Espial has no
part in it.  What Espial says is then held against them."""
import json
import os
import subprocess
import tempfile

import points
from lab import expect

LARGEST = 60000         # octets of a capture
CHATS = {"address_updated", "redirected", "post_quantum", "duplicate_frame", "nat_t_draft", "sequence_jumped"}
# what may be said of any capture: state changes, and the encapsulation that charon's own ESP forces
QUIET = {"sa_established", "sa_rekeyed", "sa_deleted", "ikev1_in_use", "nat_forced"}


class Opened:
    """A capture that a sharkd of its own has open with the capture's keys: it answers any number of
    filters, each as a second pass sees the frames.  Use with `with`."""

    def __init__(self, pcap, keys):
        self.pcap, self.keys, self.known = pcap, keys, {}

    def __enter__(self):
        self.nothing = tempfile.TemporaryDirectory()
        try:
            env = dict(os.environ, WIRESHARK_CONFIG_DIR=str(self.keys or self.nothing.name))
            self.process = subprocess.Popen(["sharkd", "-"], env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL)
            if self.keys and os.path.exists(os.path.join(str(self.keys), "plan")):
                self.ask("setconf", name="espial.plan_file", value=os.path.join(str(self.keys), "plan"))
            self.ask("load", file=str(self.pcap))
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        if hasattr(self, "process"):
            self.process.stdin.close()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
            self.process.stdout.close()
        self.nothing.cleanup()

    def ask(self, method, **parameters):
        self.process.stdin.write(json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}) + "\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            if not line:
                raise RuntimeError("sharkd ended at %s %s" % (method, parameters))
            if line.startswith("{"):
                answer = json.loads(line)
                if "result" not in answer:
                    raise RuntimeError("sharkd %s %s: %s" % (method, parameters, answer.get("error")))
                return answer["result"]

    def frames(self, shown):
        """Numbers of the frames that a display filter shows."""
        if shown not in self.known:
            self.known[shown] = [frame["num"] for frame in self.ask("frames", filter=shown)]
        return self.known[shown]

    def marked(self):
        """{check: frames that Espial marks with it}."""
        result = {}
        for frame in self.ask("frames", filter="espial.finding", column0="espial.finding:0"):
            for name in set(frame["c"][0].split(",")):
                result.setdefault(name, []).append(frame["num"])
        return result


def picked(capture, truth):
    """A truth is a filter, or (filter, index, slice or tuple of indices among the frames found)."""
    shown, which = (truth, slice(None)) if isinstance(truth, str) else truth
    found = capture.frames(shown)
    if isinstance(which, slice):
        return found[which]
    return [found[n] for n in (which if isinstance(which, tuple) else (which,)) if -len(found) <= n < len(found)]


def rows(capture, scenario):
    """(check, frames) of each line that the scenario states; [] where it must stay silent."""
    result = []
    for check, truth in getattr(scenario, "TRUTH", ()):
        found = picked(capture, truth)
        expect(found, "frames for %s: %s" % (check, truth))
        result.append((check, found))
    result += points.rows(capture.pcap.with_suffix(".points"))
    return result + [(check, []) for check in getattr(scenario, "SILENT", ())]


def check(capture, scenario):
    """What holds for every capture: decrypted, nothing malformed, small; then the scenario's own counts.
    The number of statements held."""
    held = 2
    keys, frames = capture.keys, capture.frames
    encrypted = frames("(isakmp.version == 0x10 && isakmp.flag_e == 1) || isakmp.typepayload == 46")
    plain = frames("isakmp.enc.decrypted || (isakmp.version == 0x10 && isakmp.flag_e == 1 && isakmp.typepayload)")
    undecrypted = getattr(scenario, "UNDECRYPTED", None)
    allowed = set(frames(undecrypted)) if undecrypted else set()
    lost = [n for n in encrypted if n not in plain and n not in allowed]
    expect(not lost or not keys, "IKE frames decrypt: not %s" % lost)
    esp = frames("esp && !icmp.type == 3")
    good = frames("esp.icv_good == 1 || esp.pad_len")
    lost = [n for n in esp if n not in good and n not in allowed]
    expect(not lost or not keys, "ESP frames decrypt: not %s" % lost)
    if not getattr(scenario, "MALFORMED", False):
        held += 1
        expect(not frames("_ws.malformed"), "nothing malformed")
    for shown, count in getattr(scenario, "COUNTS", ()):
        held += 1
        found = frames(shown)
        expect(len(found) == count if isinstance(count, int) else len(found) in count, "%s: %s of %s" % (shown, found, count))
    expect(os.path.getsize(capture.pcap) < LARGEST, "the capture is small")
    return held


def disagreements(lines, says, scenario):
    """Where Espial does not say what the truth is, as text; lines of rows(), says of marked()."""
    result = ["DISAGREES: %s: the truth is %s, Espial marks %s" % (check, frames, says.get(check, []))
              for check, frames in lines if says.get(check, []) != frames]
    allowed = {check for check, frames in lines if frames} | set(getattr(scenario, "ALLOWED", ())) | QUIET
    return result + ["UNEXPLAINED: %s on %s" % (check, says[check]) for check in sorted(set(says) - allowed)]


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


def marked_at_once(pcap, keys):
    """{check: frames that Espial marks with it in one pass}."""
    result = {}
    for line in tshark(pcap, keys, "-Y", "espial.finding", "-T", "fields", "-e", "frame.number", "-e", "espial.finding").splitlines():
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
