/* message.c - what one IKE message does to its IKE SA and its exchange.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/hash.h>
#include <string.h>

/* MOBIKE tries paths by one request on each of them.  Without keys nobody knows of MOBIKE; what
 * comes at the same moment is believed to be that.  An answer may come after the next request. */
static bool
probes_path(const struct turn *t, double gap)
{
    const struct ike_sa *sa = t->sa;

    return sa->major == 2 && t->exchange->type == V2_INFORMATIONAL &&
           t->exchange->index + 2 >= sa->exchanges.len &&
           ((sa->mobike_i && sa->mobike_r) || (!sa->auth_read && gap < DUPLICATE_MESSAGE_SECONDS));
}

/* The message of that frame came or went another way: the path that is known may be tried last. */
static bool
was_elsewhere(const struct sadb *db, uint32_t frame, const struct sighting *at)
{
    const struct recent_message *was = track_recent(db, frame);

    return was && !(ip_equal(&was->src, &at->src) && ip_equal(&was->dst, &at->dst));
}

/* The message of that frame came and went the same way: a mirror shows it twice. */
static bool
was_there(const struct sadb *db, uint32_t frame, const struct sighting *at)
{
    const struct recent_message *was = track_recent(db, frame);

    return was && ip_equal(&was->src, &at->src) && ip_equal(&was->dst, &at->dst);
}

static void
note_again(struct turn *t, struct exchange_message *old, double apart)
{
    struct ike_event *e = t->e;
    struct sadb *db = t->db;
    const struct sighting *at = &e->at;
    struct retransmissions *again;
    double gap = at->time - (old->again ? old->again->last_time : old->time);

    t->message = old;
    /* A nested message that Wireshark reassembled stands in the same frame. */
    if (gap < DUPLICATE_MESSAGE_SECONDS &&
        (old->ip_id == at->ip_id || old->ip_id == 0 || at->ip_id == 0) &&
        (was_there(db, old->frame, at) || track_known_between(t->sa, &at->src, &at->dst) ||
         track_translated(db, t->sa, t->exchange, old, at))) {
        if (t->sa->after_nat == at->frame) {
            struct sa_key half = store_half_key(&db->store, t->sa->spi_i, &at->src, &at->dst);
            store_pair_add(&db->store, t->sa, &at->src, &at->dst);
            store_add(&db->store, &half, t->sa);
        }
        e->duplicate = true;
        old->twice |= at->frame != old->frame;
        t->sa->captured_twice |= old->twice;
        return;
    }
    if (at->own_ports && (old->src_port != at->src_port || old->dst_port != at->dst_port)) {
        e->probe = true;        /* nobody sends a message again from and to other ports */
        return;
    }
    e->new_address = !track_known_between(t->sa, &at->src, &at->dst);
    if (apart > 0 && !e->new_address) {
        e->duplicate = true;
        e->apart = apart;
        old->twice = t->sa->captured_twice = true;
        return;
    }
    if ((e->new_address || was_elsewhere(db, old->frame, at)) && probes_path(t, gap)) {
        e->probe = true;
        e->new_address = false;
        return;
    }
    e->retransmission_of = old->frame;
    if (e->new_address && !was_there(db, old->frame, at) &&
        !ike_sa_behind_nat(t->sa, e->from_initiator)) {
        return;                 /* whoever sends it, the sender of the first one has not */
    }
    old->ip_id = at->ip_id;
    again = (struct retransmissions *)old->again;
    if (!again) {
        again = (struct retransmissions *)store_alloc(&db->store, sizeof *again);
        old->again = again;
    }
    again->num++;
    again->last_time = at->time;
    if (again->frames.len < SADB_MAX_RETRANSMISSIONS) {
        store_add_frame(&db->store, &again->frames, at->frame);
    } else {
        store_cap(&db->store, "frames of one message's retransmissions");
    }
}

static bool
add_message(struct turn *t, uint64_t sum)
{
    t->message = track_add_message(t, sum);
    if (t->message) {
        track_add_side(t->exchange, t->message);
    }
    return t->message != NULL;
}

