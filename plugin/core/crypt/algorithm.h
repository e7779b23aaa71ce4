/* algorithm.h - between the files of the room: algorithms by number, and a MAC and an AEAD
 * over pieces.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CRYPT_ALGORITHM_H
#define ESPIAL_CRYPT_ALGORITHM_H

#include "crypto.h"
#include "secrets.h"

#include <gcrypt.h>

enum crypt_mode {
    CRYPT_NULL, CRYPT_CBC, CRYPT_CTR, CRYPT_GCM, CRYPT_CCM, CRYPT_CHACHA, CRYPT_GMAC
};

enum {
    NONCE_MAX = 12,             /* salt and IV together */
    IMPLICIT_IV = 8             /* RFC 8750 section 4 */
};

struct crypt_cipher {
    uint16_t id;
    enum crypt_mode mode;
    const struct crypt_family *family;  /* NULL for NULL */
    uint8_t iv, block, icv, salt;       /* octets; iv on the wire, block 1 for streams */
};

/* Handles of libgcrypt, all NULL or owned. */
struct crypt_mac {
    gcry_mac_hd_t mac;          /* HMAC, CMAC */
    gcry_cipher_hd_t xcbc;      /* AES under K1 (RFC 3566), which libgcrypt does not have */
    uint8_t k2[16], k3[16];
    size_t len, icv;            /* octets of the whole output, and of the cut one */
};

/* NULL where the number is not known here. */
const struct crypt_cipher *crypt_cipher_of(uint16_t encr);
/* Algorithm of libgcrypt for a key without its salt; 0 and *why where none has it. */
int crypt_cipher_algo(const struct crypt_cipher *c, size_t key_len, const char **why);
/* A handle for gcrypt's mode; NULL where libgcrypt refuses. */
gcry_cipher_hd_t crypt_cipher_handle(int algo, int mode, const uint8_t *key, size_t key_len);
/* The AEAD handle of a cipher, whatever its mode; NULL where libgcrypt refuses. */
gcry_cipher_hd_t crypt_aead_handle(const struct crypt_cipher *c, int algo, const uint8_t *key,
                                   size_t key_len);
/* Checks the tag behind cipher[0..len), and decrypts into out.  out has noise where the
 * tag is wrong. */
bool crypt_aead_open(gcry_cipher_hd_t h, const struct crypt_cipher *c, const uint8_t *nonce,
                     const struct span *aad, const uint8_t *cipher, size_t len, uint8_t *out);
/* Decrypts len octets of a counter mode from the start of block on, 0 the first of the
 * text, whatever the rest is.  h has CTR or STREAM mode. */
bool crypt_stream_open(gcry_cipher_hd_t h, const struct crypt_cipher *c, const uint8_t *nonce,
                       uint32_t block, const uint8_t *cipher, size_t len, uint8_t *out);
/* Octets of one block of key stream. */
size_t crypt_stream_block(const struct crypt_cipher *c);

/* False and *why for a number that is not known or a key that does not fit. */
bool crypt_mac_open(struct crypt_mac *m, uint16_t integ, const uint8_t *key, size_t key_len,
                    const char **why);
/* The one of a prf; the key may have any length. */
bool crypt_mac_open_prf(struct crypt_mac *m, uint16_t prf, const uint8_t *key, size_t key_len);
void crypt_mac_close(struct crypt_mac *m);
/* m->len octets into out, any number of times. */
bool crypt_mac_run(struct crypt_mac *m, const struct span *data, size_t n, uint8_t *out);
bool crypt_mac_check(struct crypt_mac *m, const struct span *data, size_t n, const uint8_t *icv);

/* Libgcrypt is ready to be used; cheap. */
void crypt_ready(void);

static inline void
put_be32(uint8_t *at, uint32_t v)
{
    for (int i = 0; i < 4; i++) {
        at[i] = (uint8_t)(v >> (24 - 8 * i));
    }
}

#endif
