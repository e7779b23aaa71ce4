/* merge.c - all results of several runs and machines.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "bulk.h"
#include "summary.h"
#include "walk.h"

#include <espial/text.h>
#include <string.h>

/* Of files without a result, where there is nothing else. */
enum { MOST_NAMED = 5 };

/* A result that counts, of all of one file. */
struct candidate {
    char *path;                 /* of the result */
    char *rank;                 /* the greater one counts: any order, as long as it is one */
};

static void
free_candidate(void *p)
{
    struct candidate *c = p;

    g_free(c->path);
    g_free(c->rank);
    g_free(c);
}

/* Read before unread before failed, then one that is neither first nor last in any order of
 * reading. */
static char *
rank_of(const struct result *r)
{
    GString *line = g_string_new(NULL);
    char *sum, *rank;

    result_print(line, r);
    sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, line->str, (gssize)line->len);
    rank = g_strdup_printf("%u %s", (unsigned)(RESULT_FAILED - r->state), sum);
    g_free(sum);
    g_string_free(line, TRUE);
    return rank;
}

static void
consider(GHashTable *all, struct summary *s, const char *path)
{
    struct result r;
    char *why = result_load(&r, path), *rank;
    struct candidate *c;

    s->results++;
    if (why) {
        summary_damaged(s, path, why);
        g_free(why);
        return;
    }
    rank = rank_of(&r);
    c = g_hash_table_lookup(all, r.id);
    s->duplicates += c != NULL;
    if (!c) {
        c = g_new0(struct candidate, 1);
        g_hash_table_insert(all, g_strdup(r.id), c);
    }
    if (g_strcmp0(rank, c->rank) > 0) {
        g_free(c->path);
        g_free(c->rank);
        c->path = g_strdup(path);
        c->rank = g_strdup(rank);
    }
    g_free(rank);
    result_clear(&r);
}

static int
by_text(const void *a, const void *b)
{
    return strcmp(a, b);
}

/* In the order of what they are of, so that what is left out where a table is full does not
 * depend on the order of the files. */
static void
add_all(struct summary *s, GHashTable *all)
{
    GList *ids = g_list_sort(g_hash_table_get_keys(all), by_text);

    for (const GList *id = ids; id; id = id->next) {
        const struct candidate *c = g_hash_table_lookup(all, id->data);
        struct result r;
        char *why = result_load(&r, c->path);
        if (why) {
            summary_damaged(s, c->path, why);
            g_free(why);
        } else {
            summary_add(s, &r);
            result_clear(&r);
        }
    }
    g_list_free(ids);
}

/* Where there is nothing else to say. */
static void
tell_wrong(const struct bulk_host *host, const char *path)
{
    struct result r;
    char *why = result_load(&r, path), *shown = text_shown(path);

    if (why) {
        host->say("%s: %s", shown, why);
    } else {
        result_clear(&r);
    }
    g_free(shown);
    g_free(why);
}

int
bulk_merge(const struct bulk_host *host, char *const *paths, unsigned num, bool json)
{
    GHashTable *all = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_candidate);
    struct summary s;
    struct walk w;
    int status;

    walk_begin(&w, NULL, walk_is_result);
    for (unsigned i = 0; i < num; i++) {
        walk_path(&w, paths[i]);
    }
    summary_init(&s);
    for (guint i = 0; i < w.files->len; i++) {
        consider(all, &s, g_ptr_array_index(w.files, i));
    }
    add_all(&s, all);
    if (!g_hash_table_size(all)) {
        for (guint i = 0; i < MIN(w.files->len, MOST_NAMED); i++) {
            tell_wrong(host, g_ptr_array_index(w.files, i));
        }
        host->say("there is no result in what is given (--merge)");
        s.worst = 2;
    } else if (json) {
        summary_json(stdout, &s, host->version);
    } else {
        summary_text(stdout, &s);
    }
    status = (int)s.worst;
    summary_clear(&s);
    walk_end(&w);
    g_hash_table_destroy(all);
    return status;
}
