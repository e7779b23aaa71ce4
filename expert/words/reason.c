/* reason.c - why an authentication was rejected, as far as the capture shows.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "words/reason.h"

#include "words/authority.h"

#include <espial/shape.h>
#include <string.h>

/* The first request was read and proves nothing: the initiator wants EAP (RFC 7296 section 2.16),
 * and nobody has asked for the user's credential yet. */
bool
offers_eap(const struct check_in *in)
{
    const struct ike_sa *sa = in->ike->sa;
    const struct exchange *x = in->ike->about;

    return sa->major == 2 && x && x->type == V2_IKE_AUTH && x->message_id == 1 &&
           sa->initiator.id_frame && !sa->auth_method;
}

bool
method_signs(uint8_t major, uint16_t method)
{
    if (major == 2) {
        return method == AUTH2_RSA_SIGNATURE || method == AUTH2_DSS_SIGNATURE ||
               method == AUTH2_DIGITAL_SIGNATURE || method == AUTH2_ECDSA_SHA_256 ||
               method == AUTH2_ECDSA_SHA_384 || method == AUTH2_ECDSA_SHA_512;
    }
    return method == AUTH1_RSA_SIGNATURE || method == AUTH1_DSS_SIGNATURE ||
           method == AUTH1_ECDSA_SHA_256 || method == AUTH1_ECDSA_SHA_384 ||
           method == AUTH1_ECDSA_SHA_512 ||
           (method >= AUTH1_XAUTH_DSS_SIGNATURE_I && method <= AUTH1_XAUTH_RSA_SIGNATURE_R);
}

bool
method_has_key(uint8_t major, uint16_t method)
{
    return major == 2 ? method == AUTH2_PSK :
                        method == AUTH1_PSK || method == AUTH1_XAUTH_PSK_I ||
                            method == AUTH1_XAUTH_PSK_R;
}

/* The frame in which a gateway let an initiator in, 0: with XAUTH phase 1 proves no user, and what
 * follows does. */
static uint32_t
let_in(const struct ike_sa *sa)
{
    if (sa->major == 1 && ike_sa_has_user(sa)) {
        return sa->children.len ? sa->children.at[0]->negotiated_in : 0;
    }
    return sa->established_in;
}

/* old still stands; that of IKEv1 also where now, which is refused, has begun to replace it. */
static bool
stands_beside(const struct ike_sa *old, const struct ike_sa *now)
{
    return !old->deleted_in &&
           (old->state == IKE_ESTABLISHED ||
            (old->state == IKE_REKEYED && old->rekeyed_by == now->id));
}

/* An earlier IKE SA that the same gateway gave to the same person: what was presented then was
 * good.  One that still stands comes before one that has ended. */
