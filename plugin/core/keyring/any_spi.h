/* any_spi.h - keys of ESP whose SPI the log leaves open.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_KEYRING_ANY_SPI_H
#define ESPIAL_KEYRING_ANY_SPI_H

#include "candidate.h"

struct keyring;

/* Their key schedules, and what is remembered of SPIs that none of them opened. */
struct any_spi;
struct any_spi *any_spi_new(void);
void any_spi_free(struct any_spi *a);

/* A packet of ESP was seen, of whatever SPI: it adds to the tries in stock. */
void any_spi_next(struct any_spi *a);
/* Tries them with a packet, captured of whose j->len octets are there, but for those keys that are
 * among the num of tried.  *out is the key that opens it, without opener. */
bool any_spi_opens(struct keyring *k, struct esp_job *j, size_t captured,
                   const struct esp_candidate *tried, unsigned num, struct esp_candidate *out);

#endif
