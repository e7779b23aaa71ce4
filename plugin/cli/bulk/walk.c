/* walk.c - the files that paths name.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "walk.h"

#include "result.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* --- what is wanted --------------------------------------------------------------------------- */

static bool
begins_as_capture(const char *path)
{
    static const char *const magics[] = { "\xa1\xb2\xc3\xd4", "\xd4\xc3\xb2\xa1",
                                          "\xa1\xb2\x3c\x4d", "\x4d\x3c\xb2\xa1",
                                          "\xa1\xb2\xcd\x34", "\x34\xcd\xb2\xa1",
                                          "\x0a\x0d\x0d\x0a", "snoop" };
    char begin[8] = { 0 };
    FILE *f = g_fopen(path, "rb");
    bool found = false;

    if (f && fread(begin, 1, sizeof begin, f) == sizeof begin) {
        for (size_t i = 0; i < G_N_ELEMENTS(magics); i++) {
            found |= memcmp(begin, magics[i], strlen(magics[i])) == 0;
        }
    }
    if (f) {
        (void)fclose(f);
    }
    return found;
}

bool
walk_is_capture(const char *path)
{
    static const char *const packers[] = { ".gz", ".zst", ".lz4", ".xz", ".bz2" };
    static const char *const endings[] = { ".pcap", ".pcapng", ".cap", ".ntar", ".dmp",
                                           ".snoop", ".erf", ".5vw", ".ncf", ".enc" };
    char *name = g_ascii_strdown(path, -1);
    bool found = false;

    for (size_t i = 0; i < G_N_ELEMENTS(packers); i++) {
        if (g_str_has_suffix(name, packers[i])) {
            name[strlen(name) - strlen(packers[i])] = 0;
            break;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(endings); i++) {
        found |= g_str_has_suffix(name, endings[i]);
    }
    g_free(name);
    return found || begins_as_capture(path);
}

bool
walk_is_result(const char *path)
{
    return g_str_has_suffix(path, RESULT_ENDING);
}

/* --- where they are --------------------------------------------------------------------------- */

void
walk_begin(struct walk *w, const char *skip, bool (*wanted)(const char *path))
{
    *w = (struct walk){ .skip = skip, .wanted = wanted };
    w->files = g_ptr_array_new_with_free_func(g_free);
    w->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
}

void
walk_end(struct walk *w)
{
    g_ptr_array_free(w->files, TRUE);
    g_hash_table_destroy(w->known);
}

static void
add_file(struct walk *w, const char *path)
{
    if (g_hash_table_add(w->known, g_canonicalize_filename(path, NULL))) {
        g_ptr_array_add(w->files, g_strdup(path));
    }
}

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Entries of folders that were not looked at yet, the next one last. */
struct entry {
    char *path;
    unsigned depth;
};

/* So that the first name is looked at first. */
static void
push_entries(GArray *stack, const char *folder, unsigned depth)
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    while (dir && (name = g_dir_read_name(dir))) {
        if (*name != '.') {
            g_ptr_array_add(names, g_build_filename(folder, name, NULL));
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_ptr_array_sort(names, by_name);
    for (guint i = names->len; i; i--) {
        struct entry e = { g_strdup(g_ptr_array_index(names, i - 1)), depth };
        g_array_append_val(stack, e);
    }
    g_ptr_array_free(names, TRUE);
}

static bool
is_skipped(const struct walk *w, const char *folder)
{
    char *whole = w->skip ? g_canonicalize_filename(folder, NULL) : NULL;
    bool skipped = whole && strcmp(whole, w->skip) == 0;

    g_free(whole);
    return skipped;
}

/* Folders behind symbolic links are left out: they may lead round in a circle. */
static void
see_entry(struct walk *w, GArray *stack, const struct entry *e)
{
    if (g_file_test(e->path, G_FILE_TEST_IS_DIR)) {
        if (g_file_test(e->path, G_FILE_TEST_IS_SYMLINK) || is_skipped(w, e->path)) {
            return;
        }
        if (e->depth >= WALK_MAX_DEPTH) {
            w->too_deep++;
        } else {
            push_entries(stack, e->path, e->depth + 1);
        }
    } else if (g_file_test(e->path, G_FILE_TEST_IS_REGULAR) && w->wanted(e->path)) {
        add_file(w, e->path);
    } else {
        w->others++;
    }
}

static void
walk_folder(struct walk *w, const char *folder)
{
    GArray *stack = g_array_new(FALSE, FALSE, sizeof(struct entry));

    push_entries(stack, folder, 0);
    while (stack->len) {
        struct entry e = g_array_index(stack, struct entry, stack->len - 1);
        g_array_set_size(stack, stack->len - 1);
        see_entry(w, stack, &e);
        g_free(e.path);
    }
    g_array_free(stack, TRUE);
}

void
walk_path(struct walk *w, const char *path)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        walk_folder(w, path);
    } else {
        add_file(w, path);
    }
}

static void
take_line(struct walk *w, GString *line)
{
    g_string_truncate(line, strcspn(line->str, "\r\n"));
    if (line->len) {
        walk_path(w, line->str);
    }
    g_string_truncate(line, 0);
}

char *
walk_list(struct walk *w, const char *path)
{
    bool given = strcmp(path, "-") == 0;
    FILE *f = given ? stdin : g_fopen(path, "rb");
    GString *line = g_string_new(NULL);
    char part[1 << 10], *why = NULL;

    if (!f) {
        g_string_free(line, TRUE);
        return g_strdup(g_strerror(errno));
    }
    if (!given && begins_as_capture(path)) {
        (void)fclose(f);
        g_string_free(line, TRUE);
        return g_strdup("a capture, and no list of paths");
    }
    while (fgets(part, sizeof part, f)) {
        g_string_append(line, part);
        if (line->str[line->len - 1] == '\n') {
            take_line(w, line);
        }
    }
    take_line(w, line);         /* the last one may have no end */
    if (ferror(f)) {
        why = g_strdup(g_strerror(errno));
    }
    if (!given) {
        (void)fclose(f);
    }
    g_string_free(line, TRUE);
    return why;
}
