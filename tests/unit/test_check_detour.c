/* Answers that send the initiator round, in all their forms: another group, a cookie, another
 * gateway.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static const uint8_t ecp_256[] = { 0, 19 };
static const struct transform ecp[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                        { TRANSFORM_KE, KE_ECP_256, 0 } };
static const struct transform ml_kem[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 256 }, { TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 }, { TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
                                           { TRANSFORM_KE, KE_CURVE_25519, 0 }, { TRANSFORM_ADDKE1, KE_ML_KEM_768, 0 } };

static void
notify_with(uint16_t type, const void *data, size_t len)
{
    notify(type);
    m.notifies[m.num_notifies - 1].data = (struct span){ (const uint8_t *)data, len };
}

/* An IKE_SA_INIT request of the client; spi tells IKE SAs apart. */
static void
ask(uint8_t spi, const struct transform *t, uint16_t group, const char *octets)
{
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, spi, 8);
    propose(t, 4, PROTO_IKE, 0);
    m.has_ke = true;
    m.ke_group = group;
    send(octets, (uint16_t)(frame + 1));
}

static void
answer_ke(uint8_t spi, const void *group, size_t len)
{
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, spi, 8);
    memset(m.spi_r, 0, 8);
    notify_with(17, group, len);
    send("other group", (uint16_t)(frame + 1));
}

static void
agree(uint8_t spi, const struct transform *t)
{
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, spi, 8);
    propose(t, 4, PROTO_IKE, 0);
    send("agreed", (uint16_t)(frame + 1));
}

/* RFC 7296 section 1.3: INVALID_KE_PAYLOAD carries the group wanted, and the initiator tries again. */
static void
groups(void)
{
    reset();                                        /* the next try stands under an SPI of its own */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, ecp_256, 2);
    SAYS(invalid_ke_payload, "198.51.100.20 wants ECP_256; the key exchange of frame 1 is in MODP_2048.");
    ask(0x33, ecp, 19, "second");
    agree(0x33, ecp);
    end_after(20);
    T(severity_of(CHECK_invalid_ke_payload) == SEV_NOTE && count(CHECK_invalid_ke_payload) == 1);

    reset();                                        /* another client's try is none of this one's */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, ecp_256, 2);
    from_addr = &stranger;
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x33, 8);
    propose(ecp, 4, PROTO_IKE, 0);
    from_addr = &stranger;
    send("stranger", 9);
    end_after(20);                                  /* 20.5 s after the refusal */
    T(severity_of(CHECK_invalid_ke_payload) == SEV_WARN);
    SAYS(invalid_ke_payload, "No try with the wanted group follows in 20 captured seconds.");

    reset();                                        /* nor is a try with another gateway */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, ecp_256, 2);
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    memset(m.spi_i, 0x33, 8);
    propose(ecp, 4, PROTO_IKE, 0);
    to_addr = &stranger;
    send("elsewhere", 9);
    end_after(20);
    T(severity_of(CHECK_invalid_ke_payload) == SEV_WARN);

    reset();                                        /* the next try is lost */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, ecp_256, 2);
    ask(0x11, ecp, 19, "second");
    send("second", 77);
    end_after(20);
    T(severity_of(CHECK_invalid_ke_payload) == SEV_WARN);
    SAYS(invalid_ke_payload, "The next try (frame 3) has no answer.");

    reset();                                        /* two groups, then none: the last refusal counts */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, ecp_256, 2);
    ask(0x33, ecp, 19, "second");
    answer_ke(0x33, "\0\24", 2);
    ask(0x55, aes256, 14, "third");
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_i, 0x55, 8);
    notify(N2_NO_PROPOSAL_CHOSEN);
    send("no", 50);
    end_after(20);
    SAYS(invalid_ke_payload, "The next try (frame 5) is refused in frame 6.");

    reset();                                        /* the group is missing: RFC 7296 section 1.3 wants two octets */
    ask(0x11, aes256, 14, "first");
    answer_ke(0x11, "\0", 1);
    SAYS(invalid_ke_payload, "198.51.100.20 refuses the key exchange of frame 1 without naming a group.");

    tunnel();                                       /* in a rekey too, and the group was not said */
    begin(2, V2_CREATE_CHILD_SA, 2, true, false);
    propose(esp128, 3, PROTO_ESP, 0xa0000002);
    send("child?", 9);
    begin(2, V2_CREATE_CHILD_SA, 2, false, true);
    m.notifies[0].inner = true;
    notify_with(17, ecp_256, 2);
    send("child!", 10);
    SAYS(invalid_ke_payload, "wants ECP_256; the key exchange of frame 5 is in another group.");
    T(basis_of(CHECK_invalid_ke_payload) == BASIS_DECRYPTED);

    tunnel();
    SILENT(invalid_ke_payload);
}

