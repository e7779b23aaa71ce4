/* What answers give, refuse and alter: proposals, selectors, addresses, errors; with EAP the request
 * stands several exchanges before the answer (RFC 7296 section 2.16).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t ip4[] = { 10, 1, 0, 7 };

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
ask_address(uint16_t type)
{
    m.cfg_type = CP_REQUEST;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ .type = type };
}

static void
reply(uint16_t type, const void *at, size_t len)
{
    m.cfg_type = CP_REPLY;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ type, { (const uint8_t *)at, len } };
}

/* IKE_SA_INIT in frames 1 and 2, the offer in frame 3, EAP in frames 4 to 6, the client's AUTH in frame 7; the
 * response that is to be sent in frame 8 is begun. */
static void
eap(bool transport)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    selectors("10.1.0.0/16", "10.2.0.0/16");
    ask_address(CFG_INTERNAL_IP4_ADDRESS);
    if (transport) {
        notify(N2_USE_TRANSPORT_MODE);
    }
    send("auth?", 3);
    for (uint32_t id = 1; id <= 2; id++) {
        char text[16];
        begin(2, V2_IKE_AUTH, id, false, true);
        m.eap_code = id == 1 ? 1 : 3;
        g_snprintf(text, sizeof text, "eap %u!", id);
        send(text, (uint16_t)(10 * id));
        begin(2, V2_IKE_AUTH, id + 1, true, false);
        m.has_auth = id == 2;
        m.eap_code = id == 1 ? 2 : 0;
        g_snprintf(text, sizeof text, "eap %u?", id);
        send(text, (uint16_t)(10 * id + 1));
    }
    begin(2, V2_IKE_AUTH, 3, false, true);
}

static void
after_eap(void)
{
    eap(false);                                     /* all is given */
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors("10.1.0.0/16", "10.2.0.0/16");
    reply(CFG_INTERNAL_IP4_ADDRESS, ip4, 4);
    send("auth!", 60);
    SILENT(ts_narrowed);
    SILENT(address_assignment_failed);
    SILENT(proposal_not_offered);
    SILENT(mode_mismatch);
    T(sadb_child_sa(db, 0)->spi_i == 0xa0000001 && sadb_child_sa(db, 0)->spi_r == 0xb0000001);
    T(sadb_ike_sa(db, 0)->eap && sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);

    eap(false);                                     /* the frame is that of the request, not of the last round */
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors("10.1.0.0/16", "10.2.3.0/24");
    reply(CFG_INTERNAL_IP4_ADDRESS, ip4, 4);
    send("auth!", 60);
    SAYS(ts_narrowed, "narrows the responder's side: asked 10.2.0.0/16 (frame 3), admits 10.2.3.0/24.");

    eap(false);                                     /* no address, though the CP_REQUEST stood three exchanges before */
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors("10.1.0.0/16", "10.2.0.0/16");
    reply(3, ip4, 4);                               /* INTERNAL_IP4_DNS alone */
    send("auth!", 60);
    SAYS(address_assignment_failed, "192.0.2.10 asked for an address in frame 3; the reply of 198.51.100.20 holds none.");

    eap(true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xb0000001);
    selectors("10.1.0.0/16", "10.2.0.0/16");
    send("auth!", 60);
    SAYS(mode_mismatch, "Frame 3 asks for transport mode; 198.51.100.20 does not agree");

    eap(false);                                     /* RFC 7296 section 2.21.2: the user is known, the proposal is not */
    m.has_auth = true;
    notify(N2_NO_PROPOSAL_CHOSEN);
    m.notifies[0].inner = true;
    send("auth!", 60);
    SAYS(no_proposal_chosen, "offered ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ in frame 3; the capture does not show");
    T(the_finding(CHECK_no_proposal_chosen)->frame == 8 && basis_of(CHECK_no_proposal_chosen) == BASIS_DECRYPTED);
    eap(false);
    m.has_auth = true;
    notify(N2_TS_UNACCEPTABLE);
    send("auth!", 60);
    SAYS(ts_unacceptable, "refuses 10.1.0.0/16 === 10.2.0.0/16 of frame 3; the capture does not show what it would accept.");

    eap(false);                                     /* the user's credentials: EAP is named */
    notify(N2_AUTHENTICATION_FAILED);
    send("no", 60);
    SAYS(auth_failed, "rejects the authentication of 192.0.2.10 (AUTHENTICATION_FAILED in frame 8, request in frame 7, EAP).");
}

