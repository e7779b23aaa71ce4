/* walk.h - the files that paths name.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_BULK_WALK_H
#define ESPIAL_BULK_WALK_H

#include <glib.h>
#include <stdbool.h>

enum { WALK_MAX_DEPTH = 64 };   /* folders in folders */

/* What is found: each file once, in a stable order. */
struct walk {
    GPtrArray *files;           /* paths as given, those in folders with the folder before them */
    GHashTable *known;          /* whole paths */
    const char *skip;           /* a folder that is left out, as a whole path, or NULL */
    bool (*wanted)(const char *path);
    unsigned others;            /* files in folders that are not wanted */
    unsigned too_deep;          /* folders that were not looked into */
};

void walk_begin(struct walk *w, const char *skip, bool (*wanted)(const char *path));
void walk_end(struct walk *w);
/* A file, wanted or not, or all wanted ones in a folder. */
void walk_path(struct walk *w, const char *path);
/* A file whose lines are paths; "-" is standard input.  NULL, or why it cannot be read (g_free
 * it). */
char *walk_list(struct walk *w, const char *path);

/* By the ending of its name, or by how it begins. */
bool walk_is_capture(const char *path);
/* By the ending of its name. */
bool walk_is_result(const char *path);

#endif
