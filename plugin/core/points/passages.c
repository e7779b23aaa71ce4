/* passages.c - in what order the points stand on the way of a packet, and what did not arrive.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <espial/hash.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define CLEAR_MAJORITY 0.8 /* of the packets that say who comes first */
enum { NEVER_ARRIVED = 3 }; /* packets of which none came, where nothing else shows that a point
                                 * was still at work */

/* Packets from one address to another, as some point sees the two, take one way. */
struct course {
    int32_t votes[POINTS_MAX][POINTS_MAX]; /* first before second, less the opposite */
    uint32_t both[POINTS_MAX][POINTS_MAX]; /* packets that both saw */
};

struct work {
    struct points *p;
    struct halves *halves;
    double least[POINTS_MAX][POINTS_MAX]; /* seconds that a packet takes from one to the other */
    GHashTable *courses;
    GArray *emissions; /* of struct emission */
    double cut[POINTS_MAX]; /* by the reference clock: a point that sees nothing from then on
                                 * has ended, for packets of its own side passed it unseen */
    GHashTable *passage_of; /* key -> index plus one */
    GHashTable *talks; /* set of talk_key */
    GHashTable *hosts; /* set of host_key: whom clear packets go to at a point */
};

static const struct record *
on_way(const struct work *w, const struct emission *e, uint32_t i)
{
    return record_at(w->p, g_array_index(w->p->way, uint32_t, e->first + i));
}

/* --- who comes first ------------------------------------------------------------------------- */

static bool
is_inner(const struct record *r)
{
    return r->kind == MARK_SEALED || r->kind == MARK_CLEAR;
}

/* What tunnels carry goes on inside of the gateway. */
static int64_t
course_key(const struct work *w, const struct ip_addr *src, const struct ip_addr *dst, bool inner)
{
    const struct ip_addr both[] = { *src, *dst };

    return (int64_t)hash_octets(w->p->seed + inner, both, sizeof both);
}

/* NULL where no two points saw a packet of it. */
static const struct course *
find_course(const struct work *w, const struct ip_addr *src, const struct ip_addr *dst, bool inner)
{
    int64_t key = course_key(w, src, dst, inner);

    return (const struct course *)g_hash_table_lookup(w->courses, &key);
}

/* NULL beyond PASSAGES_MAX. */
static struct course *
make_course(struct work *w, const struct ip_addr *src, const struct ip_addr *dst, bool inner)
{
    int64_t key = course_key(w, src, dst, inner);
    struct course *c = (struct course *)g_hash_table_lookup(w->courses, &key);

    if (!c && g_hash_table_size(w->courses) < PASSAGES_MAX) {
        c = g_new0(struct course, 1);
        g_hash_table_insert(w->courses, g_memdup2(&key, sizeof key), c);
    }
    w->p->capped |= !c;
    return c;
}

/* a was met before b, as the emission's order has it. */
static void
vote_for(struct work *w, const struct record *seen, const struct record *a, const struct record *b)
{
    const struct ends *e = record_ends(w->p, seen);
    struct course *c = make_course(w, &e->src, &e->dst, is_inner(seen));

    if (c) {
        c->votes[a->point][b->point]++;
        c->votes[b->point][a->point]--;
        c->both[a->point][b->point]++;
        c->both[b->point][a->point]++;
    }
}

static void
vote(struct work *w, const struct emission *e)
{
    for (uint32_t i = 0; i < e->len; i++) {
        for (uint32_t j = i + 1; j < e->len; j++) {
            const struct record *a = on_way(w, e, i), *b = on_way(w, e, j);
            if (a->point == b->point || (is_inner(a) && a->kind == b->kind)) {
                continue;
            }
            if (a->kind != MARK_CLEAR) {
                vote_for(w, a, a, b);
            }
            if (b->kind != MARK_CLEAR && a->ends != b->ends) {
                vote_for(w, b, a, b);
            }
        }
    }
}

/* 1: what r is one of meets a before b; -1: behind; 0: not known.  What comes back meets them the
 * other way round. */
