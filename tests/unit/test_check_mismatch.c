/* What the two ends are configured with and do not share: PFS, lifetimes, modes, suites.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const struct transform pfs[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 128 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_KE, KE_MODP_2048, 0 },
};

/* One rekey of the Child SA of tunnel() to that suite. */
static void
rekey_to(struct conversation *c, const struct transform *t, size_t n)
{
    static const uint8_t old[] = { 0xa0, 0, 0, 1 };

    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, t, n, PROTO_ESP, 0xa0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    notify(c, N2_REKEY_SA);
    c->m.notifies[0].spi = (struct span){ old, 4 };
    send(c, "rekey?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    propose(c, t, n, PROTO_ESP, 0xb0000002);
    selectors(c, "10.1.0.0/24", "10.2.0.0/24");
    send(c, "rekey!", 6);
}

static void
downgrades(struct conversation *c)
{
    static const struct transform des3[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };

    static const struct transform longer[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
        { TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
    };

    rekey_to(c, esp128, 3);
    SILENT(c, suite_downgraded);
    rekey_to(c, longer, 3);
    SILENT(c, suite_downgraded);
    rekey_to(c, des3, 3);
    SAYS(c, suite_downgraded, "3DES_CBC");
}

/* Only where all but the group is what the refuser took, PFS is the reason (RFC 2409 section
 * 5.5). */
static void
forward_secrecy(struct conversation *c)
{
    static const struct { uint16_t encr, bits, integ; bool suspected; } table[] = {
        { ENCR_AES_CBC, 256, INTEG_HMAC_SHA2_256_128, true },
        { ENCR_AES_CBC, 128, INTEG_HMAC_SHA2_256_128, false },
        { ENCR_AES_CBC, 256, INTEG_HMAC_SHA1_96, false },
        { ENCR_3DES_CBC, 0, INTEG_HMAC_SHA2_256_128, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct transform t[] = {
            { TRANSFORM_ENCR, table[i].encr, table[i].bits },
            { TRANSFORM_INTEG, table[i].integ, 0 }, { TRANSFORM_KE, KE_MODP_2048, 0 },
        };
        reset(c);
        v1_phase1(c, aes256);
        begin(c, 1, V1_QUICK, 9, true, false);
        propose(c, t, 3, PROTO_ESP, 0xa1);
        send(c, "qm1", 3);
        begin(c, 1, V1_INFORMATIONAL, 10, false, false);
        notify(c, N1_NO_PROPOSAL_CHOSEN);
        send(c, "no", 4);
        T((count(c, CHECK_pfs_mismatch) == 1) == table[i].suspected);
    }
    SILENT(c, pfs_mismatch);
}

static void
tries_of_others(struct conversation *c)
{
    for (unsigned same = 0; same < 2; same++) {
        reset(c);
        for (unsigned r = 0; r < 2; r++) {    /* a try that fails, here or at another gateway */
            begin(c, 2, V2_IKE_SA_INIT, 0, r == 0, r == 1);
            as(c, 0x33);
            if (r) {
                notify(c, N2_NO_PROPOSAL_CHOSEN);
            } else {
                propose(c, aes128, 4, PROTO_IKE, 0);
            }
            if (!same) {
                *(r ? &c->from : &c->to) = c->stranger;
            }
            send(c, r ? "no" : "first", (uint16_t)(1 + r));
        }
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "second", 3);
        T((count(c, CHECK_offer_changed) == 1) == same);
    }
}

static void
shorter_than_offered(struct conversation *c)
{
    /* RESPONDER-LIFETIME (RFC 2407 section 4.6.3.1): attributes in both forms, cut, and of an
     * unknown kind. */
    static const struct { const char *data; size_t len; const char *says; } table[] = {
        { "\200\1\0\1\200\2\16\20", 8,
          "than the one offered, 3600 s (RESPONDER-LIFETIME in frame 5)" },
        { "\200\1\0\1\0\2\0\4\0\0\16\20\200\1\0\2\0\2\0\4\0\106\120\0", 24,
          "offered, 3600 s, 4608000 KB (" },
        { "\200\1\0\1\0\2\0\4\0\0", 10, "than the one offered (" },
        { "\200\2\16\20", 4, "than the one offered (" },        /* a duration of nothing */
        { "", 0, "than the one offered (" },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        v1_tunnel(c, 28800, 0);
        SILENT(c, lifetime_mismatch);
        begin(c, 1, V1_INFORMATIONAL, 7, false, false);
        notify(c, N1_RESPONDER_LIFETIME);
        c->m.notifies[0].data = (struct span){ (const uint8_t *)table[i].data, table[i].len };
        c->m.notifies[0].inner = true;
        send(c, "life", 9);
        SAYS(c, lifetime_mismatch, table[i].says);
        T(basis_of(c, CHECK_lifetime_mismatch) == BASIS_DECRYPTED);
    }
}

static void
refused_quick_mode(struct conversation *c, const struct transform *t, size_t n)
{
    begin(c, 1, V1_QUICK, 9, true, false);
    propose(c, t, n, PROTO_ESP, TO_I);
    send(c, "qm1", 3);
    begin(c, 1, V1_INFORMATIONAL, 10, false, false);
    notify(c, N1_NO_PROPOSAL_CHOSEN);
    send(c, "no", 4);
}

static void
disagreements(struct conversation *c)
{
    static const struct transform des_md5[] = {
        { TRANSFORM_ENCR, ENCR_3DES_CBC, 0 }, { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
    };
    static const struct transform like[] = {
        { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    };

    reset(c);
    v1_phase1(c, aes256);
    refused_quick_mode(c, des_md5, 2);
    SILENT(c, pfs_mismatch);                        /* anything may be the cause */
    reset(c);
    v1_phase1(c, aes256);
    refused_quick_mode(c, like, 2);
    SAYS(c, pfs_mismatch, "which requests no PFS and the encryption and hash");
    tunnel(c);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, pfs, 3, PROTO_ESP, 0xa0000002);
    send(c, "child?", 5);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "child!", 6);
    SAYS(c, pfs_mismatch, "MODP_2048; apart from that, it has accepted the same suite before "
                          "(frame 4)");

    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = 3600;
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = 3600;
    send(c, "mm2", 2);
    SILENT(c, lifetime_mismatch);
    SILENT(c, exchange_mode_mismatch);
    reset(c);
    v1_phase1(c, aes256);
    static const uint8_t life[] = { 0x80, 1, 0, 1, 0, 2, 0, 4, 0, 0, 0x0e, 0x10 };
    begin(c, 1, V1_QUICK, 9, true, false);
    notify(c, N1_RESPONDER_LIFETIME);
    c->m.notifies[0].data = (struct span){ life, sizeof life };
    send(c, "lifetime", 3);
    SAYS(c, lifetime_mismatch, "offered, 3600 s (RESPONDER-LIFETIME in frame 3)");
    reset(c);
    begin(c, 1, V1_AGGRESSIVE, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    send(c, "am1", 1);
    begin(c, 1, V1_INFORMATIONAL, 5, false, false);
    c->m.encrypted = false;
    notify(c, N1_AUTHENTICATION_FAILED);
    send(c, "no", 2);
    SAYS(c, exchange_mode_mismatch, "first message of aggressive mode (frame 1)");
    T(count(c, CHECK_auth_failed) == 0);            /* nobody has looked at credentials */

    tunnel(c);
    SILENT(c, mode_mismatch);
    reset(c);
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    propose(c, esp128, 3, PROTO_ESP, TO_I);
    notify(c, N2_USE_TRANSPORT_MODE);
    send(c, "auth?", 3);
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    FIRES(c, mode_mismatch);
}

/* Another try of the same initiator with another offer; the same offer is no change. */
static void
another_offer(struct conversation *c)
{
    static const struct { const struct transform *again; unsigned num; bool changed; } tries[] = {
        { aes256, 1, false }, { aes128, 1, true }, { aes256, 2, true },
    };
    for (size_t i = 0; i < G_N_ELEMENTS(tries); i++) {
        reset(c);
        sa_init(c, aes256, NULL);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        as(c, 0x33);
        for (unsigned n = 0; n < tries[i].num; n++) {
            propose(c, tries[i].again, 4, PROTO_IKE, 0);
        }
        send(c, "again", 5);
        T((count(c, CHECK_offer_changed) == 1) == tries[i].changed);
    }
    reset(c);    /* the first try succeeded: another offer is another matter */
    sa_init(c, aes256, aes256);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, aes128, 4, PROTO_IKE, 0);
    send(c, "again", 5);
    SILENT(c, offer_changed);
}

/* Refusals of IKEv1: the first message of a mode alone speaks of the mode (RFC 2409 section 5). */
static void
modes(struct conversation *c)
{
    static const struct {
        uint8_t exchange; unsigned messages; uint16_t notify; bool told;
    } table[] = {
        { V1_MAIN, 1, N1_INVALID_EXCHANGE_TYPE, true },
        { V1_MAIN, 1, N1_AUTHENTICATION_FAILED, false },
        { V1_MAIN, 2, N1_INVALID_EXCHANGE_TYPE, false },
        { V1_AGGRESSIVE, 1, N1_AUTHENTICATION_FAILED, true },
        { V1_AGGRESSIVE, 1, N1_UNSUPPORTED_EXCHANGE_TYPE, true },
        { V1_AGGRESSIVE, 2, N1_INVALID_EXCHANGE_TYPE, false },
        { V1_AGGRESSIVE, 1, N1_INVALID_ID_INFORMATION, false },
        { V1_QUICK, 1, N1_INVALID_EXCHANGE_TYPE, false },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        for (unsigned n = 0; n < table[i].messages + (table[i].messages == 2); n++) {
            char text[8];
            begin(c, 1, table[i].exchange, table[i].exchange == V1_QUICK ? 9 : 0, n % 2 == 0,
                  false);
            memset(c->m.spi_r, n ? 0x22 : 0, 8);
            propose(c, table[i].exchange == V1_QUICK ? esp128 : aes256,
                    table[i].exchange == V1_QUICK ? 3 : 4, PROTO_IKE, 0);
            g_snprintf(text, sizeof text, "%u", n);
            send(c, text, (uint16_t)(1 + n));
        }
        begin(c, 1, V1_INFORMATIONAL, 5, false, false);
        c->m.encrypted = false;
        memset(c->m.spi_r, table[i].messages > 1 ? 0x22 : 0, 8);
        notify(c, table[i].notify);
        send(c, "no", 9);
        TOLD(c, exchange_mode_mismatch, table[i].told);
    }
}

/* Where PFS is known to be the same it is not the reason. */
static void
same_pfs(struct conversation *c)
{
    for (unsigned same = 2; same-- > 0;) {
        reset(c);
        v1_phase1(c, aes256);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_QUICK, 9, r == 0, false);
            propose(c, pfs, 3, PROTO_ESP, r ? TO_R : 0xa1);
            send(c, r ? "qm2" : "qm1", (uint16_t)(3 + r));
        }
        begin(c, 1, V1_QUICK, 10, true, false);
        propose(c, pfs, same ? 3 : 2, PROTO_ESP, 0xa2);
        send(c, "again", 5);
        begin(c, 1, V1_INFORMATIONAL, 11, false, false);
        notify(c, N1_NO_PROPOSAL_CHOSEN);
        send(c, "no", 6);
        TOLD(c, pfs_mismatch, !same);
    }
    SAYS(c, pfs_mismatch,
         "which requests no PFS; apart from that, it has accepted the same suite before (frame 4)");
}

