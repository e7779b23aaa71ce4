/* The form of IKE messages: payloads that must and must not be there, key exchanges of every group,
 * what cannot be read.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t octets[1600];
static struct transform suite[5];

static void
malformed(struct conversation *c)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    c->m.error = IKE_ERR_PAYLOAD_OVERRUN;
    c->m.error_offset = 28;
    send(c, "broken", 1);
    SAYS(c, malformed_message, "octet 28");
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    c->m.truncated = true;
    send(c, "cut", 1);
    SILENT(c, malformed_message);
}

/* RFC 7296 section 3.4: the length of the group; ML-KEM's two sides differ (FIPS 203). */
static void
key_exchanges(struct conversation *c)
{
    static const struct { uint16_t group; size_t asked, answered; } table[] = {
        { KE_MODP_768, 96, 96 }, { KE_MODP_1024, 128, 128 }, { KE_MODP_1536, 192, 192 },
        { KE_MODP_2048, 256, 256 }, { KE_MODP_3072, 384, 384 }, { KE_MODP_4096, 512, 512 },
        { KE_MODP_8192, 1024, 1024 },
        { KE_ECP_256, 64, 64 }, { KE_ECP_384, 96, 96 }, { KE_ECP_521, 132, 132 },
        { KE_MODP_1024_160, 128, 128 }, { KE_MODP_2048_256, 256, 256 }, { KE_ECP_192, 48, 48 },
        { KE_ECP_256_BP, 64, 64 },
        { KE_ECP_512_BP, 128, 128 }, { KE_CURVE_25519, 32, 32 }, { KE_CURVE_448, 56, 56 },
        { KE_ML_KEM_512, 800, 768 }, { KE_ML_KEM_768, 1184, 1088 }, { KE_ML_KEM_1024, 1568, 1568 },
    };
    uint16_t length;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        for (unsigned wrong = 0; wrong < 3; wrong++) {
            memcpy(suite, aes256, sizeof aes256);
            suite[3].id = table[i].group;
            reset(c);
            for (unsigned r = 0; r < 2; r++) {
                begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
                propose(c, suite, 4, PROTO_IKE, 0);
                c->m.has_ke = true;
                c->m.ke_group = table[i].group;
                c->m.ke = (struct span){ octets, r ? table[i].answered : table[i].asked };
                c->m.ke.len -= wrong == r + 1;
                send(c, r ? "init!" : "init?", (uint16_t)(1 + r));
            }
            T(count(c, CHECK_ke_length_wrong) == (wrong != 0) &&
              count(c, CHECK_ke_group_mismatch) == 0);
        }
    }
    T(!ke_length(3, true, &length) && !ke_length(0, true, &length) &&
      !ke_length(38, true, &length) && !ke_length(65535, false, &length));

    reset(c);    /* IKEv1 states no group: the one that was chosen counts */
    v1_phase1(c, aes256);
    SILENT(c, ke_length_wrong);
    begin(c, 1, V1_MAIN, 0, true, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.has_ke = true;
    c->m.ke = (struct span){ octets, 255 };
    send(c, "mm3", 3);
    SAYS(c, ke_length_wrong, "192.0.2.10 sends a key exchange of 255 octets; MODP_2048 requires "
                             "256.");
    reset(c);                                       /* and where none is known, nothing is said */
    begin(c, 1, V1_AGGRESSIVE, 0, true, false);
    c->m.has_ke = true;
    c->m.ke = (struct span){ octets, 3 };
    send(c, "am1", 1);
    T(count(c, CHECK_ke_length_wrong) == 0);
}

static void
put(struct conversation *c, uint8_t type)
{
    c->m.seen |= (uint64_t)1 << type;
    c->m.payloads[c->m.num_payloads++] = (struct ike_payload){ .type = type,
                                                               .inner = c->m.encrypted };
}

