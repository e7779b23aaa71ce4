/* keylog.c - the container of secrets: what fits is kept once.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/hash.h>
#include <string.h>

static void
free_list(gpointer p)
{
    g_ptr_array_free((GPtrArray *)p, TRUE);
}

static bool
same(const struct crypt_key *a, const struct crypt_key *b)
{
    return a->len == b->len && memcmp(a->at, b->at, a->len) == 0;
}

static guint
hash_ike1(gconstpointer p)
{
    const struct keylog_ike1 *k = (const struct keylog_ike1 *)p;

    return (guint)hash_octets(hash_octets(hash_seed(), k->spi_i, sizeof k->spi_i), k->key.at,
                              k->key.len);
}

static gboolean
same_ike1(gconstpointer a, gconstpointer b)
{
    const struct keylog_ike1 *k = (const struct keylog_ike1 *)a, *l = (const struct keylog_ike1 *)b;

    return memcmp(k->spi_i, l->spi_i, 8) == 0 && same(&k->key, &l->key);
}

static guint
hash_ike2(gconstpointer p)
{
    const struct keylog_ike2 *k = (const struct keylog_ike2 *)p;

    return (guint)hash_octets(hash_octets(hash_seed(), k->keys.sk_ei.at, k->keys.sk_ei.len),
                              k->keys.sk_ai.at, k->keys.sk_ai.len);
}

static gboolean
same_ike2(gconstpointer a, gconstpointer b)
{
    const struct ike_keys *k = &((const struct keylog_ike2 *)a)->keys,
                          *l = &((const struct keylog_ike2 *)b)->keys;

    return k->encr == l->encr && k->integ == l->integ && same(&k->sk_ei, &l->sk_ei) &&
           same(&k->sk_er, &l->sk_er) && same(&k->sk_ai, &l->sk_ai) && same(&k->sk_ar, &l->sk_ar);
}

static guint
hash_secret(gconstpointer p)
{
    const struct span *s = &((const struct keylog_secret *)p)->octets;

    return (guint)hash_octets(hash_seed(), s->at, s->len);
}

static gboolean
same_secret(gconstpointer a, gconstpointer b)
{
    const struct span *s = &((const struct keylog_secret *)a)->octets,
                      *t = &((const struct keylog_secret *)b)->octets;

    return s->len == t->len && memcmp(s->at, t->at, s->len) == 0;
}

struct keylog *
keylog_new(void)
{
    struct keylog *k = g_new0(struct keylog, 1);

    k->ike1 = g_ptr_array_new();
    k->ike2 = g_ptr_array_new();
    k->esp_keys = g_ptr_array_new();
    k->secrets = g_ptr_array_new();
    k->seen1 = g_hash_table_new(hash_ike1, same_ike1);
    k->seen2 = g_hash_table_new(hash_ike2, same_ike2);
    k->seen_secrets = g_hash_table_new(hash_secret, same_secret);
    k->esp = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_list);
    k->all = secrets_new();
    return k;
}

void
keylog_free(struct keylog *k)
{
    if (!k) {
        return;
    }
    g_ptr_array_free(k->ike1, TRUE);
    g_ptr_array_free(k->ike2, TRUE);
    g_ptr_array_free(k->esp_keys, TRUE);
    g_ptr_array_free(k->secrets, TRUE);
    g_hash_table_destroy(k->seen1);
    g_hash_table_destroy(k->seen2);
    g_hash_table_destroy(k->seen_secrets);
    g_hash_table_destroy(k->esp);
    secrets_free(k->all);
    g_free(k);
}

static bool
full(struct key_reader *r)
{
    if (secrets_count(r->log->all) < KEYLOG_MAX_KEYS) {
        return false;
    }
    keylog_refuse(r, "the key log holds more keys than Espial keeps");
    return true;
}

static void
add_to(struct keylog *k, GPtrArray *list, GHashTable *seen, const void *one, size_t size)
{
    void *kept = secrets_keep(k->all, one, size);

    g_ptr_array_add(list, kept);
    g_hash_table_add(seen, kept);
}

/* --- adding ----------------------------------------------------------------- */

