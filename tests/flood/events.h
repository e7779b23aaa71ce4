/* events.h - one event of a flood as a parsed message or packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FLOOD_EVENTS_H
#define ESPIAL_FLOOD_EVENTS_H

#include "start.h"

/* --- events ------------------------------------------------------------------------------ */

static void
half_open(struct conversation *c, uint32_t i)
{
    struct ip_addr forged = address(0x0a000000 + i);
    uint64_t spi = rnd() | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    c->from = forged;
    propose(c, aes256, 4, PROTO_IKE, 0);
    send_new(c);
}

static void
half_open_v1(struct conversation *c, uint32_t i)
{
    uint64_t spi = rnd() | 1;

    begin(c, 1, V1_MAIN, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = i;              /* no suite is another's */
    send_new(c);
}

/* As many proposals as one message of 3.4 kB holds; some numbers make them new. */
static void
many_proposals(struct conversation *c, uint32_t n)
{
    enum { PROPOSALS = 32, TRANSFORMS = 8 };
    static struct transform all[PROPOSALS][TRANSFORMS];
    uint64_t spi = rnd() | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    for (uint32_t p = 0; p < PROPOSALS; p++) {
        for (uint32_t k = 0; k < TRANSFORMS; k++) {
            all[p][k] = (struct transform){ (uint8_t)(1 + k % 4), (uint16_t)(1000 + n % 50000 + k),
                                            (uint16_t)(64 * p + n / 50000) };
        }
        propose(c, all[p], TRANSFORMS, PROTO_IKE, 0);
    }
    send_new(c);
}

static void
new_suites(struct conversation *c, uint32_t i)
{
    many_proposals(c, i);
}

static void
same_two_addresses(struct conversation *c, uint32_t i)
{
    uint64_t spi = rnd() | 1, other = rnd() | 1;

    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, !side, side);
        memcpy(c->m.spi_i, &spi, 8);
        if (side) {
            memcpy(c->m.spi_r, &other, 8);
        }
        propose(c, i & 1 ? aes256 : aes128, 4, PROTO_IKE, 0);
        send_new(c);
    }
}

/* SPIs that agree in all but a few bits: in those that a weak hash would look at last. */
static void
chosen_spis(struct conversation *c, uint32_t i)
{
    uint64_t spi = (uint64_t)i << (8 * (i % 5) + 8) | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    memcpy(c->m.spi_i, &spi, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send_new(c);
    esp(c, &c->client, &c->gateway, i << 12 | i >> 20, 1, ICV_UNKNOWN);
}

static void
same_spi_i(struct conversation *c, uint32_t i)
{
    uint64_t spi_r = rnd() | 1;

    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memcpy(c->m.spi_r, &spi_r, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.num_proposals = i & 1;
    send_new(c);
}

static void
esp_spis(struct conversation *c, uint32_t i)
{
    (void)i;
    esp(c, &c->client, &c->gateway, (uint32_t)rnd() | 0x100, 1, ICV_UNKNOWN);
}

static void
forged_sources(struct conversation *c, uint32_t i)
{
    struct ip_addr forged = address(0x0a000000 + i);

    esp(c, &forged, &c->gateway, TO_R, 1 + i, ICV_UNKNOWN);
}

static void
moves(struct conversation *c, uint32_t i)
{
    struct ip_addr elsewhere = address(0xc6336500 + i % 200);

    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_INFORMATIONAL, i, !side, side);
        c->m.readable = false;
        if (side) {
            c->to = elsewhere;
        }
        send_new(c);
    }
}

static void
retransmissions(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "the same", (uint16_t)i);
}

static void
message_ids(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_INFORMATIONAL, i, i & 1, false);
    c->m.readable = false;
    send_new(c);
}

static void
informationals_v1(struct conversation *c, uint32_t i)
{
    begin(c, 1, V1_INFORMATIONAL, i + 1, false, false);
    c->m.readable = false;
    send_new(c);
}

static void
one_message_id(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    c->m.readable = false;
    (void)i;
    send_new(c);
}

static void
deletes(struct conversation *c, uint32_t i)
{
    static uint8_t spis[4 * IKE_MAX_DELETE_SPIS];

    for (size_t k = 0; k < sizeof spis; k += 4) {
        uint32_t spi = (uint32_t)rnd();
        memcpy(spis + k, &spi, 4);
    }
    begin(c, 2, V2_INFORMATIONAL, i, true, false);
    c->m.num_deletes = 2;
    c->m.deletes[0] = (struct ike_delete){ PROTO_ESP, 4, IKE_MAX_DELETE_SPIS, true,
                                           { spis, sizeof spis } };
    c->m.deletes[1] = (struct ike_delete){ PROTO_IKE, 0, 0, true, { NULL, 0 } };
    send_new(c);
}

