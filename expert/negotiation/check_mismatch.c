/* check_mismatch.c - two ends, or two negotiations of one SA, that do not agree: PFS, lifetimes,
 * modes, offers, strength.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

enum { POLICIES = 16 };

static bool
asks_pfs(const struct proposal *p)
{
    return (suite_type_mask(p) >> TRANSFORM_KE & 1) != 0;
}

/* The frame in which the refuser took a suite for an SA of this kind, alike in all but PFS; 0. */
static uint32_t
alike_but_pfs(const struct check_in *in, const struct proposal *offered)
{
    struct policy known[POLICIES];
    size_t n = sadb_policies(in->db, &in->ike->at.src, offered->protocol, known, POLICIES);

    for (size_t i = 0; i < n; i++) {
        unsigned unmet = suite_unmet(offered, known[i].kept->p) & ~(1u << TRANSFORM_KE);
        /* IKE_AUTH never carries a group: from its choice nothing follows but the rest
         * of the suite (RFC 7296 section 1.2). */
        if (!unmet && (in->msg->major == 2 || asks_pfs(offered) != asks_pfs(known[i].kept->p))) {
            return known[i].frame;
        }
    }
    return 0;
}

/* Where nothing else is known: the refuser hardly refuses the cipher and hash that it has just
 * chosen in phase 1. */
static bool
like_phase1(const struct ike_sa *sa, const struct proposal *offered)
{
    for (size_t i = 0; i < offered->num_transforms; i++) {
        const struct transform *t = &offered->transforms[i];
        if ((t->type == TRANSFORM_ENCR || (t->type == TRANSFORM_INTEG && t->id)) &&
            (!sa->chosen || !suite_has(sa->chosen->p, t))) {
            return false;
        }
    }
    return true;
}

void
check_pfs_mismatch(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->about;
    const struct ike_notify *n = new_message_notify(in, N1_NO_PROPOSAL_CHOSEN);
    const struct kept_proposal *first;
    uint32_t known;
    char who[ID_TEXT_MAX], values[SUITE_TEXT_MAX], phase[64];
    struct scope where;
    bool asked;

    if (!n || !x || !x->offered->len || (x->type != V1_QUICK && x->type != V2_CREATE_CHILD_SA) ||
        x->rekeys_ike) {
        return;
    }
    first = x->offered->at[0];
    asked = asks_pfs(first->p);
    known = alike_but_pfs(in, first->p);
    if (!known && (in->msg->major == 2 || !like_phase1(in->ike->sa, first->p))) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_INFERRED;
    message_sender(in, who, sizeof who);
    phase_name(in, x, phase, sizeof phase);
    g_strlcpy(values, "no PFS", sizeof values);
    if (asked) {
        suite_values(first->p, TRANSFORM_KE, values, sizeof values);
    }
    if (known) {
        finding_add(out, CHECK_pfs_mismatch, &where,
                    "%s refuses %s of frame %u, which requests %s; apart from that, it has "
                    "accepted the same suite before (frame %u). Suggests that the PFS settings do "
                    "not match.",
                    who, phase, x->request, values, known);
    } else {
        finding_add(out, CHECK_pfs_mismatch, &where,
                    "%s refuses %s of frame %u, which requests %s and the encryption and hash that "
                    "it has chosen in phase 1. Suggests that the PFS settings do not match.",
                    who, phase, x->request, values);
    }
}

/* ", 3600 s" or ", 4608000 KB": the attributes of RFC 2407 section 4.6.3.1, a type before each
 * duration. */
static const char *
lifetimes(const struct ike_notify *n, char *out, size_t size)
{
    enum { FORMAT_TV = 0x8000 };
    struct cur c = cur_of(n->data.at, n->data.len), value;
    uint16_t type, len;
    uint32_t unit = 0;
    char one[32];

    out[0] = 0;
    while (cur_u16(&c, &type) && cur_u16(&c, &len)) {
        uint32_t number = len;
        if (!(type & FORMAT_TV)) {
            uint8_t octet;
            if (!cur_sub(&c, &value, len)) {
                break;
            }
            for (number = 0; cur_u8(&value, &octet);) {
                number = number << 8 | octet;
            }
        }
        type &= (uint16_t)~FORMAT_TV;
        unit = type == P2_LIFE_TYPE ? number : unit;
        if (type == P2_LIFE && unit) {
            g_snprintf(one, sizeof one, ", %u %s", number, unit == LIFE_SECONDS ? "s" : "KB");
            g_strlcat(out, one, size);
        }
    }
    return out;
}

