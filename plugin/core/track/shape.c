/* shape.c - what messages of IKEv2 do that nobody could read, by what stands in clear of them: who
 * is accepted or refused in IKE_AUTH, with EAP or without, and what is deleted.  Whoever is on the
 * path can make up messages of any shape, so all of it is inferred, and what contradicts it later
 * takes it back.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/shape.h>

/* Octets of the payloads of a lone notify with some data, and of what a success has beyond. */
enum { REFUSAL = 16, SUCCESS = 64 };
/* Octets by which an answer with a certificate is longer than a request without one, at least. */
enum { CERTIFICATE = 400 };

/* The initiator refuses at once what it does not accept. */
#define REFUSED_WITHIN_SECONDS 2.0
/* What was under way when an SA was deleted has come by then: a message, the packets of its Child
 * SAs. */
#define UNDER_WAY_SECONDS 1.0
#define SETTLED_SECONDS 5.0

static enum shape
shape_now(const struct turn *t)
{
    return message_shape(t->sa, t->message);
}

/* The first answer that came in one piece; whoever sends but some fragments of one has not
 * answered. */
static uint32_t
whole_answer(const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (m->response && !m->fragment && !m->forged && !m->injected) {
            return m->frame;
        }
    }
    return 0;
}

/* --- IKE_AUTH ---------------------------------------------------------------------------- */

/* The last message of EAP is followed by AUTH of both sides (RFC 7296 section 2.16).  Where the
 * request was not captured, the answer alone tells. */
static bool
ends_rounds(const struct turn *t, enum shape shape)
{
    enum shape request = exchange_shape(t->sa, t->exchange, false);

    return shape == SHAPE_AUTH && t->m->message_id > 1 &&
           (request == SHAPE_AUTH || request == SHAPE_UNKNOWN);
}

/* What the first answer says by its length, where its first payload is none that decides.  Two that
 * differ leave both open until the SA is used, or not. */
static void
weigh_first(struct turn *t, bool accepts, bool refuses)
{
    struct ike_sa *sa = t->sa;
    uint32_t answer = whole_answer(t->exchange);

    if (answer == t->e->at.frame && !sa->refusal_like) {
        sa->refusal_like = refuses;
        if (accepts) {
            track_establish(t);
        } else if (shape_now(t) == SHAPE_NOTIFY && sa->state == IKE_HALF_OPEN) {
            track_fail(t);
        }
    } else if (refuses && sa->established_in && sa->established_in == answer) {
        track_fall(sa);
        sa->refusal_like = sa->undecided = true;
    } else if (accepts && sa->refusal_like && answer != t->e->at.frame) {
        sa->undecided = true;
    }
}

/* Whoever names itself goes on; what begins otherwise is as long as a success, or is not. */
static bool
accepts(const struct turn *t, enum shape shape)
{
    uint32_t refusal = sadb_sk_length(t->sa->chosen, REFUSAL);

    if (shape == SHAPE_OTHER && t->message->inner_first == V2P_IDR) {
        return !refusal || t->m->length > refusal;
    }
    return refusal && t->m->length > refusal + SUCCESS;
}

static bool
refuses(const struct turn *t, enum shape shape)
{
    uint32_t refusal = sadb_sk_length(t->sa->chosen, REFUSAL);

    return shape == SHAPE_NOTIFY || (shape == SHAPE_EMPTY && refusal && t->m->length <= refusal);
}

/* The answer holds a certificate and the request none: so EAP begins (RFC 7296 section 2.16), and
 * hardly anything else does. */
static bool
may_begin_eap(const struct turn *t)
{
    const struct exchange *x = t->exchange;

    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (!m->response && !m->forged && !m->injected) {
            return !m->fragment && t->m->length >= (uint32_t)m->length + CERTIFICATE;
        }
    }
    return false;
}

static void
weigh_answer(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    enum shape shape = shape_now(t);
    bool first = m->message_id == 1;

    if (shape == SHAPE_EAP || shape == SHAPE_EAP_END) {
        sa->eap = sa->eap_open = true;
    } else if (ends_rounds(t, shape)) {
        track_establish(t);
    } else if (sa->eap_open && shape == SHAPE_NOTIFY) {
        track_fail(t);
    } else if (m->fragment || (first && shape == SHAPE_OTHER && may_begin_eap(t))) {
        /* An answer that long refuses nothing, and may begin EAP: its use will tell. */
        sa->undecided |= first && !sa->established_in;
    } else if (!sa->eap_open) {
        weigh_first(t, accepts(t, shape), first && refuses(t, shape));
    }
}

/* The IKE_AUTH exchange that made the IKE SA seem established; NULL where something else did, or
 * something has used it since. */
static const struct exchange *
round_before(const struct ike_sa *sa, const struct exchange *now)
{
    const struct exchange *before = now->index ? sa->exchanges.at[now->index - 1] : NULL;

    return before && before->type == V2_IKE_AUTH && before->response == sa->established_in &&
                   before->message_id + 1 == now->message_id && !sa->children.len ?
               before : NULL;
}

/* Another round of IKE_AUTH: the answer before it was not the last. */
static void
weigh_request(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    enum shape shape = shape_now(t);

    if (!t->e->from_initiator) {
        return;
    }
    if (sa->state == IKE_ESTABLISHED && sa->established_inferred &&
        round_before(sa, t->exchange)) {
        track_fall(sa);
    }
    if (shape == SHAPE_EAP || shape == SHAPE_EAP_END) {
        sa->eap = true;
        sa->eap_open |= sa->established_in == 0 && sa->state == IKE_HALF_OPEN;
    }
}

