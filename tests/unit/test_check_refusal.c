/* Proposals that are refused and what explains it, in every shape (RFC 7296 section 2.7, RFC 2409
 * section 5).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform des[] = {
    { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_MD5, 0 }, { TRANSFORM_KE, KE_MODP_768, 0 },
};
static const struct transform gcm[] = {
    { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform gcm256[] = {
    { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform des3[] = {
    { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 },
};

/* The initiator takes the answer: from then on it is a witness of the responder's policy. */
static void
goes_on(struct conversation *c)
{
    bool v1 = c->m.major == 1;

    begin(c, c->m.major, v1 ? V1_MAIN : V2_IKE_AUTH, v1 ? 0 : 1, true, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.encrypted = true;
    c->m.readable = false;
    send(c, "on", 90);
}

static void
refused(struct conversation *c)
{
    tunnel(c);
    SILENT(c, no_proposal_chosen);

    reset(c);
    sa_init(c, aes128, NULL);
    SAYS(c, no_proposal_chosen, "does not show what it would accept");
    SILENT(c, sa_established);
    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, aes256, 2, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "child?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "child!", 6);
    SAYS(c, no_proposal_chosen,
         "198.51.100.20 refuses CREATE_CHILD_SA for 10.1.0.0/24 === 10.2.0.0/24 of frame 5: offered "
         "ESP:AES_CBC_256/HMAC_SHA2_256_128; encryption does not match: offered AES_CBC_256, it has "
         "chosen AES_CBC_128 before (frame 4).");
    T(strstr(remedy(c, CHECK_no_proposal_chosen), "Configure the same encryption on both ends for "
                                                  "CREATE_CHILD_SA for 10.1.0.0/24 === "
                                                  "10.2.0.0/24: the refusing side has chosen "
                                                  "AES_CBC_128"));
    T(basis_of(c, CHECK_no_proposal_chosen) == BASIS_DECRYPTED);
}

/* A foretold refusal: the offer sent again is the same offer. */
static void
foretold_once(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, false);
    c->m.flags = FLAG_INITIATOR;
    memset(c->m.spi_r, 0, 8);
    as(c, 0x33);
    propose(c, aes128, 4, PROTO_IKE, 0);
    send(c, "gateway", 1);
    for (unsigned i = 0; i < 3; i++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "client", (uint16_t)(2 + i));
    }
    T(count(c, CHECK_no_common_proposal) == 1 && count(c, CHECK_retransmission) == 1);
    for (size_t i = 0; i < findings_count(c->found); i++) {
        const struct finding *f = findings_get(c->found, i);
        T(f->check != CHECK_no_common_proposal || f->count == 1);
        T(f->check != CHECK_retransmission || f->count == 2);
    }
}

static void
other_init(struct conversation *c, const struct transform *t, uint8_t spi,
           const struct ip_addr *from, const struct ip_addr *to)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, spi);
    propose(c, t, 4, PROTO_IKE, 0);
    c->from = *from;
    c->to = *to;
    send(c, "other", spi);
}

static void
offers(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, NULL);
    SILENT(c, offer_changed);
    other_init(c, aes128, 0x33, &c->client, &c->gateway);
    SAYS(c, offer_changed, "AES_CBC_128");
    SILENT(c, no_common_proposal);
    other_init(c, des, 0x44, &c->gateway, &c->client);
    SAYS(c, no_common_proposal, "no suite in common");
}

/* The refuser's policy from a choice for another peer, from INVALID_KE_PAYLOAD and from the
 * plan. */
