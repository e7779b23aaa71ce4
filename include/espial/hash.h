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

/* The same for long octets, of which four words are at work at once. */
static inline uint64_t
hash_long(uint64_t seed, const void *at, size_t len)
{
    enum { LANES = 4, STEP = LANES * 8 };
    const uint8_t *octets = (const uint8_t *)at;
    uint64_t secret = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, h[LANES], word[LANES];
    size_t done = 0;

    if (len < STEP) {
        return hash_octets(seed, at, len);
    }
    for (unsigned i = 0; i < LANES; i++) {
        h[i] = ~secret + i;
    }
    for (; done + STEP <= len; done += STEP) {
        memcpy(word, octets + done, STEP);
        for (unsigned i = 0; i < LANES; i++) {
            unsigned __int128 product = (unsigned __int128)(h[i] ^ word[i]) * secret;
            h[i] = (uint64_t)product ^ (uint64_t)(product >> 64);
        }
    }
    return hash_octets(hash_octets(seed ^ len, h, sizeof h), octets + done, len - done);
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
