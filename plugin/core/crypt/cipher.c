/* cipher.c - ciphers by number, on libgcrypt.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/names.h>
#include <glib.h>
#include <string.h>

struct crypt_family {
    struct { uint8_t octets; int algo; } keys[3];   /* of libgcrypt; the first is the default */
    const char *wrong_key;
};

static const struct crypt_family aes = { { { 16, GCRY_CIPHER_AES128 }, { 24, GCRY_CIPHER_AES192 },
    { 32, GCRY_CIPHER_AES256 } }, "an AES key has 16, 24 or 32 octets" };
static const struct crypt_family camellia = { { { 16, GCRY_CIPHER_CAMELLIA128 },
    { 24, GCRY_CIPHER_CAMELLIA192 }, { 32, GCRY_CIPHER_CAMELLIA256 } },
    "a Camellia key has 16, 24 or 32 octets" };
static const struct crypt_family des = { { { 8, GCRY_CIPHER_DES } }, "a DES key has 8 octets" };
static const struct crypt_family des3 = { { { 24, GCRY_CIPHER_3DES } },
    "a 3DES key has 24 octets" };
/* RFC 2144 has keys from 5 octets on, libgcrypt the longest alone. */
static const struct crypt_family cast = { { { 16, GCRY_CIPHER_CAST5 } },
    "a CAST key of other than 16 octets is not supported" };
static const struct crypt_family blowfish = { { { 16, GCRY_CIPHER_BLOWFISH } },
    "a Blowfish key has 5 to 56 octets" };
static const struct crypt_family chacha = { { { 32, GCRY_CIPHER_CHACHA20 } },
    "a ChaCha20 key has 32 octets" };

enum { BLOWFISH_MIN = 5, BLOWFISH_MAX = 56 };       /* RFC 2451 section 2.1 */

static const struct crypt_cipher ciphers[] = {
    { ENCR_DES_CBC, CRYPT_CBC, &des, 8, 8, 0, 0 },                         /* RFC 2405 */
    { ENCR_3DES_CBC, CRYPT_CBC, &des3, 8, 8, 0, 0 },                       /* RFC 2451 */
    { ENCR_CAST_CBC, CRYPT_CBC, &cast, 8, 8, 0, 0 },
    { ENCR_BLOWFISH_CBC, CRYPT_CBC, &blowfish, 8, 8, 0, 0 },
    { ENCR_NULL, CRYPT_NULL, NULL, 0, 1, 0, 0 },                           /* RFC 2410 */
    { ENCR_AES_CBC, CRYPT_CBC, &aes, 16, 16, 0, 0 },                       /* RFC 3602 */
    { ENCR_AES_CTR, CRYPT_CTR, &aes, 8, 1, 0, 4 },                         /* RFC 3686 */
    { ENCR_AES_CCM_8, CRYPT_CCM, &aes, 8, 1, 8, 3 },                       /* RFC 4309 */
    { ENCR_AES_CCM_12, CRYPT_CCM, &aes, 8, 1, 12, 3 },
    { ENCR_AES_CCM_16, CRYPT_CCM, &aes, 8, 1, 16, 3 },
    { ENCR_AES_GCM_8, CRYPT_GCM, &aes, 8, 1, 8, 4 },                       /* RFC 4106 */
    { ENCR_AES_GCM_12, CRYPT_GCM, &aes, 8, 1, 12, 4 },
    { ENCR_AES_GCM_16, CRYPT_GCM, &aes, 8, 1, 16, 4 },
    { ENCR_NULL_AES_GMAC, CRYPT_GMAC, &aes, 8, 1, 16, 4 },                 /* RFC 4543 */
    { ENCR_CAMELLIA_CBC, CRYPT_CBC, &camellia, 16, 16, 0, 0 },             /* RFC 4312 */
    { ENCR_CAMELLIA_CTR, CRYPT_CTR, &camellia, 8, 1, 0, 4 },               /* RFC 5529 */
    { ENCR_CAMELLIA_CCM_8, CRYPT_CCM, &camellia, 8, 1, 8, 3 },
    { ENCR_CAMELLIA_CCM_12, CRYPT_CCM, &camellia, 8, 1, 12, 3 },
    { ENCR_CAMELLIA_CCM_16, CRYPT_CCM, &camellia, 8, 1, 16, 3 },
    { ENCR_CHACHA20_POLY1305, CRYPT_CHACHA, &chacha, 8, 1, 16, 4 },        /* RFC 7634 */
    { ENCR_AES_CCM_8_IIV, CRYPT_CCM, &aes, 0, 1, 8, 3 },                   /* RFC 8750 */
    { ENCR_AES_GCM_16_IIV, CRYPT_GCM, &aes, 0, 1, 16, 4 },
    { ENCR_CHACHA20_POLY1305_IIV, CRYPT_CHACHA, &chacha, 0, 1, 16, 4 },
};

void
crypt_ready(void)
{
    /* Inside Wireshark its start has done this; only the unit tests have not. */
    if (!gcry_control(GCRYCTL_INITIALIZATION_FINISHED_P)) {
        gcry_check_version(NULL);
        gcry_control(GCRYCTL_DISABLE_SECMEM, 0);
        gcry_control(GCRYCTL_INITIALIZATION_FINISHED, 0);
    }
}

const struct crypt_cipher *
crypt_cipher_of(uint16_t encr)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++) {
        if (ciphers[i].id == encr) {
            return &ciphers[i];
        }
    }
    return NULL;
}

