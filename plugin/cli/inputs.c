/* inputs.c - keys, plan, logs and preferences of a capture.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "inputs.h"

#include "compat.h"
#include "names.h"
#include "say.h"

#include <string.h>

static const char *const tables[] = { "ikev1_decryption_table", "ikev2_decryption_table",
                                      "esp_sa" };

/* --- preferences ------------------------------------------------------------------------------ */

static void
replace(char **to, const char *value)
{
    g_free(*to);
    *to = g_strdup(value);
}

/* True where it is a preference of the plugin whose value is lawful, or one that only shows. */
static bool
set_preference(struct inputs *in, const char *name, const char *value)
{
    static const char *const of_windows[] = { "feed_tables", "show_inner", "info_tag",
                                              "info_message", "report_title", "report_author" };
    guint64 n;

    if (strcmp(name, "keylog_file") == 0) {
        replace(&in->keys, value);
    } else if (strcmp(name, "plan_file") == 0) {
        replace(&in->plan, value);
    } else if (strcmp(name, "state_file") == 0) {
        replace(&in->state, value);
    } else if (strcmp(name, "log_file") == 0) {
        g_strfreev(in->logs);
        in->logs = feed_log_paths(value);
    } else if (strcmp(name, "delete_grace") == 0) {
        replace(&in->grace, value);
    } else if (strcmp(name, "replay_window") == 0) {
        if (!g_ascii_string_to_unsigned(value, 10, 0, G_MAXUINT32, &n, NULL)) {
            return false;
        }
        in->window = (unsigned)n;
    } else if (strcmp(name, "verify_icv") == 0) {
        in->verify = g_ascii_strcasecmp(value, "FALSE") != 0;
    } else {
        for (size_t i = 0; i < G_N_ELEMENTS(of_windows); i++) {
            if (strcmp(name, of_windows[i]) == 0) {
                return true;
            }
        }
        return false;
    }
    return true;
}

/* "espial.NAME:VALUE", as Wireshark takes it and keeps it. */
static bool
set_line(struct inputs *in, const char *line)
{
    char **part = g_strsplit(line, ":", 2);
    bool good = false;

    if (part[0] && part[1] && g_str_has_prefix(g_strstrip(part[0]), "espial.")) {
        good = set_preference(in, part[0] + strlen("espial."), g_strstrip(part[1]));
    }
    g_strfreev(part);
    return good;
}

static char *
own_file(const char *name)
{
    return get_persconffile_path(name, FALSE);
}

static void
read_own_preferences(struct inputs *in)
{
    char *path = own_file("preferences"), *text = NULL;
    char **lines;

    if (g_file_get_contents(path, &text, NULL, NULL)) {
        lines = g_strsplit(text, "\n", 0);
        for (char **line = lines; *line; line++) {
            if (**line != '#') {
                set_line(in, *line);
            }
        }
        g_strfreev(lines);
    }
    g_free(text);
    g_free(path);
}

/* --- where they lie --------------------------------------------------------------------------- */

bool
inputs_is_table(const char *name)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        if (strcmp(name, tables[i]) == 0) {
            return true;
        }
    }
    return false;
}

/* Some line of a table is a row. */
static bool
has_rows(const char *path)
{
    char *text = NULL, **lines;
    bool found = false;

    if (!g_file_get_contents(path, &text, NULL, NULL)) {
        return false;
    }
    lines = g_strsplit(text, "\n", 0);
    for (char **line = lines; *line; line++) {
        g_strstrip(*line);
        found |= **line && **line != '#';
        memset(*line, 0, strlen(*line));
    }
    g_strfreev(lines);
    memset(text, 0, strlen(text));
    g_free(text);
    return found;
}

static bool
has_keys(const char *folder)
{
    bool found = false;

    for (size_t i = 0; !found && i < G_N_ELEMENTS(tables); i++) {
        char *table = g_build_filename(folder, tables[i], NULL);
        found = has_rows(table);
        g_free(table);
    }
    return found;
}

char *
inputs_own_tables(void)
{
    char *one = own_file(tables[0]), *folder = g_path_get_dirname(one);

    g_free(one);
    if (!has_keys(folder)) {
        g_free(folder);
        folder = NULL;
    }
    return folder;
}

/* It is for the key log to say what is wrong with it.  A folder with a plan alone, or one beside
 * the capture that holds no key, is no fault. */
static bool
gives_keys(const char *path, bool asked, const char *plan)
{
    if (!g_file_test(path, G_FILE_TEST_IS_DIR) || has_keys(path)) {
        return true;
    }
    return asked && !g_file_test(plan, G_FILE_TEST_IS_REGULAR);
}

