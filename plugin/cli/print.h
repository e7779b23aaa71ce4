/* print.h - what goes to standard output.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_PRINT_H
#define ESPIAL_CLI_PRINT_H

#include "options.h"

/* The report of a capture as it was asked for; fault: what could not be read of it, or NULL.
 * Where a page is written, *problem says why it could not be (g_free it). */
void print_report(const struct options *o, const char *capture, struct report *r,
                  const struct traffic *traffic, const char *fault, char **problem);
/* As one line of JSON, which says first what was not read. */
void print_json(FILE *out, const char *capture, struct report *r, const char *fault);
/* A capture that gave no report: a line of JSON, else nothing. */
void print_nothing(const struct options *o, const char *capture, const char *fault);
/* What tshark has made of it. */
void print_dissected(const struct options *o, const char *capture, const char *text,
                     const char *fault);
/* Everything went out. */
bool print_done(void);

#endif
