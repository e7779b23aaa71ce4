/* Strength, level by level (RFC 8221 sections 4 to 6, RFC 8247 section 2), and nonces of every PRF.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t octets[1600];
static struct transform suite[5];
static const struct transform weak_ike[] = {
    { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
    { TRANSFORM_PRF, PRF_HMAC_MD5, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 },
};
static const struct transform mixed[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 },
    { TRANSFORM_KE, KE_MODP_1024, 0 },
};
static const struct transform bare[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};
static const struct transform null[] = {
    { TRANSFORM_ENCR, ENCR_NULL, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};

/* IKE_SA_INIT with one transform of aes256 replaced by another of its type. */
static void
ike_of(struct conversation *c, uint8_t type, uint16_t id)
{
    memcpy(suite, aes256, sizeof aes256);
    for (size_t i = 0; i < 4; i++) {
        if (suite[i].type == type) {
            suite[i] = (struct transform){ type, id, 0 };
        }
    }
    reset(c);
    sa_init(c, suite, suite);
}

static void
child_of(struct conversation *c, uint8_t protocol, const struct transform *t, size_t n)
{
    reset(c);
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.has_auth = true;
        propose(c, t, n, protocol, r ? TO_R : TO_I);
        selectors(c, "10.1.0.0/24", "10.2.0.0/24");
        send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
    }
}

static const char *
verdict(struct conversation *c, enum check_id check)
{
    return !count(c, check) ? "" : strstr(detail(c, check),
                                          "must not be used") ? "must not" : "should not";
}

static void
levels(struct conversation *c)
{
    static const struct {
        uint8_t type; enum check_id check; uint16_t id; const char *ike, *esp;
    } table[] = {
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_DES_CBC, "must not", "must not" },
        /* MAY in IKE */
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_3DES_CBC, "", "should not" },
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_BLOWFISH_CBC, "", "must not" },
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_NULL, "must not", "" },    /* a MUST in ESP */
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_AES_CBC, "", "" },
        { TRANSFORM_ENCR, CHECK_weak_encryption, ENCR_AES_GCM_16, "", "" },
        { TRANSFORM_INTEG, CHECK_weak_integrity, INTEG_HMAC_MD5_96, "must not", "must not" },
        { TRANSFORM_INTEG, CHECK_weak_integrity, INTEG_HMAC_SHA1_96, "", "" },    /* MUST- */
        { TRANSFORM_INTEG, CHECK_weak_integrity, INTEG_DES_MAC, "must not", "must not" },
        { TRANSFORM_INTEG, CHECK_weak_integrity, INTEG_HMAC_SHA2_256_128, "", "" },
        { TRANSFORM_PRF, CHECK_weak_prf, PRF_HMAC_MD5, "must not", NULL },
        { TRANSFORM_PRF, CHECK_weak_prf, PRF_HMAC_SHA1, "", NULL },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_768, "must not", "must not" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_1024, "should not", "should not" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_1536, "should not", "should not" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_2048, "", "" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_1024_160, "must not", "must not" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_MODP_2048_256, "should not", "should not" },
        { TRANSFORM_KE, CHECK_weak_dh_group, KE_CURVE_25519, "", "" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct transform esp[] = {
            { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
            { TRANSFORM_KE, KE_MODP_2048, 0 },
        };
        ike_of(c, table[i].type, table[i].id);
        T_STR(verdict(c, table[i].check), table[i].ike);
        for (size_t k = 0; table[i].esp && k < 3; k++) {
            if (esp[k].type == table[i].type) {
                esp[k] = (struct transform){ table[i].type, table[i].id, 0 };
                child_of(c, PROTO_ESP, esp, 3);
                T_STR(verdict(c, table[i].check), table[i].esp);
            }
        }
    }
    ike_of(c, TRANSFORM_KE, KE_MODP_1024);
    SAYS(c, weak_dh_group, "MODP_1024 is chosen for IKE "
         "(IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_1024); RFC 8247 says");
    static const struct transform md5[] = {
        { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };
    child_of(c, PROTO_AH, md5, 2);
    SAYS(c, weak_integrity, "HMAC_MD5_96 is chosen for AH (AH:HMAC_MD5_96/NO_EXT_SEQ); RFC 8221 "
         "says that it must not be used.");
    SAYS(c, no_encryption, "AH:HMAC_MD5_96/NO_EXT_SEQ (chosen in frame 4) does not encrypt");
}

/* RFC 8221 section 4: encryption must be authenticated, by an AEAD cipher or an algorithm of its
 * own. */
static void
integrity(struct conversation *c)
{
    static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 } };
    static const struct transform gmac[] = { { TRANSFORM_ENCR, ENCR_NULL_AES_GMAC, 128 } };
    static const struct transform none[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_NONE, 0 },
    };
    static const struct transform neither[] = {
        { TRANSFORM_ENCR, ENCR_NULL, 0 }, { TRANSFORM_INTEG, INTEG_NONE, 0 },
    };

    child_of(c, PROTO_ESP, gcm, 1);
    SILENT(c, no_integrity);
    SILENT(c, no_encryption);
    child_of(c, PROTO_ESP, gmac, 1);
    SILENT(c, no_integrity);
    FIRES(c, no_encryption);
    child_of(c, PROTO_ESP, none, 2);
    SAYS(c, no_integrity, "(chosen in frame 4) has no integrity protection");
    T(severity_of(c, CHECK_no_integrity) == SEV_ERROR);
    child_of(c, PROTO_ESP, neither, 2);
    FIRES(c, no_integrity);
    FIRES(c, no_encryption);
}

