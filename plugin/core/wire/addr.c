/* addr.c - addresses, selectors and the head of an inner packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <espial/addr.h>
#include <espial/cursor.h>
#include <espial/limits.h>
#include <espial/suite.h>
#include <espial/text.h>

#include <arpa/inet.h>
#include <glib.h>
#include <string.h>

enum { EXTENSION_HEADERS = 8, PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_DCCP = 33, PROTO_ICMP6 = 58,
       PROTO_SCTP = 132, PROTO_UDPLITE = 136 };

struct ip_addr
ip_from(uint8_t family, const uint8_t *bytes)
{
    struct ip_addr a;

    memset(&a, 0, sizeof a);
    if (family == 4 || family == 6) {
        a.family = family;
        memcpy(a.bytes, bytes, family == 4 ? 4 : 16);
    }
    return a;
}

size_t
ip_len(const struct ip_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    return ip_compare(a, b) == 0;
}

int
ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
    return a->family != b->family ? (int)a->family - (int)b->family : memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool
ip_unspecified(const struct ip_addr *a)
{
    static const uint8_t zero[16];

    return memcmp(a->bytes, zero, sizeof zero) == 0;
}

bool
ip_parse(struct ip_addr *out, const char *text)
{
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1) {
        *out = ip_from(4, bytes);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        *out = ip_from(6, bytes);
        return true;
    }
    return false;
}

char *
ip_print(const struct ip_addr *a, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "no address";

    if (a->family) {
        inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof text);
    }
    g_strlcpy(out, text, size);
    return out;
}

struct selector
selector_host(const struct ip_addr *a)
{
    return (struct selector){ .lo = *a, .hi = *a, .port_hi = 65535 };
}

bool
selector_prefix(struct selector *out, const struct ip_addr *net, unsigned bits)
{
    size_t len = ip_len(net);

    if (len == 0 || bits > len * 8) {
        return false;
    }
    *out = selector_host(net);
    for (size_t i = 0; i < len; i++) {
        unsigned kept = bits >= (i + 1) * 8 ? 8 : bits <= i * 8 ? 0 : bits - (unsigned)i * 8;
        uint8_t mask = (uint8_t)(0xff00u >> kept);
        out->lo.bytes[i] &= mask;
        out->hi.bytes[i] = (uint8_t)(out->lo.bytes[i] | (uint8_t)~mask);
    }
    return true;
}

static bool
parse_prefix(struct selector *out, char *text, char *slash)
{
    struct ip_addr net;
    char *end = NULL;
    guint64 bits;

    *slash = 0;
    bits = g_ascii_strtoull(slash + 1, &end, 10);
    return g_ascii_isdigit(slash[1]) && !*end && bits <= 128 && ip_parse(&net, text) &&
           selector_prefix(out, &net, (unsigned)bits);
}

bool
selector_parse(struct selector *out, const char *text)
{
    char copy[2 * ADDR_TEXT_MAX], *mark;
    struct selector s;
    bool ok;

    if (g_strlcpy(copy, text, sizeof copy) >= sizeof copy) {
        return false;
    }
    if ((mark = strchr(copy, '/')) != NULL) {
        ok = parse_prefix(&s, copy, mark);
    } else if ((mark = strchr(copy, '-')) != NULL) {
        *mark = 0;
        s = (struct selector){ .port_hi = 65535 };
        ok = ip_parse(&s.lo, g_strstrip(copy)) && ip_parse(&s.hi, g_strstrip(mark + 1)) &&
             s.lo.family == s.hi.family && ip_compare(&s.lo, &s.hi) <= 0;
    } else {
        struct ip_addr a;
        ok = ip_parse(&a, copy);
        s = selector_host(&a);
    }
    if (ok) {
        *out = s;
    }
    return ok;
}

bool
selector_has_addr(const struct selector *s, const struct ip_addr *a)
{
    return a->family == s->lo.family && ip_compare(&s->lo, a) <= 0 && ip_compare(a, &s->hi) <= 0;
}

static bool
all_ports(const struct selector *s)
{
    return s->port_lo == 0 && s->port_hi == 65535;
}

static bool
opaque(const struct selector *s)
{
    return s->port_lo > s->port_hi;
}

static bool
ports_within(const struct selector *inner, const struct selector *outer)
{
    if (all_ports(outer)) {
        return true;
    }
    if (opaque(inner) || opaque(outer)) {
        return opaque(inner) && opaque(outer);
    }
    return outer->port_lo <= inner->port_lo && inner->port_hi <= outer->port_hi;
}

bool
selector_within(const struct selector *inner, const struct selector *outer)
{
    return selector_has_addr(outer, &inner->lo) && selector_has_addr(outer, &inner->hi) &&
           (outer->protocol == 0 || outer->protocol == inner->protocol) && ports_within(inner, outer);
}

bool
selector_equal(const struct selector *a, const struct selector *b)
{
    bool ports = opaque(a) ? opaque(b) : a->port_lo == b->port_lo && a->port_hi == b->port_hi;

    return ip_equal(&a->lo, &b->lo) && ip_equal(&a->hi, &b->hi) && a->protocol == b->protocol && ports;
}

/* The prefix length of a range that is one, or -1. */
static int
prefix_of(const struct selector *s)
{
    size_t len = ip_len(&s->lo);
    struct selector whole;
    unsigned bits = 0;

    while (bits < len * 8 && ((s->lo.bytes[bits / 8] ^ s->hi.bytes[bits / 8]) & (0x80u >> bits % 8)) == 0) {
        bits++;
    }
    if (!selector_prefix(&whole, &s->lo, bits) || !ip_equal(&whole.lo, &s->lo) || !ip_equal(&whole.hi, &s->hi)) {
        return -1;
    }
    return (int)bits;
}

