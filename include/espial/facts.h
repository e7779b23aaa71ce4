/* facts.h - what is known of IKE SAs, their exchanges, Child SAs and streams (RFC 4301
 * section 4.4.2, RFC 7296, RFC 2409).
 *
 * All of it belongs to a sadb and lives as long as that.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FACTS_H
#define ESPIAL_FACTS_H

#include <glib.h>
#include <espial/certificate.h>
#include <espial/flow.h>
#include <espial/ipsec.h>
#include <espial/keys.h>
#include <espial/limits.h>
#include <espial/sighting.h>
#include <espial/suite.h>

const char *basis_name(enum basis b);       /* "observed", "decrypted", "configured", "inferred" */

struct endpoint {
    const char *id;             /* identity once it has been read, else NULL */
    uint32_t id_frame;
    uint8_t id_standing;        /* enum standing, of the message that it stands in */
    uint16_t port;
    struct ip_addr addr;
};

/* Lists that live as long as the sadb, oldest first.  Who reads a fact reads its lists; only the
 * tracker, which holds the sadb, changes what is in them.  room is the store's. */
struct exchange_list {
    const struct exchange *const *at;
    uint32_t len, room;
};
struct child_list {
    const struct child_sa *const *at;
    uint32_t len, room;
};
struct stream_list {
    const struct stream *const *at;
    uint32_t len, room;
};
struct offer_list {
    const struct kept_proposal *const *at;
    uint32_t len;
};
struct address_list {
    const struct assigned_address *at;
    uint32_t len;
};
struct frame_numbers {
    const uint32_t *at;
    uint32_t len, room;
};

/* The places of a list of len, newest first, at most cap of them:
 *   for (struct newest n = newest_first(list->len, cap); newest_next(&n);) .. list .. [n.i] */
struct newest {
    uint32_t i, end;
};
static inline struct newest
newest_first(uint32_t len, uint32_t cap)
{
    return (struct newest){ len, len > cap ? len - cap : 0 };
}
static inline bool
newest_next(struct newest *n)
{
    if (n->i == n->end) {
        return false;
    }
    n->i--;
    return true;
}

/* A proposal that outlives its message.  p and text are shared by all that are alike: SPIs
 * are left out of p. */
struct kept_proposal {
    const struct proposal *p;
    const char *text;           /* proposal_print; NULL in an offer of which there are too many, see
                                 * kept_text */
    uint32_t frame;             /* where it was chosen; of an offer, where it was first made */
};

/* Who stands behind a NAT, by the hashes of RFC 7296 section 2.23 and RFC 3947 section 3.2
 * recomputed over the addresses on the wire.  Forced: hashes that fit no address while
 * nothing is translated here; between two NATs that looks the same until an identity tells. */
enum nat { NAT_UNKNOWN, NAT_NONE, NAT_INITIATOR, NAT_RESPONDER, NAT_BOTH, NAT_FORCED };
const char *nat_name(enum nat n);               /* "none" .., NULL for NAT_UNKNOWN */

/* What the hashes of one side's messages said about its source and its destination. */
struct nat_evidence {
    uint64_t source_hash;       /* the first octets of that of its own address */
    uint32_t frame;
    bool seen : 1, source_differs : 1, destination_differs : 1, port_translated : 1;
    bool forced : 1;            /* its own address is hashed with port 0, which only forces
                                 * encapsulation */
    bool proven : 1;            /* the hash is of the address that its identity is, which is not on
                                 * the wire */
    bool without_spi_r : 1;     /* hashed before the responder's SPI was known */
};

/* NAT traversals that a first message announces: of IKEv2 there is one (RFC 7296 section 2.23), of
 * IKEv1 that of RFC 3947 section 3.1 and those of its drafts, by their numbers. */
enum nat_t { NAT_T_V2 = 1, NAT_T_RFC = 2, NAT_T_DRAFT_00 = 4, NAT_T_DRAFT_02 = 8,
             NAT_T_DRAFT_04 = 16 };

enum ike_sa_state { IKE_HALF_OPEN, IKE_ESTABLISHED, IKE_FAILED, IKE_REKEYED, IKE_DELETED };
const char *ike_sa_state_name(enum ike_sa_state s);     /* "half_open" .. */

