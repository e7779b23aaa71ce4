/* test_suite.c - names and numbers of transforms.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "registry.h"
#include "t.h"

#include <espial/suite.h>
#include <glib.h>

#define COUNT(a) (sizeof (a) / sizeof (a)[0])

static char text[256];

static const char *
print(uint8_t type, unsigned id, unsigned bits)
{
    struct transform t = { type, (uint16_t)id, (uint16_t)bits };

    return transform_print(&t, text, sizeof text);
}

static bool
is(struct transform t, uint8_t type, unsigned id, unsigned bits)
{
    return t.type == type && t.id == id && t.key_bits == bits;
}

static void
check_round_trip(uint8_t type, unsigned id, unsigned bits)
{
    struct transform back = { 99, 9999, 9999 };
    char name[256];

    g_strlcpy(name, print(type, id, bits), sizeof name);
    T(transform_parse(&back, name));
    if (!is(back, type, id, bits)) {
        T_STR(print(back.type, back.id, back.key_bits), name);
        T(!"round trip");
    }
}

static void
test_tables(void)
{
    static const unsigned bits[] = { 40, 128, 192, 256, 448, 2040 };

    for (size_t i = 0; i < registry_num_rows; i++) {
        const struct registry_row *row = &registry_rows[i];
        uint8_t type = (uint8_t)(TRANSFORM_ENCR + row->registry);       /* in one order */
        for (size_t k = 0; k < i; k++) {
            T(row->registry != registry_rows[k].registry || row->number != registry_rows[k].number);
        }
        if (row->registry > REG_ESN) {
            continue;
        }
        check_round_trip(type, row->number, 0);
        for (size_t k = 0; row->registry <= REG_INTEG && k < COUNT(bits); k++) {
            check_round_trip(type, row->number, bits[k]);
        }
        for (uint8_t more = TRANSFORM_ADDKE1; row->registry == REG_KE &&
             more <= TRANSFORM_ADDKE7; more++) {
            check_round_trip(more, row->number, 0);
        }
    }
}

static void
test_transforms(void)
{
    struct transform t = { 1, 2, 3 };
    struct transform none;

    T_STR(print(TRANSFORM_ENCR, 3, 0), "3DES_CBC");
    T_STR(print(TRANSFORM_ENCR, 12, 256), "AES_CBC_256");
    T_STR(print(TRANSFORM_ENCR, 20, 128), "AES_GCM_16_128");
    T_STR(print(TRANSFORM_ENCR, 21, 128), "NULL_AES_GMAC_128");
    T_STR(print(TRANSFORM_ENCR, 28, 0), "CHACHA20_POLY1305");
    T_STR(print(TRANSFORM_PRF, 4, 0), "PRF_AES128_XCBC");
    T_STR(print(TRANSFORM_INTEG, 5, 0), "AES_XCBC_96");
    T_STR(print(TRANSFORM_KE, 28, 0), "ECP_256_BP");
    T_STR(print(TRANSFORM_ADDKE1, 36, 0), "KE1_ML_KEM_768");
    T_STR(print(TRANSFORM_ADDKE7, 0, 0), "KE7_NONE");
    T_STR(print(TRANSFORM_ENCR, 99, 0), "ENCR_99");
    T_STR(print(TRANSFORM_KE, 99, 0), "DH_99");
    T_STR(print(TRANSFORM_ADDKE1, 99, 0), "KE1_99");
    T_STR(print(TRANSFORM_ESN, 2, 0), "ESN_2");
    T_STR(print(77, 5, 0), "TYPE_77_5");
    T_STR(transform_type_name(TRANSFORM_KE), "DH");
    T_STR(transform_type_name(TRANSFORM_ADDKE7), "KE7");
    T(transform_type_name(255) != NULL);

    T(!transform_parse(&t, "") && !transform_parse(&t, "AES") && !transform_parse(&t, "AES_CBC_"));
    T(!transform_parse(&t, "AES_CBC_7") && !transform_parse(&t, "AES_CBC_129") &&
      !transform_parse(&t, "AES_CBC_256x"));
    T(!transform_parse(&t, "AES_CBC_99999999999999999999") &&
      !transform_parse(&t, "AES_CBC_65664"));
    T(!transform_parse(&t, "KE8_MODP_2048") && !transform_parse(&t, "KE1_") &&
      !transform_parse(&t, "KE1_AES_CBC"));
    T(!transform_parse(&t, "ENCR_99") && !transform_parse(&t, "3DES"));
    T(is(t, 1, 2, 3));
    T(transform_parse(&none, "NONE") && is(none, TRANSFORM_INTEG, 0, 0));
    T(transform_parse(&t, "MODP_2048_256") && is(t, TRANSFORM_KE, 24, 0));
}

