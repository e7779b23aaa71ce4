/* store.h - the memory of the SA database: what it takes, it keeps until the end.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STORE_H
#define ESPIAL_STORE_H

#include <espial/sadb.h>

enum { SADB_MAX_POLICIES = 16 };    /* remembered of one address and protocol */
enum { STORE_EPOCHS = 1 << 12 };

/* Keys carry the seed, so that whoever chose an SPI cannot choose its bucket. */
struct sa_key {
    uint32_t seed;
    uint8_t kind;               /* 'i' IKE SPI, 'b' both, 'h' the initiator's and two addresses,
                                 * 'c' Child SPI, 'C' of an inferred one, 'p' pair,
                                 * 'P' of an IKE SA that stood, 'a' policy, 'f' fragment, 'v' an
                                 * address that an IKE SA assigned */
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
    uint32_t epochs[STORE_EPOCHS];      /* how much has come that streams are tied by: SPIs, pairs
                                         * of peers, each in the place of its hash */
    GPtrArray *chunks;          /* all memory that lives as long as the store */
    size_t chunk_left;          /* octets of the last one that are free */
    GPtrArray *arrays;
    GHashTable *lines;          /* set of the texts that store_line keeps, or NULL */
    GHashTable *suites;         /* hash -> struct suite: what is alike is kept once */
    GHashTable *offers;         /* hash of all proposals -> struct offers */
    uint32_t num_offers;        /* that stay */
    GQueue *loose;              /* of struct offers, oldest first: those that may go */
    struct recent_selectors {
        const struct selector *at;
        size_t num;
    } recent[64];
    GHashTable *refuted;        /* set of frames whose message nobody believes, or NULL */
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
/* The same text once for all that say it; NULL beyond SADB_MAX_LINES of them.  The known one: NULL
 * where it is none yet. */
const char *store_known_line(const struct store *store, const char *text);
const char *store_line(struct store *store, const char *text);
GArray *store_array(struct store *store, unsigned element);
/* Room for one more element behind the len that are at at: returns where all of them are now. */
void *store_room(struct store *store, const void *at, uint32_t len, uint32_t *room, size_t element);
void store_add_exchange(struct store *store, struct exchange_list *list, const struct exchange *x);
void store_add_child(struct store *store, struct child_list *list, const struct child_sa *c);
void store_add_stream(struct store *store, struct stream_list *list, const struct stream *s);
void store_add_frame(struct store *store, struct frame_numbers *list, uint32_t frame);

/* A key of kind; spi, a and b may be NULL. */
struct sa_key store_key(const struct store *store, char kind, uint8_t protocol, const void *spi,
                        size_t spi_len, const struct ip_addr *a, const struct ip_addr *b);
/* The key of two peers, whichever of them sends. */
struct sa_key store_pair_key(const struct store *store, const struct ip_addr *a,
                             const struct ip_addr *b);

/* The members under a key, newest first, at most left of them; walk_next returns NULL behind the
 * last.  The key is known by 64 bits of a seeded hash: compare the member where it can tell. */
struct walk {
    const struct link *at;
    uint32_t left;
};
struct walk store_walk(const struct store *store, const struct sa_key *key, uint32_t cap);
static inline void *
walk_next(struct walk *w)
{
    const struct link *now = w->at;

    if (!now || !w->left) {
        return NULL;
    }
    w->at = now->older;
    w->left--;
    return now->member;
}

void store_add(struct store *store, const struct sa_key *key, void *member);
/* The places in epochs of what has that SPI, and of what is between the two. */
uint16_t store_epoch_of_spi(const struct store *store, uint32_t spi);
uint16_t store_epoch_of_pair(const struct store *store, const struct ip_addr *a,
                             const struct ip_addr *b);
void store_pair_add(struct store *store, struct ike_sa *sa, const struct ip_addr *a,
                    const struct ip_addr *b);
/* The keys of an IKE SA: both SPIs; the initiator's and two addresses, whichever of them sends. */
struct sa_key store_spis_key(const struct store *store, const uint8_t spi_i[8],
                             const uint8_t spi_r[8]);
struct sa_key store_half_key(const struct store *store, const uint8_t spi_i[8],
                             const struct ip_addr *a, const struct ip_addr *b);

/* What a frame's message says is no witness from now on, or is one again. */
void store_refute(struct store *store, uint32_t frame, bool refuted);
bool store_is_refuted(const struct store *store, uint32_t frame);

struct kept_proposal *store_proposal(struct store *store, const struct proposal *p, uint32_t frame);
/* All proposals of a message, shared with every message that offered the same.  Beyond
 * SADB_MAX_SUITES and SADB_MAX_OFFERS the list becomes empty once SADB_MAX_LOOSE_OFFERS others have
 * come; what is proved has as much room again. */
const struct offer_list *store_offers(struct store *store, const struct ike_message *m,
                                      uint32_t frame, bool proved);
/* What was offered belongs to an SA that stands: it stays, if there is room. */
void store_offers_proved(struct store *store, const struct offer_list *list);
/* What the store holds of proposals: after store_init, before store_clear. */
void store_offers_init(struct store *store);
void store_offers_clear(struct store *store);
/* NULL where n is 0. */
const struct selector *store_selectors(struct store *store, const struct selector *s, size_t n);
/* addr is known to offer or to take what one says. */
void store_policy(struct store *store, const struct ip_addr *addr, const struct policy *one);
/* A choice that stands in clear is a witness of its sender's policy once the other side has gone on
 * with it. */
bool store_is_witness(const struct store *store, const struct policy *one);
size_t store_policies(const struct store *store, const struct ip_addr *addr, uint8_t protocol,
                      struct policy *out, size_t max);

/* facts.c */
extern const struct offer_list no_offers;      /* empty ones that all share */
extern const struct address_list no_addresses;
bool ike_spi_is_zero(const uint8_t spi[8]);
/* Both ends of a and b have the same selectors, and those are known. */
bool child_same_selectors(const struct child_sa *a, const struct child_sa *b);
/* The suite's cipher is a counter mode whose packets carry the start of the counter. */
bool kept_counts_iv(const struct kept_proposal *chosen);

#endif
