/* An IKE SA that goes on from another address: whose words are believed (RFC 7296 section 2.11,
 * RFC 4555).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* Whose words from a new address are believed (RFC 7296 section 2.11, RFC 4555 section 3.5). */
static void
new_addresses(void)
{
    static const struct { bool keys, mobike, fragment, cut, readable, told; } table[] = {
        { true, false, false, false, true, true },          /* read, and MOBIKE was not announced */
        { true, true, false, false, true, false },          /* read, and MOBIKE was */
        { true, true, false, false, false, true },          /* what the SA's keys do not open */
        { true, true, true, false, false, false },          /* a fragment may become readable */
        { true, true, false, true, false, false },          /* and so may what the capture cut */
        { false, false, false, false, false, false },       /* nobody has read whether MOBIKE was announced */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.readable = table[i].keys;
            m.has_auth = m.readable;
            m.length = 500;
            if (table[i].mobike) {
                notify(N2_MOBIKE_SUPPORTED);
            }
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        begin(2, V2_INFORMATIONAL, 2, true, false);
        m.readable = table[i].readable;
        m.fragment = table[i].fragment;
        m.truncated = table[i].cut;
        from_addr = &stranger;
        send("elsewhere", 9);
        T((count(CHECK_ike_from_new_address) == 1) == table[i].told);
    }
    SILENT(ike_from_new_address);
    for (unsigned answered = 0; answered < 2; answered++) {         /* a request again from elsewhere: before and after its answer */
        reset();
        sa_init(aes256, aes256);
        begin(2, V2_IKE_AUTH, 1, true, false);
        m.readable = false;
        send("auth?", 3);
        if (answered) {
            begin(2, V2_IKE_AUTH, 1, false, true);
            m.readable = false;
            m.length = 500;
            send("auth!", 4);
            begin(2, V2_IKE_AUTH, 1, true, false);
            m.readable = false;
        }
        from_addr = &stranger;
        send("auth?", 5);
        T((count(CHECK_ike_from_new_address) == 1) == answered);
    }
}

static void
named(const char *who)
{
    m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 2, .data = { (const uint8_t *)who, strlen(who) } };
}

static void
establish_as(const char *who, uint8_t spi, struct ip_addr *from)
{
    for (unsigned step = 0; step < 4; step++) {
        bool response = step % 2;
        begin(2, step < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, step / 2, !response, response);
        memset(m.spi_i, spi, 8);
        if (step < 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        } else {
            m.has_auth = true;
        }
        if (step == 2) {
            named(who);
        }
        from_addr = response ? &gateway : from;
        to_addr = response ? from : &gateway;
        char text[16];
        g_snprintf(text, sizeof text, "%u %u", spi, step);
        send(text, (uint16_t)(spi * 8 + step));
    }
}

static void
moves(void)
{
    reset();
    establish_as("lisa", 0x11, &client);
    establish_as("bob", 0x33, &stranger);
    SILENT(peer_restarted);
    establish_as("lisa", 0x55, &stranger);
    SAYS(peer_restarted, "IKE SA 0 from 192.0.2.10 was not deleted");

    tunnel();
    SILENT(address_updated);
    SILENT(ike_from_new_address);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    from_addr = &stranger;
    send("elsewhere", 5);
    SAYS(ike_from_new_address, "comes from 203.0.113.66");
    tunnel();
    notify(N2_MOBIKE_SUPPORTED);
    begin(2, V2_IKE_AUTH, 1, true, false);
    from_addr = &stranger;
    send("auth?", 9);
    SAYS(ike_from_new_address, "203.0.113.66");             /* answered long ago, and again from elsewhere */
    tunnel();
    begin(2, V2_INFORMATIONAL, 3, true, false);
    notify(N2_UPDATE_SA_ADDRESSES);
    from_addr = &stranger;
    send("update", 6);
    SAYS(address_updated, "from 192.0.2.10 to 203.0.113.66");
}

/* A NAT, or MOBIKE of either side, explains another address (RFC 4555 section 3.1). */
static void
moved(void)
{
    static const struct { enum nat nat; unsigned mobike; bool told; } table[] = {
        { NAT_NONE, 0, true }, { NAT_INITIATOR, 0, false }, { NAT_RESPONDER, 0, false }, { NAT_BOTH, 0, false }, { NAT_FORCED, 0, true },
        { NAT_NONE, 1, false }, { NAT_NONE, 2, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.has_auth = true;
            if (table[i].mobike == r + 1) {
                notify(N2_MOBIKE_SUPPORTED);
            }
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ((struct ike_sa *)sadb_ike_sa(db, 0))->nat = table[i].nat;
        begin(2, V2_INFORMATIONAL, 2, true, false);
        from_addr = &stranger;
        send("elsewhere", 9);
        TOLD(ike_from_new_address, table[i].told);
    }
}

/* RFC 4555 section 3.10: one request on every path; nobody has moved yet. */
static void
path_probes(bool mobike)
{
    struct ip_addr client6, gateway6;

    T(ip_parse(&client6, "2001:db8:1::10") && ip_parse(&gateway6, "2001:db8:2::20"));
    reset();
    sa_init(aes256, aes256);
    for (int side = 0; side < 2; side++) {
        begin(2, V2_IKE_AUTH, 1, side == 0, side == 1);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, side ? TO_R : 0xa0000001);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        if (mobike) {
            notify(N2_MOBIKE_SUPPORTED);
        }
        send(side ? "auth!" : "auth?", 3);
    }
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send_soon(&gateway, &client, "alive!", 6);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send_soon(&client6, &gateway6, "alive?", 0);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send_soon(&gateway6, &client6, "alive!", 0);
    T(count(CHECK_duplicate_frame) == 0 && count(CHECK_address_updated) == 0);
    if (mobike) {
        SILENT(ike_from_new_address);
        SILENT(retransmission);
        begin(2, V2_INFORMATIONAL, 3, true, false);
        notify(N2_UPDATE_SA_ADDRESSES);
        send_soon(&client6, &gateway6, "moves", 0);
        SAYS(address_updated, "from 192.0.2.10 to 2001:db8:1::10");
    } else {
        FIRES(ike_from_new_address);
        FIRES(retransmission);
    }
}

int
main(void)
{
    conversation_begin();
    new_addresses();
    moves();
    moved();
    path_probes(true);
    path_probes(false);
    return conversation_done();
}
