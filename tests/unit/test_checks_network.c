/* What the path does to an SA: translation seen from both sides and by IKEv1's hashes, ICMP,
 * fragments, silence of an IKEv1 peer.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform sha1[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 },
                                         { TRANSFORM_KE, KE_MODP_2048, 0 } };
static uint8_t nat_d_hashes[3][64];

/* --- NAT-D of IKEv1: HASH(CKY-I | CKY-R | IP | port), the negotiated hash (RFC 3947 section 3.2) --- */

static void
nat_d(GChecksumType type, const struct ip_addr *a, uint16_t port)
{
    GChecksum *sum = g_checksum_new(type);
    const uint8_t be[] = { (uint8_t)(port >> 8), (uint8_t)port };
    gsize len = sizeof nat_d_hashes[0];
    uint8_t *out = nat_d_hashes[m.num_nat_d];

    g_checksum_update(sum, m.spi_i, 8);
    g_checksum_update(sum, m.spi_r, 8);
    g_checksum_update(sum, a->bytes, a->family == 6 ? 16 : 4);
    g_checksum_update(sum, be, 2);
    g_checksum_get_digest(sum, out, &len);
    g_checksum_free(sum);
    m.nat_d[m.num_nat_d++] = (struct span){ out, len };
}

/* Messages 3 and 4 of main mode: the destination's hash first, then the sender's own. */
static void
main_mode(const struct transform *t, GChecksumType type, struct ip_addr *i, struct ip_addr *r, const struct ip_addr *own_i,
          const struct ip_addr *other_i)
{
    reset();
    for (unsigned n = 1; n <= 4; n++) {
        char text[8];
        begin(1, V1_MAIN, 0, n % 2, false);
        memset(m.spi_r, n == 1 ? 0 : 0x22, 8);
        from_addr = n % 2 ? i : r;
        to_addr = n % 2 ? r : i;
        if (n <= 2) {
            propose(t, 4, PROTO_IKE, 0);
        } else {
            nat_d(type, n == 3 ? r : other_i, 500);
            nat_d(type, n == 3 ? own_i : r, 500);
        }
        g_snprintf(text, sizeof text, "mm%u", n);
        send(text, (uint16_t)n);
    }
}

static void
v1_hashes(void)
{
    struct ip_addr six_i, six_r;

    main_mode(sha1, G_CHECKSUM_SHA1, &client, &gateway, &client, &client);
    T(sadb_ike_sa(db, 0)->nat == NAT_NONE && strcmp(nat_name(sadb_ike_sa(db, 0)->nat), "none") == 0);
    SILENT(nat_detected);
    main_mode(sha1, G_CHECKSUM_SHA1, &client, &gateway, &stranger, &client);
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR && strcmp(nat_name(sadb_ike_sa(db, 0)->nat), "initiator") == 0);
    SAYS(nat_detected, "hashes of frames 3 and 4 do not fit the addresses captured: behind a NAT is the initiator "
                       "(192.0.2.10 and 198.51.100.20 on the wire).");
    T(the_finding(CHECK_nat_detected)->frame == 4);

    /* The negotiated hash counts, SHA2-256 here; IPv6 addresses have 16 octets. */
    main_mode(aes256, G_CHECKSUM_SHA256, &client, &gateway, &client, &client);
    T(sadb_ike_sa(db, 0)->nat == NAT_NONE);
    main_mode(aes256, G_CHECKSUM_SHA1, &client, &gateway, &client, &client);
    T(sadb_ike_sa(db, 0)->nat != NAT_NONE);
    T(ip_parse(&six_i, "2001:db8:1::10") && ip_parse(&six_r, "2001:db8:2::20"));
    main_mode(sha1, G_CHECKSUM_SHA1, &six_i, &six_r, &six_i, &six_i);
    T(sadb_ike_sa(db, 0)->nat == NAT_NONE);
    main_mode(sha1, G_CHECKSUM_SHA1, &six_i, &six_r, &six_r, &six_i);
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR);

    reset();                                        /* one side's hashes alone prove nothing */
    v1_phase1(sha1);
    begin(1, V1_MAIN, 0, true, false);
    memset(m.spi_r, 0x22, 8);
    nat_d(G_CHECKSUM_SHA1, &gateway, 500);
    nat_d(G_CHECKSUM_SHA1, &stranger, 500);
    send("mm3", 3);
    T(sadb_ike_sa(db, 0)->nat == NAT_UNKNOWN && nat_name(NAT_UNKNOWN) == NULL && count(CHECK_nat_detected) == 0);
}

