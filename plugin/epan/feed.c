/* feed.c - from the layers that Wireshark found to bytes for the core.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <espial/ipsec.h>

#include <string.h>

enum field { F_ISAKMP, F_ESP, F_AH, F_IP, F_IPV6, F_UDP, F_ICMP, F_ICMPV6, F_ESP_CLEAR, F_ESP_BAD, F_ESP_GOOD,
             F_IKE_CLEAR, F_IKE_BAD, NUM_FIELDS };

static const char *const field_names[NUM_FIELDS] = {
    "isakmp", "esp", "ah", "ip", "ipv6", "udp", "icmp", "icmpv6", "esp.decrypted_data", "esp.icv_bad", "esp.icv_good",
    "isakmp.enc.decrypted", "isakmp.ikev2.integrity_checksum"
};
static int ids[NUM_FIELDS];
static dissector_handle_t post;

/* The type of the first payload of a fragmented message stands in fragment 1 alone
 * (RFC 7383 section 2.5), and is wanted when the last one comes. */
static wmem_map_t *first_payloads;      /* message key -> type */

struct walk {
    packet_info *pinfo;
    proto_tree *tree;
    GPtrArray *found[NUM_FIELDS];
    unsigned seen[NUM_FIELDS];
    field_info *ip, *udp;
    bool v6, quoted, ike_done;
    unsigned clear_esp;
    struct sighting at;
    struct record *first, *last;
};

void
feed_handoff(dissector_handle_t handle)
{
    post = handle;
    for (int i = 0; i < NUM_FIELDS; i++) {
        ids[i] = proto_registrar_get_id_byname(field_names[i]);
    }
    first_payloads = wmem_map_new_autoreset(wmem_epan_scope(), wmem_file_scope(), wmem_str_hash, g_str_equal);
    feed_want(true);            /* sharkd looks at the wish before its first init */
}

/* Wanting a field makes Wireshark build a tree for every packet of the run: not when
 * the user has switched Espial off. */
void
feed_want(bool wanted)
{
    GArray *a = NULL;

    if (wanted) {
        a = g_array_new(FALSE, FALSE, sizeof(int));
        for (int i = 0; i < NUM_FIELDS; i++) {
            if (ids[i] > 0) {
                g_array_append_val(a, ids[i]);
            }
        }
    }
    set_postdissector_wanted_hfids(post, a);
}

static field_info *
nth(const struct walk *w, enum field f, unsigned n)
{
    return w->found[f] && n < w->found[f]->len ? (field_info *)g_ptr_array_index(w->found[f], n) : NULL;
}

struct octets {
    const uint8_t *at;
    size_t captured, reported;
};

static struct octets
octets_from(tvbuff_t *tvb, int start, int end)
{
    struct octets o = { NULL, 0, 0 };
    int captured, reported;

    if (start < 0 || !tvb_offset_exists(tvb, start)) {
        return o;
    }
    captured = (int)tvb_captured_length(tvb) - start;
    reported = (int)tvb_reported_length(tvb) - start;
    if (end > start && end - start < reported) {
        reported = end - start;
    }
    o.captured = (size_t)MIN(captured, reported);
    o.reported = (size_t)reported;
    o.at = tvb_get_ptr(tvb, start, (int)o.captured);
    return o;
}

static unsigned
be16(tvbuff_t *tvb, int at)
{
    return tvb_bytes_exist(tvb, at, 2) ? tvb_get_ntohs(tvb, at) : 0;
}

/* Where the IP packet or the UDP datagram ends in the same buffer; 0 where it does not
 * tell (reassembled, or a length of 0 from segmentation offload). */
static int
container_end(const struct walk *w, tvbuff_t *tvb, bool udp)
{
    unsigned len;

    if (udp && w->udp && w->udp->ds_tvb == tvb) {
        len = be16(tvb, w->udp->start + 4);
        return len >= 8 ? w->udp->start + (int)len : 0;
    }
    if (!w->ip || w->ip->ds_tvb != tvb) {
        return 0;
    }
    len = be16(tvb, w->ip->start + (w->v6 ? 4 : 2));
    return len ? w->ip->start + (int)len + (w->v6 ? 40 : 0) : 0;
}

