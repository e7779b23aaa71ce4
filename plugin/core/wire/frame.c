/* frame.c - one frame's way from IP to what IPsec put there.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "step.h"

#include <espial/ike.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <espial/frame.h>
#include <string.h>

static enum step
give(struct frame_walk *w, enum frame_kind kind)
{
    if ((kind == FRAME_ESP || kind == FRAME_AH) && w->num_ipsec++ == FRAME_MAX_IPSEC) {
        w->capped = true;
        return STEP_DONE;
    }
    w->now.kind = kind;
    w->now.octets = w->rest;
    return STEP_GIVE;
}

/* --- IP --------------------------------------------------------------------- */

static enum step
fragment(struct frame_walk *w, const struct octets *packet, uint8_t protocol, bool first)
{
    if (w->inside) {
        return STEP_DONE;
    }
    w->now.protocol = protocol;
    w->now.first_fragment = first;
    w->now.src_port = w->now.dst_port = 0;
    if (first && protocol == IP_UDP && w->rest.captured >= 4) {
        w->now.src_port = be16(w->rest.at);
        w->now.dst_port = be16(w->rest.at + 2);
    }
    w->now.payload = w->rest;
    w->rest = *packet;
    return give(w, FRAME_FRAGMENT);
}

static enum step
enter_ipv4(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;
    struct octets packet = w->rest;
    size_t header, total;
    uint16_t place;

    if (w->rest.captured < IPV4_HEADER) {
        return STEP_DONE;
    }
    header = (size_t)(h[0] & 15) * 4;
    total = be16(h + 2);
    /* 0 is left to the adapter (segmentation offload); a length that the header exceeds is none,
     * and no receiver reads on (RFC 791 section 3.1). */
    if (header < IPV4_HEADER || (total && total < header)) {
        return STEP_DONE;
    }
    if (total) {
        octets_trim(&packet, total);
    }
    w->now.src = ip_from(4, h + 12);
    w->now.dst = ip_from(4, h + 16);
    w->now.ip_id = be16(h + 4);
    w->now.ttl = h[8];
    w->now.dscp = h[1] >> 2;
    if (!w->inside) {
        w->ip = packet;
    }
    w->rest = packet;
    w->type = h[9];
    place = be16(h + 6);
    if (!octets_skip(&w->rest, header)) {
        return STEP_DONE;
    }
    return (place & (IPV4_MORE_FRAGMENTS | IPV4_FRAGMENT_OFFSET)) != 0 ?
           fragment(w, &packet, h[9], (place & IPV4_FRAGMENT_OFFSET) == 0) : STEP_PROTOCOL;
}

static enum step
enter_ipv6(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;
    struct octets packet = w->rest;
    size_t payload;
    uint16_t place;

    if (w->rest.captured < IPV6_HEADER) {
        return STEP_DONE;
    }
    payload = be16(h + 4);
    if (payload) {
        octets_trim(&packet, IPV6_HEADER + payload);
    }
    w->now.src = ip_from(6, h + 8);
    w->now.dst = ip_from(6, h + 24);
    w->now.ip_id = 0;
    w->now.ttl = h[7];
    w->now.dscp = (uint8_t)((h[0] & 15) << 2 | h[1] >> 6);
    if (!w->inside) {
        w->ip = packet;
    }
    w->rest = packet;
    w->type = h[6];
    octets_skip(&w->rest, IPV6_HEADER);
    for (unsigned n = 0; n < FRAME_MAX_EXTENSIONS; n++) {
        const uint8_t *e = w->rest.at;
        if (w->type == IP6_FRAGMENT) {
            if (!octets_skip(&w->rest, IPV6_FRAGMENT_HEADER)) {
                return STEP_DONE;
            }
            w->type = e[0];
            place = be16(e + 2);
            /* Offset 0 and no more to come: the whole, not a fragment. */
            if (place & (IPV6_FRAGMENT_OFFSET | IPV6_MORE_FRAGMENTS)) {
                w->now.ip_id = be16(e + 6);
                return fragment(w, &packet, e[0], (place & IPV6_FRAGMENT_OFFSET) == 0);
            }
        } else if (w->type == IP6_HOP_BY_HOP || w->type == IP6_ROUTING ||
                   w->type == IP6_DESTINATION || w->type == IP_MOBILITY) {
            if (w->rest.captured < 2 || !octets_skip(&w->rest, ((size_t)e[1] + 1) * 8)) {
                return STEP_DONE;
            }
            w->type = e[0];
        } else {
            return STEP_PROTOCOL;
        }
    }
    return STEP_DONE;
}

