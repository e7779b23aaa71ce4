/* rules.c - from the findings of one tunnel to its causes, and what follows from them.
 *
 * The findings are taken in the order of what may explain what: by area, then what is only a cause
 * before what may be an effect, then the order of the table.  Each follows from a cause before it
 * whose rule explains it where it happened, or else is a cause itself.  So no circle can arise, and
 * no finding is lost.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

#include <espial/limits.h>

#include <string.h>

/* A cause and where it reaches. */
struct cause {
    struct diagnosis *said;
    const struct cause_rule *rule;
    const char *remedy;
    GHashTable *sas, *children; /* roots of the SAs in which it was found */
    GHashTable *named_sas, *named_children;     /* ids of those that the diagnosis names */
    bool whole_sa;              /* of an IKE SA, not of one Child SA of it alone */
    enum severity worst_effect;
};

static bool
may_be_cause(const struct diagnoses *d, const struct finding *f)
{
    const struct cause_rule *rule = check_rule(f->check);
    uint32_t sa = finding_ike_sa(d->db, f);

    if (rule->area >= AREA_HYGIENE) {
        return false;
    }
    switch (rule->when) {
    case CAUSE_FROM_NOTE:
        return f->severity >= SEV_NOTE;
    case CAUSE_IF_UNFINISHED:
        return f->severity >= SEV_NOTE && sa != NO_ID && !sadb_ike_sa(d->db, sa)->stood;
    case CAUSE_IF_EXPLAINS:
        return f->severity >= SEV_NOTE;
    default:
        return f->severity >= SEV_WARN;
    }
}

/* --- what explains what ---- */

static bool
reaches(const struct diagnoses *d, const struct cause *c, const struct finding *f)
{
    unsigned effects = check_rule(f->check)->effects & c->rule->explains;
    const struct child_sa *child = finding_child(d->db, f);
    uint32_t sa = finding_ike_sa(d->db, f);

    if (!effects) {
        return false;
    }
    if ((c->rule->explains & EFFECT_EVERYWHERE) || (effects & EFFECT_TRIES) || sa == NO_ID) {
        return true;
    }
    if (child && g_hash_table_contains(c->children,
                                       GUINT_TO_POINTER(d->root_of_child[child->id] + 1))) {
        return true;
    }
    return (c->whole_sa || !child) &&
           g_hash_table_contains(c->sas, GUINT_TO_POINTER(d->root_of_sa[sa] + 1));
}

/* Adds an id that is not there yet. */
static void
add_once(GArray *ids, GHashTable *known, uint32_t id)
{
    if (ids->len < DIAGNOSIS_MAX_FRAMES && g_hash_table_add(known, GUINT_TO_POINTER(id + 1))) {
        g_array_append_val(ids, id);
    }
}

/* The SAs that the finding is of, and that the diagnosis names. */
static void
add_place(const struct diagnoses *d, struct cause *c, const struct finding *f, bool is_cause)
{
    const struct child_sa *child = finding_child(d->db, f);
    uint32_t sa = finding_ike_sa(d->db, f);

    if (sa != NO_ID) {
        add_once(c->said->ike_sas, c->named_sas, sa);
    }
    if (child) {
        add_once(c->said->child_sas, c->named_children, child->id);
    }
    if (is_cause && sa != NO_ID) {
        g_hash_table_add(c->sas, GUINT_TO_POINTER(d->root_of_sa[sa] + 1));
        c->whole_sa |= child == NULL;
    }
    if (is_cause && child) {
        g_hash_table_add(c->children, GUINT_TO_POINTER(d->root_of_child[child->id] + 1));
    }
}

static void
add_evidence(struct diagnoses *d, struct cause *c, const struct finding *f)
{
    struct diagnosis *said = c->said;

    g_array_append_val(said->evidence, f->id);
    for (guint i = 0; i < f->frames->len && said->frames->len < DIAGNOSIS_MAX_FRAMES; i++) {
        g_array_append_val(said->frames, g_array_index(f->frames, uint32_t, i));
    }
    said->severity = MAX(said->severity, f->severity);
    said->first_frame = MIN(said->first_frame, f->frame);
    add_place(d, c, f, true);
}

static struct cause
new_cause(struct diagnoses *d, uint32_t tunnel, const struct finding *f)
{
    struct cause c = { .said = g_new0(struct diagnosis, 1),
                       .rule = check_rule(f->check),
                       .remedy = f->remedy,
                       .sas = g_hash_table_new(NULL, NULL),
                       .children = g_hash_table_new(NULL, NULL),
                       .named_sas = g_hash_table_new(NULL, NULL),
                       .named_children = g_hash_table_new(NULL, NULL) };

    c.said->cause = f->check;
    c.said->tunnel = tunnel;
    c.said->basis = f->basis;
    c.said->first_frame = f->frame;
    c.said->title = checks[f->check].title;
    c.said->remedy = f->remedy;
    c.said->frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.said->ike_sas = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.said->child_sas = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.said->evidence = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.said->follows = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    c.said->considered = g_array_new(FALSE, FALSE, sizeof(struct considered));
    add_evidence(d, &c, f);
    return c;
}

