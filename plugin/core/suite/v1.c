/* v1.c - IKEv1 numbers in the words of IKEv2 (RFC 2409 appendix A, RFC 2407 sections 4.4 and 4.5,
 * IANA's ipsec-registry).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "v1.h"

#include <espial/suite.h>

#include <glib.h>

enum { NOT_MAPPED = 0xffff, LAST_OF_PHASE2 = 255 };

static uint16_t
mapped(const uint16_t *map, size_t n, uint16_t value, unsigned mark)
{
    if (value < n && map[value] != NOT_MAPPED) {
        return map[value];
    }
    return (uint16_t)(value | (value > LAST_OF_PHASE2 ? V1_UNNAMED : mark));
}

struct transform
v1_phase1_encr(uint16_t alg, uint16_t key_bits)
{
    /* RFC 2409 appendix A, RFC 4312 */
    static const uint16_t map[] = {
        NOT_MAPPED, ENCR_DES_CBC, ENCR_IDEA_CBC, ENCR_BLOWFISH_CBC, ENCR_RC5_CBC, ENCR_3DES_CBC,
        ENCR_CAST_CBC, ENCR_AES_CBC, ENCR_CAMELLIA_CBC
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), alg, V1_UNNAMED);

    return (struct transform){ TRANSFORM_ENCR, id, key_bits };
}

struct transform
v1_phase1_integ(uint16_t hash)
{
    static const uint16_t map[] = {
        NOT_MAPPED, INTEG_HMAC_MD5_96, INTEG_HMAC_SHA1_96, INTEG_HMAC_TIGER,
        INTEG_HMAC_SHA2_256_128, INTEG_HMAC_SHA2_384_192, INTEG_HMAC_SHA2_512_256
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), hash, V1_UNNAMED);

    return (struct transform){ TRANSFORM_INTEG, id, 0 };
}

struct transform
v1_phase1_prf(uint16_t hash)
{
    static const uint16_t map[] = {
        NOT_MAPPED, PRF_HMAC_MD5, PRF_HMAC_SHA1, PRF_HMAC_TIGER, PRF_HMAC_SHA2_256,
        PRF_HMAC_SHA2_384, PRF_HMAC_SHA2_512
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), hash, V1_UNNAMED);

    return (struct transform){ TRANSFORM_PRF, id, 0 };
}

struct transform
v1_group(uint16_t group)
{
    /* Curves over GF[2^n] (RFC 2409 section 6.3), reserved in IKEv2. */
    bool curve = (group | TRANSFORM_V1_ONLY) == KE_EC2N_155 ||
                 (group | TRANSFORM_V1_ONLY) == KE_EC2N_185;
    unsigned mark = group & TRANSFORM_V1_ONLY ? V1_UNNAMED : curve ? TRANSFORM_V1_ONLY : 0u;

    return (struct transform){ TRANSFORM_KE, (uint16_t)(group | mark), 0 };
}

struct transform
v1_esp_encr(uint8_t transform_id, uint16_t key_bits)
{
    /* 10 (RC4) and 21 (SEED) are IKEv1's alone; 22 and 23 mean other ciphers there. */
    static const uint16_t map[] = {
        NOT_MAPPED, ENCR_DES_IV64, ENCR_DES_CBC, ENCR_3DES_CBC, ENCR_RC5_CBC, ENCR_IDEA_CBC,
        ENCR_CAST_CBC, ENCR_BLOWFISH_CBC, ENCR_3IDEA, ENCR_DES_IV32, NOT_MAPPED, ENCR_NULL,
        ENCR_AES_CBC, ENCR_AES_CTR, ENCR_AES_CCM_8, ENCR_AES_CCM_12, ENCR_AES_CCM_16, NOT_MAPPED,
        ENCR_AES_GCM_8, ENCR_AES_GCM_12, ENCR_AES_GCM_16, NOT_MAPPED, ENCR_CAMELLIA_CBC,
        ENCR_NULL_AES_GMAC
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), transform_id, TRANSFORM_V1_ONLY);

    return (struct transform){ TRANSFORM_ENCR, id, key_bits };
}

struct transform
v1_esp_integ(uint16_t auth_alg)
{
    static const uint16_t map[] = {
        INTEG_NONE, INTEG_HMAC_MD5_96, INTEG_HMAC_SHA1_96, INTEG_DES_MAC, INTEG_KPDK_MD5,
        INTEG_HMAC_SHA2_256_128, INTEG_HMAC_SHA2_384_192, INTEG_HMAC_SHA2_512_256, NOT_MAPPED,
        INTEG_AES_XCBC_96, NOT_MAPPED, INTEG_AES_128_GMAC, INTEG_AES_192_GMAC, INTEG_AES_256_GMAC
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), auth_alg, TRANSFORM_V1_ONLY);

    return (struct transform){ TRANSFORM_INTEG, id, 0 };
}

struct transform
v1_ah_integ(uint8_t transform_id, uint16_t auth_alg)
{
    static const uint16_t map[] = {
        NOT_MAPPED, NOT_MAPPED, INTEG_HMAC_MD5_96, INTEG_HMAC_SHA1_96, INTEG_DES_MAC,
        INTEG_HMAC_SHA2_256_128, INTEG_HMAC_SHA2_384_192, INTEG_HMAC_SHA2_512_256, NOT_MAPPED,
        INTEG_AES_XCBC_96, NOT_MAPPED, INTEG_AES_128_GMAC, INTEG_AES_192_GMAC, INTEG_AES_256_GMAC
    };
    uint16_t id = mapped(map, G_N_ELEMENTS(map), transform_id, TRANSFORM_V1_ONLY);

    if (auth_alg) {
        return v1_esp_integ(auth_alg);
    }
    return (struct transform){ TRANSFORM_INTEG, id, 0 };
}
