/* suite.h - transforms, proposals and their names, IKEv1 mapped to the words of
 * IKEv2 (RFC 7296 section 3.3, RFC 2407 section 4.4-4.5, RFC 2409 appendix A).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SUITE_H
#define ESPIAL_SUITE_H

#include <espial/names.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum protocol_id { PROTO_IKE = 1, PROTO_AH = 2, PROTO_ESP = 3, PROTO_IPCOMP = 4 };

enum transform_type {           /* RFC 7296 section 3.3.2, RFC 9370 */
    TRANSFORM_ENCR = 1, TRANSFORM_PRF = 2, TRANSFORM_INTEG = 3, TRANSFORM_KE = 4,
    TRANSFORM_ESN = 5, TRANSFORM_ADDKE1 = 6, TRANSFORM_ADDKE7 = 12
};

struct transform {
    uint8_t type;               /* enum transform_type */
    uint16_t id;                /* of IKEv2's registry, also for IKEv1; or TRANSFORM_V1_ONLY | n */
    uint16_t key_bits;          /* Key Length attribute, 0 where absent */
};

/* An IKEv1 algorithm that the IKEv2 registry does not hold keeps its IKEv1
 * number above this bit, so that it is never taken for another. */
#define TRANSFORM_V1_ONLY 0x8000u

/* What IKEv1 negotiates beside transforms; 0 where absent. */
struct v1_attributes {
    uint16_t auth_method;       /* phase 1: AUTH1_PSK .. */
    uint16_t mode;              /* quick mode: MODE_TUNNEL .. */
    uint32_t life_s, life_kb;   /* seconds, kilobytes */
    uint16_t auth_alg;          /* raw quick mode authentication algorithm */
    uint32_t others;            /* number of attributes that Espial does not name */
};

/* One alternative: an IKEv2 proposal (transforms of one type are choices) or one
 * IKEv1 transform payload of a proposal. */
struct proposal {
    uint8_t number;             /* of the proposal; IKEv1 proposals with equal number are ANDed */
    uint8_t v1_transform;       /* IKEv1 transform number, 0 for IKEv2 */
    uint8_t protocol;           /* enum protocol_id */
    uint8_t spi_len;            /* 0, 4 or 8 */
    uint8_t spi[8];
    bool v1;
    struct v1_attributes attr;
    uint16_t num_transforms;
    const struct transform *transforms;     /* borrowed; as on the wire, of IKEv1 by type */
};

/* Writes a name in swanctl's spelling, "AES_CBC_256", "MODP_2048", "KE1_ML_KEM_768", into out,
 * which holds size octets; an unknown one is "ENCR_99".  Returns out. */
char *transform_print(const struct transform *t, char *out, size_t size);
/* "ENCR", "PRF", "INTEG", "DH", "ESN", "KE1" ..: a constant, never NULL. */
const char *transform_type_name(uint8_t type);
/* Writes IKE:AES_CBC_256/HMAC_SHA2_256_128/PRF_HMAC_SHA2_256/MODP_2048 into out, which holds size
 * octets, and returns out.  The order is ENCR, INTEG, PRF, DH, additional KE, ESN, whatever it is
 * on the wire; NONE is left out, ".." is for those that do not fit. */
char *proposal_print(const struct proposal *p, char *out, size_t size);

/* What RFC 8247 (IKE) and RFC 8221 (ESP, AH) say against a transform. */
enum requirement { REQ_NONE, REQ_SHOULD_NOT, REQ_MUST_NOT };
/* protocol is PROTO_IKE, or ESP and AH alike. */
enum requirement transform_requirement(uint8_t protocol, const struct transform *t);
/* Octets of the KE payload's data, which differ between the sides for ML-KEM; false, and *octets
 * unchanged, for groups that are not known. */
bool ke_length(uint16_t group, bool initiator, uint16_t *octets);

/* The proposal has this very transform, key length included. */
bool suite_has(const struct proposal *p, const struct transform *t);
/* Bit t is set: p holds a transform of type t that is not NONE. */
unsigned suite_type_mask(const struct proposal *p);
/* chosen is one of the proposal's alternatives: exactly one of each of its types, and for
 * IKEv1 the same authentication method and mode (RFC 7296 section 2.7, RFC 2409 section 5). */
