/* plausible.c - whether octets can be an IKE message.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/cursor.h>
#include <espial/ike.h>

#include <string.h>

static bool
has_exchange(unsigned major, uint8_t exchange)
{
    if (major == 1) {
        return exchange <= V1_TRANSACTION || exchange == V1_QUICK || exchange == V1_NEW_GROUP;
    }
    return major == 2 && exchange >= V2_IKE_SA_INIT && exchange <= V2_IKE_FOLLOWUP_KE;
}

bool
ike_plausible(const uint8_t *data, size_t captured)
{
    static const uint8_t zero[8];
    struct cur c = cur_of(data, captured);
    uint8_t spi[8], major, exchange;
    uint32_t length;

    /* Not ike_parse: this is asked of every datagram, and a message is 20 KiB. */
    if (!cur_copy(&c, spi, sizeof spi) || !cur_skip(&c, 9) || !cur_u8(&c, &major) ||
        !cur_u8(&c, &exchange) || !cur_skip(&c, 5) || !cur_u32(&c, &length)) {
        return false;
    }
    return memcmp(spi, zero, sizeof spi) != 0 && length >= IKE_HEADER &&
           has_exchange(major >> 4, exchange);
}

/* The registries have given numbers from SA on to some dozens of payloads; from 128 on they are
 * private. */
static bool
is_payload(unsigned major, uint8_t type)
{
    enum { GIVEN = 32, PRIVATE = 128 };
    unsigned first = major == 1 ? V1P_SA : V2P_SA;

    return type >= PRIVATE || (type >= first && type < first + GIVEN);
}

/* Where the chain of payloads from *type on ends, of which SK and SKF are the last; 0 where some
 * length is impossible. */
static size_t
chain_end(const uint8_t *data, size_t len, unsigned major, uint8_t type)
{
    size_t at = IKE_HEADER;

    for (unsigned n = 0; type && n < IKE_MAX_PAYLOADS; n++) {
        size_t payload;
        bool sealed = major == 2 && (type == V2P_SK || type == V2P_SKF);
        if (at + PAYLOAD_HEADER > len || !is_payload(major, type)) {
            return 0;
        }
        payload = be16(data + at + 2);
        if (payload < PAYLOAD_HEADER || payload > len - at) {
            return 0;
        }
        type = sealed ? 0 : data[at];
        at += payload;
    }
    return type ? 0 : at;
}

bool
ike_has_form(const uint8_t *data, size_t len)
{
    enum { NEXT = 16, VERSION = 17, EXCHANGE = 18, FLAGS = 19, ID = 20, LENGTH = 24 };
    uint8_t first, exchange;
    unsigned major;

    if (len < IKE_HEADER + PAYLOAD_HEADER || be32(data + LENGTH) != len ||
        (data[VERSION] != 0x10 && data[VERSION] != 0x20) || !ike_plausible(data, len)) {
        return false;
    }
    first = data[NEXT];
    exchange = data[EXCHANGE];
    major = data[VERSION] >> 4;
    if (major == 1) {
        return data[FLAGS] == 0 && (exchange == V1_MAIN || exchange == V1_AGGRESSIVE) &&
               first == V1P_SA && be32(data + ID) == 0 && chain_end(data, len, 1, first) == len;
    }
    if (data[FLAGS] & ~(unsigned)(FLAG_INITIATOR | FLAG_VERSION | FLAG_RESPONSE)) {
        return false;
    }
    return ((exchange == V2_IKE_SA_INIT) != (first == V2P_SK || first == V2P_SKF)) &&
           chain_end(data, len, 2, first) == len;
}
