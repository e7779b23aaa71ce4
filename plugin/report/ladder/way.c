/* way.c - a ladder with a column for each capture point: an arrow for each packet over all of them,
 * as far as it was seen.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "ladder.h"

#include "kit.h"

#include <espial/points.h>

#include <math.h>
#include <string.h>

enum {
    COLUMNS_MAX = POINTS_MAX + 2,       /* the initiator, the points, the responder */
    FEW = 3,                    /* points that have room beside what is said */
    HEAD = 62,
    STEP = 72,
    NOTE = 27,                  /* above the arrow, between two points */
    ARROW = 33,
    CROSS = 5
};

struct ladder_way {
    const struct points *p;
    const struct sadb *db;
    const struct ike_sa *sa;
    uint32_t ids[POINTS_MAX];
    unsigned num, column[POINTS_MAX];   /* of a point: 1 to num; 0: not on the way */
    int width;
    double start;               /* of the first row */
};

/* --- which points, in which order ------------------------------------------------------ */

static bool
is_of(const struct ladder_way *w, const struct passage *g)
{
    const struct stream *s = g->stream == NO_ID ? NULL : sadb_stream(w->db, g->stream);

    return !g->inner && (s ? s->child && s->child->ike_sa == w->sa : g->ike_sa == w->sa->id);
}

/* Those come first that no other one is before. */
static void
put_in_order(struct ladder_way *w, bool met[POINTS_MAX], bool before[POINTS_MAX][POINTS_MAX])
{
    for (;;) {
        uint32_t best = POINTS_MAX, any = POINTS_MAX;
        for (uint32_t i = POINTS_MAX; i-- > 0;) {
            bool first = met[i];
            for (uint32_t k = 0; first && k < POINTS_MAX; k++) {
                first = !met[k] || !before[k][i] || before[i][k];
            }
            best = first ? i : best;
            any = met[i] ? i : any;
        }
        best = best == POINTS_MAX ? any : best; /* the ways are several */
        if (best == POINTS_MAX) {
            return;
        }
        met[best] = false;
        w->ids[w->num++] = best;
        w->column[best] = w->num;
    }
}

struct ladder_way *
ladder_way_new(const struct page *p, const struct ike_sa *sa)
{
    const struct points *points = sadb_points(p->r->db);
    bool met[POINTS_MAX] = { false }, before[POINTS_MAX][POINTS_MAX] = { { false } };
    struct ladder_way *w = g_new0(struct ladder_way, 1);

    *w = (struct ladder_way){ .p = points, .db = p->r->db, .sa = sa };
    for (size_t i = 0; i < points_num_passages(points); i++) {
        const struct passage *g = points_passage(points, i);
        if (is_of(w, g)) {
            met[g->from] = met[g->to] = true;
            before[g->to_responder ? g->from : g->to][g->to_responder ? g->to : g->from] = true;
        }
    }
    put_in_order(w, met, before);
    if (!w->num) {
        g_free(w);
        return NULL;
    }
    w->width = w->num <= FEW ? 480 : MAX(960, 140 + 60 * ((int)w->num + 1));
    return w;
}

void
ladder_way_free(struct ladder_way *w)
{
    g_free(w);
}

bool
ladder_way_lost(const struct ladder_way *w, uint32_t frame)
{
    uint32_t frames[POINTS_MAX];
    size_t num = points_sightings(w->p, frame, frames);

    for (size_t i = 0; i < num; i++) {
        if (points_lost_on(w->p, frames[i], false)) {
            return true;
        }
    }
    return false;
}

static int
by_time(const void *a, const void *b)
{
    const struct row *p = (const struct row *)a, *q = (const struct row *)b;

    if (p->time != q->time) {
        return p->time < q->time ? -1 : 1;
    }
    if (p->frame != q->frame) {
        return p->frame < q->frame ? -1 : 1;
    }
    return (int)p->kind - (int)q->kind;
}

