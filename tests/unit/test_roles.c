/* Who began an IKE SA of IKEv1 and its quick modes, whatever message is captured first.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Frames come in the order of the digits, which number the messages of one mode. */
static void
main_mode(struct conversation *c, const char *order)
{
    for (const char *at = order; *at; at++) {
        unsigned n = (unsigned)(*at - '0');
        char text[8];
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        c->m.encrypted = n > 4;
        c->m.readable = n <= 4;
        c->m.has_ke = n == 3 || n == 4;
        if (n <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.seen = 1ull << V1P_SA;
        }
        g_snprintf(text, sizeof text, "mm%u", n);
        c->now -= 0.49;                 /* 10 ms after the one before */
        send(c, text, (uint16_t)n);
    }
}

static void
network(struct ike_id *id, const uint8_t net[8])
{
    *id = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR_SUBNET,
                           .data = { net, 8 } };
}

static void
quick_mode(struct conversation *c, const char *order)
{
    static const uint8_t here[] = { 10, 1, 0, 0, 255, 255, 255, 0 },
                         there[] = { 10, 2, 0, 0, 255, 255, 255, 0 };

    for (const char *at = order; *at; at++) {
        unsigned n = (unsigned)(*at - '0');
        char text[8];
        begin(c, 1, V1_QUICK, 9, n % 2, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.seen = 1ull << V1P_HASH;
        if (n <= 2) {
            propose(c, esp128, 2, PROTO_ESP, n == 2 ? TO_R : TO_I);
            network(&c->m.id_i, here);
            network(&c->m.id_r, there);
            c->m.seen |= 1ull << V1P_SA | 1ull << V1P_NONCE;
        }
        g_snprintf(text, sizeof text, "qm%u", n);
        c->now -= 0.49;
        send(c, text, (uint16_t)(20 + n));
    }
}

static void
phase1(struct conversation *c)
{
    static const char *const orders[] = { "123456", "213456", "321456", "412356", "431256",
                                          "234156", "561234", "654321" };

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        const struct ike_sa *sa;
        reset(c);
        main_mode(c, orders[i]);
        sa = sadb_ike_sa(c->db, 0);
        T(sadb_num_ike_sas(c->db) == 1);
        T(ip_equal(&sa->initiator.addr, &c->client) && ip_equal(&sa->responder.addr, &c->gateway));
        T(sa->started_here && sa->chosen && sa->offered->len == 1);
        T(sa->from_initiator && sa->from_responder);
    }
    for (size_t from = 2; from <= 6; from++) {  /* a capture that begins late */
        reset(c);
        main_mode(c, "123456" + from - 1);
        T(!sadb_ike_sa(c->db, 0)->started_here);
        T(from > 3 || ip_equal(&sadb_ike_sa(c->db, 0)->initiator.addr, &c->client));
    }
    reset(c);                           /* the answer alone tells the suite */
    main_mode(c, "2");
    T(sadb_ike_sa(c->db, 0)->chosen && !sadb_ike_sa(c->db, 0)->offered->len);
}

/* Later nobody turns an SA round by a first message. */
static void
forged(struct conversation *c)
{
    reset(c);
    main_mode(c, "123456");
    begin(c, 1, V1_MAIN, 0, false, false);
    memset(c->m.spi_r, 0, 8);
    propose(c, aes128, 4, PROTO_IKE, 0);
    send(c, "turn", 99);
    T(ip_equal(&sadb_ike_sa(c->db, 0)->initiator.addr, &c->client));
}

static void
quick_modes(struct conversation *c)
{
    static const char *const orders[] = { "123", "132", "213", "231", "312", "321" };

    for (size_t i = 0; i < G_N_ELEMENTS(orders); i++) {
        const struct child_sa *child;
        char text[40];
        reset(c);
        main_mode(c, "123456");
        quick_mode(c, orders[i]);
        T(sadb_num_child_sas(c->db) == 1);
        child = sadb_child_sa(c->db, 0);
        T(child->spi_i == TO_I && child->spi_r == TO_R);
        T(strcmp(selectors_print(child->ts_i, child->num_ts_i, text, sizeof text),
                 "10.1.0.0/24") == 0);
        T(strcmp(selectors_print(child->ts_r, child->num_ts_r, text, sizeof text),
                 "10.2.0.0/24") == 0);
        packet(c, TO_R, &c->client, &c->gateway, "10.1.0.1", "10.2.0.1", IP_UDP);
        packet(c, TO_I, &c->gateway, &c->client, "10.2.0.1", "10.1.0.1", IP_UDP);
        end_after(c, 1);
        SILENT(c, inner_source_violation);
        SILENT(c, inner_destination_violation);
        SILENT(c, payload_missing);
    }
}

/* What a notify refuses is told by the state of the SA, not by what the capture happens to hold. */
static void
refusals(struct conversation *c)
{
    reset(c);
    main_mode(c, "123456");
    begin(c, 1, V1_INFORMATIONAL, 77, false, false);
    memset(c->m.spi_r, 0x22, 8);
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "networks", 30);
    SILENT(c, identity_rejected);
    SAYS(c, ts_unacceptable, "refuses the networks of a quick mode that was not captured");
    reset(c);                           /* the initiator, of the responder's last message */
    main_mode(c, "123456");
    begin(c, 1, V1_INFORMATIONAL, 77, true, false);
    memset(c->m.spi_r, 0x22, 8);
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "who are you", 30);
    FIRES(c, identity_rejected);
    SILENT(c, ts_unacceptable);
    reset(c);                           /* nothing but the refusal */
    begin(c, 1, V1_INFORMATIONAL, 0, false, false);
    notify(c, N1_AUTHENTICATION_FAILED);
    send(c, "no", 1);
    SAYS(c, auth_failed, "clear, frame 1); the message that it answers");
}

int
main(void)
{
    struct conversation c;

    conversation_begin(&c);
    phase1(&c);
    forged(&c);
    quick_modes(&c);
    refusals(&c);
    return conversation_done(&c);
}
