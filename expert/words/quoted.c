/* quoted.c - the start of a packet that a notify quotes (RFC 7296 section 3.10.1): the ESP or AH
 * packet as it came, or what was inside it.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/quoted.h"

#include <string.h>

enum { IPV4_HEADER_WORD = 4, FIRST_OCTETS = 12 };

/* Where the header behind the IP header begins. */
static size_t
ip_header(struct span data)
{
    return data.at[0] >> 4 == 4 ? (size_t)(data.at[0] & 15) * IPV4_HEADER_WORD : IPV6_HEADER;
}

bool
quoted_read(struct quoted *out, struct span data)
{
    struct ipsec_packet ipsec;
    size_t at;

    memset(out, 0, sizeof *out);
    if (!inner_packet_read(&out->packet, data.at, data.len)) {
        return false;
    }
    at = ip_header(data);
    if (out->packet.protocol == IP_UDP &&
        (out->packet.src_port == PORT_NATT || out->packet.dst_port == PORT_NATT)) {
        at += UDP_HEADER;
    } else if (out->packet.protocol != IP_ESP && out->packet.protocol != IP_AH) {
        return true;
    }
    out->is_outer = true;
    if (out->packet.fragment || at + FIRST_OCTETS > data.len) {
        return true;
    }
    if (out->packet.protocol == IP_AH) {
        struct span payload;
        uint8_t next;
        out->is_ipsec = ah_read(&ipsec, &next, &payload, data.at + at, data.len - at,
                                data.len - at);
    } else {
        out->is_ipsec = esp_read(&ipsec, data.at + at, data.len - at, data.len - at);
    }
    if (out->is_ipsec) {
        out->spi = ipsec.spi;
        out->seq = ipsec.seq;
    }
    return true;
}

uint32_t
quoted_frame(const struct quoted *q, const struct child_sa *c)
{
    for (guint i = 0; q->is_ipsec && c && i < c->streams.len && i < SADB_MAX_PER_SPI; i++) {
        const struct stream *s = c->streams.at[i];
        const struct seen_packet *seen = &s->seen[q->seq % STREAM_SEEN];
        if (s->spi == q->spi && seen->frame && seen->seq == q->seq) {
            return seen->frame;
        }
    }
    return 0;
}

const char *
quoted_say(const struct quoted *q, char *out, size_t size)
{
    const struct inner_packet *p = &q->packet;
    char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], name[32], more[64] = "";

    if (q->is_ipsec) {
        g_snprintf(more, sizeof more, ", SPI %08x, sequence number %u", q->spi, q->seq);
    } else if (p->has_ports && (p->protocol == IP_ICMP || p->protocol == IP_ICMPV6)) {
        g_snprintf(more, sizeof more, " type %u, code %u", p->src_port >> 8, p->src_port & 255);
    } else if (p->has_ports) {
        g_snprintf(more, sizeof more, " from port %u to %u", p->src_port, p->dst_port);
    }
    g_snprintf(out, (gulong)size, "%s to %s, %s%s", ip_print(&p->src, src, sizeof src),
               ip_print(&p->dst, dst, sizeof dst),
               ip_protocol_name(p->protocol, name, sizeof name), more);
    return out;
}
