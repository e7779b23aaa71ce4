/* check_lifecycle.c - the life of an SA: set up, moved, replaced, restarted, deleted.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

static void
child_text(const struct child_sa *c, char *out, size_t size)
{
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], spi_i[SPI_WORD_MAX], spi_r[SPI_WORD_MAX];

    g_snprintf(out, (gulong)size, "Child SA %u (SPIs %s and %s, %s === %s)", c->id,
               spi_say(c->spi_i, spi_i), spi_say(c->spi_r, spi_r),
               selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
               selectors_print(c->ts_r, c->num_ts_r, r, sizeof r));
}

/* RFC 4478: seconds until the initiator must authenticate again, to end a sentence. */
static void
auth_lifetime(const struct ike_message *m, char *out, size_t size)
{
    const struct ike_notify *n = m->major == 2 ? ike_find_notify(m, N2_AUTH_LIFETIME) : NULL;
    struct cur c = cur_of(n ? n->data.at : NULL, n ? n->data.len : 0);
    uint32_t seconds;

    out[0] = 0;
    if (n && cur_u32(&c, &seconds)) {
        g_snprintf(out, (gulong)size,
                   "; it must be reauthenticated within %u s (AUTH_LIFETIME)", seconds);
    }
}

/* What IKEv1 has negotiated (RFC 2407 section 4.5, RFC 2409 appendix A), to end a sentence. */
static void
v1_lifetime(const struct kept_proposal *k, char *out, size_t size)
{
    uint32_t kb = k && k->p->v1 ? k->p->attr.life_kb : 0;

    out[0] = 0;
    if (k && k->p->v1 && k->p->attr.life_s) {
        g_snprintf(out, (gulong)size, "; its lifetime is %u s", k->p->attr.life_s);
    }
    if (kb) {
        g_snprintf(out + strlen(out), (gulong)(size - strlen(out)), "%s%u KB",
                   out[0] ? " or " : "; its lifetime is ", kb);
    }
}

/* Whose each SPI is, the selectors and the address that the client was given. */
static void
report_child(const struct child_sa *c, struct findings *out, const struct scope *where)
{
    char i[TS_TEXT_MAX], r[TS_TEXT_MAX], spi_i[SPI_WORD_MAX], spi_r[SPI_WORD_MAX];
    char life[80], ip[ADDR_TEXT_MAX], given[ADDR_TEXT_MAX + 48] = "";

    v1_lifetime(c->chosen, life, sizeof life);
    if (c->virtual_ip.family) {
        g_snprintf(given, sizeof given, "; the initiator was assigned %s in frame %u",
                   ip_print(&c->virtual_ip, ip, sizeof ip), c->virtual_ip_frame);
    }
    finding_add(out, CHECK_sa_established, where,
                "Child SA %u (%s === %s, SPI %s to the initiator, %s to the responder) is "
                "established%s%s%s%s.",
                c->id, selectors_print(c->ts_i, c->num_ts_i, i, sizeof i),
                selectors_print(c->ts_r, c->num_ts_r, r, sizeof r), spi_say(c->spi_i, spi_i),
                spi_say(c->spi_r, spi_r), c->chosen ? " with " : "",
                c->chosen ? c->chosen->text : "", life, given);
}

/* Nothing in IKE_AUTH told, but both sides use the SA. */
static void
report_late(const struct check_in *in, struct findings *out)
{
    for (size_t k = 0; k < sadb_num_ike_sas(in->db); k++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, k);
        struct scope where = { .basis = BASIS_INFERRED, .frame = sa->established_in, .sa = sa,
                               .exchange = NO_ID };
        char i[ID_TEXT_MAX], r[ID_TEXT_MAX];
        if (sa->established_in && sa->established_late) {
            finding_add(out, CHECK_sa_established, &where,
                        "IKE SA %u between %s (initiator) and %s (responder) is established: both "
                        "ends use it by this frame.",
                        sa->id, endpoint_print(&sa->initiator, i, sizeof i),
                        endpoint_print(&sa->responder, r, sizeof r));
        }
    }
}

