/* at.c - what later passes ask: what the first one knew at a frame.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

static const struct stream_step *
step_at(const struct stream *s, uint32_t frame)
{
    const struct stream_step *found = &s->now;
    const GArray *steps = stream_rare(s)->steps;
    guint low = 0, high = steps ? steps->len : 0;

    if (frame >= found->frame || !high) {
        return found;
    }
    while (low < high) {        /* the last one that does not lie behind the frame */
        guint mid = (low + high) / 2;
        const struct stream_step *one = &g_array_index(steps, struct stream_step, mid);
        if (one->frame <= frame) {
            found = one;
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return found;
}

/* The packet is a copy at another capture point, where its addresses are others. */
static const struct stream *
copied_stream(const struct sadb *db, uint8_t protocol, uint32_t spi, uint32_t frame)
{
    struct packet_owner who;
    const struct stream *s = points_owner(db->points, frame, &who) ?
        sadb_stream(db, who.stream) : NULL;

    return s && s->protocol == protocol && s->spi == spi ? s : NULL;
}

bool
sadb_stream_at(const struct sadb *db, struct stream_at *out, uint8_t protocol, uint32_t spi,
               uint32_t seq, const struct ip_addr *src, const struct ip_addr *dst, uint32_t frame)
{
    const struct stream *s = database_stream_of(db, protocol, spi, src, dst);
    const struct stream_step *step;
    const GArray *ties;

    while (s && s->born > frame) {
        s = stream_rare(s)->older;
    }
    s = s ? s : copied_stream(db, protocol, spi, frame);
    if (!s) {
        return false;
    }
    step = step_at(s, frame);
    *out = (struct stream_at){
        .stream = s, .number = seq + step->ahead, .lost = step->lost, .replayed = step->replayed
    };
    if (s->child && frame >= s->tied_frame) {
        out->child = s->child;
        out->to_responder = s->to_responder;
        return true;
    }
    ties = stream_rare(s)->ties;
    for (guint low = 0, high = ties ? ties->len : 0; low < high;) {
        guint mid = (low + high) / 2;
        const struct stream_tie *old = &g_array_index(ties, struct stream_tie, mid);
        if (old->frame <= frame) {      /* the last such one */
            out->child = old->child;
            out->to_responder = old->to_responder;
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return true;
}

enum ike_sa_state
ike_sa_state_at(const struct sadb *db, const struct ike_sa *sa, uint32_t frame)
{
    const struct ike_sa *next = sadb_ike_sa(db, sa->rekeyed_by);

    if (frame >= sa->last_frame) {
        return sa->state;
    }
    if (next && frame >= next->first_frame) {
        return IKE_REKEYED;
    }
    if (sa->deleted_in && frame >= sa->deleted_in) {
        return IKE_DELETED;
    }
    return sa->established_in && frame >= sa->established_in ? IKE_ESTABLISHED : IKE_HALF_OPEN;
}

enum child_state
child_state_at(const struct sadb *db, const struct child_sa *c, uint32_t frame)
{
    const struct child_sa *next = sadb_child_sa(db, c->rekeyed_by);

    if (next && frame >= next->negotiated_in) {
        return CHILD_REKEYED;
    }
    if (c->deleted_in && frame >= c->deleted_in) {
        return CHILD_DELETED;
    }
    return c->state == CHILD_FAILED ? CHILD_FAILED : CHILD_INSTALLED;
}

size_t
sadb_num_copies(const struct sadb *db)
{
    return db->early ? db->early->len : 0;
}

struct late_copy
sadb_copy(const struct sadb *db, size_t i)
{
    return g_array_index(db->early, struct early_copy, i).copy;
}
