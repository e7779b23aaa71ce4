/* sadb_internal.h - shared by the files of the SA database.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SADB_INTERNAL_H
#define ESPIAL_SADB_INTERNAL_H

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

struct policy {
    const struct kept_proposal *kept;
    bool chosen;
};

struct sadb {
    uint32_t seed;
    GPtrArray *ike_sas, *child_sas, *streams;
    GHashTable *lists;          /* sa_key -> GPtrArray, newest last; not owning its members */
    GHashTable *stream_of;      /* sa_key -> the newest struct stream */
    uint32_t epoch;             /* of what streams are tied by: SPIs, addresses, pairs of peers */
    GPtrArray *blocks;          /* every allocation that lives as long as the sadb */
    GPtrArray *arrays, *ptr_arrays;
    uint32_t num_frames;
    double first_time, last_time;
    struct sadb_options options;
    GHashTable *fragments;      /* set of sa_key: datagrams of which a first fragment was seen */
    GArray *clear;              /* of struct clear_packet */
    bool has_null;              /* some Child SA does not encrypt */
    bool has_selectors;         /* some Child SA's selectors are known */
    const char *caps[16];
    size_t num_caps;
};

void *sadb_alloc(struct sadb *db, size_t size);     /* zeroed */
char *sadb_strdup(struct sadb *db, const char *text);
GArray *sadb_array(struct sadb *db, unsigned element);
GPtrArray *sadb_ptr_array(struct sadb *db);
void sadb_cap(struct sadb *db, const char *limit);

struct sa_key sadb_key(const struct sadb *db, char kind, uint8_t protocol, const void *spi,
                       size_t spi_len, const struct ip_addr *a, const struct ip_addr *b);
GPtrArray *sadb_list(const struct sadb *db, const struct sa_key *key);      /* or NULL */
/* False where the list is full; the oldest stay. */
bool sadb_list_add(struct sadb *db, const struct sa_key *key, void *member, unsigned max);
struct sa_key sadb_pair_key(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b);

struct kept_proposal *sadb_keep(struct sadb *db, const struct proposal *p, uint32_t frame);
void sadb_policy_add(struct sadb *db, const struct ip_addr *addr, const struct kept_proposal *kept, bool chosen);

struct ike_sa *sadb_ike_new(struct sadb *db, uint8_t major, const uint8_t spi_i[8], const uint8_t spi_r[8]);
struct child_sa *sadb_child_new(struct sadb *db, struct ike_sa *sa, uint8_t protocol, uint32_t spi_i, uint32_t spi_r);
/* Makes c known by the SPI of one side, which was 0. */
void sadb_child_spi(struct sadb *db, struct child_sa *c, bool initiator, uint32_t spi);
/* Of any address: the Child SA of these peers whose inbound SPI at that side is spi. */
struct child_sa *sadb_child_of(const struct sadb *db, const struct ike_sa *sa, uint8_t protocol, uint32_t spi, bool initiator);
/* The newest IKE SA between two addresses, or NULL. */
struct ike_sa *sadb_ike_between(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b);

/* track_child.c: what the payloads of one message do to SAs. */
void track_offer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_answer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_deletes(struct sadb *db, struct ike_event *e, const struct ike_message *m);

/* nat.c */
void track_nat(struct ike_event *e, const struct ike_message *m);

bool zero_spi(const uint8_t spi[8]);

#endif
