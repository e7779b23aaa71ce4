/* print.c - what goes to standard output.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "print.h"

#include "format.h"
#include "names.h"
#include "pager.h"
#include "terminal.h"
#include "wrap.h"

#include <string.h>

enum { MOST_SAS = 100 };        /* listed as text: a gateway has thousands */

static bool first = true;       /* no capture was printed yet */

/* --- text ------------------------------------------------------------------------------------- */

static bool
in_colours(void)
{
    const char *kind = g_getenv("TERM"), *none = g_getenv("NO_COLOR");       /* no-color.org */

    return is_terminal(stdout) && !(none && *none) && kind && strcmp(kind, "dumb") != 0;
}

/* How many octets of a line are of a verdict or severity, and in which colour. */
static size_t
coloured_part(const char *line, const char **colour)
{
    static const struct {
        const char *begins, *colour;
        bool to_colon;
    } parts[] = { { "Fails", "\033[1;31m", true },    { "error  ", "\033[1;31m", false },
                  { "Works, with faults:", "\033[33m", false },
                  { "With faults:", "\033[33m", false }, { "warning", "\033[33m", false },
                  { "Works", "\033[32m", true } };

    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (g_str_has_prefix(line, parts[i].begins)) {
            const char *colon = strchr(line, ':');
            *colour = parts[i].colour;
            return parts[i].to_colon ? (colon ? (size_t)(colon + 1 - line) : 0) :
                                       strlen(parts[i].begins);
        }
    }
    return 0;
}

