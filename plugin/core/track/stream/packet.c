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

/* Of the packet's octets, never 0; 0 where not all of them are known. */
static uint32_t
digest_of(const struct ipsec_packet *p)
{
    uint64_t sum = ipsec_sum(p);

    return sum ? (uint32_t)(sum ^ sum >> 32) | 1 : 0;
}

/* The one that was not captured whole may be the same. */
static bool
same_octets(uint32_t digest, uint32_t other)
{
    return !digest || !other || digest == other;
}

/* ticks wrap after 655 s: what is old by then has had a packet after it. */
static bool
is_copy(const struct stream *s, const struct seen_packet *one, const struct ipsec_event *e,
        uint32_t digest)
{
    const struct sighting *at = &e->at;
    const struct stream_line *line;
    double last;

    if (!one->frame || one->seq != e->packet->seq) {
        return false;
    }
    line = stream_rare(s)->line;
    last = line ? MAX(line->last_time, s->last_time) : s->last_time;
    return one->ip_id == at->ip_id && same_octets(digest, one->digest) &&
           at->time - last < DUPLICATE_SECONDS &&
           (uint16_t)(ticks_at(s, at->time) - one->ticks) <= DUPLICATE_SECONDS * 100;
}

/* The packet of which this one is a copy, captured at another point; NULL. */
static const struct seen_packet *
copied(const struct stream *s, const struct ipsec_event *e, uint32_t digest)
{
    const struct seen_packet *one = &s->seen[e->packet->seq % STREAM_SEEN];
    const struct stream_doubt *d = s->doubt;
    const struct stream_rare *rare;

    if (is_copy(s, one, e, digest)) {
        return one;
    }
    if (d && d->pending && !d->start) {         /* whose place a packet in doubt may have taken */
        one = &d->before->seen[e->packet->seq % STREAM_SEEN];
        if (is_copy(s, one, e, digest)) {
            return one;
        }
    }
    rare = stream_rare(s);
    for (size_t i = 0; rare->num_others && i < STREAM_OTHERS; i++) {
        if (is_copy(s, &rare->others[i], e, digest)) {
            return &rare->others[i];
        }
    }
    return NULL;
}

static struct seen_packet
seen_now(const struct stream *s, const struct ipsec_event *e, uint32_t digest)
{
    return (struct seen_packet){ .seq = e->packet->seq,
                                 .frame = e->at.frame,
                                 .digest = digest,
                                 .ip_id = e->at.ip_id,
                                 .ticks = ticks_at(s, e->at.time) };
}

/* A stream of more packets than seen holds has what tells those of the whole window apart. */
static void
remember(struct sadb *db, struct stream *s, const struct ipsec_event *e, uint32_t digest)
{
    if (!s->digests && s->packets >= STREAM_SEEN) {
        s->digests = (uint32_t *)store_alloc(&db->store,
                                             ((size_t)db->window_mask + 1) * sizeof *s->digests);
        for (size_t i = 0; i < STREAM_SEEN; i++) {
            if (s->seen[i].frame) {
                s->digests[s->seen[i].seq & db->window_mask] = s->seen[i].digest;
            }
        }
    }
    if (s->digests && !e->out_of_window) {
        s->digests[e->packet->seq & db->window_mask] = digest;
    }
    s->seen[e->packet->seq % STREAM_SEEN] = seen_now(s, e, digest);
}

/* A NAT changes one address and leaves the Identification: of an SA whose NAT is known the copy has
 * the addresses that each side has beyond it, else it must come at once, which no replay does. */
