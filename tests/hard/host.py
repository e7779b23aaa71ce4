"""tshark and sharkd with the plugin built under sanitizers, and whose fault a fault is.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, os, re, shutil, subprocess

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
# As root, Wireshark loads plugins from its own folder alone: a private copy is laid over it.
OVERLAY = 'mount --bind "$0" "$1" && shift && exec "$@"'
FRAME = re.compile(r"^\s*#(\d+) 0x[0-9a-f]+ (?:in (\S+) )?.*?\(?([^\s()]*\.so[.\d]*|/usr/bin/\w+)", re.M)
VALGRIND_FRAME = re.compile(r"^==\d+==\s+(?:at|by) 0x[0-9A-F]+: (\S+) \((?:in )?([^)]*)\)", re.M)
COMPLAINTS = re.compile(r"^.*(?:-CRITICAL \*\*|-ERROR \*\*|-WARNING \*\*|runtime error:|ASSERT).*$", re.M)
# What tshark's tree says where a dissector threw.
THROWN = re.compile(r"(Dissector bug, protocol [^:]+: .*|Malformed Packet: ESPIAL.*|Exception occurred: .*)")


def plugin_folder():
    version = subprocess.run(["pkg-config", "--modversion", "wireshark"], stdout=subprocess.PIPE, text=True).stdout.strip()
    short = ".".join(version.split(".")[:2])
    folder = subprocess.run(["pkg-config", "--variable=plugindir", "wireshark"], stdout=subprocess.PIPE, text=True).stdout.strip()
    return version, os.path.join(folder if folder.endswith("/" + short) else os.path.join(folder, short), "epan")


class Host:
    def __init__(self, build, sanitizers="address,undefined"):
        self.build, self.sanitizers = build, sanitizers
        self.version, self.folder = plugin_folder()
        self.faults, self.named, self.frames, self.runs = [], {}, 0, 0
        self.empty = os.path.join(build, "empty")
        os.makedirs(self.empty, exist_ok=True)
        options = [f"-DSAN={sanitizers}"] if sanitizers else []
        log = open(os.path.join(build, "build.log"), "w")
        for command in (["cmake", "-S", ROOT, "-B", build, "-G", "Ninja", "-DBUILD_TESTING=OFF", "-DESPIAL_WERROR=OFF", *options],
                        ["cmake", "--build", build, "--target", "espial"]):
            if subprocess.run(command, stdout=log, stderr=subprocess.STDOUT).returncode:
                raise SystemExit(f"{' '.join(command)} failed; see {log.name}")
        self.with_us, self.without = self.lay("with", True), self.lay("without", False)

    def lay(self, name, ours):
        """A copy of Wireshark's plugin folder, with this build of Espial or with none."""
        to = os.path.join(self.build, name, ".".join(self.version.split(".")[:2]), "epan")
        shutil.rmtree(to, ignore_errors=True)
        os.makedirs(to)
        for path in glob.glob(os.path.join(self.folder, "*.so")):
            if os.path.basename(path) != "espial.so":
                shutil.copy(path, to)
        if ours:
            shutil.copy(os.path.join(self.build, "espial.so"), to)
        return to

    def environment(self, conf, plugins, more=None):
        env = dict(os.environ, WIRESHARK_CONFIG_DIR=conf or self.empty, G_SLICE="always-malloc",
                   WIRESHARK_DEBUG_WMEM_OVERRIDE="simple", WIRESHARK_PLUGIN_DIR=os.path.dirname(os.path.dirname(plugins)),
                   ASAN_OPTIONS="detect_leaks=0:exitcode=99:handle_abort=1:allocator_may_return_null=1",
                   UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
        if self.sanitizers:
            # Asked for again each time: gcc is what built the plugin.
            env["LD_PRELOAD"] = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE, text=True).stdout.strip()
        return dict(env, **(more or {}))

    def command(self, words, plugins):
        if os.geteuid() == 0:
            return ["unshare", "-m", "sh", "-c", OVERLAY, plugins, self.folder, *words]
        return words

    def run(self, words, conf=None, ours=True, timeout=300, text=None, tool=()):
        plugins = self.with_us if ours else self.without
        self.runs += 1
        more = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        try:
            run = subprocess.run(self.command([*tool, *words], plugins), env=self.environment(conf, plugins), timeout=timeout,
                                 stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, errors="replace", **more)
        except subprocess.TimeoutExpired:
            return subprocess.CompletedProcess(words, 98, "", f"no end after {timeout} s")
        return run

    def loaded(self):
        sample = sorted(glob.glob(os.path.join(ROOT, "pcaps", "*.pcapng")))[0]
        return "Espial" in self.run(["tshark", "-q", "-r", sample, "-z", "espial,sas"], timeout=60).stdout

    # --- faults -------------------------------------------------------------------

    @staticmethod
    def place(stderr):
        """(library, function) in which it happened: the first of the stack that is no part of a runtime."""
        begins = max(stderr.find("ERROR: AddressSanitizer"), stderr.find("runtime error:"), 0)
        for _, function, library in FRAME.findall(stderr[begins:]):
            name = os.path.basename(library)
            if not re.match(r"(libasan|libubsan|libc\.|libc-|libglib|libpthread|ld-)", name) and function not in ("", "<null>"):
                return name, function
        return "", stderr.strip()[-200:]

    def tshark(self, path, *args, conf=None, what="", may_drop=True, timeout=300):
        """One run.  A fault of the host's own (it is there without the plugin as well) is named,
        the frame that causes it dropped, and the run repeated; any other is the plugin's."""
        words, dropped = ["tshark", "-n", "-r", path, *args], 0
        while True:
            run = self.run(words, conf, timeout=timeout)
            if run.returncode == 0:
                self.listen(run, what)
                return run
            place, frame = self.place(run.stderr), None
            if may_drop and dropped < 8:
                frame = self.frame_of(path, args, conf)
            if frame is None:
                self.faults.append(f"{what}: {' '.join(words)}: exit {run.returncode} in {place}: {run.stderr[-1500:]}")
                return run
            self.named[f"Wireshark {self.version}: {place[1]} ({place[0]})"] = self.named.get(place, 0) + 1
            dropped += 1
            shorter = f"{path}.{dropped}"
            subprocess.run(["editcap", path, shorter, str(frame)], check=True, stderr=subprocess.DEVNULL)
            path = words[3] = shorter

    def frame_of(self, path, args, conf):
        """The frame at which tshark without the plugin ends; None where it does not."""
        run = self.run(["tshark", "-n", "-l", "-r", path, "-T", "fields", "-e", "frame.number",
                        *[x for a in self.options(args) for x in ("-o", a)]], conf, ours=False)
        seen = [int(n) for n in run.stdout.split() if n.isdigit()]
        return (seen[-1] if seen else 0) + 1 if run.returncode not in (0, 1, 2) else None

    @staticmethod
    def options(args):
        return [a for last, a in zip(args, args[1:]) if last == "-o" and not a.startswith("espial")]

    def listen(self, run, what):
        for line in COMPLAINTS.findall(run.stderr):
            self.faults.append(f"{what}: {line.strip()}")
        for line in THROWN.findall(run.stdout):
            if "ESPIAL" in line:
                self.faults.append(f"{what}: {line}")
