/* check_address.c - outer, inner and assigned addresses against the SA (RFC 4301 section 5.2).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"
#include "words/bound.h"

#include <espial/hash.h>
#include <string.h>

/* "quick mode in frame 6" */
static const char *
negotiation(const struct child_sa *c, char *out, size_t size)
{
    char name[64];

    exchange_name(c->ike_sa->major, c->exchange_type, name, sizeof name);
    g_snprintf(out, (gulong)size, "%s in frame %u",
               c->exchange_type == V1_QUICK ? "quick mode" : name, c->negotiated_in);
    return out;
}

/* It is known where the two ends of the Child SA are. */
static bool
placed(const struct child_sa *c)
{
    return child_is_negotiated(c) && !c->ike_sa->path_unsure;
}

static const struct endpoint *
sender(const struct ipsec_event *e)
{
    return e->to_responder ? &e->child->ike_sa->initiator : &e->child->ike_sa->responder;
}

/* The packet was captured on the other side of a NAT; both sides were. */
static bool
at_nat(const struct ipsec_event *e)
{
    const struct ike_sa *sa = e->child->ike_sa;

    return ike_sa_is_at(sa, e->to_responder, &e->at.src) &&
           ike_sa_is_at(sa, !e->to_responder, &e->at.dst);
}

/* The end of the capture tells whether another point has the packet with the peer's own address. */
static void
doubt_address(const struct check_in *in, struct findings *out, bool begin)
{
    const struct ipsec_event *e = in->ipsec;

    if (sadb_points(in->db) && e->at.point) {
        findings_doubt(out, e->stream, e->unverified, begin || e->doubtful ? e->at.frame : 0);
    }
}

void
check_outer_source_violation(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct ip_addr *peer, *end;
    char from[ADDR_TEXT_MAX], is[ADDR_TEXT_MAX], how[80];
    struct scope where;

    if (!placed(e->child)) {
        return;
    }
    peer = e->to_responder ? &e->child->addr_i : &e->child->addr_r;
    end = e->to_responder ? &e->child->addr_r : &e->child->addr_i;
    if (ip_equal(peer, &e->at.src) || !ip_equal(end, &e->at.dst) || at_nat(e)) {
        return;
    }
    where = scope_packet(in);
    doubt_address(in, out, true);
    finding_add(out, CHECK_outer_source_violation, &where,
                "%s with SPI %08x comes from %s; the SA's peer is %s (%s), and no MOBIKE update or "
                "answered message explains the change.",
                ipsec_name(e->packet->protocol), e->packet->spi,
                ip_print(&e->at.src, from, sizeof from), ip_print(peer, is, sizeof is),
                negotiation(e->child, how, sizeof how));
    doubt_address(in, out, false);
}

void
check_outer_destination_violation(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct ip_addr *peer, *end;
    char to[ADDR_TEXT_MAX], is[ADDR_TEXT_MAX], how[80];
    struct scope where;

    if (!placed(e->child)) {
        return;
    }
    peer = e->to_responder ? &e->child->addr_i : &e->child->addr_r;
    end = e->to_responder ? &e->child->addr_r : &e->child->addr_i;
    if (!ip_equal(peer, &e->at.src) || ip_equal(end, &e->at.dst) || at_nat(e)) {
        return;
    }
    where = scope_packet(in);
    doubt_address(in, out, true);
    finding_add(out, CHECK_outer_destination_violation, &where,
                "%s with SPI %08x goes to %s; the SA's peer is %s (%s).",
                ipsec_name(e->packet->protocol), e->packet->spi,
                ip_print(&e->at.dst, to, sizeof to), ip_print(end, is, sizeof is),
                negotiation(e->child, how, sizeof how));
    doubt_address(in, out, false);
}

/* The inner packet of a tunnel-mode SA that is known from its negotiation, or NULL.  Of a packet
 * that comes again nobody sees the inside again (RFC 4303 section 3.4.3). */
static const struct inner_packet *
tunnelled(const struct check_in *in)
{
    const struct ipsec_event *e = in->ipsec;

    if (!e || !child_is_negotiated(e->child) || e->child->transport || e->replayed) {
        return NULL;
    }
    return e->packet->has_inner && e->packet->inner_tunnel ? &e->packet->inner : NULL;
}

/* Quick mode whose last message was not captured yet may have been taken the wrong way round: then
 * the selectors fit the other way. */
