/* points.h - the places where packets were captured, and what became of the packets between them.
 *
 * A point is an interface of the capture.  One packet that two points saw has two sightings; the
 * one that comes first in the capture stands for it, and the others change nothing.  How far the
 * clocks of the points are apart, and who of them is nearer to whom, is found from the packets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_POINTS_H
#define ESPIAL_POINTS_H

#include <glib.h>

#include <espial/limits.h>
#include <espial/sighting.h>

/* What a packet is, wherever it is captured. */
enum mark_kind {
    MARK_IKE, MARK_ESP, MARK_AH,
    MARK_PATH,                  /* an ICMP error, a fragment */
    MARK_SEALED,                /* what ESP or AH carries: a packet that was read inside it */
    MARK_CLEAR                  /* the same in clear, inside of the gateway */
};
struct packet_mark {
    enum mark_kind kind;
    uint64_t key;               /* of what a truncated copy has too */
    uint64_t whole;             /* of all octets; 0 where not all were captured */
    uint32_t length;            /* octets that were sent, from the IKE, ESP or AH header on, which
                                 * no translation and no encapsulation changes */
    struct ip_addr src, dst;    /* of an inner packet; else none */
    /* Of IKEv2, where numbered: its message ID (RFC 7296 section 2.2), and whose request it is or
     * answers. */
    bool numbered, answer, asked_by_initiator;
    uint32_t message_id;
};
/* Of a head that tells such packets apart, and of all octets, or NULL. */
struct packet_mark points_mark(enum mark_kind kind, const void *head, size_t head_len,
                               const uint8_t *octets, uint32_t length);

/* An IP fragment: all of one datagram are alike. */
struct packet_mark points_mark_fragment(uint16_t ip_id);
/* The packet whose IP header is there, which is the same before it is sealed and behind: all but
 * TTL and checksum.  False where too few octets are there. */
bool points_mark_inner(struct packet_mark *out, bool sealed, const uint8_t *octets, size_t len);

/* Whose a packet is. */
struct packet_owner {
    uint32_t ike_sa;            /* id, or NO_ID */
    uint32_t stream;            /* of ESP and AH; NO_ID */
    bool to_responder;          /* of that IKE SA */
};

/* A packet that another point has seen. */
struct seen_elsewhere {
    uint32_t frame;             /* its first sighting; 0: this is the first one */
    uint32_t ike_sa, stream;    /* as points_tell said of it */
    bool to_responder;
    struct ip_addr src, dst;    /* of that first sighting */
};

struct points;
struct points *points_new(uint64_t seed);
/* Nobody knows whether there is more than one: after POINTS_MAX_ALONE packets of one alone nothing
 * is compared any more. */
void points_doubt(struct points *p, bool doubted);
/* Packets are compared: false for NULL, and after points_doubt has ended it. */
bool points_compare(const struct points *p);
void points_free(struct points *p);     /* NULL is allowed */

/* Some frame of that point was seen: its name is known, as far as it has one. */
bool points_knows(const struct points *p, uint8_t point);
/* Any frame of a point: it was at work then.  name is the interface's, copied, or NULL. */
void points_see_frame(struct points *p, uint8_t point, uint32_t frame, double time,
                      const char *name);
/* One packet, in order of the capture.  True where it is a copy of what another point has seen: a
 * packet that comes again at its own point, and there more often than elsewhere, is none. */
bool points_see(struct points *p, const struct packet_mark *m, const struct sighting *at,
                struct seen_elsewhere *out);
/* Some point has seen a packet of that mark. */
bool points_know(const struct points *p, const struct packet_mark *m);
/* Whose the packet is that points_see saw last. */
void points_tell(struct points *p, const struct packet_owner *owner);
/* points_time is right for that point by now. */
bool points_knows_clock(const struct points *p, uint8_t point);
/* By the clock of the point that saw the first packet, as far as is known by now; epoch seconds. */
double points_time(const struct points *p, uint8_t point, double time);
/* Some packet was seen at two points. */
bool points_meet(const struct points *p);

/* --- once the capture has ended --------------------------------------------------------------- */

/* Whose a packet is, by what the whole capture has shown. */
typedef struct packet_owner points_owner_fn(const void *context, uint32_t ike_sa, uint32_t stream,
                                            bool to_responder);
void points_end(struct points *p, points_owner_fn *owner, const void *context);

struct point {
    uint32_t id;                /* its index, in order of its first packet */
    uint8_t number;             /* as in struct sighting */
    bool end_known;             /* nothing was sent towards it behind its last frame */
    char name[POINT_NAME_MAX];  /* of the interface; "point 1" where it has none */
    uint32_t first_frame, last_frame;
    double first_time, last_time;       /* of any frame, by its own clock; epoch seconds */
    uint32_t packets;           /* of IKE, ESP and AH */
    bool placed;                /* it shares packets with others, so that offset is known */
    double offset;              /* its clock is so many seconds ahead of that of the first placed
                                 * point: the median */
    double moved;               /* and so many more at its last packets than at its first ones */
};

