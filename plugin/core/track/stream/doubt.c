/* doubt.c - which packets of a stream are believed.  Whoever saw an SPI can send a packet with it:
 * one that stands apart from the stream's others is believed once the next one bears it out.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

/* What packets change, and nothing else of the stream. */
static void
copy_line(struct sadb *db, struct stream *to, const struct stream *from, size_t window)
{
    to->reply_expected = from->reply_expected;
    to->src_port = from->src_port;
    to->dst_port = from->dst_port;
    to->last_src_port = from->last_src_port;
    to->packets = from->packets;
    to->bytes = from->bytes;
    to->first_frame = from->first_frame;
    to->last_frame = from->last_frame;
    to->first_time = from->first_time;
    to->last_time = from->last_time;
    to->first_seq = from->first_seq;
    to->last_seq = from->last_seq;
    to->lost = from->lost;
    to->numbers = from->numbers;
    to->replayed = from->replayed;
    to->out_of_window = from->out_of_window;
    to->top_frame = from->top_frame;
    to->unchecked = from->unchecked;
    to->num_ivs = from->num_ivs;
    memcpy(to->seen, from->seen, sizeof to->seen);
    memcpy(to->window, from->window, window);
    if (to->rare || from->rare) {
        const struct stream_rare *of = stream_rare(from);
        struct stream_rare *rare = track_rare(db, to);
        rare->num_gaps = of->num_gaps;
        rare->damaged = of->damaged;
        rare->tried = of->tried;
        rare->num_others = of->num_others;
        memcpy(rare->others, of->others, sizeof rare->others);
    }
}

void
track_begin(struct sadb *db, struct stream *s, const struct sighting *at)
{
    static const struct stream empty;

    copy_line(db, s, &empty, 0);
    memset(s->window, 0, window_octets(db));
    if (s->rare) {
        track_rare(db, s)->duplicates = 0;
    }
    s->src_port = at->src_port;
    s->in_tcp = at->tcp;
    s->dst_port = at->dst_port;
    s->first_frame = at->frame;
    s->first_time = s->last_time = at->time;
}

/* --- what the next packet says of the last ------------------------------------------------- */

/* No further from it than a receiver's window reaches, or in it. */
static bool
is_near(const struct sadb *db, uint32_t seq, uint32_t to)
{
    return seq != to &&
           (seq - to <= db->options.window || to - seq < db->options.window);
}

enum answer { BORNE_OUT, FIRST_BORNE_OUT, LEFT_BORNE_OUT, TAKEN_BACK, OPEN };

/* One that is near neither the packet in doubt nor those before it leaves the question open. */
static enum answer
answer_of(const struct sadb *db, const struct stream *s, const struct ipsec_event *e)
{
    const struct stream_doubt *d = s->doubt;
    uint32_t seq = e->packet->seq, old = d->before ? d->before->last_seq : 0;
    bool wrapped, ahead = window_ahead(s, seq, &wrapped);

    if (d->has_first && is_near(db, seq, d->first.seq) && !is_near(db, seq, d->last.seq)) {
        return FIRST_BORNE_OUT;
    }
    if (d->has_left && is_near(db, seq, d->left.seq) && !is_near(db, seq, d->last.seq)) {
        return LEFT_BORNE_OUT;
    }
    if (d->port && e->at.src_port == d->before->last_src_port) {
        return TAKEN_BACK;
    }
    if ((!d->far && !d->start) || is_near(db, seq, d->last.seq)) {
        return BORNE_OUT;
    }
    if (seq != d->last.seq && (d->start || e->packet->icv == ICV_GOOD)) {
        return ahead ? BORNE_OUT : TAKEN_BACK;
    }
    /* Too old for both, it cannot be of what began with the one in doubt. */
    return !d->start && (is_near(db, seq, old) || !window_ahead(d->before, seq, &wrapped)) ?
               TAKEN_BACK : OPEN;
}

static void
note_frame(struct sadb *db, struct frame_numbers *list, uint32_t frame)
{
    if (list->len < STREAM_MAX_BAD_FRAMES) {
        store_add_frame(&db->store, list, frame);
    } else {
        store_cap(&db->store, "packets of one stream that are not believed");
    }
}

