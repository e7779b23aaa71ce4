/* mac.c - integrity algorithms and the MACs of prfs, by number.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/names.h>
#include <glib.h>
#include <string.h>

enum { XCBC = -1, AES_BLOCK = 16 };

static const struct mac_row {
    uint16_t id;
    int algo;
    uint8_t key, len, icv;      /* octets: key, whole output, cut output */
    const char *wrong_key;
} macs[] = {
    { INTEG_HMAC_MD5_96, GCRY_MAC_HMAC_MD5, 16, 16, 12,    /* RFC 2403 */
      "an HMAC_MD5_96 key has 16 octets" },
    { INTEG_HMAC_SHA1_96, GCRY_MAC_HMAC_SHA1, 20, 20, 12,    /* RFC 2404 */
      "an HMAC_SHA1_96 key has 20 octets" },
    { INTEG_AES_XCBC_96, XCBC, 16, 16, 12,    /* RFC 3566 */
      "an AES_XCBC_96 key has 16 octets" },
    { INTEG_HMAC_MD5_128, GCRY_MAC_HMAC_MD5, 16, 16, 16,    /* RFC 4595 */
      "an HMAC_MD5_128 key has 16 octets" },
    { INTEG_HMAC_SHA1_160, GCRY_MAC_HMAC_SHA1, 20, 20, 20,
      "an HMAC_SHA1_160 key has 20 octets" },
    { INTEG_AES_CMAC_96, GCRY_MAC_CMAC_AES, 16, 16, 12,    /* RFC 4494 */
      "an AES_CMAC_96 key has 16 octets" },
    { INTEG_HMAC_SHA2_256_128, GCRY_MAC_HMAC_SHA256, 32, 32, 16,    /* RFC 4868 */
      "an HMAC_SHA2_256_128 key has 32 octets" },
    { INTEG_HMAC_SHA2_384_192, GCRY_MAC_HMAC_SHA384, 48, 48, 24,
      "an HMAC_SHA2_384_192 key has 48 octets" },
    { INTEG_HMAC_SHA2_512_256, GCRY_MAC_HMAC_SHA512, 64, 64, 32,
      "an HMAC_SHA2_512_256 key has 64 octets" },
    { CRYPT_INTEG_SHA256_96, GCRY_MAC_HMAC_SHA256, 32, 32, 12,
      "an HMAC_SHA2_256_96 key has 32 octets" },
};

static const struct { uint16_t id; int algo; uint8_t len; } prfs[] = {
    { PRF_HMAC_MD5, GCRY_MAC_HMAC_MD5, 16 }, { PRF_HMAC_SHA1, GCRY_MAC_HMAC_SHA1, 20 },
    { PRF_AES128_XCBC, XCBC, 16 }, { PRF_HMAC_SHA2_256, GCRY_MAC_HMAC_SHA256, 32 },
    { PRF_HMAC_SHA2_384, GCRY_MAC_HMAC_SHA384, 48 },
    { PRF_HMAC_SHA2_512, GCRY_MAC_HMAC_SHA512, 64 }, { PRF_AES128_CMAC, GCRY_MAC_CMAC_AES, 16 },
};

static const struct mac_row *
mac_row_of(uint16_t integ)
{
    for (size_t i = 0; i < G_N_ELEMENTS(macs); i++) {
        if (macs[i].id == integ) {
            return &macs[i];
        }
    }
    return NULL;
}

bool
crypt_integ_key_len(uint16_t integ, size_t *out)
{
    const struct mac_row *row = mac_row_of(integ);

    if (!row && integ) {
        return false;
    }
    *out = row ? row->key : 0;
    return true;
}

size_t
prf_len(uint16_t prf)
{
    for (size_t i = 0; i < G_N_ELEMENTS(prfs); i++) {
        if (prfs[i].id == prf) {
            return prfs[i].len;
        }
    }
    return 0;
}

/* --- AES-XCBC-MAC (RFC 3566 section 4) --------------------------------------- */

static bool
xcbc_open(struct crypt_mac *m, const uint8_t *key)
{
    gcry_cipher_hd_t aes =
        crypt_cipher_handle(GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, key, AES_BLOCK);
    uint8_t k[3][AES_BLOCK];
    bool ok;

    for (size_t i = 0; i < 3; i++) {
        memset(k[i], (int)i + 1, AES_BLOCK);
    }
    ok = aes && !gcry_cipher_encrypt(aes, k, sizeof k, NULL, 0);
    gcry_cipher_close(aes);
    if (!ok) {
        return false;
    }
    memcpy(m->k2, k[1], AES_BLOCK);
    memcpy(m->k3, k[2], AES_BLOCK);
    m->xcbc = crypt_cipher_handle(GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_ECB, k[0], AES_BLOCK);
    return m->xcbc != NULL;
}

struct xcbc_state {
    uint8_t e[AES_BLOCK];       /* the last block out, with the next one going in */
    size_t fill;
};

static void
xor_block(uint8_t *to, const uint8_t *with)
{
    for (size_t i = 0; i < AES_BLOCK; i++) {
        to[i] ^= with[i];
    }
}

