/* esp.c - verifies and decrypts ESP, whole or only what one asks for (RFC 4303).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "algorithm.h"

#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum { SEQUENCE = 4, WORD = 4, AAD_MAX = 12, KEY_STREAM_BLOCK_MAX = 64,
       TAIL_MAX = 257 };             /* padding, its length, next header (RFC 4303 section 2.4) */

struct esp_opener {
    const struct crypt_cipher *cipher;
    uint8_t salt[4];
    bool esn;
    size_t icv;                 /* octets, of AEAD or MAC */
    gcry_cipher_hd_t text;      /* CBC, CTR or STREAM: decrypts from any block on; NULL without
                                 * encryption */
    gcry_cipher_hd_t aead;      /* GCM, CCM or POLY1305; NULL for the others */
    struct crypt_mac mac;
    bool has_mac;
    GByteArray *scratch;        /* clear text that verifying an AEAD gives, or octets to
                                 * authenticate */
};

/* Where the parts of a packet are. */
struct shape {
    const uint8_t *iv, *text, *icv;
    size_t len;                 /* of the ciphertext */
};

/* --- keys ------------------------------------------------------------------- */

static void
copy_key(struct crypt_key *to, const uint8_t *from, size_t len)
{
    memset(to, 0, sizeof *to);
    if (len) {
        memcpy(to->at, from, len);
    }
    to->len = len;
}

bool
esp_keys_cut(struct esp_keys *out, uint16_t encr, uint16_t key_bits, uint16_t integ,
             const uint8_t *keymat, size_t len, size_t *used)
{
    size_t encr_len, integ_len;

    if (!crypt_encr_key_len(encr, key_bits, &encr_len) || !crypt_integ_key_len(integ, &integ_len) ||
        encr_len + integ_len > len) {
        return false;
    }
    out->encr = encr;
    out->integ = integ;
    copy_key(&out->encr_key, keymat, encr_len);
    copy_key(&out->integ_key, keymat + encr_len, integ_len);
    *used = encr_len + integ_len;
    return true;
}

static int
text_mode(const struct crypt_cipher *c)
{
    return c->mode == CRYPT_CBC ? GCRY_CIPHER_MODE_CBC
         : c->mode == CRYPT_CHACHA ? GCRY_CIPHER_MODE_STREAM : GCRY_CIPHER_MODE_CTR;
}

static bool
is_clear(const struct crypt_cipher *c)
{
    return c->mode == CRYPT_NULL || c->mode == CRYPT_GMAC;
}

static bool
open_cipher(struct esp_opener *o, const struct crypt_key *key, const char **why)
{
    const struct crypt_cipher *c = o->cipher;
    size_t len;
    int algo;

    if (key->len > sizeof key->at || key->len < c->salt) {
        *why = "the key has no room for the salt, or is too long";
        return false;
    }
    if (!c->family) {
        *why = "NULL encryption has no key";
        return key->len == 0;
    }
    len = key->len - c->salt;
    algo = crypt_cipher_algo(c, len, why);
    if (!algo) {
        return false;
    }
    memcpy(o->salt, key->at + len, c->salt);
    o->text = is_clear(c) ? NULL : crypt_cipher_handle(algo, text_mode(c), key->at, len);
    o->aead = c->icv ? crypt_aead_handle(c, algo, key->at, len) : NULL;
    *why = "libgcrypt refuses this cipher or key";
    return (o->text || is_clear(c)) && (o->aead || !c->icv);
}

static bool
open_mac(struct esp_opener *o, const struct esp_keys *k, const char **why)
{
    o->icv = o->cipher->icv;
    if (o->icv && (k->integ || k->integ_key.len)) {
        *why = "a cipher with an ICV of its own takes no integrity algorithm";
        return false;
    }
    if (!k->integ) {
        *why = "an integrity key without algorithm";
        return k->integ_key.len == 0;
    }
    o->has_mac = crypt_mac_open(&o->mac, k->integ, k->integ_key.at, k->integ_key.len, why);
    o->icv = o->mac.icv;
    return o->has_mac;
}

struct esp_opener *
esp_opener_new(const struct esp_keys *k, const char **why)
{
    struct esp_opener *o = g_new0(struct esp_opener, 1);
    const char *reason = "this encryption algorithm is not supported";

    o->cipher = crypt_cipher_of(k->encr);
    o->esn = k->esn;
    o->scratch = g_byte_array_new();
    if (o->cipher && open_cipher(o, &k->encr_key, &reason) && open_mac(o, k, &reason)) {
        return o;
    }
    if (why) {
        *why = reason;
    }
    esp_opener_free(o);
    return NULL;
}

