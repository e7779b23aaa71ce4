/* answer.c - several answers to the first request of an IKE SA, and several first requests, of
 * which one leads on.  IKE_SA_INIT and the first messages of IKEv1 are in clear: anybody can make
 * them, and an initiator may wait for a better answer (RFC 7296 sections 2.4 and 2.21.1).  The
 * newest is believed until the initiator goes on with the responder's SPI of one; what is known
 * from an answer is exchanged for what was known from another by take() alone.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "rival.h"

#include <string.h>

static void
know_spi(struct turn *t)
{
    struct sa_key key = store_spis_key(&t->db->store, t->sa->spi_i, t->m->spi_r);

    if (!ike_spi_is_zero(t->m->spi_r) && !track_by_spis(t->db, t->m, &t->e->at)) {
        store_add(&t->db->store, &key, t->sa);
    }
}

void
track_learn_spi(struct turn *t)
{
    memcpy(t->sa->spi_r, t->m->spi_r, sizeof t->sa->spi_r);
    t->sa->has_spi_r = !ike_spi_is_zero(t->m->spi_r);
    know_spi(t);
}

/* The answer to other did not lead to the request of x, which was on its way when it came. */
static bool
came_beside(const struct ike_sa *sa, const struct exchange *x, const struct exchange *other)
{
    return sa->major == 2 && other != x && x->request && other->response > x->request;
}

/* The exchange of first requests that was answered before: x, or another one that made a choice, or
 * whose refusal x does not follow. */
static struct exchange *
answered_before(struct ike_sa *sa, struct exchange *x, const struct exchange_message *now)
{
    if (x->chosen || (sa->major == 2 && x->response && x->response != now->frame)) {
        return x;
    }
    for (guint i = 0; i < sa->exchanges.len && i <= SADB_MAX_REQUESTS; i++) {
        struct exchange *other = track_exchange(sa, i);
        if (track_is_first(other) && !other->injected &&
            (other->chosen || came_beside(sa, x, other))) {
            return other;
        }
    }
    return NULL;
}

/* Nobody takes it: the initiator has gone on with another one. */
static bool
is_late(const struct turn *t, const struct exchange *before)
{
    const struct ike_sa *sa = t->sa;

    return sa->went_on &&
           (before || (sa->has_spi_r && memcmp(sa->spi_r, t->m->spi_r, sizeof sa->spi_r) != 0));
}

static struct rival *
add_rival(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    struct rival *r = rival_make_room(t->db, sa);

    r->exchange = t->exchange;
    /* what made room may have moved the messages */
    t->message = track_find_message(t->exchange, t->sum, false);
    r->fact = (struct given_answer){ .digest = t->sum, .time = t->message->time,
                               .frame = t->message->frame, .request = t->exchange->request,
                               .src = t->e->at.src, .accepts = t->m->num_proposals > 0,
                               .cut = t->message->truncated };
    memcpy(r->fact.spi_r, t->m->spi_r, sizeof r->fact.spi_r);
    r->cookie = track_cookie(t->db, t->m);
    r->fact.asks_cookie = r->cookie != 0;
    r->fact.group = track_wanted_group(t->m);
    r->fits = r->fact.accepts ? track_fits(t->exchange, &t->m->proposals[0]) : 0;
    return r;
}

static bool
refuse_late(struct turn *t, struct exchange *before)
{
    struct exchange *x = t->exchange;

    if (before) {
        rival_begin(t, before);
        add_rival(t)->fact.refuted = true;
    }
    track_judge(t->db, t->message, false);
    if (x->response == t->message->frame) {
        x->response = 0;
        x->response_time = 0;
    }
    return false;
}

bool
track_new_answer(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    struct exchange *x = t->exchange, *before = answered_before(sa, x, t->message);
    struct contest *c;

    if (is_late(t, before)) {
        return refuse_late(t, before);
    }
    if (before) {
        rival_begin(t, before);
        add_rival(t);
        rival_step_back(t->db, sa);
        x->response = t->message->frame;
        x->response_time = t->message->time;
    } else if (sa->contest) {           /* the answer to what the one believed led to */
        c = contest_of(sa);
        if (c->current && !c->disturbed) {
            rival_keep(sa, c->all[c->current - 1]);
        }
        c->disturbed = false;
        add_rival(t);
    }
    c = contest_of(sa);
    if (c) {
        c->current = sa->answers.len;
    }
    x->cookie = track_cookie(t->db, t->m);
    x->wanted_group = track_wanted_group(t->m);
    track_learn_spi(t);
    track_take_request(sa, x);
    return true;
}

/* What is known of the answer that is believed is kept, for a request that comes after it may
 * be anybody's. */
static void
protect_answer(struct turn *t, struct exchange *answered)
{
    struct contest *c;

    rival_begin(t, answered);
    c = contest_of(t->sa);
    if (c->current && !c->disturbed) {
        rival_keep(t->sa, c->all[c->current - 1]);
        c->disturbed = true;
    }
}

