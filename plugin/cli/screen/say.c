/* say.c - what goes to standard error.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"

#include <espial/text.h>
#include <stdarg.h>
#include <stdio.h>

static GString *instead;

void
say_into(GString *text)
{
    instead = text;
}

/* Messages of keys and plans are several lines. */
void
say(const char *format, ...)
{
    va_list arguments;
    char *text, **lines;

    va_start(arguments, format);
    text = g_strdup_vprintf(format, arguments);
    va_end(arguments);
    lines = g_strsplit(text, "\n", 0);
    for (char **line = lines; *line; line++) {
        char *shown = text_shown(*line);
        if (instead) {
            g_string_append_printf(instead, "%s\n", shown);
        } else {
            fprintf(stderr, line == lines ? "espial: %s\n" : "%s\n", shown);
        }
        g_free(shown);
    }
    g_strfreev(lines);
    g_free(text);
}
