/* check_redirect.c - clients that are sent to another gateway and do not go there (RFC 5685).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <string.h>

#define STAYS_S 30.0            /* by then who follows has moved */
#define LOOP_S 300.0            /* REDIRECT_LOOP_DETECT_PERIOD of RFC 5685 section 7 */

/* The exchange in which sa's initiator was sent away, and the frame; NULL. */
static const struct exchange *
sent_away(const struct findings *out, const struct ike_sa *sa, uint32_t *frame)
{
    for (struct newest n = newest_first(sa->redirected ? sa->exchanges.len : 0, SADB_MAX_PER_PEER);
         newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        struct scope where = { .sa = sa, .exchange = x->index };
        /* IKE_SA_INIT that was answered otherwise, too, has gone on with that answer. */
        if (x->injected || (x->type == V2_IKE_SA_INIT && (sa->chosen || sa->went_on))) {
            continue;
        }
        *frame = finding_frame(out, CHECK_redirected, &where);
        if (*frame) {
            return x;
        }
    }
    return NULL;
}

static double
time_of(const struct exchange *x, uint32_t frame)
{
    return x->response == frame ? x->response_time : x->request_time;
}

/* The same client, whatever gateway it asks. */
static bool
same_client(const struct ike_sa *a, const struct ike_sa *b)
{
    return b->major == 2 && b->rekeys == NO_ID && b->started_here &&
           ip_equal(&a->initiator.addr, &b->initiator.addr) &&
           (a->initiator.id && b->initiator.id ? strcmp(a->initiator.id, b->initiator.id) == 0 :
                                                 a->initiator.port == b->initiator.port);
}

/* What the client begins after that frame: its next IKE SA; NULL. */
static const struct ike_sa *
next_of(const struct sadb *db, const struct ike_sa *sa, uint32_t frame)
{
    size_t num = sadb_num_ike_sas(db), end = MIN(num, (size_t)sa->id + 1 + SADB_MAX_PER_PEER);

    for (size_t i = (size_t)sa->id + 1; i < end; i++) {
        const struct ike_sa *other = sadb_ike_sa(db, i);
        if (other->first_frame > frame && same_client(sa, other)) {
            return other;
        }
    }
    return NULL;
}

/* The last exchange that the client itself begins in sa, later than that; a Delete is its leave. */
static const struct exchange *
goes_on(const struct ike_sa *sa, double after)
{
    for (struct newest n = newest_first(sa->exchanges.len, SADB_MAX_PER_PEER); newest_next(&n);) {
        const struct exchange *x = sa->exchanges.at[n.i];
        if (x->by_initiator && x->request && x->request_time > after + STAYS_S && !x->injected &&
            x->request != sa->deleted_in) {
            return x;
        }
    }
    return NULL;
}

/* The client was sent away from here before, and came back: the frame of that; 0. */
static uint32_t
was_sent_before(const struct check_in *in, const struct findings *out, const struct ike_sa *sa,
                double now)
{
    size_t from = sa->id > SADB_MAX_PER_PEER ? sa->id - SADB_MAX_PER_PEER : 0;
    bool elsewhere = false;

    for (size_t i = sa->id; i > from; i--) {
        const struct ike_sa *before = sadb_ike_sa(in->db, i - 1);
        uint32_t frame;
        const struct exchange *x =
            same_client(sa, before) ? sent_away(out, before, &frame) : NULL;
        if (!x || now - time_of(x, frame) > LOOP_S) {
            continue;
        }
        if (!ip_equal(&before->responder.addr, &sa->responder.addr)) {
            elsewhere = true;
        } else if (elsewhere) {
            return frame;
        }
    }
    return 0;
}

void
check_redirect_not_followed(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i), *next;
        uint32_t frame, before;
        const struct exchange *x = sent_away(out, sa, &frame), *later;
        struct scope where = { .basis = BASIS_OBSERVED, .sa = sa, .exchange = NO_ID };
        char i_text[ID_TEXT_MAX], r[ADDR_TEXT_MAX], name[64];
        if (!x) {
            continue;
        }
        where.frame = frame;
        where.basis = x->type == V2_IKE_SA_INIT ? BASIS_OBSERVED : BASIS_DECRYPTED;
        endpoint_print(&sa->initiator, i_text, sizeof i_text);
        ip_print(&sa->responder.addr, r, sizeof r);
        before = was_sent_before(in, out, sa, time_of(x, frame));
        next = next_of(in->db, sa, frame);
        later = goes_on(sa, time_of(x, frame));
        if (before) {
            where.also = before;
            where.remedy = "Make one of the gateways keep the client: each redirects it to the "
                           "other. Check the load and the redirection rules of both.";
            finding_add(out, CHECK_redirect_not_followed, &where,
                        "%s is redirected from %s in frame %u as before in frame %u, and came back "
                        "from another gateway in between: a loop.",
                        i_text, r, frame, before);
        } else if (next && ip_equal(&next->responder.addr, &sa->responder.addr)) {
            where.also = next->first_frame;
            finding_add(out, CHECK_redirect_not_followed, &where,
                        "%s redirects %s to another gateway (frame %u), but the client connects "
                        "again to %s (frame %u).",
                        r, i_text, frame, r, next->first_frame);
        } else if (!next && later) {
            where.also = later->request;
            finding_add(out, CHECK_redirect_not_followed, &where,
                        "%s redirects %s to another gateway (frame %u), but %.0f s later the "
                        "client still uses %s (%s in frame %u).",
                        r, i_text, frame, later->request_time - time_of(x, frame), r,
                        exchange_name(2, later->type, name, sizeof name), later->request);
        }
    }
}
