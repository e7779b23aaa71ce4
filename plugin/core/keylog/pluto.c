/* pluto.c - the log of libreswan's and Openswan's pluto with plutodebug=private (or
 * crypt): IKEv2 keys in a line for each direction, ESP keys as hex dumps before the line
 * that names their SPIs, IKEv1 keys as dumps.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <espial/suite.h>
#include <string.h>

enum { PER_LINE = 16, SIDES = 2, SPI_LEN = 8, NAME_LEN = 64, SALT = 4 };

enum dump { NO_DUMP, ESP_ENCR, ESP_INTEG, ICOOKIE, SKEYID_D, IKE1_KEY, SALT_I, SALT_R };

static const struct { const char *name; enum dump dump; } dump_names[] = {
    { "ESP enckey:", ESP_ENCR }, { "ESP authkey:", ESP_INTEG }, { "ICOOKIE:", ICOOKIE },
    { "Skeyid_d:", SKEYID_D }, { "enc key:", IKE1_KEY },
};

/* Of "initiator salt extracted len 16 bytes", "unwrapped:", four octets and zeros. */
static const struct { const char *name; enum dump dump; } salt_names[] = {
    { "initiator salt extracted", SALT_I }, { "responder salt extracted", SALT_R },
};

/* The names of tcpdump's -E, the key's bits behind; longer ones first. */
static const struct key_name encr_names[] = {
    { "chacha20_poly1305", ENCR_CHACHA20_POLY1305 }, { "null_auth_aes_gmac", ENCR_NULL_AES_GMAC },
    { "camellia_ctr", ENCR_CAMELLIA_CTR }, { "camellia", ENCR_CAMELLIA_CBC },
    { "aes_gcm_16", ENCR_AES_GCM_16 }, { "aes_gcm_12", ENCR_AES_GCM_12 },
    { "aes_gcm_8", ENCR_AES_GCM_8 }, { "aes_gcm", ENCR_AES_GCM_16 },
    { "aes_ccm_16", ENCR_AES_CCM_16 }, { "aes_ccm_12", ENCR_AES_CCM_12 },
    { "aes_ccm_8", ENCR_AES_CCM_8 }, { "aes_ctr", ENCR_AES_CTR }, { "aes_cbc", ENCR_AES_CBC },
    { "aes", ENCR_AES_CBC }, { "3des", ENCR_3DES_CBC }, { "null", ENCR_NULL },
    { "des", ENCR_DES_CBC },
};
static const struct key_name integ_names[] = {
    { "none", INTEG_NONE }, { "md5", INTEG_HMAC_MD5_96 }, { "sha", INTEG_HMAC_SHA1_96 },
    { "sha1", INTEG_HMAC_SHA1_96 }, { "sha256", INTEG_HMAC_SHA2_256_128 },
    { "sha384", INTEG_HMAC_SHA2_384_192 }, { "sha512", INTEG_HMAC_SHA2_512_256 },
    { "aes_xcbc", INTEG_AES_XCBC_96 }, { "aes_cmac", INTEG_AES_CMAC_96 },
};
/* Of the line that names the SPIs; what is spelled as in the registry is not here. */
static const struct key_name esp_names[] = {
    { "AES", ENCR_AES_CBC }, { "3DES", ENCR_3DES_CBC }, { "CAMELLIA", ENCR_CAMELLIA_CBC },
    { "AES_GCM_A", ENCR_AES_GCM_8 }, { "AES_GCM_B", ENCR_AES_GCM_12 },
    { "AES_GCM_C", ENCR_AES_GCM_16 }, { "AES_GCM", ENCR_AES_GCM_16 },
    { "AES_CCM_A", ENCR_AES_CCM_8 }, { "AES_CCM_B", ENCR_AES_CCM_12 },
    { "AES_CCM_C", ENCR_AES_CCM_16 }, { "NULL_AUTH_AES_GMAC", ENCR_NULL_AES_GMAC },
};
static const struct key_name esp_integ_names[] = {
    { "NONE", INTEG_NONE }, { "HMAC_SHA2_256_TRUNCBUG", CRYPT_INTEG_SHA256_96 },
    { "HMAC_SHA1", INTEG_HMAC_SHA1_96 }, { "HMAC_MD5", INTEG_HMAC_MD5_96 },
    { "HMAC_SHA2_256", INTEG_HMAC_SHA2_256_128 }, { "HMAC_SHA2_384", INTEG_HMAC_SHA2_384_192 },
    { "HMAC_SHA2_512", INTEG_HMAC_SHA2_512_256 }, { "AES_XCBC", INTEG_AES_XCBC_96 },
    { "AES_CMAC", INTEG_AES_CMAC_96 },
};

