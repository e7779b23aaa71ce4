/* rival.c - what is known from one of several answers while another one is believed.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "rival.h"

#include <string.h>

/* All that an answer to the first request makes known of its IKE SA.. */
static void
take(struct ike_sa *to, const struct ike_sa *from)
{
    to->chosen = from->chosen;
    to->offered = from->offered;
    to->nat_i = from->nat_i;
    to->nat_r = from->nat_r;
    to->nat = from->nat;
    to->state = from->state;
    to->established_in = from->established_in;
    to->established_time = from->established_time;
    to->failed_in = from->failed_in;
    to->auth_method = from->auth_method;
    to->auth_method_in = from->auth_method_in;
    to->auth_terms = from->auth_terms;
    memcpy(to->spi_r, from->spi_r, sizeof to->spi_r);
    to->has_spi_r = from->has_spi_r;
    to->post_quantum = from->post_quantum;
    to->fragmentation_i = from->fragmentation_i;
    to->fragmentation_r = from->fragmentation_r;
    to->initiator = from->initiator;
    to->responder = from->responder;
    to->i_from_500 = from->i_from_500;
    to->i_from_4500 = from->i_from_4500;
    to->from_responder = from->from_responder;
    to->r_from_500 = from->r_from_500;
    to->r_from_4500 = from->r_from_4500;
    to->last_from_i = from->last_from_i;
    to->last_from_r = from->last_from_r;
}

/* ..and of its exchange. */
void
rival_take_exchange(struct exchange *to, const struct exchange *from)
{
    to->response = from->response;
    to->response_time = from->response_time;
    to->chosen = from->chosen;
    to->transport_answered = from->transport_answered;
    to->response_readable = from->response_readable;
    to->refused_ke = from->refused_ke;
    to->invalid_ke = from->invalid_ke;
}

/* What is known without any answer. */
static void
clear_answer(struct ike_sa *sa, struct exchange *x)
{
    static const struct exchange unanswered;
    struct ike_sa asked = *sa;

    asked.chosen = NULL;
    asked.nat_r = (struct nat_evidence){ 0 };
    asked.nat = NAT_UNKNOWN;
    asked.state = IKE_HALF_OPEN;
    asked.established_in = asked.failed_in = 0;
    asked.established_time = 0;
    asked.auth_method = 0;
    asked.auth_method_in = 0;
    asked.auth_terms = NULL;
    memset(asked.spi_r, 0, sizeof asked.spi_r);
    asked.has_spi_r = asked.post_quantum = asked.fragmentation_r = false;
    asked.from_responder = asked.r_from_500 = asked.r_from_4500 = false;
    asked.last_from_r = 0;
    asked.responder.id = NULL;
    take(sa, &asked);
    rival_take_exchange(x, &unanswered);
}

void
rival_judge_answer(struct sadb *db, const struct rival *r, bool believed)
{
    struct exchange_message *m = track_find_message(r->exchange, r->fact.digest, false);

    if (m) {
        track_judge(db, m, believed);
    }
}

/* Messages beyond the first exchange belong to the answer whose SPI they carry. */
static void
judge_later(struct sadb *db, struct ike_sa *sa, const struct contest *c)
{
    for (guint i = 0; i < sa->exchanges.len; i++) {
        struct exchange *x = track_exchange(sa, i);
        bool believed = x->answer == c->current;
        if (!x->answer || x->injected != believed) {
            continue;
        }
        track_judge_exchange(db, x, believed);
        for (guint k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            bool counts = m->encrypted && !m->fragment;
            sa->num_encrypted += believed ? counts : -counts;
            sa->num_readable += believed ? counts && m->readable : -(counts && m->readable);
        }
    }
}

void
rival_keep(const struct ike_sa *sa, struct rival *r)
{
    take(&r->sa, sa);
    rival_take_exchange(&r->x, r->exchange);
}

/* Nothing is believed. */
void
rival_step_back(struct sadb *db, struct ike_sa *sa)
{
    struct contest *c = contest_of(sa);
    struct rival *r = c->current ? c->all[c->current - 1] : NULL;

    if (!r) {
        return;
    }
    /* what disturbed it may have come before it was kept at all */
    if (!c->disturbed || !r->sa.offered) {
        rival_keep(sa, r);
    }
    c->disturbed = false;
    c->current = 0;
    clear_answer(sa, r->exchange);
    rival_judge_answer(db, r, false);
}

