"""A true capture whose ESP keys nobody logged: they follow from SK_d of the IKE SA and the nonces of its
exchanges (RFC 7296 2.17). Whoever could replace a nonce would keep all of its ESP shut, unsaid.

The samples have the keys of ESP themselves; so this one is made, with a log as strongSwan's daemon
writes it. It has a Child SA, its rekeying, lawful packets, and packets from an address that is not the
client's.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import hashlib, hmac, os, random, struct
import ike, packet

NAME = "made_derived"
CLIENT, GATEWAY = packet.End("192.0.2.10", 500), packet.End("198.51.100.20", 500)
ASSIGNED, TAKEN, SERVER = bytes((10, 86, 152, 186)), bytes((10, 86, 152, 188)), bytes((10, 2, 0, 20))
SUITE, ESP_SUITE = ("AES_128", "SHA2", "PRF_SHA2", "MODP_2048"), ("AES_128", "SHA2", "NO_ESN")
LINK = bytes((2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2, 8, 0))


# --- AES-128, to encrypt, as FIPS 197 has it: the standard library has none

def doubled(x):
    return (x << 1) ^ (0x11b if x & 0x80 else 0)


def substitutions():
    """The S-box: inverses in GF(2^8) by the powers of 3, then the affine map."""
    power, log, x = [], {}, 1
    for n in range(255):
        power.append(x)
        log[x] = n
        x ^= doubled(x)
    result = []
    for n in range(256):
        v = power[(255 - log[n]) % 255] if n else 0
        result.append(0x63 ^ v ^ turned(v, 1) ^ turned(v, 2) ^ turned(v, 3) ^ turned(v, 4))
    return result


def turned(v, by):
    return (v << by | v >> (8 - by)) & 0xff


SBOX = substitutions()


def round_keys(key):
    words, constant = [list(key[n:n + 4]) for n in range(0, 16, 4)], 1
    for n in range(4, 44):
        w = list(words[-1])
        if n % 4 == 0:
            w = [SBOX[b] for b in w[1:] + w[:1]]
            w[0] ^= constant
            constant = doubled(constant)
        words.append([a ^ b for a, b in zip(words[n - 4], w)])
    return [sum(words[n:n + 4], []) for n in range(0, 44, 4)]


def encrypted(keys, block):
    s = [a ^ b for a, b in zip(block, keys[0])]
    for n in range(1, 11):
        s = [SBOX[s[(i + 4 * (i % 4)) % 16]] for i in range(16)]
        if n < 10:
            mixed = []
            for c in range(0, 16, 4):
                a, all_four = s[c:c + 4], s[c] ^ s[c + 1] ^ s[c + 2] ^ s[c + 3]
                mixed += [a[i] ^ all_four ^ doubled(a[i] ^ a[(i + 1) % 4]) for i in range(4)]
            s = mixed
        s = [a ^ b for a, b in zip(s, keys[n])]
    return bytes(s)


def cbc(key, iv, clear):
    keys, out = round_keys(key), []
    for at in range(0, len(clear), 16):
        iv = encrypted(keys, bytes(a ^ b for a, b in zip(iv, clear[at:at + 16])))
        out.append(iv)
    return b"".join(out)


def mac(key, octets):
    return hmac.new(key, octets, hashlib.sha256).digest()


def prf_plus(key, seed, size):
    out, last, n = b"", b"", 1
    while len(out) < size:
        last = mac(key, last + seed + bytes([n]))
        out, n = out + last, n + 1
    return out[:size]


class Child:
    """The keys of a pair of SAs, and what was sent in each: by the initiator, by the responder."""

    def __init__(self, sk_d, nonces, spi_i, spi_r):
        keymat = prf_plus(sk_d, nonces, 2 * 48)
        self.keys, self.spis, self.sent = (keymat[:48], keymat[48:]), (spi_r, spi_i), [0, 0]

    def packet(self, r, by_initiator, inner):
        n = 0 if by_initiator else 1
        self.sent[n] += 1
        clear = inner + bytes(range(1, 1 + -(len(inner) + 2) % 16)) + bytes((-(len(inner) + 2) % 16, 4))
        iv, key = r.randbytes(16), self.keys[n]
        body = self.spis[n] + struct.pack(">I", self.sent[n]) + iv + cbc(key[:16], iv, clear)
        return body + mac(key[16:], body)[:16]


class Talk:
    """The two ends. Its keys are drawn: nobody asks from which secret they came."""

    def __init__(self, r):
        self.r, self.frames, self.time = r, [], 1_700_000_000_000_000
        self.spi_i, self.spi_r = r.randbytes(8), r.randbytes(8)
        self.sk = {name: r.randbytes(16 if "e" in name else 32) for name in ("d", "ai", "ar", "ei", "er")}

    def put(self, frame):
        self.time += 3000
        self.frames.append((self.time, frame))

    def ends(self, by_initiator):
        return (CLIENT, GATEWAY) if by_initiator else (GATEWAY, CLIENT)

    def message(self, by_initiator, octets):
        self.put(packet.ike(LINK, *self.ends(by_initiator), octets, len(self.frames) + 1))

    def secret(self, by_initiator, exchange, response, number, parts):
        first, clear = ike.chain(parts)
        pad, iv = -(len(clear) + 1) % 16, self.r.randbytes(16)
        way, flags = "i" if by_initiator else "r", (ike.INITIATOR if by_initiator else 0) | (ike.RESPONSE if response else 0)
        body = iv + cbc(self.sk["e" + way], iv, clear + bytes(pad) + bytes([pad]))
        whole = ike.message(self.spi_i, self.spi_r, ike.V2, exchange, flags, number, [], ike.payload(first, body + bytes(16)), ike.SK)[:-16]
        self.message(by_initiator, whole + mac(self.sk["a" + way], whole)[:16])

    def esp(self, child, by_initiator, source, target):
        body = bytes((8 if by_initiator else 0, 0, 0, 0, 0x12, 0x67, 0, len(self.frames))) + bytes(range(32))
        body = body[:2] + struct.pack(">H", packet.checksum(body)) + body[4:]
        inner = packet.around(bytes(14), source, target, packet.ICMP, body, len(self.frames))[14:]
        there, back = self.ends(by_initiator)
        self.put(packet.ipsec(LINK, there.at(0), back.at(0), packet.ESP, child.packet(self.r, by_initiator, inner), len(self.frames) + 1))


def selectors(address):
    net = ike.selector(bytes((10, 2, 0, 0)), bytes((10, 2, 0, 255)))
    return ike.selectors(ike.TSI, ike.selector(address, address)), ike.selectors(ike.TSR, net)


def negotiate(t):
    """Both Child SAs."""
    r = t.r
    nonces, spis = [r.randbytes(32) for _ in range(4)], [bytes([0xc0 + n]) + r.randbytes(3) for n in range(4)]
    for n, by in enumerate((True, False)):
        flags, number = (ike.INITIATOR, bytes(8)) if by else (ike.RESPONSE, t.spi_r)
        t.message(by, ike.message(t.spi_i, number, ike.V2, ike.IKE_SA_INIT, flags, 0, [
            ike.proposal(SUITE), ike.key_exchange(r, 14), (ike.NONCE, nonces[n])]))
    for n, by in enumerate((True, False)):
        who = ike.identity(ike.IDI if by else ike.IDR, b"lisa@corp.example" if by else b"gw.corp.example", 3 if by else 2)
        asked = (ike.CP, struct.pack(">BBHHH", 1, 0, 0, 1, 0)) if by else ike.configuration(2, ASSIGNED)
        t.secret(by, ike.IKE_AUTH, not by, 1, [who, (ike.AUTH, b"\2\0\0\0" + r.randbytes(32)), asked,
                                              ike.proposal(ESP_SUITE, 3, spis[n]), *selectors(ASSIGNED)])
    first = Child(t.sk["d"], nonces[0] + nonces[1], spis[0], spis[1])
    talk(t, first, 3)
    for n, by in enumerate((True, False)):
        told = [ike.notify(ike.REKEY_SA, protocol=3, spi=spis[0])] if by else []
        t.secret(by, ike.CREATE_CHILD_SA, not by, 2, [*told, ike.proposal(ESP_SUITE, 3, spis[2 + n]), (ike.NONCE, nonces[2 + n]), *selectors(ASSIGNED)])
    second = Child(t.sk["d"], nonces[2] + nonces[3], spis[2], spis[3])
    for n, by in enumerate((True, False)):
        t.secret(by, ike.INFORMATIONAL, not by, 3, [ike.delete(3, spis[n])])
    talk(t, second, 3)
    return spis


def talk(t, child, lawful):
    for _ in range(lawful):
        t.esp(child, True, ASSIGNED, SERVER)
        t.esp(child, False, SERVER, ASSIGNED)
    for _ in range(2):
        t.esp(child, True, TAKEN, SERVER)


def log(t):
    """The lines of charon.log that Espial needs of an IKE SA, and none of ESP."""
    head = "2026-01-01T00:00:00.000 07[%s] <gw|1> "
    lines = ["2026-01-01T00:00:00.000 00[DMN] Starting IKE charon daemon (strongSwan 5.9.8, Linux 6.1, x86_64)",
             f"2026-01-01T00:00:00.000 07[MGR] checkout IKEv2 SA by message with SPIs {t.spi_i.hex()}_i {t.spi_r.hex()}_r",
             head % "CFG" + "selected proposal: IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048"]
    for name, key in t.sk.items():
        lines.append(head % "IKE" + f"Sk_{name} secret => {len(key)} bytes @ 0x7f00")
        lines += [head % "IKE" + f"{at:4}: {key[at:at + 16].hex(' ').upper()}  ................" for at in range(0, len(key), 16)]
    return "\n".join(lines) + "\n"


def make(folder):
    """Writes NAME.pcapng and its log there, the same octets each time. Returns (capture, log, SPIs of IKE, of ESP)."""
    t = Talk(random.Random("a negotiation"))
    spis = negotiate(t)
    path, keys = os.path.join(folder, NAME + ".pcapng"), os.path.join(folder, NAME + ".log")
    blocks = [struct.pack("<IIIHHqI", 0x0a0d0d0a, 28, 0x1a2b3c4d, 1, 0, -1, 28), struct.pack("<IIHHII", 1, 20, 1, 0, 0, 20)]
    for ticks, octets in t.frames:
        padded = octets + bytes(-len(octets) % 4)
        blocks.append(struct.pack("<IIIIIII", 6, 32 + len(padded), 0, ticks >> 32, ticks & 0xffffffff, len(octets), len(octets)) + padded +
                      struct.pack("<I", 32 + len(padded)))
    with open(path, "wb") as f:
        f.write(b"".join(blocks))
    with open(keys, "w") as f:
        f.write(log(t))
    return path, keys, {t.spi_i}, set(spis)
