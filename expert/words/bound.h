/* bound.h - the virtual address that the planning sheet binds to a peer, against the one in use.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_WORDS_BOUND_H
#define ESPIAL_WORDS_BOUND_H

#include "expert.h"

struct bound_otherwise {
    char text[TEXT_MAX];        /* goes on behind the address in use: ", but the plan binds .." */
    char remedy[TEXT_MAX];
};
/* The plan binds another address to that end, and no network behind it has this one. */
bool plan_binds_otherwise(const struct check_in *in, struct bound_otherwise *out,
                          const struct endpoint *from, const struct ip_addr *src);

#endif
