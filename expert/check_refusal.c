/* check_refusal.c - why no proposal was chosen: the offer, proposal by proposal, beside all that
 * the capture or the plan knows of the refuser (RFC 7296 section 2.7, RFC 2409 section 5).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <string.h>

enum { POLICIES = 16, PLAN_TRANSFORMS = 16, SHOWN = 3 };

/* One offered proposal and what is known nearest to it. */
struct comparison {
    const struct proposal *offered, *known;
    unsigned unmet;             /* bits of transform types without overlap */
    uint32_t frame;             /* of what is known, 0: the plan */
    const char *how;            /* "chosen", "offered", "wanted" */
    bool auth, mode;            /* IKEv1: authentication method or encapsulation mode differ */
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

static void
compare(struct comparison *best, const struct proposal *offered, const struct proposal *known,
        uint32_t frame, const char *how, bool partial)
{
    struct comparison now = {
        offered, known, suite_unmet(offered, known), frame, how, false, false
    };

    if (offered->protocol != known->protocol) {
        return;
    }
    if (partial) {
        now.unmet &= suite_type_mask(known);            /* what it leaves out matches anything */
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
compare_all(const struct check_in *in, struct comparison *best, const struct proposal *offered,
            const struct planned *plan)
{
    struct policy known[POLICIES];
    size_t num = sadb_policies(in->db, &in->ike->at.src, offered->protocol, known, POLICIES);

    for (size_t i = 0; i < num; i++) {
        if (!group_alone(known[i].kept->p)) {
            compare(best, offered, known[i].kept->p, known[i].frame,
                    known[i].chosen ? "chosen" : "offered", false);
        }
    }
    for (size_t i = 0; i < num && !best->known; i++) {
        compare(best, offered, known[i].kept->p, known[i].frame, "wanted", true);
    }
    if (plan->p.num_transforms && plan->p.protocol == offered->protocol) {
        compare(best, offered, &plan->p, 0, "planned", true);
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

static const char *
types_of(const struct comparison *m, char *out, size_t size)
{
    suite_types(m->unmet, out, size);
    if (m->auth) {
        g_strlcat(out, out[0] ? ", authentication method" : "authentication method", size);
    }
    if (m->mode) {
        g_strlcat(out, out[0] ? ", mode" : "mode", size);
    }
    return out;
}

/* "; transform 2 fails on DH", for the proposals that are not the nearest. */
static void
say_others(const struct comparison *all, size_t num, const struct comparison *best, char *out,
           size_t size)
{
    unsigned shown = 0;

    out[0] = 0;
    for (size_t i = 0; i < num; i++) {
        char one[128], types[96];
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

struct refusal {
    char who[ID_TEXT_MAX], phase[64], offers[SUITE_TEXT_MAX * 4], others[TEXT_MAX];
};

static void
report_met(struct findings *out, const struct scope *where, const struct refusal *r,
           const struct comparison *best)
{
    const char *but = ", so its policy for this peer or exchange differs";

    if (best->auth) {
        but = ", but the authentication method does not";
    } else if (best->mode) {
        but = ", but the encapsulation mode does not";
    }
    if (!best->frame) {
        finding_add(out, CHECK_no_proposal_chosen, where,
                    "%s refuses %s: offered %s, which fits the plan.", r->who, r->phase, r->offers);
        return;
    }
    finding_add(
        out, CHECK_no_proposal_chosen, where,
        "%s refuses %s: offered %s; every transform type meets what it has %s before (frame %u)%s.",
        r->who, r->phase, r->offers, best->how, best->frame, but);
}

static void
report_unmet(struct findings *out, struct scope where, const struct refusal *r,
             const struct comparison *best)
{
    char types[64], theirs[SUITE_TEXT_MAX], ours[SUITE_TEXT_MAX], remedy[TEXT_MAX], source[64];
    unsigned first = 0;

    while (!(best->unmet >> first & 1)) {
        first++;
    }
    suite_types(best->unmet, types, sizeof types);
    suite_values(best->known, first, theirs, sizeof theirs);
    suite_values(best->offered, first, ours, sizeof ours);
    g_snprintf(remedy, sizeof remedy,
               "Set the same %s on both ends for %s: the refusing side is known to take %s, the "
               "other offers %s; the strongest that both support is best.",
               types, r->phase, theirs, ours);
    where.remedy = remedy;
    if (best->frame) {
        g_snprintf(source, sizeof source, " before (frame %u)", best->frame);
    }
    finding_add(out, CHECK_no_proposal_chosen, &where,
                "%s refuses %s: offered %s; %s %s not meet: offered %s, %s%s %s%s%s.", r->who,
                r->phase, r->offers, types, count_bits(best->unmet) > 1 ? "do" : "does", ours,
                best->frame ? "it has " : "the plan has", best->frame ? best->how : "", theirs,
                best->frame ? source : "", r->others);
}

void
check_no_proposal_chosen(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n = new_message_notify(in, N2_NO_PROPOSAL_CHOSEN);
    const struct exchange *x = in->ike->about;
    struct comparison all[IKE_MAX_PROPOSALS] = { 0 };
    struct planned plans[2];
    const struct comparison *best;
    struct refusal r;
    struct scope where;

    if (!n) {
        return;
    }
    where = scope_message(in);
    where.basis = notify_basis(n);
    message_sender(in, r.who, sizeof r.who);
    phase_name(in, x, r.phase, sizeof r.phase);
    if (!x || !x->offered->len) {
        finding_add(
            out, CHECK_no_proposal_chosen, &where,
            "%s refuses %s (NO_PROPOSAL_CHOSEN); the capture does not show the offer in clear.",
            r.who, r.phase);
        return;
    }
    suite_offers(x->offered, r.offers, sizeof r.offers);
    read_plan(in, &plans[0], PROTO_IKE);
    read_plan(in, &plans[1], PROTO_ESP);
    for (guint i = 0; i < x->offered->len; i++) {
        const struct proposal *p =
            (x->offered->at[i])->p;
        all[i].offered = p;
        compare_all(in, &all[i], p, p->protocol == PROTO_IKE ? &plans[0] : &plans[1]);
    }
    best = nearest(all, x->offered->len);
    if (!best) {
        finding_add(out, CHECK_no_proposal_chosen, &where,
                    "%s refuses %s: offered %s in frame %u; the capture does not show what it "
                    "would accept.",
                    r.who, r.phase, r.offers, exchange_asked_in(x));
        return;
    }
    say_others(all, x->offered->len, best, r.others, sizeof r.others);
    if (best->unmet) {
        report_unmet(out, where, &r, best);
    } else {
        report_met(out, &where, &r, best);
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
                "%s offers %s; %s itself has offered %s (frame %u): no suite is in both. Suggests "
                "that it will refuse.",
                message_sender(in, who, sizeof who), suite_offers(now->offered, a, sizeof a),
                message_receiver(in, to, sizeof to), suite_offers(old->offered, b, sizeof b),
                old->first_frame);
}
