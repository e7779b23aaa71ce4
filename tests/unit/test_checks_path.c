/* The rows of NAT, silence, ICMP and lifecycle, firing and silent.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform pfs[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
static const struct transform des[] = { { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
                                        { TRANSFORM_KE, KE_MODP_768, 0 } };
static const struct transform ml_kem[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                           { TRANSFORM_KE, KE_CURVE_25519, 0 }, { TRANSFORM_ADDKE1, KE_ML_KEM_768, 0 } };
static uint8_t hashes[4][20];
static uint16_t hashed_port = 500;      /* of the sender's own address */

/* RFC 7296 section 2.23, over the addresses that the sender sees. */
static void
nat_hashes(unsigned slot, const struct ip_addr *src, const struct ip_addr *dst)
{
    static const uint16_t types[] = { 16388, 16389 };

    for (unsigned i = 0; i < 2; i++) {
        GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
        const uint8_t port[] = { i ? 500 >> 8 : hashed_port >> 8, (uint8_t)(i ? 500 & 255 : hashed_port & 255) };
        gsize len = 20;
        g_checksum_update(sum, m.spi_i, 8);
        g_checksum_update(sum, m.spi_r, 8);
        g_checksum_update(sum, (i ? dst : src)->bytes, 4);
        g_checksum_update(sum, port, 2);
        g_checksum_get_digest(sum, hashes[slot + i], &len);
        g_checksum_free(sum);
        m.notifies[m.num_notifies++] = (struct ike_notify){ .type = types[i], .data = { hashes[slot + i], 20 } };
    }
}

/* What each side takes for its own and the other's address. */
static void
init_with_hashes(const struct ip_addr *i_src, const struct ip_addr *i_dst, const struct ip_addr *r_src, const struct ip_addr *r_dst)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    nat_hashes(0, i_src, i_dst);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    nat_hashes(2, r_src, r_dst);
    send("init!", 2);
}

static void
authenticate(const struct ip_addr *own)
{
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.id_i = (struct ike_id){ .present = true, .inner = true, .type = 1, .data = { own->bytes, 4 } };
    send("auth?", 3);
}

/* Hashes that fit nothing on the wire: made of the side's own address behind its NAT, or forced. */
static void
between_nats(void)
{
    init_with_hashes(&stranger, &gateway, &stranger, &client);
    authenticate(&client);
    SILENT(nat_detected);
    init_with_hashes(&stranger, &gateway, &stranger, &client);
    authenticate(&stranger);
    SAYS(nat_detected, "203.0.113.66 is the identity of the initiator, and the address in its NAT detection hash of frame 1; on the wire it is "
         "192.0.2.10: behind a NAT is each side.");
    T(sadb_ike_sa(db, 0)->nat == NAT_BOTH);
    hashed_port = 0;
    init_with_hashes(&client, &gateway, &gateway, &client);
    SAYS(nat_forced, "hashes its own address with port 0 (frame 1)");
    SILENT(nat_detected);
    T(basis_of(CHECK_nat_forced) == BASIS_OBSERVED && sadb_ike_sa(db, 0)->nat == NAT_FORCED);
    hashed_port = 500;
}

static void
nat(void)
{
    static const struct transform ah[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };

    init_with_hashes(&client, &gateway, &gateway, &client);
    SILENT(nat_detected);
    SILENT(nat_forced);
    SILENT(nat_t_draft);
    T(sadb_ike_sa(db, 0)->nat == NAT_NONE);
    begin(2, V2_IKE_AUTH, 1, false, true);
    SILENT(ah_through_nat);
    init_with_hashes(&stranger, &gateway, &gateway, &client);
    SAYS(nat_detected, "behind a NAT is the initiator");
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR);
    begin(2, V2_IKE_AUTH, 1, true, false);
    propose(ah, 1, PROTO_AH, 0xa0000001);
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    propose(ah, 1, PROTO_AH, 0xb0000001);
    send("auth!", 4);
    FIRES(ah_through_nat);
    init_with_hashes(&client, &stranger, &gateway, &client);
    T(sadb_ike_sa(db, 0)->nat == NAT_RESPONDER);
    init_with_hashes(&client, &gateway, &gateway, &stranger);       /* only the other end knows the initiator by another address */
    T(sadb_ike_sa(db, 0)->nat == NAT_INITIATOR);
    init_with_hashes(&stranger, &stranger, &stranger, &stranger);   /* all differ: that is no forced encapsulation */
    T(sadb_ike_sa(db, 0)->nat == NAT_BOTH);
    init_with_hashes(&stranger, &gateway, &stranger, &client);
    FIRES(nat_forced);
    SILENT(nat_detected);
    T(basis_of(CHECK_nat_forced) == BASIS_INFERRED);
    between_nats();

    reset();
    begin(1, V1_MAIN, 0, true, false);
    m.num_payloads = 1;
    m.payloads[0].type = V1P_NAT_D_DRAFT;
    propose(aes256, 4, PROTO_IKE, 0);
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("mm2", 2);
    begin(1, V1_MAIN, 0, true, false);
    m.num_payloads = 1;
    m.payloads[0].type = V1P_NAT_D_DRAFT;
    send("mm3", 3);
    FIRES(nat_t_draft);
}

