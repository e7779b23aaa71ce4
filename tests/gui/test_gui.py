#!/usr/bin/python3
"""Wireshark itself, with the profile, on story 3: what an analyst sees.  Its windows are kept as
pictures in the build folder's gui/; what stands in them is compared by sharkd's answers to the
same requests.  Needs wireshark, xvfb, xdotool and imagemagick.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, json, os, subprocess, sys, tempfile, time

from desktop import SAMPLE, SHOTS, Desktop, check, counts, needs, wait_for


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


def texts(answer):
    return json.dumps(answer, ensure_ascii=False)


def same_by_sharkd(folder):
    """What the pictures show, in words."""
    wanted = [
        ("columns", ("frames", {"filter": "espial.inner_source_violation", "column0": "espial.finding:1",
                                "column1": "espial.direction:1"}), ["inner_source_violation", "initiator to responder"]),
        ("info", ("frames", {"filter": "espial.inner_source_violation"}), ["[Inner source violation]"]),
        ("packet details", ("frame", {"frame": 19, "proto": True}),
         ["ESP and IKE Analysis, IKE SA 0, Child SA 0, 2 findings", "Remedy: ", "Inner source: 10.86.152.188", "Negotiated in: 11"]),
        ("expert dialog", ("tap", {"tap0": "expert"}), ["Inner source address outside the SA's selectors: Inner source 10.86.152.188"]),
        ("table of SAs", ("tap", {"tap0": "nstat:espial,sa_table"}), ["IKE SA 0", "Child SA 0", "lisa@corp.example", "10.86.152.186/32"]),
        ("table of findings", ("tap", {"tap0": "nstat:espial,finding_table"}), ["inner_source_violation", "virtual_ip_violation"]),
        ("tree", ("tap", {"tap0": "stat:espial"}), ["IKE SA 0 (IKEv1", "Child SA 0", "Aggressive Mode", "inner_source_violation"]),
        ("conversations", ("tap", {"tap0": "conv:ESPIAL"}), ["192.0.2.10", "198.51.100.20"]),
        ("flow graph", ("tap", {"tap0": "seqa:espial"}), ["chosen ESP:AES_CBC_128", "Child SA 0, packet 1", "Inner source address outside"]),
    ]
    answers = sharkd(folder, *(request for _, request, _ in wanted))
    check(len(answers) == len(wanted), f"sharkd answers {len(answers)} of {len(wanted)} requests")
    for (name, request, words), answer in zip(wanted, answers):
        for word in words:
            check(word in texts(answer), f"{name}: no \"{word}\" in {texts(answer)[:300]}")


def main_window(d):
    main = d.start("-g", "19")
    d.front(main, 1700, 1000)
    time.sleep(2)
    d.click(300, 620)           # the details, of which the last layer is ESP and its last item Espial's
    d.keys("Home", "End", "Right", "End", "Right", "Down", "Right")
    d.picture(main, "packets")
    d.menu("alt+t", "Up", "Up", "Right")
    d.picture(None, "tools_menu")
    d.keys("Escape", "Escape", "Escape")
    d.menu("alt+s", "Up", "Up", "Up", "Right", "Return")
    tree = d.window("SAs and Findings")
    d.front(tree, 1300, 760)
    d.picture(tree, "tree")
    d.keys("Escape")
    for title, name, downs in (("IPsec Findings", "findings", 9), ("IPsec SAs", "sas", 10)):
        d.front(main, 1700, 1000)
        d.menu("alt+s", *["Down"] * downs, "Return")
        window = d.window(title)
        d.front(window, 1690, 400)
        d.picture(window, name)
        d.keys("Escape")
    d.front(main, 1700, 1000)
    d.menu("alt+s", *["Down"] * 18, "Return")
    flow = d.window("Wireshark .* Flow")
    d.front(flow, 1300, 760)
    d.keys("Tab", "Tab")        # to the type of flow
    d.do("type", "--delay", "20", "IPsec")
    d.picture(flow, "flow")
    d.keys("Escape")
    d.front(main, 1700, 1000)
    d.menu("alt+s", "c")
    conversations = d.window("Conversations")
    d.front(conversations, 1300, 500)
    d.picture(conversations, "conversations")
    d.keys("Escape")
    d.front(main, 1700, 1000)
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
    d.front(main, 1700, 1000)
    d.picture(main, "planned")
    d.stop()


def dialogs(d):
    d.start("-z", "expert")
    window = d.window("Expert Information")
    d.front(window, 1300, 500)
    d.picture(window, "expert")
    d.stop()


def main():
    needs()
    os.makedirs(SHOTS, exist_ok=True)
    for name in glob.glob(os.path.join(SHOTS, "*")):
        os.unlink(name)
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        d = Desktop(folder)
        try:
            same_by_sharkd(folder)
            main_window(d)
            dialogs(d)
        finally:
            d.close()
    print(f"{counts[True]} held, {counts[False]} failed; pictures in {SHOTS}")
    sys.exit(counts[False] != 0)


main()
