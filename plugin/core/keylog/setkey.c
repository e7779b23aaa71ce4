/* setkey.c - "setkey -D" of FreeBSD, NetBSD, macOS and ipsec-tools, and "racoonctl
 * show-sa ipsec": a line with the SPI, lines E: and A: with keys in groups of four octets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <string.h>

static const struct key_name encr_names[] = {
    { "none", ENCR_NULL }, { "null", ENCR_NULL }, { "des-cbc", ENCR_DES_CBC },
    { "3des-cbc", ENCR_3DES_CBC }, { "cast128-cbc", ENCR_CAST_CBC },
    { "blowfish-cbc", ENCR_BLOWFISH_CBC }, { "rijndael-cbc", ENCR_AES_CBC },
    { "aes-cbc", ENCR_AES_CBC }, { "aes-ctr", ENCR_AES_CTR }, { "aes-gcm-16", ENCR_AES_GCM_16 },
    { "aes-gcm-12", ENCR_AES_GCM_12 }, { "aes-gcm-8", ENCR_AES_GCM_8 },
    { "aes-gcm", ENCR_AES_GCM_16 }, { "aes-gmac", ENCR_NULL_AES_GMAC },
    { "camellia-cbc", ENCR_CAMELLIA_CBC }, { "chacha20-poly1305", ENCR_CHACHA20_POLY1305 },
};
static const struct key_name integ_names[] = {
    { "none", INTEG_NONE }, { "null", INTEG_NONE }, { "hmac-md5", INTEG_HMAC_MD5_96 },
    { "hmac-sha1", INTEG_HMAC_SHA1_96 }, { "hmac-sha2-256", INTEG_HMAC_SHA2_256_128 },
    { "hmac-sha256", INTEG_HMAC_SHA2_256_128 }, { "hmac-sha2-384", INTEG_HMAC_SHA2_384_192 },
    { "hmac-sha384", INTEG_HMAC_SHA2_384_192 }, { "hmac-sha2-512", INTEG_HMAC_SHA2_512_256 },
    { "hmac-sha512", INTEG_HMAC_SHA2_512_256 }, { "aes-xcbc-mac", INTEG_AES_XCBC_96 },
};

struct setkey {
    bool esp, refused;
    uint64_t spi;
    unsigned line;
    struct esp_keys keys;
    struct crypt_key *open;     /* the key that the next line may go on with */
    bool has_encr;
};

static void *
setkey_begin(void)
{
    return g_new0(struct setkey, 1);
}

static void
setkey_done(struct setkey *s, struct key_reader *r)
{
    unsigned line = r->line;

    if (s->esp && s->has_encr && !s->refused) {
        r->line = s->line;
        keylog_add_esp(r, (uint32_t)s->spi, &s->keys);
        /* The name does not tell RFC 4868's ICV from the older one of 96 bits. */
        if (s->keys.integ == INTEG_HMAC_SHA2_256_128 && !keylog_misfit(&s->keys)) {
            s->keys.integ = CRYPT_INTEG_SHA256_96;
            keylog_add_esp(r, (uint32_t)s->spi, &s->keys);
        }
        r->line = line;
    }
    crypt_wipe(s, sizeof *s);
}

static void
refuse(struct setkey *s, struct key_reader *r, const char *why)
{
    s->refused = true;
    s->open = NULL;
    keylog_refuse(r, why);
}

/* "31323334 35363738 ..": whole octets and nothing else. */
static bool
is_groups(const char *text)
{
    size_t n = strspn(text, "0123456789abcdefABCDEF ");

    return n && !text[n] && strcspn(text, "0123456789abcdefABCDEF") < n;
}

static void
take_groups(struct setkey *s, struct key_reader *r, const char *text)
{
    for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
        int high = g_ascii_xdigit_value(text[0]);
        int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
        if (low < 0) {
            refuse(s, r, "a key is no whole number of octets");
            return;
        }
        if (s->open->len == sizeof s->open->at) {
            refuse(s, r, "a key has more octets than any algorithm takes");
            return;
        }
        s->open->at[s->open->len++] = (uint8_t)(high << 4 | low);
        text += 2;
    }
}

/* "E: aes-cbc  31323334 35363738 .." */
static void
algorithm(struct setkey *s, struct key_reader *r, const char *text, bool encr)
{
    const char *name_at = text + 2 + strspn(text + 2, " "), *key = name_at + strcspn(name_at, " ");
    char *name = g_strndup(name_at, (gsize)(key - name_at));
    const struct key_name *a = encr ? keylog_named(encr_names, G_N_ELEMENTS(encr_names), name)
                                    : keylog_named(integ_names, G_N_ELEMENTS(integ_names), name);

    g_free(name);
    if (!a) {
        refuse(s, r, "an algorithm is not known to Espial");
        return;
    }
    *(encr ? &s->keys.encr : &s->keys.integ) = a->id;
    s->has_encr |= encr;
    s->open = encr ? &s->keys.encr_key : &s->keys.integ_key;
    if (*key && !is_groups(key)) {
        refuse(s, r, "a key is no hex");
    } else {
        take_groups(s, r, key);
    }
}

/* "esp mode=tunnel spi=769(0x00000301) reqid=0(0x00000000)", "esp-udp mode=.." */
static bool
begin_sa(struct setkey *s, struct key_reader *r, const char *text)
{
    const char *at = strstr(text, " spi=");
    bool esp = g_str_has_prefix(text, "esp");
    bool other = g_str_has_prefix(text, "ah ") || g_str_has_prefix(text, "ipcomp ") ||
                 g_str_has_prefix(text, "tcp ");

    if ((!esp && !other) || !strstr(text, " mode=") || !at) {
        return false;
    }
    setkey_done(s, r);
    at = strchr(at, '(');
    s->esp = esp;
    s->line = r->line;
    if (esp && (!at || !keylog_hex_number(at + 1, 8, &s->spi))) {
        refuse(s, r, "the SPI is not a 32-bit number");
    }
    return true;
}

static bool
setkey_line(void *state, struct key_reader *r, const char *line)
{
    struct setkey *s = (struct setkey *)state;
    const char *text = line + strspn(line, " \t");

    if (begin_sa(s, r, text)) {
        return true;
    }
    if (!s->esp || s->refused) {
        return false;
    }
    if (s->open && is_groups(text)) {
        take_groups(s, r, text);
        return true;
    }
    s->open = NULL;
    if (g_str_has_prefix(text, "E: ") || g_str_has_prefix(text, "A: ")) {
        algorithm(s, r, text, *text == 'E');
        return true;
    }
    if (g_str_has_prefix(text, "seq=0x")) {
        setkey_done(s, r);
        return true;
    }
    return false;
}

static void
setkey_end(void *state, struct key_reader *r)
{
    setkey_done((struct setkey *)state, r);
    g_free(state);
}

const struct key_format keylog_setkey = { "setkey -D", setkey_begin, setkey_line, setkey_end };
