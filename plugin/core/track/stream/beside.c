/* beside.c - clear packets at a tunnel's own device, each next to the ESP packet that carries it:
 * who sends in a stream that nobody can open.
 *
 * A packet leaves by the device at once before its ESP packet, or comes out of it at once behind.
 * That all of a stream have one such neighbour and one only, whose length is always the same way
 * from theirs, is no chance where they are far apart.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"


#define AT_ONCE_S 0.005         /* a host takes no longer to seal or to open a packet */
#define FAR_APART 20            /* times that are the packets of a stream from each other */
enum { LAST = 16,               /* packets that may still find their neighbour */
       LENGTHS = 8,
       LEAST_AROUND = 20,       /* octets that ESP adds: its header, an IV or a trailer, an ICV */
       MOST_AROUND = 100 };

struct last_clear {
    double time;
    uint32_t frame, length;     /* frame 0: none, or it has found its ESP packet */
    uint8_t point;
    uint64_t link;
    struct inner_packet packet;
};

struct last_sealed {
    double time;
    uint32_t frame, length;
    uint8_t point;
    uint64_t link;
    const struct stream *stream;
};

struct tie {
    struct inner_beside is;
    bool broken, outwards;
    double longest, shortest;   /* seconds from a packet to its neighbour; between two of them */
    double last_time;
    unsigned num_lengths;
    uint32_t lengths[LENGTHS][2];       /* in clear, sealed */
};

struct besides {
    struct last_clear clear[LAST];
    struct last_sealed sealed[LAST];
    unsigned num_clear, num_sealed;
    double newest_clear;        /* its time; told while num_clear is not 0 */
    struct tie *ties[BESIDE_MAX_STREAMS];
    unsigned num_ties;
};

static struct besides *
besides_of(struct sadb *db)
{
    if (!db->beside) {
        db->beside = (struct besides *)store_alloc(&db->store, sizeof *db->beside);
    }
    return db->beside;
}

static struct tie *
find_tie(const struct besides *b, uint32_t stream)
{
    for (unsigned i = 0; i < b->num_ties; i++) {
        if (b->ties[i]->is.stream == stream) {
            return b->ties[i];
        }
    }
    return NULL;
}

static struct tie *
make_tie(struct sadb *db, uint32_t stream)
{
    struct besides *b = besides_of(db);
    struct tie *t = find_tie(b, stream);

    if (!t && b->num_ties < BESIDE_MAX_STREAMS) {
        t = (struct tie *)store_alloc(&db->store, sizeof *t);
        t->is.stream = stream;
        b->ties[b->num_ties++] = t;
    }
    return t;
}

/* Octets of ESP for a packet of so many, where the suite is known; 0. */
static uint32_t
sealed_length(const struct child_sa *c, uint32_t clear)
{
    struct encr_geometry g = { 0 };
    uint8_t icv = 0;
    uint32_t block;
    bool known = false;

    for (size_t i = 0; c && c->chosen && i < c->chosen->p->num_transforms; i++) {
        const struct transform *t = &c->chosen->p->transforms[i];
        if (t->type == TRANSFORM_ENCR) {
            known = encr_geometry(t->id, &g);
        } else if (t->type == TRANSFORM_INTEG && t->id && !integ_icv_len(t->id, &icv)) {
            return 0;
        }
    }
    block = MAX(g.block, 4u);
    return known ? ESP_HEADER + g.iv + (clear + ESP_TRAILER + block - 1) / block * block +
                       (g.icv ? g.icv : icv) :
                   0;
}

/* A longer packet makes no shorter one, and what is alike in clear is so sealed. */
static bool
fits(struct tie *t, const struct child_sa *c, uint32_t clear, uint32_t sealed)
{
    uint32_t known = sealed_length(c, clear);

    if (known ? known != sealed :
                sealed < clear + LEAST_AROUND || sealed > clear + MOST_AROUND) {
        return false;
    }
    for (unsigned i = 0; i < t->num_lengths; i++) {
        const uint32_t *one = t->lengths[i];
        if (one[0] == clear) {
            return one[1] == sealed;
        }
        if ((one[0] < clear) ? one[1] > sealed : one[1] < sealed) {
            return false;
        }
    }
    if (t->num_lengths < LENGTHS) {
        t->lengths[t->num_lengths][0] = clear;
        t->lengths[t->num_lengths++][1] = sealed;
    }
    return true;
}

