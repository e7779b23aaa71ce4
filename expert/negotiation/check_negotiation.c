/* check_negotiation.c - what the answers say: choice, selectors, address.  Errors are in
 * check_notify.c, why no proposal was chosen in check_refusal.c.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <string.h>

enum { LISTED = 4 };            /* sessions named in one sentence */

/* The answer of this message to an offer that was read, or NULL. */
static const struct kept_proposal *
answer(const struct check_in *in)
{
    const struct exchange *x = in->ike->exchange;

    if (!message_is_new(in) || !x->chosen || x->chosen->frame != in->ike->at.frame) {
        return NULL;
    }
    return x->offered->len ? x->chosen : NULL;
}

static const struct kept_proposal *
offer_of(const struct exchange *x, const struct kept_proposal *chosen)
{
    for (guint i = 0; i < x->offered->len; i++) {
        const struct kept_proposal *k = x->offered->at[i];
        if (suite_chosen_from(chosen->p, k->p)) {
            return k;
        }
    }
    return NULL;
}

/* IKEv1: the offered transform that the answer names by number, though altered. */
static const struct kept_proposal *
altered(const struct exchange *x, const struct kept_proposal *chosen)
{
    for (guint i = 0; chosen->p->v1 && i < x->offered->len; i++) {
        const struct kept_proposal *k = x->offered->at[i];
        if (k->p->protocol == chosen->p->protocol &&
            k->p->v1_transform == chosen->p->v1_transform &&
            (k->p->number == chosen->p->number || x->offered->len == 1)) {
            return k;
        }
    }
    return NULL;
}

void
check_proposal_not_offered(const struct check_in *in, struct findings *out)
{
    const struct kept_proposal *chosen = answer(in);
    char offers[SUITE_TEXT_MAX * 4], who[ID_TEXT_MAX];
    struct scope where;

    if (!chosen || in->msg->capped || offer_of(in->ike->exchange, chosen) ||
        altered(in->ike->exchange, chosen)) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_proposal_not_offered, &where,
                "%s chooses %s, but frame %u offers only %s.", message_sender(in, who, sizeof who),
                chosen->text, exchange_asked_in(in->ike->exchange),
                suite_offers(in->ike->exchange->offered, offers, sizeof offers));
}

/* A transform of either, where the two differ, in words: "3DES_CBC with key length 128". */
static void
say_transform(GString *out, const struct transform *t, const struct transform *other)
{
    struct transform bare = { .type = t->type, .id = t->id };
    char name[64];

    if (other->id != t->id || (t->key_bits && other->key_bits)) {
        g_string_append(out, transform_say(t, name, sizeof name));
        return;
    }
    g_string_append(out, transform_print(&bare, name, sizeof name));
    if (t->key_bits) {
        g_string_append_printf(out, " with key length %u", t->key_bits);
    } else {
        g_string_append(out, " without a key length");
    }
}

static const struct transform *
of_type(const struct proposal *p, uint8_t type)
{
    for (size_t i = 0; i < p->num_transforms; i++) {
        if (p->transforms[i].type == type) {
            return &p->transforms[i];
        }
    }
    return NULL;
}

static const char *
say_mode(uint16_t mode)
{
    switch (mode) {
    case 0: return "no mode";
    case MODE_TUNNEL: return "tunnel mode";
    case MODE_TRANSPORT: return "transport mode";
    case MODE_UDP_TUNNEL: return "tunnel mode in UDP";
    case MODE_UDP_TRANSPORT: return "transport mode in UDP";
    default: return "another mode";
    }
}

static void
say_and(GString *out)
{
    if (out->len) {
        g_string_append(out, " and ");
    }
}

