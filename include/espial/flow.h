/* flow.h - how the two directions of a Child SA answer each other: what was answered, how soon, of
 * which length, and what nothing came back after.
 *
 * Of constant size for each Child SA.  A packet that nobody could read may ask or not; one that was
 * read asks where it is an echo request or holds octets of a TCP connection, is admitted by the
 * selectors, and goes to somebody who was heard before.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FLOW_H
#define ESPIAL_FLOW_H

#include <stdbool.h>
#include <stdint.h>

enum flow_sizes {
    FLOW_BEATS = 12, FLOW_LENGTHS = 4, FLOW_HEARD = 8, FLOW_TALKS = 4, FLOW_QUESTIONS = 6,
    FLOW_ACKS = 4,
    FLOW_FULL_SEGMENT = 1360    /* octets of ESP: so long are the segments of TCP that has much to
                                 * send; shorter ones that are sent again and again may be requests
                                 * to a host that does not answer */
};

/* What comes later than that, seconds, answers nothing. */
#define FLOW_ANSWER_S 2.0

/* Packets of one length, the greatest so far, each sent after about twice the pause of the one
 * before: nobody acknowledges them. */
struct flow_ladder {
    double last_time;
    float pause;                /* before the last one, seconds */
    uint32_t length;            /* from the SPI to the ICV, as all lengths here */
    uint32_t first_frame, last_frame;
    uint32_t sent, steps;       /* packets; pauses that were twice the one before, in a row */
    uint32_t back;              /* packets of the other direction since the first */
};

struct flow_way {
    double first_question, last_question;   /* times of those that were answered */
    float slowest;              /* seconds until the latest answer */
    float pace;                 /* the fewest seconds between two of them, 0 before the second */
    uint32_t packets;
    uint32_t questions;         /* packets, or rows of them, that something soon came back after */
    uint32_t most;              /* packets in a row that something came back after */
    uint32_t lengths[FLOW_LENGTHS];     /* of the last rows of one length that were answered */
    uint32_t longest;           /* of those */
    struct flow_ladder ladder;
};

/* The packets of one direction since the other one was last seen. */
struct flow_run {
    double first_time, last_time;
    float pause;                /* before the last one */
    uint32_t packets, read;     /* read: of those, whose contents ask */
    uint32_t waited;            /* of those, that waited long for an answer before the next one */
    uint32_t length, alike;     /* of the last one, and how many in a row have it */
    uint32_t grown;             /* pauses in a row that were about twice the one before */
    uint32_t acked;             /* packets since the first that acknowledge more and more */
    uint32_t shortest;
    uint32_t first_frame, last_frame;
    bool to_responder;
};

/* A packet that was read and waits for its answer. */
struct flow_question {
    double last_time;
    uint32_t id;                /* hash of the conversation, direction included */
    uint32_t seq, end;          /* as in struct inner_talk; end: TCP, the first octet behind it */
    uint32_t length;
    uint32_t first_frame, last_frame;   /* first_frame 0: none */
    uint32_t sent;
    uint32_t back;              /* packets of the same conversation that came back meanwhile */
    bool tcp;
};

/* Questions of one direction that were answered, or never. */
struct flow_fate {
    uint32_t number, sent;      /* sent: packets, those sent again counted */
    uint32_t shortest, longest;
    uint32_t first_frame, last_frame;
};

/* How far a sender acknowledges one TCP connection. */
struct flow_ack {
    uint32_t talk, ack;         /* talk: hash, 0: none */
};

struct flow_reading {
    struct {
        uint32_t heard[FLOW_HEARD], num_heard;  /* hashes of who has sent something that way */
        uint32_t talks[FLOW_TALKS], num_talks;  /* hashes of conversations, the same both ways */
        struct flow_question open[FLOW_QUESTIONS];
        struct flow_fate answered, lost;
        uint32_t replies;       /* packets that answer others: echo replies, TCP's SYN with ACK */
        struct flow_ack acks[FLOW_ACKS];        /* by talk */
        uint32_t acked;         /* packets that acknowledge more than those before: octets came */
    } way[2];                   /* by to_responder */
};

struct flow {
    double begun;
    float beats[FLOW_BEATS];    /* when the first packets came, seconds after begun, while there is
                                 * but one direction */
    uint32_t num_beats;
    struct flow_way way[2];     /* by to_responder */
    struct flow_run run;
    struct flow_reading *reading;       /* of packets that were read, or NULL */
};

/* How many seconds without an answer are long in that direction. */
double flow_patience(const struct flow_way *w);
/* It is not answered: an echo that has waited for patience seconds, or a TCP segment that was sent
 * four times, a full one or one while other packets of its connection came back.  One that was sent
 * once may have been acknowledged out of order, or another one stands for it. */
bool flow_question_is_lost(const struct flow_question *q, double patience, double now);

#endif
