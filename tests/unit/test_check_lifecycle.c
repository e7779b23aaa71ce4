/* The life of SAs: established, rekeyed, authenticated anew, deleted, forgotten by a peer.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };

static void
lifecycle(void)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ old, 4 };
    send("rekey?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 6);
    SAYS(sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1");
    T(sadb_child_sa(db, 0)->state == CHILD_REKEYED);
    SILENT(sa_deleted);
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { old, 4 } };
    send("forged", 7);
    SILENT(sa_deleted);                             /* a Delete in clear is not believed */
    m.deletes[0].inner = true;
    send("delete", 8);
    SAYS(sa_deleted, "Child SA 0");
}

static void
same_networks_twice(void)
{
    tunnel();
    second_child(2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    SILENT(duplicate_child_sa);
    tunnel();
    second_child(2, 0xa0000002, 0xb0000002, "10.2.0.0/24");
    SAYS(duplicate_child_sa, "of Child SA 0 (frame 4)");
}

/* RFC 4478: the gateway says until when. */
static void
authenticated_until(void)
{
    for (unsigned told = 0; told < 2; told++) {
        reset();
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, TO_R);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        notify(N2_AUTH_LIFETIME);
        m.notifies[0].data = (struct span){ (const uint8_t *)"\0\0\16\20", told ? 4 : 3 };
        send("auth!", 4);
        SAYS(sa_established, told ? "; it is to be authenticated anew within 3600 s (AUTH_LIFETIME)." : "MODP_2048.");
    }
}

