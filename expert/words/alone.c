/* alone.c - a phase 1 of IKEv1 that is up, and no SA for traffic follows (RFC 2409 section 5.5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/turn.h"

enum { EXCHANGES_OF_PHASE1 = 64 };
#define CLOSED_AT_ONCE_S 2.0    /* what ends sooner is closed_at_once */
#define QUIET_S 30.0
#define PERSON_S 60.0           /* someone may be typing */

static bool
has_quick_mode(const struct ike_sa *sa)
{
    bool found = sa->children.len > 0;

    for (guint i = 0; !found && i < sa->exchanges.len && i <= EXCHANGES_OF_PHASE1; i++) {
        found = sa->exchanges.at[i]->type == V1_QUICK;
    }
    return found || sa->exchanges.len > EXCHANGES_OF_PHASE1;
}

bool
phase1_is_alone(const struct ike_sa *sa)
{
    return sa->major == 1 && sa->started_here && sa->established_in && sa->from_initiator &&
           sa->from_responder && sa->state != IKE_FAILED && sa->rekeys == NO_ID &&
           sa->rekeyed_by == NO_ID && !sa->refused_child && !has_quick_mode(sa);
}

/* When it, or XAUTH or Mode Config in it, was last at work; open: a request of theirs waits. */
static double
last_work(const struct ike_sa *sa, bool *open)
{
    double last = sa->established_time;

    *open = false;
    for (guint i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        const struct exchange_message *m =
            x->type == V1_INFORMATIONAL || x->injected ? NULL : last_message(x, 0);
        last = m ? MAX(last, (m->again ? m->again->last_time : m->time)) : last;
        *open |= x->type == V1_TRANSACTION && !x->injected && sadb_whole_messages(x) < 2;
    }
    return last;
}

void
report_phase1_alone(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    bool open;
    double last = last_work(sa, &open),
           end = sa->deleted_in ? sa->deleted_time : sadb_last_time(in->db);
    bool transactions = last > sa->established_time;
    struct scope where = { .frame = sa->established_in, .sa = sa, .exchange = NO_ID };
    double least = sa->deleted_in ? CLOSED_AT_ONCE_S : transactions ? PERSON_S : QUIET_S;
    char i[ID_TEXT_MAX], r[ID_TEXT_MAX], until[96], remedy[TEXT_MAX], ip[ADDR_TEXT_MAX];

    if (open || end - last < least) {
        return;
    }
    if (sa->deleted_in) {
        g_snprintf(until, sizeof until, "the %.0f s until it is deleted (frame %u)", end - last,
                   sa->deleted_in);
    } else {
        g_snprintf(until, sizeof until, "the %.0f s captured after it", end - last);
    }
    g_snprintf(remedy, sizeof remedy,
               "Send a packet into the tunnel from the side of %s, or configure the connection "
               "there to start immediately: many daemons start quick mode with the first packet. "
               "If it still does not, its log says why: no networks configured, or it waits for an "
               "address from Mode Config. If this phase 1 only replaces one from before the "
               "capture, nothing is wrong.", ip_print(&sa->initiator.addr, ip, sizeof ip));
    where.remedy = remedy;
    where.basis = sa->num_encrypted > sa->num_readable ? BASIS_INFERRED : BASIS_DECRYPTED;
    finding_add(out, CHECK_never_used, &where,
                "Phase 1 between %s and %s is complete (frame %u)%s, but no quick mode follows in "
                "%s: there is no SA for traffic.%s",
                endpoint_print(&sa->initiator, i, sizeof i),
                endpoint_print(&sa->responder, r, sizeof r), sa->established_in,
                transactions ? ", followed by XAUTH or Mode Config" : "", until,
                where.basis != BASIS_INFERRED ? "" :
                " Suggests that no traffic required one, or that one end gave up; its messages are "
                "encrypted.");
}
