/* test_addr.c - addresses, inner packets.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/addr.h>

#include <stdlib.h>

static char text[256];

static struct ip_addr
ip(const char *s)
{
    struct ip_addr a = { 0 };

    T(ip_parse(&a, s));
    return a;
}

static void
test_addresses(void)
{
    struct ip_addr a = ip("10.1.0.1"), b = ip("10.1.0.2"), six = ip("2001:db8::1"), none = { 0 },
                       kept = a;

    T(ip_equal(&a, &a) && !ip_equal(&a, &b) && ip_compare(&a, &b) < 0 && ip_compare(&six, &a) > 0);
    T(ip_len(&a) == 4 && ip_len(&six) == 16 && ip_len(&none) == 0);
    T(ip_unspecified(&none) && !ip_unspecified(&a));
    a = ip("0.0.0.0");
    six = ip("::");
    T(ip_unspecified(&a) && ip_unspecified(&six));
    T(!ip_parse(&kept, "10.1.0") && !ip_parse(&kept, "10.1.0.1 ") && !ip_parse(&kept, "") &&
      !ip_parse(&kept, "fe80::1%eth0"));
    T_STR(ip_print(&kept, text, sizeof text), "10.1.0.1");
    T_STR(ip_print(&kept, text, 5), "10.1");
    kept = ip("2001:DB8:0:0:0:0:0:1");
    T_STR(ip_print(&kept, text, sizeof text), "2001:db8::1");
    T_STR(ip_print(&none, text, sizeof text), "no address");
    none = ip_from(9, kept.bytes);
    T(none.family == 0 && ip_unspecified(&none));
}

/* Every length from the heap, so that the sanitizer sees a read past it. */
static bool
reads(struct inner_packet *p, const uint8_t *data, size_t len)
{
    uint8_t *copy = (uint8_t *)malloc(len ? len : 1);
    bool ok = false;

    memset(p, 0xaa, sizeof *p);
    if (copy) {
        memcpy(copy, data, len);
        ok = inner_packet_read(p, copy, len);
        free(copy);
    }
    return ok;
}

/* A right header, each of its octets wrong in turn, and a sum whose carry carries. */
static void
test_checksum(void)
{
    uint8_t header[] = { 0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11,
                         0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7 };
    static const uint8_t carries[] = { 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0 };

    T(ipv4_checksum_fits(header, sizeof header));
    for (size_t i = 0; i < sizeof header; i++) {
        header[i] ^= 0x10;
        T(!ipv4_checksum_fits(header, sizeof header));
        header[i] ^= 0x10;
    }
    T(ipv4_checksum_fits(carries, sizeof carries));
}

static void
test_inner_v4(void)
{
    uint8_t d[40] = { 0x45, 0, 0, 40, 0, 0, 0x40, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x01,
                      0xbb, 0x04, 0x00 };
    struct inner_packet p;
    struct ip_addr src = ip("10.1.0.1"), dst = ip("10.2.0.1");

    T(reads(&p, d, 40) && ip_equal(&p.src, &src) && ip_equal(&p.dst, &dst) && p.protocol == 6);
    T(p.has_ports && p.src_port == 443 && p.dst_port == 1024 && !p.fragment);
    for (size_t len = 0; len < 20; len++) {
        T(!reads(&p, d, len));
    }
    T(reads(&p, d, 20) && !p.has_ports && reads(&p, d, 23) && !p.has_ports && reads(&p, d, 24) &&
      p.has_ports);
    d[6] = 0x20;                /* the first fragment has the ports */
    T(reads(&p, d, 40) && !p.fragment && p.has_ports);
    d[7] = 1;
    T(reads(&p, d, 40) && p.fragment && !p.has_ports && p.protocol == 6);
    d[6] = d[7] = 0;
    d[9] = 1;
    d[20] = 8;
    d[21] = 3;
    T(reads(&p, d, 22) && p.has_ports && p.src_port == 0x0803 && p.dst_port == 0x0803);
    d[9] = 47;
    T(reads(&p, d, 40) && !p.has_ports && p.protocol == 47);
    d[9] = 17;
    d[3] = 20;                  /* what follows is TFC padding */
    T(reads(&p, d, 40) && !p.has_ports);
    d[3] = 19;
    T(!reads(&p, d, 40));
    d[3] = 0;
    T(reads(&p, d, 40) && p.has_ports);
    d[3] = 40;
    d[0] = 0x44;
    T(!reads(&p, d, 40));
    d[0] = 0x46;
    T(!reads(&p, d, 23) && reads(&p, d, 24) && !p.has_ports && reads(&p, d, 28) && p.has_ports);
    d[0] = 0x4f;
    T(!reads(&p, d, 40));
    d[0] = 0x55;
    T(!reads(&p, d, 40));
    T(!inner_packet_read(&p, NULL, 0));
}

static void
test_inner_v6(void)
{
    /* hop-by-hop, routing, fragment (first), AH, destination options, TCP */
    uint8_t d[112] = { 0x60, 0, 0, 0, 0, 72, 0, 64 };
    uint8_t chain[160] = { 0x60, 0, 0, 0, 0, 120, 60, 64 };
    struct inner_packet p;

    d[23] = 1;
    d[39] = 2;
    d[40] = 43;                 /* hop-by-hop at 40, 8 octets */
    d[48] = 44;                 /* routing at 48, 24 octets */
    d[49] = 2;
    d[72] = 51;                 /* fragment at 72 */
    d[75] = 1;
    d[80] = 60;                 /* AH at 80, 12 octets */
    d[81] = 1;
    d[92] = 6;                  /* destination options at 92, 8 octets */
    d[101] = 80;
    d[103] = 90;
    T(reads(&p, d, sizeof d) && p.protocol == 6 && p.has_ports && p.src_port == 80 &&
      p.dst_port == 90 && !p.fragment);
    T(p.src.family == 6 && p.src.bytes[15] == 1 && p.dst.bytes[15] == 2);
    for (size_t len = 0; len < 100; len++) {
        T(!reads(&p, d, len));
    }
    T(reads(&p, d, 100) && p.protocol == 6 && !p.has_ports);
    d[75] = 8;                  /* a later fragment: nothing behind it is a header */
    T(reads(&p, d, 80) && p.fragment && !p.has_ports && p.protocol == 51);
    d[72] = 17;
    T(reads(&p, d, sizeof d) && p.fragment && !p.has_ports && p.protocol == 17);
    d[6] = 58;
    d[40] = 128;
    T(reads(&p, d, 42) && p.has_ports && p.src_port == 0x8000 && p.dst_port == 0x8000);
    d[6] = 59;
    T(reads(&p, d, sizeof d) && p.protocol == 59 && !p.has_ports);
    for (size_t i = 40; i < sizeof chain; i += 8) {
        chain[i] = 60;          /* without an end */
    }
    T(!reads(&p, chain, sizeof chain));
}

int
main(void)
{
    test_addresses();
    test_checksum();
    test_inner_v4();
    test_inner_v6();
    return t_done();
}
