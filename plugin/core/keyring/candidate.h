/* candidate.h - one key of ESP that may be of an SPI, tried with a packet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_CANDIDATE_H
#define ESPIAL_KEYRING_CANDIDATE_H

#include "crypto.h"

#include <espial/keyring.h>

enum { ESN_STARTS = 4 };        /* upper halves tried where no packet has proved one */

/* One key with or without extended sequence numbers. */
struct esp_candidate {
    const struct esp_keys *keys;        /* the log's or the keyring's */
    struct esp_opener *opener;          /* NULL until it is wanted */
    bool esn, refused;
    bool any;                           /* the log leaves its SPI open */
    bool derived;                       /* it is none of the log's */
    bool proved, has_top;
    uint32_t noise, sense;              /* packets whose ICV is right: what is inside */
    uint64_t top;                       /* highest verified sequence number */
};

/* A packet under way to its clear text. */
struct esp_job {
    const uint8_t *at;
    size_t len;
    uint32_t seq;
    struct esp_clear *out;
    bool named;                         /* the keys tried are the log's for this SPI */
    bool wrong;
    bool tried;                         /* keys that may be the SPI's fail */
    struct esp_candidate found;         /* a derived key that opens it */
};

/* NULL where the key has none. */
struct esp_opener *candidate_opener(struct esp_candidate *key);
/* A wrong key leaves out as it was. */
bool candidate_opens(struct esp_candidate *key, struct esp_job *j);
/* False: it must be verified after all. */
bool candidate_peeks(struct esp_candidate *key, struct esp_job *j);
/* The head of a packet that the capture cut.  believed: the key needs no IP packet of about
 * the right length to speak for it. */
bool candidate_opens_cut(struct esp_candidate *key, struct esp_job *j, size_t captured,
                         bool believed);

#endif
