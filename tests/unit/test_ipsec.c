/* Headers and trailers of ESP and AH, ICMP errors that quote them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/ipsec.h>

static const uint8_t inner[] = { 0x45, 0, 0, 20, 0, 1, 0, 0, 64, 59, 0, 0, 10, 1, 0, 1, 10, 2, 0,
                                 1 };

static void
esp(void)
{
    static const uint8_t bytes[] = { 0xd6, 0x22, 0xd0, 0xc9, 0, 0, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8 };
    struct ipsec_packet p;

    for (size_t n = 0; n < 8; n++) {
        T(!esp_read(&p, bytes, n, sizeof bytes));
    }
    T(esp_read(&p, bytes, 8, 100) && p.spi == 0xd622d0c9 && p.seq == 7 && p.length == 100 &&
      p.cut && !p.has_iv);
    T(esp_read(&p, bytes, sizeof bytes, sizeof bytes) && p.has_iv && p.iv == 0x0102030405060708 &&
      !p.cut && !p.readable_ip);
}

static void
readable(void)
{
    uint8_t bytes[8 + sizeof inner] = { 0, 0, 1, 0, 0, 0, 0, 1 };
    struct ipsec_packet p;
    uint32_t sum = 0;

    memcpy(bytes + 8, inner, sizeof inner);
    /* the checksum does not fit */
    T(esp_read(&p, bytes, sizeof bytes, sizeof bytes) && !p.readable_ip);
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
    /* the ICV was cut */
    T(ah_read(&p, &next, &payload, bytes, 20, sizeof bytes) && payload.len == 0);
    T(ah_read(&p, &next, &payload, bytes, sizeof bytes, sizeof bytes) && p.protocol == PROTO_AH &&
      p.spi == 257 &&
      p.seq == 9 && p.ah_words == 4 && next == 4 && payload.len == sizeof inner);
    ipsec_set_inner(&p, &at, next, &payload, BASIS_OBSERVED);
    T(p.has_inner && p.inner_tunnel && p.inner.src.bytes[3] == 1 && p.inner.dst.bytes[1] == 2);
    bytes[1] = 0;
    /* shorter than its fixed part */
    T(!ah_read(&p, &next, &payload, bytes, sizeof bytes, sizeof bytes));
}

static void
trailer(void)
{
    static const uint8_t good[] = { 9, 9, 9, 1, 2, 3, 3, 4 }, bad[] = { 9, 9, 9, 1, 2, 2, 3, 4 },
                                  all[] = { 1, 1, 59 };
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
    static const struct transform null[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 },
                                             { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    static const struct transform aes[] = { { TRANSFORM_ENCR, ENCR_AES_CBC, 128 },
                                            { TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 } };
    struct proposal p = { .num_transforms = 2, .transforms = null };
    uint8_t bytes[8 + sizeof inner + 2 + 12] = { 0 };
    struct span payload;
    uint8_t next;

    memcpy(bytes + 8, inner, sizeof inner);
    bytes[8 + sizeof inner + 1] = 4;
    T(esp_null_read(&next, &payload, &p, bytes, sizeof bytes) && next == 4 &&
      payload.len == sizeof inner);
    for (size_t n = 0; n < 8 + 12 + 1; n++) {
        T(!esp_null_read(&next, &payload, &p, bytes, n));
    }
    p.transforms = aes;
    T(!esp_null_read(&next, &payload, &p, bytes, sizeof bytes) &&
      !esp_null_read(&next, &payload, NULL, bytes, sizeof bytes));
}

static void
icmp(void)
{
    uint8_t bytes[8 + 20 + 8] = { 3, 4, 0, 0, 0, 0, 5, 120 };
    struct path_packet e = { .mtu = 0 };

    memcpy(bytes + 8, inner, sizeof inner);
    bytes[8 + 3] = 28;
    bytes[8 + 9] = 50;
    bytes[8 + 20] = 0xd6;
    T(icmp_error_read(&e, false, bytes, sizeof bytes) && e.mtu == 1400 && e.spi == 0xd6000000 &&
      e.protocol == 50);
    for (size_t n = 0; n < 28; n++) {
        T(!icmp_error_read(&e, false, bytes, n));
    }
    bytes[0] = 8;
    T(!icmp_error_read(&e, false, bytes, sizeof bytes));       /* an echo quotes nothing */
    T(!icmp_error_read(&e, true, bytes, sizeof bytes));
}

/* Transport mode: what is protected belongs to the outer addresses; dummy packets (RFC 4303 section
 * 2.6) hold nothing. */
static void
transport(void)
{
    static const uint8_t udp[] = { 0x01, 0xf4, 0x11, 0x94, 0, 8, 0, 0 };
    struct sighting at = { .frame = 1, .src = { 4, { 192, 0, 2, 10 } },
                           .dst = { 4, { 198, 51, 100, 20 } } };
    struct ipsec_packet p = { .protocol = PROTO_ESP };
    struct span payload = { udp, sizeof udp };

    ipsec_set_inner(&p, &at, 17, &payload, BASIS_DECRYPTED);
    T(p.has_inner && !p.inner_tunnel && p.inner.protocol == 17 && p.next_header == 17 &&
      p.clear_read);
    T(ip_equal(&p.inner.src, &at.src) && ip_equal(&p.inner.dst, &at.dst) && !p.inner.has_ports &&
      p.inner_basis == BASIS_DECRYPTED);
    p = (struct ipsec_packet){ .protocol = PROTO_ESP };
    ipsec_set_inner(&p, &at, 59, &payload, BASIS_DECRYPTED);
    T(!p.has_inner && !p.inner_tunnel && p.next_header == 59 && p.clear_read);
    p = (struct ipsec_packet){ .protocol = PROTO_ESP };
    payload.len = 3;
    /* too short for IPv4: a tunnel, not readable */
    ipsec_set_inner(&p, &at, 4, &payload, BASIS_DECRYPTED);
    T(!p.has_inner && p.inner_tunnel);
}

/* GMAC has its IV before and its ICV behind the clear text (RFC 4543 section 3); of an algorithm
 * whose ICV is
 * not known nothing can be read. */
static void
gmac(void)
{
    static const struct transform gmac128[] = { { TRANSFORM_ENCR, ENCR_NULL_AES_GMAC, 128 } };
    static const struct transform strange[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 },
                                                { TRANSFORM_INTEG, 999, 0 } };
    static const struct transform none[] = { { TRANSFORM_ENCR, ENCR_NULL, 0 },
                                             { TRANSFORM_INTEG, INTEG_NONE, 0 } };
    struct proposal p = { .num_transforms = 1, .transforms = gmac128 };
    uint8_t bytes[8 + 8 + sizeof inner + 2 + 16] = { 0 };
    struct span payload;
    uint8_t next;

    memcpy(bytes + 16, inner, sizeof inner);
    bytes[16 + sizeof inner + 1] = 4;
    T(esp_null_read(&next, &payload, &p, bytes, sizeof bytes) && next == 4 &&
      payload.len == sizeof inner && payload.at == bytes + 16);
    p.transforms = strange;
    p.num_transforms = 2;
    T(!esp_null_read(&next, &payload, &p, bytes, sizeof bytes));
    /* NULL with none: the trailer ends the packet */
    p.transforms = none;
    T(esp_null_read(&next, &payload, &p, bytes, 16 + sizeof inner + 2) &&
      payload.len == 8 + sizeof inner);
}

