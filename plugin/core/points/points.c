/* points.c - once the capture has ended: what the sightings come to, and what is asked of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <espial/hash.h>
#include <stdlib.h>
#include <string.h>

/* The same addresses, whatever the ports. */
static bool
same_way(const struct points *p, uint32_t a, uint32_t b)
{
    const struct ends *x = &g_array_index(p->ends, struct ends, a),
                      *y = &g_array_index(p->ends, struct ends, b);

    return ip_equal(&x->src, &y->src) && ip_equal(&x->dst, &y->dst);
}

/* A clear packet is the SA's that carries it, perhaps only later. */
static void
give_owner(struct points *p, uint32_t i)
{
    struct record *r = record_at(p, i);
    uint32_t looked = 0;

    if (r->kind != MARK_CLEAR || r->stream != NO_ID) {
        return;
    }
    for (uint32_t k = GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &r->key)) - 1;
         k != NO_RECORD && looked++ < POINTS_MAX_SAME; k = record_at(p, k)->older) {
        const struct record *sealed = record_at(p, k);
        if (sealed->kind == MARK_SEALED) {
            r->ike_sa = sealed->ike_sa;
            r->stream = sealed->stream;
            r->to_responder = sealed->to_responder;
            return;
        }
    }
}

/* Interfaces of two machines are often called the same. */
static void
tell_names_apart(struct points *p)
{
    bool same[POINTS_MAX] = { false };

    for (uint32_t i = 0; i < p->num_places; i++) {
        for (uint32_t k = 0; k < p->num_places; k++) {
            same[i] |= i != k && strcmp(p->places[i].is.name, p->places[k].is.name) == 0;
        }
    }
    for (uint32_t i = 0; i < p->num_places; i++) {
        if (same[i]) {
            char *apart =
                g_strdup_printf("%.40s (point %u)", p->places[i].is.name, p->places[i].is.id);
            g_strlcpy(p->places[i].is.name, apart, sizeof p->places[i].is.name);
            g_free(apart);
        }
    }
}

/* One direction of an IKE SA at one point. */
static int64_t
ike_way_key(const struct record *r)
{
    const uint32_t way[] = { r->ike_sa, r->point, r->to_responder };

    return (int64_t)hash_octets(1, way, sizeof way);
}

static void
note_ike_ways(struct points *p)
{
    for (guint i = 0; i < p->records->len; i++) {
        const struct record *r = record_at(p, i);
        int64_t key = ike_way_key(r);
        if (r->kind == MARK_IKE && r->ike_sa != NO_ID) {
            guint was = GPOINTER_TO_UINT(g_hash_table_lookup(p->ike_ways, &key));
            bool other = was == NO_RECORD || (was && !same_way(p, r->ends, was - 1));
            g_hash_table_insert(p->ike_ways, g_memdup2(&key, sizeof key),
                                GUINT_TO_POINTER(other ? NO_RECORD : r->ends + 1));
        }
    }
}

void
points_end(struct points *p, points_owner_fn *owner, const void *context)
{
    for (guint i = 0; i < p->records->len; i++) {
        give_owner(p, i);
    }
    for (guint i = 0; i < p->records->len; i++) {
        struct record *r = record_at(p, i);
        const struct packet_owner who = owner(context, r->ike_sa, r->stream, r->to_responder);
        r->ike_sa = who.ike_sa;
        r->stream = who.stream;
        r->to_responder = who.to_responder;
    }
    tell_names_apart(p);
    note_ike_ways(p);
    if (p->meet) {
        clocks_place(p);
        passages_make(p);
    }
}

/* --- by frame -------------------------------------------------------------------------------- */

static int
compare_frame(const void *key, const void *one)
{
    uint32_t frame = *(const uint32_t *)key, other = ((const struct record *)one)->frame;

    return (frame > other) - (frame < other);
}

/* The first record of the frame, or NO_RECORD. */
static uint32_t
find_frame(const struct points *p, uint32_t frame)
{
    const struct record *all = p ? (const struct record *)(void *)p->records->data : NULL;
    const struct record *r;

    if (!all || !p->records->len) {
        return NO_RECORD;
    }
    r = (const struct record *)bsearch(&frame, all, p->records->len, sizeof *all, compare_frame);
    while (r && r > all && r[-1].frame == frame) {
        r--;
    }
    return r ? (uint32_t)(r - all) : NO_RECORD;
}

