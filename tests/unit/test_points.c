/* Two places where packets are captured, with clocks of their own: which are one packet, how far
 * the clocks are apart, and what is lost on the way.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/points.h>

#include <math.h>

enum { NEAR = 1,
       FAR = 2 };
#define START 1000.0
#define WAY 0.02 /* seconds from one point to the other */

/* A client, behind NEAR, talks to a gateway, behind FAR. */
struct scene {
    struct points *p;
    struct ip_addr client, gateway, nat;
    double ahead; /* FAR's clock, seconds */
    double drift; /* and how much it gains in a second */
    uint32_t frame;
    struct seen_elsewhere was;
};

static void
begin(struct scene *s, double ahead)
{
    points_free(s->p);
    *s = (struct scene){ .p = points_new(7), .ahead = ahead };
    T(ip_parse(&s->client, "192.0.2.10") && ip_parse(&s->gateway, "198.51.100.20"));
    T(ip_parse(&s->nat, "203.0.113.1"));
}

/* Packet n of a direction at one point.  True where it is a copy. */
static bool
seen_as(struct scene *s, enum mark_kind kind, uint8_t point, double time, uint32_t n,
        bool to_gateway, uint32_t length)
{
    const uint32_t head[] = { n, to_gateway };
    struct packet_mark m = points_mark(kind, head, sizeof head, NULL, length);
    double local = time + (point == FAR ? s->ahead + s->drift * (time - START) : 0);
    struct sighting at = { .frame = ++s->frame, .time = local, .point = point,
                           .src = to_gateway ? s->client : s->gateway,
                           .dst = to_gateway ? s->gateway : s->client,
                           .ip_id = (uint16_t)n,
                           .ttl = (point == NEAR) == to_gateway ? 64 : 60 };
    const struct packet_owner owner = { 0, kind == MARK_IKE ? NO_ID : to_gateway ? 0 : 1,
                                        to_gateway };
    bool copy;

    points_see_frame(s->p, point, s->frame, local, point == NEAR ? "near" : "far");
    copy = points_see(s->p, &m, &at, &s->was);
    if (!copy) {
        points_tell(s->p, &owner);
    }
    return copy;
}

static bool
seen(struct scene *s, uint8_t point, double time, uint32_t n, bool to_gateway, uint32_t length)
{
    return seen_as(s, MARK_ESP, point, time, n, to_gateway, length);
}

/* A packet that arrives. */
static void
passes(struct scene *s, double time, uint32_t n, bool to_gateway)
{
    seen(s, to_gateway ? NEAR : FAR, time, n, to_gateway, 100);
    T(seen(s, to_gateway ? FAR : NEAR, time + WAY, n, to_gateway, 100));
}

static struct packet_owner
same_owner(const void *context, uint32_t ike_sa, uint32_t stream, bool to_responder)
{
    (void)context;
    return (struct packet_owner){ ike_sa, stream, to_responder };
}

static void
end(struct scene *s)
{
    points_end(s->p, same_owner, NULL);
}

/* Of the packets to the gateway, or back; NULL. */
static const struct passage *
passage(const struct scene *s, bool to_gateway)
{
    for (size_t i = 0; i < points_num_passages(s->p); i++) {
        if (points_passage(s->p, i)->to_responder == to_gateway) {
            return points_passage(s->p, i);
        }
    }
    return NULL;
}

static uint32_t
lost(const struct scene *s, bool to_gateway)
{
    const struct passage *g = passage(s, to_gateway);

    return g ? g->num_lost : 0;
}

/* Packets 1 to n there and back, a second apart. */
static void
talk(struct scene *s, double from, uint32_t first, uint32_t num)
{
    for (uint32_t i = 0; i < num; i++) {
        passes(s, from + i, first + i, true);
        passes(s, from + i + 0.1, first + i, false);
    }
}

