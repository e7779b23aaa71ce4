/* derive.c - keys that follow from SK_d or SKEYID_d and, with a key exchange of their
 * own, from a shared secret that the log has.  What fits is asked of the caller, who has the
 * packet.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "derive.h"

#include <espial/limits.h>
#include <espial/names.h>
#include <string.h>

enum {
    KEYMAT_MAX = 4 * CRYPT_KEY_MAX,     /* encryption and integrity of both directions */
    SECRET_X_MAX = 66,                  /* octets of the x coordinate of the largest curve */
    ML_KEM_SECRET = 32, ML_KEM_PUBLIC_MIN = 700,
    TRIES_AT_ONCE = 256,
    LATE_EACH = 64, LATE_TRIES = 4      /* when all tries are used up: of each so many packets */
};

static struct span
span_of(GBytes *b)
{
    struct span s;

    s.at = (const uint8_t *)g_bytes_get_data(b, &s.len);
    return s;
}

/* --- secrets --------------------------------------------------------------------------- */

/* The shared secret is as long as the public value for MODP, Curve25519 and Curve448, half of
 * it for the curves of RFC 5903 (section 7), and 32 octets for ML-KEM. */
static bool
secret_fits(size_t len, size_t ke_len)
{
    return len == ke_len || (len <= SECRET_X_MAX && 2 * len == ke_len) ||
           (len == ML_KEM_SECRET && ke_len >= ML_KEM_PUBLIC_MIN);
}

/* The secrets that a key exchange could have; a single NULL where there was none. */
static GPtrArray *
secrets_of(const struct keyring *k, bool exchanged, size_t ke_len)
{
    GPtrArray *list = g_ptr_array_new();

    if (!exchanged) {
        g_ptr_array_add(list, NULL);
    }
    for (size_t i = 0; exchanged && i < keylog_num_secrets(k->log); i++) {
        const struct keylog_secret *s = keylog_secret(k->log, i);
        if (secret_fits(s->octets.len, ke_len)) {
            g_ptr_array_add(list, (gpointer)&s->octets);
        }
    }
    return list;
}

static void
add_sk_d(GPtrArray *list, const GPtrArray *from)
{
    for (guint i = from ? from->len : 0; i-- > 0;) {
        const struct ike_keys *keys = (const struct ike_keys *)g_ptr_array_index(from, i);
        if (keys->sk_d.len && !g_ptr_array_find(list, keys, NULL)) {
            g_ptr_array_add(list, (gpointer)keys);
        }
    }
}

/* Keys of an IKE SA that have an SK_d, those that opened its messages first. */
static GPtrArray *
sk_ds_of(struct keyring *k, const uint8_t spis[IKE_SPIS])
{
    const struct ike2_sa *sa = ike2_sa_of(k, spis, false);
    GPtrArray *list = g_ptr_array_new();

    if (sa) {
        add_sk_d(list, sa->keys);
    }
    add_sk_d(list, ike2_named(k, spis));
    return list;
}

/* What may be of an IKE SA: several nonces and suites where one is true and others are forged.  Its
 * numbers count all of them. */
struct variants {
    const GPtrArray *requests, *answers;        /* of the first Child SA */
    struct key_suite suites[KEYRING_MAX_NONCES];        /* of others */
    size_t num;
};

static void
variants_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool first, struct variants *v)
{
    const struct ike2_sa *sa = ike2_sa_of(k, spis, false);

    memset(v, 0, sizeof *v);
    if (first) {
        v->requests = sa ? sa->requests : NULL;
        v->answers = sa ? sa->answers : NULL;
        v->num = sa ? (size_t)sa->requests->len * sa->answers->len : 0;
        return;
    }
    v->num = MAX(sa ? ike2_suites(sa, v->suites) : 0, 1u);
}

/* The log's, where it says it. */
static uint16_t
prf_of(const struct variants *v, size_t number, const struct ike_keys *keys)
{
    const struct key_suite *s = v->answers ?
                                &heard_at(v->answers, (guint)(number / v->requests->len))->suite :
                                &v->suites[number];

    return keys->prf ? keys->prf : s->prf;
}

/* Every one of all is tried once before one is tried again; a packet goes on where the one before
 * stopped.  False when there is none left for now.  Packets that none of them opens may be forged
 * ones: a few tries go on for ever. */
static bool
next_try(struct keyring *k, struct derivation_tries *tries, size_t all, unsigned *now, size_t *out)
{
    if (tries->num >= KEYRING_MAX_DERIVATIONS) {
        if (all > KEYRING_MAX_DERIVATIONS) {
            keyring_reached(k, "more keys that may follow from one negotiation than the key ring "
                               "tries");
        }
        if (tries->packets % LATE_EACH || *now >= LATE_TRIES) {
            return false;
        }
    }
    if (!all || *now >= TRIES_AT_ONCE || *now >= all) {
        return false;
    }
    tries->num += tries->num < KEYRING_MAX_DERIVATIONS;
    ++*now;
    *out = tries->cursor++ % all;
    return true;
}

