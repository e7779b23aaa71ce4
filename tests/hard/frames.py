"""Captured frames as octets: read from pcap and pcapng, changed, written as pcapng.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import gzip, hashlib, hmac, random, struct

RAW, ETHERNET = 101, 1


class Frame:
    """link type, time in seconds, octets, length on the wire; changed: is not as it was captured."""
    __slots__ = ("link", "time", "octets", "length", "changed")

    def __init__(self, link, time, octets, length=None, changed=False):
        self.changed = changed
        self.link, self.time, self.octets, self.length = link, time, octets, len(octets) if length is None else length


def read_pcap(data, order):
    link, at, unit = struct.unpack(order + "I", data[20:24])[0] & 0xffff, 24, 1e9 if data[:4] in (
        b"\xa1\xb2\x3c\x4d", b"\x4d\x3c\xb2\xa1") else 1e6
    while at + 16 <= len(data):
        s, part, captured, length = struct.unpack(order + "IIII", data[at:at + 16])
        yield Frame(link, s + part / unit, data[at + 16:at + 16 + captured], length)
        at += 16 + captured


def read_pcapng(data):
    at, order, links = 0, "<", []
    while at + 12 <= len(data):
        kind = struct.unpack(order + "I", data[at:at + 4])[0]
        if data[at:at + 4] == b"\x0a\x0d\x0d\x0a":
            order, links = ("<" if data[at + 8:at + 12] == b"\x4d\x3c\x2b\x1a" else ">"), []
        size = struct.unpack(order + "I", data[at + 4:at + 8])[0]
        body = data[at + 8:at + size - 4]
        if kind == 1:
            links.append((struct.unpack(order + "H", body[:2])[0], resolution(body[8:], order)))
        elif kind == 6:
            interface, high, low, captured, length = struct.unpack(order + "IIIII", body[:20])
            link, unit = links[interface]
            yield Frame(link, ((high << 32) + low) / unit, body[20:20 + captured], length)
        if size < 12:
            return
        at += size


def resolution(options, order):
    at = 0
    while at + 4 <= len(options):
        code, size = struct.unpack(order + "HH", options[at:at + 4])
        if code == 9:
            n = options[at + 4]
            return 2 ** (n & 0x7f) if n & 0x80 else 10 ** n
        if code == 0:
            break
        at += 4 + (size + 3) // 4 * 4
    return 10 ** 6


def read(path):
    with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
        data = f.read()
    if data[:4] == b"\x0a\x0d\x0d\x0a":
        return list(read_pcapng(data))
    if data[:4] in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        return list(read_pcap(data, ">"))
    return list(read_pcap(data, "<")) if data[:4] in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1") else []


def write(path, frames):
    links, out = {}, [struct.pack("<IIIHHqI", 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28)]
    for f in frames:
        if f.link not in links:
            links[f.link] = len(links)
            out.append(struct.pack("<IIHHII", 1, 20, f.link, 0, 0, 20))
        ticks, padded = max(0, int(f.time * 1e6)), f.octets + bytes(-len(f.octets) % 4)
        size = 32 + len(padded)
        out.append(struct.pack("<IIIIIII", 6, size, links[f.link], ticks >> 32, ticks & 0xffffffff, len(f.octets),
                               max(f.length, len(f.octets))) + padded + struct.pack("<I", size))
    with open(path, "wb") as f:
        f.write(b"".join(out))


def write_pcap(path, frames, link):
    """Classic, with nanoseconds; all of one link type."""
    out = [struct.pack("<IHHiIII", 0xa1b23c4d, 2, 4, 0, 0, 262144, link)]
    for f in frames:
        out.append(struct.pack("<IIII", int(f.time) & 0xffffffff, int(f.time % 1 * 1e9), len(f.octets), max(f.length, len(f.octets))) + f.octets)
    with open(path, "wb") as f:
        f.write(b"".join(out))


# --- mutations -----------------------------------------------------------------------

def flipped(f, r):
    octets = bytearray(f.octets)
    for _ in range(r.choice((1, 1, 2, 4, 16))):
        octets[r.randrange(len(octets))] = r.choice((0, 1, 0x7f, 0x80, 0xff, r.randrange(256)))
    return Frame(f.link, f.time, bytes(octets), f.length)


def behind_headers(f, r):
    """Lengths, types and counts: aimed at octets behind link, IP and UDP headers."""
    octets, low = bytearray(f.octets), min(len(f.octets) - 1, r.choice((34, 42, 46, 70, 74)))
    for _ in range(r.choice((1, 2, 3, 8))):
        i = min(len(octets) - 1, low + int(r.expovariate(1 / 40)))
        octets[i] = r.choice((0, 1, 2, 0xff, octets[i] ^ 1 << r.randrange(8), r.randrange(256)))
    return Frame(f.link, f.time, bytes(octets), f.length)


def cut(f, r):
    return Frame(f.link, f.time, f.octets[:r.randrange(1, len(f.octets) + 1)], f.length)


def short(f, r):
    return Frame(f.link, f.time, f.octets[:r.randrange(1, len(f.octets) + 1)])


def spliced(f, r, others):
    other = r.choice(others)
    return Frame(f.link, f.time, f.octets[:r.randrange(1, len(f.octets) + 1)] + other.octets[r.randrange(len(other.octets)):])


def longer(f, r):
    return Frame(f.link, f.time, f.octets + r.randbytes(r.randrange(1, 80)))


def sampled(frames, count, seed):
    """count of them at most, in their order."""
    chosen = random.Random(seed).sample(range(len(frames)), min(count, len(frames)))
    return [frames[i] for i in sorted(chosen)]


def mutated(frames, count, seed):
    """count frames, most with some kind of damage; duplicates and wrong order among them, and whole
    ones.  The same for the same seed."""
    r, out = random.Random(seed), []
    frames = [f for f in frames if f.octets]
    kinds = (flipped, behind_headers, behind_headers, behind_headers, cut, short, longer)
    while len(out) < count:
        for f in frames:
            kind = r.randrange(12)
            other = None
            if kind < 7:
                other = kinds[kind](f, r)
            elif kind == 7:
                other = spliced(f, r, frames)
            elif kind < 10:
                other = Frame(f.link, f.time, f.octets, f.length)
            if kind == 9 and out:
                out.insert(max(0, len(out) - r.randrange(1, 20)), other)
            else:
                out += [f] * (kind == 8) + [other or f]
            if other:
                other.changed = kind in (8, 9) or other.octets != f.octets
    return out[:count]


# --- ESP that Espial opens --------------------------------------------------------------

KEY = bytes(range(20))
SPI = 0x0e5b1a17


def ip_of(f):
    """The IP packet of a frame, or None."""
    o, at = f.octets, {ETHERNET: 14, RAW: 0, 12: 0, 113: 16, 276: 20, 0: 4, 228: 0, 229: 0}.get(f.link)
    if at is None:
        return None
    if f.link == ETHERNET and o[12:14] == b"\x81\0":
        at = 18
    o = o[at:]
    if len(o) < 20 or o[0] >> 4 not in (4, 6):
        return None
    size = struct.unpack(">H", o[2:4])[0] if o[0] >> 4 == 4 else 40 + struct.unpack(">H", o[4:6])[0]
    return o[:size] if 20 <= size <= len(o) and size <= 60000 else None


def esp_null(packet, seq, transport=False):
    """ESP in tunnel or transport mode with the NULL cipher and HMAC-SHA1-96."""
    body = packet
    following = 4 if packet[0] >> 4 == 4 else 41
    if transport:
        following, body = packet[9], packet[(packet[0] & 15) * 4:]
    pad = -(len(body) + 2) % 4
    clear = struct.pack(">II", SPI, seq) + body + bytes(range(1, pad + 1)) + bytes((pad, following))
    return clear + hmac.new(KEY, clear, hashlib.sha1).digest()[:12]


def outer(payload, number):
    total = 20 + len(payload)
    head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, total, number & 0xffff, 0, 64, 50, 0, bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)))
    s = sum(struct.unpack(">10H", head))
    s = (s & 0xffff) + (s >> 16)
    return head[:10] + struct.pack(">H", ~(s + (s >> 16)) & 0xffff) + head[12:] + payload


def tunnelled(frames):
    """Their IP packets as an ESP stream, each as one of tunnel mode and now and then of transport mode."""
    out = []
    for f in frames:
        packet = ip_of(f)
        if packet:
            n = len(out) + 1
            transport = n % 5 == 0 and packet[0] == 0x45
            out.append(Frame(RAW, f.time, outer(esp_null(packet, n, transport), n)))
    return out


def key_row():
    return f'"IPv4","192.0.2.1","192.0.2.2","0x{SPI:08x}","NULL","","HMAC-SHA-1-96 [RFC2404]","0x{KEY.hex()}"\n'
