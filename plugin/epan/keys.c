/* keys.c - gives the keys of a key log to Wireshark's own tables.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

#include <string.h>

static GHashTable *fed;         /* cookies given to Wireshark in this process */

void
keys_feed_ikev1(const struct keylog *log)
{
    if (!fed) {
        fed = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
    }
    for (size_t i = 0; i < keylog_num_ike1(log); i++) {
        const struct keylog_ike1 *one = keylog_ike1(log, i);
        GString *row = g_string_new("uat:ikev1_decryption_table:");
        char *cookie, *error = NULL;
        gsize start = row->len;
        if (!one->key.len) {
            g_string_free(row, TRUE);
            continue;
        }
        for (int b = 0; b < 8; b++) {
            g_string_append_printf(row, "%02x", one->spi_i[b]);
        }
        cookie = g_strdup(row->str + start);
        g_string_append_c(row, ',');
        for (size_t b = 0; b < one->key.len; b++) {
            g_string_append_printf(row, "%02x", one->key.at[b]);
        }
        if (g_hash_table_add(fed, cookie) && prefs_set_pref(row->str, &error) != PREFS_SET_OK) {
            report_failure("Espial: Wireshark does not take the IKEv1 key of line %u of the key log", one->line);
        }
        g_free(error);
        memset(row->str, 0, row->len);
        g_string_free(row, TRUE);
    }
}
