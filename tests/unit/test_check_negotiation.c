/* What answers give, refuse and alter: proposals, selectors, addresses, errors; with EAP the
 * request stands several exchanges before the answer (RFC 7296 section 2.16).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t ip4[] = { 10, 1, 0, 7 };

static void
negotiation(struct conversation *c)
{
    tunnel(c);
    SILENT(c, no_proposal_chosen);
    SILENT(c, proposal_not_offered);
    SILENT(c, ts_unacceptable);
    SILENT(c, ts_narrowed);
    SILENT(c, address_assignment_failed);
    SILENT(c, error_notify);
    SILENT(c, auth_failed);
    SILENT(c, auth_failure_suspected);
    SILENT(c, retransmission);
    SILENT(c, duplicate_frame);
    SILENT(c, malformed_message);
    SILENT(c, plan_mismatch);
    SILENT(c, sa_rekeyed);
    SILENT(c, sa_deleted);
    SAYS(c, sa_established, "IKE SA 0 between 192.0.2.10 (initiator) and "
         "198.51.100.20 (responder) is established");

    reset(c);
    sa_init(c, aes256, aes128);
    SAYS(c, proposal_not_offered, "AES_CBC_128");
    T(sadb_ike_sa(c->db, 0)->chosen == NULL);

    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.9.0.0/24");
    send(c, "ts?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(c, N2_TS_UNACCEPTABLE);
    send(c, "ts!", 6);
    SAYS(c, ts_unacceptable, "it has accepted 10.1.0.0/24 === 10.2.0.0/24 before");

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.0.0.0/8");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, ts_narrowed, "from 10.0.0.0/8 (frame 3) to 10.2.0.0/24");

    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);
    notify(c, N2_INVALID_MESSAGE_ID);
    send(c, "error", 9);
    SAYS(c, error_notify, "INVALID_MESSAGE_ID");

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_INTERNAL_ADDRESS_FAILURE);
    send(c, "no address", 4);
    FIRES(c, address_assignment_failed);
}

static void
v1_transform_changed(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    SILENT(c, attribute_changed);
    reset(c);
    v1_phase1(c, aes128);
    SAYS(c, attribute_changed, "AES_CBC_128");
}

static void
ask_address(struct conversation *c, uint16_t type)
{
    c->m.cfg_type = CP_REQUEST;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ .type = type };
}

static void
reply(struct conversation *c, uint16_t type, const void *at, size_t len)
{
    c->m.cfg_type = CP_REPLY;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ type, { (const uint8_t *)at, len } };
}

/* IKE_SA_INIT in frames 1 and 2, the offer in frame 3, EAP in frames 4 to 6, the client's AUTH
 * in frame 7; the response that is to be sent in frame 8 is begun. */
static void
eap(struct conversation *c, bool transport)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, "10.1.0.0/16", "10.2.0.0/16");
    ask_address(c, CFG_INTERNAL_IP4_ADDRESS);
    if (transport) {
        notify(c, N2_USE_TRANSPORT_MODE);
    }
    send(c, "auth?", 3);
    for (uint32_t id = 1; id <= 2; id++) {
        char text[16];
        begin(c, 2, V2_IKE_AUTH, id, false, true);
        c->m.eap_code = id == 1 ? EAP_REQUEST : EAP_SUCCESS;
        g_snprintf(text, sizeof text, "eap %u!", id);
        send(c, text, (uint16_t)(10 * id));
        begin(c, 2, V2_IKE_AUTH, id + 1, true, false);
        c->m.has_auth = id == 2;
        c->m.eap_code = id == 1 ? EAP_RESPONSE : 0;
        g_snprintf(text, sizeof text, "eap %u?", id);
        send(c, text, (uint16_t)(10 * id + 1));
    }
    begin(c, 2, V2_IKE_AUTH, 3, false, true);
}

