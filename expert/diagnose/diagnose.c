/* diagnose.c - the diagnoses of a capture, in their order.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"

static int
worst_first(const void *a, const void *b)
{
    const struct diagnosis *p = *(const struct diagnosis *const *)a;
    const struct diagnosis *q = *(const struct diagnosis *const *)b;
    enum area i = check_rule(p->cause)->area, k = check_rule(q->cause)->area;

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
    g_ptr_array_sort(d->list, worst_first);
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

/* Evidence of a diagnosis may lie in two tunnels: answers that come back through another one. */
static void
share_with(struct diagnoses *d, struct tunnel *t, const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        for (guint k = 0; k < c->streams.len; k++) {
            const GArray *ids = diagnoses_of_frame(d, c->streams.at[k]->first_frame);
            struct diagnosis *one;
            if (!ids) {
                continue;
            }
            one = (struct diagnosis *)g_ptr_array_index(d->list, g_array_index(ids, uint32_t, 0));
            g_array_append_val(t->diagnoses, one->id);
            g_array_append_val(one->ike_sas, sa->id);
            g_array_append_val(one->child_sas, c->id);
            g_array_sort(one->ike_sas, ids_ascending);
            g_array_sort(one->child_sas, ids_ascending);
            return;
        }
    }
}

static void
share(struct diagnoses *d)
{
    for (guint i = 0; i < d->tunnels->len; i++) {
        struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, i);
        for (guint k = 0; k < t->ike_sas->len && !t->diagnoses->len; k++) {
            share_with(d, t, sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, k)));
        }
    }
}

struct diagnoses *
diagnoses_new(const struct sadb *db, const struct findings *all)
{
    struct diagnoses *d = diagnoses_empty(db, all);

    tunnels_find(d);
    apply_to_all(d);
    number_all(d);
    share(d);
    hygiene_find(d);
    outcomes_find(d);
    return d;
}
