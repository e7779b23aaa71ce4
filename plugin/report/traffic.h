/* traffic.h - what the packets of each stream were.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_REPORT_TRAFFIC_H
#define ESPIAL_REPORT_TRAFFIC_H

#include <espial/report.h>

enum traffic_limits {
    TRAFFIC_BINS = 48,              /* slices of time of one stream */
    TRAFFIC_MAX_INNER = 32,         /* pairs of inner addresses of one stream */
    TRAFFIC_MAX_STREAMS = 1 << 17
};

struct inner_pair {
    struct ip_addr src, dst;
    uint32_t packets, first_frame, last_frame;
};

/* What the packets of one stream were, in slices of equal length that double when the
 * stream outlives them. */
struct stream_traffic {
    double start, width;            /* epoch seconds, seconds */
    uint32_t packets[TRAFFIC_BINS];
    bool lost[TRAFFIC_BINS];        /* sequence numbers went missing in this slice */
    uint32_t last_lost;
    GArray *inner;                  /* of struct inner_pair, or NULL */
    uint32_t other;                 /* packets of further pairs */
};

/* Of a stream, or NULL where none was counted.  t may be NULL. */
const struct stream_traffic *traffic_of(const struct traffic *t, uint32_t stream);

/* Whether the Child SA's selectors admit both addresses of the pair; *src and *dst say which. */
bool traffic_within(const struct child_sa *c, bool to_responder, const struct inner_pair *pair,
                    bool *src, bool *dst);

#endif