static void
ports(void)
{
    reset();
    sa_init(aes256, aes256);
    ike_src_port = ike_dst_port = 4500;
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    SILENT(port_500_after_float);
    ike_src_port = ike_dst_port = 500;
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("stays", 5);
    FIRES(port_500_after_float);
}

static void
lost_on_the_way(void)
{
    reset();
    sa_init(aes256, aes256);
    ike_src_port = ike_dst_port = 4500;
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    send("auth?", 7);
    end_after(20);
    SAYS(udp_4500_blocked, "UDP 500 is answered (frame 2); 2 messages to UDP 4500 since frame 3 are not");
    T(count(CHECK_request_unanswered) == 0);
    SILENT(large_message_lost);
    reset();
    sa_init(aes256, aes256);
    ike_src_port = ike_dst_port = 4500;
    begin(2, V2_IKE_AUTH, 1, true, false);
    m.length = 1800;
    send("big", 3);
    end_after(20);
    SAYS(large_message_lost, "1800 bytes");
    SILENT(udp_4500_blocked);
}

static void
liveness_answered(void)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    send("alive?", 6);
    begin(2, V2_INFORMATIONAL, 2, false, true);
    send("alive!", 7);
    end_after(20);
    SILENT(dead_peer);
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, true, false);
    send("alive?", 5);
    send("alive?", 6);
    end_after(20);
    SAYS(dead_peer, "sent 2 times");
}

static void
icmp_and_fragments(void)
{
    struct on_path e = { .p = { .kind = PATH_ICMP, .icmp_type = 3, .icmp_code = 3, .protocol = 17, .src_port = 500, .dst_port = 500 } };

    tunnel();
    e.at.src = stranger;
    e.at.dst = e.p.src = client;
    e.p.dst = gateway;
    SILENT(icmp_unreachable);
    path(e);
    SAYS(icmp_unreachable, "IKE on UDP 500 did not reach 198.51.100.20");
    SILENT(path_mtu);
    e.p.icmp_code = 4;
    e.p.mtu = 1400;
    path(e);
    SAYS(path_mtu, "takes 1400 bytes");

    tunnel();
    e = (struct on_path){ .p = { .kind = PATH_FRAGMENT, .protocol = 17, .src_port = 53, .dst_port = 53 } };
    e.at.src = client;
    e.at.dst = gateway;
    path(e);
    SILENT(outer_fragment);
    e.p.protocol = 50;
    path(e);
    SAYS(outer_fragment, "ESP from 192.0.2.10");

    SILENT(non_esp_marker_missing);
    e.p.kind = PATH_UNMARKED;
    e.at.dst_port = 4500;
    path(e);
    SAYS(non_esp_marker_missing, "192.0.2.10 sends IKE to UDP 4500");
}

static void
clear_copy(void)
{
    struct on_path e = { .p = { .kind = PATH_CLEAR } };

    tunnel();
    T(ip_parse(&e.p.clear.src, "10.1.0.1") && ip_parse(&e.p.clear.dst, "10.2.0.1"));
    path(e);
    packet(0xb0000001, &client, &gateway, NULL, NULL, 0);
    end_after(5);
    SILENT(cleartext_bypass);                       /* its copy went through the SA */
    tunnel();
    path(e);
    end_after(5);
    SAYS(cleartext_bypass, "10.1.0.1 to 10.2.0.1 is in clear; Child SA 0");
}

