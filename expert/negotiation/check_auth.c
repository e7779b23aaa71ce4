/* check_auth.c - who is refused, and what the shape of an answer suggests.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"
#include "words/reason.h"

#include <espial/shape.h>
#include <string.h>

enum { LONE_NOTIFY = 8, SMALL_NOTIFY_DATA = 8 };    /* octets */

static const char *
method(const struct check_in *in, char *out, size_t size)
{
    const struct ike_sa *sa = in->ike->sa;

    if (sa->eap || offers_eap(in)) {
        return "EAP";
    }
    return sa->auth_method ? auth_method_name(sa->major, sa->auth_method, out, size) :
                             "authentication method not seen";
}

static const char *
user_of(const struct ike_sa *sa, const char *peer)
{
    return sa->user ? sa->user : peer;
}

/* With EAP it is the client that reports the end of a login that has failed, beyond the first
 * round, which proves the gateway (RFC 7296 sections 2.16 and 2.21.2).  False where it was not. */
static bool
report_eap_ended(const struct check_in *in, struct findings *out, struct scope *where,
                 const char *client, const char *gateway)
{
    const struct ike_sa *sa = in->ike->sa;
    const struct exchange *x = NULL;
    char type[32];
    bool tunnelled;

    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER);
         !x && in->ike->from_initiator && newest_next(&n);) {
        const struct exchange *one = sa->exchanges.at[n.i];
        x = one->type == V2_IKE_AUTH && one->eap_asks && !one->injected ? one : NULL;
    }
    if (!x || x->message_id <= 1 || x->eap_type == EAPT_IDENTITY) {
        return false;
    }
    tunnelled = x->eap_type == EAPT_TLS || x->eap_type == EAPT_TTLS || x->eap_type == EAPT_PEAP;
    where->remedy = tunnelled ?
        "Check the log of the gateway or its RADIUS server to see which of the two it is: the "
        "user's certificate or password, or a server certificate that the client does not trust." :
        "Compare the user's name and password on the client with the gateway's or the RADIUS "
        "server's user database.";
    finding_add(out, CHECK_auth_failed, where,
                "%s refuses the user %s: the client ends the login after %s of frame %u "
                "(AUTHENTICATION_FAILED in frame %u)%s.",
                gateway, user_of(sa, client), eap_type_name(x->eap_type, type, sizeof type),
                x->response, in->ike->at.frame,
                tunnelled ? ", or does not trust the server's certificate within EAP" : "");
    return true;
}

/* The message of phase 1 of IKEv1 in which that side proves itself by a hash or a signature: of
 * aggressive mode the second and the third, of main mode the fifth and the sixth, which are
 * encrypted (RFC 2409 section 5).  NULL where the capture does not have it. */
static const struct exchange_message *
v1_proof(const struct check_in *in, bool of_initiator)
{
    const struct exchange *x = in->ike->about;

    for (guint i = x && in->msg->major == 1 ? x->messages.len : 0; i > 0; i--) {
        const struct exchange_message *m = message_at(x, i - 1);
        bool proves = x->type == V1_MAIN ? m->encrypted :
                      x->type == V1_AGGRESSIVE && (!of_initiator || !m->has_sa);
        if (proves && m->from_initiator == of_initiator && !m->injected && !m->forged) {
            return m;
        }
    }
    return NULL;
}