/* A counter mode's key without the salt at its end would only be told to be too short. */
static bool
lacks_salt(const struct esp_keys *k)
{
    size_t whole;

    return crypt_encr_key_len(k->encr, (uint16_t)(8 * k->encr_key.len), &whole) &&
           whole > k->encr_key.len;
}

const char *
keylog_misfit(const struct esp_keys *keys)
{
    const char *why = NULL;
    struct esp_opener *trial = esp_opener_new(keys, &why);

    if (trial) {
        esp_opener_free(trial);
        return NULL;
    }
    return lacks_salt(keys) ? "the salt that belongs to the key, its last octets, is missing" : why;
}

void
keylog_add_esp(struct key_reader *r, uint32_t spi, const struct esp_keys *keys)
{
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(r->log->esp, GUINT_TO_POINTER(spi));
    struct keylog_esp one;
    const char *why = keylog_misfit(keys);
    void *kept;

    if (why) {
        keylog_refuse(r, why);
        return;
    }
    /* Both ends write the same keys, and not all logs say whether there is an ESN. */
    for (guint i = 0; list && i + 1 < list->len; i++) {
        struct esp_keys *old = &((struct keylog_esp *)g_ptr_array_index(list, i))->keys;
        if (old->encr == keys->encr && old->integ == keys->integ &&
            same(&old->encr_key, &keys->encr_key) && same(&old->integ_key, &keys->integ_key)) {
            old->esn |= keys->esn;
            return;
        }
    }
    if (full(r)) {
        return;
    }
    if (!list) {
        list = g_ptr_array_new();
        g_ptr_array_add(list, NULL);
        g_hash_table_insert(r->log->esp, GUINT_TO_POINTER(spi), list);
    }
    if (list->len > KEYLOG_MAX_PER_SPI) {
        keylog_refuse(r, "one SPI has more keys than Espial keeps");
        return;
    }
    memset(&one, 0, sizeof one);
    one.spi = spi;
    one.keys = *keys;
    one.line = r->line;
    kept = secrets_keep(r->log->all, &one, sizeof one);
    g_ptr_array_insert(list, (gint)list->len - 1, kept);
    g_ptr_array_add(r->log->esp_keys, kept);
    crypt_wipe(&one, sizeof one);
}

void
keylog_add_ike1(struct key_reader *r, const uint8_t spi_i[8], const struct crypt_key *key,
                const struct crypt_key *skeyid_d)
{
    struct keylog_ike1 one, *old;

    memset(&one, 0, sizeof one);
    memcpy(one.spi_i, spi_i, 8);
    one.key = *key;
    one.skeyid_d = *skeyid_d;
    one.line = r->line;
    old = (struct keylog_ike1 *)g_hash_table_lookup(r->log->seen1, &one);
    if (old && !old->skeyid_d.len) {
        old->skeyid_d = *skeyid_d;
    } else if (!old && !full(r)) {
        add_to(r->log, r->log->ike1, r->log->seen1, &one, sizeof one);
    }
    crypt_wipe(&one, sizeof one);
}

/* IKE takes the ciphers of ESP with keys of the same lengths (RFC 5282 section 7). */
static const char *
ike2_misfit(const struct ike_keys *keys)
{
    struct esp_keys half = { keys->encr, keys->integ, keys->sk_ei, keys->sk_ai, false };
    const char *why = NULL;

    if (keys->encr) {           /* else the IKE SA of the capture names the algorithms */
        why = keylog_misfit(&half);
        half.encr_key = keys->sk_er;
        half.integ_key = keys->sk_ar;
        why = why ? why : keylog_misfit(&half);
    }
    crypt_wipe(&half, sizeof half);
    return why;
}

/* What one log tells of an SA and another does not. */
static void
complete(struct keylog_ike2 *old, const uint8_t spi_i[8], const uint8_t *spi_r,
         const struct ike_keys *keys)
{
    static const uint8_t unknown[8];

    if (spi_r && memcmp(old->spi_r, unknown, 8) == 0) {
        memcpy(old->spi_r, spi_r, 8);
    }
    if (memcmp(old->spi_i, unknown, 8) == 0) {
        memcpy(old->spi_i, spi_i, 8);
    }
    if (!old->keys.sk_d.len && keys->sk_d.len) {
        old->keys.sk_d = keys->sk_d;
        old->keys.prf = keys->prf;
    }
}

