/* feed.c - from a frame's octets to the core.  The host says what it took UDP for; no dissection
 * tree is needed, so that no packet pays for one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <string.h>

/* One frame under way. */
struct reading {
    struct feed *feed;
    const struct feed_host *host;
    bool visited, detailed;
    struct frame_walk walk;
    struct frame_part part;     /* at hand */
    struct sighting at;         /* of it */
    unsigned found;             /* parts of IPsec */
    unsigned num_esp, num_joined;
    bool fragment;
    bool joined_here;           /* fragments of two files, which the host does not know */
    uint64_t sum;               /* as in struct feed_frame */
    bool in_tcp;                /* the part comes from a stream, which only the first pass reads */
    bool quoted;                /* an ICMP error: what the host found behind it was not sent */
    struct record *kept, *made;
};

/* --- records ------------------------------------------------------------------- */

static struct record *
add_record(struct reading *f, enum record_kind kind)
{
    bool again = kind == RECORD_IPSEC && !f->in_tcp;        /* can be made again in each pass */
    struct record *r = (struct record *)f->host->alloc(f->host->context, sizeof *r,
                                                       again ? FEED_FRAME : FEED_CAPTURE);
    struct record **list = again ? &f->made : &f->kept;

    r->kind = kind;
    r->ike_sa = r->child = r->stream = r->exchange = NO_ID;
    while (*list) {
        list = &(*list)->next;
    }
    *list = r;
    return r;
}

static void
set_ike_sa(struct record *r, const struct ike_sa *sa)
{
    if (sa) {
        r->ike_sa = sa->id;
        r->ike_state = sa->state;
        r->spi_r_known = sa->has_spi_r;
        r->nat = sa->nat;
    }
}

/* --- IKE ------------------------------------------------------------------------- */

static void
see_path(struct reading *f, const struct path_packet *p)
{
    struct path_event e;

    if (feed_see_path(f->feed, &e, &f->at, p)) {
        set_ike_sa(add_record(f, RECORD_PATH), e.sa);
    }
}

static void
see_message(struct reading *f, const struct octets *o, const struct ike_message *part_of)
{
    struct seen_message seen;
    const struct ike_event *e = &seen.event;
    struct record *r;

    if (!feed_see_message(f->feed, &seen, &f->at, o, part_of, f->part.by_form && !part_of)) {
        return;
    }
    r = add_record(f, RECORD_IKE);
    set_ike_sa(r, e->sa);
    r->retransmission_of = e->retransmission_of;
    r->from_initiator = e->from_initiator;
    r->message = seen.text;
    if (e->exchange) {
        r->exchange = e->exchange->index;
        r->answers = e->exchange->response == f->at.frame;
    }
    if (e->child) {
        r->child = e->child->id;
        r->child_state = e->child->state;
    }
}

static void
see_ike(struct reading *f)
{
    const struct octets *o = &f->part.octets;
    struct octets whole;
    struct ike_message head = { 0 };

    f->found++;
    if (f->visited || !o->at) {
        return;
    }
    /* The receiver reads no message there either. */
    if (f->part.misplaced_marker) {
        static const struct path_packet marked = { .kind = PATH_MARKED };
        see_path(f, &marked);
        return;
    }
    see_message(f, o, NULL);
    if (o->captured >= IKE_HEADER &&
        f->host->joined_ike(f->host->context, &f->part, &whole)) {
        memcpy(head.spi_i, o->at, 8);
        head.exchange = o->at[18];
        see_message(f, &whole, &head);
    }
}

/* --- ESP and AH -------------------------------------------------------------------- */

static bool
may_hold_ipsec(const struct ipsec_packet *p)
{
    return p->has_inner && (p->inner.protocol == IP_ESP || p->inner.protocol == IP_AH ||
                            (p->inner.protocol == IP_UDP && p->inner.has_ports));
}

/* The whole payload, in the packet's pool; NULL where no key opens it. */
static uint8_t *
whole_payload(const struct reading *f, const struct octets *o, size_t *len, uint8_t *next)
{
    uint8_t *out;

    if (!f->feed->keys || o->captured < o->reported || !o->captured) {
        return NULL;
    }
    out = (uint8_t *)f->host->alloc(f->host->context, o->captured, FEED_FRAME);
    *len = keyring_open_esp_whole(f->feed->keys, o->at, o->captured, out, o->captured, next);
    return *len ? out : NULL;
}

