"""What someone on the path knows of a capture: ends, SPIs, message IDs, sequence numbers; and, for
the judge alone, which of it the keys beside the capture can verify.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import os, struct
from capture import Capture, Forged
import ike, packet


class Message:
    """An IKE message of the capture. n: its frame."""
    __slots__ = ("n", "at", "header")

    def __init__(self, at):
        self.n, self.at, self.header = at.frame, at, ike.Header(at.payload)


class Sa:
    """An IKE SA as its cookies or SPIs show it."""

    def __init__(self, spi_i, version):
        self.spi_i, self.spi_r, self.version, self.messages = spi_i, bytes(8), version, []
        self.initiator = self.responder = None

    def add(self, message):
        if not self.messages:
            forward = not message.header.response if self.version == ike.V1 else bool(message.header.flags & ike.INITIATOR)
            ends = (message.at.source, message.at.target)
            self.initiator, self.responder = ends if forward else ends[::-1]
        self.messages.append(message)
        if message.header.spi_r != bytes(8):
            self.spi_r = message.header.spi_r

    @property
    def v2(self):
        return self.version == ike.V2

    def of(self, exchange, response=None):
        return [m for m in self.messages if m.header.exchange == exchange and response in (None, m.header.response)]

    def from_initiator(self, message):
        """The flag tells (RFC 7296 3.1); IKEv1 has none, but its responder does not move."""
        if self.v2:
            return bool(message.header.flags & ike.INITIATOR)
        return message.at.source.address != self.responder.address

    def last(self, of_phase=False):
        """Frame of its last message; of the negotiation alone."""
        some = [m.n for m in self.messages if m.header.exchange in (ike.IKE_SA_INIT, ike.IKE_AUTH, ike.MAIN, ike.AGGRESSIVE, ike.QUICK)
                ] if of_phase else [m.n for m in self.messages]
        return max(some, default=0)

    def ends(self, n, forward=True):
        """(link header, source, target) for a message behind frame n, in the initiator's name or, not
        forward, the responder's: as the last true message in that direction had them."""
        before = [m for m in self.messages if m.n <= n] or self.messages[:1]
        same = [m for m in before if self.from_initiator(m) == forward] or [m for m in self.messages if self.from_initiator(m) == forward]
        # Ports and addresses of the last message of either way; the link header of the last of this one.
        last, link = before[-1], (same or before)[-1].at.link
        if self.from_initiator(last) == forward:
            return link, last.at.source, last.at.target
        return link, last.at.target, last.at.source

    def next_id(self, n):
        """A message ID of IKEv2 that its initiator has not used until frame n."""
        return 1 + max((m.header.message_id for m in self.messages if m.n <= n and self.from_initiator(m) != m.header.response), default=0)


class Stream:
    """ESP or AH of one SPI from one address."""

    def __init__(self, at):
        self.protocol = packet.AH if at.kind == "ah" else packet.ESP
        self.spi, self.source, self.target, self.packets = spi_of(at), at.source, at.target, []

    @property
    def frames(self):
        return [p.frame for p in self.packets]


def spi_of(at):
    return at.payload[4:8] if at.kind == "ah" else at.payload[:4]


def number_of(at):
    return struct.unpack(">I", at.payload[8:12] if at.kind == "ah" else at.payload[4:8])[0]


def with_number(at, number, body):
    """Its packet with another sequence number, and body in the place of what follows the number."""
    head = at.payload[:8] if at.kind == "ah" else at.payload[:4]
    return head + struct.pack(">I", number & 0xffffffff) + body


class Keys:
    """SPIs whose keys lie beside a capture, and nothing of the keys. folder: what the key log preference takes."""

    def __init__(self, folder):
        self.folder = folder if os.path.isdir(folder) else None
        self.ike = {bytes.fromhex(row[0]) for t in ("ikev1_decryption_table", "ikev2_decryption_table") for row in self.rows(t)}
        self.esp = {bytes.fromhex(row[3].removeprefix("0x")) for row in self.rows("esp_sa") if row[3].startswith("0x")}

    @classmethod
    def of(cls, log, ike_spis, esp_spis):
        """Of a log: a file, whose SPIs are told."""
        keys = cls(log)
        keys.folder, keys.ike, keys.esp = log, ike_spis, esp_spis
        return keys

    def rows(self, table):
        try:
            with open(os.path.join(self.folder or "", table)) as f:
                return [[c.strip().strip('"') for c in line.split(",")] for line in f if line.strip() and line[0] != "#"]
        except OSError:
            return []


class Scene:
    def __init__(self, path, keys=None):
        self.name = os.path.basename(path).rsplit(".", 1)[0]
        self.capture = Capture(path)
        self.packets = [p for p in map(packet.read, self.capture.frames) if p]
        self.keys = keys or Keys(path.rsplit(".", 1)[0] + ".keys")
        self.count = len(self.capture.frames)
        sas, streams = {}, {}
        for p in self.packets:
            if p.kind == "ike":
                m = Message(p)
                if m.header.version in (ike.V1, ike.V2):
                    sas.setdefault((m.header.spi_i, m.header.version), Sa(m.header.spi_i, m.header.version)).add(m)
            elif p.kind in ("esp", "ah"):
                streams.setdefault((p.kind, spi_of(p), p.source, p.target), Stream(p)).packets.append(p)
        self.sas, self.streams = list(sas.values()), list(streams.values())

    def both_ways(self, sa):
        """An answer of the responder with its SPI was captured."""
        return sa.spi_r != bytes(8) and len({sa.from_initiator(m) for m in sa.messages}) == 2

    def child_spis(self, sa):
        """ESP SPIs between its two ends: (towards the initiator, towards the responder)."""
        ends = [{m.at.source.address for m in sa.messages if sa.from_initiator(m) == way} for way in (True, False)]
        back = [s.spi for s in self.streams if s.source.address in ends[1] and s.target.address in ends[0]]
        there = [s.spi for s in self.streams if s.source.address in ends[0] and s.target.address in ends[1]]
        return (back[0] if back else None), (there[0] if there else None)

    def lives_after(self, sa, n, forward=None):
        """A protected message or packet of its ends comes behind frame n: it went on."""
        a, b = sa.initiator.address, sa.responder.address
        ways = {True: ((a, b),), False: ((b, a),), None: ((a, b), (b, a))}[forward]
        return any(p.frame > n and (p.source.address, p.target.address) in ways and
                   (p.kind in ("esp", "ah") or p.kind == "ike" and ike.Header(p.payload).encrypted) for p in self.packets)


def say(sa, n, forward, message, late=None, ident=0):
    """A forged message behind frame n, in the name of one of the SA's ends."""
    link, source, target = sa.ends(n, forward)
    return Forged(n, packet.ike(link, source, target, message, ident), late)
