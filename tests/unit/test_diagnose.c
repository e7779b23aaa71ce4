/* Which finding is the cause, what follows from it, and whether the tunnel works.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose_build.h"
#include "sessions.h"

/* --- verdicts ---- */

static void
works(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .asked = "gw", .given = "gw" };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &lisa);
    session_carries(c, &lisa, 5, 4);
    d = diagnosed_quietly(c);
    T(diagnoses_count(d) == 0 && diagnoses_num_tunnels(d) == 1);
    T(diagnoses_verdict(d) == VERDICT_WORKS);
    T(says(diagnoses_outcome(d), "lisa reached 10.2.0.0/24 for "));
    T(says(diagnoses_outcome(d), "5 packets out and 4 back."));
    for (unsigned packets = 2; packets <= 3; packets++) {       /* it ends without an answer */
        reset(c);
        session_up(c, &lisa);
        session_carries(c, &lisa, 4, 4);
        for (unsigned i = 0; i < packets; i++) {
            c->now += 5;
            session_carries(c, &lisa, 1, 0);
        }
        T(says(diagnoses_outcome(diagnosed_quietly(c)),
               packets == 2 ? "6 packets out and 4 back." :
                              "7 packets out and 4 back; nothing comes back after the last 3 "
                              "out."));
        session_carries(c, &lisa, 0, 1);
        T(says(diagnoses_outcome(diagnosed_quietly(c)), "and 5 back."));
    }
}

static void
cannot_be_told(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .asked = "gw", .given = "gw" };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &lisa);
    d = diagnosed_quietly(c);
    T(diagnoses_verdict(d) == VERDICT_UNKNOWN && diagnoses_count(d) == 0);
    T(says(diagnoses_outcome(d), "lisa has a tunnel to gw since frame 4, but no packet"));
    session_carries(c, &lisa, 2, 0);
    T(says(diagnoses_outcome(diagnosed_quietly(c)), "2 packets out and none back"));
    reset(c);
    session_init(c, &lisa);
    T(says(diagnoses_outcome(diagnosed_quietly(c)), "the capture contains only"));
    reset(c);                       /* quick mode is told by its type, without a key */
    v1_phase1(c, aes256);
    for (unsigned n = 3; n <= 6; n++) {
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        c->m.encrypted = n > 4;
        send(c, n == 3 ? "mm3" : n == 4 ? "mm4" : n == 5 ? "mm5" : "mm6", (uint16_t)n);
    }
    T(says(diagnoses_outcome(diagnosed_quietly(c)), "have completed phase 1 in frame 6, but the "
                                                    "capture contains no quick mode after it"));
    v1_tunnel(c, 0, 0);
    T(!strstr(diagnoses_outcome(diagnosed_quietly(c)), "phase 1"));
    reset(c);
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    T(says(diagnoses_outcome(diagnosed_quietly(c)),
           "between 192.0.2.10 and 198.51.100.20 was negotiated before or outside this capture; "
           "1 packet out"));
}

/* A refusal before a try that succeeds is no failure at the end, and the other way round. */
static void
fails_or_failed(struct conversation *c)
{
    const struct session first = { .spi = 0x21, .user = "lisa", .given = "gw" };
    const struct session next = { .spi = 0x31, .user = "lisa", .given = "gw" };
    const struct diagnoses *d;

    reset(c);
    session_init(c, &first);
    session_auth(c, &first, 0);
    find(c, CHECK_auth_failed, 3, sadb_ike_sa(c->db, 0), "Lisa is rejected.");
    d = diagnosed(c);
    T(diagnoses_verdict(d) == VERDICT_FAILS);
    T(says(diagnoses_outcome(d), "Fails: lisa gets no tunnel to 198.51.100.20: authentication is "
                                 "rejected (frame 3)."));
    session_up(c, &next);
    session_carries(c, &next, 2, 2);
    d = diagnosed(c);
    T(diagnoses_num_tunnels(d) == 1 && diagnoses_verdict(d) == VERDICT_DEGRADED);
    T(says(diagnoses_outcome(d), "Works, with faults: lisa reached 10.2.0.0/24"));
    find_on(c, CHECK_virtual_ip_violation, c->frame + 1, NULL, sadb_child_sa(c->db, 0), NULL);
    d = diagnosed(c);
    T(diagnoses_verdict(d) == VERDICT_FAILS);
}

