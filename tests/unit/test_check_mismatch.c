/* What the two ends are configured with and do not share: PFS, lifetimes, modes, suites.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform pfs[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };

/* One rekey of the Child SA of tunnel() to that suite. */
static void
rekey_to(const struct transform *t, size_t n)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel();
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(t, n, PROTO_ESP, 0xa0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    notify(N2_REKEY_SA);
    m.notifies[0].spi = (struct span){ old, 4 };
    send("rekey?", 5);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(t, n, PROTO_ESP, 0xb0000002);
    selectors("10.1.0.0/24", "10.2.0.0/24");
    send("rekey!", 6);
}

static void
downgrades(void)
{
    static const struct transform des3[] = { { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

    static const struct transform longer[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 } };

    rekey_to(esp128, 3);
    SILENT(suite_downgraded);
    rekey_to(longer, 3);
    SILENT(suite_downgraded);
    rekey_to(des3, 3);
    SAYS(suite_downgraded, "3DES_CBC");
}

/* Only where all but the group is what the refuser took, PFS is the reason (RFC 2409 section 5.5). */
static void
forward_secrecy(void)
{
    static const struct { uint16_t encr, bits, integ; bool suspected; } table[] = {
        { 12, 256, 12, true }, { 12, 128, 12, false }, { 12, 256, 2, false }, { 3, 0, 12, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct transform t[] = { { TRANSFORM_ENCR, table[i].encr, table[i].bits }, { TRANSFORM_INTEG, table[i].integ, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };
        reset();
        v1_phase1(aes256);
        begin(1, V1_QUICK, 9, true, false);
        propose(t, 3, PROTO_ESP, 0xa1);
        send("qm1", 3);
        begin(1, V1_INFORMATIONAL, 10, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 4);
        T((count(CHECK_pfs_mismatch) == 1) == table[i].suspected);
    }
    SILENT(pfs_mismatch);
}

static void
tries_of_others(void)
{
    for (unsigned same = 0; same < 2; same++) {
        reset();
        for (unsigned r = 0; r < 2; r++) {          /* a try that fails, here or at another gateway */
            begin(2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
            memset(m.spi_i, 0x33, 8);
            if (r) {
                notify(N2_NO_PROPOSAL_CHOSEN);
            } else {
                propose(aes128, 4, PROTO_IKE, 0);
            }
            if (!same) {
                *(r ? &from_addr : &to_addr) = &stranger;
            }
            send(r ? "no" : "first", (uint16_t)(1 + r));
        }
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("second", 3);
        T((count(CHECK_offer_changed) == 1) == same);
    }
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

/* Refusals of IKEv1: the first message of a mode alone speaks of the mode (RFC 2409 section 5). */
static void
modes(void)
{
    static const struct { uint8_t exchange; unsigned messages; uint16_t notify; bool told; } table[] = {
        { V1_MAIN, 1, 7, true }, { V1_MAIN, 1, 24, false }, { V1_MAIN, 2, 7, false }, { V1_AGGRESSIVE, 1, 24, true },
        { V1_AGGRESSIVE, 1, 29, true }, { V1_AGGRESSIVE, 2, 7, false }, { V1_AGGRESSIVE, 1, 18, false }, { V1_QUICK, 1, 7, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        for (unsigned n = 0; n < table[i].messages + (table[i].messages == 2); n++) {
            char text[8];
            begin(1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, n % 2 == 0, false);
            memset(m.spi_r, n ? 0x22 : 0, 8);
            propose(table[i].exchange == V1_QUICK ? esp128 : aes256, table[i].exchange == V1_QUICK ? 3 : 4, PROTO_IKE, 0);
            g_snprintf(text, sizeof text, "%u", n);
            send(text, (uint16_t)(1 + n));
        }
        begin(1, V1_INFORMATIONAL, 5, false, false);
        memset(m.spi_r, table[i].messages > 1 ? 0x22 : 0, 8);
        notify(table[i].notify);
        send("no", 9);
        TOLD(exchange_mode_mismatch, table[i].told);
    }
}

/* Where PFS is known to be the same it is not the reason. */
static void
same_pfs(void)
{
    static const struct transform pfs[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 } };

    for (unsigned same = 2; same-- > 0;) {
        reset();
        v1_phase1(aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_QUICK, 9, r == 0, false);
            propose(pfs, 3, PROTO_ESP, r ? TO_R : 0xa1);
            send(r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(1, V1_QUICK, 10, true, false);
        propose(pfs, same ? 3 : 2, PROTO_ESP, 0xa2);
        send("again", 5);
        begin(1, V1_INFORMATIONAL, 11, false, false);
        notify(N1_NO_PROPOSAL_CHOSEN);
        send("no", 6);
        TOLD(pfs_mismatch, !same);
    }
    SAYS(pfs_mismatch, "which asks for no PFS; but for that it has taken this suite before (frame 4)");
}

/* Kilobytes that one of the two alone names. */
static void
kilobytes_of_one(void)
{
    for (unsigned side = 0; side < 2; side++) {
        reset();
        for (unsigned r = 0; r < 2; r++) {
            begin(1, V1_MAIN, 0, r == 0, false);
            propose(aes256, 4, PROTO_IKE, 0);
            m.proposals[0].attr.life_s = 3600;
            m.proposals[0].attr.life_kb = r == side ? 1000 : 0;
            send(r ? "mm2" : "mm1", (uint16_t)(1 + r));
        }
        SAYS(lifetime_mismatch, side ? "3600 s and 0 KB with 3600 s and 1000 KB" : "3600 s and 1000 KB with 3600 s and 0 KB");
    }
}

/* Kilobytes that nobody has negotiated are not spoken of. */
static void
lifetime(uint32_t kilobytes)
{
    reset();
    begin(1, V1_MAIN, 0, true, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 28800;
    m.proposals[0].attr.life_kb = kilobytes;
    send("mm1", 1);
    begin(1, V1_MAIN, 0, false, false);
    propose(aes256, 4, PROTO_IKE, 0);
    m.proposals[0].attr.life_s = 3600;
    m.proposals[0].attr.life_kb = kilobytes;
    send("mm2", 2);
    SAYS(lifetime_mismatch, kilobytes ? "28800 s and 1000 KB with 3600 s and 1000 KB" : "a lifetime of 28800 s with 3600 s.");
}

int
main(void)
{
    conversation_begin();
    downgrades();
    tries_of_others();
    forward_secrecy();
    shorter_than_offered();
    disagreements();
    another_offer();
    modes();
    same_pfs();
    kilobytes_of_one();
    lifetime(0);
    lifetime(1000);
    return conversation_done();
}
