/* packet.c - ESP and AH packets to streams, and streams to Child SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

#define DUPLICATE_SECONDS 0.1       /* one packet, two capture points */
/* one packet, before and after a NAT of which nothing else is known */
#define TRANSLATED_SECONDS 0.005

static uint16_t
ticks_at(const struct stream *s, double time)
{
    double ticks = (time - s->first_time) * 100;

    return (uint16_t)(ticks > 0 && ticks < 1e15 ? (uint64_t)ticks : 0);
}

/* ticks wrap after 655 s: what is old by then has had a packet after it. */
static bool
is_duplicate(const struct stream *s, const struct ipsec_packet *p, const struct sighting *at)
{
    const struct seen_packet *one = &s->seen[p->seq % STREAM_SEEN];

    return one->frame && one->seq == p->seq && one->ip_id == at->ip_id &&
           at->time - s->last_time < DUPLICATE_SECONDS &&
           (uint16_t)(ticks_at(s, at->time) - one->ticks) <= DUPLICATE_SECONDS * 100;
}

static void
remember(struct stream *s, const struct ipsec_packet *p, const struct sighting *at)
{
    s->seen[p->seq % STREAM_SEEN] =
        (struct seen_packet){ p->seq, at->frame, at->ip_id, ticks_at(s, at->time) };
}

/* A NAT changes one address and leaves the Identification: of an SA whose NAT is known the copy has
 * the addresses that each side has beyond it, else it must come at once, which no replay does. */
static bool
is_translated(const struct ipsec_event *e, const struct passing_packet *one)
{
    const struct ipsec_packet *p = e->packet;
    double apart = e->at.time - one->time;
    bool src, dst;

    if (!one->frame || one->spi != p->spi || one->seq != p->seq || one->protocol != p->protocol ||
        one->length != p->length || one->ip_id != e->at.ip_id || apart > DUPLICATE_SECONDS ||
        apart < -DUPLICATE_SECONDS) {
        return false;
    }
    src = ip_equal(&one->src, &e->at.src);
    dst = ip_equal(&one->dst, &e->at.dst);
    if (e->child && e->child->basis != BASIS_INFERRED) {
        const struct ike_sa *sa = e->child->ike_sa;
        return sa->after_nat && !(src && dst) && ike_sa_is_at(sa, e->to_responder, &e->at.src) &&
               ike_sa_is_at(sa, !e->to_responder, &e->at.dst) &&
               ike_sa_is_at(sa, e->to_responder, &one->src) &&
               ike_sa_is_at(sa, !e->to_responder, &one->dst);
    }
    return src != dst && apart <= TRANSLATED_SECONDS;
}

static void
see_passing(struct sadb *db, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct passing_packet *last = &db->passing[db->num_passing++ % SADB_PASSING];

    for (size_t i = 0; i < SADB_PASSING && !e->translated; i++) {
        e->translated = is_translated(e, &db->passing[i]) ? db->passing[i].frame : 0;
    }
    last->time = e->at.time;
    last->spi = p->spi;
    last->seq = p->seq;
    last->length = p->length;
    last->frame = e->at.frame;
    last->ip_id = e->at.ip_id;
    last->protocol = p->protocol;
    last->src = e->at.src;
    last->dst = e->at.dst;
}

/* RFC 3686, 4106, 4309, 7634: in counter modes an IV must not come twice under a key. */
static void
see_iv(struct stream *s, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;

    if (!s->last_iv || !p->has_iv) {
        return;
    }
    for (size_t i = 0; i < STREAM_IVS && i < s->num_ivs; i++) {
        e->iv_repeats |= s->last_iv[i] == p->iv && !e->replayed;
    }
    s->last_iv[s->num_ivs++ % STREAM_IVS] = p->iv;
}

static void
see_integrity(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    if (e->packet->icv == ICV_GOOD) {
        s->good++;
    } else if (e->packet->icv == ICV_BAD) {
        s->bad++;
        if (s->bad_frames.len < STREAM_MAX_BAD_FRAMES) {
            store_add_frame(&db->store, &s->bad_frames, e->at.frame);
        } else {
            store_cap(&db->store, "frames with a wrong ICV of one stream");
        }
    }
}

static bool
unread(const struct ike_sa *sa)
{
    return sa->num_encrypted > sa->num_readable || !sa->started_here;
}

/* Without keys: a stream between the peers of an IKE SA whose exchanges nobody could
 * read belongs to a Child SA of it; opposite directions pair in order of birth. */
