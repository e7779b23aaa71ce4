/* keylog.c - the container of secrets, and a file's lines to the formats.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_internal.h"

#include <espial/limits.h>
#include <gio/gio.h>
#include <string.h>

struct secret {
    size_t size;
    uint8_t at[];
};

static void
free_secret(gpointer p)
{
    struct secret *s = (struct secret *)p;
    volatile uint8_t *at = s->at;

    for (size_t i = 0; i < s->size; i++) {
        at[i] = 0;
    }
    g_free(s);
}

static void
free_list(gpointer p)
{
    g_ptr_array_free((GPtrArray *)p, TRUE);
}

static void *
keep(struct keylog *k, const void *from, size_t size)
{
    struct secret *s = (struct secret *)g_malloc0(sizeof *s + size);

    s->size = size;
    memcpy(s->at, from, size);
    g_ptr_array_add(k->all, s);
    return s->at;
}

struct keylog *
keylog_new(void)
{
    struct keylog *k = g_new0(struct keylog, 1);

    k->ike1 = g_ptr_array_new();
    k->ike2 = g_ptr_array_new();
    k->secrets = g_ptr_array_new();
    k->esp = g_hash_table_new_full(g_direct_hash, g_direct_equal, NULL, free_list);
    k->all = g_ptr_array_new_with_free_func(free_secret);
    return k;
}

void
keylog_free(struct keylog *k)
{
    if (!k) {
        return;
    }
    g_ptr_array_free(k->ike1, TRUE);
    g_ptr_array_free(k->ike2, TRUE);
    g_ptr_array_free(k->secrets, TRUE);
    g_hash_table_destroy(k->esp);
    g_ptr_array_free(k->all, TRUE);
    g_free(k);
}

static bool
full(struct key_reader *r)
{
    if (r->log->all->len < KEYLOG_MAX_KEYS) {
        return false;
    }
    keylog_refuse(r, "the key log holds more keys than Espial keeps");
    return true;
}

void
keylog_add_esp(struct key_reader *r, uint32_t spi, const struct esp_keys *keys)
{
    GPtrArray *list = (GPtrArray *)g_hash_table_lookup(r->log->esp, GUINT_TO_POINTER(spi));
    struct keylog_esp one;
    const char *why;
    struct esp_opener *trial = esp_opener_new(keys, &why);

    if (!trial) {
        keylog_refuse(r, why);
        return;
    }
    esp_opener_free(trial);
    /* Both ends write the same keys. */
    for (guint i = 0; list && i + 1 < list->len; i++) {
        if (memcmp(&((const struct keylog_esp *)g_ptr_array_index(list, i))->keys, keys, sizeof *keys) == 0) {
            return;
        }
    }
    if (full(r)) {
        return;
    }
    if (!list) {
        list = g_ptr_array_new();
        g_ptr_array_add(list, NULL);
        g_hash_table_insert(r->log->esp, GUINT_TO_POINTER(spi), list);
    }
    if (list->len > KEYLOG_MAX_PER_SPI) {
        return;
    }
    memset(&one, 0, sizeof one);
    one.spi = spi;
    one.keys = *keys;
    one.line = r->line;
    g_ptr_array_insert(list, (gint)list->len - 1, keep(r->log, &one, sizeof one));
    r->log->num_esp++;
}

void
keylog_add_ike1(struct key_reader *r, const uint8_t spi_i[8], const struct crypt_key *key)
{
    struct keylog_ike1 one = { .key = *key, .line = r->line };

    memcpy(one.spi_i, spi_i, 8);
    for (guint i = 0; i < r->log->ike1->len; i++) {
        const struct keylog_ike1 *old = (const struct keylog_ike1 *)g_ptr_array_index(r->log->ike1, i);
        if (memcmp(old->spi_i, spi_i, 8) == 0 && old->key.len == key->len && memcmp(old->key.at, key->at, key->len) == 0) {
            return;
        }
    }
    if (!full(r)) {
        g_ptr_array_add(r->log->ike1, keep(r->log, &one, sizeof one));
    }
}

void
keylog_add_ike2(struct key_reader *r, const uint8_t spi_i[8], const struct ike_keys *keys)
{
    struct keylog_ike2 one = { .keys = *keys, .line = r->line };

    memcpy(one.spi_i, spi_i, 8);
    for (guint i = 0; i < r->log->ike2->len; i++) {
        const struct ike_keys *old = &((const struct keylog_ike2 *)g_ptr_array_index(r->log->ike2, i))->keys;
        if (old->sk_ei.len == keys->sk_ei.len && memcmp(old->sk_ei.at, keys->sk_ei.at, keys->sk_ei.len) == 0) {
            return;
        }
    }
    if (!full(r)) {
        g_ptr_array_add(r->log->ike2, keep(r->log, &one, sizeof one));
    }
}

void
keylog_add_secret(struct key_reader *r, const uint8_t *octets, size_t len)
{
    struct keylog_secret one = { .line = r->line };

    for (guint i = 0; i < r->log->secrets->len; i++) {
        const struct span *old = &((const struct keylog_secret *)g_ptr_array_index(r->log->secrets, i))->octets;
        if (old->len == len && memcmp(old->at, octets, len) == 0) {
            return;
        }
    }
    if (!full(r) && len) {
        one.octets = (struct span){ (const uint8_t *)keep(r->log, octets, len), len };
        g_ptr_array_add(r->log->secrets, keep(r->log, &one, sizeof one));
    }
}

