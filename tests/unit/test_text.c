/* What strangers wrote, for a terminal.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/text.h>

#include <glib.h>

static void
shows(const char *text, const char *want)
{
    char *got = text_shown(text);

    T_STR(got, want);
    T(g_utf8_validate(got, -1, NULL));
    g_free(got);
}

static void
heads(const char *text, size_t max, const char *want)
{
    char *got = text_head(text, max);

    T_STR(got, want);
    g_free(got);
}

static void
test_head(void)
{
    heads("", 20, "");
    heads("Inner source 10.86.152.188, but Child SA 0 (SPI ac47f960, quick mode in frame 11) "
          "admits only 10.86.152.186/32 from lisa@corp.example. The rest.",
          120,
          "Inner source 10.86.152.188, but Child SA 0 admits only 10.86.152.186/32 from "
          "lisa@corp.example");
    heads("Offered (IKE:A (twice)) IKE:3DES_CBC/HMAC_MD5_96/MODP_768; encryption does not match.",
          60, "Offered ..; encryption does not match");
    heads("An open ( parenthesis stays", 60, "An open ( parenthesis stays");
    heads("one two, three four", 10, "one two ..");
    heads("M\303\274nchen\303\274nchen", 2, "M ..");
}

/* All of text, a line each, in want. */
static void
lines(const char *text, size_t max, const char *want)
{
    GString *got = g_string_new(NULL);

    while (*text) {
        size_t len = text_line(text, max);
        T(len > 0 && len <= max);
        g_string_append_printf(got, "%.*s|", (int)len, text);
        for (text += len; *text == ' '; text++) {
        }
    }
    T_STR(got->str, want);
    g_string_free(got, TRUE);
}

static void
test_line(void)
{
    lines("", 10, "");
    lines("short", 10, "short|");
    lines("one two three", 8, "one two|three|");
    lines("a. One sentence; two of them.", 20, "a. One sentence;|two of them.|");
    lines("abcdefghijkl", 5, "abcde|fghij|kl|");
    lines("abcd\303\274\303\274", 5, "abcd|\303\274\303\274|");
}

int
main(void)
{
    static const uint32_t hidden[] = {
        0x00, '\n', 0x1b, 0x7f, 0x85, 0x9b, 0xad, 0x61c, 0x200b, 0x200e, 0x200f, 0x2028, 0x2029,
        0x202a, 0x202e, 0x2066, 0x2069, 0xfeff, 0xfdd0, 0x1fffe, 0x10ffff, 0xe0041
    };
    static const uint32_t seen[] = { ' ', '~', 0xa0, 0xfc, 0x2010, 0x202f, 0x65e5, 0xfffd };

    for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++) {
        T(text_hidden(hidden[i]));
    }
    for (size_t i = 0; i < G_N_ELEMENTS(seen); i++) {
        T(!text_hidden(seen[i]));
    }
    shows("", "");
    shows("M\303\274nchen %n", "M\303\274nchen %n");
    shows("a\nb\033[31m", "a[U+000A]b[U+001B][31m");
    shows((const char[]){ (char)0xe2, (char)0x80, (char)0xae, 'x', 0 }, "[U+202E]x");
    shows("\377\300\257x\303", "\357\277\275\357\277\275\357\277\275x\357\277\275");
    test_head();
    test_line();
    return t_done();
}
