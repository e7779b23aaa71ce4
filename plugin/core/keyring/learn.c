/* learn.c - what the readable messages say of keys to come: nonces, suites, SPIs of
 * both sides (RFC 7296 sections 1.2, 1.3, 2.17, 2.18, RFC 2409 section 5.5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sas.h"

#include <espial/cursor.h>
#include <espial/limits.h>
#include <string.h>

enum { NONCE_MAX_LEN = 256 };           /* RFC 7296 section 3.9; RFC 2409 section 5 */

static bool
has_nonce(const struct ike_message *m)
{
    return m->nonce.len > 0 && m->nonce.len <= NONCE_MAX_LEN;
}

static bool
same_bytes(GBytes *b, const struct span *s)
{
    return b && g_bytes_get_size(b) == s->len &&
           memcmp(g_bytes_get_data(b, NULL), s->at, s->len) == 0;
}

/* --- offers ------------------------------------------------------------------------ */

static struct offer *
offer_of(GQueue *offers, uint32_t message_id, uint8_t exchange, bool by_initiator)
{
    for (GList *l = offers->tail; l; l = l->prev) {
        struct offer *o = (struct offer *)l->data;
        if (o->message_id == message_id && o->exchange == exchange &&
            o->by_initiator == by_initiator) {
            return o;
        }
    }
    return NULL;
}

static void
add_offer(GQueue *offers, const struct ike_message *m, bool by_initiator)
{
    struct offered_spi spis[IKE_MAX_PROPOSALS];
    struct offer *o;
    unsigned last = 0;

    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *p = &m->proposals[i];
        struct offered_spi one = { .number = p->number, .protocol = p->protocol };
        memcpy(one.spi, p->spi, sizeof one.spi);
        /* IKEv1 has one of these for each transform. */
        if (last == 0 || memcmp(&spis[last - 1], &one, sizeof one) != 0) {
            spis[last++] = one;
        }
    }
    o = (struct offer *)g_malloc0(sizeof *o + last * sizeof *spis);
    o->message_id = m->message_id;
    o->exchange = m->exchange;
    o->by_initiator = by_initiator;
    o->nonce = has_nonce(m) ? g_bytes_new(m->nonce.at, m->nonce.len) : NULL;
    o->num = last;
    for (unsigned i = 0; i < last; i++) {
        o->spis[i] = spis[i];
    }
    g_queue_push_tail(offers, o);
    if (g_queue_get_length(offers) > KEYRING_MAX_OFFERS) {
        offer_free(g_queue_pop_head(offers));
    }
}

static const struct offered_spi *
offered(const struct offer *o, const struct proposal *chosen)
{
    for (unsigned i = 0; i < o->num; i++) {
        if (o->spis[i].number == chosen->number && o->spis[i].protocol == chosen->protocol) {
            return &o->spis[i];
        }
    }
    return NULL;
}

/* --- negotiations ------------------------------------------------------------------------- */

static bool
same_negotiation(const struct child_negotiation *a, const struct child_negotiation *b)
{
    return a->v1 == b->v1 && a->second == b->second && a->first == b->first &&
           memcmp(a->spis, b->spis, IKE_SPIS) == 0 &&
           (a->first || (g_bytes_equal(a->ni, b->ni) && g_bytes_equal(a->nr, b->nr)));
}

