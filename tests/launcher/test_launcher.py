"""The launcher: exit status, messages, usage.  SPDX-License-Identifier: GPL-2.0-or-later"""
import bz2
import gzip
import json
import lzma
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import tempfile
import time
from pathlib import Path

import jsonschema

from launched import PROGRAM, SOURCE, espial, expect

CLEAN = SOURCE / "pcaps/5_clean_ikev2.pcapng"
FINDING = SOURCE / "pcaps/1_wrong_password.pcapng"


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


def test_version():
    """One number in CMakeLists.txt, the plugin list and the JSON report."""
    number = re.search(r"^project\(espial VERSION (\S+) ", (SOURCE / "CMakeLists.txt").read_text(), re.M)[1]
    run = espial("--version")
    expect(run, 0, [f"espial {number}, of Wireshark "])
    expect(espial("-v"), 0, [run.stdout])
    listed = subprocess.run(["tshark", "-G", "plugins"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
    assert re.search(rf"^espial\.so\s+{re.escape(number)}\s", listed, re.M), listed
    assert json.loads(espial("--json", CLEAN).stdout)["plugin"] == number
    changes = (SOURCE / "CHANGELOG.md").read_text()
    assert re.findall(r"^## (\S+)", changes, re.M)[0] == number, "CHANGELOG.md does not begin with this version"
    packaged = (SOURCE / "debian/changelog").read_text()
    assert packaged.startswith(f"espial ({number})"), packaged.split("\n", 1)[0]


def test_points(tmp):
    with tempfile.TemporaryDirectory() as folder:
        far = Path(folder, "gateway.pcapng")
        subprocess.run(["editcap", "-t", "11", CLEAN, far, "8"], check=True)      # one packet less
        run = espial("--points", CLEAN, far)
        expect(run, 0, [f"=== {CLEAN} ===", "Espial capture points", "clock 11.000000 s ahead", "gateway"])
        assert "replay" not in run.stdout and "duplicate_frame" not in run.stdout, run.stdout
        run = espial("--points", "--json", CLEAN, far)
        points = json.loads(run.stdout)["points"]
        assert [point["name"] for point in points] == [CLEAN.stem, "gateway"], points
        expect(espial("--points", CLEAN, Path(folder, "none.pcapng")), 2, err=["no such file"])
    expect(espial("--points", CLEAN), 2, err=["--points compares two captures or more; one is given"])
    expect(espial("--points", "--wireshark", CLEAN, CLEAN, DISPLAY=":none", **stand_in(tmp / "bin", "wireshark", "exit 0")), 2,
           err=["exclude each other"])


def test_finding():
    expect(espial(FINDING), 1, [f"=== {FINDING} ==="])
    expect(espial(CLEAN, FINDING), 1, [str(CLEAN), str(FINDING)])
    expect(espial(FINDING, CLEAN), 1)


def test_listed():
    """The diagnosis, then the SAs; the findings where they are asked for, down to a severity."""
    expect(espial(CLEAN), 0, ["Espial diagnosis", "\nWorks"])
    plain = espial(FINDING)
    expect(plain, 1, ["Espial diagnosis", "Espial SAs"])
    assert plain.stdout.index("Espial diagnosis") < plain.stdout.index("Espial SAs"), plain.stdout
    assert "Espial findings" not in plain.stdout and "\x1b" not in plain.stdout, plain.stdout
    every = espial("--findings", FINDING).stdout.split("Espial findings")[1]
    worst = espial("--findings", "--min-severity", "error", FINDING).stdout.split("Espial findings")[1]
    assert "\nchat " in every and "\nchat " not in worst, (every, worst)
    expect(espial("--min-severity", "bad", FINDING), 2, err=["bad: the severity is chat, note, warning or error"])


def test_json():
    for capture, status in (CLEAN, 0), (FINDING, 1):
        run = espial("--json", capture)
        expect(run, status)
        report = json.loads(run.stdout)
        assert report["format"] == "espial-report/1", report


def test_json_lines(tmp):
    """A line for each capture, whole or not: they can be told apart, and none is missing."""
    cut, data = tmp / 'cut "1".pcapng', CLEAN.read_bytes()
    at, length = list(packets(data))[1]
    cut.write_bytes(data[:at + length // 2])
    (tmp / "zeros").write_bytes(bytes(5000))
    run = espial("--json", CLEAN, tmp / "none", cut, tmp / "zeros", FINDING)
    expect(run, 2)
    reports = [json.loads(line) for line in run.stdout.splitlines()]
    assert [r["capture"]["file"] for r in reports] == [CLEAN.name, "none", cut.name, "zeros", FINDING.name], run.stdout
    assert [r["capture"]["frames"] for r in reports[1:4]] == [0, 1, 0], run.stdout
    errors = [r.get("error") for r in reports]
    assert errors[0] is errors[4] is None and errors[1] == "no such file", errors
    assert errors[2] == "the capture is cut short in the middle of a packet; the frame before the cut is reported", errors
    assert errors[3].startswith("not a capture file, or damaged at its first packet"), errors
    schema = json.loads((SOURCE / "plugin/espial-report-1.schema.json").read_text())
    for report in reports:
        jsonschema.validate(report, schema)


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


def test_nothing_read(tmp):
    """Of a capture without a whole frame there is no report, and nobody takes it for a clean one."""
    data = CLEAN.read_bytes()
    at, length = next(packets(data))
    (tmp / "cut").write_bytes(data[:at + length // 2])
    (tmp / "zeros").write_bytes(bytes(5000))
    for name, says in ("cut", "cut short in the middle of its first packet: 0 frames could be read"), ("zeros", "0 frames could be read"):
        run = espial(tmp / name)
        expect(run, 2, err=[says, "nothing to report for it"])
        assert run.stdout == "", run.stdout


def test_compressed(tmp):
    """By what is in it, not by its name; keys beside it are found."""
    data, keys = CLEAN.read_bytes(), CLEAN.with_suffix(".keys")
    shutil.copytree(keys, tmp / "c.keys")
    packed = {"c.pcapng.gz": gzip.compress(data), "c.pcapng.xz": lzma.compress(data), "c.pcapng.bz2": bz2.compress(data),
              "c.pcapng": lzma.compress(data)}
    for name, octets in packed.items():
        (tmp / name).write_bytes(octets)
        expect(espial("--findings", tmp / name), 0, [f"=== {tmp / name} ===", "sa_deleted  [decrypted]"])
    (tmp / "half.xz").write_bytes(lzma.compress(data)[:3000])
    expect(espial(tmp / "half.xz"), 2, ["0 errors"], ["xz cannot unpack all of it", "before the cut are reported"])
    without = tmp / "bin"
    without.mkdir()
    for folder in os.environ["PATH"].split(":"):
        for tool in Path(folder).glob("*"):
            if tool.name != "xz" and not (without / tool.name).is_symlink():
                (without / tool.name).symlink_to(tool)
    expect(espial(tmp / "c.pcapng.xz", PATH=str(without)), 2, err=["compressed with xz, which is not installed here", "xz -d"])
    (tmp / "c.zip").write_bytes(b"PK\3\4" + bytes(40))
    expect(espial(tmp / "c.zip"), 2, err=["a ZIP archive"])


def test_pipes(tmp):
    """Standard input, compressed or not, and a FIFO; keys are those that are named."""
    keys = CLEAN.with_suffix(".keys")
    (tmp / "c.xz").write_bytes(lzma.compress(CLEAN.read_bytes()))
    for name in CLEAN, tmp / "c.xz":
        with open(name, "rb") as stdin:
            expect(espial("--findings", "--keys", keys, "-", stdin=stdin), 0, ["=== standard input ===", "sa_deleted  [decrypted]"])
        with subprocess.Popen(["cat", name], stdout=subprocess.PIPE) as cat:
            expect(espial("/dev/stdin", stdin=cat.stdout), 0, ["=== /dev/stdin ===", "0 errors"])
    fifo = tmp / "fifo"
    os.mkfifo(fifo)
    with subprocess.Popen(["sh", "-c", 'exec cat "$1" >"$2"', "sh", FINDING, fifo]):
        expect(espial("--json", fifo), 1, ['"file":"fifo"'])
    expect(espial("-"), 2, err=["standard input: not a capture file"])


def test_stopped_capture():
    """Ctrl+C ends the capture that is piped in, not the report on it."""
    run = subprocess.Popen([SOURCE / "espial", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False,
                           preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    run.stdin.write(FINDING.read_bytes())
    run.stdin.flush()
    deadline, process = time.monotonic() + 300, Path(f"/proc/{run.pid}")
    while process.joinpath("exe").resolve() != PROGRAM.resolve() or process.joinpath("stat").read_text().rpartition(")")[2].split()[0] != "S":
        assert time.monotonic() < deadline and run.poll() is None, run
        time.sleep(0.05)
    time.sleep(0.5)
    run.send_signal(signal.SIGINT)
    out = run.communicate(timeout=300)[0]
    assert run.returncode == 1 and b"=== standard input ===" in out, (run.returncode, out)


def test_keys_and_plan(tmp):
    expect(espial("--keys", tmp / "none", CLEAN), 2, err=["no such file or folder"])
    expect(espial("--plan", tmp / "none", CLEAN), 2, err=["cannot be read"])
    (tmp / "plan").write_text("[peer 192.0.2.10]\nike = ROT13\n")
    expect(espial("--plan", tmp / "plan", CLEAN), 2, ["0 errors"], ["ROT13", "left out"])
    (tmp / "plan").write_text("[peer 192.0.2.10]\nike = AES_CBC_256\n")
    expect(espial("--plan", tmp / "plan", CLEAN), 0)
    # A folder may hold a plan alone.
    expect(espial("--keys", tmp, CLEAN), 0)


def test_key_paths(tmp):
    """Keys come as Espial's key log takes them: a file, gzipped or not, or a folder."""
    tables = sorted(CLEAN.with_suffix(".keys").iterdir())
    log, alone = tmp / "keys.log", tmp / "a.pcapng"
    log.write_bytes(b"".join(one.read_bytes() for one in tables))
    shutil.copy(CLEAN, alone)
    expect(espial(alone), 0, ["inferred"])
    expect(espial("--findings", "--keys", log, alone), 0, ["sa_deleted  [decrypted]", "keys given: 1 IKE, 2 ESP; used: 1 IKE, 2 ESP"])
    with gzip.open(tmp / "keys.gz", "wb") as out:
        out.write(log.read_bytes())
    expect(espial("--findings", "--keys", tmp / "keys.gz", alone), 0, ["sa_deleted  [decrypted]"])
    # What holds no key is told, and nobody takes the report for one with keys.
    (tmp / "folder").mkdir()
    shutil.copy(log, tmp / "folder/charon.log")
    expect(espial("--keys", tmp / "folder", alone), 2, ["inferred"], ["a folder without esp_sa"])
    (tmp / "nothing").write_text("no key\n")
    expect(espial("--keys", tmp / "nothing", alone), 2, err=["holds no key", "judged without"])
    # Of another capture.
    expect(espial("--keys", SOURCE / "pcaps/esn.keys", alone), 0, ["keys_unused", "they decrypt 0 of 1 IKE SA and 0 of 2 ESP streams"])
    # Beside a compressed capture, a file or a folder.
    with gzip.open(tmp / "b.pcapng.gz", "wb") as out:
        out.write(CLEAN.read_bytes())
    shutil.copytree(CLEAN.with_suffix(".keys"), tmp / "b.keys")
    expect(espial("--findings", tmp / "b.pcapng.gz"), 0, ["sa_deleted  [decrypted]"])
    shutil.copy(log, tmp / "a.keys")
    expect(espial("--findings", alone), 0, ["sa_deleted  [decrypted]"])


def test_sudo_without_password(tmp):
    """Where one rule needs no password and another does, sudo -v fails and sudo works."""
    for folder in os.environ["PATH"].split(":"):
        for tool in Path(folder).glob("*"):
            link = tmp / tool.name
            if tool.name not in ("tshark", "ninja", "sudo", "id", "apt-get") and not link.is_symlink():
                link.symlink_to(tool)
    for name, script in (("sudo", '[ "$1" != -v ] && exec "$@"'), ("id", "echo 1000"), ("apt-get", 'echo "apt-get $*"')):
        (tmp / name).write_text(f"#!/bin/sh\n{script}\n")
        (tmp / name).chmod(0o755)
    run = espial(CLEAN, PATH=str(tmp))
    expect(run, 2, err=["installed, yet still missing"])
    assert "not allowed" not in run.stderr, run.stderr


def test_wireshark(tmp):
    """What Wireshark is started with; another program of that name stands in for it."""
    stand_in = tmp / "wireshark"
    stand_in.write_text("#!/bin/sh\nprintf '%s\\n' \"$#\" \"$@\"\n")
    stand_in.chmod(0o755)
    screen = {"DISPLAY": ":none", "PATH": f"{tmp}:{os.environ['PATH']}", "XDG_CONFIG_HOME": str(tmp / "config")}
    keys = FINDING.with_suffix(".keys")
    run = espial("--wireshark", FINDING, **screen)
    expect(run, 0)
    assert run.stdout.splitlines() == [f"wireshark -C IPsec -o espial.keylog_file:{keys} {FINDING}", "5", "-C", "IPsec", "-o",
                                       f"espial.keylog_file:{keys}", str(FINDING)], run.stdout
    (tmp / "sheet").write_text("")
    run = espial("--wireshark", "--keys", tmp, "--plan", tmp / "sheet", CLEAN, **screen)
    assert run.stdout.splitlines()[0] == \
        f"wireshark -C IPsec -o espial.keylog_file:{tmp} -o espial.plan_file:{tmp}/sheet {CLEAN}", run.stdout
    expect(espial("--wireshark", FINDING, DISPLAY="", WAYLAND_DISPLAY=""), 2, err=["no screen"])
    expect(espial("--wireshark", FINDING, CLEAN, **screen), 2, err=["opens one capture"])
    expect(espial("--wireshark", "--json", FINDING, **screen), 2, err=["excludes"])
    expect(espial("--wireshark", tmp / "none", **screen), 2, err=["no such file; Wireshark is not opened"])
    expect(espial("--wireshark", tmp / "sheet", **screen), 2, err=["not a capture file: it is empty; Wireshark is not opened"])


def test_windows(tmp):
    """The first windows are large, those of a user who has sizes stay; a newer profile is told once, and taken when asked."""
    screen = {"DISPLAY": ":none", "XDG_CONFIG_HOME": str(tmp), **stand_in(tmp / "bin", "wireshark", "exit 0")}
    recent, own = tmp / "wireshark/recent_common", tmp / "wireshark/profiles/IPsec"
    run = espial("--wireshark", CLEAN, **screen)
    expect(run, 0)
    assert run.stderr == "", run.stderr
    assert recent.read_text().startswith("gui.geometry_main_maximized: TRUE\n"), recent.read_text()
    assert "gui.geom.IPsec SAs.width: 1320\n" in recent.read_text(), recent.read_text()
    recent.write_text("gui.geometry_main_maximized: FALSE\ngui.geom.IPsec SAs.width: 700\n")
    expect(espial("--wireshark", CLEAN, **screen), 0)
    assert recent.read_text().startswith("gui.geometry_main_maximized: FALSE\ngui.geom.IPsec SAs.width: 700\n"), recent.read_text()
    assert recent.read_text().count("IPsec SAs") == 1 and "gui.geom.IPsec Findings.height: 420\n" in recent.read_text()
    shutil.copytree(SOURCE / "plugin/profile/IPsec", own)
    run = espial("--wireshark", CLEAN, **screen)
    assert run.stderr == "", f"the profile of this version: {run.stderr}"
    (own / "colorfilters").write_text("# mine\n")
    assert espial("--wireshark", CLEAN, **screen).stderr == "", "changed by the user"
    (own / "espial-profile").write_text("of an older version\n")
    expect(espial("--wireshark", CLEAN, **screen), 0, err=["--new-profile takes the newer one"])
    assert espial("--wireshark", CLEAN, **screen).stderr == "", "told once"
    expect(espial("--wireshark", "--new-profile", CLEAN, **screen), 0, err=['yours is kept as "IPsec before 1"'])
    assert (own / "colorfilters").read_text() == (SOURCE / "plugin/profile/IPsec/colorfilters").read_text()
    assert (own.parent / "IPsec before 1/colorfilters").read_text() == "# mine\n"
    expect(espial("--new-profile", CLEAN), 2, err=["needs --wireshark"])


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


def stand_in(folder, name, script):
    """The environment in which a shell script stands before the program of that name, $REAL."""
    folder.mkdir(exist_ok=True)
    (folder / name).write_text(f"#!/bin/sh\nREAL={shutil.which(name)}\n{script}\n")
    (folder / name).chmod(0o755)
    return {"PATH": f"{folder}:{os.environ['PATH']}"}


NAMES = {                                       # as they are, and as a terminal gets them
    b"esc\x1b[31m\x1b]0;t\x07": "esc[U+001B][31m[U+001B]]0;t[U+0007]",
    b"two\nlines\r": "two[U+000A]lines[U+000D]",
    "bidi\u202egnp\u2066\u200b".encode(): "bidi[U+202E]gnp[U+2066][U+200B]",
    b"c1\xc2\x9b31m": "c1[U+009B]31m",
    b"bad\xff\xc3\xc0\xaf": "bad\ufffd\ufffd\ufffd\ufffd",
    "M\u00fcnchen \u65e5\u672c $(id)`id`;*'\"%n".encode(): "M\u00fcnchen \u65e5\u672c $(id)`id`;*'\"%n",
}


def test_hostile_names(tmp):
    for octets, shown in NAMES.items():
        name = os.fsdecode(octets) + ".pcapng"
        shutil.copy(CLEAN, tmp / name)
        (tmp / "text").write_bytes(b"hello\n")
        os.rename(tmp / "text", tmp / (name + ".txt"))
        run = espial(name, name + ".txt", "none" + name, cwd=tmp)
        expect(run, 2, [f"=== {shown}.pcapng ===\n"],
               [f"{shown}.pcapng.txt: not a capture file: it is text, ",
                f"none{shown}.pcapng: no such file"])
        for text in run.stdout, run.stderr:
            assert all(c.isprintable() or c == "\n" for c in text), text
        expect(espial("--keys", "none" + name, name, cwd=tmp), 2, err=[f"none{shown}.pcapng: no such file or folder"])
        run = espial("--html", name + ".html", name, cwd=tmp)
        expect(run, 0, [f"The report is in {shown}.pcapng.html\n"])
    # What is to be copied into a shell means the name there.
    screen = {"DISPLAY": ":none", "XDG_CONFIG_HOME": str(tmp), **stand_in(tmp / "bin", "wireshark", "exit 0")}
    for octets in NAMES:
        run = espial("--wireshark", os.fsdecode(octets) + ".pcapng", cwd=tmp, **screen)
        assert all(c.isprintable() or c == "\n" for c in run.stdout), run.stdout
        words = subprocess.run(["bash", "-c", f"printf '%s\\0' {run.stdout}"], check=True,
                               stdout=subprocess.PIPE).stdout
        assert words.split(b"\0")[-2] == octets + b".pcapng", words


def test_dash(tmp):
    """A name may begin with a dash: of the capture, its keys, plan and page."""
    shutil.copy(FINDING, tmp / "-x.pcapng")
    shutil.copytree(FINDING.with_suffix(".keys"), tmp / "-x.keys")
    (tmp / "-plan").write_text("[peer nobody.example]\nauth = psk\n")
    for args in (), ("--keys=-x.keys", "--plan", "-plan"):
        run = espial(*args, "--", "-x.pcapng", cwd=tmp)
        expect(run, 1, ["-x.pcapng ===", "[decrypted]"])
        assert run.stderr == "", run.stderr
    expect(espial("--html", "-x.html", "--", "-x.pcapng", cwd=tmp), 1, ["-x.html"])
    assert (tmp / "-x.html").read_text().rstrip().endswith("</html>")
    (tmp / "-n").write_text("hello\n")
    expect(espial("--", "-n", "-none", cwd=tmp), 2,
           err=["-n: not a capture file", "-none: no such file"])


def test_private_folder(tmp):
    """A temporary folder is nobody else's, and gone at the end: looked at while tshark reads what is in it."""
    look = f'''case $* in *" -r "*) stat -c %a "$WIRESHARK_CONFIG_DIR" >>{tmp}/modes ;; esac
exec "$REAL" "$@"'''
    os.umask(0o022)
    (tmp / "temporary").mkdir()
    for args in (), ("--json",), ("--html", tmp / "page.html"):
        expect(espial("--dissect", *args, FINDING, TMPDIR=str(tmp / "temporary"), **stand_in(tmp / "bin", "tshark", look)), 1)
        expect(espial(*args, FINDING, TMPDIR=str(tmp / "temporary")), 1)
    assert (tmp / "modes").read_text().split() == ["700"] * 3, (tmp / "modes").read_text()
    assert not os.listdir(tmp / "temporary"), os.listdir(tmp / "temporary")
    assert (tmp / "page.html").stat().st_mode & 0o777 == 0o644, "a page is as any new file"


def test_lost_output(tmp):
    page, lost = tmp / "page.html", "standard output is full or closed"
    for args in ((CLEAN,), (FINDING, CLEAN), ("--json", CLEAN), ("--html", page, CLEAN), ("--help",), ()):
        with open("/dev/full", "w") as full:
            run = espial(*args, stdout=full)
        assert run.returncode == 2 and lost in run.stderr, (args, run)
        there, here = os.pipe()
        os.close(there)
        run = espial(*args, stdout=here)
        os.close(here)
        assert run.returncode == 2 and lost in run.stderr, (args, run)
    assert page.read_text().rstrip().endswith("</html>")


def short_files(dies):
    """In a process that may write 20,000 octets into a file: it is told so, or it dies in the middle of a write."""
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL if dies else signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (20000, 20000))


def test_page_whole(tmp):
    """A full disk or a kill leaves the old page, and nothing beside it."""
    page, real, link = tmp / "page.html", tmp / "real.html", tmp / "link.html"
    espial("--version")
    for dies in False, True:
        page.write_text("the old page")
        run = espial("--html", page, FINDING, preexec_fn=lambda dies=dies: short_files(dies))
        assert run.returncode == (-signal.SIGXFSZ if dies else 2), run
        assert page.read_text() == "the old page", page.read_text()[:80]
        if not dies:
            assert os.listdir(tmp) == ["page.html"] and "page.html: cannot be written (--html)" in run.stderr, (os.listdir(tmp), run)
    # A link stays a link, the old page's mode is the new one's.
    real.write_text("the old page")
    real.chmod(0o640)
    link.symlink_to(real)
    expect(espial("--html", link, FINDING), 1)
    assert link.is_symlink() and real.stat().st_mode & 0o777 == 0o640
    assert real.read_text().rstrip().endswith("</html>")


def test_page_whole_tshark(tmp):
    """The same of -z espial,html."""
    page, link = tmp / "page.html", tmp / "link.html"
    link.symlink_to(page)
    args = ["tshark", "-n", "-q", "-r", FINDING, "-z", f"espial,html,{link}"]
    page.write_text("the old page")
    run = subprocess.run(args, capture_output=True, text=True, timeout=300, preexec_fn=lambda: short_files(False))
    assert "cannot be written" in run.stderr, run
    assert page.read_text() == "the old page" and len(os.listdir(tmp)) == 2, os.listdir(tmp)
    run = subprocess.run(args, capture_output=True, text=True, timeout=300, preexec_fn=lambda: short_files(True))
    assert run.returncode == -signal.SIGXFSZ, run
    assert page.read_text() == "the old page" and link.is_symlink()
    subprocess.run(args, capture_output=True, check=True, timeout=300)
    assert link.is_symlink() and page.read_text().rstrip().endswith("</html>")
    args[-1] = "espial,html,/dev/stdout"
    assert "</html>" in subprocess.check_output(args, text=True, timeout=300)


SPI_I, SPI_R = b"\x11" * 8, b"\x22" * 8


def ikev1(src, dst, first, body, spi_r=SPI_R, exchange=2, flags=0, message=0):
    """A frame with an IKEv1 message, of main mode where nothing else is said."""
    head = struct.pack("!BBBBII", first, 0x10, exchange, flags, message, 28 + len(body))
    ike = SPI_I + spi_r + head + body
    udp = struct.pack("!HHHH", 500, 500, 8 + len(ike), 0) + ike
    ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0,
                     bytes((192, 0, 2, src)), bytes((192, 0, 2, dst)))
    return b"\0" * 12 + b"\x08\0" + ip + udp


def crashing_frames():
    """Five messages by which the IKEv1 decryption of Wireshark 4.0 crashes: an encrypted one of 1 to
    15 octets, less than a block, and then quick mode."""
    attributes = struct.pack("!10H", 0x8001, 7, 0x8002, 2, 0x8003, 1, 0x8004, 14, 0x800e, 128)
    transform = struct.pack("!BBHBBH", 0, 0, 28, 1, 1, 0) + attributes
    proposal = struct.pack("!BBHBBBB", 0, 0, 36, 1, 1, 0, 1) + transform
    offer = struct.pack("!BBHII", 0, 0, 48, 1, 1) + proposal
    public = struct.pack("!BBH256sBBH16s", 10, 0, 260, b"\x33" * 256, 0, 0, 20, b"\x44" * 16)
    return [ikev1(1, 2, 1, offer, bytes(8)), ikev1(1, 2, 4, public), ikev1(2, 1, 4, public),
            ikev1(2, 1, 8, b"\xb6", flags=1),
            ikev1(2, 1, 8, b"\x55" * 65, exchange=32, flags=1, message=1)]


def test_crash_of_the_host(tmp):
    capture, keys, profile = tmp / "crash.pcap", tmp / "crash.keys", tmp / "profile"
    frames = crashing_frames()
    capture.write_bytes(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 1) + b"".join(
        struct.pack("<IIII", i, 0, len(one), len(one)) + one for i, one in enumerate(frames)))
    table = f"{SPI_I.hex()},{'55' * 24}\n"
    for folder in keys, profile:
        folder.mkdir()
        (folder / "ikev1_decryption_table").write_text(table)
    # Espial has the keys, Wireshark has not: no crash.
    run = espial(capture)
    assert run.returncode in (0, 1) and " errors, " in run.stdout and run.stderr == "", run
    dissected = espial("--dissect", capture)
    assert (dissected.returncode, dissected.stdout, dissected.stderr) == (run.returncode, run.stdout, ""), dissected
    # The user's own table, which Wireshark has read.
    shutil.rmtree(keys)
    own = {"WIRESHARK_CONFIG_DIR": str(profile)}
    native = espial(capture, **own)
    assert (native.returncode, native.stdout, native.stderr) == (run.returncode, run.stdout, ""), native
    alone = subprocess.run(["tshark", "-n", "-V", "-r", capture, "--disable-protocol", "espial"],
                           capture_output=True, timeout=300, env={**os.environ, **own})
    again = espial("--dissect", capture, **own)
    assert (again.returncode, again.stdout) == (run.returncode, run.stdout), again
    if alone.returncode == -signal.SIGSEGV:
        expect(again, run.returncode,
               err=["tshark crashed (signal 11) while reading it, in Wireshark's own "
                    "decryption, not in Espial; it is read again"])
        assert again.stderr.count("\n") == 1, again.stderr
    assert (profile / "ikev1_decryption_table").read_text() == table


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


def test_crash_unknown(tmp):
    """A tshark that crashes once, or each time; keys beside the capture, and in the profile."""
    profile = tmp / "profile"
    shutil.copytree(FINDING.with_suffix(".keys"), profile)
    bare = tmp / "bare.pcapng"
    shutil.copy(FINDING, bare)
    for number, name in (11, "SEGV"), (6, "ABRT"):
        once = stand_in(tmp / "bin", "tshark", f"""case $* in
*" -r "*) if mkdir {tmp}/crashed 2>/dev/null; then kill -{name} $$; fi ;;
esac
exec "$REAL" "$@\"""")
        fed = {**once, "WIRESHARK_CONFIG_DIR": str(profile)}
        for capture, env, whose in ((FINDING, once, "by whose fault is unknown"),
                                    (bare, fed, "in Wireshark's own decryption")):
            run = espial("--dissect", capture, **env)
            expect(run, 1, ["[decrypted]"],
                   [f"crashed (signal {number}) while reading it, {whose}"])
            assert run.stderr.count("\n") == 1, run.stderr
            (tmp / "crashed").rmdir()
    always = stand_in(tmp / "bin", "tshark",
                      'case $* in *" -r "*) kill -SEGV $$ ;; esac; exec "$REAL" "$@"')
    run = espial("--dissect", FINDING, **always)
    expect(run, 2, err=["crashed twice (signal 11)", "unknown", "nothing to report for it"])
    assert run.stdout == "" and run.stderr.count("\n") == 1, run


def test_usage():
    run = espial()
    expect(run, 0, ["Usage: ./espial", "./espial pcaps/1_wrong_password.pcapng"])
    assert run.stderr == "", run.stderr
    expect(espial("--help"), 0, ["Usage: ./espial"])
    expect(espial("--frobnicate", CLEAN), 2, err=["Unknown option --frobnicate"])


def test_not_built(tmp):
    """Before the first set-up nothing is built or installed to say what it is."""
    nothing = {"ESPIAL_BUILD_DIR": str(tmp / "build")}
    number = espial("--version").stdout.split()[1].rstrip(",")
    expect(espial("--version", **nothing), 0, [f"espial {number}\n"])
    for args in ("--help",), ():
        expect(espial(*args, **nothing), 0, ["Usage: ./espial", "--no-install", "docs/man/espial.1"])
    assert not (tmp / "build").exists()


for name, test in list(globals().items()):
    if name.startswith("test_"):
        folder = Path(tempfile.mkdtemp())
        try:
            test(*[folder] * test.__code__.co_argcount)
        finally:
            shutil.rmtree(folder)
        print("ok", name)
