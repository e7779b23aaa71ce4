/* Addresses inside the tunnel (RFC 4301 section 5.2): selectors, the address that was assigned, the
 * Child SA that a packet belongs to; then those around it, and those that a pool gives away.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
addresses(struct conversation *c)
{
    tunnel(c);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.5", "10.1.0.5", IP_TCP);
    SILENT(c, inner_source_violation);
    SILENT(c, inner_destination_violation);
    SILENT(c, inner_selector_violation);
    SILENT(c, outer_source_violation);
    SILENT(c, virtual_ip_violation);
    SILENT(c, spi_unknown);
    packet(c, TO_R, &c->client, &c->gateway, "10.7.0.5", "10.2.0.5", IP_TCP);
    SAYS(c, inner_source_violation, "Inner source 10.7.0.5");
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.8.0.5", IP_TCP);
    SAYS(c, inner_destination_violation, "10.8.0.5");
    packet(c, TO_R, &c->stranger, &c->gateway, NULL, NULL, 0);
    SAYS(c, outer_source_violation, "203.0.113.66");
    SILENT(c, outer_destination_violation);
    packet(c, TO_R, &c->client, &c->stranger, NULL, NULL, 0);
    SAYS(c, outer_destination_violation,
         "goes to 203.0.113.66; the SA's peer is 198.51.100.20");
    packet(c, 0xdeadbeef, &c->client, &c->gateway, NULL, NULL, 0);
    SAYS(c, spi_unknown, "deadbeef");
    T(strstr(detail(c, CHECK_spi_unknown), "negotiated SPI is b0000001 (Child SA 0, frame 4)"));

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    static const uint8_t bound[] = { 10, 1, 0, 186 };
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    c->m.ts_r[0].protocol = IP_UDP;
    c->m.cfg_type = CP_REPLY;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send(c, "auth!", 4);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.186", "10.2.0.5", IP_UDP);
    SILENT(c, virtual_ip_violation);
    SILENT(c, inner_selector_violation);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.188", "10.2.0.5", IP_UDP);
    SAYS(c, virtual_ip_violation, "assigned 10.1.0.186");
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.186", "10.2.0.5", IP_TCP);
    SAYS(c, inner_selector_violation, "tcp");
}

static void
side_by_side(struct conversation *c)
{
    tunnel(c);
    second_child(c, 2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    SILENT(c, wrong_child_sa);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.3.0.5", IP_TCP);
    SAYS(c, wrong_child_sa, "belongs in Child SA 1 (frame 6)");
    FIRES(c, inner_destination_violation);
    T(strstr(the_finding(c, CHECK_inner_destination_violation)->remedy,
             "Child SA 1 (frame 6) admits this one"));
    packet(c, TO_R, &c->client, &c->gateway, "10.9.0.5", "10.3.0.5", IP_TCP);
    FIRES(c, inner_source_violation);
    /* none admits it */
    T(strstr(the_finding(c, CHECK_inner_source_violation)->remedy, "widen the selectors"));
    T(count(c, CHECK_inner_destination_violation) == 2);
    T(count(c, CHECK_wrong_child_sa) == 1);
}

/* One packet in the second Child SA, whose ends have that protocol and those ports. */
static void
in_second(struct conversation *c, uint8_t protocol, const uint16_t i[2], const uint16_t r[2],
          struct inner_packet inner, bool back)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .seq = 1, .length = 100, .has_inner = true,
                              .inner_tunnel = true, .inner_basis = BASIS_DECRYPTED };

    tunnel(c);
    for (unsigned response = 0; response < 2; response++) {
        begin(c, 2, V2_CREATE_CHILD_SA, 2, !response, response);
        propose(c, esp128, 3, PROTO_ESP, response ? 0xb0000002 : 0xa0000002);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        c->m.ts_i[0].protocol = c->m.ts_r[0].protocol = protocol;
        c->m.ts_i[0].port_lo = i[0];
        c->m.ts_i[0].port_hi = i[1];
        c->m.ts_r[0].port_lo = r[0];
        c->m.ts_r[0].port_hi = r[1];
        send(c, response ? "second!" : "second?", 5 + response);
    }
    p.spi = back ? 0xa0000002 : 0xb0000002;
    p.inner = inner;
    T(ip_parse(&p.inner.src, back ? "10.2.0.5" : "10.1.0.5"));
    T(ip_parse(&p.inner.dst, back ? "10.1.0.5" : "10.2.0.5"));
    ipsec(c, back ? &c->gateway : &c->client, back ? &c->client : &c->gateway, p);
}

