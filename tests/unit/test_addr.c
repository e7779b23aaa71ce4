/* Addresses, selectors, inner packets.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/addr.h>
#include <stdlib.h>
#include <string.h>

static void
texts(void)
{
    static const char *const same[] = { "10.1.0.0/16", "10.1.0.1-10.1.0.9", "10.1.0.1/32", "2001:db8::/32", "0.0.0.0/0" };
    char text[160];
    struct selector s;

    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        T(selector_parse(&s, same[i]) && strcmp(selector_print(&s, text, sizeof text), same[i]) == 0);
    }
    T(selector_parse(&s, "10.1.0.1") && strcmp(selector_print(&s, text, sizeof text), "10.1.0.1/32") == 0);
    s.protocol = 6;
    s.port_lo = s.port_hi = 443;
    T(strcmp(selector_print(&s, text, sizeof text), "10.1.0.1/32[tcp/443]") == 0);
    s.port_lo = 65535;
    s.port_hi = 0;
    T(strcmp(selector_print(&s, text, sizeof text), "10.1.0.1/32[tcp/OPAQUE]") == 0);
    T(!selector_parse(&s, "10.1.0.0/33") && !selector_parse(&s, "10.1.0.9-10.1.0.1") && !selector_parse(&s, "10.1.0.0/"));
    T(strcmp(selectors_print(&s, 0, text, sizeof text), "nothing") == 0);
}

static void
holding(void)
{
    struct selector net, host, v6;
    struct ip_addr a;

    T(selector_parse(&net, "10.1.0.0/16") && selector_parse(&host, "10.1.255.255") && selector_parse(&v6, "::/0"));
    T(ip_parse(&a, "10.1.255.255") && selector_has_addr(&net, &a) && selector_within(&host, &net));
    T(!selector_within(&net, &host) && !selector_has_addr(&v6, &a));
    T(ip_parse(&a, "10.2.0.0") && !selector_has_addr(&net, &a));
    net.protocol = 17;
    T(!selector_within(&host, &net));
}

static void
inner(void)
{
    uint8_t v4[24] = { 0x45, 0, 0, 24, 0, 0, 0, 0, 64, 6, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1, 0x1f, 0x90, 0, 80 };
    uint8_t v6[48] = { 0x60, 0, 0, 0, 0, 8, 58 };
    struct inner_packet p;

    T(inner_packet_read(&p, v4, sizeof v4) && p.has_ports && p.src_port == 8080 && p.dst_port == 80 && p.protocol == 6);
    T(inner_packet_read(&p, v4, 20) && !p.has_ports);
    for (size_t n = 0; n < 20; n++) {
        uint8_t *exact = (uint8_t *)malloc(n + 1);
        memcpy(exact, v4, n);
        exact = (uint8_t *)realloc(exact, n ? n : 1);
        T(!inner_packet_read(&p, exact, n));
        free(exact);
    }
    v4[7] = 1;                                      /* a later fragment shows no ports */
    T(inner_packet_read(&p, v4, sizeof v4) && p.fragment && !p.has_ports);
    v4[0] = 0x44;                                   /* header shorter than 20 octets */
    T(!inner_packet_read(&p, v4, sizeof v4));
    v6[40] = 128;
    T(inner_packet_read(&p, v6, sizeof v6) && p.protocol == 58 && p.src_port == 128 << 8 && p.src.family == 6);
    T(!inner_packet_read(&p, v6, 39));
    v6[6] = 0;                                      /* hop-by-hop that runs past the end */
    v6[41] = 200;
    T(inner_packet_read(&p, v6, sizeof v6) && !p.has_ports);
}

int
main(void)
{
    texts();
    holding();
    inner();
    return t_done();
}
