/* log.h - daemons' logs beside a capture: what their lines name, and what of the capture they are
 * tied to.  A log is the word of its owner: it explains, and changes nothing that packets prove.
 * No line that may hold a secret is kept.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_LOG_H
#define ESPIAL_LOG_H

#include <espial/limits.h>
#include <espial/sadb.h>

/* Whose lines they are, by their form. */
enum log_daemon { LOG_UNKNOWN, LOG_CHARON, LOG_PLUTO, LOG_IKED, LOG_RACOON, LOG_FIREBOX,
                  LOG_SAFENET };
const char *log_daemon_name(enum log_daemon d);         /* "charon (strongSwan)" .. */

/* What a phrase is of. */
enum log_about {
    LOG_ABOUT_PROPOSAL = 1,     /* cipher suites and key exchange groups */
    LOG_ABOUT_SELECTORS = 1 << 1,
    LOG_ABOUT_AUTH = 1 << 2,    /* the proof of an identity */
    LOG_ABOUT_IDENTITY = 1 << 3,        /* which identities and peers are configured */
    LOG_ABOUT_CERTIFICATE = 1 << 4,
    LOG_ABOUT_ADDRESS = 1 << 5, /* virtual addresses */
    LOG_ABOUT_MESSAGE = 1 << 6, /* messages that cannot be read, or do not come */
    LOG_ABOUT_PACKET = 1 << 7,  /* packets of ESP and AH */
    LOG_ABOUT_INNER = 1 << 8,   /* packets inside them: the first place is their source */
    LOG_ABOUT_STATE = 1 << 9    /* SAs set up, replaced, ended */
};

enum log_kind {
    LOG_REASON,                 /* the owner has decided, and this is why */
    LOG_DECISION,               /* the same, and other lines say more of why */
    LOG_REPORT,                 /* the owner repeats what the other end has said */
    LOG_RECEIVED, LOG_CONFIGURED,       /* what a decision compares: a list behind the phrase */
    LOG_RESENT,                 /* a request was sent again, or given up */
    LOG_IKE_UP, LOG_CHILD_UP,   /* an SA was set up */
    LOG_DOWN,                   /* an SA was ended */
    LOG_STARTED                 /* the daemon itself: what it knew before is gone */
};

/* One row of the table of known phrases. */
struct log_phrase {
    const char *text;           /* a part of the line */
    const char *also;           /* and another one behind it; NULL */
    enum log_kind kind;
    unsigned about;             /* enum log_about, bits */
    const char *means;          /* in words, a part of a sentence; NULL: the line says it itself */
    const char *remedy;         /* a sentence; NULL */
};

enum { LOG_NAMES_MAX = 4 };     /* SPIs and addresses of one line that are kept, of each kind */

struct log_place {
    struct ip_addr addr;
    uint16_t port;              /* 0: not told */
};

/* How a line was tied. */
enum log_tie {
    LOG_LOOSE,                  /* to nothing */
    LOG_BY_SPI,                 /* it, or the daemon's number of its SA, goes with an SPI or cookie
                                 * of the capture */
    LOG_BY_MESSAGE,             /* or with messages of the capture */
    LOG_BY_PEER                 /* by peer and time alone */
};

