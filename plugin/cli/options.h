/* options.h - what the program is asked for.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_OPTIONS_H
#define ESPIAL_CLI_OPTIONS_H

#include "bulk.h"

#include <espial/feed.h>

struct options {
    gboolean findings, json, points, series, headers, dissect, window, version;
    gboolean ndjson, page;      /* of --format; a page goes to standard output without html */
    enum severity least;
    char *format;               /* as given, or NULL */
    char *html, *title, *author, *date;
    char *keys, *plan;
    char *state, *save_state, *extract;
    char **logs, **settings;    /* NULL: none */
    char **captures;            /* never NULL */
    unsigned num_captures;
    struct bulk_options bulk;
};

/* Reads the command line, and frees it.  False where it cannot be followed, after *problem (g_free
 * it) was made; help ends the program. */
bool options_read(struct options *o, char **arguments, char **problem);
void options_free(struct options *o);
/* Prints how it is used. */
void options_help(void);

#endif
