/* charon.c - the log of strongSwan's charon with ike = 4 and chd = 4: secrets as hex
 * dumps over several lines, threads interleaved.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/names.h>
#include <espial/suite.h>
#include <stdio.h>
#include <string.h>

enum {
    PER_LINE = 16, SPI_LEN = 8, SPI_DIGITS = 16, SPIS_LEN = 16,
    NO_THREAD = 1000, CHILD_SPIS = 2
};

/* The keys come first, in the order of dump_names. */
enum dump {
    NO_DUMP, SK_D, SK_AI, SK_AR, SK_EI, SK_ER, SKEYID_D, KEY_KA, ENC_I, ENC_R, INT_I, INT_R,
    NUM_KEYS, SECRET = NUM_KEYS, NATD
};

static const struct { const char *name; enum dump dump; } dump_names[] = {
    { "Sk_d secret", SK_D }, { "Sk_ai secret", SK_AI }, { "Sk_ar secret", SK_AR },
    { "Sk_ei secret", SK_EI }, { "Sk_er secret", SK_ER }, { "SKEYID_d", SKEYID_D },
    { "encryption key Ka", KEY_KA },
    { "encryption initiator key", ENC_I }, { "encryption responder key", ENC_R },
    { "integrity initiator key", INT_I }, { "integrity responder key", INT_R },
    /* The secret's name changed with versions; that of quick mode is the last one. */
    { "shared Diffie Hellman secret", SECRET }, { "key exchange secret", SECRET },
    { "additional key exchange secret", SECRET }, { "shared key exchange secret", SECRET },
    { "DH secret", SECRET },
    /* The cookies stand at its beginning: without mgr = 2 no other line has them. */
    { "natd_chunk", NATD },
};

/* Numbers of the algorithms that a line names as chosen. */
struct chosen {
    uint16_t encr, integ, prf;
};

/* What any thread may know of an IKE SA: IKE_INTERMEDIATE derives again, elsewhere. */
struct logged_ike_sa {
    uint8_t spi_i[SPI_LEN], spi_r[SPI_LEN];
    struct chosen chosen;
};

/* Keys that wait for the line that names their SA. */
struct derived {
    unsigned line;              /* 0: none */
    bool v1;
    uint8_t spi_i[SPI_LEN], spi_r[SPI_LEN];     /* as far as known by then */
    struct ike_keys keys;
    struct crypt_key ka, skeyid_d;      /* of IKEv1 */
};

struct thread {
    struct logged_ike_sa ike;          /* of its last lines */
    bool told_spi;              /* by a line before the first one of an SA */
    enum dump now;
    unsigned since;             /* line of the dump */
    size_t want, len;
    uint8_t octets[KEYLOG_MAX_SECRET];
    struct crypt_key keys[NUM_KEYS];
    struct derived derived;
    struct chosen child;
    bool esn, child_ah;
    uint32_t spis[CHILD_SPIS];  /* given keys already */
    unsigned num_spis;
};

struct charon {
    GHashTable *threads;        /* number -> struct thread */
    GHashTable *sas;            /* number that charon gives an IKE SA -> struct logged_ike_sa */
    struct logged_ike_sa last;
    struct thread *running;     /* of the last line that had a thread */
};

static void
free_thread(gpointer p)
{
    crypt_wipe(p, sizeof(struct thread));
    g_free(p);
}

static void *
charon_begin(void)
{
    struct charon *c = g_new0(struct charon, 1);

    c->threads = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_thread);
    c->sas = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, g_free);
    return c;
}

/* --- lines ------------------------------------------------------------------ */

struct said {
    unsigned thread;
    uint32_t sa;                /* 0: the line names none */
    const char *text;
};

/* "<gw|12> " or "<12> " before the text. */
static void
skip_sa(struct said *s)
{
    const char *end = *s->text == '<' ? strstr(s->text, "> ") : NULL, *number = s->text + 1;

    if (end) {
        for (const char *at = number; at < end; at++) {
            number = *at == '|' ? at + 1 : number;
        }
        s->sa = (uint32_t)g_ascii_strtoull(number, NULL, 10);
        s->text = end + 2;
    }
}

