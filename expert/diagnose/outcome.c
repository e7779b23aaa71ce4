/* outcome.c - of each tunnel, and of the capture, one sentence: works or fails, since when, how
 * much. SPDX-License-Identifier: GPL-2.0-or-later */
#include "diagnose.h"
#include "expert.h"

#include <string.h>

const char *
verdict_name(enum verdict v)
{
    static const char *const names[] = { "fails", "degraded", "unknown", "works" };

    return names[v];
}

/* --- what passed ---- */

/* The peer began that SA. */
static bool
is_turned(const struct tunnel *t, const struct ike_sa *sa)
{
    char name[ID_TEXT_MAX], addr[ADDR_TEXT_MAX];

    return strcmp(endpoint_print(&sa->initiator, name, sizeof name), t->peer) == 0 ||
           strcmp(ip_print(&sa->initiator.addr, addr, sizeof addr), t->peer) == 0;
}

struct counting {
    struct passed passed;
    uint32_t last[2];           /* frames, there and back */
};

static void
count_stream(struct counting *c, const struct stream *s, bool there)
{
    struct passed *p = &c->passed;

    if (!s->packets || stream_is_strange(s)) {
        return;
    }
    if (!p->there && !p->back) {
        p->first_time = s->first_time;
    }
    p->first_time = MIN(p->first_time, s->first_time);
    p->last_time = MAX(p->last_time, s->last_time);
    *(there ? &p->there : &p->back) += s->packets;
    p->read |= s->read || s->good;
    c->last[there ? 0 : 1] = MAX(c->last[there ? 0 : 1], s->last_frame);
}

static void
count_sa(struct counting *c, const struct tunnel *t, const struct ike_sa *sa)
{
    bool turned = is_turned(t, sa);

    if (sa->stood) {
        c->passed.stood = sa;
    }
    c->passed.rekeyed += sa->rekeys != NO_ID;
    for (guint i = 0; i < sa->children.len; i++) {
        const struct child_sa *child = sa->children.at[i];
        if (child->ike_sa != sa) {
            continue;           /* inherited */
        }
        c->passed.rekeyed += child->rekeys != NO_ID;
        if (child->state != CHILD_FAILED) {
            c->passed.child = child;
            c->passed.lines += child->rekeys == NO_ID;
        }
        for (guint k = 0; k < child->streams.len; k++) {
            const struct stream *s = child->streams.at[k];
            count_stream(c, s, s->to_responder != turned);
        }
    }
}

struct passed
tunnel_passed(const struct diagnoses *d, const struct tunnel *t)
{
    struct counting c = { .last = { 0 } };

    for (guint i = 0; i < t->ike_sas->len; i++) {
        count_sa(&c, t, sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, i)));
    }
    for (guint i = 0; i < t->streams->len && !t->ike_sas->len; i++) {
        const struct stream *s = sadb_stream(d->db, g_array_index(t->streams, uint32_t, i));
        char addr[ADDR_TEXT_MAX];
        count_stream(&c, s, strcmp(ip_print(&s->src, addr, sizeof addr), t->who) == 0);
    }
    c.passed.both = c.passed.there && c.passed.back;
    c.passed.last_both = c.passed.both ? MIN(c.last[0], c.last[1]) : 0;
    return c.passed;
}

/* --- the verdict ---- */

/* It may keep packets from passing, and none has passed both ways since. */
static bool
is_blocking(const struct diagnosis *one, const struct passed *p)
{
    static const unsigned harm = EFFECT_REFUSED | EFFECT_DENIED | EFFECT_UNCOVERED |
                                 EFFECT_SILENCE | EFFECT_ABANDONED | EFFECT_CLOSING |
                                 EFFECT_TRAFFIC;
    const struct cause_rule *rule = check_rule(one->cause);

    if (p->both && p->last_both >= one->first_frame) {
        return false;
    }
    return ((rule->effects | rule->explains) & harm) &&
           (one->severity >= SEV_WARN || (rule->effects & (EFFECT_CLOSING | EFFECT_SILENCE)));
}

static enum verdict
judge(const struct diagnoses *d, const struct tunnel *t, const struct passed *p)
{
    enum verdict v = t->diagnoses->len          ? VERDICT_DEGRADED :
                     p->both && t->ike_sas->len ? VERDICT_WORKS :
                                                  VERDICT_UNKNOWN;

    for (guint i = 0; i < t->diagnoses->len; i++) {
        if (is_blocking(diagnoses_get(d, g_array_index(t->diagnoses, uint32_t, i)), p)) {
            return VERDICT_FAILS;
        }
    }
    return v;
}

/* --- in words ---- */