static void
read_esp_clear(struct reading *f, struct ipsec_packet *p, const struct octets *o)
{
    const struct child_sa *sa;
    struct octets shown;
    struct span payload;
    uint8_t next;
    bool to_r;

    if (feed_open_packet(f->feed, p, &f->at, o)) {
        return;
    }
    if (o->captured < o->reported) {
        return;
    }
    /* Ciphers that the host has and Espial has not: nobody verified it, so it must look right. */
    if (f->num_esp == 1 && f->host->decrypted(f->host->context, &shown) &&
        shown.captured == shown.reported &&
        esp_clear_read(&next, &payload, shown.at, shown.captured)) {
        ipsec_set_inner(p, &f->at, next, &payload, BASIS_DECRYPTED);
        return;
    }
    sa = sadb_has_null(f->feed->db) ?
             sadb_child_at(f->feed->db, PROTO_ESP, p->spi, &f->at.dst, f->at.frame, &to_r) :
             NULL;
    if (sa && sa->chosen && esp_null_read(&next, &payload, sa->chosen->p, o->at, o->captured)) {
        ipsec_set_inner(p, &f->at, next, &payload, BASIS_OBSERVED);
    }
}

static const uint8_t *
kept_octets(const struct reading *f, const uint8_t *at, size_t len)
{
    return (const uint8_t *)memcpy(f->host->alloc(f->host->context, len, FEED_CAPTURE), at, len);
}

/* The record of a packet; what later passes show is looked up the same way in the first. */
static void
note_packet(struct reading *f, const struct ipsec_packet *p, const struct octets *o)
{
    struct record *r = add_record(f, RECORD_IPSEC);
    struct stream_at s;
    struct octets shown;

    if (sadb_stream_at(f->feed->db, &s, p->protocol, p->spi, p->seq, &f->at.src, &f->at.dst,
                       f->at.frame)) {
        r->stream = s.stream->id;
        r->packet = s.number;
        r->lost = (uint32_t)MIN(s.lost, UINT32_MAX);       /* as wide as its field */
        r->replayed = s.replayed;
        r->to_responder = s.to_responder;
        if (s.child) {
            r->child = s.child->id;
            r->child_state = child_state_at(f->feed->db, s.child, f->at.frame);
            set_ike_sa(r, s.child->ike_sa);
            r->ike_state = ike_sa_state_at(f->feed->db, s.child->ike_sa, f->at.frame);
        }
    }
    if (p->has_inner) {
        r->inner_src = p->inner.src;
        r->inner_dst = p->inner.dst;
    }
    if (p->protocol == PROTO_ESP && p->has_inner && p->inner_basis == BASIS_DECRYPTED &&
        f->host->show_inner && !f->host->decrypted(f->host->context, &shown)) {
        r->clear = whole_payload(f, o, &r->clear_len, &r->next_header);
        if (f->in_tcp && r->clear) {
            r->clear = kept_octets(f, r->clear, r->clear_len);
        }
    }
}

static void
see_packet(struct reading *f, const struct ipsec_packet *p)
{
    if (!f->visited) {
        feed_see_packet(f->feed, &f->at, p);
    }
    if (f->detailed || f->in_tcp) {
        note_packet(f, p, &f->part.octets);
    }
}

static void
see_esp(struct reading *f)
{
    const struct octets o = f->part.octets;
    struct ipsec_packet p;
    struct octets inner = { 0 };
    uint8_t next;

    f->found++;
    f->num_esp++;
    if (!esp_read(&p, o.at, o.captured, o.reported)) {
        return;
    }
    /* Without the non-ESP marker an IKE SPI is where ESP has its SPI (RFC 3948 section 2.2). */
    if (f->part.udp && o.captured >= 28 && ike_plausible(o.at, o.captured) &&
        sadb_knows_spi_i(f->feed->db, o.at)) {
        const struct path_packet unmarked = { .kind = PATH_UNMARKED, .spi = p.spi };
        if (!f->visited) {
            see_path(f, &unmarked);
        }
        return;
    }
    p.fragmented = f->part.reassembled;
    if (f->sum) {
        p.sum = f->sum;
        p.octets.len = 0;
    }
    if (!f->visited || f->detailed) {
        if (!p.sum) {
            read_esp_clear(f, &p, &o);
        }
        if (p.clear_read && p.next_header == IP_AGGFRAG &&
            (inner.at = whole_payload(f, &o, &inner.captured, &next))) {
            sadb_choose_inner(f->feed->db, &p, &f->at,
                              &(struct span){ inner.at, inner.captured });
        }
        see_packet(f, &p);
    }
    if (may_hold_ipsec(&p) && !f->in_tcp) {
        inner.at = whole_payload(f, &o, &inner.captured, &next);
        inner.reported = inner.captured;
        if (inner.at) {
            frame_enter(&f->walk, next, &inner, false);
        }
    }
}

