"""Completion and manual page know every option of --help, and no other.  SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import re
import shutil
import subprocess
from pathlib import Path

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
BUILD = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build"))
FOLDER = SOURCE / "contrib/completion"
PROGRAM = BUILD / "bin/espial"


def said(*args, **more):
    return subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=True,
                          timeout=60, cwd=SOURCE, **more).stdout


def options(text):
    """{long option: its letter or nothing} of a --help."""
    found = {}
    for line in text.splitlines():
        row = re.match(r"\s+(?:-(\w), )?--([\w-]+)", line)
        if row:
            found[row[2]] = row[1] or ""
        for name in re.findall(r"(?<![\w-])--([\w-]+)(?= [A-Z])", line.split("  ")[0] if not row else line[:40]):
            found.setdefault(name, "")
    return found


def known():
    found = options(said(SOURCE / "espial", "--help"))
    assert "keys" in found and "author" in found and "no-install" in found, found
    found["help"] = ""
    if PROGRAM.exists():
        of_program = options(said(PROGRAM, "--help"))
        assert of_program["findings"] == "f", of_program
        found.update(of_program)
    return found


def bash(*words):
    """What bash offers behind these words, the last of which is begun."""
    script = ('. "$0"; COMP_WORDS=(espial "$@"); COMP_CWORD=$#; _espial; printf "%s\\n" "${COMPREPLY[@]}"')
    return said("bash", "--norc", "-c", script, FOLDER / "espial.bash", *words).split()


def test_bash(all_options):
    offered = set(bash("--"))
    assert offered >= {f"--{name}" for name in all_options}, {f"--{n}" for n in all_options} - offered
    letters = {f"-{letter}" for letter in all_options.values() if letter}
    assert set(bash("-")) >= letters, letters
    for name in all_options:
        assert f"--{name}" in bash(f"--{name[:-1]}"), name
    assert bash("--min-severity", "") == ["chat", "note", "warning", "error"], bash("--min-severity", "")
    assert bash("--min-severity", "=", "w") == ["warning"] and bash("--date", "=") == ["today"]
    assert "README.md" in bash("--keys", "READ") and "README.md" in bash("READ"), bash("READ")
    assert bash("--", "--fin") == [], bash("--", "--fin")
    assert bash("--title", "--fin") == []


def test_zsh(all_options):
    text = (FOLDER / "_espial").read_text()
    for name, letter in all_options.items():
        assert re.search(rf"--{name}(?:[=}}\[])", text), f"zsh: no --{name}"
        assert not letter or re.search(rf"\{{-{letter}\+?,--{name}=?\}}", text), f"zsh: no -{letter}"
    if shutil.which("zsh"):
        said("zsh", "-n", FOLDER / "_espial")


def test_fish(all_options):
    text = (FOLDER / "espial.fish").read_text()
    for name, letter in all_options.items():
        assert re.search(rf"{f'-s {letter} ' if letter else ''}-l {name} ", text), f"fish: no --{name} -{letter}"
    if shutil.which("fish"):
        offered = said("fish", "--no-config", "-c", f"source {FOLDER}/espial.fish; complete -C 'espial --'")
        words = {line.split("\t")[0].rstrip("=") for line in offered.splitlines()}
        assert words >= {f"--{name}" for name in all_options}, words


def test_manual(all_options):
    text = (SOURCE / "docs/man/espial.1").read_text()
    items = re.findall(r"^\.It (.*)", text, re.M)
    for name, letter in all_options.items():
        item = [i for i in items if re.search(rf"Fl Fl {name}\b", i)]
        assert len(item) == 1, f"espial.1: {name}: {item}"
        assert not letter or f"Fl {letter} , " in item[0], item
    if shutil.which("man") or shutil.which("mandoc"):
        for page in "espial.1", "espial.7":
            shown = said("mandoc", "-Tutf8", SOURCE / "docs/man" / page) if shutil.which("mandoc") else \
                said("man", "--warnings", "-l", SOURCE / "docs/man" / page)
            assert "ESPIAL" in shown, page


def test_no_more(all_options):
    """What only one of the two programs has is there too, where that one is not built; all else would be made up."""
    of_program = {"option", "dissect", "format", "output", "jobs", "list", "memory-limit", "time-limit", "merge"}
    for name in "espial.bash", "_espial", "espial.fish":
        text = (FOLDER / name).read_text()
        offered = set(re.findall(r"(?<![\w-])--([a-z][\w-]+)", text)) | set(re.findall(r"-l ([a-z][\w-]+)", text))
        assert offered <= set(all_options) | of_program, (name, offered - set(all_options))


def main():
    all_options = known()
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    for test in tests:
        test(all_options)
    print(f"figure: completion: {len(all_options)} options in bash, zsh, fish and the manual page, {len(tests)} tests")


main()
