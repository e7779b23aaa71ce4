/* sights.c - packets that were captured before, at a second point whose clock may be another; and a
 * second line of numbers under one SPI.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>
#include <math.h>

enum { ALIKE = 8, PROOF = 2, PROOF_BY_TTL = 4, LINE_PROOF = 3 };
#define AT_ONCE 0.1             /* seconds: what comes so soon needs no further proof */
#define SAME_DISTANCE 0.05      /* what a path adds or takes from packet to packet */
#define LATE_S 10.0             /* no network keeps a packet so long */
#define FAR_S 1.0               /* for so long a network may deliver what is left of another path */
#define BOTH_DISTANCES 0.6      /* the two directions differ by twice the time of the path */

/* --- packets that were seen ------------------------------------------------------------------ */

/* The newest of those that share a hash with a packet of whose with that number. */
static uint32_t *
newest_of(const struct sights *all, uint32_t whose, uint32_t seq)
{
    uint64_t hash = hash_word(hash_seed(), (uint64_t)whose << 32 | seq);

    return &all->newest[hash % SADB_MAX_SIGHTS];
}

/* NULL: it has given its place to a later one, or there is none. */
static struct sight *
numbered(const struct sights *all, uint32_t number)
{
    return number && all->num - number < SADB_MAX_SIGHTS ? &all->at[number % SADB_MAX_SIGHTS] :
                                                           NULL;
}

/* Chains those that have come since somebody looked for one. */
static void
chain(struct sights *all)
{
    if (all->num - all->chained > SADB_MAX_SIGHTS) {
        all->chained = all->num - SADB_MAX_SIGHTS;
    }
    while (all->chained != all->num) {
        struct sight *one = &all->at[++all->chained % SADB_MAX_SIGHTS];
        uint32_t *newest = newest_of(all, one->whose, one->seq);
        one->older = *newest;
        *newest = all->chained;
    }
}

static struct known_sight
look_for(struct sadb *db, const struct sight *now)
{
    struct sights *all = &db->sights;
    struct known_sight known = { .now = *now };
    const struct sight *one;

    if (!all->at) {
        return known;
    }
    chain(all);
    one = numbered(all, *newest_of(all, now->whose, now->seq));
    for (size_t i = 0; one && i < ALIKE; i++, one = numbered(all, one->older)) {
        if (one->seq != now->seq || one->whose != now->whose) {
            continue;
        }
        if (one->digest != now->digest) {
            known.other = true;
        } else if (one->ip_id != now->ip_id) {
            known.same_octets = true;
        } else {
            known.same_octets = true;
            known.packet = known.packet ? known.packet : one;
        }
    }
    return known;
}

/* In the place of the oldest.  Most are never looked for: each stands behind the one before it,
 * where a processor's cache expects it, and nothing else is written. */
static void
keep_sight(struct sadb *db, const struct sight *one)
{
    struct sights *all = &db->sights;

    if (!all->at) {
        all->at = (struct sight *)store_alloc(&db->store, SADB_MAX_SIGHTS * sizeof *all->at);
        all->newest = (uint32_t *)store_alloc(&db->store, SADB_MAX_SIGHTS * sizeof *all->newest);
    }
    all->at[++all->num % SADB_MAX_SIGHTS] = *one;
}

static struct sight
sight_of(const struct sighting *at, uint32_t whose, uint32_t seq, uint32_t digest)
{
    return (struct sight){ .time = at->time,
                           .whose = whose,
                           .seq = seq,
                           .digest = digest,
                           .frame = at->frame,
                           .ip_id = at->ip_id,
                           .ttl = at->ttl,
                           .point = at->point };
}

struct known_sight
sights_look(struct sadb *db, const struct stream *s, const struct ipsec_event *e,
            uint32_t digest)
{
    struct sight now = sight_of(&e->at, s->id, e->packet->seq, digest);

    /* Of a number above all that were kept nothing is known. */
    return digest && now.seq <= s->top_sight ? look_for(db, &now) :
                                               (struct known_sight){ .now = now };
}

/* --- two capture points ---------------------------------------------------------------------- */

/* The place of the distance, with one more that keeps it; -1 where there is no room for it. */
static int
note_distance(struct sadb *db, double apart, bool up, bool ttl_differs)
{
    for (uint32_t i = 0; i < db->num_distances; i++) {
        struct distance *d = &db->distances[i];
        if (d->up == up && fabs(d->apart - apart) <= SAME_DISTANCE) {
            d->apart = apart;   /* clocks drift */
            d->num++;
            d->ttl_differs += ttl_differs;
            return (int)i;
        }
    }
    if (db->num_distances >= SADB_MAX_DISTANCES) {
        return -1;
    }
    db->distances[db->num_distances] = (struct distance){ apart, 1, ttl_differs, up, false };
    return (int)db->num_distances++;
}

/* Both directions come again at one distance, or one has passed more routers each time: whoever
 * replays packets does not keep time like that. */
