/* check_detour.c - answers that send the initiator round: a cookie, another group, another
 * gateway.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

void
check_cookie_challenge(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n =
        in->msg->major == 2 && ike_is_response(in->msg) ? new_message_notify(in, N2_COOKIE) : NULL;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!n) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_cookie_challenge, &where,
                "%s requests a cookie of %" G_GSIZE_FORMAT " bytes before it answers IKE_SA_INIT "
                "(frame %u).",
                message_sender(in, who, sizeof who), n->data.len, in->ike->exchange->request);
}

static const struct exchange *
later_in(const struct ike_sa *sa, const struct exchange *x, guint from)
{
    guint looked = 0;

    for (guint i = from; i < sa->exchanges.len && looked < SADB_MAX_PER_PEER; i++, looked++) {
        const struct exchange *later = sa->exchanges.at[i];
        if (later->type == x->type && later->by_initiator == x->by_initiator && !later->injected &&
            later->request > x->response) {
            return later;
        }
    }
    return NULL;
}

/* The next try of the same side with the same exchange: in this IKE SA, or for IKE_SA_INIT in
 * one with an SPI of its own, which a capture out of order may have shown before. */
static const struct exchange *
next_try(const struct sadb *db, const struct ike_sa **sa, const struct exchange *x)
{
    const struct exchange *later = later_in(*sa, x, x->index + 1);
    size_t from = (*sa)->id > SADB_MAX_PER_PEER ? (*sa)->id - SADB_MAX_PER_PEER : 0,
           to = (*sa)->id + SADB_MAX_PER_PEER;

    if (later || x->type != V2_IKE_SA_INIT) {
        return later;
    }
    for (size_t i = from; i < sadb_num_ike_sas(db) && i <= to; i++) {
        const struct ike_sa *other = sadb_ike_sa(db, i);
        if (other == *sa || other->rekeys != NO_ID ||
            !ip_equal(&other->initiator.addr, &(*sa)->initiator.addr) ||
            !ip_equal(&other->responder.addr, &(*sa)->responder.addr)) {
            continue;
        }
        later = later_in(other, x, 0);
        if (later) {
            *sa = other;
            return later;
        }
    }
    return NULL;
}

static uint32_t
refused_in(const struct exchange *x)
{
    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->refused && !m->injected && m->from_initiator != x->by_initiator) {
            return m->frame;
        }
    }
    return 0;
}

/* The detour is one only when it leads to an SA. */
static void
judge_detour(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
             const struct exchange *x)
{
    static const char remedy[] =
        "Set one Diffie-Hellman group that both ends support, and put it first on the initiator.";
    struct scope where = { .sa = sa, .exchange = x->index };
    const struct ike_sa *last_sa = sa;
    const struct exchange *last = x, *next;
    unsigned tries = 0;

    while (last->refused_ke && tries < SADB_MAX_PER_PEER &&
           (next = next_try(in->db, &last_sa, last)) != NULL) {
        last = next;
        tries++;
    }
    if (last == x) {
        if (sadb_last_time(in->db) - x->response_time >= WITHOUT_RETRANSMISSION_S &&
            sa->deleted_in == 0 && x->request) {
            finding_raise(out, CHECK_invalid_ke_payload, &where, SEV_WARN, remedy,
                          "No try with the requested group follows in the %.0f s captured after "
                          "it.",
                          sadb_last_time(in->db) - x->response_time);
        }
    } else if (refused_in(last)) {
        finding_raise(out, CHECK_invalid_ke_payload, &where, SEV_WARN, remedy,
                      "The next try (frame %u) is refused in frame %u.", last->request,
                      refused_in(last));
    } else if (unanswered_message(in->db, last_sa, last)) {
        finding_raise(out, CHECK_invalid_ke_payload, &where, SEV_WARN, remedy,
                      "The next try (frame %u) gets no answer.", last->request);
    } else if (last->response) {
        finding_resolve(out, CHECK_invalid_ke_payload, &where,
                        "The next try (frame %u) is accepted in frame %u.", last->request,
                        last->response);
    }
}

static void
judge_detours(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            if (x->invalid_ke) {
                judge_detour(in, out, sa, x);
            }
        }
    }
}

void
check_invalid_ke_payload(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n =
        in->msg && in->msg->major == 2 ? new_message_notify(in, N2_INVALID_KE_PAYLOAD) : NULL;
    struct transform wanted = { .type = TRANSFORM_KE }, sent = { .type = TRANSFORM_KE };
    char who[ID_TEXT_MAX], a[64], b[64];
    struct scope where;

    if (!in->msg) {
        judge_detours(in, out);
    }
    if (!n) {
        return;
    }
    where = scope_message(in);
    where.basis = notify_basis(n);
    sent.id = in->ike->exchange->ke_group;
    if (n->data.len != 2) {
        finding_add(out, CHECK_invalid_ke_payload, &where,
                    "%s refuses the key exchange of frame %u without naming a group.",
                    message_sender(in, who, sizeof who), in->ike->exchange->request);
        return;
    }
    wanted.id = (uint16_t)(n->data.at[0] << 8 | n->data.at[1]);
    finding_add(
        out, CHECK_invalid_ke_payload, &where,
        "%s requests %s; the key exchange in frame %u uses %s. The initiator should try again %s.",
        message_sender(in, who, sizeof who), transform_say(&wanted, a, sizeof a),
        in->ike->exchange->request, sent.id ? transform_print(&sent, b, sizeof b) : "another group",
        wanted.id ? "with the requested group" : "without a key exchange");
}

void
check_redirected(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n = in->msg->major == 2 ? new_message_notify(in, N2_REDIRECT) : NULL;
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX] = "another gateway";
    struct scope where;

    if (!n) {
        return;
    }
    /* RFC 5685 section 9.2: type 1 IPv4, 2 IPv6, 3 name; then its length. */
    if (n->data.len >= 6 && n->data.at[0] == 1) {
        struct ip_addr a = ip_from(4, n->data.at + 2);
        ip_print(&a, to, sizeof to);
    } else if (n->data.len >= 18 && n->data.at[0] == 2) {
        struct ip_addr a = ip_from(6, n->data.at + 2);
        ip_print(&a, to, sizeof to);
    }
    if (n->data.len > 2 && n->data.at[0] == 3 && n->data.len >= 2u + n->data.at[1]) {
        struct ike_id name = { .present = true,
                               .type = ID_FQDN,
                               .data = { n->data.at + 2, n->data.at[1] } };
        ike_id_print(&name, to, sizeof to);
    }
    where = scope_message(in);
    where.basis = notify_basis(n);
    finding_add(out, CHECK_redirected, &where, "%s redirects the client to %s.",
                message_sender(in, who, sizeof who), to);
}