static void
test_proposals(void)
{
    static const struct transform ike[] = {     /* the order of this wire is not the order
                                                 * printed */
        { TRANSFORM_ADDKE1, 36, 0 }, { TRANSFORM_KE, 31, 0 }, { TRANSFORM_KE, 0, 0 },
        { TRANSFORM_PRF, 6, 0 },
        { TRANSFORM_ENCR, 12, 256 }, { TRANSFORM_ENCR, 12, 128 }, { TRANSFORM_INTEG, 13, 0 },
        { TRANSFORM_INTEG, 0, 0 },
    };
    static const struct transform esp[] = { { TRANSFORM_ESN, 0, 0 }, { TRANSFORM_KE, 14, 0 },
                                            { TRANSFORM_ENCR, 11, 0 },
                                            { TRANSFORM_INTEG, 2, 0 } };
    static const struct transform seed[] = { { TRANSFORM_ENCR, 0x8015, 0 } };
    struct proposal p = { .protocol = PROTO_IKE, .num_transforms = COUNT(ike), .transforms = ike };
    char small[24];
    const char *whole =
        "IKE:AES_CBC_256/AES_CBC_128/HMAC_SHA2_384_192/PRF_HMAC_SHA2_384/CURVE_25519/KE1_ML_KEM_768";

    T_STR(proposal_print(&p, text, sizeof text), whole);
    for (size_t size = 0; size <= sizeof small; size++) {
        memset(small, '#', sizeof small);
        proposal_print(&p, small, size);
        if (size > strlen("IKE:") + 1) {            /* whole names, and that there are more */
            const char *cut = strstr(small, "..");
            T(!cut || (strncmp(small, whole, (size_t)(cut - small)) == 0 && !cut[2] &&
                       (cut[-1] == '/' || cut[-1] == ':')));
            T(cut || strcmp(small, "IKE:") == 0 || strcmp(small, "IKE:AES_CBC_256") == 0);
        } else {
            T(size == 0 ? small[0] == '#' : strlen(small) == size - 1 &&
              strncmp(small, whole, size - 1) == 0);
        }
        T(size == sizeof small || small[size] == '#');
    }
    p = (struct proposal){ .protocol = PROTO_ESP, .num_transforms = COUNT(esp), .transforms = esp };
    T_STR(proposal_print(&p, text, sizeof text), "ESP:NULL/HMAC_SHA1_96/MODP_2048/NO_EXT_SEQ");
    p.protocol = PROTO_IPCOMP;
    T_STR(proposal_print(&p, text, sizeof text), "IPCOMP");
    p.protocol = 200;
    p.num_transforms = 0;
    T_STR(proposal_print(&p, text, sizeof text), "PROTO_200:");
    /* The same number is SEED in IKEv1 and a private one in IKEv2. */
    p = (struct proposal){ .protocol = PROTO_ESP, .num_transforms = 1, .transforms = seed,
                           .v1 = true };
    T_STR(proposal_print(&p, text, sizeof text), "ESP:SEED_CBC");
    p.v1 = false;
    T_STR(proposal_print(&p, text, sizeof text), "ESP:ENCR_32789");
}

