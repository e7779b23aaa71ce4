/* x509.h - octets to a certificate, and whether it names who sent it (RFC 7296 sections 3.5 and
 * 3.6).  Pure: a span in, facts out.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CERT_X509_H
#define ESPIAL_CERT_X509_H

#include <espial/certificate.h>
#include <espial/ike.h>

/* Reads one certificate in DER.  Its signature is not checked: no trust is decided here.  False
 * where it is none, or larger than CERT_MAX_OCTETS. */
bool certificate_read(struct certificate *out, const struct span *der);

/* Fits where a subjectAltName of the identity's type, or for a distinguished name the subject, is
 * the same; without any subjectAltName, where the common name is. */
enum naming certificate_naming(const struct span *der, const struct ike_id *id);

/* The certificate of a CERT payload (RFC 7296 section 3.6, RFC 2408 section 3.9): false where its
 * encoding is another one than X.509 for signatures. */
bool certificate_of_payload(struct span *der, const struct ike_payload *payload);

/* Walks the certificates that a message shows:
 *   for (struct certificate_walk w = { 0 }; certificate_next(&w, m);) .. w.certificate .. */
struct certificate_walk {
    size_t payload;             /* behind the one that holds it */
    unsigned num;               /* read so far */
    bool capped;                /* CERT_MAX_READ was reached, and there are more */
    struct span der;            /* borrowed from m */
    struct certificate certificate;
};
bool certificate_next(struct certificate_walk *w, const struct ike_message *m);


/* --- request.c: certificate requests (RFC 7296 section 3.7, RFC 2408 section 3.10) ---------- */

/* The authorities that a message asks for; room for CERT_MAX_ASKED of them. */
struct asked_read {
    unsigned num_payloads;      /* requests for X.509 certificates; 0: it asks for none */
    unsigned num;
    bool any, unsure;           /* as in struct asked_authorities */
    char names[CERT_TEXT_MAX];
    struct authority_sum sums[CERT_MAX_ASKED];
};
void certificate_requests(struct asked_read *out, const struct ike_message *m);

/* How the certificate leaf of m is issued, by the others of m.  asked: by the other side before, or
 * NULL. */
void certificate_chain_read(struct certificate_chain *out, const struct ike_message *m,
                            const struct certificate *leaf, const struct asked_authorities *asked);

#endif
