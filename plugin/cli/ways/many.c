/* many.c - the program over many captures.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "many.h"

#include "compat.h"
#include "inputs.h"
#include "print.h"
#include "say.h"
#include "terminal.h"

#include <glib/gstdio.h>
#include <string.h>

/* --- what a result depends on ----------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As it is now; of a folder its time is not asked, as all that is in it is. */
static void
add_file(GString *all, const char *path, bool folder)
{
    GStatBuf now;

    g_string_append_printf(all, "%s\n", path);
    if (!folder && g_stat(path, &now) == 0) {
        g_string_append_printf(all, "%" G_GINT64_FORMAT " %" G_GINT64_FORMAT "\n",
                               (gint64)now.st_size, (gint64)now.st_mtime);
    }
}

static void
add_path(GString *all, const char *path)
{
    GDir *dir = g_dir_open(path, 0, NULL);
    GPtrArray *names = g_ptr_array_new_with_free_func(g_free);
    const char *name;

    add_file(all, path, dir != NULL);
    while (dir && (name = g_dir_read_name(dir))) {
        g_ptr_array_add(names, g_build_filename(path, name, NULL));
    }
    if (dir) {
        g_dir_close(dir);
    }
    g_ptr_array_sort(names, by_name);
    for (guint i = 0; i < names->len; i++) {
        add_file(all, g_ptr_array_index(names, i), false);
    }
    g_ptr_array_free(names, TRUE);
}

static char *
fingerprint(void *context, const char *capture)
{
    const struct options *o = context;
    GString *all = g_string_new(PLUGIN_VERSION_STR "\n" COMPAT_VERSION "\n");
    GPtrArray *files = g_ptr_array_new_with_free_func(g_free);
    struct inputs in;
    char *wrong = inputs_find(&in, o, capture), *sum;

    g_string_append_printf(all, "%u %s %d\n", in.window, in.grace, in.verify);
    inputs_files(&in, files);
    for (guint i = 0; i < files->len; i++) {
        add_path(all, g_ptr_array_index(files, i));
    }
    sum = g_compute_checksum_for_string(G_CHECKSUM_SHA256, all->str, (gssize)all->len);
    sum[32] = 0;
    inputs_free(&in);
    g_free(wrong);
    g_ptr_array_free(files, TRUE);
    g_string_free(all, TRUE);
    return sum;
}

/* --- all of them ------------------------------------------------------------------------------ */

static void
add_option(GPtrArray *line, const char *name, const char *value)
{
    if (value) {
        g_ptr_array_add(line, g_strdup_printf("--%s=%s", name, value));
    }
}

static GPtrArray *
command_of(const struct options *o, const char *program)
{
    GPtrArray *line = g_ptr_array_new_with_free_func(g_free);
    char *whole = g_find_program_in_path(program);

    g_ptr_array_add(line, whole ? whole : g_strdup(program));
    add_option(line, "keys", o->keys);
    add_option(line, "plan", o->plan);
    for (char **one = o->logs; one && *one; one++) {
        add_option(line, "log", *one);
    }
    for (char **one = o->settings; one && *one; one++) {
        add_option(line, "option", *one);
    }
    g_ptr_array_add(line, NULL);
    return line;
}

/* What is wrong for every capture is better said once. */
static char *
wrong_for_all(const struct options *o)
{
    struct inputs in;
    char *wrong = inputs_find(&in, o, "-");

    inputs_free(&in);
    for (unsigned i = 0; !wrong && i < o->num_captures; i++) {
        if (strcmp(o->captures[i], "-") == 0) {
            wrong = g_strdup("standard input can be read alone, not with --output or --merge");
        }
    }
    return wrong;
}

int
many_run(const struct options *o, const char *program)
{
    GPtrArray *command = command_of(o, program);
    struct bulk_host host = { .options = &o->bulk, .version = PLUGIN_VERSION_STR,
                              .wireshark = COMPAT_VERSION, .terminal = is_terminal(stderr),
                              .context = (void *)o, .command = (char **)command->pdata,
                              .fingerprint = fingerprint, .say = say };
    char *wrong = wrong_for_all(o);
    int status = 2;

    if (wrong) {
        say("%s", wrong);
        g_free(wrong);
    } else if (o->bulk.merge) {
        status = bulk_merge(&host, o->captures, o->num_captures, o->json);
    } else {
        status = bulk_run(&host, o->captures, o->num_captures);
    }
    g_ptr_array_free(command, TRUE);
    return status;
}

/* --- a worker --------------------------------------------------------------------------------- */

static struct bulk_work *work;
static GString *said;

void
many_begin(const struct options *o)
{
    char *print = fingerprint((void *)o, o->captures[0]);

    bulk_bound(&o->bulk);
    said = g_string_new(NULL);
    say_into(said);
    work = bulk_work_begin(o->captures[0], print);
    g_free(print);
}

void
many_report(const char *capture, struct report *r, const char *fault)
{
    FILE *out = bulk_work_report(work, r, fault);

    if (out) {
        print_json(out, capture, r, fault);
    }
}

void
many_nothing(const char *why)
{
    bulk_work_nothing(work, why);
}

int
many_end(const struct options *o, unsigned status)
{
    char *why = bulk_work_end(work, o->bulk.worker, status, PLUGIN_VERSION_STR, COMPAT_VERSION,
                              said->str);

    say_into(NULL);
    g_string_free(said, TRUE);
    if (why) {
        g_printerr("%s\n", why);
        g_free(why);
        return BULK_UNWRITTEN;
    }
    return (int)status;
}