/* The capture of the NAT itself holds each packet twice: that proves more than hashes do. */
static void
seen_through(void)
{
    static const uint8_t wrong[20] = { 1 };

    for (unsigned translated = 0; translated < 2; translated++) {
        reset();
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        for (unsigned i = 0; i < 2; i++) {
            m.notifies[m.num_notifies++] = (struct ike_notify){ .type = (uint16_t)(16388 + i), .data = { wrong, 20 } };
        }
        send("init?", 1);
        if (translated) {
            now -= 0.49;
            from_addr = &stranger;
            send("init?", 1);
        }
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        propose(aes256, 4, PROTO_IKE, 0);
        for (unsigned i = 0; i < 2; i++) {
            m.notifies[m.num_notifies++] = (struct ike_notify){ .type = (uint16_t)(16388 + i), .data = { wrong, 20 } };
        }
        send("init!", 2);
    }
    SAYS(nat_detected, "Frames 1 and 2 are one packet, captured before and after its translation: behind a NAT is the initiator, whose "
                       "address 192.0.2.10 is 203.0.113.66 on the other side.");
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR);
    T(ike_sa_is_at(sadb_ike_sa(db, 0), true, &stranger) && !ike_sa_is_at(sadb_ike_sa(db, 0), false, &stranger));
}

/* --- ICMP and fragments ------------------------------------------------------------------ */

static struct on_path
icmp_of(uint8_t type, uint8_t code, uint8_t protocol, uint32_t spi)
{
    struct on_path e = { .p = { .kind = PATH_ICMP, .icmp_type = type, .icmp_code = code, .protocol = protocol, .spi = spi } };

    e.at.src = stranger;
    e.at.dst = e.p.src = client;
    e.p.dst = gateway;
    return e;
}

static void
icmp(void)
{
    struct on_path e = icmp_of(3, 1, 50, 0xb0000001);

    tunnel();
    path(e);
    SAYS(icmp_unreachable, "203.0.113.66 reports by ICMP (type 3, code 1) that ESP of SPI b0000001 did not reach 198.51.100.20.");
    T(the_finding(CHECK_icmp_unreachable)->child_sa == 0 && the_finding(CHECK_icmp_unreachable)->ike_sa == 0);
    SILENT(path_mtu);

    tunnel();                                       /* an SPI that nobody negotiated still belongs to the two peers */
    path(icmp_of(3, 13, 51, 0x12345678));
    SAYS(icmp_unreachable, "that AH of SPI 12345678 did not reach");
    T(the_finding(CHECK_icmp_unreachable)->child_sa == NO_ID && the_finding(CHECK_icmp_unreachable)->ike_sa == 0);
    tunnel();                                       /* the quote ends before the SPI */
    path(icmp_of(3, 13, 50, 0));
    SAYS(icmp_unreachable, "that ESP did not reach");
    tunnel();
    path(icmp_of(3, 13, 51, 0));
    SAYS(icmp_unreachable, "that AH did not reach");

    tunnel();                                       /* RFC 4443 section 3.2: type 2 is too big, with the MTU */
    e = icmp_of(2, 0, 50, 0xb0000001);
    T(ip_parse(&e.p.src, "2001:db8:1::10") && ip_parse(&e.p.dst, "2001:db8:2::20"));
    e.p.mtu = 1280;
    path(e);
    SAYS(path_mtu, "a packet of ESP of SPI b0000001 is too big; the next hop takes 1280 bytes.");
    SILENT(icmp_unreachable);

    tunnel();                                       /* neither IKE nor ESP nor AH */
    e = icmp_of(3, 3, 17, 0);
    e.p.src_port = 53;
    e.p.dst_port = 3000;
    path(e);
    path(icmp_of(3, 3, 6, 0));
    T(count(CHECK_icmp_unreachable) == 0);
    e.p.dst_port = 4500;
    path(e);
    SAYS(icmp_unreachable, "IKE on UDP 4500 did not reach");
}

static void
fragments(void)
{
    struct on_path e = { .p = { .kind = PATH_FRAGMENT, .protocol = 17, .src_port = 500, .dst_port = 500 } };

    tunnel();                                       /* the later ones follow the first by Identification alone */
    e.at.src = client;
    e.at.dst = gateway;
    e.at.ip_id = 7;
    path(e);
    e.p.src_port = e.p.dst_port = 0;
    path(e);
    SAYS(outer_fragment, "IKE or ESP in UDP from 192.0.2.10 to 198.51.100.20 travels in IP fragments.");
    T(the_finding(CHECK_outer_fragment)->count == 2);
    e.at.ip_id = 8;                                 /* of a datagram whose first fragment was not captured */
    path(e);
    T(the_finding(CHECK_outer_fragment)->count == 2);
    tunnel();
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = 51 } };
    e.at.src = client;
    e.at.dst = gateway;
    path(e);
    SAYS(outer_fragment, "AH from 192.0.2.10");
    tunnel();                                       /* only one port is IKE's: a client of some other service */
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = 17, .src_port = 500, .dst_port = 53 } };
    path(e);
    SILENT(outer_fragment);
}

