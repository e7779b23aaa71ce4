/* Messages in clear that must be encrypted: they are told, and change nothing.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* A message that would say all there is to say, if it were believed. */
static void
forge(struct conversation *c, uint8_t major, uint8_t exchange, uint32_t id, bool from_client,
      bool response)
{
    static const uint8_t address[] = { 10, 3, 0, 9 }, to_r[] = { 0xb0, 0, 0, 1 };

    begin(c, major, exchange, id, from_client, response);
    memset(c->m.spi_r, 0x22, 8);
    c->m.encrypted = false;
    propose(c, esp128, 3, PROTO_ESP, response ? TO_R : TO_I);
    selectors(c, "0.0.0.0/0", "0.0.0.0/0");
    c->m.id_i = (struct ike_id){ .present = true, .type = ID_FQDN,
                                 .data = { (const uint8_t *)"mallory", 7 } };
    c->m.id_r = c->m.id_i;
    c->m.has_auth = true;
    c->m.cfg_type = CP_REPLY;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { address, 4 } };
    notify_with(c, N2_REKEY_SA, "", 0);
    c->m.notifies[0].spi = (struct span){ to_r, 4 };
    notify(c, N2_MOBIKE_SUPPORTED);
    notify(c, N2_UPDATE_SA_ADDRESSES);
    notify(c, N2_AUTHENTICATION_FAILED);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE };
}

/* What stands before and after a message is the same, octet for octet. */
struct state {
    struct ike_sa sa;
    struct child_sa child;
    struct exchange exchange;
    size_t ike_sas, child_sas, findings;
};

/* Octet by octet: whatever has changed is seen. */
static bool
same_state(const struct state *a, const struct state *b)
{
    const void *one = a, *other = b;

    return memcmp(one, other, sizeof *a) == 0;
}

static struct state
state_of(const struct conversation *c)
{
    const struct ike_sa *sa = sadb_ike_sa(c->db, 0);
    struct state s;

    memset(&s, 0, sizeof s);
    memcpy(&s.sa, sa, sizeof s.sa);
    if (sa->children.len) {
        memcpy(&s.child, sa->children.at[0], sizeof s.child);
    }
    memcpy(&s.exchange, sa->exchanges.at[sa->exchanges.len - 1], sizeof s.exchange);
    s.ike_sas = sadb_num_ike_sas(c->db);
    s.child_sas = sadb_num_child_sas(c->db);
    s.findings = findings_count(c->found);
    return s;
}

static void
in_an_sa(struct conversation *c)
{
    static const struct { uint8_t exchange; bool from_client, response; } rows[] = {
        { V2_IKE_AUTH, true, false },       { V2_IKE_AUTH, false, true },
        { V2_CREATE_CHILD_SA, true, false }, { V2_CREATE_CHILD_SA, false, true },
        { V2_INFORMATIONAL, true, false },  { V2_INFORMATIONAL, false, true },
        { V2_IKE_INTERMEDIATE, true, false },
    };
    struct state was, is;

    tunnel(c);
    SILENT(c, unprotected_message);
    was = state_of(c);
    for (size_t i = 0; i < G_N_ELEMENTS(rows); i++) {
        for (uint32_t id = 1; id < 4; id++) {
            char text[16];
            forge(c, 2, rows[i].exchange, id, rows[i].from_client, rows[i].response);
            g_snprintf(text, sizeof text, "%u %u", (unsigned)i, id);
            send(c, text, 99);
        }
    }
    is = state_of(c);
    T(count(c, CHECK_unprotected_message) == 1 && is.findings == was.findings + 1);
    SAYS(c, unprotected_message,
         "A message of IKE_AUTH of IKE SA 0 from 192.0.2.10 to 198.51.100.20 is in clear, although "
         "RFC 7296 section 1.2 requires encryption: Espial ignores it.");
    T(the_finding(c, CHECK_unprotected_message)->count == 21);
    is.findings = was.findings;
    T(same_state(&was, &is));
}

/* Before the true message, of which it has the number and the name. */
static void
before_the_true_one(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    forge(c, 2, V2_IKE_AUTH, 1, true, false);
    send(c, "forged", 50);
    forge(c, 2, V2_IKE_AUTH, 1, false, true);
    send(c, "forged too", 51);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    FIRES(c, unprotected_message);
    SILENT(c, auth_failed);
    SILENT(c, message_id_reused);
    const struct ike_sa *sa = sadb_ike_sa(c->db, 0);
    T(sa->state == IKE_ESTABLISHED && sa->established_in == 6 && !sa->initiator.id);
    T(sa->exchanges.at[1]->request == 5 && sa->exchanges.at[1]->response == 6);
    T(sa->children.len == 1 && sa->children.at[0]->virtual_ip.family == 0);
}

/* Two addresses of which no IKE SA is known: none is made. */
static void
strangers(struct conversation *c)
{
    reset(c);
    for (unsigned r = 0; r < 4; r++) {
        forge(c, 2, V2_CREATE_CHILD_SA, 7, r % 2 == 0, r % 2);
        if (r > 1) {
            c->m.encrypted = true;
            c->m.readable = false;      /* of the same two, and lawful */
            as(c, 0x55);
        }
        send(c, r == 0 ? "a" : r == 1 ? "b" : r == 2 ? "c" : "d", 9);
    }
    T(sadb_num_ike_sas(c->db) == 1 && count(c, CHECK_unprotected_message) == 1);
    SAYS(c, unprotected_message, "A message of CREATE_CHILD_SA from 192.0.2.10 to 198.51.100.20");
    forge(c, 2, V2_CREATE_CHILD_SA, 7, true, false);
    as(c, 0x56);
    c->from = c->stranger;
    send(c, "other pair", 9);
    T(count(c, CHECK_unprotected_message) == 2);
}

