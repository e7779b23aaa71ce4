/* Addresses around the tunnel, and those that a gateway gives away from its pool.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
assign(const char *who, uint8_t spi, struct ip_addr *from, const uint8_t *address)
{
    char text[8];

    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        memset(m.spi_i, spi, 8);
        if (step < 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        } else {
            m.has_auth = true;
            m.id_i = (struct ike_id){ .present = !response, .type = 2, .data = { (const uint8_t *)who, strlen(who) } };
        }
        if (step == 3) {
            m.cfg_type = CP_REPLY;
            m.num_cfg = 1;
            m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { address, 4 } };
        }
        from_addr = response ? &gateway : from;
        to_addr = response ? from : &gateway;
        g_snprintf(text, sizeof text, "%u.%u", spi, step);
        send(text, (uint16_t)(spi * 8 + step));
    }
}

static void
pools(void)
{
    static const uint8_t one[] = { 10, 9, 0, 1 }, two[] = { 10, 9, 0, 2 };

    reset();
    assign("lisa", 0x11, &client, one);
    assign("bob", 0x33, &stranger, two);
    SILENT(virtual_ip_shared);
    assign("eve", 0x55, &stranger, one);
    SAYS(virtual_ip_shared, "10.9.0.1 is assigned to eve while lisa still holds it");
}

/* With MOBIKE an answer on another path, whose request was not captured, may be the move's. */
static void
moved_unseen(bool answered)
{
    reset();
    sa_init(aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_IKE_AUTH, 1, side == 0, side == 1);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, side ? TO_R : 0xa0000001);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        notify(N2_MOBIKE_SUPPORTED);
        send(side ? "auth!" : "auth?", 3);
    }
    if (answered) {
        begin(2, V2_INFORMATIONAL, 2, false, true);
        to_addr = &stranger;
        send("moved", 22);
    }
    ipsec(&stranger, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100 });
    if (answered) {
        SILENT(outer_source_violation);
    } else {
        FIRES(outer_source_violation);
    }
}

/* The pool's address again: of the same user, or once the other has gone (RFC 7296 section 2.19). */
static void
pool(void)
{
    static const struct { const char *second; bool deleted, told; } table[] = { { "bob", false, true }, { "lisa", false, false },
                                                                                { "bob", true, false } };
    static const uint8_t one[] = { 10, 9, 0, 1 };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        for (unsigned user = 0; user < 2; user++) {
            const char *who = user ? table[i].second : "lisa";
            for (unsigned step = 0; step < 4; step++) {
                bool response = step % 2;
                char text[16];
                begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
                memset(m.spi_i, user ? 0x33 : 0x11, 8);
                if (step < 2) {
                    propose(aes256, 4, PROTO_IKE, 0);
                } else {
                    m.has_auth = true;
                    m.id_i = (struct ike_id){ .present = !response, .type = 2, .data = { (const uint8_t *)who, strlen(who) } };
                }
                if (step == 3) {
                    m.cfg_type = CP_REPLY;
                    m.num_cfg = 1;
                    m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { one, 4 } };
                }
                from_addr = response ? &gateway : user ? &stranger : &client;
                to_addr = response ? (user ? &stranger : &client) : &gateway;
                g_snprintf(text, sizeof text, "%u.%u", user, step);
                send(text, (uint16_t)(10 * user + step));
            }
            if (!user && table[i].deleted) {
                begin(2, V2_INFORMATIONAL, 2, true, false);
                m.num_deletes = 1;
                m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
                send("gone", 70);
            }
        }
        TOLD(virtual_ip_shared, table[i].told);
    }
}

int
main(void)
{
    conversation_begin();
    pools();
    moved_unseen(true);
    moved_unseen(false);
    pool();
    return conversation_done();
}
