/* lineage.c - IKE SAs and exchanges that take the place of others, cross or refuse them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

/* IKEv1 rekeys phase 1 by another one between the same two (RFC 2409 section 5.5 leaves the
 * Child SAs alone).  Behind a NAT, port and identity tell one client from another.  One that seems
 * to have been deleted is not replaced. */
void
track_phase1(struct turn *t)
{
    struct ike_event *e = t->e;
    struct ike_sa *now = t->sa;
    struct ike_sa *old;

    for (struct walk w = sadb_stood_between(t->db, &now->initiator.addr, &now->responder.addr);
         (old = walk_next(&w));) {
        if (old != now && old->major == 1 && old->state == IKE_ESTABLISHED &&
            old->rekeyed_by == NO_ID && !old->deleted_in && !ike_sa_last_word(old) &&
            ike_sa_same_ends(old, now)) {
            old->rekeyed_by = now->id;
            old->state = IKE_REKEYED;
            now->rekeys = old->id;
            e->reauthenticates = old;
            return;
        }
    }
}

/* An answer whose request was not captured: that may have been its Delete. */
static bool
lacks_request(const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type == V2_INFORMATIONAL && !x->request) {
            return true;
        }
    }
    return false;
}

/* A live IKE SA of the same identity with the same gateway from elsewhere: the peer was restarted
 * or moved, and the old one may be dead weight on the gateway.  From the same address only
 * INITIAL_CONTACT tells a restart from a new authentication (RFC 7296 section 2.4). */