/* The first Child SA admits all of it.  What the second does not refuse is at its place there
 * (RFC 4301 sections 7 and 4.4.1.2). */
static void
fragments_side_by_side(struct conversation *c)
{
    static const uint16_t any[2] = { 0, 65535 }, opaque[2] = { 65535, 0 };
    static const uint16_t https[2] = { 443, 443 };
    static const uint16_t echo[2] = { ICMP_ECHO_REQUEST << 8, ICMP_ECHO_REQUEST << 8 | 0xff };
    struct inner_packet whole = { .protocol = IP_TCP, .has_ports = true, .src_port = 3000 };
    struct inner_packet later = { .protocol = IP_TCP, .fragment = true };
    struct inner_packet reply = { .protocol = IP_ICMP, .has_ports = true };

    whole.dst_port = 443;
    in_second(c, IP_TCP, any, https, whole, false);
    SILENT(c, wrong_child_sa);
    in_second(c, IP_TCP, any, https, later, false);       /* the ports were in the first fragment */
    SILENT(c, wrong_child_sa);
    SILENT(c, inner_selector_violation);
    in_second(c, IP_TCP, opaque, opaque, later, false);
    SILENT(c, wrong_child_sa);
    in_second(c, IP_TCP, opaque, opaque, whole, false);
    SILENT(c, wrong_child_sa);
    SILENT(c, inner_selector_violation);
    in_second(c, IP_ICMP, echo, any, reply, true);
    SILENT(c, wrong_child_sa);
    SILENT(c, inner_selector_violation);
    in_second(c, IP_ICMP, echo, echo, reply, true);       /* written so, it means ping */
    SILENT(c, wrong_child_sa);
    SILENT(c, inner_selector_violation);
    reply.src_port = reply.dst_port = 0x0304;       /* an error is no reply */
    in_second(c, IP_ICMP, echo, echo, reply, true);
    SAYS(c, inner_selector_violation, "Inner icmp packet");
    SAYS(c, wrong_child_sa, "belongs in Child SA 0 (frame 4)");
    later.protocol = IP_UDP;
    in_second(c, IP_TCP, any, https, later, false);       /* a fragment shows its protocol */
    SAYS(c, inner_selector_violation, "Inner udp packet");
    SAYS(c, wrong_child_sa, "belongs in Child SA 0 (frame 4)");
    whole.dst_port = 80;
    in_second(c, IP_TCP, any, https, whole, false);
    SAYS(c, inner_selector_violation, "ports 3000 and 80");
    SAYS(c, wrong_child_sa, "belongs in Child SA 0 (frame 4)");
}

