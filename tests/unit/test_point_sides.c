/* A point that captures one direction, or IKE alone, says nothing of what it does not show.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/points.h>

#include <math.h>

enum { NEAR = 1,
       FAR = 2 };
#define START 1000.0

/* A client at NEAR, a gateway at FAR; all is of IKE SA 0, stream 0 to the gateway, 1 back. */
struct scene {
    struct points *p;
    struct ip_addr client, gateway, nat;
    uint32_t frame;
    bool translated; /* FAR sees the client as nat */
};

static void
begin(struct scene *s)
{
    points_free(s->p);
    *s = (struct scene){ .p = points_new(7) };
    T(ip_parse(&s->client, "192.0.2.10") && ip_parse(&s->gateway, "198.51.100.20"));
    T(ip_parse(&s->nat, "203.0.113.1"));
}

static void
seen(struct scene *s, enum mark_kind kind, uint8_t point, double time, uint32_t n, bool to_gateway)
{
    const uint32_t head[] = { n, to_gateway };
    struct packet_mark m = points_mark(kind, head, sizeof head, NULL, 100);
    struct ip_addr client = s->translated && point == FAR ? s->nat : s->client;
    struct sighting at = { .frame = ++s->frame, .time = time, .point = point,
                           .src = to_gateway ? client : s->gateway,
                           .dst = to_gateway ? s->gateway : client,
                           .ttl = (point == NEAR) == to_gateway ? 64 : 60 };
    const struct packet_owner owner = { 0, kind == MARK_IKE ? NO_ID : to_gateway ? 0 : 1,
                                        to_gateway };
    struct seen_elsewhere was;

    points_see_frame(s->p, point, s->frame, time, point == NEAR ? "near" : "far");
    if (!points_see(s->p, &m, &at, &was)) {
        points_tell(s->p, &owner);
    }
}

/* It is at both points, or at those that have it. */
static void
passes(struct scene *s, enum mark_kind kind, double time, uint32_t n, bool to_gateway, bool near,
       bool far)
{
    for (int i = 0; i < 2; i++) {
        bool at_near = (i == 0) == to_gateway;
        if (at_near ? near : far) {
            seen(s, kind, at_near ? NEAR : FAR, time + 0.02 * i, n, to_gateway);
        }
    }
}

static struct packet_owner
same_owner(const void *context, uint32_t ike_sa, uint32_t stream, bool to_responder)
{
    (void)context;
    return (struct packet_owner){ ike_sa, stream, to_responder };
}

static uint32_t
lost(struct scene *s)
{
    return points_lost(s->p, 0) + points_lost(s->p, 1);
}

/* NEAR sees all; what does FAR see? */
static void
session(struct scene *s, bool ike_to, bool ike_back, bool esp_to, bool esp_back)
{
    begin(s);
    for (uint32_t i = 1; i <= 4; i++) {
        passes(s, MARK_IKE, START + i, i, true, true, ike_to);
        passes(s, MARK_IKE, START + i + 0.1, i, false, true, ike_back);
    }
    for (uint32_t i = 1; i <= 6; i++) {
        passes(s, MARK_ESP, START + 10 + i, i, true, true, esp_to);
        passes(s, MARK_ESP, START + 10.1 + i, i, false, true, esp_back);
    }
    passes(s, MARK_IKE, START + 30, 9, true, true, ike_to);
    passes(s, MARK_IKE, START + 30.1, 9, false, true, ike_back);
    points_end(s->p, same_owner, NULL);
}

static void
test_blind(void)
{
    struct scene s = { 0 };

    session(&s, true, true, true, true);
    T(lost(&s) == 0 && points_saw_back(s.p, 0, 0, true));
    session(&s, true, false, true, false);      /* one direction */
    T(lost(&s) == 0);
    session(&s, true, true, false, false);      /* IKE alone: what comes back has passed it */
    T(lost(&s) == 0);
    session(&s, false, false, true, true);      /* ESP alone */
    T(lost(&s) == 0);
    session(&s, true, true, false, true);       /* it has the answers: the packets are lost */
    T(points_lost(s.p, 0) == 6 && points_lost(s.p, 1) == 0);
    points_free(s.p);
}