static void
add_negotiation(struct keyring *k, const struct child_negotiation *from, const uint8_t spi[4],
                bool second)
{
    uint32_t number = be32(spi);
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(k->negotiations, GUINT_TO_POINTER(number));
    struct child_negotiation *child;

    if (k->num_negotiations >= KEYRING_MAX_CHILDREN) {
        keyring_reached(k, "more Child SAs negotiated than the key ring derives keys for");
        return;
    }
    child = g_new0(struct child_negotiation, 1);
    *child = *from;
    child->second = second;
    memcpy(child->spi, spi, 4);
    child->ni = from->ni ? g_bytes_ref(from->ni) : NULL;
    child->nr = from->nr ? g_bytes_ref(from->nr) : NULL;
    if (!list) {
        list = g_ptr_array_new_with_free_func(child_negotiation_free);
        g_hash_table_insert(k->negotiations, GUINT_TO_POINTER(number), list);
    }
    for (guint i = 0; i < list->len; i++) {
        if (same_negotiation((const struct child_negotiation *)g_ptr_array_index(list, i), child)) {
            child_negotiation_free(child);      /* the answer was sent again */
            return;
        }
    }
    /* SPIs are used again in time: the newest are of use. */
    if (list->len >= KEYRING_MAX_PER_SPI) {
        g_ptr_array_remove_index(list, 0);
        k->num_negotiations--;
    }
    g_ptr_array_add(list, child);
    k->num_negotiations++;
}

/* --- IKE_SA_INIT ----------------------------------------------------------------------- */

static bool
must_go(struct keyring *k, const uint8_t *spi_i, const struct init_requests *r, bool unanswered)
{
    return (r->answered || unanswered) && !ike2_named(k, spi_i);
}

static size_t
drop_requests(struct keyring *k, bool unanswered)
{
    GHashTableIter each;
    gpointer spi_i, r;
    size_t dropped = 0;

    g_hash_table_iter_init(&each, k->requests);
    while (g_hash_table_iter_next(&each, &spi_i, &r)) {
        if (must_go(k, (const uint8_t *)spi_i, (const struct init_requests *)r, unanswered)) {
            dropped += ((struct init_requests *)r)->heard->len;
            g_hash_table_iter_remove(&each);
        }
    }
    return dropped;
}

/* Those whose SPI the log names stay, however many strangers send. */
static void
make_room(struct keyring *k)
{
    if (k->num_requests < k->most_requests) {
        return;
    }
    k->num_requests -= drop_requests(k, false);
    if (k->num_requests > k->most_requests / 2) {
        size_t dropped = drop_requests(k, true);
        k->num_requests -= dropped;
        if (dropped) {
            keyring_reached(k, "more unanswered IKE_SA_INIT requests than the key ring keeps");
        }
    }
    k->most_requests = k->num_requests + KEYRING_MAX_IKE_SAS;
}

static void
say_lost(struct keyring *k, bool lost)
{
    if (lost) {
        keyring_reached(k, "more IKE_SA_INIT messages of one SPI than the key ring keeps");
    }
}

static void
learn_request(struct keyring *k, const struct ike_message *m, const struct heard *said)
{
    struct init_requests *r;
    bool lost = false;
    guint before;

    make_room(k);
    r = (struct init_requests *)g_hash_table_lookup(k->requests, m->spi_i);
    if (!r) {
        r = g_new0(struct init_requests, 1);
        r->heard = heard_new();
        keyring_put(k->requests, m->spi_i, 8, r);
    }
    before = r->heard->len;
    heard_add(r->heard, said, &lost);
    k->num_requests += r->heard->len - before;
    say_lost(k, lost);
}

/* Which request it answers is not said: any with this SPI, that of the same two addresses first. */
static void
take_requests(struct ike2_sa *sa, const struct init_requests *r, const struct heard *answer)
{
    for (int of_same = 1; of_same >= 0; of_same--) {
        for (guint i = 0; i < r->heard->len; i++) {
            const struct heard *request = heard_at(r->heard, i);
            if (heard_answers(answer, request) == (of_same != 0)) {
                heard_share(sa->requests, request);
            }
        }
    }
}

static void
learn_answer(struct keyring *k, const struct ike_message *m, struct heard *said)
{
    struct init_requests *r = (struct init_requests *)g_hash_table_lookup(k->requests, m->spi_i);
    uint8_t spis[IKE_SPIS];
    struct ike2_sa *sa;
    bool lost = false;

    keyring_spis(m, spis);
    sa = m->num_proposals ? ike2_sa_of(k, spis, true) : NULL;
    if (!sa || sa->rekeying || sa->nonces_proved) {
        return;
    }
    said->suite = key_suite_of(&m->proposals[0]);
    if (heard_add(sa->answers, said, &lost) && r) {
        r->answered = true;
        take_requests(sa, r, said);
    }
    say_lost(k, lost);
}

