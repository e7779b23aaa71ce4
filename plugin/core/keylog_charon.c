/* keylog_charon.c - the log of strongSwan's charon with ike = 4 and chd = 4: secrets as hex
 * dumps over several lines, threads interleaved.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_internal.h"

#include <espial/suite.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 100, PER_LINE = 16 };

enum dump { NO_DUMP, SK_D, SK_AI, SK_AR, SK_EI, SK_ER, KEY_KA, ENC_I, ENC_R, INT_I, INT_R, NUM_DUMPS };

static const char *const dump_names[NUM_DUMPS] = {
    NULL, "Sk_d secret", "Sk_ai secret", "Sk_ar secret", "Sk_ei secret", "Sk_er secret", "encryption key Ka",
    "encryption initiator key", "encryption responder key", "integrity initiator key", "integrity responder key"
};

/* What one thread is about. */
struct thread {
    uint8_t spi_i[8];
    enum dump now;
    size_t want;
    struct crypt_key dumps[NUM_DUMPS];
    uint16_t ike_encr, ike_integ, ike_prf;
    uint16_t encr, integ;
};

struct charon {
    struct thread threads[THREADS];
};

struct charon *
charon_new(void)
{
    return g_new0(struct charon, 1);
}

void
charon_free(struct charon *c)
{
    memset(c, 0, sizeof *c);
    g_free(c);
}

/* "15[IKE] <gw|1> TEXT", with whatever a syslog puts before it. */
static const char *
text_of(const char *line, unsigned *thread)
{
    for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
        if (at - line >= 2 && g_ascii_isdigit(at[-1]) && g_ascii_isdigit(at[-2]) && g_ascii_isupper(at[1]) &&
            g_ascii_isupper(at[2]) && g_ascii_isupper(at[3]) && at[4] == ']' && at[5] == ' ') {
            const char *text = at + 6, *end = *text == '<' ? strstr(text, "> ") : NULL;
            *thread = (unsigned)((at[-2] - '0') * 10 + at[-1] - '0');
            return end ? end + 2 : text;
        }
    }
    return NULL;
}

static void
ike2_done(struct thread *t, struct key_reader *r)
{
    struct ike_keys keys;

    memset(&keys, 0, sizeof keys);
    keys.encr = t->ike_encr;
    keys.integ = t->ike_integ;
    keys.prf = t->ike_prf;
    keys.sk_d = t->dumps[SK_D];
    keys.sk_ai = t->dumps[SK_AI];
    keys.sk_ar = t->dumps[SK_AR];
    keys.sk_ei = t->dumps[SK_EI];
    keys.sk_er = t->dumps[SK_ER];
    keylog_add_ike2(r, t->spi_i, &keys);
    memset(t->dumps, 0, sizeof t->dumps);
}

static void
dump_done(struct thread *t, struct key_reader *r)
{
    enum dump done = t->now;

    t->now = NO_DUMP;
    if (done == KEY_KA) {
        keylog_add_ike1(r, t->spi_i, &t->dumps[KEY_KA]);
    } else if (done == SK_ER) {
        ike2_done(t, r);
    }
}

/* "   0: B6 6F CA CD  .o..": up to sixteen octets. */
static bool
take_hex(struct thread *t, const char *text, struct key_reader *r)
{
    struct crypt_key *k = &t->dumps[t->now];
    const char *at = text;

    while (*at == ' ' || g_ascii_isdigit(*at)) {
        at++;
    }
    if (*at++ != ':') {
        return false;
    }
    for (unsigned i = 0; i < PER_LINE && k->len < t->want && at[0] == ' ' && g_ascii_isxdigit(at[1]) && g_ascii_isxdigit(at[2]); i++) {
        k->at[k->len++] = (uint8_t)(g_ascii_xdigit_value(at[1]) << 4 | g_ascii_xdigit_value(at[2]));
        at += 3;
    }
    if (k->len == t->want) {
        dump_done(t, r);
    }
    return true;
}

