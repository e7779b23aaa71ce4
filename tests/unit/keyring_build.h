/* keyring_build.h - seals what the key ring opens: ESP, SK and SKF of IKEv2, CBC of IKEv1.  All
 * keys are invented.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_KEYRING_BUILD_H
#define ESPIAL_TEST_KEYRING_BUILD_H

#include "ike_build.h"

#include "algorithm.h"
#include "format.h"

#include <espial/keyring.h>

enum {
    AES = ENCR_AES_CBC, SHA1 = INTEG_HMAC_SHA1_96, GCM = ENCR_AES_GCM_16,
    GCM_IIV = ENCR_AES_GCM_16_IIV, PRF_SHA1 = PRF_HMAC_SHA1, PRF_SHA256 = PRF_HMAC_SHA2_256
};

static inline struct crypt_key
key_like(uint8_t seed, size_t len)
{
    struct crypt_key k = { .len = len };

    for (size_t i = 0; i < len; i++) {
        k.at[i] = (uint8_t)(seed + 3 * i);
    }
    return k;
}

static inline struct key_reader
reader(struct keylog *log)
{
    static GString *none;

    if (!none) {
        none = g_string_new(NULL);
    }
    return (struct key_reader){ .log = log, .name = "test", .messages = none };
}

static inline void
log_esp(struct keylog *log, uint32_t spi, const struct esp_keys *keys)
{
    struct key_reader r = reader(log);

    keylog_add_esp(&r, spi, keys);
    T(r.refused == 0);
}

static inline void
log_ike2(struct keylog *log, uint8_t spi, const struct ike_keys *keys)
{
    struct key_reader r = reader(log);
    uint8_t spi_i[8];

    memset(spi_i, spi, sizeof spi_i);
    keylog_add_ike2(&r, spi_i, NULL, keys);
}

static inline void
log_ike1(struct keylog *log, uint8_t cookie, const struct crypt_key *key)
{
    struct key_reader r = reader(log);
    uint8_t spi_i[8];

    memset(spi_i, cookie, sizeof spi_i);
    keylog_add_ike1(&r, spi_i, key, &(struct crypt_key){ .len = 0 });
}

static inline void
log_secret(struct keylog *log, const struct crypt_key *secret)
{
    struct key_reader r = reader(log);

    keylog_add_secret(&r, secret->at, secret->len);
}

/* --- encryption ----------------------------------------------------------------- */

static inline void
cbc_seal(int algo, const struct crypt_key *key, const uint8_t *iv, size_t block,
         const uint8_t *clear, size_t len, uint8_t *out)
{
    gcry_cipher_hd_t h = crypt_cipher_handle(algo, GCRY_CIPHER_MODE_CBC, key->at, key->len);

    T(h && !gcry_cipher_setiv(h, iv, block) && !gcry_cipher_encrypt(h, out, len, clear, len));
    gcry_cipher_close(h);
}

static inline void
mac_add(struct buf *b, uint16_t integ, const struct crypt_key *key, const struct span *more)
{
    struct crypt_mac mac;
    const char *why;
    struct span parts[2] = { { b->b, b->n }, more ? *more : (struct span){ NULL, 0 } };
    uint8_t icv[CRYPT_PRF_MAX];

    T(crypt_mac_open(&mac, integ, key->at, key->len, &why) && crypt_mac_run(&mac, parts, 2, icv));
    memcpy(b->b + b->n, icv, mac.icv);
    b->n += mac.icv;
    crypt_mac_close(&mac);
}

/* --- ESP -------------------------------------------------------------------------- */

static inline struct esp_keys
esp_keys_like(uint16_t encr, uint16_t integ, uint8_t seed)
{
    struct esp_keys k;

    memset(&k, 0, sizeof k);
    k.encr = encr;
    k.integ = integ;
    k.encr_key = key_like(seed, encr == AES ? 16 : 20);
    k.integ_key = key_like((uint8_t)(seed + 1), integ ? 20 : 0);
    return k;
}

/* An IPv4 packet with UDP, len octets. */
static inline void
ip_packet(uint8_t *out, size_t len)
{
    uint32_t sum = 0;

    memset(out, 0x5a, len);
    memset(out, 0, 20);
    out[0] = 0x45;
    out[2] = (uint8_t)(len >> 8);
    out[3] = (uint8_t)len;
    out[8] = 64;
    out[9] = 17;
    /* NOLINTNEXTLINE(bugprone-not-null-terminated-result): addresses, no text */
    memcpy(out + 12, "\x0a\1\0\1\x0a\2\0\2", 8);
    for (size_t i = 0; i < 20; i += 2) {
        sum += (uint32_t)(out[i] << 8 | out[i + 1]);
    }
    sum = 0xffff - (sum % 0xffff);
    out[10] = (uint8_t)(sum >> 8);
    out[11] = (uint8_t)sum;
}

