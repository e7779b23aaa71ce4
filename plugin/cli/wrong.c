/* wrong.c - what was given in the place of a capture, and what takes it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrong.h"

#include "inputs.h"
#include "series/part.h"
#include "walk.h"

#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>

/* How far in a file it is looked for what it is. */
enum { LOOKED_AT = 4096 };

/* Octets by which a file is known, at their place in it. */
struct mark {
    unsigned at;
    const char *octets;
    const char *is;
};

static const struct mark marks[] = {
    { 0, "{\"format\":\"espial-result/", "a result of --output, which --merge takes" },
    { 0, "{\"format\":\"espial-", "a report that Espial wrote" },
    { 0, "{\"@timestamp\":", "a file of records (--format ndjson)" },
    { 0, "Espial part ", "a part of a series, which --series takes" },
    { 0, "Espial state ", "a state of a series, which --state takes" },
    { 0, "7z\xbc\xaf\x27\x1c", "an archive: take the captures out of it (7z)" },
    { 0, "Rar!\x1a", "an archive: take the captures out of it (unrar)" },
    { 257, "ustar", "an archive: take the captures out of it (tar)" },
    { 0, "<!DOCTYPE html", "a page" },
    { 0, "%PDF-", "a document" },
};

static const char *
marked(const char *octets, size_t len)
{
    for (size_t i = 0; i < G_N_ELEMENTS(marks); i++) {
        size_t num = strlen(marks[i].octets);
        if (len >= marks[i].at + num &&
            memcmp(octets + marks[i].at, marks[i].octets, num) == 0) {
            return marks[i].is;
        }
    }
    return NULL;
}

/* A compressed archive does not show that it is one before it is unpacked. */
static bool
is_called_archive(const char *path)
{
    char *name = g_ascii_strdown(path, -1);
    const char *packed = strstr(name, ".tar.");
    bool is = (packed && !strchr(packed + strlen(".tar."), '.')) ||
              g_str_has_suffix(name, ".tgz") || g_str_has_suffix(name, ".txz") ||
              g_str_has_suffix(name, ".tbz2");

    g_free(name);
    return is;
}

/* As far as it is looked at; what is cut in the middle of a character is text, too. */
static bool
is_text(const char *octets, size_t len)
{
    const char *end = octets;

    return g_utf8_validate(octets, (gssize)len, &end) ||
           (len == LOOKED_AT && octets + len - end < 4 && *end);
}

static const char *
kind_of(const char *path, const char *octets, size_t len)
{
    char *base = g_path_get_basename(path);
    bool table = inputs_is_table(base);
    const char *is = len ? marked(octets, len) : "empty";

    g_free(base);
    if (is) {
        return is;
    }
    if (table) {
        return "a table of keys, which --keys takes";
    }
    if (is_called_archive(path)) {
        return "an archive: take the captures out of it (tar)";
    }
    return is_text(octets, len) ? "text, as --keys, --plan and --log take it (tcpdump and tshark "
                                  "write a capture with -w)" :
                                  NULL;
}

/* How many octets of its beginning are there; 0 where it is no file of its own. */
static size_t
look(const char *path, char octets[LOOKED_AT], bool *read)
{
    FILE *in = g_file_test(path, G_FILE_TEST_IS_REGULAR) ? g_fopen(path, "rb") : NULL;
    size_t len = in ? fread(octets, 1, LOOKED_AT, in) : 0;

    *read = in && !ferror(in);
    if (in) {
        (void)fclose(in);
    }
    return *read ? len : 0;
}

char *
wrong_file(const char *path)
{
    char octets[LOOKED_AT];
    bool read;
    size_t len = look(path, octets, &read);
    const char *is = read ? kind_of(path, octets, len) : NULL;

    memset(octets, 0, sizeof octets);       /* it may hold keys */
    return is ? g_strdup_printf("not a capture file: it is %s", is) :
                g_strdup("not a capture file");
}

bool
wrong_is_known(const char *path, const char *kind)
{
    char octets[LOOKED_AT];
    bool read;
    size_t len = look(path, octets, &read);

    return marked(octets, len) ||
           (kind && strstr(kind, "IxVeriWave") && is_called_archive(path));
}

static bool
is_part(const char *name)
{
    return g_str_has_suffix(name, PART_ENDING);
}

static bool
has(const char *folder, bool (*wanted)(const char *name))
{
    GDir *dir = g_dir_open(folder, 0, NULL);
    const char *name;
    bool found = false;

    while (dir && !found && (name = g_dir_read_name(dir))) {
        found = wanted(name);
    }
    if (dir) {
        g_dir_close(dir);
    }
    return found;
}

char *
wrong_folder(const char *path)
{
    if (has(path, is_part)) {
        return g_strdup("a folder with parts, which --series takes");
    }
    if (has(path, inputs_is_table)) {
        return g_strdup("a folder with keys, which --keys takes");
    }
    if (has(path, walk_is_result)) {
        return g_strdup("a folder with results, which --merge takes");
    }
    return g_strdup("a folder: name the files in it, or let espial --output RESULTS FOLDER read "
                    "all captures in it");
}