static void
test_clocks(void)
{
    static const double skews[] = { 0, 0.3, -0.3, 11, -11, 400, -400, 1000 };

    for (size_t i = 0; i < G_N_ELEMENTS(skews); i++) {
        struct scene s = { 0 };
        const struct passage *g;
        begin(&s, skews[i]);
        talk(&s, START, 1, 20);
        end(&s);
        T(points_count(s.p) == 2 && points_get(s.p, 1)->placed);
        T(fabs(points_get(s.p, 1)->offset - skews[i]) < 1e-6);
        T(points_num_passages(s.p) == 2 && lost(&s, true) == 0 && lost(&s, false) == 0);
        g = passage(&s, true);
        T(g->from == 0 && g->to == 1 && g->sent == 20 && g->arrived == 20 && g->timed);
        T(fabs(g->delay - WAY) < 1e-6 && g->rewriting.num == 0);
        T(passage(&s, false)->from == 1);
        points_free(s.p);
    }
}

/* The frame that saw a packet last tells where it was lost, and each when by one clock. */
static void
test_by_frame(void)
{
    struct scene s = { 0 };
    double time = 0;
    uint32_t frame;

    begin(&s, 400);
    talk(&s, START, 1, 10);
    seen(&s, NEAR, START + 10, 11, true, 100);
    frame = s.frame;
    talk(&s, START + 11, 12, 10);
    T(!points_lost_on(s.p, frame, false));
    end(&s);
    T(points_lost_on(s.p, frame, false) == passage(&s, true));
    T(!points_lost_on(s.p, frame, true) && !points_lost_on(s.p, frame - 1, false) &&
      !points_lost_on(NULL, frame, false));
    T(points_when(s.p, 2, &time) && fabs(time - START - WAY) < 1e-6);
    T(points_when(s.p, frame, &time) && fabs(time - START - 10) < 1e-6);
    T(!points_when(s.p, s.frame + 1, &time) && !points_when(NULL, 1, &time));
    points_free(s.p);
}

/* A clock that gains a second in a thousand, and one that is set in between. */
static void
test_drift(void)
{
    struct scene s = { 0 };

    begin(&s, 11);
    s.drift = 0.001;
    talk(&s, START, 1, 50);
    seen(&s, NEAR, START + 50, 51, true, 100);
    talk(&s, START + 51, 52, 50);
    end(&s);
    T(lost(&s, true) == 1 && lost(&s, false) == 0);
    T(fabs(passage(&s, true)->delay - WAY) < 0.001);
    T(fabs(points_get(s.p, 1)->moved - 0.1) < 0.005 && points_get(s.p, 0)->moved == 0);
    begin(&s, 11);
    talk(&s, START, 1, 20);
    s.ahead = 300;
    talk(&s, START + 20, 21, 20);
    end(&s);
    T(lost(&s, true) == 0 && lost(&s, false) == 0);
    T(fabs(passage(&s, true)->delay - WAY) < 0.001);
    points_free(s.p);
}

static void
test_loss(void)
{
    struct scene s = { 0 };
    const struct passage *g;

    begin(&s, 11);
    talk(&s, START, 1, 3);
    seen(&s, NEAR, START + 3, 4, true, 1400);
    seen(&s, FAR, START + 3.5, 4, false, 100);
    talk(&s, START + 4, 5, 3);
    end(&s);
    g = passage(&s, true);
    T(g->num_lost == 1 && g->sent == 7 && g->arrived == 6 && g->end_known);
    T(g->lost->len == 1 && g_array_index(g->lost, struct lost_packet, 0).frame == 13);
    T(g->smallest_lost == 1400 && g->largest_arrived == 100);
    g = passage(&s, false);
    T(g->num_lost == 1 && g_array_index(g->lost, struct lost_packet, 0).frame == 14);
    points_free(s.p);
}

