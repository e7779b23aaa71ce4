/* records.c - one event, written and read.  A stream's packets differ little from one to the next.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "records.h"

#include <espial/hash.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <string.h>

/* Whatever has the same of all these is one stream. */
struct way_key {
    struct ip_addr src, dst;
    uint64_t link;
    uint32_t spi;
    uint16_t src_port, dst_port;
    uint8_t protocol, ttl, dscp, point;
    bool tcp, own_ports, joined;
};
struct way {
    struct way_key key;
    uint64_t seq, length, iv, ip_id;    /* of its last packet */
    uint32_t packets;
};

struct ways {
    GArray *all;                /* of struct way */
    GHashTable *index;          /* hash of a key -> index + 1 */
    uint64_t seed, frame;
    double time;
};

struct ways *
ways_new(void)
{
    struct ways *w = g_new0(struct ways, 1);

    w->all = g_array_new(FALSE, FALSE, sizeof(struct way));
    w->index = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    w->seed = hash_seed();
    return w;
}

void
ways_free(struct ways *w)
{
    if (w) {
        g_array_free(w->all, TRUE);
        g_hash_table_destroy(w->index);
        g_free(w);
    }
}

static void
code_key(struct codec *c, struct way_key *k)
{
    const struct code_field fields[] = {
        CODE_NUMBER(k->link), CODE_NUMBER(k->spi), CODE_NUMBER(k->src_port),
        CODE_NUMBER(k->dst_port), CODE_NUMBER(k->protocol), CODE_NUMBER(k->ttl),
        CODE_NUMBER(k->dscp), CODE_NUMBER(k->point), CODE_BOOL(k->tcp),
        CODE_BOOL(k->own_ports), CODE_BOOL(k->joined)
    };

    code_addr(c, &k->src);
    code_addr(c, &k->dst);
    code_fields(c, fields, G_N_ELEMENTS(fields));
}

static struct way *
add_way(struct ways *w, const struct way_key *k, int64_t hash)
{
    struct way one;

    memset(&one, 0, sizeof one);
    one.key = *k;
    g_array_append_val(w->all, one);
    g_hash_table_replace(w->index, g_memdup2(&hash, sizeof hash), GUINT_TO_POINTER(w->all->len));
    return &g_array_index(w->all, struct way, w->all->len - 1);
}

/* 0, and the way, where it is a new one. */
static struct way *
code_way(struct codec *c, struct ways *w, struct way_key *k)
{
    int64_t hash = c->out ? (int64_t)hash_octets(w->seed, k, sizeof *k) : 0;
    uint64_t number = c->out ? GPOINTER_TO_UINT(g_hash_table_lookup(w->index, &hash)) : 0;

    code_number(c, &number);
    if (number && number <= w->all->len) {
        struct way *known = &g_array_index(w->all, struct way, (guint)number - 1);
        *k = known->key;
        return known;
    }
    c->bad |= number != 0;
    if (!c->out) {
        memset(k, 0, sizeof *k);
    }
    code_key(c, k);
    if (w->all->len >= STATE_MAX_WAYS) {
        g_array_set_size(w->all, 0);
        g_hash_table_remove_all(w->index);
    }
    return add_way(w, k, c->out ? hash : (int64_t)w->all->len);
}

static struct way *
code_sighting(struct codec *c, struct ways *w, struct sighting *at, uint8_t protocol, uint32_t spi)
{
    struct way_key k;
    struct way *way;
    uint64_t frame = at->frame, ip_id = at->ip_id;

    memset(&k, 0, sizeof k); /* its padding is hashed too */
    k.src = at->src;
    k.dst = at->dst;
    k.link = at->link;
    k.spi = spi;
    k.src_port = at->src_port;
    k.dst_port = at->dst_port;
    k.protocol = protocol;
    k.ttl = at->ttl;
    k.dscp = at->dscp;
    k.point = at->point;
    k.tcp = at->tcp;
    k.own_ports = at->own_ports;
    k.joined = at->joined;
    code_near(c, &frame, w->frame);
    code_time(c, &at->time, w->time);
    way = code_way(c, w, &k);
    code_near(c, &ip_id, way->ip_id);
    if (!c->out) {
        *at = (struct sighting){ .frame = (uint32_t)frame, .time = at->time, .src = k.src,
                                 .dst = k.dst, .src_port = k.src_port, .dst_port = k.dst_port,
                                 .tcp = k.tcp, .own_ports = k.own_ports, .joined = k.joined,
                                 .link = k.link, .ip_id = (uint16_t)ip_id, .ttl = k.ttl,
                                 .dscp = k.dscp, .point = k.point };
        /* Times are of this age, frames in order. */
        c->bad |= frame < w->frame || frame > UINT32_MAX || !(at->time >= 0 && at->time < 1e12);
    }
    w->frame = frame;
    w->time = at->time;
    way->ip_id = ip_id;
    return way;
}

