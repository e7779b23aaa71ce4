/* child.c - proposals and selectors of a message, and the Child SAs
 * that they make (RFC 7296 sections 1.2, 1.3 and 2.8, RFC 2409
 * section 5.5).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

#define TURNED_SECONDS 2.0          /* messages that were captured the wrong way round */

static bool
is_ike_offer(const struct ike_message *m)
{
    return m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE || m->exchange == V2_IKE_SA_INIT;
}

static uint32_t
spi_of(const struct proposal *p)
{
    return p->spi_len == 4 ? (uint32_t)p->spi[0] << 24 | (uint32_t)p->spi[1] << 16 |
                             (uint32_t)p->spi[2] << 8 | p->spi[3] : 0;
}

/* The offer stands in the first message with an SA payload; the answer in the first
 * one from the other side. */
static bool
is_offer(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;

    return m->num_proposals && !e->is_response && e->from_initiator == t->exchange->by_initiator &&
           !t->exchange->offered->len;
}

/* The message's selectors, the exchange's initiator's first; false where it holds none. */
static bool
read_selectors(const struct ike_message *m, struct selector out[2 * IKE_MAX_SELECTORS],
               size_t *num_i, size_t *num_r)
{
    if (m->has_ts) {
        memcpy(out, m->ts_i, m->num_ts_i * sizeof *out);
        memcpy(out + m->num_ts_i, m->ts_r, m->num_ts_r * sizeof *out);
        *num_i = m->num_ts_i;
        *num_r = m->num_ts_r;
        return true;
    }
    *num_i = *num_r = 1;
    return m->exchange == V1_QUICK && m->id_i.present && m->id_r.present &&
           ike_id_selector(&m->id_i, &out[0]) && ike_id_selector(&m->id_r, &out[1]);
}

static void
keep_selectors(struct sadb *db, struct exchange *x, const struct ike_message *m)
{
    struct selector ts[2 * IKE_MAX_SELECTORS];
    size_t num_i, num_r;

    if (!read_selectors(m, ts, &num_i, &num_r)) {
        return;
    }
    x->ts = store_selectors(&db->store, ts, num_i + num_r);
    x->num_ts_i = (uint8_t)num_i;
    x->num_ts_r = (uint8_t)num_r;
    x->by_ts_known = true;
}

/* SPIs differ from SA to SA; a rekey of the IKE SA has eight octets. */
static void
keep_spis(struct sadb *db, struct exchange *x, const struct ike_message *m)
{
    const struct proposal *first = &m->proposals[0];
    struct offer_spis *s;
    size_t others = 0;

    for (size_t i = 0; i < m->num_proposals; i++) {
        others += spi_of(&m->proposals[i]) != spi_of(first);
    }
    if (!first->spi_len && !others) {
        return;
    }
    s = (struct offer_spis *)store_alloc(&db->store, sizeof *s + others * sizeof s->others[0]);
    memcpy(s->ike_spi, first->spi, sizeof s->ike_spi);
    s->spi = spi_of(first);
    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *p = &m->proposals[i];
        if (spi_of(p) != s->spi) {
            s->others[s->num_others].number = p->number;
            s->others[s->num_others].protocol = p->protocol;
            s->others[s->num_others++].spi = spi_of(p);
        }
    }
    x->spis = s;
}

static bool
asks_address(const struct ike_message *m)
{
    if (m->cfg_type != CP_REQUEST) {
        return false;
    }
    for (size_t i = 0; i < m->num_cfg; i++) {
        if (m->cfg[i].type == CFG_INTERNAL_IP4_ADDRESS ||
            m->cfg[i].type == CFG_INTERNAL_IP6_ADDRESS) {
            return true;
        }
    }
    return false;
}

/* The sender of the message offers it, or has chosen it. */
static void
keep_policy(struct turn *t, const struct kept_proposal *kept, bool chosen)
{
    const struct policy one = { kept, t->e->at.frame, chosen, t->sa, t->exchange };

    store_policy(&t->db->store, &t->e->at.src, &one);
}

