"""In clear what must be encrypted: RFC 7296 1.2 to 1.4 and 2, RFC 2409 5.5. Nobody believes it.
SPDX-License-Identifier: GPL-2.0-or-later
"""
import struct
import ike, made
from scene import say
from table import attack, pick

TOLD = {"may": {"unprotected_message"}, "must": {"unprotected_message"}}
EVERYTHING = ike.selectors(ike.TSI, ike.ANYWHERE), ike.selectors(ike.TSR, ike.ANYWHERE)
INSIDE = bytes((10, 86, 152, 77))


def stands(scene, r, version):
    """An IKE SA that negotiated both ways, and a frame from which on its exchanges are protected."""
    sa = pick(r, [s for s in scene.sas if s.version == version and scene.both_ways(s) and any(m.header.encrypted for m in s.messages)])
    if not sa:
        return None, 0
    # Of IKEv1 only these prove that phase 1 is done: an Informational may be its refusal.
    done = {ike.V2: (ike.IKE_AUTH,), ike.V1: (ike.QUICK, ike.TRANSACTION)}[version]
    first = [m.n for m in sa.messages if m.header.exchange in done and m.header.encrypted and (m.header.response or not sa.v2)]
    return (sa, r.choice((first[0], first[-1], r.randint(first[0], scene.count)))) if first else (None, 0)


def pair(sa, n, exchange, request, answer, message_id=None):
    """A clear request and its clear answer, in the names of the two."""
    number = sa.next_id(n) if message_id is None else message_id
    spis = sa.spi_i, sa.spi_r, ike.V2, exchange
    result = [say(sa, n, True, ike.message(*spis, ike.INITIATOR, number, request))] if request is not None else []
    return result + ([say(sa, n, False, ike.message(*spis, ike.RESPONSE, number, answer))] if answer is not None else [])


def child(scene, sa, r, ts=EVERYTHING, rekeys=None, more=()):
    """The payloads of both sides of a Child SA that takes the SPIs in use."""
    back, there = scene.child_spis(sa)
    told = [ike.notify(ike.REKEY_SA, protocol=3, spi=rekeys)] if rekeys else []
    mine, yours = (r.randbytes(4), r.randbytes(4)) if rekeys else (back or r.randbytes(4), there or r.randbytes(4))
    return ([*told, ike.proposal(ike.STRONG_ESP, 3, mine), ike.nonce(r), *ts],
            [ike.proposal(ike.STRONG_ESP, 3, yours), ike.nonce(r), *ts, *more])


@attack(**TOLD)
def clear_child(scene, r):
    """A Child SA for everything, of the SPIs in use: it must not widen what the true one admits."""
    sa, n = stands(scene, r, ike.V2)
    return sa and pair(sa, n, ike.CREATE_CHILD_SA, *child(scene, sa, r))


@attack(**TOLD)
def clear_wrong_ts(scene, r):
    """The same for another network: lawful packets must not be blamed."""
    sa, n = stands(scene, r, ike.V2)
    one = ike.selector(bytes((172, 16, 0, 1)), bytes((172, 16, 0, 1)))
    return sa and pair(sa, n, ike.CREATE_CHILD_SA, *child(scene, sa, r, (ike.selectors(ike.TSI, one), ike.selectors(ike.TSR, one))))


@attack(**TOLD)
def clear_rekey_child(scene, r):
    """It says that it replaces the true Child SA."""
    sa, n = stands(scene, r, ike.V2)
    old = sa and pick(r, [s for s in scene.child_spis(sa) if s])
    return old and pair(sa, n, ike.CREATE_CHILD_SA, *child(scene, sa, r, rekeys=old))