/* Ports move when IKE floats to 4500, addresses by MOBIKE (RFC 4555 section 3.5) or by
 * a mapping of NAT; both are believed once the other side answers to the new place. */
static void
follow_addresses(struct turn *t)
{
    struct ike_event *e = t->e;
    const struct ike_message *m = t->m;
    struct sadb *db = t->db;
    struct ike_sa *sa = t->sa;
    struct endpoint *from = e->from_initiator ? &sa->initiator : &sa->responder;
    struct endpoint *to = e->from_initiator ? &sa->responder : &sa->initiator;
    bool update =
        ike_find_notify(m, N2_UPDATE_SA_ADDRESSES) && e->basis == BASIS_DECRYPTED && m->major == 2;
    /* With MOBIKE an answer on another path is only a probe's (RFC 4555 sections 3.8 and 3.10).
     * Two ends do not move at once but from one version of IP to the other: who made up both
     * messages of an exchange would. */
    bool answered = m->major == 2 && ike_is_response(m) && m->encrypted &&
                    t->exchange->request && t->exchange->response == e->at.frame &&
                    !(sa->mobike_i && sa->mobike_r) &&
                    (e->standing == STANDING_AUTHENTICATED ||
                     e->at.src.family != from->addr.family ||
                     ike_sa_is_at(sa, e->from_initiator, &e->at.src) ||
                     ike_sa_is_at(sa, !e->from_initiator, &e->at.dst));
    struct ip_addr *old_from = &from->addr, *old_to = &to->addr;

    if (track_between(sa, &e->at.src, &e->at.dst)) {
        if (ike_sa_behind_nat(sa, e->from_initiator) && from->port != e->at.src_port &&
            to->port == e->at.dst_port && to->port == PORT_NATT) {
            e->old_src_port = from->port;
        }
        from->port = e->at.src_port;
        to->port = e->at.dst_port;
        return;
    }
    if (track_known_between(sa, &e->at.src, &e->at.dst)) {
        return;
    }
    if (!update && !answered) {
        e->new_address = !e->new_sa;
        sa->path_unsure |= sa->mobike_i && sa->mobike_r && ike_is_response(m) && m->readable &&
                           t->exchange && !t->exchange->request;
        return;
    }
    /* Where both addresses are others, as from one version of IP to the other, who asks on the new
     * path has moved, and who answers there has not. */
    e->moved_initiator = e->from_initiator;
    if (ip_equal(&from->addr, &e->at.src)) {
        e->moved_initiator = !e->from_initiator;
    } else if (!ip_equal(&to->addr, &e->at.dst)) {
        e->moved_initiator = t->exchange->by_initiator;
    }
    e->old_addr = e->moved_initiator ? sa->initiator.addr : sa->responder.addr;
    if (sa->children.len > SADB_MAX_LOOKED_AT) {
        store_cap(&db->store, "Child SAs that follow a new address");
    }
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_LOOKED_AT); newest_next(&n);) {
        struct child_sa *c = track_child(sa, n.i);
        struct ip_addr *near = e->from_initiator ? &c->addr_i : &c->addr_r;
        struct ip_addr *far = e->from_initiator ? &c->addr_r : &c->addr_i;
        if (ip_equal(near, old_from) && ip_equal(far, old_to)) {
            *near = e->at.src;
            *far = e->at.dst;
        }
    }
    from->addr = e->at.src;
    from->port = e->at.src_port;
    to->addr = e->at.dst;
    to->port = e->at.dst_port;
    e->moved = true;
    store_pair_add(&db->store, sa, &e->at.src, &e->at.dst);
    if (sa->stood) {
        sadb_ike_stands(db, sa);
    }
}

static bool
from_initiator(const struct turn *t)
{
    const struct ike_sa *sa = t->sa;
    const struct ike_message *m = t->m;
    const struct sighting *at = &t->e->at;

    if (t->e->turned_spis) {
        return ike_sa_is_at(sa, true, &at->src);
    }
    return m->major == 2 ? (m->flags & FLAG_INITIATOR) != 0 : track_v1_from_initiator(sa, at);
}

/* The first phase: what is known of it, and how much the message counts.  Nothing changes yet: who
 * makes up a message is to leave no trace. */
