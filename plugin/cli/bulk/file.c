/* file.c - results as files.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "result.h"

#include <errno.h>
#include <glib/gstdio.h>
#include <string.h>

/* The line that f is at, without its end; NULL where it has none within the limit. */
static char *
first_line(FILE *f)
{
    GString *line = g_string_new(NULL);
    char part[1 << 12];

    while (line->len < RESULT_MAX_HEAD && fgets(part, sizeof part, f)) {
        g_string_append(line, part);
        if (line->str[line->len - 1] == '\n') {
            g_string_truncate(line, line->len - 1);
            return g_string_free(line, FALSE);
        }
    }
    g_string_free(line, TRUE);
    return NULL;
}

static char *
wrong_with(struct result *out, FILE *f, const char *path)
{
    char *line = first_line(f), *why = NULL;
    GStatBuf now;

    if (!line || !result_parse(out, line)) {
        why = g_strdup("no result of espial --output");
    } else if (g_stat(path, &now) != 0 || ftell(f) < 0 ||
               (uint64_t)now.st_size != (uint64_t)ftell(f) + out->octets) {
        why = g_strdup("its report is damaged");
    }
    g_free(line);
    return why;
}

char *
result_load(struct result *out, const char *path)
{
    FILE *f = g_fopen(path, "rb");
    char *why;

    if (!f) {
        return g_strdup(g_strerror(errno));
    }
    result_init(out);
    why = wrong_with(out, f, path);
    if (why) {
        result_clear(out);
    }
    (void)fclose(f);
    return why;
}

static bool
copy(FILE *out, FILE *in)
{
    char part[1 << 14];
    size_t len;

    rewind(in);
    while ((len = fread(part, 1, sizeof part, in)) > 0) {
        if (fwrite(part, 1, len, out) != len) {
            return false;
        }
    }
    return !ferror(in);
}

char *
result_save(struct result *r, FILE *report, const char *path)
{
    GString *head = g_string_new(NULL);
    FILE *f = g_fopen(path, "wb");
    char *why = NULL;
    bool good;

    if (!f) {
        why = g_strdup(g_strerror(errno));
        g_string_free(head, TRUE);
        return why;
    }
    r->octets = 0;
    if (report && fseek(report, 0, SEEK_END) == 0) {
        r->octets = (uint64_t)MAX(ftell(report), 0);
    }
    result_print(head, r);
    g_string_append_c(head, '\n');
    good = fwrite(head->str, 1, head->len, f) == head->len && (!report || copy(f, report));
    if (fclose(f) != 0 || !good) {
        why = g_strdup(g_strerror(errno));
        (void)g_remove(path);
    }
    g_string_free(head, TRUE);
    return why;
}
