/* flow.c - how the two directions of a Child SA answer each other.  Only what a receiver might take
 * counts, and each packet once.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/flow.h>
#include <espial/hash.h>
#include <string.h>

#define LADDER_PAUSE_S 0.15 /* less is one burst */

static bool
doubles(float pause, float before)
{
    return before > 0 && pause >= 1.5f * before && pause <= 3.5f * before;
}

/* --- what anybody can see ------------------------------------------------------------- */

static void
climb(struct flow_ladder *l, const struct ipsec_event *e)
{
    float pause = (float)(e->at.time - l->last_time);

    if (e->packet->length < l->length) {
        return;
    }
    if (e->packet->length > l->length) {
        *l = (struct flow_ladder){ .length = e->packet->length, .first_frame = e->at.frame };
        pause = 0;
    }
    l->steps = doubles(pause, l->pause) ? l->steps + 1 : 0;
    l->pause = pause >= LADDER_PAUSE_S ? pause : 0;
    l->last_time = e->at.time;
    l->last_frame = e->at.frame;
    l->sent++;
}

static void
add_to_run(struct flow *f, const struct ipsec_event *e, bool read)
{
    struct flow_run *r = &f->run;
    float pause = (float)(e->at.time - r->last_time);

    if (!r->packets) {
        *r = (struct flow_run){ .first_time = e->at.time,
                                .first_frame = e->at.frame,
                                .shortest = e->packet->length,
                                .to_responder = e->to_responder };
        pause = 0;
    }
    r->waited += pause >= flow_patience(&f->way[r->to_responder]);
    r->grown = doubles(pause, r->pause) ? r->grown + 1 : 0;
    r->pause = pause;
    r->alike = r->packets && r->length == e->packet->length ? r->alike + 1 : 1;
    r->length = e->packet->length;
    r->shortest = MIN(r->shortest, e->packet->length);
    r->packets++;
    r->read += read;
    r->last_time = e->at.time;
    r->last_frame = e->at.frame;
}

/* Something comes back after the row r. */
static void
end_run(struct flow *f, double now)
{
    struct flow_run *r = &f->run;
    struct flow_way *w = &f->way[r->to_responder];
    double late = now - r->last_time, apart = r->first_time - w->last_question;

    if (late < 0 || late > FLOW_ANSWER_S) {
        r->packets = 0;
        return;
    }
    if (r->alike == r->packets) {
        w->lengths[w->questions % FLOW_LENGTHS] = r->length;
        /* Not of packets that had waited in vain: what comes then may be another matter's. */
        if (!r->waited && (!w->questions || late <= FLOW_ANSWER_S / 40 + 2 * (double)w->slowest)) {
            w->longest = MAX(w->longest, r->length);
        }
    }
    if (!w->questions) {
        w->first_question = r->first_time;
    } else if (apart > 0 && (w->pace <= 0 || apart < (double)w->pace)) {
        w->pace = (float)apart;
    }
    w->slowest = MAX(w->slowest, (float)late);
    w->last_question = r->first_time;
    w->questions++;
    w->most = MAX(w->most, r->packets);
    r->packets = 0;
}

/* --- what keys show ------------------------------------------------------------------- */

/* One end of the inner packet: its address, protocol and, of TCP, its port. */
static uint32_t
hash_end(const struct inner_packet *p, bool source)
{
    uint16_t port = source ? p->src_port : p->dst_port;
    uint64_t sum = hash_octets(hash_seed(), source ? &p->src : &p->dst, sizeof p->src);

    sum = hash_octets(sum, &p->protocol, sizeof p->protocol);
    if (p->protocol == IP_TCP && p->has_ports) {
        sum = hash_octets(sum, &port, sizeof port);
    }

    return (uint32_t)(sum ^ sum >> 32) | 1;
}

/* The same both ways; echoes of one identifier are one conversation. */
static uint32_t
hash_talk(const struct ipsec_packet *p)
{
    uint32_t echo = p->talk.kind == TALK_TCP || p->talk.kind == TALK_NONE ? 0 : p->talk.seq >> 16;

    return (hash_end(&p->inner, true) ^ hash_end(&p->inner, false)) + 31 * echo;
}

static uint32_t
hash_way(const struct inner_packet *p, bool back)
{
    return hash_end(p, !back) * 3 + hash_end(p, back);
}

static bool
holds(const uint32_t *list, uint32_t num, uint32_t max, uint32_t one)
{
    for (uint32_t i = 0; i < num && i < max; i++) {
        if (list[i] == one) {
            return true;
        }
    }
    return false;
}

static void
settle(struct flow_fate *fate, const struct flow_question *q)
{
    fate->shortest = fate->number ? MIN(fate->shortest, q->length) : q->length;
    fate->longest = MAX(fate->longest, q->length);
    fate->first_frame = fate->number ? fate->first_frame : q->first_frame;
    fate->last_frame = MAX(fate->last_frame, q->last_frame);
    fate->sent += q->sent;
    fate->number++;
}

