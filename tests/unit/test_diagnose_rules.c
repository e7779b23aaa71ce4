/* How far a cause reaches: an exchange, a direction, the packets of another finding, another
 * tunnel; and since when it is so.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose_build.h"
#include "sessions.h"

static const struct session lisa = { .spi = 0x21, .user = "lisa", .given = "gw" };
static const struct session bob = { .spi = 0x31, .user = "bob", .given = "gw", .port = 1025 };

/* A finding in an exchange, or on a stream. */
static void
find_at(struct conversation *c, enum check_id check, uint32_t at, struct scope where)
{
    where.frame = at;
    finding_add(c->found, check, &where, "Seen in frame %u.", at);
}

static struct scope
in_exchange(const struct conversation *c, uint32_t sa, uint32_t exchange, enum basis basis)
{
    return (struct scope){ .basis = basis, .sa = sadb_ike_sa(c->db, sa), .exchange = exchange };
}

static const struct diagnosis *
diagnosis_of(const struct diagnoses *d, const char *cause)
{
    for (size_t i = 0; i < diagnoses_count(d); i++) {
        if (strcmp(cause_at(d, i), cause) == 0) {
            return diagnoses_get(d, i);
        }
    }
    return NULL;
}

/* --- within an exchange ---- */

/* Whoever is asked again answers again: the one follows from the other. */
static void
again_and_again(struct conversation *c)
{
    const struct diagnoses *d;

    reset(c);
    session_init(c, &lisa);
    forget_findings(c);
    find_on(c, CHECK_retransmission, 3, sadb_ike_sa(c->db, 0), NULL, "Ask the one.");
    find_on(c, CHECK_retransmission, 4, sadb_ike_sa(c->db, 0), NULL, "Ask the other.");
    T(diagnoses_count(diagnosed(c)) == 2);      /* of no exchange in common */
    forget_findings(c);
    for (uint32_t i = 3; i < 5; i++) {
        struct scope where = in_exchange(c, 0, 0, BASIS_OBSERVED);
        where.remedy = i == 3 ? "Ask the one." : "Ask the other.";
        where.variant = i;
        find_at(c, CHECK_retransmission, i, where);
    }
    d = diagnosed(c);
    T(diagnoses_count(d) == 1 && diagnoses_get(d, 0)->follows->len == 1);
    T(diagnoses_get(d, 0)->first_frame == 3);
}

/* A malformed message in clear may be a stranger's: beside a path that is cut it is no cause, and
 * stands below it; of its own exchange it is, and one that was opened is the peer's. */
static void
strangers_message(struct conversation *c)
{
    const struct diagnoses *d;

    reset(c);
    session_init(c, &lisa);
    session_auth(c, &lisa, 0);
    forget_findings(c);
    find_at(c, CHECK_malformed_message, 2, in_exchange(c, 0, 0, BASIS_OBSERVED));
    find_at(c, CHECK_request_unanswered, 3, in_exchange(c, 0, 1, BASIS_OBSERVED));
    find_at(c, CHECK_udp_4500_blocked, 4, in_exchange(c, 0, 1, BASIS_OBSERVED));
    d = diagnosed(c);
    T(diagnoses_count(d) == 2);
    T_STR(cause_at(d, 0), "udp_4500_blocked");
    T(diagnoses_get(d, 0)->follows->len == 1);
    T_STR(cause_at(d, 1), "malformed_message");
    T(diagnoses_get(d, 1)->follows->len == 0);
    T(says(diagnoses_outcome(d), "UDP 500 is answered, but UDP 4500 is not"));
    /* also of the exchange that has no answer */
    find_at(c, CHECK_malformed_message, 5, in_exchange(c, 0, 1, BASIS_OBSERVED));
    d = diagnosed(c);
    T_STR(cause_at(d, 0), "udp_4500_blocked");
    T(diagnoses_get(d, 0)->follows->len == 1);
    forget_findings(c);
    find_at(c, CHECK_malformed_message, 2, in_exchange(c, 0, 1, BASIS_OBSERVED));
    find_at(c, CHECK_request_unanswered, 3, in_exchange(c, 0, 1, BASIS_OBSERVED));
    d = diagnosed(c);
    T(diagnoses_count(d) == 1 && diagnoses_get(d, 0)->follows->len == 1);
    T_STR(cause_at(d, 0), "malformed_message");
    forget_findings(c);
    find_at(c, CHECK_malformed_message, 2, in_exchange(c, 0, 0, BASIS_DECRYPTED));
    find_at(c, CHECK_request_unanswered, 3, in_exchange(c, 0, 1, BASIS_OBSERVED));
    T(diagnoses_count(diagnosed(c)) == 1);
}

