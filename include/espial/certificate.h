/* certificate.h - what an X.509 certificate says of its holder and of its time, and what the other
 * side asks it for (RFC 7296 sections 3.6 and 3.7).  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_CERTIFICATE_H
#define ESPIAL_CERTIFICATE_H

#include <stdbool.h>
#include <stdint.h>
#include <espial/limits.h>

/* A name or a key of an authority, so that two can be compared: SHA-1, as IKEv2 has it on the
 * wire. */
struct authority_sum {
    uint8_t at[20];
};

/* All texts are printable, whoever wrote them; too long a one is cut. */
struct certificate {
    char subject[CERT_TEXT_MAX], issuer[CERT_TEXT_MAX];     /* "CN=gw.lab.example,O=Espial", or
                                                             * "" */
    char names[CERT_TEXT_MAX];  /* "vpn.example.com, 198.51.100.20": its subjectAltName, "" without
                                 * one */
    int64_t not_before, not_after;      /* seconds since the epoch */
    struct authority_sum subject_sum, issuer_sum;       /* of the whole names as text */
    struct authority_sum key_sum;       /* of its SubjectPublicKeyInfo; zeros where not read */
    const char *key, *signature;        /* "RSA", "RSA-SHA256": constants, "" where not known */
    unsigned key_bits;          /* 0 where not known */
    bool key_short;             /* RSA or DSA, and less than 2048 bits (RFC 8247 section 3.1.1) */
    bool hash_weak;             /* its signature is over MD2, MD5 or SHA-1 */
    bool authority;             /* it may sign others */
    bool self_signed;           /* it is its own issuer */
};

/* What a certificate says of an identity: it names it, it names others, or the identity's type is
 * none that a certificate holds. */
enum naming { NAMING_UNKNOWN, NAMING_FITS, NAMING_DIFFERS };

/* The authorities whose certificates one side asks for. */
struct asked_authorities {
    uint32_t frame;
    uint16_t num;               /* in sums */
    bool any;                   /* some request names none: whichever certificate there is */
    bool unsure;                /* there are more than CERT_MAX_ASKED, or one could not be read */
    const char *names;          /* IKEv1: "CN=Lab CA,O=Espial; CN=.."; IKEv2, which gives keys
                                 * alone: the first one's sum */
    struct authority_sum sums[];        /* IKEv1: of names; IKEv2: of keys */
};

/* Whether a certificate is of an authority that was asked for.  Open: the chain that was sent does
 * not reach its root, and none of it is asked for. */
enum issuing { ISSUING_UNKNOWN, ISSUING_ASKED, ISSUING_OPEN, ISSUING_OTHER };

/* The certificate of one end as it was sent: those of its issuers with it. */
struct certificate_chain {
    enum issuing issuing;
    uint8_t num_issuers;        /* sent along that lead upwards from it */
    bool whole;                 /* the last one is its own issuer */
    char top[CERT_TEXT_MAX];    /* issuer of the last one */
};

/* The certificate of one end of an IKE SA, as it came first. */
struct peer_certificate {
    struct certificate certificate;
    uint32_t frame;
    enum naming naming;         /* of the identity in the same message */
    struct certificate_chain chain;
};

/* How each end of an IKE SA wants the other to prove itself. */
struct auth_terms {
    const struct asked_authorities *asked_by_i, *asked_by_r;    /* NULL where it asks for none */
    /* Bit n: that side announces that it verifies the authentication method n of IKEv2 (RFC 9593);
     * 0 where it announces none.  And in which frame first. */
    uint32_t methods_i, methods_r, methods_i_in, methods_r_in;
};

#endif
