/* options.c - what the program is asked for.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

static char *severity_wanted;

static GOptionContext *
context_of(struct options *o)
{
    const GOptionEntry entries[] = {
        { "findings", 'f', 0, G_OPTION_ARG_NONE, &o->findings,
          "List every finding as well, the worst first", NULL },
        { "min-severity", 's', 0, G_OPTION_ARG_STRING, &severity_wanted,
          "List nothing below S: chat, note, warning or error", "S" },
        { "json", 'j', 0, G_OPTION_ARG_NONE, &o->json,
          "Print one JSON report (espial-report/1) for each capture, a line each", NULL },
        { "html", 'w', 0, G_OPTION_ARG_FILENAME, &o->html,
          "Write a report of one capture to OUT: one page that loads nothing", "OUT" },
        { "title", 't', 0, G_OPTION_ARG_STRING, &o->title, "Title of that page", "TEXT" },
        { "author", 'a', 0, G_OPTION_ARG_STRING, &o->author, "Who made that page", "TEXT" },
        { "date", 'd', 0, G_OPTION_ARG_STRING, &o->date,
          "When it was made: today, or a day as 2026-11-30", "WHEN" },
        { "keys", 'k', 0, G_OPTION_ARG_FILENAME, &o->keys,
          "Keys as daemons write them, or a folder with Wireshark's tables and a plan; default: "
          "CAPTURE without its ending, and .keys",
          "PATH" },
        { "plan", 'p', 0, G_OPTION_ARG_FILENAME, &o->plan, "Planning sheet to compare with",
          "FILE" },
        { "log", 'l', 0, G_OPTION_ARG_FILENAME_ARRAY, &o->logs,
          "Log of an IKE daemon at one end; may be given several times", "FILE" },
        { "points", 'P', 0, G_OPTION_ARG_NONE, &o->points,
          "The captures are of the same traffic at several places: one report of all", NULL },
        { "state", 0, 0, G_OPTION_ARG_FILENAME, &o->state,
          "Begin with what is known of the files before this one of a series", "FILE" },
        { "save-state", 0, 0, G_OPTION_ARG_FILENAME, &o->save_state,
          "Write what is known at the end, for the next file of a series; it holds no key", "OUT" },
        { "option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &o->settings,
          "A preference of the plugin, such as espial.replay_window:128", "NAME:VALUE" },
        { "dissect", 'D', 0, G_OPTION_ARG_NONE, &o->dissect,
          "Let tshark and the plugin read the capture: slower, all that Wireshark dissects",
          NULL },
        { "version", 'v', 0, G_OPTION_ARG_NONE, &o->version, "Print the versions", NULL },
        { G_OPTION_REMAINING, 0, 0, G_OPTION_ARG_FILENAME_ARRAY, &o->captures, "", "CAPTURE..." },
        { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL }
    };
    GOptionContext *context = g_option_context_new(NULL);

    g_option_context_set_summary(
        context,
        "Says of each tunnel in a capture whether it works, what is wrong, why, and what to do;\n"
        "then lists every IKE and IPsec SA.  A capture may be compressed; - is standard input.");
    g_option_context_set_description(
        context,
        "Exit status: 0 nothing at warning or above, 1 findings at warning or above,\n"
        "2 something could not be read, set up or written.\n");
    g_option_context_add_main_entries(context, entries, NULL);
    return context;
}

void
options_help(void)
{
    struct options none = { 0 };
    GOptionContext *context = context_of(&none);
    char *help = g_option_context_get_help(context, TRUE, NULL);

    printf("%s", help);
    g_free(help);
    g_option_context_free(context);
}

static bool
read_severity(struct options *o, char **problem)
{
    o->least = SEV_CHAT;
    if (!severity_wanted) {
        return true;
    }
    for (unsigned s = SEV_CHAT; s <= SEV_ERROR; s++) {
        if (strcmp(severity_wanted, severity_name((enum severity)s)) == 0) {
            o->least = (enum severity)s;
            return true;
        }
    }
    *problem = g_strdup_printf(
        "%s: the severity is chat, note, warning or error (--min-severity)", severity_wanted);
    return false;
}

/* Of a day, wherever on earth it is read: the variable is in UTC. */
static char *
set_date(const char *when)
{
    GDate day;
    GDateTime *at;
    char *seconds;

    g_date_clear(&day, 1);
    if (strcmp(when, "today") == 0) {
        g_date_set_time_t(&day, (time_t)(g_get_real_time() / G_USEC_PER_SEC));
    } else {
        g_date_set_parse(&day, when);
    }
    if (!g_date_valid(&day)) {
        return g_strdup_printf("%s: no date, such as today or 2026-11-30 (--date)", when);
    }
    at = g_date_time_new_utc(g_date_get_year(&day), (int)g_date_get_month(&day),
                             g_date_get_day(&day), 0, 0, 0);
    if (!at) {
        return g_strdup_printf("%s: no date, such as today or 2026-11-30 (--date)", when);
    }
    seconds = g_strdup_printf("%" G_GINT64_FORMAT, g_date_time_to_unix(at));
    g_setenv("SOURCE_DATE_EPOCH", seconds, TRUE);
    g_free(seconds);
    g_date_time_unref(at);
    return NULL;
}

