/* turn.c - whose turn it is in a negotiation that is not finished (RFC 7296 sections 1.2 and 2.16,
 * RFC 2409 section 5, draft-beaulieu-ike-xauth section 4).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/turn.h"

enum {
    CERTIFICATE = 400, /* octets by which an answer with a certificate is longer than a
                                 * request without one, at least */
    EXCHANGES = 64 /* a negotiation that comes to nothing has fewer */
};

static double
last_sent(const struct exchange_message *m)
{
    return m->again && m->again->last_time > m->time ? m->again->last_time : m->time;
}

/* Fills in what is known once x and what is due are. */
static void
note_exchange(struct turn_due *w, const struct exchange *x, bool from_initiator)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->injected || m->forged) {
            continue;
        }
        w->time = MAX(w->time, last_sent(m));
        w->last = m->from_initiator == from_initiator ? m : w->last;
    }
    for (guint i = 0; w->last && i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        for (guint k = 0; m->from_initiator != from_initiator && m->again &&
                          k < m->again->frames.len;
             k++) {
            w->again += m->again->frames.at[k] > w->last->frame;
        }
    }
    w->x = x;
}

uint32_t
exchange_octets(const struct exchange *x, bool response)
{
    uint32_t all = 0;

    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        all += m->response == response && !m->injected && !m->forged ? m->length : 0;
    }
    return all;
}

/* Nobody could read it, and the answer is so much longer than the request that it holds a
 * certificate where that holds none: so it is with EAP (RFC 7296 section 2.16). */
static bool
shows_certificate(const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (!m->response && m->fragment) {
            return false; /* one with a certificate of its own, or some of it was lost */
        }
    }
    return x->message_id == 1 &&
           exchange_octets(x, true) >= exchange_octets(x, false) + CERTIFICATE;
}

/* The last exchange of a negotiation of IKEv2 that has not gone beyond IKE_AUTH. */
static const struct exchange *
v2_last(const struct ike_sa *sa)
{
    const struct exchange *last = NULL;

    for (guint i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        if (x->injected) {
            continue;
        }
        if ((x->type != V2_IKE_SA_INIT && x->type != V2_IKE_INTERMEDIATE &&
             x->type != V2_IKE_AUTH) ||
            !x->by_initiator) {
            return NULL;
        }
        last = !last || x->message_id >= last->message_id ? x : last;
    }
    return last;
}

/* RFC 7296 sections 1.2 and 2.16: the initiator asks, until AUTH of both sides is in. */
static void
v2_turn(struct turn_due *w, const struct ike_sa *sa)
{
    const struct exchange *x = v2_last(sa);

    if (!x || !x->response || !x->request) {
        return;
    }
    if (x->type != V2_IKE_AUTH) {
        bool goes_on = x->type == V2_IKE_INTERMEDIATE || (x->chosen && !x->refused_ke);
        w->due = goes_on && sa->chosen ? DUE_IKE_AUTH : DUE_NOTHING;
    } else if (x->response_readable) {
        w->due = x->eap_asks || x->eap_succeeded ? DUE_EAP : DUE_NOTHING;
    } else if (x->eap_shape || shows_certificate(x)) {
        w->due = DUE_EAP;
        w->shape = true;
    }
    if (w->due) {
        note_exchange(w, x, false);
    }
}

static bool
is_xauth(uint16_t method)
{
    return method >= AUTH1_XAUTH_PSK_I && method <= AUTH1_XAUTH_REVISED_RSA_ENCRYPTION_R;
}

/* What followed phase 1 of IKEv1. */
struct phase2 {
    const struct exchange *last; /* transaction */
    unsigned transactions;
    bool accepted, config, pulled, unread, other;
};

/* Keys open others of the SA, and nothing of x: it is nobody's. */
static bool
is_strange(const struct ike_sa *sa, const struct exchange *x)
{
    bool read = !x->unreadable || !sa->num_readable;

    for (guint i = 0; !read && i < x->messages.len; i++) {
        read = message_at(x, i)->readable;
    }
    return !read;
}

static void
look_at_phase2(const struct ike_sa *sa, struct phase2 *out)
{
    for (guint i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        if (x->injected || x->type == V1_MAIN || x->type == V1_AGGRESSIVE || is_strange(sa, x)) {
            continue;
        }
        if (x->type != V1_TRANSACTION) {
            out->other |= !x->liveness && !x->liveness_ack;
            continue;
        }
        out->last = x;
        out->transactions++;
        out->accepted |= x->xauth_accepted;
        out->config |= x->mode_config;
        out->pulled |= x->by_initiator;
        out->unread |= x->unreadable;
    }
}

/* Phase 1 stands: XAUTH, Mode Config and quick mode follow. */
static void
v1_phase2_turn(struct turn_due *w, const struct ike_sa *sa, const struct exchange *first)
{
    struct phase2 p = { .last = NULL };

    look_at_phase2(sa, &p);
    if (p.other || sa->children.len || (p.last && sadb_whole_messages(p.last) < 2)) {
        return;
    }
    w->shape = p.unread;
    if (!p.transactions) {
        w->due = is_xauth(sa->auth_method) ? DUE_XAUTH : DUE_QUICK;
        w->shape = first->unreadable;
    } else if (p.unread ? !p.pulled && p.transactions >= 2 : p.accepted && !p.config) {
        w->due = DUE_CONFIG;
    } else if (p.unread ? p.pulled : p.config) {
        w->due = DUE_QUICK;
    }
    if (w->due) {
        const struct exchange *x = p.last ? p.last : first;
        const struct exchange_message *last = last_message(x, 0);
        if (last) {
            note_exchange(w, x, last->from_initiator);
        } else {
            w->due = DUE_NOTHING;
        }
    }
}

/* RFC 2409 sections 5 and 5.4: the initiator's messages are odd. */
static void
v1_turn(struct turn_due *w, const struct ike_sa *sa)
{
    const struct exchange *x = sadb_first_exchange(sa);
    const struct exchange_message *last = x ? last_message(x, 0) : NULL;
    unsigned whole = last ? sadb_whole_messages(x) : 0;

    if (!last || (x->type != V1_MAIN && x->type != V1_AGGRESSIVE)) {
        return;
    }
    if (sa->established_in) {
        v1_phase2_turn(w, sa, x);
    } else if (!last->from_initiator && !x->answered_by &&
               sa->exchanges.at[sa->exchanges.len - 1] == x && x->chosen &&
               (whole == 2 || (whole == 4 && x->type == V1_MAIN))) {
        w->due = DUE_PHASE1;
        note_exchange(w, x, false);
    }
}

struct turn_due
whose_turn(const struct ike_sa *sa)
{
    struct turn_due w = { .x = NULL };

    if (sa->started_here && !sa->deleted_in && (sa->major == 1 || sa->rekeys == NO_ID) &&
        sa->from_initiator && sa->from_responder && sa->state != IKE_FAILED &&
        sa->exchanges.len && sa->exchanges.len <= EXCHANGES) {
        if (sa->major == 2) {
            v2_turn(&w, sa);
        } else {
            v1_turn(&w, sa);
        }
    }
    return w;
}