/* The retransmissions of a message. */
struct retransmissions {
    uint32_t num;               /* all of them; frames holds the first SADB_MAX_RETRANSMISSIONS */
    double last_time;
    struct frame_numbers frames;
};

/* One message of an exchange. */
struct exchange_message {
    uint64_t digest;            /* of the message's octets */
    double time;                /* of the first transmission, as is frame */
    const struct retransmissions *again;    /* NULL: it was sent once */
    const char *text;           /* ike_message_print; NULL once SADB_MAX_LINES others were kept */
    uint32_t frame;
    uint32_t length : 27;       /* as stated in the header, at most 2^27 - 1 */
    bool from_initiator : 1;    /* of the IKE SA */
    bool encrypted : 1, readable : 1;
    bool has_sa : 1, has_ke : 1;        /* in clear */
    bool response : 1;          /* v2 R flag */
    bool truncated : 1;
    bool refused : 1;           /* it carries an error notify */
    bool twice : 1;             /* one transmission was captured at two points */
    uint8_t standing : 2;       /* enum standing: of the message, and of all that is read from it */
    bool wrong : 1;             /* fails its integrity check under keys that are given for the SA */
    bool forged : 1;            /* fails its integrity check under keys that open others of the
                                 * SA */
    bool injected : 1;          /* another answer led on, or other messages did: nobody took it */
    uint8_t inner_first;        /* type of the first encrypted payload, which stands in clear
                                 * (RFC 7296 section 3.14); 0 for none, and in fragments but the
                                 * first; see message_shape */
    uint16_t fragment;          /* IKE fragment number, 0 for a whole message */
    uint16_t ip_id;             /* of the last transmission */
    uint16_t src_port, dst_port;
};
/* How often the message was sent again. */
static inline uint32_t
message_repeats(const struct exchange_message *m)
{
    return m->again ? m->again->num : 0;
}

/* Messages in order of first frame. */
struct message_list {
    const struct exchange_message *at;
    uint32_t len, room;
};

/* What an offer gives beside its proposals; exchanges that offer no Child SA have none. */
struct offer_spis {
    uint8_t ike_spi[8];         /* CREATE_CHILD_SA that rekeys the IKE SA */
    uint32_t spi;               /* of the first proposal */
    size_t num_others;          /* proposals whose SPI is another */
    struct { uint8_t number, protocol; uint32_t spi; } others[];
};

/* What a first request makes known of the initiator. */
struct asked {
    struct nat_evidence nat;
    const char *id;             /* IKEv1 aggressive mode; NULL */
    uint32_t id_frame;
    uint8_t id_standing;        /* enum standing */
};

/* RFC 7296 section 1: a request and its response.  IKEv1: all messages with one
 * exchange type and message ID. */