static void
see_ah(struct reading *f)
{
    const struct octets *o = &f->part.octets;
    struct ipsec_packet p;
    struct span payload;
    uint8_t next;

    f->found++;
    if (!ah_read(&p, &next, &payload, o->at, o->captured, o->reported)) {
        return;
    }
    if (payload.len) {
        p.fragmented = f->part.reassembled;
        ipsec_set_inner(&p, &f->at, next, &payload, BASIS_OBSERVED);
    }
    see_packet(f, &p);
}

/* --- the path ------------------------------------------------------------------------ */

static void
see_icmp(struct reading *f, bool v6)
{
    struct path_packet p = { .kind = PATH_ICMP };

    f->quoted = icmp_error_read(&p, v6, f->part.octets.at, f->part.octets.captured);
    if (f->quoted && !f->visited) {
        see_path(f, &p);
    }
}

static void
see_tcp_message(void *context, bool ike, const struct octets *message)
{
    struct reading *f = (struct reading *)context;

    f->part.kind = ike ? FRAME_IKE : FRAME_ESP;
    f->part.octets = *message;
    if (ike) {
        see_ike(f);
    } else {
        see_esp(f);
    }
}

static void
see_tcp(struct reading *f)
{
    const struct frame_part segment = f->part;

    if (!f->visited) {
        if (tcp_encap_begins(&segment.octets)) {
            feed_see_stream(f->feed, &f->at, &segment);
        }
        f->in_tcp = true;
        tcp_encap_see(f->feed->tcp, &segment, see_tcp_message, f);
        f->in_tcp = false;
    }
}

/* The host joins the fragments of its file; of those in two files the first are in the state. */
static bool
join(struct reading *f, struct octets *joined)
{
    struct pieces *pieces = f->feed->state->pieces;
    bool whole = f->host->joined(f->host->context, &f->part, f->num_joined, joined);

    f->num_joined += whole;
    if (!pieces) {
        return whole;
    }
    if (!whole && pieces_join(pieces, &f->part, f->at.frame, f->visited, joined)) {
        whole = f->joined_here = true;
    }
    if (whole && !f->visited) {
        pieces_joined(pieces, &f->part);
    } else if (!f->visited) {
        pieces_add(pieces, &f->part);
    }
    return whole;
}

/* The last fragment of a datagram to come is the one with which the host has it whole. */
static void
see_fragment(struct reading *f)
{
    struct path_packet p = { .kind = PATH_FRAGMENT, .protocol = f->part.protocol };
    struct octets joined;

    f->fragment = true;
    if (f->part.first_fragment) {
        p.src_port = f->part.src_port;
        p.dst_port = f->part.dst_port;
        if (f->part.protocol == IP_UDP) {
            path_udp_read(&p, f->part.payload.at, f->part.payload.captured);
        }
    }
    if (!f->visited) {
        see_path(f, &p);
    }
    if (join(f, &joined)) {
        frame_enter(&f->walk, f->part.protocol, &joined, true);
    }
}

static void
see_keepalive(struct reading *f)
{
    static const struct path_packet keepalive = { .kind = PATH_KEEPALIVE };

    f->found++;
    if (!f->visited) {
        see_path(f, &keepalive);
    }
}

static void
see_neighbor(struct reading *f)
{
    struct path_packet p = { .kind = PATH_NEIGHBOR, .neighbor_answers = f->part.answers };

    if (!f->visited && sadb_wants_clear(f->feed->db)) {
        see_path(f, &p);
    }
}

static void
see_clear(struct reading *f)
{
    const struct octets *o = &f->walk.ip;
    struct path_packet p = { .kind = PATH_CLEAR };

    if (o->at && sadb_wants_clear(f->feed->db) &&
        inner_packet_read(&p.clear, o->at, o->captured)) {
        p.clear_octets = (struct span){ o->at, o->captured };
        see_path(f, &p);
    }
}

