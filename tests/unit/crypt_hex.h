/* crypt_hex.h - octets written as hexadecimal text, for the tests of crypt.h.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TEST_CRYPT_HEX_H
#define ESPIAL_TEST_CRYPT_HEX_H

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    uint8_t *at;
    size_t len;
};

/* The caller frees at. */
static inline struct bytes
bytes_of(const char *hex)
{
    struct bytes b = { NULL, strlen(hex) / 2 };

    b.at = g_malloc(b.len ? b.len : 1);
    for (size_t i = 0; i < b.len; i++) {
        b.at[i] =
            (uint8_t)(g_ascii_xdigit_value(hex[2 * i]) * 16 + g_ascii_xdigit_value(hex[2 * i + 1]));
    }
    return b;
}

static inline bool
is_hex(const uint8_t *at, size_t len, const char *hex)
{
    struct bytes want = bytes_of(hex);
    bool same = len == want.len && memcmp(at, want.at, len) == 0;

    g_free(want.at);
    return same;
}

#endif
