/* check_path.c - what the path does to packets: NAT, ICMP, IP fragments.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/hash.h>

#define KEEPALIVE_LATE_S 25.0   /* RFC 3948 section 4: 20 s by default, and some latitude */

static const char *
behind_nat_words(enum nat nat)
{
    if (nat == NAT_BOTH) {
        return "both ends";
    }
    return nat == NAT_INITIATOR ? "the initiator" : "the responder";
}

void
check_nat_detected(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *sa = in->ike->sa;
    char i[ADDR_TEXT_MAX], r[ADDR_TEXT_MAX];
    struct scope where;

    if (!in->ike->nat_decided || sa->nat == NAT_NONE || sa->nat == NAT_FORCED) {
        return;
    }
    where = scope_message(in);
    where.variant = sa->nat;
    if (sa->after_nat) {
        finding_add(
            out, CHECK_nat_detected, &where,
            "Frames %u and %u are one packet, captured before and after translation: %s is behind "
            "a NAT, and its address %s is %s on the other side.",
            sa->before_nat, sa->after_nat, sa->beyond_i.family ? "the initiator" : "the responder",
            ip_print(sa->beyond_i.family ? &sa->initiator.addr : &sa->responder.addr, i, sizeof i),
            ip_print(sa->beyond_i.family ? &sa->beyond_i : &sa->beyond_r, r, sizeof r));
        return;
    }
    if (in->ike->nat_by_identity) {
        const struct endpoint *side = sa->nat_i.proven ? &sa->initiator : &sa->responder;
        finding_add(out, CHECK_nat_detected, &where,
                    "%s is the identity of %s and the address in its NAT detection hash (frame "
                    "%u), but on the wire it is %s: both ends are behind a NAT.",
                    side->id, sa->nat_i.proven ? "the initiator" : "the responder",
                    sa->nat_i.proven ? sa->nat_i.frame : sa->nat_r.frame,
                    ip_print(&side->addr, i, sizeof i));
        return;
    }
    finding_add(out, CHECK_nat_detected, &where,
                "The NAT detection hashes in frames %u and %u do not match the captured addresses: "
                "a NAT is in front of %s (%s and %s on the wire).",
                sa->nat_i.frame, sa->nat_r.frame, behind_nat_words(sa->nat),
                ip_print(&sa->initiator.addr, i, sizeof i),
                ip_print(&sa->responder.addr, r, sizeof r));
}

static uint64_t
of_hosts(const struct ike_sa *sa)
{
    bool turned = ip_compare(&sa->initiator.addr, &sa->responder.addr) > 0;
    const struct ip_addr *low = turned ? &sa->responder.addr : &sa->initiator.addr;
    const struct ip_addr *high = turned ? &sa->initiator.addr : &sa->responder.addr;

    return hash_octets(hash_octets(hash_seed(), low, sizeof *low), high, sizeof *high);
}

void
check_nat_forced(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *sa = in->ike->sa;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!in->ike->nat_decided || sa->nat != NAT_FORCED) {
        return;
    }
    where = scope_message(in);
    where.sa = NULL;            /* one for two hosts, however many IKE SAs they make */
    where.exchange = NO_ID;
    where.variant = of_hosts(sa);
    if (sa->nat_i.forced || sa->nat_r.forced) {
        const struct nat_evidence *its = sa->nat_i.forced ? &sa->nat_i : &sa->nat_r;
        finding_add(
            out, CHECK_nat_forced, &where,
            "%s hashes its own address with port 0 (frame %u), which never matches: it forces UDP "
            "encapsulation.",
            endpoint_print(sa->nat_i.forced ? &sa->initiator : &sa->responder, who, sizeof who),
            its->frame);
        return;
    }
    where.basis = BASIS_INFERRED;
    finding_add(
        out, CHECK_nat_forced, &where,
        "Both ends report a NAT in front of them (frames %u and %u), but no address changes here. "
        "Suggests that they force ESP into UDP, or that each is behind a NAT outside this capture.",
        sa->nat_i.frame, sa->nat_r.frame);
}

