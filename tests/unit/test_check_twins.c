/* Child SAs with the same selectors in two IKE SAs, and what lawfully looks like them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

static const struct session there = { .spi = 0x10, .user = "west", .given = "east" };
static const struct session back = { .spi = 0x20, .user = "east", .given = "west",
                                     .from_gateway = true, .ts_i = "10.2.0.0/24",
                                     .ts_r = "10.1.0.0/24" };

static void
both_begin(struct conversation *c)
{
    for (unsigned use = 0; use < 3; use++) {
        reset(c);
        session_up(c, &there);
        session_up(c, &back);
        if (use == 1) {                         /* each end uses its own */
            session_carries(c, &there, 3, 0);
            session_carries(c, &back, 3, 0);
        } else if (use == 2) {
            session_carries(c, &back, 3, 3);
        }
        end_after(c, 3);
        SAYS(c, duplicate_child_sa, "Child SA 1 (IKE SA 1, initiated by east (198.51.100.20)) has "
             "the selectors 10.2.0.0/24 === 10.1.0.0/24 of Child SA 0 (IKE SA 0, initiated by west "
             "(192.0.2.10), frame 4), which is still up and is not rekeyed.");
        T(severity_of(c, CHECK_duplicate_child_sa) == (use == 1 ? SEV_WARN : SEV_NOTE));
        T(use != 1 || strstr(detail(c, CHECK_duplicate_child_sa),
                             "192.0.2.10 sends in Child SA 0, 198.51.100.20 in Child SA 1: each "
                             "end uses a different one."));
    }
    reset(c);                                   /* nobody could read them */
    for (unsigned n = 0; n < 2; n++) {
        struct session s = n ? back : there;
        s.blind = true;
        session_up(c, &s);
    }
    end_after(c, 3);
    SAYS(c, duplicate_child_sa, "192.0.2.10 and 198.51.100.20 initiate an IKE SA with each other "
                                "at the same time (frames 1 and 5), and both stay up. Suggests two "
                                "Child SAs");
    T(basis_of(c, CHECK_duplicate_child_sa) == BASIS_INFERRED);
}

static void
lawful(struct conversation *c)
{
    struct session s = there, t = back;

    reset(c);                                   /* one of the two goes at once */
    session_up(c, &there);
    session_up(c, &back);
    session_down(c, &back, true, 1);
    session_carries(c, &there, 3, 3);
    end_after(c, 30);
    SILENT(c, duplicate_child_sa);
    reset(c);                                   /* authenticated anew before the first ends */
    s.spi = 0x30;
    session_up(c, &there);
    session_carries(c, &there, 3, 3);
    session_up(c, &s);
    session_carries(c, &there, 1, 1);
    session_down(c, &there, true, 5);
    session_carries(c, &s, 3, 3);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
    reset(c);                                   /* the first is forgotten */
    s.contact = true;
    session_up(c, &there);
    session_up(c, &s);
    session_carries(c, &there, 0, 3);
    session_carries(c, &s, 3, 3);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
    s.contact = false;
    reset(c);                                   /* other networks */
    s.ts_r = "10.3.0.0/24";
    session_up(c, &there);
    session_up(c, &s);
    session_carries(c, &there, 3, 3);
    session_carries(c, &s, 3, 3);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
    reset(c);                                   /* one of several on purpose */
    t.per_resource = true;
    session_up(c, &there);
    session_up(c, &t);
    session_carries(c, &there, 3, 3);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
    reset(c);                                   /* routes choose */
    s = there;
    t = back;
    s.ts_i = s.ts_r = t.ts_i = t.ts_r = "0.0.0.0/0";
    session_up(c, &s);
    session_up(c, &t);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
    reset(c);                                   /* two who could not be read, one after the other */
    s = there;
    t = back;
    s.blind = t.blind = true;
    session_up(c, &s);
    c->now += 30;
    session_up(c, &t);
    end_after(c, 60);
    SILENT(c, duplicate_child_sa);
}

