/* group.c - which of the capture's IKE SAs a daemon's number is.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader.h"

#include <string.h>

/* Votes: an IKE SPI of eight octets decides, one of ESP nearly so, messages where neither is. */
enum { VOTE_MESSAGE = 1, VOTE_ESP = 1 << 10, VOTE_IKE = 1 << 16 };

struct group {
    GHashTable *votes;          /* id of the IKE SA -> how many */
    guint64 parent;             /* key of the group that its IKE SA is; 0 */
    bool named;                 /* its lines have IKE SPIs */
};

struct groups {
    const struct sadb *db;
    GHashTable *all;            /* key -> struct group */
    GHashTable *by_ike_spi;     /* SPI -> id + 1 */
    GHashTable *by_esp_spi;     /* SPI -> GPtrArray of struct child_sa */
};

static void
group_free(gpointer p)
{
    struct group *g = (struct group *)p;

    g_hash_table_destroy(g->votes);
    g_free(g);
}

static guint64
key_of(const struct log_line *line, uint32_t number)
{
    return (guint64)line->file << 56 | (guint64)(line->run & 0xffffff) << 32 | number;
}

guint64
group_key(const struct log_line *line)
{
    return line->group ? key_of(line, line->group) : 0;
}

static struct group *
find(const struct groups *g, guint64 key)
{
    return key ? (struct group *)g_hash_table_lookup(g->all, &key) : NULL;
}

static struct group *
get(struct groups *g, guint64 key)
{
    struct group *one = find(g, key);

    if (!one && key && g_hash_table_size(g->all) < LOG_MAX_GROUPS) {
        one = g_new0(struct group, 1);
        one->votes = g_hash_table_new(NULL, NULL);
        g_hash_table_insert(g->all, g_memdup2(&key, sizeof key), one);
    }
    return one;
}

static void
vote(struct group *one, uint32_t ike_sa, unsigned votes)
{
    gpointer key = GUINT_TO_POINTER(ike_sa);

    if (one) {
        guint before = GPOINTER_TO_UINT(g_hash_table_lookup(one->votes, key));
        g_hash_table_insert(one->votes, key,
                            GUINT_TO_POINTER(MIN(before + votes, (guint)INT32_MAX)));
    }
}

/* Where most votes are; of as many, the first SA. */
static uint32_t
most(const struct group *one, guint *votes)
{
    GHashTableIter at;
    gpointer key, value;
    uint32_t best = NO_ID;

    *votes = 0;
    g_hash_table_iter_init(&at, one->votes);
    while (g_hash_table_iter_next(&at, &key, &value)) {
        guint n = GPOINTER_TO_UINT(value);
        if (n > *votes || (n == *votes && GPOINTER_TO_UINT(key) < best)) {
            *votes = n;
            best = GPOINTER_TO_UINT(key);
        }
    }
    return best;
}

/* --- SPIs --------------------------------------------------------------------------- */

static void
add_spi(struct groups *g, const uint8_t spi[8], uint32_t id)
{
    guint64 n = 0;

    for (size_t i = 0; i < 8; i++) {
        n = n << 8 | spi[i];
    }
    if (n && !g_hash_table_contains(g->by_ike_spi, &n)) {
        g_hash_table_insert(g->by_ike_spi, g_memdup2(&n, sizeof n), GUINT_TO_POINTER(id + 1));
    }
}

static void
add_child(struct groups *g, uint32_t spi, const struct child_sa *c)
{
    GPtrArray *those = (GPtrArray *)g_hash_table_lookup(g->by_esp_spi, GUINT_TO_POINTER(spi));

    if (!spi) {
        return;
    }
    if (!those) {
        those = g_ptr_array_new();
        g_hash_table_insert(g->by_esp_spi, GUINT_TO_POINTER(spi), those);
    }
    if (those->len < SADB_MAX_PER_SPI) {
        g_ptr_array_add(those, (gpointer)c);
    }
}

static uint32_t
of_ike_spi(const struct groups *g, const struct log_line *line)
{
    for (size_t i = 0; i < LOG_NAMES_MAX && line->ike_spi[i]; i++) {
        gpointer id = g_hash_table_lookup(g->by_ike_spi, &line->ike_spi[i]);
        if (id) {
            return GPOINTER_TO_UINT(id) - 1;
        }
    }
    return NO_ID;
}

