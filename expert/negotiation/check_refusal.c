/* check_refusal.c - why no proposal was chosen: the offer, proposal by proposal, beside all that
 * the capture or the plan knows of the refuser (RFC 7296 section 2.7, RFC 2409 section 5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/text.h>
#include <string.h>

enum { POLICIES = 16,
       PLAN_TRANSFORMS = 16,
       SHOWN = 3 };

/* What is known of the refuser, and how far it binds it: said of the same thing, written in the
 * plan, or said of something else. */
enum witness { SAME_MATTER,
               PLAN,
               OTHER_MATTER };

/* One offered proposal and what is known nearest to it. */
struct comparison {
    const struct proposal *offered, *known;
    struct policy by; /* whose proposal known is; of the plan empty */
    unsigned unmet; /* bits of transform types without overlap */
    bool auth, mode; /* IKEv1: authentication method or encapsulation mode differ */
};

static unsigned
count_bits(unsigned x)
{
    unsigned n = 0;

    for (; x; x &= x - 1) {
        n++;
    }
    return n;
}

static unsigned
differences(const struct comparison *m)
{
    return count_bits(m->unmet) + m->auth + m->mode;
}

/* INVALID_KE_PAYLOAD makes a group known, and nothing else. */
static bool
group_alone(const struct proposal *p)
{
    return p->num_transforms == 1 && p->transforms[0].type == TRANSFORM_KE;
}

/* IKE_AUTH never carries a group: from what is chosen there nothing follows for PFS (RFC 7296
 * section 1.2). */
static bool
tells_no_group(const struct policy *by)
{
    return by->exchange && by->exchange->type == V2_IKE_AUTH && by->sa->major == 2;
}

/* partial: what known leaves out matches anything. */
static void
compare(struct comparison *best, const struct proposal *offered, const struct proposal *known,
        const struct policy *by, bool partial)
{
    struct comparison now = { offered, known, { 0 }, suite_unmet(offered, known), false, false };

    if (offered->protocol != known->protocol) {
        return;
    }
    if (by) {
        now.by = *by;
        now.unmet &= tells_no_group(by) ? ~(1u << TRANSFORM_KE) : ~0u;
    }
    if (partial) {
        now.unmet &= suite_type_mask(known);
    } else if (offered->v1 && known->v1) {
        now.auth = offered->attr.auth_method && known->attr.auth_method &&
                   offered->attr.auth_method != known->attr.auth_method;
        now.mode = offered->attr.mode && known->attr.mode && offered->attr.mode != known->attr.mode;
    }
    if (!best->known || differences(&now) < differences(best)) {
        *best = now;
    }
}

/* The plan, read once for each protocol. */
struct planned {
    struct proposal p;
    struct transform room[PLAN_TRANSFORMS];
};

/* Without transforms where the plan is silent. */
static void
read_plan(const struct check_in *in, struct planned *out, uint8_t protocol)
{
    const struct plan_peer *peer = plan_find(in->plan, NULL, &in->ike->at.src);
    const char *text = NULL;

    if (peer) {
        text = protocol == PROTO_IKE ? peer->ike : peer->esp;
    }
    out->p = (struct proposal){ .protocol = protocol, .transforms = out->room };
    if (text) {
        out->p.num_transforms = (uint16_t)suite_parse(text, out->room, PLAN_TRANSFORMS);
    }
}

static void
compare_policies(const struct check_in *in, struct comparison *best,
                 const struct kept_proposal *offered, bool same_matter)
{
    const struct exchange *x = in->ike->about;
    struct policy known[POLICIES];
    size_t num = sadb_policies(in->db, &in->ike->at.src, offered->p->protocol, known, POLICIES);

    for (unsigned pass = 0; pass < 2; pass++) { /* whole suites first */
        for (size_t i = 0; i < num && (pass == 0 || !best->known); i++) {
            const struct proposal *p = known[i].kept->p;
            if (group_alone(p) == (pass == 1) &&
                policy_is_for(&known[i], in->ike->sa, x, offered) == same_matter) {
                compare(best, offered->p, p, &known[i], pass == 1);
            }
        }
    }
}

/* IKEv1 proposals of one number are ANDed (RFC 2408 section 4.2): what the other protocols of
 * that number lack counts too. */