void
check_auth_failed(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n;
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX], how[64];
    const struct exchange *x = in->ike->about;
    const struct exchange_message *proof;
    struct reason why;
    struct scope where;

    if (!message_is_new(in)) {
        return;
    }
    where = scope_message(in);
    message_sender(in, who, sizeof who);
    message_receiver(in, to, sizeof to);
    find_reason(in, !in->ike->from_initiator, &why);
    where.remedy = why.remedy[0] ? why.remedy : NULL;
    n = ike_find_notify(in->msg, N2_AUTHENTICATION_FAILED);
    proof = v1_proof(in, !in->ike->from_initiator);
    if (ike_xauth_failed(in->msg)) {
        if (!earlier_session(in, &why)) {
            why.text[0] = '\0';
            where.remedy = "Compare the user's name and password on the client with the gateway's "
                           "user database; phase 1 itself succeeded.";
        }
        finding_add(
            out, CHECK_auth_failed, &where,
            "%s rejects the user %s%s (XAUTH status FAIL in frame %u, phase 1 agreed%s%s).%s", who,
            in->ike->sa->user ? "" : "behind ", user_of(in->ike->sa, to), in->ike->at.frame,
            in->ike->sa->chosen ? " on " : "",
            in->ike->sa->chosen ? in->ike->sa->chosen->text : "", why.text);
    } else if (in->msg->eap_code == EAP_FAILURE) {
        if (!earlier_session(in, &why)) {
            why.text[0] = '\0';
            where.remedy = "Compare the user's name and password on the client with the gateway's "
                           "or the RADIUS server's user database.";
        }
        finding_add(out, CHECK_auth_failed, &where,
                    "%s rejects the EAP authentication of %s (EAP-Failure in frame %u).%s", who,
                    user_of(in->ike->sa, to), in->ike->at.frame, why.text);
    } else if (n && in->msg->major == 1 && !in->msg->encrypted && x == in->ike->exchange) {
        where.remedy = "Capture the message that is refused. If it is the first of phase 1, check "
                       "whether the refusing side has a configuration in this mode for this peer.";
        finding_add(out, CHECK_auth_failed, &where,
                    "%s refuses phase 1 of %s (AUTHENTICATION_FAILED in clear, frame %u); the "
                    "message that it answers was not captured.",
                    who, to, in->ike->at.frame);
    } else if (n && in->msg->major == 1 && waits_for_first_answer(in)) {
        return; /* nobody has looked at credentials yet: exchange_mode_mismatch reports it */
    } else if (n && x && in->msg->major == 2 && x->request == in->ike->at.frame) {
        /* RFC 7296 section 2.21.2: the side that was refused may say so once more. */
        where.basis = notify_basis(n);
        if ((in->ike->sa->state != IKE_FAILED || in->ike->failed) &&
            !report_eap_ended(in, out, &where, who, to)) {
            finding_add(out, CHECK_auth_failed, &where,
                        "%s rejects the authentication of %s (AUTHENTICATION_FAILED in frame "
                        "%u).%s",
                        who, to, in->ike->at.frame, why.text);
        }
    } else if (n && !proof && (!x || !x->request)) {
        where.basis = notify_basis(n);
        finding_add(out, CHECK_auth_failed, &where,
                    "%s rejects the authentication of %s (AUTHENTICATION_FAILED in frame %u; the "
                    "request was not captured).%s",
                    who, to, in->ike->at.frame, why.text);
    } else if (n) {
        where.basis = notify_basis(n);
        finding_add(out, CHECK_auth_failed, &where,
                    "%s rejects the authentication of %s (AUTHENTICATION_FAILED in frame %u, %s in "
                    "frame %u, %s).%s",
                    who, to, in->ike->at.frame,
                    !proof                                                ? "request" :
                    method_signs(in->msg->major, in->ike->sa->auth_method) ? "signature" :
                                                                             "hash",
                    proof ? proof->frame : x->request, method(in, how, sizeof how),
                    why.text);
    }
}

void
check_identity_rejected(const struct check_in *in, struct findings *out)
{
    const struct ike_notify *n = new_message_notify(in, N1_INVALID_ID_INFORMATION);
    const struct exchange *x = in->ike->about;
    char who[ID_TEXT_MAX], to[ID_TEXT_MAX], phase[64];
    struct scope where;

    if (!n || in->msg->major != 1 || refuses_quick_mode(in)) {
        return;
    }
    where = scope_message(in);
    where.basis = notify_basis(n);
    finding_add(out, CHECK_identity_rejected, &where,
                "%s rejects the identity %s (INVALID_ID_INFORMATION after %s).",
                message_sender(in, who, sizeof who), message_receiver(in, to, sizeof to),
                phase_name(in, x, phase, sizeof phase));
}

/* RFC 7296 section 2.21.2: a success carries IDr, AUTH, SA and both TS; a refusal one
 * notify, in the first answer or in any round of EAP. */
static void
suspect_v2(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    const struct ike_sa *sa = in->ike->sa;
    uint32_t refusal = sadb_sk_length(sa->chosen, LONE_NOTIFY),
             most = sadb_sk_length(sa->chosen, LONE_NOTIFY + SMALL_NOTIFY_DATA);
    bool notify = message_shape(sa, in->ike->message) == SHAPE_NOTIFY;
    struct scope where = scope_message(in);

    if (m->exchange != V2_IKE_AUTH || !ike_is_response(m) || m->readable || !m->encrypted ||
        m->fragment || (!notify && (!refusal || m->length < refusal || m->length > most)) ||
        (m->message_id != 1 && !(sa->eap && notify))) {
        return;
    }
    where.basis = BASIS_INFERRED;
    if (sa->eap && exchange_shape(sa, in->ike->exchange, false) == SHAPE_AUTH) {
        where.remedy = AFTER_EAP_REMEDY;
        finding_add(out, CHECK_auth_failure_suspected, &where,
                    "The initiator's message %u starts with AUTH (frame %u), as after a successful "
                    "EAP, and the answer has %u bytes and starts with a notify. Suggests that the "
                    "user's credential is right, and that the gateway refuses what follows.",
                    m->message_id, in->ike->exchange->request, m->length);
        return;
    }
    if (sa->eap) {
        finding_add(out, CHECK_auth_failure_suspected, &where,
                    "EAP ends with an IKE_AUTH answer of %u bytes that starts with a notify "
                    "instead of another EAP round or AUTH. Suggests that the user is rejected.",
                    m->length);
        return;
    }
    finding_add(
        out, CHECK_auth_failure_suspected, &where,
        "The IKE_AUTH answer has %u bytes, the length of a lone notify%s%s; on success it would "
        "contain ID, AUTH, SA and selectors. Suggests a refusal, most often of the credentials or "
        "the identities.",
        m->length, sa->chosen ? " with " : "", sa->chosen ? sa->chosen->text : "");
}

