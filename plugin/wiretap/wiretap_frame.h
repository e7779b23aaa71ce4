/* wiretap_frame.h - what Wireshark's library of captures says of a frame, for all who read with it.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_WIRETAP_FRAME_H
#define ESPIAL_WIRETAP_FRAME_H

#include <espial/frame.h>
#include <wiretap/wtap.h>

static inline enum frame_link
wiretap_link(int encap)
{
    switch (encap) {
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

/* The interface that captured it, as in struct sighting. */
static inline uint8_t
wiretap_point(const wtap_rec *r)
{
    return (r->presence_flags & WTAP_HAS_INTERFACE_ID) ?
               (uint8_t)(MIN(r->rec_header.packet_header.interface_id, UINT8_MAX - 1u) + 1) : 0;
}

#endif
