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

/* The same as hash_octets of the eight octets of word. */
static inline uint64_t
hash_word(uint64_t seed, uint64_t word)
{
    uint64_t secret = seed * UINT64_C(0x9e3779b97f4a7c15) | 1;

    return hash_step(~secret ^ sizeof word, word, secret);
}

/* One step of two words, which takes one multiplication as well: each is hidden from whoever chose
 * it, so that he knows no product that is 0. */
static inline uint64_t
hash_pair(uint64_t h, const uint8_t *at, uint64_t secret)
{
    uint64_t word[2];

    memcpy(word, at, sizeof word);
    return hash_step(word[0] ^ secret, 0, word[1] ^ h);
}

/* A hash of long octets, of which two pairs of words are at work at once.  The last pairs overlap
 * those before them where len says so. */
static inline uint64_t
hash_long(uint64_t seed, const void *at, size_t len)
{
    enum { PAIR = 16, STEP = 2 * PAIR };
    const uint8_t *octets = (const uint8_t *)at;
    uint64_t secret = seed * UINT64_C(0x9e3779b97f4a7c15) | 1, a = ~secret ^ len, b = ~secret + 1;

    if (len < STEP) {
        return hash_octets(seed, at, len);
    }
    for (size_t done = 0; done + STEP < len; done += STEP) {
        a = hash_pair(a, octets + done, secret);
        b = hash_pair(b, octets + done + PAIR, ~secret);
    }
    a = hash_pair(a, octets + len - STEP, secret);
    b = hash_pair(b, octets + len - PAIR, ~secret);
    return hash_step(a ^ secret, 0, b ^ ~secret);
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