/* What phase 1's proof of the initiator rests on, by the method that was agreed in clear. */
struct proof {
    const char *first;          /* of its message, within a sentence */
    const char *suggests;
    const char *remedy;         /* NULL: the row's */
};

static const struct proof *
proof_of(const struct ike_sa *sa)
{
    static const struct proof key = { "the first that requires the right key",
                                      "that the pre-shared keys differ", NULL };
    static const struct proof signature = {
        "which authenticates the initiator",
        "that it does not accept the initiator's certificate or signature",
        "Check the responder's log at this time: whether it trusts the issuer of the initiator's "
        "certificate, considers it valid, and finds the identity in it; the IKE keys would show "
        "all three."
    };
    static const struct proof other = { "which authenticates the initiator",
                                        "that it does not accept the initiator's "
                                        "authentication", NULL };

    return method_signs(1, sa->auth_method)                       ? &signature :
           method_has_key(1, sa->auth_method) || !sa->auth_method ? &key :
                                                                    &other;
}

/* RFC 2409 section 5.4: with another pre-shared key the responder cannot read main
 * mode message 5, and can only complain in an Informational. */
static void
suspect_v1(const struct check_in *in, struct findings *out)
{
    const struct exchange *x = in->ike->about;
    const struct proof *proof = proof_of(in->ike->sa);
    const struct exchange_message *last;
    struct scope where = scope_message(in);
    unsigned whole;
    char who[ID_TEXT_MAX];

    if (in->msg->exchange != V1_INFORMATIONAL || !x || x == in->ike->exchange ||
        in->ike->from_initiator || ike_find_notify(in->msg, N1_AUTHENTICATION_FAILED) ||
        ike_find_notify(in->msg, N1_INVALID_ID_INFORMATION) ||
        ike_find_notify(in->msg, N1_NO_PROPOSAL_CHOSEN)) {
        return;
    }
    whole = sadb_whole_messages(x);
    if (!((x->type == V1_MAIN && whole == 5) || (x->type == V1_AGGRESSIVE && whole == 3))) {
        return;
    }
    last = last_message(x, 0);
    /* The count means something only where the capture has the first message. */
    if (!in->ike->sa->started_here || !last->from_initiator) {
        return;
    }
    where.basis = BASIS_INFERRED;
    where.remedy = proof->remedy;
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "%s answers message %u of phase 1 (frame %u), %s, with an Informational instead of "
                "its own message. Suggests %s.",
                message_sender(in, who, sizeof who), whole, last->frame, proof->first,
                proof->suggests);
}

/* The message that waits is main mode's fifth, where the other side first needs the right key, on
 * a port from which the other has sent. */
static void
suspect_main(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
             const struct exchange *x)
{
    const struct exchange_message *last = unanswered_message(in->db, sa, x), *before;
    const struct proof *proof = proof_of(sa);
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    char who[ID_TEXT_MAX];

    if (!last || !last->from_initiator || last->readable || last->fragment || !last->again ||
        !sa->started_here || sadb_whole_messages(x) != 5) {
        return;
    }
    before = last_message(x, 1);
    if (before->src_port != last->dst_port || silence_reason(in->db, sa, x) != SILENCE_PLAIN) {
        return;
    }
    where.frame = last->frame;
    where.remedy = proof->remedy;
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "Message 5 of phase 1 (frame %u), %s, is sent %u times, and %s, which has answered "
                "the others, does not answer. Suggests %s.",
                last->frame, proof->first, message_repeats(last) + 1,
                ip_print(&sa->responder.addr, who, sizeof who), proof->suggests);
}

/* Aggressive mode's third message ends it. Here the second comes again after the third, and then
 * the responder sends nothing new. */
