/* show_point.c - where a packet was captured, and where else.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/points.h>

static int ett_point = -1;

void
show_point_register(void)
{
    static int *ett[] = { &ett_point };

    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
}

static proto_item *
put(tvbuff_t *tvb, proto_tree *tree, int field, uint32_t n)
{
    proto_item *item = proto_tree_add_uint(tree, field, tvb, 0, 0, n);

    proto_item_set_generated(item);
    return item;
}

/* A packet that one point alone saw has its point, and no other sighting. */
void
show_point(tvbuff_t *tvb, proto_tree *tree, int point, int sighting, uint32_t frame)
{
    const struct points *p = sadb_points(capture_db());
    const struct point *here = points_meet(p) ? points_of_frame(p, frame) : NULL;
    uint32_t frames[POINTS_MAX];
    size_t num = here ? points_sightings(p, frame, frames) : 0;
    proto_item *item;

    if (!here || !num) {
        return;
    }
    item = put(tvb, tree, point, here->id);
    proto_item_append_text(item, " (%s)", here->name);
    tree = proto_item_add_subtree(item, ett_point);
    for (size_t i = 0; i < num; i++) {
        if (frames[i] != frame) {
            const struct point *there = points_of_frame(p, frames[i]);
            proto_item_append_text(put(tvb, tree, sighting, frames[i]), " at %s", there->name);
        }
    }
}
