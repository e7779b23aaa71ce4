/* What a stream of ESP shows over time, or the want of one: gaps, one direction alone, packets in
 * clear beside it.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };

/* One direction alone, but of an SA that was replaced, or beside others of the same two. */
static void
single_ways(struct conversation *c)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = SHORTEST };

    for (unsigned rekeyed = 0; rekeyed < 2; rekeyed++) {
        tunnel(c);
        for (p.seq = 1; p.seq <= 4; p.seq++) {
            ipsec(c, &c->client, &c->gateway, p);
        }
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            propose(c, esp128, 3, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
            if (rekeyed && !r) {
                notify(c, N2_REKEY_SA);
                c->m.notifies[0].spi = (struct span){ old, 4 };
            }
            send(c, r ? "new!" : "new?", (uint16_t)(40 + r));
        }
        end_after(c, 1);
        T((count(c, CHECK_one_way) == 1) == !rekeyed);
    }
    SILENT(c, one_way);
}

/* With IKE of one side alone nobody knows whether the other sends anything. */
static void
one_sided(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init!", 2);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    for (uint32_t seq = 1; seq <= 4; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
    }
    end_after(c, 1);
    T(sadb_num_child_sas(c->db) == 1 && count(c, CHECK_one_way) == 0);
}

/* Each receiver chooses its own SPI, and both may choose the same. */
static void
same_spi(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.readable = false;
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    for (uint32_t seq = 1; seq <= 3; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
        ipsec(c, &c->gateway, &c->client, esp_of(TO_R, seq));
    }
    end_after(c, 1);
    T(sadb_num_child_sas(c->db) == 1 && count(c, CHECK_one_way) == 0);
    T(sadb_stream(c->db, 0)->to_responder && !sadb_stream(c->db, 1)->to_responder);
}

static void
unused(struct conversation *c)
{
    tunnel(c);
    end_after(c, 5);
    SILENT(c, never_used);
    tunnel(c);
    end_after(c, 60);
    SAYS(c, never_used, "carries no packet");
}

static void
directions(struct conversation *c)
{
    struct ipsec_packet back = { .protocol = PROTO_ESP, .spi = TO_I, .seq = 1, .length = SHORTEST };

    tunnel(c);
    for (uint32_t seq = 1; seq <= 3; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
    }
    ipsec(c, &c->gateway, &c->client, back);
    end_after(c, 1);
    SILENT(c, one_way);
    tunnel(c);
    for (uint32_t seq = 1; seq <= 3; seq++) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
    }
    end_after(c, 1);
    SAYS(c, one_way, "3 ESP packets go from 192.0.2.10 to 198.51.100.20");
}

/* A packet each half second: after a dozen of them a heartbeat looks as a ping does, and that is
 * said; pauses that grow are those of requests. */
static void
even_pace(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = SHORTEST };

    for (uint32_t packets = 12; packets <= 13; packets++) {
        for (unsigned grows = 0; grows < 2; grows++) {
            tunnel(c);
            for (p.seq = 1; p.seq <= packets; p.seq++) {
                c->now += grows ? p.seq * 0.1 : 0;
                ipsec(c, &c->client, &c->gateway, p);
            }
            end_after(c, 1);
            SAYS(c, one_way, "ESP packets go from 192.0.2.10 to 198.51.100.20");
            T(!strstr(detail(c, CHECK_one_way), "at an even pace") == (packets == 12 || grows));
        }
    }
}

