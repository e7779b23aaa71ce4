/* readable.c - ESP in clear, told from its octets alone (RFC 5879 section 8).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "step.h"

#include <espial/ipsec.h>
#include <espial/names.h>

#include <string.h>

/* RFC 5879 section 8.2: from the shortest ICV to the longest, for an ICV looks like noise, and the
 * text before it does not.  The last is GMAC (RFC 4543), whose packets have an IV. */
static const struct {
    uint8_t iv, icv;
} ways[READABLE_WAYS] = {
    { 0, 0 }, { 0, 12 }, { 0, 16 }, { 0, 20 }, { 0, 24 }, { 0, 32 }, { 8, 16 }
};

enum { TCP_RESERVED = 0x0e, TCP_URG = 0x20, ICMP_HEADER = 8, OSPF_HEADER = 16 };
enum { OSPF_LAST_TYPE = 5, NHRP = 0x2001 };
enum { GRE_RESERVED = 0x4fff };         /* RFC 2784, 2890: flags C, K and S apart; version 0 */

/* Checksums of TCP and UDP are those of other addresses behind a NAT, and a capture at the sender
 * has none (RFC 5879 section 8.3.1).  Of what is no TCP, one in 30 passes. */
static bool
is_tcp(const uint8_t *at, size_t len)
{
    size_t header = len < TCP_HEADER ? 0 : (size_t)(at[12] >> 4) * 4;
    unsigned flags;

    if (header < TCP_HEADER || header > len || (at[12] & TCP_RESERVED)) {
        return false;
    }
    flags = at[13];
    if ((flags & TCP_SYN) && (flags & (TCP_FIN | TCP_RST))) {
        return false;
    }
    return (flags & (TCP_SYN | TCP_ACK | TCP_RST)) && ((flags & TCP_URG) || be16(at + 18) == 0);
}

static bool
is_icmp(const uint8_t *at, size_t len)
{
    uint32_t sum = len & 1 ? (uint32_t)at[len - 1] << 8 : 0;

    for (size_t i = 0; i + 1 < len; i += 2) {
        sum += be16(at + i);
    }
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    return len >= ICMP_HEADER && sum == 0xffff;
}

/* Errors and what RFC 4443, 2710 and 4861 ask: one in 5,000 passes. */
static bool
is_icmpv6(const uint8_t *at, size_t len)
{
    return len >= ICMP_HEADER && at[1] <= 1 &&
           ((at[0] > 0 && at[0] <= ICMPV6_LAST_ERROR) || (at[0] >= ICMPV6_ECHO_REQUEST &&
                                                          at[0] < ICMPV6_ECHO_REQUEST + 10));
}

static bool
is_gre(const uint8_t *at, size_t len)
{
    uint16_t type = len < GRE_HEADER ? 0 : be16(at + 2);

    return (type == TYPE_IPV4 || type == TYPE_IPV6 || type == TYPE_ETHERNET || type == NHRP) &&
           !(be16(at) & GRE_RESERVED);
}

static bool
is_ospf(const uint8_t *at, size_t len)
{
    return len >= OSPF_HEADER && (at[0] == 2 || at[0] == 3) && at[1] > 0 &&
           at[1] <= OSPF_LAST_TYPE && be16(at + 2) == len;
}

static bool
is_ip(uint8_t next, const uint8_t *at, size_t len)
{
    if (next == IP_IPV4) {
        size_t header = len < IPV4_HEADER ? 0 : (size_t)(at[0] & 15) * 4;
        return header >= IPV4_HEADER && header <= len && at[0] >> 4 == 4 &&
               be16(at + 2) == len && ipv4_checksum_fits(at, header);
    }
    return len >= IPV6_HEADER && at[0] >> 4 == 6 && (size_t)be16(at + 4) + IPV6_HEADER == len;
}

static bool
fits(uint8_t next, const uint8_t *at, size_t len)
{
    switch (next) {
    case IP_IPV4: case IP_IPV6: return is_ip(next, at, len);
    case IP_TCP: return is_tcp(at, len);
    case IP_UDP: return len >= UDP_HEADER && be16(at + 4) == len;
    case IP_ICMP: return is_icmp(at, len);
    case IP_ICMPV6: return is_icmpv6(at, len);
    case IP_GRE: return is_gre(at, len);
    case IP_OSPF: return is_ospf(at, len);
    default: return false;
    }
}

bool
esp_readable_way(struct esp_readable *out, unsigned way, const uint8_t *at, size_t len)
{
    size_t head = ESP_HEADER + (size_t)ways[way].iv, around = head + ways[way].icv;
    struct inner_packet inner = { 0 };
    struct span payload;
    bool tunnel;
    uint8_t next;

    if (len <= around || !esp_clear_read(&next, &payload, at + head, len - around) ||
        !fits(next, payload.at, payload.len)) {
        return false;
    }
    tunnel = next == IP_IPV4 || next == IP_IPV6;
    if (tunnel && !inner_packet_read(&inner, payload.at, payload.len)) {
        return false;
    }
    if (!tunnel) {
        inner.protocol = next;
        inner.has_ports = next == IP_TCP || next == IP_UDP;
        inner.src_port = inner.has_ports ? be16(payload.at) : 0;
        inner.dst_port = inner.has_ports ? be16(payload.at + 2) : 0;
    }
    out->way = (uint8_t)way;
    out->next_header = next;
    out->tunnel = tunnel;
    out->inner = inner;
    return true;
}

uint8_t
esp_readable_icv(unsigned way)
{
    return ways[way].icv;
}