/* Clear packets between addresses that the selectors protect (RFC 4301 section 5.1). */
static void
clear(void)
{
    static const struct { const char *src, *dst; uint8_t protocol; uint16_t port; bool told; } table[] = {
        { "10.1.0.1", "10.2.0.1", 6, 443, true },
        { "10.2.0.1", "10.1.0.1", 6, 443, true },
        { "10.1.0.1", "10.3.0.1", 6, 443, false },              /* another network */
        { "10.1.0.1", "10.2.0.1", 17, 500, false },             /* IKE through the same gateways */
        { "192.0.2.10", "198.51.100.20", 6, 22, false },        /* the peers themselves, beside the tunnel */
    };
    struct on_path e = { .p = { .kind = PATH_CLEAR } };

    T(!sadb_wants_clear(db) || sadb_num_clear(db) == 0);
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        tunnel();
        T(sadb_wants_clear(db));
        e.p.clear = (struct inner_packet){ .protocol = table[i].protocol, .has_ports = true, .src_port = 3000, .dst_port = table[i].port };
        T(ip_parse(&e.p.clear.src, table[i].src) && ip_parse(&e.p.clear.dst, table[i].dst));
        path(e);
        T((sadb_num_clear(db) == 1) == table[i].told && !sadb_clear(db, 1));
        end_after(5);
        T((count(CHECK_cleartext_bypass) == 1) == table[i].told);
    }
    SILENT(cleartext_bypass);

    tunnel();                                       /* deleted: nothing is promised any more */
    static const uint8_t spi[] = { 0xa0, 0, 0, 1 };
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.num_deletes = 1;
    m.deletes[0] = (struct ike_delete){ .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 1, .spis = { spi, 4 }, .inner = true };
    send("delete", 5);
    T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
    path(e);
    end_after(5);
    T(count(CHECK_cleartext_bypass) == 0);
}

/* Of a clear fragment nobody knows whether its datagram had the one port that the SA protects. */
static void
clear_fragment(void)
{
    static const struct { uint16_t lo, hi; bool fragment, told; } table[] = {
        { 443, 443, false, true }, { 442, 442, false, false }, { 443, 443, true, false },
        { 0, 65535, true, true },
        { 65535, 0, true, true },                           /* OPAQUE: RFC 4301 section 7.2 */
        { 65535, 0, false, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct on_path e = { .p = { .kind = PATH_CLEAR } };
        bool whole = !table[i].fragment;
        reset();
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, 0xb0000001);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        m.ts_r[0].protocol = 6;
        m.ts_r[0].port_lo = table[i].lo;
        m.ts_r[0].port_hi = table[i].hi;
        send("auth!", 4);
        e.p.clear = (struct inner_packet){ .protocol = 6, .has_ports = whole, .fragment = !whole };
        e.p.clear.src_port = whole ? 3000 : 0;
        e.p.clear.dst_port = whole ? 443 : 0;
        T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
        path(e);
        end_after(5);
        T((count(CHECK_cleartext_bypass) == 1) == table[i].told);
    }
}

/* --- RFC 3706: R-U-THERE and its acknowledgement are exchanges of their own ---------------- */

static void
v1_established(void)
{
    reset();
    v1_phase1(aes256);
    for (unsigned n = 3; n <= 6; n++) {
        char text[8];
        begin(1, V1_MAIN, 0, n % 2, false);
        memset(m.spi_r, 0x22, 8);
        g_snprintf(text, sizeof text, "mm%u", n);
        send(text, (uint16_t)n);
    }
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
}

static void
dpd(uint32_t id, bool from_client, uint16_t type)
{
    char text[16];

    begin(1, V1_INFORMATIONAL, id, from_client, false);
    memset(m.spi_r, 0x22, 8);
    notify(type);
    g_snprintf(text, sizeof text, "dpd %u", id);
    send(text, (uint16_t)(100 + id));
}

static void
v1_liveness(void)
{
    v1_established();
    dpd(11, true, 36136);
    dpd(12, false, 36137);
    end_after(20);
    SILENT(dead_peer);

    v1_established();
    dpd(11, true, 36136);
    dpd(12, false, 36137);
    dpd(13, true, 36136);
    dpd(14, true, 36136);
    dpd(15, true, 36136);
    end_after(20);
    SAYS(dead_peer, "192.0.2.10 asks whether 198.51.100.20 lives (R-U-THERE, 3 times since frame 9) and gets no acknowledgement");
    T(the_finding(CHECK_dead_peer)->count == 3 && the_finding(CHECK_dead_peer)->frame == 9);
    T(basis_of(CHECK_dead_peer) == BASIS_DECRYPTED && count(CHECK_dead_peer) == 1);
    T(count(CHECK_request_unanswered) == 0);

    v1_established();                                    /* the capture ends too early */
    dpd(11, false, 36136);
    end_after(1);
    T(count(CHECK_dead_peer) == 0);

    reset();                                        /* of the peer's direction nothing was captured */
    dpd(11, true, 36136);
    dpd(13, true, 36136);
    end_after(20);
    T(count(CHECK_dead_peer) == 0);

    v1_established();                                    /* no acknowledgement, but the peer answers a quick mode */
    dpd(11, true, 36136);
    begin(1, V1_QUICK, 9, true, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 2, PROTO_ESP, 0xa0000001);
    send("qm1", 40);
    begin(1, V1_QUICK, 9, false, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 2, PROTO_ESP, 0xb0000001);
    send("qm2", 41);
    end_after(20);
    T(count(CHECK_dead_peer) == 0);
}

int
main(void)
{
    conversation_begin();
    v1_hashes();
    seen_through();
    icmp();
    fragments();
    clear();
    clear_fragment();
    v1_liveness();
    return conversation_done();
}