/* Kilobytes that one of the two alone names. */
static void
kilobytes_of_one(struct conversation *c)
{
    for (unsigned side = 0; side < 2; side++) {
        reset(c);
        for (unsigned r = 0; r < 2; r++) {
            begin(c, 1, V1_MAIN, 0, r == 0, false);
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.proposals[0].attr.life_s = 3600;
            c->m.proposals[0].attr.life_kb = r == side ? 1000 : 0;
            send(c, r ? "mm2" : "mm1", (uint16_t)(1 + r));
        }
        SAYS(c, lifetime_mismatch,
             side ? "3600 s and 0 KB (frame 1), with 3600 s and 1000 KB" :
             "3600 s and 1000 KB (frame 1), with 3600 s and 0 KB");
    }
}

/* Kilobytes that nobody has negotiated are not spoken of. */
static void
lifetime(struct conversation *c, uint32_t kilobytes)
{
    reset(c);
    begin(c, 1, V1_MAIN, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = 28800;
    c->m.proposals[0].attr.life_kb = kilobytes;
    send(c, "mm1", 1);
    begin(c, 1, V1_MAIN, 0, false, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    c->m.proposals[0].attr.life_s = 3600;
    c->m.proposals[0].attr.life_kb = kilobytes;
    send(c, "mm2", 2);
    SAYS(c, lifetime_mismatch,
         kilobytes ? "28800 s and 1000 KB (frame 1), with 3600 s and 1000 KB" :
         "the offered lifetime of phase 1 (main mode), 28800 s (frame 1), with 3600 s.");
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    downgrades(&c);
    tries_of_others(&c);
    forward_secrecy(&c);
    shorter_than_offered(&c);
    disagreements(&c);
    another_offer(&c);
    modes(&c);
    same_pfs(&c);
    kilobytes_of_one(&c);
    lifetime(&c, 0);
    lifetime(&c, 1000);
    return conversation_done(&c);
}
