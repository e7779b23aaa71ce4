/* diagnosis.c - the outcome and what is wrong, as lines of text.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"
#include "lines.h"

#include <string.h>

enum {
    HEALTHY_SHOWN = 50,         /* tunnels of which nothing is wrong: a line each */
    ALIKE_NAMED = 5,            /* tunnels with the same causes as one that is told */
    TOLD_SHOWN = 200,           /* tunnels that are told with their diagnoses */
    HYGIENE_SHOWN = 50
};

/* One that several tunnels have is told once. */
static void
print_diagnosis(FILE *out, const struct diagnosis *d, enum severity least, GHashTable *told)
{
    if (d->severity < least) {
        return;
    }
    if (told && !g_hash_table_add(told, GUINT_TO_POINTER(d->id + 1))) {
        fprintf(out, "%-7s  %s, as above (frame %u)\n", severity_name(d->severity),
                checks[d->cause].name, d->first_frame);
        return;
    }
    fprintf(out, "%-7s  %s  [%s]  frame%s ", severity_name(d->severity), checks[d->cause].name,
            basis_name(d->basis), d->frames->len == 1 ? "" : "s");
    print_frames(out, (const uint32_t *)(const void *)d->frames->data, d->frames->len);
    fprintf(out, "\n  %.*s\n  do: %s\n", (int)(d->to_tell - d->text - (*d->to_tell ? 1 : 0)),
            d->text, d->remedy);
    if (*d->to_tell) {
        fprintf(out, "  to tell: %s\n", d->to_tell);
    }
    for (guint i = 0; diagnosis_is_open(d) && i < d->considered->len; i++) {
        const struct considered *c = &g_array_index(d->considered, struct considered, i);
        fprintf(out, "%s%s, because %s", i == 0 ? "  not the cause: " : "; ", c->what, c->because);
    }
    fprintf(out, diagnosis_is_open(d) && d->considered->len ? "\n" : "");
}

static void
print_alike(FILE *out, const struct tunnel_kind *k)
{
    if (!k->others->len) {
        return;
    }
    fprintf(out, "same cause: ");
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
    GPtrArray *kinds = tunnel_kinds(r);
    GHashTable *told = g_hash_table_new(NULL, NULL);
    bool several = diagnoses_num_tunnels(r->diagnoses) > 1;

    for (guint i = 0; i < kinds->len && i < TOLD_SHOWN; i++) {
        const struct tunnel_kind *k = (const struct tunnel_kind *)g_ptr_array_index(kinds, i);
        if (several) {
            fprintf(out, "\n%s\n", k->first->text);
        }
        for (guint n = 0; n < k->first->diagnoses->len; n++) {
            uint32_t id = g_array_index(k->first->diagnoses, uint32_t, n);
            print_diagnosis(out, diagnoses_get(r->diagnoses, id), r->least, told);
        }
        print_alike(out, k);
    }
    if (kinds->len > TOLD_SHOWN) {
        fprintf(out, "%u more kinds of tunnels are in the JSON report\n", kinds->len - TOLD_SHOWN);
    }
    g_hash_table_destroy(told);
    g_ptr_array_free(kinds, TRUE);
}

/* What concerns no tunnel. */
static void
print_general(FILE *out, const struct report *r)
{
    for (size_t i = 0; i < diagnoses_count(r->diagnoses); i++) {
        const struct diagnosis *d = diagnoses_get(r->diagnoses, i);
        if (d->tunnel == NO_ID) {
            print_diagnosis(out, d, r->least, NULL);
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
    GPtrArray *kinds = hygiene_kinds(r, r->least);

    for (guint i = 0; i < kinds->len && i < HYGIENE_SHOWN; i++) {
        const struct hygiene_kind *k = (const struct hygiene_kind *)g_ptr_array_index(kinds, i);
        fprintf(out, "%s  %s\n", i ? "" : "\nstrength:\n", k->first->text);
        if (k->others->len) {
            fprintf(out, "    the same: ");
            print_plural(out, k->others->len, "other IKE SA (", "other IKE SAs (");
            print_frames(out, (const uint32_t *)(const void *)k->others->data, k->others->len);
            fprintf(out, ")\n");
        }
    }
    if (kinds->len > HYGIENE_SHOWN) {
        fprintf(out, "  %u more kinds are in the JSON report\n", kinds->len - HYGIENE_SHOWN);
    }
    g_ptr_array_free(kinds, TRUE);
}

/* What was given, and did not help. */
static void
print_limits(FILE *out, const struct report *r)
{
    bool begun = false;

    for (size_t i = 0; i < findings_count(r->findings); i++) {
        const struct finding *f = findings_get(r->findings, i);
        if (check_rule(f->check)->area == AREA_LIMIT && f->severity >= r->least) {
            fprintf(out, "%s  %s: %s\n  do: %s\n", begun ? "" : "\nnot checked:\n",
                    checks[f->check].name, f->detail, f->remedy);
            begun = true;
        }
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
    print_cut(out, r);
    print_faulty(out, r);
    print_general(out, r);
    print_healthy(out, r);
    print_hygiene(out, r);
    print_limits(out, r);
    print_left_out(out, r);
    print_counts(out, r);
}
