/* check_plan.c - the negotiation against the analyst's planning sheet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/names.h>
#include <string.h>

enum { WORDS = 16 };

static const struct plan_peer *
peer_of(const struct check_in *in, const struct endpoint **who)
{
    const struct ike_sa *sa = in->ike->sa;
    const struct plan_peer *p = plan_find(in->plan, sa->initiator.id, &sa->initiator.addr);

    *who = &sa->initiator;
    if (!p) {
        p = plan_find(in->plan, sa->responder.id, &sa->responder.addr);
        *who = &sa->responder;
    }
    return p;
}

static struct scope
scope_planned(const struct check_in *in, const struct child_sa *child, uint64_t variant)
{
    struct scope where = scope_message(in);

    where.basis = BASIS_CONFIGURED;
    where.child = child;
    where.variant = variant;
    return where;
}

/* Types that the plan leaves out match anything. */
static bool
is_one_of(const struct proposal *chosen, const char *planned)
{
    char **all = g_strsplit(planned, ",", -1);
    bool held = false;

    for (size_t i = 0; !held && all[i]; i++) {
        struct transform room[WORDS];
        size_t n = suite_parse(all[i], room, WORDS);
        held = true;
        for (size_t k = 0; held && k < n; k++) {
            /* Without a key exchange of its own the first Child SA has no group (RFC 7296 section
             * 1.2): pfs says of that. */
            held = suite_has(chosen, &room[k]) ||
                   (room[k].type == TRANSFORM_KE && chosen->protocol != PROTO_IKE &&
                    !(suite_type_mask(chosen) & 1u << TRANSFORM_KE));
        }
    }
    g_strfreev(all);
    return held;
}

static void
suite(const struct check_in *in, struct findings *out, const char *planned,
      const struct kept_proposal *chosen, const struct endpoint *peer, const struct child_sa *child,
      const char *layer)
{
    struct scope where = scope_planned(in, child, child ? 2 : 1);
    char who[ID_TEXT_MAX];

    if (planned && chosen && !is_one_of(chosen->p, planned)) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "%s negotiates %s (frame %u); the plan for %s has %s:%s.",
                    endpoint_print(peer, who, sizeof who), chosen->text, chosen->frame, who, layer,
                    planned);
    }
}

/* How that end proves who it is; PLAN_AUTH_ANY where that was not read. */
static enum plan_auth
auth_of(const struct ike_sa *sa, bool initiator)
{
    uint16_t method = sa->major == 2 && !initiator ? sa->auth_method_r : sa->auth_method;

    if (sa->major == 1) {
        return method >= AUTH1_HYBRID_RSA_SIGNATURE_I ? PLAN_AUTH_XAUTH :
               method == AUTH1_PSK         ? PLAN_AUTH_PSK :
               method                      ? PLAN_AUTH_PUBKEY :
                                             PLAN_AUTH_ANY;
    }
    if (initiator && sa->eap) {
        return PLAN_AUTH_EAP;
    }
    return method == AUTH2_PSK ? PLAN_AUTH_PSK : method ? PLAN_AUTH_PUBKEY : PLAN_AUTH_ANY;
}

static void
ends(const struct check_in *in, struct findings *out, const struct plan_peer *plan,
     const struct endpoint *peer)
{
    const struct ike_sa *sa = in->ike->sa;
    bool initiator = peer == &sa->initiator;
    const struct endpoint *other = initiator ? &sa->responder : &sa->initiator;
    enum plan_auth auth = auth_of(sa, initiator);
    char who[ID_TEXT_MAX];
    struct scope where = scope_planned(in, NULL, 100);

    endpoint_print(peer, who, sizeof who);
    if (plan->auth && auth && auth != plan->auth) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "%s authenticates with %s; the plan has %s.", who, plan_auth_name(auth),
                    plan_auth_name(plan->auth));
    }
    where.variant++;
    if (plan->id && peer->id && strcmp(plan->id, peer->id) != 0) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "%s identifies itself this way in frame %u; the plan has the identity "
                    "%s.", peer->id,
                    peer->id_frame, plan->id);
    }
    where.variant++;
    if (plan->other && other->id && strcmp(plan->other, other->id) != 0) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "The peer of %s identifies itself as %s in frame %u; the plan has %s.", who,
                    other->id, other->id_frame, plan->other);
    }
}

