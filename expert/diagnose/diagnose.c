/* diagnose.c - the diagnoses of a capture, in their order.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

/* Nobody need have sent it but a stranger, and nothing came of it. */
static bool
is_stray(const struct diagnoses *d, const struct diagnosis *one)
{
    uint32_t cause = g_array_index(one->evidence, uint32_t, 0);

    return finding_is_anybodys(findings_get(d->all, cause)) && !one->follows->len;
}

static int
worst_first(const void *a, const void *b, void *data)
{
    const struct diagnoses *d = (const struct diagnoses *)data;
    const struct diagnosis *p = *(const struct diagnosis *const *)a;
    const struct diagnosis *q = *(const struct diagnosis *const *)b;
    enum area i = check_rule(p->cause)->area, k = check_rule(q->cause)->area;

    if (is_stray(d, p) != is_stray(d, q)) {
        return is_stray(d, p) ? 1 : -1;
    }
    if (p->severity != q->severity) {
        return p->severity > q->severity ? -1 : 1;
    }
    if (i != k) {
        return i < k ? -1 : 1;
    }
    if (p->first_frame != q->first_frame) {
        return p->first_frame < q->first_frame ? -1 : 1;
    }
    return ids_ascending(p->evidence->data, q->evidence->data);
}

static void
apply_to_all(struct diagnoses *d)
{
    guint capture = d->tunnels->len;        /* place of what concerns no tunnel */
    GArray **of = g_new(GArray *, capture + 1);

    for (guint i = 0; i <= capture; i++) {
        of[i] = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    }
    for (uint32_t i = 0; i < findings_count(d->all); i++) {
        uint32_t tunnel = tunnel_of_finding(d, findings_get(d->all, i));
        g_array_append_val(of[tunnel == NO_ID ? capture : tunnel], i);
    }
    for (guint i = 0; i <= capture; i++) {
        rules_apply(d, i == capture ? NO_ID : i, of[i]);
        g_array_free(of[i], TRUE);
    }
    g_free(of);
}

static void
tell(struct diagnoses *d, const GArray *findings, enum finding_role role, uint32_t diagnosis)
{
    for (guint i = 0; i < findings->len; i++) {
        d->told[g_array_index(findings, uint32_t, i)] = (struct told){ role, diagnosis };
    }
}

static void
note_frames(struct diagnoses *d, const struct diagnosis *one)
{
    for (guint i = 0; i < one->frames->len; i++) {
        gpointer frame = GUINT_TO_POINTER(g_array_index(one->frames, uint32_t, i));
        GArray *ids = (GArray *)g_hash_table_lookup(d->by_frame, frame);
        if (!ids) {
            ids = g_array_new(FALSE, FALSE, sizeof(uint32_t));
            g_hash_table_insert(d->by_frame, frame, ids);
        }
        g_array_append_val(ids, one->id);
    }
}

static void
number_all(struct diagnoses *d)
{
    g_ptr_array_sort_with_data(d->list, worst_first, d);
    for (guint i = 0; i < d->list->len; i++) {
        struct diagnosis *one = (struct diagnosis *)g_ptr_array_index(d->list, i);
        one->id = i;
        tell(d, one->evidence, ROLE_EVIDENCE, i);
        tell(d, one->follows, ROLE_FOLLOWS, i);
        note_frames(d, one);
        if (one->tunnel != NO_ID) {
            struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, one->tunnel);
            g_array_append_val(t->diagnoses, i);
        }
    }
}

struct diagnoses *
/* cppcheck-suppress unusedFunction ; tests have no logs */
diagnoses_new(const struct sadb *db, const struct findings *all)
{
    return diagnoses_new_logged(db, all, NULL);
}

struct diagnoses *
diagnoses_new_logged(const struct sadb *db, const struct findings *all, const struct logs *logs)
{
    struct diagnoses *d = diagnoses_empty(db, all);

    d->logs = logs;
    tunnels_find(d);
    apply_to_all(d);
    join_across(d);
    for (guint i = 0; i < d->list->len; i++) {
        write_diagnosis(d, (struct diagnosis *)g_ptr_array_index(d->list, i));
    }
    number_all(d);
    share_across(d);
    for (guint i = 0; i < d->list->len; i++) {
        tell_apart_causes(d, (struct diagnosis *)g_ptr_array_index(d->list, i));
    }
    hygiene_find(d);
    outcomes_find(d);
    return d;
}
