"""Every command of the manual pages and of each page in Markdown is run, in a folder of its own, and does what its page says: none fails, none
is told how it is used, and each option is one.  What the recipes for records make is looked at.  A new page is found by itself.
SPDX-License-Identifier: GPL-2.0-or-later"""
import csv
import json
import os
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

import documents

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
BUILD = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build"))

# What stands in for what a command needs and a test has not: a script in front of PATH, and the reason.
STAND_INS = {
    "espial": ("the program is not installed by the tests: that of the build is run",
               'exec "$BUILD/bin/espial" "$@"'),
    "wireshark": ("there is no screen: tshark takes the same options, and has the same preferences and fields",
                  '[ "$1" = -C ] && { [ -d "$SOURCE/plugin/profile/$2" ] || exit 9; shift 2; }\n'
                  'for last; do :; done\n'
                  '[ $# = 1 ] || [ "${1#-}" != "$1" ] || exit 9\nset -- "${@:1:$#-1}" -r "$last"\nexec tshark -q "$@"'),
    "tshark": ("no packets pass here while it captures: a sample is what was captured; all else is tshark itself",
               'out=""; live=""; before=""\n'
               'for one; do [ "$before" = -w ] && out=$one; [ "$before" = -i ] && live=$one; before=$one; done\n'
               '[ -n "$live" ] || exec "$TSHARK" "$@"\ncp "$SAMPLE" "$out"'),
    "ssh": ("there is no gateway, nor another machine: what tcpdump -w - there would send is a sample", '[ "$*" = "host1 espial --version" ] && exec espial --version\n[[ "$*" == *"tcpdump -i "*" -w -" ]] || exit 9\nexec cat "$SAMPLE"'),
    "curl": ("no engine listens: that the file is one, and each line of it JSON, is looked at",
             'for one; do case $one in @*) jq -es "length > 0" "${one#@}" >/dev/null || exit 9; seen=1 ;; esac; done\n'
             '[ "${seen-}" = 1 ] && [[ "${@: -1}" == http://localhost:9200/* ]]'),
    "parallel": ("no other machine is there for ssh: tests/launcher/test_parallel.py has two; here, this one takes all",
                 'kept=() before=""\nfor one; do [ "$one" = -S ] || [ "$before" = -S ] || kept+=("$one"); before=$one; done\nexec "$PARALLEL" "${kept[@]}"'),
    "sudo": ("nobody asks for a password", 'exec "$@"'),
    "apt-get": ("tests/package/run installs the packages, in a Debian of its own: here, that they have these names",
                'control=$SOURCE/debian/control\ncase "$*" in\n"build-dep ./") exec test -f debian/control ;;\n'
                'install*) shift; for deb; do [ -f "$deb" ] || [[ $deb =~ ^[a-z0-9][a-z0-9+.-]+$ ]] || exit 9; done ;;\n'
                'purge*) shift; for name; do grep -qx "Package: $name" "$control" || exit 9; done ;;\n*) exit 9 ;;\nesac'),
    "dpkg-buildpackage": ("tests/package/run builds them, in a Debian of its own, by this command: here, what it would make",
                          'grep -q "dpkg-buildpackage -.*us -uc" "$SOURCE/tests/package/run" && [ -x debian/rules ] || exit 9\n'
                          'sed -n "s/^Package: //p" debian/control | while read -r name; do : >"../${name}_0_all.deb"; done'),
    "man": ("no manual page is installed by the tests: those of this checkout", 'page=${@: -1}\n[ $# = 2 ] || set -- 1 "$page"\n[ -f "$SOURCE/docs/man/$2.$1" ]'),
    "cmake": ("a build takes minutes, and the tests have one: what is asked of it is looked for there; what is installed goes into a folder",
              'case "$*" in\n"-S . -B build"*) shift 4; while [ $# -gt 0 ]; do case $1 in\n    -G) [ "${2-}" = Ninja ] || exit 9; shift ;;\n'
              '    -D*=*) name=${1%%=*}; grep -q "^${name#-D}:" "$BUILD/CMakeCache.txt" || exit 9 ;;\n    *) exit 9 ;;\n    esac; shift; done; exec test -f CMakeLists.txt ;;\n'
              '"--build build"|"--build build/san") exec test -f "$BUILD/CMakeCache.txt" ;;\n'
              '"--build build --target dist") "$CMAKE" --build "$BUILD" --target dist && exec cp "$BUILD"/espial-*.tar.gz . ;;\n'
              '"--build build --target uninstall") mkdir -p "$INSTALLED/manifests" && cp "$BUILD"/install_manifest*.txt "$INSTALLED/manifests" &&\n'
              '    DESTDIR=$INSTALLED exec "$CMAKE" "-DMANIFESTS=$INSTALLED/manifests" -P "$SOURCE/cmake/uninstall.cmake" ;;\n'
              '"--build build --target "*) shift 3; for one; do "$CMAKE" --build "$BUILD" --target help | grep -E "(^|[ .])$one(:|$)" >/dev/null || exit 9; done ;;\n'
              '"--install build"*) shift 2; DESTDIR=$INSTALLED exec "$CMAKE" --install "$BUILD" "$@" ;;\n"-S /"*|"--build /"*|"--install /"*) exec "$CMAKE" "$@" ;;     # setup.sh\n*) exit 9 ;;\nesac'),
    "ctest": ("it is what runs this test: here, that it has tests of that name", '[ "$1" = --test-dir ] || exit 9\nshift 2\n"$CTEST" --test-dir "$BUILD" -N "$@" | grep -q "Total Tests: [1-9]"'),
    "sbatch": ("there is no cluster: tests/launcher/test_slurm.py has one; here, the tasks are run one after the other",
               'array="" wrap="" say="Submitted batch job "\nwhile [ $# -gt 0 ]; do case $1 in\n    --array=1-*) array=${1#*-*-*-} ;;\n    --parsable) say="" ;;\n'
               '    --wrap) wrap=$2; shift ;;\n    --dependency=afterany:7 | --mem=*G) ;;\n    --cpus-per-task=*) export SLURM_CPUS_PER_TASK=${1#*=} ;;\n'
               '    --mem-per-cpu=*G) gib=${1#*=}; export SLURM_MEM_PER_CPU=$((${gib%G} * 1024)) ;;\n    -*) exit 9 ;;\n    *) break ;;\n    esac; shift; done\n'
               '[ -n "$wrap" ] && set -- -c "$wrap"\n[ -z "$array" ] || export SLURM_ARRAY_TASK_MIN=1 SLURM_ARRAY_TASK_MAX=$array SLURM_ARRAY_TASK_COUNT=$array\n'
               'for ((task = 1; task <= ${array:-1}; task++)); do SLURM_ARRAY_TASK_ID=$task bash "$@" >>slurm-7.out || exit 9; done\necho "${say}7"'),
    "pacman": ("this is not Windows: here, that the names are of the one environment", '[ "$1 $2" = "-S --needed" ] || exit 9\nshift 2\n'
               'for one; do [[ $one == mingw-w64-ucrt-x86_64-[a-z]* ]] || exit 9; done'),
    "of-tests": ("what in tests/ is run by name takes minutes to hours, most of it by ctest: here, that it knows the options, and what they name is there",
                 'room=${0%/*}; room=${room##*/}; program=$SOURCE/tests/$room/run\nhelp=$("$program" --help) || exit 9\n'
                 'while [ $# -gt 0 ]; do case $1 in\n    -*) grep -qE -e "(^|[^a-z-])$1([^a-z-]|$)" <<<"$help" || exit 9 ;;\n    esac\n    case $1 in\n'
                 '    --capture) [ -f "$SOURCE/pcaps/$2.pcapng" ] || exit 9; shift ;;\n    --build) [ -d "$2" ] || exit 9; shift ;;\n'
                 '    --only) [[ $2 =~ ^[A-Z]+$ ]] || grep -rqw "$2" "$SOURCE/tests/$room" || exit 9; shift ;;\n    esac; shift; done'),
    "run-tests": ("it is what runs this test: here, that it knows the option", '[ $# = 0 ] || grep -q -e "^    $1)" "$SOURCE/run-tests"'),
}
# Commands of gateways' daemons and kernels, named for what they print: nothing here has them, and none is run.
NOT_RUN = ("swanctl", "ipsec", "ip", "setkey", "diagnose", "vppctl", "journalctl", "iked")

