/* record.c - keeps each sighting of a packet, and tells while the capture goes on which are copies.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <espial/hash.h>
#include <espial/protocol.h>
#include <espial/text.h>
#include <string.h>

struct packet_mark
points_mark(enum mark_kind kind, const void *head, size_t head_len, const uint8_t *octets,
            uint32_t length)
{
    struct packet_mark m = { .kind = kind, .length = length };

    m.key = hash_octets(hash_seed() ^ (uint64_t)kind << 32 ^ length, head, head_len);
    m.whole = octets ? hash_long(hash_seed(), octets, length) | 1 : 0;
    return m;
}

struct packet_mark
points_mark_fragment(uint16_t ip_id)
{
    return points_mark(MARK_PATH, &ip_id, sizeof ip_id, NULL, 0);
}

bool
points_mark_inner(struct packet_mark *out, bool sealed, const uint8_t *octets, size_t len)
{
    enum { BEHIND = 12 };
    struct {
        uint8_t src[16], dst[16], fields[8], behind[BEHIND];
    } head;
    bool v4 = len && octets[0] >> 4 == 4;
    size_t header = v4 ? (size_t)(octets[0] & 15) * 4 : IPV6_HEADER, addr = v4 ? 4 : 16;

    if (len < header + BEHIND || header < IPV4_HEADER) {
        return false;
    }
    memset(&head, 0, sizeof head);
    memcpy(head.src, octets + (v4 ? 12 : 8), addr);
    memcpy(head.dst, octets + (v4 ? 16 : 24), addr);
    memcpy(head.fields, octets + (v4 ? 2 : 4), v4 ? 6 : 3); /* length, and what follows it */
    head.fields[7] = v4 ? octets[9] : 0;
    memcpy(head.behind, octets + header, BEHIND);
    *out = (struct packet_mark){
        .kind = sealed ? MARK_SEALED : MARK_CLEAR,
        .key = hash_octets(hash_seed() ^ (uint64_t)MARK_SEALED << 32, &head, sizeof head),
        .length = (uint32_t)head.fields[0] << 8 | head.fields[1],
        .src = ip_from(v4 ? 4 : 6, head.src),
        .dst = ip_from(v4 ? 4 : 6, head.dst)
    };
    return true;
}

struct points *
points_new(uint64_t seed)
{
    struct points *p = g_new0(struct points, 1);

    p->seed = seed;
    p->records = g_array_new(FALSE, FALSE, sizeof(struct record));
    p->newest = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    p->ends = g_array_new(FALSE, FALSE, sizeof(struct ends));
    p->ends_of = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    p->ike_ways = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    p->told = NO_RECORD;
    return p;
}

void
points_doubt(struct points *p, bool doubted)
{
    p->doubted = doubted;
}

/* One interface is no two points: what it saw is not worth its room. */
static bool
is_alone(struct points *p)
{
    if (!p->given_up && p->doubted && p->num_places == 1 && p->records->len >= POINTS_MAX_ALONE) {
        p->given_up = true;
        g_array_free(p->records, TRUE);
        g_array_free(p->ends, TRUE);
        p->records = g_array_new(FALSE, FALSE, sizeof(struct record));
        p->ends = g_array_new(FALSE, FALSE, sizeof(struct ends));
        g_hash_table_remove_all(p->newest);
        g_hash_table_remove_all(p->ends_of);
    }
    return p->given_up;
}

bool
points_compare(const struct points *p)
{
    return p && !p->given_up;
}

static void
free_array(GArray *a)
{
    if (a) {
        g_array_free(a, TRUE);
    }
}

void
points_free(struct points *p)
{
    if (!p) {
        return;
    }
    for (guint i = 0; p->passages && i < p->passages->len; i++) {
        free_array(g_array_index(p->passages, struct passage, i).lost);
    }
    for (size_t i = 0; i < POINTS_MAX; i++) {
        free_array(p->ticks[i]);
    }
    free_array(p->passages);
    free_array(p->losses);
    free_array(p->way);
    free_array(p->way_of);
    free_array(p->records);
    free_array(p->ends);
    g_hash_table_destroy(p->newest);
    g_hash_table_destroy(p->ends_of);
    g_hash_table_destroy(p->ike_ways);
    g_free(p);
}

static struct place *
known_place(const struct points *p, uint8_t number)
{
    for (uint32_t i = 0; i < p->num_places; i++) {
        if (p->places[i].is.number == number) {
            return (struct place *)&p->places[i];
        }
    }
    return NULL;
}

