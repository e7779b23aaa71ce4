/* check_twins.c - live Child SAs with the same selectors: of one IKE SA, of two between the same
 * two ends, of two clients behind one NAT (RFC 7296 section 2.8, RFC 3948 section 5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "words/lives.h"

#include <espial/hash.h>
#include <string.h>

enum { NEAR = 16 };                 /* Child SAs before one that it is compared with */
#define CROSSED_SECONDS 2.0         /* both are up: two that crossed, neither of them deleted */
#define BRIEF_SECONDS 10.0          /* one of two that crossed is deleted sooner than that, .. */
#define RENEWED_SECONDS 30.0        /* and so is one that was authenticated anew */

/* --- within one IKE SA ---------------------------------------------------------------------- */

static void
twin_in_sa(const struct check_in *in, struct findings *out)
{
    const struct child_sa *c = in->ike->child, *old = in->ike->twin;
    char a[TS_TEXT_MAX], b[TS_TEXT_MAX];
    struct scope where;

    if (!c || !old) {
        return;
    }
    where = scope_message(in);
    where.child = c;
    finding_add(out, CHECK_duplicate_child_sa, &where,
                "Child SA %u has the selectors %s === %s of Child SA %u (frame %u), which is still "
                "up and is not rekeyed.",
                c->id, selectors_print(c->ts_i, c->num_ts_i, a, sizeof a),
                selectors_print(c->ts_r, c->num_ts_r, b, sizeof b), old->id, old->negotiated_in);
}

/* --- across IKE SAs ------------------------------------------------------------------------- */

struct twin {
    const struct child_sa *child;
    struct ip_addr low, high;
    uint64_t selectors;         /* their hash: those of the lower address first */
};

static uint64_t
hash_side(const struct selector *s, size_t n)
{
    uint64_t sum = hash_seed();

    for (size_t i = 0; i < n; i++) {
        uint64_t rest = (uint64_t)s[i].protocol << 32 | (uint64_t)s[i].port_lo << 16 | s[i].port_hi;
        sum = hash_octets(sum, s[i].lo.bytes, sizeof s[i].lo.bytes);
        sum = hash_octets(sum, s[i].hi.bytes, sizeof s[i].hi.bytes) ^ s[i].lo.family;
        sum = hash_octets(sum, &rest, sizeof rest);
    }
    return sum;
}

static bool
all_traffic(const struct selector *s, size_t n)
{
    static const struct ip_addr none = { .family = 0 };

    for (size_t i = 0; i < n; i++) {
        struct ip_addr low = none, high = none;
        low.family = high.family = s[i].lo.family;
        memset(high.bytes, 0xff, ip_len(&high));
        if (ip_equal(&s[i].lo, &low) && ip_equal(&s[i].hi, &high)) {
            return true;
        }
    }
    return false;
}

/* The SA was set up whole, and takes the place of none.  Routes and not selectors choose among SAs
 * for all traffic. */
static bool
may_be_twin(const struct child_sa *c)
{
    return child_is_negotiated(c) && c->established && c->rekeys == NO_ID &&
           c->rekeyed_by == NO_ID && !c->per_resource && c->state != CHILD_FAILED &&
           c->num_ts_i && c->num_ts_r && c->ike_sa->established_in &&
           !(all_traffic(c->ts_i, c->num_ts_i) && all_traffic(c->ts_r, c->num_ts_r));
}

static int
compare_twins(const void *a, const void *b)
{
    const struct twin *x = (const struct twin *)a, *y = (const struct twin *)b;
    int by_low = ip_compare(&x->low, &y->low),
        by_high = by_low ? by_low : ip_compare(&x->high, &y->high);

    if (by_high || x->child->protocol != y->child->protocol) {
        return by_high ? by_high : x->child->protocol - y->child->protocol;
    }
    if (x->selectors != y->selectors) {
        return x->selectors < y->selectors ? -1 : 1;
    }
    return (x->child->id > y->child->id) - (x->child->id < y->child->id);
}