/* The packet answers questions of the other direction. */
static void
hear(struct flow *f, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    uint32_t id = hash_way(&p->inner, true);

    for (size_t i = 0; i < FLOW_QUESTIONS; i++) {
        struct flow_question *q = &f->reading->way[!e->to_responder].open[i];
        bool answers;
        if (!q->first_frame || q->id != id) {
            continue;
        }
        answers = q->tcp ? p->talk.kind == TALK_TCP && (p->talk.flags & TCP_ACK) &&
                               (int32_t)(p->talk.ack - q->end) >= 0 :
                           p->talk.kind == TALK_ECHO_REPLY && p->talk.seq == q->seq;
        q->back++;
        if (answers) {
            settle(&f->reading->way[!e->to_responder].answered, q);
            q->first_frame = 0;
        }
    }
}

/* Where a question goes that was not asked before: a free place, else that of the oldest one; but
 * of a connection that has sent much, that of the latest segment: the first one will be sent
 * again. */
static struct flow_question *
place_for(struct flow_question *open, uint32_t id)
{
    struct flow_question *oldest = open, *latest = NULL;
    unsigned same = 0;

    for (size_t i = 0; i < FLOW_QUESTIONS; i++) {
        struct flow_question *q = &open[i];
        if (!q->first_frame) {
            return q;
        }
        oldest = q->last_time < oldest->last_time ? q : oldest;
        if (q->id == id && q->tcp && q->sent == 1) {
            latest = latest && (int32_t)(q->seq - latest->seq) < 0 ? latest : q;
            same++;
        }
    }
    return same > 1 ? latest : oldest;
}

static void
ask(struct flow *f, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct flow_question *open = f->reading->way[e->to_responder].open, *free = NULL;
    double patience = flow_patience(&f->way[e->to_responder]);
    uint32_t id = hash_way(&p->inner, false), sent = 1, back = 0, first = e->at.frame;

    for (size_t i = 0; i < FLOW_QUESTIONS; i++) {
        struct flow_question *q = &open[i];
        if (q->first_frame && q->id == id && q->seq == p->talk.seq && q->length == p->length) {
            free = q;
            sent = q->sent + 1;
            back = q->back;
            first = q->first_frame;
            break;
        }
    }
    free = free ? free : place_for(open, id);
    if (sent == 1 && flow_question_is_lost(free, patience, e->at.time)) {
        settle(&f->reading->way[e->to_responder].lost, free);
    }
    *free = (struct flow_question){ .last_time = e->at.time,
                                    .id = id,
                                    .seq = p->talk.seq,
                                    .length = p->length,
                                    .first_frame = first,
                                    .last_frame = e->at.frame,
                                    .sent = sent,
                                    .back = back,
                                    .tcp = p->talk.kind == TALK_TCP };
    free->end = p->talk.seq + p->talk.octets + ((p->talk.flags & TCP_SYN) != 0) +
                ((p->talk.flags & TCP_FIN) != 0);
}

/* It wants an answer, whoever gets it. */
static bool
is_question(const struct ipsec_packet *p)
{
    if (p->talk.kind == TALK_TCP) {
        return !(p->talk.flags & TCP_RST) &&
               (p->talk.octets || (p->talk.flags & (TCP_SYN | TCP_FIN)));
    }
    return p->talk.kind == TALK_ECHO_REQUEST;
}

/* It answers another one, which must have come. */
static bool
is_reply(const struct ipsec_packet *p)
{
    return p->talk.kind == TALK_ECHO_REPLY ||
           (p->talk.kind == TALK_TCP && (p->talk.flags & TCP_SYN) && (p->talk.flags & TCP_ACK));
}

/* Whoever acknowledges more has got more, whether the capture has it or not. */
static void
see_ack(struct flow *f, const struct ipsec_event *e, uint32_t talk)
{
    const struct ipsec_packet *p = e->packet;
    struct flow_ack *a = &f->reading->way[e->to_responder].acks[talk % FLOW_ACKS];

    if (p->talk.kind != TALK_TCP || !(p->talk.flags & TCP_ACK) || (p->talk.flags & TCP_SYN)) {
        return;
    }
    if (a->talk == talk && (int32_t)(p->talk.ack - a->ack) > 0) {
        f->reading->way[e->to_responder].acked++;
        f->run.acked += f->run.packets && f->run.to_responder == e->to_responder;
    }
    if (a->talk != talk || (int32_t)(p->talk.ack - a->ack) > 0) {
        *a = (struct flow_ack){ talk, p->talk.ack };
    }
}

