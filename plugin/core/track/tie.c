/* tie.c - whose an IKE message is: its IKE SA, its exchange, and the same message seen before.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

bool
track_between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b)
{
    return (ip_equal(&sa->initiator.addr, a) && ip_equal(&sa->responder.addr, b)) ||
           (ip_equal(&sa->initiator.addr, b) && ip_equal(&sa->responder.addr, a));
}

/* The same, where a NAT's two sides were captured. */
bool
track_known_between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b)
{
    return (ike_sa_is_at(sa, true, a) && ike_sa_is_at(sa, false, b)) ||
           (ike_sa_is_at(sa, true, b) && ike_sa_is_at(sa, false, a));
}

/* The first message of sa at this moment again, from beyond a NAT. */
static bool
first_again(const struct ike_sa *sa, uint64_t sum, const struct sighting *at)
{
    const struct exchange *x = sa->exchanges.len ? sa->exchanges.at[0] : NULL;
    const struct exchange_message *one = x && x->messages.len ? &x->messages.at[0] : NULL;

    return one && one->digest == sum && at->time - one->time < DUPLICATE_MESSAGE_SECONDS &&
           one->ip_id == at->ip_id;
}

static bool
is_of(const struct ike_sa *sa, const struct ike_message *m)
{
    return sa->major == m->major && memcmp(sa->spi_i, m->spi_i, sizeof sa->spi_i) == 0;
}

struct ike_sa *
track_by_spis(struct sadb *db, const struct ike_message *m, const struct sighting *at)
{
    struct sa_key key = store_spis_key(&db->store, m->spi_i, m->spi_r);
    struct ike_sa *sa, *elsewhere = NULL;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (is_of(sa, m) && track_known_between(sa, &at->src, &at->dst)) {
            return sa;
        }
        elsewhere = elsewhere || !is_of(sa, m) ? elsewhere : sa;
    }
    return elsewhere;
}

/* An answer to a first request, which carries an SPI of its own. */
static bool
answers_first(const struct ike_message *m)
{
    if (m->encrypted || m->fragment) {
        return false;
    }
    return m->major == 2 ? m->exchange == V2_IKE_SA_INIT && ike_is_response(m) :
                           (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) &&
                               m->num_proposals > 0;
}

/* A refusal of phase 1, which may carry any cookie of the responder's. */
static bool
refuses_phase1(const struct ike_message *m)
{
    return m->major == 1 && m->exchange == V1_INFORMATIONAL && !m->encrypted && ike_has_error(m);
}

/* The responder's SPI of the message is not that of sa: it has none so far, or not for good, or
 * another one answers the same request. */
static bool
may_take(const struct ike_sa *sa, const struct ike_message *m)
{
    return ike_spi_is_zero(m->spi_r) || !sa->has_spi_r ||
           (sa->state != IKE_ESTABLISHED && !sa->chosen) ||
           (answers_first(m) && !sa->asked_again && sa->started_here) ||
           (refuses_phase1(m) && sa->state != IKE_ESTABLISHED && sa->started_here);
}

/* The answer goes to where the first request came from, and comes from an address that was not
 * asked; the one that was has answered, too. */
static bool
answers_from_elsewhere(const struct ike_sa *sa, const struct ike_message *m,
                       const struct sighting *at)
{
    return m->major == 2 && answers_first(m) && sa->started_here && sa->rekeys == NO_ID &&
           !sa->asked_again && ip_equal(&sa->initiator.addr, &at->dst) &&
           sa->initiator.port == at->dst_port && sa->from_responder;
}

/* The pair of SPIs of a known SA of the same two, each in the other's place: a responder that
 * begins an exchange and puts its own SPI first, against RFC 7296 section 3.1. */
struct ike_sa *
track_by_turned_spis(struct sadb *db, const struct ike_message *m, const struct sighting *at)
{
    struct sa_key key = store_spis_key(&db->store, m->spi_r, m->spi_i);
    struct ike_sa *sa;

    if (m->major != 2 || !m->encrypted || ike_spi_is_zero(m->spi_r)) {
        return NULL;
    }
    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (sa->major == 2 && memcmp(sa->spi_i, m->spi_r, sizeof sa->spi_i) == 0 &&
            memcmp(sa->spi_r, m->spi_i, sizeof sa->spi_r) == 0 &&
            track_known_between(sa, &at->src, &at->dst)) {
            return sa;
        }
    }
    return NULL;
}

struct ike_sa *
track_find_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at, uint64_t sum)
{
    struct sa_key half = store_half_key(&db->store, m->spi_i, &at->src, &at->dst);
    struct sa_key key = store_key(&db->store, 'i', 0, m->spi_i, 8, NULL, NULL);
    struct ike_sa *sa = ike_spi_is_zero(m->spi_r) ? NULL : track_by_spis(db, m, at), *elsewhere;

    if (sa && track_known_between(sa, &at->src, &at->dst)) {
        return sa;
    }
    elsewhere = sa;
    for (struct walk w = store_walk(&db->store, &half, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (is_of(sa, m) && track_known_between(sa, &at->src, &at->dst) && may_take(sa, m)) {
            return sa;
        }
    }
    if (elsewhere) {
        return elsewhere;
    }
    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (is_of(sa, m) &&
            ((first_again(sa, sum, at) && may_take(sa, m)) || answers_from_elsewhere(sa, m, at))) {
            return sa;
        }
    }
    return NULL;
}

