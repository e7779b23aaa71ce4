/* Credentials that are refused: said by a notify (RFC 7296 section 2.21.2) or by EAP and XAUTH,
 * or told by the shape of messages that nobody could read.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static void
v1_credentials(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    SILENT(c, identity_rejected);
    begin(c, 1, V1_MAIN, 0, true, false);
    send(c, "mm3", 3);
    begin(c, 1, V1_INFORMATIONAL, 77, false, false);
    notify(c, N1_INVALID_ID_INFORMATION);
    send(c, "info", 4);
    FIRES(c, identity_rejected);

    reset(c);
    v1_phase1(c, aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(c, 1, V1_MAIN, 0, i % 2, false);
        c->m.encrypted = i == 5;
        c->m.readable = i != 5;
        send(c, i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(c, auth_failure_suspected);
    begin(c, 1, V1_INFORMATIONAL, 78, false, false);
    c->m.readable = false;
    send(c, "complaint", 6);
    SAYS(c, auth_failure_suspected, "message 5 of phase 1");
}

static void
authentication(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "no", 4);
    SAYS(c, auth_failed, "pre-shared key");

    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.readable = false;
    c->m.length = 80;
    send(c, "small", 4);
    FIRES(c, auth_failure_suspected);
    T(basis_of(c, CHECK_auth_failure_suspected) == BASIS_INFERRED);
}

/* The same identity as the one that the gateway has accepted before. */
static void
accepted_before(struct conversation *c)
{
    for (unsigned ended = 0; ended < 2; ended++) {
        static const struct ike_id lisa = { .present = true, .type = ID_RFC822_ADDR,
                                            .data = { (const uint8_t *)"lisa@corp", 9 } };
        reset(c);
        sa_init(c, aes256, aes256);
        begin(c, 2, V2_IKE_AUTH, 1, true, false);
        c->m.id_i = lisa;
        c->m.has_auth = true;
        send(c, "auth?", 3);
        auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
        if (ended) {
            begin(c, 2, V2_INFORMATIONAL, 2, true, false);
            c->m.num_deletes = 1;
            c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
            send(c, "bye", 5);
        }
        for (unsigned i = 0; i < 4; i++) {
            static const char *const octets[] = { "init2?", "init2!", "auth2?", "no2" };
            begin(c, 2, i < 2 ? V2_IKE_SA_INIT : V2_IKE_AUTH, i / 2, i % 2 == 0, i % 2 == 1);
            as(c, 0x31);
            if (i < 2) {
                propose(c, aes256, 4, PROTO_IKE, 0);
            } else if (i == 2) {
                c->m.id_i = lisa;
                c->m.has_auth = true;
                c->m.auth_method = AUTH2_PSK;
            } else {
                notify(c, N2_AUTHENTICATION_FAILED);
            }
            send(c, octets[i], (uint16_t)(10 + i));
        }
        SAYS(c, auth_failed, ended ? "was accepted in frame 4 from 192.0.2.10 (IKE SA 0)." :
                                     "its session from 192.0.2.10 (IKE SA 0) is still up.");
        T(strstr(the_finding(c, CHECK_auth_failed)->remedy,
                 ended ? "what has changed since then" : "one session for each user"));
    }
}

/* IKEv1 aggressive mode: message 2 answers with a hash, which the initiator may refuse (RFC 2409
 * section 5.4). */
static void
refused_hash(struct conversation *c)
{
    reset(c);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 1, V1_AGGRESSIVE, 0, r == 0, false);
        memset(c->m.spi_r, r ? 0x22 : 0, 8);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, r ? "am2" : "am1", (uint16_t)(1 + r));
    }
    begin(c, 1, V1_INFORMATIONAL, 5, true, false);
    memset(c->m.spi_r, 0x22, 8);
    notify(c, N1_AUTHENTICATION_FAILED);
    send(c, "no", 3);
    SAYS(c, auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 "
         "(AUTHENTICATION_FAILED in frame 3, hash in frame 2, ");
    SILENT(c, exchange_mode_mismatch);
}

/* Nobody could read these: the shapes alone tell. */
static void
inferred_refusal(struct conversation *c)
{
    reset(c);
    v1_phase1(c, aes256);
    for (unsigned i = 3; i <= 5; i++) {
        begin(c, 1, V1_MAIN, 0, i % 2, false);
        c->m.encrypted = i == 5;
        c->m.readable = i != 5;
        send(c, i == 3 ? "mm3" : i == 4 ? "mm4" : "mm5", (uint16_t)i);
    }
    SILENT(c, auth_failure_suspected);
    send(c, "mm5", 6);
    send(c, "mm5", 7);
    end_after(c, 20);
    SAYS(c, auth_failure_suspected,
         "Message 5 of phase 1 (frame 5), the first that requires the right key, is sent 3 times");
}

