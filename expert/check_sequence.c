/* check_sequence.c - the sequence numbers of a sender over the whole capture: what is missing, and
 * the shape of what does not rise.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

/* "5 of the 9 sequence numbers 1 to 9 of SPI c1a2b3c4 were not captured (55.6 %)" */
static void
say_lost(const struct stream *s, char *out, size_t size)
{
    uint64_t last = s->first_seq + s->numbers - 1;

    if (s->numbers <= (uint64_t)UINT32_MAX + 1) {
        g_snprintf(out, (gulong)size,
                   "%" G_GUINT64_FORMAT " of the %" G_GUINT64_FORMAT
                   " sequence numbers %u to %u of SPI %08x were not captured (%.1f %%)",
                   s->lost, s->numbers, s->first_seq, s->last_seq, s->spi, stream_lost_percent(s));
    } else {
        g_snprintf(out, (gulong)size,
                   "%" G_GUINT64_FORMAT " sequence numbers of SPI %08x, from %u through %s at 2^32 "
                   "to %u, were not captured (%.1f %%)",
                   s->lost, s->spi, s->first_seq, last >> 32 > 1 ? "the wraps" : "the wrap",
                   s->last_seq, stream_lost_percent(s));
    }
}

/* "8 to 12 are missing", "of 8 to 12, 3 are missing" */
static void
say_gap(const struct stream_gap *gap, char *out, size_t size)
{
    uint32_t last = gap->from + gap->count - 1;

    if (gap->count == 1) {
        g_snprintf(out, (gulong)size, "%u is missing", gap->from);
    } else if (gap->missing == gap->count) {
        g_snprintf(out, (gulong)size, "%u to %u are missing", gap->from, last);
    } else {
        g_snprintf(out, (gulong)size, "of %u to %u, %u %s missing", gap->from, last, gap->missing,
                   gap->missing == 1 ? "is" : "are");
    }
}

static bool
is_open(const struct stream_gap *gap)
{
    return gap->missing && !gap->jump;
}

static void
report_gaps(struct findings *out, const struct stream *s)
{
    const struct stream_rare *rare = stream_rare(s);
    char lost[192], what[80];
    uint32_t first = 0, num = 0;

    say_lost(s, lost, sizeof lost);
    for (uint32_t i = 0; i < rare->num_gaps; i++) {
        num += is_open(&g_array_index(rare->gaps, struct stream_gap, i));
    }
    for (uint32_t i = 0; i < rare->num_gaps; i++) {
        const struct stream_gap *gap = &g_array_index(rare->gaps, struct stream_gap, i);
        struct scope where = scope_stream(s, gap->frame);
        if (!is_open(gap)) {
            continue;
        }
        first = first ? first : gap->frame;
        say_gap(gap, what, sizeof what);
        if (num == 1) {
            finding_add(out, CHECK_sequence_gap, &where, "%s: %s between frames %u and %u.", lost,
                        what, gap->before, gap->frame);
        } else {
            finding_add(out, CHECK_sequence_gap, &where,
                        "Between frames %u and %u, of the sequence numbers of SPI %08x, %s.",
                        gap->before, gap->frame, s->spi, what);
        }
        finding_sum(out, CHECK_sequence_gap, &where,
                    "%s, in " SUM_COUNT " places; the first is missing before frame %u.", lost,
                    first);
    }
}

void
check_sequence_gap(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        if (s->lost) {
            report_gaps(out, s);
        }
    }
}

void
check_sequence_jumped(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct stream_rare *rare = stream_rare(s);
        for (uint32_t k = 0; k < rare->num_gaps; k++) {
            const struct stream_gap *gap = &g_array_index(rare->gaps, struct stream_gap, k);
            struct scope where = scope_stream(s, gap->frame);
            if (gap->jump && !stream_two_lines(s)) {
                finding_add(out, CHECK_sequence_jumped, &where,
                            "The sequence number of SPI %08x jumps from %u (frame %u) to %u (frame "
                            "%u), further than its sender can have sent packets: the missing "
                            "numbers do not count as lost.",
                            s->spi, gap->from - 1, gap->before, gap->from + gap->count, gap->frame);
            }
        }
    }
}

/* --- a second line of numbers ---------------------------------------------------------------- */

/* "TTL 60 beside 63", where they differ. */
static const char *
ttls(const struct stream_line *l, char *out, size_t size)
{
    out[0] = 0;
    if (l->ttl && l->main_ttl && l->ttl != l->main_ttl) {
        g_snprintf(out, (gulong)size, ", TTL %u instead of %u", l->ttl, l->main_ttl);
    }
    return out;
}

/* What tells the packets of the second line from late ones. */
static const char *
how_told(const struct stream_line *l)
{
    return l->conflicts ? ", with different octets than the packets that had these numbers" :
                          ", too far behind to be late";
}

/* Packets of one capture point may be behind those of another one, whose clock is wrong. */
static bool
has_line(const struct stream *s)
{
    const struct stream_rare *rare = stream_rare(s);

    return rare->line && rare->line->proved && (rare->line->conflicts > 1 || !rare->duplicates);
}

void
check_two_senders(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct stream_line *l = stream_rare(s)->line;
        char ttl[40], who[ADDR_TEXT_MAX];
        for (uint32_t k = 0; has_line(s) && stream_two_lines(s) && k < l->frames.len; k++) {
            struct scope where = scope_stream(s, l->frames.at[k]);
            finding_add(out, CHECK_two_senders, &where,
                        "%s sends with two counters in SPI %08x: one at %u to %u (frames %u to "
                        "%u)%s%s, while the other continues to %u. Two machines use one SA, or "
                        "someone forges packets.",
                        ip_print(&s->src, who, sizeof who), s->spi, l->first_seq,
                        l->last_seq, l->first_frame, l->last_frame, how_told(l),
                        ttls(l, ttl, sizeof ttl), s->last_seq);
        }
    }
}

/* Where keys are set by hand, a sender that starts again begins at 1, and nobody looks at the
 * numbers (RFC 4303 section 3.3.3). */
static bool
begins_by_hand(const struct stream *s)
{
    return !s->child && (ip_is_multicast(&s->dst) || stream_rare(s)->line->first_seq == 1);
}

void
check_sequence_went_back(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        const struct stream_line *l = stream_rare(s)->line;
        char ttl[40], who[ADDR_TEXT_MAX];
        if (!has_line(s) || stream_two_lines(s) || begins_by_hand(s)) {
            continue;
        }
        for (uint32_t k = 0; k < l->frames.len; k++) {
            struct scope where = scope_stream(s, l->frames.at[k]);
            finding_add(out, CHECK_sequence_went_back, &where,
                        "The counter of %s in SPI %08x goes back from %u to %u in frame %u and "
                        "continues from there%s%s: a receiver drops the packets until it passes %u "
                        "again.",
                        ip_print(&s->src, who, sizeof who), s->spi, l->top,
                        l->first_seq, l->first_frame, how_told(l), ttls(l, ttl, sizeof ttl),
                        l->top);
        }
    }
}