struct exchange {
    double request_time, response_time;     /* epoch seconds */
    struct message_list messages;        /* at most SADB_MAX_MESSAGES */
    /* from the request and the response, kept for the checks; empty, NULL or 0 where not read */
    const struct offer_list *offered;       /* shared by exchanges that offer the same; empty too
                                             * once too many others have come */
    const struct kept_proposal *chosen;
    const struct offer_spis *spis;
    const struct selector *ts;  /* offered: first the exchange's initiator's, then its
                                 * responder's */
    uint32_t index;             /* in its IKE SA */
    uint32_t message_id;
    uint32_t request, response; /* frames of the first message of each side, 0 where not seen */
    uint32_t answered_by;       /* v1: frame of the Informational that refused it, 0 */
    uint32_t rekeys_spi;        /* REKEY_SA's SPI, 0 */
    uint32_t offered_in;        /* frame of what was offered, 0; with EAP the request of an earlier
                                 * exchange */
    uint16_t ke_group;          /* of the request's KE payload, v1: any KE is 1; 0 */
    uint8_t type;               /* enum ike_exchange */
    uint8_t num_ts_i, num_ts_r;
    uint8_t eap_type;           /* v2: that of the EAP-Request in its answer, 0 */
    bool by_initiator : 1;      /* who began it */
    bool by_ts_known : 1;       /* ts was read */
    bool asked_address : 1;     /* CP_REQUEST for an INTERNAL_IP address */
    bool transport : 1;         /* USE_TRANSPORT_MODE asked */
    bool transport_answered : 1;    /* USE_TRANSPORT_MODE in the response */
    bool per_resource : 1;      /* SA_RESOURCE_INFO in the request */
    bool rekeys_ike : 1;
    bool unreadable : 1;        /* some message was encrypted and nobody could read it */
    bool response_readable : 1;
    bool liveness : 1;          /* v2: an empty INFORMATIONAL; v1: R-U-THERE */
    bool liveness_ack : 1;      /* v1: R-U-THERE-ACK */
    bool answered_first : 1;    /* v1: offered, spis and ts are the answer's, for the offer was not
                                 * captured so far */
    bool refused_ke : 1;        /* v2: answered by INVALID_KE_PAYLOAD or COOKIE: a detour */
    bool invalid_ke : 1;        /* v2: by INVALID_KE_PAYLOAD */
    bool deletes_child : 1;     /* v2: the request deletes Child SAs */
    bool injected : 1;          /* its messages are: it is none of the SA's */
    /* v2 IKE_AUTH, what its answer says, as read: it holds a certificate; EAP goes on, or has ended
     * well, and the initiator has to go on (RFC 7296 section 2.16).  Not read: it begins with an
     * EAP payload longer than EAP's last word. */
    bool shows_certificate : 1, eap_asks : 1, eap_succeeded : 1, eap_shape : 1;
    /* v1 transaction, as read: it is of XAUTH, and says that the user is accepted; it is of Mode
     * Config */
    bool xauth : 1, xauth_accepted : 1, mode_config : 1;
    /* IKE_SA_INIT: what the request says that an answer takes up */
    bool with_cookie : 1, with_nat_d : 1, with_fragmentation : 1;
    bool answered_there : 1;    /* an answer came from where its request had gone */
    bool other_path : 1;        /* a request of it went to another address than before */
    uint16_t answer;            /* place, from 1, of the IKE SA's answer that it follows; 0 */
    uint16_t wanted_group;      /* by INVALID_KE_PAYLOAD, 0 */
    uint32_t cookie;            /* hash of the cookie that the answer asks for, 0 */
    const struct asked *asked;  /* of a first request, where there are several; NULL */
};

/* The frame that asked for what the response of x gives or refuses, 0 where not seen. */
static inline uint32_t
exchange_asked_in(const struct exchange *x)
{
    return x->offered_in ? x->offered_in : x->request;
}

struct assigned_address {
    struct ip_addr addr;
    uint32_t frame;
    bool mode_config;           /* IKEv1 Mode Config, else the CP payload */
};

/* What keeps the mapping of the side behind a NAT alive (RFC 3948 section 4). */
struct nat_life {
    double last_sent;           /* any packet of that side, 0 before the first */
    double silence;             /* seconds between its last two packets */
    double other_time;          /* when keepalives began to come from other_port, 0 */
    uint16_t other_port;
    uint32_t keepalives, last_keepalive;    /* how many, and the frame of the last */
};

/* One end's word, in clear, that it has no such SA or SPI (ike_is_denial). */
struct denial {
    uint32_t frame;
    uint32_t spi;               /* INVALID_SPI's, 0 */
    double time;
    struct ip_addr src, dst;
    uint16_t type;              /* of the notify */
    uint8_t exchange;
    bool from_initiator;
    bool stood;                 /* the IKE SA was established */
    bool refuted;               /* that end has sent a protected message in it since */
};
struct denial_list {
    const struct denial *at;
    uint32_t len, room;         /* at most SADB_MAX_DENIALS */
};

