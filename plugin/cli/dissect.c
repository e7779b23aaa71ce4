/* dissect.c - the way through tshark and the plugin.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "dissect.h"

#include "format.h"
#include "names.h"
#include "print.h"
#include "say.h"

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

int
dissect(const struct options *o, const struct inputs *in, const char *capture)
{
    GSubprocessLauncher *launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDOUT_PIPE |
                                                              G_SUBPROCESS_FLAGS_STDIN_INHERIT);
    GPtrArray *line = command_of(o, in, capture);
    char *name = name_base(capture), *text = NULL, *folder = NULL;
    GError *error = NULL;
    GSubprocess *run;
    int status = 2;

    g_subprocess_launcher_setenv(launcher, "ESPIAL_CAPTURE_NAME", name, TRUE);
    if (!in->own) {
        /* A configuration of its own: the user's keys stay out. */
        folder = g_dir_make_tmp("espial.XXXXXX", NULL);
        g_subprocess_launcher_setenv(launcher, "WIRESHARK_CONFIG_DIR", folder, TRUE);
    }
    run = g_subprocess_launcher_spawnv(launcher, (const char *const *)line->pdata, &error);
    if (!run || !g_subprocess_communicate_utf8(run, NULL, NULL, &text, NULL, &error)) {
        say("%s: tshark could not be run: %s", capture, error->message);
    } else if (!g_subprocess_get_successful(run)) {
        say("%s: tshark failed", capture);
    } else {
        status = has_findings(text, format_is_lines(o)) ? 1 : 0;
    }
    if (text && *text) {
        print_dissected(o, capture, text);
    } else if (status == 2) {
        print_nothing(o, capture, "tshark gave no report");
    }
    if (folder) {
        g_rmdir(folder);
    }
    g_clear_error(&error);
    g_clear_object(&run);
    g_object_unref(launcher);
    g_ptr_array_free(line, TRUE);
    g_free(folder);
    g_free(text);
    g_free(name);
    return status;
}
