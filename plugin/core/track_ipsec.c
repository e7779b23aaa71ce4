/* track_ipsec.c - ESP and AH packets to streams, and streams to Child SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sadb_internal.h"

#include <string.h>

#define DUPLICATE_SECONDS 0.1       /* one packet, two capture points */

enum { WRAP_NEAR = 1 << 16,         /* how near to 2^32 a number must be for the next to wrap */
       UDP = 17 };

static bool
window_has(const struct stream *s, uint32_t seq)
{
    uint32_t at = seq % STREAM_WINDOW_MAX;

    return s->window[at / 64] >> at % 64 & 1;
}

static void
window_set(struct stream *s, uint32_t seq, bool seen)
{
    uint32_t at = seq % STREAM_WINDOW_MAX;
    uint64_t bit = (uint64_t)1 << at % 64;

    s->window[at / 64] = seen ? s->window[at / 64] | bit : s->window[at / 64] & ~bit;
}

bool
sadb_has_esn(const struct child_sa *c)
{
    for (size_t i = 0; c && c->chosen && i < c->chosen->p->num_transforms; i++) {
        const struct transform *t = &c->chosen->p->transforms[i];
        if (t->type == TRANSFORM_ESN && t->id == 1) {
            return true;
        }
    }
    return false;
}

/* Ahead of the highest number so far, as a receiver reckons.  With extended numbers the
 * low half wraps (RFC 4303 appendix A2); without, only right at the end. */
static bool
is_ahead(const struct stream *s, uint32_t seq, bool *wrapped)
{
    *wrapped = false;
    if (sadb_has_esn(s->child)) {
        uint32_t ahead = seq - s->last_seq;
        return ahead != 0 && ahead <= UINT32_MAX / 2;
    }
    *wrapped = s->last_seq > UINT32_MAX - WRAP_NEAR && seq < WRAP_NEAR;
    return seq > s->last_seq || *wrapped;
}

static void
advance(struct stream *s, const struct ipsec_event *e, uint32_t seq)
{
    uint32_t ahead = seq - s->last_seq;

    for (uint32_t i = 1; i <= ahead && i <= STREAM_WINDOW_MAX; i++) {
        window_set(s, s->last_seq + i, false);
    }
    if (ahead > 1) {
        s->lost += ahead - 1;
        s->gap_frame = s->gap_frame ? s->gap_frame : e->at.frame;
    }
    window_set(s, seq, true);
    s->last_seq = seq;
}

/* RFC 4303 section 3.4.3. */
static void
see_sequence(const struct sadb *db, struct stream *s, struct ipsec_event *e)
{
    uint32_t seq = e->packet->seq, behind;

    if (s->packets == 0) {
        s->first_seq = s->last_seq = seq;
        window_set(s, seq, true);
        return;
    }
    if (is_ahead(s, seq, &e->wrapped)) {
        advance(s, e, seq);
        return;
    }
    behind = s->last_seq - seq;
    if (behind >= db->options.window || (seq == 0 && behind && !sadb_has_esn(s->child))) {
        s->out_of_window++;
        e->out_of_window = true;
    } else if (window_has(s, seq)) {
        const struct seen_packet *first = &s->seen[seq % STREAM_SEEN];
        s->replayed++;
        e->replayed = true;
        e->original = first->frame && first->seq == seq ? first->frame : 0;
    } else {
        window_set(s, seq, true);
        s->lost -= s->lost > 0;
        s->gap_frame = s->lost ? s->gap_frame : 0;
    }
}

static bool
is_duplicate(const struct stream *s, const struct ipsec_packet *p, const struct sighting *at)
{
    const struct seen_packet *one = &s->seen[p->seq % STREAM_SEEN];

    return one->frame && one->seq == p->seq && one->ip_id == at->ip_id &&
           at->time - s->first_time - one->time_ms / 1000.0 < DUPLICATE_SECONDS;
}

static void
remember(struct stream *s, const struct ipsec_packet *p, const struct sighting *at)
{
    double ms = (at->time - s->first_time) * 1000;

    s->seen[p->seq % STREAM_SEEN] =
        (struct seen_packet){ p->seq, at->frame, ms > 0 && ms < UINT32_MAX ? (uint32_t)ms : 0, at->ip_id };
}

/* RFC 3686, 4106, 4309, 7634: in counter modes an IV must not come twice under a key. */
static void
see_iv(struct stream *s, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;

    for (size_t i = 0; p->has_iv && i < STREAM_IVS && i < s->packets; i++) {
        e->iv_repeats |= s->last_iv[i] == p->iv && !e->replayed;
    }
    s->last_iv[s->packets % STREAM_IVS] = p->iv;
}