static bool
xcbc_update(const struct crypt_mac *m, struct xcbc_state *s, const struct span *data)
{
    for (size_t i = 0; i < data->len; i++) {
        /* A full block waits for the next octet: the last one is another case. */
        if (s->fill == AES_BLOCK) {
            if (gcry_cipher_encrypt(m->xcbc, s->e, AES_BLOCK, NULL, 0)) {
                return false;
            }
            s->fill = 0;
        }
        s->e[s->fill++] ^= data->at[i];
    }
    return true;
}

static bool
xcbc_run(const struct crypt_mac *m, const struct span *data, size_t n, uint8_t *out)
{
    struct xcbc_state s = { { 0 }, 0 };

    for (size_t i = 0; i < n; i++) {
        if (!xcbc_update(m, &s, &data[i])) {
            return false;
        }
    }
    if (s.fill == AES_BLOCK) {
        xor_block(s.e, m->k2);
    } else {
        s.e[s.fill] ^= 0x80;
        xor_block(s.e, m->k3);
    }
    memcpy(out, s.e, AES_BLOCK);
    return !gcry_cipher_encrypt(m->xcbc, out, AES_BLOCK, NULL, 0);
}

/* --- all of them --------------------------------------------------------------- */

static bool
mac_start(struct crypt_mac *m, int algo, const uint8_t *key, size_t key_len)
{
    crypt_ready();
    if (algo == XCBC) {
        return xcbc_open(m, key);
    }
    if (gcry_mac_open(&m->mac, algo, 0, NULL)) {
        m->mac = NULL;
        return false;
    }
    return !gcry_mac_setkey(m->mac, key_len ? key : (const uint8_t *)"", key_len);
}

bool
crypt_mac_open(struct crypt_mac *m, uint16_t integ, const uint8_t *key, size_t key_len,
               const char **why)
{
    const struct mac_row *row = mac_row_of(integ);

    memset(m, 0, sizeof *m);
    if (!row) {
        bool gmac = integ >= INTEG_AES_128_GMAC && integ <= INTEG_AES_256_GMAC;
        *why = gmac ? "AES-GMAC is an integrity algorithm of AH alone"
                                         : "this integrity algorithm is not supported";
        return false;
    }
    if (key_len != row->key) {
        *why = row->wrong_key;
        return false;
    }
    m->len = row->len;
    m->icv = row->icv;
    if (!mac_start(m, row->algo, key, key_len)) {
        crypt_mac_close(m);
        *why = "libgcrypt does not have this integrity algorithm";
        return false;
    }
    return true;
}

/* The keys of AES are made to fit: XCBC pads a short one with zeros (RFC 4434 section 2),
 * CMAC hashes it (RFC 4615 section 3); both hash a long one under the key zero. */
static bool
fit_key(int algo, const uint8_t *key, size_t key_len, uint8_t *out)
{
    struct crypt_mac zero = { .len = AES_BLOCK };
    struct span whole = { key, key_len };
    uint8_t none[AES_BLOCK] = { 0 };
    bool ok;

    if (key_len == AES_BLOCK || (algo == XCBC && key_len < AES_BLOCK)) {
        memset(out, 0, AES_BLOCK);
        if (key_len) {
            memcpy(out, key, key_len);
        }
        return true;
    }
    ok = mac_start(&zero, algo, none, sizeof none) && crypt_mac_run(&zero, &whole, 1, out);
    crypt_mac_close(&zero);
    return ok;
}

bool
crypt_mac_open_prf(struct crypt_mac *m, uint16_t prf, const uint8_t *key, size_t key_len)
{
    uint8_t fitted[AES_BLOCK];
    int algo = 0;

    memset(m, 0, sizeof *m);
    for (size_t i = 0; i < G_N_ELEMENTS(prfs); i++) {
        if (prfs[i].id == prf) {
            algo = prfs[i].algo;
            m->len = m->icv = prfs[i].len;
        }
    }
    if (algo == XCBC || algo == GCRY_MAC_CMAC_AES) {
        if (!fit_key(algo, key, key_len, fitted)) {
            return false;
        }
        key = fitted;
        key_len = sizeof fitted;
    }
    bool ok = algo && mac_start(m, algo, key, key_len);
    crypt_wipe(fitted, sizeof fitted);
    if (!ok) {
        crypt_mac_close(m);
    }
    return ok;
}

void
crypt_mac_close(struct crypt_mac *m)
{
    gcry_mac_close(m->mac);
    gcry_cipher_close(m->xcbc);
    crypt_wipe(m, sizeof *m);
}

bool
crypt_mac_run(struct crypt_mac *m, const struct span *data, size_t n, uint8_t *out)
{
    size_t len = m->len;

    if (m->xcbc) {
        return xcbc_run(m, data, n, out);
    }
    if (gcry_mac_reset(m->mac)) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (data[i].len && gcry_mac_write(m->mac, data[i].at, data[i].len)) {
            return false;
        }
    }
    return !gcry_mac_read(m->mac, out, &len) && len == m->len;
}

bool
crypt_mac_check(struct crypt_mac *m, const struct span *data, size_t n, const uint8_t *icv)
{
    uint8_t whole[CRYPT_PRF_MAX];

    return crypt_mac_run(m, data, n, whole) && memcmp(whole, icv, m->icv) == 0;
}
