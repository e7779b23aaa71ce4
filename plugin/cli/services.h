/* services.h - whose a UDP datagram is when both of its ports are of a service.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CLI_SERVICES_H
#define ESPIAL_CLI_SERVICES_H

#include <espial/frame.h>

/* What Wireshark's dissectors take the datagram of that part for, which frame_next has given for a
 * port of IKE: the lower port is asked first.  Bits of enum feed_layer, 0: for none of IPsec. */
unsigned services_layers(const struct frame_part *part);

#endif
