"""ESP and AH that an outsider writes: the numbers and addresses are right, the ICV cannot be. A receiver
drops such a packet before it looks at its window (RFC 4303 3.4.3, RFC 4302 3.4.3).

Without the keys a forged packet whose length and number fit is one more packet of its stream: what is
counted of that stream may then change, and what is said of its numbers. All else must stay.
SPDX-License-Identifier: GPL-2.0-or-later
"""
from capture import Forged
import packet
from scene import number_of, with_number
from table import attack, pick

NUMBERS = {"sequence_gap", "replay", "out_of_window", "two_senders", "sequence_went_back"}
COUNTERS = ("packets", "bytes", "lost", "replayed", "out_of_window", "first_seq", "last_seq")
# What counts packets, says that none comes, or stands at a stream's first.
FIRST = {"esp_without_ike", "spi_unknown", "nat_mapping_changed", "keepalive_gap"}
COUNTED = NUMBERS | FIRST | {"one_way", "stream_stopped", "never_used", "sequence_not_one", "sequence_wrapped",
                            # Where the key given is another SA's, the forged packet fails with the true ones.
                            "icv_bad", "wrong_key"}
# What AH carries can be read by all, and written: without its key nobody knows who wrote it.
READABLE = {"inner_source_violation", "inner_destination_violation", "inner_selector_violation", "virtual_ip_violation", "mode_mismatch", "ah_length_wrong"}
# A packet takes the addresses of a true one, which may be wrong.
TOLD = {"sighted_must": {"icv_bad"}, "grow": {"outer_source_violation", "outer_destination_violation"}, "blind_may": NUMBERS | FIRST, "blind_lost": COUNTED}


def stream(scene, r, least=2):
    return pick(r, [s for s in scene.streams if len(s.packets) >= least])


def aimed(s, forged, **more):
    """An attack on a stream: its counters may change where nobody can verify a packet."""
    blind = {"blind_may": more.pop("blind_may", NUMBERS | FIRST) | READABLE} if s.protocol == packet.AH else {}
    return forged, {"target": s, "blind_free": {f"{c}@{s.spi.hex()}" for c in COUNTERS}, **blind, **more}


def noise(r, like, more=0):
    """A body as long as that packet's."""
    return r.randbytes(max(4, len(like.payload) - (12 if like.kind == "ah" else 8) + more))


def put(like, payload, after, ident=None, late=None, source=None, target=None):
    return Forged(after, packet.ipsec(like.link, source or like.source, target or like.target, like.protocol if like.protocol != packet.UDP else
                                      packet.ESP, payload, like.ident if ident is None else ident, like.ttl), late)


def jump(scene, r, by):
    s = stream(scene, r, 3)
    if not s:
        return None
    like = r.choice(s.packets[:-1])
    if like.kind == "ah":
        body = like.payload[12:16] + noise(r, like)[4:]
    else:
        body = noise(r, like)
    return aimed(s, [put(like, with_number(like, number_of(like) + by, body), like.frame, r.randrange(65536))])


@attack(**TOLD)
def esp_jump(scene, r):
    """One packet far ahead: no window moves, no true packet falls out of it."""
    return jump(scene, r, 0xf0000000 - r.randrange(1000))


@attack(**TOLD)
def esp_jump_near(scene, r):
    """One packet 3000 ahead."""
    return jump(scene, r, r.choice((65, 3000, 100000)))


@attack(**TOLD)
def esp_jumps(scene, r):
    """Packets ahead of each true one, in all streams of the capture."""
    s = stream(scene, r, 3)
    return s and aimed(s, [put(p, with_number(p, number_of(p) + 1000 * (n + 1), noise(r, p)), p.frame, 77) for n, p in enumerate(s.packets)])


def shadow(scene, r, more, share=1.0):
    """Before true packets a forged one of the same number and IP identification, 0.1 ms or less."""
    s = stream(scene, r)
    if not s:
        return None
    chosen = [p for p in s.packets if r.random() < share] or s.packets[:1]
    return aimed(s, [put(p, with_number(p, number_of(p), noise(r, p, more)), p.frame - 1, late=950) for p in chosen])


