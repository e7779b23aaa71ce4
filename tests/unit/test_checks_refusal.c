/* Refusals and what explains them: proposals of every shape (RFC 7296 section 2.7, RFC 2409 section 5),
 * credentials (RFC 7296 section 2.21.2), messages about SPIs (RFC 7296 section 1.5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform gcm[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform gcm256[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };
static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA1, 0 }, { TRANSFORM_KE, KE_MODP_1024, 0 } };

/* A CREATE_CHILD_SA of the tunnel's IKE SA. */
static void
child(const struct transform *t, size_t n, bool refused)
{
    static uint32_t id = 1;
    char text[16];

    id++;
    for (unsigned r = 0; r < 2; r++) {
        begin(2, V2_CREATE_CHILD_SA, id, r == 0, r == 1);
        if (r && refused) {
            notify(N2_NO_PROPOSAL_CHOSEN);
        } else {
            propose(t, n, PROTO_ESP, (r ? 0xb0000000 : 0xa0000000) + id);
            selectors("10.1.0.0/24", "10.3.0.0/24");
        }
        g_snprintf(text, sizeof text, "child %u %u", id, r);
        send(text, (uint16_t)(2 * id + r));
    }
}

static void
proposals(void)
{
    static const struct transform aead[] = { { TRANSFORM_ENCR, ENCR_AES_GCM_16, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 } };

    tunnel();                                       /* an AEAD cipher needs no integrity: one type is unmet, not two */
    child(gcm, 2, false);
    child(gcm256, 2, true);
    SAYS(no_proposal_chosen, "offered ESP:AES_GCM_16_256/NO_EXT_SEQ; ENCR does not meet: offered AES_GCM_16_256, it has chosen");
    tunnel();
    child(gcm, 2, false);
    child(aead, 2, true);
    SAYS(no_proposal_chosen, "every transform type meets what it has chosen before (frame 6), so its policy for this peer or exchange differs.");

    /* Ten proposals: three are shown, and of those that are not the nearest three. */
    struct transform many[10][4];
    reset();
    sa_init(aes256, aes256);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    as(0x33);
    for (uint8_t i = 0; i < 10; i++) {
        memcpy(many[i], des3, sizeof des3);
        if (i == 9) {
            memcpy(many[i], aes256, sizeof aes256);
            many[i][3].id = 2;
        }
        propose(many[i], 4, PROTO_IKE, 0);
        m.proposals[i].number = (uint8_t)(i + 1);
    }
    from_addr = &stranger;
    send("ten", 9);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    as(0x33);
    to_addr = &stranger;
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("no", 10);
    SAYS(no_proposal_chosen, " and 7 more; DH does not meet: offered MODP_1024, it has chosen MODP_2048 before (frame 2); proposal 1 fails on "
                             "ENCR, PRF, INTEG and DH, proposal 2 fails on");
    T(strstr(detail(CHECK_no_proposal_chosen), ", and so on."));
    T(the_finding(CHECK_no_proposal_chosen)->exchange == 0 && the_finding(CHECK_no_proposal_chosen)->ike_sa == 1);

    reset();                                        /* only the refusal was captured */
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("no", 1);
    SAYS(no_proposal_chosen, "198.51.100.20 refuses IKE_SA_INIT (NO_PROPOSAL_CHOSEN); the capture does not show the offer in clear.");
}

/* IKEv1: suites that meet, but not how they are to be used. */
static void
v1_method_and_mode(void)
{
    static const struct { uint16_t refused; const char *says; } methods[] = {
        { 3, ", but the authentication method does not" }, { 1, ", so its policy for this peer or exchange differs" },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(methods); i++) {
        reset();
        v1_phase1(aes256);
        begin(1, V1_MAIN, 0, true, false);
        as(0x33);
        propose(aes256, 4, PROTO_IKE, 0);
        m.proposals[0].attr.auth_method = methods[i].refused;
        from_addr = &stranger;
        send("other", 9);
        begin(1, V1_INFORMATIONAL, 5, false, false);
        as(0x33);
        to_addr = &stranger;
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 10);
        SAYS(no_proposal_chosen, methods[i].says);
        T(strstr(detail(CHECK_no_proposal_chosen), "refuses phase 1 (main mode)"));
    }
    for (uint16_t mode = 1; mode <= 2; mode++) {
        reset();
        v1_phase1(aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_QUICK, 9, r == 0, false);
            propose(esp128, 2, PROTO_ESP, r ? 0xb0000001 : 0xa0000001);
            send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(1, V1_QUICK, 10, true, false);
        propose(esp128, 2, PROTO_ESP, 0xa0000002);
        m.proposals[0].attr.mode = mode;
        send("again", 5);
        begin(1, V1_INFORMATIONAL, 11, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 6);
        SAYS(no_proposal_chosen, mode == 2 ? ", but the encapsulation mode does not." : ", so its policy");
    }
    /* Both at once beside a cipher, of the transform that is not the nearest. */
    reset();
    v1_phase1(aes256);
    begin(1, V1_MAIN, 0, true, false);
    as(0x33);
    propose(des3, 4, PROTO_IKE, 0);
    m.proposals[0].attr.auth_method = 3;
    propose(aes128, 4, PROTO_IKE, 0);
    m.proposals[1].v1_transform = 2;
    from_addr = &stranger;
    send("other", 9);
    begin(1, V1_INFORMATIONAL, 5, false, false);
    as(0x33);
    to_addr = &stranger;
    notify(N1_NO_PROPOSAL_CHOSEN);
    send("no", 10);
    SAYS(no_proposal_chosen, "ENCR does not meet: offered AES_CBC_128, it has chosen AES_CBC_256 before (frame 2); transform 1 fails on ENCR, "
                             "PRF, INTEG and DH, authentication method.");
}

