/* check_form.c - the form of one message: its octets, lengths and payloads (RFC 7296 section 3).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#define BIT(type) ((uint64_t)1 << (type))

/* The message was read whole: what was not read is not there. */
static bool
whole(const struct check_in *in)
{
    const struct ike_message *m = in->msg;

    return message_is_new(in) && m->error == IKE_OK && !m->truncated && !m->capped &&
           !m->fragment && m->readable;
}

static bool
refuses(const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_notifies; i++) {
        uint16_t type = m->notifies[i].type;
        if (notify_is_error(m->major, type) ||
            (m->major == 2 && (type == N2_COOKIE || type == N2_REDIRECT))) {
            return true;
        }
    }
    return false;
}

/* What the first message of each side must and must not hold.  RFC 7296 sections 1.2, 1.3
 * and C.1 to C.5, RFC 2409 section 5. */
struct form {
    uint8_t exchange;
    bool response;
    uint64_t must, must_not;
};

static const struct form forms[] = {
    { V1_MAIN, false, BIT(V1P_SA), 0 },
    { V1_AGGRESSIVE, false, BIT(V1P_SA) | BIT(V1P_KE) | BIT(V1P_NONCE) | BIT(V1P_ID), 0 },
    { V1_QUICK, false, BIT(V1P_HASH) | BIT(V1P_SA) | BIT(V1P_NONCE), 0 },
    { V2_IKE_SA_INIT, false, BIT(V2P_SA) | BIT(V2P_KE) | BIT(V2P_NONCE),
      BIT(V2P_IDI) | BIT(V2P_IDR) | BIT(V2P_AUTH) | BIT(V2P_TSI) | BIT(V2P_TSR) | BIT(V2P_CP) |
          BIT(V2P_EAP) },
    { V2_IKE_SA_INIT, true, BIT(V2P_SA) | BIT(V2P_KE) | BIT(V2P_NONCE),
      BIT(V2P_IDI) | BIT(V2P_IDR) | BIT(V2P_AUTH) | BIT(V2P_TSI) | BIT(V2P_TSR) | BIT(V2P_CP) |
          BIT(V2P_EAP) },
    { V2_IKE_AUTH, true, BIT(V2P_AUTH), BIT(V2P_KE) | BIT(V2P_NONCE) },
    { V2_CREATE_CHILD_SA, false, BIT(V2P_SA) | BIT(V2P_NONCE), BIT(V2P_AUTH) | BIT(V2P_EAP) },
    { V2_CREATE_CHILD_SA, true, BIT(V2P_SA) | BIT(V2P_NONCE), BIT(V2P_AUTH) | BIT(V2P_EAP) },
    { V2_INFORMATIONAL, false, 0,
      BIT(V2P_SA) | BIT(V2P_KE) | BIT(V2P_TSI) | BIT(V2P_TSR) | BIT(V2P_AUTH) },
    { V2_INFORMATIONAL, true, 0,
      BIT(V2P_SA) | BIT(V2P_KE) | BIT(V2P_TSI) | BIT(V2P_TSR) | BIT(V2P_AUTH) },
};

static const struct form *
form_of(const struct check_in *in)
{
    const struct ike_message *m = in->msg;
    bool response;

    if (!whole(in) || refuses(m)) {
        return NULL;
    }
    response = in->ike->from_initiator != in->ike->exchange->by_initiator;
    if (m->major == 2) {
        response = ike_is_response(m);
    }
    /* IKEv1's later messages depend on the authentication method, and a capture that starts
     * late shows one of them first. */
    if (m->major == 1 &&
        (response || !in->ike->sa->started_here || in->ike->exchange->messages.len != 1)) {
        return NULL;
    }
    /* A hash alone is quick mode's third message, captured before the first. */
    if (m->exchange == V1_QUICK && m->major == 1 && m->seen == BIT(V1P_HASH)) {
        return NULL;
    }
    /* EAP takes rounds before AUTH comes (RFC 7296 section 2.16). */
    if (m->exchange == V2_IKE_AUTH && (m->seen & BIT(V2P_EAP) || m->message_id != 1)) {
        return NULL;
    }
    for (size_t i = 0; i < G_N_ELEMENTS(forms); i++) {
        if (forms[i].exchange == m->exchange && forms[i].response == response) {
            return &forms[i];
        }
    }
    return NULL;
}

