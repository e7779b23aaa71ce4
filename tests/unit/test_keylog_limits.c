/* Key logs that are longer than anything: files, keys, secrets.  What came before stays, and what
 * was
 * left out is said.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "keylog_text.h"

#include <glib/gstdio.h>
#include <unistd.h>

static const char row[] =
    "\"IPv4\",\"a\",\"b\",\"0xd622d0c9\",\"AES-CBC [RFC3602]\",\"0x" KEY16 "\",\"NULL\",\"\"\n";

/* A file of so many octets, one row at its begin and one at its end; the rest is holes. */
static size_t
load(off_t length, struct keylog **k, char **messages)
{
    char *path = NULL;
    int fd = g_file_open_tmp("keysXXXXXX", &path, NULL);
    char other[sizeof row];
    size_t n;

    memcpy(other, row, sizeof row);
    other[strlen("\"IPv4\",\"a\",\"b\",\"0x")] = 'e';
    T(fd >= 0 && write(fd, row, sizeof row - 1) == sizeof row - 1 &&
      ftruncate(fd, length - (off_t)sizeof row) == 0);
    T(lseek(fd, 0, SEEK_END) > 0 && write(fd, "\n", 1) == 1 &&
      write(fd, other, sizeof row - 1) == sizeof row - 1);
    close(fd);
    *k = keylog_new();
    n = keylog_load(*k, path, messages);
    g_unlink(path);
    g_free(path);
    return n;
}

static void
long_file(void)
{
    char *messages;
    struct keylog *k;

    T(load(1 << 20, &k, &messages) == 2 && keylog_find_esp(k, 0xd622d0c9) &&
      keylog_find_esp(k, 0xe622d0c9));
    T(messages && strstr(messages, "line 2: longer than any line that holds a key"));
    g_free(messages);
    keylog_free(k);
    T(load((off_t)KEYLOG_MAX_FILE + (1 << 16), &k, &messages) == 1 &&
      keylog_find_esp(k, 0xd622d0c9));
    T(!keylog_find_esp(k, 0xe622d0c9));
    T(messages && strstr(messages,
                         "longer than the 256 MiB that Espial reads; 1 keys were read before."));
    g_free(messages);
    keylog_free(k);
}

/* A line of just the length that is read, and one octet more. */
static void
long_line(void)
{
    for (unsigned more = 0; more < 2; more++) {
        GString *text = g_string_new(NULL);
        char *messages;
        struct keylog *k;
        g_string_append_len(text, row, sizeof row - 2);
        while (text->len < KEYLOG_MAX_LINE + more) {
            g_string_append_c(text, ' ');
        }
        g_string_append_c(text, '\n');
        k = read_text(text->str, text->len, &messages);
        T((keylog_find_esp(k, 0xd622d0c9) != NULL) == !more && (messages != NULL) == more);
        g_free(messages);
        g_string_free(text, TRUE);
        keylog_free(k);
    }
}

static void
many_keys(void)
{
    GString *text = g_string_sized_new(50u << 20);
    char *messages;
    struct keylog *k;

    for (unsigned i = 0; i <= KEYLOG_MAX_KEYS; i++) {
        g_string_append_printf(text, "%08x00000001,%08x" KEY8 "\n", i + 1, i);
    }
    k = read_text(text->str, text->len, &messages);
    T(keylog_count(k) == KEYLOG_MAX_KEYS && keylog_num_ike1(k) == KEYLOG_MAX_KEYS);
    T(messages && strstr(messages, "the key log holds more keys than Espial keeps"));
    g_free(messages);
    g_string_free(text, TRUE);
    keylog_free(k);
}

/* charon dumps a shared secret of that many octets, 16 a line. */
static void
long_secret(void)
{
    for (unsigned more = 0; more < 2; more++) {
        GString *text = g_string_new(NULL);
        char *messages;
        struct keylog *k;
        unsigned octets = KEYLOG_MAX_SECRET + 16 * more;
        g_string_append_printf(text,
                               "12[IKE] shared Diffie Hellman secret => %u bytes @ 0x7f0000\n",
                               octets);
        for (unsigned i = 0; i < octets / 16; i++) {
            g_string_append_printf(text,
                                   "12[IKE] %4u: 00 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D %02X %02X"
                                   "  ................\n",
                                   16 * i, i / 256, i % 256);
        }
        k = read_text(text->str, text->len, &messages);
        T(keylog_num_secrets(k) == !more);
        T(more || keylog_secret(k, 0)->octets.len == KEYLOG_MAX_SECRET);
        T((messages && strstr(messages, "more octets than any key of that kind has")) == more);
        g_free(messages);
        g_string_free(text, TRUE);
        keylog_free(k);
    }
}

int
main(void)
{
    long_file();
    long_line();
    many_keys();
    long_secret();
    return t_done();
}