/* One of several different answers to the first request of an IKE SA. */
struct given_answer {
    uint64_t digest;            /* of the message */
    double time;
    uint32_t frame, request;    /* its own, and that of what it answers; 0 where not seen */
    struct ip_addr src;
    uint8_t spi_r[8];
    bool accepts : 1;           /* it chooses a suite: no refusal, cookie or other detour */
    bool refuted : 1;           /* another one led on */
    bool led_on : 1;
    bool asks_cookie : 1;       /* RFC 7296 section 2.6 */
    bool cut : 1;               /* the capture has not all of it */
    uint16_t group;             /* that it asks for (RFC 7296 section 1.3), 0 */
};
struct given_answers {
    const struct given_answer *const *at;
    uint32_t len, room;
};

/* An answer to a request of an IKE SA that came from an address or a port that was not asked. */
struct stray_answer {
    double time;                /* of the first time, as is frames.at[0] */
    uint32_t exchange;          /* index of what it answers */
    struct ip_addr src, asked;
    uint16_t src_port, asked_port;
    bool followed;              /* whoever asked has gone on there */
    struct frame_numbers frames;    /* the first SADB_MAX_RETRANSMISSIONS */
};
struct stray_answers {
    const struct stray_answer *at;
    uint32_t len, room;         /* at most SADB_MAX_STRAY_ANSWERS */
};

struct ike_sa {
    struct endpoint initiator, responder;
    struct exchange_list exchanges;
    struct child_list children;
    const struct offer_list *offered;       /* phase 1 / IKE_SA_INIT / rekey; shared */
    const struct kept_proposal *chosen;     /* or NULL */
    const struct address_list *addresses;   /* assigned to the initiator; shared */
    struct denial_list denials;
    const struct nat_life *nat_life;  /* of a side behind a NAT, NULL */
    const struct peer_certificate *certificate_i, *certificate_r;      /* or NULL */
    const struct auth_terms *auth_terms;        /* or NULL: nothing was said */
    const char *user;           /* XAUTH user name or EAP identity, NULL where not read */
    uint32_t user_frame;
    struct given_answers answers;       /* to its first requests, where they differ; else empty */
    struct stray_answers strays;
    uint64_t link_i, link_r;    /* link addresses of what each side sent last, as captured; 0 */
    const struct contest *contest;    /* the tracker's: what it knows of them, NULL */
    const char *asked_id;       /* v2: the identity that the initiator asks the responder for (IDr
                                 * of a request), NULL */
    struct frame_numbers wrong_frames;      /* messages whose integrity check fails with the keys
                                 * given, the first SADB_MAX_WRONG_FRAMES of num_wrong */
    uint32_t id;
    uint8_t spi_i[8], spi_r[8];
    uint32_t first_frame, last_frame;
    uint32_t established_in, deleted_in, failed_in;     /* frames, 0 */
    double established_time, deleted_time;      /* epoch seconds, 0 */
    uint32_t asked_id_in;       /* frame of asked_id, 0 */
    uint32_t auth_method_in;    /* frame in which auth_method, or EAP, was first known, 0 */
    uint32_t rekeys, rekeyed_by;                /* ids of IKE SAs, NO_ID */
    uint32_t num_encrypted, num_readable, num_wrong;    /* messages; num_encrypted but those that */
    uint32_t num_forged;                                /* are not its ends' */
    struct key_near key_near;   /* of the first message that says so: what keys would fit */
    struct nat_evidence nat_i, nat_r;   /* from messages of the initiator, of the responder */
    struct ip_addr beyond_i, beyond_r;  /* the address that a NAT gives that side, where the capture
                                         * holds packets on both sides of the NAT; family 0 */
    uint32_t before_nat, after_nat;     /* frames of the pair that proved it, 0 */
    enum nat nat;
    uint8_t nat_t_i, nat_t_r;   /* enum nat_t, bit by bit: what that side announces */
    enum ike_sa_state state;
    uint16_t auth_method;       /* v1: negotiated; v2: of the initiator's AUTH payload */
    uint16_t auth_method_r;     /* v2: of the responder's AUTH payload, 0 */
    uint8_t major;
    bool has_spi_r : 1;
    bool stood : 1;             /* it is or was established */
    bool decided : 1;           /* it failed, stood or went on: more than a request was seen */
    bool failed_read : 1;       /* IKE_FAILED: by a message that was encrypted and read */
    bool failed_by_initiator : 1;       /* failed_in: its sender, who refuses the other */
    /* v2, without keys: that rests on the shape of messages (shape.h) */
    bool established_inferred : 1, failed_inferred : 1, deleted_inferred : 1;
    bool established_late : 1;  /* established_in was decided by what came after it */
    bool deleted_by_initiator : 1;      /* deleted_in: its sender */
    bool eap_open : 1;          /* v2: EAP has begun, and no side has shown that it is over */
    /* v2, without keys: the answer to IKE_AUTH is as short as a refusal; another one is not, and
     * who has used the SA since then */
    bool refusal_like : 1, undecided : 1, carried_i : 1, carried_r : 1;
    bool started_here : 1;      /* its first exchange is in the capture */
    bool initial_contact : 1;   /* its initiator holds no other SA with the responder (RFC 7296
                                 * section 2.4) */
    bool redirected : 1;        /* v2: its responder sends the initiator elsewhere (RFC 5685) */
    bool refused_child : 1;     /* a negotiation inside it was refused */
    bool given_dns : 1;         /* the initiator was given a DNS server */
    bool eap : 1;
    bool mobike_i : 1, mobike_r : 1;    /* who announced it */
    bool auth_read : 1;         /* an IKE_AUTH message of each side was readable */
    bool fragmentation_i : 1, fragmentation_r : 1;      /* IKEV2_FRAGMENTATION_SUPPORTED
                                                         * announced */
    bool path_unsure : 1;       /* MOBIKE: an answer came on another path, its request was not
                                 * captured: perhaps a move */
    bool draft_nat_t : 1;       /* v1: draft payloads or encapsulation modes */
    bool post_quantum : 1;      /* v2: ML-KEM as additional key exchange, or a PPK */
    bool from_initiator : 1, from_responder : 1;        /* messages of that side were captured */
    bool captured_twice : 1;    /* some transmission was captured at two points */
    bool went_on : 1;           /* a message beyond the first request and its answer was seen */
    bool own_ports : 1;         /* on UDP ports that are none of IKE's */
    bool asked_again : 1;       /* and after it another first request */
    bool key_named : 1;         /* keys are given for it */
    /* and the ports that they came from */
    bool i_from_500 : 1, i_from_4500 : 1, r_from_500 : 1, r_from_4500 : 1;
    uint32_t last_from_i, last_from_r;      /* frame of that side's last new message, 0 */
    uint32_t half_inferred[2][2];   /* index of the first of children that may still be inferred in
                                     * one direction alone: of AH, of ESP; towards the initiator,
                                     * the responder */
};

