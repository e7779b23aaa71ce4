/* octets.h - one event of a flood as the octets that a parser or the key ring gets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FLOOD_OCTETS_H
#define ESPIAL_FLOOD_OCTETS_H

#include "start.h"

#include <espial/frame.h>
#include <espial/ipsec.h>

/* RFC 7383: the first fragment of each of many messages, the rest never. */
static void
ike_fragments(struct conversation *c, uint32_t i)
{
    uint8_t b[28 + 8 + 64] = { 0 };
    struct ike_message parsed;
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = c->client,
                           .dst = c->gateway, .src_port = PORT_NATT, .dst_port = PORT_NATT };
    struct ike_event e;
    uint16_t number = (uint16_t)(i % 3 ? 1 : 2 + i % 60000), total = 65535;
    uint32_t id = i / 4;

    memset(b, 0x11, 8);
    memset(b + 8, 0x22, 8);
    b[16] = V2P_SKF;
    b[17] = 0x20;
    b[18] = V2_INFORMATIONAL;
    b[19] = FLAG_INITIATOR;
    for (int k = 0; k < 4; k++) {
        b[20 + k] = (uint8_t)(id >> (24 - 8 * k));
    }
    b[27] = sizeof b;
    b[31] = sizeof b - 28;
    b[32] = (uint8_t)(number >> 8);
    b[33] = (uint8_t)number;
    b[34] = (uint8_t)(total >> 8);
    b[35] = (uint8_t)total;
    memcpy(b + 36, &(uint64_t){ rnd() }, 8);
    T(ike_parse(&parsed, b, sizeof b, sizeof b) && parsed.fragments == total);
    keyring_read_ike(keys, &parsed, b, sizeof b);
    keyring_learn_ike(keys, &parsed, &at);
    c->frame = at.frame;
    c->now = at.time;
    sadb_see_frame(c->db, c->frame, c->now);
    sadb_see_ike(c->db, &e, &at, &parsed, b, sizeof b);
    checks_message(c->found, c->db, c->plan, &parsed, &e);
}

/* ESP of random SPIs that any of the keys may be of. */
static void
any_spis(struct conversation *c, uint32_t i)
{
    uint8_t b[120];
    struct esp_clear clear;

    (void)c;
    for (size_t k = 0; k < sizeof b; k += 8) {
        memcpy(b + k, &(uint64_t){ rnd() }, 8);
    }
    b[0] |= 1;
    T(!keyring_open_esp(keys, &clear, b, sizeof b, sizeof b, i & 1));
}

/* Encrypted messages of random SPIs. */
static void
strange_messages(struct conversation *c, uint32_t i)
{
    uint8_t b[176];
    struct ike_message parsed;

    (void)c;
    (void)i;
    for (size_t k = 0; k < sizeof b; k += 8) {
        memcpy(b + k, &(uint64_t){ rnd() }, 8);
    }
    memcpy(b + 16, (uint8_t[]){ V2P_SK, 0x20, V2_INFORMATIONAL, FLAG_INITIATOR, 0, 0, 0, 2, 0, 0, 0,
                                sizeof b, 0, 0, 0, sizeof b - 28 }, 16);
    T(ike_parse(&parsed, b, sizeof b, sizeof b) && parsed.encrypted);
    T(!keyring_read_ike(keys, &parsed, b, sizeof b));
}

/* AH in AH, each with an SPI of its own. */
static void
headers_of_ah(struct conversation *c, unsigned headers)
{
    uint8_t b[20 + 30 * 12] = { 0x45, 0, 0, 0, 0, 1, 0, 0, 64, IP_AH, 0, 0, 192, 0, 2, 10,
                                198, 51, 100, 20 };
    struct octets o = { b, 20 + (size_t)headers * 12, 20 + (size_t)headers * 12 };
    struct frame_walk w = { 0 };
    struct frame_part part;

    b[2] = (uint8_t)(o.reported >> 8);
    b[3] = (uint8_t)o.reported;
    for (size_t k = 0; k < headers; k++) {
        uint8_t *ah = b + 20 + k * 12;
        uint32_t spi = (uint32_t)rnd() | 1;
        ah[0] = IP_AH;
        ah[1] = 1;
        memcpy(ah + 4, &spi, 4);
        ah[11] = 1;
    }
    for (frame_begin(&w, FRAME_LINK_IP, &o); frame_next(&w, &part);) {
        struct ipsec_packet p;
        struct span payload;
        uint8_t next;
        if (part.kind == FRAME_AH && ah_read(&p, &next, &payload, part.octets.at,
                                             part.octets.captured, part.octets.reported)) {
            ipsec(c, &part.src, &part.dst, p);
        }
    }
}

static void
ah_in_ah(struct conversation *c, uint32_t i)
{
    (void)i;
    headers_of_ah(c, 28);
}

static void
one_ah(struct conversation *c, uint32_t i)
{
    (void)i;
    headers_of_ah(c, 1);
}

static void
give(void *context, bool ike, const struct octets *message)
{
    (void)context;
    (void)ike;
    (void)message;
    tcp_given++;
}

static void
tcp_segment(struct conversation *c, uint32_t src, uint16_t port, uint32_t seq, const uint8_t *at,
            size_t len)
{
    struct frame_part p = { .kind = FRAME_TCP, .src = address(src), .dst = c->gateway,
                            .src_port = port, .dst_port = PORT_NATT, .tcp_seq = seq,
                            .octets = { at, len, len } };

    tcp_encap_see(tcp, &p, give, NULL);
}

static void
tcp_streams(struct conversation *c, uint32_t i)
{
    tcp_segment(c, 0x0a000000 + i, PORT_NATT, 1, (const uint8_t *)"IKETCP", 6);
}

/* Messages that announce 65535 octets and never end, in many streams; segments ahead of their
 * turn. */
static void
tcp_unfinished(struct conversation *c, uint32_t i)
{
    static const uint8_t part[1400] = { 0xff, 0xff };
    uint32_t stream = i % 3000, turn = i / 3000;

    if (turn == 0) {
        tcp_segment(c, 0x0a000000 + stream, PORT_NATT, 1, (const uint8_t *)"IKETCP", 6);
    } else {
        uint32_t ahead = turn > 4 ? 70000 : 0;
        tcp_segment(c, 0x0a000000 + stream, PORT_NATT, 7 + (turn - 1) * 1400 + ahead, part,
                    sizeof part);
    }
}

#endif
