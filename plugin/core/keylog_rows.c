/* keylog_rows.c - rows of Wireshark's own tables: ikev1_decryption_table,
 * ikev2_decryption_table, esp_sa.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_internal.h"

#include <espial/suite.h>
#include <string.h>

enum { COLUMNS_IKE1 = 2, COLUMNS_IKE2 = 8, COLUMNS_ESP = 8, COLUMNS_MAX = 12, COOKIE_DIGITS = 16 };

struct named {
    const char *name;
    uint16_t id, bits;
};

/* How Wireshark spells them; what it does not decrypt has no name there. */
static const struct named esp_encr[] = {
    { "NULL", 11, 0 }, { "TripleDES-CBC", 3, 0 }, { "AES-CBC", 12, 0 }, { "AES-CTR", 13, 0 }, { "DES-CBC", 2, 0 },
    { "BLOWFISH-CBC", 7, 0 }, { "CAST5-CBC", 6, 0 }, { "AES-GCM with 8 octet ICV", 18, 0 },
    { "AES-GCM with 12 octet ICV", 19, 0 }, { "AES-GCM with 16 octet ICV", 20, 0 }, { "ChaCha20 with Poly1305", 28, 0 },
};
static const struct named esp_auth[] = {
    { "NULL", 0, 0 }, { "HMAC-SHA-1-96", 2, 0 }, { "HMAC-SHA-256-96", 1026, 0 }, { "HMAC-SHA-256-128", 12, 0 },
    { "HMAC-SHA-384-192", 13, 0 }, { "HMAC-SHA-512-256", 14, 0 }, { "HMAC-MD5-96", 1, 0 },
};
static const struct named ike_encr[] = {
    { "3DES", 3, 0 }, { "AES-CBC-128", 12, 128 }, { "AES-CBC-192", 12, 192 }, { "AES-CBC-256", 12, 256 },
    { "AES-CTR-128", 13, 128 }, { "AES-CTR-192", 13, 192 }, { "AES-CTR-256", 13, 256 }, { "AES-GCM-128 with 8 octet ICV", 18, 128 },
    { "AES-GCM-192 with 8 octet ICV", 18, 192 }, { "AES-GCM-256 with 8 octet ICV", 18, 256 },
    { "AES-GCM-128 with 12 octet ICV", 19, 128 }, { "AES-GCM-192 with 12 octet ICV", 19, 192 },
    { "AES-GCM-256 with 12 octet ICV", 19, 256 }, { "AES-GCM-128 with 16 octet ICV", 20, 128 },
    { "AES-GCM-192 with 16 octet ICV", 20, 192 }, { "AES-GCM-256 with 16 octet ICV", 20, 256 },
    { "AES-CCM-128 with 8 octet ICV", 14, 128 }, { "AES-CCM-192 with 8 octet ICV", 14, 192 },
    { "AES-CCM-256 with 8 octet ICV", 14, 256 }, { "AES-CCM-128 with 12 octet ICV", 15, 128 },
    { "AES-CCM-192 with 12 octet ICV", 15, 192 }, { "AES-CCM-256 with 12 octet ICV", 15, 256 },
    { "AES-CCM-128 with 16 octet ICV", 16, 128 }, { "AES-CCM-192 with 16 octet ICV", 16, 192 },
    { "AES-CCM-256 with 16 octet ICV", 16, 256 }, { "NULL", 11, 0 },
};
static const struct named ike_auth[] = {
    { "NONE", 0, 0 }, { "HMAC_MD5_96", 1, 0 }, { "HMAC_SHA1_96", 2, 0 }, { "HMAC_MD5_128", 6, 0 }, { "HMAC_SHA1_160", 7, 0 },
    { "HMAC_SHA2_256_96", 1026, 0 }, { "HMAC_SHA2_256_128", 12, 0 }, { "HMAC_SHA2_384_192", 13, 0 },
    { "HMAC_SHA2_512_256", 14, 0 },
};

/* The name stands before " [RFC..]". */
static bool
look_up(const struct named *table, size_t n, const char *text, uint16_t *id)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(table[i].name);
        if (g_ascii_strncasecmp(table[i].name, text, len) == 0 && (!text[len] || g_str_has_prefix(text + len, " ["))) {
            *id = table[i].id;
            return true;
        }
    }
    return false;
}

