/* open_ikev1.c - opens IKEv1: key by the initiator's cookie, suite and public values as seen
 * in clear, IVs along each exchange (RFC 2409 appendix B, section 5.5, 5.6).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge.h"
#include "near.h"
#include "open.h"
#include "sas.h"

#include <espial/hash.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <string.h>

enum {
    FIRST_IVS = KEYRING_MAX_PUBLIC * (KEYRING_MAX_PUBLIC - 1),
    MAX_IVS = KEYRING_MAX_MESSAGES + 2 * KEYRING_MAX_BLOCKS + FIRST_IVS,
    KEPT_FIRST = 2,             /* choices and public values that are never given up */
    MAX_SUITES = 20,
    BLOWFISH_BITS = 448         /* without a Key Length attribute: RFC 2409 appendix B */
};

struct v1_suite {
    uint16_t encr, key_bits, hash;      /* hash 0: not known */
    bool assumed;
};

/* An encrypted message under way to its clear text (RFC 2409 appendix B). */
struct encrypted_message {
    const struct ike_message *m;
    struct span data;
    uint64_t digest;
    uint8_t *out, *work;
    struct ike1_exchange *exchange;
    uint8_t iv[CRYPT_BLOCK_MAX];        /* that opened it */
    bool iv_known;
    struct v1_suite suite;
};

/* --- what is in clear --------------------------------------------------------------- */

static bool
is_phase1(const struct ike_message *m)
{
    return m->message_id == 0 && m->exchange <= V1_AGGRESSIVE;
}

static void
say_lost(struct keyring *k)
{
    keyring_reached(k, "more clear messages of one IKEv1 SA than the key ring keeps");
}

/* Who forges has read the cookies in true messages: the first ones are kept, and the newest. */
static void
add_choice(struct keyring *k, struct ike1_sa *sa, const struct key_suite *s)
{
    for (unsigned i = 0; i < sa->num_choices; i++) {
        if (memcmp(&sa->choices[i], s, sizeof *s) == 0) {
            return;
        }
    }
    if (sa->num_choices == KEYRING_MAX_CHOICES) {
        say_lost(k);
        sa->num_choices--;
        memmove(&sa->choices[KEPT_FIRST], &sa->choices[KEPT_FIRST + 1],
                (KEYRING_MAX_CHOICES - KEPT_FIRST - 1) * sizeof *s);
    }
    sa->choices[sa->num_choices++] = *s;
}

static void
add_public(struct keyring *k, struct ike1_sa *sa, const struct span *value)
{
    GBytes *ke = g_bytes_new(value->at, value->len);

    for (unsigned i = 0; i < sa->num_ke; i++) {
        if (g_bytes_equal(sa->ke[i], ke)) {
            g_bytes_unref(ke);
            return;             /* sent again */
        }
    }
    if (sa->num_ke == KEYRING_MAX_PUBLIC) {
        say_lost(k);
        sa->num_ke--;
        g_bytes_unref(sa->ke[KEPT_FIRST]);
        memmove(&sa->ke[KEPT_FIRST], &sa->ke[KEPT_FIRST + 1],
                (KEYRING_MAX_PUBLIC - KEPT_FIRST - 1) * sizeof(GBytes *));
    }
    sa->ke[sa->num_ke++] = ke;
}

static void
see_clear(struct keyring *k, struct ike1_sa *sa, const struct ike_message *m)
{
    static const uint8_t zero[8];

    if (!is_phase1(m) || m->encrypted) {
        return;
    }
    /* The one with both cookies is the responder's: it has chosen. */
    if (m->num_proposals && memcmp(m->spi_r, zero, 8) != 0 && !sa->encr) {
        struct key_suite s = key_suite_of(&m->proposals[0]);
        if (s.encr) {
            add_choice(k, sa, &s);
        }
    }
    if (m->has_ke) {
        add_public(k, sa, &m->ke);
    }
}

/* --- what is known of an exchange ------------------------------------------------------ */

static struct ike1_exchange *
exchange_of(struct ike1_sa *sa, const struct ike_message *m)
{
    struct ike1_exchange *e;

    for (GList *l = sa->exchanges->head; l; l = l->next) {
        e = (struct ike1_exchange *)l->data;
        if (e->message_id == m->message_id && e->type == m->exchange) {
            g_queue_unlink(sa->exchanges, l);
            g_queue_push_head_link(sa->exchanges, l);
            return e;
        }
    }
    e = g_new0(struct ike1_exchange, 1);
    e->message_id = m->message_id;
    e->type = m->exchange;
    g_queue_push_head(sa->exchanges, e);
    if (g_queue_get_length(sa->exchanges) > KEYRING_MAX_EXCHANGES) {
        g_free(g_queue_pop_tail(sa->exchanges));
    }
    return e;
}