static bool
is_translated(const struct ipsec_event *e, const struct passing_packet *one, uint32_t digest)
{
    const struct ipsec_packet *p = e->packet;
    double apart = e->at.time - one->time;
    bool src, dst;

    if (!one->frame || one->spi != p->spi || one->seq != p->seq || one->protocol != p->protocol ||
        one->length != p->length || !same_octets(one->digest, digest) ||
        one->ip_id != e->at.ip_id || apart > DUPLICATE_SECONDS || apart < -DUPLICATE_SECONDS) {
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
see_passing(struct sadb *db, struct ipsec_event *e, uint32_t digest)
{
    const struct ipsec_packet *p = e->packet;
    uint64_t number = (uint64_t)p->spi << 32 | p->seq;
    struct passing_packet *last;
    unsigned again = 0;

    for (size_t i = 0; i < SADB_PASSING; i++) {
        again |= db->passing_numbers[i] == number;
    }
    for (size_t i = 0; again && i < SADB_PASSING && !e->translated; i++) {
        e->translated = is_translated(e, &db->passing[i], digest) ? db->passing[i].frame : 0;
    }
    db->passing_numbers[db->num_passing % SADB_PASSING] = number;
    last = &db->passing[db->num_passing++ % SADB_PASSING];
    last->time = e->at.time;
    last->spi = p->spi;
    last->seq = p->seq;
    last->length = p->length;
    last->digest = digest;
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
    s->read |= e->packet->clear_read || e->packet->readable_ip;
    s->key_named |= e->packet->key_named;
    s->key_fails |= e->packet->key_named && !e->packet->cut && !e->packet->clear_read;
    if (e->packet->near.miss && !stream_rare(s)->key_near.miss) {
        track_rare(db, s)->key_near = e->packet->near;
    }
    /* What was sent in clear is noise once it has been decrypted. */
    if (e->packet->noise && !e->packet->readable_ip) {
        struct stream_rare *rare = track_rare(db, s);
        rare->noise++;
        rare->noise_frame = rare->noise_frame ? rare->noise_frame : e->at.frame;
    }
    if (e->packet->icv == ICV_GOOD) {
        s->good += !e->replayed;
    } else if (e->packet->icv == ICV_BAD) {
        struct stream_rare *rare = track_rare(db, s);
        rare->bad++;
        if (rare->bad_frames.len < STREAM_MAX_BAD_FRAMES) {
            store_add_frame(&db->store, &rare->bad_frames, e->at.frame);
        } else {
            store_cap(&db->store, "frames with a wrong ICV of one stream");
        }
    } else {
        s->unchecked++;
        if (e->packet->tried) {
            track_rare(db, s)->tried++;
        }
    }
}

static struct stream *
make_stream(struct sadb *db, const struct sighting *at, const struct ipsec_packet *p,
            struct stream *older)
{
    struct stream *s;
    unsigned num = 0;

    if (db->streams->len >= SADB_MAX_STREAMS) {
        store_cap(&db->store, "ESP and AH streams");
        return NULL;
    }
    for (const struct stream *one = older; one; one = stream_rare(one)->older) {
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
    s->born = at->frame;
    track_begin(db, s, at);
    s->spi_epoch = store_epoch_of_spi(&db->store, s->spi);
    s->pair_epoch = store_epoch_of_pair(&db->store, &s->src, &s->dst);
    s->epoch = track_epoch(db, s) - 1;
    if (older) {
        track_rare(db, s)->older = older;
    }
    g_ptr_array_add(db->streams, s);
    database_place_stream(db, s, &s->src, &s->dst);
    return s;
}

/* For packets of an unknown SPI, which may be many: asked again only after more IKE. */
static void
look_at_peers(const struct sadb *db, struct stream *s)
{
    if (!s->child && s->readable_epoch != db->num_ike) {
        s->peers_readable = sadb_peers_readable(db, s);
        s->readable_epoch = db->num_ike;
    }
}

/* An SPI that a later negotiation has given out again begins another stream. */
static bool
reused(const struct sadb *db, const struct stream *s, const struct sighting *at)
{
    bool to_r;
    const struct child_sa *c;

    if (s->epoch == track_epoch(db, s) || !s->child) {
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

/* A packet of the SPI has passed its check, here or from another address. */
static bool
key_is_right(const struct stream *s)
{
    const struct child_sa *c = s->child;

    if (s->verified_in || !c) {
        return s->verified_in != 0;
    }
    for (struct newest n = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct stream *one = c->streams.at[n.i];
        if (one->verified_in && one->spi == s->spi && one->to_responder == s->to_responder) {
            return true;
        }
    }
    return false;
}

/* The stream of the packet, tied to its SAs; NULL at a limit. */
static struct stream *
find_stream(struct sadb *db, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct stream *s = database_stream_of(db, p->protocol, p->spi, &e->at.src, &e->at.dst);

    if (!s || reused(db, s, &e->at)) {
        struct stream *made = make_stream(db, &e->at, p, s);
        e->new_stream = made != s;
        s = made;
    }
    if (s) {
        track_translated_packet(s, &e->at);
        track_tie_stream(db, e, s);
        look_at_peers(db, s);
    }
    return s;
}

/* The same packet has come to the SA from where its peer is: whoever sends it again from elsewhere
 * has nothing to say of his own. */
static void
see_echo(const struct sadb *db, const struct stream *s, struct ipsec_event *e, uint32_t digest)
{
    const struct child_sa *c = s->child;
    uint32_t seq = e->packet->seq;

    if (!s->strange || !c || !digest || e->translated) {
        return;
    }
    for (struct newest n = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct stream *one = c->streams.at[n.i];
        const struct seen_packet *seen = &one->seen[seq % STREAM_SEEN];
        if (one == s || one->spi != s->spi || one->to_responder != s->to_responder) {
            continue;
        }
        if (seen->frame && seen->seq == seq && seen->digest == digest) {
            e->echo = e->same = true;
            e->original = seen->frame;
        } else if (one->digests && one->digests[seq & db->window_mask] == digest) {
            e->echo = e->same = true;
        }
    }
}

/* A packet that another capture point alone saw, whose clock is behind: in the file it comes after
 * what followed it.  It fills its gap, and says nothing of the order of things. */
static bool
see_belated(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest)
{
    if (!points_meet(db->points) || !s->packets || e->at.time >= s->last_time ||
        !window_fill(db, s, e, digest)) {
        return false;
    }
    s->packets++;
    s->bytes += e->packet->length;
    e->number = s->packets;
    return true;
}

/* Every packet that a receiver might take. */
static void
see_packet(struct sadb *db, struct stream *s, struct ipsec_event *e,
           const struct known_sight *known)
{
    const struct ipsec_packet *p = e->packet;
    uint32_t top = s->last_seq, digest = known->now.digest;

    see_passing(db, e, digest);
    see_echo(db, s, e, digest);
    track_doubt(db, s, e);
    window_see(db, s, e, digest);
    sights_early(db, e);
    sights_line(db, s, e, known, top);
    s->ttl = s->last_seq == p->seq ? e->at.ttl : s->ttl;
    see_integrity(db, s, e);
    if (e->differs) {
        struct stream_rare *rare = track_rare(db, s);
        rare->others[rare->num_others++ % STREAM_OTHERS] = seen_now(s, e, digest);
        /* Whoever wants his packet taken for another sends it first. */
        s->first_frame = s->packets == 1 ? e->at.frame : s->first_frame;
        s->last_frame = e->at.frame;
        e->number = p->seq + s->now.ahead;
        return;
    }
    see_iv(s, e);
    if (!e->replayed) {
        remember(db, s, e, digest);
    }
    track_passed(db, s, e);
    e->old_src_port =
        s->last_src_port && e->at.src_port != s->last_src_port ? s->last_src_port : 0;
    count_packet(s, &e->at, p);
    window_note_step(db, s, p->seq, e->at.frame);
    track_readable(db, s, e);
    track_lengths(s, e);
    track_flow(db, s, e);
    if (!s->strange && !e->forged) {
        track_sent(db, s->child ? s->child->ike_sa : NULL, s->to_responder, &e->at);
        if (s->child && s->child->ike_sa->undecided) {
            track_carry_on(db, database_ike_sa(db, s->child->ike_sa->id), s->to_responder,
                           e->at.frame, e->at.time);
        }
    }
    e->number = s->packets;
}

static void
see_any(struct sadb *db, struct ipsec_event *e, const struct sighting *at,
        const struct ipsec_packet *p)
{
    const struct seen_packet *original;
    struct known_sight known;
    struct stream *s;
    uint32_t digest;

    memset(e, 0, sizeof *e);
    e->at = *at;
    e->packet = p;
    if (track_copied_packet(db, e)) {
        return;
    }
    s = find_stream(db, e);
    track_tell_point(db, at, NULL, s, s && s->to_responder);
    if (!s) {
        e->peers = sadb_ike_between(db, &at->src, &at->dst);
        return;
    }
    e->stream = s;
    e->peers = s->peers;
    e->child = s->child;
    e->to_responder = s->to_responder;
    e->forged = p->icv == ICV_BAD && key_is_right(s);
    e->unverified = p->icv == ICV_BAD && !e->forged;
    if (e->forged && s->packets) {
        struct stream_rare *rare = track_rare(db, s);
        rare->damaged += p->seq == s->last_seq + rare->damaged + 1;
        see_integrity(db, s, e);
        e->number = p->seq + s->now.ahead;
        return;
    }
    if (p->icv == ICV_GOOD && !s->verified_in) {
        track_verified(db, s, e);
    }
    if (s->child && at->src_port && !s->strange && (e->new_stream || s->tied_frame == at->frame)) {
        database_child_sa(db, s->child->id)->udp_encap = !at->tcp;
        database_child_sa(db, s->child->id)->tcp_encap = at->tcp;
    }
    digest = digest_of(p);
    original = copied(s, e, digest);
    known = sights_look(db, s, e, digest);
    if (!original && sights_packet(db, s, e, &known)) {
        track_rare(db, s)->duplicates++;
        s->last_frame = at->frame;
        e->duplicate = true;
        e->number = p->seq + s->now.ahead;
        return;
    }
    if (original) {
        track_rare(db, s)->duplicates++;
        s->last_frame = at->frame;
        e->duplicate = true;
        e->original = original->frame;
        e->number = p->seq + s->now.ahead;
        return;
    }
    track_settle(db, s, e);
    if (!see_belated(db, s, e, digest)) {
        see_packet(db, s, e, &known);
    }
}

void
sadb_see_ipsec(struct sadb *db, struct ipsec_event *e, const struct sighting *at,
               const struct ipsec_packet *p)
{
    see_any(db, e, at, p);
    track_sealed(db, e, at);
    track_beside_sealed(db, e, at);
}
