/* fragment.c - IKE messages of which only first IP fragments come.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <string.h>

static const struct ike_sa *
sa_of(struct sadb *db, const struct path_event *e)
{
    struct sa_key key = store_key(&db->store, 'i', 0, e->packet->ike_spi, 8, NULL, NULL);
    const struct ike_sa *sa;

    for (struct walk w = store_walk(&db->store, &key, SADB_MAX_PER_SPI); (sa = walk_next(&w));) {
        if (memcmp(sa->spi_i, e->packet->ike_spi, 8) == 0 &&
            track_known_between(sa, &e->at.src, &e->at.dst)) {
            return sa;
        }
    }
    return NULL;
}

void
track_fragment(struct sadb *db, struct path_event *e)
{
    const struct path_packet *p = e->packet;
    const struct ike_sa *sa = sa_of(db, e);
    struct first_fragment *f;

    if (!sa) {
        return;
    }
    e->sa = sa;
    for (guint i = 0; i < db->first_fragments->len; i++) {
        f = &g_array_index(db->first_fragments, struct first_fragment, i);
        if (f->sa == sa && f->exchange == p->ike_exchange && f->message_id == p->ike_id &&
            ip_equal(&f->src, &e->at.src)) {
            if (f->frames.len < SADB_MAX_RETRANSMISSIONS) {
                store_add_frame(&db->store, &f->frames, e->at.frame);
            }
            f->last_time = e->at.time;
            return;
        }
    }
    if (db->first_fragments->len >= SADB_MAX_FIRST_FRAGMENTS) {
        store_cap(&db->store, "IKE messages in IP fragments");
        return;
    }
    g_array_set_size(db->first_fragments, db->first_fragments->len + 1);
    f = &g_array_index(db->first_fragments, struct first_fragment, db->first_fragments->len - 1);
    *f = (struct first_fragment){ .sa = sa, .exchange = p->ike_exchange, .message_id = p->ike_id,
                                  .length = p->ike_length, .src = e->at.src, .dst = e->at.dst,
                                  .time = e->at.time, .last_time = e->at.time };
    store_add_frame(&db->store, &f->frames, e->at.frame);
}
