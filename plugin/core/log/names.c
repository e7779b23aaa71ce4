/* names.c - what a message names: SPIs, addresses, exchanges, the daemon's own numbers.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <string.h>

enum { WORD_BEFORE = 12 };      /* octets before a number that say what it is */

static bool
begins(const char *text, const char *at)
{
    bool dots = at - text >= 2 && at[-1] == '.' && at[-2] == '.';       /* between two addresses */

    return at == text || dots || (!g_ascii_isalnum(at[-1]) && at[-1] != '.');
}

static size_t
hex_run(const char *at)
{
    return strspn(at, "0123456789abcdefABCDEF");
}

static const char *
find_nocase(const char *text, const char *word)
{
    size_t n = strlen(word);

    for (; *text; text++) {
        if (g_ascii_strncasecmp(text, word, n) == 0) {
            return text;
        }
    }
    return NULL;
}

/* Between a word and its value. */
static const char *
value_behind(const char *at)
{
    at += strspn(at, " \t=:#(");
    return at[0] == '0' && (at[1] == 'x' || at[1] == 'X') ? at + 2 : at;
}

static void
add_ike_spi(struct log_line *line, uint64_t spi)
{
    for (size_t i = 0; spi && i < LOG_NAMES_MAX; i++) {
        if (!line->ike_spi[i] || line->ike_spi[i] == spi) {
            line->ike_spi[i] = spi;
            return;
        }
    }
}

static void
add_esp_spi(struct log_line *line, uint32_t spi)
{
    for (size_t i = 0; spi >= 256 && i < LOG_NAMES_MAX; i++) {      /* RFC 4303 section 2.1 */
        if (!line->esp_spi[i] || line->esp_spi[i] == spi) {
            line->esp_spi[i] = spi;
            return;
        }
    }
}

/* "MY COOKIE bd 3e f 85 62 d6 d7 6e": octets, a zero in front of a digit left out. */
static void
read_cookie_octets(struct log_line *line, const char *text)
{
    const char *p = text;

    while ((p = find_nocase(p, "cookie"))) {
        uint64_t spi = 0;
        unsigned n = 0;
        const char *at;
        p += strlen("cookie");
        at = p + strspn(p, " =:");
        while (n < 8 && hex_run(at) >= 1 && hex_run(at) <= 2 && !g_ascii_isalnum(at[hex_run(at)])) {
            spi = spi << 8 | g_ascii_strtoull(at, NULL, 16);
            at += hex_run(at);
            at += *at == ' ';
            n++;
        }
        if (n == 8) {
            add_ike_spi(line, spi);
        }
    }
}

/* A word that says of a number that it is an SPI. */
static bool
spi_before(const char *text, const char *at)
{
    char before[WORD_BEFORE + 1];
    size_t n = MIN((size_t)(at - text), (size_t)WORD_BEFORE);

    memcpy(before, at - n, n);
    before[n] = 0;
    g_strchomp(before);
    return find_nocase(before, "spi") || find_nocase(before, "esp") || find_nocase(before, "ah.") ||
           find_nocase(before, "ah=>") || (n && before[strlen(before) - (*before != 0)] == '<');
}

static void
read_spis(struct log_line *line, const char *text)
{
    bool names_spi = find_nocase(text, "spi") || find_nocase(text, "esp") ||
                     strstr(text, "AH=>") || strstr(text, "AH/NAT=>");

    for (const char *p = text; *p; p++) {
        const char *at = p;
        bool prefixed = at[0] == '0' && (at[1] == 'x' || at[1] == 'X');
        size_t n;
        bool sided, child;
        if (!begins(text, p)) {
            continue;
        }
        at += prefixed ? 2 : 0;
        n = hex_run(at);
        sided = n && at[n] == '_' && (at[n + 1] == 'i' || at[n + 1] == 'r');
        child = n && at[n] == '_' && (at[n + 1] == 'i' || at[n + 1] == 'o');
        if (g_ascii_isalnum(at[n]) || (at[n] == '_' && !sided && !child)) {
            continue;
        }
        if (n == 16) {
            add_ike_spi(line, g_ascii_strtoull(at, NULL, 16));
        } else if (n && n <= 8 && (prefixed ? names_spi :
                                   n == 8 ? child || spi_before(text, p) :
                                   n >= 5 && spi_before(text, p))) {
            add_esp_spi(line, (uint32_t)g_ascii_strtoull(at, NULL, 16));
        }
        p = at + (n ? n - 1 : 0);
        p -= n == 0 && prefixed;
    }
    read_cookie_octets(line, text);
}