static void
test_v1(void)
{
    static const unsigned encr[] = { 2, 5, 7, 4, 3, 6, 12, 23 };
    struct transform t;

    for (unsigned i = 0; i < COUNT(encr); i++) {
        T(is(v1_phase1_encr((uint16_t)(i + 1), 128), TRANSFORM_ENCR, encr[i], 128));
    }
    T(is(v1_phase1_integ(1), TRANSFORM_INTEG, 1, 0) && is(v1_phase1_prf(1), TRANSFORM_PRF, 1, 0));
    T(is(v1_phase1_integ(2), TRANSFORM_INTEG, 2, 0) && is(v1_phase1_prf(2), TRANSFORM_PRF, 2, 0));
    T(is(v1_phase1_integ(3), TRANSFORM_INTEG, 0x8003, 0) &&
      is(v1_phase1_prf(3), TRANSFORM_PRF, 3, 0));
    for (unsigned i = 4; i <= 6; i++) {
        T(is(v1_phase1_integ((uint16_t)i), TRANSFORM_INTEG, i + 8, 0));
        T(is(v1_phase1_prf((uint16_t)i), TRANSFORM_PRF, i + 1, 0));
    }
    T(is(v1_group(14), TRANSFORM_KE, 14, 0) && is(v1_group(3), TRANSFORM_KE, 0x8003, 0));
    T_STR((t = v1_group(4), transform_print(&t, text, sizeof text)), "EC2N_185");

    /* Unassigned in phase 1, though phase 2 has a row of that number. */
    T_STR((t = v1_phase1_integ(8), transform_print(&t, text, sizeof text)), "INTEG_8");
    T_STR((t = v1_phase1_encr(10, 0), transform_print(&t, text, sizeof text)), "ENCR_10");
    T_STR((t = v1_phase1_encr(0x8015, 0), transform_print(&t, text, sizeof text)), "ENCR_21");
    T_STR((t = v1_phase1_encr(65004, 0), transform_print(&t, text, sizeof text)), "ENCR_65004");
    T_STR((t = v1_esp_integ(0x8008), transform_print(&t, text, sizeof text)), "INTEG_8");

    /* 21 to 23 are other ciphers than in IKEv2. */
    T_STR((t = v1_esp_encr(21, 0), transform_print(&t, text, sizeof text)), "SEED_CBC");
    T_STR((t = v1_esp_encr(22, 128), transform_print(&t, text, sizeof text)), "CAMELLIA_CBC_128");
    T_STR((t = v1_esp_encr(23, 128), transform_print(&t, text, sizeof text)), "NULL_AES_GMAC_128");
    T_STR((t = v1_esp_encr(10, 0), transform_print(&t, text, sizeof text)), "RC4");
    T_STR((t = v1_esp_encr(17, 0), transform_print(&t, text, sizeof text)), "ENCR_17");
    T_STR((t = v1_esp_encr(99, 64), transform_print(&t, text, sizeof text)), "ENCR_99_64");
    T(is(v1_esp_encr(12, 256), TRANSFORM_ENCR, 12, 256) &&
      is(v1_esp_encr(20, 256), TRANSFORM_ENCR, 20, 256));

    T(is(v1_esp_integ(0), TRANSFORM_INTEG, 0, 0) && is(v1_esp_integ(5), TRANSFORM_INTEG, 12, 0));
    T(is(v1_esp_integ(9), TRANSFORM_INTEG, 5, 0) && is(v1_esp_integ(11), TRANSFORM_INTEG, 9, 0));
    T_STR((t = v1_esp_integ(8), transform_print(&t, text, sizeof text)), "HMAC_RIPEMD_160_96");
    T(is(v1_ah_integ(2, 0), TRANSFORM_INTEG, 1, 0) && is(v1_ah_integ(2, 4), TRANSFORM_INTEG, 4, 0));
    T(is(v1_ah_integ(3, 0), TRANSFORM_INTEG, 2, 0) && is(v1_ah_integ(4, 0), TRANSFORM_INTEG, 3, 0));
    T(is(v1_ah_integ(7, 0), TRANSFORM_INTEG, 14, 0) &&
      is(v1_ah_integ(13, 0), TRANSFORM_INTEG, 11, 0));
}

