#!/usr/bin/python3
"""Output is a boundary: what a peer, the name of a file or a plan says gets into no output as anything but
visible characters.  Each hostile text goes every way in, and every way out is judged; a mark beside
each shows that it came through.  SPDX-License-Identifier: GPL-2.0-or-later
"""
import ctypes, hashlib, hmac, html, json, os, re, shutil, struct, subprocess, sys, tempfile

ROOT = os.environ.get("ESPIAL_SOURCE_DIR", os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
RAW_IP, AES128, CBC = 101, 7, 3
ENDS = ("192.0.2.10", "198.51.100.20")
NOW = 1790000000
HOSTILE = [b"\x1b[31m\x1b]0;t\x07", b"\x08\x7f\x0b", "\u009b31m\u009d0;t\u009c".encode(), b"\x9b31m", b"<script>alert(1)</script>&\"']]>",
           b"\nerror    forged  [observed]  frame 1\r\n  It is forged.", "\u2028\u2029\u0085".encode(), b"\0", b"%n%s%1$n%x", b"\xff\xfe\xc0\xaf\xed\xa0\x80\xf5",
           *(chr(c).encode() for c in (0x202a, 0x202b, 0x202c, 0x202d, 0x202e, 0x2066, 0x2067, 0x2068, 0x2069, 0x200e, 0x200f, 0x061c, 0x200b, 0xfeff, 0xe0041))]
# What is not to be seen, or changes how what follows is seen.
HIDDEN = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
                    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U000e0000-\U000e0fff]")
FORGED = re.compile(r"^\s*error    forged|^  It is forged", re.M)
failed = held = 0


def check(ok, what):
    global failed, held
    held, failed = held + bool(ok), failed + (not ok)
    if not ok:
        print("FAILED:", what)


