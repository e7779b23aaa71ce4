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
    GHashTable *exchanges;      /* set of exchange_key, as uint64_t */
    unsigned ways;              /* of the packets of its evidence: ways_of */
    GHashTable *named_sas, *named_children;     /* ids of those that the diagnosis names */
    bool anybodys;              /* it may be nobody's message: it reaches no further than its
                                 * exchange */
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
has_frame(const struct finding *f, uint32_t frame)
{
    guint low = 0, high = f->frames->len;

    while (low < high) {
        guint mid = (low + high) / 2;
        if (g_array_index(f->frames, uint32_t, mid) < frame) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return low < f->frames->len && g_array_index(f->frames, uint32_t, low) == frame;
}

/* Of packets that are not what they should be, it tells only of a few of those that the other one
 * tells of: it is what some of them show besides. */
static bool
is_detail_of(const struct finding *f, const struct finding *of)
{
    if (f == of || f->stream == NO_ID || f->stream != of->stream ||
        !(check_rule(of->check)->effects & EFFECT_INTEGRITY) ||
        f->frames->len * 2 >= of->frames->len) {
        return false;
    }
    for (guint i = 0; i < f->frames->len; i++) {
        if (!has_frame(of, g_array_index(f->frames, uint32_t, i))) {
            return false;
        }
    }
    return true;
}

/* The exchange of a finding, for a table of them. */
static uint64_t
exchange_key(const struct finding *f)
{
    return (uint64_t)f->ike_sa << 32 | f->exchange;
}

/* Some evidence of the cause is of the exchange that the finding is of. */
static bool
same_exchange(const struct cause *c, const struct finding *f)
{
    uint64_t key = exchange_key(f);

    return f->exchange != NO_ID && g_hash_table_contains(c->exchanges, &key);
}

/* The way that the finding's packets go, as a bit; of none: both. */
static unsigned
ways_of(const struct diagnoses *d, const struct finding *f)
{
    return f->stream == NO_ID ? 3 : sadb_stream(d->db, f->stream)->to_responder ? 1 : 2;
}

/* Some evidence of the cause tells of the same packets and of more. */
static bool
has_detail(const struct diagnoses *d, const struct cause *c, const struct finding *f)
{
    const GArray *ids =
        c->rule->effects & EFFECT_INTEGRITY ? findings_of_frame(d->all, f->frame) : NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        const struct finding *of = findings_get(d->all, g_array_index(ids, uint32_t, i));
        if (of->check == c->said->cause && is_detail_of(f, of)) {
            return true;
        }
    }
    return false;
}

static bool
reaches(const struct diagnoses *d, const struct cause *c, const struct finding *f)
{
    unsigned effects = check_rule(f->check)->effects & c->rule->explains;
    const struct child_sa *child = finding_child(d->db, f);
    uint32_t sa = finding_ike_sa(d->db, f);

    if (!effects) {
        return has_detail(d, c, f);
    }
    if (c->said->cause == f->check || c->anybodys) {
        return same_exchange(c, f);
    }
    if (effects == EFFECT_INTEGRITY && !(c->ways & ways_of(d, f))) {
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
    c->ways |= ways_of(d, f);
    if (f->exchange != NO_ID) {
        uint64_t key = exchange_key(f);
        g_hash_table_add(c->exchanges, g_memdup2(&key, sizeof key));
    }
    add_place(d, c, f, true);
}

static struct cause
new_cause(struct diagnoses *d, uint32_t tunnel, const struct finding *f)
{
    struct cause c = { .said = g_new0(struct diagnosis, 1),
                       .rule = check_rule(f->check),
                       .remedy = f->remedy,
                       .anybodys = finding_is_anybodys(f),
                       .sas = g_hash_table_new(NULL, NULL),
                       .children = g_hash_table_new(NULL, NULL),
                       .exchanges =
                           g_hash_table_new_full(g_int64_hash, g_int64_equal, g_free, NULL),
                       .named_sas = g_hash_table_new(NULL, NULL),
                       .named_children = g_hash_table_new(NULL, NULL) };

    c.said->cause = f->check;
    c.said->tunnel = tunnel;
    c.said->also = NO_ID;
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
    c.said->log_lines = g_array_new(FALSE, FALSE, sizeof(uint32_t));
    add_evidence(d, &c, f);
    return c;
}

/* --- the order ---- */

bool
finding_is_anybodys(const struct finding *f)
{
    return check_rule(f->check)->area == AREA_FORM && f->basis != BASIS_DECRYPTED;
}

static bool
is_detail(const struct diagnoses *d, const struct finding *f)
{
    const GArray *ids = check_rule(f->check)->effects & EFFECT_INTEGRITY ?
                            findings_of_frame(d->all, f->frame) :
                            NULL;

    for (guint i = 0; ids && i < ids->len; i++) {
        if (is_detail_of(f, findings_get(d->all, g_array_index(ids, uint32_t, i)))) {
            return true;
        }
    }
    return false;
}

/* Place in the order: its area, but what anybody can send comes after every cause that has been
 * seen, and before what is only a symptom. */
static unsigned
rank_of(const struct diagnoses *d, const struct finding *f)
{
    unsigned area = check_rule(f->check)->area;

    return finding_is_anybodys(f) ? 4 * AREA_STATE + 2 : 4 * area + is_detail(d, f);
}

static int
order(const void *a, const void *b, void *data)
{
    const struct diagnoses *d = (const struct diagnoses *)data;
    uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
    const struct finding *f = findings_get(d->all, i), *g = findings_get(d->all, k);
    const struct cause_rule *p = check_rule(f->check), *q = check_rule(g->check);

    if (i == k) {
        return 0;
    }
    if (rank_of(d, f) != rank_of(d, g)) {
        return rank_of(d, f) < rank_of(d, g) ? -1 : 1;
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
        if (reaches(d, c, f)) {
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
        g_ptr_array_add(d->list, c->said);
    }
    g_hash_table_destroy(c->sas);
    g_hash_table_destroy(c->children);
    g_hash_table_destroy(c->exchanges);
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
