/* ike_build.h - messages of both versions, octet by octet, for test_ike*.c.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TEST_IKE_BUILD_H
#define TEST_IKE_BUILD_H

#include "t.h"

#include <espial/ike.h>

#include <stdlib.h>
#include <string.h>

/* --- builders ------------------------------------------------------------- */

struct buf {
    uint8_t b[8192];
    size_t n;
};

static inline void
u8(struct buf *b, unsigned v)
{
    if (b->n >= sizeof b->b) {
        abort();
    }
    b->b[b->n++] = (uint8_t)v;
}

static inline void
u16(struct buf *b, unsigned v)
{
    u8(b, v >> 8);
    u8(b, v);
}

static inline void
u32(struct buf *b, uint32_t v)
{
    u16(b, v >> 16);
    u16(b, v & 0xffff);
}

static inline void
fill(struct buf *b, uint8_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        u8(b, v);
    }
}

static inline void
text(struct buf *b, const char *s)
{
    for (; *s; s++) {
        u8(b, (uint8_t)*s);
    }
}

/* A payload, proposal or transform: all begin next, reserved, 16-bit length. */
static inline size_t
open_part(struct buf *b, unsigned next)
{
    size_t at = b->n;

    u8(b, next);
    u8(b, 0);
    u16(b, 0);
    return at;
}

static inline void
close_part(struct buf *b, size_t at)
{
    b->b[at + 2] = (uint8_t)((b->n - at) >> 8);
    b->b[at + 3] = (uint8_t)(b->n - at);
}

static inline void
payload(struct buf *b, unsigned next, const char *body)
{
    size_t at = open_part(b, next);

    text(b, body);
    close_part(b, at);
}

static inline void
header(struct buf *b, unsigned first, unsigned version, unsigned exchange, unsigned flags,
       uint32_t id)
{
    b->n = 0;
    fill(b, 0x11, 8);
    fill(b, 0x22, 8);
    u8(b, first);
    u8(b, version);
    u8(b, exchange);
    u8(b, flags);
    u32(b, id);
    u32(b, 0);
}

static inline void
set_length(struct buf *b, size_t n)
{
    b->b[24] = b->b[25] = 0;
    b->b[26] = (uint8_t)(n >> 8);
    b->b[27] = (uint8_t)n;
}

static inline void
tv(struct buf *b, unsigned type, unsigned value)
{
    u16(b, 0x8000u | type);
    u16(b, value);
}

static inline void
tlv32(struct buf *b, unsigned type, uint32_t value)
{
    u16(b, type);
    u16(b, 4);
    u32(b, value);
}

static inline size_t
open_proposal(struct buf *b, bool more, unsigned number, unsigned protocol, unsigned spi_len,
              unsigned transforms)
{
    size_t at = open_part(b, more ? 2 : 0);

    u8(b, number);
    u8(b, protocol);
    u8(b, spi_len);
    u8(b, transforms);
    fill(b, 0xab, spi_len);
    return at;
}

static inline void
transform2(struct buf *b, bool more, unsigned type, unsigned id, unsigned key_bits)
{
    size_t at = open_part(b, more ? 3 : 0);

    u8(b, type);
    u8(b, 0);
    u16(b, id);
    if (key_bits) {
        tv(b, 14, key_bits);
    }
    close_part(b, at);
}

static inline size_t
open_transform1(struct buf *b, bool more, unsigned number, unsigned id)
{
    size_t at = open_part(b, more ? 3 : 0);

    u8(b, number);
    u8(b, id);
    u16(b, 0);
    return at;
}

/* --- the messages --------------------------------------------------------- */

static struct ike_message m;    /* 20 KiB: one for all */

/* Main mode, first message: SA with two transforms, NAT-D of the draft, a vendor. */
static inline void
build_main(struct buf *b)
{
    size_t sa, p, t;

    header(b, V1P_SA, 0x10, V1_MAIN, 0, 0);
    sa = open_part(b, V1P_VENDOR);
    u32(b, 1);
    u32(b, 1);
    p = open_proposal(b, false, 1, PROTO_IKE, 0, 2);
    t = open_transform1(b, true, 1, 1);
    tv(b, 14, 256);                     /* the key length before its cipher */
    tv(b, 1, 7);
    tv(b, 2, 4);
    tv(b, 4, 14);
    tv(b, 3, 1);
    tv(b, 11, 1);
    tlv32(b, 12, 28800);
    close_part(b, t);
    t = open_transform1(b, false, 2, 1);
    tv(b, 1, 5);
    tv(b, 2, 2);
    tv(b, 4, 2);
    tv(b, 3, 65001);
    tv(b, 11, 1);
    u16(b, 12);                         /* eight octets: more than fits */
    u16(b, 8);
    fill(b, 0xff, 8);
    tv(b, 10, 0);                       /* field size: not named here */
    tv(b, 16384, 1);
    close_part(b, t);
    close_part(b, p);
    close_part(b, sa);
    payload(b, V1P_NAT_D, "vendor");
    payload(b, V1P_NAT_D_DRAFT, "01234567890123456789");
    payload(b, 0, "abcdefghijabcdefghij");
    set_length(b, b->n);
}

