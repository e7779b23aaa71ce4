/* shape.h - what a message of IKEv2 shows of itself without keys: the type of its first encrypted
 * payload stands in clear (RFC 7296 section 3.14), and lengths bound the rest.  Whoever is on the
 * path can make a message of any shape: what rests on one is inferred.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SHAPE_H
#define ESPIAL_SHAPE_H

#include <espial/facts.h>

enum shape {
    SHAPE_UNKNOWN,      /* in clear, not the first fragment, or of IKEv1 */
    SHAPE_EMPTY,        /* nothing inside: a liveness check, or a bare acknowledgement */
    SHAPE_NOTIFY,       /* so short that it holds a notify and nothing else of weight */
    SHAPE_NOTIFIES,     /* begins with a notify, and holds more */
    SHAPE_DELETE,       /* a Delete; of which SA the length does not tell */
    SHAPE_DELETE_IKE,   /* a Delete too short for an SPI: of the IKE SA (RFC 7296 section 3.11) */
    SHAPE_DELETE_CHILD, /* a Delete too long for the IKE SA's: of Child SAs */
    SHAPE_EAP,          /* an EAP message (RFC 7296 section 2.16) */
    SHAPE_EAP_END,      /* an EAP message as short as Success or Failure */
    SHAPE_AUTH,         /* begins with AUTH: the last round of EAP, either way */
    SHAPE_OTHER         /* begins with something else: an identity, an SA, .. */
};

/* The shape of a message of sa.  Of what was read it says the same; the payloads say more. */
enum shape message_shape(const struct ike_sa *sa, const struct exchange_message *m);
/* The first message of that side of x that is whole or the first fragment, and is not refuted;
 * NULL. */
const struct exchange_message *exchange_side(const struct exchange *x, bool response);
/* The shape of the request or the response of x; SHAPE_UNKNOWN where it was not captured. */
enum shape exchange_shape(const struct ike_sa *sa, const struct exchange *x, bool response);
/* The answer of x, which nobody could read, begins as a success does, and is too short to hold an
 * SA for traffic beside it (RFC 7296 sections 1.2 and 2.21.2): only the IKE SA was made. */
bool answer_lacks_child(const struct ike_sa *sa, const struct exchange *x);

#endif
