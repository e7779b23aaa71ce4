/* track_ipsec.c - ESP and AH packets to streams, and streams to Child SAs.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sadb_internal.h"

#include <string.h>

enum { WINDOW = 64 };               /* RFC 4303 section 3.4.3: default size */
#define DUPLICATE_SECONDS 0.1       /* one packet, two capture points */

/* RFC 4303 section 3.4.3, as a receiver would; 32-bit numbers. */
static void
see_sequence(struct stream *s, struct ipsec_event *e)
{
    uint32_t seq = e->packet->seq, ahead = seq - s->last_seq;

    if (s->packets == 0) {
        s->first_seq = s->last_seq = seq;
        s->window = 1;
    } else if (ahead == 0 || ahead > UINT32_MAX / 2) {
        uint32_t behind = s->last_seq - seq;
        if (behind >= WINDOW) {
            s->out_of_window++;
        } else if (s->window >> behind & 1) {
            s->replayed++;
            e->replayed = true;
        } else {
            s->window |= (uint64_t)1 << behind;
            if (s->lost) {
                s->lost--;
            }
        }
    } else {
        s->lost += ahead - 1;
        s->window = ahead < WINDOW ? s->window << ahead : 0;
        s->window |= 1;
        s->last_seq = seq;
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
    GPtrArray *list = sadb_list(db, &key);

    for (guint i = list ? list->len : 0; i > 0; i--) {
        struct child_sa *c = (struct child_sa *)g_ptr_array_index(list, i - 1);
        if (c->request_frame > frame) {
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
        g_ptr_array_add(c->streams, s);
        c->udp_encap |= e->at.src_port != 0;
    }
    e->child = s->child;
    e->to_responder = s->to_responder;
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
    if (!s) {
        s = make_stream(db, at, p, &key);
        e->new_stream = true;
    }
    if (!s) {
        return;
    }
    e->stream = s;
    tie(db, e);
    if (s->packets && p->seq == s->previous_seq && at->time - s->last_time < DUPLICATE_SECONDS &&
        (at->ip_id == s->last_ip_id)) {
        s->duplicates++;
        s->last_frame = at->frame;
        e->duplicate = true;
        e->number = s->packets;
        return;
    }
    see_sequence(s, e);
    s->packets++;
    s->bytes += p->length;
    s->last_frame = at->frame;
    s->last_time = at->time;
    s->last_ip_id = at->ip_id;
    s->previous_seq = p->seq;
    e->number = s->packets;
}
