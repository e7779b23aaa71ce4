# craft.py - packets that a daemon would not send, made with the keys of a real negotiation.
# SPDX-License-Identifier: GPL-2.0-or-later
import hashlib
import hmac
import os
import struct

from cryptography.hazmat.backends import default_backend
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from scapy.layers.inet import ICMP, IP, TCP, UDP     # noqa: F401  (scenarios take TCP from here)
from scapy.layers.inet6 import ICMPv6EchoReply, ICMPv6EchoRequest, IPv6
from scapy.layers.ipsec import AH, ESP, SecurityAssociation
from scapy.packet import Raw

import keys as keylib
from conf import CLIENT, CLIENT_NET, GATEWAY, GATEWAY_NET

CRYPT = {"AES_CBC": "AES-CBC", "AES_GCM_16": "AES-GCM", "3DES_CBC": "3DES", "DES_CBC": "DES", "AES_CTR": "AES-CTR", "NULL": "NULL",
         "AES_CCM_16": "AES-CCM", "CHACHA20_POLY1305": "CHACHA20-POLY1305"}
AUTH = {"HMAC_SHA1_96": "HMAC-SHA1-96", "HMAC_MD5_96": "HMAC-MD5-96", "HMAC_SHA2_256_128": "SHA2-256-128",
        "HMAC_SHA2_384_192": "SHA2-384-192", "HMAC_SHA2_512_256": "SHA2-512-256"}
ALIKE = {**CRYPT, **AUTH}


def answer(inner):
    """The echo reply to an echo request."""
    if IP in inner:
        back = IP(src=inner[IP].dst, dst=inner[IP].src) / ICMP(type=0, id=inner[ICMP].id, seq=inner[ICMP].seq) / inner[ICMP].payload
    else:
        old = inner[ICMPv6EchoRequest]
        back = IPv6(src=inner[IPv6].dst, dst=inner[IPv6].src) / ICMPv6EchoReply(id=old.id, seq=old.seq, data=old.data)
    return back


def echo(source, target, seq=1, size=56):
    data = bytes(i & 0xff for i in range(size))
    if ":" in source:
        return IPv6(src=source, dst=target) / ICMPv6EchoRequest(id=4711, seq=seq, data=data)
    return IP(src=source, dst=target) / ICMP(id=4711, seq=seq) / Raw(data)


