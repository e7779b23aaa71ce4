/* Text into HTML.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include "html.h"
#include <stdint.h>

static const char *
text_of(const char *text)
{
    static char out[512];
    GString *s = g_string_new(NULL);

    html_text(s, text);
    g_strlcpy(out, s->str, sizeof out);
    g_string_free(s, TRUE);
    return out;
}

static const char *
cut_of(const char *text, unsigned max)
{
    static char out[512];
    GString *s = g_string_new(NULL);

    html_text_cut(s, text, max);
    g_strlcpy(out, s->str, sizeof out);
    g_string_free(s, TRUE);
    return out;
}

static void
escapes(void)
{
    T_STR(text_of("plain"), "plain");
    T_STR(text_of(""), "");
    T_STR(text_of(NULL), "");
    T_STR(text_of("<b>&\"'</b>"), "&lt;b&gt;&amp;&quot;&#39;&lt;/b&gt;");
    T_STR(text_of("&amp;"), "&amp;amp;");
    T_STR(text_of("%s%n"), "%s%n");
    T_STR(text_of("m\xc3\xbcller"), "m\xc3\xbcller");
}

static void
broken_octets(void)
{
    T_STR(text_of("a\xff" "b"), "a\xef\xbf\xbd" "b");
    T_STR(text_of("\xc3"), "\xef\xbf\xbd");                             /* cut off */
    T_STR(text_of("\xc0\xbcscript"), "\xef\xbf\xbd\xef\xbf\xbdscript");  /* overlong '<' */
    T_STR(text_of("\xed\xa0\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");     /* a surrogate */
    T_STR(text_of("\xf4\x90\x80\x80"), "\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd");
}

static void
unseen(void)
{
    T_STR(text_of("a\x1b[0m\x7f\n"), "a[U+001B][0m[U+007F][U+000A]");
    T_STR(text_of("\xc2\x85"), "[U+0085]");
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): is what is tested: a right-to-left override */
    T_STR(text_of("x\xe2\x80\xaegnp.exe"), "x[U+202E]gnp.exe");
    /* NOLINTNEXTLINE(misc-misleading-bidirectional): is what is tested */
    T_STR(text_of("\xe2\x81\xa6\xe2\x80\x8b\xef\xbb\xbf"), "[U+2066][U+200B][U+FEFF]");
    T_STR(text_of("\xf3\xa0\x81\x81"), "[U+E0041]");
    T_STR(text_of("\xef\xbf\xbf\xef\xb7\x90"), "[U+FFFF][U+FDD0]");
}

static void
cuts(void)
{
    T_STR(cut_of("abcdef", 6), "abcdef");
    T_STR(cut_of("abcdefg", 6), "abcdef\xe2\x80\xa6");
    /* by characters, never inside one */
    T_STR(cut_of("<<<", 2), "&lt;&lt;\xe2\x80\xa6");
    T_STR(cut_of("\xc3\xbc\xc3\xbc", 1), "\xc3\xbc\xe2\x80\xa6");
    T_STR(cut_of("a", 0), "\xe2\x80\xa6");
    T_STR(cut_of("", 0), "");
}

static void
values(void)
{
    GString *s = g_string_new(NULL);
    uint64_t large = 0x123456789abcULL;

    html_put(s, "<td>%s</td> %u %d %x %08x %lu %c 100%%", "<&>", 7u, -3, 255u, 0xabcu,
             (unsigned long)large, '<');
    T_STR(s->str, "<td>&lt;&amp;&gt;</td> 7 -3 ff 00000abc 20015998343868 &lt; 100%");
    g_string_truncate(s, 0);
    html_put(s, "%" G_GUINT64_FORMAT, (guint64)UINT64_MAX);
    T_STR(s->str, "18446744073709551615");
    g_string_truncate(s, 0);
    html_text_breaking(s, "ESP:A_1/B<2 10.0.0.0/8");
    T_STR(s->str, "ESP:A_1/<wbr>B&lt;2 10.0.0.0/8");
    g_string_truncate(s, 0);
    html_decimal(s, 12.345, 2);
    html_decimal(s, -0.5, 0);
    T(g_str_has_prefix(s->str, "12.3") && strchr(s->str, ',') == NULL);
    g_string_free(s, TRUE);
}

int
main(void)
{
    escapes();
    broken_octets();
    unseen();
    cuts();
    values();
    return t_done();
}