/* What the first message of IKEv1's exchanges must hold (RFC 2409 section 5). */
static void
v1_forms(struct conversation *c)
{
    static const struct { uint8_t exchange, lacks; bool late, second, missing; } table[] = {
        { V1_MAIN, V1P_SA, false, false, true }, { V1_MAIN, V1P_KE, false, false, false },
        { V1_MAIN, V1P_SA, true, false, false },
        { V1_MAIN, V1P_SA, false, true, false }, { V1_AGGRESSIVE, V1P_ID, false, false, true },
        { V1_AGGRESSIVE, V1P_NONCE, false, false, true },
        { V1_AGGRESSIVE, V1P_HASH, false, false, false },
        { V1_QUICK, V1P_HASH, false, false, true }, { V1_QUICK, V1P_KE, false, false, false },
    };
    static const uint8_t all[] = { V1P_SA, V1P_KE, V1P_NONCE, V1P_ID, V1P_HASH };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        if (table[i].exchange == V1_QUICK) {
            v1_phase1(c, aes256);
            forget_findings(c);
        }
        if (table[i].second) {
            begin(c, 1, V1_MAIN, 0, true, false);
            put(c, V1P_SA);
            propose(c, aes256, 4, PROTO_IKE, 0);
            send(c, "first", 1);
        }
        begin(c, 1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, true, false);
        if (table[i].late || table[i].second || table[i].exchange == V1_QUICK) {
            memset(c->m.spi_r, 0x22, 8);
        }
        for (size_t k = 0; k < G_N_ELEMENTS(all); k++) {
            if (all[k] != table[i].lacks) {
                put(c, all[k]);
            }
        }
        send(c, "message", 9);
        T((count(c, CHECK_payload_missing) == 1) == table[i].missing);
    }
    SILENT(c, payload_missing);

    /* The key exchange of quick mode is of phase 2's group, which is another matter. */
    for (unsigned exchange = V1_AGGRESSIVE; exchange <= V1_QUICK;
         exchange += V1_QUICK - V1_AGGRESSIVE) {
        reset(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, exchange == V1_QUICK ? V1_MAIN : V1_AGGRESSIVE, 0, r == 0, false);
            memset(c->m.spi_r, r ? 0x22 : 0, 8);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.has_ke = exchange == V1_AGGRESSIVE;
            c->m.ke = (struct span){ octets, 128 };
            send(c, r ? "answer" : "offer", (uint16_t)(1 + r));
        }
        if (exchange == V1_QUICK) {
            begin(c, 1, V1_QUICK, 9, true, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.has_ke = true;
            c->m.ke = (struct span){ octets, 128 };
            send(c, "qm1", 3);
        }
        T((count(c, CHECK_ke_length_wrong) == 1) == (exchange == V1_AGGRESSIVE));
    }
}

/* Types of payloads up to the last one known; fragments share their message's ID (RFC 7383
 * section 2.5). */
static void
identifiers(struct conversation *c)
{
    for (uint8_t type = V2P_SA; type < 70; type++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        c->m.num_payloads = 1;
        c->m.payloads[0] = (struct ike_payload){ .type = type, .critical = true };
        send(c, "critical", 1);
        T((count(c, CHECK_unknown_critical_payload) == 1) == (type > 54));
    }
    for (unsigned whole = 0; whole < 3; whole++) {
        tunnel(c);
        for (unsigned n = 1; n <= 3; n++) {
            char text[8];
            begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
            c->m.readable = false;
            c->m.fragment = n + whole <= 3 ? (uint16_t)n : 0;
            c->m.fragments = c->m.fragment ? 3 : 0;
            g_snprintf(text, sizeof text, "%u", n);
            send(c, text, (uint16_t)(10 + n));
        }
        /* two that are no fragments */
        T((count(c, CHECK_message_id_reused) == 1) == (whole == 2));
    }
}

static void
init_of(struct conversation *c, uint64_t seen)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.seen = seen;
    send(c, "init?", 1);
}