static void
ways(struct conversation *c)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = SHORTEST };

    tunnel(c);                                      /* two packets are too few, three are not */
    for (p.seq = 1; p.seq <= 2; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    SILENT(c, one_way);
    tunnel(c);
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    SAYS(c, one_way, "3 ESP packets go from 192.0.2.10 to 198.51.100.20 (SPI b0000001, "
                     "10.1.0.0/24 === 10.2.0.0/24, frames 5 to 7), but none comes back");
    T(strstr(the_finding(c, CHECK_one_way)->remedy, "Allow ESP (IP protocol 50) between 192.0.2.10 "
                                                    "and 198.51.100.20 in both directions"));

    tunnel(c);                                      /* the way that the packets take is named */
    c->esp_src_port = PORT_NATT;
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    T(strstr(the_finding(c, CHECK_one_way)->remedy, "Allow UDP 4500 between"));
    for (unsigned tcp = 0; tcp < 2; tcp++) {        /* Cisco's UDP 10000; RFC 9329 */
        struct sighting at = { .src = c->client, .dst = c->gateway, .src_port = 40000,
                               .dst_port = tcp ? 443 : 10000, .tcp = tcp, .own_ports = !tcp };
        tunnel(c);
        for (p.seq = 1; p.seq <= 3; p.seq++) {
            at.frame = c->frame + 1;
            at.time = c->now + 0.5;
            see_ipsec(c, &at, &p);
        }
        end_after(c, 1);
        T(strstr(remedy(c, CHECK_one_way), tcp ? "Allow TCP 443 between" :
                                                 "Allow UDP 10000 between"));
    }

    tunnel(c);                                      /* who answers has been asked */
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        struct ipsec_packet reply = p;
        reply.has_inner = reply.inner_tunnel = true;
        reply.inner.protocol = IP_ICMP;
        reply.talk.kind = TALK_ECHO_REPLY;
        ipsec(c, &c->client, &c->gateway, reply);
    }
    end_after(c, 1);
    SAYS(c, one_way, "answers, so the other direction works");
    T(strstr(the_finding(c, CHECK_one_way)->remedy, "Capture both directions"));

    for (uint32_t step = 0; step < 2; step++) {     /* and who acknowledges more has got more */
        tunnel(c);
        for (p.seq = 1; p.seq <= 4; p.seq++) {
            struct ipsec_packet more = p;
            more.has_inner = more.inner_tunnel = true;
            more.inner.protocol = IP_TCP;
            more.talk.kind = TALK_TCP;
            more.talk.flags = TCP_ACK;
            more.talk.octets = 36;
            more.talk.ack = UINT32_MAX - 40 + 36 * step * p.seq;
            ipsec(c, &c->client, &c->gateway, more);
        }
        end_after(c, 1);
        SAYS(c, one_way, step ? "answers, so the other" : "none comes back");
    }

    for (unsigned quick = 0; quick < 2; quick++) {  /* a stream that wants no answer */
        tunnel(c);
        for (p.seq = 1; p.seq <= 60; p.seq++) {
            c->now -= quick ? 0.48 : p.seq % 2 ? 0.4 : 0;
            ipsec(c, &c->client, &c->gateway, p);
        }
        end_after(c, 1);
        TOLD(c, one_way, !quick);
    }
    even_pace(c);

    tunnel(c);    /* answers come through another SA of the same two */
    second_child(c, 2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    for (unsigned spi = 0; spi < 2; spi++) {
        ipsec(c, &c->gateway, &c->client, esp_of(0xa0000002, 1 + spi));
        ipsec(c, &c->client, &c->gateway, esp_of(0xb0000002, 1 + spi));
    }
    end_after(c, 1);
    T(count(c, CHECK_one_way) == 0);

    tunnel(c);                                      /* readable UDP wants no answer */
    p.has_inner = p.inner_tunnel = true;
    p.inner_basis = BASIS_DECRYPTED;
    p.inner.protocol = IP_UDP;
    T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
    for (p.seq = 1; p.seq <= 5; p.seq++) {
        ipsec(c, &c->client, &c->gateway, p);
    }
    end_after(c, 1);
    T(count(c, CHECK_one_way) == 0);
}

