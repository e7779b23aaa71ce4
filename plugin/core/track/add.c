/* add.c - a message is added to its exchange.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* Returns where the next message goes, NULL where the exchange holds no more. */
static struct exchange_message *
next_message(struct sadb *db, struct message_list *list)
{
    struct exchange_message *all;

    if (list->len >= SADB_MAX_MESSAGES) {
        store_cap(&db->store, "messages of one exchange");
        return NULL;
    }
    all = store_room(&db->store, list->at, list->len, &list->room, sizeof *all);
    list->at = all;
    return &all[list->len++];
}

void
track_add_side(struct exchange *x, const struct exchange_message *m)
{
    if (m->forged || m->injected) {
        return;
    }
    if (m->from_initiator == x->by_initiator && !x->request && !m->response) {
        x->request = m->frame;
        x->request_time = m->time;
    } else if (m->from_initiator != x->by_initiator && !x->response) {
        x->response = m->frame;
        x->response_time = m->time;
    }
    x->unreadable |= m->encrypted && !m->readable && !m->truncated;
}

/* Who asked and who answered, of the messages that are their sender's. */
void
track_sides(struct exchange *x)
{
    x->request = x->response = 0;
    x->request_time = x->response_time = 0;
    x->unreadable = false;
    for (guint i = 0; i < x->messages.len; i++) {
        track_add_side(x, &x->messages.at[i]);
    }
}

/* Of IKEv1, whose messages have no number: the place of the next one in its exchange, as far as it
 * matters. */
static unsigned
place_of_next(const struct exchange *x)
{
    enum { PLACES = 16 };
    unsigned place = 1;

    for (guint i = 0; i < x->messages.len && i < PLACES; i++) {
        place += !x->messages.at[i].fragment;
    }
    return x->messages.len > PLACES ? 0 : place;
}

static const char *
line_of(const struct turn *t)
{
    char text[IKE_TEXT_MAX];

    ike_message_print(t->m, t->m->major == 1 ? place_of_next(t->exchange) : 0, text, sizeof text);
    return store_line(&t->db->store, text);
}

struct exchange_message *
track_add_message(struct turn *t, uint64_t sum)
{
    const struct ike_message *m = t->m;
    const struct sighting *at = &t->e->at;
    const char *text = line_of(t);
    struct exchange_message *one = next_message(t->db, &t->exchange->messages);

    if (one) {
        t->db->recent[t->db->num_recent++ % SADB_RECENT] =
            (struct recent_message){ at->frame, at->src, at->dst };
        *one = (struct exchange_message){
            .digest = sum, .time = at->time, .frame = at->frame,
            .length = MIN(m->length, (1u << 27) - 1) & ((1u << 27) - 1),
            .from_initiator = t->e->from_initiator, .response = ike_is_response(m),
            .encrypted = m->encrypted, .readable = m->readable,
            .has_sa = !m->encrypted && m->num_proposals,
            .has_ke = !m->encrypted && m->has_ke, .truncated = m->truncated,
            .refused = ike_has_error(m), .standing = t->e->standing & 3,
            .inner_first = m->encrypted ? m->inner_first : 0, .fragment = m->fragment,
            .ip_id = at->ip_id, .src_port = at->src_port, .dst_port = at->dst_port,
            .text = text,
        };
    }
    return one;
}

const struct recent_message *
track_recent(const struct sadb *db, uint32_t frame)
{
    for (unsigned i = 0; i < SADB_RECENT; i++) {
        if (frame && db->recent[i].frame == frame) {
            return &db->recent[i];
        }
    }
    return NULL;
}
