/* timeline.c - SAs as bars over time: when they were made, replaced and deleted,
 * and what each direction carried.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"
#include "traffic.h"

#include <math.h>

enum {
    WIDTH = 960,
    PLOT = 250,
    PLOT_END = 944,
    AXIS = 26,
    IKE_STEP = 30,
    CHILD_STEP = 36,
    BAR = 12,
    STRIP = 13,
    NAME_CHARS = 33,
    TICKS = 7,
    COLUMN = 6,
    TICK_WIDTH = 24
};

#define SHORTEST 1e-3          /* seconds that a picture shows at least */
#define SEEN_SHARE 0.3 /* of the whole time line: above it an SA needs no picture of its own */

struct scale {
    double from, to;
};

static double
x_of(const struct scale *s, double time)
{
    double share = s->to > s->from ? (time - s->from) / (s->to - s->from) : 0;

    return PLOT + MIN(MAX(share, 0), 1) * (PLOT_END - PLOT);
}

static void
put_x(GString *out, double x)
{
    html_decimal(out, x, 1);
}

static void
put_attribute(GString *out, const char *name, double x)
{
    html_put(out, " %s=\"", name);
    put_x(out, x);
    g_string_append(out, "\"");
}

static double
last_packet(const struct child_sa *c, double least)
{
    for (guint i = 0; i < c->streams.len; i++) {
        least = MAX(least, (c->streams.at[i])->last_time);
    }
    return least;
}

static double
first_packet(const struct child_sa *c, double most)
{
    for (guint i = 0; i < c->streams.len; i++) {
        double first = (c->streams.at[i])->first_time;
        most = most > 0 ? MIN(most, first) : first;
    }
    return most;
}

/* --- axis ------------------------------------------------------------------------ */

/* 1, 2 or 5 times a power of ten below a minute; then steps that clocks have. */
static double
tick_step(double span)
{
    static const double clock[] = { 60, 120, 300, 600, 1200, 1800,
                                    3600, 7200, 14400, 21600, 43200, 86400 };
    double least = span / TICKS, step = 1e-6;

    for (unsigned i = 0; step < least && step < 50; i++) {
        static const double next[] = { 2, 2.5, 2 };
        step *= next[i % 3];
    }
    for (size_t i = 0; step < least && i < G_N_ELEMENTS(clock); i++) {
        step = clock[i];
    }
    return step < least ? ceil(least / 86400) * 86400 : step;
}

static void
put_tick(GString *out, double seconds, double step)
{
    unsigned whole = (unsigned)MIN(MAX(seconds + 0.5, 0), 4e9);

    g_string_append(out, "+");
    if (step < 1) {
        html_decimal(out, seconds, step < 0.001 ? 5 : step < 0.1 ? 3 : 1);
        g_string_append(out, " s");
    } else if (step < 60) {
        html_put(out, "%u s", whole);
    } else if (step < 3600) {
        html_put(out, "%u min", whole / 60);
    } else {
        html_put(out, "%u h", whole / 3600);
    }
}

/* Times are counted from the start of the capture, so that all pictures of a page agree. */
static void
draw_axis(struct page *p, const struct scale *s, int height)
{
    double step = tick_step(s->to - s->from), first = ceil((s->from - p->start) / step - 1e-9);

    for (unsigned i = 0; i <= 2 * TICKS; i++) {
        double since = (first + i) * step, x = x_of(s, p->start + since);
        if (p->start + since > s->to) {
            break;
        }
        g_string_append(p->out, "<path class=\"grid\" d=\"M");
        put_x(p->out, x);
        html_put(p->out, " %dV%d\"/><text class=\"tick%s\"", AXIS - 4, height - 2,
                 x > PLOT_END - TICK_WIDTH ? " last" : "");
        put_attribute(p->out, "x", x);
        html_put(p->out, " y=\"%d\">", AXIS - 10);
        put_tick(p->out, since, step);
        g_string_append(p->out, "</text>\n");
    }
}

