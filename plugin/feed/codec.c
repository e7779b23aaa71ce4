/* codec.c - numbers, octets and structs, written and read.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "codec.h"

#include <string.h>

static void
put(struct codec *c, const void *at, size_t len)
{
    g_byte_array_append(c->out, (const guint8 *)at, (guint)len);
}

static bool
take(struct codec *c, void *out, size_t len)
{
    if (c->bad || (size_t)(c->end - c->at) < len) {
        c->bad = true;
        memset(out, 0, len);
        return false;
    }
    memcpy(out, c->at, len);
    c->at += len;
    return true;
}

void
code_number(struct codec *c, uint64_t *v)
{
    uint64_t rest = *v, read = 0;
    uint8_t octet;

    if (c->out) {
        do {
            octet = (uint8_t)((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
            put(c, &octet, 1);
            rest >>= 7;
        } while (rest);
        return;
    }
    for (unsigned shift = 0; shift < 64; shift += 7) {
        if (!take(c, &octet, 1)) {
            break;
        }
        read |= (uint64_t)(octet & 0x7f) << shift;
        if (!(octet & 0x80)) {
            *v = read;
            return;
        }
    }
    c->bad = true;
    *v = 0;
}

/* The distance, its sign in the lowest bit. */
void
code_near(struct codec *c, uint64_t *v, uint64_t near)
{
    uint64_t distance = *v - near, zigzag = distance << 1 ^ (distance >> 63 ? UINT64_MAX : 0);

    code_number(c, &zigzag);
    if (!c->out) {
        *v = near + (zigzag >> 1 ^ (zigzag & 1 ? UINT64_MAX : 0));
    }
}

/* Bits of doubles of one sign are in the order of their values. */
void
code_time(struct codec *c, double *v, double near)
{
    uint64_t bits, other;

    memcpy(&bits, v, sizeof bits);
    memcpy(&other, &near, sizeof other);
    code_near(c, &bits, other);
    memcpy(v, &bits, sizeof bits);
}

void
code_octets(struct codec *c, void *at, size_t len)
{
    if (c->out) {
        put(c, at, len);
    } else {
        take(c, at, len);
    }
}

void
code_span(struct codec *c, struct span *s, size_t most)
{
    uint64_t len = MIN(s->len, most);

    code_number(c, &len);
    if (c->out) {
        put(c, s->at, (size_t)len);
        return;
    }
    c->bad |= len > most || len > (size_t)(c->end - c->at);
    *s = c->bad ? (struct span){ NULL, 0 } : (struct span){ c->at, (size_t)len };
    c->at += s->len;
}

void
code_addr(struct codec *c, struct ip_addr *a)
{
    code_octets(c, &a->family, 1);
    if (!c->out) {
        c->bad |= a->family != 0 && a->family != 4 && a->family != 6;
        memset(a->bytes, 0, sizeof a->bytes);
    }
    if (!c->bad) {
        code_octets(c, a->bytes, ip_len(a));
    }
}

static uint64_t
field_value(const struct code_field *f)
{
    switch (f->size) {
    case 2: return *(const uint16_t *)f->at;
    case 4: return *(const uint32_t *)f->at;
    case 8: return *(const uint64_t *)f->at;
    default: return *(const uint8_t *)f->at;
    }
}

static void
set_field(const struct code_field *f, uint64_t v)
{
    switch (f->size) {
    case 0: *(bool *)f->at = v != 0; break;
    case 2: *(uint16_t *)f->at = (uint16_t)v; break;
    case 4: *(uint32_t *)f->at = (uint32_t)v; break;
    case 8: *(uint64_t *)f->at = v; break;
    default: *(uint8_t *)f->at = (uint8_t)v; break;
    }
}

void
code_fields(struct codec *c, const struct code_field *fields, size_t n)
{
    uint64_t given = 0, v;

    for (size_t i = 0; c->out && i < n; i++) {
        given |= (uint64_t)(field_value(&fields[i]) != 0) << i;
    }
    code_number(c, &given);
    for (size_t i = 0; i < n; i++) {
        v = 0;
        if (given >> i & 1 && fields[i].size) {
            v = field_value(&fields[i]);
            code_number(c, &v);
        } else if (given >> i & 1) {
            v = 1;
        }
        if (!c->out) {
            set_field(&fields[i], v);
        }
    }
}
