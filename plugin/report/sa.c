/* sa.c - IKE SAs in full.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"
#include "traffic.h"

#include <string.h>

enum { FINDINGS_SHOWN = 12 };

static void
put_spi8(GString *out, const uint8_t spi[8])
{
    g_string_append(out, "<code>");
    for (int i = 0; i < 8; i++) {
        g_string_append_printf(out, "%02x", spi[i]);
    }
    g_string_append(out, "</code>");
}

static void
put_selectors(GString *out, const struct selector *s, size_t n)
{
    char text[TS_TEXT_MAX];

    if (!n) {
        g_string_append(out, "<span class=\"sub\">not known</span>");
    }
    for (size_t i = 0; i < n; i++) {
        html_put(out, "%s<span class=\"nb\">%s</span>", i ? ", " : "",
                 selector_print(&s[i], text, sizeof text));
    }
}

static void
put_suite(GString *out, const struct kept_proposal *k)
{
    if (!k) {
        g_string_append(out, "<span class=\"sub\">not read</span>");
        return;
    }
    g_string_append(out, "<span class=\"suite\">");
    html_text_breaking(out, k->text);
    g_string_append(out, "</span>");
}

/* --- facts --------------------------------------------------------------------- */

static void
fact(GString *out, const char *name)
{
    html_put(out, "<dt>%s</dt><dd>", name);
}

static void
put_facts(struct page *p, const struct ike_sa *sa)
{
    GString *out = p->out;
    char text[64], ip[ADDR_TEXT_MAX];
    double first, last;

    g_string_append(out, "<dl class=\"facts\">\n");
    fact(out, "Version");
    html_put(out, "IKEv%u</dd>\n", sa->major);
    fact(out, "Suite");
    put_suite(out, sa->chosen);
    g_string_append(out, "</dd>\n");
    if (ike_sa_method(sa, text, sizeof text)) {
        fact(out, "Authentication");
        html_put(out, "%s</dd>\n", ike_sa_method(sa, text, sizeof text));
    }
    if (sa->user) {
        fact(out, "User");
        html_text(out, sa->user);
        html_put(out, " <span class=\"sub\">frame %u</span></dd>\n", sa->user_frame);
    }
    fact(out, "SPIs");
    put_spi8(out, sa->spi_i);
    if (sa->has_spi_r) {
        g_string_append(out, " and ");
        put_spi8(out, sa->spi_r);
    }
    g_string_append(out, "</dd>\n");
    fact(out, "Frames");
    html_put(out, "%u\xe2\x80\x93%u, ", sa->first_frame, sa->last_frame);
    sa_span(p, sa, &first, &last);
    put_duration(out, last - first);
    g_string_append(out, "</dd>\n");
    if (nat_name(sa->nat)) {
        static const char *const words[] = { "",
                                             "none on the way",
                                             "in front of the initiator",
                                             "in front of the responder",
                                             "in front of both",
                                             "none, but encapsulation is forced" };
        fact(out, "NAT");
        html_put(out, "%s</dd>\n", words[sa->nat]);
    }
    if (sa->addresses->len) {
        fact(out, "Assigned");
        for (guint i = 0; i < sa->addresses->len && i < PAGE_MAX_RANGES; i++) {
            const struct assigned_address *a = &sa->addresses->at[i];
            html_put(out, "%s%s <span class=\"sub\">frame %u</span>", i ? ", " : "",
                     ip_print(&a->addr, ip, sizeof ip), a->frame);
        }
        g_string_append(out, "</dd>\n");
    }
    if (sa->rekeys != NO_ID || sa->rekeyed_by != NO_ID) {
        fact(out, "Rekeying");
        if (sa->rekeys != NO_ID) {
            g_string_append(out, "replaces ");
            put_sa_link(p, sa->rekeys);
        }
        if (sa->rekeyed_by != NO_ID) {
            g_string_append(out, sa->rekeys != NO_ID ? ", replaced by " : "replaced by ");
            put_sa_link(p, sa->rekeyed_by);
        }
        g_string_append(out, "</dd>\n");
    }
    g_string_append(out, "</dl>\n");
}