/* Whether a direction that is not there was captured at all. */
static void
test_back(void)
{
    struct scene s = { 0 };

    for (int both = 0; both < 2; both++) {
        begin(&s);
        for (uint32_t i = 1; i <= 4; i++) {
            passes(&s, MARK_IKE, START + i, i, true, true, true);
            passes(&s, MARK_IKE, START + i + 0.1, i, false, true, both);
        }
        for (uint32_t i = 1; i <= 4; i++) { /* FAR alone has ESP */
            passes(&s, MARK_ESP, START + 10 + i, i, true, false, true);
        }
        points_end(s.p, same_owner, NULL);
        T(points_saw_back(s.p, 0, 0, true) == (both != 0));
        T(points_saw_back(s.p, 0, 5, true));
    }
    T(points_saw_back(NULL, 0, 0, true));
    T(points_one_place(s.p, 1, 2) && points_one_place(NULL, 1, 2));
    begin(&s);
    seen(&s, MARK_IKE, NEAR, START, 1, true);
    seen(&s, MARK_IKE, FAR, START + 1, 2, true);
    points_end(s.p, same_owner, NULL);
    T(!points_one_place(s.p, 1, 2) && points_one_place(s.p, 1, 99));
    points_free(s.p);
}

/* All IKE at a point has the addresses that a packet has there: they are no others. */
static void
test_translated(void)
{
    struct scene s = { 0 };

    for (int other = 0; other < 2; other++) {
        begin(&s);
        passes(&s, MARK_IKE, START, 1, false, true, true);
        s.translated = true;
        seen(&s, MARK_IKE, FAR, START + 1, 2, true);
        s.translated = !other;
        seen(&s, MARK_IKE, FAR, START + 2, 3, true);
        s.translated = true;
        seen(&s, MARK_IKE, FAR, START + 2.5, 4, true);
        seen(&s, MARK_ESP, FAR, START + 3, 1, true);
        points_end(s.p, same_owner, NULL);
        T(points_translated(s.p, s.frame) == !other);
    }
    points_free(s.p);
}

/* Where nobody knows whether there is a second interface, one alone is given up; where it is known,
 * or a second one has come, it is not. */
static void
test_alone(void)
{
    for (unsigned way = 0; way < 3; way++) {
        struct points *p = points_new(7);
        struct seen_elsewhere was;
        struct sighting at = { .point = 1, .src = { 4, { 10 } }, .dst = { 4, { 11 } } };
        bool given_up = way == 0;

        points_doubt(p, way != 1);
        points_see_frame(p, 1, 1, 1000, NULL);
        if (way == 2) {
            points_see_frame(p, 2, 2, 1000, NULL);
        }
        for (uint32_t i = 0; i < POINTS_MAX_ALONE + 2; i++) {
            struct packet_mark m = points_mark(MARK_ESP, &i, sizeof i, NULL, 100);
            at.frame = 10 + i;
            at.time = 1000 + i;
            T(points_compare(p) == !(given_up && i > POINTS_MAX_ALONE));
            T(!points_see(p, &m, &at, &was));
            T(points_know(p, &m) == !(given_up && i >= POINTS_MAX_ALONE));
        }
        T(!points_capped(p) && points_compare(p) == !given_up);
        points_see_frame(p, 2, at.frame + 1, at.time, NULL);
        T(points_capped(p) == given_up);        /* what it had is not compared: that is said */
        points_free(p);
    }
}

/* A point has each frame twice, and the tunnel carries the same packet all the time: which of its
 * sightings go together is a guess, and tells nothing of clocks. */
static void
test_carried_again(void)
{
    struct points *p = points_new(7);
    struct sighting at = { .src = { 4, { 10 } }, .dst = { 4, { 11 } } };
    struct seen_elsewhere was;

    for (uint32_t i = 1; i <= 12; i++) {
        for (unsigned k = 0; k < 3; k++) {      /* near, near again, far */
            struct packet_mark outer = points_mark(MARK_ESP, &i, sizeof i, NULL, 100),
                               carried = points_mark(MARK_SEALED, "carried", 7, NULL, 60);
            at.point = k < 2 ? 1 : 2;
            at.frame++;
            at.time = 1000 + 10 * i + k * 1e-4;
            points_see_frame(p, at.point, at.frame, at.time, NULL);
            T(points_see(p, &outer, &at, &was) == (k == 2));
            points_see(p, &carried, &at, &was);
        }
    }
    T(fabs(points_time(p, 2, 2000) - 2000) < 0.001);
    points_free(p);
}

int
main(void)
{
    test_blind();
    test_back();
    test_translated();
    test_alone();
    test_carried_again();
    return t_done();
}
