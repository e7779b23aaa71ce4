/* roles.c - who began an IKE SA of IKEv1, which has no flag that says so.  The first message that
 * is captured need not be the first that was sent.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* Messages of one negotiation that were captured the wrong way round come within this time. */
#define TURNED_SECONDS 0.5

bool
track_v1_tells(const struct ike_message *m, bool *from_initiator)
{
    if (m->major != 1 || m->encrypted || m->fragment || !m->num_proposals ||
        (m->exchange != V1_MAIN && m->exchange != V1_AGGRESSIVE)) {
        return false;
    }
    *from_initiator = ike_spi_is_zero(m->spi_r);
    return true;
}

/* IKEv1 has no flag that says who began the SA: the addresses tell, and where both
 * sides are behind one address, the ports. */
bool
track_v1_from_initiator(const struct ike_sa *sa, const struct sighting *at)
{
    bool src_i = ike_sa_is_at(sa, true, &at->src), src_r = ike_sa_is_at(sa, false, &at->src);

    if (src_i != src_r) {
        return src_i;
    }
    if (src_i) {
        return at->src_port == sa->initiator.port;
    }
    return !ike_sa_is_at(sa, true, &at->dst);
}

static bool
just_begun(const struct ike_sa *sa, double now)
{
    const struct exchange *x = sa->exchanges.len ? sa->exchanges.at[0] : NULL;

    /* A fragment in clear says nothing of what it is a part of. */
    return x && x->messages.len && !x->messages.at[0].fragment &&
           now - x->messages.at[0].time < TURNED_SECONDS;
}

bool
track_begins_late(const struct ike_sa *sa, const struct ike_message *m, double now)
{
    return track_begins(m) && m->major == 1 && !sa->started_here && just_begun(sa, now);
}

bool
track_lacks_first(const struct exchange *x, uint32_t frame, double now)
{
    if (!x->messages.len || now - x->messages.at[0].time >= TURNED_SECONDS) {
        return false;
    }
    for (uint32_t i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        if (m->from_initiator && m->has_sa && m->frame != frame) {
            return false;
        }
    }
    return x->messages.at[0].frame != frame;
}

static void
turn_exchange(struct exchange *x)
{
    bool phase1 = x->type == V1_MAIN || x->type == V1_AGGRESSIVE;

    for (uint32_t i = 0; i < x->messages.len; i++) {
        struct exchange_message *m = track_message(x, i);
        m->from_initiator = !m->from_initiator;
    }
    x->by_initiator = phase1 || !x->by_initiator;
    track_sides(x);
}

static void
turn_ends(struct turn *t)
{
    struct ike_sa *sa = t->sa, was = *sa;

    sa->initiator = was.responder;
    sa->responder = was.initiator;
    sa->beyond_i = was.beyond_r;
    sa->beyond_r = was.beyond_i;
    sa->nat_i = was.nat_r;
    sa->nat_r = was.nat_i;
    sa->certificate_i = was.certificate_r;
    sa->certificate_r = was.certificate_i;
    if (sa->auth_terms) {
        struct auth_terms *terms = track_auth_terms(t), old = *terms;
        terms->asked_by_i = old.asked_by_r;
        terms->asked_by_r = old.asked_by_i;
    }
    sa->from_initiator = was.from_responder;
    sa->from_responder = was.from_initiator;
    sa->i_from_500 = was.r_from_500;
    sa->r_from_500 = was.i_from_500;
    sa->i_from_4500 = was.r_from_4500;
    sa->r_from_4500 = was.i_from_4500;
    sa->last_from_i = was.last_from_r;
    sa->last_from_r = was.last_from_i;
}

static void
turn_child(struct child_sa *c)
{
    struct child_sa was = *c;

    c->spi_i = was.spi_r;
    c->spi_r = was.spi_i;
    c->ts_i = was.ts_r;
    c->ts_r = was.ts_i;
    c->num_ts_i = was.num_ts_r;
    c->num_ts_r = was.num_ts_i;
    c->addr_i = was.addr_r;
    c->addr_r = was.addr_i;
}

/* Without its beginning, the sender of the first message captured was taken for the initiator. */
bool
track_turn_round(struct turn *t)
{
    struct ike_sa *sa = t->sa;
    bool says;

    if (!track_v1_tells(t->m, &says) || sa->major != 1 || sa->started_here || sa->chosen ||
        sa->offered->len || says == track_v1_from_initiator(sa, &t->e->at) ||
        (sa->num_readable && !just_begun(sa, t->e->at.time))) {
        return false;
    }
    for (uint32_t i = 0; i < sa->children.len && i < SADB_MAX_LOOKED_AT; i++) {
        if (sa->children.at[i]->streams.len) {
            return false;
        }
    }
    turn_ends(t);
    for (uint32_t i = 0; i < sa->exchanges.len && i < SADB_MAX_LOOKED_AT; i++) {
        turn_exchange(track_exchange(sa, i));
    }
    for (uint32_t i = 0; i < sa->children.len && i < SADB_MAX_LOOKED_AT; i++) {
        turn_child(track_child(sa, i));
    }
    return true;
}
