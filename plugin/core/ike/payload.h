/* payload.h - between the parser's files.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_IKE_INTERNAL_H
#define ESPIAL_IKE_INTERNAL_H

#include <espial/cursor.h>
#include <espial/ike.h>

/* Reads one payload's body into m.  *where is the octet that is wrong, on error. */
typedef enum ike_error payload_fn(struct ike_message *m, struct cur body, bool inner, const uint8_t **where);

payload_fn *v1_payload(uint8_t type);       /* NULL: a payload without structure here */
payload_fn *v2_payload(uint8_t type);

struct proposal *ike_add_proposal(struct ike_message *m);
void ike_add_transform(struct ike_message *m, struct proposal *p, struct transform t);
/* One data attribute (RFC 2408 section 3.3): *type without the AF bit. */
bool ike_take_attribute(struct cur *c, uint16_t *type, struct span *value);
uint32_t ike_number(const struct span *value);      /* big-endian, clamped to UINT32_MAX */
enum ike_error ike_read_cfg(struct ike_message *m, struct cur *body, const uint8_t **where);
struct span ike_rest(const struct cur *c);

/* What both versions write alike; in IKEv1 a notify and a delete have a DOI before it. */
payload_fn ike_read_nonce, ike_read_notify, ike_read_delete, ike_read_vendor;

#endif
