/* expert.h - what a check works with: scopes, findings, silence, and words for details.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_EXPERT_H
#define ESPIAL_EXPERT_H

#include <espial/check.h>

/* --- findings/: what a check found ---------------------------------------------- */

/* What a finding is about.  Findings of one check with equal SA, Child SA, stream, exchange and
 * variant are one: its frames and its count grow.  The pointers may be NULL. */
struct scope {
    enum basis basis;
    uint32_t frame;
    const struct ike_sa *sa;
    const struct child_sa *child;
    const struct stream *stream;
    uint32_t exchange;          /* its index, NO_ID where the scope is wider */
    uint64_t variant;           /* tells findings of one scope apart, 0 */
    const char *remedy;         /* copied; NULL: the row's */
    uint32_t also;              /* another frame that shows it, 0 */
    uint32_t number;            /* what tells this frame from others of the finding, for
                                 * finding_sum: a sequence number, milliseconds; 0 */
};

/* Adds a finding, or a frame to the one in this scope.  The detail is one or more sentences on this
 * frame: each frame keeps its own where they differ; "" is as the first one.  The finding's own is
 * that of the first frame, unless finding_sum gives it another. */
void finding_add(struct findings *out, unsigned check, const struct scope *where,
                 const char *format, ...) G_GNUC_PRINTF(4, 5);
/* What the finding in this scope, just added to, says of all its frames once they are more than
 * one.  In the format there stand for: */
#define SUM_COUNT "\x01"        /* "3": frames or events */
#define SUM_NUMBERS "\x02"      /* "numbers 1 to 3 and 7": of scope.number */
#define SUM_LIST "\x05"         /* "1 to 3 and 7": of scope.number */
#define SUM_OTHERS "\x03"       /* "frames 6, 8 and 10": of scope.also */
#define SUM_SECONDS "\x04"      /* "0.9 to 2.4": of scope.number in milliseconds */
void finding_sum(struct findings *out, unsigned check, const struct scope *where,
                 const char *format, ...) G_GNUC_PRINTF(4, 5);
/* At the end, after the last check: writes those sentences. */
void findings_sum(struct findings *out);
/* Raises the severity of the finding in this scope, where there is one and its severity is lower:
 * what was no fault at first has become one.  Appends the sentence to the detail.  remedy is
 * copied; NULL keeps the one that is there. */
void finding_raise(struct findings *out, unsigned check, const struct scope *where,
                   enum severity severity, const char *remedy, const char *format, ...)
    G_GNUC_PRINTF(6, 7);
/* Says how the matter of the finding in this scope, where there is one, went on: the sentence
 * replaces the last one of the detail. */
void finding_resolve(struct findings *out, unsigned check, const struct scope *where,
                     const char *format, ...) G_GNUC_PRINTF(4, 5);
/* What is found from now on is only so if stream is believed: the packets of a stream whose
 * integrity fails until one passes (unverified), and one that the next packet may speak against
 * (frame, else 0).  NULL: it is so in any case.  Such findings are kept apart until the end. */
void findings_doubt(struct findings *out, const struct stream *stream, bool unverified,
                    uint32_t frame);
/* At the end, before findings_drop: another finding explains the one in this scope, where there is
 * one, and it is gone. */
void finding_withdraw(struct findings *out, unsigned check, const struct scope *where);
/* The same for all findings of the IKE SAs of which gone says so. */
void findings_withdraw_of(struct findings *out, const struct sadb *db,
                          bool (*gone)(const struct ike_sa *sa, const void *data),
                          const void *data);
/* Withdraws what answers from elsewhere explain: messages that are sent again, moves. */
void explain_strays(struct findings *out, const struct sadb *db);
/* Withdraws that no address changes, where another capture point shows that one does. */
void explain_translations(struct findings *out, const struct sadb *db);
/* Withdraws what is said of answers that nobody asked for: unsolicited_answers tells of all. */
void explain_unsolicited(struct findings *out, const struct sadb *db);
/* At the end: those that came true join the others as if there had been no doubt, the rest are
 * gone. */
void findings_settle(struct findings *out, const struct sadb *db);
/* What the database has judged since: findings that rest on a message that another one refutes are
 * suspended, those of one that is believed again come back. */
void findings_judge(struct findings *out, const struct sadb *db);
/* The first frame of the finding in this scope, 0 where there is none. */
uint32_t finding_frame(const struct findings *out, unsigned check, const struct scope *where);
/* Between the two, what is found rests on that message (its first frame), which may be refuted;
 * 0: on one that may not. */
void findings_begin_message(struct findings *out, uint32_t message);
void findings_end_message(struct findings *out);
/* At the end, before them: suspends what was foretold of a negotiation that went another way. */
void findings_foretold(struct findings *out, const struct sadb *db);
/* At the end: what is suspended still is gone. */
void findings_drop(struct findings *all);
/* Ends the capture.  True for the first call, so that what the end proves is found once. */
bool findings_end(struct findings *all);

