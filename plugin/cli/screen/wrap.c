/* wrap.c - lines that are longer than a screen is wide.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "wrap.h"

#include <glib.h>
#include <string.h>

enum { HANGING = 4 };           /* blanks before what is left of a line, beside its own */

static unsigned
columns_of(const char *text, size_t len)
{
    unsigned columns = 0;

    for (const char *p = text; p < text + len; p = g_utf8_next_char(p)) {
        gunichar c = g_utf8_get_char(p);
        columns += g_unichar_iszerowidth(c) ? 0 : g_unichar_iswide(c) ? 2 : 1;
    }
    return columns;
}

static void
put_indent(GString *out, unsigned columns)
{
    g_string_append_printf(out, "%*s", (int)columns, "");
}

/* Octets of a word with the blanks before it: two of them are a gap that someone drew.  A unit goes
 * with its number. */
static size_t
word_len(const char *word)
{
    size_t len = strspn(word, " "), unit;

    len += strcspn(word + len, " ");
    unit = word[len] == ' ' ? strcspn(word + len + 1, " ") : 0;
    if (unit && unit <= sizeof "ms" && len && g_ascii_isdigit(word[len - 1])) {
        len += 1 + unit;
    }
    return len;
}

static void
put_line(GString *out, const char *line, unsigned columns)
{
    unsigned indent = (unsigned)strspn(line, " "), used = indent;
    const char *word = line + indent;

    put_indent(out, indent);
    while (*word) {
        size_t gap = strspn(word, " "), len = word_len(word);
        unsigned width = columns_of(word, len);
        if (used + width > columns && used > indent + HANGING) {
            g_string_append_c(out, '\n');
            put_indent(out, indent + HANGING);
            used = indent + HANGING;
            word += gap;
            len -= gap;
            width -= (unsigned)gap;
        }
        g_string_append_len(out, word, (gssize)len);
        used += width;
        word += len;
    }
}

char *
wrapped(const char *text, unsigned columns)
{
    GString *out = g_string_new(NULL);
    char **lines = g_strsplit(text, "\n", 0);

    for (char **line = lines; *line; line++) {
        if (columns && columns_of(*line, strlen(*line)) > columns &&
            !g_str_has_prefix(*line, "=== ")) {
            put_line(out, *line, columns);
        } else {
            g_string_append(out, *line);
        }
        if (line[1]) {
            g_string_append_c(out, '\n');
        }
    }
    g_strfreev(lines);
    return g_string_free(out, FALSE);
}
