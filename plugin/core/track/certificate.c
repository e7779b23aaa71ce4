/* certificate.c - the certificates that both ends of an IKE SA show (RFC 7296 section 3.6,
 * RFC 2408 section 3.9).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/x509.h>

static bool
holds_certificate(const struct ike_message *m, const struct ike_payload *p)
{
    return p->type == (m->major == 1 ? V1P_CERT : V2P_CERT);
}

/* The first certificate of IKEv2 holds the key of AUTH (RFC 7296 section 3.6); IKEv1 has no order,
 * so an authority's is passed by. */
static bool
find_certificate(struct certificate *out, struct span *der, const struct ike_message *m)
{
    for (size_t i = 0; i < m->num_payloads; i++) {
        const struct ike_payload *p = &m->payloads[i];
        if (holds_certificate(m, p) && certificate_of_payload(der, p) &&
            certificate_read(out, der) &&
            (m->major == 2 || !out->authority || out->self_signed)) {
            return true;
        }
    }
    return false;
}

void
track_certificates(struct turn *t)
{
    const struct ike_message *m = t->m;
    const struct ike_id *id = m->major == 1 || t->e->from_initiator ? &m->id_i : &m->id_r;
    const struct peer_certificate **own =
        t->e->from_initiator ? &t->sa->certificate_i : &t->sa->certificate_r;
    struct peer_certificate one = { .frame = t->e->at.frame }, *kept;
    struct span der;

    if (*own || !find_certificate(&one.certificate, &der, m)) {
        return;
    }
    one.naming = id->present ? certificate_naming(&der, id) : NAMING_UNKNOWN;
    kept = (struct peer_certificate *)store_alloc(&t->db->store, sizeof *kept);
    *kept = one;
    *own = kept;
}
