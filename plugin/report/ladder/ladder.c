/* ladder.c - the exchanges of one IKE SA as a ladder: two lifelines, an arrow for each message, and
 * beside it what the message says and what became of it; of several capture points, as way.c draws
 * it.  Each row is a picture with text beside it, so that a page may end between two, and a narrow
 * screen has the text below the arrow.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder.h"

#include "kit.h"
#include "sections.h"

#include <string.h>

/* Units of a row's picture; the style has the lifelines in per cent of its width. */
enum {
    WIDTH = 480,
    LEFT = 120,
    RIGHT = 372,
    MIDDLE = (LEFT + RIGHT) / 2,
    HEAD = 50,
    HEAD_WIDTH = 212,
    STEP = 46,
    ARROW = 24,
    NAME_CHARS = 27,
    SAID_MAX = 400,             /* characters of one message */
    NOTES_MAX = 3,
    QUIET_RUN = 3,
    LAST_ROWS = 16,
    LADDER_WHOLE = 16           /* rows that are printed on one page */
};

static int
by_frame(const void *a, const void *b)
{
    const struct row *p = (const struct row *)a, *q = (const struct row *)b;

    if (p->frame != q->frame) {
        return p->frame < q->frame ? -1 : 1;
    }
    return (int)p->kind - (int)q->kind;
}

static void
add_messages(GArray *rows, const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = &x->messages.at[i];
        struct row row = { .kind = ROW_MESSAGE,
                           .frame = m->frame,
                           .last_frame = m->frame,
                           .time = m->time,
                           .to_right = m->from_initiator,
                           .x = x,
                           .m = m,
                           .count = 1 };
        g_array_append_val(rows, row);
        if (m->again && m->again->frames.len) {
            const struct frame_numbers *frames = &m->again->frames;
            struct row again = row;
            again.kind = ROW_AGAIN;
            again.frame = frames->at[0];
            again.last_frame = frames->at[frames->len - 1];
            again.time = m->again->last_time;
            again.count = m->again->num;
            g_array_append_val(rows, again);
        }
    }
}

/* IKEv1 has the answer in an exchange of its own (RFC 3706 section 5.3). */
static bool
is_quiet(const struct row *r, bool v1)
{
    return r->kind == ROW_MESSAGE && (r->x->liveness || r->x->liveness_ack) &&
           (v1 || r->x->response);
}

/* A run of exchanges that only ask if the peer lives is one row, where none was lost on its way. */
static void
fold_quiet(GArray *rows, bool v1, const struct ladder_way *w)
{
    guint to = 0;

    for (guint i = 0; i < rows->len;) {
        guint end = i;
        while (end < rows->len && is_quiet(&g_array_index(rows, struct row, end), v1) &&
               !(w && ladder_way_lost(w, g_array_index(rows, struct row, end).frame))) {
            end++;
        }
        struct row row = g_array_index(rows, struct row, i);
        if (end - i > 2 * QUIET_RUN) {
            row.kind = ROW_QUIET;
            row.count = end - i;
            row.last_frame = g_array_index(rows, struct row, end - 1).frame;
            i = end;
        } else {
            i++;
        }
        g_array_index(rows, struct row, to++) = row;
    }
    g_array_set_size(rows, to);
}

static GArray *
rows_of(const struct ike_sa *sa, struct ladder_way *w)
{
    GArray *rows = g_array_new(FALSE, TRUE, sizeof(struct row));

    for (guint i = 0; i < sa->exchanges.len; i++) {
        add_messages(rows, sa->exchanges.at[i]);
    }
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        for (guint k = 0; k < c->streams.len; k++) {
            const struct stream *s = c->streams.at[k];
            struct row row = { .kind = ROW_TRAFFIC,
                               .frame = s->first_frame,
                               .last_frame = s->last_frame,
                               .time = s->first_time,
                               .to_right = s->to_responder,
                               .count = s->packets,
                               .s = s };
            g_array_append_val(rows, row);
        }
    }
    g_array_sort(rows, by_frame);
    if (w) {
        ladder_way_sort(w, rows);
    }
    fold_quiet(rows, sa->major == 1, w);
    return rows;
}

/* --- what became of it --------------------------------------------------------- */

