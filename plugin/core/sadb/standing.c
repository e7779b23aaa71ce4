/* standing.c - how far a capture proves who said something.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/event.h>

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
 * clear; what it cannot tie to an SA, it may ask about.  IKEv1: RFC 2408 section 5.2.  It says one
 * such thing and nothing else. */
static bool
is_outside_sa(const struct ike_message *m)
{
    if (m->num_notifies != 1 || m->num_payloads > 1 + m->num_vendors) {
        return false;
    }
    if (m->major == 1) {
        return ike_find_notify(m, N1_INVALID_COOKIE) || ike_find_notify(m, N1_INVALID_SPI);
    }
    if (ike_is_response(m)) {
        return ike_find_notify(m, N2_INVALID_IKE_SPI) ||
               ike_find_notify(m, N2_INVALID_MAJOR_VERSION);
    }
    return m->exchange == V2_INFORMATIONAL && ike_find_notify(m, N2_INVALID_SPI);
}

/* The first four messages of Main Mode by what they hold: sent again or made up, they are no
 * fifth. */
static bool
opens_main_mode(const struct ike_message *m)
{
    return m->num_proposals || m->sa_count || m->has_ke;
}

static bool
v1_demands_protection(const struct ike_message *m, size_t before, bool established)
{
    switch (m->exchange) {
    case V1_MAIN:
        return !opens_main_mode(m) &&
               (before >= MAIN_CLEAR_MESSAGES || m->id_i.present || m->has_auth);
    case V1_INFORMATIONAL: return established && !is_outside_sa(m);
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
    return true;
}

bool
ike_is_denial(const struct ike_message *m)
{
    return !m->encrypted && m->exchange != V2_IKE_SA_INIT && m->exchange != V2_IKE_SESSION_RESUME &&
           (m->major == 2 || m->exchange == V1_INFORMATIONAL) && is_outside_sa(m);
}
