/* check_shape.c - what messages of IKEv2 show that nobody could read: Deletes and refusals, by the
 * type of their first payload and their length.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/shape.h>

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
                       " It stood for %.3f s, and the answer that set it up (frame %u) is too short "
                       "to hold a Child SA: suggests that the Child SA was refused.",
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
    char who[ADDR_TEXT_MAX], more[TEXT_MAX];

    where.frame = m->frame;
    side_print(sa, m->from_initiator, who, sizeof who);
    if (sa->deleted_in == m->frame && sa->deleted_inferred) {
        childless(sa, more, sizeof more);
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s deletes IKE SA %u, as its message suggests: the first payload is a Delete, "
                    "and the answer %s.%s",
                    who, sa->id,
                    answer == SHAPE_EMPTY ? "is empty" : "was not captured", more);
    } else if (message_shape(sa, m) == SHAPE_DELETE_CHILD ||
               (answer != SHAPE_EMPTY && answer != SHAPE_UNKNOWN)) {
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s deletes a Child SA of IKE SA %u, as its message suggests: the first payload "
                    "is a Delete, and %s.",
                    who, sa->id,
                    message_shape(sa, m) == SHAPE_DELETE_CHILD ? "too long for that of the IKE SA" :
                                                                 "the answer is not empty");
    } else {
        finding_add(out, CHECK_sa_deleted, &where,
                    "%s deletes an SA, IKE SA %u or a Child SA of it, as its message suggests: the "
                    "first payload is a Delete.",
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
