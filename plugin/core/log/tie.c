/* tie.c - lines to what they are of in the capture.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <math.h>
#include <string.h>

#define SA_GRACE 5.0            /* seconds before and after an SA in which lines are still of it */

struct tying {
    struct logs *l;
    const struct sadb *db;
    struct groups *groups;
    struct messages *messages;
    GHashTable *last;           /* group -> frame of its last message */
    uint32_t looks;
    uint32_t cursor;            /* of lines without a time: the frame that was reached */
};

static struct log_line *
line_at(struct logs *l, size_t i)
{
    return (struct log_line *)g_ptr_array_index(l->lines, i);
}

static void
loosen(struct log_line *line)
{
    line->tie = LOG_LOOSE;
    line->ike_sa = line->child_sa = NO_ID;
    line->frame = 0;
    line->is_message = false;
    line->at = 0;
}

/* --- the message that a line is of -------------------------------------------------- */

static void
note_side(struct tying *t, const struct log_line *line, const struct told_message *m)
{
    gint64 key = (gint64)((guint64)line->file << 32 | m->sa->id);
    int side = GPOINTER_TO_INT(g_hash_table_lookup(t->l->sides, &key));
    struct log_file *file = (struct log_file *)g_ptr_array_index(t->l->files, line->file);

    side += line->sent == m->m->from_initiator ? 1 : -1;
    g_hash_table_insert(t->l->sides, g_memdup2(&key, sizeof key), GINT_TO_POINTER(side));
    if (!file->owner.family && line->length) {
        file->owner = line->place[line->sent ? 0 : 1].addr;
    }
}

/* Of those alike the nearest in time; without a time the next one. */
static const struct told_message *
nearest(const struct tying *t, const struct log_line *line, const struct told_message *like,
        size_t n)
{
    const struct told_message *best = NULL;

    for (size_t i = 0; i < n; i++) {
        if (line->at <= 0) {
            if (like[i].frame >= t->cursor) {
                return &like[i];
            }
        } else if (fabs(like[i].time - line->at) <= line_tolerance(line) + EXACT &&
                   (!best || fabs(like[i].time - line->at) < fabs(best->time - line->at))) {
            best = &like[i];
        }
    }
    return best;
}

static void
tie_message(struct tying *t, struct log_line *line)
{
    struct told_message like[LIKE_MAX];
    const struct told_message *m;
    size_t n;

    if (line->timed && line->at <= 0) {
        return;                 /* its clock is not known */
    }
    n = messages_like(t->messages, t->groups, line, like, LIKE_MAX);
    m = nearest(t, line, like, n);
    if (!m) {
        return;
    }
    line->frame = m->frame;
    line->is_message = true;
    line->ike_sa = m->sa->id;
    line->tie = LOG_BY_MESSAGE;
    if (!line->timed) {
        t->cursor = m->frame;
    }
    groups_vote(t->groups, line, m->sa->id);
    note_side(t, line, m);
}

/* --- the SA that it is of ----------------------------------------------------------- */

