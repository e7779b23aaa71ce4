/* Encapsulation in UDP: what was agreed on, and what is done.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static struct ike_sa *
the_sa(const struct conversation *c)
{
    return (struct ike_sa *)sadb_ike_sa(c->db, 0);
}

static void
esp(struct conversation *c, bool to_r, bool in_udp, uint32_t seq)
{
    c->esp_src_port = in_udp ? PORT_NATT : 0;
    if (to_r) {
        ipsec(c, &c->client, &c->gateway, esp_of(TO_R, seq));
    } else {
        ipsec(c, &c->gateway, &c->client, esp_of(TO_I, seq));
    }
}

/* Encapsulation that an end forces: native ESP is dropped at the other one. */
static void
forced(struct conversation *c)
{
    for (unsigned i = 0; i < 5; i++) {
        bool proved = i == 1;
        tunnel(c);
        the_sa(c)->nat = NAT_FORCED;
        the_sa(c)->nat_i = (struct nat_evidence){ .seen = true, .forced = proved, .frame = 1 };
        the_sa(c)->i_from_4500 = the_sa(c)->r_from_4500 = i != 2;   /* it stays on UDP 500 */
        esp(c, true, i == 3, 1);
        if (i == 4) {                       /* both get through */
            esp(c, false, false, 1);
        }
        end_after(c, 1);
        TOLD(c, udp_encap_mismatch, i < 2);
        T(i >= 2 || basis_of(c, CHECK_udp_encap_mismatch) ==
                        (proved ? BASIS_OBSERVED : BASIS_INFERRED));
        T(i >= 2 || strstr(detail(c, CHECK_udp_encap_mismatch),
                           proved ? "UDP 4500: the initiator forces encapsulation (frame 1)" :
                                    "UDP 4500: the hashes suggest that both ends force"));
    }
    tunnel(c);
    the_sa(c)->nat = NAT_INITIATOR;
    esp(c, true, false, 1);
    FIRES(c, udp_encap_mismatch);
    tunnel(c);
    esp(c, true, false, 1);
    end_after(c, 1);
    SILENT(c, udp_encap_mismatch);
}

