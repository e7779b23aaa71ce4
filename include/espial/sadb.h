/* sadb.h - what a capture has shown so far: IKE SAs, their exchanges, Child SAs,
 * ESP and AH streams (RFC 4301 section 4.4.2, RFC 7296, RFC 2409).
 *
 * One sadb per capture file, owned by its creator; every pointer reached from it
 * lives as long as it does.  Only the *_see functions change it, frame by frame in
 * capture order; all others take const and have no side effect.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_SADB_H
#define ESPIAL_SADB_H

#include <espial/event.h>
#include <espial/ike.h>
#include <espial/points.h>

/* A clear packet that an SA should have protected, unless its copy inside the SA
 * explains it: only the end of the capture tells. */
struct clear_packet {
    uint32_t frame;
    uint8_t point;              /* as in struct sighting */
    double time;
    struct inner_packet packet;
    const struct child_sa *child;
    bool to_responder;
};

/* One end of a tunnel asks on its own link for an address of the other end's network, or somebody
 * has that address there */
struct sought_neighbor {
    uint32_t frame;
    bool answers;               /* somebody has it */
    bool to_responder;          /* the tunnel's way to it */
    struct ip_addr addr, by;    /* the one in question; who asks */
    const struct child_sa *child;
};

/* An IKE message of which a first IP fragment came, and from where. */
struct first_fragment {
    const struct ike_sa *sa;
    struct ip_addr src, dst;
    double time, last_time;
    uint32_t message_id, length;    /* as its header says */
    uint8_t exchange;
    struct frame_numbers frames;    /* the first SADB_MAX_RETRANSMISSIONS */
};

/* A clear packet from the outer address of one end of a tunnel to a network of the other end, or
 * one that comes back from there. */
struct past_packet {
    uint32_t frame;
    bool back;
    bool to_responder;          /* the way of those that are not back */
    struct ip_addr src, dst;
    const struct ike_sa *sa;
    const struct child_sa *child;   /* whose selectors name the network; NULL: none could be read,
                                     * and the address is a private one */
};

/* What a stream carries that nobody opened: the clear packets at the tunnel's own device, one right
 * before or behind each of its packets.  Inferred. */
struct inner_beside {
    uint32_t stream;            /* id */
    uint32_t packets;           /* all of the stream */
    unsigned num_sources;
    struct beside_source {
        struct inner_packet packet;     /* the first one */
        uint32_t packets;
        unsigned num;           /* of the frames */
        uint32_t clear[BESIDE_MAX_FRAMES], sealed[BESIDE_MAX_FRAMES];
    } sources[BESIDE_MAX_SOURCES];
};

/* What an address is known to take (chosen) or to offer. */
struct policy {
    const struct kept_proposal *kept;
    uint32_t frame;
    bool chosen;
    const struct ike_sa *sa;    /* in which it said so */
    const struct exchange *exchange;        /* and where */
};

struct sadb;

/* The receiver's window (RFC 4303 section 3.4.3), 32 to STREAM_WINDOW_MAX packets, and
 * how long a deleted SA's packets may still arrive, in seconds. */
struct sadb_options {
    unsigned window;
    double delete_grace;
};
void sadb_set_options(struct sadb *db, const struct sadb_options *options);
const struct sadb_options *sadb_options(const struct sadb *db);

struct sadb *sadb_new(uint32_t seed);
void sadb_free(struct sadb *db);

/* --- the capture, frame by frame ------------------------------------------------ */

/* Any frame, for the end of the capture. */
void sadb_see_frame(struct sadb *db, uint32_t frame, double time);
/* The capture has several interfaces, or (not sure) may have: what they saw is compared from now
 * on. */
void sadb_expect_points(struct sadb *db, bool sure);
/* Any frame of the interface with that number (struct sighting), before what is in it.  name is
 * the interface's, or NULL. */
void sadb_see_point(struct sadb *db, uint8_t point, uint32_t frame, double time,
                    const char *name);
/* One IKE message, parsed and where possible decrypted.  octets are those of the
 * whole message (for retransmissions). */
void sadb_see_ike(struct sadb *db, struct ike_event *e, const struct sighting *at,
                  const struct ike_message *m, const uint8_t *octets, size_t len);
/* One ESP or AH packet. */
void sadb_see_ipsec(struct sadb *db, struct ipsec_event *e, const struct sighting *at,
                    const struct ipsec_packet *p);
/* An ICMP error, a fragment, a clear packet or a NAT keepalive.  False where it concerns no SA. */
bool sadb_see_path(struct sadb *db, struct path_event *e, const struct sighting *at,
                   const struct path_packet *p);

