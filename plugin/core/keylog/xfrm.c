/* xfrm.c - Linux "ip xfrm state", "ip -s xfrm state" and "ip xfrm monitor": a line
 * with the addresses, one with protocol and SPI, one for each algorithm.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <string.h>

enum { NAME = 1, KEY, DEFAULT_BITS = 0 };

/* The kernel's names; bits are those of the ICV, the first row of a name is its default. */
struct kernel_name {
    const char *name;
    unsigned bits;
    uint16_t id;
};

static const struct kernel_name aeads[] = {
    { "rfc4106(gcm(aes))", 128, ENCR_AES_GCM_16 }, { "rfc4106(gcm(aes))", 96, ENCR_AES_GCM_12 },
    { "rfc4106(gcm(aes))", 64, ENCR_AES_GCM_8 }, { "rfc4309(ccm(aes))", 128, ENCR_AES_CCM_16 },
    { "rfc4309(ccm(aes))", 96, ENCR_AES_CCM_12 }, { "rfc4309(ccm(aes))", 64, ENCR_AES_CCM_8 },
    { "rfc4543(gcm(aes))", 128, ENCR_NULL_AES_GMAC },
    { "rfc7539esp(chacha20,poly1305)", 128, ENCR_CHACHA20_POLY1305 },
    { "rfc4309(ccm(camellia))", 128, ENCR_CAMELLIA_CCM_16 },
    { "rfc4309(ccm(camellia))", 96, ENCR_CAMELLIA_CCM_12 },
    { "rfc4309(ccm(camellia))", 64, ENCR_CAMELLIA_CCM_8 },
};
static const struct kernel_name ciphers[] = {
    { "cbc(aes)", 0, ENCR_AES_CBC }, { "aes", 0, ENCR_AES_CBC },
    { "rfc3686(ctr(aes))", 0, ENCR_AES_CTR }, { "cbc(des3_ede)", 0, ENCR_3DES_CBC },
    { "des3_ede", 0, ENCR_3DES_CBC }, { "cbc(des)", 0, ENCR_DES_CBC }, { "des", 0, ENCR_DES_CBC },
    { "cbc(blowfish)", 0, ENCR_BLOWFISH_CBC }, { "blowfish", 0, ENCR_BLOWFISH_CBC },
    { "cbc(cast5)", 0, ENCR_CAST_CBC }, { "cast5", 0, ENCR_CAST_CBC },
    { "cast128", 0, ENCR_CAST_CBC }, { "cbc(camellia)", 0, ENCR_CAMELLIA_CBC },
    { "camellia", 0, ENCR_CAMELLIA_CBC }, { "rfc3686(ctr(camellia))", 0, ENCR_CAMELLIA_CTR },
    { "ecb(cipher_null)", 0, ENCR_NULL }, { "cipher_null", 0, ENCR_NULL },
};
/* SHA-256's default is the kernel's of old, before RFC 4868. */
static const struct kernel_name macs[] = {
    { "hmac(md5)", 96, INTEG_HMAC_MD5_96 }, { "hmac(md5)", 128, INTEG_HMAC_MD5_128 },
    { "md5", 96, INTEG_HMAC_MD5_96 }, { "hmac(sha1)", 96, INTEG_HMAC_SHA1_96 },
    { "hmac(sha1)", 160, INTEG_HMAC_SHA1_160 }, { "sha1", 96, INTEG_HMAC_SHA1_96 },
    { "hmac(sha256)", 96, CRYPT_INTEG_SHA256_96 }, { "hmac(sha256)", 128, INTEG_HMAC_SHA2_256_128 },
    { "sha256", 96, CRYPT_INTEG_SHA256_96 }, { "sha256", 128, INTEG_HMAC_SHA2_256_128 },
    { "hmac(sha384)", 192, INTEG_HMAC_SHA2_384_192 },
    { "hmac(sha512)", 256, INTEG_HMAC_SHA2_512_256 }, { "xcbc(aes)", 96, INTEG_AES_XCBC_96 },
    { "cmac(aes)", 96, INTEG_AES_CMAC_96 }, { "digest_null", 0, INTEG_NONE },
};

struct xfrm {
    bool esp;
    uint64_t spi;
    struct esp_keys keys;
    bool has_encr, refused;
    unsigned line;              /* of the SPI */
};

static void *
xfrm_begin(void)
{
    return g_new0(struct xfrm, 1);
}

/* What the lines have said so far is an SA of its own. */
static void
xfrm_done(struct xfrm *x, struct key_reader *r)
{
    unsigned line = r->line;

    if (x->esp && x->has_encr && !x->refused) {
        r->line = x->line;
        keylog_add_esp(r, (uint32_t)x->spi, &x->keys);
        r->line = line;
    }
    crypt_wipe(x, sizeof *x);
}

static const struct kernel_name *
named(const struct kernel_name *table, size_t n, const char *name, unsigned bits)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(table[i].name, name) == 0 && (table[i].bits == bits || bits == DEFAULT_BITS)) {
            return &table[i];
        }
    }
    return NULL;
}