static bool
prove(struct sadb *db, int which)
{
    struct distance *d = which < 0 ? NULL : &db->distances[which];

    if (!d || d->proved) {
        return d != NULL;
    }
    for (uint32_t i = 0; i < db->num_distances && d->num >= PROOF; i++) {
        struct distance *back = &db->distances[i];
        if (back->up != d->up && back->num >= PROOF &&
            fabs(back->apart - d->apart) <= BOTH_DISTANCES) {
            d->proved = back->proved = true;
        }
    }
    d->proved |= d->num >= PROOF_BY_TTL && d->ttl_differs == d->num;
    return d->proved;
}

static bool
differ(uint8_t a, uint8_t b)
{
    return a && b && a != b;
}

bool
sights_message(struct sadb *db, const struct ike_sa *sa, const struct sighting *at, uint64_t sum,
               double *apart)
{
    struct sight now = sight_of(at, WHOSE_IKE | sa->id, (uint32_t)sum, (uint32_t)(sum >> 32));
    const struct sight *was = look_for(db, &now).packet;
    bool moved;
    int which;

    if (!was) {
        keep_sight(db, &now);
        return false;
    }
    *apart = at->time - was->time;
    if (fabs(*apart) < AT_ONCE) {
        return false;
    }
    moved = differ(was->ttl, at->ttl) || differ(was->point, at->point);
    which = note_distance(db, *apart, ip_compare(&at->src, &at->dst) > 0,
                          differ(was->ttl, at->ttl));
    /* Who sends a message again makes another packet of it. */
    if (prove(db, which) || at->ip_id || moved) {
        return true;
    }
    db->distances[MAX(which, 0)].num -= which >= 0;
    return false;
}

static void
keep_early(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t original,
           uint32_t which)
{
    struct early_copy one = { s, { e->at.frame, original, e->apart }, e->packet->length, which,
                              false };

    if (!db->early) {
        db->early = store_array(&db->store, sizeof one);
    }
    if (db->early->len < SADB_MAX_EARLY_COPIES) {
        e->doubtful = true;
        g_array_append_val(db->early, one);
    }
}

bool
sights_packet(struct sadb *db, struct stream *s, struct ipsec_event *e,
              const struct known_sight *known)
{
    const struct sight *was = known->packet;
    int which;

    if (!was || fabs(e->at.time - was->time) < AT_ONCE) {
        return false;
    }
    e->apart = e->at.time - was->time;
    which = note_distance(db, e->apart, ip_compare(&e->at.src, &e->at.dst) > 0,
                          differ(was->ttl, e->at.ttl));
    if (prove(db, which) || differ(was->point, e->at.point)) {
        e->original = was->frame;
        return true;
    }
    if (which >= 0) {
        keep_early(db, s, e, was->frame, (uint32_t)which);
    }
    e->apart = 0;
    return false;
}

void
sights_early(struct sadb *db, const struct ipsec_event *e)
{
    struct early_copy *last = !db->early || !db->early->len ?
        NULL : &g_array_index(db->early, struct early_copy, db->early->len - 1);

    if (last && last->copy.frame == e->at.frame) {
        last->late = e->out_of_window;
    }
}

/* --- a second line of numbers ---------------------------------------------------------------- */

static bool
is_behind(const struct sadb *db, const struct stream_line *l, uint32_t seq)
{
    return seq - l->last_seq - 1 < db->options.window;
}

static bool
joins(const struct sadb *db, const struct stream_line *l, uint32_t seq)
{
    return is_behind(db, l, seq) || l->last_seq - seq < db->options.window;
}

/* Its number was never sent in the first line, or at that line's pace so long ago that no delay
 * explains it. */
static bool
is_too_far(const struct stream *s, const struct ipsec_event *e)
{
    const struct stream_rare *rare = stream_rare(s);
    uint32_t seq = e->packet->seq;
    double age = s->last_time - s->first_time;

    if (!e->out_of_window) {
        return false;
    }
    for (guint i = rare->num_gaps; i > 0; i--) {
        const struct stream_gap *gap = &g_array_index(rare->gaps, struct stream_gap, i - 1);
        if (gap->jump && seq - gap->from < gap->count) {
            return true;
        }
    }
    return seq - s->first_seq > UINT32_MAX / 2 &&
           (double)(s->last_seq - seq) > LATE_S * (double)s->numbers / MAX(age, 1.0);
}

/* The first line goes on.  Once what began behind it has caught up, it alone may be what goes on:
 * then the two take turns only where both live. */
static void
see_main(struct stream *s, const struct ipsec_event *e, uint32_t top)
{
    struct stream_line *l = stream_rare(s)->line;

    if (l && s->last_seq != top && s->last_seq == e->packet->seq) {
        l->caught |= l->last_seq == top;
        l->main_since += !l->caught;
        l->turns += l->caught && l->its_turn;
        l->its_turn = false;
        l->main_ttl = e->at.ttl;
    }
}

