/* ways.c - which way the packets of Child SAs go, and which two of them share a conversation.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

#include <espial/hash.h>
#include <float.h>

struct both_ways
child_both_ways(const struct child_sa *c)
{
    struct both_ways b = { { NULL, NULL }, { 0, 0 }, false };

    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (stream_is_strange(s)) {
            continue;
        }
        b.first[s->to_responder] = b.first[s->to_responder] ? b.first[s->to_responder] : s;
        b.packets[s->to_responder] += s->packets;
        b.reply_expected |= s->reply_expected;
    }
    return b;
}

bool
child_stands_alone(const struct child_sa *c)
{
    return c->rekeys == NO_ID && c->rekeyed_by == NO_ID && c->state != CHILD_FAILED;
}

/* The streams from one address to another: of one Child SA (or of none), or of several. */
struct way {
    struct ip_addr src, dst;
    const struct child_sa *child;
    bool several;
};

static int
compare_ways(const void *a, const void *b)
{
    const struct way *x = (const struct way *)a, *y = (const struct way *)b;
    int by_src = ip_compare(&x->src, &y->src);

    return by_src ? by_src : ip_compare(&x->dst, &y->dst);
}

GArray *
all_ways(const struct sadb *db)
{
    GArray *ways = g_array_sized_new(FALSE, FALSE, sizeof(struct way), (guint)sadb_num_streams(db));
    guint last = 0;

    for (size_t i = 0; i < sadb_num_streams(db); i++) {
        const struct stream *s = sadb_stream(db, i);
        struct way one = { s->src, s->dst, s->child, false };
        if (s->packets && !stream_is_strange(s)) {
            g_array_append_val(ways, one);
        }
    }
    g_array_sort(ways, compare_ways);
    for (guint i = 1; i < ways->len; i++) {
        struct way *kept = &g_array_index(ways, struct way, last),
                   *one = &g_array_index(ways, struct way, i);
        if (compare_ways(kept, one) == 0) {
            kept->several |= kept->child != one->child;
        } else {
            g_array_index(ways, struct way, ++last) = *one;
        }
    }
    g_array_set_size(ways, ways->len ? last + 1 : 0);
    return ways;
}

bool
other_way_elsewhere(const GArray *ways, const struct child_sa *c, bool to_responder)
{
    enum { NAMES = 3 };         /* an end has several where both sides of a NAT were captured */
    const struct ike_sa *sa = c->ike_sa;
    const struct ip_addr *ends[2][NAMES] = { { &c->addr_r, &sa->responder.addr, &sa->beyond_r },
                                             { &c->addr_i, &sa->initiator.addr, &sa->beyond_i } };

    for (unsigned k = 0; k < NAMES * NAMES; k++) {
        struct way asked = { *ends[to_responder][k / NAMES], *ends[!to_responder][k % NAMES],
                             NULL, false };
        const struct way *found =
            (const struct way *)bsearch(&asked, ways->data, ways->len, sizeof asked, compare_ways);
        if (found && (found->several || found->child != c)) {
            return true;
        }
    }
    return false;
}

bool
child_both_sides_captured(const struct sadb *db, const struct child_sa *c)
{
    const struct both_ways b = child_both_ways(c);
    const struct stream *s = b.first[1] ? b.first[1] : b.first[0];

    return c->ike_sa->from_initiator && c->ike_sa->from_responder &&
           (!s || (b.first[0] && b.first[1]) ||
            points_saw_back(sadb_points(db), c->ike_sa->id, s->id, s->to_responder));
}

/* --- answers through another peer ---------------------------------------------------------- */

enum { PARTNERS_LOOKED_AT = 32,
       TURNS = 3,
       STRICT_TURNS = 5 };
#define SOON 0.15 /* of the usual distance of two requests */
#define IRREGULAR 1.5

/* A Child SA of which IKE of both ends was captured carries packets one way alone. */
struct lone_way {
    const struct child_sa *child;
    const struct stream *s;
    uint32_t packets;
    const struct lone_way *partner;
    bool proved; /* by what is inside, else by the times */
};

