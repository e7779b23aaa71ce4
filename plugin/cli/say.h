/* say.h - what goes to standard error.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_SAY_H
#define ESPIAL_CLI_SAY_H

#include <glib.h>

/* A line behind the program's name, as it may go to a terminal. */
void say(const char *format, ...) G_GNUC_PRINTF(1, 2);
/* From now on the lines go there instead; NULL: to standard error. */
void say_into(GString *text);

#endif
