/* kit.c - the pieces that every section of the page is made of: tables, severities, durations,
 * links.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"

#include <string.h>

void
open_table(GString *out, const char *more, const char *caption, const char *const *columns)
{
    bool wide = !g_str_has_prefix(more, STACK);         /* to be scrolled with the keyboard too */

    html_put(out,
             wide ? "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">" :
                    "<div class=\"scroll\">",
             caption);
    g_string_append_printf(out, "<table%s>", more);
    html_put(out, "<caption class=\"hide\">%s</caption><thead><tr>", caption);
    for (; *columns; columns++) {
        bool number = **columns == '>';
        html_put(out,
                 number ? "<th scope=\"col\" class=\"r\">%s</th>" : "<th scope=\"col\">%s</th>",
                 *columns + number);
    }
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

void
close_table(GString *out)
{
    g_string_append(out, "</tbody></table></div>\n");
}

void
put_plural(GString *out, uint64_t n, const char *one, const char *more)
{
    html_put(out, "%" G_GUINT64_FORMAT " %s", n, n == 1 ? one : more);
}

void
put_duration(GString *out, double seconds)
{
    unsigned whole = seconds > 0 && seconds < 4e9 ? (unsigned)seconds : 0;

    if (seconds < 10) {
        html_decimal(out, MAX(seconds, 0), seconds < 1 ? 3 : 2);
        g_string_append(out, " s");
    } else if (seconds < 120) {
        html_decimal(out, seconds, 1);
        g_string_append(out, " s");
    } else if (whole < 2 * 3600) {
        html_put(out, "%u min %u s", whole / 60, whole % 60);
    } else if (whole < 2 * 86400) {
        html_put(out, "%u h %u min", whole / 3600, whole / 60 % 60);
    } else {
        html_put(out, "%u days %u h", whole / 86400, whole / 3600 % 24);
    }
}

static char *
utc(double time, const char *format)
{
    GDateTime *t = g_date_time_new_from_unix_utc((gint64)time);
    char *text = t ? g_date_time_format(t, format) : NULL;

    if (t) {
        g_date_time_unref(t);
    }
    return text ? text : g_strdup("?");
}

void
put_when(GString *out, double time)
{
    put_period(out, time, time);
}

void
put_period(GString *out, double first, double last)
{
    char *from = utc(first, "%Y-%m-%d %H:%M:%S"), *to = utc(last, "%Y-%m-%d %H:%M:%S");
    size_t same = strcspn(from, " ") + 1;

    html_text(out, from);
    if (strcmp(from, to) != 0) {
        html_put(out, " to %s", strncmp(from, to, same) == 0 ? to + same : to);
    }
    g_string_append(out, " UTC");
    g_free(from);
    g_free(to);
}

void
put_severity(GString *out, enum severity s)
{
    html_put(out, "<span class=\"tag %s\">%s</span>", severity_name(s),
             s == SEV_CHAT ? "event" : severity_name(s));
}

void
put_severity_count(GString *out, enum severity s, uint32_t n)
{
    g_string_append(out, "<span class=\"sev\">");
    put_severity(out, s);
    html_put(out, " %u</span>", n);
}

void
put_frames(GString *out, const struct frame_list *frames)
{
    guint i = 0, ranges = 0;

    while (i < frames->len && ranges < PAGE_MAX_RANGES) {
        uint32_t first = g_array_index(frames, uint32_t, i), last = first;
        while (i + 1 < frames->len && g_array_index(frames, uint32_t, i + 1) == last + 1) {
            last++;
            i++;
        }
        html_put(out, "%s%u", ranges++ ? ", " : "", first);
        if (last > first) {
            html_put(out, "%s%u", last == first + 1 ? ", " : "\xe2\x80\x93", last);
        }
        i++;
    }
    if (i < frames->len) {
        html_put(out, " and %u more", frames->len - i);
    }
}

const char *
state_word(enum ike_sa_state s)
{
    static const char *const words[] = { "half open", "established", "failed", "rekeyed",
                                         "deleted" };

    return words[s];
}

void
put_endpoint_name(GString *out, const struct endpoint *e)
{
    char text[ADDR_TEXT_MAX];

    ip_print(&e->addr, text, sizeof text);
    if (e->id && strcmp(e->id, text) != 0) {
        html_put(out, "<b>%s</b> <span class=\"sub\">%s</span>", e->id, text);
    } else {
        html_put(out, "<b>%s</b>", text);
    }
}

void
put_sa_link(struct page *p, uint32_t id)
{
    if (id < p->num_sas && p->is_full[id]) {
        html_put(p->out, "<a class=\"nb\" href=\"#sa%u\">IKE SA %u</a>", id, id);
    } else if (id < MIN(p->num_sas, PAGE_MAX_SAS)) {
        html_put(p->out, "<a class=\"nb\" href=\"#t%u\">IKE SA %u</a>", id, id);
    } else {
        html_put(p->out, "IKE SA %u", id);
    }
}
