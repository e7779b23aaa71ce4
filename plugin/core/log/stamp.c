/* stamp.c - the time of a line and who writes it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <string.h>

/* Days since the epoch of a date of the Gregorian calendar. */
static long
days_of(int year, int month, int day)
{
    GDate epoch, date;

    g_date_clear(&epoch, 1);
    g_date_clear(&date, 1);
    g_date_set_dmy(&epoch, 1, G_DATE_JANUARY, 1970);
    g_date_set_dmy(&date, (GDateDay)day, (GDateMonth)month, (GDateYear)year);
    return (long)g_date_days_between(&epoch, &date);
}

static bool
date_fits(int year, int month, int day)
{
    return year >= 1971 && year < 2200 && month >= 1 && month <= 12 && day >= 1 &&
           g_date_valid_dmy((GDateDay)day, (GDateMonth)month, (GDateYear)year);
}

/* A number of that many digits. */
static bool
take_number(const char **at, unsigned least, unsigned most, int *out)
{
    int n = 0;
    unsigned digits = 0;

    while (digits < most && g_ascii_isdigit((*at)[digits])) {
        n = n * 10 + (*at)[digits] - '0';
        digits++;
    }
    if (digits < least) {
        return false;
    }
    *at += digits;
    *out = n;
    return true;
}

static bool
take(const char **at, const char *any)
{
    if (!**at || !strchr(any, **at)) {
        return false;
    }
    (*at)++;
    return true;
}

/* "10:44:20.440", ",440" too, seconds left out where they may be. */
static bool
take_time(const char **at, bool needs_seconds, double *out)
{
    const char *p = *at;
    int h, m, s = 0;
    double fraction = 0, unit = 1;

    if (!take_number(&p, 1, 2, &h) || !take(&p, ":") || !take_number(&p, 2, 2, &m) || h > 23 ||
        m > 59) {
        return false;
    }
    if (*p == ':' && g_ascii_isdigit(p[1])) {
        p++;
        if (!take_number(&p, 2, 2, &s) || s > 60) {
            return false;
        }
        if ((*p == '.' || *p == ',') && g_ascii_isdigit(p[1])) {
            for (p++; g_ascii_isdigit(*p); p++) {
                unit /= 10;
                fraction += unit * (*p - '0');
            }
        }
    } else if (needs_seconds) {
        return false;
    }
    *at = p;
    *out = h * 3600 + m * 60 + s + fraction;
    return true;
}

/* "Z", "+01:00", "+0100": seconds ahead of UTC. */
static double
take_zone(const char **at)
{
    const char *p = *at;
    int h, m = 0;
    bool ahead = *p == '+';

    if (*p == 'Z' && !g_ascii_isalnum(p[1])) {
        (*at)++;
        return 0;
    }
    if ((*p != '+' && *p != '-') || !g_ascii_isdigit(p[1])) {
        return 0;
    }
    p++;
    if (!take_number(&p, 2, 2, &h)) {
        return 0;
    }
    take(&p, ":");
    if (g_ascii_isdigit(*p) && !take_number(&p, 2, 2, &m)) {
        return 0;
    }
    *at = p;
    return (ahead ? 1 : -1) * (h * 3600.0 + m * 60.0);
}

/* "2026-11-23T10:44:20.440", with a blank or with slashes too. */
static bool
take_iso(const char **at, struct stamp *out)
{
    const char *p = *at;
    int year, month, day;
    double seconds;

    if (!take_number(&p, 4, 4, &year) || !take(&p, "-/") || !take_number(&p, 2, 2, &month) ||
        !take(&p, "-/") || !take_number(&p, 2, 2, &day) || !take(&p, "T ") ||
        !take_time(&p, true, &seconds) || !date_fits(year, month, day)) {
        return false;
    }
    out->has_year = true;
    out->time = (double)days_of(year, month, day) * 86400 + seconds - take_zone(&p);
    *at = p;
    return true;
}

static const char months[][4] = { "Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec" };

/* "Nov 23 10:44:20.440", "Nov  3 ..". */
static bool
take_syslog(const char **at, struct stamp *out)
{
    const char *p = *at;
    int month = 0, day;
    double seconds;

    while (month < 12 && strncmp(p, months[month], 3) != 0) {
        month++;
    }
    if (month == 12 || p[3] != ' ') {
        return false;
    }
    p += 3;
    p += strspn(p, " ");
    if (!take_number(&p, 1, 2, &day) || !take(&p, " ") || !take_time(&p, true, &seconds) ||
        !date_fits(LOG_NO_YEAR, month + 1, day)) {
        return false;
    }
    out->time = (double)days_of(LOG_NO_YEAR, month + 1, day) * 86400 + seconds;
    *at = p;
    return true;
}

/* "11/23/26 10:44", "11/23/2026 10:44:20", as Firebox logs have it; "11-23: 10:44:20.440", as
 * SafeNet's client does, without a year. */
static bool
take_american(const char **at, struct stamp *out)
{
    const char *p = *at;
    int month, day, year = LOG_NO_YEAR;
    double seconds;

    if (!take_number(&p, 1, 2, &month)) {
        return false;
    }
    if (take(&p, "/")) {
        if (!take_number(&p, 1, 2, &day) || !take(&p, "/") || !take_number(&p, 2, 4, &year)) {
            return false;
        }
        year += year < 100 ? 2000 : 0;
        out->has_year = true;
    } else if (!take(&p, "-") || !take_number(&p, 1, 2, &day) || !take(&p, ":")) {
        return false;
    }
    p += strspn(p, " ");
    if (!take_time(&p, !out->has_year, &seconds) || !date_fits(year, month, day)) {
        return false;
    }
    out->time = (double)days_of(year, month, day) * 86400 + seconds;
    *at = p;
    return true;
}

