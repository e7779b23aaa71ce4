/* policy.c - for what a known choice or offer was made, and whether it binds its sender elsewhere.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/sadb.h>

#include <string.h>

/* Phase 1 is configured for a mode, so that a choice in one says nothing of the other.  An IKE SA
 * is rekeyed by what set it up. */
static bool
same_ike_matter(const struct policy *a, const struct policy *b)
{
    return a->exchange->type == b->exchange->type || (a->sa == b->sa && a->sa->major == 2);
}

static bool
is_child_exchange(const struct exchange *x)
{
    return x->type == V1_QUICK || x->type == V2_IKE_AUTH ||
           (x->type == V2_CREATE_CHILD_SA && !x->rekeys_ike);
}

/* A packet's own addresses before its network's, as kernels ask, change nothing. */
static bool
all_within(const struct selector *some, size_t num_some, const struct selector *all, size_t num)
{
    for (size_t i = 0; i < num_some; i++) {
        bool held = false;
        for (size_t k = 0; k < num && !held; k++) {
            held = selector_within(&some[i], &all[k]);
        }
        if (!held) {
            return false;
        }
    }
    return true;
}

static bool
same_networks(const struct policy *a, const struct policy *b)
{
    if (!a->exchange->by_ts_known || !b->exchange->by_ts_known) {
        /* A quick mode without identities is for the two hosts themselves (RFC 2409 section
         * 5.5). */
        return a->sa->major == 1 && a->exchange->by_ts_known == b->exchange->by_ts_known;
    }
    for (unsigned sayer = 0; sayer < 2; sayer++) {
        size_t num_a, num_b;
        /* Who chooses has not begun the exchange; who offers has. */
        const struct selector *s = exchange_selectors(a->exchange, a->chosen != sayer, &num_a),
                              *t = exchange_selectors(b->exchange, b->chosen != sayer, &num_b);
        if (!all_within(s, num_a, t, num_b) || !all_within(t, num_b, s, num_a)) {
            return false;
        }
    }
    return true;
}

static const struct endpoint *
end_of(const struct policy *p, bool sayer)
{
    bool begun_by_sayer = !p->chosen;

    return (p->exchange->by_initiator == begun_by_sayer) == sayer ? &p->sa->initiator :
                                                                    &p->sa->responder;
}

static bool
same_end(const struct endpoint *a, const struct endpoint *b)
{
    return a->id && b->id ? strcmp(a->id, b->id) == 0 : ip_equal(&a->addr, &b->addr);
}

bool
policy_same_matter(const struct policy *a, const struct policy *b)
{
    if (a->sa->major != b->sa->major || a->kept->p->protocol != b->kept->p->protocol) {
        return false;
    }
    if (a->kept->p->protocol == PROTO_IKE) {
        return same_ike_matter(a, b);
    }
    return is_child_exchange(a->exchange) && is_child_exchange(b->exchange) &&
           same_networks(a, b) && same_end(end_of(a, true), end_of(b, true)) &&
           same_end(end_of(a, false), end_of(b, false));
}

bool
policy_is_for(const struct policy *known, const struct ike_sa *sa, const struct exchange *x,
              const struct kept_proposal *offered)
{
    const struct policy now = { offered, 0, true, sa, x };

    return policy_same_matter(known, &now);
}
