/* What the path does to packets: ICMP, IP fragments, ports after the float to UDP 4500; then NATs:
 * seen in the hashes of both versions, from both sides, and by mappings that change.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* RFC 7296 section 2.23: after the float IKE stays on 4500; answers go where they are asked
 * from. */
static void
floats(struct conversation *c)
{
    static const struct {
        bool float_first, from_client, response, told; uint8_t exchange; uint16_t src, dst;
    } table[] = {
        { true, true, false, true, V2_INFORMATIONAL, PORT_IKE, PORT_IKE },
        { true, false, false, true, V2_INFORMATIONAL, PORT_IKE, PORT_IKE },
        { true, true, true, false, V2_INFORMATIONAL, PORT_IKE, PORT_IKE },
        { false, true, false, false, V2_INFORMATIONAL, PORT_IKE, PORT_IKE },
        { true, true, false, false, V2_INFORMATIONAL, PORT_NATT, PORT_NATT },
        { true, true, false, false, V2_INFORMATIONAL, PORT_IKE, PORT_NATT },
        { true, true, false, false, V2_IKE_SA_INIT, PORT_IKE, PORT_IKE },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        c->ike_src_port = c->ike_dst_port = table[i].float_first ? PORT_NATT : PORT_IKE;
        auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
        c->ike_src_port = table[i].src;
        c->ike_dst_port = table[i].dst;
        begin(c, 2, table[i].exchange, 2, table[i].from_client, table[i].response);
        send(c, "message", 9);
        T((count(c, CHECK_port_500_after_float) == 1) == table[i].told);
    }
    SILENT(c, port_500_after_float);
}

static void
ports(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    c->ike_src_port = c->ike_dst_port = PORT_NATT;
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    SILENT(c, port_500_after_float);
    c->ike_src_port = c->ike_dst_port = PORT_IKE;
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "stays", 5);
    FIRES(c, port_500_after_float);
}

static const struct transform sha1[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 },
};
static uint8_t nat_d_hashes[3][64];
static uint8_t hashes[4][20];
static uint16_t hashed_port = PORT_IKE;      /* of the sender's own address */

static void
nat_d(struct conversation *c, GChecksumType type, const struct ip_addr *a, uint16_t port)
{
    GChecksum *sum = g_checksum_new(type);
    const uint8_t be[] = { (uint8_t)(port >> 8), (uint8_t)port };
    gsize len = sizeof nat_d_hashes[0];
    uint8_t *out = nat_d_hashes[c->m.num_nat_d];

    g_checksum_update(sum, c->m.spi_i, 8);
    g_checksum_update(sum, c->m.spi_r, 8);
    g_checksum_update(sum, a->bytes, a->family == 6 ? 16 : 4);
    g_checksum_update(sum, be, 2);
    g_checksum_get_digest(sum, out, &len);
    g_checksum_free(sum);
    c->m.nat_d[c->m.num_nat_d++] = (struct span){ out, len };
}

/* Messages 3 and 4 of main mode: the destination's hash first, then the sender's own. */
static void
main_mode(struct conversation *c, const struct transform *t, GChecksumType type,
          const struct ip_addr *i, const struct ip_addr *r, const struct ip_addr *own_i,
          const struct ip_addr *other_i)
{
    reset(c);
    for (unsigned n = 1; n <= 4; n++) {
        char text[8];
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        c->m.encrypted = n > 4;
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        c->from = n % 2 ? *i : *r;
        c->to = n % 2 ? *r : *i;
        if (n <= 2) {
            propose(c, t, 4, PROTO_IKE, 0);
        } else {
            nat_d(c, type, n == 3 ? r : other_i, PORT_IKE);
            nat_d(c, type, n == 3 ? own_i : r, PORT_IKE);
        }
        g_snprintf(text, sizeof text, "mm%u", n);
        send(c, text, (uint16_t)n);
    }
}

