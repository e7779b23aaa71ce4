/* summary_text.c - what many results come to, as text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <espial/text.h>
#include <string.h>

#define U64 "%" G_GINT64_MODIFIER "u"

/* Results may come from anywhere: as it may go to a terminal. */
static void
put(FILE *out, const char *before, const char *text)
{
    char *shown = text_shown(text);

    (void)fprintf(out, "%s%s", before, shown);
    g_free(shown);
}

/* "1 file", "2 files". */
static void
put_num(FILE *out, uint64_t n, const char *one, const char *more)
{
    (void)fprintf(out, U64 " %s", n, n == 1 ? one : more);
}

static void
put_more(FILE *out, uint64_t all, uint64_t shown, const char *one, const char *more)
{
    if (all > shown) {
        (void)fprintf(out, "    and " U64 " more %s\n", all - shown,
                      all - shown == 1 ? one : more);
    }
}

static void
put_head(FILE *out, const struct summary *s)
{
    uint64_t all = s->files[RESULT_READ] + s->files[RESULT_UNREAD] + s->files[RESULT_FAILED];
    const uint64_t *t = s->tunnels;
    uint64_t tunnels = t[VERDICT_FAILS] + t[VERDICT_DEGRADED] + t[VERDICT_UNKNOWN] +
                       t[VERDICT_WORKS];

    (void)fprintf(out, "Espial summary\n");
    put_num(out, all, "file", "files");
    (void)fprintf(out, ": " U64 " read", s->files[RESULT_READ]);
    if (s->cut) {
        (void)fprintf(out, " (" U64 " not to the end)", s->cut);
    }
    (void)fprintf(out, ", " U64 " could not be read, " U64 " failed\n", s->files[RESULT_UNREAD],
                  s->files[RESULT_FAILED]);
    (void)fprintf(out, "In them: ");
    put_num(out, s->frames, "frame", "frames");
    (void)fprintf(out, ", ");
    put_num(out, s->ike_sas, "IKE SA", "IKE SAs");
    (void)fprintf(out, ", ");
    put_num(out, s->child_sas, "Child SA", "Child SAs");
    (void)fprintf(out, ", ");
    put_num(out, s->streams, "stream", "streams");
    (void)fprintf(out, " of ESP and AH\n");
    put_num(out, tunnels, "tunnel", "tunnels");
    (void)fprintf(out,
                  ": " U64 " fail, " U64 " work with faults, " U64 " work, " U64 " unknown\n",
                  t[VERDICT_FAILS], t[VERDICT_DEGRADED], t[VERDICT_WORKS], t[VERDICT_UNKNOWN]);
    if (s->duplicates) {
        put_num(out, s->duplicates, "result is", "results are");
        (void)fprintf(out, " left out: there is another one of the same file\n");
    }
}

static void
put_place(FILE *out, const struct place *p)
{
    put(out, "    ", p->file);
    for (unsigned i = 0; i < p->num_frames; i++) {
        (void)fprintf(out, "%s%u", i ? ", " : p->num_frames > 1 ? ": frames " :
                                                                  ": frame ",
                      p->frames[i]);
    }
    if (p->count > p->num_frames && p->num_frames) {
        (void)fprintf(out, ", ..");
    }
    if (p->what) {
        put(out, ": ", p->what);
    }
    (void)fprintf(out, "\n");
}

static void
put_places(FILE *out, const struct places *p)
{
    guint shown = MIN(p->at->len, (guint)SUMMARY_SHOWN_PLACES);

    for (guint i = 0; i < shown; i++) {
        put_place(out, &g_array_index(p->at, struct place, i));
    }
    put_more(out, p->num, shown, "file", "files");
}

static void
put_causes(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_causes(s);

    (void)fprintf(out, "\nDiagnoses by cause\n");
    for (guint i = 0; i < all->len; i++) {
        const struct sum_cause *c = g_ptr_array_index(all, i);
        (void)fprintf(out, "%-7s ", severity_name(c->severity));
        put(out, "", c->title);
        put(out, " (", c->cause);
        (void)fprintf(out, "): " U64 " in ", c->count);
        put_num(out, c->places.num, "file", "files");
        (void)fprintf(out, "\n");
        put_places(out, &c->places);
    }
    if (!all->len) {
        (void)fprintf(out, "none\n");
    }
    g_ptr_array_free(all, TRUE);
}