static GArray *
twins_new(const struct sadb *db)
{
    GArray *all = g_array_new(FALSE, FALSE, sizeof(struct twin));

    for (size_t i = 0; i < sadb_num_child_sas(db); i++) {
        const struct child_sa *c = sadb_child_sa(db, i);
        bool turned = ip_compare(&c->addr_i, &c->addr_r) > 0;
        uint64_t of_i, of_r;
        struct twin one = { .child = c };
        if (!may_be_twin(c)) {
            continue;
        }
        of_i = hash_side(c->ts_i, c->num_ts_i);
        of_r = hash_side(c->ts_r, c->num_ts_r);
        one.low = turned ? c->addr_r : c->addr_i;
        one.high = turned ? c->addr_i : c->addr_r;
        one.selectors = (turned ? of_r : of_i) * 31 + (turned ? of_i : of_r);
        g_array_append_val(all, one);
    }
    g_array_sort(all, compare_twins);
    return all;
}

static const struct twin *
twin_at(const GArray *all, guint i)
{
    return &g_array_index(all, struct twin, i);
}

static bool
alike(const struct twin *a, const struct twin *b)
{
    return a->selectors == b->selectors && a->child->protocol == b->child->protocol &&
           ip_equal(&a->low, &b->low) && ip_equal(&a->high, &b->high);
}

/* What the two carry once both are up: packets, by direction (1: to the higher address). */
struct use {
    bool old[2], fresh[2];      /* since the second is up */
    bool before[2];             /* the first one, until then */
    const struct stream *stopped;       /* of the first one: the other end goes on in it, .. */
    const struct stream *instead;       /* and this one of the second goes the same way */
};

static void
look_at(const struct twin *t, uint32_t since, bool before[2], bool after[2],
        const struct stream *last[2])
{
    for (struct newest n = newest_first(t->child->streams.len, SADB_MAX_PER_SPI);
         newest_next(&n);) {
        const struct stream *s = t->child->streams.at[n.i];
        bool up = ip_equal(&s->dst, &t->high) != 0;
        if (stream_is_strange(s) || !s->packets) {
            continue;
        }
        before[up] |= s->first_frame < since;
        after[up] |= s->last_frame > since;
        last[up] = s;
    }
}

static struct use
use_of(const struct twin *old, const struct twin *fresh)
{
    uint32_t since = fresh->child->negotiated_in;
    const struct stream *of_old[2] = { NULL, NULL }, *of_fresh[2] = { NULL, NULL };
    bool ignored[2] = { false, false };
    struct use u = { { false, false }, { false, false }, { false, false }, NULL, NULL };

    look_at(old, since, u.before, u.old, of_old);
    look_at(fresh, since, ignored, u.fresh, of_fresh);
    for (unsigned up = 0; up < 2; up++) {
        if (u.before[up] && !u.old[up] && u.old[!up] && u.fresh[up]) {
            u.stopped = of_old[up];
            u.instead = of_fresh[up];
        }
    }
    return u;
}

/* Each end sends in another one of the two. */
static bool
parted(const struct use *u)
{
    return (u->old[0] && !u->old[1] && u->fresh[1] && !u->fresh[0]) ||
           (u->old[1] && !u->old[0] && u->fresh[0] && !u->fresh[1]);
}

/* Seconds for which both were up. */
static double
overlap(const struct sadb *db, const struct child_sa *old, const struct child_sa *fresh)
{
    double end = sadb_last_time(db);

    end = old->deleted_in ? MIN(end, old->deleted_time) : end;
    end = fresh->deleted_in ? MIN(end, fresh->deleted_time) : end;
    return end - fresh->negotiated_time;
}

enum relation { NO_TWINS, SAME_ENDS, ONE_NAT };

/* Two of the same two ends: both began, or one has begun twice.  What is authenticated anew, or
 * begun anew by an end that has forgotten the first, is given time to end. */
static bool
same_ends_twins(const struct sadb *db, const struct child_sa *old, const struct child_sa *fresh,
                const struct use *u)
{
    const struct ike_sa *a = old->ike_sa, *b = fresh->ike_sa;
    double both = overlap(db, old, fresh);
    bool deleted = old->deleted_in || fresh->deleted_in;

    if (!ip_equal(&a->initiator.addr, &b->initiator.addr)) {
        return both >= (deleted ? BRIEF_SECONDS : CROSSED_SECONDS) ||
               (!deleted && (u->stopped || parted(u)));
    }
    return both >= RENEWED_SECONDS && !b->initial_contact && (u->old[0] || u->old[1]);
}

