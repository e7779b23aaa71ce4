"""Two reports, of a true capture and of the same with forged frames in it: is all that is true still said?

Frame numbers and SA numbers of the true report are carried over to the attacked capture, in lists and
in sentences; then the two must be equal, word for word.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import re

FRAMES = re.compile(r"\b([Ff]rames? )(\d+(?:(?:, and |, | and | to | or |-)\d+)*)")
SAS = re.compile(r"\b((?:IKE|Child) SAs? )(\d+(?:(?:, and |, | and | to | or )\d+)*)")
LOUD = ("error", "warning")
# What a frame itself is: no true frame becomes it by forged ones.
OF_A_FRAME = {"unprotected_message", "icv_bad", "ike_icv_bad", "malformed_message", "outer_source_violation", "outer_destination_violation",
              "ike_from_new_address", "answer_from_other_address"}
IKE_FACTS = ("version", "spi_i", "spi_r", "state", "initiator", "responder", "offered", "proposal", "nat", "virtual_ips")
CHILD_FACTS = ("protocol", "mode", "udp_encap", "basis", "spi_i", "spi_r", "proposal", "ts_i", "ts_r", "virtual_ip", "state")
COUNTERS = ("packets", "bytes", "lost", "replayed", "out_of_window", "first_seq", "last_seq")


def renumbered(pattern, text, numbers):
    """The text with each number behind the pattern's word carried over."""
    def one(match):
        return match.group(1) + re.sub(r"\d+", lambda m: str(numbers.get(int(m.group()), "?")), match.group(2))
    return pattern.sub(one, text)


class Map:
    """How numbers of the true report are called in the attacked one. frames: of true frames."""

    def __init__(self, true, attacked, frames):
        self.frames = frames
        self.ike = paired(true["ike_sas"], attacked["ike_sas"], lambda s: (s["version"], s["spi_i"], s["spi_r"]), lambda s: self.seen(s, True),
                          lambda s: self.seen(s, False))
        self.streams = paired(true["streams"], attacked["streams"], lambda s: (s["protocol"], s["spi"], s["src"], s["dst"], s["udp_encap"]),
                              lambda s: {self.frames[s["first_frame"]], self.frames[s["last_frame"]]}, lambda s: {s["first_frame"], s["last_frame"]})
        self.children = paired(true["child_sas"], attacked["child_sas"], lambda c: (c["protocol"], *sorted((c["spi_i"] or "", c["spi_r"] or ""))),
                               lambda c: {("in", self.frame(c["negotiated_in"])), ("of", self.ike.get(c["ike_sa"])), c["spi_i"]},
                               lambda c: {("in", c["negotiated_in"]), ("of", c["ike_sa"]), c["spi_i"]})

    def frame(self, n):
        return None if n is None else self.frames.get(n)

    def seen(self, sa, true):
        """Frames of its exchanges, as the attacked capture counts them."""
        some = {n for x in sa["exchanges"] for n in (x["request"], x["response"]) if n}
        return {self.frames[n] for n in some} if true else some

    def text(self, text):
        def of(match):
            numbers = self.ike if match.group(1).startswith("IKE") else self.children
            return match.group(1) + re.sub(r"\d+", lambda m: str(numbers.get(int(m.group()), "?")), match.group(2))
        return SAS.sub(of, renumbered(FRAMES, text, self.frames))


def paired(true, attacked, key, evidence, theirs):
    """{number in the true report: number in the attacked one}: of the same key the one that shares
    most evidence with it; each is taken once."""
    result, taken = {}, set()
    for one in true:
        same = [a for a in attacked if key(a) == key(one) and a["id"] not in taken]
        if same:
            best = max(same, key=lambda a: (len(evidence(one) & theirs(a)), -a["id"]))
            result[one["id"]] = best["id"]
            taken.add(best["id"])
    return result


