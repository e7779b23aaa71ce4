/* Key logs: rows and charon's dumps, good and bad.  All keys are invented.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/keylog.h>
#include <espial/limits.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <unistd.h>

#define KEY16 "000102030405060708090a0b0c0d0e0f"
#define KEY32 KEY16 KEY16

static const char rows[] =
    "# a comment\n"
    "\"IPv4\",\"192.0.2.1\",\"192.0.2.2\",\"0xd622d0c9\",\"AES-CBC [RFC3602]\",\"0x" KEY16 "\",\"HMAC-SHA-256-128 [RFC4868]\",\"0x" KEY32 "\"\n"
    "0011223344556677,8899aabbccddeeff," KEY32 "," KEY32 ",\"AES-CBC-256 [RFC3602]\"," KEY32 "," KEY32 ",\"HMAC_SHA2_256_128 [RFC4868]\"\n"
    "0011223344556677," KEY16 "\n";

static const char charon[] =
    "2026-01-01T00:00:00.000 07[MGR] <gw|1> checkout IKEv2 SA with SPIs 0102030405060708_i 0000000000000000_r\n"
    "2026-01-01T00:00:00.000 07[CFG] <gw|1> selected proposal: IKE:AES_CBC_128/HMAC_SHA1_96/PRF_HMAC_SHA1/MODP_2048\n"
    "2026-01-01T00:00:00.000 07[IKE] <gw|1> Sk_ei secret => 16 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 09[IKE] <gw|2> Sk_ei secret => 16 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 07[IKE] <gw|1>    0: 01 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "2026-01-01T00:00:00.000 07[IKE] <gw|1> Sk_er secret => 16 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 07[IKE] <gw|1>    0: 11 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>   using AES_GCM_16 for encryption\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1> encryption initiator key => 20 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>    0: 21 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>   16: 11 12 13 14                                      ....\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1> encryption responder key => 20 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>    0: 31 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>   16: 11 12 13 14                                      ....\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1> adding inbound ESP SA\n"
    "2026-01-01T00:00:00.000 07[CHD] <gw|1>   SPI 0x47c6231f, src 198.51.100.20 dst 192.0.2.10\n"
    "2026-01-01T00:00:00.000 08[MGR] checkout IKEv1 SA by message with SPIs aabbccddeeff0011_i 0000000000000000_r\n"
    "2026-01-01T00:00:00.000 08[IKE] <gw|3> encryption key Ka => 16 bytes @ 0x7f00\n"
    "2026-01-01T00:00:00.000 08[IKE] <gw|3>    0: 41 02 03 04 05 06 07 08 09 0A 0B 0C 0D 0E 0F 10  ................\n";

static struct keylog *
read_text(const char *text, size_t len, char **messages)
{
    struct keylog *k = keylog_new();

    keylog_read(k, "keys", text, len, messages);
    return k;
}

static void
wireshark(void)
{
    char *messages;
    struct keylog *k = read_text(rows, sizeof rows - 1, &messages);
    const struct keylog_esp *const *esp = keylog_find_esp(k, 0xd622d0c9);

    T(messages == NULL);
    T(esp && esp[0] && !esp[1] && esp[0]->keys.encr == 12 && esp[0]->keys.integ == 12 && esp[0]->keys.encr_key.len == 16);
    T(keylog_num_ike2(k) == 1 && keylog_ike2(k, 0)->keys.sk_er.len == 32 && keylog_ike2(k, 0)->spi_i[7] == 0x77);
    T(keylog_num_ike1(k) == 1 && keylog_ike1(k, 0)->key.len == 16);
    T(keylog_find_esp(k, 1) == NULL && keylog_ike1(k, 1) == NULL);
    keylog_free(k);
}

static void
strongswan(void)
{
    char *messages;
    struct keylog *k = read_text(charon, sizeof charon - 1, &messages);
    const struct keylog_esp *const *esp = keylog_find_esp(k, 0x47c6231f);

    T(messages == NULL);
    T(keylog_num_ike2(k) == 1 && keylog_ike2(k, 0)->keys.encr == 12 && keylog_ike2(k, 0)->keys.integ == 2);
    T(keylog_ike2(k, 0)->keys.sk_ei.at[0] == 1 && keylog_ike2(k, 0)->keys.sk_er.at[0] == 0x11 && keylog_ike2(k, 0)->spi_i[0] == 1);
    T(esp && esp[0] && esp[1] && !esp[2] && esp[0]->keys.encr == 20 && esp[0]->keys.encr_key.at[19] == 0x14);
    T(esp && esp[0]->keys.encr_key.at[0] == 0x21 && esp[1]->keys.encr_key.at[0] == 0x31);
    T(keylog_num_ike1(k) == 1 && keylog_ike1(k, 0)->key.at[0] == 0x41 && keylog_ike1(k, 0)->spi_i[0] == 0xaa);
    T(keylog_read(k, "again", charon, sizeof charon - 1, &messages) == 0);      /* the other end's log has the same */
    keylog_free(k);
}

