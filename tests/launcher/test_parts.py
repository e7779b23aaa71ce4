"""A series in two stages: each file by itself gives its part, also where that was stopped and is done again, and the parts give the
report that the files give on one machine, octet for octet.  SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launched import SOURCE, expect
from test_series import CUT, NOTHING, PCAPS, PROGRAM, RING, RING_KEYS, cut, espial, frames, tool

# Many gateways at one time: NAT, MOBIKE, rekeying on both sides, fragments, ESP in TCP, a peer that restarts.
MANY = ("nat_both", "mobike_v4", "rekey_child", "rekey_ike", "esp_fragments", "peer_restarted", "v1_xauth_reauth", "5_clean_ikev2", "cert_v2_fragments",
        "duplicate_frames", "retransmission")
FORMS = (["--json"], ["--findings"])


def extract(folder, files, *options):
    """Each file by a process of its own, as the jobs of an array are."""
    env = {**os.environ, "WIRESHARK_CONFIG_DIR": NOTHING.name, "LC_ALL": "C.UTF-8"}
    jobs = [subprocess.Popen([PROGRAM, "--extract", folder, *options, path], env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
            for path in files]
    said = [job.communicate(timeout=120) for job in jobs]
    assert all(job.returncode == 0 for job in jobs) and not any(out or err for out, err in said), said
    return sorted(Path(folder).glob("*.part"))


def same(files, folder, keys=(), options=()):
    """Text, JSON and page of the files and of their parts; keys are given to the second stage alone."""
    parts = extract(folder, files, *options)
    assert len(parts) == len(files), (parts, files)
    for form in FORMS:
        wanted, got = espial("--series", *form, *keys, *files), espial("--series", *form, *keys, *parts)
        what = f"{files[0]}, {len(files)} files, {form} {keys} {options}"
        assert (got.returncode, got.stdout, got.stderr) == (wanted.returncode, wanted.stdout, wanted.stderr), f"{what}:\n{got}\n{wanted}"
    return parts


def test_samples():
    def one(name):
        with tempfile.TemporaryDirectory() as folder:
            folder, source = Path(folder), PCAPS / f"{name}.pcapng"
            files = cut(source, 4, folder)
            same(files, folder / "whole", ["--keys", source.with_suffix(".keys")])
            same(files, folder / "whole")
            same(files, folder / "headers", options=["--headers"])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(one, CUT))


def many(folder):
    """A capture of many gateways."""
    shifted = []
    for name in MANY:
        source, to = PCAPS / f"{name}.pcapng", folder / f"{name}.at"
        start = float(tool("capinfos", "-M", "-T", "-r", "-S", "-a", source).split("\t")[-1])
        tool("editcap", "-F", "nsecpcap", "-t", f"{1.8e9 - start:.9f}", source, to)
        shifted.append(to)
    tool("mergecap", "-F", "nsecpcap", "-w", folder / "many.pcap", *shifted)
    return folder / "many.pcap"


def test_many_gateways():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source = many(folder)
        files = cut(source, 23, folder)
        page, theirs = folder / "a.html", folder / "b.html"
        for options in [], ["--headers"]:
            parts = same(files, folder / f"parts{len(options)}", options=options)
            expect(espial("--series", "--html", page, *files), 1)
            expect(espial("--series", "--html", theirs, folder / f"parts{len(options)}"), 1)
            assert page.read_bytes() == theirs.read_bytes()
        wanted, got = (json.loads(espial("--series", "--json", *some).stdout) for some in (files, parts))
        assert wanted == got and len(got["ike_sas"]) > 8 and len(got["capture"]["files"]) == len(files), got["capture"]


def test_overlaps():
    """Frames that two files have, files that alternate, gaps, one that is given twice, one that is cut short."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        whole, odd, even, begin, end, late, again = (folder / f"{name}.pcapng" for name in ("whole", "odd", "even", "begin", "end", "late", "again"))
        tool("mergecap", "-w", whole, *RING)
        num = frames(whole)
        tool("editcap", "-r", whole, odd, *range(1, num + 1, 2))
        tool("editcap", "-r", whole, even, *range(2, num + 1, 2))
        tool("editcap", "-r", whole, begin, "1-12")
        tool("editcap", "-r", whole, end, f"7-{num}")
        tool("editcap", "-t", 3600, RING[2], late)
        shutil.copy(odd, again)
        for number, files in enumerate(((odd, even), (end, begin), (whole, end, odd), (*RING[:2], late), (odd, even, again))):
            for options in [], ["--headers"]:
                where = folder / f"{number}{len(options)}"
                parts = {path.name.rsplit("-", 1)[0]: path for path in extract(where, files, *options)}
                in_order = [parts[path.name] for path in files]
                for form in FORMS:
                    wanted, got = espial("--series", *form, *files), espial("--series", *form, *in_order)
                    assert (got.returncode, got.stdout) == (wanted.returncode, wanted.stdout), f"{files} {options}:\n{got}\n{wanted}"
        short = folder / "short.pcapng"
        short.write_bytes(RING[1].read_bytes()[:-40])
        run = espial("--extract", folder / "short", RING[0], short, RING[2])
        expect(run, 2, err=[f"{short}: cut short or damaged: its part has the 5 frames before that"])
        wanted, got = espial("--series", RING[0], short, RING[2]), espial("--series", folder / "short")
        assert (got.returncode, got.stdout, got.stderr) == (wanted.returncode, wanted.stdout, wanted.stderr), f"{got}\n{wanted}"


