/* ike.c - IKEv2 negotiations: IKE_SA_INIT and IKE_AUTH, each with its Child SA, all of one
 * suite (RFC 7296 section 1.2).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <string.h>

enum { IKE_SA_INIT = 34, IKE_AUTH = 35, P_SA = 33, P_KE = 34, P_IDI = 35, P_IDR = 36, P_AUTH = 39,
       P_NONCE = 40,
       P_NOTIFY = 41, P_TSI = 44, P_TSR = 45, P_SK = 46 };

struct ike {
    uint32_t client;
    uint8_t spi_i[8], spi_r[8], ei[16], er[16], ai[32], ar[32];
    struct sa in, back;         /* the child's two directions */
};

static size_t message, chain;   /* where the message starts, and its last "next payload" */
static gcry_cipher_hd_t ike_cipher;
static gcry_mac_hd_t ike_mac;

static void
ike_begin(const struct ike *k, unsigned exchange, bool request, uint32_t id)
{
    static const uint8_t none[8];

    ip4(PROTO_UDP, request ? k->client : GATEWAY, request ? GATEWAY : k->client);
    udp(500, 500);
    message = len;
    octets(k->spi_i, 8);
    octets(request && exchange == IKE_SA_INIT ? none : k->spi_r, 8);
    chain = len;
    u8(0);
    u8(0x20);
    u8(exchange);
    u8(request ? 0x08 : 0x20);
    u32(id);
    u32(0);
}

static void
ike_end(void)
{
    set32(message + 24, (uint32_t)(len - message));
    end_udp();
    emit(2000);
}

static size_t
payload(unsigned type)
{
    size_t at = len;

    frame[chain] = (uint8_t)type;
    chain = len;
    u32(0);
    return at;
}

static void
payload_end(size_t at)
{
    set16(at + 2, (unsigned)(len - at));
}

static void
transform(unsigned type, unsigned id, unsigned bits, bool last)
{
    u16(last ? 0 : 3 << 8);
    u16(bits ? 12 : 8);
    u16(type << 8);
    u16(id);
    if (bits) {
        u16(0x800e);            /* key length, as it is (RFC 7296 section 3.3.5) */
        u16(bits);
    }
}

static void
proposal(unsigned protocol, uint32_t spi)
{
    size_t sa = payload(P_SA), p = len;

    u16(0);
    u16(0);
    u8(1);
    u8(protocol);
    u8(spi ? 4 : 0);
    u8(spi ? 3 : 4);
    if (spi) {
        u32(spi);
        transform(1, 12, 128, false);           /* AES_CBC_128 */
        transform(3, 12, 0, false);             /* HMAC_SHA2_256_128 */
        transform(5, 0, 0, true);               /* NO_EXT_SEQ */
    } else {
        transform(1, 12, 128, false);
        transform(3, 12, 0, false);
        transform(2, 5, 0, false);              /* PRF_HMAC_SHA2_256 */
        transform(4, 31, 0, true);              /* CURVE_25519 */
    }
    set16(p + 2, (unsigned)(len - p));
    payload_end(sa);
}

/* RFC 7296 section 2.23: SHA-1 of the SPIs, the address and the port. */
static void
nat_detection(const struct ike *k, unsigned type, bool request, uint32_t address)
{
    uint8_t text[22] = { 0 };
    size_t at = payload(P_NOTIFY);

    memcpy(text, k->spi_i, 8);
    if (!request) {
        memcpy(text + 8, k->spi_r, 8);
    }
    for (int i = 0; i < 4; i++) {
        text[16 + i] = (uint8_t)(address >> (24 - 8 * i));
    }
    text[20] = 500 >> 8;
    text[21] = 500 & 255;
    u16(0);
    u16(type);
    gcry_md_hash_buffer(GCRY_MD_SHA1, frame + len, text, sizeof text);
    len += 20;
    payload_end(at);
}

static void
ike_init(const struct ike *k, bool request)
{
    size_t at;

    ike_begin(k, IKE_SA_INIT, request, 0);
    proposal(1, 0);
    at = payload(P_KE);
    u16(31);
    u16(0);
    noise(32);
    payload_end(at);
    at = payload(P_NONCE);
    noise(32);
    payload_end(at);
    nat_detection(k, 16388, request, request ? k->client : GATEWAY);
    nat_detection(k, 16389, request, request ? GATEWAY : k->client);
    ike_end();
}

