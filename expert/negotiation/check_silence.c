/* check_silence.c - requests that no answer follows: lost, blocked, or to a peer that is gone.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#define REFUSAL_SECONDS 3.0     /* a refusal comes at once */
#define CHECK_ANSWER_S 1.0      /* and so does the answer to a liveness check */
#define CHECKS_APART_S 0.5      /* what comes closer are Deletes at the end of an SA */

enum { CHECKS_ANSWERED = 2, CHECKS_MISSED = 3 };

/* The first message of the other side after quick mode's own, where quick mode gets no answer. */
static const struct exchange_message *
informational_after(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *asked = x->messages.len ? message_at(x, 0) : NULL;
    guint looked = 0;

    for (guint i = x->index + 1; asked && i < sa->exchanges.len && looked < SADB_MAX_PER_PEER;
         i++, looked++) {
        const struct exchange *later = sa->exchanges.at[i];
        const struct exchange_message *first = later->messages.len ? message_at(later, 0) : NULL;
        if (first && first->from_initiator != asked->from_initiator) {
            bool refusal = later->type == V1_INFORMATIONAL && !first->readable &&
                           first->time - asked->time < REFUSAL_SECONDS;
            return refusal ? first : NULL;
        }
    }
    return NULL;
}

/* Quick mode that only an Informational follows, which nobody could read. */
static void
report_refused_quick_mode(const struct sadb *db, struct findings *out, const struct ike_sa *sa,
                          const struct exchange *x)
{
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    const struct exchange_message *answer;
    char who[ADDR_TEXT_MAX];

    /* Where the capture begins with the exchange, this may be its last message. */
    if (x->type != V1_QUICK || x->messages.len != 1 || !x->unreadable || !x->request ||
        (x->index == 0 && !sa->started_here)) {
        return;
    }
    answer = informational_after(sa, x);
    if (!answer || !points_one_place(sadb_points(db), x->request, answer->frame)) {
        return;
    }
    where.frame = answer->frame;
    where.also = x->request;
    where.remedy = "Compare phase 2 on both ends: encryption, integrity, PFS group and networks; "
                   "the IKE keys would show the notify.";
    ip_print(answer->from_initiator ? &sa->initiator.addr : &sa->responder.addr, who, sizeof who);
    finding_add(
        out, CHECK_request_unanswered, &where,
        "%s answers quick mode (frame %u) with an encrypted Informational (frame %u) and does not "
        "continue. Suggests a refusal, most often of the proposals, PFS or networks of phase 2.",
        who, x->request, answer->frame);
}

static void
mark_retransmissions(struct findings *out, enum check_id check, struct scope *where,
                     const struct exchange_message *m)
{
    for (guint i = 0; m->again && i < m->again->frames.len; i++) {
        where->frame = m->again->frames.at[i];
        finding_add(out, check, where, "%s", "");
    }
}

/* What two capture points in one capture show of the loss, to end a sentence. */
static const char *
lost_where(const struct ike_sa *sa, const struct exchange_message *last)
{
    if (last->twice) {
        return ", each time captured on both sides of the capture point: it is lost beyond it, or "
               "not answered";
    }
    return sa->captured_twice ? ", captured once where other messages were captured twice: "
                                "it is lost between the two" : "";
}

/* What to do: by what the other end has shown so far. */
static void
silence_remedy(const struct ike_sa *sa, const struct exchange *x,
               const struct exchange_message *last, char *out, size_t size)
{
    bool lives = last->from_initiator ? sa->from_responder : sa->from_initiator;
    char to[ADDR_TEXT_MAX];

    if (moved_remedy(sa, !last->from_initiator, last->dst_port, out, size)) {
        return;
    }
    ip_print(last->from_initiator ? &sa->responder.addr : &sa->initiator.addr, to, sizeof to);
    if (!lives) {
        g_snprintf(out, (gulong)size,
                   "Check on %s whether the request arrives on UDP %u (capture there). If it does "
                   "not, check the address, the route and the firewalls on the way; if it does, "
                   "the IKE daemon is down, or its log says why it ignores this peer.",
                   to, last->dst_port);
    } else if (sa->established_in && sa->established_in < last->frame && x->type != V1_QUICK) {
        g_snprintf(out, (gulong)size,
                   "%s has answered before: check whether it was restarted or has deleted the SA "
                   "at this time, and whether the path to it has changed (route, NAT mapping). "
                   "Connect again if it no longer has the SA.",
                   to);
    } else {
        g_snprintf(out, (gulong)size,
                   "%s has answered before, so check its log at this time first: many daemons "
                   "silently drop what they do not accept (identity, key, networks). If the "
                   "message does not arrive there, check whether UDP %u and IP fragments pass on "
                   "the way.",
                   to, last->dst_port);
    }
}

