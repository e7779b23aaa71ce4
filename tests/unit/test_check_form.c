/* The form of IKE messages: payloads that must and must not be there, key exchanges of every group,
 * what cannot be read.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t octets[1600];
static struct transform suite[5];

static void
malformed(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.error = IKE_ERR_PAYLOAD_OVERRUN;
    m.error_offset = 28;
    send("broken", 1);
    SAYS(malformed_message, "octet 28");
    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    m.truncated = true;
    send("cut", 1);
    SILENT(malformed_message);
}

/* RFC 7296 section 3.4: the length of the group; ML-KEM's two sides differ (FIPS 203). */
static void
key_exchanges(void)
{
    static const struct { uint16_t group; size_t asked, answered; } table[] = {
        { 1, 96, 96 }, { 2, 128, 128 }, { 5, 192, 192 }, { 14, 256, 256 }, { 15, 384, 384 }, { 16, 512, 512 }, { 18, 1024, 1024 },
        { 19, 64, 64 }, { 20, 96, 96 }, { 21, 132, 132 }, { 22, 128, 128 }, { 24, 256, 256 }, { 25, 48, 48 }, { 28, 64, 64 },
        { 30, 128, 128 }, { 31, 32, 32 }, { 32, 56, 56 }, { 35, 800, 768 }, { 36, 1184, 1088 }, { 37, 1568, 1568 },
    };
    uint16_t length;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        for (unsigned wrong = 0; wrong < 3; wrong++) {
            memcpy(suite, aes256, sizeof aes256);
            suite[3].id = table[i].group;
            reset();
            for (unsigned r = 0; r < 2; r++) {
                begin(2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
                propose(suite, 4, PROTO_IKE, 0);
                m.has_ke = true;
                m.ke_group = table[i].group;
                m.ke = (struct span){ octets, (r ? table[i].answered : table[i].asked) - (wrong == r + 1) };
                send(r ? "init!" : "init?", (uint16_t)(1 + r));
            }
            T(count(CHECK_ke_length_wrong) == (wrong != 0) && count(CHECK_ke_group_mismatch) == 0);
        }
    }
    T(!ke_length(3, true, &length) && !ke_length(0, true, &length) && !ke_length(38, true, &length) && !ke_length(65535, false, &length));

    reset();                                        /* IKEv1 states no group: the one that was chosen counts */
    v1_phase1(aes256);
    SILENT(ke_length_wrong);
    begin(1, V1_MAIN, 0, true, false);
    memset(m.spi_r, 0x22, 8);
    m.has_ke = true;
    m.ke = (struct span){ octets, 255 };
    send("mm3", 3);
    SAYS(ke_length_wrong, "192.0.2.10 sends a key exchange of 255 octets; MODP_2048 has 256.");
    reset();                                        /* and where none is known, nothing is said */
    begin(1, V1_AGGRESSIVE, 0, true, false);
    m.has_ke = true;
    m.ke = (struct span){ octets, 3 };
    send("am1", 1);
    T(count(CHECK_ke_length_wrong) == 0);
}

static void
put(uint8_t type)
{
    m.seen |= (uint64_t)1 << type;
    m.payloads[m.num_payloads++] = (struct ike_payload){ .type = type, .inner = m.encrypted };
}