static void
payloads(struct conversation *c)
{
    uint64_t good = (uint64_t)1 << V2P_SA | (uint64_t)1 << V2P_KE | (uint64_t)1 << V2P_NONCE;

    init_of(c, good);
    SILENT(c, payload_missing);
    SILENT(c, payload_unexpected);
    SILENT(c, trailing_bytes);
    SILENT(c, unknown_critical_payload);
    SILENT(c, several_chosen);
    init_of(c, good & ~((uint64_t)1 << V2P_KE));
    SAYS(c, payload_missing, "required payloads: KE");
    init_of(c, good | (uint64_t)1 << V2P_AUTH);
    SAYS(c, payload_unexpected, "not belong there: AUTH");

    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    c->m.trailing = 3;
    c->m.num_payloads = 2;
    c->m.payloads[0] = (struct ike_payload){ .type = V2P_NOTIFY, .critical = true };
    c->m.payloads[1] = (struct ike_payload){ .type = 200, .critical = true };
    send(c, "init?", 1);
    SAYS(c, trailing_bytes, "3 octets more than the 300");
    SAYS(c, unknown_critical_payload, "payload 200");
    T(findings_get(c->found, 0) && count(c, CHECK_unknown_critical_payload) == 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    propose(c, aes128, 4, PROTO_IKE, 0);
    c->m.proposals[1].number = 2;
    c->m.sa_count = 1;
    send(c, "init!", 2);
    SAYS(c, several_chosen, "2 proposals");
}

static void
key_exchange(struct conversation *c, uint16_t group, size_t len)
{
    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = group;
    c->m.ke = (struct span){ octets, len };
    send(c, "init!", 2);
}

static void
groups(struct conversation *c)
{
    key_exchange(c, KE_MODP_2048, 256);
    SILENT(c, ke_group_mismatch);
    SILENT(c, ke_length_wrong);
    key_exchange(c, KE_MODP_2048, 255);
    SAYS(c, ke_length_wrong, "255 octets; MODP_2048 requires 256");
    key_exchange(c, KE_ECP_256, 64);
    SAYS(c, ke_group_mismatch, "chooses MODP_2048 but sends a key exchange for ECP_256");
}

static void
encrypted(struct conversation *c, uint32_t length, const char *text)
{
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    c->m.readable = false;
    c->m.length = length;
    send(c, text, (uint16_t)length);
}

static void
messages(struct conversation *c)
{
    static const uint8_t spi[] = { 0xb0, 0, 0, 1 };

    tunnel(c);
    SILENT(c, message_id_reused);
    SILENT(c, invalid_spi);
    SILENT(c, invalid_selectors);
    encrypted(c, 80, "one");                        /* 28 + 4 + 16 + 16 + 16 */
    SILENT(c, ike_length_impossible);
    encrypted(c, 81, "another");
    SAYS(c, message_id_reused, "message ID 2 (frames 5 and 6)");
    SAYS(c, ike_length_impossible, "message of 81 octets");
    begin(c, 2, V2_INFORMATIONAL, 3, true, false);
    notify(c, N2_INVALID_SPI);
    c->m.notifies[0].data = (struct span){ spi, 4 };
    notify(c, N2_INVALID_SELECTORS);
    c->m.notifies[1].spi = (struct span){ spi, 4 };
    send(c, "complaints", 7);
    SAYS(c, invalid_spi, "SPI b0000001, Child SA 0 (frame 4)");
    SAYS(c, invalid_selectors, "SPI b0000001, Child SA 0 (frame 4)");
    T(count(c, CHECK_error_notify) == 0);
}

/* Only what was read whole lacks a payload, and who refuses owes none (RFC 7296 section 1.2). */
static void
parts_missing(struct conversation *c)
{
    static const struct {
        bool truncated, capped, fragment, error, unread; uint16_t notify; bool told;
    } table[] = {
        { .told = true }, { .truncated = true }, { .capped = true }, { .fragment = true },
        { .error = true }, { .unread = true },
        { .notify = N2_NO_PROPOSAL_CHOSEN }, { .notify = N2_COOKIE }, { .notify = N2_REDIRECT },
        { .notify = N2_NAT_DETECTION_SOURCE_IP, .told = true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "init?", 1);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        c->m.seen = (uint64_t)1 << V2P_SA | (uint64_t)1 << V2P_NONCE;
        c->m.truncated = table[i].truncated;
        c->m.capped = table[i].capped;
        c->m.fragment = table[i].fragment;
        c->m.error = table[i].error ? IKE_ERR_KE : IKE_OK;
        c->m.readable = !table[i].unread;
        if (table[i].notify) {
            notify(c, table[i].notify);
        }
        forget_findings(c);
        send(c, "init!", 2);
        TOLD(c, payload_missing, table[i].told);
    }
    /* EAP takes rounds before AUTH comes (RFC 7296 section 2.16) */
    for (uint32_t id = 1; id <= 2; id++) {
        reset(c);
        sa_init(c, aes256, aes256);
        forget_findings(c);
        begin(c, 2, V2_IKE_AUTH, id, false, true);
        c->m.seen = (uint64_t)1 << V2P_IDR;
        send(c, "auth!", 4);
        TOLD(c, payload_missing, id == 1);
    }
}

/* The offer of IKE_SA_INIT, or of IKE_AUTH where it is of ESP or AH. */
static void
offer(struct conversation *c, uint8_t protocol, const struct transform *t, size_t n)
{
    reset(c);
    if (protocol != PROTO_IKE) {
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        propose(c, t, n, protocol, TO_I);
        send(c, "auth?", 3);
        return;
    }
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, t, n, protocol, 0);
    send(c, "init?", 1);
}