static void
refusals(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_CREATE_CHILD_SA, i + 2, false, true);
    notify(c, i & 1 ? N2_TS_UNACCEPTABLE : N2_INVALID_SPI);
    send_new(c);
}

static void
wrong_messages(struct conversation *c, uint32_t i)
{
    begin(c, 2, V2_INFORMATIONAL, i, true, false);
    c->m.readable = false;
    c->m.integrity_wrong = true;
    send_new(c);
}

static void
children(struct conversation *c, uint32_t i)
{
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_CREATE_CHILD_SA, i + 2, !side, side);
        propose(c, esp128, 3, PROTO_ESP, side ? 0xc0000000 + i : 0xd0000000 + i);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        send_new(c);
    }
}

/* The same SPI is given out again and again, and used. */
static void
same_spi_again(struct conversation *c, uint32_t i)
{
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_CREATE_CHILD_SA, i + 2, !side, side);
        propose(c, esp128, 3, PROTO_ESP, side ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        send_new(c);
    }
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

/* Child SAs, and an IKE SA that is replaced over and over and hands them on. */
static void
rekeys_of_ike(struct conversation *c, uint32_t i)
{
    static uint8_t now_i[8], now_r[8];
    uint64_t next[2] = { rnd() | 1, rnd() | 1 };

    if (i == 0) {
        memset(now_i, 0x11, 8);
        memset(now_r, 0x22, 8);
    }
    for (int round = 0; round < 2; round++) {
        for (int side = 0; side < 2; side++) {
            begin(c, 2, V2_CREATE_CHILD_SA, (uint32_t)round, !side, side);
            memcpy(c->m.spi_i, now_i, 8);
            memcpy(c->m.spi_r, now_r, 8);
            c->m.flags = (uint8_t)((side ? 0 : FLAG_INITIATOR) | (side ? FLAG_RESPONSE : 0));
            if (round == 0) {
                propose(c, esp128, 3, PROTO_ESP, (side ? 0xc0000000 : 0xd0000000) + i);
                selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            } else {
                propose(c, aes256, 4, PROTO_IKE, 0);
                c->m.proposals[0].spi_len = 8;
                memcpy(c->m.proposals[0].spi, &next[side], 8);
            }
            send_new(c);
        }
    }
    memcpy(now_i, &next[0], 8);
    memcpy(now_r, &next[1], 8);
}

static void
replays(struct conversation *c, uint32_t i)
{
    (void)i;
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

static void
gaps(struct conversation *c, uint32_t i)
{
    esp(c, &c->client, &c->gateway, TO_R, 3 * i, ICV_UNKNOWN);
}

static void
wrong_icvs(struct conversation *c, uint32_t i)
{
    esp(c, &c->client, &c->gateway, TO_R, i + 2, ICV_BAD);
}

static void
fragments(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .dst = c->gateway, .ip_id = (uint16_t)i },
                         .p = { .kind = PATH_FRAGMENT, .protocol = IP_ESP } };

    e.at.src = address(0x0a000000 + (i >> 4));
    path(c, e);
}

static void
clear_packets(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .src = c->client, .dst = c->gateway },
                         .p = { .kind = PATH_CLEAR } };

    e.p.clear = (struct inner_packet){ .src = address(0x0a010000 + i % 200),
                                       .dst = address(0x0a020000 + i % 200), .protocol = IP_TCP,
                                       .has_ports = true, .src_port = (uint16_t)i, .dst_port = 80 };
    path(c, e);
}

/* Clear packets of all sorts that nothing must protect. */
static void
clear_misses(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .src = c->client, .dst = c->gateway },
                         .p = { .kind = PATH_CLEAR } };

    e.p.clear = (struct inner_packet){ .src = address((uint32_t)rnd()),
                                       .dst = address((uint32_t)rnd()), .protocol = IP_TCP,
                                       .has_ports = true, .src_port = (uint16_t)i, .dst_port = 80 };
    path(c, e);
}

static void
keepalives(struct conversation *c, uint32_t i)
{
    path(c, (struct on_path){ .at = { .src = c->client, .dst = c->gateway,
                                   .src_port = (uint16_t)(1024 + i % 7), .dst_port = PORT_NATT },
                           .p = { .kind = PATH_KEEPALIVE } });
}

static void
icmp_errors(struct conversation *c, uint32_t i)
{
    struct on_path e = { .at = { .src = address(0x0a000000 + i), .dst = c->client },
                         .p = { .kind = PATH_ICMP, .icmp_type = ICMP_UNREACHABLE,
                                .icmp_code = (uint8_t)(i % 16),
                                .protocol = IP_ESP, .spi = (uint32_t)rnd(), .src = c->client,
                                .dst = c->gateway } };
    path(c, e);
}

#endif
