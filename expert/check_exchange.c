/* check_exchange.c - messages that come again: sent again, captured twice, two under one ID.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

void
check_retransmission(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX], phase[64], remedy[TEXT_MAX];
    struct scope where;

    /* What comes again from elsewhere its sender has not sent: that is ike_from_new_address. */
    if (!e->retransmission_of ||
        (e->new_address && !ike_sa_behind_nat(e->sa, e->from_initiator))) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    where.variant = e->retransmission_of;
    message_sender(in, who, sizeof who);
    phase_name(in, e->exchange, phase, sizeof phase);
    if (e->sa->major == 2 && !e->is_response && e->exchange->response &&
        e->exchange->response < e->at.frame) {
        g_snprintf(remedy, sizeof remedy,
                   "Check the log of %s to see whether the answer arrives. If it does not, allow "
                   "UDP %u back to it beyond the capture point; if it does, the log says why it is "
                   "not accepted.",
                   who, e->at.src_port);
        where.remedy = remedy;
        finding_add(
            out, CHECK_retransmission, &where,
            "%s retransmits its %s message of frame %u, bit for bit, after the answer in frame %u: "
            "the answer was lost between the capture point and %s, or it was not accepted.",
            who, phase, e->retransmission_of, e->exchange->response, who);
    } else {
        finding_add(out, CHECK_retransmission, &where,
                    "%s retransmits its %s message of frame %u, bit for bit.", who, phase,
                    e->retransmission_of);
    }
}

static void
report_duplicate(struct findings *out, const struct scope *where, uint32_t first, bool nat)
{
    finding_add(out, CHECK_duplicate_frame, where,
                "Frame %u is the same packet as frame %u, captured %s.", where->frame, first,
                nat ? "on both sides of a NAT" : "twice at the same moment");
    finding_sum(out, CHECK_duplicate_frame, where,
                SUM_COUNT " frames are copies of other frames: the packets were captured %s.",
                nat ? "on both sides of a NAT" : "twice at the same moment");
}

/* One finding for all of them: it is the capture that is doubled. */
static void
report_point(struct findings *out, struct late_copy c)
{
    struct scope where = { .basis = BASIS_OBSERVED, .frame = c.frame, .exchange = NO_ID,
                           .variant = 1 };

    finding_add(out, CHECK_duplicate_frame, &where,
                "Frame %u is the same packet as frame %u, captured at a second point whose clock "
                "differs by %.1f s.",
                c.frame, c.original, c.apart);
    finding_sum(out, CHECK_duplicate_frame, &where,
                "Captured at two points whose clocks differ by %.1f s: " SUM_COUNT " frames "
                "contain packets that the other point captured too.",
                c.apart);
}

static bool
at_second_point(const struct check_in *in, struct findings *out)
{
    struct late_copy c = { 0 };

    if (in->ipsec && in->ipsec->duplicate && in->ipsec->apart > 0) {
        c = (struct late_copy){ in->ipsec->at.frame, in->ipsec->original, in->ipsec->apart };
    } else if (in->ike && in->ike->duplicate && in->ike->apart > 0) {
        c = (struct late_copy){ in->ike->at.frame, in->ike->message->frame, in->ike->apart };
    }
    if (c.frame) {
        report_point(out, c);
    }
    for (size_t i = 0; !in->ipsec && !in->ike && i < sadb_num_copies(in->db); i++) {
        report_point(out, sadb_copy(in->db, i));
    }
    return c.frame || (!in->ipsec && !in->ike);
}

void
check_duplicate_frame(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;

    if (at_second_point(in, out)) {
        return;
    }

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
                    "%s sends two different messages with message ID %u (frames %u and %u).",
                    message_sender(in, who, sizeof who), x->message_id, m->frame,
                    in->ike->at.frame);
        return;
    }
}
