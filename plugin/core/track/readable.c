/* readable.c - ESP of which no negotiation was read: whether it can be read all the same, and its
 * lengths.
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

/* Strangers send one packet of an SPI, or two: the lengths of the third and later are kept. */
void
track_lengths(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;

    if (s->protocol != PROTO_ESP || s->packets <= 2 || e->replayed || e->doubtful ||
        e->forged || p->fragmented || (s->child && s->child->chosen)) {
        return;
    }
    if (!s->lengths) {
        s->lengths = (struct esp_lengths *)store_alloc(&db->store, sizeof *s->lengths);
    }
    esp_lengths_add(s->lengths, p->length);
}
