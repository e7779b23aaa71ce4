#!/usr/bin/python3
"""-DSAN=address,undefined builds all there is, the tests too: whatever is linked of sanitised objects is
linked with their runtime.  It is configured from nothing and its commands are read; building it all
takes a minute and is left to CONTRIBUTING.md."""
# SPDX-License-Identifier: GPL-2.0-or-later
import os
import re
import shlex
import subprocess
import sys
import tempfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.realpath(__file__))))
BUILD = os.environ.get("ESPIAL_BUILD_DIR", os.path.join(ROOT, "build"))
LIKE_THE_BUILD = ("CMAKE_C_COMPILER", "CMAKE_PREFIX_PATH", "Wireshark_DIR")
SAN = "-fsanitize="


def output(*args):
    done = subprocess.run(args, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    if done.returncode:
        raise OSError(f"{' '.join(args)}:\n{done.stdout}")
    return done.stdout


def commands(folder):
    """What the build would run, each as its words."""
    with open(os.path.join(BUILD, "CMakeCache.txt"), encoding="utf-8") as f:
        cache = dict(re.findall(r"^(\w+):\w+=(.*)$", f.read(), re.M))
    like = [f"-D{name}={cache[name]}" for name in LIKE_THE_BUILD if cache.get(name)]
    output(cache["CMAKE_COMMAND"], "-S", ROOT, "-B", folder, "-G", "Ninja", "-DSAN=address,undefined", "-DBUILD_TESTING=ON", *like)
    return [shlex.split(line) for line in output("ninja", "-C", folder, "-t", "commands").splitlines()]


def after(words, option):
    return words[words.index(option) + 1]


def missing(lines):
    """Programs and libraries of sanitised objects that are linked without the runtime, and how many
    are linked with it."""
    sanitised, archives, without, linked = set(), {}, [], 0
    for words in lines:
        if "-c" in words and "-o" in words:
            if any(w.startswith(SAN) for w in words):
                sanitised.add(after(words, "-o"))
        elif "qc" in words:             # an archive; its runner comes first
            inputs = words[words.index("qc") + 2:]
            archives[after(words, "qc")] = any(w in sanitised for w in inputs)
        elif "-o" in words:
            inputs = [w for w in words if w != after(words, "-o")]
            if any(w in sanitised or archives.get(w) for w in inputs):
                linked += 1
                if not any(w.startswith(SAN) for w in words):
                    without.append(after(words, "-o"))
    return without, linked


def main():
    try:
        with tempfile.TemporaryDirectory() as folder:
            lines = commands(folder)
    except OSError as e:
        sys.exit(str(e))
    without, linked = missing(lines)
    # The fault planted: no link has the runtime.
    planted, _ = missing([[w for w in words if "-c" in words or not w.startswith(SAN)] for words in lines])
    wrong = [f"{name} is made of sanitised objects and linked without their runtime" for name in without]
    if len(planted) != linked or not any("flood" in name for name in planted):
        wrong.append("a link without the runtime is not seen")
    print("\n".join(wrong) or f"figure: sanitisers: {linked} programs and libraries of a build with -DSAN are linked with the runtime")
    sys.exit(1 if wrong else 0)


main()
