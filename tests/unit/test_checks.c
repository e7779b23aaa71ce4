/* Every check fires where it should and is silent where it should not: the foundation's
 * rows.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
refused(void)
{
    tunnel();
    SILENT(no_proposal_chosen);

    reset();
    sa_init(aes128, NULL);
    SAYS(no_proposal_chosen, "does not show what it would accept");
    SILENT(sa_established);
    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(aes256, 2, PROTO_ESP, 0xa0000002);
    send("child?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("child!", 6);
    SAYS(no_proposal_chosen, "ENCR does not meet: offered AES_CBC_256, it has chosen AES_CBC_128 before (frame 4)");
}

static void
negotiation(void)
{
    tunnel();
    SILENT(no_proposal_chosen);
    SILENT(proposal_not_offered);
    SILENT(ts_unacceptable);
    SILENT(ts_narrowed);
    SILENT(address_assignment_failed);
    SILENT(error_notify);
    SILENT(auth_failed);
    SILENT(auth_failure_suspected);
    SILENT(retransmission);
    SILENT(duplicate_frame);
    SILENT(malformed_message);
    SILENT(plan_mismatch);
    SILENT(sa_rekeyed);
    SILENT(sa_deleted);
    SAYS(sa_established, "IKE SA 0 between 192.0.2.10 and 198.51.100.20");

    reset();
    sa_init(aes256, aes128);
    SAYS(proposal_not_offered, "AES_CBC_128");
    T(sadb_ike_sa(db, 0)->chosen == NULL);

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.9.0.0/24");
    send("ts?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(N2_TS_UNACCEPTABLE);
    send("ts!", 6);
    SAYS(ts_unacceptable, "it has accepted 10.1.0.0/24 === 10.2.0.0/24 before");

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.0.0.0/8");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    SAYS(ts_narrowed, "asked 10.0.0.0/8 (frame 3), admits 10.2.0.0/24");

    tunnel();
    begin(2, V2_INFORMATIONAL, 2, false, false);
    notify(N2_INVALID_MESSAGE_ID);
    send("error", 9);
    SAYS(error_notify, "INVALID_MESSAGE_ID");

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    notify(N2_INTERNAL_ADDRESS_FAILURE);
    send("no address", 4);
    FIRES(address_assignment_failed);
}

static void
v1_transform_changed(void)
{
    reset();
    v1_phase1(aes256);
    SILENT(attribute_changed);
    reset();
    v1_phase1(aes128);
    SAYS(attribute_changed, "AES_CBC_128");
}

static void
v1_credentials(void)
{
    reset();
    v1_phase1(aes256);
    SILENT(identity_rejected);
    begin(1, V1_MAIN, 0, true, false);
    send("mm3", 3);
    begin(1, V1_INFORMATIONAL, 77, false, false);
    notify(N1_INVALID_ID_INFORMATION);
    send("info", 4);
    FIRES(identity_rejected);

    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        m.encrypted = i == 5;
        m.readable = i != 5;
        send(i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(auth_failure_suspected);
    begin(1, V1_INFORMATIONAL, 78, false, false);
    m.readable = false;
    send("complaint", 6);
    SAYS(auth_failure_suspected, "message 5 of phase 1");
}

static void
authentication(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    notify(N2_AUTHENTICATION_FAILED);
    send("no", 4);
    SAYS(auth_failed, "pre-shared key");

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.readable = false;
    m.length = 80;
    send("small", 4);
    FIRES(auth_failure_suspected);
    T(basis_of(CHECK_auth_failure_suspected) == BASIS_INFERRED);
}

static void
exchanges(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    send("init?", 2);
    FIRES(retransmission);
    now += 20;
    sadb_see_frame(db, ++frame, now);
    checks_end(found, db, plan);
    SAYS(request_unanswered, "1 more time");

    tunnel();
    now -= 0.45;                                    /* 50 ms after the last: a mirror port */
    send("auth!", 4);
    FIRES(duplicate_frame);
    SILENT(retransmission);
    now += 20;
    sadb_see_frame(db, ++frame, now);
    checks_end(found, db, plan);
    SILENT(request_unanswered);
}