static void
offer(struct conversation *c, const struct transform *t, size_t n)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, t, n, PROTO_IKE, 0);
    send(c, "init?", 1);
}

static void
offers(struct conversation *c)
{
    static const struct transform many[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_ENCR, ENCR_DES_CBC, 0 },
        { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
        { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_1024_160, 0 },
        { TRANSFORM_KE, KE_MODP_1024, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 },
        { TRANSFORM_KE, KE_MODP_1024, 0 },
    };
    static const struct transform esp[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_ENCR, ENCR_DES_CBC, 0 },
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    };

    offer(c, many, 9);    /* each once, and MODP_1024 beside MODP_1024_160 */
    SAYS(c, weak_offered,
         "192.0.2.10 offers DES_CBC, HMAC_MD5_96, MODP_1024_160, MODP_1024 along with stronger "
         "ones.");
    T(count(c, CHECK_weak_offered) == 1 && severity_of(c, CHECK_weak_offered) == SEV_NOTE);
    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp, 4, PROTO_ESP, 0xa0000002);
    send(c, "child?", 9);
    SAYS(c, weak_offered, "192.0.2.10 offers 3DES_CBC, DES_CBC along with stronger ones.");
    static const struct transform all_weak[] = {
        { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 },
    };
    offer(c, all_weak, 4);
    SILENT(c, weak_offered);
}

/* RFC 7296 section 2.10: 128 bits at least, half the key of the PRF chosen, 256 octets at most;
 * IKEv1: RFC 2409 section 5. */
static void
nonces(struct conversation *c)
{
    static const struct { uint8_t major; uint16_t prf; size_t len; bool short_or_long; } table[] = {
        { 2, PRF_HMAC_SHA1, 16, false }, { 2, PRF_HMAC_SHA1, 15, true },
        { 2, PRF_HMAC_SHA2_256, 16, false }, { 2, PRF_HMAC_SHA2_384, 24, false },
        { 2, PRF_HMAC_SHA2_384, 23, true }, { 2, PRF_HMAC_SHA2_512, 32, false },
        { 2, PRF_HMAC_SHA2_512, 31, true }, { 2, PRF_HMAC_SHA2_256, 256, false },
        { 2, PRF_HMAC_SHA2_256, 257, true }, { 1, PRF_HMAC_SHA2_256, 8, false },
        { 1, PRF_HMAC_SHA2_256, 7, true }, { 1, PRF_HMAC_SHA2_256, 257, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        memcpy(suite, aes256, sizeof aes256);
        suite[2].id = table[i].prf;
        reset(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, table[i].major, table[i].major == 1 ? V1_MAIN : V2_IKE_SA_INIT, 0, r == 0,
                  r == 1 && table[i].major == 2);
            propose(c, suite, 4, PROTO_IKE, 0);
            c->m.nonce = (struct span){ octets, r ? table[i].len : 32 };
            send(c, r ? "init!" : "init?", (uint16_t)(1 + r));
        }
        T((count(c, CHECK_nonce_too_short) == 1) == table[i].short_or_long);
    }
    SAYS(c, nonce_too_short,
         "198.51.100.20 sends a nonce of 257 octets; 8 to 256 are allowed.");
}

