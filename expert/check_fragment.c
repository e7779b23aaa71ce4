/* check_fragment.c - later fragments inside a tunnel, which show no ports (RFC 4301 section 7).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

/* Some selector asks for ports, or for their absence (OPAQUE). */
static bool
looks_at_ports(const struct selector *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (s[i].port_lo != 0 || s[i].port_hi != UINT16_MAX) {
            return true;
        }
    }
    return false;
}

/* RFC 4301 section 7.2 and appendix D.3: what overlaps the first fragment may replace its ports. */
static bool
report_overlap(const struct check_in *in, const struct inner_packet *p, struct findings *out)
{
    enum { LEAST_OFFSET = 128 };
    const struct child_sa *c = in->ipsec->child;
    char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX];
    struct scope where;

    if (!p->offset || p->offset >= LEAST_OFFSET ||
        !(looks_at_ports(c->ts_i, c->num_ts_i) || looks_at_ports(c->ts_r, c->num_ts_r))) {
        return false;
    }
    where = scope_packet(in);
    where.basis = in->ipsec->packet->inner_basis;
    where.variant = 1;
    where.remedy = "Check the host that sends it: no path requires such small fragments. They are "
                   "made to overwrite the ports in the first fragment; configure the gateway to "
                   "drop them.";
    finding_add(out, CHECK_inner_fragment_unmatched, &where,
                "A non-initial fragment from %s to %s starts at octet %u of its datagram, within "
                "the transport header; the selectors of Child SA %u (frame %u) have ports.",
                ip_print(&p->src, src, sizeof src), ip_print(&p->dst, dst, sizeof dst), p->offset,
                c->id, c->negotiated_in);
    return true;
}

/* The inner packet where it is one, in a tunnel whose negotiation was read; NULL.  Of a packet that
 * comes again nobody sees the inside again (RFC 4303 section 3.4.3). */
static const struct inner_packet *
later_fragment(const struct check_in *in)
{
    const struct ipsec_event *e = in->ipsec;
    const struct ipsec_packet *p = e->packet;

    if (!child_is_negotiated(e->child) || e->child->transport || e->replayed ||
        !e->child->num_ts_i || !e->child->num_ts_r) {
        return NULL;
    }
    return p->has_inner && p->inner_tunnel && p->inner.fragment ? &p->inner : NULL;
}

void
check_inner_fragment_unmatched(const struct check_in *in, struct findings *out)
{
    const struct ipsec_event *e = in->ipsec;
    const struct inner_packet *p = later_fragment(in);
    char src[ADDR_TEXT_MAX], dst[ADDR_TEXT_MAX], a[TS_TEXT_MAX], b[TS_TEXT_MAX];
    struct scope where;

    if (!p || report_overlap(in, p, out) || e->child->fragments_also ||
        (p->src.family == 6 && ip6_extension(p->protocol)) ||
        child_admits(e->child, p, e->to_responder) != ADMITTED_PERHAPS) {
        return;
    }
    where = scope_packet(in);
    where.basis = e->packet->inner_basis;
    finding_add(out, CHECK_inner_fragment_unmatched, &where,
                "A non-initial fragment from %s to %s has no ports; Child SA %u (frame %u) is for "
                "%s === %s, and its ends did not agree to send such fragments in it.",
                ip_print(&p->src, src, sizeof src), ip_print(&p->dst, dst, sizeof dst),
                e->child->id, e->child->negotiated_in,
                selectors_print(e->child->ts_i, e->child->num_ts_i, a, sizeof a),
                selectors_print(e->child->ts_r, e->child->num_ts_r, b, sizeof b));
}
