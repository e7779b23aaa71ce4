#!/usr/bin/python3
"""Writes rfc_sections.txt: the sections of every RFC that the project cites, from the texts that
the RFC Editor publishes (rfc7296.txt ..), which are not part of the project.  Of an RFC whose text
is not in FOLDER, what the index has stays.
usage: rfc_index.py FOLDER
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, re, sys

from rfc_references import INDEX, cited, index, key, sources

HEADING = re.compile(r"^ {0,3}(?:(?:APPENDIX|Appendix) ([A-Z])\b[.:]?|([A-Z]\.?\d+(?:\.\d+)*|[A-Z](?=\.  )|\d+(?:\.\d+)*)\.?)"
                     r"(?: +(?:[-:] *)?(.*))?$")
CONTENTS = re.compile(r"^ *(?:(?:APPENDIX|Appendix) ([A-Z])\b[.:]?|([A-Z]\.?\d+(?:\.\d+)*|\d+(?:\.\d+)*)\.?) +(.*?)"
                      r" *(?:(?:\. ?)+|\s{2,}) *\d+$")


def follows(number, seen):
    """Whether a heading may stand behind what came: 2.3 needs 2.2; 4.1 may stand without its 4."""
    parts = number.split(".")
    if not parts[-1].isdigit():
        return number == "A" or chr(ord(number) - 1) in seen
    last = int(parts[-1])
    if last > 1:
        return ".".join(parts[:-1] + [str(last - 1)]) in seen
    return last == 1 and (len(parts) < 3 or ".".join(parts[:-1]) in seen)


def alone(lines, i):
    """A heading has blank lines around it; a long one goes on in a second line."""
    after = lines[i + 1:i + 3] + ["", ""]
    return (i == 0 or not lines[i - 1].strip()) and (not after[0].strip() or (len(lines[i]) > 50 and not after[1].strip()))


def sections(text):
    """{number: title}: the headings of the text, and what only its table of contents tells."""
    found, lines, contents = {}, [line.rstrip() for line in text.replace("\f", "\n").split("\n")], set()
    for pattern in (CONTENTS, HEADING):
        appendix = False
        for i, line in enumerate(lines):
            m = pattern.match(line)
            if not m or (pattern is HEADING and (i in contents or not alone(lines, i))):
                continue
            number, title = key(m.group(1) or m.group(2)), " ".join((m.group(3) or "").split()).rstrip(" .")
            if appendix and number[0].isdigit():
                continue        # a list
            if number not in found and follows(number, found) and (title == "" or re.search("[A-Za-z]", title)):
                found[number] = title
            if pattern is CONTENTS:
                contents.add(i)
            elif number in found and not number[0].isdigit() and line[0] != " ":
                appendix = True
    for number in list(found):
        while "." in number:
            number = number.rpartition(".")[0]
            found.setdefault(number, "")
    return found


def order(number):
    return [(not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in number.split(".")]


def main():
    rfcs = sorted({rfc for _, _, rfc, _ in cited(sources()) if rfc})
    before = index()[0] if os.path.exists(INDEX) else {}
    held = {}
    for rfc in rfcs:
        path = os.path.join(sys.argv[1], f"rfc{rfc}.txt")
        if os.path.exists(path):
            with open(path, encoding="utf-8", errors="replace") as f:
                held[rfc] = sections(f.read())
        elif rfc in before:
            held[rfc] = before[rfc]
    missing = [rfc for rfc in rfcs if rfc not in held]
    with open(INDEX, "w", encoding="utf-8") as out:
        out.write("# Sections of the RFCs that the project cites; written by rfc_index.py.\n")
        for rfc, found in held.items():
            out.write(f"RFC {rfc}\n")
            for number in sorted(found, key=order):
                out.write(f"{number} {found[number]}".rstrip() + "\n")
        out.write("not held: " + ", ".join(map(str, missing)) + "\n")
    print(f"{INDEX}: {len(held)} RFCs, {len(missing)} not held")


if __name__ == "__main__":
    main()
