/* track_lineage.c - IKE SAs and exchanges that take the place of others, cross or refuse them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sadb_internal.h"

#include <string.h>

static bool
same_id(const struct endpoint *a, const struct endpoint *b)
{
    return ip_equal(&a->addr, &b->addr) && (a->id && b->id ? strcmp(a->id, b->id) == 0 : !a->id && !b->id && a->port == b->port);
}

/* IKEv1 rekeys phase 1 by another one between the same two (RFC 2409 section 5.5 leaves the
 * Child SAs alone).  Behind a NAT, port and identity tell one client from another. */
void
track_phase1(struct sadb *db, struct ike_event *e)
{
    struct ike_sa *now = e->sa;
    struct sa_key pair = sadb_pair_key(db, &now->initiator.addr, &now->responder.addr);
    unsigned looked = 0;

    for (const struct link *l = sadb_list(db, &pair); l && looked < SADB_MAX_PER_PEER; l = l->older, looked++) {
        struct ike_sa *old = (struct ike_sa *)l->member;
        bool same = same_id(&old->initiator, &now->initiator) && same_id(&old->responder, &now->responder);
        bool swapped = same_id(&old->initiator, &now->responder) && same_id(&old->responder, &now->initiator);
        if (old != now && old->major == 1 && old->state == IKE_ESTABLISHED && old->rekeyed_by == NO_ID && (same || swapped)) {
            old->rekeyed_by = now->id;
            old->state = IKE_REKEYED;
            now->rekeys = old->id;
            e->reauthenticates = old;
            return;
        }
    }
}

/* A live IKE SA of the same identity with the same gateway from elsewhere: the peer was
 * restarted or moved, and the old one may be dead weight on the gateway.  From the same address only
 * INITIAL_CONTACT tells a restart from a new authentication (RFC 7296 section 2.4). */
/* An answer whose request was not captured: that may have been its Delete. */
static bool
lacks_request(const struct ike_sa *sa)
{
    for (guint i = sa->exchanges->len, looked = 0; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        const struct exchange *x = (const struct exchange *)g_ptr_array_index(sa->exchanges, i - 1);
        if (x->type == V2_INFORMATIONAL && !x->request) {
            return true;
        }
    }
    return false;
}

struct ike_sa *
track_replaced(const struct sadb *db, const struct ike_event *e)
{
    const struct ike_sa *now = e->sa;

    if (!e->established || !now->initiator.id) {
        return NULL;
    }
    for (guint i = db->ike_sas->len, looked = 0; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        struct ike_sa *old = (struct ike_sa *)g_ptr_array_index(db->ike_sas, i - 1);
        if (old != now && old->state == IKE_ESTABLISHED && old->major == now->major && old->initiator.id &&
            strcmp(old->initiator.id, now->initiator.id) == 0 && ip_equal(&old->responder.addr, &now->responder.addr) &&
            (!ip_equal(&old->initiator.addr, &now->initiator.addr) || now->initial_contact) && old->rekeyed_by == NO_ID &&
            !lacks_request(old)) {
            return old;
        }
    }
    return NULL;
}

/* The other side's rekey of the same SA that waits for its answer (RFC 7296 section 2.8.1). */
struct exchange *
track_colliding(const struct ike_event *e)
{
    const struct exchange *own = e->exchange;

    if (e->is_response || own->type != V2_CREATE_CHILD_SA || (!own->rekeys_spi && !own->rekeys_ike)) {
        return NULL;
    }
    for (guint i = e->sa->exchanges->len, looked = 0; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        struct exchange *x = (struct exchange *)g_ptr_array_index(e->sa->exchanges, i - 1);
        if (x != own && x->type == own->type && x->by_initiator != own->by_initiator && !x->response &&
            (own->rekeys_ike ? x->rekeys_ike : x->rekeys_spi != 0)) {
            return x;
        }
    }
    return NULL;
}

/* An IKEv1 Informational that refuses speaks of the exchange that the other side has
 * begun or gone on with last (RFC 2409 section 5.7: it has a message ID of its own). */
struct exchange *
track_refused(const struct ike_event *e)
{
    for (guint i = e->sa->exchanges->len, looked = 0; i > 0 && looked < SADB_MAX_PER_PEER; i--, looked++) {
        struct exchange *x = (struct exchange *)g_ptr_array_index(e->sa->exchanges, i - 1);
        const struct exchange_message *last;
        if (x->type == V1_INFORMATIONAL || !x->messages->len) {
            continue;
        }
        last = &g_array_index(x->messages, struct exchange_message, x->messages->len - 1);
        return last->from_initiator != e->from_initiator ? x : NULL;
    }
    return NULL;
}
