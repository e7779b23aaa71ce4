/* interface.c - where a frame was captured, and on what kind of link.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#include "espial.h"

enum frame_link
feed_link(const packet_info *pinfo)
{
    switch (pinfo->rec->rec_header.packet_header.pkt_encap) {
    case WTAP_ENCAP_ETHERNET: return FRAME_LINK_ETHERNET;
    case WTAP_ENCAP_SLL: return FRAME_LINK_SLL;
    case WTAP_ENCAP_SLL2: return FRAME_LINK_SLL2;
    case WTAP_ENCAP_RAW_IP:
    case WTAP_ENCAP_RAW_IP4:
    case WTAP_ENCAP_RAW_IP6: return FRAME_LINK_IP;
    case WTAP_ENCAP_NULL:
    case WTAP_ENCAP_LOOP: return FRAME_LINK_NULL;
    case WTAP_ENCAP_PPP: return FRAME_LINK_PPP;
    default: return FRAME_LINK_OTHER;
    }
}

uint8_t
feed_point(const packet_info *pinfo)
{
    const wtap_rec *r = pinfo->rec;

    if (!(r->presence_flags & WTAP_HAS_INTERFACE_ID)) {
        return 0;
    }
    return (uint8_t)(MIN(r->rec_header.packet_header.interface_id, UINT8_MAX - 1u) + 1);
}