def wrong(octets):
    """What is wrong with an output, or nothing."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError as e:
        return f"no UTF-8: {e}"
    found = HIDDEN.search(text) or FORGED.search(text)
    return f"{found.group()!r} in {text[max(0, found.start() - 60):found.end() + 20]!r}" if found else ""


def mark(n):
    return b"mark%02d." % n


# --- octets ---------------------------------------------------------------------------------

def aes_cbc(key, iv, clear):
    """By libgcrypt, which the plugin needs anyhow."""
    lib, handle, out = ctypes.CDLL("libgcrypt.so.20"), ctypes.c_void_p(), ctypes.create_string_buffer(len(clear))
    lib.gcry_check_version(None)
    for code in (lib.gcry_cipher_open(ctypes.byref(handle), AES128, CBC, 0),
                 lib.gcry_cipher_setkey(handle, key, ctypes.c_size_t(len(key))),
                 lib.gcry_cipher_setiv(handle, iv, ctypes.c_size_t(len(iv))),
                 lib.gcry_cipher_encrypt(handle, out, ctypes.c_size_t(len(out)), clear, ctypes.c_size_t(len(clear)))):
        assert code == 0
    lib.gcry_cipher_close(handle)
    return out.raw


def chain(parts):
    """Payloads as (type, body): the first type, and the octets."""
    out = b""
    for i, (_, body) in enumerate(parts):
        out += struct.pack("!BBH", parts[i + 1][0] if i + 1 < len(parts) else 0, 0, 4 + len(body)) + body
    return parts[0][0], out


def header(spis, first, version, exchange, flags, message_id, length):
    return spis + struct.pack("!BBBBII", first, version, exchange, flags, message_id, 28 + length)


def clear_message(spis, version, exchange, flags, parts):
    first, body = chain(parts)
    return header(spis, first, version, exchange, flags, 0, len(body)) + body


def transform(last, kind, number, bits=0):
    attribute = struct.pack("!HH", 0x800e, bits) if bits else b""
    return struct.pack("!BBHBBH", 0 if last else 3, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(protocol, spi, transforms):
    body = b"".join(transform(i + 1 == len(transforms), *t) for i, t in enumerate(transforms))
    return struct.pack("!BBHBBBB", 0, 0, 8 + len(spi) + len(body), 1, protocol, len(spi), len(transforms)) + spi + body


IKE_SUITE = ((1, 12, 128), (3, 12), (2, 5), (4, 14))
ESP_SUITE = ((1, 12, 128), (3, 12), (5, 0))


def notify(kind, data=b""):
    return (41, struct.pack("!BBH", 0, 0, kind) + data)


class Keys:
    """An IKEv2 SA of AES-CBC and HMAC-SHA2-256, with keys made here."""

    def __init__(self, n):
        self.spi_i, self.spi_r = struct.pack("!Q", 0x1000 + n), struct.pack("!Q", 0x2000 + n)
        self.ei, self.er = (hashlib.sha256(b"e%d%d" % (n, way)).digest()[:16] for way in (0, 1))
        self.ai, self.ar = (hashlib.sha256(b"a%d%d" % (n, way)).digest() for way in (0, 1))

    def row(self):
        return (f'{self.spi_i.hex()},{self.spi_r.hex()},{self.ei.hex()},{self.er.hex()},"AES-CBC-128 [RFC3602]",'
                f'{self.ai.hex()},{self.ar.hex()},"HMAC_SHA2_256_128 [RFC4868]"\n')

    def sealed(self, exchange, message_id, response, parts):
        first, clear = chain(parts)
        pad = -(len(clear) + 1) % 16
        iv = hashlib.sha256(b"iv%d%d" % (message_id, response) + self.spi_i).digest()[:16]
        body = iv + aes_cbc(self.er if response else self.ei, iv, clear + bytes(pad) + bytes([pad]))
        body = struct.pack("!BBH", first, 0, 4 + len(body) + 16) + body
        data = header(self.spi_i + self.spi_r, 46, 0x20, exchange, 0x20 if response else 0x08, message_id, len(body) + 16) + body
        return data + hmac.new(self.ar if response else self.ai, data, hashlib.sha256).digest()[:16]


def der(tag, *parts):
    body = b"".join(parts)
    size = len(body)
    return bytes([tag]) + (bytes([size]) if size < 128 else b"\x82" + struct.pack("!H", size)) + body


def name(text):
    """A Name of one CN, as UTF8String."""
    return der(0x30, der(0x31, der(0x30, bytes.fromhex("0603550403"), der(0x0c, text))))


def certificate(text):
    """Expired, and signed by nobody."""
    algorithm = bytes.fromhex("300d06092a864886f70d01010b0500")
    key = der(0x30, der(0x02, b"\0\xc1" + bytes(range(1, 128))), bytes.fromhex("0203010001"))
    info = der(0x30, bytes.fromhex("300d06092a864886f70d0101010500"), der(0x03, b"\0" + key))
    times = der(0x30, der(0x17, b"200101000000Z"), der(0x17, b"210101000000Z"))
    names = der(0x30, der(0x30, bytes.fromhex("0603551d11"), der(0x04, der(0x30, der(0x82, text)))))
    tbs = der(0x30, bytes.fromhex("a003020102"), der(0x02, b"\1"), algorithm, name(text), times, name(text), info, der(0xa3, names))
    return der(0x30, tbs, algorithm, der(0x03, b"\0" + bytes(128)))


# --- the capture -----------------------------------------------------------------------------

def datagram(forward, payload):
    src, dst = (bytes(map(int, a.split("."))) for a in (ENDS if forward else ENDS[::-1]))
    udp = struct.pack("!HHHH", 500, 500, 8 + len(payload), 0) + payload
    head = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(udp), 0, 0, 64, 17, 0) + src + dst
    total = sum(struct.unpack("!10H", head))
    total = (total & 0xffff) + (total >> 16)
    return head[:10] + struct.pack("!H", 0xffff ^ ((total & 0xffff) + (total >> 16))) + head[12:] + udp


ID_TYPES = (2, 3, 11, 9)                # FQDN, mail address, KEY_ID, a distinguished name


def identity(kind, n, text):
    data = mark(n) + text
    return struct.pack("!BBH", kind, 0, 0) + (name(data) if kind == 9 else data)


def version_1(n, text, kind):
    """Aggressive mode: identities, a vendor, in clear; and a refusal that talks."""
    attributes = b"".join(struct.pack("!HH", 0x8000 | a, v) for a, v in ((1, 7), (14, 128), (2, 4), (4, 14), (3, 1), (11, 1), (12, 28800)))
    one = struct.pack("!BBHBBH", 0, 0, 8 + len(attributes), 1, 1, 0) + attributes
    sa = struct.pack("!II", 1, 1) + struct.pack("!BBHBBBB", 0, 0, 8 + len(one), 1, 1, 0, 1) + one
    spi = struct.pack("!Q", 0x3000 + 16 * n + kind)
    both = spi + struct.pack("!Q", 0x4000 + 16 * n + kind)
    key = hashlib.sha256(both).digest() * 8
    for way, spis in ((True, spi + bytes(8)), (False, both)):
        parts = [(1, sa), (4, key), (10, key[:20]), (5, identity(kind, n, text)), *(() if way else ((8, key[:32]),)), (13, mark(n) + text)]
        yield way, clear_message(spis, 0x10, 4, 0, parts)
    yield False, clear_message(both, 0x10, 5, 0, [(11, struct.pack("!IBBH", 1, 1, 0, 24) + mark(n) + text)])


def version_2(n, text, kind, keys):
    nonce = hashlib.sha256(keys.spi_i).digest()
    first = [(33, proposal(1, b"", IKE_SUITE)), (34, struct.pack("!HH", 14, 0) + nonce * 8), (40, nonce), (43, mark(n) + text)]
    yield True, clear_message(keys.spi_i + bytes(8), 0x20, 34, 0x08, first)
    yield False, clear_message(keys.spi_i + keys.spi_r, 0x20, 34, 0x20, first)
    eap = struct.pack("!BBHB", 2, 1, 5 + len(text), 1) + text
    selector = struct.pack("!BBBB", 1, 0, 0, 0) + struct.pack("!BBHHH", 7, 0, 16, 0, 65535) + bytes((10, 1, 0, 0, 10, 1, 0, 255))
    for way, number in ((True, 35), (False, 36)):
        said = [(number, identity(kind, n, text)), (37, b"\4" + certificate(mark(n) + text)), (39, b"\1\0\0\0" + nonce),
                (33, proposal(3, struct.pack("!I", 0x5000 + 16 * n + kind), ESP_SUITE)), (44, selector), (45, selector), (43, mark(n) + text), (48, eap),
                notify(40000, mark(n) + text)]
        if way:
            said.append((36, mark(n) + text))
        else:
            said += [notify(16407, b"\3" + bytes([len(mark(n) + text)]) + mark(n) + text)]
        yield way, keys.sealed(35, 1, not way, said)
    yield True, keys.sealed(37, 2, False, [notify(24, mark(n) + text), (42, struct.pack("!BBH", 1, 0, 0) + text)])


def make(folder):
    capture, log = os.path.join(folder, "capture.pcap"), os.path.join(folder, "ikev2_decryption_table")
    packets, rows = [], ""
    for n, text in enumerate(HOSTILE):
        for kind in ID_TYPES:
            keys = Keys(16 * n + kind)
            rows += keys.row()
            packets += [datagram(*m) for m in (*version_1(n, text, kind), *version_2(n, text, kind, keys))]
    with open(capture, "wb") as f:
        f.write(struct.pack("<IHHiIII", 0xa1b2c3d4, 2, 4, 0, 0, 65535, RAW_IP))
        for i, p in enumerate(packets):
            f.write(struct.pack("<IIII", NOW + i // 100, i % 100 * 1000, len(p), len(p)) + p)
    with open(log, "w", encoding="ascii") as f:
        f.write(rows)
    return capture, log


# --- ways out -----------------------------------------------------------------------------------

def tshark(*args, **env):
    run = subprocess.run(["tshark", "-n", *args], stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, timeout=120, env={**os.environ, **env})
    return run.stdout, run.stderr


def texts(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, (list, dict)):
        for one in value if isinstance(value, list) else [*value, *value.values()]:
            yield from texts(one)


def fields():
    listed = subprocess.run(["tshark", "-G", "fields"], stdout=subprocess.PIPE, check=True, text=True, errors="replace").stdout
    found = [line.split("\t")[2] for line in listed.splitlines() if re.match(r"F\t[^\t]*\tespial\.", line)]
    return [word for f in found for word in ("-e", f)]


def outputs(capture, log, folder):
    """The name of each, its octets, and whether every text must show up in it."""
    keys = ("-o", f"espial.keylog_file:{log}")
    read = ("-r", capture, *keys)
    for taps, all_of_them in (("espial,sas", True), ("espial,findings", True), ("espial,json", True), ("espial,sa_table", False),
                              ("espial,finding_table", False), ("espial,diagnosis_table", False), ("espial,tree", False),
                              ("espial,count_table", False), ("conv,espial", False), ("endpoints,espial", False), ("conv,espial_ike", False),
                              ("flow,espial,standard", False), ("io,stat,0,espial.finding", False), ("expert,note,espial", False)):
        yield taps, tshark(*read, "-q", "-z", taps)[0], all_of_them
        if taps == "espial,findings":
            yield "findings in two passes", tshark(*read, "-q", "-2", "-z", taps)[0], True
    # A tab is what stands between fields.
    yield "fields", tshark(*read, "-T", "fields", *fields())[0].replace(b"\t", b" "), True
    yield "tree", b"".join(re.findall(rb"^    \[Espial IPsec.*?\n\n", tshark(*read, "-V")[0], re.S | re.M)), True
    yield "tree of PDML", b"\n".join(re.findall(rb'<proto name="espial".*?</proto>', tshark(*read, "-T", "pdml")[0], re.S)), True
    yield "columns", tshark(*read)[0], False
    page = os.path.join(folder, "page.html")
    tshark(*read, "-q", "-z", f"espial,html,{page}", ESPIAL_CAPTURE_NAME="\u202e\x1b<script>alert(1)</script>\n\u2028.pcap")
    with open(page, "rb") as f:
        yield "html", f.read(), True


def test_ways_out(folder):
    capture, log = make(folder)
    for way, octets, all_of_them in outputs(capture, log, folder):
        check(octets, f"{way}: there is an output")
        check(not wrong(octets), f"{way}: {wrong(octets)}")
        missing = [n for n in range(len(HOSTILE)) if mark(n) not in octets] if all_of_them else []
        check(not missing, f"{way}: nothing came through of {[HOSTILE[n] for n in missing]}")
        if way == "espial,json":
            report = json.loads(octets)
            check(not any(HIDDEN.search(t) or "\n" in t for t in texts(report)), f"{way}: a string has a hidden character")
            check(any("expired" in t for t in texts(report)), f"{way}: the certificates were read")
            check(any("redirects" in t for t in texts(report)), f"{way}: the redirection was read")
        if way == "html":
            check(b"<script>alert" not in octets and b"&lt;script&gt;alert(1)" in octets, f"{way}: markup is text")
            title = html.unescape(octets.decode().split("<title>")[1].split("</title>")[0])
            check("[U+202E][U+001B]<script>" in title and "[U+000A][U+2028].pcap" in title, f"{way}: the title is {title!r}")
    # The fault planted: Wireshark's own tree shows identities as they came, and is found out.
    check(wrong(tshark("-r", capture, "-O", "isakmp")[0]), "what Wireshark says of the same capture passes the judgement")
    for text in HOSTILE[:4] + HOSTILE[5:8] + HOSTILE[9:]:
        check(wrong(mark(0) + text), f"{text} passes the judgement")


# --- names and files ------------------------------------------------------------------------------

def said_by_espial(octets):
    """Of what tshark writes to its standard error, from Espial's first word on."""
    at = octets.find(b"Espial: ")
    return octets[at:] if at >= 0 else b""


