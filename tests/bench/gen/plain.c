/* plain.c - traffic without IPsec.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <stdio.h>

static void
dns(bool six)
{
    static const char *const words[] = { "mail", "www", "cdn", "api", "static", "login", "img",
                                         "news" };
    uint32_t client = 0x0a000064 + below(200), id = below(65536);
    unsigned port = 32768 + below(28000);
    bool missing = below(20) == 0;

    for (int answer = 0; answer < 2; answer++) {
        char name[32];
        int n = snprintf(name, sizeof name, "%s%u", words[id % 8], id % 977);
        uint32_t src = answer ? 0x0a000035 : client, dst = answer ? client : 0x0a000035;

        if (six) {
            ip6(PROTO_UDP, src, dst);
        } else {
            ip4(PROTO_UDP, src, dst);
        }
        udp(answer ? 53 : port, answer ? port : 53);
        u16(id);
        u16(answer ? (missing ? 0x8183 : 0x8180) : 0x0100);
        u16(1);
        u16(answer && !missing);
        u32(0);
        u8((unsigned)n);
        octets(name, (size_t)n);
        octets("\7example\3com", 13);
        u16(1);
        u16(1);
        if (answer && !missing) {
            u16(0xc00c);
            u16(1);
            u16(1);
            u32(300);
            u16(4);
            u32(0xcb007100 + id % 250);
        }
        end_udp();
        emit(answer ? 900 : 100);
    }
}

struct flow {
    uint32_t client, server, seq[2];
    unsigned port, left;
    bool six;
};

static void
segment(struct flow *f, bool back, unsigned flags, size_t n)
{
    size_t at;

    if (f->six) {
        ip6(PROTO_TCP, back ? f->server : f->client, back ? f->client : f->server);
    } else {
        ip4(PROTO_TCP, back ? f->server : f->client, back ? f->client : f->server);
    }
    at = len;
    u16(back ? 443 : f->port);
    u16(back ? f->port : 443);
    u32(f->seq[back]);
    u32(flags == 2 ? 0 : f->seq[!back]);
    u16(0x5000 | flags);
    u16(64240);
    u32(0);
    if (n) {                    /* a TLS record of application data */
        u8(23);
        u16(0x0303);
        u16((unsigned)n - 5);
        noise(n - 5);
    }
    set16(at + 16, transport_sum(at, PROTO_TCP));
    end_ip();
    emit(20 + below(80));
    f->seq[back] += (uint32_t)n + (flags & 3 ? 1 : 0);
}

/* The next frames of one of many connections under way. */
static void
tcp(struct flow *f, bool six)
{
    if (!f->left) {
        *f = (struct flow){ 0x0a000064 + below(200), 0xcb007100 + below(200),
                            { (uint32_t)rnd(), (uint32_t)rnd() },
                            32768 + below(28000), 4 + below(60), six };
        segment(f, false, 0x02, 0);
        segment(f, true, 0x12, 0);
        segment(f, false, 0x10, 0);
        return;
    }
    if (--f->left) {
        bool back = below(3) > 0;
        segment(f, back, 0x18, 5 + packet_size());
        segment(f, !back, 0x10, 0);
        return;
    }
    segment(f, false, 0x11, 0);
    segment(f, true, 0x11, 0);
    segment(f, false, 0x10, 0);
}

static void
voice(bool six)
{
    uint32_t call = below(100);

    if (six) {
        ip6(PROTO_UDP, 0x0a000064 + call, 0xcb007101);
    } else {
        ip4(PROTO_UDP, 0x0a000064 + call, 0xcb007101);
    }
    udp(16384 + 2 * call, 30000 + 2 * call);
    u16(0x8000);        /* RTP, G.711 */
    u16(0);
    u32(call << 8);
    u32(call);
    noise(160);
    end_udp();
    emit(100);
}

static void
echo(void)
{
    size_t at;

    ip4(PROTO_ICMP, 0x0a000064 + below(200), 0xcb007101);
    at = len;
    u32(0x08000000);
    u32((uint32_t)rnd());
    noise(56);
    set16(at + 2, fold(sum(at, len - at, 0)));
    end_ip();
    emit(100);
}

static void
arp(void)
{
    ethernet(0x0806, below(2) == 0);
    octets("\0\1\x08\0\6\4\0\1\x02\0\x5e\x10\0\2", 14);
    u32(0x0a000064 + below(200));
    u32(0);
    u16(0);
    u32(0x0a000035);
    noise(18);          /* Ethernet's padding */
    emit(100);
}

void
no_ipsec(uint64_t packets, bool with_tcp, bool with_dns)
{
    static struct flow flows[200];
    bool mixed = with_tcp && with_dns;

    while (written < packets) {
        uint32_t r = mixed ? below(100) : with_tcp ? 0 : 60;
        bool six = mixed && below(5) == 0;
        if (r < 50) {
            tcp(&flows[below(200)], six);
        } else if (r < 70) {
            dns(six);
        } else if (r < 90) {
            voice(six);
        } else if (r < 95) {
            echo();
        } else {
            arp();
        }
    }
}