static void
put_duration(GString *out, double seconds)
{
    unsigned long s = seconds > 0 ? (unsigned long)(seconds + 0.5) : 0;

    if (s < 1) {
        g_string_append(out, "less than a second");
    } else if (s < 60) {
        g_string_append_printf(out, "%lu s", s);
    } else if (s < 3600) {
        g_string_append_printf(out, "%lu min", s / 60);
        g_string_append_printf(out, s % 60 ? " %lu s" : "", s % 60);
    } else {
        g_string_append_printf(out, "%lu h", s / 3600);
        g_string_append_printf(out, s % 3600 / 60 ? " %lu min" : "", s % 3600 / 60);
    }
}

/* "3 packets out and none back". */
static void
put_packets(GString *out, const struct passed *p)
{
    if (!p->there) {
        g_string_append(out, "no packet out");
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " packet%s out", p->there,
                               p->there == 1 ? "" : "s");
    }
    if (!p->back) {
        g_string_append(out, " and none back");
    } else {
        g_string_append_printf(out, " and %" G_GUINT64_FORMAT " back", p->back);
    }
}

static void
put_rekeyed(GString *out, unsigned n)
{
    if (n == 1) {
        g_string_append(out, ", rekeyed once");
    } else if (n == 2) {
        g_string_append(out, ", rekeyed twice");
    } else if (n) {
        g_string_append_printf(out, ", rekeyed %u times", n);
    }
}

/* What the tunnel leads to: the networks behind the peer, those of one Child SA by name, else the
 * peer. */
static void
put_target(GString *out, const struct tunnel *t, const struct passed *p)
{
    char nets[TS_TEXT_MAX];
    const struct selector *ts;
    size_t num;

    if (p->child && p->child->num_ts_r) {
        ts = child_selectors(p->child, is_turned(t, p->child->ike_sa), &num);
        g_string_append(out, selectors_print(ts, num, nets, sizeof nets));
        if (p->lines > 1) {
            g_string_append_printf(out, " and, in %u other Child SA%s, more", p->lines - 1,
                                   p->lines == 2 ? "" : "s");
        }
    } else {
        g_string_append(out, t->peer);
    }
}

/* The packets that passed, and for how long. */
static void
put_use(GString *out, const struct tunnel *t, const struct passed *p)
{
    g_string_append_printf(out, "%s reached ", t->who);
    put_target(out, t, p);
    g_string_append(out, " for ");
    put_duration(out, p->last_time - p->first_time);
    g_string_append(out, ", ");
    put_packets(out, p);
    put_rekeyed(out, p->rekeyed);
}

static guint
count_tries(const struct diagnoses *d, const struct tunnel *t)
{
    guint n = 0;

    for (guint i = 0; i < t->ike_sas->len; i++) {
        n += sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, i))->rekeys == NO_ID;
    }
    return n;
}

static void
put_failure(GString *out, const struct diagnoses *d, const struct tunnel *t, const struct passed *p,
            const struct diagnosis *first)
{
    if ((!p->stood || !p->child) && t->ike_sas->len && !p->there && !p->back) {
        guint tries = count_tries(d, t);
        g_string_append_printf(out, "Fails: %s gets no tunnel to %s", t->who, t->peer);
        if (tries > 1) {
            g_string_append_printf(out, " in %u tries", tries);
        }
        g_string_append(out, ": ");
    } else if (p->both) {
        g_string_append_printf(out, "Fails since frame %u: ", first->first_frame);
        put_use(out, t, p);
        g_string_append(out, "; then ");
    } else {
        g_string_append_printf(out, "Fails: %s has a tunnel to %s", t->who, t->peer);
        if (p->stood && p->stood->established_in) {
            g_string_append_printf(out, " since frame %u", p->stood->established_in);
        }
        if (p->there || p->back) {
            g_string_append(out, ", ");
            put_packets(out, p);
        }
        g_string_append(out, ", but ");
    }
    put_title_within(out, first->title);
    g_string_append_printf(out, " (frame %u).", first->first_frame);
}

static void
put_unknown(GString *out, const struct tunnel *t, const struct passed *p)
{
    g_string_append(out, "Cannot be told: ");
    if (!t->ike_sas->len) {
        g_string_append_printf(out, "the traffic between %s and %s was negotiated before or "
                                    "outside this capture; ",
                               t->who, t->peer);
        put_packets(out, p);
        g_string_append_c(out, '.');
    } else if (p->there || p->back) {
        g_string_append_printf(out, "%s has a tunnel to %s, but only packets of one direction were "
                                    "captured (", t->who, t->peer);
        put_packets(out, p);
        g_string_append(out, "); nothing is wrong with IKE.");
    } else if (p->stood && !p->child) {
        g_string_append_printf(out, "%s and %s have an IKE SA", t->who, t->peer);
        if (p->stood->established_in) {
            g_string_append_printf(out, " since frame %u", p->stood->established_in);
        }
        g_string_append(out, ", and nothing is wrong with it; the capture does not show whether "
                             "it has a Child SA.");
    } else if (p->stood) {
        g_string_append_printf(out, "%s has a tunnel to %s", t->who, t->peer);
        if (p->stood->established_in) {
            g_string_append_printf(out, " since frame %u", p->stood->established_in);
        }
        g_string_append(out, ", but no packet in it was captured; nothing is wrong with IKE.");
    } else {
        g_string_append_printf(out, "the capture contains only part of the negotiation between %s "
                                    "and %s, and nothing in it is wrong.", t->who, t->peer);
    }
}

