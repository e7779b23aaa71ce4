/* start.h - what is there before a flood begins.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FLOOD_START_H
#define ESPIAL_FLOOD_START_H

#include "conversation.h"

#include <espial/keyring.h>
#include <espial/frame.h>

#include <stdlib.h>

static uint64_t state;
static struct tcp_encap *tcp;
static struct keyring *keys;
static uint32_t tcp_given;

static uint64_t
rnd(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * UINT64_C(0x2545f4914f6cdd1d);
}

static struct ip_addr
address(uint32_t n)
{
    uint8_t b[4] = { (uint8_t)(n >> 24), (uint8_t)(n >> 16), (uint8_t)(n >> 8), (uint8_t)n };

    return ip_from(4, b);
}

#define HEX16 "%016" G_GINT64_MODIFIER "x"
#define REST_OF_16 "0011223344556677"

/* A text of its own for each message, so that none is a retransmission. */
static void
send_new(struct conversation *c)
{
    char text[24];

    g_snprintf(text, sizeof text, "%016" G_GINT64_MODIFIER "x", rnd() | 1);
    send(c, text, 0);
}

static void
esp(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst, uint32_t spi,
    uint32_t seq, enum icv_verdict icv)
{
    ipsec(c, src, dst, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq,
                                              .length = 120, .icv = icv });
}

/* --- what begins a flood --------------------------------------------------------------- */

/* An IKE SA whose encrypted messages nobody can read: streams make Child SAs of it. */
static void
unreadable(struct conversation *c)
{
    sa_init(c, aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_AUTH, 1, !side, side);
        c->m.encrypted = true;
        c->m.readable = false;
        send_new(c);
    }
}

/* And many of those. */
static void
unreadable_with_streams(struct conversation *c)
{
    unreadable(c);
    for (uint32_t i = 0; i < 4 * SADB_MAX_LOOKED_AT; i++) {
        esp(c, &c->client, &c->gateway, 0xe0000000 + i, 1, ICV_UNKNOWN);
    }
}

static void
child(struct conversation *c)
{
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
}

/* As many Child SAs and selectors as a clear packet is compared with, and more. */
static void
many_selectors(struct conversation *c)
{
    child(c);
    for (uint32_t i = 0; i < 2 * SADB_MAX_CLEAR_SAS; i++) {
        for (int side = 0; side < 2; side++) {
            begin(c, 2, V2_CREATE_CHILD_SA, i + 2, !side, side);
            propose(c, esp128, 3, PROTO_ESP, side ? 0xc0000000 + i : 0xd0000000 + i);
            c->m.has_ts = true;
            c->m.num_ts_i = c->m.num_ts_r = IKE_MAX_SELECTORS;
            for (uint32_t k = 0; k < IKE_MAX_SELECTORS; k++) {
                /* all addresses, of a port that is nobody's: found last */
                c->m.ts_i[k] = c->m.ts_r[k] = (struct selector){
                    .lo = address(0), .hi = address(0xffffffff - i * IKE_MAX_SELECTORS - k),
                    .protocol = IP_TCP, .port_lo = 9, .port_hi = 9
                };
            }
            send_new(c);
        }
    }
}

static void
child_with_traffic(struct conversation *c)
{
    child(c);
    esp(c, &c->client, &c->gateway, TO_R, 1, ICV_UNKNOWN);
}

static void
behind_a_nat(struct conversation *c)
{
    struct ike_sa *sa;

    unreadable(c);
    sa = (struct ike_sa *)(uintptr_t)sadb_ike_sa(c->db, 0);
    sa->nat = NAT_INITIATOR;
}

static void
with_key_log(struct conversation *c)
{
    static const char row[] =
        "1111111111111111,2222222222222222,"
        "00112233445566778899aabbccddeeff,00112233445566778899aabbccddeeff,"
        "\"AES-CBC-128 [RFC3602]\","
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,"
        "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff,"
        "\"HMAC_SHA2_256_128 [RFC4868]\"\n";
    struct keylog *log = keylog_new();
    char *messages;

    T(keylog_read(log, "flood", row, strlen(row), &messages) == 1);
    keys = keyring_new(log);
    sa_init(c, aes256, aes256);
}

static void
log_row(struct keylog *log, const char *format, uint64_t one, uint64_t other)
{
    char *row = g_strdup_printf(format, one, other, one, other, one, other, one, other), *messages;

    T(keylog_read(log, "flood", row, strlen(row), &messages) == 1);
    g_free(row);
}

/* Keys whose SPI the log leaves open. */
static void
with_keys_of_any_spi(struct conversation *c)
{
    struct keylog *log = keylog_new();

    (void)c;
    for (unsigned i = 0; i < KEYLOG_MAX_PER_SPI; i++) {
        log_row(log,
                "\"IPv4\",\"*\",\"*\",\"*\",\"AES-CBC [RFC3602]\",\"0x" HEX16 HEX16
                "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" HEX16 HEX16 HEX16 HEX16 "\"\n",
                rnd(), rnd());
    }
    keys = keyring_new(log);
}

/* Keys of many IKE SAs. */
static void
with_ike_keys(struct conversation *c)
{
    struct keylog *log = keylog_new();

    (void)c;
    for (unsigned i = 0; i < 10000; i++) {
        log_row(log,
                HEX16 "," HEX16 "," HEX16 REST_OF_16 "," HEX16 REST_OF_16
                      ",\"AES-CBC-128 [RFC3602]\"," HEX16 REST_OF_16 REST_OF_16 REST_OF_16
                      "," HEX16 REST_OF_16 REST_OF_16 REST_OF_16
                      ",\"HMAC_SHA2_256_128 [RFC4868]\"\n",
                rnd(), rnd());
    }
    keys = keyring_new(log);
}

#endif
