/* ipsec.h - octets of ESP and AH to an ipsec_packet (RFC 4303 section 2, RFC 4302
 * section 2).  Pure: spans borrow.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_IPSEC_H
#define ESPIAL_IPSEC_H

#include <espial/sadb.h>

/* SPI and sequence number.  reported octets were on the wire from the SPI on.  False
 * when fewer than eight were captured. */
bool esp_read(struct ipsec_packet *out, const uint8_t *at, size_t captured, size_t reported);
/* The same for AH; *next and *payload are the next header and what follows the header
 * (len 0 where it was not captured).  False when the fixed part was not captured or
 * its length is impossible. */
bool ah_read(struct ipsec_packet *out, uint8_t *next, struct span *payload, const uint8_t *at, size_t captured,
             size_t reported);
/* The clear text of ESP: payload, padding, pad length, next header.  False when the
 * trailer is not what RFC 4303 section 2.4 says (padding 1, 2, 3, ..): that is what a
 * wrong key looks like.  payload is without the trailer. */
bool esp_clear_read(uint8_t *next, struct span *payload, const uint8_t *clear, size_t len);
/* ICMP and ICMPv6 errors (RFC 792, RFC 4443): fills in type, code, MTU and what the quoted
 * packet says.  False where the message is no error or quotes too little. */
bool icmp_error_read(struct path_event *out, bool v6, const uint8_t *at, size_t len);
/* ESP whose cipher is NULL, or a bare authenticated one: the clear text stands in the
 * packet (RFC 2410, RFC 4543).  False where the suite encrypts or the ICV's size is unknown. */
bool esp_null_read(uint8_t *next, struct span *payload, const struct kept_proposal *chosen, const uint8_t *at, size_t len);
/* Fills in the inner packet.  Tunnel mode (next header 4 or 41): read from the payload;
 * else the outer addresses with the transport protocol; a dummy packet (59) has none. */
void ipsec_set_inner(struct ipsec_packet *p, const struct sighting *at, uint8_t next, const struct span *payload,
                     enum basis basis);

#endif
