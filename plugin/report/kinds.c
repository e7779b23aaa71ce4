/* kinds.c - tunnels that have the same causes.  SPDX-License-Identifier: GPL-2.0-or-later */
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