void
rival_believe(struct sadb *db, struct ike_sa *sa, uint32_t place)
{
    struct contest *c = contest_of(sa);
    struct rival *r = c->all[place - 1];

    if (c->current != place) {
        rival_step_back(db, sa);
    } else if (!c->disturbed) {
        return;
    }
    c->current = place;
    c->disturbed = false;
    if (r->sa.offered) {
        take(sa, &r->sa);
        rival_take_exchange(r->exchange, &r->x);
    }
    rival_judge_answer(db, r, true);
    judge_later(db, sa, c);
}

/* Makes room among the messages of an exchange, too. */
static void
drop_message(struct exchange *x, uint64_t digest)
{
    struct exchange_message *m = track_find_message(x, digest, false);
    uint32_t at;

    if (m) {
        at = (uint32_t)(m - track_message(x, 0));
        memmove(m, m + 1, (--x->messages.len - at) * sizeof *m);
    }
}

/* Room for one more; at the cap the second oldest makes room, for the first one is most often
 * the true one, and so is the newest. */
struct rival *
rival_make_room(struct sadb *db, struct ike_sa *sa)
{
    struct contest *c = contest_of(sa);
    const struct given_answer **facts;
    struct rival *r;
    uint32_t at;

    if (sa->answers.len < SADB_MAX_ANSWERS) {
        uint32_t room = sa->answers.room;
        c->all = store_room(&db->store, c->all, sa->answers.len, &room, sizeof(void *));
        facts = store_room(&db->store, sa->answers.at, sa->answers.len, &sa->answers.room,
                           sizeof(void *));
        r = (struct rival *)store_alloc(&db->store, sizeof *r);
        c->all[sa->answers.len] = r;
        facts[sa->answers.len++] = &r->fact;
        sa->answers.at = facts;
        return r;
    }
    store_cap(&db->store, "answers to one first request of IKE");
    /* not the one that is believed */
    at = c->current == 2 ? 2 : 1;
    r = c->all[at];
    drop_message(r->exchange, r->fact.digest);
    facts = (const struct given_answer **)sa->answers.at;
    memmove(c->all + at, c->all + at + 1, (sa->answers.len - at - 1) * sizeof(void *));
    memmove(facts + at, facts + at + 1, (sa->answers.len - at - 1) * sizeof(void *));
    c->all[sa->answers.len - 1] = r;
    facts[sa->answers.len - 1] = &r->fact;
    c->current -= c->current > at;
    *r = (struct rival){ .fact = { .frame = 0 } };
    return r;
}

/* The answer that was there before there were two. */
void
rival_begin(struct turn *t, struct exchange *x)
{
    struct sadb *db = t->db;
    struct ike_sa *sa = t->sa;
    struct contest *c = contest_of(sa);
    const struct exchange_message *m = NULL;
    struct rival *r;

    if (!c) {
        c = (struct contest *)store_alloc(&db->store, sizeof *c);
        sa->contest = c;
    }
    for (guint i = 0; i < x->messages.len && !m; i++) {
        m = x->messages.at[i].frame == x->response ? &x->messages.at[i] : NULL;
    }
    if (c->current || !m) {
        return;
    }
    r = rival_make_room(db, sa);
    r->exchange = x;
    r->fact = (struct given_answer){ .digest = m->digest, .time = m->time, .frame = m->frame,
                               .request = x->request, .src = sa->responder.addr,
                               .accepts = x->chosen != NULL, .cut = m->truncated };
    memcpy(r->fact.spi_r, sa->spi_r, sizeof r->fact.spi_r);
    r->cookie = x->cookie;
    r->fact.asks_cookie = x->cookie != 0;
    r->fact.group = x->wanted_group;
    r->fits = x->chosen ? track_fits(x, x->chosen->p) : 0;
    rival_keep(sa, r);
    c->current = sa->answers.len;
}

/* a is rather the answer that an initiator takes than b. */
bool
rival_is_better(const struct rival *a, const struct rival *b)
{
    return a->fact.accepts != b->fact.accepts ? a->fact.accepts : a->fits > b->fits;
}