static int
order(const struct work *w, const struct record *r, uint32_t a, uint32_t b)
{
    const struct ends *e = record_ends(w->p, r);
    const struct course *there = find_course(w, &e->src, &e->dst, is_inner(r)),
                        *back = find_course(w, &e->dst, &e->src, is_inner(r));
    int32_t votes = (there ? there->votes[a][b] : 0) - (back ? back->votes[a][b] : 0);
    uint32_t both = (there ? there->both[a][b] : 0) + (back ? back->both[a][b] : 0);

    if (!both || (double)abs(votes) < CLEAR_MAJORITY * both) {
        return 0;
    }
    return votes > 0 ? 1 : -1;
}

/* Between points of one link the noise of the clocks is more than the way: what most packets show
 * holds for each. */
static void
settle(struct work *w, const struct emission *e)
{
    uint32_t *way = &g_array_index(w->p->way, uint32_t, e->first);

    for (uint32_t i = 1; i < e->len; i++) {
        uint32_t moved = way[i], k = i;
        const struct record *r = record_at(w->p, moved);
        for (; k > 0 && order(w, r, r->point, record_at(w->p, way[k - 1])->point) > 0; k--) {
            way[k] = way[k - 1];
        }
        way[k] = moved;
    }
}

/* The next point behind a on that way; NO_RECORD. */
static uint32_t
next_on_way(struct work *w, const struct record *r)
{
    uint32_t best = NO_RECORD, a = r->point;

    for (uint32_t b = 0; b < w->p->num_places; b++) {
        bool may = b != a && (!is_inner(r) || w->p->places[b].inside) && order(w, r, a, b) > 0;
        if (may && (best == NO_RECORD || order(w, r, b, best) > 0)) {
            best = b;
        }
    }
    return best;
}

/* --- passages -------------------------------------------------------------------------------- */

static struct passage *
passage_of(struct work *w, const struct record *r, uint32_t from, uint32_t to)
{
    struct {
        uint32_t ike_sa, stream;
    } key = { r->ike_sa, r->kind == MARK_IKE ? NO_ID : r->stream };
    int64_t hash = (int64_t)(((uint64_t)(key.stream == NO_ID ? key.ike_sa : key.stream) << 16) |
                             (uint64_t)from << 12 | (uint64_t)to << 8 | (is_inner(r) ? 4u : 0u) |
                             (key.stream == NO_ID ? 2u : 0u) | r->to_responder);
    guint known = GPOINTER_TO_UINT(g_hash_table_lookup(w->passage_of, &hash));
    struct passage one = { .from = from,
                           .to = to,
                           .ike_sa = key.ike_sa,
                           .stream = key.stream,
                           .to_responder = r->to_responder,
                           .inner = is_inner(r) };

    if (known) {
        return &g_array_index(w->p->passages, struct passage, known - 1);
    }
    if (w->p->passages->len >= PASSAGES_MAX) {
        w->p->capped = true;
        return NULL;
    }
    one.timed = w->p->places[from].sure && w->p->places[to].sure;
    one.end_known = true;
    one.lost = g_array_new(FALSE, FALSE, sizeof(struct lost_packet));
    g_array_append_val(w->p->passages, one);
    g_hash_table_insert(w->passage_of, g_memdup2(&hash, sizeof hash),
                        GUINT_TO_POINTER(w->p->passages->len));
    return &g_array_index(w->p->passages, struct passage, w->p->passages->len - 1);
}

static void
note_arrived(struct work *w, const struct record *a, const struct record *b)
{
    struct passage *g = passage_of(w, a, a->point, b->point);

    if (g) {
        g->sent++;
        g->arrived++;
        g->last_arrived = MAX(g->last_arrived, a->frame);
        g->largest_arrived = MAX(g->largest_arrived, a->length);
        points_note_changes(w->p, g, a, b);
    }
}

static double
time_on_way(const struct work *w, const struct emission *e, uint32_t i)
{
    return clocks_time(w->p, g_array_index(w->p->way, uint32_t, e->first + i));
}

static bool
was_at_work(const struct points *p, uint32_t point, double time)
{
    double local = clocks_local(p, point, time);

    return local >= p->places[point].is.first_time && local <= p->places[point].is.last_time;
}

static bool
has_ended(const struct points *p, uint32_t point, double time)
{
    return clocks_local(p, point, time) > p->places[point].is.last_time;
}