/* The word behind the key, and behind "(160 bits)" of -s. */
static unsigned
icv_bits(char **words)
{
    if (!*words) {
        return DEFAULT_BITS;
    }
    if (**words == '(') {
        while (*words && (*words)[strlen(*words) - 1] != ')') {
            words++;
        }
        words += *words != NULL;
    }
    return *words ? (unsigned)g_ascii_strtoull(*words, NULL, 10) : DEFAULT_BITS;
}

static void
refuse(struct xfrm *x, struct key_reader *r, const char *why)
{
    x->refused = true;
    keylog_refuse(r, why);
}

/* "enc cbc(aes) 0x.. (128 bits)", "auth-trunc hmac(sha1) 0x.. 96", "aead NAME 0x.. 128"; the
 * null algorithms have no key. */
static void
algorithm(struct xfrm *x, struct key_reader *r, char **words, size_t n)
{
    bool auth = g_str_has_prefix(words[0], "auth"), aead = strcmp(words[0], "aead") == 0, keyless;
    const struct kernel_name *a;
    struct crypt_key *key = auth ? &x->keys.integ_key : &x->keys.encr_key;
    unsigned bits;

    if (n <= NAME) {
        refuse(x, r, "an algorithm has no name");
        return;
    }
    keyless = n == NAME + 1 || strcmp(words[KEY], "0x") == 0 || *words[KEY] == '(' ||
              (n == KEY + 1 && strcmp(words[KEY], "0") == 0);
    bits = auth || aead ? icv_bits(words + KEY + (n > KEY && !keyless)) : DEFAULT_BITS;
    if (auth) {
        a = named(macs, G_N_ELEMENTS(macs), words[NAME], bits);
    } else if (aead) {
        a = named(aeads, G_N_ELEMENTS(aeads), words[NAME], bits);
    } else {
        a = named(ciphers, G_N_ELEMENTS(ciphers), words[NAME], bits);
    }
    if (!a) {
        refuse(x, r, "an algorithm or its ICV's length is not known to Espial");
        return;
    }
    if (!keyless && g_str_has_prefix(words[KEY], "<<")) {
        refuse(x, r, "the keys are hidden");
        return;
    }
    if (!keyless && !keylog_hex(words[KEY], key)) {
        refuse(x, r, "a key is no even number of hex digits, or too long");
        return;
    }
    *(auth ? &x->keys.integ : &x->keys.encr) = a->id;
    x->has_encr |= !auth;
}

static void
spi(struct xfrm *x, struct key_reader *r, char **words, size_t n)
{
    x->esp = strcmp(words[1], "esp") == 0 && n > 3 && strcmp(words[2], "spi") == 0 &&
             keylog_hex_number(words[3], 8, &x->spi);
    x->line = r->line;
}

/* One line, or one part of it with ip -o; words[n] is NULL. */
static bool
part(struct xfrm *x, struct key_reader *r, char **words, size_t n)
{
    if (n >= 4 && strcmp(words[0], "src") == 0 && strcmp(words[2], "dst") == 0) {
        xfrm_done(x, r);
    } else if (n >= 2 && strcmp(words[0], "proto") == 0) {
        spi(x, r, words, n);
    } else if (x->esp && (strcmp(words[0], "enc") == 0 || strcmp(words[0], "aead") == 0 ||
                          strcmp(words[0], "auth") == 0 || strcmp(words[0], "auth-trunc") == 0)) {
        algorithm(x, r, words, n);
    } else if (x->esp &&
               (strcmp(words[0], "replay-window") == 0 || strcmp(words[0], "flag") == 0)) {
        for (size_t i = 0; i < n; i++) {
            x->keys.esn |= strcmp(words[i], "esn") == 0;
        }
    } else {
        return false;
    }
    return true;
}

static bool
xfrm_line(void *state, struct key_reader *r, const char *line)
{
    struct xfrm *x = (struct xfrm *)state;
    char **parts, **words;
    bool ours = false;

    /* Cheap for lines of other formats. */
    if (!x->esp && !strstr(line, "src ") && !strstr(line, "proto ")) {
        return false;
    }
    parts = g_strsplit(line, "\\", 0);
    for (size_t i = 0; parts[i]; i++) {
        size_t n = 0, first = 0;
        words = g_strsplit_set(parts[i], " \t", 0);
        for (size_t w = 0; words[w]; w++) {
            char *word = words[w];
            if (*word) {
                words[w] = words[n];
                words[n++] = word;
            }
        }
        first = n && (strcmp(words[0], "Updated") == 0 || strcmp(words[0], "Deleted") == 0);
        if (n > first) {
            char *after = words[n];
            words[n] = NULL;
            ours |= part(x, r, words + first, n - first);
            words[n] = after;
        }
        for (size_t w = 0; words[w]; w++) {
            crypt_wipe(words[w], strlen(words[w]));
        }
        g_strfreev(words);
        crypt_wipe(parts[i], strlen(parts[i]));
    }
    g_strfreev(parts);
    return ours;
}

static void
xfrm_end(void *state, struct key_reader *r)
{
    xfrm_done((struct xfrm *)state, r);
    g_free(state);
}

const struct key_format keylog_xfrm = { "ip xfrm state", xfrm_begin, xfrm_line, xfrm_end };