@attack(**TOLD)
def clear_rekey_ike(scene, r):
    """It says that it replaces the IKE SA."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    sides = [[ike.proposal(ike.STRONG, 1, r.randbytes(8)), ike.nonce(r), ike.key_exchange(r, 14)] for _ in range(2)]
    return pair(sa, n, ike.CREATE_CHILD_SA, *sides)


@attack(first=[made.NAME], **TOLD)
def clear_many_children(scene, r):
    """Eight pairs, each with nonces of its own: none may push out the nonces of which keys are derived."""
    sa, n = stands(scene, r, ike.V2)
    return sa and [f for k in range(8) for f in pair(sa, n, ike.CREATE_CHILD_SA, *child(scene, sa, r), sa.next_id(n) + k)]


def before_auth(scene, r, response):
    """An IKE SA and the frame before its first IKE_AUTH request or response."""
    sa = pick(r, [s for s in scene.sas if s.v2 and scene.both_ways(s) and s.of(ike.IKE_AUTH, response)])
    return (sa, sa.of(ike.IKE_AUTH, response)[0].n - 1) if sa else (None, 0)


@attack(**TOLD)
def clear_identity(scene, r):
    """IKE_AUTH with another's name before the true one: nobody else may be blamed."""
    sa, n = before_auth(scene, r, False)
    back, _ = scene.child_spis(sa) if sa else (None, None)
    return sa and pair(sa, n, ike.IKE_AUTH, [
        ike.identity(ike.IDI, b"mallory@evil.example"), ike.identity(ike.IDR, b"gw.evil.example", 2), (ike.AUTH, b"\2\0\0\0" + r.randbytes(32)),
        ike.notify(ike.INITIAL_CONTACT), ike.proposal(ike.STRONG_ESP, 3, back or r.randbytes(4)), *EVERYTHING], None, 1)


@attack(**TOLD)
def clear_cp(scene, r):
    """An inner address in clear: the assigned one stays."""
    sa, n = before_auth(scene, r, True)
    late, m = stands(scene, r, ike.V2)
    if late and r.random() < 0.5:
        sides = child(scene, late, r, more=[ike.configuration(2, INSIDE)])
        return pair(late, m, ike.CREATE_CHILD_SA, *sides)
    return sa and pair(sa, n, ike.IKE_AUTH, None, [ike.configuration(2, INSIDE), ike.identity(ike.IDR, b"gw.evil.example", 2)], 1)


def errors_in_auth(scene, r, kinds, more=()):
    sa, n = before_auth(scene, r, True)
    return sa and pair(sa, n, ike.IKE_AUTH, None, [*(ike.notify(k) for k in kinds), *more], 1)


@attack(**TOLD)
def clear_auth_failed(scene, r):
    """A refusal before the true answer: no error while the SA goes on, and no other cause where it does not."""
    return errors_in_auth(scene, r, [ike.AUTHENTICATION_FAILED])


@attack(**TOLD)
def vid_flood(scene, r):
    """Four refusals and 200 vendor IDs in one."""
    return errors_in_auth(scene, r, [ike.AUTHENTICATION_FAILED, ike.TS_UNACCEPTABLE, ike.NO_PROPOSAL_CHOSEN, ike.INTERNAL_ADDRESS_FAILURE],
                          [(ike.VENDOR, r.randbytes(8)) for _ in range(200)])


@attack(**TOLD)
def clear_error_in_child(scene, r):
    """A clear CREATE_CHILD_SA answer, to nothing or to a true request, that refuses."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    asked = [m for m in sa.of(ike.CREATE_CHILD_SA, False) if sa.from_initiator(m)]
    kind = r.choice((ike.NO_PROPOSAL_CHOSEN, ike.TS_UNACCEPTABLE, ike.CHILD_SA_NOT_FOUND, ike.INVALID_KE_PAYLOAD, 43, 34))
    if asked:
        return pair(sa, asked[0].n, ike.CREATE_CHILD_SA, None, [ike.notify(kind, b"\0\x0e")], asked[0].header.message_id)
    return pair(sa, n, ike.CREATE_CHILD_SA, None, [ike.notify(kind, b"\0\x0e")])


@attack(may={"unprotected_message", "error_notify"})
def clear_invalid_spi(scene, r):
    """INVALID_IKE_SPI and INVALID_SPI are lawful in clear, and no reason to believe that the peer has
    lost the SA (RFC 7296 2.21.4): it goes on to use it. At the very end nobody can tell."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    _, there = scene.child_spis(sa)
    kind = r.choice((ike.INVALID_IKE_SPI, ike.INVALID_SPI))
    number, forward = r.choice((sa.next_id(n), 0)), False
    told = ike.notify(kind, (there or r.randbytes(4)) if kind == ike.INVALID_SPI else b"")
    flags = r.choice((ike.RESPONSE, 0))
    more = {} if scene.lives_after(sa, n, forward) else {"may": {"unprotected_message", "error_notify", "peer_restarted", "invalid_spi"}}
    return [say(sa, n, forward, ike.message(sa.spi_i, sa.spi_r, ike.V2, ike.INFORMATIONAL, flags, number, [told]))], more


