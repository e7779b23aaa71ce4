/* addr.h - IP addresses and traffic selectors (RFC 4301 section 4.4.1.1,
 * RFC 7296 section 3.13).  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_ADDR_H
#define ESPIAL_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* family 0 is "no address"; unused bytes are zero, so two may be compared whole. */
struct ip_addr {
    uint8_t family;         /* 0, 4 or 6 */
    uint8_t bytes[16];      /* network order, an IPv4 address in the first four */
};

/* Copies 4 or 16 octets in network order; another family gives "no address". */
struct ip_addr ip_from(uint8_t family, const uint8_t *bytes);
/* 4 or 16 octets, 0 of "no address". */
size_t ip_len(const struct ip_addr *a);
static inline bool
ip_equal(const struct ip_addr *a, const struct ip_addr *b)
{
    uint64_t x[2], y[2];

    memcpy(x, a->bytes, sizeof x);
    memcpy(y, b->bytes, sizeof y);
    return a->family == b->family && x[0] == y[0] && x[1] == y[1];
}
/* Less than, equal to or greater than 0: by family, then as numbers. */
int ip_compare(const struct ip_addr *a, const struct ip_addr *b);
/* 0.0.0.0, :: or "no address". */
bool ip_unspecified(const struct ip_addr *a);
/* Reads a dotted or colon form.  False, and *out unchanged, where text is anything else. */
bool ip_parse(struct ip_addr *out, const char *text);
/* Writes the address, or "no address", into out, which holds size octets; returns out. */
char *ip_print(const struct ip_addr *a, char *out, size_t size);

/* One traffic selector: lo <= address <= hi, protocol 0 is any, port_lo > port_hi
 * is OPAQUE (RFC 7296 section 3.13.1).  For ICMP the port is type << 8 | code. */
struct selector {
    struct ip_addr lo, hi;
    uint8_t protocol;
    uint16_t port_lo, port_hi;
};

/* A group of receivers: 224.0.0.0/4 or ff00::/8. */
bool ip_is_multicast(const struct ip_addr *a);

/* The one address, with any protocol and port. */
struct selector selector_host(const struct ip_addr *a);
/* All addresses that share the first bits with net, with any protocol and port.  False, and *out
 * unchanged, where net is no address or has fewer bits. */
bool selector_prefix(struct selector *out, const struct ip_addr *net, unsigned bits);
/* Reads "10.1.0.0/16", "10.1.0.1" or "10.1.0.1-10.1.0.9".  False, and *out unchanged, where text
 * is anything else. */
bool selector_parse(struct selector *out, const char *text);
bool selector_has_addr(const struct selector *s, const struct ip_addr *a);
/* All that inner selects, outer selects too (RFC 7296 section 2.9). */
bool selector_within(const struct selector *inner, const struct selector *outer);
/* Both select the same; all forms of OPAQUE are one. */
bool selector_equal(const struct selector *a, const struct selector *b);
/* Writes 10.1.0.0/16 or 10.1.0.1-10.1.0.9, with [tcp/443] where it is narrower than all traffic
 * of the addresses, into out, which holds size octets; returns out. */
char *selector_print(const struct selector *s, char *out, size_t size);
/* The same of n selectors, with ", " between them: "nothing" where n is 0, ".." for those that do
 * not fit. */
char *selectors_print(const struct selector *s, size_t n, char *out, size_t size);

/* What a check needs of an inner packet. */
struct inner_packet {
    struct ip_addr src, dst;
    uint8_t protocol;       /* of the transport header, IPv6 extension headers passed */
    bool has_ports;         /* TCP, UDP, SCTP, DCCP, UDP-Lite; ICMP: type << 8 | code in both */
    uint16_t src_port, dst_port;
    bool fragment;          /* not the first fragment: no ports */
    uint16_t offset;        /* IPv4: where it stands in its datagram, octets; else 0 */
};

/* An IPv6 header that other headers follow.  A later fragment that names one does not show the
 * transport protocol: struct inner_packet has the first header of the datagram's rest. */
bool ip6_extension(uint8_t next);

/* How far selectors admit a packet, the best first: of two ends the greater answer counts. */
enum admission {
    ADMITTED,
    ADMITTED_PERHAPS,       /* nothing refuses it, but what decides was not seen, or is disputed */
    REFUSED_PORT,           /* an address fits, but not its protocol, port, or ICMP type and code */
    REFUSED_ADDRESS
};

/* What the selectors of one end say of the packet: of its source, or of its destination.  The best
 * answer of all n counts (RFC 7296 section 3.13); without selectors it is ADMITTED_PERHAPS. */
enum admission selectors_admit(const struct selector *s, size_t n, const struct inner_packet *p,
                               bool source);

/* The checksum of an IPv4 header of len octets, which are there, is right (RFC 791 section 3.1).
 * What is no IPv4 header passes once in 65,536 times. */
bool ipv4_checksum_fits(const uint8_t *header, size_t len);
/* Reads the IPv4 or IPv6 header at the start of data (RFC 791, RFC 8200) and, where they were
 * captured, the ports.  False, and *out unchanged, where these octets are no IP header. */
bool inner_packet_read(struct inner_packet *out, const uint8_t *data, size_t len);

#endif