static void
v1_hashes(struct conversation *c)
{
    struct ip_addr six_i, six_r;

    main_mode(c, sha1, G_CHECKSUM_SHA1, &c->client, &c->gateway, &c->client, &c->client);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_NONE &&
      strcmp(nat_name(sadb_ike_sa(c->db, 0)->nat), "none") == 0);
    SILENT(c, nat_detected);
    main_mode(c, sha1, G_CHECKSUM_SHA1, &c->client, &c->gateway, &c->stranger, &c->client);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR &&
      strcmp(nat_name(sadb_ike_sa(c->db, 0)->nat), "initiator") == 0);
    SAYS(c, nat_detected, "hashes in frames 3 and 4 do not match the captured addresses: a NAT is "
                          "in front of the initiator (192.0.2.10 and 198.51.100.20 on the wire).");
    T(the_finding(c, CHECK_nat_detected)->frame == 4);

    /* The negotiated hash counts, SHA2-256 here; IPv6 addresses have 16 octets. */
    main_mode(c, aes256, G_CHECKSUM_SHA256, &c->client, &c->gateway, &c->client, &c->client);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_NONE);
    main_mode(c, aes256, G_CHECKSUM_SHA1, &c->client, &c->gateway, &c->client, &c->client);
    T(sadb_ike_sa(c->db, 0)->nat != NAT_NONE);
    T(ip_parse(&six_i, "2001:db8:1::10") && ip_parse(&six_r, "2001:db8:2::20"));
    main_mode(c, sha1, G_CHECKSUM_SHA1, &six_i, &six_r, &six_i, &six_i);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_NONE);
    main_mode(c, sha1, G_CHECKSUM_SHA1, &six_i, &six_r, &six_r, &six_i);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR);

    reset(c);                                       /* one side's hashes alone prove nothing */
    v1_phase1(c, sha1);
    begin(c, 1, V1_MAIN, 0, true, false);
    memset(c->m.spi_r, 0x22, 8);
    nat_d(c, G_CHECKSUM_SHA1, &c->gateway, PORT_IKE);
    nat_d(c, G_CHECKSUM_SHA1, &c->stranger, PORT_IKE);
    send(c, "mm3", 3);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_UNKNOWN && nat_name(NAT_UNKNOWN) == NULL &&
      count(c, CHECK_nat_detected) == 0);
}

/* The capture of the NAT itself holds each packet twice: that proves more than hashes do. */
static void
seen_through(struct conversation *c)
{
    static const uint8_t wrong[20] = { 1 };

    for (unsigned translated = 0; translated < 2; translated++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        for (unsigned i = 0; i < 2; i++) {
            notify_with(c, (uint16_t)(N2_NAT_DETECTION_SOURCE_IP + i), wrong, 20);
        }
        send(c, "init?", 1);
        if (translated) {
            c->now -= 0.49;
            c->from = c->stranger;
            send(c, "init?", 1);
        }
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        propose(c, aes256, 4, PROTO_IKE, 0);
        for (unsigned i = 0; i < 2; i++) {
            notify_with(c, (uint16_t)(N2_NAT_DETECTION_SOURCE_IP + i), wrong, 20);
        }
        send(c, "init!", 2);
    }
    SAYS(c, nat_detected, "Frames 1 and 2 are one packet, captured before and after translation: "
         "the initiator is behind a NAT, and its address 192.0.2.10 is 203.0.113.66 on the other "
         "side.");
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR);
    T(ike_sa_is_at(sadb_ike_sa(c->db, 0), true, &c->stranger) &&
      !ike_sa_is_at(sadb_ike_sa(c->db, 0), false, &c->stranger));
}

/* RFC 7296 section 2.23, over the addresses that the sender sees. */
static void
nat_hashes(struct conversation *c, unsigned slot, const struct ip_addr *src,
           const struct ip_addr *dst)
{
    static const uint16_t types[] = { N2_NAT_DETECTION_SOURCE_IP, N2_NAT_DETECTION_DESTINATION_IP };

    for (unsigned i = 0; i < 2; i++) {
        GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
        uint16_t hashed = i ? PORT_IKE : hashed_port;
        const uint8_t port[] = { (uint8_t)(hashed >> 8), (uint8_t)hashed };
        gsize len = 20;
        g_checksum_update(sum, c->m.spi_i, 8);
        g_checksum_update(sum, c->m.spi_r, 8);
        g_checksum_update(sum, (i ? dst : src)->bytes, 4);
        g_checksum_update(sum, port, 2);
        g_checksum_get_digest(sum, hashes[slot + i], &len);
        g_checksum_free(sum);
        notify_with(c, types[i], hashes[slot + i], 20);
    }
}

