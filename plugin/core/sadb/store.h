/* store.h - shared by the files of the SA database.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STORE_H
#define ESPIAL_STORE_H

#include <espial/sadb.h>

enum { SADB_MAX_POLICIES = 16 };    /* remembered of one address and protocol */

/* Keys carry the seed, so that whoever chose an SPI cannot choose its bucket. */
struct sa_key {
    uint32_t seed;
    uint8_t kind;               /* 'i' IKE SPI, 'c' Child SPI, 's' stream, 'p' pair, 'a' policy, 'f' fragment */
    uint8_t protocol;
    uint8_t spi[8];
    struct ip_addr a, b;
};

/* One of the last ESP and AH packets, whatever their SA: its copy from the other side of a NAT
 * comes soon after it. */
struct passing_packet {
    double time;
    uint32_t spi, seq, length, frame;       /* frame 0: none */
    uint16_t ip_id;
    uint8_t protocol;
    struct ip_addr src, dst;
};

/* What shares a key, newest first. */
struct link {
    struct link *older;
    uint64_t hash;              /* of the sa_key */
    void *member;
};

struct sadb {
    uint32_t seed;
    GPtrArray *ike_sas, *child_sas, *streams;
    struct link **places;       /* the newest of each key, found by its hash */
    uint32_t num_places, num_keys;
    GHashTable *stream_of;      /* sa_key -> the newest struct stream */
    uint32_t num_ike;           /* messages seen */
    uint32_t epoch;             /* of what streams are tied by: SPIs, addresses, pairs of peers */
    GPtrArray *chunks;          /* all memory that lives as long as the sadb */
    size_t chunk_left;          /* octets of the last one that are free */
    GPtrArray *arrays, *ptr_arrays;
    GHashTable *suites;         /* text and attributes -> struct suite: what is alike is kept once */
    GHashTable *offers;         /* text of all proposals -> GPtrArray of struct kept_proposal */
    struct recent_selectors {
        const struct selector *at;
        size_t num;
    } recent[64];
    const GPtrArray *no_offers; /* empty ones that all share */
    const GArray *no_addresses;
    uint32_t num_inherited;     /* members of the lists of IKE SAs that replace others */
    uint32_t num_frames;
    double first_time, last_time;
    struct sadb_options options;
    GHashTable *fragments;      /* set of sa_key: datagrams of which a first fragment was seen */
    GArray *clear;              /* of struct clear_packet */
    struct passing_packet passing[SADB_PASSING];
    uint32_t num_passing;
    bool has_null;              /* some Child SA does not encrypt */
    bool has_selectors;         /* some Child SA's selectors are known */
    const char *caps[16];
    size_t num_caps;
};

/* store.c */
void *sadb_alloc(struct sadb *db, size_t size);     /* zeroed, never given back */
void sadb_push(struct sadb *db, struct list *list, void *member);
char *sadb_strdup(struct sadb *db, const char *text);
GArray *sadb_array(struct sadb *db, unsigned element);
GPtrArray *sadb_ptr_array(struct sadb *db);
void sadb_cap(struct sadb *db, const char *limit);

struct sa_key sadb_key(const struct sadb *db, char kind, uint8_t protocol, const void *spi,
                       size_t spi_len, const struct ip_addr *a, const struct ip_addr *b);
uint64_t sadb_key_hash(const struct sa_key *key);
void sadb_more_places(struct sadb *db);
/* The newest member and, by older, all others; NULL where there is none.  The key is known by
 * 64 bits of a seeded hash: compare the member where it can tell. */
const struct link *sadb_list(const struct sadb *db, const struct sa_key *key);
void sadb_list_add(struct sadb *db, const struct sa_key *key, void *member);
struct sa_key sadb_pair_key(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b);

struct kept_proposal *sadb_keep(struct sadb *db, const struct proposal *p, uint32_t frame);
/* All proposals of a message, shared with every message that offered the same. */
const GPtrArray *sadb_keep_offers(struct sadb *db, const struct ike_message *m, uint32_t frame);
const struct selector *sadb_keep_selectors(struct sadb *db, const struct selector *s, size_t n);
void sadb_policy_add(struct sadb *db, const struct ip_addr *addr, const struct kept_proposal *kept, uint32_t frame, bool chosen);
void sadb_pair_add(struct sadb *db, struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b);

struct ike_sa *sadb_ike_new(struct sadb *db, uint8_t major, const uint8_t spi_i[8], const uint8_t spi_r[8]);
struct child_sa *sadb_child_new(struct sadb *db, struct ike_sa *sa, uint8_t protocol, uint32_t spi_i, uint32_t spi_r);
/* Makes c known by the SPI of one side, which was 0. */
void sadb_child_spi(struct sadb *db, struct child_sa *c, bool initiator, uint32_t spi);
/* Of any address: the Child SA of these peers whose inbound SPI at that side is spi. */
struct child_sa *sadb_child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol, uint32_t spi, bool initiator);
/* The newest IKE SA between two addresses, or NULL. */
struct ike_sa *sadb_ike_between(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b);

/* facts.c */
bool ike_spi_is_zero(const uint8_t spi[8]);
/* Both ends of a and b have the same selectors, and those are known. */
bool child_same_selectors(const struct child_sa *a, const struct child_sa *b);
/* The suite's cipher is a counter mode whose packets carry the start of the counter. */
bool kept_counts_iv(const struct kept_proposal *chosen);

/* window.c */
/* Bits of the window that a stream needs room for. */
uint32_t window_bits(const struct sadb *db);
/* The number of e's packet, as a receiver judges it: counts what is lost, replayed or too old. */
void window_see(const struct sadb *db, struct stream *s, struct ipsec_event *e);

/* child.c: what the payloads of one message do to SAs. */
void track_offer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_answer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_deletes(struct sadb *db, struct ike_event *e, const struct ike_message *m);

/* peer.c: what each end is called, can do and is given. */
void track_abilities(struct ike_event *e, const struct ike_message *m);
void track_liveness(struct ike_event *e, const struct ike_message *m);
void track_identities(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_addresses(struct sadb *db, struct ike_event *e, const struct ike_message *m);

/* lineage.c */
void track_phase1(struct sadb *db, struct ike_event *e);
/* The new IKE SA of an exchange that rekeys one, of which chosen is the answer. */
void track_rekey(struct sadb *db, struct ike_event *e, const struct proposal *chosen);
struct exchange *track_colliding(const struct ike_event *e);   /* or NULL */
struct exchange *track_refused(const struct ike_event *e);     /* or NULL */
struct ike_sa *track_replaced(const struct sadb *db, const struct ike_event *e);     /* or NULL */

/* nat.c */
/* A packet of one side of sa, for the life of its NAT mapping; sa may be NULL. */
void track_sent(struct sadb *db, struct ike_sa *sa, bool from_initiator, double time);
/* Notes that first, captured again at at, went through a NAT in between; false where it did not. */
bool track_translated(struct ike_sa *sa, const struct exchange *x, const struct exchange_message *first, const struct sighting *at);
void track_nat(struct ike_event *e, const struct ike_message *m);

#endif
