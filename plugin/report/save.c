/* save.c - a page into its file.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/report.h>

#include <errno.h>
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdlib.h>
#ifndef _WIN32
#include <unistd.h>
#endif

/* Closes it. */
static bool
write_page(FILE *out, const GString *page)
{
    bool good = fwrite(page->str, 1, page->len, out) == page->len;
    int error = errno;

    if (fclose(out) != 0) {
        return false;
    }
    errno = error;
    return good;
}

static bool
write_into(const char *path, const GString *page)
{
    FILE *out = g_fopen(path, "wb");

    return out && write_page(out, page);
}

/* The old page stays until the new one is whole.  The new one may be read by whom mode lets. */
static bool
write_beside(const char *path, const char *dir, int mode, const GString *page)
{
    char *beside = g_build_filename(dir, ".espial.XXXXXX", NULL);
    int fd = g_mkstemp_full(beside, O_RDWR, mode), error;
    FILE *out = fd < 0 ? NULL : fdopen(fd, "wb");
    bool good = out && write_page(out, page) && g_rename(beside, path) == 0;

    error = errno;
    if (!good && fd >= 0) {
        g_unlink(beside);
    }
    g_free(beside);
    errno = error;
    return good;
}

/* What a link leads to, where it leads to a file. */
static char *
behind_links(const char *path)
{
#ifndef _WIN32
    char *resolved = realpath(path, NULL), *copy = resolved ? g_strdup(resolved) : NULL;

    free(resolved);
    if (copy) {
        return copy;
    }
#endif
    return g_strdup(path);
}

/* A device, or a file in a folder that takes no other, can only be written into. */
char *
report_save(const char *path, const GString *page)
{
    char *target = behind_links(path), *dir = g_path_get_dirname(target), *why = NULL;
    GStatBuf old;
    bool exists = g_stat(target, &old) == 0, good;

    if (exists && (!g_file_test(target, G_FILE_TEST_IS_REGULAR) || g_access(dir, W_OK) != 0)) {
        good = write_into(target, page);
    } else {
        good = write_beside(target, dir, exists ? (int)(old.st_mode & 0777) : 0666, page);
    }
    if (!good) {
        why = g_strdup(g_strerror(errno));
    }
    g_free(dir);
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