/* IKEv2 negotiates no lifetime. */
static void
lifetime(const struct check_in *in, struct findings *out, uint32_t planned,
         const struct kept_proposal *chosen, const struct endpoint *peer,
         const struct child_sa *child)
{
    struct scope where = scope_planned(in, child, child ? 111 : 110);
    char who[ID_TEXT_MAX];

    if (planned && chosen && chosen->p->v1 && chosen->p->attr.life_s &&
        chosen->p->attr.life_s != planned) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "%s negotiates a lifetime of %u seconds for %s (frame %u); the plan has %u.",
                    endpoint_print(peer, who, sizeof who), chosen->p->attr.life_s,
                    child ? "the Child SA" : "phase 1", chosen->frame, planned);
    }
}

static uint16_t
group_of(const struct proposal *p)
{
    for (uint16_t i = 0; i < p->num_transforms; i++) {
        if (p->transforms[i].type == TRANSFORM_KE) {
            return p->transforms[i].id;
        }
    }
    return KE_NONE;
}

static void
mode_and_pfs(const struct check_in *in, struct findings *out, const struct plan_peer *plan,
             const struct endpoint *peer)
{
    const struct child_sa *c = in->ike->child;
    struct scope where = scope_planned(in, c, 120);
    char who[ID_TEXT_MAX], has[64], wants[64];
    uint16_t group;

    endpoint_print(peer, who, sizeof who);
    if (plan->mode && c->basis != BASIS_INFERRED &&
        c->transport != (plan->mode == PLAN_MODE_TRANSPORT)) {
        finding_add(out, CHECK_plan_mismatch, &where,
                    "%s negotiates %s mode; the plan has %s mode.",
                    who, c->transport ? "transport" : "tunnel",
                    c->transport ? "tunnel" : "transport");
    }
    /* The first Child SA of IKEv2 comes with the keys of the IKE SA (RFC 7296 section 1.2). */
    if (!plan->pfs || !c->chosen || (c->ike_sa->major == 2 && c->exchange_type == V2_IKE_AUTH)) {
        return;
    }
    where.variant++;
    group = group_of(c->chosen->p);
    if (plan->pfs == PLAN_PFS_GROUP ? group != plan->pfs_group :
                                      (group != KE_NONE) != (plan->pfs == PLAN_PFS_YES)) {
        struct transform had = { TRANSFORM_KE, group, 0 },
                         wanted = { TRANSFORM_KE, plan->pfs_group, 0 };
        finding_add(out, CHECK_plan_mismatch, &where,
                    group == KE_NONE ? "%s negotiates %s (frame %u); the plan has %s." :
                                       "%s negotiates PFS with %s (frame %u); the plan has %s.",
                    who, group == KE_NONE ? "no PFS" : transform_say(&had, has, sizeof has),
                    c->chosen->frame,
                    plan->pfs == PLAN_PFS_GROUP ? transform_say(&wanted, wants, sizeof wants) :
                    plan->pfs == PLAN_PFS_YES   ? "a group" :
                                                  "no PFS");
    }
}

static void
addresses(const struct check_in *in, struct findings *out, const struct plan_peer *plan,
          const struct endpoint *peer)
{
    const struct child_sa *c = in->ike->child;
    bool initiator = peer == &in->ike->sa->initiator;
    struct selector bound = selector_host(&plan->virtual_ip);
    char who[ID_TEXT_MAX], list[TS_TEXT_MAX], ip[ADDR_TEXT_MAX];
    const struct selector *s;
    struct scope where = scope_message(in);
    size_t n;

    where.basis = BASIS_CONFIGURED;
    where.child = c;
    s = child_selectors(c, initiator, &n);
    if (plan->has_virtual_ip && n && !c->transport) {
        bool held = false;
        for (size_t i = 0; i < n; i++) {
            held |= selector_has_addr(&s[i], &bound.lo);
        }
        if (!held) {
            where.variant = 3;
            finding_add(out, CHECK_plan_mismatch, &where,
                        "%s negotiates the selector %s; the plan binds %s to this peer.",
                        endpoint_print(peer, who, sizeof who),
                        selectors_print(s, n, list, sizeof list),
                        ip_print(&plan->virtual_ip, ip, sizeof ip));
        }
    }
    s = child_selectors(c, !initiator, &n);
    for (size_t i = 0; plan->num_networks && i < n; i++) {
        bool held = false;
        for (size_t k = 0; k < plan->num_networks; k++) {
            held |= selector_within(&s[i], &plan->networks[k]);
        }
        if (!held) {
            where.variant = 4 + i;
            finding_add(out, CHECK_plan_mismatch, &where,
                        "%s negotiates access to %s, which is in no network of its plan.",
                        endpoint_print(peer, who, sizeof who),
                        selectors_print(&s[i], 1, list, sizeof list));
        }
    }
}

