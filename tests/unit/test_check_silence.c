/* Who does not answer, and why: nobody there, UDP 4500 blocked, a large message lost, a dead
 * peer; and where the capture alone lacks the answer.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
inferred_quick_mode_refused(struct conversation *c)
{
    for (unsigned answered = 0; answered < 2; answered++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_QUICK, 9, true, false);
        c->m.readable = false;
        send(c, "qm1", 3);
        begin(c, 1, answered ? V1_QUICK : V1_INFORMATIONAL, answered ? 9 : 10, false, false);
        c->m.readable = false;
        send(c, "secret", 4);
        end_after(c, 20);
        T((basis_of(c, CHECK_request_unanswered) == BASIS_INFERRED) == !answered);
    }
    SILENT(c, error_notify);
}

static void
v1_established(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    for (unsigned n = 3; n <= 6; n++) {
        char text[8];
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        c->m.encrypted = n > 4;
        memset(c->m.spi_r, 0x22, 8);
        g_snprintf(text, sizeof text, "mm%u", n);
        send(c, text, (uint16_t)n);
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
}

static void
dpd(struct conversation *c, uint32_t id, bool from_client, uint16_t type)
{
    char text[16];

    begin(c, 1, V1_INFORMATIONAL, id, from_client, false);
    memset(c->m.spi_r, 0x22, 8);
    notify(c, type);
    g_snprintf(text, sizeof text, "dpd %u", id);
    send(c, text, (uint16_t)(100 + id));
}

static void
v1_liveness(struct conversation *c)
{
    v1_established(c);
    dpd(c, 11, true, N1_R_U_THERE);
    dpd(c, 12, false, N1_R_U_THERE_ACK);
    end_after(c, 20);
    SILENT(c, dead_peer);

    v1_established(c);
    dpd(c, 11, true, N1_R_U_THERE);
    dpd(c, 12, false, N1_R_U_THERE_ACK);
    dpd(c, 13, true, N1_R_U_THERE);
    dpd(c, 14, true, N1_R_U_THERE);
    dpd(c, 15, true, N1_R_U_THERE);
    end_after(c, 20);
    SAYS(c, dead_peer, "192.0.2.10 checks whether 198.51.100.20 is alive (R-U-THERE, 3 times since "
                       "frame 9) and gets no acknowledgement");
    T(the_finding(c, CHECK_dead_peer)->count == 3 && the_finding(c, CHECK_dead_peer)->frame == 9);
    T(basis_of(c, CHECK_dead_peer) == BASIS_DECRYPTED && count(c, CHECK_dead_peer) == 1);
    T(count(c, CHECK_request_unanswered) == 0);

    v1_established(c);                              /* the capture ends too early */
    dpd(c, 11, false, N1_R_U_THERE);
    end_after(c, 1);
    T(count(c, CHECK_dead_peer) == 0);

    reset(c);    /* of the peer's direction nothing was captured */
    dpd(c, 11, true, N1_R_U_THERE);
    dpd(c, 13, true, N1_R_U_THERE);
    end_after(c, 20);
    T(count(c, CHECK_dead_peer) == 0);

    v1_established(c);    /* no acknowledgement, but the peer answers a quick mode */
    dpd(c, 11, true, N1_R_U_THERE);
    begin(c, 1, V1_QUICK, 9, true, false);
    memset(c->m.spi_r, 0x22, 8);
    propose(c, esp128, 2, PROTO_ESP, TO_I);
    send(c, "qm1", 40);
    begin(c, 1, V1_QUICK, 9, false, false);
    memset(c->m.spi_r, 0x22, 8);
    propose(c, esp128, 2, PROTO_ESP, TO_R);
    send(c, "qm2", 41);
    end_after(c, 20);
    T(count(c, CHECK_dead_peer) == 0);
}

