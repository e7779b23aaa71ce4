"""Two answers to one question, in the exchanges that are in clear by law: IKE_SA_INIT, and phase 1 of
IKEv1. The initiator may wait for a better one (RFC 7296 2.4, 2.21.1): which was true shows in what follows.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct
import ike
from scene import say
from table import attack, pick

TOLD = {"may": {"injected_answer"}}
MUST = {"must": {"injected_answer"}}


def asked(scene, r):
    """An IKE SA of IKEv2, its request and its answer that led on, and a place before or behind the answer."""
    found = []
    for sa in scene.sas:
        requests, answers = sa.of(ike.IKE_SA_INIT, False), [m for m in sa.of(ike.IKE_SA_INIT, True) if m.header.spi_r != bytes(8)]
        before = [m for m in requests if answers and m.n < answers[-1].n]
        if sa.v2 and before and sa.of(ike.IKE_AUTH):
            found.append((sa, before[-1], answers[-1]))
    sa, request, answer = pick(r, found) or (None, None, None)
    return sa, (r.choice((request.n, answer.n - 1, answer.n)) if sa else 0)


def answer(sa, n, parts, spi_r=bytes(8), late=None):
    return say(sa, n, False, ike.message(sa.spi_i, spi_r, ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0, parts), late)


def refusal(scene, r, *told):
    sa, n = asked(scene, r)
    return sa and [answer(sa, n, [*told], r.choice((bytes(8), bytes(8), r.randbytes(8))))]


@attack(**MUST)
def init_no_proposal(scene, r):
    """NO_PROPOSAL_CHOSEN, though the SA comes up."""
    return refusal(scene, r, ike.notify(ike.NO_PROPOSAL_CHOSEN))


@attack(**MUST)
def init_errors(scene, r):
    """Other errors that end a negotiation."""
    return refusal(scene, r, ike.notify(r.choice((1, 5, 7, 9, 24, 14, 43, 8192 - 1))))


@attack(**MUST)
def init_invalid_ke(scene, r):
    """INVALID_KE_PAYLOAD: another group is wanted, and none is tried."""
    return refusal(scene, r, ike.notify(ike.INVALID_KE_PAYLOAD, struct.pack(">H", r.choice((1, 2, 31, 20, 9999)))))


@attack(may={"injected_answer"})        # the request with the cookie may be lost: nobody can tell
def init_cookie(scene, r):
    """A COOKIE that is never returned."""
    return refusal(scene, r, ike.notify(ike.COOKIE, r.randbytes(r.choice((1, 16, 64)))))


@attack(**MUST)
def init_redirect(scene, r):
    """REDIRECT to another gateway, where nobody goes."""
    return refusal(scene, r, ike.notify(ike.REDIRECT, b"\1\4" + bytes((203, 0, 113, r.randrange(1, 255))) + r.randbytes(32)))


def choice(r, suite, group):
    return [ike.proposal(suite), ike.key_exchange(r, group), ike.nonce(r)]


@attack(**MUST)
def init_race(scene, r):
    """An answer that chooses what nobody should, from an SPI of its own."""
    sa, n = asked(scene, r)
    return sa and [answer(sa, n, choice(r, ike.WEAK, 1), r.randbytes(8))]


@attack(**MUST)
def init_race_same(scene, r):
    """The true answer with another SPI, public value and nonce."""
    sa, n = asked(scene, r)
    if not sa:
        return None
    true = [m for m in sa.of(ike.IKE_SA_INIT, True) if m.header.spi_r == sa.spi_r][-1].at.payload
    octets = bytearray(true)
    octets[8:16] = r.randbytes(8)
    at, kind = 28, octets[16]
    while kind and at + 4 <= len(octets):
        size = struct.unpack(">H", octets[at + 2:at + 4])[0]
        if kind in (ike.KE, ike.NONCE) and size > 8:
            skip = 8 if kind == ike.KE else 4
            octets[at + skip:at + size] = r.randbytes(size - skip)
        kind, at = octets[at], at + max(size, 4)
    return [say(sa, n, False, bytes(octets))]


@attack(**MUST)
def init_same_spi(scene, r):
    """A weak choice under the SPI of the true answer."""
    sa, n = asked(scene, r)
    return sa and [answer(sa, n, choice(r, ike.WEAK, 1), sa.spi_r)]


@attack(**TOLD)
def init_many_answers(scene, r):
    """Twenty answers of twenty gateways."""
    sa, n = asked(scene, r)
    return sa and ([answer(sa, n, choice(r, r.choice((ike.WEAK, ike.STRONG)), 14), r.randbytes(8)) for _ in range(20)], MUST)


@attack(may={"injected_answer", "answer_from_other_address", "unsolicited_answers", "ike_from_new_address"},
        must={"injected_answer", "answer_from_other_address", "unsolicited_answers", "ike_from_new_address"})
def init_answer_elsewhere(scene, r):
    """An answer from an address that was not asked."""
    sa, n = asked(scene, r)
    if not sa or len(sa.responder.address) != 4:
        return None
    import packet
    from capture import Forged
    link, source, target = sa.ends(n, False)
    source = packet.End(bytes((203, 0, 113, r.randrange(1, 255))), source.port)
    parts = ike.message(sa.spi_i, r.randbytes(8), ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0, choice(r, ike.STRONG, 14))
    return [Forged(n, packet.ike(link, source, target, parts))]


@attack(**TOLD)
def refused_race(scene, r):
    """An answer that accepts what the true one refuses: it is no witness of the responder's policy."""
    found = [(sa, q) for sa in scene.sas if sa.v2 and not sa.of(ike.IKE_AUTH) for q in sa.of(ike.IKE_SA_INIT, False)
             if any(a.n > q.n for a in sa.of(ike.IKE_SA_INIT, True))]
    sa, q = pick(r, found) or (None, None)
    true = sa and next(a for a in sa.of(ike.IKE_SA_INIT, True) if a.n > q.n)
    # Where nothing followed, either may be the true one: then what is said of the choice is lawful.
    either = {"weak_encryption", "weak_integrity", "weak_prf", "weak_dh_group", "proposal_not_offered", "ke_group_mismatch"}
    return sa and ([answer(sa, r.choice((q.n, true.n)), choice(r, ike.WEAK, 1), r.randbytes(8))], {"may": {"injected_answer"} | either})