/* RFC 2409 section 5.4: the hash in message 2 gives a pre-shared key away, a signature does not. */
static void
aggressive(struct conversation *c)
{
    static const struct { uint16_t method; bool psk; } table[] = {
        { AUTH1_PSK, true }, { AUTH1_RSA_SIGNATURE, false }, { AUTH1_XAUTH_PSK_I, true },
        { AUTH1_XAUTH_PSK_R, true }, { AUTH1_XAUTH_RSA_SIGNATURE_I, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_AGGRESSIVE, 0, r == 0, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.proposals[0].attr.auth_method = table[i].method;
            send(c, r ? "am2" : "am1", (uint16_t)(1 + r));
        }
        T((count(c, CHECK_aggressive_mode_psk) == 1) == table[i].psk);
    }
    SILENT(c, aggressive_mode_psk);
}

/* What was told once is not told again with the next message. */
static void
told_once(struct conversation *c)
{
    static const struct transform ml_kem[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_CURVE_25519, 0 },
        { TRANSFORM_ADDKE1, KE_ML_KEM_768, 0 },
    };

    reset(c);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
        propose(c, ml_kem, 5, PROTO_IKE, 0);
        send(c, r ? "init!" : "init?", (uint16_t)(1 + r));
    }
    SILENT(c, post_quantum);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    T(count(c, CHECK_post_quantum) == 1);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    send(c, "more", 9);
    T(count(c, CHECK_post_quantum) == 1 && count(c, CHECK_sa_established) == 2);
}

/* RFC 9370 section 2.2.4, RFC 9867. */
static void
post_quantum_child(struct conversation *c)
{
    static const struct transform kem[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 128 },
        { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_KE, KE_ML_KEM_768, 0 },
        { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };

    tunnel(c);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_CREATE_CHILD_SA, 2, r == 0, r == 1);
        propose(c, kem, 4, PROTO_ESP, r ? 0xb0000002 : 0xa0000002);
        selectors(c, "10.1.0.0/24", "10.3.0.0/24");
        send(c, r ? "child!" : "child?", (uint16_t)(5 + r));
    }
    T(count(c, CHECK_post_quantum) == 1);
    SAYS(c, post_quantum, "Child SA 1 is protected against quantum computers by its own key "
                          "exchange");
    reset(c);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
        propose(c, aes256, 4, PROTO_IKE, 0);
        notify(c, N2_USE_PPK_INT);
        send(c, r ? "init!" : "init?", (uint16_t)(1 + r));
    }
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, post_quantum, "both ends announce a post-quantum pre-shared key");
}

static void
child_with(struct conversation *c, const struct transform *t, size_t n)
{
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    propose(c, t, n, PROTO_ESP, TO_I);
    send(c, "auth?", 3);
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    propose(c, t, n, PROTO_ESP, TO_R);
    send(c, "auth!", 4);
}

