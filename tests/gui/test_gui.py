#!/usr/bin/python3
"""Wireshark itself, with the profile, on story 3: what an analyst sees.  Its windows are kept as
pictures in the build folder's gui/; what stands in them is compared by sharkd's answers to the
same requests.  Needs wireshark, xvfb, xdotool, imagemagick and
tesseract-ocr.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, json, os, subprocess, sys, tempfile, time

from desktop import ROOT, SAMPLE, SHOTS, Desktop, check, counts, needs, wait_for


WIDE = 1700
PROBLEMS, CLEAR = WIDE - 886, WIDE - 1001       # the button, and what clears the filter
FLOW_GRAPH = 16         # entries above it in the menu Statistics
HTML_REPORT = 4         # and in Tools > Espial
PORTS = os.path.join(ROOT, "pcaps", "selectors_ports")
THREE = os.path.join(ROOT, "pcaps", "points_three")


def sharkd(folder, *requests):
    """Answers of sharkd with the same key log, by request."""
    conf = os.path.join(folder, "sharkd")
    os.makedirs(conf, exist_ok=True)
    with open(os.path.join(conf, "preferences"), "w") as out:
        out.write(f"espial.keylog_file: {folder}/keylog\n")
    calls = [("load", {"file": SAMPLE}), *requests]
    text = "\n".join(json.dumps({"jsonrpc": "2.0", "id": i, "method": m, "params": p}) for i, (m, p) in enumerate(calls, 1))
    out = subprocess.run(["sharkd", "-"], input=text + "\n", stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                         env=dict(os.environ, WIRESHARK_CONFIG_DIR=conf), timeout=60).stdout
    return [json.loads(line).get("result") for line in out.splitlines() if line.startswith("{")][1:]


# --- what a window shows, by sharkd's answer to the same request ---------------------

def labels(nodes):
    return [node["l"] for node in nodes]


def details(answer):
    """Espial's item of a frame, unfolded as main_window unfolds it: diagnosis, two findings, IKE SA, Child SA."""
    pending = list(answer["tree"])
    while pending:
        node = pending.pop()
        if node["l"].startswith("Espial IPsec Analysis"):
            return [node["l"], *labels(node["n"])[:5], *labels(node["n"][0]["n"])]
        pending += node.get("n", [])
    return []


def rows(answer):
    """Wireshark cuts them to the window."""
    return [text[:66] for row in answer for text in row["c"][2:]]


def titles(answer):
    """Of the expert dialog, grouped by summary."""
    return sorted({d["m"].split(": ")[0] for d in answer["taps"][0]["details"]} | {d["s"] for d in answer["taps"][0]["details"]})


def cells(answer):
    tap = answer["taps"][0]
    # The last columns, remedies and suites, are wider than the screen.
    columns = [f["c"] for f in tap["fields"]]
    last = next((i for i, name in enumerate(columns) if name in ("Remedy", "What to do", "Suite")), len(columns))
    return columns[:last] + [str(cell) for row in tap["tables"][0]["i"] for cell in row[:last] if cell != ""]


def comments(answer):
    """Wireshark cuts them to the window."""
    tap = answer["taps"][0]
    return tap["nodes"] + [text for flow in tap["flows"] for text in (flow["t"], flow["c"][:32])]


def ends(answer):
    return [text for c in answer["taps"][0]["convs"] for text in (c["saddr"], c["daddr"], str(c["rxf"] + c["txf"]))]


WINDOWS = [
    # picture, request, what of the answer it shows, and a word that the answer has
    ("packets", ("frames", {"filter": "espial.stream"}), rows, "[Inner source 10.86.152.188"),
    ("packets", ("frame", {"frame": 19, "proto": True}), details, "What to do: Remove the fixed address"),
    ("problems", ("frames", {"filter": 'espial.finding.severity in {"error", "warning"}'}), rows, "[Inner source 10.86.152.188"),
    ("expert", ("tap", {"tap0": "expert"}), titles, "An inner source address is outside the SA's selectors"),
    ("sas", ("tap", {"tap0": "nstat:espial,sa_table"}), cells, "10.86.152.186/32 === 10.2.0.0/24"),
    ("findings", ("tap", {"tap0": "nstat:espial,finding_table"}), cells, "virtual_ip_violation"),
    ("diagnoses", ("tap", {"tap0": "nstat:espial,diagnosis_table"}), cells, "The inner source is not the address bound to this client"),
    ("counts", ("tap", {"tap0": "nstat:espial,count_table"}), cells, "ESP ac47f960, 192.0.2.10 to 198.51.100.20"),
    ("conversations", ("tap", {"tap0": "conv:ESPIAL"}), ends, "198.51.100.20"),
    ("flow", ("tap", {"tap0": "seqa:espial"}), comments, "Child SA 0, packet 1"),
]
ALIKE = str.maketrans("oilsb", "01156")     # to one who reads a screen


