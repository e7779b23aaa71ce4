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
    { TRANSFORM_ENCR, 1, REQ_NONE, REQ_MUST_NOT },              /* DES_IV64 */
    { TRANSFORM_ENCR, 2, REQ_MUST_NOT, REQ_MUST_NOT },          /* DES_CBC */
    { TRANSFORM_ENCR, 3, REQ_NONE, REQ_SHOULD_NOT },            /* 3DES_CBC: MAY in IKE */
    { TRANSFORM_ENCR, 7, REQ_NONE, REQ_MUST_NOT },              /* BLOWFISH_CBC */
    { TRANSFORM_ENCR, 8, REQ_NONE, REQ_MUST_NOT },              /* 3IDEA */
    { TRANSFORM_ENCR, 9, REQ_NONE, REQ_MUST_NOT },              /* DES_IV32 */
    { TRANSFORM_ENCR, 11, REQ_MUST_NOT, REQ_NONE },             /* NULL */
    { TRANSFORM_PRF, 1, REQ_MUST_NOT, REQ_NONE },               /* PRF_HMAC_MD5 */
    { TRANSFORM_INTEG, 1, REQ_MUST_NOT, REQ_MUST_NOT },         /* HMAC_MD5_96 */
    { TRANSFORM_INTEG, 3, REQ_MUST_NOT, REQ_MUST_NOT },         /* DES_MAC */
    { TRANSFORM_INTEG, 4, REQ_MUST_NOT, REQ_MUST_NOT },         /* KPDK_MD5 */
    { TRANSFORM_KE, 1, REQ_MUST_NOT, REQ_MUST_NOT },            /* MODP_768 */
    { TRANSFORM_KE, 2, REQ_SHOULD_NOT, REQ_SHOULD_NOT },        /* MODP_1024 */
    { TRANSFORM_KE, 5, REQ_SHOULD_NOT, REQ_SHOULD_NOT },        /* MODP_1536 */
    { TRANSFORM_KE, 22, REQ_MUST_NOT, REQ_MUST_NOT },           /* MODP_1024_160 */
    { TRANSFORM_KE, 23, REQ_SHOULD_NOT, REQ_SHOULD_NOT },       /* MODP_2048_224 */
    { TRANSFORM_KE, 24, REQ_SHOULD_NOT, REQ_SHOULD_NOT },       /* MODP_2048_256 */
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

/* Octets of a public value (RFC 2409 section 6, 3526, 5114, 5903, 6954, 8031; FIPS 203 for
 * ML-KEM, whose two sides differ). */
bool
ke_length(uint16_t group, bool initiator, uint16_t *octets)
{
    static const uint16_t lengths[] = {
        [1] = 96, [2] = 128, [5] = 192, [14] = 256, [15] = 384, [16] = 512, [17] = 768, [18] = 1024, [19] = 64, [20] = 96,
        [21] = 132, [22] = 128, [23] = 256, [24] = 256, [25] = 48, [26] = 56, [27] = 56, [28] = 64, [29] = 96, [30] = 128,
        [31] = 32, [32] = 56, [33] = 64, [34] = 128, [35] = 800, [36] = 1184, [37] = 1568,
    };
    static const uint16_t answers[] = { 768, 1088, 1568 };

    if (group >= sizeof lengths / sizeof *lengths || !lengths[group]) {
        return false;
    }
    *octets = group >= 35 && !initiator ? answers[group - 35] : lengths[group];
    return true;
}
