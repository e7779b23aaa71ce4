/* read.c - a file or a text, line by line, to the formats.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "format.h"

#include <espial/text.h>
#include <gio/gio.h>
#include <string.h>

/* Those come first that tell their lines by more. */
static const struct key_format *const formats[] = {
    &keylog_charon, &keylog_pluto, &keylog_rows, &keylog_xfrm, &keylog_setkey, &keylog_fortigate,
    &keylog_vpp,
};

/* A line grows here until it is whole; the text it came from need not be kept. */
struct lines {
    struct key_reader reader;
    void *states[G_N_ELEMENTS(formats)];
    size_t keys_before;
    size_t len;
    char *name;                 /* as it is shown */
    bool too_long;
    char at[KEYLOG_MAX_LINE + 1];
};

static struct lines *
lines_new(struct keylog *k, const char *name)
{
    struct lines *l = g_new0(struct lines, 1);

    l->reader.log = k;
    l->reader.name = l->name = text_shown(name);
    l->reader.messages = g_string_new(NULL);
    l->keys_before = keylog_count(k);
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        l->states[i] = formats[i]->begin ? formats[i]->begin() : NULL;
    }
    return l;
}

static void
say_once(struct lines *l, bool *said, const char *what)
{
    if (!*said) {
        *said = true;
        keylog_refuse(&l->reader, what);
    }
}

/* Editors of Windows put it before the first line. */
static const char byte_order_mark[] = "\xef\xbb\xbf";

static void
line_done(struct lines *l)
{
    bool ours = false;
    const char *line;

    l->reader.line++;
    if (l->too_long) {
        say_once(l, &l->reader.long_line, "longer than any line that holds a key");
    } else if (memchr(l->at, 0, l->len)) {
        say_once(l, &l->reader.no_text, "holds octets that are no text");
    } else {
        l->at[l->len] = 0;
        g_strchomp(l->at);
        line = l->at + (g_str_has_prefix(l->at, byte_order_mark) ? sizeof byte_order_mark - 1 : 0);
        for (size_t i = 0; i < G_N_ELEMENTS(formats) && !ours; i++) {
            l->reader.format = formats[i]->name;
            ours = formats[i]->line(l->states[i], &l->reader, line);
        }
    }
    l->reader.format = NULL;
    crypt_wipe(l->at, l->len);
    l->len = 0;
    l->too_long = false;
}

static void
lines_take(struct lines *l, const char *text, size_t len)
{
    while (len) {
        const char *stop = (const char *)memchr(text, '\n', len);
        size_t n = stop ? (size_t)(stop - text) : len;
        if (n > KEYLOG_MAX_LINE - l->len) {
            l->too_long = true;
        } else {
            memcpy(l->at + l->len, text, n);
            l->len += n;
        }
        n += stop != NULL;
        text += n;
        len -= n;
        if (stop) {
            line_done(l);
        }
    }
}

/* The keys read, and the messages. */
static size_t
lines_end(struct lines *l, char **messages)
{
    size_t n;

    if (l->len || l->too_long) {
        line_done(l);
    }
    for (size_t i = 0; i < G_N_ELEMENTS(formats); i++) {
        l->reader.format = formats[i]->name;
        if (formats[i]->end) {
            formats[i]->end(l->states[i], &l->reader);
        }
    }
    if (l->reader.refused > KEYLOG_MAX_MESSAGES) {
        g_string_append_printf(l->reader.messages, "\n%s: and %u more lines like these.",
                               l->reader.name, l->reader.refused - KEYLOG_MAX_MESSAGES);
    }
    n = keylog_count(l->reader.log) - l->keys_before;
    *messages = g_string_free(l->reader.messages, l->reader.messages->len == 0);
    g_free(l->name);
    g_free(l);
    return n;
}

size_t
keylog_read(struct keylog *k, const char *name, const char *text, size_t len, char **messages)
{
    struct lines *l = lines_new(k, name);

    lines_take(l, text, len);
    return lines_end(l, messages);
}

/* --- files ------------------------------------------------------------------ */

struct source {
    GInputStream *in;
    uint8_t raw[1 << 14];
    size_t have, all;           /* of raw; of the clear text */
    bool end;
};

static bool
fill(struct source *s, GError **error)
{
    size_t room = sizeof s->raw - s->have;
    gssize n = room ? g_input_stream_read(s->in, s->raw + s->have, room, NULL, error) : 1;

    if (n < 0) {
        return false;
    }
    s->have += room ? (size_t)n : 0;
    s->end = n == 0;
    return true;
}

static bool
take(const struct keylog_sink *sink, struct source *s, const void *at, size_t len, GError **error)
{
    sink->take(sink->user, (const char *)at, len);
    s->all += len;
    if (s->all > KEYLOG_MAX_FILE) {
        g_set_error(error, G_IO_ERROR, G_IO_ERROR_NO_SPACE,
                    "longer than the %d MiB that Espial reads", KEYLOG_MAX_FILE >> 20);
        return false;
    }
    return true;
}