/* --- bars ------------------------------------------------------------------------ */

static void
draw_bar(GString *out, const struct scale *s, const char *css, double from, double to, double y,
         double height)
{
    double x = x_of(s, from);

    html_put(out, "<rect class=\"%s\"", css);
    put_attribute(out, "x", x);
    put_attribute(out, "y", y);
    put_attribute(out, "width", MAX(x_of(s, to) - x, 1.5));
    put_attribute(out, "height", height);
    g_string_append(out, "/>");
}

enum mark { MARK_UP, MARK_REKEYED, MARK_DELETED, MARK_FAILED };

/* Each has a shape: ring, diamond, cross. */
static void
draw_mark(GString *out, const struct scale *s, enum mark mark, double time, int y)
{
    static const char *const shapes[] = { "m-4 0a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z",
                                          "m0 -5l5 5l-5 5l-5 -5z", "m-4 -4l8 8m0 -8l-8 8",
                                          "m-4 -4l8 8m0 -8l-8 8" };
    static const char *const names[] = { "up", "rekeyed", "deleted", "failed" };

    if (time <= 0) {
        return;
    }
    html_put(out, "<path class=\"mark %s\" d=\"M", names[mark]);
    put_x(out, x_of(s, time));
    html_put(out, " %d%s\"><title>%s</title></path>", y, shapes[mark],
             mark == MARK_UP ? "established" : names[mark]);
}

static void
draw_name(GString *out, int y, bool child)
{
    html_put(out, "<text class=\"%s\" x=\"%d\" y=\"%d\">", child ? "below lane" : "name lane",
             child ? 20 : 4, y);
}

static void
draw_ike(struct page *p, const struct scale *s, const struct ike_sa *sa, int y)
{
    GString *out = p->out;
    double up = message_time(sa, sa->established_in), gone = message_time(sa, sa->deleted_in);
    bool live = sa->state == IKE_ESTABLISHED;
    char name[ID_TEXT_MAX];
    GString *text = g_string_new(NULL);
    double first, last;

    sa_span(p, sa, &first, &last);
    g_string_append_printf(text, "IKE SA %u %s", sa->id,
                           endpoint_print(&sa->initiator, name, sizeof name));
    draw_name(out, y + 5, false);
    html_text_cut(out, text->str, NAME_CHARS);
    g_string_append(out, "</text>");
    g_string_free(text, TRUE);
    if (live && last < s->to) {
        draw_bar(out, s, "bar after", last, s->to, y - BAR / 2.0, BAR);
    }
    draw_bar(out, s,
             sa->state == IKE_FAILED    ? "bar failed" :
             sa->state == IKE_HALF_OPEN ? "bar open" :
                                          "bar",
             first, gone > 0 ? gone : last, y - BAR / 2.0, BAR);
    draw_mark(out, s, MARK_UP, up, y);
    if (sa->state == IKE_FAILED) {
        draw_mark(out, s, MARK_FAILED, last, y);
    } else if (gone > 0) {
        draw_mark(out, s, MARK_DELETED, gone, y);
    } else if (sa->state == IKE_REKEYED || sa->state == IKE_DELETED) {
        draw_mark(out, s, sa->state == IKE_REKEYED ? MARK_REKEYED : MARK_DELETED, last, y);
    }
    g_string_append_c(out, '\n');
}

/* Beside the packet that shows the gap, and longer than any column of packets. */
static void
draw_loss(GString *out, double x, int y)
{
    g_string_append(out, "<rect class=\"loss\" width=\"2.5\"");
    put_attribute(out, "x", x - 3);
    html_put(out, " y=\"%d\" height=\"%d\"/>", y, STRIP + 2);
}