static unsigned
differences_of_number(const struct comparison *all, size_t num, size_t of)
{
    unsigned sum = differences(&all[of]);

    for (unsigned protocol = PROTO_IKE; protocol <= PROTO_IPCOMP; protocol++) {
        unsigned least = UINT32_MAX;
        for (size_t i = 0; i < num; i++) {
            if (all[i].offered->v1 && all[i].offered->number == all[of].offered->number &&
                all[i].offered->protocol == protocol && protocol != all[of].offered->protocol &&
                all[i].known) {
                least = MIN(least, differences(&all[i]));
            }
        }
        sum += least == UINT32_MAX ? 0 : least;
    }
    return sum;
}

/* The proposal that comes nearest, NULL where nothing is known of any.  Of ANDed ones the
 * protocol that fails. */
static const struct comparison *
nearest(const struct comparison *all, size_t num)
{
    const struct comparison *best = NULL;
    unsigned least = 0;

    for (size_t i = 0; i < num; i++) {
        unsigned sum = differences_of_number(all, num, i);
        if (all[i].known && (!best || sum < least ||
                             (sum == least && differences(&all[i]) > differences(best) &&
                              all[i].offered->number == best->offered->number))) {
            best = &all[i];
            least = sum;
        }
    }
    return best;
}

/* The offers beside the best witness that there is; plans are the caller's, for what is known may
 * stand in them. */
static const struct comparison *
compare_all(const struct check_in *in, struct comparison *all, struct planned plans[2],
            enum witness *kind)
{
    const struct offer_list *offered = in->ike->about->offered;
    const struct comparison *best = NULL;

    read_plan(in, &plans[0], PROTO_IKE);
    read_plan(in, &plans[1], PROTO_ESP);
    for (*kind = SAME_MATTER; !best && *kind <= OTHER_MATTER; (*kind)++) {
        for (guint i = 0; i < offered->len; i++) {
            const struct proposal *p = offered->at[i]->p;
            const struct proposal *plan = &plans[p->protocol != PROTO_IKE].p;
            all[i].offered = p;
            if (*kind != PLAN) {
                compare_policies(in, &all[i], offered->at[i], *kind == SAME_MATTER);
            } else if (plan->num_transforms && plan->protocol == p->protocol) {
                compare(&all[i], p, plan, NULL, true);
            }
        }
        best = nearest(all, offered->len);
    }
    (*kind)--;
    return best;
}

/* --- in words ------------------------------------------------------------------------------- */

/* IKEv1 has one hash for both. */
static unsigned
settings(const struct comparison *m)
{
    bool one_hash = m->offered->v1 && m->offered->protocol == PROTO_IKE &&
                    m->unmet >> TRANSFORM_INTEG & 1;

    return one_hash ? m->unmet & ~(1u << TRANSFORM_PRF) : m->unmet;
}

static const char *
types_of(const struct comparison *m, char *out, size_t size)
{
    suite_types(settings(m), out, size);
    if (m->auth) {
        g_strlcat(out, out[0] ? ", authentication method" : "authentication method", size);
    }
    if (m->mode) {
        g_strlcat(out, out[0] ? ", mode" : "mode", size);
    }
    return out;
}

static const char *
verb(const struct comparison *m)
{
    return 1 < count_bits(settings(m)) + m->auth + m->mode ? "do" : "does";
}

/* What p has of each that is unmet, "DES_CBC, HMAC_MD5_96". */
static const char *
values_of(const struct comparison *m, const struct proposal *p, char *out, size_t size)
{
    unsigned types = settings(m);
    char one[SUITE_TEXT_MAX];
    bool room = true;

    out[0] = 0;
    for (unsigned t = 0; t < 32 && room; t++) {
        if (types >> t & 1) {
            room = list_add(out, size, out[0] ? ", " : "", suite_values(p, t, one, sizeof one),
                            true);
        }
    }
    if (m->auth && room) {
        list_add(out, size, out[0] ? ", " : "",
                 auth_method_name(1, p->attr.auth_method, one, sizeof one), true);
    }
    if (m->mode && room) {
        list_add(out, size, out[0] ? ", " : "",
                 v1_is_transport(p->attr.mode) ? "transport mode" : "tunnel mode", true);
    }
    return out;
}

