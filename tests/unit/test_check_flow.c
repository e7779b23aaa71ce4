/* Conversations over the whole capture: answers through another tunnel, answers that stop.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sessions.h"

enum { TO_R2 = 0xb0000002,
       TO_I2 = 0xa0000002 };

/* A tunnel of the client with another gateway, in clear terms the same. */
static void
second_tunnel(struct conversation *c, const char *ts_r)
{
    struct ip_addr gateway = c->gateway;

    c->gateway = c->stranger;
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
        as(c, 0x33);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, r ? "second init!" : "second init?", (uint16_t)(60 + r));
    }
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        as(c, 0x33);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, r ? TO_R2 : TO_I2);
        selectors(c, "10.1.0.0/24", ts_r);
        send(c, r ? "second auth!" : "second auth?", (uint16_t)(62 + r));
    }
    c->gateway = gateway;
}

/* An echo request, or the reply to it. */
static struct ipsec_packet
echo(uint32_t spi, uint32_t seq, const char *src, const char *dst, bool reply)
{
    struct ipsec_packet p = esp_of(spi, seq);

    p.has_inner = p.inner_tunnel = p.clear_read = p.inner.has_ports = true;
    p.inner_basis = BASIS_DECRYPTED;
    p.inner.protocol = IP_ICMP;
    p.inner.src_port = p.inner.dst_port = (uint16_t)(reply ? 0 : ICMP_ECHO_REQUEST << 8);
    p.talk.kind = reply ? TALK_ECHO_REPLY : TALK_ECHO_REQUEST;
    p.talk.seq = 7u << 16 | seq;
    T(ip_parse(&p.inner.src, src) && ip_parse(&p.inner.dst, dst));
    return p;
}

static void
soon(struct conversation *c)
{
    c->now -= 0.49; /* each packet adds half a second */
}

/* Out by one, back by the other; the answers are as late as that. */
static void
two_ways(struct conversation *c, double late, bool read, const char *other)
{
    tunnel(c);
    second_tunnel(c, "10.2.0.0/24");
    for (uint32_t seq = 1; seq <= 4; seq++) {
        ipsec(c, &c->client, &c->gateway,
              read ? echo(TO_R, seq, "10.1.0.5", "10.2.0.5", false) : esp_of(TO_R, seq));
        c->now += late - 0.5;
        ipsec(c, &c->stranger, &c->client,
              read ? echo(TO_I2, seq, other, "10.1.0.5", true) : esp_of(TO_I2, seq));
    }
    end_after(c, 1);
}

static void
asymmetric(struct conversation *c)
{
    two_ways(c, 0.01, false, NULL);
    SAYS(c, asymmetric_tunnels, "Child SA 0 (SPI b0000001) carries packets only from 192.0.2.10 to "
                                "198.51.100.20 (4), Child SA 1 (SPI a0000002) only from "
                                "203.0.113.66 to 192.0.2.10 (4): they alternate one by one");
    T(count(c, CHECK_one_way) == 0 && count(c, CHECK_stream_stopped) == 0);
    T(basis_of(c, CHECK_asymmetric_tunnels) == BASIS_INFERRED);
    two_ways(c, 0.4, true, "10.2.0.5"); /* the inner hosts prove it at any pace */
    SAYS(c, asymmetric_tunnels, "the same inner hosts");
    T(basis_of(c, CHECK_asymmetric_tunnels) == BASIS_DECRYPTED && count(c, CHECK_one_way) == 0);

    two_ways(c, 0.4, true, "10.2.0.77"); /* two tunnels that have half a capture each */
    SILENT(c, asymmetric_tunnels);
    T(count(c, CHECK_one_way) == 2);
    two_ways(c, 0.3, false, NULL); /* each by a clock of its own */
    SILENT(c, asymmetric_tunnels);
}

