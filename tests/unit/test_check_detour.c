/* Answers that send the initiator round, in all their forms: another group, a cookie, another
 * gateway.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t ecp_256[] = { 0, KE_ECP_256 }, ecp_384[] = { 0, KE_ECP_384 };
static const struct transform ecp[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_ECP_256, 0 },
};
static const struct transform ml_kem[] = {
    { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 }, { TRANSFORM_KE, KE_CURVE_25519, 0 },
    { TRANSFORM_ADDKE1, KE_ML_KEM_768, 0 },
};

/* An IKE_SA_INIT request of the client; spi tells IKE SAs apart. */
static void
ask(struct conversation *c, uint8_t spi, const struct transform *t, uint16_t group,
    const char *octets)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, spi);
    propose(c, t, 4, PROTO_IKE, 0);
    c->m.has_ke = true;
    c->m.ke_group = group;
    send(c, octets, (uint16_t)(c->frame + 1));
}

static void
answer_ke(struct conversation *c, uint8_t spi, const void *group, size_t len)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, spi);
    memset(c->m.spi_r, 0, 8);
    notify_with(c, N2_INVALID_KE_PAYLOAD, group, len);
    send(c, "other group", (uint16_t)(c->frame + 1));
}

static void
agree(struct conversation *c, uint8_t spi, const struct transform *t)
{
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, spi);
    propose(c, t, 4, PROTO_IKE, 0);
    send(c, "agreed", (uint16_t)(c->frame + 1));
}

/* RFC 7296 section 1.3: INVALID_KE_PAYLOAD carries the group wanted, and the initiator tries
 * again. */
static void
groups(struct conversation *c)
{
    reset(c);    /* the next try stands under an SPI of its own */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, ecp_256, 2);
    SAYS(c, invalid_ke_payload,
         "198.51.100.20 requests ECP_256; the key exchange in frame 1 uses MODP_2048.");
    ask(c, 0x33, ecp, KE_ECP_256, "second");
    agree(c, 0x33, ecp);
    end_after(c, 20);
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_NOTE &&
      count(c, CHECK_invalid_ke_payload) == 1);

    reset(c);                                       /* another client's try is none of this one's */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, ecp_256, 2);
    c->from = c->stranger;
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, ecp, 4, PROTO_IKE, 0);
    c->from = c->stranger;
    send(c, "stranger", 9);
    end_after(c, 20);                               /* 20.5 s after the refusal */
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_WARN);
    SAYS(c, invalid_ke_payload, "No try with the requested group follows in the 20 s captured "
                                "after it.");

    reset(c);                                       /* nor is a try with another gateway */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, ecp_256, 2);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    as(c, 0x33);
    propose(c, ecp, 4, PROTO_IKE, 0);
    c->to = c->stranger;
    send(c, "elsewhere", 9);
    end_after(c, 20);
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_WARN);

    reset(c);                                       /* the next try is lost */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, ecp_256, 2);
    ask(c, 0x11, ecp, KE_ECP_256, "second");
    send(c, "second", 77);
    end_after(c, 20);
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_WARN);
    SAYS(c, invalid_ke_payload, "The next try (frame 3) gets no answer.");

    reset(c);    /* two groups, then none: the last refusal counts */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, ecp_256, 2);
    ask(c, 0x33, ecp, KE_ECP_256, "second");
    answer_ke(c, 0x33, ecp_384, 2);
    ask(c, 0x55, aes256, KE_MODP_2048, "third");
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    as(c, 0x55);
    notify(c, N2_NO_PROPOSAL_CHOSEN);
    send(c, "no", 50);
    end_after(c, 20);
    SAYS(c, invalid_ke_payload, "The next try (frame 5) is refused in frame 6.");

    reset(c);    /* the group is missing: RFC 7296 section 1.3 wants two octets */
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    answer_ke(c, 0x11, "\0", 1);
    SAYS(c, invalid_ke_payload,
         "198.51.100.20 refuses the key exchange of frame 1 without naming a group.");

    tunnel(c);                                      /* in a rekey too, and the group was not said */
    begin(c, 2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(c, esp128, 3, PROTO_ESP, 0xa0000002);
    send(c, "child?", 9);
    begin(c, 2, V2_CREATE_CHILD_SA, 2, false, true);
    c->m.notifies[0].inner = true;
    notify_with(c, N2_INVALID_KE_PAYLOAD, ecp_256, 2);
    send(c, "child!", 10);
    SAYS(c, invalid_ke_payload, "requests ECP_256; the key exchange in frame 5 uses another "
                                "group.");
    T(basis_of(c, CHECK_invalid_ke_payload) == BASIS_DECRYPTED);

    tunnel(c);
    SILENT(c, invalid_ke_payload);
}