static void
explained_refusals(struct conversation *c)
{
    static const uint8_t wanted[] = { 0, KE_ECP_256 };
    static const struct transform weak_dh[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 },
    };
    static const struct transform gcm_or_cbc[] = {
        { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ENCR, ENCR_AES_CBC, 256 },
        { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
        { TRANSFORM_KE, KE_MODP_2048, 0 },
    };
    char *error = NULL;

    reset(c);
    sa_init(c, aes256, aes256);
    goes_on(c);
    other_init(c, des, 0x33, &c->stranger, &c->gateway);
    c->m.num_proposals = 0;
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x44);
    propose(c, des, 4, PROTO_IKE, 0);
    propose(c, weak_dh, 4, PROTO_IKE, 0);
    c->m.proposals[1].number = 2;
    c->from = c->stranger;
    send(c, "two", 9);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x44);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    c->to = c->stranger;
    send(c, "none", 10);
    SAYS(c, no_proposal_chosen, "group does not match: offered MODP_1024, it has chosen MODP_2048 "
         "before (frame 2); proposal 1 fails on encryption");

    refused_group(c, wanted);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x44);
    propose(c, weak_dh, 4, PROTO_IKE, 0);
    send(c, "again", 9);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x44);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "none", 10);
    SAYS(c, no_proposal_chosen,
         "group does not match: offered MODP_1024, it has wanted ECP_256 before (frame 2)");

    reset(c);
    T(plan_add(c->plan, "198.51.100.20", "AES_CBC_128", NULL, NULL, NULL, &error));
    sa_init(c, aes256, NULL);
    SAYS(c, no_proposal_chosen,
         "encryption does not match: offered AES_CBC_256, the plan says AES_CBC_128.");

    /* IKEv1 ESP and AH under one number: the ESP half meets, the AH half does not. */
    static const struct transform esp[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    };
    static const struct transform sha[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform md5[] = { { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 } };
    reset(c);
    v1_phase1(c, aes256);
    goes_on(c);
    for (unsigned i = 0; i < 2; i++) {
        begin(c, 1, V1_QUICK, 9, i == 0, false);
        propose(c, esp, 2, PROTO_ESP, i ? TO_R : TO_I);
        propose(c, sha, 1, PROTO_AH, i ? 0xb0000002 : 0xa0000002);
        send(c, i ? "qm2" : "qm1", (uint16_t)(3 + i));
    }
    begin(c, 1, V1_QUICK, 10, true, false);
    propose(c, esp, 2, PROTO_ESP, 0xa0000003);
    propose(c, md5, 1, PROTO_AH, 0xa0000004);
    send(c, "and", 5);
    begin(c, 1, V1_INFORMATIONAL, 11, false, false);
    notify(c, N1_NO_PROPOSAL_CHOSEN);
    send(c, "no", 6);
    SAYS(c, no_proposal_chosen, "integrity does not match: offered HMAC_MD5_96, it has");

    reset(c);                                       /* one proposal of AEAD and classic ciphers */
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, gcm_or_cbc, 5, PROTO_IKE, 0);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    static const struct transform answer[] = {
        { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
        { TRANSFORM_KE, KE_MODP_2048, 0 },
    };
    propose(c, answer, 3, PROTO_IKE, 0);
    send(c, "init!", 2);
    SILENT(c, proposal_not_offered);
}

/* A CREATE_CHILD_SA of the tunnel's IKE SA. */
static void
child(struct conversation *c, const struct transform *t, size_t n, bool refused)
{
    static uint32_t id = 1;
    char text[16];

    id++;
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_CREATE_CHILD_SA, id, r == 0, r == 1);
        if (r && refused) {
            notify(c, N2_NO_PROPOSAL_CHOSEN);
        } else {
            propose(c, t, n, PROTO_ESP, (r ? 0xb0000000 : 0xa0000000) + id);
            selectors(c, "10.1.0.0/24", "10.3.0.0/24");
        }
        g_snprintf(text, sizeof text, "child %u %u", id, r);
        send(c, text, (uint16_t)(2 * id + r));
    }
}

static void
proposals(struct conversation *c)
{
    static const struct transform aead[] = {
        { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    };

    tunnel(c);    /* an AEAD cipher needs no integrity: one type is unmet, not two */
    child(c, gcm, 2, false);
    child(c, gcm256, 2, true);
    SAYS(c, no_proposal_chosen, "offered ESP:AES_GCM_16_256/NO_EXT_SEQ; encryption does not match: "
         "offered AES_GCM_16_256, it has chosen");
    tunnel(c);
    child(c, gcm, 2, false);
    child(c, aead, 2, true);
    SAYS(c, no_proposal_chosen, "; all of it matches what it has chosen before (frame 6), so "
         "something else differs.");

    /* Ten proposals: three are shown, and of those that are not the nearest three. */
    struct transform many[10][4];
    reset(c);
    sa_init(c, aes256, aes256);
    goes_on(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    for (uint8_t i = 0; i < 10; i++) {
        memcpy(many[i], des3, sizeof des3);
        if (i == 9) {
            memcpy(many[i], aes256, sizeof aes256);
            many[i][3].id = KE_MODP_1024;
        }
        propose(c, many[i], 4, PROTO_IKE, 0);
        c->m.proposals[i].number = (uint8_t)(i + 1);
    }
    c->from = c->stranger;
    send(c, "ten", 9);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x33);
    c->to = c->stranger;
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "no", 10);
    SAYS(c, no_proposal_chosen, " and 7 more; group does not match: offered MODP_1024, it has "
         "chosen MODP_2048 before (frame 2); proposal 1 fails on encryption, PRF, integrity and group, "
         "proposal 2 "
         "fails on");
    T(strstr(detail(c, CHECK_no_proposal_chosen), ", and so on."));
    T(the_finding(c, CHECK_no_proposal_chosen)->exchange == 0 &&
      the_finding(c, CHECK_no_proposal_chosen)->ike_sa == 1);

    reset(c);                                       /* only the refusal was captured */
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "no", 1);
    SAYS(c, no_proposal_chosen, "198.51.100.20 refuses IKE_SA_INIT (NO_PROPOSAL_CHOSEN); the "
         "capture does not show the offer in clear.");
}

