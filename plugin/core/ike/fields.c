/* fields.c - what the payloads of both versions have alike (RFC 2408 section 3, RFC 7296
 * section 3).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <string.h>

struct span
ike_rest(const struct cur *c)
{
    return (struct span){ c->at, cur_left(c) };
}

uint32_t
ike_number(const struct span *value)
{
    uint64_t n = 0;

    for (size_t i = 0; i < value->len; i++) {
        n = n << 8 | value->at[i];
        if (n > UINT32_MAX) {
            return UINT32_MAX;
        }
    }
    return (uint32_t)n;
}

bool
ike_take_attribute(struct cur *c, uint16_t *type, struct span *value)
{
    struct cur at = *c, body;
    uint16_t head, len;

    if (!cur_u16(&at, &head)) {
        return false;
    }
    if (head & ATTRIBUTE_FORMAT) {
        if (!cur_sub(&at, &body, 2)) {
            return false;
        }
    } else if (!cur_u16(&at, &len) || !cur_sub(&at, &body, len)) {
        return false;
    }
    *type = head & ATTRIBUTE_TYPE;
    *value = ike_rest(&body);
    *c = at;
    return true;
}

enum ike_error
ike_take_proposal(struct reading *r, struct cur *c, struct proposal *head, uint8_t *num,
                  struct cur *body)
{
    struct cur at = *c;
    uint8_t next, reserved;
    uint16_t len;

    memset(head, 0, sizeof *head);
    r->where = c->at;
    if (!cur_u8(&at, &next) || !cur_u8(&at, &reserved) || !cur_u16(&at, &len)) {
        return IKE_ERR_PROPOSAL_OVERRUN;
    }
    if (len < PROPOSAL_HEADER) {
        return IKE_ERR_PROPOSAL_LENGTH;
    }
    if (!cur_sub(&at, body, len - 4u)) {
        return IKE_ERR_PROPOSAL_OVERRUN;
    }
    if (!cur_u8(body, &head->number) || !cur_u8(body, &head->protocol) ||
        !cur_u8(body, &head->spi_len) || !cur_u8(body, num)) {
        return IKE_ERR_PROPOSAL_LENGTH;
    }
    *c = at;
    return IKE_OK;
}

struct proposal *
ike_add_proposal(struct ike_message *m)
{
    struct proposal *p;

    if (m->num_proposals >= IKE_MAX_PROPOSALS) {
        m->capped = true;
        return NULL;
    }
    p = &m->proposals[m->num_proposals++];
    memset(p, 0, sizeof *p);
    p->transforms = &m->transforms[m->num_transforms];
    return p;
}

void
ike_add_transform(struct ike_message *m, struct proposal *p, struct transform t)
{
    if (m->num_transforms >= IKE_MAX_TRANSFORMS) {
        m->capped = true;
        return;
    }
    m->transforms[m->num_transforms++] = t;
    p->num_transforms++;
}

void
ike_add_cfg(struct ike_message *m, const struct ike_cfg_attr *a)
{
    if (m->num_cfg < IKE_MAX_CFG_ATTRS) {
        m->cfg[m->num_cfg++] = *a;
    } else {
        m->capped = true;
    }
}

enum ike_error
ike_read_nonce(struct reading *r, struct cur c)
{
    r->m->nonce = ike_rest(&c);
    return IKE_OK;
}

enum ike_error
ike_read_notify(struct reading *r, struct cur c)
{
    struct ike_message *m = r->m;
    struct ike_notify n = { .inner = r->inner };
    struct cur spi;
    uint8_t spi_len;

    if (!cur_u8(&c, &n.protocol) || !cur_u8(&c, &spi_len) || !cur_u16(&c, &n.type) ||
        !cur_sub(&c, &spi, spi_len)) {
        return IKE_ERR_NOTIFY;
    }
    n.spi = ike_rest(&spi);
    n.data = ike_rest(&c);
    if (m->num_notifies < IKE_MAX_NOTIFIES) {
        m->notifies[m->num_notifies++] = n;
    } else {
        m->capped = true;
    }
    return IKE_OK;
}

enum ike_error
ike_read_delete(struct reading *r, struct cur c)
{
    struct ike_message *m = r->m;
    struct ike_delete d = { .inner = r->inner };
    struct cur spis;

    if (!cur_u8(&c, &d.protocol) || !cur_u8(&c, &d.spi_len) || !cur_u16(&c, &d.num_spis) ||
        !cur_sub(&c, &spis, (size_t)d.num_spis * d.spi_len)) {
        return IKE_ERR_DELETE;
    }
    d.spis = ike_rest(&spis);
    if (m->num_deletes < IKE_MAX_DELETES) {
        m->deletes[m->num_deletes++] = d;
    } else {
        m->capped = true;
    }
    return IKE_OK;
}

enum ike_error
ike_read_vendor(struct reading *r, struct cur c)
{
    struct ike_message *m = r->m;

    if (m->num_vendors < IKE_MAX_VENDORS) {
        m->vendors[m->num_vendors++] = ike_rest(&c);
    } else {
        m->capped = true;
    }
    return IKE_OK;
}
