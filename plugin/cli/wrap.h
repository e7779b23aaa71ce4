/* wrap.h - lines that are longer than a screen is wide.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_WRAP_H
#define ESPIAL_CLI_WRAP_H

/* text, UTF-8, with each line that is longer than so many columns broken at blanks; what is left of
 * it is indented by four more than its beginning.  A longer word stands alone, and a name of a
 * capture as it is.  0 columns: nothing is broken.  The caller frees it (g_free). */
char *wrapped(const char *text, unsigned columns);

#endif
