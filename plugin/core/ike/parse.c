/* parse.c - header and payload chain of both versions.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <string.h>

enum { PAYLOAD_CRITICAL = 0x80, LAST_FRAGMENT = 1 };
enum { LENGTH_AT = 24 };          /* place of Length in the header: RFC 7296 section 3.1 */

/* beyond: octets of the message that were on the wire behind c and not captured.  A
 * payload that reaches into them sets *cut, is no error, and has what was captured. */
static enum ike_error
take_payload(struct cur *c, struct ike_payload *out, uint8_t type, bool inner, size_t beyond,
             bool *cut)
{
    struct cur at = *c, body;
    uint8_t next, flags;
    uint16_t len;

    *cut = false;
    if (!cur_u8(&at, &next) || !cur_u8(&at, &flags) || !cur_u16(&at, &len)) {
        if (cur_left(c) + beyond < PAYLOAD_HEADER) {
            return IKE_ERR_PAYLOAD_HEADER;
        }
        *cut = true;
        *out = (struct ike_payload){ 0 };       /* type 0: not even the header is there */
        return IKE_OK;
    }
    if (len < PAYLOAD_HEADER) {
        return IKE_ERR_PAYLOAD_LENGTH;
    }
    if (len - (size_t)PAYLOAD_HEADER > cur_left(&at) + beyond) {
        return IKE_ERR_PAYLOAD_OVERRUN;
    }
    if (!cur_sub(&at, &body, len - (size_t)PAYLOAD_HEADER)) {
        *cut = true;
        body = at;
    }
    *out = (struct ike_payload){ .type = type, .next = next, .inner = inner,
                                 .critical = (flags & PAYLOAD_CRITICAL) != 0,
                                 .body = ike_rest(&body) };
    *c = at;
    return IKE_OK;
}

/* Keeps the first error alone; base is the start of the octets that hold it. */
static void
fail(const struct reading *r, enum ike_error e, const uint8_t *base)
{
    if (e != IKE_OK && r->m->error == IKE_OK) {
        r->m->error = e;
        r->m->error_offset = (size_t)(r->where - base);
        r->m->error_inner = r->inner;
    }
}

/* Past the limit a payload is still read: an SK payload there must not look like a
 * message in the clear. */
static void
keep_payload(struct ike_message *m, const struct ike_payload *p)
{
    if (p->type < 64) {
        m->seen |= (uint64_t)1 << p->type;
    }
    if (m->num_payloads >= IKE_MAX_PAYLOADS) {
        m->capped = true;
        return;
    }
    m->payloads[m->num_payloads++] = *p;
}

/* What stands in clear before an SK payload, or before a fragment, is nobody's: a message that is
 * to be encrypted is so whole (RFC 7296 sections 1.2 to 1.4 and 3.14), and whoever holds no key can
 * put it there.  That such payloads are there is kept, for the form. */
static void
forget_clear(struct ike_message *m)
{
    m->seen = 0;
    m->sa_count = m->num_proposals = m->num_transforms = 0;
    m->num_notifies = m->num_deletes = m->num_cfg = m->num_vendors = m->num_nat_d = 0;
    m->num_ts_i = m->num_ts_r = 0;
    m->has_ke = m->has_auth = m->has_ts = false;
    m->ke_group = m->auth_method = 0;
    m->cfg_type = m->eap_code = m->eap_type = 0;
    m->eap_data = (struct span){ 0 };
    m->id_i = m->id_r = (struct ike_id){ .present = false };
    m->ke = m->nonce = (struct span){ NULL, 0 };
}

/* RFC 7383 section 2.5; fragment 1 alone has the first payload's type.  Of a cut
 * payload only the facts are kept: part of a ciphertext is of no use. */
static enum ike_error
read_encrypted(struct ike_message *m, const struct ike_payload *p, bool cut)
{
    struct cur body = cur_of(p->body.at, p->body.len);

    m->encrypted = true;
    if (p->type == V2P_SKF) {
        uint16_t number, total;
        if (!cur_u16(&body, &number) || !cur_u16(&body, &total)) {
            return cut ? IKE_OK : IKE_ERR_FRAGMENT;
        }
        if (!number || number > total) {
            return IKE_ERR_FRAGMENT;
        }
        m->fragment = number;
        m->fragments = total;
    }
    m->inner_first = m->fragment > 1 ? 0 : p->next;
    if (!cut) {
        m->encrypted_body = ike_rest(&body);
    }
    return IKE_OK;
}

static enum ike_error
read_v1_fragment(struct ike_message *m, const struct ike_payload *p)
{
    struct cur body = cur_of(p->body.at, p->body.len);
    uint16_t id;
    uint8_t number, flags;

    if (!cur_u16(&body, &id) || !cur_u8(&body, &number) || !cur_u8(&body, &flags) || !number) {
        return IKE_ERR_FRAGMENT;
    }
    m->fragment = number;
    m->fragment_last = (flags & LAST_FRAGMENT) != 0;
    m->encrypted_body = ike_rest(&body);
    return IKE_OK;
}

