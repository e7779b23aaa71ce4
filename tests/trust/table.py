"""The table of attacks: each is a function that writes forged frames for a scene, and a word on what
may and what must be new because of them.
SPDX-License-Identifier: GPL-2.0-or-later
"""
ATTACKS = {}


class Attack:
    """make(scene, r) gives a Case, or None where the scene has nothing to attack so."""

    def __init__(self, name, make, first):
        self.name, self.make, self.first = name, make, first
        self.story = " ".join((make.__doc__ or "").split())


class Case:
    """What an attack puts in, and what then may be said.

    may           checks of which new findings may speak
    must          checks of which one must be new
    own           the attack is a conversation of its own: findings of any check may be new that name
                  forged frames only, and no true SA or stream
    target        the Sa or Stream that is attacked: with its keys what is forged is known to be
    blind_may, blind_lost, blind_free
                  where it cannot be verified, for want of keys: further checks that may be new, checks
                  whose true findings may change, and facts that may: a forged packet that differs from
                  a true one in nothing but its secret part is, without keys, one more true packet
    sighted_must, sighted_may
                  checks of which one must, or may, be new where it can be verified
    free          facts that change lawfully; those of a stream are written name@SPI; forward: an IKE SA that is half open may stand
    lost          checks whose true findings may change with keys and without
    grow          checks whose true findings forged frames may join
    cites         a true finding may name the frame of a forged message in the place of the true one that it copies
    """

    def __init__(self, forged, target=None, may=(), must=(), own=False, blind_may=(), blind_lost=(), blind_free=(), sighted_must=(), sighted_may=(),
                 free=(), lost=(), grow=(), cites=False):
        self.forged, self.target, self.own = forged, target, own
        self.may, self.must, self.sighted_must, self.sighted_may = set(may), set(must), set(sighted_must), set(sighted_may)
        self.free, self.lost, self.grow, self.cites = set(free), set(lost), set(grow), cites
        self.blind_may, self.blind_lost, self.blind_free = set(blind_may), set(blind_lost), set(blind_free)


def attack(first=(), **words):
    """words: of Case, where they are the same for each scene. first: the captures to try first."""
    def keep(make):
        def whole(scene, r):
            made = make(scene, r)
            forged, more = made if isinstance(made, tuple) else (made, {})
            return Case(forged, **{**words, **more}) if forged else None
        whole.__doc__ = make.__doc__
        ATTACKS[make.__name__] = Attack(make.__name__, whole, first)
        return make
    return keep


def pick(r, some):
    return r.choice(some) if some else None
