/* fuzz.h - what the fuzz targets share: what must hold whatever the octets are.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FUZZ_H
#define ESPIAL_FUZZ_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* g_error ends the program, which the fuzzer takes for a crash. */
#define MUST(condition) \
    do { \
        if (!(condition)) { \
            g_error("%s:%d: %s does not hold", __FILE__, __LINE__, #condition); \
        } \
    } while (0)

/* Reads all octets, so that the sanitizer sees each. */
static inline void
touch(const uint8_t *at, size_t len)
{
    G_GNUC_UNUSED static volatile uint8_t sink;
    uint8_t sum = 0;

    for (size_t i = 0; i < len; i++) {
        sum = (uint8_t)(sum ^ at[i]);
    }
    sink = sum;
}

static inline bool
inside(const uint8_t *at, size_t len, const uint8_t *data, size_t size)
{
    return len == 0 || (at >= data && at <= data + size && len <= (size_t)(data + size - at));
}

/* Octets of their own, so that a read past the end is seen. */
static inline uint8_t *
own_copy(const uint8_t *at, size_t len)
{
    uint8_t *copy = (uint8_t *)malloc(len ? len : 1);

    if (!copy) {
        abort();
    }
    if (len) {
        memcpy(copy, at, len);
    }
    return copy;
}

/* What was printed is text of less than size octets without control characters. */
static inline void
must_be_text(const char *text, size_t size)
{
    size_t len = strlen(text);

    MUST(len < size);
    for (size_t i = 0; i < len; i++) {
        MUST((uint8_t)text[i] >= 0x20 && text[i] != 0x7f);
    }
}

#endif