static void
strength(struct conversation *c)
{
    tunnel(c);
    SILENT(c, weak_encryption);
    SILENT(c, weak_integrity);
    SILENT(c, weak_prf);
    SILENT(c, weak_dh_group);
    SILENT(c, weak_offered);
    SILENT(c, no_integrity);
    SILENT(c, no_encryption);
    SILENT(c, ikev1_in_use);
    SILENT(c, nonce_too_short);
    reset(c);
    sa_init(c, weak_ike, weak_ike);
    SAYS(c, weak_encryption, "DES_CBC is chosen for IKE");
    SAYS(c, weak_integrity, "HMAC_MD5_96");
    SAYS(c, weak_prf, "must not be used");
    SAYS(c, weak_dh_group, "should not be used");
    SILENT(c, weak_offered);                        /* nothing better stands beside it */
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, mixed, 5, PROTO_IKE, 0);
    send(c, "init?", 1);
    SAYS(c, weak_offered, "offers MODP_1024 along with stronger ones");
    child_with(c, bare, 2);
    FIRES(c, no_integrity);
    child_with(c, null, 3);
    SAYS(c, no_encryption, "does not encrypt");
    SILENT(c, no_integrity);

    reset(c);                   /* IKEv1: RFC 8247 is not about it, and it has no AEAD */
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, weak_ike, 4, PROTO_IKE, 0);
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, weak_ike, 4, PROTO_IKE, 0);
    send(c, "mm2", 2);
    SAYS(c, weak_encryption, "and is too weak: RFC 8247 rules it out even for IKEv2.");
    T(strstr(remedy(c, CHECK_weak_encryption), "AES_CBC_256 as the encryption of phase 1"));
    T(strstr(remedy(c, CHECK_weak_integrity), "SHA2_256 as the hash of phase 1"));
    T(strstr(remedy(c, CHECK_weak_prf), "one setting determines both the PRF and the integrity "
                                        "algorithm"));
    T(strstr(remedy(c, CHECK_weak_dh_group), "MODP_2048 or ECP_256"));

    reset(c);
    v1_phase1(c, aes256);
    SILENT(c, weak_encryption);
    FIRES(c, ikev1_in_use);
    SILENT(c, aggressive_mode_psk);
    reset(c);
    for (unsigned i = 0; i < 2; i++) {
        begin(c, 1, V1_AGGRESSIVE, 0, i == 0, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, i ? "am2" : "am1", (uint16_t)(i + 1));
    }
    SAYS(c, aggressive_mode_psk, "frames 1 and 2");
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    c->m.nonce = (struct span){ octets, 15 };
    send(c, "init?", 1);
    SAYS(c, nonce_too_short, "15 octets; 16 to 256");
}

/* TCP from port 6301 to 6100 and its trailer. */
static const uint8_t clear_tcp[] = { 0x18, 0x9d, 0x17, 0xd4, 0, 0, 3, 0xe8, 0, 0, 0, 1, 0x50, 0x18,
                                     2, 0, 0, 0, 0, 0, 'h', 'e', 'y', 1, 2, 3, 3, IP_TCP };

/* How often it is said of that many packets each way, of which every such one is noise. */
static unsigned
told_readable(struct conversation *c, unsigned packets, unsigned noisy)
{
    static uint8_t octets_now[8 + sizeof clear_tcp + 12];
    uint32_t noise = 1;

    for (unsigned i = 0; i < 2 * packets; i++) {
        struct ipsec_packet p = esp_of(i & 1 ? 0x6439 : 0x6438, i / 2 + 1);
        bool encrypted = noisy && (i / 2) % noisy == 0;
        octets_now[7] = (uint8_t)i;
        memcpy(octets_now + 8, clear_tcp, sizeof clear_tcp);
        for (size_t k = encrypted ? 8 : 8 + sizeof clear_tcp; k < sizeof octets_now; k++) {
            noise = noise * 1664525 + 1013904223;
            octets_now[k] = (uint8_t)(noise >> 24);
        }
        p.octets = (struct span){ octets_now, sizeof octets_now };
        ipsec(c, i & 1 ? &c->gateway : &c->client, i & 1 ? &c->client : &c->gateway, p);
    }
    end_after(c, 1);
    return count(c, CHECK_esp_null_seen);
}

static void
readable(struct conversation *c)
{
    reset(c);
    T(told_readable(c, 8, 0) == 1);
    T(the_finding(c, CHECK_esp_null_seen)->basis == BASIS_INFERRED);
    SAYS(c, esp_null_seen, "8 of its first 8 packets match an ICV of 12 octets. Frame 1 carries "
                           "tcp from port 6301 to 6100 (transport mode)");
    reset(c);
    T(told_readable(c, 40, 0) == 1);
    SAYS(c, esp_null_seen, "16 of its first 16");
    reset(c);
    T(told_readable(c, 40, 3) == 1);         /* a protocol in between that is not known here */
    reset(c);
    T(told_readable(c, 2, 0) == 0);
    reset(c);
    T(told_readable(c, 40, 1) == 0);         /* encrypted */
    reset(c);
    T(told_readable(c, 8, 2) == 0);          /* a half is not most of them */
    c->silent[CHECK_esp_null_seen]++;
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    levels(&c);
    integrity(&c);
    offers(&c);
    nonces(&c);
    aggressive(&c);
    told_once(&c);
    post_quantum_child(&c);
    strength(&c);
    readable(&c);
    return conversation_done(&c);
}
