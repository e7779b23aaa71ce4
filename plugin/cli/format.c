/* format.c - in which form the report is asked for.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <string.h>

bool
format_is_page(const struct options *o)
{
    return o->html || o->page;
}

bool
format_is_lines(const struct options *o)
{
    return o->json || o->ndjson;
}

char *
format_choose(struct options *o)
{
    gboolean json = o->json;
    bool page = o->html != NULL;

    if (!o->format) {
        return NULL;
    }
    if (strcmp(o->format, "json") == 0) {
        o->json = TRUE;
    } else if (strcmp(o->format, "ndjson") == 0) {
        o->ndjson = TRUE;
    } else if (strcmp(o->format, "html") == 0) {
        o->page = TRUE;
    } else if (strcmp(o->format, "text") != 0) {
        return g_strdup_printf("%s: the format is text, json, ndjson or html (--format)",
                               o->format);
    }
    if (json && strcmp(o->format, "json") != 0) {
        return g_strdup_printf("--json and --format %s exclude each other", o->format);
    }
    if (page && !o->page) {
        return g_strdup_printf("--html and --format %s exclude each other", o->format);
    }
    if (o->page && !page && o->dissect) {
        return g_strdup("--format html with --dissect needs the file to write: --html OUT");
    }
    return NULL;
}