static void
after_eap(struct conversation *c)
{
    eap(c, false);                                  /* all is given */
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/16", "10.2.0.0/16");
    reply(c, CFG_INTERNAL_IP4_ADDRESS, ip4, 4);
    send(c, "auth!", 60);
    SILENT(c, ts_narrowed);
    SILENT(c, address_assignment_failed);
    SILENT(c, proposal_not_offered);
    SILENT(c, mode_mismatch);
    T(sadb_child_sa(c->db, 0)->spi_i == TO_I && sadb_child_sa(c->db, 0)->spi_r == TO_R);
    T(sadb_ike_sa(c->db, 0)->eap && sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);

    eap(c, false);    /* the frame is that of the request, not of the last round */
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/16", "10.2.3.0/24");
    reply(c, CFG_INTERNAL_IP4_ADDRESS, ip4, 4);
    send(c, "auth!", 60);
    SAYS(c, ts_narrowed,
         "narrows the responder's selector from 10.2.0.0/16 (frame 3) to 10.2.3.0/24.");

    eap(c, false);    /* no address, though the CP_REQUEST stood three exchanges before */
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/16", "10.2.0.0/16");
    reply(c, 3, ip4, 4);                            /* INTERNAL_IP4_DNS alone */
    send(c, "auth!", 60);
    SAYS(c, address_assignment_failed,
         "192.0.2.10 requested an address in frame 3; the reply from 198.51.100.20 contains none.");

    eap(c, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, "10.1.0.0/16", "10.2.0.0/16");
    send(c, "auth!", 60);
    SAYS(c, mode_mismatch, "Frame 3 requests transport mode; 198.51.100.20 does not accept");

    eap(c, false);    /* RFC 7296 section 2.21.2: the user is known, the proposal is not */
    c->m.has_auth = true;
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    c->m.notifies[0].inner = true;
    send(c, "auth!", 60);
    SAYS(c, no_proposal_chosen, " of frame 3: offered ESP:AES_CBC_128/HMAC_SHA2_256_128/"
         "NO_EXT_SEQ; the capture does not show");
    T(the_finding(c, CHECK_no_proposal_chosen)->frame == 8 &&
      basis_of(c, CHECK_no_proposal_chosen) == BASIS_DECRYPTED);
    eap(c, false);
    c->m.has_auth = true;
    notify(c, N2_TS_UNACCEPTABLE);
    send(c, "auth!", 60);
    SAYS(c, ts_unacceptable, "refuses 10.1.0.0/16 === 10.2.0.0/16 of frame 3; the capture does not "
         "show what it would accept.");

    eap(c, false);                                  /* the user's credentials: EAP is named */
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 60);
    SAYS(c, auth_failed, "rejects the authentication of 192.0.2.10 (AUTHENTICATION_FAILED in frame "
         "8, request in frame 7, EAP).");
}

/* RFC 7296 section 3.15.4: INTERNAL_ADDRESS_FAILURE, FAILED_CP_REQUIRED, or a reply without what
 * was asked. */
static void
addresses(struct conversation *c)
{
    static const struct {
        uint16_t asked, given; size_t len; bool fails; unsigned known;
    } table[] = {
        { CFG_INTERNAL_IP4_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 4, false, 1 },
        { CFG_INTERNAL_IP4_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 0, true, 0 },
        { CFG_INTERNAL_IP6_ADDRESS, CFG_INTERNAL_IP6_ADDRESS, 17, false, 1 },
        { CFG_INTERNAL_IP6_ADDRESS, CFG_INTERNAL_IP4_ADDRESS, 4, false, 1 },    /* one is enough */
        { 7, 7, 4, false, 0 },                      /* APPLICATION_VERSION asked no address */
    };
    static const uint8_t bytes[17] = { 0x20, 1, 0xd, 0xb8, [15] = 7, [16] = 64 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        propose(c, esp128, 3, PROTO_ESP, TO_I);
        selectors(c, "10.1.0.0/16", "10.2.0.0/16");
        ask_address(c, table[i].asked);
        send(c, "auth?", 3);
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, TO_R);
        selectors(c, "10.1.0.0/16", "10.2.0.0/16");
        reply(c, table[i].given, table[i].len == 4 ? ip4 : bytes, table[i].len);
        send(c, "auth!", 4);
        T((count(c, CHECK_address_assignment_failed) > 0) == table[i].fails);
        /* 0.0.0.0 and the like apart, what is given is known from then on, once. */
        T(sadb_ike_sa(c->db, 0)->addresses->len == table[i].known);
    }
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_FAILED_CP_REQUIRED);
    send(c, "no", 4);
    SAYS(c, address_assignment_failed, "192.0.2.10 did not request one in frame 3 "
                                       "(FAILED_CP_REQUIRED).");
    T(count(c, CHECK_error_notify) == 0);           /* not twice */
    /* what follows from it is not told */
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_FAILED_CP_REQUIRED);
    notify(c, N2_TS_UNACCEPTABLE);
    send(c, "no", 4);
    FIRES(c, address_assignment_failed);
    SILENT(c, ts_unacceptable);
}

