/* What a capture shows that looks like a fault and is none: each beside the fault that it looks
 * like.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

enum { TO_R = 0x0b000001, SHORTEST = 8 + 16 + 16 + 16 };    /* of AES_CBC_128/HMAC_SHA2_256_128 */

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
    notify(16393);
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
one_way(void)
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
    notify(16391);
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors(got, "198.51.100.20");
    notify(16391);
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

int
main(void)
{
    conversation_begin();
    forged_message();
    crossed_rekeys();
    one_way();
    other_protocol();
    host_behind_nat();
    clear_payload();
    return conversation_done();
}