bool
points_owner(const struct points *p, uint32_t frame, struct packet_owner *out)
{
    uint32_t i = find_frame(p, frame);

    if (i == NO_RECORD) {
        return false;
    }
    *out = (struct packet_owner){ record_at(p, i)->ike_sa, record_at(p, i)->stream,
                                  record_at(p, i)->to_responder };
    return true;
}

const struct point *
points_of_frame(const struct points *p, uint32_t frame)
{
    uint32_t i = find_frame(p, frame);

    return i == NO_RECORD ? NULL : &p->places[record_at(p, i)->point].is;
}

uint32_t
points_copy_of(const struct points *p, uint32_t frame)
{
    uint32_t i = find_frame(p, frame);

    return i == NO_RECORD || !record_at(p, i)->copy ? 0 :
                                                      record_at(p, record_at(p, i)->first)->frame;
}

size_t
points_sightings(const struct points *p, uint32_t frame, uint32_t out[])
{
    uint32_t i = find_frame(p, frame), emission, from, to;
    size_t n = 0;

    if (i == NO_RECORD || !p->way_of || record_at(p, i)->emission == NO_RECORD) {
        return 0;
    }
    emission = record_at(p, i)->emission;
    from = g_array_index(p->way_of, uint32_t, emission);
    to = emission + 1 < p->way_of->len ? g_array_index(p->way_of, uint32_t, emission + 1) :
                                         p->way->len;
    for (uint32_t k = from; k < to && n < POINTS_MAX; k++) {
        out[n++] = record_at(p, g_array_index(p->way, uint32_t, k))->frame;
    }
    return n;
}

bool
points_translated(const struct points *p, uint32_t frame)
{
    uint32_t seen[POINTS_MAX], i, way;
    int64_t key;
    size_t num;

    if (!p || (i = find_frame(p, frame)) == NO_RECORD) {
        return false;
    }
    key = ike_way_key(record_at(p, i));
    way = GPOINTER_TO_UINT(g_hash_table_lookup(p->ike_ways, &key));
    if (way && way != NO_RECORD && same_way(p, way - 1, record_at(p, i)->ends)) {
        return true;
    }
    num = points_sightings(p, frame, seen);
    for (size_t k = 0; k < num; k++) {
        const struct record *other = record_at(p, find_frame(p, seen[k]));
        if (other->kind == record_at(p, i)->kind && other->ends != record_at(p, i)->ends) {
            return true;
        }
    }
    return false;
}

bool
points_rewritten(const struct points *p, uint32_t before, uint32_t behind, struct rewriting *out)
{
    uint32_t a = find_frame(p, before), b = find_frame(p, behind);
    const struct ends *x, *y;

    if (a == NO_RECORD || b == NO_RECORD) {
        return false;
    }
    x = record_ends(p, record_at(p, a));
    y = record_ends(p, record_at(p, b));
    *out = (struct rewriting){ { x->src, y->src },
                               { x->dst, y->dst },
                               { x->src_port, y->src_port },
                               { x->dst_port, y->dst_port },
                               { before, behind },
                               record_at(p, a)->ends != record_at(p, b)->ends };
    return out->num > 0;
}

/* The points that have the packet of that record, a bit each. */
static uint32_t
places_of(const struct points *p, uint32_t i)
{
    uint32_t places = 1u << record_at(p, i)->point, frames[POINTS_MAX];
    size_t num = points_sightings(p, record_at(p, i)->frame, frames);

    for (size_t k = 0; k < num; k++) {
        places |= 1u << record_at(p, find_frame(p, frames[k]))->point;
    }
    return places;
}

bool
points_one_place(const struct points *p, uint32_t a, uint32_t b)
{
    uint32_t x = find_frame(p, a), y = find_frame(p, b);

    return x == NO_RECORD || y == NO_RECORD || (places_of(p, x) & places_of(p, y));
}

size_t
points_count(const struct points *p)
{
    return p ? p->num_places : 0;
}

const struct point *
points_get(const struct points *p, size_t i)
{
    return &p->places[i].is;
}

size_t
points_num_passages(const struct points *p)
{
    return p && p->passages ? p->passages->len : 0;
}

