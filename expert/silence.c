/* silence.c - whose answer is due, whether it never came, and which check reports that.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

enum { LARGE_DATAGRAM = 1200 };     /* octets */

/* Who is expected to speak next, by the number of messages of the exchange. */
static bool
wants_answer(const struct ike_sa *sa, const struct exchange *x, unsigned whole)
{
    if (sa->major == 2) {
        return x->request && !x->response && x->type != V2_GSA_REKEY;       /* RFC 9838: multicast */
    }
    switch (x->type) {
    case V1_MAIN:
        return sa->started_here && whole < 6;
    case V1_AGGRESSIVE:
    case V1_QUICK:
        return whole < 3;
    case V1_TRANSACTION:
        return whole == 1;
    default:
        return false;
    }
}

/* The other side said something in this SA afterwards: it lives, and has reacted. */
static bool
reacted_later(const struct ike_sa *sa, const struct exchange_message *last)
{
    return sa->major == 1 && (last->from_initiator ? sa->last_from_r : sa->last_from_i) > last->frame;
}

/* RFC 7296 section 2.3: with a window of one, who sends the next request has the answer to this. */
static bool
answered_by_next(const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = x->index + 1, looked = 0; sa->major == 2 && i < sa->exchanges->len && looked < SADB_MAX_PER_PEER; i++, looked++) {
        const struct exchange *later = (const struct exchange *)g_ptr_array_index(sa->exchanges, i);
        if (later->by_initiator == x->by_initiator && later->request > x->request && later->type != V2_IKE_SA_INIT &&
            later->message_id > x->message_id) {
            return true;
        }
    }
    return false;
}

/* Nothing of the other side was captured, though what this one sends, and does not send again,
 * shows that it was answered: the capture holds one direction only. */
static bool
one_side_captured(const struct ike_sa *sa, const struct exchange *x, const struct exchange_message *last)
{
    bool other = last->from_initiator ? sa->from_responder : sa->from_initiator;

    return !other && !message_repeats(last) && (sa->major == 2 ? x->type != V2_IKE_SA_INIT || answered_by_next(sa, x) : x->messages->len > 1 || x->index > 0);
}

const struct exchange_message *
waiting_message(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = NULL;
    unsigned whole = 0;

    for (guint i = 0; i < x->messages->len; i++) {
        const struct exchange_message *m = &g_array_index(x->messages, struct exchange_message, i);
        whole += m->fragment == 0;
        last = m;
    }
    return last && wants_answer(sa, x, whole) && !x->answered_by && !reacted_later(sa, last) && !answered_by_next(sa, x) &&
           !one_side_captured(sa, x, last) ? last : NULL;
}

bool
endpoint_sent_from(const struct ike_sa *sa, bool from_initiator, uint16_t port)
{
    return from_initiator ? (port == PORT_IKE ? sa->i_from_500 : sa->i_from_4500) :
                            (port == PORT_IKE ? sa->r_from_500 : sa->r_from_4500);
}

const struct exchange_message *
unanswered_message(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = waiting_message(sa, x);
    double silence = last ? sadb_last_time(db) - last->time : 0;

    /* Who has been answered before and does not ask again for so long has an answer that was not captured. */
    if (last && sa->major == 2 && x->type != V2_IKE_SA_INIT && sa->from_initiator && sa->from_responder && !message_repeats(last) &&
        silence >= SURELY_AGAIN_S) {
        return NULL;
    }
    return last && silence >= (message_repeats(last) ? AFTER_RETRANSMISSION_S : WITHOUT_RETRANSMISSION_S) ? last : NULL;
}

/* Octets of the largest datagram of the side that waits. */
static bool
is_large(const struct exchange *x, const struct exchange_message *last)
{
    for (guint i = 0; i < x->messages->len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->from_initiator == last->from_initiator && !m->fragment && m->length > LARGE_DATAGRAM) {
            return true;
        }
    }
    return false;
}

/* The other side speaks again in this SA: it lives, and only this message was lost. */
static bool
speaks_later(const struct ike_sa *sa, const struct exchange_message *last)
{
    return (last->from_initiator ? sa->last_from_r : sa->last_from_i) > last->frame;
}

enum silence
silence_reason(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(db, sa, x);

    if (!last) {
        return SILENCE_NONE;
    }
    if (sa->major == 2 && x->type == V2_INFORMATIONAL && sa->from_initiator && sa->from_responder &&
        (x->liveness || (sa->state == IKE_ESTABLISHED && message_repeats(last))) && !speaks_later(sa, last)) {
        return SILENCE_DEAD_PEER;
    }
    if (!endpoint_sent_from(sa, !last->from_initiator, PORT_IKE) && !endpoint_sent_from(sa, !last->from_initiator, PORT_NATT)) {
        return SILENCE_PLAIN;
    }
    if (is_large(x, last)) {
        return SILENCE_LARGE;
    }
    return last->dst_port == PORT_NATT && !endpoint_sent_from(sa, !last->from_initiator, PORT_NATT) ? SILENCE_4500 : SILENCE_PLAIN;
}