enum child_state { CHILD_INSTALLED, CHILD_REKEYED, CHILD_DELETED, CHILD_FAILED };
const char *child_state_name(enum child_state s);

struct child_sa {
    const struct ike_sa *ike_sa;    /* the one that negotiated it */
    const struct kept_proposal *chosen;     /* or NULL */
    const struct selector *ts_i, *ts_r;     /* IKE initiator's and responder's side */
    struct stream_list streams;
    struct flow *flow;          /* how its packets answer each other; NULL before the second */
    double negotiated_time, deleted_time;
    uint32_t id;
    uint32_t spi_i, spi_r;      /* chosen by the IKE initiator / responder, 0 where not known */
    uint32_t request_frame, negotiated_in, deleted_in;  /* frames, 0 */
    uint32_t rekeys, rekeyed_by;    /* ids of Child SAs, NO_ID */
    uint32_t exchange;          /* index in the IKE SA of that time */
    uint32_t virtual_ip_frame;
    enum child_state state;
    enum basis basis;           /* observed, decrypted or inferred */
    uint8_t exchange_type;
    uint8_t num_ts_i, num_ts_r; /* 0: not known */
    uint8_t protocol;           /* PROTO_ESP or PROTO_AH */
    struct ip_addr virtual_ip;  /* family 0: none assigned */
    struct ip_addr addr_i, addr_r;  /* current outer addresses of both ends */
    bool tcp_encap;             /* its packets come in TCP (RFC 9329) */
    bool transport, udp_encap;  /* transport of an inferred one: where mode_read, see child_mode */
    bool mode_read;             /* inferred: AH shows the mode in clear */
    bool established;           /* the response was read */
    bool per_resource;          /* one of several on purpose: SA_RESOURCE_INFO in the request or the
                                 * response */
    bool mode_config;
    bool fragments_also;        /* both ends take later fragments where the selectors have ports */
    bool closed_i, closed_r;    /* a Delete named the SPI of that side */
    uint32_t half_closed_in;    /* frame of the answer that left the other direction open, 0 */
};