/* One of the places with keys: of several that have a plan the first counts. */
static void
take_place(struct inputs *in, GPtrArray *more, const char *place, bool asked)
{
    char *plan = g_build_filename(place, "plan", NULL);

    if (!gives_keys(place, asked, plan)) {
    } else if (!*in->keys) {
        replace(&in->keys, place);
    } else {
        g_ptr_array_add(more, g_strdup(place));
    }
    if (!*in->plan && g_file_test(plan, G_FILE_TEST_IS_REGULAR)) {
        replace(&in->plan, plan);
    }
    g_free(plan);
}

char *
inputs_find_beside(struct inputs *in, const struct options *o, char *const *keys)
{
    char *const asked[] = { o->keys, NULL }, *problem = NULL;
    char *const *from = o->keys ? asked : keys;
    GPtrArray *more = g_ptr_array_new();

    *in = (struct inputs){ .keys = g_strdup(""), .plan = g_strdup(""), .state = g_strdup(""),
                           .logs = g_new0(char *, 1), .own = !*from, .window = FEED_WINDOW,
                           .grace = g_strdup_printf("%g", FEED_GRACE), .verify = true };
    for (char *const *place = from; *place; place++) {
        take_place(in, more, *place, o->keys != NULL);
    }
    g_ptr_array_add(more, NULL);
    in->more_keys = (char **)g_ptr_array_free(more, FALSE);
    if (in->own) {
        read_own_preferences(in);
    }
    if (o->plan) {
        replace(&in->plan, o->plan);
    }
    if (o->state) {
        replace(&in->state, o->state);
    }
    if (o->logs) {
        g_strfreev(in->logs);
        in->logs = g_strdupv(o->logs);
    }
    for (char **one = o->settings; !problem && one && *one; one++) {
        if (!set_line(in, *one)) {
            problem = g_strdup_printf("%s: no preference of Espial, or no value of it (--option)",
                                      *one);
        }
    }
    return problem;
}

char *
inputs_find(struct inputs *in, const struct options *o, const char *capture)
{
    char *beside = o->keys ? NULL : name_keys(capture), *const keys[] = { beside, NULL },
         *problem = inputs_find_beside(in, o, keys);

    g_free(beside);
    return problem;
}

void
inputs_files(const struct inputs *in, GPtrArray *out)
{
    g_ptr_array_add(out, g_strdup(in->keys));
    g_ptr_array_add(out, g_strdup(in->plan));
    for (char **log = in->logs; *log; log++) {
        g_ptr_array_add(out, g_strdup(*log));
    }
    for (size_t i = 0; in->own && i < G_N_ELEMENTS(tables); i++) {
        g_ptr_array_add(out, own_file(tables[i]));
    }
}

void
inputs_free(struct inputs *in)
{
    g_free(in->keys);
    g_free(in->plan);
    g_free(in->state);
    g_strfreev(in->more_keys);
    g_strfreev(in->logs);
    g_free(in->grace);
}

/* --- loading ---------------------------------------------------------------------------------- */

static bool judged_without;

bool
inputs_judged_without(const char *message)
{
    static const char *const words[] = { "this key is left out.", "this group is left out.",
                                         "judged without", "made without it",
                                         "a folder without esp_sa", "the state ", "no state " };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (strstr(message, words[i])) {
            return true;
        }
    }
    return false;
}

static void
tell(const char *message)
{
    judged_without |= inputs_judged_without(message);
    say("%s", message);
}

/* Wireshark has judged the rows; those with wildcards are for its dissector alone. */
static void
add_own_tables(struct keylog *log)
{
    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        char *path = own_file(tables[i]), *messages = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            keylog_load(log, path, &messages);
        }
        g_free(messages);
        g_free(path);
    }
}

bool
inputs_faulty(void)
{
    return judged_without;
}

struct feed_options
inputs_load(const struct inputs *in)
{
    struct feed_options out = { .seed = g_random_int(), .verify = in->verify,
                                .state_file = *in->state ? in->state : NULL, .tell = tell };

    judged_without = false;
    out.sadb = (struct sadb_options){ in->window, feed_grace(in->grace, tell) };
    out.plan = plan_new();
    feed_plan(out.plan, in->plan, tell);
    out.keylog = feed_keylog(in->keys, tell);
    for (char **one = in->more_keys; *one; one++) {
        char *messages = NULL;
        keylog_load(out.keylog, *one, &messages);
        if (messages) {
            tell(messages);
        }
        g_free(messages);
    }
    if (in->own) {
        add_own_tables(out.keylog);
    }
    if (!keylog_count(out.keylog)) {
        keylog_free(out.keylog);
        out.keylog = NULL;
    }
    out.logs = feed_logs(in->logs, tell);
    return out;
}