bool
points_knows(const struct points *p, uint8_t point)
{
    return known_place(p, point) != NULL;
}

/* NULL beyond POINTS_MAX. */
static struct place *
place_of(struct points *p, uint8_t number)
{
    struct place *at;

    at = known_place(p, number);
    if (at) {
        return at;
    }
    if (p->num_places >= POINTS_MAX) {
        p->capped = true;
        return NULL;
    }
    p->capped |= p->given_up;
    at = &p->places[p->num_places++];
    at->is = (struct point){ .id = p->num_places - 1, .number = number, .end_known = true };
    g_snprintf(at->is.name, sizeof at->is.name, "point %u", (unsigned)number);
    return at;
}

void
points_see_frame(struct points *p, uint8_t point, uint32_t frame, double time, const char *name)
{
    struct place *at = place_of(p, point);

    if (!at) {
        return;
    }
    if (!at->is.first_frame) {
        at->is.first_frame = frame;
        at->is.first_time = at->is.last_time = time;
        if (name && *name) {
            char *shown = text_shown(name);
            g_strlcpy(at->is.name, shown, sizeof at->is.name);
            g_free(shown);
        }
    }
    at->is.last_frame = frame;
    at->is.first_time = MIN(at->is.first_time, time);
    at->is.last_time = MAX(at->is.last_time, time);
}

static uint32_t
keep_ends(struct points *p, const struct ip_addr *src, const struct ip_addr *dst,
          uint16_t src_port, uint16_t dst_port)
{
    struct ends e;
    int64_t hash;
    gpointer known;

    memset(&e, 0, sizeof e); /* its padding is hashed too */
    e.src = *src;
    e.dst = *dst;
    e.src_port = src_port;
    e.dst_port = dst_port;
    hash = (int64_t)hash_octets(p->seed, &e, sizeof e);
    known = g_hash_table_lookup(p->ends_of, &hash);
    if (known) {
        return GPOINTER_TO_UINT(known) - 1;
    }
    if (p->ends->len >= POINTS_MAX_ENDS) {
        p->capped = true;
        return NO_RECORD;
    }
    g_array_append_val(p->ends, e);
    g_hash_table_insert(p->ends_of, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(p->ends->len));
    return p->ends->len - 1;
}

/* One host sends the same message from or to several addresses (RFC 4555 section 3.10): packets
 * that have passed no router, so that nothing has translated them. */
static bool
sent_apart(const struct points *p, const struct record *a, const struct record *b)
{
    const struct ends *x = record_ends(p, a), *y = record_ends(p, b);

    return a->kind < MARK_PATH && a->ttl && a->ttl == b->ttl &&
           !(ip_equal(&x->src, &y->src) && ip_equal(&x->dst, &y->dst));
}

bool
record_same(const struct points *p, const struct record *a, const struct record *b)
{
    return a->key == b->key && (!a->whole || !b->whole || a->whole == b->whole) &&
           !sent_apart(p, a, b);
}

/* The sighting elsewhere that this one is a copy of: as often as the packet has come by here, it
 * was seen at another point; NO_RECORD where that is not so. */
static uint32_t
find_copied(const struct points *p, const struct record *r, uint32_t newest)
{
    uint32_t num[POINTS_MAX] = { 0 }, same[POINTS_MAX_SAME], len = 0, most = NO_RECORD;

    for (uint32_t i = newest; i != NO_RECORD && len < POINTS_MAX_SAME; i = record_at(p, i)->older) {
        if (record_same(p, record_at(p, i), r)) {
            same[len++] = i;
            num[record_at(p, i)->point]++;
        }
    }
    for (uint32_t i = 0; i < p->num_places; i++) {
        if (i != r->point && num[i] > num[r->point] && (most == NO_RECORD || num[i] > num[most])) {
            most = i;
        }
    }
    for (uint32_t i = len, before = 0; most != NO_RECORD && i > 0; i--) {
        if (record_at(p, same[i - 1])->point == most && before++ == num[r->point]) {
            return record_at(p, same[i - 1])->first;
        }
    }
    return NO_RECORD;
}

static double
place_ahead(const struct place *at)
{
    double sorted[STEPS];
    uint32_t n = MIN(at->num_steps, STEPS);

    for (uint32_t i = 0; i < n; i++) {
        uint32_t j = i;
        for (; j > 0 && sorted[j - 1] > at->steps[i]; j--) {
            sorted[j] = sorted[j - 1];
        }
        sorted[j] = at->steps[i];
    }
    return n ? sorted[n / 2] : 0;
}

