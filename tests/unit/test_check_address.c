/* Addresses inside the tunnel (RFC 4301 section 5.2): selectors, the address that was assigned, the
 * Child SA that a packet belongs to.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
addresses(void)
{
    tunnel();
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    packet(0xa0000001, &gateway, &client, "10.2.0.5", "10.1.0.5", 6);
    SILENT(inner_source_violation);
    SILENT(inner_destination_violation);
    SILENT(inner_selector_violation);
    SILENT(outer_source_violation);
    SILENT(virtual_ip_violation);
    SILENT(spi_unknown);
    packet(0xb0000001, &client, &gateway, "10.7.0.5", "10.2.0.5", 6);
    SAYS(inner_source_violation, "Inner source 10.7.0.5");
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.8.0.5", 6);
    SAYS(inner_destination_violation, "10.8.0.5");
    packet(0xb0000001, &stranger, &gateway, NULL, NULL, 0);
    SAYS(outer_source_violation, "203.0.113.66");
    SILENT(outer_destination_violation);
    packet(0xb0000001, &client, &stranger, NULL, NULL, 0);
    SAYS(outer_destination_violation, "goes to 203.0.113.66; the SA's endpoint is 198.51.100.20");
    packet(0xdeadbeef, &client, &gateway, NULL, NULL, 0);
    SAYS(spi_unknown, "deadbeef");

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    static const uint8_t bound[] = { 10, 1, 0, 186 };
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    m.ts_r[0].protocol = 17;
    m.cfg_type = CP_REPLY;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send("auth!", 4);
    packet(0xb0000001, &client, &gateway, "10.1.0.186", "10.2.0.5", 17);
    SILENT(virtual_ip_violation);
    SILENT(inner_selector_violation);
    packet(0xb0000001, &client, &gateway, "10.1.0.188", "10.2.0.5", 17);
    SAYS(virtual_ip_violation, "assigned 10.1.0.186");
    packet(0xb0000001, &client, &gateway, "10.1.0.186", "10.2.0.5", 6);
    SAYS(inner_selector_violation, "tcp");
}

static void
side_by_side(void)
{
    tunnel();
    second_child(2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SILENT(wrong_child_sa);
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.3.0.5", 6);
    SAYS(wrong_child_sa, "belongs to Child SA 1 (frame 6)");
    FIRES(inner_destination_violation);
    T(strstr(the_finding(CHECK_inner_destination_violation)->remedy, "Child SA 1 (frame 6) admits this one"));
    packet(0xb0000001, &client, &gateway, "10.9.0.5", "10.3.0.5", 6);
    FIRES(inner_source_violation);
    T(strstr(the_finding(CHECK_inner_source_violation)->remedy, "widen the selectors"));     /* none admits it */
    T(count(CHECK_inner_destination_violation) == 2);
    T(count(CHECK_wrong_child_sa) == 1);
}

/* One packet in the second Child SA, whose ends have that protocol and those ports. */
static void
in_second(uint8_t protocol, const uint16_t i[2], const uint16_t r[2], struct inner_packet inner,
          bool back)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .seq = 1, .length = 100, .has_inner = true,
                              .inner_tunnel = true, .inner_basis = BASIS_DECRYPTED };

    tunnel();
    for (unsigned response = 0; response < 2; response++) {
        begin(2, V2_CREATE_CHILD_SA, 2, !response, response);
        propose(esp128, 3, PROTO_ESP, response ? 0xb0000002 : 0xa0000002);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        m.ts_i[0].protocol = m.ts_r[0].protocol = protocol;
        m.ts_i[0].port_lo = i[0];
        m.ts_i[0].port_hi = i[1];
        m.ts_r[0].port_lo = r[0];
        m.ts_r[0].port_hi = r[1];
        send(response ? "second!" : "second?", 5 + response);
    }
    p.spi = back ? 0xa0000002 : 0xb0000002;
    p.inner = inner;
    T(ip_parse(&p.inner.src, back ? "10.2.0.5" : "10.1.0.5"));
    T(ip_parse(&p.inner.dst, back ? "10.1.0.5" : "10.2.0.5"));
    ipsec(back ? &gateway : &client, back ? &client : &gateway, p);
}

/* The first Child SA admits all of it.  What the second does not refuse is at its place there
 * (RFC 4301 sections 7 and 4.4.1.2). */
