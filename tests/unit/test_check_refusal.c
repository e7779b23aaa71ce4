/* Proposals that are refused and what explains it, in every shape (RFC 7296 section 2.7, RFC 2409
 * section 5).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform des[] = { { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
                                        { TRANSFORM_KE, KE_MODP_768, 0 } };
static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform gcm256[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 } };

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

/* A foretold refusal: the offer sent again is the same offer. */
static void
foretold_once(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, false, false);
    m.flags = FLAG_INITIATOR;
    memset(m.spi_r, 0, 8);
    memset(m.spi_i, 0x33, 8);
    propose(aes128, 4, PROTO_IKE, 0);
    send("gateway", 1);
    for (unsigned i = 0; i < 3; i++) {
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("client", (uint16_t)(2 + i));
    }
    T(count(CHECK_no_common_proposal) == 1 && count(CHECK_retransmission) == 1);
    for (size_t i = 0; i < findings_count(found); i++) {
        const struct finding *f = findings_get(found, i);
        T(f->check != CHECK_no_common_proposal || f->count == 1);
        T(f->check != CHECK_retransmission || f->count == 2);
    }
}

static void
other_init(const struct transform *t, uint8_t spi, struct ip_addr *from, struct ip_addr *to)
{
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, spi, 8);
    propose(t, 4, PROTO_IKE, 0);
    from_addr = from;
    to_addr = to;
    send("other", spi);
}

static void
offers(void)
{
    reset();
    sa_init(aes256, NULL);
    SILENT(offer_changed);
    other_init(aes128, 0x33, &client, &gateway);
    SAYS(offer_changed, "AES_CBC_128");
    SILENT(no_common_proposal);
    other_init(des, 0x44, &gateway, &client);
    SAYS(no_common_proposal, "no suite is in both");
}

