"""tshark and sharkd with the sanitised plugin, and whose fault a fault is.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import argparse, functools, glob, json, os, re, shutil, subprocess
from report import ROOT, reports, thrown, valgrind_reports

# As root, Wireshark loads plugins from its own folder alone: a private copy is laid over it.
OVERLAY = 'mount --bind "$0" "$1" && shift && exec "$@"'
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
MAX_DROPPED = 8         # frames of one file that the host cannot take; more is told as a fault
NO_END = 98


def plugin_folder():
    def asked(*words):
        return subprocess.run(["pkg-config", *words, "wireshark"], stdout=subprocess.PIPE, text=True).stdout.strip()
    version, folder = asked("--modversion"), asked("--variable=plugindir")
    short = ".".join(version.split(".")[:2])
    return version, os.path.join(folder if folder.endswith("/" + short) else os.path.join(folder, short), "epan")


def argument_parser(text):
    p = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--build", default=os.path.join(os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build")), "hard"),
                   help="the folder hard of the build")
    return p


def plugin_of(build, target):
    return os.path.join(build, target, "espial.so")


def why_not(args):
    """Why tshark cannot be run here with the plugin under sanitizers; None where it can."""
    path = plugin_of(args.build, "espial_san")
    if not os.path.exists(path):
        return f"{path} is not built"
    if way() is None:
        return "as root, Wireshark loads plugins from its own folder alone; no mount namespace may be made here, nor another user be"
    return None


def works(*words):
    try:
        return subprocess.run(words, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    except OSError:
        return False


@functools.cache
def way():
    """How a plugin folder of one's own is used: "plain" by anyone but root; by root "overlay", or
    as "nobody" where that is not allowed.  None: not at all."""
    if os.geteuid():
        return "plain"
    if works("unshare", "-m", "sh", "-c", "mount --bind /usr /usr"):
        return "overlay"
    return "nobody" if works(*NOBODY, "test", "-r", os.path.join(ROOT, "LICENSE")) else None


class Host:
    """work: a folder for copies of the plugin folder; plugin: the espial.so to use; more: other
    plugins that count as the host's; sanitised: plugin is built with the sanitizers."""

    def __init__(self, work, plugin, more=(), sanitised=True):
        self.work = work
        self.version, self.folder = plugin_folder()
        self.faults, self.named, self.dropped, self.runs = [], {}, 0, 0
        self.tables = None         # a configuration with the keys of the key log, which Espial gives to Wireshark
        self.empty = os.path.join(work, "empty")
        os.makedirs(self.empty, exist_ok=True)
        # Asked for, not guessed: gcc is what built the plugin.
        self.preload = subprocess.run(["gcc", "-print-file-name=libasan.so"], stdout=subprocess.PIPE,
                                      text=True).stdout.strip() if sanitised else ""
        self.with_us, self.without = self.lay("with", [plugin, *more]), self.lay("without", list(more))

    def lay(self, name, more):
        """A copy of Wireshark's plugin folder, with other plugins in Espial's place."""
        to = os.path.join(self.work, name, ".".join(self.version.split(".")[:2]), "epan")
        shutil.rmtree(to, ignore_errors=True)
        os.makedirs(to)
        for path in [p for p in glob.glob(os.path.join(self.folder, "*.so")) if os.path.basename(p) != "espial.so"] + more:
            shutil.copy(path, to)
        return to

    def environment(self, conf, plugins):
        # Below HOME lies a user's own plugin folder.
        env = dict(os.environ, HOME=self.empty, WIRESHARK_CONFIG_DIR=conf or self.empty, G_SLICE="always-malloc", LC_ALL="C.UTF-8",
                   WIRESHARK_DEBUG_WMEM_OVERRIDE="simple", WIRESHARK_PLUGIN_DIR=os.path.dirname(os.path.dirname(plugins)),
                   ASAN_OPTIONS="detect_leaks=0:exitcode=99:handle_abort=1:allocator_may_return_null=1:detect_stack_use_after_return=1",
                   UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
        return dict(env, LD_PRELOAD=self.preload) if self.preload else env

    def run(self, words, conf=None, ours=True, timeout=300, text=None, tool=()):
        plugins = self.with_us if ours else self.without
        self.runs += 1
        words = [*tool, *words]
        if way() == "overlay":
            words = ["unshare", "-m", "sh", "-c", OVERLAY, plugins, self.folder, *words]
        elif way() == "nobody":
            words = [*NOBODY, *words]
        more = {"input": text} if text is not None else {"stdin": subprocess.DEVNULL}
        try:
            return subprocess.run(words, env=self.environment(conf, plugins), timeout=timeout, stdout=subprocess.PIPE,
                                  stderr=subprocess.PIPE, text=True, errors="replace", **more)
        except subprocess.TimeoutExpired as e:
            # What it printed until then: the sharkd calls that were answered.
            return subprocess.CompletedProcess(words, NO_END, (e.stdout or b"").decode(errors="replace"), f"no end after {timeout} s")

    def wrong(self):
        """None where tshark loads this plugin, and without it none of its name; else what it says."""
        sample = sorted(glob.glob(os.path.join(ROOT, "pcaps", "*.pcapng")))[0]
        words = ["tshark", "-q", "-r", sample, "-z", "espial,sas"]
        run, other = self.run(words, timeout=120), self.run(words, ours=False, timeout=120)
        if "Espial" not in run.stdout:
            return run.stderr[-500:] or f"exit {run.returncode}"
        return "another Espial is loaded besides" if "Espial" in other.stdout else None

    # --- whose fault ------------------------------------------------------------------

    def blame(self, found, without, what, words):
        """Each fault is the plugin's, but for those that are in no code of Espial and happen without
        the plugin as well (without: what was found there).  Returns whether all are the host's."""
        theirs = {r.signature() for r in without}
        for r in {r.signature(): r for r in reversed(found)}.values():
            if not r.in_us() and r.signature() in theirs:
                name = f"Wireshark {self.version}: {r.name()}"
                self.named[name] = self.named.get(name, 0) + 1
            else:
                self.faults.append(f"{what}: {' '.join(words)[:400]}: {r.name()}: {r.text[:2500]}")
        return all(not r.in_us() and r.signature() in theirs for r in found)

    def found(self, run):
        return reports(run.stderr, run.returncode)

    def tshark(self, path, *args, conf=None, what="", timeout=300, without=None):
        """One run.  A fault of the host's own is named, the frame that causes it dropped, and the
        run repeated; any other is the plugin's.  without: the capture to try without the plugin
        (the same one), with the same frames as Wireshark sees them there.  Returns the last run."""
        words, alone = ["tshark", "-n", "-r", path, *args], without or path
        for n in range(1, MAX_DROPPED + 2):
            run = self.run(words, conf, timeout=timeout)
            self.listen(run, what)
            found = self.found(run)
            if not found:
                if run.returncode:
                    self.faults.append(f"{what}: {' '.join(words)[:400]}: exit {run.returncode}: {run.stderr[-800:]}")
                return run
            bare = ["tshark", "-n", "-r", alone, *self.bare(args)]
            # What Wireshark does with keys it does without the plugin when it has them.
            keyed = conf or (self.tables if any("espial.keylog_file" in a for a in args) else None)
            other = self.run(bare, keyed, ours=False, timeout=timeout)
            if not self.blame(found, self.found(other), what, words) or run.returncode == 0:
                return run
            if n > MAX_DROPPED:
                break
            frame, both = str(self.frame_of(bare, other, keyed, timeout)), alone != path
            for old in {path, alone}:
                subprocess.run(["editcap", old, f"{old}.{n}", frame], check=True, stderr=subprocess.DEVNULL)
            self.dropped += 1
            path, alone = f"{path}.{n}", f"{alone}.{n}" if both else f"{path}.{n}"
            words[3] = path
        self.faults.append(f"{what}: {' '.join(words)[:400]}: the host's own faults do not end after {MAX_DROPPED} frames less")
        return run

    @staticmethod
    def bare(args):
        """The arguments without what only Espial knows; for its reports one of Wireshark's own, so that it dissects as much."""
        out, args = [], list(args)
        while args:
            a = args.pop(0)
            if a in ("-o", "-z", "-R", "-Y", "-e"):
                value = args.pop(0).replace("flow,espial,", "flow,any,")
                if "espial" not in value:
                    out += [a, value]
                elif a == "-z":
                    out += [a, "expert"]
            else:
                out.append(a)
        return out

    def frame_of(self, words, ended, conf, timeout):
        """The frame at which tshark without the plugin ends: the first count that is one too many."""
        signatures = {r.signature() for r in self.found(ended)}
        good, bad = 0, self.count(words[3])
        shown = re.findall(r"^Frame (\d+):", ended.stdout, re.M)
        if "-V" in words and "-2" not in words and shown:
            good = int(shown[-1]) - 1           # what is printed has been dissected; the last may be half of it
        while bad - good > 1:
            middle = good + 1 if good and bad - good > 4 and shown else (good + bad) // 2
            run = self.run([*words, "-c", str(middle)], conf, ours=False, timeout=timeout)
            if signatures & {r.signature() for r in self.found(run)}:
                bad = middle
            else:
                good, shown = middle, None
        return bad

    @staticmethod
    def count(path):
        out = subprocess.run(["capinfos", "-c", "-M", "-r", "-T", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
        return int(out.split()[-1])

    def listen(self, run, what):
        """What the tree tells of Espial: an exception that was caught is a fault nevertheless."""
        for line in thrown(run.stdout):
            if "ESPIAL" in line:
                self.faults.append(f"{what}: {line}")

    # --- sharkd -----------------------------------------------------------------------

    def sharkd(self, calls, conf=None, what="sharkd", timeout=600):
        """A session of calls (method, parameters).  Where it ends before the last answer, and does
        so without the plugin as well, the call is left out and the session repeated.  Returns the answers."""
        calls = list(calls)
        for _ in range(MAX_DROPPED + 1):
            run = self.run(["sharkd", "-"], conf, text=self.text(calls), timeout=timeout)
            # A call may be answered twice (a load that fails).
            answers = list({m.group(1): m.group(0) for m in re.finditer(r'^\{"jsonrpc":"2.0","id":(\d+),.*\}$', run.stdout, re.M)}.values())
            self.listen(run, what)
            found = self.found(run)
            if not found and len(answers) == len(calls):
                return answers
            other = self.run(["sharkd", "-"], conf, ours=False, text=self.text(calls), timeout=timeout)
            if not found:
                self.faults.append(f"{what}: exit {run.returncode}, {len(answers)} answers to {len(calls)} calls: {run.stderr[-800:]}")
                return answers
            if not self.blame(found, self.found(other), what, ["sharkd", self.text(calls[len(answers):][:1])]):
                return answers
            if len(answers) == len(calls):
                return answers
            del calls[len(answers)]
        self.faults.append(f"{what}: the host's own faults do not end after {MAX_DROPPED} calls less")
        return answers

    @staticmethod
    def text(calls):
        return "".join(json.dumps({"jsonrpc": "2.0", "id": n, "method": method, "params": params}) + "\n" for n, (method, params) in enumerate(calls, 1))

    # --- valgrind ---------------------------------------------------------------------

    def valgrind(self, path, *args, conf=None, timeout=3000):
        """Returns how many reports are none of Espial's.  A block that is lost is Espial's where it
        went through it; any other error, where it happened in it or what it called directly."""
        tool = ["valgrind", "--error-exitcode=97", "--keep-debuginfo=yes", "--num-callers=40", "--leak-check=full",
                "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite", "--quiet"]
        words, others = ["tshark", "-n", "-r", path, *args], 0
        run = self.run(words, conf, tool=tool, timeout=timeout)
        for r in valgrind_reports(run.stderr):
            lost = "lost" in r.kind
            if r.through_us() if lost else any(r.ours(4)):
                self.faults.append(f"{' '.join(words)[:400]}: {r.name()}: {r.text[:2500]}")
            else:
                others += 1
                name = f"Wireshark {self.version}: {r.name()}"
                self.named[name] = self.named.get(name, 0) + 1
        if run.returncode not in (0, 97):
            self.faults.append(f"valgrind: exit {run.returncode}: {run.stderr[-1500:]}")
        return others
