/* halves.c - what the points saw of each IKE SA and its Child SAs, direction by direction: a point
 * that captures one direction only, or no IKE, says nothing of what does not come.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <espial/hash.h>

/* One direction of one IKE SA. */
struct half {
    uint32_t packets[POINTS_MAX];
    uint32_t messages[POINTS_MAX]; /* different ones of IKE */
};

struct halves {
    GHashTable *all; /* IKE SA and direction -> struct half */
    GHashTable *messages; /* set of a message's key at one point */
    GHashTable *turns; /* set of turn_key at one point */
    uint32_t ike_at[POINTS_MAX]; /* messages of any SA */
};

static bool
is_outer(const struct record *r)
{
    return r->kind != MARK_SEALED && r->kind != MARK_CLEAR;
}

static struct half *
half_of(const struct halves *h, uint32_t ike_sa, bool to_responder)
{
    int64_t key = (int64_t)ike_sa << 1 | to_responder;

    return (struct half *)g_hash_table_lookup(h->all, &key);
}

static void
count_one(struct halves *h, const struct record *r)
{
    int64_t key = (int64_t)r->ike_sa << 1 | r->to_responder,
            message = (int64_t)hash_octets(r->point, &r->key, sizeof r->key);
    struct half *one = half_of(h, r->ike_sa, r->to_responder);

    if (!one) {
        one = g_new0(struct half, 1);
        g_hash_table_insert(h->all, g_memdup2(&key, sizeof key), one);
    }
    one->packets[r->point]++;
    if (r->kind == MARK_IKE && !g_hash_table_contains(h->messages, &message)) {
        g_hash_table_add(h->messages, g_memdup2(&message, sizeof message));
        one->messages[r->point]++;
    }
}

/* A request, or an answer, of that number at a point. */
static int64_t
turn_key(const struct record *r, uint32_t point, uint32_t message_id, bool answer)
{
    const uint32_t turn[] = { r->ike_sa, message_id, point,
                              (uint32_t)(answer << 1 | r->asked_by_initiator) };

    return (int64_t)hash_octets(1, turn, sizeof turn);
}

static void
count_turn(struct halves *h, const struct record *r)
{
    int64_t key = turn_key(r, r->point, r->message_id, r->answer);

    if (!g_hash_table_contains(h->turns, &key)) {
        g_hash_table_add(h->turns, g_memdup2(&key, sizeof key));
    }
}

static void
count(struct halves *h, const struct points *p)
{
    for (guint i = 0; i < p->records->len; i++) {
        const struct record *r = record_at(p, i);
        h->ike_at[r->point] += r->kind == MARK_IKE;
        if (r->ike_sa != NO_ID && is_outer(r)) {
            count_one(h, r);
        }
        if (r->ike_sa != NO_ID && r->numbered) {
            count_turn(h, r);
        }
    }
}

bool
halves_blind(const struct halves *h, const struct record *r, uint32_t point)
{
    const struct half *this = half_of(h, r->ike_sa, r->to_responder),
                      *back = half_of(h, r->ike_sa, !r->to_responder);

    if (r->kind == MARK_IKE && !h->ike_at[point]) {
        return true;
    }
    return r->ike_sa != NO_ID && is_outer(r) && (!this || !this->packets[point]) && back &&
           back->messages[point] > 1;
}

bool
halves_went_on(const struct halves *h, const struct record *r, uint32_t point)
{
    int64_t key = turn_key(r, point, r->message_id, r->answer), next;

    if (r->ike_sa == NO_ID || !r->numbered || g_hash_table_contains(h->turns, &key)) {
        return false;
    }
    next = r->answer ? turn_key(r, point, r->message_id + 1, false) :
                       turn_key(r, point, r->message_id, true);
    return g_hash_table_contains(h->turns, &next);
}

struct halves *
halves_new(const struct points *p)
{
    struct halves *h = g_new0(struct halves, 1);

    h->all = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    h->messages = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    h->turns = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    count(h, p);
    return h;
}

void
halves_free(struct halves *h)
{
    g_hash_table_destroy(h->all);
    g_hash_table_destroy(h->messages);
    g_hash_table_destroy(h->turns);
    g_free(h);
}
