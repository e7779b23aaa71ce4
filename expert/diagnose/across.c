/* across.c - causes that reach from one tunnel into another one.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"

#include <espial/limits.h>

#include <string.h>

/* --- what one tunnel lacks goes into another one ---- */

static bool
has_id(const GArray *ids, uint32_t id)
{
    for (guint i = 0; i < ids->len; i++) {
        if (g_array_index(ids, uint32_t, i) == id) {
            return true;
        }
    }
    return false;
}

/* The Child SAs of other tunnels whose packets come in an SA that the diagnosis is of: id ->
 * diagnosis. */
static void
note_strayed(const struct diagnoses *d, GHashTable *strayed, struct diagnosis *one)
{
    for (guint i = 0; one->cause == CHECK_wrong_child_sa && i < one->evidence->len; i++) {
        const struct finding *f =
            findings_get(d->all, g_array_index(one->evidence, uint32_t, i));
        const struct child_sa *right = sadb_child_sa(d->db, (size_t)f->variant);
        if (right && d->tunnel_of_sa[right->ike_sa->id] != one->tunnel) {
            g_hash_table_insert(strayed, GUINT_TO_POINTER(right->id + 1), one);
        }
    }
}

static void
add_ids(GArray *to, const GArray *from)
{
    for (guint i = 0; i < from->len; i++) {
        uint32_t id = g_array_index(from, uint32_t, i);
        if (to->len < DIAGNOSIS_MAX_FRAMES && !has_id(to, id)) {
            g_array_append_val(to, id);
        }
    }
}

/* The diagnosis that explains that in one, packets no longer come: those of its Child SA are seen
 * elsewhere.  NULL where it has causes of its own. */
static struct diagnosis *
strayed_from(GHashTable *strayed, const struct diagnosis *one)
{
    const struct cause_rule *rule = check_rule(one->cause);

    if (rule->area != AREA_SYMPTOM || !(rule->effects & EFFECT_TRAFFIC) ||
        one->child_sas->len != 1) {
        return NULL;
    }
    return (struct diagnosis *)g_hash_table_lookup(
        strayed, GUINT_TO_POINTER(g_array_index(one->child_sas, uint32_t, 0) + 1));
}

void
join_across(struct diagnoses *d)
{
    GHashTable *strayed = g_hash_table_new(NULL, NULL);

    for (guint i = 0; i < d->list->len; i++) {
        note_strayed(d, strayed, (struct diagnosis *)g_ptr_array_index(d->list, i));
    }
    for (guint i = d->list->len; i > 0 && g_hash_table_size(strayed); i--) {
        const struct diagnosis *one =
            (const struct diagnosis *)g_ptr_array_index(d->list, i - 1);
        struct diagnosis *cause = strayed_from(strayed, one);
        if (cause && (cause->also == NO_ID || cause->also == one->tunnel)) {
            add_ids(cause->follows, one->evidence);
            add_ids(cause->follows, one->follows);
            add_ids(cause->ike_sas, one->ike_sas);
            add_ids(cause->child_sas, one->child_sas);
            cause->also = one->tunnel;
            g_ptr_array_remove_index(d->list, i - 1);
        }
    }
    g_hash_table_destroy(strayed);
}

/* --- evidence that lies in two tunnels ---- */

static bool
share_frame(struct diagnoses *d, struct tunnel *t, const struct ike_sa *sa,
            const struct child_sa *c, uint32_t frame)
{
    const GArray *ids = frame ? diagnoses_of_frame(d, frame) : NULL;
    struct diagnosis *one;

    if (!ids) {
        return false;
    }
    one = (struct diagnosis *)g_ptr_array_index(d->list, g_array_index(ids, uint32_t, 0));
    if (one->tunnel == NO_ID) {
        return false;
    }
    g_array_append_val(t->diagnoses, one->id);
    if (!has_id(one->ike_sas, sa->id)) {
        g_array_append_val(one->ike_sas, sa->id);
        g_array_sort(one->ike_sas, ids_ascending);
    }
    if (c && !has_id(one->child_sas, c->id)) {
        g_array_append_val(one->child_sas, c->id);
        g_array_sort(one->child_sas, ids_ascending);
    }
    return true;
}

/* Answers that come back through another tunnel, an SA that another one pushes out, one that has
 * the same selectors. */
static bool
share_with(struct diagnoses *d, struct tunnel *t, const struct ike_sa *sa)
{
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *c = sa->children.at[i];
        if (share_frame(d, t, sa, c, c->negotiated_in)) {
            return true;
        }
        for (guint k = 0; k < c->streams.len; k++) {
            if (share_frame(d, t, sa, c, c->streams.at[k]->first_frame)) {
                return true;
            }
        }
    }
    return share_frame(d, t, sa, NULL, sa->deleted_in);
}

void
share_across(struct diagnoses *d)
{
    for (guint i = 0; i < d->list->len; i++) {
        const struct diagnosis *one = (const struct diagnosis *)g_ptr_array_index(d->list, i);
        if (one->also != NO_ID) {
            struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, one->also);
            if (!has_id(t->diagnoses, i)) {
                g_array_append_val(t->diagnoses, i);
                g_array_sort(t->diagnoses, ids_ascending);
            }
        }
    }
    for (guint i = 0; i < d->tunnels->len; i++) {
        struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, i);
        bool shared = t->diagnoses->len > 0;
        for (guint k = 0; k < t->ike_sas->len && !shared; k++) {
            shared = share_with(d, t, sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, k)));
        }
    }
}
