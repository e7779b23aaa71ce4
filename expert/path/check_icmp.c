/* check_icmp.c - what ICMP reports of an SA's packets, and IP fragments of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

static const char *
quoted(const struct path_packet *p, char *out, size_t size)
{
    if (p->spi) {
        g_snprintf(out, (gulong)size, "%s of SPI %08x", p->protocol == IP_AH ? "AH" : "ESP",
                   p->spi);
    } else if (p->protocol == IP_UDP && p->udp_octets == 1) {
        g_snprintf(out, (gulong)size, "a NAT keepalive on UDP %u", p->dst_port);
    } else if (p->protocol == IP_UDP) {
        g_snprintf(out, (gulong)size, "IKE on UDP %u", p->dst_port);
    } else {
        g_snprintf(out, (gulong)size, "%s", p->protocol == IP_ESP ? "ESP" : "AH");
    }
    return out;
}

static bool
is_path_mtu(const struct path_packet *p)
{
    if (p->kind != PATH_ICMP) {
        return false;
    }
    if (p->src.family == 6) {
        return p->icmp_type == ICMPV6_TOO_BIG;
    }
    return p->icmp_type == ICMP_UNREACHABLE && p->icmp_code == ICMP_FRAGMENTATION_NEEDED;
}

static bool
is_code(const struct path_packet *p, int v4, int v6)
{
    return p->src.family == 6 ? p->icmp_type == ICMPV6_UNREACHABLE && p->icmp_code == v6 :
                                p->icmp_type == ICMP_UNREACHABLE && p->icmp_code == v4;
}

/* The port from which that side has sent last, by IKE or ESP in UDP, and in which frame. */
static uint16_t
last_port(const struct ike_sa *sa, bool initiator, uint32_t *frame)
{
    uint16_t port = 0;

    *frame = 0;
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        for (guint i = 0; i < x->messages.len && i < SADB_MAX_PER_PEER; i++) {
            const struct exchange_message *m = message_at(x, i);
            if (m->from_initiator == initiator && m->frame > *frame && !m->forged) {
                *frame = m->frame;
                port = m->src_port;
            }
        }
    }
    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (guint i = 0; i < c->streams.len && i < SADB_MAX_PER_PEER; i++) {
            const struct stream *s = c->streams.at[i];
            if (s->to_responder == initiator && s->last_src_port && s->last_frame > *frame) {
                *frame = s->last_frame;
                port = s->last_src_port;
            }
        }
    }
    return port;
}

bool
moved_remedy(const struct ike_sa *sa, bool to_initiator, uint16_t port, char *out, size_t size)
{
    const struct endpoint *from = to_initiator ? &sa->responder : &sa->initiator;
    const struct endpoint *to = to_initiator ? &sa->initiator : &sa->responder;
    char who[ADDR_TEXT_MAX], at[ADDR_TEXT_MAX];
    uint32_t frame;
    uint16_t now = last_port(sa, to_initiator, &frame);

    if (!ike_sa_behind_nat(sa, to_initiator) || !now || now == port || now == PORT_IKE ||
        port == PORT_IKE) {
        return false;
    }
    ip_print(&from->addr, who, sizeof who);
    g_snprintf(out, (gulong)size,
               "%s still sends to port %u of %s, but the client behind it now uses port %u (frame "
               "%u): connect again from the client, shorten its NAT keepalive interval, and check "
               "why %s does not follow the change.", who,
               port, ip_print(&to->addr, at, sizeof at), now, frame, who);
    return true;
}

static void
unreachable_remedy(const struct path_event *e, char *out, size_t size)
{
    const struct path_packet *p = e->packet;
    bool itself = ip_equal(&e->at.src, &p->dst);
    char who[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];

    ip_print(&e->at.src, who, sizeof who);
    ip_print(&p->dst, to, sizeof to);
    if (e->sa && p->protocol == IP_UDP &&
        moved_remedy(e->sa, ip_equal(&e->sa->initiator.addr, &p->dst), p->dst_port, out, size)) {
        return;
    }
    if (is_code(p, UNREACH_PORT, UNREACH6_PORT) && itself) {
        g_snprintf(out, (gulong)size,
                   "Start the IKE daemon on %s so that it listens on UDP %u; a firewall there that "
                   "rejects packets sends the same answer.", to, p->dst_port);
    } else if (is_code(p, UNREACH_PROTOCOL, UNREACH6_REJECT) && itself) {
        g_snprintf(out, (gulong)size,
                   "Check whether %s accepts %s at all: its kernel or firewall does not.",
                   to, p->protocol == IP_AH ? "AH" : "ESP");
    } else if (is_code(p, UNREACH_PROHIBITED, UNREACH6_PROHIBITED) ||
               is_code(p, UNREACH_HOST_PROHIBITED, UNREACH6_POLICY) ||
               is_code(p, UNREACH_NETWORK_PROHIBITED, UNREACH6_POLICY)) {
        g_snprintf(out, (gulong)size, "Allow these packets in the filter on %s.", who);
    } else if (p->icmp_type == (p->src.family == 6 ? ICMPV6_TIME_EXCEEDED : ICMP_TIME_EXCEEDED)) {
        g_snprintf(out, (gulong)size,
                   "Look for a routing loop at %s, or for fragments that are lost on the way "
                   "there.",
                   who);
    } else {
        g_snprintf(out, (gulong)size,
                   "Check whether %s is running, and check the route from %s to it.", to, who);
    }
}

