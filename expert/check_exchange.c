/* check_exchange.c - form of messages, answers that never come, life of SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

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
