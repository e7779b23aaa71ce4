/* derive.h - keys that follow from negotiations.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_DERIVE_H
#define ESPIAL_KEYRING_DERIVE_H

#include "sas.h"

/* True where these keys open the packet or message that the context has. */
typedef bool esp_keys_open(void *context, const struct esp_keys *keys);
typedef bool ike_keys_open(void *context, const struct ike_keys *keys);

/* Keys of the direction whose packets go to child->spi (RFC 7296 section 2.17, RFC 2409 section
 * 5.5): the first ones that opens says true of, which the keyring owns; NULL where there are none,
 * or none among those that one call tries. */
const struct esp_keys *keyring_derive_esp(struct keyring *k, struct child_negotiation *child,
                                          esp_keys_open *opens, void *context);
/* The same for a rekeyed IKE SA (RFC 7296 section 2.18), whose SPIs are spis. */
const struct ike_keys *keyring_derive_ike(struct keyring *k, struct ike_rekeying *rekeying,
                                          const uint8_t spis[IKE_SPIS], ike_keys_open *opens,
                                          void *context);

#endif
