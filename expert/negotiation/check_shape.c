/* check_shape.c - what messages of IKEv2 show that nobody could read: Deletes and refusals, by the
 * type of their first payload and their length.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/shape.h>
#include <string.h>

static const char *
side_print(const struct ike_sa *sa, bool initiator, char *out, size_t size)
{
    return ip_print(initiator ? &sa->initiator.addr : &sa->responder.addr, out, size);
}

/* How long sa had stood, and that it never had a Child SA, as a sentence; else nothing. */
static void
childless(const struct ike_sa *sa, char *out, size_t size)
{
    out[0] = '\0';
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->type == V2_CREATE_CHILD_SA) {
            return;
        }
        if (x->response && x->response == sa->established_in && answer_lacks_child(sa, x) &&
            !sa->children.len) {
            g_snprintf(out, (gulong)size,
                       " It was up for %.3f s, and the answer that set it up (frame %u) is too "
                       "short to contain a Child SA. Suggests that the Child SA was refused.",
                       sa->deleted_time - sa->established_time, x->response);
        }
    }
}

static void
report_delete(struct findings *out, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange_message *m = exchange_side(x, false);
    enum shape answer = exchange_shape(sa, x, true);
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
    char who[ADDR_TEXT_MAX], more[TEXT_MAX], spis[64];

    where.frame = m->frame;
    side_print(sa, m->from_initiator, who, sizeof who);
    if (sa->deleted_in == m->frame && sa->deleted_inferred) {
        childless(sa, more, sizeof more);
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s seems to delete IKE SA %u (%s): the first payload of its message is a "
                    "Delete, and the answer %s.%s",
                    who, sa->id, ike_spis_say(sa, spis, sizeof spis),
                    answer == SHAPE_EMPTY ? "is empty" : "was not captured", more);
    } else if (message_shape(sa, m) == SHAPE_DELETE_CHILD ||
               (answer != SHAPE_EMPTY && answer != SHAPE_UNKNOWN)) {
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s seems to delete a Child SA of IKE SA %u: the first payload of its message "
                    "is a Delete, and %s.",
                    who, sa->id,
                    message_shape(sa, m) == SHAPE_DELETE_CHILD ? "too long for that of the IKE SA" :
                                                                 "the answer is not empty");
    } else {
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s seems to delete IKE SA %u or one of its Child SAs: the first payload of "
                    "its message is a Delete.",
                    who, sa->id);
    }
}

void
report_unread_deletes(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (uint32_t k = 0; sa->major == 2 && k < sa->exchanges.len; k++) {
            const struct exchange *x = sa->exchanges.at[k];
            const struct exchange_message *m =
                x->type == V2_INFORMATIONAL ? exchange_side(x, false) : NULL;
            if (m && !m->readable && m->inner_first == V2P_DELETE) {
                report_delete(out, sa, x);
            }
        }
    }
}

/* --- who seems refused -------------------------------------------------------------------- */

/* EAP's Success and Failure are of one length.  After Success the initiator sends AUTH at once, and
 * where it does not hear the answer it asks again. */
#define EAP_ENDED_S 3.0

/* The last exchange of IKE_AUTH with EAP, where nobody begins another one; NULL. */
static const struct exchange *
last_round(const struct ike_sa *sa)
{
    const struct exchange *x = sa->exchanges.len ? sa->exchanges.at[sa->exchanges.len - 1] : NULL;

    return sa->major == 2 && sa->eap_open && x && x->type == V2_IKE_AUTH ? x : NULL;
}

static void
suspect_eap(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    const struct exchange *x = last_round(sa);
    const struct exchange_message *answer = x ? exchange_side(x, true) : NULL,
                                  *asked = x ? exchange_side(x, false) : NULL;
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa };
    char who[ADDR_TEXT_MAX];

    if (!answer || answer->readable || message_shape(sa, answer) != SHAPE_EAP_END ||
        sadb_last_time(in->db) - answer->time < EAP_ENDED_S ||
        (asked && asked->again && asked->again->last_time > answer->time)) {
        return;
    }
    where.frame = answer->frame;
    where.exchange = x->index;
    where.remedy = "Compare the user's name and password on the client with the gateway's or the "
                   "RADIUS server's user database; the IKE keys would show the end of EAP.";
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "The last message of EAP (frame %u, %u bytes) has the length of EAP-Failure or "
                "EAP-Success, and %s does not continue with AUTH. Suggests that the user is "
                "rejected.",
                answer->frame, answer->length, side_print(sa, true, who, sizeof who));
}