struct ike_sa *
track_make_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at)
{
    struct sa_key half = store_half_key(&db->store, m->spi_i, &at->src, &at->dst);
    /* A first request has no responder's SPI (RFC 7296 section 3.1), whatever it says. */
    static const uint8_t none[8];
    bool first = m->major == 2 && m->exchange == V2_IKE_SA_INIT && !ike_is_response(m);
    struct ike_sa *sa = sadb_ike_new(db, m->major, m->spi_i, first ? none : m->spi_r);
    bool src_begins = m->major == 1 || (m->flags & FLAG_INITIATOR);

    if (!sa) {
        return NULL;
    }
    /* The first answer to an unseen request comes from the responder. */
    if (m->major == 1 && m->exchange == V1_INFORMATIONAL && m->message_id == 0) {
        src_begins = false;
    }
    track_v1_tells(m, &src_begins);
    sa->initiator.addr = src_begins ? at->src : at->dst;
    sa->initiator.port = src_begins ? at->src_port : at->dst_port;
    sa->responder.addr = src_begins ? at->dst : at->src;
    sa->responder.port = src_begins ? at->dst_port : at->src_port;
    sa->started_here = ike_spi_is_zero(m->spi_r) && (m->major == 1 || !ike_is_response(m));
    sa->first_frame = at->frame;
    store_pair_add(&db->store, sa, &at->src, &at->dst);
    store_add(&db->store, &half, sa);
    return sa;
}

static bool
same_exchange(const struct exchange *x, const struct ike_message *m, bool by_initiator)
{
    return x->type == m->exchange && x->message_id == m->message_id &&
           (m->major == 1 || x->by_initiator == by_initiator);
}

struct exchange_message *
track_find_message(struct exchange *x, uint64_t sum, bool from_initiator)
{
    for (guint i = 0; i < x->messages.len; i++) {
        struct exchange_message *old = track_message(x, i);
        if (old->digest == sum && old->from_initiator == from_initiator) {
            return old;
        }
    }
    return NULL;
}

/* IKEv1: only the answer to it was captured so far, or its fragments. */
static struct exchange *
waits_for_request(const struct turn *t)
{
    for (guint i = 0; i < t->sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(t->sa, i);
        if (x->type == t->m->exchange && !x->injected &&
            (!x->request || !sadb_whole_messages(x) ||
             track_lacks_first(x, t->e->at.frame, t->e->at.time))) {
            return x;
        }
    }
    return NULL;
}

/* The first messages: a new request under the used message ID (the retry after COOKIE or
 * INVALID_KE_PAYLOAD) begins another exchange, an answer belongs to the request that it fits. */
static struct exchange *
find_init(const struct turn *t)
{
    unsigned first = 0;

    for (guint i = t->sa->exchanges.len; i > 0 && first <= SADB_MAX_REQUESTS; i--) {
        struct exchange *x = track_exchange(t->sa, i - 1);
        if (track_is_first(x)) {
            first++;
            if (track_find_message(x, t->sum, t->e->from_initiator)) {
                return x;
            }
        }
    }
    if (t->m->major == 1 ? !t->e->from_initiator : t->e->is_response) {
        return track_match_request(t->sa, t->m, t->e->at.time);
    }
    return t->m->major == 1 ? waits_for_request(t) : NULL;
}

/* The newest of its kind.  First requests, which anybody can send, do not count among those that
 * are looked at, and phase 1 of IKEv1 is most often the first exchange of its IKE SA. */
struct exchange *
track_find_exchange(struct turn *t)
{
    const struct ike_message *m = t->m;
    bool by_initiator = t->e->is_response ? !t->e->from_initiator : t->e->from_initiator;
    struct exchange *x;
    unsigned looked = 0;

    if (m->major == 2 ? m->exchange == V2_IKE_SA_INIT && !m->fragment :
                        answers_first(m) || track_begins(m)) {
        return find_init(t);
    }
    for (struct newest n = newest_first(t->sa->exchanges.len, SADB_MAX_LOOKED_AT);
         looked < EXCHANGES_LOOKED_AT && newest_next(&n);) {
        x = track_exchange(t->sa, n.i);
        looked += x->type != V2_IKE_SA_INIT;
        if (same_exchange(x, m, by_initiator) && !x->injected) {
            return x;
        }
    }
    x = t->sa->exchanges.len ? track_exchange(t->sa, 0) : NULL;
    return x && m->major == 1 && same_exchange(x, m, by_initiator) ? x : NULL;
}

struct exchange *
track_make_exchange(struct sadb *db, struct ike_sa *sa, const struct ike_message *m,
                    bool by_initiator)
{
    struct exchange *x;

    if (sa->exchanges.len >= SADB_MAX_EXCHANGES) {
        store_cap(&db->store, "exchanges of one IKE SA");
        return NULL;
    }
    x = (struct exchange *)store_alloc(&db->store, sizeof *x);
    x->index = sa->exchanges.len;
    x->type = m->exchange;
    x->message_id = m->message_id;
    x->by_initiator = by_initiator || m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE;
    x->offered = &no_offers;
    store_add_exchange(&db->store, &sa->exchanges, x);
    return x;
}
