/* belief.c - how much a message counts before anything of it is kept.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

static bool
was_opened(const struct exchange *x)
{
    enum { LOOKED_AT = 8 };

    for (guint i = 0; i < x->messages.len && i < LOOKED_AT; i++) {
        if (x->messages.at[i].encrypted && x->messages.at[i].readable) {
            return true;
        }
    }
    return false;
}

/* The keys change at IKE_INTERMEDIATE, and the verdict may be of the old ones (RFC 9242
 * section 3.3.1), until they have opened another exchange. */
bool
track_fails_integrity(const struct ike_sa *sa, const struct ike_message *m)
{
    for (struct newest n = newest_first(sa->exchanges.len, EXCHANGES_LOOKED_AT);
         m->integrity_wrong && newest_next(&n);) {
        if (sa->exchanges.at[n.i]->type == V2_IKE_INTERMEDIATE) {
            return false;
        }
        if (was_opened(sa->exchanges.at[n.i])) {
            return true;
        }
    }
    return m->integrity_wrong;
}

bool
track_refutes(const struct ike_sa *sa, const struct ike_message *m)
{
    return sa->num_readable && track_fails_integrity(sa, m);
}

/* What was lawful once may be sent again later.  Only IKEv2 opens a message by its checksum. */
enum standing
track_standing(const struct turn *t, uint64_t sum)
{
    const struct ike_message *m = t->m;
    const struct exchange_message *old =
        t->exchange ? track_find_message(t->exchange, sum, t->e->from_initiator) : NULL;
    size_t before = m->major == 1 && t->exchange ? sadb_whole_messages(t->exchange) : 0;
    struct protection p = {
        .demanded = ike_demands_protection(m, before, t->sa && t->sa->established_in != 0),
        .encrypted = m->encrypted, .readable = m->readable,
        .verified = m->major == 2 && !m->integrity_wrong,
    };

    return old ? (enum standing)old->standing : standing_of(&p);
}

static void
note_wrong(struct turn *t)
{
    struct ike_sa *sa = t->sa;

    sa->num_wrong++;
    if (sa->wrong_frames.len < SADB_MAX_WRONG_FRAMES) {
        store_add_frame(&t->db->store, &sa->wrong_frames, t->e->at.frame);
    } else {
        store_cap(&t->db->store, "frames of one IKE SA's messages that fail their check");
    }
}

/* The message and nothing else: it neither asks nor answers, and begins no exchange. */
void
track_forged(struct turn *t, uint64_t sum)
{
    struct ike_event *e = t->e;
    struct exchange *x = t->exchange;

    e->about = x;
    e->new_address = !track_known_between(t->sa, &e->at.src, &e->at.dst);
    t->message = x ? track_find_message(x, sum, e->from_initiator) : NULL;
    if (t->message) {
        return;
    }
    t->sa->num_forged += !t->m->fragment;
    note_wrong(t);
    if (x && x->messages.len < SADB_MAX_MESSAGES / 2) {
        t->message = track_add_message(t, sum);
        t->message->forged = true;
    }
}

/* No message of the SA was opened before: a checksum that was wrong until now may have been one
 * under another's keys. */
static void
refute_earlier(struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->exchanges.len, EXCHANGES_LOOKED_AT); newest_next(&n);) {
        struct exchange *x = track_exchange(sa, n.i);
        bool some = false;
        for (guint i = 0; i < x->messages.len; i++) {
            struct exchange_message *m = track_message(x, i);
            if (m->wrong && !m->forged) {
                some = m->forged = true;
                if (sa->established_in == m->frame && sa->state == IKE_ESTABLISHED) {
                    sa->state = IKE_HALF_OPEN;
                    sa->established_in = 0;
                    sa->established_time = 0;
                }
                sa->num_forged += !m->fragment;
                sa->num_encrypted -= !m->fragment;
            }
        }
        if (some) {
            track_sides(x);
            /* what it seemed to be was the forger's */
            sa->refusal_like = sa->undecided = false;
        }
    }
}

void
track_count_opened(struct turn *t)
{
    const struct ike_message *m = t->m;
    struct ike_sa *sa = t->sa;

    if (!m->encrypted) {
        return;
    }
    sa->key_named |= m->key_named;
    if (!sa->key_near.miss) {
        sa->key_near = m->near;
    }
    if (track_fails_integrity(sa, m)) {
        t->message->wrong = true;
        note_wrong(t);
    }
    if (m->readable && !sa->num_readable) {
        refute_earlier(sa);
    }
    if (!m->fragment) {
        sa->num_encrypted++;
        sa->num_readable += m->readable;
    }
}

bool
track_is_denial(const struct turn *t)
{
    return t->sa && ike_is_denial(t->m) && (t->m->major == 2 || t->sa->established_in);
}

/* Where there is no room, one that was refuted makes some. */
static struct denial *
room_for_denial(struct sadb *db, struct ike_sa *sa)
{
    struct denial_list *list = &sa->denials;
    struct denial *all = (struct denial *)list->at;

    for (uint32_t i = 0; list->len >= SADB_MAX_DENIALS && i < list->len; i++) {
        if (all[i].refuted) {
            return &all[i];
        }
    }
    if (list->len >= SADB_MAX_DENIALS) {
        store_cap(&db->store, "notifies in clear that deny one IKE SA");
        return NULL;
    }
    all = store_room(&db->store, list->at, list->len, &list->room, sizeof *all);
    list->at = all;
    return &all[list->len++];
}

/* It is kept beside the exchange that it answers: it may be anybody's. */
void
track_denial(struct turn *t)
{
    const struct ike_notify *n = &t->m->notifies[0];
    struct cur c = cur_of(n->spi.len == 4 ? n->spi.at : n->data.at,
                          n->spi.len == 4 ? 4 : n->data.len);
    struct denial *d = room_for_denial(t->db, t->sa);

    t->e->denial = true;
    if (!d) {
        return;
    }
    *d = (struct denial){ .frame = t->e->at.frame, .time = t->e->at.time, .src = t->e->at.src,
                          .dst = t->e->at.dst, .type = n->type, .exchange = t->m->exchange,
                          .from_initiator = t->e->from_initiator,
                          .stood = t->sa->state == IKE_ESTABLISHED };
    if (n->type != N2_INVALID_SPI || !cur_u32(&c, &d->spi)) {
        d->spi = 0;
    }
}

void
track_refute_denials(const struct turn *t)
{
    struct denial *all = (struct denial *)t->sa->denials.at;

    for (uint32_t i = 0; t->e->standing >= STANDING_PROTECTED && i < t->sa->denials.len; i++) {
        all[i].refuted |= all[i].from_initiator == t->e->from_initiator;
    }
}
