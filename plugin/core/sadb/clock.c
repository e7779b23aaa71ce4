/* clock.c - when a frame was captured: of each while there are few, then of one in each tick.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "database.h"

#include <espial/limits.h>
#include <math.h>

#define FIRST_TICK_S 0.001

/* A frame, and when it was captured. */
struct instant {
    double time;
    uint32_t frame;
};

static const struct instant *
instant_at(const struct sadb *db, guint i)
{
    return &g_array_index(db->instants, struct instant, i);
}

/* Keeps one in each tick, which is as long as it takes to make half of the room. */
static void
thin(struct sadb *db)
{
    guint kept = db->instants->len;

    while (kept > SADB_MAX_INSTANTS / 2) {
        guint n = 1;
        db->tick = db->tick > 0 ? db->tick * 2 : FIRST_TICK_S;
        for (guint i = 1; i < kept; i++) {
            struct instant one = *instant_at(db, i);
            if (fabs(one.time - instant_at(db, n - 1)->time) >= db->tick) {
                g_array_index(db->instants, struct instant, n++) = one;
            }
        }
        kept = n;
    }
    g_array_set_size(db->instants, kept);
}

void
sadb_note_time(struct sadb *db, uint32_t frame, double time)
{
    const struct instant *last =
        db->instants->len ? instant_at(db, db->instants->len - 1) : NULL;
    struct instant one = { time, frame };

    if (last && (frame <= last->frame || (db->tick > 0 && fabs(time - last->time) < db->tick))) {
        return;
    }
    if (db->instants->len == SADB_MAX_INSTANTS) {
        thin(db);
    }
    g_array_append_val(db->instants, one);
}

double
sadb_time_of(const struct sadb *db, uint32_t frame)
{
    guint low = 0, high = db->instants->len;

    while (low < high) {
        guint mid = (low + high) / 2;
        if (instant_at(db, mid)->frame <= frame) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low ? instant_at(db, low - 1)->time : db->first_time;
}

void
sadb_clock_begin(struct sadb *db)
{
    db->instants = g_array_new(FALSE, FALSE, sizeof(struct instant));
}

void
sadb_clock_end(struct sadb *db)
{
    g_array_free(db->instants, TRUE);
}
