/* track.h - shared by the files that follow a capture and change the SA database.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_TRACK_H
#define ESPIAL_TRACK_H

#include "database.h"

/* window.c */
/* Bits of the window that a stream needs room for. */
uint32_t window_bits(const struct sadb *db);
/* The number of e's packet, as a receiver judges it: counts what is lost, replayed or too old. */
void window_see(const struct sadb *db, struct stream *s, struct ipsec_event *e);

/* child.c: what the payloads of one message do to SAs. */
void track_offer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_answer(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_deletes(struct sadb *db, struct ike_event *e, const struct ike_message *m);

/* peer.c: what each end is called, can do and is given. */
void track_abilities(struct ike_event *e, const struct ike_message *m);
void track_liveness(struct ike_event *e, const struct ike_message *m);
void track_identities(struct sadb *db, struct ike_event *e, const struct ike_message *m);
void track_addresses(struct sadb *db, struct ike_event *e, const struct ike_message *m);

/* lineage.c */
void track_phase1(struct sadb *db, struct ike_event *e);
/* The new IKE SA of an exchange that rekeys one, of which chosen is the answer. */
void track_rekey(struct sadb *db, struct ike_event *e, const struct proposal *chosen);
struct exchange *track_colliding(const struct ike_event *e);   /* or NULL */
struct exchange *track_refused(const struct ike_event *e);     /* or NULL */
struct ike_sa *track_replaced(const struct sadb *db, const struct ike_event *e);     /* or NULL */

/* nat.c */
/* A packet of one side of sa, for the life of its NAT mapping; sa may be NULL. */
void track_sent(struct sadb *db, struct ike_sa *sa, bool from_initiator, double time);
/* Notes that first, captured again at at, went through a NAT in between; false where it did not. */
bool track_translated(struct ike_sa *sa, const struct exchange *x, const struct exchange_message *first, const struct sighting *at);
void track_nat(struct ike_event *e, const struct ike_message *m);

#endif
