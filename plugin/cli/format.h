/* format.h - in which form the report is asked for.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_FORMAT_H
#define ESPIAL_CLI_FORMAT_H

#include "options.h"

/* Takes the word of --format for the options that it stands for.  NULL, or what is wrong with it
 * (g_free it). */
char *format_choose(struct options *o);
/* A page is asked for, in a file or on standard output. */
bool format_is_page(const struct options *o);
/* Lines for programs are asked for: nothing else may be between them. */
bool format_is_lines(const struct options *o);

#endif
