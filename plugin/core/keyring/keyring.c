/* keyring.c - the keyring from its making to its end, and the way in for messages of IKE.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "any_spi.h"
#include "open.h"
#include "sas.h"

enum { LOOSE_TRIES_EACH = 6 };  /* that each message adds to the stock */

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

/* --- IKE -------------------------------------------------------------------------- */

bool
keyring_read_ike(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured)
{
    budget_next(&k->loose_tries);
    if (m->major == 2) {
        return ike2_read(k, m, at, captured);
    }
    return m->major == 1 && ike1_read(k, m, at, captured);
}
