/* ikev2.c - payloads of IKEv2 (RFC 7296 section 3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <string.h>

static enum ike_error
read_transforms(struct ike_message *m, struct proposal *p, unsigned stated, struct cur *c, const uint8_t **where)
{
    unsigned read = 0;

    while (cur_left(c)) {
        struct cur at = *c, body;
        struct transform t = { 0 };
        uint8_t last, reserved, more;
        uint16_t len;

        *where = c->at;
        if (!cur_u8(&at, &last) || !cur_u8(&at, &reserved) || !cur_u16(&at, &len) || len < TRANSFORM_HEADER ||
            !cur_sub(&at, &body, len - 4u) || !cur_u8(&body, &t.type) || !cur_u8(&body, &more) || !cur_u16(&body, &t.id)) {
            return IKE_ERR_TRANSFORM_OVERRUN;
        }
        while (cur_left(&body)) {
            struct span value;
            uint16_t type;
            *where = body.at;
            if (!ike_take_attribute(&body, &type, &value)) {
                return IKE_ERR_ATTRIBUTE_OVERRUN;
            }
            if (type == ATTR_KEY_LENGTH) {
                t.key_bits = (uint16_t)MIN(ike_number(&value), UINT16_MAX);
            }
        }
        if (p) {
            ike_add_transform(m, p, t);
        }
        read++;
        *c = at;
    }
    return read == stated ? IKE_OK : IKE_ERR_TRANSFORM_COUNT;
}

static enum ike_error
read_sa(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    (void)inner;
    m->sa_count++;
    while (cur_left(&c)) {
        struct cur at = c, body;
        struct proposal *p, head;
        uint8_t last, reserved, num;
        uint16_t len;
        enum ike_error e;

        memset(&head, 0, sizeof head);
        *where = c.at;
        if (!cur_u8(&at, &last) || !cur_u8(&at, &reserved) || !cur_u16(&at, &len)) {
            return IKE_ERR_PROPOSAL_OVERRUN;
        }
        if (len < PROPOSAL_HEADER) {
            return IKE_ERR_PROPOSAL_LENGTH;
        }
        if (!cur_sub(&at, &body, len - 4u)) {
            return IKE_ERR_PROPOSAL_OVERRUN;
        }
        if (!cur_u8(&body, &head.number) || !cur_u8(&body, &head.protocol) || !cur_u8(&body, &head.spi_len) ||
            !cur_u8(&body, &num) || head.spi_len > sizeof head.spi || !cur_copy(&body, head.spi, head.spi_len)) {
            return IKE_ERR_PROPOSAL_LENGTH;
        }
        p = ike_add_proposal(m);
        if (p) {
            head.transforms = p->transforms;
            *p = head;
        }
        e = read_transforms(m, p, num, &body, where);
        if (e != IKE_OK) {
            return e;
        }
        c = at;
    }
    return IKE_OK;
}

static enum ike_error
read_ke(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    uint16_t group;

    (void)inner;
    (void)where;
    if (!cur_u16(&c, &group) || !cur_skip(&c, 2)) {
        return IKE_ERR_KE;
    }
    m->ke_group = group;
    m->has_ke = true;
    m->ke = ike_rest(&c);
    return IKE_OK;
}

static enum ike_error
read_id(struct ike_id *out, struct cur c, bool inner)
{
    struct ike_id id = { .present = true, .inner = inner };

    if (!cur_u8(&c, &id.type) || !cur_skip(&c, 3)) {
        return IKE_ERR_ID;
    }
    id.data = ike_rest(&c);
    *out = id;
    return IKE_OK;
}

static enum ike_error
read_id_i(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    (void)where;
    return read_id(&m->id_i, c, inner);
}

static enum ike_error
read_id_r(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    (void)where;
    return read_id(&m->id_r, c, inner);
}

static enum ike_error
read_auth(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    uint8_t method;

    (void)inner;
    (void)where;
    if (!cur_u8(&c, &method) || !cur_skip(&c, 3)) {
        return IKE_ERR_AUTH;
    }
    m->has_auth = true;
    m->auth_method = method;
    return IKE_OK;
}

static enum ike_error
read_selectors(struct ike_message *m, struct cur c, struct selector *out, size_t *num, const uint8_t **where)
{
    uint8_t stated;
    unsigned read = 0;

    if (!cur_u8(&c, &stated) || !cur_skip(&c, 3)) {
        return IKE_ERR_SELECTOR;
    }
    m->has_ts = true;
    while (cur_left(&c)) {
        struct cur at = c, body;
        struct selector s;
        uint8_t type, bytes[32];
        uint16_t len;
        size_t addr;

        memset(&s, 0, sizeof s);
        *where = c.at;
        if (!cur_u8(&at, &type) || !cur_u8(&at, &s.protocol) || !cur_u16(&at, &len) || len < 4 ||
            !cur_sub(&at, &body, len - 4u)) {
            return IKE_ERR_SELECTOR;
        }
        read++;
        addr = type == TS_IPV4_ADDR_RANGE ? 4 : type == TS_IPV6_ADDR_RANGE ? 16 : 0;
        if (addr) {
            if (!cur_u16(&body, &s.port_lo) || !cur_u16(&body, &s.port_hi) || !cur_copy(&body, bytes, 2 * addr) ||
                cur_left(&body)) {
                return IKE_ERR_SELECTOR;
            }
            s.lo = ip_from(type == TS_IPV4_ADDR_RANGE ? 4 : 6, bytes);
            s.hi = ip_from(type == TS_IPV4_ADDR_RANGE ? 4 : 6, bytes + addr);
            if (*num < IKE_MAX_SELECTORS) {
                out[(*num)++] = s;
            } else {
                m->capped = true;
            }
        }
        c = at;
    }
    return read == stated ? IKE_OK : IKE_ERR_SELECTOR;
}

static enum ike_error
read_ts_i(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    (void)inner;
    return read_selectors(m, c, m->ts_i, &m->num_ts_i, where);
}

static enum ike_error
read_ts_r(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    (void)inner;
    return read_selectors(m, c, m->ts_r, &m->num_ts_r, where);
}

static enum ike_error
read_configuration(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    uint8_t cfg_type;

    (void)inner;
    if (!cur_u8(&c, &cfg_type) || !cur_skip(&c, 3)) {
        return IKE_ERR_CONFIGURATION;
    }
    m->cfg_type = cfg_type;
    /* IKEv2 attributes have no short form: the top bit is reserved (RFC 7296 section 3.15.1). */
    while (cur_left(&c)) {
        struct ike_cfg_attr a;
        struct cur value;
        uint16_t len;
        *where = c.at;
        if (!cur_u16(&c, &a.type) || !cur_u16(&c, &len) || !cur_sub(&c, &value, len)) {
            return IKE_ERR_CONFIGURATION;
        }
        a.type &= 0x7fff;
        a.value = ike_rest(&value);
        if (m->num_cfg < IKE_MAX_CFG_ATTRS) {
            m->cfg[m->num_cfg++] = a;
        } else {
            m->capped = true;
        }
    }
    return IKE_OK;
}