static struct child_sa *
infer_child(struct sadb *db, struct stream *s, struct ike_sa *sa, const struct sighting *at)
{
    bool to_r = ip_equal(&s->dst, &sa->responder.addr);
    uint32_t *from = &sa->half_inferred[s->protocol == PROTO_ESP][to_r];
    struct child_sa *c = NULL;

    /* Those passed by never fit again: an SPI stays, and so do protocol and basis. */
    for (; *from < sa->children.len && !c; ++*from) {
        struct child_sa *old = track_child(sa, *from);
        if (old->basis == BASIS_INFERRED && old->protocol == s->protocol &&
            (to_r ? old->spi_r : old->spi_i) == 0) {
            c = old;
        }
    }
    if (!c) {
        c = sadb_child_new(db, sa, s->protocol, 0, 0);
        if (!c) {
            return NULL;
        }
        c->basis = BASIS_INFERRED;
        c->request_frame = at->frame;
    }
    sadb_child_spi(db, c, !to_r, s->spi);
    c->udp_encap = at->src_port != 0;
    return c;
}

static struct child_sa *
child_by_source(const struct sadb *db, const struct stream *s, uint32_t frame, bool *to_responder)
{
    struct sa_key key = store_key(&db->store, 'c', s->protocol, &s->spi, sizeof s->spi, NULL, NULL);
    struct child_sa *c;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (c = walk_next(&w));) {
        if (c->protocol != s->protocol || c->request_frame > frame) {
            continue;
        }
        if (c->spi_r == s->spi && ip_equal(&s->src, &c->addr_i)) {
            *to_responder = true;
            return c;
        }
        if (c->spi_i == s->spi && ip_equal(&s->src, &c->addr_r)) {
            *to_responder = false;
            return c;
        }
    }
    return NULL;
}

struct child_sa *
track_child_at(struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *dst,
               uint32_t frame, bool *to_responder)
{
    const struct child_sa *c = sadb_child_at(db, protocol, spi, dst, frame, to_responder);

    return c ? database_child_sa(db, c->id) : NULL;
}

static struct stream *
make_stream(struct sadb *db, const struct sighting *at, const struct ipsec_packet *p,
            const struct sa_key *key)
{
    struct stream *s, *older = (struct stream *)g_hash_table_lookup(db->stream_of, key);
    unsigned num = 0;

    if (db->streams->len >= SADB_MAX_STREAMS) {
        store_cap(&db->store, "ESP and AH streams");
        return NULL;
    }
    for (const struct stream *one = older; one; one = one->older) {
        if (++num >= SADB_MAX_PER_SPI) {
            store_cap(&db->store, "streams of one SPI");
            return older;
        }
    }
    s = (struct stream *)store_alloc(&db->store, sizeof *s + (db->window_mask + 1) / 8);
    s->id = db->streams->len;
    s->protocol = p->protocol;
    s->spi = p->spi;
    s->src = at->src;
    s->dst = at->dst;
    s->src_port = at->src_port;
    s->dst_port = at->dst_port;
    s->first_frame = at->frame;
    s->first_time = s->last_time = at->time;
    s->epoch = db->store.epoch - 1;
    s->older = older;
    g_ptr_array_add(db->streams, s);
    g_hash_table_insert(db->stream_of, g_memdup2(key, sizeof *key), s);
    return s;
}

static void
set_tie(struct sadb *db, struct stream *s, struct child_sa *c, bool to_responder, uint32_t frame)
{
    if (s->child) {
        struct stream_tie old = { s->tied_frame, s->child, s->to_responder };
        if (!s->ties) {
            s->ties = store_array(&db->store, sizeof old);
        }
        g_array_append_val(s->ties, old);
    }
    s->child = c;
    s->tied_frame = frame;
    s->to_responder = to_responder;
    s->basis = c->basis;
    s->esn = child_has_esn(c);
    if (!s->last_iv && kept_counts_iv(c->chosen)) {
        s->last_iv = (uint64_t *)store_alloc(&db->store, STREAM_IVS * sizeof *s->last_iv);
    }
    store_add_stream(&db->store, &c->streams, s);
}

