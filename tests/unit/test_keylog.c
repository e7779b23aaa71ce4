/* Key logs: rows of Wireshark's tables, messages, files, mixed and broken text.  All keys
 * are invented.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_text.h"

#include <gio/gio.h>
#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

static const char rows[] =
    "# a comment\n"
    "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0xd622d0c9\",\"AES-CBC [RFC3602]\",\"0x" KEY16
    "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\"\n"
    "0011223344556677,8899aabbccddeeff," KEY32 "," KEY32 ",\"AES-CBC-256 [RFC3602]\"," KEY32 ","
    KEY32 ",\"HMAC_SHA2_256_128 [RFC4868]\"\n"
    "0011223344556677," KEY16 "\n";

/* As strongSwan's save-keys plugin spells what Wireshark's tables have renamed since. */
static const char save_keys[] =
    "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00000100\",\"TripleDes-CBC [RFC2451]\",\"0x" KEY8
    KEY16 "\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x" KEY20 "\"\n"
    "\"IPv6\",\"2001:db8::1\",\"2001:db8::2\",\"0x00000101\",\"AES-GCM [RFC4106]\",\"0x" KEY20
    "\",\"ANY 128 bit authentication [no checking]\",\"0x\"\n"
    "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00000102\",\"AES-CBC [RFC3602]\",\"0x" KEY16
    "\",\"HMAC-SHA-256-96 [draft-ietf-ipsec-ciph-sha-256-00]\",\"0x" KEY32 "\"\n"
    "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0x00000103\",\"NULL\",\"0x\",\"NULL\",\"0x\"\n"
    "0011223344556677,8899aabbccddeeff," KEY20 "," KEY20
    ",\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n";

static void
wireshark(void)
{
    struct keylog *k = clean(rows);
    const struct keylog_esp *const *esp = keylog_find_esp(k, 0xd622d0c9);

    T(esp && esp[0] && !esp[1] && esp[0]->keys.encr == 12 && esp[0]->keys.integ == 12 &&
      esp[0]->keys.encr_key.len == 16);
    T(esp && esp[0] && !esp[0]->keys.esn && esp[0]->line == 2);
    T(keylog_num_ike2(k) == 1 && keylog_ike2(k, 0)->keys.sk_er.len == 32 &&
      keylog_ike2(k, 0)->spi_i[7] == 0x77);
    T(keylog_num_ike1(k) == 1 && keylog_ike1(k, 0)->key.len == 16 &&
      keylog_ike1(k, 0)->skeyid_d.len == 0);
    T(keylog_find_esp(k, 1) == NULL && keylog_ike1(k, 1) == NULL && keylog_ike2(k, 1) == NULL &&
      keylog_secret(k, 0) == NULL);
    keylog_free(k);
}

static void
strongswan_rows(void)
{
    struct keylog *k = clean(save_keys);
    const struct keylog_esp *const *gcm = keylog_find_esp(k, 0x101);

    T(has_esp(k, 0x100, 3, 2, KEY8 KEY16, KEY20) &&
      has_esp(k, 0x102, 12, CRYPT_INTEG_SHA256_96, KEY16, KEY32));
    T(has_esp(k, 0x103, 11, 0, "", ""));
    /* The old name does not tell the ICV's length. */
    T(gcm && gcm[0] && gcm[1] && gcm[2] && !gcm[3]);
    T(has_esp(k, 0x101, 18, 0, KEY20, "") && has_esp(k, 0x101, 19, 0, KEY20, "") &&
      has_esp(k, 0x101, 20, 0, KEY20, ""));
    T(keylog_num_ike2(k) == 1 && keylog_ike2(k, 0)->keys.encr == 20 &&
      keylog_ike2(k, 0)->keys.sk_ai.len == 0);
    keylog_free(k);
}

