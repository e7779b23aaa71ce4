/* certificate.c - the certificates that both ends of an IKE SA show (RFC 7296 section 3.6,
 * RFC 2408 section 3.9).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "track.h"
#include "x509.h"

#include <string.h>

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

struct auth_terms *
track_auth_terms(struct turn *t)
{
    struct ike_sa *sa = t->sa;

    if (!sa->auth_terms) {
        sa->auth_terms =
            (const struct auth_terms *)store_alloc(&t->db->store, sizeof *sa->auth_terms);
    }
    /* what the tracker has made it may change */
    return (struct auth_terms *)(uintptr_t)sa->auth_terms;
}

/* The first message that asks counts: its sender's list is the same in each. */
static void
track_requests(struct turn *t)
{
    const struct asked_authorities **own;
    struct asked_authorities *kept;
    struct asked_read asked;
    struct auth_terms *terms;

    certificate_requests(&asked, t->m);
    if (!asked.num_payloads) {
        return;
    }
    terms = track_auth_terms(t);
    own = t->e->from_initiator ? &terms->asked_by_i : &terms->asked_by_r;
    if (*own) {
        return;
    }
    kept = (struct asked_authorities *)store_alloc(
        &t->db->store, sizeof *kept + asked.num * sizeof kept->sums[0]);
    kept->frame = t->e->at.frame;
    kept->num = (uint16_t)asked.num;
    kept->any = asked.any;
    kept->unsure = asked.unsure;
    kept->names = store_text(&t->db->store, asked.names);
    memcpy(kept->sums, asked.sums, asked.num * sizeof kept->sums[0]);
    *own = kept;
    if (asked.num == CERT_MAX_ASKED && asked.unsure) {
        store_cap(&t->db->store, "authorities of one certificate request");
    }
}

/* RFC 9593: announcements, each of a length that counts itself, a method, and what it needs. */
static void
track_methods(struct turn *t)
{
    const struct ike_notify *n =
        t->m->major == 2 ? ike_find_notify(t->m, N2_SUPPORTED_AUTH_METHODS) : NULL;
    struct auth_terms *terms;
    uint32_t methods = 0;
    bool of_i = t->e->from_initiator;

    if (!n) {
        return;
    }
    for (size_t at = 0; at + 2 <= n->data.len && n->data.at[at] >= 2; at += n->data.at[at]) {
        uint8_t method = n->data.at[at + 1];
        methods |= method < 32 ? 1u << method : 0;
    }
    if (!methods) {
        return;
    }
    terms = track_auth_terms(t);
    *(of_i ? &terms->methods_i : &terms->methods_r) |= methods;
    if (!(of_i ? terms->methods_i_in : terms->methods_r_in)) {
        *(of_i ? &terms->methods_i_in : &terms->methods_r_in) = t->e->at.frame;
    }
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
    const struct auth_terms *terms;

    track_requests(t);
    track_methods(t);
    if (*own || !find_certificate(t->db, &w, m)) {
        return;
    }
    kept = (struct peer_certificate *)store_alloc(&t->db->store, sizeof *kept);
    kept->certificate = w.certificate;
    kept->frame = t->e->at.frame;
    kept->naming = id->present ? certificate_naming(&w.der, id) : NAMING_UNKNOWN;
    terms = t->sa->auth_terms;
    certificate_chain_read(&kept->chain, m, &kept->certificate,
                           !terms                 ? NULL :
                           t->e->from_initiator   ? terms->asked_by_r :
                                                    terms->asked_by_i);
    *own = kept;
}