/* "; transform 2 fails on group", for the proposals that are not the nearest. */
static void
say_others(const struct comparison *all, size_t num, const struct comparison *best, char *out,
           size_t size)
{
    unsigned shown = 0;

    out[0] = 0;
    for (size_t i = 0; i < num; i++) {
        char one[160], types[128];
        if (&all[i] == best || !all[i].known || !differences(&all[i])) {
            continue;
        }
        if (shown++ == SHOWN) {
            g_strlcat(out, ", and so on", size);
            return;
        }
        g_snprintf(one, sizeof one, "%s%s %u fails on %s", shown == 1 ? "; " : ", ",
                   all[i].offered->v1 ? "transform" : "proposal",
                   all[i].offered->v1 ? all[i].offered->v1_transform : all[i].offered->number,
                   types_of(&all[i], types, sizeof types));
        g_strlcat(out, one, size);
    }
}

/* " for 10.1.0.0/24 === 10.2.0.0/24", nothing for an IKE SA or where they were not read. */
static const char *
networks_of(const struct exchange *x, char *out, size_t size)
{
    char a[TS_TEXT_MAX], b[TS_TEXT_MAX];
    const struct selector *s, *t;
    size_t num_s, num_t;

    out[0] = 0;
    if (x && x->by_ts_known) {
        s = exchange_selectors(x, true, &num_s);
        t = exchange_selectors(x, false, &num_t);
        g_snprintf(out, size, " for %s === %s", selectors_print(s, num_s, a, sizeof a),
                   selectors_print(t, num_t, b, sizeof b));
    }
    return out;
}

struct refusal {
    const struct exchange *x;
    uint8_t major;
    bool child;
    char who[ID_TEXT_MAX], phase[64], networks[2 * TS_TEXT_MAX + 16];
    char head[TEXT_MAX]; /* "A refuses P for N (frame 3): offered O" */
    char others[TEXT_MAX];
};

/* All that both ends set for such an exchange. */
static const char *
what_to_compare(const struct refusal *r)
{
    if (!r->child && r->major == 1) {
        return "the encryption, hash, Diffie-Hellman group and authentication method of phase 1";
    }
    if (!r->child) {
        return "the encryption, integrity, PRF and Diffie-Hellman group of the IKE SA";
    }
    if (r->major == 1) {
        return "the encryption, integrity, PFS group and mode of phase 2";
    }
    return r->x && r->x->type == V2_IKE_AUTH ?
               "the encryption and integrity of the Child SA" :
               "the encryption, integrity and PFS group of the Child SA";
}

static const char *
how(const struct comparison *best)
{
    if (group_alone(best->known)) {
        return "wanted";
    }
    return best->by.chosen ? "chosen" : "offered";
}

/* The same was taken before: what is left is what that did not show. */
static void
report_met(struct findings *out, struct scope where, const struct refusal *r,
           const struct comparison *best)
{
    char pfs[SUITE_TEXT_MAX] = "no PFS", remedy[TEXT_MAX];

    if (r->child && tells_no_group(&best->by) && r->x->type == V2_CREATE_CHILD_SA) {
        if (suite_type_mask(best->offered) >> TRANSFORM_KE & 1) {
            suite_values(best->offered, TRANSFORM_KE, pfs, sizeof pfs);
        }
        where.remedy = "Set the same PFS group, or none, for this Child SA on both ends.";
        finding_add(out, CHECK_no_proposal_chosen, &where,
                    "%s; in IKE_AUTH, which has no PFS, it has %s the same suite (frame %u). The "
                    "remaining difference is PFS: %s is offered here.",
                    r->head, how(best), best->by.frame, pfs);
        return;
    }
    g_snprintf(remedy, sizeof remedy,
               "Check the log of %s at this time: it does not refuse because of the suite. Check "
               "which configuration it uses for this peer%s.",
               r->who, r->child ? " and these networks" : " and this mode of phase 1");
    where.remedy = remedy;
    finding_add(out, CHECK_no_proposal_chosen, &where,
                "%s; all of it matches what it has %s before (frame %u), so something else "
                "differs.",
                r->head, how(best), best->by.frame);
}

