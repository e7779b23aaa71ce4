"""espial --merge: what many results come to, whatever their order, with damaged ones among them, and
ten thousand of them in bounded memory.  SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import random
import shutil
import tempfile
import time
from pathlib import Path

import jsonschema

from bulk import PROGRAM, SOURCE, environment, espial, expect, results, summary, whole

SCHEMA = json.loads((SOURCE / "plugin/espial-summary-1.schema.json").read_text())
MANY = 10000


def checked(*paths):
    found = summary(*paths)
    jsonschema.validate(found, SCHEMA)
    return found


def counted(folder):
    """The same from the whole reports, by other means."""
    causes, checks, tunnels, files = {}, {}, {}, 0
    for path in whole(folder):
        report = json.loads(path.read_text().split("\n")[1])
        files += 1
        for d in report["diagnoses"]:
            row = causes.setdefault(d["cause"], [0, set()])
            row[0] += 1
            row[1].add(path)
        for f in report["findings"]:
            row = checks.setdefault((f["check"], f["severity"]), [0, 0, set()])
            row[0] += 1
            row[1] += f["count"]
            row[2].add(path)
        for t in report["tunnels"]:
            tunnels[t["verdict"]] = tunnels.get(t["verdict"], 0) + 1
    return files, {c: (n, len(p)) for c, (n, p) in causes.items()}, {c: (n, k, len(p)) for c, (n, k, p) in checks.items()}, tunnels


def test_counts(place):
    """Every sample, against the reports."""
    expect(espial("--output", place / "out", SOURCE / "pcaps"), 1)
    found = checked(place / "out")
    files, causes, checks, tunnels = counted(place / "out")
    assert found["files"]["read"] == files > 150 and found["files"]["unread"] == 0
    assert {d["cause"]: (d["count"], d["files"]) for d in found["diagnoses"]} == causes
    assert {(f["check"], f["severity"]): (f["findings"], f["count"], f["files"]) for f in found["findings"]} == checks
    assert {v: n for v, n in found["tunnels"].items() if n} == tunnels
    worst = ["error", "warning", "note", "chat"]
    assert [d["severity"] for d in found["diagnoses"]] == sorted((d["severity"] for d in found["diagnoses"]), key=worst.index)
    assert {"algorithm": "MODP_768", "protocol": "IKE"}.items() <= next(w for w in found["weak"] if w["must_not"]).items() or \
        any(w["algorithm"] == "MODP_768" and w["must_not"] for w in found["weak"])
    assert found["peers"][0]["fails"] == max(p["fails"] for p in found["peers"]) > 10
    by_name = {d["cause"]: d for d in found["diagnoses"]}
    place_ = next(p for p in by_name["auth_failed"]["places"] if p["file"].endswith("/1_wrong_password.pcapng"))
    assert place_ == {"file": str(SOURCE / "pcaps/1_wrong_password.pcapng"), "count": 1, "frames": [6]}
    run = espial("--merge", place / "out")
    expect(run, 1, [f"{files} files: {files} read, 0 could not be read, 0 failed", "error   Authentication is rejected (auth_failed): ",
                    f"    {SOURCE}/pcaps/1_wrong_password.pcapng: frame 6\n", "Findings by check\nerror   auth_failed: ",
                    "MODP_768 of IKE, which must not be used: ", "Peers that fail most\ngw.corp.example: "])


def test_order(place):
    """Two machines' results, in any order, are those of one; a file that both have counts once."""
    names = sorted((SOURCE / "pcaps").glob("*.pcapng"))
    expect(espial("--output", place / "one", *names), 1)
    expect(espial("--output", place / "a", *names[:90]), 1)
    expect(espial("--output", place / "b", *names[80:]), 1)
    wanted = summary(place / "one")
    texts = set()
    for paths in [place / "a", place / "b"], [place / "b", place / "a"], random.Random(1).sample([*(place / "a").iterdir(), *(place / "b").iterdir()], len(names) + 10):
        found = summary(*paths)
        assert found.pop("results") == {"given": len(names) + 10, "duplicates": 10, "damaged": 0}
        assert found == {name: value for name, value in wanted.items() if name != "results"}
        texts.add(espial("--merge", *paths).stdout)
    assert len(texts) == 1
    # Of several results of one file, one that was read counts before one that was not.
    head = json.loads(next((place / "a").iterdir()).read_text().split("\n")[0])
    (place / "c").mkdir()
    (place / "c/x.jsonl").write_text(json.dumps({**head, "state": "failed", "reason": "killed", "report_octets": 0}) + "\n")
    assert summary(place / "one", place / "c")["files"] == wanted["files"] == summary(place / "c", place / "one")["files"]