void
explain_translations(struct findings *out, const struct sadb *db)
{
    for (size_t i = 0; i < sadb_num_ike_sas(db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(db, i);
        struct scope where = { .exchange = NO_ID, .variant = of_hosts(sa) };
        if (sa->after_nat && !sa->nat_i.forced && !sa->nat_r.forced) {
            finding_withdraw(out, CHECK_nat_forced, &where);
        }
    }
}

static bool
has_draft_mode(const struct child_sa *c)
{
    return c && c->chosen && c->chosen->p->attr.mode >= MODE_UDP_TUNNEL_DRAFT;
}

void
check_nat_t_draft(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;

    if (!message_is_new(in) || !(e->sa->draft_nat_t || has_draft_mode(e->child))) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    finding_add(out, CHECK_nat_t_draft, &where,
                "IKE SA %u uses the NAT-T payloads or encapsulation modes of a draft of RFC 3947.",
                e->sa->id);
}

/* The port that a side used before this packet came from another, or 0; and its SA, or NULL. */
static uint16_t
left_port(const struct check_in *in, const struct ike_sa **sa, const struct sighting **at)
{
    if (in->ipsec) {
        *sa = in->ipsec->child ? in->ipsec->child->ike_sa : NULL;
        *at = &in->ipsec->at;
        return in->ipsec->duplicate || !in->ipsec->at.src_port ? 0 : in->ipsec->old_src_port;
    }
    *sa = in->ike->sa;
    *at = &in->ike->at;
    return in->ike->old_src_port;
}

void
check_nat_mapping_changed(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *sa;
    const struct sighting *at;
    uint16_t before = left_port(in, &sa, &at);
    char from[ADDR_TEXT_MAX], what[64];
    struct scope where;

    if (!before) {
        return;
    }
    where =
        (struct scope){ .basis = BASIS_OBSERVED, .frame = at->frame, .sa = sa, .exchange = NO_ID };
    if (in->ipsec) {
        where = scope_packet(in);
        g_snprintf(what, sizeof what, "ESP of SPI %08x", in->ipsec->packet->spi);
    } else {
        g_snprintf(what, sizeof what, "IKE SA %u", sa->id);
    }
    where.variant = at->src_port;
    finding_add(out, CHECK_nat_mapping_changed, &where,
                "%s from %s now comes from port %u, before from %u.", what,
                ip_print(&at->src, from, sizeof from), at->src_port, before);
}

/* From which ports one side of an IKE SA has sent to UDP 4500: any of them leads back to it. */
struct mappings {
    bool seen;                  /* it has sent there at all */
    bool has;                   /* and from this port */
    bool elsewhere;             /* from this port it has sent to UDP 500 */
    uint16_t last;              /* the port that it used last */
};

static struct mappings
mappings_of(const struct ike_sa *sa, bool initiator, uint16_t port)
{
    struct mappings all = { .last = 0 };

    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        for (guint i = x->messages.len; i > 0; i--) {
            const struct exchange_message *m = message_at(x, i - 1);
            if (m->from_initiator != initiator || m->forged) {
                continue;
            }
            if (m->dst_port != PORT_NATT) {
                all.elsewhere |= m->src_port == port;
                continue;
            }
            all.last = all.seen ? all.last : m->src_port;
            all.seen = true;
            all.has |= m->src_port == port;
        }
    }
    return all;
}

/* RFC 7296 section 2.23: ESP goes where IKE on UDP 4500 came from.  The NAT has another mapping
 * for UDP 500, at which nothing takes ESP. */
void
check_esp_to_wrong_port(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->child;
    const struct endpoint *to;
    struct mappings known;
    char from[ADDR_TEXT_MAX], at[ADDR_TEXT_MAX];
    struct scope where;

    if (!c || !e->at.dst_port || e->at.tcp || e->duplicate) {
        return;
    }
    to = e->to_responder ? &c->ike_sa->responder : &c->ike_sa->initiator;
    if (to->port == e->at.dst_port || !ip_equal(&to->addr, &e->at.dst)) {
        return;
    }
    known = mappings_of(c->ike_sa, !e->to_responder, e->at.dst_port);
    if (!known.seen || known.has) {
        return;
    }
    /* Another host behind the NAT, of which the capture lacks what would have told them apart. */
    if (!known.elsewhere && !child_is_negotiated(c)) {
        return;
    }
    for (guint i = 0; i < c->streams.len && i < SADB_MAX_PER_PEER; i++) {
        const struct stream *back = c->streams.at[i];
        if (back->to_responder != e->to_responder &&
            (back->src_port == e->at.dst_port || back->last_src_port == e->at.dst_port)) {
            return;
        }
    }
    where = scope_packet(in);
    finding_add(out, CHECK_esp_to_wrong_port, &where,
                "%s sends ESP with SPI %08x to port %u of %s, which has sent nothing to UDP 4500 "
                "from that port; its IKE and ESP come from port %u.",
                ip_print(&e->at.src, from, sizeof from), e->packet->spi, e->at.dst_port,
                ip_print(&e->at.dst, at, sizeof at), known.last);
}

