/* check_encap.c - UDP encapsulation of ESP and IKE: what was agreed on, and what is done.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/text.h>

static bool
translates(enum nat nat)
{
    return nat == NAT_INITIATOR || nat == NAT_RESPONDER || nat == NAT_BOTH;
}

/* The mode that quick mode has agreed on (RFC 3947 section 5.1), 0 for IKEv2. */
static uint16_t
v1_mode(const struct child_sa *c)
{
    return c->ike_sa->major == 1 && c->chosen ? c->chosen->p->attr.mode : 0;
}

static bool
is_udp_mode(uint16_t mode)
{
    return mode == MODE_UDP_TUNNEL || mode == MODE_UDP_TRANSPORT || mode == MODE_UDP_TUNNEL_DRAFT ||
           mode == MODE_UDP_TRANSPORT_DRAFT;
}

static bool
has_floated(const struct ike_sa *sa)
{
    return endpoint_sent_from(sa, true, PORT_NATT) && endpoint_sent_from(sa, false, PORT_NATT);
}

static void
report_native(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct child_sa *c = e->child;
    const struct ike_sa *sa = c->ike_sa;
    struct scope where = scope_packet(in);
    char mode[64];

    if (translates(sa->nat)) {
        finding_add(out, CHECK_udp_encap_mismatch, &where,
                    "ESP with SPI %08x is sent without UDP, although NAT detection (frame %u) "
                    "finds a NAT.",
                    e->packet->spi, sa->nat_i.frame);
    } else if (is_udp_mode(v1_mode(c))) {
        finding_add(out, CHECK_udp_encap_mismatch, &where,
                    "ESP with SPI %08x is sent without UDP, although quick mode (frame %u) "
                    "negotiated %s.",
                    e->packet->spi, c->negotiated_in,
                    encap_mode_name(v1_mode(c), mode, sizeof mode));
    }
}

/* Natively though IKE has moved to UDP 4500 for it: no NAT was seen, so that only a receiver which
 * insists drops it. */
static void
report_forced(const struct stream *s, struct findings *out)
{
    const struct ike_sa *sa = s->child->ike_sa;
    bool by_r = sa->nat_r.forced && !sa->nat_i.forced;
    const struct nat_evidence *its = by_r ? &sa->nat_r : &sa->nat_i;
    struct scope where = scope_stream(s, s->first_frame);

    where.basis = its->forced ? BASIS_OBSERVED : BASIS_INFERRED;
    finding_add(out, CHECK_udp_encap_mismatch, &where,
                "ESP with SPI %08x is sent without UDP, although IKE has moved to UDP 4500: %s "
                "(frame %u). Nothing comes back that way.",
                s->spi,
                !its->forced          ? "the hashes suggest that both ends force encapsulation" :
                    its == &sa->nat_i ? "the initiator forces encapsulation" :
                                        "the responder forces encapsulation",
                its->frame);
}

/* In UDP though IKEv1 has agreed on a mode without. */
static void
report_unasked(const struct stream *s, struct findings *out)
{
    const struct child_sa *c = s->child;
    struct scope where = scope_stream(s, s->first_frame);
    char mode[64];

    where.remedy = "Configure both ends the same way: NAT traversal enabled on both, or disabled "
                   "on both.";
    finding_add(out, CHECK_udp_encap_mismatch, &where,
                "ESP with SPI %08x is sent in UDP, although quick mode (frame %u) negotiated %s, "
                "without encapsulation. Nothing comes back that way.",
                s->spi, c->negotiated_in, encap_mode_name(v1_mode(c), mode, sizeof mode));
}

/* Whatever was agreed on, two ends whose packets travel alike understand each other. */
static bool
other_way_alike(const struct stream *s)
{
    const struct child_sa *c = s->child;

    for (struct newest n = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        const struct stream *back = c->streams.at[n.i];
        if (back->to_responder != s->to_responder && back->packets &&
            (back->src_port != 0) == (s->src_port != 0)) {
            return true;
        }
    }
    return false;
}

static void
judge_stream(const struct stream *s, struct findings *out)
{
    const struct child_sa *c = s->child;

    if (s->protocol != PROTO_ESP || !s->packets || !child_is_negotiated(c) ||
        stream_is_strange(s) || other_way_alike(s)) {
        return;
    }
    if (!s->src_port && c->ike_sa->nat == NAT_FORCED && has_floated(c->ike_sa) &&
        !is_udp_mode(v1_mode(c))) {
        report_forced(s, out);
    } else if (s->src_port && !s->in_tcp && v1_mode(c) && !is_udp_mode(v1_mode(c)) &&
               !translates(c->ike_sa->nat) && !c->ike_sa->own_ports &&
               (s->dst_port == PORT_NATT || s->src_port == PORT_NATT)) {
        report_unasked(s, out);
    }
}