const struct child_sa *
groups_child(const struct groups *g, const struct log_line *line, uint32_t ike_sa)
{
    for (size_t i = 0; i < LOG_NAMES_MAX && line->esp_spi[i]; i++) {
        const GPtrArray *those = (const GPtrArray *)g_hash_table_lookup(
            g->by_esp_spi, GUINT_TO_POINTER(line->esp_spi[i]));
        for (guint k = 0; those && k < those->len; k++) {
            const struct child_sa *c = (const struct child_sa *)g_ptr_array_index(those, k);
            if (ike_sa == NO_ID || c->ike_sa->id == ike_sa) {
                return c;
            }
        }
    }
    return NULL;
}

static void
see_line(struct groups *g, const struct log_line *line)
{
    struct group *one = get(g, group_key(line));
    uint32_t ike = of_ike_spi(g, line);
    const struct child_sa *c = groups_child(g, line, NO_ID);

    if (!one) {
        return;
    }
    one->named |= line->ike_spi[0] != 0;
    if (line->parent && line->parent != line->group) {
        one->parent = key_of(line, line->parent);
    }
    if (ike != NO_ID) {
        vote(one, ike, VOTE_IKE);
    } else if (c) {
        vote(one, c->ike_sa->id, VOTE_ESP);
    }
}

struct groups *
groups_new(const struct logs *l, const struct sadb *db)
{
    struct groups *g = g_new0(struct groups, 1);

    g->db = db;
    g->all = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, group_free);
    g->by_ike_spi = g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL);
    g->by_esp_spi = g_hash_table_new_full(NULL, NULL, NULL, (GDestroyNotify)g_ptr_array_unref);
    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        add_spi(g, sa->spi_i, sa->id);
        add_spi(g, sa->spi_r, sa->id);
    }
    for (size_t i = 0; i < sadb_num_child_sas(db); i++) {
        const struct child_sa *c = sadb_child_sa(db, i);
        add_child(g, c->spi_i, c);
        add_child(g, c->spi_r, c);
    }
    for (size_t i = 0; i < logs_num_lines(l); i++) {
        see_line(g, logs_line(l, i));
    }
    return g;
}

void
groups_free(struct groups *g)
{
    g_hash_table_destroy(g->all);
    g_hash_table_destroy(g->by_ike_spi);
    g_hash_table_destroy(g->by_esp_spi);
    g_free(g);
}

/* --- what was found ----------------------------------------------------------------- */

uint32_t
groups_by_spi(const struct groups *g, const struct log_line *line, bool *foreign)
{
    uint32_t own = of_ike_spi(g, line), best;
    const struct group *one = find(g, group_key(line));
    guint votes;

    *foreign = false;
    if (own != NO_ID) {
        return own;
    }
    if (one) {
        best = most(one, &votes);
        if (votes >= VOTE_ESP) {
            return best;
        }
        *foreign = one->named;
    }
    *foreign |= line->ike_spi[0] != 0;
    return NO_ID;
}

void
groups_vote(struct groups *g, const struct log_line *line, uint32_t ike_sa)
{
    vote(get(g, group_key(line)), ike_sa, VOTE_MESSAGE);
}

uint32_t
groups_best(const struct groups *g, const struct log_line *line, enum log_tie *how)
{
    bool foreign;
    uint32_t best = groups_by_spi(g, line, &foreign);
    const struct group *one = find(g, group_key(line));
    const struct child_sa *c;
    guint votes = 0;

    *how = LOG_BY_SPI;
    if (best != NO_ID || foreign) {
        return best;
    }
    c = groups_child(g, line, NO_ID);
    if (c) {
        return c->ike_sa->id;
    }
    best = one ? most(one, &votes) : NO_ID;
    if (best == NO_ID && one && one->parent) {
        one = find(g, one->parent);
        best = one ? most(one, &votes) : NO_ID;
    }
    *how = best == NO_ID ? LOG_LOOSE : votes >= VOTE_ESP ? LOG_BY_SPI : LOG_BY_MESSAGE;
    return best;
}
