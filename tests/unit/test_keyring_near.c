/* The key ring and keys that do not fit: what would, and what it was good for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_negotiate.h"

#include <espial/limits.h>

enum { SPI = 0x0badcafe,
       NEIGHBOUR = 0x0badcaff };

static struct esp_clear got;
static uint8_t carried[300];

static struct key_near
tries(struct keyring *k, const struct esp_keys *sealed, uint32_t spi, uint32_t seq)
{
    static struct buf sent;

    ip_packet(carried, sizeof carried);
    esp_seal(&sent, sealed, spi, seq, 4, carried, sizeof carried, 0);
    T(!keyring_open_esp(k, &got, sent.b, sent.n, sent.n, true) && got.icv == ICV_BAD &&
      got.named);
    return got.near;
}

static void
of_esp(void)
{
    struct esp_keys right = esp_keys_like(AES, SHA1, 9), given = right,
                    far = esp_keys_like(GCM, 0, 70), neighbour = esp_keys_like(AES, SHA1, 40);
    struct keyring *k = keyring_new(keylog_new());
    struct key_near near;

    given.integ = INTEG_HMAC_SHA1_160;
    log_esp(keyring_log(k), SPI, &given);
    near = tries(k, &right, SPI, 1); /* another length of the ICV */
    T(near.miss == NEAR_ALGORITHM && near.integ == SHA1 && near.encr == AES);
    keyring_free(k);

    k = keyring_new(keylog_new());
    given = right;
    given.integ_key.at[0] ^= 1;
    log_esp(keyring_log(k), SPI, &given);
    T(tries(k, &right, SPI, 1).miss == NEAR_CIPHER);
    given = right;
    given.encr_key.at[0] ^= 1;
    T(tries(k, &given, SPI, 2).miss == NEAR_NOTHING);
    keyring_free(k);

    k = keyring_new(keylog_new()); /* directions exchanged, or two SAs */
    log_esp(keyring_log(k), SPI, &neighbour);
    log_esp(keyring_log(k), NEIGHBOUR, &right);
    near = tries(k, &right, SPI, 1);
    T(near.miss == NEAR_OTHER_SPI && near.spi == NEIGHBOUR);
    keyring_free(k);

    k = keyring_new(keylog_new()); /* an AEAD whose ICV is said too short */
    given = far;
    given.encr = ENCR_AES_GCM_8;
    log_esp(keyring_log(k), SPI, &given);
    near = tries(k, &far, SPI, 1);
    T(near.miss == NEAR_ALGORITHM && near.encr == GCM && near.integ == 0);
    keyring_free(k);
}

/* The last octets of an AEAD's key, which logs leave out, turn round or put in front. */
static void
of_salts(void)
{
    for (unsigned way = 0; way < 4; way++) {
        struct esp_keys right = esp_keys_like(GCM, 0, 30), given = right;
        struct keyring *k = keyring_new(keylog_new());
        uint8_t *salt = given.encr_key.at + 16;
        if (way == 0) {
            memset(salt, 0, 4);
        } else if (way == 1) {
            for (size_t i = 0; i < 4; i++) {
                salt[i] = right.encr_key.at[19 - i];
            }
        } else if (way == 2) {
            memcpy(given.encr_key.at, right.encr_key.at + 16, 4);
            memcpy(given.encr_key.at + 4, right.encr_key.at, 16);
        } else {
            right.esn = true;   /* the ICV covers the upper half too */
            salt[3] ^= 1;
        }
        log_esp(keyring_log(k), SPI, &given);
        T(tries(k, &right, SPI, 1).miss == NEAR_SALT);
        T(tries(k, &right, SPI, 2).miss == NEAR_SALT);
        keyring_free(k);
    }
    struct esp_keys right = esp_keys_like(GCM, 0, 30), given = right;
    struct keyring *k = keyring_new(keylog_new());
    given.encr_key.at[3] ^= 1;
    log_esp(keyring_log(k), SPI, &given);
    T(tries(k, &right, SPI, 1).miss == NEAR_NOTHING);
    keyring_free(k);
}

/* The ICV is right and what comes out is noise, but for some that looks well padded by chance. */
static void
of_noise(void)
{
    struct esp_keys right = esp_keys_like(AES, SHA1, 9), given = right;
    struct keyring *k = keyring_new(keylog_new());
    static struct buf sent;
    unsigned noise = 0;

    given.encr_key.at[0] ^= 1;
    log_esp(keyring_log(k), SPI, &given);
    ip_packet(carried, sizeof carried);
    for (uint32_t i = 1; i <= 600; i++) {
        esp_seal(&sent, &right, SPI, i, 4, carried, sizeof carried, 0);
        T(!keyring_open_esp(k, &got, sent.b, sent.n, sent.n, true) || i == 1);
        noise += got.icv == ICV_GOOD && got.noise && !got.opened;
    }
    T(noise >= 599);
    keyring_free(k);

    k = keyring_new(keylog_new()); /* a sender whose padding is its own */
    log_esp(keyring_log(k), SPI, &right);
    esp_seal(&sent, &right, SPI, 1, 4, carried, sizeof carried, 0);
    T(keyring_open_esp(k, &got, sent.b, sent.n, sent.n, true) && got.opened && !got.noise);
    keyring_free(k);
}