/* A tunnel's own device, captured beside the interface by which its packets come: both begin and
 * end together, whatever passes. */
static bool
one_capture(const struct points *p, const struct record *r, uint32_t to)
{
    return r->kind == MARK_SEALED && !p->places[to].linked &&
           fabs(p->places[to].is.offset - p->places[r->point].is.offset) < POINTS_ONE_CLOCK_S;
}

static void
find_least(struct work *w)
{
    for (guint k = 0; k < w->emissions->len; k++) {
        const struct emission *e = &g_array_index(w->emissions, struct emission, k);
        for (uint32_t i = 1; i < e->len; i++) {
            double *least = &w->least[on_way(w, e, i - 1)->point][on_way(w, e, i)->point],
                   took = time_on_way(w, e, i) - time_on_way(w, e, i - 1);
            *least = took > 0 && (*least == 0 || took < *least) ? took : *least;
        }
    }
}

/* Packets that pass a point before they come to those that saw them: one that is not seen there
 * when nothing else is any more shows that the point has ended. */
static void
find_cuts(struct work *w)
{
    for (uint32_t i = 0; i < POINTS_MAX; i++) {
        w->cut[i] = HUGE_VAL;
    }
    for (guint k = 0; k < w->emissions->len; k++) {
        const struct emission *e = &g_array_index(w->emissions, struct emission, k);
        const struct record *first = on_way(w, e, 0);
        double time = time_on_way(w, e, 0);
        for (uint32_t n = 0; n < w->p->num_places && first->kind != MARK_CLEAR; n++) {
            if (n != first->point && time < w->cut[n] && order(w, first, n, first->point) > 0 &&
                has_ended(w->p, n, time)) {
                w->cut[n] = time;
            }
        }
    }
}

static int64_t
talk_key(const struct ip_addr *from, const struct ip_addr *to)
{
    const struct ip_addr both[] = { *from, *to };

    return (int64_t)hash_octets(1, both, sizeof both);
}

static int64_t
host_key(uint32_t point, const struct ip_addr *host)
{
    return (int64_t)hash_octets(point + 2, host, sizeof *host);
}

static bool
was_at(const struct work *w, const struct emission *e, uint32_t point)
{
    for (uint32_t i = 0; i < e->len; i++) {
        if (on_way(w, e, i)->point == point) {
            return true;
        }
    }
    return false;
}

/* What comes out of the tunnel is not forwarded: it is seen nowhere inside, and nobody answers it.
 * Behind a network's own interface only hosts are expected that were met there. */
static bool
is_dropped(const struct work *w, const struct emission *e, uint32_t to)
{
    const struct record *r = on_way(w, e, 0);
    const struct ends *inner = &g_array_index(w->p->ends, struct ends, r->inner);
    int64_t back = talk_key(&inner->dst, &inner->src), host = host_key(to, &inner->dst);

    for (uint32_t i = 0; i < e->len; i++) {
        if (on_way(w, e, i)->kind == MARK_CLEAR) {
            return false;
        }
    }
    return !g_hash_table_contains(w->talks, &back) &&
           (!w->p->places[to].linked || g_hash_table_contains(w->hosts, &host));
}

/* It is sent again and again, and that other point never sees it. */
static bool
sent_in_vain(const struct points *p, const struct record *r, uint32_t to)
{
    uint32_t num = 0, looked = 0;

    for (uint32_t i = GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &r->key)) - 1;
         i != NO_RECORD && looked++ < POINTS_MAX_SAME; i = record_at(p, i)->older) {
        if (record_at(p, i)->point == to) {
            return false;
        }
        num += record_at(p, i)->point == r->point;
    }
    return num >= NEVER_ARRIVED;
}

/* Fragments of the datagram came there: whether all did is not known, for Wireshark joins what two
 * points saw at once to one datagram. */
static bool
came_in_parts(const struct points *p, const struct record *r, uint32_t to)
{
    const struct packet_mark part = points_mark_fragment(r->ip_id);
    guint newest = GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &part.key));
    uint32_t looked = 0;

    for (uint32_t i = newest ? newest - 1 : NO_RECORD;
         r->joined && i != NO_RECORD && looked++ < POINTS_MAX_SAME; i = record_at(p, i)->older) {
        if (record_at(p, i)->point == to) {
            return true;
        }
    }
    return false;
}