static void
keep(struct inner_beside *is, const struct last_clear *c, const struct last_sealed *s)
{
    unsigned i = 0;

    while (i < is->num_sources && !ip_equal(&is->sources[i].packet.src, &c->packet.src)) {
        i++;
    }
    if (i == BESIDE_MAX_SOURCES) {
        return;
    }
    if (i == is->num_sources) {
        is->sources[is->num_sources++].packet = c->packet;
    }
    if (is->sources[i].num < BESIDE_MAX_FRAMES) {
        is->sources[i].clear[is->sources[i].num] = c->frame;
        is->sources[i].sealed[is->sources[i].num++] = s->frame;
    }
    is->sources[i].packets++;
}

static void
tie(struct sadb *db, struct last_clear *c, struct last_sealed *s)
{
    bool outwards = c->time < s->time || (c->time == s->time && c->frame < s->frame);
    struct tie *t = make_tie(db, s->stream->id);

    if (t) {
        double apart = outwards ? s->time - c->time : c->time - s->time,
               gap = s->time - t->last_time;
        t->broken |= !fits(t, s->stream->child, c->length, s->length) ||
                     (t->is.packets && outwards != t->outwards);
        t->shortest = t->is.packets > 1 ? MIN(t->shortest, gap) : gap;
        t->longest = MAX(t->longest, apart);
        t->outwards = outwards;
        t->last_time = s->time;
        t->is.packets++;
        keep(&t->is, c, s);
    }
    c->frame = 0;
    s->stream = NULL;
}

static bool
near_in_time(double first, double then)
{
    return then >= first && then - first <= AT_ONCE_S;
}

/* Where one interface has both, or one capture of all interfaces, the link address tells them
 * apart: a tunnel's own device has none. */
static bool
elsewhere(const struct last_clear *c, uint8_t point, uint64_t link)
{
    return c->point != point || link;
}

void
track_beside_sealed(struct sadb *db, const struct ipsec_event *e, const struct sighting *at)
{
    const struct ipsec_packet *p = e->packet;
    struct besides *b;
    struct last_clear *found = NULL;
    struct last_sealed *s;
    unsigned num = 0;

    if (!e->stream || p->protocol != PROTO_ESP || p->has_inner || e->duplicate || e->forged ||
        e->replayed) {
        return;
    }
    b = besides_of(db);
    s = &b->sealed[b->num_sealed++ % LAST];
    *s = (struct last_sealed){ at->time, at->frame, p->length, at->point, at->link, e->stream };
    if (!b->num_clear || at->time - b->newest_clear > AT_ONCE_S) {
        return;
    }
    for (unsigned i = 0; i < LAST; i++) {
        struct last_clear *c = &b->clear[i];
        if (c->frame && near_in_time(c->time, at->time) && elsewhere(c, at->point, at->link)) {
            found = c;
            num++;
        }
    }
    if (num == 1) {
        tie(db, found, s);
    }
}

static uint32_t
ip_length(const struct span *o)
{
    if (o->len < IPV4_HEADER) {
        return 0;
    }
    return o->at[0] >> 4 == 4 ? (uint32_t)o->at[2] << 8 | o->at[3] :
                                IPV6_HEADER + ((uint32_t)o->at[4] << 8 | o->at[5]);
}

void
track_beside_clear(struct sadb *db, const struct path_packet *p, const struct sighting *at)
{
    struct besides *b;
    struct last_sealed *found = NULL;
    struct last_clear *c;
    unsigned num = 0;

    if (p->kind != PATH_CLEAR || at->link || p->clear.protocol == IP_ESP ||
        p->clear.protocol == IP_AH || !ip_length(&p->clear_octets)) {
        return;
    }
    b = besides_of(db);
    b->newest_clear = b->num_clear ? MAX(b->newest_clear, at->time) : at->time;
    c = &b->clear[b->num_clear++ % LAST];
    *c = (struct last_clear){ at->time, at->frame, ip_length(&p->clear_octets), at->point, at->link,
                              p->clear };
    for (unsigned i = 0; i < LAST; i++) {
        struct last_sealed *s = &b->sealed[i];
        if (s->stream && near_in_time(s->time, at->time) && elsewhere(c, s->point, s->link)) {
            found = s;
            num++;
        }
    }
    if (num == 1) {
        tie(db, c, found);
    }
}

const struct inner_beside *
sadb_beside(const struct sadb *db, const struct stream *s)
{
    const struct tie *t = db->beside ? find_tie(db->beside, s->id) : NULL;

    return t && !t->broken && t->is.packets >= BESIDE_LEAST && t->is.packets == s->packets &&
                   t->shortest >= FAR_APART * t->longest ?
               &t->is :
               NULL;
}