def test_damaged(place):
    """What is no result, or half of one, is said and left out."""
    expect(espial("--output", place / "out", SOURCE / "pcaps/5_clean_ikev2.pcapng", SOURCE / "pcaps/1_wrong_password.pcapng"), 1)
    good = next((place / "out").glob("*clean*")).read_bytes()
    head, report = good.split(b"\n", 1)
    one = json.loads(head)

    def with_(**more):
        return json.dumps({**one, **more}).encode() + b"\n" + report

    bad = {"empty": b"", "text": b"hello\n", "cut head": head[:200], "cut report": good[:-5], "no report": head + b"\n", "longer": good + b"x",
           "list": b"[]\n", "other": with_(format="espial-report/1"), "number": with_(frames="many"), "negative": with_(frames=-1), "deep": b"[" * 100000 + b"\n",
           "state": with_(state="good"), "status": with_(status=7), "rows": with_(peers=[{"peer": "a", "fails": 0, "degraded": 0, "tunnels": 1}] * 2000),
           "tokens": with_(more=[{}] * 100000), "octets": b"\xff\0\xfe" * 1000, "frames": with_(diagnoses=[{"cause": "a", "title": "b", "severity": "error", "count": 1, "frames": [1] * 9}]),
           "huge": with_(frames=1 << 60), "no peer": with_(peers=[{"fails": 0, "degraded": 0, "tunnels": 1}]), "long": b"{" + b" " * (5 << 20) + b"}\n"}
    for name, octets in bad.items():
        (place / "out" / f"{name}.jsonl").write_bytes(octets)
    run = espial("--merge", place / "out", place / "none.jsonl")
    expect(run, 2, ["2 files: 2 read", f"Damaged results: {len(bad) + 1} files are left out", "no result of espial --output", "and 16 more files"])
    assert checked(place / "out")["results"] == {"given": len(bad) + 2, "duplicates": 0, "damaged": len(bad)}
    shutil.rmtree(place / "out")
    (place / "out").mkdir()
    (place / "out/x.jsonl").write_bytes(with_(file="\033[31mred\u202e.pcap", id="1", reason="a\nb", state="unread",
                                              messages=["\033]0;title\007", "\ud800"][:1], peers=[{"peer": "p\033[2J", "fails": 1, "degraded": 0, "tunnels": 1}]))
    for args in ["--merge"], ["--merge", "--json"]:
        shown = espial(*args, place / "out").stdout
        assert b"\033" not in shown and b"\007" not in shown, shown
        assert "\u202e".encode() not in shown or "--json" in args, shown


def test_many(place):
    """Ten thousand results: what they take."""
    expect(espial("--output", place / "out", SOURCE / "pcaps"), 1)
    heads = list(results(place / "out").values())
    chance = random.Random(5)
    shutil.rmtree(place / "out")
    for i in range(MANY):
        folder = place / "many" / str(i % 40)
        folder.mkdir(parents=True, exist_ok=True)
        head = dict(chance.choice(heads))
        head.update(file=f"/captures/{i // 40}/{i}.pcapng", id=f"{i:032x}", report_octets=0,
                    peers=[{"peer": f"gw{chance.randrange(300000)}.example", "fails": k % 2, "degraded": 0, "tunnels": 1} for k in range(40)])
        (folder / f"{i}.jsonl").write_text(json.dumps(head) + "\n")
    begun = time.monotonic()
    child = os.fork()
    if not child:
        os.dup2(os.open(place / "summary", os.O_CREAT | os.O_WRONLY), 1)
        os.execve(PROGRAM, [PROGRAM, "--merge", "--json", place / "many"], environment())
    _, status, used = os.wait4(child, 0)
    seconds = time.monotonic() - begun
    assert os.waitstatus_to_exitcode(status) == 1, status
    found = json.loads((place / "summary").read_text())
    jsonschema.validate(found, SCHEMA)
    assert found["files"]["read"] == MANY and found["results"]["given"] == MANY
    assert all(len(d["places"]) == min(20, d["files"]) and d["places_left_out"] == d["files"] - len(d["places"]) for d in found["diagnoses"])
    assert len(found["peers"]) == 1000 and found["peers_left_out"] > 0
    # 131,072 names of peers are the most of it.
    assert used.ru_maxrss < 128 << 10, used.ru_maxrss
    print(f"figure: {MANY} results with 400,000 ends of tunnels merged in {seconds:.1f} s, {used.ru_maxrss >> 10} MiB at most")


def main():
    for test in test_counts, test_order, test_damaged, test_many:
        with tempfile.TemporaryDirectory() as folder:
            test(Path(folder))


main()