static bool
is_encrypted(const struct ike_message *m, uint8_t type)
{
    return m->major == 2 && (type == V2P_SK || type == V2P_SKF);
}

/* What ends the walk: an encryption, whose clear text is not here, and a fragment. */
static bool
holds_the_rest(const struct ike_message *m, uint8_t type)
{
    return is_encrypted(m, type) || (m->major == 1 && type == V1P_FRAGMENT);
}

/* Walks a chain, which begins where r does.  Each turn consumes four octets at least.  A payload
 * whose body is wrong is reported and passed by: its length is good, so the chain goes on. */
static void
walk(struct reading *r, uint8_t type, struct cur c, size_t beyond)
{
    struct ike_message *m = r->m;
    const uint8_t *base = r->where;

    while (type != 0) {
        struct ike_payload p;
        bool cut;
        enum ike_error e;
        payload_fn *fn;

        r->where = c.at;
        e = take_payload(&c, &p, type, r->inner, beyond, &cut);
        if (e != IKE_OK) {
            fail(r, e, base);
            return;
        }
        r->where = p.body.at;
        if (cut) {
            if (is_encrypted(m, type) && !r->inner) {
                e = p.type ? read_encrypted(m, &p, true) : IKE_OK;
                m->encrypted = true;
                forget_clear(m);
            }
            fail(r, e, base);
            return;
        }
        if (holds_the_rest(m, type) && !r->inner) {
            forget_clear(m);
        }
        keep_payload(m, &p);
        if (holds_the_rest(m, type)) {
            /* Inside an encryption there is no second one, and no fragment. */
            if (!r->inner) {
                e = m->major == 2 ? read_encrypted(m, &p, false) : read_v1_fragment(m, &p);
            }
            fail(r, e, base);
            return;
        }
        fn = m->major == 1 ? v1_payload(type) : v2_payload(type);
        e = fn ? fn(r, cur_of(p.body.at, p.body.len)) : IKE_OK;
        fail(r, e, base);
        type = p.next;
    }
}

static bool
read_header(struct ike_message *m, struct cur *c)
{
    uint8_t version;

    if (!cur_copy(c, m->spi_i, 8) || !cur_copy(c, m->spi_r, 8) || !cur_u8(c, &m->next_payload) ||
        !cur_u8(c, &version) || !cur_u8(c, &m->exchange) || !cur_u8(c, &m->flags) ||
        !cur_u32(c, &m->message_id) || !cur_u32(c, &m->length)) {
        return false;
    }
    m->major = version >> 4;
    m->minor = version & 15;
    return true;
}

/* What was on the wire ends at the smaller of Length and the datagram; what can be
 * read ends at the capture. */
bool
ike_parse(struct ike_message *m, const uint8_t *data, size_t captured, size_t reported)
{
    struct cur c = cur_of(data, MIN(captured, reported));
    size_t end;

    memset(m, 0, sizeof *m);
    if (!read_header(m, &c)) {
        m->truncated = captured < reported && reported >= IKE_HEADER;
        m->error = m->truncated ? IKE_OK : IKE_ERR_HEADER;
        return false;
    }
    m->readable = true;
    if (m->major < 1 || m->major > 2) {
        return true;
    }
    if (m->length < IKE_HEADER || m->length > reported) {
        struct reading r = { m, false, data + LENGTH_AT };
        fail(&r, IKE_ERR_LENGTH, data);
    }
    end = m->length < IKE_HEADER ? reported : MIN((size_t)m->length, reported);
    m->trailing = reported - end;
    m->truncated = captured < end;
    c.end = data + MIN(captured, end);
    if (m->major == 1 && (m->flags & FLAG_ENCRYPTED) && m->next_payload != V1P_FRAGMENT) {
        m->encrypted = true;
        m->readable = false;
        m->inner_first = m->next_payload;
        m->encrypted_body = ike_rest(&c);
        return true;
    }
    walk(&(struct reading){ m, false, data }, m->next_payload, c,
         m->truncated ? end - captured : 0);
    m->readable = !m->encrypted;
    return true;
}

bool
ike_parse_inner(struct ike_message *m, uint8_t first, const uint8_t *clear, size_t len)
{
    struct cur c = cur_of(clear, len), peek = c;
    struct ike_payload p;
    bool cut;

    if (first == 0 && m->major == 2) {
        m->readable = true;     /* an empty SK payload: liveness */
        return true;
    }
    if (!first || !ike_payload_known(m->major, first) ||
        take_payload(&peek, &p, first, true, 0, &cut) != IKE_OK ||
        !ike_payload_known(m->major, p.next)) {
        return false;
    }
    m->readable = true;
    walk(&(struct reading){ m, true, clear }, first, c, 0);
    return true;
}
