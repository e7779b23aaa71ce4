/* messages.c - the messages of a capture, by what a log tells of one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <math.h>
#include <string.h>

#define NEARBY 61.5             /* seconds: no line is told of a message further off */

struct messages {
    const struct sadb *db;
    GArray *all;                /* of struct told_message, by IKE SA, then by frame */
    uint32_t *first;            /* by id of the IKE SA: index of its first; one more at the end */
    GHashTable *by_exchange, *by_length;        /* -> GArray of uint32_t, indices */
};

static int
by_frame(const void *a, const void *b)
{
    const struct told_message *p = (const struct told_message *)a;
    const struct told_message *q = (const struct told_message *)b;

    return p->frame < q->frame ? -1 : p->frame > q->frame;
}

static int
by_time(gconstpointer a, gconstpointer b, gpointer user)
{
    const GArray *all = (const GArray *)user;
    const struct told_message *p =
        &g_array_index(all, struct told_message, *(const uint32_t *)a);
    const struct told_message *q =
        &g_array_index(all, struct told_message, *(const uint32_t *)b);

    return p->time < q->time ? -1 : p->time > q->time ? 1 : by_frame(p, q);
}

static void
sort_list(gpointer key, gpointer value, gpointer user)
{
    (void)key;
    g_array_sort_with_data((GArray *)value, by_time, user);
}

static gpointer
exchange_key(uint8_t major, uint8_t exchange, uint32_t mid)
{
    return GUINT_TO_POINTER(((guint)major << 30) ^ ((guint)exchange << 22) ^ mid);
}

static void
note(GHashTable *table, gpointer key, uint32_t index)
{
    GArray *those = (GArray *)g_hash_table_lookup(table, key);

    if (!those) {
        those = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        g_hash_table_insert(table, key, those);
    }
    g_array_append_val(those, index);
}

static void
add_exchange(struct messages *m, const struct ike_sa *sa, const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *one = &x->messages.at[i];
        struct told_message told = { sa, x, one, one->time, one->frame };
        if (one->injected || one->forged) {
            continue;
        }
        g_array_append_val(m->all, told);
        for (guint k = 0; one->again && k < one->again->frames.len; k++) {
            told.frame = one->again->frames.at[k];
            told.time = sadb_time_of(m->db, told.frame);
            g_array_append_val(m->all, told);
        }
    }
}

struct messages *
messages_new(const struct sadb *db)
{
    struct messages *m = g_new0(struct messages, 1);
    size_t n = sadb_num_ike_sas(db);

    m->db = db;
    m->all = g_array_new(FALSE, FALSE, sizeof(struct told_message));
    m->first = g_new0(uint32_t, n + 1);
    m->by_exchange = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    m->by_length = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_array_unref);
    for (size_t i = 0; i < n; i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        m->first[i] = m->all->len;
        for (guint k = 0; k < sa->exchanges.len; k++) {
            add_exchange(m, sa, sa->exchanges.at[k]);
        }
        if (m->all->len > m->first[i]) {
            qsort(&g_array_index(m->all, struct told_message, m->first[i]),
                  m->all->len - m->first[i], sizeof(struct told_message), by_frame);
        }
    }
    m->first[n] = m->all->len;
    for (guint i = 0; i < m->all->len; i++) {
        const struct told_message *t = &g_array_index(m->all, struct told_message, i);
        note(m->by_exchange, exchange_key(t->sa->major, t->x->type, t->x->message_id), i);
        note(m->by_length, GUINT_TO_POINTER(t->m->length), i);
    }
    g_hash_table_foreach(m->by_exchange, sort_list, m->all);
    g_hash_table_foreach(m->by_length, sort_list, m->all);
    return m;
}

void
messages_free(struct messages *m)
{
    g_array_free(m->all, TRUE);
    g_free(m->first);
    g_hash_table_destroy(m->by_exchange);
    g_hash_table_destroy(m->by_length);
    g_free(m);
}

bool
line_tells_message(const struct log_line *line)
{
    return (line->sent || line->received) && (line->exchange || line->length);
}

/* The places that the line names, if it names any, are ends of the SA: behind a NAT only one may
 * be, and the sender is not the other one. */
