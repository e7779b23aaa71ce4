/* readable.c - ESP of which no negotiation was read, and which can be read all the same.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

void
track_readable(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct esp_readable now = { 0 };

    if (s->protocol != PROTO_ESP || s->readable_asked >= STREAM_MAX_READABLE || !p->octets.len ||
        p->clear_read || p->icv != ICV_UNKNOWN || e->replayed || (s->child && s->child->chosen)) {
        return;
    }
    s->readable_asked++;
    for (unsigned way = 0; way < READABLE_WAYS; way++) {
        if (!esp_readable_way(&now, way, p->octets.at, p->octets.len)) {
            continue;
        }
        if (!s->readable) {
            s->readable = (struct esp_readable *)store_alloc(&db->store, sizeof now);
        }
        if (++s->readable->fits[way] > s->readable->fits[s->readable->way] ||
            !s->readable->frame) {
            memcpy(now.fits, s->readable->fits, sizeof now.fits);
            now.frame = e->at.frame;
            *s->readable = now;
        }
    }
}