/* The initiator asks again, as one of the answers told it to: that one has led on. */
static void
follow_detour(struct turn *t)
{
    struct contest *c = contest_of(t->sa);
    const struct ike_notify *n = ike_find_notify(t->m, N2_COOKIE);
    uint32_t cookie = n ? track_cookie(t->db, t->m) : 0;
    uint32_t best = 0, place = 0;

    for (uint32_t i = 0; c && i < t->sa->answers.len; i++) {
        const struct rival *r = c->all[i];
        uint32_t fits = 0;
        if (r->fact.accepts) {
            continue;
        }
        if (r->cookie && r->cookie == cookie) {
            fits = 3;
        } else if (r->fact.group && t->m->has_ke && r->fact.group == t->m->ke_group) {
            fits = 2;
        } else if (!r->cookie && !r->fact.group) {
            fits = 1;
        }
        if (fits > best) {
            best = fits;
            place = i + 1;
        }
    }
    if (place) {
        rival_believe(t->db, t->sa, place);
        c->all[place - 1]->fact.led_on = true;
        for (uint32_t i = 0; i < t->sa->answers.len; i++) {
            c->all[i]->fact.refuted |=
                i + 1 != place && c->all[i]->exchange == c->all[place - 1]->exchange;
        }
    }
}

static bool
refute(struct turn *t)
{
    track_judge(t->db, t->message, false);
    return false;
}

/* The request before that of x, NULL where it is the first. */
static struct exchange *
request_before(struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = MIN(x->index, sa->exchanges.len); i > 0; i--) {
        struct exchange *one = track_exchange(sa, i - 1);
        if (track_is_first(one) && one->request && !one->injected) {
            return one;
        }
    }
    return NULL;
}

/* Nobody's: the initiator has gone on. */
static bool
refuse_again(struct turn *t)
{
    struct exchange *x = t->exchange;

    t->sa->asked_again |= t->m->major == 2;
    if (x->request == t->message->frame) {
        x->injected = true;
    }
    return refute(t);
}

/* A first request that was not seen before.  False where nobody takes it. */
bool
track_new_request(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    struct exchange *x = t->exchange, *before, *answered;

    if (sa->went_on &&
        (m->major == 2 || !track_lacks_first(x, t->e->at.frame, t->e->at.time))) {
        return refuse_again(t);
    }
    x->with_cookie = ike_find_notify(m, N2_COOKIE) != NULL;
    x->with_nat_d = ike_find_notify(m, N2_NAT_DETECTION_SOURCE_IP) != NULL;
    x->with_fragmentation = ike_find_notify(m, N2_IKEV2_FRAGMENTATION_SUPPORTED) != NULL;
    before = request_before(sa, x);
    if (!before) {
        return true;
    }
    answered = track_answered_exchange(sa);
    if (answered && answered->chosen) {
        protect_answer(t, answered);
    }
    track_part_requests(t->db, sa, before);
    follow_detour(t);
    return true;
}

/* The place of the answer with the message's SPI, from 1; 0 where none is known.  Of several the
 * one that chooses what was offered: nobody goes on with another.  Else the first. */
static uint32_t
answer_of_spi(const struct ike_sa *sa, const struct contest *c, const uint8_t spi_r[8])
{
    uint32_t place = 0;

    for (uint32_t i = 0; i < sa->answers.len; i++) {
        const struct rival *r = c->all[i];
        if (memcmp(r->fact.spi_r, spi_r, sizeof r->fact.spi_r) == 0 &&
            (!place || rival_is_better(r, c->all[place - 1]))) {
            place = i + 1;
        }
    }
    return place;
}

/* Detours of other exchanges were on the way there. */
static void
settle(struct turn *t, uint32_t place)
{
    const struct contest *c = contest_of(t->sa);
    const struct rival *winner = c->all[place - 1];

    for (uint32_t i = 0; i < t->sa->answers.len; i++) {
        struct rival *r = c->all[i];
        /* The same offer again is nothing that a refusal leads to. */
        bool detour = !r->fact.accepts && r->fact.led_on && r->exchange != winner->exchange &&
                      (r->cookie || r->fact.group ||
                       r->exchange->offered != winner->exchange->offered);
        r->fact.led_on = i + 1 == place || detour;
        r->fact.refuted = !r->fact.led_on;
        if (!r->fact.led_on) {
            rival_judge_answer(t->db, r, false);
        }
    }
}