struct pluto {
    enum dump now, unwraps;     /* unwraps: what the next "unwrapped:" is */
    uint8_t octets[CRYPT_KEY_MAX];
    size_t len;
    uint8_t spi_i[SPI_LEN];
    struct crypt_key skeyid_d;
    /* Of one Child SA; used: a line has named its SPIs, the next dump is of another. */
    struct crypt_key encr[SIDES], integ[SIDES];
    unsigned sides;
    bool used;
    struct ike_keys ike2;       /* of the initiator's line, for the responder's */
    uint64_t ike2_spi;          /* 0: none */
    uint8_t salt[SIDES][SALT];
    unsigned salts[SIDES];      /* how many since the last SA */
};

static void *
pluto_begin(void)
{
    return g_new0(struct pluto, 1);
}

static void
forget_child(struct pluto *p)
{
    crypt_wipe(p->encr, sizeof p->encr);
    crypt_wipe(p->integ, sizeof p->integ);
    p->sides = 0;
    p->used = false;
}

static void
put_key(struct crypt_key *k, const struct pluto *p)
{
    memset(k, 0, sizeof *k);
    memcpy(k->at, p->octets, p->len);
    k->len = p->len;
}

static void
dump_done(struct pluto *p, struct key_reader *r)
{
    struct crypt_key key;

    switch (p->now) {
    case ESP_ENCR:
        /* Of a pair that failed nothing more is said: the last two count. */
        if (p->used) {
            forget_child(p);
        } else if (p->sides == SIDES) {
            p->encr[0] = p->encr[1];
            p->integ[0] = p->integ[1];
            p->sides = 1;
        }
        put_key(&p->encr[p->sides], p);
        memset(&p->integ[p->sides++], 0, sizeof p->integ[0]);
        break;
    case ESP_INTEG:
        if (p->sides) {
            put_key(&p->integ[p->sides - 1], p);
        }
        break;
    case ICOOKIE:
        memcpy(p->spi_i, p->octets, p->len == SPI_LEN ? SPI_LEN : 0);
        break;
    case SKEYID_D:
        put_key(&p->skeyid_d, p);
        break;
    case IKE1_KEY:
        put_key(&key, p);
        if (key.len) {
            keylog_add_ike1(r, p->spi_i, &key, &p->skeyid_d);
        }
        crypt_wipe(&key, sizeof key);
        break;
    case SALT_I:
    case SALT_R:
        if (p->len >= SALT) {
            memcpy(p->salt[p->now - SALT_I], p->octets, SALT);
            p->salts[p->now - SALT_I]++;
        }
        break;
    case NO_DUMP:
        break;
    }
    p->now = NO_DUMP;
    crypt_wipe(p->octets, sizeof p->octets);
    p->len = 0;
}

