/* x509.c - X.509 certificates, read by GnuTLS.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cert.h"

#include <espial/text.h>

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

enum { SHORT_KEY_BITS = 2048 };     /* RFC 8247 section 3.1.1 */

void
cert_put_text(char out[CERT_TEXT_MAX], const char *text, size_t len)
{
    char *valid = g_utf8_make_valid(text, (gssize)len);
    size_t used = 0;

    for (const char *at = valid; *at; at = g_utf8_next_char(at)) {
        gunichar one = g_utf8_get_char(at);
        size_t size = (size_t)(g_utf8_next_char(at) - at);
        if (used + size >= CERT_TEXT_MAX) {
            break;
        }
        if (g_unichar_isprint(one) && !text_hidden(one)) {
            memcpy(out + used, at, size);
            used += size;
        } else {
            out[used++] = '?';
        }
    }
    out[used] = '\0';
    g_free(valid);
}

void
cert_sum(struct authority_sum *out, const void *octets, size_t len)
{
    GChecksum *sum = g_checksum_new(G_CHECKSUM_SHA1);
    gsize size = sizeof out->at;

    g_checksum_update(sum, octets, (gssize)len);
    g_checksum_get_digest(sum, out->at, &size);
    g_checksum_free(sum);
}

/* NULL where der is no certificate. */
static gnutls_x509_crt_t
import(const struct span *der)
{
    gnutls_datum_t data = { (unsigned char *)(uintptr_t)der->at, (unsigned)der->len };
    gnutls_x509_crt_t crt;

    if (!der->len || der->len > CERT_MAX_OCTETS || gnutls_x509_crt_init(&crt) < 0) {
        return NULL;
    }
    if (gnutls_x509_crt_import(crt, &data, GNUTLS_X509_FMT_DER) < 0) {
        gnutls_x509_crt_deinit(crt);
        return NULL;
    }
    return crt;
}

static void
put_name(char out[CERT_TEXT_MAX], struct authority_sum *sum, gnutls_x509_crt_t crt,
         int (*get)(gnutls_x509_crt_t, gnutls_datum_t *, unsigned))
{
    gnutls_datum_t text;

    out[0] = '\0';
    if (get(crt, &text, 0) >= 0) {
        cert_put_text(out, (const char *)text.data, text.size);
        cert_sum(sum, text.data, text.size);
        gnutls_free(text.data);
    }
}

/* The strength of the key and of the signature over it: of its own one a root proves nothing. */
static void
put_key(struct certificate *out, gnutls_x509_crt_t crt)
{
    size_t size = sizeof out->key_sum.at;
    int key = gnutls_x509_crt_get_pk_algorithm(crt, &out->key_bits);
    int signature = gnutls_x509_crt_get_signature_algorithm(crt);
    gnutls_digest_algorithm_t hash = signature < 0 ?
        GNUTLS_DIG_UNKNOWN :
        gnutls_sign_get_hash_algorithm((gnutls_sign_algorithm_t)signature);
    const char *name;

    out->key = out->signature = "";
    if (key > 0) {
        name = gnutls_pk_get_name((gnutls_pk_algorithm_t)key);
        out->key = name ? name : "";
        out->key_short = out->key_bits && out->key_bits < SHORT_KEY_BITS &&
                         (key == GNUTLS_PK_RSA || key == GNUTLS_PK_RSA_PSS || key == GNUTLS_PK_DSA);
    }
    if (signature > 0) {
        name = gnutls_sign_get_name((gnutls_sign_algorithm_t)signature);
        out->signature = name ? name : "";
    }
    out->hash_weak = !out->self_signed && (hash == GNUTLS_DIG_MD2 || hash == GNUTLS_DIG_MD5 ||
                                           hash == GNUTLS_DIG_SHA1);
    if (gnutls_x509_crt_get_key_id(crt, GNUTLS_KEYID_USE_SHA1, out->key_sum.at, &size) < 0) {
        memset(&out->key_sum, 0, sizeof out->key_sum);
    }
}

/* One name of a subjectAltName.  value is without a terminator that counts. */
struct alternative {
    unsigned type;              /* GNUTLS_SAN_DNSNAME .. */
    size_t len;
    uint8_t value[512];
};

/* False behind the last one; type is GNUTLS_SAN_OTHERNAME where it could not be read. */
static bool
next_alternative(struct alternative *out, gnutls_x509_crt_t crt, unsigned i)
{
    int got;

    out->len = sizeof out->value;
    got = gnutls_x509_crt_get_subject_alt_name2(crt, i, out->value, &out->len, &out->type, NULL);
    if (got == GNUTLS_E_REQUESTED_DATA_NOT_AVAILABLE || i >= CERT_MAX_NAMES) {
        return false;
    }
    if (got < 0) {
        out->type = GNUTLS_SAN_OTHERNAME;
        out->len = 0;
    }
    return true;
}

static void
put_alternatives(char out[CERT_TEXT_MAX], gnutls_x509_crt_t crt)
{
    GString *all = g_string_new(NULL);
    struct alternative one;
    char address[ADDR_TEXT_MAX];

    for (unsigned i = 0; next_alternative(&one, crt, i); i++) {
        const char *text = (const char *)one.value;
        size_t len = one.len;
        if (one.type == GNUTLS_SAN_IPADDRESS && (len == 4 || len == 16)) {
            struct ip_addr ip = ip_from(len == 4 ? 4 : 6, one.value);
            text = ip_print(&ip, address, sizeof address);
            len = strlen(text);
        } else if (one.type != GNUTLS_SAN_DNSNAME && one.type != GNUTLS_SAN_RFC822NAME) {
            continue;
        }
        g_string_append(all, all->len ? ", " : "");
        g_string_append_len(all, text, (gssize)len);
    }
    cert_put_text(out, all->str, all->len);
    g_string_free(all, TRUE);
}