void
keylog_add_ike2(struct key_reader *r, const uint8_t spi_i[8], const uint8_t *spi_r,
                const struct ike_keys *keys)
{
    struct keylog_ike2 one, *old;
    const char *why = ike2_misfit(keys);

    if (why) {
        keylog_refuse(r, why);
        return;
    }
    memset(&one, 0, sizeof one);
    memcpy(one.spi_i, spi_i, 8);
    if (spi_r) {
        memcpy(one.spi_r, spi_r, 8);
    }
    one.keys = *keys;
    one.line = r->line;
    old = (struct keylog_ike2 *)g_hash_table_lookup(r->log->seen2, &one);
    if (old) {
        complete(old, spi_i, spi_r, keys);
    } else if (!full(r)) {
        add_to(r->log, r->log->ike2, r->log->seen2, &one, sizeof one);
    }
    crypt_wipe(&one, sizeof one);
}

void
keylog_add_secret(struct key_reader *r, const uint8_t *octets, size_t len)
{
    struct keylog_secret one = { { octets, len }, r->line };

    if (len && !g_hash_table_contains(r->log->seen_secrets, &one) && !full(r)) {
        one.octets.at = (const uint8_t *)secrets_keep(r->log->all, octets, len);
        add_to(r->log, r->log->secrets, r->log->seen_secrets, &one, sizeof one);
    }
}

void
keylog_refuse_at(struct key_reader *r, unsigned line, const char *what)
{
    if (r->refused++ < KEYLOG_MAX_MESSAGES) {
        g_string_append_printf(r->messages, "%s%s line %u: %s%s%s%s; the line is left out.",
                               r->messages->len ? "\n" : "", r->name, line, what,
                               r->format ? " (read as " : "", r->format ? r->format : "",
                               r->format ? ")" : "");
    }
}

void
keylog_refuse(struct key_reader *r, const char *what)
{
    keylog_refuse_at(r, r->line, what);
}

/* --- finding ---------------------------------------------------------------- */

const struct keylog_esp *const *
keylog_find_esp(const struct keylog *k, uint32_t spi)
{
    GPtrArray *list = k ? (GPtrArray *)g_hash_table_lookup(k->esp, GUINT_TO_POINTER(spi)) : NULL;

    return list ? (const struct keylog_esp *const *)list->pdata : NULL;
}

size_t
keylog_num_esp(const struct keylog *k)
{
    return k->esp_keys->len;
}

const struct keylog_esp *
keylog_esp(const struct keylog *k, size_t i)
{
    return i < k->esp_keys->len ? (const struct keylog_esp *)k->esp_keys->pdata[i] : NULL;
}

size_t
keylog_num_ike2(const struct keylog *k)
{
    return k->ike2->len;
}

const struct keylog_ike2 *
keylog_ike2(const struct keylog *k, size_t i)
{
    return i < k->ike2->len ? (const struct keylog_ike2 *)g_ptr_array_index(k->ike2, i) : NULL;
}

size_t
keylog_num_ike1(const struct keylog *k)
{
    return k->ike1->len;
}

const struct keylog_ike1 *
keylog_ike1(const struct keylog *k, size_t i)
{
    return i < k->ike1->len ? (const struct keylog_ike1 *)g_ptr_array_index(k->ike1, i) : NULL;
}

size_t
keylog_num_secrets(const struct keylog *k)
{
    return k->secrets->len;
}

const struct keylog_secret *
keylog_secret(const struct keylog *k, size_t i)
{
    return i < k->secrets->len ? (const struct keylog_secret *)k->secrets->pdata[i] : NULL;
}

size_t
keylog_count(const struct keylog *k)
{
    return k->esp_keys->len + k->ike1->len + k->ike2->len + k->secrets->len;
}