/* The ninth and tenth column of Wireshark 4.4, and keys given as characters. */
static void
newer_rows(void)
{
    struct keylog *k =
        clean(
            "\"Any\",\"*\",\"*\",\"0x7\",\"AES-CBC [RFC3602]\",\"0x" KEY16
            "\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x" KEY20 "\",\"64-bit\"\n"
                             "\"Any\",\"*\",\"*\",\"0x8\",\"AES-CBC [RFC3602]\",\"0x" KEY16
                             "\",\"HMAC-SHA-1-96 [RFC2404]\",\"0x" KEY20 "\",\"32-bit\",\"0\"\n"
                             "\"IPv4\",\"*\",\"*\",\"9\",\"AES-CBC [RFC3602]\",\"sixteen letters.\",\"NULL\",\"\"\n"
                             "\"IPv4\",\"*\",\"*\",\"10\",\"TripleDES-CBC [RFC2451]\",\"" KEY8 KEY16
                             "\",\"NULL\",\"\"\n");

    T(has_esp(k, 7, 12, 2, KEY16, KEY20) && keylog_find_esp(k, 7)[0]->keys.esn);
    T(has_esp(k, 8, 12, 2, KEY16, KEY20) && !keylog_find_esp(k, 8)[0]->keys.esn);
    T(has_esp(k, 9, 12, 0, "7369787465656e206c6574746572732e", ""));
    T(has_esp(k, 10, 3, 0, KEY8 KEY16, ""));
    keylog_free(k);
}

static void
refused(const char *line, const char *says)
{
    char *text = g_strconcat("\n", line, "\n", rows, NULL), *messages;
    struct keylog *k = read_text(text, strlen(text), &messages);

    T(messages && strstr(messages, "keys line 2: ") && strstr(messages, says));
    if (messages && !strstr(messages, says)) {
        fprintf(stderr, "    %s\n", messages);
    }
    T(messages && strstr(messages, " (read as Wireshark's tables); the line is left out."));
    T(messages && !strstr(messages, "0001020304"));             /* no secret in a message */
    T(keylog_find_esp(k, 0xd622d0c9) != NULL);                  /* what could be read is kept */
    g_free(messages);
    g_free(text);
    keylog_free(k);
}

static void
bad(void)
{
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x000102\",\"NULL\",\"\"",
            "an AES key has 16, 24 or 32 octets");
    refused(
        "\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x" KEY16
        "\",\"HMAC-SHA-1-96\",\"0x" KEY16 "\"",
        "an HMAC_SHA1_96 key has 20 octets");
    refused(
        "\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-GCM with 16 octet ICV\",\"0x" KEY16 "\",\"NULL\",\"\"",
        "the salt that belongs to the key, its last octets, is missing");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-GCM [RFC4106]\",\"0x" KEY16 "\",\"NULL\",\"\"",
            "the salt that belongs to the key, its last octets, is missing");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"ROT13\",\"0x" KEY16 "\",\"NULL\",\"\"",
            "does not know");
    refused(
        "\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x" KEY16
        "\",\"MAC-RIPEMD-160-96 [RFC2857]\",\"0x" KEY20 "\"",
        "does not know");
    refused("\"IPv4\",\"a\",\"b\",\"0x1ffffffff\",\"AES-CBC\",\"0x" KEY16 "\",\"NULL\",\"\"",
            "is not a 32-bit number");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\"", "wrong number of columns");
    refused("\"IPv4\",\"a\",\"b\",\"0x1", "open quotation");
    refused("0011223344556677," KEY16 "0", "even number of hex digits");
    refused(
        "0011223344556677,8899aabbccddeeff," KEY16 "," KEY16 ",\"AES-CBC-128 [RFC3602]\"," KEY16
        "," KEY20 ",\"HMAC_SHA1_96 [RFC2404]\"",
            "an HMAC_SHA1_96 key has 20 octets");
    refused(
        "0011223344556677,8899aabbccddeeff," KEY32 "," KEY16
        "00,\"AES-CBC-256 [RFC3602]\",,,\"NONE [RFC4306]\"",
        "an AES key has 16, 24 or 32 octets");
    refused(
        "0011223344556677,8899aabbccddeeff," KEY16 "0," KEY16 ",\"AES-CBC-128 [RFC3602]\"," KEY20
        "," KEY20 ",\"HMAC_SHA1_96 [RFC2404]\"",
            "a key of an ikev2_decryption_table row is no even number of hex digits");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x000g\",\"NULL\",\"\"",
            "no even number of hex digits, or too long");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"" KEY36 KEY36 KEY36 "\",\"NULL\",\"\"",
            "no even number of hex digits, or too long");
}

