/* What the path does to packets: ICMP, IP fragments, ports after the float to UDP 4500.
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
    SAYS(c, icmp_unreachable, "203.0.113.66 reports by ICMP (type 3, code 1) that ESP of SPI "
         "b0000001 did not reach 198.51.100.20.");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == 0 &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    SILENT(c, path_mtu);

    tunnel(c);    /* an SPI that nobody negotiated still belongs to the two peers */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0x12345678));
    SAYS(c, icmp_unreachable, "that AH of SPI 12345678 did not reach");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == NO_ID &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    tunnel(c);                                      /* the quote ends before the SPI */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_ESP, 0));
    SAYS(c, icmp_unreachable, "that ESP did not reach");
    tunnel(c);
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0));
    SAYS(c, icmp_unreachable, "that AH did not reach");

    tunnel(c);    /* RFC 4443 section 3.2: type 2 is too big, with the MTU */
    e = icmp_of(c, ICMPV6_TOO_BIG, 0, IP_ESP, TO_R);
    T(ip_parse(&e.p.src, "2001:db8:1::10") && ip_parse(&e.p.dst, "2001:db8:2::20"));
    e.p.mtu = 1280;
    path(c, e);
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
    path(c, e);
    SAYS(c, icmp_unreachable, "IKE on UDP 4500 did not reach");
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
                                .protocol = IP_UDP, .src_port = PORT_IKE, .dst_port = PORT_IKE } };

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
    return conversation_done(&c);
}
