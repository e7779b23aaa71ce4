/* frame.c - numbers, octets and headers.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "frame.h"

#include <stdlib.h>
#include <string.h>

FILE *out, *key_file;
uint8_t frame[FRAME_MAX];
size_t len, ip_at;
uint64_t written;

static size_t udp_at;
static bool v6;
static uint64_t now_us = 1700000000000000ull;

/* --- numbers ------------------------------------------------------------------ */

static uint64_t state = 0x9e3779b97f4a7c15ull;

/* xorshift64*: quick and the same everywhere; nothing here is secret. */
uint64_t
rnd(void)
{
    state ^= state >> 12;
    state ^= state << 25;
    state ^= state >> 27;
    return state * 0x2545f4914f6cdd1dull;
}

uint32_t
below(uint32_t n)
{
    return (uint32_t)((rnd() >> 32) * n >> 32);
}

void
fill(uint8_t *at, size_t n)
{
    for (; n >= 8; n -= 8, at += 8) {
        uint64_t r = rnd();
        memcpy(at, &r, 8);
    }
    for (; n; n--) {
        *at++ = (uint8_t)(rnd() >> 56);
    }
}

/* What a tunnel carries: acknowledgements and voice, some requests, some full segments. */
uint32_t
packet_size(void)
{
    uint32_t r = below(100);

    return r < 72 ? 40 + below(80) : r < 92 ? 150 + below(300) : 1200 + below(160);
}

/* --- octets ------------------------------------------------------------------- */

void
u8(unsigned v)
{
    frame[len++] = (uint8_t)v;
}

void
u16(unsigned v)
{
    u8(v >> 8);
    u8(v);
}

void
u32(uint32_t v)
{
    u16(v >> 16);
    u16(v & 0xffff);
}

void
octets(const void *p, size_t n)
{
    memcpy(frame + len, p, n);
    len += n;
}

void
noise(size_t n)
{
    fill(frame + len, n);
    len += n;
}

void
set16(size_t at, unsigned v)
{
    frame[at] = (uint8_t)(v >> 8);
    frame[at + 1] = (uint8_t)v;
}

void
set32(size_t at, uint32_t v)
{
    set16(at, v >> 16);
    set16(at + 2, v & 0xffff);
}

uint32_t
sum(size_t at, size_t n, uint32_t s)
{
    for (size_t i = 0; i + 1 < n; i += 2) {
        s += (uint32_t)(frame[at + i] << 8 | frame[at + i + 1]);
    }
    return n & 1 ? s + (uint32_t)(frame[at + n - 1] << 8) : s;
}

unsigned
fold(uint32_t s)
{
    while (s >> 16) {
        s = (s & 0xffff) + (s >> 16);
    }
    return ~s & 0xffff;
}

/* --- frames ------------------------------------------------------------------- */

void
ethernet(unsigned type, bool tagged)
{
    len = 0;
    octets("\x02\x00\x5e\x10\x00\x01\x02\x00\x5e\x10\x00\x02", 12);
    if (tagged) {
        u16(0x8100);
        u16(100);
    }
    u16(type);
}

void
ip4_header(unsigned protocol, uint32_t src, uint32_t dst)
{
    static uint16_t id;

    v6 = false;
    ip_at = len;
    u16(0x4500);
    u16(0);             /* length: end_ip */
    u16(++id);
    u16(0x4000);
    u8(64);
    u8(protocol);
    u16(0);
    u32(src);
    u32(dst);
}

void
ip4(unsigned protocol, uint32_t src, uint32_t dst)
{
    ethernet(0x0800, false);
    ip4_header(protocol, src, dst);
}

void
ip6(unsigned protocol, uint32_t src, uint32_t dst)
{
    ethernet(0x86dd, false);
    v6 = true;
    ip_at = len;
    u32(0x60000000);
    u16(0);
    u8(protocol);
    u8(64);
    u32(0x20010db8);
    u32(0);
    u32(0);
    u32(src);
    u32(0x20010db8);
    u32(0);
    u32(0);
    u32(dst);
}

void
end_ip(void)
{
    size_t n = len - ip_at;

    if (v6) {
        set16(ip_at + 4, (unsigned)(n - IP6));
    } else {
        set16(ip_at + 2, (unsigned)n);
        set16(ip_at + 10, fold(sum(ip_at, IP4, 0)));
    }
}

void
udp(unsigned src, unsigned dst)
{
    udp_at = len;
    u16(src);
    u16(dst);
    u16(0);
    u16(0);             /* no checksum; RFC 3948 section 2.1 wants it so for ESP */
}

/* The checksum of TCP, and of UDP in IPv6 where it may not be left out. */
unsigned
transport_sum(size_t at, unsigned protocol)
{
    size_t n = len - at;
    uint32_t s = (uint32_t)(protocol + n);

    s = v6 ? sum(ip_at + 8, 32, s) : sum(ip_at + 12, 8, s);
    return fold(sum(at, n, s));
}

void
end_udp(void)
{
    set16(udp_at + 4, (unsigned)(len - udp_at));
    if (v6) {
        set16(udp_at + 6, transport_sum(udp_at, PROTO_UDP));
    }
    end_ip();
}

void
emit(unsigned after_us)
{
    uint32_t head[4];

    now_us += after_us;
    head[0] = (uint32_t)(now_us / 1000000);
    head[1] = (uint32_t)(now_us % 1000000);
    head[2] = head[3] = (uint32_t)len;
    if (fwrite(head, sizeof head, 1, out) != 1 || fwrite(frame, 1, len, out) != len) {
        perror("generate");
        exit(1);
    }
    written++;
}

void
hex(const char *before, const uint8_t *at, size_t n, const char *after)
{
    fputs(before, key_file);
    for (size_t i = 0; i < n; i++) {
        fprintf(key_file, "%02x", at[i]);
    }
    fputs(after, key_file);
}