static void
report_unanswered(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
                  const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(in->db, sa, x);
    struct scope where = { .basis = BASIS_OBSERVED, .sa = sa, .exchange = x->index };
    char who[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], phase[64], times[48], remedy[TEXT_MAX];
    double end = sadb_last_time(in->db);

    if (silence_reason(in->db, sa, x) != SILENCE_PLAIN) {
        return;
    }
    where.frame = last->frame;
    silence_remedy(sa, x, last, remedy, sizeof remedy);
    where.remedy = remedy;
    g_snprintf(times, sizeof times, message_repeats(last) ? "%u more time%s" : "once",
               message_repeats(last), message_repeats(last) == 1 ? "" : "s");
    ip_print(last->from_initiator ? &sa->initiator.addr : &sa->responder.addr, who, sizeof who);
    ip_print(last->from_initiator ? &sa->responder.addr : &sa->initiator.addr, to, sizeof to);
    if (sa->major == 1) {
        phase_name(in, x, phase, sizeof phase);
    } else {
        exchange_name(2, x->type, phase, sizeof phase);
    }
    finding_add(out, CHECK_request_unanswered, &where,
                "%s from %s to %s (UDP %u) gets no answer in the %.0f s captured after it; it was "
                "sent %s%s.",
                phase, who, to, last->dst_port, end - last->time, times, lost_where(sa, last));
    mark_retransmissions(out, CHECK_request_unanswered, &where, last);
}

void
check_request_unanswered(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            report_refused_quick_mode(in->db, out, sa, x);
            report_unanswered(in, out, sa, x);
        }
    }
}

static void
each_silence(const struct check_in *in, struct findings *out, enum silence wanted,
             void (*tell)(struct findings *, struct scope *, const struct ike_sa *,
                          const struct exchange *, const struct exchange_message *))
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            if (silence_reason(in->db, sa, x) == wanted) {
                const struct exchange_message *last = unanswered_message(in->db, sa, x);
                struct scope where = {
                    .basis = BASIS_OBSERVED, .frame = last->frame, .sa = sa, .exchange = x->index
                };
                tell(out, &where, sa, x, last);
            }
        }
    }
}

static void
report_4500(struct findings *out, struct scope *where, const struct ike_sa *sa,
            const struct exchange *x, const struct exchange_message *last)
{
    const struct exchange *first = sadb_first_exchange(sa);
    const struct denial *denial = silence_denial(sa, x);
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], remedy[TEXT_MAX], name[64];

    ip_print(&sa->initiator.addr, a, sizeof a);
    ip_print(&sa->responder.addr, b, sizeof b);
    where->remedy = remedy;
    if (denial) {
        where->basis = BASIS_INFERRED;
        where->also = denial->frame;
        g_snprintf(remedy, sizeof remedy,
                   "Configure the load balancer or NAT in front of %s to send UDP 500 and UDP 4500 "
                   "of a client to the same machine. If there is only one machine, check whether "
                   "it was restarted between frames %u and %u; if it did not send the notify, find "
                   "out who did.",
                   b, first->response, denial->frame);
        finding_add(out, CHECK_udp_4500_blocked, where,
                    "UDP 500 is answered (frame %u), but %u message%s to UDP 4500 since frame %u "
                    "get only %s in clear (frame %u): its sender does not know the IKE SA. "
                    "Suggests that UDP 4500 goes to a different machine than UDP 500.",
                    first->response, message_repeats(last) + 1, message_repeats(last) ? "s" : "",
                    last->frame, notify_name(2, denial->type, name, sizeof name), denial->frame);
    } else {
        g_snprintf(remedy, sizeof remedy,
                   "Allow UDP 4500 in both directions on every device between %s and %s; if there "
                   "is a load balancer, configure it to send UDP 500 and 4500 of a client to the "
                   "same machine.",
                   a, b);
        finding_add(out, CHECK_udp_4500_blocked, where,
                    "UDP 500 is answered (frame %u); %u message%s to UDP 4500 since frame %u %s "
                    "not.",
                    first->response, message_repeats(last) + 1, message_repeats(last) ? "s" : "",
                    last->frame, message_repeats(last) ? "are" : "is");
    }
    mark_retransmissions(out, CHECK_udp_4500_blocked, where, last);
}

