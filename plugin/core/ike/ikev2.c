/* ikev2.c - payloads of IKEv2 (RFC 7296 section 3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <string.h>

static enum ike_error
read_transforms(struct reading *r, struct proposal *p, unsigned stated, struct cur *c)
{
    unsigned read = 0;

    while (cur_left(c)) {
        struct cur at = *c, body;
        struct transform t = { 0 };
        uint8_t last, reserved, more;
        uint16_t len;

        r->where = c->at;
        if (!cur_u8(&at, &last) || !cur_u8(&at, &reserved) || !cur_u16(&at, &len) ||
            len < TRANSFORM_HEADER || !cur_sub(&at, &body, len - 4u) ||
            !cur_u8(&body, &t.type) || !cur_u8(&body, &more) || !cur_u16(&body, &t.id)) {
            return IKE_ERR_TRANSFORM_OVERRUN;
        }
        while (cur_left(&body)) {
            struct span value;
            uint16_t type;
            r->where = body.at;
            if (!ike_take_attribute(&body, &type, &value)) {
                return IKE_ERR_ATTRIBUTE_OVERRUN;
            }
            if (type == ATTR_KEY_LENGTH) {
                t.key_bits = (uint16_t)MIN(ike_number(&value), UINT16_MAX);
            }
        }
        if (p) {
            ike_add_transform(r->m, p, t);
        }
        read++;
        *c = at;
    }
    return read == stated ? IKE_OK : IKE_ERR_TRANSFORM_COUNT;
}

static enum ike_error
read_sa(struct reading *r, struct cur c)
{
    r->m->sa_count++;
    while (cur_left(&c)) {
        struct proposal *p, head;
        struct cur body;
        uint8_t num;
        enum ike_error e = ike_take_proposal(r, &c, &head, &num, &body);

        if (e == IKE_OK && (head.spi_len > sizeof head.spi ||
                            !cur_copy(&body, head.spi, head.spi_len))) {
            e = IKE_ERR_PROPOSAL_LENGTH;
        }
        if (e != IKE_OK) {
            return e;
        }
        p = ike_add_proposal(r->m);
        if (p) {
            head.transforms = p->transforms;
            *p = head;
        }
        e = read_transforms(r, p, num, &body);
        if (e != IKE_OK) {
            return e;
        }
    }
    return IKE_OK;
}

static enum ike_error
read_ke(struct reading *r, struct cur c)
{
    uint16_t group;

    if (!cur_u16(&c, &group) || !cur_skip(&c, 2)) {
        return IKE_ERR_KE;
    }
    r->m->ke_group = group;
    r->m->has_ke = true;
    r->m->ke = ike_rest(&c);
    return IKE_OK;
}

static enum ike_error
read_id(struct reading *r, struct cur c, struct ike_id *out)
{
    struct ike_id id = { .present = true, .inner = r->inner };

    if (!cur_u8(&c, &id.type) || !cur_skip(&c, 3)) {
        return IKE_ERR_ID;
    }
    id.data = ike_rest(&c);
    *out = id;
    return IKE_OK;
}

static enum ike_error
read_id_i(struct reading *r, struct cur c)
{
    return read_id(r, c, &r->m->id_i);
}

static enum ike_error
read_id_r(struct reading *r, struct cur c)
{
    return read_id(r, c, &r->m->id_r);
}

static enum ike_error
read_auth(struct reading *r, struct cur c)
{
    uint8_t method;

    if (!cur_u8(&c, &method) || !cur_skip(&c, 3)) {
        return IKE_ERR_AUTH;
    }
    r->m->has_auth = true;
    r->m->auth_method = method;
    return IKE_OK;
}

static enum ike_error
read_selectors(struct reading *r, struct cur c, struct selector *out, size_t *num)
{
    uint8_t stated;
    unsigned read = 0;

    if (!cur_u8(&c, &stated) || !cur_skip(&c, 3)) {
        return IKE_ERR_SELECTOR;
    }
    r->m->has_ts = true;
    while (cur_left(&c)) {
        struct cur at = c, body;
        struct selector s;
        uint8_t type, bytes[32];
        uint16_t len;
        size_t addr;

        memset(&s, 0, sizeof s);
        r->where = c.at;
        if (!cur_u8(&at, &type) || !cur_u8(&at, &s.protocol) || !cur_u16(&at, &len) || len < 4 ||
            !cur_sub(&at, &body, len - 4u)) {
            return IKE_ERR_SELECTOR;
        }
        read++;
        addr = type == TS_IPV4_ADDR_RANGE ? 4 : type == TS_IPV6_ADDR_RANGE ? 16 : 0;
        if (addr) {
            if (!cur_u16(&body, &s.port_lo) || !cur_u16(&body, &s.port_hi) ||
                !cur_copy(&body, bytes, 2 * addr) || cur_left(&body)) {
                return IKE_ERR_SELECTOR;
            }
            s.lo = ip_from(type == TS_IPV4_ADDR_RANGE ? 4 : 6, bytes);
            s.hi = ip_from(type == TS_IPV4_ADDR_RANGE ? 4 : 6, bytes + addr);
            if (*num < IKE_MAX_SELECTORS) {
                out[(*num)++] = s;
            } else {
                r->m->capped = true;
            }
        }
        c = at;
    }
    return read == stated ? IKE_OK : IKE_ERR_SELECTOR;
}

static enum ike_error
read_ts_i(struct reading *r, struct cur c)
{
    return read_selectors(r, c, r->m->ts_i, &r->m->num_ts_i);
}

static enum ike_error
read_ts_r(struct reading *r, struct cur c)
{
    return read_selectors(r, c, r->m->ts_r, &r->m->num_ts_r);
}

static enum ike_error
read_configuration(struct reading *r, struct cur c)
{
    uint8_t cfg_type;

    if (!cur_u8(&c, &cfg_type) || !cur_skip(&c, 3)) {
        return IKE_ERR_CONFIGURATION;
    }
    r->m->cfg_type = cfg_type;
    /* IKEv2 attributes have no short form: the top bit is reserved (RFC 7296 section 3.15.1). */
    while (cur_left(&c)) {
        struct ike_cfg_attr a;
        struct cur value;
        uint16_t len;
        r->where = c.at;
        if (!cur_u16(&c, &a.type) || !cur_u16(&c, &len) || !cur_sub(&c, &value, len)) {
            return IKE_ERR_CONFIGURATION;
        }
        a.type &= ATTRIBUTE_TYPE;
        a.value = ike_rest(&value);
        ike_add_cfg(r->m, &a);
    }
    return IKE_OK;
}