bool
points_knows_clock(const struct points *p, uint8_t point)
{
    const struct place *at = known_place(p, point);

    return !p->records->len || p->places[record_at(p, 0)->point].is.number == point ||
           (at && at->num_steps > 0);
}

double
points_time(const struct points *p, uint8_t point, double time)
{
    const struct place *at = p ? known_place(p, point) : NULL;

    return at ? time - place_ahead(at) : time;
}

static void
note_copy(struct points *p, struct record *r, uint32_t first, struct seen_elsewhere *out)
{
    const struct record *was = record_at(p, first);
    struct place *at = &p->places[r->point];

    r->first = first;
    r->copy = p->meet = true;
    r->ike_sa = was->ike_sa;
    r->stream = was->stream;
    r->to_responder = was->to_responder;
    /* What is carried may be the same again and again; what carries it is not, and was seen too. */
    if (r->kind != MARK_SEALED || was->kind != MARK_SEALED) {
        at->steps[at->num_steps++ % STEPS] =
            r->time - (was->time - place_ahead(&p->places[was->point]));
    }
    *out = (struct seen_elsewhere){ .frame = was->frame,
                                    .ike_sa = was->ike_sa,
                                    .stream = was->stream,
                                    .to_responder = was->to_responder,
                                    .src = record_ends(p, was)->src,
                                    .dst = record_ends(p, was)->dst };
}

bool
points_see(struct points *p, const struct packet_mark *m, const struct sighting *at,
           struct seen_elsewhere *out)
{
    struct place *place = place_of(p, at->point);
    uint32_t index = p->records->len, newest, first;
    struct record r = { .key = m->key,
                        .time = at->time,
                        .whole = (uint32_t)(m->whole ^ m->whole >> 32) | (m->whole != 0),
                        .frame = at->frame,
                        .length = m->length,
                        .first = index,
                        .ike_sa = NO_ID,
                        .stream = NO_ID,
                        .emission = NO_RECORD,
                        .ip_id = at->ip_id,
                        .joined = at->joined,
                        .numbered = m->numbered,
                        .answer = m->answer,
                        .asked_by_initiator = m->asked_by_initiator,
                        .message_id = m->message_id,
                        .ttl = m->kind < MARK_SEALED ? at->ttl : 0,
                        .dscp = at->dscp,
                        .kind = (uint8_t)m->kind };

    *out = (struct seen_elsewhere){ .ike_sa = NO_ID, .stream = NO_ID };
    p->told = NO_RECORD;
    if (is_alone(p)) {
        return false;
    }
    if (!place || index >= POINTS_MAX_PACKETS) {
        p->capped = true;
        return false;
    }
    r.point = (uint8_t)place->is.id;
    r.ends = keep_ends(p, &at->src, &at->dst, at->src_port, at->dst_port);
    r.inner = keep_ends(p, &m->src, &m->dst, 0, 0);
    if (r.ends == NO_RECORD || r.inner == NO_RECORD) {
        return false;
    }
    newest = GPOINTER_TO_UINT(g_hash_table_lookup(p->newest, &m->key));
    r.older = newest ? newest - 1 : NO_RECORD;
    first = find_copied(p, &r, r.older);
    if (first != NO_RECORD) {
        note_copy(p, &r, first, out);
    }
    p->told = index;
    place->is.packets += m->kind < MARK_PATH;
    place->inside |= m->kind == MARK_CLEAR;
    place->linked |= m->kind == MARK_CLEAR && at->link;
    g_array_append_val(p->records, r);
    g_hash_table_insert(p->newest, g_memdup2(&m->key, sizeof m->key), GUINT_TO_POINTER(index + 1));
    return r.copy;
}

bool
points_know(const struct points *p, const struct packet_mark *m)
{
    return g_hash_table_contains(p->newest, &m->key);
}

void
points_tell(struct points *p, const struct packet_owner *owner)
{
    if (p->told != NO_RECORD) {
        struct record *r = record_at(p, p->told);
        r->ike_sa = owner->ike_sa;
        r->stream = owner->stream;
        r->to_responder = owner->to_responder;
    }
}

bool
points_meet(const struct points *p)
{
    return p && p->meet;
}

bool
points_capped(const struct points *p)
{
    return p && p->capped;
}