void
check_icmp_unreachable(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    const struct path_packet *p = e->packet;
    char who[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], what[64], why[64], remedy[TEXT_MAX];
    struct scope where;

    if (p->kind != PATH_ICMP || is_path_mtu(p)) {
        return;
    }
    where = scope_path(in);
    where.variant = (uint64_t)p->icmp_type << 48 | (uint64_t)p->icmp_code << 32 | p->dst_port;
    unreachable_remedy(e, remedy, sizeof remedy);
    where.remedy = remedy;
    quoted(p, what, sizeof what);
    icmp_print(p->src.family == 6, p->icmp_type, p->icmp_code, why, sizeof why);
    ip_print(&e->at.src, who, sizeof who);
    if (ip_equal(&e->at.src, &p->dst) && is_code(p, UNREACH_PORT, UNREACH6_PORT)) {
        finding_add(out, CHECK_icmp_unreachable, &where,
                    "%s answers %s with \"%s\": nothing listens on UDP %u there.", who, what, why,
                    p->dst_port);
    } else {
        finding_add(out, CHECK_icmp_unreachable, &where,
                    "%s sends ICMP \"%s\": %s did not reach %s.", who, why, what,
                    ip_print(&p->dst, to, sizeof to));
    }
}

void
check_path_mtu(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    const struct path_packet *p = e->packet;
    char who[ADDR_TEXT_MAX], what[64];
    struct scope where;

    if (!is_path_mtu(p)) {
        return;
    }
    where = scope_path(in);
    where.variant = p->mtu;
    if (!p->spi && p->protocol == IP_UDP) {
        where.remedy = "Enable IKE fragmentation on both ends (RFC 7383; a vendor extension in "
                       "IKEv1), and allow these ICMP messages.";
    }
    finding_add(out, CHECK_path_mtu, &where,
                "%s reports that a packet of %s is too big; the next hop accepts %u bytes.",
                ip_print(&e->at.src, who, sizeof who), quoted(p, what, sizeof what), p->mtu);
}

/* --- fragments ------------------------------------------------------------------- */

/* "IKE_AUTH of 2272 bytes", or what else is known of it. */
static const char *
fragmented(const struct path_event *e, char *out, size_t size)
{
    const struct path_packet *p = e->packet;
    char name[48];

    if (e->ike_major) {
        exchange_name(e->ike_major, e->ike_exchange, name, sizeof name);
        if (p->ike_length) {
            g_snprintf(out, (gulong)size, "%s of %u bytes", name, p->ike_length);
        } else {
            g_strlcpy(out, name, size);
        }
    } else if (p->protocol == IP_UDP) {
        g_strlcpy(out, p->spi ? "ESP in UDP" : "IKE or ESP in UDP", size);
    } else {
        g_strlcpy(out, p->protocol == IP_ESP ? "ESP" : "AH", size);
    }
    return out;
}

static bool
has_tunnel_mode(const struct ike_sa *sa)
{
    for (guint i = 0; sa && i < sa->children.len && i < SADB_MAX_PER_PEER; i++) {
        if (!sa->children.at[i]->transport) {
            return true;
        }
    }
    return !sa || !sa->children.len;
}

void
check_outer_fragment(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    const struct path_packet *p = e->packet;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], what[64];
    struct scope where;

    if (p->kind != PATH_FRAGMENT) {
        return;
    }
    where = scope_path(in);
    where.variant = (uint64_t)e->ike_major << 16 | (uint64_t)e->ike_exchange << 8 |
                    (ip_compare(&e->at.src, &e->at.dst) > 0);
    if (e->ike_major == 2) {
        where.remedy = "Enable IKE fragmentation (RFC 7383) on both ends: IKE then sends messages "
                       "that fit.";
    } else if (e->ike_major) {
        where.remedy = "Enable IKE fragmentation on both ends (a vendor extension in IKEv1), or "
                       "send fewer certificates; better, use IKEv2.";
    } else if (!has_tunnel_mode(e->sa)) {
        where.remedy = "Lower the MTU of the route between the two hosts, or clamp the TCP MSS, so "
                       "that packets fit with the ESP overhead.";
    }
    finding_add(out, CHECK_outer_fragment, &where, "%s from %s to %s is sent in IP fragments.",
                fragmented(e, what, sizeof what), ip_print(&e->at.src, from, sizeof from),
                ip_print(&e->at.dst, to, sizeof to));
}

/* It came whole at some time. */
static bool
came_whole(const struct first_fragment *f)
{
    for (guint i = f->sa->exchanges.len; i > 0; i--) {
        const struct exchange *x = f->sa->exchanges.at[i - 1];
        if (x->type == f->exchange && x->message_id == f->message_id && x->messages.len) {
            return true;
        }
    }
    return false;
}

/* The message was never dissected, since its other fragments do not come. */
void
report_first_fragments(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_first_fragments(in->db); i++) {
        const struct first_fragment *f = sadb_first_fragment(in->db, i);
        struct scope where = { .basis = BASIS_INFERRED, .sa = f->sa, .exchange = NO_ID,
                               .variant = f->message_id };
        bool by_i = ip_equal(&f->src, &f->sa->initiator.addr);
        char from[ADDR_TEXT_MAX], name[64];

        if (f->frames.len < 2 || f->last_time <= f->time || came_whole(f) || !f->sa->has_spi_r ||
            (by_i ? f->sa->last_from_r : f->sa->last_from_i) > f->frames.at[0]) {
            continue;
        }
        for (uint32_t k = 0; k < f->frames.len; k++) {
            where.frame = f->frames.at[k];
            finding_add(out, CHECK_large_message_lost, &where,
                        "%s sends %s of %u bytes %u times, but only the first IP fragment of each "
                        "was captured, and there is no answer. Suggests that fragments are dropped "
                        "on the way.", ip_print(&f->src, from, sizeof from),
                        exchange_name(f->sa->major, f->exchange, name, sizeof name), f->length,
                        f->frames.len);
        }
    }
}
