/* The key ring and ESP: which key, which upper half, how little is decrypted, and what is never
 * believed.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keyring_build.h"

#include <espial/limits.h>

enum { SPI = 0x0badcafe };

static struct esp_clear clear;
static uint8_t packet[1400];

static bool
open_it(struct keyring *k, const struct buf *b, size_t captured, bool verify)
{
    uint8_t *exact = (uint8_t *)malloc(captured ? captured : 1);
    bool ok;

    memcpy(exact, b->b, captured);
    ok = keyring_open_esp(k, &clear, exact, captured, b->n, verify);
    free(exact);
    T(ok == clear.opened);
    return ok;
}

static size_t
whole(struct keyring *k, const struct buf *b, uint8_t *out, size_t size, uint8_t *next)
{
    uint8_t *exact = (uint8_t *)malloc(b->n);
    size_t n;

    memcpy(exact, b->b, b->n);
    n = keyring_open_esp_whole(k, exact, b->n, out, size, next);
    free(exact);
    return n;
}

static void
opens(uint16_t encr, uint16_t integ)
{
    struct esp_keys keys = esp_keys_like(encr, integ, 9), wrong = esp_keys_like(encr, integ, 99);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;
    uint8_t out[sizeof packet], next = 0;

    log_esp(keyring_log(k), SPI, &wrong);
    log_esp(keyring_log(k), SPI, &keys);
    ip_packet(packet, sizeof packet);
    /* Every length of padding, shorter and longer payloads than the head. */
    for (size_t len = 20, pass = 0; len < sizeof packet; len += pass < 40 ? 1 : 97, pass++) {
        ip_packet(packet, len);
        esp_seal(&b, &keys, SPI, pass + 1, 4, packet, len, pass % 16);
        for (int verify = 1; verify >= 0; verify--) {
            T(open_it(k, &b, b.n, verify != 0));
            T(clear.icv == (verify && (integ || encr == GCM) ? ICV_GOOD : ICV_UNKNOWN));
            T(clear.payload_len == len && clear.next_header == 4 && !clear.bad_padding &&
              !clear.cut);
            T(clear.head_len == MIN(len, (size_t)KEYRING_HEAD) &&
              memcmp(clear.head, packet, clear.head_len) == 0);
        }
        T(whole(k, &b, out, sizeof out, &next) == len && next == 4 &&
          memcmp(out, packet, len) == 0);
        T(whole(k, &b, out, 7, &next) == 7);
    }
    keyring_free(k);
}

static void
damaged(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;
    uint8_t out[sizeof packet], next;

    log_esp(keyring_log(k), SPI, &keys);
    ip_packet(packet, 100);
    esp_seal(&b, &keys, SPI, 1, 4, packet, 100, 0);
    b.b[60] ^= 1;
    T(!open_it(k, &b, b.n, true) && clear.icv == ICV_BAD);
    /* No key has proved right: the ICV is looked at. */
    T(!open_it(k, &b, b.n, false) && clear.icv == ICV_BAD);
    b.b[60] ^= 1;
    T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD);
    b.b[60] ^= 1;
    T(!open_it(k, &b, b.n, true) && clear.icv == ICV_BAD);
    T(open_it(k, &b, b.n, false) && clear.icv == ICV_UNKNOWN);  /* now it is not */
    T(whole(k, &b, out, sizeof out, &next) == 0);
    b.b[60] ^= 1;
    /* The trailer is noise: that is looked into even then. */
    b.b[b.n - 13] ^= 0x55;
    T(!open_it(k, &b, b.n, false) && clear.icv == ICV_BAD);
    b.b[b.n - 13] ^= 0x55;
    b.n -= 1; /* no length that the algorithms give */
    T(!open_it(k, &b, b.n, true) && clear.icv == ICV_BAD);
    T(!open_it(k, &b, 4, true) && clear.icv == ICV_UNKNOWN);
    /* No key of that SPI: not the sender's fault. */
    esp_seal(&b, &keys, SPI + 1, 1, 4, packet, 100, 0);
    T(!open_it(k, &b, b.n, true) && clear.icv == ICV_UNKNOWN &&
      whole(k, &b, out, sizeof out, &next) == 0);
    T(keyring_full(k) == NULL);
    keyring_free(k);
}

