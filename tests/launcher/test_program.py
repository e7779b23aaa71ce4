"""The program that reads captures by itself: what it takes, what it says of what cannot be read, and
that several captures, the page and the way through tshark are the plugin's.
SPDX-License-Identifier: GPL-2.0-or-later"""
import bz2
import fcntl
import gzip
import json
import lzma
import os
import pty
import re
import shutil
import signal
import struct
import subprocess
import tempfile
import termios
import threading
import time
from pathlib import Path
from random import Random

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
PROGRAM = Path(os.environ.get("ESPIAL_BUILD_DIR", SOURCE / "build")) / "bin" / "espial"
CLEAN = SOURCE / "pcaps/5_clean_ikev2.pcapng"
FINDING = SOURCE / "pcaps/1_wrong_password.pcapng"
WEAK = SOURCE / "pcaps/weak_suite.pcapng"
NOTHING = tempfile.TemporaryDirectory()         # a configuration of Wireshark in which nothing is


def environment(**more):
    env = {**os.environ, "WIRESHARK_CONFIG_DIR": NOTHING.name, "LC_ALL": "C.UTF-8", **more}
    env.pop("SOURCE_DATE_EPOCH", None)
    return env


def espial(*args, stdin=subprocess.DEVNULL, given=None, **more):
    how = {"input": given} if given is not None else {"stdin": stdin}
    return subprocess.run([PROGRAM, *map(str, args)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120,
                          env=environment(**more), check=False, **how)


def tshark(path, *args, **more):
    run = subprocess.run(["tshark", "-n", "-q", "-o", "espial.feed_tables:FALSE", "-r", path, *map(str, args)],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, timeout=120, env=environment(**more), check=False)
    assert run.returncode == 0, run
    return run.stdout


def expect(run, status, out=(), err=()):
    said = f"{run.args}\nexit {run.returncode}\n{run.stdout[-3000:]}\n{run.stderr}"
    assert run.returncode == status, said
    for text in out:
        assert text.encode() in run.stdout, f"no {text!r} on stdout: {said}"
    for text in err:
        assert text.encode() in run.stderr, f"no {text!r} on stderr: {said}"


def report_of(run):
    """Of JSON, without the capture's name."""
    data = json.loads(run.stdout)
    del data["capture"]["file"]
    return data


def test_status():
    run = espial(CLEAN)
    expect(run, 0, [f"=== {CLEAN} ===", "Espial diagnosis", "0 errors, 0 warnings, "])
    assert run.stderr == b"", run.stderr
    expect(espial(FINDING), 1, [f"=== {FINDING} ==="])
    expect(espial(CLEAN, FINDING), 1, [f"=== {CLEAN} ===", f"\n\n=== {FINDING} ==="])
    expect(espial("-f", "-s", "warning", FINDING), 1, ["warning  weak_dh_group"])
    assert b"\nchat " not in espial("-f", "-s", "warning", FINDING).stdout
    expect(espial("--help"), 0, ["Exit status: 0 nothing", "--min-severity"])
    expect(espial(), 0, ["Exit status: 0 nothing"])
    expect(espial("--version"), 0, ["espial ", "of Wireshark "])


def test_refused():
    for args, words in ((["--nonsense"], "Unknown option"), (["--min-severity", "bad", CLEAN], "the severity is chat"),
                        (["--json", "--html", "x", CLEAN], "exclude each other"), (["--html", "x", CLEAN, FINDING], "2 are given"),
                        (["--points", CLEAN], "one is given"), (["--title", "x", CLEAN], "of the page that --html writes"),
                        (["--keys", "/nowhere", CLEAN], "no such file or folder (--keys)"),
                        (["--plan", "/nowhere", CLEAN], "cannot be read (--plan)"), (["--log", "/nowhere", CLEAN], "cannot be read (--log)"),
                        (["--html", "/nowhere/x", CLEAN], "no such folder (--html)"), (["--html", "/", CLEAN], "is a folder"),
                        (["--html", CLEAN, CLEAN], "is the capture itself"), (["--html", "x", "--date", "soon", CLEAN], "no date"),
                        (["-o", "espial.nonsense:1", CLEAN], "no preference of Espial"), (["--keys=", CLEAN], "--keys needs a value"),
                        (["--save-state", "/nowhere/x", CLEAN], "no such folder (--save-state)"), (["--save-state", CLEAN, CLEAN], "is the capture itself"),
                        (["--state", "/", CLEAN], "cannot be read (--state)"), (["--state", CLEAN, CLEAN, FINDING], "2 captures are given"),
                        (["--dissect", "--save-state", "x", CLEAN], "--dissect excludes"), (["-W", "--json", CLEAN], "excludes --json"),
                        (["-W", "--points", CLEAN, CLEAN], "exclude each other"), (["-W", "--save-state", "x", CLEAN], "exclude each other")):
        run = espial(*args)
        expect(run, 2, err=[words])
        assert run.stdout == b"", run.stdout


def test_unreadable():
    """Each kind of fault, in words and as a line of JSON; the next file is read all the same."""
    whole = CLEAN.read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        cut, first, text, empty, archive = (Path(folder, name) for name in ("cut.pcapng", "first.pcap", "text.txt", "empty.pcap", "a.zip"))
        cut.write_bytes(whole[:-100])
        first.write_bytes(bytes.fromhex("d4c3b2a1020004000000000000000000ffff000001000000") + bytes(8) + b"\xff\0\0\0\xff\0\0\0" + bytes(9))
        text.write_text("hello\n")
        empty.write_bytes(b"")
        archive.write_bytes(b"PK\3\4" + bytes(100))
        run = espial(cut)
        expect(run, 2, ["Espial diagnosis"], ["the capture is cut short in the middle of a packet; the 17 frames before the cut are reported"])
        line = json.loads(espial("--json", cut).stdout)
        assert line["error"].startswith("the capture is cut short") and line["capture"]["frames"] == 17, line
        for path, words in ((first, "the capture is cut short in the middle of its first packet: 0 frames could be read"),
                            (text, "not a capture file: it is text, "),
                            (empty, "not a capture file: it is empty"),
                            (archive, "a ZIP archive: take the capture out of it"),
                            (Path(folder, "none"), "no such file"), (folder, "a folder: name the files in it")):
            run = espial(path, CLEAN)
            expect(run, 2, [f"=== {CLEAN} ==="], [f"{path}: {words}", "going on with the next file"])
            assert run.stdout.startswith(b"=== ") and b"\n=== " not in run.stdout, run.stdout
            expect(espial(path), 2, err=["nothing to report for it"])
            line = json.loads(espial("--json", path).stdout)
            assert words in line["error"] and line["format"] == "espial-report/1" and line["capture"]["frames"] == 0, line


def test_packed():
    whole, wanted = FINDING.read_bytes(), report_of(espial("--json", FINDING))
    with tempfile.TemporaryDirectory() as folder:
        shutil.copytree(SOURCE / "pcaps/1_wrong_password.keys", Path(folder, "x.keys"))
        for ending, pack in (("gz", gzip.compress), ("xz", lzma.compress), ("bz2", bz2.compress)):
            path = Path(folder, "x.pcapng." + ending)
            path.write_bytes(pack(whole))
            run = espial("--json", path)
            expect(run, 1)
            assert report_of(run) == wanted and json.loads(run.stdout)["capture"]["file"] == path.name, run.stdout
        expect(espial(Path(folder, "x.pcapng.xz"), PATH="/nowhere"), 2, err=["compressed with xz, which is not installed here"])
        path.write_bytes(bz2.compress(whole)[:-50])
        expect(espial(path), 2, err=["bzip2 cannot unpack all of it"])
        long = SOURCE / "pcaps/5_clean_ikev2.pcapng"
        path = Path(folder, "half.pcapng.xz")
        path.write_bytes(lzma.compress(long.read_bytes())[:3000])
        expect(espial(path), 2, ["0 errors"], ["xz cannot unpack all of it; the capture is cut short", "before the cut are reported"])


def test_piped():
    whole, keys = FINDING.read_bytes(), SOURCE / "pcaps/1_wrong_password.keys"
    wanted = report_of(espial("--json", FINDING))
    run = espial("--json", "--keys", keys, "-", given=whole)
    expect(run, 1)
    assert report_of(run) == wanted and json.loads(run.stdout)["capture"]["file"] == "standard input", run.stdout
    expect(espial("-", given=b""), 2, err=["standard input: "])
    with tempfile.TemporaryDirectory() as folder:
        fifo = Path(folder, "x.pcapng")
        os.mkfifo(fifo)
        writer = threading.Thread(target=fifo.write_bytes, args=(whole,))
        writer.start()
        run = espial("--json", "--keys", keys, fifo)
        writer.join()
        assert report_of(run) == wanted, run


def test_piped_packed():
    """What comes through a pipe may be packed, of a format that libwiretap has to seek in, or damaged; nothing is left behind."""
    wanted = report_of(espial("--json", FINDING, "-o", "espial.keylog_file:"))
    with tempfile.TemporaryDirectory() as folder:
        temporary = Path(folder, "temporary")
        temporary.mkdir()
        environ = {"TMPDIR": str(temporary)}
        given = {"xz": lzma.compress(FINDING.read_bytes()), "bz2": bz2.compress(FINDING.read_bytes()), "gz": gzip.compress(FINDING.read_bytes())}
        for tool in "zstd", "lz4":
            if shutil.which(tool):
                given[tool] = subprocess.run([tool, "-c", FINDING], stdout=subprocess.PIPE, check=True).stdout
        for kind in "snoop", "netmon2":
            path = Path(folder, kind)
            subprocess.run(["editcap", "-F", kind, FINDING, path], check=True)
            same = report_of(espial("--json", path))
            for how, octets in (kind, path.read_bytes()), (kind + ".xz", lzma.compress(path.read_bytes())):
                run = espial("--json", "-", given=octets, **environ)
                assert report_of(run) == same and same["capture"]["frames"] == wanted["capture"]["frames"], (how, run)
                Path(folder, how).write_bytes(octets)
                assert report_of(espial("--json", Path(folder, how))) == same, how
        for how, octets in given.items():
            run = espial("--json", "-", given=octets, **environ)
            assert report_of(run) == wanted, (how, run)
        long = bytearray(CLEAN.read_bytes())
        long[3000:3030] = b"\xff" * 30
        for pack in lzma.compress, bz2.compress:
            run = espial("-", given=pack(bytes(long) + bytes(20_000_000)), **environ)
            expect(run, 2, ["=== standard input ==="], ["the capture is damaged: "])
            assert b"unpack" not in run.stderr, run
        expect(espial("-", given=given["xz"][:-40], **environ), 2, err=["xz cannot unpack all of it"])
        expect(espial("-", given=given["xz"], PATH="/nowhere"), 2, err=["compressed with xz, which is not installed here"])
        expect(espial("-", given=b"PK\3\4" + bytes(40)), 2, err=["a ZIP archive"])
        expect(espial("-", given=lzma.compress(bytes(5_000_000)), **environ), 2, err=["not a capture file"])
        assert not list(temporary.iterdir()), list(temporary.iterdir())


def test_stopped_packed():
    """Ctrl+C goes to what unpacks too, which has to go on to its end."""
    with subprocess.Popen([PROGRAM, "-o", "espial.keylog_file:", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(),
                          start_new_session=True, preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL)) as run:
        packed = lzma.compress(FINDING.read_bytes())
        run.stdin.write(packed[:-8])
        run.stdin.flush()
        children, deadline = Path(f"/proc/{run.pid}/task/{run.pid}/children"), time.monotonic() + 60
        while not any(Path(f"/proc/{child}/comm").read_text() == "xz\n" for child in children.read_text().split()):
            assert time.monotonic() < deadline and run.poll() is None, run
            time.sleep(0.05)
        os.killpg(run.pid, signal.SIGINT)
        time.sleep(0.3)
        out = run.communicate(packed[-8:], timeout=60)[0]
    assert run.returncode == 1 and out.decode().split("\n", 1)[1] == \
        espial("-o", "espial.keylog_file:", FINDING).stdout.decode().split("\n", 1)[1], (run.returncode, out)


def test_stopped():
    """Ctrl+C is for the program that writes into the pipe; a second one ends the reading."""
    run = subprocess.Popen([PROGRAM, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment(),
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    run.stdin.write(FINDING.read_bytes())
    run.stdin.flush()
    waiting = Path(f"/proc/{run.pid}/stat")
    for _ in range(2):
        deadline = time.monotonic() + 60
        while waiting.read_text().rpartition(")")[2].split()[0] != "S":
            assert time.monotonic() < deadline and run.poll() is None, run
            time.sleep(0.05)
        time.sleep(0.5)
        assert run.poll() is None
        run.send_signal(signal.SIGINT)
    out, err = run.communicate(timeout=60)
    assert run.returncode == 1 and b"=== standard input ===" in out and err == b"", (run.returncode, out, err)


def test_keys():
    """Beside the capture, given, the user's own, or as preferences are given to tshark."""
    keys = SOURCE / "pcaps/1_wrong_password.keys"
    with tempfile.TemporaryDirectory() as folder:
        alone = Path(folder, "alone.pcapng")
        alone.symlink_to(FINDING)
        with_keys, without = report_of(espial("--json", FINDING)), report_of(espial("--json", alone))
        assert with_keys != without
        assert report_of(espial("--json", "--keys", keys, alone)) == with_keys
        assert report_of(espial("--json", alone, WIRESHARK_CONFIG_DIR=str(keys))) == with_keys
        assert report_of(espial("--json", "-o", f"espial.keylog_file:{keys}", alone)) == with_keys
        own = Path(folder, "own")
        own.mkdir()
        Path(own, "preferences").write_text(f"# of Wireshark\nespial.keylog_file: {keys}\nespial.replay_window: 32\n")
        assert report_of(espial("--json", alone, WIRESHARK_CONFIG_DIR=str(own))) == with_keys
        # Keys beside the capture, or given, keep the user's own out.
        assert report_of(espial("--json", FINDING, WIRESHARK_CONFIG_DIR=str(own))) == with_keys
        Path(folder, "bad").write_text("no key\n")
        expect(espial("--keys", Path(folder, "bad"), alone), 2, err=["holds no key that Espial can read; the capture is judged without keys"])


def test_points():
    with tempfile.TemporaryDirectory() as folder:
        far, both = Path(folder, "gateway.pcapng"), Path(folder, "both.pcapng")
        subprocess.run(["editcap", "-t", "11", CLEAN, far, "8"], check=True)       # one packet less
        subprocess.run(["mergecap", "-I", "none", "-w", both, CLEAN, far], check=True)
        run = espial("--points", "--json", CLEAN, far)
        expect(run, 0)
        keys = CLEAN.with_suffix(".keys")
        more = ["-o", f"espial.keylog_file:{keys}"] if keys.exists() else []
        wanted = tshark(both, *more, "-z", "espial,json,line", ESPIAL_CAPTURE_NAME=CLEAN.name, ESPIAL_POINT_NAMES=f"{CLEAN.stem};gateway")
        assert run.stdout == wanted, f"{run.stdout}\n{wanted}"
        expect(espial("--points", CLEAN, far), 0, ["Espial capture points", "clock 11.000000 s ahead"])
        expect(espial("--points", CLEAN, Path(folder, "none")), 2, err=["none: no such file"])


def test_states():
    """A series file by file, by the program, by the plugin, and by both in turn."""
    files = [SOURCE / f"pcaps/ring_buffer_{i}.pcapng" for i in (1, 2, 3)]
    with tempfile.TemporaryDirectory() as folder:
        ends = []
        for turn, by_plugin in enumerate(((0, 0, 0), (1, 1, 1), (0, 1, 0), (1, 0, 1))):
            state, out = None, b""
            for i, path in enumerate(files):
                before, state = state, Path(folder, f"{turn}.{i}")
                if by_plugin[i]:
                    more = ["-o", f"espial.state_file:{before}"] if before else []
                    out = tshark(path, *more, "-z", f"espial,state,{state}", "-z", "espial,json,line", ESPIAL_CAPTURE_NAME=path.name)
                else:
                    more = ["--state", before] if before else []
                    run = espial("--json", *more, "--save-state", state, "-o", "espial.keylog_file:", path)
                    assert run.returncode in (0, 1) and not run.stderr, run
                    out = run.stdout
            ends.append(out)
        assert len(set(ends)) == 1, ends
        assert json.loads(ends[0]) != json.loads(espial("--json", "-o", "espial.keylog_file:", files[2]).stdout)


def test_page():
    with tempfile.TemporaryDirectory() as folder:
        page, theirs = Path(folder, "a.html"), Path(folder, "b.html")
        for path in (CLEAN, WEAK):
            run = espial("--html", page, "--title", "A title", "--author", "Somebody", "--date", "2026-11-30", path)
            expect(run, 1 if path == WEAK else 0, [f"=== {path} ===", f"The report is in {page}"])
            keys = path.with_suffix(".keys")
            more = ["-o", f"espial.keylog_file:{keys}"] if Path(keys, "esp_sa").exists() or Path(keys, "ikev2_decryption_table").exists() else []
            env = {**environment(ESPIAL_CAPTURE_NAME=path.name), "SOURCE_DATE_EPOCH": "1795996800"}
            subprocess.run(["tshark", "-n", "-q", "-r", path, "-o", "espial.feed_tables:FALSE", *more, "-o", "espial.report_title:A title",
                            "-o", "espial.report_author:Somebody", "-z", f"espial,html,{theirs}"], check=True, env=env, capture_output=True)
            assert page.read_bytes() == theirs.read_bytes(), path
        run = espial("--html", "/dev/full", CLEAN)
        expect(run, 2, err=["/dev/full: cannot be written (--html)"])


def pcap(path, link, frames):
    """frames: seconds, octets."""
    head = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, link)
    path.write_bytes(head + b"".join(struct.pack("<IIII", s, 0, len(one), len(one)) + one for s, one in frames))


def same_as_plugin(path):
    name = path.name
    wanted = tshark(path, "-z", "espial,json,line", ESPIAL_CAPTURE_NAME=name)
    got = espial("--json", path).stdout
    at = next((i for i, (a, b) in enumerate(zip(got, wanted)) if a != b), 0)
    assert got == wanted, f"{path}: {got[max(0, at - 100):at + 200]!r}, and the plugin {wanted[max(0, at - 100):at + 200]!r}"
    return json.loads(got)


def test_services():
    """A port of IKE and one of another service: whose the datagram is follows from the ports, as in Wireshark."""
    random = Random(3)
    ike = random.randbytes(16) + bytes((46, 0x20, 37, 8)) + struct.pack("!II", 0, 88) + struct.pack("!BBH", 35, 0, 60) + random.randbytes(56)
    esp = struct.pack("!II", 0xc1234567, 1) + random.randbytes(120)
    snmp = b"\x30\x1a\x02\x01\x00\x04\x06public\xa0\x0d\x02\x01\x01\x02\x01\x00\x02\x01\x00\x30\x02\x30\x00"
    stun = b"\x01\x01\0\0\x21\x12\xa4\x42" + random.randbytes(12)
    radius = b"\x02\x01\0\x14" + random.randbytes(16)
    with tempfile.TemporaryDirectory() as folder:
        frames = []
        for port in (7, 53, 67, 69, 88, 123, 137, 161, 162, 473, 499, 500, 514, 1194, 1701, 1812, 1900, 3478, 4499, 4501, 40000):
            for there, data in ((4500, esp), (4500, bytes(4) + ike), (4500, b"\xff"), (500, ike), (848, ike), (500, b"\xff"), (500, bytes(30)),
                                (4500, snmp), (4500, stun), (4500, radius)):
                if (data in (snmp, stun, radius)) != (port in (161, 162, 1812, 3478) and {snmp: 161, stun: 3478, radius: 1812}.get(data) == port):
                    continue
                for ports in (port, there), (there, port):
                    number = len(frames)
                    udp = struct.pack("!HHHH", *ports, 8 + len(data), 0) + data
                    frames.append((number, struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), number, 0, 64, 17, 0) +
                                   bytes((192, 0, 2, port % 250, 198, 51, 100, there % 250)) + udp))
        path = Path(folder, "services.pcap")
        pcap(path, 101, frames)
        report = same_as_plugin(path)
        assert len(report["streams"]) > 4 and report["ike_sas"], report


