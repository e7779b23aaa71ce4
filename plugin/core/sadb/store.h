/* store.h - the memory of the SA database: what it takes, it keeps until the end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STORE_H
#define ESPIAL_STORE_H

#include <espial/facts.h>
#include <espial/ike.h>

enum { SADB_MAX_POLICIES = 16 };    /* remembered of one address and protocol */

/* Keys carry the seed, so that whoever chose an SPI cannot choose its bucket. */
struct sa_key {
    uint32_t seed;
    uint8_t kind;               /* 'i' IKE SPI, 'c' Child SPI, 's' stream, 'p' pair, 'a' policy, 'f' fragment */
    uint8_t protocol;
    uint8_t spi[8];
    struct ip_addr a, b;
};
uint64_t sa_key_hash(const struct sa_key *key);

/* What shares a key, newest first. */
struct link {
    struct link *older;
    uint64_t hash;              /* of the sa_key */
    void *member;
};

struct store {
    uint32_t seed;
    struct link **places;       /* the newest of each key, found by its hash */
    uint32_t num_places, num_keys;
    uint32_t epoch;             /* of what streams are tied by: SPIs, addresses, pairs of peers */
    GPtrArray *chunks;          /* all memory that lives as long as the store */
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
    const char *caps[16];       /* names of limits that were reached, NULL behind the last */
    size_t num_caps;
};

/* *store is all zeros. */
void store_init(struct store *store, uint32_t seed);
void store_clear(struct store *store);
/* Notes that a limit was reached; limit is static text. */
void store_cap(struct store *store, const char *limit);

void *store_alloc(struct store *store, size_t size);    /* zeroed, never given back */
char *store_text(struct store *store, const char *text);
void store_push(struct store *store, struct list *list, void *member);
GArray *store_array(struct store *store, unsigned element);
GPtrArray *store_ptr_array(struct store *store);

/* A key of kind; spi, a and b may be NULL. */
struct sa_key store_key(const struct store *store, char kind, uint8_t protocol, const void *spi,
                        size_t spi_len, const struct ip_addr *a, const struct ip_addr *b);
/* The key of two peers, whichever of them sends. */
struct sa_key store_pair_key(const struct store *store, const struct ip_addr *a,
                             const struct ip_addr *b);
/* The newest member and, by older, all others; NULL where there is none.  The key is known by
 * 64 bits of a seeded hash: compare the member where it can tell. */
const struct link *store_newest(const struct store *store, const struct sa_key *key);
void store_add(struct store *store, const struct sa_key *key, void *member);
void store_pair_add(struct store *store, struct ike_sa *sa, const struct ip_addr *a,
                    const struct ip_addr *b);

struct kept_proposal *store_proposal(struct store *store, const struct proposal *p, uint32_t frame);
/* All proposals of a message, shared with every message that offered the same. */
const GPtrArray *store_offers(struct store *store, const struct ike_message *m, uint32_t frame);
/* NULL where n is 0. */
const struct selector *store_selectors(struct store *store, const struct selector *s, size_t n);
/* addr is known to take (chosen) or to offer kept. */
void store_policy(struct store *store, const struct ip_addr *addr, const struct kept_proposal *kept,
                  uint32_t frame, bool chosen);

/* facts.c */
bool ike_spi_is_zero(const uint8_t spi[8]);
/* Both ends of a and b have the same selectors, and those are known. */
bool child_same_selectors(const struct child_sa *a, const struct child_sa *b);
/* The suite's cipher is a counter mode whose packets carry the start of the counter. */
bool kept_counts_iv(const struct kept_proposal *chosen);

#endif
