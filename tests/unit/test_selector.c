/* test_selector.c - traffic selectors.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/addr.h>

static char text[256];

static struct ip_addr
ip(const char *s)
{
    struct ip_addr a = { 0 };

    T(ip_parse(&a, s));
    return a;
}

static struct selector
sel(const char *s, uint8_t protocol, uint16_t lo, uint16_t hi)
{
    struct selector out = { .port_hi = 0 };

    T(selector_parse(&out, s));
    out.protocol = protocol;
    out.port_lo = lo;
    out.port_hi = hi;
    return out;
}

static const char *
shown(const char *s, uint8_t protocol, uint16_t lo, uint16_t hi)
{
    struct selector one = sel(s, protocol, lo, hi);

    return selector_print(&one, text, sizeof text);
}

static void
test_print(void)
{
    struct selector two[2] = { sel("10.1.0.0/16", 0, 0, 65535), sel("10.2.0.1", 6, 443, 443) };
    char small[8];

    T_STR(shown("10.1.0.0/16", 0, 0, 65535), "10.1.0.0/16");
    T_STR(shown("10.1.2.3/16", 0, 0, 65535), "10.1.0.0/16");
    T_STR(shown("10.1.0.1", 0, 0, 65535), "10.1.0.1/32");
    T_STR(shown("0.0.0.0/0", 0, 0, 65535), "0.0.0.0/0");
    T_STR(shown("10.1.0.0-10.1.0.7", 0, 0, 65535), "10.1.0.0/29");
    T_STR(shown("10.1.0.1-10.1.0.9", 0, 0, 65535), "10.1.0.1-10.1.0.9");
    T_STR(shown("10.1.0.4-10.1.0.11", 0, 0, 65535), "10.1.0.4-10.1.0.11");
    T_STR(shown("2001:db8::/33", 0, 0, 65535), "2001:db8::/33");
    T_STR(shown("2001:db8::1-2001:db8::2", 17, 0, 65535), "2001:db8::1-2001:db8::2[udp]");
    T_STR(shown("10.1.0.1", 6, 443, 443), "10.1.0.1/32[tcp/443]");
    T_STR(shown("10.1.0.1", 6, 1024, 2047), "10.1.0.1/32[tcp/1024-2047]");
    T_STR(shown("10.1.0.1", 6, 65535, 0), "10.1.0.1/32[tcp/OPAQUE]");
    T_STR(shown("10.1.0.1", 1, 0x0800, 0x08ff), "10.1.0.1/32[icmp/8]");
    T_STR(shown("10.1.0.1", 1, 0x0800, 0x0800), "10.1.0.1/32[icmp/8/0]");
    T_STR(shown("10.1.0.1", 1, 0x0800, 0x09ff), "10.1.0.1/32[icmp/8-9]");
    T_STR(shown("10.1.0.1", 1, 0, 65535), "10.1.0.1/32[icmp]");
    T_STR(shown("10.1.0.1", 0, 53, 53), "10.1.0.1/32[*/53]");
    T_STR(shown("10.1.0.1", 253, 0, 65535), "10.1.0.1/32[253]");
    T_STR(selectors_print(two, 2, text, sizeof text), "10.1.0.0/16, 10.2.0.1/32[tcp/443]");
    T_STR(selectors_print(two, 0, text, sizeof text), "nothing");
    memset(small, '#', sizeof small);
    T_STR(selectors_print(two, 2, small, 7), "..");        /* half of one would be another */
    T(small[7] == '#');
    two[0].lo = two[0].hi;
    two[0].hi = two[1].lo;
    two[0].hi.bytes[1] = 0;     /* lo above hi is no prefix */
    T_STR(selector_print(&two[0], text, sizeof text), "10.1.255.255-10.0.0.1");
}

static void
test_parse(void)
{
    static const char *const bad[] = { "", "/", "-", "10.1.0.0/33", "10.1.0.0/", "10.1.0.0/-1",
                                       "10.1.0.0/8x", "10.1.0.0/ 8", "10.1.0.0/99999999999999999999",
                                       "10.1.0.9-10.1.0.1", "10.1.0.1-::1", "10.1.0.1-",
                                       "2001:db8::/129", "10.1.0.1-10.1.0.2-10.1.0.3", "any" };
    struct selector s = sel("10.1.0.0/16", 0, 0, 65535), kept = s;
    struct ip_addr six = ip("::1");

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        T(!selector_parse(&s, bad[i]));
    }
    T(selector_equal(&s, &kept));
    T(selector_prefix(&s, &six, 128) && selector_prefix(&s, &six, 0));
    T(!selector_prefix(&s, &six, 129));
    six.family = 0;
    T(!selector_prefix(&s, &six, 0));
}

static void
test_within(void)
{
    struct selector net = sel("10.1.0.0/16", 0, 0, 65535), host = sel("10.1.0.1", 0, 0, 65535);
    struct selector tcp = sel("10.1.0.0/16", 6, 100, 200), opaque = sel("10.1.0.1", 6, 65535, 0);
    struct selector in = sel("10.1.0.1", 6, 150, 160);
    struct selector six = sel("2001:db8::/32", 0, 0, 65535), other = opaque;
    struct ip_addr a = ip("10.1.255.255"), b = ip("10.2.0.0"), c = ip("2001:db8::1");

    T(selector_has_addr(&net, &a) && !selector_has_addr(&net, &b));
    T(!selector_has_addr(&net, &c) && selector_has_addr(&six, &c));
    T(selector_within(&host, &net) && !selector_within(&net, &host) && selector_within(&net, &net));
    T(selector_within(&tcp, &net) && !selector_within(&net, &tcp) && !selector_within(&six, &net));
    T(selector_within(&in, &tcp) && !selector_within(&tcp, &in));
    in.port_hi = 201;
    T(!selector_within(&in, &tcp));
    in.port_hi = 160;
    in.protocol = 17;
    T(!selector_within(&in, &tcp) && selector_within(&in, &net));
    T(selector_within(&opaque, &net) && !selector_within(&opaque, &tcp));
    T(selector_within(&opaque, &opaque));
    tcp.port_lo = 0;
    tcp.port_hi = 65535;
    T(selector_within(&opaque, &tcp));
    other.port_lo = 9;          /* OPAQUE however it is written */
    other.port_hi = 8;
    T(selector_within(&other, &opaque) && selector_equal(&other, &opaque));
    T(!selector_within(&host, &opaque));
}

int
main(void)
{
    test_print();
    test_parse();
    test_within();
    return t_done();
}
