/* show_point.c - where a packet was captured, and where else.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/points.h>

#include <math.h>

static int ett_point = -1;

void
show_point_register(void)
{
    static int *ett[] = { &ett_point };

    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
}

static proto_item *
generated(proto_item *item)
{
    proto_item_set_generated(item);
    return item;
}

static void
put_time(tvbuff_t *tvb, proto_tree *tree, int field, const struct points *p, uint32_t frame)
{
    double time;
    nstime_t at;

    if (points_when(p, frame, &time)) {
        at.secs = (time_t)floor(time);
        at.nsecs = (int)((time - floor(time)) * 1e6) * 1000;    /* a double has no more digits */
        generated(proto_tree_add_time(tree, field, tvb, 0, 0, &at));
    }
}

/* The packet itself, or what it carries. */
static void
put_lost(tvbuff_t *tvb, proto_tree *tree, proto_item *top, int field, uint32_t frame)
{
    const struct points *p = sadb_points(capture_db());

    for (int inner = 0; inner < 2; inner++) {
        const struct passage *g = points_lost_on(p, frame, inner);
        if (g) {
            const char *next = points_get(p, g->to)->name;
            proto_item *item = generated(proto_tree_add_string(tree, field, tvb, 0, 0, next));
            proto_item_append_text(item, "%s%s", inner ? " (what it carries)" : "",
                                   g->end_known ? "" : " (if the capture there still ran)");
            proto_item_append_text(top, ", did not arrive at %s", next);
        }
    }
}

/* Wireshark has no link to a frame of another file of a series. */
static void
put_sighting(tvbuff_t *tvb, proto_tree *tree, proto_item *top, int field, uint32_t frame,
             const char *there)
{
    uint32_t here = capture_frame_here(frame);
    char *name = here ? g_strdup_printf("%u", here) : capture_frame_name(frame);

    if (here) {
        proto_item *item = generated(proto_tree_add_uint(tree, field, tvb, 0, 0, here));
        proto_item_append_text(item, " at %s", there);
    }
    proto_item_append_text(top, ", also in frame %s at %s", name, there);
    g_free(name);
}

/* A packet that one point alone saw has its point, and no other sighting. */
void
show_point(tvbuff_t *tvb, proto_tree *tree, const struct point_fields *f, uint32_t frame)
{
    const struct points *p = sadb_points(capture_db());
    const struct point *here = points_meet(p) ? points_of_frame(p, frame) : NULL;
    uint32_t frames[POINTS_MAX];
    size_t num = here ? points_sightings(p, frame, frames) : 0;
    proto_item *top;

    if (!here || !num) {
        return;
    }
    top = generated(proto_tree_add_uint(tree, f->point, tvb, 0, 0, here->id));
    proto_item_append_text(top, " (%s)", here->name);
    tree = proto_item_add_subtree(top, ett_point);
    generated(proto_tree_add_string(tree, f->name, tvb, 0, 0, here->name));
    put_time(tvb, tree, f->time, p, frame);
    for (size_t i = 0; i < num; i++) {
        if (frames[i] != frame) {
            const struct point *there = points_of_frame(p, frames[i]);
            put_sighting(tvb, tree, top, f->sighting, frames[i], there->name);
        }
    }
    put_lost(tvb, tree, top, f->lost, frame);
}