@attack(**TOLD)
def clear_delete(scene, r):
    """Deletes in clear, of a Child SA and of the IKE SA, from either end."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    back, there = scene.child_spis(sa)
    what = ike.delete(3, there or back) if (there or back) and r.random() < 0.5 else ike.delete(1)
    if r.random() < 0.5:
        return pair(sa, n, ike.INFORMATIONAL, [what], [])
    return [say(sa, n, False, ike.message(sa.spi_i, sa.spi_r, ike.V2, ike.INFORMATIONAL, 0, r.choice((0, sa.next_id(n))), [what]))]


@attack(**TOLD)
def clear_notifies(scene, r):
    """INFORMATIONAL in clear with what moves, restarts or redirects an SA."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    some = [ike.notify(ike.UPDATE_SA_ADDRESSES), ike.notify(ike.INITIAL_CONTACT), ike.notify(ike.REDIRECT, b"\1\4" + bytes((203, 0, 113, 9))),
            ike.notify(16403), ike.notify(16396), ike.notify(ike.INVALID_SPI, r.randbytes(4)), ike.notify(39, r.randbytes(20), 3, r.randbytes(4))]
    return pair(sa, n, ike.INFORMATIONAL, r.sample(some, r.randint(1, 3)), [])


@attack(**TOLD)
def clear_empty(scene, r):
    """A liveness check in clear, answered or not: it shows nobody's death."""
    sa, n = stands(scene, r, ike.V2)
    return sa and pair(sa, n, ike.INFORMATIONAL, [], r.choice(([], None)))


@attack(**TOLD)
def clear_eap(scene, r):
    """EAP-Failure and EAP-Success in a clear IKE_AUTH answer."""
    sa, n = before_auth(scene, r, True)
    return sa and pair(sa, n, ike.IKE_AUTH, None, [(48, struct.pack(">BBH", r.choice((3, 4)), 1, 4))], 1)


@attack(**TOLD)
def clear_key_exchanges(scene, r):
    """IKE_INTERMEDIATE and IKE_FOLLOWUP_KE in clear (RFC 9242 3.2, RFC 9370 2.2.4): no key follows from them."""
    sa, n = stands(scene, r, ike.V2)
    return sa and pair(sa, n, r.choice((ike.IKE_INTERMEDIATE, ike.IKE_FOLLOWUP_KE)), [ike.key_exchange(r, 14)], [ike.key_exchange(r, 14)])


@attack(**TOLD)
def clear_header(scene, r):
    """A bare header of IKE_AUTH, CREATE_CHILD_SA or INFORMATIONAL, request or response."""
    sa, n = stands(scene, r, ike.V2)
    if not sa:
        return None
    flags = r.choice((0, ike.INITIATOR, ike.RESPONSE, ike.INITIATOR | ike.RESPONSE))
    exchange, number = r.choice((ike.IKE_AUTH, ike.CREATE_CHILD_SA, ike.INFORMATIONAL)), r.choice((0, 1, 2, sa.next_id(n)))
    return [say(sa, n, bool(flags & ike.INITIATOR), ike.message(sa.spi_i, sa.spi_r, ike.V2, exchange, flags, number, []))]


# --- IKEv1

def say1(sa, n, forward, exchange, message_id, parts):
    return say(sa, n, forward, ike.message(sa.spi_i, sa.spi_r, ike.V1, exchange, 0, message_id, parts))