/* By design: each tunnel carries both ways, or the second one carries nothing but keepalives. */
static void
both_tunnels(struct conversation *c)
{
    uint32_t there = 0, back = 0, there2 = 0, back2 = 0;

    tunnel(c);
    second_tunnel(c, "10.2.0.0/24");
    for (unsigned i = 0; i < 6; i++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, ++there));
        soon(c);
        ipsec(c, &c->stranger, &c->client, esp_of(TO_I2, ++back2));
        if (i % 3 == 2) {
            ipsec(c, &c->client, &c->stranger, esp_of(TO_R2, ++there2));
            soon(c);
            ipsec(c, &c->gateway, &c->client, esp_of(TO_I, ++back));
        }
    }
    end_after(c, 1);
    SILENT(c, asymmetric_tunnels);
    SILENT(c, stream_stopped);

    tunnel(c);
    second_tunnel(c, "10.2.0.0/24");
    for (unsigned i = 0; i < 4; i++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, ++there));
        soon(c);
        ipsec(c, &c->gateway, &c->client, esp_of(TO_I, ++back));
        ipsec(c, &c->stranger, &c->client, esp_of(TO_I2, ++back2));
    }
    end_after(c, 1);
    SILENT(c, asymmetric_tunnels);
}

/* --- answers that stop ---------------------------------------------------------------------- */

struct talk {
    struct conversation *c;
    uint32_t there, back;
};

static void
answered(struct talk *t, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        ipsec(t->c, &t->c->client, &t->c->gateway, esp_of(TO_R, ++t->there));
        soon(t->c);
        ipsec(t->c, &t->c->gateway, &t->c->client, esp_of(TO_I, ++t->back));
    }
}

/* Packets of that length more than the shortest, at that pace. */
static void
alone(struct talk *t, unsigned times, uint32_t longer, double pace)
{
    for (unsigned i = 0; i < times; i++) {
        struct ipsec_packet p = esp_of(TO_R, ++t->there);
        p.length += longer;
        t->c->now += pace - 0.5;
        ipsec(t->c, &t->c->client, &t->c->gateway, p);
    }
}

static struct talk
talk_of(struct conversation *c)
{
    tunnel(c);
    return (struct talk){ .c = c };
}

static void
stops_blind(struct conversation *c)
{
    struct talk t = talk_of(c);

    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    end_after(c, 0);
    SAYS(c, stream_stopped, "Since frame 13 nothing comes back from 198.51.100.20 in Child SA 0, "
                            "while 3 packets that require an answer, by their shape, go out (SPI "
                            "b0000001, frames 13 to 15); before that, 4 came back. Suggests");
    T(basis_of(c, CHECK_stream_stopped) == BASIS_INFERRED);
    t = talk_of(c); /* a question of another size, at that pace */
    answered(&t, 4);
    alone(&t, 3, 16, 0.5);
    end_after(c, 0);
    SAYS(c, stream_stopped, "3 packets");
    t = talk_of(c); /* one segment, again and again */
    answered(&t, 4);
    for (unsigned i = 0; i < 5; i++) {
        alone(&t, 1, 400, 0.2 * (1u << i));
    }
    end_after(c, 0);
    SAYS(c, stream_stopped, "5 packets");
}

static void
goes_on(struct conversation *c)
{
    static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 };
    struct talk t = talk_of(c);

    answered(&t, 4); /* the capture ends early */
    alone(&t, 2, 0, 0.5);
    end_after(c, 0);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* three were lost, and then it goes on */
    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    answered(&t, 1);
    end_after(c, 30);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* then comes a stream of its own pace */
    answered(&t, 4);
    alone(&t, 200, 120, 0.02);
    end_after(c, 0);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* reports of another size, now and then */
    answered(&t, 4);
    alone(&t, 10, 240, 10);
    end_after(c, 0);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* it was so from the beginning */
    for (unsigned i = 0; i < 6; i++) {
        alone(&t, 4, 0, 0.5);
        answered(&t, 1);
    }
    alone(&t, 6, 0, 0.5);
    end_after(c, 0);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* deleted: whoever sends on is another matter */
    answered(&t, 4);
    delete_child(c, 2, false, false, i_spi);
    alone(&t, 4, 0, 0.5);
    end_after(c, 0);
    SILENT(c, stream_stopped);
    t = talk_of(c); /* answers come with numbers that were there before */
    for (uint32_t i = 1; i <= 19; i++) {
        uint32_t octets[] = { i <= 12 ? i : i - 11, i <= 12 };
        struct ipsec_packet p = esp_of(TO_I, octets[0]);
        p.octets = (struct span){ (const uint8_t *)octets, sizeof octets };
        alone(&t, 1, 0, 0.5);
        soon(c);
        ipsec(c, &c->gateway, &c->client, p);
    }
    end_after(c, 0);
    SILENT(c, stream_stopped);
    FIRES(c, sequence_went_back);
    t = talk_of(c); /* answers come in another SA of the two */
    second_child(c, 2, TO_I2, TO_R2, "10.3.0.0/24");
    answered(&t, 4);
    for (uint32_t seq = 1; seq <= 4; seq++) {
        alone(&t, 1, 0, 0.5);
        soon(c);
        ipsec(c, &c->gateway, &c->client, esp_of(TO_I2, seq));
    }
    end_after(c, 0);
    SILENT(c, stream_stopped);
}