/* What of the transform p differs from other: nothing for what p lacks. */
static char *
say_changes(const struct proposal *p, const struct proposal *other)
{
    GString *out = g_string_new(NULL);
    char name[64];

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i], *was = of_type(other, t->type);
        if (!was) {
            say_and(out);
            g_string_append(out, transform_say(t, name, sizeof name));
        } else if (was->id != t->id || was->key_bits != t->key_bits) {
            say_and(out);
            say_transform(out, t, was);
        }
    }
    if (p->attr.auth_method != other->attr.auth_method) {
        say_and(out);
        g_string_append_printf(out, "authentication by %s",
                               auth_method_name(1, p->attr.auth_method, name, sizeof name));
    }
    if (p->attr.mode != other->attr.mode) {
        say_and(out);
        g_string_append(out, say_mode(p->attr.mode));
    }
    if (!out->len) {
        g_string_append(out, "nothing");
    }
    return g_string_free(out, FALSE);
}

void
check_attribute_changed(const struct check_in *in, struct findings *out)
{
    const struct kept_proposal *chosen = answer(in), *asked;
    char who[ID_TEXT_MAX], *now, *before;
    struct scope where;

    if (!chosen || offer_of(in->ike->exchange, chosen)) {
        return;
    }
    asked = altered(in->ike->exchange, chosen);
    if (!asked) {
        return;
    }
    where = scope_message(in);
    now = say_changes(chosen->p, asked->p);
    before = say_changes(asked->p, chosen->p);
    finding_add(out, CHECK_attribute_changed, &where,
                "%s changes transform %u of frame %u: it returns %s instead of %s.",
                message_sender(in, who, sizeof who), chosen->p->v1_transform,
                in->ike->exchange->request, now, before);
    g_free(now);
    g_free(before);
}

void
check_several_chosen(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    const struct exchange *x = in->ike->exchange;
    unsigned proposals = 0;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !x->chosen || x->chosen->frame != in->ike->at.frame ||
        m->sa_count != 1 || m->error) {
        return;
    }
    for (size_t i = 0; i < m->num_proposals; i++) {
        bool twice = false;     /* proposals with one number are ANDed, so they are one */
        for (size_t k = 0; k < i; k++) {
            twice |= m->proposals[k].number == m->proposals[i].number &&
                     m->proposals[k].protocol != m->proposals[i].protocol;
        }
        proposals += !twice;
    }
    if (proposals <= 1) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_several_chosen, &where,
                "%s answers with %u proposals or transforms; it must choose exactly one.",
                message_sender(in, who, sizeof who), proposals);
}

/* USE_TRANSPORT_MODE, or the encapsulation mode of quick mode. */
static bool
asks_transport(const struct exchange *x)
{
    bool transport = x->transport;

    for (guint i = 0; i < x->offered->len && !transport; i++) {
        const struct proposal *p = x->offered->at[i]->p;
        transport = p->v1 && v1_is_transport(p->attr.mode);
    }
    return transport;
}

/* IKEv1: the client asked for an address, was answered, and has none: its quick mode cannot name
 * one. */
static bool
went_without_address(const struct ike_sa *sa)
{
    bool asked = false;

    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        asked |= x->type == V1_TRANSACTION && x->asked_address && x->response_readable;
    }
    return asked && !sa->addresses->len;
}