class Pipe:
    """One direction of a Child SA: SPI, keys, ends, sequence number."""

    def __init__(self, lab, child, number, udp=False, mode="tunnel", **changes):
        """number 0 is the direction towards the host whose log it was, 1 the other."""
        self.lab, self.child, self.seq, self.udp, self.mode = lab, child, 0, udp, mode
        spi, source, destination = child["sas"][number]
        self.spi, self.source, self.destination = int(spi, 16), source, destination
        self.way = changes.get("way") or ("initiator" if keylib_initiator(child, number) else "responder")
        self.protocol = child.get("protocol", "ESP")
        self.esn = changes.get("esn", False)
        self.sa = self.association(**changes)

    def association(self, spi=None, crypt=None, crypt_key=None, auth=None, auth_key=None, source=None, destination=None,
                    esn=False, way=None, sport=4500, dport=4500):
        child, ah = self.child, self.protocol == "AH"
        source, destination = source or self.source, destination or self.destination
        head = None
        if self.mode == "tunnel":
            head = IPv6(src=source, dst=destination) if ":" in source else IP(src=source, dst=destination)
        return SecurityAssociation(
            AH if ah else ESP, spi=spi or self.spi,
            crypt_algo=None if ah else crypt or CRYPT[child["encryption"]],
            crypt_key=None if ah else crypt_key or bytes(child.get("encryption %s key" % self.way, b"")),
            auth_algo=auth or AUTH.get(child.get("integrity")),
            auth_key=auth_key or bytes(child.get("integrity %s key" % self.way, b"")) or None,
            tunnel_header=head, nat_t_header=UDP(sport=sport, dport=dport) if self.udp else None,
            esn_en=esn)

    def make(self, inner, seq=None, sa=None, **more):
        """The protected packet, in transport mode around inner's own header."""
        if seq is None:
            self.seq += 1
            seq = self.seq
        if (sa or self.sa).tunnel_header is None and not isinstance(inner, (IP, IPv6)):
            raise ValueError("transport mode needs the outer header")
        if self.protocol == "AH" and ESP in inner:      # scapy would sign the ESP instead
            return self.around(inner, seq)
        sa = sa or self.sa
        sa.seq_num = seq                # scapy takes its own count for 0
        packet = sa.encrypt(inner, seq_num=seq, **more)
        if self.esn and not self.protocol == "AH":
            self.extend(packet[ESP])
        if self.udp:
            packet[UDP].len, packet[UDP].chksum = len(packet[UDP]), 0
        return packet

    def extend(self, esp):
        """The ICV over the upper half of the number too, which scapy does for AH alone; here it is 0."""
        hash_, size = keylib.HASHES[self.child["integrity"]]
        secret = bytes(self.child["integrity %s key" % self.way])
        esp.data = esp.data[:-size] + hmac.new(secret, bytes(esp)[:-size] + bytes(4), hash_).digest()[:size]

    def seal(self, packet, data, following, padding=None):
        """The packet's SPI, number and IV with other contents and a new ICV (AES-CBC with HMAC)."""
        old = bytes(packet[ESP])
        hash_, size = keylib.HASHES[self.child["integrity"]]
        pad = -(len(data) + 2) % 16
        clear = data + (bytes(range(1, pad + 1)) if padding is None else bytes([padding]) * pad) + bytes([pad, following])
        one = Cipher(algorithms.AES(bytes(self.child["encryption %s key" % self.way])), modes.CBC(old[8:24]), default_backend()).encryptor()
        body = old[:24] + one.update(clear) + one.finalize()
        body += hmac.new(bytes(self.child["integrity %s key" % self.way]), body, hash_).digest()[:size]
        head = packet[IP].copy()
        head.remove_payload()
        head.len = head.chksum = None
        return head / Raw(body)

    def around(self, inner, seq):
        """AH in transport mode around an IPv4 packet; the ICV leaves out what routers change."""
        hash_, size = keylib.HASHES[self.child["integrity"]]
        body = bytes(inner[IP].payload)
        head = struct.pack("!BBHII", inner[IP].proto, (12 + size) // 4 - 2, 0, self.spi, seq)
        outer = IP(src=inner[IP].src, dst=inner[IP].dst, proto=51, id=seq, len=20 + len(head) + size + len(body))
        still = bytearray(bytes(outer))
        still[1], still[6:9], still[10:12] = 0, bytes(3), bytes(2)
        icv = hmac.new(bytes(self.child["integrity %s key" % self.way]), bytes(still) + head + bytes(size) + body, hash_).digest()
        return outer / Raw(head + icv[:size] + body)

    def send(self, inner, seq=None, box=None, change=None, **more):
        packet = self.make(inner, seq, **more)
        if change:
            packet = change(packet)
        for one in packet if isinstance(packet, list) else [packet]:
            self.lab.send(one, box)
        return packet


def keylib_initiator(child, number):
    """Which direction's keys: the host of the log is given in child["initiator"]."""
    return (number == 1) == child["mine_is_initiator"]


def pipes(lab, child=-1, daemon="client", initiator=True, **more):
    """(client to gateway, gateway to client) of a Child SA, by default the latest in the client's
    log.  initiator: the client began the exchange that made it."""
    one = dict(lab.daemons[daemon].children()[child], mine_is_initiator=initiator)
    return Pipe(lab, one, 1, **more), Pipe(lab, one, 0, **more)


def pings(there, back, source, target, count=3, size=56):
    """Echo requests and their answers through a pair of pipes."""
    for number in range(1, count + 1):
        request = echo(source, target, number, size)
        there.send(request)
        if back:
            back.send(answer(request))


# ---------------------------------------------------------------- IKE messages

def payload(following, body, critical=False):
    return struct.pack("!BBH", following, 0x80 if critical else 0, 4 + len(body)) + body


def chain(parts):
    """[(type, body), ...] -> (first type, octets); a type above 255 is critical."""
    result = b""
    for number, (kind, body) in enumerate(parts):
        following = parts[number + 1][0] & 0xff if number + 1 < len(parts) else 0
        result += payload(following, body, kind > 255)
    return (parts[0][0] & 0xff if parts else 0), result


def header(spi_i, spi_r, first, version, exchange, flags, message_id, length):
    return spi_i + spi_r + struct.pack("!BBBBII", first, version, exchange, flags, message_id, 28 + length)


def clear_message(spi_i, spi_r, exchange, flags, message_id, parts, version=0x20, more=b""):
    first, body = chain(parts)
    return header(spi_i, spi_r, first, version, exchange, flags, message_id, len(body)) + body + more


def notify(kind, data=b"", protocol=0, spi=b""):
    return (41, struct.pack("!BBH", protocol, len(spi), kind) + spi + data)


def notify1(kind, data=b"", protocol=1, spi=b"", doi=1):
    return (11, struct.pack("!IBBH", doi, protocol, len(spi), kind) + spi + data)


class Ike2:
    """An IKEv2 SA whose keys are known (AES-CBC with HMAC), to speak in either end's name."""

    def __init__(self, lab, daemon="client", number=-1):
        self.lab = lab
        self.keys = [k for k in keylib.parse(lab.daemons[daemon].log())[0] if "Sk_ei secret" in k][number]
        found = [s for s in keylib.spis(lab.daemons[daemon].log()) if s[1] != "0" * 16][number]
        self.spi_i, self.spi_r = (bytes.fromhex(x) for x in found)
        self.hash, self.size = keylib.HASHES[keylib.auth_name(self.keys["suites"][0])]

    def message(self, exchange, message_id, parts, initiator=True, response=False, bad_icv=False):
        way = "i" if initiator else "r"
        first, clear = chain(parts)
        pad = -(len(clear) + 1) % 16
        clear += bytes(pad) + bytes([pad])
        iv = os.urandom(16)
        one = Cipher(algorithms.AES(bytes(self.keys["Sk_e%s secret" % way])), modes.CBC(iv), default_backend()).encryptor()
        body = iv + one.update(clear) + one.finalize()
        body = struct.pack("!BBH", first, 0, 4 + len(body) + self.size) + body
        flags = (0x08 if initiator else 0) | (0x20 if response else 0)
        data = header(self.spi_i, self.spi_r, 46, 0x20, exchange, flags, message_id, len(body) + self.size) + body
        icv = hmac.new(bytes(self.keys["Sk_a%s secret" % way]), data, self.hash).digest()[:self.size]
        return data + (bytes(x ^ 0xff for x in icv) if bad_icv else icv)


    def exchange(self, exchange, message_id, request, response=None, initiator=True):
        """A request and its response on the wire; initiator: the original initiator asks."""
        ends = (CLIENT, GATEWAY) if initiator else (GATEWAY, CLIENT)
        for parts, back in ((request, False), (response, True)):
            if parts is not None:
                data = self.message(exchange, message_id, parts, initiator != back, back)
                self.lab.send(ike_packet(data, *(reversed(ends) if back else ends), 4500, 4500))


def quiet(lab):
    """The daemons end without a word; from here the scenario speaks for them."""
    for daemon in lab.daemons.values():
        daemon.stop(kill=True)


def ike_packet(message, source, destination, sport=500, dport=500, marker=None):
    """A message of IKE as an IP packet, with the non-ESP marker on port 4500."""
    if marker is None:
        marker = 4500 in (sport, dport)
    head = IPv6(src=source, dst=destination) if ":" in source else IP(src=source, dst=destination, id=0x4711)
    return head / UDP(sport=sport, dport=dport) / Raw((bytes(4) if marker else b"") + message)


def nat_hash(spi_i, spi_r, address, port):
    import socket
    return hashlib.sha1(spi_i + spi_r + socket.inet_aton(address) + struct.pack("!H", port)).digest()


# ---------------------------------------------------------------- whole IKE messages in clear

GROUPS = {1: 96, 2: 128, 5: 192, 14: 256, 15: 384, 16: 512, 19: 64, 20: 96, 31: 32}


def transform(following, kind, number, bits=None):
    attribute = struct.pack("!HH", 0x800e, bits) if bits else b""
    return struct.pack("!BBHBBH", 3 if following else 0, 0, 8 + len(attribute), kind, 0, number) + attribute


def proposal2(transforms, number=1, protocol=1, spi=b"", more=False):
    """One IKEv2 proposal; transforms as (type, number[, bits])."""
    body = b"".join(transform(n + 1 < len(transforms), *one) for n, one in enumerate(transforms))
    return struct.pack("!BBHBBBB", 2 if more else 0, 0, 8 + len(spi) + len(body), number, protocol, len(spi), len(transforms)) + spi + body


AES256_SHA256_2048 = ((1, 12, 256), (3, 12), (2, 5), (4, 14))


def sa_init(spi_i=None, spi_r=bytes(8), transforms=AES256_SHA256_2048, group=14, source="", destination="", response=False, nonce=32,
            more=(), ke=None, proposals=None, nat=True, sport=500, dport=500):
    """An IKE_SA_INIT message.  Its public value is random octets: nobody will ever complete it."""
    spi_i = spi_i or os.urandom(8)
    parts = [(33, proposals or proposal2(transforms)),
             (34, struct.pack("!HH", group, 0) + (os.urandom(GROUPS[group]) if ke is None else ke)), (40, os.urandom(nonce))]
    if nat and source and "." in source:
        parts += [notify(16388, nat_hash(spi_i, spi_r, source, sport)), notify(16389, nat_hash(spi_i, spi_r, destination, dport))]
    return clear_message(spi_i, spi_r, 34, 0x20 if response else 0x08, 0, [*parts, *more])


def up(lab, child="net", **more):
    """Negotiate, and give the two pipes of the new Child SA."""
    from lab import expect
    expect(lab.client.initiate(child), "the tunnel comes up")
    return pipes(lab, **more)


def selector(net, protocol=0, ports=(0, 65535)):
    """One traffic selector of IKEv2 for an IPv4 network."""
    import ipaddress
    net = ipaddress.ip_network(net)
    return struct.pack("!BBHHH", 7, protocol, 16, *ports) + net[0].packed + net[-1].packed


def ts(kind, *selectors):
    return kind, struct.pack("!BBH", len(selectors), 0, 0) + b"".join(selectors)


ESP_AES128_SHA256 = ((1, 12, 128), (3, 12), (5, 0))


def create_child(spi, transforms=ESP_AES128_SHA256, mine=CLIENT_NET, yours=GATEWAY_NET, rekeys=None):
    """The payloads of one side of a CREATE_CHILD_SA exchange without PFS, selectors as the initiator has them."""
    parts = [notify(16393, protocol=3, spi=rekeys)] if rekeys else []
    return parts + [(33, proposal2(transforms, protocol=3, spi=spi)), (40, os.urandom(32)), ts(44, selector(mine)), ts(45, selector(yours))]


def delete2(spi, protocol=3):
    return 42, struct.pack("!BBH", protocol, len(spi), 1) + spi


def later(packets, number, seconds):
    """The capture with everything from a packet on moved in time: nobody waits for what a minute brings."""
    for packet in packets[number:]:
        packet.time += seconds
    return packets


# ---------------------------------------------------------------- IKEv1 messages in clear

def attributes1(values):
    return b"".join(struct.pack("!HH", 0x8000 | kind, value) if value < 0x10000 else struct.pack("!HHI", kind, 4, value)
                    for kind, value in values)


def sa1(*transforms):
    """An SA payload of phase 1, one proposal; a transform is a list of (attribute, value)."""
    body = b""
    for number, values in enumerate(transforms, 1):
        data = attributes1(values)
        body += struct.pack("!BBHBBH", 3 if number < len(transforms) else 0, 0, 8 + len(data), number, 1, 0) + data
    return 1, struct.pack("!II", 1, 1) + struct.pack("!BBHBBBB", 0, 0, 8 + len(body), 1, 1, 0, len(transforms)) + body


def phase1(encryption=7, bits=128, hash_=4, group=14, auth=1, seconds=28800):
    """The attributes of one transform, by default AES-128, SHA-256, group 14, pre-shared key."""
    return [(1, encryption)] + ([(14, bits)] if bits else []) + [(2, hash_), (4, group), (3, auth), (11, 1), (12, seconds)]


def main_mode(spi_i, spi_r, parts, exchange=2):
    return clear_message(spi_i, spi_r, exchange, 0, 0, parts, version=0x10)
