/* tables.c - the table of all IKE SAs, and of streams without one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"

enum { TABLE_NAME_MAX = 48 };

static void
put_short_name(GString *out, const struct endpoint *e)
{
    char text[ID_TEXT_MAX];

    html_text_cut(out, endpoint_print(e, text, sizeof text), TABLE_NAME_MAX);
}

static void
put_table_row(struct page *p, const struct ike_sa *sa)
{
    const struct sa_verdict *v = &p->verdicts[sa->id];
    GString *out = p->out;
    uint64_t packets = 0;

    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        for (guint k = 0; k < c->streams.len; k++) {
            packets += (c->streams.at[k])->packets;
        }
    }
    html_put(out, "<tr id=\"t%u\"><th scope=\"row\">", sa->id);
    html_put(out, p->is_full[sa->id] ? "<a href=\"#sa%u\">%u</a></th><td>" : "%u</th><td>", sa->id,
             sa->id);
    put_short_name(out, &sa->initiator);
    g_string_append(out, "</td><td>");
    put_short_name(out, &sa->responder);
    html_put(out, "</td><td>v%u</td><td>%s</td><td>", sa->major, state_word(sa->state));
    if (sa->chosen) {
        html_text(out, sa->chosen->text);
    }
    html_put(out, "</td><td>%u</td><td>%" G_GUINT64_FORMAT "</td><td>%u\xe2\x80\x93%u</td><td>",
             sa->children.len, packets, sa->first_frame, sa->last_frame);
    if (v->worst > SEV_CHAT) {
        put_severity_count(out, v->worst, v->count[v->worst]);
    }
    g_string_append(out, "</td></tr>\n");
}

void
page_table(struct page *p)
{
    static const char *const columns[] = { "SA", "Initiator", "Responder", "IKE",
                                           "State", "Suite", "Child SAs", "Packets",
                                           "Frames", "Worst", NULL };
    size_t shown = MIN(p->num_sas, PAGE_MAX_SAS);

    if (!p->num_sas) {
        return;
    }
    g_string_append(
        p->out,
        "<section id=\"table\" aria-labelledby=\"table-h\">\n<h2 id=\"table-h\">All IKE SAs</h2>\n");
    open_table(p->out, " class=\"all\" data-filter=\"IKE SAs\"", "All IKE SAs", columns);
    for (size_t i = 0; i < shown; i++) {
        put_table_row(p, sadb_ike_sa(p->r->db, i));
    }
    close_table(p->out);
    if (shown < p->num_sas) {
        html_put(
            p->out,
            "<p class=\"limit\">%u more IKE SAs are not listed; the JSON report holds them all.</p>\n",
            (unsigned)(p->num_sas - shown));
    }
    g_string_append(p->out, "</section>\n");
}

static void
put_orphan(GString *out, const struct stream *s)
{
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], cipher[TEXT_MAX];

    html_put(
        out,
        "<tr><th scope=\"row\" data-l=\"SPI\"><code>%08x</code> <span class=\"sub\">%s%s</span>",
        s->spi, s->protocol == PROTO_AH ? "AH" : "ESP", stream_carrier(s));
    if (stream_suggests(s, cipher, sizeof cipher)) {
        html_put(out, "<br><span class=\"sub\">lengths suggest %s</span>", cipher);
    }
    g_string_append(out, "</th>");
    html_put(out, "<td data-l=\"From\">%s</td><td data-l=\"To\">%s</td>",
             ip_print(&s->src, a, sizeof a), ip_print(&s->dst, b, sizeof b));
    html_put(out,
             "<td class=\"r\" data-l=\"Packets\">%u</td><td class=\"r\" data-l=\"Missing\">"
             "%" G_GUINT64_FORMAT "</td>",
             s->packets, s->lost);
    html_put(out, "<td class=\"n\" data-l=\"Frames\">%u\xe2\x80\x93%u</td></tr>\n", s->first_frame,
             s->last_frame);
}

void
page_streams(struct page *p)
{
    static const char *const columns[] = { "SPI", "From", "To", ">Packets",
                                           ">Missing", "Frames", NULL };
    size_t shown = 0, more = 0;

    for (size_t i = 0; i < sadb_num_streams(p->r->db); i++) {
        const struct stream *s = sadb_stream(p->r->db, i);
        if (s->child) {
            continue;
        }
        if (shown == PAGE_MAX_STREAMS) {
            more++;
            continue;
        }
        if (shown++ == 0) {
            g_string_append(
                p->out,
                "<section id=\"streams\" aria-labelledby=\"streams-h\">\n<h2 id=\"streams-h\">ESP "
                "and AH without a negotiated SA</h2>\n");
            open_table(p->out, STACK " data-filter=\"streams\"", "Streams without an SA", columns);
        }
        put_orphan(p->out, s);
    }
    if (!shown) {
        return;
    }
    close_table(p->out);
    if (more) {
        html_put(
            p->out,
            "<p class=\"limit\">%u more streams are not listed; the JSON report holds them all.</p>\n",
            (unsigned)more);
    }
    g_string_append(p->out, "</section>\n");
}
