/* feed.h - between the files of the room.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FEED_ROOM_H
#define ESPIAL_FEED_ROOM_H

#include "own_ports.h"
#include "pieces.h"
#include "state.h"

/* Where a state comes from and goes to. */
struct feed_state {
    struct state_in *before;    /* NULL once it was fed, or refused */
    struct state_out *saved;    /* NULL where none is wanted */
    char *save_to;
    void (*tell)(const char *message);
    struct pieces *pieces;      /* NULL where no state is read or written */
    bool begun, replays;
    struct series_file now;     /* this file so far */
    double last_time;           /* of its last frame */
};

/* --- what changes the core: nothing else does ------------------------------------------------- */

/* A frame was captured, whatever is in it, at the interface of that name (or NULL). */
void feed_see_frame(struct feed *f, const struct feed_frame *frame, const char *point_name);
/* Its two parts: where, and when. */
void feed_see_point(struct feed *f, const struct feed_frame *frame, const char *point_name);
void feed_see_time(struct feed *f, const struct feed_frame *frame);
/* Opens an ESP packet with the keys that are known.  False where nothing is decided of it. */
bool feed_open_packet(struct feed *f, struct ipsec_packet *p, const struct sighting *at,
                      const struct octets *o);

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

/* A TCP stream of IKE and ESP begins with that segment. */
void feed_see_stream(struct feed *f, const struct sighting *at, const struct frame_part *segment);
/* Before each frame: before the first one, what was known at the end of the files before. */
void feed_begin_file(struct feed *f, const struct feed_frame *frame);
/* A file of the series has ended: for those who begin with the state. */
void feed_see_file(struct feed *f, const struct series_file *file);
/* Notes a file whose frames are those behind base. */
void feed_add_file(struct feed *f, const struct series_file *file);

#endif
