/* emissions.c - which sightings are of one sending of a packet, and their order on its way.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <math.h>
#include <stdlib.h>

#define SAME_PASSING 0.05 /* seconds: a mirror shows a packet twice at one point */
#define MATCH_S 5.0 /* no network keeps a packet so long */

struct seen {
    uint32_t record, emission;
    double time;
};

static int
compare_seen(const void *a, const void *b)
{
    const struct seen *x = (const struct seen *)a, *y = (const struct seen *)b;

    if (x->time != y->time) {
        return (x->time > y->time) - (x->time < y->time);
    }
    return (x->record > y->record) - (x->record < y->record);
}

/* Which of the num sendings so far the sighting is of: the nearest in time that its point has not
 * yet, or that it has just now, by a mirror. */
static uint32_t
choose(const struct points *p, const struct seen *all, uint32_t before, uint32_t num)
{
    const struct seen *now = &all[before];
    uint32_t best = num;
    double nearest = MATCH_S;

    for (uint32_t e = 0; e < num; e++) {
        bool has = false, fits = false;
        double from = HUGE_VAL;
        for (uint32_t i = 0; i < before; i++) {
            if (all[i].emission != e) {
                continue;
            }
            fits |= record_same(p, record_at(p, all[i].record), record_at(p, now->record));
            has |= record_at(p, all[i].record)->point == record_at(p, now->record)->point &&
                   now->time - all[i].time > SAME_PASSING;
            from = MIN(from, now->time - all[i].time);
        }
        if (fits && !has && from <= nearest) {
            nearest = from;
            best = e;
        }
    }
    return best;
}

/* The sightings of one packet, of which a retransmission or a replay is another sending. */
static void
split_packet(struct points *p, uint32_t newest, uint32_t *num)
{
    struct seen all[POINTS_MAX_SAME] = { { 0 } };
    uint32_t len = 0, sendings = 0;

    for (uint32_t i = newest; i != NO_RECORD && len < POINTS_MAX_SAME; i = record_at(p, i)->older) {
        if (p->places[record_at(p, i)->point].is.placed) {
            all[len++] = (struct seen){ i, 0, clocks_time(p, i) };
        }
    }
    p->capped |= len == POINTS_MAX_SAME;
    qsort(all, len, sizeof *all, compare_seen);
    for (uint32_t i = 0; i < len; i++) {
        all[i].emission = choose(p, all, i, sendings);
        sendings = MAX(sendings, all[i].emission + 1);
        record_at(p, all[i].record)->emission = *num + all[i].emission;
    }
    *num += sendings;
}

static void
split(struct points *p, uint32_t *num)
{
    *num = 0;
    for (uint32_t i = 0; i < p->records->len; i++) {
        const struct record *r = record_at(p, i);
        if (r->older == NO_RECORD) {
            split_packet(p, GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &r->key)) - 1, num);
        }
    }
}

/* Every router takes one off the TTL; where that says nothing, the times do. */
static gint
compare_way(gconstpointer a, gconstpointer b, gpointer context)
{
    const struct points *p = (const struct points *)context;
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;
    const struct record *x = record_at(p, i), *y = record_at(p, j);
    double at, other;

    if (x->emission != y->emission) {
        return (x->emission > y->emission) - (x->emission < y->emission);
    }
    if (x->ttl && y->ttl && x->ttl != y->ttl) {
        return (y->ttl > x->ttl) - (y->ttl < x->ttl);
    }
    at = clocks_time(p, i);
    other = clocks_time(p, j);
    return at != other ? (at > other) - (at < other) : (i > j) - (i < j);
}

GArray *
emissions_list(struct points *p)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(struct emission));
    uint32_t last = NO_RECORD, num;

    split(p, &num);
    p->way = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    p->way_of = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), num);
    for (uint32_t i = 0; i < p->records->len; i++) {
        if (record_at(p, i)->emission != NO_RECORD) {
            g_array_append_val(p->way, i);
        }
    }
    g_array_sort_with_data(p->way, compare_way, p);
    for (uint32_t i = 0; i < p->way->len; i++) {
        uint32_t e = record_at(p, g_array_index(p->way, uint32_t, i))->emission;
        if (e != last) {
            struct emission one = { i, 0 };
            g_array_append_val(p->way_of, i);
            g_array_append_val(all, one);
        }
        g_array_index(all, struct emission, all->len - 1).len++;
        last = e;
    }
    return all;
}
