"""One capture in several files: read as a series it gives what the joined capture gives, octet by octet, with keys and
without, wherever it was cut; which frame is of which file, gaps, overlaps and what cannot be read are said.
SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import random
import re
import shutil
import subprocess
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launched import SOURCE, expect

PROGRAM = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build")) / "bin" / "espial"
NOTHING = tempfile.TemporaryDirectory()         # a configuration of Wireshark in which nothing is
PCAPS = SOURCE / "pcaps"
RING = [PCAPS / f"ring_buffer_{n}.pcapng" for n in (1, 2, 3)]
RING_KEYS = PCAPS / "ring_buffer_1.keys"
# What a cut may come between: the messages of a negotiation, a rekeying, fragments, retransmissions, points.
CUT = ("5_clean_ikev2", "clean_v1_main", "v1_xauth_reauth", "rekey_child", "nat_both", "cert_v2_fragments", "esp_fragments", "retransmission", "points_nat",
       "peer_restarted")


def espial(*args, cwd=None):
    """The program, as the launcher runs it."""
    return subprocess.run([PROGRAM, *map(str, args)], text=True, errors="surrogateescape", stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=cwd, timeout=300, check=False,
                          env={**os.environ, "WIRESHARK_CONFIG_DIR": NOTHING.name, "LC_ALL": "C.UTF-8"})


def tool(*args):
    return subprocess.run([str(arg) for arg in args], check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout


def frames(path):
    return int(tool("capinfos", "-M", "-T", "-r", "-c", path).split("\t")[-1])


def cut(path, parts, folder):
    """The files of a ring that had the capture in so many parts."""
    num = frames(path)
    tool("editcap", "-c", -(-num // parts), path, folder / "part.pcapng")
    return sorted(folder.glob("part*.pcapng"))


def without_files(text):
    """Of the reports as text: all but the name above and the list below."""
    text = re.sub(r"^=== .* ===\n", "", text)
    return re.sub(r"\nEspial files\n(.+\n)+", "", text)


def same(name, ways):
    """What the joined capture gives is what its parts give, in each of the ways to read them."""
    with tempfile.TemporaryDirectory() as folder:
        folder, source = Path(folder), PCAPS / f"{name}.pcapng"
        keys = ["--keys", source.with_suffix(".keys")]
        whole = folder / "whole.pcapng"
        for parts in (2, 4):
            at = folder / str(parts)
            at.mkdir()
            files = cut(source, parts, at)
            tool("mergecap", "-w", whole, *files)
            for more in (keys, []):
                for form in (["--findings"], ["--json"]):
                    wanted = espial(*form, *more, whole)
                    for way in ways:
                        got = way(files, [*form, *more], at)
                        what = f"{name} in {parts} parts, {way.__name__}, {form} {more}"
                        assert got.returncode == wanted.returncode, f"{what}: {got.returncode}, not {wanted.returncode}: {got.stderr}"
                        if form == ["--json"]:
                            compare_json(what, got.stdout, wanted.stdout, len(files))
                        else:
                            assert without_files(got.stdout) == without_files(wanted.stdout), f"{what}:\n{got.stdout}\n{wanted.stdout}"


def compare_json(what, got, wanted, files):
    got, wanted = json.loads(got), json.loads(wanted)
    assert len(got["capture"]["files"]) == files, f"{what}: {got['capture']}"
    assert got["capture"]["files"][-1]["last_frame"] == wanted["capture"]["frames"], f"{what}: {got['capture']}"
    for one in got, wanted:
        one["capture"].pop("files", None)
        del one["capture"]["file"]
    assert json.dumps(got) == json.dumps(wanted), f"{what}:\n{got}\n{wanted}"


def as_series(files, options, _folder):
    """In no order."""
    mixed = list(files)
    random.Random(len(files)).shuffle(mixed)
    return espial("--series", *options, *mixed)


def file_by_file(files, options, folder):
    """Each with what was known at the end of the one before; the last one reports."""
    state = folder / "state"
    for path in files[:-1]:
        run = espial(*options, *(["--state", state] if path != files[0] else []), "--save-state", state, path)
        assert run.returncode < 2, f"{path}: {run.stderr}"
    return espial(*options, "--state", state, files[-1])


def test_same_as_joined():
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda name: same(name, [as_series, file_by_file]), CUT))


def test_ring():
    run = espial("--series", "--keys", RING_KEYS, RING[1], RING[2], RING[0])
    expect(run, 0, [f"=== {RING[0]} and 2 more files ===", "Espial files\nring_buffer_1.pcapng: frames 1 to 8, ", "ring_buffer_3.pcapng: frames 15 to "])
    assert run.stderr == "" and "gap" not in run.stdout and "overlap" not in run.stdout, run.stdout
    with tempfile.TemporaryDirectory() as folder:
        whole, page = Path(folder, "whole.pcapng"), Path(folder, "page.html")
        tool("mergecap", "-w", whole, *RING)
        wanted = espial("--keys", RING_KEYS, "--findings", whole)
        got = espial("--series", "--keys", RING_KEYS, "--findings", *RING)
        assert without_files(got.stdout) == without_files(wanted.stdout), (got.stdout, wanted.stdout)
        expect(espial("--series", "--html", page, *RING), 0, [f"The report is in {page}"])
        assert "ring_buffer_1.pcapng and 2 more files" in page.read_text() and 'id="files"' in page.read_text()
    expect(espial("--series", RING[0]), 0, [f"=== {RING[0]} ==="])


def test_state():
    """Handed on in part as a series, without keys in it, for its owner alone; the list of files is that of all."""
    with tempfile.TemporaryDirectory() as folder:
        state, last = Path(folder, "state"), Path(folder, "last")
        expect(espial("--save-state", state, "--series", "--keys", RING_KEYS, *RING[:2]), 0)
        assert state.stat().st_mode & 0o777 == 0o600, oct(state.stat().st_mode)
        for table in RING_KEYS.iterdir():
            for key in re.findall(r"[0-9a-fA-F]{32,}", table.read_text()):
                assert bytes.fromhex(key)[:16] not in state.read_bytes(), f"{table}: {key}"
        wanted = espial("--series", "--keys", RING_KEYS, "--findings", *RING).stdout
        run = espial("--state", state, "--keys", RING_KEYS, "--findings", RING[2])
        expect(run, 0, ["ring_buffer_1.pcapng and 1 more file: frames 1 to 14", "ring_buffer_3.pcapng: frames 15 to "])
        assert without_files(run.stdout) == without_files(wanted), (run.stdout, wanted)
        expect(espial("--save-state", state, "--keys", RING_KEYS, RING[0]), 0)
        run = espial("--state", state, "--save-state", last, "--series", "--keys", RING_KEYS, "--findings", *RING[1:])
        assert run.stdout[run.stdout.index("\n"):] == wanted[wanted.index("\n"):], (run.stdout, wanted)
        assert last.stat().st_size > state.stat().st_size


def test_state_refused():
    """It is said, the capture is read without it, and the exit status is 2."""
    with tempfile.TemporaryDirectory() as folder:
        state, bad, page = (Path(folder, name) for name in ("state", "bad", "page.html"))
        expect(espial("--save-state", state, RING[1]), 0)
        good = bytearray(state.read_bytes())
        alone = espial(RING[2]).stdout
        for data in (good[:-1], good[:60], good[:100] + bytes([good[100] ^ 1]) + good[101:], good.replace(b"Espial state 2", b"Espial state 9", 1), b"x"):
            bad.write_bytes(data)
            run = espial("--state", bad, RING[2])
            expect(run, 2, err=["the state "])
            assert run.stdout == alone, (run.stdout, alone)
        tool("editcap", "-t", -60, RING[2], bad)
        expect(espial("--state", state, bad), 2, [f"=== {bad} ==="], ["the state knows what came later"])
        expect(espial("--state", state, PCAPS / "clean_v1_main.pcapng"), 2, err=["the state "])
        expect(espial("--state", Path(folder, "none"), RING[2]), 2, err=["none: cannot be read (--state)"])
        expect(espial("--save-state", Path(folder, "none/x"), RING[2]), 2, err=["none: no such folder (--save-state)"])
        expect(espial("--save-state", folder, RING[2]), 2, err=["is a folder; --save-state needs the name of a file"])
        shutil.copy(RING[2], bad)
        expect(espial("--save-state", bad, bad), 2, err=["is the capture itself (--save-state)"])
        expect(espial("--state", state, *RING), 2, err=["are of one capture, or of a series; 3 captures are given"])
        expect(espial("--state", state, "--html", page, RING[2]), 0, ["The report is in"])
        assert 'id="files"' in page.read_text()


def test_keys_beside():
    """Beside each file, beside the first, or by the beginning of all names."""
    used = "keys given: 1 IKE, "
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        files = [Path(shutil.copy(path, folder)) for path in RING]
        assert used not in espial("--series", *files).stdout
        shutil.copytree(RING_KEYS, folder / "ring_buffer.keys")
        expect(espial("--series", *files), 0, [used])
        expect(espial("--series", *[path.name for path in files], cwd=folder), 0, [used])
        (folder / "ring_buffer.keys").rename(folder / "ring_buffer_1.keys")
        expect(espial("--series", *files), 0, [used])
        # one has the keys of IKE, another those of ESP
        (folder / "ring_buffer_3.keys").mkdir()
        (folder / "ring_buffer_1.keys/esp_sa").rename(folder / "ring_buffer_3.keys/esp_sa")
        both = espial("--series", *files).stdout
        assert re.search(r"keys given: 1 IKE, [1-9]\d* ESP", both), both
        assert "keys given" not in espial("--series", files[1]).stdout


def test_gap():
    with tempfile.TemporaryDirectory() as folder:
        late = Path(folder, "late.pcapng")
        tool("editcap", "-t", 3600, RING[2], late)
        expect(espial("--series", RING[0], RING[1], late), 0, ["late.pcapng: frames 15 to ", "  gap: 60 min 0 s without a frame before it; a file may be missing"])
        files = json.loads(espial("--series", "--json", RING[0], RING[1], late).stdout)["capture"]["files"]
        assert 3599 < files[2]["gap"] < 3602 and "gap" not in files[1], files


def test_overlap():
    """Two halves that alternate; a part that two files have; a file given twice, under two names."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        whole, odd, even, begin, end, again = (folder / f"{name}.pcapng" for name in ("whole", "odd", "even", "begin", "end", "again"))
        tool("mergecap", "-w", whole, *RING)
        num = frames(whole)
        tool("editcap", "-r", whole, odd, *range(1, num + 1, 2))
        tool("editcap", "-r", whole, even, *range(2, num + 1, 2))
        tool("editcap", "-r", whole, begin, "1-12")
        tool("editcap", "-r", whole, end, f"7-{num}")
        shutil.copy(odd, again)
        wanted = without_files(espial("--keys", RING_KEYS, "--findings", whole).stdout)
        for files, said, err in (((odd, even), ["odd.pcapng: frames 1 to ", "  overlap: it begins "], ""),
                                 ((end, begin), ["end.pcapng: frames 13 to ", "  6 frames that an earlier file has too are left out"], ""),
                                 ((whole, end, odd), ["end.pcapng: no frame", f"  {num - 6} frames that an earlier file has too are left out"], ""),
                                 ((odd, even, again), ["odd.pcapng"], f"{again}: the same as {odd}; it is read once")):
            run = espial("--series", "--keys", RING_KEYS, "--findings", *files)
            expect(run, 0, said, [err])
            assert without_files(run.stdout) == wanted, f"{files}:\n{run.stdout}\n{wanted}"
        files = json.loads(espial("--series", "--json", odd, even).stdout)["capture"]["files"]
        assert [(one["first_frame"], one["frames"]) for one in files] == [(1, (num + 1) // 2), (2, num // 2)], files
        assert files[1]["last_frame"] == num // 2 * 2, files


def test_frames_sent_twice():
    """What one file has twice was captured twice."""
    with tempfile.TemporaryDirectory() as folder:
        folder, source = Path(folder), PCAPS / "duplicate_frames.pcapng"
        files = cut(source, 2, folder)
        wanted = espial("--findings", "--keys", source.with_suffix(".keys"), source).stdout
        for some in (files, [*files, source]):
            assert without_files(espial("--series", "--findings", "--keys", source.with_suffix(".keys"), *some).stdout) == without_files(wanted), some


def test_one_interface():
    """Settings that were changed between files, and another format, make no second point."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        source = PCAPS / "clean_v1_main.pcapng"
        files, report = cut(source, 3, folder), ["--findings", "--keys", source.with_suffix(".keys")]
        wanted = without_files(espial(*report, source).stdout)
        for kind in ("pcap", "nsecpcap"):
            other = folder / "other"
            tool("editcap", "-F", kind, files[1], other)
            assert without_files(espial("--series", *report, files[0], other, files[2]).stdout) == wanted, kind
            data = json.loads(espial("--series", "--json", files[0], other, files[2]).stdout)
            assert "points" not in data and data["capture"]["frames"] == frames(source), data["capture"]


def test_names():
    """Any octets, and the same name in two folders."""
    with tempfile.TemporaryDirectory() as folder:
        odd = os.fsencode(folder) + b"/-a b%\n\x1b[31m\xff;.pcapng"
        shutil.copy(RING[0], odd)
        twin = Path(folder, RING[1].name)
        tool("editcap", "-t", 1, RING[2], twin)
        run = espial("--series", os.fsdecode(odd), RING[1], twin)
        expect(run, 0, ["-a b%[U+000A][U+001B][31m\ufffd;.pcapng: frames 1 to 8", f"{RING[1]}: frames 9 to 14", f"{twin}: frames 15 to"])


def test_unreadable():
    """What can be read is reported."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        short, zero, none, text = (folder / name for name in ("short.pcapng", "zero", "none.pcapng", "text"))
        short.write_bytes(RING[1].read_bytes()[:-40])
        zero.write_bytes(b"")
        text.write_text("no capture\n")
        tool("editcap", "-r", RING[0], none, 9999)
        run = espial("--series", RING[0], short, RING[2])
        expect(run, 2, ["short.pcapng: frames 9 to 13, ", "ring_buffer_3.pcapng: frames 14 to "],
               [f"{short}: cut short or damaged: the 5 frames before that are in the series"])
        run = espial("--series", none, zero, text, folder / "nosuch", *RING)
        expect(run, 2, ["ring_buffer_3.pcapng: frames 15 to ", "none.pcapng: no frame"],
               [f"{zero}: not a capture file: it is empty; left out of the series", f"{text}: not a capture file: it is text, ",
                "nosuch: no such file; left out of the series"])
        data = json.loads(espial("--series", "--json", zero, *RING).stdout)
        assert data["error"] == f"{zero}: not a capture file: it is empty" and len(data["capture"]["files"]) == 3, data["capture"]
        data = json.loads(espial("--series", "--json", zero, folder / "nosuch").stdout)
        assert "no such file" in data["error"] and data["capture"]["frames"] == 0, data
        expect(espial("--series", none), 0, ["no IKE, ESP or AH in this capture"])
    expect(espial("--series", "--points", *RING), 2, err=["--series and --points exclude each other"])
    expect(espial("--series", "--wireshark", *RING), 2, err=["--series and --wireshark exclude each other"])


if __name__ == "__main__":
    for name, test in list(globals().items()):
        if name.startswith("test_"):
            test()
            print(f"ok {name}", flush=True)
