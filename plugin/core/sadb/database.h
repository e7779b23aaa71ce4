/* database.h - the tables of the SA database, for those who fill them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_DATABASE_H
#define ESPIAL_DATABASE_H

#include <espial/points.h>
#include <espial/sadb.h>

#include "store.h"

/* One of the last ESP and AH packets, whatever their SA: its copy from the other side of a NAT
 * comes soon after it. */
struct passing_packet {
    double time;
    uint32_t spi, seq, length, digest, frame;       /* frame 0: none */
    uint16_t ip_id;
    uint8_t protocol;
    struct ip_addr src, dst;
};

/* A packet of IKE, ESP or AH, to know it again. */
struct sight {
    double time;
    uint32_t whose;             /* id of its stream, or of its IKE SA with WHOSE_IKE */
    uint32_t seq, digest, frame;
    uint32_t older;             /* number of the one before it with the same hash, 0 */
    uint16_t ip_id;
    uint8_t ttl, point;
};
/* The last ones, numbered from 1.  Those with the same hash are chained, once one is looked for. */
struct sights {
    struct sight *at;           /* SADB_MAX_SIGHTS, by number modulo; or NULL */
    uint32_t *newest;           /* number of the newest one of each hash, 0; as many */
    uint32_t num;               /* of the last one */
    uint32_t chained;           /* of the last one that is chained so far */
};
#define WHOSE_IKE ((uint32_t)1 << 31)

/* How long after a packet its copies come in one direction. */
struct distance {
    double apart;
    uint32_t num, ttl_differs;
    bool up;                    /* from the lower address to the higher one */
    bool proved;                /* they are copies */
};

/* The newest stream of each protocol, SPI and addresses: open addressing, twice as many places as
 * streams or more.  It is known by the 64 bits of a seeded hash. */
struct stream_place {
    uint64_t hash;
    struct stream *stream;      /* NULL: the place is free */
};
struct stream_places {
    struct stream_place *at;
    uint32_t size, num;         /* of places, a power of two or 0; of those that are taken */
};

/* A packet that came again before a distance was proved. */
struct early_copy {
    struct stream *stream;
    struct late_copy copy;
    uint32_t bytes, distance;
    bool late;                  /* it was out of the window, else replayed */
};

/* Where one of the last IKE messages was captured: its copy from a mirror comes soon after it. */
struct recent_message {
    uint32_t frame;             /* 0: none */
    struct ip_addr src, dst;
};

struct sadb {
    struct points *points;      /* NULL: the capture has one interface */
    struct sights sights;       /* stream/sights.c */
    struct distance distances[SADB_MAX_DISTANCES];
    uint32_t num_distances;
    GArray *early;              /* of struct early_copy, SADB_MAX_EARLY_COPIES at most; or NULL.
                                 * From the end on those that are copies */
    struct store store;
    struct recent_message recent[SADB_RECENT];
    uint32_t num_recent;
    GPtrArray *ike_sas, *child_sas, *streams;
    GPtrArray *stood;           /* IKE SAs that are or were established, in that order */
    struct stream_places stream_places;     /* streams.c */
    uint32_t num_ike;           /* messages seen */
    uint32_t num_inherited;     /* members of the lists of IKE SAs that replace others */
    uint32_t num_loose;         /* distinct lines that sadb_keep_line added */
    uint32_t num_frames;
    double first_time, last_time;
    GArray *instants;           /* clock.c; SADB_MAX_INSTANTS at most */
    double tick;                /* seconds between two of them at least, 0: each frame */
    struct sadb_options options;
    struct key_use keys;
    bool keys_given;            /* keys says of them */
    uint32_t window_mask;       /* the window's bits less one: a power of two, so that they wrap
                                 * with the sequence numbers */
    GHashTable *fragments;      /* set of sa_key: datagrams of which a first fragment was seen */
    GArray *clear;              /* of struct clear_packet */
    GArray *first_fragments;    /* of struct first_fragment */
    GArray *sought;             /* of struct sought_neighbor */
    GArray *past;               /* of struct past_packet */
    struct clear_miss {
        uint64_t hash;          /* of an inner_packet that no Child SA admits */
        uint32_t num_ike;       /* and of when that was */
    } clear_misses[SADB_CLEAR_MISSES];  /* by hash modulo */
    struct passing_packet passing[SADB_PASSING];
    uint64_t passing_numbers[SADB_PASSING]; /* of each the SPI, and behind it the number */
    uint32_t num_passing;
    struct besides *beside;     /* stream/beside.c; or NULL */
    bool clear_full;            /* clear holds SADB_MAX_CLEAR, and more came */
    GArray *judgements;           /* of struct judgement, or NULL */
    bool has_strays;            /* some IKE SA got an answer from elsewhere */
    bool has_null;              /* some Child SA does not encrypt */
    bool has_selectors;         /* some Child SA's selectors are known */
};