static enum ike_error
read_eap(struct reading *r, struct cur c)
{
    size_t whole = cur_left(&c);
    uint8_t code, id, type = 0;
    uint16_t len;

    if (!cur_u8(&c, &code) || !cur_u8(&c, &id) || !cur_u16(&c, &len) || len < EAP_HEADER ||
        len > whole || (len > EAP_HEADER && !cur_u8(&c, &type))) {
        return IKE_ERR_EAP;
    }
    r->m->eap_code = code;
    r->m->eap_type = type;
    if (len > EAP_HEADER) {
        r->m->eap_data = (struct span){ c.at, len - EAP_HEADER - 1u };
    }
    return IKE_OK;
}

payload_fn *
v2_payload(uint8_t type)
{
    static payload_fn *const table[] = {
        [V2P_SA] = read_sa, [V2P_KE] = read_ke, [V2P_IDI] = read_id_i, [V2P_IDR] = read_id_r,
        [V2P_AUTH] = read_auth, [V2P_NONCE] = ike_read_nonce, [V2P_NOTIFY] = ike_read_notify,
        [V2P_DELETE] = ike_read_delete, [V2P_VENDOR] = ike_read_vendor, [V2P_TSI] = read_ts_i,
        [V2P_TSR] = read_ts_r, [V2P_CP] = read_configuration, [V2P_EAP] = read_eap,
    };

    return type < G_N_ELEMENTS(table) ? table[type] : NULL;
}