/* Keeps the content of a message that no exchange holds, as text, the same one once, as long as
 * db.  NULL beyond SADB_MAX_LOOSE_LINES of them, which sadb_caps says. */
const char *sadb_keep_line(struct sadb *db, const char *text);

/* Keys were given, and what of them the capture had use for: before its end. */
void sadb_see_keys(struct sadb *db, const struct key_use *use);
/* The capture has ended: what only the silence after an answer decides, and what nobody could read
 * but has a shape (shape.h): established_inferred, failed_inferred, deleted_inferred, eap_open and
 * their frames, times and senders in struct ike_sa are final from then on. */
void sadb_see_end(struct sadb *db);

/* --- what it has shown ------------------------------------------------------------ */

size_t sadb_num_ike_sas(const struct sadb *db);
const struct ike_sa *sadb_ike_sa(const struct sadb *db, size_t i);      /* i is the id */
size_t sadb_num_child_sas(const struct sadb *db);
const struct child_sa *sadb_child_sa(const struct sadb *db, size_t i);
size_t sadb_num_streams(const struct sadb *db);
const struct stream *sadb_stream(const struct sadb *db, size_t i);
uint32_t sadb_num_frames(const struct sadb *db);
double sadb_first_time(const struct sadb *db);      /* epoch seconds, 0 without frames */
double sadb_last_time(const struct sadb *db);
/* When that frame was captured, in epoch seconds.  Of a capture of more than SADB_MAX_INSTANTS
 * frames the clock has a tick, and this is up to one before it. */
double sadb_time_of(const struct sadb *db, uint32_t frame);
const struct key_use *sadb_keys(const struct sadb *db);     /* NULL: no keys were given */

/* Where packets were captured, final once the capture has ended; NULL: at one place. */
const struct points *sadb_points(const struct sadb *db);

/* Names of limits that were reached, NULL-terminated; empty where none. */
const char *const *sadb_caps(const struct sadb *db);

/* The IKE SA whose initiator asked under the SPI that the first message of answered answers, which
 * stands alone; NULL where there is none. */
const struct ike_sa *sadb_asked_by(const struct sadb *db, const struct ike_sa *answered);

/* The exchange's answer comes from where nobody was asked: whoever asked does not take it and asks
 * again.  NULL where there is no such answer. */
const struct stray_answer *sadb_answered_elsewhere(const struct sadb *db, const struct ike_sa *sa,
                                                   const struct exchange *x);

/* The IKE SA that the answer is of by itself, since its addresses and its SPI are others; NULL. */
const struct ike_sa *sadb_stray_sa(const struct sadb *db, const struct ike_sa *sa,
                                   const struct stray_answer *stray);

/* The try before sa of the same initiator with the same responder, of the same version: the last
 * that failed, stood or went on.  Requests alone do not hide it.  NULL where there is none. */
const struct ike_sa *sadb_try_before(const struct sadb *db, const struct ike_sa *sa);
/* True where an IKE SA of that major version between the two was established. */
bool sadb_has_stood(const struct sadb *db, uint8_t major, const struct ip_addr *a,
                    const struct ip_addr *b);

/* What became of messages that compete: in this order they are refuted, or believed again. */
struct judgement {
    uint32_t frame;             /* the message's first */
    bool believed;
};
size_t sadb_num_judgements(const struct sadb *db);
struct judgement sadb_judgement(const struct sadb *db, size_t i);

/* An IKE SA of the capture has this initiator SPI: eight octets that are no chance. */
bool sadb_knows_spi_i(const struct sadb *db, const uint8_t spi[8]);
/* True once a Child SA is known whose ESP does not encrypt: then its packets can be read. */
bool sadb_has_null(const struct sadb *db);
/* IKE messages whose first IP fragments came (within the caps); i is below their number. */
size_t sadb_num_first_fragments(const struct sadb *db);
const struct first_fragment *sadb_first_fragment(const struct sadb *db, size_t i);
/* Addresses that one end looks for on its link (within the caps); i is below their number. */
size_t sadb_num_sought(const struct sadb *db);
const struct sought_neighbor *sadb_sought(const struct sadb *db, size_t i);
/* Clear packets that pass by a tunnel between its own ends (within the caps). */
size_t sadb_num_past(const struct sadb *db);
const struct past_packet *sadb_past(const struct sadb *db, size_t i);
/* NULL where it is not known; once the capture has ended. */
const struct inner_beside *sadb_beside(const struct sadb *db, const struct stream *s);
/* True once an IKE SA stands or a Child SA with selectors is known: then clear packets are worth a
 * look. */
