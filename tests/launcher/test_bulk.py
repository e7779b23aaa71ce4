"""espial --output: a result for each capture, whatever happens to the processes that read them, and
a second run that goes on.  SPDX-License-Identifier: GPL-2.0-or-later"""
import contextlib
import json
import os
import pty
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

from bulk import PART, PROGRAM, SOURCE, environment, espial, expect, folder_of, results, start, summary, wait_for, whole, workers_of

CLEAN = SOURCE / "pcaps/5_clean_ikev2.pcapng"
FINDING = SOURCE / "pcaps/1_wrong_password.pcapng"


def told(folder):
    """The report of each result, and what espial --json says of its capture."""
    for path in whole(folder):
        head, report = path.read_text().split("\n", 1)
        yield report, espial("--json", json.loads(head)["file"]).stdout.decode()


def test_each(place):
    """The reports are those of the program; exit status, account, and nothing to do the second time."""
    captures = folder_of(place / "captures", 30)
    run = espial("--output", place / "out", "--jobs", 2, captures)
    expect(run, 1, ["30 files: 30 read, 0 could not be read, 0 failed\n", f"Summary: espial --merge {place}/out"])
    assert run.stderr == b"", run.stderr
    assert len(results(place / "out")) == 30
    for report, wanted in told(place / "out"):
        assert report == wanted
    before = {path: path.stat().st_mtime_ns for path in (place / "out").iterdir()}
    expect(espial("-O", place / "out", "-J", 2, captures), 1, ["; 30 had a result already"])
    assert before == {path: path.stat().st_mtime_ns for path in (place / "out").iterdir()}
    expect(espial("-O", place / "clean", CLEAN), 0, ["1 file: 1 read"])


def again(place, *args):
    """How many of the captures were read again."""
    run = espial("--output", place / "out", *args)
    text = run.stdout.decode()
    return int(text.split(" ", 1)[0]) - (int(text.split("; ")[1].split(" ")[0]) if "; " in text else 0)


def test_changed(place):
    """What a result depends on: capture, keys, plan, options; not what has nothing to do with it."""
    captures = place / "captures"
    captures.mkdir()
    for name in "5_clean_ikev2", "1_wrong_password", "esp_bad_icv":
        shutil.copy(SOURCE / "pcaps" / f"{name}.pcapng", captures)
        shutil.copytree(SOURCE / "pcaps" / f"{name}.keys", captures / f"{name}.keys")
    assert again(place, captures) == 3
    assert again(place, captures) == 0
    (captures / "note.txt").write_text("none of it")
    assert again(place, captures) == 0
    with open(captures / "5_clean_ikev2.pcapng", "ab") as f:
        f.write((SOURCE / "pcaps/1_wrong_password.pcapng").read_bytes())
    assert again(place, captures) == 1
    os.utime(captures / "1_wrong_password.pcapng", (1, 1))
    assert again(place, captures) == 1
    table = next((captures / "esp_bad_icv.keys").iterdir())
    table.write_text(table.read_text() + "# more\n")
    assert again(place, captures) == 1
    assert again(place, captures, "-o", "espial.replay_window:128") == 3
    assert again(place, captures, "-o", "espial.replay_window:128") == 0
    plan = place / "plan"
    plan.write_text("# nothing\n")
    assert again(place, captures, "--plan", plan) == 3
    assert again(place, captures, "--keys", captures / "esp_bad_icv.keys") == 3
    assert len(results(place / "out")) == 3


def test_names(place):
    """Paths that would clash by a simple name, strange ones, and one that is given twice."""
    for name in "a/b_c.pcapng", "a_b/c.pcapng", "a/b/c.pcapng", "x y'\"$(id)\n\033[31m.pcapng", "d/.hidden.pcapng", "e" * 120 + "/" + "f" * 240 + ".pcapng":
        path = place / "captures" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(CLEAN, path)
    strange = os.fsencode(place / "captures") + b"/\xff\xfe.pcapng"
    shutil.copy(CLEAN, strange)
    expect(espial("--output", place / "out", place / "captures", place / "captures/a", place / "captures/d/.hidden.pcapng"), 0, ["7 files: 7 read"])
    heads = results(place / "out")
    assert len(heads) == 7 and not any("\n" in name or "\033" in name for name in heads), list(heads)
    assert all(len(os.fsencode(path.name)) < 200 for path in (place / "out").iterdir())


