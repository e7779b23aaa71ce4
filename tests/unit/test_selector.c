/* test_selector.c - traffic selectors.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/addr.h>
#include <espial/names.h>
#include <espial/protocol.h>

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
                                       "10.1.0.0/8x", "10.1.0.0/ 8",
                                       "10.1.0.0/99999999999999999999",
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

/* --- what selectors admit ------------------------------------------------------------------- */

static struct inner_packet
packet(const char *src, const char *dst, uint8_t protocol, uint16_t src_port, uint16_t dst_port)
{
    return (struct inner_packet){ .src = ip(src), .dst = ip(dst), .protocol = protocol,
                                  .has_ports = true, .src_port = src_port, .dst_port = dst_port };
}

static enum admission
to(const char *net, uint8_t protocol, uint16_t lo, uint16_t hi, const struct inner_packet *p)
{
    struct selector s = sel(net, protocol, lo, hi);

    return selectors_admit(&s, 1, p, false);
}

static enum admission
from(const char *net, uint8_t protocol, uint16_t lo, uint16_t hi, const struct inner_packet *p)
{
    struct selector s = sel(net, protocol, lo, hi);

    return selectors_admit(&s, 1, p, true);
}

/* Protocol, ports, and a packet that shows them. */
static void
test_ports(void)
{
    struct inner_packet p = packet("10.1.0.5", "10.2.0.5", IP_TCP, 3000, 443);
    struct selector two[2] = { sel("10.2.0.0/16", IP_TCP, 80, 80),
                               sel("10.2.0.0/16", IP_TCP, 443, 443) };

    T(to("10.2.0.0/16", 0, 0, 65535, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 0, 65535, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 443, 443, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 400, 443, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 443, 500, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 400, 442, &p) == REFUSED_PORT);
    T(to("10.2.0.0/16", IP_TCP, 444, 500, &p) == REFUSED_PORT);
    T(to("10.2.0.0/16", IP_UDP, 443, 443, &p) == REFUSED_PORT);
    T(to("10.2.0.0/16", IP_UDP, 0, 65535, &p) == REFUSED_PORT);
    T(to("10.2.0.0/16", 0, 53, 53, &p) == REFUSED_PORT);
    T(to("10.1.0.0/16", IP_TCP, 443, 443, &p) == REFUSED_ADDRESS);
    T(to("2001:db8::/32", 0, 0, 65535, &p) == REFUSED_ADDRESS);
    T(from("10.1.0.0/16", IP_TCP, 3000, 3000, &p) == ADMITTED);
    T(from("10.1.0.0/16", IP_TCP, 443, 443, &p) == REFUSED_PORT);
    T(from("10.2.0.0/16", IP_TCP, 3000, 3000, &p) == REFUSED_ADDRESS);
    T(selectors_admit(two, 1, &p, false) == REFUSED_PORT);
    T(selectors_admit(two, 2, &p, false) == ADMITTED);          /* one of them is enough */
    T(selectors_admit(two, 2, &p, true) == REFUSED_ADDRESS);
    T(selectors_admit(NULL, 0, &p, true) == ADMITTED_PERHAPS);  /* not known */
    two[0] = sel("10.3.0.0/16", 0, 0, 65535);
    T(selectors_admit(two, 2, &p, false) == ADMITTED);
    p.protocol = IP_UDP;
    T(selectors_admit(two, 2, &p, false) == REFUSED_PORT);      /* the second's address */
    p.protocol = IP_TCP;
    p.has_ports = false;                                        /* cut off */
    T(to("10.2.0.0/16", IP_TCP, 443, 443, &p) == ADMITTED_PERHAPS);
    T(to("10.2.0.0/16", IP_TCP, 65535, 0, &p) == ADMITTED_PERHAPS);
    T(to("10.2.0.0/16", IP_UDP, 443, 443, &p) == REFUSED_PORT);
    p.protocol = IP_GRE;
    T(to("10.2.0.0/16", IP_GRE, 0, 65535, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_GRE, 65535, 0, &p) == ADMITTED_PERHAPS);
}