static void
read_plain(const struct keylog_sink *sink, struct source *s, GError **error)
{
    while (s->have && take(sink, s, s->raw, s->have, error)) {
        s->have = 0;
        if (!fill(s, error)) {
            return;
        }
    }
}

/* Members may stand one behind the other (RFC 1952 section 2.2), as cat leaves them. */
static void
read_gzip(const struct keylog_sink *sink, struct source *s, GError **error)
{
    GConverter *gzip = G_CONVERTER(g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP));
    char clear[1 << 14];
    bool inside = true;

    while (s->have || inside) {
        gsize used = 0, written = 0;
        GError *why = NULL;
        GConverterFlags flags = s->end ? G_CONVERTER_INPUT_AT_END : G_CONVERTER_NO_FLAGS;
        GConverterResult how = g_converter_convert(gzip, s->raw, s->have, clear, sizeof clear,
                                                   flags, &used, &written, &why);
        if (how == G_CONVERTER_ERROR) {     /* not for want of octets, which are all used before */
            g_propagate_error(error, why);
            break;
        }
        memmove(s->raw, s->raw + used, s->have - used);
        s->have -= used;
        if (!take(sink, s, clear, written, error) || !fill(s, error)) {
            break;
        }
        inside = how != G_CONVERTER_FINISHED;
        if (!inside) {
            g_converter_reset(gzip);
        }
    }
    crypt_wipe(clear, sizeof clear);
    g_object_unref(gzip);
}

/* A file that ends early or is broken still gives what came before.  Gzip tells itself by
 * its first two octets (RFC 1952 section 2.3.1). */
char *
keylog_each(const char *path, const struct keylog_sink *sink)
{
    struct source s = { .have = 0 };
    GError *error = NULL;
    GFile *file;
    char *why = NULL;

    /* Read each time a capture is opened, while all else waits: a FIFO may never be written to. */
    if (g_file_test(path, G_FILE_TEST_EXISTS) && !g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
        return g_strdup("is no regular file");
    }
    file = g_file_new_for_path(path);
    s.in = (GInputStream *)g_file_read(file, NULL, &error);
    g_object_unref(file);
    if (s.in && fill(&s, &error)) {
        if (s.have >= 2 && s.raw[0] == 0x1f && s.raw[1] == 0x8b) {
            read_gzip(sink, &s, &error);
        } else {
            read_plain(sink, &s, &error);
        }
    }
    crypt_wipe(s.raw, sizeof s.raw);
    g_clear_object(&s.in);
    if (error) {
        why = text_shown(error->message);
        g_error_free(error);
    }
    return why;
}

static void
take_lines(void *user, const char *at, size_t len)
{
    lines_take((struct lines *)user, at, len);
}

static size_t
load_file(struct keylog *k, const char *path, char **messages)
{
    struct lines *l = lines_new(k, path);
    struct keylog_sink sink = { take_lines, l };
    char *why = keylog_each(path, &sink);
    size_t n = lines_end(l, messages);

    if (why) {
        char *name = text_shown(path);
        char *more = g_strdup_printf("%s%s%s: %s; %" G_GSIZE_FORMAT " keys were read before.",
                                     *messages ? *messages : "", *messages ? "\n" : "", name, why,
                                     n);
        g_free(name);
        g_free(*messages);
        *messages = more;
        g_free(why);
    }
    return n;
}

/* A profile of Wireshark, or another folder with its tables: these, and no other file. */
static size_t
load_folder(struct keylog *k, const char *folder, char **messages)
{
    static const char *const tables[] = {
        "ikev1_decryption_table", "ikev2_decryption_table", "esp_sa"
    };
    GString *all = g_string_new(NULL);
    size_t n = 0, found = 0;

    for (size_t i = 0; i < G_N_ELEMENTS(tables); i++) {
        char *path = g_build_filename(folder, tables[i], NULL), *more = NULL;
        if (g_file_test(path, G_FILE_TEST_IS_REGULAR)) {
            found++;
            n += load_file(k, path, &more);
        }
        if (more) {
            g_string_append_printf(all, "%s%s", all->len ? "\n" : "", more);
        }
        g_free(more);
        g_free(path);
    }
    if (!found) {
        char *name = text_shown(folder);
        g_string_append_printf(
            all, "%s: a folder without esp_sa, ikev1_decryption_table and ikev2_decryption_table.",
            name);
        g_free(name);
    }
    *messages = g_string_free(all, all->len == 0);
    return n;
}

size_t
keylog_load(struct keylog *k, const char *path, char **messages)
{
    bool folder = g_file_test(path, G_FILE_TEST_IS_DIR);

    return folder ? load_folder(k, path, messages) : load_file(k, path, messages);
}