/* The refuser's policy from a choice for another peer, from INVALID_KE_PAYLOAD and from the plan. */
static void
explained_refusals(void)
{
    static const uint8_t wanted[] = { 0, 19 };
    static const struct transform weak_dh[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                                { TRANSFORM_KE, KE_MODP_1024, 0 } };
    static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
                                            { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
    char *error = NULL;

    reset();
    sa_init(aes256, aes256);
    other_init(des, 0x33, &stranger, &gateway);
    m.num_proposals = 0;
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x44, 8);
    propose(des, 4, PROTO_IKE, 0);
    propose(weak_dh, 4, PROTO_IKE, 0);
    m.proposals[1].number = 2;
    from_addr = &stranger;
    send("two", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, 0x44, 8);
    notify(N2_NO_PROPOSAL_CHOSEN);
    to_addr = &stranger;
    send("none", 10);
    SAYS(no_proposal_chosen, "DH does not meet: offered MODP_1024, it has chosen MODP_2048 before (frame 2); proposal 1 fails on ENCR");

    refused_group(wanted);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x44, 8);
    propose(weak_dh, 4, PROTO_IKE, 0);
    send("again", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, 0x44, 8);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("none", 10);
    SAYS(no_proposal_chosen, "DH does not meet: offered MODP_1024, it has wanted ECP_256 before (frame 2)");

    reset();
    T(plan_add(plan, "198.51.100.20", "AES_CBC_128", NULL, NULL, NULL, &error));
    sa_init(aes256, NULL);
    SAYS(no_proposal_chosen, "ENCR does not meet: offered AES_CBC_256, the plan has AES_CBC_128.");

    /* IKEv1 ESP and AH under one number: the ESP half meets, the AH half does not. */
    static const struct transform esp[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform sha[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } }, md5[] = { { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 } };
    reset();
    v1_phase1(aes256);
    for (unsigned i = 0; i < 2; i++) {
        begin(1, V1_QUICK, 9, i == 0, false);
        propose(esp, 2, PROTO_ESP, i ? 0xb0000001 : 0xa0000001);
        propose(sha, 1, PROTO_AH, i ? 0xb0000002 : 0xa0000002);
        send(i ? "qm2" : "qm1", (uint16_t)(3 + i));
    }
    begin(1, V1_QUICK, 10, true, false);
    propose(esp, 2, PROTO_ESP, 0xa0000003);
    propose(md5, 1, PROTO_AH, 0xa0000004);
    send("and", 5);
    begin(1, V1_INFORMATIONAL, 11, false, false);
    notify(N1_NO_PROPOSAL_CHOSEN);
    send("no", 6);
    SAYS(no_proposal_chosen, "INTEG does not meet: offered HMAC_MD5_96, it has");

    reset();                                        /* one proposal of AEAD and classic ciphers */
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(gcm, 5, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    static const struct transform answer[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
    propose(answer, 3, PROTO_IKE, 0);
    send("init!", 2);
    SILENT(proposal_not_offered);
}

/* A CREATE_CHILD_SA of the tunnel's IKE SA. */
static void
child(const struct transform *t, size_t n, bool refused)
{
    static uint32_t id = 1;
    char text[16];

    id++;
    for (unsigned r = 0; r < 2; r++) {
        begin(2, V2_CREATE_CHILD_SA, id, r == 0, r == 1);
        if (r && refused) {
            notify(N2_NO_PROPOSAL_CHOSEN);
        } else {
            propose(t, n, PROTO_ESP, (r ? 0xb0000000 : 0xa0000000) + id);
            selectors("10.1.0.0/24", "10.3.0.0/24");
        }
        g_snprintf(text, sizeof text, "child %u %u", id, r);
        send(text, (uint16_t)(2 * id + r));
    }
}

static void
proposals(void)
{
    static const struct transform aead[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    tunnel();                                       /* an AEAD cipher needs no integrity: one type is unmet, not two */
    child(gcm, 2, false);
    child(gcm256, 2, true);
    SAYS(no_proposal_chosen, "offered ESP:AES_GCM_16_256/NO_EXT_SEQ; ENCR does not meet: offered AES_GCM_16_256, it has chosen");
    tunnel();
    child(gcm, 2, false);
    child(aead, 2, true);
    SAYS(no_proposal_chosen, "every transform type meets what it has chosen before (frame 6), so its policy for this peer or exchange differs.");

    /* Ten proposals: three are shown, and of those that are not the nearest three. */
    struct transform many[10][4];
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    as(0x33);
    for (uint8_t i = 0; i < 10; i++) {
        memcpy(many[i], des3, sizeof des3);
        if (i == 9) {
            memcpy(many[i], aes256, sizeof aes256);
            many[i][3].id = 2;
        }
        propose(many[i], 4, PROTO_IKE, 0);
        m.proposals[i].number = (uint8_t)(i + 1);
    }
    from_addr = &stranger;
    send("ten", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    as(0x33);
    to_addr = &stranger;
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("no", 10);
    SAYS(no_proposal_chosen, " and 7 more; DH does not meet: offered MODP_1024, it has chosen MODP_2048 before (frame 2); proposal 1 fails on "
                             "ENCR, PRF, INTEG and DH, proposal 2 fails on");
    T(strstr(detail(CHECK_no_proposal_chosen), ", and so on."));
    T(the_finding(CHECK_no_proposal_chosen)->exchange == 0 && the_finding(CHECK_no_proposal_chosen)->ike_sa == 1);

    reset();                                        /* only the refusal was captured */
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("no", 1);
    SAYS(no_proposal_chosen, "198.51.100.20 refuses IKE_SA_INIT (NO_PROPOSAL_CHOSEN); the capture does not show the offer in clear.");
}

/* IKEv1: suites that meet, but not how they are to be used. */
static void
v1_method_and_mode(void)
{
    static const struct { uint16_t refused; const char *says; } methods[] = {
        { 3, ", but the authentication method does not" }, { 1, ", so its policy for this peer or exchange differs" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_MAIN, 0, true, false);
        as(0x33);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].attr.auth_method = methods[i].refused;
        from_addr = &stranger;
        send("other", 9);
        begin(1, V1_INFORMATIONAL, 5, false, false);
        as(0x33);
        to_addr = &stranger;
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 10);
        SAYS(no_proposal_chosen, methods[i].says);
        T(strstr(detail(CHECK_no_proposal_chosen), "refuses phase 1 (main mode)"));
    }
    for (uint16_t mode = 1; mode <= 2; mode++) {
        reset();
        v1_phase1(aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_QUICK, 9, r == 0, false);
            propose(esp128, 2, PROTO_ESP, r ? 0xb0000001 : 0xa0000001);
            send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(1, V1_QUICK, 10, true, false);
        propose(esp128, 2, PROTO_ESP, 0xa0000002);
        m.proposals[0].attr.mode = mode;
        send("again", 5);
        begin(1, V1_INFORMATIONAL, 11, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 6);
        SAYS(no_proposal_chosen, mode == 2 ? ", but the encapsulation mode does not." : ", so its policy");
    }
    /* Both at once beside a cipher, of the transform that is not the nearest. */
    reset();
    v1_phase1(aes256);
    begin(1, V1_MAIN, 0, true, false);
    as(0x33);
    propose(des3, 4, PROTO_IKE, 0);
    m.proposals[0].attr.auth_method = 3;
    propose(aes128, 4, PROTO_IKE, 0);
    m.proposals[1].v1_transform = 2;
    from_addr = &stranger;
    send("other", 9);
    begin(1, V1_INFORMATIONAL, 5, false, false);
    as(0x33);
    to_addr = &stranger;
    notify(N1_NO_PROPOSAL_CHOSEN);
    send("no", 10);
    SAYS(no_proposal_chosen, "ENCR does not meet: offered AES_CBC_128, it has chosen AES_CBC_256 before (frame 2); transform 1 fails on ENCR, "
                             "PRF, INTEG and DH, authentication method.");
}

/* What the refuser itself offers, seen before: a refusal foretold, unless one suite is in both. */
static void
foretold(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, false, false);      /* the gateway began one itself */
    m.flags = FLAG_INITIATOR;
    memset(m.spi_r, 0, 8);
    as(0x33);
    propose(aes128, 4, PROTO_IKE, 0);
    propose(aes256, 4, PROTO_IKE, 0);
    send("gateway", 1);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("client", 2);
    SILENT(no_common_proposal);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    as(0x55);
    propose(des3, 4, PROTO_IKE, 0);
    send("client again", 3);
    SAYS(no_common_proposal, "198.51.100.20 itself has offered");
    T(basis_of(CHECK_no_common_proposal) == BASIS_INFERRED);
}

int
main(void)
{
    conversation_begin();
    refused();
    foretold_once();
    offers();
    explained_refusals();
    proposals();
    v1_method_and_mode();
    foretold();
    return conversation_done();
}
