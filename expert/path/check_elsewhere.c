/* check_elsewhere.c - answers that come from a place that was not asked.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

/* The stray answers of a capture that nobody takes:
 *   for (struct strays w = { 0 }; stray_next(db, &w);) .. w.sa .. w.exchange .. w.stray .. */
struct strays {
    size_t ike_sa;
    guint next;
    const struct ike_sa *sa;
    const struct exchange *exchange;
    const struct stray_answer *stray;
};

static bool
stray_next(const struct sadb *db, struct strays *w)
{
    for (; w->ike_sa < sadb_num_ike_sas(db); w->ike_sa++, w->next = 0) {
        w->sa = sadb_ike_sa(db, w->ike_sa);
        while (w->sa->strays.len && w->next < w->sa->exchanges.len) {
            w->exchange = w->sa->exchanges.at[w->next++];
            w->stray = sadb_answered_elsewhere(db, w->sa, w->exchange);
            if (w->stray) {
                return true;
            }
        }
    }
    return false;
}

/* The request that such an answer answers: its last message. */
static const struct exchange_message *
asked_by(const struct exchange *x)
{
    for (guint i = x->messages.len; i > 0; i--) {
        if (message_at(x, i - 1)->from_initiator == x->by_initiator) {
            return message_at(x, i - 1);
        }
    }
    return NULL;
}

/* Whoever is not answered tries anew, and each try meets the same: they are one finding, of the
 * first of them. */
static const struct ike_sa *
first_try(const struct sadb *db, const struct ike_sa *sa, const struct stray_answer *s)
{
    const struct ike_sa *first = sa;

    for (size_t i = sa->id, looked = 0; i > 0 && looked < SADB_MAX_PER_PEER; looked++) {
        const struct ike_sa *before = sadb_ike_sa(db, --i);
        const struct stray_answer *its = before->strays.at;
        if (before->strays.len && ip_equal(&its->src, &s->src) && its->src_port == s->src_port &&
            ip_equal(&its->asked, &s->asked) &&
            ip_equal(&before->initiator.addr, &sa->initiator.addr) &&
            sadb_answered_elsewhere(db, before, before->exchanges.at[its->exchange])) {
            first = before;
        }
    }
    return first;
}

static void
report_stray(const struct sadb *db, struct findings *out, const struct strays *w)
{
    const struct stray_answer *s = w->stray;
    const struct exchange_message *m = asked_by(w->exchange);
    const struct ike_sa *first = first_try(db, w->sa, s);
    const struct endpoint *by = w->exchange->by_initiator ? &w->sa->initiator : &w->sa->responder;
    struct scope where = { .basis = BASIS_OBSERVED, .sa = first,
                           .exchange = first == w->sa ? w->exchange->index : s->exchange };
    bool port = ip_equal(&s->src, &s->asked);
    char from[ADDR_TEXT_MAX + 16], asked[ADDR_TEXT_MAX + 16], who[ADDR_TEXT_MAX], name[64],
        remedy[TEXT_MAX];

    where.variant = s->src_port;
    ip_print(&s->src, from, sizeof from);
    ip_print(&s->asked, asked, sizeof asked);
    if (port) {
        g_snprintf(from + strlen(from), 16, " port %u", s->src_port);
        g_snprintf(asked + strlen(asked), 16, " port %u", s->asked_port);
        g_snprintf(remedy, sizeof remedy,
                   "Make the answers leave from the port that the request was sent to: exclude UDP "
                   "500 and 4500 from the source NAT in front of %s, or forward the ports there "
                   "one to one.", asked);
    } else {
        g_snprintf(remedy, sizeof remedy,
                   "Make %s answer from the address that the request was sent to: bind the IKE "
                   "daemon to it, or add a source-based policy route there, so that IKE and ESP "
                   "leave through the uplink on which they arrived; or configure the client to "
                   "connect to %s.", asked, from);
    }
    where.remedy = remedy;
    for (uint32_t i = 0; i < s->frames.len; i++) {
        where.frame = s->frames.at[i];
        finding_add(out, CHECK_answer_from_other_address, &where,
                    "%s went to %s (frame %u), but its answer comes from %s (frame %u): %s does "
                    "not accept it and sends the request again.",
                    exchange_name(w->sa->major, w->exchange->type, name, sizeof name), asked,
                    m ? m->frame : w->exchange->request, from, s->frames.at[0],
                    ip_print(&by->addr, who, sizeof who));
    }
}

void
check_answer_from_other_address(const struct check_in *in, struct findings *out)
{
    for (struct strays w = { 0 }; stray_next(in->db, &w);) {
        report_stray(in->db, out, &w);
    }
}

/* What is sent again because of it is not lost, and an address that nobody goes on with is no
 * move. */
static void
withdraw_repeats(struct findings *out, const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        struct scope where = { .sa = sa, .exchange = x->index, .variant = m->frame };
        if (m->again) {
            finding_withdraw(out, CHECK_retransmission, &where);
        }
    }
}

void
explain_strays(struct findings *out, const struct sadb *db)
{
    for (struct strays w = { 0 }; stray_next(db, &w);) {
        const struct ike_sa *by_itself = sadb_stray_sa(db, w.sa, w.stray);
        struct scope where = { .sa = w.sa, .exchange = w.exchange->index };
        withdraw_repeats(out, w.sa, w.exchange);
        finding_withdraw(out, CHECK_address_updated, &where);
        where.exchange = NO_ID;
        finding_withdraw(out, CHECK_ike_from_new_address, &where);
        if (by_itself) {
            withdraw_repeats(out, by_itself, by_itself->exchanges.at[0]);
        }
    }
}
