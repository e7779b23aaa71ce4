/* test_crypt.c - ESP and IKE opened: published vectors, and what must not open.  Every
 * packet lies in an allocation of its own length, so that the sanitizer sees a read too
 * far.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "crypt_hex.h"
#include "algorithm.h"
#include "crypt_vectors.h"
#include "t.h"

#include <espial/suite.h>
#include <glib.h>

enum { MARK = 0xa5 };

static struct crypt_key
key_of(const char *hex)
{
    struct bytes b = bytes_of(hex);
    struct crypt_key k = { .len = b.len };

    memcpy(k.at, b.at, b.len);
    g_free(b.at);
    return k;
}

static uint8_t *
copy_of(const uint8_t *from, size_t len)
{
    uint8_t *to = g_malloc(len ? len : 1);

    memcpy(to, from, len);
    return to;
}

/* Says which vector the failed checks were about. */
static void
named(const char *name, unsigned failed_before)
{
    if (t_failed > failed_before) {
        fprintf(stderr, "    in \"%s\"\n", name);
    }
}

/* --- ESP ------------------------------------------------------------------------- */

static struct esp_keys
esp_keys_of(const struct esp_vector *v)
{
    return (struct esp_keys){ .encr = v->encr, .integ = v->integ, .encr_key = key_of(v->encr_key),
                              .integ_key = key_of(v->integ_key), .esn = v->esn };
}

static size_t
icv_of(const struct esp_vector *v)
{
    const struct crypt_cipher *c = crypt_cipher_of(v->encr);
    uint8_t len = 0;

    if (v->integ == CRYPT_INTEG_SHA256_96) {
        return 12;
    }
    return c->icv ? c->icv : integ_icv_len(v->integ, &len) ? len : 0;
}

static void
check_open(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    uint8_t *out = g_malloc(p->len), trailer[2] = { 0 };
    size_t len = 0;

    T(esp_verify(o, p->at, p->len, v->seq_high) == (icv_of(v) ? ESP_VERIFIED : ESP_NO_ICV));
    T(esp_open(o, p->at, p->len, v->seq_high, out, &len));
    T(is_hex(out, len, v->clear));
    T(esp_peek_tail(o, p->at, p->len, v->seq_high, trailer, sizeof trailer) == sizeof trailer);
    T(len >= 2 && memcmp(trailer, out + len - 2, sizeof trailer) == 0);
    g_free(out);
}

/* A peek reads no octet behind its reach, and writes none behind what it returns. */
static void
check_peek(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    struct bytes clear = bytes_of(v->clear);

    for (size_t want = 0; want <= clear.len + 3; want++) {
        size_t reach = MIN(esp_peek_reach(o, want), p->len), got, expect = MIN(want, clear.len);
        uint8_t *part = copy_of(p->at, reach), *out = g_malloc(want + 1);
        out[expect] = MARK;
        got = esp_peek(o, part, p->len, v->seq_high, out, want);
        T(got == expect && memcmp(out, clear.at, got) == 0 && out[got] == MARK);
        g_free(part);
        g_free(out);
    }
    g_free(clear.at);
}

/* From the end, padding and trailer counted in: at most what a trailer can be. */
static void
check_tail(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    struct bytes clear = bytes_of(v->clear);

    T(esp_text_len(o, p->len) == clear.len && esp_text_len(o, 0) == 0 &&
      esp_text_len(o, p->len + 1) != clear.len);
    for (size_t want = 0; want <= clear.len + 3; want++) {
        size_t expect = MIN(MIN(want, clear.len), (size_t)257), got;
        uint8_t *out = g_malloc(expect + 1);
        out[expect] = MARK;
        got = esp_peek_tail(o, p->at, p->len, v->seq_high, out, want);
        T(got == expect && memcmp(out, clear.at + clear.len - got, got) == 0 && out[got] == MARK);
        g_free(out);
    }
    g_free(clear.at);
}

