/* hash.h - hashes of keys that a stranger has chosen.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_HASH_H
#define ESPIAL_HASH_H

#include <glib.h>
#include <stdint.h>
#include <string.h>

/* A hash of len octets.  The multiplier follows from the seed and both halves of each product
 * count, so that no difference between two inputs cancels out for whoever does not know it. */
static inline uint64_t
hash_octets(uint64_t seed, const void *at, size_t len)
{
    uint64_t secret = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, h = ~secret ^ len;

    for (size_t i = 0; i < len; i += 8) {
        uint64_t word = 0;
        memcpy(&word, (const uint8_t *)at + i, len - i < 8 ? len - i : 8);
        unsigned __int128 product = (unsigned __int128)(h ^ word) * secret;
        h = (uint64_t)product ^ (uint64_t)(product >> 64);
    }
    return h;
}

/* One step of hash_octets, with the octets of word. */
static inline uint64_t
hash_step(uint64_t h, uint64_t word, uint64_t secret)
{
    unsigned __int128 product = (unsigned __int128)(h ^ word) * secret;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* The same as hash_octets for long octets, of which four words are at work at once: each in a
 * variable of its own, as compilers keep an array in memory. */
static inline uint64_t
hash_long(uint64_t seed, const void *at, size_t len)
{
    enum { LANES = 4, STEP = LANES * 8 };
    const uint8_t *octets = (const uint8_t *)at;
    uint64_t secret = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, all[LANES], word[LANES];
    uint64_t a = ~secret, b = ~secret + 1, c = ~secret + 2, d = ~secret + 3;
    size_t done = 0;

    if (len < STEP) {
        return hash_octets(seed, at, len);
    }
    for (; done + STEP <= len; done += STEP) {
        memcpy(word, octets + done, STEP);
        a = hash_step(a, word[0], secret);
        b = hash_step(b, word[1], secret);
        c = hash_step(c, word[2], secret);
        d = hash_step(d, word[3], secret);
    }
    all[0] = a;
    all[1] = b;
    all[2] = c;
    all[3] = d;
    return hash_octets(hash_octets(seed ^ len, all, sizeof all), octets + done, len - done);
}

/* A seed for the tables of this process, never 0; nothing that is shown depends on it. */
static inline uint64_t
hash_seed(void)
{
    static uint64_t seed;

    if (!seed) {
        seed = (uint64_t)g_random_int() << 32 | g_random_int() | 1;
    }
    return seed;
}

/* For GHashTable, in place of g_str_hash: text ends in 0. */
static inline guint
hash_text(gconstpointer text)
{
    return (guint)hash_octets(hash_seed(), text, strlen((const char *)text));
}

#endif
