/* step.h - between the two halves of the walk.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FRAME_INTERNAL_H
#define ESPIAL_FRAME_INTERNAL_H

#include <espial/cursor.h>
#include <espial/frame.h>

/* What rest begins with.  Those before STEP_IP are of links. */
enum step { STEP_ETHERNET, STEP_SLL, STEP_SLL2, STEP_NULL, STEP_PPP, STEP_ETHERTYPE, STEP_IP, STEP_PROTOCOL, STEP_GIVE, STEP_DONE };

/* One layer of a link; type says what STEP_ETHERTYPE has in front. */
enum step enter_link(struct frame_walk *w);

/* False, and unchanged, where fewer than n octets were captured. */
static inline bool
octets_skip(struct octets *o, size_t n)
{
    if (o->captured < n) {
        return false;
    }
    o->at += n;
    o->captured -= n;
    o->reported -= n;
    return true;
}

/* No more than n octets belong to it; what follows is another layer's trailer. */
static inline void
octets_trim(struct octets *o, size_t n)
{
    o->reported = n < o->reported ? n : o->reported;
    o->captured = o->captured < o->reported ? o->captured : o->reported;
}

#endif
