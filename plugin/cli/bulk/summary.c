/* summary.c - what many results come to.  The same results give the same in any order: what is
 * counted is added, what is listed is the worst by an order that leaves no two alike.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <string.h>

/* --- rows ------------------------------------------------------------------------------------- */

static void
free_row(void *p)
{
    struct sum_row *row = p;

    g_free(row->name);
    g_free(row->of);
    g_free(row);
}

static void
clear_place(void *p)
{
    struct place *place = p;

    g_free(place->file);
    g_free(place->what);
}

static void
places_init(struct places *p)
{
    p->at = g_array_new(FALSE, FALSE, sizeof(struct place));
    g_array_set_clear_func(p->at, clear_place);
    p->num = 0;
}

static void
free_cause(void *p)
{
    struct sum_cause *c = p;

    g_free(c->cause);
    g_free(c->title);
    g_array_free(c->places.at, TRUE);
    g_free(c);
}

static GHashTable *
table(GDestroyNotify free_value)
{
    return g_hash_table_new_full(g_str_hash, g_str_equal, g_free, free_value);
}

void
summary_init(struct summary *s)
{
    memset(s, 0, sizeof *s);
    s->causes = table(free_cause);
    s->checks = table(free_row);
    s->weak = table(free_row);
    s->peers = table(free_row);
    s->reasons = table(free_row);
    s->messages = table(free_row);
    s->versions = table(free_row);
    places_init(&s->troubled);
    places_init(&s->damaged);
}

void
summary_clear(struct summary *s)
{
    g_hash_table_destroy(s->causes);
    g_hash_table_destroy(s->checks);
    g_hash_table_destroy(s->weak);
    g_hash_table_destroy(s->peers);
    g_hash_table_destroy(s->reasons);
    g_hash_table_destroy(s->messages);
    g_hash_table_destroy(s->versions);
    g_array_free(s->troubled.at, TRUE);
    g_array_free(s->damaged.at, TRUE);
}

/* The row of that name, made where there is room for it; NULL. */
static struct sum_row *
row_of(GHashTable *rows, guint most, const char *name, const char *of)
{
    char *key = g_strconcat(name, "\n", of, NULL);
    struct sum_row *row = g_hash_table_lookup(rows, key);

    if (row || g_hash_table_size(rows) >= most) {
        g_free(key);
        return row;
    }
    row = g_new0(struct sum_row, 1);
    row->name = g_strdup(name);
    row->of = g_strdup(of);
    g_hash_table_insert(rows, key, row);
    return row;
}

static struct sum_row *
common_row(struct summary *s, GHashTable *rows, const char *name, const char *of)
{
    struct sum_row *row = row_of(rows, SUMMARY_MAX_ROWS, name, of);

    s->full |= !row;
    return row;
}

/* --- places ----------------------------------------------------------------------------------- */

static int
by_badness(const void *a, const void *b)
{
    const struct place *x = a, *y = b;
    int file;

    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (x->count != y->count) {
        return x->count > y->count ? -1 : 1;
    }
    file = strcmp(x->file, y->file);
    return file ? file : g_strcmp0(x->what, y->what);
}

/* Takes over what the place owns. */
static void
add_place(struct places *p, struct place place)
{
    guint at;

    p->num++;
    for (at = p->at->len; at; at--) {
        if (by_badness(&g_array_index(p->at, struct place, at - 1), &place) <= 0) {
            break;
        }
    }
    g_array_insert_val(p->at, at, place);
    if (p->at->len > SUMMARY_MAX_PLACES) {
        g_array_set_size(p->at, SUMMARY_MAX_PLACES);
    }
}

/* --- one result ------------------------------------------------------------------------------- */

static void
add_cause(struct summary *s, const struct result *r, const struct result_cause *of)
{
    struct sum_cause *c = g_hash_table_lookup(s->causes, of->cause);
    struct place place = { .file = g_strdup(r->path), .severity = of->severity,
                           .count = of->count, .num_frames = of->num_frames };

    memcpy(place.frames, of->frames, sizeof place.frames);
    if (!c && g_hash_table_size(s->causes) >= SUMMARY_MAX_ROWS) {
        s->full = true;
        clear_place(&place);
        return;
    }
    if (!c) {
        c = g_new0(struct sum_cause, 1);
        c->cause = g_strdup(of->cause);
        c->title = g_strdup(of->title);
        places_init(&c->places);
        g_hash_table_insert(s->causes, g_strdup(of->cause), c);
    }
    if (strcmp(of->title, c->title) > 0) {      /* of versions that word it otherwise, one */
        g_free(c->title);
        c->title = g_strdup(of->title);
    }
    c->count += of->count;
    c->severity = MAX(c->severity, of->severity);
    add_place(&c->places, place);
}

static void
add_checks(struct summary *s, const struct result *r)
{
    for (guint i = 0; i < r->found->len; i++) {
        const struct result_check *of = &g_array_index(r->found, struct result_check, i);
        struct sum_row *row = common_row(s, s->checks, of->check, severity_name(of->severity));
        if (row) {
            row->rank = of->severity;
            row->a += of->findings;
            row->b += of->occurrences;
            row->files++;
        }
    }
}