static void
report_unmet(struct findings *out, struct scope where, const struct refusal *r,
             const struct comparison *best)
{
    char types[128], theirs[TEXT_MAX], ours[TEXT_MAX], remedy[TEXT_MAX];

    types_of(best, types, sizeof types);
    values_of(best, best->known, theirs, sizeof theirs);
    values_of(best, best->offered, ours, sizeof ours);
    g_snprintf(remedy, sizeof remedy,
               "Configure the same %s on both ends for %s%s: the refusing side has %s %s, the "
               "other offers %s. Prefer the strongest that both support.",
               types, r->phase, r->networks, how(best), theirs, ours);
    where.remedy = remedy;
    finding_add(out, CHECK_no_proposal_chosen, &where,
                "%s; %s %s not match: offered %s, it has %s %s before (frame %u)%s.", r->head,
                types,
                verb(best), ours, how(best), theirs, best->by.frame, r->others);
}

static void
report_planned(struct findings *out, struct scope where, const struct refusal *r,
               const struct comparison *best)
{
    char types[128], theirs[TEXT_MAX], ours[TEXT_MAX], remedy[TEXT_MAX];

    where.basis = BASIS_CONFIGURED;
    if (!differences(best)) {
        g_snprintf(remedy, sizeof remedy,
                   "Correct the configuration of %s, which refuses what the plan says, or correct "
                   "the plan.",
                   r->who);
        where.remedy = remedy;
        finding_add(out, CHECK_no_proposal_chosen, &where, "%s, which is what the plan says.",
                    r->head);
        return;
    }
    types_of(best, types, sizeof types);
    values_of(best, best->known, theirs, sizeof theirs);
    values_of(best, best->offered, ours, sizeof ours);
    g_snprintf(remedy, sizeof remedy,
               "Configure the %s of the side that offers %s as in the plan, %s; if the plan is out "
               "of date, compare %s on both ends.",
               types, ours, theirs, what_to_compare(r));
    where.remedy = remedy;
    finding_add(out, CHECK_no_proposal_chosen, &where,
                "%s; %s %s not match: offered %s, the plan says %s%s.", r->head, types,
                verb(best), ours, theirs, r->others);
}

/* What the refuser said of something else is worth a look, and proves nothing. */
static void
report_elsewhere(struct findings *out, struct scope where, const struct refusal *r,
                 const struct comparison *best)
{
    const struct policy *by = &best->by;
    char text[SUITE_TEXT_MAX], remedy[TEXT_MAX], phase[64], networks[2 * TS_TEXT_MAX + 16];
    char elsewhere[2 * TS_TEXT_MAX + 128];

    networks_of(by->exchange, networks, sizeof networks);
    if (r->child && networks[0] && by->sa->major == r->major &&
        strcmp(networks, r->networks) != 0) {
        g_snprintf(elsewhere, sizeof elsewhere, "For %s", networks + strlen(" for "));
    } else {
        g_snprintf(elsewhere, sizeof elsewhere, "In %s of IKEv%u%s",
                   exchange_name(by->sa->major, by->exchange->type, phase, sizeof phase),
                   by->sa->major, networks);
    }
    g_snprintf(remedy, sizeof remedy,
               "Compare %s on both ends%s; the log of %s says what it would accept. If it should "
               "be as in frame %u, configure what was %s there.",
               what_to_compare(r), r->networks, r->who, by->frame, how(best));
    where.remedy = remedy;
    where.basis = BASIS_INFERRED;
    finding_add(out, CHECK_no_proposal_chosen, &where,
                "%s. %s it has %s %s (frame %u); the capture does not show what it accepts %s.",
                r->head, elsewhere, how(best), kept_text(by->kept, text), by->frame,
                r->networks[0] ? "for these networks" : "here");
}

static void
report_unknown(struct findings *out, struct scope where, const struct refusal *r)
{
    char remedy[TEXT_MAX];

    g_snprintf(remedy, sizeof remedy,
               "Compare %s on both ends and configure one common suite; the log of %s says what it "
               "would accept%s.",
               what_to_compare(r), r->who,
               r->child ? "" : ", or that it has no connection for this peer's address");
    where.remedy = remedy;
    if (r->head[0]) {
        finding_add(out, CHECK_no_proposal_chosen, &where,
                    "%s; the capture does not show what it would accept.", r->head);
    } else {
        finding_add(out, CHECK_no_proposal_chosen, &where,
                    "%s refuses %s (NO_PROPOSAL_CHOSEN); the capture does not show the offer in "
                    "clear.",
                    r->who, r->phase);
    }
}

