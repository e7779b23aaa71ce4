/* read.c - files and texts to lines, in the form of the daemon, of syslog or of the journal.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <espial/keylog.h>
#include <espial/text.h>
#include <string.h>

enum { JOURNAL_LENGTH = 8, THREAD_IDLE = 1, NAME_OF_GROUP = 64 };

/* Of a line in the journal's export format, whose fields stand on lines of their own. */
struct entry {
    bool seen;                  /* the file has such lines */
    double time;
    char *message, *process;
};

struct reader {
    struct logs *logs;
    struct log_file *file;
    uint32_t index;             /* of the file */
    uint32_t number;            /* of the line under way, from 1 */
    uint32_t run;
    uint32_t handled;           /* what a thread does that the daemon does not number */
    GHashTable *threads;        /* thread -> the last number of these, and when */
    struct entry entry;
    GString *binary_name;       /* of a field whose octets follow; "" */
    guint64 binary_left;        /* octets, with the length and the end of line */
    unsigned length_left;       /* octets of the length */
    guint64 binary_length;
    GString *binary;
    GString *line;
    bool too_long;
    GString *messages;
};

struct thread {
    uint32_t handled;
    double time;
};

static void
say(struct reader *r, const char *what)
{
    g_string_append_printf(r->messages, "%s%s%s", r->messages->len ? "\n" : "", r->file->name,
                           what);
}

static void
unreadable(struct reader *r)
{
    r->file->unreadable++;
    if (r->file->unreadable == 1) {
        r->file->first_unreadable = r->number;
    }
}

/* --- the message of one line -------------------------------------------------------- */

/* "12[IKE] <gw|1> ..": thread, part, connection and number. */
static const char *
read_charon(struct log_line *line, const char *text)
{
    const char *p = text, *end, *bar;
    size_t digits = strspn(p, "0123456789");

    if (!digits || digits > 4 || p[digits] != '[' ||
        strspn(p + digits + 1, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3 || p[digits + 4] != ']') {
        return NULL;
    }
    line->thread = (uint32_t)g_ascii_strtoull(p, NULL, 10) + 1;
    p += digits + 5;
    p += *p == ' ';
    end = *p == '<' ? strchr(p, '>') : NULL;
    if (end && end - p < NAME_OF_GROUP) {
        for (bar = end; bar > p && g_ascii_isdigit(bar[-1]); bar--) {
        }
        if (bar < end && (bar[-1] == '|' || bar[-1] == '<')) {
            line->group = (uint32_t)g_ascii_strtoull(bar, NULL, 10);
            p = end + 1;
            p += *p == ' ';
        }
    }
    return p;
}

/* "\"gw\"[1] 198.51.100.20 #1: ..", "packet from 192.0.2.1:500: ..": connection, peer, number. */
static const char *
read_pluto(struct log_line *line, const char *text)
{
    static const char *const marks[] = { "ERROR: ", "WARNING: " };
    const char *p = text, *quote, *colon, *number;

    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        p += g_str_has_prefix(p, marks[i]) ? strlen(marks[i]) : 0;
    }
    if (g_str_has_prefix(p, "packet from ")) {
        return p;
    }
    quote = *p == '"' ? strchr(p + 1, '"') : NULL;
    colon = quote ? strstr(quote, ": ") : NULL;
    if (!colon) {
        return NULL;
    }
    for (number = colon; number > quote && g_ascii_isdigit(number[-1]); number--) {
    }
    if (number < colon && number[-1] == '#') {
        line->group = (uint32_t)g_ascii_strtoull(number, NULL, 10);
    }
    return colon + 2;
}

static bool
is_named(const struct stamp *stamp, const char *part)
{
    return strstr(stamp->process, part) != NULL;
}

