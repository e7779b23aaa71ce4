/* One capture in several files: gaps and overlaps, and how reports say it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_build.h"

#include "traffic.h"

#include <espial/limits.h>
#include <espial/file/series.h>

enum { FIELDS = 7 };

/* A line for each file: its first and last frame, how many it has, how many are left out, its first
 * and last time, its name. */
static struct series *
series_of(const char *text)
{
    struct series *s = series_new();
    char **lines = g_strsplit(text, "\n", 0);

    for (char **line = lines; *line && **line; line++) {
        char **word = g_strsplit(*line, " ", FIELDS), *name = g_uri_unescape_string(word[6], NULL);
        struct series_file *f = series_add(s, name);
        f->first_frame = (uint32_t)g_ascii_strtoull(word[0], NULL, 10);
        f->last_frame = (uint32_t)g_ascii_strtoull(word[1], NULL, 10);
        f->num_frames = (uint32_t)g_ascii_strtoull(word[2], NULL, 10);
        f->left_out = (uint32_t)g_ascii_strtoull(word[3], NULL, 10);
        f->first_time = g_ascii_strtod(word[4], NULL);
        f->last_time = g_ascii_strtod(word[5], NULL);
        g_free(name);
        g_strfreev(word);
    }
    g_strfreev(lines);
    return s;
}

static void
bounds(void)
{
    struct series *s = series_new(), *more = series_of("1 8 8 0 10 12 a\n0 0 0 0 0 0 b\n");

    T(series_append(s, more) && series_append(s, more) && series_count(s) == 4);
    T(series_get(s, 2)->first_frame == 9 && series_get(s, 2)->last_frame == 16);
    T(series_get(s, 3)->first_frame == 0);
    T_STR(series_get(s, 2)->name, "a");
    T(series_get(s, 2)->name != series_get(more, 0)->name);
    while (series_count(s) < SERIES_MAX_FILES - 1) {
        T(series_add(s, "c"));
    }
    T(!series_append(s, more) && series_count(s) == SERIES_MAX_FILES - 1);
    T(series_add(s, "last") && !series_add(s, "one more"));
    series_free(s);
    s = series_new();
    series_add(s, "long")->last_frame = UINT32_MAX - 2;
    T(!series_append(s, more) && series_count(s) == 1);
    series_free(s);
    series_free(more);
    series_free(NULL);
    T(series_count(NULL) == 0);
}

/* The last file was joined of others: they stand in its place. */
static void
parts(void)
{
    struct series *all = series_of("1 8 8 0 10 12 a\n9 14 6 0 13 15 joined\n"),
                  *two = series_of("1 2 2 0 13 14 b\n3 6 4 1 14 15 c\n"),
                  *other = series_of("1 5 5 0 13 15 d\n"), *none = series_new(), *s;

    s = series_with_parts(all, two);
    T(series_count(s) == 3);
    T_STR(series_get(s, 0)->name, "a");
    T_STR(series_get(s, 1)->name, "b");
    T(series_get(s, 1)->first_frame == 9 && series_get(s, 1)->last_frame == 10);
    T(series_get(s, 2)->first_frame == 11 && series_get(s, 2)->last_frame == 14);
    T(series_get(s, 2)->left_out == 1 && series_count(all) == 2);
    T(!series_with_parts(all, other) && !series_with_parts(none, two));
    series_free(s);
    series_free(all);
    series_free(two);
    series_free(other);
    series_free(none);
}

/* Frames of the conversation every step seconds. */
static void
frames(struct conversation *c, unsigned n, double step)
{
    for (unsigned i = 0; i < n; i++) {
        c->now += step;
        sadb_see_frame(c->db, ++c->frame, c->now);
    }
}

/* As whoever reads the files does it. */
static void
measure(struct series *s, const struct sadb *db)
{
    for (size_t i = 0; i < series_count(s); i++) {
        struct series_file *f = (struct series_file *)series_get(s, i);
        f->pause = f->num_frames ? 0 : f->pause;
        for (uint32_t n = f->first_frame; f->num_frames && n < f->last_frame; n++) {
            f->pause = MAX(f->pause, sadb_time_of(db, n + 1) - sadb_time_of(db, n));
        }
    }
}

static enum series_join
joined(struct conversation *c, const char *text, double *seconds)
{
    struct series *s = series_of(text);
    enum series_join join;

    measure(s, c->db);
    join = series_join(s, 1, seconds);
    T(series_join(s, 0, &(double){ 0 }) == SERIES_ON);
    series_free(s);
    return join;
}

