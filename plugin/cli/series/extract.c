/* extract.c - the first stage of a series that is larger than a machine: each file by itself gives
 * its part.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "part.h"

#include "names.h"
#include "say.h"

#include <espial/hash.h>
#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>

enum { SEED_DIGITS = 16,
       SEED_WAITS = 100,
       SEED_WAIT_US = 100000 };

/* All parts of a folder have one seed, which whoever comes first makes.  False where it can be
 * neither made nor read. */
static bool
shared_seed(const char *dir, uint64_t *seed)
{
    char *path = g_build_filename(dir, "seed", NULL), *text = NULL,
         *made = g_strdup_printf("%016" G_GINT64_MODIFIER "x", hash_seed());
    int fd = g_open(path, O_CREAT | O_EXCL | O_WRONLY, 0600);
    FILE *to = fd < 0 ? NULL : fdopen(fd, "wb");
    bool good = false;

    if (to) {
        good = fwrite(made, 1, SEED_DIGITS, to) == SEED_DIGITS;
        good = fclose(to) == 0 && good;
    }
    for (unsigned i = 0; !good && fd < 0 && i < SEED_WAITS; i++) {
        gsize len = 0;
        g_free(text);
        text = NULL;
        good = g_file_get_contents(path, &text, &len, NULL) && len >= SEED_DIGITS;
        if (!good) {
            g_usleep(SEED_WAIT_US);
        }
    }
    *seed = good ? g_ascii_strtoull(text ? text : made, NULL, 16) : 0;
    g_free(text);
    g_free(made);
    g_free(path);
    return *seed != 0;
}

/* Two files of the same name lie in two folders. */
static char *
part_name(const char *dir, const char *capture)
{
    char *sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, capture, -1),
         *base = g_path_get_basename(capture),
         *name = g_strdup_printf("%s-%.8s" PART_ENDING, strcmp(base, "-") == 0 ? "stdin" : base,
                                 sum),
         *path = g_build_filename(dir, name, NULL);

    g_free(name);
    g_free(base);
    g_free(sum);
    return path;
}

/* It was made of that capture as it is. */
static bool
is_made(const char *part, const char *capture, bool cut_esp)
{
    GStatBuf made, from;
    bool is = strcmp(capture, "-") != 0 && g_stat(part, &made) == 0 &&
              g_stat(capture, &from) == 0 && made.st_mtime >= from.st_mtime && part_is(part);
    char *problem = NULL;
    struct part *p = is ? part_open(part, &problem) : NULL;

    is = p && part_of(p)->cut_esp == cut_esp && part_of(p)->size == (uint64_t)from.st_size;
    part_close(p);
    g_free(problem);
    return is;
}

static void
extract_one(const char *capture, const char *part, uint64_t seed, bool cut_esp, series_tell tell)
{
    char *why = NULL, *damage;
    struct source *s;
    uint32_t frames = 0;

    source_stop_on_interrupt(capture);
    s = source_open(capture, &why);
    if (!s) {
        tell(capture, why, "no part is made of it");
        g_free(why);
        return;
    }
    why = part_write(s, capture, part, seed, cut_esp, &frames);
    damage = source_damage(s);
    if (why) {
        tell(part, why, "no part is written");
    } else if (damage) {
        char *what = g_strdup_printf("cut short or damaged%s%s%s: its part has the %u frames "
                                     "before that",
                                     *damage ? " (" : "", damage, *damage ? ")" : "",
                                     frames);
        tell(capture, what, NULL);
        g_free(what);
    }
    g_free(damage);
    g_free(why);
    source_close(s);
}

static gint
by_name(gconstpointer one, gconstpointer other)
{
    return strcmp(*(const char *const *)one, *(const char *const *)other);
}

static void
add_parts(GPtrArray *to, const char *folder)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    GPtrArray *found = g_ptr_array_new();
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (g_str_has_suffix(name, PART_ENDING)) {
            g_ptr_array_add(found, g_build_filename(folder, name, NULL));
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_ptr_array_sort(found, by_name);
    for (guint i = 0; i < found->len; i++) {
        g_ptr_array_add(to, found->pdata[i]);
    }
    g_ptr_array_free(found, TRUE);
}

char **
series_files(char *const *paths)
{
    GPtrArray *all = g_ptr_array_new();

    for (; *paths; paths++) {
        guint before = all->len;
        if (g_file_test(*paths, G_FILE_TEST_IS_DIR)) {
            add_parts(all, *paths);
        }
        if (all->len == before) {
            g_ptr_array_add(all, g_strdup(*paths));
        }
    }
    g_ptr_array_add(all, NULL);
    return (char **)g_ptr_array_free(all, FALSE);
}

void
series_extract(char *const *paths, const char *dir, bool cut_esp, series_tell tell)
{
    uint64_t seed;

    if (g_mkdir_with_parents(dir, 0700) != 0) {
        bool is_file = errno == EEXIST || errno == ENOTDIR;
        tell(dir, is_file ? "no such folder can be made (--extract)" : g_strerror(errno),
             "no part is made");
        return;
    }
    if (!shared_seed(dir, &seed)) {
        tell(dir, "the file seed in it can be neither made nor read", "no part is made");
        return;
    }
    for (; *paths; paths++) {
        char *part = part_name(dir, *paths);
        if (!is_made(part, *paths, cut_esp)) {
            extract_one(*paths, part, seed, cut_esp, tell);
        }
        g_free(part);
    }
}