/* Frames by their number: the sightings of one packet on its way. */
static void
test_sightings(void)
{
    struct scene s = { 0 };
    struct packet_owner who;
    uint32_t frames[POINTS_MAX];

    begin(&s, -11);
    talk(&s, START, 1, 3);
    seen(&s, NEAR, START + 3, 4, true, 100);
    end(&s);
    T(points_sightings(s.p, 2, frames) == 2 && frames[0] == 1 && frames[1] == 2);
    T(points_sightings(s.p, 3, frames) == 2 && frames[0] == 3 && frames[1] == 4);
    T(points_sightings(s.p, 13, frames) == 1 && points_sightings(s.p, 99, frames) == 0);
    T(points_owner(s.p, 4, &who) && who.stream == 1 && !who.to_responder);
    T(!points_owner(s.p, 99, &who));
    points_free(s.p);
}

/* What one point did not see itself it cannot say to be lost. */
static void
test_part(void)
{
    struct scene s = { 0 };

    begin(&s, 0.3); /* the far point begins late, ends early */
    for (uint32_t i = 1; i <= 30; i++) {
        bool there = i > 10 && i <= 20;
        seen(&s, NEAR, START + i, i, true, 100);
        if (there) {
            T(seen(&s, FAR, START + i + WAY, i, true, 100));
            seen(&s, FAR, START + i + 0.1, i, false, 100);
        }
        T(seen(&s, NEAR, START + i + 0.1 + WAY, i, false, 100) == there);
    }
    end(&s);
    T(lost(&s, true) == 0 && lost(&s, false) == 0);
    begin(&s, 0.3); /* and one that drops packets itself: the answer was seen there */
    talk(&s, START, 1, 5);
    seen(&s, FAR, START + 5, 6, true, 100);
    talk(&s, START + 6, 7, 5);
    end(&s);
    T(lost(&s, true) == 0);
    points_free(s.p);
}

/* Behind the last frame of a point: of what never came, and of what came before. */
static void
test_end(void)
{
    struct scene s = { 0 };

    begin(&s, 0);
    talk(&s, START, 1, 3);
    for (uint32_t i = 0; i < 3; i++) {
        seen(&s, NEAR, START + 10 + i, 10 + i, true, 100);
    }
    end(&s);
    T(lost(&s, true) == 0 && !points_get(s.p, 1)->end_known);
    begin(&s, 0);
    talk(&s, START, 1, 3);
    for (uint32_t i = 0; i < 3; i++) { /* one packet, again and again */
        seen(&s, NEAR, START + 10 + i, 10, true, 100);
    }
    end(&s);
    T(lost(&s, true) == 3 && !passage(&s, true)->end_known);
    begin(&s, 0);
    talk(&s, START, 1, 3);
    for (uint32_t i = 0; i < 3; i++) {
        seen(&s, NEAR, START + 10 + i, 10, true, 100);
    }
    seen(&s, NEAR, START + 20, 10, false, 100); /* the answer passed the far point unseen */
    end(&s);
    T(lost(&s, true) == 0);
    points_free(s.p);
}

/* A packet comes again where it was: a retransmission or a replay, not a copy. */
static void
test_again(void)
{
    struct scene s = { 0 };

    begin(&s, 5);
    passes(&s, START - 1, 9, false);
    T(!seen(&s, NEAR, START, 1, true, 100));
    T(!seen(&s, NEAR, START + 1, 1, true, 100));
    T(!seen(&s, NEAR, START + 2, 1, true, 100));
    T(seen(&s, FAR, START + 2 + WAY, 1, true, 100) && s.was.frame == 3);
    passes(&s, START + 3, 2, false);
    T(seen(&s, NEAR, START + 4, 2, true, 100) == false);
    T(seen(&s, FAR, START + 4 + WAY, 2, true, 100));
    T(!seen(&s, FAR, START + 5, 2, true, 100)); /* replayed there */
    passes(&s, START + 6, 3, true);
    end(&s);
    T(lost(&s, true) == 2);
    T(g_array_index(passage(&s, true)->lost, struct lost_packet, 0).frame == 3);
    T(g_array_index(passage(&s, true)->lost, struct lost_packet, 1).frame == 4);
    points_free(s.p);
}