/* With keys: what is inside tells whether it wants an answer, and whether it may have one. */
static void
stops_read(struct conversation *c, const char *src, const char *dst, unsigned kind, bool stops)
{
    uint32_t seq = 0;

    tunnel(c);
    for (; seq < 2; seq++) {
        ipsec(c, &c->client, &c->gateway, echo(TO_R, seq + 1, "10.1.0.5", "10.2.0.5", false));
        soon(c);
        ipsec(c, &c->gateway, &c->client, echo(TO_I, seq + 1, "10.2.0.5", "10.1.0.5", true));
    }
    for (; seq < 6; seq++) {
        struct ipsec_packet p = echo(TO_R, seq + 1, src, dst, false);
        if (kind == IP_UDP) {
            p.inner.protocol = IP_UDP;
            p.talk.kind = TALK_NONE;
        } else if (kind == 0) {
            p = echo(TO_R, seq + 1, src, dst, true);
        }
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 0);
    if (stops) {
        SAYS(c, stream_stopped, "while 4 packets that require an answer go out");
        T(basis_of(c, CHECK_stream_stopped) == BASIS_DECRYPTED);
    } else {
        SILENT(c, stream_stopped);
    }
}

/* The capture loses one direction in the middle; what is acknowledged shows that it goes on. */
static void
one_direction_from_here(struct conversation *c, bool acknowledges)
{
    uint32_t seq = 0, back = 0, got = 5000;

    tunnel(c);
    for (; seq < 10; seq++) {
        for (unsigned r = 0; r < (seq < 5 ? 2 : 1); r++) {
            struct ipsec_packet p = echo(r ? TO_I : TO_R, r ? ++back : seq + 1, r ? "10.2.0.5" :
                                         "10.1.0.5", r ? "10.1.0.5" : "10.2.0.5", r == 1);
            p.inner.protocol = IP_TCP;
            p.inner.src_port = p.inner.dst_port = 22;
            p.talk = (struct inner_talk){ .kind = TALK_TCP, .flags = TCP_ACK, .octets = 36,
                                          .seq = (r ? 5000 : 1000) + 36 * seq,
                                          .ack = r ? 1036 + 36 * seq : got };
            got += (r || seq >= 5) && (seq < 5 || acknowledges) ? 36 : 0;
            soon(c);
            ipsec(c, r ? &c->gateway : &c->client, r ? &c->client : &c->gateway, p);
        }
        c->now += 1;
    }
    end_after(c, 5);
    TOLD(c, stream_stopped, !acknowledges);
}

/* The SA is replaced, and nothing comes back in the new one; the old one brings nothing either, or
 * does for a while. */
static void
stops_after_rekey(struct conversation *c, bool old_goes_on)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };
    struct talk t = talk_of(c);

    answered(&t, 4);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
        propose(c, esp128, 3, PROTO_ESP, r ? TO_R2 : TO_I2);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        if (!r) {
            notify(c, N2_REKEY_SA);
            c->m.notifies[0].spi = (struct span){ old, 4 };
        }
        send(c, r ? "new!" : "new?", (uint16_t)(40 + r));
    }
    for (uint32_t seq = 1; seq <= 4; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R2, seq));
        if (old_goes_on) {
            soon(c);
            ipsec(c, &c->gateway, &c->client, esp_of(TO_I, ++t.back));
        }
    }
    end_after(c, 0);
    if (old_goes_on) {
        SILENT(c, stream_stopped);
    } else {
        SAYS(c, stream_stopped, "in Child SA 1, while 4 packets");
    }
}

