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
