/* feed.c - from a frame's octets to the core.  Wireshark's layers say what it took UDP for;
 * its dissection tree is not needed, so that no packet pays for one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/frame.h>
#include <espial/ipsec.h>

#include <string.h>

static int id_isakmp, id_esp, id_ah, id_udpencap, id_icmp, id_icmpv6;

struct feed {
    struct capture *capture;
    packet_info *pinfo;
    tvbuff_t *tvb;
    bool visited, detailed;
    struct frame_walk walk;
    struct frame_part part;     /* at hand */
    struct sighting at;         /* of it */
    unsigned found;             /* parts of IPsec */
    unsigned num_esp, num_joined;
    bool fragment;
    bool in_tcp;                /* the part comes from a stream, which only the first pass reads */
    bool quoted;                /* an ICMP error: what Wireshark found behind it was not sent */
    struct record *kept, *made;
};

void
feed_handoff(void)
{
    id_isakmp = proto_registrar_get_id_byname("isakmp");
    id_esp = proto_registrar_get_id_byname("esp");
    id_ah = proto_registrar_get_id_byname("ah");
    id_udpencap = proto_registrar_get_id_byname("udpencap");
    id_icmp = proto_registrar_get_id_byname("icmp");
    id_icmpv6 = proto_registrar_get_id_byname("icmpv6");
}

/* --- what Wireshark says of a frame ---------------------------------------------- */

enum { LAYER_IKE = 1, LAYER_ESP = 2, LAYER_AH = 4, LAYER_UDPENCAP = 8 };

/* The layers that were sent, not those that an ICMP error quotes. */
static unsigned
layers_of(const packet_info *pinfo)
{
    unsigned seen = 0;

    for (wmem_list_frame_t *f = wmem_list_head(pinfo->layers); f; f = wmem_list_frame_next(f)) {
        int id = GPOINTER_TO_INT(wmem_list_frame_data(f));
        if (id == id_icmp || id == id_icmpv6) {
            break;
        }
        seen |= (id == id_isakmp ? LAYER_IKE : 0u) | (id == id_esp ? LAYER_ESP : 0u) |
                (id == id_ah ? LAYER_AH : 0u) | (id == id_udpencap ? LAYER_UDPENCAP : 0u);
    }
    return seen;
}

static struct octets
octets_of(tvbuff_t *tvb)
{
    struct octets o = { NULL, tvb_captured_length(tvb), tvb_reported_length(tvb) };

    o.captured = MIN(o.captured, o.reported);
    o.at = o.captured ? tvb_get_ptr(tvb, 0, (int)o.captured) : NULL;
    return o;
}

/* The n-th of the frame's data sources whose name begins so; the first of all is the frame. */
static bool
source(const struct feed *f, const char *name, unsigned n, struct octets *out)
{
    for (GSList *l = f->pinfo->data_src ? f->pinfo->data_src->next : NULL; l; l = l->next) {
        struct data_source *s = (struct data_source *)l->data;
        char *is = compat_data_source_name(s);
        bool same = g_str_has_prefix(is, name);
        wmem_free(NULL, is);
        if (same && n-- == 0) {
            *out = octets_of(get_data_source_tvb(s));
            return out->at != NULL;
        }
    }
    return false;
}

/* --- records ------------------------------------------------------------------- */