def hash1(r):
    return ike.HASH1, r.randbytes(20)


@attack(**TOLD)
def v1_clear_quick(scene, r):
    """Quick mode in clear, of the ESP SPIs in use and for everything."""
    sa, n = stands(scene, r, ike.V1)
    if not sa:
        return None
    back, there = scene.child_spis(sa)
    number, everything = r.randint(1, 0xffffffff), ike.subnet1(bytes(4), bytes(4))
    sides = [[hash1(r), ike.phase2(spi or r.randbytes(4)), (ike.NONCE1, r.randbytes(20)), everything, everything] for spi in (back, there)]
    return [say1(sa, n, True, ike.QUICK, number, sides[0]), say1(sa, n, False, ike.QUICK, number, sides[1]),
            say1(sa, n, True, ike.QUICK, number, [hash1(r)])]


@attack(**TOLD)
def v1_clear_auth_failed(scene, r):
    """AUTHENTICATION-FAILED and other refusals in clear, after phase 1."""
    sa, n = stands(scene, r, ike.V1)
    return sa and [say1(sa, n, r.random() < 0.5, ike.INFORMATIONAL1, r.randint(1, 0xffffffff), [ike.notify1(r.choice((24, 14, 18, 16, 17)))])]


@attack(**TOLD)
def v1_clear_delete(scene, r):
    """Deletes in clear, of phase 2 and of phase 1."""
    sa, n = stands(scene, r, ike.V1)
    if not sa:
        return None
    back, there = scene.child_spis(sa)
    what = ike.delete1(3, there or back) if (there or back) and r.random() < 0.5 else ike.delete1(1, sa.spi_i + sa.spi_r)
    return [say1(sa, n, r.random() < 0.5, ike.INFORMATIONAL1, r.randint(1, 0xffffffff), [what])]


@attack(**TOLD)
def v1_clear_dpd(scene, r):
    """R-U-THERE in clear, without answer; INITIAL-CONTACT; RESPONDER-LIFETIME."""
    sa, n = stands(scene, r, ike.V1)
    if not sa:
        return None
    spis = sa.spi_i + sa.spi_r
    what = r.choice((ike.notify1(36136, struct.pack(">I", 7), 1, spis), ike.notify1(24578, b"", 1, spis), ike.notify1(24576, b"", 1, spis),
                     ike.notify1(11, r.randbytes(4), 3)))
    return [say1(sa, n, r.random() < 0.5, ike.INFORMATIONAL1, r.randint(1, 0xffffffff), [hash1(r), what]) for _ in range(r.choice((1, 4)))]


@attack(**TOLD)
def v1_clear_transaction(scene, r):
    """Mode Config in clear: an address, or XAUTH status FAIL."""
    sa, n = stands(scene, r, ike.V1)
    if not sa:
        return None
    number, status = r.randint(1, 0xffffffff), (ike.ATTRIBUTES1, struct.pack(">BBHHH", 3, 0, 7, 0x8000 | 16527, 0))
    what = r.choice((ike.mode_config(3, 7, INSIDE), ike.mode_config(2, 7, INSIDE), status))
    return [say1(sa, n, False, ike.TRANSACTION, number, [hash1(r), what]),
            say1(sa, n, True, ike.TRANSACTION, number, [hash1(r), (ike.ATTRIBUTES1, struct.pack(">BBH", 4, 0, 7))])]


@attack(**TOLD)
def v1_clear_identity(scene, r):
    """Message 5 or 6 of main mode in clear, in another's name: both sides encrypt from there (RFC 2409 5.4)."""
    found = [(s, m) for s in scene.sas if not s.v2 and scene.both_ways(s) for m in s.of(ike.MAIN) if m.header.encrypted]
    sa, m = pick(r, found) or (None, None)
    who = ike.ID1, struct.pack(">BBH", 2, 0, 0) + b"mallory.evil.example"
    return sa and [say(sa, m.n - r.randrange(2), sa.from_initiator(m), ike.message(sa.spi_i, sa.spi_r, ike.V1, ike.MAIN, 0, 0, [who, hash1(r)]))]
