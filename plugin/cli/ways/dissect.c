/* dissect.c - the way through tshark and the plugin.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "dissect.h"

#include "format.h"
#include "names.h"
#include "print.h"
#include "say.h"
#include "stream.h"
#include "wrong.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <string.h>

static void
add_preference(GPtrArray *line, const char *name, const char *value)
{
    if (value && *value) {
        g_ptr_array_add(line, g_strdup("-o"));
        g_ptr_array_add(line, g_strdup_printf("espial.%s:%s", name, value));
    }
}

static void
add_report(GPtrArray *line, const char *report, const char *more)
{
    g_ptr_array_add(line, g_strdup("-z"));
    g_ptr_array_add(line, g_strconcat("espial,", report, more, NULL));
}

/* tshark prints the last report first. */
static void
add_reports(GPtrArray *line, const struct options *o)
{
    char *least = o->least == SEV_CHAT ? g_strdup("") :
                                         g_strconcat(",", severity_name(o->least), NULL);

    if (o->json) {
        add_report(line, "json,line", "");
    } else if (o->ndjson) {
        add_report(line, "ndjson", "");
    } else if (o->html) {
        add_report(line, "diagnosis", "");
        add_report(line, "html,", o->html);
        add_preference(line, "report_title", o->title);
        add_preference(line, "report_author", o->author);
    } else {
        add_report(line, "sas,100", "");
        if (o->findings) {
            add_report(line, "findings", least);
        }
        add_report(line, "diagnosis", least);
    }
    g_free(least);
}

static GPtrArray *
command_of(const struct options *o, const struct inputs *in, const char *capture)
{
    static const char *const begins[] = { "tshark", "-n", "-q", "-o", "espial.feed_tables:FALSE" };
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);
    char *logs = g_strjoinv(G_SEARCHPATH_SEPARATOR_S, in->logs),
         *window = g_strdup_printf("%u", in->window);

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        g_ptr_array_add(line, g_strdup(begins[i]));
    }
    add_preference(line, "keylog_file", in->keys);
    add_preference(line, "plan_file", in->plan);
    add_preference(line, "log_file", logs);
    add_preference(line, "replay_window", window);
    add_preference(line, "delete_grace", in->grace);
    add_preference(line, "verify_icv", in->verify ? "TRUE" : "FALSE");
    g_ptr_array_add(line, g_strdup("-r"));
    g_ptr_array_add(line, g_strdup(capture));
    add_reports(line, o);
    g_ptr_array_add(line, NULL);
    g_free(window);
    g_free(logs);
    return line;
}

/* "2 errors, 0 warnings, ...": some of either. */
static bool
counts_some(const char *line)
{
    char *end = NULL;
    guint64 errors = g_ascii_strtoull(line, &end, 10);
    const char *warnings = end > line && g_str_has_prefix(end, " error") ? strchr(end, ',') : NULL;

    return warnings && (errors || g_ascii_strtoull(warnings + 1, NULL, 10));
}

/* By the lines that say how many findings there are, or of JSON by a severity. */
static bool
has_findings(const char *text, bool json)
{
    bool found = false;
    char **lines;

    if (json) {
        return strstr(text, "\"severity\":\"error\"") || strstr(text, "\"severity\":\"warning\"");
    }
    lines = g_strsplit(text, "\n", 0);
    for (char **line = lines; *line; line++) {
        found |= counts_some(*line);
    }
    g_strfreev(lines);
    return found;
}

/* --- tshark ----------------------------------------------------------------------------------- */

struct run {
    char *text, *said;          /* on standard output, on standard error */
    bool started;
    int signal, status;
};

static void
run_free(struct run *r)
{
    g_free(r->text);
    g_free(r->said);
}

static char *
as_text(GBytes *bytes)
{
    gsize len = 0;
    const char *octets = bytes ? (const char *)g_bytes_get_data(bytes, &len) : NULL;

    return g_strndup(octets ? octets : "", len);
}

/* folder: another configuration than the user's own, or NULL. */
static struct run
run_tshark(const GPtrArray *line, const char *name, const char *folder)
{
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(
        G_SUBPROCESS_FLAGS_STDOUT_PIPE | G_SUBPROCESS_FLAGS_STDERR_PIPE |
        G_SUBPROCESS_FLAGS_STDIN_INHERIT);
    GBytes *out = NULL, *said = NULL;
    struct run r = { .started = false };
    GError *error = NULL;
    GSubprocess *run;

    g_subprocess_launcher_setenv(launcher, "ESPIAL_CAPTURE_NAME", name, TRUE);
    if (folder) {
        g_subprocess_launcher_setenv(launcher, "WIRESHARK_CONFIG_DIR", folder, TRUE);
    }
    run = g_subprocess_launcher_spawnv(launcher, (const char *const *)line->pdata, &error);
    r.started = run && g_subprocess_communicate(run, NULL, NULL, &out, &said, &error);
    r.text = as_text(out);
    r.said = r.started ? as_text(said) : g_strdup(error->message);
    if (r.started && g_subprocess_get_if_signaled(run)) {
        r.signal = g_subprocess_get_term_sig(run);
    } else if (r.started) {
        r.status = g_subprocess_get_exit_status(run);
    }
    g_clear_pointer(&out, g_bytes_unref);
    g_clear_pointer(&said, g_bytes_unref);
    g_clear_error(&error);
    g_clear_object(&run);
    g_object_unref(launcher);
    return r;
}

/* --- a crash ---------------------------------------------------------------------------------- */

