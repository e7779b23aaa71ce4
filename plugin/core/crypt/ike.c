/* ike.c - opens encrypted IKE messages: SK and SKF of IKEv2 (RFC 7296 section 3.14,
 * RFC 5282, RFC 7383), CBC of IKEv1 (RFC 2409 appendix B).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/names.h>
#include <espial/protocol.h>

#include <glib.h>
#include <string.h>

enum { SK_HEADER = 4 };

/* One sealed payload, and the keys of its sender. */
struct sealed {
    const struct crypt_cipher *cipher;
    const struct crypt_key *sk_e, *sk_a;
    struct span before;         /* message up to the IV */
    const uint8_t *iv, *text, *icv;
    size_t len;                 /* of the ciphertext */
};

static bool
shape_of(struct sealed *s, const uint8_t *message, size_t len, size_t body, size_t icv)
{
    size_t fixed = s->cipher->iv + icv, left;

    if (body < IKE_HEADER + SK_HEADER || body > len) {
        return false;
    }
    left = len - body;
    /* One octet is there at least, the pad length. */
    if (left <= fixed || (left - fixed) % s->cipher->block) {
        return false;
    }
    s->before = (struct span){ message, body };
    s->len = left - fixed;
    s->iv = message + body;
    s->text = s->iv + s->cipher->iv;
    s->icv = s->text + s->len;
    return true;
}

static const uint8_t *
salt_of(const struct sealed *s)
{
    return s->sk_e->at + s->sk_e->len - s->cipher->salt;
}

/* The salt is the end of the key (RFC 5282 section 7.1, RFC 5930 section 3). */
static void
nonce_of(const struct sealed *s, uint8_t *out)
{
    memcpy(out, salt_of(s), s->cipher->salt);
    memcpy(out + s->cipher->salt, s->iv, s->cipher->iv);
}

static size_t
bare_key_len(const struct sealed *s)
{
    return s->sk_e->len - s->cipher->salt;
}

/* --- AEAD --------------------------------------------------------------------- */

static bool
open_aead(const struct sealed *s, int algo, uint8_t *out, bool *verified)
{
    gcry_cipher_hd_t h = crypt_aead_handle(s->cipher, algo, s->sk_e->at, bare_key_len(s));
    uint8_t nonce[NONCE_MAX], *clear = g_malloc(s->len);

    nonce_of(s, nonce);
    *verified = h && crypt_aead_open(h, s->cipher, nonce, &s->before, s->text, s->len, clear);
    if (*verified) {
        memcpy(out, clear, s->len);
    }
    gcry_cipher_close(h);
    crypt_wipe(clear, s->len);
    g_free(clear);
    return *verified;
}

/* --- cipher and MAC --------------------------------------------------------------- */

static bool
cbc_open(const struct crypt_cipher *c, int algo, const uint8_t *key, size_t key_len,
         const uint8_t *iv, const uint8_t *data, size_t len, uint8_t *out)
{
    gcry_cipher_hd_t h = crypt_cipher_handle(algo, GCRY_CIPHER_MODE_CBC, key, key_len);
    bool ok =
        h && !gcry_cipher_setiv(h, iv, c->block) && !gcry_cipher_decrypt(h, out, len, data, len);

    gcry_cipher_close(h);
    return ok;
}

static bool
decrypt(const struct sealed *s, int algo, uint8_t *out)
{
    gcry_cipher_hd_t h;
    uint8_t nonce[NONCE_MAX];
    bool ok;

    if (s->cipher->mode == CRYPT_NULL) {
        memcpy(out, s->text, s->len);
        return true;
    }
    if (s->cipher->mode == CRYPT_CBC) {
        return cbc_open(s->cipher, algo, s->sk_e->at, s->sk_e->len, s->iv, s->text, s->len, out);
    }
    nonce_of(s, nonce);
    h = crypt_cipher_handle(algo, GCRY_CIPHER_MODE_CTR, s->sk_e->at, bare_key_len(s));
    ok = h && crypt_stream_open(h, s->cipher, nonce, 0, s->text, s->len, out);
    gcry_cipher_close(h);
    return ok;
}

static bool
open_with_mac(const struct sealed *s, struct crypt_mac *mac, int algo, uint8_t *out, bool *verified)
{
    struct span all = { s->before.at, (size_t)(s->icv - s->before.at) };

    *verified = crypt_mac_check(mac, &all, 1, s->icv);
    return *verified && decrypt(s, algo, out);
}

/* --- both ------------------------------------------------------------------------ */

/* Implicit IVs are ESP's alone (RFC 8750 section 8), and GMAC encrypts nothing. */
static bool
fits_ike(const struct crypt_cipher *c)
{
    return c && c->mode != CRYPT_GMAC && (c->iv || c->mode == CRYPT_NULL);
}

/* *algo is libgcrypt's, 0 for NULL. */
static bool
key_fits(const struct sealed *s, int *algo)
{
    const char *why;

    *algo = 0;
    if (s->sk_e->len > CRYPT_KEY_MAX || s->sk_e->len < s->cipher->salt) {
        return false;
    }
    if (!s->cipher->family) {
        return s->sk_e->len == 0;
    }
    *algo = crypt_cipher_algo(s->cipher, bare_key_len(s), &why);
    return *algo != 0;
}

static bool
open_sealed(struct sealed *s, uint16_t integ, const uint8_t *message, size_t len, size_t body,
            uint8_t *out, bool *verified)
{
    struct crypt_mac mac;
    const char *why;
    bool ok;
    int algo;

    if (!key_fits(s, &algo)) {
        return false;
    }
    if (s->cipher->icv) {
        return integ == INTEG_NONE && shape_of(s, message, len, body, s->cipher->icv) &&
               open_aead(s, algo, out, verified);
    }
    if (!crypt_mac_open(&mac, integ, s->sk_a->at, s->sk_a->len, &why)) {
        return false;
    }
    ok = shape_of(s, message, len, body, mac.icv) && open_with_mac(s, &mac, algo, out, verified);
    crypt_mac_close(&mac);
    return ok;
}

bool
ike2_open(const struct ike_keys *k, bool from_initiator, const uint8_t *message, size_t len,
          size_t body, uint8_t *out, size_t *out_len, bool *verified)
{
    struct sealed s = { .cipher = crypt_cipher_of(k->encr),
                        .sk_e = from_initiator ? &k->sk_ei : &k->sk_er,
                        .sk_a = from_initiator ? &k->sk_ai : &k->sk_ar };
    size_t tail;

    *verified = false;
    *out_len = 0;
    if (!fits_ike(s.cipher) || !open_sealed(&s, k->integ, message, len, body, out, verified)) {
        return false;
    }
    tail = out[s.len - 1] + (size_t)1;
    if (tail > s.len) {
        return false;
    }
    *out_len = s.len - tail;
    return true;
}

/* --- IKEv1 ------------------------------------------------------------------------- */

size_t
ike1_block(uint16_t encr)
{
    const struct crypt_cipher *c = crypt_cipher_of(encr);

    return c && c->mode == CRYPT_CBC ? c->block : 0;
}

bool
ike1_open(uint16_t encr, const uint8_t *key, size_t key_len, const uint8_t *iv, const uint8_t *data,
          size_t len, uint8_t *out)
{
    const struct crypt_cipher *c = crypt_cipher_of(encr);
    const char *why;
    int algo;

    if (!ike1_block(encr) || len == 0 || len % c->block) {
        return false;
    }
    algo = crypt_cipher_algo(c, key_len, &why);
    return algo && cbc_open(c, algo, key, key_len, iv, data, len, out);
}
