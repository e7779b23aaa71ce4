/* Whose turn it is: negotiations that one side leaves without a word, and those that go on slowly,
 * somewhere else or outside the capture.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "conversation.h"

static char octets[32];

/* IKE_SA_INIT of a try of its own, asked repeats times more after the answer. */
static void
try_init(struct conversation *c, uint8_t spi, unsigned repeats)
{
    for (unsigned n = 0; n < 2 + repeats; n++) {
        bool answer = n == 1;
        begin(c, 2, V2_IKE_SA_INIT, 0, !answer, answer);
        as(c, spi);
        propose(c, aes256, 4, PROTO_IKE, 0);
        g_snprintf(octets, sizeof octets, "init %u %d", spi, answer);
        send(c, octets, (uint16_t)(100 * spi + n));
    }
}

/* The IKE_AUTH request of a client that leaves the proof to EAP, and its answer. */
struct round {
    uint32_t id;
    bool request, readable, certificate;
    uint8_t eap_code, eap_type;
    uint32_t length;
};

static void
eap(struct conversation *c, uint8_t spi, struct round r)
{
    begin(c, 2, V2_IKE_AUTH, r.id, r.request, !r.request);
    as(c, spi);
    c->m.readable = r.readable;
    c->m.length = r.length ? r.length : 300;
    if (r.readable) {
        c->m.seen = r.certificate ? UINT64_C(1) << V2P_CERT : 0;
        c->m.eap_code = r.eap_code;
        c->m.eap_type = r.eap_type;
        c->m.has_auth = !r.request && r.id == 1;
        c->m.auth_method = c->m.has_auth ? AUTH2_RSA_SIGNATURE : 0;
    }
    g_snprintf(octets, sizeof octets, "eap %u %u %d", spi, r.id, r.request);
    send(c, octets, (uint16_t)(100 * spi + 20 + 2 * r.id + !r.request));
}

/* A try up to the answer that asks for the user. */
static void
try_eap(struct conversation *c, uint8_t spi, bool certificate, bool readable)
{
    struct round answer = { .id = 1, .readable = readable, .certificate = certificate };

    try_init(c, spi, 0);
    eap(c, spi, (struct round){ .id = 1, .request = true, .readable = readable });
    answer.eap_code = EAP_REQUEST;
    answer.eap_type = EAPT_IDENTITY;
    answer.length = certificate ? 1500 : 400;
    eap(c, spi, answer);
}

static void
certificate_not_accepted(struct conversation *c)
{
    reset(c);
    try_eap(c, 0x31, true, true);
    end_after(c, 40);
    SAYS(c, negotiation_abandoned, "has sent its certificate and requests the user by EAP (frame");
    T(basis_of(c, CHECK_negotiation_abandoned) == BASIS_DECRYPTED);
    T(strstr(detail(c, CHECK_negotiation_abandoned), "in the 40 s captured after it"));
    /* it was asked for nothing more, and the certificate was not sent */
    reset(c);
    try_eap(c, 0x31, false, true);
    end_after(c, 40);
    SAYS(c, negotiation_abandoned, "sends no certificate");
    /* tries that end alike are one finding, on all their answers */
    reset(c);
    try_eap(c, 0x31, true, true);
    c->now += 8;
    try_eap(c, 0x32, true, true);
    end_after(c, 15);
    SAYS(c, negotiation_abandoned, "starts again after 8 s (frame 5)");
    T(count(c, CHECK_negotiation_abandoned) == 1);
    T(the_finding(c, CHECK_negotiation_abandoned)->count == 2);
}

static void
certificate_by_shape(struct conversation *c)
{
    reset(c);
    try_eap(c, 0x31, true, false);
    end_after(c, 40);
    SAYS(c, negotiation_abandoned, "(300 bytes) with 1500 bytes");
    T(basis_of(c, CHECK_negotiation_abandoned) == BASIS_INFERRED);
    /* an answer of a size that a success has */
    reset(c);
    try_eap(c, 0x31, false, false);
    end_after(c, 40);
    SILENT(c, negotiation_abandoned);
    /* its tunnel works */
    reset(c);
    try_eap(c, 0x31, true, false);
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    end_after(c, 40);
    SILENT(c, negotiation_abandoned);
    /* the client shows one, too: the rest of its request may be lost to the capture */
    reset(c);
    try_init(c, 0x31, 0);
    begin(c, 2, V2_IKE_AUTH, 1, true, false);
    as(c, 0x31);
    c->m.readable = false;
    c->m.fragment = c->m.fragments = 2;
    send(c, "fragment", 9);
    eap(c, 0x31, (struct round){ .id = 1, .length = 1500 });
    end_after(c, 40);
    SILENT(c, negotiation_abandoned);
    /* a later round, which begins with EAP */
    reset(c);
    try_eap(c, 0x31, true, false);
    eap(c, 0x31, (struct round){ .id = 2, .request = true });
    begin(c, 2, V2_IKE_AUTH, 2, false, true);
    as(c, 0x31);
    c->m.readable = false;
    c->m.inner_first = V2P_EAP;
    send(c, "challenge", 50);
    end_after(c, 90);
    SAYS(c, negotiation_abandoned, "as the first payload shows");
}