static void
padding(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;
    uint8_t two[4] = { 9, 9, 2, 4 }, huge[14] = { 0 };

    /* The trailer that esp_seal adds is a payload here: what counts stands before it. */
    log_esp(keyring_log(k), SPI, &keys);
    esp_seal(&b, &keys, SPI, 1, 59, huge, sizeof huge, 0);
    T(open_it(k, &b, b.n, true) && clear.payload_len == 14 && clear.next_header == 59);
    /* Padding that is not 1, 2, 3. */
    b.n = 0;
    u32(&b, SPI);
    u32(&b, 2);
    fill(&b, 1, 16);
    uint8_t text[16] = { 0 };
    memcpy(text + 12, two, 4);
    cbc_seal(GCRY_CIPHER_AES128, &keys.encr_key, b.b + 8, 16, text, 16, b.b + 24);
    b.n += 16;
    mac_add(&b, SHA1, &keys.integ_key, NULL);
    T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD && clear.bad_padding &&
      clear.next_header == 4);
    /* Longer than the text. */
    b.n = 24;
    text[14] = 200;
    cbc_seal(GCRY_CIPHER_AES128, &keys.encr_key, b.b + 8, 16, text, 16, b.b + 24);
    b.n += 16;
    mac_add(&b, SHA1, &keys.integ_key, NULL);
    T(open_it(k, &b, b.n, true) && clear.bad_padding && clear.payload_len == 14);
    keyring_free(k);
}

static void
cut(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9), wrong = esp_keys_like(AES, SHA1, 70);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), SPI, &wrong);
    log_esp(keyring_log(k), SPI, &keys);
    ip_packet(packet, 1000);
    esp_seal(&b, &keys, SPI, 1, 4, packet, 1000, 0);
    T(open_it(k, &b, 200, true) && clear.cut && clear.next_header == 4 && clear.icv == ICV_UNKNOWN);
    T(clear.head_len == KEYRING_HEAD && memcmp(clear.head, packet, KEYRING_HEAD) == 0);
    T(open_it(k, &b, 60, false) && clear.head_len == 32);       /* two blocks are there */
    T(!open_it(k, &b, 30, true) && clear.icv == ICV_UNKNOWN);
    /* What is no IP packet inside says nothing, until a key has proved right. */
    memset(packet, 0x33, 1000);
    esp_seal(&b, &keys, SPI, 2, 17, packet, 1000, 0);
    T(!open_it(k, &b, 200, true) && clear.icv == ICV_UNKNOWN);
    T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD);
    T(open_it(k, &b, 200, true) && clear.cut && clear.next_header == 59);
    keyring_free(k);
}

/* Two SAs of two hosts may have one SPI: each packet finds its own key. */
static void
shared_spi(void)
{
    struct esp_keys a = esp_keys_like(AES, SHA1, 9), c = esp_keys_like(AES, SHA1, 50);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), SPI, &a);
    log_esp(keyring_log(k), SPI, &c);
    ip_packet(packet, 200);
    for (unsigned i = 0; i < 8; i++) {
        esp_seal(&b, i % 2 ? &a : &c, SPI, i + 1, 4, packet, 200, 0);
        T(open_it(k, &b, b.n, i < 4) && memcmp(clear.head, packet, KEYRING_HEAD) == 0);
        T(open_it(k, &b, 150, false) && clear.cut && memcmp(clear.head, packet, KEYRING_HEAD) == 0);
    }
    memset(packet, 0x33, 200); /* nothing says whose a cut one is */
    esp_seal(&b, &a, SPI, 20, 17, packet, 200, 0);
    T(!open_it(k, &b, 150, false) && clear.icv == ICV_UNKNOWN);
    keyring_free(k);
}

static void
no_icv(void)
{
    struct esp_keys keys = esp_keys_like(AES, 0, 9), wrong = esp_keys_like(AES, 0, 91);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), SPI, &wrong);
    ip_packet(packet, 120);
    for (unsigned i = 0; i < 2000; i++) {                       /* noise is never believed */
        esp_seal(&b, &keys, SPI, i + 1, 4, packet, 120, 0);
        T(!open_it(k, &b, b.n, true) && clear.icv == ICV_UNKNOWN);
    }
    keyring_free(k);
}