static enum step
enter_ip(struct frame_walk *w)
{
    unsigned version = w->rest.captured ? w->rest.at[0] >> 4 : 0;

    w->now.src_port = w->now.dst_port = 0;
    w->now.udp = w->now.own_ports = w->now.by_form = w->now.misplaced_marker = false;
    return version == 4 ? enter_ipv4(w) : version == 6 ? enter_ipv6(w) : STEP_DONE;
}

/* --- what IP carries ---------------------------------------------------------- */

/* RFC 3948 section 2: ESP, IKE behind four zero octets, or a keepalive. */
static enum step
udp_encap(struct frame_walk *w)
{
    static const uint8_t marker[NON_ESP_MARKER];

    if (w->rest.reported == 1 && w->rest.captured == 1 && w->rest.at[0] == NAT_KEEPALIVE) {
        return give(w, FRAME_KEEPALIVE);
    }
    w->now.marked = w->rest.captured >= NON_ESP_MARKER &&
                    memcmp(w->rest.at, marker, NON_ESP_MARKER) == 0;
    if (w->now.marked) {
        octets_skip(&w->rest, NON_ESP_MARKER);
        return give(w, FRAME_IKE);
    }
    return give(w, FRAME_ESP);
}

/* 3GPP TS 29.281 section 5.1: a G-PDU holds the user's packet. */
static enum step
enter_gtpu(struct frame_walk *w)
{
    enum { VERSION_AND_TYPE = 0xf0, GTP_1 = 0x30, OPTIONS = 7, EXTENSION = 4, G_PDU = 0xff };
    const uint8_t *h = w->rest.at;
    uint8_t next;

    if (w->rest.captured < GTPU_HEADER || (h[0] & VERSION_AND_TYPE) != GTP_1 || h[1] != G_PDU) {
        return STEP_DONE;
    }
    octets_skip(&w->rest, GTPU_HEADER);
    if (!(h[0] & OPTIONS)) {
        return STEP_IP;
    }
    if (!octets_skip(&w->rest, GTPU_OPTIONS)) {
        return STEP_DONE;
    }
    next = h[0] & EXTENSION ? h[GTPU_HEADER + GTPU_OPTIONS - 1] : 0;
    for (unsigned n = 0; next && n < FRAME_MAX_EXTENSIONS; n++) {
        size_t len = w->rest.captured ? w->rest.at[0] * 4u : 0;
        if (!len || w->rest.captured < len) {
            return STEP_DONE;
        }
        next = w->rest.at[len - 1];
        octets_skip(&w->rest, len);
    }
    return next ? STEP_DONE : STEP_IP;
}

static enum step
enter_geneve(struct frame_walk *w)              /* RFC 8926 section 3.4 */
{
    const uint8_t *h = w->rest.at;

    if (w->rest.captured < GENEVE_HEADER || h[0] >> 6) {
        return STEP_DONE;
    }
    w->type = be16(h + 2);
    return octets_skip(&w->rest, GENEVE_HEADER + (h[0] & 63u) * 4u) ? STEP_ETHERTYPE : STEP_DONE;
}

static bool
has_port(const struct frame_walk *w, uint16_t port)
{
    return w->ports && (w->ports[port / 64] >> port % 64 & 1);
}

/* A header of IKE whose length is that of the datagram. */
static bool
fills(const struct octets *o)
{
    enum { VERSION = 17, LENGTH = 24 };

    return o->captured == o->reported && o->captured > IKE_HEADER &&
           be32(o->at + LENGTH) == o->reported &&
           (o->at[VERSION] == 0x10 || o->at[VERSION] == 0x20) && ike_plausible(o->at, o->captured);
}

/* IKEv1 moves to the other ports in the midst of phase 1, with its first encrypted message
 * (RFC 3947 section 4). */
static bool
moves_here(const struct octets *o)
{
    enum { NEXT = 16, VERSION = 17, EXCHANGE = 18, FLAGS = 19 };
    static const uint8_t none[8];
    const uint8_t *h = o->at;

    return fills(o) && h[VERSION] == 0x10 && h[FLAGS] == FLAG_ENCRYPTED &&
           memcmp(h + sizeof none, none, sizeof none) != 0 &&
           (h[EXCHANGE] == V1_MAIN ? h[NEXT] == V1P_ID : h[NEXT] == V1P_HASH);
}

/* IKE may use any ports (RFC 7296 section 2.23), and ESP follows it there.  Every datagram of a
 * capture comes here: the form is looked at from its cheapest part on. */