/* --- tunnels ---- */

static void
who_with_whom(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .given = "gw", .port = 1024 };
    const struct session bob = { .spi = 0x31, .user = "bob", .given = "gw", .port = 1025 };
    const struct session again = { .spi = 0x41, .user = "lisa", .given = "gw",
                                   .place = &c->stranger };
    const struct session back = { .spi = 0x51, .user = "gw", .given = "lisa",
                                  .from_gateway = true };
    const struct session blind = { .spi = 0x61, .blind = true, .place = &c->stranger };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &lisa);
    session_up(c, &bob);        /* behind the same NAT */
    session_up(c, &again);      /* from elsewhere */
    session_up(c, &back);       /* the gateway begins it */
    session_up(c, &blind);      /* nobody could read who that is */
    d = diagnosed_quietly(c);
    T(diagnoses_num_tunnels(d) == 2);
    T_STR(diagnoses_tunnel(d, 0)->who, "lisa");
    T_STR(diagnoses_tunnel(d, 1)->who, "bob");
    T(diagnoses_tunnel(d, 0)->ike_sas->len == 4 && diagnoses_tunnel(d, 1)->ike_sas->len == 1);
    T(says(diagnoses_outcome(d), "Both tunnels cannot be told."));
}

/* With one identity for both ends, as some preshared keys have it, addresses tell who is who. */
static void
named_alike(struct conversation *c)
{
    const struct session both = { .spi = 0x21, .user = "vpn", .given = "vpn" };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &both);
    d = diagnosed_quietly(c);
    T_STR(diagnoses_tunnel(d, 0)->who, "192.0.2.10");
    T_STR(diagnoses_tunnel(d, 0)->peer, "198.51.100.20");
}

/* --- what explains what ---- */

static void
cause_and_effects(struct conversation *c)
{
    const struct session one = { .spi = 0x21, .user = "lisa", .given = "gw" };
    const struct session other = { .spi = 0x31, .user = "bob", .given = "gw" };
    const struct ike_sa *a, *b;
    const struct diagnoses *d;
    uint32_t of;

    reset(c);
    session_up(c, &one);
    session_up(c, &other);
    forget_findings(c);
    a = sadb_ike_sa(c->db, 0);
    b = sadb_ike_sa(c->db, 1);
    find(c, CHECK_request_unanswered, 4, a, "No answer.");
    find(c, CHECK_auth_failed, 3, a, "Rejected.");
    find(c, CHECK_certificate_expired, 2, a, "Expired.");
    find(c, CHECK_request_unanswered, 5, b, "No answer either.");
    find(c, CHECK_weak_prf, 1, a, "Weak.");
    find(c, CHECK_sa_established, 1, a, "Up.");
    d = diagnosed(c);
    T(diagnoses_count(d) == 2);
    T_STR(cause_at(d, 0), "certificate_expired");       /* an error follows from it */
    T(diagnoses_get(d, 0)->severity == SEV_ERROR && diagnoses_get(d, 0)->follows->len == 2);
    T(says(diagnoses_get(d, 0)->text, "Expired. Consequences: authentication is rejected (frame "
                                      "3); a request has no response (frame 4)."));
    T_STR(cause_at(d, 1), "request_unanswered");        /* of bob, whose certificate is good */
    T(diagnoses_role(d, 0, &of) == ROLE_FOLLOWS && of == 0);
    T(diagnoses_role(d, 2, &of) == ROLE_EVIDENCE && of == 0);
    T(diagnoses_role(d, 3, &of) == ROLE_EVIDENCE && of == 1);
    T(diagnoses_role(d, 4, &of) == ROLE_HYGIENE && of == NO_ID);
    T(diagnoses_role(d, 5, &of) == ROLE_INFORMATION && of == NO_ID);
    T(diagnoses_num_hygiene(d) == 1 && diagnoses_hygiene(d, 0)->ike_sa == 0);
    T(diagnoses_of_frame(d, 2)->len == 1 && !diagnoses_of_frame(d, 4));
}

