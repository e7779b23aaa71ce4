/* plan_suite.h - suites of the planning sheet in one spelling.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PLAN_SUITE_H
#define ESPIAL_PLAN_SUITE_H

#include <stdbool.h>

/* Suites, any of which is as planned, separated by ',': "AES_CBC_256/HMAC_SHA1_96" or
 * "aes256-sha1", as swanctl prints and as it is configured.  Returns them in the first spelling,
 * without prefix (g_free it); NULL where text names none, and with *bad (g_free it) where a word
 * of it is no transform. */
char *plan_suites(const char *text, bool ike, char **bad);

#endif
