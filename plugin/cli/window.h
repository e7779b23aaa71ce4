/* window.h - Wireshark on a capture, with what its report was made of.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_WINDOW_H
#define ESPIAL_CLI_WINDOW_H

#include "inputs.h"

/* Prints the command, and opens it.  Wireshark's own exit status, or 2. */
int window_open(const struct options *o, const struct inputs *in, const char *capture);
/* On a terminal, the command for whoever may want to see there what the report says. */
void window_hint(const struct options *o, const struct inputs *in, const char *capture);

#endif