/* What cannot be written is better known before minutes of reading. */
static char *
cannot_write(const struct options *o)
{
    char *dir = g_path_get_dirname(o->html), *problem = NULL;
    GStatBuf page, capture;

    if (g_file_test(o->html, G_FILE_TEST_IS_DIR)) {
        problem = g_strdup_printf("%s: is a folder; --html needs the name of a file", o->html);
    } else if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        problem = g_strdup_printf("%s: no such folder (--html)", dir);
    } else if (g_stat(o->html, &page) == 0 && g_stat(o->captures[0], &capture) == 0 &&
               page.st_dev == capture.st_dev && page.st_ino == capture.st_ino && page.st_ino) {
        problem = g_strdup_printf("%s is the capture itself (--html)", o->html);
    }
    g_free(dir);
    return problem;
}

static char *
exclusions(const struct options *o)
{
    if (o->points && o->num_captures < 2) {
        return g_strdup("--points compares two captures or more; one is given");
    }
    if ((o->state || o->save_state) && (o->num_captures > 1 || o->dissect)) {
        return g_strdup("--state and --save-state are of one capture, and not of --dissect");
    }
    if (o->points && o->dissect) {
        return g_strdup("--points and --dissect exclude each other");
    }
    if (o->json && o->html) {
        return g_strdup("--json and --html exclude each other");
    }
    if (o->html && o->num_captures > 1 && !o->points) {
        return g_strdup_printf("--html makes the report of one capture; %u are given",
                               o->num_captures);
    }
    if ((o->title || o->author || o->date) && !o->html) {
        return g_strdup("--title, --author and --date are of the page that --html writes");
    }
    return o->html ? cannot_write(o) : NULL;
}

static bool
is_readable(const char *path)
{
    FILE *in = g_fopen(path, "rb");

    if (in) {
        (void)fclose(in);
    }
    return in != NULL;
}

static char *
cannot_read(const struct options *o)
{
    if (o->keys && !g_file_test(o->keys, G_FILE_TEST_EXISTS)) {
        return g_strdup_printf("%s: no such file or folder (--keys)", o->keys);
    }
    if (o->keys && !is_readable(o->keys)) {
        return g_strdup_printf("%s: cannot be read (--keys)", o->keys);
    }
    if (o->state && !is_readable(o->state)) {
        return g_strdup_printf("%s: cannot be read (--state)", o->state);
    }
    if (o->plan && !is_readable(o->plan)) {
        return g_strdup_printf("%s: cannot be read (--plan)", o->plan);
    }
    for (char **log = o->logs; log && *log; log++) {
        if (!g_file_test(*log, G_FILE_TEST_IS_REGULAR) || !is_readable(*log)) {
            return g_strdup_printf("%s: cannot be read (--log)", *log);
        }
    }
    return NULL;
}

bool
options_read(struct options *o, char **arguments, char **problem)
{
    GOptionContext *context;
    GError *error = NULL;

    memset(o, 0, sizeof *o);
    *problem = NULL;
    context = context_of(o);
    if (!g_option_context_parse_strv(context, &arguments, &error)) {
        *problem = g_strdup_printf("%s; try --help", error->message);
        g_error_free(error);
    }
    g_option_context_free(context);
    g_strfreev(arguments);
    if (!o->captures) {
        o->captures = g_new0(char *, 1);
    }
    o->num_captures = g_strv_length(o->captures);
    if (*problem || o->version || !o->num_captures) {
        return !*problem;
    }
    if (read_severity(o, problem)) {
        *problem = exclusions(o);
    }
    if (!*problem) {
        *problem = cannot_read(o);
    }
    if (!*problem && o->date) {
        *problem = set_date(o->date);
    }
    return !*problem;
}

void
options_free(struct options *o)
{
    g_free(o->html);
    g_free(o->title);
    g_free(o->author);
    g_free(o->date);
    g_free(o->keys);
    g_free(o->plan);
    g_free(o->state);
    g_free(o->save_state);
    g_strfreev(o->logs);
    g_strfreev(o->settings);
    g_strfreev(o->captures);
    g_free(severity_wanted);
}