/* Keys whose SPI the log leaves open open any SPI that they fit, and accuse none. */
static void
any_spi(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9), other = esp_keys_like(AES, SHA1, 91);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), KEYLOG_ANY_SPI, &other);
    log_esp(keyring_log(k), KEYLOG_ANY_SPI, &keys);
    log_esp(keyring_log(k), SPI + 2, &other);
    ip_packet(packet, 120);
    for (unsigned i = 0; i < 100; i++) {
        esp_seal(&b, &keys, SPI + i % 2, i + 1, 4, packet, 120, 0);
        T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD);
        b.b[b.n - 1] ^= 1; /* damage after the key has proved right, */
        T(!open_it(k, &b, b.n, true) && clear.icv == ICV_UNKNOWN); /* or another sender's packet */
        esp_seal(&b, &keys, SPI + 2, i + 1, 4, packet, 120, 0);
        T(!open_it(k, &b, b.n, true) && clear.icv == ICV_BAD);  /* this SPI has a key of its own */
        esp_seal(&b, &(struct esp_keys){ AES, SHA1, key_like(3, 16), key_like(4, 20), false },
                 SPI + 3, i + 1, 4, packet, 120, 0);
        T(!open_it(k, &b, b.n, true) && clear.icv == ICV_UNKNOWN);
    }
    keyring_free(k);
}

/* Transport mode without an ICV: believed of a key that the log gives to the SPI. */
static void
transport_no_icv(void)
{
    static const uint8_t ping[] = { 8, 0, 0xf7, 0xfd, 0, 1, 0, 1 };
    static const uint8_t syn[20] = { 0, 80, 0x30, 0x39, 0, 0, 0, 1, 0, 0, 0, 0, 0x50, 2, 1, 0 };
    struct esp_keys keys = esp_keys_like(AES, 0, 9);
    static struct buf b;

    for (int named = 0; named < 2; named++) {
        struct keyring *k = keyring_new(keylog_new());
        log_esp(keyring_log(k), named ? SPI : KEYLOG_ANY_SPI, &keys);
        esp_seal(&b, &keys, SPI, 1, 6, syn, sizeof syn, 0);
        T(open_it(k, &b, b.n, true) == (named != 0) && (!named || clear.next_header == 6));
        esp_seal(&b, &keys, SPI, 2, 1, ping, sizeof ping, 0);
        T(open_it(k, &b, b.n, true) == (named != 0));
        keyring_free(k);
    }
}

/* What is behind the padding must be a header of its protocol: UDP (RFC 768) by its length, ICMPv6
 * by its type, others not at all. */
static void
headers_no_icv(void)
{
    static const struct { uint8_t next, octets[20]; size_t len; bool ok; } table[] = {
        { 17, { 0, 53, 0x30, 0x39, 0, 8, 0, 0 }, 8, true },
        { 17, { 0, 53, 0x30, 0x39, 0, 9, 0, 0 }, 8, false },
        { 17, { 0, 53, 0x30, 0x39, 0, 7 }, 7, false },
        { 58, { 128, 0, 0, 0, 0, 1, 0, 1 }, 8, true },
        { 58, { 1, 4 }, 8, true },
        { 58, { 99, 0 }, 8, false },
        { 58, { 128, 99 }, 8, false },
        { 58, { 128 }, 7, false },
        { 1, { 8, 0, 0, 1 }, 8, false },
        { 6, { 0, 80, 0x30, 0x39, [12] = 0x50 }, 20, true },
        { 6, { 0, 80, 0x30, 0x39, [12] = 0x40 }, 20, false },
        { 6, { 0, 80, 0x30, 0x39, [12] = 0x60 }, 20, false },
        { 6, { 0, 80, 0x30, 0x39, [12] = 0x52 }, 20, false },
        { 132, { 0, 80, 0x30, 0x39 }, 20, false },
        { 4, { 0x4f, 0, 0, 20 }, 20, false },
    };
    struct esp_keys keys = esp_keys_like(AES, 0, 9);
    static struct buf b;

    for (size_t i = 0; i < G_N_ELEMENTS(table); i++) {
        struct keyring *k = keyring_new(keylog_new());
        log_esp(keyring_log(k), SPI, &keys);
        esp_seal(&b, &keys, SPI, 1, table[i].next, table[i].octets, table[i].len, 0);
        T(open_it(k, &b, b.n, true) == table[i].ok &&
          (!table[i].ok || clear.next_header == table[i].next));
        keyring_free(k);
    }
}

