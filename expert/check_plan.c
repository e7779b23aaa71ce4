/* check_plan.c - the negotiation against the analyst's planning sheet.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

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

/* Types that the plan leaves out match anything. */
static void
suite(const struct check_in *in, struct findings *out, const char *planned,
      const struct kept_proposal *chosen, const struct endpoint *peer, const struct child_sa *child,
      const char *layer)
{
    struct transform room[WORDS];
    struct proposal p = { .transforms = room };
    struct scope where = scope_message(in);
    char who[ID_TEXT_MAX];

    if (!planned || !chosen) {
        return;
    }
    p.num_transforms = (uint16_t)suite_parse(planned, room, WORDS);
    for (size_t i = 0; i < p.num_transforms; i++) {
        if (!suite_has(chosen->p, &room[i])) {
            where.basis = BASIS_CONFIGURED;
            where.child = child;
            where.variant = child ? 2 : 1;
            finding_add(out, CHECK_plan_mismatch, &where,
                        "%s negotiates %s (frame %u); the plan for %s has %s:%s.",
                        endpoint_print(peer, who, sizeof who), chosen->text, chosen->frame, who,
                        layer, planned);
            return;
        }
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
                        "%s negotiates the selector %s; the plan binds %s to it.",
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
                        "%s negotiates access to %s, which no network of its plan holds.",
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
    }
    if (e->child) {
        suite(in, out, p->esp, e->child->chosen, who, e->child, "ESP");
        addresses(in, out, p, who);
    }
}
