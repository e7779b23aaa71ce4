/* Names and IKEv1 mapping.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/suite.h>
#include <string.h>

static const struct {
    uint8_t type;
    uint16_t id, bits;
    const char *name;
} samples[] = {
    { TRANSFORM_ENCR, 12, 256, "AES_CBC_256" },       { TRANSFORM_ENCR, 3, 0, "3DES_CBC" },
    { TRANSFORM_ENCR, 20, 128, "AES_GCM_16_128" },    { TRANSFORM_ENCR, 28, 0, "CHACHA20_POLY1305" },
    { TRANSFORM_ENCR, 30, 256, "AES_GCM_16_IIV_256" },{ TRANSFORM_ENCR, 35, 0, "MAGMA_MGM_MAC_KTREE" },
    { TRANSFORM_INTEG, 12, 0, "HMAC_SHA2_256_128" },  { TRANSFORM_PRF, 5, 0, "PRF_HMAC_SHA2_256" },
    { TRANSFORM_KE, 14, 0, "MODP_2048" },             { TRANSFORM_KE, 31, 0, "CURVE_25519" },
    { TRANSFORM_KE, 37, 0, "ML_KEM_1024" },           { TRANSFORM_ADDKE1, 36, 0, "KE1_ML_KEM_768" },
    { TRANSFORM_ESN, 0, 0, "NO_EXT_SEQ" },            { TRANSFORM_ESN, 1, 0, "EXT_SEQ" },
};

static void
both_ways(void)
{
    for (size_t i = 0; i < sizeof samples / sizeof *samples; i++) {
        struct transform t = { samples[i].type, samples[i].id, samples[i].bits }, back;
        char text[64];
        T(strcmp(transform_print(&t, text, sizeof text), samples[i].name) == 0);
        T(transform_parse(&back, samples[i].name));
        T(back.type == t.type && back.id == t.id && back.key_bits == t.key_bits);
    }
    struct transform none;
    T(!transform_parse(&none, "AES_CBC_257"));
    T(!transform_parse(&none, "ROT13"));
}

/* 21 to 23 name other ciphers in IKEv1 than in IKEv2. */
static void
v1_traps(void)
{
    char text[64];
    struct transform t = v1_esp_encr(22, 128);
    T(t.id == 23 && strcmp(transform_print(&t, text, sizeof text), "CAMELLIA_CBC_128") == 0);
    t = v1_esp_encr(23, 128);
    T(t.id == 21);
    t = v1_esp_encr(21, 128);
    T(t.id == (TRANSFORM_V1_ONLY | 21) && strcmp(transform_print(&t, text, sizeof text), "SEED_CBC_128") == 0);
    T(v1_phase1_encr(7, 128).id == 12 && v1_phase1_encr(1, 0).id == 2 && v1_phase1_encr(5, 0).id == 3);
    T(v1_esp_integ(5).id == 12 && v1_esp_integ(2).id == 2 && v1_ah_integ(5, 0).id == 12);
    t = v1_phase1_encr(99, 0);
    T(strcmp(transform_print(&t, text, sizeof text), "ENCR_32867") == 0);
}

static void
proposals(void)
{
    const struct transform t[] = { { TRANSFORM_KE, 14, 0 }, { TRANSFORM_PRF, 5, 0 }, { TRANSFORM_ENCR, 12, 256 },
                                   { TRANSFORM_INTEG, 12, 0 }, { TRANSFORM_ADDKE1, 36, 0 } };
    struct proposal p = { .protocol = PROTO_IKE, .num_transforms = 5, .transforms = t };
    char text[256], tiny[8];

    T(strcmp(proposal_print(&p, text, sizeof text),
             "IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048/KE1_ML_KEM_768") == 0);
    T(strlen(proposal_print(&p, tiny, sizeof tiny)) == 7);
}

static void
matching(void)
{
    const struct transform offer[] = { { TRANSFORM_ENCR, 12, 256 }, { TRANSFORM_ENCR, 12, 128 }, { TRANSFORM_INTEG, 2, 0 },
                                       { TRANSFORM_ESN, 0, 0 } };
    const struct transform good[] = { { TRANSFORM_ENCR, 12, 128 }, { TRANSFORM_INTEG, 2, 0 }, { TRANSFORM_ESN, 0, 0 } };
    const struct transform bits[] = { { TRANSFORM_ENCR, 12, 192 }, { TRANSFORM_INTEG, 2, 0 }, { TRANSFORM_ESN, 0, 0 } };
    struct proposal offered = { .protocol = PROTO_ESP, .num_transforms = 4, .transforms = offer };
    struct proposal chosen = { .protocol = PROTO_ESP, .num_transforms = 3, .transforms = good };

    T(suite_chosen_from(&chosen, &offered));
    T(!suite_chosen_from(&offered, &offered));      /* two of one type */
    chosen.transforms = bits;
    T(!suite_chosen_from(&chosen, &offered));
    chosen.transforms = good;
    chosen.num_transforms = 2;                      /* a type is missing */
    T(!suite_chosen_from(&chosen, &offered));
}

static void
geometry(void)
{
    struct encr_geometry g;
    uint8_t icv;

    T(encr_geometry(12, &g) && g.iv == 16 && g.block == 16 && g.icv == 0);
    T(encr_geometry(20, &g) && g.iv == 8 && g.icv == 16 && encr_is_aead(20) && !encr_is_aead(12));
    T(!encr_geometry(9, &g) && !encr_geometry(32, &g));    /* not known: nothing is concluded */
    T(integ_icv_len(12, &icv) && icv == 16 && integ_icv_len(14, &icv) && icv == 32 && !integ_icv_len(3, &icv));
}

static void
registries(void)
{
    char text[64];

    T(strcmp(exchange_name(2, 43, text, sizeof text), "IKE_INTERMEDIATE") == 0);
    T(strcmp(exchange_name(1, 2, text, sizeof text), "Main Mode") == 0);
    T(strcmp(notify_name(1, 18, text, sizeof text), "INVALID_ID_INFORMATION") == 0);
    T(strcmp(notify_name(2, 38, text, sizeof text), "TS_UNACCEPTABLE") == 0);
    T(strcmp(notify_name(2, 9999, text, sizeof text), "notify 9999") == 0);
    T(strcmp(payload_name(2, 53, text, sizeof text), "SKF") == 0);
    T(strcmp(auth_method_name(1, 1, text, sizeof text), "pre-shared key") == 0);
    T(strcmp(auth_method_name(2, 2, text, sizeof text), "pre-shared key") == 0);
}

int
main(void)
{
    both_ways();
    v1_traps();
    proposals();
    matching();
    geometry();
    registries();
    return t_done();
}
