/* readable.c - ESP of which no negotiation was read: whether it can be read all the same, and its
 * lengths.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

static struct esp_readable *
readable_of(struct sadb *db, struct stream *s)
{
    struct stream_rare *rare = track_rare(db, s);

    if (!rare->readable) {
        rare->readable =
            (struct esp_readable *)store_alloc(&db->store, sizeof *rare->readable);
    }
    return rare->readable;
}

void
track_readable(struct sadb *db, struct stream *s, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;
    struct esp_readable now = { 0 }, *known;

    if (s->protocol != PROTO_ESP || s->readable_asked >= STREAM_MAX_READABLE || !p->octets.len ||
        p->clear_read || p->icv != ICV_UNKNOWN || e->replayed || (s->child && s->child->chosen)) {
        return;
    }
    s->readable_asked++;
    for (unsigned way = 0; way < READABLE_WAYS; way++) {
        if (!esp_readable_way(&now, way, p->octets.at, p->octets.len)) {
            continue;
        }
        known = readable_of(db, s);
        if (++known->fits[way] > known->fits[known->way] || !known->frame) {
            memcpy(now.fits, known->fits, sizeof now.fits);
            now.frame = e->at.frame;
            *known = now;
        }
    }
}

/* Strangers send one packet of an SPI, or two: the lengths of the third and later are kept. */
void
track_lengths(struct stream *s, const struct ipsec_event *e)
{
    const struct ipsec_packet *p = e->packet;

    if (s->protocol != PROTO_ESP || s->packets <= 2 || e->replayed || e->doubtful ||
        e->forged || p->fragmented || (s->child && s->child->chosen)) {
        return;
    }
    esp_lengths_add(&s->lengths, p->length);
}