def test_walk(place):
    """In folders: by the ending of a name or by how a file begins, no links that lead round, not DIR itself."""
    captures = place / "captures"
    (captures / "deep/er").mkdir(parents=True)
    shutil.copy(CLEAN, captures / "deep/er/dump.pcapng12")          # of a ring, told by its content
    shutil.copy(CLEAN, captures / "CAPS.PCAPNG")
    (captures / "readme.txt").write_text("no capture\n")
    (captures / "round").symlink_to(captures)
    expect(espial("--output", captures / "out", captures), 0, ["2 files: 2 read"])
    expect(espial("--output", captures / "out", captures), 0, ["2 files: 2 read", "; 2 had"])
    (place / "list").write_text(f"{captures}/CAPS.PCAPNG\r\n\n{captures}/deep")
    expect(espial("--output", place / "by_list", "--list", place / "list"), 0, ["2 files: 2 read"])
    expect(espial("--output", place / "by_pipe", "--list", "-", given=f"{captures}\n".encode()), 0, ["2 files: 2 read"])


def test_broken(place):
    """A file that cannot be read, and one that is cut short: said, in its result, and the rest is read."""
    captures = place / "captures"
    captures.mkdir()
    (captures / "b.pcap").write_text("hello\n")
    (captures / "c.pcapng").write_bytes(CLEAN.read_bytes()[:-100])
    shutil.copy(CLEAN, captures / "d.pcapng")
    run = espial("--output", place / "out", captures, captures / "none.pcap")
    expect(run, 2, ["4 files: 2 read (1 not to the end), 2 could not be read, 0 failed"],
           ["b.pcap: not a capture file", "c.pcapng: the capture is cut short", "none.pcap: no such file"])
    heads = results(place / "out")
    assert [heads[str(captures / name)]["state"] for name in ("b.pcap", "c.pcapng", "d.pcapng", "none.pcap")] == ["unread", "read", "read", "unread"]
    for report, wanted in told(place / "out"):
        assert report in ("", wanted)
    shutil.copy(CLEAN, captures / "b.pcap")
    expect(espial("--output", place / "out", captures), 2, ["3 files: 3 read (1 not to the end)", "; 2 had a result already"])
    (captures / "e.pcapng").symlink_to(captures / "d.pcapng")
    shutil.copytree(SOURCE / "pcaps/5_clean_ikev2.keys", captures / "e.keys")
    for table in "esp_sa", "ikev1_decryption_table", "ikev2_decryption_table":
        (captures / "e.keys" / table).write_text("no row of any table\n")
    expect(espial("--output", place / "out", captures / "e.pcapng"), 2)
    heads = results(place / "out")
    assert heads[str(captures / "e.pcapng")]["messages"][0].startswith("CAPTURE.keys holds no key"), heads
    assert not heads[str(captures / "c.pcapng")]["messages"] and not heads[str(captures / "none.pcap")]["messages"], heads


def waiting(folder, names):
    """Captures that nobody writes to: their readers wait."""
    for name in names:
        os.mkfifo(Path(folder, name))
    return [Path(folder, name) for name in names]


def end(master):
    out, err = master.communicate(timeout=60)
    return subprocess.CompletedProcess(master.args, master.returncode, out, err)


def test_killed(place):
    """A worker that is killed: a result that says so, one more attempt in a later run, then none."""
    pipe, = waiting(place, ["slow.pcapng"])
    for attempt, words in (1, "the next run tries it again"), (2, "it is not tried again"):
        master = start("--output", place / "out", "--jobs", 1, pipe, CLEAN)
        worker = wait_for(lambda: workers_of(master.pid))[0]
        os.kill(worker, signal.SIGKILL)
        expect(end(master), 2, ["2 files: 1 read, 0 could not be read, 1 failed"], [f"{pipe}: its process was killed by signal 9", words])
        head = results(place / "out")[str(pipe)]
        assert (head["state"], head["attempts"], head["status"]) == ("failed", attempt, 2), head
    expect(espial("--output", place / "out", pipe, CLEAN), 2, ["1 failed; 2 had a result already"], ["1 of them failed 2 times"])
    pipe.unlink()
    shutil.copy(CLEAN, pipe)
    expect(espial("--output", place / "out", pipe, CLEAN), 0, ["2 files: 2 read"])
    assert not list((place / "out").glob(PART + "*"))


def test_slow(place):
    pipe, = waiting(place, ["slow.pcapng"])
    expect(espial("--output", place / "out", "--time-limit", 1, pipe, CLEAN), 2, ["1 read", "1 failed"], ["it took more than 1 s (--time-limit)"])


def test_memory(place):
    """More SAs than a worker has memory for."""
    path = place / "wide.pcap"
    with open(path, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101))
        for i in range(300000):
            packet = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 60, i & 0xffff, 0, 64, 50, 0, bytes((10, i >> 16, i >> 8 & 255, i & 255)), bytes((192, 0, 2, 1)))
            packet += struct.pack(">II", 0x10000000 + i, 1) + bytes(32)
            f.write(struct.pack("<IIII", i, 0, len(packet), len(packet)) + packet)
    expect(espial("--output", place / "out", "--memory-limit", 64, path, CLEAN), 2, ["1 read", "1 failed"], ["it needed more than 64 MiB (--memory-limit)"])
    expect(espial("--output", place / "out", path, CLEAN), 0, ["2 files: 2 read"])