/* RFC 3947 section 5.1: IKEv1 agrees on it by the mode. */
static void
by_mode(struct conversation *c)
{
    static const struct {
        uint16_t mode;
        bool in_udp, both, fires;
        const char *says;
    } of[] = {
        { MODE_TUNNEL, false, false, false, "" },
        { MODE_TUNNEL, true, false, true,
          "in UDP, although quick mode (frame 4) negotiated tunnel" },
        { MODE_TUNNEL, true, true, false, "" },
        { MODE_UDP_TUNNEL, false, true, true, "(frame 4) negotiated UDP-encapsulated tunnel" },
        { MODE_UDP_TUNNEL, true, false, false, "" },
        { MODE_UDP_TRANSPORT_DRAFT, false, false, true, "UDP-encapsulated transport (draft)" },
        { MODE_UDP_TUNNEL_DRAFT, true, true, false, "" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(of); i++) {
        v1_tunnel(c, 0, 0);
        ((struct proposal *)sadb_child_sa(c->db, 0)->chosen->p)->attr.mode = of[i].mode;
        if (of[i].both) {
            esp(c, false, of[i].in_udp, 1);
        }
        esp(c, true, of[i].in_udp, 1);
        end_after(c, 1);
        TOLD(c, udp_encap_mismatch, of[i].fires);
        T(strstr(detail(c, CHECK_udp_encap_mismatch), of[i].says));
    }
}

static const uint8_t rfc3947[16] = { 0x4a, 0x13, 0x1c, 0x81, 0x07, 0x03, 0x58, 0x45,
                                     0x5c, 0x57, 0x28, 0xf2, 0x0e, 0x95, 0x45, 0x2f },
                     draft02[16] = { 0x90, 0xcb, 0x80, 0x91, 0x3e, 0xbb, 0x69, 0x6e,
                                     0x08, 0x63, 0x81, 0xb5, 0xec, 0x42, 0x7b, 0x1f },
                     draft03[16] = { 0x7d, 0x94, 0x19, 0xa6, 0x53, 0x10, 0xca, 0x6f,
                                     0x2c, 0x17, 0x9d, 0x92, 0x15, 0x52, 0x9d, 0x56 };

/* Main mode with the vendor IDs of both, as far as the third message. */
static void
main_mode(struct conversation *c, const uint8_t *of_i, const uint8_t *of_r, uint16_t port)
{
    reset(c);
    for (unsigned i = 0; i < 3; i++) {
        const uint8_t *vendor = i % 2 ? of_r : of_i;
        begin(c, 1, V1_MAIN, 0, i % 2 == 0, i > 0);
        if (i < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.num_vendors = vendor ? 1 : 0;
            c->m.vendors[0] = (struct span){ vendor, 16 };
        } else {
            c->m.has_ke = true;
        }
        c->ike_src_port = i % 2 ? PORT_IKE : port;
        c->ike_dst_port = i % 2 ? port : PORT_IKE;
        send(c, (const char *[]){ "one", "two", "three" }[i], (uint16_t)(i + 2));
    }
}

static void
vendors(struct conversation *c)
{
    static const struct {
        const uint8_t *i, *r;
        uint16_t port;
        bool fires;
        const char *says;
    } of[] = {
        { rfc3947, rfc3947, 1024, false, "" },
        { rfc3947, draft02, 1024, true, "announces RFC 3947, the responder draft 02 of RFC 3947." },
        { draft02, draft03, 1024, false, "" },
        { rfc3947, NULL, 1024, true, "the initiator announces RFC 3947, the responder none." },
        { NULL, NULL, 1024, true, "the initiator announces none, the responder none." },
        { NULL, NULL, PORT_IKE, false, "" },
        { rfc3947, NULL, PORT_IKE, false, "" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(of); i++) {
        main_mode(c, of[i].i, of[i].r, of[i].port);
        end_after(c, 1);
        TOLD(c, nat_t_unsupported, of[i].fires);
        T(strstr(detail(c, CHECK_nat_t_unsupported), of[i].says));
        T(!of[i].fires || basis_of(c, CHECK_nat_t_unsupported) == BASIS_INFERRED);
    }
    main_mode(c, NULL, NULL, 1024);
    end_after(c, 1);
    FIRES(c, nat_t_unsupported);
    c->ike_src_port = c->ike_dst_port = PORT_IKE;
}

/* IKEv2: the request's hash does not fit the address, and the answer has none. */
static void
of_ikev2(struct conversation *c)
{
    static const uint8_t hash[20] = { 1 };

    for (unsigned i = 0; i < 5; i++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        notify_with(c, N2_NAT_DETECTION_SOURCE_IP, hash, sizeof hash);
        notify_with(c, N2_NAT_DETECTION_DESTINATION_IP, hash, sizeof hash);
        send(c, "init?", 1);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        propose(c, aes256, 4, PROTO_IKE, 0);
        if (i == 1) {
            notify_with(c, N2_NAT_DETECTION_SOURCE_IP, hash, sizeof hash);
            notify_with(c, N2_NAT_DETECTION_DESTINATION_IP, hash, sizeof hash);
        }
        send(c, "init!", 2);
        if (i == 4) {           /* they have one: IKE moves there */
            c->ike_src_port = c->ike_dst_port = PORT_NATT;
        }
        if (i != 2) {
            auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
            auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        if (i == 3) {
            esp(c, true, false, 1);
            esp(c, false, false, 1);
        }
        end_after(c, 1);
        TOLD(c, nat_t_unsupported, i == 0);
        T(i || strstr(detail(c, CHECK_nat_t_unsupported),
                      "There is a NAT in front of 192.0.2.10 (frame 1), but the two ends have no "
                      "NAT traversal in common: the initiator announces NAT detection, the "
                      "responder none."));
    }
    SILENT(c, nat_t_unsupported);
}

static void
markers(struct conversation *c)
{
    struct on_path e = { .p = { .kind = PATH_MARKED } };

    tunnel(c);
    e.at.src = c->client;
    e.at.dst = c->gateway;
    e.at.dst_port = PORT_IKE;
    path(c, e);
    SAYS(c, non_esp_marker_missing, "sends IKE to UDP 500 after the four zero octets");
    T(strstr(remedy(c, CHECK_non_esp_marker_missing), "belong on UDP 4500"));
    tunnel(c);
    e.p = (struct path_packet){ .kind = PATH_UNMARKED, .spi = 0xdeadbeef };
    e.at.dst_port = PORT_NATT;
    path(c, e);
    SAYS(c, non_esp_marker_missing, "looks like ESP with SPI deadbeef");
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    forced(&c);
    by_mode(&c);
    vendors(&c);
    of_ikev2(&c);
    markers(&c);
    return conversation_done(&c);
}
