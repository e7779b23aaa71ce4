#!/usr/bin/python3
"""The program that reads captures by itself says what the plugin says in tshark, octet for octet: of
all of pcaps/ with keys and without, as JSON and as text.  With arguments: of those captures.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob
import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))
PROGRAM = os.path.join(BUILD, "bin", "espial")
TABLES = ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa")
failed = []


def has_keys(path):
    if not os.path.isdir(path):
        return os.path.exists(path)
    rows = (line.strip() for name in TABLES if os.path.exists(os.path.join(path, name)) for line in open(os.path.join(path, name)))
    return any(row and not row.startswith("#") for row in rows)


def run(args, empty, name):
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=empty, ESPIAL_CAPTURE_NAME=name, LC_ALL="C.UTF-8")
    env.pop("SOURCE_DATE_EPOCH", None)
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=env, timeout=600, check=False)


def of_tshark(path, keys, empty):
    """The JSON report and the texts."""
    options = ["-o", "espial.feed_tables:FALSE"]
    plan = os.path.join(keys, "plan") if keys else ""
    if keys and has_keys(keys):
        options += ["-o", "espial.keylog_file:" + keys]
    if os.path.isfile(plan):
        options += ["-o", "espial.plan_file:" + plan]
    reports = ("sas,100", "findings", "diagnosis", "json,line")       # tshark prints the last first
    done = run(["tshark", "-n", "-q", "-r", path, *options, *(word for report in reports for word in ("-z", "espial," + report))],
               empty, os.path.basename(path))
    line, end, rest = done.stdout.partition(b"\n")
    return line + end, rest


def of_program(path, keys, empty):
    """Keys beside the capture are found."""
    given = ["--keys", keys] if keys and keys != os.path.splitext(path)[0] + ".keys" else []
    name = os.path.basename(path)
    json = run([PROGRAM, "--json", *given, path], empty, name)
    text = run([PROGRAM, "--findings", *given, path], empty, name)
    if json.returncode not in (0, 1) or json.returncode != text.returncode:
        failed.append(f"{path}: exit status {json.returncode} and {text.returncode}: {json.stderr.decode(errors='replace')[:300]}")
    return json.stdout, text.stdout.partition(b"\n")[2]


def first_difference(a, b):
    at = next((i for i, (x, y) in enumerate(zip(a, b)) if x != y), min(len(a), len(b)))
    return f"at octet {at}: tshark {a[max(0, at - 60):at + 100]!r}, espial {b[max(0, at - 60):at + 100]!r}"


def compare(job):
    path, keys = job
    with tempfile.TemporaryDirectory() as empty:
        # Beside the capture lie its keys: without them, it lies elsewhere.
        at = path
        if not keys:
            at = os.path.join(empty, os.path.basename(path))
            os.symlink(path, at)
        wanted, got = of_tshark(at, keys, empty), of_program(at, keys, empty)
    for what, a, b in zip(("JSON", "text"), wanted, got):
        if a != b or not a:
            failed.append(f"{path} {'with' if keys else 'without'} keys: {what} differs {first_difference(a, b)}")
            return False
    return True


def jobs_of(path):
    """Keys lie beside a capture, or are the tables in its folder."""
    yield path, None
    folder = os.path.dirname(path)
    for keys in (os.path.splitext(path)[0] + ".keys", folder):
        if os.path.exists(keys) and (keys != folder or has_keys(folder)):
            yield path, keys
            return


def main():
    paths = [os.path.abspath(path) for path in sys.argv[1:]] or sorted(glob.glob(os.path.abspath(os.path.join(ROOT, "pcaps", "*.pcapng"))))
    jobs = [job for path in paths for job in jobs_of(path)]
    with ThreadPoolExecutor(max_workers=max(2, os.cpu_count() or 1)) as pool:
        same = sum(pool.map(compare, jobs))
    for line in failed:
        print("FAILED:", line)
    print(f"figure: native: {same} of {len(jobs)} reports of {len(paths)} captures are the plugin's, octet for octet")
    sys.exit(1 if failed or not jobs else 0)


if __name__ == "__main__":
    main()
