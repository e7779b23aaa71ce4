/* The key ring and IKEv1: IVs along exchanges, messages sent again, lost and swapped, keys that
 * differ between both ends, and noise.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_build.h"

#include <espial/limits.h>

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

static struct peers
peers_like(uint8_t seed)
{
    struct peers p = { .key = key_like(seed, 16), .skeyid_d = key_like((uint8_t)(seed + 7), 20) };

    p.ke_i = key_like(10, 64);
    p.ke_r = key_like(60, 64);
    p.n_i = key_like(100, 16);
    p.n_r = key_like(130, 20);
    return p;
}

static void
head(struct buf *b, unsigned first, unsigned exchange, bool encrypted, uint32_t id)
{
    header(b, first, 0x10, exchange, encrypted ? FLAG_ENCRYPTED : 0, id);
    set_spis(b, COOKIE_I, COOKIE_R);
}

static void
finish(struct buf *b)
{
    set_length(b, b->n);
}

static void
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

static void
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
static void
seal(struct buf *b, const struct crypt_key *key, uint8_t iv[16])
{
    uint8_t clear[2048];

    fill(b, 0, (16 - (b->n - 28) % 16) % 16);
    finish(b);
    memcpy(clear, b->b + 28, b->n - 28);
    cbc_seal(GCRY_CIPHER_AES128, key, iv, 16, clear, b->n - 28, b->b + 28);
    memcpy(iv, b->b + b->n - 16, 16);
}

static void
begin_phase2(const struct peers *p, uint32_t id, uint8_t iv[16])
{
    T(ike1_phase2_iv(PRF_SHA1, p->base, id, iv, 16));
}

static void
hash(struct buf *b, unsigned next)
{
    size_t part = open_part(b, next);

    for (unsigned i = 0; i < 20; i++) {
        u8(b, 0xc0 + i);
    }
    close_part(b, part);
}

static void
make_auth(struct buf *b, struct peers *p, uint8_t address)
{
    uint8_t id[8] = { 1, 17, 1, 0xf4, 192, 0, 2, address };

    head(b, V1P_ID, V1_MAIN, true, 0);
    blob(b, V1P_HASH, id, sizeof id);
    hash(b, 0);
    seal(b, &p->key, p->iv);
}

static void
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

static void
make_informational(struct peers *p, struct buf *b, uint32_t id, bool deletes)
{
    uint8_t iv[16], body[12] = { 0, 0, 0, 1, 3, 4, 0, deletes ? 1 : 14, 0x22, 0x22, 0x22, 0x22 };

    begin_phase2(p, id, iv);
    head(b, V1P_HASH, V1_INFORMATIONAL, true, id);
    hash(b, deletes ? V1P_DELETE : V1P_NOTIFY);
    blob(b, 0, body, sizeof body);
    seal(b, &p->key, iv);
}

static void
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
static void
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

static struct keyring *
ring_with(const struct crypt_key *key)
{
    struct keyring *k = keyring_new(keylog_new());

    log_ike1(keyring_log(k), COOKIE_I, key);
    return k;
}

/* Its IV was known: nothing had to be put back. */
static bool
hash_is_whole(void)
{
    return m.payloads[0].type == V1P_HASH && m.payloads[0].body.len == 20 &&
           m.payloads[0].body.at[0] == 0xc0;
}

/* --- tests ----------------------------------------------------------------------------- */

/* forged: a message with another suite or public value goes before each true one in clear. */
static void
straight(bool forged)
{
    struct peers p = peers_like(1);
    struct crypt_key other = key_like(77, 16);
    struct keyring *k;

    make_main(&p, false, NULL);
    k = ring_with(&other);                              /* several keys of one cookie */
    log_ike1(keyring_log(k), COOKIE_I, &p.key);
    for (int i = 0; i < NUM_MESSAGES; i++) {
        if (forged && i <= KE2) {
            struct buf changed = script[i];
            changed.b[59] ^= 2;
            T(!tell(k, &changed));
        }
        T(tell(k, &script[i]) == (i >= AUTH1));
        if (i == AUTH2) {
            T(m.id_i.present && m.id_i.data.len == 4 && m.id_i.data.at[3] == 20 && m.has_auth &&
              !m.integrity_wrong);
        } else if (i == QUICK2) {
            T(m.num_proposals == 1 && m.proposals[0].protocol == PROTO_ESP && m.nonce.len == 20);
        } else if (i == DELETE) {
            T(m.num_deletes == 1 && m.deletes[0].num_spis == 1);
        } else if (i == XAUTH2) {
            T(m.cfg_type == CP_REPLY && m.num_cfg == 2);
        }
        T(m.readable && m.error == IKE_OK && (i < QUICK1 || hash_is_whole()));
    }
    keyring_free(k);
}