static void
read_refusal(const struct check_in *in, struct refusal *r)
{
    const struct exchange *x = in->ike->about;
    char offers[SUITE_TEXT_MAX * 4], frame[32] = "";

    *r = (struct refusal){ .x = x, .major = in->msg->major };
    message_sender(in, r->who, sizeof r->who);
    phase_name(in, x, r->phase, sizeof r->phase);
    networks_of(x, r->networks, sizeof r->networks);
    if (!x || !x->offered->len) {
        r->child = x && (x->type == V1_QUICK || x->type == V2_IKE_AUTH ||
                         (x->type == V2_CREATE_CHILD_SA && !x->rekeys_ike));
        return;
    }
    r->child = x->offered->at[0]->p->protocol != PROTO_IKE;
    if (exchange_asked_in(x)) {
        g_snprintf(frame, sizeof frame, " of frame %u", exchange_asked_in(x));
    }
    g_snprintf(r->head, sizeof r->head, "%s refuses %s%s%s: offered %s", r->who, r->phase,
               r->networks, frame, suite_offers(x->offered, offers, sizeof offers));
}

static void
report_refusal(const struct check_in *in, struct findings *out, const struct ike_notify *n)
{
    const struct exchange *x = in->ike->about;
    struct comparison all[IKE_MAX_PROPOSALS] = { 0 };
    const struct comparison *best = NULL;
    struct scope where = scope_message(in);
    enum witness kind = OTHER_MATTER;
    struct planned plans[2];
    struct refusal r;

    where.basis = notify_basis(n);
    read_refusal(in, &r);
    if (r.head[0]) {
        best = compare_all(in, all, plans, &kind);
    }
    if (!best) {
        report_unknown(out, where, &r);
        return;
    }
    say_others(all, x->offered->len, best, r.others, sizeof r.others);
    if (kind == OTHER_MATTER) {
        report_elsewhere(out, where, &r, best);
    } else if (kind == PLAN) {
        report_planned(out, where, &r, best);
    } else if (differences(best)) {
        report_unmet(out, where, &r, best);
    } else {
        report_met(out, where, &r, best);
    }
}

void
check_no_proposal_chosen(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n = new_message_notify(in, N2_NO_PROPOSAL_CHOSEN);

    if (n) {
        report_refusal(in, out, n);
    }
}

/* --- a refusal foretold ------------------------------------------------------------------ */

static bool
share_suite(const struct offer_list *a, const struct offer_list *b)
{
    for (guint i = 0; i < a->len; i++) {
        for (guint k = 0; k < b->len; k++) {
            const struct proposal *p = (a->at[i])->p;
            const struct proposal *q = (b->at[k])->p;
            if (p->protocol == q->protocol && !suite_unmet(p, q)) {
                return true;
            }
        }
    }
    return false;
}

/* The newest IKE SA that the other end began with this one. */
static const struct ike_sa *
begun_by_other(const struct check_in *in)
{
    const struct ike_sa *now = in->ike->sa;

    for (size_t i = now->id; i > 0 && now->id - i < SADB_MAX_PER_PEER; i--) {
        const struct ike_sa *old = sadb_ike_sa(in->db, i - 1);
        if (old->major == now->major && old->offered->len && old->rekeys == NO_ID &&
            ip_equal(&old->initiator.addr, &now->responder.addr) &&
            ip_equal(&old->responder.addr, &now->initiator.addr)) {
            return old;
        }
    }
    return NULL;
}

void
check_no_common_proposal(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *now = in->ike->sa, *old;
    char a[SUITE_TEXT_MAX * 4], b[SUITE_TEXT_MAX * 4], who[ID_TEXT_MAX], to[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !in->ike->from_initiator || !in->msg->num_proposals ||
        now->exchanges.len != 1 || !now->offered->len) {
        return;
    }
    old = begun_by_other(in);
    if (!old || share_suite(now->offered, old->offered)) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_INFERRED;
    finding_add(out, CHECK_no_common_proposal, &where,
                "%s offers %s; %s itself has offered %s (frame %u): they have no suite in common. "
                "Suggests that the offer will be refused.",
                message_sender(in, who, sizeof who), suite_offers(now->offered, a, sizeof a),
                message_receiver(in, to, sizeof to), suite_offers(old->offered, b, sizeof b),
                old->first_frame);
}
