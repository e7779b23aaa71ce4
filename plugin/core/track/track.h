/* track.h - shared by the files that follow a capture and change the SA database.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TRACK_H
#define ESPIAL_TRACK_H

#include "database.h"

/* One IKE message under way: what the files of this room do with it, one after the other.  The
 * event is what everybody else is told, and its facts are const; these are the same ones, for
 * those who change them. */
struct turn {
    struct sadb *db;
    const struct ike_message *m;
    struct ike_event *e;
    struct ike_sa *sa;
    struct exchange *exchange;
    struct exchange_message *message;
    uint64_t sum;               /* the hash of its octets */
    struct ip_addr expected;    /* where its IKE SA had the sender before; family 0: there is
                                 * none */
    bool known_path;            /* its addresses were those of its IKE SA */
    bool known_source;          /* at least that of its sender was */
};

/* Who may change a fact may change what it lists. */
static inline struct exchange *
track_exchange(struct ike_sa *sa, uint32_t i)
{
    return (struct exchange *)sa->exchanges.at[i];
}
static inline struct child_sa *
track_child(struct ike_sa *sa, uint32_t i)
{
    return (struct child_sa *)sa->children.at[i];
}
static inline struct exchange_message *
track_message(struct exchange *x, uint32_t i)
{
    return (struct exchange_message *)&x->messages.at[i];
}
/* As sadb_child_at. */
struct child_sa *track_child_at(struct sadb *db, uint8_t protocol, uint32_t spi,
                                const struct ip_addr *dst, uint32_t frame, bool *to_responder);

/* How many exchanges of an IKE SA a message is compared with, newest first. */
enum { EXCHANGES_LOOKED_AT = 64 };
/* One packet captured at two points comes within a moment; a retransmission waits at least a good
 * part of a second (RFC 7296 section 2.1). */
#define DUPLICATE_MESSAGE_SECONDS 0.2

/* tie.c: whose an IKE message is.  sum is the hash of its octets. */
/* NULL where none is known. */
struct ike_sa *track_find_sa(struct sadb *db, const struct ike_message *m,
                             const struct sighting *at, uint64_t sum);
/* The same by SPIs that stand in each other's place; NULL. */
struct ike_sa *track_by_turned_spis(struct sadb *db, const struct ike_message *m,
                                    const struct sighting *at);
/* roles.c: who began an IKE SA of IKEv1. */
/* IKEv1 has no flag for it: the message comes from where the initiator is. */
bool track_v1_from_initiator(const struct ike_sa *sa, const struct sighting *at);
/* An SA payload in clear is in the first message and in the answer to it alone, and in the first
 * the responder's cookie is zero (RFC 2408 section 3.1).  False where the message does not tell. */
bool track_v1_tells(const struct ike_message *m, bool *from_initiator);
/* The first message of sa, captured after others that are not long ago. */
bool track_begins_late(const struct ike_sa *sa, const struct ike_message *m, double now);
/* Messages of x, a phase 1, came just before now, and none of them but that of frame is its
 * first. */
bool track_lacks_first(const struct exchange *x, uint32_t frame, double now);
/* The message tells that the two ends of its IKE SA were taken for each other; now they are not.
 * True where that has changed. */
bool track_turn_round(struct turn *t);

/* NULL at a limit, which is said. */
struct ike_sa *track_make_sa(struct sadb *db, const struct ike_message *m,
                             const struct sighting *at);
struct exchange *track_find_exchange(struct turn *t);
struct exchange *track_make_exchange(struct sadb *db, struct ike_sa *sa,
                                     const struct ike_message *m, bool by_initiator);
/* The same octets from the same side, seen before; NULL. */
struct exchange_message *track_find_message(struct exchange *x, uint64_t sum, bool from_initiator);
/* Between these two addresses, as its packets have them now. */
bool track_between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b);
/* Between these two addresses, or those that a NAT of which both sides were captured gives them. */
bool track_known_between(const struct ike_sa *sa, const struct ip_addr *a, const struct ip_addr *b);

/* belief.c */
/* How much the message of t counts.  Before the message is added to its exchange; the IKE SA and
 * the exchange of t may be NULL. */
enum standing track_standing(const struct turn *t, uint64_t sum);
/* Its checksum is wrong under the keys of the SA. */
bool track_fails_integrity(const struct ike_sa *sa, const struct ike_message *m);
/* And those open others of the SA: the message is not its sender's.  Keys that have opened no
 * message may be another SA's; then a wrong checksum says nothing of the sender. */