static void
put_its_findings(struct page *p, const struct sa_verdict *v)
{
    guint shown = 0, all = v->findings ? v->findings->len : 0;

    if (!all) {
        g_string_append(p->out, "<p class=\"quiet\">No findings for this SA.</p>\n");
        return;
    }
    g_string_append(p->out, "<ul class=\"its\">\n");
    for (int severity = SEV_ERROR; severity >= SEV_NOTE; severity--) {
        for (guint i = 0; i < all && shown < FINDINGS_SHOWN; i++) {
            const struct finding *f =
                findings_get(p->r->findings, g_array_index(v->findings, uint32_t, i));
            if ((int)f->severity != severity) {
                continue;
            }
            g_string_append(p->out, "<li>");
            put_severity(p->out, (enum severity)severity);
            if (g_array_index(p->anchored, bool, f->id)) {
                html_put(p->out, " <a href=\"#f%u\">%s</a>", f->id, checks[f->check].title);
            } else {
                html_put(p->out, " %s", checks[f->check].title);
            }
            html_put(p->out, " <span class=\"sub\">frame %u</span></li>\n", f->frame);
            shown++;
        }
    }
    if (shown < all) {
        html_put(p->out, "<li class=\"limit\">and %u more</li>\n", all - shown);
    }
    g_string_append(p->out, "</ul>\n");
}

/* What became of it, in a few sentences. */
static void
put_story(struct page *p, const struct ike_sa *sa)
{
    GString *out = p->out;
    uint64_t to = 0, back = 0, lost = 0;

    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            *(s->to_responder ? &to : &back) += s->packets;
            lost += s->lost;
        }
    }
    g_string_append(out, "<p>");
    if (sa->rekeys != NO_ID) {
        html_put(out, "Replaces IKE SA %u in frame %u", sa->rekeys, sa->first_frame);
    } else {
        html_put(out, "%s in frame %u",
                 sa->started_here ? "Begins" : "Already under way, first seen", sa->first_frame);
    }
    if (sa->established_in && sa->rekeys == NO_ID) {
        html_put(out, ", is established in frame %u", sa->established_in);
    } else if (sa->state == IKE_FAILED) {
        g_string_append(out, " and fails");
    } else if (sa->started_here && !sa->established_in) {
        g_string_append(out, "; the capture does not show it established");
    }
    if (sa->rekeyed_by != NO_ID) {
        html_put(out, ", is replaced by IKE SA %u", sa->rekeyed_by);
    }
    if (sa->deleted_in) {
        html_put(out, ", is deleted in frame %u", sa->deleted_in);
    }
    g_string_append(out, ". ");
    if (!sa->children.len) {
        g_string_append(out, sa->num_encrypted > sa->num_readable ? "None of its Child SAs is "
                                                                    "known" :
                                                                    "It has no Child SA");
    } else {
        put_plural(out, sa->children.len, "Child SA carries", "Child SAs carry");
        html_put(out,
                 " %" G_GUINT64_FORMAT " packets to the responder and %" G_GUINT64_FORMAT " back",
                 to, back);
    }
    if (lost) {
        html_put(out, "; %" G_GUINT64_FORMAT " %s missing", lost, lost == 1 ? "is" : "are");
    }
    if (sa->num_encrypted + sa->num_forged > sa->num_readable) {
        html_put(out, ". %u of %u encrypted messages could not be read",
                 sa->num_encrypted + sa->num_forged - sa->num_readable,
                 sa->num_encrypted + sa->num_forged);
    }
    g_string_append(out, ".</p>\n");
}

/* --- Child SAs ----------------------------------------------------------------- */

static void
put_traffic(GString *out, const struct child_sa *c, bool to_responder)
{
    uint64_t packets = 0, lost = 0;
    uint32_t replayed = 0, bad = 0;
    char text[TEXT_MAX];
    const char *cipher = NULL;

    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        if (s->to_responder == to_responder) {
            cipher = cipher ? cipher : stream_suggests(s, text, sizeof text);
            packets += s->packets;
            lost += s->lost;
            replayed += s->replayed;
            bad += stream_rare(s)->bad;
        }
    }
    put_plural(out, packets, "packet", "packets");
    if (lost) {
        html_put(out, ", <span class=\"weak\">%" G_GUINT64_FORMAT " missing</span>", lost);
    }
    if (replayed) {
        html_put(out, ", <span class=\"weak\">%u replayed</span>", replayed);
    }
    if (bad) {
        html_put(out, ", <span class=\"weak\">%u with a failed integrity check</span>", bad);
    }
    if (cipher) {
        html_put(out, "<br><span class=\"sub\">lengths suggest %s</span>", cipher);
    }
}