static struct ike1_message *
message_of(struct ike1_exchange *e, uint64_t digest)
{
    for (unsigned i = 0; i < e->num; i++) {
        if (e->messages[i].digest == digest) {
            return &e->messages[i];
        }
    }
    return NULL;
}

/* Its last block counts for the next message, opened or not. */
static void
remember(struct ike1_sa *sa, struct encrypted_message *c)
{
    struct ike1_message *old = message_of(c->exchange, c->digest), *one;
    const uint8_t *last;
    size_t n = MIN(c->data.len, (size_t)CRYPT_BLOCK_MAX);

    if (old) {
        if (c->iv_known) {
            memcpy(old->iv, c->iv, sizeof old->iv);
            old->iv_known = true;
        }
        return;
    }
    /* The cipher may not be known yet: the last 16 octets have the block of any at their end. */
    last = c->data.at + c->data.len - n;
    one = &c->exchange->messages[c->exchange->next];
    c->exchange->next = (c->exchange->next + 1) % KEYRING_MAX_MESSAGES;
    c->exchange->num = MIN(c->exchange->num + 1, (unsigned)KEYRING_MAX_MESSAGES);
    memset(one, 0, sizeof *one);
    one->digest = c->digest;
    one->iv_known = c->iv_known;
    memcpy(one->iv, c->iv, sizeof one->iv);
    memcpy(one->last + CRYPT_BLOCK_MAX - n, last, n);
    if (is_phase1(c->m)) {
        if (sa->num_blocks == KEYRING_MAX_BLOCKS) {
            memmove(sa->blocks[0], sa->blocks[1], sizeof sa->blocks - sizeof sa->blocks[0]);
            sa->num_blocks--;
        }
        memcpy(sa->blocks[sa->num_blocks++], one->last, CRYPT_BLOCK_MAX);
    }
}

/* --- IVs ---------------------------------------------------------------------------------- */

struct ivs {
    uint8_t at[MAX_IVS][CRYPT_BLOCK_MAX];
    unsigned num;
};

static void
add_iv(struct ivs *v, const uint8_t *iv, size_t block)
{
    if (v->num < MAX_IVS) {
        memcpy(v->at[v->num++], iv, block);
    }
}

/* Of both public values, whichever they are; a capture may have them in either order. */
static unsigned
first_ivs(const struct ike1_sa *sa, uint16_t hash, size_t block,
          uint8_t out[FIRST_IVS][CRYPT_BLOCK_MAX])
{
    struct span a, b;
    unsigned n = 0;

    for (unsigned j = 1; j < sa->num_ke && hash; j++) {
        for (unsigned i = 0; i < j; i++) {
            a.at = (const uint8_t *)g_bytes_get_data(sa->ke[i], &a.len);
            b.at = (const uint8_t *)g_bytes_get_data(sa->ke[j], &b.len);
            n += ike1_first_iv(hash, &a, &b, out[n], block);
            n += ike1_first_iv(hash, &b, &a, out[n], block);
        }
    }
    return n;
}

/* Bounded: what this very message was opened with before, the last blocks of the exchange,
 * then what begins it. */
static void
collect_ivs(const struct ike1_sa *sa, const struct encrypted_message *c, size_t block,
            struct ivs *v)
{
    struct ike1_message *again = message_of(c->exchange, c->digest);
    uint8_t first[FIRST_IVS][CRYPT_BLOCK_MAX], iv[CRYPT_BLOCK_MAX];
    unsigned num_first = first_ivs(sa, c->suite.hash, block, first);
    bool phase1 = is_phase1(c->m);