/* What the first message of IKEv1's exchanges must hold (RFC 2409 section 5). */
static void
v1_forms(void)
{
    static const struct { uint8_t exchange, lacks; bool late, second, missing; } table[] = {
        { V1_MAIN, V1P_SA, false, false, true }, { V1_MAIN, V1P_KE, false, false, false }, { V1_MAIN, V1P_SA, true, false, false },
        { V1_MAIN, V1P_SA, false, true, false }, { V1_AGGRESSIVE, V1P_ID, false, false, true },
        { V1_AGGRESSIVE, V1P_NONCE, false, false, true }, { V1_AGGRESSIVE, V1P_HASH, false, false, false },
        { V1_QUICK, V1P_HASH, false, false, true }, { V1_QUICK, V1P_KE, false, false, false },
    };
    static const uint8_t all[] = { V1P_SA, V1P_KE, V1P_NONCE, V1P_ID, V1P_HASH };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        if (table[i].exchange == V1_QUICK) {
            v1_phase1(aes256);
            found = (findings_free(found), findings_new());
        }
        if (table[i].second) {
            begin(1, V1_MAIN, 0, true, false);
            put(V1P_SA);
            propose(aes256, 4, PROTO_IKE, 0);
            send("first", 1);
        }
        begin(1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, true, false);
        if (table[i].late || table[i].second || table[i].exchange == V1_QUICK) {
            memset(m.spi_r, 0x22, 8);
        }
        for (size_t k = 0; k < G_N_ELEMENTS(all); k++) {
            if (all[k] != table[i].lacks) {
                put(all[k]);
            }
        }
        send("message", 9);
        T((count(CHECK_payload_missing) == 1) == table[i].missing);
    }
    SILENT(payload_missing);

    /* The key exchange of quick mode is of phase 2's group, which is another matter. */
    for (unsigned exchange = V1_AGGRESSIVE; exchange <= V1_QUICK; exchange += V1_QUICK - V1_AGGRESSIVE) {
        reset();
        for (unsigned r = 0; r < 2; r++) {
            begin(1, exchange == V1_QUICK ? V1_MAIN : V1_AGGRESSIVE, 0, r == 0, false);
            memset(m.spi_r, r ? 0x22 : 0, 8);
            propose(aes256, 4, PROTO_IKE, 0);
            m.has_ke = exchange == V1_AGGRESSIVE;
            m.ke = (struct span){ octets, 128 };
            send(r ? "answer" : "offer", (uint16_t)(1 + r));
        }
        if (exchange == V1_QUICK) {
            begin(1, V1_QUICK, 9, true, false);
            memset(m.spi_r, 0x22, 8);
            m.has_ke = true;
            m.ke = (struct span){ octets, 128 };
            send("qm1", 3);
        }
        T((count(CHECK_ke_length_wrong) == 1) == (exchange == V1_AGGRESSIVE));
    }
}

/* Types of payloads up to the last one known; fragments share their message's ID (RFC 7383 section 2.5). */
static void
identifiers(void)
{
    for (uint8_t type = V2P_SA; type < 70; type++) {
        reset();
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        m.num_payloads = 1;
        m.payloads[0] = (struct ike_payload){ .type = type, .critical = true };
        send("critical", 1);
        T((count(CHECK_unknown_critical_payload) == 1) == (type > 54));
    }
    for (unsigned whole = 0; whole < 3; whole++) {
        tunnel();
        for (unsigned n = 1; n <= 3; n++) {
            char text[8];
            begin(2, V2_CREATE_CHILD_SA, 2, true, false);
            m.readable = false;
            m.fragment = n + whole <= 3 ? (uint16_t)n : 0;
            m.fragments = m.fragment ? 3 : 0;
            g_snprintf(text, sizeof text, "%u", n);
            send(text, (uint16_t)(10 + n));
        }
        T((count(CHECK_message_id_reused) == 1) == (whole == 2));       /* two that are no fragments */
    }
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

/* Only what was read whole lacks a payload, and who refuses owes none (RFC 7296 section 1.2). */
static void
parts_missing(void)
{
    static const struct { bool truncated, capped, fragment, error, unread; uint16_t notify; bool told; } table[] = {
        { .told = true }, { .truncated = true }, { .capped = true }, { .fragment = true }, { .error = true }, { .unread = true },
        { .notify = 14 }, { .notify = 16390 }, { .notify = 16407 }, { .notify = 16388, .told = true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("init?", 1);
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        m.seen = (uint64_t)1 << V2P_SA | (uint64_t)1 << V2P_NONCE;
        m.truncated = table[i].truncated;
        m.capped = table[i].capped;
        m.fragment = table[i].fragment;
        m.error = table[i].error ? IKE_ERR_KE : IKE_OK;
        m.readable = !table[i].unread;
        if (table[i].notify) {
            notify(table[i].notify);
        }
        found = (findings_free(found), findings_new());
        send("init!", 2);
        TOLD(payload_missing, table[i].told);
    }
    for (uint32_t id = 1; id <= 2; id++) {          /* EAP takes rounds before AUTH comes (RFC 7296 section 2.16) */
        reset();
        sa_init(aes256, aes256);
        found = (findings_free(found), findings_new());
        begin(2, V2_IKE_AUTH, id, false, true);
        m.seen = (uint64_t)1 << V2P_IDR;
        send("auth!", 4);
        TOLD(payload_missing, id == 1);
    }
}

int
main(void)
{
    conversation_begin();
    malformed();
    key_exchanges();
    identifiers();
    v1_forms();
    payloads();
    groups();
    messages();
    parts_missing();
    return conversation_done();
}