/* What the refuser itself offers, seen before: a refusal foretold, unless one suite is in both. */
static void
foretold(void)
{
    reset();
    begin(2, V2_IKE_SA_INIT, 0, false, false);      /* the gateway began one itself */
    m.flags = FLAG_INITIATOR;
    memset(m.spi_r, 0, 8);
    as(0x33);
    propose(aes128, 4, PROTO_IKE, 0);
    propose(aes256, 4, PROTO_IKE, 0);
    send("gateway", 1);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    send("client", 2);
    SILENT(no_common_proposal);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    as(0x55);
    propose(des3, 4, PROTO_IKE, 0);
    send("client again", 3);
    SAYS(no_common_proposal, "198.51.100.20 itself has offered");
    T(basis_of(CHECK_no_common_proposal) == BASIS_INFERRED);
}

/* Another try of the same initiator with another offer; the same offer is no change. */
static void
another_offer(void)
{
    static const struct { const struct transform *again; unsigned num; bool changed; } tries[] = {
        { aes256, 1, false }, { aes128, 1, true }, { aes256, 2, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        reset();
        sa_init(aes256, NULL);
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        as(0x33);
        for (unsigned n = 0; n < tries[i].num; n++) {
            propose(tries[i].again, 4, PROTO_IKE, 0);
        }
        send("again", 5);
        T((count(CHECK_offer_changed) == 1) == tries[i].changed);
    }
    reset();                                        /* the first try succeeded: another offer is another matter */
    sa_init(aes256, aes256);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    as(0x33);
    propose(aes128, 4, PROTO_IKE, 0);
    send("again", 5);
    SILENT(offer_changed);
}

/* --- credentials ------------------------------------------------------------------------------ */

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

/* --- complaints about SPIs ------------------------------------------------------------------------ */

static void
complain(uint16_t type, const void *spi, size_t spi_len, const void *data, size_t len)
{
    tunnel();
    begin(2, V2_INFORMATIONAL, 2, false, false);
    notify(type);
    m.notifies[0].spi = (struct span){ (const uint8_t *)spi, spi_len };
    m.notifies[0].data = (struct span){ (const uint8_t *)data, len };
    send("complaint", 9);
}

static void
spis(void)
{
    complain(11, NULL, 0, "\240\0\0\1", 4);         /* RFC 7296 section 1.5: the SPI is the data */
    SAYS(invalid_spi, "198.51.100.20 rejects a packet of SPI a0000001, Child SA 0 (frame 4).");
    T(the_finding(CHECK_invalid_spi)->child_sa == 0);
    complain(11, NULL, 0, "\1\2\3\4", 4);
    SAYS(invalid_spi, "rejects a packet of SPI 01020304, which no exchange in the capture made.");
    T(the_finding(CHECK_invalid_spi)->child_sa == NO_ID);
    complain(11, NULL, 0, "\1\2", 2);
    SAYS(invalid_spi, "rejects a packet and does not say of which SPI.");
    complain(39, "\260\0\0\1", 4, "quoted packet", 13);
    SAYS(invalid_selectors, "rejects a packet of SPI b0000001, Child SA 0");
    T(count(CHECK_error_notify) == 0);
    reset();
    v1_phase1(aes256);
    begin(1, V1_INFORMATIONAL, 9, false, false);
    notify(N2_INVALID_SELECTORS);
    send("v1", 9);
    SILENT(invalid_selectors);
}

int
main(void)
{
    conversation_begin();
    proposals();
    v1_method_and_mode();
    foretold();
    another_offer();
    aggressive_mode();
    lone_notify();
    spis();
    return conversation_done();
}
