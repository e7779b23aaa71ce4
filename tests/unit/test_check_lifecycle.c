/* The life of SAs: established, rekeyed, authenticated anew, deleted, forgotten by a peer; then an
 * IKE SA that goes on from another address: who is believed (RFC 7296 section 2.11, RFC 4555).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };

static void
lifecycle(struct conversation *c)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ old, 4 };
    send(c, "rekey?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, esp128, 3, PROTO_ESP, 0xb0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "rekey!", 6);
    SAYS(c, sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1");
    T(sadb_child_sa(c->db, 0)->state == CHILD_REKEYED);
    SILENT(c, sa_deleted);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1,
                                           .spis = { old, 4 } };
    send(c, "forged", 7);
    SILENT(c, sa_deleted);                          /* a Delete in clear is not believed */
    c->m.deletes[0].inner = true;
    send(c, "delete", 8);
    SAYS(c, sa_deleted, "Child SA 0");
}

static void
same_networks_twice(struct conversation *c)
{
    tunnel(c);
    second_child(c, 2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    SILENT(c, duplicate_child_sa);
    tunnel(c);
    second_child(c, 2, 0xa0000002, 0xb0000002, "10.2.0.0/24");
    SAYS(c, duplicate_child_sa, "of Child SA 0 (frame 4)");
}

/* RFC 4478: the gateway says until when. */
static void
authenticated_until(struct conversation *c)
{
    for (unsigned told = 0; told < 2; told++) {
        reset(c);
        sa_init(c, aes256, aes256);
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        begin(c, 2, V2_IKE_AUTH, 1, false, true);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, TO_R);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        notify(c, N2_AUTH_LIFETIME);
        c->m.notifies[0].data = (struct span){ (const uint8_t *)"\0\0\16\20", told ? 4 : 3 };
        send(c, "auth!", 4);
        SAYS(c, sa_established,
             told ? "; it must be reauthenticated within 3600 s (AUTH_LIFETIME)." :
             "MODP_2048.");
    }
}

/* RFC 7296 section 2.4: the peer has forgotten the SA. */
static void
restarts(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    c->m.encrypted = false;
    notify(c, N2_INVALID_IKE_SPI);
    send(c, "unknown", 9);
    T(sadb_ike_sa(c->db, 0)->exchanges.len == 2);
    end_after(c, 60);
    SAYS(c, error_notify, "198.51.100.20 sends INVALID_IKE_SPI in INFORMATIONAL.");
    SILENT(c, unprotected_message);
    SAYS(c, peer_restarted, "198.51.100.20 answers a message of IKE SA 0, established in frame 4, "
         "with INVALID_IKE_SPI: it no longer has this SA.");
    T(basis_of(c, CHECK_peer_restarted) == BASIS_OBSERVED &&
      sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
    reset(c);    /* before it was established nobody has forgotten anything */
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    c->m.encrypted = false;
    notify(c, N2_INVALID_IKE_SPI);
    send(c, "unknown", 9);
    end_after(c, 60);
    SILENT(c, peer_restarted);
    /* Anybody can send it: the peer goes on in the SA, by IKE or by ESP. */
    for (unsigned esp = 0; esp < 2; esp++) {
        tunnel(c);
        begin(c, 2, V2_INFORMATIONAL, 2, false, true);
        c->m.encrypted = false;
        notify(c, N2_INVALID_IKE_SPI);
        send(c, "forged", 9);
        c->now += 5;
        if (esp) {
            packet(c, TO_I, &c->gateway, &c->client, NULL, NULL, 0);
        } else {
            begin(c, 2, V2_INFORMATIONAL, 0, false, false);
            memset(c->m.spi_r, 0x22, 8);
            send(c, "alive", 10);
        }
        end_after(c, 60);
        SILENT(c, peer_restarted);
        SILENT(c, error_notify);
        SAYS(c, unprotected_message, "INVALID_IKE_SPI in the name of 198.51.100.20");
    }
}

static void
half_closed(struct conversation *c)
{
    tunnel(c);
    delete_child(c, 2, true, false, i_spi);
    delete_child(c, 2, false, true, r_spi);
    end_after(c, 20);
    SILENT(c, half_closed);
    tunnel(c);
    delete_child(c, 2, true, false, i_spi);
    delete_child(c, 2, false, true, NULL);
    end_after(c, 20);
    SAYS(c, half_closed, "Frame 5 deletes SPI a0000001 of Child SA 0, but the answer (frame 6) "
                         "does not delete SPI b0000001");
    T(basis_of(c, CHECK_half_closed) == BASIS_DECRYPTED);
    tunnel(c);                                      /* both at once: the answers are empty */
    delete_child(c, 2, true, false, i_spi);
    delete_child(c, 0, false, false, r_spi);
    delete_child(c, 2, false, true, NULL);
    delete_child(c, 0, true, true, NULL);
    end_after(c, 20);
    T(count(c, CHECK_half_closed) == 0);
    tunnel(c);                                      /* the IKE SA goes, and all with it */
    delete_child(c, 2, true, false, i_spi);
    delete_child(c, 2, false, true, NULL);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "all", 40);
    end_after(c, 20);
    T(count(c, CHECK_half_closed) == 0);
    reset(c);    /* the request that named the first SPI was not captured */
    sa_init(c, aes256, aes256);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    delete_child(c, 2, false, false, r_spi);
    delete_child(c, 2, true, true, i_spi);
    end_after(c, 20);
    T(sadb_child_sa(c->db, 0)->deleted_in && count(c, CHECK_half_closed) == 0);
    tunnel(c);                                      /* an answer that nobody could read */
    delete_child(c, 2, true, false, i_spi);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    c->m.readable = false;
    send(c, "unread", 40);
    end_after(c, 20);
    T(count(c, CHECK_half_closed) == 0);
}