static enum step
own_ports(struct frame_walk *w, uint16_t from, uint16_t to)
{
    static const uint8_t marker[NON_ESP_MARKER];
    struct octets o = w->rest;
    bool marked = o.captured >= NON_ESP_MARKER && memcmp(o.at, marker, NON_ESP_MARKER) == 0;
    bool known = has_port(w, from) || has_port(w, to);

    if (marked) {
        octets_skip(&o, NON_ESP_MARKER);
    }
    w->now.own_ports = true;
    w->now.by_form = o.captured == o.reported && (ike_has_form(o.at, o.captured) ||
                                                  (marked && moves_here(&o)));
    if (w->now.by_form || (known && !marked && fills(&o))) {
        w->now.marked = marked;
        w->rest = o;
        return give(w, FRAME_IKE);
    }
    return known || from == PORT_CISCO_UDP || to == PORT_CISCO_UDP ? udp_encap(w) : STEP_DONE;
}

/* Four zero octets, and behind them a header whose length is that of the rest. */
static bool
is_marked_ike(const struct octets *o)
{
    enum { LENGTH = 24 };
    static const uint8_t marker[NON_ESP_MARKER];
    const uint8_t *ike = o->at + NON_ESP_MARKER;

    return o->captured >= NON_ESP_MARKER + IKE_HEADER &&
           memcmp(o->at, marker, sizeof marker) == 0 &&
           be32(ike + LENGTH) == o->reported - NON_ESP_MARKER &&
           ike_plausible(ike, o->captured - NON_ESP_MARKER);
}

static enum step
enter_udp(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;
    uint16_t from, to;
    size_t len;

    if (w->rest.captured < UDP_HEADER) {
        return STEP_DONE;
    }
    from = be16(h);
    to = be16(h + 2);
    len = be16(h + 4);
    if (len >= UDP_HEADER) {
        octets_trim(&w->rest, len);
    }
    octets_skip(&w->rest, UDP_HEADER);
    w->now.src_port = from;
    w->now.dst_port = to;
    w->now.udp = true;
    if (from == PORT_NATT || to == PORT_NATT) {
        return udp_encap(w);
    }
    if (from == PORT_IKE || to == PORT_IKE || from == PORT_GDOI || to == PORT_GDOI) {
        w->now.misplaced_marker = is_marked_ike(&w->rest);
        return give(w, FRAME_IKE);
    }
    if (w->inside) {
        return STEP_DONE;
    }
    if (from == PORT_GTPU || to == PORT_GTPU) {
        return enter_gtpu(w);
    }
    if (to == PORT_VXLAN) {
        return octets_skip(&w->rest, VXLAN_HEADER) ? STEP_ETHERNET : STEP_DONE;
    }
    if (to == PORT_GENEVE) {
        return enter_geneve(w);
    }
    return w->any_port ? udp_encap(w) : own_ports(w, from, to);
}

static enum step
enter_tcp(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;
    uint8_t flags;

    if (w->inside || w->rest.captured < TCP_HEADER ||
        !octets_skip(&w->rest, (size_t)(h[12] >> 4) * 4) || h[12] >> 4 < TCP_HEADER / 4) {
        return STEP_DONE;
    }
    flags = h[13];
    w->now.src_port = be16(h);
    w->now.dst_port = be16(h + 2);
    w->now.tcp_seq = be32(h + 4);
    w->now.tcp_syn = (flags & TCP_SYN) != 0;
    if (!w->rest.reported) {
        return STEP_DONE;
    }
    if (w->any_tcp || w->now.src_port == PORT_NATT || w->now.dst_port == PORT_NATT ||
        tcp_encap_begins(&w->rest)) {
        return give(w, FRAME_TCP);
    }
    return STEP_DONE;
}

static enum step
enter_gre(struct frame_walk *w)                 /* RFC 2784 section 2, RFC 2890 section 2 */
{
    enum { CHECKSUM = 0x8000, ROUTING = 0x4000, KEY = 0x2000, SEQUENCE = 0x1000, VERSION = 7 };
    const uint8_t *h = w->rest.at;
    uint16_t flags;
    size_t len = GRE_HEADER;

    if (w->inside || w->rest.captured < GRE_HEADER) {
        return STEP_DONE;
    }
    flags = be16(h);
    if (flags & (ROUTING | VERSION)) {
        return STEP_DONE;
    }
    w->type = be16(h + 2);
    len += (flags & CHECKSUM ? 4u : 0) + (flags & KEY ? 4u : 0) + (flags & SEQUENCE ? 4u : 0);
    return octets_skip(&w->rest, len) ? STEP_ETHERTYPE : STEP_DONE;
}

/* Given whole; the walk goes on behind its header. */
static enum step
enter_ah(struct frame_walk *w)
{
    if (w->rest.captured < AH_HEADER) {
        return STEP_DONE;
    }
    return give(w, FRAME_AH);
}

