/* frame.h - from the octets of a captured frame to the IKE, ESP and AH that it carries,
 * without a dissection tree: link layers, IP, the tunnels that IPsec is met in.  The
 * walk is pure, no allocation, no recursion; everything borrows the caller's octets.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FRAME_H
#define ESPIAL_FRAME_H

#include <espial/addr.h>
#include <espial/protocol.h>
#include <string.h>

/* captured octets are there of reported ones; captured <= reported. */
struct octets {
    const uint8_t *at;
    size_t captured, reported;
};

/* What the first octet of a frame belongs to. */
enum frame_link {
    FRAME_LINK_OTHER, FRAME_LINK_ETHERNET, FRAME_LINK_SLL, FRAME_LINK_SLL2, FRAME_LINK_IP,
    FRAME_LINK_NULL, FRAME_LINK_PPP
};

enum frame_kind {
    FRAME_IKE,          /* an IKE message, marker and ports passed */
    FRAME_ESP,          /* from the SPI on (RFC 4303 section 2) */
    FRAME_AH,           /* from the next header on (RFC 4302 section 2); what it protects follows */
    FRAME_KEEPALIVE,    /* RFC 3948 section 2.3 */
    FRAME_ICMP, FRAME_ICMPV6,
    FRAME_FRAGMENT,     /* of an IP datagram; at is its IP header */
    FRAME_NEIGHBOR,     /* somebody asks for, or gives, the link address of dst */
    FRAME_TCP           /* a segment that may carry IKE and ESP (RFC 9329) */
};

struct frame_part {
    enum frame_kind kind;
    struct ip_addr src, dst;
    uint16_t src_port, dst_port;    /* UDP or TCP; 0 natively */
    uint16_t ip_id;                 /* IPv4, and of fragments the low half of IPv6's */
    uint16_t vlan;                  /* of the outermost tag that is not 0 */
    uint8_t ttl;                    /* or hop limit */
    uint8_t dscp;                   /* class of service, DSCP */
    uint8_t protocol;               /* IP protocol: of the fragments' datagram */
    bool first_fragment;
    struct octets payload;          /* of a fragment: what follows the IP header */
    bool marked;                    /* IKE behind the non-ESP marker (RFC 3948 section 2.2) */
    bool udp;                       /* found by a UDP port */
    bool own_ports;                 /* on UDP ports that are none of IKE's: only its form, or an
                                     * IKE message there before, says what it is */
    bool misplaced_marker;          /* FRAME_IKE, on UDP 500: behind the four zero octets of UDP
                                     * 4500 */
    bool by_form;                   /* with own_ports: an IKE message by its form alone */
    bool answers;                   /* FRAME_NEIGHBOR: src says that it has the address dst asked
                                     * for; else src asks for dst */
    bool reassembled;               /* came in IP fragments */
    uint32_t tcp_seq;               /* FRAME_TCP: sequence number of the segment */
    bool tcp_syn;                   /* FRAME_TCP: it has SYN, which takes a number of its own */
    struct octets octets;           /* valid as long as the frame is */
};

/* A walk under way; read only what is named here. */
struct frame_walk {
    bool any_port;              /* set by the caller: UDP on any port is IKE or ESP in UDP */
    bool any_tcp;               /* set by the caller: some connection carries IKE and ESP */
    const uint64_t *ports;      /* set by the caller: bits of UDP ports on which IKE was found by
                                 * its form; NULL */
    uint64_t link;              /* the sender's link address, 0 where the link has none */
    bool capped;                /* more headers of ESP and AH than FRAME_MAX_IPSEC: none of the rest
                                 * is given */
    struct octets ip;           /* innermost IP packet in clear; at NULL: none */

    /* The walk's own. */
    struct frame_part now;
    struct octets rest;
    uint16_t type;
    uint8_t step;
    bool inside;
    unsigned steps, num_ipsec;
};

/* Begins at the first octet of a frame, which the caller keeps while the walk goes on.  Keeps
 * any_port, any_tcp and ports of *w, which must be set. */
void frame_begin(struct frame_walk *w, enum frame_link link, const struct octets *frame);
/* The next part, outermost first.  False at the end, or where nothing that follows can be of
 * IPsec; *out is unchanged then. */
bool frame_next(struct frame_walk *w, struct frame_part *out);
/* Goes on inside the part that came last: in the clear payload of ESP, whose next header
 * is protocol, or (joined) in the datagram that its fragments make. */
void frame_enter(struct frame_walk *w, uint8_t protocol, const struct octets *payload, bool joined);
/* For links that are not known here: begins at the next place from *from on that looks like
 * an IP header of something that can hold IPsec (the checksum of IPv4, the lengths of IPv6),
 * and moves *from behind it.  False when there is none. */
bool frame_search(struct frame_walk *w, const struct octets *frame, size_t *from);

/* --- IKE and ESP in TCP connections (RFC 9329), which Wireshark does not dissect: segments to
 * whole messages, in the order of the stream. --- */

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

/* Fragments to what was fragmented, the same as Wireshark's own tables give: who reads a capture
 * without Wireshark has the same datagrams.  Datagrams are known by addresses and identification,
 * and without regard to time: an identification that is used again goes on with what is left of
 * the datagram before.  The caller owns it and frees it; NULL may be freed. */
struct datagrams;
struct datagrams *datagrams_new(void);
void datagrams_free(struct datagrams *r);

/* Adds a part that frame_next has given as FRAME_FRAGMENT.  True where it is the last to come of a
 * datagram: *out is what the datagram carries (RFC 791 section 3.2, RFC 8200 section 4.5), valid
 * until the frame has been read.  A fragment that was not captured whole is left out. */
bool datagrams_join(struct datagrams *r, const struct frame_part *part, struct octets *out);
/* The same for an IKEv1 message with a fragment of another message, as Cisco has it (payload 132,
 * no RFC); the addresses alone say which fragments are of one message. */
bool datagrams_join_cisco(struct datagrams *r, const struct ip_addr *src, const struct ip_addr *dst,
                      const struct octets *message, struct octets *out);
/* True once more datagrams, or more octets of them, were under way than are kept: the oldest were
 * given up. */
bool datagrams_capped(const struct datagrams *r);

#endif
