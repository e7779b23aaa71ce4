/* peer.c - what the messages of an IKE SA say of its two ends.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

/* What each side says that it can do. */
void
track_abilities(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    bool fragmentation = ike_find_notify(m, N2_IKEV2_FRAGMENTATION_SUPPORTED) != NULL;
    bool mobike = ike_find_notify(m, N2_MOBIKE_SUPPORTED) != NULL;

    sa->from_initiator |= e->from_initiator;
    sa->from_responder |= !e->from_initiator;
    sa->i_from_500 |= e->from_initiator && e->at.src_port == PORT_IKE;
    sa->i_from_4500 |= e->from_initiator && e->at.src_port == PORT_NATT;
    sa->r_from_500 |= !e->from_initiator && e->at.src_port == PORT_IKE;
    sa->r_from_4500 |= !e->from_initiator && e->at.src_port == PORT_NATT;
    *(e->from_initiator ? &sa->last_from_i : &sa->last_from_r) = e->at.frame;
    if (m->major != 2) {
        return;
    }
    sa->fragmentation_i |= fragmentation && e->from_initiator;
    sa->fragmentation_r |= fragmentation && !e->from_initiator;
    /* RFC 4555 section 3.1: in IKE_AUTH, which is encrypted */
    sa->mobike_i |= mobike && e->from_initiator && m->encrypted;
    sa->mobike_r |= mobike && !e->from_initiator && m->encrypted;
    sa->initial_contact |= e->from_initiator && m->exchange == V2_IKE_AUTH && m->readable &&
                           ike_find_notify(m, N2_INITIAL_CONTACT) != NULL;
    sa->auth_read |= m->exchange == V2_IKE_AUTH && m->encrypted && m->readable;
    sa->post_quantum |= m->exchange == V2_IKE_SA_INIT && ike_is_response(m) &&
                        (ike_find_notify(m, N2_USE_PPK) || ike_find_notify(m, N2_USE_PPK_INT));
}

/* Whether the exchange only asks if the peer lives (RFC 7296 section 1.4, RFC 3706). */
void
track_liveness(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct exchange *x = t->exchange;

    if (m->major == 1) {
        x->liveness |= ike_find_notify(m, N1_R_U_THERE) != NULL;
        x->liveness_ack |= ike_find_notify(m, N1_R_U_THERE_ACK) != NULL;
    } else if (m->exchange == V2_INFORMATIONAL && !ike_is_response(m)) {
        uint32_t empty = sadb_sk_length(t->sa->chosen, 0);
        x->liveness = m->readable ? m->num_payloads <= 1 : empty && m->length == empty;
    }
}

/* The first one counts, unless a later one is worth more, or it was only asked for. */
static void
learn_identity(struct turn *t, struct endpoint *who, const struct ike_id *id, uint32_t frame)
{
    char text[ID_TEXT_MAX];

    if (id->present && (!who->id || t->e->standing > who->id_standing ||
                        (!who->id_frame && frame))) {
        who->id = store_text(&t->db->store, ike_id_print(id, text, sizeof text));
        who->id_frame = frame;
        who->id_standing = (uint8_t)t->e->standing;
    }
}

void
track_identities(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;

    if (m->major == 2) {
        if (m->exchange == V2_IKE_AUTH) {
            learn_identity(t, &t->sa->initiator, &m->id_i, e->at.frame);
            learn_identity(t, &t->sa->responder, &m->id_r, ike_is_response(m) ? e->at.frame : 0);
        }
    } else if (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) {
        learn_identity(t, e->from_initiator ? &t->sa->initiator : &t->sa->responder, &m->id_i,
                       e->at.frame);
    }
}

/* A rekeyed IKE SA shares its addresses with the old one until it is given others. */
static void
add_address(struct sadb *db, struct ike_sa *sa, const struct assigned_address *one)
{
    struct address_list *own = (struct address_list *)store_alloc(&db->store, sizeof *own);
    uint32_t len = sa->addresses->len;
    struct assigned_address *all =
        (struct assigned_address *)store_alloc(&db->store, (len + 1) * sizeof *all);

    if (len) {
        memcpy(all, sa->addresses->at, len * sizeof *all);
    }
    all[len] = *one;
    *own = (struct address_list){ all, len + 1 };
    sa->addresses = own;
    sadb_ike_assigned(db, sa, &one->addr);
}

/* Only the initiator is a client here: the gateway that assigns is the responder
 * (RFC 7296 section 2.19), also where it pushes by CP_SET. */
void
track_addresses(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;

    if (e->from_initiator || (m->cfg_type != CP_REPLY && m->cfg_type != CP_SET) ||
        e->standing < STANDING_PROTECTED) {
        return;
    }
    for (size_t i = 0; i < m->num_cfg; i++) {
        const struct ike_cfg_attr *a = &m->cfg[i];
        struct assigned_address one = { .frame = e->at.frame, .mode_config = m->major == 1 };
        bool known = false;
        if (a->type == CFG_INTERNAL_IP4_ADDRESS && a->value.len == 4) {
            one.addr = ip_from(4, a->value.at);
        } else if (a->type == CFG_INTERNAL_IP6_ADDRESS && a->value.len >= 16) {
            one.addr = ip_from(6, a->value.at);
        } else {
            continue;
        }
        for (guint j = 0; j < t->sa->addresses->len; j++) {
            known |= ip_equal(&t->sa->addresses->at[j].addr, &one.addr) != 0;
        }
        if (!known && !ip_unspecified(&one.addr) && t->sa->addresses->len < IKE_MAX_CFG_ATTRS) {
            add_address(db, t->sa, &one);
        }
    }
}
