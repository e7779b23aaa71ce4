/* Aggregates of IP-TFS: packets one behind the other, in part, padding, both sub-types (RFC 9347).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* An IPv4 packet of len octets from 10.1.0.1 or another host to 10.2.0.1. */
static size_t
ipv4(uint8_t *at, uint8_t net, uint16_t len)
{
    memset(at, 0, len);
    at[0] = 0x45;
    at[2] = (uint8_t)(len >> 8);
    at[3] = (uint8_t)len;
    at[8] = 64;
    at[9] = IP_UDP;
    memcpy(at + 12, (const uint8_t[]){ 10, net, 0, 1, 10, 2, 0, 1 }, 8);
    return len;
}

static uint8_t octets[512];

/* The header: sub-type, reserved, offset of the first block; of the second sub-type 20 octets of a
 * report on congestion. */
static size_t
begin_payload(uint8_t type, uint16_t offset)
{
    size_t head = type ? 24 : 4;

    memset(octets, 0xee, sizeof octets);
    octets[0] = type;
    octets[1] = 0;
    octets[2] = (uint8_t)(offset >> 8);
    octets[3] = (uint8_t)offset;
    return head;
}

/* How many packets begin there, and the length of the last as far as it is there. */
static unsigned
packets(size_t len, size_t *last)
{
    struct span payload = { octets, len }, blocks, one = { NULL, 0 };
    unsigned n = 0;

    if (aggfrag_begin(&blocks, &payload)) {
        while (aggfrag_next(&blocks, &one)) {
            n++;
        }
    }
    *last = one.len;
    return n;
}

static void
blocks(void)
{
    size_t n, last;

    for (uint8_t type = 0; type < 2; type++) {
        n = begin_payload(type, 0);
        n += ipv4(octets + n, 1, 28);
        n += ipv4(octets + n, 1, 40);
        T(packets(n, &last) == 2 && last == 40);
        octets[n] = 0;                          /* padding takes the rest */
        T(packets(n + 60, &last) == 2);
        T(packets(n - 12, &last) == 2 && last == 28);   /* it goes on in the next packet */
        T(packets(n - 30, &last) == 1);         /* not even its header is here */
        n = begin_payload(type, 100);           /* the end of an earlier one first */
        n += 100;
        n += ipv4(octets + n, 1, 30);
        T(packets(n, &last) == 1 && last == 30);
        begin_payload(type, 2000);              /* and nothing but that */
        T(packets(sizeof octets, &last) == 0);
        n = begin_payload(type, 0);
        octets[n] = 0;                          /* only padding: a constant rate */
        T(packets(sizeof octets, &last) == 0);
        octets[n] = 0x60;                       /* IPv6, whose length is of what follows */
        octets[n + 4] = 0;
        octets[n + 5] = 8;
        T(packets(n + 48, &last) == 1 && last == 48);
        T(packets(n + 39, &last) == 0);
        octets[n] = 0x45;                       /* no packet is shorter than its header */
        octets[n + 2] = 0;
        octets[n + 3] = 19;
        T(packets(sizeof octets, &last) == 0);
    }
    begin_payload(2, 0);                        /* a sub-type that nobody knows */
    T(packets(sizeof octets, &last) == 0);
    begin_payload(1, 0);
    T(packets(23, &last) == 0 && packets(3, &last) == 0 && packets(0, &last) == 0);
}

/* The packet that the selectors refuse is the one that is judged, wherever it stands. */
static void
judged(struct conversation *c)
{
    for (unsigned where = 0; where < 4; where++) {
        struct ipsec_packet p = esp_of(TO_R, 1);
        struct sighting at = { .frame = 9, .src = c->client, .dst = c->gateway };
        struct span payload = { octets, 0 };
        size_t n = begin_payload(0, 0);
        tunnel(c);
        for (unsigned i = 0; i < 3; i++) {
            n += ipv4(octets + n, i == where ? 66 : 1, 28);
        }
        payload.len = n;
        p.icv = ICV_GOOD;
        ipsec_set_inner(&p, &at, IP_AGGFRAG, &payload, BASIS_DECRYPTED);
        T(p.clear_read && p.has_inner && p.inner_tunnel && p.next_header == IP_AGGFRAG);
        T(p.inner.src.bytes[1] == (where == 0 ? 66 : 1));
        sadb_choose_inner(c->db, &p, &at, &payload);
        ipsec(c, &c->client, &c->gateway, p);
        T(count(c, CHECK_inner_source_violation) == (where < 3));
        T(where == 3 || strstr(detail(c, CHECK_inner_source_violation), "10.66.0.1"));
        T(count(c, CHECK_inner_header_unlikely) == 0 && count(c, CHECK_padding_bad) == 0);
    }
    SILENT(c, inner_source_violation);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    blocks();
    judged(&c);
    return conversation_done(&c);
}