def carried(finding, m):
    """A true finding in the attacked capture's numbers."""
    each = {"per_frame": [{"frame": m.frame(d["frame"]), "detail": m.text(d["detail"])} for d in finding["per_frame"]]} if "per_frame" in finding else {}
    times = {k: finding[k] for k in ("first_time", "last_time") if k in finding}
    return {**each, **times, "check": finding["check"], "severity": finding["severity"], "basis": finding["basis"], "frame": m.frame(finding["frame"]),
            "frames": [m.frame(n) for n in finding["frames"]], "count": finding["count"],
            "ike_sa": m.ike.get(finding["ike_sa"]), "child_sa": m.children.get(finding["child_sa"]), "stream": m.streams.get(finding["stream"]),
            "detail": m.text(finding["detail"]), "remedy": m.text(finding["remedy"]), "reference": finding["reference"]}


def blurred(finding):
    """Without the frame numbers in its sentences."""
    return {k: FRAMES.sub(r"\1", v) if k in ("detail", "remedy") else v for k, v in finding.items() if k != "per_frame"}


def grown(wanted, found, theirs):
    """The same finding, which forged frames have joined."""
    more = set(found["frames"]) - set(wanted["frames"])
    return (found["check"] == wanted["check"] and set(wanted["frames"]) <= set(found["frames"]) and more and more <= theirs and
            found["severity"] == wanted["severity"])