static struct record *
add_record(struct feed *f, enum record_kind kind)
{
    bool again = kind == RECORD_IPSEC && !f->in_tcp;        /* can be made again in each pass */
    struct record *r = wmem_new0(again ? f->pinfo->pool : wmem_file_scope(), struct record);
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
see_path(struct feed *f, const struct path_packet *p)
{
    struct path_event e;

    if (!sadb_see_path(f->capture->db, &e, &f->at, p)) {
        return;
    }
    checks_path(f->capture->findings, f->capture->db, f->capture->plan, &e);
    set_ike_sa(add_record(f, RECORD_PATH), e.sa);
}

/* Of a message that no exchange holds. */
static const char *
told_alone(struct feed *f, const struct ike_message *m)
{
    char text[IKE_TEXT_MAX];

    return sadb_keep_line(f->capture->db, ike_message_print(m, 0, text, sizeof text));
}

static bool
see_message(struct feed *f, const struct octets *o, const struct ike_message *part_of)
{
    static struct ike_message m;        /* large, used for one call at a time */
    struct ike_event e;
    struct record *r;
    size_t len;

    /* Cisco's fragments carry one identifier for all (Wireshark mixes those of two SAs). */
    if (!ike_parse(&m, o->at, o->captured, o->reported) ||
        (part_of && (memcmp(m.spi_i, part_of->spi_i, 8) != 0 || m.exchange != part_of->exchange))) {
        return false;
    }
    if (f->capture->keys) {
        keyring_read_ike(f->capture->keys, &m, o->at, o->captured);
        keyring_learn_ike(f->capture->keys, &m, &f->at);
    }
    len = m.length >= 28 && m.length < o->captured ? m.length : o->captured;
    sadb_see_ike(f->capture->db, &e, &f->at, &m, o->at, len);
    checks_message(f->capture->findings, f->capture->db, f->capture->plan, &m, &e);
    r = add_record(f, RECORD_IKE);
    set_ike_sa(r, e.sa);
    r->retransmission_of = e.retransmission_of;
    r->from_initiator = e.from_initiator;
    r->message = e.message ? e.message->text : told_alone(f, &m);
    if (e.exchange) {
        r->exchange = e.exchange->index;
        r->answers = e.exchange->response == f->at.frame;
    }
    if (e.child) {
        r->child = e.child->id;
        r->child_state = e.child->state;
    }
    return true;
}

static void
see_ike(struct feed *f)
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
    if (f->part.by_form) {
        own_ports_add(f->capture->own_ports, &f->at);
    }
    see_message(f, o, NULL);
    if (source(f, "Reassembled ISAKMP", 0, &whole) && o->captured >= 28) {
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

static void
set_clear(struct feed *f, struct ipsec_packet *p, uint8_t next, const struct span *payload,
          bool bad_padding, enum basis basis)
{
    p->bad_padding = bad_padding;
    if (!bad_padding) {
        ipsec_set_inner(p, &f->at, next, payload, basis);
    }
}

/* The whole payload, in the packet's pool; NULL where no key opens it. */
static uint8_t *
whole_payload(const struct feed *f, const struct octets *o, size_t *len, uint8_t *next)
{
    uint8_t *out;

    if (!f->capture->keys || o->captured < o->reported || !o->captured) {
        return NULL;
    }
    out = (uint8_t *)wmem_alloc(f->pinfo->pool, o->captured);
    *len = keyring_open_esp_whole(f->capture->keys, o->at, o->captured, out, o->captured, next);
    return *len ? out : NULL;
}

static void
read_esp_clear(struct feed *f, struct ipsec_packet *p, const struct octets *o)
{
    const struct child_sa *sa;
    struct esp_clear c;
    struct octets shown;
    struct span payload;
    uint8_t next;
    bool to_r;

    if (f->capture->keys) {
        keyring_open_esp(f->capture->keys, &c, o->at, o->captured, o->reported, f->capture->verify);
        p->icv = c.icv;
        p->esn = c.esn;
        p->tried = c.tried;
        p->key_named = c.named;
        p->near = c.near;
        p->noise = c.noise;
        if (c.opened) {
            payload = (struct span){ c.head, c.head_len };
            set_clear(f, p, c.next_header, &payload, c.bad_padding, BASIS_DECRYPTED);
        }
        if (c.opened || c.noise || c.icv == ICV_BAD) {
            return;
        }
    }
    if (o->captured < o->reported) {
        return;
    }
    /* Ciphers that Wireshark has and Espial has not: nobody verified it, so it must look right. */
    if (f->num_esp == 1 && source(f, "Decrypted Data", 0, &shown) &&
        shown.captured == shown.reported &&
        esp_clear_read(&next, &payload, shown.at, shown.captured)) {
        set_clear(f, p, next, &payload, false, BASIS_DECRYPTED);
        return;
    }
    sa = sadb_has_null(f->capture->db) ?
             sadb_child_at(f->capture->db, PROTO_ESP, p->spi, &f->at.dst, f->at.frame, &to_r) :
             NULL;
    if (sa && sa->chosen && esp_null_read(&next, &payload, sa->chosen->p, o->at, o->captured)) {
        set_clear(f, p, next, &payload, false, BASIS_OBSERVED);
    }
}

/* The record of a packet; what later passes show is looked up the same way in the first. */
static void
note_packet(struct feed *f, const struct ipsec_packet *p, const struct octets *o)
{
    struct record *r = add_record(f, RECORD_IPSEC);
    struct stream_at s;
    struct octets shown;

    if (sadb_stream_at(f->capture->db, &s, p->protocol, p->spi, p->seq, &f->at.src, &f->at.dst,
                       f->at.frame)) {
        r->stream = s.stream->id;
        r->packet = s.number;
        r->lost = (uint32_t)MIN(s.lost, UINT32_MAX);       /* as wide as its field */
        r->replayed = s.replayed;
        r->to_responder = s.to_responder;
        if (s.child) {
            r->child = s.child->id;
            r->child_state = child_state_at(f->capture->db, s.child, f->at.frame);
            set_ike_sa(r, s.child->ike_sa);
            r->ike_state = ike_sa_state_at(f->capture->db, s.child->ike_sa, f->at.frame);
        }
    }
    if (p->has_inner) {
        r->inner_src = p->inner.src;
        r->inner_dst = p->inner.dst;
    }
    if (p->protocol == PROTO_ESP && p->has_inner && p->inner_basis == BASIS_DECRYPTED &&
        prefs_show_inner() && !source(f, "Decrypted Data", 0, &shown)) {
        r->clear = whole_payload(f, o, &r->clear_len, &r->next_header);
        if (f->in_tcp && r->clear) {
            r->clear = (const uint8_t *)wmem_memdup(wmem_file_scope(), r->clear, r->clear_len);
        }
    }
}

static void
see_packet(struct feed *f, const struct ipsec_packet *p)
{
    if (!f->visited) {
        struct ipsec_event e;
        sadb_see_ipsec(f->capture->db, &e, &f->at, p);
        checks_packet(f->capture->findings, f->capture->db, f->capture->plan, &e);
    }
    if (f->detailed || f->in_tcp) {
        note_packet(f, p, &f->part.octets);
    }
}

static void
see_esp(struct feed *f)
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
        sadb_knows_spi_i(f->capture->db, o.at)) {
        const struct path_packet unmarked = { .kind = PATH_UNMARKED, .spi = p.spi };
        if (!f->visited) {
            see_path(f, &unmarked);
        }
        return;
    }
    p.fragmented = f->part.reassembled;
    if (!f->visited || f->detailed) {
        read_esp_clear(f, &p, &o);
        if (p.clear_read && p.next_header == IP_AGGFRAG &&
            (inner.at = whole_payload(f, &o, &inner.captured, &next))) {
            sadb_choose_inner(f->capture->db, &p, &f->at,
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
see_ah(struct feed *f)
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
see_icmp(struct feed *f, bool v6)
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
    struct feed *f = (struct feed *)context;

    f->part.kind = ike ? FRAME_IKE : FRAME_ESP;
    f->part.octets = *message;
    if (ike) {
        see_ike(f);
    } else {
        see_esp(f);
    }
}

static void
see_tcp(struct feed *f)
{
    const struct frame_part segment = f->part;

    if (!f->visited) {
        f->in_tcp = true;
        tcp_encap_see(f->capture->tcp, &segment, see_tcp_message, f);
        f->in_tcp = false;
    }
}

/* The last fragment of a datagram to come is the one with which Wireshark shows it whole. */
static void
see_fragment(struct feed *f)
{
    struct path_packet p = { .kind = PATH_FRAGMENT, .protocol = f->part.protocol };
    bool v6 = f->part.src.family == 6;
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
    if (source(f, v6 ? "Reassembled IPv6" : "Reassembled IPv4", f->num_joined, &joined)) {
        f->num_joined++;
        frame_enter(&f->walk, f->part.protocol, &joined, true);
    }
}

static void
see_keepalive(struct feed *f)
{
    static const struct path_packet keepalive = { .kind = PATH_KEEPALIVE };

    f->found++;
    if (!f->visited) {
        see_path(f, &keepalive);
    }
}

static void
see_neighbor(struct feed *f)
{
    struct path_packet p = { .kind = PATH_NEIGHBOR, .neighbor_answers = f->part.answers };

    if (!f->visited && sadb_wants_clear(f->capture->db)) {
        see_path(f, &p);
    }
}

static void
see_clear(struct feed *f)
{
    const struct octets *o = &f->walk.ip;
    struct path_packet p = { .kind = PATH_CLEAR };

    if (o->at && sadb_wants_clear(f->capture->db) &&
        inner_packet_read(&p.clear, o->at, o->captured)) {
        p.clear_octets = (struct span){ o->at, o->captured };
        see_path(f, &p);
    }
}

/* --- the frame ----------------------------------------------------------------------- */

static void
see_part(struct feed *f)
{
    const struct frame_part *p = &f->part;

    f->at.src = p->src;
    f->at.dst = p->dst;
    f->at.src_port = p->src_port;
    f->at.dst_port = p->dst_port;
    f->at.ip_id = p->ip_id;
    f->at.ttl = p->ttl;
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

/* Ports are no proof: a name server's answer may go to 4500.  What Wireshark took the
 * datagram for decides, but inside an ESP that only Espial has opened. */
static bool
confirmed(const struct feed *f)
{
    if (f->part.own_ports) {
        return f->part.by_form || own_ports_known(f->capture, &f->part, f->at.frame);
    }
    return !f->part.udp || f->walk.inside ||
           layers_of(f->pinfo) & (LAYER_IKE | LAYER_ESP | LAYER_UDPENCAP);
}

static void
walk_on(struct feed *f)
{
    while (frame_next(&f->walk, &f->part)) {
        if (confirmed(f)) {
            see_part(f);
        }
    }
    f->capture->deep |= f->walk.capped;
}

static void
search(struct feed *f, const struct octets *frame)
{
    size_t from = 0;

    while (!f->found && !f->quoted && frame_search(&f->walk, frame, &from)) {
        walk_on(f);
    }
}

/* Wireshark knows links and tunnels, and the user's Decode As, that the walk does not. */
static void
walk_unknown(struct feed *f, enum frame_link link, const struct octets *frame)
{
    if (!(layers_of(f->pinfo) & (LAYER_IKE | LAYER_ESP | LAYER_AH))) {
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

struct record *
feed_frame(struct capture *c, tvbuff_t *tvb, packet_info *pinfo, bool visited, bool detailed,
           struct record **kept)
{
    struct feed f = {
        .capture = c, .pinfo = pinfo, .tvb = tvb, .visited = visited, .detailed = detailed
    };
    struct octets frame = octets_of(tvb);
    enum frame_link link;

    if (!frame.at || pinfo->rec->rec_type != REC_TYPE_PACKET) {
        return NULL;
    }
    c->cut_frames += !visited && frame.captured < frame.reported;
    f.at.frame = pinfo->num;
    f.at.time = feed_time(pinfo);
    f.at.point = feed_point(pinfo);
    link = feed_link(pinfo);
    f.walk.any_tcp = tcp_encap_any(c->tcp);
    f.walk.ports = own_ports_bits(c->own_ports);
    frame_begin(&f.walk, link, &frame);
    walk_on(&f);
    if (!f.found && !f.quoted && !f.fragment) {
        walk_unknown(&f, link, &frame);
    }
    if (!f.found && !f.quoted && !visited) {
        see_clear(&f);
    }
    if (kept) {
        *kept = f.kept;
    }
    return f.made;
}