# Of other programs, named without what they are of.
OTHER_OPTIONS = {"--component": "cmake --install", "--enable-save-keys": "strongSwan's configure", "-G": "tcpdump", "-flto": "gcc", "-O3": "gcc",
                 "-O2": "gcc", "-mmemset-strategy": "gcc", "--resume": "parallel", "--filter-hosts": "parallel", "--disable-protocol": "tshark"}
# A name that stands for another one; the rest are names of files that lie in the folder.
PLACEHOLDERS = {"espial.CHECK": "espial.finding", "/var/lib/ipsec-keys": "KEYS", "FILE...": "FILE", "io,stat": "io,stat,1"}
OF_OPTIONS = {"--merge": "results"}             # what they are given instead of a capture
BAD = re.compile(r"unknown option|unrecognized option|invalid option|unknown argument|^usage:|\busage:|invalid -z|not a valid|isn't a valid|Traceback|"
                 r"command not found|No such file|no such file|jq: error|Parse error|syntax error|cannot be read", re.I | re.M)
failed = []


def stand_ins(folder, scratch):
    """Scripts of the table, for what of it is not run as it is."""
    folder.mkdir()
    for name, (_, script) in STAND_INS.items():
        path = folder / name
        path.write_text("#!/bin/bash\n" + script + "\n")
        path.chmod(0o755)
    for run in SOURCE.glob("tests/*/run"):
        place = scratch / run.parent.relative_to(SOURCE)
        place.mkdir(parents=True)
        shutil.copy(folder / "of-tests", place / "run")
    return {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}", "SOURCE": str(SOURCE), "BUILD": str(BUILD), "DISPLAY": ":none",
            "SAMPLE": str(SOURCE / "pcaps/5_clean_ikev2.pcapng"), "INSTALLED": str(scratch / "installed"), "XDG_CONFIG_HOME": str(scratch / "config"),
            "LC_ALL": "C.UTF-8", **{name.upper(): shutil.which(name) or name for name in ("tshark", "cmake", "ctest", "parallel")}}


