/* delete.c - Delete payloads: which Child SAs end, and which are left half closed (RFC 7296 section
 * 1.4.1, RFC 2408 section 3.15).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

static void
delete_child(struct turn *t, struct child_sa *c)
{
    struct ike_event *e = t->e;

    if (c->deleted_in) {
        return;
    }
    c->deleted_in = e->at.frame;
    c->deleted_time = e->at.time;
    if (c->state == CHILD_INSTALLED) {
        c->state = CHILD_DELETED;
    }
    if (e->num_deleted < IKE_MAX_DELETE_SPIS) {
        e->deleted[e->num_deleted++] = c;
    }
}

/* RFC 7296 section 1.4.1: the answer names the other direction, unless its sender has asked to
 * delete the pair itself. */
static void
note_half_closed(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;

    if (m->major != 2 || !e->is_response || !t->exchange->deletes_child || !m->readable ||
        m->truncated || m->error) {
        return;
    }
    for (struct newest n = newest_first(t->sa->children.len, SADB_MAX_LOOKED_AT);
         newest_next(&n);) {
        struct child_sa *c = track_child(t->sa, n.i);
        /* Where the other SPI was not captured, the answer may well have named it. */
        if (c->deleted_in == t->exchange->request && c->spi_i && c->spi_r &&
            c->closed_i != c->closed_r) {
            c->half_closed_in = e->at.frame;
        }
    }
}

/* The capture lacks a message of the IKE SA's rekeying, or holds it the wrong way round: then
 * another IKE SA has its Child SAs, which this one's Delete leaves alone. */
static bool
rekeyed_unseen(const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type == V2_CREATE_CHILD_SA && ((x->rekeys_ike && !x->response) ||
                                              (x->chosen && x->chosen->p->protocol == PROTO_IKE))) {
            return true;
        }
    }
    return false;
}

/* Requests of the side that deletes sa are missing before this one: one of them may have rekeyed it
 * (RFC 7296 section 2.2: each takes the next message ID). */
static bool
lacks_requests(const struct turn *t)
{
    const struct exchange *now = t->exchange;
    const struct exchange *before = NULL;

    for (struct newest n = newest_first(t->sa->exchanges.len, SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct exchange *x = t->sa->exchanges.at[n.i];
        if (x != now && x->request && x->by_initiator == now->by_initiator && !x->injected &&
            (!before || x->message_id > before->message_id)) {
            before = x;
        }
    }
    if (!before) {
        return t->sa->started_here && !now->by_initiator && now->message_id > 0;
    }
    return now->message_id > before->message_id + 1;
}

/* Only what the IKE SA protects is believed: anybody can send a Delete in clear. */
void
track_deletes(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;

    for (size_t i = 0; i < m->num_deletes; i++) {
        const struct ike_delete *d = &m->deletes[i];
        struct cur at = cur_of(d->spis.at, d->spis.len);
        uint32_t spi;
        if (!d->inner) {
            continue;
        }
        if (d->protocol == PROTO_IKE) {
            if (t->sa->deleted_in) {
                continue;
            }
            e->ike_deleted = true;
            t->sa->deleted_in = e->at.frame;
            t->sa->deleted_time = e->at.time;
            t->sa->deleted_by_initiator = e->from_initiator;
            if (t->sa->state != IKE_REKEYED && t->sa->state != IKE_FAILED) {
                t->sa->state = IKE_DELETED;
            }
            /* RFC 7296 section 1.4.1: its Child SAs go with it; IKEv1's live on. */
            bool with_it = m->major == 2 && t->sa->rekeyed_by == NO_ID && !rekeyed_unseen(t->sa);
            e->children_unsure = with_it && t->sa->children.len && lacks_requests(t);
            with_it = with_it && !e->children_unsure;
            for (guint j = 0; with_it && j < t->sa->children.len; j++) {
                delete_child(t, track_child(t->sa, j));
            }
            continue;
        }
        for (unsigned n = 0; d->spi_len == 4 && n < IKE_MAX_DELETE_SPIS && cur_u32(&at, &spi);
             n++) {
            struct child_sa *c = sadb_child_of(db, t->sa, d->protocol, spi, e->from_initiator);
            if (c) {
                /* It names the SPI of its sender; each side may have chosen the same. */
                bool same = c->spi_i == c->spi_r, by_i = ip_equal(&e->at.src, &c->addr_i);
                delete_child(t, c);
                c->closed_i |= c->spi_i == spi && (!same || by_i);
                c->closed_r |= c->spi_r == spi && (!same || !by_i);
                t->exchange->deletes_child |= !e->is_response;
            }
        }
    }
    note_half_closed(t);
}