/* RFC 7296 section 3.15.4: INTERNAL_ADDRESS_FAILURE, FAILED_CP_REQUIRED, or a reply without what was asked. */
static void
addresses(void)
{
    static const struct { uint16_t asked, given; size_t len; bool fails; } table[] = {
        { CFG_INTERNAL_IP4_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 4, false },
        { CFG_INTERNAL_IP4_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 0, true },
        { CFG_INTERNAL_IP6_ADDRESS, CFG_INTERNAL_IP6_ADDRESS, 17, false },
        { CFG_INTERNAL_IP6_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 4, false },       /* some address is one */
        { 7, 7, 4, false },                                                     /* APPLICATION_VERSION asked no address */
    };
    static const uint8_t bytes[17] = { 0x20, 1, 0xd, 0xb8, [15] = 7, [16] = 64 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        begin(2, V2_IKE_AUTH, 1, true, false);
        propose(esp128, 3, PROTO_ESP, 0xa0000001);
        selectors("10.1.0.0/16", "10.2.0.0/16");
        ask_address(table[i].asked);
        send("auth?", 3);
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, 0xb0000001);
        selectors("10.1.0.0/16", "10.2.0.0/16");
        reply(table[i].given, table[i].len == 4 ? ip4 : bytes, table[i].len);
        send("auth!", 4);
        T((count(CHECK_address_assignment_failed) > 0) == table[i].fails);
        /* 0.0.0.0 and the like apart, what is given is known from then on, once. */
        T(sadb_ike_sa(db, 0)->addresses->len == (table[i].given == table[i].asked && table[i].len && table[i].asked != 7 ? 1 :
                                                 table[i].given == CFG_INTERNAL_IP4_ADDRESS && table[i].len ? 1 : 0));
    }
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    notify(N2_FAILED_CP_REQUIRED);
    send("no", 4);
    SAYS(address_assignment_failed, "198.51.100.20 assigns no address to 192.0.2.10 (FAILED_CP_REQUIRED).");
    T(count(CHECK_error_notify) == 0);              /* not twice */
}

/* RFC 2409 section 5: a transform comes back as it was offered. */
static void
altered(void)
{
    reset();
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.auth_method = 65001;
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.auth_method = 1;
    send("mm2", 2);
    SAYS(attribute_changed, "198.51.100.20 returns transform 1 with authentication method 1 and mode 0; frame 1 offers 65001 and 0.");
    T(count(CHECK_proposal_not_offered) == 0);
    reset();                                        /* a transform that nobody offered is another matter */
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[1].v1_transform = 2;
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes128, 4, PROTO_IKE, 0);
    m.proposals[0].v1_transform = 3;
    send("mm2", 2);
    SAYS(proposal_not_offered, "chooses IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048, but frame 1 offers only");
    SILENT(attribute_changed);
}

static void
selectors_refused(void)
{
    reset();                                        /* quick mode: RFC 2409 section 5.5, the IDs in clear to us */
    v1_phase1(aes256);
    begin(1, V1_QUICK, 9, true, false);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    send("qm1", 3);
    begin(1, V1_INFORMATIONAL, 10, false, false);
    notify(N1_INVALID_ID_INFORMATION);
    m.notifies[0].inner = true;
    send("no", 4);
    SAYS(ts_unacceptable, "198.51.100.20 refuses the traffic selectors; the capture does not show them in clear.");
    T(count(CHECK_identity_rejected) == 0 && count(CHECK_error_notify) == 0);

    reset();                                        /* IDci and IDcr as selectors (RFC 2407 section 4.6.2) */
    v1_phase1(aes256);
    static const uint8_t net_i[] = { 10, 1, 0, 0, 255, 255, 255, 0 }, net_r[] = { 10, 9, 0, 0, 255, 255, 0, 0 };
    begin(1, V1_QUICK, 9, true, false);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { net_i, 8 } };
    m.id_r = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { net_r, 8 } };
    send("qm1", 3);
    begin(1, V1_INFORMATIONAL, 10, false, false);
    notify(N1_INVALID_ID_INFORMATION);
    send("no", 4);
    SAYS(ts_unacceptable, "refuses 10.1.0.0/24 === 10.9.0.0/16 of frame 3; the capture does not show what it would accept.");
}