static bool
see_ip(struct walk *w, field_info *fi, bool v6)
{
    int need = v6 ? 40 : 20;
    const uint8_t *h;

    w->ip = w->udp = NULL;
    w->at.src_port = w->at.dst_port = 0;
    if (!fi || !tvb_bytes_exist(fi->ds_tvb, fi->start, need)) {
        return false;
    }
    h = tvb_get_ptr(fi->ds_tvb, fi->start, need);
    w->ip = fi;
    w->v6 = v6;
    w->at.src = ip_from(v6 ? 6 : 4, h + (v6 ? 8 : 12));
    w->at.dst = ip_from(v6 ? 6 : 4, h + (v6 ? 24 : 16));
    w->at.ip_id = v6 ? 0 : (uint16_t)(h[4] << 8 | h[5]);
    return true;
}

static void
see_udp(struct walk *w, field_info *fi)
{
    if (fi && tvb_bytes_exist(fi->ds_tvb, fi->start, 4)) {
        w->udp = fi;
        w->at.src_port = (uint16_t)be16(fi->ds_tvb, fi->start);
        w->at.dst_port = (uint16_t)be16(fi->ds_tvb, fi->start + 2);
    }
}

static struct record *
add_record(struct walk *w, enum record_kind kind)
{
    struct record *r = wmem_new0(wmem_file_scope(), struct record);

    r->kind = kind;
    r->ike_sa = r->child = r->stream = r->exchange = NO_ID;
    if (w->last) {
        w->last->next = r;
    } else {
        w->first = r;
    }
    w->last = r;
    return r;
}

/* --- IKE ------------------------------------------------------------------- */

static char *
message_key(wmem_allocator_t *scope, const struct ike_message *m)
{
    char i[17], r[17];

    for (int k = 0; k < 8; k++) {
        snprintf(i + 2 * k, 3, "%02x", m->spi_i[k]);
        snprintf(r + 2 * k, 3, "%02x", m->spi_r[k]);
    }
    return wmem_strdup_printf(scope, "%s.%s.%u.%u.%u", i, r, m->message_id, m->flags, m->exchange);
}

static bool
clear_from_source(const struct walk *w, const char *name, struct octets *out)
{
    for (GSList *l = w->pinfo->data_src; l; l = l->next) {
        struct data_source *s = (struct data_source *)l->data;
        char *is = compat_data_source_name(s);
        bool same = g_str_has_prefix(is, name);
        wmem_free(NULL, is);
        if (same) {
            *out = octets_from(get_data_source_tvb(s), 0, 0);
            return out->captured > 0;
        }
    }
    return false;
}

static void
read_clear(struct walk *w, struct ike_message *m)
{
    struct octets o;

    if (!m->encrypted || m->truncated) {
        return;
    }
    if (m->major == 1) {
        if (clear_from_source(w, "Decrypted IKE", &o)) {
            ike_parse_inner(m, m->inner_first, o.at, o.captured);
        }
        return;
    }
    if (m->fragments) {
        char *key = message_key(w->pinfo->pool, m);
        if (m->fragment == 1) {
            wmem_map_insert(first_payloads, wmem_strdup(wmem_file_scope(), key), GUINT_TO_POINTER(m->inner_first + 1u));
        }
        unsigned first = GPOINTER_TO_UINT(wmem_map_lookup(first_payloads, key));
        if (first && clear_from_source(w, "Reassembled IKE2", &o)) {
            if (ike_parse_inner(m, (uint8_t)(first - 1), o.at, o.captured)) {
                m->fragment = m->fragments = 0;     /* whole from here on */
            }
        }
        return;
    }
    /* With a wrong key Wireshark shows garbage, and says so only beside it. */
    field_info *fi = nth(w, F_IKE_CLEAR, 0);
    m->integrity_wrong = fi && nth(w, F_IKE_BAD, 0);
    if (!fi || m->integrity_wrong) {
        return;
    }
    o = octets_from(fi->ds_tvb, fi->start, fi->start + fi->length);
    if (o.captured && o.captured == o.reported && (size_t)o.at[o.captured - 1] + 1 <= o.captured) {
        ike_parse_inner(m, m->inner_first, o.at, o.captured - 1 - o.at[o.captured - 1]);
    }
}