def test_fragments():
    """Copies, another order, losses, cut ones, VLANs and an identification used again: the datagrams are Wireshark's."""
    with tempfile.TemporaryDirectory() as folder:
        plain = Path(folder, "plain.pcap")
        for name in "esp_fragments", "esp_ipv6_fragments", "cert_v1_fragments", "large_esp_lost":
            subprocess.run(["editcap", "-F", "pcap", SOURCE / f"pcaps/{name}.pcapng", plain], check=True)
            data, at, frames, random = plain.read_bytes(), 24, [], Random(name)
            while at < len(data):
                length = struct.unpack_from("<I", data, at + 8)[0]
                frames.append(data[at + 16:at + 16 + length])
                at += 16 + length
            frames = [one for one in frames for _ in range(random.choice((0, 1, 1, 1, 1, 2)))]
            for i in range(len(frames) - 3):
                j = i + random.randrange(4)
                frames[i], frames[j] = frames[j], frames[i]
            for i, one in enumerate(frames):
                if one[12:14] == b"\x08\0":
                    one = one[:18] + (b"\0\7" if random.random() < 0.3 else one[18:20]) + one[20:]
                    one = one[:12] + (b"\x81\0\0" + bytes((random.choice((5, 6)),)) if random.random() < 0.2 else b"") + one[12:]
                frames[i] = one[:random.randrange(14, len(one))] if random.random() < 0.05 else one
            path = Path(folder, name + ".pcap")
            pcap(path, 1, list(enumerate(frames)))
            same_as_plugin(path)


