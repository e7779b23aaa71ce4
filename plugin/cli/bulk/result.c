/* result.c - the head of a result, and what it is called.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "result.h"

#include "bulk.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- in memory -------------------------------------------------------------------------------- */

static void
clear_cause(void *p)
{
    struct result_cause *c = p;

    g_free(c->cause);
    g_free(c->title);
}

static void
clear_check(void *p)
{
    g_free(((struct result_check *)p)->check);
}

static void
clear_weak(void *p)
{
    struct result_weak *w = p;

    g_free(w->algorithm);
    g_free(w->protocol);
}

static void
clear_peer(void *p)
{
    g_free(((struct result_peer *)p)->peer);
}

static GArray *
rows(guint size, GDestroyNotify clear)
{
    GArray *array = g_array_new(FALSE, TRUE, size);

    g_array_set_clear_func(array, clear);
    return array;
}

void
result_init(struct result *r)
{
    *r = (struct result){ .attempts = 1 };
    r->causes = rows(sizeof(struct result_cause), clear_cause);
    r->found = rows(sizeof(struct result_check), clear_check);
    r->weak = rows(sizeof(struct result_weak), clear_weak);
    r->peers = rows(sizeof(struct result_peer), clear_peer);
    r->said = g_ptr_array_new_with_free_func(g_free);
}

void
result_clear(struct result *r)
{
    g_free(r->path);
    g_free(r->id);
    g_free(r->fingerprint);
    g_free(r->espial);
    g_free(r->wireshark);
    g_free(r->reason);
    g_array_free(r->causes, TRUE);
    g_array_free(r->found, TRUE);
    g_array_free(r->weak, TRUE);
    g_array_free(r->peers, TRUE);
    g_ptr_array_free(r->said, TRUE);
}

const char *
result_state_name(enum result_state s)
{
    static const char *const names[] = { "read", "unread", "failed" };

    return names[s];
}

char *
result_text(const char *text)
{
    char *valid = g_utf8_make_valid(text ? text : "", -1);

    if (strlen(valid) > RESULT_MAX_TEXT) {
        /* Back to the beginning of a character. */
        *g_utf8_find_prev_char(valid, valid + RESULT_MAX_TEXT) = 0;
    }
    return valid;
}

/* --- names ------------------------------------------------------------------------------------ */

static char *
whole_path(const char *path)
{
    return g_canonicalize_filename(path, NULL);
}

char *
bulk_id(const char *path)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    char *whole = whole_path(path), *id, *when;
    GStatBuf now;

    memset(&now, 0, sizeof now);
    (void)g_stat(path, &now);
    when = g_strdup_printf("%" G_GINT64_FORMAT " %" G_GINT64_FORMAT, (gint64)now.st_size,
                           (gint64)now.st_mtime);
    g_checksum_update(sum, (const guchar *)whole, (gssize)strlen(whole) + 1);
    g_checksum_update(sum, (const guchar *)when, -1);
    id = g_strndup(g_checksum_get_string(sum), 32);
    g_checksum_free(sum);
    g_free(when);
    g_free(whole);
    return id;
}

/* Tells the path as far as a name of a file can, and by a part of its checksum holds it apart from
 * all others. */
char *
result_name(const char *capture)
{
    enum { TOLD = 150 };        /* octets; names of files have 255 at most */
    char *whole = whole_path(capture), *name, *sum;
    const char *told = whole;

    sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, whole, -1);
    if (strlen(told) > TOLD) {
        told += strlen(told) - TOLD;
    }
    while (*told == '/' || *told == '.') {
        told++;                 /* a file that begins with a dot is hidden */
    }
    name = g_strdup_printf("%s-%.16s" RESULT_ENDING, told, sum);
    for (char *c = name; *c; c++) {
        if (!g_ascii_isalnum(*c) && !strchr("._-+=,@", *c)) {
            *c = '_';
        }
    }
    g_free(sum);
    g_free(whole);
    return name;
}