/* The stream as if what is in doubt had not come. */
static void
take_back(struct sadb *db, struct stream *s, struct ipsec_event *e, bool but_left)
{
    struct stream_doubt *d = s->doubt;

    d->last_port = d->port ? s->last_src_port : d->last_port;
    if (s->digests) {
        s->digests[d->slot] = d->slot_digest;
    }
    if (d->start) {
        track_begin(db, s, &e->at);
        e->new_stream = true;
    } else {
        copy_line(db, s, d->before, window_octets(db));
    }
    if (s->last_iv) {
        s->last_iv[s->num_ivs % STREAM_IVS] = d->slot_iv;
    }
    if (d->far || d->start) {
        d->has_ahead = true;
        d->ahead = but_left ? d->left : d->last;
        d->num_passed = 0;
        d->lost = s->lost;
        d->numbers = s->numbers;
        d->last_seq = s->last_seq;
        d->num_gaps = stream_rare(s)->num_gaps;
        d->top_frame = s->top_frame;
    }
    for (uint32_t i = 0; i < d->num_since; i++) {
        struct stream_rare *rare = track_rare(db, s);
        bool restored = but_left && d->since[i] == d->left.frame;
        note_frame(db, restored ? &rare->restored_frames : &rare->stray_frames, d->since[i]);
    }
}

/* The stream as it was with the first packet in doubt, but none behind it. */
static void
take_back_to_first(struct sadb *db, struct stream *s)
{
    struct stream_doubt *d = s->doubt;

    copy_line(db, s, d->between, window_octets(db));
    for (uint32_t i = d->num_first; i < d->num_since; i++) {
        note_frame(db, &track_rare(db, s)->stray_frames, d->since[i]);
    }
}

/* Another packet comes where one was not believed: the stream went on there, and what has come
 * since is behind it. */
static void
believe_ahead(struct sadb *db, struct stream *s, struct ipsec_event *e)
{
    struct stream_doubt *d = s->doubt;
    const struct doubted *one = &d->ahead;
    struct stream_rare *rare = track_rare(db, s);
    struct frame_numbers *strays = &rare->stray_frames;
    bool known = d->num_passed <= STREAM_PASSED;

    d->has_ahead = false;
    if (one->start) {
        s->lost = rare->num_gaps = 0;
        s->numbers = 1;
        s->first_seq = one->seq;
        s->first_frame = one->frame;
        s->first_time = one->time;
    } else {
        struct stream_gap gap = { .frame = one->frame };
        if (known) {
            s->last_seq = d->last_seq;
            s->lost = d->lost;
            s->numbers = d->numbers;
            rare->num_gaps = d->num_gaps;
            s->top_frame = d->top_frame;
        }
        gap.before = s->top_frame;
        gap.from = s->last_seq + 1;
        gap.missing = one->seq - s->last_seq - 1;
        gap_open(db, s, gap, one->time);
        s->numbers++;
    }
    s->top_frame = one->frame;
    window_restart(db, s, one->seq);
    if (s->digests) {
        s->digests[one->seq & db->window_mask] = 0;
    }
    s->packets++;
    s->unchecked += one->unchecked;
    rare->tried += one->tried;
    s->bytes += one->length;
    if (known) {
        s->out_of_window += d->num_passed;
        e->late = d->passed;
        e->num_late = d->num_passed;
        e->late_top = one->seq;
    }
    if (strays->len && strays->at[strays->len - 1] == one->frame) {
        strays->len--;
    }
}

void
track_settle(struct sadb *db, struct stream *s, struct ipsec_event *e)
{
    struct stream_doubt *d = s->doubt;

    if (!d) {
        return;
    }
    if (d->pending) {
        enum answer a = answer_of(db, s, e);
        d->pending = a == OPEN && d->num_since < STREAM_PASSED;
        if (a == TAKEN_BACK || a == LEFT_BORNE_OUT) {
            take_back(db, s, e, a == LEFT_BORNE_OUT);
        } else if (a == FIRST_BORNE_OUT) {
            take_back_to_first(db, s);
        }
        if (a == LEFT_BORNE_OUT) {
            believe_ahead(db, s, e);
        }
        if (a != OPEN) {
            return;
        }
    }
    if (d->has_ahead && is_near(db, e->packet->seq, d->ahead.seq) &&
        !is_near(db, e->packet->seq, s->last_seq)) {
        believe_ahead(db, s, e);
    }
}

