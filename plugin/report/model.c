/* model.c - what a page shows, before a word of it is written: verdicts, order, groups, spans of
 * time.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"

#include <stdlib.h>
#include <string.h>

double
message_time(const struct ike_sa *sa, uint32_t frame)
{
    for (guint i = 0; frame && i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (guint k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            if (m->frame == frame) {
                return m->time;
            }
        }
    }
    return 0;
}

void
sa_span(const struct page *p, const struct ike_sa *sa, double *first, double *last)
{
    *first =
        sa->rekeys != NO_ID ? message_time(sadb_ike_sa(p->r->db, sa->rekeys), sa->first_frame) : 0;
    *last = *first;
    for (guint i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (guint k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            *first = *first > 0 ? MIN(*first, m->time) : m->time;
            *last = MAX(*last, m->again ? MAX(m->time, m->again->last_time) : m->time);
        }
    }
}

static void
judge(struct page *p)
{
    const struct report *r = p->r;

    p->num_sas = sadb_num_ike_sas(r->db);
    p->verdicts = g_new0(struct sa_verdict, MAX(p->num_sas, 1));
    p->is_full = g_new0(bool, MAX(p->num_sas, 1));
    p->anchored = g_array_new(FALSE, TRUE, sizeof(bool));
    g_array_set_size(p->anchored, (guint)findings_count(r->findings));
    p->told = g_new0(bool, MAX(diagnoses_count(r->diagnoses), 1));
    for (size_t i = 0; i < findings_count(r->findings); i++) {
        const struct finding *f = findings_get(r->findings, i);
        enum severity s = f->severity;
        struct sa_verdict *v = f->ike_sa < p->num_sas ? &p->verdicts[f->ike_sa] : NULL;
        p->count[s]++;
        if (!v || s == SEV_CHAT) {
            continue;
        }
        if (!v->findings) {
            v->findings = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        }
        v->count[s]++;
        v->worst = MAX(v->worst, s);
        g_array_append_val(v->findings, f->id);
    }
}

struct rank {
    uint32_t id, count;
    enum severity worst;
};

static int
worst_first(const void *a, const void *b)
{
    const struct rank *p = (const struct rank *)a, *q = (const struct rank *)b;

    if (p->worst != q->worst) {
        return p->worst < q->worst ? 1 : -1;
    }
    if (p->count != q->count) {
        return p->count < q->count ? 1 : -1;
    }
    return p->id < q->id ? -1 : p->id > q->id;
}

static int
by_id(const void *a, const void *b)
{
    uint32_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

    return i < j ? -1 : i > j;
}

/* The worst are shown in full, in the order of the capture, which a reader follows. */
static void
choose_full(struct page *p)
{
    struct rank *ranks = g_new0(struct rank, MAX(p->num_sas, 1));

    for (size_t i = 0; i < p->num_sas; i++) {
        const struct sa_verdict *v = &p->verdicts[i];
        ranks[i] = (struct rank){ (uint32_t)i, v->count[v->worst], v->worst };
    }
    qsort(ranks, p->num_sas, sizeof *ranks, worst_first);
    p->num_full = MIN(p->num_sas, PAGE_MAX_FULL);
    p->full = g_new0(uint32_t, PAGE_MAX_FULL);
    for (size_t i = 0; i < p->num_full; i++) {
        p->full[i] = ranks[i].id;
        p->is_full[ranks[i].id] = true;
    }
    qsort(p->full, p->num_full, sizeof *p->full, by_id);
    g_free(ranks);
}

void
page_begin(struct page *p)
{
    judge(p);
    choose_full(p);
}

void
page_end(struct page *p)
{
    for (size_t i = 0; i < p->num_sas; i++) {
        if (p->verdicts[i].findings) {
            g_array_free(p->verdicts[i].findings, TRUE);
        }
    }
    g_array_free(p->anchored, TRUE);
    g_free(p->verdicts);
    g_free(p->is_full);
    g_free(p->told);
    g_free(p->full);
}

GArray *
finding_groups(const struct findings *all)
{
    GArray *groups = g_array_new(FALSE, FALSE, sizeof(struct finding_group));
    int *of = g_new(int, num_checks);

    for (int severity = SEV_ERROR; severity >= SEV_CHAT; severity--) {
        memset(of, -1, num_checks * sizeof *of);
        for (size_t i = 0; i < findings_count(all); i++) {
            const struct finding *f = findings_get(all, i);
            if ((int)f->severity != severity) {
                continue;
            }
            if (of[f->check] < 0) {
                struct finding_group g = { f->check, f->severity, g_ptr_array_new() };
                of[f->check] = (int)groups->len;
                g_array_append_val(groups, g);
            }
            g_ptr_array_add(g_array_index(groups, struct finding_group, of[f->check]).findings,
                            (gpointer)f);
        }
    }
    g_free(of);
    return groups;
}

void
finding_groups_free(GArray *groups)
{
    for (guint i = 0; i < groups->len; i++) {
        g_ptr_array_free(g_array_index(groups, struct finding_group, i).findings, TRUE);
    }
    g_array_free(groups, TRUE);
}
