/* selector.c - traffic selectors (RFC 4301 section 4.4.1.1).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/addr.h>
#include <espial/limits.h>
#include <espial/suite.h>
#include <espial/text.h>

#include <glib.h>
#include <string.h>

enum { PROTO_ICMP = 1, PROTO_ICMP6 = 58 };

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
    for (size_t i = 0; i < n; i++) {
        selector_print(&s[i], one, sizeof one);
        if (!list_add(out, size, i ? ", " : "", one, i + 1 < n)) {
            break;
        }
    }
    return out;
}
