"""Many requests: the initiator's SPI alone is nobody's identity, and no number of strangers' messages
splits, starves or ends an SA.
SPDX-License-Identifier: GPL-2.0-or-later
"""
from capture import Forged
import ike, made, packet
from scene import say
from table import attack, pick

# What requests in the victim's own name may lawfully bring up: they are not known to be forged.
IN_HIS_NAME = {"may": {"message_id_reused", "offer_changed", "request_unanswered", "retransmission", "ikev1_in_use"},
               # It stands at the SA's first message, whichever that is.
               "lost": {"ikev1_in_use"},
               # Which of his two requests the answer is to, no key of a log proves; the true offer stays among those kept.
               "free": {"exchanges", "offered"}, "cites": True}


def request(r, spi_i, suite=ike.STRONG, group=14):
    return ike.message(spi_i, bytes(8), ike.V2, ike.IKE_SA_INIT, ike.INITIATOR, 0, [ike.proposal(suite), ike.key_exchange(r, group), ike.nonce(r)])


def request1(r, spi_i):
    return ike.message(spi_i, bytes(8), ike.V1, ike.MAIN, 0, 0, [ike.phase1(r.random() < 0.5), (ike.VENDOR1, r.randbytes(16))])


def begun(scene, r, v2=True):
    """An IKE SA whose first message was captured, and a place about it."""
    sa = pick(r, [s for s in scene.sas if s.v2 == v2 and (s.of(ike.IKE_SA_INIT, False) if v2 else s.of(ike.MAIN) + s.of(ike.AGGRESSIVE))
                  and scene.both_ways(s)])
    return sa, (r.choice((sa.messages[0].n - 1, sa.messages[0].n, sa.messages[0].n + 1, scene.count)) if sa else 0)


def strangers(scene, sa, n, r, count, message):
    """From as many addresses, to the responder."""
    link, source, target = sa.ends(n, True)
    if len(source.address) != 4:
        return None
    return [Forged(n, packet.ike(link, packet.End(bytes((203, 0, k // 200, 1 + k % 200)), 500), target.at(500), message(), k)) for k in range(count)]


@attack(own=True)
def spi_flood(scene, r):
    """70 IKE_SA_INIT requests of 70 addresses with the victim's SPI."""
    sa, n = begun(scene, r)
    return sa and strangers(scene, sa, n, r, 70, lambda: request(r, sa.spi_i))


@attack(own=True)
def spi_flood_big(scene, r):
    """300 of them, some with its responder's SPI as well."""
    sa, n = begun(scene, r)

    def message():
        """With both SPIs or with the initiator's."""
        whole = request(r, sa.spi_i, ike.WEAK, 1)
        return r.choice((whole[:8] + sa.spi_r + whole[16:], request(r, sa.spi_i)))
    return sa and strangers(scene, sa, n, r, 300, message)


@attack(first=[made.NAME], own=True, **IN_HIS_NAME)
def spi_flood_own(scene, r):
    """The same from the victim's own address: several offers and nonces are kept for one SPI."""
    sa, n = begun(scene, r)
    return sa and [say(sa, n, True, request(r, sa.spi_i), ident=k) for k in range(r.choice((1, 9, 70)))]


@attack(first=[made.NAME], own=True, **IN_HIS_NAME)
def nonce_other(scene, r):
    """One request with another nonce between request and answer: the answer is to the true one."""
    sa, _ = begun(scene, r)
    return sa and [say(sa, sa.messages[0].n, True, request(r, sa.spi_i))]


@attack(first=[made.NAME], own=True, **IN_HIS_NAME)
def nonce_copy(scene, r):
    """The true request with other last octets: same offer, another value or nonce."""
    sa, _ = begun(scene, r)
    true = sa and [m for m in sa.of(ike.IKE_SA_INIT, False)][-1]
    size = sa and len(true.at.payload)
    return sa and [say(sa, true.n - r.randrange(2), True, true.at.payload[:size // 2] + r.randbytes(8) + true.at.payload[size // 2 + 8:])]


@attack(own=True)
def v1_cookie_flood(scene, r):
    """70 first messages of main mode with the victim's cookie."""
    sa, n = begun(scene, r, False)
    return sa and strangers(scene, sa, n, r, 70, lambda: request1(r, sa.spi_i))


@attack(own=True, **IN_HIS_NAME)
def v1_cookie_flood_own(scene, r):
    """The same from the victim's own address."""
    sa, n = begun(scene, r, False)
    return sa and [say(sa, n, True, request1(r, sa.spi_i), ident=k) for k in range(r.choice((1, 9, 70)))]


@attack(own=True, may={"offer_changed"})
def half_open(scene, r):
    """300 IKE SAs that begin and never answer, between the victim's two addresses."""
    sa, n = begun(scene, r, r.random() < 0.7)
    make = sa and (request if sa.v2 else request1)
    return sa and [say(sa, n, r.random() < 0.8, make(r, r.randbytes(8)), ident=k) for k in range(300)]


@attack(own=True, may={"unprotected_message"}, must={"unprotected_message"})
def fake_sas(scene, r):
    """IKE SAs of their own between the same ends, whose clear IKE_AUTH claims the ESP SPIs in use."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.child_spis(s)[1]])
    if not sa:
        return None
    n, (back, there) = r.choice((sa.messages[0].n - 1, sa.last(True), scene.count)), scene.child_spis(sa)
    ts, forged = (ike.selectors(ike.TSI, ike.ANYWHERE), ike.selectors(ike.TSR, ike.ANYWHERE)), []
    for _ in range(r.choice((1, 20))):
        i, j = r.randbytes(8), r.randbytes(8)
        forged += [say(sa, n, True, request(r, i)),
                   say(sa, n, False, ike.message(i, j, ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0,
                                                 [ike.proposal(ike.STRONG), ike.key_exchange(r, 14), ike.nonce(r)])),
                   say(sa, n, True, ike.message(i, j, ike.V2, ike.IKE_AUTH, ike.INITIATOR, 1, [ike.proposal(ike.STRONG_ESP, 3, back or there), *ts])),
                   say(sa, n, False, ike.message(i, j, ike.V2, ike.IKE_AUTH, ike.RESPONSE, 1, [ike.proposal(ike.STRONG_ESP, 3, there), *ts]))]
    return forged


@attack(own=True)
def fake_protected_sa(scene, r):
    """A whole negotiation of noise between the same ends. Without keys it could be a true one, with a Child
    SA of its own: which streams are whose nobody can tell."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s)])
    if not sa:
        return None
    n, i, j = r.choice((sa.messages[0].n - 1, scene.count)), r.randbytes(8), r.randbytes(8)
    return [say(sa, n, True, request(r, i)),
            say(sa, n, False, ike.message(i, j, ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0,
                                          [ike.proposal(ike.STRONG), ike.key_exchange(r, 14), ike.nonce(r)])),
            say(sa, n, True, ike.secret(i, j, ike.IKE_AUTH, ike.INITIATOR, 1, r.randbytes(256), inside=35)),
            say(sa, n, False, ike.secret(i, j, ike.IKE_AUTH, ike.RESPONSE, 1, r.randbytes(208), inside=36))], {
                "target": sa, "blind_free": {"child_sas", "ike_sa", "child_sa", "streams"}, "blind_may": {"peer_restarted", "duplicate_child_sa"}}