/* --- addresses ---------------------------------------------------------------------- */

static uint16_t
read_port(const char *at)
{
    guint64 n;
    char *end;

    if ((*at != '[' && *at != ':') || !g_ascii_isdigit(at[1])) {
        return 0;
    }
    n = g_ascii_strtoull(at + 1, &end, 10);
    return n <= UINT16_MAX && (*at == ':' || *end == ']') ? (uint16_t)n : 0;
}

static void
add_place(struct log_line *line, const struct ip_addr *addr, uint16_t port)
{
    for (size_t i = 0; i < LOG_NAMES_MAX; i++) {
        if (!line->place[i].addr.family) {
            line->place[i] = (struct log_place){ *addr, port };
            return;
        }
        if (ip_equal(&line->place[i].addr, addr) && line->place[i].port == port && i > 1) {
            return;
        }
    }
}

/* Where an address that begins at p ends: "198.51.100.20:500" at its colon, "2001:db8::1:" before
 * its last, "192.0.2.1...192.0.2.2" at the first point of three. */
static const char *
address_end(const char *p, size_t n)
{
    const char *end = p + n, *dot = (const char *)memchr(p, '.', n);
    const char *colon = dot ? (const char *)memchr(dot, ':', (size_t)(end - dot)) : NULL;

    for (size_t i = 0; i + 1 < n; i++) {
        if (p[i] == '.' && p[i + 1] == '.') {
            return p + i;
        }
    }
    end = colon && memchr(p, ':', (size_t)(dot - p)) == NULL ? colon : end;
    while (end > p + 2 && (end[-1] == '.' || (end[-1] == ':' && end[-2] != ':'))) {
        end--;
    }
    return end;
}

/* Networks, 10.1.0.0/24, are no places. */
static void
read_places(struct log_line *line, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = *p != '.' && begins(text, p) ? strspn(p, "0123456789abcdefABCDEF:.") : 0;
        char word[ADDR_TEXT_MAX];
        struct ip_addr addr;
        const char *end = address_end(p, n);
        if (n > 2 && (size_t)(end - p) < sizeof word) {
            memcpy(word, p, (size_t)(end - p));
            word[end - p] = 0;
            if (ip_parse(&addr, word) && *end != '/' && !g_ascii_isalnum(*end) &&
                !ip_unspecified(&addr)) {
                bool bracketed = p > text && p[-1] == '[' && *end == ']';
                add_place(line, &addr, read_port(end + bracketed));
            }
        }
        p += MAX(n, 1);
        if (n > 2 && end < p) {
            p = end;
        }
    }
}

/* --- messages ----------------------------------------------------------------------- */

struct exchange_word {
    const char *word;
    uint8_t major, exchange;
};

/* What says more stands first. */
static const struct exchange_word exchange_words[] = {
    { "IKE_SA_INIT", 2, V2_IKE_SA_INIT },
    { "IKE_AUTH", 2, V2_IKE_AUTH },
    { "CREATE_CHILD_SA", 2, V2_CREATE_CHILD_SA },
    { "IKE_INTERMEDIATE", 2, V2_IKE_INTERMEDIATE },
    { "IKE_FOLLOWUP_KE", 2, V2_IKE_FOLLOWUP_KE },
    { "INFORMATIONAL_V1", 1, V1_INFORMATIONAL },
    { "INFORMATIONAL", 2, V2_INFORMATIONAL },
    { "ID_PROT", 1, V1_MAIN },
    { "AGGRESSIVE", 1, V1_AGGRESSIVE },
    { "QUICK_MODE", 1, V1_QUICK },
    { "TRANSACTION", 1, V1_TRANSACTION },
    { "STATE_V2_PARENT_I1", 2, V2_IKE_SA_INIT },
    { "STATE_V2_PARENT_I2", 2, V2_IKE_AUTH },
    { "STATE_MAIN", 1, V1_MAIN },
    { "STATE_AGGR", 1, V1_AGGRESSIVE },
    { "STATE_QUICK", 1, V1_QUICK },
    { "Main Mode", 1, V1_MAIN },
    { "Aggressive Mode", 1, V1_AGGRESSIVE },
    { "Quick Mode", 1, V1_QUICK },
    { "OAK MM", 1, V1_MAIN },
    { "OAK AG", 1, V1_AGGRESSIVE },
    { "OAK QM", 1, V1_QUICK },
    { "OAK INFO", 1, V1_INFORMATIONAL },
    { "OAK TRANS", 1, V1_TRANSACTION },
};