/* The IKE SA is rekeyed, and its Child SA goes with the new one. */
static void
inherited(struct conversation *c)
{
    static const uint8_t fresh_i[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };

    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memcpy(c->m.proposals[0].spi, fresh_i, 8);
    send(c, "ike?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].spi_len = 8;
    memset(c->m.proposals[0].spi, 0x99, 8);
    send(c, "ike!", 6);
    SAYS(c, sa_rekeyed, "IKE SA 0 is replaced by IKE SA 1");
    T(child_holder(c->db, sadb_child_sa(c->db, 0)) == sadb_ike_sa(c->db, 1) &&
      sadb_ike_sa(c->db, 1)->children.len == 1);
    for (unsigned sa = 0; sa < 2; sa++) {
        begin(c, 2, V2_INFORMATIONAL, sa ? 0 : 3, true, false);
        if (sa) {
            memcpy(c->m.spi_i, fresh_i, 8);
            memset(c->m.spi_r, 0x99, 8);
        }
        c->m.num_deletes = 1;
        c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
        send(c, sa ? "new goes" : "old goes", (uint16_t)(30 + sa));
        T((sadb_child_sa(c->db, 0)->deleted_in != 0) == (sa == 1));
    }
}

/* AH and ESP of one quick mode are two Child SAs (RFC 2407 section 4.2). */
static void
bundle(struct conversation *c)
{
    static const struct transform ah[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    reset(c);
    v1_phase1(c, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 1, V1_QUICK, 9, side == 0, false);
        propose(c, ah, 1, PROTO_AH, side ? TO_R : TO_I);
        propose(c, esp128, 3, PROTO_ESP, side ? 0xb0000002 : 0xa0000002);
        send(c, side ? "qm2" : "qm1", (uint16_t)(20 + side));
    }
    T(sadb_num_child_sas(c->db) == 2 && count(c, CHECK_sa_established) == 3);  /* and the IKE SA */
    T(sadb_child_sa(c->db, 0)->protocol == PROTO_AH &&
      sadb_child_sa(c->db, 1)->protocol == PROTO_ESP);
    T(sadb_child_sa(c->db, 1)->spi_i == 0xa0000002 && sadb_child_sa(c->db, 1)->spi_r == 0xb0000002);
    ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_AH, .spi = TO_R,
                                                             .seq = 1, .length = 100 });
    packet(c, 0xb0000002, &c->client, &c->gateway, NULL, NULL, 0);
    packet(c, 0xa0000002, &c->gateway, &c->client, NULL, NULL, 0);
    SILENT(c, spi_unknown);
    SILENT(c, protocol_mismatch);
    SILENT(c, duplicate_child_sa);
    packet(c, 0xa0000003, &c->gateway, &c->client, NULL, NULL, 0);
    FIRES(c, spi_unknown);
}