void
check_ts_unacceptable(const struct check_in *in, struct findings *out)
{
    bool v1 = in->msg->major == 1;
    const struct ike_notify *n =
        new_message_notify(in, v1 ? N1_INVALID_ID_INFORMATION : N2_TS_UNACCEPTABLE);
    const struct exchange *x = in->ike->about;
    char who[ID_TEXT_MAX], i[TS_TEXT_MAX], r[TS_TEXT_MAX], ki[TS_TEXT_MAX], kr[TS_TEXT_MAX];
    const struct selector *asked;
    const char *in_transport = "";
    struct scope where;
    size_t num;

    if (!n || (v1 && !refuses_quick_mode(in))) {
        return;
    }
    /* Without an address there are no selectors: address_assignment_failed reports the cause. */
    if (v1 && went_without_address(in->ike->sa)) {
        return;
    }
    if (!v1 && (ike_find_notify(in->msg, N2_FAILED_CP_REQUIRED) ||
                ike_find_notify(in->msg, N2_INTERNAL_ADDRESS_FAILURE))) {
        return;
    }
    where = scope_message(in);
    where.basis = notify_basis(n);
    message_sender(in, who, sizeof who);
    if (v1 && x->type != V1_QUICK) {
        finding_add(out, CHECK_ts_unacceptable, &where,
                    "%s refuses the networks of a quick mode that was not captured; phase 1 was "
                    "already complete.",
                    who);
        return;
    }
    if (!x || !x->by_ts_known) {
        finding_add(out, CHECK_ts_unacceptable, &where,
                    "%s refuses the traffic selectors; the capture does not show them in clear.",
                    who);
        return;
    }
    if (asks_transport(x)) {
        in_transport = ", which requests transport mode";
        where.remedy = "First set the same mode on both ends: the offer requests transport mode, "
                       "and a peer configured for tunnel mode has no match for two single hosts. "
                       "If the modes are the same, compare the addresses, protocols and ports of "
                       "both ends.";
    }
    asked = exchange_selectors(x, true, &num);
    selectors_print(asked, num, i, sizeof i);
    asked = exchange_selectors(x, false, &num);
    selectors_print(asked, num, r, sizeof r);
    num = sadb_num_child_sas(in->db);
    for (struct newest k = newest_first((uint32_t)num, SADB_MAX_LOOKED_AT); newest_next(&k);) {
        const struct child_sa *c = sadb_child_sa(in->db, k.i);
        bool same_side =
            ip_equal(&c->addr_i, &in->ike->at.dst) && ip_equal(&c->addr_r, &in->ike->at.src);
        if (same_side && c->num_ts_i && c->basis != BASIS_INFERRED && x->by_initiator) {
            finding_add(
                out, CHECK_ts_unacceptable, &where,
                "%s refuses %s === %s of frame %u%s; it has accepted %s === %s before (frame %u).",
                who, i, r, exchange_asked_in(x), in_transport,
                selectors_print(c->ts_i, c->num_ts_i, ki, sizeof ki),
                selectors_print(c->ts_r, c->num_ts_r, kr, sizeof kr), c->negotiated_in);
            return;
        }
    }
    finding_add(out, CHECK_ts_unacceptable, &where,
                "%s refuses %s === %s of frame %u%s; the capture does not show what it would "
                "accept.",
                who, i, r, exchange_asked_in(x), in_transport);
}

static bool
all_within(const struct selector *inner, size_t num_inner, const struct selector *outer,
           size_t num_outer)
{
    for (size_t i = 0; i < num_inner; i++) {
        bool held = false;
        for (size_t o = 0; o < num_outer && !held; o++) {
            held = selector_within(&inner[i], &outer[o]);
        }
        if (!held) {
            return false;
        }
    }
    return true;
}

/* Transport mode behind a NAT: the answer names the host by the address that the NAT gives it
 * (RFC 7296 section 2.23.1, RFC 3947 section 5.2). */
static bool
substituted(const struct child_sa *c, const struct selector *asked, size_t num_asked,
            const struct selector *got, size_t num_got)
{
    struct selector same;

    if (!c->transport || num_asked != 1 || num_got != 1 || !ip_equal(&asked->lo, &asked->hi) ||
        !ip_equal(&got->lo, &got->hi)) {
        return false;
    }
    same = *got;
    same.lo = asked->lo;
    same.hi = asked->hi;
    return !ip_equal(&asked->lo, &got->lo) && selector_within(asked, &same);
}