/* " request 1", " response 1", " req 0", " res 0". */
static const char *
read_kind(struct log_line *line, const char *at)
{
    static const struct { const char *word; bool response; } kinds[] = {
        { " request", false }, { " response", true }, { " req ", false }, { " res ", true },
    };

    for (size_t i = 0; i < G_N_ELEMENTS(kinds); i++) {
        if (g_str_has_prefix(at, kinds[i].word)) {
            line->knows_response = true;
            line->is_response = kinds[i].response;
            return at + strlen(kinds[i].word);
        }
    }
    return at;
}

static void
read_message_id(struct log_line *line, const char *text, const char *behind,
                enum log_daemon daemon)
{
    static const char *const words[] = { "message id", "message_id", "msgid", "msg id" };
    const char *at = behind ? behind + strspn(behind, " ") : NULL, *value;
    bool prefixed;
    size_t n;

    if (at && line->knows_response && g_ascii_isdigit(*at)) {
        line->mid = (uint32_t)g_ascii_strtoull(at, NULL, 10);
        line->has_mid = true;
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(words); i++) {
        at = find_nocase(text, words[i]);
        if (!at) {
            continue;
        }
        at += strlen(words[i]);
        value = value_behind(at);
        prefixed = value > at && (value[-1] == 'x' || value[-1] == 'X');
        n = hex_run(value);
        if (n && n <= 10 && !g_ascii_isalnum(value[n])) {
            bool decimal = !prefixed && (daemon == LOG_CHARON || n < 8) &&
                           strspn(value, "0123456789") == n;
            line->mid = (uint32_t)g_ascii_strtoull(value, NULL, decimal ? 10 : 16);
            line->has_mid = true;
            return;
        }
    }
}

static void
read_message(struct log_line *line, const char *text, enum log_daemon daemon)
{
    const char *behind = NULL, *length = strstr(text, " bytes");

    for (size_t i = 0; i < G_N_ELEMENTS(exchange_words) && !line->exchange; i++) {
        const char *at = strstr(text, exchange_words[i].word);
        if (at) {
            line->exchange = exchange_words[i].exchange;
            line->major = exchange_words[i].major;
            behind = read_kind(line, at + strlen(exchange_words[i].word));
        }
    }
    read_message_id(line, text, behind, daemon);
    line->sent = g_str_has_prefix(text, "sending packet:") ||
                 g_str_has_prefix(text, "generating ") || g_str_has_prefix(text, "sent ") ||
                 strstr(text, ">>>>") || strstr(text, ": send ") ||
                 strstr(text, "retransmission; will wait");
    line->received = !line->sent &&
                     (g_str_has_prefix(text, "received packet:") ||
                      g_str_has_prefix(text, "parsed ") || g_str_has_prefix(text, "received ") ||
                      strstr(text, "<<<") || strstr(text, ": recv "));
    line->again = line->phrase && line->phrase->kind == LOG_RESENT;
    if (length && (line->sent || line->received)) {
        while (length > text && g_ascii_isdigit(length[-1])) {
            length--;
        }
        line->length = (uint32_t)g_ascii_strtoull(length, NULL, 10);
    }
}

/* "IKE_SA gw[1] ": the number of an IKE SA in charon. */
static void
read_charon_number(struct log_line *line, const char *text)
{
    const char *at = strstr(text, "IKE_SA "), *bracket;
    size_t n;

    if (line->group || !at) {
        return;
    }
    at += strlen("IKE_SA ");
    n = strcspn(at, " ");
    bracket = memchr(at, '[', n);
    if (bracket && g_ascii_isdigit(bracket[1]) && at[n - 1] == ']') {
        line->group = (uint32_t)g_ascii_strtoull(bracket + 1, NULL, 10);
    }
}

/* "using #1", "using isakmp#1". */
static void
read_parent(struct log_line *line, const char *text)
{
    const char *at = strstr(text, "using ");

    at = at ? at + strcspn(at, "#") : NULL;
    if (at && *at && g_ascii_isdigit(at[1])) {
        line->parent = (uint32_t)g_ascii_strtoull(at + 1, NULL, 10);
    }
}

void
names_read(struct log_line *line, const char *text, enum log_daemon daemon)
{
    read_spis(line, text);
    read_places(line, text);
    read_message(line, text, daemon);
    if (daemon == LOG_CHARON) {
        read_charon_number(line, text);
    } else if (daemon == LOG_PLUTO) {
        read_parent(line, text);
    }
}