/* --- Child SAs ----------------------------------------------------------------------------- */

/* The keys of one direction, behind those of the other where they are the second ones. */
static bool
cut_keys(const struct child_negotiation *child, const uint8_t *keymat, size_t len,
         struct esp_keys *out)
{
    size_t used;

    memset(out, 0, sizeof *out);
    if (!esp_keys_cut(out, child->suite.encr, child->suite.key_bits, child->suite.integ, keymat,
                      len, &used)) {
        return false;
    }
    return !child->second || esp_keys_cut(out, child->suite.encr, child->suite.key_bits,
                                          child->suite.integ, keymat + used, len - used, &used);
}

static bool
keymat_len(const struct child_negotiation *child, size_t *out)
{
    size_t encr, integ;

    if (!crypt_encr_key_len(child->suite.encr, child->suite.key_bits, &encr) ||
        !crypt_integ_key_len(child->suite.integ, &integ)) {
        return false;
    }
    *out = (encr + integ) * (child->second ? 2 : 1);
    return *out > 0 && *out <= KEYMAT_MAX;
}

static const struct esp_keys *
try_keymat(struct keyring *k, const struct child_negotiation *child, const uint8_t *keymat,
           size_t len, esp_keys_open *opens, void *context)
{
    struct esp_keys keys;
    const struct esp_keys *kept = NULL;

    bool right = cut_keys(child, keymat, len, &keys) && opens(context, &keys);

    /* Early Linux kernels cut HMAC-SHA-256 shorter than what they negotiate. */
    if (!right && keys.integ == INTEG_HMAC_SHA2_256_128) {
        keys.integ = CRYPT_INTEG_SHA256_96;
        right = opens(context, &keys);
    }
    if (right) {
        kept = (const struct esp_keys *)keyring_keep(k, &keys, sizeof keys);
    }
    crypt_wipe(&keys, sizeof keys);
    return kept;
}

static void
nonces_of(const struct child_negotiation *child, const struct variants *v, size_t number,
          struct span *ni, struct span *nr)
{
    guint requests = child->first ? v->requests->len : 1;

    *ni = span_of(child->first ? heard_at(v->requests, (guint)number % requests)->nonce :
                  child->ni);
    *nr = span_of(child->first ? heard_at(v->answers, (guint)number / requests)->nonce :
                  child->nr);
}

/* A packet has its keys of these: all others were forged, or led nowhere. */
static void
prove_nonces(struct keyring *k, const struct child_negotiation *child, size_t number)
{
    struct ike2_sa *sa = ike2_sa_of(k, child->spis, false);
    guint requests = sa->requests->len;

    heard_keep_only(sa->requests, (guint)number % requests);
    heard_keep_only(sa->answers, (guint)number / requests);
    sa->nonces_proved = true;
}

static const struct esp_keys *
derive_v2(struct keyring *k, struct child_negotiation *child, const GPtrArray *secrets,
          esp_keys_open *opens, void *context)
{
    GPtrArray *sk_ds = sk_ds_of(k, child->spis);
    const struct esp_keys *found = NULL;
    struct variants v;
    uint8_t keymat[KEYMAT_MAX];
    unsigned now = 0;
    size_t len, pair, each = (size_t)sk_ds->len * secrets->len;

    variants_of(k, child->spis, child->first, &v);
    while (!found && keymat_len(child, &len) &&
           next_try(k, &child->tries, each * v.num, &now, &pair)) {
        const struct ike_keys *keys =
            (const struct ike_keys *)g_ptr_array_index(sk_ds, pair % sk_ds->len);
        const struct span *g =
            (const struct span *)g_ptr_array_index(secrets, pair % each / sk_ds->len);
        size_t number = pair / each;
        struct span ni, nr;
        nonces_of(child, &v, number, &ni, &nr);
        if (child_keymat_v2(prf_of(&v, number, keys), &keys->sk_d, g, &ni, &nr, keymat, len)) {
            found = try_keymat(k, child, keymat, len, opens, context);
        }
        if (found && child->first) {
            prove_nonces(k, child, number);
        }
    }
    crypt_wipe(keymat, sizeof keymat);
    g_ptr_array_free(sk_ds, TRUE);
    return found;
}

/* A capture may have both messages in either order: the nonces are tried both ways. */
static const struct esp_keys *
derive_v1(struct keyring *k, struct child_negotiation *child, const GPtrArray *secrets,
          esp_keys_open *opens, void *context)
{
    const GPtrArray *logged = ike1_keys(k, child->spis);
    struct span n[2] = { span_of(child->ni), span_of(child->nr) };
    const struct esp_keys *found = NULL;
    uint8_t keymat[KEYMAT_MAX];
    unsigned now = 0;
    size_t len, pair, num = logged ? logged->len : 0;

    while (!found && keymat_len(child, &len) &&
           next_try(k, &child->tries, 2 * num * secrets->len, &now, &pair)) {
        const struct keylog_ike1 *one =
            (const struct keylog_ike1 *)g_ptr_array_index(logged, pair / 2 % num);
        const struct span *g = (const struct span *)g_ptr_array_index(secrets, pair / 2 / num);
        size_t first = pair % 2;
        if (one->skeyid_d.len && child_keymat_v1(child->suite.prf, &one->skeyid_d, g, PROTO_ESP,
                                                 child->spi, &n[first], &n[!first], keymat, len)) {
            found = try_keymat(k, child, keymat, len, opens, context);
        }
    }
    crypt_wipe(keymat, sizeof keymat);
    return found;
}