def test_not_writable():
    """It is known before a long capture is read.  Root may write everywhere."""
    if os.geteuid() == 0:
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    else:
        user = []
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        page, program, capture = (Path(folder, name) for name in ("page.html", "espial", "clean.pcapng"))
        page.touch(0o444)
        shutil.copy(PROGRAM, program)
        shutil.copy(CLEAN, capture)
        for option in "--html", "--save-state":
            for path in page, Path(folder, "new"):
                if user or path == page:
                    run = subprocess.run([*user, program, option, path, capture], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False,
                                         env={**environment(), "HOME": folder, "WIRESHARK_CONFIG_DIR": folder})
                    expect(run, 2, err=[f"{path}: cannot be written ({option})"])
                    assert run.stdout == b"", run


def on_terminal(*args, columns=0, **more):
    """What somebody reads on a terminal of so many columns; 0: of a width that nobody knows."""
    here, there = pty.openpty()
    fcntl.ioctl(there, termios.TIOCSWINSZ, struct.pack("HHHH", 24 if columns else 0, columns, 0, 0))
    with subprocess.Popen([PROGRAM, *map(str, args)], stdin=subprocess.DEVNULL, stdout=there, stderr=subprocess.PIPE,
                          env=environment(TERM="xterm", **more)) as run:
        os.close(there)
        said = b""
        try:
            while part := os.read(here, 1 << 16):
                said += part
        except OSError:         # the other end is closed
            pass
        os.close(here)
    return said.decode().replace("\r\n", "\n"), run.returncode