bool
certificate_read(struct certificate *out, const struct span *der)
{
    gnutls_x509_crt_t crt = import(der);

    memset(out, 0, sizeof *out);
    if (!crt) {
        return false;
    }
    put_name(out->subject, &out->subject_sum, crt, gnutls_x509_crt_get_dn3);
    put_name(out->issuer, &out->issuer_sum, crt, gnutls_x509_crt_get_issuer_dn3);
    put_alternatives(out->names, crt);
    out->not_before = (int64_t)gnutls_x509_crt_get_activation_time(crt);
    out->not_after = (int64_t)gnutls_x509_crt_get_expiration_time(crt);
    out->authority = gnutls_x509_crt_get_ca_status(crt, NULL) > 0;
    out->self_signed = gnutls_x509_crt_check_issuer(crt, crt) == 1;
    put_key(out, crt);
    gnutls_x509_crt_deinit(crt);
    return true;
}

/* RFC 5280 sections 7.2 and 7.5 compare host names, and the host part of mail addresses, without
 * regard to case.  Daemons do so with the whole. */
static bool
same_text(const struct alternative *one, const struct span *id)
{
    return one->len == id->len &&
           g_ascii_strncasecmp((const char *)one->value, (const char *)id->at, id->len) == 0;
}

static bool
same_octets(const struct alternative *one, const struct span *id)
{
    return one->len == id->len && memcmp(one->value, id->at, id->len) == 0;
}

/* The same name may be written in other string types: then its text tells. */
static bool
is_subject(gnutls_x509_crt_t crt, const struct span *id)
{
    gnutls_datum_t data = { (unsigned char *)(uintptr_t)id->at, (unsigned)id->len }, own, other;
    gnutls_x509_dn_t dn;
    bool same = false;

    if (id->len > CERT_MAX_OCTETS || gnutls_x509_dn_init(&dn) < 0) {
        return false;
    }
    if (gnutls_x509_dn_import(dn, &data) >= 0 && gnutls_x509_dn_get_str2(dn, &other, 0) >= 0) {
        if (gnutls_x509_crt_get_dn3(crt, &own, 0) >= 0) {
            same = own.size == other.size && memcmp(own.data, other.data, own.size) == 0;
            gnutls_free(own.data);
        }
        gnutls_free(other.data);
    }
    gnutls_x509_dn_deinit(dn);
    return same;
}

/* Without any alternative name, a certificate names its host by the common name alone. */
static bool
is_common_name(gnutls_x509_crt_t crt, const struct span *id)
{
    struct alternative name = { .len = sizeof name.value }, none;

    return !next_alternative(&none, crt, 0) &&
           gnutls_x509_crt_get_dn_by_oid(crt, GNUTLS_OID_X520_COMMON_NAME, 0, 0, name.value,
                                         &name.len) >= 0 &&
           same_text(&name, id);
}

/* GNUTLS_SAN_..., or 0 where a certificate has no such name. */
static unsigned
alternative_of(uint8_t id_type)
{
    switch (id_type) {
    case ID_FQDN: return GNUTLS_SAN_DNSNAME;
    case ID_RFC822_ADDR: return GNUTLS_SAN_RFC822NAME;
    case ID_IPV4_ADDR:
    case ID_IPV6_ADDR: return GNUTLS_SAN_IPADDRESS;
    default: return 0;
    }
}

enum naming
certificate_naming(const struct span *der, const struct ike_id *id)
{
    unsigned type = alternative_of(id->type);
    gnutls_x509_crt_t crt = type || id->type == ID_DER_ASN1_DN ? import(der) : NULL;
    struct alternative one;
    bool fits;

    if (!crt) {
        return NAMING_UNKNOWN;
    }
    fits = id->type == ID_DER_ASN1_DN ? is_subject(crt, &id->data) :
                                        is_common_name(crt, &id->data);
    for (unsigned i = 0; !fits && type && next_alternative(&one, crt, i); i++) {
        fits = one.type == type && (type == GNUTLS_SAN_IPADDRESS ? same_octets(&one, &id->data) :
                                                                   same_text(&one, &id->data));
    }
    gnutls_x509_crt_deinit(crt);
    return fits ? NAMING_FITS : NAMING_DIFFERS;
}

bool
certificate_of_payload(struct span *der, const struct ike_payload *payload)
{
    enum { X509_SIGNATURE = 4 };

    if (payload->body.len < 2 || payload->body.at[0] != X509_SIGNATURE) {
        return false;
    }
    *der = (struct span){ payload->body.at + 1, payload->body.len - 1 };
    return true;
}

bool
certificate_next(struct certificate_walk *w, const struct ike_message *m)
{
    uint8_t type = m->major == 1 ? V1P_CERT : V2P_CERT;

    while (w->payload < m->num_payloads) {
        const struct ike_payload *p = &m->payloads[w->payload++];
        if (p->type != type || !certificate_of_payload(&w->der, p)) {
            continue;
        }
        if (w->num == CERT_MAX_READ) {
            w->capped = true;
            return false;
        }
        w->num++;
        if (certificate_read(&w->certificate, &w->der)) {
            return true;
        }
    }
    return false;
}
