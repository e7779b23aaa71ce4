/* report_html_traffic.c - what the streams carried, over time and by inner address.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "report_html.h"

#define FIRST_WIDTH 0.01        /* seconds */

struct traffic {
    GPtrArray *streams;         /* of struct stream_traffic, by id of the stream; NULL where none was seen */
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
see_inner(struct stream_traffic *s, const struct record *r, uint32_t frame)
{
    if (!r->inner_src.family) {
        return;
    }
    if (!s->inner) {
        s->inner = g_array_new(FALSE, FALSE, sizeof(struct inner_pair));
    }
    for (guint i = 0; i < s->inner->len; i++) {
        struct inner_pair *p = &g_array_index(s->inner, struct inner_pair, i);
        if (ip_equal(&p->src, &r->inner_src) && ip_equal(&p->dst, &r->inner_dst)) {
            p->packets++;
            p->last_frame = frame;
            return;
        }
    }
    if (s->inner->len < TRAFFIC_MAX_INNER) {
        struct inner_pair p = { r->inner_src, r->inner_dst, 1, frame, frame };
        g_array_append_val(s->inner, p);
    } else {
        s->other++;
    }
}

void
traffic_see(struct traffic *t, const struct record *r, uint32_t frame, double time)
{
    struct stream_traffic *s;
    unsigned slice;

    if (r->stream == NO_ID || r->stream >= TRAFFIC_MAX_STREAMS) {
        return;
    }
    if (r->stream >= t->streams->len) {
        g_ptr_array_set_size(t->streams, (int)r->stream + 1);
    }
    s = (struct stream_traffic *)t->streams->pdata[r->stream];
    if (!s) {
        s = g_new0(struct stream_traffic, 1);
        s->start = time;
        s->width = FIRST_WIDTH;
        t->streams->pdata[r->stream] = s;
    }
    slice = slice_of(s, time);
    s->packets[slice]++;
    s->lost[slice] |= r->lost > s->last_lost;
    s->last_lost = r->lost;
    see_inner(s, r, frame);
}

const struct stream_traffic *
traffic_of(const struct traffic *t, uint32_t stream)
{
    return t && stream < t->streams->len ? (const struct stream_traffic *)t->streams->pdata[stream] : NULL;
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
