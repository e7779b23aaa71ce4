/* protocol.h - numbers of the wire that no registry of IKE has: ports, IPv6 headers, lengths.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_PROTOCOL_H
#define ESPIAL_PROTOCOL_H

/* Of UDP; PORT_NATT also of TCP. */
enum port {
    PORT_IKE = 500,             /* RFC 7296 section 2 */
    PORT_GDOI = 848,            /* RFC 6407 section 3 */
    PORT_NATT = 4500,           /* IKE and ESP: RFC 3948 section 2; over TCP, RFC 9329 */
    PORT_GTPU = 2152,           /* 3GPP TS 29.281 section 4.4.2 */
    PORT_CISCO_UDP = 10000,     /* ESP in UDP, as Cisco has it: no RFC */
    PORT_VXLAN = 4789,          /* RFC 7348 section 5 */
    PORT_GENEVE = 6081          /* RFC 8926 section 3.3 */
};

/* Of UDP: other services, whose datagrams may go to a port of IKE. */
enum service_port {
    PORT_SNMP = 161, PORT_SNMP_TRAP = 162, PORT_L2TP = 1701, PORT_RADIUS = 1812,
    PORT_RADIUS_ACCT = 1813, PORT_STUN = 3478
};

/* IPv6 headers before the one of the upper layer (RFC 8200 section 4). */
enum ipv6_header {
    IP6_HOP_BY_HOP = 0, IP6_ROUTING = 43, IP6_FRAGMENT = 44, IP6_NO_NEXT = 59, IP6_DESTINATION = 60
};

/* Parts of the 16 bits that place a fragment (RFC 791 section 3.1, RFC 8200 section 4.5). */
enum fragment_bits {
    IPV4_FRAGMENT_OFFSET = 0x1fff, IPV4_MORE_FRAGMENTS = 0x2000,
    IPV6_FRAGMENT_OFFSET = 0xfff8, IPV6_MORE_FRAGMENTS = 0x0001
};

/* Octets. */
enum header_length {
    IPV4_HEADER = 20, IPV6_HEADER = 40, IPV6_FRAGMENT_HEADER = 8, TCP_HEADER = 20, UDP_HEADER = 8,
    NON_ESP_MARKER = 4,         /* RFC 3948 section 2.2 */
    TCP_ENCAP_PREFIX = 6,       /* RFC 9329 section 4 */
    TCP_ENCAP_LENGTH = 2,       /* RFC 9329 section 3 */
    IKE_HEADER = 28,            /* RFC 7296 section 3.1 */
    PAYLOAD_HEADER = 4,         /* RFC 7296 section 3.2 */
    PROPOSAL_HEADER = 8, TRANSFORM_HEADER = 8,
    EAP_HEADER = 4,             /* RFC 7296 section 3.16; some have no type after it */
    ESP_HEADER = 8,             /* SPI and sequence number: RFC 4303 section 2 */
    ESP_TRAILER = 2,            /* pad length and next header */
    AH_HEADER = 12              /* without the ICV: RFC 4302 section 2 */
};

enum { NAT_KEEPALIVE = 0xff };          /* the one octet of it: RFC 3948 section 2.3 */

enum icmp_type {                /* RFC 792, RFC 4443 */
    ICMP_ECHO_REPLY = 0, ICMP_UNREACHABLE = 3, ICMP_ECHO_REQUEST = 8, ICMP_TIME_EXCEEDED = 11,
    ICMP_PARAMETER_PROBLEM = 12,
    ICMPV6_UNREACHABLE = 1, ICMPV6_TOO_BIG = 2, ICMPV6_TIME_EXCEEDED = 3,
    ICMPV6_LAST_ERROR = 4, ICMPV6_ECHO_REQUEST = 128, ICMPV6_ECHO_REPLY = 129
};
enum tcp_flag { TCP_FIN = 0x01, TCP_SYN = 0x02, TCP_RST = 0x04, TCP_ACK = 0x10 };
enum { TCP_OPTION_END = 0, TCP_OPTION_NOP = 1, TCP_OPTION_MSS = 2 };
enum { ICMP_FRAGMENTATION_NEEDED = 4 };         /* code of ICMP_UNREACHABLE */

enum { ESP_FIRST_FREE_SPI = 256 };              /* RFC 4303 section 2.1: 1 to 255 are reserved */

#endif
