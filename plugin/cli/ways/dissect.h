/* dissect.h - the way through tshark and the plugin, for what only Wireshark reads.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_DISSECT_H
#define ESPIAL_CLI_DISSECT_H

#include "inputs.h"

/* Prints the report that tshark makes of a capture.  The exit status of the program: 0, 1 where
 * there are findings at warning or above, 2 where tshark failed. */
int dissect(const struct options *o, const struct inputs *in, const char *capture);

#endif