struct note {
    char text[128];
    const char *css;            /* a class */
    uint32_t finding;           /* NO_ID, or an anchor */
};

struct notes {
    struct note of[NOTES_MAX];
    unsigned num, more;
    enum severity worst;        /* SEV_CHAT where nothing is wrong */
};

static struct note *
add_note(struct notes *n, const char *css)
{
    if (n->num == NOTES_MAX) {
        n->more++;
        return NULL;
    }
    n->of[n->num].css = css;
    n->of[n->num].finding = NO_ID;
    return &n->of[n->num++];
}

/* Of a packet that several points saw the first frame stands for it. */
static bool
concerns(const struct page *p, const struct row *r, const struct ike_sa *sa,
         const struct finding *f)
{
    uint32_t first = points_copy_of(sadb_points(p->r->db), f->frame),
             frame = first ? first : f->frame;

    if (r->kind == ROW_TRAFFIC) {
        return f->stream == r->s->id ||
               (f->stream == NO_ID && f->child_sa == r->s->child->id && frame >= r->frame &&
                frame <= r->last_frame && f->ike_sa == sa->id);
    }
    return f->stream == NO_ID && f->ike_sa == sa->id && frame >= r->frame &&
           frame <= r->last_frame;
}

static void
note_findings(struct page *p, struct notes *n, const struct row *r, const struct ike_sa *sa)
{
    const GArray *ids = p->verdicts[sa->id].findings;

    for (int severity = SEV_ERROR; severity >= SEV_NOTE; severity--) {
        for (guint i = 0; ids && i < ids->len; i++) {
            const struct finding *f = findings_get(p->r->findings, g_array_index(ids, uint32_t, i));
            struct note *note;
            if ((int)f->severity != severity || !concerns(p, r, sa, f)) {
                continue;
            }
            n->worst = MAX(n->worst, (enum severity)severity);
            note = add_note(n, severity_name((enum severity)severity));
            if (note) {
                g_strlcpy(note->text, checks[f->check].title, sizeof note->text);
                note->finding = f->id;
            }
        }
    }
}

static void
note_children(struct notes *n, const struct row *r, const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        bool made = c->negotiated_in == r->frame, gone = c->deleted_in == r->frame;
        struct note *note = made ? add_note(n, "ok") : gone ? add_note(n, "off") : NULL;
        if (note && made && c->rekeys != NO_ID) {
            g_snprintf(note->text, sizeof note->text, "Child SA %u installed, replaces %u", c->id,
                       c->rekeys);
        } else if (note) {
            g_snprintf(note->text, sizeof note->text, "Child SA %u %s", c->id,
                       made ? "installed" : "deleted");
        }
    }
}

/* What changed the SA comes after what is wrong. */
static void
note_row(struct page *p, struct notes *n, const struct row *r, const struct ike_sa *sa)
{
    struct note *note;

    note_findings(p, n, r, sa);
    if (r->kind != ROW_MESSAGE) {
        return;
    }
    if (sa->established_in == r->frame && (note = add_note(n, "ok"))) {
        g_snprintf(note->text, sizeof note->text, "IKE SA %u established", sa->id);
    }
    note_children(n, r, sa);
    if (r->x->rekeys_ike && r->frame == r->x->response && sa->rekeyed_by != NO_ID &&
        (note = add_note(n, "ok"))) {
        g_snprintf(note->text, sizeof note->text, "replaced by IKE SA %u", sa->rekeyed_by);
    }
    if (sa->deleted_in == r->frame && (note = add_note(n, "off"))) {
        g_snprintf(note->text, sizeof note->text, "IKE SA %u deleted", sa->id);
    }
}

static void
put_notes(struct page *p, const struct notes *n)
{
    g_string_append(p->out, n->num ? "<ul>" : "");
    for (unsigned i = 0; i < n->num; i++) {
        const struct note *note = &n->of[i];
        bool link = note->finding != NO_ID && g_array_index(p->anchored, bool, note->finding);
        html_put(p->out, "<li class=\"%s\">", note->css);
        if (link) {
            html_put(p->out, "<a href=\"#f%u\">%s</a>", note->finding, note->text);
        } else {
            html_put(p->out, "%s", note->text);
        }
        if (i + 1 == n->num && n->more) {
            html_put(p->out, " (+%u)", n->more);
        }
        g_string_append(p->out, "</li>");
    }
    g_string_append(p->out, n->num ? "</ul>" : "");
}

