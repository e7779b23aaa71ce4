/* keys.h - keys of ESP and IKE SAs as octets, with the algorithms that they are for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYS_H
#define ESPIAL_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* HMAC-SHA-256 cut to 96 bits, of early Linux kernels and of draft-ietf-ipsec-ciph-sha-256-00:
 * negotiated as number 12, so it has none of its own (strongSwan's private one here). */
enum { CRYPT_INTEG_SHA256_96 = 1026 };

enum { CRYPT_KEY_MAX = 64 };    /* octets of the longest key of any algorithm */

/* One key, octets as KEYMAT has them: the salt or nonce of a counter mode at the end. */
struct crypt_key {
    uint8_t at[CRYPT_KEY_MAX];
    size_t len;
};

/* Keys of one direction of one SA.  Algorithms have the numbers of the IKEv2 registry, for IKEv1
 * too. */
struct esp_keys {
    uint16_t encr, integ;       /* integ 0 (NONE) for AEAD, and for encryption alone */
    struct crypt_key encr_key, integ_key;
    bool esn;                   /* 64 bit sequence numbers (RFC 4303 section 2.2.1) */
};

/* What of the keys that were given a capture has use for: of an SPI in it, and of those that have
 * opened something.  Shared secrets do not count: nobody knows whose they are. */
struct key_use {
    uint32_t ike_given, ike_named, ike_used;
    uint32_t esp_given, esp_named, esp_used;
};

/* A key does not fit; what would, where something does. */
enum near_miss {
    NEAR_NOTHING,
    NEAR_ALGORITHM,             /* the same octets under other algorithms */
    NEAR_CIPHER,                /* it decrypts, and the integrity check fails */
    NEAR_OTHER_SPI,             /* the key that is given for another SPI; of IKEv1, for another
                                 * initiator's cookie */
    NEAR_SALT,                  /* the key is right, and the salt at its end is not */
    NEAR_EXCHANGED              /* the keys of the two directions of an IKE SA, exchanged */
};
struct key_near {
    uint32_t spi;               /* NEAR_OTHER_SPI; of IKE the first four octets */
    uint16_t encr, integ;       /* NEAR_ALGORITHM: those that fit */
    uint8_t miss;               /* enum near_miss */
};

/* Keys of an IKE SA of IKEv2 (RFC 7296 section 2.14). */
struct ike_keys {
    uint16_t encr, integ, prf;  /* integ 0 for AEAD */
    struct crypt_key sk_d, sk_ai, sk_ar, sk_ei, sk_er;
};

#endif