/* "1795430660.440123" of journalctl -o short-unix; "[ 5123.123456]" of -o short-monotonic, which
 * counts from the start of the machine. */
static bool
take_seconds(const char **at, struct stamp *out)
{
    const char *p = *at;
    bool monotonic = *p == '[';
    char *end;
    size_t digits;

    if (monotonic) {
        p++;
        p += strspn(p, " ");
    }
    digits = strspn(p, "0123456789");
    if (p[digits] != '.' || digits > 10 || digits < (monotonic ? 1u : 9u) ||
        !g_ascii_isdigit(p[digits + 1])) {
        return false;
    }
    out->time = g_ascii_strtod(p, &end);
    if (monotonic && *end != ']') {
        return false;
    }
    out->has_year = true;
    *at = end + monotonic;
    return true;
}

/* "Mon 2026-11-23 10:44:20 CET": the zone's letters tell no distance. */
static bool
take_full(const char **at, struct stamp *out)
{
    static const char days[][4] = { "Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun" };
    const char *p = *at;
    size_t letters;

    for (size_t i = 0; i < G_N_ELEMENTS(days); i++) {
        if (strncmp(p, days[i], 3) == 0 && p[3] == ' ') {
            p += 4;
            if (take_iso(&p, out)) {
                letters = strspn(p + (*p == ' '), "ABCDEFGHIJKLMNOPQRSTUVWXYZ");
                p += letters >= 2 && letters <= 5 ? letters + 1 : 0;
            } else if (!take_syslog(&p, out)) {
                return false;
            }
            *at = p;
            return true;
        }
    }
    return false;
}

/* "charon[123]" or "ipsec": the name of a process, not a word of a message. */
static bool
is_process(const char *at, size_t len, char *out, size_t size)
{
    size_t name = 0;

    while (name < len && (g_ascii_isalnum(at[name]) || strchr("_-./", at[name]))) {
        name++;
    }
    if (!name || name >= size || (name < len && at[name] != '[')) {
        return false;
    }
    memcpy(out, at, name);
    out[name] = 0;
    return name == len || at[len - 1] == ']';
}

/* "gw charon[123]: ", "charon: ", "gw charon 123 - - " (the newer form). */
static void
take_process(const char *at, struct stamp *out, bool newer)
{
    const char *word = at, *colon;
    char name[sizeof out->process];

    for (unsigned words = 0; words < (newer ? 4u : 2u); words++) {
        size_t len = strcspn(word, " ");
        if (!len || !word[len]) {
            return;
        }
        if (newer && words == 1 && is_process(word, len, name, sizeof name)) {
            memcpy(out->process, name, sizeof name);
        }
        if (!newer && word[len - 1] == ':') {
            if (is_process(word, len - 1, name, sizeof name) &&
                (words == 1 || strchr(name, '[') || word[len - 2] == ']' ||
                 g_ascii_islower(word[0]))) {
                memcpy(out->process, name, sizeof name);
                out->rest = word + len + 1;
            }
            return;
        }
        word += len + 1;
    }
    if (newer) {              /* structured data: "-" or "[..]" */
        colon = *word == '[' ? strstr(word, "] ") : *word == '-' ? word : NULL;
        out->rest = colon && colon[1] ? colon + 2 : word;
    }
}

void
stamp_read(const char *line, struct stamp *out)
{
    const char *p = line + strspn(line, " \t");
    bool newer = false;

    memset(out, 0, sizeof *out);
    out->rest = p;
    if (*p == '<') {            /* priority */
        size_t digits = strspn(p + 1, "0123456789");
        if (digits >= 1 && digits <= 3 && p[digits + 1] == '>') {
            p += digits + 2;
            newer = p[0] == '1' && p[1] == ' ';
            p += newer ? 2 : 0;
        }
    }
    out->timed = take_iso(&p, out) || take_full(&p, out) || take_syslog(&p, out) ||
                 take_american(&p, out) || take_seconds(&p, out);
    if (!out->timed) {
        take_process(out->rest, out, false);
        return;
    }
    p += *p == ':';
    p += strspn(p, " \t");
    out->rest = p;
    take_process(p, out, newer);
    out->rest += strspn(out->rest, " \t");
}

int
stamp_year(double time)
{
    GDateTime *date = g_date_time_new_from_unix_utc((gint64)time);
    int year = date ? g_date_time_get_year(date) : LOG_NO_YEAR;

    g_clear_pointer(&date, g_date_time_unref);
    return year;
}

double
stamp_in_year(double time, int year)
{
    GDateTime *date = g_date_time_new_from_unix_utc((gint64)time);
    int month = g_date_time_get_month(date), day = g_date_time_get_day_of_month(date);
    double seconds = time - (double)days_of(LOG_NO_YEAR, month, day) * 86400;

    g_date_time_unref(date);
    if (!date_fits(year, month, day)) {
        day = 28;               /* a 29th of February of another year */
    }
    return (double)days_of(date_fits(year, month, day) ? year : LOG_NO_YEAR, month, day) * 86400 +
           seconds;
}