/* Notes what was read of the packet.  True where it asks somebody who has been heard. */
static bool
read_packet(struct sadb *db, struct flow *f, const struct child_sa *c, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    uint32_t talk = hash_talk(p), end = hash_end(&p->inner, true),
             asked = hash_end(&p->inner, false);
    bool to_r = e->to_responder, heard;

    if (!f->reading) {
        f->reading = (struct flow_reading *)store_alloc(&db->store, sizeof *f->reading);
    }
    if (!holds(f->reading->way[to_r].talks, f->reading->way[to_r].num_talks, FLOW_TALKS, talk)) {
        f->reading->way[to_r].talks[f->reading->way[to_r].num_talks++ % FLOW_TALKS] = talk;
    }
    if (!holds(f->reading->way[to_r].heard, f->reading->way[to_r].num_heard, FLOW_HEARD, end)) {
        f->reading->way[to_r].heard[f->reading->way[to_r].num_heard++ % FLOW_HEARD] = end;
    }
    f->reading->way[to_r].replies += is_reply(p);
    see_ack(f, e, talk);
    hear(f, e);
    if (!is_question(p) || child_admits(c, &p->inner, to_r) > ADMITTED_PERHAPS ||
        (c->virtual_ip.family && to_r && !ip_equal(&p->inner.src, &c->virtual_ip))) {
        return false;
    }
    heard = holds(f->reading->way[!to_r].heard, f->reading->way[!to_r].num_heard, FLOW_HEARD,
                  asked);
    if (heard || p->talk.kind == TALK_TCP) {
        ask(f, e);
    }
    return heard;
}

/* --- one packet ------------------------------------------------------------------------ */

/* What came before the flow was kept: one packet as a rule, of bytes. */
static void
begin_with(struct flow *f, const struct stream *s, uint64_t bytes, const struct ipsec_event *e)
{
    f->way[s->to_responder].packets++;
    if (!e->packet->has_inner) {
        f->run = (struct flow_run){ .first_time = s->first_time,
                                    .last_time = s->first_time,
                                    .packets = 1,
                                    .length = (uint32_t)bytes,
                                    .alike = 1,
                                    .shortest = (uint32_t)bytes,
                                    .first_frame = s->first_frame,
                                    .last_frame = s->first_frame,
                                    .to_responder = s->to_responder };
    }
}

/* A Child SA that replaces another one goes on with its conversations. */
static void
inherit(struct sadb *db, struct flow *f, const struct child_sa *c)
{
    const struct child_sa *old = c->rekeys == NO_ID ? NULL : database_child_sa(db, c->rekeys);
    bool turned = old && !ip_equal(&old->addr_i, &c->addr_i);

    if (!old || !old->flow) {
        return;
    }
    for (unsigned to_r = 0; to_r < 2; to_r++) {
        f->way[to_r] = old->flow->way[to_r ^ turned];
        f->way[to_r].ladder = (struct flow_ladder){ .length = 0 };
    }
    if (!old->flow->reading) {
        return;
    }
    f->reading = (struct flow_reading *)store_alloc(&db->store, sizeof *f->reading);
    for (unsigned to_r = 0; to_r < 2; to_r++) {
        f->reading->way[to_r].num_heard = old->flow->reading->way[to_r ^ turned].num_heard;
        memcpy(f->reading->way[to_r].heard, old->flow->reading->way[to_r ^ turned].heard,
               sizeof f->reading->way[to_r].heard);
    }
}

static struct flow *
flow_of(struct sadb *db, struct child_sa *c, const struct stream *s, const struct ipsec_event *e)
{
    struct flow *f = c->flow;

    /* One packet of an SPI, which anybody can send, is no flow. */
    if (!f && (s->packets > 1 || c->streams.len > 1)) {
        c->flow = f = (struct flow *)store_alloc(&db->store, sizeof *f);
        f->begun = s->first_time;
        inherit(db, f, c);
        if (s->packets > 1) {
            f->num_beats = 1;
            begin_with(f, s, s->bytes - e->packet->length, e);
        } else if (c->streams.at[0] != s && c->streams.at[0]->packets) {
            begin_with(f, c->streams.at[0], c->streams.at[0]->bytes, e);
        }
    }
    return f;
}

void
track_flow(struct sadb *db, const struct stream *s, const struct ipsec_event *e)
{
    struct child_sa *c;
    struct flow *f;
    bool asks = !e->packet->has_inner, again = e->replayed && (e->same || ipsec_sum(e->packet));

    if (!s->child || s->strange || s->child->deleted_in || again || e->translated || e->doubtful ||
        e->unverified || (e->packet->clear_read && !e->packet->has_inner)) {
        return;
    }
    c = database_child_sa(db, s->child->id);
    f = flow_of(db, c, s, e);
    if (!f) {
        return;
    }
    f->way[e->to_responder].packets++;
    if (!f->way[!e->to_responder].packets && f->num_beats < FLOW_BEATS) {
        f->beats[f->num_beats++] = (float)(e->at.time - f->begun);
    }
    f->way[!e->to_responder].ladder.back++;
    if (f->run.packets && f->run.to_responder != e->to_responder) {
        end_run(f, e->at.time);
    }
    if (e->packet->has_inner) {
        asks = read_packet(db, f, c, e);
    } else {
        climb(&f->way[e->to_responder].ladder, e);
    }
    if (asks) {
        add_to_run(f, e, e->packet->has_inner);
    }
}
