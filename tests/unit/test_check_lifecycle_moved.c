/* An IKE SA that goes on from another address: whose words are believed (RFC 7296 section 2.11,
 * RFC 4555).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

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
    SAYS(c, ike_from_new_address, "203.0.113.66");
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
    if (mobike) {
        SILENT(c, ike_from_new_address);
        SILENT(c, retransmission);
        begin(c, 2, V2_INFORMATIONAL, 3, true, false);
        notify(c, N2_UPDATE_SA_ADDRESSES);
        send_soon(c, &client6, &gateway6, "moves", 0);
        SAYS(c, address_updated, "from 192.0.2.10 to 2001:db8:1::10");
    } else {
        FIRES(c, ike_from_new_address);
        FIRES(c, retransmission);
    }
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    new_addresses(&c);
    moves(&c);
    moved(&c);
    path_probes(&c, true);
    path_probes(&c, false);
    return conversation_done(&c);
}
