/* Addresses around the tunnel, and those that a gateway gives away from its pool.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
assign(struct conversation *c, const char *who, uint8_t spi, const struct ip_addr *from,
       const uint8_t *address)
{
    char text[8];

    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        as(c, spi);
        if (step < 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        } else {
            c->m.has_auth = true;
            c->m.id_i = (struct ike_id){ .present = !response, .type = ID_FQDN,
                                         .data = { (const uint8_t *)who, strlen(who) } };
        }
        if (step == 3) {
            c->m.cfg_type = CP_REPLY;
            c->m.num_cfg = 1;
            c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { address, 4 } };
        }
        c->from = response ? c->gateway : *from;
        c->to = response ? *from : c->gateway;
        g_snprintf(text, sizeof text, "%u.%u", spi, step);
        send(c, text, (uint16_t)(spi * 8 + step));
    }
}

static void
pools(struct conversation *c)
{
    static const uint8_t one[] = { 10, 9, 0, 1 }, two[] = { 10, 9, 0, 2 };

    reset(c);
    assign(c, "lisa", 0x11, &c->client, one);
    assign(c, "bob", 0x33, &c->stranger, two);
    SILENT(c, virtual_ip_shared);
    assign(c, "eve", 0x55, &c->stranger, one);
    SAYS(c, virtual_ip_shared, "10.9.0.1 is assigned to eve while lisa still holds it");
}

/* With MOBIKE an answer on another path, whose request was not captured, may be the move's. */
static void
moved_unseen(struct conversation *c, bool answered)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(c, 2, V2_IKE_AUTH, 1, side == 0, side == 1);
        c->m.has_auth = true;
        propose(c, esp128, 3, PROTO_ESP, side ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        notify(c, N2_MOBIKE_SUPPORTED);
        send(c, side ? "auth!" : "auth?", 3);
    }
    if (answered) {
        begin(c, 2, V2_INFORMATIONAL, 2, false, true);
        c->to = c->stranger;
        send(c, "moved", 22);
    }
    ipsec(c, &c->stranger, &c->gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R,
                                                               .seq = 1, .length = 100 });
    if (answered) {
        SILENT(c, outer_source_violation);
    } else {
        FIRES(c, outer_source_violation);
    }
}

/* The pool's address again: of the same user, or once the other has gone (RFC 7296 section
 * 2.19). */
static void
pool(struct conversation *c)
{
    static const struct { const char *second; bool deleted, told; } table[] = {
        { "bob", false, true }, { "lisa", false, false }, { "bob", true, false },
    };
    static const uint8_t one[] = { 10, 9, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        for (unsigned user = 0; user < 2; user++) {
            const char *who = user ? table[i].second : "lisa";
            for (unsigned step = 0; step < 4; step++) {
                bool response = step % 2;
                char text[16];
                begin(c, 2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
                as(c, user ? 0x33 : 0x11);
                if (step < 2) {
                    propose(c, aes256, 4, PROTO_IKE, 0);
                } else {
                    c->m.has_auth = true;
                    c->m.id_i = (struct ike_id){ .present = !response, .type = ID_FQDN,
                                                 .data = { (const uint8_t *)who, strlen(who) } };
                }
                if (step == 3) {
                    c->m.cfg_type = CP_REPLY;
                    c->m.num_cfg = 1;
                    c->m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { one, 4 } };
                }
                c->from = response ? c->gateway : user ? c->stranger : c->client;
                c->to = response ? (user ? c->stranger : c->client) : c->gateway;
                g_snprintf(text, sizeof text, "%u.%u", user, step);
                send(c, text, (uint16_t)(10 * user + step));
            }
            if (!user && table[i].deleted) {
                begin(c, 2, V2_INFORMATIONAL, 2, true, false);
                c->m.num_deletes = 1;
                c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
                send(c, "gone", 70);
            }
        }
        TOLD(c, virtual_ip_shared, table[i].told);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    pools(&c);
    moved_unseen(&c, true);
    moved_unseen(&c, false);
    pool(&c);
    return conversation_done(&c);
}