/* RFC 5685 section 9.2: IPv4, IPv6 or a name; what cannot be read names nobody. */
static void
redirects(struct conversation *c)
{
    static const struct { const char *data; size_t len; const char *to; } table[] = {
        { "\1\4\300\0\2\11", 6, "redirects the client to 192.0.2.9." },
        { "\2\20\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", 18, "redirects the client to 2001:db8::1." },
        { "\3\12gw.example", 12, "redirects the client to gw.example." },
        /* longer than what there is */
        { "\3\77gw.example", 12, "redirects the client to another gateway." },
        { "\1\4\300\0\2", 5, "redirects the client to another gateway." },
        { "\2\20\40\1", 4, "redirects the client to another gateway." },
        { "\7\1x", 3, "redirects the client to another gateway." },
        { "", 0, "redirects the client to another gateway." },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        ask(c, 0x11, aes256, KE_MODP_2048, "first");
        SILENT(c, redirected);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        notify_with(c, N2_REDIRECT, table[i].data, table[i].len);
        send(c, "away", 9);
        SAYS(c, redirected, table[i].to);
    }
}

/* RFC 7296 section 2.6: nothing is wrong, and IKEv1 has no such thing. */
static void
cookies(struct conversation *c)
{
    reset(c);
    ask(c, 0x11, aes256, KE_MODP_2048, "first");
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    memset(c->m.spi_r, 0, 8);
    notify_with(c, N2_COOKIE, "0123456789abcdef0123", 20);
    send(c, "cookie", 9);
    SAYS(c, cookie_challenge,
         "198.51.100.20 requests a cookie of 20 bytes before it answers IKE_SA_INIT (frame 1).");
    /* the initiator returns it: no second challenge */
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, aes256, 4, PROTO_IKE, 0);
    notify_with(c, N2_COOKIE, "0123456789abcdef0123", 20);
    send(c, "again", 10);
    agree(c, 0x11, aes256);
    end_after(c, 20);
    T(count(c, CHECK_cookie_challenge) == 1 && count(c, CHECK_request_unanswered) == 0 &&
      count(c, CHECK_error_notify) == 0);

    reset(c);
    v1_phase1(c, aes256);
    begin(c, 1, V1_INFORMATIONAL, 7, false, false);
    notify(c, N2_COOKIE);
    send(c, "v1", 9);
    SILENT(c, cookie_challenge);
}

static void
detours(struct conversation *c)
{
    static const uint8_t wanted[] = { 0, KE_ECP_256 };

    tunnel(c);
    SILENT(c, cookie_challenge);
    SILENT(c, invalid_ke_payload);
    SILENT(c, redirected);
    SILENT(c, post_quantum);
    refused_group(c, wanted);
    SAYS(c, invalid_ke_payload, "requests ECP_256; the key exchange in frame 1 uses MODP_2048");
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_NOTE);
    end_after(c, 20);
    SAYS(c, invalid_ke_payload, "No try with the requested group follows");
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_WARN);
    for (unsigned good = 0; good < 2; good++) {
        refused_group(c, wanted);
        begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
        propose(c, aes256, 4, PROTO_IKE, 0);
        send(c, "again?", 3);
        begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
        if (good) {
            propose(c, aes256, 4, PROTO_IKE, 0);
        } else {
            notify(c, N2_NO_PROPOSAL_CHOSEN);
        }
        send(c, "again!", 4);
        end_after(c, 20);
        T(severity_of(c, CHECK_invalid_ke_payload) == (good ? SEV_NOTE : SEV_WARN));
        T((strstr(detail(c, CHECK_invalid_ke_payload), "uses MODP_2048. The next try "
                  "(frame 3) is accepted in frame 4.") != NULL) == (good == 1));
    }
    SAYS(c, invalid_ke_payload, "is accepted in frame 4.");
    refused_group(c, (const uint8_t[]){ 0, 0 });
    SAYS(c, invalid_ke_payload, "requests no group (NONE); the key exchange in frame 1 uses "
                                "MODP_2048. The initiator should try again without a key "
                                "exchange.");
    refused_group(c, wanted);
    end_after(c, 5);
    /* the retry may come after the capture */
    T(severity_of(c, CHECK_invalid_ke_payload) == SEV_NOTE);
    refused_group(c, wanted);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    notify(c, N2_COOKIE);
    send(c, "cookie", 3);
    FIRES(c, cookie_challenge);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    notify(c, N2_REDIRECT);
    c->m.notifies[0].data = (struct span){ (const uint8_t *)"\003\016gw.example.net", 16 };
    send(c, "redirect", 4);
    SAYS(c, redirected, "to gw.example.net");

    reset(c);
    begin(c, 2, V2_IKE_SA_INIT, 0, true, false);
    propose(c, ml_kem, 5, PROTO_IKE, 0);
    send(c, "init?", 1);
    begin(c, 2, V2_IKE_SA_INIT, 0, false, true);
    propose(c, ml_kem, 5, PROTO_IKE, 0);
    send(c, "init!", 2);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    SAYS(c, post_quantum, "ML_KEM_768");
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    groups(&c);
    redirects(&c);
    cookies(&c);
    detours(&c);
    return conversation_done(&c);
}