/* Facts of db that its holder may change. */
static inline struct ike_sa *
database_ike_sa(const struct sadb *db, uint32_t id)
{
    return (struct ike_sa *)g_ptr_array_index(db->ike_sas, id);
}
static inline struct child_sa *
database_child_sa(const struct sadb *db, uint32_t id)
{
    return (struct child_sa *)g_ptr_array_index(db->child_sas, id);
}

/* The newest stream of these addresses; NULL where there is none.  streams.c */
struct stream *database_stream_of(const struct sadb *db, uint8_t protocol, uint32_t spi,
                                  const struct ip_addr *src, const struct ip_addr *dst);
/* s is the one of its protocol and SPI between these addresses from now on. */
void database_place_stream(struct sadb *db, struct stream *s, const struct ip_addr *src,
                           const struct ip_addr *dst);

/* When frames were captured: sadb_time_of. */
void sadb_clock_begin(struct sadb *db);
void sadb_clock_end(struct sadb *db);
void sadb_note_time(struct sadb *db, uint32_t frame, double time);

/* NULL where the cap was reached. */
struct ike_sa *sadb_ike_new(struct sadb *db, uint8_t major, const uint8_t spi_i[8],
                            const uint8_t spi_r[8]);
struct child_sa *sadb_child_new(struct sadb *db, struct ike_sa *sa, uint8_t protocol,
                                uint32_t spi_i, uint32_t spi_r);
/* Makes c known by the SPI of one side, which was 0. */
void sadb_child_spi(struct sadb *db, struct child_sa *c, bool initiator, uint32_t spi);
/* Of any address: the Child SA of these peers whose inbound SPI at that side is spi. */
struct child_sa *sadb_child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol,
                               uint32_t spi, bool initiator);
/* Key of the Child SAs of one SPI.  Those that were negotiated are looked up before those that are
 * inferred from traffic, which anybody can send. */
struct sa_key database_spi_key(const struct sadb *db, uint8_t protocol, uint32_t spi,
                               bool inferred);
/* sa is established, or has moved since. */
void sadb_ike_stands(struct sadb *db, struct ike_sa *sa);
/* sa has failed, stands or goes on: it is found among the tries of its two ends from now on. */
void sadb_ike_decided(struct sadb *db, struct ike_sa *sa);
/* sa has that address assigned from now on. */
void sadb_ike_assigned(struct sadb *db, struct ike_sa *sa, const struct ip_addr *addr);
/* IKE SAs that are or were established between two addresses, newest first. */
struct walk sadb_stood_between(const struct sadb *db, const struct ip_addr *a,
                               const struct ip_addr *b);
/* The IKE SA between two addresses that is established, else the newest one, or NULL: requests that
 * anybody can send do not take the place of an SA. */
struct ike_sa *sadb_ike_between(const struct sadb *db, const struct ip_addr *a,
                                const struct ip_addr *b);

#endif
