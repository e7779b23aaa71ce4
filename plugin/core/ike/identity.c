/* identity.c - identities as text and as selectors (RFC 7296 section 3.5, RFC 2407
 * section 4.6.2).  SPDX-License-Identifier: GPL-2.0-or-later */
#include "payload.h"

#include <glib.h>
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

enum { DER_SEQUENCE = 0x30, DER_LONG_FORM = 0x80, DER_ONE_OCTET = 0x81, DER_TWO_OCTETS = 0x82 };

/* One DER element; only definite lengths up to 65535 occur in a name. */
static bool
take_der(struct cur *c, uint8_t *tag, struct cur *body)
{
    struct cur at = *c;
    uint8_t first;
    uint16_t len;

    if (!cur_u8(&at, tag) || !cur_u8(&at, &first)) {
        return false;
    }
    len = first;
    if (first == DER_ONE_OCTET) {
        if (!cur_u8(&at, &first)) {
            return false;
        }
        len = first;
    } else if (first == DER_TWO_OCTETS) {
        if (!cur_u16(&at, &len)) {
            return false;
        }
    } else if (first & DER_LONG_FORM) {
        return false;
    }
    if (!cur_sub(&at, body, len)) {
        return false;
    }
    *c = at;
    return true;
}

/* The type of an attribute: those of X.520 below 2.5.4, and a few more (RFC 4519 section 2,
 * RFC 2985 section 5). */
static const char *
attribute_name(const struct cur *oid)
{
    static const char *const names[] = { [3] = "CN", [4] = "SN", [5] = "serialNumber", [6] = "C",
                                         [7] = "L", [8] = "ST", [10] = "O", [11] = "OU",
                                         [12] = "T" };
    static const struct { const char *name; uint8_t len, oid[10]; } others[] = {
        { "E", 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1 } },
        { "unstructuredName", 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 2 } },
        { "unstructuredAddress", 9, { 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 8 } },
        { "UID", 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1 } },
        { "DC", 10, { 0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25 } },
    };
    size_t len = cur_left(oid);

    if (len == 3 && oid->at[0] == 0x55 && oid->at[1] == 4) {
        return oid->at[2] < G_N_ELEMENTS(names) && names[oid->at[2]] ? names[oid->at[2]] : "?";
    }
    for (size_t i = 0; i < G_N_ELEMENTS(others); i++) {
        if (others[i].len == len && memcmp(others[i].oid, oid->at, len) == 0) {
            return others[i].name;
        }
    }
    return "?";
}

/* RFC 5280 section 4.1.2.4: a sequence of sets of (type, value). */
static bool
print_dn(const struct span *der, char *out, size_t size)
{
    struct cur c = cur_of(der->at, der->len), all, set, pair, oid, value;
    uint8_t tag;

    out[0] = 0;
    if (!take_der(&c, &tag, &all) || tag != DER_SEQUENCE) {
        return false;
    }
    while (cur_left(&all)) {
        char text[ID_TEXT_MAX];
        struct span v;
        if (!take_der(&all, &tag, &set) || !take_der(&set, &tag, &pair) ||
            !take_der(&pair, &tag, &oid) || !take_der(&pair, &tag, &value)) {
            return false;
        }
        v = ike_rest(&value);
        print_text(&v, text, sizeof text);
        g_strlcat(out, out[0] ? ", " : "", size);
        g_strlcat(out, attribute_name(&oid), size);
        g_strlcat(out, "=", size);
        g_strlcat(out, text, size);
    }
    return out[0] != 0;
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
