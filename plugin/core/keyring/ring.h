/* ring.h - the container of keys at work, and the tools of its files.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_RING_H
#define ESPIAL_KEYRING_RING_H

#include "budget.h"
#include "crypto.h"
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
    GQueue *unproved2[2];       /* of them, that no key has opened, the oldest first: those whose
                                 * SPI the log does not name, and those that it names */
    struct budget loose_tries;
    struct budget near_tries;   /* of what is almost a key given */
    size_t loose_cursor;        /* of an SA that is new while tries are short */
    GHashTable *requests;       /* SPI of the initiator -> struct init_requests */
    size_t num_requests;        /* nonces of all of them .. */
    size_t most_requests;       /* .. and how many there may be until some must go */
    GQueue *reassemblies;       /* of struct reassembly, the oldest first */
    size_t reassembly_octets;

    /* IKEv1 */
    size_t indexed1;
    GHashTable *keys1;          /* cookie of the initiator -> GPtrArray of struct keylog_ike1 */
    GHashTable *sas1;           /* both cookies -> struct ike1_sa */
    GQueue *unproved1;          /* of them, as unproved2 */

    /* ESP */
    GHashTable *negotiations;   /* SPI -> GPtrArray of struct child_negotiation */
    size_t num_negotiations;
    GHashTable *spi_keys;       /* SPI -> struct spi_keys */
    GQueue *with_openers;       /* those with key schedules, the one used last first */
    size_t open_octets;         /* of their key schedules, about */
    struct any_spi *any_spi;
    size_t num_any_spis;        /* SPIs that its keys have opened */
};

/* Remembers the first bound that was reached, static text for keyring_full. */
void keyring_reached(struct keyring *k, const char *what);
/* A copy that is overwritten when the keyring goes. */
const void *keyring_keep(struct keyring *k, const void *from, size_t size);
/* Tables by 8 or 16 octets of SPIs, hashed with a seed: strangers choose them. */
GHashTable *keyring_by_spi(GDestroyNotify free_value);      /* key: 8 octets */
GHashTable *keyring_by_spis(GDestroyNotify free_value);     /* key: IKE_SPIS octets */
/* Both SPIs of a message, the key of the tables of IKE SAs. */
void keyring_spis(const struct ike_message *m, uint8_t out[IKE_SPIS]);
/* Copies key into the table. */
void keyring_put(GHashTable *t, const uint8_t *key, size_t len, void *value);

/* At least len octets for a clear text, the keyring's; what was there before is overwritten. */
uint8_t *keyring_clear(struct keyring *k, size_t len);

/* What one alternative of a proposal needs for keys. */
struct key_suite {
    uint16_t encr, key_bits, integ, prf;
};
struct key_suite key_suite_of(const struct proposal *p);

#endif