/* --- rows ------------------------------------------------------------------------ */

static void
put_said(struct page *p, const struct row *r, const struct ike_sa *sa, const struct notes *n,
         const struct ladder_way *w)
{
    const char *content = ladder_content(r);

    g_string_append(p->out, "<div class=\"said\">");
    if (r->kind == ROW_MESSAGE && content) {
        char *cut = g_utf8_make_valid(content + 2, -1), *end;
        if (g_utf8_strlen(cut, -1) > SAID_MAX) {
            end = g_utf8_offset_to_pointer(cut, SAID_MAX);
            *end = 0;
        }
        g_string_append(p->out, "<p>");
        html_text_breaking(p->out, cut);
        g_string_append(p->out, strlen(cut) < strlen(content + 2) ? " \xe2\x80\xa6</p>" : "</p>");
        g_free(cut);
    } else if (r->kind == ROW_TRAFFIC) {
        html_put(p->out, "<p>Child SA %u", r->s->child->id);
        if (r->s->lost) {
            html_put(p->out, ", <span class=\"weak\">%" G_GUINT64_FORMAT " missing</span>",
                     r->s->lost);
        }
        g_string_append(p->out, "</p>");
    }
    if (w) {
        ladder_way_said(p->out, w, r);
    }
    put_notes(p, n);
    put_row_log(p, sa, r->frame, r->last_frame);
    g_string_append(p->out, "</div>");
}

/* A closed padlock for what is encrypted; open where it was read. */
static void
draw_lock(GString *out, const struct exchange_message *m, int x, int y)
{
    if (m->encrypted) {
        html_put(out,
                 "<g class=\"lock\"><rect x=\"%d\" y=\"%d\" width=\"9\" height=\"7\" rx=\"1.5\"/>",
                 x, y - 3);
        html_put(out, "<path d=\"M%d %dv-2.2a2.5 2.5 0 0 1 5 0%s\"/></g>", x + 2, y - 3,
                 m->readable ? "" : "v2.2");
    }
}

static void
draw_arrow(GString *out, const struct row *r, int y)
{
    int from = r->to_right ? LEFT : RIGHT, to = r->to_right ? RIGHT : LEFT,
        back = r->to_right ? -9 : 9;

    if (r->kind == ROW_QUIET) {
        html_put(out, "<path class=\"line\" d=\"M%d %dH%d\"/>", LEFT + 8, y, RIGHT - 8);
        return;
    }
    html_put(out, "<path class=\"line\" d=\"M%d %dH%d\"/>", from, y, to + back / 2);
    html_put(out, "<path class=\"tip\" d=\"M%d %dl%d -5v10z\"/>", to, y, back);
}

static void
draw_row(struct page *p, const struct row *r, const struct ike_sa *sa)
{
    GString *out = p->out;

    html_put(out,
             "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"frame %u, from the %s\">"
             "<text class=\"frame\" x=\"4\" y=\"%d\">",
             WIDTH, STEP, r->frame, r->to_right ? "initiator" : "responder", ARROW - 1);
    html_put(out, r->last_frame > r->frame ? "%u\xe2\x80\x93%u" : "%u", r->frame, r->last_frame);
    html_put(out, "</text><text class=\"at\" x=\"4\" y=\"%d\">", ARROW + 13);
    g_string_append(out, r->kind == ROW_AGAIN && r->count > 1 ? "until +" : "+");
    put_duration(out, r->time - p->start);
    g_string_append(out, "</text>");
    draw_arrow(out, r, ARROW);
    html_put(out, "<text class=\"label\" x=\"%d\" y=\"%d\">", MIDDLE, ARROW - 7);
    ladder_label(out, r, sa);
    html_put(out, "</text><text class=\"below\" x=\"%d\" y=\"%d\">", MIDDLE, ARROW + 14);
    ladder_below(out, r, sa);
    g_string_append(out, "</text>");
    if (r->kind == ROW_MESSAGE) {
        draw_lock(out, r->m, r->to_right ? LEFT + 9 : RIGHT - 18, ARROW + 12);
    }
    g_string_append(out, "</svg>");
}

