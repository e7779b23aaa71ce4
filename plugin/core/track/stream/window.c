/* window.c - the receiver's window of a stream (RFC 4303 section 3.4.3, RFC 4302 section 3.4.3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

enum { WRAP_NEAR = 1 << 16 };       /* how near to 2^32 a number must be for the next to wrap */

static bool
window_has(const struct sadb *db, const struct stream *s, uint32_t seq)
{
    uint32_t at = seq & db->window_mask;

    return s->window[at / 64] >> at % 64 & 1;
}

static void
window_set(const struct sadb *db, struct stream *s, uint32_t seq, bool seen)
{
    uint32_t at = seq & db->window_mask;
    uint64_t bit = (uint64_t)1 << at % 64;

    s->window[at / 64] = seen ? s->window[at / 64] | bit : s->window[at / 64] & ~bit;
}

size_t
window_octets(const struct sadb *db)
{
    return ((size_t)db->window_mask + 1) / 8;
}

void
window_restart(const struct sadb *db, struct stream *s, uint32_t seq)
{
    memset(s->window, 0, window_octets(db));
    window_set(db, s, seq, true);
    s->last_seq = seq;
}

/* With extended numbers the low half wraps (RFC 4303 appendix A2); without, only right at the
 * end. */
bool
window_ahead(const struct stream *s, uint32_t seq, bool *wrapped)
{
    *wrapped = false;
    if (s->esn) {
        uint32_t ahead = seq - s->last_seq;
        return ahead != 0 && ahead <= UINT32_MAX / 2;
    }
    *wrapped = s->last_seq > UINT32_MAX - WRAP_NEAR && seq < WRAP_NEAR;
    return seq > s->last_seq || *wrapped;
}

static void
advance(struct sadb *db, struct stream *s, const struct ipsec_event *e, uint32_t seq)
{
    uint32_t ahead = seq - s->last_seq, bits = db->window_mask + 1;
    uint32_t damaged = stream_rare(s)->damaged;

    for (uint32_t i = 1; i < ahead && i <= bits; i++) {
        window_set(db, s, s->last_seq + i, false);
    }
    if (ahead - 1 > damaged) {
        struct stream_gap gap = { .before = s->top_frame, .frame = e->at.frame,
                                  .from = s->last_seq + damaged + 1,
                                  .missing = ahead - 1 - damaged };
        gap_open(db, s, gap, e->at.time);
        s->numbers += damaged;
    } else {
        s->numbers += ahead - 1;
    }
    window_set(db, s, seq, true);
    s->last_seq = seq;
    s->top_frame = e->at.frame;
    s->numbers++;
    if (damaged) {
        track_rare(db, s)->damaged = 0;
    }
}

/* The digest of the packet that had the number first, 0 where it is not known. */
static uint32_t
digest_before(const struct sadb *db, const struct stream *s, uint32_t seq)
{
    const struct seen_packet *first = &s->seen[seq % STREAM_SEEN];

    return s->digests ? s->digests[seq & db->window_mask] :
           first->frame && first->seq == seq ? first->digest : 0;
}

static void
see_again(const struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest)
{
    uint32_t seq = e->packet->seq;
    const struct seen_packet *first = &s->seen[seq % STREAM_SEEN];
    uint32_t was = digest_before(db, s, seq);
    bool known = digest && was;

    e->original = first->frame && first->seq == seq ? first->frame : 0;
    /* A packet whose ICV is right is true, whatever was taken for it before. */
    e->differs = known && digest != was && e->packet->icv != ICV_GOOD;
    e->replayed = !e->differs;
    e->same = known && digest == was;
    s->replayed += e->replayed;
}

/* RFC 4303 section 3.4.3. */
void
window_see(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest)
{
    uint32_t seq = e->packet->seq, behind;

    if (s->packets == 0) {
        s->first_seq = s->last_seq = seq;
        s->numbers = 1;
        s->top_frame = e->at.frame;
        window_set(db, s, seq, true);
        return;
    }
    if (window_ahead(s, seq, &e->wrapped)) {
        advance(db, s, e, seq);
        return;
    }
    behind = s->last_seq - seq;
    if (behind >= db->options.window || (seq == 0 && behind && !s->esn)) {
        s->out_of_window++;
        e->out_of_window = true;
    } else if (window_has(db, s, seq)) {
        see_again(db, s, e, digest);
    } else {
        window_set(db, s, seq, true);
        gap_fill(s, seq);
    }
}

bool
window_fill(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest)
{
    uint32_t seq = e->packet->seq, behind = s->last_seq - seq;

    if (behind < db->options.window && window_has(db, s, seq)) {
        return false;
    }
    if (behind >= db->options.window && behind < UINT32_MAX / 2) {
        gap_fill(s, seq);
    } else {
        window_see(db, s, e, digest);
    }
    return true;
}

/* In order and without loss, the number of a packet follows from its sequence number. */
void
window_note_step(struct sadb *db, struct stream *s, uint32_t seq, uint32_t frame)
{
    struct stream_step now = { s->lost, frame, s->packets - seq, s->replayed };
    struct stream_rare *rare;

    if (!s->now.frame) {
        s->now = now;
        return;
    }
    if (now.ahead == s->now.ahead && now.lost == s->now.lost && now.replayed == s->now.replayed) {
        return;
    }
    rare = track_rare(db, s);
    if (!rare->steps) {
        rare->steps = store_array(&db->store, sizeof now);
    }
    if (rare->steps->len < STREAM_MAX_STEPS) {
        g_array_append_val(rare->steps, s->now);
    } else {
        store_cap(&db->store, "packets out of order of one stream whose counts are remembered");
    }
    s->now = now;
}
