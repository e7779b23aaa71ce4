/* quoted.h - the start of a packet that a notify quotes.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_QUOTED_H
#define ESPIAL_QUOTED_H

#include "expert.h"

struct quoted {
    struct inner_packet packet; /* its first IP header */
    bool is_outer;              /* and that is the outer one: ESP, in UDP or not, or AH */
    bool is_ipsec;              /* whose header is there, too */
    uint32_t spi, seq;          /* of that */
};

/* words/quoted.c.  False where the octets are no IP packet. */
bool quoted_read(struct quoted *out, struct span data);
/* The frame of that packet, where it is among the last ones of its stream; 0. */
uint32_t quoted_frame(const struct quoted *q, const struct child_sa *c);
/* "10.9.9.9 to 10.2.0.1, tcp from port 40000 to 443", to end a sentence. */
const char *quoted_say(const struct quoted *q, char *out, size_t size);

#endif
