/* The message parser: good messages, every prefix, every bit.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/ike.h>
#include <stdlib.h>
#include <string.h>

struct bytes {
    uint8_t at[1024];
    size_t len;
};

static void
add(struct bytes *b, const char *hex)
{
    for (; *hex; hex += 2) {
        unsigned v;
        while (*hex == ' ') {
            hex++;
        }
        sscanf(hex, "%2x", &v);
        b->at[b->len++] = (uint8_t)v;
    }
}

static void
end(struct bytes *b)
{
    b->at[26] = (uint8_t)(b->len >> 8);
    b->at[27] = (uint8_t)b->len;
}

/* IKE_SA_INIT request: two proposals, KE group 14 with 8 octets, nonce, COOKIE. */
static struct bytes
v2_init(void)
{
    struct bytes b = { .len = 0 };
    add(&b, "1111111111111111 0000000000000000 21 20 22 08 00000000 00000000");
    add(&b, "22 00 0054");
    add(&b, "02 00 002c 01 01 00 04 03 00 000c 01 00 000c 800e0100 03 00 0008 02 00 0005 03 00 0008 03 00 000c 00 00 0008 04 00 000e");
    add(&b, "00 00 0024 02 01 00 03 03 00 000c 01 00 0014 800e0080 03 00 0008 02 00 0005 00 00 0008 04 00 001f");
    add(&b, "28 00 0010 000e 0000 0102030405060708");
    add(&b, "29 00 0014 000102030405060708090a0b0c0d0e0f");
    add(&b, "00 00 000c 00 00 4006 deadbeef");
    end(&b);
    return b;
}

/* Main mode 1: one proposal, two transforms (3DES-SHA1-PSK-2, AES256-SHA2-PSK-14). */
static struct bytes
v1_main(void)
{
    struct bytes b = { .len = 0 };
    add(&b, "2222222222222222 0000000000000000 01 10 02 00 00000000 00000000");
    add(&b, "0d 00 0058 00000001 00000001");
    add(&b, "00 00 004c 01 01 00 02");
    add(&b, "03 00 0020 01 01 0000 80010005 80020002 80030001 80040002 800b0001 800c7080");
    add(&b, "00 00 0024 02 01 0000 80010007 800e0100 80020004 80030001 8004000e 800b0001 800c7080");
    add(&b, "00 00 0008 aabbccdd");
    end(&b);
    return b;
}

static void
good_v2(void)
{
    static struct ike_message m;
    struct bytes b = v2_init();
    char text[256];

    T(ike_parse(&m, b.at, b.len, b.len) && m.error == IKE_OK && !m.truncated && m.readable);
    T(m.major == 2 && m.exchange == V2_IKE_SA_INIT && m.num_proposals == 2 && m.num_payloads == 4);
    T(strcmp(proposal_print(&m.proposals[0], text, sizeof text),
             "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048") == 0);
    T(strcmp(proposal_print(&m.proposals[1], text, sizeof text), "IKE:AES_GCM_16_128/PRF_HMAC_SHA2_256/CURVE_25519") == 0);
    T(m.has_ke && m.ke_group == 14 && m.ke.len == 8 && m.nonce.len == 16);
    T(ike_find_notify(&m, 16390) && ike_find_notify(&m, 16390)->data.len == 4 && !ike_find_notify(&m, 14));
}

static void
good_v1(void)
{
    static struct ike_message m;
    struct bytes b = v1_main();
    char text[256];

    T(ike_parse(&m, b.at, b.len, b.len) && m.error == IKE_OK && m.num_proposals == 2 && m.num_vendors == 1);
    T(strcmp(proposal_print(&m.proposals[0], text, sizeof text), "IKE:3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024") == 0);
    T(strcmp(proposal_print(&m.proposals[1], text, sizeof text),
             "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048") == 0);
    T(m.proposals[0].attr.auth_method == 1 && m.proposals[0].attr.life_s == 28800 && m.proposals[1].v1_transform == 2);
}