/* Every message again, at once and later: the chain is not broken. */
static void
retransmitted(void)
{
    struct peers p = peers_like(1);
    struct keyring *k;

    make_main(&p, false, NULL);
    k = ring_with(&p.key);
    for (int i = 0; i < NUM_MESSAGES; i++) {
        T(tell(k, &script[i]) == (i >= AUTH1));
        T(tell(k, &script[i]) == (i >= AUTH1));
        for (int back = 1; back <= i && back <= 4; back++) {
            T(tell(k, &script[i - back]) == (i - back >= AUTH1));
            T(i - back != AUTH1 || m.id_i.data.at[3] == 10);
            T(i - back < QUICK1 || hash_is_whole());
        }
    }
    keyring_free(k);
}

/* One exchange with more messages than are remembered: of those that are, each has its IV, the
 * oldest too. */
static void
long_exchange(void)
{
    static struct buf all[KEYRING_MAX_MESSAGES + 1];
    uint8_t iv[16], body[12] = { CP_REQUEST, 0, 0, 7, 0xc0, 0x88, 0, 0, 0x40, 0x89, 0, 0 };
    struct peers p = peers_like(1);
    struct keyring *k;

    make_main(&p, false, NULL);
    k = ring_with(&p.key);
    for (int i = 0; i <= AUTH2; i++) {
        tell(k, &script[i]);
    }
    begin_phase2(&p, 0x3001, iv);
    for (unsigned i = 0; i < G_N_ELEMENTS(all); i++) {
        head(&all[i], V1P_HASH, V1_TRANSACTION, true, 0x3001);
        hash(&all[i], V1P_ATTRIBUTES);
        body[3] = (uint8_t)i;
        blob(&all[i], 0, body, sizeof body);
        seal(&all[i], &p.key, iv);
        T(tell(k, &all[i]) && hash_is_whole());
    }
    T(tell(k, &all[1]) && hash_is_whole());
    keyring_free(k);
}

/* Each one lost.  What needs the lost octets alone does not open: the first encrypted message
 * without a public value, and AUTH2 behind AUTH1, whose first block holds the identity. */
static void
lost(void)
{
    struct peers p = peers_like(1);

    make_main(&p, false, NULL);
    for (int gone = 0; gone < NUM_MESSAGES; gone++) {
        struct keyring *k = ring_with(&p.key);
        for (int i = 0; i < NUM_MESSAGES; i++) {
            bool hopeless =
                ((gone == KE1 || gone == KE2) && i == AUTH1) || (gone == AUTH1 && i == AUTH2);
            if (i != gone) {
                T(tell(k, &script[i]) == (i >= AUTH1 && !hopeless));
                T(i < AUTH1 || m.readable == !hopeless);
            }
        }
        keyring_free(k);
    }
}

/* A capture that begins in phase 2: the first block of each exchange is noise, and put back. */
static void
late(void)
{
    struct peers p = peers_like(1);
    static const int order[] = { INFO, DELETE, QUICK1, QUICK2, QUICK3, XAUTH1, XAUTH2 };
    struct keyring *k;

    make_main(&p, false, NULL);
    k = ring_with(&p.key);
    for (size_t i = 0; i < G_N_ELEMENTS(order); i++) {
        T(tell(k, &script[order[i]]) && m.error == IKE_OK);
        if (order[i] == INFO) {
            T(m.num_notifies == 1 && m.notifies[0].type == 14 && m.num_deletes == 0);
            T(m.payloads[0].body.len == 20 && m.payloads[0].body.at[0] == 0 &&
              m.payloads[0].body.at[19] == 0xd3);
        } else if (order[i] == DELETE) {
            T(m.num_deletes == 1 && m.num_notifies == 0);
        } else if (order[i] == QUICK1) {
            T(m.num_proposals == 1 && m.nonce.len == 16);
        }
    }
    keyring_free(k);
    /* The answer of quick mode before its offer. */
    k = ring_with(&p.key);
    for (int i = 0; i < QUICK1; i++) {
        tell(k, &script[i]);
    }
    T(tell(k, &script[QUICK2]) && tell(k, &script[QUICK1]) && tell(k, &script[QUICK3]));
    keyring_free(k);
}

