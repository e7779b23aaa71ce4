/* wrong.h - what was given in the place of a capture, and what takes it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_WRONG_H
#define ESPIAL_CLI_WRONG_H

#include <stdbool.h>

/* "not a capture file", with what the file is where that can be told from its name or its
 * beginning.  The caller frees it. */
char *wrong_file(const char *path);

/* It is something else than a capture of that kind, as which libwiretap reads it: it takes an
 * archive (tar), also a compressed one, for frames of IxVeriWave. */
bool wrong_is_known(const char *path, const char *kind);

/* What a folder is, and how its files are read. */
char *wrong_folder(const char *path);

#endif
