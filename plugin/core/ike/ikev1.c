/* ikev1.c - payloads of IKEv1 (RFC 2407, RFC 2408, RFC 2409, RFC 3947).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <string.h>

enum { IPSEC_DOI = 1, SIT_IDENTITY_ONLY = 1 };     /* RFC 2407 sections 4.1 and 4.2.1 */

/* Attributes that have a place in struct v1_attributes or a transform. */
enum {
    P1_NAMED = 1 << P1_ENCRYPTION | 1 << P1_HASH | 1 << P1_AUTH | 1 << P1_GROUP |
               1 << P1_LIFE_TYPE | 1 << P1_LIFE | 1 << P1_PRF | 1 << P1_KEY_LENGTH,
    P2_NAMED = 1 << P2_LIFE_TYPE | 1 << P2_LIFE | 1 << P2_GROUP | 1 << P2_MODE | 1 << P2_AUTH |
               1 << P2_KEY_LENGTH | 1 << P2_ESN
};

/* All attributes of a transform are read before any is judged: a key length may
 * come before or after its cipher. */
struct attributes {
    uint32_t value[16];
    uint32_t seen;
};

/* The attributes that read_attributes asks for. */
static const struct phase {
    unsigned named;             /* bit t: attribute type t */
    unsigned life_type, life;
} phase1 = { P1_NAMED, P1_LIFE_TYPE, P1_LIFE }, phase2 = { P2_NAMED, P2_LIFE_TYPE, P2_LIFE };

static enum ike_error
read_attributes(struct reading *r, struct cur *c, const struct phase *phase, struct attributes *a,
                struct v1_attributes *out)
{
    memset(a, 0, sizeof *a);
    while (cur_left(c)) {
        struct span value;
        uint16_t type;
        r->where = c->at;
        if (!ike_take_attribute(c, &type, &value)) {
            return IKE_ERR_ATTRIBUTE_OVERRUN;
        }
        if (type >= 16 || !(phase->named >> type & 1)) {
            out->others++;
            continue;
        }
        a->value[type] = ike_number(&value);
        a->seen |= 1u << type;
        if (type == phase->life && a->value[phase->life_type] == LIFE_SECONDS) {
            out->life_s = a->value[type];
        } else if (type == phase->life && a->value[phase->life_type] == LIFE_KILOBYTES) {
            out->life_kb = a->value[type];
        }
    }
    return IKE_OK;
}

static uint16_t
attribute(const struct attributes *a, unsigned type)
{
    return a->value[type] > UINT16_MAX ? UINT16_MAX : (uint16_t)a->value[type];
}

static enum ike_error
phase1_transform(struct reading *r, struct proposal *p, struct cur *c)
{
    struct attributes a;
    enum ike_error e = read_attributes(r, c, &phase1, &a, &p->attr);

    if (e != IKE_OK) {
        return e;
    }
    p->attr.auth_method = attribute(&a, P1_AUTH);
    if (a.seen >> P1_ENCRYPTION & 1) {
        uint16_t bits = attribute(&a, P1_KEY_LENGTH);
        ike_add_transform(r->m, p, v1_phase1_encr(attribute(&a, P1_ENCRYPTION), bits));
    }
    if (a.seen >> P1_HASH & 1) {
        ike_add_transform(r->m, p, v1_phase1_integ(attribute(&a, P1_HASH)));
    }
    /* RFC 2409 appendix A: without an own PRF it is the HMAC of the hash; IANA names none. */
    if (a.seen >> P1_PRF & 1) {
        uint16_t id = (uint16_t)(attribute(&a, P1_PRF) | TRANSFORM_V1_ONLY);
        ike_add_transform(r->m, p, (struct transform){ TRANSFORM_PRF, id, 0 });
    } else if (a.seen >> P1_HASH & 1) {
        ike_add_transform(r->m, p, v1_phase1_prf(attribute(&a, P1_HASH)));
    }
    if (a.seen >> P1_GROUP & 1) {
        ike_add_transform(r->m, p, v1_group(attribute(&a, P1_GROUP)));
    }
    return e;
}

static enum ike_error
phase2_transform(struct reading *r, struct proposal *p, uint8_t id, struct cur *c)
{
    struct attributes a;
    enum ike_error e = read_attributes(r, c, &phase2, &a, &p->attr);

    if (e != IKE_OK) {
        return e;
    }
    p->attr.mode = attribute(&a, P2_MODE);
    p->attr.auth_alg = attribute(&a, P2_AUTH);
    if (p->protocol != PROTO_ESP && p->protocol != PROTO_AH) {
        return e;               /* IPCOMP, and what no registry here holds */
    }
    if (p->protocol == PROTO_ESP) {
        ike_add_transform(r->m, p, v1_esp_encr(id, attribute(&a, P2_KEY_LENGTH)));
        if (a.seen >> P2_AUTH & 1) {
            ike_add_transform(r->m, p, v1_esp_integ(attribute(&a, P2_AUTH)));
        }
    } else {
        ike_add_transform(r->m, p, v1_ah_integ(id, attribute(&a, P2_AUTH)));
    }
    if (a.seen >> P2_GROUP & 1) {
        ike_add_transform(r->m, p, v1_group(attribute(&a, P2_GROUP)));
    }
    ike_add_transform(r->m, p, (struct transform){ TRANSFORM_ESN, attribute(&a, P2_ESN) == 1, 0 });
    return e;
}