/* pad_more: blocks of padding beyond the least. */
static inline void
esp_seal(struct buf *b, const struct esp_keys *k, uint32_t spi, uint64_t seq, uint8_t next,
         const uint8_t *payload, size_t len, size_t pad_more)
{
    size_t block = k->encr == AES ? 16 : 4,
           iv = k->encr == AES ? 16 : k->encr == GCM ? 8 : 0,
           pad = (block - (len + 2) % block) % block + pad_more * block;
    uint8_t plain[2048], high[4] = { (uint8_t)(seq >> 56), (uint8_t)(seq >> 48),
                                     (uint8_t)(seq >> 40), (uint8_t)(seq >> 32) };
    struct span more = { high, k->esn ? 4u : 0u };

    b->n = 0;
    u32(b, spi);
    u32(b, (uint32_t)seq);
    for (size_t i = 0; i < iv; i++) {
        u8(b, (unsigned)(seq * 7 + i) & 0xff);
    }
    memcpy(plain, payload, len);
    for (size_t i = 0; i < pad; i++) {
        plain[len + i] = (uint8_t)(i + 1);
    }
    plain[len + pad] = (uint8_t)pad;
    plain[len + pad + 1] = next;
    len += pad + 2;
    if (k->encr != AES) {
        gcry_cipher_hd_t h =
            crypt_aead_handle(crypt_cipher_of(GCM), GCRY_CIPHER_AES128, k->encr_key.at, 16);
        uint8_t nonce[12], aad[12];
        size_t n = k->esn ? 12 : 8;
        memcpy(nonce, k->encr_key.at + 16, 4);
        if (iv) {
            memcpy(nonce + 4, b->b + 8, 8);
        } else {                        /* RFC 8750 section 4 */
            memcpy(nonce + 4, high, 4);
            memcpy(nonce + 8, b->b + 4, 4);
        }
        memcpy(aad, b->b, 4);
        memcpy(aad + 4, high, 4);
        memcpy(aad + n - 4, b->b + 4, 4);
        T(!gcry_cipher_setiv(h, nonce, 12) && !gcry_cipher_authenticate(h, aad, n) &&
          !gcry_cipher_encrypt(h, b->b + b->n, len, plain, len) &&
          !gcry_cipher_gettag(h, b->b + b->n + len, 16));
        b->n += len + 16;
        gcry_cipher_close(h);
        return;
    }
    cbc_seal(GCRY_CIPHER_AES128, &k->encr_key, b->b + 8, 16, plain, len, b->b + b->n);
    b->n += len;
    if (k->integ) {
        mac_add(b, k->integ, &k->integ_key, &more);
    }
}

/* --- IKE --------------------------------------------------------------------------- */

static inline void
set_spis(struct buf *b, uint8_t spi_i, uint8_t spi_r)
{
    memset(b->b, spi_i, 8);
    memset(b->b + 8, spi_r, 8);
}

static inline void
blob(struct buf *b, unsigned next, const uint8_t *at, size_t len)
{
    size_t part = open_part(b, next);

    for (size_t i = 0; i < len; i++) {
        u8(b, at[i]);
    }
    close_part(b, part);
}

/* SK, or SKF where total is not 0.  AES-CBC and HMAC-SHA1. */
static inline void
sk_seal(struct buf *b, const struct ike_keys *k, unsigned exchange, unsigned flags, uint32_t id,
        uint8_t spi_i, uint8_t spi_r, unsigned first, const uint8_t *inner, size_t len,
        unsigned number, unsigned total)
{
    const struct crypt_key *encr = flags & FLAG_INITIATOR ? &k->sk_ei : &k->sk_er,
                           *integ = flags & FLAG_INITIATOR ? &k->sk_ai : &k->sk_ar;
    size_t pad = 15 - len % 16, sk;
    uint8_t plain[2048];

    header(b, total ? V2P_SKF : V2P_SK, 0x20, exchange, flags, id);
    set_spis(b, spi_i, spi_r);
    sk = open_part(b, number > 1 ? 0 : first);
    if (total) {
        u16(b, number);
        u16(b, total);
    }
    fill(b, 0x77, 16);
    memcpy(plain, inner, len);
    memset(plain + len, 0, pad);
    plain[len + pad] = (uint8_t)pad;
    cbc_seal(GCRY_CIPHER_AES128, encr, b->b + b->n - 16, 16, plain, len + pad + 1, b->b + b->n);
    b->n += len + pad + 1;
    b->n += 12;
    close_part(b, sk);
    set_length(b, b->n);
    b->n -= 12;
    mac_add(b, SHA1, integ, NULL);
}

static inline struct ike_keys
ike_keys_like(uint8_t seed)
{
    struct ike_keys k;

    memset(&k, 0, sizeof k);
    k.encr = AES;
    k.integ = SHA1;
    k.prf = PRF_SHA1;
    k.sk_d = key_like(seed, 20);
    k.sk_ai = key_like((uint8_t)(seed + 1), 20);
    k.sk_ar = key_like((uint8_t)(seed + 2), 20);
    k.sk_ei = key_like((uint8_t)(seed + 3), 16);
    k.sk_er = key_like((uint8_t)(seed + 4), 16);
    return k;
}

/* Where tell has a message from. */
static struct sighting told_at;

/* As a capture gives it: read, then learned from.  Exactly as many octets as there are. */
static inline bool
tell(struct keyring *k, const struct buf *b)
{
    static uint8_t *last;
    bool opened;

    free(last);                 /* m borrows from it until the next one */
    last = (uint8_t *)malloc(b->n);
    memcpy(last, b->b, b->n);
    T(ike_parse(&m, last, b->n, b->n));
    opened = keyring_read_ike(k, &m, last, b->n);
    keyring_learn_ike(k, &m, &told_at);
    if (b->n == 0) {
        abort();
    }
    return opened;
}

#endif
