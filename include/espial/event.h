/* event.h - what one message, one packet or one thing on the path did to the facts, and how much a
 * message counts.  SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_EVENT_H
#define ESPIAL_EVENT_H

#include <espial/facts.h>
#include <espial/ike.h>
#include <espial/ipsec.h>

/* How far a capture proves who said something.  A basis (sighting.h) tells how Espial came to know
 * it; a standing tells how much it counts.  In order: what has a higher standing is never
 * overwritten, ended or blamed by a lower one.  A message has its standing in struct
 * exchange_message; what is read from it has the same one. */
enum standing {
    STANDING_UNLAWFUL,          /* in clear where the exchange demands protection: changes
                                 * nothing */
    STANDING_CLAIMED,           /* in clear where that is lawful: anybody may have said it */
    STANDING_PROTECTED,         /* encrypted as the exchange demands; whether it is genuine was not
                                 * verified */
    STANDING_AUTHENTICATED      /* opened with a key, its integrity verified */
};

/* What is known of the protection of a message. */
struct protection {
    bool demanded;              /* ike_demands_protection */
    bool encrypted;
    bool readable;              /* its clear text was read */
    bool verified;              /* by a key that belongs to it: IKEv2's checksum */
};
enum standing standing_of(const struct protection *p);

/* The message must be encrypted.  before: how many whole messages its exchange had before it;
 * established: its IKE SA was, before it.  IKEv2: all messages after IKE_SA_INIT (RFC 7296 sections
 * 1.2 to 1.4), as after IKE_SESSION_RESUME (RFC 5723 section 4.3.1), save for denials.  IKEv1: Main
 * Mode from the fifth message on and phase 2 (RFC 2409 sections 5 and 5.5), Informationals of an SA
 * that is established (section 5.7) save for denials; the third message of Aggressive Mode may go
 * in clear (section 5.1), and a fragment is only part of what its message protects. */
bool ike_demands_protection(const struct ike_message *m, size_t before, bool established);
/* In clear, and all that it says is that its sender has no such SA or SPI, or not that version:
 * RFC 7296 section 1.5, RFC 2408 section 5.2.  Who has lost the SA cannot protect it, and anybody
 * can send it (RFC 7296 section 2.21.4). */
bool ike_is_denial(const struct ike_message *m);

/* What one IKE message did. */
struct ike_event {
    struct sighting at;
    const struct ike_sa *sa;          /* NULL: the message is tied to none */
    const struct exchange *exchange;  /* or NULL */
    const struct exchange_message *message;   /* or NULL; valid until the next message is seen */
    bool from_initiator;        /* of the IKE SA */
    bool is_response;           /* v2 R flag; v1: not by who began the exchange */
    bool new_sa;
    uint32_t retransmission_of; /* frame, 0 */
    bool duplicate;             /* the same packet captured twice */
    uint32_t copy_of;           /* another point saw the same packet first, in this frame; nothing
                                 * else but sa, stream, child and the direction is filled in; 0 */
    double apart;               /* duplicate, at a second capture point: seconds since the first
                                 * one, perhaps by another clock; 0 */
    bool probe;                 /* the message goes out on another path too (RFC 4555 section
                                 * 3.10) */
    bool moved;                 /* a side's address changed, by MOBIKE or by an answered message */
    bool moved_initiator;       /* valid with moved: which side */
    enum standing standing;     /* STANDING_UNLAWFUL: nothing in the message counts, and all else
                                 * here but sa, exchange, from_initiator and is_response is empty */
    bool denial;                /* ike_is_denial, of a known SA: judged at the end of the capture */
    enum basis basis;           /* decrypted where encrypted parts were read */
    const struct exchange *about;     /* v1 Informational: the exchange that it refuses, else
                                       * exchange */
    const struct child_sa *child;     /* Child SA negotiated by this message, or NULL */
    const struct child_sa *second;    /* v1: that of the other protocol, where AH and ESP were
                                       * negotiated together */
    bool established;           /* the IKE SA became established */
    bool failed;                /* or failed */
    const struct ike_sa *rekeyed_ike; /* new IKE SA made by this response */
    const struct child_sa *child_rekeyed; /* old Child SA replaced */
    size_t num_deleted;
    const struct child_sa *deleted[IKE_MAX_DELETE_SPIS];
    bool ike_deleted;
    bool children_unsure;       /* whether its Child SAs went with it is not known: messages that
                                 * may have rekeyed it were not captured */
    bool turned_spis;           /* v2: the header has the two SPIs in each other's place */
    bool new_address;           /* from an address that the SA does not know, unexplained */
    bool nat_decided;           /* the hashes of both sides are in, or changed their verdict */
    bool nat_by_identity;       /* and what changed it is an identity that is a hashed address */
    const struct exchange *collides;  /* the other side's rekey of the same SA, under way */
    const struct child_sa *twin;      /* live Child SA with the selectors of the new one, not
                                       * replaced by it */
    const struct ike_sa *reauthenticates; /* v1: the phase 1 of the same two that this one
                                           * replaces */
    const struct ike_sa *replaces;    /* live IKE SA of the same identity from another address */
    struct ip_addr old_addr;    /* moved: that side's address before */
    uint16_t old_src_port;      /* changed by this message behind a NAT; 0 */
};

struct ipsec_event {
    struct sighting at;
    const struct ipsec_packet *packet;
    const struct stream *stream;      /* NULL only when a cap was reached */
    const struct child_sa *child;     /* at this frame, or NULL */
    bool to_responder;
    bool new_stream, duplicate, replayed, out_of_window, wrapped;
    uint32_t copy_of;           /* as of a message */
    double apart;               /* as of a message */
    bool explained;             /* its number is of a second line of its stream: of another sender,
                                 * or of a counter that went back */
    uint32_t original;          /* replayed, duplicate: the frame of the first one, 0 */
    uint32_t translated;        /* the frame of the same packet on the other side of a NAT, 0 */
    uint16_t old_src_port;      /* UDP source port changed with this packet: the one before, else
                                 * 0 */
    bool iv_repeats;            /* explicit IV seen before in this stream */
    bool forged;                /* the ICV is wrong under a key that others of the SPI prove right:
                                 * no receiver takes notice of it */
    bool echo;                  /* from or to elsewhere, the same octets as a packet between the
                                 * SA's ends: original is its frame, or 0 */
    bool same;                  /* replayed: the octets of both are known, and the same */
    bool differs;               /* another packet had this number, and nothing tells which of the
                                 * two is true: original is its frame, or 0 */
    bool unverified;            /* the ICV is wrong, and no packet of the stream was right so
                                 * far */
    bool doubtful;              /* far from the stream's others: the next one will tell whether it
                                 * is believed */
    /* Packets that are out of the window after all, because the stream goes on beyond them. */
    const struct passed_packet *late;
    uint32_t num_late, late_top;    /* how many; the highest number before them */
    uint32_t number;            /* of the packet in its stream, from 1 */
    const struct ike_sa *peers;       /* newest IKE SA between these two addresses, or NULL */
};

struct path_event {
    struct sighting at;         /* of the frame itself */
    const struct path_packet *packet;
    const struct ike_sa *sa;          /* or NULL */
    const struct child_sa *child;     /* or NULL */
    uint8_t ike_major, ike_exchange;  /* PATH_FRAGMENT: the message's, where its first fragment
                                       * was seen; 0 */
};

#endif