static void
begin_line(struct stream *s, const struct ipsec_event *e, uint32_t top)
{
    struct stream_line *l = s->rare->line;
    struct frame_numbers room = l->frames;

    room.len = 0;
    *l = (struct stream_line){ .first_time = e->at.time,
                               .first_seq = e->packet->seq,
                               .last_seq = e->packet->seq - 1,
                               .top = top,
                               .first_frame = e->at.frame,
                               .main_ttl = s->ttl,
                               .reordered = e->at.time < s->last_time,
                               .frames = room };
}

static void
see_line(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t top, bool conflict)
{
    uint32_t seq = e->packet->seq;
    struct stream_rare *rare = track_rare(db, s);
    struct stream_line *l = rare->line;

    if (!l) {
        l = rare->line = (struct stream_line *)store_alloc(&db->store, sizeof *l);
    }
    if (!l->count || (!l->proved && !joins(db, l, seq))) {
        begin_line(s, e, top);
    } else if (!joins(db, l, seq)) {
        return;
    }
    if (is_behind(db, l, seq)) {
        l->count++;
        l->last_seq = seq;
    }
    l->conflicts += conflict;
    l->far += !conflict && !l->reordered && e->at.time - l->first_time >= FAR_S && is_too_far(s, e);
    l->last_frame = e->at.frame;
    l->last_time = e->at.time;
    l->ttl = e->at.ttl;
    l->its_turn = true;
    l->proved |= l->count >= LINE_PROOF && l->conflicts + l->far >= LINE_PROOF - 1;
    e->explained = l->proved;
    e->doubtful |= !l->proved && l->frames.len < STREAM_MAX_LINE;
    if (l->frames.len < (l->proved ? STREAM_MAX_BAD_FRAMES : STREAM_MAX_LINE)) {
        store_add_frame(&db->store, &l->frames, e->at.frame);
    } else if (l->proved) {
        store_cap(&db->store, "packets of a second line of numbers of one stream");
    }
}

void
sights_line(struct sadb *db, struct stream *s, struct ipsec_event *e,
            const struct known_sight *known, uint32_t top)
{
    bool conflict = !known->same_octets && known->other;

    if (!known->now.digest || e->unverified || s->strange || e->echo) {
        return;
    }
    if (!known->packet) {
        keep_sight(db, &known->now);
        s->top_sight = MAX(s->top_sight, known->now.seq);
    }
    if (!known->same_octets && e->packet->seq && (conflict || e->out_of_window)) {
        see_line(db, s, e, top, conflict);
    } else {
        see_main(s, e, top);
    }
}

/* --- the end --------------------------------------------------------------------------------- */

static void
settle_early(struct sadb *db)
{
    guint kept = 0;

    for (guint i = 0; db->early && i < db->early->len; i++) {
        struct early_copy one = g_array_index(db->early, struct early_copy, i);
        struct stream *s = one.stream;
        struct stream_rare *rare;
        if (!db->distances[one.distance].proved) {
            continue;
        }
        rare = track_rare(db, s);
        s->packets -= s->packets > 0;
        s->bytes -= MIN(s->bytes, one.bytes);
        rare->duplicates++;
        s->out_of_window -= one.late && s->out_of_window;
        s->replayed -= !one.late && s->replayed;
        store_add_frame(&db->store, &rare->copy_frames, one.copy.frame);
        g_array_index(db->early, struct early_copy, kept++) = one;
    }
    if (db->early) {
        g_array_set_size(db->early, kept);
    }
}

static void
lose_nothing(struct sadb *db, struct stream *s)
{
    s->lost = 0;
    if (s->rare) {
        track_rare(db, s)->num_gaps = 0;
    }
}

/* Without IKE one counter may serve several destinations (keys of a routing protocol, group SAs):
 * what is missing towards one went to another. */
static void
share_counters(struct sadb *db)
{
    GHashTable *senders = g_hash_table_new(g_int64_hash, g_int64_equal);
    int64_t *keys = g_new(int64_t, db->streams->len + 1);

    for (guint i = 0; i < db->streams->len; i++) {
        struct stream *s = (struct stream *)g_ptr_array_index(db->streams, i), *one;
        struct ip_addr src = s->src;
        keys[i] = (int64_t)(hash_octets(hash_seed(), &src, sizeof src) ^ s->spi ^
                            (uint64_t)s->protocol << 32);
        one = (struct stream *)g_hash_table_lookup(senders, &keys[i]);
        if (s->child || s->peers) {
            continue;
        }
        if (one && !ip_equal(&one->dst, &s->dst)) {
            lose_nothing(db, s);
            lose_nothing(db, one);
            s->numbers = s->packets;
            one->numbers = one->packets;
        } else if (!one) {
            g_hash_table_insert(senders, &keys[i], s);
        }
    }
    g_hash_table_destroy(senders);
    g_free(keys);
}

void
sights_end(struct sadb *db)
{
    settle_early(db);
    share_counters(db);
}