static bool
perhaps_turned(const struct ipsec_event *e, const struct inner_packet *p)
{
    const struct child_sa *c = e->child;
    const struct exchange_list *all = &c->ike_sa->exchanges;
    const struct exchange *x = NULL;

    if (c->exchange < all->len) {
        x = all->at[c->exchange];
    }
    return c->exchange_type == V1_QUICK && x && x->messages.len < 3 &&
           child_admits(c, p, !e->to_responder) <= ADMITTED_PERHAPS;
}

static const struct selector *
side(const struct ipsec_event *e, bool source, size_t *num)
{
    return child_selectors(e->child, source == e->to_responder, num);
}

/* Each inner address is a finding of its own. */
static uint64_t
variant_of(const struct ip_addr *a)
{
    return hash_octets(hash_seed(), a, sizeof *a);
}

static bool
one_host(const struct selector *s, size_t n)
{
    return n == 1 && ip_equal(&s->lo, &s->hi);
}

/* Who sends from that address may send in c: to its responder, or to its initiator. */
static bool
sends_in(const struct child_sa *c, const struct ip_addr *from, bool *to_responder)
{
    *to_responder = ip_equal(from, &c->addr_i) != 0;
    return *to_responder || ip_equal(from, &c->addr_r);
}

/* A live Child SA of another IKE SA of the sender's that alone has the address to which the packet
 * goes: its peer is who should get it.  NULL where there is none. */
static const struct child_sa *
other_peers_child(const struct sadb *db, const struct ipsec_event *e, const struct inner_packet *p)
{
    const struct ip_addr *from = e->to_responder ? &e->child->addr_i : &e->child->addr_r;

    for (struct newest n = newest_first((uint32_t)sadb_num_child_sas(db), SADB_MAX_CLEAR_SAS);
         newest_next(&n);) {
        const struct child_sa *c = sadb_child_sa(db, n.i);
        const struct selector *to;
        size_t num;
        bool to_responder;
        if (c->ike_sa == e->child->ike_sa || !child_is_negotiated(c) || c->deleted_in ||
            c->state != CHILD_INSTALLED || c->transport || !sends_in(c, from, &to_responder) ||
            child_holder(db, c) == child_holder(db, e->child)) {
            continue;
        }
        to = child_selectors(c, !to_responder, &num);
        if (one_host(to, num) && child_admits(c, p, to_responder) == ADMITTED) {
            return c;
        }
    }
    return NULL;
}

/* Another live Child SA, of the same IKE SA or else of another peer, that admits the packet which
 * its own refuses, or NULL.  Both must be certain: a fragment without ports may belong to either.
 * The violation itself is reported all the same: its filter must find each packet that the receiver
 * drops. */
static const struct child_sa *
right_child(const struct sadb *db, const struct ipsec_event *e, const struct inner_packet *p)
{
    const struct child_list *others = &e->child->ike_sa->children;

    if (!e->child->num_ts_i || !e->child->num_ts_r ||
        child_admits(e->child, p, e->to_responder) <= ADMITTED_PERHAPS) {
        return NULL;
    }
    for (guint i = 0; i < others->len && i < SADB_MAX_CLEAR_SAS; i++) {
        const struct child_sa *c = others->at[i];
        if (c != e->child && child_is_negotiated(c) && !c->deleted_in &&
            child_admits(c, p, e->to_responder) == ADMITTED) {
            return c;
        }
    }
    return other_peers_child(db, e, p);
}

/* "lisa@corp.example, 192.0.2.10": who has c with the one that sends the packet of e. */
static const char *
peer_of(const struct child_sa *c, const struct ipsec_event *e, char *out, size_t size)
{
    const struct ip_addr *from = e->to_responder ? &e->child->addr_i : &e->child->addr_r;
    const struct endpoint *peer =
        ip_equal(from, &c->addr_i) ? &c->ike_sa->responder : &c->ike_sa->initiator;
    char addr[ADDR_TEXT_MAX];

    ip_print(&peer->addr, addr, sizeof addr);
    if (peer->id && strcmp(peer->id, addr) != 0) {
        g_snprintf(out, (gulong)size, "%s, %s", peer->id, addr);
    } else {
        g_strlcpy(out, addr, size);
    }
    return out;
}