static void
suspect_aggressive(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
                   const struct exchange *x)
{
    const struct exchange_message *last, *before;
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    char who[ID_TEXT_MAX];

    if (sadb_whole_messages(x) != 3 || x->messages.len < 3 || x->answered_by ||
        !sa->started_here) {
        return;
    }
    last = last_message(x, 0);
    before = last_message(x, 1);
    if (!last->from_initiator || last->readable || last->fragment || before->from_initiator ||
        !before->again || before->again->last_time <= last->time || sa->last_from_r > last->frame ||
        sadb_last_time(in->db) - before->again->last_time < AFTER_RETRANSMISSION_S) {
        return;
    }
    where.frame = last->frame;
    where.remedy = proof_of(sa)->remedy;
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "%s retransmits message 2 of aggressive mode (frame %u) after message 3 (frame "
                "%u). Suggests that it does not accept message 3, %s, or that message 3 was lost.",
                ip_print(&sa->responder.addr, who, sizeof who), before->frame, last->frame,
                method_signs(1, sa->auth_method) ? "which authenticates the initiator" :
                                                   "whose hash requires the right key");
}

/* The initiator's first encrypted message, where its third of aggressive mode is due, is an
 * Informational (RFC 2409 section 5.7), and then neither side goes on. */
static const struct exchange_message *
refusal_of_second(const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *refusal = NULL;

    for (guint i = 0; i < x->messages.len; i++) {
        const struct exchange_message *m = message_at(x, i);
        if (m->from_initiator && !m->has_sa && !m->injected) {
            return NULL;        /* the third */
        }
    }
    for (guint i = 0; x->response && i < sa->exchanges.len && i < SADB_MAX_LOOKED_AT; i++) {
        const struct exchange *other = sa->exchanges.at[i];
        const struct exchange_message *m = other->messages.len ? message_at(other, 0) : NULL;
        if (other->type == V1_QUICK || other->type == V1_TRANSACTION) {
            return NULL;
        }
        if (m && !refusal && other->type == V1_INFORMATIONAL && m->from_initiator &&
            m->encrypted && !m->readable) {
            refusal = m;
        }
    }
    return refusal;
}

static void
suspect_second(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
               const struct exchange *x)
{
    const struct exchange_message *refusal = refusal_of_second(sa, x);
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    char who[ADDR_TEXT_MAX], whom[ADDR_TEXT_MAX];

    if (!refusal || sa->established_in ||
        sadb_last_time(in->db) - refusal->time < AFTER_RETRANSMISSION_S) {
        return;
    }
    where.frame = refusal->frame;
    where.remedy = method_signs(1, sa->auth_method) ?
        "Check the initiator's log: whether it trusts the issuer of the responder's certificate, "
        "considers it valid, and expects the responder's identity." :
        "Compare the pre-shared key on both ends, then check whether the initiator expects the "
        "responder's identity; its log says which.";
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "%s answers message 2 of aggressive mode (frame %u), in which %s authenticates "
                "itself, with an encrypted Informational (frame %u) instead of message 3, and no "
                "quick mode follows. Suggests that it does not accept the authentication.",
                ip_print(&sa->initiator.addr, who, sizeof who), x->response,
                ip_print(&sa->responder.addr, whom, sizeof whom), refusal->frame);
}

/* The responder has sent nothing since aggressive mode's second message: whether it accepts the
 * third it has not said, and quick mode gets no answer. */
static void
suspect_first_quick(const struct check_in *in, struct findings *out, const struct ike_sa *sa,
                    const struct exchange *x)
{
    const struct exchange *first = sadb_first_exchange(sa);
    const struct exchange_message *last = unanswered_message(in->db, sa, x);
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    char who[ADDR_TEXT_MAX];

    if (!last || !last->from_initiator || last->readable || !last->again || !first ||
        first->type != V1_AGGRESSIVE || !first->response || sadb_whole_messages(first) != 3 ||
        sa->last_from_r != first->response || silence_reason(in->db, sa, x) != SILENCE_PLAIN) {
        return;
    }
    where.frame = last->frame;
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "The first quick mode message (frame %u) is sent %u times, and %s has sent nothing "
                "since message 2 of aggressive mode (frame %u). Suggests that it does not accept "
                "message 3, %s, or that the path fails.",
                last->frame, message_repeats(last) + 1,
                ip_print(&sa->responder.addr, who, sizeof who), first->response,
                method_signs(1, sa->auth_method) ? "which authenticates the initiator" :
                                                   "whose hash requires the right key");
}

static void
suspect_silences(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (guint k = 0; sa->major == 1 && k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            if (x->type == V1_MAIN) {
                suspect_main(in, out, sa, x);
            } else if (x->type == V1_AGGRESSIVE) {
                suspect_aggressive(in, out, sa, x);
                suspect_second(in, out, sa, x);
            } else if (x->type == V1_QUICK) {
                suspect_first_quick(in, out, sa, x);
            }
        }
    }
}

void
check_auth_failure_suspected(const struct check_in *in, struct findings *out)
{
    if (!in->msg) {
        suspect_silences(in, out);
        suspect_shapes(in, out);
    } else if (!message_is_new(in)) {
        return;
    } else if (in->msg->major == 2) {
        suspect_v2(in, out);
    } else {
        suspect_v1(in, out);
    }
}
