/* state.c - when an IKE SA is established, and when it has failed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

static bool
was_read(const struct ike_message *m)
{
    return m->encrypted && m->readable;
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
        track_establish(t);
    }
    if ((m->readable && ike_has_error(m) && sa->state == IKE_HALF_OPEN) ||
        (ike_xauth_failed(m) && sa->state == IKE_ESTABLISHED)) {
        track_fail(t);          /* XAUTH: phase 1 stands, but for nobody */
    }
}

static void
read_auth(struct turn *t)
{
    const struct ike_message *m = t->m;

    if (m->has_auth && m->eap_code == 0) {
        track_establish(t);
    } else if ((ike_has_error(m) || m->eap_code == EAP_FAILURE) && t->sa->state == IKE_HALF_OPEN) {
        track_fail(t);
    }
}

/* RFC 7296 section 2.21.2: what the initiator finds wrong with the responder's AUTH it says in an
 * INFORMATIONAL of its own, before anything else. */
static bool
initiator_refuses(const struct turn *t)
{
    const struct ike_sa *sa = t->sa;
    uint32_t i = t->exchange->index;

    return t->e->from_initiator && !t->e->is_response && was_read(t->m) &&
           sa->state != IKE_FAILED && ike_find_notify(t->m, N2_AUTHENTICATION_FAILED) && i &&
           sa->exchanges.at[i - 1]->type == V2_IKE_AUTH;
}

/* What only the responder took for set up. */
static void
fail_children(struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_LOOKED_AT); newest_next(&n);) {
        struct child_sa *c = track_child(sa, n.i);
        if (c->ike_sa == sa && c->state == CHILD_INSTALLED && !c->streams.len) {
            c->state = CHILD_FAILED;
        }
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
            track_fail(t);
        }
    } else if (m->encrypted && !m->readable) {
        track_shape(t);
    } else if (m->exchange == V2_IKE_AUTH && ike_is_response(m) && was_read(m)) {
        read_auth(t);
    } else if (m->exchange == V2_CREATE_CHILD_SA && ike_is_response(m) && was_read(m)) {
        track_establish(t);
    } else if (initiator_refuses(t)) {
        track_fall(sa);
        track_fail(t);
        fail_children(sa);
    } else if (m->exchange != V2_IKE_AUTH) {
        track_carry_on(t->db, sa, t->e->from_initiator, t->e->at.frame, t->e->at.time);
    }
}