static void
one_address(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.86.152.186", "10.2.0.0/24");
    auth_response(c, "10.86.152.186", "10.2.0.0/24");
    packet(c, TO_R, &c->client, &c->gateway, "10.86.152.188", "10.2.0.5", IP_TCP);
    SAYS(c, inner_source_violation, "Inner source 10.86.152.188, but Child SA 0 (SPI b0000001, "
                                    "IKE_AUTH in frame 4) admits only 10.86.152.186/32 from");
    T_STR(the_finding(c, CHECK_inner_source_violation)->remedy, "Give 192.0.2.10 the address "
          "10.86.152.186 that the SA admits, or bind 10.86.152.188 to this peer on the other end "
          "and negotiate again; both ends must use the same address.");
    T(the_finding(c, CHECK_inner_source_violation)->frame == 5 &&
      basis_of(c, CHECK_inner_source_violation) == BASIS_DECRYPTED);
    /* the other way: source and destination change places */
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.5", "10.86.152.188", IP_TCP);
    SAYS(c, inner_destination_violation,
         "Inner destination 10.86.152.188, but Child SA 0 (SPI a0000001");
    T(count(c, CHECK_inner_source_violation) == 1);
    /* one finding, more frames */
    packet(c, TO_R, &c->client, &c->gateway, "10.86.152.188", "10.2.0.9", IP_UDP);
    T(count(c, CHECK_inner_source_violation) == 1 &&
      the_finding(c, CHECK_inner_source_violation)->count == 2);
}

/* A protocol and ports: RFC 4301 section 4.4.1.1.  Fragments show none. */
static void
ports(struct conversation *c)
{
    static const struct {
        uint8_t protocol; uint16_t lo, hi; uint8_t sent; uint16_t port; bool shown, violates;
    } table[] = {
        { 0, 0, 65535, IP_TCP, 443, true, false }, { IP_TCP, 0, 65535, IP_TCP, 443, true, false },
        { IP_UDP, 0, 65535, IP_TCP, 443, true, true },
        { IP_TCP, 443, 443, IP_TCP, 443, true, false },
        { IP_TCP, 443, 443, IP_TCP, 442, true, true },
        { IP_TCP, 443, 443, IP_TCP, 444, true, true },
        { IP_TCP, 442, 444, IP_TCP, 442, true, false },
        { IP_TCP, 442, 444, IP_TCP, 444, true, false },
        { IP_TCP, 443, 443, IP_TCP, 9, false, false },
        { IP_TCP, 65535, 0, IP_TCP, 443, true, false },                       /* OPAQUE */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100,
                                  .has_inner = true, .inner_tunnel = true,
                                  .inner_basis = BASIS_DECRYPTED };
        reset(c);
        sa_init(c, aes256, aes256);
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, TO_R);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        c->m.ts_r[0].protocol = table[i].protocol;
        c->m.ts_r[0].port_lo = table[i].lo;
        c->m.ts_r[0].port_hi = table[i].hi;
        send(c, "auth!", 4);
        p.inner = (struct inner_packet){ .protocol = table[i].sent, .has_ports = table[i].shown,
                                         .src_port = 3000, .dst_port = table[i].port };
        T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
        ipsec(c, &c->client, &c->gateway, p);
        T((count(c, CHECK_inner_selector_violation) == 1) == table[i].violates);
        T(count(c, CHECK_inner_source_violation) == 0 &&
          count(c, CHECK_inner_destination_violation) == 0);
    }
}

/* RFC 7296 section 2.19: the address that was assigned, or a network behind the client that a
 * selector of its own admits. */
static void
assigned(struct conversation *c)
{
    static const uint8_t bound[] = { 10, 9, 0, 1 };

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "0.0.0.0/0", "0.0.0.0/0");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.9.0.0/24", "10.2.0.0/24");
    c->m.num_ts_i = 2;
    T(selector_parse(&c->m.ts_i[1], "10.77.0.0/16"));
    c->m.cfg_type = CP_REPLY;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send(c, "auth!", 4);
    packet(c, TO_R, &c->client, &c->gateway, "10.9.0.1", "10.2.0.5", IP_TCP);
    packet(c, TO_R, &c->client, &c->gateway, "10.77.3.4", "10.2.0.5", IP_TCP);
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.5", "10.9.0.1", IP_TCP);
    SILENT(c, virtual_ip_violation);
    SILENT(c, inner_source_violation);
    packet(c, TO_R, &c->client, &c->gateway, "10.9.0.2", "10.2.0.5", IP_TCP);
    SAYS(c, virtual_ip_violation, "Inner source 10.9.0.2, but 198.51.100.20 assigned 10.9.0.1 to "
         "192.0.2.10 (configuration payload, frame 4).");
}

