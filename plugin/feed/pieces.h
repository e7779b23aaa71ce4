/* pieces.h - IP fragments whose datagram is not whole when a file of a series ends: the others are
 * in the next file, and the host, who joins those of its file, does not know these.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PIECES_H
#define ESPIAL_PIECES_H

#include <espial/frame.h>
#include <glib.h>

struct pieces;
struct pieces *pieces_new(void);
void pieces_free(struct pieces *p);     /* NULL is allowed */
/* Keeps a fragment, which frame_next has given. */
void pieces_add(struct pieces *p, const struct frame_part *fragment);
/* The same of a file before: its octets from the IP header on.  False where they are none. */
bool pieces_read(struct pieces *p, const uint8_t *at, size_t len);
/* The host has joined its datagram. */
void pieces_joined(struct pieces *p, const struct frame_part *fragment);
/* The datagram that this fragment of that frame completes with those of files before, in any pass;
 * false where there is none.  *out is valid as long as p. */
bool pieces_join(struct pieces *p, const struct frame_part *fragment, uint32_t frame, bool visited,
                 struct octets *out);
/* GBytes of all that are kept, each from its IP header on, in order. */
const GPtrArray *pieces_all(const struct pieces *p);

#endif
