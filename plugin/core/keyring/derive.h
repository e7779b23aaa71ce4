/* derive.h - keys that follow from negotiations.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_DERIVE_H
#define ESPIAL_KEYRING_DERIVE_H

#include "sas.h"

/* Derived keys are believed only where fits says so; the first that fits is kept by the
 * keyring and returned, NULL where none does. */
typedef bool esp_keys_fit(void *context, const struct esp_keys *keys);
typedef bool ike_keys_fit(void *context, const struct ike_keys *keys);
const struct esp_keys *keyring_derive_esp(struct keyring *k, struct origin *o, esp_keys_fit *fits, void *context);
const struct ike_keys *keyring_derive_ike(struct keyring *k, struct birth *b, const uint8_t spis[IKE_SPIS],
                                          ike_keys_fit *fits, void *context);

#endif
