/* test_ike.c - what is read of whole and of broken messages.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ike_build.h"

/* --- whole messages ------------------------------------------------------- */

static void
test_main(void)
{
    struct buf b;
    const struct proposal *p = m.proposals;

    build_main(&b);
    T(parse(&b) && m.error == IKE_OK && !m.truncated && !m.capped && m.readable && !m.encrypted);
    T(m.major == 1 && m.minor == 0 && m.exchange == V1_MAIN && m.length == b.n && m.trailing == 0);
    T(m.spi_i[0] == 0x11 && m.spi_r[7] == 0x22 && m.next_payload == V1P_SA);
    T(m.num_payloads == 4 && m.payloads[0].type == V1P_SA && m.payloads[3].type == V1P_NAT_D_DRAFT);
    T(m.seen == (1u << V1P_SA | 1u << V1P_VENDOR | 1u << V1P_NAT_D));
    T(m.sa_count == 1 && m.num_proposals == 2 && m.num_transforms == 8);
    T(p[0].v1 && p[0].number == 1 && p[0].v1_transform == 1 && p[0].protocol == PROTO_IKE &&
      p[0].num_transforms == 4);
    T(transform_is(&p[0], 0, TRANSFORM_ENCR, ENCR_AES_CBC, 256) &&
      transform_is(&p[0], 1, TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0));
    T(transform_is(&p[0], 2, TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0) &&
      transform_is(&p[0], 3, TRANSFORM_KE, KE_MODP_2048, 0));
    T(p[0].attr.auth_method == 1 && p[0].attr.life_s == 28800 && p[0].attr.life_kb == 0 &&
      p[0].attr.others == 0);
    T(p[1].v1_transform == 2 && transform_is(&p[1], 0, TRANSFORM_ENCR, ENCR_3DES_CBC, 0));
    T(p[1].attr.auth_method == 65001 && p[1].attr.life_s == UINT32_MAX && p[1].attr.others == 2);
    T(m.num_vendors == 1 && span_is(&m.vendors[0], "vendor") && m.num_nat_d == 2 &&
      m.nat_d[1].len == 20);
    T(!ike_is_response(&m) && ike_plausible(b.b, b.n));
}

/* Octets on any port are IKE's only by all of their form. */
static void
test_form(void)
{
    struct buf b, other;

    build_init(&b);
    T(parse(&b) && ike_has_form(b.b, b.n));
    T(!ike_has_form(b.b, b.n - 1) && !ike_has_form(b.b, 28));
    for (size_t i = 16; i < 32; i++) {              /* next payload to the first one's length */
        other = b;
        other.b[i] ^= 0x40;
        /* The message ID, and what is reserved in the first payload, may be anything. */
        T(ike_has_form(other.b, other.n) == ((i >= 20 && i < 24) || i == 29));
    }
    other = b;
    other.b[18] = V2_IKE_AUTH;                      /* must be encrypted */
    T(!ike_has_form(other.b, other.n));
    memset(other.b, 0, sizeof other.b);
    T(!ike_has_form(other.b, other.n));
    build_main(&b);                                 /* a responder's cookie, but what begins */
    T(ike_has_form(b.b, b.n));
    b.b[19] = FLAG_ENCRYPTED;
    T(!ike_has_form(b.b, b.n));
}

