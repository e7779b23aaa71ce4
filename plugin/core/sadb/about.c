/* about.c - what reports and fields tell of one SA.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/sadb.h>

const char *
ike_sa_method(const struct ike_sa *sa, char *out, size_t size)
{
    if (!sa->auth_method_in) {
        return NULL;
    }
    if (sa->eap) {
        return "EAP";
    }
    return sa->auth_method ? auth_method_name(sa->major, sa->auth_method, out, size) : NULL;
}

/* Those that are the SA's own: nobody has put them in. */
static bool
is_own(const struct exchange *x, const struct exchange_message *m)
{
    return !x->injected && !m->injected && !m->forged;
}

const char *
ike_sa_standing_name(const struct ike_sa *sa)
{
    enum standing best = STANDING_CLAIMED;

    for (uint32_t i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (uint32_t k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            if (is_own(x, m) && m->standing > best) {
                best = (enum standing)m->standing;
            }
        }
    }
    return best == STANDING_AUTHENTICATED ? "authenticated" :
           best == STANDING_PROTECTED     ? "protected" :
                                            "claimed";
}

bool
ike_sa_times(const struct ike_sa *sa, double *first, double *last)
{
    bool some = false;

    for (uint32_t i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (uint32_t k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            double end = m->again ? MAX(m->time, m->again->last_time) : m->time;
            if (!is_own(x, m)) {
                continue;
            }
            *first = some ? MIN(*first, m->time) : m->time;
            *last = some ? MAX(*last, end) : end;
            some = true;
        }
    }
    return some;
}

const struct ike_sa *
child_owner(const struct sadb *db, const struct child_sa *c, uint32_t frame)
{
    const struct ike_sa *sa = c->ike_sa;

    for (unsigned i = 0; i < SADB_MAX_PER_PEER && sa->major == 2 && sa->rekeyed_by != NO_ID; i++) {
        const struct ike_sa *next = sadb_ike_sa(db, sa->rekeyed_by);
        if (!next || next->established_in > frame || (c->deleted_in && c->deleted_in < frame)) {
            break;
        }
        sa = next;
    }
    return sa;
}
