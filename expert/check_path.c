/* check_path.c - NAT, blocked ports, lost messages, ICMP, fragments.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "expert.h"

#define KEEPALIVE_LATE_S 25.0   /* RFC 3948 section 4: 20 s by default, and some latitude */

enum { LARGE_DATAGRAM = 1200 };     /* octets */

static const struct exchange_message *
message_at(const struct exchange *x, guint i)
{
    return &g_array_index(x->messages, struct exchange_message, i);
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
        finding_add(out, CHECK_nat_detected, &where,
                    "Frames %u and %u are one packet, captured before and after its translation: behind a NAT is %s, whose address "
                    "%s is %s on the other side.", sa->before_nat, sa->after_nat, sa->beyond_i.family ? "the initiator" : "the responder",
                    ip_print(sa->beyond_i.family ? &sa->initiator.addr : &sa->responder.addr, i, sizeof i),
                    ip_print(sa->beyond_i.family ? &sa->beyond_i : &sa->beyond_r, r, sizeof r));
        return;
    }
    if (in->ike->nat_by_identity) {
        const struct endpoint *side = sa->nat_i.proven ? &sa->initiator : &sa->responder;
        finding_add(out, CHECK_nat_detected, &where,
                    "%s is the identity of %s, and the address in its NAT detection hash of frame %u; on the wire it is %s: behind a NAT is "
                    "each side.", side->id, sa->nat_i.proven ? "the initiator" : "the responder",
                    sa->nat_i.proven ? sa->nat_i.frame : sa->nat_r.frame, ip_print(&side->addr, i, sizeof i));
        return;
    }
    finding_add(out, CHECK_nat_detected, &where,
                "The NAT detection hashes of frames %u and %u do not fit the addresses captured: behind a NAT is %s "
                "(%s and %s on the wire).", sa->nat_i.frame, sa->nat_r.frame,
                sa->nat == NAT_BOTH ? "each side" : sa->nat == NAT_INITIATOR ? "the initiator" : "the responder",
                ip_print(&sa->initiator.addr, i, sizeof i), ip_print(&sa->responder.addr, r, sizeof r));
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
    if (sa->nat_i.forced || sa->nat_r.forced) {
        const struct nat_evidence *its = sa->nat_i.forced ? &sa->nat_i : &sa->nat_r;
        finding_add(out, CHECK_nat_forced, &where,
                    "%s hashes its own address with port 0 (frame %u), which fits nothing: it forces UDP encapsulation.",
                    endpoint_print(sa->nat_i.forced ? &sa->initiator : &sa->responder, who, sizeof who), its->frame);
        return;
    }
    where.basis = BASIS_INFERRED;
    finding_add(out, CHECK_nat_forced, &where,
                "Each side's hash of its own address fits none (frames %u and %u), that of the other's fits: suggests forced "
                "UDP encapsulation, or a NAT of each side beyond the capture.",
                sa->nat_i.frame, sa->nat_r.frame);
}

void
check_nat_t_draft(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;

    if (!fresh(in) || !(e->sa->draft_nat_t || (e->child && e->child->chosen && e->child->chosen->p->attr.mode >= 61443))) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    finding_add(out, CHECK_nat_t_draft, &where, "IKE SA %u uses the NAT-T payloads or encapsulation modes of a draft.", e->sa->id);
}

/* The port of its NAT mapping that a side has left with this packet, and the SA; 0. */
static uint16_t
left_port(const struct check_in *in, const struct ike_sa **sa, const struct sighting **at)
{
    if (in->ipsec) {
        *sa = in->ipsec->child ? in->ipsec->child->ike_sa : NULL;
        *at = &in->ipsec->at;
        return in->ipsec->duplicate || !in->ipsec->at.src_port ? 0 : in->ipsec->old_src_port;
    }
    *sa = in->ike ? in->ike->sa : in->path->sa;
    *at = in->ike ? &in->ike->at : &in->path->at;
    return in->ike ? in->ike->old_src_port : in->path->old_src_port;
}

