/* ESP in clear, told from its octets, against what is encrypted (RFC 5879 section 8).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/ipsec.h>
#include <espial/names.h>

#include <string.h>

static uint64_t noise_state = 1;
static uint8_t octets[256];

static uint8_t
noise(void)
{
    noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
    return (uint8_t)(noise_state >> 56);
}

/* head octets of IV, the payload, its trailer and an ICV, from the SPI on. */
static size_t
clear_esp(uint8_t next, const uint8_t *payload, size_t len, size_t iv, size_t icv)
{
    size_t n = 8, pad = (0u - (len + 2)) & 3;

    for (size_t i = 0; i < 8 + iv; i++) {
        octets[i] = noise();
    }
    memcpy(octets + 8 + iv, payload, len);
    n += iv + len;
    for (size_t i = 1; i <= pad; i++) {
        octets[n++] = (uint8_t)i;
    }
    octets[n++] = (uint8_t)pad;
    octets[n++] = next;
    for (size_t i = 0; i < icv; i++) {
        octets[n++] = noise();
    }
    return n;
}

static const uint8_t tcp[] = { 0x18, 0x9d, 0x17, 0xd4, 0, 0, 3, 0xe8, 0, 0, 0, 1, 0x50, 0x18,
                         2, 0, 0, 0, 0, 0, 'h', 'e', 'y' };
static const uint8_t udp[] = { 0x13, 0xc4, 0x13, 0xc4, 0, 11, 0, 0, 's', 'i', 'p' };
static const uint8_t icmp[] = { 8, 0, 0xe4, 0xca, 0x12, 0x34, 0, 1, 1 };
static const uint8_t icmpv6[] = { 135, 0, 1, 2, 0, 0, 0, 0, 9, 9, 9, 9 };
static const uint8_t ospf[] = { 3, 1, 0, 16, 1, 1, 1, 1, 0, 0, 0, 0, 7, 7, 0, 0 };
static const uint8_t gre[] = { 0x20, 0, 0x08, 0, 0, 0, 0, 1, 0x45 };
static const uint8_t ipv4[] = { 0x45, 0, 0, 28, 0, 1, 0, 0, 64, 17, 0x66, 0xcc, 10, 1, 0, 1,
                                10, 2, 0, 1, 0, 53, 0, 53, 0, 8, 0, 0 };
static const uint8_t ipv6[48] = { 0x60, 0, 0, 0, 0, 8, 17, 64, 0xfd, [23] = 1, [24] = 0xfd,
                                  [39] = 2, 0, 53, 0, 53, 0, 8, 0, 0 };

/* Which ways the packet can be read, bit by bit. */
static unsigned
readable(uint8_t next, const void *payload, size_t len, size_t iv, size_t icv,
         struct esp_readable *out)
{
    size_t n = clear_esp(next, (const uint8_t *)payload, len, iv, icv);
    unsigned all = 0;

    for (unsigned way = 0; way < READABLE_WAYS; way++) {
        all |= (unsigned)esp_readable_way(out, way, octets, n) << way;
    }
    return all;
}

static void
protocols(void)
{
    static const size_t icv[] = { 0, 12, 16, 20, 24, 32, 16 };
    struct esp_readable r;
    uint8_t wrong[sizeof ipv4];

    for (unsigned way = 0; way < READABLE_WAYS; way++) {
        size_t iv = way == 6 ? 8 : 0;
        T(readable(IP_TCP, tcp, sizeof tcp, iv, icv[way], &r) >> way & 1);
        T(!r.tunnel && r.inner.src_port == 6301 && r.way == way &&
          esp_readable_icv(way) == icv[way]);
        T(readable(IP_UDP, udp, sizeof udp, iv, icv[way], &r) >> way & 1);
        T(readable(IP_ICMP, icmp, sizeof icmp, iv, icv[way], &r) >> way & 1);
        T(readable(IP_ICMPV6, icmpv6, sizeof icmpv6, iv, icv[way], &r) >> way & 1);
        T(readable(IP_OSPF, ospf, sizeof ospf, iv, icv[way], &r) >> way & 1);
        T(readable(IP_GRE, gre, sizeof gre, iv, icv[way], &r) >> way & 1);
        T(readable(IP_IPV6, ipv6, sizeof ipv6, iv, icv[way], &r) >> way & 1);
        T(readable(IP_IPV4, ipv4, sizeof ipv4, iv, icv[way], &r) >> way & 1);
        T(r.tunnel && r.inner.protocol == IP_UDP && r.inner.dst_port == 53);
    }
    for (size_t i = 0; i < IPV4_HEADER; i++) {      /* its checksum is wrong */
        memcpy(wrong, ipv4, sizeof ipv4);
        wrong[i] ^= 0x10;
        T(!readable(IP_IPV4, wrong, sizeof wrong, 0, 12, &r));
    }
    T(!readable(IP_UDP, udp, sizeof udp - 1, 0, 12, &r));
    T(!readable(IP_ESP, tcp, sizeof tcp, 0, 12, &r));
    for (size_t n = 0; n < 8 + sizeof tcp + 16; n++) {
        esp_readable_way(&r, (unsigned)n % READABLE_WAYS, octets, n);      /* no octet too far */
    }
}

/* Half of it has a trailer made to fit: what follows the protocol's number counts. */
static void
random_packets(void)
{
    unsigned passed = 0;
    struct esp_readable r;

    for (unsigned i = 0; i < 2000000; i++) {
        size_t len = 40 + 4 * (i % 8);
        for (size_t k = 0; k < len; k += 8) {
            noise_state = noise_state * 6364136223846793005u + 1442695040888963407u;
            uint64_t x = noise_state ^ noise_state >> 29;
            memcpy(octets + k, &x, 8);
        }
        for (unsigned way = 0; way < READABLE_WAYS; way++) {
            passed += esp_readable_way(&r, way, octets, len);
        }
    }
    T(passed <= 40);        /* 8 are expected */
}

int
main(void)
{
    protocols();
    random_packets();
    return t_done();
}