static void
selector(unsigned type, uint32_t first, uint32_t last)
{
    size_t at = payload(type);

    u32(0x01000000);            /* one selector */
    u16(7 << 8);
    u16(16);
    u16(0);
    u16(65535);
    u32(first);
    u32(last);
    payload_end(at);
}

static void
ike_auth(const struct ike *k, bool request)
{
    uint32_t client_net = 0x0b000000 + ((k->client - CLIENTS) << 4);
    uint8_t icv[32];
    size_t at, sk, from, pad, n = sizeof icv;

    ike_begin(k, IKE_AUTH, request, 1);
    sk = payload(P_SK);
    noise(BLOCK);
    from = len;
    at = payload(request ? P_IDI : P_IDR);
    u32(0x01000000);            /* ID_IPV4_ADDR */
    u32(request ? k->client : GATEWAY);
    payload_end(at);
    at = payload(P_AUTH);
    u32(0x02000000);            /* shared key */
    noise(32);
    payload_end(at);
    proposal(3, request ? k->back.spi : k->in.spi);
    selector(P_TSI, client_net, client_net + 15);
    selector(P_TSR, 0x0a000000, 0x0a00ffff);
    pad = (BLOCK - (len - from + 1) % BLOCK) % BLOCK;
    memset(frame + len, 0, pad);
    len += pad;
    u8((unsigned)pad);
    set16(sk + 2, (unsigned)(len + 16 - sk));
    set32(message + 24, (uint32_t)(len + 16 - message));
    gcry_cipher_setkey(ike_cipher, request ? k->ei : k->er, 16);
    gcry_cipher_setiv(ike_cipher, frame + from - BLOCK, BLOCK);
    gcry_cipher_encrypt(ike_cipher, frame + from, len - from, NULL, 0);
    gcry_mac_setkey(ike_mac, request ? k->ai : k->ar, 32);
    gcry_mac_write(ike_mac, frame + message, len - message);
    gcry_mac_read(ike_mac, icv, &n);
    octets(icv, 16);
    ike_end();
}

static void
negotiate(uint32_t i, bool traffic)
{
    struct ike k;

    k.client = CLIENTS + i;
    fill(k.spi_i, sizeof k.spi_i);
    fill(k.spi_r, sizeof k.spi_r);
    fill(k.ei, sizeof k.ei);
    fill(k.er, sizeof k.er);
    fill(k.ai, sizeof k.ai);
    fill(k.ar, sizeof k.ar);
    k.in = (struct sa){ .src = k.client, .dst = GATEWAY, .spi = spi_of(2 * i) };
    k.back = (struct sa){ .src = GATEWAY, .dst = k.client, .spi = spi_of(2 * i + 1) };
    ike_init(&k, true);
    ike_init(&k, false);
    ike_auth(&k, true);
    ike_auth(&k, false);
    for (int n = 0; traffic && n < 2; n++) {
        esp_packet(&k.in, SEALED_CBC);
        esp_packet(&k.back, SEALED_CBC);
    }
    if (key_file) {
        hex("", k.spi_i, 8, ",");
        hex("", k.spi_r, 8, ",");
        hex("", k.ei, 16, ",");
        hex("", k.er, 16, ",\"AES-CBC-128 [RFC3602]\",");
        hex("", k.ai, 32, ",");
        hex("", k.ar, 32, ",\"HMAC_SHA2_256_128 [RFC4868]\"\n");
    }
}

void
negotiations(uint64_t packets, bool traffic)
{
    gcry_cipher_open(&ike_cipher, GCRY_CIPHER_AES128, GCRY_CIPHER_MODE_CBC, 0);
    gcry_mac_open(&ike_mac, GCRY_MAC_HMAC_SHA256, 0, NULL);
    for (uint32_t i = 0; written < packets; i++) {
        negotiate(i, traffic);
    }
    gcry_mac_close(ike_mac);
    gcry_cipher_close(ike_cipher);
}
