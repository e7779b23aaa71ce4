/* aggfrag.c - what an aggregate of IP-TFS holds (RFC 9347): IP packets one behind the other, the
 * first and the last perhaps in part.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/ipsec.h>

#include <glib.h>

enum { BASIC = 0, CONGESTION = 1, REPORT = 20 };    /* sub-types; octets that the second has more */

bool
aggfrag_begin(struct span *blocks, const struct span *payload)
{
    struct cur c = cur_of(payload->at, payload->len);
    uint8_t type, flags;
    uint16_t offset;

    if (!cur_u8(&c, &type) || type > CONGESTION || !cur_u8(&c, &flags) || !cur_u16(&c, &offset) ||
        (type == CONGESTION && !cur_skip(&c, REPORT))) {
        return false;
    }
    /* The end of a packet that began in an earlier one; it may go on beyond this one too. */
    if (!cur_skip(&c, MIN((size_t)offset, cur_left(&c)))) {
        return false;
    }
    *blocks = (struct span){ c.at, cur_left(&c) };
    return true;
}

/* Octets of the packet as its header says; 0: padding, which takes the rest, or none. */
static size_t
stated(const struct span *blocks)
{
    const uint8_t *h = blocks->at;

    if (blocks->len >= IPV4_HEADER && h[0] >> 4 == 4) {
        return be16(h + 2) >= IPV4_HEADER ? be16(h + 2) : 0;
    }
    if (blocks->len >= IPV6_HEADER && h[0] >> 4 == 6) {
        return IPV6_HEADER + (size_t)be16(h + 4);
    }
    return 0;
}

bool
aggfrag_next(struct span *blocks, struct span *packet)
{
    size_t len = stated(blocks);

    if (!len) {
        return false;
    }
    len = len < blocks->len ? len : blocks->len;
    *packet = (struct span){ blocks->at, len };
    blocks->at += len;
    blocks->len -= len;
    return true;
}