bool track_refutes(const struct ike_sa *sa, const struct ike_message *m);
void track_forged(struct turn *t, uint64_t sum);
/* One end's word in clear that it does not have the SA, or not that SPI. */
bool track_is_denial(const struct turn *t);
void track_denial(struct turn *t);
/* The end that sends the message has the SA. */
void track_refute_denials(const struct turn *t);
/* Counts a new message among those that were opened, or not. */
void track_count_opened(struct turn *t);

/* add.c */
/* To the exchange of t; NULL at a limit, which is said. */
struct exchange_message *track_add_message(struct turn *t, uint64_t sum);
/* The message asks or answers in x, unless it is forged. */
void track_add_side(struct exchange *x, const struct exchange_message *m);
/* Finds the request and the response of x again, once some of its messages are forged. */
void track_sides(struct exchange *x);

/* What speaks against the last packet of a stream, until the next one tells; and what was seen far
 * ahead that nothing followed. */
struct doubted {
    double time;
    uint32_t seq, frame, length;
    bool start;                 /* there is none before it */
    bool unchecked;             /* no integrity check says anything of it */
    bool tried;                 /* as in struct ipsec_packet */
};
struct stream_doubt {
    bool pending;               /* the last packet counted is in doubt, for one of these: */
    bool far, port, start;      /* its number; its source port; that none came before it */
    bool has_ahead;             /* one that was not believed for its number may still prove
                                 * true */
    uint16_t last_port;         /* of the last packet not believed for it, 0 */
    bool has_first, has_left;
    struct doubted last, ahead;
    struct doubted first;       /* a packet in doubt before last, and the stream with it alone */
    struct stream *between;
    uint32_t num_first;         /* of since, what had come by then */
    struct doubted left;        /* a packet out of the window only by those in doubt */
    uint32_t num_doubts;        /* so far */
    uint32_t num_since;         /* packets since before, all of them in doubt, and their frames */
    uint32_t since[STREAM_PASSED];
    struct stream *before;      /* the stream without the packet in doubt; or NULL */
    uint32_t slot, slot_digest; /* what its digest and its IV took the place of */
    uint64_t slot_iv;
    uint64_t lost, numbers;     /* of the stream before the one ahead */
    uint32_t last_seq, num_gaps, top_frame;
    uint32_t num_passed;        /* packets since then, the first of them in passed */
    struct passed_packet passed[STREAM_PASSED];
};

/* stream/rare.c: what is rare of s, made where there was nothing of it. */
struct stream_rare *track_rare(struct sadb *db, struct stream *s);

/* doubt.c: which packets of a stream are believed. */
/* Of the packet that comes next: what it says of the one in doubt. */
void track_settle(struct sadb *db, struct stream *s, struct ipsec_event *e);
/* Before the packet is counted: puts it in doubt where there is reason. */
void track_doubt(struct sadb *db, struct stream *s, struct ipsec_event *e);
/* After it was counted. */
void track_passed(const struct sadb *db, struct stream *s, const struct ipsec_event *e);
/* The first packet that verifies: what came before it is forgotten where it is wrong. */
void track_verified(struct sadb *db, struct stream *s, struct ipsec_event *e);
/* Begins s with the packet at at, as if none had come before. */
void track_begin(struct sadb *db, struct stream *s, const struct sighting *at);

/* The SA of the message's two SPIs, NULL where they are not known. */
struct ike_sa *track_by_spis(struct sadb *db, const struct ike_message *m,
                             const struct sighting *at);

/* flow.c: a packet of s that was counted, for what its Child SA's directions answer each other. */
void track_flow(struct sadb *db, const struct stream *s, const struct ipsec_event *e);

/* verdict.c: whether a message is believed */
void track_judge(struct sadb *db, struct exchange_message *m, bool believed);
void track_judge_exchange(struct sadb *db, struct exchange *x, bool believed);

/* request.c: which first request an answer answers. */
bool track_is_first(const struct exchange *x);
bool track_begins(const struct ike_message *m);
bool track_is_answer(const struct turn *t);
bool track_is_request(const struct turn *t);
uint32_t track_cookie(const struct sadb *db, const struct ike_message *m);
uint16_t track_wanted_group(const struct ike_message *m);
/* How well a choice answers the request of x: 2 where it was offered, 1 where the group is the key
 * exchange's. */
unsigned track_fits(const struct exchange *x, const struct proposal *chosen);
struct exchange *track_match_request(struct ike_sa *sa, const struct ike_message *m, double now);
bool track_too_many_requests(struct sadb *db, const struct ike_sa *sa, const struct ike_message *m);
struct exchange *track_answered_exchange(struct ike_sa *sa);
struct exchange *track_only_asked(struct ike_sa *sa);
void track_part_requests(struct sadb *db, struct ike_sa *sa, struct exchange *before);
void track_keep_request(struct turn *t);
void track_take_request(struct ike_sa *sa, const struct exchange *x);
void track_settle_requests(struct sadb *db, struct ike_sa *sa, const struct exchange *answered);