/* What IKE shows of the silent end chooses the remedy. */
static void
signs(struct conversation *c)
{
    static const char *const text[] = { "init?", "init!", "auth?", "auth!" };
    struct talk t = talk_of(c);

    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 80);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send(c, "alive!", 81);
    end_after(c, 0);
    SAYS(c, stream_stopped, "198.51.100.20 still sends IKE (frame 17): it is running, and ESP is "
                            "lost or dropped, or the host behind it does not answer");
    t = talk_of(c);
    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 80);
    end_after(c, 0);
    SAYS(c, stream_stopped, "does not answer IKE either (frame 16)");
    t = talk_of(c);
    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    for (unsigned r = 0; r < 4; r++) {
        begin(c, 2, r < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, r / 2, r % 2 == 0, r % 2 == 1);
        as(c, 0x44);
        propose(c, r < 2 ? aes256 : esp128, r < 2 ? 4 : 3, r < 2 ? PROTO_IKE : PROTO_ESP,
                r < 2 ? 0 : r == 2 ? TO_I2 :
                                     TO_R2);
        c->m.has_auth = r >= 2;
        if (r >= 2) {
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        send(c, text[r], (uint16_t)(90 + r));
    }
    end_after(c, 0);
    SAYS(c, stream_stopped, "frame 16 starts IKE SA 1 from 192.0.2.10: the old SA was lost");
}

/* Checks of its own show that it lives too; IKEv1's are answered by an exchange of the other
 * end. */
static void
checks_of_life(struct conversation *c)
{
    struct talk t = talk_of(c);

    answered(&t, 4);
    alone(&t, 3, 0, 0.5);
    begin(c, 2, V2_INFORMATIONAL, 0, false, false);
    send(c, "are you there?", 80);
    end_after(c, 0);
    SAYS(c, stream_stopped, "still sends IKE (frame 16)");
    for (unsigned acked = 0; acked < 2; acked++) {
        v1_tunnel(c, 0, 0);
        t = (struct talk){ .c = c };
        answered(&t, 4);
        alone(&t, 3, 0, 0.5);
        for (unsigned i = 0; i <= acked; i++) {
            begin(c, 1, V1_INFORMATIONAL, 77 + i, i == 0, false);
            notify(c, i ? N1_R_U_THERE_ACK : N1_R_U_THERE);
            send(c, i ? "yes" : "are you there?", (uint16_t)(80 + i));
        }
        end_after(c, 0);
        SAYS(c, stream_stopped, acked ? "still sends IKE (frame 17)" :
                                        "does not answer IKE either (frame 16)");
    }
}

/* The same user connects from elsewhere, and the gateway drops the first SA for that; or another
 * one does, and the gateway sends him the answers, or his own alone. */
static void
other_device(struct conversation *c, const char *who, bool gets_answers)
{
    struct ip_addr client = c->client;

    reset(c);
    for (unsigned device = 0; device < 2; device++) {
        const char *id = device ? who : "lisa";
        c->client = device ? c->stranger : client;
        for (unsigned r = 0; r < 4; r++) {
            begin(c, 2, r < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, r / 2, r % 2 == 0, r % 2 == 1);
            as(c, (uint8_t)(0x50 + device));
            propose(c, r < 2 ? aes256 : esp128, r < 2 ? 4 : 3, r < 2 ? PROTO_IKE : PROTO_ESP,
                    r < 2 ? 0 : (r == 2 ? 0xa0000005 : 0xb0000005) + device);
            c->m.has_auth = r >= 2;
            if (r >= 2) {
                selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            }
            if (r == 2) {
                c->m.id_i = (struct ike_id){ .present = true,
                                             .inner = true,
                                             .type = ID_FQDN,
                                             .data = { (const uint8_t *)id, strlen(id) } };
            }
            send(c, &"abcdefgh"[4 * device + r], (uint16_t)(90 + 4 * device + r));
        }
        c->client = client;
        for (uint32_t seq = 1; seq <= 4; seq++) {
            ipsec(c, &c->client, &c->gateway, esp_of(0xb0000005, 4 * device + seq));
            if (!device) {
                soon(c);
                ipsec(c, &c->gateway, &c->client, esp_of(0xa0000005, seq));
            } else if (strcmp(who, "bob") == 0) {
                ipsec(c, &c->stranger, &c->gateway, esp_of(0xb0000006, seq));
                soon(c);
                ipsec(c, &c->gateway, &c->stranger, esp_of(0xa0000006, 2 * seq));
            }
            if (device && gets_answers) {
                soon(c);
                ipsec(c, &c->gateway, &c->stranger, esp_of(0xa0000006, 2 * seq + 1));
            }
        }
    }
    end_after(c, 0);
    FIRES(c, stream_stopped);
    T((strstr(detail(c, CHECK_stream_stopped), "the same identity connected from 203.0.113.66") !=
       NULL) == (strcmp(who, "lisa") == 0));
    T((strstr(detail(c, CHECK_stream_stopped), "Suggests: IKE SA 1 of 203.0.113.66 came up "
              "in frame 16 and gets 8 packets for 4 that it sends") != NULL) == gets_answers);
}

