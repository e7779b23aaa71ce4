/* What answers give and refuse, in words: selectors, addresses, errors, altered transforms; with EAP
 * the request stands several exchanges before the answer (RFC 7296 section 2.16).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t ip4[] = { 10, 1, 0, 7 };

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

int
main(void)
{
    conversation_begin();
    after_eap();
    addresses();
    altered();
    selectors_refused();
    errors();
    return conversation_done();
}
