/* records.h - what was fed, as the state file has it: each record is an event, which read back is
 * fed again.  Nothing that such a file says can do more than packets could.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_RECORDS_H
#define ESPIAL_RECORDS_H

#include "codec.h"

#include <espial/ike.h>
#include <espial/ipsec.h>

enum state_tag {
    STATE_BEGIN = 1,            /* the first frame */
    STATE_POINT,                /* frames of an interface since the event before */
    STATE_IKE,
    STATE_IPSEC,
    STATE_PATH,
    STATE_STREAM,               /* TCP: the segment with which a stream of IKE and ESP begins */
    STATE_PIECE,                /* an IP fragment that is left: of the last file alone */
    STATE_FILE,                 /* a file has ended */
    STATE_END
};

/* What the events before tell of the next one. */
struct ways;
struct ways *ways_new(void);
void ways_free(struct ways *w);

struct begin_record {
    uint64_t frame;
    double time;
    uint8_t interfaces_told;    /* enum feed_interfaces */
};
struct point_record {
    uint64_t point, first_frame, last_frame;
    double first_time, last_time;
    struct span name;           /* len 0: none */
};
struct message_record {
    struct sighting at;
    struct span octets;
    uint64_t reported;
    bool by_form, joined;
    uint8_t spi_i[8], exchange; /* joined: of the fragments' header */
};
struct packet_record {
    struct sighting at;
    struct ipsec_packet packet; /* its octets are there where they are kept whole */
    bool whole;
};
struct path_record {
    struct sighting at;
    struct path_packet packet;
};
struct segment_record {
    struct sighting at;
    uint64_t seq;
    bool syn;
    struct span octets;
};
struct file_record {
    struct span name;
    uint64_t frames;            /* in this file */
    double first_time, last_time, pause;        /* as in struct series_file */
    double end;                 /* time of its last frame, as in sadb_see_frame */
    uint64_t cut_frames;        /* in all files so far */
    bool deep;
};

/* Told before any other is read. */
struct last_record {
    uint64_t frames;            /* in all files */
    double last_time, pause;    /* pause: the longest one in any file */
    struct span interfaces;     /* of the first file, as in struct feed_frame */
    uint64_t left_out;          /* the first frame of ESP or AH that is not kept, 0 */
};

/* In both directions; c->bad is set where what is read is impossible. */
void code_begin(struct codec *c, struct begin_record *r);
void code_point(struct codec *c, struct point_record *r);
void code_message(struct codec *c, struct ways *w, struct message_record *r);
/* heads: those of inner packets are kept, too.  Returns how many of its octets are in it: of the
 * first STATE_MAX_WHOLE packets of a stream. */
size_t code_packet(struct codec *c, struct ways *w, struct packet_record *r, bool heads);
void code_path(struct codec *c, struct ways *w, struct path_record *r);
void code_segment(struct codec *c, struct ways *w, struct segment_record *r);
void code_file(struct codec *c, struct file_record *r);
void code_last(struct codec *c, struct last_record *r);

#endif
