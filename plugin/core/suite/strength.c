/* strength.c - what the RFCs say of algorithms (RFC 8221 sections 5 and 6 for ESP and AH, RFC
 * 8247 section 2 for IKE): one table of what must or should not be used.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/suite.h>

struct level {
    uint8_t type;
    uint16_t id;
    enum requirement ike, ipsec;
};

static const struct level table[] = {
    { TRANSFORM_ENCR, ENCR_DES_IV64, REQ_NONE, REQ_MUST_NOT },
    { TRANSFORM_ENCR, ENCR_DES_CBC, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_ENCR, ENCR_3DES_CBC, REQ_NONE, REQ_SHOULD_NOT },   /* MAY in IKE */
    { TRANSFORM_ENCR, ENCR_BLOWFISH_CBC, REQ_NONE, REQ_MUST_NOT },
    { TRANSFORM_ENCR, ENCR_3IDEA, REQ_NONE, REQ_MUST_NOT },
    { TRANSFORM_ENCR, ENCR_DES_IV32, REQ_NONE, REQ_MUST_NOT },
    { TRANSFORM_ENCR, ENCR_NULL, REQ_MUST_NOT, REQ_NONE },
    { TRANSFORM_PRF, PRF_HMAC_MD5, REQ_MUST_NOT, REQ_NONE },
    { TRANSFORM_INTEG, INTEG_HMAC_MD5_96, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_INTEG, INTEG_DES_MAC, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_INTEG, INTEG_KPDK_MD5, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_KE, KE_MODP_768, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_KE, KE_MODP_1024, REQ_SHOULD_NOT, REQ_SHOULD_NOT },
    { TRANSFORM_KE, KE_MODP_1536, REQ_SHOULD_NOT, REQ_SHOULD_NOT },
    { TRANSFORM_KE, KE_MODP_1024_160, REQ_MUST_NOT, REQ_MUST_NOT },
    { TRANSFORM_KE, KE_MODP_2048_224, REQ_SHOULD_NOT, REQ_SHOULD_NOT },
    { TRANSFORM_KE, KE_MODP_2048_256, REQ_SHOULD_NOT, REQ_SHOULD_NOT },
};

enum requirement
transform_requirement(uint8_t protocol, const struct transform *t)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].type == t->type && table[i].id == t->id) {
            return protocol == PROTO_IKE ? table[i].ike : table[i].ipsec;
        }
    }
    return REQ_NONE;
}