/* A packet that left one point and did not arrive at the next. */
struct lost_packet {
    uint32_t frame;             /* at the point that it left */
    uint32_t length;            /* octets from its IKE, ESP or AH header on */
    double time;                /* by that point's clock */
    bool behind_end;            /* the other point has no frame so late */
    bool in_vain;               /* valid with behind_end: it is one of several, none of which
                                 * arrived */
};

/* Addresses and ports that differ between two points. */
struct rewriting {
    struct ip_addr src[2], dst[2];      /* before, behind */
    uint16_t src_port[2], dst_port[2];
    uint32_t frame[2];          /* the first such packet */
    uint32_t num;
};

/* Packets whose IP header says another class of service behind (DSCP): the first. */
struct remarking {
    uint8_t dscp[2];            /* before, behind */
    uint32_t frame[2];
    uint32_t num;
};

/* Packets that come in IP fragments (apart), or that came so and are whole behind: the first. */
struct fragmenting {
    bool apart;
    uint32_t frame[2];
    uint32_t num;
};

/* What one IKE SA's or one stream's packets in one direction did between two points that follow
 * each other on their way. */
struct passage {
    uint32_t from, to;          /* ids of the points */
    uint32_t ike_sa, stream;    /* stream NO_ID: the IKE messages of ike_sa */
    bool to_responder;
    bool inner;                 /* of what the stream carries: to is inside of the gateway, or from
                                 * is */
    uint32_t sent, arrived;     /* of those that left from, while to was capturing */
    uint32_t last_arrived;      /* frame at from of the last one that arrived; 0 */
    bool end_known;             /* to was seen at work after the last one of these was sent */
    GArray *lost;               /* of struct lost_packet, the first PASSAGE_MAX_LOST */
    uint32_t num_lost;
    uint32_t largest_arrived;   /* octets; 0: none arrived */
    uint32_t smallest_lost;     /* octets; valid with num_lost */
    bool timed;                 /* the delays are known: packets of both directions were matched */
    double delay, delay_99;     /* seconds: median and 99th percentile */
    struct rewriting rewriting; /* num 0: none */
    struct remarking remarking; /* the same */
    struct fragmenting fragmenting;
    struct ip_addr inner_src, inner_dst;        /* valid with inner and num_lost: of the first one
                                                 * lost */
};

/* "192.0.2.10:500 -> 198.51.100.1:1024", of each side that differs, into out, which holds size
 * octets; returns out. */
char *rewriting_print(const struct rewriting *r, char *out, size_t size);

size_t points_count(const struct points *p);    /* NULL: 0 */
const struct point *points_get(const struct points *p, size_t i);       /* i is the id */
size_t points_num_passages(const struct points *p);
const struct passage *points_passage(const struct points *p, size_t i);
/* On which passage the packet of frame was lost, once that frame's point had seen it; inner: what
 * it carries.  NULL where it was not, or is not among those named. */
const struct passage *points_lost_on(const struct points *p, uint32_t frame, bool inner);
/* When the packet of frame passed, by the clock of the first placed point; epoch seconds.  False
 * where frame has none, or the clock of its point is not known. */
bool points_when(const struct points *p, uint32_t frame, double *time);
/* How many packets of the stream are lost between points. */
uint32_t points_lost(const struct points *p, uint32_t stream);
/* POINTS_MAX_PACKETS, POINTS_MAX or PASSAGES_MAX was reached: what came then is not compared. */
bool points_capped(const struct points *p);
/* The frames in which the packet of frame, or its nth packet of IPsec, was seen, with that one, in
 * order of time on its way; 0 where frame has none.  out holds POINTS_MAX. */
size_t points_sightings(const struct points *p, uint32_t frame, uint32_t out[]);
/* Some point has the packets of both frames.  True where it is not known who captured them. */
bool points_one_place(const struct points *p, uint32_t a, uint32_t b);
/* Another point has the packet of frame with other addresses or ports, or all IKE of its SA at its
 * own point has the addresses that it has.  NULL: false. */
bool points_translated(const struct points *p, uint32_t frame);
/* Whether the packet of two frames has other addresses or ports in each, which out gets, also where
 * they are the same; out is as it was where a frame has no packet. */
bool points_rewritten(const struct points *p, uint32_t before, uint32_t behind,
                      struct rewriting *out);
/* The clear packet of frame was seen inside ESP or AH at another point, or the clock of its point
 * is not known, so that nothing tells when it passed. */
bool points_explain_clear(const struct points *p, uint32_t frame, uint8_t point);
/* Some point that has three packets of the stream, which go in that direction of the IKE SA, saw
 * anything of the other one: what is missing there is missing indeed.  True where no point is
 * known. */
bool points_saw_back(const struct points *p, uint32_t ike_sa, uint32_t stream, bool to_responder);
/* Where the packet of frame was captured; NULL where it is none of IPsec. */
const struct point *points_of_frame(const struct points *p, uint32_t frame);
/* The first sighting of a copy's packet; 0 where the packet of frame is no copy. */
uint32_t points_copy_of(const struct points *p, uint32_t frame);
/* The owner's ids that points_see or points_tell had for the packet of frame; false: none. */
bool points_owner(const struct points *p, uint32_t frame, struct packet_owner *out);

#endif
