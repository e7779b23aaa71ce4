/* Identities as text and as selectors (RFC 7296 section 3.5, RFC 2407 section 4.6.2).
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "t.h"

#include <espial/ike.h>
#include <espial/limits.h>
#include <stdlib.h>

static char out[ID_TEXT_MAX];

/* In a block of just that size. */
static const char *
print(uint8_t type, const void *at, size_t len)
{
    uint8_t *copy = (uint8_t *)malloc(len ? len : 1);
    struct ike_id id = { .present = true, .type = type, .data = { copy, len } };

    memcpy(copy, at, len);
    ike_id_print(&id, out, sizeof out);
    free(copy);
    return out;
}

/* --- names of X.500, as DER has them ------------------------------------------------------- */

struct der {
    uint8_t at[600];
    size_t n;
};

static void
wrap(struct der *d, size_t from, uint8_t tag)
{
    size_t len = d->n - from, head = len < 128 ? 2 : len < 256 ? 3 : 4;

    memmove(d->at + from + head, d->at + from, len);
    d->at[from] = tag;
    d->at[from + 1] = (uint8_t)(head == 2 ? len : head == 3 ? 0x81 : 0x82);
    d->at[from + 2] = head == 3 ? (uint8_t)len : head == 4 ? (uint8_t)(len >> 8) : d->at[from + 2];
    d->at[from + 3] = head == 4 ? (uint8_t)len : d->at[from + 3];
    d->n += head;
}

static void
attribute(struct der *d, const char *oid, size_t oid_len, const char *value)
{
    size_t set = d->n, part;

    part = d->n;
    memcpy(d->at + d->n, oid, oid_len);
    d->n += oid_len;
    wrap(d, part, 0x06);
    part = d->n;
    memcpy(d->at + d->n, value, strlen(value));
    d->n += strlen(value);
    wrap(d, part, 0x0c);
    wrap(d, set, 0x30);
    wrap(d, set, 0x31);
}

#define ATTRIBUTE(d, oid, value) attribute(d, oid, sizeof(oid) - 1, value)
#define PKCS9 "\x2a\x86\x48\x86\xf7\x0d\1\x09"
#define PILOT "\x09\x92\x26\x89\x93\xf2\x2c\x64\1"

static void
names(void)
{
    struct der d = { .n = 0 };
    char longer[300];

    ATTRIBUTE(&d, PILOT "\x19", "example");
    ATTRIBUTE(&d, PILOT "\1", "lisa");
    ATTRIBUTE(&d, PKCS9 "\1", "lisa@corp.example");
    ATTRIBUTE(&d, PKCS9 "\2", "gw.example");
    ATTRIBUTE(&d, PKCS9 "\x08", "192.0.2.1");
    wrap(&d, 0, 0x30);
    T_STR(print(9, d.at, d.n),
          "DC=example, UID=lisa, E=lisa@corp.example, unstructuredName=gw.example, unstructuredAddress=192.0.2.1");
    for (size_t n = 0; n < d.n; n++) {              /* cut: hex, and no octet beyond */
        T(strchr(print(9, d.at, n), '=') == NULL);
    }
    d.n = 0;
    ATTRIBUTE(&d, "\x55\4\6", "DE");
    ATTRIBUTE(&d, "\x55\4\x0a", "A \"B\"\n");       /* nothing that breaks a line or a quotation */
    ATTRIBUTE(&d, "\x55\4\x0b", "");
    ATTRIBUTE(&d, "\x55\4\x63", "unknown");
    ATTRIBUTE(&d, "\x2a\3\4", "unknown too");
    ATTRIBUTE(&d, "\x55\4\3", "gw");
    wrap(&d, 0, 0x30);
    T_STR(print(9, d.at, d.n), "C=DE, O=A ?B??, OU=, ?=unknown, ?=unknown too, CN=gw");

    /* Lengths of two and three octets; the text is cut to what is shown. */
    for (size_t len = 200; len <= 290; len += 90) {
        memset(longer, 'x', len);
        longer[len] = 0;
        d.n = 0;
        ATTRIBUTE(&d, "\x55\4\x0a", longer);
        wrap(&d, 0, 0x30);
        T(strncmp(print(9, d.at, d.n), "O=xxx", 5) == 0 && strlen(out) == ID_TEXT_MAX - 1);
        T(strchr(print(9, d.at, 3), '=') == NULL && strchr(print(9, d.at, 2), '=') == NULL);
    }
    T_STR(print(9, "\x30\x80\0\0", 4), "30800000"); /* an indefinite length is not DER */
    T_STR(print(9, "\x31\0", 2), "3100");           /* no sequence */
    T_STR(print(9, "\x30\0", 2), "3000");           /* an empty one */
}

static void
texts(void)
{
    T_STR(print(2, "gw.example", 10), "gw.example");
    T_STR(print(3, "lisa@corp.example", 17), "lisa@corp.example");
    T_STR(print(11, "key\0id", 6), "key?id");
    T_STR(print(1, "\xc0\0\2\1", 4), "192.0.2.1");
    T_STR(print(1, "\xc0\0\2", 3), "c00002");       /* not an address: hex */
    T_STR(print(5, "\x20\1\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16), "2001:db8::1");
    T_STR(print(4, "\x0a\1\0\0\xff\xff\0\0", 8), "10.1.0.0/16");
    T_STR(print(7, "\x0a\1\0\1\x0a\1\0\x09", 8), "10.1.0.1-10.1.0.9");
    /* ends before it begins */
    T_STR(print(7, "\x0a\1\0\x09\x0a\1\0\1", 8), "0a0100090a010001");
    T_STR(print(4, "\x0a\1\0\0\xff\0\xff\0", 8), "0a010000ff00ff00");       /* a mask with a hole */
    T_STR(print(200, "ab", 2), "6162");
    T_STR(print(2, "", 0), "");
}

int
main(void)
{
    names();
    texts();
    return t_done();
}
