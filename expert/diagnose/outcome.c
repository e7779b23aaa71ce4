/* outcome.c - of each tunnel, and of the capture, one sentence: works or fails, since when, how
 * much. SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "diagnose.h"
#include "expert.h"
#include "words/turn.h"

#include <espial/flow.h>
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
    const struct points *points;        /* or NULL */
    struct passed passed;
    uint32_t last[2];           /* frames, there and back */
    bool carried;               /* by some Child SA */
    uint32_t tail_frame;        /* where passed.tail begins */
};

enum { TAIL_PACKETS = 3 };

static void
count_stream(struct counting *c, const struct stream *s, bool there)
{
    struct passed *p = &c->passed;
    uint32_t lost = MIN(s->packets, points_lost(c->points, s->id));

    if (!s->packets || stream_is_strange(s)) {
        return;
    }
    if (!p->there && !p->back) {
        p->first_time = s->first_time;
    }
    p->first_time = MIN(p->first_time, s->first_time);
    p->last_time = MAX(p->last_time, s->last_time);
    /* What is lost between two capture points reaches nobody. */
    *(there ? &p->there : &p->back) += s->packets - lost;
    *(there ? &p->lost_there : &p->lost_back) += lost;
    p->read |= s->read || s->good;
    c->last[there ? 0 : 1] = MAX(c->last[there ? 0 : 1], s->last_frame);
}

/* Packets at the end that nobody could read, and that nothing came back after. */
static void
count_tail(struct counting *c, const struct child_sa *child, bool turned)
{
    const struct flow_run *r = child->flow ? &child->flow->run : NULL;

    if (r && r->packets >= TAIL_PACKETS && !r->read && r->waited && r->to_responder != turned &&
        child->rekeyed_by == NO_ID && !child->deleted_in && r->last_frame == c->last[0]) {
        c->passed.tail = r->packets;
        c->tail_frame = r->first_frame;
    }
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
            c->carried = true;
        }
        count_tail(c, child, turned);
    }
}

/* It comes from the end that began the tunnel. */
static bool
goes_there(const struct diagnoses *d, const struct tunnel *t, const struct stream *s)
{
    char addr[ADDR_TEXT_MAX];
    const struct ike_sa *sa =
        t->ike_sas->len ? sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, 0)) : NULL;

    return sa ? ip_equal(&s->src, is_turned(t, sa) ? &sa->responder.addr : &sa->initiator.addr) :
                strcmp(ip_print(&s->src, addr, sizeof addr), t->who) == 0;
}

struct passed
tunnel_passed(const struct diagnoses *d, const struct tunnel *t)
{
    struct counting c = { .points = sadb_points(d->db) };

    for (guint i = 0; i < t->ike_sas->len; i++) {
        count_sa(&c, t, sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, i)));
    }
    for (guint i = 0; i < t->streams->len && !c.carried; i++) {
        const struct stream *s = sadb_stream(d->db, g_array_index(t->streams, uint32_t, i));
        count_stream(&c, s, goes_there(d, t, s));
    }
    c.passed.both = c.passed.there && c.passed.back;
    if (c.tail_frame < c.last[1]) {
        c.passed.tail = 0;      /* something came back in another SA */
    }
    c.passed.last_both = c.passed.both ? MIN(c.last[0], c.last[1]) : 0;
    return c.passed;
}

/* --- the verdict ---- */

/* What keeps packets from passing, or is seen where something does. */
enum {
    HARM = EFFECT_REFUSED | EFFECT_DENIED | EFFECT_UNCOVERED | EFFECT_SILENCE | EFFECT_ABANDONED |
           EFFECT_CLOSING | EFFECT_TRAFFIC
};

/* A message that the receiver drops, whoever sent it, and nothing came of it. */
static bool
is_dropped(const struct diagnoses *d, const struct diagnosis *one)
{
    const struct finding *cause =
        findings_get(d->all, g_array_index(one->evidence, uint32_t, 0));

    if (!finding_is_anybodys(cause) && cause->check != CHECK_ike_icv_bad) {
        return false;
    }
    for (guint i = 0; i < one->follows->len; i++) {
        const struct finding *f =
            findings_get(d->all, g_array_index(one->follows, uint32_t, i));
        if (f->severity >= SEV_WARN && (check_rule(f->check)->effects & HARM)) {
            return false;
        }
    }
    return true;
}

/* It may keep packets from passing, and none has passed both ways since. */
static bool
is_blocking(const struct diagnoses *d, const struct diagnosis *one, const struct passed *p)
{
    const struct cause_rule *rule = check_rule(one->cause);

    if (p->both && p->last_both >= one->first_frame) {
        return false;
    }
    if (p->stood && is_dropped(d, one)) {
        return false;
    }
    return ((rule->effects | rule->explains) & HARM) &&
           (one->severity >= SEV_WARN || (rule->effects & (EFFECT_CLOSING | EFFECT_SILENCE)));
}

static enum verdict
judge(const struct diagnoses *d, const struct tunnel *t, const struct passed *p)
{
    enum verdict v = t->diagnoses->len          ? VERDICT_DEGRADED :
                     p->both && t->ike_sas->len ? VERDICT_WORKS :
                                                  VERDICT_UNKNOWN;

    for (guint i = 0; i < t->diagnoses->len; i++) {
        if (is_blocking(d, diagnoses_get(d, g_array_index(t->diagnoses, uint32_t, i)), p)) {
            return VERDICT_FAILS;
        }
    }
    return v;
}

/* --- in words ---- */

