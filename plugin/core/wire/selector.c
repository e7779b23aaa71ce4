/* selector.c - traffic selectors (RFC 4301 section 4.4.1.1).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/addr.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <espial/suite.h>
#include <espial/text.h>

#include <glib.h>
#include <string.h>

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

/* The half of an address as a number.  IPv4 has zeros in the second one. */
static uint64_t
half(const struct ip_addr *a, size_t which)
{
    uint64_t n;

    memcpy(&n, a->bytes + 8 * which, sizeof n);
    return GUINT64_FROM_BE(n);
}

static bool
not_above(const struct ip_addr *a, const struct ip_addr *b)
{
    uint64_t x = half(a, 0), y = half(b, 0);

    return x < y || (x == y && half(a, 1) <= half(b, 1));
}

/* Asked of every selector for every packet: without a call. */
bool
selector_has_addr(const struct selector *s, const struct ip_addr *a)
{
    return a->family == s->lo.family && a->family == s->hi.family && not_above(&s->lo, a) &&
           not_above(a, &s->hi);
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
           (outer->protocol == 0 || outer->protocol == inner->protocol) &&
           ports_within(inner, outer);
}

bool
selector_equal(const struct selector *a, const struct selector *b)
{
    bool ports = opaque(a) ? opaque(b) : a->port_lo == b->port_lo && a->port_hi == b->port_hi;

    return ip_equal(&a->lo, &b->lo) && ip_equal(&a->hi, &b->hi) && a->protocol == b->protocol &&
           ports;
}

static bool
is_icmp(uint8_t protocol)
{
    return protocol == IP_ICMP || protocol == IP_ICMPV6;
}

/* IPv6 may put extension headers into the fragments: then only the first one, or none, names the
 * transport protocol (RFC 4301 section 7). */
static bool
protocol_unseen(const struct inner_packet *p)
{
    return p->fragment && p->src.family == 6 && ip6_extension(p->protocol);
}

/* OPAQUE is for non-initial fragments (RFC 4301 section 7.2).  By appendix D.2 it is for them
 * alone; by section 4.4.1.2 it is also for protocols without ports, and for what an end does not
 * send.  A packet that shows its ports may pass or not. */
static enum admission
opaque_admits(const struct inner_packet *p)
{
    return p->fragment ? ADMITTED : ADMITTED_PERHAPS;
}

/* The packet is an echo reply, and the selector lists echo requests. */
static bool
answers_listed(const struct selector *s, const struct inner_packet *p)
{
    bool v6 = p->protocol == IP_ICMPV6;
    uint16_t request = (uint16_t)((v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST) << 8);

    return p->src_port == (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY) << 8 &&
           s->port_lo <= request && request <= s->port_hi;
}

/* Of a selector that has the address: the protocol, and what RFC 4301 calls the "port".
 *
 * A non-initial fragment shows no port.  RFC 4301 section 7.3 lets it travel in an SA with ports if
 * the ends agreed on that (NON_FIRST_FRAGMENTS_ALSO) and the whole datagram belongs there; else the
 * receiver drops it.  The capture need not show the one or the other.
 *
 * ICMP has one type and code.  The selector of an end says which of them that end may send
 * (RFC 4301 section 4.4.1.2, cases C and D): the reply to an echo request from [icmp/8] goes to
 * [icmp/8], but its type must be in the selector of the end that replies.  As some kernels hold
 * both ends to the type, the end that receives it is no proof.  Who writes [icmp/8] for both ends
 * means ping: by the letter the replies are refused, and some firewalls pass them with their
 * requests. */
static enum admission
header_admitted(const struct selector *s, const struct inner_packet *p, bool source)
{
    uint16_t port = source ? p->src_port : p->dst_port;

    if (s->protocol && protocol_unseen(p)) {
        return ADMITTED_PERHAPS;
    }
    if (s->protocol && s->protocol != p->protocol) {
        return REFUSED_PORT;
    }
    if (all_ports(s)) {
        return ADMITTED;
    }
    if (opaque(s)) {
        return opaque_admits(p);
    }
    if (!p->has_ports) {
        return ADMITTED_PERHAPS;
    }
    if (s->port_lo <= port && port <= s->port_hi) {
        return ADMITTED;
    }
    return is_icmp(s->protocol) && (!source || answers_listed(s, p)) ? ADMITTED_PERHAPS :
                                                                       REFUSED_PORT;
}

enum admission
selectors_admit(const struct selector *s, size_t n, const struct inner_packet *p, bool source)
{
    enum admission best = n ? REFUSED_ADDRESS : ADMITTED_PERHAPS;

    for (size_t i = 0; i < n; i++) {
        if (selector_has_addr(&s[i], source ? &p->src : &p->dst)) {
            best = MIN(best, header_admitted(&s[i], p, source));
        }
    }
    return best;
}

/* The prefix length of a range that is one, or -1. */
static int
prefix_of(const struct selector *s)
{
    size_t len = ip_len(&s->lo);
    struct selector whole;
    unsigned bits = 0;

    while (bits < len * 8 &&
           ((s->lo.bytes[bits / 8] ^ s->hi.bytes[bits / 8]) & (0x80u >> bits % 8)) == 0) {
        bits++;
    }
    if (!selector_prefix(&whole, &s->lo, bits) || !ip_equal(&whole.lo, &s->lo) ||
        !ip_equal(&whole.hi, &s->hi)) {
        return -1;
    }
    return (int)bits;
}

static void
print_ports(const struct selector *s, char *out, size_t size)
{
    char name[16] = "*";
    bool icmp = is_icmp(s->protocol);

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
    for (size_t i = 0; i < n; i++) {
        selector_print(&s[i], one, sizeof one);
        if (!list_add(out, size, i ? ", " : "", one, i + 1 < n)) {
            break;
        }
    }
    return out;
}
