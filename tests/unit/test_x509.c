/* X.509 certificates: what they say, whom they name, and octets that are none.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "certificates.h"
#include "t.h"
#include "x509.h"

#include <glib.h>

#define DER(array) ((struct span){ (array), sizeof(array) })

static void
contents(void)
{
    struct certificate c;
    struct span named = DER(cert_named), plain = DER(cert_plain), ca = DER(cert_authority);

    T(certificate_read(&c, &named));
    T_STR(c.subject, "CN=gw.lab.example,O=Espial");
    T_STR(c.issuer, "CN=gw.lab.example,O=Espial");
    T_STR(c.names, "gw.lab.example, 198.51.100.20, lisa@lab.example, 2001:db8::20");
    T(c.not_before == CERT_FROM && c.not_after == CERT_TO);
    T(!c.authority && c.self_signed);
    T(certificate_read(&c, &plain));
    T_STR(c.names, "");
    T(certificate_read(&c, &ca));
    T(c.authority);
}

static void
no_certificates(void)
{
    struct certificate c;
    uint8_t large[CERT_MAX_OCTETS + 1];
    struct span one = DER(cert_named), none = { NULL, 0 };

    T(!certificate_read(&c, &none));
    for (one.len = 0; one.len < sizeof cert_named; one.len++) {
        T(!certificate_read(&c, &one));
    }
    memset(large, 0, sizeof large);
    memcpy(large, cert_named, sizeof cert_named);
    one = DER(large);
    T(!certificate_read(&c, &one));
    /* no octet of it may harm, wherever it stands */
    for (size_t i = 0; i < sizeof cert_named; i++) {
        memcpy(large, cert_named, sizeof cert_named);
        large[i] ^= 0xff;
        one = (struct span){ large, sizeof cert_named };
        certificate_read(&c, &one);
        T(g_utf8_validate(c.subject, -1, NULL) && g_utf8_validate(c.names, -1, NULL));
    }
}

static enum naming
naming(const struct span *der, uint8_t type, const char *octets, size_t len)
{
    struct ike_id id = { .present = true, .type = type,
                         .data = { (const uint8_t *)octets, len } };

    return certificate_naming(der, &id);
}

static void
names(void)
{
    static const char v4[] = { (char)198, 51, 100, 20 }, other[] = { (char)198, 51, 100, 21 };
    /* O=Espial, CN=gw.lab.example as PrintableString, and with another organisation */
    static const char dn[] = "\x30\x2a\x31\x0f\x30\x0d\x06\x03\x55\x04\x0a\x13\x06"
                             "Espial\x31\x17\x30\x15\x06\x03\x55\x04\x03\x13\x0e"
                             "gw.lab.example";
    struct span named = DER(cert_named), plain = DER(cert_plain), cut = { cert_named, 20 };
    char wrong[sizeof dn];

    T(naming(&named, ID_FQDN, "gw.lab.example", 14) == NAMING_FITS);
    T(naming(&named, ID_FQDN, "GW.lab.example", 14) == NAMING_FITS);
    T(naming(&named, ID_FQDN, "gw.lab.exampl", 13) == NAMING_DIFFERS);
    T(naming(&named, ID_FQDN, "lisa@lab.example", 16) == NAMING_DIFFERS);
    T(naming(&named, ID_RFC822_ADDR, "lisa@lab.example", 16) == NAMING_FITS);
    T(naming(&named, ID_IPV4_ADDR, v4, 4) == NAMING_FITS);
    T(naming(&named, ID_IPV4_ADDR, other, 4) == NAMING_DIFFERS);
    T(naming(&named, ID_KEY_ID, "gw.lab.example", 14) == NAMING_UNKNOWN);
    T(naming(&cut, ID_FQDN, "gw.lab.example", 14) == NAMING_UNKNOWN);
    T(naming(&plain, ID_FQDN, "gw.lab.example", 14) == NAMING_FITS);
    T(naming(&plain, ID_FQDN, "other.example", 13) == NAMING_DIFFERS);
    T(naming(&plain, ID_DER_ASN1_DN, dn, sizeof dn - 1) == NAMING_FITS);
    memcpy(wrong, dn, sizeof dn);
    wrong[13] = 'e';
    T(naming(&plain, ID_DER_ASN1_DN, wrong, sizeof dn - 1) == NAMING_DIFFERS);
    T(naming(&plain, ID_DER_ASN1_DN, "no name", 7) == NAMING_DIFFERS);
}

static void
payloads(void)
{
    static const uint8_t signature[] = { 4, 0x30 }, url[] = { 12, 0x30 }, empty[] = { 4 };
    struct ike_payload p = { .body = DER(signature) };
    struct span der;

    T(certificate_of_payload(&der, &p) && der.len == 1 && der.at == signature + 1);
    p.body = DER(url);
    T(!certificate_of_payload(&der, &p));
    p.body = DER(empty);
    T(!certificate_of_payload(&der, &p));
}

/* A chain is short: whoever sends a message full of certificates has some of them read. */
static void
walk(void)
{
    static uint8_t body[1 + sizeof cert_named] = { 4 }, broken[] = { 4, 0x30, 0x82 };
    static struct ike_message m = { .major = 2 };

    memcpy(body + 1, cert_named, sizeof cert_named);
    for (unsigned num = 0; num <= IKE_MAX_PAYLOADS; num++) {
        struct certificate_walk w = { 0 };
        unsigned good = 0;

        while (certificate_next(&w, &m)) {
            T_STR(w.certificate.subject, "CN=gw.lab.example,O=Espial");
            good++;
        }
        /* every other one is broken, and counts */
        T(good == (MIN(num, CERT_MAX_READ) + 1) / 2 && w.capped == (num > CERT_MAX_READ));
        if (num < IKE_MAX_PAYLOADS) {
            m.payloads[m.num_payloads++] = (struct ike_payload){
                .type = V2P_CERT,
                .body = num % 2 ? DER(broken) : DER(body),
            };
        }
    }
}

int
main(void)
{
    contents();
    no_certificates();
    names();
    payloads();
    walk();
    return t_done();
}