/* A packet of a stream that is remembered for a while. */
struct seen_packet {
    uint32_t seq, frame;        /* frame 0: none */
    uint32_t digest;            /* of its octets; 0: not known */
    uint16_t ip_id;
    uint16_t ticks;             /* hundredths of a second since the stream's first packet, modulo
                                 * 2^16 */
};

/* From this frame on, a packet's number in its stream is its sequence number plus ahead
 * (modulo 2^32), and these were the counts: kept only where arithmetic does not do. */
struct stream_step {
    uint64_t lost;
    uint32_t frame, ahead, replayed;
};

/* Numbers that a stream passes over. */
struct stream_gap {
    uint32_t before, frame;     /* of the packets in front of them and behind */
    uint32_t from, count;       /* the first of them, and how many */
    uint32_t missing;           /* of those, what has not come late; 0: the gap is closed */
    bool jump;                  /* none was sent: more than that time holds at the stream's pace */
};

/* A second line of rising numbers under one SPI: packets whose numbers others had before, with
 * other octets, or that are too far behind to be late. */
struct stream_line {
    double first_time, last_time;
    uint32_t first_seq, last_seq;
    uint32_t top;               /* the stream's highest before it */
    uint32_t first_frame, last_frame, count;
    uint32_t conflicts, far;    /* packets with a number that another one had; too old to be late */
    uint32_t main_since;        /* packets of the first line since the second began */
    uint32_t turns;             /* since caught: of the first line behind the second */
    uint8_t ttl, main_ttl;      /* of the last packet of each, 0 */
    bool caught;                /* it has reached the end of the first line */
    bool its_turn, reordered;   /* its packet was the last; was older than those before */
    bool proved;                /* it has packets enough */
    struct frame_numbers frames;        /* the first STREAM_MAX_BAD_FRAMES */
};

/* A packet of a stream that has come and gone. */
struct passed_packet {
    uint32_t seq, frame;
};

/* The Child SA that a stream was tied to from this frame on. */
struct stream_tie {
    uint32_t frame;
    const struct child_sa *child;
    bool to_responder;
};

/* What few streams have, made for those alone: what is missing in them or comes twice, what is not
 * believed, what fails its check. */
struct stream_rare {
    GArray *gaps;               /* of struct stream_gap, by number, STREAM_MAX_GAPS at most; or
                                 * NULL */
    uint32_t num_gaps;          /* of gaps, which may hold more */
    uint32_t damaged;           /* bad ones behind last_seq, each with the next number: they were
                                 * captured, though no receiver took them */
    GArray *steps;              /* of struct stream_step, the first STREAM_MAX_STEPS; NULL */
    struct stream_line *line;   /* or NULL */
    uint32_t duplicates;
    uint32_t num_others;
    struct seen_packet others[STREAM_OTHERS];   /* the last packets whose number another one had
                                                 * before */
    struct frame_numbers bad_frames;        /* the first STREAM_MAX_BAD_FRAMES */
    struct frame_numbers stray_frames;      /* packets that are not believed, since the next one
                                             * spoke against them; as many */
    struct frame_numbers restored_frames;   /* packets that were judged by others which are not
                                             * believed; as many */
    struct frame_numbers copy_frames;   /* copies from a second capture point that looked like
                                         * replays at first */
    uint32_t bad;               /* integrity checks that fail, where keys are known */
    uint32_t tried;             /* packets of which no integrity check says anything, and which keys
                                 * that may be their SPI's do not open */
    uint32_t noise, noise_frame;        /* packets whose ICV alone fits the keys; the first one */
    struct key_near key_near;   /* of the first packet that says so: what key would fit */
    struct esp_readable *readable;          /* what the first packets say, where no suite is known,
                                             * or NULL: none can be read */
    GArray *ties;               /* of struct stream_tie: the earlier ones, or NULL */
    const struct child_sa *other_protocol;  /* without child: that of the same SPI, of ESP where
                                             * this is AH or the reverse, or NULL */
    const struct stream *older; /* an earlier one of the same SPI and addresses */
};