/* Packets as columns that stand up for one direction and hang down for the other. */
static void
draw_stream(struct page *p, const struct scale *s, const struct stream *stream, int y)
{
    const struct stream_traffic *t = traffic_of(p->traffic, stream->id);
    double wide = (s->to - s->from) * COLUMN / (PLOT_END - PLOT);
    uint32_t most = 1;

    if (!t) {
        draw_bar(p->out, s, "pkt", stream->first_time, stream->last_time,
                 stream->to_responder ? y - 5 : y + 1, 4);
        return;
    }
    for (unsigned i = 0; i < TRAFFIC_BINS; i++) {
        most = MAX(most, t->packets[i]);
    }
    for (unsigned i = 0; i < TRAFFIC_BINS; i++) {
        double from = t->start + i * t->width,
               height = 3 + (STRIP - 3) * (double)t->packets[i] / most;
        double top = stream->to_responder ? y - 0.5 - height : y + 0.5;
        if (t->packets[i]) {
            draw_bar(p->out, s, "pkt", from, from + MIN(t->width * 0.9, wide), top, height);
        }
    }
    for (unsigned i = 0; i < TRAFFIC_BINS && stream->lost; i++) {
        if (t->lost[i]) {
            draw_loss(p->out, x_of(s, t->start + i * t->width),
                      stream->to_responder ? y - STRIP - 3 : y + 1);
        }
    }
}

static void
draw_child(struct page *p, const struct scale *s, const struct child_sa *c, int y)
{
    GString *out = p->out;
    double from = c->negotiated_time > 0 ? c->negotiated_time : first_packet(c, 0),
           to = c->deleted_time;
    bool live = c->state == CHILD_INSTALLED;
    uint64_t lost = 0;

    for (guint i = 0; i < c->streams.len; i++) {
        lost += (c->streams.at[i])->lost;
    }
    draw_name(out, y + 4, true);
    html_put(out, "Child SA %u%s", c->id, c->basis == BASIS_INFERRED ? ", inferred" : "");
    if (lost) {
        html_put(out, ", %" G_GUINT64_FORMAT " missing", lost);
    }
    g_string_append(out, "</text>");
    if (from <= 0) {
        g_string_append_c(out, '\n');
        return;
    }
    to = to > 0 ? to : live ? s->to : last_packet(c, from);
    draw_bar(out, s, live ? "span after" : "span", from, to, y - 1, 2);
    for (guint i = 0; i < c->streams.len; i++) {
        draw_stream(p, s, c->streams.at[i], y);
    }
    draw_mark(out, s, MARK_UP, c->negotiated_time, y);
    if (c->deleted_time > 0) {
        draw_mark(out, s, c->rekeyed_by != NO_ID ? MARK_REKEYED : MARK_DELETED, c->deleted_time, y);
    }
    g_string_append_c(out, '\n');
}

/* --- the picture ------------------------------------------------------------------- */

static void
see_span(const struct page *p, struct scale *s, const struct ike_sa *sa)
{
    double first, last;

    sa_span(p, sa, &first, &last);
    s->from = MIN(s->from, first);
    s->to = MAX(s->to, last);
    for (guint i = 0; i < sa->children.len; i++) {
        s->to = MAX(s->to, last_packet(sa->children.at[i], 0));
    }
}

#define SWATCH "<svg class=\"swatch\" viewBox=\"0 0 12 12\" aria-hidden=\"true\">"

