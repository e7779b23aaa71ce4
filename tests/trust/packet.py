"""Frames to packets and back: Ethernet, VLAN, IPv4, IPv6, UDP; and what IPsec puts into them.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import ipaddress, struct

UDP, ICMP, ESP, AH = 17, 1, 50, 51
IKE_PORTS = (500, 4500)
MARKER = bytes(4)


class End(tuple):
    """(address as octets, UDP port; 0 where there is no UDP)."""
    __slots__ = ()

    def __new__(cls, address, port=0):
        return super().__new__(cls, (address if isinstance(address, bytes) else ipaddress.ip_address(address).packed, port))

    address, port = property(lambda self: self[0]), property(lambda self: self[1])

    def at(self, port):
        return End(self.address, port)

    def __str__(self):
        return f"{ipaddress.ip_address(self.address)}:{self.port}"


class Packet:
    """kind: ike, esp, ah, keepalive, other. payload: the message or packet itself, without marker."""
    __slots__ = ("frame", "link", "source", "target", "protocol", "ident", "ttl", "payload", "kind", "fragment")

    def __init__(self, frame, link, source, target, protocol, ident, ttl, payload, kind, fragment):
        self.frame, self.link, self.source, self.target, self.protocol = frame, link, source, target, protocol
        self.ident, self.ttl, self.payload, self.kind, self.fragment = ident, ttl, payload, kind, fragment

    @property
    def encapsulated(self):
        return self.protocol == UDP


def link_size(octets):
    at = 12
    while octets[at:at + 2] in (b"\x81\0", b"\x88\xa8"):
        at += 4
    return at + 2


def read(frame):
    """The packet of a frame of Ethernet, or None."""
    o = frame.octets
    at = link_size(o)
    if o[at - 2:at] == b"\x08\0" and len(o) >= at + 20:
        size, total = (o[at] & 15) * 4, struct.unpack(">H", o[at + 2:at + 4])[0]
        protocol, ident, ttl = o[at + 9], struct.unpack(">H", o[at + 4:at + 6])[0], o[at + 8]
        fragment = struct.unpack(">H", o[at + 6:at + 8])[0] & 0x3fff
        source, target, body = o[at + 12:at + 16], o[at + 16:at + 20], o[at + size:at + total]
    elif o[at - 2:at] == b"\x86\xdd" and len(o) >= at + 40:
        total, protocol, ttl = struct.unpack(">HBB", o[at + 4:at + 8])
        ident, fragment, source, target = 0, protocol == 44, o[at + 8:at + 24], o[at + 24:at + 40]
        body = o[at + 40:at + 40 + total]
    else:
        return None
    ends, kind = (End(source), End(target)), "other"
    if fragment:
        body = b""
    elif protocol == UDP and len(body) >= 8:
        ports, body = struct.unpack(">HH", body[:4]), body[8:]
        ends, (kind, body) = (End(source, ports[0]), End(target, ports[1])), in_udp(ports, body)
    elif protocol in (ESP, AH) and len(body) >= 8 + 4 * (protocol == AH):
        kind = "esp" if protocol == ESP else "ah"
    return Packet(frame.number, o[:at], *ends, protocol, ident, ttl, body, kind, fragment)


def in_udp(ports, body):
    if 4500 in ports:
        if body == b"\xff":
            return "keepalive", body
        if body[:4] == MARKER:
            return ("ike", body[4:]) if len(body) >= 32 else ("other", body)
        return ("esp", body) if len(body) >= 8 else ("other", body)
    return ("ike", body) if 500 in ports and len(body) >= 28 else ("other", body)


def checksum(octets):
    total = sum(struct.unpack(">%dH" % ((len(octets) + 1) // 2), octets + bytes(len(octets) % 2)))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def around(link, source, target, protocol, body, ident=0, ttl=64):
    """An IP packet in a frame, behind the link header of another."""
    if len(source) == 4:
        head = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(body), ident, 0, ttl, protocol, 0, source, target)
        head = head[:10] + struct.pack(">H", checksum(head)) + head[12:]
    else:
        head = struct.pack(">IHBB16s16s", 6 << 28, len(body), protocol, ttl, source, target)
    return link[:-2] + (b"\x08\0" if len(source) == 4 else b"\x86\xdd") + head + body


def udp(link, source, target, body, ident=0, ttl=64):
    """source, target: with their ports. Over IPv4 the checksum is left out, as tunnels do."""
    head = struct.pack(">HHHH", source.port, target.port, 8 + len(body), 0)
    if len(source.address) == 16:
        pseudo = source.address + target.address + struct.pack(">II", 8 + len(body), UDP)
        head = head[:6] + struct.pack(">H", checksum(pseudo + head + body) or 0xffff)
    return around(link, source.address, target.address, UDP, head + body, ident, ttl)


def ike(link, source, target, message, ident=0, ttl=64):
    marker = MARKER if 4500 in (source.port, target.port) else b""
    return udp(link, source, target, marker + message, ident, ttl)


def ipsec(link, source, target, protocol, body, ident=0, ttl=64):
    """ESP or AH, native or in UDP, as the ends have ports or not."""
    if source.port:
        return udp(link, source, target, body, ident, ttl)
    return around(link, source.address, target.address, protocol, body, ident, ttl)


def icmp_error(link, router, target, kind, code, quoted, mtu=0):
    """An IPv4 router's word on a packet: quoted is that packet's IP header and what follows."""
    body = struct.pack(">BBHHH", kind, code, 0, 0, mtu) + quoted[:28 + 8]
    body = body[:2] + struct.pack(">H", checksum(body)) + body[4:]
    return around(link, router, target, ICMP, body)