static void
check_flips(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    uint8_t *bad = copy_of(p->at, p->len);

    for (size_t i = 0; i < p->len * 8; i++) {
        bad[i / 8] ^= (uint8_t)(1u << i % 8);
        T(esp_verify(o, bad, p->len, v->seq_high) == (icv_of(v) ? ESP_ICV_WRONG : ESP_NO_ICV));
        bad[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    if (icv_of(v)) {
        T(esp_verify(o, bad, p->len, v->seq_high ^ 1) == (v->esn ? ESP_ICV_WRONG : ESP_VERIFIED));
    }
    g_free(bad);
}

static enum esp_verdict
expect_of(const struct esp_vector *v, size_t len)
{
    const struct crypt_cipher *c = crypt_cipher_of(v->encr);
    size_t unit = MAX(c->block, 4u), fixed = 8u + c->iv + icv_of(v);

    return len < fixed + unit ? ESP_TOO_SHORT
         : (len - fixed) % unit != 0 ? ESP_BAD_LENGTH : icv_of(v) ? ESP_ICV_WRONG : ESP_NO_ICV;
}

static void
check_prefixes(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    for (size_t len = 0; len < p->len; len++) {
        uint8_t *part = copy_of(p->at, len), *out = g_malloc(len + 1), trailer[2];
        enum esp_verdict expect = expect_of(v, len);
        bool opens = expect == ESP_ICV_WRONG || expect == ESP_NO_ICV;
        size_t got;
        T(esp_verify(o, part, len, v->seq_high) == expect);
        T(esp_open(o, part, len, v->seq_high, out, &got) == opens);
        T((esp_peek_tail(o, part, len, v->seq_high, trailer, sizeof trailer) == sizeof trailer) ==
          opens);
        T((esp_peek(o, part, len, v->seq_high, out, 1) == 1) == opens);
        g_free(part);
        g_free(out);
    }
}

/* One octet less or more never fits, but for the ciphers with several key lengths, where
 * neither does.  Without a reason given it must not be written either. */
static void
check_key_lengths(const struct esp_vector *v)
{
    struct esp_keys good = esp_keys_of(v), bad = good;
    const char *why = NULL;

    bad.encr_key.len++;
    T(v->encr == 7 || (!esp_opener_new(&bad, &why) && why));
    why = NULL;
    bad.encr_key.len = good.encr_key.len - 1;
    T(v->encr == 7 || (!esp_opener_new(&bad, &why) && why));
    bad = good;
    bad.integ_key.len++;
    T(!esp_opener_new(&bad, NULL));
    bad.integ_key.len = good.integ_key.len - 1;
    T(!esp_opener_new(&bad, NULL));
}

static void
test_esp_vectors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(esp_vectors); i++) {
        const struct esp_vector *v = &esp_vectors[i];
        struct esp_keys k = esp_keys_of(v);
        const char *why = "";
        struct esp_opener *o = esp_opener_new(&k, &why);
        struct bytes p = bytes_of(v->packet);
        unsigned failed = t_failed;
        T(o != NULL);
        if (o) {
            check_open(o, v, &p);
            check_peek(o, v, &p);
            check_tail(o, v, &p);
            check_flips(o, v, &p);
            check_prefixes(o, v, &p);
            check_open(o, v, &p);           /* what was refused has left nothing behind */
        }
        check_key_lengths(v);
        esp_opener_free(o);
        g_free(p.at);
        named(v->name, failed);
    }
}

static const char *
refusal(uint16_t encr, size_t encr_len, uint16_t integ, size_t integ_len)
{
    struct esp_keys k = { .encr = encr, .integ = integ, .encr_key.len = encr_len,
                          .integ_key.len = integ_len };
    const char *why = "opened";
    struct esp_opener *o = esp_opener_new(&k, &why);

    esp_opener_free(o);
    return why;
}

static void
test_refusals(void)
{
    T_STR(refusal(12, 15, 12, 32), "an AES key has 16, 24 or 32 octets");
    T_STR(refusal(12, 0, 12, 32), "an AES key has 16, 24 or 32 octets");
    /* the salt is missing */
    T_STR(refusal(20, 16, 0, 0), "an AES key has 16, 24 or 32 octets");
    T_STR(refusal(20, 3, 0, 0), "the key has no room for the salt, or is too long");
    T_STR(refusal(12, 65, 12, 32), "the key has no room for the salt, or is too long");
    T_STR(refusal(7, 4, 12, 32), "a Blowfish key has 5 to 56 octets");
    T_STR(refusal(7, 57, 12, 32), "a Blowfish key has 5 to 56 octets");
    T_STR(refusal(11, 1, 12, 32), "NULL encryption has no key");
    T_STR(refusal(12, 16, 12, 20), "an HMAC_SHA2_256_128 key has 32 octets");
    T_STR(refusal(12, 16, 0, 20), "an integrity key without algorithm");
    T_STR(refusal(20, 20, 12, 32), "a cipher with an ICV of its own takes no integrity algorithm");
    T_STR(refusal(20, 20, 0, 32), "a cipher with an ICV of its own takes no integrity algorithm");
    T_STR(refusal(12, 16, 9, 20), "AES-GMAC is an integrity algorithm of AH alone");
    T_STR(refusal(12, 16, 99, 20), "this integrity algorithm is not supported");
    T_STR(refusal(99, 16, 12, 32), "this encryption algorithm is not supported");
    T_STR(refusal(0, 0, 0, 0), "this encryption algorithm is not supported");
    T_STR(refusal(2, 8, 0, 0), "opened");           /* zero: a weak key, but it can be read */
    T_STR(refusal(3, 24, 0, 0), "opened");
}

