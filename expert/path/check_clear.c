/* check_clear.c - packets in clear that pass by a tunnel.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

enum {
    LEAST_KNOWN = 2,            /* packets to a network that the selectors name */
    LEAST_INFERRED = 3,         /* to some private address */
    MAX_PASSES = 64             /* tunnels and addresses told apart */
};

/* Packets past one tunnel; where no selectors were read, to one address. */
struct passes {
    const struct past_packet *first;
    uint32_t num, back;
};

static bool
same_passes(const struct past_packet *a, const struct past_packet *b)
{
    const struct ip_addr *far_a = a->back ? &a->src : &a->dst;
    const struct ip_addr *far_b = b->back ? &b->src : &b->dst;

    return a->sa == b->sa && a->child == b->child && a->to_responder == b->to_responder &&
           (a->child || ip_equal(far_a, far_b));
}

/* The SA carries nothing that way but answers: as much comes as goes. */
static bool
only_answers(const struct past_packet *p)
{
    const struct child_list *children = &p->sa->children;
    uint64_t there = 0, back = 0;

    for (struct newest n = newest_first(children->len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = children->at[n.i];
        if (p->child && c != p->child && c->rekeyed_by != p->child->id &&
            p->child->rekeyed_by != c->id) {
            continue;
        }
        for (guint k = 0; k < c->streams.len && k < SADB_MAX_PER_PEER; k++) {
            const struct stream *s = c->streams.at[k];
            *(s->to_responder == p->to_responder ? &there : &back) += s->packets;
        }
    }
    return there <= back;
}

/* Returns how many there are. */
static unsigned
count_passes(const struct sadb *db, struct passes all[MAX_PASSES])
{
    unsigned n = 0, i;

    for (size_t k = 0; k < sadb_num_past(db); k++) {
        const struct past_packet *p = sadb_past(db, k);
        for (i = 0; i < n && !same_passes(all[i].first, p); i++) {
        }
        if (i == MAX_PASSES) {
            continue;
        }
        if (i == n) {
            all[n++] = (struct passes){ .first = p };
        }
        all[i].num += !p->back;
        all[i].back += p->back;
    }
    return n;
}

/* The selectors of the far end, as far as there is room. */
static void
network(const struct past_packet *p, char *out, size_t size)
{
    size_t num;
    const struct selector *ts;

    if (!p->child) {
        ip_print(p->back ? &p->src : &p->dst, out, size);
        return;
    }
    ts = child_selectors(p->child, !p->to_responder, &num);
    for (size_t i = 0; i < num; i++) {
        if (selectors_admit(&ts[i], 1, &(struct inner_packet){ .src = p->dst, .dst = p->dst },
                            false) != REFUSED_ADDRESS) {
            selector_print(&ts[i], out, size);
            return;
        }
    }
    ip_print(&p->dst, out, size);
}

static void
report_passes(struct findings *out, const struct sadb *db, const struct passes *all)
{
    const struct past_packet *first = all->first;
    struct scope where = { .basis = first->child ? first->child->basis : BASIS_INFERRED,
                           .sa = first->sa, .child = first->child, .exchange = NO_ID };
    char who[ADDR_TEXT_MAX], net[TS_TEXT_MAX], remedy[TEXT_MAX], name[64];

    where.variant = (uint64_t)first->frame << 1 | first->to_responder;
    ip_print(first->back ? &first->dst : &first->src, who, sizeof who);
    network(first, net, sizeof net);
    g_snprintf(remedy, sizeof remedy,
               "Exempt %s from source NAT on %s with a rule above the masquerade rule; if %s "
               "itself sends these packets, make it use an address of its own network.", net, who,
               who);
    where.remedy = remedy;
    if (first->child) {
        g_snprintf(name, sizeof name, "Child SA %u", first->child->id);
    } else {
        g_snprintf(name, sizeof name, "IKE SA %u", first->sa->id);
    }
    for (size_t k = 0; k < sadb_num_past(db); k++) {
        const struct past_packet *p = sadb_past(db, k);
        if (p->back || !same_passes(p, first)) {
            continue;
        }
        where.frame = p->frame;
        if (first->child) {
            finding_add(out, CHECK_source_nat_before_ipsec, &where,
                        "%s sends packets for %s in clear and from its own address, although %s is "
                        "up and admits other sources: source NAT is applied before the IPsec "
                        "policy.", who, net, name);
        } else {
            finding_add(out, CHECK_source_nat_before_ipsec, &where,
                        "%s has a tunnel (%s) but sends packets for %s, a private address, in "
                        "clear and from its own address; nothing comes back. Suggests that source "
                        "NAT is applied before the IPsec policy.", who, name, net);
        }
    }
}

void
check_source_nat_before_ipsec(const struct check_in *in, struct findings *out)
{
    struct passes all[MAX_PASSES];
    unsigned n = count_passes(in->db, all);

    for (unsigned i = 0; i < n; i++) {
        if (!all[i].back && all[i].num >= (all[i].first->child ? LEAST_KNOWN : LEAST_INFERRED) &&
            only_answers(all[i].first)) {
            report_passes(out, in->db, &all[i]);
        }
    }
}

/* --- the remote network is the local one ----------------------------------------- */

/* Somebody on the link has the address. */
static bool
is_on_link(const struct sadb *db, const struct sought_neighbor *asked)
{
    for (size_t i = 0; i < sadb_num_sought(db) && i < SADB_MAX_LOOKED_AT; i++) {
        const struct sought_neighbor *s = sadb_sought(db, i);
        if (s->answers && ip_equal(&s->addr, &asked->addr)) {
            return true;
        }
    }
    return false;
}

/* The SA carries no packet that way. */
static bool
is_unused(const struct child_sa *c, bool to_responder)
{
    for (guint i = 0; i < c->streams.len; i++) {
        if (c->streams.at[i]->to_responder == to_responder) {
            return false;
        }
    }
    return true;
}

/* At least twice, for the kernel asks again for what is not there. */
static bool
is_sought(const struct sadb *db, const struct sought_neighbor *s)
{
    unsigned asked = 0;

    for (size_t i = 0; i < sadb_num_sought(db) && i < SADB_MAX_LOOKED_AT; i++) {
        const struct sought_neighbor *other = sadb_sought(db, i);
        asked += !other->answers && other->child == s->child && ip_equal(&other->addr, &s->addr);
    }
    return asked >= 2 && !is_on_link(db, s);
}

void
check_remote_network_on_link(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_sought(in->db) && i < SADB_MAX_LOOKED_AT; i++) {
        const struct sought_neighbor *s = sadb_sought(in->db, i);
        const struct child_sa *c = s->child;
        struct scope where = { .basis = c->basis, .frame = s->frame, .sa = c->ike_sa, .child = c,
                               .exchange = NO_ID };
        const struct endpoint *by = s->to_responder ? &c->ike_sa->initiator : &c->ike_sa->responder;
        char who[ID_TEXT_MAX], addr[ADDR_TEXT_MAX], net[TS_TEXT_MAX];

        if (s->answers || !is_unused(c, s->to_responder) || !is_sought(in->db, s)) {
            continue;
        }
        network(&(struct past_packet){ .child = c, .to_responder = s->to_responder,
                                       .dst = s->addr }, net, sizeof net);
        finding_add(out, CHECK_remote_network_on_link, &where,
                    "%s looks on its own link for %s, an address of %s behind Child SA %u, and the "
                    "SA carries nothing in that direction: its own network has the same addresses.",
                    endpoint_print(by, who, sizeof who), ip_print(&s->addr, addr, sizeof addr), net,
                    c->id);
    }
}
