/* digest.c - what of a report the head of a result says.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "result.h"

#include <espial/facts.h>
#include <espial/report.h>
#include <espial/sadb.h>
#include <espial/suite.h>
#include <string.h>

static void
take_diagnoses(struct result *r, const struct diagnoses *all)
{
    for (size_t i = 0; i < diagnoses_count(all); i++) {
        const struct diagnosis *d = diagnoses_get(all, i);
        struct result_cause *row = NULL;
        for (guint k = 0; k < r->causes->len && !row; k++) {
            struct result_cause *c = &g_array_index(r->causes, struct result_cause, k);
            row = strcmp(c->cause, checks[d->cause].name) == 0 ? c : NULL;
        }
        if (!row) {
            struct result_cause c = { .cause = g_strdup(checks[d->cause].name),
                                      .title = result_text(d->title),
                                      .severity = d->severity };
            g_array_append_val(r->causes, c);
            row = &g_array_index(r->causes, struct result_cause, r->causes->len - 1);
        }
        row->count++;
        row->severity = MAX(row->severity, d->severity);
        if (row->num_frames < RESULT_MAX_FRAMES) {
            unsigned at = row->num_frames++;
            for (; at && row->frames[at - 1] > d->first_frame; at--) {
                row->frames[at] = row->frames[at - 1];
            }
            row->frames[at] = d->first_frame;
        }
    }
}

static void
take_findings(struct result *r, const struct findings *all)
{
    for (size_t i = 0; i < findings_count(all); i++) {
        const struct finding *f = findings_get(all, i);
        struct result_check *row = NULL;
        for (guint k = 0; k < r->found->len && !row; k++) {
            struct result_check *c = &g_array_index(r->found, struct result_check, k);
            bool same = c->severity == f->severity && strcmp(c->check, checks[f->check].name) == 0;
            row = same ? c : NULL;
        }
        if (!row) {
            struct result_check c = { .check = g_strdup(checks[f->check].name),
                                      .severity = f->severity };
            g_array_append_val(r->found, c);
            row = &g_array_index(r->found, struct result_check, r->found->len - 1);
        }
        row->findings++;
        row->occurrences += f->count;
    }
}

static void
add_weak(struct result *r, const char *algorithm, const char *protocol, bool must_not)
{
    struct result_weak w = { .must_not = must_not, .sas = 1 };

    for (guint k = 0; k < r->weak->len; k++) {
        struct result_weak *known = &g_array_index(r->weak, struct result_weak, k);
        if (strcmp(known->algorithm, algorithm) == 0 && strcmp(known->protocol, protocol) == 0) {
            known->sas++;
            return;
        }
    }
    w.algorithm = g_strdup(algorithm);
    w.protocol = g_strdup(protocol);
    g_array_append_val(r->weak, w);
}

/* Of one SA; each type of transform is there once in what was chosen. */
static void
take_weak(struct result *r, const struct kept_proposal *k)
{
    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        const struct transform *t = &k->p->transforms[i];
        enum requirement need = transform_requirement(k->p->protocol, t);
        char name[64];
        if (need != REQ_NONE) {
            transform_print(t, name, sizeof name);
            add_weak(r, name,
                     k->p->protocol == PROTO_IKE ? "IKE" :
                     k->p->protocol == PROTO_AH  ? "AH" :
                                                   "ESP",
                     need == REQ_MUST_NOT);
        }
    }
}

static void
take_end(struct result *r, GHashTable *known, const char *name, enum verdict v)
{
    char *text = result_text(name);
    gpointer at;
    struct result_peer *p;

    if (g_hash_table_lookup_extended(known, text, NULL, &at)) {
        g_free(text);
    } else {
        struct result_peer peer = { .peer = g_strdup(text) };
        at = GUINT_TO_POINTER(r->peers->len);
        g_hash_table_insert(known, text, at);
        g_array_append_val(r->peers, peer);
    }
    p = &g_array_index(r->peers, struct result_peer, GPOINTER_TO_UINT(at));
    p->tunnels++;
    p->fails += v == VERDICT_FAILS;
    p->degraded += v == VERDICT_DEGRADED;
}

static int
by_failing(const void *a, const void *b)
{
    const struct result_peer *x = a, *y = b;

    return x->fails != y->fails       ? (x->fails < y->fails ? 1 : -1) :
           x->degraded != y->degraded ? (x->degraded < y->degraded ? 1 : -1) :
           x->tunnels != y->tunnels   ? (x->tunnels < y->tunnels ? 1 : -1) :
                                        strcmp(x->peer, y->peer);
}

static void
take_tunnels(struct result *r, const struct diagnoses *all)
{
    GHashTable *known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);

    for (size_t i = 0; i < diagnoses_num_tunnels(all); i++) {
        const struct tunnel *t = diagnoses_tunnel(all, i);
        r->tunnels[t->verdict]++;
        take_end(r, known, t->who, t->verdict);
        if (g_strcmp0(t->who, t->peer) != 0) {
            take_end(r, known, t->peer, t->verdict);
        }
    }
    g_hash_table_destroy(known);
    g_array_sort(r->peers, by_failing);
    if (r->peers->len > RESULT_MAX_PEERS) {
        r->peers_left_out = r->peers->len - RESULT_MAX_PEERS;
        g_array_set_size(r->peers, RESULT_MAX_PEERS);
    }
}

void
result_take(struct result *r, const struct report *report)
{
    const struct sadb *db = report->db;

    r->frames = sadb_num_frames(db);
    r->ike_sas = sadb_num_ike_sas(db);
    r->child_sas = sadb_num_child_sas(db);
    r->streams = sadb_num_streams(db);
    take_diagnoses(r, report->diagnoses);
    take_findings(r, report->findings);
    for (size_t i = 0; i < r->ike_sas; i++) {
        take_weak(r, sadb_ike_sa(db, i)->chosen);
    }
    for (size_t i = 0; i < r->child_sas; i++) {
        take_weak(r, sadb_child_sa(db, i)->chosen);
    }
    take_tunnels(r, report->diagnoses);
}
