/* certificate.c - the certificates that both ends of an IKE SA show (RFC 7296 section 3.6,
 * RFC 2408 section 3.9).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"

#include <espial/x509.h>

/* The first certificate of IKEv2 holds the key of AUTH (RFC 7296 section 3.6); IKEv1 has no order,
 * so an authority's is passed by. */
static bool
find_certificate(struct sadb *db, struct certificate_walk *w, const struct ike_message *m)
{
    while (certificate_next(w, m)) {
        if (m->major == 2 || !w->certificate.authority || w->certificate.self_signed) {
            return true;
        }
    }
    if (w->capped) {
        store_cap(&db->store, "certificates of one IKE message");
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
    struct certificate_walk w = { 0 };
    struct peer_certificate *kept;

    if (*own || !find_certificate(t->db, &w, m)) {
        return;
    }
    kept = (struct peer_certificate *)store_alloc(&t->db->store, sizeof *kept);
    kept->certificate = w.certificate;
    kept->frame = t->e->at.frame;
    kept->naming = id->present ? certificate_naming(&w.der, id) : NAMING_UNKNOWN;
    *own = kept;
}