static void
see_message(struct walk *w, field_info *fi)
{
    static struct ike_message m;        /* large, used for one call at a time */
    struct octets o = octets_from(fi->ds_tvb, fi->start, container_end(w, fi->ds_tvb, true));
    struct ike_event e;
    struct record *r;
    size_t len;

    if (!o.at) {
        return;
    }
    if (!ike_parse(&m, o.at, o.captured, o.reported)) {
        return;
    }
    if (!capture.keys || !keyring_read_ike(capture.keys, &m, o.at, o.captured)) {
        read_clear(w, &m);
    }
    if (capture.keys) {
        keyring_learn_ike(capture.keys, &m);
    }
    len = m.length >= 28 && m.length < o.captured ? m.length : o.captured;
    sadb_see_ike(capture.db, &e, &w->at, &m, o.at, len);
    checks_message(capture.findings, capture.db, capture.plan, &m, &e);
    r = add_record(w, RECORD_IKE);
    r->retransmission_of = e.retransmission_of;
    r->from_initiator = e.from_initiator;
    if (e.sa) {
        r->ike_sa = e.sa->id;
        r->ike_state = e.sa->state;
        r->spi_r_known = e.sa->has_spi_r;
        r->nat = e.sa->nat;
    }
    if (e.exchange) {
        r->exchange = e.exchange->index;
        r->answers = e.exchange->response == w->at.frame;
    }
    if (e.child) {
        r->child = e.child->id;
        r->child_state = e.child->state;
    }
}

/* A message that Wireshark put together from Cisco fragments is a second one under the
 * same layer. */
static void
see_isakmp(struct walk *w)
{
    if (w->ike_done) {
        return;
    }
    w->ike_done = true;
    for (unsigned i = 0; w->found[F_ISAKMP] && i < w->found[F_ISAKMP]->len; i++) {
        see_message(w, nth(w, F_ISAKMP, i));
    }
}

static void
see_path(struct walk *w, struct path_event *e)
{
    struct record *r;

    e->at = w->at;
    if (!sadb_see_path(capture.db, e)) {
        return;
    }
    checks_path(capture.findings, capture.db, capture.plan, e);
    r = add_record(w, RECORD_PATH);
    if (e->sa) {
        r->ike_sa = e->sa->id;
        r->ike_state = e->sa->state;
        r->spi_r_known = e->sa->has_spi_r;
    }
}

/* --- ESP and AH ------------------------------------------------------------- */

/* The verdict stands on the ICV's octets, inside the packet that it belongs to: with ESP
 * in ESP there are several. */
static bool
says(const struct walk *w, enum field f, tvbuff_t *tvb, int start, int end)
{
    for (unsigned i = 0; w->found[f] && i < w->found[f]->len; i++) {
        field_info *fi = nth(w, f, i);
        if (fi->ds_tvb == tvb && fi->start >= start && fi->start <= end && compat_fi_true(fi)) {
            return true;
        }
    }
    return false;
}

static void
see_packet(struct walk *w, const struct ipsec_packet *p)
{
    struct ipsec_event e;
    struct record *r;

    sadb_see_ipsec(capture.db, &e, &w->at, p);
    checks_packet(capture.findings, capture.db, capture.plan, &e);
    r = add_record(w, RECORD_IPSEC);
    r->packet = e.number;
    r->to_responder = e.to_responder;
    if (e.stream) {
        r->stream = e.stream->id;
        r->lost = e.stream->lost;
        r->replayed = e.stream->replayed;
    }
    if (e.child) {
        r->child = e.child->id;
        r->child_state = e.child->state;
        r->ike_sa = e.child->ike_sa->id;
        r->ike_state = e.child->ike_sa->state;
        r->spi_r_known = e.child->ike_sa->has_spi_r;
        r->nat = e.child->ike_sa->nat;
    }
    if (p->has_inner) {
        r->inner_src = p->inner.src;
        r->inner_dst = p->inner.dst;
    }
}

/* With reassembly switched off, or fragments missing, Wireshark dissects a first
 * fragment as if it were whole. */
static bool
unreassembled(const struct walk *w, tvbuff_t *tvb)
{
    int at = w->ip ? w->ip->start : 0;

    if (!w->ip || w->ip->ds_tvb != tvb) {
        return false;
    }
    if (!w->v6) {
        return (tvb_get_guint8(tvb, at + 6) & 0x20) != 0;
    }
    return tvb_bytes_exist(tvb, at + 40, 4) && tvb_get_guint8(tvb, at + 6) == 44 && (tvb_get_guint8(tvb, at + 43) & 1);
}

