/* Packets that are lost, or get on, by their length.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

struct talk {
    struct conversation *c;
    uint32_t there, back; /* sequence numbers */
    bool read;
};

static struct talk
talk_of(struct conversation *c, bool read)
{
    tunnel(c);
    return (struct talk){ .c = c, .read = read };
}

/* The next packet adds half a second: this one comes after pause. */
static void
after(struct conversation *c, double pause)
{
    c->now += pause - 0.5;
}

static void
send_inner(struct talk *t, bool to_r, uint32_t length, struct inner_talk talk)
{
    struct ipsec_packet p = esp_of(to_r ? TO_R : TO_I, to_r ? ++t->there : ++t->back);

    p.length = length;
    if (t->read) {
        p.has_inner = p.inner_tunnel = p.clear_read = p.inner.has_ports = true;
        p.inner_basis = BASIS_DECRYPTED;
        p.talk = talk;
        p.inner.protocol = talk.kind == TALK_TCP ? IP_TCP : IP_ICMP;
        p.inner.src_port = to_r ? 40000 : 80;
        p.inner.dst_port = to_r ? 80 : 40000;
        if (talk.kind != TALK_TCP) {
            p.inner.src_port = talk.kind == TALK_ECHO_REPLY ? 0 : ICMP_ECHO_REQUEST << 8;
            p.inner.dst_port = p.inner.src_port;
        }
        T(ip_parse(&p.inner.src, to_r ? "10.1.0.5" : "10.2.0.5"));
        T(ip_parse(&p.inner.dst, to_r ? "10.2.0.5" : "10.1.0.5"));
    }
    ipsec(t->c, to_r ? &t->c->client : &t->c->gateway, to_r ? &t->c->gateway : &t->c->client, p);
}

static void
ping(struct talk *t, uint32_t length, bool answered)
{
    uint32_t number = t->there + 1;

    after(t->c, 1);
    send_inner(t, true, length, (struct inner_talk){ .kind = TALK_ECHO_REQUEST, .seq = number });
    if (answered) {
        after(t->c, 0.01);
        send_inner(t, false, length, (struct inner_talk){ .kind = TALK_ECHO_REPLY, .seq = number });
    }
}

/* Octets of the client's, and what the server says of them. */
static void
segment(struct talk *t, double pause, uint32_t length, uint32_t seq, uint32_t octets)
{
    after(t->c, pause);
    send_inner(t, true, length,
               (struct inner_talk){
                   .kind = TALK_TCP, .flags = TCP_ACK, .octets = octets, .seq = seq });
}

static void
acknowledge(struct talk *t, uint32_t ack)
{
    after(t->c, 0.01);
    send_inner(t, false, 88, (struct inner_talk){ .kind = TALK_TCP, .flags = TCP_ACK, .ack = ack });
}

/* A short request, then a long upload of which the last, short segment arrives: the first one is
 * sent again and again. */
static void
upload(struct talk *t, uint32_t length, unsigned again)
{
    for (unsigned i = 0; i < 3; i++) {
        segment(t, 0.3, 104, 100 + 18 * i, 18);
        acknowledge(t, 118 + 18 * i);
    }
    for (unsigned i = 0; i < 3; i++) {
        segment(t, 0.01, length, 154 + 1000 * i, 1000);
    }
    segment(t, 0.01, 104, 3154, 10);
    acknowledge(t, 154);
    for (unsigned i = 0; i < again; i++) {
        segment(t, 0.25 * (1u << i), length, 154, 1000);
    }
}

static void
long_ones(struct conversation *c, bool read)
{
    struct talk t = talk_of(c, read);

    upload(&t, 1464, 4);
    end_after(c, 5);
    SAYS(c, large_esp_lost, "packets of 1464 octets or more from 192.0.2.10 to 198.51.100.20");
    T(basis_of(c, CHECK_large_esp_lost) == BASIS_INFERRED && count(c, CHECK_stream_stopped) == 0);
    /* 1280 - 20 - 8 - 16 - 16 are 76 blocks; two octets of trailer, 40 of TCP and IP */
    T(strstr(the_finding(c, CHECK_large_esp_lost)->remedy, "TCP MSS of what enters the tunnel to "
                                                           "1174 on both ends, or set the tunnel's "
                                                           "MTU to 1214"));

    t = talk_of(c, read); /* lost twice, and then it gets on */
    upload(&t, 1464, 2);
    acknowledge(&t, 3164);
    for (unsigned i = 0; i < 4; i++) {
        segment(&t, 0.1, 1464, 3164 + 1000 * i, 1000);
        acknowledge(&t, 4164 + 1000 * i);
    }
    end_after(c, 5);
    SILENT(c, large_esp_lost);
    t = talk_of(c, read); /* longer ones got on before */
    for (unsigned i = 0; i < 3; i++) {
        segment(&t, 0.3, 8000, 1000 * i, 1000);
        acknowledge(&t, 1000 + 1000 * i);
    }
    upload(&t, 1464, 4);
    end_after(c, 5);
    SILENT(c, large_esp_lost);
    t = talk_of(c, read); /* padded: all are of one length */
    for (unsigned i = 0; i < 3; i++) {
        segment(&t, 0.3, 1464, 100 + 18 * i, 18);
        acknowledge(&t, 118 + 18 * i);
    }
    upload(&t, 1464, 4);
    end_after(c, 5);
    SILENT(c, large_esp_lost);
    t = talk_of(c, read); /* a path MTU that is heeded */
    upload(&t, 1464, 1);
    for (unsigned i = 0; i < 8; i++) {
        segment(&t, 0.05, 1304, 154 + 400 * i, 400);
        acknowledge(&t, 554 + 400 * i);
    }
    end_after(c, 5);
    SILENT(c, large_esp_lost);
}