static char *
sentence(const struct diagnoses *d, const struct tunnel *t, const struct passed *p)
{
    const struct diagnosis *first =
        t->diagnoses->len ? diagnoses_get(d, g_array_index(t->diagnoses, uint32_t, 0)) : NULL;
    GString *out = g_string_new(NULL);

    switch (t->verdict) {
    case VERDICT_FAILS:
        put_failure(out, d, t, p, first);
        break;
    case VERDICT_DEGRADED:
        if (p->both) {
            g_string_append(out, "Works, with faults: ");
            put_use(out, t, p);
        } else {
            g_string_append_printf(out, "With faults: %s and %s", t->who, t->peer);
            if (p->there || p->back) {
                g_string_append(out, ", ");
                put_packets(out, p);
            }
        }
        g_string_append(out, "; ");
        put_title_within(out, first->title);
        g_string_append_printf(out, " (frame %u).", first->first_frame);
        break;
    case VERDICT_WORKS:
        g_string_append(out, !p->read ? "Works, as far as its packets show without keys: " :
                                            "Works: ");
        put_use(out, t, p);
        g_string_append_c(out, '.');
        break;
    default:
        put_unknown(out, t, p);
        break;
    }
    return g_string_free(out, FALSE);
}

/* --- all of them ---- */

static int
worst_first(const void *a, const void *b)
{
    const struct tunnel *p = *(const struct tunnel *const *)a;
    const struct tunnel *q = *(const struct tunnel *const *)b;

    if (p->verdict != q->verdict) {
        return p->verdict < q->verdict ? -1 : 1;
    }
    return p->id < q->id ? -1 : p->id > q->id;
}

static void
put_all(GString *out, guint num)
{
    if (num == 2) {
        g_string_append(out, "Both tunnels ");
    } else {
        g_string_append_printf(out, "All %u tunnels ", num);
    }
}

static char *
outcome_of_many(const struct diagnoses *d)
{
    static const char *const one[] = { "fails", "works with faults", "cannot be told", "works" };
    static const char *const more[] = { "fail", "work with faults", "cannot be told", "work" };
    guint count[VERDICT_WORKS + 1] = { 0 };
    GString *out = g_string_new(NULL);
    const struct tunnel *worst = diagnoses_worst(d, 0);

    for (guint i = 0; i < d->tunnels->len; i++) {
        count[((const struct tunnel *)g_ptr_array_index(d->tunnels, i))->verdict]++;
    }
    if (count[worst->verdict] == d->tunnels->len) {
        put_all(out, d->tunnels->len);
        g_string_append(out, more[worst->verdict]);
    } else {
        g_string_append_printf(out, "Of %u tunnels, ", d->tunnels->len);
    }
    for (guint v = 0, said = 0; v <= VERDICT_WORKS; v++) {
        if (count[v] && count[v] < d->tunnels->len) {
            g_string_append_printf(out, "%s%u %s", said++ ? ", " : "", count[v],
                                   count[v] == 1 ? one[v] : more[v]);
        }
    }
    g_string_append_c(out, '.');
    if (worst->verdict <= VERDICT_DEGRADED) {
        g_string_append_printf(out, " %s", worst->text);
    }
    return g_string_free(out, FALSE);
}

void
outcomes_find(struct diagnoses *d)
{
    for (guint i = 0; i < d->tunnels->len; i++) {
        struct tunnel *t = (struct tunnel *)g_ptr_array_index(d->tunnels, i);
        struct passed p = tunnel_passed(d, t);
        t->verdict = judge(d, t, &p);
        t->text = sentence(d, t, &p);
        for (guint k = 0; k < t->diagnoses->len; k++) {
            struct diagnosis *one = (struct diagnosis *)g_ptr_array_index(
                d->list, g_array_index(t->diagnoses, uint32_t, k));
            if (one->tunnel == t->id) {         /* not one that it shares with another */
                consider(d, one, &p);
            }
        }
        g_ptr_array_add(d->worst, t);
    }
    g_ptr_array_sort(d->worst, worst_first);
    d->outcome = d->tunnels->len == 0 ? g_strdup("The capture contains no IKE, ESP or AH.") :
                 d->tunnels->len == 1 ? g_strdup(diagnoses_worst(d, 0)->text) :
                                        outcome_of_many(d);
}

enum verdict
diagnoses_verdict(const struct diagnoses *d)
{
    return d->worst->len ? diagnoses_worst(d, 0)->verdict : VERDICT_UNKNOWN;
}