static void
test_registries(void)
{
    T_STR(exchange_name(1, 2, text, sizeof text), "Main Mode");
    T_STR(exchange_name(1, 32, text, sizeof text), "Quick Mode");
    T_STR(exchange_name(2, 34, text, sizeof text), "IKE_SA_INIT");
    T_STR(exchange_name(2, 44, text, sizeof text), "IKE_FOLLOWUP_KE");
    T_STR(exchange_name(2, 2, text, sizeof text), "exchange 2");
    T_STR(exchange_name(1, 34, text, sizeof text), "exchange 34");
    T_STR(notify_name(1, 14, text, sizeof text), "NO_PROPOSAL_CHOSEN");
    T_STR(notify_name(2, 14, text, sizeof text), "NO_PROPOSAL_CHOSEN");
    T_STR(notify_name(1, 24576, text, sizeof text), "RESPONDER_LIFETIME");
    T_STR(notify_name(1, 36137, text, sizeof text), "R_U_THERE_ACK");
    T_STR(notify_name(2, 38, text, sizeof text), "TS_UNACCEPTABLE");
    T_STR(notify_name(2, 9002, text, sizeof text), "NO_APN_SUBSCRIPTION");
    T_STR(notify_name(2, 16430, text, sizeof text), "IKEV2_FRAGMENTATION_SUPPORTED");
    T_STR(notify_name(2, 40000, text, sizeof text), "notify 40000");
    T_STR(payload_name(1, 20, text, sizeof text), "NAT-D");
    T_STR(payload_name(2, 44, text, sizeof text), "TSi");
    T_STR(payload_name(2, 5, text, sizeof text), "payload 5");
    T_STR(payload_name(1, 132, text, sizeof text), "FRAGMENT");
    T_STR(payload_name(2, 0, text, sizeof text), "NONE");
    T_STR(auth_method_name(1, 1, text, sizeof text), "pre-shared key");
    T_STR(auth_method_name(2, 1, text, sizeof text), "RSA signature");
    T_STR(auth_method_name(1, 65001, text, sizeof text), "XAUTH with pre-shared key, initiator");
    T_STR(auth_method_name(2, 200, text, sizeof text), "authentication method 200");
    T_STR(ip_protocol_name(6, text, sizeof text), "tcp");
    T_STR(ip_protocol_name(253, text, sizeof text), "253");
    T_STR(ip_protocol_name(6, text, 3), "tc");
}

static void
test_geometry(void)
{
    struct encr_geometry g = { 9, 9, 9 };
    uint8_t icv = 99;

    T(encr_geometry(12, &g) && g.iv == 16 && g.block == 16 && g.icv == 0);
    T(encr_geometry(3, &g) && g.iv == 8 && g.block == 8 && g.icv == 0);
    T(encr_geometry(20, &g) && g.iv == 8 && g.block == 4 && g.icv == 16);
    T(encr_geometry(29, &g) && g.iv == 0 && g.block == 4 && g.icv == 8);
    T(encr_geometry(11, &g) && g.iv == 0 && g.block == 4 && g.icv == 0);
    T(!encr_geometry(9, &g) && !encr_geometry(0x800a, &g) && !encr_geometry(32, &g) &&
      !encr_geometry(99, &g));
    T(encr_is_aead(14) && encr_is_aead(21) && encr_is_aead(28) && encr_is_aead(31) &&
      encr_is_aead(32));
    T(!encr_is_aead(12) && !encr_is_aead(13) && !encr_is_aead(23) && !encr_is_aead(24) &&
      !encr_is_aead(99));
    T(integ_icv_len(0, &icv) && icv == 0);
    T(integ_icv_len(2, &icv) && icv == 12);
    T(integ_icv_len(7, &icv) && icv == 20);
    T(integ_icv_len(12, &icv) && icv == 16);
    T(integ_icv_len(14, &icv) && icv == 32);
    T(integ_icv_len(0x8008, &icv) && icv == 12);
    T(!integ_icv_len(3, &icv) && !integ_icv_len(15, &icv) && !integ_icv_len(0x800a, &icv));
}

int
main(void)
{
    test_tables();
    test_transforms();
    test_proposals();
    test_v1();
    test_registries();
    test_geometry();
    return t_done();
}