/* What stands inside a quick mode message, with IKEv1 padding behind it. */
static inline void
build_quick(struct buf *b)
{
    size_t sa, p, t;

    b->n = 0;
    payload(b, V1P_SA, "hashhashhashhash");
    sa = open_part(b, V1P_NONCE);
    u32(b, 1);
    u32(b, 1);
    p = open_proposal(b, true, 1, PROTO_ESP, 4, 1);
    t = open_transform1(b, false, 1, 12);
    tv(b, 6, 128);
    tv(b, 5, 2);
    tv(b, 3, 14);
    tv(b, 4, 1);
    tv(b, 1, 1);
    tlv32(b, 2, 3600);
    tv(b, 1, 2);
    tlv32(b, 2, 4608000);
    tv(b, 11, 1);
    close_part(b, t);
    close_part(b, p);
    p = open_proposal(b, true, 1, PROTO_IPCOMP, 2, 1);
    t = open_transform1(b, false, 1, 2);
    tv(b, 4, 1);
    close_part(b, t);
    close_part(b, p);
    p = open_proposal(b, false, 2, PROTO_AH, 4, 1);
    t = open_transform1(b, false, 1, 3);
    tv(b, 5, 2);
    close_part(b, t);
    close_part(b, p);
    close_part(b, sa);
    payload(b, V1P_ID, "nonce");
    p = open_part(b, V1P_ID);
    u8(b, 4);
    u8(b, 6);
    u16(b, 443);
    text(b, "\x0a\x01");
    u16(b, 0);
    u32(b, 0xffff0000);
    close_part(b, p);
    p = open_part(b, V1P_NAT_OA);
    u8(b, 1);
    u8(b, 0);
    u16(b, 0);
    u32(b, 0x0a020001);
    close_part(b, p);
    payload(b, 0, "\x01xxxabcd");
}

static inline void
build_quick_outer(struct buf *b)
{
    header(b, V1P_HASH, 0x10, V1_QUICK, FLAG_ENCRYPTED, 7);
    fill(b, 0xee, 64);
    set_length(b, b->n);
}

/* Mode Config with XAUTH, a notify and a delete: all inner. */
static inline void
build_transaction(struct buf *b)
{
    size_t p;

    b->n = 0;
    p = open_part(b, V1P_NOTIFY);
    u8(b, CP_SET);
    u8(b, 0);
    u16(b, 77);
    tv(b, CFG_XAUTH_STATUS, 1);
    u16(b, CFG_XAUTH_USER_NAME);
    u16(b, 4);
    text(b, "lisa");
    close_part(b, p);
    p = open_part(b, V1P_DELETE);
    u32(b, 1);
    u8(b, PROTO_IKE);
    u8(b, 16);
    u16(b, 24578);
    fill(b, 0x33, 16);
    text(b, "data");
    close_part(b, p);
    p = open_part(b, 0);
    u32(b, 1);
    u8(b, PROTO_ESP);
    u8(b, 4);
    u16(b, 2);
    fill(b, 0x44, 8);
    close_part(b, p);
}

static inline void
build_init(struct buf *b)
{
    size_t sa, p;

    header(b, V2P_SA, 0x20, V2_IKE_SA_INIT, FLAG_INITIATOR, 0);
    sa = open_part(b, V2P_KE);
    p = open_proposal(b, true, 1, PROTO_IKE, 0, 4);
    transform2(b, true, TRANSFORM_ENCR, ENCR_AES_CBC, 256);
    transform2(b, true, TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0);
    transform2(b, true, TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0);
    transform2(b, false, TRANSFORM_KE, KE_MODP_2048, 0);
    close_part(b, p);
    p = open_proposal(b, false, 2, PROTO_IKE, 8, 3);
    transform2(b, true, TRANSFORM_ENCR, ENCR_AES_GCM_16, 128);
    transform2(b, true, TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0);
    transform2(b, false, TRANSFORM_KE, KE_CURVE_25519, 0);
    close_part(b, p);
    close_part(b, sa);
    p = open_part(b, V2P_NONCE);
    u16(b, 14);
    u16(b, 0);
    fill(b, 0x55, 32);
    close_part(b, p);
    payload(b, V2P_NOTIFY, "0123456789abcdef");
    p = open_part(b, V2P_VENDOR);
    u8(b, 0);
    u8(b, 0);
    u16(b, 16388);
    fill(b, 0x66, 20);
    close_part(b, p);
    payload(b, 0, "vid");
    set_length(b, b->n);
}

