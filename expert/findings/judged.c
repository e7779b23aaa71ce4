/* judged.c - findings that rest on messages of which one refutes another.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "findings.h"

#include <string.h>

static void
unlist_finding(struct findings *out, uint32_t id, uint32_t frame)
{
    GArray *ids = (GArray *)g_hash_table_lookup(out->by_frame, GUINT_TO_POINTER(frame));

    for (guint i = 0; ids && i < ids->len; i++) {
        if (g_array_index(ids, uint32_t, i) == id) {
            g_array_remove_index(ids, i);
            break;
        }
    }
    if (ids && !ids->len) {
        g_hash_table_remove(out->by_frame, GUINT_TO_POINTER(frame));
    }
}

static void
unmark_frame(struct findings *out, struct finding *f, uint32_t frame)
{
    guint at = findings_place(f->frames, frame);
    uint32_t *frames = (uint32_t *)(void *)f->frames->data;

    if (at < f->frames->len && frames[at] == frame) {
        f->frames->len--;
        memmove(frames + at, frames + at + 1, (f->frames->len - at) * sizeof *frames);
        unlist_finding(out, f->id, frame);
    }
}

static void
put_aside(struct findings *out, struct finding *f)
{
    f->suspended = out->some_suspended = true;
    if (g_hash_table_lookup(out->by_scope, f) == f) {
        g_hash_table_remove(out->by_scope, f);
    }
    for (guint i = 0; i < f->frames->len; i++) {
        unlist_finding(out, f->id, g_array_index(f->frames, uint32_t, i));
    }
}

/* A finding that the message made goes whole; of one that lists its frame, the frame goes. */
static void
suspend(struct findings *out, struct mark *m)
{
    struct finding *f = (struct finding *)g_ptr_array_index(out->all, m->finding);

    m->suspended = true;
    if (f->suspended) {
        return;
    }
    if (!m->made) {
        unmark_frame(out, f, m->frame);
        f->count -= m->counts;
        return;
    }
    put_aside(out, f);
}

/* And comes back as it was, unless something else has made it since. */
static void
reinstate(struct findings *out, struct mark *m)
{
    struct finding *f = (struct finding *)g_ptr_array_index(out->all, m->finding), *other;

    m->suspended = false;
    if (!m->made) {
        if (!f->suspended) {
            findings_mark(out, f, m->frame);
            f->count -= !m->counts;
        }
        return;
    }
    other = (struct finding *)g_hash_table_lookup(out->by_scope, f);
    if (other) {
        each_take(out, other, f, m->frame);
        findings_mark(out, other, m->frame);
        return;
    }
    f->suspended = false;
    g_hash_table_add(out->by_scope, f);
    for (guint i = 0; i < f->frames->len; i++) {
        findings_list(out, f, g_array_index(f->frames, uint32_t, i));
    }
}

static void
set_aside(struct findings *out, uint32_t message, bool aside)
{
    GArray *marks = (GArray *)g_hash_table_lookup(out->marks, GUINT_TO_POINTER(message));

    for (guint i = 0; marks && i < marks->len; i++) {
        struct mark *m = &g_array_index(marks, struct mark, i);
        if (aside && !m->suspended) {
            suspend(out, m);
        } else if (!aside && m->suspended) {
            reinstate(out, m);
        }
    }
}

void
findings_judge(struct findings *out, const struct sadb *db)
{
    for (; out->judgements < sadb_num_judgements(db); out->judgements++) {
        struct judgement v = sadb_judgement(db, out->judgements);
        if (v.believed) {
            g_hash_table_remove(out->refuted, GUINT_TO_POINTER(v.frame));
        } else {
            g_hash_table_add(out->refuted, GUINT_TO_POINTER(v.frame));
        }
        set_aside(out, v.frame, !v.believed);
    }
}

void
findings_begin_message(struct findings *out, uint32_t message)
{
    out->message = message;
}

void
findings_end_message(struct findings *out)
{
    if (out->message && g_hash_table_contains(out->refuted, GUINT_TO_POINTER(out->message))) {
        set_aside(out, out->message, true);
    }
    out->message = 0;
}

/* Whoever asks in another's name makes a negotiation that goes well look like one that cannot. */
static bool
agrees_after_all(const struct sadb *db, const struct ike_sa *sa)
{
    return (sa->chosen && sa->exchanges.len > 1) ||
           sadb_has_stood(db, sa->major, &sa->initiator.addr, &sa->responder.addr);
}

/* EAP went on, or the initiator did not accept what the responder proved. */
static bool
never_stood(const struct finding *f, const struct sadb *db, const struct ike_sa *sa)
{
    if (f->child_sa != NO_ID) {
        return !sa->stood && sadb_child_sa(db, f->child_sa)->state == CHILD_FAILED;
    }
    return !sa->stood || (f->basis == BASIS_INFERRED && f->frame != sa->established_in);
}

static bool
came_otherwise(const struct finding *f, const struct sadb *db)
{
    const struct ike_sa *sa = sadb_ike_sa(db, f->ike_sa);

    switch (f->check) {
    case CHECK_no_common_proposal: return agrees_after_all(db, sa);
    case CHECK_auth_failure_suspected: return sa->major == 2 && sa->stood;
    case CHECK_sa_established: return sa->major == 2 && never_stood(f, db, sa);
    default: return false;
    }
}

void
findings_foretold(struct findings *out, const struct sadb *db)
{
    for (guint i = 0; i < out->all->len; i++) {
        struct finding *f = (struct finding *)g_ptr_array_index(out->all, i);
        if (!f->suspended && f->ike_sa != NO_ID && came_otherwise(f, db)) {
            put_aside(out, f);
        }
    }
}

void
finding_withdraw(struct findings *out, unsigned check, const struct scope *where)
{
    struct finding *f = findings_find(out, check, where);

    if (f) {
        put_aside(out, f);
    }
}

void
findings_withdraw_of(struct findings *out, const struct sadb *db,
                     bool (*gone)(const struct ike_sa *sa, const void *data), const void *data)
{
    for (guint i = 0; i < out->all->len; i++) {
        struct finding *f = (struct finding *)g_ptr_array_index(out->all, i);
        if (!f->suspended && f->ike_sa != NO_ID && gone(sadb_ike_sa(db, f->ike_sa), data)) {
            put_aside(out, f);
        }
    }
}

/* What is still suspended is never said: the others close ranks.  No message can be judged any
 * more, so the marks go too. */
void
findings_drop(struct findings *all)
{
    uint32_t *now;
    GHashTableIter at;
    gpointer ids;
    guint kept = 0;

    if (!all->some_suspended) {
        return;
    }
    now = g_new(uint32_t, all->all->len);
    for (guint i = 0; i < all->all->len; i++) {
        struct finding *f = (struct finding *)g_ptr_array_index(all->all, i);
        now[i] = kept;
        if (f->suspended) {
            findings_free_one(f);
            continue;
        }
        f->id = kept;
        all->all->pdata[kept++] = f;
    }
    g_hash_table_iter_init(&at, all->by_frame);
    while (g_hash_table_iter_next(&at, NULL, &ids)) {
        for (guint i = 0; i < ((GArray *)ids)->len; i++) {
            uint32_t *id = &g_array_index((GArray *)ids, uint32_t, i);
            *id = now[*id];
        }
    }
    /* What was moved or freed is no longer the array's to free. */
    for (guint i = kept; i < all->all->len; i++) {
        all->all->pdata[i] = NULL;
    }
    g_ptr_array_set_size(all->all, (gint)kept);
    g_hash_table_remove_all(all->marks);
    g_free(now);
}