/* Errors without a row of their own: each by its name, of the exchange that it answers. */
static void
errors(void)
{
    reset();
    v1_phase1(aes256);
    begin(1, V1_QUICK, 9, true, false);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    send("qm1", 3);
    begin(1, V1_INFORMATIONAL, 10, false, false);
    notify(N1_PAYLOAD_MALFORMED);
    send("no", 4);
    SAYS(error_notify, "198.51.100.20 answers quick mode (frame 3) with PAYLOAD_MALFORMED.");
    T(the_finding(CHECK_error_notify)->exchange == 1);

    tunnel();                                       /* a status is no error, and what was sent again is not told again */
    begin(2, V2_INFORMATIONAL, 2, false, false);
    notify(N2_INITIAL_CONTACT);
    send("contact", 9);
    SILENT(error_notify);
    begin(2, V2_INFORMATIONAL, 3, false, false);
    notify(16383);
    send("private", 10);
    send("private", 11);
    FIRES(error_notify);
    T(the_finding(CHECK_error_notify)->count == 1);

    tunnel();                                       /* without keys: a lone notify, and no other try (RFC 7296 section 1.3) */
    for (unsigned again = 0; again < 2; again++) {
        tunnel();
        for (uint32_t id = 2; id <= 2 + again; id++) {
            char text[16];
            begin(2, V2_CREATE_CHILD_SA, id, true, false);
            m.readable = false;
            m.length = 400;
            g_snprintf(text, sizeof text, "child %u?", id);
            send(text, (uint16_t)(20 + id));
            begin(2, V2_CREATE_CHILD_SA, id, false, true);
            m.readable = false;
            m.length = id == 2 ? 28 + 4 + 16 + 16 + 16 : 400;
            g_snprintf(text, sizeof text, "child %u!", id);
            send(text, (uint16_t)(30 + id));
        }
        end_after(20);
        T((count(CHECK_error_notify) > 0) == (again == 0));
    }
}

/* RFC 7296 section 2.7: one proposal; those of IKEv1 under one number are one (RFC 2408 section 4.2). */
static void
one_answer(void)
{
    static const struct transform sha1[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };

    for (unsigned number = 1; number <= 2; number++) {
        reset();
        v1_phase1(aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_QUICK, 9, r == 0, false);
            propose(esp128, 2, PROTO_ESP, r ? 0xb0000001 : 0xa0000001);
            propose(sha1, 1, PROTO_AH, r ? 0xb0000002 : 0xa0000002);
            m.proposals[1].number = (uint8_t)number;
            m.sa_count = 1;
            send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        T((count(CHECK_several_chosen) == 1) == (number == 2));
    }
    SAYS(several_chosen, "198.51.100.20 answers with 2 proposals or transforms; it must choose one.");
    tunnel();
    SILENT(several_chosen);
}

