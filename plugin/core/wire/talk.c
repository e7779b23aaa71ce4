/* talk.c - what an inner packet asks of the other end, and what it answers: echoes (RFC 792, RFC
 * 4443) and TCP.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/ipsec.h>
#include <espial/names.h>

enum { TCP_MAX_OPTIONS = 40 };

/* The option is in the header of a SYN. */
static uint16_t
read_mss(struct cur options)
{
    uint8_t kind, len;
    uint16_t mss;

    for (unsigned i = 0; i < TCP_MAX_OPTIONS && cur_u8(&options, &kind); i++) {
        if (kind == TCP_OPTION_END) {
            return 0;
        }
        if (kind == TCP_OPTION_NOP) {
            continue;
        }
        if (!cur_u8(&options, &len) || len < 2) {
            return 0;
        }
        if (kind == TCP_OPTION_MSS) {
            return len == 4 && cur_u16(&options, &mss) ? mss : 0;
        }
        if (!cur_skip(&options, len - 2u)) {
            return 0;
        }
    }
    return 0;
}

static struct inner_talk
read_tcp(struct cur at, size_t octets)
{
    struct inner_talk t = { .kind = TALK_TCP };
    struct cur options;
    uint32_t ports;
    uint16_t bits;
    size_t header;

    if (!cur_u32(&at, &ports) || !cur_u32(&at, &t.seq) || !cur_u32(&at, &t.ack) ||
        !cur_u16(&at, &bits) || !cur_skip(&at, 6)) {
        return (struct inner_talk){ .kind = TALK_NONE };
    }
    header = (size_t)(bits >> 12) * 4;
    if (header < TCP_HEADER || header > octets) {
        return (struct inner_talk){ .kind = TALK_NONE };
    }
    t.flags = (uint8_t)bits;
    t.octets = (uint32_t)(octets - header);
    if ((t.flags & TCP_SYN) && cur_sub(&at, &options, header - TCP_HEADER)) {
        t.mss = read_mss(options);
    }
    return t;
}

static struct inner_talk
read_echo(bool v6, struct cur at)
{
    struct inner_talk t = { .kind = TALK_NONE };
    uint8_t type;

    if (!cur_u8(&at, &type) || !cur_skip(&at, 3) || !cur_u32(&at, &t.seq)) {
        return (struct inner_talk){ .kind = TALK_NONE };
    }
    if (type == (v6 ? ICMPV6_ECHO_REQUEST : ICMP_ECHO_REQUEST)) {
        t.kind = TALK_ECHO_REQUEST;
    } else if (type == (v6 ? ICMPV6_ECHO_REPLY : ICMP_ECHO_REPLY)) {
        t.kind = TALK_ECHO_REPLY;
    }
    return t;
}

/* Passes the IP header, and leaves out what follows the packet (TFC padding).  False where
 * extension headers stand between. */
static bool
pass_ip(const struct inner_packet *p, struct cur *at)
{
    size_t header = IPV6_HEADER, stated;

    if (cur_left(at) < IPV4_HEADER || (p->src.family == 6 && cur_left(at) < IPV6_HEADER)) {
        return false;
    }
    if (p->src.family == 6) {
        stated = be16(at->at + 4) ? IPV6_HEADER + (size_t)be16(at->at + 4) : cur_left(at);
        if (at->at[6] != p->protocol) {
            return false;
        }
    } else {
        stated = be16(at->at + 2) ? be16(at->at + 2) : cur_left(at);
        header = (size_t)(at->at[0] & 15u) * 4;
    }
    if (stated < cur_left(at)) {
        at->end = at->at + stated;
    }
    return cur_skip(at, header);
}

struct inner_talk
inner_talk_read(const struct inner_packet *p, bool tunnel, const uint8_t *at, size_t len)
{
    struct cur c = cur_of(at, len);

    if (p->fragment || (tunnel && !pass_ip(p, &c))) {
        return (struct inner_talk){ .kind = TALK_NONE };
    }
    if (p->protocol == IP_TCP) {
        return read_tcp(c, cur_left(&c));
    }
    if (p->protocol == IP_ICMP || p->protocol == IP_ICMPV6) {
        return read_echo(p->protocol == IP_ICMPV6, c);
    }
    return (struct inner_talk){ .kind = TALK_NONE };
}
