/* What a capture shows that looks like a fault and is none: each beside the fault that it looks
 * like.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

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

static void
rekey_of_first(bool by_client, const char *octets, uint32_t spi)
{
    static const uint8_t of_client[] = { 0xa0, 0, 0, 1 }, of_gateway[] = { 0xb0, 0, 0, 1 };

    begin(2, V2_CREATE_CHILD_SA, 2, by_client, false);
    propose(esp128, 3, PROTO_ESP, spi);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    if (!by_client) {
        selectors("10.2.0.0/24", "10.1.0.0/24");
    }
    notify(N2_REKEY_SA);
    m.notifies[m.num_notifies - 1].spi = (struct span){ by_client ? of_client : of_gateway, 4 };
    send(octets, 20);
}

static void
answer_of_rekey(bool by_client, const char *octets, uint32_t spi)
{
    begin(2, V2_CREATE_CHILD_SA, 2, !by_client, true);
    propose(esp128, 3, PROTO_ESP, spi);
    selectors(by_client ? "10.1.0.0/24" : "10.2.0.0/24", by_client ? "10.2.0.0/24" : "10.1.0.0/24");
    send(octets, 21);
}

/* RFC 7296 section 2.8.1: both new Child SAs replace the same old one. */
static void
crossed_rekeys(void)
{
    tunnel();
    rekey_of_first(true, "i rekey", 0xa0000002);
    rekey_of_first(false, "r rekeys", 0xb0000003);
    FIRES(rekey_collision);
    answer_of_rekey(true, "yes i", 0xb0000002);
    answer_of_rekey(false, "yes r", 0xa0000003);
    T(sadb_num_child_sas(db) == 3);
    SILENT(duplicate_child_sa);
}

/* The answer that chose the SPI went another way. */
static void
answer_another_way(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    packet(0xc0000001, &client, &gateway, NULL, NULL, 0);
    SILENT(spi_unknown);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    packet(0xc0000001, &client, &gateway, NULL, NULL, 0);
    FIRES(spi_unknown);
}

/* The SPI is known, of the other protocol. */
static void
other_protocol(void)
{
    tunnel();
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_AH, .spi = 0xb0000001, .seq = 1, .length = 100 });
    FIRES(protocol_mismatch);
    SILENT(spi_unknown);
}

static void
transport(const char *asked, const char *got)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    selectors(asked, "198.51.100.20");
    notify(N2_USE_TRANSPORT_MODE);
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors(got, "198.51.100.20");
    notify(N2_USE_TRANSPORT_MODE);
    send("auth!", 4);
}

/* RFC 7296 section 2.23.1: the host under the address that its NAT gives it. */
static void
host_behind_nat(void)
{
    transport("192.0.2.10", "203.0.113.66");
    SILENT(ts_narrowed);
    transport("192.0.2.0/24", "192.0.2.10");
    FIRES(ts_narrowed);
}

/* What was never enciphered has no padding. */
static void
clear_payload(void)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = 0xb0000001, .seq = 1, .length = SHORTEST, .clear_read = true,
                              .bad_padding = true, .icv = ICV_GOOD, .readable_ip = true };

    tunnel();
    ipsec(&client, &gateway, p);
    FIRES(cleartext_in_esp);
    SILENT(padding_bad);
    p.seq = 2;
    p.readable_ip = false;
    ipsec(&client, &gateway, p);
    FIRES(padding_bad);
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

/* RFC 4555 section 3.10: one request on every path; nobody has moved yet. */
static void
path_probes(bool mobike)
{
    struct ip_addr client6, gateway6;

    T(ip_parse(&client6, "2001:db8:1::10") && ip_parse(&gateway6, "2001:db8:2::20"));
    reset();
    sa_init(aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_IKE_AUTH, 1, side == 0, side == 1);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, side ? TO_R : 0xa0000001);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        if (mobike) {
            notify(N2_MOBIKE_SUPPORTED);
        }
        send(side ? "auth!" : "auth?", 3);
    }
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send_soon(&gateway, &client, "alive!", 6);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send_soon(&client6, &gateway6, "alive?", 0);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send_soon(&gateway6, &client6, "alive!", 0);
    T(count(CHECK_duplicate_frame) == 0 && count(CHECK_address_updated) == 0);
    if (mobike) {
        SILENT(ike_from_new_address);
        SILENT(retransmission);
        begin(2, V2_INFORMATIONAL, 3, true, false);
        notify(N2_UPDATE_SA_ADDRESSES);
        send_soon(&client6, &gateway6, "moves", 0);
        SAYS(address_updated, "from 192.0.2.10 to 2001:db8:1::10");
    } else {
        FIRES(ike_from_new_address);
        FIRES(retransmission);
    }
}