def test_stopped():
    """A job that is killed leaves no part; done again it gives the same, and what is there already stays."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = [Path(shutil.copy(path, folder)) for path in RING]
        wanted = espial("--series", "--json", *files)
        data = files[1].read_bytes()
        files[1].unlink()
        os.mkfifo(files[1])
        parts = folder / "parts"
        extract(parts, files[:1])
        with subprocess.Popen([PROGRAM, "--extract", parts, files[1]], stderr=subprocess.DEVNULL) as job:
            with files[1].open("wb") as pipe:
                pipe.write(data[:-100])
                pipe.flush()
                limit = time.monotonic() + 30
                while not list(parts.glob(".espial.*")) and time.monotonic() < limit:
                    time.sleep(0.01)
                assert list(parts.glob(".espial.*")), "it has not begun"
                job.send_signal(signal.SIGKILL)
                job.wait(30)
        assert len(list(parts.glob("*.part"))) == 1, list(parts.iterdir())
        files[1].unlink()
        files[1].write_bytes(data)
        first = next(parts.glob("*.part"))
        made = first.stat().st_mtime_ns, first.stat().st_ino
        assert len(extract(parts, files)) == 3
        assert made == (first.stat().st_mtime_ns, first.stat().st_ino), "what was there was made again"
        got = espial("--series", "--json", parts)
        assert (got.returncode, got.stdout) == (wanted.returncode, wanted.stdout), f"{got}\n{wanted}"
        tool("editcap", "-r", RING[0], files[0], "1-5")
        os.utime(files[0], (time.time() + 5, time.time() + 5))
        extract(parts, files[:1])
        assert espial("--series", "--json", *files).stdout == espial("--series", "--json", parts).stdout
        assert first.stat().st_ino != made[1], "what has changed was not made again"


def test_array_jobs():
    """The scripts for Slurm, each task as a plain process; one of them is killed and done again."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = cut(PCAPS / "peer_restarted.pcapng", 7, folder)
        (folder / "files").write_text("".join(f"{path}\n" for path in files))
        env = {**os.environ, "WIRESHARK_CONFIG_DIR": NOTHING.name, "LC_ALL": "C.UTF-8", "ESPIAL": str(PROGRAM), "SLURM_ARRAY_TASK_COUNT": "3",
               "SLURM_ARRAY_TASK_MIN": "4", "SLURM_ARRAY_TASK_MAX": "6"}
        scripts = SOURCE / "contrib/slurm"

        def task(number):
            return subprocess.Popen([scripts / "series_parts.sh", "files", "parts"], cwd=folder, env={**env, "SLURM_ARRAY_TASK_ID": str(number)},
                                    start_new_session=True)

        jobs = [task(number) for number in (4, 5, 6)]
        os.killpg(jobs[1].pid, signal.SIGKILL)
        assert [job.wait(60) for job in jobs] == [0, -signal.SIGKILL, 0]
        assert task(5).wait(60) == 0
        assert len(list((folder / "parts").glob("*.part"))) == len(files)
        subprocess.run([scripts / "series_report.sh", "files", "parts", "report.json", "--json"], cwd=folder, env=env, check=True, timeout=60)
        assert (folder / "report.json").read_text() == espial("--series", "--json", *files).stdout


def test_refused():
    """A part that is damaged, of another folder, or among captures is said; keys are in none of them."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        parts, others = extract(folder / "a", RING), extract(folder / "b", RING)
        for table in RING_KEYS.iterdir():
            assert not any(table.read_bytes()[:16] in path.read_bytes() for path in parts)
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in parts)
        bad = folder / "bad.part"
        good = parts[1].read_bytes()
        for data, words in ((good[:-30], "its part is damaged: make it again (--extract)"), (good[:600] + bytes([good[600] ^ 1]) + good[601:], "its part is damaged"),
                            (good[:20], "a part of a series that is damaged at its beginning")):
            bad.write_bytes(data)
            expect(espial("--series", parts[0], bad, parts[2]), 2, err=[words])
        expect(espial("--series", parts[0], others[1]), 2, err=["a part that was not made with the others, or a capture among parts; left out of the series"])
        expect(espial("--series", parts[0], RING[1]), 2, err=["a part that was not made with the others, or a capture among parts"])
        expect(espial(parts[0]), 2, err=["not a capture file"])
        cut_parts = extract(folder / "c", RING, "--headers")
        expect(espial("--series", "--keys", RING_KEYS, *cut_parts), 0, err=["ESP was cut to its headers when the parts were made (--headers): no key opens it"])
        state = folder / "state"
        expect(espial("--save-state", state, RING[0]), 0)
        expect(espial("--series", "--state", state, *cut_parts[1:]), 2, err=["cannot go on from a state"])
        expect(espial("--extract", folder / "d", "--json", RING[0]), 2, err=["--extract makes parts and no report"])
        expect(espial("--headers", RING[0]), 2, err=["--headers needs --extract"])
        expect(espial("--extract", folder / "e", folder / "none"), 2, err=["no such file; no part is made of it"])


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"ok {name}", flush=True)
