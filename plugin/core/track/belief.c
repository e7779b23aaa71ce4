/* belief.c - how much a message counts before anything of it is kept.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* The keys change at IKE_INTERMEDIATE, and the verdict is of the old ones (RFC 9242
 * section 3.3.1), which stands before IKE_AUTH. */
bool
track_fails_integrity(const struct ike_sa *sa, const struct ike_message *m)
{
    for (guint i = 0; i < sa->exchanges.len && i < EXCHANGES_LOOKED_AT && m->integrity_wrong; i++) {
        if (sa->exchanges.at[i]->type == V2_IKE_INTERMEDIATE) {
            return false;
        }
    }
    return m->integrity_wrong;
}

bool
track_refutes(const struct ike_sa *sa, const struct ike_message *m)
{
    return sa->num_readable && track_fails_integrity(sa, m);
}

/* What was lawful once may be sent again later.  Only IKEv2 opens a message by its checksum. */
enum standing
track_standing(const struct turn *t, uint64_t sum)
{
    const struct ike_message *m = t->m;
    const struct exchange_message *old =
        t->exchange ? track_find_message(t->exchange, sum, t->e->from_initiator) : NULL;
    size_t before = m->major == 1 && t->exchange ? sadb_whole_messages(t->exchange) : 0;
    struct protection p = {
        .demanded = ike_demands_protection(m, before, t->sa && t->sa->established_in != 0),
        .encrypted = m->encrypted, .readable = m->readable,
        .verified = m->major == 2 && !m->integrity_wrong,
    };

    return old ? (enum standing)old->standing : standing_of(&p);
}
