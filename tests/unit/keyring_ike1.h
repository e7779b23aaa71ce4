/* keyring_ike1.h - a phase 1 of IKEv1 and what follows it, encrypted, as one script of messages.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_KEYRING_IKE1_H
#define ESPIAL_TEST_KEYRING_IKE1_H

#include "keyring_build.h"

enum { COOKIE_I = 0x51, COOKIE_R = 0x52, GROUP = 2, SPI_I = 0x11111111, SPI_R = 0x22222222 };

/* Both ends as one: what they have agreed, and where the chain of IVs is. */
struct peers {
    struct crypt_key key, skeyid_d;
    uint8_t iv[16], base[16];
    struct crypt_key ke_i, ke_r, n_i, n_r;
};

enum {
    INIT1, INIT2, KE1, KE2, AUTH1, AUTH2, QUICK1, QUICK2, QUICK3, INFO, DELETE, XAUTH1, XAUTH2,
    NUM_MESSAGES
};
static struct buf script[NUM_MESSAGES];

static inline struct peers
peers_like(uint8_t seed)
{
    struct peers p = { .key = key_like(seed, 16), .skeyid_d = key_like((uint8_t)(seed + 7), 20) };

    p.ke_i = key_like(10, 64);
    p.ke_r = key_like(60, 64);
    p.n_i = key_like(100, 16);
    p.n_r = key_like(130, 20);
    return p;
}

static inline void
head(struct buf *b, unsigned first, unsigned exchange, bool encrypted, uint32_t id)
{
    header(b, first, 0x10, exchange, encrypted ? FLAG_ENCRYPTED : 0, id);
    set_spis(b, COOKIE_I, COOKIE_R);
}

static inline void
finish(struct buf *b)
{
    set_length(b, b->n);
}

static inline void
phase1_sa(struct buf *b, unsigned next)
{
    size_t sa = open_part(b, next), p, t;

    u32(b, 1);
    u32(b, 1);
    p = open_proposal(b, false, 1, PROTO_IKE, 0, 1);
    t = open_transform1(b, false, 1, 1);
    tv(b, 1, 7);
    tv(b, 14, 128);
    tv(b, 2, 2);
    tv(b, 4, GROUP);
    tv(b, 3, 1);
    close_part(b, t);
    close_part(b, p);
    close_part(b, sa);
}

static inline void
quick_sa(struct buf *b, unsigned next, uint32_t spi, bool with_ah)
{
    size_t sa = open_part(b, next), p, t;

    u32(b, 1);
    u32(b, 1);
    for (int ah = with_ah; ah >= 0; ah--) {
        p = open_part(b, ah ? 2 : 0);
        u8(b, 1);
        u8(b, ah ? PROTO_AH : PROTO_ESP);
        u8(b, 4);
        u8(b, 1);
        u32(b, ah ? spi + 1 : spi);
        t = open_transform1(b, false, 1, ah ? 3 : 12);          /* SHA, AES */
        tv(b, 5, 2);
        if (!ah) {
            tv(b, 6, 128);
        }
        tv(b, 4, 1);
        close_part(b, t);
        close_part(b, p);
    }
    close_part(b, sa);
}

/* Encrypts what follows the header, and moves the IV on. */
static inline void
seal(struct buf *b, const struct crypt_key *key, uint8_t iv[16])
{
    uint8_t clear[2048];

    fill(b, 0, (16 - (b->n - 28) % 16) % 16);
    finish(b);
    memcpy(clear, b->b + 28, b->n - 28);
    cbc_seal(GCRY_CIPHER_AES128, key, iv, 16, clear, b->n - 28, b->b + 28);
    memcpy(iv, b->b + b->n - 16, 16);
}

static inline void
begin_phase2(const struct peers *p, uint32_t id, uint8_t iv[16])
{
    T(ike1_phase2_iv(PRF_SHA1, p->base, id, iv, 16));
}

static inline void
hash(struct buf *b, unsigned next)
{
    size_t part = open_part(b, next);

    for (unsigned i = 0; i < 20; i++) {
        u8(b, 0xc0 + i);
    }
    close_part(b, part);
}

