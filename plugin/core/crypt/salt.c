/* salt.c - AES-GCM without its salt: whether the key alone is right (RFC 4106, NIST SP 800-38D).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/cursor.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum { BLOCK = 16, SALT = 4, IV = 8, ICV = 16, SEQUENCE = 4 };

/* The tag under a nonce of zeros. */
static bool
tag_of(gcry_cipher_hd_t gcm, const struct span *aad, const uint8_t *text, size_t len,
       uint8_t tag[BLOCK])
{
    static const uint8_t nonce[SALT + IV];
    GByteArray *scratch = g_byte_array_new();
    bool done;

    g_byte_array_set_size(scratch, (guint)len);
    done = !gcry_cipher_setiv(gcm, nonce, sizeof nonce) &&
           !gcry_cipher_authenticate(gcm, aad->at, aad->len) &&
           !gcry_cipher_decrypt(gcm, scratch->data, len, text, len) &&
           !gcry_cipher_gettag(gcm, tag, BLOCK);
    g_byte_array_free(scratch, TRUE);
    return done;
}

/* The tag is a hash under the key alone, plus the encrypted counter block: salt, IV and 1.  Without
 * the hash of this very packet and decrypted, it must show the packet's IV. */
static bool
shows_iv(gcry_cipher_hd_t gcm, gcry_cipher_hd_t ecb, const struct span *aad, const uint8_t *packet,
         size_t len)
{
    static const uint8_t one[SALT] = { 0, 0, 0, 1 };
    const uint8_t *iv = packet + ESP_HEADER, *icv = packet + len - ICV;
    uint8_t tag[BLOCK], zero[BLOCK] = { [BLOCK - 1] = 1 }, block[BLOCK];

    if (!tag_of(gcm, aad, iv + IV, (size_t)(icv - iv) - IV, tag) ||
        gcry_cipher_encrypt(ecb, zero, BLOCK, NULL, 0)) {
        return false;
    }
    for (size_t i = 0; i < BLOCK; i++) {
        block[i] = icv[i] ^ tag[i] ^ zero[i];
    }
    return !gcry_cipher_decrypt(ecb, block, BLOCK, NULL, 0) && !memcmp(block + SALT, iv, IV) &&
           !memcmp(block + SALT + IV, one, sizeof one);
}

size_t
esp_salt_len(uint16_t encr)
{
    const struct crypt_cipher *c = crypt_cipher_of(encr);

    return c && c->icv ? c->salt : 0;
}

bool
esp_salt_differs(const struct esp_keys *k, const uint8_t *packet, size_t len)
{
    const struct crypt_cipher *c = crypt_cipher_of(ENCR_AES_GCM_16);
    size_t key = k->encr_key.len > SALT ? k->encr_key.len - SALT : 0;
    uint8_t aad[ESP_HEADER + SEQUENCE] = { 0 };
    struct span short_one = { aad, ESP_HEADER }, long_one = { aad, sizeof aad };
    gcry_cipher_hd_t gcm, ecb;
    const char *why;
    int algo;
    bool differs;

    algo = k->encr == ENCR_AES_GCM_16 ? crypt_cipher_algo(c, key, &why) : 0;
    if (!algo || len < ESP_HEADER + IV + SEQUENCE + ICV) {
        return false;
    }
    gcm = crypt_cipher_handle(algo, GCRY_CIPHER_MODE_GCM, k->encr_key.at, key);
    ecb = crypt_cipher_handle(algo, GCRY_CIPHER_MODE_ECB, k->encr_key.at, key);
    memcpy(aad, packet, ESP_HEADER);
    differs = gcm && ecb && shows_iv(gcm, ecb, &short_one, packet, len);
    if (gcm && ecb && !differs && !gcry_cipher_reset(gcm)) {
        memset(aad + SEQUENCE, 0, SEQUENCE);    /* the upper half of an extended number */
        memcpy(aad + ESP_HEADER, packet + SEQUENCE, SEQUENCE);
        differs = shows_iv(gcm, ecb, &long_one, packet, len);
    }
    gcry_cipher_close(gcm);
    gcry_cipher_close(ecb);
    return differs;
}