/* What happens in one Child SA explains nothing in another one. */
static void
within_a_child(struct conversation *c)
{
    const struct diagnoses *d;

    reset(c);
    tunnel(c);
    second_child(c, 2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    forget_findings(c);
    find_on(c, CHECK_inner_source_violation, 7, NULL, sadb_child_sa(c->db, 0), NULL);
    find_on(c, CHECK_virtual_ip_violation, 7, NULL, sadb_child_sa(c->db, 0), NULL);
    find_on(c, CHECK_one_way, 8, NULL, sadb_child_sa(c->db, 0), NULL);
    find_on(c, CHECK_one_way, 9, NULL, sadb_child_sa(c->db, 1), NULL);
    d = diagnosed(c);
    T(diagnoses_count(d) == 2);
    T_STR(cause_at(d, 0), "virtual_ip_violation");
    T(diagnoses_get(d, 0)->follows->len == 2);
    T_STR(cause_at(d, 1), "one_way");
    T(diagnoses_get(d, 1)->first_frame == 9);
}

/* A NAT that moves harms nobody, unless something fails by it. */
static void
only_with_consequence(struct conversation *c)
{
    const struct ike_sa *sa;
    const struct diagnoses *d;
    uint32_t of;

    reset(c);
    tunnel(c);
    forget_findings(c);
    sa = sadb_ike_sa(c->db, 0);
    find(c, CHECK_nat_mapping_changed, 3, sa, "Moved.");
    find(c, CHECK_retransmission, 4, sa, "Sent again.");
    d = diagnosed(c);
    T(diagnoses_count(d) == 0);
    T(diagnoses_role(d, 0, &of) == ROLE_INFORMATION);
    T(diagnoses_role(d, 1, &of) == ROLE_INFORMATION);
    find(c, CHECK_icmp_unreachable, 5, sa, "Unreachable.");
    d = diagnosed(c);
    T(diagnoses_count(d) == 1);
    T_STR(cause_at(d, 0), "nat_mapping_changed");
    T(diagnoses_get(d, 0)->severity == SEV_WARN && diagnoses_get(d, 0)->basis == BASIS_INFERRED);
}

/* A message that is sent again is a fault only where nothing comes of it. */
static void
only_unfinished(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .given = "gw" };

    reset(c);
    session_init(c, &lisa);
    forget_findings(c);
    find(c, CHECK_retransmission, 2, sadb_ike_sa(c->db, 0), "Sent again.");
    T_STR(cause_at(diagnosed(c), 0), "retransmission");
    T(diagnoses_verdict(diagnosed(c)) == VERDICT_FAILS);
    session_auth(c, &lisa, 0);
    session_auth(c, &lisa, 1);
    forget_findings(c);
    find(c, CHECK_retransmission, 2, sadb_ike_sa(c->db, 0), "Sent again.");
    T(diagnoses_count(diagnosed(c)) == 0);
}

/* What is excluded, and by what: nothing of it where the cause itself is that. */
static void
excluded(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .given = "gw" };
    const struct considered *first, *next;
    const struct diagnosis *one;

    reset(c);
    session_up(c, &lisa);
    session_carries(c, &lisa, 4, 0);
    forget_findings(c);
    find_on(c, CHECK_one_way, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    one = diagnoses_get(diagnosed(c), 0);
    T(one->considered->len == 3);       /* and IKE passes */
    first = &g_array_index(one->considered, struct considered, 0);
    next = &g_array_index(one->considered, struct considered, 1);
    T(first->check == CHECK_no_proposal_chosen && says(first->because, "both ends agreed on IKE:"));
    T(next->check == CHECK_auth_failed && says(next->because, "(IKE SA 0, frame 4)"));
    forget_findings(c);
    find(c, CHECK_no_proposal_chosen, 2, sadb_ike_sa(c->db, 0), "Refused.");
    T(diagnoses_get(diagnosed(c), 0)->considered->len == 0);
}

/* --- all of them ---- */

/* A finding of each check: each is told once, in its place; hygiene and information are never a
 * diagnosis. */
