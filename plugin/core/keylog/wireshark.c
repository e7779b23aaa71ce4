/* wireshark.c - rows of Wireshark's own tables, which strongSwan's save-keys plugin writes
 * too: ikev1_decryption_table, ikev2_decryption_table, esp_sa.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <espial/suite.h>
#include <string.h>

enum {
    COLUMNS_IKE1 = 2, COLUMNS_IKE2 = 8, COLUMNS_ESP = 8, COLUMN_SEQUENCE = 8,
    COLUMNS_ESP_NEWER = 10, COLUMNS_MAX = 12, COOKIE_DIGITS = 16
};

/* How Wireshark spells them; what it does not decrypt has no name there. */
static const struct key_name esp_encr[] = {
    { "NULL", ENCR_NULL }, { "TripleDES-CBC", ENCR_3DES_CBC }, { "AES-CBC", ENCR_AES_CBC },
    { "AES-CTR", ENCR_AES_CTR }, { "DES-CBC", ENCR_DES_CBC }, { "BLOWFISH-CBC", ENCR_BLOWFISH_CBC },
    { "CAST5-CBC", ENCR_CAST_CBC }, { "AES-GCM with 8 octet ICV", ENCR_AES_GCM_8 },
    { "AES-GCM with 12 octet ICV", ENCR_AES_GCM_12 },
    { "AES-GCM with 16 octet ICV", ENCR_AES_GCM_16 },
    { "ChaCha20 with Poly1305", ENCR_CHACHA20_POLY1305 },
};
static const struct key_name esp_auth[] = {
    { "NULL", INTEG_NONE }, { "HMAC-SHA-1-96", INTEG_HMAC_SHA1_96 },
    { "HMAC-SHA-256-96", CRYPT_INTEG_SHA256_96 }, { "HMAC-SHA-256-128", INTEG_HMAC_SHA2_256_128 },
    { "HMAC-SHA-384-192", INTEG_HMAC_SHA2_384_192 },
    { "HMAC-SHA-512-256", INTEG_HMAC_SHA2_512_256 }, { "HMAC-MD5-96", INTEG_HMAC_MD5_96 },
};
static const struct key_name ike_encr[] = {
    { "3DES", ENCR_3DES_CBC }, { "AES-CBC-128", ENCR_AES_CBC }, { "AES-CBC-192", ENCR_AES_CBC },
    { "AES-CBC-256", ENCR_AES_CBC }, { "AES-CTR-128", ENCR_AES_CTR },
    { "AES-CTR-192", ENCR_AES_CTR }, { "AES-CTR-256", ENCR_AES_CTR },
    { "AES-GCM-128 with 8 octet ICV", ENCR_AES_GCM_8 },
    { "AES-GCM-192 with 8 octet ICV", ENCR_AES_GCM_8 },
    { "AES-GCM-256 with 8 octet ICV", ENCR_AES_GCM_8 },
    { "AES-GCM-128 with 12 octet ICV", ENCR_AES_GCM_12 },
    { "AES-GCM-192 with 12 octet ICV", ENCR_AES_GCM_12 },
    { "AES-GCM-256 with 12 octet ICV", ENCR_AES_GCM_12 },
    { "AES-GCM-128 with 16 octet ICV", ENCR_AES_GCM_16 },
    { "AES-GCM-192 with 16 octet ICV", ENCR_AES_GCM_16 },
    { "AES-GCM-256 with 16 octet ICV", ENCR_AES_GCM_16 },
    { "AES-CCM-128 with 8 octet ICV", ENCR_AES_CCM_8 },
    { "AES-CCM-192 with 8 octet ICV", ENCR_AES_CCM_8 },
    { "AES-CCM-256 with 8 octet ICV", ENCR_AES_CCM_8 },
    { "AES-CCM-128 with 12 octet ICV", ENCR_AES_CCM_12 },
    { "AES-CCM-192 with 12 octet ICV", ENCR_AES_CCM_12 },
    { "AES-CCM-256 with 12 octet ICV", ENCR_AES_CCM_12 },
    { "AES-CCM-128 with 16 octet ICV", ENCR_AES_CCM_16 },
    { "AES-CCM-192 with 16 octet ICV", ENCR_AES_CCM_16 },
    { "AES-CCM-256 with 16 octet ICV", ENCR_AES_CCM_16 }, { "NULL", ENCR_NULL },
};
static const struct key_name ike_auth[] = {
    { "NONE", INTEG_NONE }, { "HMAC_MD5_96", INTEG_HMAC_MD5_96 },
    { "HMAC_SHA1_96", INTEG_HMAC_SHA1_96 }, { "HMAC_MD5_128", INTEG_HMAC_MD5_128 },
    { "HMAC_SHA1_160", INTEG_HMAC_SHA1_160 }, { "HMAC_SHA2_256_96", CRYPT_INTEG_SHA256_96 },
    { "HMAC_SHA2_256_128", INTEG_HMAC_SHA2_256_128 },
    { "HMAC_SHA2_384_192", INTEG_HMAC_SHA2_384_192 },
    { "HMAC_SHA2_512_256", INTEG_HMAC_SHA2_512_256 },
};