static void
test_quick(void)
{
    struct buf outer, b;
    const struct proposal *p = m.proposals;
    struct selector s;
    size_t chain;
    char out[ID_TEXT_MAX];

    build_quick_outer(&outer);
    build_quick(&b);
    chain = b.n;
    fill(&b, 0, 12);                    /* padding behind the chain is nobody's payload */
    T(parse(&outer) && m.encrypted && !m.readable && m.inner_first == V1P_HASH &&
      m.num_payloads == 0);
    T(m.encrypted_body.at == outer.b + 28 && m.encrypted_body.len == 64);
    T(ike_parse_inner(&m, m.inner_first, b.b, b.n) && m.readable && m.error == IKE_OK &&
      chain < b.n);
    T(m.num_payloads == 6 && m.payloads[0].inner && m.has_auth && span_is(&m.nonce, "nonce"));
    T(m.num_proposals == 3 && m.sa_count == 1 && p[0].attr.mode == 1 && p[0].attr.auth_alg == 2);
    T(p[0].protocol == PROTO_ESP && p[0].spi_len == 4 && p[0].spi[3] == 0xab &&
      p[0].num_transforms == 4);
    T(transform_is(&p[0], 0, TRANSFORM_ENCR, ENCR_AES_CBC, 128) &&
      transform_is(&p[0], 1, TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0));
    T(transform_is(&p[0], 2, TRANSFORM_KE, KE_MODP_2048, 0) &&
      transform_is(&p[0], 3, TRANSFORM_ESN, ESN_EXT_SEQ, 0));
    T(p[0].attr.life_s == 3600 && p[0].attr.life_kb == 4608000 && p[0].attr.others == 0);
    T(p[1].protocol == PROTO_IPCOMP && p[1].spi_len == 2 && p[1].num_transforms == 0 &&
      p[1].number == 1);
    T(p[2].protocol == PROTO_AH && transform_is(&p[2], 0, TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0) &&
      transform_is(&p[2], 1, TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0));
    T(m.id_i.present && m.id_i.inner && m.id_i.type == 4 && m.id_i.protocol == 6 &&
      m.id_i.port == 443);
    T(ike_id_selector(&m.id_i, &s) && s.port_lo == 443 && s.port_hi == 443 && s.protocol == 6 &&
      s.hi.bytes[3] == 255);
    T(strstr(ike_id_print(&m.id_i, out, sizeof out), "10.1.0.0/16") != NULL);
    T(m.id_r.present && m.id_r.type == 1);
}

static void
test_transaction(void)
{
    struct buf outer, b;

    header(&outer, V1P_HASH, 0x10, V1_TRANSACTION, FLAG_ENCRYPTED, 8);
    set_length(&outer, outer.n);
    build_transaction(&b);
    T(parse(&outer) && ike_parse_inner(&m, V1P_ATTRIBUTES, b.b, b.n) && m.error == IKE_OK);
    T(m.cfg_type == CP_SET && m.num_cfg == 2 && m.cfg[0].type == CFG_XAUTH_STATUS);
    T(m.cfg[0].value.len == 2 && m.cfg[0].value.at[1] == 1);
    T(m.cfg[1].type == CFG_XAUTH_USER_NAME && span_is(&m.cfg[1].value, "lisa"));
    T(m.num_notifies == 1 && m.notifies[0].inner && m.notifies[0].spi.len == 16 &&
      span_is(&m.notifies[0].data, "data"));
    T(ike_find_notify(&m, N1_INITIAL_CONTACT) == &m.notifies[0] &&
      ike_find_notify(&m, N2_UNSUPPORTED_CRITICAL_PAYLOAD) == NULL);
    T(m.num_deletes == 1 && m.deletes[0].protocol == PROTO_ESP && m.deletes[0].num_spis == 2 &&
      m.deletes[0].spis.len == 8);
}

static void
test_init(void)
{
    struct buf b;
    const struct proposal *p = m.proposals;

    build_init(&b);
    fill(&b, 0, 5);
    T(parse(&b) && m.error == IKE_OK && m.trailing == 5 && !m.truncated && m.readable);
    T(m.num_payloads == 5 && m.sa_count == 1 && m.num_proposals == 2 && m.num_transforms == 7);
    T(!p[0].v1 && p[0].number == 1 && p[0].num_transforms == 4 && p[0].spi_len == 0);
    T(transform_is(&p[0], 0, TRANSFORM_ENCR, ENCR_AES_CBC, 256) &&
      transform_is(&p[0], 3, TRANSFORM_KE, KE_MODP_2048, 0));
    T(p[1].number == 2 && p[1].spi_len == 8 && p[1].spi[7] == 0xab &&
      transform_is(&p[1], 0, TRANSFORM_ENCR, ENCR_AES_GCM_16, 128));
    T(m.has_ke && m.ke_group == 14 && m.ke.len == 32 && m.nonce.len == 16 && m.num_vendors == 1);
    T(m.num_notifies == 1 && m.notifies[0].type == 16388 && m.notifies[0].data.len == 20 &&
      !m.notifies[0].inner);
    T(m.seen >> V2P_NONCE & 1);
}