/* Addresses that change on the way, and a host that sends one message from two addresses. */
static void
test_addresses(void)
{
    struct scene s = { 0 };
    char text[REWRITING_TEXT_MAX];

    begin(&s, 5);
    for (uint32_t i = 1; i <= 4; i++) {
        struct ip_addr own = s.client;
        seen(&s, NEAR, START + i, i, true, 100);
        s.client = s.nat;
        T(seen(&s, FAR, START + i + WAY, i, true, 100));
        T(ip_equal(&s.was.src, &own) && ip_equal(&s.was.dst, &s.gateway));
        seen(&s, FAR, START + i + 0.1, i, false, 100);
        s.client = own;
        T(seen(&s, NEAR, START + i + 0.1 + WAY, i, false, 100));
    }
    seen(&s, NEAR, START + 6, 6, true, 100);
    passes(&s, START + 7, 7, false);
    end(&s);
    T(lost(&s, true) == 1 && passage(&s, true)->rewriting.num == 4);
    T_STR(rewriting_print(&passage(&s, true)->rewriting, text, sizeof text),
          "192.0.2.10 -> 203.0.113.1");
    begin(&s, 0);
    for (int i = 0; i < 2; i++) {
        const uint32_t head[] = { 1, 1 };
        struct packet_mark m = points_mark(MARK_IKE, head, sizeof head, NULL, 100);
        struct sighting at = { .frame = (uint32_t)i + 1, .time = START + i, .ttl = 64,
                               .point = (uint8_t)(i + 1), .ip_id = (uint16_t)(50 + i),
                               .src = i ? s.nat : s.client, .dst = s.gateway };
        T(!points_see(s.p, &m, &at, &s.was));
    }
    points_free(s.p);
}

/* What a tunnel carries, at its own device: what comes out, and what does not. */
static void
inner(struct scene *s, double time, uint8_t from, uint16_t id, bool comes_out, bool answered)
{
    uint8_t packet[40] = { 0x45, 0, 0, 40, (uint8_t)(id >> 8), (uint8_t)id, 0, 0, 64, 6, 0, 0,
                           10, 0, 0, from, 10, 2, 0, 1, 1, 2, 3, 4 };
    struct packet_mark m;

    seen(s, NEAR, time, id, true, 100);
    T(points_mark_inner(&m, true, packet, sizeof packet));
    for (int out = 0; out < (comes_out ? 2 : 1); out++) {
        struct sighting at = { .frame = ++s->frame, .time = time + 0.0001 * out,
                               .point = out ? FAR : NEAR, .src = s->client, .dst = s->gateway };
        const struct packet_owner owner = { 0, 0, true };
        if (out) {
            packet[8]--; /* TTL */
            T(points_mark_inner(&m, false, packet, sizeof packet));
        }
        at.frame -= out ? 0 : 1;
        s->frame -= out ? 0 : 1;
        points_see_frame(s->p, at.point, at.frame, at.time, NULL);
        T(points_see(s->p, &m, &at, &s->was) == (out == 1));
        points_tell(s->p, &owner);
    }
    if (answered) {
        uint8_t back[40] = { 0x45, 0, 0, 40, 9, (uint8_t)id, 0, 0, 64, 6, 0, 0,
                             10, 2, 0, 1, 10, 0, 0, from, 1, 2, 3, 4 };
        struct sighting at = { .frame = ++s->frame, .time = time + 0.01, .point = NEAR,
                               .src = s->gateway, .dst = s->client };
        const struct packet_owner owner = { 0, 1, false };
        T(points_mark_inner(&m, true, back, sizeof back));
        points_see(s->p, &m, &at, &s->was);
        points_tell(s->p, &owner);
    }
}