static const char legend[] =
    "<figcaption>From first to last packet <span class=\"key\">" SWATCH
    "<path class=\"mark up\" d=\"M2 6a4 4 0 1 0 8 0a4 4 0 1 0 -8 0z\"/></svg> established " SWATCH
    "<path class=\"mark rekeyed\" d=\"M6 1l5 5l-5 5l-5 -5z\"/></svg> rekeyed " SWATCH
    "<path class=\"mark deleted\" d=\"M2 2l8 8m0 -8l-8 8\"/></svg> deleted " SWATCH
    "<path class=\"mark failed\" d=\"M2 2l8 8m0 -8l-8 8\"/></svg> failed " SWATCH
    "<rect class=\"pkt\" x=\"2\" y=\"1\" width=\"3\" height=\"5\"/>"
    "<rect class=\"pkt\" x=\"7\" y=\"6\" width=\"3\" height=\"5\"/></svg> "
    "packets to the responder (up), to the initiator (down) " SWATCH
    "<rect class=\"loss\" x=\"5\" y=\"0\" width=\"2\" height=\"12\"/></svg> missing packets. "
    "Pale: still alive. Times since the capture began.</span></figcaption>\n";

struct picture {
    const uint32_t *ids;
    size_t num;
    struct scale scale;
    unsigned bars, left_out;    /* of those, not drawn */
    int y;
};

static int
height_of(const struct page *p, const struct picture *one)
{
    unsigned bars = 0;
    int height = AXIS + 10;

    for (size_t i = 0; i < one->num && bars < PAGE_MAX_BARS; i++) {
        unsigned children =
            MIN(sadb_ike_sa(p->r->db, one->ids[i])->children.len, PAGE_MAX_BARS - bars - 1);
        bars += 1 + children;
        height += IKE_STEP + (int)children * CHILD_STEP;
    }
    return height;
}

static void
draw_sa(struct page *p, struct picture *one, const struct ike_sa *sa)
{
    if (one->bars == PAGE_MAX_BARS) {
        one->left_out++;
        return;
    }
    draw_ike(p, &one->scale, sa, one->y);
    one->y += IKE_STEP;
    one->bars++;
    for (guint k = 0; k < sa->children.len; k++) {
        if (one->bars == PAGE_MAX_BARS) {
            one->left_out += sa->children.len - k;
            return;
        }
        draw_child(p, &one->scale, sa->children.at[k], one->y + 2);
        one->y += CHILD_STEP;
        one->bars++;
    }
}

static void
draw_picture(struct page *p, struct picture *one, const char *caption, const char *label)
{
    int height = height_of(p, one);

    one->scale.to = MAX(one->scale.to, one->scale.from + SHORTEST);
    one->y = AXIS + 18;
    g_string_append(p->out, "<figure class=\"timeline\">");
    g_string_append(p->out, caption);
    html_put(p->out, "<div class=\"scroll\" role=\"region\" aria-label=\"%s\" tabindex=\"0\">\n",
             label);
    html_put(p->out, "<svg viewBox=\"0 0 %d %d\" class=\"wide\" role=\"img\" aria-label=\"%s\">\n",
             WIDTH, height, label);
    draw_axis(p, &one->scale, height);
    for (size_t i = 0; i < one->num; i++) {
        draw_sa(p, one, sadb_ike_sa(p->r->db, one->ids[i]));
    }
    g_string_append(p->out, "</svg></div></figure>\n");
    if (one->left_out) {
        html_put(p->out, "<p class=\"limit\">%u more SAs are not drawn here.</p>\n", one->left_out);
    }
}

void
page_timeline(struct page *p)
{
    struct picture one = { .ids = p->full, .num = p->num_full, .scale = { p->start, p->end } };

    draw_picture(p, &one, legend, "Time line of the SAs shown in full");
}

void
page_own_timeline(struct page *p, const struct ike_sa *sa)
{
    struct picture one = { .ids = &sa->id, .num = 1, .scale = { p->end, p->start } };
    char label[64];

    see_span(p, &one.scale, sa);
    if (!sa->children.len || one.scale.to - one.scale.from > (p->end - p->start) * SEEN_SHARE) {
        return;
    }
    g_snprintf(label, sizeof label, "Time line of IKE SA %u", sa->id);
    draw_picture(
        p, &one,
        "<figcaption>Over time <span class=\"key\">Signs as in the <a href=\"#time\">time line</a>.</span>"
        "</figcaption>\n",
        label);
}
