/* open.h - what opens messages and packets, for the container.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_OPEN_H
#define ESPIAL_KEYRING_OPEN_H

#include "ring.h"

bool ike2_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);
void reassembly_free(void *p);
bool ike1_read(struct keyring *k, struct ike_message *m, const uint8_t *at, size_t captured);
void spi_keys_free(void *p);
/* The keys of ESP that are named for an SPI that was seen, and those that opened a packet. */
void spi_keys_use(const struct keyring *k, struct key_use *use);

#endif
