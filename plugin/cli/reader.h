/* reader.h - reads a capture, or several of the same traffic, into a feed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_READER_H
#define ESPIAL_CLI_READER_H

#include <espial/feed.h>

struct reader;
struct joined;

/* Opens the captures: one, or one of each place (points).  NULL with *problem, and *which of them,
 * where one cannot be read. */
struct reader *reader_open(char *const *paths, unsigned num, unsigned *which, char **problem);
/* Reads a series, which the caller closes after it. */
struct reader *reader_open_series(struct joined *series);
void reader_close(struct reader *r);    /* NULL is allowed */

/* Feeds all frames; traffic, or NULL, counts what the streams carry.  Shows how far it is on
 * standard error where that is a terminal.  Returns how many frames there were. */
uint32_t reader_read(struct reader *r, struct feed *feed, struct traffic *traffic);
/* Then: what was not read to its end (g_free it), or NULL; *nothing: no frame could be read. */
char *reader_fault(const struct reader *r, bool *nothing);
/* What only Wireshark can read of it (g_free it), or NULL. */
char *reader_strange(const struct reader *r);
/* Datagrams in fragments were given up. */
bool reader_capped(const struct reader *r);

#endif
