/* streams.c - the streams of a capture, found by protocol, SPI and addresses.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <espial/hash.h>

enum { FIRST_PLACES = 64 };

/* Each packet asks for it: the sixteen octets of an address are one step. */
static uint64_t
hash_stream(const struct sadb *db, uint8_t protocol, uint32_t spi, const struct ip_addr *src,
            const struct ip_addr *dst)
{
    uint64_t secret = db->store.seed * UINT64_C(0x9e3779b97f4a7c15) | 1,
             h = hash_step(~secret, (uint64_t)protocol << 32 | spi, secret);

    h = hash_pair(h, src->bytes, secret);
    return hash_pair(h, dst->bytes, secret);
}

/* That of the hash, else the free one where it would be. */
static struct stream_place *
place_of(const struct stream_places *all, uint64_t hash)
{
    uint32_t at = (uint32_t)hash & (all->size - 1);

    while (all->at[at].stream && all->at[at].hash != hash) {
        at = (at + 1) & (all->size - 1);
    }
    return &all->at[at];
}

static void
more_places(struct stream_places *all)
{
    struct stream_places old = *all;

    all->size = old.size ? old.size * 2 : FIRST_PLACES;
    all->at = g_new0(struct stream_place, all->size);
    for (uint32_t i = 0; i < old.size; i++) {
        if (old.at[i].stream) {
            *place_of(all, old.at[i].hash) = old.at[i];
        }
    }
    g_free(old.at);
}

struct stream *
database_stream_of(const struct sadb *db, uint8_t protocol, uint32_t spi,
                   const struct ip_addr *src, const struct ip_addr *dst)
{
    struct stream *s = db->stream_places.size ?
        place_of(&db->stream_places, hash_stream(db, protocol, spi, src, dst))->stream : NULL;

    return s && s->spi == spi && s->protocol == protocol ? s : NULL;
}

void
database_place_stream(struct sadb *db, struct stream *s, const struct ip_addr *src,
                      const struct ip_addr *dst)
{
    struct stream_places *all = &db->stream_places;
    uint64_t hash = hash_stream(db, s->protocol, s->spi, src, dst);
    struct stream_place *place;

    if (all->num >= all->size / 2) {
        more_places(all);
    }
    place = place_of(all, hash);
    all->num += !place->stream;
    *place = (struct stream_place){ hash, s };
}