/* Nor does it make a tunnel fail that is up. */
static void
strangers_message_to_a_tunnel(struct conversation *c)
{
    reset(c);
    session_up(c, &lisa);
    forget_findings(c);
    find_at(c, CHECK_malformed_message, 5, in_exchange(c, 0, 2, BASIS_OBSERVED));
    T(diagnoses_verdict(diagnosed(c)) == VERDICT_DEGRADED);
    find_at(c, CHECK_request_unanswered, 5, in_exchange(c, 0, 2, BASIS_OBSERVED));
    T(diagnoses_verdict(diagnosed(c)) == VERDICT_FAILS);
}

/* --- packets ---- */

static void
on_stream(struct conversation *c, enum check_id check, uint32_t from, uint32_t to, uint32_t stream)
{
    const struct stream *s = sadb_stream(c->db, stream);
    struct scope where = { .basis = BASIS_DECRYPTED, .child = s->child, .stream = s,
                           .sa = s->child->ike_sa, .exchange = NO_ID };

    for (uint32_t i = from; i <= to; i++) {
        find_at(c, check, i, where);
    }
}

/* One of four packets that fail is short besides: the failure is the cause.  Where half of them
 * are, the length is; and neither explains what goes the other way. */
static void
some_of_the_packets(struct conversation *c)
{
    const struct diagnoses *d;

    reset(c);
    session_up(c, &lisa);
    session_carries(c, &lisa, 4, 4);
    forget_findings(c);
    on_stream(c, CHECK_icv_bad, 5, 8, 0);
    on_stream(c, CHECK_length_impossible, 8, 8, 0);
    d = diagnosed(c);
    T(diagnoses_count(d) == 1 && diagnoses_get(d, 0)->follows->len == 1);
    T_STR(cause_at(d, 0), "icv_bad");
    on_stream(c, CHECK_length_impossible, 6, 6, 0);
    d = diagnosed(c);
    T(diagnoses_count(d) == 1);
    T_STR(cause_at(d, 0), "length_impossible");
    on_stream(c, CHECK_icv_bad, 9, 9, 1);
    d = diagnosed(c);
    T(diagnoses_count(d) == 2);
    T_STR(cause_at(d, 1), "icv_bad");
}

/* --- from one tunnel into another ---- */

/* What is meant for lisa goes to bob: that she gets nothing follows from it, and both fail. */
static void
into_another_tunnel(struct conversation *c)
{
    struct scope where = { .basis = BASIS_DECRYPTED, .exchange = NO_ID };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &lisa);
    session_up(c, &bob);
    forget_findings(c);
    where.child = sadb_child_sa(c->db, 0);
    find_at(c, CHECK_stream_stopped, 9, where);
    d = diagnosed(c);
    T_STR(cause_at(d, 0), "stream_stopped");
    where.child = sadb_child_sa(c->db, 1);
    where.variant = 0;          /* the Child SA that they belong to */
    find_at(c, CHECK_wrong_child_sa, 10, where);
    d = diagnosed(c);
    T(diagnoses_count(d) == 1);
    T_STR(cause_at(d, 0), "wrong_child_sa");
    T(diagnoses_get(d, 0)->follows->len == 1 && diagnoses_get(d, 0)->child_sas->len == 2);
    T(diagnoses_tunnel(d, 0)->diagnoses->len == 1 && diagnoses_tunnel(d, 1)->diagnoses->len == 1);
    T(diagnoses_tunnel(d, 0)->verdict == VERDICT_FAILS);
    T(says(printed(c, report_diagnosis), "wrong_child_sa  [decrypted]  frame 10\n"));
    /* bob's own trouble is his own */
    forget_findings(c);
    find_at(c, CHECK_wrong_child_sa, 10, where);
    where.variant = 1;
    find_at(c, CHECK_stream_stopped, 9, where);
    T(diagnoses_count(diagnosed(c)) == 1);
    T(diagnoses_tunnel(diagnosed(c), 0)->diagnoses->len == 0);
}

