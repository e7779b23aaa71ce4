/* check_contention.c - one identity on two devices, each of which pushes the other out.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/lives.h"

#include <string.h>

enum { NEXT = 16 };             /* IKE SAs after one, among which the one that pushes it out is
                                 * looked for */
#define AFTER_SECONDS 2.0       /* from the new IKE SA to the Delete of the old one */
#define BLIND_BEFORE_SECONDS 0.5        /* without keys: from the request to the Delete, .. */
#define BLIND_AFTER_SECONDS 0.1         /* and from the answer to it */
#define TURN_SECONDS 300.0      /* from one push to the next */

struct claim {
    const struct ike_sa *sa;
    struct ending end;
    uint32_t pushed_by;         /* place of the one for which it went, 0: of none */
    bool silently;
};

static int
compare_claims(const void *a, const void *b)
{
    const struct ike_sa *x = ((const struct claim *)a)->sa, *y = ((const struct claim *)b)->sa;
    int by_gateway = ip_compare(&x->responder.addr, &y->responder.addr);
    int by_id = by_gateway ? by_gateway : g_strcmp0(ike_sa_user(x), ike_sa_user(y));

    return by_id ? by_id :
                   (x->established_in > y->established_in) -
                       (x->established_in < y->established_in);
}

/* Of all IKE SAs, those of one user with one gateway beside each other, in order of frames. */
static GArray *
claims_new(const struct sadb *db)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(struct claim));

    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        struct claim one = { .sa = sadb_ike_sa(db, i) };
        if (one.sa->established_in && one.sa->rekeys == NO_ID) {
            one.end = ending_of(one.sa);
            g_array_append_val(all, one);
        }
    }
    g_array_sort(all, compare_claims);
    return all;
}

static struct claim *
claim_at(const GArray *all, guint i)
{
    return &g_array_index(all, struct claim, i);
}

static bool
same_user(const struct ike_sa *a, const struct ike_sa *b)
{
    return ip_equal(&a->responder.addr, &b->responder.addr) &&
           g_strcmp0(ike_sa_user(a), ike_sa_user(b)) == 0;
}

/* Behind a NAT a port is a device. */
static bool
same_place(const struct ike_sa *a, const struct ike_sa *b)
{
    return ip_equal(&a->initiator.addr, &b->initiator.addr) &&
           (a->initiator.port == b->initiator.port || !ike_sa_behind_nat(a, true));
}

/* The gateway deletes old for fresh, and the device that held old is there to answer: one that has
 * moved would not be. */
static bool
deletes_for(const struct claim *old, const struct claim *fresh)
{
    const struct ending *end = &old->end;
    const struct ike_sa *now = fresh->sa;
    const struct exchange *x = NULL;

    if (!end->frame || end->by_initiator || end->frame < now->first_frame ||
        (old->sa->major == 2 && !end->answer)) {
        return false;
    }
    if (old->sa->initiator.id) {
        return end->time - now->established_time < AFTER_SECONDS;
    }
    /* any two clients of the gateway: only the moment tells */
    for (guint i = 0; i < now->exchanges.len && i < NEXT && !x; i++) {
        x = now->exchanges.at[i]->response == now->established_in ? now->exchanges.at[i] : NULL;
    }
    return x && x->request && x->request < end->frame &&
           end->time - x->request_time < BLIND_BEFORE_SECONDS &&
           end->time - now->established_time < BLIND_AFTER_SECONDS;
}

/* The gateway drops old without a word: its device goes on sending, and nothing comes back. */
static bool
drops_for(const struct claim *claim, const struct ike_sa *fresh)
{
    const struct ike_sa *old = claim->sa;
    bool goes_on = false;

    if (!old->initiator.id || claim->end.frame || old->last_from_r > fresh->established_in) {
        return false;
    }
    for (struct newest n = newest_first(old->children.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct child_sa *c = old->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            bool later = s->last_time > fresh->established_time + AFTER_SECONDS / 4;
            if (later && !s->to_responder) {
                return false;
            }
            goes_on |= later;
        }
    }
    return goes_on;
}

