/* check_exchange.c - form of messages, answers that never come, life of SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

#define REFUSAL_SECONDS 3.0     /* a refusal comes at once */

void
check_retransmission(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX], phase[64];
    struct scope where;

    if (!e->retransmission_of) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    where.variant = e->retransmission_of;
    who_sent(in, who, sizeof who);
    phase_name(in, e->exchange, phase, sizeof phase);
    if (e->sa->major == 2 && !e->is_response && e->exchange->response && e->exchange->response < e->at.frame) {
        finding_add(out, CHECK_retransmission, &where,
                    "%s sends its %s message of frame %u again, bit for bit, after the answer in frame %u: that one was lost between the "
                    "capture point and %s, or not accepted.", who, phase, e->retransmission_of, e->exchange->response, who);
    } else {
        finding_add(out, CHECK_retransmission, &where, "%s sends its %s message of frame %u again, bit for bit.", who, phase,
                    e->retransmission_of);
    }
}

static void
tell_duplicate(struct findings *out, const struct scope *where, uint32_t first, bool nat)
{
    finding_add(out, CHECK_duplicate_frame, where, nat ?
                "Frame %u was captured twice: it is frame %u again, on the other side of a NAT." :
                "Frame %u was captured twice: it is frame %u again, at the same moment.", where->frame, first);
}

void
check_duplicate_frame(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;

    if (in->ipsec) {
        where = scope_packet(in);
        where.basis = in->ipsec->translated && !in->ipsec->child ? BASIS_INFERRED : BASIS_OBSERVED;
        if (in->ipsec->translated || (in->ipsec->duplicate && in->ipsec->original)) {
            tell_duplicate(out, &where, in->ipsec->translated ? in->ipsec->translated : in->ipsec->original, in->ipsec->translated);
        }
        return;
    }
    if (!e->duplicate || !e->message || e->message->frame == e->at.frame) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    where.exchange = NO_ID;
    tell_duplicate(out, &where, e->message->frame, e->sa->after_nat);
}

void
check_malformed_message(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (m->error == IKE_OK || m->truncated || in->ike->duplicate) {
        return;
    }
    where = scope_message(in);
    where.basis = m->error_inner ? BASIS_DECRYPTED : BASIS_OBSERVED;
    if (!in->ike->sa) {
        where.variant = in->ike->at.frame;
    }
    finding_add(out, CHECK_malformed_message, &where, "%s sends a message in which %s (octet %" G_GSIZE_FORMAT "%s, %s).",
                who_sent(in, who, sizeof who), ike_error_text(m->error), m->error_offset,
                m->error_inner ? " of the decrypted part" : "", ike_error_reference(m->error));
}

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

/* The first message of the other side after quick mode's own, where quick mode gets no answer. */
static const struct exchange_message *
informational_after(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *asked = x->messages->len ? &g_array_index(x->messages, struct exchange_message, 0) : NULL;
    guint looked = 0;

    for (guint i = x->index + 1; asked && i < sa->exchanges->len && looked < SADB_MAX_PER_PEER; i++, looked++) {
        const struct exchange *later = (const struct exchange *)g_ptr_array_index(sa->exchanges, i);
        const struct exchange_message *first = later->messages->len ? &g_array_index(later->messages, struct exchange_message, 0) : NULL;
        if (first && first->from_initiator != asked->from_initiator) {
            return later->type == V1_INFORMATIONAL && !first->readable && first->time - asked->time < REFUSAL_SECONDS ? first : NULL;
        }
    }
    return NULL;
}

/* Quick mode that only an Informational follows, which nobody could read. */
static void
tell_refused_quick_mode(struct findings *out, const struct ike_sa *sa, const struct exchange *x)
{
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    const struct exchange_message *answer;
    char who[ADDR_TEXT_MAX];

    /* A capture that begins with it may have begun with its last message. */
    if (x->type != V1_QUICK || x->messages->len != 1 || !x->unreadable || !x->request || (x->index == 0 && !sa->started_here)) {
        return;
    }
    answer = informational_after(sa, x);
    if (!answer) {
        return;
    }
    where.frame = answer->frame;
    where.also = x->request;
    where.remedy = "Compare phase 2 on both ends: encryption, integrity, PFS group and networks; the keys of IKE would show the notify.";
    ip_print(answer->from_initiator ? &sa->initiator.addr : &sa->responder.addr, who, sizeof who);
    finding_add(out, CHECK_request_unanswered, &where,
                "%s answers quick mode (frame %u) with an encrypted Informational (frame %u) and never goes on. Suggests a refusal, "
                "most often of the proposals, PFS or networks of phase 2.", who, x->request, answer->frame);
}