/* --- extended sequence numbers ------------------------------------------------------------ */

static void
esn(uint16_t encr, uint16_t integ)
{
    static const uint64_t seqs[] = { 0xfffffff0, 0xfffffffe, 0x100000001, 0xffffffff, 0x100000000,
                                     0x100000002, 0x1fffffff0, 0x200000003, 0x1fffffffb };
    struct esp_keys keys = esp_keys_like(encr, integ, 9);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b[G_N_ELEMENTS(seqs)], old;
    uint8_t out[sizeof packet], next;

    log_esp(keyring_log(k), SPI, &keys);
    keys.esn = true;
    ip_packet(packet, 200);
    for (size_t i = 0; i < G_N_ELEMENTS(seqs); i++) {
        esp_seal(&b[i], &keys, SPI, seqs[i], 4, packet, 200, 0);
        /* The jump of 2^32 at once is one that only the next half finds. */
        T(open_it(k, &b[i], b[i].n, true) && clear.icv == ICV_GOOD);
        T(open_it(k, &b[i], b[i].n, false) && clear.icv != ICV_BAD);
    }
    for (size_t i = G_N_ELEMENTS(seqs); i-- > 0;) {             /* a later pass, backwards */
        T(whole(k, &b[i], out, sizeof out, &next) == 200 && next == 4);
    }
    esp_seal(&old, &keys, SPI, 0x200000004, 4, packet, 200, 0);
    T(open_it(k, &old, old.n, true));
    old.b[100] ^= 1;
    T(!open_it(k, &old, old.n, true) && clear.icv == ICV_BAD &&
      whole(k, &old, out, sizeof out, &next) == 0);
    keyring_free(k);
    /* A capture that begins late in the life of the SA. */
    k = keyring_new(keylog_new());
    keys.esn = false;
    log_esp(keyring_log(k), SPI, &keys);
    keys.esn = true;
    esp_seal(&old, &keys, SPI, 0x300000005, 4, packet, 200, 0);
    T(open_it(k, &old, old.n, true) && clear.icv == ICV_GOOD);
    keyring_free(k);
}

/* A sender that goes the other way than before is opened, and told; a forged one still is not. */
static void
esn_left_out(uint16_t encr, uint16_t integ)
{
    for (unsigned first = 0; first < 2; first++) {
        struct esp_keys keys = esp_keys_like(encr, integ, 9);
        struct keyring *k = keyring_new(keylog_new());
        static struct buf b;

        log_esp(keyring_log(k), SPI, &keys);
        ip_packet(packet, 200);
        for (uint64_t seq = 1; seq < 7; seq++) {
            keys.esn = (seq < 4) == (first != 0);
            esp_seal(&b, &keys, SPI, seq, 4, packet, 200, 0);
            T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD && clear.esn == keys.esn);
        }
        b.b[100] ^= 1;
        T(!open_it(k, &b, b.n, true) && clear.icv == ICV_BAD);
        keyring_free(k);
    }
}

/* Peeks prove no upper half: one packet in a while is verified, so that it is never lost. */
static void
esn_peeks(void)
{
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), SPI, &keys);
    keys.esn = true;
    ip_packet(packet, 100);
    for (uint64_t seq = 1; seq < 0x380000000; seq += 0x1800000) {
        esp_seal(&b, &keys, SPI, seq, 4, packet, 100, 0);
        T(open_it(k, &b, b.n, false));
    }
    T(open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD);
    keyring_free(k);
}

/* Where the sequence number is the IV (RFC 8750), a peek finds its upper half without an ICV to
 * try it with. */
static void
esn_is_iv(void)
{
    static const uint64_t seqs[] = { 0xfffffffe, 0x100000003, 0xffffffff, 0x100000001,
                                     0x100000fff };
    struct esp_keys keys = esp_keys_like(GCM_IIV, 0, 9);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    log_esp(keyring_log(k), SPI, &keys);
    keys.esn = true;
    ip_packet(packet, 200);
    for (size_t i = 0; i < G_N_ELEMENTS(seqs); i++) {
        esp_seal(&b, &keys, SPI, seqs[i], 4, packet, 200, 0);
        T(i || (open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD));
        T(open_it(k, &b, b.n, false) && clear.icv == ICV_UNKNOWN);
        T(memcmp(clear.head, packet, KEYRING_HEAD) == 0);
        T((i != 1 && i != 2) || (open_it(k, &b, b.n, true) && clear.icv == ICV_GOOD));
    }
    keyring_free(k);
}