@attack(own=True)
def policy_poison(scene, r):
    """A negotiation before the first true one, in the names of the two, that takes DES: what a refusal is
    explained with must be proved."""
    sa = pick(r, [s for s in scene.sas if s.v2 and s.of(ike.IKE_SA_INIT, False)])
    if not sa:
        return None
    spis, n = (r.randbytes(8), r.randbytes(8)), sa.messages[0].n - 1
    return [say(sa, n, True, ike.message(spis[0], bytes(8), ike.V2, ike.IKE_SA_INIT, ike.INITIATOR, 0, choice(r, ike.WEAK, 1))),
            say(sa, n, False, ike.message(*spis, ike.V2, ike.IKE_SA_INIT, ike.RESPONSE, 0, choice(r, ike.WEAK, 1)))]


@attack(own=True)
def policy_poison1(scene, r):
    """The same in main mode of IKEv1."""
    sa = pick(r, [s for s in scene.sas if not s.v2 and s.of(ike.MAIN) + s.of(ike.AGGRESSIVE)])
    if not sa:
        return None
    spis, n = (r.randbytes(8), r.randbytes(8)), sa.messages[0].n - 1
    return [say(sa, n, True, ike.message(spis[0], bytes(8), ike.V1, ike.MAIN, 0, 0, [ike.phase1(True)])),
            say(sa, n, False, ike.message(*spis, ike.V1, ike.MAIN, 0, 0, [ike.phase1(True)]))]


@attack(own=True)
def offer_poison(scene, r):
    """A request of the responder's that offers DES alone, before the true negotiation: where that one comes to
    an answer, nothing is foretold of it. Where it is refused, an offer that nobody proved is all that there
    is in lawful captures too."""
    sa = pick(r, [s for s in scene.sas if s.v2 and s.of(ike.IKE_SA_INIT, False)])
    refused = any(s.v2 and s.of(ike.IKE_SA_INIT) and not s.of(ike.IKE_AUTH) for s in scene.sas)
    more = {"may": {"no_common_proposal"}, "lost": {"no_proposal_chosen"}} if refused else {}
    return sa and ([say(sa, sa.messages[0].n - 1, False,
                        ike.message(r.randbytes(8), bytes(8), ike.V2, ike.IKE_SA_INIT, ike.INITIATOR, 0, choice(r, ike.WEAK, 1)))], more)


# --- IKEv1

def asked1(scene, r, exchange):
    """Phase 1, its first message and its answer that led on."""
    found = []
    for sa in scene.sas:
        of = sa.of(exchange)
        answers = [m for m in of if not sa.from_initiator(m)]
        if not sa.v2 and answers and any(m.n > answers[0].n and sa.from_initiator(m) for m in of):
            found.append((sa, of[0], answers[0]))
    sa, request, first = pick(r, found) or (None, None, None)
    return sa, (r.choice((request.n, first.n - 1, first.n)) if sa else 0)


def answer1(sa, n, exchange, parts, cookie):
    return say(sa, n, False, ike.message(sa.spi_i, cookie, ike.V1, exchange, 0, 0, parts))


@attack(**MUST)
def v1_main_race(scene, r):
    """Message 2 of main mode twice and more, each of another cookie, weak or not."""
    sa, n = asked1(scene, r, ike.MAIN)
    return sa and [answer1(sa, n, ike.MAIN, [ike.phase1(r.random() < 0.5)], r.randbytes(8)) for _ in range(r.choice((1, 2, 12)))]


@attack(**MUST)
def v1_aggressive_race(scene, r):
    """Message 2 of aggressive mode, in another's name."""
    sa, n = asked1(scene, r, ike.AGGRESSIVE)
    parts = [ike.phase1(True), (ike.KE1, r.randbytes(96)), (ike.NONCE1, r.randbytes(20)),
             (ike.ID1, struct.pack(">BBH", 2, 0, 0) + b"gw.evil.example"), (ike.HASH1, r.randbytes(20))]
    return sa and [answer1(sa, n, ike.AGGRESSIVE, parts, r.randbytes(8)) for _ in range(r.choice((1, 3)))]


@attack(**MUST)
def v1_refused(scene, r):
    """A clear Informational that refuses phase 1, which goes on."""
    sa, n = asked1(scene, r, r.choice((ike.MAIN, ike.AGGRESSIVE)))
    return sa and [say(sa, n, False, ike.message(sa.spi_i, r.choice((bytes(8), r.randbytes(8))), ike.V1, ike.INFORMATIONAL1, 0, r.choice((0, 5, 77)),
                                                 [ike.notify1(r.choice((14, 24, 18, 17)))]))]
