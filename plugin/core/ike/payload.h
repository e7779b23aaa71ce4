/* payload.h - what the files that read payloads ask of each other.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_IKE_PAYLOAD_H
#define ESPIAL_IKE_PAYLOAD_H

#include <espial/cursor.h>
#include <espial/ike.h>

/* A payload under way: what it says goes into m. */
struct reading {
    struct ike_message *m;
    bool inner;                 /* it was inside the encryption */
    const uint8_t *where;       /* the octet of the part being read: what is wrong, on error */
};

/* Reads a payload's body. */
typedef enum ike_error payload_fn(struct reading *r, struct cur body);

/* The reader of a type of payload; NULL where its body has no structure here. */
payload_fn *v1_payload(uint8_t type);
payload_fn *v2_payload(uint8_t type);

/* The registry of the version has the type, or it is 0, the end of a chain. */
bool ike_payload_known(uint8_t major, uint8_t type);

/* These set capped where a limit of limits.h is reached. */
struct proposal *ike_add_proposal(struct ike_message *m);       /* empty; NULL at the limit */
void ike_add_transform(struct ike_message *m, struct proposal *p, struct transform t);
void ike_add_cfg(struct ike_message *m, const struct ike_cfg_attr *a);
/* Of an attribute's first 16 bits; IKEv2's Configuration attributes reserve the upper one. */
enum attribute_bits { ATTRIBUTE_FORMAT = 0x8000, ATTRIBUTE_TYPE = 0x7fff };

/* One data attribute (RFC 2408 section 3.3, RFC 7296 section 3.3.5): *type without the AF bit.
 * False, and nothing read, where it runs past c. */
bool ike_take_attribute(struct cur *c, uint16_t *type, struct span *value);
/* The head of a Proposal payload up to its SPI (RFC 2408 section 3.5, RFC 7296 section 3.3.1): c
 * passes the whole payload, and body is at the SPI.  num is the number of its transforms.  An
 * error leaves c where it was. */
enum ike_error ike_take_proposal(struct reading *r, struct cur *c, struct proposal *head,
                                 uint8_t *num, struct cur *body);
uint32_t ike_number(const struct span *value);      /* big-endian, at most UINT32_MAX */
struct span ike_rest(const struct cur *c);

/* What both versions write alike; in IKEv1 a notify and a delete have a DOI before it. */
payload_fn ike_read_nonce, ike_read_notify, ike_read_delete, ike_read_vendor;

#endif
