/* lives.c - how the lives of IKE SAs of the same two ends, or of one user, follow each other.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/lives.h"

#include <string.h>

enum { NEAR = SADB_MAX_PER_PEER };
#define PUSH_SECONDS 2.0            /* from a Delete to the IKE SA that it makes room for */
#define BLIND_PUSH_SECONDS 0.5      /* the same, where nobody knows who the other one is */

/* The last message of an IKEv1 SA that negotiates: XAUTH, Mode Config and quick mode follow phase
 * 1, and a user may type in between. */
static double
v1_negotiated(const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->exchanges.len, NEAR); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type != V1_INFORMATIONAL && x->messages.len && !x->injected) {
            return x->messages.at[x->messages.len - 1].time;
        }
    }
    return 0;
}

static uint32_t
answer_to(const struct ike_sa *sa, uint32_t request)
{
    for (struct newest n = newest_first(sa->exchanges.len, NEAR); newest_next(&n);) {
        if (sa->exchanges.at[n.i]->request == request) {
            return sa->exchanges.at[n.i]->response;
        }
    }
    return 0;
}

struct ending
ending_of(const struct ike_sa *sa)
{
    const struct exchange_message *word = sa->deleted_in ? NULL : ike_sa_last_word(sa);
    struct ending end = { .born = sa->major == 1 ? v1_negotiated(sa) : sa->established_time };

    if (sa->deleted_in) {
        end.time = sa->deleted_time;
        end.frame = sa->deleted_in;
        end.by_initiator = sa->deleted_by_initiator;
        end.inferred = sa->deleted_inferred;
        end.answer = answer_to(sa, sa->deleted_in);
    } else if (word) {
        end.time = word->time;
        end.frame = word->frame;
        end.by_initiator = word->from_initiator;
        end.inferred = true;
    }
    return end;
}

static int
compare_lives(const void *a, const void *b)
{
    const struct life *x = (const struct life *)a, *y = (const struct life *)b;
    int by_low = ip_compare(&x->low, &y->low),
        by_high = by_low ? by_low : ip_compare(&x->high, &y->high);

    return by_high ? by_high :
                     (x->sa->established_in > y->sa->established_in) -
                         (x->sa->established_in < y->sa->established_in);
}

GArray *
lives_new(const struct sadb *db)
{
    GArray *lives = g_array_new(FALSE, FALSE, sizeof(struct life));

    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        struct life one = { .sa = sa, .low = sa->initiator.addr, .high = sa->responder.addr };
        if (!sa->established_in || sa->rekeys != NO_ID || sa->rekeyed_by != NO_ID) {
            continue;
        }
        if (ip_compare(&one.low, &one.high) > 0) {
            one.low = sa->responder.addr;
            one.high = sa->initiator.addr;
        }
        one.end = ending_of(sa);
        g_array_append_val(lives, one);
    }
    g_array_sort(lives, compare_lives);
    return lives;
}

guint
lives_of_pair(const GArray *lives, guint i)
{
    guint end = i + 1;

    while (end < lives->len && ip_equal(&life_at(lives, end)->low, &life_at(lives, i)->low) &&
           ip_equal(&life_at(lives, end)->high, &life_at(lives, i)->high)) {
        end++;
    }
    return end;
}

/* Nothing speaks against it that the two are of the same ends; the addresses are the same. */
static bool
perhaps_same(const struct endpoint *a, const struct endpoint *b)
{
    return !a->id || !b->id || strcmp(a->id, b->id) == 0;
}

static bool
perhaps_same_ends(const struct ike_sa *a, const struct ike_sa *b)
{
    bool turned = !ip_equal(&a->initiator.addr, &b->initiator.addr);

    if (!a->initiator.id && !b->initiator.id && !a->responder.id && !b->responder.id) {
        return ike_sa_same_ends(a, b);
    }
    return perhaps_same(&a->initiator, turned ? &b->responder : &b->initiator) &&
           perhaps_same(&a->responder, turned ? &b->initiator : &b->responder);
}

/* other was up, or coming up, when one was deleted. */
static bool
was_there(const struct ike_sa *other, const struct ending *its, const struct life *one)
{
    return other != one->sa && other->first_frame < one->end.frame &&
           (!its->frame || its->frame > one->end.frame);
}

bool
life_overlaps(const GArray *lives, guint i)
{
    const struct life *one = life_at(lives, i);
    guint from = i > NEAR ? i - NEAR : 0, to = MIN(i + NEAR, lives->len);

    for (guint k = from; k < to; k++) {
        const struct life *other = life_at(lives, k);
        if (ip_equal(&other->low, &one->low) && ip_equal(&other->high, &one->high) &&
            was_there(other->sa, &other->end, one) && perhaps_same_ends(one->sa, other->sa)) {
            return true;
        }
    }
    return false;
}

static bool
pushes(const struct ike_sa *other, const struct life *one)
{
    const struct ike_sa *sa = one->sa;
    const char *user = ike_sa_user(sa), *its_user = ike_sa_user(other);
    bool known = user && its_user;
    double begin = other->established_time, end = one->end.time;
    struct ending its;

    if (other == sa || !other->established_in ||
        !ip_equal(&other->responder.addr, &sa->responder.addr) ||
        (known && strcmp(user, its_user) != 0) ||
        other->first_frame > one->end.frame) {
        return false;
    }
    if (known) {
        its = ending_of(other);
        return was_there(other, &its, one) && end - begin < PUSH_SECONDS;
    }
    return begin - end < BLIND_PUSH_SECONDS && end - begin < BLIND_PUSH_SECONDS;
}

bool
life_pushed_out(const struct sadb *db, const struct life *one)
{
    size_t id = one->sa->id, first = id > NEAR ? id - NEAR : 0;

    for (size_t i = first; !one->end.by_initiator && i < id + NEAR; i++) {
        const struct ike_sa *other = sadb_ike_sa(db, i);
        if (!other) {
            break;
        }
        if (pushes(other, one)) {
            return true;
        }
    }
    return false;
}

const char *
life_end_print(const struct endpoint *e, char *out, size_t size)
{
    char addr[ADDR_TEXT_MAX];

    ip_print(&e->addr, addr, sizeof addr);
    if (e->id && strcmp(e->id, addr) != 0) {
        g_snprintf(out, (gulong)size, "%s (%s)", e->id, addr);
    } else {
        g_strlcpy(out, addr, size);
    }
    return out;
}

const char *
life_closer(const struct life *one, char *out, size_t size)
{
    return life_end_print(one->end.by_initiator ? &one->sa->initiator : &one->sa->responder, out,
                          size);
}