static void
put_child(GString *out, const struct child_sa *c)
{
    static const char *const words[] = { "installed", "rekeyed", "deleted", "failed" };

    html_put(
        out,
        "<tr><th scope=\"row\" data-l=\"Child SA\">%u <span class=\"sub\">%s%s%s%s</span></th><td data-l=\"State\">%s"
        "<br><span class=\"basis %s\">%s</span></td><td data-l=\"Suite\">",
        c->id, c->protocol == PROTO_AH ? "AH" : "ESP",
        child_mode(c) ? " " : "", child_mode(c) ? child_mode(c) : "",
        child_carrier(c), words[c->state], basis_name(c->basis), basis_name(c->basis));
    put_suite(out, c->chosen);
    g_string_append(out, "</td><td data-l=\"To the responder\">");
    if (c->spi_r) {
        html_put(out, "<code>%08x</code><br>", c->spi_r);
    }
    put_traffic(out, c, true);
    g_string_append(out, "</td><td data-l=\"To the initiator\">");
    if (c->spi_i) {
        html_put(out, "<code>%08x</code><br>", c->spi_i);
    }
    put_traffic(out, c, false);
    g_string_append(out, "</td><td class=\"n\" data-l=\"Frames\">");
    if (c->negotiated_in) {
        html_put(out, "negotiated in %u", c->negotiated_in);
    }
    if (c->deleted_in) {
        html_put(out, "%sdeleted in %u", c->negotiated_in ? ", " : "", c->deleted_in);
    }
    if (c->rekeyed_by != NO_ID) {
        html_put(out, "%sreplaced by Child SA %u", c->negotiated_in || c->deleted_in ? ", " : "",
                 c->rekeyed_by);
    }
    g_string_append(out, "</td></tr>\n");
}

static void
put_inner_rows(struct page *p, const struct child_sa *c, const struct stream *s, unsigned *rows)
{
    const struct stream_traffic *t = traffic_of(p->traffic, s->id);
    size_t near, far;
    const struct selector *from = child_selectors(c, s->to_responder, &near),
                          *to = child_selectors(c, !s->to_responder, &far);
    static const char *const verdicts[] = { "not known", "inside", "source outside",
                                            "destination outside", "both outside" };
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX];

    for (guint i = 0; t && t->inner && i < t->inner->len; i++) {
        const struct inner_pair *pair = &g_array_index(t->inner, struct inner_pair, i);
        bool src, dst, known = near && far,
                       in = traffic_within(c, s->to_responder, pair, &src, &dst);
        html_put(
            p->out,
            "<tr><th scope=\"row\" data-l=\"Child SA\">%u <span class=\"sub\">to the %s</span></th>"
            "<td data-l=\"Admits\">",
            c->id, s->to_responder ? "responder" : "initiator");
        put_selectors(p->out, from, near);
        g_string_append(p->out, " \xe2\x86\x92 ");
        put_selectors(p->out, to, far);
        html_put(p->out, "</td><td data-l=\"Carried\"><span class=\"nb%s\">%s</span> \xe2\x86\x92 ",
                 known && !src ? " bad" : "", ip_print(&pair->src, a, sizeof a));
        html_put(p->out, "<span class=\"nb%s\">%s</span></td>", known && !dst ? " bad" : "",
                 ip_print(&pair->dst, b, sizeof b));
        html_put(p->out,
                 "<td class=\"r\" data-l=\"Packets\">%u</td><td class=\"n\" data-l=\"Frames\">%u",
                 pair->packets, pair->first_frame);
        if (pair->last_frame != pair->first_frame) {
            html_put(p->out, "\xe2\x80\x93%u", pair->last_frame);
        }
        html_put(p->out, "</td><td data-l=\"Verdict\" class=\"%s\">%s</td></tr>\n",
                 !known ? "" :
                 in     ? "good" :
                          "bad",
                 verdicts[!known ? 0 : 1 + !src + 2 * !dst]);
        ++*rows;
    }
    if (t && t->other) {
        html_put(
            p->out,
            "<tr><th scope=\"row\" data-l=\"Child SA\">%u</th><td colspan=\"5\" class=\"limit\">%u more packets, of "
            "further pairs of addresses</td></tr>\n",
            c->id, t->other);
    }
}

/* The selectors beside what went through them, and those of SAs that show nothing. */
static void
put_inner(struct page *p, const struct ike_sa *sa)
{
    static const char *const columns[] = { "Child SA", "Admits, source \xe2\x86\x92 destination",
                                           "Carried",  ">Packets",
                                           "Frames",   "Verdict",
                                           NULL };
    unsigned rows = 0, children = MIN(sa->children.len, PAGE_MAX_CHILDREN);
    gsize before = p->out->len;

    g_string_append(p->out, "<h4>Selectors and the inner addresses that were carried</h4>\n");
    open_table(p->out, STACK, "Selectors against inner addresses", columns);
    for (guint i = 0; i < children; i++) {
        const struct child_sa *c = sa->children.at[i];
        unsigned of_this = rows;
        for (guint k = 0; k < c->streams.len; k++) {
            put_inner_rows(p, c, c->streams.at[k], &rows);
        }
        if (rows == of_this && c->num_ts_i) {
            html_put(p->out,
                     "<tr><th scope=\"row\" data-l=\"Child SA\">%u</th><td data-l=\"Admits\">",
                     c->id);
            put_selectors(p->out, c->ts_i, c->num_ts_i);
            g_string_append(p->out, " \xe2\x87\x84 ");
            put_selectors(p->out, c->ts_r, c->num_ts_r);
            html_put(p->out, "</td><td colspan=\"4\" class=\"sub\">%s</td></tr>\n",
                     !c->streams.len               ? "no packet in the capture" :
                     child_mode(c) && c->transport ? "transport mode: the outer addresses" :
                                                     "inner addresses not readable");
            rows++;
        }
    }
    if (!rows) {
        g_string_truncate(p->out, before);
        return;
    }
    close_table(p->out);
}