/* Older tables name no ICV length of AES-GCM: "AES-GCM [RFC4106]". */
static const uint16_t gcm_of_any_icv[] = {
    ENCR_AES_GCM_8, ENCR_AES_GCM_12, ENCR_AES_GCM_16
};

/* The name stands before " [RFC..]". */
static bool
look_up(const struct key_name *table, size_t n, const char *text, uint16_t *id)
{
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(table[i].name);
        if (g_ascii_strncasecmp(table[i].name, text, len) == 0 &&
            (!text[len] || g_str_has_prefix(text + len, " ["))) {
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

static bool
is_family(const char *text)
{
    return strcmp(text, "IPv4") == 0 || strcmp(text, "IPv6") == 0 ||
           g_ascii_strcasecmp(text, "Any") == 0;
}

static void
row_ike1(struct key_reader *r, char **c)
{
    struct crypt_key cookie, key;
    static const struct crypt_key unknown;

    if (!keylog_hex(c[0], &cookie) || !keylog_hex(c[1], &key) || !key.len) {
        keylog_refuse(r,
                      "the key of an ikev1_decryption_table row is no even number of hex digits");
        return;
    }
    keylog_add_ike1(r, cookie.at, &key, &unknown);
    crypt_wipe(&key, sizeof key);
}

static void
row_ike2(struct key_reader *r, char **c)
{
    struct ike_keys keys;
    struct crypt_key cookie, other;

    memset(&keys, 0, sizeof keys);
    if (!look_up(ike_encr, G_N_ELEMENTS(ike_encr), c[4], &keys.encr) ||
        !look_up(ike_auth, G_N_ELEMENTS(ike_auth), c[7], &keys.integ)) {
        keylog_refuse(r,
                      "an ikev2_decryption_table row names an algorithm that Espial does not know");
        return;
    }
    if (!keylog_hex(c[0], &cookie) || !keylog_hex(c[1], &other) || !keylog_hex(c[2], &keys.sk_ei) ||
        !keylog_hex(c[3], &keys.sk_er) || !keylog_hex(c[5], &keys.sk_ai) ||
        !keylog_hex(c[6], &keys.sk_ar)) {
        keylog_refuse(r, "a key of an ikev2_decryption_table row is no even number of hex digits");
    } else {
        keylog_add_ike2(r, cookie.at, other.at, &keys);
    }
    crypt_wipe(&keys, sizeof keys);
}

/* Wireshark takes octets after 0x, and else the characters themselves. */
static bool
key_of(const char *text, bool as_hex, struct crypt_key *out)
{
    if (as_hex || g_ascii_strncasecmp(text, "0x", 2) == 0) {
        return keylog_hex(text, out);
    }
    memset(out, 0, sizeof *out);
    out->len = strlen(text);
    if (out->len > sizeof out->at) {
        return false;
    }
    memcpy(out->at, text, out->len);
    return true;
}

static bool
keys_of(struct esp_keys *keys, char **c, bool as_hex)
{
    return key_of(c[5], as_hex, &keys->encr_key) && key_of(c[7], as_hex, &keys->integ_key);
}

/* "ANY 96 bit authentication [no checking]": the length of an ICV and no more. */
static bool
is_any(const char *auth)
{
    return g_ascii_strncasecmp(auth, "ANY ", 4) == 0;
}

/* "AES-GCM [RFC4106]": the ICV's length stands, if at all, in the other column, where
 * strongSwan's save-keys writes 64 for 96 bits.  The packets tell. */
static bool
row_old_gcm(struct key_reader *r, uint32_t spi, struct esp_keys *keys, char **c)
{
    if (g_ascii_strcasecmp(c[4], "AES-GCM") != 0 && !g_str_has_prefix(c[4], "AES-GCM [")) {
        return false;
    }
    memset(&keys->integ_key, 0, sizeof keys->integ_key);
    for (size_t i = 0; i < G_N_ELEMENTS(gcm_of_any_icv); i++) {
        keys->encr = gcm_of_any_icv[i];
        if (keylog_misfit(keys)) {
            keylog_refuse(r, keylog_misfit(keys));
            break;
        }
        keylog_add_esp(r, spi, keys);
    }
    return true;
}

static const char *
esp_algorithms(struct esp_keys *keys, char **c)
{
    if (!look_up(esp_encr, G_N_ELEMENTS(esp_encr), c[4], &keys->encr)) {
        return "an esp_sa row names an encryption algorithm that Espial does not know";
    }
    if (is_any(c[6])) {
        memset(&keys->integ_key, 0, sizeof keys->integ_key);
        return NULL;            /* an AEAD, whose own it is */
    }
    return look_up(esp_auth, G_N_ELEMENTS(esp_auth), c[6], &keys->integ) ? NULL
           : "an esp_sa row names an integrity algorithm that Espial does not know";
}

/* A row that Wireshark takes and its dissector decrypts with: no fault of the file, and nothing for
 * Espial, which believes no packet whose integrity it cannot check. */
static bool
is_unchecked(struct esp_keys *keys, char **c)
{
    return is_any(c[6]) && look_up(esp_encr, G_N_ELEMENTS(esp_encr), c[4], &keys->encr) &&
           !encr_is_aead(keys->encr);
}

static void
add_row(struct key_reader *r, uint32_t spi, struct esp_keys *keys, char **c)
{
    const char *why;

    if (row_old_gcm(r, spi, keys, c) || is_unchecked(keys, c)) {
        return;
    }
    why = esp_algorithms(keys, c);
    if (!why && keylog_misfit(keys)) {
        /* Written by hand, octets often lack their 0x. */
        struct esp_keys hex = *keys;
        if (keys_of(&hex, c, true) && !keylog_misfit(&hex)) {
            *keys = hex;
        }
        crypt_wipe(&hex, sizeof hex);
    }
    if (why) {
        keylog_refuse(r, why);
    } else {
        keylog_add_esp(r, spi, keys);
    }
}

static void
row_esp(struct key_reader *r, char **c, size_t n)
{
    struct esp_keys keys;
    char *end = NULL;
    guint64 spi = g_ascii_strtoull(c[3], &end, 0);

    memset(&keys, 0, sizeof keys);
    keys.esn = n > COLUMN_SEQUENCE && g_str_has_prefix(c[COLUMN_SEQUENCE], "64");
    if (strchr(c[3], '*')) {
        end = c[3] + strlen(c[3]);
        spi = KEYLOG_ANY_SPI;           /* in whole or in part: the packets tell */
    }
    if (!*c[3] || *end || spi > UINT32_MAX) {
        keylog_refuse(r, "the SPI of an esp_sa row is not a 32-bit number");
    } else if (!keys_of(&keys, c, false)) {
        keylog_refuse(r, "a key of an esp_sa row is no even number of hex digits, or too long");
    } else {
        add_row(r, (uint32_t)spi, &keys, c);
    }
    crypt_wipe(&keys, sizeof keys);
}

static bool
row_line(void *state, struct key_reader *r, const char *line)
{
    char *copy, *c[COLUMNS_MAX];
    size_t n;
    bool ours = true;

    (void)state;
    if (*line == '#' || !strchr(line, ',')) {
        return false;
    }
    copy = g_strdup(line);
    n = split(copy, c);
    /* Wireshark 4.4 adds the length of the sequence number, and its upper half, which follows from
     * the packets. */
    if (n >= COLUMNS_ESP && n <= COLUMNS_ESP_NEWER && is_family(c[0])) {
        row_esp(r, c, n);
    } else if (n == COLUMNS_IKE1 && is_cookie(c[0])) {
        row_ike1(r, c);
    } else if (n == COLUMNS_IKE2 && is_cookie(c[0]) && is_cookie(c[1])) {
        row_ike2(r, c);
    } else if (!n && g_str_has_prefix(line, "\"IPv")) {
        keylog_refuse(r, "a row of keys has an open quotation");
    } else if (n && (is_cookie(c[0]) || (*line == '"' && is_family(c[0])))) {
        keylog_refuse(r, "a row of keys has the wrong number of columns");
    } else {
        ours = false;
    }
    crypt_wipe(copy, strlen(line));
    g_free(copy);
    return ours;
}

const struct key_format keylog_rows = { "Wireshark's tables", NULL, row_line, NULL };

/* Octets at the end of a key that Wireshark's names do not count. */
static size_t
salt_of(uint16_t encr)
{
    switch (encr) {
    case ENCR_AES_CCM_8: case ENCR_AES_CCM_12: case ENCR_AES_CCM_16:
        return 3;
    case ENCR_AES_CTR: case ENCR_AES_GCM_8: case ENCR_AES_GCM_12: case ENCR_AES_GCM_16:
        return 4;
    default:
        return 0;
    }
}

bool
keylog_ike2_names(const struct keylog_ike2 *one, const char **encr, const char **integ)
{
    size_t salt = MIN(salt_of(one->keys.encr), one->keys.sk_ei.len);
    char bits[16];

    *encr = *integ = NULL;
    g_snprintf(bits, sizeof bits, "-%u", (unsigned)(one->keys.sk_ei.len - salt) * 8);
    for (size_t i = 0; i < G_N_ELEMENTS(ike_encr); i++) {
        const char *name = ike_encr[i].name;
        if (ike_encr[i].id == one->keys.encr && (!strchr(name, '-') || strstr(name, bits))) {
            *encr = name;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(ike_auth); i++) {
        *integ = ike_auth[i].id == one->keys.integ ? ike_auth[i].name : *integ;
    }
    return *encr && *integ;
}
