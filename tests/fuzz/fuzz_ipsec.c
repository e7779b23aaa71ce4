/* fuzz_ipsec.c - the readers of ESP, AH and ICMP, and the openers of ESP and IKE with keys
 * of any algorithm.  Four octets choose algorithms and lengths, the rest is the packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "fuzz.h"

#include "crypto.h"

#include <espial/ipsec.h>

enum { NUM_ENCR = 40, NUM_INTEG = 16, NUM_PRF = 10, HEADER = 28 };

static void
read_packet(const uint8_t *at, size_t len, size_t reported)
{
    static const struct transform gmac[] = { { TRANSFORM_ENCR, ENCR_NULL_AES_GMAC, 128 } };
    static const struct transform null[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 },
                                             { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    const struct proposal suites[] = { { .num_transforms = 1, .transforms = gmac },
                                       { .num_transforms = 2, .transforms = null } };
    struct sighting where = { .frame = 1, .src = ip_from(4, (const uint8_t *)"\xc0\0\2\1"),
                              .dst = ip_from(4, (const uint8_t *)"\xc0\0\2\2") };
    struct ipsec_packet p;
    struct path_packet e = { .kind = PATH_ICMP };
    struct inner_packet inner;
    struct span payload = { NULL, 0 }, blocks, one;
    uint8_t next = 0;

    esp_read(&p, at, len, reported);
    if (ah_read(&p, &next, &payload, at, len, reported)) {
        MUST(inside(payload.at, payload.len, at, len));
        ipsec_set_inner(&p, &where, next, &payload, BASIS_OBSERVED);
    }
    if (esp_clear_read(&next, &payload, at, len)) {
        MUST(inside(payload.at, payload.len, at, len));
        ipsec_set_inner(&p, &where, next, &payload, BASIS_DECRYPTED);
    }
    payload = (struct span){ at, len };
    for (bool more = aggfrag_begin(&blocks, &payload); more && aggfrag_next(&blocks, &one);) {
        MUST(inside(one.at, one.len, at, len) && inside(blocks.at, blocks.len, at, len));
        MUST(one.len >= 20);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(suites); i++) {
        if (esp_null_read(&next, &payload, &suites[i], at, len)) {
            MUST(inside(payload.at, payload.len, at, len));
        }
    }
    icmp_error_read(&e, false, at, len);
    icmp_error_read(&e, true, at, len);
    inner_packet_read(&inner, at, len);
}

static void
set_key(struct crypt_key *k, size_t len)
{
    memset(k->at, 0x5a, sizeof k->at);
    k->at[0] = 1;               /* DES and 3DES refuse no key, XTS one with equal halves */
    k->len = MIN(len, sizeof k->at);
}

static void
open_esp(const uint8_t *choice, const uint8_t *at, size_t len)
{
    struct esp_keys k = { .encr = choice[0] % NUM_ENCR, .integ = choice[1] % NUM_INTEG,
                          .esn = (choice[1] & 0x80) != 0 };
    uint16_t bits[] = { 0, 128, 192, 256, 448, 13 };
    size_t want = 0, got, text_len, out_len = 0;
    struct esp_opener *o;
    const char *why = NULL;
    uint8_t *out, trailer[2];

    crypt_encr_key_len(k.encr, bits[choice[2] % G_N_ELEMENTS(bits)], &want);
    set_key(&k.encr_key, want);
    want = 0;
    crypt_integ_key_len(k.integ, &want);
    set_key(&k.integ_key, want + (choice[2] & 0x80 ? 1u : 0u));
    o = esp_opener_new(&k, &why);
    if (!o) {
        MUST(why != NULL);
        return;
    }
    out = own_copy(at, len);
    esp_verify(o, at, len, choice[3]);
    text_len = esp_text_len(o, len);
    MUST(text_len <= len);
    want = MIN((size_t)choice[3], len);
    got = esp_peek(o, at, len, choice[3], out, want);
    MUST(got <= want && got <= text_len);
    touch(out, got);
    got = esp_peek_tail(o, at, len, choice[3], out, want);
    MUST(got <= want && got <= text_len);
    touch(out, got);
    if (esp_peek_tail(o, at, len, choice[3], trailer, sizeof trailer) == sizeof trailer &&
        esp_open(o, at, len, choice[3], out, &out_len)) {
        MUST(out_len == text_len && out_len >= 2 &&
             memcmp(out + out_len - 2, trailer, sizeof trailer) == 0);
    }
    esp_opener_free(o);
    free(out);
}

static void
open_ike(const uint8_t *choice, const uint8_t *at, size_t len)
{
    struct ike_keys k = { .encr = choice[0] % NUM_ENCR, .integ = choice[1] % NUM_INTEG,
                          .prf = choice[2] % NUM_PRF };
    uint8_t *out = own_copy(at, len), iv[CRYPT_BLOCK_MAX] = { 0 };
    size_t want = 0, out_len = 0;
    bool verified = false;

    crypt_encr_key_len(k.encr, 128, &want);
    set_key(&k.sk_ei, want);
    k.sk_er = k.sk_ei;
    ike1_open(k.encr, k.sk_ei.at, k.sk_ei.len, iv, at, len, out);
    want = 0;
    crypt_integ_key_len(k.integ, &want);
    set_key(&k.sk_ai, want);
    k.sk_ar = k.sk_ai;
    if (ike2_open(&k, (choice[3] & 1) != 0, at, len, HEADER + 4 + choice[3], out, &out_len,
                  &verified)) {
        MUST(verified && out_len <= len);
        touch(out, out_len);
    }
    free(out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *packet;

    if (size < 4) {
        return 0;
    }
    packet = own_copy(data + 4, size - 4);
    read_packet(packet, size - 4, size - 4 + (data[3] & 0x80u));
    open_esp(data, packet, size - 4);
    open_ike(data, packet, size - 4);
    free(packet);
    return 0;
}