/* A packet of the client with that port, or for it. */
static void
nat_packet(struct conversation *c, uint16_t port, bool there, uint32_t seq)
{
    struct ipsec_packet p = esp_of((there ? 0xd0000000 : 0xc0000000) + port, seq);
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5,
                           .src = there ? c->client : c->gateway,
                           .dst = there ? c->gateway : c->client,
                           .src_port = there ? port : PORT_NATT,
                           .dst_port = there ? PORT_NATT : port };

    see_ipsec(c, &at, &p);
}

/* Two clients behind one NAT, which nobody could read, and hosts that are slow to answer: the
 * second client gets the answers of both, or its own. */
static void
one_nat(struct conversation *c)
{
    for (unsigned how = 0; how < 4; how++) {
        bool conflict = how & 1, nat = how & 2;
        const struct session a = { .spi = 0x10, .port = 4500, .blind = true };
        const struct session b = { .spi = 0x20, .port = 58601, .blind = true };
        reset(c);
        session_up(c, &a);
        ((struct ike_sa *)sadb_ike_sa(c->db, 0))->nat = nat ? NAT_INITIATOR : NAT_NONE;
        for (uint32_t i = 1; i <= 4; i++) {
            nat_packet(c, a.port, true, i);
            nat_packet(c, a.port, false, i);
        }
        session_up(c, &b);
        ((struct ike_sa *)sadb_ike_sa(c->db, 1))->nat = nat ? NAT_INITIATOR : NAT_NONE;
        for (uint32_t i = 1; i <= 4; i++) {
            nat_packet(c, a.port, true, 4 + i);
            if (conflict) {
                nat_packet(c, b.port, false, 2 * i);
            }
            nat_packet(c, b.port, true, i);
            nat_packet(c, b.port, false, 2 * i + 1);
        }
        end_after(c, 0);
        T(count(c, CHECK_stream_stopped) == 0 || !nat);
        T(count(c, CHECK_duplicate_child_sa) == (conflict && nat));
        if (conflict && nat) {
            T(strstr(detail(c, CHECK_duplicate_child_sa),
                     "Two clients behind the NAT 192.0.2.10 use ports 4500 and 58601. Since IKE "
                     "SA 1 of port 58601 came up (frame 16), nothing goes to port 4500, although "
                     "it sends 4 packets in Child SA 0 (frames 17 to 29), and port 58601 gets 8 "
                     "packets for 4 that it sends."));
            T(severity_of(c, CHECK_duplicate_child_sa) == SEV_WARN);
            T(basis_of(c, CHECK_duplicate_child_sa) == BASIS_INFERRED);
        }
    }
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    asymmetric(&c);
    both_tunnels(&c);
    stops_blind(&c);
    goes_on(&c);
    stops_read(&c, "10.1.0.5", "10.2.0.5", IP_ICMP, true);
    stops_read(&c, "10.1.0.9", "10.2.0.5", IP_ICMP, true);
    stops_read(&c, "10.1.0.5", "10.2.0.77", IP_ICMP, false); /* nobody is there */
    stops_read(&c, "10.9.0.5", "10.2.0.5", IP_ICMP, false); /* it may not pass */
    stops_read(&c, "10.1.0.5", "10.2.0.5", IP_UDP, false);
    stops_read(&c, "10.1.0.5", "10.2.0.5", 0, false); /* replies want nothing */
    stops_after_rekey(&c, false);
    one_direction_from_here(&c, false);
    one_direction_from_here(&c, true);
    stops_after_rekey(&c, true);
    signs(&c);
    checks_of_life(&c);
    other_device(&c, "lisa", false);
    other_device(&c, "bob", true);
    other_device(&c, "bob", false);
    one_nat(&c);
    return conversation_done(&c);
}
