/* each.c - what one frame of a finding shows, where that differs from frame to frame, and what the
 * finding says of all of them.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "findings.h"

#include <espial/limits.h>
#include <string.h>

enum { RANGES_SHOWN = 4 };

/* What a frame shows for which there was no room. */
static const char untold[] = "One of many: there are more than are listed one by one.";

struct each {
    char *first;                /* of the frames that have none of their own */
    char *many;                 /* or NULL: the first one's words stand for all */
    struct frame_detail *at;    /* by frame; detail is NULL, untold, or its own */
    uint32_t len, room;
};

static void
free_text(const char *text)
{
    if (text != untold) {
        g_free((gpointer)(uintptr_t)text);
    }
}

void
each_free(struct finding *f)
{
    for (uint32_t i = 0; f->each && i < f->each->len; i++) {
        free_text(f->each->at[i].detail);
    }
    if (f->each) {
        g_free(f->each->at);
        g_free(f->each->many);
        g_free(f->each->first);
        g_free(f->each);
    }
    f->each = NULL;
}

/* The place of frame among them, or the one where it would be. */
static uint32_t
place(const struct each *e, uint32_t frame)
{
    uint32_t low = 0, high = e->len;

    if (high && e->at[high - 1].frame < frame) {
        return high;            /* as nearly always */
    }
    while (low < high) {
        uint32_t mid = (low + high) / 2;
        if (e->at[mid].frame < frame) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low;
}

static const struct frame_detail *
find(const struct finding *f, uint32_t frame)
{
    uint32_t at = f->each ? place(f->each, frame) : 0;

    return f->each && at < f->each->len && f->each->at[at].frame == frame ? &f->each->at[at] : NULL;
}

/* Takes text, NULL where it is the first one's. */
static void
put(struct findings *out, struct each *e, struct frame_detail one, char *text)
{
    uint32_t at = place(e, one.frame);

    if (at < e->len && e->at[at].frame == one.frame) {
        g_free(text);           /* the first thing that a frame shows is what it is told by */
        return;
    }
    one.detail = text;
    if (text && out->num_details >= FINDING_MAX_DETAILS) {
        g_free(text);
        one.detail = untold;
        out->capped = true;
    }
    out->num_details++;
    if (e->len == e->room) {
        e->room = e->room ? e->room * 2 : 2;
        e->at = g_renew(struct frame_detail, e->at, e->room);
    }
    memmove(e->at + at + 1, e->at + at, (e->len - at) * sizeof *e->at);
    e->at[at] = one;
    e->len++;
}

/* Of a finding with one frame there is none. */
static struct each *
each_of(struct findings *out, struct finding *f)
{
    if (!f->each) {
        f->each = g_new0(struct each, 1);
        f->each->first = g_strdup(f->detail);
        if (f->number || f->also) {
            struct frame_detail one = { f->frame, f->number, f->also, NULL };
            put(out, f->each, one, NULL);
        }
    }
    return f->each;
}

static const char *
first_of(const struct finding *f)
{
    return f->each ? f->each->first : f->detail;
}

void
each_add(struct findings *out, struct finding *f, const struct scope *where, char *text)
{
    bool same = !*text || strcmp(first_of(f), text) == 0;
    struct frame_detail one = { where->frame, where->number, where->also, NULL };

    if (f->frames->len < FINDING_MAX_FRAMES && (!same || where->number || where->also)) {
        put(out, each_of(out, f), one, same ? NULL : g_strdup(text));
        one = (struct frame_detail){ where->also, where->number, 0, NULL };
        if (where->also && !same) {     /* the other frame shows the same thing */
            put(out, f->each, one, g_strdup(text));
        }
    }
    g_free(text);
}

void
each_take(struct findings *out, struct finding *to, const struct finding *from, uint32_t frame)
{
    const struct frame_detail *d = find(from, frame);
    const char *text = finding_detail_at(from, frame);
    bool same = strcmp(first_of(to), text) == 0, first = !d && frame == from->frame;
    struct frame_detail one = { frame, d ? d->number : first ? from->number : 0,
                                d ? d->also : first ? from->also : 0, NULL };

    if (one.number || one.also || !same) {
        put(out, each_of(out, to), one, same ? NULL : g_strdup(text));
    }
    if (from->each && from->each->many && !each_of(out, to)->many) {
        to->each->many = g_strdup(from->each->many);
    }
}

void
each_forget(struct findings *out, const struct finding *f)
{
    out->num_details -= f->each ? f->each->len : 0;
}

bool
each_says(const struct finding *f)
{
    return f->each && f->each->many;
}

void
each_say(struct findings *out, struct finding *f, char *text)
{
    g_free(each_of(out, f)->many);
    f->each->many = text;
}

void
each_append(struct finding *f, const char *more)
{
    char *whole;

    if (f->each && f->each->many) {
        whole = g_strconcat(f->each->many, " ", more, NULL);
        g_free(f->each->many);
        f->each->many = whole;
    }
}

/* --- one sentence of all of them ------------------------------------------------------------- */

static int
by_number(gconstpointer a, gconstpointer b)
{
    const uint32_t *x = (const uint32_t *)a, *y = (const uint32_t *)b;

    return (*x > *y) - (*x < *y);
}

/* The numbers, or the other frames, of those that are listed; ascending. */
static GArray *
figures(const struct finding *f, bool others)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    guint kept = 0;

    for (uint32_t i = 0; i < f->each->len; i++) {
        const struct frame_detail *d = &f->each->at[i];
        uint32_t n = others ? d->also : d->number;
        guint at = findings_place(f->frames, d->frame);
        if (n && at < f->frames->len && g_array_index(f->frames, uint32_t, at) == d->frame) {
            g_array_append_val(all, n);
        }
    }
    g_array_sort(all, by_number);
    for (guint i = 0; i < all->len; i++) {
        uint32_t n = g_array_index(all, uint32_t, i);
        if (!kept || g_array_index(all, uint32_t, kept - 1) != n) {
            g_array_index(all, uint32_t, kept++) = n;
        }
    }
    g_array_set_size(all, kept);
    return all;
}