/* A weak key (all zero) is its own inverse; libgcrypt must be told to take it. */
static void
test_weak_key(void)
{
    struct esp_keys k = { .encr = 2, .encr_key.len = 8 };
    struct esp_opener *o = esp_opener_new(&k, NULL);
    uint8_t packet[8 + 8 + 8] = { 0 }, out[8];

    T(o && esp_peek(o, packet, sizeof packet, 0, out, 8) == 8 &&
      is_hex(out, 8, "8ca64de9c1b123a7"));
    esp_opener_free(o);
}

/* --- IKEv2 ------------------------------------------------------------------------ */

static struct ike_keys
ike_keys_of(const struct ike_vector *v, bool initiator)
{
    struct ike_keys k = { .encr = v->encr, .integ = v->integ };

    *(initiator ? &k.sk_ei : &k.sk_er) = key_of(v->sk_e);
    *(initiator ? &k.sk_ai : &k.sk_ar) = key_of(v->sk_a);
    return k;
}

/* ike2_open that must refuse, and leave out alone. */
static bool
refuses(const struct ike_keys *k, const uint8_t *message, size_t len, size_t body)
{
    uint8_t *out = g_malloc(len + 1);
    bool verified = true, untouched = true, opened;
    size_t out_len = 1;

    memset(out, MARK, len + 1);
    opened = ike2_open(k, true, message, len, body, out, &out_len, &verified);
    for (size_t i = 0; i <= len; i++) {
        untouched = untouched && out[i] == MARK;
    }
    g_free(out);
    return !opened && !verified && untouched && out_len == 0;
}

static void
check_ike_opens(const struct ike_vector *v, const struct bytes *m, bool initiator)
{
    struct ike_keys k = ike_keys_of(v, initiator);
    uint8_t *out = g_malloc(m->len);
    bool verified = false;
    size_t len = 0;

    T(ike2_open(&k, initiator, m->at, m->len, v->body, out, &len, &verified) && verified);
    T(is_hex(out, len, v->clear));
    T(!ike2_open(&k, !initiator, m->at, m->len, v->body, out, &len, &verified) && !verified);
    g_free(out);
}

static void
check_ike_refuses(const struct ike_vector *v, const struct bytes *m)
{
    struct ike_keys k = ike_keys_of(v, true), bad = k;
    uint8_t *changed = copy_of(m->at, m->len);

    for (size_t i = 0; i < m->len * 8; i++) {
        changed[i / 8] ^= (uint8_t)(1u << i % 8);
        T(refuses(&k, changed, m->len, v->body));
        changed[i / 8] ^= (uint8_t)(1u << i % 8);
    }
    for (size_t len = 0; len < m->len; len++) {
        uint8_t *part = copy_of(m->at, len);
        T(refuses(&k, part, len, v->body));
        g_free(part);
    }
    T(refuses(&k, m->at, m->len, m->len) && refuses(&k, m->at, m->len, m->len + 1));
    T(refuses(&k, m->at, m->len, SIZE_MAX));
    T(refuses(&k, m->at, m->len, 0) && refuses(&k, m->at, m->len, 28));
    bad.sk_ei.len++;
    T(refuses(&bad, m->at, m->len, v->body));
    bad = k;
    bad.sk_ei.len = 1;
    T(refuses(&bad, m->at, m->len, v->body));
    bad = k;
    bad.integ = bad.integ ? 0 : 12;
    T(refuses(&bad, m->at, m->len, v->body));
    g_free(changed);
}

