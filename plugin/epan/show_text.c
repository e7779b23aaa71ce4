/* show_text.c - sentences in the packet details.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "capture.h"
#include "espial.h"

#include <espial/text.h>

/* Wireshark cuts a label, and no window is as wide as two sentences: further lines are items of
 * text below. */
proto_item *
show_sentences(tvbuff_t *tvb, proto_tree *tree, int field, int ett,
               const char *sentences)
{
    enum { LINE_LEN = 130 };
    char *copy;
    const char *text = capture_text(sentences, &copy);
    proto_item *first = proto_tree_add_string(tree, field, tvb, 0, 0, text), *item = first;
    size_t len = text_line(text, LINE_LEN);

    proto_item_set_generated(first);
    if (!first || !text[len] || !PTREE_DATA(tree)->visible) {
        g_free(copy);
        return first;
    }
    proto_item_set_text(first, "%s: %.*s", PITEM_FINFO(first)->hfinfo->name, (int)len, text);
    for (text += len; *text; text += len) {
        text += strspn(text, " ");
        len = text_line(text, LINE_LEN);
        proto_tree_add_subtree_format(tree, tvb, 0, 0, ett, &item, ".. %.*s", (int)len, text);
        proto_item_set_generated(item);
    }
    g_free(copy);
    return first;
}