class Verdict:
    """wrong: what must not be so; new: findings that the attack has added."""

    def __init__(self, true, attacked, frames, theirs, case, blind):
        self.true, self.attacked, self.theirs, self.case, self.blind = true, attacked, theirs, case, blind
        self.map, self.wrong, self.new = Map(true, attacked, frames), [], []
        self.may = case.may | case.must | case.sighted_must | (case.blind_may if blind else case.sighted_may)
        self.lost = case.lost | (case.blind_lost if blind else set())
        self.free = case.free | (case.blind_free if blind else set())
        self.findings()
        self.news()
        self.facts()

    def say(self, text):
        self.wrong.append(text)

    def findings(self):
        rest = list(self.attacked["findings"])
        waiting = []
        for finding in self.true["findings"]:
            wanted = carried(finding, self.map)
            if wanted in rest:
                rest.remove(wanted)
            else:
                waiting.append((finding, wanted))
        for finding, wanted in waiting:
            near = [f for f in rest if f["check"] == wanted["check"]]
            fits = [f for f in near if wanted["check"] in self.may | self.case.grow and grown(wanted, f, self.theirs) or
                    self.case.cites and blurred(wanted) == blurred(f) or wanted["check"] in self.lost]
            if fits:
                rest.remove(fits[0])
            elif wanted["check"] not in self.lost:
                # The nearest in its place is the same finding with other words, not a new one.
                near.sort(key=lambda f: -len(set(f["frames"]) & set(wanted["frames"])))
                if near and set(near[0]["frames"]) & set(wanted["frames"]):
                    rest.remove(near[0])
                    self.say(f"changed: {told(wanted)} -> {difference(wanted, near[0])}")
                else:
                    self.say(f"lost: {told(wanted)}")
        self.new = rest

    def news(self):
        mine = set(self.map.ike.values()), set(self.map.children.values()), set(self.map.streams.values())
        for f in self.new:
            strange = (f["ike_sa"] not in mine[0] and f["child_sa"] not in mine[1] and f["stream"] not in mine[2] and set(f["frames"]) <= self.theirs)
            if f["check"] not in self.may and not (self.case.own and strange):
                self.say(f"new: {told(f)}")
            elif f["check"] in OF_A_FRAME and not set(f["frames"]) <= self.theirs:
                self.say(f"new, of true frames: {told(f)}")
        names = {f["check"] for f in self.new}
        # What joined a true finding is told as well.
        names |= {f["check"] for f in self.attacked["findings"] if set(f["frames"]) & self.theirs}
        for must in (self.case.must, self.case.sighted_must if not self.blind else ()):
            if must and not names & set(must):
                self.say(f"not told: none of {', '.join(sorted(must))} is new")
        if not loud(self.true["findings"]) and loud(self.attacked["findings"]) and not loud(self.new):
            self.say("the exit status rises by no finding of the attack")
        if loud(self.true["findings"]) and not loud(self.attacked["findings"]):
            self.say("the exit status falls")

    def facts(self):
        m = self.map
        for kind, names, numbers in (("ike_sas", IKE_FACTS, m.ike), ("child_sas", CHILD_FACTS, m.children), ("streams", COUNTERS, m.streams)):
            for one in self.true[kind]:
                other = next((a for a in self.attacked[kind] if a["id"] == numbers.get(one["id"])), None)
                if other is None:
                    if kind not in self.free:
                        self.say(f"{kind} {one['id']} is gone")
                    continue
                if "offered" in self.free and kind == "ike_sas" and not set(one["offered"]) <= set(other["offered"]):
                    self.say(f"ike_sas {one['id']}: offered: {one['offered']} is no longer in {other['offered']}")
                # Unread messages may carry a state forward, and Child SAs are then inferred.
                forward = "forward" in self.free and kind == "ike_sas" and (one["state"], other["state"]) == ("half_open", "established")
                for name in names:
                    if forward and name == "state":
                        continue
                    if one[name] != other[name] and name not in self.free and f"{name}@{one.get('spi')}" not in self.free:
                        self.say(f"{kind} {one['id']}: {name}: {one[name]} -> {other[name]}")
                self.links(kind, one, other)

    def links(self, kind, one, other):
        m = self.map
        if kind == "ike_sas":
            have = [(x["name"], x["message_id"], x["request"], x["response"]) for x in other["exchanges"]]
            for x in one["exchanges"]:
                if (x["name"], x["message_id"], m.frame(x["request"]), m.frame(x["response"])) not in have and "exchanges" not in self.free:
                    now = [h[2:] for h in have if h[:2] == (x["name"], x["message_id"])]
                    self.say(f"ike_sas {one['id']}: exchange {x['name']} {x['message_id']} of frames {m.frame(x['request'])}, "
                             f"{m.frame(x['response'])} -> {now}")
            wanted = {m.children.get(c) for c in one["child_sas"]}
            if wanted != set(other["child_sas"]) and not {"child_sas", "forward"} & self.free:
                self.say(f"ike_sas {one['id']}: child_sas {sorted(map(str, wanted))} -> {other['child_sas']}")
        elif kind == "child_sas":
            for name, of in (("ike_sa", m.ike.get), ("negotiated_in", m.frame), ("deleted_in", m.frame), ("rekeys", m.children.get)):
                if other[name] != (None if one[name] is None else of(one[name])) and name not in self.free:
                    self.say(f"child_sas {one['id']}: {name}: {one[name]} -> {other[name]}")
            if not {m.streams.get(s) for s in one["streams"]} <= set(other["streams"]) and "streams" not in self.free:
                self.say(f"child_sas {one['id']}: streams {one['streams']} -> {other['streams']}")
        elif kind == "streams" and not (one["child_sa"] is None and "forward" in self.free) and "child_sa" not in self.free:
            if other["child_sa"] != (None if one["child_sa"] is None else m.children.get(one["child_sa"])):
                self.say(f"streams {one['id']}: child_sa {one['child_sa']} -> {other['child_sa']}")


def loud(findings):
    return [f for f in findings if f["severity"] in LOUD]


def told(f):
    frames = ", ".join(map(str, f["frames"][:6])) + (" .." if len(f["frames"]) > 6 else "")
    return f"{f['severity']} {f['check']} [{f['basis']}] of {frames}: {f['detail']}"


def difference(wanted, found):
    return "; ".join(f"{k}: {found.get(k)}" for k in wanted if found.get(k) != wanted[k])