def lay_out(scratch):
    """What names in the documents stand for.  All copies: a command may write there."""
    pcaps = SOURCE / "pcaps"
    for name, of in (("FILE", "3_virtual_address.pcapng"), ("CAPTURE", "5_clean_ikev2.pcapng"), ("office.pcapng", "5_clean_ikev2.pcapng"),
                     ("client.pcapng", "5_clean_ikev2.pcapng"), ("CLIENT", "5_clean_ikev2.pcapng"), *((f"ring_0000{i}.pcapng", f"ring_buffer_{i}.pcapng") for i in (1, 2, 3))):
        shutil.copy(pcaps / of, scratch / name)
    (scratch / "captures").mkdir(exist_ok=True)
    for name in "2_3des_against_des.pcapng", "5_clean_ikev2.pcapng", *(f"ring_buffer_{i}.pcapng" for i in (1, 2, 3)):
        shutil.copy(pcaps / name, scratch / "captures" / name.replace("ring_buffer_", "ring_0000"))
    for script in (SOURCE / "contrib/slurm").glob("*.sh"):
        shutil.copy(script, scratch)
    if not (scratch / "results").exists():
        subprocess.run([BUILD / "bin/espial", "--output", "results", "captures"], cwd=scratch, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, check=False)
        for name in "results_of_host1", "results_of_host2":
            shutil.copytree(scratch / "results", scratch / name)
    for name in "gateway.pcapng", "GATEWAY":
        subprocess.run(["editcap", "-t", "11", pcaps / "5_clean_ikev2.pcapng", scratch / name, "8"], check=True)
    shutil.copytree(pcaps / "3_virtual_address.keys", scratch / "KEYS", dirs_exist_ok=True)
    for name in "gw.log", "client.log", "charon.log":
        (scratch / name).write_text("2026-11-23T14:11:26 12[NET] <gw|1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (336 bytes)\n")
    (scratch / "build").mkdir(exist_ok=True)
    for name, there in (("build/bin", BUILD / "bin"), *((name, SOURCE / name) for name in ("contrib", "docs", "plugin", "CMakeLists.txt", "espial"))):
        if not (scratch / name).exists():
            (scratch / name).symlink_to(there)
    (scratch / "tests").mkdir(exist_ok=True)
    (scratch / "tests/plan").write_text("[peer site.corp.example]\nauth = psk\n")
    shutil.copy(scratch / ".bin/run-tests", scratch / "run-tests")
    if not (scratch / "pcaps").exists():
        shutil.copytree(pcaps, scratch / "pcaps")


