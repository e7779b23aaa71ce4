#!/usr/bin/python3
"""Same capture, same words: the report is byte-equal in one pass, in two, again, with preferences
and keys in another order, and after the file was split and merged; what a packet shows is equal in
tshark and in sharkd, there also after another file, a filter and a reload.  Over pcaps/ and, where
they lie beside the checkout, over one in six of other captures with keys; with words as arguments over
all captures that have one of them in their path.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import concurrent.futures, glob, json, os, re, shutil, subprocess, sys, tempfile

ROOT = os.path.realpath(os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")))
SUBTREE = "Espial IPsec Analysis"
TABLES = ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa")
PREFERENCES = [("esp.enable_encryption_decode", "TRUE"), ("esp.enable_authentication_check", "TRUE"),
               ("espial.replay_window", "64"), ("espial.delete_grace", "0.5"), ("espial.verify_icv", "TRUE")]


class Case:
    """A capture, and two profiles of it: as it is, and with all that has an order turned round."""

    def __init__(self, capture, keys, scratch):
        self.capture, self.plan = capture, os.path.join(keys, "plan")
        self.name = os.path.relpath(capture, os.path.join(ROOT, "pcaps" if "pcaps" in capture else os.path.join("..", "shared")))
        self.held, self.faults = 0, []
        self.profiles = {}
        for turned in (False, True):
            at = self.profiles[turned] = os.path.join(scratch, "turned" if turned else "straight")
            os.makedirs(at)
            for table in TABLES:
                self.copy_table(os.path.join(keys, table), os.path.join(at, table), turned)
            with open(os.path.join(at, "preferences"), "w", encoding="utf-8") as f:
                f.writelines(f"{k}: {v}\n" for k, v in self.preferences(turned))
        self.scratch = scratch

    def preferences(self, turned):
        all_of_them = PREFERENCES + ([("espial.plan_file", self.plan)] if os.path.exists(self.plan) else [])
        return all_of_them[::-1] if turned else all_of_them

    @staticmethod
    def copy_table(source, target, turned):
        if os.path.exists(source):
            with open(source, encoding="utf-8") as f, open(target, "w", encoding="utf-8") as out:
                lines = f.readlines()
                out.writelines(lines[::-1] if turned else lines)

    def must(self, ok, what):
        self.held += 1
        if not ok:
            self.faults.append(f"{self.name}: {what}")

    def run(self, *command, turned=False, text=None):
        run = subprocess.run(command, input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, timeout=300,
                             env=dict(os.environ, WIRESHARK_CONFIG_DIR=self.profiles[turned]))
        self.must(run.returncode == 0, f"{command[0]} {command[1:6]}: exit {run.returncode}: {run.stderr[-200:]}")
        return run.stdout

    def report(self, *args, turned=False, capture=None):
        out = self.run("tshark", "-n", "-q", "-r", capture or self.capture, *args, "-z", "espial,json", turned=turned)
        return out[re.search(r'^\{\s*"format"', out, re.M).start():]


def reports(case, thorough):
    one = case.report()
    case.must(json.loads(one)["format"] == "espial-report/1", "a report")
    if not thorough:
        case.must(one == case.report("-2", turned=True), "two passes, preferences and keys in reverse order")
        return one
    case.must(one == case.report(), "one pass, run again")
    case.must(one == case.report("-2"), "one pass against two")
    case.must(one == case.report(turned=True), "preferences and keys in reverse order")
    options = [word for key, value in case.preferences(True) for word in ("-o", f"{key}:{value}")]
    case.must(one == case.report("-2", *options), "preferences given twice, the second time in reverse order")
    case.must(one == case.report("-V"), "with all fields wanted")
    return one


def split_and_merged(case, one, thorough):
    number = json.loads(one)["capture"]["frames"]
    pieces = os.path.join(case.scratch, "piece.pcapng")
    case.run("editcap", "-c", str(max(1, number // 3)), case.capture, pieces)
    names = sorted(glob.glob(os.path.join(case.scratch, "piece_*")))
    case.must(len(names) >= min(2, number), f"pieces: {names}")
    merged = os.path.join(case.scratch, "merged.pcapng")
    case.run("mergecap", "-a", "-w", merged, *names)
    case.must(one == case.report(capture=merged), "split and put together again")
    # Numbered from 1 in each piece: a piece's SAs are those that its own frames show.
    for name in names if thorough else []:
        case.must(case.report(capture=name) == case.report("-2", capture=name), "a piece, in one pass and in two")


def plain(label):
    """Without the brackets of generated items, which sharkd marks otherwise."""
    return re.sub(r"^\[(.*)\]$", r"\1", label.strip())


def whole(labels):
    """Without labels that the host cuts (at 240 octets, where the brackets count), and expert items, whose text stands
    below them."""
    return [label for label in labels if len(label.encode()) < 230 and not re.search(r"\[(truncated|…|\.\.\.)\]|^Expert Info ", label)]


def labels_of(tree):
    """All labels of a subtree as sharkd gives it, depth first."""
    for node in tree:
        yield plain(node["l"])
        yield from labels_of(node.get("n", []))


def subtrees(tree):
    """Espial's nodes, which hang below those of ESP, AH and ISAKMP."""
    for node in tree:
        if plain(node["l"]).startswith(SUBTREE):
            yield node
        else:
            yield from subtrees(node.get("n", []))