static inline void
make_auth(struct buf *b, struct peers *p, uint8_t address)
{
    uint8_t id[8] = { 1, 17, 1, 0xf4, 192, 0, 2, address };

    head(b, V1P_ID, V1_MAIN, true, 0);
    blob(b, V1P_HASH, id, sizeof id);
    hash(b, 0);
    seal(b, &p->key, p->iv);
}

static inline void
make_quick(struct peers *p, uint32_t id, bool with_ah, const struct crypt_key *ke)
{
    uint8_t iv[16];

    begin_phase2(p, id, iv);
    for (int answer = 0; answer < 2; answer++) {
        struct buf *b = &script[QUICK1 + answer];
        const struct crypt_key *n = answer ? &p->n_r : &p->n_i;
        head(b, V1P_HASH, V1_QUICK, true, id);
        hash(b, V1P_SA);
        quick_sa(b, V1P_NONCE, answer ? SPI_R : SPI_I, with_ah);
        blob(b, ke ? V1P_KE : 0, n->at, n->len);
        if (ke) {
            blob(b, 0, ke->at, ke->len);
        }
        seal(b, &p->key, iv);
    }
    head(&script[QUICK3], V1P_HASH, V1_QUICK, true, id);
    hash(&script[QUICK3], 0);
    seal(&script[QUICK3], &p->key, iv);
}

static inline void
make_informational(struct peers *p, struct buf *b, uint32_t id, bool deletes)
{
    uint8_t iv[16], body[12] = { 0, 0, 0, 1, 3, 4, 0, deletes ? 1 : 14, 0x22, 0x22, 0x22, 0x22 };

    begin_phase2(p, id, iv);
    head(b, V1P_HASH, V1_INFORMATIONAL, true, id);
    hash(b, deletes ? V1P_DELETE : V1P_NOTIFY);
    blob(b, 0, body, sizeof body);
    seal(b, &p->key, iv);
}

static inline void
make_transaction(struct peers *p, uint32_t id)
{
    uint8_t iv[16], body[12] = { CP_REQUEST, 0, 0, 7, 0xc0, 0x88, 0, 0, 0x40, 0x89, 0, 0 };

    begin_phase2(p, id, iv);
    for (int answer = 0; answer < 2; answer++) {
        struct buf *b = &script[XAUTH1 + answer];
        head(b, V1P_HASH, V1_TRANSACTION, true, id);
        hash(b, V1P_ATTRIBUTES);
        body[0] = answer ? CP_REPLY : CP_REQUEST;
        blob(b, 0, body, sizeof body);
        seal(b, &p->key, iv);
    }
}

/* Main mode, quick mode, XAUTH, and two informational exchanges. */
static inline void
make_main(struct peers *p, bool with_ah, const struct crypt_key *ke)
{
    struct span gi = { p->ke_i.at, p->ke_i.len }, gr = { p->ke_r.at, p->ke_r.len };

    T(ike1_first_iv(PRF_SHA1, &gi, &gr, p->iv, 16));
    for (int i = INIT1; i <= KE2; i++) {
        struct buf *b = &script[i];
        bool answer = i == INIT2 || i == KE2;
        head(b, i <= INIT2 ? V1P_SA : V1P_KE, V1_MAIN, false, 0);
        if (i == INIT1) {
            set_spis(b, COOKIE_I, 0);
        }
        if (i <= INIT2) {
            phase1_sa(b, 0);
        } else {
            blob(b, V1P_NONCE, (answer ? gr : gi).at, gi.len);
            blob(b, 0, p->n_i.at, 16);
        }
        finish(b);
    }
    make_auth(&script[AUTH1], p, 10);
    make_auth(&script[AUTH2], p, 20);
    memcpy(p->base, p->iv, 16);
    make_quick(p, 0x1001, with_ah, ke);
    make_informational(p, &script[INFO], 0x1002, false);
    make_informational(p, &script[DELETE], 0x1003, true);
    make_transaction(p, 0x1004);
}

static inline struct keyring *
ring_with(const struct crypt_key *key)
{
    struct keyring *k = keyring_new(keylog_new());

    log_ike1(keyring_log(k), COOKIE_I, key);
    return k;
}

#endif
