/* page.c - where packets were captured, by which clocks, and what became of them in between.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit.h"
#include "sections.h"

#include <espial/points.h>

#include <math.h>

enum { PASSAGES_SHOWN = 200 };
#define CLOCK_NOISE_S 0.0005

static void
put_clock(GString *out, const struct point *p)
{
    if (!p->placed) {
        g_string_append(out, "not known: no packet is shared with another point");
        return;
    }
    if (fabs(p->offset) < CLOCK_NOISE_S) {
        g_string_append(out, "times are by it");
    } else {
        html_decimal(out, fabs(p->offset), 3);
        html_put(out, " s %s", p->offset > 0 ? "ahead" : "behind");
    }
    if (fabs(p->moved) >= 2 * CLOCK_NOISE_S) {
        html_put(out, ", %s ", p->moved > 0 ? "gains" : "loses");
        html_decimal(out, fabs(p->moved), 3);
        g_string_append(out, " s meanwhile");
    }
}

static void
put_places(GString *out, const struct points *p)
{
    static const char *const columns[] = { "Point", "Clock", ">Packets of IPsec", "Frames", NULL };

    open_table(out, STACK, "Capture points", columns);
    for (size_t i = 0; i < points_count(p); i++) {
        const struct point *one = points_get(p, i);
        html_put(out, "<tr><th scope=\"row\">%s</th><td data-l=\"Clock\">", one->name);
        put_clock(out, one);
        html_put(out,
                 "</td><td class=\"r\" data-l=\"Packets\">%u</td><td class=\"n\" "
                 "data-l=\"Frames\">%u\xe2\x80\x93%u</td></tr>\n",
                 one->packets, one->first_frame, one->last_frame);
    }
    close_table(out);
}

static void
put_lost(GString *out, const struct passage *g)
{
    GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    struct frame_list list;

    for (guint i = 0; i < g->lost->len; i++) {
        g_array_append_val(frames, g_array_index(g->lost, struct lost_packet, i).frame);
    }
    html_put(out, "<b>%u</b> <span class=\"sub\">frames ", g->num_lost);
    list = (struct frame_list){ frames->data, frames->len, frames->len };
    put_frames(out, &list);
    g_string_append(out, g->end_known ? "</span>" : ", if the capture there still ran</span>");
    g_array_free(frames, TRUE);
}

static void
put_passage(GString *out, const struct page *p, const struct passage *g)
{
    const struct points *all = sadb_points(p->r->db);
    char what[PASSAGE_TEXT_MAX], ends[REWRITING_TEXT_MAX];

    html_put(out, "<tr><th scope=\"row\">%s \xe2\x86\x92 %s</th><td data-l=\"Of\">%s</td>",
             points_get(all, g->from)->name, points_get(all, g->to)->name,
             passage_print(p->r->db, g, what, sizeof what));
    html_put(out, "<td class=\"r\" data-l=\"Arrived\">%u of %u</td><td data-l=\"Lost\">",
             g->arrived, g->sent);
    if (g->num_lost) {
        put_lost(out, g);
    } else {
        g_string_append(out, "none");
    }
    g_string_append(out, "</td><td class=\"r\" data-l=\"Delay\">");
    if (g->timed) {
        html_decimal(out, g->delay * 1e3, 3);
        g_string_append(out, " ms <span class=\"sub nb\">(99 %: ");
        html_decimal(out, g->delay_99 * 1e3, 3);
        g_string_append(out, ")</span>");
    } else {
        g_string_append(out, "<span class=\"sub\">not known</span>");
    }
    html_put(out, "</td><td data-l=\"Rewritten\">%s</td></tr>\n",
             g->rewriting.num ? rewriting_print(&g->rewriting, ends, sizeof ends) : "no");
}

static int
worst_first(const void *a, const void *b)
{
    const struct passage *x = *(const struct passage *const *)a,
                         *y = *(const struct passage *const *)b;

    if ((x->num_lost > 0) != (y->num_lost > 0)) {
        return x->num_lost ? -1 : 1;
    }
    return (x > y) - (x < y);
}

static void
put_passages(struct page *p, const struct points *all)
{
    static const char *const columns[] = { "Way", "Of", ">Arrived", "Lost",
                                           ">Delay", "Rewritten", NULL };
    GPtrArray *order = g_ptr_array_new();
    guint shown;

    for (size_t i = 0; i < points_num_passages(all); i++) {
        g_ptr_array_add(order, (gpointer)points_passage(all, i));
    }
    g_ptr_array_sort(order, worst_first);
    shown = MIN(order->len, PASSAGES_SHOWN);
    open_table(p->out, STACK, "Packets between capture points", columns);
    for (guint i = 0; i < shown; i++) {
        put_passage(p->out, p, (const struct passage *)order->pdata[i]);
    }
    close_table(p->out);
    if (order->len > shown) {
        html_put(p->out,
                 "<p class=\"limit\">%u more are not listed; -z espial,points has them all.</p>\n",
                 order->len - shown);
    }
    g_ptr_array_free(order, TRUE);
}

void
page_points(struct page *p)
{
    const struct points *all = sadb_points(p->r->db);

    if (!points_meet(all)) {
        return;
    }
    g_string_append(p->out, "<section id=\"points\" aria-labelledby=\"points-h\">\n<h2 "
                            "id=\"points-h\">Capture points</h2>\n");
    put_places(p->out, all);
    g_string_append(p->out, "<h3>From point to point</h3>\n");
    put_passages(p, all);
    g_string_append(p->out, "</section>\n");
}