bool suite_chosen_from(const struct proposal *chosen, const struct proposal *offered);
/* Bit t is set: no transform of type t is in both.  Types that only one side
 * holds count as unmet, integrity beside an AEAD cipher excepted. */
unsigned suite_unmet(const struct proposal *offered, const struct proposal *known);

/* The encapsulation mode of a quick mode is transport (RFC 2407 section 4.5), in UDP or not. */
bool v1_is_transport(uint16_t mode);
/* True for the notify types that report errors: RFC 2408 section 3.14.1 (1 to 8191), RFC 7296
 * section 3.10.1 (1 to 16383). */
bool notify_is_error(uint8_t major, uint16_t type);

/* Names as people know them, written into out, which holds size octets; out is returned.  A
 * number without a row is shown as a number.  major is the version of IKE, 1 or 2. */

/* "IKE_SA_INIT", "Quick Mode" (RFC 7296 section 3.1, RFC 2409 section 5), "exchange 99". */
char *exchange_name(uint8_t major, uint8_t exchange, char *out, size_t size);
/* "NO_PROPOSAL_CHOSEN" (RFC 7296 section 3.10.1, RFC 2408 section 3.14.1), "notify 99". */
char *notify_name(uint8_t major, uint16_t type, char *out, size_t size);
/* "SA", "TSi", "NAT-D" (RFC 7296 section 3.2, RFC 2408 section 3.1), "payload 99". */
char *payload_name(uint8_t major, uint8_t type, char *out, size_t size);
/* "EAP-MSCHAPv2", "EAP type 99". */
char *eap_type_name(uint8_t type, char *out, size_t size);
/* "pre-shared key", "RSA signature" (RFC 7296 section 3.8, RFC 2409 appendix A),
 * "authentication method 99". */
char *auth_method_name(uint8_t major, uint16_t method, char *out, size_t size);
/* "UDP-encapsulated tunnel" (RFC 2407 section 4.5, RFC 3947 section 5.1), "encapsulation mode
 * 9". */
char *encap_mode_name(uint16_t mode, char *out, size_t size);
/* "tcp", "ipv6-icmp", else the number alone. */
char *ip_protocol_name(uint8_t protocol, char *out, size_t size);
/* What an ICMP error says: "port unreachable", else its type and code. */
char *icmp_print(bool v6, uint8_t type, uint8_t code, char *out, size_t size);

/* IKEv1 numbers to transforms of the IKEv2 registry. */
struct transform v1_phase1_encr(uint16_t alg, uint16_t key_bits);   /* RFC 2409 appendix A */
struct transform v1_phase1_integ(uint16_t hash);    /* as integrity, as strongSwan prints it */
struct transform v1_phase1_prf(uint16_t hash);
struct transform v1_group(uint16_t group);
/* RFC 2407 section 4.4.4 */
struct transform v1_esp_encr(uint8_t transform_id, uint16_t key_bits);
struct transform v1_esp_integ(uint16_t auth_alg);                   /* RFC 2407 section 4.5 */
struct transform v1_ah_integ(uint8_t transform_id, uint16_t auth_alg);

/* A name of swanctl's spelling ("AES_CBC_256", "MODP_2048") back to its
 * transform; false where no registry here holds it.  For the plan. */
bool transform_parse(struct transform *out, const char *name);

/* AEAD ciphers bring their own integrity (RFC 5282, RFC 4106). */
bool encr_is_aead(uint16_t encr_id);
/* Lengths that a cipher gives to ESP (RFC 4303 section 2.4); false where they are not known:
 * then nothing may be concluded from lengths. */
struct encr_geometry { uint8_t iv, block, icv; };       /* octets; icv 0 unless AEAD */
bool encr_geometry(uint16_t encr_id, struct encr_geometry *out);
/* The cipher leaves the payload readable: NULL or GMAC (RFC 2410, RFC 4543). */
bool encr_is_null(uint16_t encr_id);
/* A counter mode whose packets carry the counter's start as an explicit IV, which must never
 * come twice (RFC 3686, 4106, 4309, 4543, 5529, 7634). */
bool encr_counts_iv(uint16_t encr_id);
/* The group is ML-KEM (FIPS 203), a post-quantum key exchange. */
bool ke_is_ml_kem(uint16_t group);
/* Octets of the ICV, 0 of INTEG_NONE; false, and *out unchanged, where they are not known. */
bool integ_icv_len(uint16_t integ_id, uint8_t *out);

#endif