static void
fragments_side_by_side(void)
{
    enum { ICMP = 1, TCP = 6, UDP = 17 };
    static const uint16_t any[2] = { 0, 65535 }, opaque[2] = { 65535, 0 };
    static const uint16_t https[2] = { 443, 443 }, echo[2] = { 0x0800, 0x08ff };
    struct inner_packet whole = { .protocol = TCP, .has_ports = true, .src_port = 3000 };
    struct inner_packet later = { .protocol = TCP, .fragment = true };
    struct inner_packet reply = { .protocol = ICMP, .has_ports = true };

    whole.dst_port = 443;
    in_second(TCP, any, https, whole, false);
    SILENT(wrong_child_sa);
    in_second(TCP, any, https, later, false);       /* the ports were in the first fragment */
    SILENT(wrong_child_sa);
    SILENT(inner_selector_violation);
    in_second(TCP, opaque, opaque, later, false);
    SILENT(wrong_child_sa);
    in_second(TCP, opaque, opaque, whole, false);
    SILENT(wrong_child_sa);
    SILENT(inner_selector_violation);
    in_second(ICMP, echo, any, reply, true);
    SILENT(wrong_child_sa);
    SILENT(inner_selector_violation);
    in_second(ICMP, echo, echo, reply, true);       /* written so, it means ping */
    SILENT(wrong_child_sa);
    SILENT(inner_selector_violation);
    reply.src_port = reply.dst_port = 0x0304;       /* an error is no reply */
    in_second(ICMP, echo, echo, reply, true);
    SAYS(inner_selector_violation, "Inner icmp packet");
    SAYS(wrong_child_sa, "belongs to Child SA 0 (frame 4)");
    later.protocol = UDP;
    in_second(TCP, any, https, later, false);       /* a fragment shows its protocol */
    SAYS(inner_selector_violation, "Inner udp packet");
    SAYS(wrong_child_sa, "belongs to Child SA 0 (frame 4)");
    whole.dst_port = 80;
    in_second(TCP, any, https, whole, false);
    SAYS(inner_selector_violation, "ports 3000 and 80");
    SAYS(wrong_child_sa, "belongs to Child SA 0 (frame 4)");
}

static void
one_address(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.86.152.186", "10.2.0.0/24");
    auth_response("10.86.152.186", "10.2.0.0/24");
    packet(TO_R, &client, &gateway, "10.86.152.188", "10.2.0.5", 6);
    SAYS(inner_source_violation, "Inner source 10.86.152.188, but Child SA 0 (SPI b0000001, IKE_AUTH in frame 4) admits only 10.86.152.186/32 from");
    T_STR(the_finding(CHECK_inner_source_violation)->remedy,
          "Give 192.0.2.10 the address 10.86.152.186 that the SA admits, or bind 10.86.152.188 to it on the other end and negotiate "
          "again; both ends must hold the same.");
    T(the_finding(CHECK_inner_source_violation)->frame == 5 && basis_of(CHECK_inner_source_violation) == BASIS_DECRYPTED);
    packet(TO_I, &gateway, &client, "10.2.0.5", "10.86.152.188", 6);       /* the other way: source and destination change places */
    SAYS(inner_destination_violation, "Inner destination 10.86.152.188, but Child SA 0 (SPI a0000001");
    T(count(CHECK_inner_source_violation) == 1);
    packet(TO_R, &client, &gateway, "10.86.152.188", "10.2.0.9", 17);      /* one finding, more frames */
    T(count(CHECK_inner_source_violation) == 1 && the_finding(CHECK_inner_source_violation)->count == 2);
}

/* A protocol and ports: RFC 4301 section 4.4.1.1.  Fragments show none. */
static void
ports(void)
{
    static const struct { uint8_t protocol; uint16_t lo, hi; uint8_t sent; uint16_t port; bool shown, violates; } table[] = {
        { 0, 0, 65535, 6, 443, true, false }, { 6, 0, 65535, 6, 443, true, false }, { 17, 0, 65535, 6, 443, true, true },
        { 6, 443, 443, 6, 443, true, false }, { 6, 443, 443, 6, 442, true, true }, { 6, 443, 443, 6, 444, true, true },
        { 6, 442, 444, 6, 442, true, false }, { 6, 442, 444, 6, 444, true, false }, { 6, 443, 443, 6, 9, false, false },
        { 6, 65535, 0, 6, 443, true, false },                       /* OPAQUE */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100, .has_inner = true, .inner_tunnel = true,
                                  .inner_basis = BASIS_DECRYPTED };
        reset();
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, TO_R);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        m.ts_r[0].protocol = table[i].protocol;
        m.ts_r[0].port_lo = table[i].lo;
        m.ts_r[0].port_hi = table[i].hi;
        send("auth!", 4);
        p.inner = (struct inner_packet){ .protocol = table[i].sent, .has_ports = table[i].shown, .src_port = 3000, .dst_port = table[i].port };
        T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
        ipsec(&client, &gateway, p);
        T((count(CHECK_inner_selector_violation) == 1) == table[i].violates);
        T(count(CHECK_inner_source_violation) == 0 && count(CHECK_inner_destination_violation) == 0);
    }
}