/* IKEv1: suites that meet, but not how they are to be used. */
static void
v1_method_and_mode(struct conversation *c)
{
    static const struct { uint16_t refused; const char *says; } methods[] = {
        { AUTH1_RSA_SIGNATURE, "; authentication method does not match: offered RSA signature, it "
                               "has chosen pre-shared key before (frame 2)." },
        { AUTH1_PSK, "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048; all of it "
                     "matches what it has chosen before (frame 2), so something else" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        reset(c);
        v1_phase1(c, aes256);
        goes_on(c);
        begin(c, 1, V1_MAIN, 0, true, false);
        as(c, 0x33);
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->m.proposals[0].attr.auth_method = methods[i].refused;
        c->from = c->stranger;
        send(c, "other", 9);
        begin(c, 1, V1_INFORMATIONAL, 5, false, false);
        as(c, 0x33);
        c->to = c->stranger;
        notify(c, N1_NO_PROPOSAL_CHOSEN);
        send(c, "no", 10);
        SAYS(c, no_proposal_chosen, methods[i].says);
        T(strstr(detail(c, CHECK_no_proposal_chosen), "refuses phase 1 (main mode)"));
    }
    for (unsigned mode = MODE_TUNNEL; mode <= MODE_TRANSPORT; mode++) {
        reset(c);
        v1_phase1(c, aes256);
        goes_on(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_QUICK, 9, r == 0, false);
            propose(c, esp128, 2, PROTO_ESP, r ? TO_R : TO_I);
            send(c, r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(c, 1, V1_QUICK, 10, true, false);
        propose(c, esp128, 2, PROTO_ESP, 0xa0000002);
        c->m.proposals[0].attr.mode = (uint16_t)mode;
        send(c, "again", 5);
        begin(c, 1, V1_INFORMATIONAL, 11, false, false);
        notify(c, N1_NO_PROPOSAL_CHOSEN);
        send(c, "no", 6);
        SAYS(c, no_proposal_chosen,
             mode == MODE_TRANSPORT ?
                 "; mode does not match: offered transport mode, it has chosen tunnel mode before "
                 "(frame 5)." : ", so something else");
    }
    /* Both at once beside a cipher, of the transform that is not the nearest. */
    reset(c);
    v1_phase1(c, aes256);
    goes_on(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    as(c, 0x33);
    propose(c, des3, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.auth_method = AUTH1_RSA_SIGNATURE;
    propose(c, aes128, 4, PROTO_IKE, 0);
    c->m.proposals[1].v1_transform = 2;
    c->from = c->stranger;
    send(c, "other", 9);
    begin(c, 1, V1_INFORMATIONAL, 5, false, false);
    as(c, 0x33);
    c->to = c->stranger;
    notify(c, N1_NO_PROPOSAL_CHOSEN);
    send(c, "no", 10);
    SAYS(c, no_proposal_chosen, "encryption does not match: offered AES_CBC_128, it has chosen "
         "AES_CBC_256 before (frame 2); transform 1 fails on encryption, integrity and group, "
         "authentication method.");
}

/* What the refuser itself offers, seen before: a refusal foretold, unless one suite is in both. */
static void
foretold(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, false);   /* the gateway began one itself */
    c->m.flags = FLAG_INITIATOR;
    memset(c->m.spi_r, 0, 8);
    as(c, 0x33);
    propose(c, aes128, 4, PROTO_IKE, 0);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "gateway", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "client", 2);
    SILENT(c, no_common_proposal);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x55);
    propose(c, des3, 4, PROTO_IKE, 0);
    send(c, "client again", 3);
    SAYS(c, no_common_proposal, "198.51.100.20 itself has offered");
    T(basis_of(c, CHECK_no_common_proposal) == BASIS_INFERRED);
}

/* A CREATE_CHILD_SA that is refused, of the tunnel's IKE SA. */
static void
refused_child(struct conversation *c, const struct transform *t, size_t n, const char *i,
              const char *r)
{
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, t, n, PROTO_ESP, 0xa0000009);
    selectors(c, i, r);
    send(c, "child?", 71);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "child!", 72);
}