static void
put_row(struct page *p, const struct row *r, const struct ike_sa *sa, const struct ladder_way *w)
{
    static const char *const kinds[] = { "msg", "msg again", "esp", "msg folded" };
    struct notes n = { .worst = SEV_CHAT };

    note_row(p, &n, r, sa);
    html_put(p->out, "<li class=\"row %s%s%s%s\"><div class=\"rung\">", kinds[r->kind],
             n.worst > SEV_CHAT ? " " : "", n.worst > SEV_CHAT ? severity_name(n.worst) : "",
             r->kind == ROW_MESSAGE && r->m->refused ? " refused" : "");
    if (w) {
        ladder_way_row(p->out, w, r);
    } else {
        draw_row(p, r, sa);
    }
    g_string_append(p->out, "</div>");
    put_said(p, r, sa, &n, w);
    g_string_append(p->out, "</li>\n");
}

static void
draw_head(GString *out, const struct endpoint *e, const char *role, int x)
{
    char text[ADDR_TEXT_MAX], name[ID_TEXT_MAX];

    html_put(out, "<g class=\"end\"><rect x=\"%d\" y=\"2\" width=\"%d\" height=\"%d\" rx=\"5\"/>",
             x - HEAD_WIDTH / 2, HEAD_WIDTH, HEAD - 6);
    html_put(out, "<text class=\"name\" x=\"%d\" y=\"22\">", x);
    html_text_cut(out, endpoint_print(e, name, sizeof name), NAME_CHARS);
    html_put(out, "</text><text class=\"below\" x=\"%d\" y=\"38\">%s \xc2\xb7 %s", x, role,
             ip_print(&e->addr, text, sizeof text));
    html_put(out, e->port ? ":%u</text></g>\n" : "</text></g>\n", e->port);
}

static void
put_heads(GString *out, const struct ike_sa *sa)
{
    html_put(out,
             "<div class=\"row ends\"><svg viewBox=\"0 0 %d %d\" role=\"img\" "
             "aria-label=\"the initiator left, the responder right\">",
             WIDTH, HEAD);
    draw_head(out, &sa->initiator, "initiator", LEFT);
    draw_head(out, &sa->responder, "responder", RIGHT);
    g_string_append(out, "</svg></div>\n");
}

/* The words of each form. */
static void
put_caption(GString *out, const struct ladder_way *w, bool is_long)
{
    g_string_append(out, "<figure class=\"ladder");
    if (w) {
        ladder_way_classes(out, w);
    }
    html_put(out, "%s\"><figcaption>Exchanges <span class=\"key\">", is_long ? " long" : "");
    g_string_append(
        out,
        w ? "A column for each capture point, in the order of the way. At a point: frame, and time "
            "since the first row by one clock. Dots: seen there. Fine dots: not seen there. "
            "Dashed: retransmitted. Wide: traffic of a Child SA, at its first packet." :
            "Left: frame, and time since the capture began. Dashed: retransmitted. Wide: traffic "
            "of a Child SA, drawn at its first packet.");
    g_string_append(out, "</span></figcaption>\n");
}

void
page_ladder(struct page *p, const struct ike_sa *sa)
{
    struct ladder_way *w = ladder_way_new(p, sa);
    GArray *rows = rows_of(sa, w);
    unsigned left_out = rows->len > PAGE_MAX_ROWS ? rows->len - PAGE_MAX_ROWS : 0;
    GString *out = p->out;

    put_caption(out, w, rows->len > LADDER_WHOLE);
    if (w) {
        ladder_way_heads(out, w);
    } else {
        put_heads(out, sa);
    }
    html_put(out, "<ol aria-label=\"Ladder of IKE SA %u, %u rows in order of %s\">\n", sa->id,
             rows->len, w ? "time" : "frames");
    for (guint i = 0; i < rows->len; i++) {
        if (left_out && i == PAGE_MAX_ROWS - LAST_ROWS) {
            html_put(out, "<li class=\"gap\">%u more rows are left out here</li>\n", left_out);
            i += left_out - 1;
            continue;
        }
        put_row(p, &g_array_index(rows, struct row, i), sa, w);
    }
    g_string_append(out, "</ol></figure>\n");
    g_array_free(rows, TRUE);
    ladder_way_free(w);
}