static void
quick_mode(struct conversation *c, bool by_client, const char *octets, bool last)
{
    static const uint8_t one[] = { 10, 1, 0, 0, 255, 255, 255, 0 };
    static const uint8_t two[] = { 10, 2, 0, 0, 255, 255, 255, 0 };

    begin(c, 1, V1_QUICK, 9, by_client, false);
    if (!last) {
        propose(c, esp128, 3, PROTO_ESP, by_client ? TO_I : TO_R);
        c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR_SUBNET,
                                     .data = { one, 8 } };
        c->m.id_r = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR_SUBNET,
                                     .data = { two, 8 } };
    }
    send(c, octets, (uint16_t)(20 + c->frame));
}

/* Its second message before its first: the third tells who began. */
static void
quick_mode_turned(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    quick_mode(c, false, "qm2", false);
    quick_mode(c, true, "qm1", false);
    T(sadb_num_child_sas(c->db) == 1);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    SILENT(c, inner_source_violation);
    quick_mode(c, true, "qm3", true);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.2.0.5", IP_TCP);
    packet(c, TO_I, &c->gateway, &c->client, "10.2.0.5", "10.1.0.5", IP_TCP);
    SILENT(c, inner_source_violation);
    SILENT(c, inner_destination_violation);
    packet(c, TO_R, &c->client, &c->gateway, "10.2.0.5", "10.1.0.5", IP_TCP);
    SAYS(c, inner_source_violation, "admits only 10.1.0.0/24 from 192.0.2.10");
    FIRES(c, inner_destination_violation);
}

/* RFC 4301 section 5.2: one violation, one word; another SA is no excuse once it is deleted. */
static void
inner(struct conversation *c)
{
    static const uint8_t second[] = { 0xa0, 0, 0, 2 };

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    c->m.ts_r[0].protocol = IP_UDP;
    send(c, "auth!", 4);
    packet(c, TO_R, &c->client, &c->gateway, "10.7.0.5", "10.2.0.5", IP_TCP);
    TOLD(c, inner_source_violation, true);
    TOLD(c, inner_selector_violation, false);
    packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.7.0.5", IP_TCP);
    TOLD(c, inner_destination_violation, true);
    TOLD(c, inner_selector_violation, false);

    for (unsigned deleted = 0; deleted < 2; deleted++) {
        tunnel(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            propose(c, esp128, 3, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
            selectors(c, "10.1.0.0/24", "10.3.0.0/24");
            send(c, r ? "second!" : "second?", (uint16_t)(40 + r));
        }
        if (deleted) {
            begin(c, 2, V2_INFORMATIONAL, 3, true, false);
            c->m.num_deletes = 1;
            c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4,
                                                   .num_spis = 1, .spis = { second, 4 },
                                                   .inner = true };
            send(c, "delete", 50);
        }
        packet(c, TO_R, &c->client, &c->gateway, "10.1.0.5", "10.3.0.5", IP_TCP);
        TOLD(c, wrong_child_sa, !deleted);
        TOLD(c, inner_destination_violation, true);
    }
}

/* Who logs in by EAP, or NULL. */
static const char *user;

static void
assign(struct conversation *c, const char *who, uint8_t spi, const struct ip_addr *from,
       const uint8_t *address)
{
    char text[8];

    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        as(c, spi);
        if (step < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        } else {
            c->m.has_auth = true;
            c->m.id_i = (struct ike_id){ .present = !response, .type = ID_FQDN,
                                         .data = { (const uint8_t *)who, strlen(who) } };
        }
        if (step == 2 && user) {
            c->m.eap_code = EAP_RESPONSE;
            c->m.eap_type = EAPT_IDENTITY;
            c->m.eap_data = (struct span){ (const uint8_t *)user, strlen(user) };
        }
        if (step == 3) {
            c->m.cfg_type = CP_REPLY;
            c->m.num_cfg = 1;
            c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { address, 4 } };
        }
        c->from = response ? c->gateway : *from;
        c->to = response ? *from : c->gateway;
        g_snprintf(text, sizeof text, "%u.%u", spi, step);
        send(c, text, (uint16_t)(spi * 8 + step));
    }
}