@attack(**TOLD)
def esp_shadow(scene, r):
    """Other octets of the same length: the true packet is no copy of it."""
    return shadow(scene, r, 0)


@attack(**TOLD)
def esp_shadow_longer(scene, r):
    """Other octets, 16 more."""
    return shadow(scene, r, 16)


@attack(**TOLD)
def esp_shadow_some(scene, r):
    """Before some packets only."""
    return shadow(scene, r, 0, 0.4)


@attack(**TOLD)
def esp_shadow_behind(scene, r):
    """The same number after the true packet: nothing of the true one was replayed."""
    s = stream(scene, r)
    return s and aimed(s, [put(p, with_number(p, number_of(p), noise(r, p)), p.frame, late=r.choice((10, 500))) for p in s.packets[:3]])


@attack(**TOLD)
def esp_one_bit(scene, r):
    """A true packet with one bit of its ICV turned, before it and after it."""
    s = stream(scene, r)
    if not s:
        return None
    p = r.choice(s.packets)
    body = bytearray(p.payload)
    body[-1] ^= 1 << r.randrange(8)
    return aimed(s, [put(p, bytes(body), p.frame - r.randrange(2), late=r.choice((900, 100)))])


@attack(**{**TOLD, "blind_may": NUMBERS | FIRST | {"iv_reused"}})
def esp_iv(scene, r):
    """Another packet's IV before other octets, under a fresh number: nobody has used an IV twice."""
    s = stream(scene, r)
    if not s or s.protocol == packet.AH:
        return None
    p, last = r.choice(s.packets), s.packets[-1]
    return aimed(s, [put(last, with_number(last, number_of(last) + 1, p.payload[8:24] + noise(r, p)[16:]), last.frame)])


@attack(**TOLD)
def esp_next(scene, r):
    """The very next number, before its true packet."""
    s = stream(scene, r)
    if not s:
        return None
    n = r.randrange(len(s.packets) - 1)
    return aimed(s, [put(s.packets[n], with_number(s.packets[n], number_of(s.packets[n]) + 1, noise(r, s.packets[n])), s.packets[n].frame, 99)])


@attack(may={"outer_source_violation"}, sighted_must={"icv_bad", "outer_source_violation"},
        blind_may=NUMBERS | {"nat_mapping_changed", "spi_unknown", "esp_without_ike", "esp_to_wrong_port"}, blind_lost=COUNTED)
def esp_elsewhere(scene, r):
    """The SA's SPI from another address, or another port of the same: no peer has moved."""
    s = stream(scene, r)
    if not s:
        return None
    p = r.choice(s.packets)
    if s.source.port and r.random() < 0.5:
        source = s.source.at(r.randrange(1025, 65535))
    elif len(s.source.address) == 4:
        source = packet.End(bytes((203, 0, 113, r.randrange(1, 255))), s.source.port)
    else:
        source = packet.End(s.source.address[:-1] + bytes([r.randrange(1, 255)]), s.source.port)
    forged = [put(p, with_number(p, number_of(p) + 1 + n, noise(r, p)), p.frame, n, source=source) for n in range(r.choice((1, 4)))]
    return aimed(s, forged)


@attack(own=True, may={"spi_unknown", "esp_without_ike"}, blind_may={"one_way"})
def esp_strange(scene, r):
    """Packets of an SPI that nobody negotiated, between the two ends."""
    s = stream(scene, r)
    if not s:
        return None
    p = r.choice(s.packets)
    spi = r.randbytes(4)
    bodies = [with_number(p, number_of(p) + n, p.payload[12:] if p.kind == "ah" else noise(r, p)) for n in range(r.choice((1, 3)))]
    like = [put(p, b[:4] + spi + b[8:] if p.kind == "ah" else spi + b[4:], p.frame, n) for n, b in enumerate(bodies)]
    # Without keys a Child SA is what its streams show: one more pair of SPIs is one more candidate.
    return like, {"blind_free": {"child_sas", "child_sa", "streams"}}