/* "15[IKE] <gw|1> TEXT" or "15[IKE2] TEXT" with its level, whatever a syslog puts before. */
static bool
with_thread(const char *line, struct said *s)
{
    for (const char *at = strchr(line, '['); at; at = strchr(at + 1, '[')) {
        const char *number = at, *end = at + 4;
        if (!g_ascii_isupper(at[1]) || !g_ascii_isupper(at[2]) || !g_ascii_isupper(at[3])) {
            continue;
        }
        end += g_ascii_isdigit(*end) ? 1 : 0;
        while (number > line && at - number < 3 && g_ascii_isdigit(number[-1])) {
            number--;
        }
        if (at - number >= 2 && end[0] == ']' && end[1] == ' ') {
            *s = (struct said){ (unsigned)g_ascii_strtoull(number, NULL, 10), 0, end + 2 };
            skip_sa(s);
            return true;
        }
    }
    return false;
}

/* The journal has no threads: "charon-systemd[625]: TEXT". */
static bool
with_process(const char *line, struct said *s)
{
    const char *at = strstr(line, "charon"), *end = at ? strstr(at, "]: ") : NULL;

    if (!end || strcspn(at, " :") != (size_t)(end + 1 - at)) {
        return false;
    }
    *s = (struct said){ NO_THREAD, 0, end + 3 };
    skip_sa(s);
    return true;
}

static struct thread *
thread_of(struct charon *c, unsigned number)
{
    struct thread *t = (struct thread *)g_hash_table_lookup(c->threads, GUINT_TO_POINTER(number));

    if (!t) {
        t = g_new0(struct thread, 1);
        g_hash_table_insert(c->threads, GUINT_TO_POINTER(number), t);
    }
    return t;
}

/* --- what threads did ------------------------------------------------------- */

static void
add_derived(struct thread *t, struct key_reader *r)
{
    struct derived *d = &t->derived;
    unsigned line = r->line;

    if (!d->line) {
        return;
    }
    r->line = d->line;
    if (d->v1) {
        keylog_add_ike1(r, d->spi_i, &d->ka, &d->skeyid_d);
    } else {
        keylog_add_ike2(r, d->spi_i, d->spi_r, &d->keys);
    }
    r->line = line;
    crypt_wipe(d, sizeof *d);
}

/* The first line after a derivation that has an SPI names the SA it was for: rekeying
 * derives in the name of the old SA, and aggressive mode before NAT detection. */
static void
name_derived(struct thread *t, struct key_reader *r, bool checkin)
{
    static const uint8_t unknown[SPI_LEN];
    struct derived *d = &t->derived;

    if (d->line && (checkin || memcmp(d->spi_i, unknown, SPI_LEN) == 0)) {
        memcpy(d->spi_i, t->ike.spi_i, SPI_LEN);
        memcpy(d->spi_r, t->ike.spi_r, SPI_LEN);
    }
    if (checkin) {
        add_derived(t, r);
    }
}

static void
ike_done(struct charon *c, struct thread *t, struct key_reader *r, bool v1)
{
    const struct chosen *chosen = t->ike.chosen.encr ? &t->ike.chosen : &c->last.chosen;
    struct derived *d = &t->derived;

    add_derived(t, r);
    d->line = t->since;
    d->v1 = v1;
    memcpy(d->spi_i, t->ike.spi_i, SPI_LEN);
    memcpy(d->spi_r, t->ike.spi_r, SPI_LEN);
    d->keys.encr = chosen->encr;
    d->keys.integ = chosen->integ;
    d->keys.prf = chosen->prf;
    d->keys.sk_d = t->keys[SK_D];
    d->keys.sk_ai = t->keys[SK_AI];
    d->keys.sk_ar = t->keys[SK_AR];
    d->keys.sk_ei = t->keys[SK_EI];
    d->keys.sk_er = t->keys[SK_ER];
    d->skeyid_d = t->keys[SKEYID_D];
    d->ka = t->keys[KEY_KA];
    crypt_wipe(t->keys, (KEY_KA + 1) * sizeof t->keys[0]);
}

