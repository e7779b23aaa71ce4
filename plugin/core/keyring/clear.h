/* clear.h - clear text of ESP, as far as it speaks for a key.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_CLEAR_H
#define ESPIAL_KEYRING_CLEAR_H

#include "crypto.h"

#include <espial/keyring.h>

/* Trailer, padding and head of the packet, without a look at its ICV; high: the upper half
 * of its sequence number. */
void clear_read(struct esp_opener *o, struct esp_clear *out, const uint8_t *at, size_t len,
                uint32_t high);
/* For keys that nothing else proves; named: the log gives them to this very SPI. */
bool clear_plausible(const struct esp_clear *c, bool named);
/* For keys that the ICV has proved, and for a peek. */
bool clear_looks_right(const struct esp_clear *c);
/* Of a packet whose ICV is right: neither padding nor header nor payload is anything. */
bool clear_is_noise(const struct esp_clear *c);
/* Octets of the IP packet at the start of the head, as its header says; 0: it is none. */
size_t clear_ip_length(const uint8_t *head, size_t len);

#endif