static enum relation
relation_of(const struct sadb *db, const struct twin *x, const struct twin *y, const struct use *u)
{
    const struct child_sa *old = x->child, *fresh = y->child;
    const struct ike_sa *a = old->ike_sa, *b = fresh->ike_sa;

    if (a == b || child_holder(db, old) == child_holder(db, fresh) ||
        (old->deleted_in && old->deleted_in < fresh->negotiated_in)) {
        return NO_TWINS;
    }
    if (ike_sa_same_ends(a, b)) {
        return same_ends_twins(db, old, fresh, u) ? SAME_ENDS : NO_TWINS;
    }
    if (!ip_equal(&a->initiator.addr, &b->initiator.addr) ||
        a->initiator.port == b->initiator.port ||
        !(ike_sa_behind_nat(a, true) || ike_sa_behind_nat(b, true))) {
        return NO_TWINS;
    }
    return overlap(db, old, fresh) >= BRIEF_SECONDS || u->stopped || parted(u) ? ONE_NAT : NO_TWINS;
}

static const char *
port_print(const struct endpoint *e, char *out, size_t size)
{
    char addr[ADDR_TEXT_MAX];

    ip_print(&e->addr, addr, sizeof addr);
    if (e->id && strcmp(e->id, addr) != 0) {
        g_snprintf(out, (gulong)size, "%s, port %u", e->id, e->port);
    } else {
        g_snprintf(out, (gulong)size, "port %u", e->port);
    }
    return out;
}

static void
tell_use(const struct twin *old, const struct twin *fresh, const struct use *u, char *out,
         size_t size)
{
    char to[ADDR_TEXT_MAX], from[ADDR_TEXT_MAX];

    out[0] = '\0';
    if (u->stopped) {
        g_snprintf(out, (gulong)size,
                   "Since frame %u no packet goes to %s in SPI %08x, although it continues to "
                   "send; packets for it are sent in SPI %08x.",
                   fresh->child->negotiated_in, ip_print(&u->stopped->dst, to, sizeof to),
                   u->stopped->spi, u->instead->spi);
    } else if (parted(u)) {
        g_snprintf(out, (gulong)size,
                   "%s sends in Child SA %u, %s in Child SA %u: each end uses a different one.",
                   ip_print(&old->low, from, sizeof from),
                   u->old[1] ? old->child->id : fresh->child->id,
                   ip_print(&old->high, to, sizeof to),
                   u->old[1] ? fresh->child->id : old->child->id);
    }
}

static void
tell_twins(struct findings *out, const struct twin *x, const struct twin *y, enum relation how,
           const struct use *u)
{
    const struct child_sa *old = x->child, *fresh = y->child;
    const struct ike_sa *a = old->ike_sa, *b = fresh->ike_sa;
    struct scope where = { .basis = fresh->basis, .frame = fresh->negotiated_in, .sa = b,
                           .child = fresh, .exchange = NO_ID, .also = old->negotiated_in };
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], one[ID_TEXT_MAX + 64], other[ID_TEXT_MAX + 64],
        nat[ADDR_TEXT_MAX], more[TEXT_MAX];

    selectors_print(fresh->ts_i, fresh->num_ts_i, i, sizeof i);
    selectors_print(fresh->ts_r, fresh->num_ts_r, r, sizeof r);
    tell_use(x, y, u, more, sizeof more);
    if (how == ONE_NAT) {
        where.remedy =
            "Connect only one client at a time from behind this NAT, or configure the gateway to "
            "distinguish such clients by their UDP port (connection marks, unique policies). "
            "Tunnel mode with an address for each client, as with IKEv2, has no such conflict.";
        finding_add(out, CHECK_duplicate_child_sa, &where,
                    "Child SA %u (%s) has the selectors %s === %s of Child SA %u (%s, frame %u), "
                    "which is still up: both clients are behind one NAT, %s, and their addresses "
                    "do not distinguish them.",
                    fresh->id, port_print(&b->initiator, one, sizeof one), i, r, old->id,
                    port_print(&a->initiator, other, sizeof other), old->negotiated_in,
                    ip_print(&b->initiator.addr, nat, sizeof nat));
    } else {
        bool crossed = !ip_equal(&a->initiator.addr, &b->initiator.addr);
        where.remedy =
            crossed ? "Configure only one end to initiate; the other end must wait or initiate "
                      "only on traffic (start_action = none or trap, auto = add or route)." :
                      "Check why the initiator starts a second IKE SA for the same connection: two "
                      "triggers at the same time, or two daemons.";
        finding_add(out, CHECK_duplicate_child_sa, &where,
                    "Child SA %u (IKE SA %u, initiated by %s) has the selectors %s === %s of Child "
                    "SA %u (IKE SA %u, initiated by %s, frame %u), which is still up and is not "
                    "rekeyed.",
                    fresh->id, b->id, life_end_print(&b->initiator, one, sizeof one), i, r, old->id,
                    a->id, life_end_print(&a->initiator, other, sizeof other), old->negotiated_in);
    }
    if (more[0]) {
        finding_raise(out, CHECK_duplicate_child_sa, &where, SEV_WARN, NULL, "%s", more);
    }
}