void
track_offer(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;
    const struct ike_notify *rekey;

    if (m->has_ke && e->from_initiator == x->by_initiator && !e->is_response) {
        x->ke_group = m->major == 1 ? 1 : m->ke_group;
    }
    if (asks_address(m)) {
        x->asked_address = true;
    }
    if (!is_offer(t)) {
        return;
    }
    x->offered = store_offers(&db->store, m, e->at.frame, m->encrypted && m->readable);
    x->offered_in = e->at.frame;
    if (is_ike_offer(m) && !t->sa->offered->len) {
        t->sa->offered = x->offered;
    }
    keep_spis(db, x, m);
    keep_selectors(db, x, m);
    for (guint i = 0; i < x->offered->len; i++) {
        keep_policy(t, x->offered->at[i], false);
    }
    x->transport = m->major == 2 && ike_find_notify(m, N2_USE_TRANSPORT_MODE) != NULL;
    x->per_resource = m->major == 2 && ike_find_notify(m, N2_SA_RESOURCE_INFO) != NULL;
    rekey = m->major == 2 ? ike_find_notify(m, N2_REKEY_SA) : NULL;
    if (rekey && rekey->spi.len == 4) {
        struct proposal p = { .spi_len = 4 };
        memcpy(p.spi, rekey->spi.at, 4);
        x->rekeys_spi = spi_of(&p);
    }
    if (m->exchange == V2_CREATE_CHILD_SA && m->proposals[0].protocol == PROTO_IKE &&
        m->proposals[0].spi_len == 8) {
        x->rekeys_ike = true;
    }
}

/* The SPI that the offer gave to the proposal that was chosen. */
static uint32_t
offered_spi(const struct exchange *x, const struct proposal *chosen)
{
    const struct offer_spis *s = x->spis;

    for (size_t i = 0; s && i < s->num_others; i++) {
        if (s->others[i].number == chosen->number && s->others[i].protocol == chosen->protocol) {
            return s->others[i].spi;
        }
    }
    return s ? s->spi : 0;
}

/* fresh takes the place of old, which may be NULL; false where it does not. */
static bool
link_rekeyed(struct child_sa *old, struct child_sa *fresh)
{
    if (!old || old == fresh || old->rekeyed_by != NO_ID) {
        return false;
    }
    old->rekeyed_by = fresh->id;
    fresh->rekeys = old->id;
    if (old->state == CHILD_INSTALLED) {
        old->state = CHILD_REKEYED;
    }
    return true;
}

/* IKEv1 has no notify for it: a second quick mode with the same selectors between
 * the same peers replaces the first.  Behind one NAT the outer addresses, and in transport mode
 * the selectors, are those of every client. */
static struct child_sa *
v1_replaced(const struct sadb *db, const struct child_sa *fresh)
{
    for (guint i = db->child_sas->len; i > 0; i--) {
        struct child_sa *c = database_child_sa(db, i - 1);
        if (c != fresh && c->ike_sa->major == 1 && c->state == CHILD_INSTALLED &&
            c->basis != BASIS_INFERRED && c->protocol == fresh->protocol &&
            ip_equal(&c->addr_i, &fresh->addr_i) && ip_equal(&c->addr_r, &fresh->addr_r) &&
            (c->ike_sa == fresh->ike_sa || ike_sa_same_peers(c->ike_sa, fresh->ike_sa)) &&
            child_same_selectors(c, fresh)) {
            return c;
        }
        if (fresh->id - c->id > SADB_MAX_PER_PEER) {
            break;
        }
    }
    return NULL;
}

static const struct child_sa *
twin_of(const struct ike_sa *sa, const struct child_sa *fresh)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        if (c != fresh && c->state == CHILD_INSTALLED && c->established &&
            c->protocol == fresh->protocol && child_same_selectors(c, fresh)) {
            return c;
        }
    }
    return NULL;
}

/* The selectors of the answer: its own, else those asked, else (RFC 2409 section 5.5) the
 * ISAKMP peers themselves. */