    v->num = 0;
    if (again && again->iv_known) {
        add_iv(v, again->iv, block);
    }
    for (unsigned i = 0; i < c->exchange->num; i++) {
        unsigned newest = (c->exchange->next + KEYRING_MAX_MESSAGES - 1 - i) % KEYRING_MAX_MESSAGES;
        add_iv(v, c->exchange->messages[newest].last + CRYPT_BLOCK_MAX - block, block);
    }
    /* Phase 2 begins with the last block of phase 1, whichever that was: a message may have
     * been sent again, and where the last one was in clear or never came it is the first IV. */
    for (unsigned i = sa->num_blocks; i-- > 0 && !phase1 && c->suite.hash;) {
        if (ike1_phase2_iv(c->suite.hash, sa->blocks[i] + CRYPT_BLOCK_MAX - block, c->m->message_id,
                           iv, block)) {
            add_iv(v, iv, block);
        }
    }
    for (unsigned i = 0; i < num_first; i++) {
        if (phase1) {
            add_iv(v, first[i], block);
        } else if (ike1_phase2_iv(c->suite.hash, first[i], c->m->message_id, iv, block)) {
            add_iv(v, iv, block);
        }
    }
}

/* --- keys ------------------------------------------------------------------------------------ */

/* Only the first block depends on the IV: the rest is decrypted once. */
static bool
try_ivs(const struct ike1_sa *sa, struct encrypted_message *c, const uint8_t *key, size_t key_len)
{
    static const uint8_t zero[CRYPT_BLOCK_MAX];
    struct chain_rules rules = { c->m->exchange, c->m->inner_first, ike1_block(c->suite.encr),
                                 c->suite.hash ? prf_len(c->suite.hash) : 0 };
    struct ivs v;

    if (!ike1_open(c->suite.encr, key, key_len, zero, c->data.at, c->data.len, c->work)) {
        return false;
    }
    collect_ivs(sa, c, rules.block, &v);
    memcpy(c->out, c->work, c->data.len);
    for (unsigned i = 0; i < v.num; i++) {
        for (size_t b = 0; b < rules.block; b++) {
            c->out[b] = c->work[b] ^ v.at[i][b];
        }
        if (chain_plausible(&rules, c->out, c->data.len)) {
            memcpy(c->iv, v.at[i], rules.block);
            c->iv_known = true;
            return true;
        }
    }
    return chain_repair(&rules, c->out, c->data.len);
}

/* The log may have SKEYID_e, or its extension with more octets than the cipher takes. */
static bool
try_key(const struct ike1_sa *sa, struct encrypted_message *c, const struct crypt_key *key)
{
    uint8_t fitted[CRYPT_KEY_MAX];
    uint16_t preset = c->suite.encr == ENCR_BLOWFISH_CBC ? BLOWFISH_BITS : 0;
    uint16_t bits = c->suite.key_bits ? c->suite.key_bits : preset;
    size_t want = key->len;
    bool ok;

    if (!c->suite.assumed && !crypt_encr_key_len(c->suite.encr, bits, &want)) {
        return false;
    }
    if (want > sizeof fitted || (want > key->len && !c->suite.hash)) {
        return false;
    }
    ok = ike1_extend_key(c->suite.hash, key->at, key->len, fitted, want) &&
         try_ivs(sa, c, fitted, want);
    crypt_wipe(fitted, sizeof fitted);
    return ok;
}

/* Where the choice was not captured, the key's length leaves few ciphers. */
static unsigned
suites_of(const struct ike1_sa *sa, const struct crypt_key *key, struct v1_suite *out)
{
    static const struct { uint8_t key, encr; } ciphers[] = {
        { 8, ENCR_DES_CBC }, { 16, ENCR_AES_CBC }, { 16, ENCR_CAMELLIA_CBC }, { 24, ENCR_3DES_CBC },
        { 24, ENCR_AES_CBC }, { 32, ENCR_AES_CBC },
    };
    static const uint8_t hashes[] = {
        PRF_HMAC_SHA1, PRF_HMAC_SHA2_256, PRF_HMAC_MD5, PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512
    };
    unsigned n = 0;

    if (sa->encr) {
        out[n++] = (struct v1_suite){ sa->encr, sa->key_bits, sa->hash, false };
        return n;
    }
    for (; n < sa->num_choices; n++) {
        const struct key_suite *s = &sa->choices[n];
        out[n] = (struct v1_suite){ s->encr, s->key_bits, s->prf, false };
    }
    if (n) {
        return n;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++) {
        for (size_t h = 0; h < G_N_ELEMENTS(hashes) && ciphers[i].key == key->len && n < MAX_SUITES;
             h++) {
            out[n++] = (struct v1_suite){ ciphers[i].encr, 0, hashes[h], true };
        }
    }
    return n;
}

