/* check_unprotected.c - messages in clear that their exchange demands to be encrypted (RFC 7296
 * sections 1.2 to 1.4, RFC 2409 section 5).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "checks.h"
#include "expert.h"

#include <espial/hash.h>

/* Who demands it, to end a sentence. */
static const char *
demanded_by(const struct ike_message *m)
{
    switch (m->exchange) {
    case V2_IKE_AUTH: return "RFC 7296 section 1.2";
    case V2_CREATE_CHILD_SA: return "RFC 7296 section 1.3";
    case V2_INFORMATIONAL: return "RFC 7296 section 1.4";
    case V1_MAIN: return "RFC 2409 section 5";
    case V1_QUICK: return "RFC 2409 section 5.5";
    case V1_NEW_GROUP: return "RFC 2409 section 5.6";
    case V1_INFORMATIONAL: return "RFC 2409 section 5.7";
    default: return m->major == 2 ? "RFC 7296 section 1.2" : "the protection of phase 1";
    }
}

/* Tells two addresses from others, whichever of them sends. */
static uint64_t
pair_of(const struct sighting *at)
{
    bool ordered = ip_compare(&at->src, &at->dst) <= 0;
    const struct ip_addr pair[] = { ordered ? at->src : at->dst, ordered ? at->dst : at->src };

    return hash_octets(1, pair, sizeof pair);
}

static void
report_refuted(const struct check_in *in, struct findings *out)
{
    for (size_t i = 0; i < sadb_num_ike_sas(in->db); i++) {
        const struct ike_sa *sa = sadb_ike_sa(in->db, i);
        for (uint32_t k = 0; k < sa->denials.len; k++) {
            const struct denial *d = &sa->denials.at[k];
            struct scope where = {
                .basis = BASIS_OBSERVED, .frame = d->frame, .sa = sa, .exchange = NO_ID
            };
            char name[64], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX];
            if (denial_is_refuted(sa, d)) {
                finding_add(out, CHECK_unprotected_message, &where,
                            "%s in the name of %s to %s is in clear, and %s goes on in IKE SA %u: "
                            "it is not believed (RFC 7296 section 2.21.4).",
                            notify_name(sa->major, d->type, name, sizeof name),
                            ip_print(&d->src, from, sizeof from), ip_print(&d->dst, to, sizeof to),
                            from, sa->id);
            }
        }
    }
}

void
check_unprotected_message(const struct check_in *in, struct findings *out)
{
    const struct ike_message *m = in->msg;
    const struct ike_event *e = in->ike;
    struct scope where;
    char name[64], from[ADDR_TEXT_MAX], to[ADDR_TEXT_MAX], of[48] = "";

    if (!e) {
        report_refuted(in, out);
        return;
    }
    /* What the capture cut or the way damaged may have been encrypted. */
    if (e->standing != STANDING_UNLAWFUL || m->error != IKE_OK || m->truncated) {
        return;
    }
    where = scope_message(in);
    where.exchange = NO_ID;
    if (e->sa) {
        g_snprintf(of, sizeof of, " of IKE SA %u", e->sa->id);
    } else {
        where.variant = pair_of(&e->at);
    }
    finding_add(out, CHECK_unprotected_message, &where,
                "A message of %s%s from %s to %s is in clear, where %s demands that it is "
                "encrypted: nothing in it is believed.",
                exchange_name(m->major, m->exchange, name, sizeof name), of,
                ip_print(&e->at.src, from, sizeof from), ip_print(&e->at.dst, to, sizeof to),
                demanded_by(m));
}