/* The tunnel comes up, and the address that was asked for is not in the answer. */
static void
address_not_answered(struct conversation *c)
{
    for (unsigned asked = 0; asked < 2; asked++) {
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        propose(c, esp128, 3, PROTO_ESP, TO_I);
        selectors(c, "10.1.0.0/16", "10.2.0.0/16");
        if (asked) {
            ask_address(c, CFG_INTERNAL_IP4_ADDRESS);
        }
        send(c, "auth?", 3);
        auth_response(c, "10.1.0.0/16", "10.2.0.0/16");
        TOLD(c, address_assignment_failed, asked);
    }
    SAYS(c, address_assignment_failed, "sets up the tunnel without one (no CFG_REPLY");
}

/* lisa holds some addresses, and who asks for one in vain. */
static void
own_sessions(struct conversation *c, const char *who, unsigned held)
{
    uint8_t address[] = { 10, 86, 152, 186 };
    char octets[16];

    reset(c);
    for (unsigned n = 0; n <= held; n++, address[3]++) {
        bool last = n == held;
        const char *id = last ? who : "lisa";
        for (unsigned step = 0; step < 4; step++) {
            bool response = step % 2;
            begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
            as(c, (uint8_t)(0x31 + n));
            propose(c, step < 2 ? aes256 : esp128, step < 2 ? 4 : 3,
                    step < 2 ? PROTO_IKE : PROTO_ESP, step < 2 ? 0 : 0xa0000001u + n);
            c->m.has_auth = step > 1;
            if (step == 2) {
                c->m.id_i = (struct ike_id){ .present = true, .type = ID_FQDN,
                                             .data = { (const uint8_t *)id, strlen(id) } };
                ask_address(c, CFG_INTERNAL_IP4_ADDRESS);
            } else if (step == 3 && !last) {
                reply(c, CFG_INTERNAL_IP4_ADDRESS, address, 4);
            } else if (step == 3) {
                c->m.has_auth = false;
                c->m.num_proposals = 0;
                notify(c, N2_INTERNAL_ADDRESS_FAILURE);
            }
            g_snprintf(octets, sizeof octets, "%u.%u", n, step);
            send(c, octets, (uint16_t)(n * 8 + step + 1));
        }
    }
    SAYS(c, address_assignment_failed, "(INTERNAL_ADDRESS_FAILURE).");
    T(!strstr(detail(c, CHECK_address_assignment_failed),
              held == 1 ? " lisa still has 10.86.152.186 (IKE SA 0, last heard in frame 3), "
                          "without a sign of life since this try began." :
                          " lisa still has 10.86.152.187 (IKE SA 1, last heard in frame 7), "
                          "10.86.152.186 (IKE SA 0, last heard in frame 3), without a sign") ==
      (held == 1 && strcmp(who, "lisa") != 0));
}

/* IKEv1: Mode Config gives no address, and the quick mode that names none of its is refused. */
static void
went_without(struct conversation *c, bool given)
{
    v1_tunnel(c, 0, 0);
    for (unsigned i = 0; i < 4; i++) {
        char octets[16];
        begin(c, 1, i < 2 ? V1_TRANSACTION : i == 2 ? V1_QUICK : V1_INFORMATIONAL,
              i < 2 ? 21 : i == 2 ? 22 : 23, i % 2 == 0, false);
        if (i == 0) {
            ask_address(c, CFG_INTERNAL_IP4_ADDRESS);
        } else if (i == 1) {
            reply(c, given ? CFG_INTERNAL_IP4_ADDRESS : 3, ip4, 4);
        } else if (i == 2) {
            propose(c, esp128, 2, PROTO_ESP, 0xa0000002);
        } else {
            notify(c, N1_INVALID_ID_INFORMATION);
        }
        g_snprintf(octets, sizeof octets, "mc%u", i);
        send(c, octets, (uint16_t)(30 + i));
    }
    TOLD(c, address_assignment_failed, !given);
    TOLD(c, ts_unacceptable, given);
}

