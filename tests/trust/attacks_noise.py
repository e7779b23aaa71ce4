"""Messages whose form is right and whose secret part is noise. With keys they fail their integrity check
and change nothing. Without, they may carry an SA forward, but not from failed to established, and not
to two new addresses at once.
SPDX-License-Identifier: GPL-2.0-or-later
"""
from capture import Forged
import ike, packet
from attacks_clear import stands
from scene import say
from table import attack, pick

# Two contents under one message ID are told as such where nobody can say which is true.
TWICE = {"message_id_reused", "retransmission"}
LENGTHS = {"ike_length_impossible"}
NOISE = {"sighted_must": {"ike_icv_bad"}, "sighted_may": {"injected_answer", "message_id_reused"} | LENGTHS,
         "blind_may": TWICE | LENGTHS | {"injected_answer"},
         # Unread, two requests or two answers of one message ID are equally true.
         "blind_free": {"exchanges"}}


def failed(scene, r):
    """An IKE SA of IKEv2 whose IKE_AUTH is answered and that nothing follows."""
    return pick(r, [s for s in scene.sas if s.v2 and s.of(ike.IKE_AUTH, True) and not s.of(ike.CREATE_CHILD_SA) and not any(scene.child_spis(s))])


def keyed(sa, forged, **more):
    return sa and (forged, {"target": sa, **more})


@attack(**NOISE)
def auth_garbage_big(scene, r):
    """A long answer of noise behind the true refusal: no SA stands because of it."""
    sa = failed(scene, r)
    true = sa and sa.of(ike.IKE_AUTH, True)[-1]
    return sa and keyed(sa, [say(sa, true.n, False, ike.secret(sa.spi_i, sa.spi_r, ike.IKE_AUTH, ike.RESPONSE, true.header.message_id,
                                                               r.randbytes(r.choice((256, 400)))))])


@attack(**{**NOISE, "blind_may": NOISE["blind_may"] | {"sa_established"}, "blind_lost": {"sa_established"}})
def auth_garbage_short(scene, r):
    """An answer of noise as short as a refusal before or behind the true one, that went on."""
    sa = pick(r, [s for s in scene.sas if s.v2 and s.of(ike.IKE_AUTH, True) and scene.lives_after(s, s.of(ike.IKE_AUTH, True)[-1].n)])
    true = sa and sa.of(ike.IKE_AUTH, True)[-1]
    return sa and keyed(sa, [say(sa, true.n - r.randrange(2), False, ike.secret(sa.spi_i, sa.spi_r, ike.IKE_AUTH, ike.RESPONSE, true.header.message_id,
                                                                               r.randbytes(r.choice((48, 52, 400)))))])


@attack(**NOISE)
def auth_request_garbage(scene, r):
    """IKE_AUTH requests of noise before the true one."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and s.of(ike.IKE_AUTH, False)])
    true = sa and sa.of(ike.IKE_AUTH, False)[0]
    return sa and keyed(sa, [say(sa, true.n - 1, True, ike.secret(sa.spi_i, sa.spi_r, ike.IKE_AUTH, ike.INITIATOR, 1, r.randbytes(320), inside=35))
                             for _ in range(r.choice((1, 5)))])


def noise_pair(sa, n, r, exchange, sizes, number=None, answered=True):
    number = sa.next_id(n) if number is None else number
    spis = sa.spi_i, sa.spi_r, exchange
    return [say(sa, n, True, ike.secret(*spis, ike.INITIATOR, number, r.randbytes(sizes[0]), inside=33))] + (
        [say(sa, n, False, ike.secret(*spis, ike.RESPONSE, number, r.randbytes(sizes[1]), inside=33))] if answered else [])


@attack(**NOISE)
def ccsa_garbage(scene, r):
    """CREATE_CHILD_SA of noise behind a failed IKE_AUTH."""
    sa = failed(scene, r)
    return sa and keyed(sa, noise_pair(sa, scene.count, r, ike.CREATE_CHILD_SA, (256, 256), 2))


@attack(**{**NOISE, "blind_may": NOISE["blind_may"] | {"error_notify", "request_unanswered", "message_id_gap"}})
def ccsa_noise(scene, r):
    """CREATE_CHILD_SA of noise in a live SA, as long as a rekey or as short as a refusal."""
    sa, n = stands(scene, r, ike.V2)
    # A message ID of the victim's that the true SA uses later is two contents under one.
    return sa and keyed(sa, noise_pair(sa, n, r, ike.CREATE_CHILD_SA, r.choice(((256, 256), (256, 48), (480, 464)))))


@attack(**{**NOISE, "blind_may": NOISE["blind_may"] | {"request_unanswered", "dead_peer", "half_closed", "message_id_gap"}})
def informational_noise(scene, r):
    """INFORMATIONAL of noise, of the form of a Delete or of a liveness check, answered or not."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    number, inside = sa.next_id(n), r.choice((0, 42, 41))
    forged = [say(sa, n, True, ike.secret(sa.spi_i, sa.spi_r, ike.INFORMATIONAL, ike.INITIATOR, number, r.randbytes(48), inside=inside)),
              say(sa, n, False, ike.secret(sa.spi_i, sa.spi_r, ike.INFORMATIONAL, ike.RESPONSE, number, r.randbytes(48)))]
    # Unread, what has the form of a Delete that is answered may be one; a state it ends shows in what follows.
    free = {"exchanges"} | ({"state", "deleted_in"} if inside == 42 and not scene.lives_after(sa, n) else set())
    return keyed(sa, forged[:r.choice((1, 2))], blind_free=free, **({"blind_may": NOISE["blind_may"] | {"sa_deleted", "request_unanswered", "dead_peer"}}))


