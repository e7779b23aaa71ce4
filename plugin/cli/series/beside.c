/* beside.c - keys as people keep them with a series.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "series.h"

#include "names.h"

#include <espial/hash.h>
#include <string.h>

/* What a file or a folder with Wireshark's tables holds, as a sum. */
static void
add_to_sum(GChecksum *sum, const char *path)
{
    char *text = NULL;
    gsize len = 0;

    if (g_file_get_contents(path, &text, &len, NULL)) {
        g_checksum_update(sum, (const guchar *)text, (gssize)len);
        memset(text, 0, len);
    }
    g_free(text);
    g_checksum_update(sum, (const guchar *)"\n", 1);
}

static char *
sum_of(const char *path)
{
    static const char *const tables[] = { "ikev1_decryption_table", "ikev2_decryption_table",
                                          "esp_sa", "plan" };
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *out;

    add_to_sum(sum, path);
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        char *table = g_build_filename(path, tables[i], NULL);
        add_to_sum(sum, table);
        g_free(table);
    }
    out = g_strdup(g_checksum_get_string(sum));
    g_checksum_free(sum);
    return out;
}

/* The beginning that all names have, without the digits and marks at its end. */
static char *
common_beginning(const struct given *g)
{
    char *common = name_stem(given_file(g, 0)->path), *base;
    size_t len = strlen(common);

    for (unsigned i = 1; i < given_count(g); i++) {
        char *stem = name_stem(given_file(g, i)->path);
        while (strncmp(stem, common, len) != 0) {
            len--;
        }
        g_free(stem);
    }
    while (len && strchr("-_.0123456789", common[len - 1])) {
        len--;
    }
    common[len] = 0;
    base = strrchr(common, G_DIR_SEPARATOR);
    if (!*(base ? base + 1 : common)) {
        g_free(common);
        return NULL;
    }
    return common;
}

char **
beside_keys(const struct given *g)
{
    GPtrArray *from = g_ptr_array_new();
    GHashTable *known = g_hash_table_new_full(hash_text, g_str_equal, g_free, NULL);
    char *common;

    for (unsigned i = 0; i < given_count(g); i++) {
        char *keys = name_keys(given_file(g, i)->path);
        if (keys && g_hash_table_add(known, sum_of(keys))) {
            g_ptr_array_add(from, keys);
        } else {
            g_free(keys);
        }
    }
    common = from->len ? NULL : common_beginning(g);
    if (common) {
        char *keys = g_strconcat(common, ".keys", NULL);
        if (g_file_test(keys, G_FILE_TEST_EXISTS)) {
            g_ptr_array_add(from, keys);
        } else {
            g_free(keys);
        }
    }
    g_free(common);
    g_hash_table_destroy(known);
    g_ptr_array_add(from, NULL);
    return (char **)g_ptr_array_free(from, FALSE);
}
