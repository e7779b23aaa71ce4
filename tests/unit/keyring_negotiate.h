/* keyring_negotiate.h - messages of IKEv2 that negotiate, as sent by both ends of one IKE SA.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_KEYRING_NEGOTIATE_H
#define ESPIAL_TEST_KEYRING_NEGOTIATE_H

#include "keyring_build.h"

enum { I = FLAG_INITIATOR,
       R = FLAG_RESPONSE,
       SPI_I = 0x31,
       SPI_R = 0x32,
       NEW_I = 0x41,
       NEW_R = 0x42,
       OTHER = 0x61,
       ESP_I = 0x0a0b0c0d,
       ESP_R = 0x1a1b1c1d,
       NOTIFY_LEN = 8 };

static struct buf b;
static const uint8_t notify[NOTIFY_LEN] = { 0, 0, 0, 8, 0, 0, 0x40, 0x14 };

static inline bool
says(struct keyring *k, const struct ike_keys *keys, uint8_t spi, unsigned exchange, unsigned flags,
     uint32_t id)
{
    sk_seal(&b, keys, exchange, flags, id, spi, (uint8_t)(spi + 1), V2P_NOTIFY, notify,
            sizeof notify, 0, 0);
    return tell(k, &b);
}

/* With two ciphers to choose from, or as chosen. */
static inline void
add_sa(struct buf *to, unsigned next, unsigned protocol, uint32_t spi, uint8_t ike_spi,
       bool choices)
{
    size_t sa = open_part(to, next), p = open_part(to, 0);

    u8(to, 1);
    u8(to, protocol);
    u8(to, protocol == PROTO_ESP ? 4 : ike_spi ? 8 :
                                                 0);
    u8(to, choices ? 4 : 3);
    if (protocol == PROTO_ESP) {
        u32(to, spi);
    } else if (ike_spi) {
        fill(to, ike_spi, 8);
    }
    if (choices) {
        transform2(to, true, TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    }
    transform2(to, true, TRANSFORM_ENCR, AES, 128);
    transform2(to, true, TRANSFORM_INTEG, SHA1, 0);
    transform2(to, false, protocol == PROTO_ESP ? TRANSFORM_ESN : TRANSFORM_PRF,
               protocol == PROTO_ESP ? 0 : PRF_SHA256, 0);
    close_part(to, p);
    close_part(to, sa);
}

static inline struct crypt_key
nonce(uint8_t seed)
{
    return key_like(seed, 32);
}

static inline void
init(struct keyring *k, bool response, uint8_t seed)
{
    struct crypt_key n = nonce(seed);

    header(&b, V2P_SA, 0x20, V2_IKE_SA_INIT, response ? R : I, 0);
    set_spis(&b, SPI_I, response ? SPI_R : 0);
    add_sa(&b, V2P_NONCE, PROTO_IKE, 0, 0, !response);
    blob(&b, 0, n.at, n.len);
    set_length(&b, b.n);
    T(!tell(k, &b));
}

/* SA, and nonce and KE where they are given. */
static inline void
negotiation(struct buf *to, unsigned flags, unsigned protocol, uint32_t esp_spi, uint8_t ike_spi,
            const struct crypt_key *n, const struct crypt_key *ke)
{
    add_sa(to, n ? V2P_NONCE : 0, protocol, esp_spi, ike_spi, !(flags & R));
    if (n) {
        blob(to, ke ? V2P_KE : 0, n->at, n->len);
    }
    if (ke) {
        size_t part = open_part(to, 0);
        u16(to, 14);
        u16(to, 0);
        for (size_t i = 0; i < ke->len; i++) {
            u8(to, ke->at[i]);
        }
        close_part(to, part);
    }
}

/* A message with them. */
static inline bool
negotiate(struct keyring *k, const struct ike_keys *keys, uint8_t spi, unsigned exchange,
          unsigned flags, uint32_t id, unsigned protocol, uint32_t esp_spi, uint8_t ike_spi,
          const struct crypt_key *n, const struct crypt_key *ke)
{
    struct buf inner = { .n = 0 };

    negotiation(&inner, flags, protocol, esp_spi, ike_spi, n, ke);
    sk_seal(&b, keys, exchange, flags, id, spi, (uint8_t)(spi + 1), V2P_SA, inner.b, inner.n, 0, 0);
    return tell(k, &b);
}

/* A packet towards spi opens with the keys of RFC 7296 section 2.17. */
static inline bool
opens_esp(struct keyring *k, uint16_t prf, const struct crypt_key *sk_d, const struct crypt_key *g,
          const struct crypt_key *ni, const struct crypt_key *nr, uint32_t spi, bool second)
{
    struct span a = { ni->at, ni->len }, c = { nr->at, nr->len },
                secret = { g ? g->at : NULL, g ? g->len : 0 };
    uint8_t keymat[72], packet[100];
    struct esp_clear clear;
    struct esp_keys keys;
    static struct buf esp;
    size_t used;

    memset(&keys, 0, sizeof keys);
    T(child_keymat_v2(prf, sk_d, g ? &secret : NULL, &a, &c, keymat, sizeof keymat));
    T(esp_keys_cut(&keys, AES, 128, SHA1, keymat + (second ? 36 : 0), 36, &used));
    ip_packet(packet, sizeof packet);
    esp_seal(&esp, &keys, spi, 1, 4, packet, sizeof packet, 0);
    return keyring_open_esp(k, &clear, esp.b, esp.n, esp.n, true) && clear.icv == ICV_GOOD &&
           memcmp(clear.head, packet, 90) == 0;
}

static inline void
child(struct keyring *k, const struct ike_keys *keys, uint32_t id, uint32_t spi_i, uint32_t spi_r,
      uint8_t seed)
{
    struct crypt_key ni = nonce(seed), nr = nonce((uint8_t)(seed + 1));

    T(negotiate(k, keys, SPI_I, V2_CREATE_CHILD_SA, I, id, PROTO_ESP, spi_i, 0, &ni, NULL));
    T(negotiate(k, keys, SPI_I, V2_CREATE_CHILD_SA, R, id, PROTO_ESP, spi_r, 0, &nr, NULL));
}

static inline bool
child_opens(struct keyring *k, uint16_t prf, const struct ike_keys *keys, uint32_t spi,
            uint8_t seed)
{
    struct crypt_key ni = nonce(seed), nr = nonce((uint8_t)(seed + 1));

    return opens_esp(k, prf, &keys->sk_d, NULL, &ni, &nr, spi, false);
}

static inline void
cut_key(struct crypt_key *to, const uint8_t *all, size_t *at, size_t len)
{
    memset(to, 0, sizeof *to);
    memcpy(to->at, all + *at, len);
    to->len = len;
    *at += len;
}

/* RFC 7296 section 2.18, the new keys cut as in section 2.14. */
static inline struct ike_keys
rekeyed_keys(const struct ike_keys *old, const struct crypt_key *g, const struct crypt_key *ni,
             const struct crypt_key *nr)
{
    uint8_t spis[16], seed[64], all[112];
    struct span in[3] = { { g->at, g->len }, { ni->at, ni->len }, { nr->at, nr->len } };
    struct span out[3] = { { ni->at, ni->len }, { nr->at, nr->len }, { spis, 16 } };
    struct ike_keys keys = { .encr = AES, .integ = SHA1, .prf = PRF_SHA256 };
    size_t at = 0;

    memset(spis, NEW_I, 8);
    memset(spis + 8, NEW_R, 8);
    T(prf_run(PRF_SHA1, old->sk_d.at, old->sk_d.len, in, 3, seed));
    T(prf_plus(PRF_SHA256, seed, 20, out, 3, all, 32 + 2 * 20 + 2 * 16));
    cut_key(&keys.sk_d, all, &at, 32);
    cut_key(&keys.sk_ai, all, &at, 20);
    cut_key(&keys.sk_ar, all, &at, 20);
    cut_key(&keys.sk_ei, all, &at, 16);
    cut_key(&keys.sk_er, all, &at, 16);
    return keys;
}

#endif
