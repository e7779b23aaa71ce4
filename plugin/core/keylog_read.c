/* keylog_read.c - a file or a text, line by line, to the formats.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_internal.h"

#include <gio/gio.h>
#include <string.h>

/* Those come first that tell their lines by more. */
static const struct key_format *const formats[] = {
    &keylog_charon, &keylog_pluto, &keylog_rows, &keylog_xfrm, &keylog_setkey, &keylog_fortigate, &keylog_vpp,
};

/* A line grows here until it is whole; the text it came from need not be kept. */
struct lines {
    struct key_reader reader;
    void *states[G_N_ELEMENTS(formats)];
    size_t keys_before;
    size_t len;
    bool too_long;
    char at[KEYLOG_MAX_LINE + 1];
};

static size_t
num_keys(const struct keylog *k)
{
    return k->num_esp + k->ike1->len + k->ike2->len + k->secrets->len;
}

static struct lines *
lines_new(struct keylog *k, const char *name)
{
    struct lines *l = g_new0(struct lines, 1);

    l->reader.log = k;
    l->reader.name = name;
    l->reader.messages = g_string_new(NULL);
    l->keys_before = num_keys(k);
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

static void
line_done(struct lines *l)
{
    bool ours = false;

    l->reader.line++;
    if (l->too_long) {
        say_once(l, &l->reader.long_line, "longer than any line that holds a key");
    } else if (memchr(l->at, 0, l->len)) {
        say_once(l, &l->reader.no_text, "octets that are no text");
    } else {
        l->at[l->len] = 0;
        g_strchomp(l->at);
        for (size_t i = 0; i < G_N_ELEMENTS(formats) && !ours; i++) {
            ours = formats[i]->line(l->states[i], &l->reader, l->at);
        }
    }
    keylog_wipe(l->at, l->len);
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
        if (formats[i]->end) {
            formats[i]->end(l->states[i], &l->reader);
        }
    }
    if (l->reader.refused > KEYLOG_MAX_MESSAGES) {
        g_string_append_printf(l->reader.messages, "\n%s: and %u more lines like these.", l->reader.name,
                               l->reader.refused - KEYLOG_MAX_MESSAGES);
    }
    n = num_keys(l->reader.log) - l->keys_before;
    *messages = g_string_free(l->reader.messages, l->reader.messages->len == 0);
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

/* The clear octets of a file; gzip tells itself by its first two (RFC 1952 section 2.3.1). */
static GInputStream *
open_file(const char *path, GError **error)
{
    GFile *file = g_file_new_for_path(path);
    GInputStream *in = (GInputStream *)g_file_read(file, NULL, error), *clear;
    GZlibDecompressor *gzip;
    uint8_t head[2] = { 0, 0 };

    g_object_unref(file);
    if (!in) {
        return NULL;
    }
    if (g_input_stream_read(in, head, sizeof head, NULL, error) < 0 || !g_seekable_seek(G_SEEKABLE(in), 0, G_SEEK_SET, NULL, error)) {
        g_object_unref(in);
        return NULL;
    }
    if (head[0] != 0x1f || head[1] != 0x8b) {
        return in;
    }
    gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
    clear = g_converter_input_stream_new(in, G_CONVERTER(gzip));
    g_object_unref(gzip);
    g_object_unref(in);
    return clear;
}

/* A file that ends early or is broken still gives what came before. */
static void
read_file(struct lines *l, const char *path, GError **error)
{
    GInputStream *in = open_file(path, error);
    char block[1 << 14];
    size_t all = 0;
    gssize n = in ? 1 : 0;

    while (n > 0 && all < KEYLOG_MAX_FILE) {
        n = g_input_stream_read(in, block, sizeof block, NULL, error);
        if (n > 0) {
            lines_take(l, block, (size_t)n);
            all += (size_t)n;
        }
    }
    keylog_wipe(block, sizeof block);
    if (all >= KEYLOG_MAX_FILE) {
        keylog_refuse(&l->reader, "the file is longer than Espial reads");
    }
    if (in) {
        g_object_unref(in);
    }
}

size_t
keylog_load(struct keylog *k, const char *path, char **messages)
{
    struct lines *l = lines_new(k, path);
    GError *error = NULL;
    size_t n;

    read_file(l, path, &error);
    n = lines_end(l, messages);
    if (error) {
        char *more = g_strdup_printf("%s%s%s: %s; %" G_GSIZE_FORMAT " keys were read before.", *messages ? *messages : "",
                                     *messages ? "\n" : "", path, error->message, n);
        g_free(*messages);
        *messages = more;
        g_error_free(error);
    }
    return n;
}
