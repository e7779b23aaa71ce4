/* services.c - whose a UDP datagram is when both of its ports are of a service.  Wireshark asks the
 * dissector of the lower port first, and that of the higher one where it declines; measured with
 * datagrams of ESP and IKE between 500 or 4500 and each port below it that has a dissector.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "services.h"

#include <espial/cursor.h>
#include <espial/feed.h>
#include <espial/protocol.h>
#include <glib.h>
#include <string.h>

/* Those that take whatever comes for their own, in order. */
static const uint16_t takers[] = {
    7, 13, 19, 37, 49, 53, 67, 68, 69, 111, 123, 137, 138, 173, 213, 269, 319, 320, 389, 427, 434,
    464, 496, 513, 514, 520, 521, 524, 525, 546, 547, 631, 664, 701, 853, 854, 910, 921, 925, 1001,
    1113, 1153, 1194, 1293, 1628, 1629, 1718, 1719, 1745, 1755, 1900, 2099, 2157, 2221, 2222, 2246,
    2268, 2269, 2313, 2345, 2887, 2944, 2945, 2948, 2949, 3000, 3130, 3250, 3343, 3357, 3389, 3452,
    3455, 3544, 3567, 3671, 3784, 3785, 3804, 3863, 4305, 4306, 4307, 4341, 4342
};

static bool
takes_all(uint16_t port)
{
    size_t low = 0, high = G_N_ELEMENTS(takers);

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (takers[middle] == port) {
            return true;
        }
        if (takers[middle] < port) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return false;
}

/* A sequence in BER that is as long as the datagram. */
static bool
is_snmp(const struct octets *o)
{
    enum { SEQUENCE = 0x30, ONE_OCTET = 0x81, TWO_OCTETS = 0x82 };

    if (o->captured < 4 || o->at[0] != SEQUENCE) {
        return false;
    }
    return o->at[1] + 2u == o->reported ||
           (o->at[1] == ONE_OCTET && o->at[2] + 3u == o->reported) ||
           (o->at[1] == TWO_OCTETS && be16(o->at + 2) + 4u == o->reported);
}

/* Some of the others look at a datagram before they take it. */
static bool
takes(uint16_t port, const struct octets *o)
{
    static const uint8_t cookie[] = { 0x21, 0x12, 0xa4, 0x42 };     /* STUN's own */

    switch (port) {
    case PORT_SNMP:
    case PORT_SNMP_TRAP:
        return is_snmp(o);
    case PORT_L2TP:                 /* the version */
        return o->captured >= 2 && ((o->at[1] & 15) == 2 || (o->at[1] & 15) == 3);
    case PORT_RADIUS:
    case PORT_RADIUS_ACCT:          /* a code, and the length */
        return o->captured >= 4 && o->at[0] && o->at[0] < 64 && be16(o->at + 2) == o->reported;
    case PORT_STUN:
        return o->captured >= 8 && o->at[0] < 4 && memcmp(o->at + 4, cookie, sizeof cookie) == 0;
    default:
        return takes_all(port);
    }
}

/* What Wireshark's dissector of IKE asks of a datagram on its own port. */
static bool
is_isakmp(const struct octets *o)
{
    enum { LENGTH = 24 };

    if (o->reported == 1) {
        return o->captured == 1 && o->at[0] == NAT_KEEPALIVE;
    }
    return o->reported >= IKE_HEADER &&
           (o->captured < IKE_HEADER || be32(o->at + LENGTH) >= IKE_HEADER);
}

static unsigned
layers_on(uint16_t port, const struct octets *o, bool *taken)
{
    *taken = false;
    if (port == PORT_NATT) {
        return FEED_UDPENCAP;
    }
    if (port == PORT_IKE) {
        return is_isakmp(o) ? FEED_IKE : 0;
    }
    *taken = port != PORT_GDOI && takes(port, o);
    return 0;
}

unsigned
services_layers(const struct frame_part *part)
{
    struct octets o = part->octets;
    uint16_t low = MIN(part->src_port, part->dst_port), high = MAX(part->src_port, part->dst_port);
    uint16_t len;
    unsigned layers;
    bool taken;

    if (part->marked) {
        o.at -= NON_ESP_MARKER;
        o.captured += NON_ESP_MARKER;
        o.reported += NON_ESP_MARKER;
    }
    /* What the header's length leaves no room for is not read; 0 is a jumbogram of IPv6. */
    len = be16(o.at - UDP_HEADER + 4);
    if (len < UDP_HEADER && (len || part->src.family != 6)) {
        return 0;
    }
    layers = layers_on(low, &o, &taken);
    return layers || taken ? layers : layers_on(high, &o, &taken);
}