static enum ike_error
read_eap(struct ike_message *m, struct cur c, bool inner, const uint8_t **where)
{
    size_t whole = cur_left(&c);
    uint8_t code, id, type = 0;
    uint16_t len;

    (void)inner;
    (void)where;
    if (!cur_u8(&c, &code) || !cur_u8(&c, &id) || !cur_u16(&c, &len) || len < 4 || len > whole || (len > 4 && !cur_u8(&c, &type))) {
        return IKE_ERR_EAP;
    }
    m->eap_code = code;
    m->eap_type = type;
    return IKE_OK;
}

payload_fn *
v2_payload(uint8_t type)
{
    static payload_fn *const table[] = {
        [V2P_SA] = read_sa, [V2P_KE] = read_ke, [V2P_IDI] = read_id_i, [V2P_IDR] = read_id_r, [V2P_AUTH] = read_auth,
        [V2P_NONCE] = ike_read_nonce, [V2P_NOTIFY] = ike_read_notify, [V2P_DELETE] = ike_read_delete, [V2P_VENDOR] = ike_read_vendor,
        [V2P_TSI] = read_ts_i, [V2P_TSR] = read_ts_r, [V2P_CP] = read_configuration, [V2P_EAP] = read_eap,
    };

    return type < sizeof table / sizeof *table ? table[type] : NULL;
}
