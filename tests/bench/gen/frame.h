/* frame.h - captures written octet by octet: the frame under way and what it is made of.
 * The same calls give the same file.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef BENCH_FRAME_H
#define BENCH_FRAME_H

#include <gcrypt.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { IP4 = 20, IP6 = 40, UDP = 8, FRAME_MAX = 2048, BLOCK = 16, ICV_SHA256 = 16,
       PROTO_ICMP = 1, PROTO_TCP = 6, PROTO_UDP = 17, PROTO_ESP = 50 };

/* Clients are 198.18.0.10 and on (198.18.0.0/15 is for benchmarks, RFC 2544). */
#define CLIENTS UINT32_C(0xc612000a)
#define GATEWAY UINT32_C(0x0a630001)

extern FILE *out, *key_file;            /* key_file: NULL where no keys are wanted */
extern uint8_t frame[FRAME_MAX];
extern size_t len, ip_at;               /* octets in the frame; where its IP header stands */
extern uint64_t written;                /* frames */

uint64_t rnd(void);
uint32_t below(uint32_t n);
void fill(uint8_t *at, size_t n);
/* Of an IP packet as it stands inside a tunnel: 40 to 1359 octets. */
uint32_t packet_size(void);

void u8(unsigned v);
void u16(unsigned v);
void u32(uint32_t v);
void octets(const void *p, size_t n);
void noise(size_t n);
void set16(size_t at, unsigned v);
void set32(size_t at, uint32_t v);
uint32_t sum(size_t at, size_t n, uint32_t s);
unsigned fold(uint32_t s);
void hex(const char *before, const uint8_t *at, size_t n, const char *after);

void ethernet(unsigned type, bool tagged);
void ip4_header(unsigned protocol, uint32_t src, uint32_t dst);
void ip4(unsigned protocol, uint32_t src, uint32_t dst);
/* In 2001:db8::/32, the number given last. */
void ip6(unsigned protocol, uint32_t src, uint32_t dst);
void end_ip(void);
void udp(unsigned src, unsigned dst);
void end_udp(void);
unsigned transport_sum(size_t at, unsigned protocol);
void emit(unsigned after_us);

enum suite {
    SEALED,             /* nobody has the key; of AES-GCM-16's lengths */
    SEALED_CBC,         /* nor here; of AES-CBC's with HMAC-SHA-256-128 */
    CBC,                /* AES-CBC-128, HMAC-SHA1-96 */
    GCM                 /* AES-GCM-16, 128 bits */
};
struct sa {
    uint32_t src, dst, spi, seq;
    uint16_t src_port, dst_port;        /* 0: not in UDP */
    uint8_t key[20], auth[20];
    gcry_cipher_hd_t cipher;
    gcry_mac_hd_t mac;
};
/* Differs for each i below 2^31. */
uint32_t spi_of(uint32_t i);
void esp_packet(struct sa *sa, enum suite suite);
void esp_traffic(uint64_t packets, uint32_t num_sas, bool in_udp, enum suite suite);
void negotiations(uint64_t packets, bool traffic);
void no_ipsec(uint64_t packets, bool with_tcp, bool with_dns);

#endif