static void
xauth(struct conversation *c)
{
    static const uint8_t fail[] = { 0, 0 };

    reset(c);
    v1_phase1(c, aes256);
    for (unsigned i = 3; i <= 6; i++) {
        begin(c, 1, V1_MAIN, 0, i % 2, false);
        c->m.encrypted = i > 4;
        char text[16];
        g_snprintf(text, sizeof text, "mm%u", i);
        send(c, text, (uint16_t)i);
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);
    SILENT(c, auth_failed);
    begin(c, 1, V1_TRANSACTION, 5, false, false);
    c->m.cfg_type = CP_SET;
    c->m.num_cfg = 1;
    c->m.cfg[0] = (struct ike_cfg_attr){ .type = CFG_XAUTH_STATUS, .value = { fail, 2 } };
    send(c, "fail", 9);
    FIRES(c, auth_failed);
    T(sadb_ike_sa(c->db, 0)->state == IKE_FAILED);
}

/* Without main mode's first message the fifth captured is the sixth. */
static void
main_mode_counted(struct conversation *c, bool whole)
{
    reset(c);
    for (unsigned i = whole ? 1 : 2; i <= (whole ? 5 : 6); i++) {
        char text[16];
        begin(c, 1, V1_MAIN, 0, i % 2, false);
        c->m.encrypted = i > 4;
        if (i > 1) {
            memset(c->m.spi_r, 0x22, 8);
        }
        if (i <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        c->m.encrypted = i > 4;
        c->m.readable = i <= 4;
        g_snprintf(text, sizeof text, "mm%u", i);
        send(c, text, (uint16_t)i);
    }
    begin(c, 1, V1_INFORMATIONAL, 77, !whole, false);
    c->m.readable = false;
    send(c, "what?", 9);
    if (whole) {
        FIRES(c, auth_failure_suspected);
    } else {
        SILENT(c, auth_failure_suspected);
    }
}

/* Its three messages, the last one encrypted and not read. */
static void
aggressive_messages(struct conversation *c)
{
    reset(c);
    for (unsigned n = 1; n <= 3; n++) {
        char text[8];
        begin(c, 1, V1_AGGRESSIVE, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        c->m.encrypted = n == 3;
        c->m.readable = n != 3;
        if (n < 3) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        g_snprintf(text, sizeof text, "am%u", n);
        send(c, text, (uint16_t)n);
    }
}

static void
aggressive(struct conversation *c, bool again, bool quick)
{
    aggressive_messages(c);
    if (again) {
        begin(c, 1, V1_AGGRESSIVE, 0, false, false);
        memset(c->m.spi_r, 0x22, 8);
        send(c, "am2", 5);
        begin(c, 1, V1_AGGRESSIVE, 0, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.encrypted = true;
        c->m.readable = false;
        send(c, "am3", 6);
    }
    for (unsigned n = 1; quick && n <= 2; n++) {
        begin(c, 1, V1_QUICK, 9, n == 1, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, n == 1 ? "qm1" : "qm2", (uint16_t)(10 + n));
    }
    end_after(c, 20);
}

/* RFC 2409 section 5.4: the hash of message 3 needs the right key. */
static void
aggressive_mode(struct conversation *c)
{
    aggressive(c, false, false);
    SILENT(c, auth_failure_suspected);
    aggressive(c, true, true);                      /* they crossed: the SA goes on */
    T(count(c, CHECK_auth_failure_suspected) == 0);
    aggressive(c, true, false);
    SAYS(c, auth_failure_suspected, "198.51.100.20 retransmits message 2 of aggressive mode (frame "
                                    "2) after message 3 (frame 3).");
    T(basis_of(c, CHECK_auth_failure_suspected) == BASIS_INFERRED &&
      count(c, CHECK_auth_failed) == 0);

    static const struct { bool readable; uint16_t notify; bool suspected; } answers[] = {
        { false, 0, true },    /* nobody can read it: the shape is that of a complaint */
        { true, N1_INITIAL_CONTACT, false },        /* INITIAL_CONTACT: read, and no refusal */
        { true, N1_AUTHENTICATION_FAILED, false },  /* read: auth_failed says it */
        { true, N1_INVALID_ID_INFORMATION, false },
        { true, N1_PAYLOAD_MALFORMED, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(answers); i++) {
        reset(c);
        for (unsigned n = 1; n <= 3; n++) {
            char text[8];
            begin(c, 1, V1_AGGRESSIVE, 0, n % 2, false);
            memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
            if (n < 3) {
                propose(c, aes256, 4, PROTO_IKE, 0);
            }
            g_snprintf(text, sizeof text, "am%u", n);
            send(c, text, (uint16_t)n);
        }
        begin(c, 1, V1_INFORMATIONAL, 77, false, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = answers[i].readable;
        if (answers[i].notify) {
            notify(c, answers[i].notify);
        }
        send(c, "answer", 9);
        T((count(c, CHECK_auth_failure_suspected) == 1) == answers[i].suspected);
    }
    SAYS(c, auth_failure_suspected, "198.51.100.20 answers message 3 of phase 1 (frame 3), the "
         "first that requires the right key, with an Informational");
}

/* RFC 7296 section 2.21.2: an IKE_AUTH that is answered by a lone notify, told by its length
 * alone. */
static void
lone_notify(struct conversation *c)
{
    /* 28 + 4 + 16 + 16: the least of an SK payload under AES-CBC and HMAC-SHA2-256, with one
     * block. */
    static const struct {
        uint32_t length; uint16_t fragment; uint32_t id; bool suspected;
    } table[] = {
        { 80, 0, 1, true }, { 96, 0, 1, true }, { 112, 0, 1, false }, { 64, 0, 1, false },
        { 80, 1, 1, false }, { 80, 0, 2, false },
        { 400, 0, 1, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        sa_init(c, aes256, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 2, V2_IKE_AUTH, table[i].id, r == 0, r == 1);
            c->m.readable = false;
            c->m.length = r ? table[i].length : 400;
            c->m.fragment = r ? table[i].fragment : 0;
            send(c, r ? "auth!" : "auth?", (uint16_t)(3 + r));
        }
        T((count(c, CHECK_auth_failure_suspected) == 1) == table[i].suspected);
    }
    T(sadb_ike_sa(c->db, 0)->state == IKE_ESTABLISHED);    /* 400 octets hold more than a refusal */
}

/* What nobody could read speaks of the key only where the key was needed. */
static void
keys_needed(struct conversation *c)
{
    for (unsigned n = 1; n <= 5; n++) {
        reset(c);
        for (unsigned k = 1; k <= n; k++) {
            char text[8];
            begin(c, 1, V1_MAIN, 0, k % 2, false);
            c->m.encrypted = k > 4;
            memset(c->m.spi_r, k == 1 ? 0 : 0x22, 8);
            g_snprintf(text, sizeof text, "mm%u", k);
            send(c, text, (uint16_t)k);
        }
        begin(c, 1, V1_INFORMATIONAL, 78, false, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, "secret", 9);
        TOLD(c, auth_failure_suspected, n == 5);
    }
}

/* After an EAP failure the client's own words are only the end of it. */
static void
refused_once(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    begin(c, 2, V2_IKE_AUTH, 1, false, true);
    c->m.eap_code = EAP_FAILURE;
    send(c, "eap failure", 4);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "that was it", 5);
    T(count(c, CHECK_auth_failed) == 1);
    SAYS(c, auth_failed, "EAP-Failure in frame 4");
    tunnel(c);
    SILENT(c, auth_failed);
    begin(c, 2, V2_INFORMATIONAL, 2, true, false);
    notify(c, N2_AUTHENTICATION_FAILED);
    send(c, "not you", 5);
    SAYS(c, auth_failed, "192.0.2.10 rejects the authentication of 198.51.100.20 "
         "(AUTHENTICATION_FAILED in frame 5)");
}

/* One message of IKE_AUTH with EAP, or the client's last word. */
static void
eap_message(struct conversation *c, uint8_t exchange, uint32_t id, bool request, uint8_t code,
            uint8_t type)
{
    static const char user[] = "lisa";
    char octets[32];

    begin(c, 2, exchange, id, request, !request);
    c->m.eap_code = code;
    c->m.eap_type = type;
    if (code == EAP_RESPONSE && type == EAPT_IDENTITY) {
        c->m.eap_data = (struct span){ (const uint8_t *)user, 4 };
    }
    if (!code && exchange == V2_INFORMATIONAL) {
        notify(c, N2_AUTHENTICATION_FAILED);
    }
    g_snprintf(octets, sizeof octets, "eap %u %d", id, request);
    send(c, octets, (uint16_t)(10 + 2 * id + request));
}

/* The client reports the end of its login: beyond the first round the user was refused, in the
 * first one the gateway. */
static void
eap_login_ended(struct conversation *c)
{
    reset(c);
    sa_init(c, aes256, aes256);
    eap_message(c, V2_IKE_AUTH, 1, true, 0, 0);
    eap_message(c, V2_IKE_AUTH, 1, false, EAP_REQUEST, EAPT_IDENTITY);
    eap_message(c, V2_IKE_AUTH, 2, true, EAP_RESPONSE, EAPT_IDENTITY);
    T(sadb_ike_sa(c->db, 0)->user && strcmp(sadb_ike_sa(c->db, 0)->user, "lisa") == 0);
    eap_message(c, V2_IKE_AUTH, 2, false, EAP_REQUEST, EAPT_MSCHAPV2);
    SILENT(c, auth_failed);
    eap_message(c, V2_INFORMATIONAL, 3, true, 0, 0);
    SAYS(c, auth_failed, "198.51.100.20 refuses the user lisa: the client ends the login after "
                         "EAP-MSCHAPv2 of frame 6 (AUTHENTICATION_FAILED in frame 7)");
    reset(c);
    sa_init(c, aes256, aes256);
    eap_message(c, V2_IKE_AUTH, 1, true, 0, 0);
    eap_message(c, V2_IKE_AUTH, 1, false, EAP_REQUEST, EAPT_IDENTITY);
    eap_message(c, V2_INFORMATIONAL, 2, true, 0, 0);
    SAYS(c, auth_failed, "rejects the authentication of");
}

/* The initiator answers aggressive mode's second message: by the third, or by an Informational.
 * first: the capture has the first. */
static void
aggressive_refused(struct conversation *c, bool first, bool third, bool quick, double silence)
{
    reset(c);
    for (unsigned n = first ? 1 : 2; n <= (third ? 3 : 2); n++) {
        char text[8];
        begin(c, 1, V1_AGGRESSIVE, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        c->m.encrypted = n == 3;
        c->m.readable = n != 3;
        if (n < 3) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        }
        g_snprintf(text, sizeof text, "am%u", n);
        send(c, text, (uint16_t)n);
    }
    begin(c, 1, V1_INFORMATIONAL, 77, true, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.readable = false;
    send(c, "secret", 9);
    if (quick) {
        begin(c, 1, V1_QUICK, 9, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, "qm1", 10);
    }
    end_after(c, silence);
}

static void
second_refused(struct conversation *c)
{
    aggressive_refused(c, true, false, false, 10);
    SAYS(c, auth_failure_suspected,
         "192.0.2.10 answers message 2 of aggressive mode (frame 2), in which 198.51.100.20 "
         "authenticates itself, with an encrypted Informational (frame 3)");
    T(basis_of(c, CHECK_auth_failure_suspected) == BASIS_INFERRED);
    aggressive_refused(c, false, false, false, 10);
    FIRES(c, auth_failure_suspected);
    aggressive_refused(c, true, true, false, 10);       /* INITIAL_CONTACT after the third */
    SILENT(c, auth_failure_suspected);
    aggressive_refused(c, true, false, true, 10);       /* the third is lost */
    SILENT(c, auth_failure_suspected);
    aggressive_refused(c, true, false, false, 1);       /* the capture ends */
    SILENT(c, auth_failure_suspected);
}

/* Aggressive mode, and a quick mode that is asked for again and again. */
static void
first_quick_mode(struct conversation *c, bool alive)
{
    aggressive_messages(c);
    if (alive) {
        begin(c, 1, V1_INFORMATIONAL, 77, false, false);
        memset(c->m.spi_r, 0x22, 8);
        notify(c, N1_INITIAL_CONTACT);
        send(c, "hello", 4);
    }
    for (unsigned i = 0; i < 3; i++) {
        begin(c, 1, V1_QUICK, 9, true, false);
        memset(c->m.spi_r, 0x22, 8);
        c->m.readable = false;
        send(c, "qm1", (uint16_t)(10 + i));
        c->now += 4;
    }
    end_after(c, 20);
    TOLD(c, auth_failure_suspected, !alive);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    v1_credentials(&c);
    authentication(&c);
    accepted_before(&c);
    refused_hash(&c);
    inferred_refusal(&c);
    xauth(&c);
    main_mode_counted(&c, true);
    main_mode_counted(&c, false);
    aggressive_mode(&c);
    second_refused(&c);
    first_quick_mode(&c, false);
    first_quick_mode(&c, true);
    lone_notify(&c);
    keys_needed(&c);
    refused_once(&c);
    eap_login_ended(&c);
    return conversation_done(&c);
}