/* Two clients of one NAT; what becomes of the first one's answers. */
static void
one_nat(struct conversation *c)
{
    enum { APART, CONFLICT, OTHER_SELECTORS, IDLE, NUM };

    for (unsigned how = 0; how < NUM; how++) {
        struct session a = { .spi = 0x10, .user = "10.0.0.5", .given = "east", .port = 4500 };
        struct session b = { .spi = 0x20, .user = "10.0.0.6", .given = "east", .port = 58601 };
        a.ts_i = b.ts_i = "192.0.2.10/32";
        b.ts_i = how == OTHER_SELECTORS ? "192.0.2.77/32" : b.ts_i;
        reset(c);
        session_up(c, &a);
        ((struct ike_sa *)sadb_ike_sa(c->db, 0))->nat = NAT_INITIATOR;
        session_carries(c, &a, 3, 3);
        session_up(c, &b);
        ((struct ike_sa *)sadb_ike_sa(c->db, 1))->nat = NAT_INITIATOR;
        session_carries(c, &a, how == IDLE ? 0 : 3, how == CONFLICT ? 0 : how == IDLE ? 0 : 3);
        session_carries(c, &b, 3, how == CONFLICT ? 6 : 3);
        end_after(c, 60);
        TOLD(c, duplicate_child_sa, how != OTHER_SELECTORS);
        if (how != OTHER_SELECTORS) {
            T(severity_of(c, CHECK_duplicate_child_sa) == (how == CONFLICT ? SEV_WARN : SEV_NOTE));
        }
        if (how == CONFLICT) {
            SAYS(c, duplicate_child_sa, "Child SA 1 (10.0.0.6, port 58601) has the selectors "
                                        "192.0.2.10/32 === 10.2.0.0/24 of Child SA 0 (10.0.0.5, "
                                        "port 4500, frame 4), which is still up: both clients are "
                                        "behind one NAT, 192.0.2.10, and their addresses do not "
                                        "distinguish them. Since frame 14 no packet goes to "
                                        "192.0.2.10 in SPI a0000010");
        }
        SILENT(c, sa_rekeyed);
    }
}

/* The gateway has one policy for all its clients: what is for the first goes into the last one's SA
 * (RFC 4301 section 4.4.1). */
static void
other_peers(struct conversation *c)
{
    enum { LISAS, NOBODYS, GONE, OWN, NUM };

    for (unsigned how = 0; how < NUM; how++) {
        struct session lisa = { .spi = 0x10, .user = "lisa", .given = "gw",
                                .ts_i = "10.86.152.186/32" };
        struct session bob = { .spi = 0x20, .user = "bob", .given = "gw", .place = &c->stranger,
                               .ts_i = "10.86.152.187/32" };
        const char *to = how == NOBODYS ? "10.86.152.190" : how == OWN ? "10.86.152.187" :
                                                                         "10.86.152.186";
        reset(c);
        session_up(c, &lisa);
        session_up(c, &bob);
        if (how == GONE) {
            session_down(c, &lisa, true, 5);
        }
        packet(c, 0xa0000020, &c->gateway, &c->stranger, "10.2.0.9", to, 6);
        TOLD(c, wrong_child_sa, how == LISAS);
        TOLD(c, inner_destination_violation, how != OWN);
        if (how == LISAS) {
            SAYS(c, wrong_child_sa, "it belongs in Child SA 0 (lisa, 192.0.2.10, frame 4), but gw "
                                    "sends it to bob.");
            T(strstr(the_finding(c, CHECK_inner_destination_violation)->remedy,
                     "belongs in Child SA 0 (lisa, 192.0.2.10), not in that of bob"));
        }
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    both_begin(&c);
    lawful(&c);
    one_nat(&c);
    other_peers(&c);
    return conversation_done(&c);
}
