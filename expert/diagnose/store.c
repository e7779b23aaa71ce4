/* store.c - the diagnoses of a capture, for those who read them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

size_t
diagnoses_count(const struct diagnoses *d)
{
    return d->list->len;
}

const struct diagnosis *
diagnoses_get(const struct diagnoses *d, size_t i)
{
    return i < d->list->len ? (const struct diagnosis *)g_ptr_array_index(d->list, i) : NULL;
}

size_t
diagnoses_num_tunnels(const struct diagnoses *d)
{
    return d->tunnels->len;
}

const struct tunnel *
diagnoses_tunnel(const struct diagnoses *d, size_t i)
{
    return i < d->tunnels->len ? (const struct tunnel *)g_ptr_array_index(d->tunnels, i) : NULL;
}

const struct tunnel *
diagnoses_worst(const struct diagnoses *d, size_t i)
{
    return i < d->worst->len ? (const struct tunnel *)g_ptr_array_index(d->worst, i) : NULL;
}

size_t
diagnoses_num_hygiene(const struct diagnoses *d)
{
    return d->hygiene->len;
}

const struct hygiene *
diagnoses_hygiene(const struct diagnoses *d, size_t i)
{
    return i < d->hygiene->len ? (const struct hygiene *)g_ptr_array_index(d->hygiene, i) : NULL;
}

enum finding_role
diagnoses_role(const struct diagnoses *d, uint32_t finding, uint32_t *diagnosis)
{
    *diagnosis = d->told[finding].diagnosis;
    return d->told[finding].role;
}

const GArray *
diagnoses_of_frame(const struct diagnoses *d, uint32_t frame)
{
    return (const GArray *)g_hash_table_lookup(d->by_frame, GUINT_TO_POINTER(frame));
}

const char *
diagnoses_outcome(const struct diagnoses *d)
{
    return d->outcome;
}

bool
diagnoses_capped(const struct diagnoses *d)
{
    return d->capped;
}

/* --- memory ---- */

void
diagnosis_free(gpointer p)
{
    struct diagnosis *one = (struct diagnosis *)p;

    if (!one) {
        return;
    }
    for (guint i = 0; i < one->considered->len; i++) {
        g_free(g_array_index(one->considered, struct considered, i).because);
    }
    g_array_free(one->frames, TRUE);
    g_array_free(one->ike_sas, TRUE);
    g_array_free(one->child_sas, TRUE);
    g_array_free(one->evidence, TRUE);
    g_array_free(one->follows, TRUE);
    g_array_free(one->considered, TRUE);
    g_array_free(one->log_lines, TRUE);
    g_free(one->own_remedy);
    g_free(one->text);
    g_free(one);
}

static void
free_tunnel(gpointer p)
{
    struct tunnel *t = (struct tunnel *)p;

    g_array_free(t->ike_sas, TRUE);
    g_array_free(t->streams, TRUE);
    g_array_free(t->diagnoses, TRUE);
    g_free((gpointer)t->who);
    g_free((gpointer)t->peer);
    g_free(t->text);
    g_free(t);
}

static void
free_hygiene(gpointer p)
{
    struct hygiene *h = (struct hygiene *)p;

    g_array_free(h->findings, TRUE);
    g_free(h->text);
    g_free(h);
}

static void
free_ids(gpointer ids)
{
    g_array_free((GArray *)ids, TRUE);
}

void
diagnoses_free(struct diagnoses *d)
{
    if (!d) {
        return;
    }
    g_ptr_array_free(d->tunnels, TRUE);
    g_ptr_array_free(d->worst, TRUE);
    g_ptr_array_free(d->list, TRUE);
    g_ptr_array_free(d->hygiene, TRUE);
    g_hash_table_destroy(d->by_frame);
    g_free(d->tunnel_of_sa);
    g_free(d->tunnel_of_stream);
    g_free(d->root_of_sa);
    g_free(d->root_of_child);
    g_free(d->told);
    g_free(d->outcome);
    g_free(d);
}

struct diagnoses *
diagnoses_empty(const struct sadb *db, const struct findings *all)
{
    struct diagnoses *d = g_new0(struct diagnoses, 1);

    d->db = db;
    d->all = all;
    d->tunnels = g_ptr_array_new_with_free_func(free_tunnel);
    d->worst = g_ptr_array_new();
    d->list = g_ptr_array_new_with_free_func(diagnosis_free);
    d->hygiene = g_ptr_array_new_with_free_func(free_hygiene);
    d->told = g_new0(struct told, MAX(findings_count(all), 1));
    d->by_frame = g_hash_table_new_full(NULL, NULL, NULL, free_ids);
    return d;
}

int
ids_ascending(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}
