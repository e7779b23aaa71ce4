"""IKE messages of both versions, as an outsider can write them: in clear, or with noise where
the secret part would be.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct

V1, V2 = 0x10, 0x20
IKE_SA_INIT, IKE_AUTH, CREATE_CHILD_SA, INFORMATIONAL = 34, 35, 36, 37
IKE_INTERMEDIATE, IKE_FOLLOWUP_KE = 43, 44
MAIN, AGGRESSIVE, TRANSACTION, INFORMATIONAL1, QUICK = 2, 4, 6, 5, 32
INITIATOR, RESPONSE, ENCRYPTED1 = 0x08, 0x20, 0x01
# Payloads of IKEv2, and of IKEv1.
SA, KE, IDI, IDR, CERT, AUTH, NONCE, NOTIFY, DELETE, VENDOR, TSI, TSR, SK, CP, SKF = 33, 34, 35, 36, 37, 39, 40, 41, 42, 43, 44, 45, 46, 47, 53
SA1, KE1, ID1, HASH1, NONCE1, NOTIFY1, DELETE1, VENDOR1, ATTRIBUTES1, FRAGMENT1 = 1, 4, 5, 8, 10, 11, 12, 13, 14, 132
# Notifies of IKEv2.
INVALID_IKE_SPI, INVALID_SPI, NO_PROPOSAL_CHOSEN, INVALID_KE_PAYLOAD, AUTHENTICATION_FAILED = 4, 11, 14, 17, 24
INTERNAL_ADDRESS_FAILURE, TS_UNACCEPTABLE, CHILD_SA_NOT_FOUND = 36, 38, 44
INITIAL_CONTACT, COOKIE, REKEY_SA, REDIRECT, UPDATE_SA_ADDRESSES = 16384, 16390, 16393, 16407, 16400
SUITE_BITS = {"AES": (1, 12, 256), "AES_128": (1, 12, 128), "DES": (1, 2), "MD5": (3, 1), "PRF_MD5": (2, 1), "MODP_768": (4, 1), "SHA2": (3, 12),
              "PRF_SHA2": (2, 5), "MODP_2048": (4, 14), "NO_ESN": (5, 0)}
GROUP_OCTETS = {1: 96, 2: 128, 5: 192, 14: 256, 15: 384, 16: 512, 19: 64, 20: 96, 31: 32}
STRONG, WEAK = ("AES", "SHA2", "PRF_SHA2", "MODP_2048"), ("DES", "MD5", "PRF_MD5", "MODP_768")
STRONG_ESP, WEAK_ESP = ("AES", "SHA2", "NO_ESN"), ("DES", "MD5", "NO_ESN")


class Header:
    __slots__ = ("spi_i", "spi_r", "first", "version", "exchange", "flags", "message_id", "length")

    def __init__(self, octets):
        self.spi_i, self.spi_r = octets[:8], octets[8:16]
        self.first, self.version, self.exchange, self.flags, self.message_id, self.length = struct.unpack(">BBBBII", octets[16:28])

    @property
    def response(self):
        return bool(self.flags & RESPONSE)

    @property
    def encrypted(self):
        return bool(self.flags & ENCRYPTED1) if self.version == V1 else self.first in (SK, SKF)


def payload(following, body):
    return struct.pack(">BBH", following, 0, 4 + len(body)) + body


def chain(parts, last=0):
    """[(type, body)] -> (first type, octets); last: the type that follows the last one."""
    kinds = [kind for kind, _ in parts] + [last]
    return kinds[0], b"".join(payload(kinds[n + 1], body) for n, (_, body) in enumerate(parts))


def message(spi_i, spi_r, version, exchange, flags, message_id, parts, more=b"", last=0):
    """more: octets behind the chain, of the payload type last."""
    first, body = chain(parts, last)
    body += more
    return spi_i + spi_r + struct.pack(">BBBBII", first, version, exchange, flags, message_id, 28 + len(body)) + body


def secret(spi_i, spi_r, exchange, flags, message_id, noise, clear=(), inside=0):
    """IKEv2 with an SK payload of noise; clear: payloads before it."""
    return message(spi_i, spi_r, V2, exchange, flags, message_id, list(clear), payload(inside, noise), SK)


def secret_fragment(spi_i, spi_r, exchange, flags, message_id, number, total, noise, inside=0):
    return message(spi_i, spi_r, V2, exchange, flags, message_id, [], payload(inside, struct.pack(">HH", number, total) + noise), SKF)


def secret1(spi_i, spi_r, exchange, message_id, noise, first=HASH1):
    """IKEv1 with everything behind the header encrypted: noise."""
    return spi_i + spi_r + struct.pack(">BBBBII", first, V1, exchange, ENCRYPTED1, message_id, 28 + len(noise)) + noise


# --- IKEv2 payloads

def transform(name, more):
    kind, number, *bits = SUITE_BITS[name]
    attribute = struct.pack(">HH", 0x800e, bits[0]) if bits else b""
    return struct.pack(">BBHBBH", 3 if more else 0, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal(names, protocol=1, spi=b""):
    body = b"".join(transform(name, n + 1 < len(names)) for n, name in enumerate(names))
    return SA, struct.pack(">BBHBBBB", 0, 0, 8 + len(spi) + len(body), 1, protocol, len(spi), len(names)) + spi + body


def key_exchange(r, group):
    return KE, struct.pack(">HH", group, 0) + r.randbytes(GROUP_OCTETS[group])


def nonce(r, size=32):
    return NONCE, r.randbytes(size)


def notify(kind, data=b"", protocol=0, spi=b""):
    return NOTIFY, struct.pack(">BBH", protocol, len(spi), kind) + spi + data


def delete(protocol, *spis):
    return DELETE, struct.pack(">BBH", protocol, len(spis[0]) if spis else 0, len(spis)) + b"".join(spis)


def identity(kind, text, number=3):
    return kind, struct.pack(">BBH", number, 0, 0) + text


def selector(first, last):
    """One of IPv4, all protocols and ports."""
    return struct.pack(">BBHHH4s4s", 7, 0, 16, 0, 65535, first, last)


def selectors(kind, *ones):
    return kind, struct.pack(">BBH", len(ones), 0, 0) + b"".join(ones)


ANYWHERE = selector(bytes(4), b"\xff" * 4)


def configuration(kind, address):
    """CFG_REPLY (2) or CFG_SET (3) with an inner IPv4 address."""
    return CP, struct.pack(">BBHHH", kind, 0, 0, 1, 4) + address


# --- IKEv1 payloads

def attributes(*pairs):
    return b"".join(struct.pack(">HH", 0x8000 | kind, value) for kind, value in pairs)


def proposal1(protocol, transform_id, values, spi=b""):
    """One proposal of one transform, in the IPsec DOI."""
    body = struct.pack(">BBHBBH", 0, 0, 8 + len(values), 1, transform_id, 0) + values
    body = struct.pack(">BBHBBBB", 0, 0, 8 + len(spi) + len(body), 1, protocol, len(spi), 1) + spi + body
    return SA1, struct.pack(">II", 1, 1) + body


def phase1(weak=False):
    cipher = ((1, 1),) if weak else ((1, 7), (14, 256))
    return proposal1(1, 1, attributes(*cipher, (2, 1 if weak else 4), (4, 1 if weak else 14), (3, 1), (11, 1), (12, 3600)))


def phase2(spi, tunnel=1):
    return proposal1(3, 12, attributes((6, 128), (5, 5), (4, tunnel), (1, 1), (2, 3600)), spi)


def notify1(kind, data=b"", protocol=1, spi=b""):
    return NOTIFY1, struct.pack(">IBBH", 1, protocol, len(spi), kind) + spi + data


def delete1(protocol, *spis):
    return DELETE1, struct.pack(">IBBH", 1, protocol, len(spis[0]), len(spis)) + b"".join(spis)


def subnet1(net, mask):
    return ID1, struct.pack(">BBH", 4, 0, 0) + net + mask


def mode_config(kind, identifier, address):
    """REPLY (2), SET (3) with an inner IPv4 address."""
    return ATTRIBUTES1, struct.pack(">BBHHH", kind, 0, identifier, 1, 4) + address
