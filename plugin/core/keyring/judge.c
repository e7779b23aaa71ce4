/* judge.c - tells payloads of IKEv1 from noise.  Each octet of a chain that could not
 * be otherwise counts for so many bits; noise has n of them once in 2^n.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "judge.h"
#include "payload.h"

#include <espial/cursor.h>
#include <espial/limits.h>
#include <espial/names.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

enum {
    ENOUGH = 28,                /* with some fifty IVs tried for a message */
    ENOUGH_REPAIRED = 36,
    PAD_MAX = 64,               /* racoon pads with more than a block where told to */
    IPSEC_DOI = 1
};

static unsigned
log2_of(size_t n)
{
    unsigned bits = 0;

    for (; n > 1; n >>= 1) {
        bits++;
    }
    return bits;
}

/* What the fixed fields of a body add (RFC 2408 section 3, RFC 2407 section 4.6). */
static unsigned
body_bits(uint8_t type, const uint8_t *at, size_t len)
{
    if ((type == V1P_SA || type == V1P_NOTIFY || type == V1P_DELETE) && len >= 4) {
        return be32(at) <= IPSEC_DOI ? 31 : 0;
    }
    if (type == V1P_ID && len >= 4) {
        return at[0] >= ID_IPV4_ADDR && at[0] <= ID_KEY_ID ? 4 : 0;
    }
    if (type == V1P_ATTRIBUTES && len >= 4) {
        return at[0] >= CP_REQUEST && at[0] <= CP_ACK && at[1] == 0 ? 14 : 0;
    }
    return 0;
}

/* RFC 2409 appendix B pads with zeros; some count the padding in the last octet. */
static bool
padding(const uint8_t *at, size_t len, size_t block, unsigned *bits)
{
    bool zero = true;

    for (size_t i = 0; i < len; i++) {
        zero = zero && (at[i] == 0 || (i + 1 == len && (at[i] == len || at[i] + (size_t)1 == len)));
    }
    if (zero) {
        *bits += (unsigned)(8 * MIN(len, (size_t)PAD_MAX));
        return true;
    }
    return len < block ||
           (len <= PAD_MAX + block && (at[len - 1] == len || at[len - 1] + (size_t)1 == len));
}

static bool
walk(const struct chain_rules *r, uint8_t type, const uint8_t *clear, size_t len, unsigned *bits)
{
    struct cur c = cur_of(clear, len), body;

    *bits = 0;
    for (unsigned i = 0; type; i++) {
        uint8_t next, reserved;
        uint16_t n;
        size_t left = cur_left(&c);
        if (i >= IKE_MAX_PAYLOADS || !ike_payload_known(1, type) || !cur_u8(&c, &next) ||
            !cur_u8(&c, &reserved) || !cur_u16(&c, &n) || reserved || n < PAYLOAD_HEADER ||
            !cur_sub(&c, &body, n - (size_t)PAYLOAD_HEADER) || !ike_payload_known(1, next)) {
            return false;
        }
        if (type == V1P_HASH && r->hash_len && n != r->hash_len + PAYLOAD_HEADER) {
            return false;
        }
        *bits += next ? 11 : 16;
        *bits += type == V1P_HASH && r->hash_len ? 16u : 15u - MIN(log2_of(left), 15u);
        *bits += body_bits(type, body.at, cur_left(&body));
        type = next;
    }
    return padding(c.at, cur_left(&c), r->block, bits);
}

bool
chain_plausible(const struct chain_rules *r, const uint8_t *clear, size_t len)
{
    unsigned bits;

    return r->first && walk(r, r->first, clear, len, &bits) && bits >= ENOUGH;
}

/* What may follow the HASH of an exchange (RFC 2409 sections 5.5 to 5.7), what has the
 * stricter form first. */
static const uint8_t *
followers(uint8_t exchange, size_t *n)
{
    static const uint8_t quick[] = { V1P_SA, V1P_NOTIFY, 0 };
    static const uint8_t informational[] = { V1P_DELETE, V1P_NOTIFY };
    static const uint8_t transaction[] = { V1P_ATTRIBUTES }, group[] = { V1P_SA };

    switch (exchange) {
    case V1_QUICK:
        *n = sizeof quick;
        return quick;
    case V1_INFORMATIONAL:
        *n = sizeof informational;
        return informational;
    case V1_TRANSACTION:
        *n = sizeof transaction;
        return transaction;
    default:
        *n = sizeof group;
        return group;
    }
}

/* SA, Notify and Delete all begin with a DOI: what comes after it tells them apart
 * (RFC 2408 sections 3.4, 3.14, 3.15). */
static bool
has_form_of(uint8_t type, const uint8_t *clear, size_t len)
{
    size_t body, spi;

    if (type == 0 || type == V1P_ATTRIBUTES) {
        return true;
    }
    body = len < PAYLOAD_HEADER ? 0 : (size_t)be16(clear + 2);
    if (body < PAYLOAD_HEADER + 8 || body > len || be32(clear + PAYLOAD_HEADER) > IPSEC_DOI) {
        return false;
    }
    body -= PAYLOAD_HEADER + 8;
    clear += PAYLOAD_HEADER + 4;
    if (type == V1P_SA) {
        return be32(clear) == 1;        /* SIT_IDENTITY_ONLY */
    }
    spi = clear[1];
    return clear[0] >= PROTO_IKE && clear[0] <= PROTO_IPCOMP &&
           (type == V1P_DELETE ? body == spi * (size_t)be16(clear + 2) && body : body >= spi);
}

bool
chain_repair(const struct chain_rules *r, uint8_t *clear, size_t len)
{
    size_t head = PAYLOAD_HEADER + r->hash_len, n;
    const uint8_t *types = followers(r->exchange, &n);
    unsigned bits;

    if (r->exchange < V1_INFORMATIONAL || r->first != V1P_HASH || !r->hash_len || len < head ||
        head < r->block) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (has_form_of(types[i], clear + head, len - head) &&
            walk(r, types[i], clear + head, len - head, &bits) && bits >= ENOUGH_REPAIRED) {
            memset(clear, 0, r->block);
            clear[0] = types[i];
            clear[2] = (uint8_t)(head >> 8);
            clear[3] = (uint8_t)head;
            return true;
        }
    }
    return false;
}