void
check_lifetime_mismatch(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->exchange;
    const struct kept_proposal *chosen;
    const struct ike_notify *n;
    char who[ID_TEXT_MAX], values[64], phase[64];
    struct scope where;

    if (!message_is_new(in) || in->msg->major != 1) {
        return;
    }
    where = scope_message(in);
    message_sender(in, who, sizeof who);
    n = ike_find_notify(in->msg, N1_RESPONDER_LIFETIME);
    if (n) {
        where.basis = notify_basis(n);
        finding_add(out, CHECK_lifetime_mismatch, &where,
                    "%s uses a shorter lifetime than the one offered%s (RESPONDER-LIFETIME in "
                    "frame %u).",
                    who, lifetimes(n, values, sizeof values), in->ike->at.frame);
        return;
    }
    chosen = x->chosen && x->chosen->frame == in->ike->at.frame ? x->chosen : NULL;
    for (guint i = 0; chosen && i < x->offered->len; i++) {
        const struct kept_proposal *k = x->offered->at[i];
        if (k->p->v1_transform != chosen->p->v1_transform || k->p->number != chosen->p->number ||
            k->p->protocol != chosen->p->protocol ||
            (k->p->attr.life_s == chosen->p->attr.life_s &&
             k->p->attr.life_kb == chosen->p->attr.life_kb)) {
            continue;
        }
        phase_name(in, x, phase, sizeof phase);
        if (!k->p->attr.life_kb && !chosen->p->attr.life_kb) {
            finding_add(out, CHECK_lifetime_mismatch, &where,
                        "%s answers the offered lifetime of %s, %u s (frame %u), with %u s.", who,
                        phase, k->p->attr.life_s, x->offered_in, chosen->p->attr.life_s);
            return;
        }
        finding_add(out, CHECK_lifetime_mismatch, &where,
                    "%s answers the offered lifetime of %s, %u s and %u KB (frame %u), with %u s "
                    "and %u KB.",
                    who, phase, k->p->attr.life_s, k->p->attr.life_kb, x->offered_in,
                    chosen->p->attr.life_s, chosen->p->attr.life_kb);
        return;
    }
}

void
check_mode_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!e->child || in->msg->major != 2 || !e->exchange->transport || e->child->transport) {
        return;
    }
    where = scope_message(in);
    where.child = e->child;
    finding_add(
        out, CHECK_mode_mismatch, &where,
        "Frame %u requests transport mode; %s does not accept it, so Child SA %u is in tunnel "
        "mode.",
        exchange_asked_in(e->exchange), message_sender(in, who, sizeof who), e->child->id);
}

void
check_exchange_mode_mismatch(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->about;
    const struct ike_notify *n = NULL;
    static const uint16_t refusals[] = { N1_AUTHENTICATION_FAILED, N1_INVALID_EXCHANGE_TYPE,
                                         N1_UNSUPPORTED_EXCHANGE_TYPE };
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX], name[64];
    struct scope where;

    if (in->msg->major != 1 || !waits_for_first_answer(in)) {
        return;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(refusals) && !n; i++) {
        n = new_message_notify(in, refusals[i]);
    }
    if (!n || (x->type == V1_MAIN && n->type == N1_AUTHENTICATION_FAILED)) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    finding_add(out, CHECK_exchange_mode_mismatch, &where,
                "%s answers the first message of %s mode (frame %u) with %s: it has no "
                "configuration in this mode for %s.",
                message_sender(in, who, sizeof who),
                x->type == V1_AGGRESSIVE ? "aggressive" : "main", x->request,
                notify_name(1, n->type, name, sizeof name), message_receiver(in, to, sizeof to));
}

static bool
same_offers(const struct offer_list *a, const struct offer_list *b)
{
    if (a->len != b->len) {
        return false;
    }
    for (guint i = 0; i < a->len; i++) {
        const struct proposal *p = (a->at[i])->p;
        const struct proposal *q = (b->at[i])->p;
        if (p->protocol != q->protocol || p->num_transforms != q->num_transforms) {
            return false;
        }
        for (size_t k = 0; k < p->num_transforms; k++) {
            if (!suite_has(q, &p->transforms[k])) {
                return false;
            }
        }
    }
    return true;
}

void
check_offer_changed(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct ike_sa *old;
    char a[SUITE_TEXT_MAX * 4], b[SUITE_TEXT_MAX * 4], who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !in->msg->num_proposals || !e->from_initiator ||
        e->sa->exchanges.len != 1 || !e->sa->offered->len || e->sa->rekeys != NO_ID) {
        return;
    }
    old = sadb_try_before(in->db, e->sa);
    if (!old || old->state != IKE_FAILED || same_offers(old->offered, e->sa->offered)) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_offer_changed, &where, "%s offers %s; its try in frame %u offered %s.",
                message_sender(in, who, sizeof who), suite_offers(e->sa->offered, a, sizeof a),
                old->first_frame, suite_offers(old->offered, b, sizeof b));
}

static const struct transform *
of_type(const struct kept_proposal *k, uint8_t type)
{
    for (size_t i = 0; k && i < k->p->num_transforms; i++) {
        if (k->p->transforms[i].type == type) {
            return &k->p->transforms[i];
        }
    }
    return NULL;
}

/* Only what nobody disputes: a shorter key of one cipher, or an algorithm that the RFCs
 * reject in place of one that they do not. */
static bool
weaker(const struct kept_proposal *now, const struct kept_proposal *before)
{
    for (unsigned type = TRANSFORM_ENCR; type <= TRANSFORM_KE; type++) {
        const struct transform *a = of_type(now, (uint8_t)type),
                               *b = of_type(before, (uint8_t)type);
        if (a && b &&
            ((a->id == b->id && a->key_bits < b->key_bits) ||
             transform_requirement(now->p->protocol, a) >
                 transform_requirement(before->p->protocol, b))) {
            return true;
        }
    }
    return false;
}

void
check_suite_downgraded(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct kept_proposal *now = NULL, *before = NULL;
    struct scope where;

    if (e->rekeyed_ike) {
        now = e->rekeyed_ike->chosen;
        before = e->sa->chosen;
    } else if (e->child && e->child_rekeyed) {
        now = e->child->chosen;
        before = e->child_rekeyed->chosen;
    }
    if (!now || !before || !weaker(now, before)) {
        return;
    }
    where = scope_message(in);
    where.child = e->child;
    finding_add(out, CHECK_suite_downgraded, &where,
                "The rekey in frame %u negotiates %s; before, it was %s (frame %u).", e->at.frame,
                now->text, before->text, before->frame);
}