/* Looks the SAs up again only when some have come or changed since. */
static void
tie(struct sadb *db, const struct ipsec_event *e, struct stream *s)
{
    uint8_t other = s->protocol == PROTO_AH ? PROTO_ESP : PROTO_AH;
    struct ike_sa *peers;
    struct child_sa *c;
    bool to_r = s->to_responder;

    if (s->epoch == db->store.epoch) {
        return;
    }
    s->peers = peers = sadb_ike_between(db, &s->src, &s->dst);
    c = track_child_at(db, s->protocol, s->spi, &s->dst, e->at.frame, &to_r);
    if (!c) {
        c = child_by_source(db, s, e->at.frame, &to_r);
    }
    if (!c && peers && unread(peers) && e->new_stream) {
        c = infer_child(db, s, peers, &e->at);
        to_r = c && c->spi_r == s->spi;
    }
    if (c && c != s->child) {
        set_tie(db, s, c, to_r, e->at.frame);
        c->udp_encap |= e->at.src_port != 0;
    }
    s->other_protocol = s->child ? NULL : sadb_child_at(db, other, s->spi, &s->dst, e->at.frame,
                                                        &to_r);
    s->epoch = db->store.epoch;
}

/* For packets of an unknown SPI, which may be many: asked again only after more IKE. */
static void
look_at_peers(const struct sadb *db, struct stream *s)
{
    if (!s->child && s->readable_epoch != db->num_ike) {
        s->peers_readable = sadb_peers_readable(db, &s->src, &s->dst);
        s->readable_epoch = db->num_ike;
    }
}

/* An SPI that a later negotiation has given out again begins another stream. */
static bool
reused(const struct sadb *db, const struct stream *s, const struct sighting *at)
{
    bool to_r;
    const struct child_sa *c;

    if (s->epoch == db->store.epoch || !s->child) {
        return false;
    }
    c = sadb_child_at(db, s->protocol, s->spi, &s->dst, at->frame, &to_r);
    return c && c != s->child && c->request_frame > s->last_frame;
}

static void
count_packet(struct stream *s, const struct sighting *at, const struct ipsec_packet *p)
{
    s->last_src_port = at->src_port;
    s->reply_expected |= !p->has_inner || p->inner.protocol != IP_UDP;
    s->packets++;
    s->bytes += p->length;
    s->last_frame = at->frame;
    s->last_time = at->time;
}

/* In order and without loss, the number of a packet follows from its sequence number. */
static void
note_step(struct sadb *db, struct stream *s, const struct ipsec_packet *p, uint32_t frame)
{
    struct stream_step now = { frame, s->packets - p->seq, s->lost, s->replayed };

    if (s->packets == 1) {
        s->now = now;
        return;
    }
    if (now.ahead == s->now.ahead && now.lost == s->now.lost && now.replayed == s->now.replayed) {
        return;
    }
    if (!s->steps) {
        s->steps = store_array(&db->store, sizeof now);
    }
    if (s->steps->len < STREAM_MAX_STEPS) {
        g_array_append_val(s->steps, s->now);
    } else {
        store_cap(&db->store, "packets out of order of one stream whose counts are remembered");
    }
    s->now = now;
}

void
sadb_see_ipsec(struct sadb *db, struct ipsec_event *e, const struct sighting *at,
               const struct ipsec_packet *p)
{
    struct sa_key key =
        store_key(&db->store, 's', p->protocol, &p->spi, sizeof p->spi, &at->src, &at->dst);
    struct stream *s = (struct stream *)g_hash_table_lookup(db->stream_of, &key);

    memset(e, 0, sizeof *e);
    e->at = *at;
    e->packet = p;
    if (!s || reused(db, s, at)) {
        struct stream *made = make_stream(db, at, p, &key);
        e->new_stream = made != s;
        s = made;
    }
    if (!s) {
        e->peers = sadb_ike_between(db, &at->src, &at->dst);
        return;
    }
    e->stream = s;
    tie(db, e, s);
    look_at_peers(db, s);
    e->peers = s->peers;
    e->child = s->child;
    e->to_responder = s->to_responder;
    if (is_duplicate(s, p, at)) {
        s->duplicates++;
        s->last_frame = at->frame;
        e->duplicate = true;
        e->original = s->seen[p->seq % STREAM_SEEN].frame;
        e->number = p->seq + s->now.ahead;
        return;
    }
    see_passing(db, e);
    window_see(db, s, e);
    see_iv(s, e);
    see_integrity(db, s, e);
    if (!e->replayed) {
        remember(s, p, at);
    }
    e->old_src_port = s->last_src_port && at->src_port != s->last_src_port ? s->last_src_port : 0;
    count_packet(s, at, p);
    note_step(db, s, p, at->frame);
    track_sent(db, s->child ? s->child->ike_sa : NULL, s->to_responder, at->time);
    e->number = s->packets;
}