/* What the refuser did for other networks, in another version or mode is no proof. */
static void
elsewhere(struct conversation *c)
{
    static const struct transform sha1[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
        { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };

    tunnel(c);
    refused_child(c, sha1, 3, "10.1.1.0/24", "10.2.1.0/24");
    SAYS(c, no_proposal_chosen,
         "198.51.100.20 refuses CREATE_CHILD_SA for 10.1.1.0/24 === 10.2.1.0/24 of frame 5: "
         "offered ESP:AES_CBC_128/HMAC_SHA1_96/NO_EXT_SEQ. For 10.1.0.0/24 === 10.2.0.0/24 it has "
         "chosen ESP:AES_CBC_128/HMAC_SHA2_256_128/NO_EXT_SEQ (frame 4); the capture does not show "
         "what it accepts for these networks.");
    T(basis_of(c, CHECK_no_proposal_chosen) == BASIS_INFERRED);
    T(!strstr(remedy(c, CHECK_no_proposal_chosen), "HMAC_SHA2_256"));

    /* The packet that triggered the first request does not make other networks of it. */
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    c->m.num_ts_i = 2;
    T(selector_parse(&c->m.ts_i[1], "10.1.0.7"));
    send(c, "auth?", 3);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    refused_child(c, sha1, 3, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, no_proposal_chosen, "integrity does not match: offered HMAC_SHA1_96, it has chosen "
         "HMAC_SHA2_256_128 before (frame 4).");

    /* IKE_AUTH has no PFS: what differs in nothing else differs in that. */
    static const struct transform pfs[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_KE, KE_MODP_2048, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };
    tunnel(c);
    refused_child(c, pfs, 4, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, no_proposal_chosen, "; in IKE_AUTH, which has no PFS, it has chosen the same suite "
         "(frame 4). The remaining difference is PFS: MODP_2048 is offered here.");
    FIRES(c, pfs_mismatch);
    T(strstr(remedy(c, CHECK_no_proposal_chosen), "PFS"));

    reset(c);                               /* IKEv1 before, IKEv2 now */
    v1_phase1(c, aes256);
    goes_on(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x44);
    propose(c, des3, 4, PROTO_IKE, 0);
    send(c, "v2", 9);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x44);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "none", 10);
    SAYS(c, no_proposal_chosen, ". In Main Mode of IKEv1 it has chosen IKE:AES_CBC_256/");
    T(basis_of(c, CHECK_no_proposal_chosen) == BASIS_INFERRED);
}

/* Refused, and taken in the same exchange a little later. */
static void
comes_up_later(struct conversation *c)
{
    for (unsigned up = 0; up < 2; up++) {
        reset(c);
        begin(c, 1, V1_MAIN, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "mm1", 1);
        begin(c, 1, V1_INFORMATIONAL, 5, false, false);
        c->m.encrypted = false;
        notify(c, N1_NO_PROPOSAL_CHOSEN);
        send(c, "no", 2);
        FIRES(c, no_proposal_chosen);
        if (up) {
            begin(c, 1, V1_MAIN, 0, false, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            send(c, "mm2", 3);
            for (unsigned i = 0; i < 2; i++) {
                begin(c, 1, V1_MAIN, 0, i == 0, false);
                memset(c->m.spi_r, 0x22, 8);
                c->m.has_ke = true;
                send(c, i ? "mm4" : "mm3", (uint16_t)(4 + i));
            }
            for (unsigned i = 0; i < 2; i++) {
                begin(c, 1, V1_MAIN, 0, i == 0, false);
                memset(c->m.spi_r, 0x22, 8);
                c->m.encrypted = true;
                c->m.readable = false;
                send(c, i ? "mm6" : "mm5", (uint16_t)(6 + i));
            }
            begin(c, 1, V1_QUICK, 9, true, false);
            c->m.readable = false;
            send(c, "qm1", 8);
        }
        end_after(c, 1);
        T(count(c, CHECK_no_proposal_chosen) == !up && count(c, CHECK_injected_answer) == up);
    }
}

/* The initiator refuses the answer, and takes it when it comes again: it has changed its mind, and
 * nobody has put an answer in. */
static void
refuses_and_takes(struct conversation *c)
{
    static const char *const octets[] = { "mm2", "mm2" };

    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "mm1", 1);
    for (unsigned i = 0; i < 2; i++) {
        begin(c, 1, V1_MAIN, 0, false, false);
        memset(c->m.spi_r, 0x22, 8);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, octets[i], (uint16_t)(2 + i));
        if (i == 0) {
            begin(c, 1, V1_INFORMATIONAL, 0, true, false);
            notify(c, N1_NO_PROPOSAL_CHOSEN);
            send(c, "no", 9);
            c->now += 10;
        }
    }
    for (unsigned i = 0; i < 2; i++) {
        begin(c, 1, V1_MAIN, 0, i == 0, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.has_ke = true;
        send(c, i ? "mm4" : "mm3", (uint16_t)(4 + i));
    }
    end_after(c, 1);
    SILENT(c, injected_answer);
    SILENT(c, no_proposal_chosen);
    FIRES(c, ikev1_in_use);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    refused(&c);
    foretold_once(&c);
    offers(&c);
    explained_refusals(&c);
    proposals(&c);
    v1_method_and_mode(&c);
    foretold(&c);
    elsewhere(&c);
    comes_up_later(&c);
    refuses_and_takes(&c);
    return conversation_done(&c);
}
