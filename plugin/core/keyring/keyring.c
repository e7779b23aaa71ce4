/* keyring.c - the keyring from its making to its end, and the way in for messages of IKE.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "any_spi.h"
#include "open.h"
#include "sas.h"

enum { LOOSE_TRIES_EACH = 6, NEAR_TRIES_EACH = 1 };     /* that each message adds to the stock */

static void
free_list(gpointer p)
{
    g_ptr_array_free((GPtrArray *)p, TRUE);
}

struct keyring *
keyring_new(struct keylog *log)
{
    struct keyring *k = g_new0(struct keyring, 1);

    k->log = log;
    k->derived = secrets_new();
    k->clear = g_byte_array_new();
    k->named = keyring_by_spi(free_list);
    k->loose = g_ptr_array_new();
    k->sas2 = keyring_by_spis(ike2_free);
    k->unproved2[0] = g_queue_new();
    k->unproved2[1] = g_queue_new();
    k->loose_tries = budget_of(KEYRING_MAX_LOOSE_TRIES, LOOSE_TRIES_EACH);
    k->near_tries = budget_of(KEYRING_MAX_NEAR_TRIES, NEAR_TRIES_EACH);
    k->requests = keyring_by_spi(init_requests_free);
    k->most_requests = KEYRING_MAX_IKE_SAS;
    k->reassemblies = g_queue_new();
    k->keys1 = keyring_by_spi(free_list);
    k->sas1 = keyring_by_spis(ike1_free);
    k->unproved1 = g_queue_new();
    k->negotiations = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_list);
    k->spi_keys = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, spi_keys_free);
    k->with_openers = g_queue_new();
    k->any_spi = any_spi_new();
    return k;
}

void
keyring_free(struct keyring *k)
{
    if (!k) {
        return;
    }
    g_hash_table_destroy(k->spi_keys);
    g_queue_free(k->with_openers);
    any_spi_free(k->any_spi);
    g_hash_table_destroy(k->negotiations);
    g_hash_table_destroy(k->sas1);
    g_queue_free(k->unproved1);
    g_hash_table_destroy(k->keys1);
    g_queue_free_full(k->reassemblies, reassembly_free);
    g_hash_table_destroy(k->requests);
    g_hash_table_destroy(k->sas2);
    g_queue_free(k->unproved2[0]);
    g_queue_free(k->unproved2[1]);
    g_ptr_array_free(k->loose, TRUE);
    g_hash_table_destroy(k->named);
    crypt_wipe(k->clear->data, k->clear->len);
    g_byte_array_free(k->clear, TRUE);
    secrets_free(k->derived);
    keylog_free(k->log);
    g_free(k);
}

struct keylog *
keyring_log(struct keyring *k)      /* cppcheck-suppress unusedFunction ; tests put keys into it */
{
    return k->log;
}

/* --- what the keys were good for ---------------------------------------------------- */

static void
add_named(GHashTable *lists, GHashTable *by_spi, GHashTable *sas)
{
    GHashTableIter i;
    gpointer spis, list;

    g_hash_table_iter_init(&i, sas);
    while (g_hash_table_iter_next(&i, &spis, NULL)) {
        list = g_hash_table_lookup(by_spi, spis);       /* by the first eight octets */
        if (list) {
            g_hash_table_add(lists, list);
        }
    }
}

static uint32_t
num_named(const struct keyring *k)
{
    GHashTable *lists = g_hash_table_new(g_direct_hash, g_direct_equal);
    GHashTableIter i;
    gpointer list;
    uint32_t n = 0;

    add_named(lists, k->named, k->sas2);
    add_named(lists, k->keys1, k->sas1);
    g_hash_table_iter_init(&i, lists);
    while (g_hash_table_iter_next(&i, &list, NULL)) {
        n += ((const GPtrArray *)list)->len;
    }
    g_hash_table_destroy(lists);
    return n;
}

static uint32_t
num_used1(const struct keyring *k)
{
    GHashTable *used = g_hash_table_new(g_direct_hash, g_direct_equal);
    GHashTableIter i;
    gpointer sa;
    uint32_t n;

    g_hash_table_iter_init(&i, k->sas1);
    while (g_hash_table_iter_next(&i, NULL, &sa)) {
        const struct keylog_ike1 *right = ((const struct ike1_sa *)sa)->right;
        if (right) {
            g_hash_table_add(used, (gpointer)right);
        }
    }
    n = g_hash_table_size(used);
    g_hash_table_destroy(used);
    return n;
}

struct key_use
keyring_use(const struct keyring *k)
{
    struct key_use use = { .ike_given = (uint32_t)(keylog_num_ike1(k->log) +
                                                   keylog_num_ike2(k->log)),
                           .esp_given = (uint32_t)keylog_num_esp(k->log) };

    use.ike_named = num_named(k);
    /* A key of the log is loose until it has opened something. */
    use.ike_used = (uint32_t)(k->indexed - k->loose->len) + num_used1(k);
    spi_keys_use(k, &use);
    return use;
}

/* --- IKE -------------------------------------------------------------------------- */

bool
keyring_read_ike(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    budget_next(&k->loose_tries);
    budget_next(&k->near_tries);
    if (m->major == 2) {
        return ike2_read(k, m, at, captured);
    }
    return m->major == 1 && ike1_read(k, m, at, captured);
}
