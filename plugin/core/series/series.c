/* series.c - one capture in several files: which of its frames are in which.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/file/series.h>

#include <espial/limits.h>
#include <glib.h>
#include <math.h>
#include <string.h>

enum { FIELDS = 7 };

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

/* --- a list from outside ---------------------------------------------------------- */

static bool
read_number(const char *word, uint32_t *out)
{
    guint64 n = 0;
    bool good = g_ascii_string_to_unsigned(word, 10, 0, UINT32_MAX, &n, NULL);

    *out = (uint32_t)n;
    return good;
}

static bool
read_time(const char *word, double *out)
{
    char *end;

    *out = g_ascii_strtod(word, &end);
    return end != word && !*end && *out > -1e12 && *out < 1e12;
}

/* It has frames, or none; and as many as there may be from the first to the last. */
static bool
is_sound(const struct series_file *f)
{
    if (!f->num_frames) {
        return !f->first_frame && !f->last_frame;
    }
    return f->first_frame && f->first_frame <= f->last_frame && f->first_time <= f->last_time &&
           f->num_frames - 1 <= f->last_frame - f->first_frame;
}

static bool
read_line(struct series *s, const char *line)
{
    char **word = g_strsplit(line, " ", FIELDS + 1), *name = NULL;
    struct series_file f = { .pause = -1 }, *to = NULL;
    bool good = g_strv_length(word) == FIELDS && read_number(word[0], &f.first_frame) &&
                read_number(word[1], &f.last_frame) && read_number(word[2], &f.num_frames) &&
                read_number(word[3], &f.left_out) && read_time(word[4], &f.first_time) &&
                read_time(word[5], &f.last_time) && is_sound(&f);

    if (good) {
        name = g_uri_unescape_string(word[FIELDS - 1], NULL);
        to = name ? series_add(s, name) : NULL;
    }
    if (to) {
        f.name = to->name;
        *to = f;
    }
    g_free(name);
    g_strfreev(word);
    return to != NULL;
}

/* Numbers go on from file to file, and none is left out. */
static bool
is_whole(const struct series *s)
{
    uint32_t last = 0;
    uint64_t frames = 0;

    for (guint i = 0; i < s->files->len; i++) {
        const struct series_file *f = file_at(s, i);
        if (f->num_frames && f->first_frame > last + 1) {
            return false;
        }
        last = MAX(last, f->last_frame);
        frames += f->num_frames;
    }
    return frames == last;
}

struct series *
series_read(const char *text)
{
    struct series *s = series_new();
    char **lines = g_strsplit(text, "\n", SERIES_MAX_FILES + 1);
    bool good = true;

    for (char **line = lines; good && *line && **line; line++) {
        good = read_line(s, *line);
    }
    g_strfreev(lines);
    if (!good || !is_whole(s)) {
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