/* "5", "1 to 3, 7 and 9", "1, 3, 5, 7 and more up to 99". */
static void
put_ranges(GString *out, const GArray *all)
{
    const uint32_t *n = (const uint32_t *)(const void *)all->data;
    unsigned shown = 0;
    guint i = 0;

    while (i < all->len && shown < RANGES_SHOWN) {
        guint last = i;
        while (last + 1 < all->len && n[last + 1] == n[last] + 1) {
            last++;
        }
        last = last > i + 1 ? last : i;         /* two are no range */
        g_string_append_printf(out, "%s%u", !shown++ ? "" : last + 1 == all->len ? " and " : ", ",
                               n[i]);
        if (last > i) {
            g_string_append_printf(out, " to %u", n[last]);
        }
        i = last + 1;
    }
    if (i < all->len) {
        g_string_append_printf(out, " and more up to %u", n[all->len - 1]);
    }
}

static void
put_seconds(GString *out, const GArray *all)
{
    double least = all->len ? g_array_index(all, uint32_t, 0) / 1000.0 : 0,
           most = all->len ? g_array_index(all, uint32_t, all->len - 1) / 1000.0 : 0;
    char a[32], b[32];

    g_snprintf(a, sizeof a, "%.1f", least);
    g_snprintf(b, sizeof b, "%.1f", most);
    g_string_append(out, a);
    if (strcmp(a, b) != 0) {
        g_string_append_printf(out, " to %s", b);
    }
}

static char *
sum_of(const struct finding *f)
{
    GArray *numbers = figures(f, false), *others = figures(f, true);
    GString *out = g_string_new(NULL);

    for (const char *p = f->each->many; *p; p++) {
        if (*p == *SUM_COUNT) {
            g_string_append_printf(out, "%u", f->count);
        } else if (*p == *SUM_NUMBERS) {
            g_string_append(out, numbers->len == 1 ? "number " : "numbers ");
            put_ranges(out, numbers);
        } else if (*p == *SUM_LIST) {
            put_ranges(out, numbers);
        } else if (*p == *SUM_OTHERS) {
            g_string_append(out, others->len == 1 ? "frame " : "frames ");
            put_ranges(out, others);
        } else if (*p == *SUM_SECONDS) {
            put_seconds(out, numbers);
        } else {
            g_string_append_c(out, *p);
        }
    }
    g_array_free(numbers, TRUE);
    g_array_free(others, TRUE);
    return g_string_free(out, FALSE);
}

void
findings_sum(struct findings *out)
{
    for (guint i = 0; i < out->all->len; i++) {
        struct finding *f = (struct finding *)g_ptr_array_index(out->all, i);
        if (f->each && f->each->many && f->count > 1) {
            g_free(f->detail);
            f->detail = sum_of(f);
        }
    }
}

/* --- what others ask -------------------------------------------------------------------------- */

const char *
finding_detail_at(const struct finding *f, uint32_t frame)
{
    const struct frame_detail *d = find(f, frame);

    return d && d->detail ? d->detail : first_of(f);
}

bool
finding_differs(const struct finding *f)
{
    for (uint32_t i = 0; f->each && i < f->each->len; i++) {
        if (f->each->at[i].detail) {
            return true;
        }
    }
    return f->each && strcmp(f->each->first, f->detail) != 0;
}
