/* IKE and ESP in TCP: every way to cut the stream, lost and repeated segments, late starts.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/limits.h>
#include <espial/frame.h>
#include <stdlib.h>

enum { IKE = 28, STREAM = 6 + 2 + 4 + IKE + 2 + 16 + 3 + 2 + 20 };

static uint8_t stream[STREAM];
static unsigned num_ike, num_esp;

static void
count(void *context, bool ike, const struct octets *m)
{
    const uint8_t *at = m->at;

    (void)context;
    T(m->captured == m->reported);
    if (ike) {
        num_ike++;
        T(m->captured == IKE && at[0] == 0xa1);
    } else {
        num_esp++;
        T((m->captured == 16 && at[3] == 0xe1) || (m->captured == 20 && at[3] == 0xe2));
    }
}

static void
build(void)
{
    uint8_t *at = stream;

    memcpy(at, "IKETCP", 6);
    at += 6;
    at[1] = 2 + 4 + IKE;
    at += 6;
    memset(at, 0xa1, 8);
    at[17] = 0x20;              /* IKEv2, IKE_SA_INIT */
    at[18] = 34;
    at[27] = IKE;
    at += IKE;
    at[1] = 2 + 16;
    at[2 + 3] = 0xe1;
    at += 18;
    at[1] = 3;                  /* a keepalive */
    at[2] = 0xff;
    at += 3;
    at[1] = 2 + 20;
    at[2 + 3] = 0xe2;
}

static struct frame_part
segment(uint32_t seq, size_t from, size_t to, bool back)
{
    struct frame_part s = { .kind = FRAME_TCP, .src = { 4, { 192, 0, 2, 10 } },
                            .dst = { 4, { 198, 51, 100, 20 } },
                            .src_port = 40000, .dst_port = 443, .tcp_seq = seq + (uint32_t)from };

    s.octets = (struct octets){ stream + from, to - from, to - from };
    if (back) {
        struct ip_addr a = s.src;
        s.src = s.dst;
        s.dst = a;
        s.src_port = 443;
        s.dst_port = 40000;
    }
    return s;
}

static struct tcp_encap *
started(void)
{
    num_ike = num_esp = 0;
    return tcp_encap_new();
}

static void
see(struct tcp_encap *t, struct frame_part s)
{
    uint8_t *copy = (uint8_t *)malloc(s.octets.captured + 1);

    memcpy(copy, s.octets.at, s.octets.captured);
    s.octets.at = copy;
    tcp_encap_see(t, &s, count, NULL);
    free(copy);
}

/* Cut in three anywhere behind the prefix, in order, reordered, repeated, across the wrap of
 * sequence numbers. */
static void
cuts(void)
{
    for (size_t a = 6; a < STREAM; a++) {
        for (size_t b = a + 1; b < STREAM; b++) {
            uint32_t seq = (uint32_t)(0u - a - 1);
            struct tcp_encap *t = started();
            see(t, segment(seq, 0, a, false));
            T(tcp_encap_any(t));
            see(t, segment(seq, b, STREAM, false));
            see(t, segment(seq, a, b, false));
            see(t, segment(seq, 0, a, false));
            see(t, segment(seq, a, STREAM, false));
            T(num_ike == 1 && num_esp == 2);
            tcp_encap_free(t);
        }
    }
}

static void
answers(void)
{
    struct tcp_encap *t = started();

    see(t, segment(7, 6, STREAM, true));        /* an unknown stream on an unknown port */
    T(num_ike == 0 && num_esp == 0 && !tcp_encap_any(t));
    see(t, segment(7, 0, STREAM, false));
    see(t, segment(99, 6, 20, true));           /* the other direction has no prefix */
    see(t, segment(99, 20, STREAM, true));
    T(num_ike == 2 && num_esp == 4);
    see(t, segment(5000, 0, STREAM, false));    /* the same ports again: another connection */
    see(t, segment(77, 6, STREAM, true));
    T(num_ike == 4 && num_esp == 8);
    tcp_encap_free(t);
}

static void
late(void)
{
    struct tcp_encap *t = started();
    struct frame_part s = segment(7, 6, STREAM, false);

    s.dst_port = 4500;
    see(t, s);                                  /* whole messages, one of them of IKE */
    T(num_ike == 1 && num_esp == 2);
    tcp_encap_free(t);
    t = started();
    for (unsigned i = 0; i < 4; i++) {          /* ESP alone could be chance, at first */
        s = segment(7 + i * 22, STREAM - 22, STREAM, false);
        s.tcp_seq = 7 + i * 22;
        s.dst_port = 4500;
        see(t, s);
    }
    T(num_ike == 0 && num_esp == 2);
    tcp_encap_free(t);
    t = started();
    s = segment(7, 7, STREAM, false);           /* from the middle of a message on */
    s.dst_port = 4500;
    see(t, s);
    T(num_ike == 0 && num_esp == 0);
    tcp_encap_free(t);
}