static void
answered_selectors(struct turn *t, struct child_sa *c)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    const struct exchange *x = t->exchange;
    struct selector ts[2 * IKE_MAX_SELECTORS];
    const struct selector *by, *other;
    size_t num_by, num_other;
    bool i = x->by_initiator;

    if (read_selectors(m, ts, &num_by, &num_other)) {
        by = store_selectors(&db->store, ts, num_by);
        other = store_selectors(&db->store, ts + num_by, num_other);
    } else if (m->exchange == V1_QUICK && !m->id_i.present && x->request) {
        ts[0] = selector_host(&e->at.dst);
        ts[1] = selector_host(&e->at.src);
        num_by = num_other = 1;
        by = store_selectors(&db->store, &ts[0], 1);
        other = store_selectors(&db->store, &ts[1], 1);
    } else {
        by = exchange_selectors(x, true, &num_by);
        other = exchange_selectors(x, false, &num_other);
    }
    c->ts_i = i ? by : other;
    c->ts_r = i ? other : by;
    c->num_ts_i = (uint8_t)(i ? num_by : num_other);
    c->num_ts_r = (uint8_t)(i ? num_other : num_by);
}

static void
make_child(struct turn *t, const struct proposal *chosen, const struct kept_proposal *kept)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;
    uint32_t by = offered_spi(x, chosen), other = spi_of(chosen);
    struct child_sa *c, *old = NULL;
    bool i = x->by_initiator;

    c = sadb_child_new(db, t->sa, chosen->protocol, i ? by : other, i ? other : by);
    if (!c) {
        return;
    }
    c->basis = e->basis;
    c->established = true;
    c->chosen = kept;
    c->transport = m->major == 2 ? ike_find_notify(m, N2_USE_TRANSPORT_MODE) != NULL :
                   v1_is_transport(chosen->attr.mode);
    c->fragments_also = m->major == 2 && ike_find_notify(m, N2_NON_FIRST_FRAGMENTS_ALSO);
    c->udp_encap = m->major == 1 && (chosen->attr.mode == MODE_UDP_TUNNEL ||
                                     chosen->attr.mode == MODE_UDP_TRANSPORT ||
                                     chosen->attr.mode >= MODE_UDP_TUNNEL_DRAFT);
    c->per_resource = m->major == 2 && (x->per_resource ||
                                        ike_find_notify(m, N2_SA_RESOURCE_INFO) != NULL);
    answered_selectors(t, c);
    c->request_frame = x->request;
    c->negotiated_in = e->at.frame;
    c->negotiated_time = e->at.time;
    c->exchange = x->index;
    c->exchange_type = x->type;
    if (t->sa->addresses->len) {
        const struct assigned_address *a = &t->sa->addresses->at[t->sa->addresses->len - 1];
        c->virtual_ip = a->addr;
        c->virtual_ip_frame = a->frame;
        c->mode_config = a->mode_config;
    }
    db->has_null |= kept_is_null(c->chosen);
    db->has_selectors |= c->num_ts_i && c->num_ts_r;
    e->child = c;
    if (x->rekeys_spi) {
        old = sadb_child_of(db, t->sa, c->protocol, x->rekeys_spi, i);
    } else if (m->major == 1) {
        old = v1_replaced(db, c);
    }
    if (link_rekeyed(old, c)) {
        e->child_rekeyed = old;
    }
    /* Both sides may rekey one SA at a time: the second new one replaces it too (RFC 7296 section
     * 2.8.1). */
    e->twin = c->rekeys == NO_ID && !x->rekeys_spi && !c->per_resource ? twin_of(t->sa, c) : NULL;
}

/* The Delete of the old IKE SA was captured before its rekeying: the Child SAs did not go with
 * it. */
static void
bring_back(struct ike_sa *old, double now)
{
    for (struct newest n = newest_first(old->children.len, SADB_MAX_LOOKED_AT);
         old->deleted_in && newest_next(&n);) {
        struct child_sa *c = track_child(old, n.i);
        if (c->deleted_in == old->deleted_in && !c->closed_i && !c->closed_r &&
            now - c->deleted_time < TURNED_SECONDS) {
            c->deleted_in = 0;
            c->deleted_time = 0;
            c->state = c->state == CHILD_DELETED ? CHILD_INSTALLED : c->state;
        }
    }
}

/* The first proposal of a protocol that makes an SA; IPComp rides along. */
static const struct proposal *
chosen_proposal(const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_proposals; i++) {
        if (m->proposals[i].protocol != PROTO_IPCOMP) {
            return &m->proposals[i];
        }
    }
    return NULL;
}

