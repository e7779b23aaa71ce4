/* kinds.c - tunnels that have the same causes, IKE SAs of the same strength.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"

bool
diagnosis_is_open(const struct diagnosis *d)
{
    enum area area = check_rule(d->cause)->area;

    return d->basis == BASIS_INFERRED || area == AREA_PATH || area >= AREA_STATE;
}

/* Verdict and causes, as text: those of alike tunnels are equal. */
static char *
kind_of(const struct report *r, const struct tunnel *t)
{
    GString *kind = g_string_new(verdict_name(t->verdict));

    for (guint i = 0; i < t->diagnoses->len; i++) {
        const struct diagnosis *d =
            diagnoses_get(r->diagnoses, g_array_index(t->diagnoses, uint32_t, i));
        g_string_append_printf(kind, "\n%u", d->cause);
    }
    return g_string_free(kind, FALSE);
}

static void
free_kind(gpointer p)
{
    g_ptr_array_free(((struct tunnel_kind *)p)->others, TRUE);
    g_free(p);
}

GPtrArray *
tunnel_kinds(const struct report *r)
{
    GPtrArray *kinds = g_ptr_array_new_with_free_func(free_kind);
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < diagnoses_num_tunnels(r->diagnoses); i++) {
        const struct tunnel *t = diagnoses_worst(r->diagnoses, i);
        char *text;
        struct tunnel_kind *k;
        if (!t->diagnoses->len) {
            continue;
        }
        text = kind_of(r, t);
        k = (struct tunnel_kind *)g_hash_table_lookup(known, text);
        if (k) {
            g_ptr_array_add(k->others, (gpointer)t);
            g_free(text);
        } else {
            k = g_new(struct tunnel_kind, 1);
            *k = (struct tunnel_kind){ t, g_ptr_array_new() };
            g_ptr_array_add(kinds, k);
            g_hash_table_insert(known, text, k);
        }
    }
    g_hash_table_destroy(known);
    return kinds;
}

static void
free_hygiene_kind(gpointer p)
{
    g_array_free(((struct hygiene_kind *)p)->others, TRUE);
    g_free(p);
}

static int
by_number(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

    return x < y ? -1 : x > y;
}

GPtrArray *
hygiene_kinds(const struct report *r, enum severity least)
{
    GPtrArray *kinds = g_ptr_array_new_with_free_func(free_hygiene_kind);
    GHashTable *known = g_hash_table_new(g_str_hash, g_str_equal);

    for (size_t i = 0; i < diagnoses_num_hygiene(r->diagnoses); i++) {
        const struct hygiene *h = diagnoses_hygiene(r->diagnoses, i);
        char *said = h->text + h->name_len;
        struct hygiene_kind *k = (struct hygiene_kind *)g_hash_table_lookup(known, said);
        if (h->severity < least) {
            continue;
        }
        if (k && h->ike_sa != NO_ID) {
            g_array_append_val(k->others, h->ike_sa);
        } else {
            k = g_new(struct hygiene_kind, 1);
            *k = (struct hygiene_kind){ h, g_array_new(FALSE, FALSE, sizeof(uint32_t)) };
            g_ptr_array_add(kinds, k);
            g_hash_table_insert(known, said, k);
        }
    }
    for (guint i = 0; i < kinds->len; i++) {
        g_array_sort(((struct hygiene_kind *)g_ptr_array_index(kinds, i))->others, by_number);
    }
    g_hash_table_destroy(known);
    return kinds;
}