static const char *
names(uint8_t major, uint64_t types, char *out, size_t size)
{
    char one[64];

    out[0] = 0;
    for (uint8_t type = 0; type < 64; type++) {
        if (types >> type & 1) {
            g_strlcat(out, out[0] ? ", " : "", size);
            g_strlcat(out, payload_name(major, type, one, sizeof one), size);
        }
    }
    return out;
}

static void
report_form(const struct check_in *in, struct findings *out, enum check_id check, uint64_t types,
            const char *verb)
{
    char who[ID_TEXT_MAX], list[TEXT_MAX], name[64];
    struct scope where = scope_message(in);

    where.variant = types;
    finding_add(out, check, &where, "%s of %s %s: %s.",
                exchange_name(in->msg->major, in->msg->exchange, name, sizeof name),
                message_sender(in, who, sizeof who), verb,
                names(in->msg->major, types, list, sizeof list));
}

void
check_malformed_message(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (in->ike->turned_spis && message_is_new(in) && !ike_is_response(m) &&
        !in->ike->from_initiator) {
        where = scope_message(in);
        where.basis = BASIS_OBSERVED;
        where.exchange = NO_ID;
        where.remedy = "Update the software of the sender: the initiator's SPI comes first in "
                       "every message, and only the initiator sets the I flag; other peers drop "
                       "the message.";
        finding_add(out, CHECK_malformed_message, &where,
                    "%s puts its own SPI first in the header%s, although it is the responder of "
                    "IKE SA %u (RFC 7296 section 3.1): most peers drop the message.",
                    message_sender(in, who, sizeof who),
                    m->flags & FLAG_INITIATOR ? " and sets the I flag" : "", in->ike->sa->id);
    }
    if (m->error == IKE_OK || m->truncated || in->ike->duplicate) {
        return;
    }
    where = scope_message(in);
    where.basis = m->error_inner ? BASIS_DECRYPTED : BASIS_OBSERVED;
    if (!in->ike->sa) {
        where.variant = in->ike->at.frame;
    }
    finding_add(out, CHECK_malformed_message, &where,
                "%s sends a message in which %s (octet %" G_GSIZE_FORMAT "%s, %s).",
                message_sender(in, who, sizeof who), ike_error_text(m->error), m->error_offset,
                m->error_inner ? " of the decrypted part" : "", ike_error_reference(m->error));
}

void
check_payload_missing(const struct check_in *in, struct findings *out)
{
    const struct form *f = form_of(in);
    uint64_t lacks = f ? f->must & ~in->msg->seen : 0;

    if (lacks) {
        report_form(in, out, CHECK_payload_missing, lacks, "lacks required payloads");
    }
}

static bool
has_type(const struct proposal *p, uint8_t type)
{
    for (size_t i = 0; i < p->num_transforms; i++) {
        if (p->transforms[i].type == type) {
            return true;
        }
    }
    return false;
}

/* A cipher that may bring its own integrity: AEAD, or one of which nothing is known. */
static bool
may_need_no_integrity(const struct proposal *p)
{
    struct encr_geometry g;

    for (size_t i = 0; i < p->num_transforms; i++) {
        const struct transform *t = &p->transforms[i];
        if (t->type == TRANSFORM_ENCR && (encr_is_aead(t->id) || !encr_geometry(t->id, &g))) {
            return true;
        }
    }
    return false;
}

