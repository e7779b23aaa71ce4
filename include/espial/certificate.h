/* certificate.h - what an X.509 certificate says of its holder and of its time (RFC 7296
 * section 3.6).  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CERTIFICATE_H
#define ESPIAL_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>
#include <espial/limits.h>

/* All texts are printable, whoever wrote them; too long a one is cut. */
struct certificate {
    char subject[CERT_TEXT_MAX], issuer[CERT_TEXT_MAX];     /* "CN=gw.lab.example,O=Espial", or
                                                             * "" */
    char names[CERT_TEXT_MAX];  /* "vpn.example.com, 198.51.100.20": its subjectAltName, "" without
                                 * one */
    int64_t not_before, not_after;      /* seconds since the epoch */
    bool authority;             /* it may sign others */
    bool self_signed;           /* it is its own issuer */
};

/* What a certificate says of an identity: it names it, it names others, or the identity's type is
 * none that a certificate holds. */
enum naming { NAMING_UNKNOWN, NAMING_FITS, NAMING_DIFFERS };

#endif