static void
dump_done(struct charon *c, struct thread *t, struct key_reader *r)
{
    enum dump done = t->now;

    t->now = NO_DUMP;
    if (done < NUM_KEYS) {
        memset(&t->keys[done], 0, sizeof t->keys[done]);
        memcpy(t->keys[done].at, t->octets, t->len);
        t->keys[done].len = t->len;
    } else if (done == SECRET) {
        keylog_add_secret(r, t->octets, t->len);
    } else if (t->len >= SPI_LEN) {
        memcpy(t->ike.spi_i, t->octets, SPI_LEN);
        if (t->len >= SPIS_LEN) {
            memcpy(t->ike.spi_r, t->octets + SPI_LEN, SPI_LEN);
        }
        name_derived(t, r, false);
    }
    crypt_wipe(t->octets, t->len);
    if (done == SK_ER || done == KEY_KA) {
        ike_done(c, t, r, done == KEY_KA);
    }
}

/* "   0: B6 6F CA CD  .o..": up to sixteen octets. */
static bool
take_hex(struct charon *c, struct thread *t, const char *text, struct key_reader *r)
{
    const char *at = text + strspn(text, " ");
    size_t digits = strspn(at, "0123456789"), left = MIN(t->want - t->len, (size_t)PER_LINE);

    if (!digits || at[digits] != ':' ||
        !keylog_hex_dump(at + digits + 1, t->octets, &t->len, t->len + left)) {
        return false;
    }
    if (t->len == t->want) {
        dump_done(c, t, r);
    }
    return true;
}

static void
break_dump(struct thread *t, struct key_reader *r)
{
    if (t->now != NO_DUMP && t->now != NATD) {
        keylog_refuse_at(r, t->since, "the hex dump of a secret ends before its octets do");
    }
    crypt_wipe(t->octets, t->len);
    t->now = NO_DUMP;
    t->len = 0;
}

/* " => 32 bytes @ ..": the text is anyone's, so a number may be too long for any type. */
static bool
dump_len(const char *text, guint64 *out)
{
    if (!g_str_has_prefix(text, " => ") || !g_ascii_isdigit(text[4])) {
        return false;
    }
    *out = g_ascii_strtoull(text + 4, NULL, 10);
    return true;
}

static bool
begin_dump(struct thread *t, const char *text, struct key_reader *r)
{
    guint64 want;

    for (size_t i = 0; i < G_N_ELEMENTS(dump_names); i++) {
        size_t len = strlen(dump_names[i].name);
        if (strncmp(text, dump_names[i].name, len) != 0 || !dump_len(text + len, &want)) {
            continue;
        }
        if (want > (dump_names[i].dump < NUM_KEYS ? CRYPT_KEY_MAX : KEYLOG_MAX_SECRET)) {
            keylog_refuse(r, "more octets than any key of that kind has");
        } else if (want) {
            t->now = dump_names[i].dump;
            t->since = r->line;
            t->want = want;
            t->len = 0;
        }
        return true;
    }
    return false;
}

/* "selected proposal: IKE:AES_CBC_256/..." */
static bool
read_proposal(struct charon *c, struct thread *t, const char *text)
{
    static const char label[] = "selected proposal: ";
    const char *at = g_str_has_prefix(text, label) ? text + strlen(label) : NULL;
    char **words = at ? g_strsplit(at + strcspn(at, ":"), "/", -1) : NULL;
    bool ike = at && g_str_has_prefix(at, "IKE:");
    struct chosen chosen = { 0, 0, 0 };

    for (size_t i = 0; ike && words[i]; i++) {
        struct transform one;
        if (transform_parse(&one, words[i] + (*words[i] == ':'))) {
            chosen.encr = one.type == TRANSFORM_ENCR ? one.id : chosen.encr;
            chosen.integ = one.type == TRANSFORM_INTEG ? one.id : chosen.integ;
            chosen.prf = one.type == TRANSFORM_PRF ? one.id : chosen.prf;
        }
    }
    if (ike) {
        t->ike.chosen = c->last.chosen = chosen;
    } else if (at) {
        t->esn = strstr(at, "/EXT_SEQ") != NULL;
    }
    g_strfreev(words);
    return at != NULL;
}