def test_wrapped():
    """On a terminal no line is longer than it is wide, but for a name and the command that is copied; not a word is lost, and a
    number keeps its unit.  What is read by programs stays as it is."""
    hint = re.compile(r"\n+To see it in Wireshark: .*\n$")
    plain = espial(FINDING).stdout.decode()
    assert max(map(len, plain.split("\n"))) > 150, plain
    for columns in (40, 80, 132):
        said, status = on_terminal(FINDING, columns=columns, PAGER="cat", NO_COLOR="1")
        said = hint.sub("\n", said)
        assert status == 1 and said.split() == plain.split(), said
        lines = [line for line in said.split("\n") if not line.startswith("=== ")]
        assert all(len(line) <= columns or len(line.split()) <= 2 for line in lines), said
        assert not re.search(r"\d\n +s\b", said), said
        assert columns > 100 or re.search(r"\n  do: .*\n      [^ ]", said), said
        coloured, status = on_terminal(FINDING, columns=columns, PAGER="cat")
        assert status == 1 and re.sub(r"\x1b\[[0-9;]*m", "", hint.sub("\n", coloured)) == said, coloured
    assert hint.sub("\n", on_terminal(FINDING, PAGER="cat", NO_COLOR="1")[0]) == plain
    for way in ("--json", "--format=ndjson"):
        assert on_terminal(way, FINDING, columns=80, PAGER="cat", NO_COLOR="1")[0] == espial(way, FINDING).stdout.decode(), way


