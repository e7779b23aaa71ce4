/* past.c - clear packets that pass by a tunnel since their source is the tunnel's own outer address
 * (RFC 4301 section 5.1: the policy is asked for both addresses).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

/* A private address: no way leads there but through a tunnel or within one
 * network. */
static bool
is_private(const struct ip_addr *a)
{
    const uint8_t *b = a->bytes;

    if (a->family == 6) {
        return (b[0] & 0xfe) == 0xfc;
    }
    return b[0] == 10 || (b[0] == 172 && (b[1] & 0xf0) == 16) || (b[0] == 192 && b[1] == 168);
}

/* What a host says of others' packets, of names and addresses of its own link, or of time: it goes
 * out under the host's own address, whatever the tunnel is for. */
static bool
is_hosts_own(const struct inner_packet *p)
{
    enum { DHCP_SERVER = 67, DHCP_CLIENT = 68 };
    unsigned type = p->src_port >> 8;

    switch (p->protocol) {
    case IP_ICMP: return type != ICMP_ECHO_REQUEST && type != ICMP_ECHO_REPLY;
    case IP_ICMPV6: return type != ICMPV6_ECHO_REQUEST && type != ICMPV6_ECHO_REPLY;
    case IP_UDP: return p->dst_port == DHCP_SERVER || p->dst_port == DHCP_CLIENT;
    default: return p->fragment;
    }
}

static bool
selects(const struct selector *ts, size_t num, const struct ip_addr *a)
{
    struct inner_packet to = { .src = *a, .dst = *a };

    for (size_t i = 0; i < num && i < IKE_MAX_SELECTORS; i++) {
        if (selectors_admit(&ts[i], 1, &to, false) != REFUSED_ADDRESS) {
            return true;
        }
    }
    return false;
}

/* From the outer address of one end of c to the network of the other, or back: a network that is
 * no place beside the two outer addresses. */
static bool
goes_past(const struct child_sa *c, const struct inner_packet *p, bool to_responder, bool back)
{
    const struct ip_addr *near = to_responder ? &c->addr_i : &c->addr_r;
    const struct ip_addr *far = to_responder ? &c->addr_r : &c->addr_i;
    const struct selector *ts;
    size_t num;

    if (!ip_equal(back ? &p->dst : &p->src, near) || ip_equal(back ? &p->src : &p->dst, far)) {
        return false;
    }
    ts = child_selectors(c, !to_responder, &num);
    return num && selectors_admit(ts, num, p, back) == ADMITTED && !selects(ts, num, near) &&
           !selects(ts, num, far);
}

/* Outside a NAT the address is that of everybody behind it. */
static bool
is_shared(const struct ike_sa *sa, bool initiator, const struct ip_addr *a)
{
    return ike_sa_behind_nat(sa, initiator) && !is_private(a);
}

/* Selectors are known: of the newest Child SA that fits. */
static bool
past_child(struct sadb *db, const struct inner_packet *p, struct past_packet *out)
{
    for (struct newest n = newest_first(db->child_sas->len, SADB_MAX_CLEAR_SAS); newest_next(&n);) {
        const struct child_sa *c = database_child_sa(db, n.i);
        if (c->transport || c->basis == BASIS_INFERRED || c->state != CHILD_INSTALLED ||
            !c->established) {
            continue;
        }
        for (unsigned way = 0; way < 4; way++) {
            bool to_r = way & 1, back = way & 2;
            if (goes_past(c, p, to_r, back) &&
                !is_shared(c->ike_sa, to_r, back ? &p->dst : &p->src)) {
                *out = (struct past_packet){ out->frame, back, to_r, p->src, p->dst, c->ike_sa, c };
                return true;
            }
        }
    }
    return false;
}

/* They are not: a private address to which, or from which, an end of an SA sends in clear under an
 * address that is none. */
static bool
past_ike_sa(struct sadb *db, const struct inner_packet *p, struct past_packet *out)
{
    const struct ip_addr *end = is_private(&p->src) ? &p->dst : &p->src;

    if (is_private(&p->src) == is_private(&p->dst)) {
        return false;
    }
    for (struct newest n = newest_first(db->stood->len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct ike_sa *sa = (const struct ike_sa *)g_ptr_array_index(db->stood, n.i);
        bool initiator = ip_equal(&sa->initiator.addr, end);
        if (sa->state != IKE_ESTABLISHED || sa->auth_read || sa->num_readable ||
            !(initiator || ip_equal(&sa->responder.addr, end)) || is_shared(sa, initiator, end)) {
            continue;
        }
        *out = (struct past_packet){ out->frame, end == &p->dst, initiator, p->src, p->dst, sa,
                                     NULL };
        return true;
    }
    return false;
}

bool
track_past(struct sadb *db, const struct path_event *e)
{
    const struct inner_packet *p = &e->packet->clear;
    struct past_packet one = { .frame = e->at.frame };

    if (is_hosts_own(p) || !(past_child(db, p, &one) || past_ike_sa(db, p, &one))) {
        return false;
    }
    if (db->past->len < SADB_MAX_CLEAR) {
        g_array_append_val(db->past, one);
    } else {
        store_cap(&db->store, "clear packets past a tunnel");
    }
    return true;
}
