/* test_hash.c - the sums by which packets are told apart.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/hash.h>

enum { LONGEST = 200 };

/* No octet is left out, at any length; nor is the length. */
static void
test_every_octet(void)
{
    uint8_t octets[LONGEST + 1] = { 0 };
    uint64_t seed = hash_seed();

    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 7);
    }
    for (size_t len = 1; len <= LONGEST; len++) {
        uint64_t sum = hash_long(seed, octets, len);
        T(sum == hash_long(seed, octets, len));
        T(sum != hash_long(seed, octets, len + 1) && sum != hash_long(seed, octets, len - 1));
        T(sum != hash_long(seed + 2, octets, len));
        for (size_t i = 0; i < len; i++) {
            octets[i] ^= 1;
            T(sum != hash_long(seed, octets, len));
            octets[i] ^= 1;
        }
    }
}

/* Words that change places, and zeros of other lengths. */
static void
test_order(void)
{
    static const uint8_t zero[64];
    uint64_t seed = hash_seed();

    for (size_t i = 0; i < sizeof zero; i += 8) {
        for (size_t k = 0; k < i; k += 8) {
            uint8_t one[64] = { 0 }, other[64] = { 0 };
            one[i] = other[k] = 1;
            one[k] = other[i] = 2;
            T(hash_long(seed, one, sizeof one) != hash_long(seed, other, sizeof other));
        }
        T(hash_long(seed, zero, i) != hash_long(seed, zero, sizeof zero));
    }
}

static void
test_word(void)
{
    uint64_t seed = hash_seed(), word = UINT64_C(0x0123456789abcdef);

    T(hash_word(seed, word) == hash_octets(seed, &word, sizeof word));
    T(hash_word(seed, word) != hash_word(seed, word + 1));
}

int
main(void)
{
    test_every_octet();
    test_order();
    test_word();
    return t_done();
}