/* With a wrong password both ends have other keys, and main mode goes on encrypted. */
static void
different_keys(void)
{
    struct peers p = peers_like(1), q;
    struct keyring *k;

    make_main(&p, false, NULL);
    q = peers_like(40);
    memcpy(q.base, script[AUTH1].b + script[AUTH1].n - 16, 16);
    make_informational(&q, &script[INFO], 0x2002, false);
    k = ring_with(&p.key);
    log_ike1(keyring_log(k), COOKIE_I, &q.key);
    for (int i = 0; i <= AUTH1; i++) {
        tell(k, &script[i]);
    }
    for (int i = 0; i < 5; i++) {
        T(tell(k, &script[AUTH1]) && tell(k, &script[INFO]) && m.num_notifies == 1);
    }
    keyring_free(k);
}

static void
aggressive(bool third_encrypted)
{
    struct peers p = peers_like(1);
    struct span gi = { p.ke_i.at, p.ke_i.len }, gr = { p.ke_r.at, p.ke_r.len };
    struct keyring *k = ring_with(&p.key);

    T(ike1_first_iv(PRF_SHA1, &gi, &gr, p.iv, 16));
    for (int i = 0; i < 2; i++) {
        struct buf *b = &script[i];
        head(b, V1P_SA, V1_AGGRESSIVE, false, 0);
        if (i == 0) {
            set_spis(b, COOKIE_I, 0);
        }
        phase1_sa(b, V1P_KE);
        blob(b, V1P_NONCE, (i ? gr : gi).at, gi.len);
        blob(b, 0, p.n_i.at, 16);
        finish(b);
        T(!tell(k, b));
    }
    head(&script[AUTH1], V1P_HASH, V1_AGGRESSIVE, third_encrypted, 0);
    hash(&script[AUTH1], 0);
    if (third_encrypted) {
        seal(&script[AUTH1], &p.key, p.iv);
    } else {
        finish(&script[AUTH1]);
    }
    T(tell(k, &script[AUTH1]) == third_encrypted);
    memcpy(p.base, p.iv, 16);
    make_quick(&p, 0x77, false, NULL);
    make_transaction(&p, 0x78);
    T(tell(k, &script[XAUTH1]) && tell(k, &script[XAUTH2]));
    T(tell(k, &script[QUICK1]) && tell(k, &script[QUICK2]) && tell(k, &script[QUICK3]));
    T(hash_is_whole());
    keyring_free(k);
}

/* Neither noise nor another key's text is believed, whole blocks or not. */
static void
noise(void)
{
    static const uint8_t exchanges[] = { V1_QUICK, V1_INFORMATIONAL, V1_TRANSACTION, V1_MAIN };
    struct peers p = peers_like(1), q = peers_like(90);
    struct keyring *k;
    GRand *random = g_rand_new_with_seed(5);
    static struct buf b;

    make_main(&p, false, NULL);
    k = ring_with(&q.key);
    for (int i = 0; i < NUM_MESSAGES; i++) {
        T(!tell(k, &script[i]) && (i < AUTH1 || (!m.readable && m.num_payloads == 0)));
    }
    keyring_free(k);
    k = ring_with(&p.key);
    for (int i = 0; i <= AUTH2; i++) {
        tell(k, &script[i]);
    }
    for (unsigned i = 0; i < 4000; i++) {
        unsigned exchange = exchanges[i % 4];
        head(&b, exchange == V1_MAIN ? V1P_ID : V1P_HASH, exchange, true,
             exchange == V1_MAIN ? 0 : i / 8 + 5);
        for (unsigned n = 16 * (1 + i % 7) + (i % 50 == 0); n > 0; n--) {
            u8(&b, (unsigned)g_rand_int_range(random, 0, 256));
        }
        finish(&b);
        T(!tell(k, &b) && !m.readable);
    }
    T(tell(k, &script[QUICK1])); /* and they do not stand in the way of a real one */
    keyring_free(k);
    g_rand_free(random);
}

/* --- Child SAs ---------------------------------------------------------------------------- */

static bool
opens_esp(struct keyring *k, const struct peers *p, const struct crypt_key *g, uint32_t spi)
{
    uint8_t keymat[64], be[4], packet[100];
    struct span ni = { p->n_i.at, p->n_i.len }, nr = { p->n_r.at, p->n_r.len },
                secret = { g ? g->at : NULL, g ? g->len : 0 };
    struct esp_clear clear;
    struct esp_keys keys;
    static struct buf b;
    size_t used;

    memset(&keys, 0, sizeof keys);
    put_be32(be, spi);
    T(child_keymat_v1(PRF_SHA1, &p->skeyid_d, g ? &secret : NULL, PROTO_ESP, be, &ni, &nr, keymat,
                      sizeof keymat));
    T(esp_keys_cut(&keys, AES, 128, SHA1, keymat, sizeof keymat, &used) && used == 36);
    ip_packet(packet, sizeof packet);
    esp_seal(&b, &keys, spi, 1, 4, packet, sizeof packet, 0);
    return keyring_open_esp(k, &clear, b.b, b.n, b.n, true) && clear.icv == ICV_GOOD &&
           memcmp(clear.head, packet, 90) == 0;
}

