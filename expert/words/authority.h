/* authority.h - a certificate against what the other side asks for.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_WORDS_AUTHORITY_H
#define ESPIAL_WORDS_AUTHORITY_H

#include "expert.h"

/* One sentence each, or "" where nothing can be said. */
struct authority_words {
    char text[TEXT_MAX], remedy[TEXT_MAX];
    bool asked;                 /* it is of an authority that is asked for */
    bool sure;                  /* it is, or the two sides ask for different ones */
};
/* Of the certificate that that side shows. */
void authority_say(struct authority_words *say, const struct ike_sa *sa, bool of_initiator);

#endif