static void
note_lost(struct work *w, const struct emission *e)
{
    const struct record *r = on_way(w, e, e->len - 1);
    double time = time_on_way(w, e, e->len - 1);
    uint32_t to = next_on_way(w, r);
    struct lost_packet one = { r->frame, r->length, r->time, false, false };
    struct passage *g;
    bool ended, in_vain;

    if (to == NO_RECORD || was_at(w, e, to) || came_in_parts(w->p, r, to) ||
        halves_blind(w->halves, w->p, r, to) || halves_went_on(w->halves, r, to) ||
        (is_inner(r) && !is_dropped(w, e, to))) {
        return;
    }
    ended = !one_capture(w->p, r, to) && has_ended(w->p, to, time + w->least[r->point][to]);
    w->p->places[to].is.end_known &= !ended;
    if (ended ? w->cut[to] < HUGE_VAL :
                !one_capture(w->p, r, to) && !was_at_work(w->p, to, time)) {
        return;
    }
    in_vain = ended && sent_in_vain(w->p, r, to);
    if (ended && !in_vain && halves_one_sided(w->halves, r)) {
        return;                 /* what would show that the other point has ended is not seen */
    }
    g = passage_of(w, r, r->point, to);
    if (!g) {
        return;
    }
    one.behind_end = ended;
    one.in_vain = in_vain;
    if (g->inner && !g->num_lost) {
        g->inner_src = g_array_index(w->p->ends, struct ends, r->inner).src;
        g->inner_dst = g_array_index(w->p->ends, struct ends, r->inner).dst;
    }
    g->sent++;
    g->end_known &= !ended;
    g->smallest_lost = g->num_lost ? MIN(g->smallest_lost, r->length) : r->length;
    g->num_lost++;
    if (g->lost->len < PASSAGE_MAX_LOST) {
        g_array_append_val(g->lost, one);
    } else {
        w->p->capped = true;
    }
}

static bool
has_owner(const struct record *r)
{
    return r->ike_sa != NO_ID || r->stream != NO_ID;
}

static void
follow(struct work *w, const struct emission *e)
{
    if (!has_owner(on_way(w, e, 0))) {
        return;
    }
    for (uint32_t i = 1; i < e->len; i++) {
        const struct record *a = on_way(w, e, i - 1), *b = on_way(w, e, i);
        if (a->point != b->point && (!is_inner(a) || a->kind != b->kind)) {
            note_arrived(w, a, b);
        }
    }
    note_lost(w, e);
}

static int
compare_lost(const void *a, const void *b)
{
    uint32_t x = ((const struct lost_packet *)a)->frame, y = ((const struct lost_packet *)b)->frame;

    return (x > y) - (x < y);
}

/* Behind a point's last frame nobody knows whether it was at work.  That packets did not come of
 * which others came before is then no loss; that none of many ever came is, and so is a message
 * that is repeated in vain. */
static void
doubt_end(struct passage *g)
{
    bool never = !g->arrived && g->num_lost >= NEVER_ARRIVED;
    guint kept = 0;

    for (guint i = 0; i < g->lost->len && !g->end_known && !never; i++) {
        const struct lost_packet one = g_array_index(g->lost, struct lost_packet, i);
        if (!one.behind_end || one.in_vain) {
            g_array_index(g->lost, struct lost_packet, kept++) = one;
        }
    }
    if (!g->end_known && !never) {
        g->sent -= g->lost->len - kept;
        g->num_lost -= g->lost->len - kept;
        g_array_set_size(g->lost, kept);
    }
}

static int
compare_loss(const void *a, const void *b)
{
    const struct loss *x = (const struct loss *)a, *y = (const struct loss *)b;

    return x->frame != y->frame ? (x->frame > y->frame) - (x->frame < y->frame) :
                                  (x->passage > y->passage) - (x->passage < y->passage);
}

