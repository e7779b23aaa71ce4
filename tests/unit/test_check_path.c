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

static struct on_path
icmp_of(struct conversation *c, uint8_t type, uint8_t code, uint8_t protocol, uint32_t spi)
{
    struct on_path e = { .p = { .kind = PATH_ICMP, .icmp_type = type, .icmp_code = code,
                                .protocol = protocol, .spi = spi } };

    e.at.src = c->stranger;
    e.at.dst = e.p.src = c->client;
    e.p.dst = c->gateway;
    return e;
}

static void
icmp(struct conversation *c)
{
    struct on_path e = icmp_of(c, ICMP_UNREACHABLE, 1, IP_ESP, TO_R);

    tunnel(c);
    path(c, e);
    SAYS(c, icmp_unreachable, "203.0.113.66 reports \"host unreachable\" by ICMP: ESP of SPI "
         "b0000001 did not reach 198.51.100.20.");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == 0 &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    SILENT(c, path_mtu);

    tunnel(c);    /* an SPI that nobody negotiated still belongs to the two peers */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0x12345678));
    SAYS(c, icmp_unreachable, "by ICMP: AH of SPI 12345678 did not reach");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == NO_ID &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    tunnel(c);                                      /* the quote ends before the SPI */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_ESP, 0));
    SAYS(c, icmp_unreachable, "by ICMP: ESP did not reach");
    tunnel(c);
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0));
    SAYS(c, icmp_unreachable, "by ICMP: AH did not reach");

    T(ip_parse(&c->client, "2001:db8:1::10") && ip_parse(&c->gateway, "2001:db8:2::20"));
    tunnel(c);    /* RFC 4443 section 3.2: type 2 is too big, with the MTU */
    e = icmp_of(c, ICMPV6_TOO_BIG, 0, IP_ESP, TO_R);
    e.p.mtu = 1280;
    path(c, e);
    T(ip_parse(&c->client, "192.0.2.10") && ip_parse(&c->gateway, "198.51.100.20"));
    SAYS(c, path_mtu, "a packet of ESP of SPI b0000001 is too big; the next hop takes 1280 bytes.");
    SILENT(c, icmp_unreachable);

    tunnel(c);                                      /* neither IKE nor ESP nor AH */
    e = icmp_of(c, ICMP_UNREACHABLE, 3, IP_UDP, 0);
    e.p.src_port = 53;
    e.p.dst_port = 3000;
    path(c, e);
    path(c, icmp_of(c, ICMP_UNREACHABLE, 3, IP_TCP, 0));
    T(count(c, CHECK_icmp_unreachable) == 0);
    e.p.dst_port = PORT_NATT;
    e.p.udp_octets = 12;                            /* too short for IKE behind its marker */
    path(c, e);
    e.p.dst_port = 53;                              /* a resolver's port, of a name server's host */
    e.p.src_port = PORT_NATT;
    e.p.udp_octets = 40;
    e.p.spi = 0x12340100;
    path(c, e);
    SILENT(c, icmp_unreachable);
    e.p.src_port = 53;
    e.p.dst_port = PORT_NATT;
    e.p.udp_octets = 400;
    e.p.spi = 0;
    path(c, e);
    SAYS(c, icmp_unreachable, "IKE on UDP 4500 did not reach");
    tunnel(c);
    e.at.src = c->gateway;
    path(c, e);
    SAYS(c, icmp_unreachable,
         "198.51.100.20 answers IKE on UDP 4500 with \"port unreachable\": nothing listens on UDP "
         "4500 there.");

    /* MOBIKE asks at an address that is none of the SA's. */
    tunnel(c);
    e.p.dst = e.at.src = c->stranger;
    memset(e.p.ike_spi, 0x11, 8);
    path(c, e);
    SILENT(c, icmp_unreachable);
}