static void
replace_child(struct conversation *c, bool break_first, double pause)
{
    tunnel(c);
    for (unsigned i = 0; i < 10; i++) {
        packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    }
    if (break_first) {
        delete_child(c, 2, true, false, i_spi);
        delete_child(c, 2, false, true, r_spi);
        c->now += pause;
    }
    begin(c, 2, V2_CREATE_CHILD_SA, 3, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    if (!break_first) {
        notify(c, N2_REKEY_SA);
        c->m.notifies[0].spi = (struct span){ i_spi, 4 };
    }
    send(c, "rekey?", 50);
    begin(c, 2, V2_CREATE_CHILD_SA, 3, false, true);
    propose(c, esp128, 3, PROTO_ESP, 0xb0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "rekey!", 51);
    c->now += break_first ? 0 : pause;
    packet(c, 0xb0000002, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
}

static void
gaps(struct conversation *c)
{
    replace_child(c, false, 0);
    SILENT(c, rekey_gap);                           /* 1.5 s, and packets came every 0.5 s */
    replace_child(c, false, 5);
    SAYS(c, rekey_gap, "for 6.5 s between SPI b0000001 (frame 14) and SPI b0000002");
    replace_child(c, true, 5);
    SAYS(c, rekey_gap, "its SA is deleted in frame 15, and the next");
}

/* Clear packets between addresses that the selectors protect (RFC 4301 section 5.1). */
static void
clear(struct conversation *c)
{
    static const struct {
        const char *src, *dst; uint8_t protocol; uint16_t port; bool told;
    } table[] = {
        { "10.1.0.1", "10.2.0.1", IP_TCP, 443, true },
        { "10.2.0.1", "10.1.0.1", IP_TCP, 443, true },
        { "10.1.0.1", "10.3.0.1", IP_TCP, 443, false },              /* another network */
        { "10.1.0.1", "10.2.0.1", IP_UDP, PORT_IKE, false },    /* IKE through the same gateways */
        /* the peers themselves, beside the tunnel */
        { "192.0.2.10", "198.51.100.20", IP_TCP, 22, false },
    };
    struct on_path e = { .p = { .kind = PATH_CLEAR } };

    T(!sadb_wants_clear(c->db) || sadb_num_clear(c->db) == 0);
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel(c);
        T(sadb_wants_clear(c->db));
        e.p.clear = (struct inner_packet){ .protocol = table[i].protocol, .has_ports = true,
                                           .src_port = 3000, .dst_port = table[i].port };
        T(ip_parse(&e.p.clear.src, table[i].src) && ip_parse(&e.p.clear.dst, table[i].dst));
        path(c, e);
        T((sadb_num_clear(c->db) == 1) == table[i].told && !sadb_clear(c->db, 1));
        end_after(c, 5);
        T((count(c, CHECK_cleartext_bypass) == 1) == table[i].told);
    }
    SILENT(c, cleartext_bypass);

    tunnel(c);                                      /* deleted: nothing is promised any more */
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                           .spis = { spi, 4 }, .inner = true };
    send(c, "delete", 5);
    T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
    path(c, e);
    end_after(c, 5);
    T(count(c, CHECK_cleartext_bypass) == 0);
}

/* Of a clear fragment nobody knows whether its datagram had the one port that the SA protects. */
static void
clear_fragment(struct conversation *c)
{
    static const struct { uint16_t lo, hi; bool fragment, told; } table[] = {
        { 443, 443, false, true }, { 442, 442, false, false }, { 443, 443, true, false },
        { 0, 65535, true, true },
        { 65535, 0, true, true },                           /* OPAQUE: RFC 4301 section 7.2 */
        { 65535, 0, false, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct on_path e = { .p = { .kind = PATH_CLEAR } };
        bool whole = !table[i].fragment;
        reset(c);
        sa_init(c, aes256, aes256);
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, TO_R);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        c->m.ts_r[0].protocol = IP_TCP;
        c->m.ts_r[0].port_lo = table[i].lo;
        c->m.ts_r[0].port_hi = table[i].hi;
        send(c, "auth!", 4);
        e.p.clear = (struct inner_packet){ .protocol = IP_TCP, .has_ports = whole,
                                           .fragment = !whole };
        e.p.clear.src_port = whole ? 3000 : 0;
        e.p.clear.dst_port = whole ? 443 : 0;
        T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
        path(c, e);
        end_after(c, 5);
        T((count(c, CHECK_cleartext_bypass) == 1) == table[i].told);
    }
}

