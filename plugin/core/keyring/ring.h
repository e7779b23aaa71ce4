/* ring.h - between keyring*.c.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_INTERNAL_H
#define ESPIAL_KEYRING_INTERNAL_H

#include "secrets.h"

#include <espial/keyring.h>

#include <glib.h>

enum { IKE_SPIS = 16 };         /* octets of both SPIs of an IKE SA */

struct keyring {
    struct keylog *log;
    const char *full;
    struct secrets *derived;    /* every key that was derived */
    GByteArray *clear;          /* of the last message, the caller's until the next one */

    /* IKEv2 */
    size_t indexed;             /* keys of the log that named and loose hold */
    GHashTable *named;          /* SPI of the initiator -> GPtrArray of const struct ike_keys * */
    GPtrArray *loose;           /* keys of the log that have opened nothing yet */
    GHashTable *sas2;           /* both SPIs -> struct ike2_sa */
    GHashTable *requests;       /* SPI of the initiator -> GBytes: the nonce of an IKE_SA_INIT not answered yet */
    GQueue *joins;              /* of struct join, the oldest first */
    size_t join_octets;

    /* IKEv1 */
    size_t indexed1;
    GHashTable *keys1;          /* cookie of the initiator -> GPtrArray of const struct keylog_ike1 * */
    GHashTable *sas1;           /* both cookies -> struct ike1_sa */

    /* ESP */
    GHashTable *origins;        /* SPI -> GPtrArray of struct origin */
    size_t num_origins;
    GHashTable *locks;          /* SPI -> struct esp_lock */
    GQueue *open_locks;         /* those with key schedules, the one used last first */
};

/* Says once what was reached. */
void keyring_reached(struct keyring *k, const char *what);
/* A copy that is overwritten when the keyring goes. */
const void *keyring_keep(struct keyring *k, const void *from, size_t size);
/* Tables by 8 or 16 octets of SPIs, hashed with a seed: strangers choose them. */
GHashTable *keyring_by_spi(GDestroyNotify free_value);      /* key: 8 octets */
GHashTable *keyring_by_spis(GDestroyNotify free_value);     /* key: IKE_SPIS octets */
uint64_t keyring_digest(const uint8_t *at, size_t len);
void keyring_spis(const struct ike_message *m, uint8_t out[IKE_SPIS]);
/* Copies key into the table. */
void keyring_put(GHashTable *t, const uint8_t *key, size_t len, void *value);

/* Wipes it before it grows. */
uint8_t *keyring_clear(struct keyring *k, size_t len);

/* What one alternative of a proposal needs for keys. */
struct key_suite {
    uint16_t encr, key_bits, integ, prf;
};
struct key_suite key_suite_of(const struct proposal *p);

/* --- keyring_ike2.c ----------------------------------------------------------- */

struct birth;
struct ike2_sa {
    uint8_t spis[IKE_SPIS];
    GPtrArray *keys;            /* const struct ike_keys * that have opened a message, the newest last */
    unsigned tries;             /* in vain, of loose keys */
    size_t cursor;              /* in loose */
    bool intermediate, fresh;   /* keys change at IKE_INTERMEDIATE; one has opened a message since */
    struct key_suite suite;     /* as chosen, prf 0 where not seen */
    GBytes *ni, *nr;            /* of IKE_SA_INIT; NULL */
    GQueue *offers;             /* of struct offer, the oldest first */
    struct birth *birth;        /* the rekeying that made it; NULL */
};
struct ike2_sa *ike2_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make);
void ike2_free(void *p);
void ike2_free_join(void *p);
bool ike2_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);
/* The keys that the log names for an IKE SA; NULL. */
const GPtrArray *ike2_named(struct keyring *k, const uint8_t *spi_i);

/* --- keyring_ike1.c ----------------------------------------------------------- */

struct ike1_sa {
    uint8_t spis[IKE_SPIS];
    uint16_t encr, key_bits, hash;      /* as chosen, the hash by its prf; 0 where not seen */
    GBytes *ke[2];              /* public values, in order of capture; NULL */
    uint8_t blocks[KEYRING_MAX_BLOCKS][CRYPT_BLOCK_MAX];    /* last ones of phase 1, the newest last */
    unsigned num_blocks;
    unsigned tries;             /* in vain */
    const struct keylog_ike1 *right;
    GQueue *exchanges;          /* of struct ike1_exchange, the one used last first */
    GQueue *offers;             /* of struct offer */
};
struct ike1_sa *ike1_sa_of(struct keyring *k, const uint8_t spis[IKE_SPIS], bool make);
void ike1_free(void *p);
bool ike1_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);
const GPtrArray *ike1_keys(struct keyring *k, const uint8_t *cookie);

/* --- keyring_learn.c: negotiations ---------------------------------------------- */

/* What the keys of one SPI follow from. */
struct origin {
    bool v1, second;            /* v2: KEYMAT has the keys of the other direction first */
    uint8_t spis[IKE_SPIS];     /* of the IKE SA */
    uint8_t spi[4];
    struct key_suite suite;     /* v1: prf too */
    bool exchanged;             /* with a key exchange of its own */
    size_t ke_len;              /* octets of its public value */
    GBytes *ni, *nr;
    unsigned tries;
    size_t cursor;
};

/* The rekeying that an IKE SA came from. */
struct birth {
    uint8_t parent[IKE_SPIS];
    struct key_suite suite;
    size_t ke_len;
    GBytes *ni, *nr;
    unsigned tries;
    size_t cursor;
};

void keyring_free_offer(void *p);
void keyring_free_origin(void *p);
void keyring_free_birth(void *p);

/* --- keyring_derive.c: keys that follow from them -------------------------------- */

/* Derived keys are believed only where fits says so; the first that fits is kept by the
 * keyring and returned, NULL where none does. */
typedef bool esp_keys_fit(void *context, const struct esp_keys *keys);
typedef bool ike_keys_fit(void *context, const struct ike_keys *keys);
const struct esp_keys *keyring_derive_esp(struct keyring *k, struct origin *o, esp_keys_fit *fits, void *context);
const struct ike_keys *keyring_derive_ike(struct keyring *k, struct birth *b, const uint8_t spis[IKE_SPIS],
                                          ike_keys_fit *fits, void *context);

/* --- keyring_clear.c: clear text, as far as it speaks for a key ------------------ */

/* Trailer, padding and head of the packet, without a look at its ICV; high: the upper half
 * of its sequence number. */
void clear_read(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len, uint32_t high);
/* For keys that nothing else proves; named: the log gives them to this very SPI. */
bool clear_plausible(const struct esp_clear *c, bool named);
/* For keys that the ICV has proved, and for a peek. */
bool clear_looks_right(const struct esp_clear *c);
/* Octets of the IP packet at the start of the head, as its header says; 0: it is none. */
size_t clear_ip_length(const uint8_t *head, size_t len);

/* --- keyring_esp.c ------------------------------------------------------------- */

void esp_lock_free(void *p);

#endif