/* Evidence that is the other one's negotiation, or its Delete. */
static void
evidence_of_another_tunnel(struct conversation *c)
{
    struct scope where = { .basis = BASIS_DECRYPTED, .exchange = NO_ID };
    const struct diagnoses *d;
    const char *text;

    reset(c);
    session_up(c, &lisa);
    session_up(c, &bob);
    forget_findings(c);
    where.child = sadb_child_sa(c->db, 1);
    where.also = sadb_child_sa(c->db, 0)->negotiated_in;
    find_at(c, CHECK_asymmetric_tunnels, 8, where);
    d = diagnosed(c);
    T(diagnoses_count(d) == 1 && diagnoses_get(d, 0)->child_sas->len == 2);
    T(diagnoses_tunnel(d, 0)->diagnoses->len == 1 && diagnoses_tunnel(d, 1)->diagnoses->len == 1);
    session_carries(c, &bob, 1, 1);
    forget_findings(c);
    find_at(c, CHECK_asymmetric_tunnels, 8, where);
    text = printed(c, report_diagnosis);
    T(says(text, "asymmetric_tunnels  [decrypted]  frames 4, 8\n"));
    T(says(text, "asymmetric_tunnels, as above (frame 8)\n"));
}

/* --- names and times ---- */

/* Two clients behind one NAT, or of one group, that nobody could tell apart. */
static void
told_apart(struct conversation *c)
{
    const struct session one = { .spi = 0x21, .blind = true };
    const struct session other = { .spi = 0x31, .blind = true, .port = 1025 };
    const struct diagnoses *d;

    reset(c);
    session_up(c, &one);
    session_up(c, &other);
    d = diagnosed_quietly(c);
    T(diagnoses_num_tunnels(d) == 2);
    T_STR(diagnoses_tunnel(d, 0)->who, "192.0.2.10 port 4500");
    T_STR(diagnoses_tunnel(d, 1)->who, "192.0.2.10 port 1025");
    T(says(diagnoses_tunnel(d, 0)->text, " The keys of IKE SA 0 would tell more."));
}

static void
since_when(struct conversation *c)
{
    const struct diagnosis *one;
    const struct diagnoses *d;

    reset(c);
    c->now = 1795971000;        /* 2026-11-29 16:50:00 UTC */
    session_up(c, &lisa);
    session_carries(c, &lisa, 2, 2);
    forget_findings(c);
    c->now += 200;
    session_carries(c, &lisa, 3, 0);
    forget_findings(c);
    find_on(c, CHECK_stream_stopped, 9, sadb_ike_sa(c->db, 0), sadb_child_sa(c->db, 0), NULL);
    find_on(c, CHECK_stream_stopped, 11, sadb_ike_sa(c->db, 0), sadb_child_sa(c->db, 0), NULL);
    d = diagnosed(c);
    one = diagnosis_of(d, "stream_stopped");
    T(one->first_frame == 9 && one->first_time == sadb_time_of(c->db, 9));
    T(one->last_time == sadb_time_of(c->db, 11) && one->last_time > one->first_time);
    T(says(diagnoses_outcome(d),
           "Fails since 16:53:22 UTC (frame 9, 3 min 23 s into the capture): lisa reached"));
    T(says(one->text, "It begins at 16:53:22 UTC, 3 min 23 s into the capture."));
    end_after(c, 90000);
    T(says(diagnoses_outcome(diagnosed(c)), "Fails since 2026-11-29 16:53:22 UTC (frame 9, "));
    /* a clock that was never set tells no time of day, and a beginning needs no word */
    reset(c);
    session_up(c, &lisa);
    c->now += 60;
    session_carries(c, &lisa, 2, 2);
    forget_findings(c);
    find_on(c, CHECK_one_way, 8, sadb_ike_sa(c->db, 0), sadb_child_sa(c->db, 0), NULL);
    T(says(diagnoses_get(diagnosed(c), 0)->text, "It begins 1 min 2 s into the capture."));
    forget_findings(c);
    find_on(c, CHECK_one_way, 2, sadb_ike_sa(c->db, 0), sadb_child_sa(c->db, 0), NULL);
    T(!strstr(diagnoses_get(diagnosed(c), 0)->text, "It begins"));
}

/* --- what would tell ---- */

static const char *
to_tell(struct conversation *c)
{
    const struct diagnosis *one = diagnoses_get(diagnosed(c), 0);

    T(one->to_tell >= one->text && one->to_tell <= one->text + strlen(one->text));
    return one->to_tell;
}

