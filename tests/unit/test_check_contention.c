/* One identity on two devices, and what lawfully looks like it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

/* The second device comes while the first is up; the gateway deletes the first one's IKE SA before
 * it answers. */
static void
push(struct conversation *c, const struct session *old, const struct session *fresh)
{
    session_init(c, fresh);
    session_auth(c, fresh, 0);
    session_down(c, old, false, 0.005);
    session_auth(c, fresh, 1);
}

static struct session
device(struct conversation *c, unsigned n, bool blind)
{
    return (struct session){ .spi = (uint8_t)(0x10 + 2 * n), .user = "lisa", .given = "gw",
                             .place = n % 2 ? &c->stranger : NULL, .blind = blind };
}

static void
in_turn(struct conversation *c)
{
    for (unsigned blind = 0; blind < 2; blind++) {
        struct session now = device(c, 0, blind), next;
        reset(c);
        session_up(c, &now);
        for (unsigned n = 1; n < 5; n++, now = next) {
            next = device(c, n, blind);
            push(c, &now, &next);
        }
        end_after(c, 60);
        SAYS(c, identity_contended, blind ? "192.0.2.10 and 203.0.113.66 connect to the same "
                                            "gateway alternately" : "lisa connects "
                                                                         "alternately from "
                                                                         "192.0.2.10 and "
                                                                         "203.0.113.66");
        SAYS(c, identity_contended, "4 times (frames 8 to 26)");
        T(count(c, CHECK_identity_contended) == 1 &&
          the_finding(c, CHECK_identity_contended)->count == 4 &&
          basis_of(c, CHECK_identity_contended) == (blind ? BASIS_INFERRED : BASIS_DECRYPTED));
        SILENT(c, closed_at_once);
        SILENT(c, flapping);
    }
}

/* A gateway that drops the old SA without a word. */
static void
in_turn_silently(struct conversation *c)
{
    struct session now = device(c, 0, false), next;

    reset(c);
    session_up(c, &now);
    session_carries(c, &now, 2, 2);
    for (unsigned n = 1; n < 4; n++, now = next) {
        next = device(c, n, false);
        next.contact = true;
        session_up(c, &next);
        session_carries(c, &now, 3, 0);
        session_carries(c, &next, 2, 2);
    }
    end_after(c, 60);
    SAYS(c, identity_contended, "the gateway drops the IKE SA of the other");
}

static void
healthy(struct conversation *c)
{
    struct session a, b;

    reset(c);                                   /* one device that moves, and moves back later */
    a = device(c, 0, false);
    b = device(c, 1, false);
    session_up(c, &a);
    session_carries(c, &a, 2, 2);
    session_up(c, &b);
    session_carries(c, &b, 2, 2);
    c->now += 100;
    a = device(c, 2, false);
    session_up(c, &a);
    session_carries(c, &a, 2, 2);
    end_after(c, 60);
    SILENT(c, identity_contended);
    reset(c);                                   /* two devices with two identities */
    for (unsigned n = 0; n < 4; n++) {
        a = device(c, n, false);
        a.user = n % 2 ? "bob" : "lisa";
        session_up(c, &a);
        session_carries(c, &a, 2, 2);
        if (n > 1) {
            b = device(c, n - 2, false);
            session_down(c, &b, false, 0.1);
        }
    }
    end_after(c, 60);
    SILENT(c, identity_contended);
    reset(c);                                   /* the gateway lets both live, and one renews */
    for (unsigned n = 0; n < 4; n++) {
        a = device(c, n, false);
        session_up(c, &a);
        if (n > 0) {
            b = device(c, n - 1, false);
            session_carries(c, &b, 2, 2);
        }
        session_carries(c, &a, 2, 2);
    }
    end_after(c, 60);
    SILENT(c, identity_contended);
    reset(c);                                   /* one push alone */
    a = device(c, 0, false);
    b = device(c, 1, false);
    session_up(c, &a);
    push(c, &a, &b);
    end_after(c, 60);
    SILENT(c, identity_contended);
    SILENT(c, closed_at_once);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    in_turn(&c);
    in_turn_silently(&c);
    healthy(&c);
    return conversation_done(&c);
}