static void
read_esp_clear(struct walk *w, struct ipsec_packet *p, field_info *fi, const struct octets *o)
{
    field_info *clear = nth(w, F_ESP_CLEAR, w->clear_esp);
    int end = fi->start + (int)o->reported;
    struct octets c;
    struct span payload;
    uint8_t next;
    bool to_r;
    const struct child_sa *sa = sadb_child_at(capture.db, PROTO_ESP, p->spi, &w->at.dst, w->at.frame, &to_r);

    /* Wireshark 4.0 knows no extended sequence numbers: its "bad" means something only
     * where the negotiation excludes them. */
    p->icv = says(w, F_ESP_GOOD, fi->ds_tvb, fi->start, end) ? ICV_GOOD :
             says(w, F_ESP_BAD, fi->ds_tvb, fi->start, end) && sa && sa->chosen && !sadb_has_esn(sa) ? ICV_BAD : ICV_UNKNOWN;
    if (clear && o->captured == o->reported) {
        w->clear_esp++;
        c = octets_from(clear->ds_tvb, 0, 0);
        if (c.captured != c.reported || p->icv == ICV_BAD) {
            return;
        }
        p->bad_padding = !esp_clear_read(&next, &payload, c.at, c.captured);
        if (!p->bad_padding) {
            ipsec_set_inner(p, &w->at, next, &payload, BASIS_DECRYPTED);
        }
        return;
    }
    if (capture.keys) {
        struct esp_clear opened;
        bool open = keyring_open_esp(capture.keys, &opened, o->at, o->captured, o->reported, true);
        p->icv = opened.icv;
        if (open) {
            p->bad_padding = opened.bad_padding;
            payload = (struct span){ opened.head, opened.head_len };
            if (!p->bad_padding && (!opened.cut || opened.next_header != 59)) {
                ipsec_set_inner(p, &w->at, opened.next_header, &payload, BASIS_DECRYPTED);
            }
            return;
        }
    }
    if (sa && o->captured == o->reported && esp_null_read(&next, &payload, sa->chosen, o->at, o->captured)) {
        ipsec_set_inner(p, &w->at, next, &payload, BASIS_OBSERVED);
    }
}

static void
see_esp(struct walk *w, field_info *fi)
{
    struct octets o = octets_from(fi->ds_tvb, fi->start, container_end(w, fi->ds_tvb, w->udp != NULL));
    struct ipsec_packet p;

    if (unreassembled(w, fi->ds_tvb) || !esp_read(&p, o.at, o.captured, o.reported)) {
        return;
    }
    /* Without the non-ESP marker an IKE SPI stands where ESP has its SPI (RFC 3948 section 2.2). */
    if (w->udp && o.captured >= 28 && ike_plausible(o.at, o.captured) && sadb_knows_spi_i(capture.db, o.at)) {
        struct path_event e = { .kind = PATH_UNMARKED };
        see_path(w, &e);
        return;
    }
    p.fragmented = w->ip && w->ip->ds_tvb != fi->ds_tvb;
    read_esp_clear(w, &p, fi, &o);
    see_packet(w, &p);
}

static void
see_ah(struct walk *w, field_info *fi)
{
    struct octets o = octets_from(fi->ds_tvb, fi->start, container_end(w, fi->ds_tvb, false));
    struct ipsec_packet p;
    struct span payload;
    uint8_t next;

    if (unreassembled(w, fi->ds_tvb) || !ah_read(&p, &next, &payload, o.at, o.captured, o.reported)) {
        return;
    }
    if (payload.len) {
        p.fragmented = w->ip && w->ip->ds_tvb != fi->ds_tvb;
        ipsec_set_inner(&p, &w->at, next, &payload, BASIS_OBSERVED);
    }
    see_packet(w, &p);
}

/* --- the path ---------------------------------------------------------------- */

static void
see_icmp(struct walk *w, field_info *fi, bool v6)
{
    struct octets o = octets_from(fi->ds_tvb, fi->start, 0);
    struct path_event e = { .kind = PATH_ICMP };

    if (o.at && icmp_error_read(&e, v6, o.at, o.captured)) {
        w->quoted = true;
        see_path(w, &e);
    }
}