static void
refused(const char *line, const char *says)
{
    char *text = g_strconcat("\n", line, "\n", rows, NULL), *messages;
    struct keylog *k = read_text(text, strlen(text), &messages);

    T(messages && strstr(messages, "keys line 2: ") && strstr(messages, says));
    T(messages && !strstr(messages, "0001020304"));             /* no secret in a message */
    T(keylog_find_esp(k, 0xd622d0c9) != NULL);                  /* what could be read is kept */
    g_free(messages);
    g_free(text);
    keylog_free(k);
}

static void
bad(void)
{
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"AES-CBC\",\"0x000102\",\"NULL\",\"\"", "an AES key has 16, 24 or 32 octets");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\",\"ROT13\",\"0x" KEY16 "\",\"NULL\",\"\"", "does not know");
    refused("\"IPv4\",\"a\",\"b\",\"0x1ffffffff\",\"AES-CBC\",\"0x" KEY16 "\",\"NULL\",\"\"", "no number of 32 bits");
    refused("\"IPv4\",\"a\",\"b\",\"0x1\"", "wrong number of columns");
    refused("0011223344556677," KEY16 "0", "even number of hex digits");
}

/* No prefix, no NUL octet and no long line does harm. */
static void
broken(void)
{
    char *messages, *line = g_strnfill(1 << 20, 'a');

    for (size_t n = 0; n < sizeof charon; n++) {
        char *copy = (char *)g_memdup2(charon, n);
        keylog_free(read_text(copy, n, &messages));
        g_free(messages);
        g_free(copy);
    }
    for (size_t n = 0; n < sizeof rows; n++) {
        char *copy = (char *)g_memdup2(rows, n);
        keylog_free(read_text(copy, n, &messages));
        g_free(messages);
        g_free(copy);
    }
    keylog_free(read_text("\0\0,\n\0", 5, &messages));
    T(messages == NULL);
    keylog_free(read_text(line, 1 << 20, &messages));
    T(messages == NULL);
    g_free(line);
}

static void
files(void)
{
    struct keylog *k = keylog_new();
    char *path = NULL, *messages;
    int fd = g_file_open_tmp("keysXXXXXX", &path, NULL);
    GZlibCompressor *gzip = g_zlib_compressor_new(G_ZLIB_COMPRESSOR_FORMAT_GZIP, -1);
    GFile *file = g_file_new_for_path(path);
    GOutputStream *plain = (GOutputStream *)g_file_replace(file, NULL, FALSE, G_FILE_CREATE_NONE, NULL, NULL);
    GOutputStream *out = g_converter_output_stream_new(plain, G_CONVERTER(gzip));

    T(g_output_stream_write_all(out, rows, sizeof rows - 1, NULL, NULL, NULL) && g_output_stream_close(out, NULL, NULL));
    T(keylog_load(k, path, &messages) == 3 && messages == NULL);
    T(keylog_load(k, "/nonexistent/keys", &messages) == 0 && messages && strstr(messages, "/nonexistent/keys"));
    g_free(messages);
    g_object_unref(out);
    g_object_unref(plain);
    g_object_unref(file);
    g_object_unref(gzip);
    close(fd);
    g_unlink(path);
    g_free(path);
    keylog_free(k);
}

int
main(void)
{
    wireshark();
    strongswan();
    bad();
    broken();
    files();
    return t_done();
}
