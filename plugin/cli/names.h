/* names.h - what captures and what lies beside them are called.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_NAMES_H
#define ESPIAL_CLI_NAMES_H

#include <stdbool.h>

/* The caller frees them; "-" is standard input. */
char *name_full(const char *path);      /* for people, as it may go to a terminal */
char *name_base(const char *path);      /* without its folders */
char *name_without_ending(const char *path);    /* nor its endings, that of a packer included */
/* With its folders, without its endings. */
char *name_stem(const char *path);
/* The keys beside a capture, NAME.keys, where they exist, or NULL. */
char *name_keys(const char *path);

#endif
