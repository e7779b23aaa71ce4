/* Several answers to one request, and several requests under one SPI:
 * what leads on is believed, and nothing is said of the others but that they are there.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform weak[] = {
    { TRANSFORM_ENCR, ENCR_DES_CBC, 0 },
    { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
    { TRANSFORM_KE, KE_MODP_768, 0 },
};

static void
request(struct conversation *c, const struct transform *offer, const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, offer, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = offer[3].id;
    send(c, octets, (uint16_t)(c->frame + 1));
}

/* Chooses, or refuses where chosen is NULL, with a notify that is not 0. */
static void
answer(struct conversation *c, const struct transform *chosen, uint16_t type, uint8_t spi,
       const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memset(c->m.spi_r, spi, sizeof c->m.spi_r);
    if (chosen) {
        propose(c, chosen, 4, PROTO_IKE, 0);
    }
    if (type == N2_COOKIE) {
        notify_with(c, type, "0123456789", 10);
    } else if (type) {
        notify(c, type);
    }
    send(c, octets, (uint16_t)(c->frame + 1));
}

static void
go_on(struct conversation *c)
{
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
}

static const struct ike_sa *
the_sa(const struct conversation *c)
{
    return sadb_ike_sa(c->db, 0);
}

/* The SA is that of the true answer, whose SPI is 0x22, and nothing else is said. */
static void
holds(struct conversation *c, uint32_t response)
{
    const struct ike_sa *sa = the_sa(c);

    end_after(c, 30);
    T(sadb_num_ike_sas(c->db) == 1 && sa->state == IKE_ESTABLISHED && sa->spi_r[0] == 0x22);
    T(sa->chosen && strcmp(sa->chosen->text, "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/"
                           "MODP_2048") == 0);
    T(sa->exchanges.at[0]->response == response && sa->exchanges.at[0]->request == 1);
    T(sadb_num_child_sas(c->db) == 1);
    SILENT(c, weak_encryption);
    SILENT(c, weak_integrity);
    SILENT(c, weak_prf);
    SILENT(c, weak_dh_group);
    SILENT(c, no_proposal_chosen);
    SILENT(c, proposal_not_offered);
    SILENT(c, error_notify);
    SILENT(c, cookie_challenge);
    SILENT(c, redirected);
    SILENT(c, invalid_ke_payload);
    SILENT(c, request_unanswered);
    FIRES(c, sa_established);
    for (size_t i = 0; i < findings_count(c->found); i++) {
        T(findings_get(c->found, i)->id == i && !findings_get(c->found, i)->suspended);
    }
}

static const struct forgery {
    const struct transform *chosen;
    uint16_t type;
    uint8_t spi;
} forgeries[] = {
    { weak, 0, 0x55 }, { aes256, 0, 0x55 }, { weak, 0, 0x22 },
    { NULL, N2_NO_PROPOSAL_CHOSEN, 0 }, { NULL, N2_NO_PROPOSAL_CHOSEN, 0x55 },
    { NULL, N2_INVALID_SYNTAX, 0 }, { NULL, N2_COOKIE, 0 }, { NULL, N2_INVALID_KE_PAYLOAD, 0 },
    { NULL, N2_REDIRECT, 0 },
};

static void
forged(struct conversation *c)
{
    for (size_t i = 0; i < G_N_ELEMENTS(forgeries); i++) {
        const struct forgery *f = &forgeries[i];
        /* before the true answer, */
        reset(c);
        request(c, aes256, "init?");
        answer(c, f->chosen, f->type, f->spi, "forged!");
        answer(c, aes256, 0, 0x22, "init!");
        go_on(c);
        holds(c, 3);
        if (f->type == N2_COOKIE) {     /* the request with the cookie may have been lost */
            SILENT(c, injected_answer);
        } else {
            SAYS(c, injected_answer,
                 "The request of frame 1 has two different answers from 198.51.100.20 (frames 2 "
                 "and 3); 192.0.2.10 continues with the one in frame 3.");
            T(the_finding(c, CHECK_injected_answer)->frame == 2);
        }
        /* after it, */
        reset(c);
        request(c, aes256, "init?");
        answer(c, aes256, 0, 0x22, "init!");
        answer(c, f->chosen, f->type, f->spi, "forged!");
        answer(c, f->chosen, f->type, f->spi, "forged!");
        go_on(c);
        holds(c, 2);
        SAYS(c, injected_answer, "198.51.100.20 (frames 2 and 3); 192.0.2.10 continues with the "
                                 "one in frame 2.");
        SILENT(c, retransmission);
        /* and when the initiator has gone on. */
        reset(c);
        request(c, aes256, "init?");
        answer(c, aes256, 0, 0x22, "init!");
        go_on(c);
        answer(c, f->chosen, f->type, f->spi, "forged!");
        holds(c, 2);
        FIRES(c, injected_answer);
    }
}