static void
test_inside(void)
{
    for (int answered = 0; answered < 2; answered++) {
        struct scene s = { 0 };
        uint32_t dropped = 0;
        begin(&s, 0);
        for (uint16_t i = 1; i <= 4; i++) {
            inner(&s, START + i, 186, i, true, true);
        }
        for (uint16_t i = 5; i <= 7; i++) {
            inner(&s, START + i, 188, i, false, answered);
        }
        end(&s);
        for (size_t i = 0; i < points_num_passages(s.p); i++) {
            const struct passage *g = points_passage(s.p, i);
            dropped += g->inner ? g->num_lost : 0;
            T(!g->inner || !g->num_lost || g->inner_src.bytes[3] == 188);
        }
        T(dropped == (answered ? 0 : 3));
        points_free(s.p);
    }
}

/* A datagram in fragments, which one point joins and the other does not. */
static void
test_fragments(void)
{
    for (int parts = 0; parts < 2; parts++) {
        struct scene s = { 0 };
        const uint32_t head[] = { 9, true };
        struct packet_mark whole = points_mark(MARK_ESP, head, sizeof head, NULL, 3000);
        struct packet_mark part = points_mark_fragment(9);
        struct sighting near = { .time = START + 5, .point = NEAR,
                                 .ip_id = 9, .ttl = 64, .joined = true };
        struct sighting far = { .time = START + 5 + WAY, .point = FAR, .ip_id = 9, .ttl = 60 };
        const struct packet_owner owner = { 0, 0, true };
        begin(&s, 0);
        talk(&s, START, 1, 4);
        near.src = far.src = s.client;
        near.dst = far.dst = s.gateway;
        near.frame = ++s.frame;
        T(!points_see(s.p, &whole, &near, &s.was));
        points_tell(s.p, &owner);
        far.frame = ++s.frame;
        if (parts) {
            T(!points_see(s.p, &part, &far, &s.was));
        }
        talk(&s, START + 6, 10, 4);
        end(&s);
        T(lost(&s, true) == (parts ? 0 : 1));
        points_free(s.p);
    }
}

/* An IKEv2 message at a point: a request of the client, or its answer. */
static void
ike(struct scene *s, uint8_t point, double time, uint32_t id, bool answer)
{
    const uint32_t head[] = { id, answer, 7 };
    struct packet_mark m = points_mark(MARK_IKE, head, sizeof head, NULL, 200);
    struct sighting at = { .frame = ++s->frame, .time = time, .point = point,
                           .src = answer ? s->gateway : s->client,
                           .dst = answer ? s->client : s->gateway,
                           .ttl = (point == NEAR) == answer ? 60 : 64 };
    const struct packet_owner owner = { 0, NO_ID, !answer };

    m.numbered = m.asked_by_initiator = true;
    m.answer = answer;
    m.message_id = id;
    points_see_frame(s->p, point, s->frame, time, NULL);
    points_see(s->p, &m, &at, &s->was);
    points_tell(s->p, &owner);
}

enum trouble { NO_REQUEST_THERE, NO_REQUEST, NO_ANSWER_HERE, NO_ANSWER, FIRST_REQUEST_LOST };

/* Requests 0 to 5 and their answers; with number 2 there is the trouble. */
static void
negotiate(struct scene *s, enum trouble trouble)
{
    begin(s, 0);
    for (uint32_t id = 0; id < 6; id++) {
        bool now = id == 2;
        double time = START + id;
        ike(s, NEAR, time, id, false);
        if (now && trouble == FIRST_REQUEST_LOST) {
            ike(s, NEAR, time + 0.5, id, false);
            time += 0.5;
        }
        if (now && trouble == NO_REQUEST) {
            break;
        }
        if (!now || trouble != NO_REQUEST_THERE) {
            ike(s, FAR, time + WAY, id, false);
        }
        ike(s, FAR, time + 0.1, id, true);
        if (now && trouble == NO_ANSWER) {
            break;
        }
        if (!now || trouble != NO_ANSWER_HERE) {
            ike(s, NEAR, time + 0.1 + WAY, id, true);
        }
    }
    points_see_frame(s->p, NEAR, ++s->frame, START + 20, NULL);
    points_see_frame(s->p, FAR, ++s->frame, START + 20, NULL);
    end(s);
}