void
check_sa_established(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;
    char i[ID_TEXT_MAX], r[ID_TEXT_MAX], life[80];

    if (!e) {
        report_late(in, out);
        return;
    }
    where = scope_message(in);
    if (e->established) {
        where.basis = in->msg->encrypted && !in->msg->readable ? BASIS_INFERRED : e->basis;
        auth_lifetime(in->msg, life, sizeof life);
        if (!life[0]) {
            v1_lifetime(e->sa->chosen, life, sizeof life);
        }
        finding_add(out, CHECK_sa_established, &where,
                    "IKE SA %u between %s (initiator) and %s (responder) is established%s%s%s.",
                    e->sa->id,
                    endpoint_print(&e->sa->initiator, i, sizeof i),
                    endpoint_print(&e->sa->responder, r, sizeof r), e->sa->chosen ? " with " : "",
                    e->sa->chosen ? e->sa->chosen->text : "", life);
    }
    where.basis = e->basis;
    for (unsigned n = 0; n < 2; n++) {
        const struct child_sa *c = n ? e->second : e->child;
        if (c) {
            where.child = c;
            report_child(c, out, &where);
        }
    }
}

void
check_sa_rekeyed(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char spi_i[SPI_WORD_MAX], spi_r[SPI_WORD_MAX];
    struct scope where = scope_message(in);

    if (e->rekeyed_ike) {
        finding_add(out, CHECK_sa_rekeyed, &where, "IKE SA %u is replaced by IKE SA %u.", e->sa->id,
                    e->rekeyed_ike->id);
    }
    if (e->reauthenticates) {
        finding_add(out, CHECK_sa_rekeyed, &where,
                    "IKE SA %u (phase 1) is replaced by IKE SA %u after reauthentication.",
                    e->reauthenticates->id, e->sa->id);
    }
    if (e->child && e->child_rekeyed) {
        where.child = e->child;
        finding_add(out, CHECK_sa_rekeyed, &where,
                    "Child SA %u (SPIs %s and %s) is replaced by Child SA %u.",
                    e->child_rekeyed->id, spi_say(e->child_rekeyed->spi_i, spi_i),
                    spi_say(e->child_rekeyed->spi_r, spi_r), e->child->id);
    }
}

void
check_sa_deleted(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;
    char who[ID_TEXT_MAX], peer[ID_TEXT_MAX], text[TEXT_MAX];

    if (!e) {
        report_unread_deletes(in, out);
        return;
    }
    where = scope_message(in);
    message_sender(in, who, sizeof who);
    if (e->ike_deleted) {
        const char *unsure = e->children_unsure ?
            "; earlier message IDs are missing, so the capture does not show whether its Child SAs "
            "moved to another IKE SA" : "";
        ike_spis_say(e->sa, text, sizeof text);
        finding_add(out, CHECK_sa_deleted, &where, "%s deletes IKE SA %u (%s) with %s%s.", who,
                    e->sa->id, text,
                    endpoint_print(e->from_initiator ? &e->sa->responder : &e->sa->initiator, peer,
                                   sizeof peer), unsure);
    }
    for (size_t i = 0; i < e->num_deleted; i++) {
        child_text(e->deleted[i], text, sizeof text);
        where.child = e->deleted[i];
        finding_add(out, CHECK_sa_deleted, &where, "%s deletes %s.", who, text);
    }
}

void
check_half_closed(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_child_sas(in->db); i++) {
        const struct child_sa *c = sadb_child_sa(in->db, i);
        struct scope where = { .basis = c->basis,
                               .frame = c->half_closed_in,
                               .sa = c->ike_sa,
                               .child = c,
                               .exchange = NO_ID,
                               .also = c->deleted_in };
        if (!c->half_closed_in || c->closed_i == c->closed_r ||
            child_holder(in->db, c)->deleted_in) {
            continue;
        }
        finding_add(out, CHECK_half_closed, &where,
                    "Frame %u deletes SPI %08x of Child SA %u, but the answer (frame %u) does not "
                    "delete SPI %08x of the other direction.",
                    c->deleted_in, c->closed_i ? c->spi_i : c->spi_r, c->id, c->half_closed_in,
                    c->closed_i ? c->spi_r : c->spi_i);
    }
}

