/* traffic.c - what the streams carried, over time and by inner address.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "traffic.h"

#define FIRST_WIDTH 0.01        /* seconds */

struct traffic {
    GPtrArray
        *streams; /* of struct stream_traffic, by id of the stream; NULL where none was seen */
};

static void
free_stream(gpointer p)
{
    struct stream_traffic *s = (struct stream_traffic *)p;

    if (s && s->inner) {
        g_array_free(s->inner, TRUE);
    }
    g_free(s);
}

struct traffic *
traffic_new(void)
{
    struct traffic *t = g_new0(struct traffic, 1);

    t->streams = g_ptr_array_new_with_free_func(free_stream);
    return t;
}

void
traffic_free(struct traffic *t)
{
    if (t) {
        g_ptr_array_free(t->streams, TRUE);
        g_free(t);
    }
}

/* Two slices become one, until time falls into the last at most. */
static unsigned
slice_of(struct stream_traffic *s, double time)
{
    double since = time > s->start ? time - s->start : 0;

    while (since >= s->width * TRAFFIC_BINS) {
        for (size_t i = 0; i < TRAFFIC_BINS; i++) {
            bool both = i < TRAFFIC_BINS / 2;
            s->packets[i] = both ? s->packets[2 * i] + s->packets[2 * i + 1] : 0;
            s->lost[i] = both && (s->lost[2 * i] || s->lost[2 * i + 1]);
        }
        s->width *= 2;
    }
    return (unsigned)(since / s->width);
}

static void
see_inner(struct stream_traffic *s, const struct traffic_packet *p)
{
    if (!p->inner_src.family) {
        return;
    }
    if (!s->inner) {
        s->inner = g_array_new(FALSE, FALSE, sizeof(struct inner_pair));
    }
    for (guint i = 0; i < s->inner->len; i++) {
        struct inner_pair *pair = &g_array_index(s->inner, struct inner_pair, i);
        if (ip_equal(&pair->src, &p->inner_src) && ip_equal(&pair->dst, &p->inner_dst)) {
            pair->packets++;
            pair->last_frame = p->frame;
            return;
        }
    }
    if (s->inner->len < TRAFFIC_MAX_INNER) {
        struct inner_pair pair = { p->inner_src, p->inner_dst, 1, p->frame, p->frame };
        g_array_append_val(s->inner, pair);
    } else {
        s->other++;
    }
}

void
traffic_see(struct traffic *t, const struct traffic_packet *p)
{
    struct stream_traffic *s;
    unsigned slice;

    if (p->stream == NO_ID || p->stream >= TRAFFIC_MAX_STREAMS) {
        return;
    }
    if (p->stream >= t->streams->len) {
        g_ptr_array_set_size(t->streams, (int)p->stream + 1);
    }
    s = (struct stream_traffic *)t->streams->pdata[p->stream];
    if (!s) {
        s = g_new0(struct stream_traffic, 1);
        s->start = p->time;
        s->width = FIRST_WIDTH;
        t->streams->pdata[p->stream] = s;
    }
    slice = slice_of(s, p->time);
    s->packets[slice]++;
    s->lost[slice] |= p->lost > s->last_lost;
    s->last_lost = p->lost;
    see_inner(s, p);
}

const struct stream_traffic *
traffic_of(const struct traffic *t, uint32_t stream)
{
    return t && stream < t->streams->len ?
               (const struct stream_traffic *)t->streams->pdata[stream] :
               NULL;
}

bool
traffic_within(const struct child_sa *c, bool to_responder, const struct inner_pair *pair,
               bool *src, bool *dst)
{
    const struct inner_packet p = { .src = pair->src, .dst = pair->dst };   /* no more is kept */
    size_t near, far;
    const struct selector *from = child_selectors(c, to_responder, &near);
    const struct selector *to = child_selectors(c, !to_responder, &far);

    *src = selectors_admit(from, near, &p, true) != REFUSED_ADDRESS;
    *dst = selectors_admit(to, far, &p, false) != REFUSED_ADDRESS;
    return *src && *dst;
}