static void
list_losses(struct points *p)
{
    p->losses = g_array_new(FALSE, FALSE, sizeof(struct loss));
    for (guint i = 0; i < p->passages->len; i++) {
        const struct passage *g = &g_array_index(p->passages, struct passage, i);
        for (guint k = 0; k < g->lost->len; k++) {
            struct loss one = { g_array_index(g->lost, struct lost_packet, k).frame, i };
            g_array_append_val(p->losses, one);
        }
    }
    g_array_sort(p->losses, compare_loss);
}

static void
time_passage(struct passage *g, GArray *delays)
{
    guint n = delays->len;

    if (n) {
        g->delay = MAX(clocks_median((double *)(void *)delays->data, n), 0);
        g->delay_99 = MAX(g_array_index(delays, double, (n * 99 + 99) / 100 - 1), g->delay);
    }
    g->timed &= n > 0;
}

static void
make_delays(struct work *w)
{
    GPtrArray *delays = g_ptr_array_new();

    for (guint i = 0; i < w->p->passages->len; i++) {
        g_ptr_array_add(delays, g_array_new(FALSE, FALSE, sizeof(double)));
    }
    for (guint k = 0; k < w->emissions->len; k++) {
        const struct emission *e = &g_array_index(w->emissions, struct emission, k);
        for (uint32_t i = 1; i < e->len && has_owner(on_way(w, e, 0)); i++) {
            const struct record *a = on_way(w, e, i - 1), *b = on_way(w, e, i);
            double took = time_on_way(w, e, i) - time_on_way(w, e, i - 1);
            struct passage *g = a->point == b->point || (is_inner(a) && a->kind == b->kind) ?
                                    NULL :
                                    passage_of(w, a, a->point, b->point);
            if (g) {
                g_array_append_val((GArray *)delays->pdata[g - (struct passage *)(void *)
                                                                   w->p->passages->data],
                                   took);
            }
        }
    }
    for (guint i = 0; i < w->p->passages->len; i++) {
        GArray *one = (GArray *)delays->pdata[i];
        time_passage(&g_array_index(w->p->passages, struct passage, i), one);
        g_array_free(one, TRUE);
    }
    g_ptr_array_free(delays, TRUE);
}

static void
find_talks(struct work *w)
{
    for (guint i = 0; i < w->p->records->len; i++) {
        const struct record *r = record_at(w->p, i);
        const struct ends *inner = &g_array_index(w->p->ends, struct ends, r->inner);
        int64_t talk = talk_key(&inner->src, &inner->dst), host = host_key(r->point, &inner->dst);
        if (is_inner(r) && !g_hash_table_contains(w->talks, &talk)) {
            g_hash_table_add(w->talks, g_memdup2(&talk, sizeof talk));
        }
        if (r->kind == MARK_CLEAR && !g_hash_table_contains(w->hosts, &host)) {
            g_hash_table_add(w->hosts, g_memdup2(&host, sizeof host));
        }
    }
}

void
passages_make(struct points *p)
{
    struct work w = { .p = p };

    p->passages = g_array_new(FALSE, FALSE, sizeof(struct passage));
    w.courses = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, g_free);
    w.passage_of = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    w.talks = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    w.hosts = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    w.halves = halves_new(p);
    w.emissions = emissions_list(p);
    for (guint k = 0; k < w.emissions->len; k++) {
        vote(&w, &g_array_index(w.emissions, struct emission, k));
    }
    for (guint k = 0; k < w.emissions->len; k++) {
        settle(&w, &g_array_index(w.emissions, struct emission, k));
    }
    find_talks(&w);
    find_cuts(&w);
    find_least(&w);
    for (guint k = 0; k < w.emissions->len; k++) {
        follow(&w, &g_array_index(w.emissions, struct emission, k));
    }
    for (guint i = 0; i < p->passages->len; i++) {
        struct passage *g = &g_array_index(p->passages, struct passage, i);
        g_array_sort(g->lost, compare_lost);
        doubt_end(g);
    }
    list_losses(p);
    make_delays(&w);
    g_hash_table_destroy(w.courses);
    g_hash_table_destroy(w.passage_of);
    g_hash_table_destroy(w.talks);
    g_hash_table_destroy(w.hosts);
    halves_free(w.halves);
    g_array_free(w.emissions, TRUE);
}