void
check_nat_mapping_changed(const struct check_in *in, struct findings *out)
{
    const struct ike_sa *sa;
    const struct sighting *at;
    uint16_t before = left_port(in, &sa, &at);
    char from[ADDR_TEXT_MAX], what[64] = "A NAT keepalive";
    struct scope where;

    if (!before) {
        return;
    }
    where = in->ipsec ? scope_packet(in) : (struct scope){ .basis = BASIS_OBSERVED, .frame = at->frame, .sa = sa, .exchange = NO_ID };
    where.variant = at->src_port;
    if (in->ipsec) {
        g_snprintf(what, sizeof what, "ESP of SPI %08x", in->ipsec->packet->spi);
    } else if (in->ike) {
        g_snprintf(what, sizeof what, "IKE SA %u", sa->id);
    }
    finding_add(out, CHECK_nat_mapping_changed, &where, "%s now comes from %s port %u, before from %u.", what,
                ip_print(&at->src, from, sizeof from), at->src_port, before);
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
    where = (struct scope){ .basis = BASIS_OBSERVED, .frame = at->frame, .sa = sa, .exchange = NO_ID };
    ip_print(&at->src, from, sizeof from);
    if (life->keepalives) {
        finding_add(out, CHECK_keepalive_gap, &where,
                    "Nothing was captured from %s for %.0f s before its mapping moved from port %u to %u; its last NAT keepalive is frame %u.",
                    from, life->silence, before, at->src_port, life->last_keepalive);
    } else {
        finding_add(out, CHECK_keepalive_gap, &where,
                    "Nothing was captured from %s for %.0f s before its mapping moved from port %u to %u, and no NAT keepalive of it at all.",
                    from, life->silence, before, at->src_port);
    }
}

static bool
heard(const struct ike_sa *sa, bool from_initiator, uint16_t port)
{
    return from_initiator ? (port == PORT_IKE ? sa->i_from_500 : sa->i_from_4500) :
                            (port == PORT_IKE ? sa->r_from_500 : sa->r_from_4500);
}

void
check_port_500_after_float(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!fresh(in) || !heard(e->sa, e->from_initiator, PORT_NATT) || e->at.src_port != PORT_IKE || e->at.dst_port != PORT_IKE ||
        e->exchange->messages->len != 1 || in->msg->exchange == V2_IKE_SA_INIT ||
        (in->msg->major == 2 && ike_is_response(in->msg))) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_port_500_after_float, &where, "%s sends IKE on UDP port 500 after the SA has moved to 4500.",
                who_sent(in, who, sizeof who));
}

void
check_ah_through_nat(const struct check_in *in, struct findings *out)
{
    const struct child_sa *c = in->ike->child;
    struct scope where;

    if (!c || c->protocol != PROTO_AH ||
        (in->ike->sa->nat != NAT_INITIATOR && in->ike->sa->nat != NAT_RESPONDER && in->ike->sa->nat != NAT_BOTH)) {
        return;
    }
    where = scope_message(in);
    where.child = c;
    finding_add(out, CHECK_ah_through_nat, &where,
                "AH is negotiated in frame %u although the NAT detection of frame %u finds a translation: every AH packet "
                "fails its integrity check behind it.", c->negotiated_in, in->ike->sa->nat_i.frame);
}

/* --- silence ------------------------------------------------------------------ */

const struct exchange_message *
unanswered_message(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = waiting_message(sa, x);
    double silence = last ? sadb_last_time(db) - last->time : 0;

    /* Who has been answered before and does not ask again for so long has an answer that was not captured. */
    if (last && sa->major == 2 && x->type != V2_IKE_SA_INIT && sa->from_initiator && sa->from_responder && !message_repeats(last) &&
        silence >= SURELY_AGAIN_S) {
        return NULL;
    }
    return last && silence >= (message_repeats(last) ? AFTER_RETRANSMISSION_S : WITHOUT_RETRANSMISSION_S) ? last : NULL;
}

/* Octets of the largest datagram of the side that waits. */
static bool
is_large(const struct exchange *x, const struct exchange_message *last)
{
    for (guint i = 0; i < x->messages->len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->from_initiator == last->from_initiator && !m->fragment && m->length > LARGE_DATAGRAM) {
            return true;
        }
    }
    return false;
}

/* The other side speaks again in this SA: it lives, and only this message was lost. */
static bool
speaks_later(const struct ike_sa *sa, const struct exchange_message *last)
{
    return (last->from_initiator ? sa->last_from_r : sa->last_from_i) > last->frame;
}

enum silence
silence_reason(const struct sadb *db, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(db, sa, x);

    if (!last) {
        return SILENCE_NONE;
    }
    if (sa->major == 2 && x->type == V2_INFORMATIONAL && sa->from_initiator && sa->from_responder &&
        (x->liveness || (sa->state == IKE_ESTABLISHED && message_repeats(last))) && !speaks_later(sa, last)) {
        return SILENCE_DEAD_PEER;
    }
    if (!heard(sa, !last->from_initiator, PORT_IKE) && !heard(sa, !last->from_initiator, PORT_NATT)) {
        return SILENCE_PLAIN;
    }
    if (is_large(x, last)) {
        return SILENCE_LARGE;
    }
    return last->dst_port == PORT_NATT && !heard(sa, !last->from_initiator, PORT_NATT) ? SILENCE_4500 : SILENCE_PLAIN;
}

