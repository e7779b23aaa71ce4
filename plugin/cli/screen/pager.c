/* pager.c - a long report on a terminal.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "pager.h"

#include "terminal.h"

#include <gio/gio.h>
#include <string.h>

/* NULL: none. */
static char **
command(void)
{
    const char *wanted = g_getenv("PAGER");
    char **line = NULL, *found;

    if (wanted && (!*wanted || strcmp(wanted, "cat") == 0)) {
        return NULL;
    }
    if (!g_shell_parse_argv(wanted ? wanted : "less", NULL, &line, NULL)) {
        return NULL;
    }
    found = g_find_program_in_path(line[0]);
    if (!found) {
        g_strfreev(line);
        line = NULL;
    }
    g_free(found);
    return line;
}

bool
pager_show(const char *text)
{
    GSubprocessLauncher *launcher;
    char **line = command();
    GSubprocess *run;
    GBytes *bytes;

    if (!line) {
        return false;
    }
    launcher = g_subprocess_launcher_new(G_SUBPROCESS_FLAGS_STDIN_PIPE);
    /* What fits on a screen stays there; colours are shown as such. */
    g_subprocess_launcher_setenv(launcher, "LESS", "FRX", FALSE);
    ignore_interrupts(true);    /* they are the pager's */
    run = g_subprocess_launcher_spawnv(launcher, (const char *const *)line, NULL);
    if (run) {
        bytes = g_bytes_new_static(text, strlen(text));
        g_subprocess_communicate(run, bytes, NULL, NULL, NULL, NULL);
        g_subprocess_wait(run, NULL, NULL);
        g_bytes_unref(bytes);
    }
    ignore_interrupts(false);
    g_object_unref(launcher);
    g_strfreev(line);
    if (!run) {
        return false;
    }
    g_object_unref(run);
    return true;
}
