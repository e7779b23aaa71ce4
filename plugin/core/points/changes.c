/* changes.c - what a packet's IP header, and how it comes, are at two points.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

static void
note_rewriting(const struct points *p, struct passage *g, const struct record *a,
               const struct record *b)
{
    const struct ends *x = record_ends(p, a), *y = record_ends(p, b);

    if (a->ends == b->ends) {
        return;
    }
    if (!g->rewriting.num++) {
        g->rewriting.src[0] = x->src;
        g->rewriting.dst[0] = x->dst;
        g->rewriting.src_port[0] = x->src_port;
        g->rewriting.dst_port[0] = x->dst_port;
        g->rewriting.src[1] = y->src;
        g->rewriting.dst[1] = y->dst;
        g->rewriting.src_port[1] = y->src_port;
        g->rewriting.dst_port[1] = y->dst_port;
        g->rewriting.frame[0] = a->frame;
        g->rewriting.frame[1] = b->frame;
    }
}

static void
note_header(struct passage *g, const struct record *a, const struct record *b)
{
    if (a->dscp != b->dscp && !g->remarking.num++) {
        g->remarking.dscp[0] = a->dscp;
        g->remarking.dscp[1] = b->dscp;
        g->remarking.frame[0] = a->frame;
        g->remarking.frame[1] = b->frame;
    }
    if (a->joined != b->joined && !g->fragmenting.num++) {
        g->fragmenting.apart = b->joined;
        g->fragmenting.frame[0] = a->frame;
        g->fragmenting.frame[1] = b->frame;
    }
}

/* Of what is inside a tunnel the header is another one. */
void
points_note_changes(const struct points *p, struct passage *g, const struct record *before,
                    const struct record *behind)
{
    if (!g->inner) {
        note_rewriting(p, g, before, behind);
        note_header(g, before, behind);
    }
}
