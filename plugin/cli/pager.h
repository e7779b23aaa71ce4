/* pager.h - a long report on a terminal, from its beginning.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_PAGER_H
#define ESPIAL_CLI_PAGER_H

#include <stdbool.h>

/* Shows text by $PAGER, else by less where it is installed, and returns when it was read.  False
 * where there is none, or none is wanted: PAGER is empty or cat. */
bool pager_show(const char *text);

#endif
