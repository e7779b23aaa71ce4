/* turn.h - whose turn it is in a negotiation that is not finished.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TURN_H
#define ESPIAL_TURN_H

#include "expert.h"

/* What is due. */
enum due { DUE_NOTHING, DUE_IKE_AUTH, DUE_EAP, DUE_PHASE1, DUE_XAUTH, DUE_CONFIG, DUE_QUICK };

/* Whose turn it is in an IKE SA.  Nobody's, or it is not known: due is DUE_NOTHING, and x and last
 * are NULL. */
struct turn_due {
    const struct exchange *x;
    const struct exchange_message *last;        /* after which it is the other side's turn */
    double time;                /* of the last transmission of anything in x */
    unsigned again;             /* how often x's request came again after its answer */
    enum due due;
    bool shape;                 /* concluded from lengths and order, for nobody could read it */
};

/* words/turn.c.  Both sides of sa and its beginning must have been captured. */
struct turn_due whose_turn(const struct ike_sa *sa);
/* words/alone.c.  A phase 1 of IKEv1 that is up, begins in the capture, and has no quick mode. */
bool phase1_is_alone(const struct ike_sa *sa);
/* Says so as never_used, once it has lasted. */
void report_phase1_alone(const struct check_in *in, struct findings *out, const struct ike_sa *sa);
/* Octets of the requests, or of the answers, of an exchange of IKEv2. */
uint32_t exchange_octets(const struct exchange *x, bool response);

#endif