/* One protocol, source, destination and SPI.  Of constant size, whatever it carries: a packet
 * that is in order leaves nothing behind.  Members are in the order of use, so that a packet needs
 * few lines of a processor's cache. */
struct stream {
    uint32_t id;
    uint32_t spi;
    struct ip_addr src, dst;
    uint8_t protocol;           /* PROTO_ESP, PROTO_AH */
    uint8_t basis;              /* enum basis: of the tie to child */
    uint16_t src_port, dst_port;    /* of the first packet; 0 natively */
    uint16_t last_src_port;
    uint8_t ttl;                /* of the packet with the highest number, 0 */
    uint8_t readable_asked;     /* packets looked at for clear text, while no suite is known */
    bool to_responder : 1;      /* valid with child: this SPI is the IKE responder's */
    bool esn : 1;               /* child negotiated extended sequence numbers */
    bool reply_expected : 1;    /* carried something other than readable UDP */
    bool read : 1;              /* the clear text of a packet was read */
    bool key_named : 1, key_fails : 1;  /* keys are given for its SPI; and a whole packet, which
                                         * they do not open */
    bool strange : 1;           /* when it began, its addresses were not those of child's ends */
    bool in_tcp : 1;            /* the ports are TCP's */
    bool peers_readable : 1;    /* without child: sadb_peers_readable */
    const struct child_sa *child;           /* or NULL */
    const struct ike_sa *peers; /* newest IKE SA between the addresses, or NULL */
    const struct stream_rare *rare;     /* or NULL; see stream_rare */
    struct stream_doubt *doubt; /* the tracker's, or NULL */
    uint32_t epoch;             /* of the sadb, as the two below say, when child, peers and
                                 * other_protocol were looked up */
    uint16_t spi_epoch, pair_epoch;     /* the places of its SPI's and its addresses' epochs */
    uint32_t readable_epoch;    /* and when peers_readable was, in IKE messages */
    uint32_t packets;           /* duplicates of one capture not counted */
    uint32_t unchecked;         /* of those: no integrity check says anything of them */
    uint64_t bytes;             /* from the SPI to the ICV */
    double first_time, last_time;
    uint32_t first_frame, last_frame;       /* of those that are believed */
    uint32_t first_seq, last_seq;   /* of the first packet, and the highest */
    uint32_t top_sight;         /* highest number of a packet that the tracker keeps to know its
                                 * copies */
    uint32_t top_frame;         /* of the packet with the highest number */
    uint64_t lost;              /* 64 bits: extended sequence numbers go round */
    uint64_t numbers;           /* from first_seq to last_seq, both counted, without jumps */
    struct stream_step now;     /* the last step */
    struct esp_lengths lengths; /* while no suite is known; num 0: of no packet */
    uint32_t *digests;          /* by seq modulo the window, of what it has seen; NULL while seen
                                 * holds all */
    uint64_t *last_iv;          /* of a counter mode: STREAM_IVS explicit ones, by packet modulo;
                                 * else NULL */
    uint32_t num_ivs;           /* read so far into last_iv */
    uint32_t good;              /* integrity checks, where keys are known */
    uint32_t verified_in;       /* frame of the first one that is good, 0: from there on what is
                                 * bad counts nowhere else (RFC 4303 section 3.4.3) */
    uint32_t replayed, out_of_window;
    uint32_t tied_frame;        /* to child, since when */
    uint32_t born;              /* frame of the first packet that looked like one of it */
    struct seen_packet seen[STREAM_SEEN];       /* by seq modulo */
    uint64_t window[];          /* bit seq modulo its size: was seen */
};

/* What is rare of s, or that there is nothing of it; never NULL. */
const struct stream_rare *stream_rare(const struct stream *s);

#endif
