/* request.c - several first requests under one initiator's SPI, and which of them an answer
 * answers.  Whoever has seen the SPI can send more of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>

/* An answer comes within this time; afterwards an initiator may have begun again. */
#define OLDEST_WAITS_SECONDS 5.0

bool
track_is_first(const struct exchange *x)
{
    return x->type == V2_IKE_SA_INIT || x->type == V1_MAIN || x->type == V1_AGGRESSIVE;
}

bool
track_is_answer(const struct turn *t)
{
    const struct ike_message *m = t->m;

    if (t->e->from_initiator || m->encrypted || m->fragment || t->sa->rekeys != NO_ID) {
        return false;
    }
    if (m->major == 2) {
        return m->exchange == V2_IKE_SA_INIT && ike_is_response(m);
    }
    return (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) && m->num_proposals > 0;
}

/* Nothing of a responder is in it. */
bool
track_is_request(const struct turn *t)
{
    const struct ike_message *m = t->m;

    if (!t->e->from_initiator || m->encrypted || m->fragment || t->sa->rekeys != NO_ID) {
        return false;
    }
    if (m->major == 2) {
        return m->exchange == V2_IKE_SA_INIT && !ike_is_response(m);
    }
    return (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) && m->num_proposals > 0;
}

/* The octets of the COOKIE notify, hashed; 0 where there is none. */
uint32_t
track_cookie(const struct sadb *db, const struct ike_message *m)
{
    const struct ike_notify *n = m->major == 2 ? ike_find_notify(m, N2_COOKIE) : NULL;

    return n ? (uint32_t)hash_octets(db->store.seed, n->data.at, n->data.len) | 1 : 0;
}

uint16_t
track_wanted_group(const struct ike_message *m)
{
    const struct ike_notify *n = m->major == 2 ? ike_find_notify(m, N2_INVALID_KE_PAYLOAD) : NULL;
    uint16_t group = 0;
    struct cur data;

    if (n) {
        data = cur_of(n->data.at, n->data.len);
        cur_u16(&data, &group);
    }
    return group;
}

static bool
offers(const struct exchange *x, const struct proposal *chosen)
{
    for (guint i = 0; i < x->offered->len; i++) {
        if (suite_chosen_from(chosen, x->offered->at[i]->p)) {
            return true;
        }
    }
    return false;
}

static uint16_t
group_of(const struct proposal *p)
{
    for (size_t i = 0; i < p->num_transforms; i++) {
        if (p->transforms[i].type == TRANSFORM_KE) {
            return p->transforms[i].id;
        }
    }
    return 0;
}

unsigned
track_fits(const struct exchange *x, const struct proposal *chosen)
{
    unsigned fits = 0;

    if (x->type == V2_IKE_SA_INIT && x->request) {
        fits += offers(x, chosen) ? 2 : 0;
        fits += x->ke_group == group_of(chosen) ? 1 : 0;
    }
    return fits;
}

/* How well m answers the request of x.  What was offered and the group say most; an extension is
 * only answered where it was asked for (RFC 7296 section 2.23, RFC 7383 section 2.3). */
static unsigned
fitness(const struct exchange *x, const struct ike_message *m, bool closed)
{
    const struct proposal *chosen = m->num_proposals ? &m->proposals[0] : NULL;
    unsigned fits = 1;

    if (chosen) {
        fits += 16 * track_fits(x, chosen);
    }
    if (ike_find_notify(m, N2_NAT_DETECTION_SOURCE_IP)) {
        fits += x->with_nat_d ? 8 : 0;
    }
    if (ike_find_notify(m, N2_IKEV2_FRAGMENTATION_SUPPORTED)) {
        fits += x->with_fragmentation ? 8 : 0;
    }
    fits += !x->response ? 4 : 0;
    fits += x->with_cookie ? 2 : 0;
    return closed ? fits / 2 : fits;
}

/* It sent the initiator round, who asked again. */
static bool
is_closed(const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = x->index + 1; i < sa->exchanges.len && x->response && !x->chosen; i++) {
        const struct exchange *later = sa->exchanges.at[i];
        if (later->type == x->type && later->request > x->response && !later->injected) {
            return true;
        }
    }
    return false;
}

/* The exchange whose request an answer answers that was not seen before; NULL where none is.  Of
 * two that fit alike it is the older one: nobody knows an SPI before its first request. */
struct exchange *
track_match_request(struct ike_sa *sa, const struct ike_message *m, double now)
{
    struct exchange *best = NULL;
    unsigned most = 0, first = 0;

    for (guint i = 0; i < sa->exchanges.len && first <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(sa, i);
        unsigned fits;
        if (x->type != V2_IKE_SA_INIT) {
            continue;
        }
        first++;
        if (x->injected || !x->by_initiator || (!x->request && x->response)) {
            continue;
        }
        fits = fitness(x, m, is_closed(sa, x));
        if (fits > most || (best && fits == most &&
                            now - best->request_time > OLDEST_WAITS_SECONDS)) {
            most = fits;
            best = x;
        }
    }
    return best;
}

bool
track_too_many_requests(struct sadb *db, const struct ike_sa *sa, const struct ike_message *m)
{
    unsigned first = 0;

    if (m->major != 2 || m->exchange != V2_IKE_SA_INIT) {
        return false;
    }
    for (guint i = 0; i < sa->exchanges.len && first < SADB_MAX_REQUESTS; i++) {
        first += sa->exchanges.at[i]->type == V2_IKE_SA_INIT;
    }
    if (first < SADB_MAX_REQUESTS) {
        return false;
    }
    store_cap(&db->store, "first requests of one IKE SA");
    return true;
}

/* The exchange whose answer is believed. */
struct exchange *
track_answered_exchange(struct ike_sa *sa)
{
    struct exchange *answered = NULL;

    for (guint i = 0; i < sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(sa, i);
        if (x->type == V2_IKE_SA_INIT && x->response && !x->injected) {
            answered = x;
        }
    }
    return answered;
}

/* What the request of x made known, where others came after it. */
void
track_take_request(struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange *first = sa->exchanges.len ? sa->exchanges.at[0] : x;

    if (x->type != V2_IKE_SA_INIT || !x->request) {
        return;
    }
    if (x->asked_nat) {
        sa->nat_i = *x->asked_nat;
        sa->fragmentation_i = x->with_fragmentation;
    }
    if (first != x && !first->response && x->offered->len) {
        sa->offered = x->offered;
    }
}

/* The request of answered was the initiator's: others came beside it.  What a cookie leads to
 * repeats what came before it. */
void
track_settle_requests(struct sadb *db, struct ike_sa *sa, const struct exchange *answered)
{
    unsigned first = 0;

    if (!answered || answered->type != V2_IKE_SA_INIT || !answered->request) {
        return;
    }
    for (guint i = 0; i < sa->exchanges.len && first <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(sa, i);
        if (x->type != V2_IKE_SA_INIT) {
            continue;
        }
        first++;
        if (x == answered || x->injected || !x->request) {
            continue;
        }
        if (x->index > answered->index ?
                answered->chosen || x->request < answered->response :
                !x->response && !answered->with_cookie) {
            track_judge_exchange(db, x, false);
        }
    }
}