static bool
places_fit(const struct log_line *line, const struct told_message *t)
{
    bool by = t->m->from_initiator;
    bool from = !line->place[0].addr.family || ike_sa_is_at(t->sa, by, &line->place[0].addr);
    bool to = !line->place[1].addr.family || ike_sa_is_at(t->sa, !by, &line->place[1].addr);
    bool turned = (line->place[0].addr.family && ike_sa_is_at(t->sa, !by, &line->place[0].addr)) ||
                  (line->place[1].addr.family && ike_sa_is_at(t->sa, by, &line->place[1].addr));

    if (!line->length) {        /* only the peer is named */
        return !line->place[0].addr.family || ike_sa_is_at(t->sa, true, &line->place[0].addr) ||
               ike_sa_is_at(t->sa, false, &line->place[0].addr);
    }
    return line->exchange ? from || to || turned : (from || to) && (!turned || (from && to));
}

static bool
fits(const struct log_line *line, const struct told_message *t)
{
    bool answers = t->sa->major == 2 ? t->m->response : t->m->from_initiator != t->x->by_initiator;

    if (line->exchange && (line->exchange != t->x->type || line->major != t->sa->major)) {
        return false;
    }
    return (!line->has_mid || line->mid == t->x->message_id) &&
           (!line->knows_response || line->is_response == answers) &&
           (!line->length || line->length == t->m->length) && places_fit(line, t);
}

/* Places in all, in order of time. */
struct candidates {
    const struct messages *m;
    const GArray *those;        /* of uint32_t; NULL: from first on */
    uint32_t first, num;
};

static const struct told_message *
candidate(const struct candidates *c, uint32_t i)
{
    return &g_array_index(c->m->all, struct told_message,
                          c->those ? g_array_index(c->those, uint32_t, i) : c->first + i);
}

/* The first one that is not before that time. */
static uint32_t
candidate_from(const struct candidates *c, double time)
{
    uint32_t low = 0, high = c->num;

    while (low < high) {
        uint32_t middle = low + (high - low) / 2;
        if (candidate(c, middle)->time < time) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

double
line_tolerance(const struct log_line *line)
{
    double fraction = line->time - floor(line->time);

    /* Syslog has whole seconds, old Fireboxes whole minutes. */
    return fraction != 0 ? EXACT : fmod(line->time, 60) != 0 ? EXACT + 1 : EXACT + 60;
}

size_t
messages_like(const struct messages *m, const struct groups *g, const struct log_line *line,
              struct told_message *out, size_t max)
{
    bool foreign, timed = line->at > 0;
    uint32_t sa = groups_by_spi(g, line, &foreign);
    struct candidates c = { .m = m };
    size_t n = 0;

    if (foreign || !line_tells_message(line)) {
        return 0;
    }
    if (line->exchange && line->has_mid) {
        c.those = (const GArray *)g_hash_table_lookup(
            m->by_exchange, exchange_key(line->major, line->exchange, line->mid));
    } else if (sa != NO_ID) {
        c.first = m->first[sa];
        c.num = m->first[sa + 1] - c.first;
    } else if (line->length) {
        c.those = (const GArray *)g_hash_table_lookup(m->by_length, GUINT_TO_POINTER(line->length));
    } else {
        c.num = m->all->len;    /* not in order of time over all SAs */
        timed = false;
    }
    c.num = c.those ? c.those->len : c.num;
    for (uint32_t i = timed ? candidate_from(&c, line->at - NEARBY) : 0; i < c.num && n < max;
         i++) {
        const struct told_message *t = candidate(&c, i);
        if (timed && t->time > line->at + NEARBY) {
            break;
        }
        if ((sa == NO_ID || t->sa->id == sa) && fits(line, t) &&
            (line->at <= 0 || ABS(t->time - line->at) <= line_tolerance(line) + EXACT)) {
            out[n++] = *t;
        }
    }
    return n;
}

const struct told_message *
messages_at(const struct messages *m, const struct ike_sa *sa, double time)
{
    uint32_t first = m->first[sa->id], last = m->first[sa->id + 1], best = first;

    for (uint32_t i = first; i < last; i++) {
        if (g_array_index(m->all, struct told_message, i).time <= time) {
            best = i;
        }
    }
    return first < last ? &g_array_index(m->all, struct told_message, best) : NULL;
}
