/* clear.c - what ESP has carried, as far as it must be read to tell whether a key is right.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "clear.h"

#include <espial/cursor.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum { TAIL_FIRST = 18, TAIL_MAX = 257 };     /* octets */

/* Padding, as far as it need be decrypted: its length, and 1, 2, 3, .. before it. */
static void
read_tail(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len, uint32_t high)
{
    uint8_t tail[TAIL_MAX];
    size_t text = esp_text_len(o, len), got = esp_peek_tail(o, at, len, high, tail, TAIL_FIRST),
           pad;

    if (got < ESP_TRAILER) {
        out->bad_padding = true;
        return;
    }
    pad = tail[got - 2];
    out->next_header = tail[got - 1];
    out->payload_len = text - ESP_TRAILER;
    if (pad + ESP_TRAILER > text) {
        out->bad_padding = true;
        return;
    }
    if (pad + ESP_TRAILER > got) {
        got = esp_peek_tail(o, at, len, high, tail, pad + ESP_TRAILER);
    }
    for (size_t i = 0; i < pad; i++) {
        out->bad_padding = out->bad_padding || tail[got - ESP_TRAILER - pad + i] != i + 1;
    }
    if (!out->bad_padding) {
        out->payload_len = text - ESP_TRAILER - pad;
    }
}

/* The header checksum is right in a packet that a tunnel carries. */
static bool
is_ipv4(const uint8_t *head, size_t len)
{
    size_t header = (head[0] & 15) * (size_t)4;

    return header >= IPV4_HEADER && header <= len && ipv4_checksum_fits(head, header);
}

/* IPv6 has none: its next header is one of few, and its addresses begin as those that are
 * assigned do (RFC 4291 section 2.4). */
static bool
is_ipv6(const uint8_t *head, size_t len)
{
    static const uint8_t next[] = {
        IP6_HOP_BY_HOP, IP_IPV4, IP_TCP, IP_UDP, IP_IPV6, IP6_ROUTING, IP6_FRAGMENT,
        IP_GRE, IP_ESP, IP_AH, IP_ICMPV6,
        IP6_NO_NEXT, IP6_DESTINATION, IP_EIGRP, IP_OSPF, IP_SCTP, IP_UDPLITE
    };

    if (len < IPV6_HEADER || !memchr(next, head[6], sizeof next)) {
        return false;
    }
    for (size_t at = 8; at < IPV6_HEADER; at += 16) {
        if (head[at] && (head[at] < 0x20 || (head[at] > 0x3f && head[at] < 0xfc))) {
            return false;
        }
    }
    return true;
}

/* Octets of the IP packet at the start of the head, as its header says; 0: it is none. */
size_t
clear_ip_length(const uint8_t *head, size_t len)
{
    if (len && head[0] >> 4 == 4 && is_ipv4(head, len)) {
        return be16(head + 2);
    }
    if (len && head[0] >> 4 == 6 && is_ipv6(head, len)) {
        return IPV6_HEADER + (size_t)be16(head + 4);
    }
    return 0;
}

/* Transport mode: the whole padding fits already, and the header must be one. */
static bool
is_transport(const struct esp_clear *c)
{
    const uint8_t *h = c->head;
    uint32_t sum = 0;

    if (c->next_header == IP_ICMP && c->head_len >= 8 && c->payload_len == c->head_len) {
        for (size_t i = 0; i < c->head_len; i++) {
            sum += (uint32_t)h[i] << (i % 2 ? 0 : 8);
        }
        sum = (sum & 0xffff) + (sum >> 16);
        return sum == 0xffff || sum == 0x1fffe;
    }
    if (c->next_header == IP_ICMP || c->next_header == IP_ICMPV6) {
        return c->head_len >= 8 &&
               (h[0] < 20 || (c->next_header == IP_ICMPV6 && h[0] >= 128 && h[0] <= 161)) &&
               h[1] < 16;
    }
    if (c->next_header == IP_TCP) {
        return c->head_len >= 20 && h[12] >> 4 >= 5 && (h[12] >> 4) * (size_t)4 <= c->payload_len &&
               !(h[12] & 0xe);
    }
    return false;
}

/* Without an ICV only the clear text can speak for a key: of a tunnel's packet its header and
 * length, of others less, which is enough for a key that the log gives to this very SPI. */
bool
clear_plausible(const struct esp_clear *c, bool named)
{
    if (c->bad_padding) {
        return false;
    }
    if (c->next_header == IP_IPV4 || c->next_header == IP_IPV6) {
        return c->payload_len && clear_ip_length(c->head, c->head_len) == c->payload_len &&
               c->head[0] >> 4 == (c->next_header == IP_IPV4 ? 4 : 6);
    }
    if (c->next_header == IP_UDP) {
        return c->head_len >= 8 && be16(c->head + 4) == c->payload_len;
    }
    return named && is_transport(c);
}

void
clear_read(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len,
           uint32_t high)
{
    read_tail(o, out, at, len, high);
    out->head_len = esp_peek(o, at, len, high, out->head, KEYRING_HEAD);
    out->head_len = MIN(out->head_len, out->payload_len);
    out->opened = true;
}

/* Packets that are noise inside are another SA's with the same SPI, or damaged: the ICV tells. */
bool
clear_looks_right(const struct esp_clear *c)
{
    return !c->bad_padding &&
           (c->next_header != IP_IPV4 || (c->head_len && c->head[0] >> 4 == 4)) &&
           (c->next_header != IP_IPV6 || (c->head_len && c->head[0] >> 4 == 6));
}

bool
clear_is_noise(const struct esp_clear *c)
{
    static const uint8_t next[] = {
        IP_ICMP, IP_IPV4, IP_TCP, IP_UDP, IP_IPV6, IP_GRE, IP_ESP, IP_AH, IP_ICMPV6, IP6_NO_NEXT,
        IP_EIGRP, IP_OSPF, IP_SCTP, IP_IPCOMP, IP_AGGFRAG
    };

    return c->bad_padding && !memchr(next, c->next_header, sizeof next) &&
           !clear_ip_length(c->head, c->head_len);
}