static void
gaps(void)
{
    struct tcp_encap *t = started();
    struct frame_part s;

    see(t, segment(7, 0, 20, false));           /* the next one is never captured */
    for (unsigned i = 0; i < TCP_ENCAP_MAX_EARLY + 3; i++) {
        s = segment(0, STREAM - 22, STREAM, false);
        s.tcp_seq = 1000 + 22 * i;
        see(t, s);
    }
    T(num_ike == 0 && num_esp == 2);            /* given up, and found again */
    s.octets.reported++;                        /* cut by the snap length */
    see(t, s);
    T(num_esp == 2);
    tcp_encap_free(t);
    t = started();
    see(t, segment(7, 0, 6, false));
    s = segment(7, 6, 8, false);
    /* a length that none can have (RFC 9329 section 3.1) */
    s.octets.at = (const uint8_t *)"\0\1";
    see(t, s);
    see(t, segment(9, 6, STREAM, false));
    T(num_ike == 1 && num_esp == 2);            /* whole messages again */
    tcp_encap_free(t);
}

static void
caps(void)
{
    struct tcp_encap *t = started();

    for (unsigned i = 0; i <= TCP_ENCAP_MAX_STREAMS; i++) {
        struct frame_part s = segment(7, 0, 12, false);
        s.src.bytes[2] = (uint8_t)(i >> 8);
        s.src.bytes[3] = (uint8_t)i;
        see(t, s);
    }
    T(tcp_encap_capped(t));
    tcp_encap_free(t);
}

/* Segments sent again with more or less in them: nothing is given twice. */
static void
overlaps(void)
{
    struct tcp_encap *t = started();

    see(t, segment(7, 0, 20, false));
    see(t, segment(7, 10, 50, false));          /* half of it was seen */
    see(t, segment(7, 12, 30, false));          /* all of it */
    see(t, segment(7, 0, STREAM, false));
    T(num_ike == 1 && num_esp == 2);
    tcp_encap_free(t);
    t = started();
    see(t, segment(7, 0, 20, false));
    see(t, segment(7, 40, 60, false));          /* waits, and overlaps with what comes before it */
    see(t, segment(7, 20, 50, false));
    see(t, segment(7, 58, STREAM, false));
    T(num_ike == 1 && num_esp == 2);
    tcp_encap_free(t);
}

/* A stream that was not captured from its start: a message too short for ESP is none. */
static void
no_chain(void)
{
    static const uint8_t chain[] = { 0, 6, 1, 2, 3, 4 }, keepalives[] = { 0, 3, 0xff, 0, 3, 0xff };
    struct tcp_encap *t = started();
    struct frame_part s = segment(7, 0, 6, false);

    s.dst_port = 4500;
    for (unsigned i = 0; i < 8; i++) {
        s.octets = (struct octets){ chain, sizeof chain, sizeof chain };
        s.tcp_seq = 100 + 6 * i;
        see(t, s);
    }
    T(!tcp_encap_any(t));
    s.octets = (struct octets){ keepalives, sizeof keepalives, sizeof keepalives };
    for (unsigned i = 0; i < 8; i++) {
        s.tcp_seq = 200 + 6 * i;
        see(t, s);
    }
    T(tcp_encap_any(t) && num_ike == 0 && num_esp == 0);
    tcp_encap_free(t);
}

/* A connection whose first octets were captured, and many early ones whose predecessor was not. */
static void
hold(struct tcp_encap *t, uint16_t port, bool back)
{
    static uint8_t much[60000];
    struct frame_part s = segment(7, 0, 12, back);

    *(back ? &s.dst_port : &s.src_port) = port;
    if (!back) {
        see(t, s);
    } else {
        s.octets = (struct octets){ stream + 6, 6, 6 };
        s.tcp_seq = 7;
        see(t, s);
    }
    s.octets = (struct octets){ much, sizeof much, sizeof much };
    for (uint32_t i = 0; i < TCP_ENCAP_MAX_EARLY; i++) {
        s.tcp_seq = 1000 + i * (uint32_t)sizeof much;
        see(t, s);
    }
}

static void
octets_held(void)
{
    enum { EACH = 60000 * TCP_ENCAP_MAX_EARLY, FIT = TCP_ENCAP_MAX_HELD / EACH };
    struct tcp_encap *t = started();

    for (unsigned i = 0; i < FIT; i++) {
        hold(t, (uint16_t)(1000 + i), false);
    }
    T(!tcp_encap_capped(t));
    hold(t, 999, false);
    T(tcp_encap_capped(t));
    tcp_encap_free(t);

    /* The same ports again and again: what the connections before held is not held any more. */
    t = started();
    for (unsigned i = 0; i < FIT + 10; i++) {
        struct frame_part s = segment(10000000 * i, 0, 12, false);
        s.src_port = 1000;
        see(t, s);
        hold(t, 1000, true);
    }
    T(!tcp_encap_capped(t));
    tcp_encap_free(t);
}

int
main(void)
{
    build();
    overlaps();
    no_chain();
    octets_held();
    cuts();
    answers();
    late();
    gaps();
    caps();
    return t_done();
}
