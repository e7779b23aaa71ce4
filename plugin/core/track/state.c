/* state.c - when an IKE SA is established, and when it has failed.  Without keys that is concluded
 * from lengths, and whoever is on the path can make up messages of any length.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* Octets of the payloads of a lone notify with some data, and of what a success has beyond. */
enum { REFUSAL = 16, SUCCESS = 64 };

static bool
has_ml_kem(const struct kept_proposal *k)
{
    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        const struct transform *t = &k->p->transforms[i];
        if (t->type >= TRANSFORM_KE && t->type != TRANSFORM_ESN && ke_is_ml_kem(t->id)) {
            return true;
        }
    }
    return false;
}

static bool
was_read(const struct ike_message *m)
{
    return m->encrypted && m->readable;
}

/* What nobody could read does not bring back to life what has failed for all to read. */
static void
establish(struct turn *t)
{
    struct ike_event *e = t->e;
    struct ike_sa *sa = t->sa;

    sa->post_quantum |= sa->major == 2 && has_ml_kem(sa->chosen);
    if (sa->state == IKE_HALF_OPEN ||
        (sa->state == IKE_FAILED && (was_read(t->m) || (sa->major == 2 && !sa->failed_read)))) {
        sa->state = IKE_ESTABLISHED;
        sa->established_in = e->at.frame;
        sadb_ike_stands(t->db, sa);
        e->established = true;
        store_offers_proved(&t->db->store, sa->offered);
    }
}

static void
fail(struct turn *t)
{
    t->sa->state = IKE_FAILED;
    sadb_ike_decided(t->db, t->sa);
    t->sa->failed_read = was_read(t->m);
}

/* Phase 1 was captured from its beginning, and has not come to its end. */
static bool
v1_unfinished(const struct ike_sa *sa)
{
    const struct exchange *x = sadb_first_exchange(sa);

    return x && sa->started_here &&
           ((x->type == V1_MAIN && sadb_whole_messages(x) < 6) ||
            (x->type == V1_AGGRESSIVE && sadb_whole_messages(x) < 3));
}

static void
follow_v1(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    unsigned n = sadb_whole_messages(t->exchange);
    bool quick = m->exchange == V1_QUICK && (m->readable || !v1_unfinished(sa));

    if (quick || (m->exchange == V1_MAIN && n >= 6 && !t->e->from_initiator) ||
        (m->exchange == V1_AGGRESSIVE && n >= 3 && t->e->from_initiator)) {
        establish(t);
    }
    if ((m->readable && ike_has_error(m) && sa->state == IKE_HALF_OPEN) ||
        (ike_xauth_failed(m) && sa->state == IKE_ESTABLISHED)) {
        fail(t);                /* XAUTH: phase 1 stands, but for nobody */
    }
}

static void
read_auth(struct turn *t)
{
    const struct ike_message *m = t->m;

    if (m->has_auth && m->eap_code == 0) {
        establish(t);
    } else if ((ike_has_error(m) || m->eap_code == EAP_FAILURE) && t->sa->state == IKE_HALF_OPEN) {
        fail(t);
    }
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

/* The first answer of IKE_AUTH is as long as a success, as short as a refusal, or neither.  Two
 * that differ leave both open until the SA is used, or not. */
static void
weigh_auth(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    uint32_t refusal = sadb_sk_length(sa->chosen, REFUSAL), answer = whole_answer(t->exchange);
    bool accepts = m->length > refusal + SUCCESS, refuses = m->message_id == 1 &&
                                                            m->length <= refusal;

    if (!refusal || m->fragment) {
        return;
    }
    if (answer == t->e->at.frame && !sa->refusal_like) {
        sa->refusal_like = refuses;
        if (accepts) {
            establish(t);
        }
    } else if (refuses && sa->established_in && sa->established_in == answer) {
        sa->state = sa->state == IKE_ESTABLISHED ? IKE_HALF_OPEN : sa->state;
        sa->established_in = 0;
        sa->refusal_like = sa->undecided = true;
    } else if (accepts && sa->refusal_like && answer != t->e->at.frame) {
        sa->undecided = true;
    }
}

void
track_carry_on(struct sadb *db, struct ike_sa *sa, bool from_initiator, uint32_t frame)
{
    if (!sa->undecided || sa->state != IKE_HALF_OPEN) {
        return;
    }
    sa->carried_i |= from_initiator;
    sa->carried_r |= !from_initiator;
    if (sa->carried_i && sa->carried_r) {
        sa->state = IKE_ESTABLISHED;
        sa->established_in = frame;
        sadb_ike_stands(db, sa);
        store_offers_proved(&db->store, sa->offered);
    }
}

/* When both sides have proved who they are, as far as the packets show. */
void
track_state(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;

    if (m->major == 1) {
        follow_v1(t);
        return;
    }
    if (m->exchange == V2_IKE_SA_INIT) {
        bool retry = ike_find_notify(m, N2_INVALID_KE_PAYLOAD) != NULL;
        if (ike_has_error(m) && !retry && sa->state == IKE_HALF_OPEN) {
            fail(t);
        }
    } else if (m->exchange == V2_IKE_AUTH && ike_is_response(m)) {
        if (was_read(m)) {
            read_auth(t);
        } else {
            weigh_auth(t);
        }
    } else if (m->exchange == V2_CREATE_CHILD_SA && ike_is_response(m) &&
               (was_read(m) || !sa->refusal_like)) {
        establish(t);
    } else if (m->exchange != V2_IKE_AUTH) {
        track_carry_on(t->db, sa, t->e->from_initiator, t->e->at.frame);
    }
}