/* RFC 4301 section 7: a non-initial fragment has no ports, but a protocol. */
static void
test_fragments(void)
{
    struct inner_packet p = packet("10.1.0.5", "10.2.0.5", IP_TCP, 0, 0);

    p.fragment = true;
    p.has_ports = false;
    T(to("10.2.0.0/16", 0, 0, 65535, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 0, 65535, &p) == ADMITTED);
    T(to("10.2.0.0/16", IP_TCP, 65535, 0, &p) == ADMITTED);            /* RFC 4301 section 7.2 */
    T(to("10.2.0.0/16", IP_TCP, 443, 443, &p) == ADMITTED_PERHAPS);    /* RFC 4301 section 7.3 */
    T(from("10.1.0.0/16", IP_TCP, 443, 443, &p) == ADMITTED_PERHAPS);
    T(to("10.2.0.0/16", IP_UDP, 0, 65535, &p) == REFUSED_PORT);
    T(to("10.2.0.0/16", IP_UDP, 65535, 0, &p) == REFUSED_PORT);
    T(to("10.9.0.0/16", IP_TCP, 65535, 0, &p) == REFUSED_ADDRESS);
    p.protocol = IP_ICMP;
    T(from("10.1.0.0/16", IP_ICMP, 0x0800, 0x08ff, &p) == ADMITTED_PERHAPS);

    p.fragment = false;
    p.has_ports = true;
    p.protocol = IP_TCP;
    T(to("10.2.0.0/16", IP_TCP, 65535, 0, &p) == ADMITTED_PERHAPS);    /* it has ports */
    T(to("10.2.0.0/16", IP_TCP, 9, 8, &p) == ADMITTED_PERHAPS);
    T(to("10.2.0.0/16", IP_UDP, 65535, 0, &p) == REFUSED_PORT);
}

/* RFC 4301 section 4.4.1.1: type << 8 | code, which the sender's end rules (section 4.4.1.2). */
static void
test_icmp(void)
{
    struct inner_packet request = packet("10.1.0.5", "10.2.0.5", IP_ICMP, 0x0800, 0x0800);
    struct inner_packet reply = packet("10.2.0.5", "10.1.0.5", IP_ICMP, 0, 0);
    struct inner_packet unreachable = packet("10.2.0.5", "10.1.0.5", IP_ICMP, 0x0304, 0x0304);
    struct inner_packet six = packet("2001:db8::5", "2001:db8:1::5", IP_ICMPV6, 0x8100, 0x8100);

    T(from("10.1.0.0/16", IP_ICMP, 0x0800, 0x08ff, &request) == ADMITTED);
    T(from("10.1.0.0/16", IP_ICMP, 0x0800, 0x0800, &request) == ADMITTED);
    T(from("10.1.0.0/16", IP_ICMP, 0x0801, 0x08ff, &request) == REFUSED_PORT);
    T(from("10.1.0.0/16", IP_ICMP, 0x0000, 0x00ff, &request) == REFUSED_PORT);
    T(from("10.1.0.0/16", IP_ICMP, 0, 65535, &request) == ADMITTED);
    T(from("10.1.0.0/16", IP_ICMP, 65535, 0, &request) == ADMITTED_PERHAPS);
    T(from("10.1.0.0/16", IP_ICMPV6, 0, 65535, &request) == REFUSED_PORT);
    T(to("10.2.0.0/16", IP_ICMP, 0x0800, 0x08ff, &request) == ADMITTED);
    T(to("10.2.0.0/16", IP_ICMP, 65535, 0, &request) == ADMITTED_PERHAPS);
    /* The client's end is [icmp/8]: it may send requests.  What comes back is not its affair. */
    T(to("10.1.0.0/16", IP_ICMP, 0x0800, 0x08ff, &reply) == ADMITTED_PERHAPS);
    T(to("10.1.0.0/16", IP_ICMP, 0x0800, 0x08ff, &unreachable) == ADMITTED_PERHAPS);
    T(to("10.1.0.0/16", IP_TCP, 0x0800, 0x08ff, &reply) == REFUSED_PORT);
    T(to("10.1.0.0/16", 0, 0x0800, 0x08ff, &reply) == REFUSED_PORT);
    T(from("10.2.0.0/16", IP_ICMP, 0, 65535, &reply) == ADMITTED);
    T(from("10.2.0.0/16", IP_ICMP, 0x0300, 0x03ff, &unreachable) == ADMITTED);
    /* Where both ends are [icmp/8], ping is meant: its replies are no certain violation, errors
     * are. */
    T(from("10.2.0.0/16", IP_ICMP, 0x0800, 0x08ff, &reply) == ADMITTED_PERHAPS);
    T(from("10.2.0.0/16", IP_ICMP, 0x0800, 0x08ff, &unreachable) == REFUSED_PORT);
    T(from("10.2.0.0/16", IP_ICMP, 0x0d00, 0x0dff, &reply) == REFUSED_PORT);
    T(from("2001:db8::/64", IP_ICMPV6, 0x8100, 0x81ff, &six) == ADMITTED);
    T(from("2001:db8::/64", IP_ICMPV6, 0x8000, 0x80ff, &six) == ADMITTED_PERHAPS);
    T(from("2001:db8::/64", IP_ICMPV6, 0x8700, 0x87ff, &six) == REFUSED_PORT);
    T(to("2001:db8:1::/64", IP_ICMPV6, 0x8000, 0x80ff, &six) == ADMITTED_PERHAPS);
}

