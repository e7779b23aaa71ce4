/* reader.h - between the files that read logs and tie them.
 * SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef ESPIAL_LOG_READER_H
#define ESPIAL_LOG_READER_H

#include <espial/log.h>
#include <glib.h>

struct logs {
    GPtrArray *files;           /* of struct log_file */
    GPtrArray *lines;           /* of struct log_line */
    GStringChunk *texts;
    GHashTable *by_frame;       /* frame -> GArray of uint32_t */
    GHashTable *by_sa;          /* id of the IKE SA -> the same */
    bool looked;                /* some lines were not looked up by their places: too many */
    GArray *order;              /* of uint32_t */
    GHashTable *sides;          /* file and IKE SA -> which end wrote it, see tie.c */
};

/* --- stamp.c: what stands before the message ---------------------------------------- */

/* The beginning of a line, as syslog, the journal or the daemon writes it. */
struct stamp {
    bool timed, has_year;
    double time;                /* as in struct log_line; without a year: in LOG_NO_YEAR */
    char process[32];           /* of syslog and the journal; "" */
    const char *rest;           /* the message, in the line */
};
enum { LOG_NO_YEAR = 1972 };    /* it has a 29th of February */
void stamp_read(const char *line, struct stamp *out);
/* A time of LOG_NO_YEAR in another year. */
double stamp_in_year(double time, int year);
/* The year of a time. */
int stamp_year(double time);

/* --- phrases.c ---------------------------------------------------------------------- */

/* The first row whose text the line holds, and where; NULL. */
const struct log_phrase *phrase_find(const char *text, const char **at);

/* --- secrets.c ---------------------------------------------------------------------- */

/* The message may hold a key, a password or what one is made of.  phrase at at: what is known of
 * it, or NULL. */
bool secret_in(const char *text, const struct log_phrase *phrase, const char *at);

/* --- names.c ------------------------------------------------------------------------ */

/* Reads what the message names into line. */
void names_read(struct log_line *line, const char *text, enum log_daemon daemon);

/* --- json.c ------------------------------------------------------------------------- */

/* The value of a string, or of a list of octets, under key of one object in text; g_free it.  NULL
 * where there is none. */
char *json_member(const char *text, const char *key);

/* --- group.c: a daemon's own numbers of its SAs ------------------------------------- */

/* Which IKE SA of the capture is which number of a file. */
struct groups;
struct groups *groups_new(const struct logs *l, const struct sadb *db);
void groups_free(struct groups *g);
/* The IKE SA that the line, or its number, is of by an SPI; NO_ID where nothing is known.
 * *foreign: SPIs are named, and the capture has none of them. */
uint32_t groups_by_spi(const struct groups *g, const struct log_line *line, bool *foreign);
/* The line is of a message of that IKE SA. */
void groups_vote(struct groups *g, const struct log_line *line, uint32_t ike_sa);
/* By SPI, else where most messages are; NO_ID. */
uint32_t groups_best(const struct groups *g, const struct log_line *line, enum log_tie *how);
/* The Child SA of an SPI that the line names, of that IKE SA if it is not NO_ID; NULL. */
const struct child_sa *groups_child(const struct groups *g, const struct log_line *line,
                                    uint32_t ike_sa);
/* One number for the line's number, in all files and runs of the daemon; 0: it has none. */
guint64 group_key(const struct log_line *line);

#define EXACT 0.25              /* seconds between a packet and the line of a loaded daemon */

/* --- messages.c: messages of the capture that a line may tell of --------------------- */

/* One transmission. */
struct told_message {
    const struct ike_sa *sa;
    const struct exchange *x;
    const struct exchange_message *m;
    double time;
    uint32_t frame;
};
struct messages;
struct messages *messages_new(const struct sadb *db);
void messages_free(struct messages *m);
/* The line tells of a message that was sent or received. */
bool line_tells_message(const struct log_line *line);
/* How far a line of a message and the message may be apart, in seconds. */
double line_tolerance(const struct log_line *line);
/* Those that it may be, at most max, in order of frames. */
size_t messages_like(const struct messages *m, const struct groups *g, const struct log_line *line,
                     struct told_message *out, size_t max);
/* The last transmission of that IKE SA up to that time, else the first; NULL where it has none. */
const struct told_message *messages_at(const struct messages *m, const struct ike_sa *sa,
                                       double time);

/* --- clock.c ------------------------------------------------------------------------ */

enum { LIKE_MAX = 64 };         /* transmissions that one line is compared with */

/* Finds the clocks of a file, whose lines are from first to last. */
void clocks_find(struct logs *l, struct log_file *file, uint32_t first, uint32_t last,
                 const struct messages *m, const struct groups *g, const struct sadb *db);
/* Gives times without a year the year of the capture. */
void clocks_set_years(struct logs *l, const struct sadb *db);

#endif