/* The caller frees it. */
static char *
coloured(const char *text)
{
    GString *out = g_string_new(NULL);
    char **lines = g_strsplit(text, "\n", 0);

    for (char **line = lines; *line; line++) {
        const char *colour = "";
        size_t len = coloured_part(*line, &colour);
        if (len) {
            g_string_append_printf(out, "%s%.*s\033[0m", colour, (int)len, *line);
        }
        g_string_append_printf(out, "%s%s", *line + len, line[1] ? "\n" : "");
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}

/* Of one capture, as what is said meanwhile of others would come between. */
static void
print_text(const struct options *o, const char *text)
{
    char *lines = wrapped(text, format_is_lines(o) ? 0 : terminal_columns(stdout));
    char *shown = in_colours() ? coloured(lines) : g_strdup(lines);
    bool alone = o->num_captures == 1 || o->points || o->series;

    (void)fflush(stdout);
    if (!alone || !is_terminal(stdout) || !pager_show(shown)) {
        (void)fputs(shown, stdout);
    }
    g_free(shown);
    g_free(lines);
}

/* What was written to a file that has no name. */
static char *
taken(FILE *file)
{
    GString *all = g_string_new(NULL);
    char part[1 << 12];
    size_t len;

    rewind(file);
    while ((len = fread(part, 1, sizeof part, file)) > 0) {
        g_string_append_len(all, part, (gssize)len);
    }
    (void)fclose(file);
    return g_string_free(all, FALSE);
}

static void
write_text(FILE *out, const struct options *o, struct report *r)
{
    r->least = o->least;
    report_diagnosis(out, r);
    if (o->findings) {
        report_findings(out, r);
    }
    r->least = SEV_CHAT;
    if (o->points) {
        report_points(out, r);
    }
    r->most_sas = MOST_SAS;
    report_sas(out, r);
    report_files(out, r);
}

static void
head(FILE *out, const char *capture, const struct report *r)
{
    char *name = name_full(r && r->called ? r->called : capture);

    (void)fprintf(out, "%s=== %s ===\n", first ? "" : "\n", name);
    first = false;
    g_free(name);
}

static void
print_as_text(const struct options *o, const char *capture, struct report *r)
{
    FILE *file;
    char *text;

    if (!is_terminal(stdout) || !(file = tmpfile())) {
        head(stdout, capture, r);
        write_text(stdout, o, r);
        return;
    }
    head(file, capture, r);
    write_text(file, o, r);
    text = taken(file);
    print_text(o, text);
    g_free(text);
}

/* --- the page --------------------------------------------------------------------------------- */

/* The outcome, and how many findings there are. */
static void
print_outcome_of(const char *text)
{
    char **lines = g_strsplit(text, "\n", 0);
    guint num = g_strv_length(lines);

    for (guint i = 0; i + 1 < num; i++) {
        if (strcmp(lines[i], "Espial diagnosis") == 0) {
            (void)fprintf(stdout, "%s\n", lines[i + 1]);
        }
    }
    if (num > 1) {
        (void)fprintf(stdout, "%s\n", lines[num - 2]);
    }
    g_strfreev(lines);
}

static void
print_outcome(struct report *r)
{
    FILE *file = tmpfile();
    char *text;

    if (file) {
        report_diagnosis(file, r);
        text = taken(file);
        print_outcome_of(text);
        g_free(text);
    }
}

static void
print_place(const struct options *o)
{
    char *shown = name_full(o->html);

    (void)fprintf(stdout, "The report is in %s\n", shown);
    g_free(shown);
}

static void
print_page(const struct options *o, const char *capture, struct report *r,
           const struct traffic *traffic, char **problem)
{
    GString *page = g_string_sized_new(1 << 16);
    char *name = name_base(capture), *date = report_date();

    r->title = o->title;
    r->author = o->author;
    r->date = date;
    report_html(page, r, traffic, name);
    if (o->html) {
        *problem = report_save(o->html, page);
        head(stdout, capture, r);
        print_outcome(r);
    } else {
        (void)fwrite(page->str, 1, page->len, stdout);
    }
    if (o->html && !*problem) {
        print_place(o);
    }
    g_string_free(page, TRUE);
    g_free(date);
    g_free(name);
}

/* --- JSON ------------------------------------------------------------------------------------- */

static char *
json_text(const char *text)
{
    GString *out = g_string_new(NULL);

    for (; *text; text++) {
        if (*text == '"' || *text == '\\') {
            g_string_append_c(out, '\\');
        }
        g_string_append_c(out, *text);
    }
    return g_string_free(out, FALSE);
}

/* A report in one line, which says first what was not read. */
static void
print_faulty(FILE *out, const char *text, const char *fault)
{
    char *error = json_text(fault);

    (void)fprintf(out, "{\"error\":\"%s\",%s", error, text + 1);
    g_free(error);
}

void
print_json(FILE *out, const char *capture, struct report *r, const char *fault)
{
    char *name = name_base(capture);
    FILE *file = fault ? tmpfile() : NULL;

    r->file = name;
    r->one_line = true;
    report_json(file ? file : out, r);
    if (file) {
        char *text = taken(file);
        print_faulty(out, text, fault);
        g_free(text);
    }
    g_free(name);
}

/* --- records ---------------------------------------------------------------------------------- */

static void
print_records(const char *capture, struct report *r, const char *fault)
{
    char *name = name_base(capture);

    r->file = name;
    report_ndjson(stdout, r, fault);
    g_free(name);
}

void
print_nothing(const struct options *o, const char *capture, const char *fault)
{
    char *name, *file, *error;

    if (o->ndjson) {
        struct report none = { .version = PLUGIN_VERSION_STR };
        print_records(capture, &none, fault);
    }
    if (!o->json) {
        return;
    }
    name = name_base(capture);
    file = json_text(name);
    error = json_text(fault);
    (void)fprintf(stdout,
                  "{\"error\":\"%s\",\"format\":\"espial-report/1\",\"plugin\":\"%s\",\"capture\":"
                  "{\"frames\":0,\"first_time\":null,\"last_time\":null,\"file\":\"%s\"},"
                  "\"ike_sas\":[],\"child_sas\":[],\"streams\":[],\"findings\":[],"
                  "\"diagnoses\":[],\"tunnels\":[],\"hygiene\":[],\"outcome\":{\"verdict\":"
                  "\"unknown\",\"text\":\"The capture could not be read.\"}}\n",
                  error, PLUGIN_VERSION_STR, file);
    g_free(error);
    g_free(file);
    g_free(name);
}

void
print_dissected(const struct options *o, const char *capture, const char *text, const char *fault)
{
    if (o->json && fault) {
        print_faulty(stdout, text, fault);
    } else if (format_is_lines(o)) {
        print_text(o, text);
    } else if (o->html) {
        head(stdout, capture, NULL);
        print_outcome_of(text);
        if (g_file_test(o->html, G_FILE_TEST_EXISTS)) {
            print_place(o);
        }
    } else {
        head(stdout, capture, NULL);
        print_text(o, text);
    }
}

void
print_report(const struct options *o, const char *capture, struct report *r,
             const struct traffic *traffic, const char *fault, char **problem)
{
    *problem = NULL;
    if (o->json) {
        print_json(stdout, capture, r, fault);
    } else if (o->ndjson) {
        print_records(capture, r, fault);
    } else if (format_is_page(o)) {
        print_page(o, capture, r, traffic, problem);
    } else {
        print_as_text(o, capture, r);
    }
}

bool
print_done(void)
{
    return fflush(stdout) == 0 && !ferror(stdout);
}
