/* The rows of cryptographic strength and of form, firing and silent.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform weak_ike[] = { { TRANSFORM_ENCR, ENCR_DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
                                             { TRANSFORM_KE, KE_MODP_1024, 0 } };
static const struct transform mixed[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                          { TRANSFORM_KE, KE_MODP_2048, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 } };
static const struct transform bare[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform null[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const uint8_t octets[1600];

static void
child_with(const struct transform *t, size_t n)
{
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_AUTH, 1, true, false);
    propose(t, n, PROTO_ESP, 0xa0000001);
    send("auth?", 3);
    begin(2, V2_IKE_AUTH, 1, false, true);
    propose(t, n, PROTO_ESP, 0xb0000001);
    send("auth!", 4);
}

static void
strength(void)
{
    tunnel();
    SILENT(weak_encryption);
    SILENT(weak_integrity);
    SILENT(weak_prf);
    SILENT(weak_dh_group);
    SILENT(weak_offered);
    SILENT(no_integrity);
    SILENT(no_encryption);
    SILENT(ikev1_in_use);
    SILENT(nonce_too_short);
    reset();
    sa_init(weak_ike, weak_ike);
    SAYS(weak_encryption, "DES_CBC is chosen for IKE");
    SAYS(weak_integrity, "HMAC_MD5_96");
    SAYS(weak_prf, "must not be used");
    SAYS(weak_dh_group, "should not be used");
    SILENT(weak_offered);                                   /* nothing better stands beside it */
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(mixed, 5, PROTO_IKE, 0);
    send("init?", 1);
    SAYS(weak_offered, "offers MODP_1024 beside");
    child_with(bare, 2);
    FIRES(no_integrity);
    child_with(null, 3);
    SAYS(no_encryption, "does not encrypt");
    SILENT(no_integrity);

    reset();
    v1_phase1(aes256);
    FIRES(ikev1_in_use);
    SILENT(aggressive_mode_psk);
    reset();
    for (unsigned i = 0; i < 2; i++) {
        begin(1, V1_AGGRESSIVE, 0, i == 0, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send(i ? "am2" : "am1", (uint16_t)(i + 1));
    }
    SAYS(aggressive_mode_psk, "frames 1 and 2");
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.nonce = (struct span){ octets, 15 };
    send("init?", 1);
    SAYS(nonce_too_short, "15 octets; 16 to 256");
}

static void
init_of(uint64_t seen)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.seen = seen;
    send("init?", 1);
}

static void
payloads(void)
{
    uint64_t good = (uint64_t)1 << V2P_SA | (uint64_t)1 << V2P_KE | (uint64_t)1 << V2P_NONCE;

    init_of(good);
    SILENT(payload_missing);
    SILENT(payload_unexpected);
    SILENT(trailing_bytes);
    SILENT(unknown_critical_payload);
    SILENT(several_chosen);
    init_of(good & ~((uint64_t)1 << V2P_KE));
    SAYS(payload_missing, "must hold: KE");
    init_of(good | (uint64_t)1 << V2P_AUTH);
    SAYS(payload_unexpected, "no place there: AUTH");

    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.trailing = 3;
    m.num_payloads = 2;
    m.payloads[0] = (struct ike_payload){ .type = V2P_NOTIFY, .critical = true };
    m.payloads[1] = (struct ike_payload){ .type = 200, .critical = true };
    send("init?", 1);
    SAYS(trailing_bytes, "3 octets after the 300");
    SAYS(unknown_critical_payload, "payload 200");
    T(findings_get(found, 0) && count(CHECK_unknown_critical_payload) == 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    propose(aes128, 4, PROTO_IKE, 0);
    m.proposals[1].number = 2;
    m.sa_count = 1;
    send("init!", 2);
    SAYS(several_chosen, "2 proposals");
}

static void
key_exchange(uint16_t group, size_t len)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(aes256, 4, PROTO_IKE, 0);
    m.has_ke = true;
    m.ke_group = group;
    m.ke = (struct span){ octets, len };
    send("init!", 2);
}

static void
groups(void)
{
    key_exchange(14, 256);
    SILENT(ke_group_mismatch);
    SILENT(ke_length_wrong);
    key_exchange(14, 255);
    SAYS(ke_length_wrong, "255 octets; MODP_2048 has 256");
    key_exchange(19, 64);
    SAYS(ke_group_mismatch, "chooses MODP_2048 and sends a key exchange in ECP_256");
}

static void
encrypted(uint32_t length, const char *text)
{
    begin(2, V2_INFORMATIONAL, 2, true, false);
    m.readable = false;
    m.length = length;
    send(text, (uint16_t)length);
}

static void
messages(void)
{
    static const uint8_t spi[] = { 0xb0, 0, 0, 1 };

    tunnel();
    SILENT(message_id_reused);
    SILENT(invalid_spi);
    SILENT(invalid_selectors);
    encrypted(80, "one");                   /* 28 + 4 + 16 + 16 + 16 */
    SILENT(ike_length_impossible);
    encrypted(81, "another");
    SAYS(message_id_reused, "message ID 2 (frames 5 and 6)");
    SAYS(ike_length_impossible, "message of 81 octets");
    begin(2, V2_INFORMATIONAL, 3, true, false);
    notify(N2_INVALID_SPI);
    m.notifies[0].data = (struct span){ spi, 4 };
    notify(N2_INVALID_SELECTORS);
    m.notifies[1].spi = (struct span){ spi, 4 };
    send("complaints", 7);
    SAYS(invalid_spi, "SPI b0000001, Child SA 0 (frame 4)");
    SAYS(invalid_selectors, "SPI b0000001, Child SA 0 (frame 4)");
    T(count(CHECK_error_notify) == 0);
}

/* A message that belongs to no SA: every row must bear it. */
static void
of_no_sa(void)
{
    for (unsigned major = 0; major < 4; major++) {
        for (unsigned exchange = 0; exchange < 48; exchange++) {
            reset();
            begin((uint8_t)major, (uint8_t)exchange, 1, true, exchange & 1);
            memset(m.spi_i, 0, 8);
            propose(aes256, 4, PROTO_IKE, 0);
            notify(N2_NO_PROPOSAL_CHOSEN);
            notify(N2_INVALID_SPI);
            m.has_ke = m.has_auth = true;
            m.cfg_type = CP_REPLY;
            m.eap_code = 4;
            m.trailing = 1;
            m.error = IKE_ERR_HEADER;
            send("stray", 1);
            T(sadb_num_ike_sas(db) == 0);
        }
    }
}

/* More messages than an exchange remembers: none of the rest is remembered, every row must bear it. */
static void
of_no_message(void)
{
    for (unsigned exchange = 0; exchange < 48; exchange++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned i = 0; i < SADB_MAX_MESSAGES + 8; i++) {
            char text[16];
            begin(2, (uint8_t)exchange, 5, true, false);
            propose(aes256, 4, PROTO_IKE, 0);
            notify(N2_NO_PROPOSAL_CHOSEN);
            snprintf(text, sizeof text, "%u", i);
            send(text, 1);
        }
        T(exchange == V2_IKE_SA_INIT || (sadb_caps(db)[0] && strcmp(sadb_caps(db)[0], "messages of one exchange") == 0));
    }
}

int
main(void)
{
    conversation_begin();
    of_no_sa();
    of_no_message();
    strength();
    payloads();
    groups();
    messages();
    return conversation_done();
}