def squeezed(text):
    return "".join(c for c in text.lower() if c.isalnum()).translate(ALIKE)


def pieces(text):
    return {text[i:i + 4] for i in range(max(1, len(text) - 3))}


def shown(picture, *how):
    """Reads a picture: its text, squeezed."""
    large = os.path.join(SHOTS, picture + ".ocr.png")
    subprocess.run(["convert", os.path.join(SHOTS, picture + ".png"), *(how or ("-colorspace", "gray")), "-resize", "200%", large], timeout=60)
    text = subprocess.run(["tesseract", large, "-", "--psm", "11"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
                          timeout=60, env=dict(os.environ, OMP_THREAD_LIMIT="1")).stdout
    os.unlink(large)
    return squeezed(text)


def share(text, seen):
    wanted = pieces(squeezed(text))
    return sum(piece in seen for piece in wanted) / len(wanted)


def same_by_sharkd(folder):
    """The pictures are read, and have what sharkd answers."""
    answers = sharkd(folder, *(request for _, request, _, _ in WINDOWS))
    check(len(answers) == len(WINDOWS), f"sharkd answers {len(answers)} of {len(WINDOWS)} requests")
    for name in sorted({name for name, _, _, _ in WINDOWS}):
        seen, all_texts = shown(name), []
        for (_, _, of_window, word), answer in ((w, a) for w, a in zip(WINDOWS, answers) if w[0] == name):
            texts = of_window(answer)
            all_texts += texts
            check(any(word in text for text in texts), f"{name}: sharkd does not answer \"{word}\": {texts}")
        all_texts = [text for text in all_texts if squeezed(text)]
        missing = [text for text in all_texts if share(text, seen) < 0.7]
        if missing:             # black on red is grey on grey to a reader without colours
            again = shown(name, "-separate", "-evaluate-sequence", "max")
            missing = [text for text in missing if share(text, again) < 0.7]
            seen += again
        check(not missing, f"{name}: not in the picture: {missing}")
        check(share("The peer accepts none of the traffic selectors offered", seen) < 0.7, f"{name}: shows what is not there")
        print(f"figure: window {name}: {len(all_texts) - len(missing)} of {len(all_texts)} texts of sharkd's answer read in its picture")


def graphed(folder):
    """I/O Graphs of Espial's fields."""
    errors, largest = sharkd(folder, ("iograph", {"graph0": "packets", "filter0": 'espial.finding.severity == "error"'}),
                             ("iograph", {"graph0": "max:espial.stream.packet", "filter0": "espial.stream.packet"}))
    for answer, value in ((errors, 3), (largest, 6)):
        got = [item for item in answer["iograph"][0]["items"] if item]
        check(got == [value], f"I/O graph: {got}, not {value}")


def main_window(d):
    main = d.start("-g", "19")
    d.front(main, WIDE, 1000)
    time.sleep(2)
    d.click(300, 620)           # the details, of which the last layer is ESP and its last item Espial's
    d.keys("Home", "End", "Right", "End", "Right", "Down", "Right")
    d.picture(main, "packets")
    d.click(PROBLEMS, 78)     # the button "Problems"
    time.sleep(1)
    d.picture(main, "problems")
    check(squeezed("Displayed: 4 (19.0%)") in shown("problems"), "the button Problems leaves four packets")
    d.click(CLEAR, 78)     # clears the filter
    time.sleep(1)
    d.menu("alt+t", "Up", "Up", "Right")
    d.picture(None, "tools_menu")
    d.keys("Escape", "Escape", "Escape")
    d.menu("alt+s", "Up", "Right")
    d.picture(None, "statistics_menu")
    d.keys("Escape", "Escape", "Escape")
    for down, (title, name) in enumerate((("IPsec Diagnoses", "diagnoses"), ("IPsec Findings", "findings"), ("IPsec SAs", "sas"),
                                          ("IPsec Points", "no_points"), ("IPsec Counts", "counts"))):
        d.front(main, WIDE, 1000)
        window = d.espials(title, down)
        d.front(window, 1790, 400)
        d.picture(window, name)
        d.keys("Escape")
    d.front(main, WIDE, 1000)
    d.menu("alt+s", *["Down"] * FLOW_GRAPH, "Return")
    flow = d.window("Wireshark .* Flow")
    d.front(flow, 1300, 760)
    d.keys("Tab", "Tab")        # to the type of flow
    d.do("type", "--delay", "20", "IPsec")
    d.picture(flow, "flow")
    d.keys("Escape")
    d.front(main, WIDE, 1000)
    d.menu("alt+s", "c")
    conversations = d.window("Conversations")
    d.front(conversations, 1300, 500)
    d.picture(conversations, "conversations")
    d.keys("Escape")
    d.front(main, WIDE, 1000)
    d.menu("alt+a", *["Down"] * 6, "Right", "Up")
    d.picture(None, "conversation_filter")
    d.keys("Escape", "Escape", "Escape")
    d.menu("alt+t", "Up", "Up", "Right", "Return")
    row = d.window("add a peer")
    d.front(row, 935, 202)
    d.click(750, 23)            # the first field
    for text in ("lisa@corp.example", "", "AES_GCM_16_256", "10.86.152.186", "10.2.0.0/24"):
        if text:
            d.do("type", "--delay", "5", text)
        d.keys("Tab")
    d.picture(row, "plan_row")
    d.keys("Return")
    plan = os.path.join(d.home, ".config", "wireshark", "espial_plan")
    if wait_for("the plan's file", lambda: os.path.exists(plan), 10):
        text = open(plan).read()
        check(text == "[peer lisa@corp.example]\nesp = AES_GCM_16_256\nvirtual_ip = 10.86.152.186\nnetworks = 10.2.0.0/24\n",
              f"the plan: {text}")
    d.front(main, WIDE, 1000)
    d.picture(main, "planned")
    d.stop()


def followed(d, folder):
    """Follow Stream of a packet inside ESP: it works, and the columns of the packet list stay those of the outer packet."""
    main = d.start("-g", "6", sample=PORTS + ".pcapng", keylog=PORTS + ".keys")
    d.front(main, WIDE, 1000)
    d.click(300, 208)
    d.keys("ctrl+alt+shift+t")
    d.window("Follow TCP Stream")
    time.sleep(1)
    d.front(main, WIDE, 1000)
    d.picture(main, "followed")
    seen = shown("followed", "-crop", "240x54+161+114", "+repage", "-colorspace", "gray", "-resize", "200%")
    check(squeezed("Displayed: 3") in shown("followed"), "the stream's three packets are left")
    check(squeezed("192.0.2.10") in seen and squeezed("10.1.0.1") not in seen and squeezed("10.2.0.1") not in seen, f"outer addresses: {seen}")
    d.stop()


def pointed(d):
    """A capture at three points: the window of points, the column of the profile, and the button for what is lost between them."""
    main = d.start("-o", "gui.column.hidden:", "-g", "51", sample=THREE + ".pcapng", keylog=THREE + ".keys")
    d.front(main, WIDE, 1000)
    d.picture(main, "point_column")
    seen = shown("point_column", "-crop", "700x345+0+90", "+repage", "-colorspace", "gray", "-resize", "200%")
    check(seen.count(squeezed("router")) >= 8, f"the column names the point at first sight: {seen}")
    window = d.espials("IPsec Points", 3)
    d.front(window, 1790, 400)
    d.picture(window, "points")
    seen = shown("points")
    for text in ("interface 2", "client", "router-out", "gateway", "ESP 86a99a50", "51-54", "192.0.2.10:4500 -> 203.0.113.1:4500", "402.9999",
                 "IKE SA 0 to the responder", "Next point", "Lost (%)", "40.0"):
        check(share(text, seen) > 0.7, f"the window of points has {text}: {seen}")
    d.keys("Escape")
    d.front(main, WIDE, 1000)
    d.click(WIDE - 378, 78)     # the button "Lost between points"
    time.sleep(1)
    d.picture(main, "lost_between")
    check(squeezed("Displayed: 4 (6.5%)") in shown("lost_between"), "the button leaves the four packets that are lost")
    d.keys("ctrl+r")            # read again
    time.sleep(2)
    window = d.espials("IPsec Points", 3)
    d.front(window, 1790, 400)
    d.picture(window, "points_again")
    check(share("router-out ESP 86a99a50 51-54 402.9999", shown("points_again")) > 0.7, "the window after the file was read again")
    d.keys("Escape")
    d.stop()


def tools(d, folder):
    """The report opens in a browser, also of a capture that was named by a relative path; the key log's dialog has the value that is
    set, and takes a folder.  A row that is lawful in Wireshark's table raises no dialog."""
    opened, log = os.path.join(d.home, "opened"), os.path.join(folder, "tables")
    with open(os.path.join(folder, "xdg-open"), "w") as out:
        out.write(f'#!/bin/sh\nprintf "%s\\n" "$@" >>"{opened}"\n')
    os.chmod(out.name, 0o755)
    d.env["PATH"] = folder + ":" + d.env["PATH"]
    os.mkdir(log)
    with open(os.path.join(log, "esp_sa"), "w") as out:
        out.write(f'"IPv4","*","*","0x01020304","AES-CBC [RFC3602]","0x{"00" * 16}","ANY 96 bit authentication [no checking]",""\n')
        out.write(open(os.path.join(SAMPLE[:-len(".pcapng")] + ".keys", "esp_sa")).read())
    main = d.start("-g", "19", sample=os.path.relpath(SAMPLE, ROOT), keylog=log, cwd=ROOT)
    d.front(main, WIDE, 1000)
    check(not d.find("^Wireshark$"), "no dialog of an error")
    d.menu("alt+t", "Up", "Up", "Right", *["Down"] * HTML_REPORT, "Return")
    wait_for("a browser", lambda: os.path.exists(opened), 20)
    told = open(opened).read().strip() if os.path.exists(opened) else ""
    page = told[len("file://"):]
    check(told.startswith("file:///") and os.path.exists(page), f"a browser is given {told}")
    if os.path.exists(page):
        os.unlink(page)
    d.picture(None, "report_dialog")
    d.do("windowfocus", d.find("Espial HTML report"))
    d.keys("Escape")
    d.front(main, WIDE, 1000)
    d.menu("alt+t", "Up", "Up", "Right", *["Down"] * (HTML_REPORT + 1), "Return")
    dialog = d.window("key log file")
    d.front(dialog, 900, 100)
    d.picture(dialog, "keylog")
    check(squeezed(os.path.basename(log)) in shown("keylog"), "the dialog has the value that is set")
    d.click(600, 22)
    d.keys("ctrl+a")
    d.do("type", "--delay", "5", SAMPLE[:-len(".pcapng")] + ".keys")
    d.keys("Return")
    time.sleep(2)
    d.front(main, WIDE, 1000)
    d.picture(main, "keylog_set")
    check(share("CFG reply address 10.86.152.186", shown("keylog_set")) > 0.8, "keys from a folder")
    check(not d.find("^Wireshark$"), "no dialog of an error")
    d.stop()


def dialogs(d):
    d.start("-z", "expert")
    window = d.window("Expert Information")
    d.front(window, 1300, 500)
    d.picture(window, "expert")
    d.stop()


def main():
    needs("tesseract", "convert")
    os.makedirs(SHOTS, exist_ok=True)
    for name in glob.glob(os.path.join(SHOTS, "*")):
        os.unlink(name)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        d = Desktop(folder)
        try:
            main_window(d)
            dialogs(d)
            followed(d, folder)
            pointed(d)
            tools(d, folder)
            same_by_sharkd(folder)
            graphed(folder)
        finally:
            d.close()
    print(f"{counts[True]} held, {counts[False]} failed; pictures in {SHOTS}")
    sys.exit(counts[False] != 0)


main()