/* Fields separated by commas, quoted or not; in place. */
static size_t
split(char *line, char **out)
{
    size_t n = 0;

    while (line && n < COLUMNS_MAX) {
        char *end;
        if (*line == '"') {
            out[n++] = ++line;
            end = strchr(line, '"');
            if (!end) {
                return 0;
            }
            *end++ = 0;
            line = *end == ',' ? end + 1 : NULL;
        } else {
            out[n++] = line;
            end = strchr(line, ',');
            line = end ? end + 1 : NULL;
            if (end) {
                *end = 0;
            }
        }
    }
    return n;
}

static bool
is_cookie(const char *text)
{
    return strlen(text) == COOKIE_DIGITS && strspn(text, "0123456789abcdefABCDEF") == COOKIE_DIGITS;
}

static void
row_ike1(struct key_reader *r, char **c)
{
    struct crypt_key cookie, key;

    if (!keylog_hex(c[0], &cookie) || !keylog_hex(c[1], &key) || !key.len) {
        keylog_refuse(r, "the key of an ikev1_decryption_table row is no even number of hex digits");
        return;
    }
    keylog_add_ike1(r, cookie.at, &key);
}

static void
row_ike2(struct key_reader *r, char **c)
{
    struct ike_keys keys;
    struct crypt_key cookie;

    memset(&keys, 0, sizeof keys);
    if (!look_up(ike_encr, G_N_ELEMENTS(ike_encr), c[4], &keys.encr) || !look_up(ike_auth, G_N_ELEMENTS(ike_auth), c[7], &keys.integ)) {
        keylog_refuse(r, "an ikev2_decryption_table row names an algorithm that Espial does not know");
        return;
    }
    if (!keylog_hex(c[0], &cookie) || !keylog_hex(c[2], &keys.sk_ei) || !keylog_hex(c[3], &keys.sk_er) ||
        !keylog_hex(c[5], &keys.sk_ai) || !keylog_hex(c[6], &keys.sk_ar)) {
        keylog_refuse(r, "a key of an ikev2_decryption_table row is no even number of hex digits");
        return;
    }
    keylog_add_ike2(r, cookie.at, &keys);
}

static void
row_esp(struct key_reader *r, char **c)
{
    struct esp_keys keys;
    char *end = NULL;
    guint64 spi = g_ascii_strtoull(c[3], &end, 0);

    memset(&keys, 0, sizeof keys);
    if (!look_up(esp_encr, G_N_ELEMENTS(esp_encr), c[4], &keys.encr) || !look_up(esp_auth, G_N_ELEMENTS(esp_auth), c[6], &keys.integ)) {
        keylog_refuse(r, "an esp_sa row names an algorithm that Espial does not know");
    } else if (!*c[3] || *end || spi > UINT32_MAX) {
        keylog_refuse(r, "the SPI of an esp_sa row is no number of 32 bits");
    } else if (!keylog_hex(c[5], &keys.encr_key) || !keylog_hex(c[7], &keys.integ_key)) {
        keylog_refuse(r, "a key of an esp_sa row is no even number of hex digits");
    } else {
        keylog_add_esp(r, (uint32_t)spi, &keys);
    }
}

bool
keylog_row(struct key_reader *r, const char *line)
{
    char *copy, *c[COLUMNS_MAX];
    size_t n;
    bool ours = true;

    if (*line == '#' || !strchr(line, ',')) {
        return false;
    }
    copy = g_strdup(line);
    n = split(copy, c);
    if (n >= COLUMNS_ESP && (g_str_has_prefix(c[0], "IPv") || strcmp(c[0], "Any") == 0)) {
        row_esp(r, c);
    } else if (n == COLUMNS_IKE1 && is_cookie(c[0])) {
        row_ike1(r, c);
    } else if (n == COLUMNS_IKE2 && is_cookie(c[0]) && is_cookie(c[1])) {
        row_ike2(r, c);
    } else if (n && (is_cookie(c[0]) || g_str_has_prefix(c[0], "IPv"))) {
        keylog_refuse(r, "a row of keys has the wrong number of columns");
    } else {
        ours = false;
    }
    memset(copy, 0, strlen(line));
    g_free(copy);
    return ours;
}
