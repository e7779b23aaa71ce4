/* reason.h - why an authentication was rejected, as far as the capture shows: sentences
 * and remedies for the checks of a refusal.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REASON_H
#define ESPIAL_REASON_H

#include "checks.h"

/* What the capture shows of the side that is rejected, as sentences that begin with a space, and
 * what to do about it; both may be empty. */
struct reason {
    char text[TEXT_MAX], remedy[TEXT_MAX];
};

/* words/reason.c.  Of the message at hand, which rejects the initiator or the responder. */
void find_reason(const struct check_in *in, bool of_initiator, struct reason *why);
/* The reason is that the same person was let in before; false where it was not. */
bool earlier_session(const struct check_in *in, struct reason *why);
/* The first request was read and proves nothing: the initiator wants EAP (RFC 7296 section 2.16),
 * and nobody has asked for the user's credential yet. */
bool offers_eap(const struct check_in *in);

/* An authentication method that is a signature; one that is a pre-shared key. */
bool method_signs(uint8_t major, uint16_t method);
bool method_has_key(uint8_t major, uint16_t method);

#define AFTER_EAP_REMEDY \
    "See in the log of the gateway and of its RADIUS server what is checked after the " \
    "password: a limit of sessions for each user (an older session that is still up), the " \
    "user's group or rights, the pool of addresses."

#endif
