/* text.c - what strangers wrote, as text that does nothing.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/text.h>

#include <glib.h>

struct range {
    gunichar first, last;
};

/* Controls, zero widths, marks and overrides of direction, separators, fillers, variation
 * selectors, tags. */
static const struct range hidden[] = {
    { 0x00, 0x1f },       { 0x7f, 0x9f },       { 0xad, 0xad },     { 0x34f, 0x34f },
    { 0x61c, 0x61c },     { 0x115f, 0x1160 },   { 0x17b4, 0x17b5 }, { 0x180b, 0x180f },
    { 0x200b, 0x200f },   { 0x2028, 0x202e },   { 0x2060, 0x206f }, { 0x3164, 0x3164 },
    { 0xfe00, 0xfe0f },   { 0xfeff, 0xfeff },   { 0xffa0, 0xffa0 }, { 0xfff0, 0xfffb },
    { 0x1d173, 0x1d17a }, { 0xe0000, 0xe0fff },
};

bool
text_hidden(uint32_t c)
{
    if ((c & 0xfffe) == 0xfffe || (c >= 0xfdd0 && c <= 0xfdef)) {
        return true;            /* noncharacters */
    }
    for (size_t i = 0; i < G_N_ELEMENTS(hidden); i++) {
        if (c >= hidden[i].first && c <= hidden[i].last) {
            return true;
        }
    }
    return false;
}

char *
text_shown(const char *text)
{
    GString *out = g_string_new(NULL);

    while (*text) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            g_string_append_unichar(out, TEXT_REPLACEMENT);
            text++;
            continue;
        }
        if (text_hidden(c)) {
            g_string_append_printf(out, "[U+%04X]", c);
        } else {
            g_string_append_unichar(out, c);
        }
        text = g_utf8_next_char(text);
    }
    return g_string_free(out, FALSE);
}

char *
text_reason(const char *message)
{
    const char *colon = g_strrstr(message, ": ");

    return text_shown(colon ? colon + 2 : message);
}
