/* page.c - the whole page: head, sections in their order, foot.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "sections.h"

#include "kit.h"

static void
put_hash(GString *out, const char *text)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA256);
    guint8 digest[32];
    gsize len = sizeof digest;
    char *base64;

    g_checksum_update(sum, (const guchar *)text, -1);
    g_checksum_get_digest(sum, digest, &len);
    base64 = g_base64_encode(digest, len);
    g_string_append(out, base64);
    g_free(base64);
    g_checksum_free(sum);
}

/* Nothing is loaded and no script runs but the one below, whatever a capture may hold. */
static void
put_head(struct page *p)
{
    GString *out = p->out;
    char *style = g_strconcat(page_style,
                              points_meet(sadb_points(p->r->db)) ? page_points_style : "", NULL);

    g_string_append(
        out,
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
        "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
        "form-action 'none'; style-src 'sha256-");
    put_hash(out, style);
    g_string_append(out, "'; script-src 'sha256-");
    put_hash(out, page_script);
    html_put(out, "'\">\n<meta name=\"generator\" content=\"Espial %s\">\n<title>IPsec report",
             p->r->version);
    if (p->r->title || p->name) {
        html_put(out, ": %s", p->r->title ? p->r->title : p->name);
    }
    html_put(out, "</title>\n<style>");
    g_string_append(out, style);
    g_free(style);
    g_string_append(
        out,
        "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#summary\">Skip to the summary</a>\n");
}

static bool
has_orphans(const struct page *p)
{
    for (size_t i = 0; i < sadb_num_streams(p->r->db); i++) {
        if (!sadb_stream(p->r->db, i)->child) {
            return true;
        }
    }
    return false;
}

static void
put_contents(struct page *p)
{
    g_string_append(p->out,
                    "<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#summary\">Summary</a></li>\n"
                    "<li><a href=\"#findings\">Findings</a></li>\n");
    if (points_meet(sadb_points(p->r->db))) {
        g_string_append(p->out, "<li><a href=\"#points\">Capture points</a></li>\n");
    }
    if (p->num_sas) {
        g_string_append(
            p->out,
            "<li><a href=\"#time\">Time line</a></li>\n<li><a href=\"#sas\">IKE SAs in full</a></li>\n"
            "<li><a href=\"#table\">All IKE SAs</a></li>\n");
    }
    g_string_append(p->out, has_orphans(p) ?
                                "<li><a href=\"#streams\">ESP and AH without an SA</a></li>\n" :
                                "");
    g_string_append(p->out, series_count(p->r->series) > 1 ?
                                "<li><a href=\"#files\">Files</a></li>\n" :
                                "");
    g_string_append(p->out, "<li><a href=\"#reading\">How to read this report</a></li>\n"
                            "</ul></nav>\n");
}

static void
put_time(struct page *p)
{
    if (!p->num_sas) {
        return;
    }
    g_string_append(
        p->out,
        "<section id=\"time\" aria-labelledby=\"time-h\">\n<h2 id=\"time-h\">Time line</h2>\n");
    page_timeline(p);
    g_string_append(p->out, "</section>\n");
}

static void
put_foot(struct page *p)
{
    html_put(
        p->out,
        "</main>\n<footer>Made by Espial %s from the capture alone. No key and no password is in this file, and "
        "it loads nothing.</footer>\n<script>",
        p->r->version);
    g_string_append(p->out, page_script);
    g_string_append(p->out, "</script>\n</body>\n</html>\n");
}

/* Of what, from when and by what: an item each. */
static void
put_about(struct page *p)
{
    const struct report *r = p->r;
    GString *out = p->out;

    g_string_append(out, "<ul class=\"about\">\n");
    if (r->title && p->name) {
        html_put(out, "<li>%s</li>\n", p->name);
    }
    if (sadb_num_frames(r->db)) {
        g_string_append(out, "<li>captured ");
        put_period(out, p->start, p->end);
        g_string_append(out, "</li>\n");
    }
    if (r->date || r->author) {
        html_put(out, r->date ? "<li>report of %s" : "<li>report", r->date);
        html_put(out, r->author ? " by %s</li>\n" : "</li>\n", r->author);
    }
    html_put(out, "<li>Espial %s", r->version);
    html_put(out, r->wireshark ? ", Wireshark %s</li>\n</ul>\n" : "</li>\n</ul>\n", r->wireshark);
}

/* The name of a capture in several files; NULL where nothing is known of it. */
static char *
name_of(const struct report *r, const char *name)
{
    size_t files = series_count(r->series);

    if (files < 2) {
        return g_strdup(name);
    }
    return g_strdup_printf("%s and %u more file%s", series_get(r->series, 0)->name,
                           (unsigned)(files - 1), files == 2 ? "" : "s");
}

void
report_html(GString *out, const struct report *r, const struct traffic *t, const char *capture)
{
    char *name = name_of(r, capture);
    struct page p = { .out = out,
                      .r = r,
                      .traffic = t,
                      .name = name,
                      .start = sadb_first_time(r->db),
                      .end = sadb_last_time(r->db) };

    page_begin(&p);
    put_head(&p);
    g_string_append(out, "<header class=\"top\"><p class=\"kind\">IPsec capture report</p>\n");
    html_put(out, "<h1>%s</h1>\n", r->title ? r->title : name ? name : "What the capture shows");
    put_about(&p);
    put_contents(&p);
    g_string_append(out, "</header>\n<main>\n");
    page_summary(&p);
    page_findings(&p);
    page_points(&p);
    put_time(&p);
    page_sas(&p);
    page_table(&p);
    page_streams(&p);
    page_files(&p);
    page_reading(&p);
    put_foot(&p);
    page_end(&p);
    g_free(name);
}
