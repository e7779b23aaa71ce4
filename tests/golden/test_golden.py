#!/usr/bin/python3
"""What tshark with the plugin says of pcaps/: by field and by report, in one pass and in two,
with keys in tables, as a key log, and without.  Fails, never skips, where the plugin is not loaded.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, json, os, re, subprocess, sys, tempfile, threading
from concurrent.futures import ThreadPoolExecutor
import jsonschema

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SCHEMA = json.load(open(os.path.join(ROOT, "plugin", "espial-report-1.schema.json")))
OPENED = "isakmp.enc.decrypted or isakmp.hash or isakmp.id.data"
failed = held = 0
lock = threading.Lock()


def check(ok, what):
    global failed, held
    with lock:
        held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def tshark(name, *args, keys=True):
    path, conf, more = os.path.join(ROOT, "pcaps", name), os.path.join(ROOT, "pcaps", name + ".keys"), []
    plan = os.path.join(conf, "plan")
    if os.path.exists(plan):
        more = ["-o", "espial.plan_file:" + plan]
    env = dict(os.environ, WIRESHARK_CONFIG_DIR=conf if keys else os.path.join(ROOT, "tests", "golden"))
    run = subprocess.run(["tshark", "-n", "-r", path + ".pcapng", *more, *args], stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, text=True, env=env, timeout=120)
    check(run.returncode == 0, f"{name} {args}: exit {run.returncode}: {run.stderr[-300:]}")
    return run.stdout


def parsed(text):
    """Of what tshark printed, the lines before Espial's report, and the report."""
    begin = text.index('{')
    data = json.loads(text[begin:])
    jsonschema.validate(data, SCHEMA)
    return text[:begin].splitlines(), data


def rows():
    """{capture: [(check, frames, late)]}; late: only the end of the capture proves it, so it takes two passes."""
    result = {}
    for line in open(os.path.join(ROOT, "tests", "golden", "LIST")):
        words = line.split()
        if words and not line.startswith("#"):
            frames = [] if words[2] == "-" else [int(n) for n in words[2].split(",")]
            result.setdefault(words[1], []).append((words[0], frames, words[3:] == ["-2"]))
    return result


def marked(name, names, passes):
    """{frame: names of its findings, as its fields say}, {frame: its causes} and the report, of one run."""
    fields = [word for check_name in [*names, "diagnosis"] for word in ("-e", "espial." + check_name)]
    lines, data = parsed(tshark(name, *passes, "-Y", "espial.finding", "-T", "fields", "-e", "frame.number", *fields, "-z", "espial,json"))
    table = [line.split("\t") for line in lines if line]
    return ({int(row[0]): {n for n, cell in zip(names, row[1:-1]) if cell} for row in table},
            {int(row[0]): set(row[-1].split(",")) for row in table if row[-1]}, data)


def diagnosed(name, causes, data):
    """Each finding is evidence of one diagnosis at most, or follows from one; the field marks the evidence; the worst comes first."""
    rank = ["error", "warning", "note", "chat"]
    told = [i for d in data["diagnoses"] for i in d["evidence"] + d["follows"]] + [i for h in data["hygiene"] for i in h["findings"]]
    check(len(told) == len(set(told)) and all(i < len(data["findings"]) for i in told), f"{name}: a finding is told twice: {sorted(told)}")
    order = [rank.index(d["severity"]) for d in data["diagnoses"]]
    check(order == sorted(order), f"{name}: the worst diagnosis is not first")
    check([t["id"] for t in data["tunnels"]] == list(range(len(data["tunnels"]))) and
          {i for t in data["tunnels"] for i in t["ike_sas"]} == {s["id"] for s in data["ike_sas"]}, f"{name}: an IKE SA is of no tunnel")
    wanted = {}
    for d in data["diagnoses"]:
        check(data["findings"][d["evidence"][0]]["check"] == d["cause"], f"{name}: {d['cause']} is not its first evidence")
        for frame in d["frames"]:
            wanted.setdefault(frame, set()).add(d["cause"])
    check(causes == wanted, f"{name}: espial.diagnosis marks {causes}, the report {wanted}")


def listed(capture, lines):
    """Each line's frames by its check's own field; the report of one pass is that of two, and marks the same frames."""
    clean = ("clean", [], False) in lines
    lines = [line for line in lines if line[0] != "clean"]
    names = sorted({name for name, _, _ in lines})
    once, _, one = marked(capture, names, [])
    twice, causes, two = marked(capture, names, ["-2"])
    diagnosed(capture, causes, two)
    for name, frames, late in lines:
        got = [n for n, found in (twice if late else once).items() if name in found]
        check(got == frames, f"{name} in {capture}: frames {got}, not {frames}")
    check(one == two, f"{capture}: one pass and two differ")
    reported = {n for f in one["findings"] for n in f["frames"]}
    check(set(twice) == reported, f"{capture}: espial.finding marks {sorted(twice)}, the report {sorted(reported)}")
    for f in one["findings"]:
        check(f["frame"] in f["frames"], f"{capture}: {f['check']} stands at one of its frames")
    _, without = parsed(tshark(capture, "-q", "-z", "espial,json", keys=False))
    if clean:
        quiet(capture, one, True)
        quiet(capture, without, False)
    return one