static void
look_up(struct turn *t, uint64_t sum)
{
    struct ike_event *e = t->e;

    t->sa = track_find_sa(t->db, t->m, &e->at, sum);
    if (!t->sa) {
        t->sa = track_by_turned_spis(t->db, t->m, &e->at);
        e->turned_spis = t->sa != NULL;
    }
    if (t->sa) {
        e->from_initiator = from_initiator(t);
        t->exchange = track_find_exchange(t);
    }
    e->standing = track_standing(t, sum);
    track_expect(t);
}

/* Without its beginning an IKE SA of IKEv1 is known by messages that nobody could read, and now it
 * begins: nobody can have gone on with it before. */
static void
begin_anew(struct turn *t)
{
    struct ike_sa *sa = t->sa;

    if (track_begins_late(sa, t->m, t->e->at.time)) {
        sa->started_here = true;
        return;
    }
    if (t->m->major != 1 || !track_begins(t->m) || sa->started_here || sa->chosen ||
        sa->num_readable || sa->state != IKE_HALF_OPEN) {
        return;
    }
    for (guint i = 0; i < sa->exchanges.len && i < SADB_MAX_REQUESTS; i++) {
        track_judge_exchange(t->db, track_exchange(sa, i), false);
    }
    memset(sa->spi_r, 0, sizeof sa->spi_r);
    sa->has_spi_r = sa->went_on = false;
    sa->num_encrypted = 0;
    sa->started_here = true;
    sa->first_frame = t->e->at.frame;
    t->e->new_sa = true;
    t->exchange = NULL;
}

/* The second phase: which IKE SA, which side of it, which exchange.  Each needs the one before.
 * False where there is no room for one. */
static bool
tie(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_event *e = t->e;
    bool went_on;

    if (!t->sa) {
        t->sa = track_make_sa(t->db, m, &e->at);
        e->new_sa = true;
    }
    if (!t->sa) {
        return false;
    }
    if (track_turn_round(t)) {
        e->from_initiator = from_initiator(t);
        t->exchange = track_find_exchange(t);
    }
    begin_anew(t);
    e->from_initiator = from_initiator(t);
    if (!e->from_initiator && !ike_spi_is_zero(m->spi_r) && !t->sa->chosen && !track_is_answer(t)) {
        track_learn_spi(t);
    }
    went_on = t->sa->went_on;
    if (!track_goes_on(t)) {
        return false;
    }
    if (t->sa->contest || !went_on) {   /* which exchanges are its own may have changed */
        t->exchange = track_find_exchange(t);
    }
    if (!t->exchange && !track_too_many_requests(t->db, t->sa, m)) {
        t->exchange = track_make_exchange(t->db, t->sa, m, e->from_initiator != e->is_response);
        if (t->exchange && !track_is_first(t->exchange)) {
            t->exchange->answer = track_answer_followed(t->sa);
        }
    }
    return t->exchange != NULL;
}

/* First requests and their answers are in clear, and others may have sent some too. */
static bool
compete(struct turn *t)
{
    if (track_is_answer(t)) {
        return track_new_answer(t);
    }
    if (track_is_request(t)) {
        return track_new_request(t);
    }
    return true;
}

/* The third phase: whether the message is new.  What comes again says nothing more: false. */
static bool
admit(struct turn *t, uint64_t sum)
{
    const struct ike_message *m = t->m;
    struct ike_event *e = t->e;
    struct exchange_message *old;
    double apart = 0;
    bool again = sights_message(t->db, t->sa, &e->at, sum, &apart);

    if (m->capped) {
        store_cap(&t->db->store, "payloads, proposals or other parts of one IKE message");
    }
    e->about = t->exchange;
    old = track_find_message(t->exchange, sum, e->from_initiator);
    if (old) {
        note_again(t, old, again ? apart : 0);
        track_sent(t->db, t->sa, e->from_initiator, &e->at);
        t->sa->last_frame = old->injected ? t->sa->last_frame : e->at.frame;
        return false;
    }
    if (t->m->major == 1 && track_is_first(t->exchange) && !track_is_answer(t) &&
        !track_is_request(t)) {
        track_refute_refusals(t);
    }
    if (!add_message(t, sum)) {
        return false;
    }
    if (!compete(t)) {
        return false;
    }
    t->sa->last_frame = e->at.frame;
    track_count_opened(t);
    track_refute_denials(t);
    return true;
}