static void
each_silence(const struct check_in *in, struct findings *out, enum silence wanted,
             void (*tell)(struct findings *, struct scope *, const struct ike_sa *, const struct exchange *,
                          const struct exchange_message *))
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges->len; k++) {
            const struct exchange *x = (const struct exchange *)g_ptr_array_index(sa->exchanges, k);
            if (silence_reason(in->db, sa, x) == wanted) {
                const struct exchange_message *last = unanswered_message(in->db, sa, x);
                struct scope where = { .basis = BASIS_OBSERVED, .frame = last->frame, .sa = sa, .exchange = x->index };
                tell(out, &where, sa, x, last);
            }
        }
    }
}

static void
mark_retransmissions(struct findings *out, enum check_id check, struct scope *where, const struct exchange_message *m)
{
    for (guint i = 0; m->again && i < m->again->frames->len; i++) {
        where->frame = g_array_index(m->again->frames, uint32_t, i);
        finding_add(out, check, where, "%s", "");
    }
}

static void
tell_4500(struct findings *out, struct scope *where, const struct ike_sa *sa, const struct exchange *x,
          const struct exchange_message *last)
{
    const struct exchange *first = (const struct exchange *)g_ptr_array_index(sa->exchanges, 0);
    char a[ADDR_TEXT_MAX], b[ADDR_TEXT_MAX], remedy[TEXT_MAX];

    (void)x;
    g_snprintf(remedy, sizeof remedy, "Allow UDP 4500 in both directions on every device between %s and %s.",
               ip_print(&sa->initiator.addr, a, sizeof a), ip_print(&sa->responder.addr, b, sizeof b));
    where->remedy = remedy;
    finding_add(out, CHECK_udp_4500_blocked, where,
                "UDP 500 is answered (frame %u); %u message%s to UDP 4500 since frame %u %s not.", first->response,
                message_repeats(last) + 1, message_repeats(last) ? "s" : "", last->frame,
                message_repeats(last) ? "are" : "is");
    mark_retransmissions(out, CHECK_udp_4500_blocked, where, last);
}

void
check_udp_4500_blocked(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_4500, tell_4500);
}

static void
tell_large(struct findings *out, struct scope *where, const struct ike_sa *sa, const struct exchange *x,
           const struct exchange_message *last)
{
    char name[64];

    where->basis = BASIS_INFERRED;
    finding_add(out, CHECK_large_message_lost, where,
                "%s of %u bytes (frame %u) has no answer while smaller messages have; it travels in IP fragments%s. Suggests "
                "that fragments are dropped on the way.", exchange_name(sa->major, x->type, name, sizeof name),
                last->length, last->frame,
                sa->fragmentation_i && sa->fragmentation_r ? "" : ", and IKE fragmentation is not announced by both");
    mark_retransmissions(out, CHECK_large_message_lost, where, last);
}

void
check_large_message_lost(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_LARGE, tell_large);
}

static void
tell_dead(struct findings *out, struct scope *where, const struct ike_sa *sa, const struct exchange *x,
          const struct exchange_message *last)
{
    char a[ID_TEXT_MAX], b[ID_TEXT_MAX];

    (void)x;
    where->exchange = NO_ID;
    where->variant = last->from_initiator;
    finding_add(out, CHECK_dead_peer, where,
                "%s asks whether %s lives (frame %u, sent %u time%s) and gets no answer; it will take the SA for dead.",
                endpoint_print(last->from_initiator ? &sa->initiator : &sa->responder, a, sizeof a),
                endpoint_print(last->from_initiator ? &sa->responder : &sa->initiator, b, sizeof b), last->frame,
                message_repeats(last) + 1, message_repeats(last) ? "s" : "");
    mark_retransmissions(out, CHECK_dead_peer, where, last);
}

