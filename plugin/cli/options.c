/* options.c - what the program is asked for.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include "format.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

#ifdef _WIN32
#define W_OK 2
#else
#include <unistd.h>
#endif

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
        { "format", 'T', 0, G_OPTION_ARG_STRING, &o->format,
          "text, json, html, or ndjson: a record a line for each SA, stream, finding and diagnosis",
          "FORMAT" },
        { "html", 'w', 0, G_OPTION_ARG_FILENAME, &o->html,
          "Write a report of one capture to OUT: one page that loads nothing", "OUT" },
        /* As names of files are: whatever the locale is. */
        { "title", 't', 0, G_OPTION_ARG_FILENAME, &o->title, "Title of that page", "TEXT" },
        { "author", 'a', 0, G_OPTION_ARG_FILENAME, &o->author, "Who made that page", "TEXT" },
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
        { "series", 0, 0, G_OPTION_ARG_NONE, &o->series,
          "The captures are one in several files, as a ring buffer leaves it: one report of all",
          NULL },
        { "extract", 0, 0, G_OPTION_ARG_FILENAME, &o->extract,
          "Write what --series needs of each capture to the folder DIR: parts, which it reads as "
          "the captures",
          "DIR" },
        { "headers", 0, 0, G_OPTION_ARG_NONE, &o->headers,
          "With --extract: cut ESP to its headers; no key opens it afterwards", NULL },
        { "state", 0, 0, G_OPTION_ARG_FILENAME, &o->state,
          "Begin with what is known of the files before this one of a series", "FILE" },
        { "save-state", 0, 0, G_OPTION_ARG_FILENAME, &o->save_state,
          "Write what is known at the end, for the next file of a series; it holds no key", "OUT" },
        { "option", 'o', 0, G_OPTION_ARG_STRING_ARRAY, &o->settings,
          "A preference of the plugin, such as espial.replay_window:128", "NAME:VALUE" },
        { "dissect", 'D', 0, G_OPTION_ARG_NONE, &o->dissect,
          "Let tshark and the plugin read the capture: slower, all that Wireshark dissects",
          NULL },
        { "wireshark", 'W', 0, G_OPTION_ARG_NONE, &o->window,
          "Open Wireshark on one capture, with the profile IPsec and the keys, and print the "
          "command that does",
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
    bulk_add_options(context, &o->bulk);
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

static bool
same_file(const char *a, const char *b)
{
    GStatBuf first, second;

    return g_stat(a, &first) == 0 && g_stat(b, &second) == 0 && first.st_dev == second.st_dev &&
           first.st_ino == second.st_ino && first.st_ino;
}

/* What cannot be written is better known before minutes of reading. */
static char *
cannot_write(const struct options *o, const char *path, const char *option)
{
    char *dir = g_path_get_dirname(path), *problem = NULL;

    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        problem = g_strdup_printf("%s: is a folder; %s needs the name of a file", path, option);
    } else if (!g_file_test(dir, G_FILE_TEST_IS_DIR)) {
        problem = g_strdup_printf("%s: no such folder (%s)", dir, option);
    } else if (g_access(g_file_test(path, G_FILE_TEST_EXISTS) ? path : dir, W_OK) != 0) {
        problem = g_strdup_printf("%s: cannot be written (%s)", path, option);
    }
    for (char **capture = o->captures; !problem && *capture; capture++) {
        if (same_file(path, *capture)) {
            problem = g_strdup_printf("%s is the capture itself (%s)", path, option);
        }
    }
    g_free(dir);
    return problem;
}

static bool
has_screen(void)
{
#if defined(G_OS_WIN32) || defined(__APPLE__)
    return true;
#else
    const char *x = g_getenv("DISPLAY"), *wayland = g_getenv("WAYLAND_DISPLAY");

    return (x && *x) || (wayland && *wayland);
#endif
}

static char *
window_exclusions(const struct options *o)
{
    if (o->points) {
        return g_strdup("--points and --wireshark exclude each other");
    }
    if (o->series) {
        return g_strdup("--series and --wireshark exclude each other: join the files with mergecap "
                        "to see them in one window (docs/series.md)");
    }
    if (format_is_lines(o) || format_is_page(o) || o->dissect) {
        return g_strdup("--wireshark excludes --json, --format, --html and --dissect");
    }
    if (o->save_state) {
        return g_strdup("--save-state and --wireshark exclude each other");
    }
    if (o->num_captures > 1) {
        return g_strdup_printf("--wireshark opens one capture; %u are given", o->num_captures);
    }
    return has_screen() ? NULL :
                          g_strdup("there is no screen here for Wireshark (DISPLAY is not set)");
}

static char *
state_exclusions(const struct options *o)
{
    if (!o->state && !o->save_state) {
        return NULL;
    }
    if (o->dissect) {
        return g_strdup("--dissect excludes --state and --save-state");
    }
    if (o->num_captures > 1 && !o->points && !o->series) {
        return g_strdup_printf("--state and --save-state are of one capture, or of a series; %u "
                               "captures are given",
                               o->num_captures);
    }
    return o->save_state ? cannot_write(o, o->save_state, "--save-state") : NULL;
}

static char *
page_exclusions(const struct options *o)
{
    if ((o->title || o->author || o->date) && !format_is_page(o)) {
        return g_strdup("--title, --author and --date are of the page that --html writes");
    }
    if (o->json && o->html) {
        return g_strdup("--json and --html exclude each other");
    }
    if (format_is_page(o) && o->num_captures > 1 && !o->points && !o->series) {
        return g_strdup_printf("--html makes the report of one capture; %u are given",
                               o->num_captures);
    }
    return o->html ? cannot_write(o, o->html, "--html") : NULL;
}