static void
fragments(struct conversation *c)
{
    struct on_path e = { .p = { .kind = PATH_FRAGMENT, .protocol = IP_UDP, .src_port = PORT_IKE,
                                .dst_port = PORT_IKE } };

    tunnel(c);    /* the later ones follow the first by Identification alone */
    e.at.src = c->client;
    e.at.dst = c->gateway;
    e.at.ip_id = 7;
    path(c, e);
    e.p.src_port = e.p.dst_port = 0;
    path(c, e);
    SAYS(c, outer_fragment,
         "IKE or ESP in UDP from 192.0.2.10 to 198.51.100.20 travels in IP fragments.");
    T(the_finding(c, CHECK_outer_fragment)->count == 2);
    e.at.ip_id = 8;    /* of a datagram whose first fragment was not captured */
    path(c, e);
    T(the_finding(c, CHECK_outer_fragment)->count == 2);
    tunnel(c);
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = IP_AH } };
    e.at.src = c->client;
    e.at.dst = c->gateway;
    path(c, e);
    SAYS(c, outer_fragment, "AH from 192.0.2.10");
    tunnel(c);    /* the port of a NAT, and the message's header */
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = IP_UDP, .src_port = 61000,
                                 .dst_port = PORT_NATT, .ike_major = 2, .ike_id = 7,
                                 .ike_exchange = V2_CREATE_CHILD_SA, .ike_length = 2272 } };
    memset(e.p.ike_spi, 0x11, 8);
    e.at.src = c->client;
    e.at.dst = c->gateway;
    path(c, e);
    SAYS(c, outer_fragment, "CREATE_CHILD_SA of 2272 bytes from 192.0.2.10");
    T(strstr(the_finding(c, CHECK_outer_fragment)->remedy, "RFC 7383"));
    e.at.ip_id = 2;
    path(c, e);
    end_after(c, 20);
    SAYS(c, large_message_lost, "192.0.2.10 sends CREATE_CHILD_SA of 2272 bytes 2 times, and of "
                                "each only the first IP fragment was captured");
    tunnel(c);    /* only one port is IKE's: a client of some other service */
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = IP_UDP, .src_port = PORT_IKE,
                                 .dst_port = 53 } };
    path(c, e);
    SILENT(c, outer_fragment);
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

static void
icmp_and_fragments(struct conversation *c)
{
    struct on_path e = { .p = { .kind = PATH_ICMP, .icmp_type = ICMP_UNREACHABLE, .icmp_code = 3,
                                .protocol = IP_UDP, .src_port = PORT_IKE, .dst_port = PORT_IKE,
                                .udp_octets = 400 } };

    tunnel(c);
    e.at.src = c->stranger;
    e.at.dst = e.p.src = c->client;
    e.p.dst = c->gateway;
    SILENT(c, icmp_unreachable);
    path(c, e);
    SAYS(c, icmp_unreachable, "IKE on UDP 500 did not reach 198.51.100.20");
    SILENT(c, path_mtu);
    e.p.icmp_code = ICMP_FRAGMENTATION_NEEDED;
    e.p.mtu = 1400;
    path(c, e);
    SAYS(c, path_mtu, "takes 1400 bytes");

    tunnel(c);
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = IP_UDP, .src_port = 53,
                                 .dst_port = 53 } };
    e.at.src = c->client;
    e.at.dst = c->gateway;
    path(c, e);
    SILENT(c, outer_fragment);
    e.p.protocol = IP_ESP;
    path(c, e);
    SAYS(c, outer_fragment, "ESP from 192.0.2.10");

    SILENT(c, non_esp_marker_missing);
    e.p.kind = PATH_UNMARKED;
    e.at.dst_port = PORT_NATT;
    path(c, e);
    SAYS(c, non_esp_marker_missing, "192.0.2.10 sends IKE to UDP 4500");
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
    SAYS(c, nat_detected, "hashes of frames 3 and 4 do not fit the addresses captured: behind a "
         "NAT is the initiator (192.0.2.10 and 198.51.100.20 on the wire).");
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
    SAYS(c, nat_detected, "Frames 1 and 2 are one packet, captured before and after its "
         "translation: behind a NAT is the initiator, whose address 192.0.2.10 is 203.0.113.66 on "
         "the other side.");
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
    SAYS(c, nat_detected, "203.0.113.66 is the identity of the initiator, and the address in its "
         "NAT detection hash of frame 1; on the wire it is 192.0.2.10: behind a NAT is each side.");
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
    SAYS(c, nat_detected, "behind a NAT is the initiator");
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
    icmp(&c);
    fragments(&c);
    ports(&c);
    icmp_and_fragments(&c);
    v1_hashes(&c);
    seen_through(&c);
    nat(&c);
    return conversation_done(&c);
}
