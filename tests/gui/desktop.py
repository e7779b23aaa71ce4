"""A screen of its own, and Wireshark on it: for the tests of its windows and the guide's pictures.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, os, shutil, signal, subprocess, sys, time

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
SHOTS = os.path.join(os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build")), "gui")
SAMPLE = os.path.join(ROOT, "pcaps", "3_virtual_address.pcapng")
FILE = os.path.basename(SAMPLE)
NOBODY = 65534
PROGRAMS = ("wireshark", "Xvfb", "xdotool", "import", "sharkd")
DEADLINE = time.monotonic() + 600       # of the whole run, in seconds
counts = {True: 0, False: 0}


def check(ok, what):
    counts[bool(ok)] += 1
    if not ok:
        print("FAILED:", what)


def needs(*programs):
    for program in PROGRAMS + programs:
        if not shutil.which(program):
            sys.exit(f"{program} is not installed; ./run-tests --gui installs it")


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

    def __init__(self, folder, shots=SHOTS, settings=()):
        self.shots, self.settings = shots, settings
        self.home = os.path.join(folder, "home")
        self.keylog = os.path.join(folder, "keylog")
        self.wireshark = None
        os.makedirs(self.home)
        with open(self.keylog, "w") as out:
            for name in sorted(glob.glob(os.path.join(SAMPLE[:-len(".pcapng")] + ".keys", "*"))):
                if os.path.basename(name) in ("esp_sa", "ikev1_decryption_table", "ikev2_decryption_table"):
                    out.write(open(name).read())
        read, write = os.pipe()
        self.screen = subprocess.Popen(["Xvfb", "-displayfd", str(write), "-screen", "0", "1800x1000x24", "-nolisten", "tcp", "-noreset"],
                                       pass_fds=[write], stderr=subprocess.DEVNULL)
        os.close(write)
        with os.fdopen(read) as number:
            self.display = ":" + number.readline().strip()
        self.env = dict(os.environ, DISPLAY=self.display, HOME=self.home, LANG="C.UTF-8", QT_X11_NO_MITSHM="1",
                        XDG_RUNTIME_DIR=self.home)
        self.env.pop("WIRESHARK_CONFIG_DIR", None)
        self.env.pop("XDG_CONFIG_HOME", None)

    def start(self, *args, sample=SAMPLE, keylog=None, cwd=None):
        """Wireshark refuses some things to root: then it runs as nobody, with the global plugins."""
        command = ["wireshark", "-C", "IPsec", "-o", "espial.keylog_file:" + (keylog or self.keylog), *args, sample]
        for setting in self.settings:
            command[3:3] = ["-o", setting]
        if os.geteuid() == 0:
            for place, folders, files in os.walk(self.home):
                for name in [place, *(os.path.join(place, f) for f in files)]:
                    os.chown(name, NOBODY, NOBODY)
            os.chmod(self.home, 0o700)
            command = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups", *command]
        self.log = open(os.path.join(self.home, "..", "wireshark.log"), "a")
        self.wireshark = subprocess.Popen(command, env=self.env, stdout=self.log, stderr=self.log, cwd=cwd)
        return self.window(f"^{os.path.basename(sample)}$")

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

    def espials(self, title, down):
        """One of the windows in Statistics > IPsec (Espial), the last entry of its menu."""
        self.menu("alt+s", "Up", "Right", *["Down"] * down, "Return")
        return self.window(title)

    def menu(self, opener, *keys):
        """Menus have mnemonics for few entries, so the way through one is counted in keys."""
        self.keys(opener, *keys)
        time.sleep(0.5)

    def picture(self, window, name):
        """Of the whole screen or one window; fails where nothing is drawn."""
        path = os.path.join(self.shots, name + ".png")
        time.sleep(1)
        subprocess.run(["import", "-window", window or "root", path], env=self.env, timeout=60, stderr=subprocess.DEVNULL)
        colours = subprocess.run(["identify", "-format", "%k", path], stdout=subprocess.PIPE, text=True, timeout=60).stdout
        check(colours.isdigit() and int(colours) > 20, f"picture {name} shows something: {colours or 'no'} colours")