static enum ike_error
read_transforms(struct reading *r, const struct proposal *head, unsigned stated, struct cur *c)
{
    unsigned read = 0;

    while (cur_left(c)) {
        struct cur at = *c, body;
        uint8_t next, reserved, number, id;
        uint16_t len, more;
        struct proposal *p;
        enum ike_error e;

        r->where = c->at;
        if (!cur_u8(&at, &next) || !cur_u8(&at, &reserved) || !cur_u16(&at, &len) ||
            len < TRANSFORM_HEADER || !cur_sub(&at, &body, len - 4u) ||
            !cur_u8(&body, &number) || !cur_u8(&body, &id) || !cur_u16(&body, &more)) {
            return IKE_ERR_TRANSFORM_OVERRUN;
        }
        read++;
        p = ike_add_proposal(r->m);
        if (p) {
            const struct transform *first = p->transforms;
            *p = *head;
            p->transforms = first;
            p->v1_transform = number;
            e = p->protocol == PROTO_IKE ? phase1_transform(r, p, &body) :
                                           phase2_transform(r, p, id, &body);
            if (e != IKE_OK) {
                r->m->num_proposals--;     /* its transforms are added only when all was read */
                return e;
            }
        }
        *c = at;
    }
    return read == stated ? IKE_OK : IKE_ERR_TRANSFORM_COUNT;
}

/* Passes by a longer one: it is the cookies, which the header has. */
static bool
take_spi(struct proposal *p, struct cur *c)
{
    uint8_t len = p->spi_len;

    if (len <= sizeof p->spi) {
        return cur_copy(c, p->spi, len);
    }
    p->spi_len = 0;
    return cur_skip(c, len);
}

static enum ike_error
read_sa(struct reading *r, struct cur c)
{
    uint32_t doi, situation;

    if (!cur_u32(&c, &doi) || !cur_u32(&c, &situation)) {
        return IKE_ERR_SA;
    }
    r->m->sa_count++;
    if (doi > IPSEC_DOI || situation > SIT_IDENTITY_ONLY) {
        return IKE_OK;          /* GDOI, or a labelled situation (RFC 2407 section 4.6.1) */
    }
    while (cur_left(&c)) {
        struct proposal head;
        struct cur body;
        uint8_t num;
        enum ike_error e = ike_take_proposal(r, &c, &head, &num, &body);

        if (e == IKE_OK && !take_spi(&head, &body)) {
            e = IKE_ERR_PROPOSAL_LENGTH;
        }
        if (e != IKE_OK) {
            return e;
        }
        head.v1 = true;
        e = read_transforms(r, &head, num, &body);
        if (e != IKE_OK) {
            return e;
        }
    }
    return IKE_OK;
}

static enum ike_error
read_ke(struct reading *r, struct cur c)
{
    r->m->has_ke = true;
    r->m->ke = ike_rest(&c);
    return IKE_OK;
}

static enum ike_error
read_id(struct reading *r, struct cur c)
{
    struct ike_id *id = r->m->id_i.present ? &r->m->id_r : &r->m->id_i;
    struct ike_id one = { .present = true, .inner = r->inner };

    if (!cur_u8(&c, &one.type) || !cur_u8(&c, &one.protocol) || !cur_u16(&c, &one.port)) {
        return IKE_ERR_ID;
    }
    one.data = ike_rest(&c);
    if (!id->present) {
        *id = one;
    }
    return IKE_OK;
}

static enum ike_error
read_auth(struct reading *r, struct cur c)
{
    (void)c;
    r->m->has_auth = true;
    return IKE_OK;
}

static enum ike_error
read_notify(struct reading *r, struct cur c)
{
    uint32_t doi;

    return cur_u32(&c, &doi) ? ike_read_notify(r, c) : IKE_ERR_NOTIFY;
}

static enum ike_error
read_delete(struct reading *r, struct cur c)
{
    uint32_t doi;

    return cur_u32(&c, &doi) ? ike_read_delete(r, c) : IKE_ERR_DELETE;
}

/* Mode Config: type, reserved, identifier, attributes. */
static enum ike_error
read_configuration(struct reading *r, struct cur c)
{
    uint8_t type;

    if (!cur_u8(&c, &type) || !cur_skip(&c, 3)) {
        return IKE_ERR_CONFIGURATION;
    }
    r->m->cfg_type = type;
    while (cur_left(&c)) {
        struct ike_cfg_attr a;
        r->where = c.at;
        if (!ike_take_attribute(&c, &a.type, &a.value)) {
            return IKE_ERR_CONFIGURATION;
        }
        ike_add_cfg(r->m, &a);
    }
    return IKE_OK;
}

static enum ike_error
read_nat_d(struct reading *r, struct cur c)
{
    struct ike_message *m = r->m;

    if (m->num_nat_d < G_N_ELEMENTS(m->nat_d)) {
        m->nat_d[m->num_nat_d++] = ike_rest(&c);
    } else {
        m->capped = true;
    }
    return IKE_OK;
}

payload_fn *
v1_payload(uint8_t type)
{
    static payload_fn *const table[] = {
        [V1P_SA] = read_sa, [V1P_KE] = read_ke, [V1P_ID] = read_id, [V1P_HASH] = read_auth,
        [V1P_SIG] = read_auth, [V1P_NONCE] = ike_read_nonce, [V1P_NOTIFY] = read_notify,
        [V1P_DELETE] = read_delete, [V1P_VENDOR] = ike_read_vendor,
        [V1P_ATTRIBUTES] = read_configuration, [V1P_NAT_D] = read_nat_d,
        [V1P_NAT_D_DRAFT] = read_nat_d,
    };

    return type < G_N_ELEMENTS(table) ? table[type] : NULL;
}
