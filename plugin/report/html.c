/* html.c - HTML out of facts.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "html.h"
#include <espial/text.h>

#include <stdbool.h>
#include <stdint.h>
#include <stdarg.h>
#include <string.h>

enum { SPEC_MAX = 12, ELLIPSIS = 0x2026 };

static void
put_character(GString *out, gunichar c)
{
    switch (c) {
    case '&': g_string_append(out, "&amp;"); break;
    case '<': g_string_append(out, "&lt;"); break;
    case '>': g_string_append(out, "&gt;"); break;
    case '"': g_string_append(out, "&quot;"); break;
    case '\'': g_string_append(out, "&#39;"); break;
    default:
        if (text_hidden(c)) {
            g_string_append_printf(out, "[U+%04X]", c);
        } else {
            g_string_append_unichar(out, c);
        }
    }
}

void
html_text_cut(GString *out, const char *text, unsigned max)
{
    while (text && *text) {
        gunichar c = g_utf8_get_char_validated(text, -1);
        if (max-- == 0) {
            put_character(out, ELLIPSIS);
            return;
        }
        if (c == (gunichar)-1 || c == (gunichar)-2) {
            put_character(out, TEXT_REPLACEMENT);
            text++;
        } else {
            put_character(out, c);
            text = g_utf8_next_char(text);
        }
    }
}

void
html_text(GString *out, const char *text)
{
    html_text_cut(out, text, UINT32_MAX);
}

void
html_text_breaking(GString *out, const char *text)
{
    for (const char *slash; (slash = strchr(text, '/')) != NULL; text = slash + 1) {
        char *part = g_strndup(text, (gsize)(slash + 1 - text));
        html_text(out, part);
        g_string_append(out, g_ascii_isupper(slash[1]) ? "<wbr>" : "");
        g_free(part);
    }
    html_text(out, text);
}

/* A conversion of html_put: spec is "%08x" or alike. */
static void
put_value(GString *out, const char *spec, char kind, unsigned longs, va_list *args)
{
    if (kind == 's') {
        html_text(out, va_arg(*args, const char *));
    } else if (kind == 'c') {
        put_character(out, (gunichar)va_arg(*args, int));
    } else if (longs == 0) {
        char text[32];
        unsigned n = va_arg(*args, unsigned);
        g_snprintf(text, sizeof text,
                   kind == 'd'    ? "%d" :
                   spec[1] == '0' ? "%08x" :
                   kind == 'x'    ? "%x" :
                                    "%u",
                   n);
        g_string_append(out, text);
    } else {
        uint64_t n = longs == 1 ? va_arg(*args, unsigned long) : va_arg(*args, unsigned long long);
        g_string_append_printf(out, "%" G_GUINT64_FORMAT, n);
    }
}

void
html_put(GString *out, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    while (*format) {
        const char *percent = strchr(format, '%'), *at;
        char spec[SPEC_MAX];
        unsigned longs = 0;
        if (!percent) {
            g_string_append(out, format);
            break;
        }
        g_string_append_len(out, format, percent - format);
        at = percent + 1;
        while (g_ascii_isdigit(*at)) {
            at++;
        }
        for (; *at == 'l'; at++) {
            longs++;
        }
        if (*at == '%' || !*at || !strchr("sudxc", *at)) {
            g_string_append_c(out, '%');
            format = *at == '%' ? at + 1 : percent + 1;
            continue;
        }
        g_strlcpy(spec, percent, sizeof spec);
        put_value(out, spec, *at, longs, &args);
        format = at + 1;
    }
    va_end(args);
}

void
html_decimal(GString *out, double value, unsigned digits)
{
    char format[8], text[G_ASCII_DTOSTR_BUF_SIZE];

    g_snprintf(format, sizeof format, "%%.%uf", MIN(digits, 6));
    g_string_append(out, g_ascii_formatd(text, sizeof text, format, value));
}