void
check_udp_encap_mismatch(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;

    for (size_t i = 0; !e && i < sadb_num_streams(in->db); i++) {
        const struct stream *s = sadb_stream(in->db, i);
        if (s->child) {
            judge_stream(s, out);
        }
    }
    if (e && !e->duplicate && !e->forged && !e->echo && child_is_negotiated(e->child) &&
        e->packet->protocol == PROTO_ESP && !e->at.src_port && !stream_is_strange(e->stream)) {
        report_native(in, out);
    }
}

/* --- the four zero octets -------------------------------------------------------------------- */

void
check_non_esp_marker_missing(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    char from[ADDR_TEXT_MAX];
    struct scope where;

    if (e->packet->kind != PATH_UNMARKED && e->packet->kind != PATH_MARKED) {
        return;
    }
    where = scope_path(in);
    ip_print(&e->at.src, from, sizeof from);
    if (e->packet->kind == PATH_UNMARKED) {
        finding_add(out, CHECK_non_esp_marker_missing, &where,
                    "%s sends IKE to UDP %u without the four zero octets that distinguish it from "
                    "ESP: it looks like ESP with SPI %08x.",
                    from, e->at.dst_port, e->packet->spi);
        return;
    }
    where.remedy = "Check the sender: on UDP 500, IKE starts with the initiator's SPI; the four "
                   "zero octets belong on UDP 4500.";
    finding_add(out, CHECK_non_esp_marker_missing, &where,
                "%s sends IKE to UDP %u after the four zero octets of UDP 4500: the receiver takes "
                "them for the beginning of an SPI.",
                from, e->at.dst_port);
}

/* --- no NAT traversal in common --------------------------------------------------------------- */

/* A NAT is in front of that side, and how that is known. */
struct nat_sign {
    bool initiator;
    enum basis basis;
    uint32_t frame;
};

/* The hashes of one side alone, since the other sends none. */
static bool
hash_differs(const struct nat_evidence *n)
{
    return n->seen && !n->forced && (n->source_differs || n->destination_differs);
}

static bool
nat_sign(const struct ike_sa *sa, const struct exchange *first, struct nat_sign *out)
{
    uint16_t port = first->messages.len ? first->messages.at[0].src_port : 0;

    *out = (struct nat_sign){ true, BASIS_OBSERVED, first->request };
    if (sa->after_nat) {
        out->initiator = sa->beyond_i.family != 0;
        out->frame = sa->after_nat;
        return true;
    }
    if (hash_differs(&sa->nat_i)) {
        out->initiator = sa->nat_i.source_differs;
        out->frame = sa->nat_i.frame;
        return true;
    }
    out->basis = BASIS_INFERRED;
    return port && port != PORT_IKE && port != PORT_NATT && !sa->own_ports;
}

static bool
carries_both_ways(const struct ike_sa *sa)
{
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_SPI); newest_next(&n);) {
        struct both_ways b = child_both_ways(sa->children.at[n.i]);
        if (b.packets[0] && b.packets[1]) {
            return true;
        }
    }
    return false;
}

static const char *
say_flavours(uint8_t all, char *out, size_t size)
{
    static const struct { uint8_t it; const char *name; } names[] = {
        { NAT_T_V2, "NAT detection" }, { NAT_T_RFC, "RFC 3947" },
        { NAT_T_DRAFT_00, "draft 00 of RFC 3947" }, { NAT_T_DRAFT_02, "draft 02 of RFC 3947" },
        { NAT_T_DRAFT_04, "a later draft of RFC 3947" },
    };

    out[0] = 0;
    for (size_t i = 0; i < G_N_ELEMENTS(names); i++) {
        if (all & names[i].it) {
            list_add(out, size, out[0] ? " and " : "", names[i].name, true);
        }
    }
    return all ? out : "none";
}

void
check_nat_t_unsupported(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        const struct exchange *first = sadb_first_exchange(sa);
        struct scope where = { .sa = sa, .exchange = NO_ID };
        char who[ID_TEXT_MAX], by_i[128], by_r[128];
        struct nat_sign nat;
        if (!first || !sa->started_here || !sa->went_on || !sa->chosen || !first->request ||
            !first->response || (sa->nat_t_i & sa->nat_t_r) || sa->own_ports ||
            sa->rekeys != NO_ID || sa->i_from_4500 || sa->r_from_4500 ||
            !nat_sign(sa, first, &nat) || carries_both_ways(sa)) {
            continue;
        }
        where.basis = nat.basis;
        where.frame = first->response;
        where.also = nat.frame;
        finding_add(out, CHECK_nat_t_unsupported, &where,
                    "%s a NAT in front of %s (frame %u), but the two ends have no NAT traversal in "
                    "common: the initiator announces %s, the responder %s.",
                    nat.basis == BASIS_INFERRED ? "The source port suggests" : "There is",
                    endpoint_print(nat.initiator ? &sa->initiator : &sa->responder, who,
                                   sizeof who),
                    nat.frame, say_flavours(sa->nat_t_i, by_i, sizeof by_i),
                    say_flavours(sa->nat_t_r, by_r, sizeof by_r));
    }
}