/* To widen selectors does not help a packet that another Child SA admits. */
static void
point_to(const struct child_sa *right, const struct ipsec_event *e, struct scope *where,
         char *remedy, size_t size)
{
    char who[ID_TEXT_MAX + ADDR_TEXT_MAX], to[ID_TEXT_MAX];

    if (!right) {
        return;
    }
    if (right->ike_sa == e->child->ike_sa) {
        g_snprintf(remedy, (gulong)size,
                   "Check the sender's policies: their order decides which SA a packet uses, and "
                   "Child SA %u (frame %u) admits this one. Leave the selectors as they are.",
                   right->id, right->negotiated_in);
    } else {
        g_snprintf(remedy, (gulong)size,
                   "Check the sender's policies: each peer needs its own, with that peer's address "
                   "instead of the whole pool and with its own reqid. The packet belongs in Child "
                   "SA %u (%s), not in that of %s. Leave the selectors as they are.",
                   right->id, peer_of(right, e, who, sizeof who),
                   endpoint_print(e->to_responder ? &e->child->ike_sa->responder :
                                                    &e->child->ike_sa->initiator, to, sizeof to));
    }
    where->remedy = remedy;
    where->variant ^= (uint64_t)right->id + 1;
}

/* RFC 4303 section 2.6.  Headers of other SAs, IPComp and aggregates hold packets, too. */
static bool
holds_packets(uint8_t next)
{
    return next == IP_IPV4 || next == IP_IPV6 || next == IP6_NO_NEXT || next == IP_ESP ||
           next == IP_AH || next == IP_IPCOMP || next == IP_AGGFRAG;
}

void
check_inner_header_unlikely(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct ipsec_packet *p = e->packet;
    char name[24];
    struct scope where;

    if (!child_is_negotiated(e->child) || e->child->transport || e->duplicate ||
        !e->child->established || !p->clear_read || p->icv != ICV_GOOD ||
        holds_packets(p->next_header)) {
        return;
    }
    where = scope_packet(in);
    where.basis = p->inner_basis;
    where.variant = p->next_header;
    finding_add(out, CHECK_inner_header_unlikely, &where,
                "The packet verifies, but it contains %s (next header %u); Child SA %u is in "
                "tunnel mode (frame %u), which requires a whole IP packet.",
                ip_protocol_name(p->next_header, name, sizeof name), p->next_header, e->child->id,
                e->child->negotiated_in);
}

void
check_inner_source_violation(const struct check_in *in, struct findings *out)
{
    const struct inner_packet *p = tunnelled(in);
    const struct ipsec_event *e = in->ipsec;
    char addr[ADDR_TEXT_MAX], list[TS_TEXT_MAX], how[80], who[ID_TEXT_MAX], host[ADDR_TEXT_MAX],
        remedy[TEXT_MAX];
    const struct selector *s;
    struct scope where;
    size_t n;

    if (!e) {
        beside_sources(in, out, CHECK_inner_source_violation);
    }
    if (!p) {
        return;
    }
    s = side(e, true, &n);
    if (selectors_admit(s, n, p, true) != REFUSED_ADDRESS || perhaps_turned(e, p)) {
        return;
    }
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    where.variant = variant_of(&p->src);
    ip_print(&p->src, addr, sizeof addr);
    endpoint_print(sender(e), who, sizeof who);
    if (one_host(s, n)) {
        ip_print(&s->lo, host, sizeof host);
        g_snprintf(remedy, sizeof remedy,
                   "Give %s the address %s that the SA admits, or bind %s to this peer on the "
                   "other end and negotiate again; both ends must use the same address.",
                   who, host, addr);
        where.remedy = remedy;
    }
    point_to(right_child(in->db, e, p), e, &where, remedy, sizeof remedy);
    finding_add(out, CHECK_inner_source_violation, &where,
                "Inner source %s, but Child SA %u (SPI %08x, %s) admits only %s from %s.", addr,
                e->child->id, e->packet->spi, negotiation(e->child, how, sizeof how),
                selectors_print(s, n, list, sizeof list), who);
}