/* A point that has the answer of a request got the request, whether it captured it or not. */
static void
test_turns(void)
{
    static const struct {
        enum trouble trouble;
        uint32_t requests, answers;     /* lost */
    } rows[] = {
        { NO_REQUEST_THERE, 0, 0 },     { NO_REQUEST, 1, 0 }, { NO_ANSWER_HERE, 0, 0 },
        { NO_ANSWER, 0, 1 },            { FIRST_REQUEST_LOST, 1, 0 },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        struct scene s = { 0 };
        negotiate(&s, rows[i].trouble);
        T(lost(&s, true) == rows[i].requests);
        T(lost(&s, false) == rows[i].answers);
        points_free(s.p);
    }
}

static void
test_limits(void)
{
    struct scene s = { 0 };

    begin(&s, 0);
    for (uint32_t i = 1; i <= POINTS_MAX + 1; i++) {
        points_see_frame(s.p, (uint8_t)i, i, START, NULL);
    }
    T(points_count(s.p) == POINTS_MAX && points_capped(s.p));
    T_STR(points_get(s.p, 0)->name, "point 1");
    begin(&s, 0);
    points_see_frame(s.p, NEAR, 1, START, "eth0");
    points_see_frame(s.p, FAR, 2, START, "eth0");
    points_see_frame(s.p, 3, 3, START, "tun0");
    end(&s);
    T_STR(points_get(s.p, 0)->name, "eth0 (point 0)");
    T_STR(points_get(s.p, 1)->name, "eth0 (point 1)");
    T_STR(points_get(s.p, 2)->name, "tun0");
    begin(&s, 0);
    for (uint32_t i = 0; i < 3 * POINTS_MAX_SAME; i++) {
        seen(&s, i % 2 ? FAR : NEAR, START + i, 1, true, 100);
    }
    end(&s);
    T(points_capped(s.p));
    begin(&s, 11);
    T(points_knows_clock(s.p, FAR));
    seen(&s, NEAR, START, 1, true, 100);
    points_see_frame(s.p, FAR, ++s.frame, START + 11, NULL);
    T(points_knows_clock(s.p, NEAR) && !points_knows_clock(s.p, FAR));
    T(seen(&s, FAR, START + WAY, 1, true, 100) && points_knows_clock(s.p, FAR));
    T(fabs(points_time(s.p, FAR, START + 11 + WAY) - START) < 1e-6);
    begin(&s, 0);
    end(&s); /* nothing was seen */
    T(points_count(s.p) == 0 && points_num_passages(s.p) == 0 && !points_meet(s.p));
    points_free(s.p);
    T(points_count(NULL) == 0 && points_num_passages(NULL) == 0 && !points_capped(NULL));
}

/* FAR has no request.  Answers to both of them show that it captures one direction only; one
 * answer, which is repeated, may as well be to another that came before. */
static void
test_one_direction(void)
{
    struct scene s = { 0 };

    for (uint32_t answers = 1; answers <= 2; answers++) {
        begin(&s, 11);
        for (uint32_t i = 0; i < 4; i++) {
            seen_as(&s, MARK_IKE, NEAR, START + i, 1 + i * (answers - 1), true, 100);
            seen_as(&s, MARK_IKE, FAR, START + i + 0.1, 1 + i * (answers - 1), false, 100);
            seen_as(&s, MARK_IKE, NEAR, START + i + 0.1 + WAY, 1 + i * (answers - 1), false, 100);
        }
        seen(&s, NEAR, START + 3.05, 9, true, 100);
        end(&s);
        T((lost(&s, true) > 0) == (answers == 1) && lost(&s, false) == 0);
    }
    points_free(s.p);
}

int
main(void)
{
    test_clocks();
    test_by_frame();
    test_drift();
    test_loss();
    test_sightings();
    test_part();
    test_end();
    test_again();
    test_addresses();
    test_inside();
    test_fragments();
    test_turns();
    test_limits();
    test_one_direction();
    return t_done();
}
