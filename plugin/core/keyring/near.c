/* near.c - keys that do not fit: which neighbouring assumption does.  What fits is only told; no
 * packet or message counts as opened by it.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "near.h"

#include "clear.h"

#include <espial/limits.h>
#include <espial/names.h>
#include <string.h>

/* Algorithms that people take for one another: keys of the same length. */
static const uint16_t integs[] = {
    INTEG_HMAC_SHA2_256_128, CRYPT_INTEG_SHA256_96, INTEG_HMAC_SHA1_96, INTEG_HMAC_SHA1_160,
    INTEG_HMAC_MD5_96, INTEG_HMAC_MD5_128, INTEG_AES_XCBC_96, INTEG_AES_CMAC_96
};
static const uint16_t aeads[] = {
    ENCR_AES_GCM_16, ENCR_AES_GCM_12, ENCR_AES_GCM_8, ENCR_AES_CCM_16, ENCR_AES_CCM_12,
    ENCR_AES_CCM_8, ENCR_CAMELLIA_CCM_16, ENCR_CAMELLIA_CCM_12, ENCR_CAMELLIA_CCM_8
};
static const uint8_t icv_lengths[] = { 12, 16, 20, 24, 32 }; /* octets */

static bool
is_aead(uint16_t encr)
{
    for (size_t i = 0; i < G_N_ELEMENTS(aeads); i++) {
        if (aeads[i] == encr) {
            return true;
        }
    }
    return encr == ENCR_CHACHA20_POLY1305;
}

/* The algorithms of try number i instead of keys'; false behind the last. */
static bool
other_algorithms(uint16_t *encr, uint16_t *integ, size_t i)
{
    if (is_aead(*encr)) {
        *encr = i < G_N_ELEMENTS(aeads) ? aeads[i] : 0;
        return *encr != 0;
    }
    *integ = i < G_N_ELEMENTS(integs) ? integs[i] : 0;
    return *integ != 0;
}

/* --- ESP --------------------------------------------------------------------------------- */

/* With or without extended sequence numbers.  Only an ICV says so: j is left as it was. */
static bool
verifies(struct keyring *k, const struct esp_keys *keys, const struct esp_job *j)
{
    bool verified = false;

    for (int esn = 0; esn < 2 && !verified; esn++) {
        struct esp_candidate key = { .keys = keys, .esn = esn != 0 };
        struct esp_clear clear = { .icv = ICV_UNKNOWN };
        struct esp_job trial = { .at = j->at, .len = j->len, .seq = j->seq, .out = &clear };
        if (!budget_take(&k->near_tries, esn ? ESN_STARTS : 1)) {
            return false;
        }
        verified = candidate_opens(&key, &trial) && clear.icv == ICV_GOOD;
        esp_opener_free(key.opener);
    }
    return verified;
}

/* Some write the salt in front of the key, or its octets the other way round. */
static bool
by_salt(struct keyring *k, const struct esp_keys *keys, const struct esp_job *j)
{
    size_t salt = esp_salt_len(keys->encr), key = keys->encr_key.len - salt;
    struct esp_keys other = *keys;
    bool found = false;

    if (!salt || keys->encr_key.len <= salt) {
        return false;
    }
    if (budget_take(&k->near_tries, 2)) {
        found = esp_salt_differs(keys, j->at, j->len);
    }
    if (!found) {
        memcpy(other.encr_key.at, keys->encr_key.at + salt, key);
        memcpy(other.encr_key.at + key, keys->encr_key.at, salt);
        found = verifies(k, &other, j);
    }
    if (!found) {
        memcpy(other.encr_key.at, keys->encr_key.at, key);
        for (size_t i = 0; i < salt; i++) {
            other.encr_key.at[key + i] = keys->encr_key.at[key + salt - 1 - i];
        }
        found = verifies(k, &other, j);
    }
    if (found) {
        j->out->near.miss = NEAR_SALT;
    }
    crypt_wipe(&other, sizeof other);
    return found;
}

static bool
by_algorithm(struct keyring *k, const struct esp_keys *keys, const struct esp_job *j)
{
    struct esp_keys other = *keys;
    bool found = false;

    for (size_t i = 0; !found && other_algorithms(&other.encr, &other.integ, i); i++) {
        size_t len;
        found = (other.encr != keys->encr || other.integ != keys->integ) &&
                (!other.integ || (crypt_integ_key_len(other.integ, &len) &&
                                  len == other.integ_key.len)) &&
                verifies(k, &other, j);
        if (found) {
            j->out->near = (struct key_near){ .miss = NEAR_ALGORITHM, .encr = other.encr,
                                              .integ = other.integ };
        }
    }
    crypt_wipe(&other, sizeof other);
    return found;
}

