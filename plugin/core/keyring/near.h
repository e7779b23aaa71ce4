/* near.h - keys that do not fit: which neighbouring assumption does.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_NEAR_H
#define ESPIAL_KEYRING_NEAR_H

#include "candidate.h"
#include "ring.h"

/* True for the first, second, fourth, eighth .. call: strangers' packets before the first true one
 * shall neither cost much nor use the chances up. */
static inline bool
near_is_due(unsigned *failed)
{
    unsigned n = ++*failed;

    return (n & (n - 1)) == 0;
}

/* Looks for what opens the packet of j, which none of the num candidates does: j->out->near. */
void near_miss_esp(struct keyring *k, const struct esp_candidate *candidates, unsigned num,
                   const struct esp_job *j);

/* The same for a message of IKEv2 with the keys (of struct ike_keys) that the log names for its SA;
 * body and out are ike2_open's. */
struct key_near near_miss_ike(struct keyring *k, const GPtrArray *named,
                              const struct ike_message *m, const uint8_t *at, size_t body,
                              uint8_t *out);

#endif