static void
forget_child(struct thread *t)
{
    crypt_wipe(&t->keys[ENC_I], 4 * sizeof t->keys[0]);
    t->child = (struct chosen){ 0, 0, 0 };
    t->child_ah = false;
    t->num_spis = 0;
}

/* "using AES_CBC for encryption" of a Child SA.  AH has none. */
static bool
read_using(struct thread *t, const char *text)
{
    const char *at = text + strspn(text, " "), *end = strstr(at, " for ");
    bool encr = end && g_str_has_prefix(end, " for encryption");
    struct transform one;
    char *name;

    if (!g_str_has_prefix(at, "using ") ||
        (!encr && (!end || !g_str_has_prefix(end, " for integrity")))) {
        return false;
    }
    if (encr || t->child.integ || t->keys[ENC_I].len || t->num_spis) {
        forget_child(t);
    }
    name = g_strndup(at + 6, (gsize)(end - at - 6));
    if (strcmp(name, "HMAC_SHA2_256_96") == 0) {        /* not of the registry */
        t->child.integ = CRYPT_INTEG_SHA256_96;
    } else if (transform_parse(&one, name) &&
               one.type == (encr ? TRANSFORM_ENCR : TRANSFORM_INTEG)) {
        *(encr ? &t->child.encr : &t->child.integ) = one.id;
    }
    g_free(name);
    return true;
}

/* The log does not say which end of the Child SA this one is: both keys are given to the
 * SPI, and its packets tell. */
static void
add_child(const struct thread *t, uint32_t spi, struct key_reader *r)
{
    for (int side = 0; side < 2; side++) {
        struct esp_keys keys;
        memset(&keys, 0, sizeof keys);
        keys.encr = t->child.encr;
        keys.integ = t->child.integ;
        keys.encr_key = t->keys[ENC_I + side];
        keys.integ_key = t->keys[INT_I + side];
        keys.esn = t->esn;
        keylog_add_esp(r, spi, &keys);
        crypt_wipe(&keys, sizeof keys);
    }
}

/* A thread that installs the outbound SA of an earlier exchange has its SPI to say, and
 * keys of something else: so no more than two SPIs for a pair of keys. */
static bool
read_spi(struct thread *t, const char *text, struct key_reader *r)
{
    unsigned spi;

    if (sscanf(text, " SPI 0x%8x, src ", &spi) != 1) {  /* NOLINT(cert-err34-c): eight digits fit */
        return false;
    }
    /* With chd = 2 there are SPIs without keys. */
    if (t->child_ah || !t->child.encr || (!t->keys[ENC_I].len && !t->keys[INT_I].len)) {
        return true;
    }
    for (unsigned i = 0; i < t->num_spis; i++) {
        if (t->spis[i] == spi) {
            return true;
        }
    }
    if (t->num_spis < CHILD_SPIS) {
        t->spis[t->num_spis++] = spi;
        add_child(t, spi, r);
    }
    return true;
}

/* Said after the SPI: "using HMAC_SHA2_256_128 with 96-bit truncation". */
static bool
read_truncation(struct thread *t, const char *text, struct key_reader *r)
{
    if (!strstr(text, " with 96-bit truncation")) {
        return false;
    }
    if (t->num_spis && t->child.integ == INTEG_HMAC_SHA2_256_128) {
        t->child.integ = CRYPT_INTEG_SHA256_96;
        for (unsigned i = 0; i < t->num_spis; i++) {
            add_child(t, t->spis[i], r);
        }
    }
    return true;
}

