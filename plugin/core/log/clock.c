/* clock.c - the clock of a log against the capture's, from messages of which both tell.
 *
 * Each line of a message is compared with the messages that it may be of: the distance that most
 * lines share is the clock's.  A stretch of a log that shares another one has a clock of its own:
 * the zone was changed, or the clock set.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <math.h>
#include <string.h>

#define QUARTER 900.0           /* seconds: zones are multiples of it */
#define AROUND 2.0              /* seconds around a capture that are still of it */
enum { FURTHER = 3 };           /* lines and messages that make another clock of the same log */

#define WRONG_AT_MOST 300.0     /* seconds that a clock may be wrong where no SPI confirms it */

struct pair {
    double apart;               /* seconds from the line to the message */
    uint32_t line, frame;
};

static int
by_apart(const void *a, const void *b)
{
    const struct pair *p = (const struct pair *)a, *q = (const struct pair *)b;

    return p->apart < q->apart ? -1 : p->apart > q->apart ? 1 : p->line < q->line ? -1 :
           p->line > q->line;
}

/* How likely a distance is by itself: a zone, and a clock that is nearly right, are. */
static double
oddness(double apart)
{
    return fabs(apart - round(apart / QUARTER) * QUARTER) + fabs(apart) / 1e6;
}

/* Lines of a stretch, which are compared. */
struct stretch {
    const struct logs *l;
    GArray *pairs;              /* of struct pair */
    double tolerance;           /* of its lines: whole seconds make all of them less exact */
};

static void
collect(struct stretch *s, uint32_t first, uint32_t last, const struct messages *m,
        const struct groups *g)
{
    struct told_message like[LIKE_MAX];
    unsigned lines = 0, whole = 0;

    s->pairs = g_array_new(FALSE, FALSE, sizeof(struct pair));
    for (uint32_t i = first; i <= last && s->pairs->len < LOG_MAX_PAIRS; i++) {
        const struct log_line *line = logs_line(s->l, i);
        size_t n = line->timed ? messages_like(m, g, line, like, LIKE_MAX) : 0;
        lines += n != 0;
        whole += n && line->time == floor(line->time);
        for (size_t k = 0; k < n; k++) {
            struct pair p = { like[k].time - line->time, i, like[k].frame };
            g_array_append_val(s->pairs, p);
        }
    }
    g_array_sort(s->pairs, by_apart);
    s->tolerance = lines && whole == lines ? EXACT + 1 : EXACT;
}

/* A distance, and what shares it. */
struct found {
    double offset;
    uint32_t lines, frames;     /* different ones */
    uint32_t first, last;       /* ids of lines */
    bool confirmed;             /* some of these lines are of an SPI of the capture */
};

/* The window of pairs with most lines in it. */
static bool
most_shared(const struct stretch *s, double *offset)
{
    GHashTable *inside = g_hash_table_new(NULL, NULL);
    const struct pair *p = (const struct pair *)(void *)s->pairs->data;
    guint from = 0, best = 0, best_from = 0, best_to = 0;

    for (guint to = 0; to < s->pairs->len; to++) {
        gpointer line = GUINT_TO_POINTER(p[to].line + 1);
        guint n = GPOINTER_TO_UINT(g_hash_table_lookup(inside, line));
        g_hash_table_insert(inside, line, GUINT_TO_POINTER(n + 1));
        for (; p[to].apart - p[from].apart > 2 * s->tolerance; from++) {
            line = GUINT_TO_POINTER(p[from].line + 1);
            n = GPOINTER_TO_UINT(g_hash_table_lookup(inside, line));
            if (n == 1) {
                g_hash_table_remove(inside, line);
            } else {
                g_hash_table_insert(inside, line, GUINT_TO_POINTER(n - 1));
            }
        }
        n = g_hash_table_size(inside);
        if (n > best || (n == best && oddness(p[to].apart) < oddness(p[best_to].apart))) {
            best = n;
            best_from = from;
            best_to = to;
        }
    }
    g_hash_table_destroy(inside);
    if (best) {
        *offset = p[best_from + (best_to - best_from) / 2].apart;
    }
    return best != 0;
}

static bool
find_clock(const struct stretch *s, const struct groups *g, struct found *out)
{
    GHashTable *lines, *frames;
    bool foreign;

    *out = (struct found){ .first = UINT32_MAX };
    if (!most_shared(s, &out->offset)) {
        return false;
    }
    lines = g_hash_table_new(NULL, NULL);
    frames = g_hash_table_new(NULL, NULL);
    for (guint i = 0; i < s->pairs->len; i++) {
        const struct pair *p = &g_array_index(s->pairs, struct pair, i);
        if (fabs(p->apart - out->offset) > s->tolerance) {
            continue;
        }
        g_hash_table_add(lines, GUINT_TO_POINTER(p->line + 1));
        g_hash_table_add(frames, GUINT_TO_POINTER(p->frame));
        out->first = MIN(out->first, p->line);
        out->last = MAX(out->last, p->line);
        out->confirmed |= groups_by_spi(g, logs_line(s->l, p->line), &foreign) != NO_ID;
    }
    out->lines = g_hash_table_size(lines);
    out->frames = g_hash_table_size(frames);
    g_hash_table_destroy(lines);
    g_hash_table_destroy(frames);
    return true;
}