/* The answer to an IKE_SA_INIT has the suite of the IKE SA; it may come to the first request,
 * or to the one after a COOKIE or INVALID_KE_PAYLOAD (RFC 7296 sections 1.2, 2.6). */
static void
learn_init(struct keyring *k, const struct ike_message *m, const struct sighting *at)
{
    struct heard said = { .src = at->src, .dst = at->dst };

    if (!has_nonce(m)) {
        return;
    }
    said.nonce = g_bytes_new(m->nonce.at, m->nonce.len);
    if (ike_is_response(m)) {
        learn_answer(k, m, &said);
    } else {
        learn_request(k, m, &said);
    }
    g_bytes_unref(said.nonce);
}

/* --- IKEv2 ----------------------------------------------------------------------------- */

/* RFC 7296 section 2.18. */
static void
learn_rekeyed(struct keyring *k, struct ike2_sa *parent, const struct offer *o,
              const struct ike_message *m)
{
    const struct offered_spi *asked = offered(o, &m->proposals[0]);
    uint8_t spis[IKE_SPIS];
    struct ike2_sa *sa;
    struct ike_rekeying *rekeying;

    if (!asked || !m->has_ke || m->proposals[0].spi_len != 8) {
        return;
    }
    memcpy(spis, asked->spi, 8);
    memcpy(spis + 8, m->proposals[0].spi, 8);
    sa = ike2_sa_of(k, spis, true);
    ike2_prove(sa);
    if (sa->rekeying) {
        return;
    }
    rekeying = g_new0(struct ike_rekeying, 1);
    memcpy(rekeying->parent, parent->spis, IKE_SPIS);
    rekeying->suite = key_suite_of(&m->proposals[0]);
    rekeying->ke_len = m->ke.len;
    rekeying->ni = g_bytes_ref(o->nonce);
    rekeying->nr = g_bytes_new(m->nonce.at, m->nonce.len);
    sa->rekeying = rekeying;
}

/* The initiator of the exchange sends with the keys that come first (RFC 7296 section 2.17),
 * to the SPI that the other chose. */
static void
learn_child(struct keyring *k, const struct ike2_sa *sa, const struct offer *o,
            const struct ike_message *m)
{
    const struct proposal *p = &m->proposals[0];
    const struct offered_spi *asked = o ? offered(o, p) : NULL;
    struct child_negotiation from = { .suite = key_suite_of(p) };

    if (p->protocol != PROTO_ESP || p->spi_len != 4) {
        return;                 /* AH has nothing to decrypt */
    }
    memcpy(from.spis, sa->spis, IKE_SPIS);
    if (m->exchange == V2_IKE_AUTH) {
        from.first = sa->requests->len && sa->answers->len;
    } else if (o && o->nonce && has_nonce(m)) {
        from.exchanged = m->has_ke;
        from.ke_len = m->ke.len;
        from.ni = g_bytes_ref(o->nonce);
        from.nr = g_bytes_new(m->nonce.at, m->nonce.len);
    }
    if (from.first || from.nr) {
        add_negotiation(k, &from, p->spi, false);
        if (asked) {
            add_negotiation(k, &from, asked->spi, true);
        }
    }
    g_bytes_unref(from.ni);
    g_bytes_unref(from.nr);
}