static void
none_is_lost(struct conversation *c)
{
    const struct diagnoses *d;
    unsigned evidence = 0, follows = 0, rest = 0;

    reset(c);
    tunnel(c);
    forget_findings(c);
    for (unsigned i = 0; i < num_checks; i++) {
        find(c, (enum check_id)i, i + 1, sadb_ike_sa(c->db, 0), "Seen.");
    }
    d = diagnosed(c);
    for (size_t i = 0; i < diagnoses_count(d); i++) {
        const struct diagnosis *one = diagnoses_get(d, i);
        T(one->id == i && one->evidence->len > 0 && one->tunnel == 0);
        T(check_rule(one->cause)->area < AREA_HYGIENE);
        T(i == 0 || diagnoses_get(d, i - 1)->severity >= one->severity);
        evidence += one->evidence->len;
        follows += one->follows->len;
    }
    for (uint32_t i = 0; i < num_checks; i++) {
        uint32_t of;
        enum finding_role role = diagnoses_role(d, i, &of);
        T((of == NO_ID) == (role > ROLE_FOLLOWS));
        rest += of == NO_ID;
        T(check_rule(findings_get(c->found, i)->check)->area < AREA_HYGIENE || of == NO_ID);
    }
    T(evidence + follows + rest == num_checks && follows > 20);
}

/* The same cause, with the same thing to do, is one diagnosis; with another one, another, up to a
 * bound that is said. */
static void
the_same_again(struct conversation *c)
{
    const struct ike_sa *sa;
    const struct diagnoses *d;
    char remedy[32];

    reset(c);
    tunnel(c);
    forget_findings(c);
    sa = sadb_ike_sa(c->db, 0);
    find_on(c, CHECK_auth_failed, 3, sa, NULL, NULL);
    find_on(c, CHECK_auth_failed, 4, sa, NULL, NULL);
    d = diagnosed(c);
    T(diagnoses_count(d) == 1 && diagnoses_get(d, 0)->evidence->len == 2);
    T(says(diagnoses_get(d, 0)->text, "Seen in frame 3. The same happens again (frame 4)."));
    T(!diagnoses_capped(d));
    for (uint32_t i = 0; i < DIAGNOSES_MAX_PER_TUNNEL + 5; i++) {
        g_snprintf(remedy, sizeof remedy, "Do %u.", i);
        find_on(c, CHECK_auth_failed, 10 + i, sa, NULL, remedy);
    }
    d = diagnosed(c);
    T(diagnoses_count(d) == DIAGNOSES_MAX_PER_TUNNEL && diagnoses_capped(d));
    T(diagnoses_get(d, DIAGNOSES_MAX_PER_TUNNEL - 1)->evidence->len == 7);
}

/* --- the text report ---- */

static void
as_text(struct conversation *c)
{
    const struct session lisa = { .spi = 0x21, .user = "lisa", .given = "gw" };
    const struct session bob = { .spi = 0x31, .user = "bob", .given = "gw" };
    const struct session ann = { .spi = 0x41, .user = "ann", .given = "gw" };
    const char *text;

    reset(c);
    T_STR(printed(c, report_diagnosis),
          "\nEspial diagnosis\nThe capture contains no IKE, ESP or AH.\n0 errors, 0 warnings, 0 "
          "notes, 0 chats\n");
    session_up(c, &ann);
    session_carries(c, &ann, 1, 1);
    session_init(c, &lisa);
    session_auth(c, &lisa, 0);
    session_init(c, &bob);
    session_auth(c, &bob, 0);
    forget_findings(c);
    find(c, CHECK_auth_failed, 9, sadb_ike_sa(c->db, 1), "Lisa is rejected.");
    find(c, CHECK_auth_failed, 12, sadb_ike_sa(c->db, 2), "Bob is rejected.");
    text = printed(c, report_diagnosis);
    T(says(text, "diagnosis\nOf 3 tunnels, 2 fail, 1 works.\n\nFails: lisa gets no tunnel"));
    T(says(text, "error    auth_failed  [observed]  frame 9\n  Lisa is rejected.\n  do: Compare"));
    T(says(text, "same cause: 1 other tunnel (bob to 198.51.100.20, from frame 10)\n"));
    T(says(text, "\nWorks, as far as its packets show without keys: ann reached 10.2.0.0/24"));
    T(!strstr(text, "Bob is rejected"));
    find(c, CHECK_keys_unused, 12, NULL, "None of the keys fits.");
    T(says(printed(c, report_diagnosis), "\nnot checked:\n  keys_unused: None of the keys "
                                         "fits.\n"));
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    works(&c);
    cannot_be_told(&c);
    fails_or_failed(&c);
    who_with_whom(&c);
    named_alike(&c);
    cause_and_effects(&c);
    within_a_child(&c);
    only_with_consequence(&c);
    only_unfinished(&c);
    excluded(&c);
    none_is_lost(&c);
    the_same_again(&c);
    as_text(&c);
    return conversation_done(&c);
}
