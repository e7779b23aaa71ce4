/* first.c - the first screen of the page: whether it works, what is wrong, since when, what to do.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"
#include "kit.h"
#include "sections.h"

#include <string.h>

void
page_outcome(struct page *p)
{
    static const char *const classes[] = { "error", "warning", "unknown", "ok" };
    const struct diagnoses *d = p->r->diagnoses;

    html_put(p->out, "<p class=\"verdict %s\">",
             diagnoses_num_tunnels(d) ? classes[diagnoses_verdict(d)] : "ok");
    html_text_breaking(p->out, diagnoses_outcome(d));
    g_string_append(p->out, "</p>\n");
}

/* --- diagnoses ---- */

static void
put_considered(GString *out, const struct diagnosis *d)
{
    if (!diagnosis_is_open(d) || !d->considered->len) {
        return;
    }
    g_string_append(out, "<p class=\"sub\">Not the cause: ");
    for (guint i = 0; i < d->considered->len; i++) {
        const struct considered *c = &g_array_index(d->considered, struct considered, i);
        html_put(out, "%s%s, because ", i ? "; " : "", c->what);
        html_text_breaking(out, c->because);
    }
    g_string_append(out, ".</p>\n");
}

/* Where the trouble begins, for whom goes by the clock and for whom goes by the capture. */
static void
put_since(struct page *p, const struct diagnosis *d)
{
    uint32_t last = g_array_index(d->frames, uint32_t, d->frames->len - 1);

    g_string_append(p->out, "<p class=\"do\"><b>Since</b> ");
    put_when(p->out, d->first_time);
    html_put(p->out, ", frame %u, ", d->first_frame);
    put_duration(p->out, d->first_time - p->start);
    g_string_append(p->out, " after the capture begins");
    if (last > d->first_frame) {
        html_put(p->out, "; last seen in frame %u, ", last);
        put_duration(p->out, d->last_time - d->first_time);
        g_string_append(p->out, " later");
    }
    g_string_append(p->out, "</p>\n");
}

static void
put_diagnosis(struct page *p, const struct diagnosis *d)
{
    const struct finding *f =
        findings_get(p->r->findings, g_array_index(d->evidence, uint32_t, 0));
    struct frame_list frames = { d->frames->data, d->frames->len, d->frames->len };

    if (p->told[d->id]) {       /* of another tunnel too */
        html_put(p->out, "<li class=\"%s\"><p class=\"head\">", severity_name(d->severity));
        put_severity(p->out, d->severity);
        html_put(p->out, " <a href=\"#d%u\">%s</a>, as above</p></li>\n", d->id, d->title);
        return;
    }
    html_put(p->out, "<li class=\"%s\" id=\"d%u\"><p class=\"head\">", severity_name(d->severity),
             d->id);
    p->told[d->id] = true;
    put_severity(p->out, d->severity);
    html_put(p->out, " <b>%s</b> <span class=\"times\">", d->title);
    html_put(p->out, frames.len == 1 ? "frame " : "frames ");
    put_frames(p->out, &frames);
    html_put(p->out, "</span> <span class=\"basis %s\">%s</span></p>\n<p>", basis_name(d->basis),
             basis_name(d->basis));
    html_text_breaking(p->out, d->text);
    g_string_append(p->out, "</p>\n");
    put_since(p, d);
    g_string_append(p->out, "<p class=\"do\"><b>To do</b> ");
    html_text_breaking(p->out, d->remedy);
    g_string_append(p->out, "</p>\n");
    put_considered(p->out, d);
    g_string_append(p->out, "<p class=\"sub\">");
    for (guint i = 0; i < d->ike_sas->len && i < PAGE_MAX_ALIKE; i++) {
        g_string_append(p->out, i ? ", " : "");
        put_sa_link(p, g_array_index(d->ike_sas, uint32_t, i));
    }
    g_string_append(p->out, d->ike_sas->len > PAGE_MAX_ALIKE ? ", .." : "");
    html_put(p->out, "%s%s</p></li>\n", d->ike_sas->len ? " \xc2\xb7 " : "",
             checks[f->check].reference);
}

static void
put_alike(GString *out, const struct tunnel_kind *k)
{
    if (!k->others->len) {
        return;
    }
    g_string_append(out, "<p class=\"limit\">Same cause: ");
    for (guint i = 0; i < k->others->len && i < PAGE_MAX_ALIKE; i++) {
        const struct tunnel *t = (const struct tunnel *)g_ptr_array_index(k->others, i);
        html_put(out, "%s%s to %s (from frame %u)", i ? ", " : "", t->who, t->peer,
                 t->first_frame);
    }
    if (k->others->len > PAGE_MAX_ALIKE) {
        html_put(out, " and %u more", k->others->len - PAGE_MAX_ALIKE);
    }
    g_string_append(out, ".</p>\n");
}

