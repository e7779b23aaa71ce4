/* options.c - what the command line says of many captures.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "bulk.h"

#include <string.h>

enum bulk_limits {
    MOST_JOBS = 1024,
    LEAST_MEMORY = 64,          /* MiB */
    MOST_MEMORY = 1 << 20,
    USUAL_MEMORY = 2048,
    USUAL_SECONDS = 3600
};

void
bulk_add_options(GOptionContext *context, struct bulk_options *o)
{
    const GOptionEntry entries[] = {
        { "output", 'O', 0, G_OPTION_ARG_FILENAME, &o->output,
          "Read captures and all in folders, a process for each, and write a result of each to the "
          "folder DIR; the same command again goes on",
          "DIR" },
        { "jobs", 'J', 0, G_OPTION_ARG_INT, &o->jobs,
          "With --output: that many processes at one time; default: one for each processor", "N" },
        { "list", 'L', 0, G_OPTION_ARG_FILENAME, &o->list,
          "With --output: captures and folders, a path in each line of FILE; - is standard input",
          "FILE" },
        { "memory-limit", 0, 0, G_OPTION_ARG_INT, &o->memory,
          "With --output: MiB that one process may take; default: 2048", "MIB" },
        { "time-limit", 0, 0, G_OPTION_ARG_INT, &o->seconds,
          "With --output: seconds for one capture; default: 3600", "S" },
        { "merge", 'M', 0, G_OPTION_ARG_NONE, &o->merge,
          "Print what all results of --output come to: files of results, or folders with them",
          NULL },
        { "worker", 0, G_OPTION_FLAG_HIDDEN, G_OPTION_ARG_FILENAME, &o->worker, "", "RESULT" },
        { NULL, 0, 0, G_OPTION_ARG_NONE, NULL, NULL, NULL }
    };

    o->jobs = o->memory = o->seconds = -1;
    g_option_context_add_main_entries(context, entries, NULL);
}

void
bulk_free_options(struct bulk_options *o)
{
    g_free(o->output);
    g_free(o->list);
    g_free(o->worker);
}

static char *
out_of_range(gint given, gint least, gint most, const char *name)
{
    if (given >= least && given <= most) {
        return NULL;
    }
    return g_strdup_printf("%d: %d to %d (%s)", given, least, most, name);
}

char *
bulk_wrong(struct bulk_options *o, unsigned given)
{
    char *why;
    bool told = o->jobs != -1 || o->list || o->memory != -1 || o->seconds != -1;

    if (!o->output && !o->worker && told) {
        return g_strdup("--jobs, --list, --memory-limit and --time-limit are of --output: give the "
                        "folder for the results");
    }
    if (o->output && o->merge) {
        return g_strdup("--output and --merge exclude each other");
    }
    if ((o->merge || o->output) && !given && !o->list) {
        return g_strdup(o->merge ? "--merge needs results, or folders with them" :
                                   "--output needs captures, folders, or --list");
    }
    o->jobs = o->jobs == -1 ? (gint)MIN(g_get_num_processors(), MOST_JOBS) : o->jobs;
    o->memory = o->memory == -1 ? USUAL_MEMORY : o->memory;
    o->seconds = o->seconds == -1 ? USUAL_SECONDS : o->seconds;
    why = out_of_range(o->jobs, 1, MOST_JOBS, "--jobs");
    if (!why) {
        why = out_of_range(o->memory, LEAST_MEMORY, MOST_MEMORY, "--memory-limit");
    }
    if (!why) {
        why = out_of_range(o->seconds, 1, 7 * 24 * 3600, "--time-limit");
    }
    return why;
}
