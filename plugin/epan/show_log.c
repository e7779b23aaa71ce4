/* show_log.c - the lines of daemons' logs at their frame.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

static int ett_log = -1;

void
show_log_register(void)
{
    static int *ett[] = { &ett_log };

    proto_register_subtree_array(ett, G_N_ELEMENTS(ett));
}

void
show_log(tvbuff_t *tvb, proto_tree *tree, int field, uint32_t frame)
{
    const struct logs *logs = capture_logs();
    const GArray *ids = logs ? logs_of_frame(logs, frame) : NULL;
    proto_tree *lines;
    char where[TEXT_MAX];

    if (!ids) {
        return;
    }
    lines = proto_tree_add_subtree_format(tree, tvb, 0, 0, ett_log, NULL,
                                          "Daemons' logs: %u line%s", ids->len,
                                          ids->len == 1 ? "" : "s");
    proto_item_set_generated(proto_tree_get_parent(lines));
    for (guint i = 0; i < ids->len; i++) {
        const struct log_line *line = logs_line(logs, g_array_index(ids, uint32_t, i));
        const struct ike_sa *sa =
            line->ike_sa == NO_ID ? NULL : sadb_ike_sa(capture_db(), line->ike_sa);
        const char *side = sa ? logs_side(logs, line, sa) : NULL;
        proto_item *item = proto_tree_add_string(lines, field, tvb, 0, 0, line->text);
        proto_item_set_text(item, "%s%s%s: %s", side ? side : "", side ? ", " : "",
                            log_line_print(logs, line, where, sizeof where), line->text);
        proto_item_set_generated(item);
    }
}
