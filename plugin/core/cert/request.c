/* request.c - whose certificates a side asks for, and whether it is shown one of those.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "cert.h"

#include <glib.h>
#include <gnutls/gnutls.h>
#include <gnutls/x509.h>
#include <string.h>

enum { X509_SIGNATURE = 4,
       X509_URL = 12,
       X509_BUNDLE_URL = 13 };

static void
add_sum(struct asked_read *out, const struct authority_sum *sum)
{
    for (unsigned i = 0; i < out->num; i++) {
        if (memcmp(&out->sums[i], sum, sizeof *sum) == 0) {
            return;
        }
    }
    if (out->num == CERT_MAX_ASKED) {
        out->unsure = true;
        return;
    }
    out->sums[out->num++] = *sum;
}

/* RFC 7296 section 3.7: SHA-1 of the authorities' keys, one behind the other. */
static void
read_keys(struct asked_read *out, const struct span *list)
{
    struct authority_sum sum;

    out->unsure |= list->len % sizeof sum.at != 0;
    for (size_t at = 0; at + sizeof sum.at <= list->len && !out->unsure; at += sizeof sum.at) {
        memcpy(sum.at, list->at + at, sizeof sum.at);
        add_sum(out, &sum);
    }
    for (size_t i = 0; out->num && i < sizeof sum.at; i++) {
        g_snprintf(out->names + 2 * i, 3, "%02x", out->sums[0].at[i]);
    }
}

/* RFC 2408 section 3.10: one authority's name. */
static void
read_name(struct asked_read *out, const struct span *name)
{
    gnutls_datum_t data = { (unsigned char *)(uintptr_t)name->at, (unsigned)name->len }, text;
    struct authority_sum sum;
    gnutls_x509_dn_t dn;
    char one[CERT_TEXT_MAX];

    if (name->len > CERT_MAX_OCTETS || gnutls_x509_dn_init(&dn) < 0) {
        out->unsure = true;
        return;
    }
    if (gnutls_x509_dn_import(dn, &data) < 0 || gnutls_x509_dn_get_str2(dn, &text, 0) < 0) {
        out->unsure = true;
    } else {
        cert_sum(&sum, text.data, text.size);
        add_sum(out, &sum);
        cert_put_text(one, (const char *)text.data, text.size);
        gnutls_free(text.data);
        g_strlcat(out->names, out->names[0] ? "; " : "", sizeof out->names);
        g_strlcat(out->names, one, sizeof out->names);
    }
    gnutls_x509_dn_deinit(dn);
}

void
certificate_requests(struct asked_read *out, const struct ike_message *m)
{
    uint8_t type = m->major == 1 ? V1P_CERTREQ : V2P_CERTREQ;
    const char *end;

    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < m->num_payloads && !out->unsure; i++) {
        const struct span *body = &m->payloads[i].body;
        struct span list;
        if (m->payloads[i].type != type || !body->len ||
            (body->at[0] != X509_SIGNATURE &&
             (m->major == 1 || (body->at[0] != X509_URL && body->at[0] != X509_BUNDLE_URL)))) {
            continue;
        }
        out->num_payloads++;
        list = (struct span){ body->at + 1, body->len - 1 };
        out->any |= !list.len;
        if (list.len && m->major == 1) {
            read_name(out, &list);
        } else if (list.len) {
            read_keys(out, &list);
        }
    }
    if (!g_utf8_validate(out->names, -1, &end)) {
        out->names[end - out->names] = '\0'; /* cut within a character */
    }
}

static bool
same(const struct authority_sum *a, const struct authority_sum *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

/* The request takes c itself, or, in IKEv1, which gives names, what c's issuer has signed. */
static bool
is_asked(const struct asked_authorities *asked, const struct certificate *c, bool names)
{
    for (unsigned i = 0; i < asked->num; i++) {
        const struct authority_sum *one = &asked->sums[i];
        if (names ? same(one, &c->subject_sum) || same(one, &c->issuer_sum) :
                    same(one, &c->key_sum)) {
            return true;
        }
    }
    return false;
}

/* The certificate of m that has signed c; false where there is none. */
static bool
find_issuer(struct certificate *out, const struct ike_message *m, const struct certificate *c)
{
    for (struct certificate_walk w = { 0 }; certificate_next(&w, m);) {
        if (same(&w.certificate.subject_sum, &c->issuer_sum) &&
            !same(&w.certificate.key_sum, &c->key_sum)) {
            *out = w.certificate;
            return true;
        }
    }
    return false;
}

void
certificate_chain_read(struct certificate_chain *out, const struct ike_message *m,
                       const struct certificate *leaf, const struct asked_authorities *asked)
{
    struct certificate top = *leaf, next;
    bool fits = false, names = m->major == 1;

    *out = (struct certificate_chain){ .issuing = ISSUING_UNKNOWN };
    for (;;) {
        fits |= asked && is_asked(asked, &top, names);
        if (top.self_signed || out->num_issuers == CERT_MAX_READ || !find_issuer(&next, m, &top)) {
            break;
        }
        top = next;
        out->num_issuers++;
    }
    out->whole = top.self_signed;
    g_strlcpy(out->top, top.issuer, sizeof out->top);
    if (asked && asked->num && !asked->any && !asked->unsure) {
        out->issuing = fits ? ISSUING_ASKED : top.self_signed ? ISSUING_OTHER :
                                                                ISSUING_OPEN;
    }
}
