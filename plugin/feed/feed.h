/* feed.h - between the files of the room.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FEED_ROOM_H
#define ESPIAL_FEED_ROOM_H

#include "own_ports.h"

/* --- what changes the core: nothing else does ------------------------------------------------- */

/* A frame was captured, whatever is in it, at the interface of that name (or NULL). */
void feed_see_frame(struct feed *f, const struct feed_frame *frame, const char *point_name);

struct seen_message {
    struct ike_event event;
    const char *text;           /* what it says, as long as the feed lives, or NULL */
};
/* An IKE message.  part_of: its fragments were joined, and that header is of one of them.  by_form:
 * found on ports of its own by its form.  False where it is none. */
bool feed_see_message(struct feed *f, struct seen_message *out, const struct sighting *at,
                      const struct octets *o, const struct ike_message *part_of, bool by_form);
void feed_see_packet(struct feed *f, const struct sighting *at, const struct ipsec_packet *p);
/* False where it concerns no SA; then *e is not filled in. */
bool feed_see_path(struct feed *f, struct path_event *e, const struct sighting *at,
                   const struct path_packet *p);

#endif
