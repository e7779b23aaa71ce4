/* verdict.c - messages of which others show that nobody took them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* From now on the message of that frame is believed, or nobody's. */
static void
judge(struct sadb *db, uint32_t frame, bool believed)
{
    struct judgement v = { frame, believed };

    if (!db->judgements) {
        db->judgements = store_array(&db->store, sizeof v);
    }
    g_array_append_val(db->judgements, v);
    store_refute(&db->store, frame, !believed);
}

void
track_judge(struct sadb *db, struct exchange_message *m, bool believed)
{
    if (m->injected == believed) {
        m->injected = !believed;
        judge(db, m->frame, believed);
    }
}

void
track_judge_exchange(struct sadb *db, struct exchange *x, bool believed)
{
    x->injected = !believed;
    for (guint i = 0; i < x->messages.len; i++) {
        track_judge(db, track_message(x, i), believed);
    }
}
