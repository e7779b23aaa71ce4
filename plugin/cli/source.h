/* source.h - captures as libwiretap reads them: a file, a pipe, standard input.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_SOURCE_H
#define ESPIAL_CLI_SOURCE_H

#include <espial/feed.h>

struct source;

/* Opens a capture; "-" is standard input.  NULL with *problem (a sentence's beginning; g_free it)
 * where it cannot be read as one. */
struct source *source_open(const char *path, char **problem);
void source_close(struct source *s);    /* NULL is allowed */

/* The next frame, whose octets live until the call after.  False at the end; number is the
 * caller's. */
bool source_next(struct source *s, struct feed_frame *out);
/* After source_next was false: why it ended before its end, after so many frames; NULL where it did
 * not (g_free it).  *nothing: not one frame could be read. */
char *source_fault(const struct source *s, uint32_t frames, bool *nothing);

/* The same of one file among others: what of it was damaged, "" where it was cut short, NULL where
 * it came to its end (g_free it). */
char *source_damage(const struct source *s);

/* The name of the interface that captured the last frame, or NULL. */
const char *source_interface(struct source *s);
/* What the first records have told of so far. */
unsigned source_interfaces(struct source *s);
/* Its name, or NULL. */
const char *source_interface_name(struct source *s, unsigned i);
/* Its link, as libwiretap numbers them. */
int source_interface_link(struct source *s, unsigned i);
/* Which interface of the whole file captured the last frame; 0 where the file does not say. */
unsigned source_interface_number(struct source *s);

/* The time of the last frame that source_next gave, to the nanosecond; false where it has none. */
bool source_time(const struct source *s, int64_t *secs, int *nsecs);
/* Octets that were read of how many, 0 where that is not known. */
int64_t source_done(const struct source *s, int64_t *all);
/* Frames of links that are not known here, and what Wireshark calls the first such link. */
uint32_t source_strange(const struct source *s, const char **link);

/* Whoever stops it (Ctrl+C) wants the report of what has come: of pipes alone. */
void source_stop_on_interrupt(const char *path);
bool source_stopped(void);

#endif
