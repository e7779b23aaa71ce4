/* show_text.c - sentences in the packet details.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/text.h>

/* Wireshark cuts a label, and no window is as wide as two sentences: further lines are items of
 * text below. */
proto_item *
show_sentences(tvbuff_t *tvb, packet_info *pinfo, proto_tree *tree, int field, int ett,
               const char *sentences)
{
    enum { LINE_LEN = 130 };
    char *copy = capture_text(sentences);
    const char *text = wmem_strdup(pinfo->pool, copy);
    proto_item *first = proto_tree_add_string(tree, field, tvb, 0, 0, text), *item = first;
    size_t len = text_line(text, LINE_LEN);

    g_free(copy);
    proto_item_set_generated(first);
    if (!first || !text[len] || !PTREE_DATA(tree)->visible) {
        return first;
    }
    proto_item_set_text(first, "%s: %.*s", PITEM_FINFO(first)->hfinfo->name, (int)len, text);
    for (text += len; *text; text += len) {
        text += strspn(text, " ");
        len = text_line(text, LINE_LEN);
        proto_tree_add_subtree_format(tree, tvb, 0, 0, ett, &item, ".. %.*s", (int)len, text);
        proto_item_set_generated(item);
    }
    return first;
}