def fields():
    line = tshark("3_virtual_address", "-Y", "frame.number == 19", "-T", "fields", "-e", "espial.ike_sa", "-e",
                  "espial.child_sa", "-e", "espial.inner.src", "-e", "espial.ike_sa.initiator", "-e", "espial.finding").strip()
    check(line == "0\t0\t10.86.152.188\tlisa@corp.example\tinner_source_violation,virtual_ip_violation", line)
    spi = tshark("3_virtual_address", "-Y", "espial.child_sa.spi == esp.spi && espial.inner.src == 10.86.152.0/24",
                 "-T", "fields", "-e", "frame.number").split()
    check(len(spi) == 6, f"SPI and inner source by prefix: {spi}")
    same = tshark("5_clean_ikev2", "-Y", "espial.ike_sa.spi_i == isakmp.ispi && espial.ike_sa.spi_r == isakmp.rspi", "-T", "fields",
                  "-e", "frame.number").split()
    check(same == ["2", "3", "4", "17", "18"], f"SPIs compare with isakmp's: {same}")
    links = tshark("5_clean_ikev2", "-2", "-Y", "espial.response_in == 2", "-T", "fields", "-e", "frame.number").split()
    check(links == ["1"], f"forward link: {links}")
    offered = tshark("2_3des_against_des", "-Y", "espial.offered contains \"3DES_CBC\"", "-T", "fields", "-e", "frame.number")
    check(offered.split() == ["4", "13"], f"offered: {offered}")