/* --- moves and restarts ---------------------------------------------------------- */

void
check_address_updated(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char who[ID_TEXT_MAX], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    bool initiator = e->moved ? e->moved_initiator : e->from_initiator;
    const struct endpoint *mover;
    struct scope where;

    if (!message_is_new(in) || (!e->moved && !(in->msg->major == 2 && !ike_is_response(in->msg) &&
                                      ike_find_notify(in->msg, N2_UPDATE_SA_ADDRESSES)))) {
        return;
    }
    where = scope_message(in);
    mover = initiator ? &e->sa->initiator : &e->sa->responder;
    finding_add(out, CHECK_address_updated, &where, "IKE SA %u of %s moves%s%s to %s.", e->sa->id,
                endpoint_print(mover, who, sizeof who), e->old_addr.family ? " from " : "",
                e->old_addr.family ? ip_print(&e->old_addr, from, sizeof from) : "",
                ip_print(&mover->addr, to, sizeof to));
}

/* What no peer would send: octets that the keys of the SA do not open, or a message again
 * that has been answered. */
static bool
is_forged(const struct check_in *in)
{
    const struct ike_message *m = in->msg;
    const struct ike_event *e = in->ike;

    /* The path probes of MOBIKE are one message on several paths (RFC 4555 section 3.10). */
    if (e->retransmission_of && e->exchange->type == V2_INFORMATIONAL &&
        (!e->sa->auth_read || e->sa->mobike_i || e->sa->mobike_r)) {
        return false;
    }
    if (e->retransmission_of) {
        return e->exchange->response != 0 && e->exchange->response < e->at.frame;
    }
    return m->encrypted && !m->readable && !m->truncated && !m->fragment && e->sa->num_readable > 0;
}

/* From there, or to there: the SA's own end answers what it takes for its peer's. */
static void
report_new_address(const struct check_in *in, struct findings *out, struct scope *where)
{
    const struct ike_event *e = in->ike;
    const struct endpoint *near = e->from_initiator ? &e->sa->initiator : &e->sa->responder,
                          *far = e->from_initiator ? &e->sa->responder : &e->sa->initiator;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], is[ADDR_TEXT_MAX], phase[64],
        remedy[TEXT_MAX];

    ip_print(&e->at.src, from, sizeof from);
    ip_print(&e->at.dst, to, sizeof to);
    if (ip_equal(&near->addr, &e->at.src)) {
        finding_add(out, CHECK_ike_from_new_address, where,
                    "%s sends a message of IKE SA %u to %s, although the SA's peer is %s: it "
                    "answers a message that came from there.",
                    from, e->sa->id, to, ip_print(&far->addr, is, sizeof is));
    } else if (e->retransmission_of) {
        g_snprintf(remedy, sizeof remedy,
                   "Find out who uses %s: someone there has captured the message and replays it. "
                   "The replay does not harm the SA; if the address belongs to the peer, its route "
                   "has changed.",
                   from);
        where->remedy = remedy;
        where->variant = 1;
        finding_add(out, CHECK_ike_from_new_address, where,
                    "%s of frame %u is repeated in frame %u, bit for bit, from %s, although the "
                    "SA's peer is %s: someone replays it.",
                    phase_name(in, e->exchange, phase, sizeof phase), e->retransmission_of,
                    e->at.frame, from, ip_print(&near->addr, is, sizeof is));
        finding_sum(out, CHECK_ike_from_new_address, where,
                    SUM_COUNT " messages of IKE SA %u (" SUM_OTHERS ") are repeated, bit for bit, "
                    "from an address other than that of the SA's peer %s: someone replays them.",
                    e->sa->id, is);
    } else {
        finding_add(out, CHECK_ike_from_new_address, where,
                    "A message of IKE SA %u comes from %s; the SA's peer is %s, and neither MOBIKE "
                    "nor a NAT explains it.",
                    e->sa->id, from, ip_print(&near->addr, is, sizeof is));
    }
}

