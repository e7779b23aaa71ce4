/* plan_suite.c - suites of the planning sheet, in the spelling that swanctl prints and in the one
 * that swanctl.conf and ipsec.conf take.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "plan_suite.h"

#include <espial/names.h>
#include <espial/suite.h>

#include <glib.h>
#include <stdlib.h>
#include <string.h>

/* A keyword of strongSwan's configuration; bits in its name are the key length. */
static const struct keyword {
    const char *word;
    uint8_t type;
    uint16_t id, bits;
} keywords[] = {
    { "null", TRANSFORM_ENCR, ENCR_NULL, 0 },
    { "des", TRANSFORM_ENCR, ENCR_DES_CBC, 0 },
    { "3des", TRANSFORM_ENCR, ENCR_3DES_CBC, 0 },
    { "chacha20poly1305", TRANSFORM_ENCR, ENCR_CHACHA20_POLY1305, 0 },
    { "md5", TRANSFORM_INTEG, INTEG_HMAC_MD5_96, 0 },
    { "sha", TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { "sha1", TRANSFORM_INTEG, INTEG_HMAC_SHA1_96, 0 },
    { "sha256", TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { "sha2_256", TRANSFORM_INTEG, INTEG_HMAC_SHA2_256_128, 0 },
    { "sha384", TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, 0 },
    { "sha2_384", TRANSFORM_INTEG, INTEG_HMAC_SHA2_384_192, 0 },
    { "sha512", TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, 0 },
    { "sha2_512", TRANSFORM_INTEG, INTEG_HMAC_SHA2_512_256, 0 },
    { "aesxcbc", TRANSFORM_INTEG, INTEG_AES_XCBC_96, 0 },
    { "aescmac", TRANSFORM_INTEG, INTEG_AES_CMAC_96, 0 },
    { "prfmd5", TRANSFORM_PRF, PRF_HMAC_MD5, 0 },
    { "prfsha1", TRANSFORM_PRF, PRF_HMAC_SHA1, 0 },
    { "prfsha256", TRANSFORM_PRF, PRF_HMAC_SHA2_256, 0 },
    { "prfsha384", TRANSFORM_PRF, PRF_HMAC_SHA2_384, 0 },
    { "prfsha512", TRANSFORM_PRF, PRF_HMAC_SHA2_512, 0 },
    { "prfaesxcbc", TRANSFORM_PRF, PRF_AES128_XCBC, 0 },
    { "prfaescmac", TRANSFORM_PRF, PRF_AES128_CMAC, 0 },
    { "curve25519", TRANSFORM_KE, KE_CURVE_25519, 0 },
    { "x25519", TRANSFORM_KE, KE_CURVE_25519, 0 },
    { "esn", TRANSFORM_ESN, ESN_EXT_SEQ, 0 },
    { "noesn", TRANSFORM_ESN, ESN_NO_EXT_SEQ, 0 },
};

/* AES with a key length in its name, and what may follow it. */
static const struct {
    const char *tail;
    uint16_t id;
} aes_modes[] = {
    { "", ENCR_AES_CBC }, { "ctr", ENCR_AES_CTR }, { "gmac", ENCR_NULL_AES_GMAC },
    { "gcm", ENCR_AES_GCM_16 }, { "gcm16", ENCR_AES_GCM_16 }, { "gcm128", ENCR_AES_GCM_16 },
    { "gcm12", ENCR_AES_GCM_12 }, { "gcm96", ENCR_AES_GCM_12 }, { "gcm8", ENCR_AES_GCM_8 },
    { "gcm64", ENCR_AES_GCM_8 }, { "ccm", ENCR_AES_CCM_16 }, { "ccm16", ENCR_AES_CCM_16 },
    { "ccm128", ENCR_AES_CCM_16 }, { "ccm12", ENCR_AES_CCM_12 }, { "ccm96", ENCR_AES_CCM_12 },
    { "ccm8", ENCR_AES_CCM_8 }, { "ccm64", ENCR_AES_CCM_8 },
};

/* The hash of an IKE proposal is the prf too, as strongSwan has it. */
static const struct {
    uint16_t integ, prf;
} prfs[] = {
    { INTEG_HMAC_MD5_96, PRF_HMAC_MD5 }, { INTEG_HMAC_SHA1_96, PRF_HMAC_SHA1 },
    { INTEG_HMAC_SHA2_256_128, PRF_HMAC_SHA2_256 }, { INTEG_HMAC_SHA2_384_192, PRF_HMAC_SHA2_384 },
    { INTEG_HMAC_SHA2_512_256, PRF_HMAC_SHA2_512 }, { INTEG_AES_XCBC_96, PRF_AES128_XCBC },
    { INTEG_AES_CMAC_96, PRF_AES128_CMAC },
};

static bool
read_aes(const char *word, struct transform *out)
{
    char *end = NULL;
    unsigned long bits = 128;

    if (g_ascii_strncasecmp(word, "aes", 3) != 0) {
        return false;
    }
    word += 3;
    if (g_ascii_isdigit(*word)) {
        bits = strtoul(word, &end, 10);
        word = end;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(aes_modes); i++) {
        if (g_ascii_strcasecmp(word, aes_modes[i].tail) == 0) {
            *out = (struct transform){ TRANSFORM_ENCR, aes_modes[i].id, (uint16_t)bits };
            return bits == 128 || bits == 192 || bits == 256;
        }
    }
    return false;
}

/* modp2048, ecp256, ecp256bp, curve448, mlkem768: the registry's name with its underscores. */
static bool
read_group(const char *word, struct transform *out)
{
    static const char *const forms[][2] = {
        { "modp", "MODP_" }, { "ecp", "ECP_" }, { "curve", "CURVE_" }, { "mlkem", "ML_KEM_" }
    };

    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        size_t len = strlen(forms[i][0]);
        if (g_ascii_strncasecmp(word, forms[i][0], len) == 0 && g_ascii_isdigit(word[len])) {
            const char *number = word + len, *tail = number + strspn(number, "0123456789");
            char *name = g_strdup_printf("%s%.*s%s%s", forms[i][1], (int)(tail - number), number,
                                         *tail ? "_" : "", *tail == 's' ? tail + 1 : tail);
            bool known = transform_parse(out, name) && out->type == TRANSFORM_KE;
            g_free(name);
            return known;
        }
    }
    return false;
}

static bool
read_keyword(const char *word, struct transform *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(keywords); i++) {
        if (g_ascii_strcasecmp(word, keywords[i].word) == 0) {
            *out = (struct transform){ keywords[i].type, keywords[i].id, keywords[i].bits };
            return true;
        }
    }
    return read_aes(word, out) || read_group(word, out);
}

