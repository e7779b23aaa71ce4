"""The launcher, run as a person would, and what is expected of it.
SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import subprocess
from pathlib import Path

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
PROGRAM = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build")) / "bin/espial"


def espial(*args, cwd=None, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, preexec_fn=None, **env):
    run = subprocess.run([SOURCE / "espial", *map(str, args)], text=True, errors="surrogateescape",
                         stdin=stdin, stdout=stdout, stderr=subprocess.PIPE, cwd=cwd, preexec_fn=preexec_fn,
                         timeout=300, env={**os.environ, **env})
    run.stderr = run.stderr.replace("espial: waiting for another set-up\n", "")
    return run


def expect(run, status, out=(), err=()):
    said = f"{run.args}\nexit {run.returncode}\n{run.stdout}\n{run.stderr}"
    assert run.returncode == status, said
    for text in out:
        assert text in run.stdout, f"no {text!r} on stdout: {said}"
    for text in err:
        assert text in run.stderr, f"no {text!r} on stderr: {said}"
    assert "Running as user" not in run.stderr, said