const struct passage *
points_passage(const struct points *p, size_t i)
{
    return &g_array_index(p->passages, struct passage, i);
}

static void
print_end(GString *out, const struct ip_addr *a, uint16_t port)
{
    char text[ADDR_TEXT_MAX];

    ip_print(a, text, sizeof text);
    if (!port) {
        g_string_append(out, text);
    } else {
        g_string_append_printf(out, a->family == 6 ? "[%s]:%u" : "%s:%u", text, (unsigned)port);
    }
}

char *
rewriting_print(const struct rewriting *r, char *out, size_t size)
{
    GString *text = g_string_new(NULL);

    for (int side = 0; side < 2; side++) {
        const struct ip_addr *a = side ? r->dst : r->src;
        const uint16_t *port = side ? r->dst_port : r->src_port;
        if (ip_equal(&a[0], &a[1]) && port[0] == port[1]) {
            continue;
        }
        g_string_append(text, text->len ? ", " : "");
        print_end(text, &a[0], port[0]);
        g_string_append(text, " -> ");
        print_end(text, &a[1], port[1]);
    }
    g_strlcpy(out, text->str, size);
    g_string_free(text, TRUE);
    return out;
}

bool
points_explain_clear(const struct points *p, uint32_t frame, uint8_t point)
{
    uint32_t i = find_frame(p, frame);

    if (!points_meet(p)) {
        return false;
    }
    for (uint32_t k = 0; k < p->num_places; k++) {
        if (p->places[k].is.number == point && !p->places[k].is.placed) {
            return true;
        }
    }
    if (i == NO_RECORD) {
        return false;
    }
    for (uint32_t k = GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &record_at(p, i)->key)) - 1,
                  looked = 0;
         k != NO_RECORD && looked < POINTS_MAX_SAME; k = record_at(p, k)->older, looked++) {
        if (record_at(p, k)->kind == MARK_SEALED) {
            return true;
        }
    }
    return false;
}

static int
compare_lost_frame(const void *key, const void *one)
{
    uint32_t frame = *(const uint32_t *)key, other = ((const struct loss *)one)->frame;

    return (frame > other) - (frame < other);
}

const struct passage *
points_lost_on(const struct points *p, uint32_t frame, bool inner)
{
    const GArray *all = p ? p->losses : NULL;
    const struct loss *l = !all || !all->len ?
                               NULL :
                               (const struct loss *)bsearch(&frame, all->data, all->len, sizeof *l,
                                                            compare_lost_frame);

    if (!l) {
        return NULL;
    }
    while ((const void *)l > (const void *)all->data && l[-1].frame == frame) {
        l--;
    }
    for (; (const void *)l < (const void *)(&g_array_index(all, struct loss, all->len)) &&
           l->frame == frame;
         l++) {
        const struct passage *g = points_passage(p, l->passage);
        if (g->inner == inner) {
            return g;
        }
    }
    return NULL;
}

bool
points_when(const struct points *p, uint32_t frame, double *time)
{
    uint32_t i = find_frame(p, frame);

    if (i == NO_RECORD || !p->places[record_at(p, i)->point].is.placed) {
        return false;
    }
    *time = clocks_time(p, i);
    return true;
}

bool
points_saw_back(const struct points *p, uint32_t ike_sa, uint32_t stream, bool to_responder)
{
    enum { SOME = 3 };          /* packets to which something would have come back */
    uint32_t num[POINTS_MAX] = { 0 }, any = 0;
    bool back[POINTS_MAX] = { false };

    for (guint i = 0; p && i < p->records->len; i++) {
        const struct record *r = record_at(p, i);
        if (r->kind < MARK_PATH) {
            num[r->point] += r->stream == stream;
            back[r->point] |= r->ike_sa == ike_sa && r->to_responder != to_responder;
            any += r->stream == stream;
        }
    }
    for (size_t i = 0; i < POINTS_MAX; i++) {
        if (num[i] >= SOME && back[i]) {
            return true;
        }
    }
    return !any;
}

uint32_t
points_lost(const struct points *p, uint32_t stream)
{
    uint32_t num = 0;

    for (size_t i = 0; i < points_num_passages(p); i++) {
        const struct passage *g = points_passage(p, i);
        num += g->stream == stream && !g->inner ? g->num_lost : 0;
    }
    return num;
}
