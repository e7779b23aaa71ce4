/* text.c - hex and words out of lines of a key log.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <string.h>

enum { BLANKS_INSIDE = 2 };     /* between the octets of a dump; more come before its text */

bool
keylog_hex(const char *text, struct crypt_key *out)
{
    size_t len;

    if (g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X")) {
        text += 2;
    }
    len = strlen(text);
    if (len % 2 || len / 2 > sizeof out->at) {
        return false;
    }
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < len / 2; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            crypt_wipe(out, sizeof *out);
            return false;
        }
        out->at[i] = (uint8_t)(high << 4 | low);
    }
    out->len = len / 2;
    return true;
}

size_t
keylog_hex_dump(const char *text, uint8_t *out, size_t *len, size_t max)
{
    size_t before = *len;

    while (*len < max) {
        size_t blanks = strspn(text, " ");
        int high = g_ascii_xdigit_value(text[blanks]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[blanks + 1]);
        if (low < 0 || (*len > before && blanks > BLANKS_INSIDE)) {
            break;
        }
        out[(*len)++] = (uint8_t)(high << 4 | low);
        text += blanks + 2;
    }
    return *len - before;
}

bool
keylog_hex_number(const char *text, unsigned digits_max, uint64_t *out)
{
    unsigned n = 0;
    uint64_t value = 0;

    if (text[0] == '0' && (text[1] == 'x' || text[1] == 'X')) {
        text += 2;
    }
    for (; g_ascii_isxdigit(*text); text++, n++) {
        if (n == digits_max) {
            return false;
        }
        value = value << 4 | (unsigned)g_ascii_xdigit_value(*text);
    }
    *out = value;
    return n > 0 && !g_ascii_isalnum(*text);
}

void
keylog_put_spi(uint8_t out[8], uint64_t spi)
{
    for (int i = 0; i < 8; i++) {
        out[i] = (uint8_t)(spi >> (56 - 8 * i));
    }
}

bool
keylog_word(const char *text, const char *label, const char *stops, char *out, size_t size)
{
    const char *at = strstr(text, label);
    size_t n;

    if (!at) {
        return false;
    }
    at += strlen(label);
    n = strcspn(at, stops);
    if (n >= size) {
        return false;
    }
    memcpy(out, at, n);
    out[n] = 0;
    return true;
}

const struct key_name *
keylog_named(const struct key_name *table, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++) {
        if (g_ascii_strcasecmp(table[i].name, name) == 0) {
            return &table[i];
        }
    }
    return NULL;
}
