"""The program over many captures, as the tests of --output and --merge need it.
SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import random
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
PROGRAM = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build")) / "bin" / "espial"
NOTHING = tempfile.TemporaryDirectory()         # a configuration of Wireshark in which nothing is
PART = ".part-"


def environment(**more):
    return {**os.environ, "WIRESHARK_CONFIG_DIR": NOTHING.name, "LC_ALL": "C.UTF-8", **more}


def start(*args, **more):
    how = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL, **more}
    return subprocess.Popen([PROGRAM, *map(str, args)], env=environment(), **how)


def espial(*args, given=None):
    return subprocess.run([PROGRAM, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(), timeout=120,
                          check=False, input=given if given is not None else b"")


def expect(run, status, out=(), err=()):
    said = f"{run.args}\nexit {run.returncode}\n{run.stdout[-3000:].decode(errors='replace')}\n{run.stderr.decode(errors='replace')}"
    assert run.returncode == status, said
    for text in out:
        assert text.encode() in run.stdout, f"no {text!r} on stdout: {said}"
    for text in err:
        assert text.encode() in run.stderr, f"no {text!r} on stderr: {said}"


def whole(folder):
    """The files of results, without those that are being written, which are hidden."""
    return sorted(path for path in Path(folder).glob("*.jsonl") if not path.name.startswith(PART))


def results(folder):
    """{capture: the head of its result}."""
    heads = [json.loads(path.read_text().split("\n", 1)[0]) for path in whole(folder)]
    return {head["file"]: head for head in heads}


def summary(*paths):
    """As JSON, the exit status aside."""
    run = espial("--merge", "--json", *paths)
    assert run.returncode in (0, 1, 2) and not run.stderr, run
    return json.loads(run.stdout)


def workers_of(master):
    """Processes that the master has begun."""
    found = []
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text(errors="replace")
        except OSError:
            continue        # it has just ended
        if int(text.rpartition(")")[2].split()[1]) == master:
            found.append(int(stat.parent.name))
    return found


def wait_for(what, seconds=60):
    """What that gives, once it is something."""
    for _ in range(seconds * 50):
        found = what()
        if found:
            return found
        time.sleep(0.02)
    raise AssertionError(f"nothing after {seconds} s: {what}")


def folder_of(target, num, seed=1):
    """num small captures in folders, in a tenth of which something is wrong; with their keys."""
    names = sorted(path.stem for path in (SOURCE / "pcaps").glob("*.pcapng") if path.stat().st_size < 4000)
    chance = random.Random(seed)
    for i in range(num):
        name = "5_clean_ikev2" if i % 10 else chance.choice(names)
        place = Path(target, f"gateway{i % 7}", f"day{i // 70 % 30:02}")
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"{i:05}.pcapng"
        shutil.copyfile(SOURCE / "pcaps" / f"{name}.pcapng", path)
        keys = SOURCE / "pcaps" / f"{name}.keys"
        if keys.is_dir():
            path.with_suffix(".keys").symlink_to(keys)
    return target