static void
pools(struct conversation *c)
{
    static const uint8_t one_address[] = { 10, 9, 0, 1 }, other[] = { 10, 9, 0, 2 };

    reset(c);
    assign(c, "lisa", 0x11, &c->client, one_address);
    assign(c, "bob", 0x33, &c->stranger, other);
    SILENT(c, virtual_ip_shared);
    assign(c, "eve", 0x55, &c->stranger, one_address);
    SAYS(c, virtual_ip_shared, "10.9.0.1 is assigned to eve although lisa still has it");
    /* however many others come between the two */
    reset(c);
    assign(c, "lisa", 0x11, &c->client, one_address);
    for (unsigned i = 0; i < SADB_MAX_PER_PEER + 6; i++) {
        const uint8_t another[] = { 10, 9, 1, (uint8_t)i };
        assign(c, "bob", (uint8_t)(0x80 + i), &c->stranger, another);
    }
    SILENT(c, virtual_ip_shared);
    assign(c, "eve", 0x55, &c->stranger, one_address);
    SAYS(c, virtual_ip_shared, "10.9.0.1 is assigned to eve although lisa still has it");
    /* one identity for all: the users tell them apart */
    for (unsigned two = 0; two < 2; two++) {
        reset(c);
        user = "lisa";
        assign(c, "group", 0x11, &c->client, one_address);
        SILENT(c, virtual_ip_shared);
        user = two ? "bob" : "lisa";
        assign(c, "group", 0x55, &c->stranger, one_address);
        TOLD(c, virtual_ip_shared, two);
        TOLD(c, peer_restarted, !two);
        user = NULL;
    }
    SAYS(c, virtual_ip_shared, "10.9.0.1 is assigned to bob although lisa still has it");
    SILENT(c, peer_restarted);
}

/* With MOBIKE an answer on another path, whose request was not captured, may be the move's. */
static void
moved_unseen(struct conversation *c, bool answered)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_AUTH, 1, side == 0, side == 1);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, side ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        notify(c, N2_MOBIKE_SUPPORTED);
        send(c, side ? "auth!" : "auth?", 3);
    }
    if (answered) {
        begin(c, 2, V2_INFORMATIONAL, 2, false, true);
        c->to = c->stranger;
        send(c, "moved", 22);
    }
    ipsec(c, &c->stranger, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R,
                                                               .seq = 1, .length = 100 });
    if (answered) {
        SILENT(c, outer_source_violation);
    } else {
        FIRES(c, outer_source_violation);
    }
}

/* The pool's address again: of the same user, or once the other has gone (RFC 7296 section
 * 2.19). */
static void
pool(struct conversation *c)
{
    static const struct { const char *second; bool deleted, told; } table[] = {
        { "bob", false, true }, { "lisa", false, false }, { "bob", true, false },
    };
    static const uint8_t one[] = { 10, 9, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        for (unsigned n = 0; n < 2; n++) {
            const char *who = n ? table[i].second : "lisa";
            for (unsigned step = 0; step < 4; step++) {
                bool response = step % 2;
                char text[16];
                begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
                as(c, n ? 0x33 : 0x11);
                if (step < 2) {
                    propose(c, aes256, 4, PROTO_IKE, 0);
                } else {
                    c->m.has_auth = true;
                    c->m.id_i = (struct ike_id){ .present = !response, .type = ID_FQDN,
                                                 .data = { (const uint8_t *)who, strlen(who) } };
                }
                if (step == 3) {
                    c->m.cfg_type = CP_REPLY;
                    c->m.num_cfg = 1;
                    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { one, 4 } };
                }
                c->from = response ? c->gateway : n ? c->stranger : c->client;
                c->to = response ? (n ? c->stranger : c->client) : c->gateway;
                g_snprintf(text, sizeof text, "%u.%u", n, step);
                send(c, text, (uint16_t)(10 * n + step));
            }
            if (!n && table[i].deleted) {
                begin(c, 2, V2_INFORMATIONAL, 2, true, false);
                c->m.num_deletes = 1;
                c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
                send(c, "gone", 70);
            }
        }
        TOLD(c, virtual_ip_shared, table[i].told);
    }
}