/* --- a packet that stands apart -------------------------------------------------------------- */

static void
keep_line(struct sadb *db, struct stream **to, const struct stream *s)
{
    size_t window = window_octets(db);

    if (!*to) {
        *to = (struct stream *)store_alloc(&db->store, sizeof *s + window);
    }
    copy_line(db, *to, s, window);
}

static void
put_in_doubt(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct stream_doubt *d = s->doubt;

    if (!d) {
        s->doubt = d = (struct stream_doubt *)store_alloc(&db->store, sizeof *d);
    }
    d->num_doubts++;
    if (d->pending && !d->has_first) {
        d->has_first = true;
        d->first = d->last;
        d->num_first = d->num_since;
        keep_line(db, &d->between, s);
    }
    if (!d->pending) {
        d->far = d->port = d->start = d->has_first = d->has_left = false;
        d->num_since = 0;
        d->slot = p->seq & db->window_mask;
        d->slot_digest = s->digests ? s->digests[d->slot] : 0;
        d->slot_iv = s->last_iv ? s->last_iv[s->num_ivs % STREAM_IVS] : 0;
        if (s->packets) {
            keep_line(db, &d->before, s);
        }
    }
    d->pending = true;
    d->last = (struct doubted){ e->at.time, p->seq, e->at.frame, p->length, !s->packets,
                                p->icv != ICV_BAD, p->tried };
}

void
track_doubt(struct sadb *db, struct stream *s, struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct stream_doubt *d = s->doubt;
    bool wrapped, far, start, port;

    if (p->icv == ICV_GOOD || (d && d->num_doubts >= STREAM_MAX_DOUBTS)) {
        return;
    }
    start = !s->packets && p->seq >= db->options.window;
    far = s->packets && window_ahead(s, p->seq, &wrapped) &&
          p->seq - s->last_seq > db->options.window;
    port = s->last_src_port && e->at.src_port && e->at.src_port != s->last_src_port &&
           !(d && d->last_port == e->at.src_port);
    if (start || far || port) {
        put_in_doubt(db, s, e);
        d = s->doubt;
        d->start |= start;
        d->far |= far;
        d->port |= port;
    }
    if (d && d->pending) {
        e->doubtful = true;
        d->since[d->num_since++] = e->at.frame;
    }
}

void
track_passed(const struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    struct stream_doubt *d = s->doubt;
    const struct ipsec_packet *p = e->packet;

    if (d && d->pending && d->far && e->out_of_window) {
        d->has_left = true;
        d->left = (struct doubted){ e->at.time, p->seq, e->at.frame, p->length, false,
                                    p->icv == ICV_UNKNOWN, p->tried };
    }
    if (!d || !d->has_ahead || e->replayed || e->out_of_window) {
        return;
    }
    if (is_near(db, d->ahead.seq, s->last_seq) || d->ahead.seq == s->last_seq) {
        d->has_ahead = false;       /* the stream has come there by itself */
        return;
    }
    if (d->num_passed < STREAM_PASSED) {
        d->passed[d->num_passed] = (struct passed_packet){ p->seq, e->at.frame };
    }
    d->num_passed += d->num_passed <= STREAM_PASSED;
}

/* --- integrity -------------------------------------------------------------------------------- */

void
track_verified(struct sadb *db, struct stream *s, struct ipsec_event *e)
{
    uint32_t seq = e->packet->seq;
    bool wrapped;

    s->verified_in = e->at.frame;
    /* The keys are this SPI's: what they were tried with before in vain is bad too. */
    if (!stream_rare(s)->bad && !stream_rare(s)->tried) {
        return;
    }
    if (s->doubt) {
        s->doubt->pending = s->doubt->has_ahead = false;
    }
    if (s->unchecked == stream_rare(s)->tried) {
        track_begin(db, s, &e->at);
        e->new_stream = true;
    } else if (!window_ahead(s, seq, &wrapped) && s->last_seq - seq >= db->options.window) {
        window_restart(db, s, seq - 1);
    }
}