void
check_udp_4500_blocked(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_4500, report_4500);
}

static void
report_large(struct findings *out, struct scope *where, const struct ike_sa *sa,
             const struct exchange *x, const struct exchange_message *last)
{
    bool both_fragment = sa->fragmentation_i && sa->fragmentation_r;
    char name[64];

    where->basis = BASIS_INFERRED;
    finding_add(out, CHECK_large_message_lost, where,
                "%s of %u bytes (frame %u) gets no answer, but smaller messages do; it is sent in "
                "IP fragments%s. Suggests that fragments are dropped on the way.",
                exchange_name(sa->major, x->type, name, sizeof name), last->length, last->frame,
                both_fragment ? "" : ", and not both ends announce IKE fragmentation");
    mark_retransmissions(out, CHECK_large_message_lost, where, last);
}

void
check_large_message_lost(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_LARGE, report_large);
    report_first_fragments(in, out);
}

static void
report_dead(struct findings *out, struct scope *where, const struct ike_sa *sa,
            const struct exchange *x, const struct exchange_message *last)
{
    char a[ID_TEXT_MAX], b[ID_TEXT_MAX], remedy[TEXT_MAX];

    (void)x;
    if (moved_remedy(sa, !last->from_initiator, last->dst_port, remedy, sizeof remedy)) {
        where->remedy = remedy;
    }
    where->exchange = NO_ID;
    where->variant = last->from_initiator;
    finding_add(out, CHECK_dead_peer, where,
                "%s checks whether %s is alive (frame %u, sent %u time%s) and gets no answer; it "
                "will consider the SA dead.",
                endpoint_print(last->from_initiator ? &sa->initiator : &sa->responder, a, sizeof a),
                endpoint_print(last->from_initiator ? &sa->responder : &sa->initiator, b, sizeof b),
                last->frame, message_repeats(last) + 1, message_repeats(last) ? "s" : "");
    mark_retransmissions(out, CHECK_dead_peer, where, last);
}

/* RFC 3706: each R-U-THERE is an exchange of its own; an acknowledgement is another. */
static void
dead_v1(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct exchange_message *first = NULL;
        struct scope where = {
            .basis = BASIS_DECRYPTED, .sa = sa, .exchange = NO_ID, .variant = side
        };
        GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        /* anything from the peer shows that it lives */
        uint32_t heard_in = side ? sa->last_from_r : sa->last_from_i;
        char a[ID_TEXT_MAX], b[ID_TEXT_MAX];
        for (guint i = 0; i < sa->exchanges.len; i++) {
            const struct exchange *x = sa->exchanges.at[i];
            const struct exchange_message *m = x->messages.len ? message_at(x, 0) : NULL;
            if (m && m->from_initiator == side && x->liveness && m->frame > heard_in) {
                first = first ? first : m;
                g_array_append_val(frames, m->frame);
            }
        }
        if (first && sadb_last_time(in->db) - first->time >= AFTER_RETRANSMISSION_S) {
            for (guint i = 0; i < frames->len; i++) {
                where.frame = g_array_index(frames, uint32_t, i);
                finding_add(out, CHECK_dead_peer, &where,
                            "%s checks whether %s is alive (R-U-THERE, %u times since frame %u) "
                            "and gets no acknowledgement; it will consider the SA dead.",
                            endpoint_print(side ? &sa->initiator : &sa->responder, a, sizeof a),
                            endpoint_print(side ? &sa->responder : &sa->initiator, b, sizeof b),
                            frames->len, first->frame);
            }
        }
        g_array_free(frames, TRUE);
    }
}

