/* link.c - link layers down to IP.  SPDX-License-Identifier: GPL-2.0-or-later */
#include "step.h"

#include <espial/limits.h>
#include <string.h>

static enum step
enter_ethernet(struct frame_walk *w)
{
    static const uint8_t snap[6] = { 0xaa, 0xaa, 3, 0, 0, 0 };      /* RFC 1042 */
    const uint8_t *h = w->rest.at;

    if (!octets_skip(&w->rest, ETHERNET_HEADER)) {
        return STEP_DONE;
    }
    w->type = be16(h + 12);
    w->link = (uint64_t)be16(h + 6) << 32 | be32(h + 8);
    if (w->type < LENGTHS_END) {
        const uint8_t *llc = w->rest.at;
        if (w->rest.captured < SNAP_HEADER || memcmp(llc, snap, sizeof snap) != 0) {
            return STEP_DONE;
        }
        w->type = be16(llc + 6);
        octets_skip(&w->rest, SNAP_HEADER);
    }
    return STEP_ETHERTYPE;
}

static enum step
enter_ppp(struct frame_walk *w)                 /* RFC 1661 section 2, RFC 1662 section 3.1 */
{
    const uint8_t *h = w->rest.at;
    uint16_t protocol;

    if (w->rest.captured >= 2 && h[0] == 0xff && h[1] == 3) {
        octets_skip(&w->rest, 2);
        h = w->rest.at;
    }
    if (w->rest.captured < 2) {
        return STEP_DONE;
    }
    protocol = h[0] & 1 ? h[0] : be16(h);       /* compressed to one octet */
    octets_skip(&w->rest, h[0] & 1 ? 1 : 2);
    return protocol == PPP_IPV4 || protocol == PPP_IPV6 ? STEP_IP : STEP_DONE;
}

static enum step
enter_mpls(struct frame_walk *w)                /* RFC 3032 section 2.1 */
{
    enum { BOTTOM_OF_STACK = 1 };

    for (unsigned n = 0; n < FRAME_MAX_LABELS; n++) {
        const uint8_t *h = w->rest.at;
        if (!octets_skip(&w->rest, MPLS_LABEL)) {
            return STEP_DONE;
        }
        if (h[2] & BOTTOM_OF_STACK) {
            if (w->rest.captured && w->rest.at[0] >> 4 == 0) {      /* no version of IP */
                return octets_skip(&w->rest, MPLS_CONTROL_WORD) ? STEP_ETHERNET : STEP_DONE;
            }
            return STEP_IP;
        }
    }
    return STEP_DONE;
}

static enum step
enter_ethertype(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;

    switch (w->type) {
    case TYPE_IPV4:
    case TYPE_IPV6:
        return STEP_IP;
    case TYPE_ARP:
        return enter_arp(w);
    case TYPE_VLAN:
    case TYPE_PROVIDER:
    case TYPE_QINQ:
        if (!octets_skip(&w->rest, VLAN_TAG)) {
            return STEP_DONE;
        }
        if (!w->now.vlan) {
            w->now.vlan = be16(h) & VLAN_ID;
        }
        w->type = be16(h + 2);
        return STEP_ETHERTYPE;
    case TYPE_PPPOE:
        return octets_skip(&w->rest, PPPOE_HEADER) ? STEP_PPP : STEP_DONE;
    case TYPE_PPP:
        return STEP_PPP;
    case TYPE_MPLS:
    case TYPE_MPLS_UPSTREAM:
        return enter_mpls(w);
    case TYPE_ETHERNET:
        return STEP_ETHERNET;
    default:
        return STEP_DONE;
    }
}

enum step
enter_link(struct frame_walk *w)
{
    const uint8_t *h = w->rest.at;

    switch (w->step) {
    case STEP_ETHERNET:
        return enter_ethernet(w);
    case STEP_SLL:
        if (!octets_skip(&w->rest, SLL_HEADER)) {
            return STEP_DONE;
        }
        w->type = be16(h + 14);
        w->link = (uint64_t)be16(h + 6) << 32 | be32(h + 8);
        return STEP_ETHERTYPE;
    case STEP_SLL2:
        if (!octets_skip(&w->rest, SLL2_HEADER)) {
            return STEP_DONE;
        }
        w->type = be16(h);
        return STEP_ETHERTYPE;
    case STEP_NULL:             /* the family's byte order is the host's, IP's version is not */
        return octets_skip(&w->rest, NULL_HEADER) ? STEP_IP : STEP_DONE;
    case STEP_PPP:
        return enter_ppp(w);
    default:
        return enter_ethertype(w);
    }
}
