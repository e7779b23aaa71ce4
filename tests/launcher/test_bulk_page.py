"""The commands of docs/bulk.md, run as they stand there, but those of GNU parallel (and of its log) and Slurm, which have tests of their own.
SPDX-License-Identifier: GPL-2.0-or-later"""
import os
import re
import subprocess
import tempfile
from pathlib import Path

from bulk import PROGRAM, SOURCE, environment, folder_of


def commands():
    text = (SOURCE / "docs/bulk.md").read_text()
    return [line for block in re.findall(r"^```sh\n(.*?)^```$", text, re.M | re.S) for line in block.splitlines() if "parallel " not in line and not line.startswith("awk ")]


def main():
    with tempfile.TemporaryDirectory() as folder:
        folder_of(Path(folder, "captures"), 40)
        env = {**environment(), "PATH": f"{PROGRAM.parent}:{os.environ['PATH']}"}
        said = []
        for line in commands():
            run = subprocess.run(["bash", "-c", line], cwd=folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                 stdin=subprocess.DEVNULL, timeout=60, check=False)
            assert run.returncode in (0, 1) and run.stdout and not run.stderr, (line, run)
            said.append(run.stdout)
        assert len(said) >= 7, said
        assert "40 files: 40 read" in said[0] and "40 had a result already" in said[2], said
        assert said[-2].strip() == "40" and 0 < int(said[-1]) < 40, said[-2:]
    print(f"figure: docs/bulk.md: {len(said)} commands")


main()
