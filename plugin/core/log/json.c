/* json.c - one member out of an object on one line, as journalctl -o json writes it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <espial/text.h>
#include <string.h>

/* Behind a string that begins at at, which is its quotation mark; NULL where it does not end. */
static const char *
behind_string(const char *at)
{
    for (at++; *at && *at != '"'; at++) {
        if (*at == '\\' && at[1]) {
            at++;
        }
    }
    return *at ? at + 1 : NULL;
}

static gunichar
take_unit(const char **at)
{
    gunichar c = 0;

    for (int i = 0; i < 4; i++) {
        int digit = g_ascii_xdigit_value(**at);
        if (digit < 0) {
            return TEXT_REPLACEMENT;
        }
        c = c << 4 | (gunichar)digit;
        (*at)++;
    }
    return c;
}

static void
put_escape(GString *out, const char **at)
{
    static const char from[] = "bfnrt", to[] = "\b\f\n\r\t";
    const char *known = **at ? strchr(from, **at) : NULL;
    gunichar c, low;

    if (**at != 'u') {
        g_string_append_c(out, known ? to[known - from] : **at);
        *at += **at != 0;
        return;
    }
    (*at)++;
    c = take_unit(at);
    if (c >= 0xd800 && c < 0xdc00 && (*at)[0] == '\\' && (*at)[1] == 'u') {
        *at += 2;
        low = take_unit(at);
        c = low >= 0xdc00 && low < 0xe000 ? 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00) :
                                            TEXT_REPLACEMENT;
    }
    g_string_append_unichar(out, c && g_unichar_validate(c) ? c : TEXT_REPLACEMENT);
}

static char *
read_string(const char *at)
{
    GString *out = g_string_new(NULL);

    for (at++; *at && *at != '"';) {
        if (*at == '\\') {
            at++;
            put_escape(out, &at);
        } else {
            g_string_append_c(out, *at++);
        }
    }
    return g_string_free(out, FALSE);
}

/* [ 49, 50 ]: how the journal writes what is no UTF-8. */
static char *
read_octets(const char *at)
{
    GString *out = g_string_new(NULL);

    for (at++; *at && *at != ']';) {
        if (g_ascii_isdigit(*at)) {
            char *end;
            guint64 n = g_ascii_strtoull(at, &end, 10);
            g_string_append_c(out, n && n < 256 ? (char)n : '?');
            at = end;
        } else {
            at++;
        }
    }
    return g_string_free(out, FALSE);
}

char *
json_member(const char *text, const char *key)
{
    size_t len = strlen(key);
    unsigned depth = 0;

    while (*text) {
        if (*text == '"') {
            const char *name = text + 1, *end = behind_string(text);
            if (!end) {
                return NULL;
            }
            text = end + strspn(end, " \t");
            if (depth == 1 && *text == ':' && (size_t)(end - name) == len + 1 &&
                memcmp(name, key, len) == 0) {
                text++;
                text += strspn(text, " \t");
                return *text == '"' ? read_string(text) : *text == '[' ? read_octets(text) : NULL;
            }
            continue;
        }
        depth += *text == '{' || *text == '[';
        depth -= depth && (*text == '}' || *text == ']');
        text++;
    }
    return NULL;
}