static void
suspect_initiator(struct findings *out, const struct ike_sa *sa)
{
    struct scope where = { .basis = BASIS_INFERRED, .frame = sa->failed_in, .sa = sa,
                           .exchange = NO_ID };
    char who[ADDR_TEXT_MAX], whom[ADDR_TEXT_MAX];

    if (!sa->failed_in || !sa->failed_inferred || !sa->failed_by_initiator) {
        return;
    }
    side_print(sa, true, who, sizeof who);
    side_print(sa, false, whom, sizeof whom);
    if (sa->eap) {
        where.remedy = "Compare the user's name and password on the client with the gateway's or "
                       "the RADIUS server's user database, and check the client's log.";
        finding_add(out, CHECK_auth_failure_suspected, &where,
                    "%s ends EAP with a lone notify of its own (frame %u) instead of AUTH. "
                    "Suggests that EAP has failed, or that it does not accept %s.",
                    who, sa->failed_in, whom);
        return;
    }
    where.remedy = "Check the initiator's log: whether it trusts the issuer of the responder's "
                   "certificate, and whether the certificate is valid and contains the expected "
                   "identity; or compare the pre-shared key.";
    finding_add(out, CHECK_auth_failure_suspected, &where,
                "The first message of %s after IKE_AUTH (frame %u) is as short as a lone notify, "
                "and neither end uses the SA. Suggests that it rejects the certificate, identity "
                "or key of %s.",
                who, sa->failed_in, whom);
}

/* The port has let messages through both ways, so somebody on it chooses not to answer. */
static void
suspect_silent(const struct check_in *in, struct findings *out, const struct ike_sa *sa)
{
    for (uint32_t i = 0; sa->major == 2 && i < sa->exchanges.len; i++) {
        const struct exchange *x = sa->exchanges.at[i];
        const struct exchange_message *last =
            x->type == V2_IKE_AUTH && x->message_id == 1 ? unanswered_message(in->db, sa, x) :
                                                           NULL;
        struct scope where = { .basis = BASIS_INFERRED, .sa = sa, .exchange = x->index };
        char who[ADDR_TEXT_MAX];
        if (!last || !last->from_initiator || last->readable || message_repeats(last) < 2 ||
            !endpoint_sent_from(sa, false, last->dst_port) ||
            silence_reason(in->db, sa, x) != SILENCE_PLAIN) {
            continue;
        }
        where.frame = last->frame;
        where.remedy =
            "Check the responder's log at this time: whether IKE_AUTH arrives, and whether it "
            "knows the identity in it.";
        finding_add(out, CHECK_auth_failure_suspected, &where,
                    "IKE_AUTH (frame %u) is sent %u times, and %s, which has answered IKE_SA_INIT "
                    "on the same port, does not answer. Suggests that it ignores a peer that it "
                    "does not know, or that it has failed.",
                    last->frame, message_repeats(last) + 1,
                    side_print(sa, false, who, sizeof who));
    }
}

void
suspect_shapes(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        suspect_eap(in, out, sa);
        suspect_initiator(out, sa);
        suspect_silent(in, out, sa);
    }
}

/* --- a tunnel that others were given -------------------------------------------------------- */

enum { ALIKE = 32, SHORTER = 64, NEAR = 32 };   /* octets, octets, IKE SAs */

