/* step.h - one step of the walk through a frame: what frame.c and link.c share.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_STEP_H
#define ESPIAL_STEP_H

#include <espial/cursor.h>
#include <espial/frame.h>

/* What rest begins with.  Those before STEP_IP are of links. */
enum step {
    STEP_ETHERNET, STEP_SLL, STEP_SLL2, STEP_NULL, STEP_PPP, STEP_ETHERTYPE,
    STEP_IP, STEP_PROTOCOL, STEP_GIVE, STEP_DONE
};

/* IEEE 802 numbers, which Geneve and GRE have too. */
enum ethertype {
    TYPE_IPV4 = 0x0800, TYPE_ARP = 0x0806, TYPE_ETHERNET = 0x6558, TYPE_VLAN = 0x8100,
    TYPE_IPV6 = 0x86dd,
    TYPE_PPP = 0x880b, TYPE_MPLS = 0x8847, TYPE_MPLS_UPSTREAM = 0x8848, TYPE_PPPOE = 0x8864,
    TYPE_PROVIDER = 0x88a8, TYPE_QINQ = 0x9100
};
enum { LENGTHS_END = 0x0600 };          /* IEEE 802.3: smaller ones are lengths */
enum { VLAN_ID = 0x0fff };              /* IEEE 802.1Q: of a tag's first two octets */

enum ppp_protocol { PPP_IPV4 = 0x0021, PPP_IPV6 = 0x0057 };     /* IANA's ppp-numbers */

/* Octets in front of what the layer carries. */
enum layer_length {
    ETHERNET_HEADER = 14, SNAP_HEADER = 8, SLL_HEADER = 16, SLL2_HEADER = 20,
    NULL_HEADER = 4,            /* the address family */
    VLAN_TAG = 4, MPLS_LABEL = 4,
    PPPOE_HEADER = 6,           /* RFC 2516 section 4 */
    MPLS_CONTROL_WORD = 4,      /* RFC 4385 section 3 */
    GRE_HEADER = 4,             /* without its options */
    VXLAN_HEADER = 8,           /* RFC 7348 section 5 */
    GENEVE_HEADER = 8,          /* without its options */
    GTPU_HEADER = 8, GTPU_OPTIONS = 4
};

/* One layer of a link; type says what STEP_ETHERTYPE has in front. */
enum step enter_link(struct frame_walk *w);

/* ARP: STEP_GIVE where one asks for an address or gives its own. */
enum step enter_arp(struct frame_walk *w);
/* The same of neighbour discovery in ICMPv6. */
bool is_neighbor(struct frame_walk *w);

/* False, and unchanged, where fewer than n octets were captured. */
static inline bool
octets_skip(struct octets *o, size_t n)
{
    if (o->captured < n) {
        return false;
    }
    o->at += n;
    o->captured -= n;
    o->reported -= n;
    return true;
}

/* No more than n octets belong to it; what follows is another layer's trailer. */
static inline void
octets_trim(struct octets *o, size_t n)
{
    o->reported = n < o->reported ? n : o->reported;
    o->captured = o->captured < o->reported ? o->captured : o->reported;
}

#endif