/* When the packet of that frame was first seen; as it was told where no clock is known. */
static double
first_seen(const struct points *p, uint32_t frame, double told)
{
    uint32_t frames[POINTS_MAX];
    size_t num = points_sightings(p, frame, frames);

    points_when(p, num ? frames[0] : frame, &told);
    return told;
}

void
ladder_way_sort(struct ladder_way *w, GArray *rows)
{
    for (guint i = 0; i < rows->len; i++) {
        struct row *r = &g_array_index(rows, struct row, i);
        r->time = first_seen(w->p, r->frame, r->time);
    }
    g_array_sort(rows, by_time);
    w->start = rows->len ? g_array_index(rows, struct row, 0).time : 0;
}

/* --- what became of a row -------------------------------------------------------------- */

/* Columns of a row, in the direction of its packets: 0 is who sent it, num + 1 who gets it. */
struct course {
    uint32_t frames[COLUMNS_MAX];       /* in which it was seen there; 0: it was not */
    unsigned last;              /* the last one that saw it */
    bool placed;                /* some point of the way did */
    uint32_t lost[COLUMNS_MAX]; /* of so many ... */
    uint32_t sent[COLUMNS_MAX]; /* ... sent on from there */
    unsigned to[COLUMNS_MAX];   /* where the lost ones did not arrive */
    bool doubted;               /* if the point there still captured */
    unsigned end;               /* the column behind which none came; num + 1: they arrive */
};

static unsigned
along(const struct ladder_way *w, const struct row *r, unsigned column)
{
    return r->to_right ? column : w->num + 1 - column;
}

static unsigned
column_of(const struct ladder_way *w, const struct row *r, uint32_t point)
{
    return w->column[point] ? along(w, r, w->column[point]) : 0;
}

static void
add_lost(const struct ladder_way *w, const struct row *r, struct course *c,
         const struct passage *g, uint32_t lost, uint32_t sent)
{
    unsigned at = column_of(w, r, g->from);

    if (at && lost) {
        c->lost[at] += lost;
        c->sent[at] = sent;
        c->to[at] = column_of(w, r, g->to);
        c->doubted |= !g->end_known;
        c->end = at < c->end && c->lost[at] >= sent ? at : c->end;
    }
}

static void
add_frames(const struct ladder_way *w, const struct row *r, struct course *c, uint32_t frame)
{
    uint32_t frames[POINTS_MAX];
    size_t num = points_sightings(w->p, frame, frames);

    for (size_t i = 0; i < num; i++) {
        unsigned at = column_of(w, r, points_of_frame(w->p, frames[i])->id);
        if (at && !c->frames[at]) {
            c->frames[at] = frames[i];
            c->last = MAX(c->last, at);
            c->placed = true;
        }
    }
}

/* The passage on which the packet of that frame was lost; NULL. */
static const struct passage *
lost_on(const struct ladder_way *w, uint32_t frame)
{
    uint32_t frames[POINTS_MAX];
    size_t num = points_sightings(w->p, frame, frames);
    const struct passage *g = NULL;

    for (size_t i = 0; i < num && !g; i++) {
        g = points_lost_on(w->p, frames[i], false);
    }
    return g;
}

/* Retransmissions are one row: the first one that went farthest is drawn, and how many were lost is
 * said. */
static void
follow_again(const struct ladder_way *w, const struct row *r, struct course *c)
{
    const struct frame_numbers *again = &r->m->again->frames;
    uint32_t shown = again->at[0];

    for (guint i = 0; i < again->len; i++) {
        const struct passage *g = lost_on(w, again->at[i]);
        if (g) {
            add_lost(w, r, c, g, 1, again->len);
        } else if (lost_on(w, shown)) {
            shown = again->at[i];
        }
    }
    add_frames(w, r, c, shown);
}

static void
follow_stream(const struct ladder_way *w, const struct row *r, struct course *c)
{
    for (size_t i = 0; i < points_num_passages(w->p); i++) {
        const struct passage *g = points_passage(w->p, i);
        if (g->stream == r->s->id && !g->inner) {
            add_lost(w, r, c, g, g->num_lost, g->sent);
            c->last = MAX(c->last, column_of(w, r, g->from));
            c->last = g->arrived ? MAX(c->last, column_of(w, r, g->to)) : c->last;
        }
    }
    add_frames(w, r, c, r->frame);
}