static void
behind_ah(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;

    w->inside = true;
    w->type = h[0];
    /* RFC 4302 section 2.2 */
    w->step = octets_skip(&w->rest, ((size_t)h[1] + 2) * 4) ? STEP_PROTOCOL : STEP_DONE;
}

static enum step
enter_protocol(struct frame_walk *w)
{
    switch (w->type) {
    case IP_ESP: return give(w, FRAME_ESP);
    case IP_AH: return enter_ah(w);
    case IP_UDP: return enter_udp(w);
    case IP_TCP: return enter_tcp(w);
    case IP_IPV4:
    case IP_IPV6: return STEP_IP;
    case IP_GRE: return enter_gre(w);
    case IP_ICMP: return w->inside ? STEP_DONE : give(w, FRAME_ICMP);
    case IP_ICMPV6:
        return w->inside ? STEP_DONE : give(w, is_neighbor(w) ? FRAME_NEIGHBOR : FRAME_ICMPV6);
    default: return STEP_DONE;
    }
}

/* --- the walk ----------------------------------------------------------------- */

void
frame_begin(struct frame_walk *w, enum frame_link link, const struct octets *frame)
{
    static const uint8_t first[] = {
        [FRAME_LINK_OTHER] = STEP_DONE, [FRAME_LINK_ETHERNET] = STEP_ETHERNET,
        [FRAME_LINK_SLL] = STEP_SLL, [FRAME_LINK_SLL2] = STEP_SLL2, [FRAME_LINK_IP] = STEP_IP,
        [FRAME_LINK_NULL] = STEP_NULL, [FRAME_LINK_PPP] = STEP_PPP
    };
    bool any_port = w->any_port, any_tcp = w->any_tcp;
    const uint64_t *ports = w->ports;

    memset(w, 0, sizeof *w);
    w->any_port = any_port;
    w->any_tcp = any_tcp;
    w->ports = ports;
    w->rest = *frame;
    w->step = first[link];
}

bool
frame_next(struct frame_walk *w, struct frame_part *out)
{
    while (w->step != STEP_DONE && w->steps++ < FRAME_MAX_STEPS) {
        w->step = (uint8_t)(w->step < STEP_IP ? enter_link(w) : w->step == STEP_IP ? enter_ip(w) :
                                                                enter_protocol(w));
        if (w->step == STEP_GIVE) {
            *out = w->now;
            w->now.marked = false;
            w->step = STEP_DONE;
            if (out->kind == FRAME_AH) {
                behind_ah(w);
            }
            return true;
        }
    }
    return false;
}

void
frame_enter(struct frame_walk *w, uint8_t protocol, const struct octets *payload, bool joined)
{
    w->rest = *payload;
    w->type = protocol;
    w->inside |= !joined;
    w->now.reassembled = joined;
    w->step = protocol == IP_IPV4 || protocol == IP_IPV6 ? STEP_IP : STEP_PROTOCOL;
}

/* --- links that are not known here ---------------------------------------------- */

static bool
can_hold_ipsec(uint8_t protocol)
{
    return protocol == IP_ESP || protocol == IP_AH || protocol == IP_UDP || protocol == IP_IPV4 ||
           protocol == IP_IPV6 || protocol == IP_GRE;
}

static bool
is_ipv4(const struct octets *o)
{
    const uint8_t *h = o->at;
    size_t header = (size_t)(h[0] & 15) * 4, total;

    if (h[0] >> 4 != 4 || header < IPV4_HEADER || o->captured < header) {
        return false;
    }
    total = be16(h + 2);
    return total >= header && total <= o->reported && ipv4_checksum_fits(h, header) &&
           can_hold_ipsec(h[9]);
}

static bool
is_ipv6(const struct octets *o)
{
    const uint8_t *h = o->at;

    size_t len;

    if (h[0] >> 4 != 6 || o->captured < IPV6_HEADER) {
        return false;
    }
    len = (size_t)be16(h + 4) + IPV6_HEADER;
    return len <= o->reported && len + FRAME_MAX_TRAILER >= o->reported &&
           (can_hold_ipsec(h[6]) || h[6] == IP6_FRAGMENT || h[6] == IP6_HOP_BY_HOP ||
            h[6] == IP6_DESTINATION);
}

bool
frame_search(struct frame_walk *w, const struct octets *frame, size_t *from)
{
    for (; *from < FRAME_MAX_SEARCH && *from + IPV4_HEADER <= frame->captured; ++*from) {
        struct octets o = *frame;
        octets_skip(&o, *from);
        if (is_ipv4(&o) || is_ipv6(&o)) {
            frame_begin(w, FRAME_LINK_IP, &o);
            ++*from;
            return true;
        }
    }
    return false;
}
