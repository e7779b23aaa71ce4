/* record.h - the sightings of packets, as the rooms' own files know them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_POINTS_RECORD_H
#define ESPIAL_POINTS_RECORD_H

#include <espial/limits.h>
#include <espial/points.h>

#define NO_RECORD UINT32_MAX
#define POINTS_ONE_CLOCK_S 0.005        /* clocks that are no further apart may be one */

/* Where a packet came from and went to: what a translation changes. */
struct ends {
    struct ip_addr src, dst;
    uint16_t src_port, dst_port;
};

/* One sighting. */
struct record {
    uint64_t key;
    double time;                /* by the clock of its point */
    uint32_t whole;             /* 0: not all octets were captured */
    uint32_t frame, length;
    uint32_t older;             /* the record before it with its key, or NO_RECORD */
    uint32_t first;             /* of a copy: the record that stands for the packet; else itself */
    uint32_t ike_sa, stream;    /* whose it is, as far as was known: ids or NO_ID */
    uint32_t ends;              /* index */
    uint32_t inner;             /* the same, of MARK_SEALED and MARK_CLEAR */
    uint32_t emission;          /* once the capture has ended: sightings of one sending share it */
    uint16_t ip_id;             /* of a datagram in fragments */
    uint8_t point;              /* index into places */
    uint8_t ttl, dscp, kind;
    bool to_responder, copy;
    bool joined;                /* came in IP fragments */
    bool numbered, answer, asked_by_initiator;  /* as in struct packet_mark */
    uint32_t message_id;
};

/* How far a point's clock is ahead of the one that saw the packet first: of the last copies. */
enum { STEPS = 5 };
struct place {
    struct point is;
    double steps[STEPS];
    uint32_t num_steps;
    bool inside;                /* clear packets that tunnels carry were seen there */
    bool linked;                /* they have link addresses there: it is no tunnel's own device */
    bool sure;                  /* what offset says is the clock's alone, and nothing of the way */
};

/* What the clock of a point shows, once the capture has ended. */
struct tick {
    uint32_t record;            /* a sighting there, which another point has too */
    double time;                /* of it, by the reference clock */
    double offset;              /* how far the point's clock is ahead then */
};

/* A packet that did not arrive, by the frame in which it was seen last. */
struct loss {
    uint32_t frame, passage;    /* its index */
};

struct points {
    uint64_t seed;
    struct place places[POINTS_MAX];
    uint32_t num_places;
    GArray *records;            /* of struct record */
    GHashTable *newest;         /* key -> index of its newest record plus one */
    GArray *ends;               /* of struct ends */
    GHashTable *ends_of;        /* hash of struct ends -> its index plus one */
    uint32_t told;              /* the record that points_tell speaks of, or NO_RECORD */
    bool meet, capped;
    bool doubted, given_up;     /* points_doubt; and one alone was seen for too long */
    GArray *ticks[POINTS_MAX];  /* of struct tick, in order of the capture, or NULL */
    GHashTable *ike_ways;       /* IKE SA, direction and point -> index of ends plus one; NO_RECORD:
                                 * its messages there have several */
    GArray *passages;           /* of struct passage, or NULL */
    GArray *losses;             /* of struct loss, in order of frames, or NULL */
    GArray *way;                /* of uint32_t: records in the order of their emissions and time */
    GArray *way_of;             /* of uint32_t, by emission: where it begins in way */
};

static inline struct record *
record_at(const struct points *p, uint32_t i)
{
    return &g_array_index(p->records, struct record, i);
}
static inline const struct ends *
record_ends(const struct points *p, const struct record *r)
{
    return &g_array_index(p->ends, struct ends, r->ends);
}
/* Both are sightings of the same octets, as far as both were captured. */
bool record_same(const struct points *p, const struct record *a, const struct record *b);

/* clocks.c: places the points on one clock, that of the first one that shares packets. */
void clocks_place(struct points *p);
/* When the sighting of that index was, by the reference clock. */
double clocks_time(const struct points *p, uint32_t record);
/* What the point's own clock shows at a time of the reference clock. */
double clocks_local(const struct points *p, uint32_t point, double time);
/* Median of len values, which are put in order; len is not 0. */
double clocks_median(double *values, size_t len);

/* emissions.c: one packet on its way. */
struct emission {
    uint32_t first;             /* index into way */
    uint32_t len;
};
/* Makes way and way_of; a list of struct emission, which the caller frees. */
GArray *emissions_list(struct points *p);

/* halves.c: who captures what. */
struct halves;
struct halves *halves_new(const struct points *p);
void halves_free(struct halves *h);
/* The point captures no IKE at all, by its filter or its snapshot length; or one direction only:
 * the peer goes on in the negotiation there, so that it has what the point has none of. */
bool halves_blind(const struct halves *h, const struct points *p, const struct record *r,
                  uint32_t point);
/* At its own point nothing of the other direction was captured. */
bool halves_one_sided(const struct halves *h, const struct record *r);
/* The point has no copy of the IKEv2 message, and what only follows from it: the answer to that
 * request, or the next request of who got that answer.  Then it is the point that missed it. */
bool halves_went_on(const struct halves *h, const struct record *r, uint32_t point);

/* passages.c: what became of the packets. */
void passages_make(struct points *p);

/* changes.c: notes in what the packet of one sighting differs from that of another, which follows
 * it on its way. */
void points_note_changes(const struct points *p, struct passage *g, const struct record *before,
                         const struct record *behind);

#endif