static void
print_ports(const struct selector *s, char *out, size_t size)
{
    char name[16] = "*";
    bool icmp = s->protocol == PROTO_ICMP || s->protocol == PROTO_ICMP6;

    out[0] = 0;
    if (!s->protocol && all_ports(s)) {
        return;
    }
    if (s->protocol) {
        ip_protocol_name(s->protocol, name, sizeof name);
    }
    if (all_ports(s)) {
        g_snprintf(out, (gulong)size, "[%s]", name);
    } else if (opaque(s)) {
        g_snprintf(out, (gulong)size, "[%s/OPAQUE]", name);
    } else if (icmp && s->port_hi - s->port_lo == 255 && (s->port_lo & 255) == 0) {
        g_snprintf(out, (gulong)size, "[%s/%u]", name, s->port_lo >> 8);
    } else if (icmp && s->port_lo == s->port_hi) {
        g_snprintf(out, (gulong)size, "[%s/%u/%u]", name, s->port_lo >> 8, s->port_lo & 255u);
    } else if (icmp && (s->port_lo & 255) == 0 && (s->port_hi & 255) == 255) {
        g_snprintf(out, (gulong)size, "[%s/%u-%u]", name, s->port_lo >> 8, s->port_hi >> 8);
    } else if (s->port_lo == s->port_hi) {
        g_snprintf(out, (gulong)size, "[%s/%u]", name, s->port_lo);
    } else {
        g_snprintf(out, (gulong)size, "[%s/%u-%u]", name, s->port_lo, s->port_hi);
    }
}

char *
selector_print(const struct selector *s, char *out, size_t size)
{
    char lo[ADDR_TEXT_MAX], hi[ADDR_TEXT_MAX], ports[48];
    int bits = prefix_of(s);

    ip_print(&s->lo, lo, sizeof lo);
    print_ports(s, ports, sizeof ports);
    if (bits >= 0) {
        g_snprintf(out, (gulong)size, "%s/%d%s", lo, bits, ports);
    } else {
        g_snprintf(out, (gulong)size, "%s-%s%s", lo, ip_print(&s->hi, hi, sizeof hi), ports);
    }
    return out;
}

char *
selectors_print(const struct selector *s, size_t n, char *out, size_t size)
{
    char one[TS_TEXT_MAX];

    g_strlcpy(out, n ? "" : "nothing", size);
    for (size_t i = 0; i < n && list_add(out, size, i ? ", " : "", selector_print(&s[i], one, sizeof one), i + 1 < n); i++) {
    }
    return out;
}

static void
read_ports(struct inner_packet *p, struct cur at)
{
    uint16_t a, b;

    switch (p->protocol) {
    case PROTO_TCP: case PROTO_UDP: case PROTO_DCCP: case PROTO_SCTP: case PROTO_UDPLITE:
        if (cur_u16(&at, &a) && cur_u16(&at, &b)) {
            p->src_port = a;
            p->dst_port = b;
            p->has_ports = true;
        }
        break;
    case PROTO_ICMP: case PROTO_ICMP6:
        if (cur_u16(&at, &a)) {
            p->src_port = p->dst_port = a;
            p->has_ports = true;
        }
        break;
    default:
        break;
    }
}

static unsigned
be16(const uint8_t *at)
{
    return (unsigned)at[0] << 8 | at[1];
}

/* What follows the packet in the data (TFC padding) is none of it; a stated length
 * of 0 (offload, jumbogram) says nothing. */
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
    uint8_t fixed[20];
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
    p->fragment = (be16(fixed + 6) & 0x1fff) != 0;
    if (!p->fragment) {
        read_ports(p, whole);
    }
    return true;
}

static bool
is_extension(uint8_t next)
{
    return next == 0 || next == 43 || next == 44 || next == 51 || next == 60;
}

/* Passes the extension headers; false where they are cut off or too many, so that
 * none of them is taken for a transport protocol. */
static bool
pass_extensions(struct inner_packet *p, struct cur *at)
{
    for (unsigned i = 0; i < EXTENSION_HEADERS && is_extension(p->protocol); i++) {
        uint8_t head[4], type = p->protocol;
        struct cur peek = *at;
        size_t len;
        if (!cur_copy(&peek, head, sizeof head)) {
            return false;
        }
        len = type == 44 ? 8u : type == 51 ? (head[1] + 2u) * 4u : (head[1] + 1u) * 8u;
        if (!cur_skip(at, len)) {
            return false;
        }
        p->protocol = head[0];
        if (type == 44 && (be16(head + 2) & 0xfff8) != 0) {
            p->fragment = true;     /* what follows is no header */
            return true;
        }
    }
    return !is_extension(p->protocol);
}

static bool
read_v6(struct inner_packet *p, struct cur at)
{
    uint8_t fixed[40];

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
