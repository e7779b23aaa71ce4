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

/* It is the first message of an IKE SA: nothing of a responder is in it. */
bool
track_begins(const struct ike_message *m)
{
    if (m->encrypted || m->fragment || !ike_spi_is_zero(m->spi_r)) {
        return false;
    }
    if (m->major == 2) {
        return m->exchange == V2_IKE_SA_INIT && !ike_is_response(m);
    }
    return (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) && m->num_proposals > 0;
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

/* The answer of IKEv1 repeats the attributes of what it takes (RFC 2409 section 5). */
static bool
offers_lifetime(const struct exchange *x, const struct proposal *chosen)
{
    for (guint i = 0; i < x->offered->len; i++) {
        const struct v1_attributes *a = &x->offered->at[i]->p->attr;
        if (a->life_s == chosen->attr.life_s && a->life_kb == chosen->attr.life_kb) {
            return true;
        }
    }
    return false;
}

unsigned
track_fits(const struct exchange *x, const struct proposal *chosen)
{
    unsigned fits = 0;

    if (track_is_first(x) && x->request) {
        fits += offers(x, chosen) ? 2 : 0;
        if (chosen->v1) {       /* one of the two may be what the responder changed */
            fits += offers_lifetime(x, chosen) ? 2 : 0;
        } else {
            fits += x->ke_group == group_of(chosen) ? 1 : 0;
        }
    }
    return fits;
}

/* It takes up what the request of x did not ask for. */
static bool
takes_up_unasked(const struct exchange *x, const struct ike_message *m)
{
    return (ike_find_notify(m, N2_NAT_DETECTION_SOURCE_IP) && !x->with_nat_d) ||
           (ike_find_notify(m, N2_IKEV2_FRAGMENTATION_SUPPORTED) && !x->with_fragmentation);
}

/* How well m answers the request of x.  What was offered and the group say most; an extension is
 * only answered where it was asked for (RFC 7296 section 2.23, RFC 7383 section 2.3). */
static unsigned
fitness(const struct exchange *x, const struct ike_message *m, bool closed)
{
    const struct proposal *chosen = m->num_proposals ? &m->proposals[0] : NULL;
    unsigned fits = 8;

    if (chosen) {
        fits += 16 * track_fits(x, chosen);
    }
    fits += !x->response || (!x->chosen && !closed) ? 4 : 0;
    fits += x->with_cookie ? 2 : 0;
    fits /= closed ? 2 : 1;
    return takes_up_unasked(x, m) ? fits / 4 : fits;
}

static bool
leads_on(const struct exchange *x, const struct exchange *later)
{
    if (x->cookie) {
        return later->with_cookie;
    }
    if (x->wanted_group) {
        return later->ke_group == x->wanted_group || later->ke_group != x->ke_group;
    }
    return later->offered != x->offered;
}

/* What it was answered with sent the initiator round, who asked again: with the cookie, with the
 * group, else with another offer.  The same offer again is nothing that an answer leads to. */
static bool
is_closed(const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = x->index + 1; i < sa->exchanges.len && x->response && !x->chosen; i++) {
        const struct exchange *later = sa->exchanges.at[i];
        if (later->type != x->type || later->request <= x->response || later->injected) {
            continue;
        }
        if (leads_on(x, later)) {
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
        first += track_is_first(x);
        if (x->type != m->exchange || x->injected || !x->by_initiator ||
            (m->major == 2 && !x->request && x->response)) {
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

    if (m->major == 2 ? m->exchange != V2_IKE_SA_INIT : !track_begins(m)) {
        return false;
    }
    for (guint i = 0; i < sa->exchanges.len && first < SADB_MAX_REQUESTS; i++) {
        first += track_is_first(sa->exchanges.at[i]);
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
        if (track_is_first(x) && x->response && !x->injected) {
            answered = x;
        }
    }
    return answered;
}

static void
keep_asked(struct sadb *db, const struct ike_sa *sa, struct exchange *x)
{
    struct asked *asked;

    if (!x->asked) {
        asked = (struct asked *)store_alloc(&db->store, sizeof *asked);
        asked->nat = sa->nat_i;
        asked->id = sa->initiator.id;
        asked->id_frame = sa->initiator.id_frame;
        asked->id_standing = (uint8_t)sa->initiator.id_standing;
        x->asked = asked;
    }
}

static void
take_asked(struct ike_sa *sa, const struct asked *asked)
{
    sa->nat_i = asked->nat;
    if (sa->major == 1) {
        sa->initiator.id = asked->id;
        sa->initiator.id_frame = asked->id_frame;
        sa->initiator.id_standing = asked->id_standing;
    }
}

/* Another request comes after that of before, which may be another one's: what the one says is not
 * mixed with what the other says. */
void
track_part_requests(struct sadb *db, struct ike_sa *sa, struct exchange *before)
{
    static const struct asked nothing;

    keep_asked(db, sa, before);
    take_asked(sa, &nothing);
}

/* What the request of t made known, where it is not the only one.  Before an answer the oldest one
 * is believed, or the oldest that names the initiator. */
void
track_keep_request(struct turn *t)
{
    const struct asked *believed = NULL;

    if (!t->exchange->index || !track_is_first(t->exchange) || !track_is_request(t)) {
        return;
    }
    keep_asked(t->db, t->sa, t->exchange);
    for (guint i = 0; i < t->sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        const struct exchange *x = t->sa->exchanges.at[i];
        if (x->asked && !x->injected && (!believed || (!believed->id && x->asked->id))) {
            believed = x->asked;
        }
    }
    if (believed && !track_answered_exchange(t->sa)) {
        take_asked(t->sa, believed);
    }
}

/* The oldest of several first requests of which none is answered; NULL where there is more, or
 * but one. */
struct exchange *
track_only_asked(struct ike_sa *sa)
{
    struct exchange *oldest = NULL;
    unsigned asked = 0;

    for (guint i = 0; i < sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(sa, i);
        if (x->injected || x->type == V1_INFORMATIONAL) {
            continue;
        }
        if (!track_is_first(x) || !x->request || x->response) {
            return NULL;
        }
        oldest = oldest ? oldest : x;
        asked++;
    }
    return asked > 1 ? oldest : NULL;
}

/* What the request of x made known, where others came after it. */
void
track_take_request(struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange *first = sa->exchanges.len ? sa->exchanges.at[0] : x;

    if (!track_is_first(x) || !x->request) {
        return;
    }
    if (x->asked) {
        take_asked(sa, x->asked);
        sa->fragmentation_i = x->with_fragmentation;
    }
    if (first != x && (sa->major == 1 || !first->response) && x->offered->len) {
        sa->offered = x->offered;
    }
}

/* Whether the first request of x is nobody's, since that of answered was the initiator's.  IKEv1
 * begins once under one cookie, unless it was refused. */
static bool
is_beside(const struct exchange *x, const struct exchange *answered)
{
    if (x->type != V2_IKE_SA_INIT) {
        return !x->answered_by;
    }
    return x->index > answered->index ? answered->chosen || x->request < answered->response :
                                        !x->response && !answered->with_cookie;
}

/* The request of answered was the initiator's: others came beside it.  What a cookie leads to
 * repeats what came before it. */
void
track_settle_requests(struct sadb *db, struct ike_sa *sa, const struct exchange *answered)
{
    unsigned first = 0;

    if (!answered || !track_is_first(answered) || !answered->request) {
        return;
    }
    for (guint i = 0; i < sa->exchanges.len && first <= SADB_MAX_REQUESTS; i++) {
        struct exchange *x = track_exchange(sa, i);
        if (!track_is_first(x)) {
            continue;
        }
        first++;
        if (x != answered && !x->injected && x->request && is_beside(x, answered)) {
            track_judge_exchange(db, x, false);
        }
    }
    if (sa->exchanges.at[0]->injected && answered->offered->len) {
        sa->offered = answered->offered;
    }
}