def options_of(command):
    text = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, text=True, check=False).stdout
    return text, set(re.findall(r"(?<![\w-])--?[A-Za-z0-9][\w-]*", text)), set(re.findall(r"(--[a-z-]+)(?:=| )[A-Z]", text))


def complete(command, needs_value):
    """A sentence leaves out what it is not about: the file, an option's value."""
    for name, meant in PLACEHOLDERS.items():
        command = command.replace(name, meant)
    words = command.split()
    if words[0] in ("./espial", "espial") and len(words) > 1:
        option = words[-1] if words[-1].startswith("-") else ""
        if option in needs_value:
            words.append("OUT" + option)        # a name of its own: one is of a file, another of a folder
        return " ".join(words + ([OF_OPTIONS.get(option, "FILE")] if option or words[-2] in needs_value else []))
    if words[0] == "tshark" and not {"-r", "-i", "-G"} & set(words):
        return command + " -r FILE"
    return command


class Run:
    def __init__(self, scratch):
        self.scratch, self.env = scratch, stand_ins(scratch / ".bin", scratch)
        self.at, self.block, self.set = scratch, None, ""       # "cd" and variables hold for the commands behind them in their block
        self.num, self.outputs = 0, {}
        _, self.options, self.needs_value = options_of([SOURCE / "espial", "--help"])
        _, more, needs = options_of([BUILD / "bin/espial", "--help"])
        self.options |= more
        self.needs_value |= needs
        assert "--findings" in self.options and "--html" in self.needs_value, (self.options, self.needs_value)

    def begin(self):
        """Of a document: names are as at first, whatever an earlier one wrote."""
        lay_out(self.scratch)

    def command(self, where, text, in_sentence, folder=None):
        if self.block != where or folder:
            self.block, self.at, self.set = where, folder or self.scratch, ""
        first = text.split()[0]
        if first in NOT_RUN:
            return
        if re.fullmatch(r"(tshark|dumpcap|tcpdump|capinfos) -\w", text):
            self.named(where, *text.split())
            return
        script = complete(text, self.needs_value) if in_sentence else text
        script = re.sub(r"\bFILE\.\.\.", "FILE", script).replace(" /captures ", ' "$SCRATCH/captures" ')
        variable = re.match(r"(\w+)=", script)
        after = 'status=$?; pwd >"$SCRATCH/.pwd"; ' + (f'declare -p {variable[1]} >"$SCRATCH/.set"; ' if variable else "") + "exit $status"
        done = subprocess.run(["timeout", "-k", "5", "120", "bash", "-c", f"{self.set}\n{script}\n{after}"], cwd=self.at, check=False,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace",
                              env={**self.env, "SCRATCH": str(self.scratch)})
        self.num += 1
        self.outputs[text] = done.stdout
        pwd = self.scratch / ".pwd"
        self.at = Path(pwd.read_text().strip()) if pwd.exists() else self.at
        if variable and done.returncode == 0:
            self.set += (self.scratch / ".set").read_text()
        reports = re.search(r"(^|[|;/ ])espial( |$)", script) is not None
        said = BAD.search(done.stderr)
        if done.returncode not in ((0, 1) if reports else (0,)) or said:
            failed.append(f"{where}: {script}\n    exit {done.returncode}: {done.stderr[-500:]}{done.stdout[-200:] if done.returncode else ''}")

    def one(self, where, kind, text):
        if kind == "untagged":
            failed.append(f"{where}: a block of commands begins with ```sh: {text[:80]}")
        elif kind == "option":
            self.option(where, text)
        else:
            self.command(where, text, kind == "sentence")

    def named(self, where, program, option):
        """An option that is spoken of."""
        if not shutil.which(program):
            return
        text = options_of([program, "--help"])[0]
        if not re.search(rf"(?<![\w-]){re.escape(option)}\b", text):
            failed.append(f"{where}: {program} has no {option}")

    def option(self, where, text):
        name, _, value = text.partition(" ")
        if name in OTHER_OPTIONS:
            return
        its = SOURCE / where.rpartition("/")[0] / "run"         # of a page beside a program
        if name.startswith("--"):
            if name.split("=")[0] not in self.options and not (its.exists() and name in options_of([its, "--help"])[1]):
                failed.append(f"{where}: no option {name}")
        elif re.match(r"-D[A-Z_]+(=|$)", name):
            names = [re.match("-D([A-Z_]+)", one)[1] for one in text.split()]
            if not all(re.search(f"^{one}:", (BUILD / "CMakeCache.txt").read_text(), re.M) for one in names):
                failed.append(f"{where}: {text}: no option of the build")
        elif value:
            self.command(where, f"tshark -q {text}" + (" -w OUT" if name == "-U" else ""), True)
        else:
            self.named(where, "tshark", name)


