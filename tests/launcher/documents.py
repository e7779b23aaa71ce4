"""What the documents tell a reader to type: commands in blocks and in sentences, and options.
SPDX-License-Identifier: GPL-2.0-or-later"""
import re
import subprocess

# A block without "sh" that begins a line with one of these, or a sentence that has one with what follows, is a command.
PROGRAMS = ("./espial", "espial", "./run-tests", "tshark", "wireshark", "dumpcap", "mergecap", "editcap", "capinfos", "tcpdump", "ssh", "cmake", "ctest", "ninja",
            "sudo", "apt-get", "dpkg-buildpackage", "tar", "man", "jq", "sqlite3", "curl", "python3", "split", "parallel", "sbatch", "srun", "squeue", "pacman", "zeek-cut", "find", "ls", "head", "tail", "for")


def blocks(text):
    """(line, tag, body) of each fenced block."""
    begun = None
    for number, line in enumerate(text.split("\n"), 1):
        mark = re.match(r"\s*```(.*)$", line)
        if mark and begun is None:
            begun, tag, body = number, mark[1].strip(), []
        elif mark:
            yield begun, tag, "\n".join(body)
            begun = None
        elif begun is not None:
            body.append(line)


def is_whole(script):
    """The shell would not ask for more."""
    run = subprocess.run(["bash", "-n"], input=script, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False)
    return run.returncode == 0 and "here-document" not in run.stderr and not script.endswith("\\")


def commands_of(body):
    """Each command of a block, which may go over several lines."""
    begun = ""
    for line in body.split("\n"):
        begun = f"{begun}\n{line}" if begun else line
        if begun.strip() and not begun.lstrip().startswith("#") and is_whole(begun):
            yield begun
            begun = ""
        elif not begun.strip() or begun.lstrip().startswith("#"):
            begun = ""
    if begun:
        yield begun


def spans(text):
    """(line, code) in sentences and tables."""
    without = re.sub(r"^\s*```.*?^\s*```$", lambda block: "\n" * block[0].count("\n"), text, flags=re.S | re.M)
    for code in re.finditer(r"(?<!`)`([^`\n]+(?:\n[^`\n]+)?)`(?!`)", without):
        yield without.count("\n", 0, code.start()) + 1, code[1].replace("\\|", "|").replace("\n", " ")


def of_markdown(path, others):
    """(line, kind, text): kind is "command", "sentence" (a command in one), "option" (with its value), or "untagged".
    others are programs that a sentence names besides."""
    text = path.read_text(encoding="utf-8")
    for line, tag, body in blocks(text):
        if tag == "sh":
            for command in commands_of(body):
                yield line, "command", command
        elif not tag and any(one.strip().split(" ")[0] in PROGRAMS and " " in one.strip() for one in body.split("\n")):
            yield line, "untagged", body
    for line, code in spans(text):
        first = code.split(" ")[0]
        if (first in PROGRAMS + others or re.fullmatch(r"tests/\w+/run", first)) and " " in code:
            yield line, "sentence", code
        elif re.match(r"--?[A-Za-z0-9]", code):
            yield line, "option", code


def of_manual(path):
    """The examples of a manual page, and what it quotes."""
    for number, line in enumerate(path.read_text(encoding="utf-8").split("\n"), 1):
        if re.match(r"\.(Dl|Ql) ", line):
            command = line[4:].rstrip(" ,.").replace("\\&", "")
            if command.split(" ")[0] in PROGRAMS:
                yield number, "command" if line.startswith(".Dl") else "sentence", command


# Generated, of fields, sentences and checks; and what was, which nobody types.
NOT_TYPED = ("TEXTS.md", "FIELDS.md", "CHECKS.md", "CHANGELOG.md")


def pages(source):
    """All of the project: what git tracks, or, of a tarball, what it holds."""
    run = subprocess.run(["git", "-c", "safe.directory=*", "ls-files", "-z"], cwd=source, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
    paths = [source / name for name in run.stdout.decode().split("\0") if name] if run.returncode == 0 else \
        [path for path in source.rglob("*") if "build" not in path.relative_to(source).parts]
    return sorted(path for path in paths if path.is_file())


def all_of(source, others):
    """(document, line, kind, text), in the order of reading."""
    for path in pages(source):
        if path.suffix == ".md" and path.name not in NOT_TYPED:
            found = of_markdown(path, others)
        elif re.search(r"/docs/man/[^/]+\.[1-8]$", str(path)):
            found = of_manual(path)
        else:
            continue
        for line, kind, text in sorted(found, key=lambda one: one[0]):
            yield path.relative_to(source).as_posix(), line, kind, text