/* The one IKE SA between the places that the line names, at its time. */
static uint32_t
by_peer(struct tying *t, const struct log_line *line)
{
    uint32_t found = NO_ID;

    if (line->at <= 0 || !line->place[0].addr.family || t->looks > LOG_MAX_LOOKS) {
        return NO_ID;
    }
    for (size_t i = 0; i < sadb_num_ike_sas(t->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(t->db, i);
        double first, last;
        bool there = true;
        t->looks++;
        for (size_t k = 0; k < 2 && line->place[k].addr.family; k++) {
            there &= ike_sa_is_at(sa, true, &line->place[k].addr) ||
                     ike_sa_is_at(sa, false, &line->place[k].addr);
        }
        if (!there || !ike_sa_times(sa, &first, &last) || line->at < first - SA_GRACE ||
            line->at > last + SA_GRACE) {
            continue;
        }
        if (found != NO_ID) {
            return NO_ID;
        }
        found = sa->id;
    }
    return found;
}

/* A packet of the Child SA near that time: of streams only both ends are known. */
static uint32_t
packet_near(const struct child_sa *c, double at)
{
    uint32_t frame = 0;
    double best = 0;

    for (guint i = 0; i < c->streams.len; i++) {
        const struct stream *s = c->streams.at[i];
        const double times[] = { s->first_time, s->last_time };
        const uint32_t frames[] = { s->first_frame, s->last_frame };
        for (size_t k = 0; s->packets && k < 2; k++) {
            if (!frame || fabs(times[k] - at) < best) {
                frame = frames[k];
                best = fabs(times[k] - at);
            }
        }
    }
    return frame;
}

static void
tie_sa(struct tying *t, struct log_line *line)
{
    enum log_tie how;
    uint32_t sa = line->tie == LOG_LOOSE ? groups_best(t->groups, line, &how) : line->ike_sa;
    const struct child_sa *c;
    guint64 key = group_key(line);
    gpointer last;

    if (line->tie == LOG_LOOSE && sa == NO_ID) {
        sa = by_peer(t, line);
        how = sa == NO_ID ? LOG_LOOSE : LOG_BY_PEER;
    }
    if (line->tie == LOG_LOOSE) {
        line->tie = how;
        line->ike_sa = sa;
    }
    c = groups_child(t->groups, line, sa);
    if (c) {
        line->child_sa = c->id;
    }
    if (sa == NO_ID) {
        return;
    }
    if (line->is_message) {
        g_hash_table_insert(t->last, g_memdup2(&key, sizeof key), GUINT_TO_POINTER(line->frame));
        return;
    }
    last = key ? g_hash_table_lookup(t->last, &key) : NULL;
    if (last) {
        line->frame = GPOINTER_TO_UINT(last);
    } else if (c && line->at > 0 && line->phrase &&
               (line->phrase->about & (LOG_ABOUT_PACKET | LOG_ABOUT_INNER))) {
        line->frame = packet_near(c, line->at);
    }
    if (!line->frame) {
        const struct told_message *m = messages_at(t->messages, sadb_ike_sa(t->db, sa), line->at);
        line->frame = m ? m->frame : sadb_ike_sa(t->db, sa)->first_frame;
    }
}

/* --- order -------------------------------------------------------------------------- */

static int
in_time(gconstpointer a, gconstpointer b, gpointer user)
{
    const struct logs *l = (const struct logs *)user;
    const struct log_line *p = logs_line(l, *(const uint32_t *)a);
    const struct log_line *q = logs_line(l, *(const uint32_t *)b);

    if (p->at > 0 && q->at > 0 && p->at != q->at) {
        return p->at < q->at ? -1 : 1;
    }
    if (p->frame != q->frame) {
        return p->frame < q->frame ? -1 : 1;
    }
    return p->id < q->id ? -1 : p->id > q->id;
}

static void
note_line(GHashTable *table, uint32_t key, uint32_t id)
{
    GArray *those = (GArray *)g_hash_table_lookup(table, GUINT_TO_POINTER(key));

    if (!those) {
        those = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_hash_table_insert(table, GUINT_TO_POINTER(key), those);
    }
    g_array_append_val(those, id);
}

static void
put_in_order(struct logs *l)
{
    g_array_set_size(l->order, 0);
    g_hash_table_remove_all(l->by_frame);
    g_hash_table_remove_all(l->by_sa);
    for (uint32_t i = 0; i < l->lines->len; i++) {
        struct log_line *line = line_at(l, i);
        if (line->tie != LOG_LOOSE) {
            g_array_append_val(l->order, i);
            ((struct log_file *)g_ptr_array_index(l->files, line->file))->tied++;
        }
    }
    g_array_sort_with_data(l->order, in_time, l);
    for (guint i = 0; i < l->order->len; i++) {
        uint32_t id = g_array_index(l->order, uint32_t, i);
        note_line(l->by_frame, logs_line(l, id)->frame, id);
        note_line(l->by_sa, logs_line(l, id)->ike_sa, id);
    }
}

static void
tie_file(struct tying *t, struct log_file *file, uint32_t first, uint32_t last)
{
    clocks_find(t->l, file, first, last, t->messages, t->groups, t->db);
    t->cursor = 0;
    for (uint32_t i = first; i <= last; i++) {
        struct log_line *line = line_at(t->l, i);
        const struct log_clock *clock = logs_clock(t->l, line);
        line->at = line->timed && clock ? line->time + clock->offset : 0;
        tie_message(t, line);
    }
    for (uint32_t i = first; i <= last; i++) {
        tie_sa(t, line_at(t->l, i));
    }
}

void
logs_tie(struct logs *l, const struct sadb *db)
{
    struct tying t = { .l = l, .db = db };

    g_hash_table_remove_all(l->sides);
    for (size_t i = 0; i < l->lines->len; i++) {
        loosen(line_at(l, i));
    }
    for (guint i = 0; i < l->files->len; i++) {
        struct log_file *file = (struct log_file *)g_ptr_array_index(l->files, i);
        g_array_set_size(file->clocks, 0);
        file->tied = 0;
        file->doubt = NULL;
        memset(&file->owner, 0, sizeof file->owner);
    }
    clocks_set_years(l, db);
    t.groups = groups_new(l, db);
    t.messages = messages_new(db);
    t.last = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    for (uint32_t first = 0; first < l->lines->len;) {
        uint32_t last = first, file = logs_line(l, first)->file;
        while (last + 1 < l->lines->len && logs_line(l, last + 1)->file == file) {
            last++;
        }
        tie_file(&t, (struct log_file *)g_ptr_array_index(l->files, file), first, last);
        first = last + 1;
    }
    l->looked = t.looks > LOG_MAX_LOOKS;
    put_in_order(l);
    g_hash_table_destroy(t.last);
    messages_free(t.messages);
    groups_free(t.groups);
}

const char *
logs_side(const struct logs *l, const struct log_line *line, const struct ike_sa *sa)
{
    gint64 key = (gint64)((guint64)line->file << 32 | sa->id);
    int side = GPOINTER_TO_INT(g_hash_table_lookup(l->sides, &key));

    return side > 0 ? "initiator" : side < 0 ? "responder" : NULL;
}
