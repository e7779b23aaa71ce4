/* What an SA's later life shows: lifetimes, restarts, authentication anew, addresses inside the tunnel, traffic
 * in both ways.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

/* --- lifetimes (RFC 2407 section 4.5) -------------------------------------------------------- */

static void
carry(uint32_t seq, uint32_t length)
{
    ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = TO_R, .seq = seq, .length = length });
}

static void
used_after_lifetime(void)
{
    v1_tunnel(0, 100);                              /* 100 KB, to the octet */
    carry(1, 100 * 1024);
    carry(2, 1023);
    SILENT(esp_after_lifetime);
    carry(3, SHORTEST);
    SAYS(esp_after_lifetime, "ESP of SPI b0000001 has carried more than the 100 KB that quick mode in frame 4 gave it.");
    v1_tunnel(3600, 0);
    now += 3600;                                    /* within the grace */
    carry(1, SHORTEST);
    T(count(CHECK_esp_after_lifetime) == 0);
    now += 1;
    carry(2, SHORTEST);
    SAYS(esp_after_lifetime, "ESP of SPI b0000001 is used 3602 s after quick mode in frame 4, which gave it 3600 s.");
    T(the_finding(CHECK_esp_after_lifetime)->child_sa == 0 && the_finding(CHECK_esp_after_lifetime)->frame == 6);
    tunnel();                                       /* IKEv2 negotiates none */
    now += 1e6;
    carry(1, SHORTEST);
    T(count(CHECK_esp_after_lifetime) == 0);
}

static void
shorter_than_offered(void)
{
    /* RESPONDER-LIFETIME (RFC 2407 section 4.6.3.1): attributes in both forms, cut, and of an unknown kind. */
    static const struct { const char *data; size_t len; const char *says; } table[] = {
        { "\200\1\0\1\200\2\16\20", 8, "than the one offered, 3600 s (RESPONDER-LIFETIME in frame 5)" },
        { "\200\1\0\1\0\2\0\4\0\0\16\20\200\1\0\2\0\2\0\4\0\106\120\0", 24, "offered, 3600 s, 4608000 KB (" },
        { "\200\1\0\1\0\2\0\4\0\0", 10, "than the one offered (" },
        { "\200\2\16\20", 4, "than the one offered (" },        /* a duration of nothing */
        { "", 0, "than the one offered (" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        v1_tunnel(28800, 0);
        SILENT(lifetime_mismatch);
        begin(1, V1_INFORMATIONAL, 7, false, false);
        notify(N1_RESPONDER_LIFETIME);
        m.notifies[0].data = (struct span){ (const uint8_t *)table[i].data, table[i].len };
        m.notifies[0].inner = true;
        send("life", 9);
        SAYS(lifetime_mismatch, table[i].says);
        T(basis_of(CHECK_lifetime_mismatch) == BASIS_DECRYPTED);
    }
}

/* RFC 4478: the gateway says until when. */
static void
authenticated_until(void)
{
    for (unsigned told = 0; told < 2; told++) {
        reset();
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, TO_R);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        notify(N2_AUTH_LIFETIME);
        m.notifies[0].data = (struct span){ (const uint8_t *)"\0\0\16\20", told ? 4 : 3 };
        send("auth!", 4);
        SAYS(sa_established, told ? "; it is to be authenticated anew within 3600 s (AUTH_LIFETIME)." : "MODP_2048.");
    }
}

