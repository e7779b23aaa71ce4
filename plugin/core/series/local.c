/* local.c - numbers of frames for whoever has but one file of the series open.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/file/series.h>

#include <espial/text.h>
#include <glib.h>

struct place {
    const struct series *series;
    uint32_t base;
};

static const struct series_file *
file_of(const struct series *s, uint32_t frame)
{
    for (size_t i = 0; i < series_count(s); i++) {
        const struct series_file *f = series_get(s, i);
        if (f->num_frames && f->first_frame <= frame && frame <= f->last_frame) {
            return f;
        }
    }
    return NULL;
}

char *
series_frame_name(const struct series *s, uint32_t frame)
{
    const struct series_file *f = file_of(s, frame);
    char *name, *out;

    if (!f) {
        return g_strdup_printf("%u of an earlier file", frame);
    }
    name = text_shown(f->name);
    out = g_strdup_printf("%u of %s", frame - f->first_frame + 1, name);
    g_free(name);
    return out;
}

static gboolean
put_number(const GMatchInfo *match, GString *out, gpointer context)
{
    const struct place *p = (const struct place *)context;
    char *text = g_match_info_fetch(match, 0);
    guint64 n = g_ascii_strtoull(text, NULL, 10);

    if (n > p->base) {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, n - p->base);
    } else {
        char *name = series_frame_name(p->series, (uint32_t)n);
        g_string_append(out, name);
        g_free(name);
    }
    g_free(text);
    return FALSE;
}

static GRegex *
compiled(const char *pattern)
{
    return g_regex_new(pattern, G_REGEX_OPTIMIZE | G_REGEX_RAW, 0, NULL);
}

/* "frame 12", "frames 3, 6 and 9", "frames 12 to 40". */
static gboolean
put_frames(const GMatchInfo *match, GString *out, gpointer context)
{
    static GRegex *number;
    char *text = g_match_info_fetch(match, 0), *changed;

    number = number ? number : compiled("[0-9]+");
    changed = g_regex_replace_eval(number, text, -1, 0, 0, put_number, context, NULL);
    g_string_append(out, changed ? changed : text);
    g_free(changed);
    g_free(text);
    return FALSE;
}

char *
series_text_in_file(const struct series *s, uint32_t base, const char *text)
{
    static GRegex *frames;
    struct place p = { s, base };
    char *out;

    frames = frames ? frames : compiled("\\b[Ff]rames? [0-9]+(?:(?:, | and | or | to )[0-9]+\\b)*");
    out = g_regex_replace_eval(frames, text, -1, 0, 0, put_frames, &p, NULL);
    return out ? out : g_strdup(text);
}
