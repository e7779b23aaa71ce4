/* check_exchange.c - messages that come again: sent again, captured twice, two under one ID, two
 * answers to one request.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
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
    message_sender(in, who, sizeof who);
    phase_name(in, e->exchange, phase, sizeof phase);
    if (e->sa->major == 2 && !e->is_response && e->exchange->response &&
        e->exchange->response < e->at.frame) {
        finding_add(
            out, CHECK_retransmission, &where,
            "%s sends its %s message of frame %u again, bit for bit, after the answer in frame %u: "
            "that one was lost between the capture point and %s, or not accepted.",
            who, phase, e->retransmission_of, e->exchange->response, who);
    } else {
        finding_add(out, CHECK_retransmission, &where,
                    "%s sends its %s message of frame %u again, bit for bit.", who, phase,
                    e->retransmission_of);
    }
}

static void
report_duplicate(struct findings *out, const struct scope *where, uint32_t first, bool nat)
{
    finding_add(out, CHECK_duplicate_frame, where,
                "Frame %u was captured twice: it is frame %u again, %s.", where->frame, first,
                nat ? "on the other side of a NAT" : "at the same moment");
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
            report_duplicate(out, &where,
                             in->ipsec->translated ? in->ipsec->translated : in->ipsec->original,
                             in->ipsec->translated);
        }
        return;
    }
    if (!e->duplicate || !e->message || e->message->frame == e->at.frame) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    where.exchange = NO_ID;
    report_duplicate(out, &where, e->message->frame, e->sa->after_nat);
}

void
check_message_id_reused(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->exchange;
    const struct exchange_message *now = in->ike->message;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || in->msg->major != 2 || in->msg->exchange == V2_IKE_SA_INIT ||
        in->msg->fragment || in->msg->truncated) {
        return;
    }
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m == now || m->fragment || m->forged || m->injected ||
            m->from_initiator != now->from_initiator || m->digest == now->digest) {
            continue;
        }
        where = scope_message(in);
        where.basis = BASIS_OBSERVED;
        finding_add(out, CHECK_message_id_reused, &where,
                    "%s sends two different messages under message ID %u (frames %u and %u).",
                    message_sender(in, who, sizeof who), x->message_id, m->frame,
                    in->ike->at.frame);
        return;
    }
}

/* The answer with which the initiator goes on, NULL where only others show that it does. */
static const struct given_answer *
answer_taken(const struct ike_sa *sa)
{
    const struct given_answer *taken = NULL;

    for (guint i = 0; i < sa->answers.len; i++) {
        const struct given_answer *a = sa->answers.at[i];
        taken = a->led_on && (a->accepts || !taken) ? a : taken;
    }
    return taken;
}

static void
report_injected(struct findings *out, const struct ike_sa *sa, const struct given_answer *a,
                const struct given_answer *taken)
{
    struct scope where = {
        .basis = BASIS_OBSERVED, .frame = a->frame, .sa = sa, .exchange = NO_ID
    };
    char i[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX], asked[64] = "One request";

    ip_print(&sa->initiator.addr, i, sizeof i);
    ip_print(&a->src, r, sizeof r);
    if (a->request) {
        g_snprintf(asked, sizeof asked, "The request of frame %u", a->request);
    }
    if (!taken) {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has an answer from %s, in frame %u, and the negotiation goes on without it.",
                    asked, r, a->frame);
    } else if (ip_equal(&a->src, &taken->src)) {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has two different answers from %s, in frames %u and %u; %s goes on with "
                    "that of frame %u.",
                    asked, r, MIN(a->frame, taken->frame), MAX(a->frame, taken->frame), i,
                    taken->frame);
    } else {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has answers from %s (frame %u) and from %s (frame %u), two gateways or a "
                    "forgery; %s goes on with that of frame %u.",
                    asked, ip_print(&taken->src, other, sizeof other), taken->frame, r, a->frame,
                    i, taken->frame);
    }
}

/* Nothing but an answer from an address that was not asked: another IKE SA asked, and went on with
 * what it asked. */
static void
report_stranger(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    const struct exchange *x = sa->exchanges.len == 1 ? sa->exchanges.at[0] : NULL;
    const struct ike_sa *asked;
    struct given_answer a, taken;

    if (!x || sa->major != 2 || x->type != V2_IKE_SA_INIT || x->request || !x->response) {
        return;
    }
    asked = sadb_asked_by(in->db, sa);
    if (!asked || !asked->went_on) {
        return;
    }
    for (guint i = 0; i < asked->exchanges.len && i < SADB_MAX_REQUESTS; i++) {
        const struct exchange *other = asked->exchanges.at[i];
        if (other->type == x->type && other->chosen && !other->injected && other->response) {
            a = (struct given_answer){ .frame = x->response, .request = other->request,
                                 .src = sa->responder.addr };
            taken = (struct given_answer){ .frame = other->response, .src = asked->responder.addr };
            report_injected(out, asked, &a, &taken);
            return;
        }
    }
}

void
check_injected_answer(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        const struct given_answer *taken = sa->went_on ? answer_taken(sa) : NULL;
        report_stranger(in, out, sa);
        for (guint k = 0; sa->went_on && k < sa->answers.len; k++) {
            if (sa->answers.at[k]->refuted) {
                report_injected(out, sa, sa->answers.at[k], taken);
            }
        }
    }
}
