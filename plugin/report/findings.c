/* findings.c - each finding with its evidence, its basis and what to do.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"

#include <string.h>

/* Rows of a group. */
enum {
    OPEN_MAX = 25,              /* that need no click to be seen: a browser lays them out at once */
    FEW = 5                     /* that stay together on paper */
};

static void
put_basis(GString *out, enum basis b)
{
    html_put(out, "<span class=\"basis %s\">%s</span>", basis_name(b), basis_name(b));
}

/* --- one group ----------------------------------------------------------------- */

static bool
same_remedy(const struct finding_group *g)
{
    const struct finding *first = (const struct finding *)g_ptr_array_index(g->findings, 0);

    for (guint i = 1; i < g->findings->len; i++) {
        if (strcmp(((const struct finding *)g_ptr_array_index(g->findings, i))->remedy,
                   first->remedy) != 0) {
            return false;
        }
    }
    return true;
}

static void
put_where(struct page *p, const struct finding *f)
{
    if (f->ike_sa != NO_ID) {
        put_sa_link(p, f->ike_sa);
    }
    if (f->child_sa != NO_ID) {
        html_put(p->out, "%s<span class=\"nb\">Child SA %u</span>", f->ike_sa != NO_ID ? ", " : "",
                 f->child_sa);
    }
    if (f->stream != NO_ID && f->stream < sadb_num_streams(p->r->db)) {
        const struct stream *s = sadb_stream(p->r->db, f->stream);
        g_string_append(p->out, f->ike_sa != NO_ID || f->child_sa != NO_ID ? ", " : "");
        html_put(p->out, "<span class=\"nb\">SPI <code>%08x</code></span>", s->spi);
    }
    if (f->ike_sa == NO_ID && f->child_sa == NO_ID && f->stream == NO_ID) {
        g_string_append(p->out, "the capture");
    }
}

static void
put_row(struct page *p, const struct finding *f, const struct finding *before, bool remedy)
{
    html_put(p->out, "<tr id=\"f%u\"><td class=\"n\" data-l=\"Frames\">", f->id);
    put_frames(p->out, f->frames);
    if (f->count > f->frames->len) {
        html_put(p->out, " (%u times)", f->count);
    }
    g_string_append(p->out, "</td><td data-l=\"Where\">");
    put_where(p, f);
    if (before && strcmp(before->detail, f->detail) == 0) {
        g_string_append(p->out, "</td><td class=\"sub\" data-l=\"Seen\">as above</td>");
    } else {
        g_string_append(p->out, "</td><td class=\"what\" data-l=\"Seen\">");
        html_text_breaking(p->out, f->detail);
        g_string_append(p->out, "</td>");
    }
    if (remedy) {
        html_put(p->out, "<td class=\"what\" data-l=\"To do\">%s</td>", f->remedy);
    }
    g_string_append(p->out, "<td data-l=\"Basis\">");
    put_basis(p->out, f->basis);
    g_string_append(p->out, "</td></tr>\n");
    g_array_index(p->anchored, bool, f->id) = true;
}

/* All of the group follow from one diagnosis, which says what to do; NULL. */
static const struct diagnosis *
followed(const struct page *p, const struct finding_group *g)
{
    uint32_t first = NO_ID, of;

    for (guint i = 0; i < g->findings->len; i++) {
        const struct finding *f = (const struct finding *)g_ptr_array_index(g->findings, i);
        if (diagnoses_role(p->r->diagnoses, f->id, &of) != ROLE_FOLLOWS ||
            (first != NO_ID && of != first)) {
            return NULL;
        }
        first = of;
    }
    return diagnoses_get(p->r->diagnoses, first);
}

/* What is weak has a line in the summary, and notes are of interest only: paper has their
 * titles. */
static bool
is_aside(const struct page *p, const struct finding_group *g)
{
    uint32_t of;

    for (guint i = 0; i < g->findings->len && g->severity >= SEV_WARN; i++) {
        const struct finding *f = (const struct finding *)g_ptr_array_index(g->findings, i);
        if (diagnoses_role(p->r->diagnoses, f->id, &of) != ROLE_HYGIENE) {
            return false;
        }
    }
    return true;
}

static void
put_group(struct page *p, const struct finding_group *g, size_t *left)
{
    const struct check *c = &checks[g->check];
    const struct finding *first = (const struct finding *)g_ptr_array_index(g->findings, 0);
    static const char *const columns[] = { "Frames", "Where", "Seen", "To do", "Basis", NULL };
    static const char *const short_columns[] = { "Frames", "Where", "Seen", "Basis", NULL };
    const struct diagnosis *cause = followed(p, g);
    bool same = cause || same_remedy(g);
    guint shown = (guint)MIN((size_t)g->findings->len, *left);

    html_put(p->out, "<details class=\"finding %s%s%s\" id=\"g%u\"%s><summary>",
             severity_name(g->severity), is_aside(p, g) ? " well" : "",
             shown <= FEW ? " few" : "", first->id,
             g->severity >= SEV_WARN && shown <= OPEN_MAX ? " open" : "");
    put_severity(p->out, g->severity);
    html_put(p->out, " <h3>%s</h3>", c->title);
    if (g->findings->len > 1) {
        html_put(p->out, " <span class=\"times\">%u times</span>", g->findings->len);
    }
    g_string_append(p->out, "</summary>\n");
    if (cause && !p->told[cause->id]) {
        html_put(p->out, "<p class=\"do\"><b>Follows from</b> %s</p>\n", cause->title);
    } else if (cause) {
        html_put(p->out, "<p class=\"do\"><b>Follows from</b> <a href=\"#d%u\">%s</a></p>\n",
                 cause->id, cause->title);
    } else if (same) {
        html_put(p->out, "<p class=\"do\"><b>To do</b> %s</p>\n", first->remedy);
    }
    open_table(p->out, STACK, c->title, same ? short_columns : columns);
    for (guint i = 0; i < shown; i++) {
        const struct finding *f = (const struct finding *)g_ptr_array_index(g->findings, i);
        put_row(p, f, i ? (const struct finding *)g_ptr_array_index(g->findings, i - 1) : NULL,
                !same);
    }
    close_table(p->out);
    if (shown < g->findings->len) {
        html_put(
            p->out,
            "<p class=\"limit\">%u more of this kind are not listed; the JSON report holds them all.</p>\n",
            g->findings->len - shown);
    }
    html_put(p->out,
             "<p class=\"foot\">%s \xc2\xb7 in Wireshark <code>espial.%s</code></p>\n</details>\n",
             c->reference, c->name);
    *left -= shown;
}

void
page_findings(struct page *p)
{
    GArray *groups = finding_groups(p->r->findings);
    size_t left = PAGE_MAX_FINDINGS;

    g_string_append(
        p->out,
        "<section id=\"findings\" aria-labelledby=\"findings-h\">\n<h2 id=\"findings-h\">Findings</h2>\n");
    if (!groups->len) {
        g_string_append(p->out, "<p>No findings in this capture.</p>\n");
    } else if (!p->count[SEV_ERROR] && !p->count[SEV_WARN]) {
        g_string_append(p->out,
                        "<p>No warnings or errors. The following is for the record.</p>\n");
    }
    for (guint i = 0; i < groups->len; i++) {
        put_group(p, &g_array_index(groups, struct finding_group, i), &left);
    }
    g_string_append(p->out, "</section>\n");
    finding_groups_free(groups);
}