static void
test_auth(void)
{
    struct buf outer, b;
    char out[ID_TEXT_MAX];

    build_sk(&outer, false, 0, 0);
    build_auth(&b);
    T(parse(&outer) && m.encrypted && !m.readable && m.inner_first == V2P_IDI &&
      m.encrypted_body.len == 48);
    T(ike_is_response(&m) && m.num_payloads == 2 &&
      !ike_find_notify(&m, N2_MULTIPLE_AUTH_SUPPORTED) &&
      m.error == IKE_OK);
    T(ike_parse_inner(&m, V2P_IDI, b.b, b.n) && m.readable && m.encrypted && m.error == IKE_OK);
    T(m.num_payloads == 2 + 9 && !m.payloads[1].inner && m.payloads[2].inner);
    T(m.id_i.type == 2 && span_is(&m.id_i.data, "gw.example") && m.id_r.type == 1 &&
      m.id_r.data.len == 4);
    T(strcmp(ike_id_print(&m.id_i, out, sizeof out), "gw.example") == 0);
    T(strcmp(ike_id_print(&m.id_r, out, sizeof out), "192.0.2.1") == 0);
    T(m.has_auth && m.auth_method == 14 && m.num_proposals == 1 && m.proposals[0].spi_len == 4);
    T(m.has_ts && m.num_ts_i == 2 && m.num_ts_r == 1 && m.ts_i[1].protocol == 6 &&
      m.ts_i[1].port_lo == 443);
    T(m.ts_i[0].lo.family == 4 && m.ts_i[0].hi.bytes[3] == 255 && m.ts_r[0].hi.family == 6);
    T(m.cfg_type == CP_REPLY && m.num_cfg == 2 && m.cfg[0].value.len == 4 &&
      m.cfg[1].type == CFG_INTERNAL_IP6_ADDRESS);
    T(m.eap_code == 1 && m.eap_type == 26 && m.num_deletes == 1 && m.deletes[0].inner);
}

static void
test_fragments(void)
{
    struct buf b;

    build_sk(&b, true, 1, 2);
    T(parse(&b) && m.encrypted && m.fragment == 1 && m.fragments == 2 && m.inner_first == V2P_IDI);
    T(m.encrypted_body.len == 48 && m.error == IKE_OK);
    build_sk(&b, true, 2, 2);
    T(parse(&b) && m.fragment == 2 && m.inner_first == 0 && m.error == IKE_OK);
    build_sk(&b, true, 0, 2);
    T(parse(&b) && m.error == IKE_ERR_FRAGMENT && m.encrypted && !m.readable && m.fragment == 0);
    build_sk(&b, true, 3, 2);
    T(parse(&b) && m.error == IKE_ERR_FRAGMENT && m.num_payloads == 2);
    build_v1_fragment(&b, 2);
    T(parse(&b) && m.fragment == 2 && m.fragments == 0 && m.fragment_last &&
      span_is(&m.encrypted_body, "part"));
    T(m.error == IKE_OK && m.num_payloads == 1);
    build_v1_fragment(&b, 0);
    T(parse(&b) && m.error == IKE_ERR_FRAGMENT);
}

/* --- what is wrong -------------------------------------------------------- */

static void
test_header(void)
{
    struct buf b;
    uint8_t nothing[1] = { 0 };

    T(!ike_parse(&m, nothing, 0, 0) && m.error == IKE_ERR_HEADER && !m.truncated);
    T(!ike_parse(&m, NULL, 0, 40) && m.error == IKE_OK && m.truncated);
    build_init(&b);
    T(!ike_parse(&m, b.b, 20, 27) && m.error == IKE_ERR_HEADER && !m.truncated);
    set_length(&b, b.n + 1);
    T(parse(&b) && m.error == IKE_ERR_LENGTH && m.error_offset == 24 && m.num_payloads == 5);
    set_length(&b, 27);
    T(parse(&b) && m.error == IKE_ERR_LENGTH && !ike_plausible(b.b, b.n));
    build_init(&b);
    b.b[17] = 0x30;
    T(parse(&b) && m.major == 3 && m.num_payloads == 0 && !ike_plausible(b.b, b.n));
    build_init(&b);
    b.b[18] = 45;
    T(!ike_plausible(b.b, b.n) && !ike_plausible(b.b, 27));
    memset(b.b, 0, 8);
    b.b[18] = V2_IKE_AUTH;
    T(!ike_plausible(b.b, b.n));
    T(strlen(ike_error_text(IKE_ERR_FRAGMENT)) &&
      strcmp(ike_error_reference(IKE_ERR_KE), "RFC 7296 section 3.4") == 0);
}