static struct course
follow(const struct ladder_way *w, const struct row *r)
{
    struct course c = { .end = w->num + 1 };
    const struct passage *g;

    if (r->kind == ROW_AGAIN) {
        follow_again(w, r, &c);
    } else if (r->kind == ROW_TRAFFIC) {
        follow_stream(w, r, &c);
    } else {
        g = r->kind == ROW_MESSAGE ? lost_on(w, r->frame) : NULL;
        add_frames(w, r, &c, r->frame);
        if (g) {
            add_lost(w, r, &c, g, 1, 1);
        }
    }
    return c;
}

static bool
was_seen(const struct ladder_way *w, const struct course *c, unsigned at)
{
    return at == 0 || at > w->num || c->frames[at] != 0;
}

/* --- pictures -------------------------------------------------------------------------- */

/* The lifelines of style.c stand there too. */
static int
x_of(const struct ladder_way *w, unsigned column)
{
    int left = w->width / 10;

    return left + (w->width - 2 * left) * (int)column / (int)(w->num + 1);
}

static int
x_along(const struct ladder_way *w, const struct row *r, unsigned at)
{
    return x_of(w, along(w, r, at));
}

static void
draw_line(GString *out, const char *class, int from, int to)
{
    html_put(out, "<path class=\"%s\" d=\"M%d %dH%d\"/>", class, from, ARROW, to);
}

static void
draw_tip(GString *out, int at, bool to_right)
{
    html_put(out, "<path class=\"tip\" d=\"M%d %dl%d -5v10z\"/>", at, ARROW, to_right ? -9 : 9);
}

static void
draw_note(GString *out, const char *class, int from, int to, const char *note)
{
    html_put(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">%s</text>", class, (from + to) / 2, NOTE,
             note);
}

/* Between that column and the next one. */
static void
draw_lost(GString *out, const struct ladder_way *w, const struct row *r, const struct course *c,
          unsigned at)
{
    int from = x_along(w, r, at), to = x_along(w, r, at + 1), x = (from + to) / 2;
    char note[48];

    html_put(out, "<path class=\"cross\" d=\"M%d %dl%d %dm0 %dl%d %d\"/>", x - CROSS, ARROW - CROSS,
             2 * CROSS, 2 * CROSS, -2 * CROSS, -2 * CROSS, 2 * CROSS);
    if (c->sent[at] > 1) {
        g_snprintf(note, sizeof note, c->lost[at] == c->sent[at] ? "all lost" : "%u lost",
                   c->lost[at]);
    } else {
        g_strlcpy(note, "lost", sizeof note);
    }
    draw_note(out, "hop gone", from, to, note);
}

static void
draw_segment(GString *out, const struct ladder_way *w, const struct row *r,
             const struct course *c, unsigned at)
{
    int from = x_along(w, r, at), to = x_along(w, r, at + 1), back = r->to_right ? -4 : 4;
    bool seen = r->kind == ROW_TRAFFIC || (was_seen(w, c, at) && was_seen(w, c, at + 1));
    struct rewriting change;

    if (at == c->end) {
        draw_line(out, "line", from, (from + to) / 2);
        draw_lost(out, w, r, c, at);
        return;
    }
    draw_line(out, seen ? "line" : "line unseen", from, at == w->num ? to + back : to);
    if (c->lost[at]) {
        draw_lost(out, w, r, c, at);
    } else if (c->frames[at] && c->frames[at + 1] &&
               points_rewritten(w->p, c->frames[at], c->frames[at + 1], &change)) {
        draw_note(out, "hop", from, to, "rewritten");
    }
}