# --- what the recipes make --------------------------------------------------------------------------------


def check(ok, what):
    if not ok:
        failed.append(f"cookbook, records: {what}")


def of_kind(records, kind):
    return [one for one in records if one["event"]["dataset"] == "espial." + kind]


def check_tables(scratch, records, outputs):
    with open(scratch / "tunnels.csv", newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    check([row["verdict"] for row in rows] == [one["espial"]["tunnel"]["verdict"] for one in of_kind(records, "tunnel")], "tunnels.csv")
    check(all(row["who"] and row["peer"] and row["begin"] for row in rows), "tunnels.csv: a cell is empty")
    for table in "diagnosis", "finding", "ike_sa", "stream":
        run = subprocess.run(["sqlite3", "espial.db", f"SELECT count(*) FROM {table}"], cwd=scratch, stdout=subprocess.PIPE, text=True, check=True)
        check(int(run.stdout) == len(of_kind(records, table)), f"espial.db: {run.stdout.strip()} of {len(of_kind(records, table))} in {table}")
    for command, text in outputs.items():
        if re.match(r"(jq -rs? |sqlite3 -header)", command) and "select(.error)" not in command:
            check(len(text.splitlines()) > 1, f"prints nothing: {command[:100]}")


def check_bulk(scratch, records):
    lines = [json.loads(line) for line in (scratch / "bulk.ndjson").read_text().splitlines()]
    check(lines[1::2] == [{**one, "@timestamp": one.get("@timestamp", two.get("@timestamp"))} for one, two in zip(records, lines[1::2])], "bulk.ndjson: records")
    check(lines[::2] == [{"index": {"_index": "espial", "_id": one["event"]["id"]}} for one in records], "bulk.ndjson: actions")
    check(all(re.match(r"\d{4}-\d\d-\d\dT", one["@timestamp"]) for one in lines[1::2]), "bulk.ndjson: a record has no time")
    check(len({one["event"]["id"] for one in records}) == len(records), "bulk.ndjson: ids are not unique")


def fields_of(schema, within=()):
    for name, one in schema.get("properties", {}).items():
        yield within + (name,)
        yield from fields_of(one, within + (name,))


def check_template():
    schema = json.loads((SOURCE / "plugin/espial-records-1.schema.json").read_text())
    known = set(fields_of(schema)) | {(side, "ip") for side in ("source", "destination")}
    template = json.loads((SOURCE / "contrib/elastic/espial-template.json").read_text())
    used = {path for path in fields_of(template["template"]["mappings"])}
    check(used <= known, f"espial-template.json: {used - known}")


def check_zeek(scratch, records):
    lines = (scratch / "ipsec.log").read_text().splitlines()
    head = dict(line[1:].split("\t" if "\t" in line else " ", 1) for line in lines if line.startswith("#"))
    names, types = head["fields"].split("\t"), head["types"].split("\t")
    check(head["separator"] == "\\x09" and len(names) == len(types), f"ipsec.log: {head}")
    rows = [dict(zip(names, line.split("\t"), strict=True)) for line in lines if not line.startswith("#")]
    wanted = [one for one in of_kind(records, "child_sa") if "@timestamp" in one]
    check(len(rows) == len(wanted) > 10, f"ipsec.log: {len(rows)} rows of {len(wanted)}")
    for row, one in zip(rows, wanted):
        check(re.fullmatch(r"\d+\.\d{6}", row["ts"]) and row["ts"][-7:] == one["@timestamp"][-8:-1], f"ipsec.log: {row}")
        check(all(re.fullmatch(r"\d+", row[name]) for name, kind in zip(names, types) if kind == "count"), f"ipsec.log: {row}")
        check(all(row.values()), f"ipsec.log: an empty cell: {row}")


def check_suricata(scratch, records):
    lines = [json.loads(line) for line in (scratch / "eve.json").read_text().splitlines()]
    wanted = [one for one in of_kind(records, "finding") if one["event"]["kind"] == "alert" and "source" in one and "@timestamp" in one]
    check(len(lines) == len(wanted) > 50, f"eve.json: {len(lines)} of {len(wanted)}")
    numbers = {}
    for line, one in zip(lines, wanted):
        alert = line["alert"]
        check(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+0000", line["timestamp"]) and line["event_type"] == "alert", f"eve.json: {line}")
        check(line["src_ip"] == one["source"]["ip"] and alert["severity"] in (1, 2) and isinstance(alert["signature_id"], int), f"eve.json: {line}")
        check(numbers.setdefault(alert["signature_id"], alert["signature"]) == alert["signature"], f"eve.json: two of {alert['signature_id']}")
    sid = set()
    names = re.findall(r"^CHECK\((\w+),", (SOURCE / "expert/checks.def").read_text(), re.M)
    for name in names:
        number = 0
        for letter in name:
            number = (number * 31 + ord(letter)) % 999983
        sid.add(number)
    check(len(sid) == len(names) > 100, "eve.json: two checks have one number")


def check_records(run):
    """What the recipes have made; and again of a capture that could not be read, and one with nothing."""
    records = [json.loads(line) for line in (run.scratch / "records.ndjson").read_text().splitlines()]
    check(len(of_kind(records, "capture")) == len(list((SOURCE / "pcaps").glob("*.pcapng"))), "records.ndjson: captures")
    check_tables(run.scratch, records, run.outputs)
    check_bulk(run.scratch, records)
    check_zeek(run.scratch, records)
    check_suricata(run.scratch, records)
    check_template()
    recipes = [text for text in run.outputs if re.match(r"(jq|sqlite3) ", text)]
    again = run.scratch / "again"
    again.mkdir()
    (again / "empty.pcap").write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000"))
    made = subprocess.run([BUILD / "bin/espial", "-T", "ndjson", "none", "empty.pcap", SOURCE / "pcaps/esp_without_ike.pcapng"], cwd=again,
                          stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    (again / "records.ndjson").write_bytes(made.stdout)
    for text in recipes:
        run.command("cookbook, again", text, False, again)
    check_bulk(again, [json.loads(line) for line in made.stdout.splitlines()])
    check(any("none\tno such file" in run.outputs[text] for text in recipes if "select(.error)" in text), "the recipe for what could not be read")


def check_planted(run):
    """Each of these is a fault, and is found."""
    run.begin()
    for kind, text in (("command", "./espial --nonsense FILE"), ("command", "espial none.pcapng"), ("command", "tshark -q -r FILE -z espial,nope"),
                       ("command", "tshark -r FILE -Y espial.nope"), ("command", "wireshark -C Nope FILE"), ("command", "wireshark -o espial.nope:1 FILE"),
                       ("command", "jq .x none.json"), ("command", "nosuchprogram"), ("command", "cd nowhere"), ("command", "man 7 nope"),
                       ("command", "cmake --build build --target nope"), ("command", "cmake -S . -B build -G Nope"), ("command", "ctest --test-dir build -L nope"),
                       ("command", "sudo apt-get install ../nothing_*.deb"), ("command", "sudo apt-get purge nope"), ("command", "./run-tests --nope"),
                       ("command", "curl --data-binary @none http://localhost:9200/_bulk"), ("sentence", "./espial --htm"), ("sentence", "tshark -7"),
                       ("option", "--nope"), ("option", "-z espial,nope"), ("option", "-7"),
                       ("option", "-DNOPE=ON"), ("command", "cmake -S . -B build -DNOPE=1"), ("command", "sbatch --nope x.sh"), ("command", "sbatch --array=1-2 none.sh x"),
                       ("command", "sbatch --wrap 'espial none'"), ("command", "pacman -S nope"), ("command", "tests/lint/run --nope"),
                       ("command", "tests/trust/run --only nope_x"), ("sentence", "tests/trust/run --capture nope"), ("sentence", "capinfos -8")):
        num = len(failed)
        run.one("planted", kind, text)
        assert len(failed) == num + 1, f"planted, and not found: {text}"
        failed.pop()
    run.num, run.outputs = 0, {}
    page = run.scratch / "page.md"
    page.write_text("Type `espial --nope`, or\n\n```\ntshark -r FILE\n```\n\n```sh\nfor f in a; do\n  echo $f\ndone\n\ncat <<EOF\n\nx\nEOF\n# why\n./espial FILE\n```\n")
    parts = sorted((kind, text) for _, kind, text in documents.of_markdown(page, NOT_RUN))
    assert parts == [("command", "./espial FILE"), ("command", "cat <<EOF\n\nx\nEOF"), ("command", "for f in a; do\n  echo $f\ndone"),
                     ("sentence", "espial --nope"), ("untagged", "tshark -r FILE")], parts


def main():
    found = list(documents.all_of(SOURCE, NOT_RUN))
    assert len({one[0] for one in found}) > 8, found
    # What CMake notes of an installation into the folder must not be taken for one of this machine.
    manifests = {path: path.read_bytes() for path in BUILD.glob("install_manifest*.txt")}
    with tempfile.TemporaryDirectory() as folder:
        run, document = Run(Path(folder)), None
        check_planted(run)
        for name, line, kind, text in found:
            if name != document:
                document = name
                run.begin()
            run.one(f"{name}:{line}", kind, text)
        check_records(run)
        num = run.num
    for path in BUILD.glob("install_manifest*.txt"):
        if path in manifests:
            path.write_bytes(manifests[path])
        else:
            path.unlink()
    for one in failed:
        print("FAILED:", one)
    print(f"figure: documents: {num} commands of {len({one[0] for one in found})} documents run, {len(STAND_INS)} programs with a stand-in")
    raise SystemExit(1 if failed else 0)


main()
