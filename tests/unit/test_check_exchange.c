/* A message that comes again: sent again, captured twice, or another one under the same message ID.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
exchanges(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    send(c, "init?", 2);
    FIRES(c, retransmission);
    c->now += 20;
    sadb_see_frame(c->db, ++c->frame, c->now);
    sadb_see_end(c->db);
    checks_end(c->found, c->db, c->plan);
    SAYS(c, request_unanswered, "1 more time");

    tunnel(c);
    c->now -= 0.45;                                 /* 50 ms after the last: a mirror port */
    send(c, "auth!", 4);
    FIRES(c, duplicate_frame);
    SILENT(c, retransmission);
    c->now += 20;
    sadb_see_frame(c->db, ++c->frame, c->now);
    sadb_see_end(c->db);
    checks_end(c->found, c->db, c->plan);
    SILENT(c, request_unanswered);
}

/* A message that Wireshark shows twice in one frame was captured once. */
static void
nested(struct conversation *c)
{
    for (unsigned same = 0; same < 2; same++) {
        tunnel(c);
        c->frame -= same;
        c->now -= 0.5;
        send(c, "auth!", 4);
        T((count(c, CHECK_duplicate_frame) == 1) == !same && count(c, CHECK_retransmission) == 0);
    }
}

/* What was captured twice is told once. */
static void
twice(struct conversation *c)
{
    char *error = NULL;

    reset(c);
    T(plan_add(c->plan, "192.0.2.10", "AES_CBC_128", NULL, NULL, NULL, &error));
    for (unsigned i = 0; i < 4; i++) {
        begin(c, 2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2);
        c->m.has_auth = i >= 2;
        if (i < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        if (i == 2) {
            c->m.error = IKE_ERR_ID;
        }
        for (unsigned copy = 0; copy < 2; copy++) {
            char text[8];
            c->now -= copy * 0.45;
            g_snprintf(text, sizeof text, "%u", i);
            send(c, text, (uint16_t)(1 + i));
        }
    }
    TOLD(c, plan_mismatch, true);
    TOLD(c, retransmission, false);
    for (size_t i = 0; i < findings_count(c->found); i++) {
        const struct finding *f = findings_get(c->found, i);
        T((f->check != CHECK_malformed_message && f->check != CHECK_plan_mismatch) ||
          f->count == 1);
    }
    T(count(c, CHECK_malformed_message) == 1);
    begin(c, 2, V2_INFORMATIONAL, 2, false, false);    /* 18 is a notify of IKEv1 alone */
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "eighteen", 20);
    TOLD(c, identity_rejected, false);
}

/* A message that the keys of its SA do not open is not known to be that side's. */
static void
forged_message(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.readable = false;
    c->m.integrity_wrong = true;
    send(c, "damaged", 5);
    T(sadb_ike_sa(c->db, 0)->exchanges.len == 2);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "good", 6);
    SILENT(c, message_id_reused);
    T(sadb_ike_sa(c->db, 0)->exchanges.at[2]->request == c->frame);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "another good one", 7);
    SAYS(c, message_id_reused, "(frames 6 and 7)");
}

/* A packet with its Identification, and its copy soon after. */
static void
esp_twice(struct conversation *c, const struct ip_addr *src, const struct ip_addr *dst,
          const struct ip_addr *then_src, const struct ip_addr *then_dst, uint32_t spi,
          double apart, uint16_t second_id)
{
    for (unsigned copy = 0; copy < 2; copy++) {
        struct sighting at = { .frame = c->frame + 1, .time = c->now + (copy ? apart : 1),
                               .src = copy ? *then_src : *src,
                               .dst = copy ? *then_dst : *dst, .ip_id = copy ? second_id : 7 };
        struct ipsec_packet p = esp_of(spi, 1);
        struct ipsec_event e;
        c->frame = at.frame;
        c->now = at.time;
        sadb_see_frame(c->db, c->frame, c->now);
        sadb_see_ipsec(c->db, &e, &at, &p);
        checks_packet(c->found, c->db, c->plan, &e);
    }
}

/* ESP as a mirror port and the capture of a NAT itself show it. */
static void
esp_captured_twice(struct conversation *c)
{
    tunnel(c);
    esp_twice(c, &c->client, &c->gateway, &c->client, &c->gateway, TO_R, 0.00002, 7);
    SAYS(c, duplicate_frame,
         "Frame 6 is the same packet as frame 5, captured twice at the same moment.");
    SILENT(c, replay);
    tunnel(c);
    esp_twice(c, &c->client, &c->gateway, &c->client, &c->gateway, TO_R, 0.00002, 8);
    FIRES(c, replay);
    SILENT(c, duplicate_frame);
    tunnel(c);                                      /* a stranger's copy is no NAT's */
    esp_twice(c, &c->client, &c->gateway, &c->stranger, &c->gateway, TO_R, 0.00002, 7);
    SILENT(c, duplicate_frame);
    reset(c);                                       /* no IKE at all */
    esp_twice(c, &c->client, &c->gateway, &c->stranger, &c->gateway, TO_R, 0.00002, 7);
    SAYS(c, duplicate_frame,
         "Frame 2 is the same packet as frame 1, captured on both sides of a NAT.");
    T(basis_of(c, CHECK_duplicate_frame) == BASIS_INFERRED);
    reset(c);
    esp_twice(c, &c->client, &c->gateway, &c->stranger, &c->gateway, TO_R, 0.05, 7);
    esp_twice(c, &c->client, &c->gateway, &c->stranger, &c->client, 0xb0000002, 0.00002, 7);
    SILENT(c, duplicate_frame);
}

/* The capture of the NAT itself holds every packet with both addresses: stranger is what the
 * client's becomes. */
static void
both_sides_of_nat(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    send_soon(c, &c->stranger, &c->gateway, "init?", 1);
    FIRES(c, duplicate_frame);
    T(sadb_num_ike_sas(c->db) == 1 && sadb_ike_sa(c->db, 0)->after_nat == 2);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send_soon(c, &c->gateway, &c->stranger, "init!", 2);
    send_soon(c, &c->gateway, &c->client, "init!", 2);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    T(sadb_num_ike_sas(c->db) == 1 && sadb_num_child_sas(c->db) == 1);
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    ipsec(c, &c->stranger, &c->gateway, esp_of(TO_R, 1));
    ipsec(c, &c->gateway, &c->stranger, esp_of(TO_I, 1));
    ipsec(c, &c->gateway, &c->client, esp_of(TO_I, 1));
    SILENT(c, outer_source_violation);
    SILENT(c, outer_destination_violation);
    SILENT(c, replay);
    T(count(c, CHECK_duplicate_frame) == 1);
    esp_twice(c, &c->client, &c->gateway, &c->stranger, &c->gateway, TO_R, 0.01, 7);
    T(count(c, CHECK_duplicate_frame) == 2);
    tunnel(c);
    SILENT(c, duplicate_frame);
    ipsec(c, &c->stranger, &c->gateway, esp_of(TO_R, 1));
    ipsec(c, &c->gateway, &c->stranger, esp_of(TO_I, 1));
    FIRES(c, outer_source_violation);
    FIRES(c, outer_destination_violation);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    exchanges(&c);
    nested(&c);
    twice(&c);
    forged_message(&c);
    both_sides_of_nat(&c);
    esp_captured_twice(&c);
    return conversation_done(&c);
}