static const struct ike_sa *
accepted_before(const struct check_in *in)
{
    const struct ike_sa *now = in->ike->sa, *best = NULL;

    for (struct newest n = newest_first((uint32_t)sadb_num_ike_sas(in->db), SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct ike_sa *old = sadb_ike_sa(in->db, n.i);
        if (old != now && let_in(old) && old->major == now->major &&
            ike_sa_same_person(old, now) &&
            ip_equal(&old->responder.addr, &now->responder.addr) &&
            (!best || (!stands_beside(best, now) && stands_beside(old, now)))) {
            best = old;
        }
    }
    return best;
}

bool
earlier_session(const struct check_in *in, struct reason *why)
{
    const struct ike_sa *before = accepted_before(in);
    char where[ADDR_TEXT_MAX];
    bool live, user;

    if (!before) {
        return false;
    }
    live = stands_beside(before, in->ike->sa);
    user = ike_sa_has_user(before);
    ip_print(&before->initiator.addr, where, sizeof where);
    g_snprintf(why->text, sizeof why->text,
               live ? " The same %s was accepted in frame %u, and its session from %s (IKE SA %u) "
                      "is still up." :
                      " The same %s was accepted in frame %u from %s (IKE SA %u).",
               user ? "user" : "identity", let_in(before), where, before->id);
    g_snprintf(why->remedy, sizeof why->remedy,
               live ? "Check whether the gateway allows only one session for each user: end the "
                      "older one, configure the gateway to replace it, or allow several. Only then "
                      "compare the %s." :
                      "Check what has changed since then: the %s on either end, or whether this "
                      "address may use it.",
               user ? "user's password" : "pre-shared key or password");
    return true;
}

/* The same responder has called itself that in another IKE SA. */
static bool
is_known_as(const struct check_in *in, const char *id)
{
    const struct ike_sa *now = in->ike->sa;

    for (struct newest n = newest_first((uint32_t)sadb_num_ike_sas(in->db), SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, n.i);
        if (sa != now && sa->responder.id && sa->responder.id_frame &&
            ip_equal(&sa->responder.addr, &now->responder.addr) &&
            strcmp(sa->responder.id, id) == 0) {
            return true;
        }
    }
    return false;
}

/* The request names the responder that it wants (RFC 7296 section 1.2), and nothing shows that
 * there is one of that name. */
static bool
asks_for_unknown(const struct check_in *in, bool of_initiator)
{
    const struct ike_sa *sa = in->ike->sa;

    return of_initiator && sa->asked_id && !is_known_as(in, sa->asked_id);
}

/* The initiator proves itself once EAP has succeeded (RFC 7296 section 2.16). */
static bool
after_eap(const struct check_in *in)
{
    const struct exchange *x = in->ike->exchange;

    return in->ike->sa->eap && x && x->type == V2_IKE_AUTH && x->message_id > 1 &&
           exchange_shape(in->ike->sa, x, false) == SHAPE_AUTH;
}

/* Both proved themselves by one pre-shared key, and the responder has accepted the initiator's
 * proof. */
static bool
key_agrees(const struct ike_sa *sa)
{
    return sa->major == 2 && !sa->eap && sa->auth_method == AUTH2_PSK &&
           sa->auth_method_r == AUTH2_PSK;
}

/* What is to be seen to before the credential: the identity that the other side is to have.  It
 * ends so that what is said of the credential can follow; else nothing. */
static void
identity_remedy(const struct check_in *in, bool of_initiator, char *out, size_t size)
{
    const struct ike_sa *sa = in->ike->sa;

    out[0] = '\0';
    if (asks_for_unknown(in, of_initiator)) {
        g_snprintf(out, (gulong)size,
                   "Check whether the gateway has a connection whose own identity is %s and that "
                   "accepts the initiator's identity%s; without one it rejects any credential. ",
                   sa->asked_id, offers_eap(in) ? " with EAP" : "");
    } else if (!of_initiator && sa->responder.id && sa->responder.id_frame &&
               (!sa->asked_id || strcmp(sa->asked_id, sa->responder.id) != 0)) {
        g_snprintf(out, (gulong)size,
                   "Check whether the initiator expects the identity %s (rightid, remote id), "
                   "which the responder sends in frame %u. ",
                   sa->responder.id, sa->responder.id_frame);
    }
}

/* The certificate itself is a reason to reject its sender. */
static bool
certificate_fault(const struct check_in *in, const struct peer_certificate *shown)
{
    return shown && (in->ike->at.time < (double)shown->certificate.not_before ||
                     in->ike->at.time > (double)shown->certificate.not_after ||
                     shown->naming == NAMING_DIFFERS);
}

static void
certificate_reason(const struct check_in *in, bool of_initiator, const char *identity,
                   struct reason *why)
{
    const struct ike_sa *sa = in->ike->sa;
    const struct peer_certificate *shown = of_initiator ? sa->certificate_i : sa->certificate_r;
    const struct certificate *c = &shown->certificate;
    struct authority_words say;
    char log[TEXT_MAX];
    bool early = in->ike->at.time < (double)c->not_before;
    bool misnamed = shown->naming == NAMING_DIFFERS;
    bool dated = early || in->ike->at.time > (double)c->not_after;
    size_t said = strlen(why->text);

    authority_say(&say, sa, of_initiator);
    if (!say.sure && (dated || misnamed)) {
        say.text[0] = say.remedy[0] = '\0';
    }
    g_snprintf(why->text + said, (gulong)(sizeof why->text - said),
               " Its certificate (frame %u) is \"%s\", issued by \"%s\"%s%s.%s%s",
               shown->frame, c->subject, c->issuer,
               early ? ", and is not valid yet" :
               dated ? ", and has expired" :
                       "",
               misnamed ? ", and does not contain that identity" : "", say.text[0] ? " " : "",
               say.text);
    g_snprintf(why->remedy, sizeof why->remedy, "%s%s",
               dated ? "Renew the certificate or correct the clocks. " : "",
               misnamed ? "Issue the certificate with the identity as subjectAltName, or configure "
                          "the identity that it contains. " :
                          "");
    if (!say.sure) {
        g_snprintf(log, sizeof log,
                   "%s%s the log of the rejecting side: whether it trusts the issuer \"%s\" and "
                   "can reach a revocation list.%s",
                   dated || misnamed ? "" : identity,
                   dated || misnamed ? "If that does not help, check" :
                   identity[0]       ? "Then check" :
                                       "Check",
                   c->issuer, say.remedy[0] ? " " : "");
        g_strlcat(why->remedy, log, sizeof why->remedy);
    }
    g_strlcat(why->remedy, say.remedy, sizeof why->remedy);
}

/* The side that rejects has announced how the other may prove itself (RFC 9593), and it has done so
 * otherwise. */
static bool
unannounced_method(const struct ike_sa *sa, bool of_initiator, uint16_t used, struct reason *why)
{
    const struct auth_terms *terms = sa->auth_terms;
    uint32_t known = !terms ? 0 : of_initiator ? terms->methods_r : terms->methods_i;
    char name[64], all[TEXT_MAX] = "";

    if (sa->major != 2 || !known || !used || used >= 32 || known >> used & 1 || sa->eap) {
        return false;
    }
    for (uint16_t i = 1; i < 32; i++) {
        if (known >> i & 1) {
            g_strlcat(all, all[0] ? ", " : "", sizeof all);
            g_strlcat(all, auth_method_name(2, i, name, sizeof name), sizeof all);
        }
    }
    auth_method_name(2, used, name, sizeof name);
    g_snprintf(why->text, sizeof why->text,
               " The rejecting side announces in frame %u what it accepts: %s; %s is not among it.",
               of_initiator ? terms->methods_r_in : terms->methods_i_in, all, name);
    g_snprintf(why->remedy, sizeof why->remedy,
               "Use the same authentication method on both ends: configure the rejected side for "
               "what the other announces, or configure the other side to accept %s.",
               name);
    return true;
}

void
find_reason(const struct check_in *in, bool of_initiator, struct reason *why)
{
    const struct ike_sa *sa = in->ike->sa;
    const struct peer_certificate *shown = of_initiator ? sa->certificate_i : sa->certificate_r;
    uint16_t method = of_initiator || sa->major == 1 ? sa->auth_method : sa->auth_method_r;
    char identity[TEXT_MAX];
    struct reason earlier;

    why->text[0] = why->remedy[0] = '\0';
    if (unannounced_method(sa, of_initiator, method, why)) {
        return;
    }
    if (of_initiator && after_eap(in)) {
        g_snprintf(why->text, sizeof why->text,
                   " EAP had succeeded before frame %u: the user's credential is right.",
                   in->ike->exchange->request);
        if (earlier_session(in, &earlier)) {
            g_strlcat(why->text, earlier.text, sizeof why->text);
        }
        g_strlcpy(why->remedy, AFTER_EAP_REMEDY, sizeof why->remedy);
        return;
    }
    if (of_initiator && !certificate_fault(in, shown) && earlier_session(in, why)) {
        return;
    }
    if (asks_for_unknown(in, of_initiator)) {
        g_snprintf(why->text, sizeof why->text,
                   " The request names the responder %s (frame %u).", sa->asked_id,
                   sa->asked_id_in);
    }
    identity_remedy(in, of_initiator, identity, sizeof identity);
    if (shown) {
        certificate_reason(in, of_initiator, identity, why);
    } else if (method_signs(sa->major, method)) {
        g_snprintf(why->remedy, sizeof why->remedy,
                   "%s%s the log of the rejecting side: whether it has or receives the "
                   "certificate, trusts its issuer, considers it valid at this time, and finds "
                   "this identity in it.",
                   identity, identity[0] ? "Then check" : "Check");
    } else if (of_initiator && offers_eap(in)) {
        g_strlcat(why->text,
                  " The initiator wants to use EAP, but the gateway rejects it before it requests "
                  "the user's credential.",
                  sizeof why->text);
        g_snprintf(why->remedy, sizeof why->remedy, "%s%s",
                   identity[0] ? identity :
                                 "Check whether the gateway has a connection that accepts this "
                                 "identity with EAP. ",
                   "The user's password is not the reason.");
    } else if (asks_for_unknown(in, of_initiator)) {
        g_snprintf(why->remedy, sizeof why->remedy,
                   "%sThen compare the pre-shared key or password on both ends.", identity);
    } else if (!of_initiator && identity[0]) {
        bool agrees = key_agrees(sa);
        if (agrees) {
            g_strlcat(why->text,
                      " The responder has accepted the initiator's authentication with the "
                      "pre-shared key.",
                      sizeof why->text);
        }
        g_snprintf(why->remedy, sizeof why->remedy, "%s%s", identity,
                   agrees ? "The key matches in one direction: it can be the reason only if an end "
                            "has a different key for each identity." :
                            "Then compare the pre-shared key or password on both ends.");
    } else if (of_initiator && !sa->eap && sa->initiator.id) {
        g_snprintf(why->remedy, sizeof why->remedy,
                   "Check whether the rejecting side has a connection for %s%s%s, with this type "
                   "and spelling; then compare the pre-shared key or password on both ends.",
                   sa->initiator.id,
                   sa->responder.id ? " that is its own identity " : "",
                   sa->responder.id ? sa->responder.id : "");
    }
}