/* check_icmp.c: what to do where the other side sends to a port that the NAT no longer has; false
 * where it does not. */
bool moved_remedy(const struct ike_sa *sa, bool to_initiator, uint16_t port, char *out,
                  size_t size);
/* IKE messages of which only first IP fragments come. */
void report_first_fragments(const struct check_in *in, struct findings *out);

/* --- words/say.c: about what, and in which words ---------------------------------------- */

struct scope scope_message(const struct check_in *in);  /* the exchange that the message is about */
struct scope scope_packet(const struct check_in *in);   /* the packet's stream */
struct scope scope_path(const struct check_in *in);     /* the SA of the path event */
struct scope scope_stream(const struct stream *s, uint32_t frame);
/* What carries the stream, in the words of a firewall: "UDP 4500", "ESP (IP protocol 50)".  out may
 * be it. */
const char *stream_carried_in(const struct stream *s, char *out, size_t size);

/* The Child SA is known from its negotiation: there is one, and it is not inferred. */
static inline bool
child_is_negotiated(const struct child_sa *c)
{
    return c && c->basis != BASIS_INFERRED;
}
/* The stream came, when it began and now, from or to an address that is not one of its Child SA's
 * ends, and nobody there is answered: it says nothing of the SA's traffic. */
bool stream_is_strange(const struct stream *s);
/* How many packets verify with the keys of the stream: its own, else those of its Child SA in that
 * direction, from whatever address they come. */
uint32_t stream_num_good(const struct stream *s);
/* The message is new and belongs to an exchange: it is not sent or captured again, not forged,
 * and not a probe of another path. */
bool message_is_new(const struct check_in *in);
/* Its first notify of that type, NULL where there is none or the message is not new. */
const struct ike_notify *new_message_notify(const struct check_in *in, uint16_t type);
enum basis notify_basis(const struct ike_notify *n);

/* The phase in words: "phase 1 (main mode)", "quick mode", "IKE_AUTH".  x may be NULL. */
const char *phase_name(const struct check_in *in, const struct exchange *x, char *out, size_t size);
const char *message_sender(const struct check_in *in, char *out, size_t size);
const char *message_receiver(const struct check_in *in, char *out, size_t size);
/* IKEv1: the message, in clear, comes from the responder, which has answered nothing but this to
 * the first message of phase 1. */
bool waits_for_first_answer(const struct check_in *in);
/* IKEv1: what the message refuses is quick mode, also one that was not captured: phase 1 was
 * agreed, and it is not the other side's last word in it (RFC 2409 section 5.5). */
bool refuses_quick_mode(const struct check_in *in);
/* The SPIs of an IKE SA in words, 16 digits each: "SPIs 1f.. and 22..", of IKEv1 "cookies ..". */
const char *ike_spis_say(const struct ike_sa *sa, char *out, size_t size);
/* An SPI of a Child SA in words: "c0ffee01", or "unknown" where it was not captured. */
#define SPI_WORD_MAX 9
const char *spi_say(uint32_t spi, char out[SPI_WORD_MAX]);
const char *ipsec_name(uint8_t protocol);       /* "AH" or "ESP", of PROTO_AH or PROTO_ESP */

/* Walks the denials of a capture; refuted ones too:
 *   for (struct denied w = { 0 }; denied_next(in->db, &w);) .. w.sa .. w.denial .. */
struct denied {
    size_t ike_sa;
    uint32_t next;
    const struct ike_sa *sa;
    const struct denial *denial;
    bool refuted;               /* denial_is_refuted */
};
bool denied_next(const struct sadb *db, struct denied *w);
struct scope scope_denied(const struct denied *w);

/* --- check_shape.c: what nobody could read, at the end of the capture -------------- */

void report_unread_deletes(const struct check_in *in, struct findings *out);
/* Authentication that seems refused. */
void suspect_shapes(const struct check_in *in, struct findings *out);
/* negotiation/check_shape.c.  Who was let in, and given no Child SA where others were. */
void suspect_refused_children(const struct check_in *in, struct findings *out);

/* --- flow/check_lengths.c ----------------------------------------------------------- */

/* The packets of that direction are answered or lost by their length: large_esp_lost says so. */
bool length_decides(const struct sadb *db, const struct child_sa *c, bool to_responder);

/* --- path/check_beside.c: the checks of inner sources, of streams that nobody opened --- */

void beside_sources(const struct check_in *in, struct findings *out, unsigned check);

/* --- flow/ways.c: which way packets go ---------------------------------------------- */

enum {
    ONE_WAY_PACKETS = 3,        /* so many make a direction */
    UNANSWERED_PACKETS = 50     /* and so many may be a stream that wants no answer */
};

