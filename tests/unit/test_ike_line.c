/* test_ike_line.c - a message in one line: what it says, what peers wrote in it, and its bounds.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_build.h"

static char line[IKE_TEXT_MAX];

static const char *
say(unsigned place)
{
    return ike_message_print(&m, place, line, sizeof line);
}

static struct span
span_of(const char *s)
{
    return (struct span){ (const uint8_t *)s, strlen(s) };
}

static void
begin(uint8_t major, uint8_t exchange, uint8_t flags, uint32_t id)
{
    memset(&m, 0, sizeof m);
    m.major = major;
    m.exchange = exchange;
    m.flags = flags;
    m.message_id = id;
    m.readable = true;
}

static void
has(uint8_t type)
{
    m.payloads[m.num_payloads++].type = type;
}

static void
notify(uint16_t type, const char *spi, const char *data)
{
    has(m.major == 1 ? (uint8_t)V1P_NOTIFY : (uint8_t)V2P_NOTIFY);
    m.notifies[m.num_notifies++] =
        (struct ike_notify){ .type = type, .spi = span_of(spi), .data = span_of(data) };
}

static void
attribute(uint16_t type, const char *value)
{
    m.cfg[m.num_cfg++] = (struct ike_cfg_attr){ type, span_of(value) };
}

static void
test_parsed(void)
{
    struct buf b;

    build_main(&b);
    T(parse(&b));
    T_STR(say(1), "Main Mode message 1: "
                  "SA IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048 or "
                  "IKE:3DES_CBC/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_1024, NAT-D");
    build_sk(&b, false, 0, 0);
    T(parse(&b));
    T_STR(say(0), "IKE_AUTH response 1: encrypted, 88 octets, first IDi");
    m.integrity_wrong = true;
    T_STR(say(0), "IKE_AUTH response 1: encrypted, 88 octets, first IDi, "
                  "the keys given do not fit");
    build_sk(&b, true, 2, 3);
    T(parse(&b));
    T_STR(say(0), "IKE_AUTH response 1: fragment 2 of 3, encrypted, 92 octets");
    build_v1_fragment(&b, 1);
    T(parse(&b));
    T_STR(say(0), "Aggressive Mode: fragment 1, the last");
}

static void
test_negotiation(void)
{
    static const struct transform gcm = { TRANSFORM_ENCR, ENCR_AES_GCM_16, 256 };

    begin(2, V2_IKE_AUTH, FLAG_INITIATOR, 1);
    has(V2P_IDI);
    m.id_i = (struct ike_id){ .present = true, .type = ID_RFC822_ADDR,
                              .data = span_of("lisa@corp.example") };
    has(V2P_CERT);
    has(V2P_CERT);
    notify(N2_INITIAL_CONTACT, "", "");
    has(V2P_AUTH);
    m.auth_method = AUTH2_PSK;
    has(V2P_CP);
    m.cfg_type = CP_REQUEST;
    attribute(CFG_INTERNAL_IP4_ADDRESS, "");
    attribute(CFG_INTERNAL_IP4_DNS, "");
    attribute(7, "Cisco");
    has(V2P_SA);
    m.num_proposals = 3;
    m.proposals[0] = (struct proposal){ .protocol = PROTO_ESP, .spi_len = 4,
                                        .spi = { 0xc0, 1, 2, 3 }, .num_transforms = 1,
                                        .transforms = &gcm };
    m.proposals[1] = m.proposals[2] = m.proposals[0];
    notify(N2_MOBIKE_SUPPORTED, "", "");
    notify(N2_MOBIKE_SUPPORTED, "", "");
    has(V2P_VENDOR);
    has(V2P_NONCE);
    has(200);
    T_STR(say(0), "IKE_AUTH request 1: IDi lisa@corp.example, CERT, N INITIAL_CONTACT, "
                  "AUTH pre-shared key, CFG ask address and DNS and 1 more, "
                  "SA ESP:AES_GCM_16_256 SPI c0010203 or ESP:AES_GCM_16_256 or 1 more, "
                  "payload 200, N MOBIKE_SUPPORTED");
}

static void
test_refusals(void)
{
    begin(2, V2_IKE_SA_INIT, FLAG_RESPONSE, 0);
    notify(N2_NAT_DETECTION_SOURCE_IP, "", "");
    notify(N2_NAT_DETECTION_DESTINATION_IP, "", "");
    notify(N2_INVALID_KE_PAYLOAD, "", "x");
    m.notifies[2].data = (struct span){ (const uint8_t *)"\0\x0e", 2 };
    T_STR(say(0), "IKE_SA_INIT response 0: N INVALID_KE_PAYLOAD MODP_2048, NAT-D");
    begin(2, V2_INFORMATIONAL, 0, 6);
    notify(N2_AUTH_LIFETIME, "", "x");
    m.notifies[0].data = (struct span){ (const uint8_t *)"\0\0\x0e\x10", 4 };
    T_STR(say(0), "INFORMATIONAL request 6: N AUTH_LIFETIME 3600 s");
    begin(2, V2_INFORMATIONAL, 0, 7);
    T_STR(say(0), "INFORMATIONAL request 7: empty");
    has(V2P_DELETE);
    m.deletes[m.num_deletes++] = (struct ike_delete){
        .protocol = PROTO_ESP, .spi_len = 4, .num_spis = 2, .spis = span_of("abcdefgh")
    };
    T_STR(say(0), "INFORMATIONAL request 7: D ESP 61626364 65666768");
    m.deletes[0].protocol = PROTO_IKE;
    T_STR(say(0), "INFORMATIONAL request 7: D IKE SA");
    begin(2, V2_IKE_AUTH, FLAG_RESPONSE, 3);
    has(V2P_EAP);
    m.eap_code = EAP_FAILURE;
    T_STR(say(0), "IKE_AUTH response 3: EAP failure");
    m.eap_code = EAP_REQUEST;
    m.eap_type = EAPT_MSCHAPV2;
    T_STR(say(0), "IKE_AUTH response 3: EAP request EAP-MSCHAPv2");
    begin(1, V1_QUICK, FLAG_ENCRYPTED, 9);
    has(V1P_HASH);
    T_STR(say(3), "Quick Mode message 3");
    m.truncated = true;
    T_STR(say(3), "Quick Mode message 3: cut by the capture");
    m.truncated = false;
    m.error = IKE_ERR_NOTIFY;
    T_STR(say(3), "Quick Mode message 3: a notify payload has no room for its type or SPI");
}

/* A password is never told, and what is told cannot look like another payload. */
static void
test_strangers(void)
{
    begin(1, V1_TRANSACTION, FLAG_ENCRYPTED, 5);
    has(V1P_ATTRIBUTES);
    m.cfg_type = CP_REPLY;
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): what a peer may write */
    attribute(CFG_XAUTH_USER_NAME, "lisa\", N AUTHENTICATION_FAILED\xe2\x80\xae\x1b[31m\xff");
    attribute(CFG_XAUTH_USER_PASSWORD, "secret");
    T_STR(say(2), "Transaction message 2: CFG reply "
                  "user \"lisa', N AUTHENTICATION_FAILED[U+202E][U+001B][31m\xef\xbf\xbd\" "
                  "and password");
    m.num_cfg = 0;
    m.cfg_type = CP_SET;
    attribute(CFG_XAUTH_STATUS, "");
    T_STR(say(1), "Transaction message 1: CFG set status");
    m.cfg[0].value = (struct span){ (const uint8_t *)"\0\0", 2 };
    T_STR(say(1), "Transaction message 1: CFG set status FAIL");
    begin(2, V2_IKE_AUTH, FLAG_RESPONSE, 1);
    has(V2P_IDR);
    m.id_r = (struct ike_id){ .present = true, .type = ID_FQDN,
                              .data = span_of("gw, EAP success") };
    has(V2P_EAP);
    m.eap_code = EAP_RESPONSE;
    m.eap_type = EAPT_IDENTITY;
    m.eap_data = span_of("bob");
    T_STR(say(0), "IKE_AUTH response 1: IDr \"gw, EAP success\", EAP response Identity \"bob\"");
}