@attack(**{**NOISE, "blind_may": NOISE["blind_may"] | {"ike_from_new_address"}, "sighted_may": NOISE["sighted_may"] | {"ike_from_new_address"}})
def move(scene, r):
    """One pair of noise between two new addresses: both ends do not move at once."""
    sa, n = stands(scene, r, ike.V2)
    if not sa or len(sa.initiator.address) != 4:
        return None
    number, (link, source, target) = sa.next_id(n), sa.ends(n, True)
    source, target = packet.End(bytes((203, 0, 113, 5)), source.port), packet.End(bytes((203, 0, 113, 6)), target.port)
    spis = sa.spi_i, sa.spi_r, ike.INFORMATIONAL
    return keyed(sa, [Forged(n, packet.ike(link, source, target, ike.secret(*spis, ike.INITIATOR, number, r.randbytes(64)))),
                      Forged(n, packet.ike(link, target, source, ike.secret(*spis, ike.RESPONSE, number, r.randbytes(64))))])


@attack(**{**NOISE, "blind_may": NOISE["blind_may"] | {"ike_from_new_address"}, "sighted_may": NOISE["sighted_may"] | {"ike_from_new_address"}})
def move_unanswered(scene, r):
    """A request of noise from a new address, which nobody answers."""
    sa, n = stands(scene, r, ike.V2)
    if not sa or len(sa.initiator.address) != 4:
        return None
    link, source, target = sa.ends(n, True)
    message = ike.secret(sa.spi_i, sa.spi_r, ike.INFORMATIONAL, ike.INITIATOR, sa.next_id(n), r.randbytes(64))
    return keyed(sa, [Forged(n, packet.ike(link, packet.End(bytes((203, 0, 113, 5)), source.port), target, message))])


@attack(may={"unprotected_message", "payload_unexpected", "injected_answer", "malformed_message"} | TWICE | LENGTHS, sighted_must={"ike_icv_bad"},
        blind_may={"sa_established"}, blind_lost={"sa_established"}, blind_free={"exchanges", "forward"})
def clear_before_secret(scene, r):
    """Notifies, identities and selectors in clear before an SK payload of noise."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and s.of(ike.IKE_AUTH, True)])
    true = sa and sa.of(ike.IKE_AUTH, True)[0]
    some = [ike.notify(ike.AUTHENTICATION_FAILED), ike.identity(ike.IDR, b"gw.evil.example", 2), ike.configuration(2, bytes((10, 86, 152, 77))),
            ike.proposal(ike.WEAK_ESP, 3, b"\1\2\3\4"), ike.delete(1)]
    return sa and keyed(sa, [say(sa, true.n - r.randrange(2), False,
                                 ike.secret(sa.spi_i, sa.spi_r, ike.IKE_AUTH, ike.RESPONSE, 1, r.randbytes(208), r.sample(some, 2)))])


@attack(**{**NOISE, "sighted_must": set(), "blind_free": {"exchanges", "forward"}, "blind_may": NOISE["blind_may"] | {"sa_established"},
           "blind_lost": {"sa_established"}, "may": {"ike_icv_bad", "malformed_message", "large_message_lost", "request_unanswered"}})
def fragments_noise(scene, r):
    """SKF fragments of noise, some of a message and never all, about a true message of the same ID."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and s.of(ike.IKE_AUTH, True)])
    true = sa and r.choice(sa.of(ike.IKE_AUTH))
    if not sa:
        return None
    h, total = true.header, r.choice((2, 3, 60))
    ones = r.sample(range(1, total + 1), r.randint(1, min(3, total)))
    return keyed(sa, [say(sa, true.n - r.randrange(2), sa.from_initiator(true),
                          ike.secret_fragment(sa.spi_i, sa.spi_r, h.exchange, h.flags, h.message_id, k, total, r.randbytes(200))) for k in ones])