/* The same without keys: the lengths tell. */
static void
blind_checks(struct conversation *c)
{
    enum { DEAD, ONE_ANSWERED, OTHER_LENGTH, BURST, ESP_COMES, ENDS, TWO_MISSED, NUM };

    for (unsigned how = 0; how < NUM; how++) {
        unsigned answered = how == ONE_ANSWERED ? 1 : 2, missed = how == TWO_MISSED ? 2 : 3;
        v1_tunnel(c, 0, 0);
        for (unsigned i = 0; i < answered + missed; i++) {
            for (unsigned back = 0; back < (i < answered ? 2 : 1); back++) {
                char text[24];
                begin(c, 1, V1_INFORMATIONAL, 20 + 2 * i + back, !back, false);
                memset(c->m.spi_r, 0x22, 8);
                c->m.readable = false;
                c->m.length = how == OTHER_LENGTH && i >= answered ? 92 : 108;
                c->now += back ? -0.4 : how == BURST && i >= answered ? -0.4 : 1;
                g_snprintf(text, sizeof text, "blind %u %u", i, back);
                send(c, text, (uint16_t)(200 + 2 * i + back));
            }
        }
        if (how == ESP_COMES) {
            for (uint32_t seq = 1; seq <= 3; seq++) {
                ipsec(c, &c->gateway, &c->client, esp_of(TO_I, seq));
            }
        }
        end_after(c, how == ENDS ? 0.1 : 20);
        TOLD(c, dead_peer, how == DEAD || how == ENDS);
        if (how == DEAD) {
            SAYS(c, dead_peer, "192.0.2.10 sends 3 Informational messages of 108 octets (frames 9 "
                               "to 11), and nothing comes back from 198.51.100.20. Before that, "
                               "198.51.100.20 answered 2 of them at once");
            T(basis_of(c, CHECK_dead_peer) == BASIS_INFERRED);
        }
    }
}

static void
request(struct conversation *c, uint32_t id, const char *octets)
{
    begin(c, 2, V2_CREATE_CHILD_SA, id, true, false);
    send(c, octets, (uint16_t)(30 + c->frame));
}

/* Who was answered before and sends nothing again has its answer. */
static void
answers_not_captured(struct conversation *c)
{
    tunnel(c);
    request(c, 2, "more");
    end_after(c, 15);
    FIRES(c, request_unanswered);
    tunnel(c);
    request(c, 2, "more");
    end_after(c, 60);
    SILENT(c, request_unanswered);
    tunnel(c);
    request(c, 2, "more");
    send(c, "more", 99);
    end_after(c, 60);
    FIRES(c, request_unanswered);
    tunnel(c);                                      /* the clock is set back */
    sadb_see_frame(c->db, ++c->frame, c->now += 20);
    c->now -= 20;
    request(c, 2, "more");
    end_after(c, 1);
    SILENT(c, request_unanswered);
    for (unsigned again = 0; again < 2; again++) {  /* IKEv1 alike */
        v1_established(c);
        begin(c, 1, V1_QUICK, 9, true, false);
        memset(c->m.spi_r, 0x22, 8);
        propose(c, esp128, 2, PROTO_ESP, TO_I);
        send(c, "qm1", 40);
        if (again) {
            send(c, "qm1", 41);
        }
        end_after(c, 60);
        T(count(c, CHECK_request_unanswered) == again);
    }
    tunnel(c);                                      /* the next request: RFC 7296 section 2.3 */
    request(c, 2, "more");
    request(c, 3, "still more");
    begin(c, 2, V2_CREATE_CHILD_SA, 3, false, true);
    send(c, "yes", 98);
    end_after(c, 15);
    SILENT(c, request_unanswered);
}

static void
one_direction(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    end_after(c, 60);
    SILENT(c, request_unanswered);
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    end_after(c, 60);
    FIRES(c, request_unanswered);
}