static void
log_skeyid_d(struct keylog *log, const struct crypt_key *skeyid_d)
{
    static struct keylog_ike1 one;

    memset(&one, 0, sizeof one);
    memset(one.spi_i, COOKIE_I, 8);
    one.skeyid_d = *skeyid_d;
    g_ptr_array_add(log->ike1, &one);
}

/* Quick mode in clear, as anybody can send it, with the message ID of the true one. */
static void
clear_quick(struct keyring *k)
{
    struct crypt_key n = key_like(200, 20);
    static struct buf b;

    head(&b, V1P_HASH, V1_QUICK, false, 0x1001);
    hash(&b, V1P_SA);
    quick_sa(&b, V1P_NONCE, SPI_I, false);
    blob(&b, 0, n.at, n.len);
    finish(&b);
    T(!tell(k, &b) && m.readable && m.num_proposals == 1);
}

static void
children(bool with_ah, bool pfs, bool swapped)
{
    struct peers p = peers_like(1);
    struct crypt_key ke = key_like(3, 64), g = key_like(5, 64), others;
    struct keyring *k;

    make_main(&p, with_ah, pfs ? &ke : NULL);
    k = ring_with(&p.key);
    log_skeyid_d(keyring_log(k), &p.skeyid_d);
    for (int i = 0; i < QUICK1; i++) {
        tell(k, &script[i]);
    }
    T(!opens_esp(k, &p, pfs ? &g : NULL, SPI_R));       /* not negotiated yet */
    clear_quick(k);
    tell(k, &script[swapped ? QUICK2 : QUICK1]);
    tell(k, &script[swapped ? QUICK1 : QUICK2]);
    tell(k, &script[QUICK1]);                           /* sent again */
    if (pfs) {
        T(!opens_esp(k, &p, &g, SPI_R));
        others = key_like(6, 64);
        log_secret(keyring_log(k), &others);
        others = key_like(7, 32);
        log_secret(keyring_log(k), &others);
        log_secret(keyring_log(k), &g);
    }
    T(opens_esp(k, &p, pfs ? &g : NULL, SPI_R) && opens_esp(k, &p, pfs ? &g : NULL, SPI_I));
    T(opens_esp(k, &p, pfs ? &g : NULL, SPI_R));
    keyring_free(k);
}

/* A damaged packet of an SPI whose keys only might follow says nothing of the keys. */
static void
underived(void)
{
    struct peers p = peers_like(1);
    struct keyring *k;
    struct esp_clear clear;
    struct esp_keys bare = esp_keys_like(AES, 0, 9);
    uint8_t packet[100] = { 0x22, 0x22, 0x22, 0x22, 0, 0, 0, 1 };

    make_main(&p, false, NULL);
    k = ring_with(&p.key);
    log_skeyid_d(keyring_log(k), &p.skeyid_d);
    for (int i = 0; i <= QUICK2; i++) {
        tell(k, &script[i]);
    }
    T(!keyring_open_esp(k, &clear, packet, sizeof packet, sizeof packet, true) &&
      clear.icv == ICV_UNKNOWN);
    T(opens_esp(k, &p, NULL, SPI_R));
    T(!keyring_open_esp(k, &clear, packet, sizeof packet, sizeof packet, true) &&
      clear.icv == ICV_BAD);
    keyring_free(k);
    /* Nor does it beside a key of the log that has no ICV. */
    k = ring_with(&p.key);
    log_skeyid_d(keyring_log(k), &p.skeyid_d);
    log_esp(keyring_log(k), SPI_R, &bare);
    for (int i = 0; i <= QUICK2; i++) {
        tell(k, &script[i]);
    }
    T(!keyring_open_esp(k, &clear, packet, 88, 88, true) && clear.icv == ICV_UNKNOWN);
    keyring_free(k);
}

int
main(void)
{
    crypt_ready();
    straight(false);
    straight(true);
    retransmitted();
    long_exchange();
    lost();
    late();
    different_keys();
    aggressive(true);
    aggressive(false);
    noise();
    for (int i = 0; i < 8; i++) {
        children(i & 1, i & 2, i & 4);
    }
    underived();
    return t_done();
}
