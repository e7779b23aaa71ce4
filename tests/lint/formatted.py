"""What clang-format would change and means: indentation, spaces, where a brace or a return type
stands.  Where a line of a table or of a long call breaks, and the gap before a comment behind
code, are the writer's.
Used by tests/lint/run."""
# SPDX-License-Identifier: GPL-2.0-or-later
import difflib
import re
import subprocess

def statements(lines):
    """Breaks that are not free: braces alone, heads of functions, statements, labels and blocks."""
    return ([line.strip() for line in lines].count("{"),
            sum(1 for line in lines if re.match(r"[a-z][\w ]* \**\w+\([^;]*$", line)),
            sum(len(re.findall(r"\)\s*\{\s*$|\belse\b|^\s*(?:if|for|while|return|switch)\b", bare(line))) for line in lines))


def bare(line):
    return re.sub(r"\s*(/\*|//).*$", "", re.sub(r"^(#\s*define\s+\S+)\s+", r"\1 ", line))


def squeezed(lines):
    return "".join("".join(lines).split())


def continues(before):
    code = bare(before).rstrip()
    return before.endswith("\\") or not re.search(r"[;{}]$|^$|^\s*(case\b.*|default|\w+):$", code)


def same(old, new, before):
    """Differs by what is the writer's alone."""
    if len(old) != len(new):
        return squeezed(old) == squeezed(new) and statements(old) == statements(new)
    if squeezed(old) == squeezed(new) and "".join(old).count(" ? ") > 1:
        return True     # chains of choices
    if squeezed(old) == squeezed(new) and all(continues(last) for last in [before] + old[:-1]):
        return True
    return all(bare(a) == bare(b) or (bare(a.strip()) == bare(b.strip()) and continues(last))
               for a, b, last in zip(old, new, [before] + old))


def faults(path):
    with open(path, encoding="utf-8") as f:
        old = f.read().splitlines()
    run = subprocess.run(["clang-format", "--style=file", path], stdout=subprocess.PIPE, text=True, check=True)
    new = run.stdout.splitlines()
    for tag, a, b, c, d in difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
        if old[a:b] and re.match(r"\s*(#|TRY|CATCH|static STAT_INIT_RET )", old[a]):
            continue        # macros, and macros of Wireshark that read like statements
        if tag != "equal" and not same(old[a:b], new[c:d], old[a - 1] if a else ";"):
            yield a + 1, old[a:b], new[c:d]


def report(path):
    return "\n".join(f"{path}:{line}:\n" + "\n".join([f"  - {text}" for text in old[:6]] + [f"  + {text}" for text in new[:6]])
                     for line, old, new in faults(path))
