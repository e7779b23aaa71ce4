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
const struct key_use *sadb_keys(const struct sadb *db);     /* NULL: no keys were given */

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
/* True once an IKE SA stands or a Child SA with selectors is known: then clear packets are worth a look. */
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
/* The Child SA whose traffic c carries on: the one that it rekeys, else the newest one before it
 * between the same peers with the same selectors.  NULL where there is none. */
const struct child_sa *sadb_predecessor(const struct sadb *db, const struct child_sa *c);
/* True when the capture shows the start of every IKE SA between these two addresses
 * and all its encrypted messages were read (at least one), and no answer that could hold
 * the SPI of a Child SA is missing. */
bool sadb_peers_readable(const struct sadb *db, const struct ip_addr *a, const struct ip_addr *b);
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

#endif
