/* sighting.h - where and when a packet was captured, and on what a statement rests.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SIGHTING_H
#define ESPIAL_SIGHTING_H

#include <espial/addr.h>

/* How Espial knows what it says: read on the wire as it stands; read with keys; told by the
 * analyst; concluded from packets that nobody could read. */
enum basis { BASIS_OBSERVED, BASIS_DECRYPTED, BASIS_CONFIGURED, BASIS_INFERRED };

#define NO_ID UINT32_MAX        /* an id (of an SA, a stream, a finding) that is none */

/* Where and when a packet was captured.  Addresses are the outer ones. */
struct sighting {
    uint32_t frame;             /* from 1 */
    double time;                /* seconds since the epoch */
    struct ip_addr src, dst;
    uint16_t src_port, dst_port;    /* UDP or TCP; 0 for native ESP and AH */
    bool tcp;                   /* the ports are TCP's (RFC 9329) */
    bool own_ports;             /* UDP ports that are none of IKE's */
    bool joined;                /* it came in IP fragments, the last of which is the frame */
    uint64_t link;              /* the sender's link address, 0 where there is none */
    uint16_t ip_id;             /* IPv4 Identification, 0 for IPv6 */
    uint8_t ttl;                /* or hop limit; 0: not known */
    uint8_t dscp;               /* class of service, DSCP (RFC 4301 section 4.1) */
    uint8_t point;              /* the interface that captured it, from 1, those from UINT8_MAX on
                                 * as one; 0: not known */
};

#endif
