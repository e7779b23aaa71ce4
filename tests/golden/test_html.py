#!/usr/bin/python3
"""The HTML report: well formed, of one file, nothing of a capture is taken for markup, all
that the JSON report says is in it, and the same octets in one pass, in two and through the
launcher.  SPDX-License-Identifier: GPL-2.0-or-later
"""
import glob, html.parser, json, os, re, struct, subprocess, sys, tempfile

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
VOID = {"meta", "br", "wbr", "input", "img", "hr", "link"}
LOADS = {"src", "srcset", "data", "poster", "action", "formaction", "background", "manifest", "ping"}
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


class Page(html.parser.HTMLParser):
    """Elements, texts and what is wrong with their nesting."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open, self.wrong, self.ids, self.links, self.attributes = [], [], [], [], []
        self.elements, self.text, self.scripts, self.styles = [], [], [], []
        self.unlabelled, self.headers = [], []
        self.feed(text)
        self.close()
        self.wrong += [f"<{tag}> is never closed" for tag in self.open]
        self.words = " ".join("".join(self.text).split())

    def handle_starttag(self, tag, attrs):
        names = dict(attrs)
        if len(names) != len(attrs):
            self.wrong.append(f"<{tag}> has an attribute twice")
        self.elements.append(tag)
        if tag != "wbr":
            self.text.append(" ")
        self.attributes += [(tag, k, v or "") for k, v in attrs]
        if "id" in names:
            self.ids.append(names["id"])
        if tag == "a":
            self.links.append(names.get("href", ""))
        if tag == "th":
            self.headers.append(names.get("scope"))
        if tag == "svg" and not ({"aria-label", "aria-labelledby"} & set(names) or names.get("aria-hidden") == "true"):
            self.unlabelled.append(self.getpos())
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.handle_starttag(tag, attrs)
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_endtag(self, tag):
        self.text.append(" ")
        if not self.open or self.open[-1] != tag:
            self.wrong.append(f"</{tag}> at {self.getpos()} closes <{self.open[-1] if self.open else ''}>")
        else:
            self.open.pop()

    def handle_data(self, data):
        inside = self.open[-1] if self.open else ""
        if inside in ("script", "style"):
            (self.scripts if inside == "script" else self.styles).append(data)
        else:
            self.text.append(data)


def words(text):
    return " ".join(text.split())


def tshark(path, conf, *args, quiet=True, **env):
    more = ["-o", "espial.plan_file:" + os.path.join(conf, "plan")] if os.path.exists(os.path.join(conf, "plan")) else []
    return subprocess.run(["tshark", "-n", *["-q"] * quiet, "-r", path, *more, *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                          timeout=120, env=dict(os.environ, WIRESHARK_CONFIG_DIR=conf, **env))


def make_both(path, conf, folder, *args, **env):
    """The page, and the JSON report of the same run."""
    out = os.path.join(folder, "report, of a capture.html")      # the comma is part of the name
    run = tshark(path, conf, *args, "-z", "espial,html," + out, "-z", "espial,json", **env)
    check(run.returncode == 0 and os.path.exists(out), f"{path}: {run.stderr[-300:]}")
    with open(out, "rb") as f:
        return f.read(), json.loads(run.stdout[run.stdout.index("{"):])


def make(path, conf, folder, *args, **env):
    return make_both(path, conf, folder, *args, **env)[0]


def well_formed(name, octets):
    text = octets.decode("utf-8")
    page = Page(text)
    check(text.startswith("<!DOCTYPE html>"), f"{name}: begins with its type")
    check(not page.wrong, f"{name}: nesting: {page.wrong[:3]}")
    twice = {i for i in page.ids if page.ids.count(i) > 1} if len(page.ids) < 5000 else set()
    check(not twice, f"{name}: ids used twice: {sorted(twice)[:5]}")
    check(all(link.startswith("#") and link[1:] in set(page.ids) for link in page.links),
          f"{name}: links that lead nowhere: {[link for link in page.links if link[1:] not in set(page.ids)][:5]}")
    check(not page.unlabelled, f"{name}: pictures without a label: {page.unlabelled}")
    check(all(scope in ("col", "row") for scope in page.headers), f"{name}: table headers without scope")
    self_contained(name, page)
    return page


def self_contained(name, page):
    loads = [a for a in page.attributes if a[1] in LOADS or (a[1] in ("href", "xlink:href") and not a[2].startswith("#"))]
    check(not loads, f"{name}: loads {loads[:3]}")
    check(not {"link", "img", "iframe", "object", "embed", "base", "form", "video", "audio", "use", "image"} & set(page.elements),
          f"{name}: elements that load")
    check(not [a for a in page.attributes if a[1].startswith("on") or a[1] == "style"], f"{name}: scripts or styles in attributes")
    check(len(page.scripts) == 1 and len(page.styles) == 1, f"{name}: one script and one style sheet")
    for text in page.scripts + page.styles:
        check(not re.search(r"url\(|@import|https?:|//[a-z]|fetch|XMLHttp|eval\(|innerHTML", text), f"{name}: style or script that loads")
    policy = [v for tag, k, v in page.attributes if tag == "meta" and k == "content" and "default-src" in v]
    check(policy and "default-src 'none'" in policy[0] and "unsafe" not in policy[0], f"{name}: policy {policy}")


def says_all(name, report, page):
    follows = {i for d in report["diagnoses"] for i in d["follows"]}      # the cause says what to do
    check(words(report["outcome"]["text"]) in page.words, f"{name}: outcome is missing: {report['outcome']}")
    for d in report["diagnoses"]:
        check(words(d["title"]) in page.words, f"{name}: diagnosis {d['cause']} is missing")
    for i, f in enumerate(report["findings"]):
        check(words(f["detail"]) in page.words, f"{name}: {f['check']} is missing: {f['detail']}")
        check(words(f["remedy"]) in page.words or i in follows, f"{name}: remedy of {f['check']} is missing: {f['remedy']}")
        check(f["reference"] in page.words and "espial." + f["check"] in page.words, f"{name}: reference of {f['check']}")
        check(f["basis"] in page.words, f"{name}: basis of {f['check']}")
    for sa in report["ike_sas"]:
        check(f"t{sa['id']}" in page.ids, f"{name}: IKE SA {sa['id']} in the table")
        if len(report["ike_sas"]) <= 40:
            check(f"sa{sa['id']}" in page.ids and sa["spi_i"] in page.words, f"{name}: IKE SA {sa['id']} in full")
            for offer in sa["offered"][:8]:
                check(all(t in page.words for t in offer.split(":")[1].split("/")), f"{name}: offer {offer}")
        for x in sa["exchanges"]:
            check(x["name"] in page.words, f"{name}: exchange {x['name']}")
    for c in report["child_sas"]:
        check(all(ts in page.words for ts in c["ts_i"] + c["ts_r"]), f"{name}: selectors of Child SA {c['id']}")
    check(f"{report['capture']['frames']} frame" in page.words, f"{name}: number of frames")


def shape(name, report, page):
    """Headings in their order; a row for each finding; red where something fails, and there only; on paper what is wrong."""
    levels = [int(tag[1]) for tag in page.elements if re.fullmatch("h[1-6]", tag)]
    check(levels[:2] == [1, 2] and levels.count(1) == 1, f"{name}: headings {levels[:4]}")
    rows = [i for i in page.ids if re.fullmatch("f[0-9]+", i)]
    check(sorted(rows) == sorted(f"f{i}" for i in range(len(report["findings"]))), f"{name}: a row for each finding: {rows}")
    classes = [v.split() for tag, k, v in page.attributes if k == "class" and v]
    verdict = [c[1] for c in classes if c[0] == "verdict"]
    want = {"fails": "error", "degraded": "warning", "unknown": "unknown", "works": "ok"}[report["outcome"]["verdict"]]
    check(verdict == [want] or (verdict == ["ok"] and not report["tunnels"]), f"{name}: the verdict's colour {verdict}, not {want}")
    if report["outcome"]["verdict"] != "fails" and not any(f["severity"] == "error" for f in report["findings"]):
        check(sum("error" in c or "bad" in c for c in classes) == 1, f"{name}: red beyond the legend, and no error")
    named = [d["ike_sas"][0] for d in report["diagnoses"] if d["severity"] in ("error", "warning") and d["ike_sas"]]
    articles = [c for c in classes if c[0] == "sa"]
    check(len([c for c in articles if "well" not in c]) <= len(set(named)), f"{name}: on paper {articles}, diagnoses of {named}")
    check(not named or len(report["tunnels"]) > 6 or not articles or any("well" not in c for c in articles), f"{name}: nothing on paper")
    told = [c for c in classes if c[0] == "row" and "ends" not in c]
    check(not report["ike_sas"] or told, f"{name}: a ladder")


def messages(name, path, conf, page):
    """The ladder has each message in one line, as the field that shows it."""
    run = tshark(path, conf, "-Y", "espial.message", "-T", "fields", "-e", "espial.message", quiet=False)
    said = [line.split(": ", 1) for line in run.stdout.splitlines()]
    check(said and all(words(part)[:390] in page.words for line in said for part in line), f"{name}: messages {said}")


def no_secrets(name, conf, octets):
    """No key of the tables, whole or in part, is in the page."""
    for table in ("ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"):
        path = os.path.join(conf, table)
        rows = open(path).read().splitlines() if os.path.exists(path) else []
        for row in rows:
            keys = row.split(",")[1:] if table == "ikev1_decryption_table" else row.split(",")[2:] if table != "esp_sa" else \
                re.findall(r'"0x([0-9a-f]{16,})"', row)
            for key in (re.sub(r'^"?(0x)?|"$', "", k) for k in keys if not row.startswith("#")):
                if len(key) >= 16 and re.fullmatch("[0-9a-f]+", key):
                    check(key[:16].encode() not in octets.lower(), f"{name}: a key of {table} is in the page")


def samples(folder):
    """The stories in every way, the laboratory's captures in one pass and in two."""
    for path in sorted(glob.glob(os.path.join(ROOT, "pcaps", "*.pcapng"))):
        name, conf = os.path.basename(path), path[:-7] + ".keys"
        one, report = make_both(path, conf, folder)
        page = well_formed(name, one)
        says_all(name, report, page)
        shape(name, report, page)
        no_secrets(name, conf, one)
        check(one == make(path, conf, folder, "-2"), f"{name}: one pass and two differ")
        if not name[0].isdigit():
            continue
        messages(name, path, conf, page)
        check(one == make(path, conf, folder), f"{name}: two runs differ")
        check(one == make(path, conf, folder, TZ="Asia/Tokyo", LC_ALL="de_DE.UTF-8"), f"{name}: the reader's clock or locale is in it")
        bare, report = make_both(path, os.path.join(ROOT, "tests", "golden"), folder)
        says_all(name + " without keys", report, well_formed(name + " without keys", bare))