static void
collision(struct conversation *c)
{
    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ i_spi, 4 };
    send(c, "rekey i", 5);
    SILENT(c, rekey_collision);
    begin(c, 2, V2_CREATE_CHILD_SA, 0, false, false);
    memset(c->m.spi_r, 0x22, 8);
    propose(c, esp128, 3, PROTO_ESP, 0xb0000002);
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ r_spi, 4 };
    send(c, "rekey r", 6);
    SAYS(c, rekey_collision, "(frames 5 and 6)");
}

static void
rekey_of_first(struct conversation *c, bool by_client, const char *octets, uint32_t spi)
{
    static const uint8_t of_client[] = { 0xa0, 0, 0, 1 }, of_gateway[] = { 0xb0, 0, 0, 1 };

    begin(c, 2, V2_CREATE_CHILD_SA, 2, by_client, false);
    propose(c, esp128, 3, PROTO_ESP, spi);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    if (!by_client) {
        selectors(c, "10.2.0.0/24", "10.1.0.0/24");
    }
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ by_client ? of_client : of_gateway, 4 };
    send(c, octets, 20);
}

static void
answer_of_rekey(struct conversation *c, bool by_client, const char *octets, uint32_t spi)
{
    begin(c, 2, V2_CREATE_CHILD_SA, 2, !by_client, true);
    propose(c, esp128, 3, PROTO_ESP, spi);
    selectors(c, by_client ? "10.1.0.0/24" : "10.2.0.0/24",
              by_client ? "10.2.0.0/24" : "10.1.0.0/24");
    send(c, octets, 21);
}

/* RFC 7296 section 2.8.1: both new Child SAs replace the same old one. */
static void
crossed_rekeys(struct conversation *c)
{
    tunnel(c);
    rekey_of_first(c, true, "i rekey", 0xa0000002);
    rekey_of_first(c, false, "r rekeys", 0xb0000003);
    FIRES(c, rekey_collision);
    answer_of_rekey(c, true, "yes i", 0xb0000002);
    answer_of_rekey(c, false, "yes r", 0xa0000003);
    T(sadb_num_child_sas(c->db) == 3);
    SILENT(c, duplicate_child_sa);
}

static void
as_second(struct conversation *c, uint8_t exchange, uint32_t id, bool from_client)
{
    begin(c, 2, exchange, id, from_client, !from_client);
    as(c, 0x33);
    memset(c->m.spi_r, id || !from_client ? 0x44 : 0, 8);
    if (exchange == V2_IKE_SA_INIT) {
        propose(c, aes256, 4, PROTO_IKE, 0);
        return;
    }
    c->m.has_auth = true;
    if (from_client) {
        c->m.id_i.present = true;
        c->m.id_i.type = ID_FQDN;
        c->m.id_i.data = (struct span){ (const uint8_t *)"client", 6 };
    }
    propose(c, esp128, 3, PROTO_ESP, from_client ? 0xa0000002 : 0xb0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
}

/* RFC 7296 section 2.4: from the same address only INITIAL_CONTACT tells a restart. */
static void
begun_anew(struct conversation *c, bool initial_contact, bool lacks_request)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.has_auth = true;
    c->m.id_i.present = true;
    c->m.id_i.type = ID_FQDN;
    c->m.id_i.data = (struct span){ (const uint8_t *)"client", 6 };
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "auth?", 3);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    if (lacks_request) {        /* perhaps a Delete's */
        begin(c, 2, V2_INFORMATIONAL, 2, false, true);
        send(c, "yes", 4);
    }
    as_second(c, V2_IKE_SA_INIT, 0, true);
    send(c, "second init?", 5);
    as_second(c, V2_IKE_SA_INIT, 0, false);
    send(c, "second init!", 6);
    as_second(c, V2_IKE_AUTH, 1, true);
    if (initial_contact) {
        notify(c, N2_INITIAL_CONTACT);
    }
    send(c, "second auth?", 7);
    as_second(c, V2_IKE_AUTH, 1, false);
    send(c, "second auth!", 8);
    T(sadb_num_ike_sas(c->db) == 2);
    if (initial_contact && !lacks_request) {
        SAYS(c, peer_restarted, "with INITIAL_CONTACT although its IKE SA 0 was not deleted");
    } else {
        SILENT(c, peer_restarted);
    }
}