/* Its own keyword, or one behind another: with AEAD the hash is the prf alone. */
static void
add(GString *to, const struct transform *t, bool ike, bool aead, bool has_prf)
{
    struct transform prf = { TRANSFORM_PRF, 0, 0 };
    char name[64];

    if (t->type != TRANSFORM_INTEG || !ike || !aead) {
        g_string_append_printf(to, "%s%s", to->len ? "/" : "",
                               transform_print(t, name, sizeof name));
    }
    for (size_t i = 0; t->type == TRANSFORM_INTEG && ike && !has_prf && i < G_N_ELEMENTS(prfs);
         i++) {
        if (prfs[i].integ == t->id) {
            prf.id = prfs[i].prf;
            g_string_append_printf(to, "%s%s", to->len ? "/" : "",
                                   transform_print(&prf, name, sizeof name));
        }
    }
}

/* "aes256-sha256-modp2048". */
static char *
read_keywords(const char *text, bool ike, char **bad)
{
    char **words = g_strsplit(text, "-", -1);
    GString *out = g_string_new(NULL);
    bool aead = false, has_prf = false;
    struct transform t;

    for (size_t i = 0; words[i]; i++) {
        size_t len = strlen(g_strstrip(words[i]));
        if (len && words[i][len - 1] == '!') {      /* ipsec.conf: and no other */
            words[i][len - 1] = 0;
        }
        if (!read_keyword(words[i], &t)) {
            *bad = g_strdup(words[i]);
            break;
        }
        aead |= t.type == TRANSFORM_ENCR && encr_is_aead(t.id);
        has_prf |= t.type == TRANSFORM_PRF;
    }
    for (size_t i = 0; !*bad && words[i]; i++) {
        if (read_keyword(words[i], &t)) {
            add(out, &t, ike, aead, has_prf);
        }
    }
    g_strfreev(words);
    return g_string_free(out, *bad != NULL);
}

/* "AES_CBC_256/HMAC_SHA1_96", with "IKE:" before it or without. */
static char *
read_names(const char *text, char **bad)
{
    const char *colon = strchr(text, ':');
    char **words = g_strsplit(colon ? colon + 1 : text, "/", -1), *all;
    GString *out = g_string_new(NULL);
    struct transform t;

    for (size_t i = 0; !*bad && words[i]; i++) {
        const char *word = g_strstrip(words[i]);
        if (*word && transform_parse(&t, word)) {
            g_string_append_printf(out, "%s%s", out->len ? "/" : "", word);
        } else if (*word) {
            *bad = g_strdup(word);
        }
    }
    g_strfreev(words);
    all = g_string_free(out, FALSE);
    if (*bad) {
        g_free(all);
        all = NULL;
    }
    return all;
}

char *
plan_suites(const char *text, bool ike, char **bad)
{
    char **parts = g_strsplit(text, ",", -1);
    GString *out = g_string_new(NULL);

    *bad = NULL;
    for (size_t i = 0; parts[i] && !*bad; i++) {
        char *word = g_strstrip(parts[i]), *one;
        struct transform t;
        one = !strchr(word, '/') && !strchr(word, ':') && !transform_parse(&t, word) && *word ?
                  read_keywords(word, ike, bad) :
                  read_names(word, bad);
        if (one && *one) {
            g_string_append_printf(out, "%s%s", out->len ? "," : "", one);
        }
        g_free(one);
    }
    g_strfreev(parts);
    if (*bad || !out->len) {
        g_string_free(out, TRUE);
        return NULL;
    }
    return g_string_free(out, FALSE);
}