/* "checkin IKEv2 SA gw[2] with SPIs 32c70e78cad0e91f_i ..", with mgr = 2. */
static void
read_cookies(struct thread *t, const char *text, struct key_reader *r)
{
    enum { BETWEEN = 3 };       /* "_i " */
    const char *at = strstr(text, " SPIs ");
    uint64_t cookie, other;

    if (!at || strspn(at + 6, "0123456789abcdef") != SPI_DIGITS ||
        !keylog_hex_number(at + 6, SPI_DIGITS, &cookie)) {
        return;
    }
    other = 0;
    if (strlen(at) >= 6 + SPI_DIGITS + BETWEEN + SPI_DIGITS) {
        keylog_hex_number(at + 6 + SPI_DIGITS + BETWEEN, SPI_DIGITS, &other);
    }
    t->told_spi = true;
    keylog_put_spi(t->ike.spi_i, cookie);
    keylog_put_spi(t->ike.spi_r, other);
    name_derived(t, r, g_str_has_prefix(text, "checkin "));
}

static bool
whole_line(struct charon *c, struct thread *t, const char *text, struct key_reader *r)
{
    if (begin_dump(t, text, r)) {
        return true;
    }
    if (g_str_has_prefix(text, "adding ") || g_str_has_prefix(text, "registering ")) {
        t->child_ah = strstr(text, " AH SA") != NULL;
    }
    if (read_proposal(c, t, text) || read_using(t, text) || read_spi(t, text, r) ||
        read_truncation(t, text, r)) {
        return true;
    }
    read_cookies(t, text, r);
    return true;
}

/* What is known of the line's IKE SA goes to the thread, and what it learns, back. */
static void
enter_sa(struct charon *c, struct thread *t, uint32_t sa)
{
    const struct logged_ike_sa *known =
        (const struct logged_ike_sa *)g_hash_table_lookup(c->sas, GUINT_TO_POINTER(sa));

    if (sa && known) {
        t->ike = *known;
    } else if (sa && !t->told_spi) {
        memset(&t->ike, 0, sizeof t->ike);
    }
    t->told_spi = t->told_spi && !sa;
}

static void
leave_sa(struct charon *c, struct thread *t, uint32_t sa)
{
    struct logged_ike_sa *known =
        (struct logged_ike_sa *)g_hash_table_lookup(c->sas, GUINT_TO_POINTER(sa));

    if (sa && !known && g_hash_table_size(c->sas) < KEYLOG_MAX_KEYS) {
        known = g_new0(struct logged_ike_sa, 1);
        g_hash_table_insert(c->sas, GUINT_TO_POINTER(sa), known);
    }
    if (sa && known) {
        *known = t->ike;
    }
}

static bool
charon_line(void *state, struct key_reader *r, const char *line)
{
    struct charon *c = (struct charon *)state;
    struct said s;
    struct thread *t;

    if (!with_thread(line, &s) && !with_process(line, &s)) {
        /* The journal shows the lines after a message's first one by themselves. */
        return c->running && c->running->now != NO_DUMP && take_hex(c, c->running, line, r);
    }
    c->running = t = thread_of(c, s.thread);
    if (t->now != NO_DUMP) {
        if (take_hex(c, t, s.text, r)) {
            leave_sa(c, t, s.sa);
            return true;
        }
        break_dump(t, r);
    }
    if (strstr(s.text, "Starting ") && strstr(s.text, "IKE ")) {        /* it counts anew */
        g_hash_table_remove_all(c->sas);
    }
    enter_sa(c, t, s.sa);
    whole_line(c, t, s.text, r);
    leave_sa(c, t, s.sa);
    return true;
}

static void
charon_end(void *state, struct key_reader *r)
{
    struct charon *c = (struct charon *)state;
    GHashTableIter i;
    gpointer t;

    g_hash_table_iter_init(&i, c->threads);
    while (g_hash_table_iter_next(&i, NULL, &t)) {
        break_dump((struct thread *)t, r);
        add_derived((struct thread *)t, r);
    }
    g_hash_table_destroy(c->threads);
    g_hash_table_destroy(c->sas);
    g_free(c);
}

const struct key_format keylog_charon = { "strongSwan's log", charon_begin, charon_line,
                                          charon_end };