/* answer.c: which of several answers leads on. */
void track_learn_spi(struct turn *t);
/* A message beyond the first exchange.  False where it goes on with an answer that was refuted. */
bool track_goes_on(struct turn *t);
/* An answer that was not seen before.  False where nobody takes it. */
bool track_new_answer(struct turn *t);
/* The same of a first request. */
bool track_new_request(struct turn *t);
/* Phase 1 of IKEv1 goes on: refusals in clear are not believed. */
void track_refute_refusals(struct turn *t);
/* The place, from 1, of the answer that the IKE SA goes on with; 0 where there is but one. */
uint16_t track_answer_followed(const struct ike_sa *sa);

/* sights.c */
/* The message, of those octets, was captured before and is not sent again: apart seconds ago.  Else
 * it is remembered. */
bool sights_message(struct sadb *db, const struct ike_sa *sa, const struct sighting *at,
                    uint64_t sum, double *apart);
/* What is remembered of packets with the number of this one. */
struct known_sight {
    struct sight now;           /* the packet itself; digest 0: nothing is known */
    const struct sight *packet; /* the same packet, or NULL */
    bool same_octets, other;    /* one with the same octets, or with others, had the number */
};
struct known_sight sights_look(struct sadb *db, const struct stream *s,
                               const struct ipsec_event *e, uint32_t digest);
/* The same of a packet that comes later than a copy does by one clock; e is told of the original.
 * What may be a copy all the same is in doubt until the end. */
bool sights_packet(struct sadb *db, struct stream *s, struct ipsec_event *e,
                   const struct known_sight *known);
/* After the window has judged e, which may be in doubt for that. */
void sights_early(struct sadb *db, const struct ipsec_event *e);
/* Then, too: whether the number is of a second line; top was the highest before.  Remembers the
 * packet. */
void sights_line(struct sadb *db, struct stream *s, struct ipsec_event *e,
                 const struct known_sight *known, uint32_t top);
/* What was in doubt and is a copy counts for nothing; numbers are missing of a sender, not of a
 * destination. */
void sights_end(struct sadb *db);

/* gap.c */
/* Numbers are missing, seen by a packet of that time: lost, or jumped over. */
void gap_open(struct sadb *db, struct stream *s, struct stream_gap gap, double now);
/* One that was missing comes late. */
void gap_fill(struct stream *s, uint32_t seq);

/* window.c */
/* seq is ahead of the highest number so far, as a receiver reckons. */
bool window_ahead(const struct stream *s, uint32_t seq, bool *wrapped);
/* Empties the window, but for seq, its highest. */
void window_restart(const struct sadb *db, struct stream *s, uint32_t seq);
size_t window_octets(const struct sadb *db);
/* The number of e's packet, as a receiver judges it: counts what is lost, replayed or too old.
 * digest is that of its octets, 0 where it is not known. */
void window_see(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest);
/* The same of a packet whose place in the order is not known: how far it is behind says nothing.
 * False, and nothing is changed, where its number was seen before. */
bool window_fill(struct sadb *db, struct stream *s, struct ipsec_event *e, uint32_t digest);
/* After the packet of that number was counted. */
void window_note_step(struct sadb *db, struct stream *s, uint32_t seq, uint32_t frame);

/* readable.c: a packet of s that was counted, and whose clear text may stand in it. */
void track_readable(struct sadb *db, struct stream *s, const struct ipsec_event *e);
/* The same packet's length. */
void track_lengths(struct stream *s, const struct ipsec_event *e);

/* child.c: what an offer and its answer make. */
void track_offer(struct turn *t);
void track_answer(struct turn *t);

/* state.c */
void track_state(struct turn *t);

/* stand.c */
/* What nobody could read does not bring back to life what has failed for all to read. */
void track_establish(struct turn *t);
void track_fail(struct turn *t);
/* It was taken for established, and was not. */
void track_fall(struct ike_sa *sa);
/* That side uses sa, of which nothing that anybody could read tells whether IKE_AUTH succeeded. */
void track_carry_on(struct sadb *db, struct ike_sa *sa, bool from_initiator, uint32_t frame,
                    double time);

/* shape.c: what messages of IKEv2 do that nobody could read. */
void track_shape(struct turn *t);
/* At the end of the capture. */
void track_shapes_end(struct sadb *db);

/* delete.c */
void track_deletes(struct turn *t);