void
check_ike_from_new_address(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    struct scope where;

    if (!e->new_address || !e->sa || e->sa->nat == NAT_INITIATOR ||
        e->sa->nat == NAT_RESPONDER || e->sa->nat == NAT_BOTH) {
        return;
    }
    /* MOBIKE is announced in IKE_AUTH, which only keys open (RFC 4555 section 3.1). */
    if (in->msg->major == 2 && !is_forged(in) &&
        (!e->sa->auth_read || e->sa->mobike_i || e->sa->mobike_r)) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    report_new_address(in, out, &where);
}

/* Whoever was restarted answers that it has no such SA, and never uses it again. */
static void
report_lost(const struct check_in *in, struct findings *out)
{
    for (struct denied w = { 0 }; denied_next(in->db, &w);) {
        struct scope where = scope_denied(&w);
        char who[ADDR_TEXT_MAX], name[64], remedy[TEXT_MAX];
        if (w.sa->major == 2 && w.denial->type == N2_INVALID_IKE_SPI && w.denial->stood &&
            !w.refuted) {
            g_snprintf(remedy, sizeof remedy,
                       "Check why %s has lost the SA: a restart, a failover without state, or a "
                       "load balancer that sends the other end to another machine. The other end "
                       "must negotiate again; dead peer detection there does so within its "
                       "interval.",
                       ip_print(&w.denial->src, who, sizeof who));
            where.remedy = remedy;
            finding_add(out, CHECK_peer_restarted, &where,
                        "%s answers a message of IKE SA %u, established in frame %u, with %s: it "
                        "no longer has this SA.",
                        ip_print(&w.denial->src, who, sizeof who), w.sa->id, w.sa->established_in,
                        notify_name(2, w.denial->type, name, sizeof name));
        }
    }
}

static const char *
person(const struct ike_sa *sa)
{
    return sa->user ? sa->user : sa->initiator.id;
}

void
check_peer_restarted(const struct check_in *in, struct findings *out)
{
    const struct ike_event *e = in->ike;
    char from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
    struct scope where;

    if (!e) {
        report_lost(in, out);
        return;
    }
    if (!message_is_new(in)) {
        return;
    }
    where = scope_message(in);
    if (e->replaces && ip_equal(&e->sa->initiator.addr, &e->replaces->initiator.addr)) {
        finding_add(out, CHECK_peer_restarted, &where,
                    "%s connects again (IKE SA %u) with INITIAL_CONTACT although its IKE SA %u was "
                    "not deleted: it has lost the old one.",
                    person(e->sa), e->sa->id, e->replaces->id);
    } else if (e->replaces) {
        bool contact = e->sa->initial_contact;
        where.remedy =
            "If these are two devices, give each its own identity, or configure the gateway to "
            "keep several IKE SAs of one identity (unique = never, uniqueids = no). If one device "
            "has moved or was restarted, enable MOBIKE and dead peer detection.";
        finding_add(out, CHECK_peer_restarted, &where,
                    "%s connects again from %s (IKE SA %u)%s although its IKE SA %u from %s was "
                    "not deleted%s.",
                    person(e->sa), ip_print(&e->sa->initiator.addr, to, sizeof to), e->sa->id,
                    contact ? " with INITIAL_CONTACT" : "", e->replaces->id,
                    ip_print(&e->replaces->initiator.addr, from, sizeof from),
                    contact ? ": the gateway drops the old one, often without notice" : "");
    }
}

void
check_rekey_collision(const struct check_in *in, struct findings *out)
{
    const struct exchange *other = in->ike->collides;
    struct scope where;

    if (!other) {
        return;
    }
    where = scope_message(in);
    where.also = other->request;
    finding_add(
        out, CHECK_rekey_collision, &where,
        "Both ends rekey at the same time (frames %u and %u); the new SA with the lowest nonce "
        "should be closed.",
        other->request, in->ike->at.frame);
}