static void
put_kind(struct page *p, const struct tunnel_kind *k, bool several)
{
    if (several) {
        g_string_append(p->out, "<h4>");
        html_text_breaking(p->out, k->first->text);
        g_string_append(p->out, "</h4>\n");
    }
    g_string_append(p->out, "<ol class=\"first\">\n");
    for (guint i = 0; i < k->first->diagnoses->len; i++) {
        put_diagnosis(p, diagnoses_get(p->r->diagnoses,
                                       g_array_index(k->first->diagnoses, uint32_t, i)));
    }
    g_string_append(p->out, "</ol>\n");
    put_alike(p->out, k);
}

/* What concerns no tunnel. */
static void
put_general(struct page *p)
{
    bool begun = false;

    for (size_t i = 0; i < diagnoses_count(p->r->diagnoses); i++) {
        const struct diagnosis *d = diagnoses_get(p->r->diagnoses, i);
        if (d->tunnel == NO_ID) {
            g_string_append(p->out, begun ? "" : "<ol class=\"first\">\n");
            put_diagnosis(p, d);
            begun = true;
        }
    }
    g_string_append(p->out, begun ? "</ol>\n" : "");
}

void
page_diagnoses(struct page *p)
{
    GPtrArray *kinds;
    bool several = diagnoses_num_tunnels(p->r->diagnoses) > 1;

    if (!diagnoses_count(p->r->diagnoses)) {
        return;
    }
    g_string_append(p->out, "<h3>What is wrong, worst first</h3>\n");
    kinds = tunnel_kinds(p->r);
    for (guint i = 0; i < kinds->len && i < PAGE_MAX_FIRST; i++) {
        put_kind(p, (const struct tunnel_kind *)g_ptr_array_index(kinds, i), several);
    }
    if (kinds->len > PAGE_MAX_FIRST) {
        html_put(p->out,
                 "<p class=\"limit\">%u more kinds of failing tunnels: see the findings below, or "
                 "the JSON report.</p>\n",
                 kinds->len - PAGE_MAX_FIRST);
    }
    g_ptr_array_free(kinds, TRUE);
    put_general(p);
}

/* --- what is well, and what is weak ---- */

void
page_healthy(struct page *p)
{
    size_t n = diagnoses_num_tunnels(p->r->diagnoses), shown = 0, healthy = 0;

    for (size_t i = 0; i < n && n > 1; i++) {
        const struct tunnel *t = diagnoses_worst(p->r->diagnoses, i);
        if (t->diagnoses->len) {
            continue;
        }
        healthy++;
        if (shown < PAGE_MAX_PAIRS) {
            g_string_append(p->out, shown++ ? "" :
                                              "<h3>Tunnels without a fault</h3>\n"
                                              "<ul class=\"its\">\n");
            g_string_append(p->out, "<li>");
            html_text_breaking(p->out, t->text);
            g_string_append(p->out, "</li>\n");
        }
    }
    g_string_append(p->out, shown ? "</ul>\n" : "");
    if (healthy > shown) {
        html_put(p->out, "<p class=\"limit\">%u more.</p>\n", (unsigned)(healthy - shown));
    }
}

void
page_limits(struct page *p)
{
    for (size_t i = 0; i < findings_count(p->r->findings); i++) {
        const struct finding *f = findings_get(p->r->findings, i);
        if (check_rule(f->check)->area == AREA_LIMIT) {
            g_string_append(p->out, "<p class=\"limit\">");
            html_text_breaking(p->out, f->detail);
            g_string_append(p->out, "</p>\n");
        }
    }
}

void
page_hygiene(struct page *p)
{
    GPtrArray *kinds = hygiene_kinds(p->r, SEV_CHAT);

    if (kinds->len) {
        g_string_append(p->out, "<h3>Strength</h3>\n<ul class=\"its\">\n");
    }
    for (guint i = 0; i < kinds->len && i < PAGE_MAX_PAIRS; i++) {
        const struct hygiene_kind *k = (const struct hygiene_kind *)g_ptr_array_index(kinds, i);
        struct frame_list ids = { k->others->data, k->others->len, k->others->len };
        g_string_append(p->out, "<li>");
        html_text_breaking(p->out, k->first->text);
        if (ids.len) {
            g_string_append(p->out, " The same: ");
            put_plural(p->out, ids.len, "other IKE SA", "other IKE SAs");
            g_string_append(p->out, " (");
            put_frames(p->out, &ids);
            g_string_append(p->out, ").");
        }
        g_string_append(p->out, "</li>\n");
    }
    g_string_append(p->out, kinds->len ? "</ul>\n" : "");
    if (kinds->len > PAGE_MAX_PAIRS) {
        html_put(p->out, "<p class=\"limit\">%u more kinds.</p>\n", kinds->len - PAGE_MAX_PAIRS);
    }
    g_ptr_array_free(kinds, TRUE);
}