static bool
begin_dump(struct thread *t, const char *text)
{
    unsigned want;

    for (enum dump d = SK_D; d < NUM_DUMPS; d++) {
        size_t len = strlen(dump_names[d]);
        if (strncmp(text, dump_names[d], len) == 0 && sscanf(text + len, " => %u bytes", &want) == 1) {
            if (want > CRYPT_KEY_MAX) {
                return true;
            }
            memset(&t->dumps[d], 0, sizeof t->dumps[d]);
            t->now = want ? d : NO_DUMP;
            t->want = want;
            return true;
        }
    }
    return false;
}

static bool
read_suite(struct thread *t, const char *text)
{
    char **words = g_strsplit(text, "/", -1);

    t->ike_encr = t->ike_integ = t->ike_prf = 0;
    for (size_t i = 0; words[i]; i++) {
        struct transform one;
        if (transform_parse(&one, words[i])) {
            *(one.type == TRANSFORM_ENCR ? &t->ike_encr : one.type == TRANSFORM_INTEG ? &t->ike_integ :
              one.type == TRANSFORM_PRF ? &t->ike_prf : &one.id) = one.id;
        }
    }
    g_strfreev(words);
    return true;
}

/* "using AES_CBC for encryption" of a Child SA. */
static bool
read_using(struct thread *t, const char *text)
{
    const char *at = strstr(text, "using "), *end = at ? strstr(at, " for ") : NULL;
    struct transform one;
    char *name;

    if (!at || !end) {
        return false;
    }
    name = g_strndup(at + 6, (gsize)(end - at - 6));
    if (transform_parse(&one, name)) {
        if (g_str_has_prefix(end, " for encryption")) {
            t->encr = one.id;
            t->integ = 0;
            memset(&t->dumps[ENC_I], 0, 4 * sizeof t->dumps[ENC_I]);
        } else {
            t->integ = one.id;
        }
    }
    g_free(name);
    return true;
}

/* The log does not say which end of the Child SA this one is: both keys are given to the
 * SPI, and its packets tell. */
static bool
read_spi(const struct thread *t, const char *text, struct key_reader *r)
{
    unsigned spi;

    while (*text == ' ') {
        text++;
    }
    if (sscanf(text, "SPI 0x%8x, src ", &spi) != 1) {
        return false;
    }
    for (int side = 0; side < 2 && t->encr; side++) {
        struct esp_keys keys;
        memset(&keys, 0, sizeof keys);
        keys.encr = t->encr;
        keys.integ = t->integ;
        keys.encr_key = t->dumps[ENC_I + side];
        keys.integ_key = t->dumps[INT_I + side];
        keylog_add_esp(r, spi, &keys);
    }
    return true;
}

static void
read_cookies(struct thread *t, const char *text)
{
    const char *at = strstr(text, " SPIs ");
    struct crypt_key cookie;
    char *digits;

    if (!at || strlen(at) < 6 + 18 || at[6 + 16] != '_' || at[6 + 17] != 'i') {
        return;
    }
    digits = g_strndup(at + 6, 16);
    if (keylog_hex(digits, &cookie) && cookie.len == 8) {
        memcpy(t->spi_i, cookie.at, 8);
    }
    g_free(digits);
}

bool
charon_line(struct charon *c, struct key_reader *r, const char *line)
{
    unsigned n;
    const char *text = text_of(line, &n), *suite;
    struct thread *t;

    if (!text) {
        return false;
    }
    t = &c->threads[n];
    if (t->now != NO_DUMP && take_hex(t, text, r)) {
        return true;
    }
    t->now = NO_DUMP;
    suite = strstr(text, "selected proposal: IKE:");
    if (suite) {
        return read_suite(t, suite + strlen("selected proposal: IKE:"));
    }
    if (begin_dump(t, text) || read_using(t, text) || read_spi(t, text, r)) {
        return true;
    }
    read_cookies(t, text);
    return true;
}