void
check_inner_destination_violation(const struct check_in *in, struct findings *out)
{
    const struct inner_packet *p = tunnelled(in);
    const struct ipsec_event *e = in->ipsec;
    char addr[ADDR_TEXT_MAX], list[TS_TEXT_MAX], how[80], who[ID_TEXT_MAX], remedy[TEXT_MAX];
    const struct selector *s;
    struct scope where;
    size_t n;

    if (!p) {
        return;
    }
    s = side(e, false, &n);
    if (selectors_admit(s, n, p, false) != REFUSED_ADDRESS || perhaps_turned(e, p)) {
        return;
    }
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    where.variant = variant_of(&p->dst);
    point_to(right_child(in->db, e, p), e, &where, remedy, sizeof remedy);
    finding_add(out, CHECK_inner_destination_violation, &where,
                "Inner destination %s, but Child SA %u (SPI %08x, %s) admits only %s from %s.",
                ip_print(&p->dst, addr, sizeof addr), e->child->id, e->packet->spi,
                negotiation(e->child, how, sizeof how), selectors_print(s, n, list, sizeof list),
                endpoint_print(sender(e), who, sizeof who));
}

void
check_inner_selector_violation(const struct check_in *in, struct findings *out)
{
    const struct inner_packet *p = tunnelled(in);
    const struct ipsec_event *e = in->ipsec;
    const struct selector *src, *dst;
    char a[TS_TEXT_MAX], b[TS_TEXT_MAX], how[80], name[16], remedy[TEXT_MAX];
    struct scope where;
    size_t num_src, num_dst;

    if (!p || child_admits(e->child, p, e->to_responder) != REFUSED_PORT || perhaps_turned(e, p)) {
        return;
    }
    src = side(e, true, &num_src);
    dst = side(e, false, &num_dst);
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    where.variant = (uint64_t)p->protocol << 32 | (uint64_t)p->src_port << 16 | p->dst_port;
    point_to(right_child(in->db, e, p), e, &where, remedy, sizeof remedy);
    finding_add(out, CHECK_inner_selector_violation, &where,
                "Inner %s packet with ports %u and %u, but Child SA %u (SPI %08x, %s) admits only "
                "%s === %s.",
                ip_protocol_name(p->protocol, name, sizeof name), p->src_port, p->dst_port,
                e->child->id, e->packet->spi, negotiation(e->child, how, sizeof how),
                selectors_print(src, num_src, a, sizeof a),
                selectors_print(dst, num_dst, b, sizeof b));
}

/* A selector that holds src without the bound address is a network behind the client. */
static bool
behind_client(const struct ipsec_event *e, const struct ip_addr *src, const struct ip_addr *bound)
{
    size_t n;
    const struct selector *s = side(e, true, &n);

    for (size_t i = 0; i < n; i++) {
        if (selector_has_addr(&s[i], src) && !selector_has_addr(&s[i], bound) &&
            !ip_equal(&s[i].lo, &s[i].hi)) {
            return true;
        }
    }
    return false;
}

static void
against_plan(const struct check_in *in, struct findings *out, const struct inner_packet *p)
{
    const struct ipsec_event *e = in->ipsec;
    const struct endpoint *from = sender(e);
    struct bound_otherwise b;
    char addr[ADDR_TEXT_MAX];
    struct scope where;

    if (!plan_binds_otherwise(in, &b, from, &p->src)) {
        return;
    }
    where = scope_packet(in);
    where.basis = BASIS_CONFIGURED;
    where.variant = variant_of(&p->src);
    where.remedy = b.remedy;
    finding_add(out, CHECK_virtual_ip_violation, &where,
                "Inner source %s in SPI %08x%s", ip_print(&p->src, addr, sizeof addr),
                e->packet->spi, b.text);
}

void
check_virtual_ip_violation(const struct check_in *in, struct findings *out)
{
    const struct inner_packet *p = tunnelled(in);
    const struct ipsec_event *e = in->ipsec;
    const struct assigned_address *last = NULL;
    char addr[ADDR_TEXT_MAX], bound[ADDR_TEXT_MAX], who[ID_TEXT_MAX], gateway[ID_TEXT_MAX];
    struct scope where;

    if (!e) {
        beside_sources(in, out, CHECK_virtual_ip_violation);
    }
    if (!p) {
        return;
    }
    against_plan(in, out, p);
    for (guint i = 0; e->to_responder && i < e->child->ike_sa->addresses->len; i++) {
        const struct assigned_address *a = &e->child->ike_sa->addresses->at[i];
        if (ip_equal(&a->addr, &p->src) ||
            (a->addr.family == p->src.family && behind_client(e, &p->src, &a->addr))) {
            return;
        }
        last = a->addr.family == p->src.family ? a : last;
    }
    if (!last) {
        return;
    }
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    where.variant = variant_of(&p->src) + 1;
    finding_add(out, CHECK_virtual_ip_violation, &where,
                "Inner source %s, but %s assigned %s to %s (%s, frame %u).",
                ip_print(&p->src, addr, sizeof addr),
                endpoint_print(&e->child->ike_sa->responder, gateway, sizeof gateway),
                ip_print(&last->addr, bound, sizeof bound),
                endpoint_print(sender(e), who, sizeof who),
                last->mode_config ? "Mode Config" : "configuration payload", last->frame);
}