/* What the daemon is by the line, and its message; LOG_UNKNOWN, NULL: of some other program. */
static enum log_daemon
read_head(struct log_line *line, const struct stamp *stamp, const char **message)
{
    static const char *const levels[] = { "INFO: ", "ERROR: ", "WARNING: ", "NOTIFY: ", "DEBUG: " };
    const char *p = stamp->rest;

    if ((*message = read_charon(line, p))) {
        return LOG_CHARON;
    }
    if (is_named(stamp, "pluto") || !*stamp->process) {
        *message = read_pluto(line, p);
        if (*message || is_named(stamp, "pluto") || g_str_has_prefix(p, "Starting Pluto")) {
            *message = *message ? *message : p;
            return LOG_PLUTO;
        }
    }
    for (size_t i = 0; i < G_N_ELEMENTS(levels); i++) {
        const char *level = strstr(p, levels[i]);
        if ((level == p || (level && *p == '[')) && (is_named(stamp, "racoon") || stamp->timed)) {
            *message = level + strlen(levels[i]);
            return LOG_RACOON;
        }
    }
    *message = p;
    if (is_named(stamp, "racoon")) {
        return LOG_RACOON;
    }
    if (g_str_has_prefix(p, "spi=0x") || g_str_has_prefix(p, "ikev2_")) {
        return LOG_IKED;
    }
    if (strstr(p, "ISAKMP OAK") || strstr(p, "My Connections") || strstr(p, " COOKIE ")) {
        return LOG_SAFENET;
    }
    if (is_named(stamp, "iked") || strstr(p, "deny in ipsec") || strstr(p, "my_cookie")) {
        return LOG_FIREBOX;
    }
    if (*stamp->process && !is_named(stamp, "ipsec") && !is_named(stamp, "charon") &&
        !is_named(stamp, "strongswan")) {
        *message = NULL;
    }
    return LOG_UNKNOWN;
}

/* What charon says of its configuration and of the machine, and not of an SA. */
static bool
is_beside(const struct log_line *line, const char *part, const char *message)
{
    static const char *const parts[] = { "KNL", "LIB", "DMN", "JOB", "MGR" };

    if (line->ike_spi[0] || line->esp_spi[0] || line->phrase) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(parts); i++) {
        if (strncmp(part, parts[i], 3) == 0) {
            return true;
        }
    }
    return strncmp(part, "CFG", 3) == 0 && !line->group &&
           (*message == ' ' || strstr(message, " = ") || g_str_has_prefix(message, "vici ") ||
            g_str_has_prefix(message, "loaded ") || g_str_has_prefix(message, "added "));
}

/* Where a daemon does not number its SAs, what one thread does from one message to the next is of
 * one SA. */
static void
number_by_thread(struct reader *r, struct log_line *line, const char *part, const char *message)
{
    struct thread *t;

    if (line->group || !line->thread || is_beside(line, part, message)) {
        return;
    }
    t = (struct thread *)g_hash_table_lookup(r->threads, GUINT_TO_POINTER(line->thread));
    if (!t) {
        t = g_new0(struct thread, 1);
        g_hash_table_insert(r->threads, GUINT_TO_POINTER(line->thread), t);
    }
    if (!t->handled || g_str_has_prefix(message, "received packet:") ||
        g_str_has_prefix(message, "initiating ") || line->time - t->time > THREAD_IDLE ||
        line->time < t->time) {
        t->handled = ++r->handled;
    }
    t->time = line->time;
    line->group = UINT32_MAX - (t->handled & INT32_MAX);
}

static bool
names_something(const struct log_line *line)
{
    return line->phrase || line->group || line->exchange || line->ike_spi[0] || line->esp_spi[0] ||
           line->place[0].addr.family;
}

/* What is worth keeping of a line: it is about an SA, and holds no secret. */
static void
take_message(struct reader *r, const struct stamp *stamp)
{
    struct log_line line = { .file = r->index, .number = r->number, .ike_sa = NO_ID,
                             .child_sa = NO_ID, .timed = stamp->timed,
                             .has_year = stamp->has_year, .time = stamp->time };
    const char *message, *part, *at;
    enum log_daemon daemon = read_head(&line, stamp, &message);
    struct log_line *kept;
    bool beside = false;
    char *shown;

    if (!message || !*message || *message == '|') {
        return;                 /* another program's, or what pluto prints for its developers */
    }
    line.phrase = phrase_find(message, &at);
    if (daemon == LOG_CHARON && line.phrase &&
        (g_str_has_prefix(message, "parsed ") || g_str_has_prefix(message, "generating "))) {
        line.phrase = NULL;     /* the payloads of a message have such names */
    }
    if (secret_in(message, line.phrase, at)) {
        r->file->secret++;
        return;
    }
    if (daemon != LOG_UNKNOWN && r->file->daemon == LOG_UNKNOWN) {
        r->file->daemon = daemon;
    }
    r->run += line.phrase && line.phrase->kind == LOG_STARTED;
    line.run = r->run;
    names_read(&line, message, daemon);
    if (daemon == LOG_CHARON) {
        part = strchr(stamp->rest, '[') + 1;
        beside = is_beside(&line, part, message) && !line.group;
        number_by_thread(r, &line, part, message);
    }
    if (daemon == LOG_PLUTO && message > stamp->rest) {
        struct log_line head = { .file = 0 };
        char *before = g_strndup(stamp->rest, (size_t)(message - stamp->rest));
        names_read(&head, before, LOG_UNKNOWN);
        if (head.place[0].addr.family && !line.place[0].addr.family) {
            line.place[0] = head.place[0];
        }
        g_free(before);
    }
    if (beside || (daemon == LOG_UNKNOWN && !line.phrase && !line.ike_spi[0] && !line.esp_spi[0]) ||
        !names_something(&line)) {
        return;
    }
    if (r->logs->lines->len == LOG_MAX_LINES) {
        r->file->capped = true;
        return;
    }
    kept = (struct log_line *)g_memdup2(&line, sizeof line);
    kept->id = r->logs->lines->len;
    shown = text_shown(message);
    if (strlen(shown) > LOG_MAX_TEXT) {
        char *cut = g_utf8_find_prev_char(shown, shown + LOG_MAX_TEXT - 2);
        memcpy(cut, "..", sizeof "..");
    }
    g_strstrip(shown);
    kept->text = g_string_chunk_insert(r->logs->texts, shown);
    g_free(shown);
    g_ptr_array_add(r->logs->lines, kept);
    r->file->kept++;
}

