/* state.h - what was known at the end of a capture, in a file: the events that made it, without any
 * key.  Another capture of the same series begins with it.
 *
 * The file: a line that names format and version; the seed of its sums (ipsec_sum); records
 * (records.h), the last of which says what is needed before any is read; the length of that one;
 * SHA-256 of all before.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STATE_H
#define ESPIAL_STATE_H

#include "records.h"

#include <espial/feed.h>

#define STATE_NAME "Espial state "
#define STATE_HEAD STATE_NAME "2\n"
enum { STATE_HEAD_LEN = sizeof STATE_HEAD - 1, STATE_SUM = 32 };

/* --- writing ---------------------------------------------------------------------------------- */

/* Begins a file beside path, for its owner alone; path itself changes when all is written.  NULL
 * where it cannot be, and *message (g_free) says why. */
struct state_out *state_out_new(const char *path, char **message);
/* What was not finished is taken away.  NULL is allowed. */
void state_out_free(struct state_out *o);
/* What is fed, before it is: see feed.h of the room. */
void state_out_frame(struct state_out *o, const struct feed_frame *frame, const char *point_name,
                     bool points);
void state_out_message(struct state_out *o, const struct message_record *r);
void state_out_packet(struct state_out *o, const struct sighting *at, const struct ipsec_packet *p,
                      bool points);
void state_out_path(struct state_out *o, const struct sighting *at, const struct path_packet *p);
void state_out_segment(struct state_out *o, const struct segment_record *r);
/* The fragments that are left, once all is fed: of GBytes. */
void state_out_pieces(struct state_out *o, const GPtrArray *pieces);
void state_out_file(struct state_out *o, const struct file_record *r);
/* Writes the rest, and gives the file its name.  False where that failed: *message says why.  True
 * with a *message where not all was kept. */
bool state_out_finish(struct state_out *o, char **message);

/* --- reading ---------------------------------------------------------------------------------- */

/* Reads and verifies a file.  NULL where it is none, and *message (g_free) says why. */
struct state_in *state_in_new(const char *path, char **message);
void state_in_free(struct state_in *in);        /* NULL is allowed */
/* Why a capture that begins with that frame is not the next of its series (g_free); NULL: it may
 * be. */
char *state_in_refuses(const struct state_in *in, const struct feed_frame *first);
/* The sums of this process are those of the file from now on. */
void state_in_adopt(const struct state_in *in);
/* Feeds all events of it.  False where a record is impossible: what came before it stays. */
bool state_in_replay(struct state_in *in, struct feed *f);

#endif