bool sadb_wants_clear(const struct sadb *db);
/* Copies from a second capture point that were taken for replays until the capture ended. */
struct late_copy {
    uint32_t frame, original;
    double apart;               /* seconds */
};
size_t sadb_num_copies(const struct sadb *db);
struct late_copy sadb_copy(const struct sadb *db, size_t i);
/* Clear packets that no protected copy explains (within the caps). */
size_t sadb_num_clear(const struct sadb *db);
const struct clear_packet *sadb_clear(const struct sadb *db, size_t i);
/* The Child SA whose SPI towards dst is spi at that frame, newest first.  *to_responder
 * says which side.  NULL where none is known. */
const struct child_sa *sadb_child_at(const struct sadb *db, uint8_t protocol, uint32_t spi,
                                     const struct ip_addr *dst, uint32_t frame, bool *to_responder);
/* What an address is known to take or to offer: its choices and its own offers for one
 * protocol, newest first, up to max.  Returns how many. */
size_t sadb_policies(const struct sadb *db, const struct ip_addr *addr, uint8_t protocol,
                     struct policy *out, size_t max);
/* Of the packets that begin in an aggregate of IP-TFS (aggfrag_begin) the first that the selectors
 * of its Child SA at that time refuse, else the first, becomes p's inner packet. */
void sadb_choose_inner(const struct sadb *db, struct ipsec_packet *p, const struct sighting *at,
                       const struct span *payload);
/* The Child SA whose traffic c carries on: the one that it rekeys, else the newest one before it
 * between the same peers with the same selectors.  NULL where there is none. */
const struct child_sa *sadb_predecessor(const struct sadb *db, const struct child_sa *c);
/* True when the capture shows the start of every IKE SA between the addresses of s, but those of
 * other clients behind one NAT (RFC 3948 section 5.2), and all its encrypted messages were read (at
 * least one), and no message that could hold the SPI of a Child SA is missing. */
bool sadb_peers_readable(const struct sadb *db, const struct stream *s);
/* IKE SAs that have assigned that inner address, the newest first, into out, which holds max of
 * them; returns how many. */
size_t sadb_assigned_by(const struct sadb *db, const struct ip_addr *addr,
                        const struct ike_sa **out, size_t max);
/* The IKE SA that holds c now: the one that negotiated it, or what replaced that one. */
const struct ike_sa *child_holder(const struct sadb *db, const struct child_sa *c);

/* --- later passes: what the first pass knew at that frame ---------------------------- */

/* What was known of a stream at one frame. */
struct stream_at {
    const struct stream *stream;
    const struct child_sa *child;       /* or NULL */
    bool to_responder;
    uint32_t number;            /* of the packet in its stream, from 1; of one that is not
                                 * believed it says nothing */
    uint64_t lost;
    uint32_t replayed;
};
/* False where no such stream was seen by then. */
bool sadb_stream_at(const struct sadb *db, struct stream_at *out, uint8_t protocol, uint32_t spi,
                    uint32_t seq, const struct ip_addr *src, const struct ip_addr *dst,
                    uint32_t frame);
enum ike_sa_state ike_sa_state_at(const struct sadb *db, const struct ike_sa *sa, uint32_t frame);
enum child_state child_state_at(const struct sadb *db, const struct child_sa *c, uint32_t frame);

/* --- what follows from one fact ------------------------------------------------ */

/* "lisa@corp.example" where known, else the address, into out. */
char *endpoint_print(const struct endpoint *e, char *out, size_t size);
/* Who proves himself by XAUTH or EAP: the identity of the IKE SA may be many users'. */
bool ike_sa_has_user(const struct ike_sa *sa);
/* The initiators are known to be one person: by the users, else, where neither has one to prove, by
 * the identities. */
bool ike_sa_same_person(const struct ike_sa *a, const struct ike_sa *b);
/* The initiator's user where one was read, else its identity; NULL. */
const char *ike_sa_user(const struct ike_sa *sa);
/* Both are between the same two, by addresses, identities and users; where no identity is known, by
 * the ports, for clients behind one NAT share an address. */
bool ike_sa_same_peers(const struct ike_sa *a, const struct ike_sa *b);
/* The same, or the other one began it. */
bool ike_sa_same_ends(const struct ike_sa *a, const struct ike_sa *b);
/* The last message of an IKEv1 SA, if that is an Informational which nobody could read and to which
 * the other side says nothing: its Delete would look so (RFC 2408 section 3.15), and so may others.
 * Of several in a row, the first.  NULL where there is none. */
