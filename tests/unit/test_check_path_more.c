/* The mappings of a NAT: how they live, move and are missed (RFC 3948 section 4, RFC 7296
 * section 2.23).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static uint8_t natted_hashes[2][20];

static void
mapping(struct conversation *c)
{
    tunnel(c);
    c->esp_src_port = PORT_NATT;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 1));
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 2));
    SILENT(c, nat_mapping_changed);
    c->esp_src_port = 33000;
    ipsec(c, &c->client, &c->gateway, esp_of(TO_R, 3));
    SAYS(c, nat_mapping_changed, "port 33000, before from 4500");
}

static void
hash_of(struct conversation *c, unsigned slot, uint16_t type, const struct ip_addr *a)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    const uint8_t port[] = { PORT_IKE >> 8, PORT_IKE & 255 };
    gsize len = 20;

    g_checksum_update(sum, c->m.spi_i, 8);
    g_checksum_update(sum, c->m.spi_r, 8);
    g_checksum_update(sum, a->bytes, 4);
    g_checksum_update(sum, port, 2);
    g_checksum_get_digest(sum, natted_hashes[slot], &len);
    g_checksum_free(sum);
    notify_with(c, type, natted_hashes[slot], 20);
}

static bool hidden;             /* nobody can read the client's IKE_AUTH */

/* The tunnel of a client behind a NAT, which gives it that port. */
static void
natted_client(struct conversation *c, uint8_t spi, uint16_t port)
{
    static const uint8_t exchanges[] = { V2_IKE_SA_INIT, V2_IKE_AUTH };
    char octets[16];

    for (unsigned i = 0; i < 4; i++) {
        bool response = i % 2;
        begin(c, 2, exchanges[i / 2], i / 2, !response, response);
        as(c, spi);
        c->ike_src_port = c->ike_dst_port = PORT_IKE;
        if (i < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
            hash_of(c, 0, N2_NAT_DETECTION_SOURCE_IP, response ? &c->gateway : &c->stranger);
            hash_of(c, 1, N2_NAT_DETECTION_DESTINATION_IP, response ? &c->client : &c->gateway);
        } else {
            c->ike_src_port = response ? PORT_NATT : port;
            c->ike_dst_port = response ? port : PORT_NATT;
            c->m.has_auth = !hidden;
            c->m.readable = !hidden;
        }
        if (i >= 2 && !hidden) {
            propose(c, esp128, 3, PROTO_ESP,
                    (response ? (uint32_t)TO_R : (uint32_t)TO_I) + (spi == 0x11 ? 0 : spi));
            selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        g_snprintf(octets, sizeof octets, "%02x %u", spi, i);
        send(c, octets, (uint16_t)(spi + i));
    }
    c->ike_src_port = c->ike_dst_port = PORT_NATT;
}

static void
natted_tunnel(struct conversation *c)
{
    reset(c);
    natted_client(c, 0x11, PORT_NATT);
    T(sadb_ike_sa(c->db, 0)->nat == NAT_INITIATOR);
    c->esp_src_port = PORT_NATT;
}

static void
keepalive(struct conversation *c, uint16_t src_port, double after)
{
    struct on_path e = { .p = { .kind = PATH_KEEPALIVE } };

    c->now += after;
    e.at.src = c->client;
    e.at.dst = c->gateway;
    e.at.src_port = src_port;
    e.at.dst_port = PORT_NATT;
    path(c, e);
}

static void
esp_from(struct conversation *c, uint16_t src_port, double after)
{
    static uint32_t seq;

    c->now += after;
    c->esp_src_port = src_port;
    seq++;
    ipsec(c, &c->client, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R,
                                                             .seq = seq, .length = 100 });
}