/* RFC 3706: each R-U-THERE is an exchange of its own; an acknowledgement is another. */
static void
dead_v1(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    for (unsigned side = 0; side < 2; side++) {
        const struct exchange_message *first = NULL;
        struct scope where = { .basis = BASIS_DECRYPTED, .sa = sa, .exchange = NO_ID, .variant = side };
        GArray *frames = g_array_new(FALSE, FALSE, sizeof(uint32_t));
        uint32_t heard_in = side ? sa->last_from_r : sa->last_from_i;   /* anything from the peer shows that it lives */
        char a[ID_TEXT_MAX], b[ID_TEXT_MAX];
        for (guint i = 0; i < sa->exchanges->len; i++) {
            const struct exchange *x = (const struct exchange *)g_ptr_array_index(sa->exchanges, i);
            const struct exchange_message *m = x->messages->len ? message_at(x, 0) : NULL;
            if (m && m->from_initiator == side && x->liveness && m->frame > heard_in) {
                first = first ? first : m;
                g_array_append_val(frames, m->frame);
            }
        }
        if (first && sadb_last_time(in->db) - first->time >= AFTER_RETRANSMISSION_S) {
            for (guint i = 0; i < frames->len; i++) {
                where.frame = g_array_index(frames, uint32_t, i);
                finding_add(out, CHECK_dead_peer, &where,
                            "%s asks whether %s lives (R-U-THERE, %u times since frame %u) and gets no acknowledgement; it "
                            "will take the SA for dead.",
                            endpoint_print(side ? &sa->initiator : &sa->responder, a, sizeof a),
                            endpoint_print(side ? &sa->responder : &sa->initiator, b, sizeof b), frames->len, first->frame);
            }
        }
        g_array_free(frames, TRUE);
    }
}

void
check_dead_peer(const struct check_in *in, struct findings *out)
{
    each_silence(in, out, SILENCE_DEAD_PEER, tell_dead);
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        if (sa->major == 1 && sa->from_initiator && sa->from_responder) {
            dead_v1(in, out, sa);
        }
    }
}

/* --- ICMP and fragments -------------------------------------------------------- */

static const char *
quoted(const struct path_packet *p, char *out, size_t size)
{
    if (p->spi) {
        g_snprintf(out, (gulong)size, "%s of SPI %08x", p->protocol == IP_AH ? "AH" : "ESP", p->spi);
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
    return p->kind == PATH_ICMP && (p->src.family == 6 ? p->icmp_type == ICMPV6_TOO_BIG :
                                                    p->icmp_type == ICMP_UNREACHABLE && p->icmp_code == ICMP_FRAGMENTATION_NEEDED);
}

void
check_icmp_unreachable(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    const struct path_packet *p = e->packet;
    char who[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], what[64];
    struct scope where;

    if (p->kind != PATH_ICMP || is_path_mtu(p)) {
        return;
    }
    where = scope_path(in);
    where.variant = (uint64_t)p->icmp_type << 48 | (uint64_t)p->icmp_code << 32 | p->dst_port;
    finding_add(out, CHECK_icmp_unreachable, &where, "%s reports by ICMP (type %u, code %u) that %s did not reach %s.",
                ip_print(&e->at.src, who, sizeof who), p->icmp_type, p->icmp_code, quoted(p, what, sizeof what),
                ip_print(&p->dst, to, sizeof to));
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
    finding_add(out, CHECK_path_mtu, &where, "%s reports that a packet of %s is too big; the next hop takes %u bytes.",
                ip_print(&e->at.src, who, sizeof who), quoted(p, what, sizeof what), p->mtu);
}

void
check_outer_fragment(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    const struct path_packet *p = e->packet;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    struct scope where;

    if (p->kind != PATH_FRAGMENT) {
        return;
    }
    where = scope_path(in);
    where.variant = ip_compare(&e->at.src, &e->at.dst) > 0;
    finding_add(out, CHECK_outer_fragment, &where, "%s from %s to %s travels in IP fragments.",
                p->protocol == IP_UDP ? "IKE or ESP in UDP" : p->protocol == IP_ESP ? "ESP" : "AH",
                ip_print(&e->at.src, from, sizeof from), ip_print(&e->at.dst, to, sizeof to));
}

void
check_non_esp_marker_missing(const struct check_in *in, struct findings *out)
{
    const struct path_event *e = in->path;
    char from[ADDR_TEXT_MAX];
    struct scope where;

    if (e->packet->kind != PATH_UNMARKED) {
        return;
    }
    where = scope_path(in);
    finding_add(out, CHECK_non_esp_marker_missing, &where,
                "%s sends IKE to UDP %u without the four zero octets that tell it from ESP.",
                ip_print(&e->at.src, from, sizeof from), e->at.dst_port);
}