def test_terminal():
    """Colours, a pager for the report of one capture, and how to see it in Wireshark; none of it elsewhere."""
    with tempfile.TemporaryDirectory() as folder:
        for name, script in ("pager", "sed 's/^/> /'"), ("wireshark", "exit 0"):
            Path(folder, name).write_text(f"#!/bin/sh\n{script}\n")
            Path(folder, name).chmod(0o755)
        env = {"PATH": f"{folder}:{os.environ['PATH']}", "PAGER": "pager"}
        hint = f"\n\nTo see it in Wireshark: wireshark -C IPsec -o espial.keylog_file:{FINDING.with_suffix('.keys')} {FINDING}\n"
        plain = espial(FINDING).stdout.decode()
        said, status = on_terminal(FINDING, **env)
        assert status == 1 and said.endswith(hint), said
        assert said.startswith(f"> === {FINDING} ===\n") and "> \x1b[1;31mFails:\x1b[0m" in said, said
        bare = re.sub(r"\x1b\[[0-9;]*m", "", said[:-len(hint) + 1])
        assert "".join(line[2:] + "\n" for line in bare.splitlines()) == plain, (bare, plain)
        for none in "", "cat", "no-such-pager":
            said, _ = on_terminal(FINDING, **{**env, "PAGER": none, "NO_COLOR": "1"})
            assert said == plain + hint[1:], said
        said, _ = on_terminal(FINDING, CLEAN, **env)
        assert "\n> " not in "\n" + said and "To see it" not in said and "=== " in said, said
        for args in ("--json",), ("--html", Path(folder, "page")), ("--format", "ndjson"):
            assert not on_terminal(*args, FINDING, **env)[0].startswith("> "), args
        assert not on_terminal("--version", **env)[0].startswith("> ")
        odd = Path(folder, "odd\x1b[31m.pcapng")
        shutil.copy(FINDING, odd)
        said, _ = on_terminal(odd, **env)
        assert "\x1b[31m." not in said and "odd\\033[31m.pcapng'" in said.splitlines()[-1], said


