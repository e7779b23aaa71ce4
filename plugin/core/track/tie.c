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

struct ike_sa *
track_find_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at, uint64_t sum)
{
    struct sa_key key = store_key(&db->store, 'i', 0, m->spi_i, 8, NULL, NULL);
    struct ike_sa *half_open = NULL;
    struct ike_sa *sa;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (sa->major != m->major || memcmp(sa->spi_i, m->spi_i, 8) != 0) {
            continue;
        }
        if (sa->has_spi_r && memcmp(sa->spi_r, m->spi_r, 8) == 0) {
            return sa;
        }
        if (!half_open && (track_known_between(sa, &at->src, &at->dst) ||
                           first_again(sa, sum, at)) &&
            (ike_spi_is_zero(m->spi_r) || !sa->has_spi_r ||
             (sa->state != IKE_ESTABLISHED && !sa->chosen))) {
            half_open = sa;
        }
    }
    return half_open;
}

/* IKEv1 has no flag that says who began the SA: the addresses tell, and where both
 * sides are behind one address, the ports. */
bool
track_v1_from_initiator(const struct ike_sa *sa, const struct sighting *at)
{
    bool src_i = ike_sa_is_at(sa, true, &at->src), src_r = ike_sa_is_at(sa, false, &at->src);

    if (src_i != src_r) {
        return src_i;
    }
    if (src_i) {
        return at->src_port == sa->initiator.port;
    }
    return !ike_sa_is_at(sa, true, &at->dst);
}

struct ike_sa *
track_make_sa(struct sadb *db, const struct ike_message *m, const struct sighting *at)
{
    struct ike_sa *sa = sadb_ike_new(db, m->major, m->spi_i, m->spi_r);
    bool src_begins = m->major == 1 || (m->flags & FLAG_INITIATOR);

    if (!sa) {
        return NULL;
    }
    /* The first answer to an unseen request comes from the responder. */
    if (m->major == 1 && m->exchange == V1_INFORMATIONAL && m->message_id == 0) {
        src_begins = false;
    }
    sa->initiator.addr = src_begins ? at->src : at->dst;
    sa->initiator.port = src_begins ? at->src_port : at->dst_port;
    sa->responder.addr = src_begins ? at->dst : at->src;
    sa->responder.port = src_begins ? at->dst_port : at->src_port;
    sa->started_here = ike_spi_is_zero(m->spi_r) && (m->major == 1 || !ike_is_response(m));
    sa->first_frame = at->frame;
    store_pair_add(&db->store, sa, &at->src, &at->dst);
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

/* The exchange of a message.  A new request under a used message ID (the retry
 * after COOKIE or INVALID_KE_PAYLOAD) begins another exchange. */
struct exchange *
track_find_exchange(struct ike_sa *sa, const struct ike_message *m, bool from_initiator,
                    uint64_t sum)
{
    bool by_initiator = ike_is_response(m) ? !from_initiator : from_initiator;

    for (struct newest n = newest_first(sa->exchanges.len, EXCHANGES_LOOKED_AT); newest_next(&n);) {
        struct exchange *x = track_exchange(sa, n.i);
        if (!same_exchange(x, m, by_initiator)) {
            continue;
        }
        if (track_find_message(x, sum, from_initiator)) {
            return x;
        }
        if (m->major == 2 && !ike_is_response(m) && (x->response || x->request) && !m->fragment) {
            if (m->exchange == V2_IKE_SA_INIT) {
                continue;
            }
        }
        if (m->major == 2 && ike_is_response(m) && x->response && !m->fragment &&
            m->exchange == V2_IKE_SA_INIT) {
            continue;
        }
        return x;
    }
    return NULL;
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
    x->by_initiator = by_initiator;
    x->offered = &no_offers;
    store_add_exchange(&db->store, &sa->exchanges, x);
    return x;
}