const struct ike_sa *
track_replaced(const struct turn *t)
{
    const struct ike_event *e = t->e;
    const struct sadb *db = t->db;
    const struct ike_sa *now = t->sa;

    /* XAUTH comes after phase 1: who it is shows once the user is accepted. */
    bool accepted = t->m->major == 1 && t->m->exchange == V1_TRANSACTION && !e->from_initiator &&
                    t->exchange->xauth_accepted && now->state == IKE_ESTABLISHED;

    if (!(e->established || accepted) || !now->initiator.id) {
        return NULL;
    }
    for (struct newest n = newest_first(db->stood->len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct ike_sa *old = (const struct ike_sa *)g_ptr_array_index(db->stood, n.i);
        if (old != now && old->state == IKE_ESTABLISHED && old->major == now->major &&
            ike_sa_same_person(old, now) && old->initiator.id &&
            ip_equal(&old->responder.addr, &now->responder.addr) &&
            (!ip_equal(&old->initiator.addr, &now->initiator.addr) || now->initial_contact) &&
            old->rekeyed_by == NO_ID && !lacks_request(old)) {
            return old;
        }
    }
    return NULL;
}

/* The other side's rekey of the same SA that waits for its answer (RFC 7296 section 2.8.1). */
const struct exchange *
track_colliding(const struct turn *t)
{
    const struct ike_event *e = t->e;
    const struct exchange *own = t->exchange;

    if (e->is_response || own->type != V2_CREATE_CHILD_SA ||
        (!own->rekeys_spi && !own->rekeys_ike)) {
        return NULL;
    }
    for (struct newest n = newest_first(t->sa->exchanges.len, SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct exchange *x = t->sa->exchanges.at[n.i];
        if (x != own && x->type == own->type && x->by_initiator != own->by_initiator &&
            !x->response && (own->rekeys_ike ? x->rekeys_ike : x->rekeys_spi != 0)) {
            return x;
        }
    }
    return NULL;
}

/* Exchanges that can be refused; RFC 2408 section 3.1 knows more, and none of them is in use. */
static bool
is_refusable(const struct exchange *x)
{
    return x->type == V1_MAIN || x->type == V1_AGGRESSIVE || x->type == V1_QUICK ||
           x->type == V1_NEW_GROUP || x->type == V1_TRANSACTION;
}

/* The last message that its sender sent: with the keys that read a refusal, what it refuses can be
 * read too. */
static const struct exchange_message *
last_believed(const struct exchange *x, const struct ike_message *refusal)
{
    for (uint32_t i = x->messages.len; i > 0; i--) {
        const struct exchange_message *m = &x->messages.at[i - 1];
        if (!m->injected && !m->forged &&
            !(refusal->encrypted && refusal->readable && m->encrypted && !m->readable)) {
            return m;
        }
    }
    return NULL;
}

/* An IKEv1 Informational that refuses speaks of the exchange that the other side has
 * begun or gone on with last (RFC 2409 section 5.7: it has a message ID of its own). */
struct exchange *
track_refused(struct turn *t)
{
    struct ike_event *e = t->e;
    struct exchange *first = track_only_asked(t->sa);

    if (first && !e->from_initiator) {
        return first;
    }

    /* First requests of others may stand before what it speaks of. */
    for (struct newest n = newest_first(t->sa->exchanges.len,
                                        SADB_MAX_PER_PEER + SADB_MAX_REQUESTS);
         newest_next(&n);) {
        struct exchange *x = track_exchange(t->sa, n.i);
        const struct exchange_message *last;
        if (!is_refusable(x)) {
            continue;
        }
        last = last_believed(x, t->m);
        if (last) {
            return last->from_initiator != e->from_initiator ? x : NULL;
        }
    }
    return NULL;
}

/* RFC 7296 section 2.18: the new IKE SA inherits the Child SAs, and what the two sides know of
 * each other.  A Child SA keeps the IKE SA that negotiated it, for its two sides are told by that
 * one's initiator. */
static void
inherit(struct sadb *db, struct ike_sa *fresh, const struct ike_sa *old, bool same_roles)
{
    static const enum nat mirrored[] = { NAT_UNKNOWN, NAT_NONE, NAT_RESPONDER,
                                         NAT_INITIATOR, NAT_BOTH, NAT_FORCED };

    fresh->nat = same_roles ? old->nat : mirrored[old->nat];
    fresh->nat_i = same_roles ? old->nat_i : old->nat_r;
    fresh->nat_r = same_roles ? old->nat_r : old->nat_i;
    fresh->mobike_i = same_roles ? old->mobike_i : old->mobike_r;
    fresh->mobike_r = same_roles ? old->mobike_r : old->mobike_i;
    fresh->fragmentation_i = same_roles ? old->fragmentation_i : old->fragmentation_r;
    fresh->fragmentation_r = same_roles ? old->fragmentation_r : old->fragmentation_i;
    fresh->eap = old->eap;
    fresh->user = old->user;
    fresh->user_frame = old->user_frame;
    fresh->auth_read = old->auth_read;
    guint first =
        old->children.len > SADB_MAX_LOOKED_AT ? old->children.len - SADB_MAX_LOOKED_AT : 0;
    if (first || db->num_inherited >= SADB_MAX_INHERITED) {
        store_cap(&db->store, "Child SAs that a new IKE SA inherits");
    }
    for (guint i = first; i < old->children.len && db->num_inherited < SADB_MAX_INHERITED; i++) {
        const struct child_sa *c = old->children.at[i];
        if (c->state == CHILD_INSTALLED && c->basis != BASIS_INFERRED && !c->deleted_in) {
            store_add_child(&db->store, &fresh->children, c);
            db->num_inherited++;
        }
    }
}

void
track_rekey(struct turn *t, const struct proposal *chosen)
{
    struct ike_event *e = t->e;
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;
    struct ike_sa *old = t->sa, *fresh = sadb_ike_new(db, 2, x->spis->ike_spi, chosen->spi);

    if (!fresh) {
        return;
    }
    fresh->initiator = x->by_initiator ? old->initiator : old->responder;
    fresh->responder = x->by_initiator ? old->responder : old->initiator;
    fresh->state = IKE_ESTABLISHED;
    fresh->started_here = true;
    fresh->first_frame = fresh->last_frame = fresh->established_in = e->at.frame;
    fresh->established_time = e->at.time;
    fresh->chosen = x->chosen;
    fresh->offered = x->offered;
    fresh->auth_method = old->auth_method;
    fresh->auth_method_in = old->auth_method_in && !old->eap ? e->at.frame : 0;
    if (x->by_initiator) {
        fresh->addresses = old->addresses;
        for (uint32_t i = 0; i < old->addresses->len; i++) {
            sadb_ike_assigned(db, fresh, &old->addresses->at[i].addr);
        }
    }
    inherit(db, fresh, old, x->by_initiator);
    fresh->rekeys = old->id;
    old->rekeyed_by = fresh->id;
    old->state = IKE_REKEYED;
    e->rekeyed_ike = fresh;
    sadb_ike_stands(db, fresh);
    store_pair_add(&db->store, fresh, &e->at.src, &e->at.dst);
}