/* The end that is asked has its name, and keys are asked for where they are missing only. */
static void
whom_to_ask(struct conversation *c)
{
    const struct session blind = { .spi = 0x21, .blind = true };
    struct scope where = { .basis = BASIS_OBSERVED, .exchange = NO_ID };

    reset(c);
    c->now = 1795971000;
    session_up(c, &lisa);
    session_carries(c, &lisa, 4, 0);
    forget_findings(c);
    where.stream = sadb_stream(c->db, 0);
    where.child = where.stream->child;
    find_at(c, CHECK_one_way, 5, where);
    T(says(to_tell(c), "Capture also at gw: if none of these packets arrives there, the path "));
    T(!strstr(to_tell(c), "keys"));
    T(says(printed(c, report_diagnosis), "\n  Seen in frame 5.\n  do: "));
    T(says(printed(c, report_diagnosis), "\n  to tell: Capture also at gw: "));
    reset(c);
    session_up(c, &blind);
    session_carries(c, &blind, 4, 0);
    forget_findings(c);
    where.stream = sadb_stream(c->db, 0);
    where.child = where.stream->child;
    where.basis = BASIS_INFERRED;
    find_at(c, CHECK_one_way, 5, where);
    T(says(to_tell(c), "The keys of IKE SA 0 would show whether the inner addresses are "));
    T(says(to_tell(c), "Capture also at 198.51.100.20: "));
}

/* The one who refuses has the log, and what to look for there depends on who that is. */
static void
whose_log(struct conversation *c)
{
    const struct session blind = { .spi = 0x21, .blind = true };

    reset(c);
    c->now = 1795971000;
    session_init(c, &blind);
    session_auth(c, &blind, 0);
    session_auth(c, &blind, 1);
    forget_findings(c);
    find_at(c, CHECK_auth_failure_suspected, 4, in_exchange(c, 0, 1, BASIS_INFERRED));
    T(says(to_tell(c), "Check the log of 198.51.100.20 at 16:50:00 UTC for this negotiation: "));
    forget_findings(c);
    find_at(c, CHECK_auth_failure_suspected, 3, in_exchange(c, 0, 1, BASIS_INFERRED));
    T(says(to_tell(c), "Check the log of 192.0.2.10 at 16:50:00 UTC for what it does not "));
    /* a refusal that was read tells the ends apart where one secret proves them */
    reset(c);
    session_up(c, &lisa);
    forget_findings(c);
    find_at(c, CHECK_auth_failed, 4, in_exchange(c, 0, 1, BASIS_DECRYPTED));
    T(says(to_tell(c), "Check the log of gw for this negotiation: where it finds no "));
    forget_findings(c);
    find_at(c, CHECK_certificate_expired, 4, in_exchange(c, 0, 1, BASIS_DECRYPTED));
    T_STR(to_tell(c), "");
    forget_findings(c);
    find_at(c, CHECK_ike_length_impossible, 4, in_exchange(c, 0, 1, BASIS_INFERRED));
    T_STR(to_tell(c), "");      /* all of it was read */
}

/* An answer that is not taken is asked for at the one who asks again; a request without one at the
 * other. */
static void
which_way_is_cut(struct conversation *c)
{
    reset(c);
    session_init(c, &lisa);
    forget_findings(c);
    find_at(c, CHECK_retransmission, 1, in_exchange(c, 0, 0, BASIS_OBSERVED));
    T(says(to_tell(c), "Capture also at 192.0.2.10: if the answer does not arrive "));
    session_auth(c, &lisa, 0);
    forget_findings(c);
    find_at(c, CHECK_retransmission, 3, in_exchange(c, 0, 1, BASIS_OBSERVED));
    T(says(to_tell(c), "Capture also at 198.51.100.20: if the message does not "));
}

/* Two causes in one exchange: each names the other one.  In two exchanges they are two faults. */
static void
one_of_two(struct conversation *c)
{
    const struct diagnoses *d;

    reset(c);
    session_init(c, &lisa);
    session_auth(c, &lisa, 0);
    forget_findings(c);
    find_at(c, CHECK_udp_4500_blocked, 3, in_exchange(c, 0, 1, BASIS_INFERRED));
    find_at(c, CHECK_large_message_lost, 3, in_exchange(c, 0, 1, BASIS_INFERRED));
    d = diagnosed(c);
    T(diagnoses_count(d) == 2);
    T(says(diagnoses_get(d, 0)->to_tell, "Or it is another cause, "));
    T(says(diagnoses_get(d, 0)->to_tell, " (frame 3): a short message to UDP 4500 that "));
    T(says(diagnoses_get(d, 1)->to_tell, "Or it is another cause, UDP 500 is answered"));
    forget_findings(c);
    find_at(c, CHECK_udp_4500_blocked, 3, in_exchange(c, 0, 1, BASIS_INFERRED));
    find_at(c, CHECK_large_message_lost, 3, in_exchange(c, 0, 0, BASIS_INFERRED));
    T(!strstr(diagnoses_get(diagnosed(c), 0)->to_tell, "Or it is"));
}

