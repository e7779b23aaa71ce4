/* silence.c - whose answer is due, whether it never came, and which check reports that.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

enum { LARGE_DATAGRAM = 1200 };     /* octets */

/* Another message of the exchange is due, by the number of those sent. */
static bool
wants_answer(const struct ike_sa *sa, const struct exchange *x, unsigned whole)
{
    if (sa->major == 2) {
        return x->request && !x->response && x->type != V2_GSA_REKEY; /* RFC 9838: multicast */
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

/* Phase 1 of IKEv1 is the initiator's to go on with: where it does not, negotiation_abandoned
 * reports that, and whose turn it was. */
static bool
waits_for_initiator(const struct exchange *x, const struct exchange_message *last)
{
    return (x->type == V1_MAIN || x->type == V1_AGGRESSIVE) && !last->from_initiator;
}

/* IKEv1: the other side has sent something in this SA afterwards, so it lives and has reacted. */
static bool
reacted_later(const struct ike_sa *sa, const struct exchange_message *last)
{
    return sa->major == 1 &&
           (last->from_initiator ? sa->last_from_r : sa->last_from_i) > last->frame;
}

/* RFC 7296 section 2.3: with a window of one, a side sends its next request only after the answer
 * to this one. */
static bool
answered_by_next(const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = x->index + 1, looked = 0;
         sa->major == 2 && i < sa->exchanges.len && looked < SADB_MAX_PER_PEER; i++, looked++) {
        const struct exchange *later = sa->exchanges.at[i];
        if (later->by_initiator == x->by_initiator && later->request > x->request &&
            later->type != V2_IKE_SA_INIT && later->message_id > x->message_id) {
            return true;
        }
    }
    return false;
}

/* Two different first requests at once are not one initiator's: the answer to one of them came
 * after both. */
static bool
asked_beside(const struct ike_sa *sa, const struct exchange *x)
{
    bool begins = x->type == V2_IKE_SA_INIT || x->type == V1_MAIN || x->type == V1_AGGRESSIVE;

    for (guint i = 0; begins && i < sa->exchanges.len && i < SADB_MAX_REQUESTS; i++) {
        const struct exchange *other = sa->exchanges.at[i];
        if (other != x && other->type == x->type && other->request &&
            other->response > x->request) {
            return true;
        }
    }
    return false;
}

/* Nothing of the other side was captured, and yet this side goes on without asking again: it was
 * answered, and the capture holds one direction only. */
static bool
one_side_captured(const struct ike_sa *sa, const struct exchange *x,
                  const struct exchange_message *last)
{
    bool other = last->from_initiator ? sa->from_responder : sa->from_initiator;

    if (other || message_repeats(last)) {
        return false;
    }
    if (sa->major == 2) {
        return x->type != V2_IKE_SA_INIT || answered_by_next(sa, x);
    }
    return x->messages.len > 1 || x->index > 0;
}

const struct exchange_message *
waiting_message(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = NULL;

    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        last = m->forged || m->injected ? last : m;
    }
    if (!last || x->injected || asked_beside(sa, x) ||
        !wants_answer(sa, x, sadb_whole_messages(x)) ||
        (sa->major == 1 && waits_for_initiator(x, last)) || x->answered_by ||
        reacted_later(sa, last) ||
        answered_by_next(sa, x) || one_side_captured(sa, x, last)) {
        return NULL;
    }
    return last;
}

bool
endpoint_sent_from(const struct ike_sa *sa, bool from_initiator, uint16_t port)
{
    if (port == PORT_IKE) {
        return from_initiator ? sa->i_from_500 : sa->r_from_500;
    }
    return from_initiator ? sa->i_from_4500 : sa->r_from_4500;
}

/* Not one of the first requests, which the other side may refuse to hear. */
static bool
is_within_sa(const struct ike_sa *sa, const struct exchange *x)
{
    return sa->major == 2 ? x->type != V2_IKE_SA_INIT
                          : x->type == V1_QUICK || x->type == V1_TRANSACTION;
}

const struct exchange_message *
unanswered_message(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = waiting_message(sa, x);
    double silence, long_enough;

    if (!last) {
        return NULL;
    }
    silence = sadb_last_time(db) - last->time;
    long_enough = message_repeats(last) ? AFTER_RETRANSMISSION_S : WITHOUT_RETRANSMISSION_S;
    /* A side that was answered before and does not ask again for so long has its answer: the
     * capture lacks it. */
    if (is_within_sa(sa, x) && sa->from_initiator && sa->from_responder &&
        !message_repeats(last) && silence >= SURELY_AGAIN_S) {
        return NULL;
    }
    return silence >= long_enough ? last : NULL;
}

/* Octets of the largest datagram of the side that waits. */
static bool
is_large(const struct exchange *x, const struct exchange_message *last)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->from_initiator == last->from_initiator && !m->fragment &&
            m->length > LARGE_DATAGRAM) {
            return true;
        }
    }
    return false;
}

/* The other side sends again in this SA: it lives, and only this message was lost. */
static bool
speaks_later(const struct ike_sa *sa, const struct exchange_message *last)
{
    return (last->from_initiator ? sa->last_from_r : sa->last_from_i) > last->frame;
}

enum silence
silence_reason(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(db, sa, x);
    bool from_500, from_4500;   /* of the side that is silent */

    if (!last || sadb_answered_elsewhere(db, sa, x)) {
        return SILENCE_NONE;
    }
    if (sa->major == 2 && x->type == V2_INFORMATIONAL && sa->from_initiator && sa->from_responder &&
        (x->liveness || (sa->state == IKE_ESTABLISHED && message_repeats(last))) &&
        !speaks_later(sa, last)) {
        return SILENCE_DEAD_PEER;
    }
    from_500 = endpoint_sent_from(sa, !last->from_initiator, PORT_IKE);
    from_4500 = endpoint_sent_from(sa, !last->from_initiator, PORT_NATT);
    if (!from_500 && !from_4500) {
        return SILENCE_PLAIN;
    }
    if (is_large(x, last)) {
        return SILENCE_LARGE;
    }
    return last->dst_port == PORT_NATT && !from_4500 ? SILENCE_4500 : SILENCE_PLAIN;
}

const struct denial *
silence_denial(const struct ike_sa *sa, const struct exchange *x)
{
    for (uint32_t i = 0; sa->major == 2 && i < sa->denials.len; i++) {
        const struct denial *d = &sa->denials.at[i];
        if (d->type == N2_INVALID_IKE_SPI && d->exchange == x->type && d->frame > x->request &&
            d->from_initiator != x->by_initiator && !d->stood && !denial_is_refuted(sa, d)) {
            return d;
        }
    }
    return NULL;
}
