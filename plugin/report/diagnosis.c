/* diagnosis.c - the outcome and what is wrong, as lines of text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <string.h>

enum {
    HEALTHY_SHOWN = 50,         /* tunnels of which nothing is wrong: a line each */
    ALIKE_NAMED = 5,            /* tunnels with the same causes as one that is told */
    TOLD_SHOWN = 200,           /* tunnels that are told with their diagnoses */
    HYGIENE_SHOWN = 50
};

/* Others might have caused what is seen: then it helps to know which did not. */
static bool
is_open(const struct diagnosis *d)
{
    enum area area = check_rule(d->cause)->area;

    return d->basis == BASIS_INFERRED || area == AREA_PATH || area >= AREA_STATE;
}

static void
print_diagnosis(FILE *out, const struct diagnosis *d, enum severity least)
{
    if (d->severity < least) {
        return;
    }
    fprintf(out, "%-7s  %s  [%s]  frame%s ", severity_name(d->severity), checks[d->cause].name,
            basis_name(d->basis), d->frames->len == 1 ? "" : "s");
    print_frames(out, (const uint32_t *)(const void *)d->frames->data, d->frames->len);
    fprintf(out, "\n  %s\n  do: %s\n", d->text, d->remedy);
    for (guint i = 0; is_open(d) && i < d->considered->len; i++) {
        const struct considered *c = &g_array_index(d->considered, struct considered, i);
        fprintf(out, "%s%s: %s", i == 0 ? "  it is not " : "; nor ", c->what, c->because);
    }
    fprintf(out, is_open(d) && d->considered->len ? "\n" : "");
}

/* --- tunnels that have the same ---------------------------------------------------------- */

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

struct kind {
    const struct tunnel *first;
    GPtrArray *others;          /* of const struct tunnel */
};

static void
free_kind(gpointer p)
{
    g_ptr_array_free(((struct kind *)p)->others, TRUE);
    g_free(p);
}

/* The tunnels of which something is wrong, by kind, in order of the first of each. */
static GPtrArray *
kinds_of_tunnels(const struct report *r)
{
    GPtrArray *kinds = g_ptr_array_new_with_free_func(free_kind);
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < diagnoses_num_tunnels(r->diagnoses); i++) {
        const struct tunnel *t = diagnoses_worst(r->diagnoses, i);
        char *text;
        struct kind *k;
        if (!t->diagnoses->len) {
            continue;
        }
        text = kind_of(r, t);
        k = (struct kind *)g_hash_table_lookup(known, text);
        if (k) {
            g_ptr_array_add(k->others, (gpointer)t);
            g_free(text);
        } else {
            k = g_new(struct kind, 1);
            *k = (struct kind){ t, g_ptr_array_new() };
            g_ptr_array_add(kinds, k);
            g_hash_table_insert(known, text, k);
        }
    }
    g_hash_table_destroy(known);
    return kinds;
}

static void
print_alike(FILE *out, const struct kind *k)
{
    if (!k->others->len) {
        return;
    }
    fprintf(out, "alike: ");
    print_plural(out, k->others->len, "other tunnel (", "other tunnels (");
    for (guint i = 0; i < k->others->len && i < ALIKE_NAMED; i++) {
        const struct tunnel *t = (const struct tunnel *)g_ptr_array_index(k->others, i);
        fprintf(out, "%s%s to %s, from frame %u", i ? "; " : "", t->who, t->peer, t->first_frame);
    }
    fprintf(out, k->others->len > ALIKE_NAMED ? "; ..)\n" : ")\n");
}

/* Where there are several, each begins with its own outcome. */
static void
print_faulty(FILE *out, const struct report *r)
{
    GPtrArray *kinds = kinds_of_tunnels(r);
    bool several = diagnoses_num_tunnels(r->diagnoses) > 1;

    for (guint i = 0; i < kinds->len && i < TOLD_SHOWN; i++) {
        const struct kind *k = (const struct kind *)g_ptr_array_index(kinds, i);
        if (several) {
            fprintf(out, "\n%s\n", k->first->text);
        }
        for (guint n = 0; n < k->first->diagnoses->len; n++) {
            uint32_t id = g_array_index(k->first->diagnoses, uint32_t, n);
            print_diagnosis(out, diagnoses_get(r->diagnoses, id), r->least);
        }
        print_alike(out, k);
    }
    if (kinds->len > TOLD_SHOWN) {
        fprintf(out, "%u more kinds of tunnels are in the JSON report\n", kinds->len - TOLD_SHOWN);
    }
    g_ptr_array_free(kinds, TRUE);
}

/* What concerns no tunnel. */
static void
print_general(FILE *out, const struct report *r)
{
    for (size_t i = 0; i < diagnoses_count(r->diagnoses); i++) {
        const struct diagnosis *d = diagnoses_get(r->diagnoses, i);
        if (d->tunnel == NO_ID) {
            print_diagnosis(out, d, r->least);
        }
    }
}

static void
print_healthy(FILE *out, const struct report *r)
{
    size_t n = diagnoses_num_tunnels(r->diagnoses), shown = 0, healthy = 0;

    for (size_t i = 0; i < n && n > 1; i++) {
        const struct tunnel *t = diagnoses_worst(r->diagnoses, i);
        if (!t->diagnoses->len) {
            healthy++;
            if (shown < HEALTHY_SHOWN) {
                fprintf(out, "%s%s\n", shown++ ? "" : "\n", t->text);
            }
        }
    }
    if (healthy > shown) {
        fprintf(out, "%zu more tunnels without a fault\n", healthy - shown);
    }
}

static void
print_hygiene(FILE *out, const struct report *r)
{
    size_t n = diagnoses_num_hygiene(r->diagnoses), shown = 0;

    for (size_t i = 0; i < n; i++) {
        const struct hygiene *h = diagnoses_hygiene(r->diagnoses, i);
        if (h->severity >= r->least && shown++ < HYGIENE_SHOWN) {
            fprintf(out, "%s  %s\n", shown == 1 ? "\nstrength:\n" : "", h->text);
        }
    }
    if (shown > HYGIENE_SHOWN) {
        fprintf(out, "  %zu more IKE SAs\n", shown - HYGIENE_SHOWN);
    }
}

void
report_diagnosis(FILE *out, const struct report *r)
{
    const char *outcome = diagnoses_outcome(r->diagnoses);
    size_t len = strlen(outcome);

    if (diagnoses_num_tunnels(r->diagnoses) > 1) {
        len = (size_t)(strchr(outcome, '.') + 1 - outcome);     /* the worst is told below */
    }
    fprintf(out, "\nEspial diagnosis\n%.*s\n", (int)len, outcome);
    print_faulty(out, r);
    print_general(out, r);
    print_healthy(out, r);
    print_hygiene(out, r);
    print_left_out(out, r);
    print_counts(out, r);
}
