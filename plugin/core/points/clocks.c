/* clocks.c - how far the clocks of the points are apart, from packets that two of them saw.
 *
 * A packet that takes D from one point to the other shows the offset of the clocks plus D; one that
 * comes back shows the offset less D.  Neighbours in time of both directions give D, whatever the
 * clocks do in the long run; then each packet gives the offset of its moment.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <math.h>
#include <stdlib.h>

enum { NEAR = 5 }; /* ticks whose median is believed */

/* One packet at two points. */
struct match {
    uint32_t a, b; /* records */
    double apart; /* seconds, by the two clocks */
    int8_t way; /* 1: from a's point to b's; -1: back; 0: not known */
};

static int
compare_double(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

double
clocks_median(double *values, size_t len)
{
    qsort(values, len, sizeof *values, compare_double);
    return len % 2 ? values[len / 2] : (values[len / 2 - 1] + values[len / 2]) / 2;
}

/* The sightings of newest's packet at that point, oldest first, at most POINTS_MAX_SAME. */
static uint32_t
sightings_at(const struct points *p, uint32_t newest, uint32_t point, uint32_t *out)
{
    uint32_t len = 0;

    for (uint32_t i = newest; i != NO_RECORD && len < POINTS_MAX_SAME; i = record_at(p, i)->older) {
        const struct record *r = record_at(p, i);
        if (r->point == point && record_same(p, r, record_at(p, newest))) {
            out[len++] = i;
        }
    }
    for (uint32_t i = 0; i < len / 2; i++) {
        uint32_t kept = out[i];
        out[i] = out[len - 1 - i];
        out[len - 1 - i] = kept;
    }
    return len;
}

static int8_t
way_by_ttl(const struct record *a, const struct record *b)
{
    return (int8_t)(!a->ttl || !b->ttl ? 0 : (a->ttl > b->ttl) - (a->ttl < b->ttl));
}

static int
compare_match(const void *x, const void *y)
{
    uint32_t a = ((const struct match *)x)->a, b = ((const struct match *)y)->a;

    return (a > b) - (a < b);
}

/* What both points saw the same number of times, in order of the capture. */
static GArray *
find_matches(const struct points *p, uint32_t a, uint32_t b)
{
    GArray *out = g_array_new(FALSE, FALSE, sizeof(struct match));
    uint32_t at_a[POINTS_MAX_SAME], at_b[POINTS_MAX_SAME];
    GHashTableIter all;
    gpointer newest;

    g_hash_table_iter_init(&all, p->newest);
    while (g_hash_table_iter_next(&all, NULL, &newest)) {
        uint32_t from = GPOINTER_TO_UINT(newest) - 1;
        uint32_t num = sightings_at(p, from, a, at_a);
        if (!num || num != sightings_at(p, from, b, at_b)) {
            continue;
        }
        for (uint32_t i = 0; i < num; i++) {
            const struct record *x = record_at(p, at_a[i]), *y = record_at(p, at_b[i]);
            struct match m = { at_a[i], at_b[i], y->time - x->time, way_by_ttl(x, y) };
            g_array_append_val(out, m);
        }
    }
    g_array_sort(out, compare_match);
    return out;
}

static struct match *
match_at(GArray *matches, guint i)
{
    return &g_array_index(matches, struct match, i);
}

/* 1: to the responder; -1: to the initiator, each of the same IKE SA; 0: of no known SA. */
static int
side(const struct points *p, const struct match *m)
{
    const struct record *r = record_at(p, m->a);

    return r->ike_sa == NO_ID ? 0 : r->to_responder ? 1 :
                                                      -1;
}

/* Without routers between them the times tell who is nearer to whom: what comes later by more than
 * what comes back goes from a to b. */
static void
ways_by_time(const struct points *p, GArray *matches)
{
    double *steps = g_new(double, matches->len + 1), step;
    guint num = 0;

    for (guint i = 1; i < matches->len; i++) {
        struct match *was = match_at(matches, i - 1), *now = match_at(matches, i);
        if (side(p, was) * side(p, now) < 0 &&
            record_at(p, was->a)->ike_sa == record_at(p, now->a)->ike_sa) {
            steps[num++] = (now->apart - was->apart) * side(p, now);
        }
    }
    step = num ? clocks_median(steps, num) : 0;
    for (guint i = 0; i < matches->len && step != 0; i++) {
        match_at(matches, i)->way = (int8_t)(side(p, match_at(matches, i)) * (step > 0 ? 1 : -1));
    }
    g_free(steps);
}

/* How long a packet takes between the two; 0 where only one direction was seen at both. */
static double
find_delay(GArray *matches, bool *both)
{
    double *twice = g_new(double, matches->len + 1), delay;
    guint num = 0;

    for (guint i = 1; i < matches->len; i++) {
        const struct match *was = match_at(matches, i - 1), *now = match_at(matches, i);
        if (was->way * now->way < 0) {
            twice[num++] = (now->apart - was->apart) * now->way;
        }
    }
    *both = num > 0;
    delay = num ? MAX(clocks_median(twice, num) / 2, 0) : 0;
    g_free(twice);
    return delay;
}

static double
offset_near(const struct tick *ticks, guint len, guint at)
{
    double near[NEAR] = { 0 };
    guint from = at > NEAR / 2 ? at - NEAR / 2 : 0, num = 0;

    for (guint i = from; i < len && num < NEAR; i++) {
        near[num++] = ticks[i].offset;
    }
    return clocks_median(near, num);
}

/* The first tick that is not before: by its record, or by the reference clock. */
static guint
find_tick(const GArray *ticks, uint32_t record, double time, bool by_time)
{
    guint low = 0, high = ticks->len;

    while (low < high) {
        guint mid = (low + high) / 2;
        const struct tick *one = &g_array_index(ticks, struct tick, mid);
        if (by_time ? one->time < time : one->record < record) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return MIN(low, ticks->len - 1);
}

static double
offset_at(const struct points *p, uint32_t point, uint32_t record, double time, bool by_time)
{
    const GArray *ticks = p->ticks[point];

    return !ticks || !ticks->len ? 0 :
                                   offset_near((const struct tick *)(void *)ticks->data, ticks->len,
                                               find_tick(ticks, record, time, by_time));
}

double
clocks_time(const struct points *p, uint32_t record)
{
    const struct record *r = record_at(p, record);

    return r->time - offset_at(p, r->point, record, 0, false);
}

double
clocks_local(const struct points *p, uint32_t point, double time)
{
    return time + offset_at(p, point, 0, time, true);
}

static int
compare_tick(const void *a, const void *b)
{
    uint32_t x = ((const struct tick *)a)->record, y = ((const struct tick *)b)->record;

    return (x > y) - (x < y);
}

/* Places b by a, which is placed. */
static void
place(struct points *p, uint32_t a, uint32_t b, GArray *matches)
{
    GArray *ticks = g_array_new(FALSE, FALSE, sizeof(struct tick));
    double delay, *offsets = g_new(double, matches->len);
    bool both, by_ttl = false, inside = false;

    for (guint i = 0; i < matches->len; i++) {
        const struct match *m = match_at(matches, i);
        by_ttl |= m->way != 0;
        inside |= record_at(p, m->a)->kind != record_at(p, m->b)->kind;
    }
    if (!by_ttl) {
        ways_by_time(p, matches);
    }
    delay = find_delay(matches, &both);
    p->places[b].sure = both && p->places[a].sure;
    for (guint i = 0; i < matches->len; i++) {
        const struct match *m = match_at(matches, i);
        struct tick one = { m->b, clocks_time(p, m->a) + m->way * delay, 0 };
        one.offset = offsets[i] = record_at(p, m->b)->time - one.time;
        g_array_append_val(ticks, one);
    }
    g_array_sort(ticks, compare_tick);
    p->ticks[b] = ticks;
    p->places[b].is.placed = true;
    p->places[b].is.offset = clocks_median(offsets, matches->len);
    if ((!both || inside) &&
        fabs(p->places[b].is.offset - p->places[a].is.offset) < POINTS_ONE_CLOCK_S) {
        /* What differs is the way, or the time that one host takes to open a packet. */
        for (guint i = 0; i < ticks->len; i++) {
            g_array_index(ticks, struct tick, i).offset = p->places[a].is.offset;
        }
        p->places[b].is.offset = p->places[a].is.offset;
    }
    if (ticks->len) {
        const struct tick *all = (const struct tick *)(void *)ticks->data;
        p->places[b].is.moved =
            offset_near(all, ticks->len, ticks->len - 1) - offset_near(all, ticks->len, 0);
    }
    g_free(offsets);
}

/* Of each pair how many packets would match. */
static void
count_matches(const struct points *p, uint32_t num[POINTS_MAX][POINTS_MAX])
{
    GHashTableIter all;
    gpointer newest;

    g_hash_table_iter_init(&all, p->newest);
    while (g_hash_table_iter_next(&all, NULL, &newest)) {
        uint32_t from = GPOINTER_TO_UINT(newest) - 1, seen[POINTS_MAX] = { 0 }, len = 0;
        for (uint32_t i = from; i != NO_RECORD && len < POINTS_MAX_SAME;
             i = record_at(p, i)->older, len++) {
            seen[record_at(p, i)->point] += record_same(p, record_at(p, i), record_at(p, from));
        }
        for (uint32_t a = 0; a < p->num_places; a++) {
            for (uint32_t b = 0; b < p->num_places && seen[a]; b++) {
                num[a][b] += a != b && seen[a] == seen[b] ? seen[a] : 0;
            }
        }
    }
}

/* The point that the clocks are compared with: of the first packet that another point has too. */
static uint32_t
reference(const struct points *p)
{
    for (guint i = 0; i < p->records->len; i++) {
        if (record_at(p, i)->copy) {
            return record_at(p, record_at(p, i)->first)->point;
        }
    }
    return 0;
}

void
clocks_place(struct points *p)
{
    uint32_t num[POINTS_MAX][POINTS_MAX] = { { 0 } }, first = reference(p);

    count_matches(p, num);
    p->places[first].is.placed = p->places[first].sure = true;
    for (;;) {
        uint32_t from = 0, to = 0, most = 0;
        for (uint32_t a = 0; a < p->num_places; a++) {
            for (uint32_t b = 0; b < p->num_places; b++) {
                if (p->places[a].is.placed && !p->places[b].is.placed && num[a][b] > most) {
                    most = num[a][b];
                    from = a;
                    to = b;
                }
            }
        }
        if (!most) {
            return;
        }
        GArray *matches = find_matches(p, from, to);
        place(p, from, to, matches);
        g_array_free(matches, TRUE);
    }
}