static void
put_lost(GString *out, uint64_t lost, bool more)
{
    if (lost) {
        g_string_append_printf(out, " (%" G_GUINT64_FORMAT "%s lost on the way)", lost,
                               more ? " more" : "");
    }
}

/* "3 packets out (2 more lost on the way) and none back". */
static void
put_packets(GString *out, const struct passed *p)
{
    if (!p->there) {
        g_string_append(out, "no packet out");
    } else {
        g_string_append_printf(out, "%" G_GUINT64_FORMAT " packet%s out", p->there,
                               p->there == 1 ? "" : "s");
    }
    put_lost(out, p->lost_there, p->there > 0);
    if (!p->back) {
        g_string_append(out, " and none back");
    } else {
        g_string_append_printf(out, " and %" G_GUINT64_FORMAT " back", p->back);
    }
    put_lost(out, p->lost_back, p->back > 0);
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
            g_string_append_printf(out, " (and networks of %u other Child SA%s)", p->lines - 1,
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
    put_span(out, p->last_time - p->first_time);
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

/* What is wrong is a try of its own, which came to nothing while another IKE SA stood. */
static bool
is_another_try(const struct diagnoses *d, const struct passed *p, const struct diagnosis *first)
{
    if (!p->stood || !first->ike_sas->len || check_rule(first->cause)->area > AREA_AUTH) {
        return false;
    }
    for (guint i = 0; i < first->ike_sas->len; i++) {
        if (sadb_ike_sa(d->db, g_array_index(first->ike_sas, uint32_t, i))->stood) {
            return false;
        }
    }
    return true;
}

static void
put_tries(GString *out, const struct diagnoses *d, const struct tunnel *t, const char *what)
{
    guint tries = count_tries(d, t);

    g_string_append_printf(out, "Fails: %s gets %s to %s", t->who, what, t->peer);
    if (tries > 1) {
        g_string_append_printf(out, " in %u tries", tries);
    }
    g_string_append(out, ": ");
}

static void
put_failure(GString *out, const struct diagnoses *d, const struct tunnel *t, const struct passed *p,
            const struct diagnosis *first)
{
    bool none = !p->there && !p->back;

    if ((!p->stood || !p->child) && t->ike_sas->len && none) {
        put_tries(out, d, t, "no tunnel");
    } else if (none && p->stood && p->stood->deleted_in) {
        put_tries(out, d, t, "no lasting tunnel");
    } else if (p->both) {
        g_string_append(out, "Fails since ");
        put_since(out, d, first);
        g_string_append(out, ": ");
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
    g_string_append(out, is_another_try(d, p, first) ? "a new try fails: " : "");
    put_title_within(out, first->title);
    g_string_append_printf(out, " (frame %u).", first->first_frame);
}

/* What of its IKE nobody could read may say more. */
static void
put_keys_wanted(GString *out, const struct diagnoses *d, const struct tunnel *t)
{
    for (guint i = 0; i < t->ike_sas->len; i++) {
        const struct ike_sa *sa = sadb_ike_sa(d->db, g_array_index(t->ike_sas, uint32_t, i));
        if (sa->num_encrypted > sa->num_readable) {
            g_string_append_printf(out, " The keys of IKE SA %u would tell more.", sa->id);
            return;
        }
    }
}

static void
put_unknown(GString *out, const struct diagnoses *d, const struct tunnel *t, const struct passed *p)
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
        g_string_append(out, "); IKE shows no fault.");
        if (!p->read && MAX(p->there, p->back) >= UNANSWERED_PACKETS) {
            g_string_append(out, " Packets that expect no answer and requests that get none look "
                                 "the same without keys.");
        }
    } else if (p->stood && !p->child && phase1_is_alone(p->stood)) {
        g_string_append_printf(out, "%s and %s have completed phase 1", t->who, t->peer);
        if (p->stood->established_in) {
            g_string_append_printf(out, " in frame %u", p->stood->established_in);
        }
        g_string_append(out, ", but the capture contains no quick mode after it: there is no SA "
                             "for traffic yet.");
    } else if (p->stood && !p->child) {
        g_string_append_printf(out, "%s and %s have an IKE SA", t->who, t->peer);
        if (p->stood->established_in) {
            g_string_append_printf(out, " since frame %u", p->stood->established_in);
        }
        g_string_append(out, ", which shows no fault; the capture does not show whether "
                             "it has a Child SA.");
    } else if (p->stood) {
        g_string_append_printf(out, "%s has a tunnel to %s", t->who, t->peer);
        if (p->stood->established_in) {
            g_string_append_printf(out, " since frame %u", p->stood->established_in);
        }
        g_string_append(out, ", but no packet in it was captured; IKE shows no fault.");
    } else {
        g_string_append_printf(out, "the capture contains only part of the negotiation between %s "
                                    "and %s, which shows no fault.", t->who, t->peer);
    }
    put_keys_wanted(out, d, t);
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
        if (!p->read && p->tail) {
            g_string_append_printf(out, "; nothing comes back after the last %u out", p->tail);
        }
        g_string_append_c(out, '.');
        break;
    default:
        put_unknown(out, d, t, p);
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
    if (p->diagnoses->len && q->diagnoses->len) {
        uint32_t i = g_array_index(p->diagnoses, uint32_t, 0);
        uint32_t k = g_array_index(q->diagnoses, uint32_t, 0);
        if (i != k) {
            return i < k ? -1 : 1;
        }
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
        if (t->verdict == VERDICT_UNKNOWN) {
            GString *text = g_string_new(t->text);
            put_logged_doubt(d, text, t);
            g_free(t->text);
            t->text = g_string_free(text, FALSE);
        }
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