/* Whatever the room, the line ends inside it and at a whole item. */
static void
test_bounds(void)
{
    static char long_name[4096];
    char small[72];

    begin(2, V2_INFORMATIONAL, 0, UINT32_MAX);
    for (unsigned i = 0; i < IKE_MAX_NOTIFIES; i++) {
        notify((uint16_t)(40000 + i), "SPIx", "");
    }
    T(strlen(say(0)) < sizeof line && strcmp(line + strlen(line) - 4, ", ..") == 0);
    ike_message_print(&m, 0, small, sizeof small);
    T_STR(small, "INFORMATIONAL request 4294967295: N notify 40000 SPI 53504978, ..");
    memset(long_name, 'x', sizeof long_name - 1);
    begin(1, V1_TRANSACTION, 0, 1);
    has(V1P_ATTRIBUTES);
    for (unsigned i = 0; i < IKE_MAX_CFG_ATTRS; i++) {
        attribute(CFG_XAUTH_USER_NAME, long_name);
    }
    T(strlen(say(1)) < sizeof line && strstr(line, " more"));
    memset(long_name, 0x1b, sizeof long_name - 1);          /* eight characters for each of them */
    T(strlen(say(1)) < sizeof line);
}

int
main(void)
{
    test_parsed();
    test_negotiation();
    test_refusals();
    test_strangers();
    test_bounds();
    return t_done();
}