/* --- each kind -------------------------------------------------------------------------------- */

void
code_begin(struct codec *c, struct begin_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->frame), CODE_NUMBER(r->interfaces_told) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_time(c, &r->time, 0);
}

void
code_point(struct codec *c, struct point_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->point), CODE_NUMBER(r->first_frame),
                                         CODE_NUMBER(r->last_frame) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_time(c, &r->first_time, 0);
    code_time(c, &r->last_time, r->first_time);
    code_span(c, &r->name, STATE_MAX_TEXT);
    c->bad |= r->point > UINT8_MAX || r->first_frame > UINT32_MAX || r->last_frame > UINT32_MAX;
}

void
code_message(struct codec *c, struct ways *w, struct message_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->reported), CODE_BOOL(r->by_form),
                                         CODE_BOOL(r->joined), CODE_NUMBER(r->exchange) };

    code_sighting(c, w, &r->at, 0, 0);
    code_fields(c, fields, G_N_ELEMENTS(fields));
    if (r->joined) {
        code_octets(c, r->spi_i, sizeof r->spi_i);
    }
    code_span(c, &r->octets, STATE_MAX_PACKET);
    c->bad |= r->octets.len > r->reported;
}

static void
code_inner(struct codec *c, struct inner_packet *p)
{
    const struct code_field fields[] = {
        CODE_NUMBER(p->protocol), CODE_BOOL(p->has_ports), CODE_NUMBER(p->src_port),
        CODE_NUMBER(p->dst_port), CODE_BOOL(p->fragment), CODE_NUMBER(p->offset)
    };

    code_addr(c, &p->src);
    code_addr(c, &p->dst);
    code_fields(c, fields, G_N_ELEMENTS(fields));
}

