/* own_ports.h - UDP ports on which IKE was found by its form, and between whom.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_OWN_PORTS_H
#define ESPIAL_OWN_PORTS_H

#include <espial/feed.h>

struct own_ports;
struct own_ports *own_ports_new(void);
void own_ports_free(struct own_ports *own);     /* NULL is allowed */
const uint64_t *own_ports_bits(const struct own_ports *own);
void own_ports_add(struct own_ports *own, const struct sighting *at);
bool own_ports_capped(const struct own_ports *own);     /* some were left out */
/* On ports of their own: IKE was found there by that frame, or some Child SA has the SPI. */
bool own_ports_known(const struct feed *f, const struct frame_part *part, uint32_t frame);

#endif