/* --- what is excluded ---- */

/* The first diagnosis excludes that cause, with these words. */
static bool
excludes(struct conversation *c, enum check_id check, const char *part)
{
    const struct diagnosis *one = diagnoses_get(diagnosed(c), 0);

    for (guint i = 0; i < one->considered->len; i++) {
        const struct considered *x = &g_array_index(one->considered, struct considered, i);
        if (x->check == (unsigned)check) {
            return says(x->because, part);
        }
    }
    return false;
}

/* An exchange of its own, after all others. */
static void
ask(struct conversation *c, const struct session *s, uint32_t id, uint32_t length)
{
    for (unsigned r = 0; r < 2; r++) {
        take(c, s, V2_INFORMATIONAL, id, r == 0, r == 1);
        c->m.length = r ? 80 : length;
        put(c, 0.05);
    }
}

/* Only by what was opened: a stranger can answer in the name of the peer. */
static void
answers_still(struct conversation *c)
{
    const struct session blind = { .spi = 0x21, .blind = true };

    reset(c);
    session_up(c, &lisa);
    session_carries(c, &lisa, 4, 0);
    forget_findings(c);
    find_on(c, CHECK_one_way, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    T(excludes(c, CHECK_request_unanswered, "IKE passes both ways (frames 3 and 4)"));
    T(!excludes(c, CHECK_dead_peer, "still answers"));
    ask(c, &lisa, 2, 80);
    T(excludes(c, CHECK_dead_peer, "gw still answers IKE (frame 10)"));
    T(!excludes(c, CHECK_large_message_lost, "octets"));
    ask(c, &lisa, 3, 1400);
    T(excludes(c, CHECK_large_message_lost, "1400 octets is answered (frames 11 and 12)"));
    find_on(c, CHECK_request_unanswered, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    T(!excludes(c, CHECK_request_unanswered, "IKE passes"));    /* it is the cause */
    reset(c);
    session_up(c, &blind);
    session_carries(c, &blind, 4, 0);
    ask(c, &blind, 2, 1400);
    forget_findings(c);
    find_on(c, CHECK_one_way, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    T(!excludes(c, CHECK_dead_peer, "IKE") && !excludes(c, CHECK_request_unanswered, "IKE"));
    T(!excludes(c, CHECK_large_message_lost, "octets"));
}

/* By packets that were read, and where none of them is outside. */
static void
admits_them(struct conversation *c)
{
    reset(c);
    session_up(c, &lisa);
    forget_findings(c);
    for (unsigned i = 0; i < 3; i++) {
        struct ipsec_packet p = esp_of(0xb0000021, i + 1);
        p.has_inner = p.inner_tunnel = p.clear_read = true;
        p.inner_basis = BASIS_DECRYPTED;
        p.icv = ICV_GOOD;
        p.inner.protocol = 17;
        T(ip_parse(&p.inner.src, "10.1.0.7") && ip_parse(&p.inner.dst, "10.2.0.7"));
        ipsec(c, &c->client, &c->gateway, p);
    }
    forget_findings(c);
    find_on(c, CHECK_one_way, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    T(excludes(c, CHECK_inner_source_violation, "inner addresses in SPI b0000021 are those"));
    find_on(c, CHECK_inner_selector_violation, 5, NULL, sadb_child_sa(c->db, 0), NULL);
    T(!excludes(c, CHECK_inner_source_violation, "inner addresses"));
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    again_and_again(&c);
    strangers_message(&c);
    strangers_message_to_a_tunnel(&c);
    some_of_the_packets(&c);
    into_another_tunnel(&c);
    evidence_of_another_tunnel(&c);
    told_apart(&c);
    since_when(&c);
    whom_to_ask(&c);
    whose_log(&c);
    which_way_is_cut(&c);
    one_of_two(&c);
    answers_still(&c);
    admits_them(&c);
    return conversation_done(&c);
}
