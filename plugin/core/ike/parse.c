/* parse.c - header and payload chain of both versions.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <string.h>

enum { PAYLOAD_CRITICAL = 0x80, LAST_FRAGMENT = 1 };

/* beyond: octets of the message that were on the wire behind c and not captured.  A
 * payload that reaches into them sets *cut, is no error, and has what was captured. */
static enum ike_error
take_payload(struct cur *c, struct ike_payload *out, uint8_t type, bool inner, size_t beyond, bool *cut)
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
    *out = (struct ike_payload){ type, next, (flags & PAYLOAD_CRITICAL) != 0, inner, ike_rest(&body) };
    *c = at;
    return IKE_OK;
}

static void
fail(struct ike_message *m, enum ike_error e, const uint8_t *base, const uint8_t *at, bool inner)
{
    if (m->error == IKE_OK) {
        m->error = e;
        m->error_offset = (size_t)(at - base);
        m->error_inner = inner;
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

/* RFC 7383 section 2.5; the first payload's type stands in fragment 1 alone.  Of a cut
 * payload only the facts are kept: part of a ciphertext is of no use. */
static enum ike_error
read_encrypted(struct ike_message *m, const struct ike_payload *p, bool cut, const uint8_t **where)
{
    struct cur body = cur_of(p->body.at, p->body.len);

    *where = body.at;
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
read_v1_fragment(struct ike_message *m, const struct ike_payload *p, const uint8_t **where)
{
    struct cur body = cur_of(p->body.at, p->body.len);
    uint16_t id;
    uint8_t number, flags;

    *where = body.at;
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

/* Walks a chain.  Each turn consumes four octets at least.  A payload whose body is
 * wrong is reported and passed by: its length is good, so the chain goes on. */
static void
walk(struct ike_message *m, uint8_t type, struct cur c, const uint8_t *base, bool inner, size_t beyond)
{
    while (type != 0) {
        struct ike_payload p;
        const uint8_t *where = c.at;
        bool cut;
        enum ike_error e = take_payload(&c, &p, type, inner, beyond, &cut);
        payload_fn *fn;

        if (e != IKE_OK) {
            fail(m, e, base, where, inner);
            return;
        }
        where = p.body.at;
        if (cut) {
            if (is_encrypted(m, type)) {
                e = p.type ? read_encrypted(m, &p, true, &where) : IKE_OK;
                m->encrypted = true;
            }
            if (e != IKE_OK) {
                fail(m, e, base, where, inner);
            }
            return;
        }
        keep_payload(m, &p);
        if (is_encrypted(m, type) || (m->major == 1 && type == V1P_FRAGMENT)) {
            /* Inside an encryption there is no second one, and no fragment. */
            if (!inner) {
                e = m->major == 2 ? read_encrypted(m, &p, false, &where) : read_v1_fragment(m, &p, &where);
            }
            if (e != IKE_OK) {
                fail(m, e, base, where, inner);
            }
            return;
        }
        fn = m->major == 1 ? v1_payload(type) : v2_payload(type);
        e = fn ? fn(m, cur_of(p.body.at, p.body.len), inner, &where) : IKE_OK;
        if (e != IKE_OK) {
            fail(m, e, base, where, inner);
        }
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
        fail(m, IKE_ERR_LENGTH, data, data + 24, false);
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
    walk(m, m->next_payload, c, data, false, m->truncated ? end - captured : 0);
    m->readable = !m->encrypted;
    return true;
}

static bool
known_payload(uint8_t major, uint8_t type)
{
    return type == 0 || (major == 1 ? type <= V1P_NAT_OA || (type >= V1P_NAT_D_DRAFT && type <= V1P_FRAGMENT) :
                                      type >= V2P_SA && type <= V2P_PS);
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
    if (!first || !known_payload(m->major, first) || take_payload(&peek, &p, first, true, 0, &cut) != IKE_OK ||
        !known_payload(m->major, p.next)) {
        return false;
    }
    m->readable = true;
    walk(m, first, c, clear, true, 0);
    return true;
}