static void
eap_round(struct conversation *c, uint32_t id, bool request, uint8_t code, uint8_t type)
{
    struct round r = { .id = id, .request = request, .readable = true };

    r.eap_code = code;
    r.eap_type = type;
    eap(c, 0x31, r);
}

/* Until somebody has typed, until the capture ends, or until another try. */
static void
eap_goes_on(struct conversation *c)
{
    static const struct {
        double typing, after;
        bool answers, fires;
    } table[] = {
        { 45, 20, true, false },
        { 45, 0, false, false },
        { 0, 20, false, false },
        { 70, 0, false, true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        reset(c);
        try_eap(c, 0x31, true, true);
        eap_round(c, 2, true, EAP_RESPONSE, EAPT_IDENTITY);
        eap_round(c, 2, false, EAP_REQUEST, EAPT_GTC);
        c->now += table[i].typing;
        if (table[i].answers) {
            eap_round(c, 3, true, EAP_RESPONSE, EAPT_GTC);
            eap_round(c, 3, false, EAP_SUCCESS, 0);
            auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
        }
        end_after(c, table[i].after);
        TOLD(c, negotiation_abandoned, table[i].fires);
    }
    T(strstr(detail(c, CHECK_negotiation_abandoned), "EAP-GTC"));
    /* the client gives up, and comes again with success */
    reset(c);
    try_eap(c, 0x31, true, true);
    c->now += 8;
    sa_init(c, aes256, aes256);
    auth_request(c, "10.1.0.0/24", "10.2.0.0/24");
    auth_response(c, "10.1.0.0/24", "10.2.0.0/24");
    end_after(c, 60);
    SILENT(c, negotiation_abandoned);
    /* what nobody could read, and anybody can make up, hides nothing */
    reset(c);
    try_eap(c, 0x31, true, true);
    c->now += 8;
    sa_init(c, aes256, aes256);
    for (unsigned r = 0; r < 2; r++) {
        begin(c, 2, V2_IKE_AUTH, 1, r == 0, r == 1);
        c->m.readable = false;
        send(c, r ? "made up!" : "made up?", (uint16_t)(90 + r));
    }
    end_after(c, 60);
    FIRES(c, negotiation_abandoned);
    /* or is about to, when the capture ends */
    reset(c);
    try_eap(c, 0x31, true, true);
    c->now += 8;
    sa_init(c, aes256, aes256);
    end_after(c, 1);
    SILENT(c, negotiation_abandoned);
}

/* The answer to IKE_SA_INIT leads to nothing. */
static void
no_ike_auth(struct conversation *c)
{
    /* the initiator asks on */
    reset(c);
    try_init(c, 0x31, 3);
    end_after(c, 20);
    SAYS(c, negotiation_abandoned, "sends the same request 3 more times and no IKE_AUTH");
    T(basis_of(c, CHECK_negotiation_abandoned) == BASIS_OBSERVED);
    /* IKE_AUTH goes to UDP 4500, which may not have been captured */
    reset(c);
    try_init(c, 0x31, 0);
    end_after(c, 60);
    SILENT(c, negotiation_abandoned);
    /* again and again */
    for (unsigned slow = 0; slow < 2; slow++) {
        reset(c);
        for (uint8_t spi = 0x31; spi < 0x36; spi++) {
            try_init(c, spi, 0);
            c->now += slow ? 10 : 0;
        }
        end_after(c, 20);
        TOLD(c, negotiation_abandoned, slow); /* at once: so many tunnels of the same two */
    }
    SAYS(c, negotiation_abandoned, "starts again 4 times");
    T(count(c, CHECK_negotiation_abandoned) == 1);
    /* the other end was faster */
    reset(c);
    try_init(c, 0x31, 3);
    tunnel(c);
    end_after(c, 20);
    SILENT(c, negotiation_abandoned);
}

static void
v1_message(struct conversation *c, uint8_t exchange, unsigned n, uint16_t ip_id)
{
    begin(c, 1, exchange, 0, n % 2, false);
    memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
    if (n <= 2) {
        propose(c, aes256, 4, PROTO_IKE, 0);
    }
    c->m.has_ke = n == 3 || n == 4;
    g_snprintf(octets, sizeof octets, "v1 %u %u", exchange, n);
    send(c, octets, ip_id);
}

static void
phase1_broken_off(struct conversation *c)
{
    for (unsigned last = 1; last <= 4; last++) {
        reset(c);
        for (unsigned n = 1; n <= last; n++) {
            v1_message(c, V1_MAIN, n, (uint16_t)n);
        }
        end_after(c, 20);
        TOLD(c, negotiation_abandoned, last % 2 == 0);
        TOLD(c, request_unanswered, last % 2 == 1);
    }
    T(strstr(detail(c, CHECK_negotiation_abandoned), "not send message 5"));
    SAYS(c, negotiation_abandoned, "message 4 of main mode");
    SILENT(c, request_unanswered);
    reset(c);
    v1_message(c, V1_AGGRESSIVE, 1, 1);
    v1_message(c, V1_AGGRESSIVE, 2, 2);
    v1_message(c, V1_AGGRESSIVE, 2, 3);
    end_after(c, 5);
    SAYS(c, negotiation_abandoned, "not send message 3");
    T(strstr(detail(c, CHECK_negotiation_abandoned), "2 times"));
    /* the capture ends */
    reset(c);
    v1_message(c, V1_AGGRESSIVE, 1, 1);
    v1_message(c, V1_AGGRESSIVE, 2, 2);
    end_after(c, 5);
    SILENT(c, negotiation_abandoned);
}

static void
phase1(struct conversation *c, bool readable)
{
    reset(c);
    for (unsigned n = 1; n <= 6; n++) {
        begin(c, 1, V1_MAIN, 0, n % 2, false);
        memset(c->m.spi_r, n == 1 ? 0 : 0x22, 8);
        if (n <= 2) {
            propose(c, aes256, 4, PROTO_IKE, 0);
            c->m.proposals[0].attr.auth_method = AUTH1_XAUTH_PSK_I;
        }
        c->m.encrypted = n > 4;
        c->m.readable = n <= 4 || readable;
        g_snprintf(octets, sizeof octets, "mm%u", n);
        send(c, octets, (uint16_t)n);
    }
}

/* One message of Mode Config; no attribute where type is 0. */
static void
transaction(struct conversation *c, uint32_t id, bool from_client, uint8_t kind, uint16_t type,
            const char *value)
{
    begin(c, 1, V1_TRANSACTION, id, from_client, false);
    memset(c->m.spi_r, 0x22, 8);
    c->m.cfg_type = kind;
    c->m.num_cfg = type != 0;
    c->m.cfg[0] = (struct ike_cfg_attr){ .type = type,
                                         .value = { (const uint8_t *)value, strlen(value) } };
    c->m.encrypted = true;
    g_snprintf(octets, sizeof octets, "cfg %u %d", id, from_client);
    send(c, octets, (uint16_t)(10 * id + from_client));
}

static void
xauth(struct conversation *c)
{
    phase1(c, true);
    transaction(c, 21, false, CP_REQUEST, CFG_XAUTH_USER_NAME, "");
    transaction(c, 21, true, CP_REPLY, CFG_XAUTH_USER_NAME, "lisa");
    transaction(c, 22, false, CP_SET, CFG_XAUTH_STATUS, "\x01\x01");
}

static void
push_against_pull(struct conversation *c)
{
    xauth(c);
    transaction(c, 22, true, CP_ACK, CFG_XAUTH_STATUS, "");
    end_after(c, 25);
    SAYS(c, negotiation_abandoned, "waits for the gateway to push the address, and the gateway for "
                                   "the client");
    T(strstr(detail(c, CHECK_negotiation_abandoned), "the user lisa"));
    /* the address is asked for */
    xauth(c);
    transaction(c, 22, true, CP_ACK, CFG_XAUTH_STATUS, "");
    transaction(c, 23, true, CP_REQUEST, CFG_INTERNAL_IP4_ADDRESS, "");
    end_after(c, 25);
    SILENT(c, negotiation_abandoned);
    FIRES(c, request_unanswered);
    /* and given, and quick mode waits for traffic */
    xauth(c);
    transaction(c, 22, true, CP_ACK, CFG_XAUTH_STATUS, "");
    transaction(c, 23, true, CP_REQUEST, CFG_INTERNAL_IP4_ADDRESS, "");
    transaction(c, 23, false, CP_REPLY, CFG_INTERNAL_IP4_ADDRESS, "\x0a\x01\x01\x01");
    end_after(c, 60);
    SILENT(c, negotiation_abandoned);
    /* the capture ends */
    xauth(c);
    transaction(c, 22, true, CP_ACK, CFG_XAUTH_STATUS, "");
    end_after(c, 5);
    SILENT(c, negotiation_abandoned);
    /* nobody could read it */
    for (unsigned seconds = 15; seconds < 30; seconds += 10) {
        phase1(c, false);
        for (unsigned n = 0; n < 4; n++) {
            begin(c, 1, V1_TRANSACTION, 21 + n / 2, n % 2, false);
            memset(c->m.spi_r, 0x22, 8);
            c->m.readable = false;
            g_snprintf(octets, sizeof octets, "cfg %u", n);
            send(c, octets, (uint16_t)(20 + n));
        }
        end_after(c, seconds);
        TOLD(c, negotiation_abandoned, seconds > 20);
    }
    T(basis_of(c, CHECK_negotiation_abandoned) == BASIS_INFERRED);
}

/* Phase 1 is up and nothing follows. */
static void
phase1_alone(struct conversation *c)
{
    for (unsigned readable = 0; readable < 2; readable++) {
        phase1(c, readable);
        end_after(c, 40);
        SAYS(c, never_used, "no quick mode follows in the 40 s captured after it");
        T(basis_of(c, CHECK_never_used) == (readable ? BASIS_DECRYPTED : BASIS_INFERRED));
        SILENT(c, negotiation_abandoned);
    }
    /* the capture ends */
    phase1(c, true);
    end_after(c, 5);
    SILENT(c, never_used);
    /* XAUTH goes on: a person may be typing, or a request waits */
    phase1(c, true);
    transaction(c, 21, false, CP_REQUEST, CFG_XAUTH_USER_NAME, "");
    end_after(c, 90);
    SILENT(c, never_used);
    xauth(c);
    transaction(c, 22, true, CP_ACK, CFG_XAUTH_STATUS, "");
    transaction(c, 23, true, CP_REQUEST, CFG_INTERNAL_IP4_ADDRESS, "");
    transaction(c, 23, false, CP_REPLY, CFG_INTERNAL_IP4_ADDRESS, "\x0a\x01\x01\x01");
    end_after(c, 45);
    SILENT(c, never_used);
    /* deleted */
    phase1(c, true);
    c->now += 10;
    begin(c, 1, V1_INFORMATIONAL, 31, true, false);
    c->m.num_deletes = 1;
    c->m.deletes[0] = (struct ike_delete){ .protocol = PROTO_IKE, .inner = true };
    send(c, "delete", 31);
    end_after(c, 5);
    SAYS(c, never_used, "until it is deleted (frame 7)");
    /* it renews one from before the capture, which is used or heard of */
    phase1(c, false);
    packet(c, 0xc0000001, &c->client, &c->gateway, NULL, NULL, 0);
    end_after(c, 60);
    SILENT(c, never_used);
    phase1(c, false);
    begin(c, 1, V1_INFORMATIONAL, 31, true, false);
    as(c, 0x44);
    c->m.readable = false;
    send(c, "old", 31);
    end_after(c, 60);
    SILENT(c, never_used);
    /* quick mode, though it fails */
    phase1(c, false);
    begin(c, 1, V1_QUICK, 32, true, false);
    c->m.readable = false;
    send(c, "quick", 32);
    end_after(c, 60);
    SILENT(c, never_used);
}

int
main(void)
{
    static struct conversation c;

    conversation_begin(&c);
    certificate_not_accepted(&c);
    certificate_by_shape(&c);
    eap_goes_on(&c);
    no_ike_auth(&c);
    phase1_broken_off(&c);
    push_against_pull(&c);
    phase1_alone(&c);
    return conversation_done(&c);
}
