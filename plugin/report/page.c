/* page.c - the whole page: what is told in full, and in which order.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "page.h"

#include <stdlib.h>
#include <string.h>

void
open_table(GString *out, const char *more, const char *caption, const char *const *columns)
{
    bool wide = !g_str_has_prefix(more, STACK);         /* to be scrolled with the keyboard too */

    html_put(out, wide ? "<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"%s\">" : "<div class=\"scroll\">", caption);
    g_string_append_printf(out, "<table%s>", more);
    html_put(out, "<caption class=\"hide\">%s</caption><thead><tr>", caption);
    for (; *columns; columns++) {
        bool number = **columns == '>';
        html_put(out, number ? "<th scope=\"col\" class=\"r\">%s</th>" : "<th scope=\"col\">%s</th>", *columns + number);
    }
    g_string_append(out, "</tr></thead>\n<tbody>\n");
}

void
close_table(GString *out)
{
    g_string_append(out, "</tbody></table></div>\n");
}

double
message_time(const struct ike_sa *sa, uint32_t frame)
{
    for (guint i = 0; frame && i < sa->exchanges->len; i++) {
        const struct exchange *x = (const struct exchange *)g_ptr_array_index(sa->exchanges, i);
        for (guint k = 0; k < x->messages->len; k++) {
            const struct exchange_message *m = &g_array_index(x->messages, struct exchange_message, k);
            if (m->frame == frame) {
                return m->time;
            }
        }
    }
    return 0;
}

void
sa_span(const struct page *p, const struct ike_sa *sa, double *first, double *last)
{
    *first = sa->rekeys != NO_ID ? message_time(sadb_ike_sa(p->r->db, sa->rekeys), sa->first_frame) : 0;
    *last = *first;
    for (guint i = 0; i < sa->exchanges->len; i++) {
        const struct exchange *x = (const struct exchange *)g_ptr_array_index(sa->exchanges, i);
        for (guint k = 0; k < x->messages->len; k++) {
            const struct exchange_message *m = &g_array_index(x->messages, struct exchange_message, k);
            *first = *first > 0 ? MIN(*first, m->time) : m->time;
            *last = MAX(*last, m->again ? MAX(m->time, m->again->last_time) : m->time);
        }
    }
}

static void
judge(struct page *p)
{
    const struct report *r = p->r;

    p->num_sas = sadb_num_ike_sas(r->db);
    p->verdicts = g_new0(struct sa_verdict, MAX(p->num_sas, 1));
    p->is_full = g_new0(bool, MAX(p->num_sas, 1));
    p->told = g_array_new(FALSE, TRUE, sizeof(bool));
    g_array_set_size(p->told, (guint)findings_count(r->findings));
    for (size_t i = 0; i < findings_count(r->findings); i++) {
        const struct finding *f = findings_get(r->findings, i);
        enum severity s = f->severity;
        struct sa_verdict *v = f->ike_sa < p->num_sas ? &p->verdicts[f->ike_sa] : NULL;
        p->count[s]++;
        if (!v || s == SEV_CHAT) {
            continue;
        }
        if (!v->findings) {
            v->findings = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        }
        v->count[s]++;
        v->worst = MAX(v->worst, s);
        g_array_append_val(v->findings, f->id);
    }
}

struct rank {
    uint32_t id, count;
    enum severity worst;
};

static int
worst_first(const void *a, const void *b)
{
    const struct rank *p = (const struct rank *)a, *q = (const struct rank *)b;

    if (p->worst != q->worst) {
        return p->worst < q->worst ? 1 : -1;
    }
    if (p->count != q->count) {
        return p->count < q->count ? 1 : -1;
    }
    return p->id < q->id ? -1 : p->id > q->id;
}

static int
by_id(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    return i < j ? -1 : i > j;
}