/* peer.c: what each end is called, can do and is given. */
void track_abilities(struct turn *t);
void track_liveness(struct turn *t);
void track_identities(struct turn *t);
void track_addresses(struct turn *t);

/* turn.c: what a message leaves to be done, and by whom; and who the user is. */
void track_turn(struct turn *t);
void track_user(struct turn *t);

/* elsewhere.c: answers from where nobody was asked.  First, once the IKE SA of the message is
 * looked up; then, once the message was read. */
void track_expect(struct turn *t);
void track_elsewhere(struct turn *t);

/* neighbor.c: the link address of the message's sender; who asks for a neighbour. */
void track_link(struct turn *t);
bool track_neighbor(struct sadb *db, struct path_event *e);

/* fragment.c: the first fragment of an IKE message. */
void track_fragment(struct sadb *db, struct path_event *e);

/* past.c: a clear packet that no SA must protect; false where it does not pass by one either. */
bool track_past(struct sadb *db, const struct path_event *e);

/* certificate.c: the certificate of each end, and what the other end asks for. */
void track_certificates(struct turn *t);
/* That of t's IKE SA, made where there was none. */
struct auth_terms *track_auth_terms(struct turn *t);

/* terms.c: what the initiator wants and is given. */
void track_terms(struct turn *t);

/* lineage.c */
/* An IKEv1 phase 1 that takes the place of another one of the same two. */
void track_phase1(struct turn *t);
/* The new IKE SA of an exchange that rekeys one, of which chosen is the answer. */
void track_rekey(struct turn *t, const struct proposal *chosen);
const struct exchange *track_colliding(const struct turn *t);  /* or NULL */
struct exchange *track_refused(struct turn *t);                 /* or NULL */
const struct ike_sa *track_replaced(const struct turn *t);      /* or NULL */

/* stream/bind.c */
/* Changes with what s may be tied to. */
static inline uint32_t
track_epoch(const struct sadb *db, const struct stream *s)
{
    return db->store.epochs[s->spi_epoch] + db->store.epochs[s->pair_epoch];
}
/* Ties the stream of the packet to its Child SA.  Looks the SAs up again only when some have come
 * or changed since. */
/* A translation of sa's packets has become known: streams beyond it are its own. */
void track_places_again(struct sadb *db, const struct ike_sa *sa);
void track_tie_stream(struct sadb *db, const struct ipsec_event *e, struct stream *s);

/* nat.c */
/* A packet of one side of sa, for the life of its NAT mapping; sa may be NULL. */
void track_sent(struct sadb *db, const struct ike_sa *sa, bool from_initiator,
                const struct sighting *at);
/* Notes that first, captured before at was, went through a NAT in between; false where it did
 * not. */
bool track_translated(const struct sadb *db, struct ike_sa *sa, const struct exchange *x,
                      const struct exchange_message *first, const struct sighting *at);
/* Where the message of that frame was captured; NULL where that is too long ago. */
const struct recent_message *track_recent(const struct sadb *db, uint32_t frame);
void track_nat(struct turn *t);
/* Once the addresses on both sides of a translation are known. */
void track_nat_again(struct ike_sa *sa);

/* --- points.c -------------------------------------------------------------------- */

/* True where another capture point has seen the same before: *e says of what it is a copy, and
 * nothing else is to be done.  e->at.time is by the clock of the first point from then on. */
bool track_copied_message(struct sadb *db, struct ike_event *e, const struct ike_message *m,
                          const uint8_t *octets, size_t len);
bool track_copied_packet(struct sadb *db, struct ipsec_event *e);
/* A packet of s that only a point on the other side of a translation has seen: with the addresses
 * that its stream has. */
void track_translated_packet(const struct stream *s, struct sighting *at);
bool track_copied_path(struct sadb *db, struct path_event *e);
/* Whose the message or packet is that was no copy.  sa and s may be NULL. */
void track_tell_point(struct sadb *db, const struct sighting *at, const struct ike_sa *sa,
                      const struct stream *s, bool from_initiator);
/* Any packet, as its own clock has it: stream/beside.c looks for what ESP carries. */
void track_beside_clear(struct sadb *db, const struct path_packet *p, const struct sighting *at);
void track_beside_sealed(struct sadb *db, const struct ipsec_event *e, const struct sighting *at);
/* A clear packet that an SA should protect. */
void track_clear_kept(struct sadb *db, const struct path_event *e);
/* What the packet carries, where it was read.  at is as its own clock has it. */
void track_sealed(struct sadb *db, const struct ipsec_event *e, const struct sighting *at);
void track_points_end(struct sadb *db);

#endif