/* RFC 3706 needs the other side in the capture. */
static void
liveness_of_one_side(struct conversation *c, bool both)
{
    reset(c);
    if (both) {
        v1_phase1(c, aes256);
    }
    for (uint32_t i = 0; i < 3; i++) {
        char text[16];
        begin(c, 1, V1_INFORMATIONAL, 40 + i, false, false);
        notify(c, N1_R_U_THERE);
        g_snprintf(text, sizeof text, "alive%u?", i);
        send(c, text, (uint16_t)(40 + i));
        c->now += 5;
    }
    end_after(c, 20);
    if (both) {
        FIRES(c, dead_peer);
    } else {
        SILENT(c, dead_peer);
    }
}

static void
lost_on_the_way(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    c->ike_src_port = c->ike_dst_port = PORT_NATT;
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth?", 7);
    end_after(c, 20);
    SAYS(c, udp_4500_blocked,
         "UDP 500 is answered (frame 2); 2 messages to UDP 4500 since frame 3 are not");
    T(count(c, CHECK_request_unanswered) == 0);
    SILENT(c, large_message_lost);
    for (unsigned late = 0; late < 2; late++) {         /* another machine has UDP 4500 */
        reset(c);
        sa_init(c, aes256, aes256);
        c->ike_src_port = c->ike_dst_port = PORT_NATT;
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.encrypted = false;
        notify(c, N2_INVALID_IKE_SPI);
        send(c, "who?", 8);
        if (late) {
            auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        end_after(c, 20);
        TOLD(c, udp_4500_blocked, !late);
        SILENT(c, error_notify);
        if (!late) {
            SAYS(c, udp_4500_blocked, "get only INVALID_IKE_SPI in clear (frame 4)");
            T(basis_of(c, CHECK_udp_4500_blocked) == BASIS_INFERRED);
        }
    }
    reset(c);
    sa_init(c, aes256, aes256);
    c->ike_src_port = c->ike_dst_port = PORT_NATT;
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.length = 1800;
    send(c, "big", 3);
    end_after(c, 20);
    SAYS(c, large_message_lost, "1800 bytes");
    SILENT(c, udp_4500_blocked);
}

static void
liveness_answered(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 5);
    send(c, "alive?", 6);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send(c, "alive!", 7);
    end_after(c, 20);
    SILENT(c, dead_peer);
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 5);
    send(c, "alive?", 6);
    end_after(c, 20);
    SAYS(c, dead_peer, "sent 2 times");
}

/* RFC 7296 section 2.4: whose answers were never captured is not dead. */
static void
liveness(struct conversation *c)
{
    static const struct { bool one_sided, payloads, again, dead, unanswered; } table[] = {
        { false, false, false, true, false }, { false, true, true, true, false },
        { false, true, false, false, true },
        { true, false, true, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].one_sided) {
            reset(c);
            begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            send(c, "init?", 1);
        } else {
            tunnel(c);
        }
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->m.num_payloads = table[i].payloads ? 3 : 1;
        send(c, "alive?", 5);
        if (table[i].again) {
            send(c, "alive?", 6);
        }
        end_after(c, 20);
        TOLD(c, dead_peer, table[i].dead);
        TOLD(c, request_unanswered, table[i].unanswered);
    }
}

/* A quick mode that is refused is refused at once. */
static void
quick_mode_refused(struct conversation *c)
{
    for (unsigned late = 0; late < 2; late++) {
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_QUICK, 9, true, false);
        c->m.readable = false;
        send(c, "qm1", 3);
        c->now += late * 4;
        begin(c, 1, V1_INFORMATIONAL, 10, false, false);
        c->m.readable = false;
        send(c, "secret", 4);
        end_after(c, 20);
        T((basis_of(c, CHECK_request_unanswered) == BASIS_INFERRED) == !late);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    inferred_quick_mode_refused(&c);
    v1_liveness(&c);
    blind_checks(&c);
    answers_not_captured(&c);
    one_direction(&c);
    liveness_of_one_side(&c, true);
    liveness_of_one_side(&c, false);
    lost_on_the_way(&c);
    liveness_answered(&c);
    liveness(&c);
    quick_mode_refused(&c);
    return conversation_done(&c);
}