@attack(may={"reserved_spi", "esp_without_ike", "spi_unknown"}, own=True)
def esp_reserved(scene, r):
    """SPIs 1 to 255, which no SA has."""
    s = stream(scene, r)
    return s and [put(s.packets[0], bytes((0, 0, 0, r.randrange(1, 256))) + noise(r, s.packets[0], 4), s.packets[0].frame, n) for n in range(2)]


@attack(may={"outer_fragment", "malformed_message"})
def esp_fragment(scene, r):
    """A later IP fragment under the identification of a true packet."""
    s = stream(scene, r)
    s = s if s and len(s.source.address) == 4 else None
    if not s:
        return None
    p = r.choice(s.packets)
    whole = packet.around(p.link, p.source.address, p.target.address, p.protocol, r.randbytes(64), p.ident, p.ttl)
    at, head = len(p.link), bytearray(whole[len(p.link):len(p.link) + 20])
    head[6:8], head[10:12] = (0x0000 | r.choice((8, 185))).to_bytes(2, "big"), bytes(2)
    head[10:12] = packet.checksum(bytes(head)).to_bytes(2, "big")
    return [Forged(p.frame - r.randrange(2), whole[:at] + bytes(head) + whole[at + 20:])]


@attack(may={"replay", "duplicate_frame", "out_of_window"}, lost={"one_way", "stream_stopped"}, blind_lost=COUNTED)
def esp_again(scene, r):
    """A true packet, replayed octet for octet some time later: it is a replay and harms nothing else."""
    s = stream(scene, r)
    if not s:
        return None
    p = r.choice(s.packets[:-1])
    return aimed(s, [put(p, p.payload, s.packets[-1].frame)], free={f"{c}@{s.spi.hex()}" for c in ("packets", "bytes", "replayed", "out_of_window")})


@attack(may={"outer_source_violation", "outer_destination_violation", "replay", "duplicate_frame"}, blind_lost=COUNTED,
        blind_may={"nat_mapping_changed", "esp_without_ike", "spi_unknown", "one_way"})
def esp_again_elsewhere(scene, r):
    """A true packet, replayed from another address."""
    s = stream(scene, r)
    if not s or len(s.source.address) != 4:
        return None
    p = r.choice(s.packets)
    source = packet.End(bytes((203, 0, 113, r.randrange(1, 255))), s.source.port)
    return aimed(s, [put(p, p.payload, r.choice((p.frame, s.packets[-1].frame)), source=source)],
                 free={f"{c}@{s.spi.hex()}" for c in ("packets", "bytes", "replayed", "out_of_window")})


@attack(own=True, may={"spi_unknown", "esp_without_ike"})
def esp_other_protocol(scene, r):
    """AH of the SPI that ESP has, or ESP of that of AH: who receives has no such SA, and the true one is no other."""
    s = stream(scene, r)
    if not s:
        return None
    p, body = s.packets[-1], r.randbytes(44)
    number, other = bytes((0, 0, 0, 9)), packet.ESP if s.protocol == packet.AH else packet.AH
    whole = s.spi + number + body if other == packet.ESP else bytes((4, 4, 0, 0)) + s.spi + number + body[:12] + bytes(32)
    forged = packet.around(p.link, s.source.address, s.target.address, other, whole, 5, p.ttl)
    # Unread, a second protocol between the two is a second pair of SAs.
    return [Forged(r.choice((p.frame, s.packets[0].frame)), forged)], {"target": s, "blind_free": {"child_sas", "child_sa", "streams"}}


@attack(own=True, may={"outer_source_violation"}, sighted_must={"icv_bad"}, blind_may=NUMBERS | {"udp_encap_mismatch", "nat_mapping_changed", "spi_unknown"},
        blind_lost=COUNTED)
def esp_other_encapsulation(scene, r):
    """In UDP what travels without, and the reverse."""
    s = stream(scene, r)
    if not s or s.protocol == packet.AH:
        return None
    p = r.choice(s.packets)
    ends = (s.source.at(0), s.target.at(0)) if s.source.port else (s.source.at(4500), s.target.at(4500))
    return aimed(s, [put(p, with_number(p, number_of(p) + 1, noise(r, p)), p.frame, 7, source=ends[0], target=ends[1])])