/* Lawful in Wireshark's table, and of no use without a check: no fault to tell of. */
static void
unchecked(void)
{
    struct keylog *k = keylog_new();
    char *messages = NULL;
    static const char text[] = "\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x" KEY16
                               "\",\"ANY 96 bit authentication [no checking]\",\"\"\n";

    T(keylog_read(k, "keys", text, strlen(text), &messages) == 0);
    T(!messages);
    keylog_free(k);
}

/* An SPI with wildcards stands for many: the packets tell which. */
static void
any_spi(void)
{
    struct keylog *k =
        clean("\"IPv4\",\"a\",\"b\",\"*\",\"AES-CBC\",\"0x" KEY16 "\",\"NULL\",\"\"\n"
                             "\"IPv4\",\"a\",\"b\",\"0x12******\",\"AES-CBC\",\"0x" KEY32
                             "\",\"NULL\",\"\"\n");

    T(has_esp(k, KEYLOG_ANY_SPI, 12, 0, KEY16, "") &&
      has_esp(k, KEYLOG_ANY_SPI, 12, 0, KEY32, "") && !keylog_find_esp(k, 0x12));
    keylog_free(k);
}

/* What two logs tell of the same SA is one key, with what either of them knows. */
static size_t
more(struct keylog *k, const char *text)
{
    char *messages;
    size_t n = keylog_read(k, "more", text, strlen(text), &messages);

    T(messages == NULL);
    g_free(messages);
    return n;
}

static void
completed(void)
{
    struct keylog *k =
        clean("\"Any\",\"*\",\"*\",\"0x7\",\"AES-CBC [RFC3602]\",\"0x" KEY16 "\",\"NULL\",\"\"\n"
                             "0011223344556677,8899aabbccddeeff," KEY20 "," KEY20
                             ",\"AES-GCM-128 with 16 octet ICV [RFC5282]\",,,\"NONE [RFC4306]\"\n");

    T(more(k,
           "\"IPv4\",\"a\",\"b\",\"7\",\"AES-CBC [RFC3602]\",\"0x" KEY16
           "\",\"NULL\",\"\",\"64-bit\"") == 0);
    T(keylog_find_esp(k, 7) && keylog_find_esp(k, 7)[0]->keys.esn && !keylog_find_esp(k, 7)[1]);
    T(more(k,
           "iip 192.0.2.1 ispi 11223344556677 rip 192.0.2.2 rspi 8899aabbccddeeff\n encr:aes-gcm-16 prf:hmac-sha2-256  dh-group:modp-2048\n"
              " SK_d    " KEY32 "\n SK_e  i:" KEY20 "\n       r:" KEY20 "\n") == 0);
    T(keylog_num_ike2(k) == 1 && is_hex(&keylog_ike2(k, 0)->keys.sk_d, KEY32) &&
      keylog_ike2(k, 0)->keys.prf == 5);
    keylog_free(k);
}

static void
many_messages(void)
{
    GString *text = g_string_new(NULL);
    char *messages, **lines;
    struct keylog *k;

    for (unsigned i = 0; i < KEYLOG_MAX_MESSAGES + 5; i++) {
        g_string_append(text, "0011223344556677,0\n");
    }
    k = read_text(text->str, text->len, &messages);
    lines = g_strsplit(messages ? messages : "", "\n", 0);
    T(g_strv_length(lines) == KEYLOG_MAX_MESSAGES + 1);
    T(messages && strstr(messages, "keys: and 5 more lines like these."));
    g_strfreev(lines);
    g_free(messages);
    g_string_free(text, TRUE);
    keylog_free(k);
}

