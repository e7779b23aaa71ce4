/* names.c - what captures and what lies beside them are called.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "names.h"

#include <espial/text.h>
#include <glib.h>

static bool
is_standard_input(const char *path)
{
    return strcmp(path, "-") == 0;
}

char *
name_full(const char *path)
{
    return is_standard_input(path) ? g_strdup("standard input") : text_shown(path);
}

char *
name_base(const char *path)
{
    char *base = is_standard_input(path) ? g_strdup("standard input") : g_path_get_basename(path),
         *shown = text_shown(base);

    g_free(base);
    return shown;
}

static void
cut_packing(char *path)
{
    static const char *const endings[] = { ".gz", ".zst", ".lz4", ".xz", ".bz2" };

    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        if (g_str_has_suffix(path, endings[i])) {
            path[strlen(path) - strlen(endings[i])] = 0;
            return;
        }
    }
}

/* The last ending of the last part. */
static void
cut_ending(char *path)
{
    char *base = strrchr(path, G_DIR_SEPARATOR), *dot = strrchr(base ? base : path, '.');

    if (dot) {
        *dot = 0;
    }
}

char *
name_without_ending(const char *path)
{
    char *base = name_base(path);

    if (!is_standard_input(path)) {
        cut_packing(base);
        cut_ending(base);
    }
    return base;
}

char *
name_stem(const char *path)
{
    char *stem = g_strdup(path);

    cut_packing(stem);
    cut_ending(stem);
    return stem;
}

char *
name_keys(const char *path)
{
    char *base, *keys;

    if (is_standard_input(path)) {
        return NULL;
    }
    base = name_stem(path);
    keys = g_strconcat(base, ".keys", NULL);
    g_free(base);
    if (!g_file_test(keys, G_FILE_TEST_EXISTS)) {
        g_free(keys);
        keys = NULL;
    }
    return keys;
}