int
crypt_cipher_algo(const struct crypt_cipher *c, size_t key_len, const char **why)
{
    const struct crypt_family *f = c->family;

    if (f == &blowfish && key_len >= BLOWFISH_MIN && key_len <= BLOWFISH_MAX) {
        return GCRY_CIPHER_BLOWFISH;
    }
    for (size_t i = 0; f && f != &blowfish && i < G_N_ELEMENTS(f->keys); i++) {
        if (f->keys[i].octets == key_len && key_len) {
            return f->keys[i].algo;
        }
    }
    *why = f ? f->wrong_key : "NULL encryption has no key";
    return 0;
}

bool
crypt_encr_key_len(uint16_t encr, uint16_t key_bits, size_t *out)
{
    const struct crypt_cipher *c = crypt_cipher_of(encr);
    size_t octets = key_bits / 8u;
    const char *why;

    if (!c || key_bits % 8 || (!c->family && key_bits)) {
        return false;
    }
    if (c->family && !key_bits) {
        octets = c->family->keys[0].octets;
    }
    /* Parity is counted in the Key Length of some: 56 and 168 bits are the same keys. */
    if (c->family == &des && key_bits == 56) {
        octets = 8;
    } else if (c->family == &des3 && key_bits == 168) {
        octets = 24;
    }
    if (c->family && !crypt_cipher_algo(c, octets, &why)) {
        return false;
    }
    *out = octets + c->salt;
    return true;
}

gcry_cipher_hd_t
crypt_cipher_handle(int algo, int mode, const uint8_t *key, size_t key_len)
{
    gcry_cipher_hd_t h = NULL;
    gcry_err_code_t e;

    crypt_ready();
    if (gcry_cipher_open(&h, algo, mode, 0)) {
        return NULL;
    }
    /* A weak DES key is for the peers to avoid; here it has only to be read. */
    gcry_cipher_ctl(h, GCRYCTL_SET_ALLOW_WEAK_KEY, NULL, 1);
    e = gcry_err_code(gcry_cipher_setkey(h, key, key_len));
    if (e && e != GPG_ERR_WEAK_KEY) {
        gcry_cipher_close(h);
        return NULL;
    }
    return h;
}

gcry_cipher_hd_t
crypt_aead_handle(const struct crypt_cipher *c, int algo, const uint8_t *key, size_t key_len)
{
    int mode = c->mode == CRYPT_CCM ? GCRY_CIPHER_MODE_CCM
             : c->mode == CRYPT_CHACHA ? GCRY_CIPHER_MODE_POLY1305 : GCRY_CIPHER_MODE_GCM;

    return crypt_cipher_handle(algo, mode, key, key_len);
}

/* CCM has the lengths in its first block, so it must know them before the text. */
static bool
set_lengths(gcry_cipher_hd_t h, const struct crypt_cipher *c, size_t aad, size_t len)
{
    uint64_t lengths[3] = { len, aad, c->icv };

    return c->mode != CRYPT_CCM ||
           !gcry_cipher_ctl(h, GCRYCTL_SET_CCM_LENGTHS, lengths, sizeof lengths);
}

bool
crypt_aead_open(gcry_cipher_hd_t h, const struct crypt_cipher *c, const uint8_t *nonce,
                const struct span *aad, const uint8_t *cipher, size_t len, uint8_t *out)
{
    if (gcry_cipher_reset(h) || gcry_cipher_setiv(h, nonce, (size_t)c->salt + IMPLICIT_IV) ||
        !set_lengths(h, c, aad->len, len) || gcry_cipher_authenticate(h, aad->at, aad->len)) {
        return false;
    }
    /* GMAC has no text. */
    if (len && gcry_cipher_decrypt(h, out, len, cipher, len)) {
        return false;
    }
    return !gcry_cipher_checktag(h, cipher + len, c->icv);
}

size_t
crypt_stream_block(const struct crypt_cipher *c)
{
    return c->mode == CRYPT_CHACHA ? 64 : 16;
}

/* The counter block of each mode, text block 0 being the first that is not for the tag:
 * CTR 1 (RFC 3686 section 4), GCM 2 (J0 is for the tag), CCM A1 (RFC 3610 section 2.3). */
static bool
set_counter(gcry_cipher_hd_t h, const struct crypt_cipher *c, const uint8_t *nonce, uint32_t block)
{
    uint8_t b[16] = { 0 };

    if (c->mode == CRYPT_CHACHA) {
        for (int i = 0; i < 4; i++) {
            b[i] = (uint8_t)((block + 1) >> (8 * i));   /* RFC 8439 section 2.3: little endian */
        }
        memcpy(b + 4, nonce, 12);
        return !gcry_cipher_setiv(h, b, sizeof b);
    }
    if (c->mode == CRYPT_CCM) {
        b[0] = 3;                                           /* L - 1, RFC 4309 section 4 */
        memcpy(b + 1, nonce, 11);
    } else {
        memcpy(b, nonce, 12);
    }
    put_be32(b + 12, block + (c->mode == CRYPT_GCM ? 2 : 1));
    return !gcry_cipher_setctr(h, b, sizeof b);
}

bool
crypt_stream_open(gcry_cipher_hd_t h, const struct crypt_cipher *c, const uint8_t *nonce,
                  uint32_t block, const uint8_t *cipher, size_t len, uint8_t *out)
{
    return len == 0 || (!gcry_cipher_reset(h) && set_counter(h, c, nonce, block) &&
                        !gcry_cipher_decrypt(h, out, len, cipher, len));
}