static void
see_integrity(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    if (e->packet->icv == ICV_GOOD) {
        s->good++;
    } else if (e->packet->icv == ICV_BAD) {
        s->bad++;
        if (!s->bad_frames) {
            s->bad_frames = sadb_array(db, sizeof(uint32_t));
        }
        if (s->bad_frames->len < STREAM_MAX_BAD_FRAMES) {
            g_array_append_val(s->bad_frames, e->at.frame);
        } else {
            sadb_cap(db, "frames with a wrong ICV of one stream");
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
    struct child_sa *c = NULL;

    for (guint i = 0; i < sa->children->len && !c; i++) {
        struct child_sa *old = (struct child_sa *)g_ptr_array_index(sa->children, i);
        if (old->basis == BASIS_INFERRED && old->protocol == s->protocol && (to_r ? old->spi_r : old->spi_i) == 0) {
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
    struct sa_key key = sadb_key(db, 'c', s->protocol, &s->spi, sizeof s->spi, NULL, NULL);
    unsigned looked = 0;

    for (const struct link *l = sadb_list(db, &key); l && looked < SADB_MAX_PER_SPI; l = l->older, looked++) {
        struct child_sa *c = (struct child_sa *)l->member;
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

static struct stream *
make_stream(struct sadb *db, const struct sighting *at, const struct ipsec_packet *p, const struct sa_key *key)
{
    struct stream *s;

    if (db->streams->len >= SADB_MAX_STREAMS) {
        sadb_cap(db, "ESP and AH streams");
        return NULL;
    }
    s = (struct stream *)sadb_alloc(db, sizeof *s);
    s->id = db->streams->len;
    s->protocol = p->protocol;
    s->spi = p->spi;
    s->src = at->src;
    s->dst = at->dst;
    s->src_port = at->src_port;
    s->dst_port = at->dst_port;
    s->first_frame = at->frame;
    s->first_time = s->last_time = at->time;
    g_ptr_array_add(db->streams, s);
    g_hash_table_insert(db->stream_of, g_memdup2(key, sizeof *key), s);
    return s;
}

static void
tie(struct sadb *db, struct ipsec_event *e)
{
    struct stream *s = e->stream;
    struct child_sa *c = sadb_child_at(db, s->protocol, s->spi, &s->dst, e->at.frame, &e->to_responder);

    if (!c) {
        c = child_by_source(db, s, e->at.frame, &e->to_responder);
    }
    if (!c && e->peers && unread(e->peers) && e->new_stream) {
        c = infer_child(db, s, e->peers, &e->at);
        e->to_responder = c && c->spi_r == s->spi;
    }
    if (c && c != s->child) {
        s->child = c;
        s->to_responder = e->to_responder;
        s->basis = c->basis;
        sadb_push(db, c->streams, s);
        c->udp_encap |= e->at.src_port != 0;
    }
    e->child = s->child;
    e->to_responder = s->to_responder;
}

/* An SPI that a later negotiation has given out again begins another stream. */
static bool
reused(const struct sadb *db, const struct stream *s, const struct sighting *at)
{
    bool to_r;
    const struct child_sa *c = sadb_child_at(db, s->protocol, s->spi, &s->dst, at->frame, &to_r);

    return c && s->child && c != s->child && c->request_frame > s->last_frame;
}

static void
count_packet(struct stream *s, const struct sighting *at, const struct ipsec_packet *p)
{
    s->last_src_port = at->src_port;
    s->reply_expected |= !p->has_inner || p->inner.protocol != UDP;
    s->packets++;
    s->bytes += p->length;
    s->last_frame = at->frame;
    s->last_time = at->time;
}

void
sadb_see_ipsec(struct sadb *db, struct ipsec_event *e, const struct sighting *at, const struct ipsec_packet *p)
{
    struct sa_key key = sadb_key(db, 's', p->protocol, &p->spi, sizeof p->spi, &at->src, &at->dst);
    struct stream *s = (struct stream *)g_hash_table_lookup(db->stream_of, &key);

    memset(e, 0, sizeof *e);
    e->at = *at;
    e->packet = p;
    e->peers = sadb_ike_between(db, &at->src, &at->dst);
    if (!s || reused(db, s, at)) {
        s = make_stream(db, at, p, &key);
        e->new_stream = true;
    }
    if (!s) {
        return;
    }
    e->stream = s;
    tie(db, e);
    if (is_duplicate(s, p, at)) {
        s->duplicates++;
        s->last_frame = at->frame;
        e->duplicate = true;
        e->number = s->packets;
        return;
    }
    see_sequence(db, s, e);
    see_iv(s, e);
    see_integrity(db, s, e);
    if (!e->replayed) {
        remember(s, p, at);
    }
    e->old_src_port = s->last_src_port && at->src_port != s->last_src_port ? s->last_src_port : 0;
    count_packet(s, at, p);
    track_sent(db, s->child ? s->child->ike_sa : NULL, s->to_responder, at->time);
    e->number = s->packets;
}