/* An Informational of IKEv1 that nobody could read, or NULL. */
static const struct exchange_message *
blind_informational(const struct exchange *x)
{
    const struct exchange_message *m = x->messages.len == 1 ? message_at(x, 0) : NULL;

    return m && x->type == V1_INFORMATIONAL && m->encrypted && !m->readable && !m->injected &&
                   !x->injected ?
               m :
               NULL;
}

/* That end of sa has sent ESP or AH behind the frame. */
static bool
carries_on(const struct ike_sa *sa, bool initiator, uint32_t since)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            if (s->to_responder == initiator && s->last_frame > since) {
                return true;
            }
        }
    }
    return false;
}

/* Liveness checks by their shape: Informationals of one length that the other end answered each at
 * once by one of the same length. */
struct blind_checks {
    const struct exchange_message *asked;       /* the last one, without an answer so far */
    const struct exchange_message *first, *last;        /* of those that nothing follows */
    uint32_t length, answered, missed;
};

static void
see_blind(struct blind_checks *b, const struct exchange_message *m, bool side, uint32_t heard_in)
{
    if (m->from_initiator != side) {
        if (b->asked && m->length == b->length && m->time - b->asked->time <= CHECK_ANSWER_S) {
            b->answered++;
        }
        b->asked = NULL;
        return;
    }
    if (m->length != b->length || (b->asked && m->time - b->asked->time < CHECKS_APART_S)) {
        *b = (struct blind_checks){ .length = m->length };
    }
    b->asked = m;
    if (m->frame > heard_in) {
        b->first = b->first ? b->first : m;
        b->last = m;
        b->missed++;
    }
}

static void
dead_by_shape(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    for (unsigned side = 0; side < 2; side++) {
        struct blind_checks b = { .length = 0 };
        struct scope where = {
            .basis = BASIS_INFERRED, .sa = sa, .exchange = NO_ID, .variant = side
        };
        uint32_t heard_in = side ? sa->last_from_r : sa->last_from_i;
        char a[ID_TEXT_MAX], peer[ID_TEXT_MAX];
        for (guint i = 0; i < sa->exchanges.len; i++) {
            const struct exchange_message *m = blind_informational(sa->exchanges.at[i]);
            if (m) {
                see_blind(&b, m, side, heard_in);
            }
        }
        if (b.answered < CHECKS_ANSWERED || b.missed < CHECKS_MISSED ||
            sadb_last_time(in->db) - b.first->time < AFTER_RETRANSMISSION_S ||
            carries_on(sa, !side, b.first->frame)) {
            continue;
        }
        where.frame = b.first->frame;
        where.also = b.last->frame;
        endpoint_print(side ? &sa->initiator : &sa->responder, a, sizeof a);
        endpoint_print(side ? &sa->responder : &sa->initiator, peer, sizeof peer);
        finding_add(out, CHECK_dead_peer, &where,
                    "%s sends %u Informational messages of %u octets (frames %u to %u), and "
                    "nothing comes back from %s. Before that, %s answered %u of them at once, each "
                    "by one of the same length. Suggests liveness checks that get no answer.",
                    a, b.missed, b.length, b.first->frame, b.last->frame, peer, peer, b.answered);
    }
}

void
check_dead_peer(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_DEAD_PEER, report_dead);
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        if (sa->major == 1 && sa->from_initiator && sa->from_responder) {
            dead_v1(in, out, sa);
            dead_by_shape(in, out, sa);
        }
    }
}
