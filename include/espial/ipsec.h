/* ipsec.h - octets of ESP and AH to an ipsec_packet (RFC 4303 section 2, RFC 4302
 * section 2).  Pure: spans borrow.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_IPSEC_H
#define ESPIAL_IPSEC_H

#include <espial/cursor.h>
#include <espial/keys.h>
#include <espial/protocol.h>
#include <espial/sighting.h>
#include <espial/suite.h>

enum icv_verdict { ICV_UNKNOWN, ICV_GOOD, ICV_BAD };

/* What an inner packet asks of the other end, and what it answers: an echo (RFC 792, RFC 4443), or
 * octets of a TCP connection. */
enum talk_kind { TALK_NONE, TALK_TCP, TALK_ECHO_REQUEST, TALK_ECHO_REPLY };
struct inner_talk {
    uint8_t kind;               /* enum talk_kind */
    uint8_t flags;              /* TCP: enum tcp_flag */
    uint16_t mss;               /* TCP: that of a SYN, 0 where it has none */
    uint32_t octets;            /* TCP: of its data */
    uint32_t seq, ack;          /* TCP; of an echo, seq is its identifier and its number */
};

enum { INNER_HEAD = 72 };       /* octets: the longest IPv4 header, and what tells packets apart */

/* What an ESP or AH packet is, before it is tied to anything. */
struct ipsec_packet {
    uint8_t protocol;           /* PROTO_ESP, PROTO_AH */
    uint32_t spi, seq;
    uint32_t length;            /* reported octets from the SPI (AH: its header) to the end */
    bool has_inner;             /* inner was read: AH, ESP NULL, or decrypted */
    bool inner_tunnel;          /* inner is a whole IP packet (tunnel mode) */
    struct inner_packet inner;
    struct inner_talk talk;     /* valid with has_inner; TALK_NONE where it was not read */
    enum basis inner_basis;     /* observed (AH) or decrypted */
    uint8_t next_header;        /* valid with clear_read */
    bool clear_read;            /* the clear text was read; bad_padding says how it looks */
    bool bad_padding;           /* RFC 4303 section 2.4: padding is not 1, 2, 3, .. */
    enum icv_verdict icv;
    bool esn;                   /* ICV_GOOD: the ICV covers the upper half of an extended sequence
                                 * number (RFC 4303 section 2.2.1) */
    bool tried;                 /* ICV_UNKNOWN: keys that may be its SPI's do not open it */
    bool key_named;             /* keys are given for this SPI */
    bool noise;                 /* ICV_GOOD: the integrity key fits, the encryption key does not */
    struct key_near near;       /* ICV_BAD: what would fit */
    bool cut;                   /* not all of it was captured */
    bool fragmented;            /* came in IP fragments */
    uint8_t ah_words;           /* AH: its Payload Len field */
    uint64_t iv;                /* the eight octets after the sequence number */
    bool has_iv;
    struct span octets;         /* from the SPI to the end, which NAT leaves as they are; len 0
                                 * where not all were captured */
    uint64_t sum;               /* ipsec_sum of octets that are not there any more; 0 */
    uint8_t inner_head[INNER_HEAD];     /* valid with inner_tunnel: the first octets of the inner
                                         * packet, from its header on */
    uint8_t inner_head_len;
    bool readable_ip;           /* what follows the sequence number is an IP header as it stands */
};

/* What happens on the path of an SA without being IKE, ESP or AH itself. */
enum path_kind {
    PATH_ICMP,                  /* an error that quotes a packet of an SA */
    PATH_FRAGMENT,              /* an IP fragment */
    PATH_CLEAR,                 /* an IP packet that goes in clear: only clear is to be filled in */
    PATH_UNMARKED,              /* IKE on UDP 4500 without the non-ESP marker: spi is what stands
                                 * there, nothing else is */
    PATH_MARKED,                /* IKE on UDP 500 behind that marker: nothing else is */
    PATH_NEIGHBOR,              /* ARP or neighbour discovery: only neighbor is to be filled in */
    PATH_KEEPALIVE              /* one octet 0xff on UDP 4500 (RFC 3948 section 2.3): nothing else
                                 * is */
};
struct path_packet {
    enum path_kind kind;
    uint8_t icmp_type, icmp_code;
    uint16_t mtu;               /* PATH_ICMP: next-hop MTU where it says one, octets; 0 */
    struct ip_addr src, dst;    /* PATH_ICMP: of the quoted packet */
    uint8_t protocol;           /* of the quoted packet or the fragment: IP_UDP, IP_ESP, IP_AH */
    uint16_t src_port, dst_port;
    uint32_t spi;               /* ESP or AH that is quoted, or in the fragment; 0 */
    uint16_t udp_octets;        /* quoted, or in fragments: payload of the UDP datagram; 0 */
    /* Where its IKE header is there, else 0 and zeros */
    uint8_t ike_major, ike_exchange, ike_spi[8];
    uint32_t ike_id, ike_length;
    struct inner_packet clear;  /* PATH_CLEAR */
    struct span clear_octets;   /* PATH_CLEAR: from its IP header on, as captured */
    bool neighbor_answers;      /* PATH_NEIGHBOR: the sighting's source has the address; else it
                                 * asks who has the destination */
};

