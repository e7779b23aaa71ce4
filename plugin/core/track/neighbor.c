/* neighbor.c - who looks on its own link for an address that a tunnel leads to.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

void
track_link(struct turn *t)
{
    const struct sighting *at = &t->e->at;
    struct ike_sa *sa = t->sa;

    if (!sa) {
        return;
    }
    sa->own_ports |= at->own_ports;
    if (!at->link) {
        return;
    }
    if (ip_equal(&at->src, &sa->initiator.addr)) {
        sa->link_i = at->link;
    } else if (ip_equal(&at->src, &sa->responder.addr)) {
        sa->link_r = at->link;
    }
}

static bool
holds(const struct selector *ts, size_t num, const struct ip_addr *a)
{
    struct inner_packet to = { .src = *a, .dst = *a };

    return num && selectors_admit(ts, num, &to, false) != REFUSED_ADDRESS;
}

/* That end of c asks: under its outer address, or with the link address of its IKE messages. */
static bool
is_end(const struct child_sa *c, bool initiator, const struct sighting *at)
{
    uint64_t link = initiator ? c->ike_sa->link_i : c->ike_sa->link_r;

    return ip_equal(&at->src, initiator ? &c->addr_i : &c->addr_r) || (link && link == at->link);
}

/* Nothing is said of wide selectors, which hold the other gateway too, and of wide ones that hold
 * the network of the link. */
static bool
concerns(const struct child_sa *c, bool to_responder, const struct sighting *at, bool answers)
{
    size_t num;
    const struct selector *ts = child_selectors(c, !to_responder, &num);
    const struct ip_addr *far = to_responder ? &c->addr_r : &c->addr_i;

    if (!answers && !is_end(c, to_responder, at)) {
        return false;
    }
    return holds(ts, num, answers ? &at->src : &at->dst) && !holds(ts, num, far) &&
           !ip_equal(&at->dst, far);
}

bool
track_neighbor(struct sadb *db, struct path_event *e)
{
    bool answers = e->packet->neighbor_answers;
    struct sought_neighbor one = { .frame = e->at.frame, .answers = answers,
                                   .addr = answers ? e->at.src : e->at.dst, .by = e->at.src };

    for (struct newest n = newest_first(db->child_sas->len, SADB_MAX_CLEAR_SAS); newest_next(&n);) {
        const struct child_sa *c = database_child_sa(db, n.i);
        if (c->transport || c->basis == BASIS_INFERRED || c->state != CHILD_INSTALLED ||
            !c->established) {
            continue;
        }
        for (unsigned to_r = 0; to_r < 2; to_r++) {
            if (!concerns(c, to_r, &e->at, answers)) {
                continue;
            }
            if (db->sought->len >= SADB_MAX_CLEAR) {
                store_cap(&db->store, "neighbours that a tunnel leads to");
                return false;
            }
            one.child = c;
            one.to_responder = to_r;
            g_array_append_val(db->sought, one);
            e->child = c;
            e->sa = c->ike_sa;
            return true;
        }
    }
    return false;
}