/* A quoted packet of IPv4, with what follows its header. */
static bool
quoted(struct path_packet *e, uint8_t type, uint8_t code, uint8_t protocol, const void *behind,
       size_t len, size_t cut)
{
    uint8_t bytes[8 + 20 + 32] = { type, code, 0, 0, 0, 0, 5, 120 };

    memcpy(bytes + 8, inner, sizeof inner);
    bytes[8 + 3] = (uint8_t)(20 + len);
    bytes[8 + 9] = protocol;
    memcpy(bytes + 28, behind, len);
    *e = (struct path_packet){ .mtu = 0 };
    return icmp_error_read(e, false, bytes, 28 + len - cut);
}

/* RFC 792: eight octets of the packet at least, enough for the SPI of all but AH's sequence
 * number. */
static void
quotes(void)
{
    static const uint8_t ah_header[] = { 4, 4, 0, 0, 0xd6, 0x22, 0xd0, 0xc9 },
                                       ports[] = { 0x11, 0x94, 0x11, 0x94, 0, 40, 0, 0 };
    static const uint8_t esp_in_udp[] = { 0x11, 0x94, 0x11, 0x94, 0, 40, 0, 0, 0xd6, 0x22, 0xd0,
                                          0xc9 };
    static const uint8_t ike_in_udp[] = { 0x11, 0x94, 0x11, 0x94, 0, 40, 0, 0, 0, 0, 0, 0 };
    static const uint8_t ike[] = { 0x01, 0xf4, 0x01, 0xf4, 0, 40, 0, 0, 1, 2, 3, 4 };
    struct path_packet e;

    T(quoted(&e, 3, 2, 51, ah_header, sizeof ah_header, 0) && e.spi == 0xd622d0c9 &&
      e.protocol == 51 && e.mtu == 0 && e.icmp_code == 2);
    T(quoted(&e, 3, 2, 51, ah_header, sizeof ah_header, 1) && e.spi == 0);
    T(quoted(&e, 11, 0, 17, esp_in_udp, sizeof esp_in_udp, 0) && e.spi == 0xd622d0c9 &&
      e.dst_port == 4500 && e.icmp_type == 11);
    /* the non-ESP marker */
    T(quoted(&e, 3, 3, 17, ike_in_udp, sizeof ike_in_udp, 0) && e.spi == 0 && e.src_port == 4500);
    T(quoted(&e, 3, 3, 17, ports, sizeof ports, 0) && e.spi == 0 && e.src_port == 4500);
    T(quoted(&e, 3, 3, 17, ike, sizeof ike, 0) && e.spi == 0 && e.src_port == 500);
    T(quoted(&e, 3, 4, 6, ike, sizeof ike, 0) && e.mtu == 1400 && e.spi == 0);
    T(!quoted(&e, 5, 0, 50, ah_header, sizeof ah_header, 0) &&
      !quoted(&e, 0, 0, 50, ah_header, sizeof ah_header, 0));
}

/* ICMPv6 (RFC 4443 section 3): errors are the types below 128, of which four are defined; 2 brings
 * the MTU. */
static void
icmpv6(void)
{
    uint8_t bytes[8 + 40 + 8] = { 2, 0, 0, 0, 0, 0, 5, 0, 0x60, 0, 0, 0, 0, 8, 50, 64 };
    struct path_packet e = { .mtu = 0 };

    bytes[8 + 40] = 0xd6;
    T(icmp_error_read(&e, true, bytes, sizeof bytes) && e.mtu == 1280 && e.spi == 0xd6000000 &&
      e.src.family == 6);
    for (unsigned type = 0; type < 256; type++) {
        bytes[0] = (uint8_t)type;
        T(icmp_error_read(&e, true, bytes, sizeof bytes) == (type >= 1 && type <= 4));
        T(type < 1 || type > 4 || e.mtu == (type == 2 ? 1280 : 0));
    }
}

int
main(void)
{
    transport();
    gmac();
    quotes();
    icmpv6();
    esp();
    readable();
    ah();
    trailer();
    null_cipher();
    icmp();
    return t_done();
}