/* --- the journal's own formats ------------------------------------------------------ */

static void
end_entry(struct reader *r)
{
    struct entry *e = &r->entry;

    if (e->message) {
        struct stamp stamp;
        stamp_read(e->message, &stamp);
        if (e->time > 0) {
            stamp.timed = stamp.has_year = true;
            stamp.time = e->time;
        }
        g_strlcpy(stamp.process, e->process ? e->process : "", sizeof stamp.process);
        take_message(r, &stamp);
    }
    g_clear_pointer(&e->message, g_free);
    g_clear_pointer(&e->process, g_free);
    e->time = 0;
}

static void
take_field(struct reader *r, const char *name, const char *value)
{
    struct entry *e = &r->entry;

    if (strcmp(name, "__REALTIME_TIMESTAMP") == 0) {
        e->time = (double)g_ascii_strtoull(value, NULL, 10) / 1e6;
    } else if (strcmp(name, "MESSAGE") == 0) {
        g_free(e->message);
        e->message = g_strdup(value);
    } else if (strcmp(name, "SYSLOG_IDENTIFIER") == 0) {
        g_free(e->process);
        e->process = g_strdup(value);
    }
}

/* NAME=VALUE, or NAME alone in front of a length and as many octets. */
static bool
take_export(struct reader *r, char *text)
{
    size_t name = strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");

    if (g_str_has_prefix(text, "__CURSOR=") || g_str_has_prefix(text, "__REALTIME_TIMESTAMP=")) {
        r->entry.seen = true;
    }
    if (!r->entry.seen) {
        return false;
    }
    if (!*text) {
        end_entry(r);
    } else if (name && text[name] == '=') {
        text[name] = 0;
        take_field(r, text, text + name + 1);
    } else if (name && !text[name]) {
        g_string_assign(r->binary_name, text);
        g_string_truncate(r->binary, 0);
        r->length_left = JOURNAL_LENGTH;
        r->binary_length = 0;
    } else {
        unreadable(r);
    }
    return true;
}

static bool
take_json(struct reader *r, const char *text)
{
    static const char *const fields[] = { "__REALTIME_TIMESTAMP", "MESSAGE", "SYSLOG_IDENTIFIER" };

    if (*text != '{' || !strstr(text, "__REALTIME_TIMESTAMP")) {
        return false;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(fields); i++) {
        char *value = json_member(text, fields[i]);
        if (value) {
            take_field(r, fields[i], value);
        }
        g_free(value);
    }
    end_entry(r);
    return true;
}

static void
line_done(struct reader *r)
{
    static const char byte_order_mark[] = "\xef\xbb\xbf";
    char *text = r->line->str;

    r->number++;
    r->file->lines++;
    if (r->too_long || memchr(text, 0, r->line->len)) {
        unreadable(r);
    } else {
        g_strchomp(text);
        text += g_str_has_prefix(text, byte_order_mark) ? sizeof byte_order_mark - 1 : 0;
        if (!take_export(r, text) && !take_json(r, text) && *text) {
            struct stamp stamp;
            stamp_read(text, &stamp);
            take_message(r, &stamp);
        }
    }
    memset(r->line->str, 0, r->line->len);      /* it may have held a secret */
    g_string_truncate(r->line, 0);
    r->too_long = false;
}