static void
test_ike_vectors(void)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ike_vectors); i++) {
        const struct ike_vector *v = &ike_vectors[i];
        struct bytes m = bytes_of(v->message);
        unsigned failed = t_failed;
        check_ike_opens(v, &m, true);
        check_ike_opens(v, &m, false);
        check_ike_refuses(v, &m);
        g_free(m.at);
        named(v->name, failed);
    }
}

/* ESP's own ciphers are not IKE's (RFC 8750, RFC 4543). */
static void
test_ike_ciphers(void)
{
    static const uint16_t not_ike[] = { 0, 21, 29, 30, 31, 99 };
    struct bytes m = bytes_of(ike_vectors[0].message);
    struct ike_keys k = ike_keys_of(&ike_vectors[0], true);

    for (size_t i = 0; i < G_N_ELEMENTS(not_ike); i++) {
        k.encr = not_ike[i];
        T(refuses(&k, m.at, m.len, 32));
    }
    g_free(m.at);
}

/* Verified, but the pad length points before the payload: NULL encryption lets one write
 * such a message by hand. */
static void
test_ike_pad_length(void)
{
    struct ike_keys k = { .encr = 11, .integ = 2, .sk_ai = { .len = 20 } };
    uint8_t message[32 + 4 + 12] = { 0 }, icv[20], out[sizeof message];
    struct span all = { message, 36 };
    bool verified = false;
    size_t len = 1;

    for (uint8_t pad = 0; pad < 6; pad++) {
        message[35] = pad;
        T(prf_run(2, k.sk_ai.at, 20, &all, 1, icv));
        memcpy(message + 36, icv, 12);
        T(ike2_open(&k, true, message, sizeof message, 32, out, &len, &verified) == (pad < 4));
        T(verified && len == (pad < 4 ? 3u - pad : 0));
    }
}

/* The ICV is right, but there is nothing before it, not even a pad length. */
static void
test_ike_nothing_sealed(void)
{
    struct ike_keys k = { .encr = 11, .integ = 2, .sk_ai = { .len = 20 } };
    uint8_t message[32 + 12] = { 0 }, icv[20];
    struct span all = { message, 32 };

    T(prf_run(2, k.sk_ai.at, 20, &all, 1, icv));
    memcpy(message + 32, icv, 12);
    T(refuses(&k, message, sizeof message, 32));
}

/* --- IKEv1 ------------------------------------------------------------------------ */

static void
test_ike1_open(void)
{
    struct bytes key = bytes_of("000102030405060708090a0b0c0d0e0f1011121314151617"),
                       iv = bytes_of("0001020304050607");
    struct bytes data = bytes_of("af5c502fa045d70d95d539aaadbc24f099d646836d7d7862");
    uint8_t out[24];

    T(ike1_open(3, key.at, 24, iv.at, data.at, 24, out));
    T(is_hex(out, 24, "050c131b232b333c454e57616b757f8a95a0abb7c3cfdbe8"));
    for (size_t len = 0; len < 24; len++) {
        T(ike1_open(3, key.at, 24, iv.at, data.at, len, out) == (len && len % 8 == 0));
    }
    T(!ike1_open(3, key.at, 23, iv.at, data.at, 24, out) &&
      !ike1_open(13, key.at, 20, iv.at, data.at, 24, out));
    T(!ike1_open(99, key.at, 24, iv.at, data.at, 24, out));
    T(ike1_block(3) == 8 && ike1_block(12) == 16 && ike1_block(20) == 0 && ike1_block(11) == 0);
    g_free(key.at);
    g_free(iv.at);
    g_free(data.at);
}

/* The wire geometry of suite.c is kept apart from the ciphers': they must agree. */
static void
test_geometry(void)
{
    for (uint16_t id = 0; id < 64; id++) {
        const struct crypt_cipher *c = crypt_cipher_of(id);
        struct encr_geometry g;
        T(!c || (encr_geometry(id, &g) && g.iv == c->iv && g.icv == c->icv &&
                 g.block == MAX(c->block, 4)));
    }
}

int
main(void)
{
    crypt_ready();
    test_esp_vectors();
    test_refusals();
    test_weak_key();
    test_ike_vectors();
    test_ike_ciphers();
    test_ike_pad_length();
    test_ike_nothing_sealed();
    test_ike1_open();
    test_geometry();
    return t_done();
}
