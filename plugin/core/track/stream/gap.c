/* gap.c - which numbers of a stream are missing, and between which of its packets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* How far a sender goes ahead that takes over from another one whose last number it does not know
 * (RFC 6311 section 5.2), and no loss explains: beyond what its pace gives in that time. */
enum { JUMP_NUMBERS = 1024 };
#define JUMP_FACTOR 10.0
#define JUMP_SECONDS 600.0

static bool
is_jump(const struct stream *s, uint32_t missing, double now)
{
    double age = s->last_time - s->first_time, pause = now - s->last_time, pace;

    if (missing < JUMP_NUMBERS || s->packets < 4 || pause > JUMP_SECONDS || age < 0) {
        return false;
    }
    pace = (double)s->numbers / MAX(age, 1.0);
    return missing > JUMP_FACTOR * pace * MAX(pause, 1.0);
}

static struct stream_gap *
gap_at(const struct stream *s, guint i)
{
    return &g_array_index(s->rare->gaps, struct stream_gap, i);
}

/* Those that were filled give their room. */
static void
close_ranks(struct stream *s, struct stream_rare *rare)
{
    guint kept = 0;

    for (guint i = 0; i < rare->num_gaps; i++) {
        if (gap_at(s, i)->missing) {
            *gap_at(s, kept++) = *gap_at(s, i);
        }
    }
    rare->num_gaps = kept;
}

void
gap_open(struct sadb *db, struct stream *s, struct stream_gap gap, double now)
{
    struct stream_rare *rare = track_rare(db, s);
    bool settled;

    gap.jump = is_jump(s, gap.missing, now);
    if (!gap.jump) {
        s->lost += gap.missing;
        s->numbers += gap.missing;
    }
    gap.count = gap.missing;
    if (!rare->gaps) {
        rare->gaps = store_array(&db->store, sizeof gap);
    }
    /* What is in doubt may be taken back: until then the others keep their places. */
    settled = !s->doubt || !s->doubt->pending;
    while (settled && rare->num_gaps && !gap_at(s, rare->num_gaps - 1)->missing) {
        rare->num_gaps--;
    }
    if (settled && rare->num_gaps >= STREAM_MAX_GAPS) {
        close_ranks(s, rare);
    }
    if (rare->num_gaps >= STREAM_MAX_GAPS) {
        store_cap(&db->store, "gaps in the sequence numbers of one stream that are told");
        return;
    }
    g_array_set_size(rare->gaps, rare->num_gaps);
    g_array_append_val(rare->gaps, gap);
    rare->num_gaps++;
}

void
gap_fill(struct stream *s, uint32_t seq)
{
    for (guint i = stream_rare(s)->num_gaps; i > 0; i--) {
        struct stream_gap *gap = gap_at(s, i - 1);
        if (seq - gap->from < gap->count) {
            s->lost -= !gap->jump && s->lost > 0;
            gap->missing -= gap->missing > 0;
            return;
        }
        if (s->last_seq - gap->from > STREAM_WINDOW_MAX + gap->count) {
            break;              /* beyond any window, all further ones too */
        }
    }
    s->lost -= s->lost > 0;
}