static void
draw_sighting(GString *out, const struct ladder_way *w, uint32_t frame, int x)
{
    double time = 0;

    html_put(out, "<circle class=\"seen\" cx=\"%d\" cy=\"%d\" r=\"3\"/>", x, ARROW);
    html_put(out, "<text class=\"frame\" x=\"%d\" y=\"%d\">%u</text>", x, ARROW + 16, frame);
    if (points_when(w->p, frame, &time)) {
        html_put(out, "<text class=\"below\" x=\"%d\" y=\"%d\">+", x, ARROW + 30);
        html_decimal(out, MAX(time - w->start, 0), 3);
        g_string_append(out, " s</text>");
    }
}

static void
put_names(GString *out, const struct ladder_way *w, const struct row *r, const struct course *c)
{
    const char *between = "";

    for (unsigned at = 1; at <= w->num; at++) {
        if (c->frames[at]) {
            html_put(out, "%s%s", *between ? between : ", seen at ",
                     points_get(w->p, w->ids[along(w, r, at) - 1])->name);
            between = " and ";
        }
    }
    g_string_append(out, c->end <= w->num ? ", then lost" : "");
}

void
ladder_way_row(GString *out, const struct ladder_way *w, const struct row *r)
{
    struct course c = follow(w, r);
    int middle = w->width / 2;

    html_put(out, "<svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"frame %u, from the %s",
             w->width, STEP, r->frame, r->to_right ? "initiator" : "responder");
    put_names(out, w, r, &c);
    g_string_append(out, "\">");
    if (r->kind == ROW_QUIET || !c.placed) {
        draw_line(out, r->kind == ROW_QUIET ? "line" : "line unseen", x_of(w, 0),
                  x_of(w, w->num + 1));
        html_put(out, "<text class=\"frame\" x=\"%d\" y=\"%d\">", middle, ARROW + 16);
        html_put(out, r->last_frame > r->frame ? "%u\xe2\x80\x93%u</text>" : "%u</text>", r->frame,
                 r->last_frame);
    } else {
        for (unsigned at = 0; at <= MIN(c.end, w->num); at++) {
            draw_segment(out, w, r, &c, at);
        }
        for (unsigned at = 1; at <= w->num; at++) {
            if (c.frames[at]) {
                draw_sighting(out, w, c.frames[at], x_along(w, r, at));
            }
        }
    }
    if (r->kind != ROW_QUIET && c.end > w->num) {
        draw_tip(out, x_along(w, r, w->num + 1), r->to_right);
    }
    html_put(out, "<text class=\"label\" x=\"%d\" y=\"12\">", middle);
    ladder_label(out, r, w->sa);
    g_string_append(out, "</text></svg>");
}

static void
draw_head(GString *out, const struct ladder_way *w, unsigned column, const char *name,
          const char *role, const char *more)
{
    int step = x_of(w, 1) - x_of(w, 0), x = x_of(w, column), half = MIN(step / 2 - 3, 75);
    int from = MAX(x - half, 1), wide = MIN(x + half, w->width - 1) - from;
    int middle = from + wide / 2;

    html_put(out,
             "<g class=\"end%s\"><rect x=\"%d\" y=\"2\" width=\"%d\" height=\"%d\" rx=\"5\"/>",
             column > 0 && column <= w->num ? " point" : "", from, wide, HEAD - 6);
    html_put(out, "<text class=\"name\" x=\"%d\" y=\"19\">", middle);
    html_text_cut(out, name, (unsigned)wide * 2 / 15);
    html_put(out, "</text><text class=\"below\" x=\"%d\" y=\"34\">", middle);
    html_text_cut(out, role, (unsigned)wide / 5);
    html_put(out, "</text><text class=\"below\" x=\"%d\" y=\"48\">", middle);
    html_text_cut(out, more, (unsigned)wide / 5);
    g_string_append(out, "</text></g>\n");
}

static void
draw_end(GString *out, const struct ladder_way *w, const struct endpoint *e, unsigned column,
         const char *role)
{
    char name[ID_TEXT_MAX], address[ADDR_TEXT_MAX];

    draw_head(out, w, column, endpoint_print(e, name, sizeof name), role,
              ip_print(&e->addr, address, sizeof address));
}