static void
learn_v2(struct keyring *k, const struct ike_message *m, const struct sighting *at)
{
    bool from_initiator = (m->flags & FLAG_INITIATOR) != 0, response = ike_is_response(m);
    uint8_t spis[IKE_SPIS];
    struct ike2_sa *sa;
    struct offer *o;

    if (m->exchange == V2_IKE_SA_INIT) {
        learn_init(k, m, at);
        return;
    }
    if ((m->exchange != V2_IKE_AUTH && m->exchange != V2_CREATE_CHILD_SA) || !m->num_proposals) {
        return;
    }
    keyring_spis(m, spis);
    sa = ike2_sa_of(k, spis, true);
    ike2_prove(sa);
    /* IKE_AUTH asks in its first request and answers in its last response, with EAP between. */
    uint32_t id = m->exchange == V2_IKE_AUTH ? 1 : m->message_id;
    bool by_initiator = response ? !from_initiator : from_initiator;
    o = offer_of(sa->offers, id, m->exchange, by_initiator);
    if (!response) {
        if (!o || (o->nonce && !same_bytes(o->nonce, &m->nonce))) {
            add_offer(sa->offers, m, by_initiator);
            ((struct offer *)sa->offers->tail->data)->message_id = id;
        }
        return;
    }
    if (m->exchange == V2_CREATE_CHILD_SA && m->proposals[0].protocol == PROTO_IKE) {
        if (o && o->nonce && has_nonce(m)) {
            learn_rekeyed(k, sa, o, m);
        }
        return;
    }
    learn_child(k, sa, o, m);
}

/* --- IKEv1 ------------------------------------------------------------------------------- */

/* Both sides' keys follow from their own SPI (RFC 2409 section 5.5). */
static void
learn_quick_answer(struct keyring *k, const struct ike1_sa *sa, const struct offer *o,
                   const struct ike_message *m)
{
    struct child_negotiation from = { .v1 = true, .exchanged = m->has_ke, .ke_len = m->ke.len };

    from.ni = g_bytes_ref(o->nonce);
    from.nr = g_bytes_new(m->nonce.at, m->nonce.len);
    memcpy(from.spis, sa->spis, IKE_SPIS);
    /* ESP and AH of one bundle are proposals with the same number. */
    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *p = &m->proposals[i];
        const struct offered_spi *asked = offered(o, p);
        if (p->protocol != PROTO_ESP || p->spi_len != 4) {
            continue;
        }
        from.suite = key_suite_of(p);
        from.suite.prf = sa->hash;
        add_negotiation(k, &from, p->spi, false);
        if (asked) {
            add_negotiation(k, &from, asked->spi, false);
        }
    }
    g_bytes_unref(from.ni);
    g_bytes_unref(from.nr);
}

static void
learn_v1(struct keyring *k, const struct ike_message *m)
{
    uint8_t spis[IKE_SPIS];
    struct ike1_sa *sa;
    struct offer *o;

    if (m->exchange != V1_QUICK || !m->num_proposals || !has_nonce(m) || !ike1_keys(k, m->spi_i)) {
        return;
    }
    keyring_spis(m, spis);
    sa = ike1_sa_of(k, spis, true);
    ike1_prove(sa);
    /* Nothing says who speaks: the first SA payload of the exchange is the offer. */
    o = offer_of(sa->offers, m->message_id, m->exchange, true);
    if (!o) {
        add_offer(sa->offers, m, true);
    } else if (!same_bytes(o->nonce, &m->nonce) && !o->answered) {
        o->answered = true;
        learn_quick_answer(k, sa, o, m);
    }
}

/* What negotiates keys is encrypted, but for IKE_SA_INIT (RFC 7296 sections 1.2 and 1.3, RFC 2409
 * section 5.5): in clear anybody can have sent it. */
static bool
may_be_learnt(const struct ike_message *m)
{
    return m->readable && (m->encrypted || (m->major == 2 && m->exchange == V2_IKE_SA_INIT));
}

void
keyring_learn_ike(struct keyring *k, const struct ike_message *m, const struct sighting *at)
{
    if (!may_be_learnt(m)) {
        return;
    }
    if (m->major == 1) {
        learn_v1(k, m);
    } else if (m->major == 2 && keylog_num_ike2(k->log)) {
        learn_v2(k, m, at);
    }
}
