/* neighbor.c - who asks for whose link address: ARP and neighbour discovery.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "step.h"

#include <espial/protocol.h>
#include <string.h>

static bool
is_unspecified(const struct ip_addr *a)
{
    static const uint8_t zero[sizeof a->bytes];

    return memcmp(a->bytes, zero, ip_len(a)) == 0;
}

/* Who asks for its own address, or under none, looks whether it is free. */
static bool
asks_for_another(const struct frame_part *p)
{
    return !is_unspecified(&p->src) && !ip_equal(&p->src, &p->dst);
}

enum step
enter_arp(struct frame_walk *w)
{
    enum { FIXED = 8, IPV4_LENGTH = 4, ASKS = 1, ANSWERS = 2 };
    const uint8_t *h = w->rest.at;
    size_t link;

    if (w->rest.captured < FIXED || be16(h + 2) != TYPE_IPV4 || h[5] != IPV4_LENGTH) {
        return STEP_DONE;
    }
    link = h[4];
    if (w->rest.captured < FIXED + 2 * (link + IPV4_LENGTH) ||
        (be16(h + 6) != ASKS && be16(h + 6) != ANSWERS)) {
        return STEP_DONE;
    }
    w->now.src = ip_from(4, h + FIXED + link);
    w->now.dst = ip_from(4, h + FIXED + 2 * link + IPV4_LENGTH);
    w->now.answers = be16(h + 6) == ANSWERS;
    w->now.kind = FRAME_NEIGHBOR;
    w->now.octets = w->rest;
    return asks_for_another(&w->now) ? STEP_GIVE : STEP_DONE;
}

bool
is_neighbor(struct frame_walk *w)
{
    enum { SOLICITATION = 135, ADVERTISEMENT = 136, TARGET = 8, LENGTH = 24 };
    const uint8_t *h = w->rest.at;
    struct ip_addr target;

    if (w->rest.captured < LENGTH || (h[0] != SOLICITATION && h[0] != ADVERTISEMENT)) {
        return false;
    }
    target = ip_from(6, h + TARGET);
    w->now.answers = h[0] == ADVERTISEMENT;
    if (w->now.answers) {
        w->now.src = target;
    } else {
        w->now.dst = target;
    }
    return asks_for_another(&w->now);
}