/* With a suite that the SA may have: c->suite. */
static bool
fits(const struct ike1_sa *sa, struct encrypted_message *c, const struct keylog_ike1 *key)
{
    struct v1_suite suites[MAX_SUITES];
    unsigned n = key->key.len ? suites_of(sa, &key->key, suites) : 0;

    for (unsigned i = 0; i < n; i++) {
        c->suite = suites[i];
        if (try_key(sa, c, &key->key)) {
            return true;
        }
    }
    return false;
}

static bool
try_one(struct ike1_sa *sa, struct encrypted_message *c, const struct keylog_ike1 *key)
{
    const struct v1_suite *s = &c->suite;
    bool any_length;

    if (!fits(sa, c, key)) {
        return false;
    }
    sa->right = key;
    /* Only a HASH payload, by its length, says which hash it is. */
    if (!s->assumed) {
        sa->encr = s->encr;
        sa->key_bits = s->key_bits;
        sa->hash = s->hash;
    } else if (c->m->inner_first == V1P_HASH) {
        any_length = s->encr == ENCR_AES_CBC || s->encr == ENCR_CAMELLIA_CBC;
        sa->encr = s->encr;
        sa->key_bits = (uint16_t)(any_length ? key->key.len * 8 : 0);
        sa->hash = s->hash;
    }
    return true;
}

/* Both ends may have different keys: with a wrong password main mode goes on encrypted. */
static bool
try_keys(struct ike1_sa *sa, struct encrypted_message *c, const GPtrArray *keys)
{
    if (sa->right && try_one(sa, c, sa->right)) {
        return true;
    }
    /* Messages that none has opened may be forged ones: one key is tried with each for ever. */
    bool late = sa->tries >= KEYRING_MAX_SA_TRIES;
    for (guint i = 0; i < (late ? 1 : keys->len); i++) {
        guint number = late ? sa->cursor++ % keys->len : i;
        const struct keylog_ike1 *key = (const struct keylog_ike1 *)g_ptr_array_index(keys, number);
        if (key != sa->right) {
            if (try_one(sa, c, key)) {
                return true;
            }
            sa->tries++;
        }
    }
    return false;
}

/* None of the keys named for the SA fits; that of another cookie near them in the log may. */
static struct key_near
near_ike1(struct keyring *k, const struct ike1_sa *sa, struct encrypted_message *c,
          const GPtrArray *named)
{
    struct key_near near = { .miss = NEAR_NOTHING };
    size_t all = keylog_num_ike1(k->log), here = 0;

    while (here < all && keylog_ike1(k->log, here) != g_ptr_array_index(named, named->len - 1)) {
        here++;
    }
    for (size_t i = 2; i < 2 + 2 * (size_t)KEYRING_NEAR_KEYS && !near.miss; i++) {
        size_t far = i / 2, at = i % 2 ? here - far : here + far;
        const struct keylog_ike1 *one = i % 2 && far > here ? NULL : keylog_ike1(k->log, at);
        if (one && memcmp(one->spi_i, sa->spis, sizeof one->spi_i) != 0 &&
            budget_take(&k->near_tries, MAX_IVS) && fits(sa, c, one)) {
            near = (struct key_near){ .miss = NEAR_OTHER_SPI, .spi = be32(one->spi_i) };
        }
    }
    return near;
}

bool
ike1_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    const GPtrArray *keys = ike1_keys(k, m->spi_i);
    struct encrypted_message c = { .m = m, .data = m->encrypted_body };
    uint8_t spis[IKE_SPIS];
    struct ike1_sa *sa;
    bool opened;

    if (!keys || captured < IKE_HEADER) {
        return false;
    }
    m->key_named = true;
    keyring_spis(m, spis);
    sa = ike1_sa_of(k, spis, true);
    see_clear(k, sa, m);
    /* Of a message that the capture cut the last block is not there. */
    if (!m->encrypted || m->truncated || m->length > captured || c.data.len == 0) {
        return false;
    }
    c.digest = hash_octets(hash_seed(), at, m->length);
    c.exchange = exchange_of(sa, m);
    c.out = keyring_clear(k, 2 * c.data.len);
    c.work = c.out + c.data.len;
    opened = try_keys(sa, &c, keys);
    remember(sa, &c);
    if (opened) {
        ike1_prove(sa);
    } else if (!sa->right && near_is_due(&sa->failed)) {
        m->near = near_ike1(k, sa, &c, keys);
    }
    return opened && !m->readable && ike_parse_inner(m, m->inner_first, c.out, c.data.len);
}
