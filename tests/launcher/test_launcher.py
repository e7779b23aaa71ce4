"""The launcher: exit status, messages, usage.  SPDX-License-Identifier: GPL-2.0-or-later"""
import json
import os
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
from pathlib import Path

SOURCE = Path(os.environ.get("ESPIAL_SOURCE_DIR", Path(__file__).parents[2]))
CLEAN = SOURCE / "pcaps/5_clean_ikev2.pcapng"
FINDING = SOURCE / "pcaps/1_wrong_password.pcapng"


def espial(*args, **env):
    return subprocess.run([SOURCE / "espial", *map(str, args)], text=True,
                          stdin=subprocess.DEVNULL, capture_output=True,
                          timeout=300, env={**os.environ, **env})


def expect(run, status, out=(), err=()):
    said = f"{run.args}\nexit {run.returncode}\n{run.stdout}\n{run.stderr}"
    assert run.returncode == status, said
    for text in out:
        assert text in run.stdout, f"no {text!r} on stdout: {said}"
    for text in err:
        assert text in run.stderr, f"no {text!r} on stderr: {said}"
    assert "Running as user" not in run.stderr, said


def packets(data):
    """Offset and length of each packet block of a pcapng file."""
    order = "<" if data[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at + 12 <= len(data):
        kind, length = struct.unpack_from(order + "II", data, at)
        if kind == 6:
            yield at, length
        at += length


def test_clean():
    run = espial(CLEAN)
    expect(run, 0, [f"=== {CLEAN} ===", "0 errors, 0 warnings, "])
    assert run.stderr == "", run.stderr


def test_finding():
    expect(espial(FINDING), 1, [f"=== {FINDING} ==="])
    expect(espial(CLEAN, FINDING), 1, [str(CLEAN), str(FINDING)])
    expect(espial(FINDING, CLEAN), 1)


def test_json():
    for capture, status in (CLEAN, 0), (FINDING, 1):
        run = espial("--json", capture)
        expect(run, status)
        report = json.loads(run.stdout)
        assert report["format"] == "espial-report/1", report


def test_missing(tmp):
    missing = tmp / "none.pcapng"
    expect(espial(missing), 2, err=[str(missing), "no such file"])
    # Goes on, and what could not be read outranks what was found.
    expect(espial(missing, FINDING), 2, [f"=== {FINDING} ==="],
           ["going on with the next file"])
    expect(espial(FINDING, missing), 2, [f"=== {FINDING} ==="])


def test_no_capture(tmp):
    # The short text and the empty file are "captures" to tshark, the others are not.
    for name, data in (("text", b"hello\n"), ("empty", b""), ("page", b"no capture\n" * 40),
                       ("head", CLEAN.read_bytes()[:10]), ("json", b'{"a": 1}')):
        path = tmp / name
        path.write_bytes(data)
        run = espial(path)
        expect(run, 2, err=[str(path), "not a capture file"])
        assert run.stdout == "", run.stdout


def test_cut(tmp):
    data = CLEAN.read_bytes()
    at, length = list(packets(data))[3]
    cut = tmp / "cut.pcapng"
    cut.write_bytes(data[:at + length // 2])
    expect(espial(cut), 2, [f"=== {cut} ===", " errors, "],
           [str(cut), "cut short", "the 3 frames before the cut are reported"])
    expect(espial(cut, FINDING), 2, [f"=== {FINDING} ==="])


def test_keys_and_plan(tmp):
    expect(espial("--keys", tmp / "none", CLEAN), 2, err=["no such folder"])
    expect(espial("--plan", tmp / "none", CLEAN), 2, err=["cannot be read"])


def test_wireshark(tmp):
    """What Wireshark is started with; another program of that name stands in for it."""
    stand_in = tmp / "wireshark"
    stand_in.write_text("#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\"\n")
    stand_in.chmod(0o755)
    screen = {"DISPLAY": ":none", "PATH": f"{tmp}:{os.environ['PATH']}"}
    keys = FINDING.with_suffix(".keys")
    run = espial("--wireshark", FINDING, **screen)
    expect(run, 0)
    assert run.stdout.splitlines() == [f"wireshark -C IPsec -o espial.keylog_file:{keys} {FINDING}", "5", "-C", "IPsec", "-o",
                                       f"espial.keylog_file:{keys}", str(FINDING)], run.stdout
    (tmp / "sheet").write_text("")
    run = espial("--wireshark", "--keys", tmp, "--plan", tmp / "sheet", CLEAN, **screen)
    assert run.stdout.splitlines()[0] == f"wireshark -C IPsec -o espial.plan_file:{tmp}/sheet {CLEAN}", run.stdout
    expect(espial("--wireshark", FINDING, DISPLAY="", WAYLAND_DISPLAY=""), 2, err=["no screen"])
    expect(espial("--wireshark", FINDING, CLEAN, **screen), 2, err=["opens one capture"])
    expect(espial("--wireshark", "--json", FINDING, **screen), 2, err=["excludes"])
    expect(espial("--wireshark", tmp / "none", **screen), 2, err=["not a capture file"])


def test_no_install(tmp):
    """A PATH with everything but tshark and ninja stands for a machine without them."""
    for folder in os.environ["PATH"].split(":"):
        for tool in Path(folder).glob("*"):
            link = tmp / tool.name
            if tool.name not in ("tshark", "ninja") and not link.is_symlink():
                link.symlink_to(tool)
    run = espial("--no-install", CLEAN, PATH=str(tmp))
    expect(run, 2, err=["packages are missing", "ninja-build", "tshark"])
    assert run.stdout == "", run.stdout
    assert "cmake" not in run.stderr, run.stderr


def test_page_whole_tshark(tmp):
    """The same of -z espial,html, whose file may not grow beyond 20,000 octets here."""
    def limit():
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))
    page, link = tmp / "page.html", tmp / "link.html"
    link.symlink_to(page)
    args = ["tshark", "-n", "-q", "-r", FINDING, "-z", f"espial,html,{link}"]
    page.write_text("the old page")
    run = subprocess.run(args, capture_output=True, text=True, timeout=300, preexec_fn=limit)
    assert "cannot be written" in run.stderr, run
    assert page.read_text() == "the old page" and len(os.listdir(tmp)) == 2, os.listdir(tmp)
    subprocess.run(args, capture_output=True, check=True, timeout=300)
    assert link.is_symlink() and page.read_text().rstrip().endswith("</html>")
    args[-1] = "espial,html,/dev/stdout"
    assert "</html>" in subprocess.check_output(args, text=True, timeout=300)


def test_feed_tables():
    """Without its tables Wireshark opens no message, and Espial the same as with them."""
    for name, opened in ("5_clean_ikev2", "isakmp.enc.decrypted"), ("clean_v1_main", "isakmp.id.type"):
        capture, seen = SOURCE / f"pcaps/{name}.pcapng", []
        for value in "TRUE", "FALSE":
            args = ["tshark", "-n", "-r", capture, "-o", f"espial.feed_tables:{value}",
                    "-o", f"espial.keylog_file:{capture.with_suffix('.keys')}"]
            seen += [subprocess.check_output([*args, *more], text=True, timeout=300)
                     for more in (["-Y", opened], ["-q", "-z", "espial,sas", "-z", "espial,findings"])]
        assert seen[0] and not seen[2], (name, seen)
        assert "decrypted" in seen[1] and seen[1] == seen[3], (name, seen)


def test_usage():
    run = espial()
    expect(run, 0, ["Usage: ./espial", "./espial pcaps/1_wrong_password.pcapng"])
    assert run.stderr == "", run.stderr
    expect(espial("--help"), 0, ["Usage: ./espial"])
    expect(espial("--frobnicate", CLEAN), 2, err=["unknown option --frobnicate"])


for name, test in list(globals().items()):
    if name.startswith("test_"):
        folder = Path(tempfile.mkdtemp())
        try:
            test(*[folder] * test.__code__.co_argcount)
        finally:
            shutil.rmtree(folder)
        print("ok", name)