/* One payload of this type and body after the header. */
static enum ike_error
error_of(unsigned version, unsigned type, const char *body, size_t len)
{
    struct buf b;
    size_t p;

    header(&b, type, version, version == 0x10 ? V1_MAIN : V2_IKE_AUTH, 0, 0);
    p = open_part(&b, 0);
    for (size_t i = 0; i < len; i++) {
        u8(&b, (uint8_t)body[i]);
    }
    close_part(&b, p);
    set_length(&b, b.n);
    T(parse(&b));
    T(m.error == IKE_OK || (m.error_offset >= 28 && m.error_offset <= b.n && !m.error_inner));
    return m.error;
}

#define ERROR_OF(version, type, body) error_of(version, type, body, sizeof(body) - 1)

static void
test_errors(void)
{
    struct buf b;

    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0") == IKE_ERR_SA && m.sa_count == 0);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x07\1\1\0\1") == IKE_ERR_PROPOSAL_LENGTH);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x09\1\1\0\1") == IKE_ERR_PROPOSAL_OVERRUN);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x08\1\1\0\1") == IKE_ERR_TRANSFORM_COUNT);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x10\1\1\0\1\0\0\0\x09\1\1\0\0") ==
      IKE_ERR_TRANSFORM_OVERRUN);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x12\1\1\0\1\0\0\0\x0a\1\1\0\0\x80\1") ==
      IKE_ERR_ATTRIBUTE_OVERRUN);
    T(m.num_proposals == 0 && m.num_transforms == 0 && m.error_offset == 56);
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\2rest of GDOI") == IKE_OK && m.num_proposals == 0);
    /* A 16-octet SPI is the cookie pair: passed by. */
    T(ERROR_OF(0x10, V1P_SA, "\0\0\0\1\0\0\0\1\0\0\0\x18\1\1\x10\0" "0123456789abcdef") == IKE_OK);
    T(ERROR_OF(0x10, V1P_ID, "\1\0\0") == IKE_ERR_ID && !m.id_i.present);
    T(ERROR_OF(0x10, V1P_NOTIFY, "\0\0\0\1\1\1\0\1") == IKE_ERR_NOTIFY && m.num_notifies == 0);
    T(ERROR_OF(0x10, V1P_DELETE, "\0\0\0\1\3\4\0\2abcd") == IKE_ERR_DELETE && m.num_deletes == 0);
    T(ERROR_OF(0x10, V1P_ATTRIBUTES, "\1\0\0") == IKE_ERR_CONFIGURATION && m.cfg_type == 0);
    T(ERROR_OF(0x10, V1P_ATTRIBUTES, "\1\0\0\1\0\1\0\4abc") == IKE_ERR_CONFIGURATION &&
      m.num_cfg == 0);
    T(ERROR_OF(0x20, V2P_SA, "\0\0\0\x08\1\3\4\0") == IKE_ERR_PROPOSAL_LENGTH &&
      m.num_proposals == 0);
    T(ERROR_OF(0x20, V2P_SA, "\0\0\0\x10\1\1\0\2\0\0\0\x08\1\0\0\x0c") == IKE_ERR_TRANSFORM_COUNT);
    T(m.num_proposals == 1 && m.num_transforms == 1);
    T(ERROR_OF(0x20, V2P_SA, "\0\0\0\x13\1\1\0\1\0\0\0\x0b\1\0\0\x0c\x80\x0e\1") ==
      IKE_ERR_ATTRIBUTE_OVERRUN);
    T(ERROR_OF(0x20, V2P_KE, "\0\1\0") == IKE_ERR_KE && !m.has_ke && m.ke_group == 0);
    T(ERROR_OF(0x20, V2P_IDI, "\1\0\0") == IKE_ERR_ID &&
      ERROR_OF(0x20, V2P_AUTH, "\1\0\0") == IKE_ERR_AUTH);
    T(ERROR_OF(0x20, V2P_NOTIFY, "\0\4\0\1abc") == IKE_ERR_NOTIFY);
    T(ERROR_OF(0x20, V2P_DELETE, "\3\4\xff\xff" "abcd") == IKE_ERR_DELETE);
    T(ERROR_OF(0x20, V2P_TSI, "\1\0\0") == IKE_ERR_SELECTOR && !m.has_ts);
    T(ERROR_OF(0x20, V2P_TSI, "\1\0\0\0\7\0\0\x0f\0\0\xff\xff" "aaaabbb") == IKE_ERR_SELECTOR &&
      m.num_ts_i == 0);
    T(ERROR_OF(0x20, V2P_TSI, "\2\0\0\0\7\0\0\x10\0\0\xff\xff" "aaaabbbb") == IKE_ERR_SELECTOR);
    T(ERROR_OF(0x20, V2P_CP, "\1\0\0\0\0\1\0\4abc") == IKE_ERR_CONFIGURATION);
    T(ERROR_OF(0x20, V2P_EAP, "\1\1\0\6\1") == IKE_ERR_EAP && m.eap_code == 0);
    T(ERROR_OF(0x20, V2P_EAP, "\3\1\0\4") == IKE_OK && m.eap_code == 3 && m.eap_type == 0);

    build_init(&b);
    set_length(&b, b.n - 1);
    b.n--;
    T(parse(&b) && m.error == IKE_ERR_PAYLOAD_OVERRUN && m.error_offset == b.n - 6 &&
      m.num_payloads == 4);
    /* The first error is the one kept, and a whole payload after it is still read. */
    build_init(&b);
    b.b[28 + 4 + 7] = 9;
    T(parse(&b) && m.error == IKE_ERR_TRANSFORM_COUNT && m.has_ke && m.num_payloads == 5);
    /* It is an error in a cut capture too, as it stands before the cut. */
    T(ike_parse(&m, b.b, b.n - 2, b.n) && m.truncated && m.error == IKE_ERR_TRANSFORM_COUNT);
}

