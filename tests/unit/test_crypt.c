/* test_crypt.c - ESP and IKE opened, keys derived: published vectors, and what must not
 * open.  Every packet lies in an allocation of its own length, so that the sanitizer sees
 * a read too far.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "crypt_internal.h"
#include "crypt_vectors.h"
#include "t.h"

#include <glib.h>

enum { MARK = 0xa5 };

struct bytes {
    uint8_t *at;
    size_t len;
};

/* The caller frees at. */
static struct bytes
bytes_of(const char *hex)
{
    struct bytes b = { NULL, strlen(hex) / 2 };

    b.at = g_malloc(b.len ? b.len : 1);
    for (size_t i = 0; i < b.len; i++) {
        b.at[i] = (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) * 16 + g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    return b;
}

static struct crypt_key
key_of(const char *hex)
{
    struct bytes b = bytes_of(hex);
    struct crypt_key k = { .len = b.len };

    memcpy(k.at, b.at, b.len);
    g_free(b.at);
    return k;
}

static bool
is_hex(const uint8_t *at, size_t len, const char *hex)
{
    struct bytes want = bytes_of(hex);
    bool same = len == want.len && memcmp(at, want.at, len) == 0;

    g_free(want.at);
    return same;
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
    uint8_t *out = g_malloc(p->len), pad = 0, next = 0;
    size_t len = 0;

    T(esp_verify(o, p->at, p->len, v->seq_high) == (icv_of(v) ? ESP_VERIFIED : ESP_NO_ICV));
    T(esp_open(o, p->at, p->len, v->seq_high, out, &len));
    T(is_hex(out, len, v->clear));
    T(esp_peek_trailer(o, p->at, p->len, v->seq_high, &pad, &next));
    T(len >= 2 && pad == out[len - 2] && next == out[len - 1]);
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
         : (len - fixed) % unit ? ESP_BAD_LENGTH : icv_of(v) ? ESP_ICV_WRONG : ESP_NO_ICV;
}

static void
check_prefixes(struct esp_opener *o, const struct esp_vector *v, const struct bytes *p)
{
    for (size_t len = 0; len < p->len; len++) {
        uint8_t *part = copy_of(p->at, len), *out = g_malloc(len + 1), pad, next;
        enum esp_verdict expect = expect_of(v, len);
        bool opens = expect == ESP_ICV_WRONG || expect == ESP_NO_ICV;
        size_t got;
        T(esp_verify(o, part, len, v->seq_high) == expect);
        T(esp_open(o, part, len, v->seq_high, out, &got) == opens);
        T(esp_peek_trailer(o, part, len, v->seq_high, &pad, &next) == opens);
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
    struct esp_keys k = { .encr = encr, .integ = integ, .encr_key.len = encr_len, .integ_key.len = integ_len };
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
    T_STR(refusal(20, 16, 0, 0), "an AES key has 16, 24 or 32 octets");     /* the salt is missing */
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
    T(refuses(&k, m->at, m->len, m->len) && refuses(&k, m->at, m->len, m->len + 1) && refuses(&k, m->at, m->len, SIZE_MAX));
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

/* --- IKEv1 ------------------------------------------------------------------------ */

static void
test_ike1_open(void)
{
    struct bytes key = bytes_of("000102030405060708090a0b0c0d0e0f1011121314151617"), iv = bytes_of("0001020304050607");
    struct bytes data = bytes_of("af5c502fa045d70d95d539aaadbc24f099d646836d7d7862");
    uint8_t out[24];

    T(ike1_open(3, key.at, 24, iv.at, data.at, 24, out));
    T(is_hex(out, 24, "050c131b232b333c454e57616b757f8a95a0abb7c3cfdbe8"));
    for (size_t len = 0; len < 24; len++) {
        T(ike1_open(3, key.at, 24, iv.at, data.at, len, out) == (len && len % 8 == 0));
    }
    T(!ike1_open(3, key.at, 23, iv.at, data.at, 24, out) && !ike1_open(13, key.at, 20, iv.at, data.at, 24, out));
    T(!ike1_open(99, key.at, 24, iv.at, data.at, 24, out));
    T(ike1_block(3) == 8 && ike1_block(12) == 16 && ike1_block(20) == 0 && ike1_block(11) == 0);
    g_free(key.at);
    g_free(iv.at);
    g_free(data.at);
}

static void
fill(uint8_t *at, uint8_t first)
{
    for (uint8_t i = 0; i < 32; i++) {
        at[i] = (uint8_t)(first + i);
    }
}

static void
test_ike1_keys(void)
{
    uint8_t a[32], b[32], key[32], out[40];
    struct span gxi = { a, 32 }, gxr = { b, 32 };

    fill(a, 0x40);
    fill(b, 0x80);
    fill(key, 0);
    T(ike1_first_iv(2, &gxi, &gxr, out, 16) && is_hex(out, 16, "553330f8c2ac2b31a4969c485a4b7a9f"));
    T(ike1_first_iv(5, &gxi, &gxr, out, 8) && is_hex(out, 8, "0984dad7e24ef9a3"));
    T(!ike1_first_iv(4, &gxi, &gxr, out, 16) && !ike1_first_iv(99, &gxi, &gxr, out, 16));
    T(!ike1_first_iv(1, &gxi, &gxr, out, 17));
    T(ike1_phase2_iv(1, key, 0x12345678, out, 16) && is_hex(out, 16, "c96e942b839f4ccf985e8d746098e500"));
    T(ike1_extend_key(2, key, 20, out, 32));
    T(is_hex(out, 32, "1e5fd6a5cbc98bd4c1fe20d5e5fb2ed1df330c93a33c043ca850a65fd7aeae17"));
    T(ike1_extend_key(2, key, 20, out, 20) && memcmp(out, key, 20) == 0);
    T(!ike1_extend_key(99, key, 20, out, 32));
}

/* --- MACs and prfs -------------------------------------------------------------------- */

/* Cut in every two pieces: the same. */
static void
check_prf(uint16_t prf, const char *key_hex, const char *data_hex, const char *want)
{
    struct bytes key = bytes_of(key_hex), data = bytes_of(data_hex);
    uint8_t out[CRYPT_PRF_MAX];

    for (size_t cut = 0; cut <= data.len; cut++) {
        struct span pieces[2] = { { data.at, cut }, { data.at + cut, data.len - cut } };
        T(prf_run(prf, key.at, key.len, pieces, 2, out));
        T(is_hex(out, prf_len(prf), want));
    }
    g_free(key.at);
    g_free(data.at);
}

#define K16 "000102030405060708090a0b0c0d0e0f"
#define B16 "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"
#define B20 B16 "0b0b0b0b"
#define HI "4869205468657265"

static void
test_prfs(void)
{
    check_prf(1, B16, HI, "9294727a3638bb1c13f48ef8158bfc9d");                      /* RFC 2202 */
    check_prf(2, B20, HI, "b617318655057264e28bc0b6fb378c8ef146be00");
    check_prf(5, B20, HI, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");   /* RFC 4231 */
    check_prf(6, B20, HI, "afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59c"
                          "faea9ea9076ede7f4af152e8b2fa9cb6");
    check_prf(7, B20, HI, "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
                          "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
    check_prf(5, "4a656665", "7768617420646f2079612077616e7420666f72206e6f7468696e673f",
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    check_prf(4, K16, K16 "10111213", "47f51b4564966215b8985c63055ed308");          /* RFC 4434 */
    check_prf(4, "00010203040506070809", K16 "10111213", "0fa087af7d866e7653434e602fdde835");
    check_prf(4, K16 "edcb", K16 "10111213", "8cd3c93ae598a9803006ffb67c40e9e4");
    check_prf(8, K16, K16 "10111213", "980ae87b5f4c9c5214f5b6a8455e4c2d");          /* RFC 4615 */
    check_prf(8, "00010203040506070809", K16 "10111213", "290d9e112edb09ee141fcf64c0b72f3d");
    check_prf(8, K16 "edcb", K16 "10111213", "84a348a4a45d235babfffc0d2b4da09a");
    T(prf_len(3) == 0 && prf_len(0) == 0 && prf_len(99) == 0);
    T(!prf_run(99, (const uint8_t *)"", 0, NULL, 0, NULL));
}

static void
check_integ(uint16_t integ, const char *key_hex, const char *data_hex, const char *want)
{
    struct bytes key = bytes_of(key_hex), data = bytes_of(data_hex), icv = bytes_of(want);
    struct span all = { data.at, data.len };
    struct crypt_mac m;
    const char *why;

    T(crypt_mac_open(&m, integ, key.at, key.len, &why) && m.icv == icv.len);
    T(crypt_mac_check(&m, &all, 1, icv.at) && crypt_mac_check(&m, &all, 1, icv.at));
    icv.at[icv.len - 1] ^= 1;
    T(!crypt_mac_check(&m, &all, 1, icv.at));
    crypt_mac_close(&m);
    g_free(key.at);
    g_free(data.at);
    g_free(icv.at);
}

#define CMAC_KEY "2b7e151628aed2a6abf7158809cf4f3c"
#define CMAC_40 "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e5130c81c46a35ce411"

static void
test_integs(void)
{
    check_integ(1, B16, HI, "9294727a3638bb1c13f48ef8");                            /* RFC 2202 */
    check_integ(2, B20, HI, "b617318655057264e28bc0b6");
    check_integ(6, B16, HI, "9294727a3638bb1c13f48ef8158bfc9d");
    check_integ(7, B20, HI, "b617318655057264e28bc0b6fb378c8ef146be00");
    check_integ(12, B16 B16, HI, "198a607eb44bfbc69903a0f1cf2bbdc5");               /* RFC 4868 */
    check_integ(13, B16 B16 B16, HI, "b6a8d5636f5c6a7224f9977dcf7ee6c7fb6d0c48cbdee973");
    check_integ(14, B16 B16 B16 B16, HI, "637edc6e01dce7e6742a99451aae82df23da3e92439e590e43e761b33e910fb8");
    check_integ(CRYPT_INTEG_SHA256_96, B16 B16, HI, "198a607eb44bfbc69903a0f1");
    check_integ(5, K16, "", "75f0251d528ac01c4573dfd5");                            /* RFC 3566 */
    check_integ(5, K16, "000102", "5b376580ae2f19afe7219cee");
    check_integ(5, K16, K16, "d2a246fa349b68a79998a439");
    check_integ(5, K16, K16 "10111213", "47f51b4564966215b8985c63");
    check_integ(5, K16, K16 "101112131415161718191a1b1c1d1e1f", "f54f0ec8d2b9f3d36807734b");
    check_integ(5, K16, K16 "101112131415161718191a1b1c1d1e1f2021", "becbb3bccdb518a30677d548");
    check_integ(8, CMAC_KEY, "", "bb1d6929e95937287fa37d12");                       /* RFC 4494 */
    check_integ(8, CMAC_KEY, "6bc1bee22e409f96e93d7e117393172a", "070a16b46b4d4144f79bdd9d");
    check_integ(8, CMAC_KEY, CMAC_40, "dfa66747de9ae63030ca3261");
    check_integ(8, CMAC_KEY, CMAC_40 "e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710", "51f0bebf7e3b9d92fc497417");
}

/* --- KEYMAT ------------------------------------------------------------------------- */

static void
test_keymat(void)
{
    struct crypt_key d = { .len = 32 };
    uint8_t a[32], b[32], c[32], out[80];
    static const uint8_t spi[4] = { 0xc0, 0xff, 0xee, 0x01 };
    struct span ni = { a, 32 }, nr = { b, 32 }, g = { c, 32 };

    fill(d.at, 0);
    fill(a, 0x40);
    fill(b, 0x80);
    fill(c, 0xc0);
    T(child_keymat_v2(5, &d, NULL, &ni, &nr, out, 72));
    T(is_hex(out, 72, "a030f25938d28724ef4f7891fd6d321aceb9276b287302fde529e8059ae33b71d100bf9a98ea4b08"
                      "4e1ef964d5c2e798cd930b8301bc672b8ffa4bf5c6a674f3ad9e6c757d652408"));
    T(child_keymat_v2(5, &d, &g, &ni, &nr, out, 72));
    T(is_hex(out, 72, "eb092bf53e15d0d1c4a7562287a7d9a1cf5e68b571dcec7ce82f4ed4459446fcc77364b2d9fae8a4"
                      "9616a107c9aa6acbcf2dd1b94c0b5f37b0d9aacd98daf696cf39384193354433"));
    d.len = 20;
    T(child_keymat_v1(2, &d, NULL, 3, spi, &ni, &nr, out, 36));
    T(is_hex(out, 36, "77ecd3ac60509cfc4008cde25011878e47294ff530d53e67e3d779c29346b76f52a3a2e9"));
    T(child_keymat_v1(2, &d, &g, 3, spi, &ni, &nr, out, 36));
    T(is_hex(out, 36, "f03f829aee9e309ce00bdd3730f36e302c02aaa373512013f4cbd39c0fe3a881a93472cb"));
    T(!child_keymat_v2(99, &d, NULL, &ni, &nr, out, 36) && !child_keymat_v1(99, &d, NULL, 3, spi, &ni, &nr, out, 36));
}

/* The counter of prf+ is one octet: 255 outputs, and not one octet more. */
static void
test_prf_plus_limit(void)
{
    uint8_t key[32] = { 0 }, *out = g_malloc(255 * 16 + 1);
    struct span many[9] = { { key, 1 } };

    T(prf_plus(1, key, 16, many, 1, out, 255 * 16));
    T(!prf_plus(1, key, 16, many, 1, out, 255 * 16 + 1));
    T(!prf_plus(1, key, 16, many, G_N_ELEMENTS(many), out, 16));
    T(prf_plus(1, key, 16, NULL, 0, out, 0));
    g_free(out);
}

static void
test_keys_cut(void)
{
    struct esp_keys k = { .esn = true };
    uint8_t keymat[72];
    size_t used = 0;

    for (size_t i = 0; i < sizeof keymat; i++) {
        keymat[i] = (uint8_t)i;
    }
    T(esp_keys_cut(&k, 12, 256, 2, keymat, 52, &used) && used == 52);
    T(k.encr == 12 && k.integ == 2 && k.encr_key.len == 32 && k.integ_key.len == 20 && k.esn);
    T(memcmp(k.encr_key.at, keymat, 32) == 0 && memcmp(k.integ_key.at, keymat + 32, 20) == 0);
    T(!esp_keys_cut(&k, 12, 256, 2, keymat, 51, &used) && used == 52);
    T(esp_keys_cut(&k, 20, 256, 0, keymat, sizeof keymat, &used) && used == 36 && k.integ_key.len == 0);
    T(esp_keys_cut(&k, 11, 0, 0, keymat, 0, &used) && used == 0);
    T(!esp_keys_cut(&k, 12, 100, 2, keymat, sizeof keymat, &used));
    T(!esp_keys_cut(&k, 12, 128, 9, keymat, sizeof keymat, &used));
}

static void
test_key_lengths(void)
{
    static const struct { uint16_t encr, bits; size_t len; } fits[] = {
        { 2, 0, 8 }, { 2, 64, 8 }, { 2, 56, 8 }, { 3, 0, 24 }, { 3, 192, 24 }, { 3, 168, 24 }, { 6, 0, 16 }, { 7, 0, 16 },
        { 7, 448, 56 }, { 11, 0, 0 }, { 12, 0, 16 }, { 12, 192, 24 }, { 13, 256, 36 }, { 14, 128, 19 }, { 16, 256, 35 },
        { 18, 128, 20 }, { 20, 192, 28 }, { 21, 256, 36 }, { 23, 256, 32 }, { 24, 128, 20 }, { 27, 192, 27 }, { 28, 0, 36 },
        { 28, 256, 36 }, { 29, 128, 19 }, { 30, 256, 36 }, { 31, 0, 36 }
    }, does_not[] = {
        { 0, 0, 0 }, { 2, 128, 0 }, { 3, 128, 0 }, { 7, 32, 0 }, { 7, 456, 0 }, { 11, 8, 0 }, { 12, 127, 0 }, { 12, 64, 0 },
        { 12, 65535, 0 }, { 28, 128, 0 }, { 32, 256, 0 }, { 1, 0, 0 }
    };
    size_t len;

    for (size_t i = 0; i < G_N_ELEMENTS(fits); i++) {
        T(crypt_encr_key_len(fits[i].encr, fits[i].bits, &len) && len == fits[i].len);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(does_not); i++) {
        T(!crypt_encr_key_len(does_not[i].encr, does_not[i].bits, &len));
    }
    T(crypt_integ_key_len(0, &len) && len == 0 && crypt_integ_key_len(14, &len) && len == 64);
    T(!crypt_integ_key_len(3, &len) && !crypt_integ_key_len(9, &len));
}

/* The wire geometry of suite.c is kept apart from the ciphers': they must agree. */
static void
test_geometry(void)
{
    for (uint16_t id = 0; id < 64; id++) {
        const struct crypt_cipher *c = crypt_cipher_of(id);
        struct encr_geometry g;
        T(!c || (encr_geometry(id, &g) && g.iv == c->iv && g.icv == c->icv && g.block == MAX(c->block, 4)));
    }
}

int
main(void)
{
    crypt_ready();
    test_esp_vectors();
    test_refusals();
    test_ike_vectors();
    test_ike_ciphers();
    test_ike_pad_length();
    test_ike1_open();
    test_ike1_keys();
    test_prfs();
    test_integs();
    test_keymat();
    test_prf_plus_limit();
    test_keys_cut();
    test_key_lengths();
    test_geometry();
    return t_done();
}
