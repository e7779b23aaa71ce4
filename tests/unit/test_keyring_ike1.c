/* The key ring and IKEv1: IVs along exchanges, messages sent again, lost and swapped, keys that
 * differ between both ends, and noise.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_ike1.h"

#include <espial/limits.h>

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

/* The rows of two cookies are exchanged: told, and not opened. */
static void
neighbours(void)
{
    struct peers p = peers_like(1), q = peers_like(90);
    struct keyring *k;

    make_main(&p, false, NULL);
    k = ring_with(&q.key);
    log_ike1(keyring_log(k), COOKIE_I + 9, &p.key);
    for (int i = 0; i <= AUTH1; i++) {
        T(!tell(k, &script[i]));
    }
    T(m.near.miss == NEAR_OTHER_SPI && m.near.spi == 0x5a5a5a5a && m.key_named);
    T(!tell(k, &script[AUTH2]) && !m.readable);
    keyring_free(k);
    k = ring_with(&q.key);
    for (int i = 0; i < NUM_MESSAGES; i++) {
        T(!tell(k, &script[i]) && m.near.miss == NEAR_NOTHING);
    }
    keyring_free(k);
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
    neighbours();
    for (int i = 0; i < 8; i++) {
        children(i & 1, i & 2, i & 4);
    }
    underived();
    return t_done();
}