static void
code_talk(struct codec *c, struct inner_talk *t)
{
    const struct code_field fields[] = { CODE_NUMBER(t->kind), CODE_NUMBER(t->flags),
                                         CODE_NUMBER(t->mss), CODE_NUMBER(t->octets),
                                         CODE_NUMBER(t->seq), CODE_NUMBER(t->ack) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    c->bad |= t->kind > TALK_ECHO_REPLY;
}

static void
code_near_miss(struct codec *c, struct key_near *n)
{
    const struct code_field fields[] = { CODE_NUMBER(n->spi), CODE_NUMBER(n->encr),
                                         CODE_NUMBER(n->integ), CODE_NUMBER(n->miss) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    c->bad |= n->miss > NEAR_EXCHANGED;
}

size_t
code_packet(struct codec *c, struct ways *w, struct packet_record *r, bool heads)
{
    struct ipsec_packet *p = &r->packet;
    const struct code_field fields[] = {
        CODE_BOOL(p->has_iv), CODE_BOOL(r->whole), CODE_BOOL(p->has_inner),
        CODE_BOOL(p->inner_tunnel), CODE_BOOL(p->clear_read), CODE_NUMBER(p->icv),
        CODE_NUMBER(p->inner_basis), CODE_NUMBER(p->next_header), CODE_BOOL(p->bad_padding),
        CODE_BOOL(p->esn), CODE_BOOL(p->tried), CODE_BOOL(p->key_named), CODE_BOOL(p->noise),
        CODE_NUMBER(p->near.miss), CODE_BOOL(p->cut), CODE_BOOL(p->fragmented),
        CODE_NUMBER(p->ah_words), CODE_NUMBER(p->talk.kind), CODE_BOOL(p->readable_ip)
    };
    struct way *way;
    uint64_t seq = p->seq, length = p->length;
    struct span head = { p->inner_head, heads ? p->inner_head_len : 0 };

    way = code_sighting(c, w, &r->at, p->protocol, p->spi);
    if (!c->out) {
        memset(p, 0, sizeof *p);
        p->protocol = way->key.protocol;
        p->spi = way->key.spi;
    }
    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_near(c, &seq, way->seq);
    code_near(c, &length, way->length);
    if (p->has_iv) {
        code_near(c, &p->iv, way->iv);
    }
    if (r->whole) {
        code_octets(c, &p->sum, sizeof p->sum);
    }
    if (p->has_inner) {
        code_inner(c, &p->inner);
        code_span(c, &head, INNER_HEAD);
    }
    if (p->talk.kind != TALK_NONE) {
        code_talk(c, &p->talk);
    }
    if (p->near.miss) {
        code_near_miss(c, &p->near);
    }
    if (!c->out) {
        p->seq = (uint32_t)seq;
        p->length = (uint32_t)length;
        if (head.len) {
            memcpy(p->inner_head, head.at, head.len);
            p->inner_head_len = (uint8_t)head.len;
        }
        c->bad |= (p->protocol != PROTO_ESP && p->protocol != PROTO_AH) || p->icv > ICV_BAD ||
                  p->inner_basis > BASIS_INFERRED || seq > UINT32_MAX || length > UINT32_MAX;
    }
    way->seq = seq;
    way->length = length;
    way->iv = p->iv;
    if (c->out && way->packets++ >= STATE_MAX_WHOLE) {
        p->octets.len = 0;
        way->packets = STATE_MAX_WHOLE;
    }
    code_span(c, &p->octets, STATE_MAX_PACKET);
    return p->octets.len;
}

void
code_path(struct codec *c, struct ways *w, struct path_record *r)
{
    struct path_packet *p = &r->packet;
    const struct code_field fields[] = {
        CODE_NUMBER(p->kind), CODE_NUMBER(p->icmp_type), CODE_NUMBER(p->icmp_code),
        CODE_NUMBER(p->mtu), CODE_NUMBER(p->protocol), CODE_NUMBER(p->src_port),
        CODE_NUMBER(p->dst_port), CODE_NUMBER(p->spi), CODE_NUMBER(p->udp_octets),
        CODE_NUMBER(p->ike_major), CODE_NUMBER(p->ike_exchange), CODE_NUMBER(p->ike_id),
        CODE_NUMBER(p->ike_length), CODE_BOOL(p->neighbor_answers)
    };

    code_sighting(c, w, &r->at, p->protocol, 0);
    if (!c->out) {
        memset(p, 0, sizeof *p);
    }
    code_fields(c, fields, G_N_ELEMENTS(fields));
    c->bad |= p->kind > PATH_KEEPALIVE;
    code_addr(c, &p->src);
    code_addr(c, &p->dst);
    code_octets(c, p->ike_spi, sizeof p->ike_spi);
    if (p->kind == PATH_CLEAR) {
        code_inner(c, &p->clear);
        code_span(c, &p->clear_octets, INNER_HEAD);
    }
}

void
code_segment(struct codec *c, struct ways *w, struct segment_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->seq), CODE_BOOL(r->syn) };

    code_sighting(c, w, &r->at, 0, 0);
    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_span(c, &r->octets, STATE_MAX_PACKET);
}

void
code_file(struct codec *c, struct file_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->frames), CODE_NUMBER(r->cut_frames),
                                         CODE_BOOL(r->deep) };

    code_span(c, &r->name, STATE_MAX_TEXT);
    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_time(c, &r->first_time, 0);
    code_time(c, &r->last_time, r->first_time);
    code_time(c, &r->pause, 0);
    code_time(c, &r->end, r->last_time);
    c->bad |= r->frames > UINT32_MAX || r->cut_frames > UINT32_MAX;
}

void
code_last(struct codec *c, struct last_record *r)
{
    const struct code_field fields[] = { CODE_NUMBER(r->frames), CODE_NUMBER(r->left_out) };

    code_fields(c, fields, G_N_ELEMENTS(fields));
    code_time(c, &r->last_time, 0);
    code_time(c, &r->pause, 0);
    code_span(c, &r->interfaces, STATE_MAX_TEXT);
    c->bad |= r->frames > UINT32_MAX;
}
