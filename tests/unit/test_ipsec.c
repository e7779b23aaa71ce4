/* Headers and trailers of ESP and AH, ICMP errors that quote them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/ipsec.h>

static const uint8_t inner[] = { 0x45, 0, 0, 20, 0, 1, 0, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0, 1 };

static void
esp(void)
{
    static const uint8_t bytes[] = { 0xd6, 0x22, 0xd0, 0xc9, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8 };
    struct ipsec_packet p;

    for (size_t n = 0; n < 8; n++) {
        T(!esp_read(&p, bytes, n, sizeof bytes));
    }
    T(esp_read(&p, bytes, 8, 100) && p.spi == 0xd622d0c9 && p.seq == 7 && p.length == 100 && p.cut && !p.has_iv);
    T(esp_read(&p, bytes, sizeof bytes, sizeof bytes) && p.has_iv && p.iv == 0x0102030405060708 && !p.cut && !p.readable_ip);
}

static void
readable(void)
{
    uint8_t bytes[8 + sizeof inner] = { 0, 0, 1, 0, 0, 0, 0, 1 };
    struct ipsec_packet p;
    uint32_t sum = 0;

    memcpy(bytes + 8, inner, sizeof inner);
    T(esp_read(&p, bytes, sizeof bytes, sizeof bytes) && !p.readable_ip);      /* the checksum does not fit */
    for (size_t i = 0; i < sizeof inner; i += 2) {
        sum += (uint32_t)(inner[i] << 8 | inner[i + 1]);
    }
    sum = ~((sum & 0xffff) + (sum >> 16));
    bytes[8 + 10] = (uint8_t)(sum >> 8);
    bytes[8 + 11] = (uint8_t)sum;
    T(esp_read(&p, bytes, sizeof bytes, sizeof bytes) && p.readable_ip);
}

static void
ah(void)
{
    uint8_t bytes[24 + sizeof inner] = { 4, 4, 0, 0, 0, 0, 1, 1, 0, 0, 0, 9 };
    struct ipsec_packet p;
    struct span payload;
    struct sighting at = { .frame = 1 };
    uint8_t next;

    memcpy(bytes + 24, inner, sizeof inner);
    for (size_t n = 0; n < 12; n++) {
        T(!ah_read(&p, &next, &payload, bytes, n, sizeof bytes));
    }
    T(ah_read(&p, &next, &payload, bytes, 20, sizeof bytes) && payload.len == 0);       /* the ICV was cut */
    T(ah_read(&p, &next, &payload, bytes, sizeof bytes, sizeof bytes) && p.protocol == PROTO_AH && p.spi == 257 &&
      p.seq == 9 && p.ah_words == 4 && next == 4 && payload.len == sizeof inner);
    ipsec_set_inner(&p, &at, next, &payload, BASIS_OBSERVED);
    T(p.has_inner && p.inner_tunnel && p.inner.src.bytes[3] == 1 && p.inner.dst.bytes[1] == 2);
    bytes[1] = 0;
    T(!ah_read(&p, &next, &payload, bytes, sizeof bytes, sizeof bytes));                /* shorter than its fixed part */
}

static void
trailer(void)
{
    static const uint8_t good[] = { 9, 9, 9, 1, 2, 3, 3, 4 }, bad[] = { 9, 9, 9, 1, 2, 2, 3, 4 }, all[] = { 1, 1, 59 };
    struct span payload;
    uint8_t next;

    T(esp_clear_read(&next, &payload, good, sizeof good) && next == 4 && payload.len == 3);
    T(!esp_clear_read(&next, &payload, bad, sizeof bad));
    T(!esp_clear_read(&next, &payload, good + 6, 2));          /* a pad length beyond the packet */
    T(!esp_clear_read(&next, &payload, good, 1) && !esp_clear_read(&next, &payload, good, 0));
    T(esp_clear_read(&next, &payload, all, sizeof all) && next == 59 && payload.len == 0);
}

static void
null_cipher(void)
{
    static const struct transform null[] = { { TRANSFORM_ENCR, 11, 0 }, { TRANSFORM_INTEG, 2, 0 } };
    static const struct transform aes[] = { { TRANSFORM_ENCR, 12, 128 }, { TRANSFORM_INTEG, 2, 0 } };
    struct proposal p = { .num_transforms = 2, .transforms = null };
    struct kept_proposal k = { .p = &p };
    uint8_t bytes[8 + sizeof inner + 2 + 12] = { 0 };
    struct span payload;
    uint8_t next;

    memcpy(bytes + 8, inner, sizeof inner);
    bytes[8 + sizeof inner + 1] = 4;
    T(esp_null_read(&next, &payload, &k, bytes, sizeof bytes) && next == 4 && payload.len == sizeof inner);
    for (size_t n = 0; n < 8 + 12 + 1; n++) {
        T(!esp_null_read(&next, &payload, &k, bytes, n));
    }
    p.transforms = aes;     /* cppcheck-suppress unreadVariable ; k points to p */
    T(!esp_null_read(&next, &payload, &k, bytes, sizeof bytes) && !esp_null_read(&next, &payload, NULL, bytes, sizeof bytes));
}

static void
icmp(void)
{
    uint8_t bytes[8 + 20 + 8] = { 3, 4, 0, 0, 0, 0, 5, 120 };
    struct path_event e = { .mtu = 0 };

    memcpy(bytes + 8, inner, sizeof inner);
    bytes[8 + 3] = 28;
    bytes[8 + 9] = 50;
    bytes[8 + 20] = 0xd6;
    T(icmp_error_read(&e, false, bytes, sizeof bytes) && e.mtu == 1400 && e.spi == 0xd6000000 && e.protocol == 50);
    for (size_t n = 0; n < 28; n++) {
        T(!icmp_error_read(&e, false, bytes, n));
    }
    bytes[0] = 8;
    T(!icmp_error_read(&e, false, bytes, sizeof bytes));       /* an echo quotes nothing */
    T(!icmp_error_read(&e, true, bytes, sizeof bytes));
}

int
main(void)
{
    esp();
    readable();
    ah();
    trailer();
    null_cipher();
    icmp();
    return t_done();
}