/* Without an SPI any run of the same daemons looks alike: then only a clock that may be right
 * counts. */
static bool
credible(const struct found *f)
{
    double zone = round(f->offset / QUARTER) * QUARTER;

    return (f->confirmed && f->lines >= 2) || (f->frames >= 2 && fabs(zone) <= 14 * 3600 &&
                            fabs(f->offset - zone) <= WRONG_AT_MOST);
}

/* Times without a year are of the capture's, or the year before or after. */
static void
set_years(struct logs *l, uint32_t first, uint32_t last, double middle)
{
    int year = stamp_year(middle);

    for (uint32_t i = first; i <= last; i++) {
        struct log_line *line = (struct log_line *)g_ptr_array_index(l->lines, i);
        double best = 0;
        for (int y = year - 1; line->timed && !line->has_year && y <= year + 1; y++) {
            double time = stamp_in_year(line->time, y);
            if (y == year - 1 || fabs(time - middle) < fabs(best - middle)) {
                best = time;
            }
        }
        if (line->timed && !line->has_year) {
            line->time = best;
            line->has_year = true;
        }
    }
}

static int
by_line(const void *a, const void *b)
{
    const struct log_clock *p = (const struct log_clock *)a, *q = (const struct log_clock *)b;

    return p->first < q->first ? -1 : p->first > q->first;
}

/* While the capture ran the log names IKE SPIs, and none of the capture's: it is of another one. */
static bool
names_others(const struct logs *l, uint32_t first, uint32_t last, double offset,
             const struct groups *g, const struct sadb *db)
{
    bool named = false, foreign;

    for (uint32_t i = first; i <= last; i++) {
        const struct log_line *line = logs_line(l, i);
        double at = line->time + offset;
        if (line->ike_spi[0] && line->timed && at >= sadb_first_time(db) - AROUND &&
            at <= sadb_last_time(db) + AROUND) {
            if (groups_by_spi(g, line, &foreign) != NO_ID) {
                return false;
            }
            named = true;
        }
    }
    return named;
}

struct span_of_lines {
    uint32_t first, last;
};

void
clocks_find(struct logs *l, struct log_file *file, uint32_t first, uint32_t last,
            const struct messages *m, const struct groups *g, const struct sadb *db)
{
    GArray *spans = g_array_new(FALSE, FALSE, sizeof(struct span_of_lines));
    struct span_of_lines all = { first, last };

    g_array_append_val(spans, all);
    for (guint i = 0; i < spans->len && file->clocks->len < LOG_MAX_CLOCKS; i++) {
        struct span_of_lines at = g_array_index(spans, struct span_of_lines, i);
        struct stretch s = { .l = l };
        struct found f;
        collect(&s, at.first, at.last, m, g);
        if (find_clock(&s, g, &f) && (i == 0 || (f.lines >= FURTHER && f.frames >= FURTHER))) {
            if (names_others(l, at.first, at.last, f.offset, g, db)) {
                file->doubt = i == 0 ? "the IKE SPIs that it names are others" : file->doubt;
            } else if (credible(&f)) {
                struct log_clock clock = { f.first, f.last, f.offset, f.lines };
                struct span_of_lines before = { at.first, f.first - 1 };
                struct span_of_lines behind = { f.last + 1, at.last };
                g_array_append_val(file->clocks, clock);
                if (f.first > at.first) {
                    g_array_append_val(spans, before);
                }
                if (f.last < at.last) {
                    g_array_append_val(spans, behind);
                }
            } else if (i == 0) {
                file->doubt = "its messages look like the capture's, but its clock would be wrong "
                              "by more than five minutes and no SPI confirms it";
            }
        }
        g_array_free(s.pairs, TRUE);
    }
    g_array_free(spans, TRUE);
    g_array_sort(file->clocks, by_line);
    /* What lies between is of the clock before it, what comes first of the first. */
    for (guint i = 0; i < file->clocks->len; i++) {
        struct log_clock *c = &g_array_index(file->clocks, struct log_clock, i);
        c->first = i ? c->first : first;
        c->last = i + 1 < file->clocks->len ?
                      g_array_index(file->clocks, struct log_clock, i + 1).first - 1 :
                      last;
    }
}

void
clocks_set_years(struct logs *l, const struct sadb *db)
{
    if (l->lines->len) {
        set_years(l, 0, l->lines->len - 1, (sadb_first_time(db) + sadb_last_time(db)) / 2);
    }
}
