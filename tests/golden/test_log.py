#!/usr/bin/python3
"""Daemons' logs beside a capture, in every face: a log as charon writes it is made of the messages of
a sample, with a clock of its own, and must explain the refusal in it, change no verdict, and show
no secret.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import datetime, json, os, subprocess, sys, tempfile

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SAMPLE = "child_mismatch"
NAMES = {34: "IKE_SA_INIT", 35: "IKE_AUTH", 36: "CREATE_CHILD_SA", 37: "INFORMATIONAL"}
AHEAD = 7200.0
SECRET = "6c6162736563726574"
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def tshark(*args, logs=(), keys=True):
    config = os.path.join(ROOT, "pcaps", SAMPLE + ".keys") if keys else "/nowhere"
    more = ["-o", "espial.log_file:" + os.pathsep.join(logs)] if logs else []
    run = subprocess.run(["tshark", "-n", "-r", os.path.join(ROOT, "pcaps", SAMPLE + ".pcapng"), *more, *args], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, timeout=120, env=dict(os.environ, WIRESHARK_CONFIG_DIR=config))
    check(run.returncode == 0, f"{args}: exit {run.returncode}: {run.stderr[-300:]}")
    return run.stdout, run.stderr


def report(**how):
    text, _ = tshark("-q", "-z", "espial,json", **how)
    return json.loads(text[text.index("{"):])


def messages():
    text, _ = tshark("-Y", "isakmp", "-T", "fields", "-E", "occurrence=f", *(word for field in (
        "frame.number", "frame.time_epoch", "ip.src", "udp.srcport", "ip.dst", "udp.dstport", "isakmp.length", "isakmp.exchangetype",
        "isakmp.messageid", "isakmp.flag_r") for word in ("-e", field)))
    return [line.split("\t") for line in text.splitlines()]


def gateway_log(ahead):
    """What the responder of the first message writes."""
    rows, lines = messages(), []
    gateway = rows[0][4]
    refused = 0
    for frame, time, src, sport, dst, dport, length, kind, mid, answer in rows:
        name, answer = NAMES[int(kind)], answer in ("1", "True")
        net = f"from {src}[{sport}] to {dst}[{dport}] ({length} bytes)"
        what = f"{name} {'response' if answer else 'request'} {int(mid, 16)} [ SA ]"
        said = [f"[NET] <gw|1> received packet: {net}", f"[ENC] <gw|1> parsed {what}"] if dst == gateway else \
               [f"[ENC] <gw|1> generating {what}", f"[NET] <gw|1> sending packet: {net}"]
        if dst == gateway and name == "IKE_AUTH":
            refused = int(frame)
            said += ["[IKE] <gw|1> Sk_ei secret => 9 bytes @ 0x7f4abc00bb90", f"[IKE] <gw|1>    0: {' '.join(SECRET[i:i + 2] for i in range(0, 18, 2))}",
                     "[CFG] <gw|1>   no acceptable ENCRYPTION_ALGORITHM found",
                     "[CFG] <gw|1> received proposals: ESP:3DES_CBC/HMAC_SHA1_96/NO_EXT_SEQ",
                     "[CFG] <gw|1> configured proposals: ESP:AES_GCM_16_256/NO_EXT_SEQ", "[IKE] <gw|1> no acceptable proposal found",
                     "[IKE] <gw|1> failed to establish CHILD_SA, keeping IKE_SA"]
        stamp = datetime.datetime.fromtimestamp(float(time) + ahead, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3]
        lines += [f"{stamp} 07{line}" for line in said]
    return "\n".join(lines) + "\n", refused


def faces(path, refused):
    plain, told = report(), report(logs=[path])
    logs = told["logs"]
    check("logs" not in plain and "log_lines" not in plain["diagnoses"][0], "a member without a log")
    check(len(logs["files"]) == 1 and len(logs["files"][0]["clocks"]) == 1, f"one file with one clock: {logs['files']}")
    check(abs(logs["files"][0]["clocks"][0]["offset"] + AHEAD) < 0.05, f"its zone is found: {logs['files']}")
    check(logs["files"][0]["secret"] == 2 and logs["files"][0]["tied"] == logs["files"][0]["lines"] - 2, f"all but the secret is tied: {logs['files']}")
    check([line["frame"] for line in logs["lines"]] == sorted(line["frame"] for line in logs["lines"]), "lines are in order")
    one = told["diagnoses"][0]
    check('says why (gw.log line' in one["text"] and '"no acceptable ENCRYPTION_ALGORITHM found"' in one["text"], one["text"])
    check("accepts ESP:AES_GCM_16_256/NO_EXT_SEQ" in one["remedy"], one["remedy"])
    check([line["frame"] for line in one["log_lines"]] == [refused] * 3, str(one["log_lines"]))
    for member in ("ike_sas", "child_sas", "streams", "findings", "tunnels"):
        check(plain[member] == told[member], f"a log changes {member}")
    check(plain["outcome"] == told["outcome"], "a log changes the outcome")
    for mine, theirs in zip(plain["diagnoses"], told["diagnoses"]):
        for name in ("cause", "severity", "basis", "frames", "evidence", "follows"):
            check(mine[name] == theirs[name], f"a log changes the {name} of a diagnosis")
    text, _ = tshark("-q", "-z", "espial,log", logs=[path])
    check("clock: UTC+02:00, the capture's clock" in text and f"frame {refused}," in text, text)
    check("2 lines may hold a secret and are left out" in text, text)
    text, _ = tshark("-2", "-Y", f"frame.number == {refused}", "-T", "fields", "-e", "espial.log", logs=[path])
    check("no acceptable ENCRYPTION_ALGORITHM found" in text, text)
    with tempfile.TemporaryDirectory() as folder:
        page = os.path.join(folder, "page.html")
        tshark("-q", "-z", "espial,html," + page, logs=[path])
        html = open(page, encoding="utf-8").read()
        check("no acceptable ENCRYPTION_ALGORITHM found" in html, "the ladder has the line")
        everything = json.dumps(told) + text + html
    check(SECRET not in everything and "Sk_ei" not in everything and "6c 61 62" not in everything, "a secret is shown")


def without_keys(path):
    """The packets do not tell, and the log does: the verdict stays."""
    outcome = report(keys=False, logs=[path])["outcome"]
    check(outcome["verdict"] == report(keys=False)["outcome"]["verdict"] == "unknown", str(outcome))
    check("reports a refusal (gw.log line" in outcome["text"], outcome["text"])


def several(folder, path):
    empty = os.path.join(folder, "other.log")
    with open(empty, "w", encoding="utf-8") as f:
        f.write("nothing of IKE\n")
    _, errors = tshark("-q", "-z", "espial,log", logs=[path, empty, os.path.join(folder, "none.log")])
    check("other.log: holds no line of an IKE daemon" in errors and "none.log: " in errors, errors)
    text, _ = tshark("-q", "-z", "espial,log")
    check("no log is given (espial.log_file)" in text, text)


def main():
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "gw.log")
        text, refused = gateway_log(AHEAD)
        with open(path, "w", encoding="utf-8") as f:
            f.write(text)
        faces(path, refused)
        without_keys(path)
        several(folder, path)
    print(f"figure: golden/log: {held} checks held, {failed} failed")
    return failed != 0 or not held


if __name__ == "__main__":
    sys.exit(main())