/* RFC 7296 section 2.4: the peer has forgotten the SA. */
static void
restarts(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.encrypted = false;
    notify(N2_INVALID_IKE_SPI);
    send("unknown", 9);
    SAYS(peer_restarted, "198.51.100.20 answers IKE SA 0, established in frame 4, with INVALID_IKE_SPI: it no longer knows it.");
    T(basis_of(CHECK_peer_restarted) == BASIS_OBSERVED && sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    reset();                                        /* before it was established nobody has forgotten anything */
    sa_init(aes256, aes256);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.encrypted = false;
    notify(N2_INVALID_IKE_SPI);
    send("unknown", 9);
    SILENT(peer_restarted);

    /* IKEv1 authenticates anew by another phase 1 between the same two (RFC 2409 section 5.5). */
    reset();
    for (unsigned again = 0; again < 2; again++) {
        for (unsigned n = 1; n <= 6; n++) {
            char text[16];
            begin(1, V1_MAIN, 0, n % 2, false);
            memset(m.spi_i, again ? 0x33 : 0x11, 8);
            memset(m.spi_r, n == 1 ? 0 : again ? 0x44 : 0x22, 8);
            if (n <= 2) {
                propose(aes256, 4, PROTO_IKE, 0);
            }
            g_snprintf(text, sizeof text, "%u mm%u", again, n);
            send(text, (uint16_t)(10 * again + n));
        }
    }
    SAYS(sa_rekeyed, "IKE SA 0 (phase 1) is replaced by IKE SA 1, authenticated anew.");
    T(sadb_ike_sa(db, 0)->state == IKE_REKEYED && sadb_ike_sa(db, 0)->rekeyed_by == 1 && sadb_ike_sa(db, 1)->rekeys == 0);
    v1_tunnel(0, 0);                                /* and a Child SA by another quick mode with the same selectors */
    for (unsigned r = 0; r < 2; r++) {
        begin(1, V1_QUICK, 12, r == 0, false);
        propose(esp128, 2, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
        send(r ? "again qm2" : "again qm1", (uint16_t)(13 + r));
    }
    SAYS(sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1.");
    T(sadb_child_sa(db, 0)->state == CHILD_REKEYED && count(CHECK_duplicate_child_sa) == 0);
    T(sadb_predecessor(db, sadb_child_sa(db, 1)) == sadb_child_sa(db, 0) && !sadb_predecessor(db, sadb_child_sa(db, 0)));
    for (unsigned r = 0; r < 2; r++) {              /* other networks are another SA */
        static const uint8_t net[] = { 10, 9, 0, 0, 255, 255, 0, 0 };
        begin(1, V1_QUICK, 13, r == 0, false);
        propose(esp128, 2, PROTO_ESP, r ? 0xb0000003 : 0xa0000003);
        m.id_i = m.id_r = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { net, 8 } };
        send(r ? "other qm2" : "other qm1", (uint16_t)(23 + r));
    }
    T(sadb_child_sa(db, 1)->state == CHILD_INSTALLED && sadb_child_sa(db, 2)->rekeys == NO_ID);
}

static void
half_closed(void)
{
    tunnel();
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, r_spi);
    end_after(20);
    SILENT(half_closed);
    tunnel();
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, NULL);
    end_after(20);
    SAYS(half_closed, "Frame 5 deletes SPI a0000001 of Child SA 0; the answer (frame 6) does not delete SPI b0000001");
    T(basis_of(CHECK_half_closed) == BASIS_DECRYPTED);
    tunnel();                                       /* both at once: the answers are empty */
    delete_child(2, true, false, i_spi);
    delete_child(0, false, false, r_spi);
    delete_child(2, false, true, NULL);
    delete_child(0, true, true, NULL);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
    tunnel();                                       /* the IKE SA goes, and all with it */
    delete_child(2, true, false, i_spi);
    delete_child(2, false, true, NULL);
    begin(2, V2_INFORMATIONAL, 3, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send("all", 40);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
    reset();                                        /* the request that named the first SPI was not captured */
    sa_init(aes256, aes256);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    delete_child(2, false, false, r_spi);
    delete_child(2, true, true, i_spi);
    end_after(20);
    T(sadb_child_sa(db, 0)->deleted_in && count(CHECK_half_closed) == 0);
    tunnel();                                       /* an answer that nobody could read */
    delete_child(2, true, false, i_spi);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.readable = false;
    send("unread", 40);
    end_after(20);
    T(count(CHECK_half_closed) == 0);
}

/* The IKE SA is rekeyed, and its Child SA goes with the new one. */
static void
inherited(void)
{
    static const uint8_t fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memcpy(m.proposals[0].spi, fresh_i, 8);
    send("ike?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].spi_len = 8;
    memset(m.proposals[0].spi, 0x99, 8);
    send("ike!", 6);
    SAYS(sa_rekeyed, "IKE SA 0 is replaced by IKE SA 1");
    T(child_holder(db, sadb_child_sa(db, 0)) == sadb_ike_sa(db, 1) && sadb_ike_sa(db, 1)->children->len == 1);
    for (unsigned sa = 0; sa < 2; sa++) {
        begin(2, V2_INFORMATIONAL, sa ? 0 : 3, true, false);
        if (sa) {
            memcpy(m.spi_i, fresh_i, 8);
            memset(m.spi_r, 0x99, 8);
        }
        m.num_deletes = 1;
        m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
        send(sa ? "new goes" : "old goes", (uint16_t)(30 + sa));
        T((sadb_child_sa(db, 0)->deleted_in != 0) == (sa == 1));
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

static void
collision(void)
{
    static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ i_spi, 4 };
    send("rekey i", 5);
    SILENT(rekey_collision);
    begin(2, V2_CREATE_CHILD_SA, 0, false, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ r_spi, 4 };
    send("rekey r", 6);
    SAYS(rekey_collision, "frame 5 and frame 6");
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

int
main(void)
{
    conversation_begin();
    lifecycle();
    same_networks_twice();
    authenticated_until();
    restarts();
    inherited();
    half_closed();
    bundle();
    collision();
    crossed_rekeys();
    begun_anew(true, false);
    begun_anew(true, true);
    begun_anew(false, false);
    return conversation_done();
}
