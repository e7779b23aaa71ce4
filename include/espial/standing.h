/* standing.h - how far a capture proves who said something.  A basis tells how Espial came to know
 * it; a standing tells how much it counts.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STANDING_H
#define ESPIAL_STANDING_H

#include <espial/ike.h>

/* In order: what has a higher standing is never overwritten, ended or blamed by a lower one.  A
 * message has its standing in struct exchange_message; what is read from it has the same one. */
enum standing {
    STANDING_UNLAWFUL,          /* in clear where the exchange demands protection: changes
                                 * nothing */
    STANDING_CLAIMED,           /* in clear where that is lawful: anybody may have said it */
    STANDING_PROTECTED,         /* encrypted as the exchange demands; whether it is genuine was not
                                 * verified */
    STANDING_AUTHENTICATED      /* opened with a key, its integrity verified */
};

/* What is known of the protection of a message. */
struct protection {
    bool demanded;              /* ike_demands_protection */
    bool encrypted;
    bool readable;              /* its clear text was read */
    bool verified;              /* by a key that belongs to it: IKEv2's checksum */
};
enum standing standing_of(const struct protection *p);

/* The message must be encrypted.  before: how many whole messages its exchange had before it;
 * established: its IKE SA was, before it.  IKEv2: all messages after IKE_SA_INIT (RFC 7296 sections
 * 1.2 to 1.4), as after IKE_SESSION_RESUME (RFC 5723 section 4.3.1), save for denials.  IKEv1: Main
 * Mode from the fifth message on and phase 2 (RFC 2409 sections 5 and 5.5), Informationals of an SA
 * that is established (section 5.7) save for denials; the third message of Aggressive Mode may go
 * in clear (section 5.1), and a fragment is only part of what its message protects. */
bool ike_demands_protection(const struct ike_message *m, size_t before, bool established);
/* In clear, and all that it says is that its sender has no such SA or SPI, or not that version:
 * RFC 7296 section 1.5, RFC 2408 section 5.2.  Who has lost the SA cannot protect it, and anybody
 * can send it (RFC 7296 section 2.21.4). */
bool ike_is_denial(const struct ike_message *m);

#endif
