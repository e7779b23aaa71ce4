"""What the path itself says or carries, which nobody signs: ICMP errors, NAT keepalives, copies of true
packets from elsewhere. An ICMP error is believed to be one (RFC 4301 8.2), but it proves nothing of an SA.
SPDX-License-Identifier: GPL-2.0-or-later
"""
from capture import Forged
import ike, packet
from scene import say
from table import attack, pick

STRANGER = bytes((203, 0, 113, 66))


def ipv4(scene, kinds):
    return [p for p in scene.packets if p.kind in kinds and len(p.source.address) == 4]


@attack(may={"icmp_unreachable", "path_mtu"})
def icmp_errors(scene, r):
    """A router says that a true packet did not arrive, or was too big: the packet's SA goes on all the same."""
    p = pick(r, ipv4(scene, ("ike", "esp")))
    if not p:
        return None
    frame = scene.capture.frames[p.frame - 1].octets[len(p.link):]
    kind, code, mtu = r.choice(((3, 3, 0), (3, 1, 0), (3, 13, 0), (3, 4, 1280), (11, 0, 0)))
    return [Forged(p.frame, packet.icmp_error(p.link, STRANGER, p.source.address, kind, code, frame, mtu))]


@attack()
def keepalives_elsewhere(scene, r):
    """NAT keepalives from another port or address: no mapping has moved."""
    p = pick(r, [p for p in ipv4(scene, ("ike", "esp", "keepalive")) if 4500 in (p.source.port, p.target.port)])
    if not p:
        return None
    source = r.choice((p.source.at(r.randrange(1025, 65535)), packet.End(STRANGER, p.source.port)))
    return [Forged(p.frame, packet.udp(p.link, source, p.target, b"\xff", k)) for k in range(r.choice((1, 5)))]


@attack()
def keepalives_more(scene, r):
    """Keepalives of the right ends, at any time."""
    p = pick(r, [p for p in ipv4(scene, ("ike", "esp", "keepalive")) if 4500 in (p.source.port, p.target.port)])
    return p and [Forged(p.frame, packet.udp(p.link, p.source, p.target, b"\xff", k)) for k in range(5)]


@attack(may={"retransmission", "duplicate_frame"}, grow={"dead_peer", "request_unanswered", "auth_failure_suspected", "udp_4500_blocked"})
def ike_again(scene, r):
    """A true message again, octet for octet, later: a retransmission as any."""
    sa = pick(r, [s for s in scene.sas if len(s.messages) > 1])
    m = sa and r.choice(sa.messages)
    return sa and [Forged(r.choice((m.n, sa.last())), packet.ike(m.at.link, m.at.source, m.at.target, m.at.payload, r.randrange(65536)))]


@attack(may={"ike_from_new_address", "retransmission", "duplicate_frame", "answer_from_other_address", "unsolicited_answers", "injected_answer"}, own=True)
def ike_again_elsewhere(scene, r):
    """A true message again from another address: its ICV is right, and it moves nothing."""
    sa = pick(r, [s for s in scene.sas if scene.both_ways(s) and len(s.initiator.address) == 4])
    m = sa and r.choice(sa.messages)
    return sa and [Forged(r.choice((m.n, sa.last())), packet.ike(m.at.link, packet.End(STRANGER, m.at.source.port), m.at.target, m.at.payload))]


@attack(may={"unsolicited_answers", "injected_answer"}, own=True)
def reflected_answers(scene, r):
    """Answers of strangers to the initiator that nobody asked for."""
    sa = pick(r, [s for s in scene.sas if s.v2 and len(s.initiator.address) == 4])
    if not sa:
        return None
    link, _, target = sa.ends(sa.last(), False)
    return [Forged(sa.last(), packet.ike(link, packet.End(bytes((203, 0, 113, 1 + k)), 500), target.at(500), ike.message(
        r.randbytes(8), r.randbytes(8), ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0, [ike.notify(ike.NO_PROPOSAL_CHOSEN)]))) for k in range(30)]


@attack(own=True, may={"unprotected_message"})
def clear_of_strangers(scene, r):
    """Clear messages with the victim's SPIs between two strangers."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and len(s.initiator.address) == 4])
    if not sa:
        return None
    link, source, target = sa.ends(sa.last(), True)
    parts = r.choice(([ike.delete(1)], [ike.notify(ike.AUTHENTICATION_FAILED)], [ike.notify(ike.UPDATE_SA_ADDRESSES)]))
    return [Forged(sa.last(), packet.ike(link, packet.End(STRANGER, source.port), packet.End(bytes((203, 0, 113, 67)), target.port), ike.message(
        sa.spi_i, sa.spi_r, ike.V2, ike.INFORMATIONAL, ike.INITIATOR, sa.next_id(sa.last()), parts)))]


@attack(may={"unprotected_message", "malformed_message", "error_notify"})
def other_version(scene, r):
    """A message of the other version, or of a later one, with the victim's SPIs."""
    sa = pick(r, [s for s in scene.sas if scene.both_ways(s)])
    if not sa:
        return None
    version, exchange = r.choice(((0x30, 37), (ike.V1 if sa.v2 else ike.V2, 5 if sa.v2 else 37)))
    return [say(sa, sa.last(), r.random() < 0.5, ike.message(sa.spi_i, sa.spi_r, version, exchange, 0, 3, [
        ike.notify(ike.AUTHENTICATION_FAILED) if version != ike.V1 else ike.notify1(24)]))], {"own": True}


@attack(own=True, may={"ike_on_other_port", "malformed_message"})
def ike_elsewhere(scene, r):
    """A true message on other ports of the same two hosts."""
    sa = pick(r, [s for s in scene.sas if scene.both_ways(s)])
    m = sa and r.choice(sa.messages)
    a, b = r.sample(range(1025, 65535), 2)
    return sa and [Forged(m.n, packet.udp(m.at.link, m.at.source.at(a), m.at.target.at(b), m.at.payload, 9))]


@attack(own=True, may={"cleartext_bypass", "remote_network_on_link", "source_nat_before_ipsec", "icmp_unreachable"})
def clear_inside(scene, r):
    """Pings in clear between inner networks: whoever sends them, they are in clear."""
    p = pick(r, ipv4(scene, ("esp", "ike")))
    body = bytes((8, 0, 0, 0)) + r.randbytes(40)
    a, b = r.sample((bytes((10, 1, 0, 10)), bytes((10, 2, 0, 20)), bytes((10, 86, 152, 186))), 2)
    body = body[:2] + packet.checksum(body).to_bytes(2, "big") + body[4:]
    return p and [Forged(p.frame, packet.around(p.link, a, b, packet.ICMP, body, k)) for k in range(3)]
