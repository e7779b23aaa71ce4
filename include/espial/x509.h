/* x509.h - octets to a certificate, and whether it names who sent it (RFC 7296 sections 3.5 and
 * 3.6).  Pure: a span in, facts out.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_X509_H
#define ESPIAL_X509_H

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

#endif