def test_names(folder):
    capture, table = (os.path.join(os.fsencode(folder), name) for name in (b"capture.pcap", b"ikev2_decryption_table"))
    one_by_one = [t for t in HOSTILE[:10] if b"\0" not in t and b"/" not in t]
    for n, text in enumerate([*one_by_one, b"".join(HOSTILE[10:])]):
        at = os.path.join(os.fsencode(folder), mark(n) + text)
        os.mkdir(at)
        log, plan = os.path.join(at, text + b".log"), os.path.join(at, text + b".plan")
        word = text.replace(b"\n", b" ").replace(b"\r", b" ").replace(b"]", b"").replace(b"[", b"")
        with open(log, "wb") as f:
            f.write(b"1111,2222," + text + b",\"AES-CBC-128 [RFC3602]\",00,00,\"NONE\"\n")
        with open(plan, "wb") as f:
            f.write(b"# " + word + b"\n[peer " + word + b"]\nike = " + word + b"\n[peer a]\nnetworks = " + word + b"\n[peer b]\nvirtual_ip = " + word +
                    b"\n[peer c]\n" + word.replace(b"=", b"") + b" = 1\n[" + word + b"]\nike = x\n")
        for what, options in (("key log, plan, preference", (b"keylog_file:" + log, b"plan_file:" + plan, b"delete_grace:" + text)),
                              ("what is not there", (b"keylog_file:" + log + b".none", b"plan_file:" + plan + b".none", b"state_file:" + log + b".none")),
                              ("what holds none", (b"keylog_file:" + at, b"plan_file:" + at)),
                              ("what is none", (b"keylog_file:" + plan, b"plan_file:" + table, b"state_file:" + plan))):
            page = os.path.join(at, b"none", text)
            out, err = tshark("-r", capture, *(w for o in options for w in ("-o", b"espial." + o)), "-c", "4", "-q", "-z", b"espial,html," + page,
                              "-z", "espial,findings")
            said = said_by_espial(err)
            check(out and not wrong(out), f"{what}, {text}: {wrong(out)}")
            check(said.count(b"Espial: ") > len(options), f"{what}, {text}: not each is said: {said}")
            check(not wrong(said), f"{what}, {text}: {wrong(said)}")
        shutil.rmtree(at)


def main():
    with tempfile.TemporaryDirectory() as folder:
        test_ways_out(folder)
        test_names(folder)
    print(f"figure: boundary: {len(HOSTILE)} hostile texts on every way in, {held} judgements of what comes out")
    return 1 if failed else 0


sys.exit(main())
