"""What sanitizers, valgrind, GLib and Wireshark say of a fault, as they write it, and where it happened.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, os, re

ROOT = os.path.realpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
# valgrind names the source file and not the library where it knows it.
OURS = {os.path.basename(p) for pattern in ("plugin/**/*.[ch]", "expert/*.[ch]") for p in glob.glob(os.path.join(ROOT, pattern), recursive=True)}

ASAN = re.compile(r"^==\d+==ERROR: (AddressSanitizer): (\S+?)(?: |:|$).*?(?=^SUMMARY: |^==\d+==ABORTING|\Z)", re.M | re.S)
UBSAN = re.compile(r"^(\S+?):\d+:\d+: runtime error: (.*)\n((?:\s+#\d+ .*\n?)*)", re.M)
FRAME = re.compile(r"^\s+#\d+ 0x[0-9a-f]+ (?:in (\S+) )?(?:.*\(([^()\s]+)\+(0x[0-9a-f]+)\)|(\S+?):\d+|.*)", re.M)
VALGRIND = re.compile(r"^==\d+== +(?:at|by) 0x[0-9A-F]+: (\S+) \((?:in ([^)]*)|([^):]*):\d+)\)", re.M)
VALGRIND_KINDS = re.compile(r"Invalid \w+|Conditional jump|Use of uninit|points to un|definitely lost|Mismatched|Argument '|overlap|Process terminating")
GLIB = re.compile(r"^(?:\([^)\n]*\): )?(\S+)-(CRITICAL|ERROR|WARNING) \*\*: ?(?:[\d:.]+: )?(.*)$", re.M)
GLIB_ASSERT = re.compile(r"^(?:\*\*\n)?(\S*)ERROR:(\S+?):\d+:(\S+): (.*)$", re.M)
WSUTIL = re.compile(r"^ ?\*\* \(\S+\) [\d:.]+ \[(\S*) ?(WARNING|CRITICAL|ERROR)\] (?:(\S+?):\d+ )?-- (.*)$", re.M)
# What stands between a fault and the function that made it: run-time libraries, and the way of an assertion to abort().
RUNTIME = re.compile(r"(libasan|libsanitizer/|libubsan|libc[.-]|libglib-|libgobject-|libpthread|ld-linux|vgpreload|\.\./sysdeps|nptl/|stdlib/|sysdeps/)")
LOGGING = re.compile(r"^(ws_log\w*|g_log\w*|g_assert\w*|proto_report_dissector_bug|ws_assert\w*)$")
# What tshark's tree says where a dissector threw.
THROWN = re.compile(r"(?:Dissector bug, protocol [^:\n]+: .*|Malformed Packet: ESPIAL.*|Exception occurred: .*)")


class Report:
    """One fault: its kind, the functions in which it happened (the innermost first, without those
    of the run-time; [] where the report has none), the whole text, and what an assertion said."""

    def __init__(self, kind, stack, text, said=""):
        self.kind, self.text, self.said = kind, text.strip(), re.sub(r"0x[0-9a-f]+|\d+", "N", said)[:120]
        frames = [(f, lib) for f, lib in stack if not RUNTIME.search(lib)]
        last = max((i + 1 for i, (f, _) in enumerate(frames[:8]) if LOGGING.match(f)), default=0)
        self.stack = frames[last:]

    def through_us(self):
        return any(is_ours(lib) for _, lib in self.stack)

    def in_us(self):
        """Espial's own code is what did it, not what it called."""
        return bool(self.stack) and is_ours(self.stack[0][1])

    def ours(self, depth):
        """For each of the innermost functions: is it Espial's?"""
        return [is_ours(lib) for _, lib in self.stack[:depth]]

    def signature(self):
        """What is the same when it happens again: the innermost three functions; numbers vary."""
        if self.stack:
            return (self.kind, *[f"{f} ({lib})" for f, lib in self.stack[:3]])
        return (self.kind, re.sub(r"0x[0-9a-f]+|\d+", "N", self.text)[:300])

    def name(self):
        if not self.stack:
            return f"{self.kind}: {self.said or self.text[:200]}"
        f, lib = next(((f, lib) for f, lib in self.stack if not f.startswith("+")), self.stack[0])
        return f"{self.kind} in {f} ({lib})" + (f": {self.said}" if self.said else "")


def is_ours(lib):
    return lib == "espial.so" or lib in OURS


def stack_of(text):
    """(function, library or source file); +OFFSET for a function without a name."""
    out = []
    for function, library, offset, source in FRAME.findall(text):
        where = os.path.basename(library or source)
        out.append((function or "+" + offset, source if RUNTIME.search(source) else where))
    return out


def reports(text, status=0):
    """All faults in what a program wrote to its standard error; where it ended in none that it
    told of, one of its status."""
    found = []
    for m in ASAN.finditer(text):
        # Behind the first stack come others: who allocated, who freed.
        first = re.split(r"\n\n", m.group(0).split("\n    #0", 1)[-1], maxsplit=1)[0]
        before = text[:m.start()]
        said = [e[3] for e in WSUTIL.findall(before) if e[1] == "ERROR"] + [e[3] for e in GLIB_ASSERT.findall(before)]
        found.append(Report(m.group(2), stack_of("    #0" + first), m.group(0), said[-1] if said else ""))
    for m in UBSAN.finditer(text):
        if m.group(1) not in ("AddressSanitizer",):
            found.append(Report("undefined behaviour", stack_of(m.group(3)) or [("?", os.path.basename(m.group(1)))], m.group(0)))
    for m in () if found else GLIB_ASSERT.finditer(text):
        found.append(Report("assertion", [(m.group(3), os.path.basename(m.group(2)))], m.group(0)))
    for m in GLIB.finditer(text):
        found.append(Report(f"{m.group(1)} {m.group(2).lower()}", [], m.group(3), m.group(3)))
    for m in WSUTIL.finditer(text):
        if not found or m.group(2) != "ERROR":      # an ERROR aborts, which is told of with its stack
            stack = [(m.group(4).split("(")[0], os.path.basename(m.group(3)))] if m.group(3) else []
            found.append(Report(f"{m.group(1)} {m.group(2).lower()}", stack, m.group(4), m.group(4)))
    if not found and status not in (0, 1, 2, 14, 97):       # 14: from 4.6 on, of a file that ends early
        found.append(Report("no end" if status == 98 else f"exit {status}", [], text.strip()[-300:] or "nothing on standard error"))
    return found


def valgrind_reports(text):
    found = []
    for block in re.split(r"^==\d+== ?\n", text, flags=re.M):
        kind = VALGRIND_KINDS.search(block)
        if kind:
            # Behind the first stack: where the block was allocated.
            stack, own = [], re.split(r"^==\d+==  (?:Address|Uninitialised)", block, maxsplit=1, flags=re.M)[0]
            for function, library, source in VALGRIND.findall(own):
                stack.append((function, os.path.basename(library or source)))
            found.append(Report("valgrind: " + kind.group(0), stack, block))
    return found


def thrown(text):
    """What dissectors threw, as tshark's tree tells it.  Most output has none: looked for quickly."""
    if "Dissector bug" in text or "Malformed Packet: ESPIAL" in text or "Exception occurred" in text:
        return THROWN.findall(text)
    return []