/* Keys of another capture fit nothing; and forged packets before the first true one neither cost
 * much nor hide it. */
static void
of_nothing(void)
{
    struct esp_keys right = esp_keys_like(AES, SHA1, 9), given = right,
                    foreign = esp_keys_like(AES, SHA1, 99);
    struct keyring *k = keyring_new(keylog_new());
    unsigned told = 0;

    given.integ = INTEG_HMAC_SHA1_160;
    log_esp(keyring_log(k), SPI, &given);
    for (uint32_t i = 1; i <= 1000; i++) {
        T(tries(k, &foreign, SPI, i).miss == NEAR_NOTHING);
    }
    for (uint32_t i = 1001; i <= 1100; i++) {
        told += tries(k, &right, SPI, i).miss == NEAR_ALGORITHM;
    }
    T(told == 1); /* the 1024th */
    keyring_free(k);
}

static void
of_ike(void)
{
    struct ike_keys right = ike_keys_like(1), given = right, foreign = ike_keys_like(90);
    struct keyring *k = keyring_new(keylog_new());

    given.sk_ai = right.sk_ar;
    given.sk_ar = right.sk_ai;
    given.sk_ei = right.sk_er;
    given.sk_er = right.sk_ei;
    log_ike2(keyring_log(k), SPI_I, &given);
    T(!says(k, &right, SPI_I, V2_INFORMATIONAL, I, 2) && m.integrity_wrong && m.key_named);
    T(m.near.miss == NEAR_EXCHANGED && !m.readable);
    T(!says(k, &foreign, SPI_I, V2_INFORMATIONAL, I, 3) && m.near.miss == NEAR_NOTHING);
    T(!says(k, &right, OTHER, V2_INFORMATIONAL, I, 2) && !m.key_named);
    keyring_free(k);

    k = keyring_new(keylog_new());
    given = right;
    given.integ = INTEG_HMAC_SHA1_160;
    log_ike2(keyring_log(k), SPI_I, &given);
    T(!says(k, &right, SPI_I, V2_INFORMATIONAL, R, 2) && m.near.miss == NEAR_ALGORITHM &&
      m.near.integ == SHA1);
    keyring_free(k);
}

/* --- what keys were good for ------------------------------------------------------------- */

static bool
used(const struct keyring *k, struct key_use want)
{
    struct key_use use = keyring_use(k);

    return memcmp(&use, &want, sizeof use) == 0;
}

static void
counted(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9), other = esp_keys_like(AES, SHA1, 99);
    struct ike_keys ike = ike_keys_like(1), loose = ike_keys_like(60), idle = ike_keys_like(120);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf sent;

    T(used(k, (struct key_use){ 0 }));
    log_esp(keyring_log(k), SPI, &keys);
    log_esp(keyring_log(k), SPI, &other); /* of the other direction, perhaps */
    log_esp(keyring_log(k), NEIGHBOUR, &other);
    log_ike2(keyring_log(k), SPI_I, &ike);
    log_ike2(keyring_log(k), 0, &loose);
    log_ike2(keyring_log(k), NEW_I, &idle);
    T(used(k, (struct key_use){ .ike_given = 3, .esp_given = 3 }));
    ip_packet(carried, sizeof carried);
    for (unsigned i = 1; i < 4; i++) {
        esp_seal(&sent, &keys, SPI, i, 4, carried, sizeof carried, 0);
        T(keyring_open_esp(k, &got, sent.b, sent.n, sent.n, true) && got.named);
    }
    T(used(k, (struct key_use){ .ike_given = 3, .esp_given = 3, .esp_named = 2, .esp_used = 1 }));
    T(says(k, &ike, SPI_I, V2_INFORMATIONAL, I, 2) && m.key_named);
    T(says(k, &ike, SPI_I, V2_INFORMATIONAL, R, 2));
    T(used(k, (struct key_use){ 3, 1, 1, 3, 2, 1 }));
    T(says(k, &loose, OTHER, V2_INFORMATIONAL, I, 2) && !m.key_named);
    T(used(k, (struct key_use){ 3, 1, 2, 3, 2, 1 }));
    keyring_free(k);
}

int
main(void)
{
    of_esp();
    of_salts();
    of_noise();
    of_nothing();
    of_ike();
    counted();
    return t_done();
}