static void
draw_point(GString *out, const struct ladder_way *w, unsigned column)
{
    const struct point *p = points_get(w->p, w->ids[column - 1]);
    char clock[48];

    if (fabs(p->offset) < 0.0005) {
        g_strlcpy(clock, "its clock is used", sizeof clock);
    } else {
        char number[G_ASCII_DTOSTR_BUF_SIZE];
        g_ascii_formatd(number, sizeof number, "%+.3f", p->offset);
        g_snprintf(clock, sizeof clock, "clock %s s", number);
    }
    draw_head(out, w, column, p->name, "captured", clock);
}

void
ladder_way_heads(GString *out, const struct ladder_way *w)
{
    html_put(out,
             "<div class=\"row ends\"><svg viewBox=\"0 0 %d %d\" role=\"img\" aria-label=\"the "
             "initiator left, the capture points, the responder right\">",
             w->width, HEAD);
    draw_end(out, w, &w->sa->initiator, 0, "initiator");
    for (unsigned i = 1; i <= w->num; i++) {
        draw_point(out, w, i);
    }
    draw_end(out, w, &w->sa->responder, w->num + 1, "responder");
    g_string_append(out, "</svg></div>\n");
}

void
ladder_way_classes(GString *out, const struct ladder_way *w)
{
    html_put(out, " pts p%u%s", w->num, w->num > FEW ? " many" : "");
}

/* --- in words -------------------------------------------------------------------------- */

static const char *
name_at(const struct ladder_way *w, const struct row *r, unsigned at)
{
    unsigned column = along(w, r, at);

    return column == 0          ? "the initiator" :
           column == w->num + 1 ? "the responder" :
                                   points_get(w->p, w->ids[column - 1])->name;
}

static void
say_lost(GString *out, const struct ladder_way *w, const struct row *r, const struct course *c)
{
    for (unsigned at = 1; at <= w->num; at++) {
        if (!c->lost[at]) {
            continue;
        }
        g_string_append(out, "<p class=\"gone\">");
        if (c->sent[at] > 1) {
            html_put(out, "%u of %u lost", c->lost[at], c->sent[at]);
        } else {
            g_string_append(out, "Lost");
        }
        html_put(out, " between %s and %s%s</p>", name_at(w, r, at), name_at(w, r, c->to[at]),
                 c->doubted ? ", if the capture there still ran" : "");
    }
}

static void
say_rewritten(GString *out, const struct ladder_way *w, const struct row *r,
              const struct course *c)
{
    struct rewriting change;
    char text[REWRITING_TEXT_MAX];
    unsigned from = 0;

    for (unsigned at = 1; at <= w->num; at++) {
        if (from && c->frames[at] &&
            points_rewritten(w->p, c->frames[from], c->frames[at], &change)) {
            html_put(out, "<p class=\"sub\">%s between %s and %s</p>",
                     rewriting_print(&change, text, sizeof text), name_at(w, r, from),
                     name_at(w, r, at));
        }
        from = c->frames[at] ? at : from;
    }
}

/* What tunnels carry and what does not come out of them inside of the gateway. */
static void
say_inside(GString *out, const struct ladder_way *w, const struct row *r)
{
    for (size_t i = 0; r->kind == ROW_TRAFFIC && i < points_num_passages(w->p); i++) {
        const struct passage *g = points_passage(w->p, i);
        if (g->stream == r->s->id && g->inner && g->num_lost) {
            html_put(out, "<p class=\"gone\">Of what they carry %u of %u do not come from %s",
                     g->num_lost, g->sent, points_get(w->p, g->from)->name);
            html_put(out, " to %s</p>", points_get(w->p, g->to)->name);
        }
    }
}

void
ladder_way_said(GString *out, const struct ladder_way *w, const struct row *r)
{
    const struct course c = follow(w, r);

    g_string_append(out, "<p class=\"sub\">");
    ladder_below(out, r, w->sa);
    g_string_append(out, "</p>");
    if (r->kind != ROW_QUIET) {
        say_lost(out, w, r, &c);
        say_rewritten(out, w, r, &c);
        say_inside(out, w, r);
    }
}