/* The mandatory types that p lacks, as bits (RFC 7296 section 3.3.3). */
static unsigned
lacks(const struct proposal *p)
{
    const unsigned ike = 1u << TRANSFORM_ENCR | 1u << TRANSFORM_PRF | 1u << TRANSFORM_KE;
    unsigned must = 0, missing = 0;

    if (p->protocol == PROTO_IKE) {
        must = ike | (may_need_no_integrity(p) ? 0 : 1u << TRANSFORM_INTEG);
    } else if (p->protocol == PROTO_ESP) {
        must = 1u << TRANSFORM_ENCR;
    } else if (p->protocol == PROTO_AH) {
        must = 1u << TRANSFORM_INTEG;
    }
    for (unsigned type = TRANSFORM_ENCR; type <= TRANSFORM_KE; type++) {
        missing |= must >> type & 1 && !has_type(p, (uint8_t)type) ? 1u << type : 0;
    }
    return missing;
}

static const char *
type_words(unsigned types, char *out, size_t size)
{
    static const char *const words[] = {
        [TRANSFORM_ENCR] = "encryption (ENCR)", [TRANSFORM_PRF] = "pseudorandom function (PRF)",
        [TRANSFORM_INTEG] = "integrity (INTEG)", [TRANSFORM_KE] = "group (DH)",
    };

    out[0] = 0;
    for (unsigned type = TRANSFORM_ENCR; type <= TRANSFORM_KE; type++) {
        if (types >> type & 1) {
            g_strlcat(out, out[0] ? ", " : "", size);
            g_strlcat(out, words[type], size);
        }
    }
    return out;
}

/* Of an answer to an offer that was read, check_proposal_not_offered speaks: it chooses something
 * else, or what is said of the offer already. */
void
check_transform_missing(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    char who[ID_TEXT_MAX], suite[SUITE_TEXT_MAX], types[TEXT_MAX];
    struct scope where;

    if (m->major != 2 || !whole(in) || (ike_is_response(m) && in->ike->exchange->offered->len) ||
        (m->exchange != V2_IKE_SA_INIT && m->exchange != V2_IKE_AUTH &&
         m->exchange != V2_CREATE_CHILD_SA)) {
        return;
    }
    for (size_t i = 0; i < m->num_proposals; i++) {
        const struct proposal *p = &m->proposals[i];
        unsigned missing = lacks(p);
        if (!missing) {
            continue;
        }
        where = scope_message(in);
        where.variant = (uint64_t)p->protocol << 32 | missing;
        finding_add(out, CHECK_transform_missing, &where,
                    "Proposal %u of %s (%s) lacks %s: no peer may choose it.", p->number,
                    message_sender(in, who, sizeof who), proposal_print(p, suite, sizeof suite),
                    type_words(missing, types, sizeof types));
        return;
    }
}

void
check_payload_unexpected(const struct check_in *in, struct findings *out)
{
    const struct form *f = form_of(in);
    uint64_t extra = f ? f->must_not & in->msg->seen : 0;

    if (extra) {
        report_form(in, out, CHECK_payload_unexpected, extra,
                    "contains payloads that do not belong there");
    }
}

void
check_trailing_bytes(const struct check_in *in, struct findings *out)
{
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || !in->msg->trailing || in->msg->truncated) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_OBSERVED;
    finding_add(out, CHECK_trailing_bytes, &where,
                "%s sends %" G_GSIZE_FORMAT " octets more than the %u in the message's length "
                "field.",
                message_sender(in, who, sizeof who), in->msg->trailing, in->msg->length);
}

void
check_unknown_critical_payload(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;

    for (size_t i = 0; m->major == 2 && message_is_new(in) && i < m->num_payloads; i++) {
        const struct ike_payload *p = &m->payloads[i];
        char who[ID_TEXT_MAX];
        struct scope where = scope_message(in);
        if (!p->critical || (p->type >= V2P_SA && p->type <= V2P_PS)) {
            continue;
        }
        where.variant = p->type;
        where.basis = p->inner ? BASIS_DECRYPTED : BASIS_OBSERVED;
        finding_add(out, CHECK_unknown_critical_payload, &where,
                    "%s marks payload %u as critical, which no RFC known to Espial defines.",
                    message_sender(in, who, sizeof who), p->type);
    }
}