# --- strangers ---------------------------------------------------------------------

def payload(following, body):
    return struct.pack(">BBH", following, 0, 4 + len(body)) + body


def aggressive(identity, kind, spi):
    """The first message of an IKEv1 aggressive mode: the identity is in clear (RFC 2409 section 5.4)."""
    transform = payload(0, struct.pack(">BBH", 1, 1, 0) + bytes.fromhex("80010005800200028003000180040002"))
    proposal = payload(0, struct.pack(">BBBB", 1, 1, 0, 1) + transform)
    chain = payload(4, struct.pack(">II", 1, 1) + proposal) + payload(10, bytes(range(128))) + payload(5, bytes(range(20))) + \
        payload(0, struct.pack(">BBH", kind, 17, 500) + identity)
    return spi + bytes(8) + struct.pack(">BBBBII", 1, 0x10, 4, 0, 0, 28 + len(chain)) + chain


def capture(path, messages):
    """A pcap file (raw IP) of UDP 500 datagrams."""
    out = struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, 101)
    for i, (message, src, dst) in enumerate(messages):
        udp = struct.pack(">HHHH", 500, 500, 8 + len(message), 0) + message
        ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), i + 1, 0, 64, 17, 0, src, dst) + udp
        out += struct.pack("<IIII", 1700000000, 1000 * i, len(ip), len(ip)) + ip
    with open(path, "wb") as f:
        f.write(out)


