#!/usr/bin/python3
"""Records, a line each (--format ndjson, -z espial,ndjson): of all of pcaps/ with keys and without, every
line is valid by the schema, what is in the JSON report is in them and no more, ties lead to records of the
same capture, names and types are those of ECS, and the program's are the plugin's, octet for octet.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import base64
import glob
import hashlib
import ipaddress
import json
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timezone

import jsonschema

from test_native import has_keys, jobs_of

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "bin", "espial")
with open(os.path.join(ROOT, "plugin", "espial-records-1.schema.json"), encoding="utf-8") as schema:
    VALIDATOR = jsonschema.Draft7Validator(json.load(schema))
KINDS = {"tunnel": "tunnels", "diagnosis": "diagnoses", "finding": "findings", "ike_sa": "ike_sas", "child_sa": "child_sas", "stream": "streams"}
# Of ECS 8.11: all fields outside of "espial", and their types; "array" where it may hold several.
ECS = {"@timestamp": "date", "ecs.version": "keyword", "event.id": "keyword", "event.kind": "keyword", "event.category": "array", "event.type": "array",
       "event.module": "keyword", "event.dataset": "keyword", "event.outcome": "keyword", "event.reason": "keyword", "event.severity": "long",
       "event.start": "date", "event.end": "date", "event.duration": "long", "message": "text", "error.message": "text", "file.name": "keyword",
       "observer.product": "keyword", "observer.type": "keyword", "observer.version": "keyword", "tags": "array", "source.address": "keyword",
       "source.ip": "ip", "source.port": "long", "source.packets": "long", "source.bytes": "long", "destination.address": "keyword",
       "destination.ip": "ip", "destination.port": "long", "destination.packets": "long", "destination.bytes": "long", "network.type": "keyword",
       "network.iana_number": "keyword", "network.transport": "keyword", "network.protocol": "keyword", "network.packets": "long",
       "network.bytes": "long", "network.community_id": "keyword", "user.name": "keyword", "rule.name": "keyword", "rule.description": "keyword",
       "rule.ruleset": "keyword", "rule.reference": "keyword"}
failed, seen = [], set()


def check(ok, what):
    if not ok:
        failed.append(what)


def run(args, name, empty):
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=empty, ESPIAL_CAPTURE_NAME=name, LC_ALL="C.UTF-8")
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=600, check=False)
    check(done.returncode in (0, 1), f"{args}: exit status {done.returncode}: {done.stderr[-300:]!r}")
    return done.stdout


def of_type(value, kind):
    if kind == "array":
        return isinstance(value, list) and all(isinstance(one, str) for one in value)
    if kind == "long":
        return isinstance(value, int) and not isinstance(value, bool)
    if kind == "ip":
        return bool(ipaddress.ip_address(value))
    return isinstance(value, str)


def check_ecs(record, where):
    for name, value in record.items():
        for under, one in value.items() if isinstance(value, dict) and name != "espial" else ([("", value)] if name != "espial" else ()):
            field = f"{name}.{under}" if under else name
            seen.add(field)
            check(field in ECS and of_type(one, ECS[field]), f"{where}: {field} is not as ECS has it: {one!r}")


def community_id(record):
    """As the specification has it, version 1 with seed 0."""
    ends = [(ipaddress.ip_address(record[side]["ip"]).packed, record[side].get("port", 0)) for side in ("source", "destination")]
    low, high = sorted(ends)
    octets = bytes(2) + low[0] + high[0] + bytes((int(record["network"]["iana_number"]), 0))
    if low[1] or high[1]:
        octets += low[1].to_bytes(2, "big") + high[1].to_bytes(2, "big")
    return "1:" + base64.b64encode(hashlib.sha1(octets).digest()).decode()


def moment(seconds):
    return datetime.fromtimestamp(int(seconds), timezone.utc).strftime("%Y-%m-%dT%H:%M:%S") + f"{seconds % 1:.6f}"[1:] + "Z"


def check_facts(record, kind, of, where):
    """What the record says is what the report says."""
    own, event = record["espial"], record["event"]
    facts = own[kind]
    same = {"ike_sa": ("version", "spi_i", "spi_r", "state", "standing", "child_sas", "virtual_ips", "first_frame", "last_frame"),
            "child_sa": ("protocol", "state", "basis", "ts_i", "ts_r", "streams"),
            "stream": ("protocol", "spi", "lost", "lost_percent", "replayed", "out_of_window", "first_seq", "last_seq"),
            "finding": ("severity", "basis", "frame", "frames", "count", "remedy", "reference"),
            "diagnosis": ("severity", "basis", "first_frame", "frames", "ike_sas", "child_sas", "evidence", "follows", "remedy"),
            "tunnel": ("who", "peer", "verdict", "ike_sas", "diagnoses")}[kind]
    for name in same:
        check(facts[name] == of[name], f"{where}: {name}: {facts[name]} and {of[name]}")
    if "first_time" in of and of["first_time"] is not None:
        for name, time in (("start", "first_time"), ("end", "last_time")):
            at = datetime.strptime(event[name], "%Y-%m-%dT%H:%M:%S.%fZ").replace(tzinfo=timezone.utc)
            check(abs(at.timestamp() - of[time]) < 2e-6, f"{where}: {name} {event[name]} and {of[time]}")
        check(event["duration"] == round((of["last_time"] - of["first_time"]) * 1e6) * 1000, f"{where}: duration {event['duration']}")
        check(record["@timestamp"] == event["start"], f"{where}: {record['@timestamp']}")
    inferred = of.get("basis") == "inferred"
    if kind in ("child_sa", "finding", "diagnosis"):
        check(("inferred" in record.get("tags", ())) == inferred, f"{where}: tags {record.get('tags')}")
    if kind in ("finding", "diagnosis"):
        check(record["rule"]["name"] == of.get("check", of.get("cause")), f"{where}: {record['rule']}")
        check((event["kind"] == "alert") == (of["severity"] in ("warning", "error")), f"{where}: {event}")
        check(event["severity"] == 1 + ["chat", "note", "warning", "error"].index(of["severity"]), f"{where}: {event}")
        check(record["message"] == of.get("detail", of.get("text")), f"{where}: {record['message']}")
    if kind == "stream":
        check((record["source"]["ip"], record["destination"]["ip"]) == (of["src"], of["dst"]), f"{where}: ends")
        check((record["source"]["packets"], record["source"]["bytes"]) == (of["packets"], of["bytes"]), f"{where}: counts")
    if kind == "ike_sa":
        for side, end in (("source", "initiator"), ("destination", "responder")):
            check(record[side]["ip"] == of[end]["address"] and record[side].get("port", 0) == of[end]["port"], f"{where}: {side}")
            check(facts[end] == (of[end]["id"] or of[end]["address"]), f"{where}: {end}")
        check(record.get("user", {}).get("name") == of["user"], f"{where}: user")
        check((event["outcome"] == "failure") == (of["state"] == "failed"), f"{where}: {event['outcome']}")
        check(own["offered"] == of["offered"], f"{where}: offered")


def check_ties(records, where):
    """A number that a record names is that of a record of the same capture, and roles agree on both sides."""
    there = {(one["event"]["dataset"], one["espial"][kind]["id"]) for kind in KINDS for one in records if one["event"]["dataset"] == "espial." + kind}
    diagnoses = {one["espial"]["diagnosis"]["id"]: one["espial"]["diagnosis"] for one in records if one["event"]["dataset"] == "espial.diagnosis"}
    for one in records:
        own = one["espial"]
        for kind in KINDS:
            if kind in own:
                check(("espial." + kind, own[kind]["id"]) in there, f"{where}: {one['event']['id']}: no {kind} {own[kind]['id']}")
        if one["event"]["dataset"] == "espial.finding" and own["finding"]["role"] in ("evidence", "follows"):
            check(own["finding"]["id"] in diagnoses[own["diagnosis"]["id"]][own["finding"]["role"]], f"{where}: {one['event']['id']}: its diagnosis")


def check_records(lines, report, where):
    records = [json.loads(line) for line in lines]
    for record in records:
        named = f"{where} {record['event']['id']}"
        for error in VALIDATOR.iter_errors(record):
            failed.append(f"{named}: {'/'.join(map(str, error.absolute_path))}: {error.message}"[:400])
        check_ecs(record, named)
        check(record["file"]["name"] == report["capture"]["file"], f"{named}: {record['file']}")
        if "community_id" in record.get("network", {}):
            check(record["network"]["community_id"] == community_id(record), f"{named}: community_id")
    names = [record["event"]["id"] for record in records]
    check(len(set(names)) == len(names) and len({record["espial"]["capture"]["id"] for record in records}) == 1, f"{where}: ids")
    by_kind = {kind: [one for one in records if one["event"]["dataset"] == "espial." + kind] for kind in KINDS}
    for kind, name in KINDS.items():
        check(len(by_kind[kind]) == len(report[name]), f"{where}: {len(by_kind[kind])} records of {len(report[name])} {name}")
        for i, (one, of) in enumerate(zip(by_kind[kind], report[name])):
            check(one["espial"][kind]["id"] == i, f"{where}: {kind} {i}")
            check_facts(one, kind, of, f"{where} {kind} {i}")
    capture = records[0]["espial"]["capture"]
    check(capture["frames"] == report["capture"]["frames"] and records[0]["message"] == report["outcome"]["text"], f"{where}: {capture}")
    check(capture["errors"] == sum(f["severity"] == "error" for f in report["findings"]), f"{where}: errors {capture}")
    for name in KINDS.values():
        check(capture[name] == len(report[name]), f"{where}: {name} {capture}")
    check_ties(records, where)
    return len(records)


def compare(job):
    path, keys = job
    where, name = f"{os.path.basename(path)} {'with' if keys else 'without'} keys", os.path.basename(path)
    with tempfile.TemporaryDirectory() as empty:
        at = path
        if not keys:
            at = os.path.join(empty, name)
            os.symlink(path, at)
        options = ["-o", "espial.feed_tables:FALSE"]
        if keys and has_keys(keys):
            options += ["-o", "espial.keylog_file:" + keys]
        if keys and os.path.isfile(os.path.join(keys, "plan")):
            options += ["-o", "espial.plan_file:" + os.path.join(keys, "plan")]
        wanted = run(["tshark", "-n", "-q", "-r", at, *options, "-z", "espial,ndjson"], name, empty)
        given = ["--keys", keys] if keys and keys != os.path.splitext(path)[0] + ".keys" else []
        got = run([PROGRAM, "--format", "ndjson", *given, at], name, empty)
        report = json.loads(run([PROGRAM, "--format", "json", *given, at], name, empty))
        check(got == wanted and got, f"{where}: plugin and program differ")
        try:
            return check_records(got.decode().splitlines(), report, where)
        except (KeyError, IndexError, ValueError) as error:
            failed.append(f"{where}: {error!r}")
            return 0


def check_others():
    """Into a file; of what cannot be read, in whole or in part; of a page; of several points."""
    clean = os.path.join(ROOT, "pcaps", "5_clean_ikev2.pcapng")
    with tempfile.TemporaryDirectory() as empty:
        out, cut = os.path.join(empty, "out"), os.path.join(empty, "cut.pcapng")
        run(["tshark", "-n", "-q", "-r", clean, "-z", "espial,ndjson," + out], "x", empty)
        with open(out, "rb") as file, open(clean, "rb") as whole, open(cut, "wb") as half:
            check(file.read() == run(["tshark", "-n", "-q", "-r", clean, "-z", "espial,ndjson"], "x", empty), "into a file")
            half.write(whole.read()[:-100])
        for words in (["-z", "espial,ndjson,"], ["-z", "espial,ndjsonx"], ["-z", "espial,ndjson," + empty]):
            done = subprocess.run(["tshark", "-n", "-q", "-r", clean, *words], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            check(done.stderr and not done.stdout, f"{words}: {done}")
        done = subprocess.run([PROGRAM, "--format", "ndjson", cut, os.path.join(empty, 'no "ne'), clean], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
        records = [json.loads(line) for line in done.stdout.splitlines()]
        for record in records:
            VALIDATOR.validate(record)
        errors = [(one["file"]["name"], one["error"]["message"]) for one in records if one["event"]["kind"] == "pipeline_error"]
        check(done.returncode == 2 and [name for name, _ in errors] == ["cut.pcapng", 'no "ne'], f"unreadable: {errors}")
        check("cut short" in errors[0][1] and errors[1][1] == "no such file", f"unreadable: {errors}")
        check(sum(one["event"]["dataset"] == "espial.capture" for one in records) == 3, "a record for each capture")
        page = run([PROGRAM, "--format", "html", clean], "x", empty)
        check(page.startswith(b"<!DOCTYPE html>") and page.rstrip().endswith(b"</html>"), page[:80])
        check(run([PROGRAM, "--format", "text", clean], "x", empty) == run([PROGRAM, clean], "x", empty), "text")
        check(run([PROGRAM, "--dissect", "-T", "ndjson", clean], "x", empty) == run([PROGRAM, "-T", "ndjson", clean], "x", empty), "--dissect")
        for words, said in ((["yaml"], b"the format is text, json, ndjson or html"), (["ndjson", "--json"], b"--json and --format ndjson exclude"),
                            (["text", "--html", out], b"--html and --format text exclude"), (["html", "--dissect"], b"needs the file to write"),
                            (["ndjson", "--title", "x"], b"of the page")):
            done = subprocess.run([PROGRAM, "--format", *words, clean], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False)
            check(done.returncode == 2 and said in done.stderr and not done.stdout, f"--format {words}: {done}")
        points = run([PROGRAM, "--points", "--format", "ndjson", clean, clean], "x", empty)
        whole = json.loads(run([PROGRAM, "--points", "--json", clean, clean], "x", empty))
        check_records(points.decode().splitlines(), whole, "points")
        lines = run([PROGRAM, "--json", clean, clean], "x", empty).splitlines()
        check(len(lines) == 2 and all(json.loads(line)["capture"]["file"] == "5_clean_ikev2.pcapng" for line in lines), "JSON Lines")


def main():
    paths = [os.path.abspath(path) for path in sys.argv[1:]] or sorted(glob.glob(os.path.abspath(os.path.join(ROOT, "pcaps", "*.pcapng"))))
    jobs = [job for path in paths for job in jobs_of(path)]
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        num = sum(pool.map(compare, jobs))
    check_others()
    if not sys.argv[1:]:
        check(set(ECS) == seen | {"error.message"}, f"never seen: {set(ECS) - seen}")
    for line in failed[:60]:
        print("FAILED:", line)
    print(f"figure: records: {num} of {len(jobs)} reports, valid by the schema, and the plugin's octet for octet")
    sys.exit(1 if failed or not num else 0)


if __name__ == "__main__":
    main()