void
check_keepalive_gap(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *sa;
    const struct sighting *at;
    uint16_t before = left_port(in, &sa, &at);
    const struct nat_life *life = before && sa ? sa->nat_life : NULL;
    char from[ADDR_TEXT_MAX];
    struct scope where;

    if (!life || life->silence < KEEPALIVE_LATE_S) {
        return;
    }
    where =
        (struct scope){ .basis = BASIS_OBSERVED, .frame = at->frame, .sa = sa, .exchange = NO_ID };
    ip_print(&at->src, from, sizeof from);
    if (life->keepalives) {
        finding_add(out, CHECK_keepalive_gap, &where,
                    "Nothing was captured from %s for %.0f s before its NAT mapping changed from "
                    "port %u to %u; its last NAT keepalive is frame %u.",
                    from, life->silence, before, at->src_port, life->last_keepalive);
    } else {
        finding_add(out, CHECK_keepalive_gap, &where,
                    "Nothing was captured from %s for %.0f s before its NAT mapping changed from "
                    "port %u to %u, and it sent no NAT keepalive at all.",
                    from, life->silence, before, at->src_port);
    }
}

void
check_port_500_after_float(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !endpoint_sent_from(e->sa, e->from_initiator, PORT_NATT) ||
        e->at.src_port != PORT_IKE || e->at.dst_port != PORT_IKE ||
        e->exchange->messages.len != 1 || in->msg->exchange == V2_IKE_SA_INIT ||
        in->msg->num_proposals || (in->msg->exchange == V1_MAIN && in->msg->has_ke) ||
        (in->msg->major == 2 && ike_is_response(in->msg))) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_port_500_after_float, &where,
                "%s sends IKE on UDP port 500 after the SA has moved to 4500.",
                message_sender(in, who, sizeof who));
}

void
check_ah_through_nat(const struct check_in *in, struct findings *out)
{
    const struct child_sa *c = in->ike->child;
    struct scope where;

    if (!c || c->protocol != PROTO_AH ||
        (in->ike->sa->nat != NAT_INITIATOR && in->ike->sa->nat != NAT_RESPONDER &&
         in->ike->sa->nat != NAT_BOTH)) {
        return;
    }
    where = scope_message(in);
    where.child = c;
    finding_add(out, CHECK_ah_through_nat, &where,
                "AH is negotiated in frame %u, although NAT detection in frame %u finds a NAT: "
                "every AH packet fails its integrity check behind it.",
                c->negotiated_in, in->ike->sa->nat_i.frame);
}

void
check_ike_on_other_port(const struct check_in *in, struct findings *out)
{
    const struct sighting *at = in->ike ? &in->ike->at : &in->ipsec->at;
    const struct ike_sa *sa = in->ike ? in->ike->sa : NULL;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    struct scope where;

    if (!at->own_ports) {
        return;
    }
    if (in->ipsec) {
        sa = in->ipsec->child ? in->ipsec->child->ike_sa : NULL;
        /* Its IKE has said so; Cisco's goes on 500 all the same. */
        if (!in->ipsec->new_stream || !sa || sa->own_ports) {
            return;
        }
    } else if (!message_is_new(in) || in->ike->exchange->messages.len != 1 ||
               in->ike->exchange->index) {
        return;
    }
    where = (struct scope){ .basis = BASIS_OBSERVED, .frame = at->frame, .sa = sa,
                            .exchange = NO_ID };
    ip_print(&at->src, from, sizeof from);
    ip_print(&at->dst, to, sizeof to);
    finding_add(out, CHECK_ike_on_other_port, &where,
                "%s from %s port %u to %s port %u uses non-standard UDP ports; Espial recognizes it "
                "by its %s.",
                in->ike ? "IKE" : "ESP", from, at->src_port, to, at->dst_port,
                in->ike ? "format" : "SPI");
}