/* A copy, with its padding. */
static bool
unchanged(const struct ike_message *before)
{
    /* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison): see above */
    return memcmp(before, &m, sizeof m) == 0;
}

static void
test_inner(void)
{
    struct buf b, c;
    struct ike_message *before = malloc(sizeof m);

    build_sk(&b, false, 0, 0);
    T(parse(&b));
    *before = m;
    build_auth(&c);
    c.b[2] = 0xff;                      /* wrong key: the first payload overruns */
    T(!ike_parse_inner(&m, V2P_IDI, c.b, c.n) && unchanged(before));
    build_auth(&c);
    c.b[2] = 0;
    c.b[3] = 3;
    T(!ike_parse_inner(&m, V2P_IDI, c.b, c.n) && unchanged(before));
    build_auth(&c);
    c.b[0] = 200;
    T(!ike_parse_inner(&m, V2P_IDI, c.b, c.n) && !ike_parse_inner(&m, 99, c.b, c.n));
    T(!ike_parse_inner(&m, V2P_IDI, c.b, 3) && unchanged(before));
    T(ike_parse_inner(&m, 0, c.b, 0) && m.readable && m.num_payloads == 2);

    T(parse(&b));
    build_auth(&c);
    T(ike_parse_inner(&m, V2P_IDI, c.b, c.n - 1) && m.readable);
    T(m.error == IKE_ERR_PAYLOAD_OVERRUN && m.error_inner && m.error_offset == c.n - 16);

    /* SK inside SK and a fragment inside an encryption are not followed. */
    T(parse(&b));
    c.n = 0;
    payload(&c, V2P_SK, "0123");
    payload(&c, V2P_IDR, "4567");
    T(ike_parse_inner(&m, V2P_NONCE, c.b, c.n) && m.encrypted_body.len == 48 &&
      m.inner_first == V2P_IDI);
    build_quick_outer(&b);
    T(parse(&b));
    c.n = 0;
    payload(&c, V1P_FRAGMENT, "0123");
    payload(&c, 0, "\0\1\1\1more");
    T(ike_parse_inner(&m, V1P_HASH, c.b, c.n) && m.fragment == 0 && m.encrypted_body.len == 64);
    T(!ike_parse_inner(&m, 22, c.b, c.n) && !ike_parse_inner(&m, 133, c.b, c.n));
    free(before);
}

static void
octets(struct buf *b, unsigned next, const void *body, size_t len)
{
    size_t at = open_part(b, next);

    for (size_t i = 0; i < len; i++) {
        u8(b, ((const uint8_t *)body)[i]);
    }
    close_part(b, at);
}
#define OCTETS(b, next, body) octets(b, next, body, sizeof(body) - 1)