void
check_ts_narrowed(const struct check_in *in, struct findings *out)
{
    const struct child_sa *c = in->ike->child;
    const struct exchange *x = in->ike->exchange;
    char who[ID_TEXT_MAX], a[TS_TEXT_MAX], b[TS_TEXT_MAX];
    struct scope where;

    if (!c || !x->by_ts_known) {
        return;
    }
    where = scope_message(in);
    where.child = c;
    for (unsigned side = 0; side < 2; side++) {
        bool by = side == 0, initiator = x->by_initiator == by;
        size_t num_asked, num_got;
        const struct selector *asked = exchange_selectors(x, by, &num_asked), *got;
        got = child_selectors(c, initiator, &num_got);
        if (all_within(asked, num_asked, got, num_got) || (initiator && c->virtual_ip.family) ||
            substituted(c, asked, num_asked, got, num_got)) {
            continue;
        }
        where.variant = side + 1;
        finding_add(out, CHECK_ts_narrowed, &where,
                    "%s narrows the %s selector from %s (frame %u) to %s.",
                    message_sender(in, who, sizeof who), initiator ? "initiator's" : "responder's",
                    selectors_print(asked, num_asked, a, sizeof a), exchange_asked_in(x),
                    selectors_print(got, num_got, b, sizeof b));
    }
}

static bool
gives_address(const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_cfg; i++) {
        if ((m->cfg[i].type == CFG_INTERNAL_IP4_ADDRESS ||
             m->cfg[i].type == CFG_INTERNAL_IP6_ADDRESS) &&
            m->cfg[i].value.len >= 4) {
            return true;
        }
    }
    return false;
}

/* When that side of sa was last heard, by frames. */
static uint32_t
last_heard(const struct ike_sa *sa)
{
    uint32_t last = sa->last_from_i;

    for (struct newest n = newest_first(sa->children.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct child_sa *c = sa->children.at[n.i];
        for (struct newest k = newest_first(c->streams.len, SADB_MAX_PER_SPI); newest_next(&k);) {
            const struct stream *s = c->streams.at[k.i];
            last = s->to_responder && s->last_frame > last ? s->last_frame : last;
        }
    }
    return last;
}

/* old holds an address of now's gateway. */
static bool
holds_address(const struct ike_sa *old, const struct ike_sa *now)
{
    return old->state == IKE_ESTABLISHED && !old->deleted_in && old->addresses->len &&
           ip_equal(&old->responder.addr, &now->responder.addr);
}

/* The sessions of before now in which whose person holds an address, and whether nobody was heard
 * in any of them since now began; their number. */
static unsigned
list_holdings(const struct sadb *db, const struct ike_sa *now, const struct ike_sa *whose,
              GString *text, bool *silent)
{
    unsigned num = 0;
    uint32_t heard;
    char ip[ADDR_TEXT_MAX];

    *silent = true;
    for (size_t i = now->id; i > 0 && now->id - i < SADB_MAX_PER_PEER && num < LISTED; i--) {
        const struct ike_sa *old = sadb_ike_sa(db, i - 1);
        if (!holds_address(old, now) || !ike_sa_same_person(old, whose)) {
            continue;
        }
        /* Where nothing of the client was captured, its silence tells nothing. */
        heard = last_heard(old);
        *silent &= heard && heard < now->first_frame;
        g_string_append_printf(text, "%s%s (IKE SA %u", num ? ", " : "",
                               ip_print(&old->addresses->at[0].addr, ip, sizeof ip), old->id);
        if (heard) {
            g_string_append_printf(text, ", last heard in frame %u", heard);
        }
        g_string_append_c(text, ')');
        num++;
    }
    return num;
}

/* Who holds addresses of the gateway in sessions of before, as a sentence: who asks in vain or, if
 * he holds none, one who holds several.  The remedy; NULL where nobody does. */
static const char *
say_holdings(const struct check_in *in, const char *who, char *out, gulong size)
{
    const struct ike_sa *now = in->ike->sa;
    GString *text = g_string_new(NULL);
    bool silent = false;
    unsigned num = list_holdings(in->db, now, now, text, &silent);

    for (size_t i = now->id; !num && i > 0 && now->id - i < SADB_MAX_PER_PEER; i--) {
        const struct ike_sa *old = sadb_ike_sa(in->db, i - 1);
        if (!holds_address(old, now) || !ike_sa_user(old)) {
            continue;
        }
        who = ike_sa_user(old);
        num = list_holdings(in->db, now, old, text, &silent);
        if (num < 2) {
            num = 0;
            g_string_truncate(text, 0);
        }
    }
    out[0] = '\0';
    if (num) {
        g_snprintf(out, size, " %s still has %s%s.", who, text->str,
                   silent ? ", without a sign of life since this try began" : "");
    }
    g_string_free(text, TRUE);
    return !num   ? NULL :
           silent ? "Configure the gateway to end old sessions of the same user (in strongSwan "
                    "unique = replace) and to detect dead ones with DPD; then give the pool more "
                    "addresses than there are devices." :
                    "Give the pool more addresses than there are devices, or end unused sessions; "
                    "DPD detects dead ones.";
}

static void
report_refused_address(const struct check_in *in, struct findings *out, struct scope *where,
                       const struct ike_notify *n)
{
    const struct ike_sa *sa = in->ike->sa;
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX], held[TEXT_MAX];
    const char *user = sa->user ? sa->user : message_receiver(in, to, sizeof to);

    message_sender(in, who, sizeof who);
    where->basis = notify_basis(n);
    if (n->type == N2_FAILED_CP_REQUIRED) {
        where->remedy = "Configure the client to request an address (in strongSwan vips = 0.0.0.0; "
                        "elsewhere Mode Config, or \"obtain an address\"), or configure networks "
                        "without a pool on the gateway.";
        if (exchange_asked_in(in->ike->exchange)) {
            g_snprintf(held, sizeof held, " in frame %u", exchange_asked_in(in->ike->exchange));
        } else {
            held[0] = '\0';
        }
        finding_add(out, CHECK_address_assignment_failed, where,
                    "%s accepts only clients that request an address, and %s did not request one%s "
                    "(FAILED_CP_REQUIRED).",
                    who, user, held);
        return;
    }
    where->remedy = say_holdings(in, user, held, sizeof held);
    finding_add(out, CHECK_address_assignment_failed, where,
                "%s assigns no address to %s (INTERNAL_ADDRESS_FAILURE).%s", who, user, held);
}