static void
many_keys(void)
{
    GString *text = g_string_new(NULL);
    char *messages;
    struct keylog *k;
    size_t n = 0;

    for (unsigned i = 0; i < KEYLOG_MAX_PER_SPI + 3; i++) {
        g_string_append_printf(text,
                               "\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x%032x\",\"NULL\",\"\"\n",
                               i + 1);
    }
    k = read_text(text->str, text->len, &messages);
    while (keylog_find_esp(k, 1)[n]) {
        n++;
    }
    T(n == KEYLOG_MAX_PER_SPI && messages &&
      strstr(messages, "one SPI has more keys than Espial keeps"));
    g_free(messages);
    g_string_free(text, TRUE);
    keylog_free(k);
}

/* No NUL octet and no long line does harm, and both are said. */
static void
no_text(void)
{
    enum { LONG = 10 << 20 };
    char *messages, *line = g_strnfill(LONG + sizeof rows, 'a');
    struct keylog *k;

    line[LONG] = '\n';
    memcpy(line + LONG + 1, rows, sizeof rows - 1);
    k = read_text(line, LONG + sizeof rows, &messages);
    T(messages && strstr(messages, "keys line 1: longer than any line that holds a key"));
    T(keylog_find_esp(k, 0xd622d0c9) != NULL);
    g_free(messages);
    keylog_free(k);
    memcpy(line, "\0\0,\n\0\n", 6);
    memcpy(line + 6, rows, sizeof rows - 1);
    k = read_text(line, 6 + sizeof rows - 1, &messages);
    T(messages && strstr(messages, "keys line 1: holds octets that are no text") &&
      !strchr(messages, '\n'));
    T(keylog_find_esp(k, 0xd622d0c9) != NULL);
    g_free(messages);
    keylog_free(k);
    g_free(line);
}

/* --- files ------------------------------------------------------------------ */

static char *
zipped(const char *text, size_t len, gsize *out)
{
    GZlibCompressor *gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);
    GOutputStream *memory = g_memory_output_stream_new_resizable(),
                            *stream = g_converter_output_stream_new(memory, G_CONVERTER(gzip));
    char *octets;

    T(g_output_stream_write_all(stream, text, len, NULL, NULL, NULL) &&
      g_output_stream_close(stream, NULL, NULL));
    *out = g_memory_output_stream_get_data_size(G_MEMORY_OUTPUT_STREAM(memory));
    octets = (char *)g_memdup2(g_memory_output_stream_get_data(G_MEMORY_OUTPUT_STREAM(memory)),
                               *out);
    g_object_unref(stream);
    g_object_unref(memory);
    g_object_unref(gzip);
    return octets;
}

static size_t
load(struct keylog *k, const char *octets, gsize len, char **messages)
{
    char *path = NULL;
    int fd = g_file_open_tmp("keysXXXXXX", &path, NULL);
    size_t n;

    T(g_file_set_contents(path, octets, (gssize)len, NULL));
    n = keylog_load(k, path, messages);
    close(fd);
    g_unlink(path);
    g_free(path);
    return n;
}

/* Nobody writes to it: opened, it would be waited for without end. */
static void
fifo(void)
{
    char *folder = g_dir_make_tmp("keysXXXXXX", NULL), *path = g_build_filename(folder, "fifo",
        NULL), *messages;
    struct keylog *k = keylog_new();

    T(mkfifo(path, 0600) == 0);
    alarm(10);
    T(keylog_load(k, path, &messages) == 0 && messages &&
      strstr(messages, "is no regular file; 0 keys were read before"));
    alarm(0);
    g_free(messages);
    keylog_free(k);
    g_unlink(path);
    g_rmdir(folder);
    g_free(path);
    g_free(folder);
}

