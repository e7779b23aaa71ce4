/* ipsec.c - headers and trailers of ESP and AH.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/cursor.h>
#include <espial/ipsec.h>

#include <string.h>

enum { NEXT_IPV4 = 4, NEXT_IPV6 = 41, NEXT_NONE = 59, AH_FIXED = 12 };

bool
esp_read(struct ipsec_packet *out, const uint8_t *at, size_t captured, size_t reported)
{
    struct cur c = cur_of(at, captured);
    uint32_t spi, seq;

    if (!cur_u32(&c, &spi) || !cur_u32(&c, &seq)) {
        return false;
    }
    *out = (struct ipsec_packet){ .protocol = PROTO_ESP, .spi = spi, .seq = seq, .length = (uint32_t)reported };
    return true;
}

bool
ah_read(struct ipsec_packet *out, uint8_t *next, struct span *payload, const uint8_t *at, size_t captured, size_t reported)
{
    struct cur c = cur_of(at, captured), all = c, header;
    uint8_t words, proto;
    uint16_t reserved;
    uint32_t spi, seq;
    size_t len;

    if (!cur_u8(&c, &proto) || !cur_u8(&c, &words) || !cur_u16(&c, &reserved) || !cur_u32(&c, &spi) || !cur_u32(&c, &seq)) {
        return false;
    }
    len = (words + 2u) * 4u;                /* RFC 4302 section 2.2 */
    if (len < AH_FIXED) {
        return false;
    }
    *out = (struct ipsec_packet){ .protocol = PROTO_AH, .spi = spi, .seq = seq, .length = (uint32_t)reported };
    *next = proto;
    *payload = (struct span){ at, 0 };
    if (cur_sub(&all, &header, len)) {
        *payload = (struct span){ all.at, cur_left(&all) };
    }
    return true;
}

bool
esp_clear_read(uint8_t *next, struct span *payload, const uint8_t *clear, size_t len)
{
    size_t pad;

    if (len < 2) {
        return false;
    }
    pad = clear[len - 2];
    if (pad + 2 > len) {
        return false;
    }
    for (size_t i = 0; i < pad; i++) {
        if (clear[len - 2 - pad + i] != i + 1) {
            return false;
        }
    }
    *next = clear[len - 1];
    *payload = (struct span){ clear, len - 2 - pad };
    return true;
}

void
ipsec_set_inner(struct ipsec_packet *p, const struct sighting *at, uint8_t next, const struct span *payload,
                enum basis basis)
{
    p->inner_basis = basis;
    if (next == NEXT_IPV4 || next == NEXT_IPV6) {
        p->inner_tunnel = true;
        p->has_inner = inner_packet_read(&p->inner, payload->at, payload->len);
    } else if (next != NEXT_NONE) {
        memset(&p->inner, 0, sizeof p->inner);
        p->inner.src = at->src;
        p->inner.dst = at->dst;
        p->inner.protocol = next;
        p->has_inner = true;
    }
}