/* RFC 7296 section 2.4: the peer has forgotten the SA. */
static void
restarts(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.encrypted = false;
    notify(N2_INVALID_IKE_SPI);
    send("unknown", 9);
    SAYS(peer_restarted, "198.51.100.20 answers IKE SA 0, established in frame 4, with INVALID_IKE_SPI: it no longer knows it.");
    T(basis_of(CHECK_peer_restarted) == BASIS_OBSERVED && sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    reset();                                        /* before it was established nobody has forgotten anything */
    sa_init(aes256, aes256);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    m.encrypted = false;
    notify(N2_INVALID_IKE_SPI);
    send("unknown", 9);
    SILENT(peer_restarted);

    /* IKEv1 authenticates anew by another phase 1 between the same two (RFC 2409 section 5.5). */
    reset();
    for (unsigned again = 0; again < 2; again++) {
        for (unsigned n = 1; n <= 6; n++) {
            char text[16];
            begin(1, V1_MAIN, 0, n % 2, false);
            memset(m.spi_i, again ? 0x33 : 0x11, 8);
            memset(m.spi_r, n == 1 ? 0 : again ? 0x44 : 0x22, 8);
            if (n <= 2) {
                propose(aes256, 4, PROTO_IKE, 0);
            }
            g_snprintf(text, sizeof text, "%u mm%u", again, n);
            send(text, (uint16_t)(10 * again + n));
        }
    }
    SAYS(sa_rekeyed, "IKE SA 0 (phase 1) is replaced by IKE SA 1, authenticated anew.");
    T(sadb_ike_sa(db, 0)->state == IKE_REKEYED && sadb_ike_sa(db, 0)->rekeyed_by == 1 && sadb_ike_sa(db, 1)->rekeys == 0);
    v1_tunnel(0, 0);                                /* and a Child SA by another quick mode with the same selectors */
    for (unsigned r = 0; r < 2; r++) {
        begin(1, V1_QUICK, 12, r == 0, false);
        propose(esp128, 2, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
        send(r ? "again qm2" : "again qm1", (uint16_t)(13 + r));
    }
    SAYS(sa_rekeyed, "Child SA 0 (SPIs a0000001 and b0000001) is replaced by Child SA 1.");
    T(sadb_child_sa(db, 0)->state == CHILD_REKEYED && count(CHECK_duplicate_child_sa) == 0);
    T(sadb_predecessor(db, sadb_child_sa(db, 1)) == sadb_child_sa(db, 0) && !sadb_predecessor(db, sadb_child_sa(db, 0)));
    for (unsigned r = 0; r < 2; r++) {              /* other networks are another SA */
        static const uint8_t net[] = { 10, 9, 0, 0, 255, 255, 0, 0 };
        begin(1, V1_QUICK, 13, r == 0, false);
        propose(esp128, 2, PROTO_ESP, r ? 0xb0000003 : 0xa0000003);
        m.id_i = m.id_r = (struct ike_id){ .present = true, .inner = true, .type = 4, .data = { net, 8 } };
        send(r ? "other qm2" : "other qm1", (uint16_t)(23 + r));
    }
    T(sadb_child_sa(db, 1)->state == CHILD_INSTALLED && sadb_child_sa(db, 2)->rekeys == NO_ID);
}

/* --- inside the tunnel (RFC 4301 section 5.2) -------------------------------------------------- */

static void
one_address(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.86.152.186", "10.2.0.0/24");
    auth_response("10.86.152.186", "10.2.0.0/24");
    packet(TO_R, &client, &gateway, "10.86.152.188", "10.2.0.5", 6);
    SAYS(inner_source_violation, "Inner source 10.86.152.188, but Child SA 0 (SPI b0000001, IKE_AUTH in frame 4) admits only 10.86.152.186/32 from");
    T_STR(the_finding(CHECK_inner_source_violation)->remedy,
          "Give 192.0.2.10 the address 10.86.152.186 that the SA admits, or bind 10.86.152.188 to it on the other end and negotiate "
          "again; both ends must hold the same.");
    T(the_finding(CHECK_inner_source_violation)->frame == 5 && basis_of(CHECK_inner_source_violation) == BASIS_DECRYPTED);
    packet(TO_I, &gateway, &client, "10.2.0.5", "10.86.152.188", 6);       /* the other way: source and destination change places */
    SAYS(inner_destination_violation, "Inner destination 10.86.152.188, but Child SA 0 (SPI a0000001");
    T(count(CHECK_inner_source_violation) == 1);
    packet(TO_R, &client, &gateway, "10.86.152.188", "10.2.0.9", 17);      /* one finding, more frames */
    T(count(CHECK_inner_source_violation) == 1 && the_finding(CHECK_inner_source_violation)->count == 2);
}

/* A protocol and ports: RFC 4301 section 4.4.1.1.  Fragments show none. */
static void
ports(void)
{
    static const struct { uint8_t protocol; uint16_t lo, hi; uint8_t sent; uint16_t port; bool shown, violates; } table[] = {
        { 0, 0, 65535, 6, 443, true, false }, { 6, 0, 65535, 6, 443, true, false }, { 17, 0, 65535, 6, 443, true, true },
        { 6, 443, 443, 6, 443, true, false }, { 6, 443, 443, 6, 442, true, true }, { 6, 443, 443, 6, 444, true, true },
        { 6, 442, 444, 6, 442, true, false }, { 6, 442, 444, 6, 444, true, false }, { 6, 443, 443, 6, 9, false, false },
        { 6, 65535, 0, 6, 443, true, false },                       /* OPAQUE */
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .seq = 1, .length = 100, .has_inner = true, .inner_tunnel = true,
                                  .inner_basis = BASIS_DECRYPTED };
        reset();
        sa_init(aes256, aes256);
        auth_request("10.1.0.0/24", "10.2.0.0/24");
        begin(2, V2_IKE_AUTH, 1, false, true);
        m.has_auth = true;
        propose(esp128, 3, PROTO_ESP, TO_R);
        selectors("10.1.0.0/24", "10.2.0.0/24");
        m.ts_r[0].protocol = table[i].protocol;
        m.ts_r[0].port_lo = table[i].lo;
        m.ts_r[0].port_hi = table[i].hi;
        send("auth!", 4);
        p.inner = (struct inner_packet){ .protocol = table[i].sent, .has_ports = table[i].shown, .src_port = 3000, .dst_port = table[i].port };
        T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
        ipsec(&client, &gateway, p);
        T((count(CHECK_inner_selector_violation) == 1) == table[i].violates);
        T(count(CHECK_inner_source_violation) == 0 && count(CHECK_inner_destination_violation) == 0);
    }
}

/* RFC 7296 section 2.19: the address that was assigned, or a network behind the client that a selector of its own admits. */
static void
assigned(void)
{
    static const uint8_t bound[] = { 10, 9, 0, 1 };

    reset();
    sa_init(aes256, aes256);
    auth_request("0.0.0.0/0", "0.0.0.0/0");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.has_auth = true;
    propose(esp128, 3, PROTO_ESP, TO_R);
    selectors("10.9.0.0/24", "10.2.0.0/24");
    m.num_ts_i = 2;
    T(selector_parse(&m.ts_i[1], "10.77.0.0/16"));
    m.cfg_type = CP_REPLY;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ CFG_INTERNAL_IP4_ADDRESS, { bound, 4 } };
    send("auth!", 4);
    packet(TO_R, &client, &gateway, "10.9.0.1", "10.2.0.5", 6);
    packet(TO_R, &client, &gateway, "10.77.3.4", "10.2.0.5", 6);
    packet(TO_I, &gateway, &client, "10.2.0.5", "10.9.0.1", 6);
    SILENT(virtual_ip_violation);
    SILENT(inner_source_violation);
    packet(TO_R, &client, &gateway, "10.9.0.2", "10.2.0.5", 6);
    SAYS(virtual_ip_violation, "Inner source 10.9.0.2, but 198.51.100.20 assigned 10.9.0.1 to 192.0.2.10 (configuration payload, frame 4).");
}