struct log_line {
    uint32_t id;                /* its index */
    uint32_t file;              /* index */
    uint32_t number;            /* in its file, from 1 */
    const char *text;           /* without its prefix, at most LOG_MAX_TEXT octets of it; control
                                 * characters are shown */
    double time;                /* epoch seconds by the log's own clock, as if its zone were UTC
                                 * unless it says which */
    bool timed, has_year;
    const struct log_phrase *phrase;        /* or NULL */
    uint64_t ike_spi[LOG_NAMES_MAX];        /* in network order as numbers, 0: none */
    uint32_t esp_spi[LOG_NAMES_MAX];        /* 0: none */
    struct log_place place[LOG_NAMES_MAX];  /* family 0: none; the first two of a packet's line are
                                             * source and destination */
    uint32_t group, parent;     /* the daemon's own numbers for its SA, and for that SA's IKE SA,
                                 * from 1; 0 */
    uint32_t run;               /* starts of the daemon before this line */
    uint32_t thread;            /* from 1; 0 */
    uint8_t exchange;           /* enum ike_exchange, 0: none is named */
    uint8_t major;              /* of exchange: 1 or 2 */
    bool has_mid, is_response, knows_response;
    bool sent, received;        /* a message */
    bool again;                 /* it is sent again */
    uint32_t mid, length;       /* of the message; octets, 0 */
    /* tied */
    enum log_tie tie;
    uint32_t ike_sa, child_sa;  /* ids, NO_ID */
    uint32_t frame;             /* its place in the capture: of the message that it is of, or the
                                 * nearest one before; 0 */
    bool is_message;            /* frame is that message */
    double at;                  /* time by the capture's clock, where its clock is known; else 0 */
};

/* Lines of one file whose clock was the same distance from the capture's. */
struct log_clock {
    uint32_t first, last;       /* ids of the first and last line */
    double offset;              /* seconds to add to get the capture's time */
    uint32_t matched;           /* messages of which both tell */
};

struct log_file {
    const char *name;           /* without its folders; hidden characters are shown */
    enum log_daemon daemon;
    uint32_t lines, kept;       /* read; of which the text was kept */
    uint32_t secret;            /* left out because they may hold one */
    uint32_t unreadable, first_unreadable;      /* too long or no text; the first one's number, 0 */
    bool capped;                /* LOG_MAX_LINES was reached */
    uint32_t tied;
    GArray *clocks;             /* of struct log_clock, in order of lines; empty: nothing fits */
    struct ip_addr owner;       /* of the daemon, by its own lines; family 0 */
    const char *doubt;          /* why nothing was tied, or NULL */
};

struct logs;
struct logs *logs_new(void);
void logs_free(struct logs *l);         /* NULL is allowed */
/* Reads one file, gzipped or not: charon, pluto, iked, racoon, Firebox and SafeNet, with their own
 * time, of syslog, or of the journal (-o short*, export, json).  What could not be read is told in
 * *messages (g_free it; NULL where all was well). */
void logs_load(struct logs *l, const char *path, char **messages);
/* The same for text in memory. */
void logs_read(struct logs *l, const char *name, const char *text, size_t len, char **messages);
/* Once the capture has ended: finds clocks, and ties lines.  A second call does it again. */
void logs_tie(struct logs *l, const struct sadb *db);

size_t logs_num_files(const struct logs *l);
const struct log_file *logs_file(const struct logs *l, size_t i);
size_t logs_num_lines(const struct logs *l);
const struct log_line *logs_line(const struct logs *l, size_t i);       /* i is the id */
/* Ids (uint32_t) of the lines whose place is that frame, in order of time; NULL where none. */
const GArray *logs_of_frame(const struct logs *l, uint32_t frame);
/* The same for the lines that are tied to an IKE SA, by its id. */
const GArray *logs_of_sa(const struct logs *l, uint32_t ike_sa);
/* There were too many lines and SAs to look for those that name peers alone. */
bool logs_capped(const struct logs *l);
/* Ids (uint32_t) of all tied lines in order of the capture's time. */
const GArray *logs_in_order(const struct logs *l);
/* "initiator" or "responder": which end of sa wrote it; NULL where that is not known. */
const char *logs_side(const struct logs *l, const struct log_line *line, const struct ike_sa *sa);
/* The clock of a line; NULL where it is not known. */
const struct log_clock *logs_clock(const struct logs *l, const struct log_line *line);
/* "charon.log line 42, 12:03:07" into out, which holds size octets; returns out. */
char *log_line_print(const struct logs *l, const struct log_line *line, char *out, size_t size);
/* "2 h ahead of the capture's (UTC+02:00)" into out; returns out. */
char *log_clock_print(double offset, char *out, size_t size);

#endif
