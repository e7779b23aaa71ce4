/* series.c - one capture in several files: which of its frames are in which.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/file/series.h>

#include <espial/limits.h>
#include <glib.h>
#include <math.h>
#include <string.h>

struct series {
    GArray *files;              /* of struct series_file */
    GArray *ends;               /* double: of each file, when the last of those before it ends */
    double *pause;              /* the longest one of any file */
};

static void
clear_file(void *data)
{
    g_free(((struct series_file *)data)->name);
}

struct series *
series_new(void)
{
    struct series *s = g_new0(struct series, 1);

    s->files = g_array_new(FALSE, TRUE, sizeof(struct series_file));
    g_array_set_clear_func(s->files, clear_file);
    s->ends = g_array_new(FALSE, FALSE, sizeof(double));
    s->pause = g_new0(double, 1);
    return s;
}

void
series_free(struct series *s)
{
    if (s) {
        g_array_free(s->files, TRUE);
        g_array_free(s->ends, TRUE);
        g_free(s->pause);
        g_free(s);
    }
}

static struct series_file *
file_at(const struct series *s, size_t i)
{
    return &g_array_index(s->files, struct series_file, i);
}

struct series_file *
series_add(struct series *s, const char *name)
{
    struct series_file one = { .name = g_strdup(name), .pause = -1 };

    if (s->files->len == SERIES_MAX_FILES) {
        g_free(one.name);
        return NULL;
    }
    g_array_append_val(s->files, one);
    return file_at(s, s->files->len - 1);
}

static uint32_t
last_frame(const struct series *s)
{
    uint32_t last = 0;

    for (guint i = 0; i < s->files->len; i++) {
        last = MAX(last, file_at(s, i)->last_frame);
    }
    return last;
}

bool
series_append(struct series *to, const struct series *from)
{
    uint32_t before = last_frame(to);

    if (last_frame(from) > UINT32_MAX - before ||
        to->files->len + from->files->len > SERIES_MAX_FILES) {
        return false;
    }
    for (guint i = 0; i < from->files->len; i++) {
        struct series_file f = *file_at(from, i), *added = series_add(to, f.name);
        f.name = added->name;
        f.first_frame += f.num_frames ? before : 0;
        f.last_frame += f.num_frames ? before : 0;
        *added = f;
    }
    return true;
}

struct series *
series_with_parts(const struct series *all, const struct series *parts)
{
    struct series *s = series_new();

    if (!all->files->len ||
        file_at(all, all->files->len - 1)->num_frames != last_frame(parts) ||
        !series_append(s, all)) {
        series_free(s);
        return NULL;
    }
    g_array_set_size(s->files, s->files->len - 1);
    if (!series_append(s, parts)) {
        series_free(s);
        return NULL;
    }
    return s;
}

/* --- what is known of them -------------------------------------------------------- */

size_t
series_count(const struct series *s)
{
    return s ? s->files->len : 0;
}

const struct series_file *
series_get(const struct series *s, size_t i)
{
    return file_at(s, i);
}

/* Of thousands of files each looks at those before it: once for all, when the first is asked
 * for. */
static void
find_ends(const struct series *s)
{
    double end = -INFINITY;

    *s->pause = 0;
    g_array_set_size(s->ends, 0);
    for (guint i = 0; i < s->files->len; i++) {
        const struct series_file *f = file_at(s, i);
        g_array_append_val(s->ends, end);
        end = f->num_frames ? MAX(end, f->last_time) : end;
        *s->pause = MAX(*s->pause, f->pause);
    }
}

enum series_join
series_join(const struct series *s, size_t i, double *seconds)
{
    const struct series_file *f = file_at(s, i);
    double end;

    if (!i || s->ends->len != s->files->len) {
        find_ends(s);
    }
    end = g_array_index(s->ends, double, i);
    *seconds = 0;
    if (!(end > -INFINITY) || !f->num_frames) {
        return SERIES_ON;
    }
    if (f->first_time < end) {
        *seconds = end - f->first_time;
        return SERIES_OVERLAP;
    }
    if (f->first_time - end > MAX(SERIES_GAP_TIMES * *s->pause, SERIES_GAP_S)) {
        *seconds = f->first_time - end;
        return SERIES_GAP;
    }
    return SERIES_ON;
}