/* SPI and sequence number.  reported octets were on the wire from the SPI on.  False
 * when fewer than eight were captured. */
bool esp_read(struct ipsec_packet *out, const uint8_t *at, size_t captured, size_t reported);
/* A hash of the packet's octets, never 0; 0 where not all were captured. */
uint64_t ipsec_sum(const struct ipsec_packet *p);
/* Of this process, or of the one whose sums are to be compared with; the sums of before fit no
 * more. */
uint64_t ipsec_sum_seed(void);
void ipsec_adopt_sum_seed(uint64_t seed);
/* The same for AH; *next and *payload are the next header and what follows the header
 * (len 0 where it was not captured).  False when the fixed part was not captured or
 * its length is impossible. */
bool ah_read(struct ipsec_packet *out, uint8_t *next, struct span *payload, const uint8_t *at,
             size_t captured, size_t reported);
/* The clear text of ESP: payload, padding, pad length, next header.  False when the
 * trailer is not what RFC 4303 section 2.4 says (padding 1, 2, 3, ..): that is what a
 * wrong key looks like.  payload is without the trailer. */
bool esp_clear_read(uint8_t *next, struct span *payload, const uint8_t *clear, size_t len);
/* ICMP and ICMPv6 errors (RFC 792, RFC 4443): fills in type, code, MTU and what the quoted
 * packet says.  False where the message is no error or quotes too little. */
bool icmp_error_read(struct path_packet *out, bool v6, const uint8_t *at, size_t len);
/* A UDP datagram of IKE or ESP, of which the beginning is there: fills in ports and what they
 * carry. */
void path_udp_read(struct path_packet *out, const uint8_t *at, size_t len);
/* ESP whose cipher is NULL, or a bare authenticated one: the clear text is in the
 * packet (RFC 2410, RFC 4543).  chosen may be NULL.  False where the suite encrypts or the
 * ICV's size is unknown. */
bool esp_null_read(uint8_t *next, struct span *payload, const struct proposal *chosen,
                   const uint8_t *at, size_t len);
/* What the inner packet says.  at is its IP header, or in transport mode (tunnel false) what
 * follows that; TALK_NONE for a fragment, behind extension headers, and where the headers were not
 * captured. */
struct inner_talk inner_talk_read(const struct inner_packet *p, bool tunnel, const uint8_t *at,
                                  size_t len);
/* An aggregate of IP-TFS (RFC 9347, next header 144): *blocks is what follows its header and the
 * rest of a packet that began earlier.  False where the header is none. */
bool aggfrag_begin(struct span *blocks, const struct span *payload);
/* The next packet that begins there, as far as it is there, at least its fixed header; blocks goes
 * on behind it.  False at padding, at the end, and at what is no packet. */
bool aggfrag_next(struct span *blocks, struct span *packet);
/* Fills in the inner packet.  Of an aggregate the first that begins in the payload.  Tunnel mode
 * (next header 4 or 41): read from the payload; else the outer addresses with the transport
 * protocol; a dummy packet (59) has none. */
void ipsec_set_inner(struct ipsec_packet *p, const struct sighting *at, uint8_t next,
                     const struct span *payload, enum basis basis);

/* --- ESP that can be read though nothing says so (RFC 5879 sections 8.2 and 8.3) --- */

/* Where the clear text may begin and end: a way is a length of IV and one of ICV. */
enum { READABLE_WAYS = 7 };

/* What the first packets of a stream say. */
struct esp_readable {
    uint8_t fits[READABLE_WAYS];    /* packets that can be read so */
    uint8_t way;                /* that of the packet below */
    uint8_t next_header;
    bool tunnel;                /* inner is a whole IP packet; else its addresses are empty */
    struct inner_packet inner;
    uint32_t frame;             /* the first packet that was read */
};

/* The packet from its SPI on, all len octets of it, can be read that way: self-describing padding,
 * and a header of the protocol that next header names whose lengths (and, of IPv4 and ICMP,
 * checksum) are right.  Fills in all of *out but fits and frame; false, and *out unchanged, where
 * it cannot.  What was encrypted passes less than once in a million times. */
bool esp_readable_way(struct esp_readable *out, unsigned way, const uint8_t *at, size_t len);
/* Octets of the ICV of that way. */
uint8_t esp_readable_icv(unsigned way);

/* --- what lengths tell of a cipher that nobody named (RFC 4303 section 2.4) ------------------- */

enum { ESP_LENGTHS = 16 };

/* The first different lengths of a stream's packets, from the SPI to the ICV. */
struct esp_lengths {
    uint8_t num;
    uint8_t packets[2];         /* by length modulo 8, of 0 and of 4; at most UINT8_MAX */
    uint16_t at[ESP_LENGTHS];
};
void esp_lengths_add(struct esp_lengths *l, uint32_t length);

/* They are all residue modulo block: that of the cipher, 16 or 8, or 4 for one that has none
 * (counter modes, AEAD, NULL). */
struct esp_shape {
    uint8_t block, residue;
};
/* False where they are too few, or of no cipher that is known. */
bool esp_lengths_judge(struct esp_shape *out, const struct esp_lengths *l);
/* "AES_CBC or another cipher with blocks of 16 octets, and an ICV of 96 bits (..)". */
char *esp_shape_print(const struct esp_shape *s, char *out, size_t size);

#endif
