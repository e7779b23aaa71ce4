/* suggests.c - what a stream shows of its cipher where no negotiation of it was read.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/sadb.h>

/* What is encrypted looks like noise.  By chance a packet has no padding and a next header of TCP
 * once in 65,536 times, and then a header of TCP once in 30; all other protocols have a length or a
 * checksum and are rarer by far.  Seven ways to read it make 4 of a million; three of 16 packets
 * that agree on one way, 7 * 560 * (5e-7)^3 = 5e-16, or one in a billion captures of two million
 * streams.  That they are most of them keeps three packets of somebody else from speaking for all
 * the others (RFC 5879 section 8.2 counts the same way). */
enum { READABLE_PACKETS = 3 };

bool
stream_is_readable(const struct stream *s)
{
    const struct esp_readable *r = stream_rare(s)->readable;

    return r && r->fits[r->way] >= READABLE_PACKETS && r->fits[r->way] * 2 > s->readable_asked &&
           !(s->child && s->child->chosen);
}

const char *
stream_suggests(const struct stream *s, char *out, size_t size)
{
    const struct esp_readable *r = stream_rare(s)->readable;
    struct esp_shape shape;

    if (!s->lengths.num || s->strange || (r && r->frame) ||
        (s->child && s->child->chosen) || !esp_lengths_judge(&shape, &s->lengths)) {
        return NULL;
    }
    return esp_shape_print(&shape, out, size);
}
