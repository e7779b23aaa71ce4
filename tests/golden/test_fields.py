#!/usr/bin/python3
"""docs/FIELDS.md is what the plugin registers: fields, checks and preferences.
usage: test_fields.py [--write]
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, subprocess, sys, tempfile
from concurrent.futures import ThreadPoolExecutor

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
PAGE = os.path.join(ROOT, "docs", "FIELDS.md")
HEAD = """# Fields and preferences

Generated from what the plugin registers (`tshark -G fields`); a test compares them. Each field is a display filter, a
column (right-click > *Apply as Column*), a value for `tshark -T fields -e` and for I/O Graphs. Each example filter below
finds packets in the capture of [pcaps/](../pcaps/README.md) behind it.
"""
KINDS = {"FT_STRING": "text", "FT_UINT32": "number", "FT_BYTES": "octets", "FT_FRAMENUM": "frame", "FT_RELATIVE_TIME": "seconds", "FT_ABSOLUTE_TIME": "date and time",
         "FT_IPv4": "IPv4 address", "FT_IPv6": "IPv6 address"}
GROUPS = [
    ("Diagnoses", ("espial.diagnosis", "espial.outcome")),
    ("Findings", ("espial.finding",)),
    ("Logs", ("espial.log",)),
    ("Files of a series", ("espial.other_file",)),
    ("Capture points", ("espial.point", "espial.sighting")),
    ("IKE SA", ("espial.ike_sa", "espial.user", "espial.nat")),
    ("IKE message", ("espial.exchange", "espial.message", "espial.request_in", "espial.response_in", "espial.retransmission_of", "espial.response_time",
                     "espial.offered", "espial.chosen")),
    ("Child SA", ("espial.child_sa",)),
    ("ESP and AH packets", ("espial.stream", "espial.direction")),
    ("Inside the tunnel", ("espial.inner",)),
]
EXAMPLES = {
    "espial.diagnosis": ('espial.diagnosis == "virtual_ip_violation"', "3_virtual_address"),
    "espial.finding": ('espial.finding == "inner_source_violation"', "3_virtual_address"),
    "espial.finding.severity": ('espial.finding.severity in {"error", "warning"}', "3_virtual_address"),
    "espial.finding.basis": ('espial.finding.basis == "inferred"', "3_virtual_address"),
    "espial.finding.detail": ('espial.finding.detail contains "10.86.152.188"', "3_virtual_address"),
    "espial.finding.remedy": ('espial.finding.remedy matches "password"', "1_wrong_password"),
    "espial.point.name": ('espial.point.name == "router-out"', "points_three"),
    "espial.point.lost": ('espial.point.lost == "gateway"', "points_three"),
    "espial.sighting": ("espial.sighting", "points_three"),
    "espial.ike_sa": ("espial.ike_sa == 1", "2_3des_against_des"),
    "espial.ike_sa.spi_i": ("espial.ike_sa.spi_i == isakmp.ispi", "5_clean_ikev2"),
    "espial.ike_sa.version": ('espial.ike_sa.version == "IKEv1"', "1_wrong_password"),
    "espial.ike_sa.state": ('espial.ike_sa.state == "failed"', "1_wrong_password"),
    "espial.ike_sa.proposal": ('espial.ike_sa.proposal contains "MODP_768"', "2_3des_against_des"),
    "espial.ike_sa.initiator": ('espial.ike_sa.initiator == "lisa@corp.example"', "3_virtual_address"),
    "espial.ike_sa.auth_method": ('espial.ike_sa.auth_method == "EAP"', "clean_v2_eap_mschapv2"),
    "espial.ike_sa.rekeys": ("espial.ike_sa.rekeys == 0", "rekey_ike"),
    "espial.ike_sa.rekeyed_by": ("espial.ike_sa.rekeyed_by == 1", "rekey_ike"),
    "espial.user": ('espial.user == "lisa@corp.example"', "1_wrong_password"),
    "espial.nat": ('espial.nat == "initiator"', "nat_initiator"),
    "espial.direction": ('espial.direction == "responder to initiator"', "3_virtual_address"),
    "espial.exchange": ('espial.exchange == "IKE_AUTH"', "5_clean_ikev2"),
    "espial.message": ('espial.message contains "IDi site.corp.example"', "5_clean_ikev2"),
    "espial.request_in": ("espial.request_in == 3", "5_clean_ikev2"),
    "espial.retransmission_of": ("espial.retransmission_of", "retransmission"),
    "espial.response_time": ("espial.response_time > 0.001", "5_clean_ikev2"),
    "espial.offered": ('espial.offered contains "3DES_CBC"', "2_3des_against_des"),
    "espial.chosen": ('espial.chosen contains "AES_CBC_128"', "3_virtual_address"),
    "espial.child_sa": ("espial.child_sa == 0", "3_virtual_address"),
    "espial.child_sa.spi": ("espial.child_sa.spi == 0xac47f960", "3_virtual_address"),
    "espial.child_sa.proposal": ('espial.child_sa.proposal contains "3DES_CBC"', "2_3des_against_des"),
    "espial.child_sa.mode": ('espial.child_sa.mode == "transport"', "transport"),
    "espial.child_sa.state": ('espial.child_sa.state == "deleted"', "esp_after_delete"),
    "espial.child_sa.negotiated_in": ("espial.child_sa.negotiated_in == 11", "3_virtual_address"),
    "espial.child_sa.ike_sa": ("espial.child_sa.ike_sa != espial.ike_sa", "rekey_ike"),
    "espial.child_sa.lifetime": ("espial.child_sa.lifetime == 3600", "esp_after_lifetime"),
    "espial.child_sa.rekeys": ("espial.child_sa.rekeys", "rekey_child"),
    "espial.child_sa.ts_i": ('espial.child_sa.ts_i contains "10.86.152.186"', "3_virtual_address"),
    "espial.child_sa.virtual_ip": ('espial.child_sa.virtual_ip == "10.86.152.186"', "3_virtual_address"),
    "espial.stream": ("espial.stream == 0", "3_virtual_address"),
    "espial.stream.packet": ("espial.stream.packet == 1", "3_virtual_address"),
    "espial.stream.lost": ("espial.stream.lost > 0", "esp_sequence"),
    "espial.stream.replayed": ("espial.stream.replayed > 0", "esp_sequence"),
    "espial.inner.src": ("espial.inner.src == 10.86.152.0/24", "3_virtual_address"),
    "espial.inner.src6": ("espial.inner.src6", "ipv6"),
}


def lines(*args):
    with tempfile.TemporaryDirectory() as conf:
        run = subprocess.run(["tshark", *args], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, timeout=120,
                             env=dict(os.environ, WIRESHARK_CONFIG_DIR=conf))
    return run.stdout.splitlines()


def severities():
    """{check: severity}, as CHECKS.md tells, which another test compares with the table."""
    text = open(os.path.join(ROOT, "expert", "CHECKS.md")).read()
    return dict(re.findall(r"^## (\w+)\n\n\*\*.*\*\* \((.+)\)$", text, re.M))


def row(*cells):
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def page():
    rows = [line.split("\t") for line in lines("-G", "fields")]
    fields = {r[2]: r for r in rows if r[0] == "F" and r[2].startswith("espial.")}
    known, out, told = severities(), HEAD, set()
    for title, starts in GROUPS:
        out += f"\n## {title}\n\n" + row("field", "type", "meaning", "example, in capture") + "|---|---|---|---|\n"
        for name, r in fields.items():
            if name in told or name[len("espial."):] in known or not any(name == s or name.startswith(s + ".") for s in starts):
                continue
            told.add(name)
            example = EXAMPLES.get(name)
            out += row(f"`{name}`", KINDS[r[3]], r[7], f"`{example[0]}`, {example[1]}" if example else "")
    out += ("\n## Checks\n\nEach is a field without a value: the filter `espial.NAME` finds its packets. Why, remedy and silence of each "
            "are in\n[expert/CHECKS.md](../expert/CHECKS.md).\n\n" + row("field", "severity", "finding") + "|---|---|---|\n")
    for name, r in fields.items():
        check = name[len("espial."):]
        if check in known:
            told.add(name)
            assert r[7], f"{name}: no help text"
            out += row(f"[`{name}`](../expert/CHECKS.md#{check})", known[check], r[1])
    assert told == set(fields), f"in no group: {set(fields) - told}"
    out += ("\n## Preferences\n\nEdit > Preferences > Protocols > ESPIAL, or `-o NAME:VALUE`. The table *Plan* there is the file "
            "`espial_plan` of a profile.\n\n" + row("preference", "default", "meaning") + "|---|---|---|\n")
    current = lines("-G", "currentprefs")
    for i, line in enumerate(current):
        found = re.match(r"#?(espial\.\w+): ?(.*)", line)
        if found:
            first = max(n for n in range(i) if not current[n]) + 1
            out += row(f"`{found[1]}`", f"`{found[2]}`" if found[2] else "", " ".join(text.lstrip("# ") for text in current[first:i - 1]))
    return out


def example(item):
    name, (expression, capture) = item
    path = os.path.join(ROOT, "pcaps", capture)
    run = subprocess.run(["tshark", "-n", "-2", "-r", path + ".pcapng", "-o", f"espial.keylog_file:{path}.keys", "-Y", expression],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=120)
    if not run.stdout.strip():
        print(f"FAILED: {name}: {expression} finds nothing in {capture}: {run.stderr[-200:]}")
    return bool(run.stdout.strip())


def main():
    made = page()
    if sys.argv[1:] == ["--write"]:
        with open(PAGE, "w") as out:
            out.write(made)
    same = os.path.exists(PAGE) and open(PAGE).read() == made
    if not same:
        print("FAILED: docs/FIELDS.md is stale: tests/golden/test_fields.py --write, or for checks cmake --build build --target docs")
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        found = list(pool.map(example, EXAMPLES.items()))
    print(f"{made.count(chr(10))} lines, {len(found)} examples, {found.count(False)} failed")
    sys.exit(not same or not all(found))


main()
