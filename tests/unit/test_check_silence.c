/* Who does not answer, and why: nobody there, UDP 4500 blocked, a large message lost, a dead peer; and
 * where the capture alone lacks the answer.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
inferred_quick_mode_refused(void)
{
    for (unsigned answered = 0; answered < 2; answered++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        m.readable = false;
        send("qm1", 3);
        begin(1, answered ? V1_QUICK : V1_INFORMATIONAL, answered ? 9 : 10, false, false);
        m.readable = false;
        send("secret", 4);
        end_after(20);
        T((basis_of(CHECK_request_unanswered) == BASIS_INFERRED) == !answered);
    }
    SILENT(error_notify);
}

static void
v1_established(void)
{
    reset();
    v1_phase1(aes256);
    for (unsigned n = 3; n <= 6; n++) {
        char text[8];
        begin(1, V1_MAIN, 0, n % 2, false);
        memset(m.spi_r, 0x22, 8);
        g_snprintf(text, sizeof text, "mm%u", n);
        send(text, (uint16_t)n);
    }
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
}

static void
dpd(uint32_t id, bool from_client, uint16_t type)
{
    char text[16];

    begin(1, V1_INFORMATIONAL, id, from_client, false);
    memset(m.spi_r, 0x22, 8);
    notify(type);
    g_snprintf(text, sizeof text, "dpd %u", id);
    send(text, (uint16_t)(100 + id));
}

static void
v1_liveness(void)
{
    v1_established();
    dpd(11, true, 36136);
    dpd(12, false, 36137);
    end_after(20);
    SILENT(dead_peer);

    v1_established();
    dpd(11, true, 36136);
    dpd(12, false, 36137);
    dpd(13, true, 36136);
    dpd(14, true, 36136);
    dpd(15, true, 36136);
    end_after(20);
    SAYS(dead_peer, "192.0.2.10 asks whether 198.51.100.20 lives (R-U-THERE, 3 times since frame 9) and gets no acknowledgement");
    T(the_finding(CHECK_dead_peer)->count == 3 && the_finding(CHECK_dead_peer)->frame == 9);
    T(basis_of(CHECK_dead_peer) == BASIS_DECRYPTED && count(CHECK_dead_peer) == 1);
    T(count(CHECK_request_unanswered) == 0);

    v1_established();                                    /* the capture ends too early */
    dpd(11, false, 36136);
    end_after(1);
    T(count(CHECK_dead_peer) == 0);

    reset();                                        /* of the peer's direction nothing was captured */
    dpd(11, true, 36136);
    dpd(13, true, 36136);
    end_after(20);
    T(count(CHECK_dead_peer) == 0);

    v1_established();                                    /* no acknowledgement, but the peer answers a quick mode */
    dpd(11, true, 36136);
    begin(1, V1_QUICK, 9, true, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    send("qm1", 40);
    begin(1, V1_QUICK, 9, false, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 2, PROTO_ESP, 0xb0000001);
    send("qm2", 41);
    end_after(20);
    T(count(CHECK_dead_peer) == 0);
}

static void
request(uint32_t id, const char *octets)
{
    begin(2, V2_CREATE_CHILD_SA, id, true, false);
    send(octets, (uint16_t)(30 + frame));
}

/* Who was answered before and sends nothing again has its answer. */
static void
answers_not_captured(void)
{
    tunnel();
    request(2, "more");
    end_after(15);
    FIRES(request_unanswered);
    tunnel();
    request(2, "more");
    end_after(60);
    SILENT(request_unanswered);
    tunnel();
    request(2, "more");
    send("more", 99);
    end_after(60);
    FIRES(request_unanswered);
    tunnel();                           /* the next request: RFC 7296 section 2.3 */
    request(2, "more");
    request(3, "still more");
    begin(2, V2_CREATE_CHILD_SA, 3, false, true);
    send("yes", 98);
    end_after(15);
    SILENT(request_unanswered);
}

static void
one_direction(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    end_after(60);
    SILENT(request_unanswered);
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    end_after(60);
    FIRES(request_unanswered);
}

/* RFC 3706 needs the other side in the capture. */
static void
liveness_of_one_side(bool both)
{
    reset();
    if (both) {
        v1_phase1(aes256);
    }
    for (uint32_t i = 0; i < 3; i++) {
        char text[16];
        begin(1, V1_INFORMATIONAL, 40 + i, false, false);
        notify(N1_R_U_THERE);
        g_snprintf(text, sizeof text, "alive%u?", i);
        send(text, (uint16_t)(40 + i));
        now += 5;
    }
    end_after(20);
    if (both) {
        FIRES(dead_peer);
    } else {
        SILENT(dead_peer);
    }
}

static void
lost_on_the_way(void)
{
    reset();
    sa_init(aes256, aes256);
    ike_src_port = ike_dst_port = 4500;
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    send("auth?", 7);
    end_after(20);
    SAYS(udp_4500_blocked, "UDP 500 is answered (frame 2); 2 messages to UDP 4500 since frame 3 are not");
    T(count(CHECK_request_unanswered) == 0);
    SILENT(large_message_lost);
    reset();
    sa_init(aes256, aes256);
    ike_src_port = ike_dst_port = 4500;
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.length = 1800;
    send("big", 3);
    end_after(20);
    SAYS(large_message_lost, "1800 bytes");
    SILENT(udp_4500_blocked);
}

static void
liveness_answered(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    send("alive?", 6);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send("alive!", 7);
    end_after(20);
    SILENT(dead_peer);
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    send("alive?", 6);
    end_after(20);
    SAYS(dead_peer, "sent 2 times");
}

/* RFC 7296 section 2.4: whose answers were never captured is not dead. */
static void
liveness(void)
{
    static const struct { bool one_sided, payloads, again, dead, unanswered; } table[] = {
        { false, false, false, true, false }, { false, true, true, true, false }, { false, true, false, false, true },
        { true, false, true, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        if (table[i].one_sided) {
            reset();
            begin(2, V2_IKE_SA_INIT, 0, true, false);
            propose(aes256, 4, PROTO_IKE, 0);
            send("init?", 1);
        } else {
            tunnel();
        }
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.num_payloads = table[i].payloads ? 3 : 1;
        send("alive?", 5);
        if (table[i].again) {
            send("alive?", 6);
        }
        end_after(20);
        TOLD(dead_peer, table[i].dead);
        TOLD(request_unanswered, table[i].unanswered);
    }
}

/* A quick mode that is refused is refused at once. */
static void
quick_mode_refused(void)
{
    for (unsigned late = 0; late < 2; late++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        m.readable = false;
        send("qm1", 3);
        now += late * 4;
        begin(1, V1_INFORMATIONAL, 10, false, false);
        m.readable = false;
        send("secret", 4);
        end_after(20);
        T((basis_of(CHECK_request_unanswered) == BASIS_INFERRED) == !late);
    }
}

int
main(void)
{
    conversation_begin();
    inferred_quick_mode_refused();
    v1_liveness();
    answers_not_captured();
    one_direction();
    liveness_of_one_side(true);
    liveness_of_one_side(false);
    lost_on_the_way();
    liveness_answered();
    liveness();
    quick_mode_refused();
    return conversation_done();
}