/* The traffic of a Child SA, by to_responder. */
struct both_ways {
    const struct stream *first[2];
    uint32_t packets[2];
    bool reply_expected;        /* some packet may want an answer */
};
struct both_ways child_both_ways(const struct child_sa *c);
/* It neither replaces another one nor is replaced: around a rekey, traffic may use the old SA in
 * one direction and the new one in the other. */
bool child_stands_alone(const struct child_sa *c);

/* IKE of both ends was captured, and at a point that has c's packets: what is missing there is
 * missing indeed. */
bool child_both_sides_captured(const struct sadb *db, const struct child_sa *c);

/* Which addresses send to which, sorted; each pair once.  The caller frees it with g_array_free. */
GArray *all_ways(const struct sadb *db);
/* That direction of c's conversation may be in another SA of the same peers. */
bool other_way_elsewhere(const GArray *ways, const struct child_sa *c, bool to_responder);

/* Child SAs that carry one way alone, and those of them that share a conversation with one of
 * another peer. */
struct lone_ways;
struct shared_talk {
    const struct stream *there, *back;  /* back: NULL where it has no partner */
    uint32_t num_there, num_back;       /* packets */
    bool proved;                /* by the inner addresses and ports, else by the times */
};
struct lone_ways *lone_ways_find(const struct sadb *db);
void lone_ways_free(struct lone_ways *l);
/* The i-th of them, by Child SA; false where there are no more. */
bool lone_ways_get(const struct lone_ways *l, size_t i, struct shared_talk *out);
/* The stream of another peer's SA that brings what c's only stream is answered by; NULL. */
const struct stream *lone_ways_answer(const struct lone_ways *l, const struct child_sa *c);

/* --- words/errors.c: error notifies ------------------------------------------------------ */

/* What the notify says by its type and data, to end a sentence: ": it cannot read the message";
 * "" where there is no more to say. */
const char *error_say(uint8_t major, const struct ike_notify *n, char *out, size_t size);
/* What to do then; NULL where its type alone does not tell. */
const char *error_remedy(uint8_t major, uint16_t type);

/* --- words/silence.c: answers that never came ------------------------------------------- */

/* How many seconds without an answer are a silence.  RFC 7296 section 2.4 leaves times to the
 * sender; daemons send again after 1 to 4 seconds. */
#define AFTER_RETRANSMISSION_S 2.0
#define WITHOUT_RETRANSMISSION_S 10.0
#define SURELY_AGAIN_S 30.0     /* by then every daemon has sent an unanswered request again */

/* The last message of an exchange whose answer is due; NULL where none is. */
const struct exchange_message *waiting_message(const struct ike_sa *sa, const struct exchange *x);
/* The same, once its silence has lasted. */
const struct exchange_message *unanswered_message(const struct sadb *db, const struct ike_sa *sa,
                                                  const struct exchange *x);
/* Which check reports the silence: one alone. */
enum silence { SILENCE_NONE, SILENCE_PLAIN, SILENCE_4500, SILENCE_LARGE, SILENCE_DEAD_PEER };
enum silence silence_reason(const struct sadb *db, const struct ike_sa *sa,
                            const struct exchange *x);
/* The first notify in clear, INVALID_IKE_SPI, that is all of an answer to x; NULL. */
const struct denial *silence_denial(const struct ike_sa *sa, const struct exchange *x);
/* That side has sent something from that UDP port: PORT_IKE or PORT_NATT. */
bool endpoint_sent_from(const struct ike_sa *sa, bool from_initiator, uint16_t port);

static inline const struct exchange_message *
message_at(const struct exchange *x, guint i)
{
    return &x->messages.at[i];
}

/* The last message of x but back of them, of those that are its own; NULL where it has fewer. */
static inline const struct exchange_message *
last_message(const struct exchange *x, unsigned back)
{
    for (guint i = x->messages.len; i > 0; i--) {
        if (!x->messages.at[i - 1].injected && back-- == 0) {
            return &x->messages.at[i - 1];
        }
    }
    return NULL;
}

/* --- words/suite_words.c: proposals in words -------------------------------------------- */

/* "encryption and group", from a mask of types. */
const char *suite_types(unsigned mask, char *out, size_t size);
/* The transforms of one type, "DES_CBC or AES_CBC_256". */
const char *suite_values(const struct proposal *p, unsigned type, char *out, size_t size);
/* A transform within a sentence: as transform_print, but "no group (NONE)" where there is no
 * key exchange. */
const char *transform_say(const struct transform *t, char *out, size_t size);
/* Offers (of struct kept_proposal) joined, the first few of them. */
const char *suite_offers(const struct offer_list *offered, char *out, size_t size);
/* A suite of the plan, "AES_CBC_256/HMAC_SHA1_96"; of several the first.  Passes over words that
 * name no transform: plan_load has reported them.  Returns how many were read, max at most. */
size_t suite_parse(const char *text, struct transform *out, size_t max);

#endif
