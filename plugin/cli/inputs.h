/* inputs.h - keys, plan, logs and preferences of a capture: from the command line, from beside it,
 * or the user's own in Wireshark.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_INPUTS_H
#define ESPIAL_CLI_INPUTS_H

#include "options.h"

/* Where they come from; "" where nothing is given. */
struct inputs {
    char *keys, *plan, *state;
    char **more_keys;           /* beside other files of a series; NULL: none */
    char **logs;
    bool own;                   /* Wireshark's own tables count too: no others are given */
    unsigned window;
    char *grace;
    bool verify;
};

/* What is of that capture.  NULL, or what of the command line cannot be followed (g_free it). */
char *inputs_find(struct inputs *in, const struct options *o, const char *capture);
/* The same of a series, with what lies beside its files. */
char *inputs_find_beside(struct inputs *in, const struct options *o, char *const *keys);
/* The files that they lie in. */
void inputs_files(const struct inputs *in, GPtrArray *out);
void inputs_free(struct inputs *in);
/* Loads them, and says on standard error what cannot be read. */
struct feed_options inputs_load(const struct inputs *in);
/* Since then: the analyst's keys, plan or state are judged without, or no state was written. */
bool inputs_faulty(void);
/* It says that the analyst's keys, plan or state are judged without: no clean bill. */
bool inputs_judged_without(const char *message);

/* One of Wireshark's own files of keys. */
bool inputs_is_table(const char *name);
/* The user's own folder, where there are keys in such files of it (g_free it), or NULL. */
char *inputs_own_tables(void);

#endif