/* IPv6 has no checksum in its header: every field that can must speak. */
static void
inner_v6(void)
{
    struct esp_keys keys = esp_keys_like(AES, 0, 9), wrong = esp_keys_like(AES, 0, 91);
    struct keyring *k = keyring_new(keylog_new());
    static struct buf b;

    memset(packet, 0, 400);
    packet[0] = 0x60;
    packet[4] = 360 >> 8;
    packet[5] = 360 & 0xff;
    packet[6] = 58;
    packet[8] = 0xfd;
    packet[24] = 0x20;
    log_esp(keyring_log(k), SPI, &wrong);
    log_esp(keyring_log(k), SPI, &keys);
    esp_seal(&b, &keys, SPI, 1, 41, packet, 400, 0);
    T(open_it(k, &b, 100, true) && clear.cut && clear.next_header == 41);
    T(open_it(k, &b, b.n, true) && clear.next_header == 41 && clear.payload_len == 400);
    keyring_free(k);
    k = keyring_new(keylog_new());
    log_esp(keyring_log(k), SPI, &keys);
    packet[24] = 0x77;                                  /* no address of the Internet */
    esp_seal(&b, &keys, SPI, 1, 41, packet, 400, 0);
    T(!open_it(k, &b, 100, true) && !open_it(k, &b, b.n, true) && clear.icv == ICV_UNKNOWN);
    keyring_free(k);
}

/* An old packet is shown as long as its upper half is among those that are tried. */
static void
highs(void)
{
    enum { WRAPS = KEYRING_MAX_HIGHS + 2 };
    static struct buf b[WRAPS + 1], step;
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9);
    struct keyring *k = keyring_new(keylog_new());
    uint8_t out[100], next;

    log_esp(keyring_log(k), SPI, &keys);
    keys.esn = true;
    ip_packet(packet, 100);
    for (uint64_t seq = 7, end = (uint64_t)WRAPS << 32 | 7; seq <= end; seq += 1u << 30) {
        struct buf *one = (uint32_t)seq == 7 ? &b[seq >> 32] : &step;
        esp_seal(one, &keys, SPI, seq, 4, packet, 100, 0);
        T(open_it(k, one, one->n, true) && clear.icv == ICV_GOOD);
    }
    for (unsigned i = 0; i <= WRAPS; i++) {
        T((whole(k, &b[i], out, sizeof out, &next) == 100) == (i + KEYRING_MAX_HIGHS > WRAPS));
    }
    keyring_free(k);
}

/* More SPIs than key schedules are kept for: none is forgotten. */
static void
many(void)
{
    struct keyring *k = keyring_new(keylog_new());
    struct esp_keys keys = esp_keys_like(AES, SHA1, 9);
    static struct buf b;

    ip_packet(packet, 60);
    for (uint32_t i = 0; i < KEYRING_MAX_OPEN + 100; i++) {
        log_esp(keyring_log(k), 0x1000 + i, &keys);
        esp_seal(&b, &keys, 0x1000 + i, 1, 4, packet, 60, 0);
        T(open_it(k, &b, b.n, true));
    }
    for (uint32_t i = 0; i < 100; i++) {
        uint8_t out[100], next;
        esp_seal(&b, &keys, 0x1000 + i, 2, 4, packet, 60, 0);
        T(open_it(k, &b, b.n, false) && clear.icv == ICV_UNKNOWN);
        T(whole(k, &b, out, sizeof out, &next) == 60);
    }
    keyring_free(k);
}

int
main(void)
{
    crypt_ready();
    opens(AES, SHA1);
    opens(GCM, 0);
    opens(AES, 0);
    damaged();
    padding();
    cut();
    shared_spi();
    no_icv();
    any_spi();
    transport_no_icv();
    headers_no_icv();
    esn(AES, SHA1);
    esn_left_out(AES, SHA1);
    esn(GCM, 0);
    esn_peeks();
    esn_is_iv();
    inner_v6();
    highs();
    many();
    keyring_free(NULL);
    return t_done();
}
