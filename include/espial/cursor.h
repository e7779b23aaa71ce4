/* cursor.h - bounded reader over bytes that someone else owns.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CURSOR_H
#define ESPIAL_CURSOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
    const uint8_t *at;
    size_t len;
};
/* Two or four octets in network order, of which the caller knows that they are there. */
static inline uint16_t
be16(const uint8_t *at)
{
    return (uint16_t)(at[0] << 8 | at[1]);
}

static inline uint32_t
be32(const uint8_t *at)
{
    return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* A read succeeds whole, or leaves both the cursor and *out as they were, so no
 * caller subtracts a wire length.  Borrowed: valid as long as the bytes are. */
struct cur {
    const uint8_t *at, *end;
};

/* Reads len octets; bytes may be NULL where len is 0. */
static inline struct cur
cur_of(const uint8_t *bytes, size_t len)
{
    return (struct cur){ bytes, bytes ? bytes + len : bytes };
}

/* Octets that are still to be read. */
static inline size_t
cur_left(const struct cur *c)
{
    return (size_t)(c->end - c->at);
}

/* The next n octets, as a cursor that cannot leave them. */
static inline bool
cur_sub(struct cur *c, struct cur *out, size_t n)
{
    if (cur_left(c) < n) {
        return false;
    }
    *out = (struct cur){ c->at, c->at + n };
    c->at += n;
    return true;
}

/* One, two or four octets as a number in network order. */
static inline bool
cur_u8(struct cur *c, uint8_t *out)
{
    if (cur_left(c) < 1) {
        return false;
    }
    *out = *c->at++;
    return true;
}

static inline bool
cur_u16(struct cur *c, uint16_t *out)
{
    if (cur_left(c) < 2) {
        return false;
    }
    *out = be16(c->at);
    c->at += 2;
    return true;
}

static inline bool
cur_u32(struct cur *c, uint32_t *out)
{
    if (cur_left(c) < 4) {
        return false;
    }
    *out = be32(c->at);
    c->at += 4;
    return true;
}

/* Copies n octets to out, which holds as many. */
static inline bool
cur_copy(struct cur *c, void *out, size_t n)
{
    uint8_t *to = (uint8_t *)out;
    if (cur_left(c) < n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        to[i] = c->at[i];
    }
    c->at += n;
    return true;
}

static inline bool
cur_skip(struct cur *c, size_t n)
{
    struct cur gone;
    return cur_sub(c, &gone, n);
}

#endif