/* No number of them starves the true one. */
static void
many(struct conversation *c)
{
    for (unsigned before = 0; before <= 300; before += 100) {
        char octets[16];
        reset(c);
        request(c, aes256, "init?");
        for (unsigned i = 0; i < 300; i++) {
            if (i == before) {
                answer(c, aes256, 0, 0x22, "init!");
            }
            g_snprintf(octets, sizeof octets, "forged %u", i);
            answer(c, i % 2 ? weak : aes256, 0, (uint8_t)(0x30 + i % 64), octets);
        }
        if (before == 300) {
            answer(c, aes256, 0, 0x22, "init!");
        }
        go_on(c);
        T(sadb_num_ike_sas(c->db) == 1 && the_sa(c)->spi_r[0] == 0x22);
        if (before == 0 || before == 300) {
            T(the_sa(c)->state == IKE_ESTABLISHED && the_sa(c)->chosen);
        }
        T(sadb_caps(c->db)[0] != NULL);
        end_after(c, 30);
        FIRES(c, injected_answer);
        T(count(c, CHECK_weak_encryption) == 0);
    }
}

/* What sends the initiator round leads on when he does what it says. */
static void
lawful(struct conversation *c)
{
    static const uint8_t wanted[] = { 0, KE_MODP_2048 };

    tunnel(c);
    end_after(c, 30);
    SILENT(c, injected_answer);

    reset(c);
    request(c, aes256, "init?");
    answer(c, NULL, N2_COOKIE, 0, "cookie");
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = KE_MODP_2048;
    notify_with(c, N2_COOKIE, "0123456789", 10);
    send(c, "again?", 3);
    answer(c, aes256, 0, 0x22, "init!");
    go_on(c);
    end_after(c, 30);
    SILENT(c, injected_answer);
    FIRES(c, cookie_challenge);
    FIRES(c, sa_established);

    refused_group(c, wanted);
    request(c, aes256, "again?");
    answer(c, aes256, 0, 0x22, "init!");
    go_on(c);
    end_after(c, 30);
    SILENT(c, injected_answer);
    FIRES(c, invalid_ke_payload);

    /* the same octets again are the same answer */
    reset(c);
    request(c, aes256, "init?");
    answer(c, aes256, 0, 0x22, "init!");
    send(c, "init!", 9);
    FIRES(c, retransmission);
    go_on(c);
    end_after(c, 30);
    SILENT(c, injected_answer);

    /* refused, and another proposal under the same SPI */
    reset(c);
    request(c, weak, "init?");
    answer(c, NULL, N2_NO_PROPOSAL_CHOSEN, 0, "no");
    request(c, aes256, "again?");
    answer(c, aes256, 0, 0x22, "init!");
    go_on(c);
    end_after(c, 30);
    SILENT(c, injected_answer);
    FIRES(c, no_proposal_chosen);
    T(the_sa(c)->state == IKE_ESTABLISHED);
}

/* A cookie is among the answers: it leads on to another request, beside a forgery. */
static void
forged_beside_cookie(struct conversation *c)
{
    reset(c);
    request(c, aes256, "init?");
    answer(c, NULL, N2_COOKIE, 0, "cookie");
    answer(c, weak, 0, 0x55, "forged!");
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = KE_MODP_2048;
    notify_with(c, N2_COOKIE, "0123456789", 10);
    send(c, "again?", 4);
    answer(c, aes256, 0, 0x22, "init!");
    go_on(c);
    end_after(c, 30);
    FIRES(c, cookie_challenge);
    SILENT(c, weak_encryption);
    T(the_finding(c, CHECK_injected_answer) && the_finding(c, CHECK_injected_answer)->frame == 3);
    T(the_sa(c)->state == IKE_ESTABLISHED);
}