struct lone_ways {
    GArray *all; /* of struct lone_way, by Child SA */
    GHashTable *from, *to; /* ip_addr -> GPtrArray of struct lone_way */
};

static guint
hash_ip(gconstpointer key)
{
    return (guint)hash_octets(hash_seed(), key, sizeof(struct ip_addr));
}

static gboolean
equal_ip(gconstpointer a, gconstpointer b)
{
    return ip_equal((const struct ip_addr *)a, (const struct ip_addr *)b);
}

static void
free_list(gpointer list)
{
    g_ptr_array_free((GPtrArray *)list, TRUE);
}

static void
put(GHashTable *table, const struct ip_addr *key, struct lone_way *w)
{
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(table, key);

    if (!list) {
        list = g_ptr_array_new();
        g_hash_table_insert(table, (gpointer)key, list);
    }
    if (list->len < PARTNERS_LOOKED_AT) {
        g_ptr_array_add(list, w);
    }
}

/* What the end at local takes in from the other one, and lets out. */
static bool
same_policy(const struct lone_way *a, const struct lone_way *b)
{
    for (unsigned source = 0; source < 2; source++) {
        size_t na, nb;
        /* The source's side of a is the destination's of b. */
        const struct selector *sa = child_selectors(a->child, a->s->to_responder == source, &na),
                              *sb = child_selectors(b->child, b->s->to_responder != source, &nb);
        if (!na || !nb) {
            continue;
        }
        if (na != nb) {
            return false;
        }
        for (size_t i = 0; i < na; i++) {
            if (!selector_equal(&sa[i], &sb[i])) {
                return false;
            }
        }
    }
    return true;
}

static const struct flow_reading *
reading_of(const struct lone_way *w)
{
    return w->child->flow ? w->child->flow->reading : NULL;
}

/* Some conversation inside a goes on inside b. */
static bool
same_talk(const struct lone_way *a, const struct lone_way *b)
{
    const struct flow_reading *x = reading_of(a), *y = reading_of(b);
    bool dx = a->s->to_responder, dy = b->s->to_responder;

    for (uint32_t i = 0; i < MIN(x->way[dx].num_talks, (uint32_t)FLOW_TALKS); i++) {
        for (uint32_t j = 0; j < MIN(y->way[dy].num_talks, (uint32_t)FLOW_TALKS); j++) {
            if (x->way[dx].talks[i] == y->way[dy].talks[j]) {
                return true;
            }
        }
    }
    return false;
}

static double
beat(const struct lone_way *w, uint32_t i)
{
    return w->child->flow->begun + (double)w->child->flow->beats[i];
}

/* The packets of later come in turn with those of first: each soon after one of them, or one for
 * one at times that follow no clock of their own. */
static bool
takes_turns(const struct lone_way *first, const struct lone_way *later)
{
    const struct flow *f = first->child->flow, *l = later->child->flow;
    double usual, least = DBL_MAX, most = 0, latest = 0;
    uint32_t i = 0, turns = 0;
    bool strict = true;

    if (!f || !l || f->num_beats < TURNS || l->num_beats < TURNS ||
        MAX(first->packets, later->packets) > MIN(first->packets, later->packets) * 5 / 4 + 1) {
        return false;
    }
    for (uint32_t k = 1; k < f->num_beats; k++) {
        double apart = beat(first, k) - beat(first, k - 1);
        least = MIN(least, apart);
        most = MAX(most, apart);
    }
    usual = (beat(first, f->num_beats - 1) - beat(first, 0)) / (f->num_beats - 1);
    for (uint32_t j = 0; j < l->num_beats; j++) {
        uint32_t before = i;
        while (i < f->num_beats && beat(first, i) <= beat(later, j)) {
            i++;
        }
        strict &= i == before + 1;
        if (i > before) {
            latest = MAX(latest, beat(later, j) - beat(first, i - 1));
            turns++;
        }
    }
    if (strict && turns >= STRICT_TURNS && most >= IRREGULAR * least) {
        return true;
    }
    return latest <= SOON * usual && turns * 4 >= MIN(f->num_beats, l->num_beats) * 3;
}

