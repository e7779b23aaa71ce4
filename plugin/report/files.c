/* files.c - the files of a series: as lines of text, and as a section of the page.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "json_put.h"
#include "kit.h"
#include "lines.h"
#include "sections.h"

#include <espial/text.h>

/* How file i goes on, where that is to be said: a sentence without its end; NULL.  The caller frees
 * it. */
static char *
join_told(const struct series *s, size_t i)
{
    const struct series_file *f = series_get(s, i);
    GString *out = g_string_new(NULL);
    double seconds;

    switch (series_join(s, i, &seconds)) {
    case SERIES_GAP:
        g_string_append(out, "gap: ");
        put_duration(out, seconds);
        g_string_append(out, " without a frame before it; a file may be missing");
        break;
    case SERIES_OVERLAP:
        g_string_append(out, "overlap: it begins ");
        put_duration(out, seconds);
        g_string_append(out, " before the end of an earlier file");
        break;
    default:
        break;
    }
    if (f->left_out) {
        g_string_append(out, out->len ? "; " : "");
        put_plural(out, f->left_out, "frame", "frames");
        g_string_append(out, " that an earlier file has too ");
        g_string_append(out, f->left_out == 1 ? "is left out" : "are left out");
    }
    if (!out->len) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return g_string_free(out, FALSE);
}

static void
put_numbers(GString *out, const struct series_file *f)
{
    if (!f->num_frames) {
        g_string_append(out, "no frame");
        return;
    }
    g_string_append_printf(out, f->first_frame == f->last_frame ? "frame %u" : "frames %u to %u",
                           f->first_frame, f->last_frame);
    if (f->num_frames - 1 < f->last_frame - f->first_frame) {
        g_string_append_printf(out, ", %u of them", f->num_frames);
    }
}

static void
print_file(FILE *out, const struct series *s, size_t i)
{
    const struct series_file *f = series_get(s, i);
    char *name = text_shown(f->name), *told = join_told(s, i);
    GString *numbers = g_string_new(NULL);

    put_numbers(numbers, f);
    if (f->num_frames) {
        g_string_append(numbers, ", ");
        put_period(numbers, f->first_time, f->last_time);
    }
    fprintf(out, "%s: %s\n", name, numbers->str);
    if (told) {
        fprintf(out, "  %s\n", told);
    }
    g_string_free(numbers, TRUE);
    g_free(told);
    g_free(name);
}

void
report_files(FILE *out, const struct report *r)
{
    if (series_count(r->series) < 2) {
        return;
    }
    fprintf(out, "\nEspial files\n");
    for (size_t i = 0; i < series_count(r->series); i++) {
        print_file(out, r->series, i);
    }
}

/* --- JSON ---- */

static void
json_file(json_dumper *j, const struct series *s, size_t i)
{
    const struct series_file *f = series_get(s, i);
    char *name = text_shown(f->name);
    double seconds;
    enum series_join join = series_join(s, i, &seconds);

    json_dumper_begin_object(j);
    put_text(j, "name", name);
    put_or_null(j, "first_frame", f->num_frames ? f->first_frame : 0, 0);
    put_or_null(j, "last_frame", f->num_frames ? f->last_frame : 0, 0);
    put_number(j, "frames", f->num_frames);
    put_number(j, "left_out", f->left_out);
    put_times(j, f->num_frames > 0, f->first_time, f->last_time);
    if (join != SERIES_ON) {
        put_time(j, join == SERIES_GAP ? "gap" : "overlap", seconds);
    }
    json_dumper_end_object(j);
    g_free(name);
}

void
json_files(json_dumper *j, const struct report *r)
{
    if (!r->series) {
        return;
    }
    begin_list(j, "files");
    for (size_t i = 0; i < series_count(r->series); i++) {
        json_file(j, r->series, i);
    }
    json_dumper_end_array(j);
}

/* --- the page ---- */

static void
put_file_row(GString *out, const struct series *s, size_t i)
{
    const struct series_file *f = series_get(s, i);
    char *told = join_told(s, i);

    html_put(out, "<tr><th scope=\"row\" data-l=\"File\">%s</th><td data-l=\"Frames\">", f->name);
    put_numbers(out, f);
    g_string_append(out, "</td><td data-l=\"Captured\">");
    if (f->num_frames) {
        put_period(out, f->first_time, f->last_time);
    }
    html_put(out, "</td><td data-l=\"Goes on\">%s</td></tr>\n",
             told ? told : i && f->num_frames ? "without a gap" : "");
    g_free(told);
}

void
page_files(struct page *p)
{
    static const char *const columns[] = { "File", "Frames", "Captured", "Goes on", NULL };
    size_t n = series_count(p->r->series), shown = MIN(n, PAGE_MAX_FILES);

    if (n < 2) {
        return;
    }
    g_string_append(p->out, "<section id=\"files\" aria-labelledby=\"files-h\">\n"
                            "<h2 id=\"files-h\">Files</h2>\n<p>Frames are numbered through all "
                            "files of the capture, as they are where these are joined.</p>\n");
    open_table(p->out, STACK, "Files", columns);
    for (size_t i = 0; i < shown; i++) {
        put_file_row(p->out, p->r->series, i);
    }
    close_table(p->out);
    if (shown < n) {
        html_put(p->out,
                 "<p class=\"limit\">%u more files are not listed; the JSON report holds them "
                 "all.</p>\n",
                 (unsigned)(n - shown));
    }
    g_string_append(p->out, "</section>\n");
}