/* --- without keys --------------------------------------------------------------------------- */

static double
asked_at(const struct ike_sa *sa)
{
    const struct exchange *x = sadb_first_exchange(sa);

    return x && x->request ? x->request_time : 0;
}

/* Two that nobody could read, begun by both ends at once, both of which stand. */
static void
crossed_unread(const struct sadb *db, struct findings *out, const struct ike_sa *a,
               const struct ike_sa *b)
{
    struct scope where = { .basis = BASIS_INFERRED, .frame = b->established_in, .sa = b,
                           .exchange = NO_ID, .also = a->established_in };
    char one[ADDR_TEXT_MAX], other[ADDR_TEXT_MAX];
    double gap = asked_at(b) - asked_at(a), since = MAX(a->established_time, b->established_time);

    if (ip_equal(&a->initiator.addr, &b->initiator.addr) || !ike_sa_same_ends(a, b) ||
        a->num_readable || b->num_readable || a->state != IKE_ESTABLISHED ||
        b->state != IKE_ESTABLISHED || a->deleted_in || b->deleted_in || ike_sa_last_word(a) ||
        ike_sa_last_word(b) || asked_at(a) <= 0 ||
        asked_at(b) <= 0 || gap > CROSSED_SECONDS || gap < -CROSSED_SECONDS || since <= 0 ||
        sadb_last_time(db) - since < CROSSED_SECONDS) {
        return;
    }
    where.remedy = "Configure only one end to initiate; the other end must wait or initiate only "
                   "on traffic (start_action = none or trap, auto = add or route).";
    finding_add(out, CHECK_duplicate_child_sa, &where,
                "%s and %s initiate an IKE SA with each other at the same time (frames %u and %u), "
                "and both stay up. Suggests two Child SAs for the same traffic.",
                ip_print(&a->initiator.addr, one, sizeof one),
                ip_print(&b->initiator.addr, other, sizeof other), a->first_frame, b->first_frame);
}

static void
without_keys(const struct sadb *db, struct findings *out)
{
    GArray *lives = lives_new(db);

    for (guint i = 1; i < lives->len; i++) {
        const struct life *b = life_at(lives, i);
        for (guint k = i; k > 0 && i - k < NEAR; k--) {
            const struct life *a = life_at(lives, k - 1);
            if (!ip_equal(&a->low, &b->low) || !ip_equal(&a->high, &b->high)) {
                break;
            }
            crossed_unread(db, out, a->sa, b->sa);
        }
    }
    g_array_free(lives, TRUE);
}

static void
twins_across(const struct sadb *db, struct findings *out)
{
    GArray *all = twins_new(db);

    for (guint i = 1; i < all->len; i++) {
        const struct twin *fresh = twin_at(all, i);
        for (guint k = i; k > 0 && i - k < NEAR; k--) {
            const struct twin *old = twin_at(all, k - 1);
            struct use u;
            enum relation how;
            if (!alike(old, fresh)) {
                break;
            }
            u = use_of(old, fresh);
            how = relation_of(db, old, fresh, &u);
            if (how != NO_TWINS) {
                tell_twins(out, old, fresh, how, &u);
                break;
            }
        }
    }
    g_array_free(all, TRUE);
}

void
check_duplicate_child_sa(const struct check_in *in, struct findings *out)
{
    if (in->ike) {
        twin_in_sa(in, out);
    } else {
        twins_across(in->db, out);
        without_keys(in->db, out);
    }
}
