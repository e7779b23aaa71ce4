/* What a capture lacks or has the wrong way round is nobody's fault: each case beside the same
 * without the gap.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* --- quick mode -------------------------------------------------------------------- */

static void
quick_mode(bool by_client, const char *octets, bool last)
{
    static const uint8_t one[] = { 10, 1, 0, 0, 255, 255, 255, 0 }, two[] = { 10, 2, 0, 0, 255, 255, 255, 0 };

    begin(1, V1_QUICK, 9, by_client, false);
    if (!last) {
        propose(esp128, 3, PROTO_ESP, by_client ? 0xa0000001 : 0xb0000001);
        m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { one, 8 } };
        m.id_r = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { two, 8 } };
    }
    send(octets, (uint16_t)(20 + frame));
}

/* Its second message before its first: the third tells who began. */
static void
quick_mode_turned(void)
{
    reset();
    v1_phase1(aes256);
    quick_mode(false, "qm2", false);
    quick_mode(true, "qm1", false);
    T(sadb_num_child_sas(db) == 1);
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SILENT(inner_source_violation);
    quick_mode(true, "qm3", true);
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    packet(0xa0000001, &gateway, &client, "10.2.0.5", "10.1.0.5", 6);
    SILENT(inner_source_violation);
    SILENT(inner_destination_violation);
    packet(0xb0000001, &client, &gateway, "10.2.0.5", "10.1.0.5", 6);
    SAYS(inner_source_violation, "admits only 10.1.0.0/24 from 192.0.2.10");
    FIRES(inner_destination_violation);
}

/* --- requests and answers ------------------------------------------------------------ */

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

/* --- lives of SAs -------------------------------------------------------------------- */

/* The answer to the IKE SA's rekeying was not captured: the Child SAs are another one's. */
static void
rekeyed_unseen(bool rekeys)
{
    tunnel();
    if (rekeys) {
        begin(2, V2_CREATE_CHILD_SA, 2, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].spi_len = 8;
        memset(m.proposals[0].spi, 0x77, 8);
        send("rekey", 20);
    }
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("delete", 21);
    now += 2;
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    if (rekeys) {
        SILENT(esp_after_delete);
    } else {
        FIRES(esp_after_delete);
    }
}

/* The Delete that follows the rekeying stands before it. */
static void
deleted_before_rekeyed(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("delete", 21);
    T(sadb_child_sa(db, 0)->deleted_in == frame);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_CREATE_CHILD_SA, 2, side == 0, side == 1);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].spi_len = 8;
        memset(m.proposals[0].spi, 0x77 + side, 8);
        send(side ? "rekeyed" : "rekey", (uint16_t)(22 + side));
    }
    T(sadb_num_ike_sas(db) == 2 && sadb_child_sa(db, 0)->deleted_in == 0);
    now += 3;
    packet(0xb0000001, &client, &gateway, "10.1.0.5", "10.2.0.5", 6);
    SILENT(esp_after_delete);
}

/* Without main mode's first message the fifth captured is the sixth. */
static void
main_mode_counted(bool whole)
{
    reset();
    for (unsigned i = whole ? 1 : 2; i <= (whole ? 5 : 6); i++) {
        char text[16];
        begin(1, V1_MAIN, 0, i % 2, false);
        if (i > 1) {
            memset(m.spi_r, 0x22, 8);
        }
        if (i <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        m.encrypted = i > 4;
        m.readable = i <= 4;
        g_snprintf(text, sizeof text, "mm%u", i);
        send(text, (uint16_t)i);
    }
    begin(1, V1_INFORMATIONAL, 77, !whole, false);
    m.readable = false;
    send("what?", 9);
    if (whole) {
        FIRES(auth_failure_suspected);
    } else {
        SILENT(auth_failure_suspected);
    }
}

/* AH and ESP of one quick mode are two Child SAs (RFC 2407 section 4.2). */
static void
bundle(void)
{
    static const struct transform ah[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    reset();
    v1_phase1(aes256);
    for (int side = 0; side < 2; side++) {
        begin(1, V1_QUICK, 9, side == 0, false);
        propose(ah, 1, PROTO_AH, side ? 0xb0000001 : 0xa0000001);
        propose(esp128, 3, PROTO_ESP, side ? 0xb0000002 : 0xa0000002);
        send(side ? "qm2" : "qm1", (uint16_t)(20 + side));
    }
    T(sadb_num_child_sas(db) == 2 && count(CHECK_sa_established) == 3);      /* and the IKE SA */
    T(sadb_child_sa(db, 0)->protocol == PROTO_AH && sadb_child_sa(db, 1)->protocol == PROTO_ESP);
    T(sadb_child_sa(db, 1)->spi_i == 0xa0000002 && sadb_child_sa(db, 1)->spi_r == 0xb0000002);
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_AH, .spi = 0xb0000001, .seq = 1, .length = 100 });
    packet(0xb0000002, &client, &gateway, NULL, NULL, 0);
    packet(0xa0000002, &gateway, &client, NULL, NULL, 0);
    SILENT(spi_unknown);
    SILENT(protocol_mismatch);
    SILENT(duplicate_child_sa);
    packet(0xa0000003, &gateway, &client, NULL, NULL, 0);
    FIRES(spi_unknown);
}

/* With MOBIKE an answer on another path, whose request was not captured, may be the move's. */
static void
moved_unseen(bool answered)
{
    reset();
    sa_init(aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_IKE_AUTH, 1, side == 0, side == 1);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, side ? TO_R : 0xa0000001);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        notify(N2_MOBIKE_SUPPORTED);
        send(side ? "auth!" : "auth?", 3);
    }
    if (answered) {
        begin(2, V2_INFORMATIONAL, 2, false, true);
        to_addr = &stranger;
        send("moved", 22);
    }
    ipsec(&stranger, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100 });
    if (answered) {
        SILENT(outer_source_violation);
    } else {
        FIRES(outer_source_violation);
    }
}

int
main(void)
{
    conversation_begin();
    quick_mode_turned();
    answers_not_captured();
    one_direction();
    liveness_of_one_side(true);
    liveness_of_one_side(false);
    rekeyed_unseen(true);
    rekeyed_unseen(false);
    deleted_before_rekeyed();
    main_mode_counted(true);
    main_mode_counted(false);
    bundle();
    moved_unseen(true);
    moved_unseen(false);
    return conversation_done();
}