const struct esp_keys *
keyring_derive_esp(struct keyring *k, struct child_negotiation *child, esp_keys_open *opens,
                   void *context)
{
    GPtrArray *secrets;
    const struct esp_keys *found;

    child->tries.packets++;
    secrets = secrets_of(k, child->exchanged, child->ke_len);
    found = child->v1 ? derive_v1(k, child, secrets, opens, context) :
            derive_v2(k, child, secrets, opens, context);
    g_ptr_array_free(secrets, TRUE);
    return found;
}

/* --- rekeyed IKE SAs ------------------------------------------------------------------------- */

static void
take(struct crypt_key *to, const uint8_t **at, size_t len)
{
    memcpy(to->at, *at, len);
    to->len = len;
    *at += len;
}

/* SKEYSEED = prf(SK_d (old), g^ir (new) | Ni | Nr), with the prf of the old SA; then
 * {SK_d | SK_ai | SK_ar | SK_ei | SK_er | ..} = prf+(SKEYSEED, Ni | Nr | SPIi | SPIr) with the
 * new one (RFC 7296 sections 2.14 and 2.18). */
static bool
new_keys(struct ike_keys *out, const struct ike_rekeying *rekeying, uint16_t old_prf,
         const struct crypt_key *sk_d, const struct span *g, const uint8_t spis[IKE_SPIS])
{
    struct span seed[3] = { *g, span_of(rekeying->ni), span_of(rekeying->nr) };
    struct span more[3] = { span_of(rekeying->ni), span_of(rekeying->nr), { spis, IKE_SPIS } };
    uint8_t skeyseed[CRYPT_PRF_MAX], all[CRYPT_PRF_MAX + 4 * CRYPT_KEY_MAX];
    const uint8_t *at = all;
    size_t prf = prf_len(rekeying->suite.prf), encr, integ;
    bool ok = prf && crypt_encr_key_len(rekeying->suite.encr, rekeying->suite.key_bits, &encr) &&
              crypt_integ_key_len(rekeying->suite.integ, &integ) &&
              prf_run(old_prf, sk_d->at, sk_d->len, seed, G_N_ELEMENTS(seed), skeyseed) &&
              prf_plus(rekeying->suite.prf, skeyseed, prf_len(old_prf), more, G_N_ELEMENTS(more),
                       all, prf + 2 * (encr + integ));

    memset(out, 0, sizeof *out);
    if (ok) {
        out->encr = rekeying->suite.encr;
        out->integ = rekeying->suite.integ;
        out->prf = rekeying->suite.prf;
        take(&out->sk_d, &at, prf);
        take(&out->sk_ai, &at, integ);
        take(&out->sk_ar, &at, integ);
        take(&out->sk_ei, &at, encr);
        take(&out->sk_er, &at, encr);
    }
    crypt_wipe(skeyseed, sizeof skeyseed);
    crypt_wipe(all, sizeof all);
    return ok;
}

const struct ike_keys *
keyring_derive_ike(struct keyring *k, struct ike_rekeying *rekeying, const uint8_t spis[IKE_SPIS],
                   ike_keys_open *opens, void *context)
{
    GPtrArray *secrets = secrets_of(k, true, rekeying->ke_len),
              *sk_ds = sk_ds_of(k, rekeying->parent);
    const struct ike_keys *found = NULL;
    struct ike_keys keys;
    struct variants v;
    unsigned now = 0;
    size_t pair, each = (size_t)sk_ds->len * secrets->len;

    variants_of(k, rekeying->parent, false, &v);
    rekeying->tries.packets++;
    while (!found && next_try(k, &rekeying->tries, each * v.num, &now, &pair)) {
        const struct ike_keys *old =
            (const struct ike_keys *)g_ptr_array_index(sk_ds, pair % sk_ds->len);
        const struct span *g =
            (const struct span *)g_ptr_array_index(secrets, pair % each / sk_ds->len);
        if (new_keys(&keys, rekeying, prf_of(&v, pair / each, old), &old->sk_d, g, spis) &&
            opens(context, &keys)) {
            found = (const struct ike_keys *)keyring_keep(k, &keys, sizeof keys);
        }
    }
    crypt_wipe(&keys, sizeof keys);
    g_ptr_array_free(secrets, TRUE);
    g_ptr_array_free(sk_ds, TRUE);
    return found;
}
