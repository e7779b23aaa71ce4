/* inner.c - the head of an IP packet: addresses, protocol, ports (RFC 791, RFC 8200).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/addr.h>
#include <espial/cursor.h>
#include <espial/names.h>
#include <espial/protocol.h>

#include <string.h>

enum { EXTENSION_HEADERS = 8 };         /* of one packet; more are no packet */

static void
read_ports(struct inner_packet *p, struct cur at)
{
    uint16_t a, b;

    switch (p->protocol) {
    case IP_TCP: case IP_UDP: case IP_DCCP: case IP_SCTP: case IP_UDPLITE:
        if (cur_u16(&at, &a) && cur_u16(&at, &b)) {
            p->src_port = a;
            p->dst_port = b;
            p->has_ports = true;
        }
        break;
    case IP_ICMP: case IP_ICMPV6:
        if (cur_u16(&at, &a)) {
            p->src_port = p->dst_port = a;
            p->has_ports = true;
        }
        break;
    default:
        break;
    }
}

/* What follows the packet in the data (TFC padding) does not belong to it.  A stated length of 0
 * (offload, jumbogram) says nothing. */
static void
cut(struct cur *c, size_t stated)
{
    if (stated && stated < cur_left(c)) {
        c->end = c->at + stated;
    }
}

static bool
read_v4(struct inner_packet *p, struct cur at)
{
    struct cur whole = at;
    uint8_t fixed[IPV4_HEADER];
    size_t header, stated;

    if (!cur_copy(&at, fixed, sizeof fixed) || fixed[0] >> 4 != 4) {
        return false;
    }
    header = (size_t)(fixed[0] & 15u) * 4;
    stated = be16(fixed + 2);
    if (header < sizeof fixed || (stated && stated < header)) {
        return false;
    }
    cut(&whole, stated);
    if (!cur_skip(&whole, header)) {
        return false;
    }
    p->src = ip_from(4, fixed + 12);
    p->dst = ip_from(4, fixed + 16);
    p->protocol = fixed[9];
    p->offset = (uint16_t)((be16(fixed + 6) & IPV4_FRAGMENT_OFFSET) * 8);
    p->fragment = p->offset != 0;
    if (!p->fragment) {
        read_ports(p, whole);
    }
    return true;
}

bool
ip6_extension(uint8_t next)
{
    return next == IP6_HOP_BY_HOP || next == IP6_ROUTING || next == IP6_FRAGMENT ||
           next == IP6_DESTINATION || next == IP_AH;
}

/* RFC 8200 section 4, RFC 4302 section 2.2. */
static size_t
extension_len(uint8_t type, uint8_t stated)
{
    if (type == IP6_FRAGMENT) {
        return IPV6_FRAGMENT_HEADER;
    }
    return type == IP_AH ? (stated + 2u) * 4u : (stated + 1u) * 8u;
}

/* Passes the extension headers; false where they are cut off or too many, so that
 * none of them is taken for a transport protocol. */
static bool
pass_extensions(struct inner_packet *p, struct cur *at)
{
    for (unsigned i = 0; i < EXTENSION_HEADERS && ip6_extension(p->protocol); i++) {
        uint8_t head[4], type = p->protocol;
        struct cur peek = *at;
        if (!cur_copy(&peek, head, sizeof head) || !cur_skip(at, extension_len(type, head[1]))) {
            return false;
        }
        p->protocol = head[0];
        if (type == IP6_FRAGMENT && (be16(head + 2) & IPV6_FRAGMENT_OFFSET) != 0) {
            p->fragment = true;     /* what follows is no header */
            return true;
        }
    }
    return !ip6_extension(p->protocol);
}

static bool
read_v6(struct inner_packet *p, struct cur at)
{
    uint8_t fixed[IPV6_HEADER];

    if (!cur_copy(&at, fixed, sizeof fixed) || fixed[0] >> 4 != 6) {
        return false;
    }
    p->src = ip_from(6, fixed + 8);
    p->dst = ip_from(6, fixed + 24);
    p->protocol = fixed[6];
    cut(&at, be16(fixed + 4));
    if (!pass_extensions(p, &at)) {
        return false;
    }
    if (!p->fragment) {
        read_ports(p, at);
    }
    return true;
}

bool
ipv4_checksum_fits(const uint8_t *header, size_t len)
{
    uint32_t sum = 0;

    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += be16(header + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    return (sum & 0xffff) + (sum >> 16) == 0xffff;
}

bool
inner_packet_read(struct inner_packet *out, const uint8_t *data, size_t len)
{
    struct inner_packet p;
    bool ok;

    memset(&p, 0, sizeof p);
    if (len == 0) {
        return false;
    }
    ok = data[0] >> 4 == 4 ? read_v4(&p, cur_of(data, len)) : read_v6(&p, cur_of(data, len));
    if (ok) {
        *out = p;
    }
    return ok;
}
