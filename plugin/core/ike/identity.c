/* identity.c - identities as text and as selectors (RFC 7296 section 3.5, RFC 2407
 * section 4.6.2).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
#include <gnutls/x509.h>
#include <string.h>

static void
print_text(const struct span *s, char *out, size_t size)
{
    size_t n = MIN(s->len, size - 1);

    for (size_t i = 0; i < n; i++) {
        out[i] = g_ascii_isprint((char)s->at[i]) && s->at[i] != '"' ? (char)s->at[i] : '?';
    }
    out[n] = 0;
}

static void
print_hex(const struct span *s, char *out, size_t size)
{
    out[0] = 0;
    for (size_t i = 0; i < s->len && 2 * i + 3 <= size; i++) {
        g_snprintf(out + 2 * i, 3, "%02x", s->at[i]);
    }
}

/* The type of an attribute, as X.500 abbreviates it (RFC 4519 section 2, RFC 2985 section 5). */
static const char *
attribute_name(const char *oid)
{
    /* GnuTLS does not know these, or by another word */
    static const struct { const char *oid, *name; } ours[] = {
        { "1.2.840.113549.1.9.1", "E" },
        { "1.2.840.113549.1.9.2", "unstructuredName" },
        { "1.2.840.113549.1.9.8", "unstructuredAddress" },
        { "2.5.4.4", "SN" },
        { "2.5.4.12", "T" },
    };
    const char *name = NULL;

    for (size_t i = 0; i < G_N_ELEMENTS(ours); i++) {
        name = strcmp(oid, ours[i].oid) == 0 ? ours[i].name : name;
    }
    name = name ? name : gnutls_x509_dn_oid_name(oid, 0);
    return name ? name : "?";
}

/* RFC 5280 section 4.1.2.4: a sequence of sets of (type, value), in the order of the wire. */
static bool
print_dn(const struct span *der, char *out, size_t size)
{
    gnutls_datum_t data = { (unsigned char *)(uintptr_t)der->at, (unsigned)der->len };
    gnutls_x509_ava_st one;
    gnutls_x509_dn_t dn;
    bool read;

    out[0] = 0;
    if (der->len > CERT_MAX_OCTETS || gnutls_x509_dn_init(&dn) < 0) {
        return false;
    }
    read = gnutls_x509_dn_import(dn, &data) >= 0;
    for (int set = 0, part = 0; read && set < CERT_MAX_NAMES;) {
        char text[ID_TEXT_MAX];
        if (gnutls_x509_dn_get_rdn_ava(dn, set, part, &one) < 0) {
            if (!part) {
                break;          /* behind the last set */
            }
            set++;
            part = 0;
            continue;
        }
        print_text(&(struct span){ one.value.data, one.value.size }, text, sizeof text);
        g_strlcat(out, out[0] ? ", " : "", size);
        g_strlcat(out, attribute_name((const char *)one.oid.data), size);
        g_strlcat(out, "=", size);
        g_strlcat(out, text, size);
        part++;
    }
    gnutls_x509_dn_deinit(dn);
    return read && out[0] != 0;
}

char *
ike_id_print(const struct ike_id *id, char *out, size_t size)
{
    struct selector s;

    if ((id->type == ID_IPV4_ADDR && id->data.len == 4) ||
        (id->type == ID_IPV6_ADDR && id->data.len == 16)) {
        struct ip_addr a = ip_from(id->type == ID_IPV4_ADDR ? 4 : 6, id->data.at);
        return ip_print(&a, out, size);
    }
    if (id->type == ID_FQDN || id->type == ID_RFC822_ADDR || id->type == ID_KEY_ID) {
        print_text(&id->data, out, size);
    } else if (ike_id_selector(id, &s)) {
        selector_print(&s, out, size);
    } else if (id->type != ID_DER_ASN1_DN || !print_dn(&id->data, out, size)) {
        print_hex(&id->data, out, size);
    }
    return out;
}

static bool
mask_bits(const uint8_t *mask, size_t len, unsigned *bits)
{
    unsigned n = 0;

    while (n < len * 8 && (mask[n / 8] & (0x80u >> n % 8))) {
        n++;
    }
    for (unsigned i = n; i < len * 8; i++) {
        if (mask[i / 8] & (0x80u >> i % 8)) {
            return false;
        }
    }
    *bits = n;
    return true;
}

bool
ike_id_selector(const struct ike_id *id, struct selector *out)
{
    bool v4 = id->type == ID_IPV4_ADDR || id->type == ID_IPV4_ADDR_SUBNET ||
              id->type == ID_IPV4_ADDR_RANGE;
    bool v6 = id->type == ID_IPV6_ADDR || id->type == ID_IPV6_ADDR_SUBNET ||
              id->type == ID_IPV6_ADDR_RANGE;
    size_t len = v4 ? 4 : 16;
    bool single = id->type == ID_IPV4_ADDR || id->type == ID_IPV6_ADDR;
    struct ip_addr first, second;
    unsigned bits;

    if ((!v4 && !v6) || id->data.len != (single ? len : 2 * len)) {
        return false;
    }
    first = ip_from(v4 ? 4 : 6, id->data.at);
    *out = selector_host(&first);
    if (id->type == ID_IPV4_ADDR_SUBNET || id->type == ID_IPV6_ADDR_SUBNET) {
        if (!mask_bits(id->data.at + len, len, &bits) || !selector_prefix(out, &first, bits)) {
            return false;
        }
    } else if (!single) {
        second = ip_from(v4 ? 4 : 6, id->data.at + len);
        if (ip_compare(&first, &second) > 0) {
            return false;
        }
        out->hi = second;
    }
    out->protocol = id->protocol;
    if (id->port) {
        out->port_lo = out->port_hi = id->port;
    }
    return true;
}