static inline void
selector4(struct buf *b, unsigned protocol, unsigned lo, unsigned hi, uint32_t first, uint32_t last)
{
    u8(b, 7);
    u8(b, protocol);
    u16(b, 16);
    u16(b, lo);
    u16(b, hi);
    u32(b, first);
    u32(b, last);
}

/* The inside of an IKE_AUTH message. */
static inline void
build_auth(struct buf *b)
{
    size_t sa, p;

    b->n = 0;
    payload(b, V2P_IDR, "\x02xxxgw.example");
    p = open_part(b, V2P_AUTH);
    u8(b, 1);
    fill(b, 0, 3);
    u32(b, 0xc0000201);
    close_part(b, p);
    p = open_part(b, V2P_SA);
    u8(b, 14);
    fill(b, 0, 3);
    text(b, "signature");
    close_part(b, p);
    sa = open_part(b, V2P_TSI);
    p = open_proposal(b, false, 1, PROTO_ESP, 4, 2);
    transform2(b, true, TRANSFORM_ENCR, ENCR_AES_GCM_16, 256);
    transform2(b, false, TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0);
    close_part(b, p);
    close_part(b, sa);
    p = open_part(b, V2P_TSR);
    u8(b, 3);
    fill(b, 0, 3);
    selector4(b, 0, 0, 65535, 0x0a010000, 0x0a01ffff);
    u8(b, 10);                          /* a security label: passed by */
    u8(b, 0);
    u16(b, 8);
    u32(b, 0);
    selector4(b, 6, 443, 443, 0x0a010001, 0x0a010001);
    close_part(b, p);
    p = open_part(b, V2P_CP);
    u8(b, 1);
    fill(b, 0, 3);
    u8(b, 8);
    u8(b, 0);
    u16(b, 40);
    u16(b, 0);
    u16(b, 65535);
    fill(b, 0, 16);
    fill(b, 0xff, 16);
    close_part(b, p);
    p = open_part(b, V2P_EAP);
    u8(b, CP_REPLY);
    fill(b, 0, 3);
    u16(b, CFG_INTERNAL_IP4_ADDRESS);
    u16(b, 4);
    u32(b, 0x0a030001);
    u16(b, 0x8000 | CFG_INTERNAL_IP6_ADDRESS);      /* the top bit is reserved, not a short form */
    u16(b, 0);
    close_part(b, p);
    p = open_part(b, V2P_DELETE);
    u8(b, 1);
    u8(b, 9);
    u16(b, 9);
    u8(b, 26);
    text(b, "abcd");
    close_part(b, p);
    p = open_part(b, 0);
    u8(b, PROTO_ESP);
    u8(b, 4);
    u16(b, 2);
    fill(b, 0x77, 8);
    close_part(b, p);
}

static inline void
build_sk(struct buf *b, bool fragment, unsigned number, unsigned total)
{
    size_t p;

    header(b, V2P_NOTIFY, 0x20, V2_IKE_AUTH, FLAG_RESPONSE, 1);
    p = open_part(b, fragment ? V2P_SKF : V2P_SK);
    u8(b, 0);
    u8(b, 0);
    u16(b, 16404);
    close_part(b, p);
    p = open_part(b, V2P_IDI);
    if (fragment) {
        u16(b, number);
        u16(b, total);
    }
    fill(b, 0xcc, 48);
    close_part(b, p);
    set_length(b, b->n);
}

static inline void
build_v1_fragment(struct buf *b, unsigned number)
{
    size_t p;

    header(b, V1P_FRAGMENT, 0x10, V1_AGGRESSIVE, FLAG_ENCRYPTED, 0);
    p = open_part(b, 0);
    u16(b, 9);
    u8(b, number);
    u8(b, 1);
    text(b, "part");
    close_part(b, p);
    set_length(b, b->n);
}

static inline bool
parse(const struct buf *b)
{
    return ike_parse(&m, b->b, b->n, b->n);
}

static inline bool
span_is(const struct span *s, const char *what)
{
    return s->len == strlen(what) && memcmp(s->at, what, s->len) == 0;
}

static inline bool
transform_is(const struct proposal *p, size_t i, unsigned type, unsigned id, unsigned key_bits)
{
    return i < p->num_transforms && p->transforms[i].type == type && p->transforms[i].id == id &&
           p->transforms[i].key_bits == key_bits;
}

#endif