void
check_plan_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    const struct endpoint *who;
    const struct plan_peer *p;

    if (!plan_count(in->plan) || !e->sa || e->retransmission_of || e->duplicate ||
        (!e->established && !e->child)) {
        return;
    }
    p = peer_of(in, &who);
    if (!p) {
        return;
    }
    if (e->established) {
        suite(in, out, p->ike, e->sa->chosen, who, NULL, "IKE");
        ends(in, out, p, who);
        lifetime(in, out, p->ike_lifetime, e->sa->chosen, who, NULL);
    }
    if (e->child) {
        suite(in, out, p->esp, e->child->chosen, who, e->child, "ESP");
        addresses(in, out, p, who);
        mode_and_pfs(in, out, p, who);
        lifetime(in, out, p->lifetime, e->child->chosen, who, e->child);
    }
}

/* --- what the plan could not be held against -------------------------------------------- */

/* What the plan says of the peer's Child SAs, or of what only encrypted messages tell. */
static bool
needs_reading(const struct plan_peer *p)
{
    return p->esp || p->has_virtual_ip || p->num_networks || p->mode || p->pfs || p->lifetime ||
           p->other || p->id || p->auth;
}

/* The plan's peer is an end of the IKE SA, by name or by address. */
static bool
is_end(const struct plan_peer *p, const struct ike_sa *sa)
{
    const struct endpoint *const two[] = { &sa->initiator, &sa->responder };
    struct ip_addr a;

    for (size_t i = 0; i < G_N_ELEMENTS(two); i++) {
        if ((two[i]->id && strcmp(two[i]->id, p->peer) == 0) ||
            (ip_parse(&a, p->peer) && ip_equal(&a, &two[i]->addr))) {
            return true;
        }
    }
    return false;
}

static bool
has_read_child(const struct ike_sa *sa)
{
    for (uint32_t i = 0; i < sa->children.len; i++) {
        if (sa->children.at[i]->basis != BASIS_INFERRED) {
            return true;
        }
    }
    return false;
}

/* The first and last frames of sa's messages that nobody could read; false where there is none. */
static bool
unread_frames(const struct ike_sa *sa, uint32_t *first, uint32_t *last)
{
    *first = *last = 0;
    for (uint32_t i = 0; i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        for (uint32_t k = 0; k < x->messages.len; k++) {
            const struct exchange_message *m = &x->messages.at[k];
            if (m->encrypted && !m->readable && !m->injected && !x->injected) {
                *first = *first && *first < m->frame ? *first : m->frame;
                *last = MAX(*last, m->frame);
            }
        }
    }
    return *first != 0;
}

static void
one_unmatched(const struct check_in *in, struct findings *out, const struct plan_peer *p, size_t at)
{
    struct scope where = {
        .basis = BASIS_CONFIGURED, .frame = 1, .exchange = NO_ID, .variant = at
    };
    const struct ike_sa *unread = NULL;
    uint32_t first, last, hidden = 0;
    bool seen = false, compared = false;

    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        bool closed = unread_frames(sa, &first, &last);
        if (!is_end(p, sa)) {
            hidden += closed && !sa->initiator.id;
            continue;
        }
        seen = true;
        compared |= sa->stood && (!needs_reading(p) || has_read_child(sa));
        unread = closed && !unread ? sa : unread;
    }
    if (compared || (seen && !unread)) {
        return;                 /* what failed before it could be compared has its own row */
    }
    if (unread) {
        (void)unread_frames(unread, &first, &last);
        where.frame = first;
        where.sa = unread;
        where.remedy = "Give the keys of this IKE SA: without them the capture does not show what "
                       "was negotiated.";
        finding_add(out, CHECK_plan_unmatched, &where,
                    "The plan for %s was compared with %s only: frames %u to %u are encrypted, and "
                    "no key given decrypts them.",
                    p->peer, unread->major == 1 ? "phase 1" : "IKE_SA_INIT", first, last);
    } else if (hidden) {
        where.remedy = "Give the keys, or name the peer by its address: identities are encrypted.";
        finding_add(out, CHECK_plan_unmatched, &where,
                    "%s of the plan was not found; %u IKE SA%s in this capture hide%s the "
                    "initiator's identity.",
                    p->peer, hidden, hidden == 1 ? "" : "s", hidden == 1 ? "s" : "");
    } else {
        finding_add(out, CHECK_plan_unmatched, &where,
                    "%s of the plan is not a peer of any IKE SA in this capture: nothing was "
                    "compared.",
                    p->peer);
    }
}

void
check_plan_unmatched(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; sadb_num_frames(in->db) && i < plan_count(in->plan); i++) {
        one_unmatched(in, out, plan_peer_at(in->plan, i), i);
    }
}
