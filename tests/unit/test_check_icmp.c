/* ICMP errors, and IP fragments of IKE, ESP and AH.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

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
    SAYS(c, icmp_unreachable, "203.0.113.66 sends ICMP \"host unreachable\": ESP of SPI b0000001 "
         "did not reach 198.51.100.20.");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == 0 &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    SILENT(c, path_mtu);

    tunnel(c);    /* an SPI that nobody negotiated still belongs to the two peers */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0x12345678));
    SAYS(c, icmp_unreachable, "by a filter\": AH of SPI 12345678 did not reach");
    T(the_finding(c, CHECK_icmp_unreachable)->child_sa == NO_ID &&
      the_finding(c, CHECK_icmp_unreachable)->ike_sa == 0);
    tunnel(c);                                      /* the quote ends before the SPI */
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_ESP, 0));
    SAYS(c, icmp_unreachable, "by a filter\": ESP did not reach");
    tunnel(c);
    path(c, icmp_of(c, ICMP_UNREACHABLE, 13, IP_AH, 0));
    SAYS(c, icmp_unreachable, "by a filter\": AH did not reach");

    T(ip_parse(&c->client, "2001:db8:1::10") && ip_parse(&c->gateway, "2001:db8:2::20"));
    tunnel(c);    /* RFC 4443 section 3.2: type 2 is too big, with the MTU */
    e = icmp_of(c, ICMPV6_TOO_BIG, 0, IP_ESP, TO_R);
    e.p.mtu = 1280;
    path(c, e);
    T(ip_parse(&c->client, "192.0.2.10") && ip_parse(&c->gateway, "198.51.100.20"));
    SAYS(c, path_mtu, "a packet of ESP of SPI b0000001 is too big; the next hop accepts 1280 "
                      "bytes.");
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
         "IKE or ESP in UDP from 192.0.2.10 to 198.51.100.20 is sent in IP fragments.");
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
    SAYS(c, large_message_lost, "192.0.2.10 sends CREATE_CHILD_SA of 2272 bytes 2 times, but only "
                                "the first IP fragment of each was captured");
    tunnel(c);    /* only one port is IKE's: a client of some other service */
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = IP_UDP, .src_port = PORT_IKE,
                                 .dst_port = 53 } };
    path(c, e);
    SILENT(c, outer_fragment);
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
    SAYS(c, path_mtu, "accepts 1400 bytes");

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
    icmp(&c);
    fragments(&c);
    icmp_and_fragments(&c);
    return conversation_done(&c);
}