def strangers(folder):
    """Identities that want to be markup, to run, to be unseen or to turn the text."""
    hostile = [b"</script><script>alert(1)</script>", b"\"><img src=x onerror=alert(1)>", b"</style></svg><svg onload=alert(1)>",
               b"<!-- ' & \" %s %n </title>", b"a\x00b\x1b[31m\x08\x7f\x85", b"\xff\xfe\xc0\xaf\xed\xa0\x80", "a\u202egnp.exe".encode(),
               "\u2066x\u2069\u200b\ufeff\U000e0041".encode(), b"A" * 400, b"", b"\n\n# HTTP/1.1 200", b"javascript:alert(1)//http://x.example/"]
    path = os.path.join(folder, "hostile.pcap")
    capture(path, [(aggressive(identity, kind, bytes([n + 1, kind] * 4)), bytes([192, 0, 2, n + 1]), bytes([198, 51, 100, 20]))
                   for n, identity in enumerate(hostile) for kind in (2, 3, 9, 11, 200)])
    octets, report = make_both(path, folder, folder)
    page = well_formed("hostile identities", octets)
    says_all("hostile identities", report, page)
    check(len(report["ike_sas"]) == 5 * len(hostile), f"hostile identities: {len(report['ike_sas'])} IKE SAs")
    check("</script><script>alert(1)</script>" in page.words, "the identity is shown as it is")
    check(page.elements.count("script") == 1 and page.elements.count("img") == 0, "no element of a stranger")
    seen = octets.decode("utf-8")
    check(not re.search("[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]", seen),
          "nothing unseen, nothing that turns the text")