/* Where nobody goes on, silence follows a refusal; two choices are not told apart. */
static void
none_led_on(struct conversation *c)
{
    for (unsigned first = 0; first < 2; first++) {
        reset(c);
        request(c, aes256, "init?");
        for (unsigned i = 0; i < 2; i++) {
            if (i == first) {
                answer(c, NULL, N2_NO_PROPOSAL_CHOSEN, 0, "no");
            } else {
                answer(c, weak, 0, 0x55, "yes");
            }
        }
        end_after(c, 30);
        FIRES(c, no_proposal_chosen);
        SILENT(c, weak_encryption);
        SILENT(c, injected_answer);
        T(the_sa(c)->state == IKE_FAILED && !the_sa(c)->chosen);
    }
    reset(c);
    request(c, aes256, "init?");
    answer(c, aes256, 0, 0x22, "one");
    answer(c, aes256, 0, 0x55, "two");
    end_after(c, 30);
    SILENT(c, injected_answer);
    T(the_sa(c)->state == IKE_HALF_OPEN && the_sa(c)->spi_r[0] == 0x22);
}

/* From another address: two gateways are named. */
static void
two_gateways(struct conversation *c)
{
    for (unsigned before = 0; before < 2; before++) {
        reset(c);
        request(c, aes256, "init?");
        for (unsigned i = 0; i < 2; i++) {
            begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
            propose(c, aes256, 4, PROTO_IKE, 0);
            if (i == before) {
                memset(c->m.spi_r, 0x55, 8);
                c->from = c->stranger;
            }
            send(c, i == before ? "elsewhere" : "init!", 2);
        }
        go_on(c);
        end_after(c, 30);
        SAYS(c, injected_answer, "203.0.113.66");
        SAYS(c, injected_answer, "two gateways or a forger");
        T(the_sa(c)->state == IKE_ESTABLISHED);
    }
}

/* First requests under the same SPI, from everywhere and from the initiator's own address. */
static void
requests(struct conversation *c)
{
    for (unsigned own = 0; own < 2; own++) {
        for (unsigned after = 0; after < 3; after++) {
            char octets[16];
            reset(c);
            request(c, aes256, "init?");
            for (unsigned when = 0; when < 3; when++) {
                for (unsigned i = 0; when == after && i < 150; i++) {
                    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
                    propose(c, weak, 4, PROTO_IKE, 0);
                    c->m.has_ke = true;
                    c->m.ke_group = KE_MODP_768;
                    c->from.bytes[3] = (uint8_t)(own ? c->from.bytes[3] : 100 + i);
                    g_snprintf(octets, sizeof octets, "forged %u", i);
                    c->now -= 0.499;
                    send(c, octets, (uint16_t)(100 + i));
                }
                if (when == 0) {
                    answer(c, aes256, 0, 0x22, "init!");
                } else if (when == 1) {
                    go_on(c);
                }
            }
            end_after(c, 30);
            T(the_sa(c)->state == IKE_ESTABLISHED && the_sa(c)->chosen &&
              the_sa(c)->exchanges.at[0]->request == 1 && the_sa(c)->exchanges.at[0]->response);
            T(the_sa(c)->offered == the_sa(c)->exchanges.at[0]->offered);
            SILENT(c, proposal_not_offered);
            SILENT(c, injected_answer);
            T(sadb_num_ike_sas(c->db) == (own ? 1u : 151u));
            T(sadb_num_child_sas(c->db) == 1 && sadb_child_sa(c->db, 0)->ike_sa == the_sa(c));
        }
    }
}

