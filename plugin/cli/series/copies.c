/* copies.c - frames that two files of a series have.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "copies.h"

#include <espial/hash.h>
#include <espial/limits.h>
#include <glib.h>
#include <string.h>

enum { REMEMBERED_S = 1 };      /* frames of one capture may be out of order by less */

/* How often one file had a frame. */
struct had {
    unsigned file;
    uint32_t kept, dropped;
};

/* Frames that are the same. */
struct same {
    uint64_t sums[2];
    int64_t secs;
    GArray *files;              /* of struct had */
};

struct copies {
    GHashTable *known;          /* of struct same */
    GQueue order;               /* the same, the oldest first */
    uint64_t seeds[2];
};

static guint
hash_same(gconstpointer key)
{
    return (guint)((const struct same *)key)->sums[0];
}

static gboolean
equal_same(gconstpointer one, gconstpointer other)
{
    const struct same *a = (const struct same *)one, *b = (const struct same *)other;

    return memcmp(a->sums, b->sums, sizeof a->sums) == 0 && a->secs == b->secs;
}

static void
free_same(void *data)
{
    g_array_free(((struct same *)data)->files, TRUE);
    g_free(data);
}

struct copies *
copies_new(void)
{
    struct copies *c = g_new0(struct copies, 1);

    c->known = g_hash_table_new_full(hash_same, equal_same, free_same, NULL);
    g_queue_init(&c->order);
    c->seeds[0] = hash_seed();
    c->seeds[1] = hash_seed() ^ UINT64_C(0x9e3779b97f4a7c15);
    return c;
}

void
copies_free(struct copies *c)
{
    if (c) {
        g_queue_clear(&c->order);
        g_hash_table_destroy(c->known);
        g_free(c);
    }
}

static void
forget_old(struct copies *c, int64_t secs)
{
    struct same *oldest;

    while ((oldest = (struct same *)g_queue_peek_head(&c->order)) &&
           (oldest->secs + REMEMBERED_S < secs || c->order.length > SERIES_MAX_COPIES)) {
        g_queue_pop_head(&c->order);
        g_hash_table_remove(c->known, oldest);
    }
}

bool
copies_any(struct copies *c, int64_t secs)
{
    forget_old(c, secs);
    return c->order.length > 0;
}

static struct had *
had_of(struct same *s, unsigned file)
{
    struct had one = { .file = file };

    for (guint i = 0; i < s->files->len; i++) {
        struct had *h = &g_array_index(s->files, struct had, i);
        if (h->file == file) {
            return h;
        }
    }
    g_array_append_val(s->files, one);
    return &g_array_index(s->files, struct had, s->files->len - 1);
}

static uint32_t
kept_by_others(const struct same *s, unsigned file)
{
    uint32_t kept = 0;

    for (guint i = 0; i < s->files->len; i++) {
        const struct had *h = &g_array_index(s->files, struct had, i);
        kept += h->file != file ? h->kept : 0;
    }
    return kept;
}

bool
copies_see(struct copies *c, const struct copy *frame, bool may_drop)
{
    struct same key = { .secs = frame->secs }, *same;
    struct had *had;
    bool drop;

    for (size_t i = 0; i < G_N_ELEMENTS(key.sums); i++) {
        key.sums[i] = hash_long(c->seeds[i], frame->octets, frame->len) ^
                      ((uint64_t)frame->captured << 32 | (uint32_t)frame->nsecs) ^ frame->sum;
    }
    forget_old(c, frame->secs);
    same = (struct same *)g_hash_table_lookup(c->known, &key);
    if (!same) {
        same = g_new0(struct same, 1);
        *same = key;
        same->files = g_array_new(FALSE, FALSE, sizeof(struct had));
        g_hash_table_add(c->known, same);
        g_queue_push_tail(&c->order, same);
    }
    had = had_of(same, frame->file);
    drop = may_drop && kept_by_others(same, frame->file) > had->dropped;
    had->kept += !drop;
    had->dropped += drop;
    return drop;
}
