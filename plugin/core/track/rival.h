/* rival.h - several answers to the first requests of an IKE SA, of which one is believed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_RIVAL_H
#define ESPIAL_RIVAL_H

#include "track.h"

/* One answer, and what is known from it while another one is believed. */
struct rival {
    struct given_answer fact;
    struct exchange *exchange;
    uint32_t cookie;            /* hash of the cookie that it asks for, 0 */
    unsigned fits;              /* how well what it chooses fits the request */
    struct ike_sa sa;
    struct exchange x;
};

struct contest {
    struct rival **all;         /* each fact is one of sa->answers, at the same place */
    uint32_t current;           /* place of the one believed, from 1; 0: none */
    bool disturbed;             /* a request came after it: its facts are those that were kept */
};

static inline struct contest *
contest_of(struct ike_sa *sa)
{
    return (struct contest *)sa->contest;
}

/* The answer of x that was there before there were two. */
void rival_begin(struct turn *t, struct exchange *x);
/* Room for one more, the last of sa->answers. */
struct rival *rival_make_room(struct sadb *db, struct ike_sa *sa);
/* Keeps in r what is known now. */
void rival_keep(const struct ike_sa *sa, struct rival *r);
/* No answer is believed. */
void rival_step_back(struct sadb *db, struct ike_sa *sa);
/* The one at that place is, from 1. */
void rival_believe(struct sadb *db, struct ike_sa *sa, uint32_t place);
void rival_judge_answer(struct sadb *db, const struct rival *r, bool believed);
void rival_take_exchange(struct exchange *to, const struct exchange *from);
/* a is rather the answer that an initiator takes than b. */
bool rival_is_better(const struct rival *a, const struct rival *b);

#endif