static void
put_children(struct page *p, const struct ike_sa *sa)
{
    static const char *const columns[] = {
        "Child SA", "State", "Suite", "To the responder", "To the initiator", "Frames", NULL
    };

    if (!sa->children.len) {
        return;
    }
    g_string_append(p->out, "<h4>Child SAs</h4>\n");
    open_table(p->out, STACK, "Child SAs", columns);
    for (guint i = 0; i < sa->children.len && i < PAGE_MAX_CHILDREN; i++) {
        put_child(p->out, sa->children.at[i]);
    }
    close_table(p->out);
    if (sa->children.len > PAGE_MAX_CHILDREN) {
        html_put(p->out, "<p class=\"limit\">%u more Child SAs are not listed.</p>\n",
                 sa->children.len - PAGE_MAX_CHILDREN);
    }
    put_inner(p, sa);
}

/* --- sections ------------------------------------------------------------------ */

/* Paper has in full the first SA of each diagnosis that the page tells, of the worst of them; what
 * is well, and what is like one of those, has its row of the table. */
static bool
on_paper(const struct page *p, uint32_t sa)
{
    unsigned before = 0;

    for (size_t i = 0; i < diagnoses_count(p->r->diagnoses) && before < PAGE_MAX_PAPER; i++) {
        const struct diagnosis *d = diagnoses_get(p->r->diagnoses, i);
        if (!p->told[i] || d->severity < SEV_WARN || !d->ike_sas->len) {
            continue;
        }
        if (g_array_index(d->ike_sas, uint32_t, 0) == sa) {
            return true;
        }
        before++;
    }
    return false;
}

static void
put_sa(struct page *p, const struct ike_sa *sa)
{
    html_put(
        p->out,
        "<article class=\"sa%s\" id=\"sa%u\" aria-labelledby=\"sa%u-h\">\n<h3 id=\"sa%u-h\">IKE SA %u ",
        on_paper(p, sa->id) ? "" : " well", sa->id, sa->id, sa->id, sa->id);
    html_put(p->out, "<span class=\"state %s\">%s</span></h3>\n<p class=\"who\">",
             ike_sa_state_name(sa->state), state_word(sa->state));
    put_endpoint_name(p->out, &sa->initiator);
    g_string_append(p->out, " with ");
    put_endpoint_name(p->out, &sa->responder);
    g_string_append(p->out, "</p>\n");
    put_story(p, sa);
    put_its_findings(p, &p->verdicts[sa->id]);
    put_facts(p, sa);
    page_ladder(p, sa);
    page_own_timeline(p, sa);
    page_negotiations(p, sa);
    put_children(p, sa);
    g_string_append(p->out, "</article>\n");
}

void
page_sas(struct page *p)
{
    size_t paper = 0;

    if (!p->num_full) {
        return;
    }
    for (size_t i = 0; i < p->num_full; i++) {
        paper += on_paper(p, p->full[i]);
    }
    html_put(p->out,
             "<section id=\"sas\" class=\"%s\" aria-labelledby=\"sas-h\">\n<h2 id=\"sas-h\">IKE SAs in "
             "full</h2>\n",
             paper ? "" : "well");
    if (paper && paper < p->num_sas) {
        html_put(p->out,
                 "<p class=\"limit paper\">%u of %u IKE SAs: the first of each diagnosis above.</p>\n",
                 (unsigned)paper, (unsigned)p->num_sas);
    }
    if (p->num_full < p->num_sas) {
        html_put(
            p->out,
            "<p class=\"limit screen\">%u of %u IKE SAs, those with the gravest findings. <a href=\"#table\">The table</a> "
            "has the others.</p>\n",
            (unsigned)p->num_full, (unsigned)p->num_sas);
    }
    for (size_t i = 0; i < p->num_full; i++) {
        put_sa(p, sadb_ike_sa(p->r->db, p->full[i]));
    }
    g_string_append(p->out, "</section>\n");
}
