/* lives.h - the IKE SAs of a capture that were established, in the order in which the checks of
 * their ends compare them.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_LIVES_H
#define ESPIAL_LIVES_H

#include "expert.h"

/* How an IKE SA ended: by a Delete of it (RFC 7296 section 1.4.1, RFC 2408 section 3.15), or what
 * seems to be one. */
struct ending {
    double born, time;          /* when it was established, of IKEv1 when its last negotiation came
                                 * to its end; when the Delete came: epoch seconds */
    uint32_t frame;             /* of the Delete; 0: there is none */
    uint32_t answer;            /* of what answered it, 0 */
    bool by_initiator;          /* of the IKE SA */
    bool inferred;
};
struct ending ending_of(const struct ike_sa *sa);

/* An IKE SA that was established, and the two addresses of its ends, the lower one first. */
struct life {
    const struct ike_sa *sa;
    struct ending end;
    struct ip_addr low, high;
};

/* Those that no rekeying made or ended, of one pair of addresses beside each other, and of a pair
 * in order of frames.  The caller frees the array (of struct life). */
GArray *lives_new(const struct sadb *db);

static inline const struct life *
life_at(const GArray *lives, guint i)
{
    return &g_array_index(lives, struct life, i);
}
/* The place behind the last one of the pair of addresses of the one at i. */
guint lives_of_pair(const GArray *lives, guint i);

/* Another IKE SA between the same two was up, or coming up, when this one was deleted: that ended
 * no connection.  SAs are compared with those near it in lives. */
bool life_overlaps(const GArray *lives, guint i);
/* Its Delete came because the same user had come from another address, as far as is known; without
 * keys, because another client had just authenticated to the same gateway. */
bool life_pushed_out(const struct sadb *db, const struct life *one);
/* Who deleted it: its name and address. */
const char *life_closer(const struct life *one, char *out, size_t size);
/* "lisa@corp.example (192.0.2.10)", or the address alone. */
const char *life_end_print(const struct endpoint *e, char *out, size_t size);

/* An SA that is deleted within so many seconds has hardly been used. */
#define LIFE_AT_ONCE 2.0

#endif
