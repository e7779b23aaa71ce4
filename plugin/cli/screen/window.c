/* window.c - Wireshark on a capture.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "window.h"

#include "names.h"
#include "print.h"
#include "say.h"
#include "source.h"
#include "terminal.h"

#include <espial/text.h>
#include <gio/gio.h>
#include <string.h>

enum { FAILED = 2 };

static void
add_preference(GPtrArray *line, const char *name, const char *value)
{
    if (value && *value) {
        g_ptr_array_add(line, g_strdup("-o"));
        g_ptr_array_add(line, g_strdup_printf("espial.%s:%s", name, value));
    }
}

/* What the user's own preferences name need not be said to Wireshark. */
static GPtrArray *
command_of(const struct options *o, const struct inputs *in, const char *capture)
{
    static const char *const begins[] = { "wireshark", "-C", "IPsec" };
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);
    char *logs = o->logs ? g_strjoinv(G_SEARCHPATH_SEPARATOR_S, o->logs) : NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(begins); i++) {
        g_ptr_array_add(line, g_strdup(begins[i]));
    }
    add_preference(line, "keylog_file", in->own ? NULL : in->keys);
    add_preference(line, "log_file", logs);
    add_preference(line, "state_file", o->state);
    add_preference(line, "plan_file", in->own ? o->plan : in->plan);
    for (char **one = o->settings; one && *one; one++) {
        g_ptr_array_add(line, g_strdup("-o"));
        g_ptr_array_add(line, g_strdup(*one));
    }
    /* No option, whatever it is called. */
    g_ptr_array_add(line, *capture == '-' ? g_build_filename(".", capture, NULL) :
                                            g_strdup(capture));
    g_ptr_array_add(line, NULL);
    g_free(logs);
    return line;
}

/* --- as a shell takes it, and a terminal bears it --------------------------------------------- */

static bool
is_plain(const char *word)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
                                "@%+=:,./_-";

    return *word && word[strspn(word, plain)] == 0;
}

static void
add_escaped(GString *out, const char *word)
{
    g_string_append(out, "$'");
    for (; *word; word++) {
        if (g_ascii_isprint(*word) && *word != '\'' && *word != '\\') {
            g_string_append_c(out, *word);
        } else {
            g_string_append_printf(out, "\\%03o", (unsigned)(unsigned char)*word);
        }
    }
    g_string_append_c(out, '\'');
}

static void
add_word(GString *out, const char *word)
{
    char *shown = text_shown(word), *quoted = g_shell_quote(word);

    if (out->len) {
        g_string_append_c(out, ' ');
    }
    if (strcmp(shown, word) != 0) {
        add_escaped(out, word);
    } else {
        g_string_append(out, is_plain(word) ? word : quoted);
    }
    g_free(quoted);
    g_free(shown);
}

static void
print_command(const char *before, const GPtrArray *line)
{
    GString *out = g_string_new(NULL);

    for (guint i = 0; i + 1 < line->len; i++) {
        add_word(out, (const char *)line->pdata[i]);
    }
    printf("%s%s\n", before, out->str);
    g_string_free(out, TRUE);
}

void
window_hint(const struct options *o, const struct inputs *in, const char *capture)
{
    char *found = g_find_program_in_path("wireshark");
    GPtrArray *line;

    if (found && is_terminal(stdout) && g_file_test(capture, G_FILE_TEST_IS_REGULAR)) {
        line = command_of(o, in, capture);
        print_command("\nTo see it in Wireshark: ", line);
        g_ptr_array_free(line, TRUE);
    }
    g_free(found);
}

/* --- opening ---------------------------------------------------------------------------------- */

/* NULL, or why Wireshark has nothing to open there (g_free it). */
static char *
no_capture(const char *path)
{
    bool waits = g_file_test(path, G_FILE_TEST_EXISTS) &&
                 !g_file_test(path, G_FILE_TEST_IS_REGULAR | G_FILE_TEST_IS_DIR);
    char *problem = NULL;
    struct source *s;

    if (waits || strcmp(path, "-") == 0) {
        return g_strdup("no file: write what comes to one first");
    }
    s = source_open(path, &problem);
    source_close(s);
    return problem;
}

int
window_open(const struct options *o, const struct inputs *in, const char *capture)
{
    GPtrArray *line;
    GError *error = NULL;
    GSubprocess *run;
    int status = FAILED;
    char *problem = no_capture(capture);

    if (problem) {
        char *name = name_full(capture);
        say("%s: %s; Wireshark is not opened", name, problem);
        g_free(name);
        g_free(problem);
        return FAILED;
    }
    line = command_of(o, in, capture);
    print_command("", line);
    if (print_done()) {
        run = g_subprocess_newv((const char *const *)line->pdata, G_SUBPROCESS_FLAGS_STDIN_INHERIT,
                                &error);
        if (!run || !g_subprocess_wait(run, NULL, &error)) {
            say("Wireshark could not be run: %s", error->message);
        } else if (g_subprocess_get_if_exited(run)) {
            status = g_subprocess_get_exit_status(run);
        }
        g_clear_object(&run);
        g_clear_error(&error);
    }
    g_ptr_array_free(line, TRUE);
    return status;
}