/* --- deletes ----------------------------------------------------------------------------- */

static void
believe_delete(struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *m = exchange_side(x, false);

    if (sa->deleted_in || !m) {
        return;
    }
    sa->deleted_in = m->frame;
    sa->deleted_time = m->time;
    sa->deleted_by_initiator = m->from_initiator;
    sa->deleted_inferred = true;
    if (sa->state == IKE_ESTABLISHED || sa->state == IKE_HALF_OPEN) {
        sa->state = IKE_DELETED;
    }
}

static void
undo_delete(struct ike_sa *sa)
{
    sa->deleted_in = 0;
    sa->deleted_time = 0;
    sa->deleted_inferred = sa->deleted_by_initiator = false;
    if (sa->state == IKE_DELETED) {
        sa->state = sa->established_in ? IKE_ESTABLISHED : IKE_HALF_OPEN;
    }
}

/* Nobody begins an exchange in an SA that is gone, but what was under way when it was deleted. */
static bool
speaks_on(const struct turn *t)
{
    return t->sa->deleted_inferred && t->exchange->request_time > t->sa->deleted_time &&
           (t->e->is_response || t->e->at.time - t->sa->deleted_time > UNDER_WAY_SECONDS);
}

/* RFC 7296 section 1.4.1: the Delete of the IKE SA is answered by an empty message, that of a Child
 * SA by the Delete of its other direction. */
static void
weigh_informational(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    enum shape shape = shape_now(t), request = exchange_shape(sa, t->exchange, false);
    bool deletes = request == SHAPE_DELETE || request == SHAPE_DELETE_IKE;

    if (speaks_on(t) && !deletes) {
        undo_delete(sa);
    }
    if (deletes && (t->e->is_response ? shape == SHAPE_EMPTY : shape == SHAPE_DELETE_IKE)) {
        believe_delete(sa, t->exchange);
    }
    /* To refuse an SA, or to delete it, is not to use it. */
    if (!deletes && request != SHAPE_NOTIFY) {
        track_carry_on(t->db, sa, t->e->from_initiator, t->e->at.frame, t->e->at.time);
    }
}

void
track_shape(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;

    if (m->exchange == V2_IKE_AUTH) {
        if (ike_is_response(m)) {
            weigh_answer(t);
        } else {
            weigh_request(t);
        }
        return;
    }
    if (m->exchange == V2_INFORMATIONAL) {
        weigh_informational(t);
        return;
    }
    if (speaks_on(t)) {
        undo_delete(sa);
    }
    if (m->exchange == V2_CREATE_CHILD_SA && ike_is_response(m) && !sa->refusal_like) {
        track_establish(t);
    } else {
        track_carry_on(t->db, sa, t->e->from_initiator, t->e->at.frame, t->e->at.time);
    }
}

/* --- the end of the capture --------------------------------------------------------------- */

/* The initiator's first word after IKE_AUTH is a lone notify, at once, and neither side uses the SA
 * afterwards (RFC 7296 section 2.21.2). */
static const struct exchange *
refused_by_initiator(const struct ike_sa *sa)
{
    uint32_t last = sa->exchanges.len - 1;
    const struct exchange *x = sa->exchanges.len > 1 ? sa->exchanges.at[last] : NULL;

    if (sa->major != 2 || !x || x->type != V2_INFORMATIONAL || !x->by_initiator || !x->request ||
        sa->exchanges.at[x->index - 1]->type != V2_IKE_AUTH || sa->children.len ||
        exchange_shape(sa, x, false) != SHAPE_NOTIFY || exchange_side(x, false)->readable ||
        x->request_time - sa->exchanges.at[x->index - 1]->response_time > REFUSED_WITHIN_SECONDS) {
        return NULL;
    }
    return (sa->state == IKE_ESTABLISHED && sa->established_inferred) ||
                   (sa->state == IKE_HALF_OPEN && (sa->eap_open || sa->undecided)) ?
               x : NULL;
}

/* Packets of its Child SAs go on long after it was deleted, and no other IKE SA can hold them: one
 * of them was deleted. */
static bool
goes_on(const struct sadb *db, const struct ike_sa *sa)
{
    const struct ike_sa *newest = sadb_ike_between(db, &sa->initiator.addr, &sa->responder.addr);

    if (newest && newest->id > sa->id) {
        return false;
    }
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        if (sa->exchanges.at[n.i]->type == V2_CREATE_CHILD_SA) {
            return false;       /* that may have rekeyed the IKE SA */
        }
    }
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_LOOKED_AT); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            if (c->streams.at[k.i]->last_time - sa->deleted_time > SETTLED_SECONDS) {
                return true;
            }
        }
    }
    return false;
}

void
track_shapes_end(struct sadb *db)
{
    for (guint i = 0; i < db->ike_sas->len; i++) {
        struct ike_sa *sa = database_ike_sa(db, i);
        const struct exchange *x = refused_by_initiator(sa);
        if (x) {
            track_fall(sa);
            sa->state = IKE_FAILED;
            sa->failed_in = x->request;
            sa->failed_inferred = sa->failed_by_initiator = true;
            sa->eap_open = false;
        }
        if (sa->deleted_inferred && goes_on(db, sa)) {
            undo_delete(sa);
        }
    }
}