void
esp_opener_free(struct esp_opener *o)
{
    if (!o) {
        return;
    }
    gcry_cipher_close(o->text);
    gcry_cipher_close(o->aead);
    crypt_mac_close(&o->mac);
    crypt_wipe(o->scratch->data, o->scratch->len);
    g_byte_array_free(o->scratch, TRUE);
    crypt_wipe(o, sizeof *o);
    g_free(o);
}

/* --- packets ------------------------------------------------------------------ */

/* RFC 4303 section 2.4: whole blocks, and whole words whatever the cipher is. */
static enum esp_verdict
text_of(const struct esp_opener *o, size_t len, size_t *text)
{
    size_t fixed = (size_t)ESP_HEADER + o->cipher->iv + o->icv,
           unit = MAX(o->cipher->block, (size_t)WORD);

    if (len < fixed + unit) {
        return ESP_TOO_SHORT;
    }
    *text = len - fixed;
    return *text % unit != 0 ? ESP_BAD_LENGTH : ESP_VERIFIED;
}

static enum esp_verdict
shape_of(const struct esp_opener *o, struct shape *s, const uint8_t *packet, size_t len)
{
    enum esp_verdict v = text_of(o, len, &s->len);

    if (v == ESP_VERIFIED) {
        s->iv = packet + ESP_HEADER;
        s->text = s->iv + o->cipher->iv;
        s->icv = s->text + s->len;
    }
    return v;
}

/* Salt and IV; without an IV on the wire it is the sequence number (RFC 8750 section 4). */
static void
nonce_of(const struct esp_opener *o, const uint8_t *packet, uint32_t seq_high, uint8_t *out)
{
    uint8_t *iv = out + o->cipher->salt;

    memcpy(out, o->salt, o->cipher->salt);
    if (o->cipher->iv) {
        memcpy(iv, packet + ESP_HEADER, o->cipher->iv);
        return;
    }
    put_be32(iv, o->esn ? seq_high : 0);
    memcpy(iv + SEQUENCE, packet + SEQUENCE, SEQUENCE);
}

/* SPI and sequence number, its upper half between them with ESN (RFC 4106 section 5). */
static size_t
aad_of(const struct esp_opener *o, const uint8_t *packet, uint32_t seq_high, uint8_t *out)
{
    if (!o->esn) {
        memcpy(out, packet, ESP_HEADER);
        return ESP_HEADER;
    }
    memcpy(out, packet, SEQUENCE);
    put_be32(out + SEQUENCE, seq_high);
    memcpy(out + ESP_HEADER, packet + SEQUENCE, SEQUENCE);
    return AAD_MAX;
}

/* GMAC authenticates IV and payload as well, and has no text (RFC 4543 section 3.5). */
static bool
verify_gmac(struct esp_opener *o, const struct shape *s, const uint8_t *nonce,
            const struct span *aad)
{
    struct span all;

    g_byte_array_set_size(o->scratch, 0);
    g_byte_array_append(o->scratch, aad->at, (guint)aad->len);
    g_byte_array_append(o->scratch, s->iv, (guint)(o->cipher->iv + s->len));
    all = (struct span){ o->scratch->data, o->scratch->len };
    return crypt_aead_open(o->aead, o->cipher, nonce, &all, s->icv, 0, NULL);
}

static bool
verify_aead(struct esp_opener *o, const struct shape *s, const uint8_t *packet, uint32_t seq_high)
{
    uint8_t nonce[NONCE_MAX], aad[AAD_MAX];
    struct span header = { aad, aad_of(o, packet, seq_high, aad) };

    nonce_of(o, packet, seq_high, nonce);
    if (o->cipher->mode == CRYPT_GMAC) {
        return verify_gmac(o, s, nonce, &header);
    }
    g_byte_array_set_size(o->scratch, (guint)s->len);
    return crypt_aead_open(o->aead, o->cipher, nonce, &header, s->text, s->len, o->scratch->data);
}

/* With ESN the upper half is behind the packet (RFC 4303 section 2.2.1). */
static bool
verify_mac(struct esp_opener *o, const struct shape *s, const uint8_t *packet, uint32_t seq_high)
{
    uint8_t high[SEQUENCE];
    struct span parts[2] = { { packet, (size_t)(s->icv - packet) }, { high, sizeof high } };

    put_be32(high, seq_high);
    return crypt_mac_check(&o->mac, parts, o->esn ? 2 : 1, s->icv);
}

