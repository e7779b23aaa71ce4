"""The project's own rules, each a function that yields "PATH: what is wrong, and what to do".
Run by tests/lint/run; tests/lint/test_rules.py plants a fault for each.  That each check has a
firing and a silent test, a remedy and a reference is tests/unit/test_rows.py's; who may include
and call whom is tests/rooms's."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import shutil
import subprocess

MAX_LINES = 600
MAX_FILES = 24
# Longer, and why:
LONG = {
    "LICENSE": "the licence",
    "tests/flood/flood.c": "every flood, one after another, and the table of what each may cost",
    "expert/CHECKS.md": "generated: one section for each check",
    "tests/golden/LIST": "one line for each capture and check",
}
TEXT = re.compile(r"(^|/)(CMakeLists\.txt|LIST|LICENSE|run|run-tests|espial|\.clang-(tidy|format)|[^/]+\.(c|h|def|py|sh|md|lua|cmake|xsl|conf))$")


def project_files(root):
    """Everything that belongs to the project: what git tracks or would add, where there is git."""
    git = shutil.which("git")
    run = git and subprocess.run([git, "ls-files", "--cached", "--others", "--exclude-standard"], cwd=root, stdout=subprocess.PIPE,
                                 stderr=subprocess.DEVNULL, text=True, check=False)
    paths = run.stdout.splitlines() if run else []
    if not run or run.returncode:
        for folder, folders, names in os.walk(root):
            folders[:] = [f for f in folders if f not in ("build", "__pycache__", ".git")]
            paths += [os.path.relpath(os.path.join(folder, name), root) for name in names]
    return sorted(p for p in set(paths) if os.path.isfile(os.path.join(root, p)))


# What a room may take from Wireshark all the same: no packet, no dissector and no tree comes with it.
PURE = {
    "wsutil/json_dumper.h": "plugin/report/",       # writes JSON, which is better not written again
}


def pure_core(path, text):
    """Core, checks, reports and their headers see no header of Wireshark."""
    if re.match(r"(plugin/core|plugin/report|expert|include)/.*\.[ch]$", path):
        for name in re.findall(r'^\s*#\s*include\s*[<"]((?:wireshark/|epan/|wsutil/|wiretap/|ui/|ws_)[^>"]*)', text, re.M):
            if name not in PURE or not path.startswith(PURE[name]):
                yield f"{path}: includes {name}, a header of Wireshark: only plugin/epan may"


def no_way_round(path, text):
    """A header is named as the include path of its room has it: "../" would pass by what a room may use."""
    if re.search(r"\.(c|h|def)$", path):
        for name in re.findall(r'^\s*#\s*include\s*[<"]((?:[^">]*/)?\.\./[^">]*)', text, re.M):
            yield f"{path}: includes {name}: write the name alone, and let CMakeLists.txt name the folder (USES of the room)"


def short_files(path, text):
    lines = text.count("\n")
    if lines > MAX_LINES and path not in LONG:
        yield f"{path}: {lines} lines, more than {MAX_LINES}: divide it"


def interpreters(path, text):
    """Debian's Python has the modules that the tests need; another first in PATH may not."""
    first = text.split("\n", 1)[0]
    if first.startswith("#!") and first not in ("#!/usr/bin/python3", "#!/usr/bin/env bash", "#!/bin/sh"):
        yield f"{path}: begins with {first}: #!/usr/bin/python3, #!/usr/bin/env bash or #!/bin/sh"


def portable_paths(path, text):
    """No path of one machine, no host of one network."""
    if path == "tests/lint/rules.py":
        return      # has the words that it looks for
    for word in re.findall(r"(?<![\w.~/$}-])/(?:home|root|mnt|srv|opt|work(?:space)?|builds?)/[\w./-]*|https?://[\w.-]*(?:mirror|artifact|nexus|proxy)[\w.-]*", text):
        yield f"{path}: names {word}, which other machines have not"


def licensed(path, text):
    """Sources say their licence in the first lines; the laboratory's scenarios are texts, not programs."""
    if path == ".ci/run" or path.startswith("tests/lab/scenarios/"):
        return
    if re.search(r"\.(c|h|py|sh|lua)$|(^|/)run$", path) and "SPDX-License-Identifier: GPL-2.0-or-later" not in "\n".join(text.split("\n")[:25]):
        yield f"{path}: no SPDX-License-Identifier: GPL-2.0-or-later in the first lines"


def told_exemptions(path, text):
    """What a tool is told not to look at has its reason beside it."""
    if path.startswith("tests/lint/"):
        return
    for line in text.split("\n"):
        if re.search(r"NOLINT(?:NEXTLINE|BEGIN)?\b(?!END)", line) and not re.search(r"NOLINT(?:NEXTLINE|BEGIN)?\([\w.,-]+\): \w", line):
            yield f"{path}: a NOLINT without its check and reason: {line.strip()}"
        if re.search(r"clang-format off(?!: \w)", line):
            yield f"{path}: a clang-format off without a reason: {line.strip()}"
        if re.search(r"shellcheck disable=\S+$", line) or re.search(r"cppcheck-suppress \S+( \*/)?$", line):
            yield f"{path}: an exemption without a reason: {line.strip()}"


# --- rules over the whole tree: they take {path: text} ------------------------------------------------

def few_files(house):
    """A folder of the house can be read in one look."""
    folders = {}
    for path in house:
        if re.match(r"(include|plugin|expert)/", path):
            folders.setdefault(os.path.dirname(path), []).append(path)
    for folder, paths in sorted(folders.items()):
        if len(paths) > MAX_FILES:
            yield f"{folder}: {len(paths)} files, more than {MAX_FILES}: what belongs together goes into a folder in it"


RULES = (pure_core, no_way_round, short_files, interpreters, portable_paths, licensed, told_exemptions)
HOUSE_RULES = (few_files,)


def judge(house):
    """What the rules say of {path: text}."""
    found = [fault for path, text in house.items() for rule in RULES for fault in rule(path, text)]
    return found + [fault for rule in HOUSE_RULES for fault in rule(house)]


def faults(root, paths):
    house = {}
    for path in paths:
        if TEXT.search(path):
            with open(os.path.join(root, path), encoding="utf-8", errors="replace") as f:
                house[path] = f.read()
    return judge(house)