def hostile_plan(folder):
    """The plan may hold any text, and what is compared with it is said."""
    path = os.path.join(ROOT, "pcaps", "2_3des_against_des.pcapng")
    plan = os.path.join(folder, "plan")
    with open(plan, "w", encoding="utf-8") as f:
        f.write("[peer <b>\u202ex</b>]\nike = AES_CBC_256\n[peer bob@corp.example]\nike = AES_CBC_256/<i>'\u200b\n")
    well_formed("hostile plan", make(path, folder, folder))
    os.remove(plan)


def crowd(folder):
    """Many SAs: those with the gravest findings in full, all in the table."""
    path = os.path.join(folder, "crowd.pcap")
    count = 3000
    capture(path, [(aggressive(b"user%d@corp.example" % n, 3, struct.pack(">II", 7, n + 1)), struct.pack(">BBH", 10, 1, n), bytes([198, 51, 100, 20]))
                   for n in range(count)])
    octets = make(path, folder, folder)
    page = well_formed("crowd", octets)
    check(page.elements.count("article") < 100, f"{page.elements.count('article')} IKE SAs in full")
    check(len({i for i in page.ids if re.fullmatch("t[0-9]+", i)}) == count, "all are in the table")
    check(len(octets) < 1500 * count, f"{len(octets)} octets for {count} IKE SAs")


# --- the launcher -------------------------------------------------------------------

def launcher(folder):
    path = os.path.join(ROOT, "pcaps", "1_wrong_password.pcapng")
    clean = os.path.join(ROOT, "pcaps", "5_clean_ikev2.pcapng")
    out = os.path.join(folder, "out.html")

    def espial(*args, **more):
        return subprocess.run([os.path.join(ROOT, "espial"), *args], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True, timeout=300, env=dict(os.environ, **more))

    def expect(args, status, error="", **env):
        run = espial(*args, **env)
        check(run.returncode == status and error in run.stderr, f"espial {args}: exit {run.returncode}: {run.stderr}")
        return run

    run = expect(["--html", out, path], 1)
    check(out in run.stdout and " error, " in run.stdout, f"says where the report is: {run.stdout}")
    page = well_formed("launcher", open(out, "rb").read())
    check("1_wrong_password.pcapng" in page.words, "the capture's name stands in the report")
    same = make(path, path[:-7] + ".keys", folder, ESPIAL_CAPTURE_NAME="1_wrong_password.pcapng")
    check(open(out, "rb").read() == same, "the launcher's report is tshark's")
    expect(["--html=" + out, clean], 0)
    check("5_clean_ikev2.pcapng" in Page(open(out, encoding="utf-8").read()).words, "an older report is replaced")
    expect(["--html", os.path.join(folder, "none", "out.html"), path], 2, "no such folder")
    expect(["--html", folder, path], 2, "is a folder")
    expect(["--html", "/dev/full", path], 2, "/dev/full: cannot be written")
    expect(["--html", path, path], 2, "is the capture itself")
    expect(["--html", out, path, clean], 2, "one capture")
    expect(["--html", out, "--json", path], 2, "exclude each other")
    expect(["--html"], 2, "Missing argument for --html")
    expect(["--html="], 2, "needs a value")
    # What an analyst wants above it.  The clock is not asked, whatever the zone: the same line, the same page.
    head = ["--title", "Acme & <Co>", "--author=K. Lee", "--date", "2026-11-30", "--html", out, path]
    expect(head, 1)
    titled = open(out, "rb").read()
    page = well_formed("title", titled)
    check(page.words.startswith("IPsec report: Acme & <Co>") and "1_wrong_password.pcapng" in page.words, "the title")
    check("report of 2026-11-30 by K. Lee" in page.words, "author and date")
    expect(head, 1, TZ="Pacific/Kiritimati")
    check(open(out, "rb").read() == titled, "the same page in another zone")
    expect(["--date", "someday", "--html", out, path], 2, "someday: no date")
    expect(["--title", "Acme", path], 2, "--html")
    os.remove(out)
    expect(["--html", out, os.path.join(folder, "missing.pcapng")], 2, "no such file")
    check(not os.path.exists(out), "no report of a capture that is not there")
    # Names of files are no markup either.
    odd = os.path.join(folder, "<b>&'\u202e.pcapng")
    os.symlink(clean, odd)
    expect(["--html", out, odd], 0)
    odd_page = well_formed("odd name", open(out, "rb").read())
    check("<b>&'[U+202E].pcapng" in odd_page.words, "the odd name is shown as it is")


