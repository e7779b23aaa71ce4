/* many.h - the program over many captures (--output), as the worker for one of them, and over the
 * results (--merge).  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_MANY_H
#define ESPIAL_CLI_MANY_H

#include "options.h"

/* The exit status of the program; program: as it was called. */
int many_run(const struct options *o, const char *program);

/* As a worker, before the capture is opened; then either of the two, or neither. */
void many_begin(const struct options *o);
void many_report(const char *capture, struct report *r, const char *fault);
void many_nothing(const char *why);
/* Writes the result.  The exit status of the program, whose status so far is given. */
int many_end(const struct options *o, unsigned status);

#endif