static void
copy_file(const char *from, const char *to, const char *name)
{
    char *source = g_build_filename(from, name, NULL), *copy = g_build_filename(to, name, NULL);
    char *content = NULL;
    gsize len;

    if (g_file_test(source, G_FILE_TEST_IS_REGULAR) &&
        g_file_get_contents(source, &content, &len, NULL)) {
        g_file_set_contents(copy, content, (gssize)len, NULL);
    }
    g_free(content);
    g_free(source);
    g_free(copy);
}

/* All of a configuration but its keys. */
static void
copy_configuration(const char *from, const char *to)
{
    GDir *dir = g_dir_open(from, 0, NULL);
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        if (!inputs_is_table(name)) {
            copy_file(from, to, name);
        }
    }
    if (dir) {
        g_dir_close(dir);
    }
}

static void
remove_folder(char *folder)
{
    GDir *dir = folder ? g_dir_open(folder, 0, NULL) : NULL;
    const char *name;

    while (dir && (name = g_dir_read_name(dir)) != NULL) {
        char *path = g_build_filename(folder, name, NULL);
        g_unlink(path);
        g_free(path);
    }
    if (dir) {
        g_dir_close(dir);
        g_rmdir(folder);
    }
    g_free(folder);
}

static void
tell(const char *capture, const char *what, const char *next)
{
    char *name = name_full(capture);

    say("%s: %s%s", name, what, next);
    g_free(name);
}

/* Forged messages can crash Wireshark's own decryption: Espial has the keys alone then.  NULL, or
 * what is to be said of a second crash. */
static char *
run_again(struct run *r, GPtrArray *line, const char *name, char *folder, const char *capture,
          const struct inputs *in)
{
    char *own = in->own ? inputs_own_tables() : NULL, *problem = NULL, *again;
    int signal = r->signal;

    g_ptr_array_set_size(line, (int)line->len - 1);
    add_preference(line, "show_inner", "FALSE");
    if (own) {
        copy_configuration(own, folder);
        add_preference(line, "keylog_file", *in->keys ? in->keys : own);
    }
    g_ptr_array_add(line, NULL);
    run_free(r);
    *r = run_tshark(line, name, folder);
    if (r->signal) {
        problem = g_strdup_printf("tshark crashed twice (signal %d) while reading it, the second "
                                  "time without keys in Wireshark's own tables: by whose fault is "
                                  "unknown",
                                  r->signal);
    } else {
        again = g_strdup_printf("tshark crashed (signal %d) while reading it, %s; it is read again "
                                "without keys in Wireshark's own tables",
                                signal,
                                own ? "in Wireshark's own decryption, not in Espial" :
                                      "by whose fault is unknown");
        tell(capture, again, "");
        g_free(again);
    }
    g_free(own);
    return problem;
}

/* --- its report ------------------------------------------------------------------------------- */

/* What it said, but for its word on root.  True where keys or a plan are judged without. */
static bool
pass_on(const char *said)
{
    char **lines = g_strsplit(said, "\n", 0);
    bool without = false;

    for (char **line = lines; *line; line++) {
        if (**line && !g_str_has_prefix(*line, "Running as user ")) {
            without |= inputs_judged_without(*line);
            say("%s", *line);
        }
    }
    g_strfreev(lines);
    return without;
}

static char *
explain(const struct run *r)
{
    if (!r->started) {
        return g_strdup_printf("tshark could not be run: %s", r->said);
    }
    if (strstr(r->said, "Invalid -z argument")) {
        return g_strdup("tshark did not load the espial plugin (see: tshark -G plugins)");
    }
    if (r->status) {
        return *r->text ? g_strdup("tshark could not read all of it; what it read is reported") :
                          g_strdup_printf("tshark failed with exit status %d", r->status);
    }
    return *r->text ? NULL : g_strdup("tshark gave no report of Espial");
}

static int
report(const struct options *o, const struct inputs *in, const char *capture, const char *read,
       struct stream *stream)
{
    GPtrArray *line = command_of(o, in, read);
    char *folder = g_dir_make_tmp("espial.XXXXXX", NULL), *name = name_base(capture), *problem;
    struct run r = run_tshark(line, name, in->own ? NULL : folder);
    bool again = r.signal && folder && strcmp(read, capture) == 0 &&
                 g_file_test(capture, G_FILE_TEST_IS_REGULAR);
    int status = 2;

    problem = again    ? run_again(&r, line, name, folder, capture, in) :
              r.signal ? g_strdup_printf("tshark crashed (signal %d) while reading it", r.signal) :
                         NULL;
    if (!problem) {
        problem = stream_fault(stream);
    }
    if (!problem) {
        problem = explain(&r);
    }
    if (r.signal) {
        r.text[0] = 0;          /* half a report */
    } else if (r.started && !pass_on(r.said) && !problem) {
        status = has_findings(r.text, format_is_lines(o)) ? 1 : 0;
    }
    if (problem) {
        tell(capture, problem, *r.text ? "" : "; nothing to report for it");
    }
    if (*r.text) {
        print_dissected(o, capture, r.text, problem);
    } else {
        print_nothing(o, capture, problem);
    }
    g_ptr_array_free(line, TRUE);
    remove_folder(folder);
    run_free(&r);
    g_free(problem);
    g_free(name);
    return status;
}

int
dissect(const struct options *o, const struct inputs *in, const char *capture)
{
    char *problem = NULL;
    struct stream *stream = NULL;
    int status = 2;

    /* Wireshark shows the objects of any JSON as packets. */
    if (wrong_is_known(capture, NULL)) {
        problem = wrong_file(capture);
    } else {
        stream = stream_open(capture, &problem);
    }

    if (stream) {
        status = report(o, in, capture, stream_path(stream), stream);
        stream_opened(stream);
        stream_close(stream);
    } else {
        tell(capture, problem, "; nothing to report for it");
        print_nothing(o, capture, problem);
        g_free(problem);
    }
    return status;
}