/* IKEv1: the transform that the answer names by number, of the proposal that it names. */
static void
numbered(void)
{
    static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform longer[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    for (uint8_t number = 1; number <= 3; number++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        propose(des3, 2, PROTO_ESP, 0xa1);
        propose(esp128, 2, PROTO_ESP, 0xa2);
        m.proposals[1].number = 2;
        send("qm1", 3);
        begin(1, V1_QUICK, 9, false, false);
        propose(longer, 2, PROTO_ESP, TO_R);
        m.proposals[0].number = number;
        send("qm2", 4);
        if (number <= 2) {
            SAYS(attribute_changed, number == 1 ? "offers it as ESP:3DES_CBC/HMAC_SHA1_96" : "offers it as ESP:AES_CBC_128/HMAC_SHA2_256_128");
        } else {
            FIRES(proposal_not_offered);            /* no such proposal */
        }
        T(count(CHECK_attribute_changed) + count(CHECK_proposal_not_offered) == 1);
    }
}

/* What another pair has agreed on, or failed in, says nothing of this one. */
static void
selectors_of_others(void)
{
    struct ip_addr *peer;

    for (unsigned same = 0; same < 2; same++) {
        reset();
        peer = same ? &client : &stranger;
        for (unsigned step = 0; step < 4; step++) {
            char text[8];
            begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, step % 2 == 0, step % 2);
            memset(m.spi_i, 0x33, 8);
            propose(step < 2 ? aes256 : esp128, step < 2 ? 4 : 3, step < 2 ? PROTO_IKE : PROTO_ESP, step < 2 ? 0 : 0xc1 + step);
            if (step >= 2) {
                m.has_auth = true;
                selectors("10.5.0.0/24", "10.2.0.0/24");
            }
            *(step % 2 ? &to_addr : &from_addr) = peer;
            g_snprintf(text, sizeof text, "%u", step);
            send(text, (uint16_t)(1 + step));
        }
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.9.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        notify(N2_TS_UNACCEPTABLE);
        send("no", 9);
        SAYS(ts_unacceptable, same ? "it has accepted 10.5.0.0/24 === 10.2.0.0/24 before (frame 4)." : "does not show what it would accept.");
    }
}

static void
inferred_error(void)
{
    for (unsigned big = 0; big < 2; big++) {
        tunnel();
        begin(2, V2_CREATE_CHILD_SA, 2, true, false);
        m.readable = false;
        send("child?", 5);
        begin(2, V2_CREATE_CHILD_SA, 2, false, true);
        m.readable = false;
        m.length = big ? 300 : sadb_sk_length(sadb_ike_sa(db, 0)->chosen, 8);
        send("child!", 6);
        end_after(20);
        T((count(CHECK_error_notify) == 1) == !big);
    }
}

static void
complain(uint16_t type, const void *spi, size_t spi_len, const void *data, size_t len)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, false, false);
    notify(type);
    m.notifies[0].spi = (struct span){ (const uint8_t *)spi, spi_len };
    m.notifies[0].data = (struct span){ (const uint8_t *)data, len };
    send("complaint", 9);
}

static void
spis(void)
{
    complain(11, NULL, 0, "\240\0\0\1", 4);         /* RFC 7296 section 1.5: the SPI is the data */
    SAYS(invalid_spi, "198.51.100.20 rejects a packet of SPI a0000001, Child SA 0 (frame 4).");
    T(the_finding(CHECK_invalid_spi)->child_sa == 0);
    complain(11, NULL, 0, "\1\2\3\4", 4);
    SAYS(invalid_spi, "rejects a packet of SPI 01020304, which no exchange in the capture made.");
    T(the_finding(CHECK_invalid_spi)->child_sa == NO_ID);
    complain(11, NULL, 0, "\1\2", 2);
    SAYS(invalid_spi, "rejects a packet and does not say of which SPI.");
    complain(39, "\260\0\0\1", 4, "quoted packet", 13);
    SAYS(invalid_selectors, "rejects a packet of SPI b0000001, Child SA 0");
    T(count(CHECK_error_notify) == 0);
    reset();
    v1_phase1(aes256);
    begin(1, V1_INFORMATIONAL, 9, false, false);
    notify(N2_INVALID_SELECTORS);
    send("v1", 9);
    SILENT(invalid_selectors);
}

static void
transport(const char *asked, const char *got)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    selectors(asked, "198.51.100.20");
    notify(N2_USE_TRANSPORT_MODE);
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors(got, "198.51.100.20");
    notify(N2_USE_TRANSPORT_MODE);
    send("auth!", 4);
}

/* RFC 7296 section 2.23.1: the host under the address that its NAT gives it. */
static void
host_behind_nat(void)
{
    transport("192.0.2.10", "203.0.113.66");
    SILENT(ts_narrowed);
    transport("192.0.2.0/24", "192.0.2.10");
    FIRES(ts_narrowed);
}

int
main(void)
{
    conversation_begin();
    negotiation();
    v1_transform_changed();
    after_eap();
    addresses();
    altered();
    selectors_refused();
    errors();
    one_answer();
    selectors_of_others();
    numbered();
    inferred_error();
    spis();
    host_behind_nat();
    return conversation_done();
}