/* What is long is told by the pauses within the files. */
static void
gaps(struct conversation *c)
{
    double seconds;

    reset(c);
    frames(c, 10, 2);
    T(joined(c, "1 5 5 0 1000 1010 a\n6 10 5 0 1030 1040 b\n", &seconds) == SERIES_ON);
    T(joined(c, "1 5 5 0 1000 1010 a\n6 10 5 0 1030.5 1040 b\n", &seconds) == SERIES_GAP);
    T(seconds == 20.5);
    T(joined(c, "1 5 5 0 1000 1010 a\n6 10 5 0 1009.5 1040 b\n", &seconds) == SERIES_OVERLAP);
    T(seconds == 0.5);
    T(joined(c, "1 5 5 0 1000 1010 a\n6 10 5 0 1010 1040 b\n", &seconds) == SERIES_ON);
    T(joined(c, "1 10 10 0 1000 1010 a\n0 0 0 0 2000 2000 b\n", &seconds) == SERIES_ON);
    frames(c, 1, 30);
    T(joined(c, "1 5 5 0 1000 1010 a\n6 11 6 0 1030.5 1090 b\n", &seconds) == SERIES_ON);
    reset(c);
    frames(c, 10, 0.01);
    T(joined(c, "1 5 5 0 1000 1001 a\n6 10 5 0 1010 1011 b\n", &seconds) == SERIES_ON);
    T(joined(c, "1 5 5 0 1000 1001 a\n6 10 5 0 1012 1013 b\n", &seconds) == SERIES_GAP);
}

static void
said(struct conversation *c)
{
    struct report r;
    struct series *s = series_of("1 4 4 0 1000 1006 <a>%1b.pcapng\n5 9 4 3 1005 1030 b\n"
                                   "7 7 1 0 1010 1010 c\n10 10 1 0 5000 5000 d\n0 0 0 0 0 0 e\n");
    GString *page = g_string_new(NULL);
    const char *text;

    reset(c);
    frames(c, 10, 2);
    measure(s, c->db);
    r = report_now(c);
    T_STR(printed_of(report_files, &r), "");
    T(!strstr(printed_of(report_json, &r), "\"files\""));
    r.series = s;
    T_STR(printed_of(report_files, &r),
          "\nEspial files\n"
          "<a>[U+001B].pcapng: frames 1 to 4, 1970-01-01 00:16:40 to 00:16:46 UTC\n"
          "b: frames 5 to 9, 4 of them, 1970-01-01 00:16:45 to 00:17:10 UTC\n"
          "  overlap: it begins 1.00 s before the end of an earlier file; 3 frames that an earlier "
          "file has too are left out\n"
          "c: frame 7, 1970-01-01 00:16:50 UTC\n"
          "  overlap: it begins 20.0 s before the end of an earlier file\n"
          "d: frame 10, 1970-01-01 01:23:20 UTC\n"
          "  gap: 66 min 10 s without a frame before it; a file may be missing\n"
          "e: no frame\n");
    r.one_line = true;
    text = printed_of(report_json, &r);
    T(strstr(text, "\"files\":[{\"name\":\"<a>[U+001B].pcapng\",\"first_frame\":1,"
                   "\"last_frame\":4,\"frames\":4,\"left_out\":0,\"first_time\":1000.000000,"
                   "\"last_time\":1006.000000},{\"name\":\"b\",\"first_frame\":5,"));
    T(strstr(text, "\"left_out\":3,\"first_time\":1005.000000,\"last_time\":1030.000000,"
                   "\"overlap\":1.000000}"));
    T(strstr(text, "\"gap\":3970.000000},{\"name\":\"e\",\"first_frame\":null,"
                   "\"last_frame\":null,\"frames\":0,\"left_out\":0,\"first_time\":null,"
                   "\"last_time\":null}]"));
    report_html(page, &r, NULL, "a");
    T(strstr(page->str, "<h1>&lt;a&gt;[U+001B].pcapng and 4 more files</h1>"));
    T(strstr(page->str, "<li><a href=\"#files\">Files</a></li>"));
    T(strstr(page->str, "data-l=\"File\">&lt;a&gt;[U+001B].pcapng</th>"));
    T(strstr(page->str, "gap: 66 min 10 s without a frame before it"));
    g_string_free(page, TRUE);
    series_free(s);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    bounds();
    parts();
    gaps(&c);
    said(&c);
    return conversation_done(&c);
}