static void
add_weak(struct summary *s, const struct result *r)
{
    for (guint i = 0; i < r->weak->len; i++) {
        const struct result_weak *of = &g_array_index(r->weak, struct result_weak, i);
        struct sum_row *row = common_row(s, s->weak, of->algorithm, of->protocol);
        if (row) {
            row->rank = MAX(row->rank, of->must_not ? 1u : 0u);
            row->a += of->sas;
            row->files++;
        }
    }
}

static void
add_peers(struct summary *s, const struct result *r)
{
    s->peers_left_out += r->peers_left_out;
    for (guint i = 0; i < r->peers->len; i++) {
        const struct result_peer *of = &g_array_index(r->peers, struct result_peer, i);
        struct sum_row *row = row_of(s->peers, SUMMARY_MAX_PEERS, of->peer, NULL);
        if (row) {
            row->a += of->fails;
            row->b += of->degraded;
            row->c += of->tunnels;
            row->files++;
        } else {
            s->peers_left_out++;
        }
    }
}

/* Numbers of frames, processes and octets apart, reasons are the same. */
static char *
kind_of(const char *reason)
{
    char *kind = g_strndup(reason, strcspn(reason, ";"));

    if (g_str_has_prefix(kind, "the capture is cut short")) {
        kind[MIN(strlen(kind), strcspn(kind, ":"))] = 0;
    }
    return kind;
}

static void
add_trouble(struct summary *s, const struct result *r)
{
    struct place place = { .file = g_strdup(r->path), .what = g_strdup(r->reason),
                           .severity = r->state == RESULT_READ ? SEV_WARN : SEV_ERROR };
    char *kind = kind_of(r->reason);
    struct sum_row *row = common_row(s, s->reasons, kind, NULL);

    if (row) {
        row->rank = MAX(row->rank, (unsigned)place.severity);
        row->files++;
    }
    s->cut += r->state == RESULT_READ;
    add_place(&s->troubled, place);
    g_free(kind);
}

static void
add_names(struct summary *s, const struct result *r)
{
    GHashTable *once = g_hash_table_new(g_str_hash, g_str_equal);
    struct sum_row *row;

    for (guint i = 0; i < r->said->len; i++) {
        char *line = g_ptr_array_index(r->said, i);
        row = g_hash_table_add(once, line) ? common_row(s, s->messages, line, NULL) : NULL;
        if (row) {
            row->files++;
        }
    }
    g_hash_table_destroy(once);
    row = common_row(s, s->versions, r->espial, r->wireshark);
    if (row) {
        row->files++;
    }
}

void
summary_add(struct summary *s, const struct result *r)
{
    s->files[r->state]++;
    s->frames += r->frames;
    s->octets += r->size;
    s->ike_sas += r->ike_sas;
    s->child_sas += r->child_sas;
    s->streams += r->streams;
    s->worst = MAX(s->worst, r->status);
    for (int v = VERDICT_FAILS; v <= VERDICT_WORKS; v++) {
        s->tunnels[v] += r->tunnels[v];
    }
    for (guint i = 0; i < r->causes->len; i++) {
        add_cause(s, r, &g_array_index(r->causes, struct result_cause, i));
    }
    add_checks(s, r);
    add_weak(s, r);
    add_peers(s, r);
    add_names(s, r);
    if (r->reason) {
        add_trouble(s, r);
    }
}

void
summary_damaged(struct summary *s, const char *path, const char *why)
{
    struct place place = { .file = result_text(path), .what = g_strdup(why) };

    add_place(&s->damaged, place);
    s->worst = 2;
}

/* --- in order --------------------------------------------------------------------------------- */

static int
by_rank(const void *a, const void *b)
{
    const struct sum_row *x = *(struct sum_row *const *)a, *y = *(struct sum_row *const *)b;
    const uint64_t left[] = { x->rank, x->a, x->b, x->c, x->files },
                   right[] = { y->rank, y->a, y->b, y->c, y->files };
    int name;

    for (size_t i = 0; i < G_N_ELEMENTS(left); i++) {
        if (left[i] != right[i]) {
            return left[i] > right[i] ? -1 : 1;
        }
    }
    name = strcmp(x->name, y->name);
    return name ? name : g_strcmp0(x->of, y->of);
}

static GPtrArray *
values_of(GHashTable *rows)
{
    GPtrArray *all = g_ptr_array_new();
    GHashTableIter i;
    gpointer row;

    g_hash_table_iter_init(&i, rows);
    while (g_hash_table_iter_next(&i, NULL, &row)) {
        g_ptr_array_add(all, row);
    }
    return all;
}

GPtrArray *
summary_rows(GHashTable *rows)
{
    GPtrArray *all = values_of(rows);

    g_ptr_array_sort(all, by_rank);
    return all;
}

static int
by_severity(const void *a, const void *b)
{
    const struct sum_cause *x = *(struct sum_cause *const *)a, *y = *(struct sum_cause *const *)b;

    if (x->severity != y->severity) {
        return x->severity > y->severity ? -1 : 1;
    }
    if (x->places.num != y->places.num) {
        return x->places.num > y->places.num ? -1 : 1;
    }
    return x->count != y->count ? (x->count > y->count ? -1 : 1) : strcmp(x->cause, y->cause);
}

GPtrArray *
summary_causes(const struct summary *s)
{
    GPtrArray *all = values_of(s->causes);

    g_ptr_array_sort(all, by_severity);
    return all;
}
