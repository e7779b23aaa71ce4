/* check_forgery.c - what somebody on the path has put in: messages in clear that must be encrypted
 * (RFC 7296 sections 1.2 to 1.4, RFC 2409 section 5), second answers to a request (RFC 7296
 * section 2.21.1).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/hash.h>

/* Who demands it, to end a sentence. */
static const char *
demanded_by(const struct ike_message *m)
{
    switch (m->exchange) {
    case V2_IKE_AUTH: return "RFC 7296 section 1.2";
    case V2_CREATE_CHILD_SA: return "RFC 7296 section 1.3";
    case V2_INFORMATIONAL: return "RFC 7296 section 1.4";
    case V1_MAIN: return "RFC 2409 section 5";
    case V1_QUICK: return "RFC 2409 section 5.5";
    case V1_NEW_GROUP: return "RFC 2409 section 5.6";
    case V1_INFORMATIONAL: return "RFC 2409 section 5.7";
    default: return m->major == 2 ? "RFC 7296 section 1.2" : "the protection of phase 1";
    }
}

/* Tells two addresses from others, whichever of them sends. */
static uint64_t
pair_of(const struct sighting *at)
{
    bool ordered = ip_compare(&at->src, &at->dst) <= 0;
    const struct ip_addr pair[] = { ordered ? at->src : at->dst, ordered ? at->dst : at->src };

    return hash_octets(1, pair, sizeof pair);
}

static void
report_refuted(const struct check_in *in, struct findings *out)
{
    for (struct denied w = { 0 }; denied_next(in->db, &w);) {
        const struct denial *d = w.denial;
        struct scope where = scope_denied(&w);
        char name[64], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
        if (w.refuted) {
            finding_add(out, CHECK_unprotected_message, &where,
                        "%s in the name of %s to %s is in clear, but %s continues to use IKE SA "
                        "%u: Espial ignores it (RFC 7296 section 2.21.4).",
                        notify_name(w.sa->major, d->type, name, sizeof name),
                        ip_print(&d->src, from, sizeof from), ip_print(&d->dst, to, sizeof to),
                        from, w.sa->id);
        }
    }
}

void
check_unprotected_message(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    const struct ike_event *e = in->ike;
    struct scope where;
    char name[64], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], of[48] = "";

    if (!e) {
        report_refuted(in, out);
        return;
    }
    /* What the capture cut or the way damaged may have been encrypted. */
    if (e->standing != STANDING_UNLAWFUL || m->error != IKE_OK || m->truncated) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    if (e->sa) {
        g_snprintf(of, sizeof of, " of IKE SA %u", e->sa->id);
    } else {
        where.variant = pair_of(&e->at);
    }
    finding_add(out, CHECK_unprotected_message, &where,
                "A message of %s%s from %s to %s is in clear, although %s requires encryption: "
                "Espial ignores it.",
                exchange_name(m->major, m->exchange, name, sizeof name), of,
                ip_print(&e->at.src, from, sizeof from), ip_print(&e->at.dst, to, sizeof to),
                demanded_by(m));
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

#define DISORDER_S 0.1          /* by which frames of one capture may be out of order */

/* It sends the initiator round to what it has chosen then, and the capture lacks the request
 * between the two, or has them in another order; or it was not read. */
static bool
perhaps_led_there(const struct ike_sa *sa, const struct given_answer *a)
{
    const struct kept_proposal *chosen = sa->chosen;
    bool asks = a->asks_cookie, later = false;

    for (unsigned i = 0; chosen && a->group && i < chosen->p->num_transforms; i++) {
        const struct transform *t = &chosen->p->transforms[i];
        asks |= t->type == TRANSFORM_KE && t->id == a->group;
    }
    for (guint i = 0; i < sa->answers.len; i++) {
        const struct given_answer *other = sa->answers.at[i];
        later |= other->accepts && !other->refuted && a->time > other->time + DISORDER_S;
    }
    return a->cut || (asks && !later);
}

/* others: how many more answers lead nowhere. */
static void
report_injected(struct findings *out, const struct ike_sa *sa, const struct given_answer *a,
                const struct given_answer *taken, unsigned others)
{
    struct scope where = {
        .basis = BASIS_OBSERVED, .frame = a->frame, .sa = sa, .exchange = NO_ID
    };
    char i[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX], asked[64] = "One request";
    char more[64] = "";
    const struct exchange *x = sadb_first_exchange(sa);

    ip_print(&sa->initiator.addr, i, sizeof i);
    ip_print(&a->src, r, sizeof r);
    if (a->request) {
        g_snprintf(asked, sizeof asked, "The request of frame %u", a->request);
    }
    if (others) {
        g_snprintf(more, sizeof more, " %u more answer%s lead%s nowhere.", others,
                   others == 1 ? "" : "s", others == 1 ? "s" : "");
    }
    if (!taken && x && x->response && !x->injected && x->response != a->frame) {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has an answer from %s in frame %u, but the negotiation continues with the "
                    "one in frame %u.%s",
                    asked, r, a->frame, x->response, more);
    } else if (!taken) {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has an answer from %s in frame %u, but the negotiation continues without "
                    "it.%s",
                    asked, r, a->frame, more);
    } else if (ip_equal(&a->src, &taken->src)) {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has two different answers from %s (frames %u and %u); %s continues with "
                    "the one in frame %u.%s",
                    asked, r, MIN(a->frame, taken->frame), MAX(a->frame, taken->frame), i,
                    taken->frame, more);
    } else {
        finding_add(out, CHECK_injected_answer, &where,
                    "%s has answers from %s (frame %u) and from %s (frame %u), from two gateways "
                    "or a forger; %s continues with the one in frame %u.%s",
                    asked, ip_print(&taken->src, other, sizeof other), taken->frame, r, a->frame,
                    i, taken->frame, more);
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
            report_injected(out, asked, &a, &taken, 0);
            return;
        }
    }
}

static unsigned
num_refuted(const struct ike_sa *sa)
{
    unsigned n = 0;

    for (guint k = 0; k < sa->answers.len; k++) {
        n += sa->answers.at[k]->refuted && !perhaps_led_there(sa, sa->answers.at[k]);
    }
    return n;
}

void
check_injected_answer(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        const struct given_answer *taken = sa->went_on ? answer_taken(sa) : NULL;
        unsigned num = sa->went_on ? num_refuted(sa) : 0;
        report_stranger(in, out, sa);
        for (guint k = 0; num && k < sa->answers.len; k++) {
            const struct given_answer *a = sa->answers.at[k];
            if (a->refuted && !perhaps_led_there(sa, a)) {
                report_injected(out, sa, a, taken, num - 1);
            }
        }
    }
}