static void
clear_copy(struct conversation *c)
{
    struct on_path e = { .p = { .kind = PATH_CLEAR } };

    tunnel(c);
    T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
    path(c, e);
    packet(c, TO_R, &c->client, &c->gateway, NULL, NULL, 0);
    end_after(c, 5);
    SILENT(c, cleartext_bypass);                    /* its copy went through the SA */
    tunnel(c);
    path(c, e);
    end_after(c, 5);
    SAYS(c, cleartext_bypass, "10.1.0.1 to 10.2.0.1 is in clear, although Child SA 0");
}

static void
gap_through_wrap(struct conversation *c)
{
    tunnel(c);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    SILENT(c, sequence_gap);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, UINT32_MAX - 1));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, UINT32_MAX));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 0));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    end_after(c, 1);
    SAYS(c, sequence_gap, "4294967292 sequence numbers of SPI b0000001, from 1 through the wrap at "
         "2^32 to 1, were not captured");
}

static void
esp_between(struct conversation *c, const char *from, const char *to, uint32_t spi)
{
    struct ip_addr src, dst;

    T(ip_parse(&src, from) && ip_parse(&dst, to));
    for (unsigned i = 1; i <= 2; i++) {
        ipsec(c, &src, &dst, esp_of(spi, i));
    }
}

/* Nobody has negotiated: SPIs of two hosts' own, or one that all have. */
static void
of_no_ike_at_all(struct conversation *c)
{
    static const struct {
        const char *a, *b, *group;
        uint32_t there, back;
        bool shared;
    } table[] = {
        { "192.0.2.1", "198.51.100.1", NULL, 0x1001, 0x1002, false },
        { "192.0.2.1", "198.51.100.1", NULL, 0x1001, 0x1001, true },
        { "192.0.2.1", "198.51.100.1", "232.2.2.2", 0x1001, 0x1001, true },
        { "fe80::1", "fe80::2", "ff02::5", 0x100, 0x100, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        esp_between(c, table[i].a, table[i].b, table[i].there);
        esp_between(c, table[i].b, table[i].a, table[i].back);
        if (table[i].group) {
            esp_between(c, table[i].a, table[i].group, table[i].there);
        }
        end_after(c, 1);
        T(count(c, CHECK_esp_without_ike) == !table[i].shared);     /* one for both directions */
        T(count(c, CHECK_group_sa) == table[i].shared);
        if (table[i].shared) {
            SAYS(c, group_sa, table[i].group ? "with the same SPI to a multicast group." :
                                               "with the same SPI. Suggests");
            T(basis_of(c, CHECK_group_sa) == BASIS_INFERRED);
        } else {
            SAYS(c, esp_without_ike, "ESP goes from 192.0.2.1 to 198.51.100.1, first with SPI "
                                     "00001001 in frame 1; the capture contains no IKE");
        }
    }

    tunnel(c);                  /* IKE between them: another SPI, or the same one both ways */
    ipsec(c, &c->client, &c->gateway, esp_of(0x2001, 1));
    ipsec(c, &c->gateway, &c->client, esp_of(0x2001, 1));
    end_after(c, 1);
    SILENT(c, group_sa);
    SILENT(c, esp_without_ike);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    one_sided(&c);
    single_ways(&c);
    same_spi(&c);
    unused(&c);
    directions(&c);
    ways(&c);
    gaps(&c);
    clear(&c);
    clear_fragment(&c);
    clear_copy(&c);
    gap_through_wrap(&c);
    of_no_ike_at_all(&c);
    return conversation_done(&c);
}
