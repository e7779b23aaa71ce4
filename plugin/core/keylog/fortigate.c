/* fortigate.c - FortiGate "diagnose vpn tunnel list": for each direction a line with
 * SPI and cipher and, behind it or in the next line, the integrity algorithm.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <string.h>

enum { NAME_LEN = 32, HEX_MAX = 2 * CRYPT_KEY_MAX + 1 };

static const struct key_name encr_names[] = {
    { "null", ENCR_NULL }, { "des", ENCR_DES_CBC }, { "3des", ENCR_3DES_CBC },
    { "aes", ENCR_AES_CBC }, { "aes-gcm", ENCR_AES_GCM_16 },
    { "chacha20poly1305", ENCR_CHACHA20_POLY1305 },
};
static const struct key_name integ_names[] = {
    { "null", INTEG_NONE }, { "md5", INTEG_HMAC_MD5_96 }, { "sha1", INTEG_HMAC_SHA1_96 },
    { "sha256", INTEG_HMAC_SHA2_256_128 }, { "sha384", INTEG_HMAC_SHA2_384_192 },
    { "sha512", INTEG_HMAC_SHA2_512_256 },
};

struct fortigate {
    bool waits;                 /* for the integrity algorithm */
    uint64_t spi;
    unsigned line;
    struct esp_keys keys;
    bool esn;                   /* of the SA whose directions follow */
};

static void *
fortigate_begin(void)
{
    return g_new0(struct fortigate, 1);
}

static void
forget(struct fortigate *f)
{
    f->waits = false;
    crypt_wipe(&f->keys, sizeof f->keys);
}

static void
fortigate_done(struct fortigate *f, struct key_reader *r)
{
    unsigned line = r->line;

    if (f->waits) {
        r->line = f->line;
        f->keys.esn = f->esn;
        keylog_add_esp(r, (uint32_t)f->spi, &f->keys);
        r->line = line;
    }
    forget(f);
}

/* "aes key=16 a8da.." after "esp=". */
static const char *
read_key(const char *at, const struct key_name *table, size_t n, uint16_t *id,
         struct crypt_key *key)
{
    char name[NAME_LEN], octets[NAME_LEN], hex[HEX_MAX];
    const struct key_name *a;
    const char *why = NULL;
    guint64 len;
    size_t digits;

    if (!keylog_word(at, "=", " ", name, sizeof name) || !(a = keylog_named(table, n, name))) {
        return "an algorithm is not known to Espial";
    }
    *id = a->id;
    at += strcspn(at, " ");
    at += strspn(at, " ");
    if (!g_str_has_prefix(at, "key=") || !keylog_word(at, "key=", " ", octets, sizeof octets)) {
        return a->id == INTEG_NONE || a->id == ENCR_NULL ? NULL : "an algorithm has no key";
    }
    len = g_ascii_strtoull(octets, NULL, 10);
    at += strcspn(at, " ");
    at += strspn(at, " ");
    digits = len ? strspn(at, "0123456789abcdefABCDEF") : 0;
    if (digits != 2 * len || digits >= sizeof hex) {
        return "a key is not as long as the line says";
    }
    memcpy(hex, at, digits);
    hex[digits] = 0;
    if (!keylog_hex(hex, key)) {
        why = "a key is no even number of hex digits";
    }
    crypt_wipe(hex, sizeof hex);
    return why;
}

static const char *
read_integ(struct fortigate *f, const char *text)
{
    const char *at = strstr(text, "ah=");

    if (!at) {
        return NULL;
    }
    return read_key(at, integ_names, G_N_ELEMENTS(integ_names), &f->keys.integ, &f->keys.integ_key);
}

static void
begin_direction(struct fortigate *f, struct key_reader *r, const char *text)
{
    const char *spi = strstr(text, "spi="), *esp = strstr(text, "esp="),
               *why = "the SPI is not a 32-bit number";

    fortigate_done(f, r);
    if (!esp) {
        return;                 /* of AH, or shortened */
    }
    f->line = r->line;
    if (keylog_hex_number(spi + 4, 8, &f->spi)) {
        why = read_key(esp, encr_names, G_N_ELEMENTS(encr_names), &f->keys.encr, &f->keys.encr_key);
        why = why ? why : read_integ(f, esp);
    }
    if (why) {
        keylog_refuse(r, why);
        forget(f);
        return;
    }
    f->waits = true;
    if (strstr(esp, "ah=")) {
        fortigate_done(f, r);
    }
}

static bool
fortigate_line(void *state, struct key_reader *r, const char *line)
{
    struct fortigate *f = (struct fortigate *)state;
    const char *text = line + strspn(line, " \t"), *why, *esn;

    if (g_str_has_prefix(text, "dec: spi=") || g_str_has_prefix(text, "enc: spi=")) {
        begin_direction(f, r, text);
        return true;
    }
    if (f->waits && g_str_has_prefix(text, "ah=")) {
        why = read_integ(f, text);
        if (why) {
            keylog_refuse(r, why);
            forget(f);
        }
        fortigate_done(f, r);
        return true;
    }
    esn = strstr(text, " esn=");
    if (esn && strstr(text, "replaywin")) {
        f->esn = esn[5] == '1';
        return true;
    }
    return false;
}

static void
fortigate_end(void *state, struct key_reader *r)
{
    fortigate_done((struct fortigate *)state, r);
    g_free(state);
}

const struct key_format keylog_fortigate = { "diagnose vpn tunnel list", fortigate_begin,
                                             fortigate_line, fortigate_end };