static void
files(void)
{
    GString *long_text = g_string_new(rows);
    struct keylog *k = keylog_new();
    char *messages, *octets, *other;
    gsize len, other_len;
    GByteArray *both;

    octets = zipped(rows, sizeof rows - 1, &len);
    T(load(k, octets, len, &messages) == 3 && messages == NULL);
    T(load(k, rows, sizeof rows - 1, &messages) == 0 && messages == NULL);      /* known already */
    keylog_free(k);
    g_free(octets);

    /* Two files zipped, one behind the other. */
    octets = zipped(rows, sizeof rows - 1, &len);
    other = zipped(save_keys, sizeof save_keys - 1, &other_len);
    both = g_byte_array_append(g_byte_array_append(g_byte_array_new(), (guint8 *)octets,
                                                   (guint)len), (guint8 *)other, (guint)other_len);
    k = keylog_new();
    T(load(k, (const char *)both->data, both->len, &messages) == 10 && messages == NULL);
    T(has_esp(k, 0xd622d0c9, 12, 12, KEY16, KEY32) && has_esp(k, 0x103, 11, 0, "", ""));
    keylog_free(k);
    k = keylog_new();
    T(load(k, (const char *)both->data, both->len - 1, &messages) == 10 && messages &&
      strstr(messages, "10 keys were read before"));
    g_free(messages);
    keylog_free(k);
    g_byte_array_free(both, TRUE);
    g_free(octets);
    g_free(other);

    /* Of a file that was cut, what came before is kept. */
    for (unsigned i = 0; i < 5000; i++) {
        g_string_append_printf(long_text, "# %08x\n", i * 2654435761u);
    }
    octets = zipped(long_text->str, long_text->len, &len);
    k = keylog_new();
    T(load(k, octets, len / 2, &messages) == 3 && messages &&
      strstr(messages, "3 keys were read before"));
    g_free(messages);
    octets[len / 2] = (char)~octets[len / 2];
    T(load(k, octets, len, &messages) == 0 && messages);
    g_free(messages);
    g_free(octets);
    g_string_free(long_text, TRUE);

    T(keylog_load(k, "/nonexistent/keys", &messages) == 0 && messages &&
      strstr(messages, "/nonexistent/keys: "));
    g_free(messages);
    T(keylog_load(k, "/", &messages) == 0 && messages);
    g_free(messages);
    if (access("/proc/self/mem", R_OK) == 0) {      /* opens, and cannot be read at its start */
        T(keylog_load(k, "/proc/self/mem", &messages) == 0 && messages &&
          strstr(messages, "0 keys were read before"));
        g_free(messages);
    }
    keylog_free(NULL);
    T(load(k, "", 0, &messages) == 0 && messages == NULL);
    T(load(k, "\x1f\x8b", 2, &messages) == 0 && messages);
    g_free(messages);
    T(load(k, "\xef\xbb\xbf" "0123456789abcdef," KEY16, 52, &messages) == 1 && messages == NULL);
    keylog_free(k);
}

/* Wireshark's tables in a folder are read, its other files are not. */
static void
folders(void)
{
    static const char *const names[] = { "esp_sa", "ikev1_decryption_table", "notes" };
    char *folder = g_dir_make_tmp("keysXXXXXX", NULL), *messages;
    struct keylog *k = keylog_new();

    T(folder != NULL);
    T(keylog_load(k, folder, &messages) == 0 && messages &&
      strstr(messages, "a folder without esp_sa"));
    g_free(messages);
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = g_build_filename(folder, names[i], NULL);
        T(g_file_set_contents(path, i == 1 ? "0123456789abcdef," KEY16 "\n" : i ? rows : save_keys,
                              -1, NULL));
        g_free(path);
    }
    T(keylog_load(k, folder, &messages) == 8 && messages == NULL);
    T(keylog_num_ike1(k) == 1 && has_esp(k, 0x103, 11, 0, "", ""));
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        char *path = g_build_filename(folder, names[i], NULL);
        g_unlink(path);
        g_free(path);
    }
    g_rmdir(folder);
    g_free(folder);
    keylog_free(k);
}

int
main(void)
{
    wireshark();
    strongswan_rows();
    newer_rows();
    bad();
    unchecked();
    any_spi();
    completed();
    many_messages();
    many_keys();
    no_text();
    every_prefix(rows, sizeof rows - 1);
    every_prefix(save_keys, sizeof save_keys - 1);
    files();
    folders();
    fifo();
    return t_done();
}