def keylog(path, with_tables):
    """Wireshark's tables as one key log, in a Wireshark without any: the same report, the same IKE messages opened."""
    name, keys = os.path.basename(path)[:-7], path[:-7] + ".keys"
    with tempfile.TemporaryDirectory() as conf:
        log = os.path.join(conf, "keys.log")
        with open(log, "w") as out:
            for table in ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"):
                if os.path.exists(os.path.join(keys, table)):
                    out.write(open(os.path.join(keys, table)).read())
        plan = os.path.join(keys, "plan")
        more = ["-o", "espial.plan_file:" + plan] if os.path.exists(plan) else []
        run = subprocess.run(["tshark", "-n", "-r", path, "-o", "espial.keylog_file:" + log, *more, "-Y", OPENED, "-T", "fields", "-e",
                              "frame.number", "-z", "espial,json"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                             timeout=120, env=dict(os.environ, WIRESHARK_CONFIG_DIR=conf))
    shown, got = parsed(run.stdout)
    wanted = tshark(name, "-Y", OPENED, "-T", "fields", "-e", "frame.number").splitlines()
    check([n for n in shown if n] == wanted, f"{name}: Wireshark's dissector does not open the same IKE messages with the key log: {shown}")
    check(got == with_tables, f"{name}: key log against tables: "
          f"{[f['check'] for f in got['findings']]} {[f['check'] for f in with_tables['findings']]}")


def quiet(name, report, keys):
    """A clean capture: nothing but state changes."""
    loud = [f["check"] for f in report["findings"] if f["severity"] != "chat" and
            f["check"] != "nat_forced"]      # the lab's user-space ESP forces encapsulation
    check(not loud, f"clean capture {name}, keys {keys}: {loud}")
    check(not report["diagnoses"], f"clean capture {name}, keys {keys}: {report['outcome']}")


def stated_root(name):
    """The causes that the scenario of a sample states, the one that comes first at the top; none where nothing is wrong."""
    folder = os.path.join(ROOT, "tests", "lab", "scenarios")
    path = os.path.join(folder, name + ".py")
    path = path if os.path.exists(path) else os.path.join(folder, name.rpartition("_")[0] + ".py")        # a part of several
    line = re.search(r"^ROOT = \((.*)\)$", open(path).read(), re.M)
    return re.findall(r'"(\w+)"', line.group(1)) if line else []


def causes(reports, write):
    """What tests/golden/CAUSES says of each capture: whether its worst tunnel works, and the causes, the worst first.  So does
    each scenario: its first diagnosis is the first of its ROOT, nothing is above it, and there are no more than it states."""
    for name, r in sorted(reports.items()):
        found = [d["cause"] for d in r["diagnoses"]]
        check(found == stated_root(name), f"{name}: diagnoses {found}, its scenario states {stated_root(name)}")
    path = os.path.join(ROOT, "tests", "golden", "CAUSES")
    head = "# capture, verdict and causes of its report with keys; test_golden.py --write, then read what differs\n"
    lines = [" ".join([name, r["outcome"]["verdict"], *(d["cause"] for d in r["diagnoses"])]) + "\n" for name, r in sorted(reports.items())]
    if write:
        open(path, "w").write(head + "".join(lines))
    known = open(path).read()
    for line in lines:
        check("\n" + line in known, f"CAUSES has another line for: {line.strip()}")
    check(known.count("\n") == len(lines) + 1, "CAUSES names captures that are not there")


def escape(text):
    return text.replace("|", "\\|").replace("<", "&lt;")


def texts(reports, write):
    """docs/TEXTS.md: what each check, and each cause, says of the first sample that has it."""
    page = ("# What Espial says\n\nGenerated from the samples by `tests/golden/test_golden.py --write`, to be read in one sitting: "
            "the first finding of each check, with the values of a sample of [pcaps/](../pcaps/README.md).\n")
    seen, told = {}, {}
    for name, r in sorted(reports.items()):
        for f in r["findings"]:
            seen.setdefault(f["check"], (name, f))
        for d in r["diagnoses"]:
            told.setdefault(d["cause"], (name, d))
    for check_name, (name, f) in sorted(seen.items()):
        page += f"\n## {check_name}\n\n{f['severity']}, {f['basis']}, in {name}: {escape(f['detail'])}\n\n*To do*: {escape(f['remedy'])}\n"
        if check_name in told:
            name, d = told[check_name]
            page += f"\n*As a diagnosis*, in {name}: {escape(d['text'])}\n"
    page += "\n## Outcomes\n\n| sample | outcome |\n|---|---|\n"
    page += "".join(f"| {name} | {escape(r['outcome']['text'])} |\n" for name, r in sorted(reports.items()))
    path = os.path.join(ROOT, "docs", "TEXTS.md")
    if write:
        open(path, "w").write(page)
    check(open(path).read() == page, "docs/TEXTS.md is stale: tests/golden/test_golden.py --write")


def readme():
    """The filters in README and docs/ find packets, their keys open.  (Commands: tests/launcher/test_documents.py.)"""
    pages = {name: open(name, encoding="utf-8").read() for name in [os.path.join(ROOT, "README.md"), *glob.glob(os.path.join(ROOT, "docs", "*.md"))]}
    with tempfile.TemporaryDirectory() as folder:
        for page, text in pages.items():
            filters = re.findall(r"^\|[^|]*\| `(espial(?:[^`])*)` \| (\w+) \|$", text, re.M)
            for expression, capture in filters:
                found = tshark(capture, "-2", "-Y", expression.replace("\\|", "|"))
                check(found.strip(), f"{os.path.basename(page)}: {expression} finds nothing in {capture}")
            logs = re.findall(r"<!-- opens ([^\n]*) of (\w+) -->\n```text\n(.*?)^```$", text, re.M | re.S)
            for what, capture, log in logs:
                with open(os.path.join(folder, "log"), "w") as out:
                    out.write(log)
                read = ["ike_sa.initiator", "inner.src"] if capture == "clean_v2_native" else ["finding"]
                got = tshark(capture, "-o", "espial.keylog_file:" + out.name, "-T", "fields", *(w for n in read for w in ("-e", "espial." + n)),
                             keys=False)
                opened = [kind for kind, word in (("IKE", "site.corp.example"), ("IKE", "auth_failed"), ("ESP", "10.1.0.")) if word in got]
                check(" and ".join(opened) == what, f"{os.path.basename(page)}: {opened} of {capture} opened, not {what}: {log[:60]}: {got}")
            print(f"{os.path.basename(page)}: {len(filters)} filters, {len(logs)} key logs")


def score():
    """The captures with known truth, where they lie beside the checkout."""
    shared = os.path.join(ROOT, "..", "shared")
    tool = os.path.join(shared, "tools", "score.py")
    if not os.path.exists(tool):
        return
    for args, recall in ((["--no-keys"], "1.0"), ([], "1.0"), (["--keylog"], "1.0")):
        run = subprocess.run(["/usr/bin/python3", tool, *args, "--min-recall", recall, "--max-false", "0",
                              *sorted(glob.glob(os.path.join(shared, "captures", "lab", "*", "")))],
                             stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        print("figure: score", *args, run.stdout.strip().splitlines()[-1])
        check(run.returncode == 0, f"score {args}: {run.stdout[-400:]}")


def main():
    loaded = subprocess.run(["tshark", "-G", "plugins"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    if "espial" not in loaded:
        sys.exit("tshark has not loaded the plugin: install it (as root into the global folder)")
    parts = [arg for arg in sys.argv[1:] if arg != "--write"]
    reports = {}
    known = rows()
    lines = sum(map(len, known.values()))

    def one(path):
        name = os.path.basename(path)[:-len(".pcapng")]
        report = listed(name, known.pop(name, []))
        reports[name] = report
        if os.path.isdir(path[:-7] + ".keys"):
            keylog(path, report)

    # Captures named as arguments are a part of the test, for other versions of Wireshark.
    paths = sorted(p for part in parts or ["*"] for p in glob.glob(os.path.join(ROOT, "pcaps", part + ".pcapng")))
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, paths))
    fields()
    if not parts:
        causes(reports, "--write" in sys.argv)
        texts(reports, "--write" in sys.argv)
        check(not known, f"LIST names captures that are not there: {sorted(known)}")
        readme()
        score()
    print(f"figure: findings: {len(paths)} captures, {lines} listed, {held} held, {failed} failed")
    sys.exit(failed != 0)


main()
