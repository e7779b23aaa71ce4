/* sas.h - what is known of each IKE SA and of each negotiation.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_SAS_H
#define ESPIAL_KEYRING_SAS_H

#include "heard.h"
#include "ring.h"

#include <espial/limits.h>

/* --- negotiations ---------------------------------------------------------------- */

/* One proposal of a request: which SPI its sender has for it. */
struct offered_spi {
    uint8_t number, protocol, spi[8];
};

/* A request that negotiates, kept until its answer comes. */
struct offer {
    uint32_t message_id;
    uint8_t exchange;
    bool by_initiator;                  /* v2: of the IKE SA */
    bool answered;
    GBytes *nonce;                      /* NULL for IKE_AUTH */
    unsigned num;               /* IKE_MAX_PROPOSALS at most */
    struct offered_spi spis[];
};

/* Tries of the keys that follow from one negotiation. */
struct derivation_tries {
    unsigned num, packets;
    size_t cursor;
};

/* The negotiation of a Child SA, of which the keys of one SPI follow. */
struct child_negotiation {
    bool first;                 /* of IKE_AUTH: the nonces are those of IKE_SA_INIT */
    bool v1, second;            /* v2: KEYMAT has the keys of the other direction first */
    uint8_t spis[IKE_SPIS];     /* of the IKE SA */
    uint8_t spi[4];
    struct key_suite suite;     /* v1: prf too */
    bool exchanged;             /* with a key exchange of its own */
    size_t ke_len;              /* octets of its public value */
    GBytes *ni, *nr;            /* NULL of the first one */
    struct derivation_tries tries;
};

/* The rekeying that an IKE SA came from. */
struct ike_rekeying {
    uint8_t parent[IKE_SPIS];
    struct key_suite suite;
    size_t ke_len;
    GBytes *ni, *nr;
    struct derivation_tries tries;
};

void offer_free(void *p);
void child_negotiation_free(void *p);
void ike_rekeying_free(void *p);

/* --- IKE SAs that are not proved ------------------------------------------------- */

/* Where one that no key has opened a message of waits: the oldest goes first. */
struct unproved {
    GQueue *in;                 /* NULL: it is proved, and stays */
    GList *link;
};

/* --- IKEv2 ----------------------------------------------------------------------- */

/* What was said to one SPI of an initiator in IKE_SA_INIT. */
struct init_requests {
    GPtrArray *heard;
    bool answered;
};
void init_requests_free(void *p);

struct ike2_sa {
    uint8_t spis[IKE_SPIS];
    struct unproved unproved;
    GPtrArray *keys;            /* struct ike_keys that have opened a message, the newest last */
    unsigned tries;             /* in vain, of loose keys */
    unsigned failed;            /* messages that no key opened before any did */
    size_t cursor;              /* in loose */
    bool intermediate;          /* keys change at IKE_INTERMEDIATE (RFC 9242 section 3.3.1) .. */
    bool fresh;                 /* .. and one has opened a message since */
    GPtrArray *requests, *answers;      /* of struct heard: of IKE_SA_INIT, none of a rekeyed SA */
    bool nonces_proved;         /* one of each is left, and a packet has proved them right */
    GQueue *offers;             /* of struct offer, the oldest first */
    struct ike_rekeying *rekeying;      /* the rekeying that made it; NULL */
};

/* The IKE SA with these SPIs; make: a new one where there is none, which may end the oldest that
 * is not proved.  NULL without. */
struct ike2_sa *ike2_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make);
void ike2_free(void *p);
/* A key has opened a message of it, or one that made it. */
void ike2_prove(struct ike2_sa *sa);
/* Suites that it may have, each once; 0 where none was seen. */
unsigned ike2_suites(const struct ike2_sa *sa, struct key_suite out[KEYRING_MAX_NONCES]);
/* The keys that the log names for an IKE SA, of struct ike_keys; NULL. */
const GPtrArray *ike2_named(struct keyring *k, const uint8_t *spi_i);

/* --- IKEv1 ----------------------------------------------------------------------- */

/* How a message was opened, for when it comes again: the IV is not that of the chain then. */
struct ike1_message {
    uint64_t digest;
    uint8_t last[CRYPT_BLOCK_MAX];      /* ciphertext block: the IV of the next one */
    uint8_t iv[CRYPT_BLOCK_MAX];
    bool iv_known;
};

struct ike1_exchange {
    uint32_t message_id;
    uint8_t type;
    unsigned num, next;                 /* messages is a ring */
    struct ike1_message messages[KEYRING_MAX_MESSAGES];
};

struct ike1_sa {
    uint8_t spis[IKE_SPIS];
    struct unproved unproved;
    uint16_t encr, key_bits, hash;      /* that opened a message, the hash by its prf; else 0 */
    struct key_suite choices[KEYRING_MAX_CHOICES];      /* of answers, forged ones too */
    unsigned num_choices;
    GBytes *ke[KEYRING_MAX_PUBLIC];     /* public values, in order of capture */
    unsigned num_ke;
    /* The last blocks of phase 1, the newest last. */
    uint8_t blocks[KEYRING_MAX_BLOCKS][CRYPT_BLOCK_MAX];
    unsigned num_blocks;
    unsigned tries;             /* in vain */
    unsigned cursor;            /* in the keys, once the tries are used up */
    const struct keylog_ike1 *right;
    unsigned failed;            /* messages that no key opened before any did */
    GQueue *exchanges;          /* of struct ike1_exchange, the one used last first */
    GQueue *offers;             /* of struct offer */
};

/* As ike2_sa_of. */
struct ike1_sa *ike1_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make);
void ike1_free(void *p);
void ike1_prove(struct ike1_sa *sa);
/* The keys that the log names for the initiator's cookie, of struct keylog_ike1; NULL. */
const GPtrArray *ike1_keys(struct keyring *k, const uint8_t *cookie);

#endif