/* RFC 7296 section 3.3.3 */
static void
types_missing(struct conversation *c)
{
    static const struct transform aead[] = {
        { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
        { TRANSFORM_KE, KE_MODP_2048, 0 },
    };
    static const uint8_t types[] = { TRANSFORM_ENCR, TRANSFORM_INTEG, TRANSFORM_PRF,
                                     TRANSFORM_KE };
    static const char *const words[] = { "encryption (ENCR)", "integrity (INTEG)",
                                         "pseudorandom function (PRF)", "group (DH)" };

    for (size_t lacking = 0; lacking < 4; lacking++) {
        size_t n = 0;
        for (size_t i = 0; i < 4; i++) {
            if (aes256[i].type != types[lacking]) {
                suite[n++] = aes256[i];
            }
        }
        offer(c, PROTO_IKE, suite, n);
        SAYS(c, transform_missing, words[lacking]);
    }
    offer(c, PROTO_IKE, aes256, 4);
    SILENT(c, transform_missing);
    offer(c, PROTO_IKE, aead, 3);
    SILENT(c, transform_missing);
    memcpy(suite, aead, sizeof aead);
    suite[0].id = 1024;                                     /* private use: nobody knows */
    offer(c, PROTO_IKE, suite, 3);
    SILENT(c, transform_missing);
    offer(c, PROTO_ESP, esp128 + 1, 2);
    SAYS(c, transform_missing, "lacks encryption (ENCR)");
    offer(c, PROTO_ESP, esp128, 1);                         /* integrity and ESN may be left out */
    SILENT(c, transform_missing);
    offer(c, PROTO_AH, esp128 + 2, 1);
    SAYS(c, transform_missing, "lacks integrity (INTEG)");
    offer(c, PROTO_AH, esp128 + 1, 1);
    SILENT(c, transform_missing);

    reset(c);                                               /* the answer to an offer */
    memcpy(suite, aes256, sizeof aes256);
    suite[2] = suite[3];
    sa_init(c, aes256, suite);
    SILENT(c, transform_missing);
    reset(c);                                               /* not read whole */
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 2, PROTO_IKE, 0);
    c->m.truncated = true;
    send(c, "cut", 1);
    SILENT(c, transform_missing);
    reset(c);                                               /* IKEv1 has other attributes */
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 1, PROTO_IKE, 0);
    send(c, "mm1", 1);
    SILENT(c, transform_missing);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    malformed(&c);
    key_exchanges(&c);
    identifiers(&c);
    v1_forms(&c);
    payloads(&c);
    groups(&c);
    messages(&c);
    parts_missing(&c);
    types_missing(&c);
    return conversation_done(&c);
}