static void
keepalives(struct conversation *c)
{
    natted_tunnel(c);
    esp_from(c, PORT_NATT, 0);
    keepalive(c, PORT_NATT, 19.5);
    keepalive(c, PORT_NATT, 19.5);
    esp_from(c, 1024, 10);
    FIRES(c, nat_mapping_changed);
    SILENT(c, keepalive_gap);                       /* the NAT forgot in spite of them */
    natted_tunnel(c);
    esp_from(c, PORT_NATT, 0);
    keepalive(c, PORT_NATT, 19.5);
    esp_from(c, 1024, 90);
    SAYS(c, keepalive_gap, "Nothing was captured from 192.0.2.10 for 90 s before its NAT mapping "
                           "changed from port 4500 to 1024; its last NAT keepalive is frame 6");
    natted_tunnel(c);
    esp_from(c, PORT_NATT, 0);
    esp_from(c, 1024, 60);
    SAYS(c, keepalive_gap, "no NAT keepalive at all");
    natted_tunnel(c);
    esp_from(c, PORT_NATT, 0);
    keepalive(c, 1024, 60);
    SILENT(c, nat_mapping_changed);                 /* anybody can send one */
    esp_from(c, PORT_NATT, 10);
    SILENT(c, nat_mapping_changed);
    SILENT(c, keepalive_gap);
    keepalive(c, 1024, 60);
    esp_from(c, 1024, 10);                          /* and now ESP follows */
    SAYS(c, nat_mapping_changed,
         "ESP of SPI b0000001 from 192.0.2.10 now comes from port 1024, before from 4500.");
    SAYS(c, keepalive_gap, "Nothing was captured from 192.0.2.10 for 60 s before its NAT mapping "
                           "changed from port 4500 to 1024");
    natted_tunnel(c);
    c->now += 60;
    c->ike_src_port = 1024;
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "from elsewhere", 60);
    SAYS(c, nat_mapping_changed, "IKE SA 0 from 192.0.2.10 now comes from port 1024");
    FIRES(c, keepalive_gap);

    /* Two clients behind it: each keeps its own port, and whose a third one is nobody knows. */
    natted_tunnel(c);
    natted_client(c, 0x31, 40000);
    keepalive(c, PORT_NATT, 20);
    T(sadb_ike_sa(c->db, 0)->nat_life->keepalives == 1);
    keepalive(c, 40000, 1);
    T(sadb_ike_sa(c->db, 1)->nat_life->keepalives == 1);
    keepalive(c, 50000, 20);
    SILENT(c, nat_mapping_changed);
    T(sadb_ike_sa(c->db, 0)->nat_life->keepalives == 1 &&
      sadb_ike_sa(c->db, 1)->nat_life->keepalives == 1);

    struct on_path lone = { .p = { .kind = PATH_KEEPALIVE } };
    struct path_event nothing;
    reset(c);
    T(!sadb_see_path(c->db, &nothing, &lone.at, &lone.p));     /* of no SA */
    tunnel(c);
    keepalive(c, PORT_NATT, 60);
    T(count(c, CHECK_nat_mapping_changed) == 0);    /* no NAT */
}

static void
own_ports(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    SILENT(c, ike_on_other_port);
    reset(c);
    c->own_ports = true;
    c->ike_src_port = c->ike_dst_port = 24500;
    sa_init(c, aes256, aes256);
    c->own_ports = false;
    SAYS(c, ike_on_other_port, "IKE from 192.0.2.10 port 24500 to 198.51.100.20 port 24500");
    T(the_finding(c, CHECK_ike_on_other_port)->count == 1);
}

static void
esp_to_port(struct conversation *c, uint16_t port)
{
    struct ipsec_packet p = esp_of(TO_I, ++c->seq);
    struct sighting at = { .frame = c->frame + 1, .time = c->now + 0.5, .src = c->gateway,
                           .dst = c->client, .src_port = PORT_NATT, .dst_port = port,
                           .ip_id = (uint16_t)(c->frame + 1) };

    see_ipsec(c, &at, &p);
}

/* RFC 7296 section 2.23: the client's IKE on UDP 4500 comes from where its ESP is to go. */
static void
mappings(struct conversation *c)
{
    reset(c);
    natted_client(c, 0x11, 47547);
    esp_to_port(c, 47547);
    SILENT(c, esp_to_wrong_port);
    esp_to_port(c, 57962);
    SAYS(c, esp_to_wrong_port, "198.51.100.20 sends ESP with SPI a0000001 to port 57962 of "
         "192.0.2.10, which has sent nothing to UDP 4500 from that port; its IKE and ESP come from "
         "port 47547.");

    reset(c);               /* the mapping moves, and the gateway is late to follow */
    natted_client(c, 0x11, 47547);
    c->ike_src_port = 40000;
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "from elsewhere", 60);
    esp_to_port(c, 47547);
    esp_to_port(c, 40000);
    SILENT(c, esp_to_wrong_port);

    reset(c);               /* it moves under ESP alone */
    natted_client(c, 0x11, 47547);
    esp_from(c, 40001, 1);
    esp_from(c, 40001, 1);
    esp_to_port(c, 40001);
    SILENT(c, esp_to_wrong_port);

    /* another host behind the NAT, of whose IKE the capture has nothing: its port is unknown; the
     * one from which the client's UDP 500 came is not */
    hidden = true;
    for (unsigned own = 0; own < 2; own++) {
        reset(c);
        natted_client(c, 0x11, 47547);
        esp_to_port(c, own ? PORT_IKE : 1025);
        T(sadb_num_child_sas(c->db) == 1 && sadb_child_sa(c->db, 0)->basis == BASIS_INFERRED);
        TOLD(c, esp_to_wrong_port, own != 0);
    }
    hidden = false;

    tunnel(c);              /* nothing of the client was seen on UDP 4500 */
    esp_to_port(c, 57962);
    SILENT(c, esp_to_wrong_port);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    mapping(&c);
    keepalives(&c);
    own_ports(&c);
    mappings(&c);
    return conversation_done(&c);
}
