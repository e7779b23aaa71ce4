/* heard.h - nonces and suites of IKE_SA_INIT, which anybody may have sent: several for each SPI,
 * until one has proved right.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_HEARD_H
#define ESPIAL_KEYRING_HEARD_H

#include "ring.h"

#include <espial/sighting.h>

/* What one request or answer said. */
struct heard {
    GBytes *nonce;
    struct ip_addr src, dst;
    struct key_suite suite;     /* of an answer: as chosen */
};

/* A list of them, of GPtrArray: KEYRING_MAX_NONCES at most. */
GPtrArray *heard_new(void);
const struct heard *heard_at(const GPtrArray *list, guint i);
/* A copy of one, unless the list has its nonce and suite; it takes a reference to the nonce.  True:
 * it was new.  *lost is set where another one had to go. */
bool heard_add(GPtrArray *list, const struct heard *one, bool *lost);
/* The same for one of another list, which both then have. */
void heard_share(GPtrArray *list, const struct heard *one);
/* Nothing but number i is left. */
void heard_keep_only(GPtrArray *list, guint i);
/* One is the answer's way back. */
bool heard_answers(const struct heard *answer, const struct heard *request);

#endif