@attack(**NOISE)
def ike_one_bit(scene, r):
    """A true encrypted message with one bit turned in its secret part, before it or behind it."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and any(m.header.first == ike.SK for m in s.messages)])
    if not sa:
        return None
    m = r.choice([m for m in sa.messages if m.header.first == ike.SK])
    octets = bytearray(m.at.payload)
    octets[r.randrange(len(octets) - 12, len(octets))] ^= 1 << r.randrange(8)
    late = r.randrange(2)
    more = {} if late else {"blind_may": NOISE["blind_may"] | {"sa_established", "address_updated"},
                                "blind_lost": {"sa_established", "address_updated"}}
    if not scene.lives_after(sa, m.n):
        # Two short answers, behind which nothing comes: either may be a refusal.
        more["blind_may"] = more.get("blind_may", NOISE["blind_may"]) | {"auth_failure_suspected"}
    return keyed(sa, [say(sa, m.n - 1 + late, sa.from_initiator(m), bytes(octets), ident=r.randrange(65536))], **more)


@attack(may={"malformed_message"}, must={"malformed_message"})
def broken_message(scene, r):
    """Lengths that lie, in the victim's name."""
    sa = pick(r, [s for s in scene.sas if scene.both_ways(s)])
    if not sa:
        return None
    n = r.choice((sa.messages[0].n, sa.last()))
    exchange = ike.INFORMATIONAL if sa.v2 else ike.INFORMATIONAL1
    whole = bytearray(ike.message(sa.spi_i, sa.spi_r, sa.version, exchange, 0, r.randrange(1, 99), [(ike.NOTIFY if sa.v2 else ike.NOTIFY1, bytes(8))]))
    whole[30:32] = (4000).to_bytes(2, "big")
    return [say(sa, n, r.random() < 0.5, bytes(whole))], {"may": {"malformed_message", "unprotected_message"}}


@attack(may={"malformed_message", "non_esp_marker_missing", "unprotected_message"})
def random_octets(scene, r):
    """Octets at random on the victim's IKE port, with its SPIs before them or not."""
    sa = pick(r, [s for s in scene.sas if scene.both_ways(s)])
    if not sa:
        return None
    n = r.choice((sa.messages[0].n, sa.last()))
    return [say(sa, n, r.random() < 0.5, sa.spi_i + sa.spi_r + bytes((r.randrange(256), sa.version, 240 + r.randrange(15), 0)) + r.randbytes(60))
            for _ in range(3)], {"own": True}


# --- IKEv1

@attack(blind_may=LENGTHS, sighted_may={"ike_icv_bad"} | LENGTHS)
def v1_quick_garbage(scene, r):
    """Quick mode of noise behind a phase 1 that failed: nothing is established."""
    sa = pick(r, [s for s in scene.sas if not s.v2 and scene.both_ways(s) and not s.of(ike.QUICK) and
                    (any(m.header.encrypted for m in s.of(ike.MAIN)) or len(s.of(ike.AGGRESSIVE)) > 2)])
    number = r.randint(1, 0xffffffff)
    return sa and keyed(sa, [say(sa, scene.count, True, ike.secret1(sa.spi_i, sa.spi_r, ike.QUICK, number, r.randbytes(96))),
                             say(sa, scene.count, False, ike.secret1(sa.spi_i, sa.spi_r, ike.QUICK, number, r.randbytes(96)))],
                        blind_may=LENGTHS | {"request_unanswered"})


@attack(sighted_may={"ike_icv_bad", "malformed_message", "request_unanswered"} | LENGTHS, blind_may={"request_unanswered"} | LENGTHS)
def v1_quick_noise(scene, r):
    """Quick mode of noise in a live SA."""
    sa, n = stands(scene, r, ike.V1)
    number = r.randint(1, 0xffffffff)
    return sa and keyed(sa, [say(sa, n, True, ike.secret1(sa.spi_i, sa.spi_r, ike.QUICK, number, r.randbytes(160))),
                             say(sa, n, False, ike.secret1(sa.spi_i, sa.spi_r, ike.QUICK, number, r.randbytes(160)))])


@attack(sighted_may={"ike_icv_bad", "malformed_message"} | LENGTHS, blind_may=LENGTHS)
def v1_informational_noise(scene, r):
    """Informationals of noise in a live SA, as long as a Delete or a DPD."""
    sa, n = stands(scene, r, ike.V1)
    return sa and keyed(sa, [say(sa, n, r.random() < 0.5, ike.secret1(sa.spi_i, sa.spi_r, ike.INFORMATIONAL1, r.randint(1, 0xffffffff),
                                                                      r.randbytes(r.choice((64, 80, 96))))) for _ in range(r.choice((1, 3)))])


@attack(may={"malformed_message", "ike_icv_bad"})
def v1_fragments_noise(scene, r):
    """IKEv1 fragments of noise, the last one among them or not.  Nobody knows the responder's cookie before it was sent."""
    sa = pick(r, [s for s in scene.sas if not s.v2 and scene.both_ways(s)])
    known = [m for m in sa.messages if m.header.spi_r != bytes(8)][1:] if sa else []
    if not known:
        return None
    m = r.choice(known)
    return [say(sa, m.n - r.randrange(2), sa.from_initiator(m), ike.message(
        sa.spi_i, sa.spi_r, ike.V1, m.header.exchange, 0, 0, [(ike.FRAGMENT1, bytes((0, 1, k, last)) + r.randbytes(120))])) for k, last in ((1, 0), (3, 1))]