/* IKE_AUTH of one round, which nobody could read, whole on both sides; NULL. */
static const struct exchange *
only_round(const struct ike_sa *sa)
{
    const struct exchange_message *asked, *answer;
    const struct exchange *x = NULL;

    for (guint i = 0; sa->major == 2 && i < sa->exchanges.len && i < SADB_MAX_PER_PEER; i++) {
        const struct exchange *one = sa->exchanges.at[i];
        if (one->type == V2_IKE_AUTH && !one->injected) {
            if (x) {
                return NULL;
            }
            x = one;
        }
    }
    asked = x ? exchange_side(x, false) : NULL;
    answer = x ? exchange_side(x, true) : NULL;
    return asked && answer && x->message_id == 1 && !asked->fragment && !answer->fragment &&
                   !answer->readable ?
               x :
               NULL;
}

/* The IKE SA stands by that answer, and no Child SA was asked for after it. */
static bool
stands_alone(const struct ike_sa *sa, const struct exchange *x)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        if (sa->exchanges.at[n.i]->type == V2_CREATE_CHILD_SA) {
            return false;
        }
    }
    return x && sa->established_in && sa->established_in == x->response && !sa->children.len &&
           exchange_shape(sa, x, true) == SHAPE_OTHER;
}

/* Its initiator goes elsewhere: it may have been sent there (RFC 5685 section 6). */
static bool
goes_elsewhere(const struct sadb *db, const struct ike_sa *sa)
{
    for (size_t i = sa->id + 1; i < sadb_num_ike_sas(db) && i - sa->id < SADB_MAX_PER_PEER; i++) {
        const struct ike_sa *next = sadb_ike_sa(db, i);
        if (ip_equal(&next->initiator.addr, &sa->initiator.addr) &&
            !ip_equal(&next->responder.addr, &sa->responder.addr)) {
            return true;
        }
    }
    return false;
}

/* The same gateway has answered a request of that length with that much more, under the same suite,
 * and ESP has come of it. */
static bool
was_given(const struct ike_sa *other, const struct ike_sa *sa, const struct exchange *x)
{
    const struct exchange *its = other != sa ? only_round(other) : NULL;
    int asked, answered;

    if (!its || !other->children.len || !other->chosen || !sa->chosen ||
        !ip_equal(&other->responder.addr, &sa->responder.addr) ||
        strcmp(other->chosen->text, sa->chosen->text) != 0) {
        return false;
    }
    asked = (int)exchange_side(its, false)->length - (int)exchange_side(x, false)->length;
    answered = (int)exchange_side(its, true)->length - (int)exchange_side(x, true)->length;
    return asked >= -ALIKE && asked <= ALIKE && answered >= SHORTER;
}

static void
infer_lack(const struct sadb *db, struct findings *out, const struct ike_sa *sa)
{
    const struct exchange *x = only_round(sa);
    struct scope where = { .basis = BASIS_INFERRED, .sa = sa };
    char who[ADDR_TEXT_MAX];

    if (!stands_alone(sa, x) || goes_elsewhere(db, sa)) {
        return;
    }
    for (size_t i = sa->id > NEAR ? sa->id - NEAR : 0;
         i < sadb_num_ike_sas(db) && i < (size_t)sa->id + NEAR; i++) {
        const struct ike_sa *other = sadb_ike_sa(db, i);
        const struct exchange *its;
        if (!was_given(other, sa, x)) {
            continue;
        }
        its = only_round(other);
        where.exchange = x->index;
        where.frame = x->response;
        where.remedy =
            "Check the responder's log at this time, or give the IKE keys to see its notify: "
            "whether the address pool is exhausted, the client requests an address, and the "
            "networks and ESP proposals match.";
        finding_add(out, CHECK_error_notify, &where,
                    "%s answers IKE_AUTH (frame %u) with %u bytes, but a request of about the same "
                    "length of IKE SA %u with %u (frame %u), which ESP follows; none follows here. "
                    "Suggests that IKE SA %u is set up and its Child SA refused.",
                    ip_print(&sa->responder.addr, who, sizeof who), x->request,
                    (unsigned)exchange_side(x, true)->length, other->id,
                    (unsigned)exchange_side(its, true)->length, its->response, sa->id);
        return;
    }
}

void
suspect_refused_children(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        infer_lack(in->db, out, sadb_ike_sa(in->db, i));
    }
}