/* --- both ways ---------------------------------------------------------------------------------- */

static void
ways(void)
{
    struct ipsec_packet p = { .protocol = PROTO_ESP, .spi = TO_R, .length = SHORTEST };

    tunnel();                                       /* two packets are too few, three are not */
    for (p.seq = 1; p.seq <= 2; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    end_after(1);
    SILENT(one_way);
    tunnel();
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    end_after(1);
    SAYS(one_way, "3 ESP packets go from 192.0.2.10 to 198.51.100.20 (SPI b0000001, frames 5 to 7); none comes back");

    tunnel();                                       /* answers come through another SA of the same two */
    second_child(2, 0xa0000002, 0xb0000002, "10.3.0.0/24");
    for (p.seq = 1; p.seq <= 3; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    for (unsigned spi = 0; spi < 2; spi++) {
        ipsec(&gateway, &client, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 0xa0000002, .seq = 1 + spi, .length = SHORTEST });
        ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = 0xb0000002, .seq = 1 + spi, .length = SHORTEST });
    }
    end_after(1);
    T(count(CHECK_one_way) == 0);

    tunnel();                                       /* readable UDP wants no answer */
    p.has_inner = p.inner_tunnel = true;
    p.inner_basis = BASIS_DECRYPTED;
    p.inner.protocol = 17;
    T(ip_parse(&p.inner.src, "10.1.0.5") && ip_parse(&p.inner.dst, "10.2.0.5"));
    for (p.seq = 1; p.seq <= 5; p.seq++) {
        ipsec(&client, &gateway, p);
    }
    end_after(1);
    T(count(CHECK_one_way) == 0);
}

/* An ICV of an algorithm whose length is not known says nothing of AH's or ESP's length. */
static void
unknown_lengths(void)
{
    static const struct transform strange[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, 999, 0 } }, ah[] = { { TRANSFORM_INTEG, 999, 0 } };
    static const struct transform gmac[] = { { TRANSFORM_INTEG, INTEG_AES_128_GMAC, 0 } };

    for (unsigned i = 0; i < 3; i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, 1, r == 0, r == 1);
            m.has_auth = true;
            propose(i == 0 ? strange : i == 1 ? ah : gmac, i == 0 ? 2 : 1, i == 0 ? PROTO_ESP : PROTO_AH, r ? TO_R : TO_I);
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        ipsec(&client, &gateway, (struct ipsec_packet){ .protocol = i == 0 ? PROTO_ESP : PROTO_AH, .spi = TO_R, .seq = 1, .length = 41,
                                                        .ah_words = 4 });
        T(count(CHECK_length_impossible) == 0 && count(CHECK_ah_length_wrong) == 0 && count(CHECK_truncated_sha256) == 0);
    }
}

int
main(void)
{
    conversation_begin();
    used_after_lifetime();
    shorter_than_offered();
    authenticated_until();
    restarts();
    one_address();
    ports();
    assigned();
    ways();
    unknown_lengths();
    return conversation_done();
}