def direct(folder):
    """-z without the launcher says on stderr what it could not do."""
    path = os.path.join(ROOT, "pcaps", "5_clean_ikev2.pcapng")
    run = tshark(path, folder, "-z", "espial,html," + os.path.join(folder, "none", "out.html"))
    check("cannot be written" in run.stderr, f"unwritable: {run.stderr}")
    run = tshark(path, folder, "-z", "espial,html")
    check("needs the name of the file" in run.stderr, f"no name: {run.stderr}")


def points(folder):
    """Of several capture points: a section says what passed between them, and the ladder has each packet once, over all of them."""
    for path in sorted(glob.glob(os.path.join(ROOT, "pcaps", "points_*.pcapng"))):
        name = os.path.basename(path)[:-len(".pcapng")]
        octets, report = make_both(path, path[:-len(".pcapng")] + ".keys", folder)
        text = octets.decode("utf-8")
        well_formed(name, octets)
        names = [p["name"] for p in report["points"]]
        section = text[text.index('<section id="points"'):].split("</section>")[0]
        check(all(f'<th scope="row">{n}</th>' in section for n in names), f"{name}: the points {names}")
        for b in report["between"]:
            cells = (f'{names[b["from"]]} \u2192 {names[b["to"]]}', f'{b["arrived"]} of {b["sent"]}')
            check(all(cell in section for cell in cells), f"{name}: {cells} in the section")
            check((b["rewritten"] or "").replace(">", "&gt;") in section, f"{name}: {b['rewritten']} in the section")
        check(section.count('data-l="Lost"><b>') == sum(bool(b["lost_frames"]) for b in report["between"]), f"{name}: what is lost")
        ladders = re.findall(r'<figure class="ladder pts p\d.*?</figure>', text, re.S)
        check(len(ladders) == len({b["ike_sa"] for b in report["between"]}), f"{name}: {len(ladders)} ladders over points")
        rows = [int(n) for ladder in ladders for n in re.findall(r'aria-label="frame (\d+), from', ladder)]
        shown = [int(n) for ladder in ladders for n in re.findall(r'<text class="frame"[^>]*>(\d+)<', ladder)]
        check(len(rows) == len(set(rows)) and len(shown) == len(set(shown)), f"{name}: a sighting stands twice: {rows}, {shown}")
        check(len(shown) > len(rows), f"{name}: {len(rows)} rows, {len(shown)} sightings")
        gone = sum("class=\"cross\"" in row for ladder in ladders for row in ladder.split("<li ")[1:])
        outer = [b for b in report["between"] if b["lost_frames"] and not b["inner"]]
        check((gone > 0) == bool(outer), f"{name}: {gone} rows end on the way, {outer}")
        check('>lost<' in text or '>all lost<' in text or ' lost<' in text or not outer, f"{name}: the word is said")


def main():
    loaded = subprocess.run(["tshark", "-G", "plugins"], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    if "espial" not in loaded:
        sys.exit("tshark has not loaded the plugin: install it (as root into the global folder)")
    with tempfile.TemporaryDirectory() as folder:
        samples(folder)
        points(folder)
        strangers(folder)
        hostile_plan(folder)
        crowd(folder)
        launcher(folder)
        direct(folder)
    print(f"figure: HTML report: {held} held, {failed} failed")
    sys.exit(failed != 0)


main()