/* --- the frame ----------------------------------------------------------------------- */

static void
see_part(struct reading *f)
{
    const struct frame_part *p = &f->part;

    f->at.src = p->src;
    f->at.dst = p->dst;
    f->at.src_port = p->src_port;
    f->at.dst_port = p->dst_port;
    f->at.ip_id = p->ip_id;
    f->at.ttl = p->ttl;
    f->at.dscp = p->dscp;
    f->at.own_ports = p->own_ports;
    f->at.tcp = p->kind == FRAME_TCP;
    f->at.joined = p->reassembled;
    f->at.link = f->walk.link;
    switch (p->kind) {
    case FRAME_IKE: see_ike(f); break;
    case FRAME_ESP: see_esp(f); break;
    case FRAME_AH: see_ah(f); break;
    case FRAME_ICMP: see_icmp(f, false); break;
    case FRAME_ICMPV6: see_icmp(f, true); break;
    case FRAME_KEEPALIVE: see_keepalive(f); break;
    case FRAME_NEIGHBOR: see_neighbor(f); break;
    case FRAME_FRAGMENT: see_fragment(f); break;
    case FRAME_TCP: see_tcp(f); break;
    default: break;
    }
}

/* What the host took the datagram for decides, but inside an ESP that only Espial has opened. */
static bool
confirmed(const struct reading *f)
{
    if (f->part.own_ports) {
        return f->part.by_form || own_ports_known(f->feed, &f->part, f->at.frame);
    }
    return !f->part.udp || f->walk.inside || f->joined_here ||
           f->host->layers(f->host->context, &f->part) & (FEED_IKE | FEED_ESP | FEED_UDPENCAP);
}

static void
walk_on(struct reading *f)
{
    while (frame_next(&f->walk, &f->part)) {
        if (confirmed(f)) {
            see_part(f);
        }
    }
    f->feed->deep |= f->walk.capped;
}

static void
search(struct reading *f, const struct octets *frame)
{
    size_t from = 0;

    while (!f->found && !f->quoted && frame_search(&f->walk, frame, &from)) {
        walk_on(f);
    }
}

/* The host may know links and tunnels, and the user's Decode As, that the walk does not. */
static void
walk_unknown(struct reading *f, enum frame_link link, const struct octets *frame)
{
    if (!(f->host->layers(f->host->context, NULL) & (FEED_IKE | FEED_ESP | FEED_AH))) {
        return;
    }
    search(f, frame);
    f->walk.any_port = true;
    if (!f->found && !f->quoted) {
        frame_begin(&f->walk, link, frame);
        walk_on(f);
    }
    search(f, frame);
}

/* To name an interface costs more than to look at a frame. */
static bool
wants_name(const struct feed *feed, const struct feed_frame *frame)
{
    const struct points *points = sadb_points(feed->db);

    return points ? !points_knows(points, frame->point) : frame->interfaces_told != FEED_ONE;
}

struct record *
feed_frame(struct feed *feed, const struct feed_frame *frame, const struct feed_host *host,
           bool visited, bool detailed, struct record **kept)
{
    struct reading f = { .feed = feed, .host = host, .visited = visited, .detailed = detailed };
    struct feed_frame numbered;

    if (!visited) {
        feed_begin_file(feed, frame);
    }
    numbered = *frame;
    numbered.number += feed->base;
    frame = &numbered;
    if (!visited) {
        feed_see_frame(feed, frame,
                       wants_name(feed, frame) ? host->point_name(host->context) : NULL);
        feed->cut_frames += frame->octets.captured < frame->octets.reported;
    }
    f.sum = frame->sum;
    f.at.frame = frame->number;
    f.at.time = frame->time;
    f.at.point = frame->point;
    f.walk.any_tcp = tcp_encap_any(feed->tcp);
    f.walk.ports = own_ports_bits(feed->own_ports);
    frame_begin(&f.walk, frame->link, &frame->octets);
    walk_on(&f);
    if (!f.found && !f.quoted && !f.fragment) {
        walk_unknown(&f, frame->link, &frame->octets);
    }
    if (!f.found && !f.quoted && !visited) {
        see_clear(&f);
    }
    if (kept) {
        *kept = f.kept;
    }
    return f.made;
}