/* IKEv1: message 2 of another cookie, and refusals in clear. */
static void
phase1(struct conversation *c)
{
    static const uint16_t refusals[] = { 0, N1_NO_PROPOSAL_CHOSEN, N1_INVALID_ID_INFORMATION,
                                         N1_AUTHENTICATION_FAILED };

    for (unsigned k = 0; k < 2 * G_N_ELEMENTS(refusals); k++) {
        uint16_t refusal = refusals[k / 2];
        reset(c);
        begin(c, 1, V1_MAIN, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "mm1", 1);
        for (unsigned i = 0; i < 2; i++) {
            begin(c, 1, i == k % 2 && refusal ? V1_INFORMATIONAL : V1_MAIN, 0, false, false);
            if (i != k % 2) {
                propose(c, aes256, 4, PROTO_IKE, 0);
            } else if (refusal) {
                notify(c, refusal);
            } else {
                propose(c, weak, 4, PROTO_IKE, 0);
            }
            memset(c->m.spi_r, i == k % 2 ? 0x55 : 0x22, 8);
            send(c, i == k % 2 ? "forged" : "mm2", (uint16_t)(2 + i));
        }
        for (unsigned i = 3; i <= 6; i++) {
            char text[16];
            begin(c, 1, V1_MAIN, 0, i % 2, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.encrypted = i > 4;
            g_snprintf(text, sizeof text, "mm%u", i);
            send(c, text, (uint16_t)(i + 1));
        }
        T(sadb_num_ike_sas(c->db) == 1 && the_sa(c)->state == IKE_ESTABLISHED);
        T(the_sa(c)->chosen && the_sa(c)->spi_r[0] == 0x22);
        T(!the_sa(c)->exchanges.at[0]->answered_by);
        end_after(c, 30);
        FIRES(c, injected_answer);
        SILENT(c, weak_encryption);
        SILENT(c, no_proposal_chosen);
        SILENT(c, auth_failed);
        SILENT(c, identity_rejected);
        SILENT(c, proposal_not_offered);
    }
    v1_tunnel(c, 3600, 0);
    end_after(c, 30);
    SILENT(c, injected_answer);
}

/* A choice with which nobody went on does not explain a refusal. */
static void
no_witness(struct conversation *c)
{
    reset(c);
    request(c, weak, "other?");
    answer(c, weak, 0, 0x55, "other!");
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 3);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x33);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "no", 4);
    SAYS(c, no_proposal_chosen, "does not show what it would accept");
}

/* The extensions that a request asks for, and an answer takes up. */
static void
with_nat_d(struct conversation *c)
{
    notify_with(c, N2_NAT_DETECTION_SOURCE_IP, "01234567890123456789", 20);
    notify_with(c, N2_NAT_DETECTION_DESTINATION_IP, "01234567890123456789", 20);
    c->m.has_ke = true;
    c->m.ke_group = KE_MODP_2048;
}

static void
request_with_nat_d(struct conversation *c, const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    with_nat_d(c);
    send(c, octets, 7);
}

/* What the true request says of a NAT stays, whatever answers come to another request first. */
static void
nat_beside_flood(struct conversation *c)
{
    enum nat true_nat = NAT_UNKNOWN;

    for (unsigned forged = 0; forged < 2; forged++) {
        reset(c);
        if (forged) {
            request(c, weak, "forged?");
        }
        request_with_nat_d(c, "init?");
        for (unsigned i = 0; i < 20 * forged; i++) {
            char octets[16];
            g_snprintf(octets, sizeof octets, "forged %u", i);
            answer(c, i % 2 ? weak : aes256, 0, (uint8_t)(0x40 + i), octets);
        }
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        memset(c->m.spi_r, 0x22, 8);
        propose(c, aes256, 4, PROTO_IKE, 0);
        with_nat_d(c);
        send(c, "init!", 8);
        go_on(c);
        if (!forged) {
            true_nat = the_sa(c)->nat;
            T(true_nat != NAT_UNKNOWN);
        }
    }
    T(the_sa(c)->nat == true_nat && the_sa(c)->state == IKE_ESTABLISHED);
}

/* Nothing leads from a forged redirection to a forged request: the answer is the true request's. */
static void
forged_detour(struct conversation *c)
{
    reset(c);
    request_with_nat_d(c, "init?");
    answer(c, NULL, N2_REDIRECT, 0x55, "elsewhere");
    request(c, weak, "forged?");
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memset(c->m.spi_r, 0x22, 8);
    propose(c, aes256, 4, PROTO_IKE, 0);
    with_nat_d(c);
    send(c, "init!", 8);
    go_on(c);
    end_after(c, 30);
    SILENT(c, redirected);
    FIRES(c, injected_answer);
    T(the_sa(c)->state == IKE_ESTABLISHED && the_sa(c)->exchanges.at[0]->response == 4);
}

