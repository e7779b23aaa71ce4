/* elsewhere.c - answers from an address or a port that was not asked (RFC 7296 section 2.11).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

void
track_expect(struct turn *t)
{
    const struct ike_event *e = t->e;

    if (t->sa) {
        t->expected = e->from_initiator ? t->sa->initiator.addr : t->sa->responder.addr;
        t->known_source = ike_sa_is_at(t->sa, e->from_initiator, &e->at.src);
        t->known_path = track_known_between(t->sa, &e->at.src, &e->at.dst);
    }
}

/* The last message of x of the side that asks. */
static const struct exchange_message *
last_asked(const struct exchange *x, bool from_initiator)
{
    for (guint i = x->messages.len; i > 0; i--) {
        const struct exchange_message *m = &x->messages.at[i - 1];
        if (m->from_initiator == from_initiator && !m->forged) {
            return m;
        }
    }
    return NULL;
}

/* The newest first request of sa, which may be another after a cookie. */
static struct exchange *
last_first_request(struct ike_sa *sa, uint8_t type)
{
    for (guint i = sa->exchanges.len; i > 0 && sa->exchanges.len - i < SADB_MAX_REQUESTS; i--) {
        struct exchange *x = track_exchange(sa, i - 1);
        if (x->type == type && x->request && !x->injected) {
            return x;
        }
    }
    return NULL;
}

/* The message answers a first request, under an SPI of its own: an IKE SA by itself for those who
 * go by addresses.  *x is what it answers. */
static struct ike_sa *
asked_elsewhere(const struct turn *t, struct exchange **x)
{
    const struct ike_message *m = t->m;
    const struct sighting *at = &t->e->at;
    struct sa_key key = store_key(&t->db->store, 'i', 0, m->spi_i, 8, NULL, NULL);
    bool first = m->major == 2 ? m->exchange == V2_IKE_SA_INIT && ike_is_response(m) :
                                 (m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE) &&
                                     m->num_proposals > 0;
    struct ike_sa *sa;

    if (!first || m->encrypted || ike_spi_is_zero(m->spi_r)) {
        return NULL;
    }
    for (struct walk w = store_walk(&t->db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (sa != t->sa && sa->major == m->major && sa->started_here && !sa->went_on &&
            memcmp(sa->spi_i, m->spi_i, 8) == 0 && ip_equal(&sa->initiator.addr, &at->dst) &&
            sa->initiator.port == at->dst_port && !ike_sa_is_at(sa, false, &at->src)) {
            *x = last_first_request(sa, m->exchange);
            return *x ? sa : NULL;
        }
    }
    return NULL;
}

/* The place of the message among those that answer x and were not asked; NULL. */
static struct stray_answer *
stray_of(const struct ike_sa *sa, const struct exchange *x, const struct sighting *at)
{
    struct stray_answer *s = (struct stray_answer *)sa->strays.at;

    for (uint32_t i = 0; i < sa->strays.len; i++) {
        if (s[i].exchange == x->index && s[i].src_port == at->src_port &&
            ip_equal(&s[i].src, &at->src)) {
            return &s[i];
        }
    }
    return NULL;
}

static void
keep(struct turn *t, struct ike_sa *sa, const struct exchange *x, const struct ip_addr *asked,
     uint16_t port)
{
    const struct sighting *at = &t->e->at;
    struct stray_answer *s = stray_of(sa, x, at);

    if (!s && sa->strays.len >= SADB_MAX_STRAY_ANSWERS) {
        store_cap(&t->db->store, "answers of one IKE SA from elsewhere");
        return;
    }
    if (!s) {
        s = (struct stray_answer *)store_room(&t->db->store, sa->strays.at, sa->strays.len,
                                              &sa->strays.room, sizeof *s);
        sa->strays.at = s;
        s += sa->strays.len++;
        *s = (struct stray_answer){ .exchange = x->index, .src = at->src, .asked = *asked,
                                    .src_port = at->src_port, .asked_port = port,
                                    .time = at->time };
    }
    if (s->frames.len < SADB_MAX_RETRANSMISSIONS) {
        store_add_frame(&t->db->store, &s->frames, at->frame);
    } else {
        store_cap(&t->db->store, "frames of one message's retransmissions");
    }
    t->db->has_strays = true;
}

/* The request goes where the SA's other end was before the answer from elsewhere. */
static bool
goes_where_asked(const struct ike_sa *sa, const struct exchange *x, const struct sighting *at)
{
    for (uint32_t i = 0; i < sa->strays.len; i++) {
        if (sa->strays.at[i].exchange == x->index && ip_equal(&sa->strays.at[i].asked, &at->dst)) {
            return true;
        }
    }
    return false;
}

/* Who got such an answer speaks to the place that it came from: it was taken. */
static void
follow(struct turn *t)
{
    struct sa_key key = store_key(&t->db->store, 'i', 0, t->m->spi_i, 8, NULL, NULL);
    const struct sighting *at = &t->e->at;
    struct ike_sa *sa;

    for (struct walk w = store_walk(&t->db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        for (uint32_t i = 0; i < sa->strays.len; i++) {
            struct stray_answer *s = (struct stray_answer *)&sa->strays.at[i];
            s->followed |=
                ip_equal(&s->src, &at->dst) &&
                (s->src_port == at->dst_port || !ip_equal(&s->src, &s->asked));
        }
    }
}

void
track_elsewhere(struct turn *t)
{
    const struct ike_event *e = t->e;
    struct exchange *x = t->exchange, *asking;
    const struct exchange_message *asked;
    struct ike_sa *sa = t->sa, *other;

    if (!sa || !x) {
        return;
    }
    if (t->db->has_strays) {
        follow(t);
    }
    other = sa->started_here ? NULL : asked_elsewhere(t, &asking);
    if (other) {
        keep(t, other, asking, &other->responder.addr, other->responder.port);
        return;
    }
    if (e->from_initiator == x->by_initiator) {
        x->other_path |= t->expected.family && !t->known_path && !goes_where_asked(sa, x, &e->at);
        return;
    }
    asked = last_asked(x, x->by_initiator);
    if (!asked || !t->expected.family) {
        return;
    }
    if (t->known_source && asked->dst_port == e->at.src_port && !stray_of(sa, x, &e->at)) {
        x->answered_there = true;
    } else {
        keep(t, sa, x, &t->expected, asked->dst_port);
    }
}