void
keylog_refuse(struct key_reader *r, const char *what)
{
    if (r->refused++ < KEYLOG_MAX_MESSAGES) {
        g_string_append_printf(r->messages, "%s%s line %u: %s; the line is left out.", r->messages->len ? "\n" : "", r->name,
                               r->line, what);
    }
}

bool
keylog_hex(const char *text, struct crypt_key *out)
{
    size_t len = strlen(text);

    if (g_str_has_prefix(text, "0x") || g_str_has_prefix(text, "0X")) {
        text += 2;
        len -= 2;
    }
    if (len % 2 || len / 2 > sizeof out->at) {
        return false;
    }
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < len / 2; i++) {
        int high = g_ascii_xdigit_value(text[2 * i]), low = g_ascii_xdigit_value(text[2 * i + 1]);
        if (high < 0 || low < 0) {
            return false;
        }
        out->at[i] = (uint8_t)(high << 4 | low);
    }
    out->len = len / 2;
    return true;
}

size_t
keylog_read(struct keylog *k, const char *name, const char *text, size_t len, char **messages)
{
    struct key_reader r = { k, name, 0, g_string_new(NULL), 0 };
    struct charon *charon = charon_new();
    const char *end = text + len;
    size_t before = k->all->len;

    while (text < end) {
        const char *stop = (const char *)memchr(text, '\n', (size_t)(end - text));
        size_t n = (size_t)((stop ? stop : end) - text);
        char line[KEYLOG_MAX_LINE];
        r.line++;
        if (n < sizeof line && !memchr(text, 0, n)) {
            memcpy(line, text, n);
            line[n] = 0;
            g_strchomp(line);
            if (!charon_line(charon, &r, line)) {
                keylog_row(&r, line);
            }
        }
        text += n + (stop != NULL);
    }
    charon_free(charon);
    if (r.refused > KEYLOG_MAX_MESSAGES) {
        g_string_append_printf(r.messages, "\n%s: and %u more lines like these.", name, r.refused - KEYLOG_MAX_MESSAGES);
    }
    *messages = g_string_free(r.messages, r.messages->len == 0);
    return k->all->len - before;
}

/* The clear octets of a file; gzip tells itself by its first two (RFC 1952 section 2.3.1). */
static GByteArray *
read_file(const char *path, GError **error)
{
    GFile *file = g_file_new_for_path(path);
    GInputStream *in = (GInputStream *)g_file_read(file, NULL, error), *clear;
    GByteArray *all = NULL;
    guint8 block[1 << 14];
    gssize n = 0;

    g_object_unref(file);
    if (!in) {
        return NULL;
    }
    n = g_input_stream_read(in, block, 2, NULL, error);
    if (n == 2 && block[0] == 0x1f && block[1] == 0x8b && g_seekable_seek(G_SEEKABLE(in), 0, G_SEEK_SET, NULL, error)) {
        GZlibDecompressor *gzip = g_zlib_decompressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP);
        clear = g_converter_input_stream_new(in, G_CONVERTER(gzip));
        g_object_unref(gzip);
        g_object_unref(in);
        in = clear;
        n = 0;
    }
    all = g_byte_array_new();
    while (n >= 0 && all->len < KEYLOG_MAX_FILE) {
        g_byte_array_append(all, block, (guint)n);
        n = g_input_stream_read(in, block, sizeof block, NULL, error);
        if (n == 0) {
            break;
        }
    }
    g_object_unref(in);
    return all;
}

size_t
keylog_load(struct keylog *k, const char *path, char **messages)
{
    GError *error = NULL;
    GByteArray *text = read_file(path, &error);
    size_t n = 0;

    *messages = NULL;
    if (text) {
        n = keylog_read(k, path, (const char *)text->data, text->len, messages);
        memset(text->data, 0, text->len);
        g_byte_array_free(text, TRUE);
    }
    if (error) {
        char *more = g_strdup_printf("%s%s%s: %s; %" G_GSIZE_FORMAT " keys were read before.", *messages ? *messages : "",
                                     *messages ? "\n" : "", path, error->message, n);
        g_free(*messages);
        *messages = more;
        g_error_free(error);
    }
    return n;
}

const struct keylog_esp *const *
keylog_find_esp(const struct keylog *k, uint32_t spi)
{
    GPtrArray *list = k ? (GPtrArray *)g_hash_table_lookup(k->esp, GUINT_TO_POINTER(spi)) : NULL;

    return list ? (const struct keylog_esp *const *)list->pdata : NULL;
}

size_t
keylog_num_ike2(const struct keylog *k)
{
    return k->ike2->len;
}

const struct keylog_ike2 *
keylog_ike2(const struct keylog *k, size_t i)
{
    return i < k->ike2->len ? (const struct keylog_ike2 *)g_ptr_array_index(k->ike2, i) : NULL;
}

size_t
keylog_num_ike1(const struct keylog *k)
{
    return k->ike1->len;
}

const struct keylog_ike1 *
keylog_ike1(const struct keylog *k, size_t i)
{
    return i < k->ike1->len ? (const struct keylog_ike1 *)g_ptr_array_index(k->ike1, i) : NULL;
}

size_t
keylog_num_secrets(const struct keylog *k)
{
    return k->secrets->len;
}

const struct keylog_secret *
keylog_secret(const struct keylog *k, size_t i)
{
    return i < k->secrets->len ? (const struct keylog_secret *)g_ptr_array_index(k->secrets, i) : NULL;
}

size_t
keylog_count(const struct keylog *k)
{
    return k->num_esp + k->ike1->len + k->ike2->len + k->secrets->len;
}