/* An IKE_AUTH response whose SK payload was decrypted: IDr, TSi, CP. */
static void
decrypted(void)
{
    static struct ike_message m;
    struct bytes b = { .len = 0 }, in = { .len = 0 };
    char text[160];

    add(&b, "1111111111111111 3333333333333333 2e 20 23 20 00000001 00000000 24 00 0014 00112233445566778899aabbccddeeff");
    end(&b);
    T(ike_parse(&m, b.at, b.len, b.len) && m.encrypted && !m.readable && m.inner_first == V2P_IDR);
    T(!ike_parse_inner(&m, m.inner_first, (const uint8_t *)"\xff\xff\xff\xff garbage", 12) && !m.readable);
    add(&in, "2c 00 000c 03000000 61406263");
    add(&in, "2f 00 0018 01000000 07 00 0010 0000 ffff 0a560000 0a56ffff");
    add(&in, "00 00 0010 02000000 0001 0004 0a5698ba");
    T(ike_parse_inner(&m, m.inner_first, in.at, in.len) && m.readable && m.error == IKE_OK);
    T(m.id_r.present && m.id_r.inner && strcmp(ike_id_print(&m.id_r, text, sizeof text), "a@bc") == 0);
    T(m.num_ts_i == 1 && strcmp(selector_print(&m.ts_i[0], text, sizeof text), "10.86.0.0/16") == 0);
    T(m.cfg_type == CFG_REPLY && m.num_cfg == 1 && m.cfg[0].type == CFG_INTERNAL_IP4_ADDRESS && m.cfg[0].value.len == 4);
}

static bool
inside(const struct ike_message *m, const uint8_t *at, size_t len)
{
    for (size_t i = 0; i < m->num_payloads; i++) {
        const struct span *s = &m->payloads[i].body;
        if (s->at < at || s->at + s->len > at + len) {
            return false;
        }
    }
    return m->error_offset <= len;
}

/* Cut by the capture: nobody's fault.  Cut on the wire: an error, or fewer payloads. */
static void
prefixes(const struct bytes *b)
{
    static struct ike_message m;

    for (size_t n = 0; n <= b->len; n++) {
        uint8_t *exact = (uint8_t *)malloc(n ? n : 1);
        memcpy(exact, b->at, n);
        ike_parse(&m, exact, n, b->len);
        T(m.error == IKE_OK && m.truncated == (n < b->len) && inside(&m, exact, n));
        ike_parse(&m, exact, n, n);
        T((m.error != IKE_OK) == (n < b->len) && inside(&m, exact, n));
        free(exact);
    }
}

static void
flips(const struct bytes *b)
{
    static struct ike_message m;
    uint8_t *exact = (uint8_t *)malloc(b->len);

    memcpy(exact, b->at, b->len);
    for (size_t bit = 0; bit < b->len * 8; bit++) {
        exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
        ike_parse(&m, exact, b->len, b->len);
        T(inside(&m, exact, b->len));
        ike_parse_inner(&m, (uint8_t)bit, exact, b->len);
        exact[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(exact);
}

static void
bad(void)
{
    static struct ike_message m;
    struct bytes b = v2_init();
    uint8_t keep = b.at[31];

    b.at[31] = 3;                                   /* a payload shorter than its header */
    b.at[30] = 0;
    T(ike_parse(&m, b.at, b.len, b.len) && m.error == IKE_ERR_PAYLOAD_LENGTH && m.error_offset == 28);
    b.at[31] = keep;
    b.at[39] = 5;                                   /* five transforms stated, four there */
    T(ike_parse(&m, b.at, b.len, b.len) && m.error == IKE_ERR_TRANSFORM_COUNT && m.has_ke);
    b = v2_init();
    T(ike_parse(&m, b.at, b.len, b.len + 3) && m.truncated == false && m.trailing == 3);
    T(!ike_plausible(b.at, 20) && ike_plausible(b.at, b.len));
}

int
main(void)
{
    struct bytes v2 = v2_init(), v1 = v1_main();

    good_v2();
    good_v1();
    decrypted();
    prefixes(&v2);
    prefixes(&v1);
    flips(&v2);
    flips(&v1);
    bad();
    return t_done();
}