/* What a packet that verifies holds, in an SA of that mode. */
static void
inside(struct conversation *c, bool transport, uint8_t next, enum icv_verdict icv)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    if (transport) {
        notify(c, N2_USE_TRANSPORT_MODE);
    }
    send(c, "auth!", 4);
    p.clear_read = true;
    p.icv = icv;
    p.next_header = next;
    p.inner_basis = BASIS_DECRYPTED;
    ipsec(c, &c->client, &c->gateway, p);
}

static void
inner_headers(struct conversation *c)
{
    static const uint8_t lawful[] = { IP_IPV4, IP_IPV6, IP6_NO_NEXT, IP_IPCOMP, IP_AGGFRAG,
                                      IP_ESP,  IP_AH };

    inside(c, false, IP_ICMP, ICV_GOOD);
    SAYS(c, inner_header_unlikely, "it contains icmp (next header 1); Child SA 0 is in tunnel "
                                   "mode");
    for (size_t i = 0; i < sizeof lawful; i++) {
        inside(c, false, lawful[i], ICV_GOOD);
        SILENT(c, inner_header_unlikely);
    }
    inside(c, true, IP_ICMP, ICV_GOOD);
    SILENT(c, inner_header_unlikely);
    inside(c, false, IP_ICMP, ICV_UNKNOWN);         /* a wrong key gives any header */
    SILENT(c, inner_header_unlikely);
}

/* A later fragment in an SA with those selectors, of which the ends agreed or not. */
static void
later_fragment(struct conversation *c, const struct selector *to, bool agreed, bool fires)
{
    struct ipsec_packet p = esp_of(TO_R, 1);

    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, r ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        c->m.ts_r[0].protocol = to->protocol;
        c->m.ts_r[0].port_lo = to->port_lo;
        c->m.ts_r[0].port_hi = to->port_hi;
        if (agreed) {
            notify(c, N2_NON_FIRST_FRAGMENTS_ALSO);
        }
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
    p.has_inner = p.inner_tunnel = p.clear_read = p.inner.fragment = true;
    p.inner_basis = BASIS_DECRYPTED;
    p.inner.protocol = IP_TCP;
    T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
    ipsec(c, &c->client, &c->gateway, p);
    if (fires) {
        SAYS(c, inner_fragment_unmatched, "A non-initial fragment from 10.1.0.5 to 10.2.0.5 has no "
                                          "ports");
    } else {
        SILENT(c, inner_fragment_unmatched);
    }
}

static void
inner_fragments(struct conversation *c)
{
    static const struct selector https = { .protocol = IP_TCP, .port_lo = 443, .port_hi = 443 },
                                 tcp = { .protocol = IP_TCP, .port_hi = 65535 },
                                 rest = { .protocol = IP_TCP, .port_lo = 65535 };

    later_fragment(c, &https, false, true);
    later_fragment(c, &https, true, false);
    later_fragment(c, &tcp, false, false);
    later_fragment(c, &rest, false, false);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    addresses(&c);
    side_by_side(&c);
    fragments_side_by_side(&c);
    one_address(&c);
    ports(&c);
    assigned(&c);
    quick_mode_turned(&c);
    inner(&c);
    pools(&c);
    moved_unseen(&c, true);
    moved_unseen(&c, false);
    pool(&c);
    inner_headers(&c);
    inner_fragments(&c);
    return conversation_done(&c);
}