/* What stands in clear beside an encryption or a fragment is form, and says nothing. */
static void
test_beside(void)
{
    static const struct {
        unsigned last;
        size_t cut;
        bool encrypted, fragment, v1;
    } rows[] = {
        { V2P_SK, 0, true, false, false },    { V2P_SKF, 0, true, true, false },
        { V2P_SK, 3, true, false, false },    { V2P_NONCE, 0, false, false, false },
        { V1P_FRAGMENT, 0, false, true, true },
    };
    struct buf b;

    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        bool v1 = rows[i].v1, read = !rows[i].encrypted && !v1;
        header(&b, v1 ? V1P_ID : V2P_IDI, v1 ? 0x10 : 0x20, v1 ? V1_QUICK : V2_IKE_AUTH, 0, 1);
        OCTETS(&b, v1 ? V1P_NONCE : V2P_AUTH, "\2\0\0\0mallory");
        OCTETS(&b, v1 ? V1P_NONCE : V2P_NOTIFY, "\2\0\0\0authentic");
        OCTETS(&b, v1 ? V1P_NONCE : V2P_CP, "\0\0\0\030");
        OCTETS(&b, rows[i].last, "\2\0\0\0\0\1\0\4abcd");
        OCTETS(&b, 0, "\0\1\0\1secret octets here");
        set_length(&b, b.n);
        if (v1) {
            b.b[b.n - 20] = 1;          /* the fragment's number */
        }
        T(ike_parse(&m, b.b, b.n - rows[i].cut, b.n) && m.error == IKE_OK);
        T(m.truncated == (rows[i].cut > 0) && m.encrypted == rows[i].encrypted);
        T((m.fragment > 0) == rows[i].fragment && m.readable == !rows[i].encrypted);
        T(m.num_payloads == (rows[i].cut ? 4u : 5u));
        T(m.id_i.present == read && m.has_auth == read && (m.num_notifies == 1) == read);
        T((m.cfg_type != 0) == read && (m.num_cfg != 0) == read && (m.nonce.len != 0) == read);
    }
}

/* Limits: nothing is stored past them, and what follows is still read. */
static void
test_limits(void)
{
    struct buf b;
    size_t p;

    header(&b, V2P_VENDOR, 0x20, V2_IKE_AUTH, 0, 0);
    for (unsigned i = 0; i < IKE_MAX_PAYLOADS + 6; i++) {
        payload(&b, i == IKE_MAX_PAYLOADS + 5 ? V2P_SK : V2P_VENDOR, "v");
    }
    payload(&b, 0, "secret");
    set_length(&b, b.n);
    T(parse(&b) && m.capped && m.error == IKE_OK && m.num_payloads == IKE_MAX_PAYLOADS);
    T(m.encrypted && span_is(&m.encrypted_body, "secret"));
    b.b[28 + 5 * (IKE_MAX_PAYLOADS + 5)] = V2P_VENDOR;  /* the same without SK */
    T(parse(&b) && m.capped && m.error == IKE_OK && m.num_payloads == IKE_MAX_PAYLOADS);
    T(m.num_vendors == IKE_MAX_VENDORS && !m.encrypted);

    header(&b, V2P_SA, 0x20, V2_IKE_SA_INIT, 0, 0);
    p = open_part(&b, 0);
    for (unsigned i = 0; i < IKE_MAX_PROPOSALS + 3; i++) {
        size_t one = open_proposal(&b, i < IKE_MAX_PROPOSALS + 2, i + 1, PROTO_IKE, 0, 5);
        for (unsigned t = 0; t < 5; t++) {
            transform2(&b, t < 4, TRANSFORM_ENCR, ENCR_AES_CBC, 0);
        }
        close_part(&b, one);
    }
    close_part(&b, p);
    set_length(&b, b.n);
    T(parse(&b) && m.capped && m.error == IKE_OK && m.num_proposals == IKE_MAX_PROPOSALS &&
      m.num_transforms == 320);

    header(&b, V2P_SA, 0x20, V2_IKE_SA_INIT, 0, 0);
    p = open_part(&b, 0);
    for (unsigned i = 0; i < 3; i++) {
        size_t one = open_proposal(&b, i < 2, i + 1, PROTO_IKE, 0, 160);
        for (unsigned t = 0; t < 160; t++) {
            transform2(&b, t < 159, TRANSFORM_ENCR, ENCR_AES_CBC, 0);
        }
        close_part(&b, one);
    }
    close_part(&b, p);
    set_length(&b, b.n);
    T(parse(&b) && !m.capped && m.error == IKE_OK && m.num_transforms == 480);
}

