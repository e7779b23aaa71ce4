/* inputs.h - keys, plan, logs and preferences of a capture: from the command line, from beside it,
 * or the user's own in Wireshark.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_INPUTS_H
#define ESPIAL_CLI_INPUTS_H

#include "options.h"

/* Where they come from; "" where nothing is given. */
struct inputs {
    char *keys, *plan, *state;
    char **logs;
    bool own;                   /* Wireshark's own tables count too: no others are given */
    unsigned window;
    char *grace;
    bool verify;
};

/* What is of that capture.  NULL, or what of the command line cannot be followed (g_free it). */
char *inputs_find(struct inputs *in, const struct options *o, const char *capture);
void inputs_free(struct inputs *in);
/* Loads them, and says on standard error what cannot be read; *faulty where the analyst's keys or
 * plan are judged without. */
struct feed_options inputs_load(const struct inputs *in, bool *faulty);

#endif