const struct exchange_message *ike_sa_last_word(const struct ike_sa *sa);
/* " in UDP", " in TCP", "" for native ESP and AH. */
const char *stream_carrier(const struct stream *s);
const char *child_carrier(const struct child_sa *c);
/* How much of it was not captured, 0 to 100. */
double stream_lost_percent(const struct stream *s);
/* No suite of it was read, and of its first packets so many can be read as they stand that they are
 * not encrypted (RFC 5879 section 8). */
bool stream_is_readable(const struct stream *s);
/* What the lengths of its packets suggest as cipher and ICV (esp_shape_print), where no suite was
 * read and no packet can be read as it stands; NULL.  Each direction speaks for itself: their two
 * ends may not agree. */
const char *stream_suggests(const struct stream *s, char *out, size_t size);

/* Both lines of numbers go on. */
bool stream_two_lines(const struct stream *s);
/* a is where that side of sa was captured, before or beyond its NAT. */
bool ike_sa_is_at(const struct ike_sa *sa, bool initiator, const struct ip_addr *a);
/* That side of sa is behind a NAT, alone or as the other is. */
bool ike_sa_behind_nat(const struct ike_sa *sa, bool initiator);
/* The end that denies an SA goes on in it: with protected messages, or with packets of its Child
 * SAs (RFC 7296 section 2.21.4: such a notify is a hint and no proof). */
bool denial_is_refuted(const struct ike_sa *sa, const struct denial *d);
/* The first exchange that is the SA's own; NULL where it has none. */
const struct exchange *sadb_first_exchange(const struct ike_sa *sa);
/* Messages of the exchange so far, of fragmented ones none.  Of Main Mode each side sends three,
 * and whoever makes up another one of a kind adds none. */
unsigned sadb_whole_messages(const struct exchange *x);
/* The selectors offered for the side that began the exchange, or for the other. */
const struct selector *exchange_selectors(const struct exchange *x, bool by, size_t *num);
/* Both were said of the same thing: in one version of IKE, of phase 1 in one mode, or of Child SAs
 * for the same networks of the same two.  From a policy for one thing follows none for another. */
bool policy_same_matter(const struct policy *a, const struct policy *b);
/* known was said of what the other side offers in x of sa. */
bool policy_is_for(const struct policy *known, const struct ike_sa *sa, const struct exchange *x,
                   const struct kept_proposal *offered);
/* The selectors of one side: the IKE initiator's or the responder's. */
const struct selector *child_selectors(const struct child_sa *c, bool initiator, size_t *num);
/* What the selectors of both ends of c say of a packet in that direction: the worse answer. */
enum admission child_admits(const struct child_sa *c, const struct inner_packet *p,
                            bool to_responder);
/* "tunnel" or "transport"; NULL where neither was read: an inferred Child SA of ESP shows none. */
const char *child_mode(const struct child_sa *c);
/* Extended sequence numbers were negotiated (RFC 4303 section 2.2.1).  c may be NULL. */
bool child_has_esn(const struct child_sa *c);
/* k's text, printed into out where it is not kept. */
const char *kept_text(const struct kept_proposal *k, char out[SUITE_TEXT_MAX]);
/* The suite's cipher is NULL or GMAC (RFC 2410, RFC 4543).  chosen may be NULL. */
bool kept_is_null(const struct kept_proposal *chosen);
/* Some key exchange of the suite is ML-KEM (RFC 9370 section 2).  k may be NULL. */
bool kept_has_ml_kem(const struct kept_proposal *k);
/* Octets of an IKEv2 message that holds inner octets of payloads inside one SK payload,
 * by the chosen suite's geometry (RFC 7296 section 3.14); 0 where it is not known. */
uint32_t sadb_sk_length(const struct kept_proposal *chosen, uint32_t inner);
/* The same packet went through the SA at that time: a capture at a gateway sees both. */
bool clear_packet_is_explained(const struct clear_packet *p);

/* --- about.c: what is told of one SA ------------------------------------------------------- */

/* How the initiator proves itself: "pre-shared key", "EAP"; NULL where not read.  out may be it. */
const char *ike_sa_method(const struct ike_sa *sa, char *out, size_t size);
/* The highest standing of its messages (enum standing) in words: "claimed", "protected",
 * "authenticated". */
const char *ike_sa_standing_name(const struct ike_sa *sa);
/* The time of its first and of its last message, in epoch seconds; false where none is kept. */
bool ike_sa_times(const struct ike_sa *sa, double *first, double *last);
/* The IKE SA that owns c when frame is sent: the one that negotiated it, or what has replaced that
 * (RFC 7296 section 2.8). */
const struct ike_sa *child_owner(const struct sadb *db, const struct child_sa *c, uint32_t frame);

#endif
