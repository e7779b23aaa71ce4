/* addr.c - IP addresses.  SPDX-License-Identifier: GPL-2.0-or-later */
#define _POSIX_C_SOURCE 200809L
#include <espial/addr.h>

#include <arpa/inet.h>
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

bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    return ip_compare(a, b) == 0;
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
    uint8_t bytes[16];

    if (inet_pton(AF_INET, text, bytes) == 1) {
        *out = ip_from(4, bytes);
        return true;
    }
    if (inet_pton(AF_INET6, text, bytes) == 1) {
        *out = ip_from(6, bytes);
        return true;
    }
    return false;
}

char *
ip_print(const struct ip_addr *a, char *out, size_t size)
{
    char text[INET6_ADDRSTRLEN] = "no address";

    if (a->family) {
        inet_ntop(a->family == 4 ? AF_INET : AF_INET6, a->bytes, text, sizeof text);
    }
    g_strlcpy(out, text, size);
    return out;
}
