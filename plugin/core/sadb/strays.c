/* strays.c - whether an answer from elsewhere is one that nobody takes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

/* Who asked asks again after that time: the same message, or in a new try. */
static bool
asks_again(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x,
           const struct stray_answer *s)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (m->from_initiator == x->by_initiator && m->again && m->again->last_time > s->time) {
            return true;
        }
    }
    for (size_t i = sa->id + 1, end = i + SADB_MAX_PER_PEER; i < end && i < db->ike_sas->len; i++) {
        const struct ike_sa *later = database_ike_sa(db, (uint32_t)i);
        if (later->started_here && later->major == sa->major &&
            later->first_frame > s->frames.at[0] &&
            ip_equal(&later->initiator.addr, &sa->initiator.addr) &&
            ip_equal(&later->responder.addr, &sa->responder.addr)) {
            return true;
        }
    }
    return false;
}

const struct stray_answer *
sadb_answered_elsewhere(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    /* It goes on with whatever answer it has. */
    uint32_t last = x->by_initiator ? sa->last_from_i : sa->last_from_r;

    if (x->answered_there || x->other_path || x->injected) {
        return NULL;
    }
    for (uint32_t i = 0; i < sa->strays.len; i++) {
        const struct stray_answer *s = &sa->strays.at[i];
        if (s->exchange == x->index && !s->followed && last < s->frames.at[0] &&
            asks_again(db, sa, x, s)) {
            return s;
        }
    }
    return NULL;
}

const struct ike_sa *
sadb_stray_sa(const struct sadb *db, const struct ike_sa *sa, const struct stray_answer *stray)
{
    struct sa_key key = store_half_key(&db->store, sa->spi_i, &sa->initiator.addr, &stray->src);
    const struct ike_sa *one;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (one = walk_next(&w));) {
        if (one != sa && !one->started_here && one->exchanges.len) {
            return one;
        }
    }
    return NULL;
}
