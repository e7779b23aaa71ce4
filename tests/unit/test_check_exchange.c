/* A message that comes again: sent again, captured twice, or another one under the same message ID.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
exchanges(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    send("init?", 2);
    FIRES(retransmission);
    now += 20;
    sadb_see_frame(db, ++frame, now);
    checks_end(found, db, plan);
    SAYS(request_unanswered, "1 more time");

    tunnel();
    now -= 0.45;                                    /* 50 ms after the last: a mirror port */
    send("auth!", 4);
    FIRES(duplicate_frame);
    SILENT(retransmission);
    now += 20;
    sadb_see_frame(db, ++frame, now);
    checks_end(found, db, plan);
    SILENT(request_unanswered);
}

/* A message that Wireshark shows twice in one frame was captured once. */
static void
nested(void)
{
    for (unsigned same = 0; same < 2; same++) {
        tunnel();
        frame -= same;
        now -= 0.5;
        send("auth!", 4);
        T((count(CHECK_duplicate_frame) == 1) == !same && count(CHECK_retransmission) == 0);
    }
}

/* What was captured twice is told once. */
static void
twice(void)
{
    char *error = NULL;

    reset();
    T(plan_add(plan, "192.0.2.10", "AES_CBC_128", NULL, NULL, NULL, &error));
    for (unsigned i = 0; i < 4; i++) {
        begin(2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2);
        m.has_auth = i >= 2;
        if (i < 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        if (i == 2) {
            m.error = IKE_ERR_ID;
        }
        for (unsigned copy = 0; copy < 2; copy++) {
            char text[8];
            now -= copy * 0.45;
            g_snprintf(text, sizeof text, "%u", i);
            send(text, (uint16_t)(1 + i));
        }
    }
    TOLD(plan_mismatch, true);
    TOLD(retransmission, false);
    for (size_t i = 0; i < findings_count(found); i++) {
        const struct finding *f = findings_get(found, i);
        T((f->check != CHECK_malformed_message && f->check != CHECK_plan_mismatch) || f->count == 1);
    }
    T(count(CHECK_malformed_message) == 1);
    begin(2, V2_INFORMATIONAL, 2, false, false);    /* 18 is a notify of IKEv1 alone */
    notify(N1_INVALID_ID_INFORMATION);
    send("eighteen", 20);
    TOLD(identity_rejected, false);
}

/* A message that the keys of its SA do not open is not known to be that side's. */
static void
forged_message(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.readable = false;
    m.integrity_wrong = true;
    send("damaged", 5);
    T(((const struct exchange *)g_ptr_array_index(sadb_ike_sa(db, 0)->exchanges, 2))->request == 0);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("good", 6);
    SILENT(message_id_reused);
    T(((const struct exchange *)g_ptr_array_index(sadb_ike_sa(db, 0)->exchanges, 2))->request == frame);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("another good one", 7);
    SAYS(message_id_reused, "(frames 6 and 7)");
}

/* A packet with its Identification, and its copy soon after. */
static void
esp_twice(const struct ip_addr *src, const struct ip_addr *dst, const struct ip_addr *then_src, const struct ip_addr *then_dst,
          uint32_t spi, double apart, uint16_t second_id)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        struct sighting at = { .frame = frame + 1, .time = now + (copy ? apart : 1), .src = copy ? *then_src : *src,
                               .dst = copy ? *then_dst : *dst, .ip_id = copy ? second_id : 7 };
        struct ipsec_packet p = esp_of(spi, 1);
        struct ipsec_event e;
        frame = at.frame;
        now = at.time;
        sadb_see_frame(db, frame, now);
        sadb_see_ipsec(db, &e, &at, &p);
        checks_packet(found, db, plan, &e);
    }
}

/* ESP as a mirror port and the capture of a NAT itself show it. */
static void
esp_captured_twice(void)
{
    tunnel();
    esp_twice(&client, &gateway, &client, &gateway, 0xb0000001, 0.00002, 7);
    SAYS(duplicate_frame, "Frame 6 was captured twice: it is frame 5 again, at the same moment.");
    SILENT(replay);
    tunnel();
    esp_twice(&client, &gateway, &client, &gateway, 0xb0000001, 0.00002, 8);
    FIRES(replay);
    SILENT(duplicate_frame);
    tunnel();                   /* a stranger's copy is no NAT's */
    esp_twice(&client, &gateway, &stranger, &gateway, 0xb0000001, 0.00002, 7);
    SILENT(duplicate_frame);
    reset();                    /* no IKE at all */
    esp_twice(&client, &gateway, &stranger, &gateway, 0xb0000001, 0.00002, 7);
    SAYS(duplicate_frame, "Frame 2 was captured twice: it is frame 1 again, on the other side of a NAT.");
    T(basis_of(CHECK_duplicate_frame) == BASIS_INFERRED);
    reset();
    esp_twice(&client, &gateway, &stranger, &gateway, 0xb0000001, 0.05, 7);
    esp_twice(&client, &gateway, &stranger, &client, 0xb0000002, 0.00002, 7);
    SILENT(duplicate_frame);
}

/* The capture of the NAT itself holds every packet with both addresses: stranger is what the
 * client's becomes. */
static void
both_sides_of_nat(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    send_soon(&stranger, &gateway, "init?", 1);
    FIRES(duplicate_frame);
    T(sadb_num_ike_sas(db) == 1 && sadb_ike_sa(db, 0)->after_nat == 2);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    send_soon(&gateway, &stranger, "init!", 2);
    send_soon(&gateway, &client, "init!", 2);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    T(sadb_num_ike_sas(db) == 1 && sadb_num_child_sas(db) == 1);
    ipsec(&client, &gateway, esp_of(0xb0000001, 1));
    ipsec(&stranger, &gateway, esp_of(0xb0000001, 1));
    ipsec(&gateway, &stranger, esp_of(0xa0000001, 1));
    ipsec(&gateway, &client, esp_of(0xa0000001, 1));
    SILENT(outer_source_violation);
    SILENT(outer_destination_violation);
    SILENT(replay);
    T(count(CHECK_duplicate_frame) == 1);
    esp_twice(&client, &gateway, &stranger, &gateway, 0xb0000001, 0.01, 7);
    T(count(CHECK_duplicate_frame) == 2);
    tunnel();
    SILENT(duplicate_frame);
    ipsec(&stranger, &gateway, esp_of(0xb0000001, 1));
    ipsec(&gateway, &stranger, esp_of(0xa0000001, 1));
    FIRES(outer_source_violation);
    FIRES(outer_destination_violation);
}

int
main(void)
{
    conversation_begin();
    exchanges();
    nested();
    twice();
    forged_message();
    both_sides_of_nat();
    esp_captured_twice();
    return conversation_done();
}