/* Whose words from a new address are believed (RFC 7296 section 2.11, RFC 4555 section 3.5). */
static void
new_addresses(struct conversation *c)
{
    static const struct { bool keys, mobike, fragment, cut, readable, told; } table[] = {
        { true, false, false, false, true, true },          /* read, and MOBIKE was not announced */
        { true, true, false, false, true, false },          /* read, and MOBIKE was */
        { true, true, false, false, false, true },          /* what the SA's keys do not open */
        { true, true, true, false, false, false },          /* a fragment may become readable */
        { true, true, false, true, false, false },          /* and so may what the capture cut */
        /* nobody has read whether MOBIKE was announced */
        { false, false, false, false, false, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.readable = table[i].keys;
            c->m.has_auth = c->m.readable;
            c->m.length = 500;
            if (table[i].mobike) {
                notify(c, N2_MOBIKE_SUPPORTED);
            }
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->m.readable = table[i].readable;
        c->m.fragment = table[i].fragment;
        c->m.truncated = table[i].cut;
        c->from = c->stranger;
        send(c, "elsewhere", 9);
        T((count(c, CHECK_ike_from_new_address) == 1) == table[i].told);
    }
    SILENT(c, ike_from_new_address);
    /* a request again from elsewhere: before and after its answer */
    for (unsigned answered = 0; answered < 2; answered++) {
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        c->m.readable = false;
        send(c, "auth?", 3);
        if (answered) {
            begin(c, 2, V2_IKE_AUTH, 1, false, true);
            c->m.readable = false;
            c->m.length = 500;
            send(c, "auth!", 4);
            begin(c, 2, V2_IKE_AUTH, 1, true, false);
            c->m.readable = false;
        }
        c->from = c->stranger;
        send(c, "auth?", 5);
        T((count(c, CHECK_ike_from_new_address) == 1) == answered);
    }
}

static void
named(struct conversation *c, const char *who)
{
    c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_FQDN,
                                 .data = { (const uint8_t *)who, strlen(who) } };
}

static void
establish_as(struct conversation *c, const char *who, uint8_t spi, const struct ip_addr *from)
{
    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        as(c, spi);
        if (step < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        } else {
            c->m.has_auth = true;
        }
        if (step == 2) {
            named(c, who);
        }
        c->from = response ? c->gateway : *from;
        c->to = response ? *from : c->gateway;
        char text[16];
        g_snprintf(text, sizeof text, "%u %u", spi, step);
        send(c, text, (uint16_t)(spi * 8 + step));
    }
}

static void
moves(struct conversation *c)
{
    reset(c);
    establish_as(c, "lisa", 0x11, &c->client);
    establish_as(c, "bob", 0x33, &c->stranger);
    SILENT(c, peer_restarted);
    establish_as(c, "lisa", 0x55, &c->stranger);
    SAYS(c, peer_restarted, "IKE SA 0 from 192.0.2.10 was not deleted");

    tunnel(c);
    SILENT(c, address_updated);
    SILENT(c, ike_from_new_address);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->from = c->stranger;
    send(c, "elsewhere", 5);
    SAYS(c, ike_from_new_address, "comes from 203.0.113.66");
    tunnel(c);
    notify(c, N2_MOBIKE_SUPPORTED);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->from = c->stranger;
    send(c, "auth?", 9);
    /* answered long ago, and again from elsewhere */
    SAYS(c, ike_from_new_address, "IKE_AUTH of frame 3 is repeated in frame 5, bit for bit, from "
                                  "203.0.113.66, although the SA's peer is 192.0.2.10: someone "
                                  "replays it.");
    SILENT(c, retransmission);
    T(message_repeats(&sadb_ike_sa(c->db, 0)->exchanges.at[1]->messages.at[0]) == 0);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->to = c->stranger;
    send(c, "auth!", 10);       /* and answered there */
    T(strstr(finding_detail_at(the_finding(c, CHECK_ike_from_new_address), 5), "is repeated"));
    T(count(c, CHECK_ike_from_new_address) == 2 && count(c, CHECK_retransmission) == 0);
    tunnel(c);
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    notify(c, N2_UPDATE_SA_ADDRESSES);
    c->from = c->stranger;
    send(c, "update", 6);
    SAYS(c, address_updated, "from 192.0.2.10 to 203.0.113.66");
}