/* RFC 5685 section 9.2: IPv4, IPv6 or a name; what cannot be read names nobody. */
static void
redirects(void)
{
    static const struct { const char *data; size_t len; const char *to; } table[] = {
        { "\1\4\300\0\2\11", 6, "redirects the client to 192.0.2.9." },
        { "\2\20\40\1\15\270\0\0\0\0\0\0\0\0\0\0\0\1", 18, "redirects the client to 2001:db8::1." },
        { "\3\12gw.example", 12, "redirects the client to gw.example." },
        { "\3\77gw.example", 12, "redirects the client to another gateway." },      /* longer than what there is */
        { "\1\4\300\0\2", 5, "redirects the client to another gateway." },
        { "\2\20\40\1", 4, "redirects the client to another gateway." },
        { "\7\1x", 3, "redirects the client to another gateway." },
        { "", 0, "redirects the client to another gateway." },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset();
        ask(0x11, aes256, 14, "first");
        SILENT(redirected);
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        notify_with(16407, table[i].data, table[i].len);
        send("away", 9);
        SAYS(redirected, table[i].to);
    }
}

/* RFC 7296 section 2.6: nothing is wrong, and IKEv1 has no such thing. */
static void
cookies(void)
{
    reset();
    ask(0x11, aes256, 14, "first");
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    memset(m.spi_r, 0, 8);
    notify_with(16390, "0123456789abcdef0123", 20);
    send("cookie", 9);
    SAYS(cookie_challenge, "198.51.100.20 asks for a cookie of 20 bytes before it answers IKE_SA_INIT of frame 1.");
    begin(2, V2_IKE_SA_INIT, 0, true, false);       /* the initiator returns it: no second challenge */
    propose(aes256, 4, PROTO_IKE, 0);
    notify_with(16390, "0123456789abcdef0123", 20);
    send("again", 10);
    agree(0x11, aes256);
    end_after(20);
    T(count(CHECK_cookie_challenge) == 1 && count(CHECK_request_unanswered) == 0 && count(CHECK_error_notify) == 0);

    reset();
    v1_phase1(aes256);
    begin(1, V1_INFORMATIONAL, 7, false, false);
    notify(N2_COOKIE);
    send("v1", 9);
    SILENT(cookie_challenge);
}

static void
detours(void)
{
    static const uint8_t wanted[] = { 0, 19 };

    tunnel();
    SILENT(cookie_challenge);
    SILENT(invalid_ke_payload);
    SILENT(redirected);
    SILENT(post_quantum);
    refused_group(wanted);
    SAYS(invalid_ke_payload, "wants ECP_256; the key exchange of frame 1 is in MODP_2048");
    T(severity_of(CHECK_invalid_ke_payload) == SEV_NOTE);
    end_after(20);
    SAYS(invalid_ke_payload, "No try with the wanted group follows");
    T(severity_of(CHECK_invalid_ke_payload) == SEV_WARN);
    for (unsigned good = 0; good < 2; good++) {
        refused_group(wanted);
        begin(2, V2_IKE_SA_INIT, 0, true, false);
        propose(aes256, 4, PROTO_IKE, 0);
        send("again?", 3);
        begin(2, V2_IKE_SA_INIT, 0, false, true);
        if (good) {
            propose(aes256, 4, PROTO_IKE, 0);
        } else {
            notify(N2_NO_PROPOSAL_CHOSEN);
        }
        send("again!", 4);
        end_after(20);
        T(severity_of(CHECK_invalid_ke_payload) == (good ? SEV_NOTE : SEV_WARN));
        T((strstr(detail(CHECK_invalid_ke_payload), "in MODP_2048. The next try (frame 3) is accepted in frame 4.") != NULL) == (good == 1));
    }
    SAYS(invalid_ke_payload, "is accepted in frame 4.");
    refused_group((const uint8_t[]){ 0, 0 });
    SAYS(invalid_ke_payload, "wants no group (NONE); the key exchange of frame 1 is in MODP_2048. The initiator is to try again without a key exchange.");
    refused_group(wanted);
    end_after(5);
    T(severity_of(CHECK_invalid_ke_payload) == SEV_NOTE);       /* the retry may come after the capture */
    refused_group(wanted);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_COOKIE);
    send("cookie", 3);
    FIRES(cookie_challenge);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    notify(N2_REDIRECT);
    m.notifies[0].data = (struct span){ (const uint8_t *)"\003\016gw.example.net", 16 };
    send("redirect", 4);
    SAYS(redirected, "to gw.example.net");

    reset();
    begin(2, V2_IKE_SA_INIT, 0, true, false);
    propose(ml_kem, 5, PROTO_IKE, 0);
    send("init?", 1);
    begin(2, V2_IKE_SA_INIT, 0, false, true);
    propose(ml_kem, 5, PROTO_IKE, 0);
    send("init!", 2);
    auth_request("10.1.0.0/24", "10.2.0.0/24");
    auth_response("10.1.0.0/24", "10.2.0.0/24");
    SAYS(post_quantum, "ML_KEM_768");
}

int
main(void)
{
    conversation_begin();
    groups();
    redirects();
    cookies();
    detours();
    return conversation_done();
}
