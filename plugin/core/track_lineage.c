/* track_lineage.c - IKE SAs that take the place of others without a rekey that says so.
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
            (!ip_equal(&old->initiator.addr, &now->initiator.addr) || now->initial_contact) && old->rekeyed_by == NO_ID) {
            return old;
        }
    }
    return NULL;
}
