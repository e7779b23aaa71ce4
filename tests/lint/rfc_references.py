#!/usr/bin/python3
"""Holds every "RFC 7296 section 2.7" of the project against rfc_sections.txt: a section that its
RFC does not have is a fault of the text that cites it.
usage: rfc_references.py [FILE...]: without files the whole project.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import bisect, os, re, sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.realpath(os.path.join(HERE, "..", ".."))
INDEX = os.path.join(HERE, "rfc_sections.txt")
PARTS = ("include", "plugin", "expert", "tests", "docs", "README.md", "espial", "run-tests", "setup.sh")
KINDS = (".c", ".h", ".def", ".py", ".md", ".lua", ".sh", "")
GENERATED = ("expert/CHECKS.md",)

NUMBER = r"(?:[A-Z](?:\.?\d+)+(?:\.\d+)*|\d+(?:\.\d+)*)"
NAMED = rf"(?:[Ss]ections?\s+{NUMBER}|[Aa]ppendix\s+[A-Z](?:\.?\d+(?:\.\d+)*)?)"
PLACES = rf"{NAMED}(?:(?:\s*,\s*(?:and\s+)?|\s+and\s+|\s+to\s+|\s*-\s*)(?:{NAMED}|{NUMBER}(?![\w.]*\w)))*"
# A document with its places, more documents of the same kind, or places alone.
CITED = re.compile(rf"(?P<other>\b(?:draft-[\w-]+|TS [\d.]+|DESIGN|FIPS [\d-]+|SP 800-\w+)),?\s+{PLACES}"
                   rf"|\bRFC ?(?P<rfc>\d{{3,5}})\b(?:,?\s+(?P<places>{PLACES})|(?P<more>(?:,\s+\d{{4}}\b)*))"
                   rf"|(?P<bare>\b{PLACES})")
PLACE = re.compile(r"(?:[Aa]ppendix\s+)?([A-Z](?:\.?\d+)*(?:\.\d+)*|\d+(?:\.\d+)*)(?![a-z])")


def key(section):
    """A2 and A.2 are the same appendix."""
    return re.sub(r"^([A-Z])\.?(?=\d)", r"\1.", section)


def joined(text):
    """Lines of one comment as one line, of the same length: offsets stay what they were."""
    return re.sub(r"\n[ \t]*(?:\*(?!/)|//|#)?[ \t]*", lambda m: " " * len(m.group()), text)


def comments(text, path):
    """(offset, text) of the stretches in which a section without an RFC means the RFC named before it."""
    if path.endswith((".c", ".h", ".def")):
        return [(m.start(), m.group()) for m in re.finditer(r"/\*.*?\*/|\"(?:[^\"\\\n]|\\.)*\"|//[^\n]*", text, re.S)]
    return [(m.start(), m.group()) for m in re.finditer(r"(?:[^\n]+\n?)+", text)]


def references(text, path):
    """(line, rfc or None, section or None) of what the text cites; no RFC: sections of nothing that is named."""
    starts = [m.start() for m in re.finditer(r"^", text, re.M)]
    for offset, stretch in comments(text, path):
        last = None
        for m in CITED.finditer(joined(stretch)):
            line = bisect.bisect_right(starts, offset + m.start())
            if m["other"]:
                last = False        # documents that the index does not know
                continue
            if m["rfc"]:
                last = int(m["rfc"])
            if m["rfc"] and not m["places"]:
                for rfc in re.findall(r"\d{3,5}", m.group()):
                    yield line, int(rfc), None
            elif last is not False:
                for section in PLACE.findall(m["places"] or m["bare"]):
                    if re.fullmatch(r"\d{4}", section):
                        yield line, int(section), None      # "RFC 2409 section 6, 3526"
                    else:
                        yield line, last, key(section)
    if path.endswith("names.def"):
        for m in re.finditer(r"^ROW(?:_AS)?\(.*, (\d{3,})\)", text, re.M):
            yield bisect.bisect_right(starts, m.start()), int(m.group(1)), None


def sources():
    for part in PARTS:
        whole = os.path.join(ROOT, part)
        for folder, _, names in sorted(os.walk(whole)) if os.path.isdir(whole) else [(ROOT, [], [part])]:
            for name in sorted(names):
                path = os.path.relpath(os.path.join(folder, name), ROOT)
                if os.path.splitext(name)[1] in KINDS and path not in GENERATED and "/corpus/" not in path:
                    yield path


def cited(paths):
    """(path, line, rfc, section) of every reference."""
    for path in paths:
        try:
            with open(os.path.join(ROOT, path), encoding="utf-8") as f:
                text = f.read()
        except (FileNotFoundError, UnicodeDecodeError):
            continue
        for line, rfc, section in references(text, path):
            yield path, line, rfc, section


def index():
    """{rfc: {section: title}}, and the set of RFCs whose text was not held."""
    sections, missing, rfc = {}, set(), None
    with open(INDEX, encoding="utf-8") as f:
        for line in f:
            if line.startswith("#"):
                continue
            if line.startswith("not held: "):
                missing = {int(n) for n in re.findall(r"\d+", line)}
            elif line.startswith("RFC "):
                rfc = int(line[4:])
                sections[rfc] = {}
            else:
                number, _, title = line.strip().partition(" ")
                sections[rfc][number] = title
    return sections, missing


def main():
    sections, missing = index()
    faults, total, unchecked, files = 0, 0, 0, set()
    for path, line, rfc, section in cited(sys.argv[1:] or sources()):
        fault = None
        total += 1
        files.add(path)
        if rfc is None:
            fault = f"section {section}: of which RFC?"
        elif rfc in missing:
            unchecked += section is not None
        elif rfc not in sections:
            fault = f"RFC {rfc} is not in the index: run tests/lint/rfc_index.py FOLDER"
        elif section and section not in sections[rfc]:
            fault = f"RFC {rfc} has no section {section}"
        if fault:
            faults += 1
            print(f"{path}:{line}: {fault}")
    if faults:
        sys.exit(f"{faults} of {total} references are wrong")
    print(f"figure: RFC references: {total} in {len(files)} files, all in the index of {len(sections)} RFCs; "
          f"{len(missing)} RFCs not held, {unchecked} sections of these unchecked")


if __name__ == "__main__":
    main()