static void
malformed(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.error = IKE_ERR_PAYLOAD_OVERRUN;
    m.error_offset = 28;
    send("broken", 1);
    SAYS(malformed_message, "octet 28");
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.truncated = true;
    send("cut", 1);
    SILENT(malformed_message);
}

static void
lifecycle(void)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ old, 4 };
    send("rekey?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 6);
    SAYS(sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1");
    T(sadb_child_sa(db, 0)->state == CHILD_REKEYED);
    SILENT(sa_deleted);
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { old, 4 } };
    send("forged", 7);
    SILENT(sa_deleted);                             /* a Delete in clear is not believed */
    m.deletes[0].inner = true;
    send("delete", 8);
    SAYS(sa_deleted, "Child SA 0");
}

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

static void
same_networks_twice(void)
{
    tunnel();
    second_child(2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    SILENT(duplicate_child_sa);
    tunnel();
    second_child(2, 0xa0000002, 0xb0000002, "10.2.0.0/24");
    SAYS(duplicate_child_sa, "of Child SA 0 (frame 4)");
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

/* One rekey of the Child SA of tunnel() to that suite. */
static void
rekey_to(const struct transform *t, size_t n)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(t, n, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ old, 4 };
    send("rekey?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(t, n, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 6);
}

static void
downgrades(void)
{
    static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

    static const struct transform longer[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

    rekey_to(esp128, 3);
    SILENT(suite_downgraded);
    rekey_to(longer, 3);
    SILENT(suite_downgraded);
    rekey_to(des3, 3);
    SAYS(suite_downgraded, "3DES_CBC");
}

static void
wrong_keys(void)
{
    tunnel();
    end_after(1);
    SILENT(ike_icv_bad);
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.readable = false;
    m.integrity_wrong = true;
    send("damaged", 5);
    end_after(1);
    SAYS(ike_icv_bad, "1 of the 3 encrypted messages");
    T(count(CHECK_wrong_key) == 0);
}

static void
assign(const char *who, uint8_t spi, struct ip_addr *from, const uint8_t *address)
{
    char text[8];

    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        memset(m.spi_i, spi, 8);
        if (step < 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        } else {
            m.has_auth = true;
            m.id_i = (struct ike_id){ .present = !response, .type = 2, .data = { (const uint8_t *)who, strlen(who) } };
        }
        if (step == 3) {
            m.cfg_type = CP_REPLY;
            m.num_cfg = 1;
            m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { address, 4 } };
        }
        from_addr = response ? &gateway : from;
        to_addr = response ? from : &gateway;
        g_snprintf(text, sizeof text, "%u.%u", spi, step);
        send(text, (uint16_t)(spi * 8 + step));
    }
}

static void
pools(void)
{
    static const uint8_t one[] = { 10, 9, 0, 1 }, two[] = { 10, 9, 0, 2 };

    reset();
    assign("lisa", 0x11, &client, one);
    assign("bob", 0x33, &stranger, two);
    SILENT(virtual_ip_shared);
    assign("eve", 0x55, &stranger, one);
    SAYS(virtual_ip_shared, "10.9.0.1 is assigned to eve while lisa still holds it");
}

static void
planned_by_address(void)
{
    char *error = NULL;

    reset();
    T(plan_add(plan, "192.0.2.10", "AES_CBC_128", NULL, "10.1.0.9", NULL, &error));
    T(!plan_add(plan, "x", "ROT13", NULL, NULL, NULL, &error) && strstr(error, "ROT13"));
    g_free(error);
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    SAYS(plan_mismatch, "AES_CBC_256");
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SAYS(virtual_ip_violation, "the plan binds 10.1.0.9");
    T(basis_of(CHECK_virtual_ip_violation) == BASIS_CONFIGURED);
}

int
main(void)
{
    conversation_begin();
    refused();
    negotiation();
    v1_transform_changed();
    v1_credentials();
    authentication();
    exchanges();
    malformed();
    lifecycle();
    addresses();
    planned_by_address();
    side_by_side();
    fragments_side_by_side();
    same_networks_twice();
    downgrades();
    wrong_keys();
    pools();
    return conversation_done();
}
