/* Credentials that are refused: said by a notify (RFC 7296 section 2.21.2) or by EAP and XAUTH, or
 * told by the shape of messages that nobody could read.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
v1_credentials(void)
{
    reset();
    v1_phase1(aes256);
    SILENT(identity_rejected);
    begin(1, V1_MAIN, 0, true, false);
    send("mm3", 3);
    begin(1, V1_INFORMATIONAL, 77, false, false);
    notify(N1_INVALID_ID_INFORMATION);
    send("info", 4);
    FIRES(identity_rejected);

    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        m.encrypted = i == 5;
        m.readable = i != 5;
        send(i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(auth_failure_suspected);
    begin(1, V1_INFORMATIONAL, 78, false, false);
    m.readable = false;
    send("complaint", 6);
    SAYS(auth_failure_suspected, "message 5 of phase 1");
}

static void
authentication(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    notify(N2_AUTHENTICATION_FAILED);
    send("no", 4);
    SAYS(auth_failed, "pre-shared key");

    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.readable = false;
    m.length = 80;
    send("small", 4);
    FIRES(auth_failure_suspected);
    T(basis_of(CHECK_auth_failure_suspected) == BASIS_INFERRED);
}

/* IKEv1 aggressive mode: message 2 answers with a hash, which the initiator may refuse (RFC 2409 section 5.4). */
static void
refused_hash(void)
{
    reset();
    for (unsigned r = 0; r < 2; r++) {
        begin(1, V1_AGGRESSIVE, 0, r == 0, false);
        memset(m.spi_r, r ? 0x22 : 0, 8);
        propose(aes256, 4, PROTO_IKE, 0);
        send(r ? "am2" : "am1", (uint16_t)(1 + r));
    }
    begin(1, V1_INFORMATIONAL, 5, true, false);
    memset(m.spi_r, 0x22, 8);
    notify(N1_AUTHENTICATION_FAILED);
    send("no", 3);
    SAYS(auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 (AUTHENTICATION_FAILED in frame 3, request in frame 1, ");
    SILENT(exchange_mode_mismatch);
}

/* Nobody could read these: the shapes alone tell. */
static void
inferred_refusal(void)
{
    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        m.encrypted = i == 5;
        m.readable = i != 5;
        send(i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(auth_failure_suspected);
    send("mm5", 6);
    send("mm5", 7);
    end_after(20);
    SAYS(auth_failure_suspected, "Message 5 of phase 1 (frame 5), the first that needs the right key, is sent 3 times");
}

static void
xauth(void)
{
    static const uint8_t fail[] = { 0, 0 };

    reset();
    v1_phase1(aes256);
    for (unsigned i = 3; i <= 6; i++) {
        begin(1, V1_MAIN, 0, i % 2, false);
        char text[16];
        g_snprintf(text, sizeof text, "mm%u", i);
        send(text, (uint16_t)i);
    }
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);
    SILENT(auth_failed);
    begin(1, V1_TRANSACTION, 5, false, false);
    m.cfg_type = CP_SET;
    m.num_cfg = 1;
    m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_STATUS, .value = { fail, 2 } };
    send("fail", 9);
    FIRES(auth_failed);
    T(sadb_ike_sa(db, 0)->state == IKE_FAILED);
}

/* Without main mode's first message the fifth captured is the sixth. */
static void
main_mode_counted(bool whole)
{
    reset();
    for (unsigned i = whole ? 1 : 2; i <= (whole ? 5 : 6); i++) {
        char text[16];
        begin(1, V1_MAIN, 0, i % 2, false);
        if (i > 1) {
            memset(m.spi_r, 0x22, 8);
        }
        if (i <= 2) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        m.encrypted = i > 4;
        m.readable = i <= 4;
        g_snprintf(text, sizeof text, "mm%u", i);
        send(text, (uint16_t)i);
    }
    begin(1, V1_INFORMATIONAL, 77, !whole, false);
    m.readable = false;
    send("what?", 9);
    if (whole) {
        FIRES(auth_failure_suspected);
    } else {
        SILENT(auth_failure_suspected);
    }
}

static void
aggressive(bool again, bool quick)
{
    reset();
    for (unsigned n = 1; n <= 3; n++) {
        char text[8];
        begin(1, V1_AGGRESSIVE, 0, n % 2, false);
        memset(m.spi_r, n == 1 ? 0 : 0x22, 8);
        m.encrypted = n == 3;
        m.readable = n != 3;
        if (n < 3) {
            propose(aes256, 4, PROTO_IKE, 0);
        }
        g_snprintf(text, sizeof text, "am%u", n);
        send(text, (uint16_t)n);
    }
    if (again) {
        begin(1, V1_AGGRESSIVE, 0, false, false);
        memset(m.spi_r, 0x22, 8);
        send("am2", 5);
        begin(1, V1_AGGRESSIVE, 0, true, false);
        memset(m.spi_r, 0x22, 8);
        m.encrypted = true;
        m.readable = false;
        send("am3", 6);
    }
    for (unsigned n = 1; quick && n <= 2; n++) {
        begin(1, V1_QUICK, 9, n == 1, false);
        memset(m.spi_r, 0x22, 8);
        m.readable = false;
        send(n == 1 ? "qm1" : "qm2", (uint16_t)(10 + n));
    }
    end_after(20);
}

/* RFC 2409 section 5.4: the hash of message 3 needs the right key. */
static void
aggressive_mode(void)
{
    aggressive(false, false);
    SILENT(auth_failure_suspected);
    aggressive(true, true);                         /* they crossed: the SA goes on */
    T(count(CHECK_auth_failure_suspected) == 0);
    aggressive(true, false);
    SAYS(auth_failure_suspected, "198.51.100.20 sends message 2 of aggressive mode (frame 2) again after message 3 (frame 3).");
    T(basis_of(CHECK_auth_failure_suspected) == BASIS_INFERRED && count(CHECK_auth_failed) == 0);

    static const struct { bool readable; uint16_t notify; bool suspected; } answers[] = {
        { false, 0, true },                         /* nobody can read it: the shape is that of a complaint */
        { true, 24578, false },                     /* INITIAL_CONTACT: read, and no refusal */
        { true, 24, false },                        /* read: auth_failed says it */
        { true, 18, false },
        { true, 16, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        reset();
        for (unsigned n = 1; n <= 3; n++) {
            char text[8];
            begin(1, V1_AGGRESSIVE, 0, n % 2, false);
            memset(m.spi_r, n == 1 ? 0 : 0x22, 8);
            if (n < 3) {
                propose(aes256, 4, PROTO_IKE, 0);
            }
            g_snprintf(text, sizeof text, "am%u", n);
            send(text, (uint16_t)n);
        }
        begin(1, V1_INFORMATIONAL, 77, false, false);
        memset(m.spi_r, 0x22, 8);
        m.readable = answers[i].readable;
        if (answers[i].notify) {
            notify(answers[i].notify);
        }
        send("answer", 9);
        T((count(CHECK_auth_failure_suspected) == 1) == answers[i].suspected);
    }
    SAYS(auth_failure_suspected, "198.51.100.20 answers message 3 of phase 1 (frame 3), the first that needs the right key, with an Informational");
}

/* RFC 7296 section 2.21.2: an IKE_AUTH that is answered by a lone notify, told by its length alone. */
static void
lone_notify(void)
{
    /* 28 + 4 + 16 + 16: the least of an SK payload under AES-CBC and HMAC-SHA2-256, with one block. */
    static const struct { uint32_t length; uint16_t fragment; uint32_t id; bool suspected; } table[] = {
        { 80, 0, 1, true }, { 96, 0, 1, true }, { 112, 0, 1, false }, { 64, 0, 1, false }, { 80, 1, 1, false }, { 80, 0, 2, false },
        { 400, 0, 1, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        sa_init(aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(2, V2_IKE_AUTH, table[i].id, r == 0, r == 1);
            m.readable = false;
            m.length = r ? table[i].length : 400;
            m.fragment = r ? table[i].fragment : 0;
            send(r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        T((count(CHECK_auth_failure_suspected) == 1) == table[i].suspected);
    }
    T(sadb_ike_sa(db, 0)->state == IKE_ESTABLISHED);        /* 400 octets hold more than a refusal */
}

/* What nobody could read speaks of the key only where the key was needed. */
static void
keys_needed(void)
{
    for (unsigned n = 1; n <= 5; n++) {
        reset();
        for (unsigned k = 1; k <= n; k++) {
            char text[8];
            begin(1, V1_MAIN, 0, k % 2, false);
            memset(m.spi_r, k == 1 ? 0 : 0x22, 8);
            g_snprintf(text, sizeof text, "mm%u", k);
            send(text, (uint16_t)k);
        }
        begin(1, V1_INFORMATIONAL, 78, false, false);
        memset(m.spi_r, 0x22, 8);
        m.readable = false;
        send("secret", 9);
        TOLD(auth_failure_suspected, n == 5);
    }
}

/* After an EAP failure the client's own words are only the end of it. */
static void
refused_once(void)
{
    reset();
    sa_init(aes256, aes256);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    begin(2, V2_IKE_AUTH, 1, false, true);
    m.eap_code = 4;
    send("eap failure", 4);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    notify(N2_AUTHENTICATION_FAILED);
    send("that was it", 5);
    T(count(CHECK_auth_failed) == 1);
    SAYS(auth_failed, "EAP-Failure in frame 4");
    tunnel();
    SILENT(auth_failed);
    begin(2, V2_INFORMATIONAL, 2, true, false);
    notify(N2_AUTHENTICATION_FAILED);
    send("not you", 5);
    SAYS(auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 (AUTHENTICATION_FAILED in frame 5)");
}

int
main(void)
{
    conversation_begin();
    v1_credentials();
    authentication();
    refused_hash();
    inferred_refusal();
    xauth();
    main_mode_counted(true);
    main_mode_counted(false);
    aggressive_mode();
    lone_notify();
    keys_needed();
    refused_once();
    return conversation_done();
}