enum esp_verdict
esp_verify(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high)
{
    struct shape s;
    enum esp_verdict v = shape_of(o, &s, packet, len);
    bool ok;

    if (v != ESP_VERIFIED) {
        return v;
    }
    if (o->icv == 0) {
        return ESP_NO_ICV;
    }
    ok = o->has_mac ? verify_mac(o, &s, packet, seq_high) : verify_aead(o, &s, packet, seq_high);
    return ok ? ESP_VERIFIED : ESP_ICV_WRONG;
}

/* --- decryption ------------------------------------------------------------------ */

static size_t
unit_of(const struct crypt_cipher *c)
{
    return is_clear(c) ? 1 : c->mode == CRYPT_CBC ? c->block : crypt_stream_block(c);
}

/* Decrypts len octets of the text from block `first` on; CBC: whole blocks. */
static bool
decrypt(struct esp_opener *o, const struct shape *s, const uint8_t *packet, uint32_t seq_high,
        size_t first, uint8_t *out, size_t len)
{
    const struct crypt_cipher *c = o->cipher;
    size_t at = first * unit_of(c);
    uint8_t nonce[NONCE_MAX];

    if (is_clear(c)) {
        memcpy(out, s->text + at, len);
        return true;
    }
    if (c->mode == CRYPT_CBC) {
        /* The IV is the block before, and the first block's IV is right before it. */
        return !gcry_cipher_reset(o->text) &&
               !gcry_cipher_setiv(o->text, s->text + at - c->block, c->block) &&
               !gcry_cipher_decrypt(o->text, out, len, s->text + at, len);
    }
    nonce_of(o, packet, seq_high, nonce);
    return crypt_stream_open(o->text, c, nonce, (uint32_t)first, s->text + at, len, out);
}

/* The last octets of a peek that ends inside a CBC block. */
static bool
decrypt_part(struct esp_opener *o, const struct shape *s, const uint8_t *packet, uint32_t seq_high,
             size_t first, uint8_t *out, size_t len)
{
    uint8_t block[CRYPT_BLOCK_MAX];

    if (!decrypt(o, s, packet, seq_high, first, block, o->cipher->block)) {
        return false;
    }
    memcpy(out, block, len);
    return true;
}

size_t
esp_peek(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high, uint8_t *out,
         size_t want)
{
    struct shape s;
    size_t whole, part;

    if (want == 0 || shape_of(o, &s, packet, len) != ESP_VERIFIED) {
        return 0;
    }
    want = MIN(want, s.len);
    part = o->cipher->mode == CRYPT_CBC ? want % o->cipher->block : 0;
    whole = want - part;
    if (whole && !decrypt(o, &s, packet, seq_high, 0, out, whole)) {
        return 0;
    }
    if (part &&
        !decrypt_part(o, &s, packet, seq_high, whole / o->cipher->block, out + whole, part)) {
        return whole;
    }
    return want;
}

size_t
esp_peek_reach(const struct esp_opener *o, size_t want)
{
    size_t block = o->cipher->block;

    return ESP_HEADER + o->cipher->iv + (want + block - 1) / block * block;
}

size_t
esp_peek_tail(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high,
              uint8_t *out, size_t want)
{
    uint8_t clear[TAIL_MAX + KEY_STREAM_BLOCK_MAX];
    struct shape s;
    size_t first, n;

    if (shape_of(o, &s, packet, len) != ESP_VERIFIED) {
        return 0;
    }
    want = MIN(MIN(want, s.len), (size_t)TAIL_MAX);
    first = (s.len - want) / unit_of(o->cipher);
    n = s.len - first * unit_of(o->cipher);
    if (!want || !decrypt(o, &s, packet, seq_high, first, clear, n)) {
        return 0;
    }
    memcpy(out, clear + n - want, want);
    return want;
}

size_t
esp_text_len(const struct esp_opener *o, size_t len)
{
    size_t text;

    return text_of(o, len, &text) == ESP_VERIFIED ? text : 0;
}

bool
esp_open(struct esp_opener *o, const uint8_t *packet, size_t len, uint32_t seq_high, uint8_t *out,
         size_t *out_len)
{
    struct shape s;

    if (shape_of(o, &s, packet, len) != ESP_VERIFIED ||
        !decrypt(o, &s, packet, seq_high, 0, out, s.len)) {
        return false;
    }
    *out_len = s.len;
    return true;
}
