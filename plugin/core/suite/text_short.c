/* text_short.c - sentences where there is little room: a row of the packet list, lines of the
 * details.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/text.h>

#include <glib.h>

enum { WORD_KEPT = 20 }; /* octets of a suite that is short enough to stay */

/* The first sentence, without what stands in parentheses: frames, SPIs, suites. */
static GString *
bare_sentence(const char *text)
{
    GString *out = g_string_new(NULL);
    unsigned depth = 0;

    for (; *text; text++) {
        if (*text == '(' && strchr(text, ')')) {
            if (!depth && out->len && out->str[out->len - 1] == ' ') {
                g_string_truncate(out, out->len - 1);
            }
            depth++;
        } else if (depth) {
            depth -= *text == ')';
        } else if (text[0] == '.' && (text[1] == ' ' || !text[1])) {
            break;
        } else {
            g_string_append_c(out, *text);
        }
    }
    return out;
}

/* ".." for each suite, which the details have. */
static void
drop_suites(GString *text)
{
    char **words = g_strsplit(text->str, " ", -1);

    g_string_truncate(text, 0);
    for (char **word = words; *word; word++) {
        size_t len = strlen(*word);
        if (word > words) {
            g_string_append_c(text, ' ');
        }
        if (len <= WORD_KEPT || !strchr(*word, '/')) {
            g_string_append(text, *word);
            continue;
        }
        g_string_append(text, "..");
        if (strchr(",;:", (*word)[len - 1])) {
            g_string_append_c(text, (*word)[len - 1]);
        }
    }
    g_strfreev(words);
}

/* To the end of a word, of a character where one word is too long. */
static void
cut(GString *text, size_t max)
{
    size_t len = max;
    const char *end;

    while (len && text->str[len] != ' ') {
        len--;
    }
    while (len && strchr(" ,;:", text->str[len - 1])) {
        len--;
    }
    if (!len) {
        g_utf8_validate(text->str, (gssize)max, &end);
        len = (size_t)(end - text->str);
    }
    g_string_truncate(text, len);
    g_string_append(text, " ..");
}

char *
text_head(const char *text, size_t max)
{
    GString *out = bare_sentence(text);

    if (out->len > max) {
        drop_suites(out);
    }
    if (out->len > max) {
        cut(out, max);
    }
    return g_string_free(out, FALSE);
}

size_t
text_line(const char *text, size_t max)
{
    size_t len = strlen(text), at = 0, word = 0;
    const char *end;

    if (len <= max) {
        return len;
    }
    for (size_t i = 0; i < max; i++) {
        if (text[i + 1] != ' ') {
            continue;
        }
        word = i + 1;
        if (strchr(".;", text[i]) && i >= max / 2) {
            at = i + 1;
        }
    }
    if (at || word) {
        return at ? at : word;
    }
    g_utf8_validate(text, (gssize)max, &end);
    return end > text ? (size_t)(end - text) : max;
}