static bool
begin_dump(struct pluto *p, const char *text)
{
    for (size_t i = 0; i < G_N_ELEMENTS(dump_names); i++) {
        if (g_str_has_prefix(text, dump_names[i].name)) {
            p->now = dump_names[i].dump;
            /* Older ones go on in the same line. */
            keylog_hex_dump(text + strlen(dump_names[i].name), p->octets, &p->len, PER_LINE);
            return true;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(salt_names); i++) {
        if (g_str_has_prefix(text, salt_names[i].name)) {
            p->unwraps = salt_names[i].dump;
            return true;
        }
    }
    if (p->unwraps != NO_DUMP && g_str_has_prefix(text, "unwrapped:")) {
        p->now = p->unwraps;
        p->unwraps = NO_DUMP;
        return true;
    }
    return false;
}

/* --- IKEv2 ------------------------------------------------------------------ */

/* "aes_gcm_16256" */
static bool
encr_of(const char *name, uint16_t *out)
{
    for (size_t i = 0; i < G_N_ELEMENTS(encr_names); i++) {
        size_t len = strlen(encr_names[i].name);
        if (g_ascii_strncasecmp(name, encr_names[i].name, len) == 0 &&
            !name[len + strspn(name + len, "0123456789")]) {
            *out = encr_names[i].id;
            return true;
        }
    }
    return false;
}

/* "sha256:0x.."; a NULL key has no digits. */
static bool
named_key(const char *word, char *name, struct crypt_key *key)
{
    const char *colon = strchr(word, ':');

    if (!colon || colon - word >= NAME_LEN) {
        return false;
    }
    memcpy(name, word, (size_t)(colon - word));
    name[colon - word] = 0;
    return keylog_hex(colon + 1, key);
}

/* A counter mode's salt stands in lines of its own, and only with crypt too.  They do not
 * say of which SA: two in a row are not used. */
static void
add_salt(const struct pluto *p, int side, struct crypt_key *key)
{
    struct esp_keys trial;

    memset(&trial, 0, sizeof trial);
    trial.encr = p->ike2.encr;
    trial.encr_key = *key;
    if (keylog_misfit(&trial) && p->salts[side] == 1 && key->len + SALT <= sizeof key->at) {
        memcpy(key->at + key->len, p->salt[side], SALT);
        key->len += SALT;
    }
    crypt_wipe(&trial, sizeof trial);
}

static const char *
half_ike2(struct pluto *p, struct key_reader *r, char **words)
{
    bool initiator = strcmp(words[1], "I") == 0;
    struct crypt_key *integ_key = initiator ? &p->ike2.sk_ai : &p->ike2.sk_ar;
    struct crypt_key *encr_key = initiator ? &p->ike2.sk_ei : &p->ike2.sk_er;
    const struct key_name *integ;
    char integ_name[NAME_LEN], encr_name[NAME_LEN];
    uint64_t spi;
    uint8_t spi_i[SPI_LEN];

    if (!keylog_hex_number(words[2], 2 * SPI_LEN, &spi) ||
        !named_key(words[4], integ_name, integ_key) || !named_key(words[5], encr_name, encr_key)) {
        return "the IKEv2 keys are no hex digits, or too long";
    }
    integ = keylog_named(integ_names, G_N_ELEMENTS(integ_names), integ_name);
    if (!integ || !encr_of(encr_name, &p->ike2.encr)) {
        return "the algorithms of these IKEv2 keys are not known to Espial";
    }
    p->ike2.integ = integ->id;
    add_salt(p, initiator ? 0 : 1, encr_key);
    if (initiator) {
        p->ike2_spi = spi;
        return NULL;
    }
    if (spi != p->ike2_spi) {
        return "the initiator's keys do not stand before the responder's";
    }
    keylog_put_spi(spi_i, spi);
    keylog_add_ike2(r, spi_i, NULL, &p->ike2);
    crypt_wipe(&p->ike2, sizeof p->ike2);
    crypt_wipe(p->salt, sizeof p->salt);
    p->salts[0] = p->salts[1] = 0;
    p->ike2_spi = 0;
    return NULL;
}

/* "ikev2 I 0xSPIi 0xSPIr sha256:0xSK_ai aes256:0xSK_ei", then the same with R. */
static bool
read_ike2(struct pluto *p, struct key_reader *r, const char *text)
{
    char **words;
    const char *why;

    if (!g_str_has_prefix(text, "ikev2 I 0x") && !g_str_has_prefix(text, "ikev2 R 0x")) {
        return false;
    }
    words = g_strsplit(text, " ", 0);
    why = g_strv_length(words) == 6 ? half_ike2(p, r, words) : "a line of IKEv2 keys is cut";
    if (why) {
        keylog_refuse(r, why);
    }
    for (size_t i = 0; words[i]; i++) {
        crypt_wipe(words[i], strlen(words[i]));
    }
    g_strfreev(words);
    return true;
}

/* --- Child SAs -------------------------------------------------------------- */

/* "AES_GCM_16_256", "AES_128", "3DES_0": the bits do not count, the key has them. */
static bool
esp_encr_of(char *name, uint16_t *out)
{
    struct transform one;
    const struct key_name *old;
    char *bits = strrchr(name, '_');

    if (transform_parse(&one, name) && one.type == TRANSFORM_ENCR) {
        *out = one.id;
        return true;
    }
    if (bits && bits[1] && !bits[1 + strspn(bits + 1, "0123456789")]) {
        *bits = 0;
    }
    old = keylog_named(esp_names, G_N_ELEMENTS(esp_names), name);
    if (!old && (!transform_parse(&one, name) || one.type != TRANSFORM_ENCR)) {
        return false;
    }
    *out = old ? old->id : one.id;
    return true;
}

static bool
esp_integ_of(const char *name, uint16_t *out)
{
    const struct key_name *old = keylog_named(esp_integ_names, G_N_ELEMENTS(esp_integ_names), name);
    struct transform one;

    if (!old && (!transform_parse(&one, name) || one.type != TRANSFORM_INTEG)) {
        return false;
    }
    *out = old ? old->id : one.id;
    return true;
}

/* Older libreswans install the inbound SA first and newer ones the outbound one: each SPI
 * gets both keys, and its packets tell. */
static void
add_child(const struct pluto *p, struct key_reader *r, uint32_t spi, uint16_t encr, uint16_t integ,
          bool esn)
{
    for (unsigned i = 0; i < p->sides; i++) {
        struct esp_keys keys;
        memset(&keys, 0, sizeof keys);
        keys.encr = encr;
        keys.integ = encr_is_aead(encr) ? 0 : integ;
        keys.encr_key = p->encr[i];
        keys.integ_key = p->integ[i];
        keys.esn = esn;
        keylog_add_esp(r, spi, &keys);
        crypt_wipe(&keys, sizeof keys);
    }
}

/* "{ESP/ESN=>0x078cfe50 <0xf9a9048a xfrm=AES_CBC_128-HMAC_SHA2_256_128-MODP2048 DPD=passive}" */
static bool
read_child(struct pluto *p, struct key_reader *r, const char *text)
{
    const char *at = strstr(text, "{ESP"), *out = at ? strstr(at, "=>0x") : NULL;
    const char *in = out ? strstr(out, " <0x") : NULL;
    char encr_name[NAME_LEN], integ_name[NAME_LEN], label[NAME_LEN + 8];
    uint64_t spi_out, spi_in;
    uint16_t encr, integ;
    bool esn;

    if (!in || !keylog_hex_number(out + 2, 8, &spi_out) || !keylog_hex_number(in + 2, 8, &spi_in)) {
        return false;
    }
    if (!p->sides) {
        return true;            /* SAs without their keys: the log of every day */
    }
    p->used = true;
    if (!keylog_word(in, "xfrm=", "-} ", encr_name, sizeof encr_name)) {
        keylog_refuse(r, "the line names no algorithms for the ESP keys before");
        return true;
    }
    g_snprintf(label, sizeof label, "%s-", encr_name);
    if (!keylog_word(in, label, "-} ", integ_name, sizeof integ_name)) {
        g_strlcpy(integ_name, "NONE", sizeof integ_name);
    }
    if (!esp_encr_of(encr_name, &encr) || !esp_integ_of(integ_name, &integ)) {
        keylog_refuse(r, "the algorithms of the ESP keys before are not known to Espial");
        return true;
    }
    esn = g_strstr_len(at, out - at, "/ESN") != NULL;
    add_child(p, r, (uint32_t)spi_out, encr, integ, esn);
    add_child(p, r, (uint32_t)spi_in, encr, integ, esn);
    return true;
}

/* Debugging lines have a bar before them, whatever a syslog puts before that. */
static const char *
debug_text(const char *line)
{
    const char *bar = *line == '|' ? line : strstr(line, ": | ");

    return !bar ? NULL : bar == line ? line + 1 : bar + 3;
}

static bool
pluto_line(void *state, struct key_reader *r, const char *line)
{
    struct pluto *p = (struct pluto *)state;
    const char *text = debug_text(line);

    if (!text) {
        if (p->now != NO_DUMP) {
            dump_done(p, r);
        }
        return read_child(p, r, line);
    }
    text += *text == ' ';
    if (p->now != NO_DUMP) {
        if (g_str_has_prefix(text, "  ") &&
            keylog_hex_dump(text, p->octets, &p->len, MIN(p->len + PER_LINE, sizeof p->octets))) {
            return true;
        }
        dump_done(p, r);
    }
    return begin_dump(p, text) || read_ike2(p, r, text);
}

static void
pluto_end(void *state, struct key_reader *r)
{
    struct pluto *p = (struct pluto *)state;

    dump_done(p, r);
    crypt_wipe(p, sizeof *p);
    g_free(p);
}

const struct key_format keylog_pluto = { "libreswan's log", pluto_begin, pluto_line, pluto_end };
