/* secrets.c - lines that are left out whole, since they may hold a secret: what a daemon prints at
 * high levels of debugging.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <string.h>

enum {
    PAIRS_MAX = 7,              /* octets in a row; a MAC address has 6 */
    COOKIE_PAIRS = 8,
    DIGITS_MAX = 23,            /* hex digits in a row; an IKE SPI has 16 */
    BASE64_MAX = 39,
    BASE64_0S_MAX = 7           /* behind 0s, as ipsec.secrets has it */
};

static bool
holds_word(const char *text, size_t len, const char *word)
{
    size_t n = strlen(word);

    for (size_t i = 0; i + n <= len; i++) {
        if (g_ascii_strncasecmp(text + i, word, n) == 0) {
            return true;
        }
    }
    return false;
}

/* "policy PSK+TUNNEL", "PSK authentication": the way to authenticate, and no key behind it. */
static bool
holds_psk(const char *text, size_t len)
{
    static const char *const harmless[] = { " disabled", " authentication", " is vulnerable" };

    for (size_t i = 0; i + 3 <= len; i++) {
        const char *behind = text + i + 3;
        bool named = i + 3 == len || strchr("+,;)]}|", *behind) ||
                     (i && strchr("+|", text[i - 1]));
        if (g_ascii_strncasecmp(text + i, "psk", 3) != 0) {
            continue;
        }
        for (size_t k = 0; k < G_N_ELEMENTS(harmless); k++) {
            named |= g_str_has_prefix(behind, harmless[k]);
        }
        if (!named) {
            return true;
        }
    }
    return false;
}

/* Words that a value may follow.  "pre-shared key" alone says how somebody proves who he is. */
static bool
holds_secret_word(const char *text, size_t len)
{
    static const char *const words[] = { "secret", "passw", "passphrase", "preshared",
                                         "keymat", "skeyid", "sk_", "prf(", "private key",
                                         "xauth_pass", "shared key:", "shared key =",
                                         "shared key '", "shared key \"", "pin code", "nt hash",
                                         "encryption key", "integrity key", "ka =>", "keylog" };

    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        if (holds_word(text, len, words[i])) {
            return true;
        }
    }
    return holds_psk(text, len);
}

/* "12 34 AB .." or "12:34:AB ..": how many octets stand in a row at at. */
static unsigned
pairs_at(const char *at)
{
    unsigned n = 0;

    while (g_ascii_isxdigit(at[0]) && g_ascii_isxdigit(at[1]) && !g_ascii_isalnum(at[2])) {
        n++;
        at += 2;
        at += strspn(at, " ");
        at += *at == ':' || *at == '-';
    }
    return n;
}

static bool
is_dump(const char *text)
{
    const char *p = text + strspn(text, " \t|");
    size_t digits = strspn(p, "0123456789abcdefABCDEF");

    /* "   0: 6C 61 62" */
    if (digits && p[digits] == ':' && pairs_at(p + digits + 1 + strspn(p + digits + 1, " "))) {
        return true;
    }
    /* "=> 32 bytes @ 0x7f.." */
    p = strstr(text, "=> ");
    digits = p ? strspn(p + 3, "0123456789") : 0;
    return digits && strncmp(p + 3 + digits, " bytes", 6) == 0;
}

static bool
holds_octets(const char *text)
{
    for (const char *p = text; *p; p++) {
        bool begins = p == text || !g_ascii_isalnum(p[-1]);
        size_t hex, base64;
        unsigned pairs;
        if (!begins) {
            continue;
        }
        pairs = pairs_at(p);
        if (pairs > PAIRS_MAX &&
            (pairs > COOKIE_PAIRS || !holds_word(text, (size_t)(p - text), "cookie"))) {
            return true;
        }
        hex = strspn(p, "0123456789abcdefABCDEF");
        if (hex == 1 && (p[1] == 'x' || p[1] == 'X')) {
            hex = strspn(p + 2, "0123456789abcdefABCDEF");
        }
        base64 = strspn(p, "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/=");
        if (hex > DIGITS_MAX || base64 > BASE64_MAX ||
            (p[0] == '0' && p[1] == 's' && base64 > 2 + BASE64_0S_MAX)) {
            return true;
        }
    }
    return false;
}

bool
secret_in(const char *text, const struct log_phrase *phrase, const char *at)
{
    size_t len = strlen(text), before = phrase ? (size_t)(at - text) : len;
    size_t behind = phrase ? before + strlen(phrase->text) : len;

    return is_dump(text) || holds_octets(text) || holds_secret_word(text, before) ||
           holds_secret_word(text + behind, len - behind);
}