/* A NAT, or MOBIKE of either side, explains another address (RFC 4555 section 3.1). */
static void
moved(struct conversation *c)
{
    static const struct { enum nat nat; unsigned mobike; bool told; } table[] = {
        { NAT_NONE, 0, true }, { NAT_INITIATOR, 0, false }, { NAT_RESPONDER, 0, false },
        { NAT_BOTH, 0, false }, { NAT_FORCED, 0, true },
        { NAT_NONE, 1, false }, { NAT_NONE, 2, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
            c->m.has_auth = true;
            if (table[i].mobike == r + 1) {
                notify(c, N2_MOBIKE_SUPPORTED);
            }
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ((struct ike_sa *)sadb_ike_sa(c->db, 0))->nat = table[i].nat;
        begin(c, 2, V2_INFORMATIONAL, 2, true, false);
        c->from = c->stranger;
        send(c, "elsewhere", 9);
        TOLD(c, ike_from_new_address, table[i].told);
    }
}

/* RFC 4555 section 3.10: one request on every path; nobody has moved yet. */
static void
path_probes(struct conversation *c, bool mobike)
{
    struct ip_addr client6, gateway6;

    T(ip_parse(&client6, "2001:db8:1::10") && ip_parse(&gateway6, "2001:db8:2::20"));
    reset(c);
    sa_init(c, aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_AUTH, 1, side == 0, side == 1);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, side ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        if (mobike) {
            notify(c, N2_MOBIKE_SUPPORTED);
        }
        send(c, side ? "auth!" : "auth?", 3);
    }
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "alive?", 5);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send_soon(c, &c->gateway, &c->client, "alive!", 6);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send_soon(c, &client6, &gateway6, "alive?", 0);
    begin(c, 2, V2_INFORMATIONAL, 2, false, true);
    send_soon(c, &gateway6, &client6, "alive!", 0);
    T(count(c, CHECK_duplicate_frame) == 0 && count(c, CHECK_address_updated) == 0);
    if (mobike) {                           /* the new path first, then the one that is known */
        begin(c, 2, V2_INFORMATIONAL, 3, true, false);
        send_soon(c, &client6, &gateway6, "alive3?", 0);
        begin(c, 2, V2_INFORMATIONAL, 3, true, false);
        send_soon(c, &c->client, &c->gateway, "alive3?", 7);
        begin(c, 2, V2_INFORMATIONAL, 3, false, true);
        send_soon(c, &c->gateway, &c->client, "alive3!", 8);
        SILENT(c, ike_from_new_address);
        SILENT(c, retransmission);
        begin(c, 2, V2_INFORMATIONAL, 4, true, false);
        notify(c, N2_UPDATE_SA_ADDRESSES);
        send_soon(c, &client6, &gateway6, "moves", 0);
        SAYS(c, address_updated, "from 192.0.2.10 to 2001:db8:1::10");
    } else {
        SAYS(c, ike_from_new_address, "repeated in frame");
        SILENT(c, retransmission);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    lifecycle(&c);
    same_networks_twice(&c);
    authenticated_until(&c);
    restarts(&c);
    inherited(&c);
    half_closed(&c);
    bundle(&c);
    collision(&c);
    crossed_rekeys(&c);
    begun_anew(&c, true, false);
    begun_anew(&c, true, true);
    begun_anew(&c, false, false);
    new_addresses(&c);
    moves(&c);
    moved(&c);
    path_probes(&c, true);
    path_probes(&c, false);
    return conversation_done(&c);
}
