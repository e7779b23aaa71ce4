/* tcp_encap.h - IKE and ESP in TCP connections (RFC 9329), which Wireshark does not dissect:
 * segments to whole messages, in the order of the stream.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TCP_ENCAP_H
#define ESPIAL_TCP_ENCAP_H

#include <espial/frame.h>
#include <espial/protocol.h>
#include <string.h>

/* The octets are the prefix "IKETCP" and what follows it: RFC 9329 section 4. */
static inline bool
tcp_encap_begins(const struct octets *stream)
{
    return stream->captured >= TCP_ENCAP_PREFIX &&
           memcmp(stream->at, "IKETCP", TCP_ENCAP_PREFIX) == 0;
}

/* The streams of a capture.  The caller owns it and frees it; NULL may be freed. */
struct tcp_encap;
struct tcp_encap *tcp_encap_new(void);
void tcp_encap_free(struct tcp_encap *t);

/* A whole message of a stream: IKE without its non-ESP marker, or ESP from the SPI on (RFC 9329
 * section 3).  Valid during the call. */
typedef void (*tcp_encap_give)(void *context, bool ike, const struct octets *message);

/* Adds a segment, which frame_next has given as FRAME_TCP, and gives what it completes.  A
 * stream is one of IKE and ESP by its prefix "IKETCP" (RFC 9329 section 4), by the other
 * direction's, or, where the capture starts late, on port 4500 by segments that hold whole
 * messages.  Segments
 * out of order are waited for; where one was not captured, the stream goes on with the next
 * segment that begins with a whole message. */
void tcp_encap_see(struct tcp_encap *t, const struct frame_part *segment, tcp_encap_give give,
                   void *context);
/* Some stream is known: segments of any port may be of it. */
bool tcp_encap_any(const struct tcp_encap *t);
/* True once more streams, or more octets of them, were seen than are followed. */
bool tcp_encap_capped(const struct tcp_encap *t);

#endif