static void
put_checks(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->checks);

    (void)fprintf(out, "\nFindings by check\n");
    for (guint i = 0; i < all->len; i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        (void)fprintf(out, "%-7s ", row->of);
        put(out, "", row->name);
        (void)fprintf(out, ": " U64 " in ", row->a);
        put_num(out, row->files, "file", "files");
        (void)fprintf(out, "\n");
    }
    if (!all->len) {
        (void)fprintf(out, "none\n");
    }
    g_ptr_array_free(all, TRUE);
}

static void
put_weak(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->weak);

    if (all->len) {
        (void)fprintf(out, "\nWeak algorithms\n");
    }
    for (guint i = 0; i < all->len; i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        put(out, "", row->name);
        put(out, " of ", row->of);
        (void)fprintf(out, ", which %s be used: ", row->rank ? "must not" : "should not");
        put_num(out, row->a, "SA", "SAs");
        (void)fprintf(out, " in ");
        put_num(out, row->files, "file", "files");
        (void)fprintf(out, "\n");
    }
    g_ptr_array_free(all, TRUE);
}

static void
put_peers(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->peers);
    guint bad = 0;

    while (bad < all->len) {
        const struct sum_row *row = g_ptr_array_index(all, bad);
        if (!row->a && !row->b) {
            break;
        }
        if (!bad) {
            (void)fprintf(out, "\nPeers that fail most\n");
        }
        if (bad < SUMMARY_SHOWN_PEERS) {
            put(out, "", row->name);
            (void)fprintf(out, ": " U64 " of ", row->a);
            put_num(out, row->c, "tunnel", "tunnels");
            (void)fprintf(out, " %s, " U64 " with faults, in ", row->a == 1 ? "fails" : "fail",
                          row->b);
            put_num(out, row->files, "file", "files");
            (void)fprintf(out, "\n");
        }
        bad++;
    }
    put_more(out, bad, SUMMARY_SHOWN_PEERS, "peer", "peers");
    if (s->peers_left_out) {
        (void)fprintf(out, U64 " ends of tunnels are not counted here: too many\n",
                      s->peers_left_out);
    }
    g_ptr_array_free(all, TRUE);
}

static void
put_reasons(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->reasons);

    if (all->len) {
        (void)fprintf(out, "\nNot read, or not to the end\n");
    }
    for (guint i = 0; i < all->len; i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        put_num(out, row->files, "file", "files");
        put(out, ": ", row->name);
        (void)fprintf(out, "\n");
    }
    put_places(out, &s->troubled);
    g_ptr_array_free(all, TRUE);
}

static void
put_messages(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->messages);
    guint shown = MIN(all->len, (guint)SUMMARY_MAX_PLACES);

    if (all->len) {
        (void)fprintf(out, "\nSaid of keys, plans and links\n");
    }
    for (guint i = 0; i < shown; i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        put_num(out, row->files, "file", "files");
        put(out, ": ", row->name);
        (void)fprintf(out, "\n");
    }
    put_more(out, all->len, shown, "line", "lines");
    g_ptr_array_free(all, TRUE);
}

static void
put_versions(FILE *out, const struct summary *s)
{
    GPtrArray *all = summary_rows(s->versions);

    for (guint i = 0; all->len > 1 && i < all->len; i++) {
        const struct sum_row *row = g_ptr_array_index(all, i);
        put(out, i ? "" : "\nThe results are of several versions\n", row->name);
        put(out, " of Wireshark ", row->of ? row->of : "?");
        (void)fprintf(out, ": ");
        put_num(out, row->files, "file", "files");
        (void)fprintf(out, "\n");
    }
    g_ptr_array_free(all, TRUE);
}

void
summary_text(FILE *out, const struct summary *s)
{
    put_head(out, s);
    put_causes(out, s);
    put_checks(out, s);
    put_weak(out, s);
    put_peers(out, s);
    put_reasons(out, s);
    put_messages(out, s);
    put_versions(out, s);
    if (s->damaged.num) {
        (void)fprintf(out, "\nDamaged results: ");
        put_num(out, s->damaged.num, "file is", "files are");
        (void)fprintf(out, " left out\n");
        put_places(out, &s->damaged);
    }
    if (s->full) {
        (void)fprintf(out, "\nToo many kinds of something: the rest of them is left out\n");
    }
}