def test_dissected():
    for args, status in (([], 1), (["--json"], 1), (["--findings", "--min-severity", "warning"], 1)):
        here, there = espial(*args, FINDING), espial("--dissect", *args, FINDING)
        expect(there, status)
        assert here.stdout == there.stdout, f"{here.stdout}\n{there.stdout}"


def test_told():
    """Each option of the help is in the manual page and in each completion, which have those of ./espial too."""
    told = set(re.findall(r"--[a-z][a-z-]+", espial("--help").stdout.decode()))
    assert len(told) > 10, told
    for name, pattern in (("docs/man/espial.1", r"Fl Fl ([a-z-]+)"), ("contrib/completion/espial.bash", r"--([a-z][a-z-]+)"),
                          ("contrib/completion/_espial", r"--([a-z][a-z-]+)"), ("contrib/completion/espial.fish", r" -l ([a-z-]+)")):
        there = {"--" + word for word in re.findall(pattern, Path(SOURCE, name).read_text(encoding="utf-8"))}
        assert told <= there, f"{name}: {told - there}"


def test_full():
    with open("/dev/full", "wb") as full:
        run = subprocess.run([PROGRAM, CLEAN], stdout=full, stderr=subprocess.PIPE, env=environment(), check=False)
    assert run.returncode == 2 and b"standard output is full or closed" in run.stderr, run


def main():
    tests = {name: test for name, test in globals().items() if name.startswith("test_")}
    for name, test in tests.items():
        test()
        print(f"ok {name}")


main()