static void
first_v1(struct conversation *c, uint8_t mode, const struct transform *offer, uint32_t life,
         const char *octets)
{
    begin(c, 1, mode, 0, true, false);
    propose(c, offer, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = life;
    if (mode == V1_AGGRESSIVE) {
        c->m.id_i = (struct ike_id){ .present = true, .type = ID_FQDN,
                                     .data = { (const uint8_t *)"lisa", 4 } };
    }
    send(c, octets, (uint16_t)(c->frame + 1));
}

/* First messages of IKEv1 in the initiator's name, before and behind the true one: the answer is
 * compared with the one that it answers. */
static void
phase1_requests(struct conversation *c)
{
    for (unsigned k = 0; k < 4; k++) {
        uint8_t mode = k % 2 ? V1_AGGRESSIVE : V1_MAIN;
        uint32_t asked = 0;
        char octets[16];
        reset(c);
        for (unsigned i = 0; i < 80; i++) {
            if (i == (k < 2 ? 0 : 79)) {
                first_v1(c, mode, aes256, 15840, "true?");
                asked = c->frame;
            }
            g_snprintf(octets, sizeof octets, "forged %u", i);
            first_v1(c, V1_MAIN, i % 2 ? weak : aes256, 3600, octets);
        }
        begin(c, 1, mode, 0, false, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        c->m.proposals[0].attr.life_s = 15840;
        send(c, "true!", 200);
        begin(c, 1, mode, 0, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.encrypted = mode == V1_AGGRESSIVE;
        c->m.has_ke = true;
        send(c, "three", 201);
        T(sadb_num_ike_sas(c->db) == 1 && the_sa(c)->chosen && the_sa(c)->went_on);
        T(sadb_first_exchange(the_sa(c))->request == asked);
        T((the_sa(c)->initiator.id != NULL) == (mode == V1_AGGRESSIVE));
        T(the_sa(c)->offered->at[0]->p->attr.life_s == 15840);
        end_after(c, 30);
        SILENT(c, lifetime_mismatch);
        SILENT(c, attribute_changed);
        SILENT(c, proposal_not_offered);
        SILENT(c, injected_answer);
    }
    /* a changed lifetime is still told, and so is a changed attribute */
    for (unsigned changed = 0; changed < 2; changed++) {
        reset(c);
        first_v1(c, V1_MAIN, aes256, 28800, "true?");
        first_v1(c, V1_MAIN, weak, 3600, "forged?");
        begin(c, 1, V1_MAIN, 0, false, false);
        propose(c, changed ? weak : aes256, 4, PROTO_IKE, 0);
        c->m.proposals[0].attr.life_s = changed ? 28800 : 3600;
        send(c, "true!", 3);
        T(the_sa(c)->exchanges.at[0]->response == 3);
        if (changed) {
            FIRES(c, attribute_changed);
            SILENT(c, lifetime_mismatch);
        } else {
            FIRES(c, lifetime_mismatch);
            SILENT(c, attribute_changed);
        }
    }
}

/* What nobody could read, under the cookies of an IKE SA that has not begun, is none of its own. */
static void
noise_before_phase1(struct conversation *c)
{
    for (unsigned refused = 0; refused < 2; refused++) {
        reset(c);
        for (unsigned i = 0; i < 2; i++) {
            begin(c, 1, V1_AGGRESSIVE, 0, true, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.fragment = true;
            c->m.readable = false;
            send(c, i ? "noise" : "more noise", (uint16_t)(1 + i));
        }
        first_v1(c, V1_AGGRESSIVE, aes256, 3600, "true?");
        for (unsigned i = 0; i < 70; i++) {
            char octets[16];
            g_snprintf(octets, sizeof octets, "forged %u", i);
            first_v1(c, V1_MAIN, weak, 3600, octets);
        }
        T(sadb_num_ike_sas(c->db) == 1 && the_sa(c)->started_here);
        T(sadb_first_exchange(the_sa(c))->request == 3);
        T(the_sa(c)->initiator.id && strcmp(the_sa(c)->initiator.id, "lisa") == 0);
        if (refused) {
            begin(c, 1, V1_INFORMATIONAL, 9, false, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.encrypted = false;
            notify(c, N1_INVALID_ID_INFORMATION);
            send(c, "no", 99);
            SAYS(c, identity_rejected, "lisa (INVALID_ID_INFORMATION after phase 1 (aggressive");
        }
    }
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    forged(&c);
    many(&c);
    lawful(&c);
    forged_beside_cookie(&c);
    none_led_on(&c);
    two_gateways(&c);
    requests(&c);
    phase1(&c);
    no_witness(&c);
    nat_beside_flood(&c);
    forged_detour(&c);
    phase1_requests(&c);
    noise_before_phase1(&c);
    return conversation_done(&c);
}