/* After an EAP failure the client's own words are only the end of it. */
static void
refused_once(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.eap_code = 4;
    send("eap failure", 4);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    notify(N2_AUTHENTICATION_FAILED);
    send("that was it", 5);
    T(count(CHECK_auth_failed) == 1);
    SAYS(auth_failed, "EAP-Failure in frame 4");
    tunnel();
    SILENT(auth_failed);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    notify(N2_AUTHENTICATION_FAILED);
    send("not you", 5);
    SAYS(auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 (AUTHENTICATION_FAILED in frame 5)");
}

static void
gap_through_wrap(void)
{
    tunnel();
    ipsec(&client, &gateway, esp_of(0xb0000001, 1));
    SILENT(sequence_gap);
    ipsec(&client, &gateway, esp_of(0xb0000001, UINT32_MAX - 1));
    ipsec(&client, &gateway, esp_of(0xb0000001, UINT32_MAX));
    ipsec(&client, &gateway, esp_of(0xb0000001, 0));
    ipsec(&client, &gateway, esp_of(0xb0000001, 1));
    end_after(1);
    SAYS(sequence_gap, "4294967292 sequence numbers of SPI b0000001, from 1 through the wrap at 2^32 to 1, were not captured");
}

static void
as_second(uint8_t exchange, uint32_t id, bool from_client)
{
    begin(2, exchange, id, from_client, !from_client);
    memset(m.spi_i, 0x33, 8);
    memset(m.spi_r, id || !from_client ? 0x44 : 0, 8);
    if (exchange == V2_IKE_SA_INIT) {
        propose(aes256, 4, PROTO_IKE, 0);
        return;
    }
    m.has_auth = true;
    if (from_client) {
        m.id_i.present = true;
        m.id_i.type = 2;
        m.id_i.data = (struct span){ (const uint8_t *)"client", 6 };
    }
    propose(esp128, 3, PROTO_ESP, from_client ? 0xa0000002 : 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
}

/* RFC 7296 section 2.4: from the same address only INITIAL_CONTACT tells a restart. */
static void
begun_anew(bool initial_contact, bool lacks_request)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.has_auth = true;
    m.id_i.present = true;
    m.id_i.type = 2;
    m.id_i.data = (struct span){ (const uint8_t *)"client", 6 };
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("auth?", 3);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    if (lacks_request) {        /* perhaps a Delete's */
        begin(2, V2_INFORMATIONAL, 2, false, true);
        send("yes", 4);
    }
    as_second(V2_IKE_SA_INIT, 0, true);
    send("second init?", 5);
    as_second(V2_IKE_SA_INIT, 0, false);
    send("second init!", 6);
    as_second(V2_IKE_AUTH, 1, true);
    if (initial_contact) {
        notify(N2_INITIAL_CONTACT);
    }
    send("second auth?", 7);
    as_second(V2_IKE_AUTH, 1, false);
    send("second auth!", 8);
    T(sadb_num_ike_sas(db) == 2);
    if (initial_contact && !lacks_request) {
        SAYS(peer_restarted, "with INITIAL_CONTACT while its IKE SA 0 was not deleted");
    } else {
        SILENT(peer_restarted);
    }
}

/* Kilobytes that nobody has negotiated are not spoken of. */
static void
lifetime(uint32_t kilobytes)
{
    reset();
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 28800;
    m.proposals[0].attr.life_kb = kilobytes;
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 3600;
    m.proposals[0].attr.life_kb = kilobytes;
    send("mm2", 2);
    SAYS(lifetime_mismatch, kilobytes ? "28800 s and 1000 KB with 3600 s and 1000 KB" : "a lifetime of 28800 s with 3600 s.");
}

int
main(void)
{
    conversation_begin();
    forged_message();
    crossed_rekeys();
    answer_another_way();
    other_protocol();
    host_behind_nat();
    clear_payload();
    both_sides_of_nat();
    esp_captured_twice();
    path_probes(true);
    path_probes(false);
    refused_once();
    gap_through_wrap();
    begun_anew(true, false);
    begun_anew(true, true);
    begun_anew(false, false);
    lifetime(0);
    lifetime(1000);
    return conversation_done();
}