def test_stopped(place):
    """By either signal: what is done stays, the way on is said, no process and no part is left."""
    pipes = waiting(place, ["m.pcapng", "n.pcapng"])
    for number in signal.SIGINT, signal.SIGTERM:
        shutil.rmtree(place / "out", ignore_errors=True)
        master = start("--output", place / "out", "--jobs", 2, CLEAN, *pipes, FINDING)
        wait_for(lambda: whole(place / "out") and len(workers_of(master.pid)) == 2)
        workers = workers_of(master.pid)
        master.send_signal(number)
        expect(end(master), 2, ["3 left"], ["stopped with 3 of 4 files left", "the same command goes on"])
        assert list(results(place / "out")) == [str(CLEAN)]
        assert not list((place / "out").glob(PART + "*"))
        for worker in workers:
            assert not Path("/proc", str(worker)).exists()
    for pipe in pipes:
        pipe.unlink()
        shutil.copy(CLEAN, pipe)
    expect(espial("--output", place / "out", CLEAN, *pipes, FINDING), 1, ["4 files: 4 read", "; 1 had a result already"])


def test_terminal(place):
    """How far it is, for whoever looks on; nothing of it elsewhere (test_each)."""
    pipe, = waiting(place, ["slow.pcapng"])
    ours, theirs = pty.openpty()
    master = start("--output", place / "out", "--jobs", 2, "--time-limit", 2, CLEAN, pipe, stderr=theirs)
    os.close(theirs)
    master.communicate(timeout=60)
    shown = b""
    with contextlib.suppress(OSError):          # nobody writes to it any more
        while piece := os.read(ours, 1 << 16):
            shown += piece
    os.close(ours)
    assert b"1 of 2 files, " in shown and b" a second, 0 min 0" in shown and b"\r\x1b[Kespial: " in shown, shown


def test_unwritable(place):
    """No room, no folder: said once, status 2."""
    (place / "file").write_text("")
    expect(espial("--output", place / "file", CLEAN), 2, err=["no such folder can be made (--output)"])
    small = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)) or signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    run = subprocess.run([PROGRAM, "--output", place / "out", "--jobs", "1", CLEAN, FINDING], env=environment(), stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, preexec_fn=small, timeout=60, check=False)
    expect(run, 2, ["2 left"], ["ended with 2 of 2 files left"])


def test_refused(place):
    for args, words in ((["--jobs", 2, CLEAN], "are of --output"), (["--output", place, "--merge", CLEAN], "exclude each other"),
                        (["--output", place], "needs captures"), (["--merge"], "needs results"), (["--output", place, "--jobs", 0, CLEAN], "(--jobs)"),
                        (["--output", place, "--memory-limit", 1, CLEAN], "(--memory-limit)"), (["--output", place, "--time-limit", 0, CLEAN], "(--time-limit)"),
                        (["--output", place, "--html", "x", CLEAN], "as its results are JSON"), (["--output", place, "-"], "standard input can be read alone"),
                        (["--output", place, "--list", "/nowhere"], "(--list)"), (["--output", place / "out", place], "there is no capture"),
                        (["--output", place, "-o", "espial.nonsense:1", CLEAN], "no preference of Espial"), (["--merge", place], "there is no result")):
        run = espial(*args)
        expect(run, 2, err=[words])
        assert run.stdout == b"", run.stdout


def test_orphan(place):
    """A worker does not outlive its master."""
    pipe, = waiting(place, ["slow.pcapng"])
    master = start("--output", place / "out", pipe)
    worker = wait_for(lambda: workers_of(master.pid))[0]
    time.sleep(0.5)         # it waits for the capture by then
    master.kill()
    master.communicate()
    wait_for(lambda: not Path(f"/proc/{worker}").exists())


def test_master_killed(place):
    """kill -9 of the master and of a worker in the middle of many: the next run goes on, and all are there."""
    captures = folder_of(place / "captures", 400)
    expect(espial("--output", place / "whole", "--jobs", 2, captures), 1, ["400 files: 400 read"])
    master = start("--output", place / "out", "--jobs", 2, captures)
    wait_for(lambda: len(whole(place / "out")) > 50)
    for worker in workers_of(master.pid):
        try:
            os.kill(worker, signal.SIGKILL)
        except ProcessLookupError:
            pass
    master.kill()
    master.communicate()
    time.sleep(0.1)
    assert 50 < len(results(place / "out")) < 400
    run = espial("--output", place / "out", "--jobs", 2, captures)
    expect(run, 1, ["400 files: 400 read, 0 could not be read, 0 failed; "])
    assert summary(place / "out") == summary(place / "whole")


def main():
    tests = [value for name, value in globals().items() if name.startswith("test_")]
    for test in tests:
        with tempfile.TemporaryDirectory() as folder:
            test(Path(folder))
    print(f"figure: many captures: {len(tests)} tests")


main()