/* What each side takes for its own and the other's address. */
static void
init_with_hashes(struct conversation *c, const struct ip_addr *i_src, const struct ip_addr *i_dst,
                 const struct ip_addr *r_src, const struct ip_addr *r_dst)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    nat_hashes(c, 0, i_src, i_dst);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    nat_hashes(c, 2, r_src, r_dst);
    send(c, "init!", 2);
}

static void
authenticate(struct conversation *c, const struct ip_addr *own)
{
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_IPV4_ADDR,
                                 .data = { own->bytes, 4 } };
    send(c, "auth?", 3);
}

/* Hashes that fit nothing on the wire: made of the side's own address behind its NAT, or forced. */
static void
between_nats(struct conversation *c)
{
    init_with_hashes(c, &c->stranger, &c->gateway, &c->stranger, &c->client);
    authenticate(c, &c->client);
    SILENT(c, nat_detected);
    init_with_hashes(c, &c->stranger, &c->gateway, &c->stranger, &c->client);
    authenticate(c, &c->stranger);
    SAYS(c, nat_detected, "203.0.113.66 is the identity of the initiator and the address in its "
         "NAT detection hash (frame 1), but on the wire it is 192.0.2.10: both ends are behind a "
         "NAT.");
    T(sadb_ike_sa(c->db, 0)->nat == NAT_BOTH);
    hashed_port = 0;
    init_with_hashes(c, &c->client, &c->gateway, &c->gateway, &c->client);
    SAYS(c, nat_forced, "hashes its own address with port 0 (frame 1)");
    SILENT(c, nat_detected);
    T(basis_of(c, CHECK_nat_forced) == BASIS_OBSERVED && sadb_ike_sa(c->db, 0)->nat == NAT_FORCED);
    hashed_port = PORT_IKE;
}

static void
nat(struct conversation *c)
{
    static const struct transform ah[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };

    init_with_hashes(c, &c->client, &c->gateway, &c->gateway, &c->client);
    SILENT(c, nat_detected);
    SILENT(c, nat_forced);
    SILENT(c, nat_t_draft);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_NONE);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    SILENT(c, ah_through_nat);
    init_with_hashes(c, &c->stranger, &c->gateway, &c->gateway, &c->client);
    SAYS(c, nat_detected, "addresses: a NAT is in front of the initiator");
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    propose(c, ah, 1, PROTO_AH, TO_I);
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    propose(c, ah, 1, PROTO_AH, TO_R);
    send(c, "auth!", 4);
    FIRES(c, ah_through_nat);
    init_with_hashes(c, &c->client, &c->stranger, &c->gateway, &c->client);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_RESPONDER);
    /* only the other end knows the initiator by another address */
    init_with_hashes(c, &c->client, &c->gateway, &c->gateway, &c->stranger);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR);
    /* all differ: that is no forced encapsulation */
    init_with_hashes(c, &c->stranger, &c->stranger, &c->stranger, &c->stranger);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_BOTH);
    init_with_hashes(c, &c->stranger, &c->gateway, &c->stranger, &c->client);
    FIRES(c, nat_forced);
    SILENT(c, nat_detected);
    T(basis_of(c, CHECK_nat_forced) == BASIS_INFERRED);
    between_nats(c);

    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    c->m.num_payloads = 1;
    c->m.payloads[0].type = V1P_NAT_D_DRAFT;
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "mm2", 2);
    begin(c, 1, V1_MAIN, 0, true, false);
    c->m.num_payloads = 1;
    c->m.payloads[0].type = V1P_NAT_D_DRAFT;
    send(c, "mm3", 3);
    FIRES(c, nat_t_draft);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    floats(&c);
    ports(&c);
    v1_hashes(&c);
    seen_through(&c);
    nat(&c);
    return conversation_done(&c);
}
