/* terminal.h - whether somebody looks on.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_TERMINAL_H
#define ESPIAL_CLI_TERMINAL_H

#include <stdbool.h>
#include <stdio.h>

bool is_terminal(FILE *f);

#endif
