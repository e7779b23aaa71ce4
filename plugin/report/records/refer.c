/* refer.c - names by which others know a flow, and a section of an RFC.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "refer.h"

#include <glib.h>
#include <string.h>

static void
hash_port(GChecksum *hash, uint16_t port)
{
    const uint8_t octets[2] = { (uint8_t)(port >> 8), (uint8_t)port };

    g_checksum_update(hash, octets, sizeof octets);
}

/* Of the seed, the lesser end's address, the other's, the protocol, an octet of 0, and the ports in
 * the same order. */
char *
community_id(const struct ip_addr *source, uint16_t source_port, const struct ip_addr *destination,
             uint16_t destination_port, uint8_t transport)
{
    static const uint8_t seed[2];
    const uint8_t protocol[2] = { transport, 0 };
    GChecksum *hash = g_checksum_new(G_CHECKSUM_SHA1);
    int order = memcmp(source->bytes, destination->bytes, ip_len(source));
    bool turned = order > 0 || (order == 0 && source_port > destination_port);
    const struct ip_addr *first = turned ? destination : source,
                         *second = turned ? source : destination;
    uint8_t digest[20];
    gsize len = sizeof digest;
    char *encoded, *id;

    g_checksum_update(hash, seed, sizeof seed);
    g_checksum_update(hash, first->bytes, (gssize)ip_len(first));
    g_checksum_update(hash, second->bytes, (gssize)ip_len(second));
    g_checksum_update(hash, protocol, sizeof protocol);
    if (source_port || destination_port) {
        hash_port(hash, turned ? destination_port : source_port);
        hash_port(hash, turned ? source_port : destination_port);
    }
    g_checksum_get_digest(hash, digest, &len);
    g_checksum_free(hash);
    encoded = g_base64_encode(digest, len);
    id = g_strconcat("1:", encoded, NULL);
    g_free(encoded);
    return id;
}

char *
reference_url(const char *reference)
{
    static const char rfc[] = "RFC ", within[] = " section ";
    const char *number = reference + strlen(rfc);
    size_t digits;

    if (!g_str_has_prefix(reference, rfc) || (digits = strspn(number, "0123456789")) == 0) {
        return NULL;
    }
    if (g_str_has_prefix(number + digits, within)) {
        const char *section = number + digits + strlen(within);
        return g_strdup_printf("https://www.rfc-editor.org/rfc/rfc%.*s#section-%.*s", (int)digits,
                               number, (int)strspn(section, "0123456789."), section);
    }
    return g_strdup_printf("https://www.rfc-editor.org/rfc/rfc%.*s", (int)digits, number);
}