static bool
belong_together(struct lone_way *a, struct lone_way *b)
{
    if (a->child->ike_sa == b->child->ike_sa || a->s->first_time > b->s->last_time ||
        b->s->first_time > a->s->last_time || a->partner || b->partner) {
        return false;
    }
    if (reading_of(a) && reading_of(b)) {
        a->proved = b->proved = same_talk(a, b);
        return a->proved;
    }
    return same_policy(a, b) && (a->s->first_time <= b->s->first_time ? takes_turns(a, b) :
                                                                        takes_turns(b, a));
}

static void
join(struct lone_way *a, const GPtrArray *others, bool by_source)
{
    for (guint i = 0; others && i < others->len; i++) {
        struct lone_way *b = (struct lone_way *)g_ptr_array_index(others, i);
        bool other_peer = by_source ? !ip_equal(&b->s->dst, &a->s->src) :
                                      !ip_equal(&b->s->src, &a->s->dst);
        if (b != a && other_peer && belong_together(a, b)) {
            a->partner = b;
            b->partner = a;
            return;
        }
    }
}

struct lone_ways *
lone_ways_find(const struct sadb *db)
{
    struct lone_ways *l = g_new0(struct lone_ways, 1);

    l->all = g_array_new(FALSE, FALSE, sizeof(struct lone_way));
    l->from = g_hash_table_new_full(hash_ip, equal_ip, NULL, free_list);
    l->to = g_hash_table_new_full(hash_ip, equal_ip, NULL, free_list);
    for (size_t i = 0; i < sadb_num_child_sas(db); i++) {
        const struct child_sa *c = sadb_child_sa(db, i);
        struct both_ways b = child_both_ways(c);
        bool to_r = b.packets[1] > 0;
        struct lone_way w = { c, b.first[to_r], b.packets[to_r], NULL, false };
        if (w.s && !b.packets[!to_r] && w.packets >= ONE_WAY_PACKETS && child_stands_alone(c) &&
            child_both_sides_captured(db, c)) {
            g_array_append_val(l->all, w);
        }
    }
    for (guint i = 0; i < l->all->len; i++) {
        struct lone_way *w = &g_array_index(l->all, struct lone_way, i);
        put(l->from, &w->s->src, w);
        put(l->to, &w->s->dst, w);
    }
    for (guint i = 0; i < l->all->len; i++) {
        struct lone_way *w = &g_array_index(l->all, struct lone_way, i);
        if (!w->partner) { /* what it sends out comes back elsewhere, or the other way round */
            join(w, (const GPtrArray *)g_hash_table_lookup(l->to, &w->s->src), false);
        }
        if (!w->partner) {
            join(w, (const GPtrArray *)g_hash_table_lookup(l->from, &w->s->dst), true);
        }
    }
    return l;
}

void
lone_ways_free(struct lone_ways *l)
{
    g_hash_table_destroy(l->from);
    g_hash_table_destroy(l->to);
    g_array_free(l->all, TRUE);
    g_free(l);
}

bool
lone_ways_get(const struct lone_ways *l, size_t i, struct shared_talk *out)
{
    const struct lone_way *w;

    if (i >= l->all->len) {
        return false;
    }
    w = &g_array_index(l->all, struct lone_way, i);
    out->there = w->s;
    out->back = w->partner ? w->partner->s : NULL;
    out->num_there = w->packets;
    out->num_back = w->partner ? w->partner->packets : 0;
    out->proved = w->proved;
    return true;
}

const struct stream *
lone_ways_answer(const struct lone_ways *l, const struct child_sa *c)
{
    guint low = 0, high = l->all->len;

    while (low < high) {
        guint middle = low + (high - low) / 2;
        const struct lone_way *w = &g_array_index(l->all, struct lone_way, middle);
        if (w->child == c) {
            return w->partner ? w->partner->s : NULL;
        }
        if (w->child->id < c->id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return NULL;
}