static bool
was_offered(const struct exchange *x)
{
    for (guint i = 0; i < x->offered->len; i++) {
        if (suite_chosen_from(x->chosen->p, x->offered->at[i]->p)) {
            return true;
        }
    }
    return x->offered->len == 0;
}

/* The group that INVALID_KE_PAYLOAD wants is known of its sender from then on. */
static void
learn_group(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    const struct ike_notify *n =
        m->major == 2 && t->exchange->invalid_ke ? ike_find_notify(m, N2_INVALID_KE_PAYLOAD) : NULL;
    struct transform group = { .type = TRANSFORM_KE };
    struct proposal p = { .protocol = PROTO_IKE, .num_transforms = 1, .transforms = &group };
    struct cur c;

    if (!n) {
        return;
    }
    c = cur_of(n->data.at, n->data.len);
    if (cur_u16(&c, &group.id)) {
        p.protocol =
            m->exchange == V2_IKE_SA_INIT || t->exchange->rekeys_ike ? PROTO_IKE : PROTO_ESP;
        keep_policy(t, store_proposal(&db->store, &p, e->at.frame), true);
    }
}

/* EAP: the offer stood in the first IKE_AUTH request, the answer stands in the last response
 * (RFC 7296 section 2.16). */
static void
take_offer(struct turn *t)
{
    struct exchange *x = t->exchange;

    for (struct newest n = newest_first(t->sa->exchanges.len, SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct exchange *first = t->sa->exchanges.at[n.i];
        if (first->type == V2_IKE_AUTH && first->offered->len) {
            x->offered = first->offered;
            x->offered_in = first->offered_in;
            x->spis = first->spis;
            x->ts = first->ts;
            x->num_ts_i = first->num_ts_i;
            x->num_ts_r = first->num_ts_r;
            x->by_ts_known = first->by_ts_known;
            x->asked_address = first->asked_address;
            x->transport = first->transport;
            x->per_resource = first->per_resource;
            return;
        }
    }
}

/* Quick mode's third message is a hash alone and comes from who began it (RFC 2409 section 5.5):
 * told by the first message of the capture, its two sides were the wrong way round.  What was taken
 * for the offer is the answer, of a Child SA that was made already, or will be by the offer. */
static void
set_right(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;
    const struct kept_proposal *answer = x->offered->len == 1 ? x->offered->at[0] : NULL;

    if (m->exchange != V1_QUICK || !m->readable || m->num_proposals || m->num_notifies ||
        m->id_i.present || x->messages.len > 3 || e->from_initiator == x->by_initiator) {
        return;
    }
    x->by_initiator = e->from_initiator;
    track_sides(x);
    if (!x->chosen) {
        x->answered_first = answer && x->spis;
        return;
    }
    x->chosen = answer ? answer : x->chosen;
    for (struct newest n = newest_first(t->sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        struct child_sa *c = track_child(t->sa, n.i);
        if (c->exchange == x->index && c->ike_sa == t->sa && c->exchange_type == V1_QUICK) {
            const struct selector *ts = c->ts_i;
            uint8_t num = c->num_ts_i;
            c->ts_i = c->ts_r;
            c->num_ts_i = c->num_ts_r;
            c->ts_r = ts;
            c->num_ts_r = num;
            c->chosen = answer && answer->p->protocol == c->protocol ? answer : c->chosen;
            link_rekeyed(c->rekeys == NO_ID ? v1_replaced(db, c) : NULL, c);
        }
    }
}

/* The offer comes after its answer: it has the SPI of its side. */
static void
take_late_offer(struct turn *t)
{
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;

    for (struct newest n = newest_first(t->sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        struct child_sa *c = track_child(t->sa, n.i);
        if (c->exchange == x->index && c->ike_sa == t->sa && c->exchange_type == x->type &&
            !(x->by_initiator ? c->spi_i : c->spi_r) && c->chosen) {
            sadb_child_spi(db, c, x->by_initiator, offered_spi(x, c->chosen->p));
        }
    }
}

static bool
makes_child(const struct ike_message *m)
{
    return m->exchange == V2_IKE_AUTH || m->exchange == V2_CREATE_CHILD_SA;
}

/* The first message of quick mode, after its answer and its third; or a request behind its
 * response. */
static bool
offers_late(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct exchange *x = t->exchange;
    const struct kept_proposal *answer;
    struct proposal p;
    uint32_t spi;

    if ((m->exchange != V1_QUICK && !makes_child(m)) || !m->num_proposals ||
        t->e->from_initiator != x->by_initiator) {
        return false;
    }
    if (!x->answered_first) {
        take_late_offer(t);
        return false;
    }
    answer = x->offered->at[0];
    spi = x->spis->spi;
    p = *answer->p;
    p.spi_len = sizeof spi;
    for (unsigned i = 0; i < sizeof spi; i++) {
        p.spi[i] = (uint8_t)(spi >> (24 - 8 * i));
    }
    x->answered_first = false;
    x->offered = &no_offers;
    track_offer(t);
    x->chosen = answer;
    make_child(t, &p, answer);
    return true;
}

/* RFC 2407 section 4.2: proposals of one number are chosen together.  AH and ESP make an SA each
 * (RFC 2401 section 4.5). */
static void
take_bundle(struct turn *t, const struct proposal *p)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;

    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *q = &m->proposals[i];
        const struct kept_proposal *kept;
        const struct child_sa *first = e->child;
        if (q == p || !q->v1 || q->number != p->number || q->protocol == p->protocol) {
            continue;
        }
        kept = store_proposal(&db->store, q, e->at.frame);
        keep_policy(t, kept, true);
        if (first && m->exchange == V1_QUICK && q->protocol + p->protocol == PROTO_ESP + PROTO_AH &&
            !e->second) {
            const struct child_sa *twin = e->twin, *old = e->child_rekeyed;
            make_child(t, q, kept);
            e->second = e->child != first ? e->child : NULL;
            e->child = first;
            e->twin = twin;
            e->child_rekeyed = old;
        }
    }
}

static void
note_method(struct turn *t, bool of_initiator)
{
    if (of_initiator && !t->sa->auth_method_in) {
        t->sa->auth_method_in = t->e->at.frame;
    }
}

void
track_answer(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    struct exchange *x = t->exchange;
    const struct proposal *p;

    track_addresses(t);
    set_right(t);
    if (offers_late(t)) {
        return;
    }
    if (e->from_initiator != x->by_initiator) {
        x->response_readable |= m->readable;
        x->transport_answered |= m->major == 2 && ike_find_notify(m, N2_USE_TRANSPORT_MODE) != NULL;
        x->invalid_ke |= m->major == 2 && ike_find_notify(m, N2_INVALID_KE_PAYLOAD);
        x->refused_ke |= x->invalid_ke || (m->major == 2 && ike_find_notify(m, N2_COOKIE));
    }
    learn_group(t);
    if (m->major == 2 && m->has_auth && m->encrypted) {
        *(e->from_initiator ? &t->sa->auth_method : &t->sa->auth_method_r) = m->auth_method;
        note_method(t, e->from_initiator);
    }
    if (m->eap_code && m->encrypted) {
        t->sa->eap = true;
        note_method(t, true);
    }
    p = e->from_initiator != x->by_initiator ? chosen_proposal(m) : NULL;
    if (e->is_response && m->exchange == V2_IKE_AUTH && !x->offered->len &&
        (p || m->cfg_type || ike_has_error(m))) {
        take_offer(t);
    }
    if (!p || x->chosen) {
        return;
    }
    x->chosen = store_proposal(&db->store, p, e->at.frame);
    keep_policy(t, x->chosen, true);
    if (is_ike_offer(m)) {
        /* A suite that was never offered is none that both sides agree on. */
        t->sa->chosen = was_offered(x) ? x->chosen : NULL;
        if (m->major == 1) {
            t->sa->auth_method = p->attr.auth_method;
            note_method(t, true);
        }
    } else if (p->protocol == PROTO_IKE) {
        if (m->exchange == V2_CREATE_CHILD_SA) {
            bring_back(t->sa, e->at.time);
        }
        if (x->rekeys_ike && x->spis && p->spi_len == 8 && !ike_has_error(m)) {
            track_rekey(t, p);
        }
    } else if (m->exchange == V1_QUICK || makes_child(m)) {
        make_child(t, p, x->chosen);
    }
    take_bundle(t, p);
}