/* RFC 2409 section 5: a transform comes back as it was offered. */
static void
altered(struct conversation *c)
{
    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.auth_method = AUTH1_XAUTH_PSK_I;
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.auth_method = AUTH1_PSK;
    send(c, "mm2", 2);
    SAYS(c, attribute_changed,
         "198.51.100.20 changes transform 1 of frame 1: it returns authentication by pre-shared key instead of authentication by ");
    T(count(c, CHECK_proposal_not_offered) == 0);
    reset(c);    /* a transform that nobody offered is another matter */
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[1].v1_transform = 2;
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, aes128, 4, PROTO_IKE, 0);
    c->m.proposals[0].v1_transform = 3;
    send(c, "mm2", 2);
    SAYS(c, proposal_not_offered,
         "chooses IKE:AES_CBC_128/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048, but frame 1 "
         "offers only");
    SILENT(c, attribute_changed);
}

static void
selectors_refused(struct conversation *c)
{
    reset(c);    /* quick mode: RFC 2409 section 5.5, the IDs in clear to us */
    v1_phase1(c, aes256);
    begin(c, 1, V1_QUICK, 9, true, false);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    send(c, "qm1", 3);
    begin(c, 1, V1_INFORMATIONAL, 10, false, false);
    notify(c, N1_INVALID_ID_INFORMATION);
    c->m.notifies[0].inner = true;
    send(c, "no", 4);
    SAYS(c, ts_unacceptable,
         "198.51.100.20 refuses the traffic selectors; the capture does not show them in clear.");
    T(count(c, CHECK_identity_rejected) == 0 && count(c, CHECK_error_notify) == 0);

    reset(c);    /* IDci and IDcr as selectors (RFC 2407 section 4.6.2) */
    v1_phase1(c, aes256);
    static const uint8_t net_i[] = { 10, 1, 0, 0, 255, 255, 255, 0 };
    static const uint8_t net_r[] = { 10, 9, 0, 0, 255, 255, 0, 0 };
    begin(c, 1, V1_QUICK, 9, true, false);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR_SUBNET,
                                 .data = { net_i, 8 } };
    c->m.id_r = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR_SUBNET,
                                 .data = { net_r, 8 } };
    send(c, "qm1", 3);
    begin(c, 1, V1_INFORMATIONAL, 10, false, false);
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "no", 4);
    SAYS(c, ts_unacceptable, "refuses 10.1.0.0/24 === 10.9.0.0/16 of frame 3; the capture does not "
         "show what it would accept.");
    T(strstr(remedy(c, CHECK_ts_unacceptable), "mirrored"));

    tunnel(c);                  /* two hosts in transport mode, refused by a peer in tunnel mode */
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "192.0.2.10", "198.51.100.20");
    notify(c, N2_USE_TRANSPORT_MODE);
    send(c, "ts?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(c, N2_TS_UNACCEPTABLE);
    send(c, "ts!", 6);
    SAYS(c, ts_unacceptable, "of frame 5, which requests transport mode; it has accepted");
    T(strncmp(remedy(c, CHECK_ts_unacceptable), "First set the same mode on both ends", 36) == 0);
}

/* RFC 7296 section 2.7: one proposal; those of IKEv1 under one number are one (RFC 2408 section
 * 4.2). */
