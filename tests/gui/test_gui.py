#!/usr/bin/python3
"""Wireshark itself, with the profile, on story 3: what an analyst sees.  Its windows are kept as
pictures in the build folder's gui/; what stands in them is compared by sharkd's answers to the
same requests.  Needs wireshark, xvfb, xdotool and imagemagick.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, json, os, shutil, signal, subprocess, sys, tempfile, time

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SHOTS = os.path.join(os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build")), "gui")
SAMPLE = os.path.join(ROOT, "pcaps", "3_virtual_address.pcapng")
FILE = os.path.basename(SAMPLE)
NOBODY = 65534
DEADLINE = time.monotonic() + 240       # of the whole test, in seconds
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def wait_for(what, test, seconds=30):
    until = min(time.monotonic() + seconds, DEADLINE)
    while True:
        got = test()
        if got or time.monotonic() > until:
            check(got, f"{what} within {seconds} s")
            return got
        time.sleep(0.3)


class Desktop:
    """A screen, one Wireshark on it, and a home folder of its own."""

    def __init__(self, folder):
        self.home = os.path.join(folder, "home")
        self.keylog = os.path.join(folder, "keylog")
        self.wireshark = None
        os.makedirs(self.home)
        with open(self.keylog, "w") as out:
            for name in sorted(glob.glob(os.path.join(SAMPLE[:-len(".pcapng")] + ".keys", "*"))):
                if os.path.basename(name) in ("esp_sa", "ikev1_decryption_table", "ikev2_decryption_table"):
                    out.write(open(name).read())
        read, write = os.pipe()
        self.screen = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1700x1000x24", "-nolisten", "tcp"],
                                       pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as number:
            self.display = ":" + number.readline().strip()
        self.env = dict(os.environ, DISPLAY=self.display, HOME=self.home, LANG="C.UTF-8", QT_X11_NO_MITSHM="1",
                        XDG_RUNTIME_DIR=self.home)
        self.env.pop("WIRESHARK_CONFIG_DIR", None)
        self.env.pop("XDG_CONFIG_HOME", None)

    def start(self, *args):
        """Wireshark refuses some things to root: then it runs as nobody, with the global plugins."""
        command = ["wireshark", "-C", "IPsec", "-o", "espial.keylog_file:" + self.keylog, *args, SAMPLE]
        if os.geteuid() == 0:
            for place, folders, files in os.walk(self.home):
                for name in [place, *(os.path.join(place, f) for f in files)]:
                    os.chown(name, NOBODY, NOBODY)
            os.chmod(self.home, 0o700)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        self.log = open(os.path.join(SHOTS, "wireshark.log"), "a")
        self.wireshark = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log)
        return self.window(f"^{FILE}$")

    def stop(self):
        if self.wireshark:
            self.wireshark.terminate()
            try:
                self.wireshark.wait(10)
            except subprocess.TimeoutExpired:
                self.wireshark.kill()
                self.wireshark.wait()
            self.log.close()
            self.wireshark = None

    def close(self):
        self.stop()
        self.screen.send_signal(signal.SIGTERM)
        self.screen.wait()

    def do(self, *args):
        return subprocess.run(["xdotool", *map(str, args)], env=self.env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                              text=True, timeout=30).stdout

    def find(self, title):
        return (self.do("search", "--onlyvisible", "--name", title).split() or [None])[-1]

    def window(self, title):
        return wait_for(f"a window {title}", lambda: self.find(title))

    def front(self, window, width, height):
        if window:
            self.do("windowmove", window, 0, 0)
            self.do("windowsize", window, width, height)
            self.do("windowraise", window)
            self.do("windowfocus", window)
            time.sleep(1)

    def keys(self, *keys):
        for key in keys:
            self.do("key", key)
            time.sleep(0.2)

    def click(self, x, y):
        self.do("mousemove", x, y, "click", 1)
        time.sleep(0.5)

    def menu(self, opener, *keys):
        """Menus have mnemonics for few entries, so the way through one is counted in keys."""
        self.keys(opener, *keys)
        time.sleep(0.5)

    def picture(self, window, name):
        """Of the whole screen or one window; fails where nothing is drawn."""
        path = os.path.join(SHOTS, name + ".png")
        time.sleep(1)
        subprocess.run(["import", "-window", window or "root", path], env=self.env, timeout=60, stderr=subprocess.DEVNULL)
        colours = subprocess.run(["identify", "-format", "%k", path], stdout=subprocess.PIPE, text=True, timeout=60).stdout
        check(colours.isdigit() and int(colours) > 20, f"picture {name} shows something: {colours or 'no'} colours")


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
    for program in ("wireshark", "Xvfb", "xdotool", "import", "sharkd"):
        if not shutil.which(program):
            sys.exit(f"{program} is not installed; ./run-tests --gui installs it")
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
    print(f"{held} held, {failed} failed; pictures in {SHOTS}")
    sys.exit(failed != 0)


main()
