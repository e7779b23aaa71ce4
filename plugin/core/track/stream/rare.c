/* rare.c - what few streams have.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

struct stream_rare *
track_rare(struct sadb *db, struct stream *s)
{
    if (!s->rare) {
        s->rare = (struct stream_rare *)store_alloc(&db->store, sizeof *s->rare);
    }
    return (struct stream_rare *)s->rare;
}
