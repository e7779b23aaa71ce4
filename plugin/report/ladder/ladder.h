/* ladder.h - between the two forms of a ladder: rows of one IKE SA.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_LADDER_H
#define ESPIAL_REPORT_LADDER_H

#include "model.h"

enum row_kind { ROW_MESSAGE, ROW_AGAIN, ROW_TRAFFIC, ROW_QUIET };

struct row {
    enum row_kind kind;
    uint32_t frame, last_frame;
    double time;
    bool to_right;              /* from the initiator to the responder */
    const struct exchange *x;
    const struct exchange_message *m;
    uint32_t count;             /* of retransmissions, packets, liveness checks */
    const struct stream *s;
};

/* The message in one line is its name, then what it says: ": " and that, or NULL. */
const char *ladder_content(const struct row *r);
/* The name of what the row shows; and how it was sent, how often or how much. */
void ladder_label(GString *out, const struct row *r, const struct ike_sa *sa);
void ladder_below(GString *out, const struct row *r, const struct ike_sa *sa);

/* --- way.c: a column for each capture point ------------------------------------------------ */

/* The points on the way from initiator to responder, in that order.  NULL where no packet of the SA
 * was seen at two points; ladder_way_free frees it, and takes NULL. */
struct ladder_way;
struct ladder_way *ladder_way_new(const struct page *p, const struct ike_sa *sa);
void ladder_way_free(struct ladder_way *w);
/* Puts the rows in order of time by one clock. */
void ladder_way_sort(struct ladder_way *w, GArray *rows);
/* The packet of that frame was lost on the way. */
bool ladder_way_lost(const struct ladder_way *w, uint32_t frame);
/* Classes of the ladder. */
void ladder_way_classes(GString *out, const struct ladder_way *w);
void ladder_way_heads(GString *out, const struct ladder_way *w);
void ladder_way_row(GString *out, const struct ladder_way *w, const struct row *r);
/* How it was sent, what was lost and what rewritten: paragraphs. */
void ladder_way_said(GString *out, const struct ladder_way *w, const struct row *r);

#endif