/* Wireshark shows a fragment as bare data until the last one has come. */
static void
see_fragment(struct walk *w)
{
    const uint8_t *h;
    int at = w->ip->start, len = (int)tvb_captured_length_remaining(w->ip->ds_tvb, at), header = 40;
    struct path_event e = { .kind = PATH_FRAGMENT };
    unsigned offset;

    if (len < (w->v6 ? 48 : 20)) {
        return;
    }
    h = tvb_get_ptr(w->ip->ds_tvb, at, len);
    if (w->v6) {
        if (h[6] != 44) {
            return;
        }
        e.protocol = h[40];
        offset = (unsigned)(h[42] << 8 | h[43]) & 0xfff8;
        w->at.ip_id = (uint16_t)(h[46] << 8 | h[47]);
        header = 48;
        if (!offset && !(h[43] & 1)) {
            return;
        }
    } else {
        e.protocol = h[9];
        offset = (unsigned)(h[6] << 8 | h[7]) & 0x1fff;
        header = (h[0] & 15) * 4;
        if (!offset && !(h[6] & 0x20)) {
            return;
        }
    }
    if (!offset && len >= header + 4) {
        e.src_port = (uint16_t)(h[header] << 8 | h[header + 1]);
        e.dst_port = (uint16_t)(h[header + 2] << 8 | h[header + 3]);
    }
    see_path(w, &e);
}

static void
see_clear(struct walk *w)
{
    struct octets o = octets_from(w->ip->ds_tvb, w->ip->start, 0);
    struct path_event e = { .kind = PATH_CLEAR };

    if (o.at && inner_packet_read(&e.clear, o.at, o.captured)) {
        see_path(w, &e);
    }
}

/* --- the frame --------------------------------------------------------------- */

static void
see_layer(struct walk *w, enum field f, field_info *fi)
{
    if (f == F_IP || f == F_IPV6) {
        if (see_ip(w, fi, f == F_IPV6)) {
            see_fragment(w);
        }
    } else if (f == F_UDP) {
        see_udp(w, fi);
    } else if (!w->ip) {
        return;
    } else if (f == F_ISAKMP) {
        see_isakmp(w);
    } else if (f == F_ESP) {
        see_esp(w, fi);
    } else if (f == F_AH) {
        see_ah(w, fi);
    } else {
        see_icmp(w, fi, f == F_ICMPV6);
    }
}

/* pinfo->layers and the arrays of found fields are both in the order of dissection:
 * the n-th layer "esp" is the n-th field_info of esp, inside the last IP before it.
 * What stands behind ICMP is quoted, not sent. */
static void
walk_layers(struct walk *w)
{
    for (wmem_list_frame_t *f = wmem_list_head(w->pinfo->layers); f && !w->quoted; f = wmem_list_frame_next(f)) {
        int id = GPOINTER_TO_INT(wmem_list_frame_data(f));
        for (int i = F_ISAKMP; i <= F_ICMPV6 && !w->quoted; i++) {
            field_info *fi = id == ids[i] ? nth(w, (enum field)i, w->seen[i]++) : NULL;
            if (fi) {
                see_layer(w, (enum field)i, fi);
            }
        }
    }
}

struct record *
feed_frame(packet_info *pinfo, proto_tree *tree)
{
    struct walk w = { .pinfo = pinfo, .tree = tree };

    if (!tree) {
        return NULL;
    }
    w.at.frame = pinfo->num;
    w.at.time = (double)pinfo->abs_ts.secs + (double)pinfo->abs_ts.nsecs / 1e9;
    for (int i = 0; i < NUM_FIELDS; i++) {
        w.found[i] = ids[i] > 0 ? proto_get_finfo_ptr_array(tree, ids[i]) : NULL;
    }
    if (!w.found[F_IP] && !w.found[F_IPV6]) {
        return NULL;
    }
    walk_layers(&w);
    if (!w.found[F_ISAKMP] && !w.found[F_ESP] && !w.found[F_AH] && !w.quoted && w.ip && sadb_wants_clear(capture.db)) {
        see_clear(&w);
    }
    return w.first;
}