/* RFC 7296 section 2.19: the address that was assigned, or a network behind the client that a selector of its own admits. */
static void
assigned(void)
{
    static const uint8_t bound[] = { 10, 9, 0, 1 };

    reset();
    sa_init(aes256, aes256);
    auth_request("0.0.0.0/0", "0.0.0.0/0");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors("10.9.0.0/24", "10.2.0.0/24");
    m.num_ts_i = 2;
    T(selector_parse(&m.ts_i[1], "10.77.0.0/16"));
    m.cfg_type = CP_REPLY;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send("auth!", 4);
    packet(TO_R, &client, &gateway, "10.9.0.1", "10.2.0.5", 6);
    packet(TO_R, &client, &gateway, "10.77.3.4", "10.2.0.5", 6);
    packet(TO_I, &gateway, &client, "10.2.0.5", "10.9.0.1", 6);
    SILENT(virtual_ip_violation);
    SILENT(inner_source_violation);
    packet(TO_R, &client, &gateway, "10.9.0.2", "10.2.0.5", 6);
    SAYS(virtual_ip_violation, "Inner source 10.9.0.2, but 198.51.100.20 assigned 10.9.0.1 to 192.0.2.10 (configuration payload, frame 4).");
}

static void
quick_mode(bool by_client, const char *octets, bool last)
{
    static const uint8_t one[] = { 10, 1, 0, 0, 255, 255, 255, 0 }, two[] = { 10, 2, 0, 0, 255, 255, 255, 0 };

    begin(1, V1_QUICK, 9, by_client, false);
    if (!last) {
        propose(esp128, 3, PROTO_ESP, by_client ? 0xa0000001 : 0xb0000001);
        m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { one, 8 } };
        m.id_r = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { two, 8 } };
    }
    send(octets, (uint16_t)(20 + frame));
}

/* Its second message before its first: the third tells who began. */
static void
quick_mode_turned(void)
{
    reset();
    v1_phase1(aes256);
    quick_mode(false, "qm2", false);
    quick_mode(true, "qm1", false);
    T(sadb_num_child_sas(db) == 1);
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SILENT(inner_source_violation);
    quick_mode(true, "qm3", true);
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    packet(0xa0000001, &gateway, &client, "10.2.0.5", "10.1.0.5", 6);
    SILENT(inner_source_violation);
    SILENT(inner_destination_violation);
    packet(0xb0000001, &client, &gateway, "10.2.0.5", "10.1.0.5", 6);
    SAYS(inner_source_violation, "admits only 10.1.0.0/24 from 192.0.2.10");
    FIRES(inner_destination_violation);
}

/* RFC 4301 section 5.2: one violation, one word; another SA is no excuse once it is deleted. */
static void
inner(void)
{
    static const uint8_t second[] = { 0xa0, 0, 0, 2 };

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    m.ts_r[0].protocol = 17;
    send("auth!", 4);
    packet(TO_R, &client, &gateway, "10.7.0.5", "10.2.0.5", 6);
    TOLD(inner_source_violation, true);
    TOLD(inner_selector_violation, false);
    packet(TO_R, &client, &gateway, "10.1.0.5", "10.7.0.5", 6);
    TOLD(inner_destination_violation, true);
    TOLD(inner_selector_violation, false);

    for (unsigned deleted = 0; deleted < 2; deleted++) {
        tunnel();
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
            propose(esp128, 3, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
            selectors("10.1.0.0/24", "10.3.0.0/24");
            send(r ? "second!" : "second?", (uint16_t)(40 + r));
        }
        if (deleted) {
            begin(2, V2_INFORMATIONAL, 3, true, false);
            m.num_deletes = 1;
            m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { second, 4 }, .inner = true };
            send("delete", 50);
        }
        packet(TO_R, &client, &gateway, "10.1.0.5", "10.3.0.5", 6);
        TOLD(wrong_child_sa, !deleted);
        TOLD(inner_destination_violation, true);
    }
}

int
main(void)
{
    conversation_begin();
    addresses();
    side_by_side();
    fragments_side_by_side();
    one_address();
    ports();
    assigned();
    quick_mode_turned();
    inner();
    return conversation_done();
}