static void
look_at_exchange(const struct check_in *in, struct findings *out, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(in->db, sa, x);
    char who[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], phase[64];
    double end = sadb_last_time(in->db);

    tell_refused_quick_mode(out, sa, x);
    if (silence_reason(in->db, sa, x) != SILENCE_PLAIN) {
        return;
    }
    struct scope where = { .basis = BASIS_OBSERVED, .frame = last->frame, .sa = sa, .exchange = x->index };
    const struct endpoint *from = last->from_initiator ? &sa->initiator : &sa->responder;
    const struct endpoint *other = last->from_initiator ? &sa->responder : &sa->initiator;
    ip_print(&from->addr, who, sizeof who);
    ip_print(&other->addr, to, sizeof to);
    if (sa->major == 1) {
        phase_name(in, x, phase, sizeof phase);
    } else {
        exchange_name(2, x->type, phase, sizeof phase);
    }
    finding_add(out, CHECK_request_unanswered, &where,
                "%s from %s to %s (UDP %u) has no answer in the %.0f captured seconds that follow; it was sent %u more time%s%s.",
                phase, who, to, last->dst_port, end - last->time, message_repeats(last),
                message_repeats(last) == 1 ? "" : "s",
                last->twice ? ", captured on its way in and out each time: it is lost beyond, or not answered" :
                sa->captured_twice ? ", captured once where other messages were captured twice: it is lost between the two" : "");
    for (guint i = 0; last->again && i < last->again->frames->len; i++) {
        where.frame = g_array_index(last->again->frames, uint32_t, i);
        finding_add(out, CHECK_request_unanswered, &where, "%s", "");
    }
}

void
check_request_unanswered(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges->len; k++) {
            look_at_exchange(in, out, sa, (const struct exchange *)g_ptr_array_index(sa->exchanges, k));
        }
    }
}

static void
child_text(const struct child_sa *c, char *out, size_t size)
{
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX];

    g_snprintf(out, (gulong)size, "Child SA %u (SPIs %08x and %08x, %s === %s)", c->id, c->spi_i, c->spi_r,
               selectors_print(c->ts_i, c->num_ts_i, i, sizeof i), selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
}

/* RFC 4478: seconds until the initiator must authenticate again. */
static void
auth_lifetime(const struct ike_message *m, char *out, size_t size)
{
    const struct ike_notify *n = m->major == 2 ? ike_find_notify(m, N2_AUTH_LIFETIME) : NULL;
    struct cur c = cur_of(n ? n->data.at : NULL, n ? n->data.len : 0);
    uint32_t seconds;

    out[0] = 0;
    if (n && cur_u32(&c, &seconds)) {
        g_snprintf(out, (gulong)size, "; it is to be authenticated anew within %u s (AUTH_LIFETIME)", seconds);
    }
}

void
check_sa_established(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where = scope_message(in);
    char i[ID_TEXT_MAX], r[ID_TEXT_MAX], text[TEXT_MAX], life[80];

    if (e->established) {
        auth_lifetime(in->msg, life, sizeof life);
        finding_add(out, CHECK_sa_established, &where, "IKE SA %u between %s and %s is established%s%s%s.", e->sa->id,
                    endpoint_print(&e->sa->initiator, i, sizeof i), endpoint_print(&e->sa->responder, r, sizeof r),
                    e->sa->chosen ? " with " : "", e->sa->chosen ? e->sa->chosen->text : "", life);
    }
    for (unsigned n = 0; n < 2; n++) {
        const struct child_sa *c = n ? e->second : e->child;
        if (c) {
            child_text(c, text, sizeof text);
            where.child = c;
            finding_add(out, CHECK_sa_established, &where, "%s is established%s%s.", text, c->chosen ? " with " : "",
                        c->chosen ? c->chosen->text : "");
        }
    }
}

void
check_sa_rekeyed(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where = scope_message(in);

    if (e->rekeyed_ike) {
        finding_add(out, CHECK_sa_rekeyed, &where, "IKE SA %u is replaced by IKE SA %u.", e->sa->id, e->rekeyed_ike->id);
    }
    if (e->reauthenticates) {
        finding_add(out, CHECK_sa_rekeyed, &where, "IKE SA %u (phase 1) is replaced by IKE SA %u, authenticated anew.",
                    e->reauthenticates->id, e->sa->id);
    }
    if (e->child && e->child_rekeyed) {
        where.child = e->child;
        finding_add(out, CHECK_sa_rekeyed, &where, "Child SA %u (SPIs %08x and %08x) is replaced by Child SA %u.",
                    e->child_rekeyed->id, e->child_rekeyed->spi_i, e->child_rekeyed->spi_r, e->child->id);
    }
}

void
check_sa_deleted(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where = scope_message(in);
    char who[ID_TEXT_MAX], text[TEXT_MAX];

    who_sent(in, who, sizeof who);
    if (e->ike_deleted) {
        finding_add(out, CHECK_sa_deleted, &where, "%s deletes IKE SA %u.", who, e->sa->id);
    }
    for (size_t i = 0; i < e->num_deleted; i++) {
        child_text(e->deleted[i], text, sizeof text);
        where.child = e->deleted[i];
        finding_add(out, CHECK_sa_deleted, &where, "%s deletes %s.", who, text);
    }
}