/* A cut SK payload is still an encrypted message. */
static void
test_cut_sk(void)
{
    struct buf b;

    build_sk(&b, false, 0, 0);
    T(ike_parse(&m, b.b, b.n - 10, b.n) && m.truncated && m.encrypted && !m.readable &&
      m.error == IKE_OK);
    T(m.inner_first == V2P_IDI && m.encrypted_body.len == 0);
    T(ike_parse(&m, b.b, 28 + 8 + 2, b.n) && m.truncated && m.encrypted && !m.readable &&
      m.inner_first == 0);
    build_sk(&b, true, 2, 3);
    T(ike_parse(&m, b.b, b.n - 10, b.n) && m.encrypted && m.fragment == 2 && m.fragments == 3 &&
      m.error == IKE_OK);
    T(ike_parse(&m, b.b, 28 + 8 + 4 + 3, b.n) && m.encrypted && m.fragment == 0 &&
      m.error == IKE_OK);
    /* The Payload Length that passes the message's end is wrong, however much was captured. */
    build_sk(&b, false, 0, 0);
    b.b[28 + 8 + 3]++;
    T(ike_parse(&m, b.b, b.n - 10, b.n) && m.truncated && m.error == IKE_ERR_PAYLOAD_OVERRUN);
}

/* --- identities ----------------------------------------------------------- */

static bool
id_prints(uint8_t type, const void *data, size_t len, const char *expected)
{
    struct ike_id id = { .present = true, .type = type, .data = { data, len } };
    char out[ID_TEXT_MAX];

    return strcmp(ike_id_print(&id, out, sizeof out), expected) == 0;
}

static bool
id_selects(uint8_t type, const void *data, size_t len, const char *expected)
{
    struct ike_id id = { .present = true, .type = type, .data = { data, len } };
    struct selector s, e;

    if (!ike_id_selector(&id, &s)) {
        return expected == NULL;
    }
    return expected && selector_parse(&e, expected) && selector_equal(&s, &e);
}

static void
test_identities(void)
{
    static const char dn[] =
        "\x30\x2a\x31\x0b\x30\x09\x06\x03\x55\x04\x06\x13\x02US\x31\x0c\x30\x0a\x06\x03\x55\x04\x0a"
                             "\x0c\x03Lab\x31\x0d\x30\x0b\x06\x03\x55\x04\x03\x0c\x04g\"w1";
    uint8_t six[32] = { 0x20, 1, 0xd, 0xb8 };

    T(id_prints(2, "gw.example", 10, "gw.example") &&
      id_prints(3, "lisa@corp.example", 17, "lisa@corp.example"));
    T(id_prints(11, "a\"b\n", 4, "a?b?") && id_prints(99, "\x01\xff", 2, "01ff"));
    T(id_prints(1, "\xc0\0\2\1", 4, "192.0.2.1") &&
      id_prints(4, "\x0a\1\0\0\xff\xff\xff\0", 8, "10.1.0.0/24"));
    T(id_prints(9, dn, sizeof dn - 1, "C=US, O=Lab, CN=g?w1"));
    for (size_t n = 0; n < sizeof dn - 1; n++) {
        uint8_t *copy = malloc(n ? n : 1);
        struct ike_id id = { .present = true, .type = 9, .data = { copy, n } };
        char out[ID_TEXT_MAX];
        memcpy(copy, dn, n);
        T(strchr(ike_id_print(&id, out, sizeof out), '=') == NULL);     /* cut: hex */
        free(copy);
    }
    T(id_selects(1, "\x0a\1\0\1", 4, "10.1.0.1") && id_selects(1, "\x0a\1\0", 3, NULL));
    T(id_selects(4, "\x0a\1\0\0\xff\xff\0\0", 8, "10.1.0.0/16") &&
      id_selects(4, "\x0a\1\0\0\xff\0\xff\0", 8, NULL));
    T(id_selects(7, "\x0a\1\0\1\x0a\1\0\x09", 8, "10.1.0.1-10.1.0.9") &&
      id_selects(2, "name", 4, NULL));
    T(id_selects(5, six, 16, "2001:db8::"));
    memset(six + 16, 0xff, 4);
    T(id_selects(6, six, 32, "2001:db8::/32"));
    memcpy(six + 16, six, 16);
    six[31] = 9;
    T(id_selects(8, six, 32, "2001:db8::-2001:db8::9"));
}

int
main(void)
{
    test_form();
    test_main();
    test_quick();
    test_transaction();
    test_init();
    test_auth();
    test_fragments();
    test_header();
    test_errors();
    test_inner();
    test_beside();
    test_limits();
    test_cut_sk();
    test_identities();
    return t_done();
}