/* The length of a binary field, its octets, and the end of line behind; how many were taken. */
static size_t
take_binary(struct reader *r, const char *at, size_t len)
{
    size_t n = 0;

    while (n < len && r->length_left) {
        unsigned shift = 8 * (JOURNAL_LENGTH - r->length_left);
        r->binary_length |= (guint64)(uint8_t)at[n++] << shift;
        if (--r->length_left == 0) {
            r->binary_left = MIN(r->binary_length, (guint64)KEYLOG_MAX_FILE) + 1;
        }
    }
    while (n < len && r->binary_left) {
        char c = at[n++];
        if (--r->binary_left && r->binary->len < LOG_MAX_LINE) {
            g_string_append_c(r->binary, c ? c : '?');
        }
        if (!r->binary_left) {
            /* The first line of it is what a log would show. */
            g_strdelimit(r->binary->str, "\n\r", ' ');
            take_field(r, r->binary_name->str, r->binary->str);
            memset(r->binary->str, 0, r->binary->len);
        }
    }
    return n;
}

static void
take_octets(void *user, const char *at, size_t len)
{
    struct reader *r = (struct reader *)user;

    while (len) {
        const char *stop;
        size_t n;
        if (r->length_left || r->binary_left) {
            n = take_binary(r, at, len);
            at += n;
            len -= n;
            continue;
        }
        stop = (const char *)memchr(at, '\n', len);
        n = stop ? (size_t)(stop - at) : len;
        if (n > LOG_MAX_LINE - r->line->len) {
            r->too_long = true;
        } else {
            g_string_append_len(r->line, at, (gssize)n);
        }
        n += stop != NULL;
        at += n;
        len -= n;
        if (stop) {
            line_done(r);
        }
    }
}

/* --- files -------------------------------------------------------------------------- */

static struct reader *
reader_new(struct logs *l, const char *path)
{
    struct reader *r;
    char *name = g_path_get_basename(path), *shown = text_shown(name);

    g_free(name);
    if (l->files->len == LOG_MAX_FILES) {
        g_free(shown);
        return NULL;
    }
    r = g_new0(struct reader, 1);
    r->logs = l;
    r->file = g_new0(struct log_file, 1);
    r->file->name = g_string_chunk_insert(l->texts, shown);
    r->file->clocks = g_array_new(FALSE, FALSE, sizeof(struct log_clock));
    r->index = l->files->len;
    g_ptr_array_add(l->files, r->file);
    r->threads = g_hash_table_new_full(NULL, NULL, NULL, g_free);
    r->binary_name = g_string_new(NULL);
    r->binary = g_string_new(NULL);
    r->line = g_string_new(NULL);
    r->messages = g_string_new(NULL);
    g_free(shown);
    return r;
}

static void
reader_end(struct reader *r, const char *why, char **messages)
{
    char *text;

    if (r->line->len || r->too_long) {
        line_done(r);
    }
    end_entry(r);
    if (why) {
        text = g_strdup_printf(": %s; %u lines were read before.", why, r->file->lines);
        say(r, text);
        g_free(text);
    } else if (!r->file->kept) {
        say(r, ": holds no line of an IKE daemon that Espial can read; the report "
               "is made without it.");
    }
    if (r->file->unreadable) {
        text = g_strdup_printf(" line %u: is no text, or too long; %u such lines are left out.",
                               r->file->first_unreadable, r->file->unreadable);
        say(r, text);
        g_free(text);
    }
    if (r->file->capped) {
        text = g_strdup_printf(": only the first %d lines of all logs are kept.", LOG_MAX_LINES);
        say(r, text);
        g_free(text);
    }
    *messages = g_string_free(r->messages, r->messages->len == 0);
    g_hash_table_destroy(r->threads);
    g_string_free(r->binary_name, TRUE);
    g_string_free(r->binary, TRUE);
    g_string_free(r->line, TRUE);
    g_free(r);
}

static char *
too_many(const char *path)
{
    char *name = text_shown(path);
    char *text = g_strdup_printf("%s: is left out: %d logs are read.", name, LOG_MAX_FILES);

    g_free(name);
    return text;
}

void
logs_load(struct logs *l, const char *path, char **messages)
{
    struct reader *r = reader_new(l, path);
    struct keylog_sink sink = { take_octets, r };
    char *why;

    if (!r) {
        *messages = too_many(path);
        return;
    }
    why = keylog_each(path, &sink);
    reader_end(r, why, messages);
    g_free(why);
}

void
/* cppcheck-suppress unusedFunction ; tests have no files */
logs_read(struct logs *l, const char *name, const char *text, size_t len, char **messages)
{
    struct reader *r = reader_new(l, name);

    if (!r) {
        *messages = too_many(name);
        return;
    }
    take_octets(r, text, len);
    reader_end(r, NULL, messages);
}
