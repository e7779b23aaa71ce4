/* addr.c - IP addresses.  SPDX-License-Identifier: GPL-2.0-or-later */
#include <espial/addr.h>

#include <gio/gio.h>
#include <glib.h>
#include <string.h>

struct ip_addr
ip_from(uint8_t family, const uint8_t *bytes)
{
    struct ip_addr a;

    memset(&a, 0, sizeof a);
    if (family == 4 || family == 6) {
        a.family = family;
        memcpy(a.bytes, bytes, family == 4 ? 4 : 16);
    }
    return a;
}

size_t
ip_len(const struct ip_addr *a)
{
    return a->family == 4 ? 4 : a->family == 6 ? 16 : 0;
}

int
ip_compare(const struct ip_addr *a, const struct ip_addr *b)
{
    if (a->family != b->family) {
        return (int)a->family - (int)b->family;
    }
    return memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

bool
ip_unspecified(const struct ip_addr *a)
{
    static const uint8_t zero[16];

    return memcmp(a->bytes, zero, sizeof zero) == 0;
}

bool
ip_is_multicast(const struct ip_addr *a)
{
    return (a->family == 4 && a->bytes[0] >> 4 == 0xe) || (a->family == 6 && a->bytes[0] == 0xff);
}

bool
ip_parse(struct ip_addr *out, const char *text)
{
    GInetAddress *found;

    /* No host name, no zone ("%eth0"), and nothing for a resolver to think about. */
    if (text[strspn(text, "0123456789abcdefABCDEF:.")] || !strpbrk(text, ":.")) {
        return false;
    }
    found = g_inet_address_new_from_string(text);
    if (!found) {
        return false;
    }
    *out = ip_from(g_inet_address_get_family(found) == G_SOCKET_FAMILY_IPV4 ? 4 : 6,
                   g_inet_address_to_bytes(found));
    g_object_unref(found);
    return true;
}

/* printf takes a thousand instructions for it, and there is one of each stream. */
static char *
print_four(const uint8_t *bytes, char *out, size_t size)
{
    char text[] = "255.255.255.255", *at = text;

    for (unsigned i = 0; i < 4; i++) {
        unsigned b = bytes[i];
        if (b >= 100) {
            *at++ = (char)('0' + b / 100);
        }
        if (b >= 10) {
            *at++ = (char)('0' + b / 10 % 10);
        }
        *at++ = (char)('0' + b % 10);
        *at++ = i < 3 ? '.' : '\0';
    }
    g_strlcpy(out, text, size);
    return out;
}

char *
ip_print(const struct ip_addr *a, char *out, size_t size)
{
    GInetAddress *six;
    char *text;

    if (a->family == 4) {
        return print_four(a->bytes, out, size);
    }
    if (a->family != 6) {
        g_strlcpy(out, "no address", size);
        return out;
    }
    six = g_inet_address_new_from_bytes(a->bytes, G_SOCKET_FAMILY_IPV6);
    text = g_inet_address_to_string(six);
    g_strlcpy(out, text, size);
    g_free(text);
    g_object_unref(six);
    return out;
}