/* IKEv1: quick mode, transaction and, once phase 1 stands, Informationals. */
static void
v1(struct conversation *c)
{
    static const uint8_t exchanges[] = { V1_QUICK, V1_TRANSACTION, V1_NEW_GROUP, V1_INFORMATIONAL };
    struct state was, is;

    v1_tunnel(c, 0, 0);
    SILENT(c, unprotected_message);
    was = state_of(c);
    for (size_t i = 0; i < G_N_ELEMENTS(exchanges); i++) {
        forge(c, 1, exchanges[i], 9 + (uint32_t)i, false, false);
        send(c, &"forged quick mode"[i], 70);
    }
    is = state_of(c);
    SAYS(c, unprotected_message, "RFC 2409 section 5.5");
    T(is.findings == was.findings + 1);
    is.findings = was.findings;
    T(same_state(&was, &is));
}

/* What may go in clear does, and what cannot be told is not blamed. */
static void
lawful(struct conversation *c)
{
    reset(c);           /* a refusal before phase 1 stands */
    v1_phase1(c, aes256);
    begin(c, 1, V1_INFORMATIONAL, 0, false, false);
    notify(c, N1_NO_PROPOSAL_CHOSEN);
    send(c, "no", 3);
    FIRES(c, no_proposal_chosen);
    SILENT(c, unprotected_message);

    reset(c);           /* aggressive mode, its third message in clear (RFC 2409 section 5.1) */
    for (unsigned n = 1; n <= 3; n++) {
        begin(c, 1, V1_AGGRESSIVE, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        if (n < 3) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        c->m.has_auth = n > 1;
        send(c, n == 1 ? "am1" : n == 2 ? "am2" : "am3", (uint16_t)n);
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
    SILENT(c, unprotected_message);

    reset(c);           /* main mode's first messages again, when the last are under way */
    v1_phase1(c, aes256);
    for (unsigned n = 3; n <= 6; n++) {
        char text[8];
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.encrypted = n > 4;
        c->m.has_ke = n <= 4;
        g_snprintf(text, sizeof text, "mm%u", n);
        send(c, text, (uint16_t)n);
    }
    begin(c, 1, V1_MAIN, 0, false, false);
    c->m.has_ke = true;
    memset(c->m.spi_r, 0x22, 8);
    send(c, "mm4", 9);
    FIRES(c, retransmission);
    SILENT(c, unprotected_message);

    tunnel(c);          /* the capture cuts it off, or the way has changed it */
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.encrypted = false;
    c->m.truncated = true;
    send(c, "cut", 9);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.encrypted = false;
    c->m.error = IKE_ERR_LENGTH;
    send(c, "damaged", 9);
    FIRES(c, malformed_message);
    SILENT(c, unprotected_message);
}

/* The responder's answer to a first request, under its SPI. */
static void
init_answer(struct conversation *c, const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, octets, (uint16_t)(c->frame + 1));
}

static void
stands(struct conversation *c)
{
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    end_after(c, 30);
    SILENT(c, injected_answer);
    FIRES(c, sa_established);
}

/* Two answers, and the capture lacks why: the request between them, its place, or a part of the
 * first answer. */
static void
lost_between(struct conversation *c)
{
    static const uint8_t wanted[] = { 0, KE_MODP_2048 };

    for (unsigned late = 0; late < 2; late++) {
        refused_group(c, wanted);
        init_answer(c, "init!");
        if (late) {
            begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.has_ke = true;
            c->m.ke_group = KE_MODP_2048;
            send(c, "again?", 9);
        }
        stands(c);
    }
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memset(c->m.spi_r, 0, sizeof c->m.spi_r);
    c->m.truncated = true;
    send(c, "cut", 2);
    init_answer(c, "init!");
    stands(c);
}

/* Two requests under one SPI, of which one is refused and the other one answered: a request that
 * was on its way when the refusal came is nothing that the refusal led to, so one of both is
 * nobody's. */
static void
refused_beside(struct conversation *c)
{
    for (unsigned after = 0; after < 2; after++) {
        reset(c);
        for (unsigned n = 0; n < 3; n++) {
            if (n == (after ? 2 : 1)) {
                begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
                propose(c, aes256, 4, PROTO_IKE, 0);
                send(c, "init?", (uint16_t)(c->frame + 1));
            } else if (n == 0) {
                begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
                propose(c, aes256, 3, PROTO_IKE, 0);
                send(c, "another?", 1);
            } else {
                begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
                memset(c->m.spi_r, 0, sizeof c->m.spi_r);
                notify(c, N2_NO_PROPOSAL_CHOSEN);
                send(c, "no", (uint16_t)(c->frame + 1));
            }
        }
        init_answer(c, "init!");
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        end_after(c, 30);
        TOLD(c, no_proposal_chosen, after);
        TOLD(c, injected_answer, !after);
        T(sadb_ike_sa(c->db, 0)->state != IKE_FAILED || after);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    in_an_sa(&c);
    before_the_true_one(&c);
    strangers(&c);
    v1(&c);
    lawful(&c);
    lost_between(&c);
    refused_beside(&c);
    return conversation_done(&c);
}
