/* given.c - what the analyst gives beside the capture: keys, a plan, logs; for whoever is the host.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "feed.h"

#include <espial/text.h>

static void
tell_all(feed_tell tell, char *messages)
{
    if (messages) {
        tell(messages);
        g_free(messages);
    }
}

struct keylog *
feed_keylog(const char *path, feed_tell tell)
{
    struct keylog *log = keylog_new();
    char *messages = NULL;
    bool none = path && *path && keylog_load(log, path, &messages) == 0;

    tell_all(tell, messages);
    if (none) {
        char *name = text_shown(path);
        tell_all(tell, g_strdup_printf("%s holds no key that Espial can read; the capture is "
                                       "judged without keys.",
                                       name));
        g_free(name);
    }
    return log;
}

char **
feed_log_paths(const char *paths)
{
    char *one[] = { (char *)paths, NULL };

    return g_file_test(paths, G_FILE_TEST_EXISTS) ?
               g_strdupv(one) :
               g_strsplit(paths, G_SEARCHPATH_SEPARATOR_S, LOG_MAX_FILES + 1);
}

struct logs *
feed_logs(char *const *paths, feed_tell tell)
{
    struct logs *logs = NULL;

    for (; *paths; paths++) {
        char *messages = NULL;
        if (!**paths) {
            continue;
        }
        logs = logs ? logs : logs_new();
        logs_load(logs, *paths, &messages);
        tell_all(tell, messages);
    }
    return logs;
}

void
feed_plan(struct plan *plan, const char *path, feed_tell tell)
{
    char *messages = NULL;

    if (path && *path) {
        if (plan_load(plan, path, &messages) == 0 && !messages) {
            char *name = text_shown(path);
            messages = g_strdup_printf("%s holds no group [peer ...]; the capture is judged "
                                       "without a plan.",
                                       name);
            g_free(name);
        }
        tell_all(tell, messages);
    }
}

double
feed_grace(const char *text, feed_tell tell)
{
    char *end = NULL, *shown, *message;
    double grace = g_ascii_strtod(text, &end);

    if (end != text && !*end && grace >= 0 && grace < 3600) {
        return grace;
    }
    shown = text_shown(text);
    message = g_strdup_printf(
        "\"%s\" is not a number of seconds for the grace after a Delete; 0.5 is used", shown);
    tell(message);
    g_free(message);
    g_free(shown);
    return FEED_GRACE;
}