static void
detours(void)
{
    static const uint8_t wanted[] = { 0, 19 };

    tunnel();
    SILENT(cookie_challenge);
    SILENT(invalid_ke_payload);
    SILENT(redirected);
    SILENT(post_quantum);
    refused_group(wanted);
    SAYS(invalid_ke_payload, "wants ECP_256; the key exchange of frame 1 is in MODP_2048");
    T(severity_of(CHECK_invalid_ke_payload) == SEV_NOTE);
    end_after(20);
    SAYS(invalid_ke_payload, "No try with the wanted group follows");
    T(severity_of(CHECK_invalid_ke_payload) == SEV_WARN);
    for (unsigned good = 0; good < 2; good++) {
        refused_group(wanted);
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("again?", 3);
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        if (good) {
            propose(aes256, 4, PROTO_IKE, 0);
        } else {
            notify(N2_NO_PROPOSAL_CHOSEN);
        }
        send("again!", 4);
        end_after(20);
        T(severity_of(CHECK_invalid_ke_payload) == (good ? SEV_NOTE : SEV_WARN));
        T((strstr(detail(CHECK_invalid_ke_payload), "in MODP_2048. The next try (frame 3) is accepted in frame 4.") != NULL) == (good == 1));
    }
    SAYS(invalid_ke_payload, "is accepted in frame 4.");
    refused_group((const uint8_t[]){ 0, 0 });
    SAYS(invalid_ke_payload, "wants no group (NONE); the key exchange of frame 1 is in MODP_2048. The initiator is to try again without a key exchange.");
    refused_group(wanted);
    end_after(5);
    T(severity_of(CHECK_invalid_ke_payload) == SEV_NOTE);       /* the retry may come after the capture */
    refused_group(wanted);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_COOKIE);
    send("cookie", 3);
    FIRES(cookie_challenge);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_REDIRECT);
    m.notifies[0].data = (struct span){ (const uint8_t *)"\003\016gw.example.net", 16 };
    send("redirect", 4);
    SAYS(redirected, "to gw.example.net");

    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(ml_kem, 5, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(ml_kem, 5, PROTO_IKE, 0);
    send("init!", 2);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    SAYS(post_quantum, "ML_KEM_768");
}

static void
refused_quick_mode(const struct transform *t, size_t n)
{
    begin(1, V1_QUICK, 9, true, false);
    propose(t, n, PROTO_ESP, 0xa0000001);
    send("qm1", 3);
    begin(1, V1_INFORMATIONAL, 10, false, false);
    notify(N1_NO_PROPOSAL_CHOSEN);
    send("no", 4);
}

static void
disagreements(void)
{
    static const struct transform des_md5[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 } };
    static const struct transform like[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    reset();
    v1_phase1(aes256);
    refused_quick_mode(des_md5, 2);
    SILENT(pfs_mismatch);                           /* anything may be the cause */
    reset();
    v1_phase1(aes256);
    refused_quick_mode(like, 2);
    SAYS(pfs_mismatch, "asks for no PFS and for the cipher and hash");
    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(pfs, 3, PROTO_ESP, 0xa0000002);
    send("child?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("child!", 6);
    SAYS(pfs_mismatch, "MODP_2048; but for that it has taken this suite before (frame 4)");

    reset();
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 3600;
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 3600;
    send("mm2", 2);
    SILENT(lifetime_mismatch);
    SILENT(exchange_mode_mismatch);
    reset();
    v1_phase1(aes256);
    static const uint8_t life[] = { 0x80, 1, 0, 1, 0, 2, 0, 4, 0, 0, 0x0e, 0x10 };
    begin(1, V1_QUICK, 9, true, false);
    notify(N1_RESPONDER_LIFETIME);
    m.notifies[0].data = (struct span){ life, sizeof life };
    send("lifetime", 3);
    SAYS(lifetime_mismatch, "offered, 3600 s (RESPONDER-LIFETIME in frame 3)");
    reset();
    begin(1, V1_AGGRESSIVE, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("am1", 1);
    begin(1, V1_INFORMATIONAL, 5, false, false);
    notify(N1_AUTHENTICATION_FAILED);
    send("no", 2);
    SAYS(exchange_mode_mismatch, "first message of aggressive mode (frame 1)");
    T(count(CHECK_auth_failed) == 0);               /* nobody has looked at credentials */

    tunnel();
    SILENT(mode_mismatch);
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000001);
    notify(N2_USE_TRANSPORT_MODE);
    send("auth?", 3);
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    FIRES(mode_mismatch);
}

static void
other_init(const struct transform *t, uint8_t spi, struct ip_addr *from, struct ip_addr *to)
{
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, spi, 8);
    propose(t, 4, PROTO_IKE, 0);
    from_addr = from;
    to_addr = to;
    send("other", spi);
}

