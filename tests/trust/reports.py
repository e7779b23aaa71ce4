"""Espial's JSON report of a capture, by whatever plugin tshark loads, or by the program, which is many times faster.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import json, os, subprocess


class Failed(Exception):
    """There is no report."""


def report(path, keys=None, empty="/", program=None):
    """keys: a folder as ./espial takes it, or None. empty: a folder without preferences. program: espial itself, or None for tshark.
    Options are those of ./espial."""
    if program:
        words = [program, "--json", "-o", "espial.feed_tables:FALSE", path]
    else:
        words = ["tshark", "-n", "-q", "-r", path, "-o", "espial.feed_tables:FALSE", "-z", "espial,json"]
    if keys:
        words += ["-o", f"espial.keylog_file:{keys}"]
        if os.path.exists(os.path.join(keys, "plan")):
            words += ["-o", f"espial.plan_file:{os.path.join(keys, 'plan')}"]
    env = dict(os.environ, HOME=empty, WIRESHARK_CONFIG_DIR=empty, LC_ALL="C.UTF-8")
    run = subprocess.run(words, env=env, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=300)
    at = run.stdout.find(b"{")
    if at < 0 or run.returncode not in ((0, 1, 2) if program else (0,)):   # findings; keys that are none
        raise Failed(f"{words[0]}: exit {run.returncode}: {run.stderr.decode(errors='replace')[-400:]}")
    return json.loads(run.stdout[at:])
