/* lines.c - the capture points as lines of text: their clocks, and what passed between them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <math.h>

#define CLOCK_MOVES_S 0.001     /* less is the noise of the ways */

char *
passage_print(const struct sadb *db, const struct passage *g, char *out, size_t size)
{
    const struct stream *s = g->stream == NO_ID ? NULL : sadb_stream(db, g->stream);

    if (s) {
        g_snprintf(out, size, "%s%s %08x", g->inner ? "inside " : "",
                   s->protocol == PROTO_AH ? "AH" : "ESP", s->spi);
    } else {
        g_snprintf(out, size, "IKE SA %u to the %s", g->ike_sa,
                   g->to_responder ? "responder" : "initiator");
    }
    return out;
}

static void
print_point(FILE *out, const struct point *p)
{
    fprintf(out, "point %u  %s  frames %u to %u, %u packets of IPsec", p->id, p->name,
            p->first_frame, p->last_frame, p->packets);
    if (!p->placed) {
        fprintf(out, ", shares none with another point\n");
        return;
    }
    if (fabs(p->offset) >= 1e-6) {
        fprintf(out, ", clock %.6f s %s", fabs(p->offset), p->offset > 0 ? "ahead" : "behind");
    }
    if (fabs(p->moved) >= CLOCK_MOVES_S) {
        fprintf(out, ", %s %.3f s meanwhile", p->moved > 0 ? "gains" : "loses", fabs(p->moved));
    }
    fprintf(out, "\n");
}

static void
print_passage(FILE *out, const struct report *r, const struct passage *g)
{
    const struct points *p = sadb_points(r->db);
    char what[PASSAGE_TEXT_MAX], text[REWRITING_TEXT_MAX];

    fprintf(out, "  %s -> %s  %s", points_get(p, g->from)->name, points_get(p, g->to)->name,
            passage_print(r->db, g, what, sizeof what));
    fprintf(out, ": %u of %u arrive", g->arrived, g->sent);
    if (g->timed) {
        fprintf(out, ", delay %.3f ms (99th percentile %.3f ms)", g->delay * 1e3,
                g->delay_99 * 1e3);
    }
    if (g->rewriting.num) {
        fprintf(out, ", %s", rewriting_print(&g->rewriting, text, sizeof text));
    }
    if (g->remarking.num) {
        fprintf(out, ", DSCP %u -> %u in %u", (unsigned)g->remarking.dscp[0],
                (unsigned)g->remarking.dscp[1], g->remarking.num);
    }
    if (g->fragmenting.num) {
        fprintf(out, g->fragmenting.apart ? ", %u in IP fragments" : ", %u whole again",
                g->fragmenting.num);
    }
    if (g->num_lost) {
        uint32_t frames[PASSAGE_MAX_LOST];
        for (guint i = 0; i < g->lost->len; i++) {
            frames[i] = g_array_index(g->lost, struct lost_packet, i).frame;
        }
        fprintf(out, "\n    lost: frame%s ", g->lost->len == 1 ? "" : "s");
        print_frames(out, frames, g->lost->len);
        fprintf(out, g->end_known ? "" : ", if the capture there still ran");
    }
    fprintf(out, "\n");
}

void
report_points(FILE *out, const struct report *r)
{
    const struct points *p = sadb_points(r->db);

    fprintf(out, "\nEspial capture points\n");
    if (!points_meet(p)) {
        fprintf(out, "No packet of IPsec was captured at two points.\n");
        return;
    }
    for (size_t i = 0; i < points_count(p); i++) {
        print_point(out, points_get(p, i));
    }
    for (size_t i = 0; i < points_num_passages(p); i++) {
        print_passage(out, r, points_passage(p, i));
    }
    print_left_out(out, r);
}