/* An upload of more segments than there are places, of which none arrives, so that its connection
 * falls silent: what tells is that pings are answered later.  Segments that are not full may be
 * requests to a host that has died. */
static void
nothing_arrives(struct conversation *c)
{
    enum { BURST = 20, FULL = 1464, HALF = 700 };

    for (unsigned how = 0; how < 8; how++) {
        bool short_last = how & 1, later = how & 2, full = how & 4;
        uint32_t length = full ? FULL : HALF;
        struct talk t = talk_of(c, true);
        for (unsigned i = 0; i < 3; i++) {
            segment(&t, 0.3, 104, 100 + 18 * i, 18);
            acknowledge(&t, 118 + 18 * i);
        }
        for (unsigned i = 0; i < BURST; i++) {
            segment(&t, 0.001, length, 154 + 1000 * i, 1000);
        }
        if (short_last) {
            segment(&t, 0.001, 104, 154 + 1000 * BURST, 10);
            acknowledge(&t, 154);
        }
        for (unsigned i = 0; i < 4; i++) {
            segment(&t, 0.25 * (1u << i), length, 154, 1000);
        }
        for (unsigned i = 0; later && i < 3; i++) {
            ping(&t, 136, true);
        }
        end_after(c, 5);
        TOLD(c, large_esp_lost, short_last || (later && full));
    }
}

/* Without keys: a request of middling length that nobody wants to answer may be lawful, and where
 * nothing at all comes back, length decides nothing. */
static void
other_ladders(struct conversation *c)
{
    struct talk t = talk_of(c, false);

    upload(&t, 1320, 4);
    end_after(c, 5);
    SILENT(c, large_esp_lost);
    t = talk_of(c, false);
    for (unsigned i = 0; i < 4; i++) {
        ping(&t, 120, true);
    }
    for (unsigned i = 0; i < 5; i++) {
        segment(&t, 0.25 * (1u << i), 1464, 154, 1000);
    }
    end_after(c, 5);
    SILENT(c, large_esp_lost);
    FIRES(c, stream_stopped);
}

/* Echo requests of two lengths in turn. */
static void
echoes(struct conversation *c)
{
    struct talk t = talk_of(c, true);

    for (unsigned i = 0; i < 4; i++) {
        ping(&t, 120, true);
        ping(&t, 1448, false);
    }
    ping(&t, 120, true);
    end_after(c, 5);
    SAYS(c, large_esp_lost, "4 packets of 1448 octets or more");
    T(strstr(detail(c, CHECK_large_esp_lost), "while those of 120 octets or less are"));
    t = talk_of(c, true); /* the other way round */
    for (unsigned i = 0; i < 4; i++) {
        ping(&t, 120, true);
        ping(&t, 72, false);
    }
    ping(&t, 120, true);
    end_after(c, 5);
    SAYS(c, large_esp_lost, "4 packets of 72 octets or less");
    T(strstr(the_finding(c, CHECK_large_esp_lost)->remedy, "offload"));
    t = talk_of(c, true); /* lost at random */
    for (unsigned i = 0; i < 12; i++) {
        ping(&t, 120 + 16 * (i % 5), i % 3 != 0);
    }
    end_after(c, 5);
    SILENT(c, large_esp_lost);
}

/* In UDP, eight octets less are left. */
static void
in_udp(struct conversation *c)
{
    struct talk t = talk_of(c, true);

    c->esp_src_port = PORT_NATT;
    upload(&t, 1464, 4);
    end_after(c, 5);
    T(count(c, CHECK_large_esp_lost) == 1);
    T(strstr(the_finding(c, CHECK_large_esp_lost)->remedy, "MTU to 1198"));
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    nothing_arrives(&c);
    long_ones(&c, true);
    long_ones(&c, false);
    other_ladders(&c);
    echoes(&c);
    in_udp(&c);
    return conversation_done(&c);
}