static char *
series_exclusions(const struct options *o)
{
    if (o->headers && !o->extract) {
        return g_strdup("--headers needs --extract");
    }
    if (o->extract && (o->series || o->points || o->dissect || o->state || o->save_state ||
                       format_is_lines(o) || format_is_page(o))) {
        return g_strdup("--extract makes parts and no report: --series, which reads them, makes "
                        "it");
    }
    if (o->series && o->points) {
        return g_strdup("--series and --points exclude each other: the files of a series are of "
                        "one place, one after the other");
    }
    if (o->series && o->dissect) {
        return g_strdup("--series and --dissect exclude each other: join the files with mergecap "
                        "to let Wireshark's dissectors read them");
    }
    return NULL;
}

static char *
bulk_exclusions(const struct options *o)
{
    if (o->findings || o->window || o->points || o->series || o->extract || o->dissect ||
        o->state || o->save_state || format_is_page(o) || o->ndjson ||
        (o->json && !o->bulk.merge)) {
        return g_strdup("of other ways to read and report, --output takes none, as its results are "
                        "JSON, and --merge takes --json alone");
    }
    return NULL;
}

static char *
exclusions(const struct options *o)
{
    char *problem = o->window ? window_exclusions(o) : series_exclusions(o);

    if (!problem && (o->bulk.output || o->bulk.merge)) {
        return bulk_exclusions(o);
    }
    if (!problem && o->points && o->num_captures < 2) {
        problem = g_strdup("--points compares two captures or more; one is given");
    }
    if (!problem && o->points && o->dissect) {
        problem = g_strdup("--points and --dissect exclude each other");
    }
    if (!problem) {
        problem = state_exclusions(o);
    }
    return problem ? problem : page_exclusions(o);
}

static char *
without_value(const struct options *o)
{
    const struct {
        const char *option, *value;
    } all[] = { { "--html", o->html },   { "--title", o->title }, { "--author", o->author },
                { "--date", o->date },   { "--keys", o->keys },   { "--plan", o->plan },
                { "--state", o->state }, { "--save-state", o->save_state },
                { "--extract", o->extract } };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (all[i].value && !*all[i].value) {
            return g_strdup_printf("%s needs a value; try --help", all[i].option);
        }
    }
    return NULL;
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

/* NULL, or why that is no file that can be read. */
static char *
no_file(const char *path, const char *option)
{
    if (g_file_test(path, G_FILE_TEST_IS_DIR)) {
        return g_strdup_printf("%s: is a folder, and cannot be read (%s)", path, option);
    }
    return g_file_test(path, G_FILE_TEST_IS_REGULAR) && is_readable(path) ?
               NULL :
               g_strdup_printf("%s: cannot be read (%s)", path, option);
}

static char *
cannot_read(const struct options *o)
{
    char *why = o->state ? no_file(o->state, "--state") : NULL;

    if (why) {
        return why;
    }
    if (o->keys && !g_file_test(o->keys, G_FILE_TEST_EXISTS)) {
        return g_strdup_printf("%s: no such file or folder (--keys)", o->keys);
    }
    if (o->keys && !is_readable(o->keys)) {
        return g_strdup_printf("%s: cannot be read (--keys)", o->keys);
    }
    if (o->plan && !is_readable(o->plan)) {
        return g_strdup_printf("%s: cannot be read (--plan)", o->plan);
    }
    for (char **log = o->logs; !why && log && *log; log++) {
        why = no_file(*log, "--log");
    }
    return why;
}

/* Of an option that tshark has: what takes its place. */
static const char *
other_way(const GError *error)
{
    static const struct {
        const char *option, *way;
    } all[] = { { " -r", "captures are given without an option" },
                { " -i", "what passes an interface comes through a pipe: tcpdump -i eth0 -w - | "
                         "espial -" },
                { " -Y", "it is of tshark, which has Espial's fields with the plugin" },
                { " -z", "it is of tshark, which has Espial's reports with the plugin" } };

    for (size_t i = 0; i < G_N_ELEMENTS(all); i++) {
        if (g_error_matches(error, G_OPTION_ERROR, G_OPTION_ERROR_UNKNOWN_OPTION) &&
            g_str_has_suffix(error->message, all[i].option)) {
            return all[i].way;
        }
    }
    return "try --help";
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
        *problem = g_strdup_printf("%s; %s", error->message, other_way(error));
        g_error_free(error);
    }
    g_option_context_free(context);
    g_strfreev(arguments);
    if (!o->captures) {
        o->captures = g_new0(char *, 1);
    }
    o->num_captures = g_strv_length(o->captures);
    if (!*problem && !o->version) {
        *problem = without_value(o);
    }
    if (!*problem && !o->version) {
        *problem = bulk_wrong(&o->bulk, o->num_captures);
    }
    if (*problem || o->version || (!o->num_captures && !o->bulk.list)) {
        return !*problem;
    }
    if (read_severity(o, problem)) {
        *problem = format_choose(o);
    }
    if (!*problem) {
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
    g_free(o->format);
    g_free(o->html);
    g_free(o->title);
    g_free(o->author);
    g_free(o->date);
    g_free(o->keys);
    g_free(o->plan);
    g_free(o->state);
    g_free(o->save_state);
    g_free(o->extract);
    g_strfreev(o->logs);
    g_strfreev(o->settings);
    g_strfreev(o->captures);
    bulk_free_options(&o->bulk);
    g_free(severity_wanted);
}