static void
find_pushes(const GArray *all)
{
    for (guint i = 0; i < all->len; i++) {
        struct claim *old = claim_at(all, i);
        for (guint k = i + 1; k < all->len && k <= i + NEXT && !old->pushed_by; k++) {
            const struct claim *fresh = claim_at(all, k);
            if (!same_user(old->sa, fresh->sa)) {
                break;
            }
            if (same_place(old->sa, fresh->sa)) {
                continue;
            }
            old->silently = !deletes_for(old, fresh);
            if (!old->silently || drops_for(old, fresh->sa)) {
                old->pushed_by = k;
            }
        }
    }
}

static uint32_t
pushed_in(const struct claim *old, const struct claim *fresh)
{
    return old->silently ? fresh->sa->established_in : old->end.frame;
}

/* a goes for b, and b for one from where a was. */
static bool
takes_turns(const GArray *all, const struct claim *a)
{
    const struct claim *b = a->pushed_by ? claim_at(all, a->pushed_by) : NULL;
    const struct claim *c = b && b->pushed_by ? claim_at(all, b->pushed_by) : NULL;

    return c && same_place(a->sa, c->sa) &&
           c->sa->established_time - b->sa->established_time < TURN_SECONDS;
}

struct contest_of_two {
    const struct claim *first, *second;
    uint32_t pushes, last;
    bool inferred, silently;
};

static void
report(struct findings *out, const struct contest_of_two *c, uint32_t frame)
{
    const struct ike_sa *one = c->first->sa, *other = c->second->sa;
    char a[ADDR_TEXT_MAX + 8], b[ADDR_TEXT_MAX + 8];
    struct scope where = { .basis = c->inferred ? BASIS_INFERRED : BASIS_DECRYPTED,
                           .frame = frame, .sa = one, .exchange = NO_ID };

    ip_print(&one->initiator.addr, a, sizeof a);
    ip_print(&other->initiator.addr, b, sizeof b);
    if (ip_equal(&one->initiator.addr, &other->initiator.addr)) {
        size_t len = strlen(a);
        g_snprintf(a + len, (gulong)(sizeof a - len), ":%u", one->initiator.port);
        g_snprintf(b + len, (gulong)(sizeof b - len), ":%u", other->initiator.port);
    }
    if (c->inferred) {
        finding_add(out, CHECK_identity_contended, &where,
                    "%s and %s connect to the same gateway alternately, and each time the gateway "
                    "deletes the IKE SA of the other one at the same moment, %u times (frames %u "
                    "to %u). Suggests that two devices use one identity.",
                    a, b, c->pushes, where.frame, c->last);
    } else {
        finding_add(out, CHECK_identity_contended, &where,
                    "%s connects alternately from %s and %s, and each time the gateway %s the IKE "
                    "SA of the other, %u times (frames %u to %u): two devices use one identity.",
                    ike_sa_user(one), a, b, c->silently ? "drops" : "deletes", c->pushes,
                    where.frame, c->last);
    }
}

/* Follows the turns from a on; marks each of them. */
static void
follow(struct findings *out, const GArray *all, struct claim *a)
{
    struct contest_of_two c = { .first = a, .second = claim_at(all, a->pushed_by) };
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));

    for (bool more = true; more;) {
        struct claim *next = claim_at(all, a->pushed_by);
        c.last = pushed_in(a, next);
        g_array_append_val(frames, c.last);
        c.pushes++;
        c.silently |= a->silently;
        c.inferred |= !a->sa->initiator.id || (!a->silently && a->end.inferred);
        more = takes_turns(all, a);
        a->pushed_by = 0;       /* told */
        a = next;
    }
    a->pushed_by = 0;
    for (guint i = 0; i < frames->len; i++) {
        report(out, &c, g_array_index(frames, uint32_t, i));
    }
    g_array_free(frames, TRUE);
}

void
check_identity_contended(const struct check_in *in, struct findings *out)
{
    GArray *all = claims_new(in->db);

    find_pushes(all);
    for (guint i = 0; i < all->len; i++) {
        if (takes_turns(all, claim_at(all, i))) {
            follow(out, all, claim_at(all, i));
        }
    }
    g_array_free(all, TRUE);
}