/* A wrong key gives noise, which is no IP packet of the payload's length. */
static bool
reads(struct esp_opener *o, const struct esp_job *j, size_t icv)
{
    struct esp_clear c = { .icv = ICV_UNKNOWN };

    if (j->len <= icv || !esp_text_len(o, j->len - icv)) {
        return false;
    }
    clear_read(o, &c, j->at, j->len - icv, 0);
    return clear_plausible(&c, false);
}

static bool
decrypts(struct keyring *k, const struct esp_keys *keys, const struct esp_job *j)
{
    struct esp_keys bare = *keys;
    struct esp_opener *o;
    bool aead = is_aead(keys->encr), read = false;

    if (keys->encr == ENCR_NULL || !budget_take(&k->near_tries, 1)) {
        return false; /* without encryption all keys read it */
    }
    bare.integ = 0;
    bare.integ_key.len = 0;
    o = esp_opener_new(&bare, NULL);
    for (size_t i = 0; o && !read && i < (aead ? 1 : G_N_ELEMENTS(icv_lengths)); i++) {
        read = reads(o, j, aead ? 0 : icv_lengths[i]);
    }
    esp_opener_free(o);
    crypt_wipe(&bare, sizeof bare);
    if (read) {
        j->out->near.miss = NEAR_CIPHER;
    }
    return read;
}

/* Logs have the keys of a pair, and of a rekeyed pair, near one another: those around the place of
 * the key that does not fit come first. */
static void
by_neighbours(struct keyring *k, const struct esp_keys *keys, const struct esp_job *j)
{
    size_t all = keylog_num_esp(k->log), here = 0;
    uint32_t spi = be32(j->at);

    while (here < all && &keylog_esp(k->log, here)->keys != keys) {
        here++;
    }
    for (size_t i = 2; i < 2 + 2 * (size_t)KEYRING_NEAR_KEYS; i++) {
        size_t far = i / 2, at = i % 2 ? here - far : here + far;
        const struct keylog_esp *one = i % 2 && far > here ? NULL : keylog_esp(k->log, at);
        if (one && one->spi != spi && one->spi != KEYLOG_ANY_SPI && verifies(k, &one->keys, j)) {
            j->out->near = (struct key_near){ .miss = NEAR_OTHER_SPI, .spi = one->spi };
            return;
        }
    }
}

void
near_miss_esp(struct keyring *k, const struct esp_candidate *candidates, unsigned num,
              const struct esp_job *j)
{
    const struct esp_keys *last = NULL;

    for (unsigned i = 0; i < num; i++) {
        const struct esp_keys *keys = candidates[i].keys;
        if (candidates[i].any || candidates[i].derived || keys == last) {
            continue; /* each is there twice, with and without ESN */
        }
        last = keys;
        if (by_salt(k, keys, j) || by_algorithm(k, keys, j) || decrypts(k, keys, j)) {
            return;
        }
    }
    if (last) {
        by_neighbours(k, last, j);
    }
}

/* --- IKEv2 --------------------------------------------------------------------------------- */

static bool
ike_verifies(struct keyring *k, const struct ike_keys *keys, const struct ike_message *m,
             const uint8_t *at, size_t body, uint8_t *out)
{
    bool verified = false;
    size_t len;

    if (!budget_take(&k->near_tries, 1)) {
        return false;
    }
    (void)ike2_open(keys, (m->flags & FLAG_INITIATOR) != 0, at, m->length, body, out, &len,
                    &verified);
    return verified;
}

static struct key_near
near_ike(struct keyring *k, const struct ike_keys *keys, const struct ike_message *m,
         const uint8_t *at, size_t body, uint8_t *out)
{
    struct key_near near = { .miss = NEAR_NOTHING };
    struct ike_keys other = *keys;

    other.sk_ai = keys->sk_ar;
    other.sk_ar = keys->sk_ai;
    other.sk_ei = keys->sk_er;
    other.sk_er = keys->sk_ei;
    if (keys->encr && ike_verifies(k, &other, m, at, body, out)) {
        near.miss = NEAR_EXCHANGED;
    }
    other = *keys;
    for (size_t i = 0;
         !near.miss && keys->encr && other_algorithms(&other.encr, &other.integ, i); i++) {
        size_t len;
        if ((other.encr != keys->encr || other.integ != keys->integ) &&
            (!other.integ || (crypt_integ_key_len(other.integ, &len) && len == other.sk_ai.len)) &&
            ike_verifies(k, &other, m, at, body, out)) {
            near = (struct key_near){ .miss = NEAR_ALGORITHM, .encr = other.encr,
                                      .integ = other.integ };
        }
    }
    crypt_wipe(&other, sizeof other);
    return near;
}

struct key_near
near_miss_ike(struct keyring *k, const GPtrArray *named, const struct ike_message *m,
              const uint8_t *at, size_t body, uint8_t *out)
{
    struct key_near near = { .miss = NEAR_NOTHING };

    for (guint i = 0; i < named->len && !near.miss; i++) {
        near = near_ike(k, (const struct ike_keys *)g_ptr_array_index(named, i), m, at, body, out);
    }
    return near;
}