def shown_by_tshark(case):
    """Frame number -> labels of Espial's subtree, in two passes."""
    shown, number, depth = {}, None, None
    for line in case.run("tshark", "-2", "-n", "-r", case.capture, "-V").splitlines():
        begins = re.match(r"Frame (\d+): ", line)
        if begins:
            number = int(begins[1])
        if not line.strip() or re.match(r"[0-9a-f]{4}  ", line):
            continue            # between the items, and octets of an inner packet
        indent = len(line) - len(line.lstrip())
        if plain(line).startswith(SUBTREE):
            depth = indent
        elif depth is not None and indent <= depth:
            depth = None
        if depth is not None:
            shown.setdefault(number, []).append(plain(line))
    return shown


def reported(case, tap, one):
    """sharkd's expert items are the report's findings, frame by frame.  The host cuts a label at 240 octets, title and
    brackets included."""
    wanted = []
    for f in json.loads(one)["findings"]:
        each = {d["frame"]: d["detail"] for d in f.get("per_frame", ())}
        wanted += [(n, each.get(n, f["detail"])) for n in f["frames"]]
    wanted.sort()
    got = sorted((d["f"], d["m"].split(": ", 1)[1], len(d["m"].encode()) > 200) for d in tap)
    case.must([n for n, _ in wanted] == [n for n, _, _ in got] and
              all(detail == text or (cut and detail.startswith(text)) for (_, detail), (_, text, cut) in zip(wanted, got)),
              "sharkd's expert items against the report's findings")


def through_sharkd(case, other, one):
    frames = sorted(shown := shown_by_tshark(case))[:40]
    case.must(bool(frames), "some frame has a subtree")
    ask = [("frame", {"frame": n, "proto": True}) for n in frames]
    load, calls = ("load", {"file": case.capture}), []
    calls += [load, ("tap", {"tap0": "expert"})] + ask
    calls += [("load", {"file": other}), ("frames", {"filter": "espial.finding"}), load, ("frames", {"filter": "espial"}),
              ("tap", {"tap0": "expert"})] + ask[::-1]
    text = "".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": m, "params": p}) + "\n" for i, (m, p) in enumerate(calls, 1))
    answers = {}
    for line in case.run("sharkd", "-", text=text).splitlines():
        if line.startswith("{"):
            answer = json.loads(line)
            answers[answer["id"]] = answer.get("result")
    taps = [[d for d in answers[i]["taps"][0]["details"] if d["p"] == "ESPIAL"]
            for i, (m, _) in enumerate(calls, 1) if m == "tap"]
    case.must(taps[0] == taps[1], "sharkd's expert items, before and after a reload")
    reported(case, taps[0], one)
    for i, (method, given) in enumerate(calls, 1):
        if method == "frame":
            tree = list(subtrees(answers[i]["tree"]))
            got, wanted = whole(labels_of(tree)), whole(shown[given["frame"]])
            case.must(got == wanted, f"frame {given['frame']}: sharkd shows {got}, tshark {wanted}")


def examine(capture, keys, other, thorough):
    with tempfile.TemporaryDirectory() as scratch:
        case = Case(capture, keys, scratch)
        try:
            one = reports(case, thorough)
            split_and_merged(case, one, thorough)
            through_sharkd(case, other, one)
        except (ValueError, KeyError, TypeError, AttributeError, OSError, subprocess.SubprocessError) as error:
            case.must(False, f"{type(error).__name__}: {error}")
        return case.held, case.faults


def captures():
    ours = sorted(glob.glob(os.path.join(ROOT, "pcaps", "*.pcapng")))
    yield from ((path, path[:-len(".pcapng")] + ".keys", ours[i - 1], i % 16 == 0) for i, path in enumerate(ours))
    folders = sorted(glob.glob(os.path.join(ROOT, "..", "shared", "captures", "lab", "*", "")))
    for folder in folders if len(sys.argv) > 1 else folders[::6]:
        for name in ("capture.pcapng", "capture.pcap"):
            path = os.path.join(folder, name)
            if os.path.exists(path):
                yield os.path.realpath(path), os.path.realpath(folder), ours[0], False


def main():
    for tool in ("tshark", "sharkd", "editcap", "mergecap"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not installed")
    jobs = [job for job in captures() if len(sys.argv) == 1 or any(word in job[0] for word in sys.argv[1:])]
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        results = list(pool.map(lambda job: examine(*job), jobs))
    faults = [fault for _, some in results for fault in some]
    for fault in faults:
        print("FAILED:", fault)
    print(f"figure: determinism: {len(jobs)} captures, {sum(held for held, _ in results)} comparisons, {len(faults)} differ")
    sys.exit(bool(faults) or not jobs)


main()