static bool
chosen_group(const struct exchange *x, struct transform *out)
{
    for (size_t i = 0; x->chosen && i < x->chosen->p->num_transforms; i++) {
        if (x->chosen->p->transforms[i].type == TRANSFORM_KE) {
            *out = x->chosen->p->transforms[i];
            return true;
        }
    }
    return false;
}

void
check_ke_group_mismatch(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->exchange;
    struct transform chosen, sent = { .type = TRANSFORM_KE };
    char who[ID_TEXT_MAX], a[64], b[64];
    struct scope where;

    if (!message_is_new(in) || in->msg->major != 2 || !in->msg->has_ke ||
        !ike_is_response(in->msg) || refuses(in->msg) || !chosen_group(x, &chosen) ||
        chosen.id == in->msg->ke_group) {
        return;
    }
    sent.id = in->msg->ke_group;
    where = scope_message(in);
    finding_add(out, CHECK_ke_group_mismatch, &where,
                "%s chooses %s but sends a key exchange for %s.",
                message_sender(in, who, sizeof who), transform_say(&chosen, a, sizeof a),
                transform_say(&sent, b, sizeof b));
}

void
check_ke_length_wrong(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    struct transform group = { .type = TRANSFORM_KE, .id = m->ke_group };
    bool first_ike =
        m->exchange == V2_IKE_SA_INIT || m->exchange == V1_MAIN || m->exchange == V1_AGGRESSIVE;
    char who[ID_TEXT_MAX], name[64];
    struct scope where;
    uint16_t octets;

    if (!message_is_new(in) || !m->has_ke || m->truncated || m->error ||
        (m->major == 1 && !first_ike)) {
        return;
    }
    if (m->major == 1 && !chosen_group(in->ike->exchange, &group)) {
        return;         /* IKEv1 does not state the group */
    }
    if (!ke_length(group.id, in->ike->from_initiator == in->ike->exchange->by_initiator, &octets) ||
        m->ke.len == octets) {
        return;
    }
    where = scope_message(in);
    finding_add(out, CHECK_ke_length_wrong, &where,
                "%s sends a key exchange of %" G_GSIZE_FORMAT " octets; %s requires %u.",
                message_sender(in, who, sizeof who), m->ke.len,
                transform_say(&group, name, sizeof name), octets);
}

/* RFC 7296 section 3.14: what the chosen suite leaves of a length. */
void
check_ike_length_impossible(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    const struct kept_proposal *k = in->ike->sa ? in->ike->sa->chosen : NULL;
    uint32_t empty, step, fragment;
    char who[ID_TEXT_MAX];
    struct scope where;

    if (!message_is_new(in) || m->major != 2 || !m->encrypted || m->readable || m->truncated ||
        m->error || !k || m->exchange == V2_IKE_SA_INIT) {
        return;
    }
    fragment = m->fragment ? 4 : 0;
    empty = sadb_sk_length(k, 0);
    if (!empty) {
        return;
    }
    for (step = 1; step <= 16 && sadb_sk_length(k, step) == empty; step++) {
    }
    step = sadb_sk_length(k, step) - empty;
    if (m->length >= empty + fragment && (m->length - empty - fragment) % step == 0) {
        return;
    }
    where = scope_message(in);
    where.basis = BASIS_INFERRED;
    finding_add(out, CHECK_ike_length_impossible, &where,
                "%s sends an encrypted message of %u octets; %s gives %u plus multiples of %u. "
                "Suggests that the two ends do not use the same suite.",
                message_sender(in, who, sizeof who), m->length, k->text, empty + fragment, step);
}