static void
offers(void)
{
    reset();
    sa_init(aes256, NULL);
    SILENT(offer_changed);
    other_init(aes128, 0x33, &client, &gateway);
    SAYS(offer_changed, "AES_CBC_128");
    SILENT(no_common_proposal);
    other_init(des, 0x44, &gateway, &client);
    SAYS(no_common_proposal, "no suite is in both");
}

/* The refuser's policy from a choice for another peer, from INVALID_KE_PAYLOAD and from the plan. */
static void
explained_refusals(void)
{
    static const uint8_t wanted[] = { 0, 19 };
    static const struct transform weak_dh[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                                { TRANSFORM_KE, KE_MODP_1024, 0 } };
    static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
                                            { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
    char *error = NULL;

    reset();
    sa_init(aes256, aes256);
    other_init(des, 0x33, &stranger, &gateway);
    m.num_proposals = 0;
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x44, 8);
    propose(des, 4, PROTO_IKE, 0);
    propose(weak_dh, 4, PROTO_IKE, 0);
    m.proposals[1].number = 2;
    from_addr = &stranger;
    send("two", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, 0x44, 8);
    notify(N2_NO_PROPOSAL_CHOSEN);
    to_addr = &stranger;
    send("none", 10);
    SAYS(no_proposal_chosen, "DH does not meet: offered MODP_1024, it has chosen MODP_2048 before (frame 2); proposal 1 fails on ENCR");

    refused_group(wanted);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x44, 8);
    propose(weak_dh, 4, PROTO_IKE, 0);
    send("again", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, 0x44, 8);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("none", 10);
    SAYS(no_proposal_chosen, "DH does not meet: offered MODP_1024, it has wanted ECP_256 before (frame 2)");

    reset();
    T(plan_add(plan, "198.51.100.20", "AES_CBC_128", NULL, NULL, NULL, &error));
    sa_init(aes256, NULL);
    SAYS(no_proposal_chosen, "ENCR does not meet: offered AES_CBC_256, the plan has AES_CBC_128.");

    /* IKEv1 ESP and AH under one number: the ESP half meets, the AH half does not. */
    static const struct transform esp[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform sha[] = { { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } }, md5[] = { { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 } };
    reset();
    v1_phase1(aes256);
    for (unsigned i = 0; i < 2; i++) {
        begin(1, V1_QUICK, 9, i == 0, false);
        propose(esp, 2, PROTO_ESP, i ? 0xb0000001 : 0xa0000001);
        propose(sha, 1, PROTO_AH, i ? 0xb0000002 : 0xa0000002);
        send(i ? "qm2" : "qm1", (uint16_t)(3 + i));
    }
    begin(1, V1_QUICK, 10, true, false);
    propose(esp, 2, PROTO_ESP, 0xa0000003);
    propose(md5, 1, PROTO_AH, 0xa0000004);
    send("and", 5);
    begin(1, V1_INFORMATIONAL, 11, false, false);
    notify(N1_NO_PROPOSAL_CHOSEN);
    send("no", 6);
    SAYS(no_proposal_chosen, "INTEG does not meet: offered HMAC_MD5_96, it has");

    reset();                                        /* one proposal of AEAD and classic ciphers */
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(gcm, 5, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    static const struct transform answer[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
    propose(answer, 3, PROTO_IKE, 0);
    send("init!", 2);
    SILENT(proposal_not_offered);
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

static void
collision(void)
{
    static const uint8_t i_spi[] = { 0xa0, 0, 0, 1 }, r_spi[] = { 0xb0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ i_spi, 4 };
    send("rekey i", 5);
    SILENT(rekey_collision);
    begin(2, V2_CREATE_CHILD_SA, 0, false, false);
    memset(m.spi_r, 0x22, 8);
    propose(esp128, 3, PROTO_ESP, 0xb0000002);
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ r_spi, 4 };
    send("rekey r", 6);
    SAYS(rekey_collision, "frame 5 and frame 6");
}

int
main(void)
{
    conversation_begin();
    nat();
    ports();
    lost_on_the_way();
    liveness_answered();
    icmp_and_fragments();
    clear_copy();
    detours();
    disagreements();
    offers();
    explained_refusals();
    moves();
    collision();
    return conversation_done();
}