/* False where the message goes on with an answer that was refuted. */
static bool
go_on(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    const struct contest *c = contest_of(sa);
    uint32_t place = answer_of_spi(sa, c, m->spi_r);
    bool first = !sa->went_on, proven = m->encrypted && m->readable && !m->integrity_wrong;

    if (!place) {
        /* One that had to make room: what it chose is not known. */
        if (first && memcmp(sa->spi_r, m->spi_r, sizeof sa->spi_r) != 0) {
            rival_step_back(t->db, sa);
            track_learn_spi(t);
            for (uint32_t i = 0; i < sa->answers.len; i++) {
                c->all[i]->fact.refuted = !c->all[i]->fact.led_on;
            }
        }
        return memcmp(sa->spi_r, m->spi_r, sizeof sa->spi_r) == 0;
    }
    if (place == c->current && !first && !c->disturbed) {
        return true;
    }
    if (place != c->current && !first && sa->established_in && !(proven && m->major == 2)) {
        return false;
    }
    if (place != c->current && !first && m->major == 1) {
        return false;
    }
    rival_believe(t->db, sa, place);
    settle(t, place);
    track_settle_requests(t->db, sa, c->all[place - 1]->exchange);
    return true;
}

bool
track_goes_on(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;
    bool first = !sa->went_on, beyond = m->encrypted;

    if (ike_spi_is_zero(m->spi_r)) {
        return true;
    }
    if (m->major == 1) {
        beyond |= t->e->from_initiator && (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE);
    }
    if (!beyond) {
        return true;
    }
    if (sa->contest && sa->answers.len && !go_on(t)) {
        return false;
    }
    if (first && !sa->contest) {
        track_settle_requests(t->db, sa, track_answered_exchange(sa));
    }
    sa->went_on = true;
    sadb_ike_decided(t->db, sa);
    return true;
}

uint16_t
track_answer_followed(const struct ike_sa *sa)
{
    const struct contest *c = sa->contest;

    return c ? (uint16_t)c->current : 0;
}

static void
keep_refusal(struct turn *t, struct exchange *x, struct exchange *refusal,
             const struct exchange_message *m)
{
    struct contest *c;
    struct rival *r;

    rival_begin(t, x);
    c = contest_of(t->sa);
    if (c->current && t->sa->went_on) {
        c->all[c->current - 1]->fact.led_on = true;
    }
    r = rival_make_room(t->db, t->sa);
    r->exchange = refusal;
    r->fact = (struct given_answer){ .digest = m->digest, .time = m->time, .frame = m->frame,
                               .request = x->request, .src = t->sa->responder.addr,
                               .refuted = true };
}

/* IKEv1 refuses phase 1 by an Informational of its own.  Whoever goes on after it has not refused,
 * or does not believe it. */
void
track_refute_refusals(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    struct exchange *x = t->exchange;

    if (sa->established_in) {
        return;
    }
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_LOOKED_AT); newest_next(&n);) {
        struct exchange *other = track_exchange(sa, n.i);
        const struct exchange_message *m = other->messages.len ? &other->messages.at[0] : NULL;
        if (other->index < x->index) {
            break;
        }
        if (other->type != V1_INFORMATIONAL || !m || !m->refused || m->encrypted ||
            other->injected) {
            continue;
        }
        track_judge_exchange(t->db, other, false);
        x->answered_by = x->answered_by == m->frame ? 0 : x->answered_by;
        /* The initiator's own is no answer: it has changed its mind. */
        if (!m->from_initiator) {
            keep_refusal(t, x, other, m);
        }
        if (sa->state == IKE_FAILED) {
            sa->state = IKE_HALF_OPEN;
            sa->failed_in = 0;
        }
    }
}

/* Nobody went on: silence follows a refusal, and no choice.  Of two choices none is told to be the
 * other's forgery. */
static void
end_contest(struct sadb *db, struct ike_sa *sa)
{
    const struct contest *c = contest_of(sa);
    const struct exchange *x = c->current ? c->all[c->current - 1]->exchange : NULL;
    uint32_t pick = 0;
    bool refused = false;

    for (uint32_t i = 0; x && i < sa->answers.len; i++) {
        const struct rival *r = c->all[i];
        if (r->exchange == x && !r->fact.accepts && !refused) {
            refused = true;
            pick = i + 1;
        } else if (r->exchange == x && !refused && !r->fact.refuted &&
                   (!pick || rival_is_better(r, c->all[pick - 1]))) {
            pick = i + 1;
        }
    }
    if (!pick) {
        return;
    }
    rival_believe(db, sa, pick);
    for (uint32_t i = 0; i < sa->answers.len; i++) {
        struct rival *r = c->all[i];
        if (!r->fact.refuted && (refused ? !r->fact.accepts : r->fits >= c->all[pick - 1]->fits)) {
            rival_judge_answer(db, r, true);
            if (r->exchange != x) {
                rival_take_exchange(r->exchange, &r->x);
            }
        }
    }
    track_settle_requests(db, sa, c->all[pick - 1]->exchange);
}

void
sadb_see_end(struct sadb *db)
{
    for (guint i = 0; i < db->ike_sas->len; i++) {
        struct ike_sa *sa = database_ike_sa(db, i);
        if (sa->contest && !sa->went_on) {
            end_contest(db, sa);
        }
    }
    track_shapes_end(db);
    sights_end(db);
    track_points_end(db);
}
