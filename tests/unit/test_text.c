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
    return t_done();
}