/* The tunnel is set up by a message that was read whole, and the address that was asked for is not
 * in it (RFC 7296 section 2.19). */
static bool
lacks_reply(const struct check_in *in)
{
    const struct ike_message *m = in->msg;

    return m->exchange == V2_IKE_AUTH && m->major == 2 && ike_is_response(m) && m->encrypted &&
           m->readable && !m->truncated && !m->capped && !m->error && m->num_proposals &&
           !m->cfg_type && !ike_has_error(m) && in->ike->exchange->asked_address;
}

void
check_address_assignment_failed(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n = new_message_notify(in, N2_INTERNAL_ADDRESS_FAILURE);
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX], held[TEXT_MAX];
    struct scope where;

    if (!message_is_new(in)) {
        return;
    }
    n = n ? n : new_message_notify(in, N2_FAILED_CP_REQUIRED);
    where = scope_message(in);
    message_sender(in, who, sizeof who);
    message_receiver(in, to, sizeof to);
    if (n && in->msg->major == 2) {
        report_refused_address(in, out, &where, n);
    } else if (lacks_reply(in)) {
        where.remedy = "Give the gateway's connection an address pool, or configure the client "
                       "with networks instead of an assigned address.";
        finding_add(out, CHECK_address_assignment_failed, &where,
                    "%s requested an address in frame %u; %s sets up the tunnel without one (no "
                    "CFG_REPLY in its answer).",
                    to, exchange_asked_in(in->ike->exchange), who);
    } else if (in->msg->cfg_type == CP_REPLY && in->ike->exchange->asked_address &&
               !gives_address(in->msg)) {
        where.remedy =
            say_holdings(in, in->ike->sa->user ? in->ike->sa->user : to, held, sizeof held);
        finding_add(out, CHECK_address_assignment_failed, &where,
                    "%s requested an address in frame %u; the reply from %s contains none.%s", to,
                    exchange_asked_in(in->ike->exchange), who, held);
    }
}