/* --- the order ---- */

static int
order(const void *a, const void *b, void *data)
{
    const struct diagnoses *d = (const struct diagnoses *)data;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct finding *f = findings_get(d->all, i), *g = findings_get(d->all, k);
    const struct cause_rule *p = check_rule(f->check), *q = check_rule(g->check);

    if (p->area != q->area) {
        return p->area < q->area ? -1 : 1;
    }
    if (!p->effects != !q->effects) {
        return p->effects ? 1 : -1;
    }
    if (f->check != g->check) {
        return f->check < g->check ? -1 : 1;
    }
    return f->frame != g->frame ? (f->frame < g->frame ? -1 : 1) : i < k ? -1 : i > k;
}

/* The same cause once more: what to do is the same. */
static struct cause *
same_cause(GArray *causes, const struct finding *f)
{
    for (guint i = 0; i < causes->len; i++) {
        struct cause *c = &g_array_index(causes, struct cause, i);
        if (c->said->cause == f->check && strcmp(c->remedy, f->remedy) == 0) {
            return c;
        }
    }
    return NULL;
}

static struct cause *
cause_of(const struct diagnoses *d, GArray *causes, const struct finding *f)
{
    for (guint i = 0; i < causes->len; i++) {
        struct cause *c = &g_array_index(causes, struct cause, i);
        if (c->said->cause != f->check && reaches(d, c, f)) {
            return c;
        }
    }
    return NULL;
}

static void
tell(struct diagnoses *d, const struct finding *f, enum finding_role role, uint32_t diagnosis)
{
    d->told[f->id] = (struct told){ role, diagnosis };
}

static void
place(struct diagnoses *d, uint32_t tunnel, GArray *causes, const struct finding *f)
{
    struct cause *c = cause_of(d, causes, f);

    if (c) {
        g_array_append_val(c->said->follows, f->id);
        c->worst_effect = MAX(c->worst_effect, f->severity);
        add_place(d, c, f, false);
    } else if (may_be_cause(d, f)) {
        c = same_cause(causes, f);
        if (!c && causes->len == DIAGNOSES_MAX_PER_TUNNEL) {
            d->capped = true;
            c = &g_array_index(causes, struct cause, causes->len - 1);
        }
        if (c) {
            add_evidence(d, c, f);
        } else {
            struct cause one = new_cause(d, tunnel, f);
            g_array_append_val(causes, one);
        }
    } else {
        tell(d, f, check_rule(f->check)->area == AREA_HYGIENE ? ROLE_HYGIENE : ROLE_INFORMATION,
             NO_ID);
    }
}

/* --- what is kept ---- */

/* It has no consequence worth a word: so it is none of a diagnosis, and neither is what would
 * follow. */
static bool
is_idle(const struct cause *c)
{
    return c->rule->when == CAUSE_IF_EXPLAINS && c->worst_effect < SEV_WARN;
}

static void
keep(struct diagnoses *d, struct cause *c)
{
    if (is_idle(c)) {
        for (guint i = 0; i < c->said->evidence->len; i++) {
            const struct finding *f =
                findings_get(d->all, g_array_index(c->said->evidence, uint32_t, i));
            tell(d, f, f->severity >= SEV_WARN ? ROLE_HYGIENE : ROLE_INFORMATION, NO_ID);
        }
        for (guint i = 0; i < c->said->follows->len; i++) {
            tell(d, findings_get(d->all, g_array_index(c->said->follows, uint32_t, i)),
                 ROLE_INFORMATION, NO_ID);
        }
        diagnosis_free(c->said);
    } else {
        c->said->severity = MAX(c->said->severity, c->worst_effect);
        if (c->rule->when == CAUSE_IF_EXPLAINS) {
            c->said->basis = BASIS_INFERRED;    /* that one follows from the other */
        }
        write_diagnosis(d, c->said);
        g_ptr_array_add(d->list, c->said);
    }
    g_hash_table_destroy(c->sas);
    g_hash_table_destroy(c->children);
    g_hash_table_destroy(c->named_sas);
    g_hash_table_destroy(c->named_children);
}

void
rules_apply(struct diagnoses *d, uint32_t tunnel, const GArray *findings)
{
    GArray *sorted = g_array_sized_new(FALSE, FALSE, sizeof(uint32_t), findings->len);
    GArray *causes = g_array_new(FALSE, FALSE, sizeof(struct cause));

    g_array_append_vals(sorted, findings->data, findings->len);
    g_array_sort_with_data(sorted, order, d);
    for (guint i = 0; i < sorted->len; i++) {
        place(d, tunnel, causes, findings_get(d->all, g_array_index(sorted, uint32_t, i)));
    }
    for (guint i = 0; i < causes->len; i++) {
        keep(d, &g_array_index(causes, struct cause, i));
    }
    g_array_free(causes, TRUE);
    g_array_free(sorted, TRUE);
}