/* The worst are told in full; in order of the capture, which a reader follows. */
static void
choose_full(struct page *p)
{
    struct rank *ranks = g_new0(struct rank, MAX(p->num_sas, 1));

    for (size_t i = 0; i < p->num_sas; i++) {
        const struct sa_verdict *v = &p->verdicts[i];
        ranks[i] = (struct rank){ (uint32_t)i, v->count[v->worst], v->worst };
    }
    qsort(ranks, p->num_sas, sizeof *ranks, worst_first);
    p->num_full = MIN(p->num_sas, PAGE_MAX_FULL);
    p->full = g_new0(uint32_t, PAGE_MAX_FULL);
    for (size_t i = 0; i < p->num_full; i++) {
        p->full[i] = ranks[i].id;
        p->is_full[ranks[i].id] = true;
    }
    qsort(p->full, p->num_full, sizeof *p->full, by_id);
    g_free(ranks);
}

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

    g_string_append(out, "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                    "<meta name=\"color-scheme\" content=\"light dark\">\n<meta name=\"referrer\" content=\"no-referrer\">\n"
                    "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; base-uri 'none'; "
                    "form-action 'none'; style-src 'sha256-");
    put_hash(out, page_style);
    g_string_append(out, "'; script-src 'sha256-");
    put_hash(out, page_script);
    html_put(out, "'\">\n<meta name=\"generator\" content=\"Espial %s\">\n<title>IPsec report", p->r->version);
    if (p->name) {
        html_put(out, ": %s", p->name);
    }
    html_put(out, "</title>\n<style>");
    g_string_append(out, page_style);
    g_string_append(out, "</style>\n</head>\n<body>\n<a class=\"skip\" href=\"#summary\">Skip to the summary</a>\n");
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
    g_string_append(p->out, "<nav aria-label=\"Contents\"><ul>\n<li><a href=\"#summary\">Summary</a></li>\n"
                    "<li><a href=\"#findings\">Findings</a></li>\n");
    if (p->num_sas) {
        g_string_append(p->out, "<li><a href=\"#time\">Time line</a></li>\n<li><a href=\"#sas\">IKE SAs in full</a></li>\n"
                        "<li><a href=\"#table\">All IKE SAs</a></li>\n");
    }
    g_string_append(p->out, has_orphans(p) ? "<li><a href=\"#streams\">ESP and AH without an SA</a></li>\n" : "");
    g_string_append(p->out, "<li><a href=\"#reading\">How to read this</a></li>\n</ul></nav>\n");
}

static void
put_time(struct page *p)
{
    if (!p->num_sas) {
        return;
    }
    g_string_append(p->out, "<section id=\"time\" aria-labelledby=\"time-h\">\n<h2 id=\"time-h\">Time line</h2>\n");
    page_timeline(p);
    g_string_append(p->out, "</section>\n");
}

static void
put_foot(struct page *p)
{
    html_put(p->out, "</main>\n<footer>Made by Espial %s from the capture alone. No key and no password is in this file, and "
             "it loads nothing.</footer>\n<script>", p->r->version);
    g_string_append(p->out, page_script);
    g_string_append(p->out, "</script>\n</body>\n</html>\n");
}

void
report_html(GString *out, const struct report *r, const struct traffic *t, const char *name)
{
    struct page p = { .out = out, .r = r, .traffic = t, .name = name, .start = sadb_first_time(r->db),
                      .end = sadb_last_time(r->db) };

    judge(&p);
    choose_full(&p);
    put_head(&p);
    g_string_append(out, "<header class=\"top\"><p class=\"kind\">IPsec capture report</p>\n");
    html_put(out, "<h1>%s</h1>\n", name ? name : "What the capture shows");
    put_contents(&p);
    g_string_append(out, "</header>\n<main>\n");
    page_words(&p);
    page_findings(&p);
    put_time(&p);
    page_sas(&p);
    page_table(&p);
    page_streams(&p);
    page_reading(&p);
    put_foot(&p);
    for (size_t i = 0; i < p.num_sas; i++) {
        if (p.verdicts[i].findings) {
            g_array_free(p.verdicts[i].findings, TRUE);
        }
    }
    g_array_free(p.told, TRUE);
    g_free(p.verdicts);
    g_free(p.is_full);
    g_free(p.full);
}