/* An IKEv1 Informational that refuses is about another exchange than its own. */
static void
look_at_refusal(struct turn *t)
{
    struct exchange *x;

    if (t->m->major != 1 || t->m->exchange != V1_INFORMATIONAL) {
        return;
    }
    x = track_refused(t);
    if (x && (t->message->refused || !t->m->readable)) {
        t->e->about = x;
        x->answered_by = x->answered_by ? x->answered_by : t->e->at.frame;
    }
}

/* Once the SA stands, what anybody may say in clear adds nothing to it; a capture that has the
 * first answer behind the last learns the suite from it. */
static bool
adds_nothing(const struct turn *t)
{
    return t->e->standing < STANDING_PROTECTED && t->sa->established_in && t->sa->chosen;
}

/* The fourth phase: what the message says, from the path to the SAs that it makes. */
static void
read_message(struct turn *t)
{
    /* Whether both sides know MOBIKE decides which new addresses are believed. */
    track_abilities(t);
    track_liveness(t);
    /* A Child SA takes its ends from the IKE SA: addresses come before answers.  A mapping that
     * changes is judged by the NAT that was known before this message. */
    follow_addresses(t);
    track_sent(t->db, t->sa, t->e->from_initiator, &t->e->at);
    /* An identity may be the address that a NAT hides, so identities come before the NAT. */
    track_identities(t);
    track_certificates(t);
    track_user(t);
    track_terms(t);
    look_at_refusal(t);
    /* An answer is compared with what was offered. */
    track_offer(t);
    track_answer(t);
    /* What an answer that nobody could read says depends on the suite. */
    track_turn(t);
    /* The hash of IKEv1's NAT detection is the one that the answer chose (RFC 3947 section 3.2). */
    track_nat(t);
    track_keep_request(t);
}

/* The last phase: what follows for the IKE SA and its neighbours. */
static void
conclude(struct turn *t)
{
    struct ike_event *e = t->e;

    /* An IKE SA is established by a suite that the answer chose. */
    track_state(t);
    e->collides = track_colliding(t);
    /* Only an IKE SA that is established takes the place of another. */
    e->replaces = track_replaced(t);
    if (e->established && t->m->major == 1) {
        track_phase1(t);
    }
    /* A Delete spares the Child SAs of an IKE SA that was rekeyed: rekeying comes before. */
    track_deletes(t);
}

void
sadb_see_ike(struct sadb *db, struct ike_event *e, const struct sighting *at,
             const struct ike_message *m, const uint8_t *octets, size_t len)
{
    /* Seeded, so that no message can be made to look like another. */
    uint64_t sum = hash_octets(db->store.seed, octets, len);
    struct turn t = { .db = db, .m = m, .e = e, .sum = sum };

    memset(e, 0, sizeof *e);
    e->at = *at;
    e->is_response = ike_is_response(m);
    e->basis = m->encrypted && m->readable ? BASIS_DECRYPTED : BASIS_OBSERVED;
    if (m->major < 1 || m->major > 2 || ike_spi_is_zero(m->spi_i)) {
        e->standing = STANDING_CLAIMED;
        return;
    }
    if (track_copied_message(db, e, m, octets, len)) {
        return;
    }
    look_up(&t, sum);
    if (t.sa && track_refutes(t.sa, m)) {
        track_forged(&t, sum);
    } else if (track_is_denial(&t)) {
        track_denial(&t);
    } else if (e->standing != STANDING_UNLAWFUL) {
        db->num_ike++;
        if (tie(&t) && admit(&t, sum) && !adds_nothing(&t)) {
            read_message(&t);
            conclude(&t);
        }
        track_elsewhere(&t);
        track_link(&t);
    }
    e->sa = t.sa;
    e->exchange = t.exchange;
    e->message = t.message;
    track_tell_point(db, at, t.sa, NULL, e->from_initiator);
}
