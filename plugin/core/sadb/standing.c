/* standing.c - how far a capture proves who said something.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/standing.h>

enum { MAIN_CLEAR_MESSAGES = 4 };       /* RFC 2409 section 5: SA, KE and nonce of each side */

enum standing
standing_of(const struct protection *p)
{
    if (!p->encrypted) {
        return p->demanded ? STANDING_UNLAWFUL : STANDING_CLAIMED;
    }
    return p->readable && p->verified ? STANDING_AUTHENTICATED : STANDING_PROTECTED;
}

/* RFC 7296 sections 1.5 and 2.5: a node that has no such SA, or not that version, answers in
 * clear; what it cannot tie to an SA, it may ask about. */
static bool
is_outside_sa(const struct ike_message *m)
{
    if (ike_is_response(m)) {
        return ike_find_notify(m, N2_INVALID_IKE_SPI) ||
               ike_find_notify(m, N2_INVALID_MAJOR_VERSION);
    }
    return m->exchange == V2_INFORMATIONAL && ike_find_notify(m, N2_INVALID_SPI);
}

static bool
v1_demands_protection(const struct ike_message *m, size_t before, bool established)
{
    switch (m->exchange) {
    case V1_MAIN: return before >= MAIN_CLEAR_MESSAGES;
    case V1_INFORMATIONAL: return established;
    case V1_QUICK:
    case V1_NEW_GROUP:
    case V1_TRANSACTION: return true;
    default: return false;
    }
}

bool
ike_demands_protection(const struct ike_message *m, size_t before, bool established)
{
    if (m->major == 1) {
        return !m->fragment && v1_demands_protection(m, before, established);
    }
    if (m->exchange == V2_IKE_SA_INIT || m->exchange == V2_IKE_SESSION_RESUME || is_outside_sa(m)) {
        return false;
    }
    return m->exchange != V2_INFORMATIONAL || established;
}
