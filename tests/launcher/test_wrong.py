"""What is given in the wrong place: of each thing its name, what it is, what takes it, and what happens now; never a report of nothing
that looks like a good one.  SPDX-License-Identifier: GPL-2.0-or-later"""
import gzip
import io
import json
import lzma
import shutil
import tarfile
import tempfile
import zipfile
from pathlib import Path

from bulk import SOURCE, espial, expect, whole

CLEAN, KEYS = SOURCE / "pcaps/5_clean_ikev2.pcapng", SOURCE / "pcaps/3_virtual_address.keys"
TEXT = "it is text, as --keys, --plan and --log take it (tcpdump and tshark write a capture with -w)"


def tar_of(path):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        archive.add(path, "a.pcapng")
    return out.getvalue()


def lay_out(place):
    """{name: what is said of it as a capture}."""
    (place / "folder").mkdir()
    (place / "nothing").mkdir()
    shutil.copy(CLEAN, place / "folder")
    shutil.copytree(KEYS, place / "keys")
    expect(espial("--output", place / "results", place / "folder"), 0)
    expect(espial("--extract", place / "parts", CLEAN), 0)
    expect(espial("--save-state", place / "state", CLEAN), 0)
    for name, options in ("report.json", ["--json"]), ("records", ["--format", "ndjson"]), ("page", ["--format", "html"]), ("report", []):
        (place / name).write_bytes(espial(*options, CLEAN).stdout)
    (place / "empty").touch()
    with zipfile.ZipFile(place / "zip", "w") as archive:
        archive.write(CLEAN)
    tar = tar_of(CLEAN)
    (place / "a.tar").write_bytes(tar)
    (place / "a.tgz").write_bytes(gzip.compress(tar))
    (place / "a.tar.xz").write_bytes(lzma.compress(tar))
    (place / "7z").write_bytes(b"7z\xbc\xaf\x27\x1c" + bytes(100))
    (place / "log").write_text("2026-11-23T14:11:26 12[NET] <gw|1> received packet: from 192.0.2.10[500] to 198.51.100.20[500] (336 bytes)\n")
    (place / "long").write_text("x" + "\u00e4" * 5000)
    (place / "plan").write_text("[peer gw]\nauth = psk\n")
    (place / "octets").write_bytes(bytes(range(1, 256)) * 40)
    part, result = next((place / "parts").glob("*.part")), whole(place / "results")[0]
    folder = "a folder: name the files in it, or let espial --output RESULTS FOLDER read all captures in it"
    report, archive = "it is a report that Espial wrote", "it is an archive: take the captures out of it"
    return {"folder": folder, "nothing": folder, "keys": "a folder with keys, which --keys takes", "results": "a folder with results, which --merge takes",
            result: "it is a result of --output, which --merge takes", part: "it is a part of a series, which --series takes",
            "state": "it is a state of a series, which --state takes", "report.json": report, "report": TEXT, "records": "it is a file of records",
            "page": "it is a page", "empty": "it is empty", "zip": "a ZIP archive: take the capture out of it (unzip)", "a.tar": archive, "a.tgz": archive,
            "a.tar.xz": archive, "7z": archive, "log": TEXT, "long": TEXT, "plan": TEXT, "keys/esp_sa": "it is a table of keys, which --keys takes",
            "octets": "not a capture file", "parts": "a folder with parts, which --series takes", "none": "no such file"}


def test_captures(place, said):
    for name, words in said.items():
        path = place / name
        middle = "not a capture file: " if words.startswith("it is") else ""
        run = espial(path)
        expect(run, 2, err=[f"{path}: {middle}{words}", "; nothing to report for it\n"])
        assert not run.stdout, run
        data = json.loads(espial("--json", path).stdout)
        assert words in data["error"], data
        for option in ["--series"], ["--points", CLEAN], ["--extract", place / "to"]:
            if option == ["--series"] and (name == "parts" or str(name).endswith(".part")):
                continue
            expect(espial(*option, path), 2, err=[f"{path}: {middle}{words}"])
    for name in "report.json", "a.tar":
        expect(espial("--dissect", place / name), 2, err=["not a capture file: it is ", "; nothing to report for it"])
    # Nothing more is known of these than that they are none.
    run = espial(place / "octets")
    expect(run, 2, err=[f"{place}/octets: not a capture file; nothing to report for it"])


def test_inputs(place):
    """Keys, plan, log and state that are none: the report is made, and the status says that not all was read."""
    for name in "folder", "nothing", CLEAN, "report.json", "empty", "zip", "octets", "results", "page":
        path = place / name
        folder = path.is_dir()
        for option, words in (("--keys", "holds no key that Espial can read; the capture is judged without keys."),
                              ("--plan", "the capture is judged without a plan."), ("--log", "is a folder, and cannot be read (--log)" if folder else None),
                              ("--state", "is a folder, and cannot be read (--state)" if folder else "is no state that Espial has saved; the capture is read without it")):
            if words:
                run = espial(option, path, CLEAN)
                expect(run, 2, [] if "(--" in words else ["Espial diagnosis"], [str(path), words])
    for name in CLEAN, "empty", "zip", "plan":
        expect(espial("--log", place / name, CLEAN), 2, ["Espial diagnosis"], [Path(name).name, "no line of an IKE daemon that Espial can read; the report is made without it"])
    expect(espial("--log", place / "log", CLEAN), 0)


def test_many(place):
    for name in "log", "report.json", CLEAN, "none":
        run = espial("--merge", place / name)
        expect(run, 2, err=[f"espial: {place / name}: ", "there is no result in what is given (--merge)"])
        assert not run.stdout, run
    expect(espial("--merge", place / "folder"), 2, err=["there is no result in what is given (--merge)"])
    expect(espial("--output", place / "more", place / "results"), 2, err=["there is no capture in what is given; 1 other file is there"])
    expect(espial("--output", place / "more", place / "log"), 2, err=[f"{place}/log: not a capture file: {TEXT}"])
    expect(espial("--output", place / "more", "--list", CLEAN), 2, err=[f"{CLEAN}: a capture, and no list of paths (--list)"])
    expect(espial("--output", place / "log", CLEAN), 2, err=[f"{place}/log: is a file; no such folder can be made (--output)"])
    expect(espial("--extract", place / "log", CLEAN), 2, err=[f"{place}/log: no such folder can be made (--extract); no part is made"])


def test_no_capture(place):
    """What was meant for a capture is the value of the option before it."""
    page = shutil.copy(CLEAN, place / "a.pcapng")
    for option in "--html", "--keys", "--log", "--save-state":
        expect(espial(option, page), 2, err=["no capture is given; try --help"])
    assert Path(page).read_bytes() == CLEAN.read_bytes()
    expect(espial(), 0, ["Usage:"])
    for option, words in (("-r", "captures are given without an option"), ("-i", "tcpdump -i eth0 -w - | espial -"), ("-z", "it is of tshark"),
                          ("-7", "try --help")):
        expect(espial(option, page), 2, err=[words])


def main():
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        said = lay_out(place)
        test_captures(place, said)
        test_inputs(place)
        test_many(place)
        test_no_capture(place)


main()
