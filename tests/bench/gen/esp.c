/* esp.c - ESP with keys and without.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

enum { ESP_HEADER = 8 };

static void
open_suite(struct sa *sa, enum suite suite)
{
    char src[16], dst[16];

    snprintf(src, sizeof src, "%u.%u.%u.%u", sa->src >> 24, sa->src >> 16 & 255, sa->src >> 8 & 255,
             sa->src & 255);
    snprintf(dst, sizeof dst, "%u.%u.%u.%u", sa->dst >> 24, sa->dst >> 16 & 255, sa->dst >> 8 & 255,
             sa->dst & 255);
    gcry_cipher_open(&sa->cipher, GCRY_CIPHER_AES128,
                     suite == CBC ? GCRY_CIPHER_MODE_CBC : GCRY_CIPHER_MODE_GCM, 0);
    gcry_cipher_setkey(sa->cipher, sa->key, 16);
    if (suite == CBC) {
        gcry_mac_open(&sa->mac, GCRY_MAC_HMAC_SHA1, 0, NULL);
        gcry_mac_setkey(sa->mac, sa->auth, 20);
    }
    if (key_file) {
        fprintf(key_file, "\"IPv4\",\"%s\",\"%s\",\"0x%08x\",\"%s\",", src, dst, sa->spi,
                suite == CBC ? "AES-CBC [RFC3602]" : "AES-GCM with 16 octet ICV [RFC4106]");
        hex("\"0x", sa->key, suite == CBC ? 16 : 20,
            suite == CBC ? "\",\"HMAC-SHA-1-96 [RFC2404]\"," : "\",\"NULL\",\"\"\n");
        if (suite == CBC) {
            hex("\"0x", sa->auth, 20, "\"\n");
        }
    }
}

uint32_t
spi_of(uint32_t i)
{
    uint32_t spi = (i + 1) * 2654435761u;       /* odd: a permutation */

    /* cppcheck-suppress knownConditionTrueFalse ; it knows the first i alone */
    return spi < 256 ? spi + 0x70000000 : spi;  /* reserved (RFC 4303 section 2.1) */
}

/* SAs come in pairs, one for each direction, of a client and the gateway. */
static struct sa *
make_sas(uint32_t n, bool in_udp, enum suite suite)
{
    struct sa *sas = calloc(n, sizeof *sas);

    for (uint32_t i = 0; sas && i < n; i++) {
        uint32_t client = CLIENTS + i / 2;
        uint16_t port = in_udp ? (uint16_t)(i / 2 % 3 ? 4500 : 20000 + i / 2 % 30000) : 0;
        struct sa *sa = &sas[i];

        sa->src = i & 1 ? GATEWAY : client;
        sa->dst = i & 1 ? client : GATEWAY;
        sa->src_port = in_udp ? (i & 1 ? 4500 : port) : 0;
        sa->dst_port = in_udp ? (i & 1 ? port : 4500) : 0;
        sa->spi = spi_of(i);
        fill(sa->key, sizeof sa->key);
        fill(sa->auth, sizeof sa->auth);
        if (suite >= CBC) {
            open_suite(sa, suite);
        }
    }
    return sas;
}

/* The packet inside: UDP between two sites. */
static void
inner(const struct sa *sa, size_t size)
{
    size_t outer = ip_at;
    bool to_gateway = sa->dst == GATEWAY;

    ip4_header(PROTO_UDP, to_gateway ? 0x0a010005 : 0x0a020007,
               to_gateway ? 0x0a020007 : 0x0a010005);
    udp(to_gateway ? 40000 : 5201, to_gateway ? 5201 : 40000);
    memset(frame + len, 'a', size - IP4 - UDP);     /* noise looks like a protocol now and then */
    len += size - IP4 - UDP;
    end_udp();
    ip_at = outer;
}

static void
trailer(size_t from, size_t block)
{
    size_t pad = (block - (len - from + 2) % block) % block;

    for (size_t i = 1; i <= pad; i++) {
        u8((unsigned)i);
    }
    u8((unsigned)pad);
    u8(4);              /* next header: IPv4 */
}

static void
seal_cbc(struct sa *sa, size_t esp, uint32_t size)
{
    uint8_t icv[20];
    size_t n = sizeof icv, from;

    noise(BLOCK);       /* the IV */
    from = len;
    inner(sa, size);
    trailer(from, BLOCK);
    gcry_cipher_setiv(sa->cipher, frame + from - BLOCK, BLOCK);
    gcry_cipher_encrypt(sa->cipher, frame + from, len - from, NULL, 0);
    gcry_mac_reset(sa->mac);
    gcry_mac_write(sa->mac, frame + esp, len - esp);
    gcry_mac_read(sa->mac, icv, &n);
    octets(icv, 12);
}

static void
seal_gcm(struct sa *sa, size_t esp, uint32_t size)
{
    uint8_t nonce[12];
    size_t from;

    u32(0);             /* the IV counts, so that none comes twice */
    u32(sa->seq);
    memcpy(nonce, sa->key + 16, 4);
    memcpy(nonce + 4, frame + len - 8, 8);
    from = len;
    inner(sa, size);
    trailer(from, 4);
    gcry_cipher_reset(sa->cipher);
    gcry_cipher_setiv(sa->cipher, nonce, sizeof nonce);
    gcry_cipher_authenticate(sa->cipher, frame + esp, ESP_HEADER);
    gcry_cipher_encrypt(sa->cipher, frame + from, len - from, NULL, 0);
    gcry_cipher_gettag(sa->cipher, frame + len, BLOCK);
    len += BLOCK;
}

void
esp_packet(struct sa *sa, enum suite suite)
{
    uint32_t size = packet_size();
    size_t esp;

    ip4(sa->src_port ? PROTO_UDP : PROTO_ESP, sa->src, sa->dst);
    if (sa->src_port) {
        udp(sa->src_port, sa->dst_port);
    }
    esp = len;
    u32(sa->spi);
    u32(++sa->seq);
    switch (suite) {
    case CBC:
        seal_cbc(sa, esp, size);
        break;
    case GCM:
        seal_gcm(sa, esp, size);
        break;
    case SEALED:        /* IV, padded to 4 octets (RFC 4303 section 2.4), ICV */
        noise(8 + (size + 2 + 3) / 4 * 4 + 16);
        break;
    case SEALED_CBC:
        noise(BLOCK + (size + 2 + BLOCK - 1) / BLOCK * BLOCK + ICV_SHA256);
        break;
    }
    if (sa->src_port) {
        end_udp();
    } else {
        end_ip();
    }
    emit(20 + below(60));
}

/* A packet of any SA each time: nothing stays in a cache for long. */
void
esp_traffic(uint64_t packets, uint32_t n, bool in_udp, enum suite suite)
{
    struct sa *sas = make_sas(n, in_udp, suite);

    while (sas && written < packets) {
        struct sa *sa = &sas[below(n)];
        if (in_udp && below(200) == 0) {        /* NAT keepalive (RFC 3948 section 2.3) */
            ip4(PROTO_UDP, sa->src, sa->dst);
            udp(sa->src_port, sa->dst_port);
            u8(0xff);
            end_udp();
            emit(30);
            continue;
        }
        esp_packet(sa, suite);
    }
    free(sas);
}
