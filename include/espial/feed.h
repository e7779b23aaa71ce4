/* feed.h - one capture, frame by frame, through parsing, tracking and checks, to what a report is
 * made of.  Whoever reads the capture (Wireshark, a program) is the host: it gives frames in the
 * order of the capture, and tells what it alone knows of them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_FEED_H
#define ESPIAL_FEED_H

#include <espial/check.h>
#include <espial/frame.h>
#include <espial/keyring.h>
#include <espial/log.h>
#include <espial/report.h>

#include <stdbool.h>

/* What the analyst has told.  The feed owns what the pointers name; NULL: nothing. */
struct feed_options {
    struct sadb_options sadb;
    struct plan *plan;
    struct keylog *keylog;
    struct logs *logs;
    uint32_t seed;              /* of the hash tables */
    bool verify;                /* the ICV of every packet */
    const char *state_file;     /* what was known at the end of the files before this one: begins
                                 * with it, where it is of the same series */
    const char *name;           /* of this file, for those who begin with its state */
    void (*tell)(const char *message);      /* of a state that cannot be read or written; NULL */
};

#define FEED_GRACE 0.5          /* seconds in which packets of a deleted SA may still arrive */
enum { FEED_WINDOW = 64 };      /* packets: RFC 4303 section 3.4.3 */

/* Loads what is given; tell is called with what cannot be read of it, and owns nothing. */
typedef void (*feed_tell)(const char *message);
/* A file with keys, or a folder with Wireshark's tables; NULL or "": an empty log. */
struct keylog *feed_keylog(const char *path, feed_tell tell);
/* The paths of several logs in one text, separated as those of a search are; one whose name holds
 * the separator is one path.  The caller frees them (g_strfreev). */
char **feed_log_paths(const char *paths);
/* NULL where none is given. */
struct logs *feed_logs(char *const *paths, feed_tell tell);
void feed_plan(struct plan *plan, const char *path, feed_tell tell);    /* NULL or "": nothing */
/* Seconds in text, FEED_GRACE where they are none. */
double feed_grace(const char *text, feed_tell tell);

/* All that is known of one capture; others than the feed only read it. */
struct feed {
    struct sadb *db;
    struct findings *findings;
    struct diagnoses *diagnoses;        /* NULL until it has ended */
    struct plan *plan;
    struct keyring *keys;       /* NULL where no key is known */
    struct logs *logs;          /* NULL where none is given; tied once it has ended */
    struct tcp_encap *tcp;
    struct own_ports *own_ports;
    struct series *series;      /* the files before this one, and once it has ended this one; NULL
                                 * where none is known */
    uint32_t base;              /* frames of the files before: numbers go on behind it */
    struct feed_state *state;   /* the feed's own */
    uint32_t cut_frames;        /* of which the capture has not all octets */
    bool deep;                  /* a frame had more headers of IPsec than are followed */
    bool ended;
    bool verify;
};

struct feed *feed_new(const struct feed_options *o);
void feed_free(struct feed *f);         /* NULL is allowed */
/* All frames have been seen: adds, once, what only the end proves. */
void feed_end(struct feed *f);
/* What is known at the end will be written there: before the first frame. */
void feed_save_to(struct feed *f, const char *path);
/* Writes it, and says what went wrong.  False where nothing was written. */
bool feed_save(struct feed *f);
/* Ends it, and fills in what is known here; the versions and what the analyst wants on the page
 * are the host's to add. */
void feed_report(struct feed *f, struct report *out);

/* --- what a frame showed --------------------------------------------------------------------- */

enum record_kind { RECORD_IKE, RECORD_IPSEC, RECORD_PATH };

/* What one part of a frame was, as known when it was first seen, so that every pass shows
 * the same. */
struct record {
    enum record_kind kind;
    uint32_t ike_sa, child, stream;     /* ids, NO_ID */
    uint32_t exchange;                  /* index in its IKE SA, NO_ID */
    bool from_initiator, to_responder, answers, spi_r_known;
    uint32_t retransmission_of;
    const char *message;                /* what an IKE message says, as long as the feed lives;
                                         * NULL */
    enum ike_sa_state ike_state;
    enum nat nat;
    enum child_state child_state;
    uint32_t packet, lost, replayed;
    struct ip_addr inner_src, inner_dst;
    const uint8_t *clear;               /* what the host did not decrypt: the payload, or NULL */
    size_t clear_len;
    uint8_t next_header;
    struct record *next;
};

/* --- frames ---------------------------------------------------------------------------------- */

/* How many interfaces the capture has, where its first frame tells. */
enum feed_interfaces { FEED_ONE, FEED_PERHAPS_SEVERAL, FEED_SEVERAL };

struct feed_frame {
    uint32_t number;            /* in its file, from 1 */
    double time;                /* epoch seconds, by the clock that captured it */
    uint8_t point;              /* as in struct sighting */
    uint8_t interfaces_told;    /* enum feed_interfaces; told with its first frame */
    const char *interfaces;     /* names of the interfaces that its first frame shows, a line for
                                 * each; told with it, or NULL */
    enum frame_link link;
    struct octets octets;
    uint64_t sum;               /* of its ESP packet (ipsec_sum), of which only the first octets are
                                 * true: no key opens it; 0: all are */
};

/* What the host took a frame for, bits. */
enum feed_layer { FEED_IKE = 1, FEED_ESP = 2, FEED_AH = 4, FEED_UDPENCAP = 8 };

/* How long memory that the host gives lives. */
enum feed_life { FEED_FRAME, FEED_CAPTURE };

/* What is asked of the host while one frame is read; octets that it gives live as long. */
struct feed_host {
    void *context;
    /* Ports are no proof: a name server's answer may go to 4500.  What the host took the datagram
     * with that part for decides, or (NULL) what it found anywhere in the frame.  Layers that an
     * ICMP error quotes do not count. */
    unsigned (*layers)(void *context, const struct frame_part *part);
    /* The IP datagram that this fragment completes, from behind its IP header on: the n-th of the
     * frame. */
    bool (*joined)(void *context, const struct frame_part *fragment, unsigned n,
                   struct octets *out);
    /* The IKE message that this one, a fragment of Cisco's kind, completes. */
    bool (*joined_ike)(void *context, const struct frame_part *fragment, struct octets *out);
    /* What the host has decrypted of the frame's only ESP packet. */
    bool (*decrypted)(void *context, struct octets *out);
    /* size octets, zero. */
    void *(*alloc)(void *context, size_t size, enum feed_life life);
    /* The name of the interface that captured the frame, or NULL. */
    const char *(*point_name)(void *context);
    bool show_inner;            /* records hold the clear text of ESP */
};

/* Reads the IKE, ESP and AH of a frame.  The first pass changes what is known, and *kept are the
 * records of IKE and the path (FEED_CAPTURE); in later passes (visited) what was known is looked
 * up.  Returns the records of ESP and AH (FEED_FRAME) where detailed. */
struct record *feed_frame(struct feed *f, const struct feed_frame *frame,
                          const struct feed_host *host, bool visited, bool detailed,
                          struct record **kept);

#endif
