/* What anybody can send does not take the place of what was negotiated.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* IKE_SA_INIT requests between the same two, with SPIs of their own; answered or not. */
static void
half_open(struct conversation *c, unsigned number, bool answered)
{
    for (unsigned i = 0; i < number; i++) {
        for (unsigned r = 0; r <= answered; r++) {
            char text[16];
            begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
            c->m.spi_i[0] = (uint8_t)(0x80 | i >> 8);
            c->m.spi_i[1] = (uint8_t)i;
            propose(c, aes256, 4, PROTO_IKE, 0);
            g_snprintf(text, sizeof text, "half %u %u", i, r);
            send(c, text, (uint16_t)(1000 + i));
        }
    }
}

/* A packet of an SPI that no negotiation made is told, beside as many open requests as you like. */
static void
unknown_spi(struct conversation *c)
{
    for (unsigned answered = 0; answered < 2; answered++) {
        tunnel(c);
        half_open(c, 300, answered);
        ipsec(c, &c->client, &c->gateway, esp_of(0xdeadbeef, 1));
        FIRES(c, spi_unknown);
        T(sadb_num_child_sas(c->db) == 1 && sadb_stream(c->db, 0)->peers == sadb_ike_sa(c->db, 0));
    }
}

/* The path speaks of the SA that stands. */
static void
path_of(struct conversation *c)
{
    struct sighting at = { .frame = 999, .time = 2000, .src = c->gateway, .dst = c->client };
    struct path_packet p = { .kind = PATH_UNMARKED };
    struct path_event e;

    tunnel(c);
    half_open(c, 300, true);
    T(sadb_see_path(c->db, &e, &at, &p) && e.sa == sadb_ike_sa(c->db, 0));
}

/* Seventy pairs of strangers send the SPI of a Child SA: its Delete is still its own. */
static void
same_spi(struct conversation *c)
{
    static const uint8_t spi[] = { 0xb0, 0, 0, 1 };
    const struct ip_addr client = c->client, gateway = c->gateway;

    tunnel(c);
    for (unsigned i = 0; i < 70; i++) {
        struct ip_addr a = c->stranger, b = c->stranger;
        a.bytes[3] = (uint8_t)(2 * i);
        b.bytes[3] = (uint8_t)(2 * i + 1);
        c->client = a;
        c->gateway = b;
        begin(c, 2, V2_INFORMATIONAL, 5, true, false);
        c->m.readable = false;
        c->m.spi_i[0] = (uint8_t)(0x80 + i);
        send(c, "noise", (uint16_t)(2000 + i));
        ipsec(c, &a, &b, esp_of(TO_R, 1));
    }
    c->client = client;
    c->gateway = gateway;
    T(sadb_num_child_sas(c->db) == 71);
    packet(c, TO_R, &client, &gateway, "10.9.9.9", "10.2.0.5", IP_TCP);
    FIRES(c, inner_source_violation);
    delete_child(c, 2, false, false, spi);
    T(sadb_child_sa(c->db, 0)->state == CHILD_DELETED);
}

/* The same identity with the same gateway from elsewhere: its SA that stood is found behind more
 * that did not. */
static void
restarted(struct conversation *c)
{
    const struct ip_addr client = c->client;

    reset(c);
    for (unsigned again = 0; again < 2; again++) {
        if (again) {
            half_open(c, 300, true);
            c->client = c->stranger;
        }
        for (unsigned i = 0; i < 4; i++) {
            begin(c, 2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2);
            as(c, again ? 0x33 : 0x11);
            propose(c, i < 2 ? aes256 : esp128, i < 2 ? 4 : 3, i < 2 ? PROTO_IKE : PROTO_ESP,
                    i < 2 ? 0 : i + 8 * again);
            c->m.has_auth = i > 1;
            if (i == 2) {
                c->m.id_i = (struct ike_id){ .present = true, .inner = true, .type = ID_FQDN,
                                             .data = { (const uint8_t *)"lisa", 4 } };
            }
            send(c, &"abcdefgh"[i + 4 * again], (uint16_t)(1 + i));
        }
    }
    SAYS(c, peer_restarted, "lisa connects again from 203.0.113.66");
    c->client = client;
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    unknown_spi(&c);
    path_of(&c);
    same_spi(&c);
    restarted(&c);
    return conversation_done(&c);
}