static void
one_answer(struct conversation *c)
{
    static const struct transform sha1[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };

    for (unsigned number = 1; number <= 2; number++) {
        reset(c);
        v1_phase1(c, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_QUICK, 9, r == 0, false);
            propose(c, esp128, 2, PROTO_ESP, r ? TO_R : TO_I);
            propose(c, sha1, 1, PROTO_AH, r ? 0xb0000002 : 0xa0000002);
            c->m.proposals[1].number = (uint8_t)number;
            c->m.sa_count = 1;
            send(c, r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        T((count(c, CHECK_several_chosen) == 1) == (number == 2));
    }
    SAYS(c, several_chosen,
         "198.51.100.20 answers with 2 proposals or transforms; it must choose exactly one.");
    tunnel(c);
    SILENT(c, several_chosen);
}

/* IKEv1: the transform that the answer names by number, of the proposal that it names. */
static void
numbered(struct conversation *c)
{
    static const struct transform des3[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    };
    static const struct transform longer[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    };
    static const struct transform keyed[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    };

    for (uint8_t number = 1; number <= 3; number++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_QUICK, 9, true, false);
        propose(c, des3, 2, PROTO_ESP, 0xa1);
        propose(c, esp128, 2, PROTO_ESP, 0xa2);
        c->m.proposals[1].number = 2;
        send(c, "qm1", 3);
        begin(c, 1, V1_QUICK, 9, false, false);
        propose(c, longer, 2, PROTO_ESP, TO_R);
        c->m.proposals[0].number = number;
        send(c, "qm2", 4);
        if (number <= 2) {
            SAYS(c, attribute_changed,
                 number == 1 ? "it returns AES_CBC_256 and HMAC_SHA2_256_128 instead of 3DES_CBC "
                               "and HMAC_SHA1_96." :
                               "it returns AES_CBC_256 instead of AES_CBC_128.");
        } else {
            FIRES(c, proposal_not_offered);         /* no such proposal */
        }
        T(count(c, CHECK_attribute_changed) + count(c, CHECK_proposal_not_offered) == 1);
    }
    /* a cipher that has one length of key gets another */
    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, des3, 2, PROTO_IKE, 0);
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, keyed, 2, PROTO_IKE, 0);
    send(c, "mm2", 2);
    SAYS(c, attribute_changed,
         "changes transform 1 of frame 1: it returns 3DES_CBC with key length 128 instead of 3DES_CBC without a key length.");
}

/* What another pair has agreed on, or failed in, says nothing of this one. */
static void
selectors_of_others(struct conversation *c)
{
    const struct ip_addr *peer;

    for (unsigned same = 0; same < 2; same++) {
        reset(c);
        peer = same ? &c->client : &c->stranger;
        for (unsigned step = 0; step < 4; step++) {
            char text[8];
            begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, step % 2 == 0, step % 2);
            as(c, 0x33);
            propose(c, step < 2 ? aes256 : esp128, step < 2 ? 4 : 3,
                    step < 2 ? PROTO_IKE : PROTO_ESP, step < 2 ? 0 : 0xc1 + step);
            if (step >= 2) {
                c->m.has_auth = true;
                selectors(c, "10.5.0.0/24", "10.2.0.0/24");
            }
            *(step % 2 ? &c->to : &c->from) = *peer;
            g_snprintf(text, sizeof text, "%u", step);
            send(c, text, (uint16_t)(1 + step));
        }
        sa_init(c, aes256, aes256);
        auth_request(c, "10.1.0.0/24", "10.9.0.0/24");
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        notify(c, N2_TS_UNACCEPTABLE);
        send(c, "no", 9);
        SAYS(c, ts_unacceptable,
             same ? "it has accepted 10.5.0.0/24 === 10.2.0.0/24 before (frame 4)." :
             "does not show what it would accept.");
    }
}

static void
transport(struct conversation *c, const char *asked, const char *got)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, asked, "198.51.100.20");
    notify(c, N2_USE_TRANSPORT_MODE);
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_R);
    selectors(c, got, "198.51.100.20");
    notify(c, N2_USE_TRANSPORT_MODE);
    send(c, "auth!", 4);
}

/* RFC 7296 section 2.23.1: the host under the address that its NAT gives it. */
static void
host_behind_nat(struct conversation *c)
{
    transport(c, "192.0.2.10", "203.0.113.66");
    SILENT(c, ts_narrowed);
    transport(c, "192.0.2.0/24", "192.0.2.10");
    FIRES(c, ts_narrowed);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    negotiation(&c);
    v1_transform_changed(&c);
    after_eap(&c);
    addresses(&c);
    altered(&c);
    address_not_answered(&c);
    own_sessions(&c, "lisa", 1);
    own_sessions(&c, "bob", 1);
    own_sessions(&c, "bob", 2);
    went_without(&c, true);
    went_without(&c, false);
    selectors_refused(&c);
    one_answer(&c);
    selectors_of_others(&c);
    numbered(&c);
    host_behind_nat(&c);
    return conversation_done(&c);
}
