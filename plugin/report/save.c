/* save.c - a page into its file.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/report.h>
#include <espial/text.h>

#include <errno.h>
#include <glib/gstdio.h>
#include <stdio.h>

enum { MAX_LINKS = 40 };

/* For what is no file, such as a device, and for a file in a folder that takes no other. */
static bool
write_into(const char *path, const GString *page)
{
    FILE *out = g_fopen(path, "wb");
    bool good;
    int error;

    if (!out) {
        return false;
    }
    good = fwrite(page->str, 1, page->len, out) == page->len;
    error = errno;
    if (fclose(out) != 0) {
        return false;
    }
    errno = error;
    return good;
}

/* What a link leads to, as far as its name is one of a file: that of a pipe in /proc is not. */
static char *
behind_links(const char *path)
{
    char *at = g_strdup(path);

    for (unsigned i = 0; i < MAX_LINKS && g_file_test(at, G_FILE_TEST_IS_SYMLINK); i++) {
        char *next = g_file_read_link(at, NULL), *dir = g_path_get_dirname(at);

        if (next && !g_path_is_absolute(next)) {
            char *whole = g_build_filename(dir, next, NULL);
            g_free(next);
            next = whole;
        }
        g_free(dir);
        if (!next || !g_file_test(next, G_FILE_TEST_EXISTS)) {
            g_free(next);
            break;
        }
        g_free(at);
        at = next;
    }
    return at;
}

static bool
refused(const GError *error)
{
    return g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ACCES) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_PERM) ||
           g_error_matches(error, G_FILE_ERROR, G_FILE_ERROR_ROFS);
}

/* The new page is written beside the old one, which stays until the new one is whole; who may
 * read the old one may read the new one. */
char *
report_save(const char *path, const GString *page)
{
    char *target = behind_links(path), *why = NULL;
    GStatBuf old;
    bool exists = g_stat(target, &old) == 0, good = false;
    bool beside = !exists || g_file_test(target, G_FILE_TEST_IS_REGULAR);
    GError *error = NULL;

    if (beside) {
        good = g_file_set_contents_full(target, page->str, (gssize)page->len,
                                        G_FILE_SET_CONTENTS_CONSISTENT,
                                        exists ? (int)(old.st_mode & 0777) : 0666, &error);
    }
    if (!beside || (exists && refused(error))) {
        good = write_into(target, page);
        if (!good) {
            why = g_strdup(g_strerror(errno));
        }
    } else if (!good) {
        why = text_reason(error->message);
    }
    g_clear_error(&error);
    g_free(target);
    return why;
}

char *
report_date(void)
{
    const char *seconds = g_getenv("SOURCE_DATE_EPOCH");
    GDateTime *t;
    guint64 n;
    char *text;

    if (!seconds || !g_ascii_string_to_unsigned(seconds, 10, 0, G_MAXUINT32, &n, NULL)) {
        return NULL;
    }
    t = g_date_time_new_from_unix_utc((gint64)n);
    text = g_date_time_format(t, "%Y-%m-%d");
    g_date_time_unref(t);
    return text;
}