void
check_wrong_child_sa(const struct check_in *in, struct findings *out)
{
    const struct inner_packet *p = tunnelled(in);
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *right = p && !perhaps_turned(e, p) ? right_child(in->db, e, p) : NULL;
    char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], by[ID_TEXT_MAX], to[ID_TEXT_MAX],
        who[ID_TEXT_MAX + ADDR_TEXT_MAX], remedy[TEXT_MAX];
    struct scope where;

    if (!right) {
        return;
    }
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    where.variant = right->id;
    if (right->ike_sa != e->child->ike_sa) {
        const struct ike_sa *sa = e->child->ike_sa;
        where.variant = 0;
        point_to(right, e, &where, remedy, sizeof remedy);
        where.variant = right->id;
        finding_add(out, CHECK_wrong_child_sa, &where,
                    "A packet from %s to %s is sent in Child SA %u (SPI %08x), which does not "
                    "admit it; it belongs in Child SA %u (%s, frame %u), but %s sends it to %s.",
                    ip_print(&p->src, src, sizeof src), ip_print(&p->dst, dst, sizeof dst),
                    e->child->id, e->packet->spi, right->id, peer_of(right, e, who, sizeof who),
                    right->negotiated_in, endpoint_print(sender(e), by, sizeof by),
                    endpoint_print(e->to_responder ? &sa->responder : &sa->initiator, to,
                                   sizeof to));
        return;
    }
    finding_add(out, CHECK_wrong_child_sa, &where,
                "A packet from %s to %s is sent in Child SA %u (SPI %08x), which does not admit "
                "it; it belongs in Child SA %u (frame %u).",
                ip_print(&p->src, src, sizeof src), ip_print(&p->dst, dst, sizeof dst),
                e->child->id, e->packet->spi, right->id, right->negotiated_in);
    finding_sum(out, CHECK_wrong_child_sa, &where,
                SUM_COUNT " packets are sent in Child SA %u (SPI %08x), which does not admit them; "
                "they belong in Child SA %u (frame %u).",
                e->child->id, e->packet->spi, right->id, right->negotiated_in);
}

/* They are two people: by their users where both were read, else by their identities. */
static bool
differ(const struct ike_sa *a, const struct ike_sa *b)
{
    if (a->user && b->user) {
        return strcmp(a->user, b->user) != 0;
    }
    return strcmp(a->initiator.id, b->initiator.id) != 0;
}

/* Whoever has it by now is found by it: a gateway has thousands of others, and anybody can begin
 * thousands more. */
static void
shared_with(const struct check_in *in, struct findings *out, const struct ip_addr *addr)
{
    const struct ike_sa *now = in->ike->sa, *holders[SADB_MAX_PER_PEER];
    size_t num = sadb_assigned_by(in->db, addr, holders, G_N_ELEMENTS(holders));

    for (size_t i = 0; i < num; i++) {
        const struct ike_sa *old = holders[i];
        char ip[ADDR_TEXT_MAX];
        struct scope where;
        if (old->id >= now->id || old->state != IKE_ESTABLISHED || !old->initiator.id ||
            old->rekeyed_by != NO_ID || !differ(old, now)) {
            continue;
        }
        where = scope_message(in);
        finding_add(out, CHECK_virtual_ip_shared, &where,
                    "%s is assigned to %s although %s still has it (IKE SA %u).",
                    ip_print(addr, ip, sizeof ip), now->user ? now->user : now->initiator.id,
                    old->user ? old->user : old->initiator.id, old->id);
    }
}

void
check_virtual_ip_shared(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *now = in->ike->sa;

    if (!message_is_new(in) || !now->initiator.id ||
        (in->msg->cfg_type != CP_REPLY && in->msg->cfg_type != CP_SET)) {
        return;
    }
    for (guint k = 0; k < now->addresses->len; k++) {
        if (now->addresses->at[k].frame == in->ike->at.frame) {
            shared_with(in, out, &now->addresses->at[k].addr);
        }
    }
}
