/* geometry.c - octets that ciphers, MACs and groups put on the wire.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/suite.h>

#include <glib.h>

static const struct cipher {
    uint16_t id;
    struct encr_geometry geometry;
    bool counts_iv;
} ciphers[] = {
    { ENCR_DES_CBC, { 8, 8, 0 }, false },
    { ENCR_3DES_CBC, { 8, 8, 0 }, false },
    { ENCR_RC5_CBC, { 8, 8, 0 }, false },
    { ENCR_IDEA_CBC, { 8, 8, 0 }, false },
    { ENCR_CAST_CBC, { 8, 8, 0 }, false },
    { ENCR_BLOWFISH_CBC, { 8, 8, 0 }, false },
    { ENCR_NULL, { 0, 4, 0 }, false },
    { ENCR_AES_CBC, { 16, 16, 0 }, false },
    { ENCR_AES_CTR, { 8, 4, 0 }, true },
    { ENCR_AES_CCM_8, { 8, 4, 8 }, true },
    { ENCR_AES_CCM_12, { 8, 4, 12 }, true },
    { ENCR_AES_CCM_16, { 8, 4, 16 }, true },
    { ENCR_AES_GCM_8, { 8, 4, 8 }, true },
    { ENCR_AES_GCM_12, { 8, 4, 12 }, true },
    { ENCR_AES_GCM_16, { 8, 4, 16 }, true },
    { ENCR_NULL_AES_GMAC, { 8, 4, 16 }, true },
    { ENCR_CAMELLIA_CBC, { 16, 16, 0 }, false },
    { ENCR_CAMELLIA_CTR, { 8, 4, 0 }, true },
    { ENCR_CAMELLIA_CCM_8, { 8, 4, 8 }, true },
    { ENCR_CAMELLIA_CCM_12, { 8, 4, 12 }, true },
    { ENCR_CAMELLIA_CCM_16, { 8, 4, 16 }, true },
    { ENCR_CHACHA20_POLY1305, { 8, 4, 16 }, true },
    { ENCR_AES_CCM_8_IIV, { 0, 4, 8 }, false },
    { ENCR_AES_GCM_16_IIV, { 0, 4, 16 }, false },
    { ENCR_CHACHA20_POLY1305_IIV, { 0, 4, 16 }, false },
    { ENCR_SEED_CBC, { 16, 16, 0 }, false },
    { ENCR_SERPENT_CBC, { 16, 16, 0 }, false },
    { ENCR_TWOFISH_CBC, { 16, 16, 0 }, false },
};

static const struct cipher *
cipher_of(uint16_t encr_id)
{
    for (size_t i = 0; i < G_N_ELEMENTS(ciphers); i++) {
        if (ciphers[i].id == encr_id) {
            return &ciphers[i];
        }
    }
    return NULL;
}

bool
encr_geometry(uint16_t encr_id, struct encr_geometry *out)
{
    const struct cipher *c = cipher_of(encr_id);

    if (c) {
        *out = c->geometry;
    }
    return c != NULL;
}

bool
encr_is_aead(uint16_t encr_id)
{
    const struct cipher *c = cipher_of(encr_id);

    /* Those of RFC 9227 are AEAD too, though their geometry is not known here. */
    return (encr_id >= ENCR_KUZNYECHIK_MGM_KTREE && encr_id <= ENCR_MAGMA_MGM_MAC_KTREE) ||
           (c && c->geometry.icv);
}

bool
encr_is_null(uint16_t encr_id)
{
    return encr_id == ENCR_NULL || encr_id == ENCR_NULL_AES_GMAC;
}

bool
encr_counts_iv(uint16_t encr_id)
{
    const struct cipher *c = cipher_of(encr_id);

    return c && c->counts_iv;
}

bool
integ_icv_len(uint16_t integ_id, uint8_t *out)
{
    static const uint8_t lengths[] = {
        [INTEG_HMAC_MD5_96] = 12,
        [INTEG_HMAC_SHA1_96] = 12,
        [INTEG_AES_XCBC_96] = 12,
        [INTEG_HMAC_MD5_128] = 16,
        [INTEG_HMAC_SHA1_160] = 20,
        [INTEG_AES_CMAC_96] = 12,
        [INTEG_AES_128_GMAC] = 16,
        [INTEG_AES_192_GMAC] = 16,
        [INTEG_AES_256_GMAC] = 16,
        [INTEG_HMAC_SHA2_256_128] = 16,
        [INTEG_HMAC_SHA2_384_192] = 24,
        [INTEG_HMAC_SHA2_512_256] = 32,
    };

    if (integ_id == INTEG_HMAC_RIPEMD_160_96) {
        *out = 12;
        return true;
    }
    if (integ_id >= G_N_ELEMENTS(lengths) || (integ_id != INTEG_NONE && !lengths[integ_id])) {
        return false;
    }
    *out = lengths[integ_id];
    return true;
}

bool
ke_is_ml_kem(uint16_t group)
{
    return group >= KE_ML_KEM_512 && group <= KE_ML_KEM_1024;
}

/* RFC 2409 section 6, 3526, 5114, 5903, 6954, 8031; FIPS 203 for ML-KEM, whose two sides differ. */
bool
ke_length(uint16_t group, bool initiator, uint16_t *octets)
{
    static const uint16_t lengths[] = {
        [KE_MODP_768] = 96,
        [KE_MODP_1024] = 128,
        [KE_MODP_1536] = 192,
        [KE_MODP_2048] = 256,
        [KE_MODP_3072] = 384,
        [KE_MODP_4096] = 512,
        [KE_MODP_6144] = 768,
        [KE_MODP_8192] = 1024,
        [KE_ECP_256] = 64,
        [KE_ECP_384] = 96,
        [KE_ECP_521] = 132,
        [KE_MODP_1024_160] = 128,
        [KE_MODP_2048_224] = 256,
        [KE_MODP_2048_256] = 256,
        [KE_ECP_192] = 48,
        [KE_ECP_224] = 56,
        [KE_ECP_224_BP] = 56,
        [KE_ECP_256_BP] = 64,
        [KE_ECP_384_BP] = 96,
        [KE_ECP_512_BP] = 128,
        [KE_CURVE_25519] = 32,
        [KE_CURVE_448] = 56,
        [KE_GOST3410_2012_256] = 64,
        [KE_GOST3410_2012_512] = 128,
        [KE_ML_KEM_512] = 800,
        [KE_ML_KEM_768] = 1184,
        [KE_ML_KEM_1024] = 1568,
    };
    static const uint16_t answers[] = { 768, 1088, 1568 };

    if (group >= G_N_ELEMENTS(lengths) || !lengths[group]) {
        return false;
    }
    *octets = ke_is_ml_kem(group) && !initiator ? answers[group - KE_ML_KEM_512] : lengths[group];
    return true;
}