/* A datagram of a hop-by-hop header, a fragment header, destination options and IP_UDP to port
 * 53. */
static void
test_extensions(void)
{
    uint8_t d[72] = { 0x60, 0, 0, 0, 0, 32, 0, 64 };
    struct inner_packet p;

    d[8] = d[24] = 0x20;
    d[39] = 5;
    d[40] = 44;
    d[48] = 60;
    d[56] = IP_UDP;
    d[67] = 53;
    T(inner_packet_read(&p, d, sizeof d) && !p.fragment);
    T(to("2000::/8", IP_UDP, 53, 53, &p) == ADMITTED);
    T(to("2000::/8", IP_UDP, 54, 54, &p) == REFUSED_PORT);
    T(to("2000::/8", IP_TCP, 0, 65535, &p) == REFUSED_PORT);
    d[51] = 0x08;       /* a later fragment names the options, and shows nothing of IP_UDP */
    T(inner_packet_read(&p, d, sizeof d) && p.fragment && p.protocol == IP6_DESTINATION);
    T(to("2000::/8", IP_UDP, 53, 53, &p) == ADMITTED_PERHAPS);
    T(to("2000::/8", IP_TCP, 0, 65535, &p) == ADMITTED_PERHAPS);
    T(to("2000::/8", 0, 0, 65535, &p) == ADMITTED);
    T(to("3000::/8", IP_UDP, 53, 53, &p) == REFUSED_ADDRESS);
    d[48] = IP_UDP;        /* or IP_UDP itself */
    T(inner_packet_read(&p, d, sizeof d) && p.fragment);
    T(to("2000::/8", IP_UDP, 53, 53, &p) == ADMITTED_PERHAPS);
    T(to("2000::/8", IP_TCP, 53, 53, &p) == REFUSED_PORT);
    d[6] = IP_MOBILITY;    /* its type is not read */
    T(inner_packet_read(&p, d, sizeof d) && !p.fragment && !p.has_ports);
    T(to("2000::/8", IP_MOBILITY, 0x0500, 0x0500, &p) == ADMITTED_PERHAPS);
    p = packet("10.1.0.5", "10.2.0.5", IP6_DESTINATION, 0, 0);      /* no such header in IPv4 */
    p.has_ports = false;
    p.fragment = true;
    T(to("10.2.0.0/16", IP_TCP, 0, 65535, &p) == REFUSED_PORT);
}

int
main(void)
{
    test_print();
    test_parse();
    test_within();
    test_ports();
    test_fragments();
    test_icmp();
    test_extensions();
    return t_done();
}
